package ledger

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/octoenergy/versionalias/plugin/alias"
)

// Duty 10: what a ledger takes over from another, on a reload of the Corefile.
func TestInherit(t *testing.T) {
	for _, tt := range []struct {
		name         string
		zones, lines string   // of the old ledger
		seen         []string // by it, of one sweep after another
		zones2       string   // of the new one, if they are others
		lines2       string
		table        string
		rejected     string
		known        bool // all that the new one reads
	}{{
		name:  "all of it",
		lines: "ssm /a\nalias db.internal. /p/db:live", lines2: "ssm /a\nalias db.internal. /p/db:live",
		seen:  []string{"/a/cache 1 v1.x.org\n/p/db:live 3 v3.x.org", "/a/cache 2 v2.x.org\n/p/db:live 3 v3.x.org"},
		table: "cache.internal. v2.x.org. 5 /a/cache@2\ndb.internal. v3.x.org. 5 /p/db:live@3",
		known: true,
	}, {
		name:  "lines in another order",
		lines: "ssm /a\nssm /b", lines2: "ssm /b\nssm /a",
		seen:  []string{"/a/cache 1 v1.x.org\n/b/web 1 v1.x.org"},
		table: "cache.internal. v1.x.org. 5 /a/cache@1\nweb.internal. v1.x.org. 5 /b/web@1",
		known: true,
	}, {
		name:  "a line that is gone",
		lines: "ssm /a\nssm /b", lines2: "ssm /b",
		seen:  []string{"/a/cache 1 v1.x.org\n/b/web 1 v1.x.org"},
		table: "web.internal. v1.x.org. 5 /b/web@1",
		known: true,
	}, {
		name:  "a line that is new: not all is known",
		lines: "ssm /a", lines2: "ssm /a\nssm /b",
		seen:  []string{"/a/cache 1 v1.x.org"},
		table: "cache.internal. v1.x.org. 5 /a/cache@1",
	}, {
		name:  "another label is another line",
		lines: "alias db.internal. /p/db:live", lines2: "alias db.internal. /p/db:next",
		seen: []string{"/p/db:live 3 v3.x.org"},
	}, {
		name:  "a rejected document, and the good one that stays",
		lines: "ssm /a", lines2: "ssm /a",
		seen:     []string{"/a/cache 1 v1.x.org", "/a/cache 2 what?"},
		table:    "cache.internal. v1.x.org. 5 /a/cache@1",
		rejected: "/a/cache@2 syntax internal.=1",
		known:    true,
	}, {
		name:  "who had the name keeps it, whatever sorts first",
		lines: "ssm /a", lines2: "ssm /a",
		seen: []string{
			`/a/z 1 {"aliases": {"cache": "v1.x.org"}}`,
			`/a/z 1 {"aliases": {"cache": "v1.x.org"}}` + "\n/a/cache 1 v9.x.org",
		},
		table:    "cache.internal. v1.x.org. 5 /a/z@1",
		rejected: "/a/cache@1 collision internal.=1",
		known:    true,
	}, {
		name:  "a document that lies outside the new zones is rejected",
		zones: "internal. org.", lines: "ssm /a", zones2: "org.", lines2: "ssm /a",
		seen:  []string{"/a/cache.internal 1 v1.x.net\n/a/web.org 1 v1.x.net"},
		table: "cache.internal.org. v1.x.net. 5 /a/cache.internal@1\nweb.org. v1.x.net. 5 /a/web.org@1",
		known: true,
	}, {
		name:  "a document that was outside the old zones comes into force",
		zones: "org.", lines: "ssm /a", zones2: "internal. org.", lines2: "ssm /a",
		seen:  []string{`/a/all 1 {"aliases": {"cache.internal.": "v1.x.net"}}`},
		table: "cache.internal. v1.x.net. 5 /a/all@1",
		known: true,
	}} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.zones == "" {
				tt.zones = "internal."
			}
			if tt.zones2 == "" {
				tt.zones2 = tt.zones
			}
			lines := linesOf(t, tt.zones, tt.lines)
			old := New(lines, trust)
			for _, seen := range tt.seen {
				old, _ = apply(t, old, nil, seenOf(t, lines, seen), epoch)
			}
			before := everything(old)
			next := New(linesOf(t, tt.zones2, tt.lines2), trust).Recall(old.Memory(), epoch)
			if got := tableText(next.Table()); got != spelled(tt.table) {
				t.Errorf("table got\n%swant\n%s", got, spelled(tt.table))
			}
			if got := rejectionText(next.Rejections()); got != spelled(tt.rejected) {
				t.Errorf("rejections got\n%swant\n%s", got, spelled(tt.rejected))
			}
			if got := !next.Table().Partial(); got != tt.known {
				t.Errorf("all is known: got %v, want %v", got, tt.known)
			}
			if got := everything(old); got != before {
				t.Errorf("the old ledger became\n%s\nfrom\n%s", got, before)
			}
		})
	}
}

