package versionalias

import (
	"context"
	"fmt"
	"time"

	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/request"
	"github.com/miekg/dns"

	"github.com/octoenergy/versionalias/plugin/alias"
)

// maxHops is how often one query may be asked anew, by aliases and by others.
// CoreDNS's file plugin bears as many (dnsserver.LoopKey). Within one table
// aliases cannot loop; across server blocks nothing but this sees it.
const maxHops = 8

// hop is the step from an alias to its target for one query: the question that
// is asked for the target, its context, and the writer that its answer comes back to. One
// allocation holds all of it, and the answer is made in the message that comes back. It is not
// pooled: the chain may keep the question after it has answered, as cache does to prefetch.
type hop struct {
	dns.ResponseWriter                 // the client's
	context.Context                    // the client's; see Value
	plugin             *VersionAlias   // that has the alias
	request            *dns.Msg        // the client's
	query              dns.Msg         // a copy of request that asks for the target
	question           [1]dns.Question // of query
	asked              [1]dns.Question // of the answer
	cname              dns.CNAME       // its target and TTL are what is said of the alias, also where the client sees none
	records            [2]dns.RR       // room for the usual answer: cname and one record, or two
	room               *[2]roomA       // for these, with flat, or nil
	until              int64           // when the client moves, in Unix nanoseconds, if it may do so meanwhile; else 0
	hops               uint8           // how often the query was asked anew, this time included
	flat               bool            // the client sees no target: mode flatten
	above              bool            // with flat: the name exists whatever the target, for what lies below or as an apex
	leaving            bool            // target is what the alias's move has not left yet
	differs            bool            // another client may be answered otherwise
	nested             bool            // it is another alias's target that is asked for
	scope              uint8           // the largest ECS scope of the answers that the client's is made of
	ends               bool            // the table knows nothing of the target that would change what is done
	written            bool
}

// nested is the key of contexts in which the target of an alias is asked for.
type nested struct{}

// Value implements context.Context. It counts the hop for everybody who looks after loops.
func (h *hop) Value(key any) any {
	switch key {
	case dnsserver.LoopKey{}:
		return int(h.hops)
	case nested{}:
		return true
	}
	return h.Context.Value(key)
}

// countHops is how often the query was asked anew once e has led it on.
func countHops(ctx context.Context, e *alias.Entry) (uint8, error) {
	before, _ := ctx.Value(dnsserver.LoopKey{}).(int)
	if before >= maxHops {
		return 0, fmt.Errorf("follow alias %s: found a query that was asked anew %d times, want at most %d", e.Name, before+1, maxHops)
	}
	return uint8(before + 1), nil
}

func (v *VersionAlias) newHop(ctx context.Context, w dns.ResponseWriter, r *dns.Msg, target string, flat bool) *hop {
	q := &r.Question[0]
	var h *hop
	if flat && q.Qtype == dns.TypeA {
		a := new(hopA)
		h = &a.hop
		h.room = &a.room
	} else {
		h = new(hop)
	}
	h.ResponseWriter, h.Context, h.plugin, h.request, h.flat = w, ctx, v, r, flat
	h.cname.Target = target
	asks := &h.question[0]
	asks.Name, asks.Qtype, asks.Qclass = target, q.Qtype, q.Qclass
	h.query.MsgHdr = r.MsgHdr
	h.query.Compress = r.Compress
	h.query.Question = h.question[:]
	if len(r.Answer)+len(r.Ns)+len(r.Extra) > 0 {
		h.query.Answer = copies(nil, r.Answer, nil)
		h.query.Ns = copies(nil, r.Ns, nil)
		h.query.Extra = copies(nil, r.Extra, nil)
	}
	return h
}

// hopA is a hop with room for two A records: two pieces of memory would be dearer than one
// that is as large as both. Of AAAA most targets have none.
type hopA struct {
	hop
	room [2]roomA
}

// askBlock asks the server block's own plugins, from where a question for a target enters them.
func (h *hop) askBlock() (int, error) {
	if h.flat {
		h.query.RecursionDesired = true // see lookup
	}
	rcode, err := h.enter()
	switch {
	case h.written:
		return dns.RcodeSuccess, err // whatever rcode says: it must not be written again
	case rcode == dns.RcodeRefused && err == nil: // as file has it of a name outside its zones
		return dns.RcodeSuccess, h.told(new(dns.Msg).SetRcode(&h.query, rcode))
	}
	return rcode, err
}

// enter asks the plugin whose turn it is: the next one, if there is no acl to judge a target that
// is nothing else here.
func (h *hop) enter() (int, error) {
	v := h.plugin
	if h.ends && v.entry == plugin.Handler(v) {
		return plugin.NextOrFailure(v.Name(), v.Next, h, h, &h.query)
	}
	return v.entry.ServeDNS(h, h, &h.query)
}

// askServer asks the server, which picks the block that serves the target.
func (h *hop) askServer() (int, error) {
	m, err := h.lookup(h, h.cname.Target)
	if err != nil {
		return dns.RcodeServerFailure, plugin.Error(pluginName, err)
	}
	if m == nil {
		return dns.RcodeSuccess, nil // it was dropped, and stays so
	}
	return dns.RcodeSuccess, h.told(m)
}

// told answers the client with what the server said, or would have said. That nobody serves the target
// is no refusal of what the client asked for.
func (h *hop) told(m *dns.Msg) error {
	if h.flat && unserved(m) {
		m = h.failure()
	}
	return h.WriteMsg(m)
}

// unserved reports whether m says that nobody serves the name that was asked for: it is a
// refusal, and not an access rule's.
func unserved(m *dns.Msg) bool { return m.Rcode == dns.RcodeRefused && !ruled(m) }

// lookup asks the server the client's question for another name. No message and
// no error is an answer that was dropped. A client that wants no recursion, as resolvers do
// not, gets what is the alias's own all the same: to look for it is for the server.
func (h *hop) lookup(ctx context.Context, name string) (*dns.Msg, error) {
	server, ok := ctx.Value(dnsserver.Key{}).(*dnsserver.Server)
	if !ok {
		return nil, fmt.Errorf("ask for target %s: found no server, want one", name)
	}
	state := request.Request{W: h.ResponseWriter, Req: h.request}
	state = state.NewWithQuestion(name, h.request.Question[0].Qtype)
	state.Req.RecursionDesired = state.Req.RecursionDesired || h.flat
	w := &catcher{ResponseWriter: h.ResponseWriter}
	server.ServeDNS(ctx, w, state.Req)
	return w.caught, nil
}

// hasten takes the time that the answer has taken off what is left to the client's move.
func (h *hop) hasten() {
	left := max(0, time.Until(time.Unix(0, h.until)))
	h.cname.Hdr.Ttl = min(h.cname.Hdr.Ttl, uint32(left/time.Second))
}

// WriteMsg implements dns.ResponseWriter. It answers the client once, with what
// m, the target's answer, makes of the alias. If nobody serves the target, the CNAME is the
// answer, as for a static one, and the client's resolver has to follow it: perhaps it was
// refused since that wants no recursion.
func (h *hop) WriteMsg(m *dns.Msg) error {
	if h.written {
		return nil
	}
	h.written = true
	if !h.flat && unserved(m) && h.Value(probing{}) == nil { // a target that nobody serves does not verify
		m = new(dns.Msg).SetReply(&h.query)
	}
	return h.ResponseWriter.WriteMsg(h.answer(m))
}

// Write implements dns.ResponseWriter.
func (h *hop) Write(wire []byte) (int, error) { return unpacked(wire, h.WriteMsg) }
