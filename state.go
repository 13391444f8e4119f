package versionalias

import (
	"fmt"
	"time"

	"github.com/octoenergy/versionalias/plugin/ledger"
	"github.com/octoenergy/versionalias/plugin/watch"
)

// state is what has been said of a source, so that each turn is said once.
type state struct {
	failures  int       // how many sweeps failed since the last complete one
	failing   trouble   // what was said of these
	last      time.Time // when one failed last, or was throttled
	tried     bool      // a sweep has ended since the start, well or not; until then all this is of the feeds before
	throttled bool      // the source was, and the interval is longer for it
	unread    trouble   // what was said of reads by name that failed, until one works
	weighed   bool      // it was looked at whether sweeps take too much
}

func (s *state) failed(err error, next time.Duration) {
	if watch.Throttled(err) {
		s.slowed(err, next)
		return
	}
	const format = "sweep failed, and what is in force stays: %v"
	if s.tried {
		s.failing.begins(format, err)
	} else {
		s.failing.says(format, err, equal) // another Corefile may have another one of its kind
	}
	s.tried, s.last = true, time.Now()
	s.failures++
}

func (s *state) slowed(err error, next time.Duration) {
	if !s.throttled {
		log.Warningf("throttled, and what is in force stays: the next sweep is in %v: %v", next, err)
		s.throttled = true
	}
	s.last = time.Now()
}

func (s *state) swept(refresh, interval time.Duration) {
	s.tried = true
	if s.failures > 0 {
		s.failing.over(fmt.Sprintf("sweep works again, after %d that failed", s.failures))
		s.failures = 0
	}
	if s.throttled && interval == refresh {
		log.Infof("no longer throttled: a sweep every %v again", refresh)
		s.throttled = false
	}
}

func (s *state) readFailed(err error, next time.Duration) {
	if watch.Throttled(err) {
		s.slowed(err, next)
		return
	}
	s.unread.begins("read by name failed, and what is in force stays: %v", err)
}

func (s *state) read() { s.unread.over("read by name works again") }

// nothingLeft is how reads by name that fail are over without one that works.
const nothingLeft = "nothing is left to be read by name"

// readsOn reports whether l has parameters that are to be read by name, at now or later.
func readsOn(l *ledger.Ledger, now time.Time) bool {
	due, later := l.Due(now)
	return len(due) > 0 || !later.IsZero()
}
