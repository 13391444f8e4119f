package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/octoenergy/versionalias/plugin/alias"
)

// drainsText is the drains at now, in lines "ALIAS TARGET since TIME until DEADLINE".
func drainsText(l *Ledger, now time.Time) string {
	var b strings.Builder
	for _, d := range l.Drains(now) {
		fmt.Fprintf(&b, "%s %s since %v until %v\n", d.Alias, d.Target, d.Since.Sub(epoch), d.Deadline().Sub(epoch))
	}
	return b.String()
}

// Caches hold a target for as long as its TTL says, and 10 seconds for an answer
// that was under way.
func TestDrains(t *testing.T) {
	const s = time.Second
	type sweep struct {
		at     time.Duration
		seen   string
		drains string
	}
	const (
		v1   = "/a/cache 1 v1.x.org"
		v2   = "/a/cache 2 v2.x.org"
		left = "cache.internal. v1.x.org. since 10s until 25s"
	)
	for _, tt := range []struct {
		name   string
		sweeps []sweep
	}{
		{"a flip: an hour after the deadline it is over", []sweep{
			{0, v1, ""}, {10 * s, v2, left}, {25 * s, v2, left}, {3624 * s, v2, left}, {3625 * s, v2, ""},
		}},
		{"a flip that comes sooner than a TTL", []sweep{
			{0, `/a/cache 1 {"to": "v1.x.org", "ttl": 600}`, ""},
			{10 * s, `/a/cache 2 {"from": "v1.x.org", "to": "v2.x.org", "ttl": 600, "start": "2026-11-23T10:01:40Z"}`, ""},
			{100 * s, `/a/cache 2 {"from": "v1.x.org", "to": "v2.x.org", "ttl": 600, "start": "2026-11-23T10:01:40Z"}`, "cache.internal. v1.x.org. since 1m40s until 10m20s"},
		}},
		{"a ramp that is shortened", []sweep{
			{0, `/a/cache 1 {"from": "v1.x.org", "to": "v2.x.org", "ttl": 600, "start": "2026-11-23T10:00:00Z", "over": "10h"}`, ""},
			{20 * s, `/a/cache 2 {"from": "v1.x.org", "to": "v2.x.org", "ttl": 600, "start": "2026-11-23T10:00:00Z", "over": "1m"}`, ""},
			{60 * s, `/a/cache 2 {"from": "v1.x.org", "to": "v2.x.org", "ttl": 600, "start": "2026-11-23T10:00:00Z", "over": "1m"}`, "cache.internal. v1.x.org. since 1m0s until 10m30s"},
		}},
		{"a flip that has begun, is put off, and called off", []sweep{
			{0, `/a/cache 1 {"from": "v1.x.org", "to": "v2.x.org", "ttl": 600, "start": "2026-11-23T10:00:00Z"}`, ""},
			{60 * s, `/a/cache 2 {"from": "v1.x.org", "to": "v2.x.org", "ttl": 600, "start": "2026-11-23T11:00:00Z"}`, ""},
			{120 * s, `/a/cache 3 {"to": "v1.x.org", "ttl": 600}`, "cache.internal. v2.x.org. since 2m0s until 11m10s"},
		}},
		{"the same, once no cache holds it", []sweep{
			{0, `/a/cache 1 {"from": "v1.x.org", "to": "v2.x.org", "ttl": 600, "start": "2026-11-23T10:00:00Z"}`, ""},
			{60 * s, `/a/cache 2 {"from": "v1.x.org", "to": "v2.x.org", "ttl": 600, "start": "2026-11-23T11:00:00Z"}`, ""},
			{670 * s, `/a/cache 3 {"to": "v1.x.org", "ttl": 600}`, "cache.internal. v2.x.org. since 11m10s until 11m20s"},
		}},
		{"a way back that is put off, and called off: it is told once more", []sweep{
			{0, v1, ""}, {10 * s, v2, left},
			{300 * s, `/a/cache 3 {"from": "v2.x.org", "to": "v1.x.org", "start": "2026-11-23T10:30:00Z"}`, ""},
			{600 * s, `/a/cache 4 {"from": "v2.x.org", "to": "v1.x.org", "start": "2026-11-23T10:40:00Z"}`, ""},
			{900 * s, "/a/cache 5 v2.x.org", "cache.internal. v1.x.org. since 15m0s until 15m10s"},
			{4509 * s, "/a/cache 5 v2.x.org", "cache.internal. v1.x.org. since 15m0s until 15m10s"},
			{4510 * s, "/a/cache 5 v2.x.org", ""},
		}},
		{"the same, once the hour of the first time is over", []sweep{
			{0, v1, ""}, {10 * s, v2, left},
			{300 * s, `/a/cache 3 {"from": "v2.x.org", "to": "v1.x.org", "start": "2026-11-23T12:00:00Z"}`, ""},
			{3700 * s, "/a/cache 4 v2.x.org", ""},
		}},
		{"a way back that has begun, and is called off", []sweep{
			{0, v1, ""}, {10 * s, v2, left},
			{300 * s, `/a/cache 3 {"from": "v2.x.org", "to": "v1.x.org", "start": "2026-11-23T10:10:00Z"}`, ""},
			{600 * s, `/a/cache 3 {"from": "v2.x.org", "to": "v1.x.org", "start": "2026-11-23T10:10:00Z"}`, "cache.internal. v2.x.org. since 10m0s until 10m10s"},
			{900 * s, "/a/cache 4 v2.x.org", "cache.internal. v1.x.org. since 15m0s until 15m15s"},
		}},
		{"a way back to one that is to be left again", []sweep{
			{0, v1, ""}, {10 * s, v2, left},
			{300 * s, `/a/cache 3 {"from": "v2.x.org", "to": "v1.x.org", "start": "2026-11-23T10:30:00Z"}`, ""},
			{600 * s, `/a/cache 4 {"from": "v1.x.org", "to": "v2.x.org", "start": "2026-11-23T10:20:00Z"}`, ""},
			{1200 * s, `/a/cache 4 {"from": "v1.x.org", "to": "v2.x.org", "start": "2026-11-23T10:20:00Z"}`, "cache.internal. v1.x.org. since 20m0s until 20m10s"},
		}},
		{"an alias that goes while a way back is to come", []sweep{
			{0, `/a/all 1 {"aliases": {"cache": "v1.x.org", "db": "v3.x.org"}}`, ""},
			{10 * s, `/a/all 2 {"aliases": {"cache": "v2.x.org", "db": "v3.x.org"}}`, left},
			{300 * s, `/a/all 3 {"aliases": {"cache": {"from": "v2.x.org", "to": "v1.x.org", "start": "2026-11-23T10:30:00Z"}, "db": "v3.x.org"}}`, ""},
			{600 * s, `/a/all 4 {"aliases": {"db": "v3.x.org"}}`, "cache.internal. v1.x.org. since 10m0s until 10m10s\ncache.internal. v2.x.org. since 10m0s until 10m15s"},
		}},
		{"back again: the new one is left", []sweep{
			{0, v1, ""}, {10 * s, v2, left}, {15 * s, "/a/cache 3 v1.x.org", "cache.internal. v2.x.org. since 15s until 30s"},
		}},
		{"back, and forward: the old one is left anew", []sweep{
			{0, v1, ""}, {10 * s, v2, left}, {15 * s, "/a/cache 3 v1.x.org", "cache.internal. v2.x.org. since 15s until 30s"},
			{20 * s, "/a/cache 4 v2.x.org", "cache.internal. v1.x.org. since 20s until 35s"},
		}},
		{"several in a row", []sweep{
			{0, v1, ""}, {10 * s, v2, left}, {12 * s, "/a/cache 3 v3.x.org", left + "\ncache.internal. v2.x.org. since 12s until 27s"},
		}},
		{"an equal document is no change", []sweep{{0, v1, ""}, {10 * s, "/a/cache 2 v1.x.org", ""}}},
		{"the TTL of the document that was in force", []sweep{
			{0, `/a/cache 1 {"to": "v1.x.org", "ttl": 600}`, ""}, {10 * s, v2, "cache.internal. v1.x.org. since 10s until 10m20s"},
		}},
		{"the largest TTL it was handed out with", []sweep{
			{0, `/a/cache 1 {"to": "v1.x.org", "ttl": 600}`, ""},
			{100 * s, "/a/cache 2 v1.x.org", ""},
			{110 * s, "/a/cache 3 v2.x.org", "cache.internal. v1.x.org. since 1m50s until 11m50s"},
		}},
		{"but not for longer than it lasts", []sweep{
			{0, `/a/cache 1 {"to": "v1.x.org", "ttl": 600}`, ""},
			{100 * s, "/a/cache 2 v1.x.org", ""},
			{709 * s, "/a/cache 3 v1.x.org", ""},
			{710 * s, "/a/cache 4 v2.x.org", "cache.internal. v1.x.org. since 11m50s until 12m5s"},
		}},
		{"a larger TTL counts from the end on", []sweep{
			{0, v1, ""}, {100 * s, `/a/cache 2 {"to": "v1.x.org", "ttl": 600}`, ""},
			{110 * s, "/a/cache 3 v2.x.org", "cache.internal. v1.x.org. since 1m50s until 12m0s"},
		}},
		{"an alias that leaves its bundle", []sweep{
			{0, `/a/all 1 {"aliases": {"cache": "v1.x.org", "db": "v1.x.org"}}`, ""},
			{10 * s, `/a/all 2 {"aliases": {"db": "v1.x.org"}}`, left},
		}},
		{"a canary leads to both, then to one", []sweep{
			{0, v1, ""},
			{10 * s, `/a/cache 2 {"from": "v1.x.org", "to": "v2.x.org", "percent": 1}`, ""},
			{20 * s, `/a/cache 3 {"from": "v1.x.org", "to": "v2.x.org", "percent": 100}`, "cache.internal. v1.x.org. since 20s until 35s"},
			{30 * s, "/a/cache 4 v2.x.org", "cache.internal. v1.x.org. since 20s until 35s"},
		}},
		{"a canary that is called off", []sweep{
			{0, v1, ""},
			{10 * s, `/a/cache 2 {"from": "v1.x.org", "to": "v2.x.org", "percent": 1}`, ""},
			{20 * s, `/a/cache 3 {"from": "v1.x.org", "to": "v2.x.org", "percent": 0}`, "cache.internal. v2.x.org. since 20s until 35s"},
			{30 * s, "/a/cache 4 v1.x.org", "cache.internal. v2.x.org. since 20s until 35s"},
		}},
		{"a flip by the clock: no TTL reaches past it", []sweep{
			{0, v1, ""},
			{10 * s, `/a/cache 2 {"from": "v1.x.org", "to": "v2.x.org", "start": "2026-11-23T10:01:40Z"}`, ""},
			{99 * s, `/a/cache 2 {"from": "v1.x.org", "to": "v2.x.org", "start": "2026-11-23T10:01:40Z"}`, ""},
			{100 * s, `/a/cache 2 {"from": "v1.x.org", "to": "v2.x.org", "start": "2026-11-23T10:01:40Z"}`, "cache.internal. v1.x.org. since 1m40s until 1m50s"},
			{200 * s, v2, "cache.internal. v1.x.org. since 1m40s until 1m50s"},
			{3710 * s, v2, ""},
		}},
		{"a flip by the clock that comes soon, after a large TTL", []sweep{
			{0, `/a/cache 1 {"to": "v1.x.org", "ttl": 600}`, ""},
			{10 * s, `/a/cache 2 {"from": "v1.x.org", "to": "v2.x.org", "start": "2026-11-23T10:01:40Z"}`, ""},
			{100 * s, `/a/cache 2 {"from": "v1.x.org", "to": "v2.x.org", "start": "2026-11-23T10:01:40Z"}`, "cache.internal. v1.x.org. since 1m40s until 10m20s"},
		}},
		{"a flip by the clock that is called off before it comes", []sweep{
			{0, v1, ""},
			{10 * s, `/a/cache 2 {"from": "v1.x.org", "to": "v2.x.org", "start": "2026-11-23T10:01:40Z"}`, ""},
			{20 * s, "/a/cache 3 v1.x.org", ""},
			{200 * s, "/a/cache 3 v1.x.org", ""},
		}},
		{"a ramp, and another one that ends sooner", []sweep{
			{0, v1, ""},
			{10 * s, `/a/cache 2 {"from": "v1.x.org", "to": "v2.x.org", "start": "2026-11-23T10:00:00Z", "over": "10h"}`, ""},
			{20 * s, `/a/cache 3 {"from": "v1.x.org", "to": "v2.x.org", "start": "2026-11-23T10:00:00Z", "over": "1m"}`, ""},
			{60 * s, `/a/cache 3 {"from": "v1.x.org", "to": "v2.x.org", "start": "2026-11-23T10:00:00Z", "over": "1m"}`, "cache.internal. v1.x.org. since 1m0s until 1m10s"},
		}},
		{"a ramp that is held, and rolled back", []sweep{
			{0, v1, ""},
			{10 * s, `/a/cache 2 {"from": "v1.x.org", "to": "v2.x.org", "start": "2026-11-23T10:00:00Z", "over": "1m"}`, ""},
			{20 * s, `/a/cache 3 {"from": "v1.x.org", "to": "v2.x.org", "percent": 34}`, ""},
			{90 * s, `/a/cache 4 v1.x.org`, "cache.internal. v2.x.org. since 1m30s until 1m45s"},
		}},
		{"a ramp whose end is past when it is read", []sweep{
			{0, v1, ""},
			{90 * s, `/a/cache 2 {"from": "v1.x.org", "to": "v2.x.org", "start": "2026-11-23T10:00:00Z", "over": "1m"}`, "cache.internal. v1.x.org. since 1m30s until 1m45s"},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lines := linesOf(t, "internal.", "ssm /a")
			l := New(lines, trust)
			for i, sweep := range tt.sweeps {
				now := epoch.Add(sweep.at)
				l, _ = apply(t, l, nil, seenOf(t, lines, sweep.seen), now)
				if got := drainsText(l, now); got != spelled(sweep.drains) {
					t.Errorf("sweep %d: drains got\n%swant\n%s", i, got, spelled(sweep.drains))
				}
				for name, again := range map[string]*Ledger{
					"a restart": New(lines, trust).Recall(toldAgain(t, l.Memory()), now),
					"a reload":  New(lines, trust).Recall(l.Memory(), now).Inherit(l).Succeed(l, every, now),
				} {
					if got := drainsText(again, now); got != spelled(sweep.drains) {
						t.Errorf("sweep %d, after %s: drains got\n%swant\n%s", i, name, got, spelled(sweep.drains))
					}
				}
			}
		})
	}
}

