package ledger

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/octoenergy/versionalias/plugin/alias"
)

// Parameters of one alias each that become one bundle: none is gone at any moment,
// though more go than one read can be made sure of, and whether the bundle has to be
// verified or not.
func TestHandOverToBundle(t *testing.T) {
	const many = 25
	var singles, entries []string
	for i := range many {
		singles = append(singles, fmt.Sprintf("/a/x%02d 1 v1.x.org", i))
		entries = append(entries, fmt.Sprintf(`"x%02d": "v1.x.org"`, i))
	}
	bundle := `/a/all 1 {"aliases": {` + strings.Join(entries, ", ") + `, "new": "v2.x.org"}}`
	for _, trust := range []Trust{trust, verifying} {
		lines := linesOf(t, "internal.", "ssm /a")
		l, _ := New(lines, trust).Apply(seenOf(t, lines, strings.Join(singles, "\n")), epoch)
		now := epoch
		for turn := range 20 {
			now = now.Add(interval)
			l, _ = l.Apply(seenOf(t, lines, bundle), now)
			for n := 0; ; n++ {
				refs, _ := l.Due(now)
				if len(refs) == 0 {
					break
				}
				if n == many {
					t.Fatalf("verify %v, turn %d: %v are read again and again", trust.Verify, turn, refs)
				}
				l, _ = l.ApplyRead(refs[:min(len(refs), 10)], nil, now)
				if l.Table().Len() < many {
					t.Fatalf("verify %v, turn %d: %d aliases are in force, want at least %d", trust.Verify, turn, l.Table().Len(), many)
				}
			}
			if turn == 10 {
				l, _ = l.ApplyAnswers([]Answer{{Probe: probeOf(t, "v2.x.org")}}, now)
			}
		}
		if e := l.Table().Get("x00.internal."); l.Table().Len() != many+1 || e.Source.Parameter != "/a/all" {
			t.Errorf("verify %v: %d aliases are in force in the end, the first by %s, want %d by the bundle", trust.Verify, l.Table().Len(), e.Source.Parameter, many+1)
		}
	}
}

// Parameters of one alias each that become one bundle which has a fault: none is gone before
// that is mended, however many they are and whatever the fault is.
func TestHandOverToFault(t *testing.T) {
	const many = 25
	var singles, entries []string
	for i := range many {
		singles = append(singles, fmt.Sprintf("/a/x%02d 1 v1.x.org", i))
		entries = append(entries, fmt.Sprintf(`"x%02d": "v1.x.org"`, i))
	}
	bundle := func(version int, document string) string {
		return fmt.Sprintf("/a/all %d %s", version, strings.Replace(document, "ALL", strings.Join(entries, ", "), 1))
	}
	for _, fault := range []string{
		`{"aliases": {ALL, "n": "n.internal"}}`,
		`{"aliases": {ALL, "n0": "n1.internal", "n1": "n2.internal", "n2": "n3.internal", "n3": "n4.internal", "n4": "n5.internal", "n5": "n6.internal", "n6": "n7.internal", "n7": "v1.x.org"}}`,
		`{"aliases": {ALL, "n": "what?"}}`,
		`{"aliases": {"n": {"to": "v1.x.org", "ttl": "60"}, ALL}}`,
		`{"aliases": {"n": null, ALL}}`,
		`{"comment": "all of them", "aliases": {ALL}}`,
		`{"ttl": "60", "aliases": {ALL}}`,
	} {
		for _, trust := range []Trust{trust, verifying} {
			lines, now := linesOf(t, "internal.", "ssm /a"), epoch
			l, _ := New(lines, trust).Apply(seenOf(t, lines, strings.Join(singles, "\n")), now)
			for range 200 { // longer than a brake holds
				now = now.Add(time.Minute)
				l, _ = l.Apply(seenOf(t, lines, bundle(1, fault)), now)
				asked, _ := l.Due(now)
				l, _ = l.ApplyRead(asked, nil, now)
				if n := l.Table().Len(); n != many {
					t.Fatalf("%s, verify %v: %d aliases are in force at %v, want %d", fault, trust.Verify, n, now.Sub(epoch), many)
				}
			}
			l, _ = l.Apply(seenOf(t, lines, bundle(2, `{"aliases": {ALL}}`)), now.Add(time.Minute))
			if e := l.Table().Get("x00.internal."); l.Table().Len() != many || e.Source.Parameter != "/a/all" {
				t.Errorf("%s, verify %v: %d aliases are in force in the end, the first by %s, want %d by the bundle", fault, trust.Verify, l.Table().Len(), e.Source.Parameter, many)
			}
		}
	}
}

