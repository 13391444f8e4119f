package ledger

import (
	"slices"
	"strings"
	"time"

	"github.com/octoenergy/versionalias/plugin/alias"
)

// Hint is that a parameter is said to have changed. It may be late, come twice, come
// in any order or not at all, so that all it does is to have the parameter read.
type Hint struct {
	Name      string // of the parameter; "" if nothing could be told
	Operation Operation
	At        time.Time
	Receipt   string // by which the message that told it is deleted
}

// Operation is what is said to have been done to a parameter; "" if that is not said.
type Operation string

// The operations that Parameter Store tells of:
// https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-cwe.html
const (
	Create Operation = "Create"
	Update Operation = "Update"
	Delete Operation = "Delete"
	Label  Operation = "LabelParameterVersion"
)

// Deletes reports whether h says that the parameter is gone.
func (h Hint) Deletes() bool { return h.Operation == Delete }

// Refs is the parameters that h is about: those of all lines that read its name.
func (l *Ledger) Refs(h Hint) []Ref {
	var refs []Ref
	for i, line := range l.lines {
		switch {
		case line.Path == "/" && h.Name != "", // which has those outside of a hierarchy as well
			line.Path != "" && strings.HasPrefix(h.Name, line.Path+"/"):
			refs = append(refs, Ref{i, h.Name})
		case line.Parameter != "" && line.Parameter == h.Name:
			refs = append(refs, Ref{i, line.Selector()})
		}
	}
	return refs
}

// Has reports whether s is known of its parameter, as what is in force or as the newest
// version.
func (l *Ledger) Has(s *alias.Source) bool {
	r := l.of(key{s.Parameter, s.Line})
	return r.good != nil && r.good.source().Same(*s) || r.newer != nil && r.newer.source().Same(*s)
}

// Ready reports whether a complete sweep has seen the lines of all refs, be it in another
// process that left a snapshot.
func (l *Ledger) Ready(refs []Ref) bool {
	return !slices.ContainsFunc(refs, func(ref Ref) bool { return !l.known[ref.Line] })
}

// ApplyPushed is the ledger after a read of the parameters that hints were about, of
// which some are said to be deleted: that stands for a sweep that has missed them.
// Unchanged is those asked for of which nothing new was seen, but for deleted ones that are not
// there: an older version is none, though it was missing before. They have to be Ready.
func (l *Ledger) ApplyPushed(asked, deleted []Ref, seen []Parameter, now time.Time) (next *Ledger, unchanged []Ref, events []Event) {
	c := l.change(now)
	c.see(seen)
	there := keys(seen)
	for _, ref := range deleted {
		k := key{ref.Name, ref.Line}
		r, known := c.records.get(k)
		if !known || there[k] || !slices.Contains(asked, ref) {
			continue // a hint that is read for in parts says nothing of the others
		}
		c.updates[k] = c.missed(r)
	}
	c.notFound(asked, seen)
	next, events = c.finish()
	for _, ref := range asked {
		k := key{ref.Name, ref.Line}
		before, after := l.of(k), next.of(k)
		if !there[k] && slices.Contains(deleted, ref) {
			continue // as is said, though a sweep may have been first
		}
		if (before.absence.missing() == after.absence.missing() || after.doubt != nil) && equal(before.newest(), after.newest()) {
			unchanged = append(unchanged, ref)
		}
	}
	return next, unchanged, events
}

// equal reports whether d and o are one version; either may be nil.
func equal(d, o *document) bool {
	if d == nil || o == nil {
		return d == o
	}
	return d.same(o.Parameter)
}
