package versionalias

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/pkg/dnstest"
	"github.com/coredns/coredns/plugin/test"
	"github.com/miekg/dns"

	"github.com/octoenergy/versionalias/plugin/alias"
	"github.com/octoenergy/versionalias/plugin/ledger"
)

// above is the plugin in a block for corp.internal with these aliases, NAME to
// TARGET, above next.
func above(next plugin.HandlerFunc, aliases ...[2]string) *VersionAlias {
	zones := []alias.Name{"corp.internal."}
	v := &VersionAlias{Next: next, served: zones, zones: zones, instance: new(instance)}
	v.entry = v
	edit := v.table.Load().Edit()
	for _, a := range aliases {
		edit.Put(&alias.Source{Parameter: "/test"}, alias.Alias{Name: alias.Name(a[0]), Zone: "corp.internal.", Target: alias.Name(a[1]), TTL: 5})
	}
	v.table.Store(edit.Table())
	return v
}

var cacheAlias = [2]string{"cache.corp.internal.", "cache-v1.corp.internal."}

// writes counts what is written to a client, beyond keeping the last of it.
type writes struct {
	*dnstest.Recorder
	n, octets int
}

func (w *writes) WriteMsg(m *dns.Msg) error {
	w.n++
	return w.Recorder.WriteMsg(m)
}

func (w *writes) Write(wire []byte) (int, error) {
	w.octets += len(wire)
	return w.Recorder.Write(wire)
}

func newWrites() *writes {
	return &writes{Recorder: dnstest.NewRecorder(&test.ResponseWriter{})}
}

// reply is the answer to r with these records.
func reply(r *dns.Msg, answer ...string) *dns.Msg {
	m := new(dns.Msg).SetReply(r)
	m.Answer = records(answer)
	return m
}

func withEDE(m *dns.Msg, codes ...uint16) *dns.Msg {
	m.SetEdns0(4096, false)
	opt := m.IsEdns0()
	for _, code := range codes {
		opt.Option = append(opt.Option, &dns.EDNS0_EDE{InfoCode: code})
	}
	return m
}

