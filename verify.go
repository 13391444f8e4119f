package versionalias

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/plugin"
	"github.com/miekg/dns"

	"github.com/octoenergy/versionalias/plugin/alias"
	"github.com/octoenergy/versionalias/plugin/ledger"
)

// verifier answers probes as a client would find out that asks this server.
type verifier struct {
	plugin *VersionAlias
	// servers is those by which queries came, one for each listener: before there is no way to know
	// one, and they need not serve the same.
	servers atomic.Pointer[[]*dnsserver.Server]
	seeing  sync.Mutex // held by who adds one
}

func (v *verifier) known() []*dnsserver.Server {
	if servers := v.servers.Load(); servers != nil {
		return *servers
	}
	return nil
}

// see notes the server.
func (v *verifier) see(ctx context.Context) {
	server, ok := ctx.Value(dnsserver.Key{}).(*dnsserver.Server)
	if !ok || slices.Contains(v.known(), server) {
		return
	}
	v.seeing.Lock()
	defer v.seeing.Unlock()
	if known := v.known(); !slices.Contains(known, server) {
		known = append(slices.Clip(known), server)
		v.servers.Store(&known)
	}
}

// Verify implements watch.Verifier. What one of the servers finds will do, since the others may not
// serve the target, or what is in force. Before any is known, what leads out of the server block cannot be
// asked for, so that no failure is to be believed.
func (v *verifier) Verify(ctx context.Context, p ledger.Probe) ledger.Answer {
	a := ledger.Answer{Probe: p, Table: v.plugin.table.Load()}
	known := v.known() // more may be meanwhile, but too late for this one
	if len(known) == 0 {
		a.Over, a.Err = v.verify(ctx, p)
		a.Unasked = a.Err != nil
		return a
	}
	for i, server := range known {
		over, err := v.verify(context.WithValue(ctx, dnsserver.Key{}, server), p)
		if err == nil || i == 0 {
			a.Over, a.Err = over, err
		}
		if err == nil || ctx.Err() != nil {
			break
		}
	}
	return a
}

func (v *verifier) verify(ctx context.Context, p ledger.Probe) ([]alias.Name, error) {
	if p.Check == alias.CheckName {
		m, over, err := v.ask(ctx, p.Target, dns.TypeA)
		if err == nil && m.Rcode != dns.RcodeSuccess {
			err = fmt.Errorf("found %s, want a name that exists", dns.RcodeToString[m.Rcode])
		}
		return over, err
	}
	ctx, cancel := context.WithCancel(ctx)
	var asking sync.WaitGroup
	defer asking.Wait()
	defer cancel()
	// Both at once: who answers one of them with an address may not answer the other.
	qtypes := []uint16{dns.TypeA, dns.TypeAAAA}
	findings := make([]finding, len(qtypes))
	asked := make(chan int, len(qtypes))
	for i, qtype := range qtypes {
		asking.Go(func() {
			findings[i] = v.find(ctx, p, qtype)
			asked <- i
		})
	}
	for range qtypes {
		if f := findings[<-asked]; f.addresses > 0 && f.refusal == nil {
			return f.over, nil
		}
	}
	return nil, fruitless(findings, p.Check.Port())
}

// finding is what the question of one type led to.
type finding struct {
	failure   error // of the question
	addresses int
	refusal   error // of the first address, if none accepts
	over      []alias.Name
}

func (v *verifier) find(ctx context.Context, p ledger.Probe, qtype uint16) finding {
	m, over, err := v.ask(ctx, p.Target, qtype)
	if err != nil {
		return finding{failure: err}
	}
	if m.Rcode != dns.RcodeSuccess {
		return finding{failure: fmt.Errorf("found %s, want an address", dns.RcodeToString[m.Rcode])}
	}
	var c chain
	c.follow(m.Answer, string(p.Target), 0)
	found := addresses(c.final)
	f := finding{addresses: len(found), over: over}
	switch {
	case len(found) == 0 && slices.ContainsFunc(c.final, addressing):
		f.failure = errors.New("found no address but 0.0.0.0 or ::, want another one")
	case len(found) == 0 && len(c.behind) > 0:
		f.failure = fmt.Errorf("found a CNAME to %s, which has no address here, want an address", c.end())
	case len(found) > 0 && p.Check.Port() > 0:
		f.refusal = dial(ctx, found, p.Check.Port())
	}
	return f
}

