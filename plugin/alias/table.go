package alias

import (
	"bytes"
	"cmp"
	"hash/maphash"
	"iter"
	"maps"
	"slices"
	"sync/atomic"
	"time"
)

// Entry is an alias in force. It is immutable but for its tallies' counters.
type Entry struct {
	Alias
	Source *Source // shared by all entries of one document
	// Tallies count the answers by target, those of Targets first. They live as
	// long as the alias, whatever its targets and documents.
	Tallies []*Tally
	base    []uint64 // what those of Targets had counted when the document was adopted; nil for 0
	// Retired is set if this is no alias but a name that some led to before.
	Retired *Retired
}

// Source is the document that an entry stands in.
type Source struct {
	Line      int    // the line of the Corefile that reads it, counted from 0
	Parameter string // its name, with ":label" behind it if read by one
	Version   int64
	Modified  time.Time
	Adopted   time.Time // when it came into force here
}

// Same reports whether s and o are one version of a parameter, whichever line reads
// it, and whenever it was adopted.
func (s Source) Same(o Source) bool {
	return s.Parameter == o.Parameter && s.Version == o.Version && s.Modified.Equal(o.Modified)
}

// Answered is how many queries e led to Target, and how many in all, since its
// document was adopted.
func (e *Entry) Answered() (target, all uint64) {
	for i := range e.Targets() {
		n := e.Tallies[i].Count()
		if e.base != nil {
			n -= e.base[i]
		}
		if all += n; i == 0 {
			target = n
		}
	}
	return target, all
}

// Tally counts the queries that an alias led to one target.
type Tally struct {
	Target Name
	n      atomic.Uint64
}

// Add counts one query. It may be called at any time, by anyone.
func (t *Tally) Add() { t.n.Add(1) }

// Count is how many queries were counted.
func (t *Tally) Count() uint64 { return t.n.Load() }

// shards is how many parts a table is made of. A change copies the parts it
// touches: one part in a thousand of a large table, next to nothing of a small.
const shards = 1024

var seed = maphash.MakeSeed()

// Table is the aliases in force, to be looked up by the names that clients ask
// for. A table is immutable once made, so anyone may read it at any time; use
// [Table.Edit] to make the next one. A nil *Table is empty.
type Table struct {
	shards   [shards]map[Name]*Entry
	size     int
	retired  int           // how many names beside are retired
	subtrees int           // how many of them have a subtree
	above    map[Name]int  // names that exist for what lies below them, and how much does
	partial  bool          // aliases may be missing, see Partial
	held     map[Name]Name // names that are no alias for a fault in their document, with their zones
}

// Lookup is the alias that qname asks for, or nil: the one of that very name,
// else the deepest above it whose subtree has it, else an entry that says that
// the name is retired. The first below octets of
// qname are in front of the alias's name. qname is a name in presentation form,
// in any case, as in a dns.Question. Names are compared by label: an escaped dot
// separates nothing (RFC 1035 section 5.1). Nothing is allocated.
func (t *Table) Lookup(qname string) (e *Entry, below int) {
	if t == nil || t.size+t.retired == 0 {
		return nil, 0
	}
	var buf [maxName]byte
	name := fold(&buf, qname)
	if name == nil {
		return nil, 0
	}
	exact := t.find(name)
	if exact != nil && exact.Retired == nil || t.subtrees == 0 || t.held[Name(name)] != "" {
		return exact, 0
	}
	for owner := name; ; {
		label, above, _ := bytes.Cut(owner, []byte("."))
		if len(label) == 0 || len(label) > maxLabel || len(above) == 0 {
			return exact, 0 // no name, or the root
		}
		owner = above
		below = nextLabel(qname, below)
		if e := t.find(owner); e != nil && e.Subtree != nil {
			if e.Subtree.excepts(name) {
				return exact, 0
			}
			return e, below
		}
	}
}

func (t *Table) find(name []byte) *Entry {
	return t.shards[maphash.Bytes(seed, name)%shards][Name(name)]
}

// Held is the zone of qname, in the form that Lookup takes, if it would be an
// alias but for a fault in its only document; else "". Nothing is allocated.
func (t *Table) Held(qname string) (zone Name) {
	if t == nil || len(t.held) == 0 {
		return ""
	}
	var buf [maxName]byte
	return t.held[Name(fold(&buf, qname))]
}