// Nothing waits for a version that was rejected of a parameter which is gone for sure, also where that
// is kept for an heir of its own.
func TestHandOverToGone(t *testing.T) {
	const rest = `/a/k 1 {"aliases": {"h": "v1.x.org", "n": "?"}}` + "\n/a/z 1 v1.x.org\n"
	lines, now := linesOf(t, "internal.", "ssm /a"), epoch
	l := New(lines, trust)
	sweep := func(seen string) {
		now = now.Add(interval)
		l, _ = l.Apply(seenOf(t, lines, seen), now)
		asked, _ := l.Due(now)
		l, _ = l.ApplyRead(asked, nil, now)
	}
	sweep("/a/x 1 v1.x.org\n" + `/a/h 1 {"aliases": {"h": "v1.x.org"}}` + "\n/a/z 1 v1.x.org")
	sweep("/a/x 1 v1.x.org\n" + `/a/h 2 {"aliases": {"h": "v1.x.org", "x": "v1.x.org"}}` + "\n" + rest)
	for range 10 {
		sweep(rest)
	}
	if l.Table().Get("x.internal.") != nil || l.Table().Get("h.internal.") == nil {
		t.Errorf("in force are\n%swant h, which k states, and not x", tableText(l.Table()))
	}
}

// A parameter that is deleted and a bundle that is emptied hand over to one that has
// waited for both: neither alias is gone at any moment. What cannot be read is not empty.
func TestHandOverFromEmptied(t *testing.T) {
	const heir = `/a/all 1 {"aliases": {"x": "v1.x.org", "y": "v1.x.org"}}` + "\n/a/b "
	lines := linesOf(t, "internal.", "ssm /a")
	for _, waits := range []string{`1 {"aliases": {"y": "v1.x.org"}}`, "2 ?"} {
		l, _ := New(lines, trust).Apply(seenOf(t, lines, `/a/b 1 {"aliases": {"y": "v1.x.org"}}`+"\n/a/x 1 v1.x.org"), epoch)
		now := epoch
		for range 10 {
			now = now.Add(interval)
			l, _ = l.Apply(seenOf(t, lines, heir+waits), now)
			refs, _ := l.Due(now)
			l, _ = l.ApplyRead(refs, nil, now)
			if l.Table().Get("x.internal.") == nil {
				t.Fatalf("x is gone before its heir can come into force, which waits for %s", waits)
			}
		}
		l, _ = l.Apply(seenOf(t, lines, heir+`3 {"aliases": {}}`), now.Add(interval))
		if got, want := tableText(l.Table()), spelled("x.internal. v1.x.org. 5 /a/all@1\ny.internal. v1.x.org. 5 /a/all@1"); got != want {
			t.Errorf("table got\n%swant\n%s", got, want)
		}
	}
}

