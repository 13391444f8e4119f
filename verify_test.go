package versionalias

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/pkg/dnstest"
	"github.com/coredns/coredns/plugin/test"
	"github.com/miekg/dns"

	"github.com/octoenergy/versionalias/internal/program"
	"github.com/octoenergy/versionalias/plugin/alias"
	"github.com/octoenergy/versionalias/plugin/ledger"
)

// trial is a running plugin with verify, its store, and what is below it.
type trial struct {
	*VersionAlias
	t     *testing.T
	stop  func()
	mu    sync.Mutex
	value string
	n     int64
	more  []ledger.Parameter            // beside it
	below map[string]plugin.HandlerFunc // by target, without the zone
}

// startTrial starts one in a bubble of virtual time. Its store holds a document of
// cache.corp.internal, which is read every ten seconds; cache-v1 has an address.
func startTrial(t *testing.T, document string) *trial {
	t.Helper()
	tr := &trial{t: t, below: map[string]plugin.HandlerFunc{"cache-v1": addressed}}
	tr.put(document)
	i := new(instance)
	tr.VersionAlias = fed(t, i, &source{sweep: func(context.Context) ([]ledger.Parameter, error) {
		tr.mu.Lock()
		defer tr.mu.Unlock()
		p := cache(tr.value, tr.n)
		p[0].Modified = p[0].Modified.Add(time.Duration(tr.n) * time.Second)
		return append(p, tr.more...), nil
	}}, verify)
	tr.verifier.see(context.WithValue(t.Context(), dnsserver.Key{}, new(dnsserver.Server))) // so that what is found counts
	tr.Next = plugin.HandlerFunc(func(ctx context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
		name := strings.TrimSuffix(strings.ToLower(r.Question[0].Name), ".corp.internal.")
		tr.mu.Lock()
		handler := tr.below[name]
		tr.mu.Unlock()
		if handler == nil {
			handler = rcoded(dns.RcodeNameError)
		}
		return handler(ctx, w, r)
	})
	if err := i.load(); err != nil {
		t.Fatal(err)
	}
	i.run()
	tr.stop = func() {
		if err := i.stop(); err != nil {
			t.Error(err)
		}
	}
	return tr
}

// put writes a document.
func (tr *trial) put(document string) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.value = document
	tr.n++
}

// set makes the chain below answer so for a target.
func (tr *trial) set(target string, handler plugin.HandlerFunc) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.below[target] = handler
}

// target is where a client is led that asks for the alias, without the zone.
func (tr *trial) target() string {
	tr.t.Helper()
	w := dnstest.NewRecorder(&test.ResponseWriter{})
	if _, err := tr.ServeDNS(context.Background(), w, question("cache.corp.internal.", dns.TypeCNAME)); err != nil || w.Msg == nil || len(w.Msg.Answer) != 1 {
		tr.t.Fatalf("got %v\n%s", err, show(w.Msg))
	}
	return strings.TrimSuffix(w.Msg.Answer[0].(*dns.CNAME).Target, ".corp.internal.")
}

// holds asks every 100 ms for a while, and fails if a client is led elsewhere.
func (tr *trial) holds(target string, d time.Duration) {
	tr.t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); <-time.After(100 * time.Millisecond) {
		if got := tr.target(); got != target {
			tr.t.Fatalf("a client is led to %s, want %s", got, target)
		}
	}
}

// turns waits until a client is led there, and tells how long that took.
func (tr *trial) turns(target string, most time.Duration) {
	tr.t.Helper()
	for began := time.Now(); tr.target() != target; <-time.After(100 * time.Millisecond) {
		if time.Since(began) > most {
			tr.t.Fatalf("after %v a client is led to %s, want %s", most, tr.target(), target)
		}
	}
}

// What targets may answer with.
func addressed(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
	if r.Question[0].Qtype != dns.TypeA && r.Question[0].Qtype != dns.TypeCNAME {
		return dns.RcodeSuccess, w.WriteMsg(reply(r))
	}
	return dns.RcodeSuccess, w.WriteMsg(reply(r, r.Question[0].Name+" 60 IN A 192.0.2.1"))
}

func only6(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
	if r.Question[0].Qtype != dns.TypeAAAA {
		return dns.RcodeSuccess, w.WriteMsg(reply(r))
	}
	return dns.RcodeSuccess, w.WriteMsg(reply(r, r.Question[0].Name+" 60 IN AAAA 2001:db8::1"))
}

// failedWith is a failure with an address, of which clients are not told.
func failedWith(rcode int) plugin.HandlerFunc {
	return func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
		m := reply(r, r.Question[0].Name+" 60 IN A 192.0.2.1")
		m.Rcode = rcode
		return dns.RcodeSuccess, w.WriteMsg(m)
	}
}

