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
	replies  map[string]*dns.Msg
	recent   []*dns.Msg // the last replies by the query's ID: to look into a map would take as long as the plugin
	contexts chan context.Context
}

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

// remember is to be called before the first query but one.
func (m *memory) remember(records map[string][]dns.RR) {
	if !m.prepared {
		m.records = records
		return
	}
	m.replies = map[string]*dns.Msg{}
	m.recent = make([]*dns.Msg, 1000)
	for name := range records {
		m.replies[name] = m.reply(new(dns.Msg).SetQuestion(name, dns.TypeA), records[name])
	}
}

func (m *memory) reply(r *dns.Msg, answer []dns.RR) *dns.Msg {
	reply := new(dns.Msg).SetReply(r)
	reply.Authoritative = true
	reply.Answer = answer
	return reply
}

func (m *memory) ServeDNS(ctx context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
	name := r.Question[0].Name
	if m.prepared {
		if int(r.Id) < len(m.recent) && m.recent[r.Id] != nil && m.recent[r.Id].Question[0].Name == name {
			return dns.RcodeSuccess, w.WriteMsg(m.recent[r.Id])
		}
		if reply, ok := m.replies[name]; ok {
			if int(r.Id) < len(m.recent) {
				m.recent[r.Id] = reply
			}
			return dns.RcodeSuccess, w.WriteMsg(reply)
		}
	}
	records, ok := m.records[name]
	if !ok {
		select {
		case m.contexts <- ctx:
		default:
		}
		return dns.RcodeRefused, nil
	}
	return dns.RcodeSuccess, w.WriteMsg(m.reply(r, records))
}
