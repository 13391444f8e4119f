package ledger

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/octoenergy/versionalias/plugin/alias"
)

// MaxChain is how many aliases may follow one another. CoreDNS's file plugin
// gives up at its ninth look at one query (dnsserver.LoopKey), and each alias
// on the way counts as one.
const MaxChain = 7

// judge decides which of the newest documents come into force, all of them at
// once: two documents that swap a name, or hand it over in one sweep, must not
// collide for the order in which they are looked at. At first all are let in.
// Those at fault with what then would be in force are taken out, until none is.
// A document taken out leaves its last good in force, which may put others at
// fault; since documents are only taken out, this ends. At last those are let in again
// that were taken out for others which are out by then: of those that have to wait none,
// so that this ends as well. If then something must not be gone yet, that is kept, and all
// this is done once more.
//
// Documents that were found at fault before are judged again each time: what
// they collided with may have gone.
func (c *change) judge() *view {
	v := &view{change: c, in: map[key]*candidate{}}
	for k := range c.where(record.hasNewer) {
		v.let(k)
	}
	verdicts := map[key]verdict{}
	for more := true; more; more = v.spare() {
		v.sift(verdicts)
		for v.readmit(verdicts); v.unverified(); v.readmit(verdicts) {
			v.sift(verdicts)
		}
		if v.waiting {
			v.again(verdicts)
		}
	}
	c.reject(verdicts)
	return v
}

// spare takes back that parameters are gone which have an alias in force that a document
// states which is out, or missing, and none that is in: they go together, or the alias would be
// gone in between. Who states another alias of such a parameter is out as well. It reports
// whether there were any.
func (v *view) spare() bool {
	if len(v.retired) == 0 {
		return false
	}
	if v.next == nil {
		v.build(v.order()) // none is at fault by now
	}
	out := map[key]bool{}
	var more []key // of those that are out, to be looked at
	leave := func(k key) {
		if !out[k] {
			out[k] = true
			more = append(more, k)
		}
	}
	for k := range v.where(func(r record) bool { return r.newer != nil }) {
		if _, gone := v.kept[k]; v.in[k] == nil && !gone { // or it will never come into force
			leave(k)
		}
	}
	spared := map[key]bool{}
	for len(more) > 0 {
		k := more[len(more)-1]
		more = more[:len(more)-1]
		for name := range v.about(v.record(k).newer) {
			holder := v.table.Get(name)
			if holder == nil || !v.retired[keyOf(holder)] || spared[keyOf(holder)] {
				continue
			}
			if heir := v.next.Get(name); heir != nil && !out[keyOf(heir)] {
				continue
			}
			spared[keyOf(holder)] = true
			for a := range v.claims(v.kept[keyOf(holder)].good) {
				if heir := v.next.Get(a.Name); heir != nil && v.in[keyOf(heir)] != nil {
					leave(keyOf(heir))
				}
			}
		}
	}
	for k := range spared {
		v.keep(k)
		v.next = nil
	}
	return len(spared) > 0
}

// sift takes out the candidates at fault, until none is.
func (v *view) sift(verdicts map[key]verdict) {
	for len(v.in) > 0 {
		faults := v.faults()
		if len(faults) == 0 {
			return
		}
		for k := range faults {
			v.leaveOut(k)
		}
		maps.Copy(verdicts, faults)
	}
}

// readmit lets in candidates that were taken out for others which are out as well now.
func (v *view) readmit(verdicts map[key]verdict) {
	if len(v.in) == 0 {
		v.reprieve(verdicts)
	}
	v.heirs(verdicts)
	if len(v.in) == 0 || v.waiting {
		return
	}
	var free []key // of the names of others which are out
	for k, f := range verdicts {
		if f.shared && f.reason == ReasonCollision && !v.collides(k) {
			free = append(free, k)
		}
	}
	if len(free) > 0 && v.admit(free...) { // all at once, see heirs; else the next Apply looks at them
		maps.DeleteFunc(verdicts, func(k key, _ verdict) bool { return v.in[k] != nil })
		v.heirs(verdicts) // of what those give up
	}
}

