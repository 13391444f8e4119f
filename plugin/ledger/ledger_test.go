package ledger

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/octoenergy/versionalias/plugin/alias"
)

// interval is how far apart sweeps are.
const interval = 10 * time.Second

var trust = Trust{Interval: interval}

// epoch is the time of the sweeps at 0 s.
var epoch = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// linesOf makes lines of what a Corefile would say: "ssm PATH [TEMPLATE]" or
// "alias NAME PARAMETER[:LABEL] [TEMPLATE]".
func linesOf(t *testing.T, zones, text string) []Line {
	t.Helper()
	rule := alias.Rule{TTL: 5}
	for _, zone := range strings.Fields(zones) {
		rule.Zones = append(rule.Zones, alias.Name(zone))
	}
	var list []Line
	for words := range fieldsOf(text) {
		line := Line{Rule: rule}
		switch words[0] {
		case "ssm":
			line.Path = words[1]
			words = words[2:]
		case "alias":
			name, err := alias.ParseName(words[1])
			if err != nil {
				t.Fatal(err)
			}
			line.Rule.Name = name
			line.Parameter, line.Label, _ = strings.Cut(words[2], ":")
			words = words[3:]
		}
		for _, word := range words {
			template, err := alias.ParseTemplate(word)
			if err != nil {
				t.Fatal(err)
			}
			line.Rule.Template = template
		}
		list = append(list, line)
	}
	return list
}

// fieldsOf yields the words of each line of text that has some.
func fieldsOf(text string) func(yield func([]string) bool) {
	return func(yield func([]string) bool) {
		for line := range strings.Lines(text) {
			if words := strings.Fields(line); len(words) > 0 && !yield(words) {
				return
			}
		}
	}
}

// seenOf makes what a sweep sees of lines "NAME VERSION VALUE". A value that
// begins with "PROBLEM " is none but a problem, "WRITING" is a file being
// written. Version 7 is of the 7th. Each line that names a parameter sees it.
func seenOf(t *testing.T, lines []Line, text string) []Parameter {
	t.Helper()
	var seen []Parameter
	for line := range strings.Lines(text) {
		words := strings.SplitN(strings.TrimSpace(line), " ", 3)
		if len(words) < 3 {
			continue
		}
		version, err := strconv.Atoi(words[1])
		if err != nil {
			t.Fatal(err)
		}
		p := Parameter{Name: words[0], Version: int64(version), Value: words[2], Modified: time.Date(2026, 11, version, 0, 0, 0, 0, time.UTC)}
		if problem, ok := strings.CutPrefix(p.Value, "PROBLEM "); ok {
			p.Value, p.Problem = "", errors.New(problem)
		}
		if p.Value == "WRITING" {
			p.Value, p.Writing = "", true
		}
		found := len(seen)
		for i, l := range lines {
			if l.Path != "" && strings.HasPrefix(p.Name, l.Path+"/") || l.Parameter != "" && l.Selector() == p.Name {
				p.Line = i
				seen = append(seen, p)
			}
		}
		if len(seen) == found {
			t.Fatalf("no line names %s", p.Name)
		}
	}
	return seen
}

// tableText is a table in lines "NAME TARGET TTL PARAMETER@VERSION", sorted.
func tableText(table *alias.Table) string {
	var list []string
	for e := range table.All() {
		list = append(list, fmt.Sprintf("%s %s %d %s@%d\n", e.Name, e.Target, e.TTL, e.Source.Parameter, e.Source.Version))
	}
	slices.Sort(list)
	return strings.Join(list, "")
}

// eventText is events in a line each.
func eventText(events []Event) string {
	var b strings.Builder
	for _, e := range events {
		fmt.Fprintln(&b, e)
	}
	return b.String()
}