// An absence lasts across a reload, and counts of queries live on.
func TestInheritMissingAndTallies(t *testing.T) {
	lines := linesOf(t, "internal.", "ssm /a")
	seen := seenOf(t, lines, "/a/cache 1 v1.x.org")
	old, _ := New(lines, trust).Apply(seenOf(t, lines, "/a/cache 1 v1.x.org\n/a/web 1 v1.x.org"), epoch)
	old, _ = old.Apply(seen, epoch)
	old.Table().Get("cache.internal.").Tallies[0].Add()
	next := New(lines, trust).Recall(old.Memory(), epoch.Add(time.Second)).Inherit(old)
	if next.Table().Get("web.internal.") == nil {
		t.Fatal("an alias that is missing for a while was not inherited")
	}
	old.Table().Get("cache.internal.").Tallies[0].Add() // a query in flight
	if got := next.Table().Get("cache.internal.").Tallies[0].Count(); got != 2 {
		t.Errorf("%d queries are counted, want 2", got)
	}
	asked, _ := next.Due(epoch.Add(time.Second))
	if want := []Ref{{0, "/a/web"}}; !slices.Equal(asked, want) {
		t.Errorf("to be read by name is %v, want %v", asked, want)
	}
	next, _ = next.ApplyRead(asked, nil, epoch.Add(time.Second))
	next, _ = next.ApplyRead(asked, nil, epoch.Add(time.Second+interval))
	if next.Table().Get("web.internal.") != nil {
		t.Error("what is gone for sure stays in force after a reload")
	}
}

// Two alias lines may read one parameter: each remembers what it has of it.
func TestMemoryOfTwoLines(t *testing.T) {
	lines := linesOf(t, "internal.", "alias web.internal. /p/x\nalias api.internal. /p/x")
	l, _ := New(lines, trust).Apply(seenOf(t, lines, "/p/x 1 v1.x.org"), epoch)
	m := l.Memory()
	if len(m.Lines) != 1 || len(m.Parameters) != 2 {
		t.Errorf("remembered is %+v, want two parameters of one line", m)
	}
	if got, want := tableText(New(lines, trust).Recall(m, epoch).Table()), tableText(l.Table()); got != want {
		t.Errorf("recalled is\n%swant\n%s", got, want)
	}
	l, _ = l.Apply(seenOf(t, lines, "/p/x 2 api.internal"), epoch) // a loop for one of them
	const want = "api.internal. v1.x.org. 5 /p/x@1\nweb.internal. api.internal. 5 /p/x@2\n"
	if got := tableText(l.Table()); got != want {
		t.Fatalf("in force is\n%swant\n%s", got, want)
	}
	if got := tableText(New(lines, trust).Recall(l.Memory(), epoch).Table()); got != want {
		t.Errorf("recalled is\n%swant\n%s", got, want)
	}
	other := linesOf(t, "internal.", "alias new.internal. /p/x\nalias web.internal. /p/x")
	const renamed = "new.internal. api.internal. 5 /p/x@2\nweb.internal. api.internal. 5 /p/x@2\n"
	if got := tableText(New(other, trust).Recall(l.Memory(), epoch).Table()); got != renamed {
		t.Errorf("recalled by another line is\n%swant\n%s", got, renamed)
	}
}

