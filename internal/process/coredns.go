package process

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/octoenergy/versionalias/internal/program"
)

// CoreDNS is a running server, a process of its own.
type CoreDNS struct {
	Addr string // where it answers, over UDP and TCP
	t    testing.TB
}

// StartCoreDNS builds the project's CoreDNS, and runs it with a Corefile and an
// environment, nil for the test's own, until the test ends. The Corefile has
// {$PORT} where the port goes, and binds to 127.0.0.1.
func StartCoreDNS(t testing.TB, corefile string, env []string) *CoreDNS {
	t.Helper()
	path := filepath.Join(t.TempDir(), "coredns")
	if err := program.BuildCoreDNS(path); err != nil {
		t.Fatal(err)
	}
	return RunCoreDNS(t, path, corefile, env)
}

// RunCoreDNS is StartCoreDNS of another build, which path names.
func RunCoreDNS(t testing.TB, path, corefile string, env []string) *CoreDNS {
	t.Helper()
	file := filepath.Join(t.TempDir(), "Corefile")
	if err := os.WriteFile(file, []byte(corefile), 0o600); err != nil {
		t.Fatal(err)
	}
	c := &CoreDNS{Addr: FreeAddr(t), t: t}
	_, port, err := net.SplitHostPort(c.Addr)
	if err != nil {
		t.Fatal(err)
	}
	if env == nil {
		env = os.Environ()
	}
	command := exec.Command(path, "-conf", file)
	command.Env = append(env, "PORT="+port)
	Start(t, command, func() bool {
		_, err := c.exchange("version.server.", dns.TypeTXT)
		return err == nil
	})
	return c
}

func (c *CoreDNS) exchange(name string, qtype uint16) (*dns.Msg, error) {
	return program.Exchange(new(dns.Msg).SetQuestion(name, qtype), c.Addr)
}

// Ask is what the server answers to a question of class IN: the RCODE if it is not
// NOERROR, else the data of the answer's records, as in "cache-v1.corp.internal.
// 192.0.2.1".
func (c *CoreDNS) Ask(name string, qtype uint16) (string, error) {
	m, err := c.exchange(dns.Fqdn(name), qtype)
	if err != nil {
		return "", err
	}
	if m.Rcode != dns.RcodeSuccess {
		return dns.RcodeToString[m.Rcode], nil
	}
	var data []string
	for _, rr := range m.Answer {
		data = append(data, strings.TrimPrefix(rr.String(), rr.Header().String()))
	}
	return strings.Join(data, " "), nil
}

// Eventually waits until the server answers as wanted.
func (c *CoreDNS) Eventually(name string, qtype uint16, want string) {
	c.t.Helper()
	var got string
	var err error
	for deadline := time.Now().Add(program.Patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if got, err = c.Ask(name, qtype); err == nil && got == want {
			return
		}
	}
	c.t.Fatalf("%s got %q and error %v, want %q", name, got, err, want)
}
