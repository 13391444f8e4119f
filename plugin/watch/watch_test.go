package watch

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octoenergy/versionalias/internal/figure"
	"github.com/octoenergy/versionalias/plugin/ledger"
)

const refresh = 10 * time.Second

var (
	errSweep = errors.New("no answer")
	aliases  = []ledger.Parameter{{Name: "/dns/aliases/cache", Value: "cache-2"}}
)

// Duties 2, 3: servers that start together spread their first sweeps across the
// interval, which is longer for those that were throttled at the start, or whose
// predecessor was.
func TestFirstSweep(t *testing.T) {
	for _, test := range []struct {
		name     string
		before   func(s *server, ctx context.Context)
		interval time.Duration
	}{
		{"with nothing before", func(*server, context.Context) {}, refresh},
		{"a throttled start", func(s *server, ctx context.Context) { s.Sweep(ctx) }, 2 * refresh},
		{"one that takes over", func(s *server, _ context.Context) { s.Slow(4 * refresh) }, 4 * refresh},
		{"one that takes over from one that was throttled, and swept more often", func(s *server, _ context.Context) { s.Slow(refresh / 2) }, refresh},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				servers := make([]*server, 400)
				for i := range servers {
					servers[i] = newServer(func(context.Context) ([]ledger.Parameter, error) { return nil, tooOften{} })
					test.before(servers[i], t.Context())
					all(servers[i].sweeps)
					servers[i].run(t)
				}
				began := time.Now()
				<-time.After(test.interval)
				var quarters [4]int
				for _, s := range servers {
					s.stop()
					after := (<-s.sweeps).Sub(began)
					if after < 0 || after >= test.interval {
						t.Fatalf("a first sweep came after %v, want it in less than %v", after, test.interval)
					}
					quarters[after*4/test.interval]++
				}
				for i, n := range quarters {
					if n < len(servers)/16 {
						t.Errorf("%d of %d first sweeps came in quarter %d of the interval, want about a quarter of them", n, len(servers), i)
					}
				}
			})
		})
	}
}

// Duties 3, 10: while something is not loaded sweeps come soon, and not again and again;
// servers that an outage has brought together spread once it is over.
func TestHasten(t *testing.T) {
	const refresh = time.Hour
	cutOff := func(ctx context.Context) ([]ledger.Parameter, error) { <-ctx.Done(); return nil, ctx.Err() }
	throttled := func(context.Context) ([]ledger.Parameter, error) { return nil, tooOften{} }
	const s = time.Second
	for _, tt := range []struct {
		name    string
		start   sweep         // or nil
		before  time.Duration // the interval of the one that it takes over from, or 0
		refresh time.Duration
		then    sweep
		least   []time.Duration // from each sweep to the next, first from the start
		most    []time.Duration
	}{
		{"nothing before", nil, 0, refresh, failing, []time.Duration{0, 5 * s, 10 * s, 20 * s}, []time.Duration{0, 15 * s, 30 * s, 60 * s}},
		{"cut off", cutOff, 0, refresh, failing, []time.Duration{0, 5 * s, 10 * s, 20 * s}, []time.Duration{0, 15 * s, 30 * s, 60 * s}},
		{"failed", failing, 0, refresh, failing, []time.Duration{0, 5 * s, 10 * s, 20 * s}, []time.Duration{10 * s, 15 * s, 30 * s, 60 * s}},
		{"failed for long", failing, 0, time.Minute, failing,
			[]time.Duration{0, 5 * s, 10 * s, 20 * s, 54 * s, 54 * s}, []time.Duration{10 * s, 15 * s, 30 * s, 60 * s, 66 * s, 66 * s}},
		{"failed, with an interval that is short", failing, 0, 4 * s, failing, []time.Duration{0, 3600 * time.Millisecond}, []time.Duration{4 * s, 4400 * time.Millisecond}},
		{"throttled", throttled, 0, refresh, throttled, []time.Duration{0, 20 * s, 80 * s}, []time.Duration{20 * s, 60 * s, 240 * s}},
		{"throttled, with an interval that is short", throttled, 0, 10 * s, throttled, []time.Duration{0, 36 * s, 72 * s}, []time.Duration{20 * s, 44 * s, 88 * s}},
		{"after one that swept more often", failing, time.Minute, refresh, failing, []time.Duration{0, 5 * s}, []time.Duration{10 * s, 15 * s}},
		{"throttled since long before", throttled, 5 * time.Minute, time.Minute, throttled, []time.Duration{0, 270 * s}, []time.Duration{300 * s, 330 * s}},
		{"complete", failing, 0, refresh, nothing, []time.Duration{0, 0, 54 * time.Minute}, []time.Duration{10 * s, time.Hour, 66 * time.Minute}},
	} {
		synctest.Test(t, func(t *testing.T) {
			least, most := slices.Repeat([]time.Duration{math.MaxInt64}, len(tt.least)), make([]time.Duration, len(tt.most))
			for range 200 {
				do := tt.start
				w := newServer(nil)
				w.Watcher = New(source{w, func(ctx context.Context) ([]ledger.Parameter, error) { return do(ctx) }}, tt.refresh, w)
				w.Slow(tt.before)
				if do != nil {
					ctx, cancel := context.WithTimeout(t.Context(), 5*s)
					w.Sweep(ctx)
					cancel()
					<-w.sweeps
				}
				do = tt.then
				w.Hasten()
				last := time.Now()
				w.run(t)
				for i := range least {
					at := <-w.sweeps
					least[i], most[i] = min(least[i], at.Sub(last)), max(most[i], at.Sub(last))
					last = at
				}
				w.stop()
			}
			for i := range least {
				near := (tt.most[i] - tt.least[i]) / 10 // of what is there by chance
				if least[i] < tt.least[i] || most[i] > tt.most[i] || least[i] > tt.least[i]+near || most[i] < tt.most[i]-near {
					t.Errorf("%s: sweep %d came %v to %v after the one before, want anything from %v to %v", tt.name, i, least[i], most[i], tt.least[i], tt.most[i])
				}
			}
		})
	}
}

