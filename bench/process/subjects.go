package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/miekg/dns"
)

const (
	zone = "corp.internal."
	// ttl is of all records and aliases. It is long for the sake of cache, which
	// would else ask for the static CNAMEs more often than for the targets.
	ttl = 3600
)

// subject is a kind of server that is compared.
type subject struct {
	above  string // what has the targets: the zone's file, or cache above forward
	plugin string
	names  int
	note   string // of its name
}

// reference is what others are compared with: what cannot be flipped.
const reference = "static"

// subjects are ordered so that what is compared has its turn soon after or before
// its reference. One rule is the best that rewrite and template can do; of ten,
// half are tried on average, and 100,000 would be tried in vain for seconds.
var subjects = []subject{
	{"file", reference, 10, ""},
	{"file", "versionalias", 10, ""},
	{"file", reference, 10, "again"},
	{"file", "rewrite", 1, ""},
	{"file", "rewrite", 10, ""},
	{"file", "template", 1, ""},
	{"file", "template", 10, ""},
	{"file", reference, 100_000, ""},
	{"file", "versionalias", 100_000, ""},
	{"cache", reference, 10, ""},
	{"cache", "versionalias", 10, ""},
	{"cache", "rewrite", 10, ""},
	{"cache", "template", 10, ""},
	{"cache", reference, 100_000, ""},
	{"cache", "versionalias", 100_000, ""},
}

func (s subject) String() string {
	return strings.TrimSuffix(fmt.Sprintf("%s/%s/%d/%s", s.above, s.plugin, s.names, s.note), "/")
}

func canonical(i int) string { return fmt.Sprintf("app-%d.%s", i, zone) }
func target(i int) string    { return fmt.Sprintf("app-%d-v2.%s", i, zone) }

// ports are the addresses of one server.
type ports struct{ dns, metrics, status, pprof string }

// corefile is the Corefile of s, whose files are in dir. upstream is the server
// that cache asks.
func (s subject) corefile(dir string, p ports, upstream string) string {
	below := "file zone " + zone
	if s.above == "cache" {
		below = fmt.Sprintf("cache %d {\nsuccess 262144\n}\nforward . %s", ttl, upstream)
	}
	return block(zone, dir, p.dns, fmt.Sprintf("errors\nprometheus %s\nmetadata\npprof %s\n%s%s", p.metrics, p.pprof, s.lines(dir, p), below)) +
		block("other.internal.", dir, p.dns, "file others other.internal.")
}

func block(zone, dir, addr, lines string) string {
	return fmt.Sprintf("%s:%s {\nbind 127.0.0.1\nroot %s\n%s\n}\n", zone, port(addr), dir, lines)
}

func port(addr string) string { return addr[strings.LastIndexByte(addr, ':')+1:] }

// lines is what s has in the Corefile to lead a name to another.
func (s subject) lines(dir string, p ports) string {
	var b strings.Builder
	switch s.plugin {
	case "versionalias":
		// Sweeps are not on the way of a query, and would come by chance.
		fmt.Fprintf(&b, "versionalias {\ndirectory %s\nrefresh 1h\nttl %d\nstatus %s\n}\n", filepath.Join(dir, "bundles"), ttl, p.status)
	case "rewrite":
		for i := range s.names {
			fmt.Fprintf(&b, "rewrite name exact %s %s\n", canonical(i), target(i))
		}
	case "template":
		for i := range s.names {
			fmt.Fprintf(&b, "template IN A {\nmatch ^%s$\nanswer \"{{ .Name }} %d IN CNAME %s\"\nfallthrough\n}\n",
				strings.ReplaceAll(canonical(i), ".", `\.`), ttl, target(i))
		}
	}
	return b.String()
}

// write writes what the Corefile of s names, and the questions that it is asked,
// into dir. Another zone has that many other names.
func (s subject) write(dir string, others int) error {
	files := map[string]string{"others": otherZone(others), "questions": s.questions()}
	if s.above == "file" {
		files["zone"] = zoneFile(s.names, s.plugin == reference)
	}
	if s.plugin == "versionalias" {
		if err := s.bundles(files); err != nil {
			return err
		}
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// bundles adds ten documents to files: one would be too large for 100,000 names.
func (s subject) bundles(files map[string]string) error {
	for n := range 10 {
		aliases := map[string]string{}
		for i := n; i < s.names; i += 10 {
			aliases[canonical(i)] = target(i)
		}
		document, err := json.Marshal(map[string]any{"aliases": aliases})
		if err != nil {
			return err
		}
		files[fmt.Sprintf("bundles/%d", n)] = string(document)
	}
	return nil
}

// questions is dnsperf's input. The names are shuffled, the same way for all, so
// that they are as far from each other in memory as clients' are.
func (s subject) questions() string {
	var b strings.Builder
	for _, i := range rand.New(rand.NewPCG(1, 2)).Perm(s.names) {
		fmt.Fprintf(&b, "%s A\n", canonical(i))
	}
	return b.String()
}

// zoneFile is the targets' zone, with static CNAMEs that lead to them or without.
func zoneFile(names int, static bool) string {
	var b strings.Builder
	soa(&b, zone)
	for i := range names {
		fmt.Fprintln(&b, address(target(i)))
		if static {
			fmt.Fprintln(&b, cname(i))
		}
	}
	return b.String()
}

func otherZone(names int) string {
	var b strings.Builder
	soa(&b, "other.internal.")
	for i := range names {
		fmt.Fprintln(&b, address(fmt.Sprintf("host-%d.other.internal.", i)))
	}
	return b.String()
}

func soa(b *strings.Builder, zone string) {
	fmt.Fprintf(b, "%[1]s %[2]d IN SOA ns.%[1]s hostmaster.%[1]s 1 7200 900 1209600 60\n%[1]s %[2]d IN NS ns.%[1]s\nns.%[1]s %[2]d IN A 192.0.2.53\n", zone, ttl)
}

func address(name string) string { return fmt.Sprintf("%s %d IN A 192.0.2.1", name, ttl) }

func cname(i int) string { return fmt.Sprintf("%s %d IN CNAME %s", canonical(i), ttl, target(i)) }

// answer is the records that answer the question for name i.
func (s subject) answer(i int) ([]dns.RR, error) {
	lines := cname(i) + "\n" + address(target(i))
	if s.plugin == "rewrite" {
		lines = address(canonical(i))
	}
	var records []dns.RR
	p := dns.NewZoneParser(strings.NewReader(lines), "", "")
	for rr, ok := p.Next(); ok; rr, ok = p.Next() {
		records = append(records, rr)
	}
	return records, p.Err()
}