// 6 to 9: what plugins below do that a zone file does not. The question is for an
// alias, of type A, with an OPT.
func TestWhatComesFromBelow(t *testing.T) {
	const target = "cache-v1.corp.internal. 60 IN A 192.0.2.1"
	const full = `
		NOERROR aa
		cache.corp.internal. 5 CNAME cache-v1.corp.internal.
		cache-v1.corp.internal. 60 A 192.0.2.1`
	failure := errors.New("it failed")
	write := func(rcode int, err error, make func(r *dns.Msg) *dns.Msg) plugin.HandlerFunc {
		return func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
			if e := w.WriteMsg(make(r)); e != nil {
				return dns.RcodeServerFailure, e
			}
			return rcode, err
		}
	}
	with := func(change func(m *dns.Msg)) func(r *dns.Msg) *dns.Msg {
		return func(r *dns.Msg) *dns.Msg {
			m := reply(r, target)
			change(m)
			return m
		}
	}
	for _, tt := range []struct {
		name  string
		below plugin.HandlerFunc
		rcode int
		err   error
		want  string
		n     int
	}{
		{"9: dropped stays dropped", func(context.Context, dns.ResponseWriter, *dns.Msg) (int, error) { return dns.RcodeSuccess, nil }, dns.RcodeSuccess, nil, "no answer", 0},
		{"9: a returned SERVFAIL is the server's to write", func(context.Context, dns.ResponseWriter, *dns.Msg) (int, error) {
			return dns.RcodeServerFailure, failure
		}, dns.RcodeServerFailure, failure, "no answer", 0},
		{"9: a returned REFUSED is that nobody serves it", func(context.Context, dns.ResponseWriter, *dns.Msg) (int, error) { return dns.RcodeRefused, nil }, dns.RcodeSuccess, nil, "NOERROR aa\ncache.corp.internal. 5 CNAME cache-v1.corp.internal.", 1},
		{"9: a REFUSED that is returned with an error is the server's to write", func(context.Context, dns.ResponseWriter, *dns.Msg) (int, error) { return dns.RcodeRefused, failure }, dns.RcodeRefused, failure, "no answer", 0},
		{"9: written and then returned as a failure is written once", write(dns.RcodeServerFailure, failure, with(func(*dns.Msg) {})), dns.RcodeSuccess, failure, full, 1},
		{"9: written twice is written once", func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
			_ = w.WriteMsg(reply(r, target))
			return dns.RcodeSuccess, w.WriteMsg(reply(r))
		}, dns.RcodeSuccess, nil, full, 1},
		{"written as octets", func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
			wire, _ := reply(r, target).Pack()
			_, err := w.Write(wire)
			return dns.RcodeSuccess, err
		}, dns.RcodeSuccess, nil, full, 1},
		{"9: SERVFAIL with records", write(0, nil, with(func(m *dns.Msg) { m.Rcode = dns.RcodeServerFailure })), 0, nil, "SERVFAIL", 1},
		{"9: REFUSED keeps its EDE", write(0, nil, func(r *dns.Msg) *dns.Msg { return withEDE(new(dns.Msg).SetRcode(r, dns.RcodeRefused), 18) }), 0, nil, "REFUSED\nOPT ede=18", 1},
		{"9: NOTIMP", write(0, nil, with(func(m *dns.Msg) { m.Rcode = dns.RcodeNotImplemented })), 0, nil, "NOTIMP", 1},
		{"9: an RCODE that needs an OPT", write(0, nil, with(func(m *dns.Msg) { m.Rcode = dns.RcodeBadCookie })), 0, nil, "SERVFAIL", 1},
		{"9: an access rule's EDE with records", write(0, nil, func(r *dns.Msg) *dns.Msg { return withEDE(reply(r, target), 16) }), 0, nil, "NOERROR\nOPT ede=16", 1},
		{"an EDE that is no access rule's", write(0, nil, func(r *dns.Msg) *dns.Msg { return withEDE(reply(r, target), 3) }), 0, nil, full + "\nOPT ede=3", 1},
		{"6: one OPT of two", write(0, nil, func(r *dns.Msg) *dns.Msg { return withEDE(withEDE(reply(r, target), 3), 4) }), 0, nil, full + "\nOPT ede=3", 1},
		{"6, 9: two OPTs, an access rule's EDE in the first", write(0, nil, func(r *dns.Msg) *dns.Msg { return withEDE(withEDE(reply(r, target), 17), 3) }), 0, nil, "NOERROR\nOPT ede=17", 1},
		{"6, 9: two OPTs, an access rule's EDE in the second", write(0, nil, func(r *dns.Msg) *dns.Msg { return withEDE(withEDE(reply(r, target), 3), 17) }), 0, nil, "NOERROR\nOPT ede=17", 1},
		{"6, 9: two OPTs, the first with nothing", write(0, nil, func(r *dns.Msg) *dns.Msg {
			return withEDE(withEDNS(new(dns.Msg).SetRcode(r, dns.RcodeRefused), true), 15)
		}), 0, nil, "REFUSED\nOPT ede=15", 1},
		{"9: an EDE below those of access rules", write(0, nil, func(r *dns.Msg) *dns.Msg { return withEDE(reply(r, target), 14) }), 0, nil, full + "\nOPT ede=14", 1},
		{"9: an EDE above those of access rules", write(0, nil, func(r *dns.Msg) *dns.Msg { return withEDE(reply(r, target), 19) }), 0, nil, full + "\nOPT ede=19", 1},
		{"7: AD", write(0, nil, with(func(m *dns.Msg) { m.AuthenticatedData = true })), 0, nil, full, 1},
		{"8: TC", write(0, nil, with(func(m *dns.Msg) { m.Truncated = true })), 0, nil, `
			NOERROR aa tc
			cache.corp.internal. 5 CNAME cache-v1.corp.internal.
			cache-v1.corp.internal. 60 A 192.0.2.1`, 1},
		{"RA", write(0, nil, with(func(m *dns.Msg) { m.RecursionAvailable = true })), 0, nil, `
			NOERROR aa ra
			cache.corp.internal. 5 CNAME cache-v1.corp.internal.
			cache-v1.corp.internal. 60 A 192.0.2.1`, 1},
		{"YXDOMAIN of a DNAME", write(0, nil, func(r *dns.Msg) *dns.Msg {
			m := reply(r, "corp.internal. 60 IN DNAME corp.example.")
			m.Rcode = dns.RcodeYXDomain
			return m
		}), 0, nil, `
			YXDOMAIN aa
			cache.corp.internal. 5 CNAME cache-v1.corp.internal.
			corp.internal. 60 DNAME corp.example.`, 1},
		{"12: a record of the alias's own, in other letters", write(0, nil, func(r *dns.Msg) *dns.Msg {
			return reply(r, "cache-v1.corp.internal. 60 IN CNAME CACHE.corp.internal.", "CACHE.corp.internal. 60 IN A 192.0.2.1")
		}), 0, nil, "SERVFAIL", 1},
		{"5: the signature of an SOA", write(0, nil, func(r *dns.Msg) *dns.Msg {
			m := reply(r)
			soa, _ := dns.NewRR("corp.internal. 60 IN SOA a. b. 1 2 3 4 5")
			sig, _ := dns.NewRR("corp.internal. 60 IN RRSIG SOA 8 2 60 20300101000000 20200101000000 1 corp.internal. AAAA")
			nsec, _ := dns.NewRR("corp.internal. 60 IN NSEC a.corp.internal. SOA")
			m.Ns = []dns.RR{soa, sig, nsec}
			return m
		}), 0, nil, `
			NOERROR aa
			cache.corp.internal. 5 CNAME cache-v1.corp.internal.
			authority: corp.internal. 5 SOA a. b. 1 2 3 4 5
			authority: corp.internal. 5 RRSIG SOA 8 2 60 20300101000000 20200101000000 1 corp.internal. AAAA
			authority: corp.internal. 60 NSEC a.corp.internal. SOA`, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWrites()
			rcode, err := above(tt.below, cacheAlias).ServeDNS(context.Background(), w, withEDNS(question("cache.corp.internal.", dns.TypeA), false))
			if rcode != tt.rcode || !errors.Is(err, tt.err) {
				t.Errorf("ServeDNS got %d, %v, want %d, %v", rcode, err, tt.rcode, tt.err)
			}
			if got := show(w.Msg); got != trim(tt.want) || w.n != tt.n {
				t.Errorf("got %d answers, the last\n%s\nwant %d\n%s", w.n, got, tt.n, trim(tt.want))
			}
		})
	}
}

