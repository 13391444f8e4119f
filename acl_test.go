package versionalias

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// An alias must not be a way around an access rule, nor tell a target's name to
// who may not ask for it: 9 of DNS correctness, and the mistake of
// CVE-2026-26017. Each rule is for the clients at 127.0.0.2 alone.
func TestAccessRules(t *testing.T) {
	const (
		blocked  = "REFUSED\nOPT do ede=15"
		filtered = "NOERROR\nOPT do ede=17"
		open     = "" // what anybody gets
	)
	for _, tt := range []struct {
		zone, action string
		cache, two   string // the answers for cache, and for two, whose target is cache
	}{
		{"cache-v1.corp.internal", "block", blocked, blocked},
		{"cache-v1.corp.internal", "filter", filtered, filtered},
		{"cache.corp.internal", "block", blocked, blocked},
		{"cache.corp.internal", "filter", filtered, filtered},
		{"two.corp.internal", "block", open, blocked},
		{"cache-v2.corp.internal", "block", open, open},
	} {
		t.Run(tt.zone+" "+tt.action, func(t *testing.T) {
			s := startACL(t, tt.zone, tt.action)
			for name, want := range map[string]string{"cache.corp.internal.": tt.cache, "two.corp.internal.": tt.two} {
				for _, qtype := range []uint16{dns.TypeA, dns.TypeAAAA, dns.TypeCNAME, dns.TypeANY, dns.TypeTXT} {
					q := withEDNS(question(name, qtype), true) // acl answers with DO in any case
					anybody, got := s.reply(client{}, q), s.reply(client{from: "127.0.0.2"}, q)
					if !strings.Contains(show(anybody), "CNAME cache") {
						t.Errorf("%s %s: anybody got\n%s\nwant the alias", name, dns.TypeToString[qtype], show(anybody))
					}
					wanted := want
					if want == open {
						wanted = show(anybody)
					}
					if show(got) != wanted {
						t.Errorf("%s %s: who may not ask got\n%s\nwant\n%s", name, dns.TypeToString[qtype], show(got), wanted)
					}
				}
			}
		})
	}
}

func startACL(t *testing.T, zone, action string) *server {
	t.Helper()
	return startServer(t, fmt.Sprintf(`
		corp.internal:0 {
			bind 127.0.0.1
			root DIR
			acl %s {
				%s net 127.0.0.2/32
			}
			versionalias {
				directory aliases
			}
			file corp.zone
		}`, zone, action), files{
		"corp.zone":     corpZone,
		"aliases/cache": "cache-v1.corp.internal",
		"aliases/two":   "cache.corp.internal",
	})
}

// What an access rule drops is not answered. A server answers the questions of
// one TCP connection in turn, so the first answer that comes is the next one's.
func TestDropped(t *testing.T) {
	for _, zone := range []string{"cache-v1.corp.internal", "cache.corp.internal"} {
		s := startACL(t, zone, "drop")
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}, Timeout: 5 * time.Second}
		conn, err := d.Dial("tcp", s.tcp)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		c := &dns.Conn{Conn: conn}
		next := question("cache-v2.corp.internal.", dns.TypeA)
		for _, q := range []*dns.Msg{question("cache.corp.internal.", dns.TypeA), question("two.corp.internal.", dns.TypeCNAME), next} {
			if err := c.WriteMsg(q); err != nil {
				t.Fatal(err)
			}
		}
		m, err := c.ReadMsg()
		if err != nil {
			t.Fatal(err)
		}
		if m.Id != next.Id {
			t.Errorf("with %s dropped, got\n%s\nwant no answer", zone, show(m))
		}
	}
}
