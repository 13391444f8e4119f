package ledger

import (
	"fmt"
	"time"

	"github.com/octoenergy/versionalias/plugin/alias"
)

// absence is that a parameter was not seen where it was before. Parameter Store
// promises no snapshot of a path, so that a sweep can miss one that is there:
// only reads by name, an interval apart, make sure that it is gone.
type absence struct {
	since time.Time // when it was first not seen, or zero
	swept bool      // a complete sweep has missed it
	reads int       // by name since, that did not find it
	last  time.Time // the last of them
}

// sure is how many reads say that a parameter is gone.
const sure = 2

// brakeTime is how long an absence that is braked has to last.
const brakeTime = time.Hour

// brakeAliases and a tenth of all are the aliases that may go at once.
const brakeAliases = 3

func (a absence) missing() bool { return !a.since.IsZero() }

// due is when the parameter is to be read next, or zero: not any more. The brake does not
// keep the first read: a sweep may have missed what is there.
func (a absence) due(interval time.Duration, braked bool) time.Time {
	switch {
	case a.reads >= sure || !a.swept:
		return time.Time{}
	case a.reads == 0:
		return a.since
	}
	at := a.since
	if braked {
		at = at.Add(brakeTime)
	}
	return later(a.last.Add(interval), at)
}

// miss notes the parameters of the lines that are swept which were not seen.
func (c *change) miss(seen []Parameter) {
	there := keys(seen)
	for k, r := range c.records.all {
		if there[k] || r.absence.swept || !c.sweeps(k.line) {
			continue
		}
		c.updates[k] = c.missed(r)
	}
}

// missed is r once a complete sweep has missed its parameter, or a hint says that it is deleted.
func (c *change) missed(r record) record {
	if !r.absence.missing() {
		r.absence.since = c.now
	}
	r.absence.swept = true
	return r
}

// notFound notes the parameters that a read by name did not find.
func (c *change) notFound(asked []Ref, seen []Parameter) {
	there := keys(seen)
	for _, ref := range asked {
		k := key{ref.Name, ref.Line}
		_, known := c.records.get(k)
		r := c.record(k)
		switch {
		case !known || there[k]:
			continue
		case !r.absence.missing():
			r.absence.since = c.now // to be read again once a sweep has missed it too
		case !r.absence.swept || r.absence.reads > 0 && c.now.Before(r.absence.last.Add(c.trust.Interval)):
			continue
		default:
			r.absence.reads++
			r.absence.last = c.now
		}
		c.updates[k] = r
	}
}

func keys(seen []Parameter) map[key]bool {
	keys := make(map[key]bool, len(seen))
	for _, p := range seen {
		keys[p.key()] = true
	}
	return keys
}

// giveUp gives up the parameters that are sure to be gone. If they would take
// more than a tenth of the aliases along, and more than three, those that do are kept
// until the absence has lasted for an hour: whoever deletes that much may not
// have meant to.
func (c *change) giveUp() {
	missing := map[key]int{} // with how many aliases may be about to go
	for k, r := range c.where(func(r record) bool { return r.absence.missing() }) {
		missing[k] = 0
		if r.good != nil && c.now.Sub(r.absence.since) < brakeTime {
			missing[k] = len(r.good.entries)
		}
	}
	if c.tooMany(missing) {
		c.handOver(missing)
	}
	c.brake = nil
	if c.tooMany(missing) {
		c.brake = missing
	}
	for k := range missing {
		if r := c.record(k); r.absence.reads >= sure && c.brake[k] == 0 {
			c.kept[k] = r
			c.updates[k] = record{}
			c.gone[k] = true
		}
	}
	switch {
	case c.brake != nil && c.braked == nil:
		c.events = append(c.events, Event{Kind: Braked, Detail: &Detail{Count: sum(c.brake), Of: c.table.Len()}})
	case c.brake == nil && c.braked != nil:
		c.events = append(c.events, Event{Kind: Unbraked})
	}
}

// tooMany reports whether so many aliases may not go at once.
func (c *change) tooMany(going map[key]int) bool {
	n := sum(going)
	return n > brakeAliases && 10*n > c.table.Len()
}

func sum(going map[key]int) int {
	n := 0
	for _, aliases := range going {
		n += aliases
	}
	return n
}

// keep takes back that k is gone for sure: it goes with the next change.
func (c *change) keep(k key) {
	delete(c.gone, k)
	c.updates[k] = c.kept[k]
	if c.kept[k] == c.of(k) {
		delete(c.updates, k) // as it was kept before
	}
}

// handOver takes from going the aliases that are stated by a parameter which is
// there: those are not about to go, but to stand elsewhere.
func (c *change) handOver(going map[key]int) {
	stated := map[alias.Name]bool{}
	for _, r := range c.where(record.hasNewer) {
		for a := range c.claims(&r.newer.document) {
			stated[a.Name] = true
		}
	}
	for k, n := range going {
		if n == 0 {
			continue
		}
		for a := range c.claims(c.record(k).good) {
			if stated[a.Name] {
				going[k]--
			}
		}
	}
}

// Missing says that the parameter of an alias was not found any more, and until when the
// alias stays in force all the same; or it is nil.
func (l *Ledger) Missing(s *alias.Source, now time.Time) error {
	k := key{s.Parameter, s.Line}
	a := l.of(k).absence
	if !a.missing() {
		return nil
	}
	until := "until two reads by name did not find it"
	switch end := a.since.Add(brakeTime); {
	case l.braked[k] > 0 && now.Before(end):
		until = fmt.Sprintf("by the brake until %s at least", end.UTC().Format(time.RFC3339))
	case a.reads >= sure: // see spare
		until = "until another document can take over"
	}
	return fmt.Errorf("parameter %s has not been found since %s: what it states stays in force %s",
		s.Parameter, a.since.UTC().Format(time.RFC3339), until)
}

// Braked is how many aliases are in force only because too many would go at
// once.
func (l *Ledger) Braked() int { return sum(l.braked) }