// rejectionText is rejections in lines "PARAMETER@VERSION REASON ZONE=COUNT...".
func rejectionText(list []Rejection) string {
	var b strings.Builder
	for _, r := range list {
		fmt.Fprintf(&b, "%s@%d %s", r.Source.Parameter, r.Source.Version, r.Reason)
		for _, zone := range slices.Sorted(maps.Keys(r.Zones)) {
			fmt.Fprintf(&b, " %s=%d", zone, r.Zones[zone])
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// spelled is text of a table without the blanks that indent it, and with each
// {PARAMETER VERSION} as events show a document.
func spelled(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			b.WriteString(line + "\n")
		}
	}
	return regexp.MustCompile(`\{(/\S+) (\d+)\}`).ReplaceAllStringFunc(b.String(), func(s string) string {
		name, version, _ := strings.Cut(strings.Trim(s, "{}"), " ")
		return fmt.Sprintf("parameter %s, version %s of 2026-11-%02sT00:00:00Z", name, version, version)
	})
}

// everything is all that a ledger holds, down to where it lies in memory.
func everything(l *Ledger) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%p %v %v %v %v %v %v %v\n", l.table, l.trust, l.reserved, l.lines, l.known, l.proofs, l.previous, l.drains)
	records := maps.Collect(l.records.all)
	for _, k := range slices.SortedFunc(maps.Keys(records), key.compare) {
		r := records[k]
		fmt.Fprintf(&b, "%v %v doubt %v good %p %+v newer %p %+v\n", k, r.absence, r.doubt, r.good, r.good, r.newer, r.newer)
	}
	var entries []string
	for e := range l.table.All() {
		entries = append(entries, fmt.Sprintf("%p %+v %+v\n", e, *e, *e.Source))
	}
	slices.Sort(entries)
	return b.String() + strings.Join(entries, "")
}

// refsOf is the parameters that words name, for each line that reads them.
func refsOf(t *testing.T, lines []Line, words string) []Ref {
	t.Helper()
	var refs []Ref
	for _, name := range strings.Fields(words) {
		for _, p := range seenOf(t, lines, name+" 1 any") {
			refs = append(refs, Ref{p.Line, p.Name})
		}
	}
	return refs
}

// apply is l.Apply, or if asked is not empty l.ApplyRead, and holds what must be
// so each time: that l stays what it was, and that the order in which parameters
// are seen is of no account.
func apply(t *testing.T, l *Ledger, asked []Ref, seen []Parameter, now time.Time) (*Ledger, []Event) {
	t.Helper()
	do := func(seen []Parameter) (*Ledger, []Event) {
		if len(asked) > 0 {
			return l.ApplyRead(asked, seen, now)
		}
		return l.Apply(seen, now)
	}
	before := everything(l)
	next, events := do(seen)
	backwards := slices.Clone(seen)
	slices.Reverse(backwards)
	twin, twins := do(backwards)
	if after := everything(l); after != before {
		t.Errorf("Apply changed its ledger from\n%s\nto\n%s", before, after)
	}
	if got, want := eventText(twins), eventText(events); got != want {
		t.Errorf("Apply of the same seen backwards got events\n%swant\n%s", got, want)
	}
	if got, want := tableText(twin.Table()), tableText(next.Table()); got != want {
		t.Errorf("Apply of the same seen backwards got table\n%swant\n%s", got, want)
	}
	if got, want := rejectionText(twin.Rejections()), rejectionText(next.Rejections()); got != want {
		t.Errorf("Apply of the same seen backwards got rejections\n%swant\n%s", got, want)
	}
	if next == l && len(events) > 0 {
		t.Errorf("Apply got its own ledger and events\n%s", eventText(events))
	}
	return next, events
}

func TestSelector(t *testing.T) {
	for _, tt := range []struct {
		line Line
		want string
	}{
		{Line{Parameter: "/p/cache"}, "/p/cache"},
		{Line{Parameter: "/p/cache", Label: "active"}, "/p/cache:active"},
	} {
		if got := tt.line.Selector(); got != tt.want {
			t.Errorf("Selector of %+v got %q, want %q", tt.line, got, tt.want)
		}
	}
}

