package versionalias

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	_ "github.com/coredns/coredns/plugin/dnssec"

	"github.com/octoenergy/versionalias/internal/process"
	"github.com/octoenergy/versionalias/internal/program"
)

// Clients and resolvers that nobody here wrote must be content with every
// answer. They ask one server: with CNAMEs in corp.internal, flattened in
// flat.internal, and in signed.internal above a zone that is signed.

// clientsServer is that server, and the key that signed.internal is signed with.
func clientsServer(t *testing.T) (*server, *dns.DNSKEY) {
	t.Helper()
	key, private := signingKey(t, "signed.internal.")
	keyFile := fmt.Sprintf("Ksigned.internal.+013+%05d", key.KeyTag())
	all := files{
		"corp.zone":          corpZone,
		"flat.zone":          strings.ReplaceAll(corpZone, "corp.internal", "flat.internal"),
		"signed.zone":        strings.ReplaceAll(corpZone, "corp.internal", "signed.internal"),
		keyFile + ".key":     key.String() + "\n",
		keyFile + ".private": key.PrivateKeyString(private),
		"signed/cache":       "cache-v1.signed.internal",
		"corp/toward-signed": "cache-v1.signed.internal",
		"flat/toward-signed": "cache-v1.signed.internal",
	}
	for _, zone := range []string{"corp", "flat"} {
		for name, document := range map[string]string{
			"cache":         "cache-v1.ZONE.internal",
			"two":           "cache.ZONE.internal",
			"flips":         `{"to": "cache-v1.ZONE.internal", "ttl": 0}`,
			"missing":       "nowhere.ZONE.internal",
			"deep.er.below": "cache-v1.ZONE.internal",
			"tree":          `{"to": "ZONE.internal", "subtree": "keep"}`,
		} {
			all[zone+"/"+name] = strings.ReplaceAll(document, "ZONE", zone)
		}
	}
	return startServer(t, strings.ReplaceAll(`
		corp.internal:0 {
			bind 127.0.0.1
			root DIR
			versionalias {
				directory corp
			}
			file corp.zone
		}
		flat.internal:0 {
			bind 127.0.0.1
			root DIR
			versionalias {
				directory flat
				answer flatten
			}
			file flat.zone
		}
		signed.internal:0 {
			bind 127.0.0.1
			root DIR
			versionalias {
				directory signed
			}
			dnssec {
				key file DIR/KEY
			}
			file signed.zone
		}`, "KEY", keyFile), all), key
}

func signingKey(t *testing.T, zone string) (*dns.DNSKEY, crypto.PrivateKey) {
	t.Helper()
	key := &dns.DNSKEY{
		Hdr:       dns.RR_Header{Name: zone, Rrtype: dns.TypeDNSKEY, Class: dns.ClassINET, Ttl: 3600},
		Flags:     dns.ZONE | dns.SEP,
		Protocol:  3, // RFC 4034 section 2.1.2
		Algorithm: dns.ECDSAP256SHA256,
	}
	private, err := key.Generate(256)
	if err != nil {
		t.Fatal(err)
	}
	return key, private
}

