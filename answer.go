package versionalias

import (
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// answer is the client's answer, which m, the answer for the target, becomes. The message
// is for whoever has it to edit, as the server itself does at last. Its records may belong to
// a zone or a cache, and its sections to others: nothing in them is changed.
func (h *hop) answer(m *dns.Msg) *dns.Msg {
	h.consult(m)
	var c chain
	if h.flat {
		m = h.withEnd(m, &c)
	}
	if h.until != 0 {
		h.hasten()
		c.least = min(c.least, h.cname.Hdr.Ttl)
	}
	told := len(m.Answer) > 0 || m.Rcode == dns.RcodeYXDomain
	m.Ns, m.Extra = slices.Clip(m.Ns), slices.Clip(m.Extra) // plugins above may append to them
	m.Id = h.request.Id
	m.Response = true
	m.Opcode = h.request.Opcode
	m.RecursionDesired = h.request.RecursionDesired
	m.CheckingDisabled = h.request.CheckingDisabled
	m.AuthenticatedData = false        // RFC 6840 section 5.8: what is said here is not signed
	h.asked[0] = h.request.Question[0] // a copy: autopath asks on with the same message
	m.Question = h.asked[:]
	refused := failed(m.Rcode) || ruled(m)
	if len(m.Extra) > 0 {
		m.Extra = h.additional(m.Extra, h.flat || refused)
	}

	switch {
	case refused:
		refuse(m)
	case h.flat:
		h.flatten(m, &c)
	default:
		h.alias(m)
	}
	if asked := subnet(h.request); asked != nil {
		h.echo(m, told, asked)
	}
	return m
}

// alias makes m the answer of mode cname: the CNAME, and what the target has.
func (h *hop) alias(m *dns.Msg) {
	m.Authoritative = true // RFC 6604 section 2.1: AA speaks of the first owner name
	hdr := &h.cname.Hdr
	hdr.Name, hdr.Rrtype, hdr.Class = h.request.Question[0].Name, dns.TypeCNAME, dns.ClassINET
	switch h.request.Question[0].Qtype {
	case dns.TypeCNAME, dns.TypeANY:
		// RFC 1034 section 3.6.2: the CNAME is what was asked for. ANY is
		// answered with one RRset, RFC 8482 section 4.1.
		m.Rcode = dns.RcodeSuccess
		m.Truncated = false
		m.Answer, m.Ns = append(h.records[:0], &h.cname), nil
		m.Extra = onlyOPT(m.Extra)
		return
	}
	for _, rr := range m.Answer {
		if h.owns(rr) {
			// The target leads back here. Nothing may stand beside a CNAME (RFC
			// 2181 section 10.1), and there is no end to follow.
			m.Rcode = dns.RcodeServerFailure
			refuse(m)
			return
		}
	}
	m.Answer = append(append(h.records[:0], &h.cname), m.Answer...)
	if len(m.Ns) > 0 {
		m.Ns = capSOA(m.Ns, hdr.Ttl)
	}
}

// tooLong is the answer to a question for a name below an alias, if the labels
// in front of the alias's name do not fit in front of the target's (RFC 6672
// section 2.2). They may fit in front of another client's, if it differs.
func tooLong(r *dns.Msg, differs bool) *dns.Msg {
	m := new(dns.Msg).SetRcode(r, dns.RcodeYXDomain)
	m.Authoritative = true
	if asked := subnet(r); asked != nil {
		scope := uint8(0)
		if differs {
			scope, _ = subnetBits(asked)
		}
		echoSubnet(m, r, asked, scope)
	}
	return m
}

// refuse leaves nothing in m but its RCODE, and an OPT with errors: no record, and no
// target's name.
func refuse(m *dns.Msg) {
	m.Answer, m.Ns = nil, nil
	m.Authoritative = false
	m.Extra = onlyOPT(m.Extra)
	if len(m.Extra) == 0 && m.Rcode > 0xf {
		m.Rcode = dns.RcodeServerFailure // the upper bits stand in an OPT, RFC 6891 section 6.1.3
	}
}

// failed reports whether rcode says that there is no answer, rather than what
// it is.
func failed(rcode int) bool {
	switch rcode {
	case dns.RcodeSuccess, dns.RcodeNameError, dns.RcodeYXDomain:
		return false
	}
	return true
}

// ruled reports whether m is what an access rule has to say. Of CoreDNS's acl,
// "filter" is an empty NOERROR with an error in its OPT.
func ruled(m *dns.Msg) bool { return slices.ContainsFunc(m.Extra, verdict) }

// verdict reports whether rr is an OPT with an Extended DNS Error of Blocked,
// Censored, Filtered or Prohibited, RFC 8914 section 4.
func verdict(rr dns.RR) bool {
	opt, ok := rr.(*dns.OPT)
	return ok && slices.ContainsFunc(opt.Option, func(o dns.EDNS0) bool {
		ede, ok := o.(*dns.EDNS0_EDE)
		return ok && ede.InfoCode >= dns.ExtendedErrorCodeBlocked && ede.InfoCode <= dns.ExtendedErrorCodeProhibited
	})
}

// owns reports whether the name that was asked for is the owner of rr.
func (h *hop) owns(rr dns.RR) bool {
	owner := rr.Header().Name
	// The target's name, which most records have, is another one than the alias's.
	return owner != h.cname.Target && same(owner, h.request.Question[0].Name)
}

// same reports whether a and b are one name. Case does not count (RFC 4343), nor
// which octets are escaped: a zone file's "\032" is "\ " from the wire.
func same(a, b string) bool {
	switch {
	case a == b || strings.EqualFold(a, b): // most are written alike
		return true
	case !strings.Contains(a, `\`) && !strings.Contains(b, `\`):
		return false
	}
	wireA, errA := wire(a)
	wireB, errB := wire(b)
	return errA == nil && errB == nil && wireA == wireB
}

// wire is name as it goes on the wire, with ASCII letters in lower case.
func wire(name string) (string, error) {
	var buf [256]byte
	n, err := dns.PackDomainName(name, buf[:], 0, nil, false)
	for i, b := range buf[:n] {
		if 'A' <= b && b <= 'Z' {
			buf[i] = b + 'a' - 'A' // no length is as large
		}
	}
	return string(buf[:n]), err
}

// capSOA is an authority section in which a negative answer is cached for ttl
// seconds at most: else a client that was told there is nothing would not see
// the way back. The TTL of the SOA decides that, RFC 2308 section 5; its
// signature must have the same, RFC 4034 section 3.
func capSOA(ns []dns.RR, ttl uint32) []dns.RR {
	owned := false
	for i, rr := range ns {
		if rr.Header().Ttl <= ttl || !isSOA(rr) {
			continue
		}
		if !owned {
			ns, owned = slices.Clone(ns), true
		}
		ns[i] = dns.Copy(rr)
		ns[i].Header().Ttl = ttl
	}
	return ns
}

// isSOA reports whether rr is an SOA record or the signature of one.
func isSOA(rr dns.RR) bool { return typeOf(rr) == dns.TypeSOA }

// typeOf is rr's type, or what it covers if it is a signature.
func typeOf(rr dns.RR) uint16 {
	if sig, ok := rr.(*dns.RRSIG); ok {
		return sig.TypeCovered
	}
	return rr.Header().Rrtype
}
