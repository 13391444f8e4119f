package main

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// row is what is printed of a server: medians over its turns. The ratios are each
// to the reference in the same round.
type row struct {
	subject
	rate    float64
	latency time.Duration
	size    float64
	busy    float64       // the part of the core that it had
	cpu     time.Duration // per query
	octets  float64       // allocated per query
	rates   spread        // of the queries per second in proportion to the reference's
	cpus    spread        // of the CPU time per query
}

// spread is the quartiles of some numbers.
type spread struct{ low, median, high float64 }

func compare(results []result) []row {
	var rows []row
	for _, s := range results {
		r := row{
			subject: s.subject,
			rate:    median(s.turns, turn.rate),
			latency: median(s.turns, func(t turn) time.Duration { return t.latency }),
			size:    median(s.turns, func(t turn) float64 { return t.size }),
			busy:    median(s.turns, turn.busy),
			cpu:     median(s.turns, turn.perQuery),
			octets:  median(s.turns, func(t turn) float64 { return t.allocated / t.queries }),
		}
		if i := slices.IndexFunc(results, func(other result) bool { return other.subject == s.reference() }); i >= 0 {
			r.rates = ratios(s.turns, results[i].turns, turn.rate)
			r.cpus = ratios(s.turns, results[i].turns, func(t turn) float64 { return float64(t.perQuery()) })
		}
		rows = append(rows, r)
	}
	return rows
}

// reference is what s is compared with. What has one name has that of ten.
func (s subject) reference() subject { return subject{s.above, reference, max(s.names, 10), ""} }

func (t turn) busy() float64 { return t.cpu.Seconds() / t.run.Seconds() }

func (t turn) perQuery() time.Duration { return time.Duration(float64(t.cpu) / t.queries) }

func median[T cmp.Ordered](turns []turn, of func(turn) T) T {
	var all []T
	for _, t := range turns {
		all = append(all, of(t))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// ratios is the spread of what is measured of a in proportion to b, round by round.
func ratios(a, b []turn, of func(turn) float64) spread {
	var all []float64
	for i := range a {
		all = append(all, of(a[i])/of(b[i]))
	}
	slices.Sort(all)
	return spread{quantile(all, 0.25), quantile(all, 0.5), quantile(all, 0.75)}
}

// quantile is that of sorted numbers, between two of them if need be.
func quantile(sorted []float64, q float64) float64 {
	place := q * float64(len(sorted)-1)
	i := int(place)
	if i+1 == len(sorted) {
		return sorted[i]
	}
	return sorted[i] + (place-float64(i))*(sorted[i+1]-sorted[i])
}

var head = []string{"targets in", "plugin", "names", "queries/s", "of static", "quartiles", "CPU/query", "of static", "quartiles", "core", "B/query", "latency", "answer"}

// markdown is the rows as a table. All columns but the first two are numbers.
func markdown(rows []row) string {
	cells := [][]string{head}
	for _, r := range rows {
		plugin := "`" + r.plugin + "`"
		if r.plugin == reference {
			plugin = strings.TrimSuffix("static CNAME, "+r.note, ", ")
		}
		rate, rates := r.rates.strings()
		cpu, cpus := r.cpus.strings()
		cells = append(cells, []string{
			"`" + r.above + "`", plugin, strconv.Itoa(r.names),
			fmt.Sprintf("%.0f", r.rate), rate, rates,
			fmt.Sprintf("%.2f µs", float64(r.cpu)/float64(time.Microsecond)), cpu, cpus,
			fmt.Sprintf("%.0f%%", 100*r.busy),
			fmt.Sprintf("%.0f", r.octets),
			fmt.Sprintf("%.2f ms", float64(r.latency)/float64(time.Millisecond)),
			fmt.Sprintf("%.0f B", r.size),
		})
	}
	rule := make([]string, len(head))
	for i := range rule {
		rule[i] = "---"
		if i >= 2 {
			rule[i] = "---:"
		}
	}
	var b strings.Builder
	for _, line := range slices.Insert(cells, 1, rule) {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(line, " | "))
	}
	return b.String()
}

// strings is the median, and the other quartiles. They are empty if there is no
// reference.
func (s spread) strings() (string, string) {
	if s == (spread{}) {
		return "", ""
	}
	return fmt.Sprintf("%.3f", s.median), fmt.Sprintf("%.3f to %.3f", s.low, s.high)
}
