package versionalias

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/coredns/coredns/plugin"

	"github.com/octoenergy/versionalias/plugin/alias"
	"github.com/octoenergy/versionalias/plugin/ledger"
	"github.com/octoenergy/versionalias/plugin/status"
)

// handover is what a feed has of those before it, on a reload of the Corefile, until its start.
type handover struct {
	before    []*feed                  // those that read what this reads
	queued    []*feed                  // those that take hints from the queue that this does, whatever they read
	heirOf    []*feed                  // those of before that know it, which this takes over from
	inherited []*ledger.Ledger         // what those knew
	counts    counts                   // those of them that it goes on counting for
	brought   []ledger.Event           // what its Corefile changes of that, and then its own first sweep: to be logged at the start
	atLoad    map[*feed]*ledger.Ledger // what those before knew at the load
	own       *[]ledger.Parameter      // what its own first sweep has seen, or nil
	failure   error                    // of its own first sweep
	restored  bool                     // a snapshot is in force, and none of it may be lost: this takes over from nobody
	waits     bool                     // the start may fail: others run, and it is theirs to say how the source is
	robbed    bool                     // a feed before robs it
}

// inherit gives the plugins of i what those before know of the same source by now: first those that
// know the most of it.
func (i *instance) inherit() {
	heirs := map[*feed]counts{}
	i.heirs = heirs
	for _, v := range i.plugins {
		heirs[v.feed] = counts{}
	}
	for _, o := range i.before {
		i.divide(o, heirs)
	}
	for _, v := range i.plugins {
		f := v.feed
		f.meet(i.before)
		f.slow()
		if from := f.knowing(i.before, heirs[f]); len(from) > 0 && !f.restored {
			f.inherit(from, heirs[f])
		}
	}
}

// replaced is a feed before with aliases that f would answer instead of, and how many: they are in f's zones, and nobody
// there goes on with the line they are read from. The Corefile has another source now, or other lines. Or it is nil.
func (i *instance) replaced(f *feed) (o *feed, aliases int) {
	for _, o := range i.before {
		heirs := i.heirsOf(o)
		for e := range o.ledger.Load().Table().All() {
			goesOn := func(heir *feed) bool { return alias.Zone(e.Name, heir.zones) != "" }
			if goesOn(f) && !slices.ContainsFunc(heirs[e.Source.Line], goesOn) {
				aliases++
			}
		}
		if aliases > 0 {
			return o, aliases
		}
	}
	return nil, 0
}

// heirsOf is the feeds that read each of o's lines.
func (i *instance) heirsOf(o *feed) [][]*feed {
	heirs := make([][]*feed, len(o.lines))
	for n, line := range o.lines {
		for _, v := range i.plugins {
			if v.feed.place == o.place && v.feed.has(line) {
				heirs[n] = append(heirs[n], v.feed)
			}
		}
	}
	return heirs
}

// refuse is the error of a reload by which aliases would be gone, since those that are to replace them were not
// read, or are none: a word that is misspelt must not take all out of force.
func (i *instance) refuse() error {
	for _, v := range i.plugins {
		f := v.feed
		err := f.failure
		if f.loaded() {
			if f.heirOf != nil || f.ledger.Load().Table().Len() > 0 {
				continue
			}
			err = errors.New("found no alias")
		}
		if o, n := i.replaced(f); o != nil {
			return plugin.Error(pluginName, fmt.Errorf("replace %d aliases of %s: %w (%s)", n, o.place, err, f.place))
		}
	}
	return nil
}

// meet notes what f has to do with all that ran before, other than to take over from them.
func (f *feed) meet(all []*feed) {
	f.waits, f.before, f.queued = len(all) > 0, nil, nil
	if f.atLoad == nil {
		f.atLoad = map[*feed]*ledger.Ledger{}
	}
	for _, o := range all {
		if f.follows(o) {
			f.before = append(f.before, o)
			if f.atLoad[o] == nil {
				f.atLoad[o] = o.ledger.Load()
			}
		}
		if f.place == o.place && f.sharesQueue(o) {
			f.queued = append(f.queued, o)
		}
		f.robbed = f.robbed || o.robs(f)
	}
}

// knowing is those of all that know some of what f reads, first those that know the most. Of two that
// know as much, it is the one for which f goes on counting what is of no zone.
func (f *feed) knowing(all []*feed, counts counts) []*feed {
	var from []*feed
	knows := map[*feed]int{}
	for _, o := range all {
		if n := 2 * f.shares(o); n > 0 {
			if slices.Contains(counts[part{}], o) {
				n++
			}
			from, knows[o] = append(from, o), n
		}
	}
	slices.SortStableFunc(from, func(a, b *feed) int { return knows[b] - knows[a] })
	return from
}

// inherit takes over what other feeds know of the same source, on a reload of the
// Corefile, and goes on with the counts of some of them. So a reload loses nothing,
// whatever becomes of the source. Of what more than one of them reads, what the first has
// in force stays, until something newer may come into force here.
func (f *feed) inherit(from []*feed, counts counts) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.heirOf, f.counts = from, counts
	f.take()
}

