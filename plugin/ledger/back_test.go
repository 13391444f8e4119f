package ledger

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/octoenergy/versionalias/internal/figure"
	"github.com/octoenergy/versionalias/plugin/alias"
)

// zone is the CNAMEs of another zone, some of which lead back to aliases; "" is an address.
type zone map[alias.Name]alias.Name

// leads is the names that name leads over with the aliases of led, and whether to an address.
func (z zone) leads(name alias.Name, led map[alias.Name]stated) (over []alias.Name, ok bool) {
	for len(over) < 20 {
		next, there := z[name]
		if s, is := led[name]; is {
			next, there = s.target, true
		}
		if next == "" {
			return over, there
		}
		over, name = append(over, next), next
	}
	return over, false
}

// loops is the aliases that lead to themselves.
func (z zone) loops(led map[alias.Name]stated) (loops []alias.Name) {
	for name := range led {
		if over, _ := z.leads(name, led); slices.Contains(over, name) {
			loops = append(loops, name)
		}
	}
	slices.Sort(loops)
	return loops
}

// back is a history of documents whose targets may lead back.
type back struct {
	world
	zone zone
	late []Answer // to what was asked when the aliases were others, maybe
}

var (
	inZone    = []string{"z0.x.org", "z1.x.org", "z2.x.org", "z3.x.org", "z4.x.org", "z5.x.org"}
	documents = []string{"/a/a", "/a/b", "/a/c", "/a/d", "/a/p", "/a/q"} // the last ones are bundles
)

func backOf(t *testing.T, seed uint64) *back {
	b := &back{world{Rand: rand.New(rand.NewPCG(seed, 1)), trust: verifying, now: epoch, there: map[key]written{}}, zone{}, nil}
	b.lines = linesOf(t, "internal.", "ssm /a")
	for i, name := range inZone {
		switch n := b.IntN(4); {
		case n == 0:
			b.zone[alias.Name(name+".")] = alias.Name(universe[b.IntN(4)] + ".internal.")
		case n == 1 && i > 0:
			b.zone[alias.Name(name+".")] = alias.Name(inZone[b.IntN(i)] + ".")
		default:
			b.zone[alias.Name(name+".")] = ""
		}
	}
	return b
}

// write changes a random document.
func (b *back) write() {
	target := func(name string) string {
		if other := universe[b.IntN(4)]; other != name && b.IntN(4) == 0 {
			return other + ".internal"
		}
		return inZone[b.IntN(len(inZone))]
	}
	k := key{name: documents[b.IntN(len(documents))]}
	value := target(k.name[len("/a/"):])
	if k.name >= "/a/p" {
		var entries []string
		for _, name := range universe[:4] {
			if b.IntN(2) == 0 {
				entries = append(entries, fmt.Sprintf("%q: %q", name, target(name)))
			}
		}
		value = `{"aliases": {` + strings.Join(entries, ", ") + "}}"
	}
	p := b.there[k].Parameter
	b.there[k] = written{Parameter: Parameter{Name: k.name, Version: p.Version + 1, Modified: b.now, Value: value}}
}

// look is the ledger after a sweep, a reload, or some of the answers: in the meantime others
// may have come.
func (b *back) look(l *Ledger) *Ledger {
	switch b.IntN(8) {
	case 0:
		return New(b.lines, b.trust).Recall(l.Memory(), b.now).Inherit(l)
	case 1, 2, 3:
		var seen []Parameter
		for _, k := range slices.SortedFunc(maps.Keys(b.there), key.compare) {
			seen = append(seen, b.there[k].Parameter)
		}
		next, _ := l.Apply(seen, b.now)
		return next
	}
	b.Shuffle(len(b.late), func(i, j int) { b.late[i], b.late[j] = b.late[j], b.late[i] })
	n := min(len(b.late), 1+b.IntN(len(b.late)+1))
	next, _ := l.ApplyAnswers(b.late[:n], b.now)
	b.late = b.late[n:]
	return next
}

// ask asks for what is due; failing is in how many of twenty cases it fails.
func (b *back) ask(l *Ledger, failing faults) {
	due, _ := l.Probes(b.now, math.MaxInt)
	for _, p := range due {
		if slices.ContainsFunc(b.late, func(a Answer) bool { return a.Probe == p }) {
			continue
		}
		a := Answer{Probe: p, Table: l.Table()}
		over, ok := b.zone.leads(p.Target, targets(l.Table()))
		if a.Over = over; !ok || b.fault(failing) {
			a.Over, a.Err = nil, errors.New("no answer")
		}
		b.late = append(b.late, a)
	}
}

// checkLoops is that no alias leads back to itself which did not, but by a way back, or by
// one that is gone.
func (b *back) checkLoops(before, after *Ledger) error {
	was, is := targets(before.Table()), targets(after.Table())
	for _, name := range universe {
		name := alias.Name(name + ".internal.")
		previous, _ := before.previous.get(name)
		if was[name] != is[name] && (is[name].target == "" || slices.Contains(previous, is[name].target)) {
			return nil
		}
	}
	for _, name := range b.zone.loops(is) {
		if !slices.Contains(b.zone.loops(was), name) {
			return fmt.Errorf("%s came into force, and leads back to itself", name)
		}
	}
	return nil
}

