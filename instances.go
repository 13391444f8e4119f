package versionalias

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/coredns/coredns/plugin"
)

// How long a start waits for the first sweep, of all server blocks together, and how long a
// reload waits for what is to be answered instead of what is: that goes on meanwhile.
const (
	startTimeout   = 5 * time.Second
	replaceTimeout = time.Minute
)

// instance is all plugins of one Corefile: a reload starts another before it
// stops the one there is. Load, run and stop are called in that order, and run
// is not if the start fails. After the first of run and stop, run does nothing.
type instance struct {
	plugins []*VersionAlias
	before  []*feed          // until it runs: those that ran at its load
	heirs   map[*feed]counts // until then: what each feed goes on counting for whom
	clock   clock
	once    sync.Once // of run
	cancel  context.CancelFunc
	loops   sync.WaitGroup
}

// load gives every plugin its first table. It leaves nothing behind, since an
// instance that fails to start later is dropped without a word. The error is that of a page's
// address, or of a reload that would lose aliases.
func (i *instance) load() error {
	if err := statuses.listen(i.pages()); err != nil {
		return plugin.Error(pluginName, err)
	}
	i.before = running.feeds()
	i.inherit()
	var wg sync.WaitGroup
	for _, v := range i.plugins {
		timeout := startTimeout
		if o, _ := i.replaced(v.feed); o != nil {
			timeout = replaceTimeout
			v.feed.replaces.Store(true)
		}
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), timeout)
			defer cancel()
			v.feed.load(ctx)
		})
	}
	wg.Wait()
	return i.refuse()
}

// run starts the loops.
func (i *instance) run() { i.once.Do(i.begin) }

func (i *instance) begin() {
	ctx, cancel := context.WithCancel(context.Background())
	i.cancel = cancel
	running.stand(i.before)
	i.succeed()
	i.loops.Go(func() { i.clock.keep(ctx) })
	for _, v := range i.plugins {
		i.loops.Go(func() { v.feed.run(ctx) })
	}
	running.add(i)
	statuses.endStart()
}

// pages is the addresses of the status pages.
func (i *instance) pages() []string {
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

// ready reports whether every plugin has had a complete sweep, or a good snapshot, or is to have it before it
// answers: until then what it replaces does.
func (i *instance) ready() bool {
	return !slices.ContainsFunc(i.plugins, func(v *VersionAlias) bool { return !v.feed.loaded() && !v.feed.replaces.Load() })
}

// running is the instances of this process, for those who ask for all of them.
var running instances

type instances struct {
	mu       sync.Mutex
	all      []*instance
	standing []*feed // see stand
}

func (r *instances) add(i *instance) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all, r.standing = append(r.all, i), nil
}

// stand has the status page and the metrics show those until the next instance is added, which takes over
// from them.
func (r *instances) stand(before []*feed) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.standing = before
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

// pages is the addresses of all status pages.
func (r *instances) pages() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var addrs []string
	for _, i := range r.all {
		addrs = append(addrs, i.pages()...)
	}
	return addrs
}

// feeds is those of all plugins, and those that stand for an instance which begins.
func (r *instances) feeds() []*feed {
	r.mu.Lock()
	defer r.mu.Unlock()
	feeds := slices.Clone(r.standing)
	for _, i := range r.all {
		for _, v := range i.plugins {
			if !slices.Contains(r.standing, v.feed) {
				feeds = append(feeds, v.feed)
			}
		}
	}
	return feeds
}
