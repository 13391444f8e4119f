package watch

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/octoenergy/versionalias/plugin/ledger"
)

// Queue is where hints come from. Receive waits for some, and for nothing else than
// ctx for longer than half a minute. A hint that is not deleted comes again.
type Queue interface {
	Receive(ctx context.Context) ([]ledger.Hint, error)
	Delete(ctx context.Context, hints []ledger.Hint) error
}

// Audience is told what hints lead to. A Pusher calls it from its Run, and from one
// goroutine at a time.
type Audience interface {
	// Refs is the parameters that a hint is about: none if it is nobody's here.
	Refs(h ledger.Hint) []ledger.Ref
	// Hinted is told each hint as it comes.
	Hinted(h ledger.Hint)
	// Pushed is told what a read saw of the parameters that hints were about, and says
	// which of them showed nothing new.
	Pushed(hints []ledger.Hint, refs []ledger.Ref, seen []ledger.Parameter) (unchanged []ledger.Ref)
	// Unread is told each other read, but for one that was cancelled.
	Unread(err error)
	// Lost is told that the queue cannot be read, each time that it is tried, and
	// Found that it can.
	Lost(err error)
	Found()
}

// coalesce is for how long hints are gathered before what they are about is read.
const coalesce = 200 * time.Millisecond

// rereads is how long after a read that showed nothing new it is repeated: it may
// have been out of date, since Parameter Store promises no read after write.
var rereads = []time.Duration{2 * time.Second, 10 * time.Second}

// The pauses before a queue that failed is tried again: the first and the longest,
// give or take a half.
const (
	firstRetry = time.Second
	lastRetry  = time.Minute
)

// Pusher reads parameters as soon as a hint says that they have changed.
type Pusher struct {
	queue    Queue
	source   Source
	audience Audience
}

// NewPusher makes a Pusher that takes hints from a queue and reads from source.
func NewPusher(queue Queue, source Source, audience Audience) *Pusher {
	return &Pusher{queue, source, audience}
}

// again is parameters to be read once more.
type again struct {
	at    time.Time
	turn  int // which of rereads it is
	refs  []ledger.Ref
	hints []ledger.Hint // what they were read for
}

// batch is hints to be read for together.
type batch struct {
	hints []ledger.Hint
	refs  []ledger.Ref
}

// Run takes hints until ctx is done. Those that were not dealt with by then are left
// in the queue.
func (p *Pusher) Run(ctx context.Context) {
	received := make(chan outcome)
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.receive(ctx, received)
	}()
	defer func() { <-done }()
	var gathered []ledger.Hint
	var later []again
	gather := time.NewTimer(0)
	gather.Stop()
	defer gather.Stop()
	repeat := time.NewTimer(0)
	repeat.Stop()
	defer repeat.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case o := <-received:
			if o.err != nil {
				p.audience.Lost(o.err)
				continue
			}
			p.audience.Found()
			if len(gathered) == 0 && len(o.hints) > 0 {
				gather.Reset(coalesce)
			}
			gathered = append(gathered, o.hints...)
		case <-gather.C:
			for i, b := range p.batches(ctx, gathered) {
				if i > 0 && !sleep(ctx, readGap) {
					return
				}
				if unchanged, ok := p.read(ctx, b); ok {
					_ = p.queue.Delete(ctx, b.hints) // else they come again, and do no harm
					later = put(later, unchanged, b.hints, 0)
				}
			}
			gathered = nil
		case <-repeat.C:
			now := time.Now()
			due := 0
			for due < len(later) && !later[due].at.After(now) {
				due++
			}
			for i, a := range slices.Clone(later[:due]) {
				if i > 0 && !sleep(ctx, readGap) {
					return
				}
				if unchanged, ok := p.read(ctx, batch{a.hints, a.refs}); ok {
					later = put(later, unchanged, a.hints, a.turn+1)
				}
			}
			later = later[due:]
		}
		if len(later) > 0 {
			repeat.Reset(time.Until(later[0].at))
		}
	}
}

// put notes what is to be read again, in the order of time.
func put(later []again, refs []ledger.Ref, hints []ledger.Hint, turn int) []again {
	if len(refs) == 0 || turn == len(rereads) {
		return later
	}
	wait := rereads[turn]
	if turn > 0 {
		wait -= rereads[turn-1]
	}
	later = append(later, again{time.Now().Add(wait), turn, refs, hints})
	slices.SortStableFunc(later, func(a, b again) int { return a.at.Compare(b.at) })
	return later
}

// batches is hints, by what one call reads. Those that are about nothing here are
// deleted.
func (p *Pusher) batches(ctx context.Context, hints []ledger.Hint) []batch {
	var batches []batch
	var foreign []ledger.Hint
	for _, h := range hints {
		p.audience.Hinted(h)
		refs := p.audience.Refs(h)
		if len(refs) == 0 {
			foreign = append(foreign, h)
			continue
		}
		if len(batches) == 0 || !batches[len(batches)-1].add(h, refs) {
			batches = append(batches, batch{[]ledger.Hint{h}, refs})
		}
	}
	if len(foreign) > 0 {
		_ = p.queue.Delete(ctx, foreign) // else they come again, and do no harm
	}
	return batches
}

// add adds a hint that is about refs, if there is room for it.
func (b *batch) add(h ledger.Hint, refs []ledger.Ref) bool {
	all := b.refs
	for _, ref := range refs {
		if !slices.Contains(all, ref) {
			all = append(slices.Clip(all), ref)
		}
	}
	if len(all) > perRead {
		return false
	}
	b.hints, b.refs = append(b.hints, h), all
	return true
}

// read reads a batch, and is what showed nothing new.
func (p *Pusher) read(ctx context.Context, b batch) (unchanged []ledger.Ref, ok bool) {
	seen, err := p.source.Read(ctx, b.refs)
	switch {
	case err == nil:
		return p.audience.Pushed(b.hints, b.refs, seen), true
	case ctx.Err() == nil:
		p.audience.Unread(err)
	}
	return nil, false
}

// sleep waits for d, and reports whether ctx is not done yet.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// outcome is what came of one call to the queue.
type outcome struct {
	hints []ledger.Hint
	err   error
}

// receive receives until ctx is done, and not at once again after a failure.
func (p *Pusher) receive(ctx context.Context, received chan<- outcome) {
	retry := firstRetry
	for {
		hints, err := p.queue.Receive(ctx)
		if ctx.Err() != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case received <- outcome{hints, err}:
		}
		if err == nil {
			retry = firstRetry
			continue
		}
		if !sleep(ctx, retry/2+rand.N(retry)) {
			return
		}
		retry = min(2*retry, lastRetry)
	}
}
