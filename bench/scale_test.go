package bench

import (
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/octoenergy/versionalias/internal/many"
	"github.com/octoenergy/versionalias/plugin/ledger"
)

// BenchmarkScale loads a million aliases from bundles, and changes one of them. What
// it reports is what an alias takes of the heap, all included, and how long loading
// and changing take in proportion to each other and to decoding the documents: into maps
// that are kept, as the table is, and into maps of which each is dropped.
func BenchmarkScale(b *testing.B) {
	const names = 1_000_000
	seen := many.Bundles(names)
	var perAlias, decoding, dropping, loading, changing []float64
	decode := func(keep func(map[string]map[string]any)) float64 {
		return took(func() {
			if err := many.Decode(seen, keep); err != nil {
				b.Fatal(err)
			}
		})
	}
	for b.Loop() {
		dropping = append(dropping, decode(func(map[string]map[string]any) {}))
		var kept []map[string]map[string]any
		decoding = append(decoding, decode(func(m map[string]map[string]any) { kept = append(kept, m) }))
		runtime.KeepAlive(kept)
		kept = nil
		before := heap()
		l := ledger.New([]ledger.Line{many.Line}, ledger.Trust{Interval: time.Hour})
		// Values are read anew at each sweep: those that are kept are the ledger's.
		read := clones(seen)
		loading = append(loading, took(func() { l, _ = l.Apply(read, time.Now()) }))
		if n := l.Table().Len(); n != names {
			b.Fatalf("found %d aliases, want %d", n, names)
		}
		read = nil
		perAlias = append(perAlias, float64(heap()-before)/names)
		p := seen[len(seen)/2]
		for v := range 10 {
			read := []ledger.Parameter{many.Flip(p, 3+v)}
			changing = append(changing, took(func() {
				next, events := l.ApplyRead([]ledger.Ref{{Name: p.Name}}, read, time.Now())
				if len(events) != 1 {
					b.Fatalf("found the events %v, want one flip", events)
				}
				l = next
			}))
		}
	}
	load, change := median(loading), median(changing)
	b.ReportMetric(median(perAlias), "heap-B/alias")
	b.ReportMetric(load/names, "load-ns/alias")
	b.ReportMetric(load/median(decoding), "load-x-json")
	b.ReportMetric(load/median(dropping), "load-x-json-dropped")
	b.ReportMetric(change/1e6, "change-ms")
	b.ReportMetric(load/change, "load-x-change")
}

func clones(list []ledger.Parameter) []ledger.Parameter {
	list = slices.Clone(list)
	for i := range list {
		list[i].Value = string([]byte(list[i].Value))
	}
	return list
}

// took is how many nanoseconds f takes, after what was done before has been cleaned
// up.
func took(f func()) float64 {
	runtime.GC()
	begin := time.Now()
	f()
	return float64(time.Since(begin))
}

func heap() uint64 {
	runtime.GC()
	runtime.GC() // what the first one has found
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}