// Which parameters a hint is about.
func TestRefs(t *testing.T) {
	for _, tt := range []struct {
		lines string
		name  string
		want  string // each as LINE NAME
	}{
		{"ssm /a", "/a/cache", "[{0 /a/cache}]"},
		{"ssm /a", "/a/b/cache", "[{0 /a/b/cache}]"},
		{"ssm /a", "/a", "[]"},
		{"ssm /a", "/ab/cache", "[]"},
		{"ssm /a", "cache", "[]"},
		{"ssm /a", "", "[]"},
		{"ssm /", "/cache", "[{0 /cache}]"},
		{"ssm /", "/a/cache", "[{0 /a/cache}]"},
		{"ssm /", "cache", "[{0 cache}]"},
		{"ssm /", "", "[]"},
		{"ssm /a\nalias cache.internal. /a/cache:live\nalias web.internal. /a/cache", "/a/cache", "[{0 /a/cache} {1 /a/cache:live} {2 /a/cache}]"},
		{"alias cache.internal. /a/cache", "/a/web", "[]"},
	} {
		l := New(linesOf(t, "internal.", tt.lines), trust)
		if got := fmt.Sprint(l.Refs(Hint{Name: tt.name})); got != tt.want {
			t.Errorf("%q: a hint of %q is about %s, want %s", tt.lines, tt.name, got, tt.want)
		}
	}
}

func TestEventString(t *testing.T) {
	was := &alias.Entry{
		Alias:  alias.Alias{Name: "cache.internal.", Target: "v1.x.org.", TTL: 5},
		Source: &alias.Source{Parameter: "/a/cache", Version: 1, Modified: epoch.Add(-time.Hour)},
	}
	is := &alias.Entry{
		Alias:  alias.Alias{Name: "cache.internal.", Target: "v2.x.org.", TTL: 9},
		Source: &alias.Source{Parameter: "/a/all", Version: 12, Modified: epoch.In(time.FixedZone("", 3600))},
	}
	bad := errors.New("parse to: found null, want a target")
	for _, tt := range []struct {
		event Event
		want  string
	}{
		{Event{Kind: Added, Source: is.Source, After: is}, "alias cache.internal. added: v2.x.org., ttl 9 (parameter /a/all, version 12 of 2026-11-23T10:00:00Z)"},
		{Event{Kind: Flipped, Source: is.Source, Before: was, After: is}, "alias cache.internal. flipped: v1.x.org. to v2.x.org. (parameter /a/all, version 12 of 2026-11-23T10:00:00Z)"},
		{Event{Kind: Changed, Source: is.Source, Before: was, After: is}, "alias cache.internal. changed: v2.x.org., ttl 9 (parameter /a/all, version 12 of 2026-11-23T10:00:00Z); was ttl 5 in parameter /a/cache"},
		{Event{Kind: Removed, Source: was.Source, Before: was}, "alias cache.internal. removed: was v1.x.org. (parameter /a/cache, version 1 of 2026-11-23T09:00:00Z)"},
		{Event{Kind: Rejected, Source: is.Source, Detail: &Detail{Err: bad}}, "rejected parameter /a/all, version 12 of 2026-11-23T10:00:00Z: parse to: found null, want a target; no version of it is in force"},
		{Event{Kind: Rejected, Source: is.Source, Detail: &Detail{Err: bad, Stays: &alias.Source{Version: 11}}}, "rejected parameter /a/all, version 12 of 2026-11-23T10:00:00Z: parse to: found null, want a target; version 11 stays in force"},
		{Event{Kind: Shadowed, Source: was.Source, Detail: &Detail{Name: "cache.internal."}}, "alias cache.internal. of parameter /a/cache, version 1 of 2026-11-23T09:00:00Z is shadowed by an alias line"},
		{Event{Kind: -1}, "unknown event"},
	} {
		if got := tt.event.String(); got != tt.want {
			t.Errorf("String got %q, want %q", got, tt.want)
		}
	}
}

