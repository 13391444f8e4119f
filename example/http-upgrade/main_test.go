package main

import (
	"regexp"
	"strings"
	"testing"
	"time"
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
}
