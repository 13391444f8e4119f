package versionalias

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// observer asks for an alias in its own way, and sees when the target changes.
type observer struct {
	name string
	ask  func() (*dns.Msg, error)
	// When the last old answer was asked for, and the first new one came.
	lastOld, firstNew time.Time
	asked             int
}

// watch asks all the time, until end.
func (o *observer) watch(t *testing.T, gap time.Duration, end time.Time) {
	for time.Now().Before(end) {
		sent := time.Now()
		m, err := o.ask()
		received := time.Now()
		if err != nil || m.Rcode != dns.RcodeSuccess || len(m.Answer) != 2 {
			t.Errorf("%s got %v\n%s", o.name, err, show(m))
			return
		}
		o.asked++
		switch target := m.Answer[0].(*dns.CNAME).Target; {
		case target == "cache-v1.corp.internal.":
			o.lastOld = sent
		case o.firstNew.IsZero():
			o.firstNew = received
		}
		<-time.After(gap)
	}
}

// keeping is a resolver that keeps an answer for as long as its first TTL says, to
// the second.
type keeping struct {
	server *server
	kept   *dns.Msg
	until  time.Time
}

func (s *keeping) ask() (*dns.Msg, error) {
	if time.Now().Before(s.until) {
		return s.kept, nil
	}
	m, err := client{}.ask(s.server, question("cache.corp.internal.", dns.TypeA))
	if err == nil && len(m.Answer) > 0 {
		s.kept, s.until = m, time.Now().Add(time.Duration(m.Answer[0].Header().Ttl)*time.Second)
	}
	return m, err
}

// A flip that is scheduled 12 s ahead, on two servers of which one reads of it 9 s
// later, behind three kinds of caches: all turn at the instant that the document
// names.
func TestScheduledFlip(t *testing.T) {
	need(t, "unbound")
	key, _ := signingKey(t, "signed.internal.")
	var servers [2]*server
	var observers []*observer
	for i := range servers {
		s := startServer(t, `
			corp.internal:0 {
				bind 127.0.0.1
				root DIR
				versionalias {
					directory aliases
					refresh 1s
				}
				file corp.zone
			}`, files{"corp.zone": corpZone, "aliases/cache": "cache-v1.corp.internal"})
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
		unbound := startUnbound(t, key, "forward-zone:\n\tname: corp.internal.\n\tforward-addr: 127.0.0.1@"+port(s.addr))
		q := question("cache.corp.internal.", dns.TypeA)
		observers = append(observers,
			&observer{name: fmt.Sprintf("server %d", i), ask: func() (*dns.Msg, error) { return client{}.ask(s, q) }},
			&observer{name: fmt.Sprintf("CoreDNS cache of %d", i), ask: func() (*dns.Msg, error) { return client{}.ask(cache, q) }},
			&observer{name: fmt.Sprintf("Unbound of %d", i), ask: func() (*dns.Msg, error) { return unbound(q), nil }},
			&observer{name: fmt.Sprintf("stub of %d", i), ask: (&keeping{server: s}).ask},
		)
	}
	written := time.Now()
	start := written.Add(12 * time.Second)
	document := fmt.Sprintf(`{"from": "cache-v1.corp.internal", "to": "cache-v2.corp.internal", "start": %q}`, start.UTC().Format(time.RFC3339Nano))
	servers[0].write("aliases/cache", document)
	var wg sync.WaitGroup
	for i, o := range observers {
		gap := 20 * time.Millisecond
		if i%4 == 0 {
			gap = 2 * time.Millisecond
		}
		wg.Go(func() { o.watch(t, gap, start.Add(3*time.Second)) })
	}
	<-time.After(time.Until(written.Add(9 * time.Second)))
	servers[1].write("aliases/cache", document)
	wg.Wait()
	for i, o := range observers {
		late := time.Duration(0)
		if i%4 > 0 {
			late = time.Second
		}
		if o.firstNew.IsZero() || o.firstNew.Before(start) || o.lastOld.After(start.Add(late)) {
			t.Errorf("%s: the last old answer was asked for %v after the instant, the first new one came %v after it; want %v at most, and none early",
				o.name, o.lastOld.Sub(start), o.firstNew.Sub(start), late)
		}
		t.Logf("%-18s last old answer %8.3fs, first new one %7.3fs, of %d", o.name, o.lastOld.Sub(start).Seconds(), o.firstNew.Sub(start).Seconds(), o.asked)
	}
	apart := observers[0].firstNew.Sub(observers[4].firstNew).Abs()
	t.Logf("the first new answers of the servers came %v apart", apart)
	// How long an answer takes is not theirs to say: what counts is that one had an
	// old answer after the other had a new one.
	for _, i := range []int{0, 4} {
		if apart := observers[i].lastOld.Sub(observers[4-i].firstNew); apart > 50*time.Millisecond {
			t.Errorf("the servers are %v apart, want 50ms at most", apart)
		}
	}
}
