package bench

import "testing"

// TestAllocations says how often a query may allocate more than one that a
// plugin just leaves alone, whatever the number of aliases.
func TestAllocations(t *testing.T) {
	const hit, miss = 1, 0
	pass := start(t, baseline)
	for _, s := range []subject{fewAliases, someAliases, fewCanaries} {
		c := start(t, s)
		if got := c.load(t, hits(s)).allocs() - pass.load(t, targets(s)).allocs(); got > hit {
			t.Errorf("%v: a hit allocates %v times more than the baseline, want at most %d", s, got, hit)
		}
		if got := c.load(t, misses()).allocs() - pass.load(t, misses()).allocs(); got > miss {
			t.Errorf("%v: a miss allocates %v times more than the baseline, want at most %d", s, got, miss)
		}
	}
}
