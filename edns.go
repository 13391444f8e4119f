package versionalias

import (
	"slices"

	"github.com/coredns/coredns/plugin/pkg/edns"
	"github.com/miekg/dns"
)

// additional is an additional section for the client: it has an OPT only if the
// request had one (RFC 6891 section 6.1.1), and one at most: that of an access rule
// if there is one. For another alias it has one in any case, since that has to know
// of the rule.
func (h *hop) additional(extra []dns.RR) []dns.RR {
	kept := slices.IndexFunc(extra, verdict)
	if kept < 0 {
		kept = slices.IndexFunc(extra, isOPT)
	}
	if kept < 0 {
		return slices.Clip(extra)
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
			rr = opt
		}
		next = append(next, rr)
	}
	return next
}

// consult notes for how large a part of the Internet m holds, one of the answers
// that the client's is made of: the scope that came with it.
func (h *hop) consult(m *dns.Msg) {
	if inner := subnet(m); inner != nil {
		h.scope = max(h.scope, inner.SourceScope)
	}
}

// echo answers the client's ECS option, if it sent one, with the option it sent
// (RFC 7871 section 7.2.1). The scope is that of the answers from below, and that
// of the client where another one may be told another target, whichever is
// narrower. It is 0 where there is no record, since negative answers hold for
// everybody (section 7.4), and where the client said nothing of itself. CoreDNS
// would drop the option.
func (h *hop) echo(m *dns.Msg) {
	asked := subnet(h.request)
	if asked == nil {
		return
	}
	echo := *asked
	echo.SourceScope = 0
	if client, ok := subnetClient(asked); ok && len(h.reply.Answer) > 0 {
		if len(m.Answer) > 0 {
			echo.SourceScope = h.scope
		}
		if h.differs {
			bits := client.Bits()
			if asked.Family == 2 && client.Addr().Is4() {
				bits += 96 // an IPv4-mapped address
			}
			echo.SourceScope = max(echo.SourceScope, uint8(bits))
		}
	}
	opt := h.reply.IsEdns0() // a copy of ours
	if opt == nil {
		opt = dns.Copy(h.request.IsEdns0()).(*dns.OPT)
		opt.Option = slices.DeleteFunc(opt.Option, func(o dns.EDNS0) bool { return !edns.SupportedOption(o.Option()) })
		h.reply.Extra = append(slices.Clip(h.reply.Extra), opt)
	}
	opt.Option = append(slices.DeleteFunc(opt.Option, isSubnet), &echo)
}

// subnet is m's ECS option, or nil.
func subnet(m *dns.Msg) *dns.EDNS0_SUBNET {
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
