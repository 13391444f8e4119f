// Package watch decides when a source is read and when a target is asked for, and
// nothing else: what comes of it is for package ledger.
package watch

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"time"

	"github.com/octoenergy/versionalias/plugin/ledger"
)

// Source is where parameters are read. Sweep reads all of them, Read those that
// are named; an error means that it is not known what is there. Release gives up
// what is kept for the next call, such as connections; one may follow all the
// same.
type Source interface {
	Sweep(ctx context.Context) ([]ledger.Parameter, error)
	Read(ctx context.Context, refs []ledger.Ref) ([]ledger.Parameter, error)
	Release()
}

// Observer is told what a source was seen to hold, and says what is to be read
// again. A Watcher calls it from its Sweep and Run.
type Observer interface {
	// Swept is told a complete sweep, and how long it took.
	Swept(seen []ledger.Parameter, took time.Duration)
	// Failed is told each other sweep, but for one that was cancelled.
	Failed(err error)
	// Read is told what a read of these parameters saw.
	Read(refs []ledger.Ref, seen []ledger.Parameter)
	// ReadFailed is told each other read, but for one that was cancelled.
	ReadFailed(err error)
	// Due is the parameters to be read by name at now, and when the first of the
	// others is: zero if there are none.
	Due(now time.Time) (refs []ledger.Ref, next time.Time)
}

// sweepTimeout is the deadline of a whole sweep, in which a source makes many calls,
// one after the other: 100,000 parameters, the most that there may be, are 10,000 calls. If
// each takes a third of a second, as to a Region far away, that is 56 minutes.
const sweepTimeout = time.Hour

// mostInterval is how far apart sweeps are at most for a source that is asked
// too often.
const mostInterval = 5 * time.Minute

// firstHaste is how long it is from a sweep that failed to the next one, give or take a
// half, while something is not loaded: twice as long after each, up to the interval.
const firstHaste = 10 * time.Second

// perRead is how many parameters are read at once, and readGap how far apart such
// reads are at least: what one call to Parameter Store reads, ten times a second.
const (
	perRead = 10
	readGap = time.Second / 10
)

// Throttled reports whether err says that a source was asked too often. Such an
// error has a method Throttled.
func Throttled(err error) bool {
	var t interface{ Throttled() bool }
	return errors.As(err, &t) && t.Throttled()
}

// Watcher sweeps a source again and again.
type Watcher struct {
	source   Source
	observer Observer
	refresh  time.Duration
	interval time.Duration // refresh, or more while the source is asked too often
	hasty    bool          // sweeps follow one another sooner, until one is complete
	haste    time.Duration // instead of the interval while hasty, if it is less
	failed   bool          // the last sweep failed by itself, not because ctx was done
	lost     bool          // nothing is read by name for now, since a call failed
	patience int           // how many complete sweeps the last read that failed lets pass; 0 after one that worked
	wait     int           // how many of them are yet to come
	read     time.Time     // when parameters were last read by name
	hints    chan struct{}
}

// New makes a Watcher that sweeps source every refresh, give or take a tenth. A refresh is at
// least a microsecond.
func New(source Source, refresh time.Duration, observer Observer) *Watcher {
	return &Watcher{source: source, observer: observer, refresh: refresh, interval: refresh, haste: firstHaste, hints: make(chan struct{}, 1)}
}

// Interval is how far apart sweeps are by now: the refresh, or more for a source
// that was asked too often. It is for the Observer, while it is told something.
func (w *Watcher) Interval() time.Duration { return w.interval }

// Next is about how long it is to the next sweep after one that failed. It is for the Observer as well.
func (w *Watcher) Next() time.Duration {
	if w.hasty {
		return w.haste
	}
	return w.interval
}

// Slow makes sweeps at least so far apart, until complete ones bring them together
// again: another Watcher had to. It must not be called once Run was.
func (w *Watcher) Slow(interval time.Duration) {
	if interval > w.interval {
		w.interval, w.haste = interval, interval
	}
}

// Hasten makes Run begin with a sweep, at once unless one has failed just before, and
// repeat it soon until one is complete: there is something that was not loaded, or is out
// of date. A complete Sweep is enough as well. It must not be called once Run was.
func (w *Watcher) Hasten() { w.hasty = true }

