package ledger

import (
	"cmp"
	"fmt"
	"iter"
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
		return turns(owner(before, name), owner(after, name))
	})
}

// owner is the alias of table that queries for name are for, or nil.
func owner(table *alias.Table, name alias.Name) *alias.Entry {
	e, _, _ := table.Lookup(string(name))
	return e
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
			c.events = append(c.events, Event{Kind: Unverified, Name: a.Target, Err: a.Err})
			p.said = true
		default:
			c.events = append(c.events, Event{Kind: Verified, Name: a.Target})
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

// asks reports whether what k states has to be verified before it is adopted. The
// first load of a line is not: there is nothing else to answer with.
func (c *change) asks(k key) bool { return c.trust.Verify && c.known[k.line] && !c.told }

// wanted yields the probes that k's candidate has to pass before it may come into force, each
// with its alias: of all targets but those that the alias has now, or had before its last
// change. Where a target is another alias that comes into force with it, that is not there to be
// asked for yet, but what it leads to is.
func (v *view) wanted(k key) iter.Seq2[Probe, alias.Name] {
	return func(yield func(Probe, alias.Name) bool) {
		if !v.asks(k) {
			return
		}
		for _, a := range v.own(&v.in[k].document) {
			if a.Check == alias.CheckNone {
				continue
			}
			trusted, _ := v.previous.get(a.Name)
			if e := v.table.Get(a.Name); e != nil {
				trusted = slices.Concat(trusted, e.Targets())
			}
			names := a.Targets()
			for range MaxChain + 1 { // by itself k may make a loop
				var further []alias.Name
				for _, name := range names {
					switch o := v.owner(name); {
					case slices.Contains(trusted, name):
					case o != nil && keyOf(o) == k && turns(v.table.Get(o.Name), o) && !v.withheld(name):
						further = append(further, hops(o, name)...)
					case !yield(Probe{name, a.Check}, a.Name):
						return
					}
				}
				names = further
			}
		}
	}
}

// wants is the same, each once.
func (v *view) wants(k key) (wants []Probe) {
	seen := map[Probe]bool{}
	for probe := range v.wanted(k) {
		if !seen[probe] {
			seen[probe] = true
			wants = append(wants, probe)
		}
	}
	return wants
}

// back is the probes that k's candidate wants which pass but lead back to the alias that would
// lead to them, with all in force that are in: by now it leads elsewhere, so that they have an
// answer.
func (v *view) back(k key) map[Probe]alias.Name {
	var back map[Probe]alias.Name // nil as usual
	for probe, name := range v.wanted(k) {
		if len(v.proofs[probe].over) > 0 && v.leadsBack(name, probe) {
			if back == nil {
				back = map[Probe]alias.Name{}
			}
			back[probe] = name
		}
	}
	return back
}

// leadsBack reports whether the target that was asked for leads to the alias name, with all
// in force that are in. An alias that moves leads two ways, of which the answer tells one.
func (v *view) leadsBack(name alias.Name, asked Probe) bool {
	var seen []alias.Name
	for next := []Probe{asked}; len(next) > 0; next = next[1:] {
		for _, over := range append([]alias.Name{next[0].Target}, v.proofs[next[0]].over...) {
			a := v.owner(over)
			turned := turns(owner(v.table, over), a) && !v.withheld(over)
			if a != nil && (a.Name == over || a.Subtree.Collapse) { // else labels move along: it is led to another name
				over = a.Name
				if !slices.Contains(seen, over) {
					seen = append(seen, over)
					for _, target := range a.Targets() {
						next = append(next, Probe{target, a.Check})
					}
				}
			}
			if over == name {
				return true
			}
			if turned {
				break // what follows is where it led when that was asked
			}
		}
	}
	return false
}

// withheld reports whether name is left to the zone below, as its only document is at fault: no
// alias above it leads it anywhere until that ends.
func (v *view) withheld(name alias.Name) bool {
	_, _, mark := v.table.Lookup(string(name))
	return mark.Held() != "" && v.next.Get(name) == nil
}

// looping is the candidates that have to wait since they lead back, with their probes that do:
// all that do so by themselves, for which no others must wait, or else the one that sorts last.
func (v *view) looping() map[key]map[Probe]alias.Name {
	alone, last := map[key]map[Probe]alias.Name{}, map[key]map[Probe]alias.Name{}
	for _, k := range v.order() {
		back := v.back(k)
		if back == nil {
			continue
		}
		last = map[key]map[Probe]alias.Name{k: back}
		by := &view{change: v.change, in: map[key]*candidate{k: v.in[k]}}
		if len(by.held([]key{k})) == 0 && len(by.build([]key{k})) == 0 && by.back(k) != nil {
			alone[k] = back
		}
	}
	if len(alone) > 0 {
		return alone
	}
	return last
}

// unverified takes out the candidates that wait for probes, and those that give up
// an alias to one of them: it must not be gone in between. Once there are none, it does so
// with those that lead back. It reports whether there were any.
func (v *view) unverified() bool {
	waits := map[key][]Probe{}
	wants := map[key][]Probe{}
	var backs map[key]map[Probe]alias.Name
	for k := range v.in {
		wants[k] = v.wants(k)
		if v.unproven(k, wants[k]) {
			waits[k] = wants[k]
		}
	}
	if len(waits) == 0 {
		backs = v.looping()
		for k := range backs {
			waits[k] = wants[k]
		}
	}
	for more := len(waits) > 0; more; {
		more = false
		for _, k := range slices.SortedFunc(maps.Keys(waits), key.compare) {
			for a := range v.claims(&v.in[k].document) {
				e := v.table.Get(a.Name)
				if e == nil || keyOf(e) == k {
					continue
				}
				from := keyOf(e)
				if v.retired[from] {
					v.keep(from)
					more = true
					continue
				}
				if v.in[from] == nil {
					continue
				}
				if waits[from] == nil {
					waits[from], more = slices.Clone(wants[from]), true
				}
				for _, p := range waits[k] {
					if !slices.Contains(waits[from], p) {
						waits[from], more = append(waits[from], p), true
						if name, ok := backs[k][p]; ok {
							if backs[from] == nil {
								backs[from] = map[Probe]alias.Name{}
							}
							backs[from][p] = name
						}
					}
				}
			}
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(waits), key.compare) {
		v.leaveOut(k)
		v.wait(k, waits[k], backs[k])
	}
	v.waiting = v.waiting || len(waits) > 0
	return len(waits) > 0
}

// unproven reports whether k's candidate has to wait for one of wants, or since an older
// version was read meanwhile.
func (v *view) unproven(k key, wants []Probe) bool {
	return len(wants) > 0 && (v.record(k).doubt != nil || slices.ContainsFunc(wants, func(p Probe) bool { return !v.proofs[p].holds() }))
}

// wait notes that k's candidate waits for probes, and says why it does once it is
// known: of each of them once.
func (c *change) wait(k key, wants []Probe, backs map[Probe]alias.Name) {
	r := c.record(k)
	next := *r.newer
	next.reason, next.err, next.wants, next.waits = "", nil, wants, nil
	for _, p := range wants {
		proof := c.proofs[p]
		err := proof.err
		if name, ok := backs[p]; ok {
			err = fmt.Errorf("found that it leads back to alias %s, want a target that does not", name)
		}
		if err != nil {
			next.waits = fmt.Errorf("verify target %s: %w", p.Target, err)
			if why := (reported{p, proof.unasked}); !slices.Contains(next.said, why) {
				next.said = append(slices.Clip(next.said), why)
				c.events = append(c.events, Event{Kind: Pending, Source: next.source(), Err: next.waits, Stays: r.stays()})
			}
			break
		}
	}
	if len(next.said) > len(r.newer.said) || text(next.waits) != text(r.newer.waits) || r.newer.err != nil || !slices.Equal(wants, r.newer.wants) {
		r.newer = &next
		c.updates[k] = r
	}
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

// Waiting is an alias whose newest document waits to be verified.
type Waiting struct {
	Name, Zone alias.Name
	Source     alias.Source // the document
	Err        error        // why, or nil before anything was answered
}

// Waiting is all of them, sorted by name, and then by parameter.
func (l *Ledger) Waiting() []Waiting {
	var list []Waiting
	for _, r := range l.records.unsettled {
		if !r.hasNewer() || r.newer.wants == nil || r.newer.err != nil {
			continue
		}
		for a := range l.claims(&r.newer.document) {
			list = append(list, Waiting{a.Name, a.Zone, *r.newer.source(), r.newer.waits})
		}
	}
	slices.SortFunc(list, func(a, b Waiting) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Source.Parameter, b.Source.Parameter), cmp.Compare(a.Source.Line, b.Source.Line))
	})
	return list
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
