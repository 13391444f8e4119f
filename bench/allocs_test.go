package bench

import "testing"

// TestAllocations says how often a query may allocate, above a plugin that does not,
// whatever the number of aliases. One of these is plugin.NextOrFailure's.
func TestAllocations(t *testing.T) {
	const miss = 1
	pass := start(t, baseline, alone)
	if got := pass.load(t, misses()).allocs(); got != miss {
		t.Errorf("the baseline allocates %v times, want %d", got, miss)
	}
	for _, tt := range []struct {
		subject
		hit float64
	}{{fewAliases, 2}, {someAliases, 2}, {fewCanaries, 2}, {fewRamps, 2}, {fewFlat, 2}} {
		c := start(t, tt.subject, alone)
		if got := c.load(t, hits(tt.subject)).allocs(); got > tt.hit {
			t.Errorf("%v: a hit allocates %v times, want at most %v", tt.subject, got, tt.hit)
		}
		if got := c.load(t, misses()).allocs(); got > miss {
			t.Errorf("%v: a miss allocates %v times, want at most %d", tt.subject, got, miss)
		}
	}
}