// heirs lets in those that were taken out and state an alias which another gives up that is
// in, or is gone, if they are not at fault any more: or else the alias would be gone until
// the next Apply, or for as long as they have to wait.
func (v *view) heirs(verdicts map[key]verdict) {
	for more := true; more; {
		var next []key
		for _, k := range slices.SortedFunc(maps.Keys(verdicts), key.compare) {
			if v.in[k] == nil && v.inherits(k) && !v.collides(k) {
				next = append(next, k)
			}
		}
		// All at once, if they are many: for each one by one, all that are in are looked at.
		looped := func(k key) bool { return verdicts[k].reason == ReasonLoop && !verdicts[k].shared }
		if all := slices.DeleteFunc(slices.Clone(next), looped); len(all) > 1 && v.admit(all...) {
			maps.DeleteFunc(verdicts, func(k key, _ verdict) bool { return v.in[k] != nil })
			continue
		}
		more = false
		for _, k := range next {
			if !v.collides(k) && v.admit(k) {
				delete(verdicts, k)
				more = true
			}
		}
	}
}

// admit lets in the candidates of keys, which are out, if then there is no fault: all of
// them, or none.
func (v *view) admit(keys ...key) bool {
	before := *v
	for _, k := range keys {
		v.let(k)
	}
	if !slices.ContainsFunc(keys, func(k key) bool { return v.in[k] == nil }) && len(v.faults()) == 0 {
		return true
	}
	for _, k := range keys {
		delete(v.in, k)
	}
	*v = before // with the table that was made, which is needed for the next ones
	return false
}

// inherits reports whether k's candidate states an alias that another parameter has in
// force, which is gone or has its own candidate in.
func (v *view) inherits(k key) bool {
	for a := range v.claims(&v.record(k).newer.document) {
		if e := v.table.Get(a.Name); e != nil && keyOf(e) != k && (v.in[keyOf(e)] != nil || v.retired[keyOf(e)]) {
			return true
		}
	}
	return false
}

// collides reports whether k's candidate, which is out, states an alias that another one
// states which is in, or that another parameter keeps. So would faults, after a look at all
// that are in.
func (v *view) collides(k key) bool {
	for a := range v.claims(&v.record(k).newer.document) {
		if holder, e := v.holder(a.Name); e != nil && holder != k || v.next != nil && v.next.New(a.Name) != nil {
			return true
		}
	}
	return false
}

// reprieve lets in one candidate that was taken out for another which is out as well now,
// if by itself it is not at fault: or else it would never come into force while the other
// stands there. The next Apply looks at the rest again. New ones that have to wait do so,
// and it is the turn of the next.
func (v *view) reprieve(verdicts map[key]verdict) {
	for _, k := range slices.SortedFunc(maps.Keys(verdicts), key.compare) {
		if !verdicts[k].shared || !v.admit(k) {
			continue
		}
		delete(verdicts, k)
		if v.record(k).good != nil || !v.unverified() {
			return
		}
	}
}

// again lets in those that were taken out for another which waits to be verified, if
// without it they are not at fault and need not wait themselves: such as a way back. If
// one waits that takes over what they give up, they wait with it.
func (v *view) again(verdicts map[key]verdict) {
	for _, k := range slices.SortedFunc(maps.Keys(verdicts), key.compare) {
		if !verdicts[k].shared || !v.admit(k) {
			continue
		}
		if v.unproven(k, v.wants(k)) || v.back(k) != nil {
			v.leaveOut(k)
			continue
		}
		delete(verdicts, k)
		v.heirs(verdicts)
		for v.unverified() {
			v.sift(verdicts)
		}
	}
}

// verdict is why a document is taken out.
type verdict struct {
	reason Reason
	err    error
	shared bool // it takes another candidate to be at fault
}

// reject notes the documents that were found at fault, and says those that are
// new or whose fault is another than before.
func (c *change) reject(verdicts map[key]verdict) {
	for k, f := range verdicts {
		r := c.record(k)
		if r.newer.reason == f.reason && text(r.newer.err) == text(f.err) {
			continue
		}
		newer := *r.newer
		newer.reason, newer.err, newer.waits = f.reason, f.err, nil
		r.newer = &newer
		c.updates[k] = r
	}
	for _, k := range slices.SortedFunc(maps.Keys(c.updates), key.compare) {
		r, before := c.updates[k], c.of(k)
		if r.newer == nil || r.newer.err == nil || r.newer == before.newer {
			continue
		}
		c.events = append(c.events, Event{Kind: Rejected, Source: r.newer.source(), Reason: r.newer.reason, Err: r.newer.err, Stays: r.stays()})
	}
}