// A clock that was set back does not make an absence last longer.
func TestRecallOfTheFuture(t *testing.T) {
	lines := linesOf(t, "internal.", "ssm /a")
	l, _ := New(lines, trust).Apply(seenOf(t, lines, "/a/cache 1 v1.x.org"), epoch)
	l, _ = l.Apply(nil, epoch.AddDate(1, 0, 0))
	l = New(lines, trust).Recall(l.Memory(), epoch)
	if got := dueText(l, epoch); got != "now /a/cache" {
		t.Errorf("due is %q, want the parameter now", got)
	}
}

// Duty 5: an absence that is recalled lasts by a clock that is not set while the
// server runs, and that of the snapshot does not.
func TestRecallByAClockThatIsNotSet(t *testing.T) {
	lines := linesOf(t, "internal.", "ssm /a")
	now := time.Now()
	l, _ := New(lines, trust).Apply(seenOf(t, lines, numbered(0, 4)), now)
	l, _ = l.Apply(nil, now)
	for k, r := range New(lines, trust).Recall(toldAgain(t, l.Memory()), now.Add(time.Minute)).records.all {
		if r.absence.since == r.absence.since.Round(0) {
			t.Errorf("the absence of %s is since %v, which has no reading of a monotonic clock", k.name, r.absence.since)
		}
		if since := r.absence.since.Sub(now); since.Abs() > time.Microsecond {
			t.Errorf("the absence of %s is since %v after it was, want the same time", k.name, since)
		}
	}
}

// What several ledgers know: each line is from the first that knows it, and so is
// what they say of one alias.
func TestJoin(t *testing.T) {
	ledgers := func(t *testing.T, trust Trust) (first, second *Ledger) {
		lines := linesOf(t, "internal.", "ssm /a\nalias web.internal. /p/x")
		first, _ = New(lines, trust).Apply(seenOf(t, lines, "/a/cache 2 v2.x.org\n/p/x 2 v2.x.org"), epoch)
		lines = linesOf(t, "internal.", "ssm /b\nssm /a")
		second, _ = New(lines, trust).Apply(seenOf(t, lines, "/b/db 1 v1.x.org\n/a/cache 1 v1.x.org"), epoch)
		return first, second
	}
	first, second := ledgers(t, trust)
	both := linesOf(t, "internal.", "ssm /a\nssm /b\nalias web.internal. /p/x\nalias api.internal. /p/x")
	const first2 = "cache.internal. v2.x.org. 5 /a/cache@2\n"
	const others = "db.internal. v1.x.org. 5 /b/db@1\nweb.internal. v2.x.org. 5 /p/x@2\n"
	for _, tt := range []struct {
		name string
		m    Memory
		want string
	}{
		{"one before the other", first.Memory().Join(second.Memory()), "api.internal. v2.x.org. 5 /p/x@2\n" + first2 + others},
		{"the other before the one", second.Memory().Join(first.Memory()), "api.internal. v2.x.org. 5 /p/x@2\n" + first2 + others},
		{"with itself", first.Memory().Join(second.Memory()).Join(first.Memory()), "api.internal. v2.x.org. 5 /p/x@2\n" + first2 + others},
		{"with nothing", Memory{}.Join(first.Memory()).Join(second.Memory()), "api.internal. v2.x.org. 5 /p/x@2\n" + first2 + others},
	} {
		if err := tt.m.Check(); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		l := New(both, trust).Recall(tt.m, epoch)
		if got := tableText(l.Table()); got != tt.want || l.Table().Partial() {
			t.Errorf("%s: recalled is, not all: %v,\n%swant\n%s", tt.name, l.Table().Partial(), got, tt.want)
		}
	}

	// What is counted, and what was verified, is taken over from all of them.
	verifying := Trust{Interval: interval, Verify: true}
	first, second = ledgers(t, verifying)
	first, _ = first.ApplyAnswers([]Answer{{Probe: probeOf(t, "v2.x.org.")}}, epoch)
	second, _ = second.ApplyAnswers([]Answer{{Probe: probeOf(t, "v1.x.org."), Err: errors.New("no answer")}}, epoch)
	for range 3 {
		first.Table().Get("web.internal.").Tallies[0].Add()
		second.Table().Get("db.internal.").Tallies[0].Add()
	}
	next := New(both, verifying).Recall(first.Memory().Join(second.Memory()), epoch).Inherit(first, second)
	for _, name := range []alias.Name{"web.internal.", "db.internal."} {
		if n := next.Table().Get(name).Tallies[0].Count(); n != 3 {
			t.Errorf("%s is counted %d queries, want 3", name, n)
		}
	}
	if got := probesText(next, epoch); got != "next at 1s" {
		t.Errorf("%q is asked for, want what failed, when it is due, and nothing that was verified", got)
	}
	if got := text(next.Failing("v1.x.org.", probeOf(t, "v1.x.org.").Check)); got != "no answer" {
		t.Errorf("v1.x.org. fails with %q, want what it was before", got)
	}
}