// leadsBack is what a zone has that leads to the alias: what that is by now.
func leadsBack(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
	return dns.RcodeSuccess, w.WriteMsg(reply(r, r.Question[0].Name+" 60 IN CNAME Cache.corp.internal.",
		"Cache.corp.internal. 5 IN CNAME cache-v1.corp.internal.", "cache-v1.corp.internal. 60 IN A 192.0.2.1"))
}

func rcoded(rcode int) plugin.HandlerFunc {
	return func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
		return dns.RcodeSuccess, w.WriteMsg(new(dns.Msg).SetRcode(r, rcode))
	}
}

// No client is led to a target that does not verify; once it does, the flip goes
// through by itself.
func TestVerify(t *testing.T) {
	for _, tt := range []struct {
		name  string
		below plugin.HandlerFunc
		check string // "address" if it is not said
		want  string // why it waits
		good  plugin.HandlerFunc
	}{
		{"it does not exist", rcoded(dns.RcodeNameError), "", "found NXDOMAIN, want an address", addressed},
		{"it has no address", rcoded(dns.RcodeSuccess), "", "found no record, want an address", only6},
		{"SERVFAIL", rcoded(dns.RcodeServerFailure), "", "found SERVFAIL, want an address", addressed},
		{"REFUSED", rcoded(dns.RcodeRefused), "", "found REFUSED, want an address", addressed},
		{"it times out", func(ctx context.Context, _ dns.ResponseWriter, _ *dns.Msg) (int, error) {
			<-ctx.Done()
			return dns.RcodeServerFailure, fmt.Errorf("read: %w", ctx.Err())
		}, "", "read: context deadline exceeded", addressed},
		{"nobody writes an answer", func(context.Context, dns.ResponseWriter, *dns.Msg) (int, error) {
			return dns.RcodeRefused, nil
		}, "", "found REFUSED, want an address", addressed},
		{"it is dropped", func(context.Context, dns.ResponseWriter, *dns.Msg) (int, error) { return dns.RcodeSuccess, nil },
			"", "found that the question was dropped, want an answer", addressed},
		{"an error", func(context.Context, dns.ResponseWriter, *dns.Msg) (int, error) {
			return dns.RcodeServerFailure, errors.New("no route to host")
		}, "", "no route to host", addressed},
		{"a rule forbids it", func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
			m := withEDNS(reply(r, r.Question[0].Name+" 60 IN A 192.0.2.1"), false)
			m.IsEdns0().Option = []dns.EDNS0{&dns.EDNS0_EDE{InfoCode: dns.ExtendedErrorCodeFiltered}}
			return dns.RcodeSuccess, w.WriteMsg(m)
		}, "", "found that an access rule forbids it, want an answer", addressed},
		{"a plugin panics", func(context.Context, dns.ResponseWriter, *dns.Msg) (int, error) { panic("oops") },
			"", "found a panic, want an answer: oops", addressed},
		{"it is packed", func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
			wire, err := new(dns.Msg).SetRcode(r, dns.RcodeNameError).Pack()
			if err == nil {
				_, err = w.Write(wire)
			}
			return dns.RcodeSuccess, err
		}, "", "found NXDOMAIN, want an address", addressed},
		{"no such name", rcoded(dns.RcodeNameError), "name", "found NXDOMAIN, want a name that exists", rcoded(dns.RcodeSuccess)},
		{"no answer for a name", rcoded(dns.RcodeServerFailure), "name", "found SERVFAIL, want a name that exists", rcoded(dns.RcodeSuccess)},
		{"NXDOMAIN with an address", failedWith(dns.RcodeNameError), "", "found NXDOMAIN, want an address", addressed},
		{"SERVFAIL with an address", failedWith(dns.RcodeServerFailure), "", "found SERVFAIL, want an address", addressed},
		{"CNAMEs to what nobody here has", func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
			return dns.RcodeSuccess, w.WriteMsg(reply(r, "cache-v2.corp.internal. 60 IN CNAME db.corp.internal.", "db.corp.internal. 60 IN CNAME db.example.org."))
		}, "", "found a CNAME to db.example.org., which has no address here, want an address", addressed},
		{"a sinkhole", func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
			data := "A 0.0.0.0"
			if r.Question[0].Qtype == dns.TypeAAAA {
				data = "AAAA ::"
			}
			return dns.RcodeSuccess, w.WriteMsg(reply(r, "cache-v2.corp.internal. 60 IN "+data))
		}, "", "found no address but 0.0.0.0 or ::, want another one", addressed},
		{"another name's address", func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
			return dns.RcodeSuccess, w.WriteMsg(reply(r, "cache-v1.corp.internal. 60 IN A 192.0.2.1"))
		}, "", "found no record, want an address", func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
			return dns.RcodeSuccess, w.WriteMsg(reply(r, "cache-v1.corp.internal. 60 IN A 192.0.2.1",
				"Cache-v2.corp.internal. 60 IN CNAME Cache-v1.corp.internal."))
		}},
		{"it leads back", leadsBack, "", "found that it leads back to alias cache.corp.internal., want a target that does not", addressed},
		{"a name that leads back", leadsBack, "name", "found that it leads back to alias cache.corp.internal., want a target that does not", addressed},
		{"no address to connect to", rcoded(dns.RcodeSuccess), "tcp:80", "found no record, want an address", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out := capture(t)
			synctest.Test(t, func(t *testing.T) {
				tr := startTrial(t, "cache-v1.corp.internal")
				defer tr.stop()
				tr.set("cache-v2", tt.below)
				document := "cache-v2.corp.internal"
				if tt.check != "" {
					document = fmt.Sprintf(`{"to": "cache-v2.corp.internal", "check": %q}`, tt.check)
				}
				tr.put(document)
				tr.holds("cache-v1", 5*time.Minute)
				if err := metric(`pending{alias="cache.corp.internal.",zone="corp.internal."}`, "1"); err != nil {
					t.Error(err)
				}
				if tt.good == nil {
					return
				}
				tr.set("cache-v2", tt.good)
				tr.turns("cache-v2", 36*time.Second)
				if metric(`pending{alias="cache.corp.internal.",zone="corp.internal."}`, "1") == nil {
					t.Error("it is still pending")
				}
			})
			want := "pending parameter /dns/cache, version 2 of 2026-11-22T23:10:01Z: verify target cache-v2.corp.internal.: " + tt.want + "; version 1 stays in force\n"
			if got := out.lines() + "\n"; strings.Count(got, want) != 1 || strings.Count(got, "pending") != 1 {
				t.Errorf("logged\n%swant once\n%s", got, want)
			}
		})
	}
}

