package alias

import (
	"hash/maphash"
	"slices"
)

// parts is how many hash tables a table is made of. A change copies those that it
// touches: a 256th of a large table, next to nothing of a small one. More would be less
// to copy, but what leads to them would not stay in a processor's cache.
const parts = 256

// least is the size of the smallest part that has an entry.
const least = 4

var seed = maphash.MakeSeed()

// hash is a name's. Its bits say in which part the name is, from where on in that, and
// what its tag and its short form are; none says two of these.
type hash uint64

func hashOf(name Name) hash { return hash(maphash.String(seed, string(name))) }

func (h hash) part() int     { return int(h % parts) }
func (h hash) slot() int     { return int(h / parts % (1 << 17)) }
func (h hash) short() uint32 { return uint32(h >> 25) }
func (h hash) tag() uint8    { return uint8(h>>57) | 0x80 }

// part is a hash table of entries with linear probing (Knuth, The Art of Computer
// Programming, volume 3, section 6.4). An octet of each hash is kept apart from the
// entries, so that it takes one look at memory to find out that a name is not there,
// however many are. Once its table is made a part is not edited any more. The zero part
// is empty.
type part struct {
	tags    []uint8  // of the entries, 0 where there is none; their number is a power of two
	entries []*Entry // by the same indexes
	used    int
	led     []uint32 // the short hashes of what aliases lead to, once for each
}

// grow makes room for n aliases in a part that has none yet.
func (p *part) grow(n int) {
	p.led = make([]uint32, 0, n)
	size := least
	for 4*n > 3*size {
		size *= 2
	}
	p.resize(size)
}

// resize makes room for size entries.
func (p *part) resize(size int) {
	old := p.entries
	p.tags, p.entries = make([]uint8, size), make([]*Entry, size)
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
	tag := h.tag()
	for i := h.slot() & mask; ; i = (i + 1) & mask {
		switch p.tags[i] {
		case 0:
			return -1
		case tag:
			if p.entries[i].Name == name {
				return i
			}
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
	if 4*(p.used+1) > 3*len(p.tags) {
		p.resize(max(least, 2*len(p.tags)))
	}
	p.used++
	p.add(h, e)
}

// add puts e, which is not in yet, into the first place that is free.
func (p *part) add(h hash, e *Entry) {
	mask := len(p.tags) - 1
	i := h.slot() & mask
	for p.tags[i] != 0 {
		i = (i + 1) & mask
	}
	p.tags[i], p.entries[i] = h.tag(), e
}

// remove takes the entry at i out, and puts those behind it in anew: one may have
// been put there only because its place was taken.
func (p *part) remove(i int) {
	mask := len(p.tags) - 1
	p.tags[i], p.entries[i] = 0, nil
	p.used--
	for i = (i + 1) & mask; p.tags[i] != 0; i = (i + 1) & mask {
		e := p.entries[i]
		p.tags[i], p.entries[i] = 0, nil
		p.add(hashOf(e.Name), e)
	}
}

// own makes p a copy that may be edited of the part that it shares its lists with.
func (p *part) own() {
	p.tags, p.entries, p.led = slices.Clone(p.tags), slices.Clone(p.entries), slices.Clone(p.led)
}