// Files may have names, and bad ones may hold what is no UTF-8: a snapshot keeps both.
func TestRecallOctets(t *testing.T) {
	lines := linesOf(t, "internal.", "ssm /a")
	seen := []Parameter{
		{Name: "/a/caf\xe8", Value: `{"aliases": {"b": "v1.x.org"}}`, Version: 1, Modified: epoch},
		{Name: "/a/caf\xe9", Value: `{"aliases": {"c": "v1.x.org"}}`, Version: 1, Modified: epoch},
		{Name: "/a/d", Value: "v\xff.x.org", Version: 1, Modified: epoch},
	}
	l, _ := New(lines, trust).Apply(seen, epoch)
	m := l.Memory()
	for _, told := range []Memory{m, toldAgain(t, m), toldAgain(t, Memory{}.Join(m).Join(m))} {
		next := New(lines, trust).Recall(told, epoch)
		if got, want := tableText(next.Table()), tableText(l.Table()); got != want {
			t.Errorf("recalled is\n%s\nwant\n%s", got, want)
		}
		if got := next.of(key{"/a/d", 0}).newer.Value; got != seen[2].Value {
			t.Errorf("the bad file has %q, want %q", got, seen[2].Value)
		}
		if after, events := next.Apply(seen, epoch); after != next {
			t.Errorf("to see the same is %v, want no change", events)
		}
	}
}

// What stood in a document's way may be gone with a reload, and then it waits to be
// verified, be its target asked for by then, verified, or neither.
func TestInheritWanted(t *testing.T) {
	lines, fewer := linesOf(t, "internal.", "ssm /one\nssm /two"), linesOf(t, "internal.", "ssm /two")
	before := seenOf(t, lines, "/one/b 1 v1.x.org\n/two/a 1 v2.x.org\n/two/b 1 v2.x.org")
	after := seenOf(t, fewer, "/two/a 1 v2.x.org\n/two/b 1 v2.x.org")
	for name, answers := range map[string][]Answer{
		"not asked for": nil,
		"failed":        {{Probe: probeOf(t, "v2.x.org"), Err: errors.New("no answer")}},
		"verified":      {{Probe: probeOf(t, "v2.x.org")}},
	} {
		old, _ := New(lines, verifying).Apply(before, epoch)
		old, _ = old.ApplyAnswers(answers, epoch)
		now := epoch.Add(time.Hour)
		l := New(fewer, verifying).Recall(old.Memory(), now).Inherit(old).Succeed(old, every, now)
		l, _ = l.Apply(after, now)
		if got := probesText(l, now); got != "v2.x.org." {
			t.Errorf("%s: %q is asked for, want v2.x.org.", name, got)
		}
		l, _ = l.ApplyAnswers([]Answer{{Probe: probeOf(t, "v2.x.org")}}, now)
		if got, want := tableText(l.Table()), "a.internal. v2.x.org. 5 /two/a@1\nb.internal. v2.x.org. 5 /two/b@1\n"; got != want {
			t.Errorf("%s: the table is\n%swant\n%s", name, got, want)
		}
		if got := probesText(l, now); got != "" {
			t.Errorf("%s: %q is asked for once it is verified, want nothing", name, got)
		}
	}
}