// Duty 2: the interval is from the end of a sweep to the next, and varies by a tenth.
func TestPace(t *testing.T) {
	for _, test := range []struct {
		name  string
		sweep sweep
		took  time.Duration
	}{
		{"complete", nothing, 0},
		{"complete and slow", slowly(3*time.Second, nothing), 3 * time.Second},
		{"slower than the interval", slowly(time.Minute, nothing), time.Minute},
		{"failed", failing, 0},
		{"failed and slow", slowly(5*time.Second, failing), 5 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(test.sweep)
				s.run(t)
				defer s.stop()
				least, most := time.Hour, time.Duration(0)
				last := <-s.sweeps
				for range 500 {
					next := <-s.sweeps
					between := next.Sub(last) - test.took
					least, most = min(least, between), max(most, between)
					last = next
				}
				if least < 9*time.Second || most > 11*time.Second {
					t.Errorf("sweeps came %v to %v after the one before, want 9s to 11s", least, most)
				}
				if least > 9200*time.Millisecond || most < 10800*time.Millisecond {
					t.Errorf("sweeps came %v to %v after the one before, want anything from 9s to 11s", least, most)
				}
			})
		})
	}
}

// Duty 1: a sweep is told as a whole, or not at all.
func TestTold(t *testing.T) {
	for _, test := range []struct {
		name string
		seen []ledger.Parameter
		err  error
		want told
	}{
		{"complete", aliases, nil, told{seen: aliases, took: 3 * time.Second}},
		{"complete with nothing", nil, nil, told{took: 3 * time.Second}},
		{"failed", nil, errSweep, told{err: errSweep}},
		// What was seen before it failed is not the truth.
		{"failed half-way", aliases, errSweep, told{err: errSweep}},
		// That somebody would not wait any longer is news, unlike the end.
		{"out of time", nil, context.DeadlineExceeded, told{err: context.DeadlineExceeded}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
				defer cancel()
				s := newServer(slowly(3*time.Second, func(context.Context) ([]ledger.Parameter, error) {
					return test.seen, test.err
				}))
				s.Sweep(ctx)
				s.check(t, test.want)
				if s.released != 0 {
					t.Errorf("Sweep released the source, want that left to Run and others")
				}
			})
		})
	}
}