// An alias that one parameter gives up to another is not gone for a moment, whatever else
// comes with these and is at fault with them, or has to be verified and fails.
func TestHandOverBesideFaults(t *testing.T) {
	const none = `"check": "none"`
	for _, tt := range []struct {
		name, first, then string
		stay, waits       string // aliases; the latter only while what takes them over waits
		last              string // where stay leads in the end
	}{
		{"another document is at fault with both", `/a/z 1 {"aliases": {"d": "v1.x.org", "f": "v1.x.org"}}`,
			`/a/z 2 {"aliases": {"i": {"to": "v1.x.org", ` + none + `}}}
			/a/b 1 {"aliases": {"f": {"to": "v2.x.org", ` + none + `}, "i": {"to": "v2.x.org", ` + none + `}}}
			/a/d 1 v2.x.org`, "d", "", "v2.x.org."},
		{"another document keeps the heir out, and is a loop itself", `/a/r 1 {"aliases": {"d": "v1.x.org"}}`,
			`/a/r 2 {"aliases": {}}
			/a/s 1 {"aliases": {"y": {"to": "y.internal", ` + none + `}}}
			/a/t 1 {"aliases": {"d": "v2.x.org", "y": "v2.x.org"}}`, "d", "", "v2.x.org."},
		{"the same, and the heir gives up to another", `/a/r 1 {"aliases": {"d": "v1.x.org"}}
			/a/t 1 {"aliases": {"e": "v1.x.org"}}`,
			`/a/b 1 {"aliases": {"e": "v2.x.org"}}
			/a/r 2 {"aliases": {}}
			/a/s 1 {"aliases": {"y": {"to": "y.internal", ` + none + `}}}
			/a/t 2 {"aliases": {"d": "v2.x.org", "y": "v2.x.org"}}`, "d e", "", "v2.x.org."},
		{"one that need not wait gives up to one that has to, until another states the same", `/a/k 1 {"aliases": {"d": "v1.x.org"}}`,
			`/a/a 1 {"aliases": {"i": "v3.x.org"}}
			/a/d 1 v2.x.org
			/a/k 2 {"aliases": {"i": {"to": "v1.x.org", ` + none + `}}}
			/a/u 1 {"to": "v1.x.org", ` + none + `}`, "d", "", "v1.x.org."},
		{"the same, beside one that is gone and gives up to the same", `/a/e 1 v1.x.org
			/a/k 1 {"aliases": {"d": "v1.x.org"}}`,
			`/a/a 1 {"aliases": {"i": "v3.x.org"}}
			/a/h 1 {"aliases": {"d": "v2.x.org", "e": "v2.x.org"}}
			/a/k 2 {"aliases": {"i": {"to": "v1.x.org", ` + none + `}}}
			/a/u 1 {"to": "v1.x.org", ` + none + `}`, "d", "e", "v1.x.org."},
		{"the same, beside another that gives up to the same", `/a/k 1 {"aliases": {"d": "v1.x.org"}}
			/a/w 1 {"aliases": {"f": "v1.x.org"}}`,
			`/a/a 1 {"aliases": {"i": "v3.x.org"}}
			/a/h 1 {"aliases": {"d": "v2.x.org", "f": "v2.x.org"}}
			/a/k 2 {"aliases": {"i": {"to": "v1.x.org", ` + none + `}}}
			/a/u 1 {"to": "v1.x.org", ` + none + `}
			/a/w 2 {"aliases": {}}`, "d", "f", "v1.x.org."},
		{"a parameter is gone, and another document states what else the heir does", "/a/d 1 v1.x.org",
			`/a/b 1 v2.x.org
			/a/p 1 {"aliases": {"b": "v2.x.org", "d": "v2.x.org"}}`, "d", "", "v1.x.org."},
		{"a parameter is gone, and another document keeps the heir out, which is a loop itself", `/a/r 1 {"aliases": {"d": "v1.x.org"}}`,
			`/a/s 1 {"aliases": {"y": {"to": "y.internal", ` + none + `}}}
			/a/t 1 {"aliases": {"d": "v2.x.org", "y": "v2.x.org"}}
			/a/u 1 {"to": "v1.x.org", ` + none + `}`, "d", "", "v2.x.org."},
		{"what gives up is kept out by a loop, beside one that comes into force", `/a/h 1 {"aliases": {"d": "v1.x.org"}}
			/a/u 1 v1.x.org`,
			`/a/c 1 {"aliases": {"m": {"to": "v3.x.org", ` + none + `}, "z": {"to": "z.internal", ` + none + `}}}
			/a/h 2 {"aliases": {"m": {"to": "v1.x.org", ` + none + `}}}
			/a/k 1 {"aliases": {"d": "v2.x.org"}}
			/a/u 2 {"to": "v2.x.org", ` + none + `}`, "d u", "", "v2.x.org."},
	} {
		for _, trust := range []Trust{trust, verifying} {
			lines := linesOf(t, "internal.", "ssm /a")
			now := epoch
			l, _ := New(lines, trust).Apply(seenOf(t, lines, tt.first), now)
			gone, _, _ := strings.Cut(tt.first, " ")
			if strings.Contains(tt.then, gone+" ") {
				gone = ""
			} else { // so that it is known for sure with what comes then
				l, _ = l.Apply(nil, now)
				l, _ = l.ApplyRead([]Ref{{Name: gone}}, nil, now)
			}
			for turn := range 4 {
				now = now.Add(interval)
				if gone != "" && turn == 0 {
					l, _ = l.ApplyRead([]Ref{{Name: gone}}, seenOf(t, lines, tt.then), now)
				} else {
					l, _ = l.Apply(seenOf(t, lines, tt.then), now)
				}
				stay := tt.stay
				if trust.Verify {
					stay += " " + tt.waits
				}
				for name := range strings.FieldsSeq(stay) {
					if l.Table().Get(alias.Name(name+".internal.")) == nil {
						t.Errorf("%s, verify %v: %s is gone at %v", tt.name, trust.Verify, name, now.Sub(epoch))
					}
				}
				due, _ := l.Probes(now, 9)
				var answers []Answer
				for _, probe := range due {
					a := Answer{Probe: probe}
					if turn < 3 {
						a.Err = errors.New("found no address")
					}
					answers = append(answers, a)
				}
				l, _ = l.ApplyAnswers(answers, now)
			}
			for name := range strings.FieldsSeq(tt.stay) {
				if e := l.Table().Get(alias.Name(name + ".internal.")); e == nil || string(e.Target) != tt.last {
					t.Errorf("%s, verify %v: %s is %v in the end, want one that leads to %s", tt.name, trust.Verify, name, e, tt.last)
				}
			}
		}
	}
}

