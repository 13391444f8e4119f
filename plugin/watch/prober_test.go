package watch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octoenergy/versionalias/plugin/alias"
	"github.com/octoenergy/versionalias/plugin/ledger"
)

// bench is a Jury that wants each of some probes answered, and again in ten seconds
// if the answer is no; and the Verifier, which takes a second.
type bench struct {
	mu      sync.Mutex
	wanted  map[ledger.Probe]time.Time // when it is due
	no      map[ledger.Probe]bool
	asked   []string // when, and what
	told    []string // when, and how many answers
	active  int
	most    int
	ignores bool // ctx
	began   time.Time
}

func probe(name string) ledger.Probe { return ledger.Probe{Target: alias.Name(name)} }

func (b *bench) Probes(now time.Time, _ int) (due []ledger.Probe, next time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for p, at := range b.wanted {
		switch {
		case !at.After(now):
			due = append(due, p)
		case next.IsZero() || at.Before(next):
			next = at
		}
	}
	slices.SortFunc(due, func(p, q ledger.Probe) int { return b.wanted[p].Compare(b.wanted[q]) })
	return due, next
}

func (b *bench) Answered(answers []ledger.Answer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.told = append(b.told, fmt.Sprint(time.Since(b.began), " ", len(answers)))
	for _, a := range answers {
		if a.Err == nil {
			delete(b.wanted, a.Probe)
		} else {
			b.wanted[a.Probe] = time.Now().Add(10 * time.Second)
		}
	}
}

func (b *bench) Verify(ctx context.Context, p ledger.Probe) ledger.Answer {
	b.mu.Lock()
	b.asked = append(b.asked, fmt.Sprint(time.Since(b.began), " ", p.Target))
	b.active++
	b.most = max(b.most, b.active)
	b.mu.Unlock()
	select {
	case <-ctx.Done():
		if b.ignores {
			<-time.After(time.Second)
		}
	case <-time.After(time.Second):
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.active--
	a := ledger.Answer{Probe: p}
	if b.no[p] {
		a.Err = errors.New("no")
	}
	return a
}

func (b *bench) want(names ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, name := range names {
		b.wanted[probe(name)] = time.Now()
	}
}

func convene() *bench {
	return &bench{wanted: map[ledger.Probe]time.Time{}, no: map[ledger.Probe]bool{}, began: time.Now()}
}

// What is wanted is asked for at once, and again when it is due; a hint brings what
// is new.
func TestProber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := convene()
		b.want("a", "b")
		b.no[probe("b")] = true
		p := NewProber(b, b)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { p.Run(ctx); close(done) }()
		<-time.After(500 * time.Millisecond)
		p.Hint() // nothing is asked twice at a time
		<-time.After(5 * time.Second)
		b.want("c")
		p.Hint()
		p.Hint()
		<-time.After(7 * time.Second)
		cancel()
		<-done
		slices.Sort(b.asked)
		if want := []string{"0s a", "0s b", "11.05s b", "5.5s c"}; !slices.Equal(b.asked, want) {
			t.Errorf("asked was %q, want %q", b.asked, want)
		}
		if want := []string{"1.05s 2", "6.55s 1", "12.1s 1"}; !slices.Equal(b.told, want) {
			t.Errorf("told was %q, want %q", b.told, want)
		}
	})
}

// Sixteen are asked at once at most, and all that are answered in a while are told
// together.
func TestProberBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := convene()
		for i := range 40 {
			b.want(fmt.Sprint(i))
		}
		p := NewProber(b, b)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { p.Run(ctx); close(done) }()
		<-time.After(10 * time.Second)
		cancel()
		<-done
		if b.most != 16 || len(b.asked) != 40 {
			t.Errorf("%d were asked at once, %d in all, want 16 and 40", b.most, len(b.asked))
		}
		if want := []string{"1.05s 16", "2.05s 16", "3.05s 8"}; !slices.Equal(b.told, want) {
			t.Errorf("told was %q, want %q", b.told, want)
		}
	})
}

// verifies is a Verifier that is a function.
type verifies func(ctx context.Context, p ledger.Probe) ledger.Answer

func (v verifies) Verify(ctx context.Context, p ledger.Probe) ledger.Answer { return v(ctx, p) }

// A target whose server hangs is given up after five seconds, and makes room for others.
func TestProberGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := convene()
		for i := range mostProbes {
			b.want(fmt.Sprint(i))
		}
		hangs := verifies(func(ctx context.Context, p ledger.Probe) ledger.Answer {
			<-ctx.Done()
			return ledger.Answer{Probe: p, Err: ctx.Err()}
		})
		ctx, cancel := context.WithTimeout(t.Context(), 9*time.Second)
		defer cancel()
		NewProber(hangs, b).Run(ctx)
		if want := []string{"5.05s 16"}; !slices.Equal(b.told, want) {
			t.Errorf("told was %q, want %q", b.told, want)
		}
	})
}

// However many answers come one after the other, the first is told soon.
func TestProberTellsWhileAnswersCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := convene()
		for i := range 200 {
			b.want(fmt.Sprint(i))
		}
		var asked atomic.Int64
		inTurn := verifies(func(_ context.Context, p ledger.Probe) ledger.Answer {
			<-time.After(time.Duration(asked.Add(1))*10*time.Millisecond - time.Since(b.began))
			return ledger.Answer{Probe: p}
		})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		NewProber(inTurn, b).Run(ctx)
		// An answer that comes at that very time may be told as well.
		if len(b.told) == 0 || b.told[0] != "60ms 5" && b.told[0] != "60ms 6" {
			t.Errorf("told was %q, want the first answers after 60ms", b.told)
		}
	})
}

// Run ends when all that it began has ended.
func TestProberEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := convene()
		b.ignores = true
		b.want("a")
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		NewProber(b, b).Run(ctx)
		if took := time.Since(b.began); took != 1100*time.Millisecond || b.active != 0 {
			t.Errorf("it ended after %v, with %d under way, want 1.1s and none", took, b.active)
		}
	})
}
