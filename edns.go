package versionalias

import (
	"slices"

	"github.com/coredns/coredns/plugin/pkg/edns"
	"github.com/miekg/dns"
)

// additional is an additional section for the client: it has an OPT only if the
// request had one (RFC 6891 section 6.1.1), and one at most: that of an access rule
// if there is one. For another alias it has one in any case, since that has to know
// of the rule. What it says of errors in words is left out if the target is not to be seen,
// since it may be named there.
func (h *hop) additional(extra []dns.RR, hidden bool) []dns.RR {
	kept := slices.IndexFunc(extra, verdict)
	if kept < 0 {
		kept = slices.IndexFunc(extra, isOPT)
	}
	if kept < 0 {
		return extra
	}
	asked := h.request.IsEdns0()
	var next []dns.RR
	for i, rr := range extra {
		if isOPT(rr) {
			if asked == nil && !h.nested || i != kept {
				continue
			}
			opt := dns.Copy(rr).(*dns.OPT)        // the server sets its size in place
			opt.SetDo(asked != nil && asked.Do()) // RFC 3225 section 3; acl always sets it
			if hidden {
				hush(opt)
			}
			rr = opt
		}
		next = append(next, rr)
	}
	return next
}

// hush leaves out what opt, a copy, says of errors in words.
func hush(opt *dns.OPT) {
	for _, o := range opt.Option {
		if ede, ok := o.(*dns.EDNS0_EDE); ok {
			ede.ExtraText = ""
		}
	}
}

// consult notes for how large a part of the Internet m holds, one of the answers
// that the client's is made of: the scope that came with it.
func (h *hop) consult(m *dns.Msg) {
	if inner := subnet(m); inner != nil {
		h.scope = max(h.scope, inner.SourceScope)
	}
}

// echo gives m the client's ECS option, asked. The scope is that of the answers from below, if
// the target's told something, and that of the client where another one may be told another
// target, whichever is narrower. It is 0 where there is no record, since negative answers hold for
// everybody (RFC 7871 section 7.4), but for a name that is too long for this client's
// target; and where the client said nothing of itself.
func (h *hop) echo(m *dns.Msg, told bool, asked *dns.EDNS0_SUBNET) {
	scope := uint8(0)
	if bits, ok := subnetBits(asked); ok && (len(m.Answer) > 0 || m.Rcode == dns.RcodeYXDomain) {
		if told {
			scope = h.scope
		}
		if h.differs {
			scope = max(scope, bits)
		}
	}
	echoSubnet(m, h.request, asked, scope)
}

// echoSubnet gives reply, whose records are ours, the ECS option that r asked with, with
// that scope (RFC 7871 section 7.2.1). CoreDNS would drop the option.
func echoSubnet(reply, r *dns.Msg, asked *dns.EDNS0_SUBNET, scope uint8) {
	echo := *asked
	echo.SourceScope = scope
	opt := reply.IsEdns0()
	if opt == nil {
		opt = dns.Copy(r.IsEdns0()).(*dns.OPT)
		opt.Option = slices.DeleteFunc(opt.Option, func(o dns.EDNS0) bool { return !edns.SupportedOption(o.Option()) })
		reply.Extra = append(slices.Clip(reply.Extra), opt)
	}
	opt.Option = append(slices.DeleteFunc(opt.Option, isSubnet), &echo)
}

// subnetBits is how many bits of its subnet tell a client apart, if it told of any.
func subnetBits(asked *dns.EDNS0_SUBNET) (uint8, bool) {
	client, ok := subnetClient(asked)
	if !ok {
		return 0, false
	}
	bits := client.Bits()
	if asked.Family == 2 && client.Addr().Is4() {
		bits += 96 // an IPv4-mapped address
	}
	return min(uint8(bits), asked.SourceNetmask), true // which may end before the IPv4 part
}

// subnet is m's ECS option, or nil.
func subnet(m *dns.Msg) *dns.EDNS0_SUBNET {
	if len(m.Extra) == 0 { // a call less
		return nil
	}
	opt := m.IsEdns0()
	if opt == nil {
		return nil
	}
	i := slices.IndexFunc(opt.Option, isSubnet)
	if i < 0 {
		return nil
	}
	s, _ := opt.Option[i].(*dns.EDNS0_SUBNET)
	return s
}

func isSubnet(o dns.EDNS0) bool { return o.Option() == dns.EDNS0SUBNET }

func isOPT(rr dns.RR) bool { return rr.Header().Rrtype == dns.TypeOPT }

// onlyOPT is what is an OPT in extra.
func onlyOPT(extra []dns.RR) []dns.RR {
	if i := slices.IndexFunc(extra, isOPT); i >= 0 {
		return []dns.RR{extra[i]}
	}
	return nil
}