// 6: nothing of EDNS in the answer to a query without.
func TestNoOPTWithoutOne(t *testing.T) {
	below := func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
		return dns.RcodeSuccess, w.WriteMsg(withEDE(new(dns.Msg).SetRcode(r, dns.RcodeRefused), 15))
	}
	w := newWrites()
	if _, err := above(below, cacheAlias).ServeDNS(context.Background(), w, question("cache.corp.internal.", dns.TypeA)); err != nil {
		t.Fatal(err)
	}
	if got := show(w.Msg); got != "REFUSED" {
		t.Errorf("got\n%s\nwant REFUSED alone", got)
	}
}

// 6, 9: the alias of an alias sees an access rule's EDE in whichever OPT from below
// it is, and whether the client sent one or not.
func TestTwoOPTs(t *testing.T) {
	for _, codes := range [][2]uint16{{17, 3}, {3, 17}} {
		below := func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
			return dns.RcodeSuccess, w.WriteMsg(withEDE(withEDE(reply(r), codes[0]), codes[1]))
		}
		for want, q := range map[string]*dns.Msg{
			"NOERROR":             question("two.corp.internal.", dns.TypeA),
			"NOERROR\nOPT ede=17": withEDNS(question("two.corp.internal.", dns.TypeA), false),
		} {
			w := newWrites()
			v := above(below, cacheAlias, [2]string{"two.corp.internal.", "cache.corp.internal."})
			if _, err := v.ServeDNS(context.Background(), w, q); err != nil {
				t.Fatal(err)
			}
			if got := show(w.Msg); got != want {
				t.Errorf("EDEs %v: got\n%s\nwant\n%s", codes, got, want)
			}
		}
	}
}

