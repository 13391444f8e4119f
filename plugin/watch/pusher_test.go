package watch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octoenergy/versionalias/plugin/ledger"
)

// emptyQueue has no hints, and takes pollTime to say so.
type emptyQueue struct{}

const pollTime = 20 * time.Second

func (emptyQueue) Receive(ctx context.Context) ([]ledger.Hint, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(pollTime):
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
			<-time.After(pollTime)
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
		defer func() { cancel(); <-done; <-time.After(pollTime) }()
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

// What failed is over with the first poll that finds nothing: the next one does not wait as if it went on.
func TestReceiveOnceNothingFails(t *testing.T) {
	for range 20 { // what is known may come to those who ask in either order
		synctest.Test(t, func(t *testing.T) {
			q := &brittleQueue{asked: make(chan time.Time, 100)}
			old := NewPusher(q, nil, nil)
			old.stuck, old.since = true, time.Now().Add(-time.Minute)
			p := NewPusher(q, nil, losses{})
			p.Succeed(old)
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Second)
			defer cancel()
			p.Run(ctx)
			<-time.After(pollTime)
			if calls := all(q.asked); len(calls) != 3 || calls[1].Sub(calls[0]) != pollTime {
				t.Errorf("the queue was asked at %v, want every %v", calls, pollTime)
			}
		})
	}
}

// slowQueue has a hint after each second, as long as there are any.
type slowQueue struct {
	emptyQueue
	names []string
}

func (q *slowQueue) Receive(ctx context.Context) ([]ledger.Hint, error) {
	if len(q.names) == 0 {
		return q.emptyQueue.Receive(ctx)
	}
	<-time.After(time.Second)
	name := q.names[0]
	q.names = q.names[1:]
	return []ledger.Hint{{Name: name}}, nil
}

// hearer is the names of the hints it was told of.
type hearer struct {
	lengths
	names []string
}

func (h *hearer) Hinted(hint ledger.Hint) { h.names = append(h.names, hint.Name) }
func (*hearer) Lost(error)                {}
func (*hearer) Found()                    {}

func (*hearer) Pushed([]ledger.Hint, []ledger.Ref, []ledger.Parameter) []ledger.Ref { return nil }

// reads is a Source that takes so long to read.
type reads time.Duration

func (reads) Sweep(context.Context) ([]ledger.Parameter, error) { return nil, nil }
func (reads) Release()                                          {}

func (r reads) Read(ctx context.Context, _ []ledger.Ref) ([]ledger.Parameter, error) {
	sleep(ctx, time.Duration(r))
	return nil, ctx.Err()
}

// What a call to the queue brings that was under way at the end is not lost, be it over by then or not.
func TestSucceedInAPoll(t *testing.T) {
	for end, want := range map[time.Duration]string{
		500 * time.Millisecond:  "[first second third]", // the first call goes on
		2500 * time.Millisecond: "[second third]",       // the first one's hint is being read, the second is over
	} {
		synctest.Test(t, func(t *testing.T) {
			run := func(p *Pusher, d time.Duration) {
				ctx, cancel := context.WithTimeout(t.Context(), d)
				defer cancel()
				p.Run(ctx)
			}
			q := &slowQueue{names: []string{"first", "second", "third"}}
			var heir hearer
			old, p := NewPusher(q, reads(time.Hour), new(hearer)), NewPusher(q, reads(0), &heir)
			run(old, end)
			p.Succeed(old)
			run(p, 10*time.Second)
			<-time.After(pollTime)
			if got := fmt.Sprint(heir.names); got != want {
				t.Errorf("after an end at %v the next one was told of %s, want %s", end, got, want)
			}
		})
	}
}

// lengths has as many lines that read a parameter as its name has letters.
type lengths struct{ Audience }

func (lengths) Refs(h ledger.Hint) (refs []ledger.Ref, ready bool) {
	for line := range h.Name {
		refs = append(refs, ledger.Ref{Line: line, Name: h.Name})
	}
	return refs, true
}

func (lengths) Hinted(ledger.Hint) {}

// Hints that come together are shared out among reads: each parameter is in one, however they are mixed.
func TestBatches(t *testing.T) {
	for _, tt := range []struct {
		hints string
		want  []string // and how many are read
	}{
		{"a", []string{"a 1"}},
		{"a b a", []string{"a b a 2"}},
		{strings.Repeat("a b c d e f g h i j k ", 3), []string{strings.Repeat("a b c d e f g h i j ", 3) + "10", "k k k 1"}},
		{"k a b c d e f g h i j l j k", []string{"k a b c d e f g h i k 10", "j l j 2"}},
		{"aaaaaaaaa bb c bb", []string{"aaaaaaaaa c 10", "bb bb 2"}},
		{"aaaaaaaaaaaa b aaaaaaaaaaaa", []string{"aaaaaaaaaaaa aaaaaaaaaaaa 12", "b 1"}},
	} {
		var hints []ledger.Hint
		for _, name := range strings.Fields(tt.hints) {
			hints = append(hints, ledger.Hint{Name: name})
		}
		var got []string
		for _, b := range NewPusher(emptyQueue{}, nil, lengths{}).batches(t.Context(), hints) {
			text := ""
			for _, h := range b.hints {
				text += h.Name + " "
			}
			got = append(got, text+fmt.Sprint(len(b.refs)))
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.hints, got, tt.want)
		}
	}
}
