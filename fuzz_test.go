package versionalias

import (
	"context"
	"net"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/test"
	"github.com/coredns/coredns/request"
	"github.com/miekg/dns"
)

// stub is a plugin at the end of the chain that does what a test says. It is in
// Corefiles under its own name.
var stub struct {
	serve  atomic.Value                     // a plugin.HandlerFunc
	server atomic.Pointer[dnsserver.Server] // that asked it last
}

func init() {
	dnsserver.Directives = append(dnsserver.Directives, "stub")
	plugin.Register("stub", func(c *caddy.Controller) error {
		dnsserver.GetConfig(c).AddPlugin(func(plugin.Handler) plugin.Handler {
			return plugin.HandlerFunc(func(ctx context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
				server, _ := ctx.Value(dnsserver.Key{}).(*dnsserver.Server)
				stub.server.Store(server)
				return stub.serve.Load().(plugin.HandlerFunc)(ctx, w, r)
			})
		})
		return nil
	})
}

// refused is a plugin below that has nothing.
func refused(context.Context, dns.ResponseWriter, *dns.Msg) (int, error) {
	return dns.RcodeRefused, nil
}

// recorder is a client that keeps all that it is sent.
type recorder struct {
	test.ResponseWriter
	tcp bool
	got []*dns.Msg
}

func (r *recorder) WriteMsg(m *dns.Msg) error {
	r.got = append(r.got, m)
	return nil
}

func (r *recorder) RemoteAddr() net.Addr {
	if r.tcp {
		return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 5}
	}
	return &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 5}
}

// exchange asks the server itself, without a socket.
func (r *recorder) exchange(q *dns.Msg) {
	server := stub.server.Load()
	server.ServeDNS(context.WithValue(context.Background(), dnsserver.Key{}, server), r, q)
}

// check holds a response against what must be true of every response to q.
func (r *recorder) check(t *testing.T, q *dns.Msg) *dns.Msg {
	t.Helper()
	if len(r.got) > 1 {
		t.Fatalf("9: got %d responses", len(r.got))
	}
	if len(r.got) == 0 {
		return nil
	}
	m := r.got[0]
	wire, err := m.Pack()
	if err != nil {
		t.Fatalf("the response does not pack: %v\n%v", err, m)
	}
	if size := (&request.Request{W: r, Req: q}).Size(); len(wire) > size {
		t.Errorf("8: the response has %d octets, the client takes %d\n%v", len(wire), size, m)
	}
	if m.Id != q.Id || !m.Response || m.Opcode != q.Opcode {
		t.Errorf("the response is for another query\n%v", m)
	}
	if len(q.Question) > 0 && (len(m.Question) == 0 || m.Question[0] != q.Question[0]) {
		t.Errorf("2: the question came back as %v", m.Question)
	}
	opts := 0
	for _, rr := range m.Extra {
		if isOPT(rr) {
			opts++
		}
	}
	if asked := q.IsEdns0() != nil; opts > 1 || (opts == 1) != asked {
		t.Errorf("6: the response has %d OPT records, to a query with one: %v\n%v", opts, asked, m)
	}
	return m
}

// alone reports whether every CNAME of rrs is alone at its name.
func alone(rrs []dns.RR) bool {
	for i, rr := range rrs {
		for j, other := range rrs {
			if i != j && rr.Header().Rrtype == dns.TypeCNAME && other.Header().Rrtype != dns.TypeRRSIG && strings.EqualFold(rr.Header().Name, other.Header().Name) {
				return false
			}
		}
	}
	return true
}

