// Package process starts programs for tests: servers and clients that nobody here
// wrote, and the project's own CoreDNS.
package process

import (
	"os"
	"os/exec"
	"testing"

	"github.com/octoenergy/versionalias/internal/program"
)

// Need fails the test in CI, and skips it elsewhere, if one of the programs is not
// installed.
func Need(t testing.TB, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err == nil {
			continue
		}
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is not installed", p)
		}
		t.Skipf("%s is not installed", p)
	}
}

// FreeAddr is [program.FreeAddr].
func FreeAddr(t testing.TB) string {
	t.Helper()
	addr, err := program.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	return addr
}

// Start starts a program, waits until it listens, and stops it at the test's end.
// What it said is shown if the test fails.
func Start(t testing.TB, command *exec.Cmd, listens func() bool) {
	t.Helper()
	p, err := program.Start(command, func(string) bool { return listens() })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if said := p.Stop(); t.Failed() {
			t.Logf("%s said:\n%s", command.Path, said)
		}
	})
}
