package versionalias

import (
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
	clog "github.com/coredns/coredns/plugin/pkg/log"
	"github.com/miekg/dns"

	_ "github.com/coredns/coredns/plugin/acl"
	_ "github.com/coredns/coredns/plugin/bind"
	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/debug"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/file"
	_ "github.com/coredns/coredns/plugin/forward"
	_ "github.com/coredns/coredns/plugin/hosts"
	_ "github.com/coredns/coredns/plugin/log"
	_ "github.com/coredns/coredns/plugin/ready"
	_ "github.com/coredns/coredns/plugin/root"
	_ "github.com/coredns/coredns/plugin/template"
	_ "github.com/coredns/coredns/plugin/transfer"
	_ "github.com/coredns/coredns/plugin/view"
	_ "github.com/coredns/coredns/plugin/whoami"

	"github.com/octoenergy/versionalias/internal/process"
	"github.com/octoenergy/versionalias/internal/program"
)

func init() {
	acl := slices.Index(dnsserver.Directives, "acl")
	dnsserver.Directives = slices.Insert(slices.Clone(dnsserver.Directives), acl+1, pluginName)
	dnsserver.Quiet = true
	caddy.Quiet = true
	clog.Discard()
}

// corpZone is the zone below the plugin in most tests: two versions of a cache
// and the odd records that an answer can meet.
const corpZone = `$ORIGIN corp.internal.
$TTL 60
@           SOA   ns hostmaster 1 3600 600 86400 300
            NS    ns
ns          A     192.0.2.53
cache-v1    A     192.0.2.1
            AAAA  2001:db8::1
cache-v2    A     192.0.2.2
            TXT   "v2"
moved       CNAME cache-v2
away        CNAME nowhere
back        CNAME cache
cache       A     192.0.2.99
`

// server is a started CoreDNS.
type server struct {
	*caddy.Instance
	t    testing.TB
	once sync.Once
	dir  string // where the Corefile's relative paths begin
	addr string // of its first listener, for UDP
	tcp  string
}

// files are what a test's server finds in its directory.
type files map[string]string

// startServer starts CoreDNS with a Corefile in which every block listens on
// 127.0.0.1 and a port that the system picks, and stops it at the test's end.
func startServer(t testing.TB, corefile string, files files) *server {
	t.Helper()
	return startIn(t, t.TempDir(), corefile, files)
}

// startIn is the same, in a certain directory.
func startIn(t testing.TB, dir, corefile string, files files) *server {
	t.Helper()
	s := &server{t: t, dir: dir}
	for name, content := range files {
		s.write(name, content)
	}
	// CoreDNS shares its ports (SO_REUSEPORT), so the system may pick one that
	// another server of these tests has: then answers come from either.
	for {
		inst, err := caddy.Start(s.corefile(corefile))
		if err != nil {
			t.Fatal(err)
		}
		s.Instance = inst
		if s.claim() {
			break
		}
		s.once.Do(s.end)
		s.once = sync.Once{}
	}
	t.Cleanup(s.stop)
	for _, l := range s.Servers() {
		if l.LocalAddr() != nil { // DoT and DoH have none, and come in no order
			s.addr, s.tcp = l.LocalAddr().String(), l.Addr().String()
			break
		}
	}
	return s
}

// claimed is the addresses that servers listen on.
var claimed = map[string]*server{}

// claim makes s the only server of its addresses, unless another is.
func (s *server) claim() bool {
	for _, l := range s.Servers() {
		if l.LocalAddr() == nil {
			continue
		}
		addr := l.LocalAddr().String()
		if other := claimed[addr]; other != nil && other != s {
			return false
		}
		claimed[addr] = s
	}
	return true
}

// stop may be called twice.
func (s *server) stop() { s.once.Do(s.end) }

func (s *server) end() {
	maps.DeleteFunc(claimed, func(_ string, owner *server) bool { return owner == s })
	s.ShutdownCallbacks()
	if err := s.Stop(); err != nil {
		s.t.Error(err)
	}
}

// corefile is a Corefile with the test's directory in the place of DIR.
func (s *server) corefile(text string) caddy.Input {
	return caddy.CaddyfileInput{
		Filepath:       "Corefile",
		Contents:       []byte(strings.ReplaceAll(text, "DIR", s.dir)),
		ServerTypeName: "dns",
	}
}

// write puts a file into the server's directory in one step.
func (s *server) write(name, content string) {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		s.t.Fatal(err)
	}
	temporary := filepath.Join(filepath.Dir(path), "."+filepath.Base(path))
	if err := os.WriteFile(temporary, []byte(content), 0o644); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Rename(temporary, path); err != nil {
		s.t.Fatal(err)
	}
}

