package versionalias

import (
	"fmt"
	"net"
	"slices"
	"testing"

	"github.com/miekg/dns"
)

// editAddress edits the last octet of ip, if there is one.
func editAddress(ip net.IP) {
	if len(ip) > 0 {
		ip[len(ip)-1] = 99
	}
}

// Copies share nothing with what they are made of, nor with each other: plugins may
// edit the octets of an address as well.
func TestCopies(t *testing.T) {
	var rrs []dns.RR
	for _, text := range []string{
		"a.x.org. 1 IN A 192.0.2.1", "a.x.org. 2 IN AAAA 2001:db8::1", "a.x.org. 3 IN TXT text",
		"a.x.org. 4 IN A 192.0.2.2", "a.x.org. 5 IN AAAA 2001:db8::2", "a.x.org. 6 IN AAAA 2001:db8::3", "a.x.org. 7 IN A 192.0.2.3",
	} {
		rr, err := dns.NewRR(text)
		if err != nil {
			t.Fatal(err)
		}
		rrs = append(rrs, rr)
	}
	for _, ip := range []net.IP{nil, net.IPv6loopback} { // as no plugin should make them
		rrs = append(rrs, &dns.A{Hdr: *rrs[0].Header(), A: ip}, &dns.AAAA{Hdr: *rrs[1].Header(), AAAA: ip.To4()})
	}
	t.Run("no room", func(t *testing.T) { testCopies(t, rrs, nil) })
	t.Run("room for some", func(t *testing.T) { testCopies(t, rrs, new([2]roomA)) })
}

func testCopies(t *testing.T, rrs []dns.RR, room *[2]roomA) {
	want := fmt.Sprint(rrs)
	list := copies(rrs[:1:1], rrs, room)
	if list[0] != rrs[0] || fmt.Sprint(list[1:]) != want {
		t.Fatalf("copies got %v, want %v behind the first", list, want)
	}
	for i, rr := range list[1:] {
		others := slices.Delete(slices.Clone(list[1:]), i, i+1)
		before := fmt.Sprint(others)
		rr.Header().Ttl = 99
		switch rr := rr.(type) {
		case *dns.A:
			editAddress(rr.A)
		case *dns.AAAA:
			editAddress(rr.AAAA)
		case *dns.TXT:
			rr.Txt[0] = "other"
		}
		if got := fmt.Sprint(others); got != before {
			t.Errorf("once %v is edited the others are %s, want %s", rr, got, before)
		}
	}
	if got := fmt.Sprint(rrs); got != want {
		t.Errorf("once the copies are edited they were made of %s, want %s", got, want)
	}
}