// The first load is adopted without waiting: what does not verify is told, and
// stays.
func TestVerifyFirstLoad(t *testing.T) {
	out := capture(t)
	const unverified = `unverified{alias="cache.corp.internal.",target="cache-v0.corp.internal.",zone="corp.internal."}`
	synctest.Test(t, func(t *testing.T) {
		tr := startTrial(t, "cache-v0.corp.internal")
		defer tr.stop()
		tr.holds("cache-v0", time.Hour)
		if err := metric(unverified, "1"); err != nil {
			t.Error(err)
		}
		tr.set("cache-v0", addressed)
		tr.holds("cache-v0", 31*time.Second)
		if metric(unverified, "1") == nil {
			t.Error("it verifies by now, and is shown as one that does not")
		}
	})
	const want = `[INFO] loaded 1 aliases from 1 parameters
[WARNING] target cache-v0.corp.internal. is in force, and does not verify: found NXDOMAIN, want an address
[INFO] target cache-v0.corp.internal. verifies by now`
	if got := strings.ReplaceAll(out.lines(), "plugin/versionalias: ", ""); got != want {
		t.Errorf("logged\n%s\nwant\n%s", got, want)
	}
}

// What failed before the server was known is not believed, though a query told of it in
// the meantime.
func TestVerifyBeforeTheServer(t *testing.T) {
	v := above(nil)
	v.verifier = &verifier{plugin: v}
	v.entry = plugin.HandlerFunc(func(ctx context.Context, _ dns.ResponseWriter, _ *dns.Msg) (int, error) {
		v.verifier.see(context.WithValue(ctx, dnsserver.Key{}, new(dnsserver.Server)))
		return dns.RcodeServerFailure, errors.New("no upstream")
	})
	for _, unasked := range []bool{true, false} {
		a := v.verifier.Verify(t.Context(), ledger.Probe{Target: "cache-v1.corp.internal.", Check: alias.CheckName})
		if a.Err == nil || a.Unasked != unasked {
			t.Errorf("got %+v, want a failure and unasked %v", a, unasked)
		}
	}
}

// Listeners of one block need not serve the same: a target is there if one that queries came by has
// it, whichever that is.
func TestVerifyByAnyListener(t *testing.T) {
	with, without := serving(t, "example.org.", plugin.HandlerFunc(addressed)), serving(t, "example.net.", plugin.HandlerFunc(addressed))
	for _, tt := range []struct {
		name    string
		queries []*dnsserver.Server
		want    string
	}{
		{"none", nil, "found no query yet that tells which server to ask, want one"},
		{"one that has not", []*dnsserver.Server{without, without}, "found REFUSED, want an address"},
		{"one that has not, and one that has", []*dnsserver.Server{without, with}, "<nil>"},
		{"the other way round", []*dnsserver.Server{with, without, with}, "<nil>"},
	} {
		v := above(nil)
		v.verifier = &verifier{plugin: v}
		for _, s := range tt.queries {
			v.verifier.see(context.WithValue(t.Context(), dnsserver.Key{}, s))
		}
		a := v.verifier.Verify(t.Context(), ledger.Probe{Target: "web-v2.example.org."})
		if got := fmt.Sprint(a.Err); got != tt.want || a.Unasked != (tt.queries == nil) {
			t.Errorf("%s: got %s, unasked %v, want %s", tt.name, got, a.Unasked, tt.want)
		}
	}
}

