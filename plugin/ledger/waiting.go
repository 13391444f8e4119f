package ledger

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/octoenergy/versionalias/plugin/alias"
)

// asks reports whether what k states has to be verified before it is adopted. The
// first load of a line is not: there is nothing else to answer with.
func (c *change) asks(k key) bool { return c.trust.Verify && c.known[k.line] && !c.trusted }

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
					case o != nil && keyOf(o) == k && turns(v.table.Get(o.Name), o) && !v.orphan(name):
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
			turned := turns(answering(v.table, over), a) && !v.orphan(over)
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

// orphan reports whether name is left to the zone below, as its only document is at fault: no
// alias above it leads it anywhere until that ends.
func (v *view) orphan(name alias.Name) bool {
	return v.table.Lookup(string(name)).Mark.Orphan() != "" && v.next.Get(name) == nil
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
	wants := map[key][]Probe{}
	waits := map[key]*lack{}
	for k := range v.in {
		wants[k] = v.wants(k)
		if v.unproven(k, wants[k]) {
			waits[k] = &lack{probes: wants[k]}
		}
	}
	if len(waits) == 0 {
		for k, back := range v.looping() {
			waits[k] = &lack{wants[k], back}
		}
	}
	v.spread(waits, wants)
	for _, k := range slices.SortedFunc(maps.Keys(waits), key.compare) {
		v.leaveOut(k)
		v.wait(k, waits[k])
	}
	v.waiting = v.waiting || len(waits) > 0
	return len(waits) > 0
}

// lack is the probes that a candidate waits for, and the aliases to which some lead back.
type lack struct {
	probes []Probe
	back   map[Probe]alias.Name
}

// with adds what o waits for. It reports whether that is more.
func (l *lack) with(o *lack) (more bool) {
	for _, p := range o.probes {
		if slices.Contains(l.probes, p) {
			continue
		}
		l.probes, more = append(l.probes, p), true
		if name, ok := o.back[p]; ok {
			if l.back == nil {
				l.back = map[Probe]alias.Name{}
			}
			l.back[p] = name
		}
	}
	return more
}

// spread has those wait as well, for the same, that give up an alias to one that waits. What is gone and
// has such an alias is kept.
func (v *view) spread(waits map[key]*lack, wants map[key][]Probe) {
	for more := true; more; {
		more = false
		for _, k := range slices.SortedFunc(maps.Keys(waits), key.compare) {
			for a := range v.claims(&v.in[k].document) {
				e := v.table.Get(a.Name)
				if e == nil || keyOf(e) == k {
					continue
				}
				switch from := keyOf(e); {
				case v.gone[from]:
					v.keep(from)
					more = true
				case v.in[from] != nil:
					if waits[from] == nil {
						waits[from], more = &lack{probes: slices.Clone(wants[from])}, true
					}
					more = waits[from].with(waits[k]) || more
				}
			}
		}
	}
}

// unproven reports whether k's candidate has to wait for one of wants, or since an older
// version was read meanwhile.
func (v *view) unproven(k key, wants []Probe) bool {
	return len(wants) > 0 && (v.record(k).doubt != nil || slices.ContainsFunc(wants, func(p Probe) bool { return !v.proofs[p].holds() }))
}

// wait notes that k's candidate waits for probes, and says why it does once it is
// known: of each of them once.
func (c *change) wait(k key, l *lack) {
	r := c.record(k)
	next := *r.newer
	next.reason, next.err, next.wants, next.waits = "", nil, l.probes, nil
	for _, p := range l.probes {
		proof := c.proofs[p]
		err := proof.err
		if name, ok := l.back[p]; ok {
			err = fmt.Errorf("found that it leads back to alias %s, want a target that does not", name)
		}
		if err != nil {
			next.waits = fmt.Errorf("verify target %s: %w", p.Target, err)
			if why := (reported{p, proof.unasked}); !slices.Contains(next.said, why) {
				next.said = append(slices.Clip(next.said), why)
				c.events = append(c.events, Event{Kind: Pending, Source: next.source(), Detail: &Detail{Err: next.waits, Stays: r.stays()}})
			}
			break
		}
	}
	if len(next.said) > len(r.newer.said) || text(next.waits) != text(r.newer.waits) || r.newer.err != nil || !slices.Equal(l.probes, r.newer.wants) {
		r.newer = &next
		c.updates[k] = r
	}
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
