package main

import (
	"testing"
	"time"
)

// turns are turns of a second in which so many queries were answered, each in
// 10 µs of CPU time and 2,500 octets of memory.
func turns(queries ...float64) []turn {
	var all []turn
	for _, n := range queries {
		cpu := time.Duration(n) * 10 * time.Microsecond
		all = append(all, turn{load{queries: n, run: time.Second, latency: 2 * time.Millisecond, size: 173}, cpu, 2500 * n})
	}
	return all
}

// The ratios are of the same round: from round to round the machine got twice as
// fast, and versionalias stayed at 0.9 to 1.1 of its reference.
func TestTable(t *testing.T) {
	results := []result{
		{subject: subject{"file", "versionalias", 10, ""}, turns: turns(10_000, 18_000, 44_000)},
		{subject: subject{"file", reference, 10, ""}, turns: turns(10_000, 20_000, 40_000)},
		{subject: subject{"file", reference, 10, "again"}, turns: turns(10_000, 20_000, 40_000)},
		{subject: subject{"file", "rewrite", 1, ""}, turns: turns(5_000, 10_000, 20_000)},
		{subject: subject{"cache", "template", 10, ""}, turns: turns(1, 2, 3)},
	}
	const want = `| targets in | plugin | names | queries/s | of static | quartiles | CPU/query | of static | quartiles | core | B/query | latency | answer |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
| ` + "`file` | `versionalias`" + ` | 10 | 18000 | 1.000 | 0.950 to 1.050 | 10.00 µs | 1.000 | 1.000 to 1.000 | 18% | 2500 | 2.00 ms | 173 B |
| ` + "`file`" + ` | static CNAME | 10 | 20000 | 1.000 | 1.000 to 1.000 | 10.00 µs | 1.000 | 1.000 to 1.000 | 20% | 2500 | 2.00 ms | 173 B |
| ` + "`file`" + ` | static CNAME, again | 10 | 20000 | 1.000 | 1.000 to 1.000 | 10.00 µs | 1.000 | 1.000 to 1.000 | 20% | 2500 | 2.00 ms | 173 B |
| ` + "`file` | `rewrite`" + ` | 1 | 10000 | 0.500 | 0.500 to 0.500 | 10.00 µs | 1.000 | 1.000 to 1.000 | 10% | 2500 | 2.00 ms | 173 B |
| ` + "`cache` | `template`" + ` | 10 | 2 |  |  | 10.00 µs |  |  | 0% | 2500 | 2.00 ms | 173 B |
`
	if got := markdown(compare(results)); got != want {
		t.Errorf("the table is\n%swant\n%s", got, want)
	}
}

func TestQuantile(t *testing.T) {
	for _, test := range []struct {
		q, want float64
	}{{0, 1}, {0.25, 1.75}, {0.5, 2.5}, {0.75, 3.25}, {1, 4}} {
		if got := quantile([]float64{1, 2, 3, 4}, test.q); got != test.want {
			t.Errorf("quantile %v got %v, want %v", test.q, got, test.want)
		}
	}
}
