package alias

import (
	"fmt"
	"strings"
	"testing"
	"unsafe"

	"github.com/miekg/dns"
)

// nameOf makes a name of so many octets on the wire, without the final dot.
func nameOf(octets int) string {
	const longest = maxLabel + len(".")
	var labels []string
	for rest := octets - len("\x00"); rest > 0; rest -= longest {
		labels = append(labels, strings.Repeat("n", min(rest, longest)-len(".")))
	}
	return strings.Join(labels, ".")
}

// What documents may hold: labels of 63 octets and names of 255, and no more.
func TestParseName(t *testing.T) {
	const longest = "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn.nnnnnnnnnnnnnnnn"
	for _, tt := range []struct {
		in   string
		want Name
		err  string
	}{
		{in: "cache.internal", want: "cache.internal."},
		{in: "cache.internal.", want: "cache.internal."},
		{in: "CACHE-V2.Corp.Internal", want: "cache-v2.corp.internal."},
		{in: "a.b", want: "a.b."},
		{in: "_sip._tcp.corp.internal", want: "_sip._tcp.corp.internal."},
		{in: "-.-", want: "-.-."},
		{in: "0.10.in-addr.arpa", want: "0.10.in-addr.arpa."},
		{in: "AZaz09-_.internal", want: "azaz09-_.internal."},
		{in: strings.Repeat("N", 63) + ".internal", want: Name(strings.Repeat("n", 63) + ".internal.")},
		{in: nameOf(254), want: Name(nameOf(254) + ".")},
		{in: nameOf(254) + ".", want: Name(nameOf(254) + ".")},
		{in: nameOf(255), want: Name(nameOf(255) + ".")},
		{in: nameOf(255) + ".", want: Name(nameOf(255) + ".")},

		{in: "", err: `found "" with an empty label, want labels of 1 to 63 octets`},
		{in: ".", err: `found "." with an empty label, want labels of 1 to 63 octets`},
		{in: "..", err: `found ".." with an empty label, want labels of 1 to 63 octets`},
		{in: ".internal", err: `found ".internal" with an empty label, want labels of 1 to 63 octets`},
		{in: "cache..internal", err: `found "cache..internal" with an empty label, want labels of 1 to 63 octets`},
		{in: "cache.internal..", err: `found "cache.internal.." with an empty label, want labels of 1 to 63 octets`},
		{in: "internal", err: `found "internal", want an absolute name of at least two labels`},
		{in: "internal.", err: `found "internal.", want an absolute name of at least two labels`},
		{in: strings.Repeat("n", 64) + ".internal", err: `found "` + strings.Repeat("n", 64) + `.internal" with a label of 64 octets, want at most 63`},
		{in: nameOf(256), err: `found "` + longest + `" and 174 octets more, a name of 256 octets, want at most 255`},
		{in: nameOf(256) + ".", err: `found "` + longest + `" and 175 octets more, a name of 256 octets, want at most 255`},
		{in: nameOf(257), err: `found "` + longest + `" and 175 octets more, a name of 257 octets, want at most 255`},
		{in: "not a name!!", err: `found "not a name!!" with ' ' in it, want only letters, digits, '-', '_' and dots`},
		{in: "cache.internal ", err: `found "cache.internal " with ' ' in it, want only letters, digits, '-', '_' and dots`},
		{in: "*.internal", err: `found "*.internal" with '*' in it, want only letters, digits, '-', '_' and dots`},
		{in: `\099ache.internal`, err: `found "\\099ache.internal" with '\\' in it, want only letters, digits, '-', '_' and dots`},
		{in: `cache\.internal`, err: `found "cache\\.internal" with '\\' in it, want only letters, digits, '-', '_' and dots`},
		{in: "cäche.internal", err: `found "cäche.internal" with 'ä' in it, want only letters, digits, '-', '_' and dots`},
		// A rune whose low eight bits are those of a letter.
		{in: "šache.internal", err: `found "šache.internal" with 'š' in it, want only letters, digits, '-', '_' and dots`},
		{in: "cache\x00.internal", err: `found "cache\x00.internal" with '\x00' in it, want only letters, digits, '-', '_' and dots`},
		{in: "cache\xe4.internal", err: `found "cache\xe4.internal" with '�' in it, want only letters, digits, '-', '_' and dots`},
	} {
		t.Run(fmt.Sprintf("13: %.40q", tt.in), func(t *testing.T) {
			got, err := ParseName(tt.in)
			if got != tt.want || message(err) != tt.err {
				t.Errorf("ParseName(%q) got %q, %v, want %q, %s", tt.in, got, err, tt.want, tt.err)
			}
		})
	}
}