// slow has f sweep no more often than the feeds before it that are throttled.
func (f *feed) slow() {
	for _, old := range f.before {
		if interval := time.Duration(old.stats.interval.Load()); interval > old.refresh {
			f.watcher.Slow(interval)
		}
	}
	f.pace() // the next one may take over before any sweep
}

// take takes what the feeds that f is the heir of know by now, and then what its own
// first sweep has seen: the ledger tells which is newer.
func (f *feed) take() {
	var m ledger.Memory
	f.inherited = nil
	for _, old := range f.heirOf {
		l := old.ledger.Load()
		m = m.Join(f.legacy(old, l))
		f.inherited = append(f.inherited, l)
	}
	next := f.empty().Recall(m, time.Now()).Inherit(f.inherited...)
	for i, l := range slices.Backward(f.inherited) { // the first has the last word
		next = next.Succeed(l, func(e *alias.Entry) bool { return f.goesOn(f.heirOf[i], e.Zone, e) }, time.Now())
	}
	f.count()
	events := f.turned(next)
	f.brought = slices.Concat(events, f.faulted(next))
	if f.own != nil {
		later := func(line int) bool { // the first that knows it has the last word
			i := slices.IndexFunc(f.inherited, func(l *ledger.Ledger) bool { return l.Knows(f.lines[line]) })
			return i < 0 || !f.outdated(line, f.heirOf[i])
		}
		seen := slices.DeleteFunc(slices.Clone(*f.own), func(p ledger.Parameter) bool { return !later(p.Line) })
		var more []ledger.Event
		next, more = next.ApplyLines(later, seen, time.Now())
		f.sweepDue = true // of what is gone, or went back, no version tells which is newer
		events = append(events, more...)
		f.brought = append(f.brought, slices.DeleteFunc(more, func(e ledger.Event) bool {
			return e.Kind == ledger.Added || e.Kind == ledger.Doubted // as of any first sweep, and of one before what those know
		})...)
	}
	f.adopt(next, events)
	if f.own == nil { // else the stats are of that sweep
		f.takeSweep()
	}
}

// outdated reports whether what f's own first sweep saw of a line may be older than what old knows by now: old
// has learnt something since the load, or if it knew nothing then, has swept later. Of labels and files no
// version tells which is newer; of all else one does.
func (f *feed) outdated(line int, old *feed) bool {
	if f.directory == "" && f.lines[line].Label == "" {
		return false
	}
	now, before := old.ledger.Load(), f.atLoad[old]
	if before == nil || !before.Knows(f.lines[line]) {
		return now.Knows(f.lines[line]) && old.stats.swept.Load() > f.stats.swept.Load()
	}
	return now.Learnt(before, f.lines[line])
}

// legacy is what l, the ledger of old, hands down to f. A drain is told by one feed only:
// another one may lead to the target. And what an alias has led to before is as the first
// feed has it that has the alias.
func (f *feed) legacy(old *feed, l *ledger.Ledger) ledger.Memory {
	m := l.Memory()
	m.Drains = slices.DeleteFunc(m.Drains, func(d ledger.Drain) bool { return !f.goesOn(old, d.Zone, l.Table().Get(d.Alias)) })
	maps.DeleteFunc(m.Previous, func(name alias.Name, _ []alias.Name) bool {
		return slices.ContainsFunc(f.inherited, func(first *ledger.Ledger) bool { return first.Table().Get(name) != nil })
	})
	return m
}

// goesOn reports whether f goes on to tell what an alias of old has left: e, or if that is
// nil one of zone that is gone.
func (f *feed) goesOn(old *feed, zone alias.Name, e *alias.Entry) bool {
	p := part{zone: zone}
	if e != nil {
		p = partOf(e.Zone, old.lines[e.Source.Line])
	}
	return slices.Contains(f.counts[p], old)
}

// takeSweep takes over when the feeds that f is the heir of have swept, and what else they have
// read: of their last complete sweeps, the least recent counts.
func (f *feed) takeSweep() {
	swept, from, recalled := int64(math.MaxInt64), fromPush, false
	for _, old := range f.heirOf {
		swept = min(swept, old.stats.swept.Load())
		known := fromSweep // of one that has not loaded all
		if old.stats.recalled.Load() {
			known, recalled = fromSnapshot, true
		}
		from = min(from, cmp.Or(origin(old.stats.origin.Load()), known))
	}
	f.stats.swept.Store(swept)
	f.stats.recalled.Store(recalled)
	if f.loaded() {
		f.stats.origin.Store(int32(from))
	}
	f.stats.took.Store(f.heirOf[0].stats.took.Load())
}

