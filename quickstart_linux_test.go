package versionalias

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/octoenergy/versionalias/internal/process"
)

// The README's first block, as it stands, in a network of its own where the
// system lets us have one, since it names a port.
func TestQuickStart(t *testing.T) {
	process.Need(t, "make", "dig", "ip")
	runtime.LockOSThread() // and never unlocked: the thread goes with its network
	if err := syscall.Unshare(syscall.CLONE_NEWNET); err == nil {
		if out, err := exec.Command("ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	} else if l, err := net.Listen("tcp", "127.0.0.1:1053"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("no network of our own, and the README's port is taken: %v", err)
	} else {
		l.Close()
	}
	clean := checkout()
	const flipped = "example/quickstart/aliases/cache"
	if before, err := os.ReadFile(flipped); err == nil {
		defer os.WriteFile(flipped, before, 0o644)
	} else {
		defer os.Remove(flipped)
	}
	list := commands(snippets(t, "console")[0])
	background, ok := strings.CutSuffix(list[0].line, " &")
	if !ok {
		t.Fatalf("the first command is %q, want one in the background", list[0].line)
	}
	build := exec.Command("make", "build") // so that the patience below is for the start alone
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("make build: %v\n%s", err, out)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, "sh", "-c", background)
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // make, and what it started
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		cancel()
		_ = cmd.Wait() // ended by the signal
		if t.Failed() {
			t.Logf("%s said\n%s", background, out.String())
		}
	}()
	for _, c := range list[1:] {
		c.run(t)
	}
	if after := checkout(); after != clean {
		t.Errorf("the quick start changed the checkout from\n%s\nto\n%s", clean, after)
	}
}

// checkout is what git sees as changed, or nothing if this is no checkout.
func checkout() string {
	out, err := exec.Command("git", "status", "--porcelain").Output()
	if err != nil {
		return ""
	}
	return string(out)
}
