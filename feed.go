package versionalias

import (
	"cmp"
	"context"
	"maps"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/octoenergy/versionalias/plugin/alias"
	"github.com/octoenergy/versionalias/plugin/ledger"
	"github.com/octoenergy/versionalias/plugin/paramdir"
	"github.com/octoenergy/versionalias/plugin/paramstore"
	"github.com/octoenergy/versionalias/plugin/snapshot"
	"github.com/octoenergy/versionalias/plugin/status"
	"github.com/octoenergy/versionalias/plugin/watch"
)

// config is what a block of the Corefile says.
type config struct {
	served    []alias.Name // the zones of the server block
	zones     []alias.Name // those of them that have aliases
	lines     []ledger.Line
	directory string // "" for Parameter Store
	store     paramstore.Config
	snapshot  snapshot.File // without a path if there is none
	refresh   time.Duration
	flatten   bool
	verify    bool
	push      string // the URL of a queue, or ""
	statusAt  string // the address of the status page, or ""
}

// feed is the way from the source to the table: what was seen goes into the
// ledger, and the ledger's table to publish. It is its watcher's Observer, its prober's
// Jury and its pusher's Audience, each of which has a goroutine; others read its ledger
// and stats.
type feed struct {
	config
	source  watch.Source
	place   string            // where source reads
	dir     *paramdir.Dir     // the source, if it is a directory
	store   *paramstore.Store // the source, if it is Parameter Store
	watcher *watch.Watcher
	prober  *watch.Prober // nil if nothing is to be verified
	pusher  *watch.Pusher // nil if nobody tells of changes
	publish func(*alias.Table)
	keeper  keeper

	mu     sync.Mutex // held while the ledger becomes another one
	ledger atomic.Pointer[ledger.Ledger]
	flips  atomic.Pointer[[]status.Flip] // the newest first
	listed atomic.Pointer[listing]
	stats  stats
	state  state
	pushing

	before    []*feed             // until the start: those that read what this reads
	queued    []*feed             // the same: those that take hints from the queue that this does, whatever they read
	heirOf    []*feed             // the same: those of before that know it, which this takes over from
	inherited []*ledger.Ledger    // what those knew
	counts    counts              // those of them that it goes on counting for
	brought   []ledger.Event      // what its Corefile changes of that, and then its own first sweep: to be logged at the start
	own       *[]ledger.Parameter // what its own first sweep has seen, or nil
	waits     bool                // until the start, which may fail: others run, and it is theirs to say how the source is
	failure   error               // of its own first sweep, until then
	due       bool                // a sweep is, at once, until one is complete: the feeds before had hints of what they have not read
	robbed    bool                // a feed before robs it
}

// counts is the feeds whose counts another one goes on with, by the parts of these.
type counts map[part][]*feed

// part is a part of what a feed counts and tells: the flips of a zone, what the aliases of
// a zone have left that a line has, or if both are empty what is of no zone.
type part struct {
	zone alias.Name
	line string
}

// partOf is the part of a line.
func partOf(zone alias.Name, line ledger.Line) part {
	return part{zone, line.Reads() + " " + string(line.Rule.Name)}
}

// stats is what the metrics show of a feed.
type stats struct {
	swept    atomic.Int64 // when the last complete sweep ended, in Unix nanoseconds; 0 before the first
	took     atomic.Int64 // how long it took, in nanoseconds
	interval atomic.Int64 // between two sweeps by now, in nanoseconds; 0 is the refresh
	origin   atomic.Int32 // where what is in force was read last
	recalled atomic.Bool  // no sweep was complete since a snapshot was read
	flips    map[alias.Name]*atomic.Uint64
	believed atomic.Uint64 // older versions
	push     pushStats
}

// origin is where what is in force was read last.
type origin int32

// The origins.
const (
	fromNone origin = iota
	fromSnapshot
	fromSweep
	fromPush
	origins
)

func (o origin) String() string { return [origins]string{"none", "snapshot", "sweep", "push"}[o] }

