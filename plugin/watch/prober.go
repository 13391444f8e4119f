package watch

import (
	"context"
	"slices"
	"time"

	"github.com/octoenergy/versionalias/plugin/ledger"
)

// Verifier answers a probe, and returns when it is answered or soon after ctx is
// done. Many calls may go on at once.
type Verifier interface {
	Verify(ctx context.Context, p ledger.Probe) ledger.Answer
}

// Jury is told what a Prober found out, and says what it is to ask. A Prober calls
// it from its Run.
type Jury interface {
	// Probes is the probes that are due at now, the most urgent first, and when the
	// first of the others is: zero if there are none. Of those that are not urgent
	// there are no more than most.
	Probes(now time.Time, most int) (due []ledger.Probe, next time.Time)
	// Answered is told answers.
	Answered(answers []ledger.Answer)
}

// mostProbes is how many probes are asked at once.
const mostProbes = 16

// enough is how many probes are asked for at once: more than are answered in a
// gather.
const enough = 1024

// gather is for how long answers are gathered before the Jury is told: after a
// start there are as many as there are targets, and each telling has its price.
const gather = 50 * time.Millisecond

// probeTimeout is the deadline of one probe.
const probeTimeout = 5 * time.Second

// Prober asks a Verifier what a Jury wants to know.
type Prober struct {
	verifier Verifier
	jury     Jury
	hints    chan struct{}
}

// NewProber makes a Prober.
func NewProber(v Verifier, jury Jury) *Prober {
	return &Prober{verifier: v, jury: jury, hints: make(chan struct{}, 1)}
}

// Hint tells that there may be new probes. Anybody may call it at any time, and it
// does not block.
func (p *Prober) Hint() {
	select {
	case p.hints <- struct{}{}:
	default: // it is told already
	}
}

// Run asks until ctx is done, and waits for the probes that are under way then.
func (p *Prober) Run(ctx context.Context) {
	var (
		queue   []ledger.Probe            // that are due
		asking  = map[ledger.Probe]bool{} // and those that were answered, until the jury is told
		active  int
		answers = make(chan ledger.Answer, mostProbes)
		told    []ledger.Answer
	)
	defer func() {
		for ; active > 0; active-- {
			<-answers
		}
	}()
	tell := time.NewTimer(gather)
	defer tell.Stop()
	more := time.NewTimer(0)
	defer more.Stop()
	for {
		for ; active < mostProbes && len(queue) > 0; queue = queue[1:] {
			probe := queue[0]
			asking[probe] = true
			active++
			go func() {
				bounded, cancel := context.WithTimeout(ctx, probeTimeout)
				defer cancel()
				answers <- p.verifier.Verify(bounded, probe)
			}()
		}
		select {
		case <-ctx.Done():
			return
		case a := <-answers:
			active--
			if told = append(told, a); len(told) == 1 {
				tell.Reset(gather)
			}
			continue
		case <-tell.C:
			for _, a := range told {
				delete(asking, a.Probe)
			}
			if len(told) > 0 {
				p.jury.Answered(told)
			}
			told = nil
		case <-p.hints:
		case <-more.C:
		}
		now := time.Now()
		due, next := p.jury.Probes(now, enough+len(asking))
		queue = slices.DeleteFunc(due, func(probe ledger.Probe) bool { return asking[probe] })
		if !next.IsZero() {
			more.Reset(next.Sub(now))
		}
	}
}
