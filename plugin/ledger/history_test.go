package ledger

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/octoenergy/versionalias/plugin/alias"
)

// written is a parameter as a history wrote it, and what it states: nothing if
// it is bad.
type written struct {
	Parameter
	states map[alias.Name]stated
	bad    bool
}

type stated struct {
	target alias.Name
	ttl    uint32
}

// world is a store that parameters are written to at random, and all that was
// ever in it.
type world struct {
	*rand.Rand
	lines    []Line
	reserved alias.Name // the alias line's
	now      time.Time
	version  int64
	there    map[key]written
	ever     map[key][]written
}

// The names of the universe make chains longer than MaxChain.
var universe = []string{"a", "b", "c", "d", "e", "f", "g", "h", "i"}

// parameters is the names that are written. The first ones hold plain
// documents, bundles stand in the others.
var parameters = []string{
	"/a/a", "/a/b", "/a/c", "/a/D", "/a/d", "/a/e", "/a/f", "/a/g", "/a/h", "/a/i",
	"/a/0", "/a/cc", "/a/p", "/a/q", "/a/r", "/p/c",
}

func worldOf(t *testing.T, seed uint64) *world {
	return &world{
		Rand:     rand.New(rand.NewPCG(seed, 0)),
		lines:    linesOf(t, "internal.", "ssm /a\nalias c.internal /p/c"),
		reserved: "c.internal.",
		now:      epoch,
		there:    map[key]written{},
		ever:     map[key][]written{},
	}
}

// target is a random one for name: often the next name, so that chains grow.
func (w *world) target(name string) string {
	next := slices.Index(universe, name) + 1
	switch n := w.IntN(10); {
	case n < 5 && next < len(universe):
		return universe[next] + ".internal"
	case n < 7:
		return universe[w.IntN(len(universe))] + ".internal"
	}
	return fmt.Sprintf("v%d.x.org", w.IntN(3))
}

// entry is a random alias of name as a document holds it, and what it states.
func (w *world) entry(name string) (string, stated) {
	target := w.target(name)
	s := stated{target: alias.Name(target + "."), ttl: 5}
	if w.IntN(4) > 0 {
		return fmt.Sprintf("%q", target), s
	}
	s.ttl = uint32(w.IntN(3))
	return fmt.Sprintf(`{"to": %q, "ttl": %d}`, target, s.ttl), s
}

// write changes a random parameter at random.
func (w *world) write() {
	name := parameters[w.IntN(len(parameters))]
	line := 0
	if name == "/p/c" {
		line = 1
	}
	w.version++
	p := written{Parameter: Parameter{Line: line, Name: name, Version: w.version, Modified: w.now}, states: map[alias.Name]stated{}}
	k := p.key()
	old, there := w.there[k]
	switch n := w.IntN(20); {
	case n < 3:
		delete(w.there, k)
		return
	case n < 4:
		p.Value, p.bad = "not a name!!", true
	case n < 5:
		p.Problem, p.bad = errors.New("found type SecureString, want String"), true
	case n < 6:
		p.Value, p.bad = `{"aliases": {"a": "a"}}`, true
	case n < 8 && there:
		// The same again, as a new version.
		p.Value, p.Problem, p.states, p.bad = old.Value, old.Problem, old.states, old.bad
	case len(name) == len("/a/a") && slices.Contains(universe, strings.ToLower(name[3:])):
		name := strings.ToLower(name[3:])
		text, s := w.entry(name)
		p.Value = strings.Trim(text, `"`)
		p.states[alias.Name(name+".internal.")] = s
	default:
		var entries []string
		first := w.IntN(len(universe))
		for _, name := range universe[first:min(len(universe), first+w.IntN(5))] {
			if w.IntN(4) == 0 {
				continue
			}
			text, s := w.entry(name)
			entries = append(entries, fmt.Sprintf("%q: %s", name, text))
			p.states[alias.Name(name+".internal.")] = s
		}
		p.Value = `{"aliases": {` + strings.Join(entries, ", ") + "}}"
	}
	if line == 0 {
		delete(p.states, w.reserved)
	}
	w.there[k] = p
	w.ever[k] = append(w.ever[k], p)
}

// seen is what a sweep sees: all there is, but some of it is missing or being
// written if the sweep may miss it.
func (w *world) seen(misses bool) []Parameter {
	var seen []Parameter
	for _, k := range slices.SortedFunc(maps.Keys(w.there), key.compare) {
		p := w.there[k].Parameter
		switch n := w.IntN(20); {
		case misses && n == 0:
			continue
		case misses && n == 1:
			p.Value, p.Problem, p.Writing = "", nil, true
		}
		seen = append(seen, p)
	}
	return seen
}

// known is the document of that version, if it was ever written.
func (w *world) known(src alias.Source) (written, bool) {
	for _, p := range w.ever[key{src.Parameter, src.Line}] {
		if p.Version == src.Version {
			return p, true
		}
	}
	return written{}, false
}