// A target that is an alias of what nobody serves is no name that exists, though clients
// are told the CNAME.
func TestVerifyOfARefusedTarget(t *testing.T) {
	v := above(func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
		return dns.RcodeSuccess, w.WriteMsg(new(dns.Msg).SetRcode(r, dns.RcodeRefused))
	}, cacheAlias)
	v.verifier = &verifier{plugin: v}
	a := v.verifier.Verify(t.Context(), ledger.Probe{Target: "cache.corp.internal.", Check: alias.CheckName})
	if got, want := fmt.Sprint(a.Err), "found REFUSED, want a name that exists"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// What fails is said once, whichever upstream is asked in vain each time.
func TestVerifySaysOnce(t *testing.T) {
	for _, tt := range []struct{ name, first, then, want string }{
		{"in force", "cache-v2", "", "target cache-v2.corp.internal. is in force, and does not verify: read udp 10.0.0.1:53: i/o timeout"},
		{"pending", "cache-v1", "cache-v2", "pending parameter /dns/cache, version 2 of 2026-11-22T23:10:01Z: verify target cache-v2.corp.internal.: read udp 10.0.0.1:53: i/o timeout; version 1 stays in force"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out := capture(t)
			synctest.Test(t, func(t *testing.T) {
				tr := startTrial(t, tt.first+".corp.internal")
				defer tr.stop()
				var asked atomic.Int32
				tr.set("cache-v2", func(context.Context, dns.ResponseWriter, *dns.Msg) (int, error) {
					addr := &net.UDPAddr{IP: net.IPv4(10, 0, 0, byte(1+(asked.Add(1)-1)/2%2)), Port: 53} // A and AAAA are one probe
					return dns.RcodeServerFailure, &net.OpError{Op: "read", Net: "udp", Addr: addr, Err: os.ErrDeadlineExceeded}
				})
				if tt.then != "" {
					tr.put(tt.then + ".corp.internal")
				}
				<-time.After(time.Hour)
			})
			want := "[INFO] loaded 1 aliases from 1 parameters\n[WARNING] " + tt.want
			if got := strings.ReplaceAll(out.lines(), "plugin/versionalias: ", ""); got != want {
				t.Errorf("logged\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// A rollback acts with the next sweep, whatever the old target has come to; so does
// the emergency exit.
func TestVerifyRollback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := startTrial(t, "cache-v1.corp.internal")
		defer tr.stop()
		tr.set("cache-v2", addressed)
		tr.put("cache-v2.corp.internal")
		tr.turns("cache-v2", 12*time.Second)
		tr.set("cache-v1", rcoded(dns.RcodeNameError))
		tr.put("cache-v1.corp.internal")
		tr.turns("cache-v1", 12*time.Second)
		tr.put(`{"from": "cache-v1.corp.internal", "to": "cache-v2.corp.internal", "percent": 100}`)
		tr.set("cache-v2", rcoded(dns.RcodeNameError))
		tr.turns("cache-v2", 12*time.Second)
		tr.put(`{"to": "cache-v3.corp.internal", "check": "none"}`)
		tr.turns("cache-v3", 12*time.Second)
	})
}

// Both targets of a ramp verify long before it starts. A start that passes while one
// does not moves nobody until it does.
func TestVerifyRamp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := startTrial(t, "cache-v1.corp.internal")
		defer tr.stop()
		start := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
		tr.put(`{"from": "cache-v1.corp.internal", "to": "cache-v2.corp.internal", "start": "` + start + `"}`)
		tr.holds("cache-v1", 2*time.Hour)
		tr.set("cache-v2", addressed)
		tr.turns("cache-v2", 36*time.Second)
	})
	synctest.Test(t, func(t *testing.T) {
		tr := startTrial(t, "cache-v1.corp.internal")
		defer tr.stop()
		began := time.Now()
		tr.set("cache-v2", addressed)
		tr.put(`{"from": "cache-v1.corp.internal", "to": "cache-v2.corp.internal", "start": "` + began.Add(time.Hour).UTC().Format(time.RFC3339) + `"}`)
		<-time.After(time.Minute)
		tr.set("cache-v2", rcoded(dns.RcodeNameError)) // what verified once is adopted
		tr.holds("cache-v1", time.Until(began.Add(time.Hour)))
		tr.turns("cache-v2", time.Second)
	})
}

