package alias

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"
)

// describe is aliases in one line each, as the tables here hold them.
func describe(aliases []Alias) string {
	var b strings.Builder
	for _, a := range aliases {
		fmt.Fprintf(&b, "%s in %s to %s %s\n", a.Name, a.Zone, a.Target, a.Options())
	}
	return b.String()
}

// lines is text without the blanks that indent it in a table.
func lines(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

func TestRead(t *testing.T) {
	for _, tt := range []struct {
		name     string
		zones    string // "corp.internal." if it is not said
		template Template
		alias    Name // of an alias line
		leaf     string
		document string
		want     string // an alias per line
	}{{
		name:     "plain text",
		leaf:     "cache",
		document: "cache-v2.corp.internal",
		want:     "cache.corp.internal. in corp.internal. to cache-v2.corp.internal. ttl 5",
	}, {
		name:     "a canary",
		leaf:     "cache",
		document: `{"from": "Cache-v1.corp.internal", "to": "cache-v2.corp.internal", "percent": 10}`,
		want:     "cache.corp.internal. in corp.internal. to cache-v2.corp.internal. from cache-v1.corp.internal. percent 10, ttl 5",
	}, {
		name:     "percents",
		leaf:     "any",
		document: `{"aliases": {"a": {"from": "a.b", "to": "c.d", "percent": 0}, "b": {"from": "a.b", "to": "c.d", "percent": 100.000}, "c": {"from": "a.b", "to": "c.d", "percent": 0.001}, "d": {"from": "a.b", "to": "c.d", "percent": 99.9}}}`,
		want: `
			a.corp.internal. in corp.internal. to c.d. from a.b. percent 0, ttl 5
			b.corp.internal. in corp.internal. to c.d. from a.b. percent 100, ttl 5
			c.corp.internal. in corp.internal. to c.d. from a.b. percent 0.001, ttl 5
			d.corp.internal. in corp.internal. to c.d. from a.b. percent 99.9, ttl 5`,
	}, {
		name:     "a scheduled flip",
		leaf:     "cache",
		document: `{"to": "cache-v2.corp.internal", "start": "2026-11-23T10:00:00.25+01:00", "from": "cache-v1.corp.internal", "ttl": 7}`,
		want:     "cache.corp.internal. in corp.internal. to cache-v2.corp.internal. from cache-v1.corp.internal. start 2026-11-23T09:00:00.25Z, ttl 7",
	}, {
		name:     "a ramp, in a bundle, with a group and a subtree, by a template",
		template: "{name}-{value}.corp.internal",
		leaf:     "any",
		document: `{"aliases": {"cache": {"over": "1h30m", "start": "2026-11-23T10:00:00Z", "from": "v1", "to": "v2", "group": "caches", "subtree": "collapse"}}}`,
		want:     `cache.corp.internal. in corp.internal. to cache-v2.corp.internal. from cache-v1.corp.internal. start 2026-11-23T10:00:00Z over 1h30m0s, ttl 5, group "caches", subtree collapse`,
	}, {
		name:     "a group of a name as long as it may be",
		zones:    "corp.internal.",
		leaf:     "cache",
		document: `{"to": "cache-v2.corp.internal", "from": "cache-v1.corp.internal", "percent": 1, "group": "` + strings.Repeat("g", 255) + `"}`,
		want:     `cache.corp.internal. in corp.internal. to cache-v2.corp.internal. from cache-v1.corp.internal. percent 1, ttl 5, group "` + strings.Repeat("g", 255) + `"`,
	}, {
		name:     "a group without a move",
		leaf:     "cache",
		document: `{"to": "cache-v2.corp.internal", "group": "caches"}`,
		want:     "cache.corp.internal. in corp.internal. to cache-v2.corp.internal. ttl 5",
	}, {
		name:     "a final dot",
		leaf:     "cache",
		document: "cache-v2.corp.internal.",
		want:     "cache.corp.internal. in corp.internal. to cache-v2.corp.internal. ttl 5",
	}, {
		name:     "blanks and line ends around plain text",
		leaf:     "cache",
		document: "\r\n  cache-v2.corp.internal \t\n\n",
		want:     "cache.corp.internal. in corp.internal. to cache-v2.corp.internal. ttl 5",
	}, {
		name:     "capital letters",
		leaf:     "CACHE",
		document: "Cache-V2.CORP.Internal",
		want:     "cache.corp.internal. in corp.internal. to cache-v2.corp.internal. ttl 5",
	}, {
		name:     "a target in no zone of ours",
		leaf:     "cache",
		document: "cache.example.org",
		want:     "cache.corp.internal. in corp.internal. to cache.example.org. ttl 5",
	}, {
		name:     "a target that is the apex",
		leaf:     "cache",
		document: "corp.internal",
		want:     "cache.corp.internal. in corp.internal. to corp.internal. ttl 5",
	}, {
		name:     "a target of 255 octets",
		leaf:     "cache",
		document: nameOf(255),
		want:     "cache.corp.internal. in corp.internal. to " + nameOf(255) + ". ttl 5",
	}, {
		name:     "the apex, by a leaf",
		leaf:     "Corp.internal",
		document: "cache-v2.corp.internal",
		want:     "corp.internal. in corp.internal. to cache-v2.corp.internal. ttl 5",
	}, {
		name:     "the apex of an inner zone, by a relative leaf",
		zones:    "internal. corp.internal.",
		leaf:     "corp",
		document: "cache-v2.corp.internal",
		want: `
			corp.corp.internal. in corp.internal. to cache-v2.corp.internal. ttl 5
			corp.internal. in corp.internal. to cache-v2.corp.internal. ttl 5`,
	}, {
		name:     "the apex, by a bundle's key, with a template",
		template: "www-{value}.corp.internal",
		leaf:     "all",
		document: `{"aliases": {"corp.internal.": "v2"}}`,
		want:     "corp.internal. in corp.internal. to www-v2.corp.internal. ttl 5",
	}, {
		name:     "a leaf of several labels",
		leaf:     "db.prod",
		document: "db-v7.corp.internal",
		want:     "db.prod.corp.internal. in corp.internal. to db-v7.corp.internal. ttl 5",
	}, {
		name:     "a leaf that ends in the zone",
		leaf:     "db.Prod.Corp.internal",
		document: "db-v7.corp.internal",
		want:     "db.prod.corp.internal. in corp.internal. to db-v7.corp.internal. ttl 5",
	}, {
		name:     "a leaf with a final dot",
		leaf:     "cache.corp.internal.",
		document: "cache-v2.corp.internal",
		want:     "cache.corp.internal. in corp.internal. to cache-v2.corp.internal. ttl 5",
	}, {
		name:     "a leaf that ends like the zone, but not at a label's boundary",
		leaf:     "cache.notcorp.internal",
		document: "cache-v2.corp.internal",
		want:     "cache.notcorp.internal.corp.internal. in corp.internal. to cache-v2.corp.internal. ttl 5",
	}, {
		name:     "a leaf in no zone is relative",
		leaf:     "cache.other.org",
		document: "cache-v2.corp.internal",
		want:     "cache.other.org.corp.internal. in corp.internal. to cache-v2.corp.internal. ttl 5",
	}, {
		name:     "a leaf that makes a name of 255 octets",
		leaf:     nameOf(255 - len(".corp.internal")),
		document: "cache-v2.corp.internal",
		want:     nameOf(255-len(".corp.internal")) + ".corp.internal. in corp.internal. to cache-v2.corp.internal. ttl 5",
	}, {
		name:     "an object",
		leaf:     "cache",
		document: `{"to": "cache-v2.corp.internal"}`,
		want:     "cache.corp.internal. in corp.internal. to cache-v2.corp.internal. ttl 5",
	}, {
		name:     "a TTL",
		leaf:     "cache",
		document: `{"to": "cache-v2.corp.internal", "ttl": 10}`,
		want:     "cache.corp.internal. in corp.internal. to cache-v2.corp.internal. ttl 10",
	}, {
		name:     "the least TTL, before the target",
		leaf:     "cache",
		document: `{"ttl": 0, "to": "cache-v2.corp.internal"}`,
		want:     "cache.corp.internal. in corp.internal. to cache-v2.corp.internal. ttl 0",
	}, {
		name:     "the largest TTL",
		leaf:     "cache",
		document: `{"to": "cache-v2.corp.internal", "ttl": 604800}`,
		want:     "cache.corp.internal. in corp.internal. to cache-v2.corp.internal. ttl 604800",
	}, {
		name:     "an object with blanks wherever JSON takes them",
		leaf:     "cache",
		document: "\n\t{ \"to\" :\r\n \"cache-v2.corp.internal\" , \"ttl\" : 10\n}\n\n",
		want:     "cache.corp.internal. in corp.internal. to cache-v2.corp.internal. ttl 10",
	}, {
		name:     "JSON's escapes",
		leaf:     "cache",
		document: `{"\u0074o": "\u0063ache\u002dv2.corp.internal"}`,
		want:     "cache.corp.internal. in corp.internal. to cache-v2.corp.internal. ttl 5",
	}, {
		name:     "a bundle, sorted by name",
		leaf:     "the leaf is free!",
		document: `{"aliases": {"db": {"to": "db-v7.corp.internal", "ttl": 60}, "cache": "cache-v2.corp.internal", "API": {"to": "api-v3.corp.internal."}}}`,
		want: `
			api.corp.internal. in corp.internal. to api-v3.corp.internal. ttl 5
			cache.corp.internal. in corp.internal. to cache-v2.corp.internal. ttl 5
			db.corp.internal. in corp.internal. to db-v7.corp.internal. ttl 60`,
	}, {
		name:     "a bundle's keys follow a leaf's rule",
		leaf:     "all",
		document: `{"aliases": {"a": "v2.x.org", "b.corp.internal": "v2.x.org", "c.corp.internal.": "v2.x.org", "d.other.org": "v2.x.org"}}`,
		want: `
			a.corp.internal. in corp.internal. to v2.x.org. ttl 5
			b.corp.internal. in corp.internal. to v2.x.org. ttl 5
			c.corp.internal. in corp.internal. to v2.x.org. ttl 5
			d.other.org.corp.internal. in corp.internal. to v2.x.org. ttl 5`,
	}, {
		name:     "a bundle of one",
		leaf:     "all",
		document: `{"aliases": {"cache": "cache-v2.corp.internal"}}`,
		want:     "cache.corp.internal. in corp.internal. to cache-v2.corp.internal. ttl 5",
	}, {
		name:     "a bundle of none",
		leaf:     "all",
		document: `{"aliases": {}}`,
		want:     "",
	}, {
		name:     "a bundle's key may be called like a field",
		leaf:     "all",
		document: `{"aliases": {"to": "v2.x.org", "ttl": "v2.x.org", "aliases": "v2.x.org"}}`,
		want: `
			aliases.corp.internal. in corp.internal. to v2.x.org. ttl 5
			to.corp.internal. in corp.internal. to v2.x.org. ttl 5
			ttl.corp.internal. in corp.internal. to v2.x.org. ttl 5`,
	}, {
		name:     "an alias of its own target",
		leaf:     "cache",
		document: "cache.corp.internal",
		want:     "cache.corp.internal. in corp.internal. to cache.corp.internal. ttl 5",
	}, {
		name:     "several zones, a relative leaf",
		zones:    "example.org. corp.internal.",
		leaf:     "cache",
		document: "cache-v2.corp.internal",
		want: `
			cache.corp.internal. in corp.internal. to cache-v2.corp.internal. ttl 5
			cache.example.org. in example.org. to cache-v2.corp.internal. ttl 5`,
	}, {
		name:     "several zones, an absolute leaf",
		zones:    "example.org. corp.internal.",
		leaf:     "cache.example.org",
		document: "cache-v2.corp.internal",
		want:     "cache.example.org. in example.org. to cache-v2.corp.internal. ttl 5",
	}, {
		name:     "several zones, a bundle of both sorts of keys",
		zones:    "corp.internal. example.org.",
		leaf:     "all",
		document: `{"aliases": {"db": "db-v7.corp.internal", "cache.corp.internal": "cache-v2.corp.internal"}}`,
		want: `
			cache.corp.internal. in corp.internal. to cache-v2.corp.internal. ttl 5
			db.corp.internal. in corp.internal. to db-v7.corp.internal. ttl 5
			db.example.org. in example.org. to db-v7.corp.internal. ttl 5`,
	}, {
		name:     "a zone in a zone, a relative leaf",
		zones:    "internal. corp.internal.",
		leaf:     "cache",
		document: "v2.x.org",
		want: `
			cache.corp.internal. in corp.internal. to v2.x.org. ttl 5
			cache.internal. in internal. to v2.x.org. ttl 5`,
	}, {
		name:     "a zone in a zone, an absolute leaf in the inner one",
		zones:    "internal. corp.internal.",
		leaf:     "cache.corp.internal",
		document: "v2.x.org",
		want:     "cache.corp.internal. in corp.internal. to v2.x.org. ttl 5",
	}, {
		name:     "a zone in a zone, an absolute leaf in the outer one",
		zones:    "internal. corp.internal.",
		leaf:     "cache.lab.internal",
		document: "v2.x.org",
		want:     "cache.lab.internal. in internal. to v2.x.org. ttl 5",
	}, {
		name:     "a zone in a zone, a leaf relative to the outer one that lies in the inner one",
		zones:    "internal. corp.internal.",
		template: "{name}-{value}.x.org",
		leaf:     "cache.corp",
		document: "v2",
		want: `
			cache.corp.corp.internal. in corp.internal. to cache.corp-v2.x.org. ttl 5
			cache.corp.internal. in corp.internal. to cache-v2.x.org. ttl 5`,
	}, {
		name:     "a zone of one label",
		zones:    "internal.",
		leaf:     "cache",
		document: "cache-v2.internal",
		want:     "cache.internal. in internal. to cache-v2.internal. ttl 5",
	}, {
		name:     "a zone of one label, an absolute leaf",
		zones:    "internal.",
		leaf:     "Cache.INTERNAL",
		document: "cache-v2.internal",
		want:     "cache.internal. in internal. to cache-v2.internal. ttl 5",
	}, {
		name:     "the root zone: every leaf is absolute",
		zones:    ".",
		leaf:     "cache.corp.internal",
		document: "cache-v2.corp.internal",
		want:     "cache.corp.internal. in . to cache-v2.corp.internal. ttl 5",
	}, {
		name:     "the root zone beside another",
		zones:    ". corp.internal.",
		leaf:     "all",
		document: `{"aliases": {"cache.corp.internal": "v2.x.org", "cache.example.org.": "v2.x.org"}}`,
		want: `
			cache.corp.internal. in corp.internal. to v2.x.org. ttl 5
			cache.example.org. in . to v2.x.org. ttl 5`,
	}, {
		name:     "a template",
		template: "{name}-{value}.corp.internal",
		leaf:     "cache",
		document: "v2",
		want:     "cache.corp.internal. in corp.internal. to cache-v2.corp.internal. ttl 5",
	}, {
		name:     "a template and capital letters",
		template: "{name}-{value}.Corp.Internal.",
		leaf:     "CACHE",
		document: "V2",
		want:     "cache.corp.internal. in corp.internal. to cache-v2.corp.internal. ttl 5",
	}, {
		name:     "a template and an object",
		template: "{value}.{name}.corp.internal",
		leaf:     "cache",
		document: `{"to": "v2", "ttl": 1}`,
		want:     "cache.corp.internal. in corp.internal. to v2.cache.corp.internal. ttl 1",
	}, {
		name:     "a template and a bundle",
		template: "{name}-{value}.corp.internal",
		leaf:     "all",
		document: `{"aliases": {"cache": "v2", "db.corp.internal.": {"to": "v7"}}}`,
		want: `
			cache.corp.internal. in corp.internal. to cache-v2.corp.internal. ttl 5
			db.corp.internal. in corp.internal. to db-v7.corp.internal. ttl 5`,
	}, {
		name:     "a template and a name of several labels",
		template: "{name}-{value}.corp.internal",
		leaf:     "db.prod",
		document: "v7",
		want:     "db.prod.corp.internal. in corp.internal. to db.prod-v7.corp.internal. ttl 5",
	}, {
		name:     "a template and an absolute name: {name} is below its zone all the same",
		template: "{name}-{value}.corp.internal",
		leaf:     "db.prod.corp.internal",
		document: "v7",
		want:     "db.prod.corp.internal. in corp.internal. to db.prod-v7.corp.internal. ttl 5",
	}, {
		name:     "a template and several zones",
		zones:    "corp.internal. example.org.",
		template: "{name}-{value}.x.org",
		leaf:     "cache",
		document: "v2",
		want: `
			cache.corp.internal. in corp.internal. to cache-v2.x.org. ttl 5
			cache.example.org. in example.org. to cache-v2.x.org. ttl 5`,
	}, {
		name:     "a template and the root zone",
		zones:    ".",
		template: "{name}.{value}",
		leaf:     "cache.corp.internal",
		document: "v2",
		want:     "cache.corp.internal. in . to cache.corp.internal.v2. ttl 5",
	}, {
		name:     "a template and a value of several labels",
		template: "{name}.{value}",
		leaf:     "cache",
		document: "v2.corp.internal.",
		want:     "cache.corp.internal. in corp.internal. to cache.v2.corp.internal. ttl 5",
	}, {
		name:     "a template that says the value twice",
		template: "{value}.{name}-{value}.corp.internal",
		leaf:     "cache",
		document: "v2",
		want:     "cache.corp.internal. in corp.internal. to v2.cache-v2.corp.internal. ttl 5",
	}, {
		name:     "an alias line",
		alias:    "cache.corp.internal.",
		leaf:     "blue-or-green",
		document: "cache-v2.corp.internal",
		want:     "cache.corp.internal. in corp.internal. to cache-v2.corp.internal. ttl 5",
	}, {
		name:     "an alias line whose parameter no name could be called like",
		alias:    "cache.corp.internal.",
		leaf:     "current:prod",
		document: `{"to": "cache-v2.corp.internal", "ttl": 10}`,
		want:     "cache.corp.internal. in corp.internal. to cache-v2.corp.internal. ttl 10",
	}, {
		name:     "a check of the default is none to tell",
		leaf:     "cache",
		document: `{"to": "cache-v2.corp.internal", "check": "address"}`,
		want:     "cache.corp.internal. in corp.internal. to cache-v2.corp.internal. ttl 5",
	}, {
		name:     "checks, of each alias its own",
		leaf:     "more",
		document: `{"aliases": {"a": {"to": "v2.x.net", "check": "name"}, "b": {"to": "v2.x.net", "check": "none"}, "c": {"check": "tcp:65535", "to": "v2.x.net"}, "d": "v2.x.net"}}`,
		want: `
			a.corp.internal. in corp.internal. to v2.x.net. ttl 5, check name
			b.corp.internal. in corp.internal. to v2.x.net. ttl 5, check none
			c.corp.internal. in corp.internal. to v2.x.net. ttl 5, check tcp:65535
			d.corp.internal. in corp.internal. to v2.x.net. ttl 5`,
	}, {
		name:     "a subtree that keeps labels",
		leaf:     "cache",
		document: `{"to": "cache-v2.corp.internal", "subtree": "keep"}`,
		want:     "cache.corp.internal. in corp.internal. to cache-v2.corp.internal. ttl 5, subtree keep",
	}, {
		name:     "a subtree that collapses, but for some names, in any order",
		leaf:     "cache",
		document: `{"except": ["b.a", "_Acme-Challenge", "10", "b.a"], "subtree": "collapse", "to": "cache-v2.corp.internal"}`,
		want:     "cache.corp.internal. in corp.internal. to cache-v2.corp.internal. ttl 5, subtree collapse except 10.cache.corp.internal. _acme-challenge.cache.corp.internal. b.a.cache.corp.internal.",
	}, {
		name:     "a subtree but for names that end as the alias's does, if not in all of it",
		leaf:     "cache",
		document: `{"to": "v2.x.net", "subtree": "keep", "except": ["cache", "a.cache", "notcache.corp.internal", "cache.corp", "corp.internal"]}`,
		want:     "cache.corp.internal. in corp.internal. to v2.x.net. ttl 5, subtree keep except a.cache.cache.corp.internal. cache.cache.corp.internal. cache.corp.cache.corp.internal. corp.internal.cache.corp.internal. notcache.corp.internal.cache.corp.internal.",
	}, {
		name:     "a subtree that excepts nothing",
		leaf:     "cache",
		document: `{"to": "cache-v2.corp.internal", "subtree": "keep", "except": []}`,
		want:     "cache.corp.internal. in corp.internal. to cache-v2.corp.internal. ttl 5, subtree keep",
	}, {
		name:     "subtrees in a bundle, in two zones",
		zones:    "corp.internal. org.",
		leaf:     "all",
		document: `{"aliases": {"cache": {"to": "v2.x.net", "subtree": "keep", "except": ["a"]}}}`,
		want: `
			cache.corp.internal. in corp.internal. to v2.x.net. ttl 5, subtree keep except a.cache.corp.internal.
			cache.org. in org. to v2.x.net. ttl 5, subtree keep except a.cache.org.`,
	}, {
		name:     "the subtree of an apex",
		leaf:     "corp.internal",
		document: `{"to": "v2.x.net", "subtree": "keep"}`,
		want:     "corp.internal. in corp.internal. to v2.x.net. ttl 5, subtree keep",
	}, {
		name:     "an alias line with a template, in the inner of two zones",
		zones:    "internal. corp.internal.",
		template: "{name}-{value}.x.org",
		alias:    "cache.prod.corp.internal.",
		leaf:     "current",
		document: "v2",
		want:     "cache.prod.corp.internal. in corp.internal. to cache.prod-v2.x.org. ttl 5",
	}} {
		t.Run(tt.name, func(t *testing.T) {
			r := Rule{Zones: zones(tt.zones), Template: tt.template, TTL: 5, Name: tt.alias}
			if tt.zones == "" {
				r.Zones = zones("corp.internal.")
			}
			if tt.template != "" {
				if _, err := ParseTemplate(string(tt.template)); err != nil {
					t.Fatal(err)
				}
			}
			got, err := r.Read(tt.leaf, tt.document)
			if err != nil || describe(got) != lines(tt.want) {
				t.Errorf("Read(%q, %q) got %v\n%swant\n%s", tt.leaf, tt.document, err, describe(got), lines(tt.want))
			}
			for _, a := range got {
				if behind := unsafe.Add(unsafe.Pointer(unsafe.StringData(string(a.Name))), len(a.Name)); behind != unsafe.Pointer(unsafe.StringData(string(a.Target))) {
					t.Errorf("the target of %s is at %p, want it behind the name, at %p", a.Name, unsafe.StringData(string(a.Target)), behind)
				}
			}
		})
	}
}

// The documents of testdata/bad are all bad; behind the mark, each file holds
// the error that says why. Those with a target at or below its own subtree alias
// are of 10, those with names and labels that cannot be of 13.
func TestReadBad(t *testing.T) {
	const mark = "\n-- want --\n"
	files, err := filepath.Glob("testdata/bad/*")
	if err != nil || len(files) < 50 {
		t.Fatalf("found %d files in testdata/bad and error %v, want at least 50", len(files), err)
	}
	for _, file := range files {
		shows := ""
		switch base := filepath.Base(file); {
		case strings.Contains(base, "subtree-target"), strings.Contains(base, "in-subtree"):
			shows = "10: "
		case strings.Contains(base, "-octets"), strings.Contains(base, "label"), strings.Contains(base, "root"), strings.Contains(base, "escaped"):
			shows = "13: "
		}
		t.Run(shows+filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			document, want, ok := strings.Cut(string(text), mark)
			if !ok {
				t.Fatalf("found no line %q, want one in front of the error", strings.TrimSpace(mark))
			}
			want = strings.TrimSuffix(want, "\n")
			r := Rule{Zones: zones("corp.internal."), TTL: 5}
			got, err := r.Read("cache", document)
			if got != nil || message(err) != want {
				t.Errorf("Read(%q) got %s\n%v, want\n%s", document, describe(got), err, want)
			}
		})
	}
}

