package versionalias

import (
	"fmt"
	"slices"
	"time"

	"github.com/octoenergy/versionalias/plugin/ledger"
	"github.com/octoenergy/versionalias/plugin/watch"
)

// report logs the events of a sweep, a line for each, but for the aliases of the
// first: nothing changed for those who ask.
func (f *feed) report(events []ledger.Event, first bool, seen []ledger.Parameter) {
	for _, e := range events {
		switch {
		case first && e.Kind == ledger.Added:
		case f.heirOf != nil: // what its Corefile brings was before, and is told at the start
			f.brought = append(f.brought, e)
		default:
			logEvent(e)
		}
	}
	if !f.state.weighed {
		f.state.weighed = true
		f.weigh(seen)
	}
	if !first {
		return
	}
	if aliases := f.ledger.Load().Table().Len(); aliases > 0 {
		log.Infof("loaded %d aliases from %d parameters", aliases, len(seen))
	} else {
		log.Warningf("loaded no alias from %d parameters: canonical names are left to the plugins below", len(seen))
	}
	if len(seen) > 0 { // else that is said
		f.reportVoid(seen)
	}
}

// reportVoid warns of lines that read nothing: a name may be misspelt.
func (f *feed) reportVoid(seen []ledger.Parameter) {
	for i, n := range f.found(seen) {
		switch line := f.lines[i]; {
		case n > 0:
		case line.Path == "":
			log.Warningf("loaded no document of alias %s: found no parameter %s", line.Rule.Name, line.Selector())
		default:
			log.Warningf("loaded nothing below %s: found no parameter there", line.Path)
		}
	}
}

// found is how many parameters each line has among those seen.
func (f *feed) found(seen []ledger.Parameter) []int {
	found := make([]int, len(f.lines))
	for _, p := range seen {
		found[p.Line]++
	}
	return found
}

func logEvent(e ledger.Event) {
	switch e.Kind {
	case ledger.Rejected, ledger.Believed, ledger.Braked, ledger.Pending, ledger.Unverified:
		log.Warningf("%s", e)
	default:
		log.Infof("%s", e)
	}
}

// mostReads is how many reads a second a server block may make without a warning: an
// account has 40 for all that read its parameters.
// https://docs.aws.amazon.com/general/latest/gr/ssm.html
const mostReads = 10

// weigh warns of a sweep that takes much of what an account has.
func (f *feed) weigh(seen []ledger.Parameter) {
	if f.directory != "" {
		return
	}
	if rate := float64(f.calls(seen)) / f.refresh.Seconds(); rate > mostReads {
		log.Warningf("reading %d parameters every %v takes %.1f calls a second, want at most %d: put aliases in bundles, or raise refresh", len(seen), f.refresh, rate, mostReads)
	}
}

// calls is how many calls a sweep makes at least that sees these: each reads ten parameters
// of one path at most, or ten by their names. A path without any takes one as well. Lines
// that share a parameter take more.
func (f *feed) calls(seen []ledger.Parameter) int {
	const perCall = 10
	found, named, calls := f.found(seen), 0, 0
	for i, line := range f.lines {
		if line.Path == "" {
			named++
		} else {
			calls += max(1, (found[i]+perCall-1)/perCall)
		}
	}
	return calls + (named+perCall-1)/perCall
}

// state is what has been said of a source, so that each turn is said once.
type state struct {
	failures  int       // sweeps since the last complete one
	failing   trouble   // they failed
	last      time.Time // when one failed last, or was throttled
	asked     bool      // there was a sweep since the start, or else these are of feeds before
	throttled bool      // and the interval is longer for it
	unread    trouble   // the last read by name failed
	weighed   bool
}

// resume goes on with what the feeds before this one have said of its source, and then says what its
// own first sweep tells of it. A reload may bring another error: that is said, the same is not.
func (f *feed) resume() {
	if f.state.asked { // there were none
		return
	}
	for _, old := range f.before {
		old.mu.Lock()
		s := old.state
		old.mu.Unlock()
		if s.last.After(f.state.last) {
			f.state.last = s.last
		}
		f.state.throttled = f.state.throttled || s.throttled
		if !f.covers(old) && slices.ContainsFunc(f.before, f.covers) {
			continue // it may fail for what is not read here
		}
		if s.failures > f.state.failures {
			f.state.failures, f.state.failing = s.failures, s.failing
		}
		if len(f.state.unread) == 0 && (f.due || rereads(f.ledger.Load(), time.Now())) { // or the sweep that is due tells
			f.state.unread = s.unread // else another heir goes on with it, or none: see conclude
		}
	}
	switch {
	case f.failure != nil:
		f.state.failed(f.failure, f.watcher.Next())
	case f.state.last.Before(time.Unix(0, f.stats.swept.Load())):
		f.state.swept(f.refresh, f.watcher.Interval())
	}
}

// nothingLeft is how reads by name that fail are over without one that works.
const nothingLeft = "nothing is left to be read by name"

// rereads reports whether l has parameters that are to be read by name, at now or later.
func rereads(l *ledger.Ledger, now time.Time) bool {
	due, later := l.Due(now)
	return len(due) > 0 || !later.IsZero()
}

func (s *state) failed(err error, next time.Duration) {
	if watch.Throttled(err) {
		s.slowed(err, next)
		return
	}
	const format = "sweep failed, and what is in force stays: %v"
	if s.asked {
		s.failing.begins(format, err)
	} else {
		s.failing.says(format, err, equal) // another Corefile may have another one of its kind
	}
	s.asked, s.last = true, time.Now()
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
	s.asked = true
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
	switch {
	case watch.Throttled(err):
		s.slowed(err, next)
	default:
		s.unread.begins("read by name failed, and what is in force stays: %v", err)
	}
}

func (s *state) read() { s.unread.over("read by name works again") }
