package program

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestFreeAddr(t *testing.T) {
	addr, err := FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatalf("listen on a free address: %v", err)
	}
	defer l.Close()
	if host, _, _ := net.SplitHostPort(addr); host != "127.0.0.1" {
		t.Errorf("FreeAddr got %q, want an address of 127.0.0.1", addr)
	}
}

func TestStart(t *testing.T) {
	listens := filepath.Join(t.TempDir(), "listens")
	script := "trap 'echo ended; exit' INT; echo started; touch $1; while :; do sleep 0.01; done"
	p, err := Start(exec.Command("sh", "-c", script, "sh", listens), func() bool {
		_, err := os.Stat(listens)
		return err == nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if p.PID() <= 1 {
		t.Errorf("the program's process is %d, want a number above 1", p.PID())
	}
	if said, want := p.Stop(), "started\nended\n"; said != want {
		t.Errorf("the program said %q, want %q", said, want)
	}
}

func TestStartOfNothing(t *testing.T) {
	const want = `exec: "no-such-program": executable file not found in $PATH`
	if _, err := Start(exec.Command("no-such-program"), nil); err == nil || err.Error() != want {
		t.Errorf("Start got error %v, want %s", err, want)
	}
}