// view is the aliases as they would be with some candidates in force.
type view struct {
	*change
	in map[key]*candidate
	// The next table, as far as the candidates that are in make it, and what it takes
	// from them; nil if others are in by now.
	next    *alias.Edit
	adopted map[key]*document
	swaps   []swap
	waiting bool // some were taken out to be verified
}

// hasNewer reports whether r has a candidate, and its parameter is still there.
func (r record) hasNewer() bool { return r.newer != nil && !r.absence.missing() }

// let puts in k's candidate, if it could be read and is still there.
func (v *view) let(k key) {
	r := v.record(k)
	if !r.hasNewer() {
		return
	}
	switch r.newer.reason {
	case "", ReasonCollision, ReasonLoop:
		v.in[k], v.next = r.newer, nil
	}
}

func (v *view) leaveOut(k key) {
	delete(v.in, k)
	v.next = nil
}

// order is the candidates that are in, sorted.
func (v *view) order() []key { return slices.SortedFunc(maps.Keys(v.in), key.compare) }

// holder is the parameter that has name in force and is not about to be
// replaced or retired.
func (v *view) holder(name alias.Name) (key, *alias.Entry) {
	e := v.table.Get(name)
	if e == nil {
		return key{}, nil
	}
	k := keyOf(e)
	if v.in[k] != nil || v.retired[k] {
		return key{}, nil
	}
	return k, e
}

// owner is the alias that queries for name are for: the one of that name, else
// the deepest above it whose subtree has it; or nil.
func (v *view) owner(name alias.Name) *alias.Entry { return ownerIn(v.next, name) }

// ownerIn is the same, of any table. It is not Table.Lookup: a name that is held leads
// nowhere, but will once that ends.
func ownerIn(table interface {
	Get(name alias.Name) *alias.Entry
	HasSubtrees() bool
}, name alias.Name) *alias.Entry {
	for above := name; ; above = above.Parent() {
		a := table.Get(above)
		switch {
		case a != nil && above == name:
			return a
		case a != nil && a.Subtree != nil:
			if !a.Covers(name) {
				return nil
			}
			return a
		case !table.HasSubtrees() || above == ".":
			return nil
		}
	}
}

// faults finds candidates at fault, the surest kind first: to take out one may
// clear another of a fault of a later kind.
func (v *view) faults() map[key]verdict {
	order := v.order()
	if faults := v.held(order); len(faults) > 0 {
		return faults
	}
	if faults := v.build(order); len(faults) > 0 {
		return faults
	}
	return v.loops(order)
}

// held finds the candidates that state an alias which another document has in
// force, and keeps whatever becomes of its own candidate.
func (v *view) held(order []key) map[key]verdict {
	kept := map[alias.Name]key{}
	for _, k := range order {
		for a := range v.claims(&v.in[k].document) {
			if e := v.table.Get(a.Name); e != nil && keyOf(e) == k {
				kept[a.Name] = k
			}
		}
	}
	faults := map[key]verdict{}
	for _, k := range order {
		for a := range v.claims(&v.in[k].document) {
			if holder, e := v.holder(a.Name); e != nil {
				faults[k] = collision(a.Name, holder, false)
				break
			}
			if holder, ok := kept[a.Name]; ok && holder != k {
				faults[k] = collision(a.Name, holder, false)
				break
			}
		}
	}
	return faults
}