// Of two alias lines that read one parameter the other one's document may wait: that this was
// said is known as well.
func TestInheritSaidOfTwoLines(t *testing.T) {
	lines := linesOf(t, "internal.", "alias a.internal. /p\nalias b.internal. /p")
	first := seenOf(t, lines, "/p 1 v2.x.org")
	first[1].Value = "v1.x.org"
	no := []Answer{{Probe: probeOf(t, "v2.x.org"), Err: errors.New("no")}}
	old, _ := New(lines, verifying).Apply(first, epoch)
	old, _ = old.Apply(seenOf(t, lines, "/p 2 v2.x.org"), epoch)
	old, events := old.ApplyAnswers(no, epoch)
	const pending = "pending parameter /p, version 2"
	if got := eventText(events); !strings.Contains(got, pending) {
		t.Fatalf("got the events\n%s\nwant that b's document waits", got)
	}
	next := New(lines, verifying).Recall(old.Memory(), epoch).Inherit(old)
	if _, events = next.ApplyAnswers(no, epoch.Add(time.Hour)); strings.Contains(eventText(events), pending) {
		t.Errorf("after a reload it is said again:\n%s", eventText(events))
	}
}

// Of what two ledgers have of one parameter, the newest version counts, and beneath one that
// is bad the newer one of those that are in force.
func TestJoinOneParameter(t *testing.T) {
	lines := linesOf(t, "internal.", "ssm /a")
	after := func(versions string) Memory {
		l := New(lines, trust)
		for version := range strings.FieldsSeq(versions) {
			value := "v" + version + ".x.org"
			if version, bad := strings.CutSuffix(version, "?"); bad {
				value = version + "?"
			}
			n, _ := strconv.ParseInt(strings.TrimSuffix(version, "?"), 10, 64)
			l, _ = l.Apply([]Parameter{{Name: "/a/x", Value: value, Version: n, Modified: epoch.Add(time.Duration(n) * time.Second)}}, epoch.Add(time.Hour))
		}
		return l.Memory()
	}
	for _, tt := range []struct{ one, other, want string }{
		{"1", "1 2", "x.internal. v2.x.org. 5 /a/x@2\n"},
		{"1 3?", "2", "x.internal. v2.x.org. 5 /a/x@2\n/a/x@3"},
		{"1 2?", "3", "x.internal. v3.x.org. 5 /a/x@3\n"},
		{"2?", "1", "x.internal. v1.x.org. 5 /a/x@1\n/a/x@2"},
	} {
		for _, m := range []Memory{after(tt.one).Join(after(tt.other)), after(tt.other).Join(after(tt.one))} {
			l := New(lines, trust).Recall(m, epoch.Add(time.Hour))
			got := tableText(l.Table())
			for _, r := range l.Rejections() {
				got += fmt.Sprintf("%s@%d", r.Source.Parameter, r.Source.Version)
			}
			if err := m.Check(); got != tt.want || err != nil {
				t.Errorf("%s and %s: got %v\n%s\nwant\n%s", tt.one, tt.other, err, got, tt.want)
			}
		}
	}
}

