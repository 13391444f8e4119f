package alias

import (
	"fmt"
	"maps"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"
	"weak"
)

// tableOf makes a table of lines of a name and a target.
func tableOf(text string) *Table {
	var none *Table
	return edited(none, text)
}

// edited is t after an edit of lines: a name and its target to put it, a name
// alone to delete it.
func edited(t *Table, text string) *Table {
	e := t.Edit()
	for line := range strings.Lines(text) {
		switch words := strings.Fields(line); len(words) {
		case 1:
			e.Delete(Name(words[0]))
		case 2:
			e.Put(&Source{}, Alias{Name: Name(words[0]), Target: Name(words[1]), Zone: "corp.internal."})
		}
	}
	return e.Table()
}

// content is a table in lines of a name and a target, sorted.
func content(t *Table) string {
	var list []string
	for e := range t.All() {
		list = append(list, fmt.Sprintf("%s %s\n", e.Name, e.Target))
	}
	slices.Sort(list)
	return strings.Join(list, "")
}

// tableOfMany makes a table of so many aliases.
func tableOfMany(n int) *Table {
	var none *Table
	e := none.Edit()
	for i := range n {
		e.Put(&Source{}, Alias{Name: Name(fmt.Sprintf("cache-%d.corp.internal.", i)), Zone: "corp.internal.", Target: "v1.x.org."})
	}
	return e.Table()
}

// escaped is name with every octet but the dots written as \DDD.
func escaped(name string) string {
	var b strings.Builder
	for _, octet := range []byte(name) {
		if octet == '.' {
			b.WriteByte(octet)
		} else {
			fmt.Fprintf(&b, `\%03d`, octet)
		}
	}
	return b.String()
}

var longName = nameOf(255) + "."

