package alias

import (
	"math/rand/v2"
	"sync/atomic"
	"unsafe"
)

// counter counts up. Cores that count at the same time take its memory away from each
// other, and wait for it. Where that happens often, each soon counts in a stripe of its own,
// as in Java's LongAdder. Most counters are of names that few ask for, and stay small. The
// zero counter is 0.
type counter struct {
	one  atomic.Uint64
	many atomic.Pointer[[stripes]stripe] // nil as long as one is enough
}

// collisions is how often cores meet at a counter on average before it gets stripes:
// within microseconds if it is hot. Two queries for a cold name meet once in months.
const collisions = 64

func (c *counter) add() {
	if many := c.many.Load(); many != nil {
		many[here()].n.Add(1)
		return
	}
	if n := c.one.Load(); c.one.CompareAndSwap(n, n+1) {
		return
	}
	c.collide()
}

// collide is add where another core came first.
func (c *counter) collide() {
	c.one.Add(1)
	if rand.Uint32()%collisions == 0 {
		c.many.CompareAndSwap(nil, new([stripes]stripe))
	}
}

// count is how much was added. It never falls.
func (c *counter) count() uint64 {
	n := c.one.Load()
	if many := c.many.Load(); many != nil {
		for i := range many {
			n += many[i].n.Load()
		}
	}
	return n
}

// stripes is how many a counter gets, 2 to the power of stripeBits.
const (
	stripeBits = 3
	stripes    = 1 << stripeBits
)

// stripe is a counter in a line of the processor's cache by itself.
type stripe struct {
	n atomic.Uint64
	_ [64 - 8]byte
}

// here is the stripe to count in, which is taken from where the goroutine's stack is: no two
// have the same stack, and a core gives its goroutines those that it had before. Which it
// is does not matter for the sum. Stacks begin at multiples of 2 KiB, and are hashed by
// multiplication (Knuth, The Art of Computer Programming, volume 3, section 6.4).
func here() int {
	var b byte
	return int(uint64(uintptr(unsafe.Pointer(&b))>>11) * 0x9e3779b97f4a7c15 >> (64 - stripeBits))
}
