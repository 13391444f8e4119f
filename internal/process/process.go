// Package process starts programs for tests: servers and clients that nobody here
// wrote, and the project's own CoreDNS.
package process

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// patience is how long a busy machine may take to start a program.
const patience = 30 * time.Second

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

// FreeAddr is an address on which nothing listens, for programs that cannot be
// asked which port the system picked.
func FreeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// Start starts a program, waits until it listens, and stops it at the test's end.
// What it said is shown if the test fails.
func Start(t testing.TB, command *exec.Cmd, listens func() bool) {
	t.Helper()
	var out strings.Builder
	command.Stdout, command.Stderr = &out, &out
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Signal(os.Interrupt) // it may have ended by itself
		_ = command.Wait()
		if t.Failed() {
			t.Logf("%s said:\n%s", command.Path, out.String())
		}
	})
	for deadline := time.Now().Add(patience); !listens(); <-time.After(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s does not answer", command.Path)
		}
	}
}