// What events and rejections hold besides their text.
func TestEventsAndRejections(t *testing.T) {
	lines := linesOf(t, "internal.", "ssm /a")
	l, _ := New(lines, trust).Apply(seenOf(t, lines, "/a/cache 1 v1.x.org\n/a/web 1 v1.x.org"), epoch)
	before := l.Table()
	l, events := l.Apply(seenOf(t, lines, "/a/cache 2 v2.x.org\n/a/web 2 v2\n/a/all 1 {\"aliases\": {\"cache\": \"v3.x.org\"}}"), epoch)
	if len(events) != 3 {
		t.Fatalf("Apply got events\n%swant 3", eventText(events))
	}
	version := func(name string, n int) *alias.Source {
		return &alias.Source{Parameter: name, Version: int64(n), Modified: time.Date(2026, 11, n, 0, 0, 0, 0, time.UTC)}
	}
	reason := func(e Event) Reason {
		if e.Detail == nil {
			return ""
		}
		return e.Reason
	}
	collides := "place alias cache.internal.: found it in parameter /a/cache, want it in one parameter only"
	for i, want := range []Event{
		{Kind: Rejected, Source: version("/a/all", 1), Detail: &Detail{Reason: ReasonCollision}},
		{Kind: Rejected, Source: version("/a/web", 2), Detail: &Detail{Reason: ReasonSyntax}},
		{Kind: Flipped, Source: version("/a/cache", 2)},
	} {
		if got := events[i]; got.Kind != want.Kind || !got.Source.Same(*want.Source) || reason(got) != reason(want) {
			t.Errorf("event %d got %+v, want %+v", i, got, want)
		}
	}
	if got := events[0]; got.Stays != nil || text(got.Err) != collides {
		t.Errorf("the collision got %+v, want %s and nothing that stays", got, collides)
	}
	if got := events[1]; got.Stays == nil || !got.Stays.Same(*version("/a/web", 1)) {
		t.Errorf("the bad document got %+v, want version 1 to stay", got)
	}
	if got := events[2]; got.Before != before.Get("cache.internal.") || got.After != l.Table().Get("cache.internal.") {
		t.Errorf("the flip got %+v, want the entries of both tables", got)
	}
	list := l.Rejections()
	if len(list) != 2 || list[0].Source != *version("/a/all", 1) || text(list[0].Err) != collides || list[1].Source != *version("/a/web", 2) {
		t.Errorf("Rejections got %+v, want those of /a/all and /a/web", list)
	} else if list[0].Stays != nil || list[1].Stays == nil || !list[1].Stays.Same(*version("/a/web", 1)) {
		t.Errorf("Rejections got %+v, want only version 1 of /a/web to stay", list)
	}
}

// What is in force is known, and so is what was rejected.
func TestHas(t *testing.T) {
	lines := linesOf(t, "internal.", "ssm /a")
	at := func(version int) Parameter {
		return seenOf(t, lines, fmt.Sprintf("/a/web %d v%[1]d!.x.org", version))[0]
	}
	good := seenOf(t, lines, "/a/web 1 v1.x.org")
	l, _ := New(lines, trust).Apply(good, epoch)
	l, _ = l.Apply([]Parameter{at(2)}, epoch)
	for version, want := range map[int]bool{1: true, 2: true, 3: false} {
		p := at(version)
		if got := l.Has(p.source()); got != want {
			t.Errorf("version %d is known: got %v, want %v", version, got, want)
		}
	}
}

