package bench

import (
	"slices"
	"strings"
	"testing"
)

var subjects = []subject{baseline, oneRule, manyRules, oneTemplate, fewAliases, fewCanaries, fewRamps, manyAliases, mostAliases, oneRulePair, fewFlat}

func BenchmarkHit(b *testing.B) {
	pass, rewrite, rewritePair := start(b, baseline), start(b, oneRule, alone), start(b, oneRulePair, alone)
	for _, s := range subjects {
		if s.plugin == baseline.plugin {
			continue
		}
		peer := rewrite.load(b, hits(oneRule))
		if strings.Contains(s.more, oneRulePair.more) {
			peer = rewritePair.load(b, hits(oneRulePair))
		}
		whole, self := start(b, s), start(b, s, alone)
		b.Run(s.String(), func(b *testing.B) {
			compare(b, whole.load(b, hits(s)), pass.load(b, targets(s)), self.load(b, hits(s)), peer)
		})
		whole.stop()
		self.stop()
	}
}

func BenchmarkMiss(b *testing.B) {
	pass, rewrite := start(b, baseline), start(b, oneRule, alone)
	for _, s := range subjects {
		whole, self := start(b, s), start(b, s, alone)
		b.Run(s.String(), func(b *testing.B) {
			compare(b, whole.load(b, misses()), pass.load(b, misses()), self.load(b, misses()), rewrite.load(b, misses()))
		})
		whole.stop()
		self.stop()
	}
}

// compare times the load of a subject and puts it into proportion: the whole way to
// that through pass, and the plugin by itself to rewrite by itself. One op of the loop
// is a turn for each of the four, in one order and then in the other, so that whatever
// else the machine does is shared by all; what is reported is of one query. The timer is
// left alone in between, since to stop it empties the allocator's caches.
func compare(b *testing.B, whole, pass, self, rewrite *load) {
	b.ReportAllocs()
	order := []*load{pass, whole, rewrite, self}
	for b.Loop() {
		for _, l := range order {
			l.turn(short)
		}
		slices.Reverse(order)
	}
	b.ReportMetric(pass.cost(), "pass-ns/op")
	b.ReportMetric(self.cost(), "ns/op")
	b.ReportMetric(self.cost()/rewrite.cost(), "x-rewrite")
	b.ReportMetric(whole.cost()/pass.cost(), "x-pass")
	b.ReportMetric(self.bytes(), "B/op")
	b.ReportMetric(self.allocs(), "allocs/op")
}
