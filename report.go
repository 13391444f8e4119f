package versionalias

import (
	"github.com/octoenergy/versionalias/plugin/ledger"
	"github.com/octoenergy/versionalias/plugin/paramstore"
)

// report logs the events of a sweep, a line for each, but for the aliases of the
// first: nothing changed for those who ask.
func (f *feed) report(events []ledger.Event, first bool, seen []ledger.Parameter) {
	for _, e := range events {
		switch {
		case first && e.Kind == ledger.Added:
		case f.waits: // what its Corefile brings was before, and is told at the start
			f.brought = append(f.brought, e)
		default:
			logEvent(e)
		}
	}
	if !f.state.weighed {
		f.state.weighed = true
		f.weigh(seen)
	}
	if first {
		f.reportLoad(seen)
	}
	if first || f.stats.recalled.Load() { // another process has said it in another log
		f.reportVoid(seen)
	}
}

func (f *feed) reportLoad(seen []ledger.Parameter) {
	switch l := f.ledger.Load(); {
	case l.Table().Len() > 0:
		log.Infof("loaded %d aliases from %d parameters", l.Table().Len(), len(seen))
	case f.replaces.Load() && f.heirOf == nil: // the reload is refused for it
	case len(l.Rejections())+len(l.Waiting()) > 0: // of which each is said, and names of the rejected are SERVFAIL
		log.Warningf("loaded no alias from %d parameters", len(seen))
	default:
		log.Warningf("loaded no alias from %d parameters: canonical names are left to the plugins below", len(seen))
	}
}

// reportVoid warns of lines that read nothing: a name may be misspelt, or the Region another one.
func (f *feed) reportVoid(seen []ledger.Parameter) {
	for i, n := range f.perLine(seen) {
		switch line := f.lines[i]; {
		case n > 0:
		case line.Path == "":
			log.Warningf("loaded no document of alias %s: found no parameter %s (%s)", line.Rule.Name, line.Selector(), f.place)
		default:
			log.Warningf("loaded nothing below %s: found no parameter there (%s)", line.Path, f.place)
		}
	}
}

// perLine is how many parameters each line has among those seen.
func (f *feed) perLine(seen []ledger.Parameter) []int {
	found := make([]int, len(f.lines))
	for _, p := range seen {
		found[p.Line]++
	}
	return found
}

func logEvents(events []ledger.Event) {
	for _, e := range events {
		logEvent(e)
	}
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
		log.Warningf("reading %d parameters every %v takes %.1f calls a second, want at most %d: "+
			"put aliases in bundles, or raise refresh", len(seen), f.refresh, rate, mostReads)
	}
}

// calls is how many calls a sweep makes at least that sees these: each reads PerCall parameters
// of one path at most, or as many by their names. A path without any takes one as well. Lines
// that share a parameter take more.
func (f *feed) calls(seen []ledger.Parameter) int {
	const perCall = paramstore.PerCall
	found, named, calls := f.perLine(seen), 0, 0
	for i, line := range f.lines {
		if line.Path == "" {
			named++
		} else {
			calls += max(1, (found[i]+perCall-1)/perCall)
		}
	}
	return calls + (named+perCall-1)/perCall
}
