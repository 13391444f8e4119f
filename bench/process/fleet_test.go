package main

import (
	"testing"

	"github.com/miekg/dns"
)

func TestSame(t *testing.T) {
	want, err := dns.NewRR("app-0.corp.internal. 3600 IN A 192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	for text, wanted := range map[string]bool{
		"app-0.corp.internal. 3600 IN A 192.0.2.1": true,
		"app-0.corp.internal. 3599 IN A 192.0.2.1": true,
		"app-0.corp.internal. 5 IN A 192.0.2.1":    false,
		"app-0.corp.internal. 3601 IN A 192.0.2.1": false,
		"app-1.corp.internal. 3600 IN A 192.0.2.1": false,
		"app-0.corp.internal. 3600 IN A 192.0.2.2": false,
	} {
		got, err := dns.NewRR(text)
		if err != nil {
			t.Fatal(err)
		}
		if same(got, want) != wanted {
			t.Errorf("same of %v and %v is %v, want %v", got, want, !wanted, wanted)
		}
	}
}

func TestMetric(t *testing.T) {
	const text = "# TYPE a_total counter\na_total{b=\"c\"} 1\na_total 1.5e+09\n"
	if got, err := metric([]byte(text), "a_total"); got != 1.5e9 || err != nil {
		t.Errorf("metric got %v, %v, want 1.5e+09", got, err)
	}
	const want = "read the metrics: found no a"
	if _, err := metric([]byte(text), "a"); err == nil || err.Error() != want {
		t.Errorf("metric got error %v, want %s", err, want)
	}
}

func TestNeed(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	const want = "find dnsperf, taskset: not installed (apt-get install dnsperf util-linux)"
	if err := need("dnsperf", "taskset"); err == nil || err.Error() != want {
		t.Errorf("need got %v, want %s", err, want)
	}
}