// build makes the next table, and finds the candidates that state an alias of another
// one, where none has it in force: the one that sorts first keeps it.
func (v *view) build(order []key) map[key]verdict {
	n := 0
	for _, k := range order {
		n += len(v.in[k].aliases)
	}
	v.next, v.adopted, v.swaps = v.table.Edit(), map[key]*document{}, make([]swap, 0, n)
	v.next.Grow(n)
	faults := map[key]verdict{}
	for _, k := range order {
		own := v.own(&v.in[k].document)
		if i := slices.IndexFunc(own, func(a alias.Alias) bool { return v.next.New(a.Name) != nil }); i >= 0 {
			faults[k] = collision(own[i].Name, keyOf(v.next.New(own[i].Name)), true)
			continue
		}
		good := v.in[k].adopt(v.now)
		good.entries = v.next.Put(good.source(), own...)
		if len(own) == len(good.aliases) {
			good.aliases = nil // the entries have them
		}
		for i := range good.entries {
			v.swaps = append(v.swaps, swap{v.table.Get(good.entries[i].Name), &good.entries[i]})
		}
		v.adopted[k] = good
	}
	if len(faults) > 0 {
		v.next = nil
		return faults
	}
	for _, k := range slices.AppendSeq(slices.Clone(order), maps.Keys(v.retired)) {
		good := v.of(k).good
		if good == nil {
			continue
		}
		for a := range v.claims(good) {
			// What another document states by now stays.
			if before, now := v.table.Get(a.Name), v.next.Get(a.Name); now != nil && now == before {
				v.next.Delete(a.Name)
				v.swaps = append(v.swaps, swap{before, nil})
			}
		}
	}
	return nil
}

func collision(name alias.Name, holder key, shared bool) verdict {
	return verdict{ReasonCollision, fmt.Errorf("place alias %s: found it in parameter %s, want it in one parameter only", name, holder.name), shared}
}

// loops finds the candidates that make a chain of aliases lead back to itself,
// or further than MaxChain. Of those that changed a part of a chain, the one
// that sorts last is at fault.
//
// The chains that the fewest changed come first: one that is bad all by itself
// must not take along others that merely lead to it.
func (v *view) loops(order []key) map[key]verdict {
	faults := map[key]verdict{}
	fewest := 0
	for _, name := range v.touched(order) {
		chain, changed := v.chain(name)
		if len(changed) == 0 || fewest > 0 && len(changed) > fewest {
			continue
		}
		if len(changed) < fewest {
			clear(faults)
		}
		fewest = len(changed)
		last := changed[len(changed)-1]
		if _, done := faults[last]; !done {
			faults[last] = verdict{ReasonLoop, follow(chain), fewest > 1}
		}
	}
	return faults
}

// step is a name that a query is asked for, and the alias that it is for.
type step struct {
	name  alias.Name
	owner alias.Name
}

// chain is the steps from name on that are more than are allowed, one more, and
// the candidates that changed a part of them. An alias that moves leads two ways:
// of all chains it is that which the fewest changed. A loop is too long whatever
// its length. What no candidate changed is left as it is.
func (v *view) chain(name alias.Name) (chain []step, changed []key) {
	var follow func(steps []step, name alias.Name)
	follow = func(steps []step, name alias.Name) {
		if len(steps) > MaxChain {
			if c := v.changed(steps); len(c) > 0 && (changed == nil || len(c) < len(changed)) {
				chain, changed = slices.Clone(steps), c
			}
			return
		}
		a := v.owner(name)
		if a == nil {
			return
		}
		steps = append(steps, step{name, a.Name})
		for _, next := range hops(a, name) {
			follow(steps, next)
		}
	}
	follow(nil, name)
	return chain, changed
}

// hops is the names that a leads name to, which is its own or one below it: without those that
// would be too long for a name, and are answered with that.
func hops(a *alias.Entry, name alias.Name) []alias.Name {
	var names []alias.Name
	for _, target := range a.Targets() {
		if next, ok := a.Follow(target, string(name), len(name)-len(a.Name)); ok {
			names = append(names, alias.Name(next))
		}
	}
	return names
}