// FuzzQuestion gives a running chain whatever can be unpacked from the wire.
func FuzzQuestion(f *testing.F) {
	stub.serve.Store(plugin.HandlerFunc(refused))
	s := startServer(f, `
		corp.internal:0 {
			bind 127.0.0.1
			root DIR
			debug
			acl {
				block net 203.0.113.0/24
			}
			acl cache-v2.corp.internal secret.flat.internal {
				block net 127.0.0.1
			}
			acl hidden.corp.internal {
				filter net 127.0.0.1
			}
			versionalias {
				directory corp
			}
			cache
			file corp.zone
		}
		flat.internal:0 {
			bind 127.0.0.1
			root DIR
			debug
			acl cache-v2.flat.internal {
				block net 127.0.0.1
			}
			acl gone.flat.internal {
				drop net 127.0.0.1
			}
			versionalias {
				directory flat
				answer flatten
			}
			file flat.zone
		}
		.:0 {
			bind 127.0.0.1
			debug
			stub
		}`, files{
		"corp.zone":          corpZone,
		"flat.zone":          strings.ReplaceAll(corpZone, "corp.internal", "flat.internal"),
		"corp/cache":         "cache-v1.corp.internal",
		"corp/two":           "cache.corp.internal",
		"corp/over":          "over.flat.internal",
		"corp/tree":          `{"to": "corp.internal", "subtree": "keep", "except": ["x.left"]}`,
		"corp/all.in":        `{"to": "moved.corp.internal", "subtree": "collapse", "ttl": 0}`,
		"corp/out":           "elsewhere.test",
		"corp/bad":           "what?",
		"corp/closed":        "cache-v2.corp.internal",
		"corp/closed2":       "closed.corp.internal",
		"corp/closed3":       "closed.flat.internal",
		"corp/filtered":      "hidden.corp.internal",
		"corp/dropped":       "dropped.flat.internal",
		"corp/moving":        `{"from": "cache-v1.corp.internal", "to": "closed.corp.internal", "percent": 50}`,
		"flat/closed":        "cache-v2.flat.internal",
		"flat/closed2":       "closed.flat.internal",
		"flat/dropped":       "gone.flat.internal",
		"flat/moving":        `{"from": "cache-v1.flat.internal", "to": "cache.corp.internal", "percent": 50}`,
		"flat/flat.internal": "cache-v1.flat.internal",
		"corp/corp.internal": `{"to": "cache-v1.corp.internal", "subtree": "keep", "except": ["cache-v1", "ns"]}`,
		"flat/cache":         "cache-v1.flat.internal",
		"flat/over":          "over.corp.internal",
		"flat/tree":          `{"to": "flat.internal", "subtree": "keep", "except": ["x.left"]}`,
		"flat/away":          "away.flat.internal",
	})
	s.ask("elsewhere.test.", dns.TypeA) // so that the server is known
	for _, name := range []string{
		"cache.corp.internal.", "Two.corp.internal.", "over.corp.internal.", "ns.tree.corp.internal.", "left.tree.corp.internal.", "x.all.in.corp.internal.",
		"out.corp.internal.", "bad.corp.internal.", "corp.internal.", "in.corp.internal.", "cache.flat.internal.", "away.flat.internal.", ".",
		"closed.corp.internal.", "closed2.corp.internal.", "Closed3.corp.internal.", "filtered.corp.internal.", "dropped.corp.internal.", "moving.corp.internal.",
		"closed.flat.internal.", "closed2.flat.internal.", "dropped.flat.internal.", "moving.flat.internal.", "flat.internal.",
		`a\.b.\000.tree.flat.internal.`, strings.Repeat(strings.Repeat("l", 60)+".", 3) + "tree.corp.internal.",
	} {
		for i, qtype := range []uint16{dns.TypeA, dns.TypeCNAME, dns.TypeANY, dns.TypeSOA, dns.TypeAXFR} {
			q := question(name, qtype)
			if i%2 == 0 {
				withSubnet(withEDNS(q, i == 0), "198.51.100.0/24", 0)
			}
			wire, err := q.Pack()
			if err != nil {
				f.Fatal(err)
			}
			f.Add(wire, i == 1)
		}
	}
	f.Fuzz(func(t *testing.T, wire []byte, tcp bool) {
		q := new(dns.Msg)
		if q.Unpack(wire) != nil || len(q.Question) != 1 || q.Response || q.Opcode != dns.OpcodeQuery {
			return // dns.Server lets no response through, and other opcodes are file's
		}
		asked := q.Copy()
		r := &recorder{tcp: tcp}
		r.exchange(q)
		m := r.check(t, asked)
		if m == nil {
			return
		}
		if !alone(m.Answer) {
			t.Errorf("12: something stands beside a CNAME\n%v", m)
		}
		if m.AuthenticatedData {
			t.Errorf("7: AD is set\n%v", m)
		}
		if !plain(asked) {
			return
		}
		label, zone, _ := strings.Cut(strings.ToLower(asked.Question[0].Name), ".")
		if zone != "corp.internal." && zone != "flat.internal." {
			return
		}
		switch {
		case label == "closed", label == "closed2", label == "closed3" && zone == "corp.internal.":
			if len(m.Answer)+len(m.Ns) > 0 || m.Rcode != dns.RcodeRefused && m.Rcode != dns.RcodeBadVers {
				t.Errorf("9: who may not ask got\n%v", m)
			}
		case label == "filtered" && zone == "corp.internal.":
			if len(m.Answer)+len(m.Ns) > 0 || m.Rcode != dns.RcodeSuccess && m.Rcode != dns.RcodeBadVers {
				t.Errorf("9: who is filtered got\n%v", m)
			}
		case label == "dropped" && m.Rcode != dns.RcodeBadVers:
			t.Errorf("9: what is dropped got\n%v", m)
		}
	})
}