// One that is gone for sure stays in force for its heir, which waits: to see that again
// is no change.
func TestWaitingHeirIsNoChange(t *testing.T) {
	lines, now := linesOf(t, "internal.", "ssm /a"), epoch
	l, _ := New(lines, verifying).Apply(seenOf(t, lines, "/a/x 1 v1.x.org"), now)
	heir := seenOf(t, lines, `/a/y 1 {"aliases": {"x": "v2.x.org"}}`)
	for range 4 {
		now = now.Add(interval)
		l, _ = l.Apply(heir, now)
		asked, _ := l.Due(now)
		l, _ = l.ApplyRead(asked, nil, now)
		l, _ = l.ApplyAnswers([]Answer{{Probe: probeOf(t, "v2.x.org"), Err: errors.New("no")}}, now)
	}
	if next, events := l.Apply(heir, now); next != l {
		t.Errorf("got another ledger, with %d events, want the same", len(events))
	}
	if e := l.Table().Get("x.internal."); e == nil || e.Target != "v1.x.org." {
		t.Errorf("x is %v, want one that leads to v1.x.org.", e)
	}
}

// every alias of an old ledger is the new one's own.
func every(*alias.Entry) bool { return true }

// A reload that brings another TTL or template: what caches hold, and what was never
// verified, is told by what was in force before.
func TestSucceed(t *testing.T) {
	const s = time.Second
	ttl := func(lines []Line, ttl uint32) []Line {
		for i := range lines {
			lines[i].Rule.TTL = ttl
		}
		return lines
	}
	reload := func(l *Ledger, lines []Line, trust Trust, at time.Duration) *Ledger {
		now := epoch.Add(at)
		return New(lines, trust).Recall(l.Memory(), now).Inherit(l).Succeed(l, every, now)
	}
	lines := ttl(linesOf(t, "internal.", "ssm /a"), 600)
	l, _ := New(lines, trust).Apply(seenOf(t, lines, "/a/cache 1 v1.x.org"), epoch)
	lines = ttl(linesOf(t, "internal.", "ssm /a"), 5)
	l = reload(l, lines, trust, 10*s)
	l, _ = l.Apply(seenOf(t, lines, "/a/cache 2 v2.x.org"), epoch.Add(20*s))
	if got, want := drainsText(l, epoch.Add(20*s)), "cache.internal. v1.x.org. since 20s until 10m20s\n"; got != want {
		t.Errorf("after a smaller TTL drains got\n%swant\n%s", got, want)
	}

	lines = linesOf(t, "internal.", "ssm /a {name}-{value}.x.org")
	l, _ = New(lines, verifying).Apply(seenOf(t, lines, "/a/cache 1 v1"), epoch)
	l, _ = l.ApplyAnswers([]Answer{{Probe: probeOf(t, "cache-v1.x.org")}}, epoch)
	l = reload(l, linesOf(t, "internal.", "ssm /a {name}-{value}.y.org"), verifying, 10*s)
	if got, want := drainsText(l, epoch.Add(10*s)), "cache.internal. cache-v1.x.org. since 10s until 25s\n"; got != want {
		t.Errorf("after another template drains got\n%swant\n%s", got, want)
	}
	if got := probesText(l, epoch.Add(10*s)); got != "cache-v1.y.org." {
		t.Errorf("after another template %q is asked for, want the new target", got)
	}
}

