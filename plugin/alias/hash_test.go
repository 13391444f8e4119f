package alias

import (
	"fmt"
	"strings"
	"testing"
)

func TestFolded(t *testing.T) {
	for _, tt := range []struct {
		qname string
		want  bool
	}{
		{"", true},
		{".", true},
		{"a.", true},
		{"A.", false},
		{"Z.", false},
		{"a@]^_`{|}~.", true}, // in no Name either
		{"cache_0-9.corp.internal.", true},
		{"Cache.corp.internal.", false},
		{"cache.corp.internaL.", false},
		{"cache.Corp.internal.", false},
		{`cache\.corp.internal.`, false},
		{"cache.corp.internal\x80", false},
		{"cache.corp.\xff\xff\xff\xff\xff\xff\xffa.", false},
		{`a\.`, false},
		{"a\x80.", false},
		{strings.Repeat("a.", maxName/2), true},
		{strings.Repeat("a.", maxName/2) + ".", false}, // too long for a name
	} {
		if _, got := hashFolded(tt.qname); got != tt.want {
			t.Errorf("%q is folded: got %v, want %v", tt.qname, got, tt.want)
		}
	}
}

// Each octet of a name counts, and how many there are.
func TestHashOfAllOctets(t *testing.T) {
	seen := map[hash]string{}
	see := func(name string) {
		h, _ := hashFolded(name)
		if other, ok := seen[h]; ok {
			t.Errorf("%q and %q have the same hash", other, name)
		}
		seen[h] = name
	}
	for n := range maxName {
		name := strings.Repeat("a", n)
		see(name)
		for i := range n {
			see(name[:i] + "b" + name[i+1:])
		}
	}
}

// Names as people count them up are spread over groups and tags as well as by chance.
func TestHashSpreads(t *testing.T) {
	const names = 50_000
	for _, form := range []string{
		"n%d.", "%d.corp.internal.", "cache-%d.corp.internal.", "cache%06d.corp.internal.", "%x.corp.internal.",
		"%08b.corp.internal.", "a.service.%d.corp.internal.", "a-rather-long-name-of-a-service.and-of-its-cluster-%05d.corp.internal.",
	} {
		t.Run(form, func(t *testing.T) {
			x := draft{index: new(index)}
			x.grow(names) // a third of the places are taken
			seen := map[hash]bool{}
			for i := range names {
				name := Name(fmt.Sprintf(form, i))
				h := hashOf(name)
				if seen[h] {
					t.Fatalf("%s has the hash of another name", name)
				}
				seen[h] = true
				x.set(h, &Entry{Alias: Alias{Name: name}})
			}
			full := 0
			for _, g := range x.tags {
				if g.free() == 0 {
					full++
				}
			}
			if by := len(x.tags) / 20; full > by { // by chance 1 of 76, by keys up to twice as many
				t.Errorf("%d of %d groups are full, want at most %d", full, len(x.tags), by)
			}
			elsewhere := 0
			for i := range names {
				name := Name(fmt.Sprintf(form, i))
				h := hashOf(name)
				if place, _ := x.find(h, name); place != x.first(h)*places+h.place() {
					elsewhere++
				}
			}
			if by := names / 4; elsewhere > by { // by chance 1 of 5
				t.Errorf("%d of %d names are elsewhere than they would rather be, want at most %d", elsewhere, names, by)
			}
			looks := 0
			for i := range names {
				if !x.lacks(hashOf(Name(fmt.Sprintf(form, names+i)))) {
					looks++
				}
			}
			if by := names / 10; looks > by { // by chance 1 of 28, by keys up to twice as many
				t.Errorf("%d of %d other names take a second look, want at most %d", looks, names, by)
			}
		})
	}
}
