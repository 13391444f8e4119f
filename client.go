package versionalias

import (
	"net"
	"net/netip"
	"time"

	"github.com/miekg/dns"

	"github.com/octoenergy/versionalias/plugin/alias"
)

// choose is what e is for the client that asks r, now.
func (v *VersionAlias) choose(e *alias.Entry, w dns.ResponseWriter, r *dns.Msg) alias.Choice {
	if e.Move == nil {
		return e.Still()
	}
	client := clientOf(w, r)
	if now := v.instance.clock.now.Load(); now != nil {
		if choice, sure := e.ChooseAbout(client, *now, lag); sure {
			return choice
		}
	}
	return e.Choose(client, time.Now())
}

// clientOf is who asks: the subnet of the query's ECS option if it tells one (RFC
// 7871), else its address.
func clientOf(w dns.ResponseWriter, r *dns.Msg) netip.Prefix {
	if ecs := subnet(r); ecs != nil {
		if c, ok := subnetClient(ecs); ok {
			return c
		}
	}
	addr := remote(w.RemoteAddr())
	return alias.Client(addr, addr.BitLen())
}

// subnetClient is the client that an ECS option tells of, if it does.
func subnetClient(ecs *dns.EDNS0_SUBNET) (netip.Prefix, bool) {
	if ecs.SourceNetmask == 0 {
		return netip.Prefix{}, false // it does not want to be told apart, section 7.1.2
	}
	addr, ok := netip.AddrFromSlice(ecs.Address)
	bits := int(ecs.SourceNetmask)
	if ecs.Family == 1 {
		addr = addr.Unmap()
	}
	return alias.Client(addr, bits), ok
}

// remote is the IP address in a, the address of a connection. All of CoreDNS's servers have
// one of the first two types.
func remote(a net.Addr) netip.Addr {
	var ip net.IP
	switch a := a.(type) {
	case *net.UDPAddr:
		ip = a.IP
	case *net.TCPAddr:
		ip = a.IP
	default:
		port, _ := netip.ParseAddrPort(a.String())
		return port.Addr().Unmap()
	}
	addr, _ := netip.AddrFromSlice(ip)
	return addr.Unmap()
}
