package versionalias

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/octoenergy/versionalias/plugin/ledger"
)

// overdue is how long after a change its hint has to have come for a sweep that finds
// the change not to count it as missed.
const overdue = 20 * time.Second

// oldest is for how long a queue keeps a message at most. Whoever wrote an event with a
// time before that was not EventBridge, and one latency of centuries would spoil the sum.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-queue-parameters.html
const oldest = 14 * 24 * time.Hour

// pushStats is what the metrics show of push.
type pushStats struct {
	up      atomic.Int32 // whether the queue works, see upDesc
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

// What is known of the queue.
const (
	pushUnknown = iota // no poll is over yet
	pushDown
	pushUp
)

func (f *feed) hintKind(h ledger.Hint) int {
	if len(f.ledger.Load().Refs(h)) == 0 {
		return hintJunk
	}
	switch h.Operation {
	case ledger.Create:
		return hintCreate
	case ledger.Update:
		return hintUpdate
	case ledger.Delete:
		return hintDelete
	case ledger.Label:
		return hintLabel
	}
	return hintOther
}

// inherit goes on with what others have counted.
func (p *pushStats) inherit(others []*feed) {
	sum := func(into *atomic.Uint64, of func(*pushStats) *atomic.Uint64) {
		n := uint64(0)
		for _, old := range others {
			n += of(&old.stats.push).Load()
		}
		into.Store(n)
	}
	for kind := range p.hints {
		sum(&p.hints[kind], func(o *pushStats) *atomic.Uint64 { return &o.hints[kind] })
	}
	for i := range p.latency.counts {
		sum(&p.latency.counts[i], func(o *pushStats) *atomic.Uint64 { return &o.latency.counts[i] })
	}
	sum(&p.missed, func(o *pushStats) *atomic.Uint64 { return &o.missed })
	took := int64(0)
	for _, old := range others {
		took += old.stats.push.latency.sum.Load()
	}
	p.latency.sum.Store(took)
}

// Refs implements watch.Audience.
func (f *feed) Refs(h ledger.Hint) (refs []ledger.Ref, ready bool) {
	l := f.ledger.Load()
	refs = l.Refs(h)
	return refs, l.Ready(refs)
}

// Hinted implements watch.Audience.
func (f *feed) Hinted(h ledger.Hint) { f.stats.push.hints[f.hintKind(h)].Add(1) }

// Pushed implements watch.Audience.
func (f *feed) Pushed(hints []ledger.Hint, refs []ledger.Ref, seen []ledger.Parameter) []ledger.Ref {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	var deleted []ledger.Ref
	before := f.ledger.Load()
	made := map[ledger.Ref]bool{} // said to be there
	for _, h := range hints {
		for _, ref := range before.Refs(h) {
			if h.Deletes() {
				deleted = append(deleted, ref)
			} else {
				made[ref] = true
			}
		}
	}
	next, unchanged, events := before.ApplyPushed(refs, deleted, seen, now)
	f.adopt(next, events)
	for _, ref := range refs {
		if f.lines[ref.Line].Label != "" {
			f.pushed[ref.Line] = now
		}
	}
	logEvents(events)
	if next != before {
		f.keeper.kick()
	}
	if len(unchanged) < len(refs) && f.loaded() {
		f.stats.origin.Store(int32(fromPush))
	}
	f.noteLatency(hints, events, now)
	for _, ref := range refs {
		missing := !slices.ContainsFunc(seen, func(p ledger.Parameter) bool { return p.Name == ref.Name && p.Line == ref.Line })
		if missing && made[ref] && !slices.Contains(unchanged, ref) {
			unchanged = append(unchanged, ref) // deleted and made anew, and the read was out of date
		}
	}
	f.pushing.unread.over("push works again: parameters are read as it says")
	return unchanged
}

// noteLatency notes how long after its first hint each parameter came into force.
func (f *feed) noteLatency(hints []ledger.Hint, events []ledger.Event, now time.Time) {
	done := map[ledger.Ref]bool{}
	for _, e := range events {
		switch e.Kind {
		case ledger.Added, ledger.Flipped, ledger.Changed:
		default:
			continue // those of the brake have no source
		}
		ref := ledger.Ref{Line: e.Source.Line, Name: e.Source.Parameter}
		var first time.Time
		for _, h := range hints {
			if h.At.After(now.Add(-oldest)) && (first.IsZero() || h.At.Before(first)) && slices.Contains(f.ledger.Load().Refs(h), ref) {
				first = h.At
			}
		}
		if !first.IsZero() && !done[ref] {
			done[ref] = true
			f.stats.push.latency.add(max(0, now.Sub(first)))
		}
	}
}

// Unread implements watch.Audience.
func (f *feed) Unread(err error) {
	f.pushing.unread.begins("push read nothing, and sweeps go on: %v", err)
}

// Emptied implements watch.Audience.
func (f *feed) Emptied() {
	f.pushing.unread.over("push works again: what it could not read is left to sweeps")
}

// Lost implements watch.Audience.
func (f *feed) Lost(err error) {
	f.stats.push.up.Store(pushDown)
	f.pushing.lost.begins("push failed, and sweeps go on: %v", err)
}

// Found implements watch.Audience.
func (f *feed) Found() {
	f.stats.push.up.Store(pushUp)
	f.pushing.lost.over("push works again")
}

// pushing is what has been said of push, since when there has been somebody to tell, and which labels
// it has read.
type pushing struct {
	lost, unread trouble
	since        time.Time
	pushed       map[int]time.Time // by line
	unsure       []ledger.Ref      // those that the last sweep may have read before push did
}

// sweep is the ledger after a sweep, but for the labels that push has read since it began: one may be moved
// back, so that no version tells which of the two reads is newer. They are read once more. That one is
// not there counts all the same: of a label that is taken away nobody but a sweep tells.
func (f *feed) sweep(before *ledger.Ledger, seen []ledger.Parameter, began, now time.Time) (*ledger.Ledger, []ledger.Event) {
	sure := func(line int) bool { return f.pushed[line].Before(began) }
	f.unsure = nil
	for i, line := range f.lines {
		if !sure(i) {
			f.unsure = append(f.unsure, ledger.Ref{Line: i, Name: line.Selector()})
		}
	}
	if len(f.unsure) == 0 {
		return before.Apply(seen, now)
	}
	found := f.perLine(seen)
	seen = slices.DeleteFunc(slices.Clone(seen), func(p ledger.Parameter) bool { return !sure(p.Line) })
	return before.ApplyLines(func(line int) bool { return sure(line) || found[line] == 0 }, seen, now)
}

// missed counts what a sweep found that push should have told before. A version that before, the
// ledger until then, has known already is not counted: push may have told of it, and it comes into
// force only now for others' sake. What changed while nobody listened may be told yet. When a label
// was moved nobody says.
func (f *feed) missed(before *ledger.Ledger, events []ledger.Event, now time.Time) {
	counted := map[string]bool{}
	for _, e := range events {
		switch e.Kind {
		case ledger.Added, ledger.Flipped, ledger.Changed, ledger.Removed, ledger.Rejected:
			at := e.Source.Modified
			told := at.Before(f.pushing.since) || now.Sub(at) <= overdue || before.Has(e.Source) // or may be yet
			if f.lines[e.Source.Line].Label == "" && !told && !counted[e.Source.Parameter] {
				counted[e.Source.Parameter] = true
				f.stats.push.missed.Add(1)
			}
		}
	}
}
