package versionalias

import (
	"context"
	"slices"
	"time"

	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/header"
	"github.com/miekg/dns"
)

// flatten makes m the answer of mode flatten: the records at the end of the
// target's chain, c, under the alias's name. No CNAME and no DNAME is left of the
// chain, and no signature, since what it covers has another owner (RFC 4035
// section 2.2).
func (h *hop) flatten(m *dns.Msg, c *chain) {
	if len(c.final) == 0 && referral(m) {
		m.Rcode = dns.RcodeServerFailure
		refuse(m)
		return
	}
	m.Authoritative = true // RFC 6604 section 2.1: AA speaks of the alias's name
	m.Answer = copies(h.records[:0], c.final, h.room)
	if !address(h.request.Question[0].Qtype) { // most are, and the answer has nothing else
		m.Answer = slices.DeleteFunc(m.Answer, ofZone)
	}
	var rrtype uint16
	var ttl uint32
	for _, rr := range m.Answer {
		if t := rr.Header().Rrtype; t != rrtype { // most are of one type
			rrtype, ttl = t, c.ttl(t)
		}
		h.relabel(rr, ttl)
	}
	if m.Rcode == dns.RcodeNameError && h.above {
		m.Rcode = dns.RcodeSuccess // the alias has names below it, RFC 8020
	}
	if len(m.Ns) > 0 {
		if len(m.Answer) == 0 {
			c.denied(m.Ns)
		}
		m.Ns = h.resection(c, m.Ns)
	}
	if len(m.Answer) == 0 {
		// NS records beside no answer read as a referral, RFC 2308 section 2.2.
		m.Ns = slices.DeleteFunc(m.Ns, isNS)
		if !m.Truncated && !slices.ContainsFunc(m.Ns, h.surelyOwned) {
			if soa := h.soa(c); len(soa) > 0 {
				m.Ns = append(slices.DeleteFunc(m.Ns, isSOA), soa...)
			}
			m.Ns = capSOA(m.Ns, c.least)
		}
	}
	if len(m.Answer) == 0 || address(h.request.Question[0].Qtype) {
		m.Extra = onlyOPT(m.Extra) // the rest is of what is not told
	} else {
		m.Extra = h.resection(c, m.Extra)
	}
}

// ofZone reports whether rr is of a type that makes a zone of its owner, or is about that
// zone. An alias of a zone's apex is none itself: resolvers that were told of its servers
// would ask these for the alias.
func ofZone(rr dns.RR) bool {
	switch rr.Header().Rrtype {
	case dns.TypeNS, dns.TypeSOA, dns.TypeDS, dns.TypeDNSKEY, dns.TypeCDS, dns.TypeCDNSKEY, dns.TypeNSEC3PARAM:
		return true
	}
	return false
}

// relabel makes the alias's name the owner of rr, a copy.
func (h *hop) relabel(rr dns.RR, ttl uint32) {
	hdr := rr.Header()
	owner := hdr.Name
	hdr.Name = h.request.Question[0].Name
	hdr.Ttl = min(hdr.Ttl, ttl)
	var svcb *dns.SVCB
	switch rr := rr.(type) {
	case *dns.SVCB:
		svcb = rr
	case *dns.HTTPS:
		svcb = &rr.SVCB
	}
	if svcb != nil && svcb.Priority > 0 && svcb.Target == "." {
		svcb.Target = owner // which "." stood for, RFC 9460 section 2.5.2
	}
}

// resection is an authority or additional section for the client. What the target owns has
// the alias's name. What denies names of the target's zone goes (NSEC and NSEC3). SOA and NS
// records stay only where they are of the alias's zone, an SOA also where it can be, with a
// TTL that lets a flip through, of this alias or of another in the chain.
func (h *hop) resection(c *chain, rrs []dns.RR) []dns.RR {
	var next []dns.RR
	for _, rr := range rrs {
		covered := typeOf(rr)
		switch {
		case isOPT(rr):
			// It has no owner, and no TTL where others have theirs, RFC 6891 section 6.1.2.
		case covered == dns.TypeNSEC || covered == dns.TypeNSEC3:
			continue
		case c.has(rr.Header().Name) && (covered == dns.TypeCNAME || covered == dns.TypeDNAME):
			continue // nothing may stand beside one, RFC 2181 section 10.1
		case covered == dns.TypeSOA:
			if !h.speaks(rr) {
				continue
			}
		case covered == dns.TypeNS:
			if !h.owned(rr) {
				continue
			}
		case c.has(rr.Header().Name):
			if rr.Header().Rrtype == dns.TypeRRSIG {
				continue
			}
			rr = dns.Copy(rr)
			h.relabel(rr, c.least)
		}
		next = append(next, rr)
	}
	return capSOA(next, c.least)
}

// withEnd is m, or if m leads to a name and then says nothing of it, m with what
// the server has to say of that name; and c becomes where that leads. File answers so if the end
// of a chain of CNAMEs lacks the type, and plugins that follow no chain do.
func (h *hop) withEnd(m *dns.Msg, c *chain) *dns.Msg {
	c.follow(m.Answer, h.cname.Target, h.cname.Hdr.Ttl)
	if !h.dangles(m, c) { // usually, and then no clock is looked at
		return m
	}
	defer c.age(time.Now())
	last := m
	for hops := int(h.hops) + 1; h.dangles(m, c); hops++ {
		if hops > maxHops {
			return h.failure()
		}
		end := c.end()
		next, err := h.lookup(context.WithValue(h, dnsserver.LoopKey{}, hops), end)
		switch {
		case err != nil || next == nil:
			return h.failure()
		case ruled(next):
			return next
		case next.Rcode == dns.RcodeRefused && h.plugin.resolved(last):
			return m // the last word is of who has been to the end: there is nothing, RFC 2308 section 2.2
		case next.Rcode == dns.RcodeRefused || referral(next):
			return h.failure()
		case failed(next.Rcode):
			return next
		}
		h.consult(next)
		last, m = next, join(m, next)
		if c.follow(m.Answer, h.cname.Target, h.cname.Hdr.Ttl); c.end() == end {
			break // with an SOA or without: there is nothing
		}
	}
	return m
}