// checkWaiting is that of those that wait none could come into force, nor some of them
// together.
func (b *back) checkWaiting(l *Ledger) error {
	var waiting []key
	for k, r := range l.records.unsettled {
		if r.newer != nil && r.newer.err == nil {
			waiting = append(waiting, k)
		}
	}
	slices.SortFunc(waiting, key.compare)
	now := targets(l.Table())
	for set := 1; set < 1<<len(waiting); set++ {
		in := func(k key) bool { i := slices.Index(waiting, k); return i >= 0 && set>>i&1 == 1 }
		with, left, fits := map[alias.Name]stated{}, map[alias.Name]bool{}, true
		for _, e := range entries(l.Table()) {
			if left[e.Name] = in(keyOf(e)); !left[e.Name] {
				with[e.Name] = statedBy(e)
			}
		}
		for k, r := range l.records.unsettled {
			for _, a := range r.newer.aliases {
				if !in(k) {
					fits = fits && !left[a.Name] // it must not be gone in between
					continue
				}
				_, taken := with[a.Name]
				with[a.Name] = stated{target: a.Target}
				fits = fits && !taken
			}
			for _, p := range r.newer.wants {
				_, ok := b.zone.leads(p.Target, now)
				fits = fits && (ok || !in(k))
			}
		}
		if fits && len(b.zone.loops(with)) == 0 {
			return fmt.Errorf("of %v some wait for nothing (%b)", waiting, set)
		}
	}
	return nil
}

// Whatever is written, and in whatever order answers come: no targets lead back to one
// another that come into force, and what does not waits for nothing.
func TestHistoriesOfWhatLeadsBack(t *testing.T) {
	const histories, looks = 150, 40
	waited := 0
	for seed := range uint64(histories) {
		b := backOf(t, seed)
		l, _ := New(b.lines, b.trust).Apply(nil, b.now)
		fail := func(l *Ledger, err error) {
			t.Helper()
			t.Fatalf("history %d: %v\n%v\n%s%s", seed, err, b.zone, b.log(l), waitingText(l))
		}
		look := func(f faults) {
			b.now = b.now.Add(interval)
			b.ask(l, f)
			next := b.look(l)
			if err := b.checkLoops(l, next); err != nil {
				fail(next, err)
			}
			l = next
		}
		for range 5 {
			for range looks {
				if b.IntN(10) == 0 {
					b.write()
				}
				look(3)
			}
			for range looks {
				look(0)
			}
			if err := b.checkWaiting(l); err != nil {
				fail(l, err)
			}
			if len(l.Waiting()) > 0 {
				waited++
			}
		}
	}
	if waited < histories/10 {
		t.Errorf("in %d histories documents wait %d times, want more", histories, waited)
	}
	figure.Print(t, "documents wait %d times", waited)
}

// An answer is of no use once what the target leads over has turned, be that a name that only a
// subtree has.
func TestAnswersAreOutdated(t *testing.T) {
	lines := linesOf(t, "internal.", "ssm /a")
	for _, tt := range []struct {
		name    string
		d       string // what d.internal is, but for its target
		over    alias.Name
		told    alias.Name // of where that led
		adopted bool
	}{
		{"the alias", `"ttl": 5`, "d.internal.", "v4.x.org.", false},
		{"a name below it, whose labels are dropped", `"subtree": "collapse"`, "x.d.internal.", "v4.x.org.", false},
		{"a name below it, whose labels move along", `"subtree": "keep"`, "x.d.internal.", "x.v4.x.org.", false},
		{"one that its subtree leaves alone", `"subtree": "keep", "except": ["x"]`, "x.d.internal.", "v9.x.org.", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			now := epoch
			l := New(lines, verifying)
			sweep := func(version int64, b, d string) {
				l, _ = l.Apply([]Parameter{
					{Name: "/a/b", Value: b, Version: version, Modified: epoch},
					{Name: "/a/d", Value: fmt.Sprintf(`{"to": %q, %s}`, d, tt.d), Version: version, Modified: epoch},
				}, now)
			}
			answer := func(asked *alias.Table, target alias.Name, over ...alias.Name) {
				l, _ = l.ApplyAnswers([]Answer{{Probe: Probe{Target: target}, Over: over, Table: asked}}, now)
			}
			sweep(1, "v1.x.org", "v4.x.org")
			answer(l.Table(), "v1.x.org.")
			answer(l.Table(), "v4.x.org.")
			now = now.Add(time.Minute)
			sweep(2, "v2.x.org", "v3.x.org")
			before := l.Table()
			answer(before, "v3.x.org.")
			answer(before, "v2.x.org.", tt.over, tt.told)
			if got := l.Table().Get("b.internal.").Target == "v2.x.org."; got != tt.adopted {
				t.Errorf("b.internal leads to the target: %v, want %v", got, tt.adopted)
			}
		})
	}
}