// toldAgain is m as a snapshot has it.
func toldAgain(t *testing.T, m Memory) Memory {
	t.Helper()
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var again Memory
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	return again
}

// The name of a target that was left is looked up as one that is retired, for as
// long as no alias leads there again.
func TestRetiredNames(t *testing.T) {
	const v1 = alias.Name("v1.x.org.")
	lines := linesOf(t, "internal.", "ssm /a")
	l := New(lines, trust)
	sweep := func(at time.Duration, seen string) { l, _ = apply(t, l, nil, seenOf(t, lines, seen), epoch.Add(at)) }
	from := func() string {
		if r := l.Table().Retired(v1); r != nil {
			return fmt.Sprint(r.From.Sub(epoch), " to ", r.Until.Sub(epoch))
		}
		return "not at all"
	}
	const (
		s    = time.Second
		both = "/a/b 1 v1.x.org\n/a/c 1 v1.x.org"
		one  = "/a/b 2 v2.x.org\n/a/c 1 v1.x.org"
		none = "/a/b 2 v2.x.org\n/a/c 2 v2.x.org"
		back = "/a/b 3 v1.x.org\n/a/c 2 v2.x.org"
	)
	for i, tt := range []struct {
		at   time.Duration
		seen string
		want string
	}{
		{0, both, "not at all"},
		{10 * s, one, "25s to 1h0m25s"},
		{20 * s, none, "35s to 1h0m35s"}, // from the last one's deadline on
		{30 * s, back, "35s to 1h0m35s"}, // the other one has left it still
		{40 * s, "/a/b 3 v1.x.org\n/a/c 3 v1.x.org", "not at all"},
		{50 * s, "/a/b 4 v2.x.org\n/a/c 3 v1.x.org", "1m5s to 1h1m5s"},
		{60 * s, `/a/b 5 {"from": "v2.x.org", "to": "v1.x.org", "start": "2026-11-23T10:30:00Z"}` + "\n/a/c 3 v1.x.org", "not at all"},
		{70 * s, "/a/b 6 v2.x.org\n/a/c 3 v1.x.org", "1m20s to 1h1m20s"}, // nobody counted while it was to lead there again
		{3680 * s, "/a/b 6 v2.x.org\n/a/c 3 v1.x.org", "not at all"},
	} {
		sweep(tt.at, tt.seen)
		if got := from(); got != tt.want {
			t.Errorf("sweep %d: %s is counted %s, want %s", i, v1, got, tt.want)
		}
	}
	sweep(4000*s, "/a/b 7 v3.x.org\n/a/c 3 v1.x.org")
	counts := l.Table().Retired("v2.x.org.")
	next := New(lines, trust).Recall(l.Memory(), epoch.Add(4001*s)).Inherit(l).Succeed(l, every, epoch.Add(4001*s))
	if next.Table().Retired("v2.x.org.") != counts || counts == nil {
		t.Error("a reload begins to count anew")
	}
	restarted := New(lines, trust).Recall(toldAgain(t, l.Memory()), epoch.Add(4001*s))
	if r := restarted.Table().Retired("v2.x.org."); r == nil || !r.From.Equal(counts.From) {
		t.Error("a restart ceases to count")
	}
}