// lookups are questions to the table of lookupTable and the names they are for.
var lookups = []struct {
	qname string
	want  Name
}{
	{"cache.corp.internal.", "cache.corp.internal."},
	{"CACHE.CORP.INTERNAL.", "cache.corp.internal."},
	{"cAcHe.Corp.iNTERNAl.", "cache.corp.internal."},
	{"a-z_09.corp.internal.", "a-z_09.corp.internal."},
	{"A-Z_09.corp.internal.", "a-z_09.corp.internal."},
	{longName, Name(longName)},
	{strings.ToUpper(longName), Name(longName)},

	{`\099ache.corp.internal.`, "cache.corp.internal."},
	{`\067ache.corp.internal.`, "cache.corp.internal."},
	{`cach\101.corp.internal.`, "cache.corp.internal."},
	{`\cache.corp.internal.`, "cache.corp.internal."},
	{`\C\a\c\h\e.corp.internal.`, "cache.corp.internal."},
	{`a\-z\_\0489.corp.internal.`, "a-z_09.corp.internal."},
	{escaped("cache.corp.internal."), "cache.corp.internal."},
	{escaped("CACHE.CORP.INTERNAL."), "cache.corp.internal."},
	{escaped(longName), Name(longName)},

	{"", ""},
	{".", ""},
	{"..", ""},
	{"internal.", ""},
	{"corp.internal.", ""},
	{"cache.corp.internal", ""},
	{"cache.corp.internal..", ""},
	{".cache.corp.internal.", ""},
	{"cache..corp.internal.", ""},
	{"notcache.corp.internal.", ""},
	{"a.cache.corp.internal.", ""},
	{"ache.corp.internal.", ""},
	{"cache.corp.internal.org.", ""},
	{"cache-corp.internal.", ""},
	{"*.corp.internal.", ""},
	{" cache.corp.internal.", ""},
	{"cache.corp.internal. ", ""},
	{"cache\x00.corp.internal.", ""},
	{"cache\xff.corp.internal.", ""},
	{"\xe3ache.corp.internal.", ""},
	{"{ache.corp.internal.", ""},
	{"\u212aache.corp.internal.", ""},

	{`cache\.corp.internal.`, ""},
	{`cache\046corp.internal.`, ""},
	{`cache.corp\.internal.`, ""},
	{`cache.corp.internal\.`, ""},
	{`cache.corp.internal\046`, ""},
	{`cache.corp.internal\..`, ""},
	{`\\cache.corp.internal.`, ""},
	{`\092cache.corp.internal.`, ""},
	{`\000.corp.internal.`, ""},
	{`\000`, ""},
	{`cache\000.corp.internal.`, ""},
	{`cache\255.corp.internal.`, ""},
	{`cache\256.corp.internal.`, ""},
	{`\355ache.corp.internal.`, ""}, // 355 is 'c' in eight bits
	{`\999ache.corp.internal.`, ""},
	{`cache\032.corp.internal.`, ""},
	{`\`, ""},
	{`\\`, ""},
	{`\.`, ""},
	{`\9`, ""},
	{`\09`, ""},
	{`\09ache.corp.internal.`, ""},
	{`\9ache.corp.internal.`, ""},
	{`a-z_0\9.corp.internal.`, ""},
	{`a-z_\09.corp.internal.`, ""},
	{`cache.corp.internal.\`, ""},
	{`cache.corp.internal.\0`, ""},
	{`cache.corp.internal.\09`, ""},
	{`cache.corp.internal.\099`, ""},

	{strings.Repeat(`\099`, 250), ""},
	{strings.Repeat(`\099`, 250) + ".corp.internal.", ""},
	{strings.Repeat(`\000`, 250) + ".", ""},
	{strings.Repeat(`\.`, 500) + ".", ""},
	{strings.Repeat(`\\`, 500) + ".", ""},
	{strings.Repeat(`\`, 1000), ""},
	{strings.Repeat(`\099.`, 200), ""},
	{"n" + longName, ""},
	{nameOf(256) + ".", ""},
	{nameOf(1000) + ".", ""},
	{longName + longName, ""},
	{strings.Repeat(".", 1000), ""},
}

func lookupTable() *Table {
	return tableOf(`
		cache.corp.internal. cache-v2.corp.internal.
		a-z_09.corp.internal. cache-v2.corp.internal.
		` + longName + ` cache-v2.corp.internal.`)
}

// found is the alias that a table has for a name.
func found(t *Table, qname string) *Entry { return t.Lookup(qname).Entry }

// Names are compared label by label, whatever is escaped in them, from the root to
// 255 octets.
func TestLookup(t *testing.T) {
	table := lookupTable()
	for _, tt := range lookups {
		t.Run(fmt.Sprintf("13: %.40q", tt.qname), func(t *testing.T) {
			var got Name
			if found := table.Lookup(tt.qname); found.Entry != nil || found.Below != 0 {
				got = found.Entry.Name
			}
			if got != tt.want {
				t.Errorf("Lookup(%q) got %q, want %q", tt.qname, got, tt.want)
			}
		})
	}
}

func TestLookupAllocatesNothing(t *testing.T) {
	table := lookupTable()
	for _, tt := range lookups {
		if n := testing.AllocsPerRun(20, func() { table.Lookup(tt.qname) }); n != 0 {
			t.Errorf("Lookup(%q) allocates %v times, want 0", tt.qname, n)
		}
	}
}

func TestTableOfNone(t *testing.T) {
	var none *Table
	for name, table := range map[string]*Table{"nil": none, "empty": none.Edit().Table(), "emptied": edited(tableOf("a.b. c.d."), "a.b.")} {
		if e := found(table, "a.b."); e != nil {
			t.Errorf("%s: Lookup got %v, want nil", name, e)
		}
		if e := table.Get("a.b."); e != nil {
			t.Errorf("%s: Get got %v, want nil", name, e)
		}
		if n := table.Len(); n != 0 {
			t.Errorf("%s: Len got %d, want 0", name, n)
		}
		for e := range table.All() {
			t.Errorf("%s: All yields %v, want nothing", name, e)
		}
	}
}

func TestEdit(t *testing.T) {
	for _, tt := range []struct {
		name, before, edit, want string
	}{
		{name: "put into nothing", edit: "a.b. c.d.", want: "a.b. c.d."},
		{name: "put a second", before: "a.b. c.d.", edit: "e.f. g.h.", want: "a.b. c.d.\ne.f. g.h."},
		{name: "put over one", before: "a.b. c.d.", edit: "a.b. e.f.", want: "a.b. e.f."},
		{name: "put twice", edit: "a.b. c.d.\na.b. e.f.", want: "a.b. e.f."},
		{name: "delete", before: "a.b. c.d.\ne.f. g.h.", edit: "a.b.", want: "e.f. g.h."},
		{name: "delete the last", before: "a.b. c.d.", edit: "a.b.", want: ""},
		{name: "delete what is not there", before: "a.b. c.d.", edit: "e.f.", want: "a.b. c.d."},
		{name: "delete from nothing", edit: "a.b.", want: ""},
		{name: "delete twice", before: "a.b. c.d.\ne.f. g.h.", edit: "a.b.\na.b.", want: "e.f. g.h."},
		{name: "delete and put", before: "a.b. c.d.", edit: "a.b.\na.b. e.f.", want: "a.b. e.f."},
		{name: "put and delete", before: "a.b. c.d.", edit: "e.f. g.h.\ne.f.", want: "a.b. c.d."},
		{name: "swap", before: "a.b. x.1.\nc.d. x.2.", edit: "a.b.\nc.d.\na.b. x.2.\nc.d. x.1.", want: "a.b. x.2.\nc.d. x.1."},
		{name: "nothing", before: "a.b. c.d.", edit: "", want: "a.b. c.d."},
	} {
		table := edited(tableOf(tt.before), tt.edit)
		want := lines(tt.want)
		if got := content(table); got != want {
			t.Errorf("%s: got\n%swant\n%s", tt.name, got, want)
		}
		if got, want := table.Len(), strings.Count(want, "\n"); got != want {
			t.Errorf("%s: Len got %d, want %d", tt.name, got, want)
		}
		for e := range table.All() {
			if table.Get(e.Name) != e || found(table, string(e.Name)) != e {
				t.Errorf("%s: Get and Lookup do not find %s", tt.name, e.Name)
			}
		}
	}
}

// Wherever in a name of whatever length an octet is written otherwise, it is the same
// name, or another one.
func TestLookupOfOctets(t *testing.T) {
	for length := len("a.b."); length < 40; length++ {
		name := strings.Repeat("a", length-len(".b.")) + ".b."
		table := tableOf(name + " c.d.")
		if found(table, name) == nil {
			t.Errorf("%s is not found", name)
		}
		for i, octet := range []byte(name) {
			if octet == '.' {
				continue
			}
			for _, written := range []string{strings.ToUpper(name[i : i+1]), fmt.Sprintf(`\%03d`, octet), fmt.Sprintf(`\%03d`, octet-'a'+'A')} {
				if qname := name[:i] + written + name[i+1:]; found(table, qname) == nil {
					t.Errorf("%s is not found", qname)
				}
			}
			for _, written := range []string{"z", "-", "[", "@", " ", `\.`, `\[`, "\x80", "\xff", `\255`} {
				if qname := name[:i] + written + name[i+1:]; found(table, qname) != nil {
					t.Errorf("%q is found, want none", qname)
				}
			}
		}
	}
}

// Where a table knows of an alias's target it says so, whatever it knows. Where it does not it
// may say so by chance, but of few targets. Nor does it where subtrees are.
func TestEnds(t *testing.T) {
	for _, tt := range []struct {
		name string
		edit func(e *Edit, target Name)
		want bool
		old  bool // if it is the target that a move leaves
	}{
		{"nothing", func(*Edit, Name) {}, true, true},
		{"another alias of that target", func(e *Edit, target Name) { e.Put(&Source{}, Alias{Name: "db.corp.internal.", Target: target}) }, true, true},
		{"an alias", func(e *Edit, target Name) { e.Put(&Source{}, Alias{Name: target, Target: "v2.x.org."}) }, false, false},
		{"an alias that is gone again", func(e *Edit, target Name) {
			e.Put(&Source{}, Alias{Name: target, Target: "v2.x.org."})
			e.Delete(target)
		}, true, true},
		{"a retired name", func(e *Edit, target Name) { e.Retire(target, new(Retired)) }, false, true},
		{"a name that is an orphan", func(e *Edit, target Name) { e.Orphans(map[Name]Name{target: "corp.internal."}) }, false, false},
		{"a retired name above an alias", func(e *Edit, target Name) {
			e.Retire(target, new(Retired))
			e.Put(&Source{}, Alias{Name: "a." + target, Target: "v2.x.org."})
		}, false, false},
		{"a subtree", func(e *Edit, _ Name) {
			e.Put(&Source{}, Alias{Name: "corp.internal.", Target: "x.org.", Subtree: new(Subtree)})
		}, false, false},
		{"not all aliases", func(e *Edit, _ Name) { e.Partial(true) }, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			const targets = 20
			ends := 0
			for i := range targets {
				target := Name(fmt.Sprintf("cache-v%d.corp.internal.", i))
				edit := tableOf("cache.corp.internal. " + string(target)).Edit()
				edit.Put(&Source{}, Alias{Name: "moves.corp.internal.", Target: "v2.x.org.", Move: &Move{From: target, Start: epoch}})
				tt.edit(edit, target)
				table := edit.Table()
				if table.Lookup("cache.corp.internal.").Ends {
					ends++
				}
				if got := table.EndsOld(table.Get("moves.corp.internal.")); got != tt.old {
					t.Errorf("EndsOld of %s got %v, want %v", target, got, tt.old)
				}
			}
			if tt.want && ends < targets/2 || !tt.want && ends > 0 {
				t.Errorf("Ends is set for %d in %d targets, want that: %v", ends, targets, tt.want)
			}
		})
	}
	edit := new(Table).Edit()
	edit.Put(&Source{}, Alias{Name: "cache.corp.internal.", Target: "cache-v1.x.org.", Subtree: new(Subtree)})
	if found := edit.Table().Lookup("a.cache.corp.internal."); found.Entry == nil || found.Ends {
		t.Errorf("below a subtree Lookup got %+v, want the alias, whose target may be in a subtree", found)
	}
}

// Each of many is found, also those whose group was full: before a table grows, a quarter of all
// are of such.
func TestLookupOfMany(t *testing.T) {
	const n = groups*places*3/4 - 2 // as many as go into one chunk, beside the two names above them
	table := tableOfMany(n)
	for i := range n {
		if name := fmt.Sprintf("cache-%d.corp.internal.", i); found(table, name) == nil {
			t.Errorf("%s is not found among %d", name, n)
		}
	}
}

func TestAllStops(t *testing.T) {
	seen := 0
	for range tableOfMany(100).All() {
		if seen++; seen == 3 {
			break
		}
	}
	if seen != 3 {
		t.Errorf("All yielded %d aliases, want 3", seen)
	}
}

// Duty 8: a new table shares what did not change.
func TestEditSharesWhatDoesNotChange(t *testing.T) {
	const names = 100_000
	before := tableOfMany(names)
	for _, tt := range []struct {
		name  string
		edit  string
		names []Name // of the entries that change, with what they make exist
		led   []Name // what more or fewer lead to
		tags  bool   // change too
	}{
		{name: "nothing", edit: ""},
		{"put", "new.corp.internal. v1.x.org.", []Name{"new.corp.internal.", "corp.internal.", "internal."}, []Name{"v1.x.org."}, true},
		{"put over one", "cache-7.corp.internal. v2.x.org.", []Name{"cache-7.corp.internal."}, []Name{"v1.x.org.", "v2.x.org."}, false},
		{"put over one with the same target", "cache-7.corp.internal. v1.x.org.", []Name{"cache-7.corp.internal."}, nil, false},
		{"delete", "cache-8.corp.internal.", []Name{"cache-8.corp.internal.", "corp.internal.", "internal."}, []Name{"v1.x.org."}, true},
		{"two", "cache-1.corp.internal.\ncache-2.corp.internal. v2.x.org.", []Name{"cache-1.corp.internal.", "cache-2.corp.internal.", "corp.internal.", "internal."}, []Name{"v1.x.org.", "v2.x.org."}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			was, chunksWere, ledWas := content(before), clones(before.names.chunks), before.led
			for i := range ledWas {
				ledWas[i] = slices.Clone(ledWas[i])
			}
			after := edited(before, tt.edit)
			mayBeCopied, mayDiffer := map[int]bool{}, map[int]bool{}
			for _, name := range tt.names {
				first := before.names.first(hashOf(name))
				for n := first; n < first+10; n++ { // where it is full
					mayBeCopied[int(n)%len(before.names.tags)*places/len(chunk{})] = true
				}
			}
			for i, c := range after.names.chunks {
				if c != before.names.chunks[i] && !mayBeCopied[i] {
					t.Errorf("chunk %d of %d was copied", i, len(after.names.chunks))
				}
			}
			for _, name := range tt.led {
				mayDiffer[hashOf(name).list()] = true
			}
			for i, list := range after.led {
				if shared := unsafe.SliceData(list) == unsafe.SliceData(before.led[i]); !shared && !mayDiffer[i] {
					t.Errorf("list %d was copied", i)
				}
			}
			if shared := &after.names.tags[0] == &before.names.tags[0]; shared == tt.tags {
				t.Errorf("tags are shared: %v, want %v", shared, !tt.tags)
			}
			if content(before) != was || !slices.EqualFunc(clones(before.names.chunks), chunksWere, func(a, b *chunk) bool { return *a == *b }) ||
				!reflect.DeepEqual(before.led, ledWas) || before.Len() != names {
				t.Errorf("the table before the edit has changed")
			}
		})
	}
}

func clones(chunks []*chunk) []*chunk {
	chunks = slices.Clone(chunks)
	for i, c := range chunks {
		own := *c
		chunks[i] = &own
	}
	return chunks
}

// Entries are shared as well, so those of the table before must stay what they
// were, tallies included.
func TestEditLeavesEntriesAlone(t *testing.T) {
	before := tableOf("a.b. v1.x.")
	e := before.Get("a.b.")
	was := *e
	tallies := slices.Clone(e.Tallies)
	after := edited(edited(edited(before, "a.b. v2.x."), "a.b. v3.x."), "a.b. v2.x.")
	if !reflect.DeepEqual(*e, was) || !slices.Equal(e.Tallies, tallies) || before.Get("a.b.") != e {
		t.Errorf("the entry before got %+v, want %+v", *e, was)
	}
	if got := after.Get("a.b."); got == e || got.Target != "v2.x." {
		t.Errorf("the entry after got %+v, want another with v2.x.", got)
	}
}

// A server flips aliases for months: a table must not hold on to the ones it
// was made from.
func TestTablesBeforeAreFreed(t *testing.T) {
	before := tableOfMany(10)
	old := weak.Make(before)
	after := edited(before, "cache-1.corp.internal. v2.x.org.")
	before = nil
	runtime.GC()
	if old.Value() != nil {
		t.Error("the table before is still held on to")
	}
	runtime.KeepAlive(after)
}

// For the race detector: readers of published tables, and the edits that make
// the next ones.
func TestLookupDuringEdits(t *testing.T) {
	var published atomic.Pointer[Table]
	published.Store(tableOfMany(100))
	var readers sync.WaitGroup
	var stop atomic.Bool
	for range 4 {
		readers.Go(func() {
			for !stop.Load() {
				table := published.Load()
				e := found(table, "cache-1.corp.internal.")
				if e == nil || e.Tallies[0].Target != e.Target {
					t.Errorf("Lookup during edits got %+v", e)
					return
				}
				e.Tallies[0].Add()
				if n := len(slices.Collect(table.All())); n != table.Len() {
					t.Errorf("All yields %d aliases, Len is %d", n, table.Len())
					return
				}
			}
		})
	}
	for i := range 300 {
		published.Store(edited(published.Load(), fmt.Sprintf("cache-1.corp.internal. v%d.x.org.\nextra-%d.corp.internal. v1.x.org.\n", i%3, i)))
	}
	stop.Store(true)
	readers.Wait()
}

func TestTallies(t *testing.T) {
	// Each step edits the table, asks for the alias so often, and wants the
	// tallies to be these then, of the target in force first.
	type step struct {
		edit string
		asks int
		want string
	}
	for _, tt := range []struct {
		name  string
		steps []step
	}{{
		name: "one target",
		steps: []step{
			{"a.b. v1.x.", 0, "v1.x. 0"},
			{"", 3, "v1.x. 3"},
			{"other.b. v1.x.", 1, "v1.x. 4"},
		},
	}, {
		name: "a new document with the same target",
		steps: []step{
			{"a.b. v1.x.", 2, "v1.x. 2"},
			{"a.b. v1.x.", 1, "v1.x. 3"},
		},
	}, {
		name: "a flip and a flip back",
		steps: []step{
			{"a.b. v1.x.", 2, "v1.x. 2"},
			{"a.b. v2.x.", 5, "v2.x. 5, v1.x. 2"},
			{"a.b. v1.x.", 1, "v1.x. 3, v2.x. 5"},
			{"a.b. v2.x.", 0, "v2.x. 5, v1.x. 3"},
		},
	}, {
		name: "three targets in turn",
		steps: []step{
			{"a.b. v1.x.", 1, "v1.x. 1"},
			{"a.b. v2.x.", 2, "v2.x. 2, v1.x. 1"},
			{"a.b. v3.x.", 3, "v3.x. 3, v2.x. 2, v1.x. 1"},
			{"a.b. v1.x.", 1, "v1.x. 2, v3.x. 3, v2.x. 2"},
			{"a.b. v2.x.", 1, "v2.x. 3, v1.x. 2, v3.x. 3"},
		},
	}, {
		name: "deleted and put in one edit, as when it moves between documents",
		steps: []step{
			{"a.b. v1.x.", 2, "v1.x. 2"},
			{"a.b.\na.b. v2.x.", 1, "v2.x. 1, v1.x. 2"},
		},
	}, {
		name: "put twice in one edit",
		steps: []step{
			{"a.b. v1.x.", 2, "v1.x. 2"},
			{"a.b. v2.x.\na.b. v3.x.", 1, "v3.x. 1, v1.x. 2"},
		},
	}, {
		name: "the alias dies",
		steps: []step{
			{"a.b. v1.x.", 2, "v1.x. 2"},
			{"a.b.", 0, ""},
			{"a.b. v1.x.", 1, "v1.x. 1"},
		},
	}} {
		t.Run(tt.name, func(t *testing.T) {
			var table *Table
			for i, s := range tt.steps {
				table = edited(table, s.edit)
				for range s.asks {
					found(table, "a.b.").Tallies[0].Add()
				}
				var got []string
				if e := table.Get("a.b."); e != nil {
					for _, tally := range e.Tallies {
						got = append(got, fmt.Sprintf("%s %d", tally.Target, tally.Count()))
					}
				}
				if got := strings.Join(got, ", "); got != s.want {
					t.Errorf("step %d: tallies got %q, want %q", i, got, s.want)
				}
			}
		})
	}
}

// A target for each build is not remembered for ever.
func TestOldTalliesGo(t *testing.T) {
	var table *Table
	for i := range 2 * mostTallies {
		table = edited(table, fmt.Sprintf("a.b. build-%d.x.", i))
		found(table, "a.b.").Tallies[0].Add()
	}
	all := found(table, "a.b.").Tallies
	if len(all) != mostTallies {
		t.Errorf("found %d tallies, want %d", len(all), mostTallies)
	}
	for i, tally := range all {
		if want := Name(fmt.Sprintf("build-%d.x.", 2*mostTallies-1-i)); tally.Target != want {
			t.Errorf("tally %d is of %s, want %s", i, tally.Target, want)
		}
	}
}

// Queries in flight at a flip have the entry from before it; what they count
// must not be lost.
func TestTalliesCountWhatIsLate(t *testing.T) {
	before := tableOf("a.b. v1.x.")
	after := edited(before, "a.b. v2.x.")
	found(before, "a.b.").Tallies[0].Add()
	if got := after.Get("a.b.").Tallies[1].Count(); got != 1 {
		t.Errorf("Count got %d, want 1", got)
	}
}

func isAbove(t *Table, qname string) bool {
	return t.Lookup(qname).Mark.IsAbove()
}

func TestIsAbove(t *testing.T) {
	zones := []Name{"corp.internal.", "."}
	put := func(e *Edit, names ...Name) {
		for _, name := range names {
			e.Put(&Source{}, Alias{Name: name, Zone: Zone(name, zones), Target: "cache-2.corp.internal."})
		}
	}
	check := func(table *Table, above ...string) {
		t.Helper()
		for _, name := range []string{"corp.internal.", "internal.", ".", "a.corp.internal.", "A.B.corp.internal.", "b.corp.internal.", "x.b.corp.internal.", "org.", "x.org.", `a\.b.corp.internal.`, ""} {
			if got, want := isAbove(table, name), slices.Contains(above, name); got != want {
				t.Errorf("IsAbove(%q) got %v, want %v", name, got, want)
			}
		}
	}
	check(nil)
	edit := new(Table).Edit()
	put(edit, "c.a.b.corp.internal.", "d.a.b.corp.internal.", "a.corp.internal.", "y.x.org.")
	put(edit, "c.a.b.corp.internal.") // once more: it counts once
	first := edit.Table()
	check(first, "A.B.corp.internal.", "b.corp.internal.", "corp.internal.", "internal.", "x.org.", "org.")
	edit = first.Edit()
	edit.Delete("c.a.b.corp.internal.")
	edit.Delete("y.x.org.")
	edit.Delete("y.x.org.")
	second := edit.Table()
	check(second, "A.B.corp.internal.", "b.corp.internal.", "corp.internal.", "internal.")
	edit = second.Edit()
	edit.Delete("d.a.b.corp.internal.")
	edit.Delete("a.corp.internal.")
	put(edit, "corp.internal.") // an apex
	third := edit.Table()
	check(third, "corp.internal.", "internal.")
	edit = third.Edit()
	edit.Delete("corp.internal.")
	check(edit.Table())
	check(second, "A.B.corp.internal.", "b.corp.internal.", "corp.internal.", "internal.")
	check(first, "A.B.corp.internal.", "b.corp.internal.", "corp.internal.", "internal.", "x.org.", "org.")
}

// A table that takes over from several goes on with all their tallies, each once,
// however often that is done; new queries are counted by the first one's.
func TestInheritSeveral(t *testing.T) {
	table := func(aliases ...[2]string) *Table {
		edit := new(Table).Edit()
		for _, a := range aliases {
			edit.Put(&Source{Parameter: "/p", Version: 1}, Alias{Name: Name(a[0]), Zone: "internal.", Target: Name(a[1])})
		}
		return edit.Table()
	}
	count := func(t *Table, name Name) map[Name]uint64 {
		n := map[Name]uint64{}
		for _, tally := range t.Get(name).Tallies {
			n[tally.Target] += tally.Count()
		}
		return n
	}
	a := table([2]string{"cache.internal.", "v1.x.org."}, [2]string{"web.internal.", "v1.x.org."})
	b := table([2]string{"cache.internal.", "v2.x.org."}, [2]string{"db.internal.", "v1.x.org."})
	c := table([2]string{"cache.internal.", "v1.x.org."})
	for i, old := range []*Table{a, b, c} {
		for range i + 1 {
			old.Get("cache.internal.").Tallies[0].Add()
		}
	}
	next := a
	for i := range 4 {
		next = table([2]string{"cache.internal.", "v1.x.org."}, [2]string{"web.internal.", "v1.x.org."}, [2]string{"new.internal.", "v1.x.org."}).Inherit(next, b, c)
		if got, want := count(next, "cache.internal."), map[Name]uint64{"v1.x.org.": 1 + 3, "v2.x.org.": 2}; !maps.Equal(got, want) {
			t.Errorf("take-over %d: cache is counted %v, want %v", i, got, want)
		}
		if got := len(next.Get("cache.internal.").Tallies); got != 3 {
			t.Errorf("take-over %d: cache has %d tallies, want 3", i, got)
		}
		if next.Len() != 3 || next.Get("db.internal.") != nil {
			t.Errorf("take-over %d: there are %d aliases, want its own 3", i, next.Len())
		}
	}
	if got, want := next.Get("cache.internal.").Tallies[0], a.Get("cache.internal.").Tallies[0]; got != want {
		t.Error("new queries are not counted by the tally of the first table")
	}
	if n := len(a.Get("cache.internal.").Tallies); n != 1 {
		t.Errorf("the old table got %d tallies, want its own", n)
	}
	for i, target := range []Name{"v2.x.org.", "v1.x.org."} {
		edit := next.Edit()
		edit.Put(&Source{Parameter: "/p", Version: int64(2 + i)}, Alias{Name: "cache.internal.", Zone: "internal.", Target: target})
		next = edit.Table()
		if got, want := count(next, "cache.internal."), map[Name]uint64{"v1.x.org.": 1 + 3, "v2.x.org.": 2}; !maps.Equal(got, want) {
			t.Errorf("after a flip to %s cache is counted %v, want %v", target, got, want)
		}
	}
}

// Two that take over from one table, as the blocks that one becomes, each with another table
// beside it, do not get each other's tallies.
func TestInheritTwice(t *testing.T) {
	table := func(targets ...Name) (next *Table) {
		for i, target := range targets {
			edit := next.Edit()
			edit.Put(&Source{Version: int64(i)}, Alias{Name: "cache.internal.", Zone: "internal.", Target: target})
			next = edit.Table()
		}
		return next
	}
	// The way back leaves room in its list of tallies.
	old := table("v1.x.org.", "v2.x.org.", "v1.x.org.")
	first := table("v1.x.org.").Inherit(old, table("v3.x.org."))
	second := table("v1.x.org.").Inherit(old, table("v4.x.org."))
	for _, of := range []struct {
		heir *Table
		want []Name
	}{
		{first, []Name{"v1.x.org.", "v2.x.org.", "v3.x.org."}},
		{second, []Name{"v1.x.org.", "v2.x.org.", "v4.x.org."}},
	} {
		var got []Name
		for _, tally := range of.heir.Get("cache.internal.").Tallies {
			got = append(got, tally.Target)
		}
		if !slices.Equal(got, of.want) {
			t.Errorf("cache is counted by the tallies of %v, want %v", got, of.want)
		}
	}
}

// However many tables a table takes over from, an alias has no more tallies than one that
// has always been there, whether or not the first of them leads where it does.
func TestInheritMostTallies(t *testing.T) {
	tables := make([]*Table, 3)
	for i := range tables {
		for n := range mostTallies {
			edit := tables[i].Edit()
			edit.Put(&Source{Version: int64(n)}, Alias{Name: "cache.internal.", Zone: "internal.", Target: Name(fmt.Sprintf("v%d.t%d.x.org.", n, i))})
			tables[i] = edit.Table()
		}
	}
	for _, target := range []Name{"new.x.org.", tables[0].Get("cache.internal.").Target} {
		edit := new(Table).Edit()
		edit.Put(&Source{}, Alias{Name: "cache.internal.", Zone: "internal.", Target: target})
		next := edit.Table().Inherit(tables...)
		if n := len(next.Get("cache.internal.").Tallies); n != mostTallies {
			t.Errorf("with the target %s found %d tallies, want %d", target, n, mostTallies)
		}
	}
}

// Who put entries has the very ones that are in the table, also after a take-over: they
// would be kept twice.
func TestInheritKeepsEntries(t *testing.T) {
	put := func() ([]Entry, *Table) {
		edit := new(Table).Edit()
		entries := edit.Put(&Source{Parameter: "/p"},
			Alias{Name: "cache.internal.", Zone: "internal.", Target: "v1.x.org."},
			Alias{Name: "web.internal.", Zone: "internal.", Target: "v1.x.org.", Subtree: &Subtree{}})
		return entries, edit.Table()
	}
	_, old := put()
	entries, next := put()
	next = next.Inherit(old)
	for i := range entries {
		e := &entries[i]
		if next.Get(e.Name) != e {
			t.Errorf("%s has another entry than the one that was put", e.Name)
		}
		if e.Tallies[0] != old.Get(e.Name).Tallies[0] {
			t.Errorf("%s is not counted by the tally of the old table", e.Name)
		}
	}
}

// What was answered since a document was adopted is so over a take-over, if it is the same
// document and leads to the same targets. It is another one if its parameter was deleted and
// made anew, though versions begin at 1 again.
func TestInheritAnswered(t *testing.T) {
	at := func(s Source, target Name) *Table {
		edit := new(Table).Edit()
		edit.Put(&s, Alias{Name: "cache.internal.", Target: target})
		return edit.Table()
	}
	version := func(n int64, modified time.Time) Source {
		return Source{Parameter: "/p", Version: n, Modified: modified}
	}
	same, adopted := version(2, epoch), version(2, epoch.In(time.FixedZone("", 3600)))
	adopted.Adopted = epoch.Add(time.Minute)
	old := at(version(1, epoch), "v1.x.org.")
	old.Get("cache.internal.").Tallies[0].Add()
	edit := old.Edit()
	edit.Put(&same, Alias{Name: "cache.internal.", Target: "v1.x.org."})
	old = edit.Table()
	for range 3 {
		old.Get("cache.internal.").Tallies[0].Add()
	}
	for _, tt := range []struct {
		name string
		next *Table
		want uint64
	}{
		{"the same", at(same, "v1.x.org."), 3},
		{"the same, adopted later", at(adopted, "v1.x.org."), 3},
		{"another version", at(version(3, epoch), "v1.x.org."), 0},
		{"the same version, made anew", at(version(2, epoch.Add(time.Hour)), "v1.x.org."), 0},
		{"another target, by a template", at(same, "v2.x.org."), 0},
	} {
		if got, all := tt.next.Inherit(old).Get("cache.internal.").Answered(); got != tt.want || all != tt.want {
			t.Errorf("%s: answered got %d of %d, want %d", tt.name, got, all, tt.want)
		}
	}
}
