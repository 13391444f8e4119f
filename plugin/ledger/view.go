package ledger

import (
	"fmt"
	"maps"
	"slices"

	"github.com/octoenergy/versionalias/plugin/alias"
)

// view is the aliases as they would be with some candidates in force.
type view struct {
	*change
	in map[key]*candidate
	// The next table, as far as the candidates that are in make it, and what it takes
	// from them; nil if others are in by now.
	next    *alias.Edit
	adopted map[key]*document
	swaps   []swap
	waiting bool // some were taken out to be verified
}

// let puts in k's candidate, if it could be read and is still there.
func (v *view) let(k key) {
	r := v.record(k)
	if !r.hasNewer() {
		return
	}
	switch r.newer.reason {
	case "", ReasonCollision, ReasonLoop:
		v.in[k], v.next = r.newer, nil
	}
}

func (v *view) leaveOut(k key) {
	delete(v.in, k)
	v.next = nil
}

// order is the candidates that are in, sorted.
func (v *view) order() []key { return slices.SortedFunc(maps.Keys(v.in), key.compare) }

// holder is the parameter that has name in force and is neither gone nor about
// to be replaced.
func (v *view) holder(name alias.Name) (key, *alias.Entry) {
	e := v.table.Get(name)
	if e == nil {
		return key{}, nil
	}
	k := keyOf(e)
	if v.in[k] != nil || v.gone[k] {
		return key{}, nil
	}
	return k, e
}

// owner is the alias that queries for name are for: the one of that name, else
// the deepest above it whose subtree has it; or nil.
func (v *view) owner(name alias.Name) *alias.Entry { return ownerIn(v.next, name) }

// ownerIn is the same, of any table, whether it answers yet or not; see answering.
func ownerIn(table interface {
	Get(name alias.Name) *alias.Entry
	HasSubtrees() bool
}, name alias.Name) *alias.Entry {
	for above := name; ; above = above.Parent() {
		a := table.Get(above)
		switch {
		case a != nil && above == name:
			return a
		case a != nil && a.Subtree != nil:
			if !a.Covers(name) {
				return nil
			}
			return a
		case !table.HasSubtrees() || above == ".":
			return nil
		}
	}
}

// faults finds candidates at fault, the surest kind first: to take out one may
// clear another of a fault of a later kind.
func (v *view) faults() map[key]verdict {
	order := v.order()
	if faults := v.held(order); len(faults) > 0 {
		return faults
	}
	if faults := v.build(order); len(faults) > 0 {
		return faults
	}
	return v.loops(order)
}

// held finds the candidates that state an alias which another document has in force, and
// keeps, whatever becomes of that one's own candidate.
func (v *view) held(order []key) map[key]verdict {
	kept := map[alias.Name]key{}
	for _, k := range order {
		for a := range v.claims(&v.in[k].document) {
			if e := v.table.Get(a.Name); e != nil && keyOf(e) == k {
				kept[a.Name] = k
			}
		}
	}
	faults := map[key]verdict{}
	for _, k := range order {
		for a := range v.claims(&v.in[k].document) {
			if holder, e := v.holder(a.Name); e != nil {
				faults[k] = collision(a.Name, holder, false)
				break
			}
			if holder, ok := kept[a.Name]; ok && holder != k {
				faults[k] = collision(a.Name, holder, false)
				break
			}
		}
	}
	return faults
}

// build makes the next table, and finds the candidates that state an alias of another
// one, where none has it in force: the one that sorts first keeps it.
func (v *view) build(order []key) map[key]verdict {
	n := 0
	for _, k := range order {
		n += len(v.in[k].aliases)
	}
	v.next, v.adopted, v.swaps = v.table.Edit(), map[key]*document{}, make([]swap, 0, n)
	v.next.Grow(n)
	faults := map[key]verdict{}
	for _, k := range order {
		own := v.own(&v.in[k].document)
		if i := slices.IndexFunc(own, func(a alias.Alias) bool { return v.next.New(a.Name) != nil }); i >= 0 {
			faults[k] = collision(own[i].Name, keyOf(v.next.New(own[i].Name)), true)
			continue
		}
		good := v.in[k].adopt(v.now)
		good.entries = v.next.Put(good.source(), own...)
		if len(own) == len(good.aliases) {
			good.aliases = nil // the entries have them
		}
		for i := range good.entries {
			v.swaps = append(v.swaps, swap{v.table.Get(good.entries[i].Name), &good.entries[i]})
		}
		v.adopted[k] = good
	}
	if len(faults) > 0 {
		v.next = nil
		return faults
	}
	for _, k := range slices.AppendSeq(slices.Clone(order), maps.Keys(v.gone)) {
		good := v.of(k).good
		if good == nil {
			continue
		}
		for a := range v.claims(good) {
			// What another document states by now stays.
			if before, now := v.table.Get(a.Name), v.next.Get(a.Name); now != nil && now == before {
				v.next.Delete(a.Name)
				v.swaps = append(v.swaps, swap{before, nil})
			}
		}
	}
	return nil
}

func collision(name alias.Name, holder key, shared bool) verdict {
	return verdict{ReasonCollision, fmt.Errorf("place alias %s: found it in parameter %s, want it in one parameter only", name, holder.name), shared}
}