// Verification holds up neither sweeps nor other documents, and asks for 16 targets
// at once at most, A and AAAA of each, for 5 seconds.
func TestVerifyManyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := startTrial(t, "cache-v1.corp.internal")
		defer tr.stop()
		var active, most int
		hang := func(ctx context.Context, _ dns.ResponseWriter, _ *dns.Msg) (int, error) {
			tr.mu.Lock()
			active++
			most = max(most, active)
			tr.mu.Unlock()
			<-ctx.Done()
			tr.mu.Lock()
			active--
			tr.mu.Unlock()
			return dns.RcodeServerFailure, ctx.Err()
		}
		var entries []string
		for i := range 40 {
			target := fmt.Sprintf("hang-%d", i)
			tr.set(target, hang)
			entries = append(entries, fmt.Sprintf(`"a%d": "%s.corp.internal"`, i, target))
		}
		tr.mu.Lock()
		tr.more = []ledger.Parameter{{Name: "/dns/many", Value: `{"aliases": {` + strings.Join(entries, ", ") + `}}`, Version: 1}}
		tr.mu.Unlock()
		<-time.After(time.Minute)
		tr.set("cache-v2", addressed)
		tr.put("cache-v2.corp.internal")
		tr.turns("cache-v2", 16*time.Second) // the next sweep, and once one of those that hang gives up
		if most != 2*16 {
			t.Errorf("%d questions were under way at once, want 2 of each of 16 probes", most)
		}
	})
}

// Of a real server: a target in another block is pending until a query tells which
// server there is to ask; acl sees 127.0.0.1; a port has to accept.
func TestVerifyOfServer(t *testing.T) {
	reserved, listen := reservePort(t)
	s := startServer(t, `
		corp.internal:0 {
			bind 127.0.0.1
			root DIR
			acl {
				allow net 127.0.0.1/32
				block
			}
			versionalias {
				directory aliases
				refresh 1s
				verify
			}
			file corp.zone
		}
		other.internal:0 {
			bind 127.0.0.1
			root DIR
			file other.zone
		}`, files{
		"corp.zone":     corpZone + "local A 127.0.0.1\nours CNAME db.example.org.\n",
		"other.zone":    strings.ReplaceAll(corpZone, "corp.internal", "other.internal") + "theirs CNAME Cache.corp.internal.\n",
		"aliases/cache": "cache-v1.corp.internal",
		"aliases/other": "cache-v1.corp.internal",
		"aliases/tcp":   "cache-v1.corp.internal",
	})
	waits := func(name, want string) {
		t.Helper()
		waitsFor(t, name, want)
	}
	s.write("aliases/other", "cache-v2.other.internal")
	waits("other.corp.internal.", "verify target cache-v2.other.internal.: found no query yet that tells which server to ask, want one")
	s.write("aliases/cache", "cache-v2.corp.internal")
	waits("cache.corp.internal.", "") // it needs none
	if got := show(exchange{q: "other.corp.internal. CNAME"}.ask(t, s)); !strings.Contains(got, "CNAME cache-v1.corp.internal.") {
		t.Errorf("while it is pending got\n%s", got)
	}
	waits("other.corp.internal.", "")
	s.write("aliases/tcp", `{"to": "local.corp.internal", "check": "tcp:`+reserved+`"}`)
	waits("tcp.corp.internal.", `verify target local.corp.internal.: found none of 1 addresses that accepts at port \d+, want one: dial tcp 127.0.0.1:\d+: connect: connection refused`)
	listen()
	waits("tcp.corp.internal.", "")
	s.write("aliases/other", "nowhere.example.org")
	waits("other.corp.internal.", "verify target nowhere.example.org.: found REFUSED, want an address")
	s.write("aliases/other", "ours.corp.internal")
	waits("other.corp.internal.", "verify target ours.corp.internal.: found a CNAME to db.example.org., which has no address here, want an address")
	s.write("aliases/cache", "theirs.other.internal")
	waits("cache.corp.internal.", "verify target theirs.other.internal.: found that it leads back to alias cache.corp.internal., want a target that does not")
	for _, x := range []exchange{
		{q: "cache.corp.internal. CNAME", want: "NOERROR aa\ncache.corp.internal. 5 CNAME cache-v2.corp.internal."},
		{q: "other.corp.internal. CNAME", want: "NOERROR aa\nother.corp.internal. 5 CNAME cache-v2.other.internal."},
		{q: "tcp.corp.internal. CNAME", want: "NOERROR aa\ntcp.corp.internal. 5 CNAME local.corp.internal."},
	} {
		if got := show(x.ask(t, s)); got != x.want {
			t.Errorf("%s got\n%s\nwant\n%s", x.q, got, x.want)
		}
	}
}

// reservePort is a port that refuses connections until listen is called, and that nobody else gets.
func reservePort(t *testing.T) (port string, listen func()) {
	t.Helper()
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(socket) })
	if err := syscall.Bind(socket, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(socket)
	if err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(name.(*syscall.SockaddrInet4).Port), func() {
		t.Helper()
		if err := syscall.Listen(socket, 16); err != nil {
			t.Fatal(err)
		}
	}
}

