package versionalias

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/pkg/dnstest"
	"github.com/coredns/coredns/plugin/test"
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

// 9: what errors say in words may name the target: they are left out where that is not to be
// seen.
func TestErrorsInWords(t *testing.T) {
	for _, tt := range []struct {
		name    string
		flatten bool
		rcode   int
		code    uint16
		want    string
	}{
		{"an answer", false, dns.RcodeSuccess, dns.ExtendedErrorCodeStaleAnswer, "of cache-v1"},
		{"an answer, flattened", true, dns.RcodeSuccess, dns.ExtendedErrorCodeStaleAnswer, ""},
		{"a failure", false, dns.RcodeServerFailure, dns.ExtendedErrorCodeDNSBogus, ""},
		{"a failure, flattened", true, dns.RcodeServerFailure, dns.ExtendedErrorCodeDNSBogus, ""},
		{"a rule", false, dns.RcodeSuccess, dns.ExtendedErrorCodeFiltered, ""},
	} {
		below := reply(question4(), "cache-v1.corp.internal. 60 IN A 192.0.2.1")
		below.Rcode = tt.rcode
		opt := withEDNS(below, false).IsEdns0()
		opt.Option = []dns.EDNS0{&dns.EDNS0_EDE{InfoCode: tt.code, ExtraText: "of cache-v1"}}
		v := above(plugin.HandlerFunc(func(_ context.Context, w dns.ResponseWriter, _ *dns.Msg) (int, error) {
			return dns.RcodeSuccess, w.WriteMsg(below)
		}), cacheAlias)
		v.flatten = tt.flatten
		w := newWrites()
		if _, err := v.ServeDNS(context.Background(), w, question4()); err != nil {
			t.Fatal(err)
		}
		got, ok := w.Msg.IsEdns0().Option[0].(*dns.EDNS0_EDE)
		if !ok || got.InfoCode != tt.code || got.ExtraText != tt.want {
			t.Errorf("%s: got the error %v, want %d with %q", tt.name, got, tt.code, tt.want)
		}
		if text := opt.Option[0].(*dns.EDNS0_EDE).ExtraText; text == "" {
			t.Errorf("%s: the OPT below was changed", tt.name)
		}
	}
}

