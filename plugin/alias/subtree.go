package alias

import (
	"slices"
	"strings"
)

// Subtree says what becomes of the names below an alias. It is immutable.
type Subtree struct {
	Collapse bool   // all of them lead to the target itself; else their labels move along
	Except   []Name // names below the alias that it leaves alone, with all below them; sorted
}

// The values of a document's field subtree.
const (
	subtreeKeep     = "keep"
	subtreeCollapse = "collapse"
)

// String is s as documents say it, in one line.
func (s *Subtree) String() string {
	words := []string{subtreeKeep}
	if s.Collapse {
		words[0] = subtreeCollapse
	}
	for i, name := range s.Except {
		if i == 0 {
			words = append(words, "except")
		}
		words = append(words, string(name))
	}
	return strings.Join(words, " ")
}

// excepts reports whether s leaves name, as fold makes it, alone.
func (s *Subtree) excepts(name Name) bool {
	return slices.ContainsFunc(s.Except, name.IsAt)
}

// Covers reports whether queries for name are a's: for its own name, and with a
// subtree for what lies below and is not excepted.
func (a *Alias) Covers(name Name) bool {
	if a.Name == name {
		return true
	}
	return a.Subtree != nil && name.IsAt(a.Name) && !a.Subtree.excepts(name)
}

// LeadsAs reports whether a and o lead each name to the same ones.
func (a *Alias) LeadsAs(o *Alias) bool {
	if !slices.Equal(a.Targets(), o.Targets()) || (a.Subtree == nil) != (o.Subtree == nil) {
		return false
	}
	return a.Subtree == nil || a.Subtree.Collapse == o.Subtree.Collapse && slices.Equal(a.Subtree.Except, o.Subtree.Except)
}

// Follow is the name that a leads qname to, of which the first below octets are
// in front of a's own name, if to is the target; see [Table.Lookup]. It is not ok if that name would
// be longer than one can be, which is YXDOMAIN (RFC 6672 section 2.2). Labels
// that move along do so in lower case, whatever case the question had.
func (a *Alias) Follow(to Name, qname string, below int) (target string, ok bool) {
	if below == 0 || a.Subtree == nil || a.Subtree.Collapse {
		return string(to), true
	}
	if octets(qname[:below])+len(to)+len("\x00") > maxName {
		return "", false
	}
	return lower(qname[:below]) + string(to), true
}
