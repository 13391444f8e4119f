package versionalias

import (
	"cmp"
	"strings"
	"testing"

	"github.com/coredns/coredns/plugin/pkg/dnstest"
	"github.com/miekg/dns"
)

// A resolver that was led to the zone wants no recursion. It gets what a static record
// would give it, wherever the target is, also if whoever has it refuses such questions, as
// resolvers do. A refusal of those that want it is told as ever.
func TestClientsThatWantNoRecursion(t *testing.T) {
	upstream := dnstest.NewServer(func(w dns.ResponseWriter, r *dns.Msg) {
		m := new(dns.Msg).SetReply(r)
		switch q := r.Question[0]; {
		case q.Qtype == dns.TypeSOA && strings.HasSuffix(q.Name, ".far.internal.") && !r.RecursionDesired:
			m.Authoritative = true
			m.Ns = records([]string{"far.internal. 60 IN SOA a. b. 1 2 3 4 5"})
		case !r.RecursionDesired || strings.HasPrefix(q.Name, "private."):
			m.Rcode = dns.RcodeRefused
		case q.Qtype == dns.TypeA:
			m.Answer = records([]string{q.Name + " 60 IN A 192.0.2.7"})
		}
		_ = w.WriteMsg(m)
	})
	defer upstream.Close()
	const (
		web  = "NOERROR aa\nweb.corp.internal. 5 CNAME web.example.org."
		flat = "NOERROR aa\nweb.corp.internal. 5 A 192.0.2.7"
		ns   = "\nauthority: corp.internal. 60 NS ns.corp.internal."
		soa  = "NOERROR aa\nauthority: corp.internal. 5 SOA ns.corp.internal. hostmaster.corp.internal. 1 3600 600 86400 300"
	)
	for _, tt := range []struct {
		mode      string
		exchanges []exchange
	}{{"cname", []exchange{
		{q: "web.corp.internal. A", want: web + "\nweb.example.org. 60 A 192.0.2.7"},
		{q: "web.corp.internal. A norec", want: web},
		{q: "web.corp.internal. CNAME norec", want: web},
		{q: "static.corp.internal. A norec", want: strings.Replace(web, "web.corp.internal. 5", "static.corp.internal. 60", 1) + ns},
	}}, {"flatten", []exchange{
		{q: "web.corp.internal. A", want: flat},
		{q: "web.corp.internal. A norec", want: flat},
		{q: "via.corp.internal. A norec", want: strings.Replace(flat, "web.", "via.", 1) + ns},
		{q: "web.corp.internal. AAAA norec", want: soa},
		{q: "web.corp.internal. CNAME norec", want: soa},
	}}} {
		for name, corefile := range map[string]string{
			"in this block": `
				.:0 {
					bind 127.0.0.1
					root DIR
					versionalias corp.internal {
						directory aliases
						answer MODE
					}
					file corp.zone corp.internal
					forward . UPSTREAM
				}`,
			"in another block": `
				corp.internal:0 {
					bind 127.0.0.1
					root DIR
					versionalias {
						directory aliases
						answer MODE
					}
					file corp.zone
				}
				example.org:0 {
					bind 127.0.0.1
					forward . UPSTREAM
				}`,
		} {
			t.Run(tt.mode+" "+name, func(t *testing.T) {
				s := startServer(t, strings.NewReplacer("MODE", tt.mode, "UPSTREAM", upstream.Addr).Replace(corefile), files{
					"corp.zone":       corpZone + "static CNAME web.example.org.\n",
					"aliases/web":     "web.example.org",
					"aliases/via":     "static.corp.internal",
					"aliases/private": "private.example.org",
				})
				for _, x := range tt.exchanges {
					if got := show(x.ask(t, s)); got != x.want {
						t.Errorf("%s got\n%s\nwant\n%s", x.q, got, x.want)
					}
				}
				for _, q := range []string{"private.corp.internal. A", "private.corp.internal. A norec"} {
					got := (exchange{q: q}).ask(t, s)
					if want := strings.Contains(q, "norec"); got.RecursionDesired == want {
						t.Errorf("%s got RD %v, want that of the question", q, got.RecursionDesired)
					}
					want := map[string]string{
						"cname":                    "NOERROR aa\nprivate.corp.internal. 5 CNAME private.example.org.",
						"flatten in this block":    "REFUSED",
						"flatten in another block": "SERVFAIL",
					}
					if got := show(got); got != cmp.Or(want[tt.mode+" "+name], want[tt.mode]) {
						t.Errorf("%s got\n%s", q, got)
					}
				}
			})
		}
	}
	s := startServer(t, strings.NewReplacer("UPSTREAM", upstream.Addr).Replace(`
		far.internal:0 {
			bind 127.0.0.1
			root DIR
			versionalias {
				directory aliases
				answer flatten
			}
			forward . UPSTREAM
		}`), files{"aliases/web": "web-v1.far.internal"})
	for _, q := range []string{"web.far.internal. AAAA", "web.far.internal. AAAA norec"} {
		if got, want := show(exchange{q: q}.ask(t, s)), "NOERROR aa\nauthority: far.internal. 5 SOA a. b. 1 2 3 4 5"; got != want {
			t.Errorf("the zone is forwarded as well: %s got\n%s\nwant\n%s", q, got, want)
		}
	}
}

