package watch

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"github.com/octoenergy/versionalias/plugin/ledger"
)

// Queue is where hints come from. Receive waits for some, for half a minute at most. A hint that
// is not deleted comes again, after Hidden at most. Delete tells apart what is refused, see [Refused].
type Queue interface {
	Receive(ctx context.Context) ([]ledger.Hint, error)
	Delete(ctx context.Context, hints []ledger.Hint) error
}

// Audience is told what hints lead to. A Pusher calls it from its Run, and from one
// goroutine at a time.
type Audience interface {
	// Refs is the parameters that a hint is about: none if it is nobody's here. If it is
	// not ready to be told of them, the hint is left in the queue.
	Refs(h ledger.Hint) (refs []ledger.Ref, ready bool)
	// Hinted is told each hint as it comes.
	Hinted(h ledger.Hint)
	// Pushed is told what a read saw of the parameters that hints were about, and says
	// which of them showed nothing new.
	Pushed(hints []ledger.Hint, refs []ledger.Ref, seen []ledger.Parameter) (unchanged []ledger.Ref)
	// Unread is told each other read, but for one that was cancelled; and Emptied that the
	// queue has none of its hints any more.
	Unread(err error)
	Emptied()
	// Lost is told that the queue cannot be read or emptied, each time that it is tried,
	// and Found that it can.
	Lost(err error)
	Found()
}

// Hidden is for how long at most a hint that was received is not received again.
const Hidden = 30 * time.Second

// coalesce is for how long hints are gathered before what they are about is read.
const coalesce = 200 * time.Millisecond

// The pauses before a queue that failed is tried again: the first and the longest,
// give or take a half.
const (
	firstRetry   = time.Second
	longestRetry = time.Minute
)

// leastPoll is how long an empty answer takes at least: a queue that says at once that
// it is empty would be asked without end.
const leastPoll = time.Second

// Refused reports whether err says that a queue will not do what it is asked, however
// often: else that may have been done, or may be the next time. Such an error has a method
// Refused.
func Refused(err error) bool {
	var r interface{ Refused() bool }
	return errors.As(err, &r) && r.Refused()
}

var errHasty = errors.New("found no message at once, want a queue that waits for some")

// Pusher reads parameters as soon as a hint says that they have changed.
type Pusher struct {
	queue    Queue
	source   Source
	audience Audience
	foreign  atomic.Bool  // the last hints were about nothing here, and are deleted
	failing  atomic.Bool  // unread, stuck or early is so: fewer hints are received
	unread   bool         // the last read failed
	stuck    bool         // the last deletion failed
	early    bool         // some of the last hints were left in the queue
	since    time.Time    // when one of these three last held
	refused  bool         // a deletion was, and none has worked since
	held     bool         // at the end there were hints that were not dealt with
	last     time.Time    // when parameters were read
	later    []again      // in the order of time
	polling  chan outcome // what comes of the call to the queue that is under way, or nil
}

// NewPusher makes a Pusher that takes hints from a queue and reads from source.
func NewPusher(queue Queue, source Source, audience Audience) *Pusher {
	return &Pusher{queue: queue, source: source, audience: audience}
}

// Succeed has p go on with what failed for old, of the same queue, until its end, and with the call that it
// has left. It is to be called before Run.
func (p *Pusher) Succeed(old *Pusher) {
	p.polling = old.polling
	p.unread, p.stuck, p.refused, p.since = old.unread, old.stuck, old.refused, old.since
	p.failing.Store(p.unread || p.stuck)
	if old.held {
		p.since = time.Now() // these are hidden as well
	}
}

// Held reports whether Run has left hints in the queue that it had received. They come again after Hidden at most.
func (p *Pusher) Held() bool { return p.held }

// Unread reports whether there may be hints in the queue of which Run could not read what they told of. They come
// again likewise.
func (p *Pusher) Unread() bool { return p.unread || time.Since(p.since) < Hidden }

// again is parameters to be read once more.
type again struct {
	at    time.Time
	turn  int // which of [ledger.Rereads] it is
	refs  []ledger.Ref
	hints []ledger.Hint // what they are read for; deleted when nothing is left to read
}

// batch is hints to be read for together.
type batch struct {
	hints []ledger.Hint
	refs  []ledger.Ref
}