// 1: what is no plain question goes on as it is, the very same message.
func TestPassesUntouched(t *testing.T) {
	ask := func(change func(q *dns.Msg)) *dns.Msg {
		q := question("cache.corp.internal.", dns.TypeA)
		change(q)
		return q
	}
	for name, q := range map[string]*dns.Msg{
		"NOTIFY":      ask(func(q *dns.Msg) { q.Opcode = dns.OpcodeNotify }),
		"UPDATE":      ask(func(q *dns.Msg) { q.Opcode = dns.OpcodeUpdate }),
		"class CH":    ask(func(q *dns.Msg) { q.Question[0].Qclass = dns.ClassCHAOS }),
		"class ANY":   ask(func(q *dns.Msg) { q.Question[0].Qclass = dns.ClassANY }),
		"AXFR":        ask(func(q *dns.Msg) { q.Question[0].Qtype = dns.TypeAXFR }),
		"IXFR":        ask(func(q *dns.Msg) { q.Question[0].Qtype = dns.TypeIXFR }),
		"no question": ask(func(q *dns.Msg) { q.Question = nil }),
		"no alias":    question("db.corp.internal.", dns.TypeA),
		"the root":    question(".", dns.TypeNS),
	} {
		t.Run(name, func(t *testing.T) {
			before := pack(t, q)
			var below *dns.Msg
			next := func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
				below = r
				return dns.RcodeNotAuth, nil
			}
			rcode, err := above(next, cacheAlias).ServeDNS(context.Background(), newWrites(), q)
			if rcode != dns.RcodeNotAuth || err != nil {
				t.Errorf("ServeDNS got %d, %v, want what next returned", rcode, err)
			}
			if below != q || !bytes.Equal(pack(t, below), before) {
				t.Errorf("next was asked %v, want the very request %v", below, q)
			}
		})
	}
}

func pack(t testing.TB, m *dns.Msg) []byte {
	t.Helper()
	wire, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return wire
}

// The request is a copy below, with all that it had but the question, and is
// not changed by what plugins do to theirs: 6.
func TestRequestBelow(t *testing.T) {
	q := withEDNS(question("Cache.corp.internal.", dns.TypeTXT), true)
	q.CheckingDisabled = true
	for i, section := range []*[]dns.RR{&q.Answer, &q.Ns, &q.Extra} {
		*section = append(*section, test.A(fmt.Sprintf("section-%d. 60 IN A 192.0.2.1", i)), test.TXT(fmt.Sprintf("section-%d. 60 IN TXT text", i)))
	}
	before := q.Copy()
	next := func(ctx context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
		want := before.Copy()
		want.Question[0].Name = "cache-v1.corp.internal."
		if !bytes.Equal(pack(t, r), pack(t, want)) {
			t.Errorf("next was asked\n%v\nwant\n%v", r, want)
		}
		if hops := ctx.Value(dnsserver.LoopKey{}); hops != 1 {
			t.Errorf("LoopKey is %v, want 1", hops)
		}
		r.Question[0].Name = "other."
		r.IsEdns0().SetUDPSize(512)
		for _, rr := range slices.Concat(r.Answer, r.Ns, r.Extra) {
			rr.Header().Ttl++
		}
		r.Id++
		m := reply(r, `cache-v1.corp.internal. 60 IN TXT "v1"`)
		return dns.RcodeSuccess, w.WriteMsg(m)
	}
	w := newWrites()
	if _, err := above(next, cacheAlias).ServeDNS(context.Background(), w, q); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(pack(t, q), pack(t, before)) {
		t.Errorf("the request became\n%v\nwant it as it was\n%v", q, before)
	}
	if w.Msg.Id != before.Id || w.Msg.Question[0] != before.Question[0] {
		t.Errorf("answered %d %v, want %d %v", w.Msg.Id, w.Msg.Question[0], before.Id, before.Question[0])
	}
}

// 15: what comes from below belongs to a zone or a cache.
func TestRecordsBelowStay(t *testing.T) {
	t.Run("with an OPT", func(t *testing.T) { testRecordsBelowStay(t, true) })
	t.Run("without", func(t *testing.T) { testRecordsBelowStay(t, false) })
}