// All that is told about a source that comes and goes.
func TestOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(inTurn(found, failing, failing, found, nothing))
		s.run(t)
		for range 4 {
			<-s.sweeps
		}
		synctest.Wait()
		s.stop()
		s.check(t, told{seen: aliases}, told{err: errSweep}, told{err: errSweep}, told{seen: aliases})
	})
}

func TestHint(t *testing.T) {
	for _, test := range []struct {
		name string
		took time.Duration   // by a sweep
		at   []time.Duration // of the hints, from the end of the first sweep on
		want []time.Duration // of the sweeps within 8 s of the last hint
	}{
		{
			name: "one",
			at:   []time.Duration{time.Second},
			want: []time.Duration{time.Second},
		},
		{
			name: "one after the other",
			at:   []time.Duration{time.Second, 2 * time.Second},
			want: []time.Duration{time.Second, 2 * time.Second},
		},
		{
			name: "the first takes a while",
			took: time.Second,
			at:   []time.Duration{time.Second},
			want: []time.Duration{time.Second},
		},
		{
			name: "many during a sweep",
			took: 5 * time.Second,
			at:   []time.Duration{time.Second, 2 * time.Second, 3 * time.Second, 4 * time.Second},
			want: []time.Duration{time.Second, 6 * time.Second},
		},
		{
			name: "again and again",
			took: time.Second,
			at:   []time.Duration{8 * time.Second, 16 * time.Second, 24 * time.Second},
			want: []time.Duration{8 * time.Second, 16 * time.Second, 24 * time.Second},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(slowly(test.took, nothing))
				s.run(t)
				began := (<-s.sweeps).Add(test.took)
				for _, at := range test.at {
					<-time.After(time.Until(began.Add(at)))
					synctest.Wait()
					s.Hint()
				}
				<-time.After(8 * time.Second)
				s.stop()
				var got []time.Duration
				for _, at := range all(s.sweeps) {
					got = append(got, at.Sub(began))
				}
				if !slices.Equal(got, test.want) {
					t.Errorf("hints at %v made sweeps at %v, want %v", test.at, got, test.want)
				}
			})
		})
	}
}

// The sweep after one that a hint made comes an interval after it.
func TestPaceAfterHint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(nothing)
		s.run(t)
		defer s.stop()
		<-s.sweeps
		for range 100 {
			<-time.After(5 * time.Second)
			s.Hint()
			hinted := <-s.sweeps
			after := (<-s.sweeps).Sub(hinted)
			if after < 9*time.Second || after > 11*time.Second {
				t.Fatalf("the sweep after a hinted one came after %v, want 9s to 11s", after)
			}
		}
	})
}

// A hint may come before Run: the first sweep does not wait then.
func TestHintBeforeRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(nothing)
		for range 3 {
			s.Hint()
		}
		began := time.Now()
		s.run(t)
		synctest.Wait()
		s.stop()
		if got, want := all(s.sweeps), []time.Time{began}; !slices.Equal(got, want) {
			t.Errorf("there were sweeps at %v, want %v", got, want)
		}
	})
}

func TestHintFromAnybody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(slowly(time.Second, nothing))
		s.run(t)
		<-s.sweeps
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(s.Hint)
		}
		wg.Wait()
		<-time.After(8 * time.Second)
		s.stop()
		if got := all(s.sweeps); len(got) != 1 {
			t.Errorf("100 hints in one sweep made sweeps at %v, want one", got)
		}
	})
}