func TestClients(t *testing.T) {
	process.Need(t, "dig", "kdig", "delv")
	s, key := clientsServer(t)
	s.write("anchors", fmt.Sprintf("trust-anchors { signed.internal. static-key 257 3 13 %q; };\n", key.PublicKey))
	delv := "delv @127.0.0.1 -p PORT -a DIR/anchors +root=signed.internal "
	for _, tt := range []struct{ command, want string }{
		{"dig @127.0.0.1 -p PORT +short cache.corp.internal", "cache-v1.corp.internal.\n192.0.2.1"},
		{"dig @127.0.0.1 -p PORT +noall +answer cache.flat.internal AAAA", "cache.flat.internal. 5 IN AAAA 2001:db8::1"},
		{"dig @127.0.0.1 -p TCP +short +tcp two.corp.internal", "cache.corp.internal.\ncache-v1.corp.internal.\n192.0.2.1"},
		{"dig @127.0.0.1 -p PORT +short +subnet=198.51.100.0/24 +dnssec +cookie +nsid ns.tree.flat.internal", "192.0.2.53"},
		{"kdig @127.0.0.1 -p PORT +short cache.corp.internal AAAA", "cache-v1.corp.internal.\n2001:db8::1"},
		{"kdig @127.0.0.1 -p TCP +short +tcp cache.flat.internal", "192.0.2.1"},
		{"kdig @127.0.0.1 -p PORT +short ns.tree.corp.internal", "ns.corp.internal.\n192.0.2.53"},
		{delv + "cache.corp.internal", "; authoritative\ncache.corp.internal. 5 IN CNAME cache-v1.corp.internal.\ncache-v1.corp.internal. 60 IN A 192.0.2.1"},
		{delv + "two.flat.internal", "; authoritative\ntwo.flat.internal. 5 IN A 192.0.2.1"},
		{delv + "+nosplit +norrcomments cache-v1.signed.internal | head -1", "; fully validated"},
	} {
		command := strings.NewReplacer("PORT", port(s.addr), "TCP", port(s.tcp), "DIR", s.dir).Replace(tt.command)
		out, err := exec.Command("sh", "-c", command+" 2>&1").Output()
		var lines []string
		for line := range strings.Lines(string(out)) {
			lines = append(lines, spaces(line))
		}
		if got := strings.Join(lines, "\n"); got != tt.want {
			t.Errorf("%s got %v\n%s\nwant\n%s", tt.command, err, got, tt.want)
		}
	}
}

// Go's own resolver.
func TestGoResolver(t *testing.T) {
	s, _ := clientsServer(t)
	r := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		addr := s.addr
		if strings.HasPrefix(network, "tcp") {
			addr = s.tcp
		}
		return new(net.Dialer).DialContext(ctx, network, addr)
	}}
	for _, tt := range []struct{ name, addresses, cname string }{
		{"cache.corp.internal.", "192.0.2.1 2001:db8::1", "cache-v1.corp.internal."},
		{"two.corp.internal.", "192.0.2.1 2001:db8::1", ""}, // it takes any name on the way
		{"cache.flat.internal.", "192.0.2.1 2001:db8::1", "cache.flat.internal."},
		{"deep.er.below.corp.internal.", "192.0.2.1 2001:db8::1", "cache-v1.corp.internal."},
		{"missing.corp.internal.", "no such host", "nowhere.corp.internal."},
		{"er.below.corp.internal.", "no such host", "no such host"},
	} {
		told := func(what string, err error) string {
			if e := (*net.DNSError)(nil); errors.As(err, &e) && e.IsNotFound {
				return "no such host"
			}
			if err != nil {
				return err.Error()
			}
			return what
		}
		addresses, err := r.LookupHost(t.Context(), tt.name)
		slices.Sort(addresses)
		if got := told(strings.Join(addresses, " "), err); got != tt.addresses {
			t.Errorf("LookupHost(%s) got %s, want %s", tt.name, got, tt.addresses)
		}
		cname, err := r.LookupCNAME(t.Context(), tt.name)
		if got := told(cname, err); got != tt.cname && tt.cname != "" {
			t.Errorf("LookupCNAME(%s) got %s, want %s", tt.name, got, tt.cname)
		}
	}
}