// Who asks for a target that was left is counted also if an alias of its name has come and
// gone.
func TestRetiredNameThatWasAnAlias(t *testing.T) {
	lines := linesOf(t, "internal.", "ssm /a")
	for name, seen := range map[string][]string{
		"for who is late": {
			`/a/all 1 {"aliases": {"b": "b-v1.internal"}}`,
			`/a/all 2 {"aliases": {"b": "b-v2.internal"}}`,
			`/a/all 3 {"aliases": {"b": "b-v2.internal", "b-v1": "b-v2.internal"}}`,
			`/a/all 4 {"aliases": {"b": "b-v2.internal"}}`,
		},
		"from the first": {
			`/a/all 1 {"aliases": {"b": "b-v1.internal", "b-v1": "v1.x.org"}}`,
			`/a/all 2 {"aliases": {"b": "b-v2.internal", "b-v1": "v1.x.org"}}`,
			`/a/all 3 {"aliases": {"b": "b-v2.internal"}}`,
		},
		"that goes with the one that leads there": {
			`/a/all 1 {"aliases": {"b": "b-v1.internal", "b-v1": "v1.x.org"}}`,
			`/a/all 2 {"aliases": {}}`,
		},
	} {
		l := New(lines, trust)
		for i, seen := range seen {
			l, _ = l.Apply(seenOf(t, lines, seen), epoch.Add(time.Duration(i)*time.Minute))
		}
		if l.Table().Retired("b-v1.internal.") == nil {
			t.Errorf("an alias %s: nobody counts who asks for the name", name)
		}
	}
}

