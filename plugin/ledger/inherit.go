package ledger

import (
	"slices"
	"time"
)

// Inherit is the ledger l, which has seen nothing yet, with all that old knows
// of the parameters that l reads as well: what is in force, what was rejected,
// and what is missing since when. Documents are read anew, by l's own rules, so
// that one may come to other aliases, or to be rejected. Counts of queries live
// on.
func (l *Ledger) Inherit(old *Ledger, now time.Time) *Ledger {
	var good, newest []Parameter
	missing := map[key]time.Time{}
	for k, r := range old.records {
		line := slices.IndexFunc(l.lines, old.lines[k.line].reads)
		if line < 0 {
			continue
		}
		inherit := func(list []Parameter, d *document) []Parameter {
			p := d.Parameter
			p.Line = line
			return append(list, p)
		}
		if r.good != nil {
			good = inherit(good, r.good)
		}
		if r.newer != nil {
			newest = inherit(newest, &r.newer.document)
		} else {
			newest = inherit(newest, r.good)
		}
		if !r.missing.IsZero() {
			missing[key{k.name, line}] = r.missing
		}
	}
	next, _ := l.Apply(good, now)
	next, _ = next.Apply(newest, now)
	inherited := *next
	inherited.table = next.table.Inherit(old.table)
	for k, since := range missing {
		r := inherited.records[k]
		r.missing = since
		inherited.records[k] = r
	}
	return &inherited
}

// KnownTo reports whether old reads all that l reads, so that l has nothing to
// wait for once it has inherited.
func (l *Ledger) KnownTo(old *Ledger) bool {
	return !slices.ContainsFunc(l.lines, func(line Line) bool { return !slices.ContainsFunc(old.lines, line.reads) })
}

// reads reports whether l and o read the same parameters.
func (l Line) reads(o Line) bool {
	return l.Path == o.Path && l.Flat == o.Flat && l.Parameter == o.Parameter && l.Label == o.Label
}
