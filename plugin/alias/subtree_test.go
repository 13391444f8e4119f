package alias

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// subtreeTable has aliases with subtrees above and below one another.
func subtreeTable(t testing.TB) *Table {
	var none *Table
	e := none.Edit()
	for leaf, document := range map[string]string{
		"cache":          `{"to": "cache-v2.corp.internal", "subtree": "keep", "except": ["_acme", "x.deep"]}`,
		"a.b.cache":      `{"to": "v3.example.org", "subtree": "collapse"}`,
		"exact.cache":    "v4.example.org",
		"in._acme.cache": "v5.example.org",
		"plain":          "v6.example.org",
	} {
		aliases, err := Rule{Zones: zones("corp.internal."), TTL: 5}.Read(leaf, document)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range aliases {
			e.Put(&Source{}, a)
		}
	}
	e.Orphans(map[Name]Name{"orphan.cache.corp.internal.": "corp.internal.", "x.orphan.corp.internal.": "corp.internal."})
	return e.Table()
}

// long is labels of n octets on the wire in front of a name.
func long(n int) string {
	var labels []string
	for n > 64 {
		labels = append(labels, strings.Repeat("l", 61))
		n -= 62
	}
	return strings.Join(append(labels, strings.Repeat("m", n-1)), ".") + "."
}

// room is the octets in front of the target of subtreeTable's alias cache.
const room = maxName - len("\x08cache-v2\x04corp\x08internal\x00")

// subtreeQuestions are questions to subtreeTable, the alias that each is for and
// where it leads.
var subtreeQuestions = []struct{ qname, want string }{
	{"cache.corp.internal.", "cache.corp.internal. cache-v2.corp.internal."},
	{"Web.Cache.corp.internal.", "cache.corp.internal. web.cache-v2.corp.internal."},
	{"1.web.cache.corp.internal.", "cache.corp.internal. 1.web.cache-v2.corp.internal."},
	{"*.cache.corp.internal.", "cache.corp.internal. *.cache-v2.corp.internal."},
	{`a\.b.\000.cache.corp.internal.`, `cache.corp.internal. a\.b.\000.cache-v2.corp.internal.`},
	{`\..\\.w\101b.c\097che.corp.internal.`, `cache.corp.internal. \..\\.w\101b.cache-v2.corp.internal.`},
	{"notcache.corp.internal.", "none"},
	{`web\.cache.corp.internal.`, "none"},
	{"web\xff" + `\.cache.corp.internal.`, "none"},
	{"corp.internal.", "none"},
	{".", "none"},

	{"exact.cache.corp.internal.", "exact.cache.corp.internal. v4.example.org."},
	{"below.exact.cache.corp.internal.", "cache.corp.internal. below.exact.cache-v2.corp.internal."},
	{"a.b.cache.corp.internal.", "a.b.cache.corp.internal. v3.example.org."},
	{"x.y.a.b.cache.corp.internal.", "a.b.cache.corp.internal. v3.example.org."},
	{"b.cache.corp.internal.", "cache.corp.internal. b.cache-v2.corp.internal."},
	{"web.plain.corp.internal.", "none"},

	{"_ACME.cache.corp.internal.", "none"},
	{"x._acme.cache.corp.internal.", "none"},
	{"x.deep.cache.corp.internal.", "none"},
	{"in._acme.cache.corp.internal.", "in._acme.cache.corp.internal. v5.example.org."},
	{"no_acme.cache.corp.internal.", "cache.corp.internal. no_acme.cache-v2.corp.internal."},
	{`x\._acme.cache.corp.internal.`, `cache.corp.internal. x\._acme.cache-v2.corp.internal.`},
	{"deep.cache.corp.internal.", "cache.corp.internal. deep.cache-v2.corp.internal."},

	{"orphan.cache.corp.internal.", "none"},
	{"x.orphan.cache.corp.internal.", "cache.corp.internal. x.orphan.cache-v2.corp.internal."},

	{long(room) + "cache.corp.internal.", "cache.corp.internal. " + long(room) + "cache-v2.corp.internal."},
	{long(room+1) + "cache.corp.internal.", "cache.corp.internal. too long"},
	{`\000` + long(room-1) + "cache.corp.internal.", `cache.corp.internal. \000` + long(room-1) + "cache-v2.corp.internal."},
	{`\000` + long(room) + "cache.corp.internal.", "cache.corp.internal. too long"},
	{long(room+1) + "a.b.cache.corp.internal.", "none"}, // the question itself is too long
}

