package versionalias

import (
	"context"
	"math/rand/v2"
	"path/filepath"
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
	zones     []alias.Name // where aliases may be, also in zones of other blocks
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
	reached []reach           // by all server blocks, its own among them; of its own alone until the start
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

	handover
	replaces atomic.Bool // aliases that are in force by others, at a reload which is refused if it cannot be loaded
	sweepDue bool        // at once, and again soon until one is complete: the feeds before had hints of what they have not read
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
	for _, zone := range c.served {
		f.reached = append(f.reached, reach{zone: zone, own: true})
	}
	f.pushed = map[int]time.Time{}
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

// load makes the first table: by what is inherited, by a snapshot, or else by a
// sweep. It keeps nothing open.
func (f *feed) load(ctx context.Context) {
	if f.heirOf == nil {
		f.keeper.restore()
		f.restored = f.stats.recalled.Load()
	}
	if f.loaded() {
		return
	}
	f.watcher.Hasten()
	f.watcher.Sweep(ctx)
	for f.replaces.Load() && watch.Throttled(f.failure) && sleep(ctx, rand.N(f.watcher.Next())) { // no fault of the Corefile's
		f.watcher.Sweep(ctx)
	}
	f.source.Release()
}

// sleep waits for d, and reports whether ctx is not done yet.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// run keeps the table up to date until ctx is done. It is to be called after succeed.
func (f *feed) run(ctx context.Context) {
	if f.keeper.written == 0 { // or it has what it was read for, and of other lines as well
		f.keeper.kick() // the Corefile may name a new file
	}
	f.mu.Lock()
	due := f.sweepDue
	f.mu.Unlock()
	if due || !f.loaded() || f.stats.recalled.Load() { // which may be long out of date
		f.watcher.Hasten()
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
	began := time.Now().Add(-took) // not later, if this waits for Pushed
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	if f.waits {
		f.own, f.failure = &seen, nil
	}
	first := !f.loaded()
	f.pace()
	before := f.ledger.Load()
	next, events := f.sweep(before, seen, began, now)
	f.adopt(next, events)
	if !f.waits {
		f.state.swept(f.refresh, f.watcher.Interval())
	}
	if len(f.unsure) == 0 && !readsOn(next, now) {
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
	f.sweepDue = false
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
	f.unsure = slices.DeleteFunc(f.unsure, func(ref ledger.Ref) bool { return slices.Contains(refs, ref) })
	f.adopt(next, events)
	f.state.read()
	logEvents(events)
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
func (f *feed) Due(now time.Time) ([]ledger.Ref, time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	refs, next := f.ledger.Load().Due(now)
	for _, ref := range f.unsure {
		if !slices.Contains(refs, ref) {
			refs = append(refs, ref)
		}
	}
	return refs, next
}

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
	logEvents(events)
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
