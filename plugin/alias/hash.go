package alias

import (
	"math/bits"
	"math/rand/v2"
)

// hash is a name's. Its first bits say from which group on the name is, the others where in a group
// it would rather be, and what its tag and its short form are.
type hash uint64

// lists is how many lists of short hashes a table has.
const lists = 256

func (h hash) list() int     { return int(h % lists) }
func (h hash) short() uint32 { return uint32(h >> 25) }
func (h hash) place() uint   { return uint(h>>54) % places }
func (h hash) tag() uint8    { return uint8(h>>57) | 0x80 }

// keys and factor are what words are mixed with. Nobody can know which names have the same
// hash in this process.
var (
	keys = func() (keys [maxName/8 + 1]uint64) {
		for i := range keys {
			keys[i] = rand.Uint64()
		}
		return keys
	}()
	factor = rand.Uint64() | 1
)

func hashOf(name Name) hash {
	h, _ := hashFolded(string(name))
	return h
}

// hashFolded is the hash of qname, and whether fold leaves qname as it is, as far as that could
// be a Name: most questions are so. Both take a look at all octets, eight at a time.
//
// Each word is multiplied with a key of its own mixed in, and the products are added up (Carter
// and Wegman, Universal classes of hash functions, 1979). So none waits for the one before, as
// in wyhash, which mixes words in the same way (https://github.com/wangyi-fudan/wyhash).
func hashFolded(qname string) (h hash, folded bool) {
	if len(qname) >= maxName {
		return 0, false
	}
	sum, not := uint64(len(qname))*factor, uint64(0)
	if len(qname) < 8 {
		w := rest(qname)
		return hashOfSum(sum + mix(w, 0)), unfolded(w) == 0
	}
	key := uint(1)
	for rest := qname; len(rest) > 8; rest = rest[8:] {
		w := word(rest)
		sum += mix(w, key)
		not |= unfolded(w)
		key++
	}
	w := word(qname[len(qname)-8:]) // some octets again, so that none are left over
	return hashOfSum(sum + mix(w, 0)), not|unfolded(w) == 0
}

// hashOfSum has the bits that say where a name is depend on all others: of products that are added up
// the last ones are too regular. Without it names that are counted up can take several times as
// many second looks as by chance.
func hashOfSum(sum uint64) hash { return hash(sum ^ sum>>32) }

// word is the first eight octets of s.
func word(s string) uint64 {
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// rest is the octets of s behind the last eight that make a word, and zeros behind them.
func rest(s string) (w uint64) {
	if len(s) >= 8 {
		return word(s[len(s)-8:]) >> (64 - len(s)%8*8)
	}
	for i := range len(s) {
		w |= uint64(s[i]) << (8 * i)
	}
	return w
}

// mix is what w counts with that key: both halves of a product of 128 bits.
func mix(w uint64, key uint) uint64 {
	upper, lower := bits.Mul64(w^keys[key%uint(len(keys))], factor)
	return upper ^ lower
}
