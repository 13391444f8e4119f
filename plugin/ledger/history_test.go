package ledger

import (
	"encoding/json"
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

// written is a parameter as a history wrote it, and what its document says.
type written struct {
	Parameter
	says map[string]stated // by the name of the universe; of an alias line by ""
	bad  bool              // it states nothing, whatever line reads it
}

type stated struct {
	target  alias.Name
	from    alias.Name // "" if it does not move
	ttl     uint32
	subtree bool // the names below it go below the target
}

// world is a store that parameters are written to at random, and all that was
// ever in it.
type world struct {
	*rand.Rand
	trust   Trust
	lines   []Line
	names   []string // those of the universe that lines name, "" of a path
	now     time.Time
	writes  int
	version map[key]int64 // the newest
	there   map[key]written
	ever    map[key][]written
	told    map[Probe]Answer // the last to each
}

// The names of the universe make chains longer than MaxChain, and lie below one another.
var universe = []string{"a", "b", "x.b", "c", "d", "e", "x.e", "f", "g", "i"}

// parameters is the names that are written. The first ones hold plain
// documents, bundles stand in the others.
var parameters = []string{
	"/a/a", "/a/b", "/a/x.b", "/a/c", "/a/D", "/a/d", "/a/e", "/a/x.e", "/a/f", "/a/g", "/a/i",
	"/a/0", "/a/cc", "/a/p", "/a/q", "/a/r", "/p/c", "/p/b:live",
}

// corefiles are the lines that reloads choose from: two alias lines may share a
// parameter, by one name or another.
var corefiles = [][]string{{"", "c", "b", "a"}, {"", "c", "b", "i"}, {"", "c", "b"}}

// sources is what each line of a Corefile reads.
var sources = []string{"/a", "/p/c", "/p/b:live", "/p/c"}

// readable is what a sweep reads with all lines.
var readable = func() (keys []key) {
	for _, name := range parameters {
		keys = append(keys, key{name, max(0, slices.Index(sources, name))})
	}
	return append(keys, key{"/p/c", 3})
}()

func worldOf(t *testing.T, seed uint64) *world {
	w := &world{
		Rand:    rand.New(rand.NewPCG(seed, 0)),
		now:     epoch,
		version: map[key]int64{},
		there:   map[key]written{},
		ever:    map[key][]written{},
		told:    map[Probe]Answer{},
		trust:   trust,
	}
	w.trust.Verify = seed%2 == 1
	w.configure(t)
	return w
}

// configure chooses the lines at random.
func (w *world) configure(t *testing.T) {
	w.names = corefiles[w.IntN(len(corefiles))]
	text := "ssm /a"
	for i, name := range w.names[1:] {
		text += "\nalias " + name + ".internal. " + sources[1+i]
	}
	w.lines = linesOf(t, "internal.", text)
}

// states is what p states to the line that reads it, and whether it cannot: then
// it is nothing.
func (w *world) states(p written) (states map[alias.Name]stated, bad bool) {
	if p.bad {
		return nil, true
	}
	states = map[alias.Name]stated{}
	for name, s := range p.says {
		if name == "" {
			name = w.names[p.Line]
		} else if slices.Contains(w.names, name) {
			if s.bad(name) {
				return nil, true // what is shadowed has to be right all the same
			}
			continue
		}
		if s.bad(name) {
			return nil, true
		}
		states[alias.Name(name+".internal.")] = s
	}
	return states, false
}

// bad reports whether no alias of that name can be as s says.
func (s stated) bad(name string) bool {
	within := func(target alias.Name) bool { return target.IsAt(alias.Name(name + ".internal.")) }
	return s.from == s.target || s.subtree && (within(s.target) || s.from != "" && within(s.from))
}

// target is a random one for name: often the next name, so that chains grow.
func (w *world) target(name string) string {
	next := slices.Index(universe, name) + 1
	switch n := w.IntN(20); {
	case n < 10 && next < len(universe):
		return universe[next] + ".internal"
	case n < 14:
		return universe[w.IntN(len(universe))] + ".internal"
	case n < 16:
		return "x." + universe[w.IntN(len(universe))] + ".internal"
	}
	return fmt.Sprintf("v%d.x.org", w.IntN(3))
}

// entry is a random alias of name as a document holds it, and what it says.
func (w *world) entry(name string) (text string, s stated) {
	target := w.target(name)
	s = stated{target: alias.Name(target + "."), ttl: 5}
	switch n := w.IntN(10); {
	case n < 2:
		from := w.target(name)
		s.from = alias.Name(from + ".")
		if n == 0 {
			return fmt.Sprintf(`{"from": %q, "to": %q, "percent": 50}`, from, target), s
		}
		s.subtree = true
		return fmt.Sprintf(`{"from": %q, "to": %q, "percent": 50, "subtree": "keep"}`, from, target), s
	case n == 2:
		s.subtree = true
		return fmt.Sprintf(`{"to": %q, "subtree": "keep"}`, target), s
	case n == 3:
		s.ttl = uint32(w.IntN(3))
		return fmt.Sprintf(`{"to": %q, "ttl": %d}`, target, s.ttl), s
	}
	return fmt.Sprintf("%q", target), s
}

// write changes a random parameter at random.
func (w *world) write() {
	k := readable[w.IntN(len(parameters))]
	w.writes++
	w.now = w.now.Add(time.Millisecond)
	label := strings.HasSuffix(k.name, ":live")
	if w.IntN(20) < 3 {
		w.remove(k)
		return
	}
	if label && len(w.ever[k]) > 0 && w.IntN(2) == 0 {
		w.there[k] = w.ever[k][w.IntN(len(w.ever[k]))]
		return
	}
	w.version[k]++
	p := written{Parameter: Parameter{Line: k.line, Name: k.name, Version: w.version[k], Modified: w.now}, says: map[string]stated{}}
	old, there := w.there[k]
	leaf := strings.ToLower(k.name[3:])
	if k.line > 0 {
		leaf = ""
	}
	switch n := w.IntN(20); {
	case n < 1:
		p.Value, p.bad = "not a name!!", true
	case n < 2:
		p.Problem, p.bad = errors.New("found type SecureString, want String"), true
	case n < 3:
		p.Value, p.bad = `{"aliases": {"a": "a"}}`, true
	case n < 5 && there:
		// The same again, as a new version.
		p.Value, p.Problem, p.says, p.bad = old.Value, old.Problem, old.says, old.bad
	case leaf == "":
		text, s := w.entry(k.name[3:4])
		p.Value = strings.Trim(text, `"`)
		p.says[""] = s
	case slices.Contains(universe, leaf):
		text, s := w.entry(leaf)
		p.Value = strings.Trim(text, `"`)
		p.says[leaf] = s
	default:
		var entries []string
		first := w.IntN(len(universe))
		for _, name := range universe[first:min(len(universe), first+w.IntN(5))] {
			if w.IntN(4) == 0 {
				continue
			}
			text, s := w.entry(name)
			entries = append(entries, fmt.Sprintf("%q: %s", name, text))
			p.says[name] = s
		}
		p.Value = `{"aliases": {` + strings.Join(entries, ", ") + "}}"
	}
	for _, line := range sharing(k) {
		k.line, p.Line = line, line
		w.there[k] = p
		w.ever[k] = append(w.ever[k], p)
	}
}

// sharing is the lines that read k's parameter.
func sharing(k key) []int {
	if k.name == "/p/c" {
		return []int{1, 3}
	}
	return []int{k.line}
}

// remove deletes a parameter, which begins at version 1 if it is made anew, or a
// label.
func (w *world) remove(k key) {
	for _, line := range sharing(k) {
		delete(w.there, key{k.name, line})
	}
	if !strings.HasSuffix(k.name, ":live") {
		w.version[key{k.name, sharing(k)[0]}] = 0
	}
}

// faults is how often something goes wrong, in twentieths.
type faults int

func (w *world) fault(f faults) bool { return w.IntN(20) < int(f) }

// read is what a store says of k: what is there, unless it is missed, out of
// date, or being written.
func (w *world) read(k key, f faults) (Parameter, bool) {
	p, there := w.there[k]
	if ever := w.ever[k]; len(ever) > 0 && w.fault(f) {
		p, there = ever[w.IntN(len(ever))], true
	}
	if !there || w.fault(f) {
		return Parameter{}, false
	}
	if w.fault(f) {
		p.Value, p.Problem, p.Writing = "", nil, true
	}
	return p.Parameter, true
}

// sweep is what a sweep sees: of a parameter that two lines share, the same.
func (w *world) sweep(f faults) []Parameter {
	var seen []Parameter
	var shared *Parameter
	for _, k := range readable {
		if k.line >= len(w.lines) {
			continue
		}
		if k.line == 3 {
			if shared != nil {
				seen = append(seen, *shared)
			}
			continue
		}
		if p, ok := w.read(k, f); ok {
			seen = append(seen, p)
			if k.line == 1 {
				p.Line = 3
				shared = &p
			}
		}
	}
	return seen
}

// due is what the reads that l waits for see.
func (w *world) due(l *Ledger, f faults) (asked []Ref, seen []Parameter) {
	asked, _ = l.Due(w.now)
	for i, ref := range asked {
		k := key{ref.Name, ref.Line}
		if k.line == 3 && i > 0 && asked[i-1].Name == ref.Name {
			if last := len(seen) - 1; last >= 0 && seen[last].Name == ref.Name {
				p := seen[last]
				p.Line = 3
				seen = append(seen, p)
			}
			continue
		}
		if d := l.of(k).doubt; d != nil && w.fault(5*f) {
			seen = append(seen, d.Parameter) // it is still out of date
		} else if p, ok := w.read(k, f); ok {
			seen = append(seen, p)
		}
	}
	return asked, seen
}

// look is the ledger after whatever comes next: a sweep, a read, neither of them
// since it failed, a reload, or a restart.
func (w *world) look(t *testing.T, l *Ledger, apply func(*Ledger, []Ref, []Parameter, time.Time) (*Ledger, []Event)) (*Ledger, []Event, error) {
	asked, seen := w.due(l, 2)
	if len(l.proofs) > 0 && w.IntN(3) == 0 {
		next, events := l.ApplyAnswers(w.answers(l, 5), w.now)
		return next, events, errors.Join(checkEvents(l, next, events), w.checkGone(l, next), w.checkVerified(l, next))
	}
	switch n := w.IntN(40); {
	case n < 4: // it failed
		return l, nil, nil
	case n < 6:
		if w.IntN(3) == 0 {
			w.configure(t)
		}
		next := New(w.lines, w.trust).Recall(l.Memory(), w.now).Inherit(l)
		return next, nil, w.checkRecalled(l, next)
	case n < 8:
		text, err := json.Marshal(l.Memory())
		if err != nil {
			return nil, nil, err
		}
		var m Memory
		if err := json.Unmarshal(text, &m); err != nil {
			return nil, nil, err
		}
		next := New(w.lines, w.trust).Recall(m, w.now)
		return next, nil, w.checkRecalled(l, next)
	case n < 9: // a restart with nothing
		return New(w.lines, w.trust), nil, nil
	case n < 11 && !l.Table().Partial():
		next, events := w.pushed(l)
		return next, events, errors.Join(checkEvents(l, next, events), w.checkGone(l, next), w.checkVerified(l, next))
	case n < 24 && len(asked) > 0:
		next, events := apply(l, asked, seen, w.now)
		return next, events, errors.Join(checkEvents(l, next, events), w.checkGone(l, next), w.checkVerified(l, next))
	}
	next, events := apply(l, nil, w.sweep(1), w.now)
	return next, events, errors.Join(checkEvents(l, next, events), w.checkGone(l, next), w.checkVerified(l, next))
}

// answers is those to the probes that l waits for: some come later, some say that the
// target does not work, or leads over an alias, and some nothing.
func (w *world) answers(l *Ledger, f faults) (answers []Answer) {
	due, _ := l.Probes(w.now, math.MaxInt)
	for _, p := range due {
		if w.fault(f) {
			continue
		}
		a := Answer{Probe: p, Table: l.Table()}
		if w.fault(f) {
			a.Err = fmt.Errorf("no answer %d", w.IntN(2))
			a.Unasked = w.fault(f)
		} else {
			a.Over = path(l.Table(), p.Target)
			if w.fault(f) { // it ends in a CNAME
				a.Over = append(a.Over, path(l.Table(), alias.Name(universe[w.IntN(len(universe))]+".internal."))...)
			}
		}
		w.told[p] = a
		answers = append(answers, a)
	}
	return answers
}

// path is the names that a client is led over which asks for name, with it if it is led on.
func path(table *alias.Table, name alias.Name) (names []alias.Name) {
	for hops := []alias.Name{name}; len(hops) > 0 && len(names) <= MaxChain; hops = hopsOf(targets(table), hops[0]) {
		names = append(names, hops[0])
	}
	if len(names) == 1 {
		return nil
	}
	return names
}

// leadsBack reports whether what a was led over before it came to name is as it was.
func leadsBack(a Answer, name alias.Name, table *alias.Table) bool {
	i := slices.Index(a.Over, name)
	return i >= 0 && !a.outdated(a.Over[:i], a.Table, table)
}

// checkVerified is that what came into force leads nowhere but where its target worked, or
// where the alias led already, or did before that, maybe over aliases that came into force with
// it; or it was the first to be known. And no alias is gone while another document waits that
// states it.
func (w *world) checkVerified(before, after *Ledger) error {
	if !w.trust.Verify {
		return nil
	}
	for _, e := range entries(after.Table()) {
		old := before.Table().Get(e.Name)
		previous, _ := before.previous.get(e.Name)
		if e == old || !before.known[e.Source.Line] {
			continue
		}
		var works func(name alias.Name, over int) bool
		works = func(name alias.Name, over int) bool {
			a, told := w.told[Probe{name, e.Check}]
			if told && a.Err == nil && !leadsBack(a, e.Name, after.Table()) || slices.Contains(previous, name) || old != nil && slices.Contains(old.Targets(), name) {
				return true
			}
			o := answering(after.Table(), name)
			return o != nil && keyOf(o) == keyOf(e) && turns(before.Table().Get(o.Name), o) && over < MaxChain &&
				!slices.ContainsFunc(hopsOf(targets(after.Table()), name), func(next alias.Name) bool { return !works(next, over+1) })
		}
		for _, target := range e.Targets() {
			if !works(target, 1) {
				return fmt.Errorf("%s came into force with %s, which did not work", e.Name, target)
			}
		}
	}
	for _, waiting := range after.Waiting() {
		if before.Table().Get(waiting.Name) != nil && after.Table().Get(waiting.Name) == nil {
			return fmt.Errorf("%s is gone, though %s waits", waiting.Name, waiting.Source.Parameter)
		}
	}
	return nil
}

// pushed is the ledger after a read for hints, which come in any order, twice, late or
// of what has not changed, and may say that something is gone which is not.
func (w *world) pushed(l *Ledger) (*Ledger, []Event) {
	var asked, deleted []Ref
	for range 1 + w.IntN(3) {
		h := Hint{Name: w.anyName()}
		gone := w.IntN(3) == 0
		for _, ref := range l.Refs(h) {
			if !slices.Contains(asked, ref) {
				asked = append(asked, ref)
			}
			if gone {
				deleted = append(deleted, ref)
			}
		}
	}
	var seen []Parameter
	for _, p := range w.sweep(0) {
		if slices.Contains(asked, Ref{p.Line, p.Name}) {
			seen = append(seen, p)
		}
	}
	next, _, events := l.ApplyPushed(asked, deleted, seen, w.now)
	return next, events
}

// anyName is the name of a parameter that there is or was, or of none.
func (w *world) anyName() string {
	var names []string
	for _, k := range slices.SortedFunc(maps.Keys(w.ever), key.compare) {
		name, _, _ := strings.Cut(k.name, ":")
		names = append(names, name)
	}
	names = append(names, "/elsewhere")
	return names[w.IntN(len(names))]
}

// checkRecalled is that a ledger is the one it was made from, once either has
// judged all there is.
func (w *world) checkRecalled(l, next *Ledger) error {
	if !slices.EqualFunc(l.lines, next.lines, func(a, b Line) bool { return a.Rule.Name == b.Rule.Name }) {
		return w.checkReread(l, next)
	}
	forgotten := func(r record) bool {
		return r.absence.reads >= sure || w.trust.Verify && (r.absence.missing() || r.doubt != nil)
	}
	if slices.ContainsFunc(slices.Collect(maps.Values(l.records.unsettled)), forgotten) {
		return nil // what reads have said is forgotten, and what waits for more of them need not any more
	}
	l, next = w.judged(l), w.judged(next)
	if got, want := tableText(next.Table()), tableText(l.Table()); got != want {
		return fmt.Errorf("recalled is the table\n%swant\n%s", got, want)
	}
	if got, want := rejectionText(next.Rejections()), rejectionText(l.Rejections()); got != want {
		return fmt.Errorf("recalled are the rejections\n%swant\n%s", got, want)
	}
	return nil
}

// checkReread is that a ledger with other lines knows the newest of each parameter
// that both read.
func (w *world) checkReread(l, next *Ledger) error {
	for k, r := range l.records.all {
		if k.line >= len(next.lines) || !l.known[k.line] || w.names[k.line] != strings.TrimSuffix(string(l.lines[k.line].Rule.Name), ".internal.") {
			continue
		}
		if got, want := next.of(k).newest(), r.newest(); want != nil && (got == nil || !got.same(want.Parameter)) {
			return fmt.Errorf("recalled of %s is %+v, want %+v", k.name, got, want.Parameter)
		}
		if got := next.of(k).absence; got.missing() != r.absence.missing() {
			return fmt.Errorf("recalled of %s is the absence %+v, want %+v", k.name, got, r.absence)
		}
	}
	return nil
}

func (w *world) judged(l *Ledger) *Ledger {
	for {
		next, _ := l.ApplyRead(nil, nil, w.now)
		if next == l {
			return l
		}
		l = next
	}
}

// known is the document of that version, if it was ever written.
func (w *world) known(src alias.Source) (written, bool) {
	for _, p := range w.ever[key{src.Parameter, src.Line}] {
		if p.Version == src.Version && p.Modified.Equal(src.Modified) {
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
func targets(table *alias.Table) map[alias.Name]stated {
	m := map[alias.Name]stated{}
	for _, e := range entries(table) {
		m[e.Name] = statedBy(e)
	}
	return m
}

func statedBy(e *alias.Entry) stated {
	s := stated{target: e.Target, ttl: e.TTL, subtree: e.Subtree != nil}
	if e.Move != nil {
		s.from = e.Move.From
	}
	return s
}

// hopsOf is where name leads: by its own alias, or by that above it.
func hopsOf(targets map[alias.Name]stated, name alias.Name) []alias.Name {
	hops := func(s stated, below string) []alias.Name {
		hops := []alias.Name{alias.Name(below) + s.target}
		if s.from != "" {
			hops = append(hops, alias.Name(below)+s.from)
		}
		return hops
	}
	if s, ok := targets[name]; ok {
		return hops(s, "")
	}
	labels := strings.SplitAfter(string(name), ".")
	for i := 1; i < len(labels)-1; i++ {
		s, ok := targets[alias.Name(strings.Join(labels[i:], ""))]
		if ok && s.subtree {
			return hops(s, strings.Join(labels[:i], ""))
		}
	}
	return nil
}

// longest is the length of the longest chain, more than MaxChain if there is a
// loop.
func longest(targets map[alias.Name]stated) int {
	var from func(name alias.Name, n int) int
	from = func(name alias.Name, n int) int {
		most := n
		for _, next := range hopsOf(targets, name) {
			if n > MaxChain {
				break
			}
			most = max(most, from(next, n+1))
		}
		return most
	}
	most := 0
	for name := range targets {
		most = max(most, from(name, 0))
	}
	return most
}

// check is what must hold of every table: its entries were stated by the
// document they name, and no chain is too long.
func (w *world) check(l *Ledger) error {
	if got, want := l.Table().Len(), len(entries(l.Table())); got != want {
		return fmt.Errorf("the table has %d aliases, want the %d of the universe", got, want)
	}
	unsettled := maps.Collect(l.records.all)
	maps.DeleteFunc(unsettled, func(_ key, r record) bool { return r.settled() })
	if !maps.Equal(l.records.unsettled, unsettled) {
		return fmt.Errorf("not settled are %+v, want %+v", l.records.unsettled, unsettled)
	}
	for _, e := range entries(l.Table()) {
		p, ok := w.known(*e.Source)
		states, bad := w.states(p)
		if !ok || bad {
			return fmt.Errorf("%s stands in %+v, which is no good document", e.Name, *e.Source)
		}
		if s := states[e.Name]; s != statedBy(e) {
			return fmt.Errorf("%s is %v, but %+v states %v", e.Name, statedBy(e), *e.Source, s)
		}
		for name := range states {
			if other := l.Table().Get(name); other == nil || *other.Source != *e.Source {
				return fmt.Errorf("%+v is in force for %s, but not for %s", *e.Source, e.Name, name)
			}
		}
	}
	if n := longest(targets(l.Table())); n > MaxChain {
		return fmt.Errorf("a chain is %d long, want at most %d", n, MaxChain)
	}
	return checkRetired(l)
}

// checkRetired is that queries are counted for the names that aliases have left and that are
// none themselves, from the last deadline on, and for no others.
func checkRetired(l *Ledger) error {
	want := map[alias.Name]time.Time{}
	for _, d := range l.AllDrains() {
		if !d.Since.IsZero() && !d.Again && l.Table().Get(d.Target) == nil {
			want[d.Target] = later(want[d.Target], d.Deadline())
		}
	}
	for _, name := range universe {
		name := alias.Name(name + ".internal.")
		r := l.Table().Retired(name)
		if deadline, left := want[name]; left != (r != nil) || left && !r.From.Equal(deadline) {
			return fmt.Errorf("%s is counted by %+v, want from %v", name, r, deadline)
		}
	}
	return nil
}

// checkEvents is that events tell the whole way from before to after.
func checkEvents(before, after *Ledger, events []Event) error {
	type row struct {
		stated
		parameter string
	}
	rows := func(table *alias.Table) map[alias.Name]row {
		m := map[alias.Name]row{}
		for _, e := range entries(table) {
			m[e.Name] = row{statedBy(e), e.Source.Parameter}
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
			table[e.After.Name] = row{statedBy(e.After), e.After.Source.Parameter}
		case Removed:
			delete(table, e.Before.Name)
		case Rejected:
			f := fault{*e.Source, string(e.Reason) + " " + e.Err.Error()}
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

// checkGone is that no alias has gone with its parameter while another document states it
// that is there, and is not in force; nor was it given up while one could have taken it over.
func (w *world) checkGone(before, after *Ledger) error {
	for k, r := range after.records.unsettled {
		if !r.hasNewer() {
			continue
		}
		p, _ := w.known(*r.newer.source())
		for name := range after.about(r.newer) {
			e := before.Table().Get(name)
			if e == nil || after.Table().Get(name) != nil {
				continue
			}
			if _, there := after.records.get(keyOf(e)); !there {
				return fmt.Errorf("%s is gone with %s, though %s states it", name, e.Source.Parameter, k.name)
			}
			if err := w.atFault(after, p); err != nil {
				return fmt.Errorf("%s is gone, though %s states it: %w", name, k.name, err)
			}
		}
	}
	return nil
}

// touched adds to names those that the rejected parameters of l have a say in:
// what they state, and what they have in force.
func (w *world) touched(l *Ledger, names map[alias.Name]bool) {
	awaited := w.awaited(l)
	for _, e := range entries(l.Table()) {
		if awaited[keyOf(e)] {
			names[e.Name] = true
		}
	}
	for _, r := range l.Rejections() {
		p, _ := w.known(r.Source)
		states, _ := w.states(p)
		for name := range states {
			names[name] = true
		}
		for _, e := range entries(l.Table()) {
			if e.Source.Parameter == r.Source.Parameter {
				names[e.Name] = true
			}
		}
	}
}

// awaited is the parameters that hold an alias which a rejected document states: they
// do not go before it comes into force.
func (w *world) awaited(l *Ledger) map[key]bool {
	awaited := map[key]bool{}
	for _, r := range l.records.unsettled {
		if r.newer == nil || r.newer.err == nil {
			continue
		}
		for name := range l.about(r.newer) {
			if e := l.Table().Get(name); e != nil {
				awaited[keyOf(e)] = true
			}
		}
	}
	return awaited
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
	awaited := w.awaited(l)
	for k, p := range w.there {
		if k.line >= len(w.lines) {
			continue
		}
		states, bad := w.states(p)
		r, out := rejected[k]
		if out && (r.Source.Version != p.Version || !r.Source.Modified.Equal(p.Modified)) {
			return fmt.Errorf("version %d of %s is rejected, want version %d", r.Source.Version, k.name, p.Version)
		}
		if out {
			if err := w.atFault(l, p); err != nil {
				return fmt.Errorf("%s is rejected since %v, but %w", k.name, r.Err, err)
			}
			continue
		}
		if bad {
			return fmt.Errorf("%s is not rejected: %q", k.name, p.Value)
		}
		for name, s := range states {
			want[name] = true
			e := l.Table().Get(name)
			if e == nil || e.Source.Line != p.Line || !e.Source.Same(*p.source()) || statedBy(e) != s {
				return fmt.Errorf("%s got %+v, want what version %d of %s states", name, e, p.Version, k.name)
			}
		}
	}
	for _, e := range entries(l.Table()) {
		if _, out := rejected[keyOf(e)]; !out && !want[e.Name] && !awaited[keyOf(e)] {
			return fmt.Errorf("%s is in force, but %s does not state it any more", e.Name, e.Source.Parameter)
		}
	}
	return nil
}

// atFault fails if p, which was rejected, could come into force.
func (w *world) atFault(l *Ledger, p written) error {
	states, bad := w.states(p)
	if bad {
		return nil
	}
	with := map[alias.Name]stated{}
	for _, e := range entries(l.Table()) {
		if keyOf(e) == p.key() {
			continue
		}
		if _, collides := states[e.Name]; collides {
			return nil
		}
		with[e.Name] = statedBy(e)
	}
	maps.Copy(with, states)
	if longest(with) > MaxChain {
		return nil
	}
	return errors.New("nothing in force is in its way")
}

// settled is l after all has been well for long enough.
func (w *world) settled(l *Ledger) (*Ledger, error) {
	begin := w.now
	for range 10 * len(parameters) {
		w.now = w.now.Add(interval)
		asked, seen := w.due(l, 0)
		var next *Ledger
		var events []Event
		if len(asked) > 0 {
			next, events = l.ApplyRead(asked, seen, w.now)
		} else {
			next, events = l.Apply(w.sweep(0), w.now)
		}
		if err := errors.Join(checkEvents(l, next, events), w.checkGone(l, next), w.checkVerified(l, next)); err != nil {
			return l, err
		}
		quiet := next == l
		l = next
		if answers := w.answers(l, 0); len(answers) > 0 {
			next, events = l.ApplyAnswers(answers, w.now)
			if err := errors.Join(checkEvents(l, next, events), w.checkGone(l, next), w.checkVerified(l, next)); err != nil {
				return l, err
			}
			quiet = quiet && len(events) == 0 // what waits for others is asked for as long as it does
			l = next
		}
		asked, at := l.Due(w.now)
		if quiet && asked == nil && at.IsZero() && !slices.ContainsFunc(slices.Collect(maps.Values(l.proofs)), func(p proof) bool { return !p.holds() || !p.at.After(begin) }) {
			if l.Braked() == 0 {
				return l, nil
			}
			w.now = w.now.Add(brakeTime) // what is sure to be gone is not read again before it goes
		}
		if asked == nil && at.After(w.now) {
			w.now = at
		}
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

// Whatever is written in whatever order, whatever sweeps and reads miss or find
// out of date, through reloads and restarts, and in half of the histories whatever
// probes find: nothing comes into force that no valid document stated, and once all
// is well all servers agree on what no rejected document has a say in.
func TestHistories(t *testing.T) {
	const histories, looks = 3000, 15
	compared, long, loops, collisions := 0, 0, 0, 0
	kinds := map[Kind]int{}
	for seed := range uint64(histories) {
		w := worldOf(t, seed)
		l := New(w.lines, w.trust)
		look := func(l *Ledger, asked []Ref, seen []Parameter, now time.Time) (*Ledger, []Event) {
			if asked != nil {
				return l.ApplyRead(asked, seen, now)
			}
			return l.Apply(seen, now)
		}
		if seed%50 == 0 {
			look = func(l *Ledger, asked []Ref, seen []Parameter, now time.Time) (*Ledger, []Event) {
				return apply(t, l, asked, seen, now)
			}
		}
		fail := func(l *Ledger, err error) {
			t.Helper()
			t.Fatalf("history %d, %d writes: %v\n%s", seed, w.writes, err, w.log(l))
		}
		most := 3 // writes between two looks
		if seed%3 == 0 {
			most = 6
		}
		for range looks {
			for range w.IntN(most + 1) {
				w.write()
			}
			if w.IntN(50) == 0 {
				for k := range w.there {
					w.remove(k)
				}
			}
			w.now = w.now.Add(time.Duration(w.IntN(20)) * time.Second)
			next, events, err := w.look(t, l, look)
			if err := errors.Join(err, w.check(next)); err != nil {
				fail(next, err)
			}
			for _, e := range events {
				kinds[e.Kind]++
			}
			l = next
		}
		l, err := w.settled(l)
		if err := errors.Join(err, w.check(l), w.checkSettled(l)); err != nil {
			fail(l, err)
		}
		fresh, err := w.settled(New(w.lines, w.trust))
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
			if (got == nil) != (want == nil) || got != nil && (statedBy(got) != statedBy(want) || got.Source.Line != want.Source.Line || !got.Source.Same(*want.Source)) {
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
	if min(compared, long, loops, collisions) < histories/100 {
		t.Errorf("%d histories compared %d names, and had %d long chains, %d loops and %d collisions, want more", histories, compared, long, loops, collisions)
	}
	for kind := Added; kind <= Unbraked; kind++ {
		if kinds[kind] < histories/200 {
			t.Errorf("%d histories had %d events of kind %d, want more", histories, kinds[kind], kind)
		}
	}
	figure.Print(t, "%d names compared, %d long chains, %d loops, %d collisions, events by kind %v", compared, long, loops, collisions, kinds)
}
