package watch

import (
	"context"
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
