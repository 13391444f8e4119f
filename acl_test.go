package versionalias

import (
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/octoenergy/versionalias/internal/program"
)

// An alias must not be a way around an access rule, nor tell a target's name to
// who may not ask for it: 9 of DNS correctness, and the mistake of
// CVE-2026-26017. Each rule is for the clients at 127.0.0.2 alone. CoreDNS's acl
// says what it did in an OPT, which a client that sent none must not get, and
// which the alias above another alias must see all the same.
func TestAccessRules(t *testing.T) {
	for _, tt := range []struct {
		zone   string // that the rule is for
		closed string // the names that the clients get no answer for; all others are as for anybody
	}{
		{"cache-v1.corp.internal", "cache.corp.internal. two.corp.internal. three.corp.internal. round.corp.internal."},
		{"cache.corp.internal", "cache.corp.internal. two.corp.internal. three.corp.internal. round.corp.internal."},
		{"two.corp.internal", "two.corp.internal. three.corp.internal."},
		{"cache-v2.corp.internal", ""},
		{"secret.other.internal", "over.corp.internal."},
		{"public.other.internal", "over.corp.internal."},
		{"back.other.internal", "round.corp.internal."},
	} {
		for action, verdict := range map[string][2]string{ // to a query without an OPT, and to one with
			"block":  {"REFUSED", "REFUSED\nOPT do ede=15"},
			"filter": {"NOERROR", "NOERROR\nOPT do ede=17"},
		} {
			for _, mode := range []string{"cname", "flatten"} {
				t.Run(tt.zone+" "+action+" "+mode, func(t *testing.T) {
					s := startACL(t, tt.zone, action, mode)
					for _, name := range aclNames {
						for _, qtype := range []uint16{dns.TypeA, dns.TypeAAAA, dns.TypeCNAME, dns.TypeANY, dns.TypeTXT} {
							for edns, want := range verdict {
								q := question(name, qtype)
								if edns > 0 {
									withEDNS(q, true) // acl answers with DO in any case
								}
								anybody, got := show(s.reply(client{}, q)), show(s.reply(client{from: "127.0.0.2"}, q))
								seen := "NOERROR aa"
								switch {
								case mode == "cname":
									seen = "CNAME "
								case qtype == dns.TypeA:
									seen = " A 192.0.2."
								case name == "over.corp.internal.":
									seen = "NOERROR" // hosts has no SOA
								}
								if !strings.Contains(anybody, seen) || strings.Contains(anybody, "ede=") {
									t.Errorf("%s %s: anybody got\n%s\nwant the alias", name, dns.TypeToString[qtype], anybody)
								}
								switch {
								case !slices.Contains(strings.Fields(tt.closed), name):
									want = anybody
								case name == tt.zone+".": // acl answers by itself, and always with an OPT
									want = verdict[1]
								}
								if got != want {
									t.Errorf("%s %s: who may not ask got\n%s\nwant\n%s", name, dns.TypeToString[qtype], got, want)
								}
							}
						}
					}
				})
			}
		}
	}
}

// aclNames are aliases of up to three steps, in one block, into another one, and
// there and back.
var aclNames = []string{"cache.corp.internal.", "two.corp.internal.", "three.corp.internal.", "over.corp.internal.", "round.corp.internal."}

func startACL(t *testing.T, zone, action, mode string) *server {
	t.Helper()
	return startServer(t, strings.NewReplacer("ZONE", zone, "ACTION", action, "MODE", mode).Replace(`
		corp.internal:0 {
			bind 127.0.0.1
			root DIR
			acl ZONE {
				ACTION net 127.0.0.2/32
			}
			versionalias {
				directory corp
				answer MODE
			}
			file corp.zone
		}
		other.internal:0 {
			bind 127.0.0.1
			root DIR
			acl ZONE {
				ACTION net 127.0.0.2/32
			}
			versionalias {
				directory other
				answer MODE
			}
			hosts {
				192.0.2.7 secret.other.internal
			}
		}`), files{
		"corp.zone":    corpZone,
		"corp/cache":   "cache-v1.corp.internal",
		"corp/two":     "cache.corp.internal",
		"corp/three":   "two.corp.internal",
		"corp/over":    "public.other.internal",
		"corp/round":   "back.other.internal",
		"other/public": "secret.other.internal",
		"other/back":   "cache.corp.internal",
	})
}

// 9: what an access rule drops is not answered: the first answer that comes is
// that to the question behind.
func TestDropped(t *testing.T) {
	for _, tt := range []struct{ zone, names string }{
		{"cache-v1.corp.internal", "cache.corp.internal. two.corp.internal. three.corp.internal. round.corp.internal."},
		{"cache.corp.internal", "cache.corp.internal. two.corp.internal. round.corp.internal."},
		{"secret.other.internal", "over.corp.internal."},
		{"public.other.internal", "over.corp.internal."},
		{"back.other.internal", "round.corp.internal."},
	} {
		for _, mode := range []string{"cname", "flatten"} {
			s := startACL(t, tt.zone, "drop", mode)
			next := question("cache-v2.corp.internal.", dns.TypeA)
			var qs []*dns.Msg
			for _, name := range strings.Fields(tt.names) {
				qs = append(qs, question(name, dns.TypeA), question(name, dns.TypeCNAME), withEDNS(question(name, dns.TypeA), true))
			}
			if m := s.first("127.0.0.2", append(qs, next)...); m.Id != next.Id {
				t.Errorf("with %s dropped, %s, got\n%s\nwant no answer", tt.zone, mode, show(m))
			}
		}
	}
}

// first is the answer that comes first to a client that asks several questions. A
// server answers those of one TCP connection in turn.
func (s *server) first(from string, qs ...*dns.Msg) *dns.Msg {
	s.t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: program.Timeout}
	conn, err := d.Dial("tcp", s.tcp)
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	c := &dns.Conn{Conn: conn}
	for _, q := range qs {
		if err := c.WriteMsg(q); err != nil {
			s.t.Fatal(err)
		}
	}
	m, err := c.ReadMsg()
	if err != nil {
		s.t.Fatal(err)
	}
	return m
}