// newFeed wires a feed. It starts nothing and calls nobody.
func newFeed(c config, publish func(*alias.Table), v watch.Verifier) (*feed, error) {
	f := &feed{config: c, publish: publish}
	f.stats.flips = map[alias.Name]*atomic.Uint64{}
	for _, zone := range c.zones {
		f.stats.flips[zone] = new(atomic.Uint64)
	}
	f.ledger.Store(f.empty())
	if c.directory != "" {
		f.dir = paramdir.New(filepath.Clean(c.directory), c.lines)
		f.source, f.place = f.dir, f.dir.Place()
	} else {
		store, err := paramstore.New(context.Background(), c.store, c.lines)
		if err != nil {
			return nil, err
		}
		f.store, f.source, f.place = store, store, store.Place()
	}
	f.watcher = watch.New(f.source, c.refresh, f)
	if c.push != "" {
		queue, err := f.store.Queue(c.push)
		if err != nil {
			return nil, err
		}
		f.pusher = watch.NewPusher(queue, f.source, f)
	}
	if c.verify {
		f.prober = watch.NewProber(v, f)
	}
	f.keeper = keeper{feed: f, changed: make(chan struct{}, 1)}
	return f, nil
}

// empty is a ledger that has seen nothing yet.
func (f *feed) empty() *ledger.Ledger {
	interval := max(f.refresh, time.Duration(f.stats.interval.Load())) // of those it takes over from
	return ledger.New(f.lines, ledger.Trust{Interval: interval, Verify: f.verify, Files: f.directory != ""})
}

// inherit takes over what other feeds know of the same source, on a reload of the
// Corefile, and goes on with the counts of some of them. So a reload loses nothing,
// whatever becomes of the source. Of what more than one of them reads, what the first has
// in force stays, until something newer may come into force here.
func (f *feed) inherit(from []*feed, counts counts) {
	f.heirOf, f.counts = from, counts
	f.take()
}

// slow makes sweeps as far apart as those before f have them which are throttled.
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
		var more []ledger.Event
		next, more = next.Apply(*f.own, time.Now())
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

// turned is the flips from what the feeds that f is the heir of have in force to what next
// has. They are the Corefile's own: it may have another template, or verify nothing now.
func (f *feed) turned(next *ledger.Ledger) (flips []ledger.Event) {
	for e := range next.Table().All() {
		for i, l := range f.inherited {
			before := l.Table().Get(e.Name)
			if before == nil || !f.goesOn(f.heirOf[i], before.Zone, before) {
				continue
			}
			if before.Target != e.Target {
				flips = append(flips, ledger.Event{Kind: ledger.Flipped, Source: e.Source, Before: before, After: e})
			}
			break
		}
	}
	slices.SortFunc(flips, func(a, b ledger.Event) int { return cmp.Compare(a.After.Name, b.After.Name) })
	return flips
}

// fault is what is wrong with a version of a parameter; if that is nothing, the version waits.
type fault struct {
	parameter string
	version   int64
	text      string
}

func faultOf(s alias.Source, err error) fault {
	if err == nil {
		return fault{s.Parameter, s.Version, ""}
	}
	return fault{s.Parameter, s.Version, err.Error()}
}

// faulted is the documents that next rejects, and none of the feeds that f is the heir of
// did for that fault: another Corefile may have other zones, or no template. What waits there to be
// verified is no news: it collides as long as others have not made way for it. And a brake.
func (f *feed) faulted(next *ledger.Ledger) (faults []ledger.Event) {
	said := map[fault]bool{}
	for _, l := range f.inherited {
		for _, r := range l.Rejections() {
			said[faultOf(r.Source, r.Err)] = true
		}
		for _, w := range l.Waiting() {
			said[faultOf(w.Source, nil)] = true
		}
	}
	for _, r := range next.Rejections() {
		if !said[faultOf(r.Source, r.Err)] && !said[faultOf(r.Source, nil)] {
			faults = append(faults, ledger.Event{Kind: ledger.Rejected, Source: &r.Source, Reason: r.Reason, Err: r.Err, Stays: r.Stays})
		}
	}
	if n := next.Braked(); n > 0 {
		faults = append(faults, ledger.Event{Kind: ledger.Braked, Count: n, Of: next.Table().Len()})
	}
	return faults
}

// braked reports whether one of the feeds that f is the heir of has a brake on.
func (f *feed) braked() bool {
	return slices.ContainsFunc(f.inherited, func(l *ledger.Ledger) bool { return l.Braked() > 0 })
}

