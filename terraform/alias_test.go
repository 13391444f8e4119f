package terraform_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/octoenergy/versionalias/internal/emulator"
	"github.com/octoenergy/versionalias/internal/process"
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
	aws := emulator.Start(t)
	env := aws.Env()
	s := newStackOf(t, map[string]string{"main.tf": aliases}, env)
	const v1, v2 = "to=cache-v1.corp.internal", "to=cache-v2.corp.internal"
	s.apply(v1)
	server := process.StartCoreDNS(t, versions, env)
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

	put(t, aws, "/dns/aliases/cache", "cache-v1.corp.internal")
	if got, want := s.plan(v2), want[:1]; !slices.Equal(got, want) {
		t.Errorf("the plan after a flip by hand would %v, want %v", got, want)
	}
}

// put writes a parameter that there is already, as somebody else would.
func put(t testing.TB, aws *emulator.Emulator, name, value string) {
	t.Helper()
	r := request(aws, "ssm", "", fmt.Sprintf(`{"Name": %q, "Value": %q, "Type": "String", "Overwrite": true}`, name, value))
	r.Header.Set("X-Amz-Target", "AmazonSSM.PutParameter")
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("put %s: status %d, want %d", name, resp.StatusCode, http.StatusOK)
	}
}

// request is one to a service of the emulator: a POST if there is a body, else a GET.
func request(aws *emulator.Emulator, service, path, body string) *http.Request {
	method := http.MethodGet
	if body != "" {
		method = http.MethodPost
	}
	r, err := http.NewRequest(method, aws.URL+path, strings.NewReader(body))
	if err != nil {
		panic(err) // the URL is the emulator's own
	}
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=x/20261123/"+emulator.Region+"/"+service+"/aws4_request")
	return r
}