// The C library's resolver, which cannot be told a port: in a network of its
// own, with files of its own in the place of the system's.
func TestLibc(t *testing.T) {
	process.Need(t, "getent", "ip", "unshare", "make")
	if out, err := exec.Command("unshare", "--net", "--mount", "true").CombinedOutput(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("unshare: %v: %s", err, out)
		}
		t.Skipf("no network of our own: %s", out)
	}
	if out, err := exec.Command("make", "build").CombinedOutput(); err != nil {
		t.Fatalf("make build: %v\n%s", err, out)
	}
	s := &server{t: t, dir: t.TempDir()}
	for name, content := range map[string]string{
		"corp.zone":     corpZone,
		"aliases/cache": "cache-v1.corp.internal",
		"aliases/two":   "cache.corp.internal",
		"flat/flat":     "cache-v1.corp.internal",
		"resolv.conf":   "nameserver 127.0.0.1\nsearch corp.internal\n",
		"nsswitch.conf": "hosts: dns\n",
		"Corefile": string(s.corefile(`
			corp.internal {
				root DIR
				versionalias {
					directory aliases
				}
				file corp.zone
			}
			flat.corp.internal {
				root DIR
				versionalias corp.internal {
					directory flat
					answer flatten
				}
				file corp.zone corp.internal
			}`).Body()),
		"run": `set -eu
			ip link set lo up
			mount --bind DIR/resolv.conf /etc/resolv.conf
			mount --bind DIR/nsswitch.conf /etc/nsswitch.conf
			build/coredns -conf DIR/Corefile >DIR/log 2>&1 &
			trap "kill $!; wait" EXIT
			i=0
			until getent ahosts cache-v1 >/dev/null; do
				i=$((i + 1))
				[ $i -lt 200 ]
				sleep 0.05
			done
			for name in cache cache.corp.internal. two.corp.internal flat missing.corp.internal; do
				echo "$name:" $(getent ahosts $name | cut -d" " -f1 | sort -u)
			done`,
	} {
		s.write(name, strings.ReplaceAll(content, "DIR", s.dir))
	}
	out, err := exec.Command("unshare", "--net", "--mount", "sh", filepath.Join(s.dir, "run")).CombinedOutput()
	const want = `cache: 192.0.2.1 2001:db8::1
cache.corp.internal.: 192.0.2.1 2001:db8::1
two.corp.internal: 192.0.2.1 2001:db8::1
flat: 192.0.2.1 2001:db8::1
missing.corp.internal:
`
	if err != nil || string(out) != want {
		log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
		t.Errorf("getent got %v\n%s\nwant\n%s\nthe server said\n%s", err, out, want, log)
	}
}

