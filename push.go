package versionalias

import (
	"sync/atomic"
	"time"

	"github.com/octoenergy/versionalias/plugin/ledger"
)

// overdue is how long after a change its hint has to have come for a sweep that finds
// the change not to count it as missed.
const overdue = 20 * time.Second

// pushStats is what the metrics show of push.
type pushStats struct {
	up      atomic.Bool // the queue could be read the last time
	hints   [hintKinds]atomic.Uint64
	missed  atomic.Uint64 // changes that a sweep found
	latency histogram
}

// The kinds of hints, as metrics show them.
const (
	hintCreate = iota
	hintUpdate
	hintDelete
	hintLabel
	hintOther // of no operation
	hintJunk  // no event, or of a parameter that is read by nobody here
	hintKinds
)

var hintNames = [hintKinds]string{"create", "update", "delete", "label", "other", "junk"}

func (f *feed) hintKind(h ledger.Hint) int {
	if len(f.Refs(h)) == 0 {
		return hintJunk
	}
	switch h.Operation {
	case "Create":
		return hintCreate
	case "Update":
		return hintUpdate
	case "Delete":
		return hintDelete
	case "LabelParameterVersion":
		return hintLabel
	}
	return hintOther
}

// histogram counts durations by the bucket they fall in.
type histogram struct {
	counts [len(latencies) + 1]atomic.Uint64
	sum    atomic.Int64 // nanoseconds
}

// latencies is the upper bounds of its buckets, in seconds.
var latencies = [...]float64{0.5, 1, 2, 5, 10, 30, 60, 300}

func (h *histogram) add(d time.Duration) {
	i := 0
	for i < len(latencies) && d.Seconds() > latencies[i] {
		i++
	}
	h.counts[i].Add(1)
	h.sum.Add(int64(d))
}

// Refs implements watch.Audience.
func (f *feed) Refs(h ledger.Hint) []ledger.Ref { return f.ledger.Load().Refs(h) }

// Hinted implements watch.Audience.
func (f *feed) Hinted(h ledger.Hint) { f.stats.push.hints[f.hintKind(h)].Add(1) }

// Pushed implements watch.Audience.
func (f *feed) Pushed(hints []ledger.Hint, refs []ledger.Ref, seen []ledger.Parameter) []ledger.Ref {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.loaded() {
		return nil // the first sweep is to come, and tells all
	}
	now := time.Now()
	var deleted []ledger.Ref
	for _, h := range hints {
		if h.Deletes() {
			deleted = append(deleted, f.Refs(h)...)
		}
	}
	before := f.ledger.Load()
	next, unchanged, events := before.ApplyPushed(refs, deleted, seen, now)
	f.adopt(next, events)
	for _, e := range events {
		logEvent(e)
	}
	if next != before {
		f.keeper.kick()
	}
	if len(unchanged) < len(refs) {
		f.stats.origin.Store(int32(fromPush))
		for _, h := range hints {
			if late := now.Sub(h.At); !h.At.IsZero() {
				f.stats.push.latency.add(max(0, late))
			}
		}
	}
	f.pushing.unread.over("push works again: parameters are read as it says")
	return unchanged
}

// Unread implements watch.Audience.
func (f *feed) Unread(err error) {
	f.pushing.unread.begins("push read nothing, and sweeps go on: %v", err)
}

// Lost implements watch.Audience.
func (f *feed) Lost(err error) {
	f.stats.push.up.Store(false)
	f.pushing.lost.begins("push failed, and sweeps go on: %v", err)
}

// Found implements watch.Audience.
func (f *feed) Found() {
	f.stats.push.up.Store(true)
	f.pushing.lost.over("push works again")
}

// pushing is what has been said of push.
type pushing struct{ lost, unread trouble }

// trouble is said once when it begins, and once when it is over.
type trouble bool

func (t *trouble) begins(format string, err error) {
	if !*t {
		log.Warningf(format, err)
		*t = true
	}
}

func (t *trouble) over(text string) {
	if *t {
		log.Info(text)
		*t = false
	}
}

// missed counts what a sweep found that push should have told before.
func (f *feed) missed(events []ledger.Event, now time.Time) {
	counted := map[string]bool{}
	for _, e := range events {
		switch e.Kind {
		case ledger.Added, ledger.Flipped, ledger.Changed, ledger.Rejected:
			if now.Sub(e.Source.Modified) > overdue && !counted[e.Source.Parameter] {
				counted[e.Source.Parameter] = true
				f.stats.push.missed.Add(1)
			}
		}
	}
}
