package alias

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// FuzzRead holds that Read takes any leaf and document without a panic, that
// aliases are what they must be wherever it finds some, and that they are the
// same when they are written as a bundle and read again.
func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("testdata/bad/*")
	if err != nil || len(files) == 0 {
		f.Fatalf("found %d files in testdata/bad and error %v, want some", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		document, _, _ := strings.Cut(string(text), "\n-- want --\n")
		f.Add("cache", document)
	}
	for _, document := range []string{
		"v2",
		"cache-v2.corp.internal",
		" Cache-V2.Corp.Internal.\n",
		`{"to": "cache-v2.corp.internal", "ttl": 10}`,
		`{"aliases": {"cache": "cache-v2.corp.internal", "db.corp": {"to": "db-v7.corp.internal", "ttl": 0}}}`,
		`{"aliases": {"a.internal": "v2", "b.corp.internal.": {"to": "v7"}}}`,
		`{"aliases": {}}`,
		`{"to": "cache-v2.corp.internal", "check": "tcp:6379"}`,
		`{"aliases": {"a": {"to": "v2", "check": "none"}, "b": {"check": "name", "to": "v2"}}}`,
		`{"to": "cache-v2.corp.internal", "subtree": "keep", "except": ["_acme-challenge", "a.b"]}`,
		`{"from": "cache-v1.corp.internal", "to": "cache-v2.corp.internal", "percent": 12.5}`,
		`{"from": "v1", "to": "v2", "start": "2026-11-23T10:00:00.25+01:00", "group": "caches"}`,
		`{"aliases": {"db": {"from": "v1", "to": "v2", "start": "2026-11-23T10:00:00Z", "over": "1h30m", "ttl": 7}}}`,
		`{"aliases": {"cache": {"subtree": "collapse", "to": "v2"}, "db": {"to": "v7", "subtree": "keep", "except": []}}}`,
	} {
		for _, leaf := range []string{"cache", "a.b", "corp", "corp.internal", "Cache.Corp.Internal.", "x.org", ".", ""} {
			f.Add(leaf, document)
		}
	}
	rules := []Rule{
		{Zones: zones("corp.internal."), TTL: 5},
		{Zones: zones("internal. corp.internal. org."), TTL: MaxTTL},
		{Zones: zones("corp.internal."), Template: "{name}-{value}.corp.internal"},
		{Zones: zones(". corp.internal."), Template: "{value}.{name}.org."},
		{Zones: zones("internal. corp.internal."), Name: "cache.corp.internal."},
	}
	f.Fuzz(func(t *testing.T, leaf, document string) {
		for _, r := range rules {
			aliases, err := r.Read(leaf, document)
			if err != nil {
				if aliases != nil {
					t.Errorf("Read(%q, %q) got both %v and error %v", leaf, document, aliases, err)
				}
				if size := len(err.Error()); size > 4096 {
					t.Errorf("Read(%q, %q) got an error of %d octets, want one that fits a log line", leaf, document, size)
				}
				continue
			}
			again, err := Rule{Zones: r.Zones}.Read("leaf", bundle(t, aliases))
			if err != nil || !reflect.DeepEqual(again, aliases) {
				t.Errorf("Read(%q, %q) got %s, as a bundle %v, %s", leaf, document, describe(aliases), err, describe(again))
			}
			if r.Name != "" && (len(aliases) != 1 || aliases[0].Name != r.Name) {
				t.Errorf("Read(%q, %q) got %v, want the alias %s", leaf, document, aliases, r.Name)
			}
			for i, a := range aliases {
				if !slices.Contains(r.Zones, a.Zone) || !dns.IsSubDomain(string(a.Zone), string(a.Name)) {
					t.Errorf("Read(%q, %q) got %s in zone %s, want it in one of %s", leaf, document, a.Name, a.Zone, r.Zones)
				}
				if i > 0 && aliases[i-1].Name >= a.Name {
					t.Errorf("Read(%q, %q) got %s behind %s, want names sorted and distinct", leaf, document, a.Name, aliases[i-1].Name)
				}
				for _, name := range append(a.Targets(), a.Name) {
					if again, err := ParseName(string(name)); again != name {
						t.Errorf("Read(%q, %q) got %q, which parses to %q, %v", leaf, document, name, again, err)
					}
					if _, legal := dns.IsDomainName(string(name)); !legal {
						t.Errorf("Read(%q, %q) got %q, which is no domain name", leaf, document, name)
					}
				}
				if a.TTL > MaxTTL {
					t.Errorf("Read(%q, %q) got TTL %d, want at most %d", leaf, document, a.TTL, MaxTTL)
				}
			}
		}
	})
}

