package versionalias

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/coredns/coredns/plugin/test"
	"github.com/miekg/dns"

	"github.com/octoenergy/versionalias/internal/many"
	"github.com/octoenergy/versionalias/plugin/alias"
	"github.com/octoenergy/versionalias/plugin/ledger"
)

// BenchmarkSwaps asks for aliases of a million, and flips one of them ten times a
// second in every other window. It reports how long the slowest hundredth of the
// queries takes, without flips, and in proportion to that with them.
func BenchmarkSwaps(b *testing.B) {
	const names, window, every = 1_000_000, 2 * time.Second, 100 * time.Millisecond
	seen := many.Bundles(names)
	l, _ := ledger.New([]ledger.Line{many.Line}, ledger.Trust{Interval: time.Hour}).Apply(seen, time.Now())
	v := &VersionAlias{served: []alias.Name{many.Zone}, Next: test.NextHandler(dns.RcodeSuccess, nil)}
	v.entry = v
	v.table.Store(l.Table())

	flips := 0
	flip := func() {
		flips++
		p := many.Flip(seen[flips%len(seen)], 2+flips)
		next, events := l.ApplyRead([]ledger.Ref{{Name: p.Name}}, []ledger.Parameter{p}, time.Now())
		if len(events) != 1 {
			panic(fmt.Sprintf("found the events %v, want one flip", events))
		}
		l = next
		v.table.Store(l.Table())
	}
	var still, swapped []float64
	for b.Loop() {
		still = append(still, slowest(v, names, window))
		stop := make(chan struct{})
		var swapping sync.WaitGroup
		swapping.Go(func() {
			tick := time.NewTicker(every)
			defer tick.Stop()
			for {
				select {
				case <-tick.C:
					flip()
				case <-stop:
					return
				}
			}
		})
		swapped = append(swapped, slowest(v, names, window))
		close(stop)
		swapping.Wait()
	}
	slices.Sort(still)
	slices.Sort(swapped)
	b.ReportMetric(still[len(still)/2], "p99-ns/op")
	b.ReportMetric(swapped[len(swapped)/2]/still[len(still)/2], "p99-x-still")
	b.ReportMetric(float64(flips)/float64(len(swapped))/window.Seconds(), "flips/s")
}

// slowest is how many nanoseconds the slowest hundredth of the queries takes that are
// asked in a window, of aliases that are spread over all.
func slowest(v *VersionAlias, names int, window time.Duration) float64 {
	const asked = 1000
	var requests [asked]*dns.Msg
	for i := range requests {
		requests[i] = new(dns.Msg).SetQuestion(many.Canonical(i*names/asked), dns.TypeA)
	}
	took := make([]time.Duration, 0, 1<<23)
	w := new(test.ResponseWriter)
	last := time.Now()
	for begin := last; last.Sub(begin) < window && len(took) < cap(took); {
		_, _ = v.ServeDNS(context.Background(), w, requests[len(took)%asked])
		now := time.Now()
		took = append(took, now.Sub(last))
		last = now
	}
	slices.Sort(took)
	return float64(took[len(took)*99/100])
}