// Whoever cancels waits for Run, and is told nothing. The bubble fails if a
// goroutine is left.
func TestCancel(t *testing.T) {
	for _, test := range []struct {
		name  string
		sweep sweep
		until func(s *server) // the end
		told  []told
	}{
		{
			name:  "before the first sweep",
			sweep: nothing,
			until: func(*server) {},
		},
		{
			name:  "between sweeps",
			sweep: found,
			until: func(s *server) { <-s.sweeps; <-time.After(time.Second) },
			told:  []told{{seen: aliases}},
		},
		{
			name:  "in the middle of a sweep",
			sweep: endless,
			until: func(s *server) { <-s.sweeps; <-time.After(time.Second) },
		},
		{
			name:  "in the middle of a sweep that fails in its own way",
			sweep: func(ctx context.Context) ([]ledger.Parameter, error) { <-ctx.Done(); return nil, errSweep },
			until: func(s *server) { <-s.sweeps; <-time.After(time.Second) },
		},
		{
			name:  "in the middle of a later sweep",
			sweep: inTurn(found, failing, endless),
			until: func(s *server) { <-s.sweeps; <-s.sweeps; <-s.sweeps; <-time.After(time.Second) },
			told:  []told{{seen: aliases}, {err: errSweep}},
		},
		{
			name:  "with a hint that came in the middle of a sweep",
			sweep: endless,
			until: func(s *server) { <-s.sweeps; s.Hint() },
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(test.sweep)
				s.run(t)
				test.until(s)
				began := time.Now()
				s.stop()
				if took := time.Since(began); took != 0 {
					t.Errorf("Run returned after %v, want it at once", took)
				}
				s.check(t, test.told...)
				if s.released != 1 {
					t.Errorf("the source was released %d times, want once", s.released)
				}
			})
		})
	}
}

// A sweep that would go on for ever has failed after a while.
func TestEndlessSweep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(endless)
		began := time.Now()
		s.Sweep(t.Context())
		if took := time.Since(began); took != time.Hour {
			t.Errorf("the sweep ended after %v, want 1h", took)
		}
		s.check(t, told{err: context.DeadlineExceeded})
	})
}

// The longest interval there may be has a pace as well.
func TestLongInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(nothing)
		s.refresh = 24 * time.Hour
		s.run(t)
		defer s.stop()
		last := <-s.sweeps
		if between := (<-s.sweeps).Sub(last); between < 21*time.Hour || between > 27*time.Hour {
			t.Errorf("sweeps came %v after one another, want a day, give or take a tenth", between)
		}
	})
}

// sweep is what a source does.
type sweep func(context.Context) ([]ledger.Parameter, error)

func nothing(context.Context) ([]ledger.Parameter, error) { return nil, nil }
func found(context.Context) ([]ledger.Parameter, error)   { return aliases, nil }
func failing(context.Context) ([]ledger.Parameter, error) { return nil, errSweep }

func endless(ctx context.Context) ([]ledger.Parameter, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// slowly is do, after it took a while.
func slowly(took time.Duration, do sweep) sweep {
	return func(ctx context.Context) ([]ledger.Parameter, error) {
		<-time.After(took)
		return do(ctx)
	}
}

// inTurn is one sweep after the other.
func inTurn(sweeps ...sweep) sweep {
	return func(ctx context.Context) ([]ledger.Parameter, error) {
		do := sweeps[0]
		sweeps = sweeps[1:]
		return do(ctx)
	}
}

// server is a Watcher, its source, and whom it tells.
type server struct {
	*Watcher
	sweeps   chan time.Time // when each began
	told     chan told
	reads    chan read
	due      func(now time.Time) ([]ledger.Ref, time.Time)
	answer   func(refs []ledger.Ref) ([]ledger.Parameter, error) // of a read
	released int
	stop     func() // ends Run and waits for it
}

// read is what came of a read by name.
type read struct {
	refs []ledger.Ref
	seen []ledger.Parameter
	err  error
}

// told is what a Watcher told of its sweeps.
type told struct {
	seen []ledger.Parameter
	took time.Duration
	err  error
}

// newServer makes a server whose source does this.
func newServer(do sweep) *server {
	const most = 1000 // of anything in a test
	s := &server{sweeps: make(chan time.Time, most), told: make(chan told, most), reads: make(chan read, most)}
	s.Watcher = New(source{s, do}, refresh, s)
	return s
}

func (s *server) Swept(seen []ledger.Parameter, took time.Duration) {
	s.told <- told{seen: seen, took: took}
}
func (s *server) Failed(err error) { s.told <- told{err: err} }
func (s *server) Read(refs []ledger.Ref, seen []ledger.Parameter) {
	s.reads <- read{refs: refs, seen: seen}
}
func (s *server) ReadFailed(err error) { s.reads <- read{err: err} }

// Due is what the test says, if it says something.
func (s *server) Due(now time.Time) ([]ledger.Ref, time.Time) {
	if s.due == nil {
		return nil, time.Time{}
	}
	return s.due(now)
}

type source struct {
	server *server
	do     sweep
}

func (s source) Sweep(ctx context.Context) ([]ledger.Parameter, error) {
	s.server.sweeps <- time.Now()
	return s.do(ctx)
}

func (s source) Read(_ context.Context, refs []ledger.Ref) ([]ledger.Parameter, error) {
	return s.server.answer(refs)
}

func (s source) Release() { s.server.released++ }

// run starts Run, for stop to end.
func (s *server) run(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { s.Run(ctx) })
	s.stop = func() {
		cancel()
		wg.Wait()
	}
}