func addressing(rr dns.RR) bool { return address(rr.Header().Rrtype) }

// fruitless says what was found where no address will do: the same, whichever came first.
func fruitless(findings []finding, port uint16) error {
	addresses := 0
	var refusal, failure error
	for _, f := range findings {
		addresses += f.addresses
		if refusal == nil {
			refusal = f.refusal
		}
		if f.failure != nil {
			failure = f.failure
		}
	}
	switch {
	case refusal != nil:
		return fmt.Errorf("found none of %d addresses that accepts at port %d, want one: %w", addresses, port, refusal)
	case failure != nil:
		return failure
	}
	return errors.New("found no record, want an address")
}

// passage is the aliases that a probe is led over, in that order, or names below them.
type passage struct {
	mu      sync.Mutex // caches may go on by themselves
	aliases []alias.Name
}

// passing is the passage of the probe that a query is part of, or nil. The query has been asked
// anew so often; a probe counts as one that has.
func passing(ctx context.Context, hops uint8) *passage {
	if hops == 1 {
		return nil
	}
	p, _ := ctx.Value(probing{}).(*passage)
	return p
}

// over notes that e leads on a question for qname, of which the first below octets are in front of
// its name. If these move along, it is another name that comes back to e, if it does.
func (p *passage) over(e *alias.Entry, qname string, below int) {
	name := e.Name
	if below > 0 && !e.Subtree.Collapse {
		var err error
		if name, err = alias.ParseName(qname); err != nil {
			return // it is no name of a document
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.aliases = append(p.aliases, name)
}

// names is the aliases that the probe was led over until now, and what names the answer for target
// leads over: beside an alias's CNAME nothing may be told of its name. A flattened answer tells
// no names, but where it ends in one that is asked for yet.
func (p *passage) names(answer []dns.RR, target alias.Name, flatten bool) []alias.Name {
	p.mu.Lock()
	defer p.mu.Unlock()
	names := slices.Clip(p.aliases)
	if flatten {
		var c chain
		if c.follow(answer, string(target), 0); len(c.final) > 0 {
			return names
		}
		answer = slices.DeleteFunc(slices.Clone(answer), func(rr dns.RR) bool {
			cname, ok := rr.(*dns.CNAME)
			return !ok || !same(cname.Target, c.end())
		})
	}
	for _, rr := range answer {
		on := []string{rr.Header().Name}
		if cname, ok := rr.(*dns.CNAME); ok {
			on = append(on, cname.Target)
		}
		for _, text := range on {
			// What is no name in a document is no alias.
			if name, err := alias.ParseName(text); err == nil && name != target && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// addresses is those that records have, but for 0.0.0.0 and ::, which sinkholes answer with
// and at which we would reach ourselves.
func addresses(rrs []dns.RR) []netip.Addr {
	var found []netip.Addr
	for _, rr := range rrs {
		var ip net.IP
		switch rr := rr.(type) {
		case *dns.A:
			ip = rr.A
		case *dns.AAAA:
			ip = rr.AAAA
		}
		if addr, ok := netip.AddrFromSlice(ip); ok && !addr.Unmap().IsUnspecified() {
			found = append(found, addr.Unmap())
		}
	}
	return found
}

// ask asks for a target, as a hop would: the server block's own chain, or the
// server. The error says that there was no answer, or a rule against it. Over is what the
// target leads over.
func (v *verifier) ask(ctx context.Context, target alias.Name, qtype uint16) (m *dns.Msg, over []alias.Name, err error) {
	defer func() {
		if p := recover(); p != nil { // as the server does for a query
			err = fmt.Errorf("found a panic, want an answer: %v", p)
		}
	}()
	q := new(dns.Msg).SetQuestion(string(target), qtype)
	q.SetEdns0(dns.DefaultMsgSize, false) // for an access rule to say so
	passage := new(passage)
	ctx = context.WithValue(ctx, probing{}, passage)
	ctx = context.WithValue(ctx, nested{}, true)
	ctx = context.WithValue(ctx, dnsserver.LoopKey{}, 1)
	m, err = v.exchange(ctx, q, self)
	if err == nil && m.Truncated && ctx.Err() == nil { // a stop waits for what is asked
		m, err = v.exchange(ctx, q.Copy(), selfTCP)
	}
	switch {
	case err != nil:
		return nil, nil, steady(err)
	case ruled(m):
		return nil, nil, errors.New("found that an access rule forbids it, want an answer")
	}
	return m, passage.names(m.Answer, target, v.plugin.flatten), nil
}

// exchange asks a question of the server block's chain, or of the server.
func (v *verifier) exchange(ctx context.Context, q *dns.Msg, from net.Addr) (*dns.Msg, error) {
	w := &asker{from: from}
	server, _ := ctx.Value(dnsserver.Key{}).(*dnsserver.Server)
	switch {
	case v.plugin.serves(alias.Name(q.Question[0].Name)):
		rcode, err := v.plugin.entry.ServeDNS(ctx, w, q)
		if err != nil {
			return nil, err
		}
		if w.caught == nil && !plugin.ClientWrite(rcode) {
			w.caught = new(dns.Msg).SetRcode(q, rcode) // the server would
		}
	case server == nil:
		return nil, errors.New("found no query yet that tells which server to ask, want one")
	default:
		server.ServeDNS(ctx, w, q)
	}
	if w.caught == nil {
		return nil, errors.New("found that the question was dropped, want an answer")
	}
	return w.caught, nil
}

// steady is err without the port that we asked from, which is another one each time.
func steady(err error) error {
	if op := (*net.OpError)(nil); errors.As(err, &op) && op.Addr != nil {
		return fmt.Errorf("%s %s %s: %w", op.Op, op.Net, op.Addr, op.Err)
	}
	return err
}

// probing is the key of contexts in which we ask ourselves; the value is a *passage.
type probing struct{}

// dial fails unless one of the addresses accepts a connection at port, with the error of
// the first. It sorts them: an answer has them in another order each time.
func dial(ctx context.Context, addrs []netip.Addr, port uint16) error {
	slices.SortFunc(addrs, netip.Addr.Compare)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type result struct {
		i   int
		err error
	}
	results := make(chan result, len(addrs))
	for i, addr := range addrs {
		go func() {
			var d net.Dialer
			conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort(addr.String(), strconv.Itoa(int(port))))
			if err == nil {
				_ = conn.Close()
			}
			results <- result{i, err}
		}()
	}
	var first error // of the first address, whichever answers last
	for range addrs {
		r := <-results
		if r.err == nil {
			return nil
		}
		if r.i == 0 {
			first = r.err
		}
	}
	return steady(first)
}

// asker is the writer of a question that we ask ourselves. It comes from
// 127.0.0.1, which is who acl sees.
type asker struct {
	catcher // of no client: its methods but for those that write are asker's own
	from    net.Addr
}

// Who asks: over UDP, and over TCP what was too large.
var (
	self    = &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}
	selfTCP = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}
)

// LocalAddr implements dns.ResponseWriter, as do all of its methods.
func (a *asker) LocalAddr() net.Addr { return a.from }

// RemoteAddr is ourselves.
func (a *asker) RemoteAddr() net.Addr { return a.from }

// Close does nothing.
func (a *asker) Close() error { return nil }

// TsigStatus says that nothing is signed.
func (a *asker) TsigStatus() error { return nil }

// TsigTimersOnly does nothing.
func (a *asker) TsigTimersOnly(bool) {}

// Hijack does nothing.
func (a *asker) Hijack() {}
