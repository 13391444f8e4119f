package versionalias

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/octoenergy/versionalias/internal/figure"
	"github.com/octoenergy/versionalias/internal/process"
)

// observer asks one question in its own way, and sees when the answer changes.
type observer struct {
	name     string
	ask      func(q *dns.Msg) (*dns.Msg, error)
	q        *dns.Msg
	old, now string
	begin    time.Duration // it asks for the first time so long after the flip was written
	gap      time.Duration // between two questions
	late     time.Duration // how long after the instant it may still be told the old answer
	// When the last old answer was asked for, and the first new one came.
	lastOld, firstNew time.Time
	asked             int
}

// watch asks all the time, until end.
func (o *observer) watch(t *testing.T, end time.Time) {
	<-time.After(o.begin)
	for time.Now().Before(end) {
		sent := time.Now()
		m, err := o.ask(o.q.Copy())
		received := time.Now()
		if err != nil {
			t.Errorf("%s got %v", o.name, err)
			return
		}
		o.asked++
		switch got := resolved(m); {
		case got == o.old:
			o.lastOld = sent
		case got != o.now:
			t.Errorf("%s got\n%s\nwant\n%s\nand then\n%s", o.name, got, o.old, o.now)
			return
		case o.firstNew.IsZero():
			o.firstNew = received
		}
		<-time.After(o.gap)
	}
}

// keeping is a resolver that keeps an answer to the one question it is asked for as
// long as the TTL of the first record says, to the second.
type keeping struct {
	server *server
	kept   *dns.Msg
	until  time.Time
}

func (s *keeping) ask(q *dns.Msg) (*dns.Msg, error) {
	if time.Now().Before(s.until) {
		return s.kept, nil
	}
	m, err := client{}.ask(s.server, q)
	if err != nil {
		return nil, err
	}
	if rrs := slices.Concat(m.Answer, m.Ns); len(rrs) > 0 {
		s.kept, s.until = m, time.Now().Add(time.Duration(rrs[0].Header().Ttl)*time.Second)
	}
	return m, nil
}

