// Package program starts programs that listen on the loopback interface, the
// project's own CoreDNS among them, for tests and for measurements.
package program

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"time"
)

// patience is how long a busy machine may take to start a program.
const patience = 30 * time.Second

// FreeAddr is an address on which nothing listens, for programs that cannot be
// asked which port the system picked.
func FreeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
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
	out     strings.Builder
}

// Start starts a program and waits until it listens.
func Start(command *exec.Cmd, listens func() bool) (*Program, error) {
	p := &Program{command: command}
	command.Stdout, command.Stderr = &p.out, &p.out
	if err := command.Start(); err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(patience); !listens(); <-time.After(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("start %s: it does not answer after %v, and said:\n%s", command.Path, patience, p.Stop())
		}
	}
	return p, nil
}

// PID is the number of the program's process.
func (p *Program) PID() int { return p.command.Process.Pid }

// Stop ends the program, and returns what it said.
func (p *Program) Stop() string {
	_ = p.command.Process.Signal(os.Interrupt) // it may have ended by itself
	_ = p.command.Wait()
	return p.out.String()
}