// entries is what a table has of the universe, sorted by name. Table.All would
// look through all the shards for them.
func entries(table *alias.Table) []*alias.Entry {
	list := make([]*alias.Entry, 0, len(universe))
	for _, name := range universe {
		if e := table.Get(alias.Name(name + ".internal.")); e != nil {
			list = append(list, e)
		}
	}
	return list
}

// targets is where each alias of a table leads.
func targets(table *alias.Table) map[alias.Name]alias.Name {
	m := map[alias.Name]alias.Name{}
	for _, e := range entries(table) {
		m[e.Name] = e.Target
	}
	return m
}

// longest is the length of the longest chain, more than MaxChain if there is a
// loop.
func longest(targets map[alias.Name]alias.Name) int {
	most := 0
	for name := range targets {
		n := 0
		for at, ok := name, true; ok && n <= MaxChain; n++ {
			if at, ok = targets[at]; !ok {
				break
			}
		}
		most = max(most, n)
	}
	return most
}

// check is what must hold of every table: its entries were stated by the
// document they name, and no chain is too long.
func (w *world) check(l *Ledger) error {
	if got, want := l.Table().Len(), len(entries(l.Table())); got != want {
		return fmt.Errorf("the table has %d aliases, want the %d of the universe", got, want)
	}
	for _, e := range entries(l.Table()) {
		p, ok := w.known(*e.Source)
		if !ok || p.bad {
			return fmt.Errorf("%s stands in %+v, which is no good document", e.Name, *e.Source)
		}
		if s := p.states[e.Name]; s != (stated{e.Target, e.TTL}) {
			return fmt.Errorf("%s is %s ttl %d, but %+v states %v", e.Name, e.Target, e.TTL, *e.Source, s)
		}
		for name := range p.states {
			if other := l.Table().Get(name); other == nil || *other.Source != *e.Source {
				return fmt.Errorf("%+v is in force for %s, but not for %s", *e.Source, e.Name, name)
			}
		}
	}
	if n := longest(targets(l.Table())); n > MaxChain {
		return fmt.Errorf("a chain is %d long, want at most %d", n, MaxChain)
	}
	return nil
}

// checkEvents is that events tell the whole way from before to after.
func checkEvents(before, after *Ledger, events []Event) error {
	type row struct {
		alias.Alias
		parameter string
	}
	rows := func(table *alias.Table) map[alias.Name]row {
		m := map[alias.Name]row{}
		for _, e := range entries(table) {
			m[e.Name] = row{e.Alias, e.Source.Parameter}
		}
		return m
	}
	type fault struct {
		source alias.Source
		text   string
	}
	faults := func(l *Ledger) map[fault]bool {
		m := map[fault]bool{}
		for _, r := range l.Rejections() {
			m[fault{r.Source, string(r.Reason) + " " + r.Err.Error()}] = true
		}
		return m
	}
	table, said := rows(before.Table()), faults(before)
	for _, e := range events {
		switch e.Kind {
		case Added, Flipped, Changed:
			if got, want := e.Before, before.Table().Get(e.After.Name); got != want {
				return fmt.Errorf("event %q begins at %+v, want %+v", e, got, want)
			}
			table[e.After.Name] = row{e.After.Alias, e.After.Source.Parameter}
		case Removed:
			delete(table, e.Before.Name)
		case Rejected:
			f := fault{e.Source, string(e.Reason) + " " + e.Err.Error()}
			if said[f] {
				return fmt.Errorf("event %q was said before", e)
			}
			said[f] = true
		}
	}
	if want := rows(after.Table()); !maps.Equal(table, want) {
		return fmt.Errorf("events lead to %v, want %v", table, want)
	}
	for f := range faults(after) {
		if !said[f] {
			return fmt.Errorf("no event says %s of %+v", f.text, f.source)
		}
	}
	return nil
}

// touched adds to names those that the rejected parameters of l have a say in:
// what they state, and what they have in force.
func (w *world) touched(l *Ledger, names map[alias.Name]bool) {
	for _, r := range l.Rejections() {
		p, _ := w.known(r.Source)
		for name := range p.states {
			names[name] = true
		}
		for _, e := range entries(l.Table()) {
			if e.Source.Parameter == r.Source.Parameter {
				names[e.Name] = true
			}
		}
	}
}

// checkSettled is what must hold once nothing is written any more: parameters
// that are not rejected are in force as they are, and those that are rejected
// could not come into force.
func (w *world) checkSettled(l *Ledger) error {
	rejected := map[key]Rejection{}
	for _, r := range l.Rejections() {
		rejected[key{r.Source.Parameter, r.Source.Line}] = r
	}
	want := map[alias.Name]bool{}
	for k, p := range w.there {
		r, out := rejected[k]
		if out && r.Source.Version != p.Version {
			return fmt.Errorf("version %d of %s is rejected, want version %d", r.Source.Version, k.name, p.Version)
		}
		if out {
			if err := w.atFault(l, p); err != nil {
				return fmt.Errorf("%s is rejected since %v, but %w", k.name, r.Err, err)
			}
			continue
		}
		if p.bad {
			return fmt.Errorf("%s is not rejected: %q", k.name, p.Value)
		}
		for name, s := range p.states {
			want[name] = true
			e := l.Table().Get(name)
			if e == nil || e.Source.Version != p.Version || (stated{e.Target, e.TTL}) != s {
				return fmt.Errorf("%s got %+v, want what version %d of %s states", name, e, p.Version, k.name)
			}
		}
	}
	for _, e := range entries(l.Table()) {
		if _, out := rejected[keyOf(e)]; !out && !want[e.Name] {
			return fmt.Errorf("%s is in force, but %s does not state it any more", e.Name, e.Source.Parameter)
		}
	}
	return nil
}