// waitsFor waits until the newest document of an alias waits for a reason, or for none.
func waitsFor(t *testing.T, name, want string) {
	t.Helper()
	f := running.all[0].plugins[0].feed
	for deadline := time.Now().Add(program.Patience); ; <-time.After(5 * time.Millisecond) {
		got := ""
		for _, w := range f.ledger.Load().Waiting() {
			if w.Name == alias.Name(name) {
				got = fmt.Sprint(w.Err)
			}
		}
		if matched, _ := regexp.MatchString("^"+want+"$", got); matched {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s waits for %q, want %q", name, got, want)
		}
	}
}

// What leads back to its alias over a CNAME of another zone waits, however that is hidden;
// what does not comes into force, also if the answer has the alias's name.
func TestVerifyOfWhatLeadsBack(t *testing.T) {
	upstream := dnstest.NewServer(func(w dns.ResponseWriter, r *dns.Msg) {
		m := reply(r)
		if q := r.Question[0]; q.Name == "lb.example.org." && q.Qtype == dns.TypeA {
			m = reply(r, "lb.example.org. 60 IN CNAME public.corp.internal.", "public.corp.internal. 60 IN A 192.0.2.7")
		}
		m.RecursionAvailable = true
		_ = w.WriteMsg(m)
	})
	defer upstream.Close()
	leads := func(name, target string) bool {
		e := running.all[0].plugins[0].table.Load().Get(alias.Name(name))
		return e != nil && string(e.Target) == target
	}
	for _, mode := range []string{"cname", "flatten"} {
		s := startServer(t, strings.NewReplacer("MODE", mode, "UPSTREAM", upstream.Addr).Replace(`
			corp.internal:0 {
				bind 127.0.0.1
				root DIR
				versionalias {
					directory aliases
					refresh 1s
					answer MODE
					verify
				}
				file corp.zone
			}
			other.internal:0 {
				bind 127.0.0.1
				root DIR
				file other.zone
			}
			example.org:0 {
				bind 127.0.0.1
				forward . UPSTREAM
			}`), files{
			"corp.zone": corpZone,
			"other.zone": strings.ReplaceAll(corpZone, "corp.internal", "other.internal") +
				"below CNAME x.web.corp.internal.\nkept CNAME x.keep.corp.internal.\nx.kept A 192.0.2.8\n" +
				"ta CNAME b.corp.internal.\ntb CNAME a.corp.internal.\ntc CNAME d.corp.internal.\nte CNAME f.corp.internal.\ntf CNAME e.corp.internal.\nold A 192.0.2.9\nx.old A 192.0.2.9\n",
			"aliases/a":      "cache-v1.corp.internal",
			"aliases/b":      "tb.other.internal",
			"aliases/places": `{"aliases": {"c": "cache-v1.corp.internal", "d": "c.corp.internal"}}`,
			"aliases/web":    `{"to": "cache-v1.corp.internal", "subtree": "collapse"}`,
			"aliases/keep":   `{"to": "old.other.internal", "subtree": "keep"}`,
			"aliases/public": "cache-v1.corp.internal",
			"aliases/e":      "cache-v1.corp.internal",
			"aliases/f":      "cache-v1.corp.internal",
		})
		exchange{q: "a.corp.internal. A"}.ask(t, s)
		for _, tt := range []struct {
			name, file, document, target string
			back                         bool
		}{
			{"a", "a", "ta.other.internal", "ta.other.internal", true},
			{"web", "web", `{"to": "below.other.internal", "subtree": "collapse"}`, "below.other.internal", true},
			{"keep", "keep", `{"to": "kept.other.internal", "subtree": "keep"}`, "kept.other.internal", false}, // x.kept leads on
			// With CNAMEs the answer would have more than one of the alias's name.
			{"public", "public", "lb.example.org", "lb.example.org", mode == "cname"},
			{"c", "places", `{"aliases": {"c": "tc.other.internal", "d": "cache-v1.corp.internal"}}`, "tc.other.internal", false},
		} {
			s.write("aliases/"+tt.file, tt.document)
			name, target := tt.name+".corp.internal.", tt.target+"."
			if tt.back {
				waitsFor(t, name, "verify target "+target+": found that it leads back to alias "+name+", want a target that does not")
				continue
			}
			for deadline := time.Now().Add(program.Patience); !leads(name, target); <-time.After(5 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("%s: %s does not lead to %s: %v", mode, name, target, running.all[0].plugins[0].feed.ledger.Load().Waiting())
				}
			}
		}
		got := running.all[0].plugins[0].verifier.Verify(t.Context(), ledger.Probe{Target: "kept.other.internal."})
		if over := alias.Name("x.keep.corp.internal."); got.Err != nil || !slices.Contains(got.Over, over) {
			t.Errorf("%s: kept.other.internal leads over %v, %v, want %s among them", mode, got.Over, got.Err, over)
		}
		s.write("aliases/e", "te.other.internal")
		s.write("aliases/f", "tf.other.internal")
		waits, target := "f", "tf"
		for deadline := time.Now().Add(program.Patience); !leads("e.corp.internal.", "te.other.internal."); <-time.After(5 * time.Millisecond) {
			if leads("f.corp.internal.", "tf.other.internal.") { // it was read or answered first
				waits, target = "e", "te"
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s: neither e nor f has flipped: %v", mode, running.all[0].plugins[0].feed.ledger.Load().Waiting())
			}
		}
		waitsFor(t, waits+".corp.internal.", "verify target "+target+".other.internal.: found that it leads back to alias "+waits+".corp.internal., want a target that does not")
		s.stop()
	}
}

