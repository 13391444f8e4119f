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

// memory is the next plugin of all others. It answers from records. A query for
// a name it does not know is refused, and leaves its context behind.
type memory struct {
	server   *dnsserver.Config
	records  map[string][]dns.RR
	contexts chan context.Context
}

// memoryKey is where caddy's instance keeps the memory plugin.
type memoryKey struct{}

func setupMemory(c *caddy.Controller) error {
	m := &memory{server: dnsserver.GetConfig(c), contexts: make(chan context.Context, 1)}
	c.Set(memoryKey{}, m)
	m.server.AddPlugin(func(plugin.Handler) plugin.Handler { return m })
	return nil
}

func (m *memory) Name() string { return "memory" }

func (m *memory) ServeDNS(ctx context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
	records, ok := m.records[r.Question[0].Name]
	if !ok {
		select {
		case m.contexts <- ctx:
		default:
		}
		return dns.RcodeRefused, nil
	}
	reply := new(dns.Msg).SetReply(r)
	reply.Authoritative = true
	reply.Answer = records
	return dns.RcodeSuccess, w.WriteMsg(reply)
}
