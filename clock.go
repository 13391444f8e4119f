package versionalias

import (
	"context"
	"sync/atomic"
	"time"
)

// clock is the wall clock as it was lately, for anyone to load. To read the wall clock itself takes a
// sixth of the time of a query for an alias that moves, and most clients move neither now nor soon.
type clock struct{ now atomic.Pointer[time.Time] } // nil if nobody keeps it

// tick is how often a clock is set. It is taken to be within lag of the wall clock, also on a machine
// that is busy. It is not where the wall clock is set, or the machine was suspended: then answers
// are as of before until the next tick, like those that were under way.
const (
	tick = time.Second
	lag  = 3 * tick
)

// keep sets the clock until ctx is done.
func (c *clock) keep(ctx context.Context) {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	defer c.now.Store(nil)
	for {
		now := time.Now()
		c.now.Store(&now)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