// 30 to 32 of DNS correctness: which alias a name below others is for, and where
// it leads.
func TestSubtree(t *testing.T) {
	table := subtreeTable(t)
	for _, tt := range subtreeQuestions {
		got := "none"
		if found := table.Lookup(tt.qname); found.Entry != nil {
			e := found.Entry
			target, ok := e.Follow(e.Target, tt.qname, found.Below)
			if !ok {
				target = "too long"
			} else if _, legal := dns.IsDomainName(target); !legal {
				t.Errorf("%q leads to %q, which is no name", tt.qname, target)
			}
			got = fmt.Sprintf("%s %s", e.Name, target)
		}
		if got != tt.want {
			t.Errorf("%q\ngot  %s\nwant %s", tt.qname, got, tt.want)
		}
		if n := testing.AllocsPerRun(20, func() { table.Lookup(tt.qname) }); n != 0 {
			t.Errorf("Lookup(%q) allocates %v times, want 0", tt.qname, n)
		}
	}
}

func TestCovers(t *testing.T) {
	table := subtreeTable(t)
	for _, tt := range []struct {
		alias, name Name
		want        bool
	}{
		{"cache.corp.internal.", "cache.corp.internal.", true},
		{"cache.corp.internal.", "x.cache.corp.internal.", true},
		{"cache.corp.internal.", "x._acme.cache.corp.internal.", false},
		{"cache.corp.internal.", "corp.internal.", false},
		{"plain.corp.internal.", "plain.corp.internal.", true},
		{"plain.corp.internal.", "x.plain.corp.internal.", false},
	} {
		if got := table.Get(tt.alias).Covers(tt.name); got != tt.want {
			t.Errorf("%s covers %s: got %v, want %v", tt.alias, tt.name, got, tt.want)
		}
	}
}

// 17: what lies above a name that a subtree leaves alone exists, and so does
// what lies above an orphan.
func TestIsAboveExcepted(t *testing.T) {
	table := subtreeTable(t)
	names := []string{
		"cache.corp.internal.", "deep.cache.corp.internal.", "b.cache.corp.internal.", "_acme.cache.corp.internal.", "orphan.corp.internal.", "corp.internal.",
		"x.deep.cache.corp.internal.", "a.b.cache.corp.internal.", "plain.corp.internal.", "orphan.cache.corp.internal.", "exact.cache.corp.internal.",
	}
	const above = 6 // of names
	for i, name := range names {
		if got := isAbove(table, name); got != (i < above) {
			t.Errorf("IsAbove(%q) got %v, want %v", name, got, i < above)
		}
	}
	edit := table.Edit()
	for e := range table.All() {
		edit.Delete(e.Name)
	}
	edit.Orphans(nil)
	emptied := edit.Table()
	if emptied.HasSubtrees() {
		t.Error("the table without any alias got subtrees")
	}
	for e := range emptied.names.all {
		t.Errorf("the table without any alias has %+v", e)
	}
	for i, list := range emptied.led {
		if len(list) > 0 {
			t.Errorf("the table without any alias says in list %d that %x are led to", i, list)
		}
	}
	if used := emptied.names.used; used != 0 {
		t.Errorf("the table without any alias has %d names", used)
	}
	edit = table.Edit()
	edit.Put(&Source{}, Alias{Name: "cache.corp.internal.", Zone: "corp.internal.", Target: "v9.example.org."})
	if next := edit.Table(); isAbove(next, "deep.cache.corp.internal.") || !isAbove(next, "b.cache.corp.internal.") || !next.HasSubtrees() {
		t.Error("an alias that lost its subtree counts with it, or another's does no longer")
	}
}