// What names are told of an answer, beside the aliases that a probe was led over.
func TestPassageNames(t *testing.T) {
	const target, away = "v2.corp.internal. 60 IN CNAME Away.example.org.", "away.example.org. 60 IN CNAME cache.corp.internal."
	for _, tt := range []struct {
		name    string
		answer  []string
		flatten bool
		want    string
	}{
		{"with CNAMEs", []string{target, away, "cache.corp.internal. 60 IN A 192.0.2.1"}, false, "web.corp.internal. away.example.org. cache.corp.internal."},
		{"flattened", []string{target, away, "cache.corp.internal. 60 IN A 192.0.2.1"}, true, "web.corp.internal."},
		{"flattened, and the end is asked for yet", []string{target, away}, true, "web.corp.internal. away.example.org. cache.corp.internal."},
		{"nothing", nil, true, "web.corp.internal."},
	} {
		p := passage{aliases: []alias.Name{"web.corp.internal."}}
		var got []string
		for _, name := range p.names(records(tt.answer), "v2.corp.internal.", tt.flatten) {
			got = append(got, string(name))
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// An alias may lead to a name of which nothing but a document with a fault is known, though whoever
// asks for that name itself is told of no answer.
func TestVerifyOfAHeldName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := startTrial(t, "cache-v1.corp.internal")
		defer tr.stop()
		tr.set("cache-v2", addressed)
		tr.mu.Lock()
		tr.more = []ledger.Parameter{{Name: "/dns/cache-v2", Value: "cache", Version: 1}} // name and target mixed up
		tr.mu.Unlock()
		<-time.After(12 * time.Second)
		if mark := tr.table.Load().Lookup("cache-v2.corp.internal.").Mark; mark.Orphan() == "" {
			t.Fatal("cache-v2 is not held")
		}
		tr.put("cache-v2.corp.internal")
		tr.turns("cache-v2", 12*time.Second)
	})
}

// Our own questions are nobody's who asks for an alias that another one leads to.
func TestVerifyDoesNotCountForAliases(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := startTrial(t, "cache-v1.corp.internal")
		defer tr.stop()
		tr.mu.Lock()
		tr.more = []ledger.Parameter{{Name: "/dns/web", Value: "cache-v1.corp.internal", Version: 1}}
		tr.mu.Unlock()
		<-time.After(time.Minute)
		tr.put("web.corp.internal")
		<-time.After(time.Minute)
		if got := tr.table.Load().Get("cache.corp.internal.").Target; got != "web.corp.internal." {
			t.Errorf("cache leads to %s, want web, which has an address", got)
		}
		e := tr.table.Load().Get("web.corp.internal.")
		if e == nil {
			t.Fatal("found no alias web")
		}
		if _, all := e.Answered(); all > 0 {
			t.Errorf("counted are %d queries, want none", all)
		}
	})
}

// Our own questions are nobody's who asks for a retired name.
func TestVerifyDoesNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := startTrial(t, "cache-v1.corp.internal")
		defer tr.stop()
		tr.set("cache-v2", addressed)
		tr.set("cache-v3", addressed)
		for _, target := range []string{"cache-v2", "cache-v3"} {
			tr.put(target + ".corp.internal")
			tr.turns(target, 12*time.Second)
		}
		<-time.After(time.Minute)
		tr.set("cache-v1", rcoded(dns.RcodeNameError))
		tr.put("cache-v1.corp.internal")
		<-time.After(10 * time.Minute)
		if r := tr.table.Load().Retired("cache-v1.corp.internal."); r == nil || r.Queries() > 0 {
			t.Errorf("counted is %v, want no query", r)
		}
	})
}