// 13: what ParseName counts must be what goes on the wire. PackDomainName would
// pack more than that, so its length is compared, not its verdict.
func TestParseNameCountsTheWire(t *testing.T) {
	for octets := 4; octets <= 260; octets++ {
		name := nameOf(octets)
		wire := make([]byte, 300)
		packed, err := dns.PackDomainName(name+".", wire, 0, nil, false)
		if err != nil || packed != octets {
			// A last label of no octets cannot be made.
			continue
		}
		if _, err := ParseName(name); (err == nil) != (packed <= 255 && strings.Contains(name, ".")) {
			t.Errorf("ParseName of a name of %d octets got error %v", packed, err)
		}
	}
}

func TestNameIsAt(t *testing.T) {
	for _, tt := range []struct {
		name, zone Name
		want       bool
	}{
		{"cache.corp.internal.", "corp.internal.", true},
		{"a.b.cache.corp.internal.", "corp.internal.", true},
		{"a.cache.corp.internal.", "cache.corp.internal.", true},
		{"corp.internal.", "corp.internal.", true},
		{"cache.corp.internal.", "internal.", true},
		{"cache.corp.internal.", ".", true},
		{".", ".", true},

		{"notcache.corp.internal.", "cache.corp.internal.", false},
		{"notcorp.internal.", "corp.internal.", false},
		{"a-corp.internal.", "corp.internal.", false},
		{"internal.", "corp.internal.", false},
		{".", "corp.internal.", false},
		{"cache.corp.internal.", "corp.external.", false},
		{"corp.internal.", "cache.corp.internal.", false},
		{"corp.internal.cache.", "corp.internal.", false},
		{"", "corp.internal.", false},
	} {
		t.Run(fmt.Sprintf("13: %s at %s", tt.name, tt.zone), func(t *testing.T) {
			if got := tt.name.IsAt(tt.zone); got != tt.want {
				t.Errorf("Name(%q).IsAt(%q) got %v, want %v", tt.name, tt.zone, got, tt.want)
			}
		})
	}
}

func TestZone(t *testing.T) {
	for _, tt := range []struct {
		name  Name
		zones string
		want  Name
	}{
		{"cache.corp.internal.", "corp.internal.", "corp.internal."},
		{"corp.internal.", "corp.internal.", "corp.internal."},
		{"notcorp.internal.", "corp.internal.", ""},
		{"cache.corp.internal.", "internal. corp.internal.", "corp.internal."},
		{"cache.corp.internal.", "corp.internal. internal.", "corp.internal."},
		{"cache.other.internal.", "internal. corp.internal.", "internal."},
		{"cache.corp.internal.", ". internal.", "internal."},
		{"cache.other.org.", ". internal.", "."},
		{"cache.other.org.", "corp.internal. internal.", ""},
		{"cache.other.org.", "", ""},
	} {
		if got := Zone(tt.name, zones(tt.zones)); got != tt.want {
			t.Errorf("Zone(%q, %s) got %q, want %q", tt.name, tt.zones, got, tt.want)
		}
	}
}

// zones makes a list of names out of words.
func zones(words string) []Name {
	var names []Name
	for _, word := range strings.Fields(words) {
		names = append(names, Name(word))
	}
	return names
}

// message is the text of an error, or nothing for none.
func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// What a name is parsed from may be a part of a large document, of which drains and
// tallies must not keep the text.
func TestParseNameCopies(t *testing.T) {
	for _, text := range []string{"cache.internal", "cache.internal.", "Cache.internal."} {
		name, err := ParseName(text)
		if err != nil {
			t.Fatal(err)
		}
		if unsafe.StringData(string(name)) == unsafe.StringData(text) {
			t.Errorf("ParseName(%q) shares the memory of its text, want a copy", text)
		}
	}
}
