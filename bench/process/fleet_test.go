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

func TestTotalAlloc(t *testing.T) {
	const profile = "heap profile: 1: 2 [3: 4] @ heap/1048576\n\n# runtime.MemStats\n# Alloc = 5\n# TotalAlloc = 6789\n"
	if got, err := totalAlloc([]byte(profile)); got != 6789 || err != nil {
		t.Errorf("totalAlloc got %v, %v, want 6789", got, err)
	}
	const want = `read the heap profile: found no "# TotalAlloc = "`
	if _, err := totalAlloc([]byte("# Alloc = 5\n")); err == nil || err.Error() != want {
		t.Errorf("totalAlloc got error %v, want %s", err, want)
	}
}

func TestNeed(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	const want = "find dnsperf, taskset: not installed (apt-get install dnsperf util-linux)"
	if err := need("dnsperf", "taskset"); err == nil || err.Error() != want {
		t.Errorf("need got %v, want %s", err, want)
	}
}