// stands reports whether what e tells is so yet: a document that is rejected may be out of date by
// now, and a brake off again, or told of before. That one is off is told of all blocks together, see conclude.
func (f *feed) stands(e ledger.Event) bool {
	switch e.Kind {
	case ledger.Rejected:
		return slices.ContainsFunc(f.ledger.Load().Rejections(), func(r ledger.Rejection) bool {
			return faultOf(r.Source, r.Err) == faultOf(*e.Source, e.Err)
		})
	case ledger.Braked:
		return f.ledger.Load().Braked() > 0 && !f.braked()
	case ledger.Unbraked:
		return false
	}
	return true
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

// has reports whether f reads what line does.
func (f *feed) has(line ledger.Line) bool {
	return slices.ContainsFunc(f.lines, func(own ledger.Line) bool { return own.Reads() == line.Reads() })
}

// parts is all parts that f has.
func (f *feed) parts() map[part]bool {
	parts := map[part]bool{{}: true}
	for _, zone := range f.zones {
		parts[part{zone: zone}] = true
		for _, line := range f.lines {
			parts[partOf(zone, line)] = true
		}
	}
	return parts
}

// follows reports whether o reads anything that f reads.
func (f *feed) follows(o *feed) bool {
	return f.place == o.place && slices.ContainsFunc(o.lines, f.has)
}

// covers reports whether f reads all that o reads.
func (f *feed) covers(o *feed) bool {
	return !slices.ContainsFunc(o.lines, func(line ledger.Line) bool { return !f.has(line) })
}

// sharesQueue reports whether f and o take hints from one queue.
func (f *feed) sharesQueue(o *feed) bool {
	return f.pusher != nil && o.pusher != nil && f.push == o.push
}

// robs reports whether f deletes hints from o's queue that are o's: they are foreign to f.
func (f *feed) robs(o *feed) bool { return f.sharesQueue(o) && (f.place != o.place || !f.covers(o)) }

// shares is how much of what f reads is known to o. Of two that know as much, it
// is more for the one with the same zones, and the same lines.
func (f *feed) shares(o *feed) int {
	if f.place != o.place {
		return 0
	}
	known := o.ledger.Load()
	n := 0
	for _, line := range f.lines {
		if known.Knows(line) {
			n += 4
		}
	}
	if n > 0 && slices.Equal(f.zones, o.zones) {
		n += 2
	}
	if n > 0 && reflect.DeepEqual(f.lines, o.lines) {
		n++
	}
	return n
}

// load makes the first table: by what is inherited, by a snapshot, or else by a
// sweep. It keeps nothing open.
func (f *feed) load(ctx context.Context) {
	if f.heirOf == nil {
		f.keeper.restore()
	}
	if f.loaded() {
		return
	}
	f.watcher.Hasten()
	f.watcher.Sweep(ctx)
	f.source.Release()
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
		f.due = f.own != nil // of what is gone, or went back, no version tells which is newer
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
		f.due = f.due || old.due
		old.mu.Unlock()
		switch {
		case old.pusher == nil:
		case f.sharesQueue(old):
			f.pushing.since = old.pushing.since
		default:
			f.due = f.due || old.pusher.Held() || old.pusher.Unread()
		}
	}
	for _, old := range f.queued {
		f.due = f.due || old.pusher.Held() // those come again late
		f.pushing.lost, f.pushing.unread = old.pushing.lost, old.pushing.unread
		f.pusher.Succeed(old.pusher)
		f.stats.push.up.Store(old.stats.push.up.Load())
	}
	f.due = f.due || f.robbed
	if f.pushing.since.IsZero() {
		f.pushing.since = time.Now()
	}
	f.waits = false
	f.before, f.queued, f.heirOf, f.inherited, f.counts, f.brought, f.own, f.failure = nil, nil, nil, nil, nil, nil, nil, nil
}

