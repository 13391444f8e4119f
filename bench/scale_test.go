package bench

import (
	"encoding/json"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/octoenergy/versionalias/plugin/alias"
	"github.com/octoenergy/versionalias/plugin/ledger"
)

// bundled is so many aliases in parameters as large as Parameter Store's may be.
func bundled(tb testing.TB, names int) []ledger.Parameter {
	const most = 4 << 10
	var list []ledger.Parameter
	modified := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	for i := 0; i < names; {
		text := []byte(`{"aliases": {`)
		for first := true; i < names; i++ {
			entry := fmt.Appendf(nil, ", %q: %q", canonical(i), target(i))
			if first {
				entry, first = entry[2:], false
			}
			if len(text)+len(entry) > most-len("}}") {
				break
			}
			text = append(text, entry...)
		}
		list = append(list, ledger.Parameter{Name: fmt.Sprintf("/dns/aliases/bundle-%d", len(list)), Value: string(text) + "}}", Version: 1, Modified: modified})
	}
	return list
}

func BenchmarkScale(b *testing.B) {
	const names = 1_000_000
	line := ledger.Line{Path: "/dns/aliases", Rule: alias.Rule{Zones: []alias.Name{zone}, TTL: 5}}
	for b.Loop() {
		seen := bundled(b, names)
		fmt.Println(len(seen), len(seen[0].Value))
		base := heap()
		begin := time.Now()
		for _, p := range seen {
			var into map[string]map[string]any
			if err := json.Unmarshal([]byte(p.Value), &into); err != nil {
				b.Fatal(err)
			}
		}
		decoded := time.Since(begin)
		runtime.GC()
		begin = time.Now()
		l := ledger.New([]ledger.Line{line}, ledger.Trust{Interval: time.Hour})
		l, _ = l.Apply(seen, begin)
		built := time.Since(begin)
		n := l.Table().Len()
		if n != names {
			b.Fatalf("%d", n)
		}
		b.ReportMetric(float64(heap()-base)/names, "heap/alias")
		b.ReportMetric(float64(decoded)/names, "json-ns/alias")
		b.ReportMetric(float64(built)/names, "build-ns/alias")
		p := seen[1234]
		var took time.Duration
		for i := range 10 {
			var doc struct{ Aliases map[string]string }
			json.Unmarshal([]byte(p.Value), &doc)
			for k := range doc.Aliases {
				doc.Aliases[k] = fmt.Sprintf("app-v%d.corp.internal", i)
				break
			}
			text, _ := json.Marshal(map[string]any{"aliases": doc.Aliases})
			p.Value = string(text)
			p.Version++
			begin = time.Now()
			next, ev := l.ApplyRead([]ledger.Ref{{Line: 0, Name: p.Name}}, []ledger.Parameter{p}, begin)
			took += time.Since(begin)
			if len(ev) == 0 {
				b.Fatal("no event")
			}
			l = next
		}
		b.ReportMetric(float64(took)/10/1e6, "change-ms")
		b.ReportMetric(float64(built)/(float64(took)/10), "x-change")
		runtime.KeepAlive(seen)
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