// 16: a client's ECS option comes back, with the scope of what is below.
func TestSubnet(t *testing.T) {
	const (
		a      = "cache-v1.corp.internal. 60 IN A 192.0.2.1"
		toWeb  = "cache-v1.corp.internal. 60 IN CNAME web.corp.internal."
		plain  = "NOERROR aa\ncache.corp.internal. 5 CNAME cache-v1.corp.internal.\ncache-v1.corp.internal. 60 A 192.0.2.1\n"
		flat   = "NOERROR aa\ncache.corp.internal. 5 A 192.0.2.1\n"
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
		{"no data, flattened", true, withSubnet(question4(), "198.51.100.0/24", 0), below(0, 16), "NOERROR aa\nOPT ecs=198.51.100.0/24/0"},
		{"no such name at the end of a chain, flattened", true, withSubnet(question4(), "198.51.100.0/24", 0), below(dns.RcodeNameError, 16, toWeb), "NXDOMAIN aa\nOPT ecs=198.51.100.0/24/0"},
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

// 16: where the chain's end is asked for anew, its scope counts as well.
func TestSubnetOfTheEnd(t *testing.T) {
	var scopes [2]atomic.Int32 // that come with the target's CNAME and with the end, -1 for none
	stub.serve.Store(plugin.HandlerFunc(func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
		m, scope := reply(r, "end.corp.internal. 60 IN A 192.0.2.1"), scopes[1].Load()
		if r.Question[0].Name == "cache-v1.corp.internal." {
			m, scope = reply(r, "cache-v1.corp.internal. 60 IN CNAME end.corp.internal."), scopes[0].Load()
		}
		if scope >= 0 {
			withSubnet(withEDNS(m, false), "198.51.100.0/24", uint8(scope))
		}
		return dns.RcodeSuccess, w.WriteMsg(m)
	}))
	s := startServer(t, `
		corp.internal:0 {
			bind 127.0.0.1
			root DIR
			versionalias {
				directory aliases
				answer flatten
			}
			stub
		}`, files{"aliases/cache": "cache-v1.corp.internal", "aliases/two": "cache.corp.internal"})
	for _, tt := range []struct {
		scopes [2]int32
		want   int
	}{
		{[2]int32{-1, -1}, 0},
		{[2]int32{-1, 20}, 20},
		{[2]int32{20, -1}, 20},
		{[2]int32{16, 20}, 20},
		{[2]int32{20, 16}, 20},
		{[2]int32{16, 0}, 16},
	} {
		scopes[0].Store(tt.scopes[0])
		scopes[1].Store(tt.scopes[1])
		for _, name := range []string{"cache.corp.internal.", "two.corp.internal."} {
			want := fmt.Sprintf("NOERROR aa\n%s 5 A 192.0.2.1\nOPT ecs=198.51.100.0/24/%d", name, tt.want)
			if got := show(exchange{q: name + " A ecs=198.51.100.0/24"}.ask(t, s)); got != want {
				t.Errorf("scopes %v: got\n%s\nwant\n%s", tt.scopes, got, want)
			}
		}
	}
}

// 16: a name that is too long for this client's target may not be for another's, also
// where an alias leads there that does not move.
func TestSubnetOfATooLongName(t *testing.T) {
	labels := strings.Repeat(strings.Repeat("l", 56)+".", 4)
	moved := at(t, "g", 0.1, v4Subnet).String()
	for _, mode := range []string{"cname", "flatten"} {
		s := startServer(t, strings.ReplaceAll(`
			corp.internal:0 {
				bind 127.0.0.1
				root DIR
				versionalias {
					directory aliases
					answer MODE
				}
				file corp.zone
			}`, "MODE", mode), files{
			"corp.zone":    corpZone,
			"aliases/long": `{"from": "cache-v1.corp.internal", "to": "cache-v2-is-longer.corp.internal", "percent": 50, "subtree": "keep", "group": "g"}`,
			"aliases/via":  `{"to": "long.corp.internal", "subtree": "keep"}`,
		})
		for _, name := range []string{"long", "via"} {
			m := exchange{q: labels + name + ".corp.internal. A ecs=" + moved}.ask(t, s)
			if got, want := showOptions(m.IsEdns0()), " ecs="+moved+"/24"; m.Rcode != dns.RcodeYXDomain || got != want {
				t.Errorf("%s, below %s: got\n%s\nwant YXDOMAIN with%s", mode, name, show(m), want)
			}
		}
	}
}

// 16: of the scope from below and the bits that an alias that moves has used,
// the larger counts. Those of an IPv4-mapped subnet are counted as it is sent.
func TestSubnetOfAMovingAlias(t *testing.T) {
	const salt = "cache.corp.internal."
	movedNet, unmovedNet := at(t, salt, 0.1, v4Subnet), at(t, salt, 0.9, v4Subnet)
	moved6, anybody := at(t, salt, 0.1, v6), at(t, salt, 0.9, v4)
	mapped := func(p netip.Prefix) string { return fmt.Sprintf("::ffff:%s/%d", p.Addr(), p.Bits()+96) }
	for _, tt := range []struct {
		name    string
		ecs     string
		inner   int // the scope from below, -1 for none
		qtype   uint16
		version int
		want    int
	}{
		{"nothing from below", movedNet.String(), -1, dns.TypeA, 2, 24},
		{"a wider part from below", movedNet.String(), 16, dns.TypeA, 2, 24},
		{"a narrower part from below", movedNet.String(), 28, dns.TypeA, 2, 28},
		{"a narrower part from below, not moved", unmovedNet.String(), 28, dns.TypeA, 1, 28},
		{"no data, so nothing from below counts", movedNet.String(), 28, dns.TypeTXT, 2, 24},
		{"IPv6: 64 bits are used, and more of them below", moved6.Addr().String() + "/128", 80, dns.TypeA, 2, 80},
		{"an IPv4-mapped subnet", mapped(movedNet), -1, dns.TypeA, 2, 120},
		{"an IPv4-mapped subnet, not moved", mapped(unmovedNet), -1, dns.TypeA, 1, 120},
		{"an IPv4-mapped subnet, and a wider part from below", mapped(movedNet), 100, dns.TypeA, 2, 120},
		{"an IPv4-mapped subnet, and a narrower part from below", mapped(movedNet), 128, dns.TypeA, 2, 128},
		{"an IPv4-mapped subnet that ends before the IPv4 part", "::ffff:0:0/64", -1, dns.TypeA, 2, 64},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, flatten := range []bool{false, true} {
				v := moving(t, "cache", `{"from": "v1.corp.internal", "to": "v2.corp.internal", "percent": 50}`, flatten)
				below := v.Next
				v.Next = plugin.HandlerFunc(func(ctx context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
					if r.Question[0].Qtype != dns.TypeTXT && r.Question[0].Name != fmt.Sprintf("v%d.corp.internal.", tt.version) {
						t.Errorf("asked for %s, want version %d", r.Question[0].Name, tt.version)
					}
					return below.ServeDNS(ctx, &scoped{w, tt.ecs, tt.inner}, r)
				})
				q := withSubnet(withEDNS(question("cache.corp.internal.", tt.qtype), false), tt.ecs, 0)
				want := *subnet(q)
				want.SourceScope = uint8(tt.want)
				if flatten && tt.qtype == dns.TypeTXT {
					want.SourceScope = 0 // a negative answer
				}
				w := dnstest.NewRecorder(&test.ResponseWriter{RemoteIP: anybody.Addr().String()})
				if _, err := v.ServeDNS(context.Background(), w, q); err != nil {
					t.Fatal(err)
				}
				if got := subnet(w.Msg); !reflect.DeepEqual(got, &want) {
					t.Errorf("flatten %v: got ECS %v, want %v, in\n%s", flatten, got, &want, show(w.Msg))
				}
			}
		})
	}
}

// scoped gives each answer the scope of a subnet.
type scoped struct {
	dns.ResponseWriter
	ecs   string
	scope int
}

func (s *scoped) WriteMsg(m *dns.Msg) error {
	if s.scope >= 0 {
		withSubnet(withEDNS(m, false), s.ecs, uint8(s.scope))
	}
	return s.ResponseWriter.WriteMsg(m)
}

func question4() *dns.Msg { return withEDNS(question("cache.corp.internal.", dns.TypeA), false) }
