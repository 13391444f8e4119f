package alias

// other stands in a folded name for an octet that no Name can have, such as a
// space or an escaped dot. It is no legal octet itself, so a name that has one
// is never mistaken for an alias.
const other = 0xff

// folded is what becomes of each octet of a question's name: letters are in lower case
// (RFC 4343), what no Name can have is other, and a backslash, which is none by itself,
// is 0.
var folded = func() (to [256]byte) {
	for i := range to {
		switch b := byte(i); {
		case 'A' <= b && b <= 'Z':
			to[i] = b + 'a' - 'A'
		case legal(b) || b == '.':
			to[i] = b
		case b != '\\':
			to[i] = other
		}
	}
	return to
}()

// unfolded has bits set if fold does not leave the octets of w as they are: a letter in upper
// case or a backslash is among them, or what is no ASCII.
func unfolded(w uint64) uint64 {
	// The sums have the highest bit of each octet set that is an 'A' or more, and that is
	// more than a backslash. '[' is between them, and in no Name either. Only octets that
	// are no ASCII carry into the next, and with one there are bits set anyway.
	upper := (w + (0x80-'A')*each) &^ (w + (0x80-'\\'-1)*each)
	return (w | upper) & high
}

// fold writes the octets of qname, a name in presentation form as miekg/dns
// hands it out, to buf: letters in lower case, escapes resolved (RFC 1035 section
// 5.1), whatever no Name can have as other. The result has the form of a Name, with
// the final dot. It is nil if qname is longer than any name can be. Nothing is
// allocated.
func fold(buf *[maxName]byte, qname string) []byte {
	n := 0
	for i := 0; i < len(qname); i++ {
		b := folded[qname[i]]
		if b == 0 {
			b, i = unescape(qname, i)
			if b = folded[b]; b == '.' || b == 0 {
				b = other
			}
		}
		if n == maxName-len("\x00") {
			return nil
		}
		buf[n] = b
		n++
	}
	if n == 0 || buf[n-1] != '.' || n > 1 && buf[n-2] == '.' {
		return nil
	}
	return buf[:n]
}

// unescape is the octet that the escape at i in s stands for, \DDD or \X, and
// the place of the escape's last octet. A broken escape is an other.
func unescape(s string, i int) (b byte, last int) {
	switch rest := s[i+1:]; {
	case len(rest) >= 3 && digit(rest[0]) && digit(rest[1]) && digit(rest[2]):
		v := int(rest[0]-'0')*100 + int(rest[1]-'0')*10 + int(rest[2]-'0')
		if v > 0xff {
			return other, i + 3
		}
		return byte(v), i + 3
	case len(rest) >= 1 && !digit(rest[0]):
		return rest[0], i + 1
	}
	return other, i
}

// lower is s with ASCII letters in lower case, RFC 4343. The strings package
// would read anything else as UTF-8.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] += 'a' - 'A'
		}
	}
	return string(b)
}

// octets is how many octets s, a part of a name in presentation form, has on the
// wire: each dot stands for a length.
func octets(s string) int {
	n := 0
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' {
			_, i = unescape(s, i)
		}
		n++
	}
	return n
}

// nextLabel is where in qname the label begins that follows the one at i.
func nextLabel(qname string, i int) int {
	for ; qname[i] != '.'; i++ {
		if qname[i] == '\\' {
			_, i = unescape(qname, i)
		}
	}
	return i + 1
}

func digit(b byte) bool { return '0' <= b && b <= '9' }
