package ledger

import (
	"slices"
	"time"
)

// Due is the parameters that are to be read by their names at now, sorted, and
// when the first of the others is: zero if there are none.
func (l *Ledger) Due(now time.Time) (refs []Ref, next time.Time) {
	var due []key
	for k, r := range l.records.unsettled {
		var at time.Time
		switch {
		case r.absence.missing():
			at = r.absence.due(l.trust.Interval, l.braked[k] > 0)
		case r.doubt != nil:
			at = r.doubt.since.Add(l.rereads(r.doubt)[r.doubt.reads])
		}
		switch {
		case at.IsZero():
		case !at.After(now):
			due = append(due, k)
		case next.IsZero() || at.Before(next):
			next = at
		}
	}
	slices.SortFunc(due, key.compare)
	for _, k := range due {
		refs = append(refs, Ref{k.line, k.name})
	}
	return refs, next
}
