// Package watch decides when a source is swept, and nothing else: what a sweep
// means is for package ledger.
package watch

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/octoenergy/versionalias/plugin/ledger"
)

// Source is where parameters are read. Sweep reads all of them; an error means
// that it is not known what is there. Release gives up what is kept for the
// next sweep, such as connections; a sweep may follow all the same.
type Source interface {
	Sweep(ctx context.Context) ([]ledger.Parameter, error)
	Release()
}

// sweepTimeout is the deadline of a whole sweep, in which a source makes many
// calls: at 40 a second, all that an account has by default, 100,000 parameters
// take four minutes.
const sweepTimeout = 15 * time.Minute

// mostInterval is how far apart sweeps are at most for a source that is asked
// too often.
const mostInterval = 5 * time.Minute

// Throttled reports whether err says that a source was asked too often. Such an
// error has a method Throttled.
func Throttled(err error) bool {
	var t interface{ Throttled() bool }
	return errors.As(err, &t) && t.Throttled()
}

// Watcher sweeps a source again and again.
type Watcher struct {
	source   Source
	refresh  time.Duration
	interval time.Duration // refresh, or more while the source is asked too often
	swept    func(seen []ledger.Parameter, took time.Duration)
	failed   func(err error)
	hints    chan struct{}
}

// New makes a Watcher that sweeps source every refresh, give or take a tenth,
// which is at least a microsecond. It tells swept each complete sweep and how
// long it took, and failed each other, but neither one that was cancelled. It
// calls them from Sweep and Run.
func New(source Source, refresh time.Duration, swept func([]ledger.Parameter, time.Duration), failed func(error)) *Watcher {
	return &Watcher{source: source, refresh: refresh, interval: refresh, swept: swept, failed: failed, hints: make(chan struct{}, 1)}
}

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
	switch {
	case err == nil:
		w.swept(seen, time.Since(began))
	case ctx.Err() != context.Canceled:
		w.failed(err)
	}
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
	}
}

// Run sweeps until ctx is done, first after a random part of the interval:
// servers that were started together must not sweep together.
func (w *Watcher) Run(ctx context.Context) {
	defer w.source.Release()
	next := time.NewTimer(rand.N(w.refresh))
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
		case <-w.hints:
		}
		w.Sweep(ctx)
		next.Reset(w.interval - w.interval/10 + rand.N(w.interval/5))
	}
}