// run keeps the table up to date until ctx is done. It is to be called after succeed.
func (f *feed) run(ctx context.Context) {
	if f.keeper.written == 0 { // or it has what it was read for, and of other lines as well
		f.keeper.kick() // the Corefile may name a new file
	}
	if !f.loaded() || f.stats.recalled.Load() { // which may be long out of date
		f.watcher.Hasten()
	} else if f.due {
		f.watcher.Hint()
	}
	var wg, keeping sync.WaitGroup
	changing, changed := context.WithCancel(context.WithoutCancel(ctx)) // the last change is to be kept as well
	keeping.Go(func() { f.keeper.run(changing) })
	if f.dir != nil {
		wg.Go(func() {
			waits := func(err error) { log.Warningf("a flip waits for the next sweep: %v", err) }
			if err := f.dir.Watch(ctx, f.watcher.Hint, waits); err != nil {
				waits(err)
			}
		})
	}
	if f.prober != nil {
		wg.Go(func() { f.prober.Run(ctx) })
	}
	if f.pusher != nil {
		wg.Go(func() { f.pusher.Run(ctx) })
	}
	f.watcher.Run(ctx)
	wg.Wait()
	changed()
	keeping.Wait()
	if f.pusher != nil {
		f.source.Release() // it may have read after the watcher did
	}
}

// loaded reports whether a complete sweep has seen all that f reads, be it in
// another process that left a snapshot.
func (f *feed) loaded() bool { return !f.ledger.Load().Table().Partial() }

// Swept implements watch.Observer.
func (f *feed) Swept(seen []ledger.Parameter, took time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	if f.heirOf != nil {
		f.own = &seen
	}
	first := !f.loaded()
	f.pace()
	before := f.ledger.Load()
	next, events := before.Apply(seen, now)
	f.adopt(next, events)
	if !f.waits {
		f.state.swept(f.refresh, f.watcher.Interval())
	}
	if !rereads(next, now) {
		f.state.unread.over(nothingLeft)
	}
	f.report(events, first, seen)
	if f.pusher != nil && !first {
		f.missed(before, events, now)
	}
	f.stats.took.Store(int64(took))
	f.stats.swept.Store(now.UnixNano())
	f.stats.origin.Store(int32(fromSweep))
	f.stats.recalled.Store(false)
	f.due = false
	f.keeper.swept(next != before, now)
}

// pace takes note of how far apart sweeps are by now. The caller holds f.mu.
func (f *feed) pace() {
	f.stats.interval.Store(int64(f.watcher.Interval()))
	f.ledger.Store(f.ledger.Load().Paced(f.watcher.Interval()))
}

// Read implements watch.Observer.
func (f *feed) Read(refs []ledger.Ref, seen []ledger.Parameter) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := f.ledger.Load()
	next, events := before.ApplyRead(refs, seen, time.Now())
	f.adopt(next, events)
	f.state.read()
	for _, e := range events {
		logEvent(e)
	}
	if next != before {
		f.keeper.kick()
	}
}

// Failed implements watch.Observer.
func (f *feed) Failed(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pace()
	if f.waits {
		f.failure = err
		return
	}
	f.state.failed(err, f.watcher.Next())
}

// ReadFailed implements watch.Observer.
func (f *feed) ReadFailed(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pace()
	f.state.readFailed(err, f.watcher.Next())
}

// Due implements watch.Observer.
func (f *feed) Due(now time.Time) ([]ledger.Ref, time.Time) { return f.ledger.Load().Due(now) }

// Probes implements watch.Jury.
func (f *feed) Probes(now time.Time, most int) ([]ledger.Probe, time.Time) {
	return f.ledger.Load().Probes(now, most)
}

// Answered implements watch.Jury.
func (f *feed) Answered(answers []ledger.Answer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := f.ledger.Load()
	next, events := before.ApplyAnswers(answers, time.Now())
	f.adopt(next, events)
	for _, e := range events {
		logEvent(e)
	}
	if next.Table() != before.Table() {
		f.keeper.kick()
	}
}

// adopt puts what next has in force in force, and counts the events on the way.
func (f *feed) adopt(next *ledger.Ledger, events []ledger.Event) {
	f.publish(next.Table())
	if f.ledger.Swap(next) != next {
		f.listed.Store(nil)
	}
	if f.prober != nil {
		f.prober.Hint()
	}
	for _, e := range events {
		switch e.Kind {
		case ledger.Flipped:
			f.note(e)
			f.stats.flips[e.After.Zone].Add(1)
		case ledger.Believed:
			f.stats.believed.Add(1)
		}
	}
}