func testRecordsBelowStay(t *testing.T, edns bool) {
	shared := new(dns.Msg)
	shared.Response = true
	shared.Rcode = dns.RcodeNameError
	shared.AuthenticatedData = true
	ttl := 60 // that is capped, or one that is not
	if !edns {
		ttl = 3
	}
	for _, section := range []*[]dns.RR{&shared.Answer, &shared.Ns, &shared.Extra} {
		soa, _ := dns.NewRR(fmt.Sprintf("corp.internal. %d IN SOA a. b. 1 2 3 4 5", ttl))
		*section = append(make([]dns.RR, 0, 8), soa) // room that an append would write to
	}
	if edns {
		withEDE(shared, 3)
	}
	before := shared.Copy()
	next := func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
		m := *shared // which is for whoever has it to edit, but not what it has
		m.Question = r.Question
		return dns.RcodeSuccess, w.WriteMsg(&m)
	}
	v := above(next, cacheAlias)
	for _, qtype := range []uint16{dns.TypeA, dns.TypeCNAME, dns.TypeANY} {
		w := newWrites()
		if _, err := v.ServeDNS(context.Background(), w, withEDNS(question("cache.corp.internal.", qtype), false)); err != nil {
			t.Fatal(err)
		}
		for _, rr := range w.Msg.Extra { // as the server's own writer does
			if opt, ok := rr.(*dns.OPT); ok {
				opt.SetUDPSize(1)
			}
		}
		w.Msg.Extra = append(w.Msg.Extra, new(dns.A))
		w.Msg.Ns = append(w.Msg.Ns, new(dns.A))
		if !reflect.DeepEqual(shared, before) {
			t.Fatalf("%s: what is below became\n%v\nwant\n%v", dns.TypeToString[qtype], shared, before)
		}
		for _, section := range [][]dns.RR{shared.Answer, shared.Ns, shared.Extra} {
			if section[:8][len(section)] != nil {
				t.Fatalf("%s: something was written behind a section of what is below", dns.TypeToString[qtype])
			}
		}
	}
}

// 10: a query that has been asked anew eight times is given up.
func TestHops(t *testing.T) {
	next := func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
		return dns.RcodeSuccess, w.WriteMsg(reply(r))
	}
	v := above(next, cacheAlias)
	for hops, want := range map[int]error{
		7: nil,
		8: errors.New("plugin/versionalias: follow alias cache.corp.internal.: found a query that was asked anew 9 times, want at most 8"),
	} {
		ctx := context.WithValue(context.Background(), dnsserver.LoopKey{}, hops)
		rcode, err := v.ServeDNS(ctx, newWrites(), question("cache.corp.internal.", dns.TypeA))
		if fmt.Sprint(err) != fmt.Sprint(want) || (rcode == dns.RcodeServerFailure) != (want != nil) {
			t.Errorf("after %d hops ServeDNS got %d, %v, want %v", hops, rcode, err, want)
		}
	}
}

// A target that no server can be asked for is an error, not a crash.
func TestNoServer(t *testing.T) {
	v := above(nil, [2]string{"cache.corp.internal.", "cache.example.org."})
	rcode, err := v.ServeDNS(context.Background(), newWrites(), question("cache.corp.internal.", dns.TypeA))
	const want = "plugin/versionalias: ask for target cache.example.org.: found no server, want one"
	if rcode != dns.RcodeServerFailure || fmt.Sprint(err) != want {
		t.Errorf("ServeDNS got %d, %v, want SERVFAIL, %s", rcode, err, want)
	}
}

// A miss costs what NextOrFailure costs, whatever the name.
func TestMissAllocates(t *testing.T) {
	next := plugin.HandlerFunc(func(context.Context, dns.ResponseWriter, *dns.Msg) (int, error) { return 0, nil })
	v := above(next, cacheAlias)
	w := newWrites()
	ctx := context.Background()
	for _, name := range []string{"db.corp.internal.", "CACHE.example.org.", `\000\.cache.corp.internal.`} {
		q := question(name, dns.TypeA)
		alone := testing.AllocsPerRun(100, func() { _, _ = plugin.NextOrFailure("test", next, ctx, w, q) })
		if got := testing.AllocsPerRun(100, func() { _, _ = v.ServeDNS(ctx, w, q) }); got > alone {
			t.Errorf("a miss of %s allocates %v times, want %v", name, got, alone)
		}
	}
}

