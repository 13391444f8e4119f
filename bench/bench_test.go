package bench

import "testing"

var timed = []subject{baseline, oneRule, manyRules, oneTemplate, fewAliases, fewCanaries, manyAliases}

func BenchmarkHit(b *testing.B) {
	pass, rewrite := start(b, baseline), start(b, oneRule)
	for _, s := range timed {
		if s.plugin == baseline.plugin {
			continue
		}
		c := start(b, s)
		b.Run(s.String(), func(b *testing.B) {
			compare(b, c.load(b, hits(s)), pass.load(b, targets(s)), rewrite.load(b, hits(oneRule)))
		})
	}
}

func BenchmarkMiss(b *testing.B) {
	pass, rewrite := start(b, baseline), start(b, oneRule)
	for _, s := range timed {
		c := start(b, s)
		b.Run(s.String(), func(b *testing.B) {
			compare(b, c.load(b, misses()), pass.load(b, misses()), rewrite.load(b, misses()))
		})
	}
}

// compare times the load of a subject, and puts it into proportion: "above" is
// what it costs more than the baseline. One op of the loop is a turn for each of
// the three, so that whatever else the machine does is shared by all; what is
// reported is of one query. The timer is left alone in between, since to stop it
// empties the allocator's caches.
func compare(b *testing.B, l, pass, rewrite *load) {
	b.ReportAllocs()
	for b.Loop() {
		pass.turn()
		rewrite.turn()
		l.turn()
	}
	cost, base, peer := l.cost(), pass.cost(), rewrite.cost()
	b.ReportMetric(cost, "ns/op")
	b.ReportMetric(cost-base, "above-ns/op")
	b.ReportMetric((cost-base)/(peer-base), "above-x-rewrite")
	b.ReportMetric(cost/base, "x-pass")
	b.ReportMetric(cost/peer, "x-rewrite")
	b.ReportMetric(l.bytes(), "B/op")
	b.ReportMetric(l.allocs(), "allocs/op")
	b.ReportMetric(l.allocs()-pass.allocs(), "above-allocs/op")
}