// What was in force before the last change is trusted after a restart as well.
func TestRecallPrevious(t *testing.T) {
	lines := linesOf(t, "internal.", "ssm /a")
	l, _ := New(lines, verifying).Apply(seenOf(t, lines, "/a/cache 1 v1.x.org"), epoch)
	l, _ = l.Apply(seenOf(t, lines, `/a/cache 2 {"to": "v2.x.org", "check": "none"}`), epoch)
	l, _ = l.Apply(seenOf(t, lines, `/a/cache 3 v3.x.org`), epoch) // waits
	l = New(lines, verifying).Recall(toldAgain(t, l.Memory()), epoch)
	if got, want := waitingText(l), "cache.internal. /a/cache@3: <nil>\n"; got != want {
		t.Errorf("after a restart there waits %q, want %q", got, want)
	}
	l, _ = l.Apply(seenOf(t, lines, "/a/cache 4 v1.x.org"), epoch)
	if got, want := tableText(l.Table()), "cache.internal. v1.x.org. 5 /a/cache@4\n"; got != want {
		t.Errorf("after a rollback in force is %q, want %q", got, want)
	}
}

// After a restart the way back is as free as before it, also if nothing is told any more of
// the target that was left. Of an alias that is gone nothing is kept.
func TestRecallTheWayBack(t *testing.T) {
	lines, now := linesOf(t, "internal.", "ssm /a"), epoch
	l, _ := New(lines, verifying).Apply(seenOf(t, lines, "/a/x 1 v1.x.org\n/a/y 1 v1.x.org"), now)
	l, _ = l.Apply(seenOf(t, lines, "/a/x 2 v2.x.org\n/a/y 2 v2.x.org"), now)
	l, _ = l.ApplyAnswers([]Answer{{Probe: probeOf(t, "v2.x.org")}}, now)
	m := l.Memory()
	m.Parameters = slices.DeleteFunc(m.Parameters, func(p Remembered) bool { return p.Name == "/a/y" })
	now = now.Add(2 * time.Hour)
	l = New(lines, verifying).Recall(m, now)
	if _, kept := l.previous.get("y.internal."); kept {
		t.Error("the targets of y are kept, which is gone")
	}
	l, _ = l.Apply(seenOf(t, lines, "/a/x 3 v1.x.org"), now)
	if got, want := tableText(l.Table()), "x.internal. v1.x.org. 5 /a/x@3\n"; got != want {
		t.Errorf("the table is\n%swant\n%s", got, want)
	}
}