// Run takes hints until ctx is done. Those that were not dealt with by then are left
// in the queue. A call to it that is under way goes on, for whoever succeeds p.
func (p *Pusher) Run(ctx context.Context) {
	received := make(chan outcome)
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.receive(ctx, received)
	}()
	defer func() { <-done }()
	var gathered []ledger.Hint
	var gather <-chan time.Time
	for {
		var repeat <-chan time.Time
		if len(p.later) > 0 {
			repeat = time.After(time.Until(p.later[0].at))
		}
		select {
		case <-ctx.Done():
			p.held = p.held || len(gathered)+len(p.later) > 0
			return
		case o := <-received:
			if o.err != nil {
				p.audience.Lost(o.err)
			} else {
				p.worked(o.began, len(gathered)+len(p.later)+len(o.hints))
				if len(gathered) == 0 && len(o.hints) > 0 {
					gather = time.After(coalesce)
				}
				gathered = append(gathered, o.hints...)
			}
			close(o.taken)
		case <-gather:
			for _, b := range p.batches(ctx, gathered) {
				if !p.settle(ctx, p.renew(ctx, b)) {
					break // the others come again as well
				}
			}
			if ctx.Err() == nil {
				gathered = nil
			}
		case <-repeat:
			for len(p.later) > 0 && !p.later[0].at.After(time.Now()) {
				due := p.later[0]
				p.later = p.later[1:]
				if !p.settle(ctx, due) {
					p.later = nil // their hints come again
					p.held = ctx.Err() != nil
				}
			}
		}
	}
}

// worked tells that a call to the queue worked, which began then, and if that ends some
// failure. left is how many hints are to be dealt with yet, some of which may have failed before.
func (p *Pusher) worked(began time.Time, left int) {
	if left == 0 && began.After(p.since.Add(Hidden)) { // what failed would have come again
		if p.unread {
			p.audience.Emptied()
		}
		p.unread, p.stuck, p.early = false, false, false
		p.slow()
	}
	if !p.stuck && !p.refused { // what is refused is so also where messages expire
		p.audience.Found()
	}
}

// settle reads what is due, and deletes the hints if there is nothing to read again. It
// is not ok if that failed.
func (p *Pusher) settle(ctx context.Context, due again) (ok bool) {
	if !sleep(ctx, time.Until(p.last.Add(readGap))) {
		return false
	}
	seen, err := p.source.Read(ctx, due.refs)
	p.last = time.Now()
	if ctx.Err() != nil {
		return false
	}
	p.unread = err != nil
	p.slow()
	if err != nil {
		p.audience.Unread(err)
		return false
	}
	unchanged := p.audience.Pushed(due.hints, due.refs, seen)
	if len(unchanged) == 0 || due.turn == len(ledger.Rereads) {
		return p.delete(ctx, due.hints)
	}
	p.put(unchanged, due)
	return true
}

// delete deletes hints, and reports whether they are gone: else they come again.
func (p *Pusher) delete(ctx context.Context, hints []ledger.Hint) bool {
	err := p.queue.Delete(ctx, hints)
	if ctx.Err() != nil {
		return false
	}
	p.stuck = err != nil
	p.refused = p.stuck && (p.refused || Refused(err))
	p.slow()
	if err != nil {
		p.audience.Lost(err)
	}
	return err == nil
}

// slow has fewer hints received while there is a reason to.
func (p *Pusher) slow() {
	failing := p.unread || p.stuck || p.early
	if failing {
		p.since = time.Now()
	}
	p.failing.Store(failing)
}

// put notes what is to be read again.
func (p *Pusher) put(refs []ledger.Ref, read again) {
	wait := ledger.Rereads[read.turn]
	if read.turn > 0 {
		wait -= ledger.Rereads[read.turn-1]
	}
	p.later = append(p.later, again{time.Now().Add(wait), read.turn + 1, refs, read.hints})
	slices.SortStableFunc(p.later, func(a, b again) int { return a.at.Compare(b.at) })
}

