package main

import (
	"strings"
	"testing"
	"time"
)

// said is what dnsperf 2.10 says of a run.
const said = `DNS Performance Testing Tool
Version 2.10.0

[Status] Command line: dnsperf -p 5301 -d q -l 1.5
[Status] Testing complete (time limit)

Statistics:

  Queries sent:         49496
  Queries completed:    49496 (100.00%)
  Queries lost:         0 (0.00%)

  Response codes:       NOERROR 49496 (100.00%)
  Average packet size:  request 37, response 173
  Run time (s):         1.600000
  Queries per second:   30935.000000

  Average Latency (s):  0.002996 (min 0.000081, max 0.013087)
  Latency StdDev (s):   0.001319

`

func TestParse(t *testing.T) {
	want := load{queries: 49496, run: 1600 * time.Millisecond, latency: 2996 * time.Microsecond, size: 173}
	got, err := parse(said)
	if err != nil || got != want {
		t.Errorf("parse got %+v, %v, want %+v", got, err, want)
	}
	if got.rate() != 30935 {
		t.Errorf("the rate is %v, want 30935", got.rate())
	}
}

func TestParseFaults(t *testing.T) {
	for _, test := range []struct{ replace, by, want string }{
		{
			"Queries completed:    49496 (100.00%)\n  Queries lost:         0 (0.00%)",
			"Queries completed:    49495 (100.00%)\n  Queries lost:         1 (0.00%)",
			"ask 49496 queries: found 49495 answers, 1 (0.00%) lost, of which NOERROR 49496 (100.00%), want all to be NOERROR",
		},
		{
			"NOERROR 49496 (100.00%)", "NOERROR 49494 (100.00%), SERVFAIL 2 (0.00%)",
			"ask 49496 queries: found 49496 answers, 0 (0.00%) lost, of which NOERROR 49494 (100.00%), SERVFAIL 2 (0.00%), want all to be NOERROR",
		},
		{
			"NOERROR 49496 (100.00%)", "NXDOMAIN 49496 (100.00%)",
			"ask 49496 queries: found 49496 answers, 0 (0.00%) lost, of which NXDOMAIN 49496 (100.00%), want all to be NOERROR",
		},
		{"Run time (s):         1.600000", "Run time (s):         never", `read what dnsperf says: found "never" for "Run time (s)", want a number`},
		{said, "", `read what dnsperf says: found "" for "Queries sent", want a number`},
	} {
		_, err := parse(strings.Replace(said, test.replace, test.by, 1))
		if err == nil || err.Error() != test.want {
			t.Errorf("with %q for %q parse got error\n%v\nwant\n%s", test.by, test.replace, err, test.want)
		}
	}
}