// Two server blocks of one source: each has the drains of its own zones, and of one
// alias the later deadline.
func TestRecallDrainsOfTwo(t *testing.T) {
	const s = time.Second
	flipped := func(zone string, at time.Duration) *Ledger {
		lines := linesOf(t, zone, "ssm /a")
		l, _ := New(lines, trust).Apply(seenOf(t, lines, "/a/cache 1 v1.x.org"), epoch)
		l, _ = l.Apply(seenOf(t, lines, "/a/cache 2 v2.x.org"), epoch.Add(at))
		return l
	}
	for _, tt := range []struct {
		zone, other string
		want        string
	}{
		{"internal.", "other.", "cache.internal. v1.x.org. since 10s until 25s\n"},
		{"internal.", "internal.", "cache.internal. v1.x.org. since 19s until 34s\n"},
	} {
		a, b := flipped(tt.zone, 10*s), flipped(tt.other, 19*s)
		for _, m := range []Memory{a.Memory().Join(b.Memory()), b.Memory().Join(a.Memory())} {
			l := New(linesOf(t, tt.zone, "ssm /a"), trust).Recall(m, epoch.Add(20*s))
			if got := drainsText(l, epoch.Add(20*s)); got != tt.want {
				t.Errorf("%s beside %s: drains got\n%swant\n%s", tt.zone, tt.other, got, tt.want)
			}
		}
	}
}

// A parameter that is deleted, and made anew as it was, is the way back as well, also once
// nothing is told any more of what it had led to before.
func TestVerifyMadeAnew(t *testing.T) {
	const s, m = time.Second, time.Minute
	for _, first := range []string{"v1.x.org", "v0.x.org"} {
		lines := linesOf(t, "internal.", "ssm /a")
		l, _ := New(lines, verifying).Apply(seenOf(t, lines, "/a/cache 1 "+first+"\n/a/o 1 v2.x.org"), epoch)
		both := seenOf(t, lines, "/a/cache 2 v1.x.org\n/a/o 1 v2.x.org")
		l, _ = l.Apply(both, epoch.Add(10*s))
		l, _ = l.ApplyAnswers([]Answer{{Probe: probeOf(t, "v1.x.org")}, {Probe: probeOf(t, "v2.x.org")}}, epoch.Add(10*s))
		others := both[1:]
		missing := func(from, to time.Duration) {
			for at := from; at < to; at += 10 * s {
				l, _ = l.Apply(others, epoch.Add(at))
				refs, _ := l.Due(epoch.Add(at))
				l, _ = l.ApplyRead(refs, nil, epoch.Add(at))
			}
		}
		missing(50*m, 62*m)
		if l.Table().Get("cache.internal.") != nil {
			t.Fatal("the alias is still in force")
		}
		l, _ = l.Apply(seenOf(t, lines, "/a/cache 1 v1.x.org\n/a/o 1 v2.x.org"), epoch.Add(62*m))
		if l.Table().Get("cache.internal.") == nil {
			t.Errorf("first %s: what was in force before waits to be verified", first)
		}
		missing(63*m, 3*time.Hour)
		for name, targets := range l.previous.all {
			t.Errorf("first %s: remembered for ever is %s of %s", first, targets, name)
		}
	}
}