// Unbound in front, at its strictest, as a forwarder and as a stub, and as a
// validator of signed.internal.
func TestUnbound(t *testing.T) {
	process.Need(t, "unbound")
	s, key := clientsServer(t)
	for _, tt := range []struct{ name, zones string }{
		{"forwarder", "forward-zone:\n\tname: internal.\n\tforward-addr: 127.0.0.1@" + port(s.addr)},
		{"stub", "stub-zone:\n\tname: corp.internal.\n\tstub-addr: 127.0.0.1@" + port(s.addr) +
			"\nstub-zone:\n\tname: flat.internal.\n\tstub-addr: 127.0.0.1@" + port(s.addr) +
			"\nstub-zone:\n\tname: signed.internal.\n\tstub-addr: 127.0.0.1@" + port(s.addr)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ask := startUnbound(t, key, tt.zones)
			for _, x := range []exchange{
				// First what lies above an alias: that it does not exist would
				// be held against the alias.
				{"17: above an alias", "below.corp.internal. A", "NOERROR"},
				{"17: above an alias", "er.below.corp.internal. AAAA", "NOERROR"},
				{"17: above an alias", "er.below.flat.internal. A", "NOERROR"},
				{"an alias below", "deep.er.below.corp.internal. A", "NOERROR\ndeep.er.below.corp.internal. CNAME cache-v1.corp.internal.\ncache-v1.corp.internal. A 192.0.2.1"},
				{"an alias below", "deep.er.below.flat.internal. A", "NOERROR\ndeep.er.below.flat.internal. A 192.0.2.1"},
				{"2: an alias in any case", "caChE.Corp.internal. A", "NOERROR\ncache.corp.internal. CNAME cache-v1.corp.internal.\ncache-v1.corp.internal. A 192.0.2.1"},
				{"2: an alias in any case", "caChE.flat.internal. AAAA", "NOERROR\ncache.flat.internal. AAAA 2001:db8::1"},
				{"an alias of an alias", "two.corp.internal. A", "NOERROR\ntwo.corp.internal. CNAME cache.corp.internal.\ncache.corp.internal. CNAME cache-v1.corp.internal.\ncache-v1.corp.internal. A 192.0.2.1"},
				{"an alias of an alias", "two.flat.internal. A", "NOERROR\ntwo.flat.internal. A 192.0.2.1"},
				{"18: CNAME", "cache.corp.internal. CNAME", "NOERROR\ncache.corp.internal. CNAME cache-v1.corp.internal."},
				{"4: a type that the target has not", "cache.corp.internal. TXT", "NOERROR\ncache.corp.internal. CNAME cache-v1.corp.internal."},
				{"4: a type that the target has not", "cache.flat.internal. TXT", "NOERROR"},
				{"3: a target that does not exist", "missing.corp.internal. A", "NXDOMAIN\nmissing.corp.internal. CNAME nowhere.corp.internal."},
				{"3: a target that does not exist", "missing.flat.internal. A", "NXDOMAIN"},
				{"30: below an alias", "ns.tree.corp.internal. A", "NOERROR\nns.tree.corp.internal. CNAME ns.corp.internal.\nns.corp.internal. A 192.0.2.53"},
				{"30: below an alias", "ns.tree.flat.internal. A", "NOERROR\nns.tree.flat.internal. A 192.0.2.53"},
				{"22: a name of a signed zone", "cache-v1.signed.internal. A ad", "NOERROR ad\ncache-v1.signed.internal. A 192.0.2.1"},
				{"22: an alias in a signed zone is bogus", "cache.signed.internal. A", "SERVFAIL"},
				{"22: to who does not check it is an answer", "cache.signed.internal. AAAA cd", "NOERROR\ncache.signed.internal. CNAME cache-v1.signed.internal.\ncache-v1.signed.internal. AAAA 2001:db8::1"},
				{"7, 22: an alias in an unsigned zone, to a signed one", "toward-signed.corp.internal. A ad", "NOERROR\ntoward-signed.corp.internal. CNAME cache-v1.signed.internal.\ncache-v1.signed.internal. A 192.0.2.1"},
				{"7, 26: an alias in an unsigned zone, to a signed one", "toward-signed.flat.internal. A ad", "NOERROR\ntoward-signed.flat.internal. A 192.0.2.1"},
			} {
				if got := resolved(ask(x.message(t))); got != x.want {
					t.Errorf("%s: %s got\n%s\nwant\n%s", x.name, x.q, got, x.want)
				}
			}
			for flip := range 3 {
				version := 2 - flip%2
				for _, zone := range []string{"corp", "flat"} {
					s.write(zone+"/flips", fmt.Sprintf(`{"to": "cache-v%d.%s.internal", "ttl": 0}`, version, zone))
					want := fmt.Sprintf("A 192.0.2.%d", version)
					var got string
					for deadline := time.Now().Add(program.Patience); !strings.HasSuffix(got, want); <-time.After(5 * time.Millisecond) {
						if time.Now().After(deadline) {
							t.Fatalf("flips.%s.internal. got\n%s\nwant it to end in %s", zone, got, want)
						}
						got = resolved(ask(question("flips."+zone+".internal.", dns.TypeA)))
					}
				}
			}
		})
	}
}

// resolved is an answer as tests of resolvers write it, without what they count
// down, and in lower case: compression may change it.
func resolved(m *dns.Msg) string {
	s := dns.RcodeToString[m.Rcode]
	if m.AuthenticatedData {
		s += " ad"
	}
	for _, rr := range m.Answer {
		fields := strings.Fields(rr.String())
		s += "\n" + strings.ToLower(fields[0]) + " " + fields[3] + " " + strings.ToLower(strings.Join(fields[4:], " "))
	}
	return s
}

// startUnbound starts Unbound, which trusts key. What it returns asks it.
func startUnbound(t *testing.T, key *dns.DNSKEY, zones string) func(q *dns.Msg) *dns.Msg {
	t.Helper()
	addr := process.FreeAddr(t)
	path := filepath.Join(t.TempDir(), "unbound.conf")
	conf := fmt.Sprintf(`server:
	interface: 127.0.0.1
	port: %s
	username: ""
	chroot: ""
	directory: ""
	pidfile: ""
	use-syslog: no
	num-threads: 1
	module-config: "validator iterator"
	trust-anchor: "%s"
	do-not-query-localhost: no
	use-caps-for-id: yes
	harden-glue: yes
	harden-below-nxdomain: yes
	qname-minimisation: yes
	qname-minimisation-strict: yes
remote-control:
	control-enable: no
%s
`, port(addr), strings.ReplaceAll(key.String(), "\t", " "), zones)
	if err := os.WriteFile(path, []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	return startDaemon(t, addr, exec.Command("unbound", "-d", "-c", path))
}