// renew is a batch to be read for the first time, with the older hints of what waits to
// be read again: a newer change gets all of its own rereads. Older hints that say the
// same as a newer one are deleted, or else they would be kept for so long that they come
// again, and again renew what they wait for.
func (p *Pusher) renew(ctx context.Context, b batch) again {
	due := again{refs: b.refs, hints: b.hints}
	named := func(h ledger.Hint) bool {
		return slices.ContainsFunc(b.hints, func(n ledger.Hint) bool { return n.Name == h.Name })
	}
	same := func(h ledger.Hint) bool {
		return slices.ContainsFunc(b.hints, func(n ledger.Hint) bool { return n.Name == h.Name && n.Operation == h.Operation })
	}
	var said []ledger.Hint
	for i := range p.later {
		a := &p.later[i]
		a.refs = slices.DeleteFunc(a.refs, func(ref ledger.Ref) bool { return slices.Contains(b.refs, ref) })
		a.hints = slices.DeleteFunc(a.hints, func(h ledger.Hint) bool {
			switch {
			case same(h):
				said = append(said, h)
			case named(h) || len(a.refs) == 0:
				due.hints = append(due.hints, h)
			default:
				return false
			}
			return true
		})
	}
	p.later = slices.DeleteFunc(p.later, func(a again) bool { return len(a.refs) == 0 })
	if len(said) > 0 {
		p.delete(ctx, said)
	}
	return due
}

// batches is hints, by what one call reads. Those that are about nothing here are
// deleted, and those that come too early left.
func (p *Pusher) batches(ctx context.Context, hints []ledger.Hint) []batch {
	var batches []batch
	var foreign []ledger.Hint
	p.early = false
	for _, h := range hints {
		refs, ready := p.audience.Refs(h)
		if !ready {
			p.early = true
			continue
		}
		p.audience.Hinted(h)
		if len(refs) == 0 {
			foreign = append(foreign, h)
			continue
		}
		i := fits(batches, refs)
		if i < 0 {
			i = len(batches)
			batches = append(batches, batch{})
		}
		batches[i].add(h, refs)
	}
	p.slow()
	deleted := len(foreign) > 0 && p.delete(ctx, foreign)
	p.foreign.Store(deleted && len(foreign) == len(hints))
	return batches
}

// fits is which of batches a hint about refs goes into, or -1: one that reads them anyway, or else one with
// room for them. A parameter that is read in two would be read again and again for the second.
func fits(batches []batch, refs []ledger.Ref) int {
	if i := slices.IndexFunc(batches, func(b batch) bool { return len(b.lacks(refs)) == 0 }); i >= 0 {
		return i
	}
	return slices.IndexFunc(batches, func(b batch) bool { return len(b.refs)+len(b.lacks(refs)) <= perRead })
}

// lacks is those of refs that b does not read.
func (b batch) lacks(refs []ledger.Ref) []ledger.Ref {
	return slices.DeleteFunc(slices.Clone(refs), func(ref ledger.Ref) bool { return slices.Contains(b.refs, ref) })
}

// add adds a hint that is about refs.
func (b *batch) add(h ledger.Hint, refs []ledger.Ref) {
	b.hints, b.refs = append(b.hints, h), append(b.refs, b.lacks(refs)...)
}

// sleep waits for d, if that is not over already, and reports whether ctx is not done yet.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// outcome is what came of one call to the queue. It is taken once it is known whether fewer hints are to be
// received from then on.
type outcome struct {
	began time.Time
	hints []ledger.Hint
	err   error
	taken chan struct{}
}

// poll calls the queue. Nothing cuts that off: SQS would not notice, give the next message to nobody,
// and hide it. https://github.com/aws/aws-sdk-go-v2/issues/2068
func (p *Pusher) poll(ctx context.Context) chan outcome {
	over := make(chan outcome, 1)
	go func() {
		began := time.Now()
		hints, err := p.queue.Receive(context.WithoutCancel(ctx))
		if err == nil && len(hints) == 0 && time.Since(began) < leastPoll {
			err = errHasty
		}
		over <- outcome{began, hints, err, make(chan struct{})}
	}()
	return over
}

// receive receives until ctx is done, and not at once again after a failure.
func (p *Pusher) receive(ctx context.Context, received chan<- outcome) {
	retry := firstRetry
	for {
		if p.polling == nil {
			p.polling = p.poll(ctx)
		}
		var o outcome
		select {
		case <-ctx.Done():
			return
		case o = <-p.polling:
		}
		select {
		case <-ctx.Done():
			p.polling <- o
			return
		case received <- o:
			<-o.taken
			p.polling = nil
		}
		failing := p.failing.Load()
		if o.err == nil && !failing {
			retry = firstRetry
		}
		if o.err == nil && (!failing || p.foreign.Load()) { // what comes next must not wait behind many such
			continue
		}
		if !sleep(ctx, retry/2+rand.N(retry)) {
			return
		}
		retry = min(2*retry, longestRetry)
	}
}
