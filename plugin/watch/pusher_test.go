package watch

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octoenergy/versionalias/plugin/ledger"
)

// emptyQueue has no hints.
type emptyQueue struct{}

func (emptyQueue) Receive(ctx context.Context) ([]ledger.Hint, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(20 * time.Second):
		return nil, nil
	}
}

func (emptyQueue) Delete(context.Context, []ledger.Hint) error { return nil }

// founds counts how often it is told that the queue works.
type founds struct {
	Audience
	n int
}

func (f *founds) Found() { f.n++ }

// A queue that seems to be empty is not proof that deletions work again while hints are hidden that
// the Pusher before had received.
func TestSucceedOneThatHeldHints(t *testing.T) {
	for _, held := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var audience founds
			old := NewPusher(emptyQueue{}, nil, nil)
			old.stuck, old.held, old.since = true, held, time.Now().Add(-time.Minute)
			p := NewPusher(emptyQueue{}, nil, &audience)
			p.Succeed(old)
			ctx, cancel := context.WithTimeout(t.Context(), 25*time.Second)
			defer cancel()
			p.Run(ctx)
			if found := audience.n > 0; found == held {
				t.Errorf("with hints held %v, the queue was found to work: %v, want %v", held, found, !held)
			}
		})
	}
}

// brittleQueue fails as often as it is told to, and else has no hints.
type brittleQueue struct {
	emptyQueue
	fails atomic.Int64
	asked chan time.Time
}

func (q *brittleQueue) Receive(ctx context.Context) ([]ledger.Hint, error) {
	q.asked <- time.Now()
	if q.fails.Add(-1) >= 0 {
		return nil, errors.New("no answer")
	}
	return q.emptyQueue.Receive(ctx)
}

// losses hears of the queue, and of nothing else.
type losses struct{ Audience }

func (losses) Lost(error) {}
func (losses) Found()     {}

// After a long outage, a queue that fails once more is tried again as soon as it was the first
// time: flips that it tells of must not wait for a minute.
func TestRetryAfterAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const outage = 10 // calls
		q := &brittleQueue{asked: make(chan time.Time, 1000)}
		q.fails.Store(outage)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { NewPusher(q, nil, losses{}).Run(ctx); close(done) }()
		defer func() { cancel(); <-done }()
		<-time.After(time.Hour)
		q.fails.Store(1)
		<-time.After(2 * time.Minute)
		synctest.Wait()
		calls := all(q.asked)[outage:]
		least := time.Hour // from one call to the next: where none fails these take 20 seconds
		for i := range calls[1:] {
			least = min(least, calls[i+1].Sub(calls[i]))
		}
		if most := firstRetry * 3 / 2; least > most {
			t.Errorf("it was tried again %v later, want %v at most", least, most)
		}
	})
}
