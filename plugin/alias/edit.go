package alias

import "slices"

// Edit is a table in the making. It is for one goroutine, and of no use once
// Table has been called.
type Edit struct {
	before   *Table
	next     *Table
	names    draft        // next's
	subtrees draft        // the same
	led      [lists]bool  // the lists of next's led that it does not share with before
	above    map[Name]int // how much more lies below a name by now
	upward   map[Name]int // how much more lies below a name, and so below all that are above it
}

// Edit begins the next table, which shares with t what does not change.
func (t *Table) Edit() *Edit {
	e := &Edit{before: t, next: new(Table), above: map[Name]int{}, upward: map[Name]int{}}
	if t != nil {
		*e.next = *t
	}
	e.names.index, e.subtrees.index = &e.next.names, &e.next.subtrees
	return e
}

// Grow makes room for n more aliases in a table that has none yet.
func (e *Edit) Grow(n int) {
	if e.next.names.used == 0 { // else it grows by itself
		e.names.grow(n)
	}
}

// Put sets aliases, which all stand in the document src. The tallies of those that the
// table has which the edit began with live on. What it returns are their entries, in the
// same order.
func (e *Edit) Put(src *Source, aliases ...Alias) []Entry {
	entries := make([]Entry, len(aliases))
	fresh := new(fresh)
	for i := range aliases {
		fresh.left = len(aliases) - i
		entries[i] = Entry{Alias: aliases[i], Source: src}
		e.put(&entries[i], e.before.Get(aliases[i].Name), fresh)
	}
	return entries
}

// put sets next, which has no tallies yet, with those of before, an entry or nil. The
// name is not retired any more.
func (e *Edit) put(next, before *Entry, fresh *fresh) {
	targets := next.Targets()
	for i, target := range targets {
		next.leads[i] = hashOf(target)
	}
	next.Tallies = tallies(before, targets, fresh)
	next.base = counts(next.Tallies[:len(targets)])
	h := hashOf(next.Name)
	old := e.next.names.get(h, next.Name)
	if old != nil && old.mark != nil {
		next.mark = old.mark.with(func(m *Mark) { m.retired = nil })
	}
	e.set(h, next)
	e.next.size++
	e.count(&next.Alias, 1)
	if old == nil || old.Source == nil {
		e.lead(targets, 1)
		return
	}
	e.next.size--
	e.count(&old.Alias, -1)
	if left := old.Targets(); !slices.Equal(left, targets) {
		e.lead(left, -1)
		e.lead(targets, 1)
	}
}

// Delete removes the alias of that name, if there is one. The name is not
// retired any more either.
func (e *Edit) Delete(name Name) {
	old := e.next.get(name)
	if old == nil {
		return
	}
	if old.Source != nil {
		e.next.size--
		e.count(&old.Alias, -1)
		e.lead(old.Targets(), -1)
	}
	e.set(hashOf(name), &Entry{Alias: Alias{Name: name}, mark: old.mark.with(func(m *Mark) { m.retired = nil })})
}

// Retire has the queries for name counted by r, or by nobody if that is nil. If
// it is an alias nothing happens: that has its own tallies.
func (e *Edit) Retire(name Name, r *Retired) {
	if e.next.Get(name) == nil {
		e.mark(name, func(m *Mark) { m.retired = r })
	}
}

// Orphans sets the names that would be aliases but for a fault in their documents, with
// their zones, in the place of those that were orphans before. Names that are aliases
// are none; it is to be called when those are complete.
func (e *Edit) Orphans(orphans map[Name]Name) {
	for name, zone := range e.next.orphans {
		e.count(&Alias{Name: name, Zone: zone}, -1)
		e.mark(name, func(m *Mark) { m.orphan = "" })
	}
	e.next.orphans = nil
	for name, zone := range orphans {
		if e.next.Get(name) != nil {
			continue
		}
		if e.next.orphans == nil {
			e.next.orphans = map[Name]Name{}
		}
		e.next.orphans[name] = zone
		e.count(&Alias{Name: name, Zone: zone}, 1)
		e.mark(name, func(m *Mark) { m.orphan = zone })
	}
}

// Partial says whether there may be aliases that the table does not have.
func (e *Edit) Partial(partial bool) { e.next.partial = partial }

// Get is the alias of that very name as it is by now, or nil.
func (e *Edit) Get(name Name) *Entry { return e.next.Get(name) }

// New is the alias of that very name if it was put in this edit, or nil.
func (e *Edit) New(name Name) *Entry {
	if now := e.next.Get(name); now != nil && now != e.before.Get(name) {
		return now
	}
	return nil
}

// HasSubtrees reports whether any alias has a subtree by now.
func (e *Edit) HasSubtrees() bool { return e.next.HasSubtrees() }

// Retired is what counts the queries for a name that is retired by now, or nil.
func (e *Edit) Retired(name Name) *Retired { return e.next.Retired(name) }

// Table ends the edit.
func (e *Edit) Table() *Table {
	for lowest, by := range e.upward {
		for name := lowest; by != 0 && name != "."; name = name.Parent() {
			e.above[name] += by
		}
	}
	for name, by := range e.above {
		if by != 0 {
			e.mark(name, func(m *Mark) { m.above += by })
		}
	}
	return e.next
}

// count counts a, one more or one less, below the names above it, and so the
// names that its subtree leaves alone. It does not end at the zone: what answers for the
// names from there on may know of none. An apex is counted at itself as well, since not
// all its types are the alias's.
func (e *Edit) count(a *Alias, by int) {
	name := a.Name
	if !a.IsApex() {
		name = name.Parent()
	}
	e.upward[name] += by
	if a.Subtree == nil {
		return
	}
	for _, x := range a.Subtree.Except {
		for name := x.Parent(); name.IsAt(a.Name); name = name.Parent() {
			e.above[name] += by
		}
	}
}

// lead notes that one alias more or less leads to each of targets.
func (e *Edit) lead(targets []Name, by int) {
	for _, target := range targets {
		h := hashOf(target)
		list := &e.next.led[h.list()]
		if i := h.list(); !e.led[i] {
			e.led[i] = true
			*list = slices.Clone(*list)
		}
		if by > 0 {
			*list = append(*list, h.short())
			continue
		}
		last := len(*list) - 1
		(*list)[slices.Index(*list, h.short())] = (*list)[last]
		*list = (*list)[:last]
	}
}

// mark changes what is known of name beside its alias.
func (e *Edit) mark(name Name, change func(*Mark)) {
	next := &Entry{Alias: Alias{Name: name}}
	if old := e.next.get(name); old != nil {
		*next = *old
	}
	next.mark = next.mark.with(change)
	e.set(hashOf(name), next)
}

// set puts next in, in the place of the entry of its name, or takes that out if next
// says nothing.
func (e *Edit) set(h hash, next *Entry) {
	if next.Subtree != nil {
		e.subtrees.set(h, next)
	} else {
		e.subtrees.remove(h, next.Name)
	}
	if next.Source != nil || next.mark != nil {
		e.names.set(h, next)
	} else {
		e.names.remove(h, next.Name)
	}
}

// with is m after a change, or nil if it says nothing then.
func (m *Mark) with(change func(*Mark)) *Mark {
	var next Mark
	if m != nil {
		next = *m
	}
	change(&next)
	if next == (Mark{}) {
		return nil
	}
	return &next
}