func (s *server) check(t *testing.T, want ...told) {
	t.Helper()
	same := func(a, b told) bool { return slices.Equal(a.seen, b.seen) && a.took == b.took && a.err == b.err }
	if got := all(s.told); !slices.EqualFunc(got, want, same) {
		t.Errorf("the watcher told %+v, want %+v", got, want)
	}
}

// all is what c holds.
func all[T any](c chan T) []T {
	var all []T
	for range len(c) {
		all = append(all, <-c)
	}
	return all
}

// dueAt has these parameters read by name, at the time after the start that is
// theirs, until they were.
func (s *server) dueAt(wanted map[string]time.Duration) {
	began := time.Now()
	s.due = func(now time.Time) (refs []ledger.Ref, next time.Time) {
		for _, name := range slices.Sorted(maps.Keys(wanted)) {
			switch at := began.Add(wanted[name]); {
			case !at.After(now):
				refs = append(refs, ledger.Ref{Name: name})
			case next.IsZero() || at.Before(next):
				next = at
			}
		}
		return refs, next
	}
	s.answer = func(refs []ledger.Ref) (seen []ledger.Parameter, err error) {
		for _, ref := range refs {
			delete(wanted, ref.Name)
			seen = append(seen, ledger.Parameter{Name: ref.Name})
		}
		return seen, nil
	}
}

// Duty 4: what is due is read when it is, ten at a time, ten times a second.
func TestRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(nothing)
		wanted := map[string]time.Duration{"/z": 20 * time.Minute}
		for i := range 25 {
			wanted[fmt.Sprintf("/p%02d", i)] = 10 * time.Minute
		}
		s.dueAt(wanted)
		s.run(t)
		defer func() { s.stop() }()
		<-time.After(10 * time.Minute)
		synctest.Wait()
		for _, want := range []struct {
			after time.Duration // the one before
			n     int
		}{{0, 10}, {readGap, 10}, {readGap, 5}, {10*time.Minute - 2*readGap, 1}} {
			if want.after > 0 {
				<-time.After(want.after - 1)
				synctest.Wait()
				if got := all(s.reads); len(got) > 0 {
					t.Errorf("a read came too soon: %+v", got)
				}
				<-time.After(1)
				synctest.Wait()
			}
			got := all(s.reads)
			if len(got) != 1 || len(got[0].refs) != want.n || len(got[0].seen) != want.n || got[0].err != nil {
				t.Errorf("reads got %+v, want one of %d parameters", got, want.n)
			}
		}
	})
}

// Duty 3: reads are a tenth of a second apart, also where the next one is due sooner.
func TestReadGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(nothing)
		s.dueAt(map[string]time.Duration{"/a": time.Minute, "/b": time.Minute + time.Millisecond})
		s.run(t)
		defer func() { s.stop() }()
		for i, after := range []time.Duration{time.Minute + readGap - 1, 1} {
			<-time.After(after)
			synctest.Wait()
			if got := all(s.reads); len(got) != 1 || len(got[0].refs) != 1 {
				t.Errorf("reads got %+v, want number %d", got, i+1)
			}
		}
	})
}