// The alias is above a name that its subtree leaves alone, as all names between them are.
func TestIsAboveOfAnException(t *testing.T) {
	edit := new(Table).Edit()
	edit.Put(&Source{}, Alias{Name: "cache.corp.internal.", Zone: "corp.internal.", Target: "v1.x.org.",
		Subtree: &Subtree{Except: []Name{"a.b.cache.corp.internal.", "d.b.cache.corp.internal."}}})
	table := edit.Table()
	check := func(table *Table) {
		t.Helper()
		for name, want := range map[string]bool{
			"a.b.cache.corp.internal.": false,
			"b.cache.corp.internal.":   true,
			"cache.corp.internal.":     true,
			"c.cache.corp.internal.":   false,
		} {
			if got := isAbove(table, name); got != want {
				t.Errorf("IsAbove(%q) got %v, want %v", name, got, want)
			}
		}
	}
	check(table)
	edit = table.Edit()
	edit.Put(&Source{}, Alias{Name: "cache.corp.internal.", Zone: "corp.internal.", Target: "v1.x.org.",
		Subtree: &Subtree{Except: []Name{"a.b.cache.corp.internal."}}})
	check(edit.Table()) // above one of them less
}

func TestOrphans(t *testing.T) {
	table := subtreeTable(t)
	for qname, want := range map[string]Name{
		"Orphan.cache.corp.internal.":   "corp.internal.",
		"x.orphan.cache.corp.internal.": "",
		"cache.corp.internal.":          "",
		`orphan\.cache.corp.internal.`:  "",
		"":                              "",
	} {
		if mark := table.Lookup(qname).Mark; mark.Orphan() != want {
			t.Errorf("%q is an orphan in %q, want %q", qname, mark.Orphan(), want)
		}
	}
	edit := table.Edit()
	edit.Orphans(map[Name]Name{"cache.corp.internal.": "corp.internal.", "orphan.cache.corp.internal.": "corp.internal."})
	for qname, want := range map[string]Name{"cache.corp.internal.": "", "orphan.cache.corp.internal.": "corp.internal.", "x.orphan.corp.internal.": ""} {
		if mark := edit.Table().Lookup(qname).Mark; mark.Orphan() != want {
			t.Errorf("once others are %q is an orphan in %q, want %q", qname, mark.Orphan(), want)
		}
	}
}

// What is an orphan in one table is none in the next, however many edits there are, and the
// names above it are counted once.
func TestOrphansAnew(t *testing.T) {
	with := func(t *Table, orphans map[Name]Name) *Table {
		edit := t.Edit()
		edit.Orphans(orphans)
		return edit.Table()
	}
	one := with(nil, map[Name]Name{"x.sub.corp.internal.": "corp.internal."})
	two := with(one, map[Name]Name{"y.other.corp.internal.": "corp.internal."})
	three := edited(with(with(two, nil), nil), "cache.sub.corp.internal. v1.x.org.")
	for name, want := range map[string]bool{"sub.corp.internal.": true, "other.corp.internal.": false} {
		if got := isAbove(three, name); got != want {
			t.Errorf("at last IsAbove(%q) got %v, want %v", name, got, want)
		}
	}
	again := with(one, nil)
	if isAbove(again, "other.corp.internal.") || isAbove(again, "sub.corp.internal.") {
		t.Error("a table without orphans has those of an earlier or a later one")
	}
}