// Parameters that are gone and whose heirs are in the way of one another: none is gone before
// its own heir comes into force.
func TestHandOverChain(t *testing.T) {
	lines := linesOf(t, "internal.", "ssm /a")
	const then = `/a/u 1 v1.x.org
		/a/h1 1 {"aliases": {"x": "v2.x.org", "u": "v2.x.org"}}
		/a/h2 1 {"aliases": {"x": "v2.x.org", "y": "v2.x.org"}}
		/a/h3 1 {"aliases": {"y": "v2.x.org", "z": "v2.x.org"}}`
	for range 30 { // in whatever order they are looked at
		now := epoch
		l, _ := New(lines, trust).Apply(seenOf(t, lines, "/a/u 1 v1.x.org\n/a/x 1 v1.x.org\n/a/y 1 v1.x.org\n/a/z 1 v1.x.org"), now)
		for range 4 {
			now = now.Add(interval)
			l, _ = l.Apply(seenOf(t, lines, then), now)
			refs, _ := l.Due(now)
			l, _ = l.ApplyRead(refs, nil, now)
		}
		for _, name := range []alias.Name{"x.internal.", "y.internal.", "z.internal."} {
			if l.Table().Get(name) == nil {
				t.Fatalf("%s is gone while what states it waits", name)
			}
		}
	}
}

// An heir that is missing itself holds nothing up: neither what is sure to be gone nor
// the brake.
func TestHandOverToMissing(t *testing.T) {
	lines := linesOf(t, "internal.", "ssm /a")
	const u = "/a/u 1 v1.x.org\n"
	at := func(n int) time.Time { return epoch.Add(time.Duration(n) * interval) }

	l, _ := New(lines, trust).Apply(seenOf(t, lines, u+"/a/x 1 v1.x.org"), epoch)
	l, _ = l.Apply(seenOf(t, lines, u+`/a/h 1 {"aliases": {"x": "v2.x.org", "u": "v2.x.org"}}`), at(1))
	l, _ = l.ApplyRead([]Ref{{Name: "/a/x"}}, nil, at(1))
	l, _ = l.Apply(seenOf(t, lines, u), at(2))
	l, _ = l.ApplyRead([]Ref{{Name: "/a/h"}, {Name: "/a/x"}}, nil, at(2))
	if l.Table().Get("x.internal.") == nil {
		t.Error("x is gone once its heir is missing, want it to wait until that is gone for sure")
	}
	l, _ = l.ApplyRead([]Ref{{Name: "/a/h"}, {Name: "/a/x"}}, nil, at(3))
	if l.Table().Get("x.internal.") != nil {
		t.Error("x waits for an heir that is gone for sure, want it gone")
	}

	for _, heir := range []string{`{"aliases": {"n": "n.internal", "x": "v1.x.org"}}`, `{"aliases": {"x": "?"}}`, `{"aliases": {"x": "v1.x.org", "n": "?"}}`} {
		l, _ := New(lines, trust).Apply(seenOf(t, lines, u+"/a/x 1 v1.x.org"), epoch)
		for i := range 5 {
			l, _ = l.Apply(seenOf(t, lines, u+"/a/h 1 "+heir), at(i+1))
			asked, _ := l.Due(at(i + 1))
			l, _ = l.ApplyRead(asked, nil, at(i+1))
		}
		l, _ = l.Apply(seenOf(t, lines, u), at(6))
		if l.Table().Get("x.internal.") == nil {
			t.Errorf("x is gone once a sweep has missed %s", heir)
		}
	}

	l, _ = New(lines, trust).Apply(seenOf(t, lines, u+"/a/b 1 v1.x.org\n/a/c 1 v1.x.org\n/a/d 1 v1.x.org\n/a/e 1 v1.x.org"), epoch)
	l, _ = l.Apply(seenOf(t, lines, u+`/a/h 1 {"aliases": {"b": "v2.x.org", "c": "v2.x.org", "d": "v2.x.org", "e": "v2.x.org", "u": "v2.x.org"}}`), at(1))
	if n := l.Braked(); n != 0 {
		t.Errorf("%d aliases are braked while their heir is there, want none", n)
	}
	l, _ = l.Apply(seenOf(t, lines, u), at(2))
	if n := l.Braked(); n != 4 {
		t.Errorf("%d aliases are braked once their heir is missing, want 4", n)
	}
}
