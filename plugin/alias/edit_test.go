package alias

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"unsafe"
)

// TestEditHistories makes tables of tables, each by some random edits, and compares
// all of them in the end with what they should have. Names are many enough for the
// table to grow, and to have entries that are not where their hash says.
func TestEditHistories(t *testing.T) {
	const names, targets, tables, edits = 10_000, 2000, 30, 1000
	random := rand.New(rand.NewPCG(1, 2))
	name := func() Name { return Name(fmt.Sprintf("n%d.sub%d.corp.internal.", random.IntN(names), random.IntN(3))) }
	target := func() Name { return Name(fmt.Sprintf("t%d.x.org.", random.IntN(targets))) }
	type model struct {
		aliases map[Name]Alias
		orphans map[Name]Name
		retired map[Name]*Retired
		tallies map[Name][]Name // the targets of each alias's
	}
	var history []struct {
		*Table
		want model
	}
	var table *Table
	now := model{map[Name]Alias{}, map[Name]Name{}, map[Name]*Retired{}, map[Name][]Name{}}
	for range tables {
		edit := table.Edit()
		if table.Len() == 0 {
			edit.Grow(edits)
		}
		before := maps.Clone(now.tallies)
		put := map[Name]bool{} // in this edit
		for range edits {
			n := name()
			switch op := random.IntN(10); {
			case op < 5:
				bundle := map[Name]Alias{}
				for range 1 + random.IntN(3) {
					a := Alias{Name: n, Zone: "corp.internal.", Target: target()}
					if random.IntN(4) == 0 {
						a.Move = &Move{From: "v1." + target(), Fraction: 1}
					}
					if random.IntN(4) == 0 {
						a.Subtree = &Subtree{}
					}
					bundle[n] = a
					now.aliases[n] = a
					put[n] = true
					delete(now.retired, n)
					now.tallies[n] = a.Targets()
					for _, old := range before[n] {
						if !slices.Contains(now.tallies[n], old) {
							now.tallies[n] = append(now.tallies[n], old)
						}
					}
					n = name()
				}
				edit.Put(&Source{}, slices.Collect(maps.Values(bundle))...)
			case op < 9:
				edit.Delete(n)
				delete(now.aliases, n)
				delete(put, n)
				delete(now.retired, n)
				delete(now.tallies, n)
			default:
				r := new(Retired)
				edit.Retire(n, r)
				if _, ok := now.aliases[n]; !ok {
					now.retired[n] = r
				}
			}
			if n := name(); (edit.New(n) != nil) != put[n] || put[n] && edit.New(n) != edit.Get(n) {
				t.Fatalf("edit %d has the new alias %v of %s, want one: %v", len(history), edit.New(n), n, put[n])
			}
		}
		orphans := map[Name]Name{}
		for range 20 {
			orphans[name()] = "corp.internal."
		}
		edit.Orphans(orphans)
		maps.DeleteFunc(orphans, func(n, _ Name) bool { _, ok := now.aliases[n]; return ok })
		table = edit.Table()
		history = append(history, struct {
			*Table
			want model
		}{table, model{maps.Clone(now.aliases), orphans, maps.Clone(now.retired), maps.Clone(now.tallies)}})
	}
	for i, step := range history {
		above, led, subtrees := map[Name]bool{}, map[Name]bool{}, map[Name]bool{}
		for n, a := range step.want.aliases {
			above[n.Parent()] = true
			if a.Subtree != nil {
				subtrees[n] = true
			}
			for _, target := range a.Targets() {
				led[target] = true
			}
		}
		for n := range step.want.orphans {
			above[n.Parent()] = true
		}
		if got := len(slices.Collect(step.All())); got != len(step.want.aliases) || step.Len() != got {
			t.Fatalf("table %d has %d aliases, Len %d, want %d", i, got, step.Len(), len(step.want.aliases))
		}
		got := map[Name]bool{}
		for e := range step.Subtrees() {
			got[e.Name] = e == step.Get(e.Name)
		}
		if !maps.Equal(got, subtrees) {
			t.Errorf("table %d has %d subtrees %v, want %d %v", i, len(got), got, len(subtrees), subtrees)
		}
		check := func(n Name) {
			found := step.Lookup(string(n))
			e, mark := found.Entry, found.Mark
			a, ok := step.want.aliases[n]
			if ok != (e != nil) || ok && !slices.Equal(e.Targets(), a.Targets()) || ok && !slices.EqualFunc(e.Tallies, step.want.tallies[n], func(t *Tally, n Name) bool { return t.Target == n }) {
				t.Errorf("table %d has %+v of %s, want %+v", i, e, n, a)
			}
			if mark.Retired() != step.want.retired[n] || mark.Orphan() != step.want.orphans[n] || mark.IsAbove() != above[n] {
				t.Errorf("table %d has %+v of %s, want retired %p, orphan %q, above %v", i, mark, n, step.want.retired[n], step.want.orphans[n], above[n])
			}
		}
		for j := range names {
			check(Name(fmt.Sprintf("n%d.sub%d.corp.internal.", j, j%3)))
		}
		for j := range 4 {
			check(Name(fmt.Sprintf("sub%d.corp.internal.", j)))
		}
		for j := range targets {
			if n := Name(fmt.Sprintf("t%d.x.org.", j)); led[n] != step.MayLead(n) {
				t.Errorf("table %d says %v of whether any alias leads to %s, want %v", i, step.MayLead(n), n, led[n])
			}
		}
		if t.Failed() {
			return
		}
	}
}

// A tally outlives its document, and must not keep room for all of the document's
// aliases, as it would if one is added to a bundle again and again.
func TestPutMakesFewTallies(t *testing.T) {
	const aliases, additions = 10_000, 50
	var list []Alias
	for i := range aliases + additions {
		list = append(list, Alias{Name: Name(fmt.Sprintf("n%05d.corp.internal.", i)), Zone: "corp.internal.", Target: "v1.x.org."})
	}
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var table *Table
	put := func(list []Alias) {
		edit := table.Edit()
		edit.Put(&Source{}, list...)
		table = edit.Table()
	}
	put(list[additions:])
	before := heap()
	for n := additions - 1; n >= 0; n-- {
		put(list[n:]) // the one that is new comes first
	}
	if grown := int64(heap()) - int64(before); grown > 1<<20 {
		t.Errorf("%d aliases more take %d octets, want at most %d", additions, grown, 1<<20)
	}
	runtime.KeepAlive(table)
}

// The same of one that flips alone, in a document that is read anew each time: its tallies are of
// many documents.
func TestPutKeepsFewTargets(t *testing.T) {
	rule := Rule{Zones: []Name{"corp.internal."}, TTL: 5}
	var table *Table
	for version := range mostTallies {
		aliases, err := rule.Read("bundle", fmt.Sprintf(`{"aliases": {"a": "a-v%d.corp.internal", "b": "b-v1.corp.internal"}}`, version))
		if err != nil {
			t.Fatal(err)
		}
		edit := table.Edit()
		edit.Put(&Source{}, aliases...)
		table = edit.Table()
	}
	e := table.Get("a.corp.internal.")
	if len(e.Tallies) != mostTallies {
		t.Fatalf("found %d tallies, want %d", len(e.Tallies), mostTallies)
	}
	if tally := e.Tallies[0]; tally.Target != e.Target || unsafe.StringData(string(tally.Target)) == unsafe.StringData(string(e.Target)) {
		t.Errorf("the tally of %s is of the document's own text, want it of a copy", tally.Target)
	}
}
