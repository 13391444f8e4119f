package ledger

import (
	"hash/maphash"
	"maps"
)

// parts is how many parts a shared map is in: of 15,000 parameters one is changed by a copy of a few hundred.
const parts = 64

// shared is a map that is not written to any more: others share most of it; see [draft].
// The zero one is empty.
type shared[K comparable, V any] struct {
	parts [parts]map[K]V
}

var seed = maphash.MakeSeed()

func partOf[K comparable](k K) uint64 { return maphash.Comparable(seed, k) % parts }

// get is what s has of k, and whether it has any.
func (s *shared[K, V]) get(k K) (V, bool) {
	v, ok := s.parts[partOf(k)][k]
	return v, ok
}

// all yields all that s has, in no order.
func (s *shared[K, V]) all(yield func(K, V) bool) {
	for _, part := range s.parts {
		for k, v := range part {
			if !yield(k, v) {
				return
			}
		}
	}
}

// draft is a shared map in the making, which begins with what another one has. It copies the
// parts that it touches.
type draft[K comparable, V any] struct {
	shared[K, V]
	owned [parts]bool
}

// set sets what is of k; remove removes it.
func (d *draft[K, V]) set(k K, v V) { d.own(k)[k] = v }
func (d *draft[K, V]) remove(k K)   { delete(d.own(k), k) }

func (d *draft[K, V]) own(k K) map[K]V {
	i := partOf(k)
	if !d.owned[i] {
		d.owned[i] = true
		d.parts[i] = maps.Clone(d.parts[i])
	}
	if d.parts[i] == nil {
		d.parts[i] = map[K]V{}
	}
	return d.parts[i]
}

// records is what is known of all parameters, and once more of those that are not settled: a
// change need not look at the others.
type records struct {
	shared[key, record]
	unsettled map[key]record
}

// with is s after updates, without those that are gone.
func (s records) with(updates map[key]record, gone map[key]bool) records {
	next := draft[key, record]{shared: s.shared}
	unsettled := make(map[key]record, len(s.unsettled)) // a clone would be as large as when most were
	maps.Copy(unsettled, s.unsettled)
	for k, r := range updates {
		next.set(k, r)
		if r.settled() {
			delete(unsettled, k)
		} else {
			unsettled[k] = r
		}
	}
	for k := range gone {
		next.remove(k)
		delete(unsettled, k)
	}
	return records{next.shared, unsettled}
}
