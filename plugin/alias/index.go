package alias

import (
	"math/bits"
	"slices"
)

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

// has reports whether the highest bit of a place is set.
func (g group) has(place uint) bool { return g>>(8*place+7)&1 != 0 }

// first is the first place of which a bit is set.
func (g group) first() uint { return uint(bits.TrailingZeros64(uint64(g))) / 8 }

// groups is how many a chunk has.
const groups = 128

// chunk is the entries of groups in a row. A change copies the chunks that it touches, of 8 KiB each. Smaller
// ones would be less to copy, but of a million names what leads to them would not stay in a
// processor's cache.
type chunk [groups * places]*Entry

// index is a hash table of entries. A name is in the group that its hash says, or if that is full in
// the next one that is not (linear probing, Knuth, The Art of Computer Programming, volume 3,
// section 6.4). Once its table is made an index is not edited any more; the next one shares with it
// what does not change. The zero index is empty.
type index struct {
	// tags are apart from the entries, and in one piece of memory, so that it takes one look at it
	// to find out that a name is not there, however many are. They are of a power of two of
	// chunks, or none.
	tags   []group
	chunks []*chunk
	used   int // how many entries there are
}

// at is the entry at place i of all, or nil.
func (x *index) at(i uint) *Entry {
	return x.chunks[i/(groups*places)][i%(groups*places)]
}

// first is the group where a name with that hash is looked for first.
func (x *index) first(h hash) uint { return uint(h) & (uint(len(x.tags)) - 1) }

// next is the group behind n.
func (x *index) next(n uint) uint { return (n + 1) & (uint(len(x.tags)) - 1) }

// find is the place of the entry of that name, if there is one.
func (x *index) find(h hash, name Name) (place uint, ok bool) {
	if len(x.tags) == 0 {
		return 0, false
	}
	for n := x.first(h); ; n = x.next(n) {
		g := x.tags[n]
		like := g.with(h.tag())
		// Most are where they would rather be. That is known before the tags are there, so that
		// both come from memory at once (a processor goes on as if the tag were the right one).
		if like.has(h.place()) {
			if i := n*places + h.place(); x.at(i).Name == name {
				return i, true
			}
		}
		for ; like != 0; like &= like - 1 {
			if i := n*places + like.first(); x.at(i).Name == name {
				return i, true
			}
		}
		if g.free() != 0 {
			return 0, false
		}
	}
}

// lacks reports whether a first look is enough to say that no name has that hash, as it nearly always
// is if none has.
func (x *index) lacks(h hash) bool {
	if len(x.tags) == 0 {
		return true
	}
	g := x.tags[x.first(h)]
	return g.with(h.tag()) == 0 && g.free() != 0
}

func (x *index) get(h hash, name Name) *Entry {
	if i, ok := x.find(h, name); ok {
		return x.at(i)
	}
	return nil
}

// all yields the entries in no order.
func (x *index) all(yield func(*Entry) bool) {
	for _, c := range x.chunks {
		for _, e := range c {
			if e != nil && !yield(e) {
				return
			}
		}
	}
}

// draft is an index in the making, which begins with what another one has.
type draft struct {
	*index
	tagged bool   // the tags are its own
	owned  []bool // by chunk: it is its own; none is if this is nil
}

// grow makes room for n entries in all.
func (d *draft) grow(n int) {
	chunks := max(1, len(d.chunks))
	for 4*n > 3*chunks*len(chunk{}) { // at least a quarter of all places is to be free, so that few groups are full
		chunks *= 2
	}
	if chunks == len(d.chunks) {
		return
	}
	before := *d.index
	d.tags, d.tagged = make([]group, chunks*groups), true
	d.chunks, d.owned = make([]*chunk, chunks), make([]bool, chunks)
	for i := range d.chunks {
		d.chunks[i], d.owned[i] = new(chunk), true
	}
	for e := range before.all {
		d.add(hashOf(e.Name), e)
	}
}

// own is the entry at place i of all, to be written to.
func (d *draft) own(i uint) **Entry {
	if d.owned == nil {
		d.owned = make([]bool, len(d.chunks))
		d.chunks = slices.Clone(d.chunks)
	}
	n := i / (groups * places)
	if !d.owned[n] {
		d.owned[n] = true
		c := *d.chunks[n]
		d.chunks[n] = &c
	}
	return &d.chunks[n][i%(groups*places)]
}

// ownTags has the tags be written to. They stay as they are where no name comes or goes.
func (d *draft) ownTags() {
	if !d.tagged {
		d.tagged = true
		d.tags = slices.Clone(d.tags)
	}
}

// set puts e in, in the place of the one of its name if there is one.
func (d *draft) set(h hash, e *Entry) {
	if i, ok := d.find(h, e.Name); ok {
		*d.own(i) = e
		return
	}
	d.used++
	d.grow(d.used)
	d.ownTags()
	d.add(h, e)
}

// add puts e, which is not in yet, where it would rather be, or else into the first place that is
// free.
func (d *draft) add(h hash, e *Entry) {
	n := d.first(h)
	for d.tags[n].free() == 0 {
		n = d.next(n)
	}
	place := h.place()
	if free := d.tags[n].free(); !free.has(place) {
		place = free.first()
	}
	d.tags[n] |= group(h.tag()) << (8 * place)
	*d.own(n*places + place) = e
}

// remove takes the entry of that name out, if there is one. If its group was full, those of the
// next groups are put in anew, up to the first that was not: some may be there only because of that.
func (d *draft) remove(h hash, name Name) {
	i, ok := d.find(h, name)
	if !ok {
		return
	}
	d.used--
	d.ownTags()
	n := i / places
	full := d.tags[n].free() == 0
	d.tags[n] &^= 0xff << (i % places * 8)
	*d.own(i) = nil
	for full {
		n = d.next(n)
		full = d.tags[n].free() == 0
		d.tags[n] = 0
		var again [places]*Entry
		for i := range uint(places) {
			of := d.own(n*places + i)
			again[i], *of = *of, nil
		}
		for _, e := range again {
			if e != nil {
				d.add(hashOf(e.Name), e)
			}
		}
	}
}
