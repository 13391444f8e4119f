package alias

import (
	"hash/maphash"
	"math/bits"
	"slices"
)

// parts is how many hash tables a table is made of. A change copies those that it
// touches: a 256th of a large table, next to nothing of a small one. More would be less
// to copy, but what leads to them would not stay in a processor's cache.
const parts = 256

var seed = maphash.MakeSeed()

// hash is a name's. Its bits say in which part the name is, from which group on in that,
// and what its tag and its short form are; none says two of these.
type hash uint64

func hashOf(name Name) hash { return hash(maphash.String(seed, string(name))) }

func (h hash) part() int     { return int(h % parts) }
func (h hash) group() int    { return int(h / parts % (1 << 17)) }
func (h hash) short() uint32 { return uint32(h >> 25) }
func (h hash) tag() uint8    { return uint8(h>>57) | 0x80 }

// places is how many a group has.
const places = 8

// group is the tags of entries in a row, an octet each, 0 where there is none. All are
// looked at by one comparison. By one after the other, how many there are to look at would
// differ from name to name, and a processor that guesses it wrong loses as much time as
// the rest of a look-up takes.
type group uint64

// each is 1 in each of eight octets, and high is the highest bit of each, which is set in
// every tag.
const (
	each = 0x0101010101010101
	high = 0x80 * each
)

// with has the highest bit set of each place with that tag. It may be set of an entry
// behind such a one as well (Warren, Hacker's Delight, section 6-1).
func (g group) with(tag uint8) group {
	differs := g ^ each*group(tag)
	return (differs - each) &^ differs & high
}

// free has the highest bit set of each place without an entry.
func (g group) free() group { return ^g & high }

// first is the first place of which a bit is set.
func (g group) first() int { return bits.TrailingZeros64(uint64(g)) / 8 }

// part is a hash table of entries. A name is in the group that its hash says, or if that
// is full in the next one that is not (linear probing, Knuth, The Art of Computer
// Programming, volume 3, section 6.4). Tags are kept apart from the entries, so that it
// takes one look at memory to find out that a name is not there, however many are. Once
// its table is made a part is not edited any more. The zero part is empty.
type part struct {
	tags    []group  // their number is a power of two
	entries []*Entry // those of all groups
	used    int
	led     []uint32 // the short hashes of what aliases lead to, once for each
}

// grow makes room for n aliases in a part that has none yet.
func (p *part) grow(n int) {
	p.led = make([]uint32, 0, n)
	groups := 1
	for !fits(n, groups) {
		groups *= 2
	}
	p.resize(groups)
}

// fits reports whether so many groups are large enough for n entries: at least a quarter
// of all places is to be free, so that few groups are full.
func fits(n, groups int) bool { return 4*n <= 3*places*groups }

// resize makes room for the entries of so many groups.
func (p *part) resize(groups int) {
	old := p.entries
	p.tags, p.entries = make([]group, groups), make([]*Entry, places*groups)
	for _, e := range old {
		if e != nil {
			p.add(hashOf(e.Name), e)
		}
	}
}

// find is where the entry of that name is, or -1.
func (p *part) find(h hash, name Name) int {
	mask := len(p.tags) - 1
	if mask < 0 {
		return -1
	}
	for n := h.group() & mask; ; n = (n + 1) & mask {
		g := p.tags[n]
		for like := g.with(h.tag()); like != 0; like &= like - 1 {
			if i := places*n + like.first(); p.entries[i].Name == name {
				return i
			}
		}
		if g.free() != 0 {
			return -1
		}
	}
}

func (p *part) get(h hash, name Name) *Entry {
	if i := p.find(h, name); i >= 0 {
		return p.entries[i]
	}
	return nil
}

// set puts e in, in the place of the one of its name if there is one.
func (p *part) set(h hash, e *Entry) {
	if i := p.find(h, e.Name); i >= 0 {
		p.entries[i] = e
		return
	}
	if !fits(p.used+1, len(p.tags)) {
		p.resize(max(1, 2*len(p.tags)))
	}
	p.used++
	p.add(h, e)
}

// add puts e, which is not in yet, into the first place that is free.
func (p *part) add(h hash, e *Entry) {
	mask := len(p.tags) - 1
	n := h.group() & mask
	for p.tags[n].free() == 0 {
		n = (n + 1) & mask
	}
	i := p.tags[n].free().first()
	p.tags[n] |= group(h.tag()) << (8 * i)
	p.entries[places*n+i] = e
}

// remove takes the entry at i out. If its group was full, those of the next groups are
// put in anew, up to the first that was not: some may be there only because of that.
func (p *part) remove(i int) {
	mask := len(p.tags) - 1
	n := i / places
	full := p.tags[n].free() == 0
	p.tags[n] &^= 0xff << (i % places * 8)
	p.entries[i] = nil
	p.used--
	for full {
		n = (n + 1) & mask
		full = p.tags[n].free() == 0
		var again [places]*Entry
		copy(again[:], p.entries[places*n:])
		p.tags[n] = 0
		clear(p.entries[places*n:][:places])
		for _, e := range again {
			if e != nil {
				p.add(hashOf(e.Name), e)
			}
		}
	}
}

// own makes p a copy that may be edited of the part that it shares its lists with.
func (p *part) own() {
	p.tags, p.entries, p.led = slices.Clone(p.tags), slices.Clone(p.entries), slices.Clone(p.led)
}