// Duty 3: after a failure nothing is read by name until a sweep was complete, and
// a throttled read has the next sweep come later.
func TestReadFails(t *testing.T) {
	for _, tt := range []struct {
		name     string
		err      error
		interval time.Duration
	}{{"lost", errSweep, refresh}, {"throttled", tooOften{}, 2 * refresh}} {
		synctest.Test(t, func(t *testing.T) {
			var lost atomic.Bool
			s := newServer(func(context.Context) ([]ledger.Parameter, error) {
				if lost.Load() {
					return nil, errSweep
				}
				return nil, nil
			})
			s.due = func(now time.Time) ([]ledger.Ref, time.Time) { return []ledger.Ref{{Name: "/p"}}, time.Time{} }
			s.answer = func([]ledger.Ref) ([]ledger.Parameter, error) { return nil, tt.err }
			s.run(t)
			defer func() { s.stop() }()
			synctest.Wait()
			lost.Store(true)
			if got := all(s.reads); len(got) != 1 || got[0].err != tt.err {
				t.Fatalf("%s: reads got %+v, want one that failed", tt.name, got)
			}
			if s.interval != tt.interval {
				t.Errorf("%s: the interval is %v, want %v", tt.name, s.interval, tt.interval)
			}
			<-time.After(10 * time.Minute)
			synctest.Wait()
			if got := all(s.reads); len(got) > 0 {
				t.Errorf("%s: while sweeps fail there were the reads %+v, want none", tt.name, got)
			}
			lost.Store(false)
			sweeps := len(all(s.sweeps))
			<-time.After(10 * time.Minute)
			synctest.Wait()
			if reads, sweeps := len(all(s.reads)), len(all(s.sweeps)); reads == 0 || reads > sweeps {
				t.Errorf("%s: %d reads failed while there were %d sweeps, want one for each at most", tt.name, reads, sweeps)
			}
			if sweeps == 0 {
				t.Errorf("%s: there were no sweeps", tt.name)
			}
		})
	}
}

// Duty 3: nor is anything after a sweep that failed before Run, as the first one may.
func TestNoReadAfterASweepThatFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var works atomic.Bool
		s := newServer(func(context.Context) ([]ledger.Parameter, error) {
			if works.Load() {
				return nil, nil
			}
			return nil, errSweep
		})
		s.due = func(time.Time) ([]ledger.Ref, time.Time) { return []ledger.Ref{{Name: "/p"}}, time.Time{} }
		s.answer = func([]ledger.Ref) ([]ledger.Parameter, error) { return nil, nil }
		s.Sweep(t.Context())
		s.run(t)
		defer func() { s.stop() }()
		<-time.After(10 * time.Minute)
		synctest.Wait()
		if got := all(s.reads); len(got) > 0 {
			t.Errorf("while sweeps fail there were %d reads, want none", len(got))
		}
		works.Store(true)
		<-time.After(2 * refresh)
		synctest.Wait()
		if got := all(s.reads); len(got) == 0 {
			t.Error("once a sweep was complete there were no reads")
		}
	})
}

// Duty 3: a read that is throttled puts off the next sweep, as a sweep would.
func TestThrottledReadPutsOffTheSweep(t *testing.T) {
	for _, tt := range []struct {
		err         error
		least, most time.Duration // from the read to the next sweep
	}{{tooOften{}, 18 * time.Second, 22 * time.Second}, {errSweep, 4 * time.Second, 6 * time.Second}} {
		synctest.Test(t, func(t *testing.T) {
			s := newServer(nothing)
			at := time.Now().Add(5 * time.Second)
			s.due = func(now time.Time) ([]ledger.Ref, time.Time) {
				if now.Before(at) {
					return nil, at
				}
				return []ledger.Ref{{Name: "/p"}}, time.Time{}
			}
			s.answer = func([]ledger.Ref) ([]ledger.Parameter, error) { return nil, tt.err }
			s.Hint()
			s.run(t)
			defer func() { s.stop() }()
			<-s.sweeps // at once
			if after := (<-s.sweeps).Sub(at); after < tt.least || after > tt.most {
				t.Errorf("after a read with the error %v the next sweep came in %v, want it in %v to %v", tt.err, after, tt.least, tt.most)
			}
		})
	}
}