// IsAbove reports whether qname, in the form that Lookup takes, is below a zone
// and above an alias in it, or above a name that a subtree leaves alone. Such a
// name exists, if only for that (RFC 4592 section 2.2.2). Nothing is allocated.
func (t *Table) IsAbove(qname string) bool {
	if t == nil || len(t.above) == 0 {
		return false
	}
	var buf [maxName]byte
	_, ok := t.above[Name(fold(&buf, qname))]
	return ok
}

// Partial reports whether there may be aliases that t does not have, since not
// all of what states them was read yet.
func (t *Table) Partial() bool { return t == nil || t.partial }

// HasSubtrees reports whether any alias has a subtree.
func (t *Table) HasSubtrees() bool { return t != nil && t.subtrees > 0 }

// Inherit is t with the tallies of the aliases of old tables, where t has them as
// well; of several, queries are counted by those of the first one. It is for a
// table that nobody else has yet.
func (t *Table) Inherit(old ...*Table) *Table {
	edit := t.Edit()
	for e := range t.All() {
		before := joined(old, e.Name)
		if before == nil {
			continue
		}
		edit.put(e.Alias, e.Source, before)
		if e.Source.Same(*before.Source) && slices.Equal(e.Targets(), before.Targets()) {
			edit.Get(e.Name).base = before.base
		}
	}
	return edit.Table()
}

// joined is the alias of that name in the first table that has it, with the tallies of
// all; or nil.
func joined(tables []*Table, name Name) *Entry {
	var all *Entry
	for _, t := range tables {
		e := t.Get(name)
		if all == nil || e == nil {
			all = cmp.Or(all, e)
			continue
		}
		first := *all
		all = &first
		for _, tally := range e.Tallies {
			if !slices.Contains(all.Tallies, tally) {
				all.Tallies = append(slices.Clip(all.Tallies), tally)
			}
		}
	}
	return all
}

// Get is the alias of that very name, or nil.
func (t *Table) Get(name Name) *Entry {
	if t == nil {
		return nil
	}
	if e := t.shards[shard(name)][name]; e != nil && e.Retired == nil {
		return e
	}
	return nil
}

// Retired counts the queries for a name that is retired, and nil is of none.
func (t *Table) Retired(name Name) *Retired {
	if t == nil {
		return nil
	}
	if e := t.shards[shard(name)][name]; e != nil {
		return e.Retired
	}
	return nil
}

// Len is the number of aliases.
func (t *Table) Len() int {
	if t == nil {
		return 0
	}
	return t.size
}

// All yields the aliases in no order.
func (t *Table) All() iter.Seq[*Entry] {
	return func(yield func(*Entry) bool) {
		if t == nil {
			return
		}
		for _, part := range t.shards {
			for _, e := range part {
				if e.Retired == nil && !yield(e) {
					return
				}
			}
		}
	}
}

func shard(name Name) uint64 { return maphash.String(seed, string(name)) % shards }

// Edit begins the next table, which shares with t what does not change.
func (t *Table) Edit() *Edit {
	e := &Edit{before: t}
	if t != nil {
		e.next = *t
	}
	return e
}

// Edit is a table in the making. It is for one goroutine, and of no use once
// Table has been called.
type Edit struct {
	before *Table
	next   Table
	owned  [shards]bool // parts that next does not share with before
	above  bool         // so is next's above
}

// Put sets the alias a, which stands in the document src. The tallies of an
// alias of that name in the table the edit began with live on.
func (e *Edit) Put(a Alias, src *Source) { e.put(a, src, e.before.Get(a.Name)) }

// put is the same with the tallies of before, an entry or nil.
func (e *Edit) put(a Alias, src *Source, before *Entry) {
	e.Delete(a.Name)
	e.next.size++
	e.count(a, 1)
	entry := &Entry{Alias: a, Source: src, Tallies: tallies(before, a.Targets())}
	entry.base = counts(entry.Tallies[:len(a.Targets())])
	e.part(a.Name)[a.Name] = entry
}