// What makes these bad is not in the document alone.
func TestReadBadElsewhere(t *testing.T) {
	const target = "cache-v2.corp.internal"
	long := strings.Repeat("l", 64)
	for _, tt := range []struct {
		name     string
		rule     Rule // its zones are corp.internal. if they are not set
		leaf     string
		document string
		want     string
		zone     bool // ErrZone is what is wrong
	}{{
		name: "a leaf outside the zones",
		leaf: "cache.other.org.", document: target,
		want: "parse last element: found cache.other.org., want a name in one of the zones corp.internal.",
		zone: true,
	}, {
		name: "a leaf outside several zones",
		rule: Rule{Zones: zones("corp.internal. example.org.")},
		leaf: "cache.internal.", document: target,
		want: "parse last element: found cache.internal., want a name in one of the zones corp.internal. example.org.",
		zone: true,
	}, {
		name: "an apex, which has no name below its zone",
		rule: Rule{Zones: zones("corp.internal."), Template: "{name}-{value}.corp.internal"},
		leaf: "corp.internal", document: "v2",
		want: `parse target: found "v2" at an apex, want a template without {name} there`,
	}, {
		name: "a bundle's key outside the zones",
		leaf: "all", document: `{"aliases": {"cache": "cache-v2.corp.internal", "cache.corp.internal.org.": "cache-v2.corp.internal"}}`,
		want: "parse aliases: found cache.corp.internal.org., want a name in one of the zones corp.internal.",
		zone: true,
	}, {
		name: "an alias that a bundle states relative to one zone and absolute in the other",
		rule: Rule{Zones: zones("internal. corp.internal.")},
		leaf: "all", document: `{"aliases": {"cache": "v1.x.org", "cache.corp": "v2.x.org"}}`,
		want: "parse aliases: found cache.corp.internal. twice, want each alias once",
	}, {
		name: "a single label in the root zone",
		rule: Rule{Zones: zones(".")},
		leaf: "cache", document: target,
		want: `parse last element: found "cache", want an absolute name of at least two labels`,
	}, {
		name: "an empty leaf",
		leaf: "", document: target,
		want: `parse last element: found ".corp.internal." with an empty label, want labels of 1 to 63 octets`,
	}, {
		name: "an empty leaf in the root zone",
		rule: Rule{Zones: zones(".")},
		leaf: "", document: target,
		want: `parse last element: found "" with an empty label, want labels of 1 to 63 octets`,
	}, {
		name: "a leaf with a space",
		leaf: "ca che", document: target,
		want: `parse last element: found "ca che.corp.internal." with ' ' in it, want only letters, digits, '-', '_' and dots`,
	}, {
		name: "an absolute leaf with a space",
		leaf: "ca che.corp.internal", document: target,
		want: `parse last element: found "ca che.corp.internal" with ' ' in it, want only letters, digits, '-', '_' and dots`,
	}, {
		name: "a leaf with a label of 64 octets",
		leaf: long, document: target,
		want: `parse last element: found "` + long + `.corp.internal." with a label of 64 octets, want at most 63`,
	}, {
		name: "a leaf too long for one of the zones",
		rule: Rule{Zones: zones("a.internal. corp.internal.")},
		leaf: nameOf(255 - len(".a.internal")), document: target,
		want: `parse last element: found "` + nameOf(255)[:80] + `" and 177 octets more, a name of 258 octets, want at most 255`,
	}, {
		name: "a bad document is told before a bad leaf",
		leaf: "ca che", document: "{",
		want: "parse document: found the document's end, want more of it",
	}, {
		name: "a value that a template cannot use",
		rule: Rule{Template: "{name}-{value}.corp.internal"},
		leaf: "cache", document: "v 2",
		want: `parse target: found "v 2", which {name}-{value}.corp.internal turns into a bad name: found "cache-v 2.corp.internal" with ' ' in it, want only letters, digits, '-', '_' and dots`,
	}, {
		name: "a value that ends in a dot, for a template that goes on",
		rule: Rule{Template: "{name}-{value}.corp.internal"},
		leaf: "cache", document: `{"to": "v2."}`,
		want: `parse to: found "v2.", which {name}-{value}.corp.internal turns into a bad name: found "cache-v2..corp.internal" with an empty label, want labels of 1 to 63 octets`,
	}, {
		name: "a value that is a placeholder",
		rule: Rule{Template: "{name}-{value}.corp.internal"},
		leaf: "all", document: `{"aliases": {"cache": {"to": "{name}"}}}`,
		want: `parse aliases["cache"].to: found "{name}", which {name}-{value}.corp.internal turns into a bad name: found "cache-{name}.corp.internal" with '{' in it, want only letters, digits, '-', '_' and dots`,
	}, {
		name: "a single label that a template leaves one",
		rule: Rule{Template: "{value}"},
		leaf: "cache", document: "v2",
		want: `parse target: found "v2", which {value} turns into a bad name: found "v2", want an absolute name of at least two labels`,
	}, {
		name: "a name that a template makes a label of 64 octets of",
		rule: Rule{Template: "{name}-{value}.corp.internal"},
		leaf: long[:61], document: "v2",
		want: `parse target: found "v2", which {name}-{value}.corp.internal turns into a bad name: found "` + long[:61] + `-v2.corp.internal" with a label of 64 octets, want at most 63`,
	}, {
		name: "nothing, which a template would make a name of",
		rule: Rule{Template: "{name}-{value}.corp.internal"},
		leaf: "cache", document: " \n",
		want: "parse target: found nothing, want a target",
	}, {
		name: "nothing in an object, which a template would make a name of",
		rule: Rule{Template: "{name}-{value}.corp.internal"},
		leaf: "cache", document: `{"to": ""}`,
		want: `parse to: found "", want a target`,
	}, {
		name: "nothing in a bundle, which a template would make a name of",
		rule: Rule{Template: "{name}-{value}.corp.internal"},
		leaf: "all", document: `{"aliases": {"cache": ""}}`,
		want: `parse aliases["cache"]: found "", want a target or an object`,
	}, {
		name: "a bundle for an alias line",
		rule: Rule{Name: "cache.corp.internal."},
		leaf: "current", document: `{"aliases": {"cache": "cache-v2.corp.internal"}}`,
		want: "parse document: found a bundle, want the one alias cache.corp.internal.",
	}, {
		name: "an empty bundle for an alias line",
		rule: Rule{Name: "cache.corp.internal."},
		leaf: "current", document: `{"aliases": {}}`,
		want: "parse document: found a bundle, want the one alias cache.corp.internal.",
	}, {
		name: "an alias line outside the zones",
		rule: Rule{Name: "cache.other.org."},
		leaf: "current", document: target,
		want: "parse last element: found cache.other.org., want a name in one of the zones corp.internal.",
		zone: true,
	}, {
		name: "plain text of more than 1 MiB",
		leaf: "cache", document: strings.Repeat("a", MaxDocument+1),
		want: "parse document: found more than 1048576 octets, want at most 1048576",
	}, {
		name: "a good document with blanks behind it to more than 1 MiB",
		leaf: "cache", document: padded(`{"to": "cache-v2.corp.internal"}`, MaxDocument+1),
		want: "parse document: found more than 1048576 octets, want at most 1048576",
	}, {
		name: "plain text of 1 MiB is quoted in part",
		leaf: "cache", document: strings.Repeat("a", MaxDocument),
		want: `parse target: found "` + strings.Repeat("a", 80) + `" and 1048496 octets more, a name of 1048578 octets, want at most 255`,
	}, {
		name: "a number of 1 MiB is quoted in part",
		leaf: "cache", document: `{"ttl":` + strings.Repeat("9", MaxDocument-len(`{"ttl":}`)) + `}`,
		want: `parse ttl: found "` + strings.Repeat("9", 80) + `" and 1048488 octets more, want a whole number of seconds from 0 to 604800`,
	}, {
		name: "arrays nested 1 MiB deep",
		leaf: "cache", document: `{"to":` + strings.Repeat("[", MaxDocument-len(`{"to":`)),
		want: "parse to: found an array, want a target",
	}, {
		name: "objects nested 1 MiB deep",
		leaf: "cache", document: strings.Repeat(`{"aliases":`, MaxDocument/len(`{"aliases":`)),
		want: `parse aliases["aliases"]: found the unknown field "aliases", want one of to, from, percent, start, over, group, ttl, subtree, except, check`,
	}} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.rule.Zones == nil {
				tt.rule.Zones = zones("corp.internal.")
			}
			got, err := tt.rule.Read(tt.leaf, tt.document)
			if got != nil || message(err) != tt.want {
				t.Errorf("Read(%q, %s) got %s\n%v, want\n%s", tt.leaf, quote(tt.document), describe(got), err, tt.want)
			}
			if zone := errors.Is(err, ErrZone); zone != tt.zone {
				t.Errorf("Read(%q, %s) got ErrZone: %v, want %v", tt.leaf, quote(tt.document), zone, tt.zone)
			}
		})
	}
}

// padded is text with blanks behind it, of so many octets.
func padded(text string, octets int) string {
	return text + strings.Repeat(" ", octets-len(text))
}

func TestReadOneMebibyte(t *testing.T) {
	r := Rule{Zones: zones("corp.internal.")}
	got, err := r.Read("cache", padded(`{"to": "cache-v2.corp.internal"}`, MaxDocument))
	want := "cache.corp.internal. in corp.internal. to cache-v2.corp.internal. ttl 0\n"
	if err != nil || describe(got) != want {
		t.Errorf("Read of 1 MiB got %s, %v, want %s", describe(got), err, want)
	}
}
