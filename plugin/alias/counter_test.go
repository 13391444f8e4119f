package alias

import (
	"sync"
	"testing"
)

// However many count at a time, before and after a counter gets stripes, nothing is lost,
// and who reads meanwhile never sees it fall.
func TestCounter(t *testing.T) {
	const goroutines, each = 8, 10_000
	var c counter
	for round := range uint64(3) {
		var all sync.WaitGroup
		for range goroutines {
			all.Go(func() {
				last := c.count()
				for range each {
					c.add()
					n := c.count()
					if n <= last {
						t.Errorf("found %d after %d and one more", n, last)
						return
					}
					last = n
				}
			})
		}
		all.Wait()
		if got, want := c.count(), (round+1)*goroutines*each; got != want {
			t.Errorf("found %d, want %d", got, want)
		}
		if round == 1 {
			c.many.CompareAndSwap(nil, new([stripes]stripe)) // unless cores have met
		}
	}
}

// A counter stays small while nobody counts beside, and gets stripes where cores meet again
// and again. From then on they count in these, each in its own.
func TestCounterStripes(t *testing.T) {
	const most = 100_000 // the last one leaves a counter without stripes once in 10^683
	var c counter
	for range most {
		c.add()
	}
	if c.many.Load() != nil {
		t.Fatal("found stripes, want none while there are no collisions")
	}
	met := uint64(0)
	for ; c.many.Load() == nil && met < most; met++ {
		c.collide()
	}
	var stay, all sync.WaitGroup
	const goroutines = 100
	stay.Add(goroutines)
	for range goroutines {
		all.Go(func() {
			c.add()
			stay.Done()
			stay.Wait() // so that none has the stack of another
		})
	}
	all.Wait()
	if got, want := c.one.Load(), most+met; got != want {
		t.Errorf("found %d in one place, want %d and the rest in stripes", got, want)
	}
	if got, want := c.count(), most+met+goroutines; got != want {
		t.Errorf("found %d, want %d", got, want)
	}
	used := 0
	for i := range c.many.Load() {
		if c.many.Load()[i].n.Load() > 0 {
			used++
		}
	}
	if used < stripes/2 {
		t.Errorf("found %d stripes used by %d goroutines, want at least %d", used, goroutines, stripes/2)
	}
}
