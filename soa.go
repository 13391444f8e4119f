package versionalias

import (
	"slices"
	"strings"
	"time"

	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/request"
	"github.com/miekg/dns"

	"github.com/octoenergy/versionalias/plugin/alias"
)

// soa is the SOA record of the alias's own zone, and its signature, as the plugins below
// have them; or nothing. Negative answers are cached by it: resolvers keep those without
// one for as long as they like (RFC 2308 section 5), or take them for broken. No resolver
// below is to look for an alias's: it might do so here. That of an apex is asked for as the
// client would, whom a cache below tells what it was told here, recursion or not; and so are those of
// the names above, if a CNAME stands where the alias is. What that takes is taken off the TTL of c.
func (h *hop) soa(c *chain) []dns.RR {
	q, v := h.request.Question[0], h.plugin
	began := time.Now()
	left := v.soaless.Load() - began.UnixNano()
	if q.Qtype == dns.TypeSOA || 0 < left && left <= int64(soaPause) { // if more is left, the clock was set back
		return nil
	}
	defer c.age(began)
	pause := func() { v.soaless.Store(time.Now().Add(soaPause).UnixNano()) }
	slow := time.AfterFunc(soaTime, pause) // and not at the end, which all that ask meanwhile would wait for
	name := q.Name
	soa, elsewhere := h.soaAt(name)
	for len(soa) == 0 && elsewhere && !strings.EqualFold(name, h.zone()) {
		parent, root := dns.NextLabel(name, 0)
		if root {
			break
		}
		name = name[parent:]
		soa, elsewhere = h.soaAt(name)
	}
	if !slow.Stop() {
		pause()
	}
	return soa
}

// soaAt is the SOA record that the plugins below have of name, and its signature, if they can be of
// the alias's zone; and whether name leads elsewhere by a CNAME.
func (h *hop) soaAt(name string) (soa []dns.RR, elsewhere bool) {
	state := request.Request{W: h.ResponseWriter, Req: h.request}
	state = state.NewWithQuestion(name, dns.TypeSOA)
	if name == h.request.Question[0].Name && !strings.EqualFold(name, h.zone()) {
		state.Req.RecursionDesired = false
	}
	w := &catcher{ResponseWriter: h.ResponseWriter}
	if _, err := plugin.NextOrFailure(pluginName, h.plugin.Next, h, w, state.Req); err != nil || w.caught == nil {
		return nil, false
	}
	// Behind a CNAME, of a wildcard or of the alias's name, it is of where that leads.
	elsewhere = slices.ContainsFunc(w.caught.Answer, isCNAME)
	own := w.caught.Authoritative && !elsewhere
	return slices.DeleteFunc(slices.Concat(w.caught.Answer, w.caught.Ns), func(rr dns.RR) bool {
		return !isSOA(rr) || !h.speaks(rr) && !(own && h.encloses(rr))
	}), elsewhere
}

// If it takes soaTime to be told the SOA record, nobody is asked for one from then on, and for
// soaPause: what is down is not worth waiting for.
const (
	soaTime  = time.Second
	soaPause = 30 * time.Second
)

// zone is the deepest of the plugin's zones that has the name that was asked for.
func (h *hop) zone() (deepest string) {
	for _, zone := range h.plugin.zones {
		if len(zone) > len(deepest) && dns.IsSubDomain(string(zone), h.request.Question[0].Name) {
			deepest = string(zone)
		}
	}
	return deepest
}

// owned reports whether that zone is the owner of rr.
func (h *hop) owned(rr dns.RR) bool { return strings.EqualFold(rr.Header().Name, h.zone()) }

// surelyOwned reports whether rr, which came with the target, is surely the SOA record of the zone that the
// alias is in: that of the plugin's, and no other zone can be in between.
func (h *hop) surelyOwned(rr dns.RR) bool {
	return isSOA(rr) && h.owned(rr) && dns.CountLabel(h.request.Question[0].Name) <= dns.CountLabel(h.zone())+1
}

// speaks reports whether rr, an SOA record that came with the target, can be of the zone that
// the alias is in: its owner is that of the plugin's, or lies between that and the alias. A
// resolver that was led to a zone takes no other's (RFC 2308 section 3).
func (h *hop) speaks(rr dns.RR) bool {
	owner := rr.Header().Name
	return dns.IsSubDomain(owner, h.request.Question[0].Name) && dns.IsSubDomain(h.zone(), owner)
}

// encloses reports whether rr, an SOA record that the plugins below state for the alias, is of
// a zone that the plugin's lies in, or the alias at least: the plugin may have a part of a
// zone. It has not if the owner is another of the plugin's zones.
func (h *hop) encloses(rr dns.RR) bool {
	owner := rr.Header().Name
	return dns.IsSubDomain(owner, h.request.Question[0].Name) &&
		!slices.ContainsFunc(h.plugin.zones, func(zone alias.Name) bool { return strings.EqualFold(string(zone), owner) })
}

func isCNAME(rr dns.RR) bool { return rr.Header().Rrtype == dns.TypeCNAME }
