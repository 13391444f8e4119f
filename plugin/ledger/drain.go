package ledger

import (
	"cmp"
	"slices"
	"time"

	"github.com/octoenergy/versionalias/plugin/alias"
)

// Drain is a target that an alias leads nobody to any more.
type Drain struct {
	Alias  alias.Name `json:"alias"`
	Zone   alias.Name `json:"zone"` // the alias's
	Target alias.Name `json:"target"`
	// Since is when the last client was led there, or when it was called off that one is to be
	// again. It may be to come, and is zero for a target that the alias leads to.
	Since time.Time `json:"since,omitzero"`
	// Held is for how long caches may hold what they were told by then, or before the
	// TTL became smaller. It is zero if they were told it would end at Since.
	Held time.Time `json:"held,omitzero"`
	// Again says that the alias is to lead there later. That may be called off.
	Again bool `json:"again,omitempty"`
}

// Deadline is when the last cache has let go of the target.
func (d Drain) Deadline() time.Time { return later(d.Held, d.Since.Add(alias.Late)) }

// watchTime is how long after the deadline queries for the target are counted.
const watchTime = time.Hour

// over is when nothing is to be told of d any more.
func (d Drain) over() time.Time {
	if d.Since.IsZero() {
		return d.Held
	}
	return d.Deadline().Add(watchTime)
}

type drainKey struct{ alias, target alias.Name }

// Told reports whether d is to be told at now: from when the target was left until an
// hour after the deadline.
func (d Drain) Told(now time.Time) bool {
	return !d.Again && !d.Since.IsZero() && !d.Since.After(now) && now.Before(d.over())
}

// Drains is the targets that aliases have left by now, sorted by alias.
func (l *Ledger) Drains(now time.Time) []Drain {
	return slices.DeleteFunc(l.AllDrains(), func(d Drain) bool { return !d.Told(now) })
}

// AllDrains is all that are told now, were or will be, sorted by alias.
func (l *Ledger) AllDrains() []Drain {
	var list []Drain
	for _, d := range l.drains.all {
		list = append(list, d)
	}
	slices.SortFunc(list, func(a, b Drain) int {
		return cmp.Or(cmp.Compare(a.Alias, b.Alias), cmp.Compare(a.Target, b.Target))
	})
	return list
}

// expire forgets the drains that are over, and what aliases that are gone had before, once
// none of theirs is left.
func (c *change) expire() {
	ended := map[alias.Name]bool{}
	for k, d := range c.drains.all {
		if !c.now.Before(d.over()) {
			c.drain(k, Drain{})
			ended[k.alias] = true
		}
	}
	for k := range c.drains.all {
		delete(ended, k.alias) // others are left
	}
	for name := range ended {
		if c.table.Get(name) == nil {
			c.previous.remove(name)
		}
	}
}

// drain sets a drain, or forgets it if d is none.
func (c *change) drain(k drainKey, d Drain) {
	if d == (Drain{}) {
		c.drains.remove(k)
	} else {
		c.drains.set(k, d)
	}
	c.drained[k.target] = true
}

// leave notes what becomes of the targets of an alias, which was before and is
// after; either may be nil.
func (c *change) leave(before, after *alias.Entry) {
	if before != nil {
		for _, target := range before.Targets() {
			c.hold(before, after, target)
		}
	}
	if after == nil {
		return
	}
	for _, target := range after.Targets() {
		k := drainKey{after.Name, target}
		d, ok := c.drains.get(k)
		was := d
		leads, until := after.LeadsUntil(target, c.now)
		if !leads || until.IsZero() && !ok {
			continue
		}
		d.Alias, d.Zone, d.Target, d.Again = after.Name, after.Zone, target, !after.Leads(target, c.now)
		if !d.Again {
			d.Since = until
		}
		if d.Since.IsZero() && !c.now.Before(d.Held) {
			d = Drain{}
		}
		if d != was {
			c.drain(k, d)
		}
	}
}

// hold notes for how long caches may hold a target of before: if after leads there no
// more, by a smaller TTL, or not for as long as that. What before had left, and was to lead to
// again, is told if after is not to.
func (c *change) hold(before, after *alias.Entry, target alias.Name) {
	k := drainKey{before.Name, target}
	old, _ := c.drains.get(k)
	leads, until := false, time.Time{}
	if after != nil {
		leads, until = after.LeadsUntil(target, c.now)
	}
	if !before.Leads(target, c.now) {
		if old.Again && !leads {
			old.Since, old.Again = c.now, false // who asks was not counted meanwhile
			c.drain(k, old)
		}
		return
	}
	told := c.now.Add(time.Duration(before.TTL) * time.Second)
	if _, end := before.LeadsUntil(target, c.now); !end.IsZero() && end.Before(told) {
		told = end // no TTL reaches past it
	}
	d := Drain{Alias: before.Name, Zone: before.Zone, Target: target, Held: later(old.Held, told.Add(alias.Late))}
	switch {
	case after == nil || !after.Leads(target, c.now):
		d.Since, d.Again = c.now, leads
	case after.TTL >= before.TTL && (until.IsZero() || !until.Add(alias.Late).Before(d.Held)):
		return // who is told of it until then keeps it as long
	}
	c.drain(k, d)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// retireNames makes the names that aliases have left count who asks for them, from
// their last deadline on, and takes back what was led to again.
func (c *change) retireNames(edit *alias.Edit, counts *alias.Table) {
	last := map[alias.Name]time.Time{}
	for _, d := range c.drains.all {
		if c.drained[d.Target] && !d.Since.IsZero() && !d.Again {
			last[d.Target] = later(last[d.Target], d.Deadline())
		}
	}
	for target := range c.drained {
		deadline, left := last[target]
		if !left {
			edit.Retire(target, nil)
			continue
		}
		r := counts.Retired(target)
		if r == nil || !r.From.Equal(deadline) {
			r = edit.Retired(target) // of another ledger's counts, maybe
		}
		if r == nil || !r.From.Equal(deadline) {
			r = &alias.Retired{From: deadline, Until: deadline.Add(watchTime)}
		}
		edit.Retire(target, r)
	}
}
