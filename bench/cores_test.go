package bench

import (
	"sync"
	"testing"
)

// BenchmarkCores asks for one alias on one core and then on two, and reports how much
// more is answered: all that they share is the table, and the alias's counter.
func BenchmarkCores(b *testing.B) {
	c := start(b, fewAliases, alone)
	hot := hits(fewAliases)[:1]
	single, left, right := c.load(b, hot), c.load(b, hot), c.load(b, hot)
	var ratios []float64
	for b.Loop() {
		single.turn()
		var both sync.WaitGroup
		both.Go(left.turn)
		both.Go(right.turn)
		both.Wait()
		ratios = append(ratios, single.last()/left.last()+single.last()/right.last())
	}
	b.ReportMetric(median(ratios), "x-one-core")
}
