package terraform_test

import (
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/octoenergy/versionalias/internal/emulator"
)

// standIn takes the place of the cache, since the emulator never finishes deleting
// one. It takes the same inputs, and has the output that the example uses. What it makes
// is the record of the versioned name: a file, which is there as long as the version is.
const standIn = `
locals { dns_name = "${var.name}-${var.release}.${var.zone}" }
resource "terraform_data" "record" {
  input = local.dns_name
  provisioner "local-exec" {
    command = "echo 192.0.2.1 > \"$RECORDS/${self.input}\""
  }
  provisioner "local-exec" {
    when    = destroy
    command = "rm \"$RECORDS/${self.input}\""
  }
}
output "dns_name" { value = terraform_data.record.input }
`

// withStandIn is files and those that put the stand-in in the place of the module cache.
func withStandIn(t testing.TB, text string, files map[string]string) map[string]string {
	t.Helper()
	inputs, err := os.ReadFile("modules/versioned-cache/variables.tf")
	if err != nil {
		t.Fatal(err)
	}
	with := map[string]string{}
	maps.Copy(with, files)
	maps.Copy(with, map[string]string{
		"stand-in/main.tf":      text,
		"stand-in/variables.tf": string(inputs),
		"cache_override.tf":     `module "cache" { source = "./stand-in" }`,
	})
	return with
}

// files looks records up in the directory of the stand-in.
func files(records string) func(name string) (address string) {
	return func(name string) string {
		address, _ := os.ReadFile(filepath.Join(records, name)) // a name that there is not
		return strings.TrimSpace(string(address))
	}
}

// serve answers with the addresses that lookup knows, until the test ends.
func serve(t testing.TB, lookup func(name string) (address string)) (addr string) {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{PacketConn: conn, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, r *dns.Msg) {
		m := new(dns.Msg).SetReply(r)
		name := r.Question[0].Name
		address := lookup(strings.TrimSuffix(name, "."))
		switch {
		case address == "":
			m.Rcode = dns.RcodeNameError
		case r.Question[0].Qtype == dns.TypeA:
			m.Answer = []dns.RR{&dns.A{
				Hdr: dns.RR_Header{Name: name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 60},
				A:   net.ParseIP(address),
			}}
		}
		_ = w.WriteMsg(m) // the client asks again, or says so
	})}
	done := make(chan error)
	go func() { done <- server.ActivateAndServe() }()
	t.Cleanup(func() {
		_ = server.Shutdown() // it may never have started
		conn.Close()
		<-done
	})
	return conn.LocalAddr().String()
}

// corefile serves aliases in front of the server that has the versions.
const corefile = `corp.internal:{$PORT} {
	bind 127.0.0.1
	versionalias {
		ssm /dns/aliases
		refresh 1s
	}
	forward . {$VERSIONS}
}`

// step is one apply of the example: the variables that differ, what the plan may change,
// and where clients are led to then.
type step struct {
	name      string
	variables []string
	plan      []string
	reached   []string
}

const (
	alone = `releases={v1="7.0"}`
	both  = `releases={v1="7.0",v2="7.1"}`
	after = `releases={v2="7.1"}`
)

var (
	v1 = []string{"cache-v1.corp.internal."}
	v2 = []string{"cache-v2.corp.internal."}
	// flipped is what a plan may change that is about the alias.
	flipped = []string{"update module.alias.aws_ssm_parameter.this"}
)

// given are the variables that are the same in each step.
var given = []string{"zone_id=Z0123456789ABCDEFGHIJ", "subnet_group_name=private", `security_group_ids=["sg-0123456789abcdef0"]`}

func (s *stack) step(step step, clients ...*client) {
	s.t.Helper()
	if got := s.plan(append(step.variables, given...)...); !slices.Equal(got, step.plan) {
		s.t.Fatalf("%s would %q, want %q", step.name, got, step.plan)
	}
	s.applyPlan()
	for _, c := range clients {
		c.settles(step.reached...)
	}
}

// refused is a plan that has to fail with all of the texts.
func (s *stack) refused(variables []string, texts ...string) {
	s.t.Helper()
	s.fails(append([]string{"plan"}, vars(variables)...), texts...)
}

// fails is a command that has to fail with all of the texts.
func (s *stack) fails(args []string, texts ...string) {
	s.t.Helper()
	out, err := s.terraform(args...)
	if err == nil {
		s.t.Fatalf("terraform %q succeeded, want it to fail", args)
	}
	for _, text := range texts {
		if !strings.Contains(strings.Join(strings.Fields(out), " "), text) {
			s.t.Fatalf("terraform %q says\n%s\nwant it to say %q", args, out, text)
		}
	}
}

// A cache is upgraded side by side with a client that asks all the time.
func TestSideBySide(t *testing.T) {
	t.Parallel()
	env := emulator.Start(t).Env()
	records := t.TempDir()
	s := newStackWith(t, "examples/side-by-side", withStandIn(t, standIn, nil), append(env, "RECORDS="+records))
	s.step(step{"v1 alone", []string{alone, "to=v1"}, []string{
		"create module.alias.aws_ssm_parameter.this", `create module.cache["v1"].terraform_data.record`}, nil})

	server := startCoreDNS(t, corefile, append(env, "VERSIONS="+serve(t, files(records))))
	server.Eventually("cache.corp.internal", dns.TypeA, "cache-v1.corp.internal. 192.0.2.1")
	c := ask(t, server.Addr, "cache.corp.internal.", 40*time.Millisecond)
	c.settles(v1...)

	s.step(step{"v2 beside it", []string{both, "to=v1"}, []string{`create module.cache["v2"].terraform_data.record`}, v1}, c)
	s.step(step{"a canary", []string{both, "from=v1", "to=v2", "percent=50"}, flipped, slices.Concat(v1, v2)}, c)
	s.step(step{"and back", []string{both, "to=v1"}, flipped, v1}, c)
	s.refused(append([]string{after, "to=v1"}, given...), `parse to: found "v1", want one of the releases v2: the alias leads to it until it is flipped`)
	s.step(step{"the flip", []string{both, "to=v2"}, flipped, v2}, c)
	s.step(step{"v1 removed", []string{after, "to=v2"}, []string{`delete module.cache["v1"].terraform_data.record`}, v2}, c)
	if left, err := os.ReadDir(records); err != nil || len(left) != 1 {
		t.Errorf("found the records %v, error %v, want that of v2 alone", left, err)
	}
}