// A directory has no version numbers of its own, so all of a parameter counts.
func TestWhatMakesAVersion(t *testing.T) {
	lines := linesOf(t, "internal.", "ssm /a")
	p := Parameter{Name: "/a/cache", Value: "v1.x.org", Version: 1, Modified: epoch}
	later, other, older := p, p, p
	later.Modified = epoch.Add(time.Second)
	other.Value = "v2.x.org"
	older.Version = 0
	elsewhere := p
	elsewhere.Modified = epoch.In(time.FixedZone("", 3600))
	for _, tt := range []struct {
		name string
		p    Parameter
		same bool
	}{
		{"the very same", p, true},
		{"the same instant in another time zone", elsewhere, true},
		{"another time", later, false},
		{"another value", other, false},
		{"another version", older, false},
	} {
		l, _ := New(lines, Trust{Interval: interval, Files: true}).Apply([]Parameter{p}, epoch)
		next, _ := apply(t, l, nil, []Parameter{tt.p}, epoch)
		if same := next == l; same != tt.same {
			t.Errorf("%s: the same ledger got %v, want %v", tt.name, same, tt.same)
		}
		if got := *next.Table().Get("cache.internal.").Source; !got.Modified.Equal(tt.p.Modified) || got.Version != tt.p.Version {
			t.Errorf("%s: the document in force got %+v, want that of %+v", tt.name, got, tt.p)
		}
	}
}

// The counts of an alias live as long as it does, whatever document states it.
func TestTalliesLiveAsLongAsTheAlias(t *testing.T) {
	lines := linesOf(t, "internal.", "ssm /a")
	l := New(lines, trust)
	for i, tt := range []struct {
		at          time.Duration
		asked, seen string
		want        string // the tallies of web.internal., before it is asked for once
	}{
		{seen: `/a/p 1 {"aliases": {"web": "v1.x.org"}}`, want: "v1.x.org. 0"},
		{seen: `/a/p 2 {"aliases": {"web": "v2.x.org"}}`, want: "v2.x.org. 0, v1.x.org. 1"},
		{seen: `/a/p 3 {"aliases": {"web": "v2.x.org", "api": "v1.x.org"}}`, want: "v2.x.org. 1, v1.x.org. 1"},
		{seen: "/a/p 4 {\"aliases\": {}}\n/a/web 1 v1.x.org", want: "v1.x.org. 1, v2.x.org. 2"},
		{seen: "/a/p 4 {\"aliases\": {}}\n/a/web 2 v1", want: "v1.x.org. 2, v2.x.org. 2"},
		{seen: "/a/p 5 {\"aliases\": {\"web\": \"v3.x.org\"}}", want: "v1.x.org. 3, v2.x.org. 2"},
		{asked: "/a/web", want: "v1.x.org. 4, v2.x.org. 2"},
		{at: interval, asked: "/a/web", want: "v3.x.org. 0, v1.x.org. 5, v2.x.org. 2"},
		{at: interval, seen: `/a/p 6 {"aliases": {}}`, want: ""},
		{at: interval, seen: `/a/p 7 {"aliases": {"web": "v1.x.org"}}`, want: "v1.x.org. 0"},
	} {
		l, _ = apply(t, l, refsOf(t, lines, tt.asked), seenOf(t, lines, tt.seen), epoch.Add(tt.at))
		var got []string
		if e := l.Table().Get("web.internal."); e != nil {
			for _, tally := range e.Tallies {
				got = append(got, fmt.Sprintf("%s %d", tally.Target, tally.Count()))
			}
			e.Tallies[0].Add()
		}
		if got := strings.Join(got, ", "); got != tt.want {
			t.Errorf("sweep %d: tallies got %q, want %q", i, got, tt.want)
		}
	}
}

func TestNewLedgerIsEmpty(t *testing.T) {
	l := New(linesOf(t, "internal.", "ssm /a"), trust)
	if l.Table().Len() != 0 || l.Rejections() != nil {
		t.Errorf("New got the table\n%sand rejections\n%s", tableText(l.Table()), rejectionText(l.Rejections()))
	}
}