// touched is the aliases that changed, and all that lead to them, if they lead on to
// another one, sorted: most do not, and are in no chain.
func (v *view) touched(order []key) []alias.Name {
	var leading []*alias.Entry
	for _, k := range order {
		entries := v.adopted[k].entries
		for i := range entries {
			if e := &entries[i]; v.leadsOn(e) {
				leading = append(leading, e)
			}
		}
	}
	// Else nobody leads to a change but another one: those as before are in the table too.
	if v.table.Len() > 0 && slices.ContainsFunc(v.swaps, v.reached) {
		for e := range v.table.All() {
			if v.leadsOn(e) && v.next.Get(e.Name) == e {
				leading = append(leading, e)
			}
		}
	}
	// Where labels move along, an alias leads over names that are no targets.
	subtrees := v.next.HasSubtrees()
	touched := map[alias.Name]bool{}
	leads := func(target alias.Name) bool {
		e := v.owner(target)
		return e != nil && (touched[e.Name] || v.changes(e))
	}
	for more := true; more; {
		more = false
		for _, e := range leading {
			if !touched[e.Name] && (subtrees || v.changes(e) || slices.ContainsFunc(e.Targets(), leads)) {
				touched[e.Name] = true
				more = true
			}
		}
	}
	return slices.Sorted(maps.Keys(touched))
}

// reached reports whether an alias as before may lead to what s changes.
func (v *view) reached(s swap) bool {
	switch {
	case s.after == nil && v.owner(s.before.Name) == nil, s.after != nil && !v.changes(s.after):
		return false
	case s.after != nil && s.after.Subtree != nil, s.before != nil && s.before.Subtree != nil && v.next.HasSubtrees():
		return true
	}
	names := []alias.Name{s.name()}
	for range MaxChain {
		var further []alias.Name
		for _, name := range names {
			if v.table.MayLead(name) {
				return true
			}
			further = v.movesTo(name, further)
		}
		names = further
		if v.traced += len(names); v.traced > 1000 { // to look at all aliases is no dearer
			return true
		}
	}
	return false
}

// movesTo adds to names those below aliases in force from which labels move along to name.
func (c *change) movesTo(name alias.Name, names []alias.Name) []alias.Name {
	if c.moves == nil {
		c.moves = map[alias.Name][]alias.Name{}
		for e := range c.table.Subtrees() {
			for _, target := range e.Targets() {
				if !e.Subtree.Collapse {
					c.moves[target] = append(c.moves[target], e.Name)
				}
			}
		}
	}
	for above := name; above != "."; above = above.Parent() {
		for _, from := range c.moves[above] {
			if above != name {
				names = append(names, name[:len(name)-len(above)]+from)
			}
		}
	}
	return names
}

// leadsOn reports whether a target of e is an alias's.
func (v *view) leadsOn(e *alias.Entry) bool {
	return slices.ContainsFunc(e.Targets(), func(target alias.Name) bool { return v.owner(target) != nil })
}

// changes reports whether e, of the next table, would not be there, or not lead there,
// if the candidate that states it were out.
func (v *view) changes(e *alias.Entry) bool {
	before := v.table.Get(e.Name)
	return before == nil || !before.LeadsAs(&e.Alias) || keyOf(before) != keyOf(e)
}

// changed is the candidates that changed a part of chain, sorted.
func (v *view) changed(chain []step) []key {
	var changed []key
	for _, s := range chain {
		if e := v.next.Get(s.owner); v.changes(e) {
			changed = append(changed, keyOf(e))
		}
		// Or another one had the name, and has given it up.
		for above := s.name; above != s.owner && above != "."; above = above.Parent() {
			before := v.table.Get(above)
			if before == nil || above != s.name && before.Subtree == nil {
				continue
			}
			switch e := v.next.Get(above); {
			case e != nil && v.changes(e):
				changed = append(changed, keyOf(e))
			case e == nil && v.in[keyOf(before)] != nil:
				changed = append(changed, keyOf(before))
			}
		}
	}
	slices.SortFunc(changed, key.compare)
	return slices.Compact(changed)
}

// follow is what is wrong with chain. A loop is told from its least name on,
// whichever alias the chain came from, so that it is one fault and said once.
func follow(chain []step) error {
	names := make([]string, len(chain))
	for i, s := range chain {
		names[i] = string(s.name)
	}
	for i, name := range names {
		first := slices.Index(names, name)
		if first == i {
			continue
		}
		loop := names[first:i]
		least := slices.Index(loop, slices.Min(loop))
		loop = slices.Concat(loop[least:], loop[:least+1])
		return fmt.Errorf("follow alias %s: found the loop %s, want a target that does not lead back", loop[0], strings.Join(loop, " "))
	}
	return fmt.Errorf("follow alias %s: found the chain %s, want at most %d aliases in a row", names[0], strings.Join(names, " "), MaxChain)
}
