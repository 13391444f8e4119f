package versionalias

import (
	"cmp"
	"slices"

	"github.com/octoenergy/versionalias/plugin/alias"
	"github.com/octoenergy/versionalias/plugin/ledger"
)

// turned is the flips from what the feeds that f is the heir of have in force to what next
// has. They are the Corefile's own: it may have another template, or verify nothing now.
func (f *feed) turned(next *ledger.Ledger) (flips []ledger.Event) {
	for e := range next.Table().All() {
		for i, l := range f.inherited {
			before := l.Table().Get(e.Name)
			if before == nil || !f.goesOn(f.heirOf[i], before.Zone, before) {
				continue
			}
			if before.Target != e.Target {
				flips = append(flips, ledger.Event{Kind: ledger.Flipped, Source: e.Source, Before: before, After: e})
			}
			break
		}
	}
	slices.SortFunc(flips, func(a, b ledger.Event) int { return cmp.Compare(a.After.Name, b.After.Name) })
	return flips
}

// fault is what is wrong with a version of a parameter; if that is nothing, the version waits.
type fault struct {
	parameter string
	version   int64
	text      string
}

func faultOf(s alias.Source, err error) fault {
	if err == nil {
		return fault{s.Parameter, s.Version, ""}
	}
	return fault{s.Parameter, s.Version, err.Error()}
}

// faulted is the documents that next rejects, and none of the feeds that f is the heir of
// did for that fault: another Corefile may have other zones, or no template. What waits there to be
// verified is no news: it collides as long as others have not made way for it. And a brake.
func (f *feed) faulted(next *ledger.Ledger) (faults []ledger.Event) {
	said := map[fault]bool{}
	for _, l := range f.inherited {
		for _, r := range l.Rejections() {
			said[faultOf(r.Source, r.Err)] = true
		}
		for _, w := range l.Waiting() {
			said[faultOf(w.Source, nil)] = true
		}
	}
	for _, r := range next.Rejections() {
		if !said[faultOf(r.Source, r.Err)] && !said[faultOf(r.Source, nil)] {
			faults = append(faults, ledger.Event{Kind: ledger.Rejected, Source: &r.Source, Detail: &ledger.Detail{Reason: r.Reason, Err: r.Err, Stays: r.Stays}})
		}
	}
	if n := next.Braked(); n > 0 {
		faults = append(faults, ledger.Event{Kind: ledger.Braked, Detail: &ledger.Detail{Count: n, Of: next.Table().Len()}})
	}
	return faults
}

// braked reports whether one of the feeds that f is the heir of has a brake on.
func (f *feed) braked() bool {
	return slices.ContainsFunc(f.inherited, func(l *ledger.Ledger) bool { return l.Braked() > 0 })
}

// stands reports whether what e tells is so yet: a document that is rejected may be out of date by
// now, and a brake off again, or told of before. That one is off is told of all blocks together, see conclude.
func (f *feed) stands(e ledger.Event) bool {
	switch e.Kind {
	case ledger.Rejected:
		return slices.ContainsFunc(f.ledger.Load().Rejections(), func(r ledger.Rejection) bool {
			return faultOf(r.Source, r.Err) == faultOf(*e.Source, e.Err)
		})
	case ledger.Braked:
		return f.ledger.Load().Braked() > 0 && !f.braked()
	case ledger.Unbraked:
		return false
	}
	return true
}
