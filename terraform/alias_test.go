package terraform_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/miekg/dns"

	"github.com/octoenergy/versionalias/internal/emulator"
)

// aliases is one alias, and a bundle of two.
const aliases = `
variable "to" { type = string }
module "cache" {
  source = "./modules/alias"
  path   = "/dns/aliases"
  name   = "cache"
  to     = var.to
}
module "shop" {
  source  = "./modules/alias-bundle"
  path    = "/dns/aliases"
  name    = "shop"
  aliases = { carts = var.to, sessions = { to = var.to, ttl = 1, subtree = "keep" } }
  zone    = "corp.internal"
}
output "cache" { value = module.cache.document }
`

// versions serves every version there may be.
const versions = `corp.internal:{$PORT} {
	bind 127.0.0.1
	versionalias {
		ssm /dns/aliases
		refresh 1s
	}
	template IN A {
		match -v(?P<v>\d)\.corp\.internal\.$
		answer "{{ .Name }} 60 IN A 192.0.2.{{ .Group.v }}"
	}
}`

// What Terraform writes is answered, a flip is one update for each parameter, and a
// reviewer sees it in the plan.
func TestAlias(t *testing.T) {
	t.Parallel()
	e := emulator.Start(t)
	env := e.Env()
	s := newStackOf(t, map[string]string{"main.tf": aliases}, env)
	const v1, v2 = "to=cache-v1.corp.internal", "to=cache-v2.corp.internal"
	s.apply(v1)
	server := startCoreDNS(t, versions, env)
	for _, name := range []string{"cache", "carts", "sessions"} {
		server.Eventually(name+".corp.internal", dns.TypeA, "cache-v1.corp.internal. 192.0.2.1")
	}
	server.Eventually("a.sessions.corp.internal", dns.TypeA, "a.cache-v1.corp.internal. 192.0.2.1")

	if got := s.plan(v1); len(got) != 0 {
		t.Errorf("the next plan would %v, want nothing", got)
	}
	want := []string{"update module.cache.aws_ssm_parameter.this", "update module.shop.aws_ssm_parameter.this"}
	if got := s.plan(v2); !slices.Equal(got, want) {
		t.Errorf("the plan of a flip would %v, want %v", got, want)
	}
	plan := s.run("show", planFile)
	for _, of := range []string{"cache", "insecure_value"} {
		line := regexp.MustCompile(`(?m)^ *~ ` + of + ` += "cache-v1\.corp\.internal" -> "cache-v2\.corp\.internal"$`)
		if !line.MatchString(plan) {
			t.Errorf("the plan says:\n%s\nwant a line %s", plan, line)
		}
	}
	s.applyPlan()
	for _, name := range []string{"cache", "carts", "sessions"} {
		server.Eventually(name+".corp.internal", dns.TypeA, "cache-v2.corp.internal. 192.0.2.2")
	}

	s.refused([]string{"to=cache v2"}, `parse to of cache: found "cache v2", want an absolute name of at least two labels`,
		`parse to of carts: found "cache v2", want`, `parse to of sessions: found "cache v2", want`)

	accountIn(t, e).put("/dns/aliases/cache", "cache-v1.corp.internal")
	if got, want := s.plan(v2), want[:1]; !slices.Equal(got, want) {
		t.Errorf("the plan after a flip by hand would %v, want %v", got, want)
	}
}

// A flip by hand is what the next apply takes back, and no fault of the parameter's.
func TestByHand(t *testing.T) {
	t.Parallel()
	e := emulator.Start(t)
	s := newStackOf(t, map[string]string{"main.tf": aliases}, e.Env())
	const v1, v2 = "to=cache-v1.corp.internal", "to=cache-v2.corp.internal"
	s.apply(v1)
	accountIn(t, e).put("/dns/aliases/cache", "cache-v2.corp.internal")
	accountIn(t, e).put("/dns/aliases/shop", `{"aliases":{"carts":"cache-v2.corp.internal"}}`)
	for _, command := range [][]string{{"plan"}, {"apply", "-auto-approve"}} {
		out := s.run(append(command, "-refresh-only", "-var="+v1)...)
		if !strings.Contains(out, `"cache-v1.corp.internal" -> "cache-v2.corp.internal"`) || strings.Contains(out, "Warning") {
			t.Errorf("after a flip by hand %s -refresh-only says\n%s\nwant it to show the flip, and no warning", command[0], out)
		}
	}
	want := []string{"update module.cache.aws_ssm_parameter.this", "update module.shop.aws_ssm_parameter.this"}
	if got := s.plan(v1); !slices.Equal(got, want) {
		t.Errorf("the plan after flips by hand would %v, want %v", got, want)
	}
	if got := s.plan(v2); !slices.Equal(got, want[1:]) {
		t.Errorf("the plan that keeps one of them would %v, want %v", got, want[1:])
	}
}

// What is written is, although Parameter Store may answer with what was there before.
func TestStaleRead(t *testing.T) {
	t.Parallel()
	e := emulator.Start(t)
	to, err := url.Parse(e.URL)
	if err != nil {
		t.Fatal(err)
	}
	var stale atomic.Bool
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.ModifyResponse = func(r *http.Response) error {
		if !stale.Load() || !strings.HasSuffix(r.Request.Header.Get("X-Amz-Target"), ".GetParameter") {
			return nil
		}
		body, err := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(bytes.ReplaceAll(body, []byte("cache-v2"), []byte("cache-v1"))))
		return err
	}
	server := httptest.NewServer(proxy)
	defer server.Close()
	s := newStackOf(t, map[string]string{"main.tf": aliases}, append(e.Env(), "AWS_ENDPOINT_URL="+server.URL))
	const v1, v2 = "to=cache-v1.corp.internal", "to=cache-v2.corp.internal"
	s.apply(v1)
	stale.Store(true)
	s.apply(v2)
	if got := len(s.plan(v2)); got != 2 {
		t.Errorf("the plan of stale reads has %d changes, want both parameters'", got)
	}
	stale.Store(false)
	if got := s.plan(v2); len(got) != 0 {
		t.Errorf("the plan after stale reads would %v, want nothing", got)
	}
}

// An apply tells that the value of a parameter that was imported is not written, until
// one has made it anew.
func TestImport(t *testing.T) {
	t.Parallel()
	e := emulator.Start(t)
	s := newStackOf(t, map[string]string{"main.tf": aliases}, e.Env())
	const v1, v2 = "to=cache-v1.corp.internal", "to=cache-v2.corp.internal"
	replace, refused := []string{"apply", "-auto-approve", "-var=" + v1}, []string{}
	for _, module := range []string{"cache", "shop"} {
		address, parameter := "module."+module+".aws_ssm_parameter.this", "/dns/aliases/"+module
		accountIn(t, e).put(parameter, "cache-v1.corp.internal")
		s.run("import", "-var="+v1, address, parameter)
		replace = append(replace, "-replace="+address)
		refused = append(refused, "write "+parameter+": found a parameter that was imported or moved here, whose value the provider does not write, want ")
	}
	s.fails([]string{"apply", "-auto-approve", "-var=" + v2}, refused...)

	s.run(replace...)
	s.apply(v2)
	if got := s.plan(v2); len(got) != 0 {
		t.Errorf("the plan after a flip would %v, want nothing", got)
	}
}
