package main

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// load is what dnsperf says of a run in which all was answered.
type load struct {
	queries float64
	run     time.Duration
	latency time.Duration // on average
	size    float64       // of an answer in octets, on average
}

// rate is the queries per second.
func (l load) rate() float64 { return l.queries / l.run.Seconds() }

// ask runs dnsperf on the core, with more arguments, against the server.
func (s *server) ask(ctx context.Context, core string, more ...string) (load, error) {
	args := append([]string{"-c", core, "dnsperf", "-s", "127.0.0.1", "-p", port(s.dns), "-d", s.input}, more...)
	out, err := exec.CommandContext(ctx, "taskset", args...).CombinedOutput()
	if err != nil {
		return load{}, fmt.Errorf("run dnsperf: %w\n%s", err, out)
	}
	return parse(string(out))
}

// statistic is a line of dnsperf's, as in "  Queries lost:         0 (0.00%)".
var statistic = regexp.MustCompile(`(?m)^  ([A-Z][A-Za-z ()]+): +(.*)$`)

// parse reads dnsperf's statistics. A query without an answer, and an answer that
// is not NOERROR, is an error.
func parse(out string) (load, error) {
	said := map[string]string{}
	for _, m := range statistic.FindAllStringSubmatch(out, -1) {
		said[m[1]] = m[2]
	}
	var err error
	number := func(name, before string) float64 {
		_, text, _ := strings.Cut(said[name], before)
		first, _, _ := strings.Cut(text, " ")
		n, e := strconv.ParseFloat(first, 64)
		if e != nil && err == nil {
			err = fmt.Errorf("read what dnsperf says: found %q for %q, want a number", said[name], name)
		}
		return n
	}
	seconds := func(name string) time.Duration { return time.Duration(number(name, "") * float64(time.Second)) }
	sent := number("Queries sent", "")
	l := load{
		queries: number("Queries completed", ""),
		run:     seconds("Run time (s)"),
		latency: seconds("Average Latency (s)"),
		size:    number("Average packet size", "response "),
	}
	if err != nil {
		return load{}, err
	}
	if fine := number("Response codes", "NOERROR "); err != nil || fine != sent || l.queries != sent || sent == 0 {
		return load{}, fmt.Errorf("ask %.0f queries: found %.0f answers, %s lost, of which %s, want all to be NOERROR",
			sent, l.queries, said["Queries lost"], said["Response codes"])
	}
	return l, nil
}
