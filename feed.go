package versionalias

import (
	"context"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/octoenergy/versionalias/plugin/alias"
	"github.com/octoenergy/versionalias/plugin/ledger"
	"github.com/octoenergy/versionalias/plugin/paramdir"
	"github.com/octoenergy/versionalias/plugin/paramstore"
	"github.com/octoenergy/versionalias/plugin/watch"
)

// config is what a block of the Corefile says.
type config struct {
	served    []alias.Name // the zones of the server block
	zones     []alias.Name // those of them that have aliases
	lines     []ledger.Line
	directory string // "" for Parameter Store
	store     paramstore.Config
	refresh   time.Duration
	flatten   bool
}

// feed is the way from the source to the table: what a sweep saw goes into the
// ledger, and the ledger's table to publish. It is for one goroutine, but for
// what others read: ledger, stats.
type feed struct {
	config
	source  watch.Source
	dir     *paramdir.Dir     // the source, if it is a directory
	store   *paramstore.Store // the source, if it is Parameter Store
	watcher *watch.Watcher
	publish func(*alias.Table)

	ledger  atomic.Pointer[ledger.Ledger]
	stats   stats
	outages int // failed sweeps since the last complete one

	heirOf    *feed // until the start: what this takes over from
	inherited *ledger.Ledger
}

// stats is what the metrics show of a feed.
type stats struct {
	swept atomic.Int64 // when the last complete sweep ended, in Unix nanoseconds; 0 before the first
	took  atomic.Int64 // how long it took, in nanoseconds
	flips map[alias.Name]*atomic.Uint64
}

// patience is after how many intervals without it a parameter is given up.
const patience = 2

// newFeed wires a feed. It starts nothing and calls nobody.
func newFeed(c config, publish func(*alias.Table)) (*feed, error) {
	f := &feed{config: c, publish: publish}
	f.stats.flips = map[alias.Name]*atomic.Uint64{}
	for _, zone := range c.zones {
		f.stats.flips[zone] = new(atomic.Uint64)
	}
	f.ledger.Store(ledger.New(c.lines, patience*c.refresh))
	if c.directory != "" {
		f.dir = paramdir.New(filepath.Clean(c.directory), c.lines)
		f.source = f.dir
	} else {
		store, err := paramstore.New(context.Background(), c.store, c.lines)
		if err != nil {
			return nil, err
		}
		f.store, f.source = store, store
	}
	f.watcher = watch.New(f.source, c.refresh, f.swept, f.failed)
	return f, nil
}

// inherit takes over what another feed knows of the same source, on a reload of
// the Corefile. So a reload loses nothing, whatever becomes of the source.
func (f *feed) inherit(old *feed) {
	f.heirOf = old
	for zone, flips := range old.stats.flips {
		if f.stats.flips[zone] != nil {
			f.stats.flips[zone] = flips
		}
	}
	f.take()
}

// take takes what the feed that f is the heir of knows by now.
func (f *feed) take() {
	old := f.heirOf
	f.inherited = old.ledger.Load()
	next := ledger.New(f.lines, patience*f.refresh).Inherit(f.inherited, time.Now())
	f.ledger.Store(next)
	f.publish(next.Table())
	if next.KnownTo(f.inherited) {
		f.stats.swept.Store(old.stats.swept.Load())
		f.stats.took.Store(old.stats.took.Load())
	}
}

// sameSource reports whether f and o read from one place.
func (f *feed) sameSource(o *feed) bool {
	return f.directory == o.directory && f.config.store == o.config.store
}

// load makes the first table: by a sweep, unless all is inherited. It keeps
// nothing open.
func (f *feed) load(ctx context.Context) {
	if f.loaded() {
		return
	}
	f.watcher.Sweep(ctx)
	f.source.Release()
}

// run keeps the table up to date until ctx is done.
func (f *feed) run(ctx context.Context) {
	if f.heirOf != nil && f.ledger.Load().KnownTo(f.inherited) && f.heirOf.ledger.Load() != f.inherited {
		f.take() // it has seen more since
	}
	f.heirOf, f.inherited = nil, nil
	var wg sync.WaitGroup
	if f.dir != nil {
		wg.Go(func() {
			if err := f.dir.Watch(ctx, f.watcher.Hint); err != nil {
				log.Warningf("a flip waits for the next sweep: %v", err)
			}
		})
	}
	f.watcher.Run(ctx)
	wg.Wait()
}

// loaded reports whether there was a complete sweep.
func (f *feed) loaded() bool { return f.stats.swept.Load() != 0 }

func (f *feed) swept(seen []ledger.Parameter, took time.Duration) {
	now := time.Now()
	next, events := f.ledger.Load().Apply(seen, now)
	f.publish(next.Table())
	f.ledger.Store(next)
	for _, e := range events {
		if e.Kind == ledger.Flipped {
			f.stats.flips[e.After.Zone].Add(1)
		}
	}
	if f.outages > 0 {
		log.Infof("sweep works again, after %d that failed", f.outages)
		f.outages = 0
	}
	f.report(events, len(seen))
	f.stats.took.Store(int64(took))
	f.stats.swept.Store(now.UnixNano())
}

// report logs events, a line for each, but for the aliases of the first sweep:
// nothing changed for those who ask.
func (f *feed) report(events []ledger.Event, parameters int) {
	first := !f.loaded()
	for _, e := range events {
		switch {
		case e.Kind == ledger.Rejected:
			log.Warning(e.String())
		case !first || e.Kind != ledger.Added:
			log.Info(e.String())
		}
	}
	if !first {
		return
	}
	if aliases := f.ledger.Load().Table().Len(); aliases > 0 {
		log.Infof("loaded %d aliases from %d parameters", aliases, parameters)
	} else {
		log.Warningf("loaded no alias from %d parameters: canonical names are left to the plugins below", parameters)
	}
}

// failed is told a sweep that was not complete. The first of an outage is
// logged, and its end is.
func (f *feed) failed(err error) {
	if f.outages == 0 {
		log.Warningf("sweep failed, and what is in force stays: %v", err)
	}
	f.outages++
}
