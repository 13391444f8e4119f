package bench

import (
	"sync"
	"testing"
	"time"
)

// BenchmarkCores asks for one alias on one core and then on two, and reports how much
// more is answered: all that they share is the table, and the alias's counter.
func BenchmarkCores(b *testing.B) {
	c := start(b, fewAliases, alone)
	hot := hits(fewAliases)[:1]
	single, left, right := c.load(b, hot), c.load(b, hot), c.load(b, hot)
	const long = 5 * time.Millisecond // beside what it takes to wake the other core
	var ratios []float64
	for b.Loop() {
		single.turn(long)
		var both sync.WaitGroup
		both.Go(func() { left.turn(long) })
		both.Go(func() { right.turn(long) })
		both.Wait()
		ratios = append(ratios, single.last()/left.last()+single.last()/right.last())
	}
	b.ReportMetric(median(ratios), "x-one-core")
}
