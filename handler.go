// Package versionalias is a CoreDNS plugin that answers canonical names with
// the versioned names that are active. Which are is read from AWS SSM Parameter
// Store, or from files, while the server runs.
package versionalias

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/coredns/coredns/plugin"
	"github.com/miekg/dns"

	"github.com/octoenergy/versionalias/plugin/alias"
)

const pluginName = "versionalias"

// VersionAlias is the plugin of one server block.
type VersionAlias struct {
	Next plugin.Handler

	// entry is where the question for a target enters the chain anew: the
	// block's acl, so that the target is judged as well, or this plugin.
	entry plugin.Handler
	// served is the zones of the server block. Targets outside are asked of
	// the server.
	served  []alias.Name
	zones   []alias.Name // where aliases may be
	flatten bool         // answer with the target's records under the alias's name
	byAA    bool         // an answer's AA tells whether a resolver made it, not its RA

	table    atomic.Pointer[alias.Table] // what is in force; the feed stores it
	soaless  atomic.Int64                // until when nobody is asked for an SOA record, in Unix nanoseconds
	feed     *feed
	verifier *verifier // nil if nothing is to be verified

	instance *instance // that this is one of
}

// Name implements plugin.Handler.
func (v *VersionAlias) Name() string { return pluginName }

// ServeDNS implements plugin.Handler.
func (v *VersionAlias) ServeDNS(ctx context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
	growStack(false)
	if v.verifier != nil {
		v.verifier.see(ctx)
	}
	table := v.table.Load()
	found := v.find(table, r)
	switch mark := found.Mark; {
	case found.Entry != nil:
		return v.follow(ctx, found, w, r)
	case (mark == nil || mark.IsRetired() && leaving(w, r)) && !table.Partial(): // most queries
		return plugin.NextOrFailure(v.Name(), v.Next, ctx, w, r)
	}
	return v.pass(ctx, table.Partial(), found.Mark, w, r)
}

// follow answers a query for the alias that was found with what its target has. It is apart
// from ServeDNS since other queries have to make no room for what it takes.
func (v *VersionAlias) follow(ctx context.Context, found alias.Found, w dns.ResponseWriter, r *dns.Msg) (int, error) {
	e, below := found.Entry, found.Below
	choice := e.Still()
	if e.Move != nil { // a call that is not needed would cost a tenth of all this
		choice = v.choose(e, w, r)
	}
	hops, err := countHops(ctx, e)
	if err != nil {
		return dns.RcodeServerFailure, plugin.Error(pluginName, err)
	}
	if probe := passing(ctx, hops); probe != nil {
		probe.over(e, r.Question[0].Name, below)
	} else {
		choice.Tally.Add()
	}
	target, ok := e.Follow(choice.Target(), r.Question[0].Name, below)
	if !ok {
		return dns.RcodeSuccess, w.WriteMsg(tooLong(r, choice.Differs))
	}
	apex := v.isApex(e, r.Question[0].Name, below)
	h := v.newHop(ctx, w, r, target, v.flatten || apex)
	h.hops, h.nested = hops, hops > 1 && ctx.Value(nested{}) != nil
	h.cname.Hdr.Ttl, h.until, h.differs = choice.TTL, choice.Until, choice.Differs
	h.ends = found.Ends
	if choice.Tally != e.Tallies[0] {
		h.leaving = e.Move.Scheduled() && target == string(choice.Target())
		h.ends = h.leaving && v.table.Load().EndsOld(e)
	}
	h.above = h.flat && (apex || found.Mark.IsAbove())
	if v.serves(choice.Target()) {
		return h.askBlock()
	}
	return h.askServer()
}

// serves reports whether name is in the zones of the server block.
func (v *VersionAlias) serves(name alias.Name) bool {
	for _, zone := range v.served {
		if name.IsAt(zone) {
			return true
		}
	}
	return false
}

// plain reports whether r is a question for records of the Internet. What is not
// passes untouched: other opcodes and classes, and zone transfers (RFC 1995,
// 1996, 2136, 5936).
func plain(r *dns.Msg) bool {
	if r.Opcode != dns.OpcodeQuery || len(r.Question) != 1 {
		return false
	}
	q := &r.Question[0]
	return q.Qclass == dns.ClassINET && q.Qtype != dns.TypeAXFR && q.Qtype != dns.TypeIXFR
}

// find is what table knows of the name that r asks for.
func (v *VersionAlias) find(table *alias.Table, r *dns.Msg) alias.Found {
	if !plain(r) {
		return alias.Found{}
	}
	q := &r.Question[0]
	found := table.Lookup(q.Name)
	if found.Entry != nil && !address(q.Qtype) && v.isApex(found.Entry, q.Name, found.Below) {
		return alias.Found{Mark: found.Mark}
	}
	return found
}

// isApex reports whether qname, which e has, is the apex of a zone: e's own name, or a
// zone below an alias with a subtree.
func (v *VersionAlias) isApex(e *alias.Entry, qname string, below int) bool {
	if below == 0 {
		return e.IsApex()
	}
	return slices.ContainsFunc(v.zones, func(zone alias.Name) bool { return strings.EqualFold(string(zone), qname) })
}

// address reports whether qtype is that of an address. At an apex only these are
// an alias's: SOA, NS and the like are the zone's own.
func address(qtype uint16) bool { return qtype == dns.TypeA || qtype == dns.TypeAAAA }
