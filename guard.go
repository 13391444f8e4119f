package versionalias

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/coredns/coredns/plugin"
	"github.com/miekg/dns"

	"github.com/octoenergy/versionalias/plugin/alias"
	"github.com/octoenergy/versionalias/plugin/ledger"
)

// pass leaves a query to the plugins below that is for no alias, but whose name is
// marked, or may be an alias's.
func (v *VersionAlias) pass(ctx context.Context, partial bool, mark *alias.Mark, w dns.ResponseWriter, r *dns.Msg) (int, error) {
	if retired := mark.Retired(); retired != nil && !leaving(w, r) && ctx.Value(probing{}) == nil {
		retired.Count(remote(w.RemoteAddr()), time.Now())
	}
	switch {
	case partial && v.awaits(r):
		return dns.RcodeSuccess, w.WriteMsg(unknown(r, dns.ExtendedErrorCodeNotReady))
	case orphan(mark.Orphan(), r) && ctx.Value(nested{}) == nil: // an alias's target is not taken down with it
		return dns.RcodeSuccess, w.WriteMsg(unknown(r, dns.ExtendedErrorCodeInvalidData))
	}
	return plugin.NextOrFailure(v.Name(), v.Next, ctx, v.guard(partial, mark, w, r), r)
}

// leaving reports whether r is what an alias asks for a target that its move has not left
// yet. Until it has nothing counts, and whoever counts looks at the clock to see that.
func leaving(w dns.ResponseWriter, r *dns.Msg) bool {
	h, ok := w.(*hop)
	return ok && h.leaving && r.Question[0].Name == h.cname.Target
}

// guard is the writer for an answer from below to a question for a name that is
// no alias. It must not deny a name that exists for an alias below it, that would be an
// alias but for a fault, or that may be one while not all has been loaded: it would be
// cached as non-existent. For most questions that is w.
func (v *VersionAlias) guard(partial bool, mark *alias.Mark, w dns.ResponseWriter, r *dns.Msg) dns.ResponseWriter {
	switch {
	case orphan(mark.Orphan(), r):
		return &guard{ResponseWriter: w, request: r, rcode: dns.RcodeServerFailure, why: dns.ExtendedErrorCodeInvalidData}
	case partial && v.mayBe(r):
		return &guard{ResponseWriter: w, request: r, rcode: dns.RcodeServerFailure, why: dns.ExtendedErrorCodeNotReady}
	case partial && v.aboveLine(r), mark.IsAbove():
		return &guard{ResponseWriter: w, request: r, rcode: dns.RcodeSuccess}
	}
	return w
}

// mayBe reports whether r asks for what may be the alias of a path: a name one
// label below a zone. Resolvers with search lists ask for deeper ones that do
// not exist all day.
func (v *VersionAlias) mayBe(r *dns.Msg) bool {
	if !plain(r) || !slices.ContainsFunc(v.feed.lines, func(l ledger.Line) bool { return l.Path != "" }) {
		return false
	}
	name := strings.ToLower(r.Question[0].Name)
	parent, _ := dns.NextLabel(name, 0)
	return slices.Contains(v.feed.zones, alias.Name(name[parent:]))
}

// aboveLine reports whether r asks for a name above the alias of an alias line.
func (v *VersionAlias) aboveLine(r *dns.Msg) bool {
	return plain(r) && slices.ContainsFunc(v.feed.lines, func(l ledger.Line) bool {
		return l.Path == "" && dns.IsSubDomain(r.Question[0].Name, string(l.Rule.Name))
	})
}

// awaits reports whether r asks for the alias of an alias line: it is sure to be
// one, whatever the zone below has under its name.
func (v *VersionAlias) awaits(r *dns.Msg) bool {
	return plain(r) && slices.ContainsFunc(v.feed.lines, func(l ledger.Line) bool {
		return strings.EqualFold(string(l.Rule.Name), r.Question[0].Name) &&
			(address(r.Question[0].Qtype) || !slices.Contains(v.feed.zones, l.Rule.Name))
	})
}

// guard answers with its rcode what else would have been NXDOMAIN.
type guard struct {
	dns.ResponseWriter
	request *dns.Msg
	rcode   int
	why     uint16 // what an Extended DNS Error says of a failure
}

// WriteMsg implements dns.ResponseWriter.
func (g *guard) WriteMsg(m *dns.Msg) error {
	switch {
	case m.Rcode != dns.RcodeNameError || ruled(m) || len(m.Answer) > 0: // it is of where a CNAME leads
		return g.ResponseWriter.WriteMsg(m)
	case g.rcode == dns.RcodeServerFailure:
		return g.ResponseWriter.WriteMsg(unknown(g.request, g.why))
	}
	a := *m
	a.Rcode = g.rcode
	a.AuthenticatedData = false // what was signed says something else
	a.Answer, a.Ns, a.Extra = slices.Clip(m.Answer), slices.Clip(m.Ns), slices.Clip(m.Extra)
	return g.ResponseWriter.WriteMsg(&a)
}

// Write implements dns.ResponseWriter.
func (g *guard) Write(wire []byte) (int, error) { return unpacked(wire, g.WriteMsg) }

// orphan reports whether r asks for what would be an alias but for a fault in
// its only document: zone is that of such a name, or "".
func orphan(zone alias.Name, r *dns.Msg) bool {
	return zone != "" && (address(r.Question[0].Qtype) || !strings.EqualFold(string(zone), r.Question[0].Name))
}

// unknown is the answer as long as it is not known what an alias is: SERVFAIL,
// which a resolver asks again for, with an Extended DNS Error (RFC 8914 section
// 4) where there is an OPT to hold it.
func unknown(r *dns.Msg, code uint16) *dns.Msg {
	m := new(dns.Msg).SetRcode(r, dns.RcodeServerFailure)
	if asked := r.IsEdns0(); asked != nil {
		m.SetEdns0(asked.UDPSize(), asked.Do())
		opt := m.IsEdns0()
		opt.Option = append(opt.Option, &dns.EDNS0_EDE{InfoCode: code})
	}
	return m
}
