package alias

import (
	"cmp"
	"iter"
	"slices"
	"strings"
	"time"
	"unsafe"
)

// Entry is what a table has of one name: an alias in force, or marks, or both. It
// is immutable but for its tallies' counters.
//
// What a query reads stands together: of a million entries most are in no processor's
// cache.
type Entry struct {
	mark   *Mark   // what else is known of the name, or nil
	Source *Source // shared by all entries of one document; nil if this is no alias
	// Tallies count the answers by target: those of Targets first, then those of earlier
	// targets, the latest first, up to 20 in all. They live as long as the alias,
	// whatever its documents.
	Tallies []*Tally
	Alias
	leads [2]hash   // of Targets
	base  [2]uint64 // what those of Targets had counted when the document was adopted
}

// Mark is what a table knows of a name beside its alias, or in the place of one. A
// nil *Mark is nothing.
type Mark struct {
	retired *Retired
	orphan  Name // its zone, if it is one; else ""
	above   int  // how many aliases, and names that subtrees leave alone, lie below, or are an apex of that name
}

// Retired is what counts the queries for the name if aliases have left it, else nil.
func (m *Mark) Retired() *Retired {
	if m == nil {
		return nil
	}
	return m.retired
}

// IsRetired reports whether m says nothing but that the name is retired.
func (m *Mark) IsRetired() bool { return m.orphan == "" && m.above == 0 }

// Orphan is the zone of a name that would be an alias but for a fault in its only
// document; else "".
func (m *Mark) Orphan() Name {
	if m == nil {
		return ""
	}
	return m.orphan
}

// IsAbove reports whether the name is above an alias, or above a name that a subtree
// leaves alone, or has an alias at the apex of a zone. Such a name exists, if only for that
// (RFC 4592 section 2.2.2), whatever type it is asked for (RFC 8020 section 2).
func (m *Mark) IsAbove() bool { return m != nil && m.above > 0 }

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
		n := e.Tallies[i].Count() - e.base[i]
		if all += n; i == 0 {
			target = n
		}
	}
	return target, all
}

// Table is the aliases in force, to be looked up by the names that clients ask
// for. A table is immutable once made, so anyone may read it at any time; use
// [Table.Edit] to make the next one. A nil *Table is empty.
type Table struct {
	names    index
	led      [lists][]uint32 // the short hashes of what aliases lead to, once for each
	size     int             // how many aliases there are
	subtrees index           // those of them that have a subtree
	partial  bool            // aliases may be missing, see Partial
	orphans  map[Name]Name   // the names with a mark of that, and their zones
}

// Found is what a table knows of a name that somebody asks for. Like a [Choice] it is returned in
// registers.
type Found struct {
	Entry *Entry // the alias that answers, or nil
	Mark  *Mark  // what else is known of the very name
	Below int    // how many octets of the name are in front of the alias's
	// Ends is set if the table is sure to know nothing of the alias's target, nor of a subtree
	// around it. Else the target has to be looked up.
	Ends bool
}

// Lookup is what t knows of qname: the alias of that very name, else the deepest above it
// whose subtree has it. qname is a name in presentation form, in any case, as in a
// dns.Question. Names are compared by label: an escaped dot separates nothing (RFC 1035
// section 5.1). Nothing is allocated.
func (t *Table) Lookup(qname string) Found {
	if t == nil {
		return Found{}
	}
	h, folded := hashFolded(qname)
	if !folded {
		return t.lookupFolded(qname)
	}
	if t.names.lacks(h) && t.subtrees.used == 0 {
		return Found{}
	}
	return t.found(t.names.get(h, Name(qname)), Name(qname), qname)
}

// lookupFolded is Lookup of a name that has to be folded. It is apart, since room for
// that would make the stack of each query's goroutine grow.
//
//go:noinline
func (t *Table) lookupFolded(qname string) Found {
	var buf [maxName]byte
	folded := fold(&buf, qname)
	// It is not written to any more, and not kept: to copy it would be to allocate.
	name := Name(unsafe.String(unsafe.SliceData(folded), len(folded)))
	return t.found(t.get(name), name, qname)
}