// A reload asks anew only for what has not verified yet.
func TestInheritProofs(t *testing.T) {
	lines := linesOf(t, "internal.", "ssm /a")
	seen := seenOf(t, lines, "/a/b 1 v1.x.org\n/a/c 1 v2.x.org")
	l, _ := New(lines, verifying).Apply(seen, epoch)
	l, _ = l.ApplyAnswers([]Answer{{Probe: probeOf(t, "v1.x.org")}}, epoch)
	next := New(lines, verifying).Recall(l.Memory(), epoch).Inherit(l)
	if got := probesText(next, epoch); got != "v2.x.org." {
		t.Errorf("after a reload %q is asked for, want v2", got)
	}
	plain, _ := New(lines, trust).Apply(seen, epoch)
	next = New(lines, verifying).Recall(plain.Memory(), epoch).Inherit(plain)
	if got := probesText(next, epoch); got != "v1.x.org., v2.x.org." {
		t.Errorf("after a reload that brings verify %q is asked for, want both", got)
	}
}

// A reload does not say again why a document waits, unless that is another one by then.
func TestInheritPending(t *testing.T) {
	lines := linesOf(t, "internal.", "ssm /a")
	no := []Answer{{Probe: probeOf(t, "v2.x.org"), Err: errors.New("no")}}
	old, _ := New(lines, verifying).Apply(seenOf(t, lines, "/a/b 1 v1.x.org"), epoch)
	old, _ = old.ApplyAnswers([]Answer{{Probe: probeOf(t, "v1.x.org")}}, epoch)
	old, _ = old.Apply(seenOf(t, lines, "/a/b 2 v2.x.org"), epoch)
	old, _ = old.ApplyAnswers(no, epoch)
	for seen, want := range map[string]string{
		"/a/b 2 v2.x.org": "",
		"/a/b 3 v2.x.org": "pending parameter /a/b, version 3 of 2026-11-03T00:00:00Z: verify target v2.x.org.: no; version 1 stays in force",
	} {
		next := New(lines, verifying).Recall(old.Memory(), epoch).Inherit(new(Ledger), old)
		next, events := next.Apply(seenOf(t, lines, seen), epoch)
		if got := strings.TrimSpace(eventText(events)); got != want {
			t.Errorf("after a reload, of %s, got %q, want %q", seen, got, want)
		}
		if _, events = next.ApplyAnswers(no, epoch); len(events) > 0 {
			t.Errorf("after a reload, of %s, got %s, want nothing said again", seen, eventText(events))
		}
	}
}