// Delete removes the alias of that name, if there is one. The name is not
// retired any more either.
func (e *Edit) Delete(name Name) {
	part := e.part(name)
	switch old := part[name]; {
	case old == nil:
		return
	case old.Retired != nil:
		e.next.retired--
	default:
		e.next.size--
		e.count(old.Alias, -1)
	}
	delete(part, name)
}

// Retire has the queries for name counted by r, or by nobody if that is nil. If
// it is an alias nothing happens: that has its own tallies.
func (e *Edit) Retire(name Name, r *Retired) {
	if e.next.Get(name) != nil {
		return
	}
	e.Delete(name)
	if r != nil {
		e.next.retired++
		e.part(name)[name] = &Entry{Alias: Alias{Name: name}, Retired: r}
	}
}

// Hold sets the names that would be aliases but for a fault in their documents,
// in the place of those that were held before. Of names that are aliases nothing is
// held; it is to be called when those are complete.
func (e *Edit) Hold(held map[Name]Name) {
	for name, zone := range e.next.held {
		e.count(Alias{Name: name, Zone: zone}, -1)
	}
	e.next.held = make(map[Name]Name, len(held))
	for name, zone := range held {
		if e.next.Get(name) == nil {
			e.next.held[name] = zone
			e.count(Alias{Name: name, Zone: zone}, 1)
		}
	}
}

// Partial says whether there may be aliases that the table does not have.
func (e *Edit) Partial(partial bool) { e.next.partial = partial }

// count counts a, one more or one less, below the names above it, and so the
// names that its subtree leaves alone.
func (e *Edit) count(a Alias, by int) {
	for name := a.Name.Parent(); name != a.Zone && name.IsAt(a.Zone) && name != "."; name = name.Parent() {
		e.exists(name, by)
	}
	if a.Subtree == nil {
		return
	}
	e.next.subtrees += by
	for _, x := range a.Subtree.Except {
		for name := x.Parent(); name.IsAt(a.Name); name = name.Parent() {
			e.exists(name, by)
		}
	}
}

func (e *Edit) exists(name Name, by int) {
	if !e.above {
		e.above = true
		e.next.above = maps.Clone(e.next.above)
		if e.next.above == nil {
			e.next.above = map[Name]int{}
		}
	}
	e.next.above[name] += by
	if e.next.above[name] == 0 {
		delete(e.next.above, name)
	}
}

// Get is the alias of that very name as it is by now, or nil.
func (e *Edit) Get(name Name) *Entry { return e.next.Get(name) }

// Retired counts the queries for a name that is retired by now, and nil is of none.
func (e *Edit) Retired(name Name) *Retired { return e.next.Retired(name) }

// Table ends the edit. The table is a copy: a pointer into the edit would hold
// on to the table before, and that one to all before it.
func (e *Edit) Table() *Table {
	t := e.next
	return &t
}

func (e *Edit) part(name Name) map[Name]*Entry {
	i := shard(name)
	if !e.owned[i] {
		e.owned[i] = true
		e.next.shards[i] = maps.Clone(e.next.shards[i])
		if e.next.shards[i] == nil {
			e.next.shards[i] = map[Name]*Entry{}
		}
	}
	return e.next.shards[i]
}

// counts is what tallies have counted, or nil if that is nothing.
func counts(tallies []*Tally) []uint64 {
	var list []uint64
	for i, t := range tallies {
		n := t.Count()
		if n > 0 && list == nil {
			list = make([]uint64, len(tallies))
		}
		if n > 0 {
			list[i] = n
		}
	}
	return list
}

// tallies is those of before, an entry or nil, with those of targets first.
func tallies(before *Entry, targets []Name) []*Tally {
	var old []*Tally
	if before != nil {
		old = before.Tallies
	}
	if slices.EqualFunc(old[:min(len(old), len(targets))], targets, func(t *Tally, n Name) bool { return t.Target == n }) {
		return old
	}
	next := make([]*Tally, 0, len(old)+len(targets))
	for _, target := range targets {
		i := slices.IndexFunc(old, func(t *Tally) bool { return t.Target == target })
		if i < 0 {
			next = append(next, &Tally{Target: target})
		} else {
			next = append(next, old[i])
		}
	}
	for _, t := range old {
		if !slices.Contains(next, t) {
			next = append(next, t)
		}
	}
	return next
}
