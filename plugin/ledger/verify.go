package ledger

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/octoenergy/versionalias/plugin/alias"
)

// Probe is a question to the outside: does this target pass this check?
type Probe struct {
	Target alias.Name
	Check  alias.Check
}

// Answer is the answer to a probe: nil if the target passes. Unasked says that
// there was no way to ask yet, and Err why. Over is the names that a target leads over
// which passes, from one to the next, with what Table has in force, or what has come since.
type Answer struct {
	Probe
	Err     error
	Unasked bool
	Over    []alias.Name
	Table   *alias.Table
}

// proof is what is known of a probe that is of interest.
type proof struct {
	first   bool         // of a target that came into force without being asked for
	wanted  bool         // a document waits for it
	at      time.Time    // of the last answer, zero before the first
	err     error        // of the last answer
	unasked bool         // the same, see Answer
	over    []alias.Name // the same
	failed  int          // how many answers in a row were errors
	said    bool         // that it fails though it is in force
}

// reported is what was said of a candidate: that it waits for a probe that fails, or
// cannot be asked. The error is not part of it, since one fault may read otherwise each
// time, by the upstream or the address that was tried.
type reported struct {
	Probe
	unasked bool
}

func (p proof) holds() bool { return !p.at.IsZero() && p.err == nil }

// outdated reports whether an answer to p, of a target that leads over these names, is of
// no use once before has become after, since one of them leads elsewhere now.
func (p Probe) outdated(over []alias.Name, before, after *alias.Table) bool {
	return slices.ContainsFunc(append([]alias.Name{p.Target}, over...), func(name alias.Name) bool {
		return turns(answering(before, name), answering(after, name))
	})
}

// answering is the alias of table that answers queries for name by now, or nil. It is ownerIn's,
// unless name is an orphan: that leads nowhere, but to its owner once it is none.
func answering(table *alias.Table, name alias.Name) *alias.Entry {
	return table.Lookup(string(name)).Entry
}

// turns reports whether an alias leads elsewhere once before, or nil, has become after.
func turns(before, after *alias.Entry) bool {
	return before != after && (before == nil || after == nil || !before.LeadsAs(&after.Alias))
}

// The pauses between two questions: the first one after a failure, and the
// longest.
const (
	firstPause   = time.Second
	longestPause = 30 * time.Second
)

// due is when to ask again.
func (p proof) due() time.Time {
	switch {
	case p.at.IsZero():
		return p.at
	case p.err == nil || p.failed > 5:
		return p.at.Add(longestPause)
	}
	return p.at.Add(min(firstPause<<max(0, p.failed-1), longestPause))
}

// Probes is the probes that are due at now, and when the first of the others is:
// zero if there are none. What documents wait for comes first, and of that what was
// due first, so that none has to wait for those that fail again and again. Of the
// others there are up to most.
func (l *Ledger) Probes(now time.Time, most int) (due []Probe, next time.Time) {
	others := 0
	for probe, p := range l.proofs {
		switch at := p.due(); {
		case !at.After(now) && !p.wanted && others == most:
		case !at.After(now):
			if due = append(due, probe); !p.wanted {
				others++
			}
		case next.IsZero() || at.Before(next):
			next = at
		}
	}
	slices.SortFunc(due, func(a, b Probe) int {
		p, q := l.proofs[a], l.proofs[b]
		if p.wanted != q.wanted {
			if p.wanted {
				return -1
			}
			return 1
		}
		return cmp.Or(p.due().Compare(q.due()), cmp.Compare(a.Target, b.Target), cmp.Compare(a.Check.String(), b.Check.String()))
	})
	return due, next
}

// ApplyAnswers is the ledger after answers to probes.
func (l *Ledger) ApplyAnswers(answers []Answer, now time.Time) (*Ledger, []Event) {
	c := l.change(now)
	c.proofs = maps.Clone(c.proofs)
	waited := false
	for _, a := range answers {
		before, ok := c.proofs[a.Probe]
		if !ok || a.outdated(a.Over, a.Table, c.table) {
			continue // nobody waits for it any more, or it is asked again at once
		}
		p := proof{first: before.first, wanted: before.wanted, at: now, err: a.Err, unasked: a.Unasked, over: a.Over, said: before.said}
		if a.Err != nil {
			p.failed = before.failed + 1
		}
		switch fails := a.Err != nil; {
		case !p.first || p.unasked || p.said == fails:
		case fails:
			c.events = append(c.events, Event{Kind: Unverified, Detail: &Detail{Name: a.Target, Err: a.Err}})
			p.said = true
		default:
			c.events = append(c.events, Event{Kind: Verified, Detail: &Detail{Name: a.Target}})
			p.said = false
		}
		p.first = before.first && a.Err != nil
		c.proofs[a.Probe] = p
		if !p.first && !p.wanted {
			delete(c.proofs, a.Probe)
		}
		c.answered = true
		waited = waited || p.wanted
	}
	if c.answered && !waited {
		next := *l
		next.proofs = c.proofs
		return &next, c.events // no document waits for any of them
	}
	return c.finish()
}

// share takes from what was left the probes that other aliases share, so that those
// go on. That costs a look at all, so it is done only if there is one to lose.
func (c *change) share(table *alias.Table) {
	for probe := range c.left {
		if !c.proofs[probe].first {
			delete(c.left, probe)
		}
	}
	if len(c.left) == 0 {
		return
	}
	for e := range table.All() {
		for _, target := range e.Targets() {
			delete(c.left, Probe{target, e.Check})
		}
	}
}

// proven is the proofs that are of interest from now on: those that candidates
// wait for, and those of first targets. Adopted are those that came into force
// without being asked for.
func (c *change) proven(next *Ledger, adopted []*alias.Entry) map[Probe]proof {
	if !c.trust.Verify {
		return nil
	}
	c.share(next.table)
	proofs := map[Probe]proof{}
	for probe, p := range c.proofs {
		if p.first && !c.left[probe] {
			p.wanted = false
			proofs[probe] = p
		}
	}
	for _, a := range adopted {
		if a.Check == alias.CheckNone {
			continue
		}
		for _, target := range a.Targets() {
			probe := Probe{target, a.Check}
			p := proofs[probe]
			p.first = true
			proofs[probe] = p
		}
	}
	for _, r := range next.records.unsettled {
		if !r.hasNewer() {
			continue
		}
		for _, probe := range r.newer.wants {
			p := c.proofs[probe]
			if probe.outdated(p.over, c.table, next.table) {
				p.at = time.Time{}
			}
			p.first, p.wanted = proofs[probe].first, true
			proofs[probe] = p
		}
	}
	return proofs
}

// Failing is what is wrong with a target that is in force though it has not
// verified yet, or nil.
func (l *Ledger) Failing(target alias.Name, check alias.Check) error {
	p := l.proofs[Probe{target, check}]
	if !p.first || p.unasked { // else a document waits for it, and it may have verified before
		return nil
	}
	return p.err
}
