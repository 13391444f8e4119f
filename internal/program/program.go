// Package program starts programs that listen on the loopback interface, the
// project's own CoreDNS among them, for tests and for measurements.
package program

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/miekg/dns"
)

// Patience is how long tests wait for what takes a moment on a machine that has nothing
// else to do: on cores that are shared with many it has taken half a minute.
const Patience = 3 * time.Minute

// Timeout is how long tests wait for one answer. By UDP it may never come.
const Timeout = 30 * time.Second

// Exchange is what the server at addr answers over UDP, within Timeout.
func Exchange(q *dns.Msg, addr string) (*dns.Msg, error) {
	m, _, err := (&dns.Client{Timeout: Timeout}).Exchange(q, addr)
	switch {
	case err != nil:
		return nil, err
	case !m.Response:
		// The system asks from any port that nobody has, which may be that of addr until the server listens.
		return nil, errors.New("ask a server: found the question itself, want an answer")
	}
	return m, nil
}

// FreeAddr is an address on which nothing listens, over TCP or UDP, for programs that cannot be
// asked which port the system picked. For a minute the system gives the port to nobody who asks for
// any over TCP, as other tests often do before a program listens.
func FreeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	if err := reserve(l); err != nil {
		return "", err
	}
	c, err := net.ListenPacket("udp", l.Addr().String())
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return FreeAddr()
	case err != nil:
		return "", err
	}
	return l.Addr().String(), c.Close()
}

// reserve has a connection to l come and go, whose end on l's side closes first. It is in state
// TIME-WAIT then (RFC 9293 section 3.6.1): who asks for that very port may listen all the same, with
// SO_REUSEADDR, as servers do.
func reserve(l net.Listener) error {
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		return err
	}
	conn, err := l.Accept()
	if err != nil {
		return errors.Join(err, client.Close())
	}
	return errors.Join(conn.Close(), client.Close()) // in this order
}

// BuildCoreDNS builds the project's CoreDNS as the file that path names.
func BuildCoreDNS(path string) error {
	if out, err := exec.Command("go", "build", "-o", path, "github.com/octoenergy/versionalias/cmd/coredns").CombinedOutput(); err != nil {
		return fmt.Errorf("build coredns: %w\n%s", err, out)
	}
	return nil
}

// Program is a program that runs.
type Program struct {
	command *exec.Cmd
	out     output
	ended   chan struct{}
}

// Start starts a program and waits until it listens, which may be seen from what it has
// said so far. On Linux the program ends with this process at the latest: a test that
// runs out of time has no cleanup.
func Start(command *exec.Cmd, listens func(said string) bool) (*Program, error) {
	p := &Program{command: command, ended: make(chan struct{})}
	command.Stdout, command.Stderr = &p.out, &p.out
	if err := p.run(); err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(Patience); !listens(p.out.String()); {
		select {
		case <-p.ended:
			return nil, fmt.Errorf("start %s: it ended, and said:\n%s", command.Path, p.out.String())
		case <-time.After(50 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("start %s: it does not answer after %v, and said:\n%s", command.Path, Patience, p.Stop())
		}
	}
	return p, nil
}

// run starts the program, and closes ended when it has ended.
func (p *Program) run() error {
	endWithThread(p.command)
	started := make(chan error)
	go func() {
		defer close(p.ended)
		// The thread must stay as long as the program, which would end with it.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.command.Start()
		started <- err
		if err == nil {
			_ = p.command.Wait() // who asks how it ended reads what it said
		}
	}()
	return <-started
}

// PID is the number of the program's process.
func (p *Program) PID() int { return p.command.Process.Pid }

// Stop ends the program, and returns what it said.
func (p *Program) Stop() string {
	_ = p.command.Process.Signal(os.Interrupt) // it may have ended by itself
	select {
	case <-p.ended:
	case <-time.After(Patience):
		_ = p.command.Process.Kill() // as above
		<-p.ended
		_, _ = fmt.Fprintf(&p.out, "it was killed, since it did not end within %v\n", Patience) // the buffer takes all
	}
	return p.out.String()
}

// output is what a program has said. It may be read while more is written.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
