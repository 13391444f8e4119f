package ledger

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/octoenergy/versionalias/plugin/alias"
)

// MaxChain is how many aliases may follow one another. CoreDNS's file plugin
// gives up at its ninth look at one query (dnsserver.LoopKey), and each alias
// on the way counts as one.
const MaxChain = 7

// loops finds the candidates that make a chain of aliases lead back to itself,
// or further than MaxChain. Of those that changed a part of a chain, the one
// that sorts last is at fault.
//
// The chains that the fewest changed come first: one that is bad all by itself
// must not take along others that merely lead to it.
func (v *view) loops(order []key) map[key]verdict {
	faults := map[key]verdict{}
	fewest := 0
	for _, name := range v.touched(order) {
		chain, changed := v.chain(name)
		if len(changed) == 0 || fewest > 0 && len(changed) > fewest {
			continue
		}
		if len(changed) < fewest {
			clear(faults)
		}
		fewest = len(changed)
		last := changed[len(changed)-1]
		if _, done := faults[last]; !done {
			faults[last] = verdict{ReasonLoop, chainError(chain), fewest > 1}
		}
	}
	return faults
}

// step is a name that a query is asked for, and the alias that it is for.
type step struct {
	name  alias.Name
	owner alias.Name
}

// chain is the steps from name on that are more than are allowed, one more, and
// the candidates that changed a part of them. An alias that moves leads two ways:
// of all chains it is that which the fewest changed. A loop is too long whatever
// its length. What no candidate changed is left as it is.
func (v *view) chain(name alias.Name) (chain []step, changed []key) {
	var follow func(steps []step, name alias.Name)
	follow = func(steps []step, name alias.Name) {
		if len(steps) > MaxChain {
			if c := v.changed(steps); len(c) > 0 && (changed == nil || len(c) < len(changed)) {
				chain, changed = slices.Clone(steps), c
			}
			return
		}
		a := v.owner(name)
		if a == nil {
			return
		}
		steps = append(steps, step{name, a.Name})
		for _, next := range hops(a, name) {
			follow(steps, next)
		}
	}
	follow(nil, name)
	return chain, changed
}

// hops is the names that a leads name to, which is its own or one below it: without those that
// would be too long for a name, and are answered with that.
func hops(a *alias.Entry, name alias.Name) []alias.Name {
	var names []alias.Name
	for _, target := range a.Targets() {
		if next, ok := a.Follow(target, string(name), len(name)-len(a.Name)); ok {
			names = append(names, alias.Name(next))
		}
	}
	return names
}

// touched is the aliases that changed, and all that lead to them, if they lead on to
// another one, sorted: most do not, and are in no chain.
func (v *view) touched(order []key) []alias.Name {
	var leading []*alias.Entry
	for _, k := range order {
		entries := v.adopted[k].entries
		for i := range entries {
			if e := &entries[i]; v.leadsOn(e) {
				leading = append(leading, e)
			}
		}
	}
	// Else nobody leads to a change but another one: those as before are in the table too.
	if v.table.Len() > 0 && slices.ContainsFunc(v.swaps, v.reached) {
		for e := range v.table.All() {
			if v.leadsOn(e) && v.next.Get(e.Name) == e {
				leading = append(leading, e)
			}
		}
	}
	// Where labels move along, an alias leads over names that are no targets.
	subtrees := v.next.HasSubtrees()
	touched := map[alias.Name]bool{}
	leads := func(target alias.Name) bool {
		e := v.owner(target)
		return e != nil && (touched[e.Name] || v.changes(e))
	}
	for more := true; more; {
		more = false
		for _, e := range leading {
			if !touched[e.Name] && (subtrees || v.changes(e) || slices.ContainsFunc(e.Targets(), leads)) {
				touched[e.Name] = true
				more = true
			}
		}
	}
	return slices.Sorted(maps.Keys(touched))
}

// reached reports whether an alias as before may lead to what s changes.
func (v *view) reached(s swap) bool {
	switch {
	case s.after == nil && v.owner(s.before.Name) == nil, s.after != nil && !v.changes(s.after):
		return false
	case s.after != nil && s.after.Subtree != nil, s.before != nil && s.before.Subtree != nil && v.next.HasSubtrees():
		return true
	}
	names := []alias.Name{s.name()}
	for range MaxChain {
		var further []alias.Name
		for _, name := range names {
			if v.table.MayLead(name) {
				return true
			}
			further = v.movesTo(name, further)
		}
		names = further
		if v.traced += len(names); v.traced > 1000 { // to look at all aliases is no dearer
			return true
		}
	}
	return false
}

// movesTo adds to names those below aliases in force from which labels move along to name.
func (c *change) movesTo(name alias.Name, names []alias.Name) []alias.Name {
	if c.moves == nil {
		c.moves = map[alias.Name][]alias.Name{}
		for e := range c.table.Subtrees() {
			for _, target := range e.Targets() {
				if !e.Subtree.Collapse {
					c.moves[target] = append(c.moves[target], e.Name)
				}
			}
		}
	}
	for above := name; above != "."; above = above.Parent() {
		for _, from := range c.moves[above] {
			if above != name {
				names = append(names, name[:len(name)-len(above)]+from)
			}
		}
	}
	return names
}

// leadsOn reports whether a target of e is an alias's.
func (v *view) leadsOn(e *alias.Entry) bool {
	return slices.ContainsFunc(e.Targets(), func(target alias.Name) bool { return v.owner(target) != nil })
}

// changes reports whether e, of the next table, would not be there, or not lead there,
// if the candidate that states it were out.
func (v *view) changes(e *alias.Entry) bool {
	before := v.table.Get(e.Name)
	return before == nil || !before.LeadsAs(&e.Alias) || keyOf(before) != keyOf(e)
}

// changed is the candidates that changed a part of chain, sorted.
func (v *view) changed(chain []step) []key {
	var changed []key
	for _, s := range chain {
		if e := v.next.Get(s.owner); v.changes(e) {
			changed = append(changed, keyOf(e))
		}
		// Or another one had the name, and has given it up.
		for above := s.name; above != s.owner && above != "."; above = above.Parent() {
			before := v.table.Get(above)
			if before == nil || above != s.name && before.Subtree == nil {
				continue
			}
			switch e := v.next.Get(above); {
			case e != nil && v.changes(e):
				changed = append(changed, keyOf(e))
			case e == nil && v.in[keyOf(before)] != nil:
				changed = append(changed, keyOf(before))
			}
		}
	}
	slices.SortFunc(changed, key.compare)
	return slices.Compact(changed)
}

// chainError is what is wrong with chain. A loop is told from its least name on,
// whichever alias the chain came from, so that it is one fault and said once.
func chainError(chain []step) error {
	names := make([]string, len(chain))
	for i, s := range chain {
		names[i] = string(s.name)
	}
	for i, name := range names {
		first := slices.Index(names, name)
		if first == i {
			continue
		}
		loop := names[first:i]
		least := slices.Index(loop, slices.Min(loop))
		loop = slices.Concat(loop[least:], loop[:least+1])
		return fmt.Errorf("follow alias %s: found the loop %s, want a target that does not lead back", loop[0], strings.Join(loop, " "))
	}
	return fmt.Errorf("follow alias %s: found the chain %s, want at most %d aliases in a row", names[0], strings.Join(names, " "), MaxChain)
}