// client asks a server.
type client struct {
	tcp  bool
	from string // the client's address, "" for any
}

// ask is the answer of a server to a question.
func (c client) ask(s *server, q *dns.Msg) (*dns.Msg, error) {
	d := &dns.Client{Timeout: program.Timeout}
	addr := s.addr
	if c.tcp {
		d.Net, addr = "tcp", s.tcp
	}
	if c.from != "" {
		d.Dialer = &net.Dialer{LocalAddr: &net.UDPAddr{IP: net.ParseIP(c.from)}}
		if c.tcp {
			d.Dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(c.from)}
		}
	}
	m, _, err := d.Exchange(q, addr)
	return m, err
}

// ask asks for a name by UDP.
func (s *server) ask(name string, qtype uint16) *dns.Msg {
	s.t.Helper()
	return s.reply(client{}, question(name, qtype))
}

// reply is the answer to a client's question.
func (s *server) reply(c client, q *dns.Msg) *dns.Msg {
	s.t.Helper()
	m, err := c.ask(s, q)
	if err != nil {
		s.t.Fatalf("asking for %s: %v", q.Question[0].String(), err)
	}
	return m
}

// eventually asks until the answer reads as wanted.
func (s *server) eventually(name string, qtype uint16, want string) {
	s.t.Helper()
	var got string
	for deadline := time.Now().Add(program.Patience); time.Now().Before(deadline); {
		if got = show(s.ask(name, qtype)); got == trim(want) {
			return
		}
	}
	s.t.Fatalf("%s %s got\n%s\nwant\n%s", name, dns.TypeToString[qtype], got, trim(want))
}

func question(name string, qtype uint16) *dns.Msg {
	return new(dns.Msg).SetQuestion(name, qtype)
}

// withEDNS is q with an OPT.
func withEDNS(q *dns.Msg, do bool) *dns.Msg { return q.SetEdns0(4096, do) }

// show is a message as tests write it: RCODE and flags on the first line, then
// a line for each record, its section in front unless it is the answer.
func show(m *dns.Msg) string {
	if m == nil {
		return "no answer"
	}
	var b strings.Builder
	b.WriteString(dns.RcodeToString[m.Rcode])
	for _, flag := range []struct {
		set  bool
		name string
	}{{m.Authoritative, "aa"}, {m.Truncated, "tc"}, {m.RecursionAvailable, "ra"}, {m.AuthenticatedData, "ad"}, {m.CheckingDisabled, "cd"}} {
		if flag.set {
			b.WriteString(" " + flag.name)
		}
	}
	records := func(section string, rrs []dns.RR) {
		for _, rr := range rrs {
			if opt, ok := rr.(*dns.OPT); ok {
				fmt.Fprintf(&b, "\nOPT%s", showOptions(opt))
				continue
			}
			line := strings.Join(strings.Fields(rr.String()), " ")
			fmt.Fprintf(&b, "\n%s%s", section, strings.Replace(line, " IN ", " ", 1))
		}
	}
	records("", m.Answer)
	records("authority: ", m.Ns)
	records("additional: ", m.Extra)
	return b.String()
}

func showOptions(opt *dns.OPT) string {
	s := ""
	if opt.Do() {
		s += " do"
	}
	for _, o := range opt.Option {
		switch o := o.(type) {
		case *dns.EDNS0_EDE:
			s += fmt.Sprintf(" ede=%d", o.InfoCode)
		case *dns.EDNS0_SUBNET:
			s += fmt.Sprintf(" ecs=%s/%d/%d", o.Address, o.SourceNetmask, o.SourceScope)
		}
	}
	return s
}

// trim makes what a test wrote over some indented lines comparable.
func trim(s string) string {
	var lines []string
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// startDaemon starts a DNS server that listens on addr, and stops it at the
// test's end. What it returns asks it.
func startDaemon(t *testing.T, addr string, command *exec.Cmd) func(q *dns.Msg) *dns.Msg {
	t.Helper()
	listens := func() bool {
		q := question("version.server.", dns.TypeTXT) // which servers answer by themselves
		q.Question[0].Qclass = dns.ClassCHAOS
		_, err := program.Exchange(q, addr)
		return err == nil
	}
	process.Start(t, command, listens)
	return func(q *dns.Msg) *dns.Msg {
		t.Helper()
		m, err := program.Exchange(q, addr)
		if err != nil {
			t.Fatalf("asking %s for %s: %v", command.Path, q.Question[0].String(), err)
		}
		return m
	}
}

// port is that of an address.
func port(addr string) string { return addr[strings.LastIndexByte(addr, ':')+1:] }
