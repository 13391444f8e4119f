package bench

import (
	"context"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/plugin"
	"github.com/miekg/dns"
)

func init() {
	plugin.Register("pass", setupPass)
	plugin.Register("memory", setupMemory)
}

// pass is the baseline: what any plugin costs that leaves a query alone.
type pass struct{ next plugin.Handler }

func setupPass(c *caddy.Controller) error {
	dnsserver.GetConfig(c).AddPlugin(func(next plugin.Handler) plugin.Handler { return pass{next} })
	return nil
}

func (p pass) Name() string { return "pass" }

func (p pass) ServeDNS(ctx context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
	return plugin.NextOrFailure(p.Name(), p.next, ctx, w, r)
}

// memory is the next plugin of all others. It answers from records, with a message
// that it makes as other plugins do; or, if told to, with one that was made before, so
// that what is above it is all that takes time. A query for a name it does not know is
// refused, and leaves its context behind.
type memory struct {
	server   *dnsserver.Config
	prepared bool
	records  map[string][]dns.RR
	// replies are those of loads, by the ID that a load gives to its queries.
	replies  [mostLoads]reply
	contexts chan context.Context
}

// reply is that to all questions of one load. Only names differ in what is answered, so one
// will do: as one that was just made it is in the processor's cache, however many names are
// asked for.
type reply struct {
	made, next dns.Msg
	question   [1]dns.Question
	_          apart
}

// apart is room between what one core writes and what another one does: they would take the
// line of the cache that has both away from each other.
type apart [128]byte

// memoryKey is where caddy's instance keeps the memory plugin.
type memoryKey struct{}

func setupMemory(c *caddy.Controller) error {
	m := &memory{server: dnsserver.GetConfig(c), contexts: make(chan context.Context, 1)}
	c.Next()
	m.prepared = c.NextArg() && c.Val() == "prepared"
	c.Set(memoryKey{}, m)
	m.server.AddPlugin(func(plugin.Handler) plugin.Handler { return m })
	return nil
}

func (m *memory) Name() string { return "memory" }

func (m *memory) reply(r *dns.Msg, answer []dns.RR) *dns.Msg {
	reply := new(dns.Msg).SetReply(r)
	reply.Authoritative = true
	reply.Answer = answer
	return reply
}

func (m *memory) ServeDNS(ctx context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
	if m.prepared && r.Id < mostLoads && m.replies[r.Id].made.Question != nil {
		reply := &m.replies[r.Id]
		reply.next = reply.made // plugins above may edit it
		reply.next.Question = reply.question[:]
		return dns.RcodeSuccess, w.WriteMsg(renamed(&reply.next, r.Question[0].Name))
	}
	records, ok := m.records[r.Question[0].Name]
	if !ok {
		select {
		case m.contexts <- ctx:
		default:
		}
		return dns.RcodeRefused, nil
	}
	reply := m.reply(r, records)
	if m.prepared && r.Id < mostLoads {
		kept := &m.replies[r.Id]
		reply.CopyTo(&kept.made)
		kept.question[0] = r.Question[0]
	}
	return dns.RcodeSuccess, w.WriteMsg(reply)
}

// renamed is reply, of which all is to be of name from now on.
func renamed(reply *dns.Msg, name string) *dns.Msg {
	reply.Question[0].Name = name
	for _, rr := range reply.Answer {
		rr.Header().Name = name
	}
	return reply
}