// An address will do though the question for the other kind is never answered, and one
// that accepts though the addresses of the other kind do not.
func TestVerifyOfOneKind(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	open := port(l.Addr().String())
	for _, tt := range []struct{ name, check, a, aaaa, want string }{ // records' data, "hang", or none
		{"no answer for AAAA", "address", "127.0.0.1", "hang", ""},
		{"no answer for A", "address", "hang", "2001:db8::1", ""},
		{"a port, and no answer for AAAA", "tcp:" + open, "127.0.0.1", "hang", ""},
		{"a port, and no answer for A", "tcp:" + open, "hang", "::ffff:127.0.0.1", ""},
		{"a port of AAAA only", "tcp:" + open, "127.0.0.2", "::ffff:127.0.0.1", ""},
		{"a port of none", "tcp:" + open, "127.0.0.3 127.0.0.2", "::ffff:127.0.0.4",
			"found none of 3 addresses that accepts at port " + open + ", want one: dial tcp 127.0.0.2:" + open + ": connect: connection refused"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := fed(t, new(instance), &source{}, verify)
			v.Next = plugin.HandlerFunc(func(ctx context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
				qtype, data := dns.TypeToString[r.Question[0].Qtype], tt.a
				if qtype == "AAAA" {
					data = tt.aaaa
				}
				if data == "hang" {
					<-ctx.Done()
					return dns.RcodeServerFailure, ctx.Err()
				}
				var records []string
				for addr := range strings.FieldsSeq(data) {
					records = append(records, r.Question[0].Name+" 60 IN "+qtype+" "+addr)
				}
				return dns.RcodeSuccess, w.WriteMsg(reply(r, records...))
			})
			document := fmt.Sprintf(`{"to": "cache-v2.corp.internal", "check": %q}`, tt.check)
			l, _ := v.feed.empty().Apply(cache("cache-v1.corp.internal", 1), time.Now())
			l, _ = l.Apply(cache(document, 2), time.Now())
			probes, _ := l.Probes(time.Now(), 1)
			ctx, cancel := context.WithTimeout(t.Context(), program.Patience)
			defer cancel()
			got := v.verifier.Verify(ctx, probes[0]).Err
			if fmt.Sprint(got) != cmp.Or(tt.want, fmt.Sprint(nil)) {
				t.Errorf("got %v, want %q", got, tt.want)
			}
		})
	}
}

// That nobody accepts reads the same each time, in whatever order the addresses come.
func TestDialOrder(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := port(l.Addr().String())
	l.Close()
	number, err := strconv.ParseUint(closed, 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	want := "dial tcp 127.0.0.1:" + closed + ": connect: connection refused"
	for _, order := range []string{"127.0.0.1 127.0.0.2", "127.0.0.2 127.0.0.1"} {
		var addrs []netip.Addr
		for addr := range strings.FieldsSeq(order) {
			addrs = append(addrs, netip.MustParseAddr(addr))
		}
		if err := dial(t.Context(), addrs, uint16(number)); err == nil || err.Error() != want {
			t.Errorf("with %s got %v, want %s", order, err, want)
		}
	}
}

// What comes truncated over UDP is asked again over TCP.
func TestVerifyTruncated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := startTrial(t, "cache-v1.corp.internal")
		defer tr.stop()
		tr.set("cache-v2", func(ctx context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
			if _, tcp := w.RemoteAddr().(*net.TCPAddr); tcp {
				return addressed(ctx, w, r)
			}
			m := reply(r)
			m.Truncated = true
			return dns.RcodeSuccess, w.WriteMsg(m)
		})
		tr.put("cache-v2.corp.internal")
		tr.turns("cache-v2", 12*time.Second)
	})
}

// A stop waits for the questions under way, and for none after them.
func TestVerifyStops(t *testing.T) {
	for _, tt := range []struct {
		name      string
		truncated bool
	}{{"an error", false}, {"truncated", true}} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const takes = 3 * time.Second // whoever stops meanwhile
				tr := startTrial(t, "cache-v1.corp.internal")
				tr.set("cache-v2", func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
					<-time.After(takes)
					if !tt.truncated {
						return dns.RcodeServerFailure, errors.New("i/o timeout")
					}
					m := reply(r)
					m.Truncated = true
					return dns.RcodeSuccess, w.WriteMsg(m)
				})
				tr.put("cache-v2.corp.internal")
				tr.feed.watcher.Hint()
				synctest.Wait()
				began := time.Now()
				tr.stop()
				if got := time.Since(began); got != takes {
					t.Errorf("the stop took %v, want %v", got, takes)
				}
			})
		})
	}
}

// An error reads the same each time, whatever port was asked from.
func TestSteadyErrors(t *testing.T) {
	tcp := func(port int) net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port} }
	err := fmt.Errorf("forward: %w", &net.OpError{Op: "read", Net: "tcp", Source: tcp(40001), Addr: tcp(53), Err: errors.New("i/o timeout")})
	if got, want := steady(err).Error(), "read tcp 127.0.0.1:53: i/o timeout"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, err := range []error{nil, errors.New("oops"), &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("oops")}} {
		if steady(err) != err {
			t.Errorf("%v became %v", err, steady(err))
		}
	}
}