// A cache below keeps one answer for who wants recursion and who does not. That an apex with an
// alias has no address must not put one there that resolvers give only to the latter, and no more must
// that a name has none which has a CNAME there.
func TestSOAOfAnApexAboveACache(t *testing.T) {
	const soa = "corp.internal. 60 IN SOA a. b. 1 2 3 4 5"
	for name, refuse := range map[string]func(m *dns.Msg){
		"a referral": func(m *dns.Msg) { m.Ns = records([]string{". 86400 IN NS a.root-servers.net."}) },
		"a failure":  func(m *dns.Msg) { m.Rcode = dns.RcodeServerFailure },
		"nothing":    func(*dns.Msg) {},
	} {
		t.Run(name, func(t *testing.T) {
			upstream := dnstest.NewServer(func(w dns.ResponseWriter, r *dns.Msg) {
				m := new(dns.Msg).SetReply(r)
				m.RecursionAvailable = true
				switch {
				case r.Question[0].Name == "web.sub.corp.internal.":
					m.Answer = records([]string{"web.sub.corp.internal. 60 IN CNAME web.elsewhere.test."})
				case !r.RecursionDesired:
					refuse(m)
				case r.Question[0].Name == "sub.corp.internal.":
					m.Ns = records([]string{soa})
				case r.Question[0].Qtype == dns.TypeSOA:
					m.Answer = records([]string{soa})
				default:
					m.Ns = records([]string{"example.org. 60 IN SOA a. b. 1 2 3 4 5"})
				}
				_ = w.WriteMsg(m)
			})
			defer upstream.Close()
			s := startServer(t, strings.ReplaceAll(`
				.:0 {
					bind 127.0.0.1
					root DIR
					versionalias corp.internal {
						directory aliases
						answer flatten
					}
					cache
					forward . UPSTREAM
				}`, "UPSTREAM", upstream.Addr), files{"aliases/corp.internal": "web-v1.example.org", "aliases/web.sub": "web-v1.example.org"})
			for _, x := range []exchange{
				{q: "web.sub.corp.internal. AAAA", want: "NOERROR aa ra\nauthority: corp.internal. 5 SOA a. b. 1 2 3 4 5"},
				{q: "sub.corp.internal. SOA", want: "NOERROR ra\nauthority: corp.internal. 60 SOA a. b. 1 2 3 4 5"},
				{q: "corp.internal. AAAA", want: "NOERROR aa ra\nauthority: corp.internal. 5 SOA a. b. 1 2 3 4 5"},
				{q: "corp.internal. SOA", want: "NOERROR ra\ncorp.internal. 60 SOA a. b. 1 2 3 4 5"},
			} {
				if got := show(x.ask(t, s)); got != x.want {
					t.Errorf("%s got\n%s\nwant\n%s", x.q, got, x.want)
				}
			}
		})
	}
}