// Until when an alias stays in force whose parameter is missed.
func TestMissing(t *testing.T) {
	const since = "parameter /a/a has not been found since 2026-11-23T10:00:10Z: what it states stays in force "
	four := "/a/a 1 v1.x.org\n/a/b 1 v1.x.org\n/a/c 1 v1.x.org\n/a/d 1 v1.x.org"
	for _, tt := range []struct {
		name string
		seen []string      // of one sweep after another, or "ASKED|SEEN" of a read
		late time.Duration // how long after the last that is asked
		want string
	}{
		{"it is there", []string{"/a/a 1 v1.x.org", "/a/a 1 v1.x.org"}, 0, ""},
		{"a sweep misses it", []string{"/a/a 1 v1.x.org", ""}, 0, since + "until two reads by name did not find it"},
		{"and a read does not find it", []string{"/a/a 1 v1.x.org", "", "/a/a|"}, 0, since + "until two reads by name did not find it"},
		{"it is there again", []string{"/a/a 1 v1.x.org", "", "/a/a 1 v1.x.org"}, 0, ""},
		{"too many are gone", []string{four, ""}, 0, since + "by the brake until 2026-11-23T11:00:10Z at least"},
		{"for so long that the brake is off", []string{four, ""}, time.Hour, since + "until two reads by name did not find it"},
		{"most of them are back", []string{four, "", four[len("/a/a 1 v1.x.org\n"):]}, 0, since + "until two reads by name did not find it"},
		{"a bundle that cannot come into force states it", []string{
			"/a/a 1 v1.x.org\n/a/b 1 v1.x.org",
			"/a/b 1 v1.x.org\n/a/z 1 {\"aliases\": {\"a\": \"v2.x.org\", \"b\": \"v2.x.org\"}}", "/a/a|", "/a/a|",
		}, 0, since + "until another document can take over"},
	} {
		lines := linesOf(t, "internal.", "ssm /a")
		l := New(lines, trust)
		now := epoch
		for i, seen := range tt.seen {
			asked, seen, read := strings.Cut(seen, "|")
			if !read {
				asked, seen = "", asked
			}
			now = epoch.Add(time.Duration(i) * interval)
			l, _ = apply(t, l, refsOf(t, lines, asked), seenOf(t, lines, seen), now)
		}
		if got := text(l.Missing(l.Table().Get("a.internal.").Source, now.Add(tt.late))); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// 14 of DNS correctness: which names are held, since all that is known of them is
// documents that were rejected.
func TestHeld(t *testing.T) {
	names := []string{"a.internal.", "b.internal.", "all.internal.", "db.internal.", "x.a.internal."}
	for _, tt := range []struct {
		name string
		seen []string // of one sweep after another, or "ASKED|SEEN" of a read
		want string   // after the last
	}{
		{"a document with a fault", []string{"/a/a 1 what?"}, "a.internal."},
		{"it is mended", []string{"/a/a 1 what?", "/a/a 2 v1.x.org"}, ""},
		{"a fault after a good one", []string{"/a/a 1 v1.x.org", "/a/a 2 what?"}, ""},
		{"it is gone for sure", []string{"/a/a 1 what?", "", "/a/a|", "/a/a|"}, ""},
		{"it is gone for a while", []string{"/a/a 1 what?", ""}, "a.internal."},
		{"another parameter has the name", []string{"/a/a 1 what?", "/a/a 1 what?\n/a/all 1 {\"aliases\": {\"a\": \"v1.x.org\"}}"}, ""},
		{"a bundle with a fault holds its own names, not its leaf's", []string{`/a/all 1 {"aliases": {"a": "v1.x.org", "b": "a b"}}`}, "a.internal. b.internal."},
		{"a fault in a bundle that grows", []string{`/a/all 1 {"aliases": {"a": "v1.x.org"}}`, `/a/all 2 {"aliases": {"a": "v1.x.org", "b": "a b"}}`}, "b.internal."},
		{"a fault in a bundle that grows by its leaf", []string{`/a/b 1 {"aliases": {"a": "v1.x.org"}}`, `/a/b 2 {"aliases": {"a": "v1.x.org", "b": "a b"}}`}, "b.internal."},
		{"it shrinks again", []string{`/a/all 1 {"aliases": {"a": "v1.x.org"}}`, `/a/all 2 {"aliases": {"a": "v1.x.org", "b": "a b"}}`, `/a/all 3 {"aliases": {"a": "v1.x.org"}}`}, ""},
		{"a loop in a bundle that grows", []string{`/a/all 1 {"aliases": {"a": "v1.x.org"}}`, `/a/all 2 {"aliases": {"a": "v2.x.org", "b": "b.internal"}}`}, "b.internal."},
		{"another parameter has what a bundle grows by", []string{`/a/all 1 {"aliases": {"a": "v1.x.org"}}` + "\n/a/b 1 v1.x.org", `/a/all 2 {"aliases": {"a": "v2.x.org", "b": "v2.x.org"}}` + "\n/a/b 1 v1.x.org"}, ""},
		{"a subtree has what a bundle grows by", []string{`/a/all 1 {"aliases": {"a": {"to": "v1.x.org", "subtree": "keep"}}}`, `/a/all 2 {"aliases": {"a": {"to": "v1.x.org", "subtree": "keep"}, "x.a": "v1.x.org", "b": "a b"}}`}, "b.internal."},
		{"a subtree comes with it", []string{`/a/all 1 {"aliases": {"db": "v1.x.org"}}`, `/a/all 2 {"aliases": {"x.a": "v1.x.org", "b": "a b"}}` + "\n" + `/a/a 1 {"to": "v1.x.org", "subtree": "keep"}`}, "b.internal."},
		{"a subtree goes", []string{`/a/all 1 {"aliases": {"db": "v1.x.org"}}` + "\n" + `/a/a 1 {"to": "v1.x.org", "subtree": "keep"}`, `/a/all 2 {"aliases": {"x.a": "v1.x.org", "b": "a b"}}` + "\n" + `/a/a 2 v1.x.org`}, "b.internal. x.a.internal."},
		{"one bundle gives up what another grows by", []string{`/a/all 1 {"aliases": {"a": "v1.x.org"}}` + "\n" + `/a/two 1 {"aliases": {"b": "v1.x.org"}}`, `/a/all 2 {"aliases": {"a": "a b", "b": "v1.x.org"}}` + "\n" + `/a/two 2 {"aliases": {}}`}, "b.internal."},
		{"a fault in front of what a bundle grows by", []string{`/a/all 1 {"aliases": {"db": "v1.x.org"}}`, `/a/all 2 {"aliases": {"a": {"to": "v1.x.org", "ttl": "60"}, "b": "v1.x.org"}}`}, "a.internal. b.internal."},
		{"a bundle that cannot be read any more", []string{`/a/all 1 {"aliases": {"a": "v1.x.org"}}`, "/a/all 2 what?"}, ""},
		{"a loop", []string{"/a/a 1 a.internal"}, "a.internal."},
		{"an alias line's", []string{"/p/db 1 what?"}, "db.internal."},
		{"an alias line's, of which a path knows nothing", []string{"/a/db 1 what?"}, ""},
		{"a wrong type", []string{"/a/a 1 PROBLEM read it: found a SecureString"}, "a.internal."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lines := linesOf(t, "internal.", "ssm /a\nalias db.internal. /p/db")
			l := New(lines, trust)
			for i, seen := range tt.seen {
				asked, seen, read := strings.Cut(seen, "|")
				if !read {
					asked, seen = "", asked
				}
				l, _ = apply(t, l, refsOf(t, lines, asked), seenOf(t, lines, seen), epoch.Add(time.Duration(i)*interval))
			}
			var got []string
			for _, name := range names {
				if mark := l.Table().Lookup(name).Mark; mark.Orphan() != "" {
					got = append(got, name)
				}
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("held names got %v, want %s", got, tt.want)
			}
		})
	}
}
