package alias

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Name is an absolute domain name in the one form that names are compared in
// here: lower case and with the final dot. It is parsed once, by [ParseName],
// and never holds an escape, so two names are the same if the strings are.
type Name string

// The limits of a name and its labels in octets, RFC 1035 section 2.3.4. A name
// is counted as it goes on the wire, with its length octets and the root.
const (
	maxLabel = 63
	maxName  = 255
)

// ParseName reads a name as documents hold it: at least two labels of ASCII
// letters, digits, "-" and "_", 1 to 63 octets each and at most 255 octets in
// all, of which the last is no number (RFC 1123 section 2.1: it is an address
// then). The final dot is optional. The error says what was found and what was
// expected; the caller adds where.
//
// You might be tempted to leave this to dns.IsDomainName: it takes "not a
// name!!", since on the wire any octet is legal in a label (RFC 2181 section
// 11), but a target like that is always a mistake.
func ParseName(s string) (Name, error) {
	name, err := parseName(s)
	if string(name) == s {
		return Name(strings.Clone(s)), err // names outlive documents, and must not keep their text
	}
	return name, err
}

// parseName is the same, but its name may be s itself.
func parseName(s string) (Name, error) {
	name := strings.TrimSuffix(s, ".")
	if len(name)+len("\x03")+len("\x00") > maxName {
		return "", fmt.Errorf("found %s, a name of %d octets, want at most %d", quote(s), len(name)+2, maxName)
	}
	labels, upper := 0, false
	for rest, more := name, true; more; labels++ {
		var label string
		label, rest, more = strings.Cut(rest, ".")
		every, some := legalOctet|digitOctet, kind(0)
		for i := range len(label) {
			every &= kinds[label[i]]
			some |= kinds[label[i]]
		}
		switch {
		case label == "":
			return "", fmt.Errorf("found %s with an empty label, want labels of 1 to %d octets", quote(s), maxLabel)
		case len(label) > maxLabel:
			return "", fmt.Errorf("found %s with a label of %d octets, want at most %d", quote(s), len(label), maxLabel)
		case every&legalOctet == 0:
			for legal(label[0]) {
				label = label[1:]
			}
			r, _ := utf8.DecodeRuneInString(label)
			return "", fmt.Errorf("found %s with %q in it, want only letters, digits, '-', '_' and dots", quote(s), r)
		case !more && every&digitOctet != 0 && labels > 0:
			return "", fmt.Errorf("found %s, which looks like an address, want a name", quote(s))
		}
		upper = upper || some&upperOctet != 0
	}
	switch {
	case labels < 2:
		return "", fmt.Errorf("found %s, want an absolute name of at least two labels", quote(s))
	case upper:
		return Name(strings.ToLower(name) + "."), nil
	case len(name) < len(s):
		return Name(s), nil
	}
	return Name(name + "."), nil
}

// IsAt reports whether n is zone or lies below it.
func (n Name) IsAt(zone Name) bool {
	if zone == "." {
		return true
	}
	cut := len(n) - len(zone)
	return cut >= 0 && n[cut:] == zone && (cut == 0 || n[cut-1] == '.')
}

// endsIn reports whether s, a name without the final dot in any case, would be zone or
// lie below it.
func endsIn(s string, zone Name) bool {
	end := strings.TrimSuffix(string(zone), ".")
	cut := len(s) - len(end)
	return end == "" || cut >= 0 && strings.EqualFold(s[cut:], end) && (cut == 0 || s[cut-1] == '.')
}

// Parent is the name that n lies directly below, the root at last.
func (n Name) Parent() Name {
	_, parent, _ := strings.Cut(string(n), ".")
	if parent == "" {
		return "."
	}
	return Name(parent)
}

// below is what n has in front of zone, without the dot between them. n must
// lie below zone.
func (n Name) below(zone Name) string {
	return strings.TrimSuffix(string(n[:len(n)-len(zone)]), ".")
}

// kind is a set of kinds of octets in names.
type kind uint8

const (
	legalOctet kind = 1 << iota // it may stand in a label of a name in a document
	digitOctet
	upperOctet
)

// kinds are the kinds that each octet is of: a million names are read with one look for each octet.
var kinds = func() (kinds [256]kind) {
	for b := range kinds {
		switch b := byte(b); {
		case digit(b):
			kinds[b] = legalOctet | digitOctet
		case 'A' <= b && b <= 'Z':
			kinds[b] = legalOctet | upperOctet
		case b == '-' || b == '_' || 'a' <= b && b <= 'z':
			kinds[b] = legalOctet
		}
	}
	return kinds
}()

func legal(b byte) bool { return kinds[b]&legalOctet != 0 }

// maxQuote is how much of a document an error shows, in octets.
const maxQuote = 80

// quote is s as an error shows it: quoted, and cut to a length that fits a log
// line, since documents may be as large as 1 MiB.
func quote(s string) string {
	if len(s) > maxQuote {
		return fmt.Sprintf("%q and %d octets more", s[:maxQuote], len(s)-maxQuote)
	}
	return fmt.Sprintf("%q", s)
}