// FuzzBelow puts arbitrary answers below aliases, in both modes.
func FuzzBelow(f *testing.F) {
	stub.serve.Store(plugin.HandlerFunc(refused))
	s := startServer(f, `
		.:0 {
			bind 127.0.0.1
			root DIR
			debug
			versionalias corp.internal {
				directory corp
			}
			stub
		}
		flat.internal:0 {
			bind 127.0.0.1
			root DIR
			debug
			versionalias {
				directory flat
				answer flatten
			}
			stub
		}`, files{
		"corp/cache":         "cache-v1.corp.internal",
		"corp/two":           "cache.corp.internal",
		"flat/cache":         "cache-v1.flat.internal",
		"flat/tree":          `{"to": "flat.internal", "subtree": "keep"}`,
		"flat/above":         "cache-v1.flat.internal",
		"flat/x.y.above":     "cache-v1.flat.internal",
		"flat/two":           "cache.flat.internal",
		"flat/across":        "cache.corp.internal",
		"flat/flat.internal": "cache-v1.flat.internal",
	})
	s.ask("elsewhere.test.", dns.TypeA)
	names := []string{"Cache.corp.internal.", "two.corp.internal.", "caChe.flat.internal.", "cache-V1.tree.flat.internal.", "above.flat.internal.", "two.flat.internal.", "flat.internal.", "across.flat.internal."}
	zone := strings.ReplaceAll(corpZone, "corp.internal", "flat.internal") + "\n$ORIGIN flat.internal.\n" + `
cache-v1 60 HTTPS 1 . alpn=h2
cache-v1 60 SVCB 0 .
cache-v1 60 RRSIG A 13 3 60 20300101000000 20200101000000 1 flat.internal. AAAA
flat.internal. 60 RRSIG SOA 13 3 60 20300101000000 20200101000000 1 flat.internal. AAAA
cache-v1 60 NSEC a A
cache-v1 60 NS ns
cache-v1 60 CNAME cache-v2
cache-v2 60 CNAME cache-v1
cache-v1 60 DNAME cache-v2
`
	for _, text := range []string{corpZone, zone} {
		m := new(dns.Msg).SetReply(question("cache-v1.flat.internal.", dns.TypeA))
		parser := dns.NewZoneParser(strings.NewReader(text), "", "")
		for i := 0; ; i++ {
			rr, ok := parser.Next()
			if !ok {
				break
			}
			one := m.Copy()
			one.Authoritative = i%2 == 0
			if i%3 == 0 {
				one.Ns = []dns.RR{rr}
			} else {
				one.Answer = []dns.RR{rr}
			}
			m.Answer = append(m.Answer, rr)
			one.AuthenticatedData = i%2 > 0
			for how := range uint8(4) {
				f.Add(pack(f, one), uint8(i)+how, rr.Header().Rrtype, how)
				f.Add(pack(f, m), uint8(i)+how, rr.Header().Rrtype, how|4)
			}
		}
		if err := parser.Err(); err != nil {
			f.Fatal(err)
		}
		withSubnet(withEDNS(withEDE(m, 15), true), "198.51.100.0/24", 24)
		f.Add(pack(f, m), uint8(1), dns.TypeANY, uint8(1))
	}
	f.Fuzz(func(t *testing.T, wire []byte, name uint8, qtype uint16, how uint8) {
		below := new(dns.Msg)
		if below.Unpack(wire) != nil {
			return
		}
		before := below.Copy()
		stub.serve.Store(plugin.HandlerFunc(func(_ context.Context, w dns.ResponseWriter, _ *dns.Msg) (int, error) {
			own := *below // the message is for whoever has it to edit, but not its records
			m := &own
			if _, ours := w.(*hop); !ours {
				m = before.Copy() // the end of a chain, which the server asks for: it adds an OPT to what is there
			}
			switch how % 4 {
			case 0:
				return m.Rcode, nil
			case 1:
				_ = w.WriteMsg(m)
				return dns.RcodeServerFailure, w.WriteMsg(m)
			case 2:
				_, err := w.Write(pack(t, before))
				return dns.RcodeSuccess, err
			}
			return dns.RcodeSuccess, w.WriteMsg(m)
		}))
		q := question(names[int(name)%len(names)], qtype)
		if how&4 > 0 {
			withEDNS(q, how&8 > 0)
		}
		if how&16 > 0 && how&4 > 0 {
			withSubnet(q, "198.51.100.0/24", 0)
		}
		if !plain(q) || q.Question[0].Name == "flat.internal." && !address(qtype) {
			return // it passes untouched
		}
		r := &recorder{tcp: how&32 > 0}
		r.exchange(q.Copy())
		m := r.check(t, q)
		// Copies have no empty sections.
		if !reflect.DeepEqual(before.Copy(), below.Copy()) {
			t.Errorf("15: the answer below to %v became\n%v\nfrom\n%v", q.Question, below, before)
		}
		if m == nil {
			return
		}
		asked := q.Question[0].Name
		flat := strings.HasSuffix(asked, "flat.internal.")
		for i, rr := range m.Answer {
			if flat && rr.Header().Name != asked {
				t.Errorf("23, 25: flattened got %v", rr)
			}
			if !flat && i == 0 && (rr.Header().Rrtype != dns.TypeCNAME || rr.Header().Name != asked) {
				t.Errorf("20: got %v first", rr)
			}
		}
		if flat {
			for _, rr := range slices.Concat(m.Answer, m.Ns, m.Extra) {
				covered := rr.Header().Rrtype
				if sig, ok := rr.(*dns.RRSIG); ok {
					covered = sig.TypeCovered
				}
				switch {
				case covered == dns.TypeNSEC || covered == dns.TypeNSEC3:
					t.Errorf("26: flattened got %v", rr)
				case rr.Header().Name == asked && (covered == dns.TypeCNAME || covered == dns.TypeDNAME || covered != rr.Header().Rrtype && covered != dns.TypeSOA):
					t.Errorf("12, 25, 26: flattened got %v", rr)
				case covered == dns.TypeSOA && !dns.IsSubDomain(rr.Header().Name, asked):
					t.Errorf("28: flattened got %v", rr)
				}
			}
			if asked == "flat.internal." && m.Rcode == dns.RcodeNameError {
				t.Errorf("28: the apex does not exist\n%v", m)
			}
		}
		if !alone(m.Answer) && alone(before.Answer) {
			t.Errorf("12: something stands beside a CNAME\n%v", m)
		}
		if m.AuthenticatedData {
			t.Errorf("7: AD is set\n%v", m)
		}
		if failed(m.Rcode) && len(m.Answer)+len(m.Ns) > 0 {
			t.Errorf("9: a failure has records\n%v", m)
		}
	})
}
