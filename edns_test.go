package versionalias

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/coredns/coredns/plugin"
	"github.com/miekg/dns"
)

// withSubnet is m, which has an OPT, with an ECS option in it.
func withSubnet(m *dns.Msg, prefix string, scope uint8) *dns.Msg {
	p := netip.MustParsePrefix(prefix)
	family := uint16(1)
	if p.Addr().Is6() {
		family = 2
	}
	opt := m.IsEdns0()
	opt.Option = append(opt.Option, &dns.EDNS0_SUBNET{
		Code: dns.EDNS0SUBNET, Family: family, SourceNetmask: uint8(p.Bits()), SourceScope: scope, Address: net.IP(p.Addr().AsSlice()),
	})
	return m
}

// 16: a client's ECS option comes back, with the scope of what is below.
func TestSubnet(t *testing.T) {
	const (
		a      = "cache-v1.corp.internal. 60 IN A 192.0.2.1"
		toWeb  = "cache-v1.corp.internal. 60 IN CNAME web.corp.internal."
		plain  = "NOERROR aa\ncache.corp.internal. 5 CNAME cache-v1.corp.internal.\ncache-v1.corp.internal. 60 A 192.0.2.1\n"
		flat   = "NOERROR\ncache.corp.internal. 5 A 192.0.2.1\n"
		linked = "NOERROR aa\ncache.corp.internal. 5 CNAME cache-v1.corp.internal.\n"
	)
	below := func(rcode int, scope int, answer ...string) plugin.HandlerFunc {
		return func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
			m := reply(r, answer...)
			m.Rcode = rcode
			if scope >= 0 {
				withSubnet(withEDNS(m, false), "198.51.100.0/24", uint8(scope))
			}
			return dns.RcodeSuccess, w.WriteMsg(m)
		}
	}
	for _, tt := range []struct {
		name    string
		flatten bool
		q       *dns.Msg
		below   plugin.HandlerFunc
		want    string
	}{
		{"nothing below", false, withSubnet(question4(), "198.51.100.0/24", 0), below(0, -1, a), plain + "OPT ecs=198.51.100.0/24/0"},
		{"nothing below, flattened", true, withSubnet(question4(), "198.51.100.0/24", 0), below(0, -1, a), flat + "OPT ecs=198.51.100.0/24/0"},
		{"a scope from below", false, withSubnet(question4(), "198.51.100.0/24", 0), below(0, 16, a), plain + "OPT ecs=198.51.100.0/24/16"},
		{"a scope from below, flattened", true, withSubnet(question4(), "198.51.100.0/24", 0), below(0, 16, a), flat + "OPT ecs=198.51.100.0/24/16"},
		{"of IPv6", false, withSubnet(question4(), "2001:db8::/56", 0), below(0, 48, a), plain + "OPT ecs=2001:db8::/56/48"},
		{"a client that says nothing of itself", false, withSubnet(question4(), "0.0.0.0/0", 0), below(0, 16, a), plain + "OPT ecs=0.0.0.0/0/0"},
		{"no data", false, withSubnet(question4(), "198.51.100.0/24", 0), below(0, 16), linked + "OPT ecs=198.51.100.0/24/0"},
		{"no data at the end of a chain that depends on the client", false, withSubnet(question4(), "198.51.100.0/24", 0), below(0, 16, toWeb), linked + "cache-v1.corp.internal. 60 CNAME web.corp.internal.\nOPT ecs=198.51.100.0/24/16"},
		{"no such name", false, withSubnet(question4(), "198.51.100.0/24", 0), below(dns.RcodeNameError, 16), "NXDOMAIN" + strings.TrimPrefix(linked, "NOERROR") + "OPT ecs=198.51.100.0/24/0"},
		{"no data, flattened", true, withSubnet(question4(), "198.51.100.0/24", 0), below(0, 16), "NOERROR\nOPT ecs=198.51.100.0/24/0"},
		{"no such name at the end of a chain, flattened", true, withSubnet(question4(), "198.51.100.0/24", 0), below(dns.RcodeNameError, 16, toWeb), "NXDOMAIN\nOPT ecs=198.51.100.0/24/0"},
		{"a failure", false, withSubnet(question4(), "198.51.100.0/24", 0), below(dns.RcodeServerFailure, 16), "SERVFAIL\nOPT ecs=198.51.100.0/24/0"},
		{"no ECS asked", false, question4(), below(0, -1, a), strings.TrimSpace(plain)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := above(tt.below, cacheAlias)
			v.flatten = tt.flatten
			asked := tt.q.Copy()
			w := newWrites()
			if _, err := v.ServeDNS(context.Background(), w, tt.q); err != nil {
				t.Fatal(err)
			}
			if got := show(w.Msg); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
			if tt.q.String() != asked.String() {
				t.Errorf("the question became\n%s\nwant\n%s", tt.q, asked)
			}
		})
	}
}

func question4() *dns.Msg { return withEDNS(question("cache.corp.internal.", dns.TypeA), false) }
