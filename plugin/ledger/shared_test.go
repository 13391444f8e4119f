package ledger

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"testing"
)

// A map that others began with stays what it was, and the next one copies only what it touches.
func TestShared(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	type step struct {
		shared[int, int]
		want map[int]int
	}
	history := []step{{want: map[int]int{}}}
	for range 50 {
		last := history[len(history)-1]
		next, want := draft[int, int]{shared: last.shared}, maps.Clone(last.want)
		touched := map[uint64]bool{}
		for range random.IntN(20) {
			k, v := random.IntN(500), random.Int()
			before, again := where(next.parts[partOf(k)]), touched[partOf(k)]
			touched[partOf(k)] = true
			if random.IntN(3) == 0 {
				next.remove(k)
				delete(want, k)
			} else {
				next.set(k, v)
				want[k] = v
			}
			if again && where(next.parts[partOf(k)]) != before {
				t.Errorf("step %d: part %d was copied twice", len(history), partOf(k))
			}
		}
		for i, part := range next.parts {
			if was := last.parts[i]; was != nil && (where(was) != where(part)) != touched[uint64(i)] {
				t.Errorf("step %d: part %d is shared, want that of all that was not touched: %v", len(history), i, slices.Sorted(maps.Keys(touched)))
			}
		}
		history = append(history, step{next.shared, want})
	}
	for i, step := range history {
		if got := maps.Collect(step.all); !maps.Equal(got, step.want) {
			t.Errorf("step %d has %v, want %v", i, got, step.want)
		}
		for k := range 500 {
			v, ok := step.get(k)
			if want, there := step.want[k]; v != want || ok != there {
				t.Errorf("step %d has %d, %v of %d, want %d, %v", i, v, ok, k, want, there)
			}
		}
	}
}

// That many were unsettled at one moment, as when a listing missed them, costs no later change anything.
func TestUnsettledOnce(t *testing.T) {
	const changes = 100
	cost := func(s records) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range changes {
			s = s.with(nil, nil)
		}
		runtime.ReadMemStats(&after)
		return (after.TotalAlloc - before.TotalAlloc) / changes
	}
	many, settled := map[key]record{}, map[key]record{}
	for i := range 10_000 {
		k := key{fmt.Sprint("/dns/", i), 0}
		many[k], settled[k] = record{newer: &candidate{}}, record{}
	}
	quiet := records{}.with(settled, nil)
	once := records{}.with(many, nil).with(settled, nil)
	if before, after := cost(quiet), cost(once); after > before+1<<10 {
		t.Errorf("a change takes %d octets after that, want about %d as before", after, before)
	}
}

// where is where in memory a map is.
func where(m map[int]int) uintptr { return reflect.ValueOf(m).Pointer() }