// found is Lookup of qname, once it is folded to name and t has e for that, or nil.
func (t *Table) found(e *Entry, name Name, qname string) Found {
	e, mark := e.known()
	if t.subtrees.used > 0 {
		return t.covering(e, name, qname, mark)
	}
	// Whoever only looks a name up learns of the target as well: it is then in the processor's
	// caches, and comes from memory beside the name and the counter, not after them.
	return Found{Entry: e, Mark: mark, Ends: e != nil && t.names.lacks(e.leads[0]) && !t.partial}
}

// EndsOld reports whether t is sure to know nothing of the target that e, which moves, has not left yet,
// but that it is retired, nor of a subtree around it. It is as Ends in [Found] is of the other one.
func (t *Table) EndsOld(e *Entry) bool {
	if t.Partial() || t.subtrees.used > 0 {
		return false
	}
	old, mark := t.names.get(e.leads[1], e.Move.From).known()
	return old == nil && (mark == nil || mark.IsRetired())
}

// known is e if it is an alias, and what else is known of its name. A nil *Entry knows
// nothing.
func (e *Entry) known() (*Entry, *Mark) {
	switch {
	case e == nil:
		return nil, nil
	case e.Source == nil:
		return nil, e.mark
	}
	return e, e.mark
}

// covering is Lookup in a table with subtrees: if the name is no alias itself there may be one
// above it that has it.
func (t *Table) covering(e *Entry, name Name, qname string, mark *Mark) Found {
	if e != nil || mark.Orphan() != "" {
		return Found{Entry: e, Mark: mark}
	}
	below := 0
	for owner := name; ; {
		label := strings.IndexByte(string(owner), '.')
		if label <= 0 || label > maxLabel || label == len(owner)-1 {
			return Found{Mark: mark} // no name, or the root
		}
		owner = owner[label+1:]
		below = nextLabel(qname, below)
		if e := t.Get(owner); e != nil && e.Subtree != nil {
			if e.Subtree.excepts(name) {
				return Found{Mark: mark}
			}
			return Found{Entry: e, Mark: mark, Below: below}
		}
	}
}

// Partial reports whether there may be aliases that t does not have, since not
// all of what states them was read yet.
func (t *Table) Partial() bool { return t == nil || t.partial }

// HasSubtrees reports whether any alias has a subtree.
func (t *Table) HasSubtrees() bool { return t != nil && t.subtrees.used > 0 }

// Subtrees yields the aliases that have one, in no order.
func (t *Table) Subtrees() iter.Seq[*Entry] {
	return func(yield func(*Entry) bool) {
		if t != nil {
			t.subtrees.all(yield)
		}
	}
}

// Inherit is t with the tallies of the aliases of old tables, where t has them as
// well; of several, queries are counted by those of the first one. It writes to t's entries,
// so nobody else may read them yet.
func (t *Table) Inherit(old ...*Table) *Table {
	for e := range t.All() {
		before := joined(old, e.Name)
		if before == nil {
			continue
		}
		targets := e.Targets()
		e.Tallies = tallies(before, targets, new(fresh))
		e.base = counts(e.Tallies[:len(targets)])
		if e.Source.Same(*before.Source) && slices.Equal(targets, before.Targets()) {
			e.base = before.base
		}
	}
	return t
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
			if len(all.Tallies) < mostTallies && !slices.Contains(all.Tallies, tally) {
				all.Tallies = append(slices.Clip(all.Tallies), tally)
			}
		}
	}
	return all
}

// Get is the alias of that very name, or nil.
func (t *Table) Get(name Name) *Entry {
	e, _ := t.get(name).known()
	return e
}

func (t *Table) get(name Name) *Entry {
	if t == nil {
		return nil
	}
	return t.names.get(hashOf(name), name)
}

// Retired is what counts the queries for a name that is retired, or nil.
func (t *Table) Retired(name Name) *Retired {
	_, mark := t.get(name).known()
	return mark.Retired()
}

// MayLead reports whether any alias leads its own name to target. It may be wrong to
// say so, once in a million times among a million aliases, but not to deny it.
func (t *Table) MayLead(target Name) bool {
	if t == nil {
		return false
	}
	h := hashOf(target)
	return slices.Contains(t.led[h.list()], h.short())
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
		for e := range t.names.all {
			if e.Source != nil && !yield(e) {
				return
			}
		}
	}
}
