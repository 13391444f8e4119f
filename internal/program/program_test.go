package program

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"

	"github.com/miekg/dns"
)

// Servers can listen on an address over TCP and UDP. Nobody else is given its port.
func TestFreeAddr(t *testing.T) {
	addr, err := FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	if host, _, _ := net.SplitHostPort(addr); host != "127.0.0.1" {
		t.Errorf("FreeAddr got %q, want an address of 127.0.0.1", addr)
	}
	// The system may give a port away where who has not asked for it could have it.
	others := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var err error
		if err := c.Control(func(fd uintptr) {
			err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 0)
		}); err != nil {
			return err
		}
		return err
	}}
	if _, err := others.Listen(t.Context(), "tcp", addr); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("to listen as one of those who ask for any port got %v, want %v", err, syscall.EADDRINUSE)
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatalf("listen on a free address: %v", err)
	}
	defer l.Close()
	c, err := net.ListenPacket("udp", addr)
	if err != nil {
		t.Fatalf("listen on a free address: %v", err)
	}
	defer c.Close()
}

func TestStart(t *testing.T) {
	listens := filepath.Join(t.TempDir(), "listens")
	script := "trap 'echo ended; exit' INT; echo started; touch $1; while :; do sleep 0.01; done"
	p, err := Start(exec.Command("sh", "-c", script, "sh", listens), func(string) bool {
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

// What a program says tells that it listens, and one that ends instead is not waited for.
func TestStartSays(t *testing.T) {
	port := regexp.MustCompile(`^port (\d+)\n`)
	var got string
	says := func(said string) bool {
		m := port.FindStringSubmatch(said)
		if m != nil {
			got = m[1]
		}
		return m != nil
	}
	p, err := Start(exec.Command("sh", "-c", "sleep 0.1; echo port 53; exec sleep 60"), says)
	if err != nil {
		t.Fatal(err)
	}
	p.Stop()
	if got != "53" {
		t.Errorf("found port %q, want 53", got)
	}

	command := exec.Command("sh", "-c", "echo no port left >&2; exit 1")
	want := "start " + command.Path + ": it ended, and said:\nno port left\n"
	if _, err := Start(command, says); err == nil || err.Error() != want {
		t.Errorf("Start got error %v, want %s", err, want)
	}
}

func TestStartOfNothing(t *testing.T) {
	const want = `exec: "no-such-program": executable file not found in $PATH`
	if _, err := Start(exec.Command("no-such-program"), nil); err == nil || err.Error() != want {
		t.Errorf("Start got error %v, want %s", err, want)
	}
}

// A question that comes back is no answer.
func TestExchange(t *testing.T) {
	for _, tt := range []struct {
		name  string
		reply func(q *dns.Msg) *dns.Msg
		err   string
	}{
		{"answer", func(q *dns.Msg) *dns.Msg { return new(dns.Msg).SetReply(q) }, ""},
		{"echo", func(q *dns.Msg) *dns.Msg { return q }, "ask a server: found the question itself, want an answer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := net.ListenPacket("udp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			server := &dns.Server{PacketConn: c, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) { _ = w.WriteMsg(tt.reply(q)) })}
			ended := make(chan error)
			go func() { ended <- server.ActivateAndServe() }()
			q := new(dns.Msg).SetQuestion("cache.corp.internal.", dns.TypeA)
			m, err := Exchange(q, c.LocalAddr().String())
			if got := fmt.Sprint(err); got != cmp.Or(tt.err, "<nil>") || err == nil && m.Id != q.Id {
				t.Errorf("Exchange got %v and the error %v, want the error %q", m, err, tt.err)
			}
			_ = c.Close()
			<-ended
		})
	}
}
