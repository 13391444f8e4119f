package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octoenergy/versionalias/internal/figure"
)

// The example in a short form: all requests are answered, nobody goes back and
// forth, and in the end there is v2 alone.
func TestUpgrade(t *testing.T) {
	var out strings.Builder
	if err := run(&out, 8*time.Second, 40); err != nil {
		t.Errorf("run got %v", err)
	}
	t.Log("\n" + out.String())
	shares := regexp.MustCompile(`v2 +(\d+)%`).FindAllStringSubmatch(out.String(), -1)
	if len(shares) < 10 || shares[0][1] != "0" || shares[len(shares)-1][1] != "100" {
		t.Errorf("the shares of v2 got %v, want them to go from 0 to 100", shares)
	}
	percents := make([]string, len(shares))
	for i, share := range shares {
		percents[i] = share[1]
	}
	figure.Print(t, "percent of the requests that v2 got, by second: %s", strings.Join(percents, " "))
}

// Two clients must not have one address.
func TestClients(t *testing.T) {
	for _, clients := range []int{0, 251} {
		want := fmt.Sprintf("found %d clients, want 1 to 250", clients)
		if err := run(io.Discard, 0, clients); err == nil || err.Error() != want {
			t.Errorf("run with %d clients got %v, want %s", clients, err, want)
		}
	}
}

// A step that turns clients back waits for the last of them.
func TestSettle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := &upgrade{asked: make([]time.Time, 2)}
		answered := func(client int, began time.Time) {
			u.mu.Lock()
			defer u.mu.Unlock()
			u.asked[client] = began
		}
		start := time.Now()
		go func() {
			<-time.After(time.Second)
			answered(0, time.Now())
			answered(1, start.Add(-time.Millisecond)) // which may have been told what was
			<-time.After(time.Second)
			answered(1, start)
		}()
		u.settle()
		if took := time.Since(start).Round(time.Second); took != 2*time.Second {
			t.Errorf("settled after %v, want 2s", took)
		}
	})
}

// What two clients saw, a version at a time, and what the example says of it.
func TestVerdict(t *testing.T) {
	type seen struct {
		client  byte
		version int // 0 is a request that failed
	}
	// So it should be: a canary goes to v2 and back, and then all go.
	start := []seen{{1, 1}, {2, 1}, {1, 2}}
	back := []seen{{1, 1}}
	end := []seen{{1, 2}, {2, 2}}
	for _, tt := range []struct {
		name                 string
		forward, back, again []seen
		want                 string
	}{
		{"as it should be", start, back, end, ""},
		{"nobody went back", start, nil, end, "found 2 changes of version, 0 of them back, want some back, and each client at v2 in the end"},
		{"one is left at v1", start, back, end[:1], "found 3 changes of version, 1 of them back, want some back, and each client at v2 in the end"},
		{"nothing happened", nil, nil, nil, "found 0 changes of version, 0 of them back, want some back, and each client at v2 in the end"},
		{"a request failed", start, back, append(end, seen{2, 0}), "1 faults, such as:\n127.0.1.2: no answer"},
		{"one went back when all went forward", append(start, seen{1, 1}, seen{1, 2}), back, end, "1 faults, such as:\n127.0.1.1 went from v2 to v1 after TIME"},
		{"one went forward when all went back", start, append(back, seen{2, 2}), end, "1 faults, such as:\n127.0.1.2 went from v1 to v2 after TIME"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			u := &upgrade{out: log.New(io.Discard, "", 0), began: time.Now()}
			last := map[byte]int{}
			for i, phase := range [][]seen{tt.forward, tt.back, tt.again} {
				u.forward = i != 1
				for _, s := range phase {
					var err error
					if s.version == 0 {
						err = errors.New("no answer")
					}
					last[s.client] = u.note(net.IPv4(127, 0, 1, s.client), last[s.client], s.version, err)
				}
			}
			got := ""
			if err := u.verdict(2); err != nil {
				got = regexp.MustCompile(`after \S+`).ReplaceAllString(err.Error(), "after TIME")
			}
			if got != tt.want {
				t.Errorf("verdict got %q, want %q", got, tt.want)
			}
		})
	}
}
