package alias

import (
	"math/bits"
	"slices"
)

// parts is how many parts an index is made of. A change copies the entries of those that it
// touches: a 256th of a large index, next to nothing of a small one. More would be less
// to copy, but what leads to them would not stay in a processor's cache.
const parts = 256

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

// index is a hash table of entries in parts. A name is in the group of its part that its hash says,
// or if that is full in the next one that is not (linear probing, Knuth, The Art of Computer
// Programming, volume 3, section 6.4). Once its table is made an index is not edited any more.
// The zero index is empty.
type index struct {
	// tags are the first group of each part, then the second of each, and so on. They are apart from
	// the entries, and in one piece of memory, so that it takes one look at it to find out that a
	// name is not there, however many are. They are parts times a power of two, or none.
	tags  []group
	parts [parts]part
}

// part is the entries of the names that have the same last bits of their hashes.
type part struct {
	entries []*Entry // of one group after the other; none before the first is put in
	used    int
	led     []uint32 // the short hashes of what aliases lead to, once for each
}

// grow makes room for n aliases in an index that has none yet.
func (x *index) grow(n int) {
	groups := 1
	for !fits(n/parts, groups) {
		groups *= 2
	}
	x.resize(groups)
}

// groups is how many each part has.
func (x *index) groups() int { return len(x.tags) / parts }

// fits reports whether so many groups are large enough for n entries: at least a quarter
// of all places is to be free, so that few groups are full.
func fits(n, groups int) bool { return 4*n <= 3*places*groups }

// resize makes room for the entries of so many groups in each part.
func (x *index) resize(groups int) {
	x.tags = make([]group, parts*groups)
	for i := range x.parts {
		p := &x.parts[i]
		old := p.entries
		p.entries = nil
		for _, e := range old {
			if e != nil {
				x.add(hashOf(e.Name), e)
			}
		}
	}
}

// find is where in its part the entry of that name is, or -1.
func (x *index) find(h hash, name Name) int {
	if len(x.tags) == 0 {
		return -1
	}
	mask := uint(len(x.tags)) - 1
	for n := uint(h) & mask; ; n = (n + parts) & mask {
		g := x.tags[n]
		for like := g.with(h.tag()); like != 0; like &= like - 1 {
			if i := placeOf(n, like); x.parts[h.part()].entries[i].Name == name {
				return i
			}
		}
		if g.free() != 0 {
			return -1
		}
	}
}

// lacks reports whether a first look is enough to say that no name has that hash, as it nearly always
// is if none has.
func (x *index) lacks(h hash) bool {
	if len(x.tags) == 0 {
		return true
	}
	g := x.tags[uint(h)&(uint(len(x.tags))-1)]
	return g.with(h.tag()) == 0 && g.free() != 0
}

func (x *index) get(h hash, name Name) *Entry {
	if i := x.find(h, name); i >= 0 {
		return x.parts[h.part()].entries[i]
	}
	return nil
}

// set puts e in, in the place of the one of its name if there is one. There is to be room.
func (x *index) set(h hash, e *Entry) {
	p := &x.parts[h.part()]
	if i := x.find(h, e.Name); i >= 0 {
		p.entries[i] = e
		return
	}
	p.used++
	x.add(h, e)
}

// add puts e, which is not in yet, into the first place that is free.
func (x *index) add(h hash, e *Entry) {
	p := &x.parts[h.part()]
	if p.entries == nil {
		p.entries = make([]*Entry, places*x.groups())
	}
	mask := uint(len(x.tags)) - 1
	n := uint(h) & mask
	for x.tags[n].free() == 0 {
		n = (n + parts) & mask
	}
	i := placeOf(n, x.tags[n].free())
	x.tags[n] |= group(h.tag()) << (8 * (i % places))
	p.entries[i] = e
}

// remove takes the entry of that name out, if there is one. If its group was full, those of the
// next groups are put in anew, up to the first that was not: some may be there only because of that.
func (x *index) remove(h hash, name Name) {
	i := x.find(h, name)
	if i < 0 {
		return
	}
	p := &x.parts[h.part()]
	p.used--
	mask := uint(len(x.tags)) - 1
	n := uint(i/places*parts + h.part())
	full := x.tags[n].free() == 0
	x.tags[n] &^= 0xff << (i % places * 8)
	p.entries[i] = nil
	for full {
		n = (n + parts) & mask
		full = x.tags[n].free() == 0
		x.tags[n] = 0
		var again [places]*Entry
		of := p.entries[n/parts*places:][:places]
		copy(again[:], of)
		clear(of)
		for _, e := range again {
			if e != nil {
				x.add(hashOf(e.Name), e)
			}
		}
	}
}

// placeOf is the first in a part of those in its group at n of which a bit is set.
func placeOf(n uint, set group) int { return int(n/parts)*places + set.first() }

// own makes p a copy that may be edited of the part that it shares its lists with.
func (p *part) own() {
	p.entries, p.led = slices.Clone(p.entries), slices.Clone(p.led)
}