// A reload, or a change of something else, makes no deadline of a schedule later: no TTL
// has reached past its end.
func TestDrainDeadlineStays(t *testing.T) {
	const (
		s    = time.Second
		flip = `{"from": "v1.x.org", "to": "v2.x.org", "ttl": 3600, "start": "2026-11-23T11:00:00Z"`
		ramp = `{"from": "v1.x.org", "to": "v2.x.org", "ttl": 600, "start": "2026-11-23T10:00:00Z", "over": "1h"`
		want = "cache.internal. v1.x.org. since 1h0m0s until 1h0m10s\n"
	)
	lines := linesOf(t, "internal.", "ssm /a")
	for _, document := range []string{flip, ramp} {
		first := seenOf(t, lines, "/a/cache 1 "+document+"}")
		l, _ := New(lines, trust).Apply(first, epoch)
		l, _ = l.Apply(first, epoch.Add(3590*s))
		changed, _ := l.Apply(seenOf(t, lines, "/a/cache 2 "+document+`, "check": "none"}`), epoch.Add(3590*s))
		for name, l := range map[string]*Ledger{
			"unchanged":    l,
			"a reload":     New(lines, trust).Recall(l.Memory(), epoch.Add(3590*s)).Inherit(l).Succeed(l, every, epoch.Add(3590*s)),
			"other checks": changed,
		} {
			if got := drainsText(l, epoch.Add(3600*s)); got != want {
				t.Errorf("%s: of %s got\n%swant\n%s", name, document, got, want)
			}
		}
	}
}