// A flip that is scheduled 18 s ahead, on two servers of which one reads of it 9 s
// later, behind three kinds of caches: all turn at the instant that the document
// names. What a cache was told before its server had read the document it keeps for
// a TTL, so the flip has to be that much further ahead than a server may be stale.
// Each cache is asked for several names, first at different times within a TTL: it
// must not depend on when an answer happens to end. That there is no such record is
// kept no longer: TXT is what v2 alone has.
func TestScheduledFlip(t *testing.T) {
	process.Need(t, "unbound")
	const (
		lead, stale = 18 * time.Second, 9 * time.Second
		slack       = 2 * time.Second // how late a cache may be: it counts whole seconds, and the machine is busy
		ttl         = 5
		phases      = 4
	)
	if stale+(ttl+1)*time.Second+slack > lead { // 1 s, since Unbound counts whole ones
		t.Fatal("a cache may keep for too long what a server said that was stale")
	}
	questions := []struct{ name, zone, qtype, old, now string }{
		{
			"", "corp", "A",
			"NOERROR\nALIAS CNAME cache-v1.corp.internal.\ncache-v1.corp.internal. A 192.0.2.1",
			"NOERROR\nALIAS CNAME cache-v2.corp.internal.\ncache-v2.corp.internal. A 192.0.2.2",
		},
		{", no data", "flat", "TXT", "NOERROR", "NOERROR\nALIAS TXT \"v2\""},
	}
	key, _ := signingKey(t, "signed.internal.")
	var servers [2]*server
	var observers []*observer
	for i := range servers {
		s := startServer(t, fmt.Sprintf(`
			corp.internal:0 {
				bind 127.0.0.1
				root DIR
				versionalias {
					directory corp
					refresh 1s
					ttl %[1]d
				}
				file corp.zone
			}
			flat.internal:0 {
				bind 127.0.0.1
				root DIR
				versionalias {
					directory flat
					refresh 1s
					ttl %[1]d
					answer flatten
				}
				file flat.zone
			}`, ttl), files{
			"corp.zone":  corpZone,
			"flat.zone":  strings.ReplaceAll(corpZone, "corp.internal", "flat.internal"),
			"corp/cache": `{"to": "cache-v1.corp.internal", "subtree": "collapse"}`,
			"flat/cache": `{"to": "cache-v1.flat.internal", "subtree": "collapse"}`,
		})
		servers[i] = s
		cache := startServer(t, fmt.Sprintf(`
			.:0 {
				bind 127.0.0.1
				cache {
					success 9984 3600 0
					denial 9984 1800 0
				}
				forward . %s
			}`, s.addr), nil)
		zones := ""
		for _, zone := range []string{"corp", "flat"} {
			zones += fmt.Sprintf("forward-zone:\n\tname: %s.internal.\n\tforward-addr: 127.0.0.1@%s\n", zone, port(s.addr))
		}
		unbound := startUnbound(t, key, zones)
		for _, q := range questions {
			for phase := range phases {
				name := fmt.Sprintf("at-%d.cache.%s.internal.", phase, q.zone)
				observe := func(kind string, ask func(q *dns.Msg) (*dns.Msg, error), gap, late time.Duration) {
					observers = append(observers, &observer{
						name:  fmt.Sprintf("%s %d%s", kind, i, q.name),
						ask:   ask,
						q:     question(name, dns.StringToType[q.qtype]),
						old:   strings.ReplaceAll(q.old, "ALIAS", name),
						now:   strings.ReplaceAll(q.now, "ALIAS", name),
						begin: ttl * time.Second * time.Duration(phase) / phases,
						gap:   gap,
						late:  late,
					})
				}
				if phase == 0 { // a server keeps no answers
					observe("server", func(q *dns.Msg) (*dns.Msg, error) { return client{}.ask(s, q) }, 2*time.Millisecond, 0)
				}
				observe("CoreDNS cache of", func(q *dns.Msg) (*dns.Msg, error) { return client{}.ask(cache, q) }, 50*time.Millisecond, slack)
				observe("Unbound of", func(q *dns.Msg) (*dns.Msg, error) { return unbound(q), nil }, 50*time.Millisecond, slack)
				observe("stub of", (&keeping{server: s}).ask, 50*time.Millisecond, slack)
			}
		}
	}
	written := time.Now()
	start := written.Add(lead)
	write := func(s *server) {
		for _, zone := range []string{"corp", "flat"} {
			s.write(zone+"/cache", fmt.Sprintf(`{"from": "cache-v1.%s.internal", "to": "cache-v2.%[1]s.internal", "start": %q, "subtree": "collapse"}`,
				zone, start.UTC().Format(time.RFC3339Nano)))
		}
	}
	write(servers[0])
	var wg sync.WaitGroup
	for _, o := range observers {
		wg.Go(func() { o.watch(t, start.Add((ttl+1)*time.Second)) })
	}
	<-time.After(time.Until(written.Add(stale)))
	write(servers[1])
	wg.Wait()

	worst := map[string]*observer{} // of those of one name
	var names []string
	for _, o := range observers {
		if o.firstNew.IsZero() || o.firstNew.Before(start) || o.lastOld.After(start.Add(o.late)) {
			t.Errorf("%s, %s: the last old answer was asked for %v after the instant, the first new one came %v after it; want %v at most, and none early",
				o.name, o.q.Question[0].Name, o.lastOld.Sub(start), o.firstNew.Sub(start), o.late)
		}
		w := worst[o.name]
		if w == nil {
			names = append(names, o.name)
			w = &observer{lastOld: o.lastOld, firstNew: o.firstNew}
			worst[o.name] = w
		}
		if o.lastOld.After(w.lastOld) {
			w.lastOld = o.lastOld
		}
		if o.firstNew.After(w.firstNew) {
			w.firstNew = o.firstNew
		}
		w.asked += o.asked
	}
	for _, name := range names {
		w := worst[name]
		figure.Print(t, "%-27s last old answer %7.3fs, first new one %6.3fs, of %d", name, w.lastOld.Sub(start).Seconds(), w.firstNew.Sub(start).Seconds(), w.asked)
	}
	// How long an answer takes is not theirs to say: what counts is that one had an
	// old answer after the other had a new one.
	for _, i := range []int{0, 1} {
		one, other := worst[fmt.Sprint("server ", i)], worst[fmt.Sprint("server ", 1-i)]
		apart := one.lastOld.Sub(other.firstNew)
		if apart > 50*time.Millisecond {
			t.Errorf("the servers are %v apart, want 50ms at most", apart)
		}
	}
	figure.Print(t, "the first new answers of the servers came %v apart", worst["server 0"].firstNew.Sub(worst["server 1"].firstNew).Abs().Round(time.Microsecond))
}
