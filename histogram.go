package versionalias

import (
	"sync/atomic"
	"time"
)

// histogram counts durations by the bucket they fall in.
type histogram struct {
	counts [len(latencies) + 1]atomic.Uint64
	sum    atomic.Int64 // nanoseconds
}

// latencies is the upper bounds of its buckets, in seconds.
var latencies = [...]float64{0.5, 1, 2, 5, 10, 30, 60, 300}

func (h *histogram) add(d time.Duration) {
	i := 0
	for i < len(latencies) && d.Seconds() > latencies[i] {
		i++
	}
	h.counts[i].Add(1)
	h.sum.Add(int64(d))
}
