package versionalias

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/coredns/coredns/plugin"

	"github.com/octoenergy/versionalias/plugin/ledger"
)

// startTimeout is how long a start waits for the first sweep, of all server
// blocks together.
const startTimeout = 5 * time.Second

// instance is all plugins of one Corefile: a reload starts another before it
// stops the one there is. Load, run and stop are called in that order, and run
// is not if the start fails. After the first of run and stop, run does nothing.
type instance struct {
	plugins []*VersionAlias
	before  []*feed // until it runs: those that ran at its load
	clock   clock
	once    sync.Once // of run
	cancel  context.CancelFunc
	loops   sync.WaitGroup
}

// load gives every plugin its first table. It leaves nothing behind, since an
// instance that fails to start later is dropped without a word.
func (i *instance) load() error {
	if err := statuses.listen(i.statuses()); err != nil {
		return plugin.Error(pluginName, err)
	}
	running.bequeath(i)
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	var wg sync.WaitGroup
	for _, v := range i.plugins {
		wg.Go(func() { v.feed.load(ctx) })
	}
	wg.Wait()
	return nil
}

// run starts the loops.
func (i *instance) run() { i.once.Do(i.begin) }

func (i *instance) begin() {
	ctx, cancel := context.WithCancel(context.Background())
	i.cancel = cancel
	for _, v := range i.plugins {
		v.feed.succeed()
	}
	i.conclude()
	i.loops.Go(func() { i.clock.keep(ctx) })
	for _, v := range i.plugins {
		i.loops.Go(func() { v.feed.run(ctx) })
	}
	running.add(i)
	statuses.settle()
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
	i.before = nil
}

// statuses is the addresses of the status pages.
func (i *instance) statuses() []string {
	var addrs []string
	for _, v := range i.plugins {
		if v.feed.statusAt != "" {
			addrs = append(addrs, v.feed.statusAt)
		}
	}
	return addrs
}

// stop ends the loops and waits for that.
func (i *instance) stop() error {
	i.once.Do(func() {})
	if i.cancel != nil {
		i.cancel()
	}
	i.loops.Wait()
	running.remove(i) // it is told of until it is over
	statuses.close()
	return nil
}

// loaded reports whether every plugin has had a complete sweep, or a good snapshot.
func (i *instance) loaded() bool {
	return !slices.ContainsFunc(i.plugins, func(v *VersionAlias) bool { return !v.feed.loaded() })
}

// running is the instances of this process, for those who ask for all of them.
var running instances

type instances struct {
	mu  sync.Mutex
	all []*instance
}

func (r *instances) add(i *instance) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, i)
}

func (r *instances) remove(i *instance) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = slices.DeleteFunc(r.all, func(o *instance) bool { return o == i })
}

// turn stops those that are not in live, and runs those that are.
func (r *instances) turn(live []*instance) {
	r.mu.Lock()
	all := slices.Clone(r.all)
	r.mu.Unlock()
	for _, i := range all {
		if !slices.Contains(live, i) {
			_ = i.stop() // it never fails
		}
	}
	for _, i := range live {
		i.run()
	}
}

// bequeath gives the plugins of i, which is about to start, what running ones
// know of the same source: first those that know the most of it.
func (r *instances) bequeath(i *instance) {
	i.before = r.feeds()
	heirs := map[*feed]counts{}
	for _, v := range i.plugins {
		heirs[v.feed] = counts{}
	}
	for _, o := range i.before {
		i.divide(o, heirs)
	}
	for _, v := range i.plugins {
		f := v.feed
		f.waits = len(i.before) > 0
		var from []*feed
		for _, o := range i.before {
			if f.follows(o) {
				f.before = append(f.before, o)
			}
			if f.place == o.place && f.sharesQueue(o) {
				f.queued = append(f.queued, o)
			}
			if f.shares(o) > 0 {
				from = append(from, o)
			}
			f.robbed = f.robbed || o.robs(f)
		}
		f.slow()
		own := func(o *feed) int { // of two that know as much
			if slices.Contains(heirs[f][part{}], o) {
				return 1
			}
			return 0
		}
		slices.SortStableFunc(from, func(a, b *feed) int { return cmp.Or(f.shares(b)-f.shares(a), own(b)-own(a)) })
		if len(from) > 0 {
			f.inherit(from, heirs[f])
		}
	}
}

// divide notes in heirs who goes on with what o has counted and told. What an alias has led
// to is told by a feed with its line, or if there is none, by that with its zone; if that is
// gone, by all of them: the name may be in another zone of theirs.
func (i *instance) divide(o *feed, heirs map[*feed]counts) {
	var sharing sharers
	for _, v := range i.plugins {
		if n := v.feed.shares(o); n > 0 {
			sharing = append(sharing, sharer{v.feed, n, v.feed.parts()})
		}
	}
	give := func(p part, f *feed) { heirs[f][p] = append(heirs[f][p], o) }
	if heir := sharing.heir(part{}, heirs); heir != nil {
		give(part{}, heir)
	}
	for _, zone := range o.zones {
		parts := []part{{zone: zone}}
		for _, line := range o.lines {
			parts = append(parts, partOf(zone, line))
		}
		whole := sharing.heir(parts[0], heirs)
		for _, p := range parts {
			if heir := cmp.Or(sharing.heir(p, heirs), whole); heir != nil {
				give(p, heir)
				continue
			}
			for _, s := range sharing {
				give(p, s.feed)
			}
		}
	}
}

// sharers are the feeds that know some of what another one does.
type sharers []sharer

type sharer struct {
	*feed
	n   int // how much of it, see shares
	has map[part]bool
}

// heir is the feed that goes on with a part of what the other has counted and told, or nil: the one
// with that zone and line that knows the most of what that does, and of two such the one that has
// less to go on with by heirs, as for two views of a zone. So each is counted once.
func (s sharers) heir(p part, heirs map[*feed]counts) *feed {
	var heir *feed
	most := 0
	for _, f := range s {
		if !f.has[p] {
			continue
		}
		if f.n > most || f.n == most && len(heirs[f.feed][p]) < len(heirs[heir][p]) {
			most, heir = f.n, f.feed
		}
	}
	return heir
}

// statuses is the addresses of all status pages.
func (r *instances) statuses() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var addrs []string
	for _, i := range r.all {
		addrs = append(addrs, i.statuses()...)
	}
	return addrs
}

// feeds is those of all plugins.
func (r *instances) feeds() []*feed {
	r.mu.Lock()
	defer r.mu.Unlock()
	var feeds []*feed
	for _, i := range r.all {
		for _, v := range i.plugins {
			feeds = append(feeds, v.feed)
		}
	}
	return feeds
}