// One that is rejected for other zones may be in force for these, and a label may have gone
// back: the first one has the last word.
func TestJoinOneVersion(t *testing.T) {
	seen := func(value string, version int64) []Parameter {
		return []Parameter{{Name: "/a/x", Value: value, Version: version, Modified: epoch.Add(time.Duration(version) * time.Second)}}
	}
	here, elsewhere := linesOf(t, "internal.", "ssm /a"), linesOf(t, "elsewhere.", "ssm /a")
	in, _ := New(here, trust).Apply(seen(`{"aliases": {"x.internal": "v1.x.org"}}`, 1), epoch)
	out, _ := New(elsewhere, trust).Apply(seen(`{"aliases": {"x.internal": "v1.x.org"}}`, 1), epoch)
	for _, m := range []Memory{in.Memory().Join(out.Memory()), out.Memory().Join(in.Memory())} {
		l := New(here, trust).Recall(m, epoch)
		if got, want := tableText(l.Table()), "x.internal. v1.x.org. 5 /a/x@1\n"; got != want || len(l.Rejections()) > 0 {
			t.Errorf("got %v\n%s\nwant\n%s", l.Rejections(), got, want)
		}
	}
	label := linesOf(t, "internal.", "alias x.internal /a/x:l")
	var ledgers [2]*Ledger
	for i := range ledgers {
		p := seen(fmt.Sprintf("v%d.x.org", i), int64(i+1))
		p[0].Name = "/a/x:l"
		ledgers[i], _ = New(label, trust).Apply(p, epoch)
	}
	l := New(label, trust).Recall(ledgers[0].Memory().Join(ledgers[1].Memory()), epoch)
	if got, want := tableText(l.Table()), "x.internal. v0.x.org. 5 /a/x:l@1\n"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// What another ledger has in force comes into force by this one's rules or not at all: until
// then the last good one stays.
func TestJoinKeepsTheLastGood(t *testing.T) {
	type history struct {
		zones, lines string
		seen         []string // of one sweep after another
	}
	for _, tt := range []struct {
		name            string
		verify          bool // here
		own, other      history
		table, rejected string
	}{{
		name:     "one that is bad here",
		own:      history{"internal.", "ssm /a", []string{`/a/all 1 {"aliases": {"x.internal.": "v1.x.org"}}`}},
		other:    history{"internal. other.", "ssm /a", []string{`/a/all 2 {"aliases": {"x.internal.": "v2.x.org", "y.other.": "v2.x.org"}}`}},
		table:    "x.internal. v1.x.org. 5 /a/all@1",
		rejected: "/a/all@2 zone internal.=1",
	}, {
		name:     "one that collides here",
		own:      history{"internal.", "ssm /a\nssm /b", []string{"/a/x 1 v1.x.org\n/b/y 1 v1.x.org"}},
		other:    history{"internal.", "ssm /a", []string{`/a/x 2 {"aliases": {"x": "v2.x.org", "y": "v2.x.org"}}`}},
		table:    "x.internal. v1.x.org. 5 /a/x@1\ny.internal. v1.x.org. 5 /b/y@1",
		rejected: "/a/x@2 collision internal.=1",
	}, {
		name:     "a newer one beneath one that is bad",
		own:      history{"internal.", "ssm /a", []string{"/a/x 1 v1.x.org", "/a/x 3 what?"}},
		other:    history{"internal.", "ssm /a", []string{"/a/x 2 v2.x.org"}},
		table:    "x.internal. v2.x.org. 5 /a/x@2",
		rejected: "/a/x@3 syntax internal.=1",
	}, {
		name:   "one that is not verified here",
		verify: true,
		own:    history{"internal.", "ssm /a", []string{"/a/x 1 v1.x.org"}},
		other:  history{"internal.", "ssm /a", []string{"/a/x 2 v2.x.org"}},
		table:  "x.internal. v1.x.org. 5 /a/x@1",
	}, {
		name:  "one that was not there yet",
		own:   history{"internal.", "ssm /a", []string{"/a/x 1 v1.x.org"}},
		other: history{"internal.", "ssm /a", []string{"/a/x 1 v1.x.org\n/a/y 1 v1.x.org"}},
		table: "x.internal. v1.x.org. 5 /a/x@1\ny.internal. v1.x.org. 5 /a/y@1",
	}, {
		name:     "one that went to another document",
		own:      history{"internal.", "ssm /a\nssm /b", []string{`/b/all 1 {"aliases": {"x": "v2.x.org"}}`}},
		other:    history{"internal.", "ssm /a", []string{"/a/x 1 v1.x.org"}},
		table:    "x.internal. v2.x.org. 5 /b/all@1",
		rejected: "/a/x@1 collision internal.=1",
	}, {
		name:  "one that is missing there",
		own:   history{"internal.", "ssm /a", []string{""}},
		other: history{"internal.", "ssm /a", []string{"/a/x 1 v1.x.org", ""}},
	}, {
		name:  "one that is missing there, of another alias line",
		own:   history{"internal.", "alias x.internal. /p", []string{"/p 1 v1.x.org"}},
		other: history{"internal.", "alias y.internal. /p", []string{"/p 1 v1.x.org", ""}},
		table: "x.internal. v1.x.org. 5 /p@1\ny.internal. v1.x.org. 5 /p@1",
	}} {
		t.Run(tt.name, func(t *testing.T) {
			last := func(h history) *Ledger {
				lines := linesOf(t, h.zones, h.lines)
				l := New(lines, trust)
				for _, seen := range h.seen {
					l, _ = l.Apply(seenOf(t, lines, seen), epoch)
				}
				return l
			}
			lines := linesOf(t, tt.own.zones, tt.own.lines)
			if strings.HasPrefix(tt.other.lines, "alias") { // two blocks become one
				lines = linesOf(t, tt.own.zones, tt.own.lines+"\n"+tt.other.lines)
			}
			m := last(tt.own).Memory().Join(last(tt.other).Memory())
			l := New(lines, Trust{Interval: interval, Verify: tt.verify}).Recall(m, epoch)
			if got := tableText(l.Table()); got != spelled(tt.table) {
				t.Errorf("table got\n%swant\n%s", got, spelled(tt.table))
			}
			if got := rejectionText(l.Rejections()); got != spelled(tt.rejected) {
				t.Errorf("rejections got\n%swant\n%s", got, spelled(tt.rejected))
			}
			if got, want := waitingText(l) != "", tt.verify; got != want {
				t.Errorf("a document waits: %v, want %v", got, want)
			}
			if err := m.Check(); err != nil {
				t.Error(err)
			}
		})
	}
}

// The queries for a retired name are counted on, whichever of several ledgers knows
// of it.
func TestInheritRetired(t *testing.T) {
	lines := linesOf(t, "internal.", "ssm /a")
	other := linesOf(t, "internal.", "ssm /b")
	l, _ := New(lines, trust).Apply(seenOf(t, lines, "/a/cache 1 v1.x.org"), epoch)
	l, _ = l.Apply(seenOf(t, lines, "/a/cache 2 v2.x.org"), epoch.Add(time.Second))
	o, _ := New(other, trust).Apply(seenOf(t, other, "/b/web 1 v2.x.org"), epoch)
	want := l.Table().Retired("v1.x.org.")
	both := linesOf(t, "internal.", "ssm /a\nssm /b")
	for _, from := range [][]*Ledger{{l, o}, {o, l}} {
		m := from[0].Memory().Join(from[1].Memory())
		next := New(both, trust).Recall(m, epoch.Add(2*time.Second)).Inherit(from...)
		for _, old := range from {
			next = next.Succeed(old, every, epoch.Add(2*time.Second))
		}
		if got := next.Table().Retired("v1.x.org."); got != want || want == nil {
			t.Errorf("the queries for v1.x.org. are counted by %p, want %p", got, want)
		}
	}
}

func TestMemoryCheck(t *testing.T) {
	good := &Version{Value: "v1.x.org", Version: 1, Modified: epoch}
	for _, tt := range []struct {
		m    Memory
		want string
	}{
		{Memory{}, ""},
		{Memory{Lines: []string{"/a"}, Parameters: []Remembered{{Name: "/a/b", Good: good}}}, ""},
		{Memory{Lines: []string{"/a"}, Parameters: []Remembered{{Name: "/a/b", Newest: good}}}, ""},
		{Memory{Lines: []string{"/a"}, Parameters: []Remembered{{Name: "/a/b"}}}, "found no version of parameter /a/b, want one"},
		{Memory{Parameters: []Remembered{{Name: "/a/b", Good: good}}}, "found parameter /a/b of line 0, want one of 0 lines"},
	} {
		if got := text(tt.m.Check()); got != tt.want {
			t.Errorf("Check of %+v got %q, want %q", tt.m, got, tt.want)
		}
	}
}