func TestLeadsAs(t *testing.T) {
	plain := Alias{Target: "a.b."}
	keep := Alias{Target: "a.b.", Subtree: &Subtree{Except: []Name{"x.c."}}}
	for _, tt := range []struct {
		a, b Alias
		want bool
	}{
		{plain, Alias{Target: "a.b.", TTL: 7}, true},
		{plain, Alias{Target: "b.b."}, false},
		{plain, keep, false},
		{keep, plain, false},
		{keep, Alias{Target: "a.b.", Subtree: &Subtree{Except: []Name{"x.c."}}}, true},
		{keep, Alias{Target: "a.b.", Subtree: &Subtree{}}, false},
		{keep, Alias{Target: "a.b.", Subtree: &Subtree{Collapse: true, Except: []Name{"x.c."}}}, false},
	} {
		if got := tt.a.LeadsAs(&tt.b); got != tt.want {
			t.Errorf("%v leads as %v: got %v, want %v", tt.a, tt.b, got, tt.want)
		}
	}
}

// What a document is about that cannot be read.
func TestNames(t *testing.T) {
	for _, tt := range []struct {
		name, zones string
		alias       Name
		leaf        string
		document    string
		want        string
	}{
		{"a bad target", "corp.internal.", "", "cache", "what?", "maybe cache.corp.internal."},
		{"a bad field", "corp.internal. org.", "", "cache", `{"to": 7}`, "maybe cache.corp.internal. cache.org."},
		{"no JSON", "corp.internal.", "", "cache", `{`, "maybe cache.corp.internal."},
		{"an absolute leaf", "corp.internal. org.", "", "cache.org", "", "maybe cache.org."},
		{"an alias line", "corp.internal.", "db.corp.internal.", "cache", "", "db.corp.internal."},
		{"an alias line that holds a bundle", "corp.internal.", "db.corp.internal.", "cache", `{"aliases": {"a": "v1.x.org"}}`, "db.corp.internal."},
		{"an alias line that holds a bundle of nothing", "corp.internal.", "db.corp.internal.", "cache", `{"aliases": {}}`, "db.corp.internal."},
		{"a bundle: its keys, not its leaf", "corp.internal.", "", "all", `{"aliases": {"a": "v1.x.org", "b": 7, "c": "v1.x.org"}}`, "a.corp.internal. b.corp.internal. c.corp.internal."},
		{"a bundle that is cut", "corp.internal.", "", "all", `{"aliases": {"a": "v1.x.org", "b`, "a.corp.internal."},
		{"a bundle with something beside it", "corp.internal.", "", "all", `{"aliases": {"a": "v1.x.org"}, "to": "v1.x.org"}`, "a.corp.internal."},
		{"a bundle with something in front of it", "corp.internal.", "", "all", `{"ttl": "60", "aliases": {"a": "v1.x.org", "b": 7}}`, "a.corp.internal. b.corp.internal."},
		{"a bundle twice", "corp.internal.", "", "all", `{"aliases": {"a": "v1.x.org"}, "aliases": {"b": "v1.x.org"}}`, "a.corp.internal. b.corp.internal."},
		{"a bundle by another name", "corp.internal.", "", "all", `{"Aliases": {"a": "v1.x.org"}}`, "maybe all.corp.internal."},
		{"no bundle, and no JSON behind that", "corp.internal.", "", "all", `{"ttl": "60", "aliases": {"a": "v1.x.org"`, "maybe all.corp.internal."},
		{"names that can be none", "corp.internal.", "", "what?", "", "maybe"},
		{"a name outside the zones", "corp.internal.", "", "x.org.", "", "maybe"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			names, guess := Rule{Zones: zones(tt.zones), Name: tt.alias}.Names(tt.leaf, tt.document)
			var got []string
			for name, zone := range names {
				got = append(got, string(name))
				if zone != Zone(name, zones(tt.zones)) {
					t.Errorf("%s is in zone %s", name, zone)
				}
			}
			slices.Sort(got)
			if guess {
				got = append([]string{"maybe"}, got...)
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("Names got %s, want %s", got, tt.want)
			}
		})
	}
}