// bundle is aliases as a document.
func bundle(t *testing.T, aliases []Alias) string {
	entries := map[Name]map[string]any{}
	for _, a := range aliases {
		entry := map[string]any{"to": a.Target, "ttl": a.TTL, "check": a.Check.String()}
		if m := a.Move; m != nil {
			entry["from"], entry["group"] = m.From, m.Salt
			switch {
			case m.Start.IsZero():
				entry["percent"] = json.Number(percent(m.Fraction))
			case m.Over > 0:
				entry["over"] = m.Over.String()
				fallthrough
			default:
				entry["start"] = m.Start
			}
		}
		if a.Subtree != nil {
			entry["subtree"] = subtreeKeep
			if a.Subtree.Collapse {
				entry["subtree"] = subtreeCollapse
			}
			var except []string
			for _, name := range a.Subtree.Except {
				except = append(except, name.below(a.Name))
			}
			if except != nil {
				entry["except"] = except
			}
		}
		entries[a.Name] = entry
	}
	text, err := json.Marshal(map[string]any{"aliases": entries})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// FuzzLookup compares Lookup with what the library makes of the question on the
// wire.
func FuzzLookup(f *testing.F) {
	for _, tt := range lookups {
		f.Add(tt.qname)
	}
	for _, tt := range subtreeQuestions {
		f.Add(tt.qname)
	}
	tables := []*Table{lookupTable(), subtreeTable(f)}
	f.Fuzz(func(t *testing.T, qname string) {
		for _, table := range tables {
			found := table.Lookup(qname)
			got, below := found.Entry, found.Below
			if broken(qname) {
				continue // the library takes it for something, and never makes it
			}
			want := slowLookup(table, qname)
			if got != want {
				t.Errorf("Lookup(%q) got %v, want %v", qname, got, want)
			}
			if got == nil {
				continue
			}
			target, ok := got.Follow(got.Target, qname, below)
			wire := make([]byte, 2*maxName)
			if _, err := dns.PackDomainName(target, wire, 0, nil, false); ok && err != nil {
				t.Errorf("Lookup(%q) leads to %q, which is no name: %v", qname, target, err)
			}
			same := func(a, b string) bool { return strings.EqualFold(a, b) }
			labels := dns.SplitDomainName(qname)
			if owner := labels[len(labels)-dns.CountLabel(string(got.Name)):]; below > 0 && !slices.EqualFunc(owner, dns.SplitDomainName(qname[below:]), same) {
				t.Errorf("Lookup(%q) got %d octets below %s, want those in front of it", qname, below, got.Name)
			}
		}
	})
}

// slowLookup is what Lookup must find: the alias whose labels are those of
// qname, read back from the wire.
func slowLookup(table *Table, qname string) *Entry {
	wire := make([]byte, len(qname)+2)
	end, err := dns.PackDomainName(qname, wire, 0, nil, false)
	if err != nil || end == 0 {
		return nil
	}
	read, _, err := dns.UnpackDomainName(wire[:end], 0)
	if err != nil {
		return nil
	}
	same := func(a, b string) bool { return strings.EqualFold(a, b) }
	is := func(labels []string, name Name) bool {
		return slices.EqualFunc(labels, dns.SplitDomainName(string(name)), same)
	}
	labels := dns.SplitDomainName(read)
	for name := range table.orphans {
		if is(labels, name) {
			return nil
		}
	}
	for i := range labels {
		for e := range table.All() {
			if !is(labels[i:], e.Name) || i > 0 && e.Subtree == nil {
				continue
			}
			for j := range labels {
				if i > 0 && slices.ContainsFunc(e.Subtree.Except, func(x Name) bool { return is(labels[j:], x) }) {
					return nil
				}
			}
			return e
		}
	}
	return nil
}

// broken reports whether an escape in qname is none, such as \0 or \256.
func broken(qname string) bool {
	for i := 0; i < len(qname); i++ {
		if qname[i] != '\\' {
			continue
		}
		rest := qname[i+1:]
		switch {
		case rest == "":
			return true
		case strings.ContainsRune("0123456789", rune(rest[0])):
			if len(rest) < 3 || rest[:3] > "255" || strings.Trim(rest[:3], "0123456789") != "" {
				return true
			}
			i += 3
		default:
			i++
		}
	}
	return false
}