// dangles reports whether m, which leads where c says, ends in a CNAME and does not say
// what is behind it, though no rule forbids that.
func (h *hop) dangles(m *dns.Msg, c *chain) bool {
	return len(c.behind) > 0 && len(c.final) == 0 && !m.Truncated && m.Rcode == dns.RcodeSuccess && !ruled(m) &&
		h.request.Question[0].Qtype != dns.TypeCNAME && !slices.ContainsFunc(m.Ns, isSOA)
}

func (h *hop) failure() *dns.Msg {
	return new(dns.Msg).SetRcode(h.request, dns.RcodeServerFailure)
}

// join is m, which leads to a name, with what next says of that name.
func join(m, next *dns.Msg) *dns.Msg {
	joined := &dns.Msg{
		MsgHdr:   next.MsgHdr,
		Compress: m.Compress,
		Answer:   slices.Concat(m.Answer, next.Answer),
		Ns:       next.Ns,
		Extra:    next.Extra,
	}
	joined.Authoritative = m.Authoritative // it speaks of the first name
	return joined
}

// resolved reports whether m is a resolver's. Whoever else answers has the name, and says AA.
func (v *VersionAlias) resolved(m *dns.Msg) bool {
	if v.byAA {
		return !m.Authoritative
	}
	return m.RecursionAvailable
}

// restatesRA reports whether h is a header plugin that states RA of all answers, whoever made
// them, and leaves them their AA.
func restatesRA(h plugin.Handler) bool {
	hdr, ok := h.(header.Header)
	states := func(flag string) bool {
		return slices.ContainsFunc(hdr.ResponseRules, func(r header.Rule) bool { return r.Flag == flag })
	}
	return ok && states("ra") && !states("aa")
}

// referral reports whether m says no more than who else could be asked.
func referral(m *dns.Msg) bool {
	return !m.Authoritative && !m.Truncated && m.Rcode == dns.RcodeSuccess && len(m.Answer) == 0 &&
		slices.ContainsFunc(m.Ns, isNS) && !slices.ContainsFunc(m.Ns, isSOA)
}

// isNS reports whether rr is an NS record or the signature of one.
func isNS(rr dns.RR) bool { return typeOf(rr) == dns.TypeNS }

// chain is where an answer leads from the target on.
type chain struct {
	target string
	behind []string // it: the names that CNAMEs lead over
	least  uint32   // the least of the TTLs on the way, and of a denial's
	final  []dns.RR // what the answer has of the last name; it may be all of the answer
}

// follow makes c the chain of CNAMEs in answer. DNAMEs need no following: the server that has
// one makes a CNAME of it (RFC 6672 section 3.1).
func (c *chain) follow(answer []dns.RR, target string, ttl uint32) {
	c.target, c.behind, c.least, c.final = target, nil, ttl, answer
	if !slices.ContainsFunc(answer, func(rr dns.RR) bool { return !final(rr, target) }) { // usually
		return
	}
	for range answer {
		i := slices.IndexFunc(answer, func(rr dns.RR) bool {
			return rr.Header().Rrtype == dns.TypeCNAME && same(rr.Header().Name, c.end())
		})
		if i < 0 {
			break
		}
		cname := answer[i].(*dns.CNAME)
		c.behind = append(c.behind, cname.Target)
		c.least = min(c.least, cname.Hdr.Ttl)
	}
	end := c.end()
	c.final = slices.DeleteFunc(slices.Clone(answer), func(rr dns.RR) bool { return !final(rr, end) })
}

// final reports whether rr is what a chain that ends at name leads to.
func final(rr dns.RR, name string) bool {
	hdr := rr.Header()
	switch hdr.Rrtype {
	case dns.TypeCNAME, dns.TypeDNAME, dns.TypeRRSIG, dns.TypeNSEC, dns.TypeNSEC3:
		return false
	}
	return same(hdr.Name, name)
}

func (c *chain) end() string {
	if len(c.behind) == 0 {
		return c.target
	}
	return c.behind[len(c.behind)-1]
}

// age takes the time since then off the TTL of what was told by then: it may end when a client
// moves, be it of this alias or of another in the chain. A second that has begun is one, but
// for what is hardly any time.
func (c *chain) age(then time.Time) {
	const hardly = time.Second / 4
	c.least -= min(c.least, uint32((time.Since(then)+time.Second-hardly)/time.Second))
}

// denied lowers c.least to the TTL of a denial by the authority section (RFC 2308 section 5): what
// is said of the end must not outlive it, nor an alias there that moves.
func (c *chain) denied(ns []dns.RR) {
	for _, rr := range ns {
		if soa, ok := rr.(*dns.SOA); ok {
			c.least = min(c.least, soa.Hdr.Ttl, soa.Minttl)
		}
	}
}

// has reports whether the chain leads over name.
func (c *chain) has(name string) bool {
	return same(c.target, name) || slices.ContainsFunc(c.behind, func(n string) bool { return same(n, name) })
}

// ttl is the TTL of the records of a type at the end, under the alias's name: the least
// of the chain and of theirs, which must have one and the same (RFC 2181 section 5.2).
func (c *chain) ttl(rrtype uint16) uint32 {
	ttl := c.least
	for _, rr := range c.final {
		if hdr := rr.Header(); hdr.Rrtype == rrtype {
			ttl = min(ttl, hdr.Ttl)
		}
	}
	return ttl
}