// 7, 9, 17: what is made of a denial of a name above an alias. Its records are
// those that came, but nothing is signed that says so.
func TestGuard(t *testing.T) {
	const soa = "corp.internal. 60 IN SOA a. b. 1 2 3 4 5"
	denial := func(change func(m *dns.Msg)) *dns.Msg {
		m := new(dns.Msg)
		m.Rcode, m.Authoritative, m.AuthenticatedData = dns.RcodeNameError, true, true
		m.Ns = append(make([]dns.RR, 0, 8), records([]string{soa})...)
		m.Answer, m.Extra = make([]dns.RR, 0, 8), make([]dns.RR, 0, 8)
		change(m)
		return m
	}
	for _, tt := range []struct {
		name  string
		below *dns.Msg
		want  string
	}{
		{"7, 17: a signed denial", denial(func(*dns.Msg) {}), "NOERROR aa\nauthority: corp.internal. 60 SOA a. b. 1 2 3 4 5"},
		{"17: with an EDE that is no access rule's", denial(func(m *dns.Msg) { withEDE(m, 3) }), "NOERROR aa\nauthority: corp.internal. 60 SOA a. b. 1 2 3 4 5\nOPT ede=3"},
		{"9: an access rule's denial", denial(func(m *dns.Msg) { withEDE(m, 15) }), "NXDOMAIN aa ad\nauthority: corp.internal. 60 SOA a. b. 1 2 3 4 5\nOPT ede=15"},
		{"3: a denial of what a CNAME leads to", denial(func(m *dns.Msg) {
			m.Answer = records([]string{"below.corp.internal. 60 IN CNAME nowhere.corp.internal."})
		}), "NXDOMAIN aa ad\nbelow.corp.internal. 60 CNAME nowhere.corp.internal.\nauthority: corp.internal. 60 SOA a. b. 1 2 3 4 5"},
		{"an answer", denial(func(m *dns.Msg) {
			m.Rcode, m.Ns, m.Answer = dns.RcodeSuccess, nil, records([]string{"below.corp.internal. 60 IN A 192.0.2.1"})
		}), "NOERROR aa ad\nbelow.corp.internal. 60 A 192.0.2.1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			next := func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
				tt.below.Question = r.Question
				return dns.RcodeSuccess, w.WriteMsg(tt.below)
			}
			v := above(next, [2]string{"deep.below.corp.internal.", "cache-v1.corp.internal."})
			before := tt.below.Copy()
			w := newWrites()
			if _, err := v.ServeDNS(context.Background(), w, withEDNS(question("below.corp.internal.", dns.TypeA), false)); err != nil {
				t.Fatal(err)
			}
			if got := show(w.Msg); got != tt.want || w.n != 1 {
				t.Errorf("got %d answers, the last\n%s\nwant one\n%s", w.n, got, tt.want)
			}
			if w.Msg != tt.below { // 15: there is room behind the sections of what is below
				w.Msg.Ns = append(w.Msg.Ns, new(dns.A))
			}
			if got := tt.below; show(got) != show(before) || cap(got.Ns) == 8 && got.Ns[:8][len(got.Ns)] != nil {
				t.Errorf("the answer below became\n%v\nwant\n%v", got, before)
			}
		})
	}
}

// What a plugin has packed itself is seen by whoever asked it, and is not the client's.
func TestPacked(t *testing.T) {
	const soa = "corp.internal. 60 IN SOA a. b. 1 2 3 4 5"
	packed := func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
		m := reply(r)
		m.Authoritative = true
		switch q := r.Question[0]; {
		case q.Name == "below.corp.internal.":
			m.Rcode, m.Ns = dns.RcodeNameError, records([]string{soa})
		case q.Qtype == dns.TypeSOA:
			m.Ns = records([]string{soa})
		case q.Name == "web.example.org.":
			m.Answer = records([]string{"web.example.org. 60 IN A 192.0.2.1"})
		case q.Qtype == dns.TypeA:
			m.Answer = records([]string{"cache-v1.corp.internal. 60 IN CNAME web.example.org."})
		}
		_, err := w.Write(pack(t, m))
		return dns.RcodeSuccess, err
	}
	v := above(packed, cacheAlias, [2]string{"far.corp.internal.", "web.example.org."}, [2]string{"deep.below.corp.internal.", "web.example.org."})
	server := serving(t, "example.org.", plugin.HandlerFunc(packed))
	ctx := context.WithValue(context.Background(), dnsserver.Key{}, server)
	for _, tt := range []struct {
		name    string
		flatten bool
		q       string
		want    string
	}{
		{"17: a name above an alias", false, "below.corp.internal. A", "NOERROR aa\nauthority: corp.internal. 60 SOA a. b. 1 2 3 4 5"},
		{"28: the SOA of the zone", true, "cache.corp.internal. AAAA", "NOERROR aa\nauthority: corp.internal. 5 SOA a. b. 1 2 3 4 5"},
		{"25: the end of a chain", true, "cache.corp.internal. A", "NOERROR aa\ncache.corp.internal. 5 A 192.0.2.1"},
		{"a target of another block", false, "far.corp.internal. A", "NOERROR aa\nfar.corp.internal. 5 CNAME web.example.org.\nweb.example.org. 60 A 192.0.2.1"},
		{"a target of another block, flattened", true, "far.corp.internal. A", "NOERROR aa\nfar.corp.internal. 5 A 192.0.2.1"},
	} {
		v.flatten = tt.flatten
		w := newWrites()
		if _, err := v.ServeDNS(ctx, w, exchange{q: tt.q}.message(t)); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if got := show(w.Msg); got != tt.want || w.n != 1 || w.octets != 0 {
			t.Errorf("%s: got %d answers and %d octets, the last answer\n%s\nwant one\n%s", tt.name, w.n, w.octets, got, tt.want)
		}
	}
	v.verifier = &verifier{plugin: v}
	v.verifier.see(context.WithValue(t.Context(), dnsserver.Key{}, server))
	if a := v.verifier.Verify(t.Context(), ledger.Probe{Target: "web.example.org.", Check: alias.CheckAddress}); a.Err != nil {
		t.Errorf("verify: %v", a.Err)
	}
}

