package ledger

import (
	"cmp"
	"iter"
	"maps"
	"slices"

	"github.com/octoenergy/versionalias/plugin/alias"
)

// commit makes the next ledger, in which the candidates that are in are in force.
func (v *view) commit(known []bool) (*Ledger, []Event) {
	c, order := v.change, v.order()
	if v.next == nil {
		v.build(order) // none is at fault by now
	}
	edit, swaps := v.next, v.swaps
	var unasked []*alias.Entry
	for _, k := range order {
		r, good := c.record(k), v.adopted[k]
		c.shadow(r)
		if c.trust.Verify && !c.asks(k) {
			for i := range good.entries {
				unasked = append(unasked, &good.entries[i])
			}
		}
		r.good, r.lost, r.newer = good, nil, nil
		c.updates[k] = r
	}
	if c.table.Len() > 0 { // at first nothing has changed for those who ask
		slices.SortFunc(swaps, func(a, b swap) int { return cmp.Compare(a.name(), b.name()) })
	}
	next := *c.Ledger
	next.records = c.records.with(c.updates, c.gone)
	next.braked, next.known = c.brake, known
	next.orphans = next.orphaned(edit)
	c.events = slices.Grow(c.events, len(swaps))
	for _, s := range swaps {
		c.turn(s.before, s.after)
	}
	partial := slices.Contains(known, false)
	if len(swaps) > 0 || partial != c.table.Partial() || len(c.drained) > 0 || !maps.Equal(next.orphans, c.orphans) {
		edit.Partial(partial)
		edit.Orphans(next.orphans)
		c.retireNames(edit, c.table)
		next.table = edit.Table()
	}
	next.proofs = c.proven(&next, unasked)
	next.drains, next.previous = c.drains.shared, c.previous.shared
	for _, s := range swaps {
		c.compare(s.before, s.after)
	}
	return &next, c.events
}

// swap is an alias before and after a change; it has one of them at least.
type swap struct{ before, after *alias.Entry }

func (s swap) name() alias.Name {
	if s.after == nil {
		return s.before.Name
	}
	return s.after.Name
}

// orphaned is the names, with their zones, of which nothing is known but documents that
// were rejected; table has all aliases of l. Their own zones must not deny them, nor say
// what may be long out of date.
func (l *Ledger) orphaned(table *alias.Edit) map[alias.Name]alias.Name {
	var orphans map[alias.Name]alias.Name
	for _, r := range l.records.unsettled {
		if r.newer == nil || r.newer.err == nil {
			continue // what waits to be verified is not there yet
		}
		if r.good != nil && r.newer.guess {
			continue // a bundle is in force, maybe, whose leaf is no name
		}
		for name, zone := range l.about(r.newer) {
			if r.good != nil && (r.good.states(name) || ownerIn(table, name) != nil) {
				continue // or a subtree in force has it
			}
			if orphans == nil {
				orphans = map[alias.Name]alias.Name{}
			}
			orphans[name] = zone
		}
	}
	return orphans
}

// about yields the names, with their zones, that c is about, but for those that alias lines
// name.
func (l *Ledger) about(c *candidate) iter.Seq2[alias.Name, alias.Name] {
	return func(yield func(name, zone alias.Name) bool) {
		shadowed := func(name alias.Name) bool { return l.reserved[name] && l.lines[c.Line].Rule.Name == "" }
		for name, zone := range c.names {
			if !shadowed(name) && !yield(name, zone) {
				return
			}
		}
		for i := range c.aliases {
			if a := &c.aliases[i]; !shadowed(a.Name) && !yield(a.Name, a.Zone) {
				return
			}
		}
	}
}

// compare notes what became of one alias.
func (c *change) compare(before, after *alias.Entry) {
	switch {
	case before == nil:
		c.events = append(c.events, Event{Kind: Added, Source: after.Source, After: after})
	case after == nil:
		source := before.Source
		if good := c.record(keyOf(before)).good; good != nil { // which does not state it any more
			source = good.source()
		}
		c.events = append(c.events, Event{Kind: Removed, Source: source, Before: before})
	case before.Target != after.Target:
		c.events = append(c.events, Event{Kind: Flipped, Source: after.Source, Before: before, After: after})
	case before.TTL != after.TTL,
		before.Check != after.Check,
		!before.LeadsAs(&after.Alias),
		!before.Move.Equal(after.Move),
		before.Source.Parameter != after.Source.Parameter:
		c.events = append(c.events, Event{Kind: Changed, Source: after.Source, Before: before, After: after})
	}
}

// turn notes what an alias leaves behind that was before and is after; either may
// be nil.
func (c *change) turn(before, after *alias.Entry) {
	c.leave(before, after)
	if after == nil {
		c.drained[before.Name] = true // as an alias it was not retired
	}
	if before != nil && after != nil && before.Check != after.Check {
		for _, target := range before.Targets() {
			c.left[Probe{target, before.Check}] = true
		}
	}
	if before == nil || after != nil && slices.Equal(before.Targets(), after.Targets()) {
		return
	}
	for _, target := range before.Targets() {
		if after == nil || !slices.Contains(after.Targets(), target) {
			c.left[Probe{target, before.Check}] = true
		}
	}
	c.previous.set(before.Name, before.Targets())
}

// shadow notes the aliases of r's newest document that an alias line shadows,
// unless its document in force has them too, so that each is said once.
func (c *change) shadow(r record) {
	if c.lines[r.newer.Line].Rule.Name != "" {
		return
	}
	for _, a := range r.newer.aliases {
		if c.reserved[a.Name] && (r.good == nil || !r.good.states(a.Name)) {
			c.events = append(c.events, Event{Kind: Shadowed, Source: r.newer.source(), Detail: &Detail{Name: a.Name}})
		}
	}
}