// Hint makes the next sweep come at once, if Run is waiting for it. Anybody may
// call it at any time, and it does not block.
func (w *Watcher) Hint() {
	select {
	case w.hints <- struct{}{}:
	default: // one is waiting already
	}
}

// Sweep sweeps once. It must not be called while Run or another Sweep goes on.
func (w *Watcher) Sweep(ctx context.Context) {
	began := time.Now()
	bounded, cancel := context.WithTimeout(ctx, sweepTimeout)
	defer cancel()
	seen, err := w.source.Sweep(bounded)
	w.adapt(err)
	w.failed = err != nil && ctx.Err() == nil
	w.hasty = w.hasty && err != nil
	if err != nil {
		w.lost = true
	} else if w.wait = max(0, w.wait-1); w.wait == 0 {
		w.lost = false
	}
	switch {
	case err == nil:
		w.observer.Swept(seen, time.Since(began))
	case ctx.Err() != context.Canceled:
		w.observer.Failed(err)
	}
}

// mostPatience is how many sweeps have to be complete, at most, before what could not
// be read by name is read again.
const mostPatience = 32

// readDue reads what is due, as much of it as goes at once. After a failure nothing
// is read by name until a sweep was complete, and twice as many after each further
// failure, so that an error never raises the rate of calls.
func (w *Watcher) readDue(ctx context.Context) {
	refs, _ := w.observer.Due(time.Now())
	refs = refs[:min(len(refs), perRead)]
	if len(refs) == 0 {
		return
	}
	seen, err := w.source.Read(ctx, refs)
	w.read = time.Now()
	if err == nil {
		w.patience = 0
	} else {
		w.lost = true
		w.patience = min(max(1, 2*w.patience), mostPatience)
		w.wait = w.patience
	}
	switch {
	case err == nil:
		w.observer.Read(refs, seen)
	case ctx.Err() != context.Canceled:
		if Throttled(err) {
			w.adapt(err)
		}
		w.observer.ReadFailed(err)
	}
}

// untilDue is how long there is nothing to read by name.
func (w *Watcher) untilDue() time.Duration {
	if w.lost {
		return math.MaxInt64
	}
	refs, next := w.observer.Due(time.Now())
	gap := time.Until(w.read.Add(readGap))
	switch {
	case len(refs) > 0:
		return gap
	case next.IsZero():
		return math.MaxInt64
	}
	return max(time.Until(next), gap)
}

// adapt makes the interval twice as long if the source was asked too often, and
// takes a quarter of the excess back after each complete sweep: so that servers
// that share an account's rate find it together. Other failures leave it, and
// none makes it shorter.
func (w *Watcher) adapt(err error) {
	switch {
	case err == nil:
		w.interval -= (w.interval - w.refresh) / 4
		if w.interval-w.refresh < w.refresh/10 {
			w.interval = w.refresh
		}
	case Throttled(err):
		w.interval = max(w.interval, min(2*w.interval, mostInterval))
		w.haste *= 2
	}
	w.haste = min(w.haste, w.interval)
}

// first is how long it is from the start to the next sweep: servers that were started
// together must not sweep together.
func (w *Watcher) first() time.Duration {
	switch {
	case !w.hasty:
		return rand.N(w.interval)
	case w.failed:
		return rand.N(w.haste)
	}
	return 0
}

// pause is how long it is to the next sweep.
func (w *Watcher) pause() time.Duration {
	if w.hasty && w.haste < w.interval {
		d := w.haste
		w.haste *= 2
		return d/2 + rand.N(d)
	}
	return w.interval - w.interval/10 + rand.N(w.interval/5)
}

// Run sweeps until ctx is done.
func (w *Watcher) Run(ctx context.Context) {
	defer w.source.Release()
	next := time.NewTimer(w.first())
	defer next.Stop()
	due := time.NewTimer(w.untilDue())
	defer due.Stop()
	for ; ; due.Reset(w.untilDue()) {
		select {
		case <-ctx.Done():
			return
		case <-due.C:
			before := w.interval
			if w.readDue(ctx); w.interval > before {
				next.Reset(w.pause())
			}
			continue
		case <-next.C:
		case <-w.hints:
		}
		hasty := w.hasty
		w.Sweep(ctx)
		if hasty && !w.hasty { // many may have waited for the source to come back
			next.Reset(rand.N(w.interval))
		} else {
			next.Reset(w.pause())
		}
	}
}