// Duty 3: what cannot be read by name, though sweeps are complete, is read less and
// less often, and as often as before once a read works.
func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(nothing)
		sweeps := make(chan int, 100) // before each read, since the one before
		var idle atomic.Bool          // nothing is to be read
		s.due = func(time.Time) ([]ledger.Ref, time.Time) {
			if idle.Load() {
				return nil, time.Time{}
			}
			return []ledger.Ref{{Name: "/p"}}, time.Time{}
		}
		s.answer = func([]ledger.Ref) ([]ledger.Parameter, error) {
			sweeps <- len(all(s.sweeps))
			if len(sweeps) == 9 {
				idle.Store(true)
				return nil, nil
			}
			return nil, errSweep
		}
		s.run(t)
		defer func() { s.stop() }()
		<-time.After(150 * refresh)
		synctest.Wait()
		if got, want := all(sweeps), []int{0, 1, 2, 4, 8, 16, 32, 32, 32}; !slices.Equal(got, want) {
			t.Fatalf("between reads there were %v sweeps, want %v", got, want)
		}
		all(s.sweeps)
		idle.Store(false)
		<-time.After(12 * refresh)
		synctest.Wait()
		if got, want := all(sweeps), []int{1, 1, 2, 4}; len(got) < 4 || !slices.Equal(got[:4], want) {
			t.Errorf("once one has worked there were %v sweeps between reads, want %v", got, want)
		}
	})
}

// A read that is cancelled is nothing to tell.
func TestReadCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(nothing)
		s.due = func(now time.Time) ([]ledger.Ref, time.Time) { return []ledger.Ref{{Name: "/p"}}, time.Time{} }
		s.answer = func([]ledger.Ref) ([]ledger.Parameter, error) {
			<-time.After(time.Second)
			return nil, context.Canceled
		}
		s.run(t)
		synctest.Wait()
		s.stop()
		if got := all(s.reads); len(got) > 0 {
			t.Errorf("reads got %+v, want none", got)
		}
	})
}

// Duty 3: a source that is asked too often is asked less often, and then again
// as it was; another failure changes nothing.
func TestInterval(t *testing.T) {
	const refresh = 10 * time.Second
	for _, tt := range []struct {
		name     string
		refresh  time.Duration
		outcomes string // of sweeps: t for throttled, f for failed, . for complete
		want     string // the interval after each, in seconds
	}{
		{"all is well", refresh, "...", "10 10 10"},
		{"failures", refresh, "ff.f", "10 10 10 10"},
		{"throttled once", refresh, "t...........", "20 18 16 14 13 12 12 11 11 10 10 10"},
		{"throttled, and then lost: nothing makes it shorter", refresh, "ttff.f", "20 40 40 40 32 32"},
		{"throttled for long", refresh, "tttttt", "20 40 80 160 300 300"},
		{"throttled while it recovers", refresh, "t.t.", "20 18 35 29"},
		{"an interval that is longer than the longest", time.Hour, "t.", "3600 3600"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := New(nil, tt.refresh, nil)
			var got []string
			for _, outcome := range tt.outcomes {
				switch outcome {
				case 't':
					w.adapt(fmt.Errorf("read it: %w", tooOften{}))
				case 'f':
					w.adapt(errSweep)
				case '.':
					w.adapt(nil)
				}
				got = append(got, fmt.Sprintf("%.0f", w.interval.Seconds()))
			}
			if got := strings.Join(got, " "); got != tt.want {
				t.Errorf("intervals got %s, want %s", got, tt.want)
			}
		})
	}
}

type tooOften struct{}

func (tooOften) Error() string   { return "rate exceeded" }
func (tooOften) Throttled() bool { return true }

