package ledger

import (
	"cmp"
	"strings"
	"time"

	"github.com/octoenergy/versionalias/plugin/alias"
)

// Line is a line of the Corefile that names parameters to read. Either Path or
// Parameter is set, and absolute.
type Line struct {
	Path      string // every parameter below it
	Flat      bool   // only those directly below Path
	Parameter string // this one
	Label     string // the version of Parameter that carries it, "" for the latest
	Rule      alias.Rule
}

// Selector is how a line's parameter is asked for and shown: its name, with the
// label behind it if there is one.
func (l Line) Selector() string {
	if l.Label == "" {
		return l.Parameter
	}
	return l.Parameter + ":" + l.Label
}

// Parameter is one parameter as a store was seen to hold it.
type Parameter struct {
	Line     int    // the line it was read for, an index
	Name     string // absolute; the line's selector if it is the line's Parameter
	Value    string
	Version  int64
	Modified time.Time
	// Problem says why the parameter holds no document at all, such as a wrong
	// type; Value is of no account then.
	Problem error
	// Writing says that somebody is about to write Value: nothing is known yet.
	Writing bool
}

func (p Parameter) key() key { return key{p.Name, p.Line} }

// Ref names a parameter to read.
type Ref struct {
	Line int
	Name string
}

func (p Parameter) source() *alias.Source {
	return &alias.Source{Line: p.Line, Parameter: p.Name, Version: p.Version, Modified: p.Modified}
}

// leaf is the last element of the parameter's path.
func (p Parameter) leaf() string { return p.Name[strings.LastIndexByte(p.Name, '/')+1:] }

// same reports whether p and o are one version of a parameter.
func (p Parameter) same(o Parameter) bool {
	return p.Version == o.Version && p.Value == o.Value && p.Modified.Equal(o.Modified) && text(p.Problem) == text(o.Problem)
}

// compare is which of p and o is the newer version: less than 0 if o is. Versions alone do
// not tell, since one that was deleted and made anew begins at 1.
func (p Parameter) compare(o Parameter) int {
	return cmp.Or(p.Modified.Compare(o.Modified), cmp.Compare(p.Version, o.Version))
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// key is what a record is kept under.
type key struct {
	name string
	line int
}
