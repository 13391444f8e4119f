package versionalias

import (
	"net"

	"github.com/miekg/dns"
)

// copies adds deep copies of rrs to list: plugins may edit a request's records, of which
// OPT is the usual one, and those of an answer. Room for addresses is made at once, but for
// what A records have in room, which may be nil.
func copies(list, rrs []dns.RR, room *[2]roomA) []dns.RR {
	var a []roomA
	var aaaa []roomAAAA
	if room != nil {
		a = room[:]
	}
	for i, rr := range rrs {
		switch rr := rr.(type) {
		case *dns.A:
			if len(a) == 0 {
				a = make([]roomA, len(rrs)-i)
			}
			octets := rr.A
			if short := octets.To4(); short != nil { // a zone's have 16
				octets = short
			}
			c := &a[0]
			c.rr.Hdr, c.rr.A = rr.Hdr, copyAddress(octets, c.octets[:0])
			list = append(list, &c.rr)
			a = a[1:]
		case *dns.AAAA:
			if len(aaaa) == 0 {
				aaaa = make([]roomAAAA, len(rrs)-i)
			}
			c := &aaaa[0]
			c.rr.Hdr, c.rr.AAAA = rr.Hdr, copyAddress(rr.AAAA, c.octets[:0])
			list = append(list, &c.rr)
			aaaa = aaaa[1:]
		default:
			list = append(list, dns.Copy(rr))
		}
	}
	return list
}

// roomA and roomAAAA are places for an address record and its address.
type (
	roomA struct {
		rr     dns.A
		octets [net.IPv4len]byte
	}
	roomAAAA struct {
		rr     dns.AAAA
		octets [net.IPv6len]byte
	}
)

// copyAddress is a copy of ip, in room if that is large enough.
func copyAddress(ip, room net.IP) net.IP {
	if ip == nil {
		return nil
	}
	return append(room, ip...)
}