// atFault fails if p, which was rejected, could come into force.
func (w *world) atFault(l *Ledger, p written) error {
	if p.bad {
		return nil
	}
	with := map[alias.Name]alias.Name{}
	for _, e := range entries(l.Table()) {
		if keyOf(e) == p.key() {
			continue
		}
		if _, collides := p.states[e.Name]; collides {
			return nil
		}
		with[e.Name] = e.Target
	}
	for name, s := range p.states {
		with[name] = s.target
	}
	if longest(with) > MaxChain {
		return nil
	}
	return errors.New("nothing in force is in its way")
}

// settled is l after complete sweeps, more than patience apart, until nothing
// changes any more.
func (w *world) settled(l *Ledger) (*Ledger, error) {
	for range len(parameters) {
		w.now = w.now.Add(patience)
		next, events := l.Apply(w.seen(false), w.now)
		if err := checkEvents(l, next, events); err != nil {
			return l, err
		}
		if next == l {
			return l, nil
		}
		l = next
	}
	return l, errors.New("the ledger does not settle")
}

// log is the writes of a history as a failure shows them.
func (w *world) log(l *Ledger) string {
	var b strings.Builder
	for _, k := range slices.SortedFunc(maps.Keys(w.there), key.compare) {
		p := w.there[k]
		fmt.Fprintf(&b, "%s@%d %s\n", k.name, p.Version, p.Value)
	}
	fmt.Fprintf(&b, "table\n%srejections\n", tableText(l.Table()))
	for _, r := range l.Rejections() {
		fmt.Fprintf(&b, "%s@%d %v\n", r.Source.Parameter, r.Source.Version, r.Err)
	}
	return b.String()
}

// Whatever is written in whatever order, and whatever sweeps miss, nothing
// comes into force that no valid document stated, and once the writes stop all
// servers agree on what no rejected document has a say in.
func TestHistories(t *testing.T) {
	const histories, writes = 2000, 25
	compared, long, loops, collisions := 0, 0, 0, 0
	for seed := range uint64(histories) {
		w := worldOf(t, seed)
		l := New(w.lines, patience)
		look := (*Ledger).Apply
		if seed%50 == 0 {
			look = func(l *Ledger, seen []Parameter, now time.Time) (*Ledger, []Event) { return apply(t, l, seen, now) }
		}
		fail := func(l *Ledger, err error) {
			t.Helper()
			t.Fatalf("history %d, %d writes: %v\n%s", seed, w.version, err, w.log(l))
		}
		for range writes {
			for range 1 + w.IntN(3) {
				w.write()
			}
			w.now = w.now.Add(time.Duration(w.IntN(20)) * time.Second)
			next, events := look(l, w.seen(true), w.now)
			if err := errors.Join(w.check(next), checkEvents(l, next, events)); err != nil {
				fail(next, err)
			}
			l = next
		}
		l, err := w.settled(l)
		if err := errors.Join(err, w.check(l), w.checkSettled(l)); err != nil {
			fail(l, err)
		}
		fresh, err := w.settled(New(w.lines, patience))
		if err := errors.Join(err, w.check(fresh), w.checkSettled(fresh)); err != nil {
			fail(fresh, err)
		}
		said := map[alias.Name]bool{}
		w.touched(l, said)
		w.touched(fresh, said)
		for _, name := range universe {
			name := alias.Name(name + ".internal.")
			if said[name] {
				continue
			}
			compared++
			got, want := l.Table().Get(name), fresh.Table().Get(name)
			if (got == nil) != (want == nil) || got != nil && (got.Alias != want.Alias || *got.Source != *want.Source) {
				fail(l, fmt.Errorf("%s got %+v, a fresh ledger has %+v", name, got, want))
			}
		}
		if longest(targets(l.Table())) >= MaxChain-1 {
			long++
		}
		for _, r := range l.Rejections() {
			switch r.Reason {
			case ReasonLoop:
				loops++
			case ReasonCollision:
				collisions++
			}
		}
	}
	// A universe in which nothing happens would hold anything.
	if min(compared, long, loops, collisions) < histories/50 {
		t.Errorf("%d histories compared %d names, and had %d long chains, %d loops and %d collisions, want more", histories, compared, long, loops, collisions)
	}
	t.Logf("%d names compared, %d long chains, %d loops, %d collisions", compared, long, loops, collisions)
}