// count goes on with what others have counted.
func (f *feed) count() {
	believed := uint64(0)
	for _, old := range f.counts[part{}] {
		believed += old.stats.believed.Load()
	}
	f.stats.believed.Store(believed)
	f.stats.push.inherit(f.counts[part{}])
	var recent []status.Flip
	for _, zone := range f.zones {
		sum := uint64(0)
		for _, old := range f.counts[part{zone: zone}] {
			sum += old.stats.flips[zone].Load()
			for _, flip := range old.flipped() {
				if alias.Zone(alias.Name(flip.Alias), old.zones) == zone {
					recent = append(recent, flip)
				}
			}
		}
		f.stats.flips[zone].Store(sum)
	}
	f.remember(recent)
}

// stale reports whether those that f takes over from have seen more since.
func (f *feed) stale() bool {
	for i, old := range f.heirOf {
		if old.ledger.Load() != f.inherited[i] {
			return true
		}
	}
	return false
}

// succeed takes what those have seen until their end that f is the heir of, and lets go
// of them.
func (f *feed) succeed() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stats.push.inherit(f.counts[part{}]) // there are hints of which no ledger becomes another one
	f.slow()
	if f.stale() {
		f.take()
	} else if f.own == nil && f.heirOf != nil { // they may have swept, and seen no change
		f.takeSweep()
	}
	f.resume()
	for _, e := range f.brought {
		if f.stands(e) {
			logEvent(e)
		}
	}
	for _, old := range f.before {
		if old.snapshot.Path == f.snapshot.Path {
			f.keeper.pause = old.keeper.pause // that it cannot be written is said
		}
		old.mu.Lock()
		f.sweepDue = f.sweepDue || old.sweepDue || len(old.unsure) > 0
		old.mu.Unlock()
		switch {
		case old.pusher == nil:
		case f.sharesQueue(old):
			f.pushing.since = old.pushing.since
		default:
			f.sweepDue = f.sweepDue || old.pusher.Held() || old.pusher.Unread()
		}
	}
	for _, old := range f.queued {
		f.sweepDue = f.sweepDue || old.pusher.Held() // those come again late
		f.pushing.lost, f.pushing.unread = old.pushing.lost, old.pushing.unread
		f.pusher.Succeed(old.pusher)
		f.stats.push.up.Store(old.stats.push.up.Load())
	}
	f.sweepDue = f.sweepDue || f.robbed
	if f.pushing.since.IsZero() {
		f.pushing.since = time.Now()
	}
	f.handover = handover{}
}

// resume goes on with what the feeds before this one have said of its source, and then says what its
// own first sweep tells of it. A reload may bring another error: that is said, the same is not.
func (f *feed) resume() {
	if f.state.tried { // there were none
		return
	}
	for _, old := range f.before {
		old.mu.Lock()
		s := old.state
		old.mu.Unlock()
		if s.last.After(f.state.last) {
			f.state.last = s.last
		}
		f.state.throttled = f.state.throttled || s.throttled
		if !f.covers(old) && slices.ContainsFunc(f.before, f.covers) {
			continue // it may fail for what is not read here
		}
		if s.failures > f.state.failures {
			f.state.failures, f.state.failing = s.failures, s.failing
		}
		if len(f.state.unread) == 0 && (f.sweepDue || readsOn(f.ledger.Load(), time.Now())) { // or the sweep that is due tells
			f.state.unread = s.unread // else another heir goes on with it, or none: see conclude
		}
	}
	switch {
	case f.failure != nil:
		f.state.failed(f.failure, f.watcher.Next())
	case f.state.last.Before(time.Unix(0, f.stats.swept.Load())):
		f.state.swept(f.refresh, f.watcher.Interval())
	}
}

// late reports whether some that ran before have come to know since the load what they did not then.
func (i *instance) late() bool {
	return slices.ContainsFunc(i.plugins, func(v *VersionAlias) bool {
		return !v.feed.restored && slices.ContainsFunc(i.before, func(o *feed) bool {
			return v.feed.shares(o) > 0 && !slices.Contains(v.feed.heirOf, o)
		})
	})
}

// succeed takes what those before have seen until their end.
func (i *instance) succeed() {
	if i.late() {
		i.inherit()
	}
	var wg sync.WaitGroup
	for _, v := range i.plugins {
		wg.Go(v.feed.succeed)
	}
	wg.Wait()
	i.bequeath()
	i.conclude()
}

// conclude tells that what those before have told of is over, where none here goes on with it: the
// Corefile may have taken its line away.
func (i *instance) conclude() {
	for _, o := range i.before {
		goesOn := func(with func(*feed) bool) bool {
			return slices.ContainsFunc(i.plugins, func(v *VersionAlias) bool { return v.feed.follows(o) && with(v.feed) })
		}
		if o.ledger.Load().Braked() > 0 && !goesOn(func(f *feed) bool { return f.ledger.Load().Braked() > 0 }) {
			logEvent(ledger.Event{Kind: ledger.Unbraked})
		}
		if !goesOn(func(f *feed) bool { return len(f.state.unread) > 0 }) {
			o.mu.Lock()
			o.state.unread.over(nothingLeft)
			o.mu.Unlock()
		}
	}
	i.before, i.heirs = nil, nil
}