// serving is a server of a zone that listens nowhere.
func serving(t *testing.T, zone string, h plugin.Handler) *dnsserver.Server {
	t.Helper()
	server, err := dnsserver.NewServer("dns://:0", []*dnsserver.Config{{
		Zone: zone, Plugin: []plugin.Plugin{func(plugin.Handler) plugin.Handler { return h }},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return server
}

// 18, 19: to CNAME and ANY the alias's CNAME is the whole answer, so that there is
// nothing that was cut off, or comes with it.
func TestCNAMEAlone(t *testing.T) {
	below := func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
		m := reply(r, "cache-v1.corp.internal. 60 IN A 192.0.2.1")
		m.Truncated, m.AuthenticatedData, m.Rcode = true, true, dns.RcodeNameError
		m.Ns, m.Extra = records([]string{"corp.internal. 60 IN NS ns.corp.internal."}), records([]string{"ns.corp.internal. 60 IN A 192.0.2.53"})
		return dns.RcodeSuccess, w.WriteMsg(m)
	}
	for _, qtype := range []uint16{dns.TypeCNAME, dns.TypeANY} {
		w := newWrites()
		if _, err := above(below, cacheAlias).ServeDNS(context.Background(), w, question("cache.corp.internal.", qtype)); err != nil {
			t.Fatal(err)
		}
		if got, want := show(w.Msg), "NOERROR aa\ncache.corp.internal. 5 CNAME cache-v1.corp.internal."; got != want {
			t.Errorf("%s got\n%s\nwant\n%s", dns.TypeToString[qtype], got, want)
		}
	}
}

// 13: names that a zone file escapes in one way and the wire in another are the
// same, label by label, in ASCII letters of either case.
func TestSame(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{".", ".", true},
		{".", "corp.internal.", false},
		{"Cache.corp.INTERNAL.", "cACHE.corp.internal.", true},
		{"cache.corp.internal.", "notcache.corp.internal.", false},
		{`my\032printer.corp.internal.`, `My\ Printer.corp.internal.`, true},
		{`\097bc.corp.internal.`, "ABC.corp.internal.", true},
		{`\a.corp.internal.`, "a.corp.internal.", true},
		{`a\.b.corp.internal.`, `a\046b.corp.internal.`, true},
		{`a\.b.corp.internal.`, "a.b.corp.internal.", false},
		{`\000.corp.internal.`, `\000.Corp.internal.`, true},
		{`\000.corp.internal.`, `\001.corp.internal.`, false},
		{`\@.corp.internal.`, "@.corp.internal.", true},
		{`\064.corp.internal.`, `\096.corp.internal.`, false},         // "@" and "`", which are 32 apart like "A" and "a"
		{`\195\137.corp.internal.`, `\195\169.corp.internal.`, false}, // É and é: letters of other scripts have no case
		{strings.Repeat(`\108`, 63) + ".", strings.Repeat("L", 63) + ".", true},
		{strings.Repeat(`\108`, 64) + ".", strings.Repeat("L", 64) + ".", false}, // no name
		{strings.Repeat(`\108.`, 127), strings.Repeat("l.", 127), true},          // 255 octets
	} {
		if got := same(tt.a, tt.b); got != tt.want {
			t.Errorf("same(%s, %s) got %v, want %v", tt.a, tt.b, got, tt.want)
		}
		if got := same(tt.b, tt.a); got != tt.want {
			t.Errorf("same(%s, %s) got %v, want %v", tt.b, tt.a, got, tt.want)
		}
	}
}