// Duties 3, 12: a thousand servers that share a rate find it together, though all
// start at once: nobody starves, and when an outage is over, in which calls fail or
// are throttled, the peak is no herd.
func TestFleet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const (
			servers = 1000
			rate    = 40 // calls a second that the account has
			left    = 10 // of them, while others make many
			refresh = time.Minute
			calls   = 1 // a sweep: 2 bundles are one page
		)
		began := time.Now()
		var (
			mu       sync.Mutex
			share    = float64(rate)
			tokens   = float64(rate)
			last     = began
			outage   error
			asked    = map[int]int{} // calls by second
			refused  = map[int]int{}
			complete = map[int]time.Time{} // the last complete sweep of each server
			longest  time.Duration         // between two complete sweeps of a server
		)
		sweep := func(server int) error {
			mu.Lock()
			defer mu.Unlock()
			now := time.Now()
			second := int(now.Sub(began) / time.Second)
			asked[second]++
			if outage != nil {
				return outage
			}
			tokens = min(share, tokens+now.Sub(last).Seconds()*share)
			last = now
			if tokens < calls {
				refused[second]++
				return tooOften{}
			}
			tokens -= calls
			if before, ok := complete[server]; ok {
				longest = max(longest, now.Sub(before))
			}
			complete[server] = now
			return nil
		}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for i := range servers {
			w := New(sweeper(func() error { return sweep(i) }), refresh, newServer(nil))
			wg.Go(func() {
				w.Sweep(ctx) // as a start does, and then is not loaded
				mu.Lock()
				_, loaded := complete[i]
				mu.Unlock()
				if !loaded {
					w.Hasten()
				}
				w.Run(ctx)
			})
		}
		phase := func(name string, d time.Duration) (peak, throttled, total int) {
			from := int(time.Since(began) / time.Second)
			<-time.After(d)
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			for second := from; second < int(time.Since(began)/time.Second); second++ {
				peak = max(peak, asked[second])
				throttled += refused[second]
				total += asked[second]
			}
			figure.Print(t, "%-12s %8v %6.1f calls/s, peak %3d, %4d throttled, longest without a sweep %v", name, d, float64(total)/d.Seconds(), peak, throttled, longest.Round(time.Second))
			return peak, throttled, total
		}
		phase("start", 30*time.Minute)
		steady, throttled, calm := phase("steady", 10*time.Minute)
		mu.Lock()
		if throttled > 0 {
			t.Errorf("%d calls were throttled in steady state", throttled)
		}
		if len(complete) != servers {
			t.Errorf("%d of %d servers had a sweep", len(complete), servers)
		}
		mu.Unlock()
		for _, o := range []struct {
			name    string
			err     error
			longest time.Duration // that a server has no sweep for after it
		}{{"lost", errSweep, 2 * refresh}, {"throttled", tooOften{}, mostInterval + 2*refresh}} {
			mu.Lock()
			outage = o.err
			mu.Unlock()
			if _, _, total := phase(o.name, 10*time.Minute); Throttled(o.err) && total > calm/2 {
				t.Errorf("%s: %d calls were made, want at most half of the %d when all is well", o.name, total, calm)
			}
			mu.Lock()
			outage, longest = nil, 0
			over := time.Now()
			for server := range complete {
				complete[server] = over
			}
			mu.Unlock()
			if peak, _, _ := phase("after it", 30*time.Minute); peak > 2*steady {
				t.Errorf("%s: after the outage the peak got %d calls a second, want at most twice %d", o.name, peak, steady)
			}
			mu.Lock()
			if longest > o.longest {
				t.Errorf("%s: after the outage a server had no sweep for %v, want at most %v", o.name, longest, o.longest)
			}
			mu.Unlock()
		}
		mu.Lock()
		share = left
		mu.Unlock()
		phase("fewer left", 10*time.Minute)
		mu.Lock()
		clear(complete)
		mu.Unlock()
		if _, throttled, total := phase("and later", time.Hour); 4*throttled > total {
			t.Errorf("while fewer calls are left %d of %d were throttled, want at most a quarter", throttled, total)
		}
		mu.Lock()
		if len(complete) != servers {
			t.Errorf("while fewer calls are left %d of %d servers had a sweep", len(complete), servers)
		}
		mu.Unlock()
		cancel()
		wg.Wait()
	})
}

// sweeper is a function as a Source that sees nothing.
type sweeper func() error

func (s sweeper) Sweep(context.Context) ([]ledger.Parameter, error) { return nil, s() }
func (s sweeper) Release()                                          {}

func (s sweeper) Read(context.Context, []ledger.Ref) ([]ledger.Parameter, error) { return nil, nil }
