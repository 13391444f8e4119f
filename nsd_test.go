package versionalias

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/octoenergy/versionalias/internal/process"
)

// TestLikeNSD is TestLikeFile with a server that CoreDNS has nothing to do with.
func TestLikeNSD(t *testing.T) {
	process.Need(t, "nsd")
	r := rand.New(rand.NewPCG(*differentialSeed, 1))
	zones := madeZones(r, differentialZones)
	ours, file := differentialServers(t, zones)
	nsd := startNSD(t, zones)
	differences := slices.Concat(nsdDifferences, []difference{{
		"file differs from NSD by itself, with a static CNAME in the place of the alias",
		func(c *comparison) bool {
			static := file.reply(client{}, c.q.Copy())
			canonical(static)
			static.Ns, static.Extra = nil, nil
			ours := *c.ours
			ours.Ns, ours.Extra = nil, nil
			if show(static) != show(&ours) {
				return false
			}
			*c.theirs = *c.ours
			return true
		},
	}})
	differ(t, r, zones, ours, differences, nsd)
}

// startNSD starts NSD with the zones, in which aliases are CNAMEs. What it
// returns asks it.
func startNSD(t *testing.T, zones []madeZone) func(q *dns.Msg) *dns.Msg {
	t.Helper()
	dir := t.TempDir()
	addr := process.FreeAddr(t)
	var conf strings.Builder
	fmt.Fprintf(&conf, `server:
	ip-address: %s
	username: ""
	chroot: ""
	database: ""
	zonesdir: %q
	pidfile: ""
	xfrdfile: "xfrd.state"
	zonelistfile: "zone.list"
	xfrdir: %q
	log-only-syslog: no
	rrl-ratelimit: 0
	rrl-whitelist-ratelimit: 0
	server-count: 1
remote-control:
	control-enable: no
`, strings.Replace(addr, ":", "@", 1), dir, dir)
	for _, z := range zones {
		name := z.origin + "zone"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(z.static()), 0o644); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&conf, "zone:\n\tname: %s\n\tzonefile: %s\n", z.origin, name)
	}
	path := filepath.Join(dir, "nsd.conf")
	if err := os.WriteFile(path, []byte(conf.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return startDaemon(t, addr, exec.Command("nsd", "-d", "-c", path))
}

// cut ends m's chain where it leaves the zone.
func cut(m *dns.Msg, origin string) bool {
	for i, rr := range m.Answer {
		cname, ok := rr.(*dns.CNAME)
		if ok && !dns.IsSubDomain(origin, cname.Target) {
			m.Rcode = dns.RcodeSuccess
			m.Answer, m.Ns, m.Extra = m.Answer[:i+1], nil, onlyOPT(m.Extra)
			return true
		}
	}
	return false
}

var nsdDifferences = []difference{{
	"6: CD is the client's, which NSD clears: it is no resolver",
	func(c *comparison) bool {
		did := c.theirs.CheckingDisabled != c.ours.CheckingDisabled
		c.theirs.CheckingDisabled = c.ours.CheckingDisabled
		return did
	},
}, {
	// RFC 1034 section 4.3.2, step 3a, leaves it open.
	"3: NSD does not follow a chain into another of its zones",
	func(c *comparison) bool {
		did := cut(c.ours, c.zone.origin)
		return cut(c.theirs, c.zone.origin) || did
	},
}, {
	// RFC 2181 section 5.4.1: they are no part of the answer.
	"who shows which NS records and addresses besides",
	func(c *comparison) bool {
		before := show(c.theirs) + show(c.ours)
		for _, m := range []*dns.Msg{c.ours, c.theirs} {
			if len(m.Answer) > 0 || slices.ContainsFunc(m.Ns, isSOA) {
				m.Ns, _ = drop(m.Ns, isNS)
			}
			m.Extra = onlyOPT(m.Extra)
		}
		return show(c.theirs)+show(c.ours) != before
	},
}, {
	"5: NSD gives an SOA the negative TTL, we cap what is below by the alias's",
	func(c *comparison) (did bool) {
		for _, ours := range c.ours.Ns {
			for _, theirs := range c.theirs.Ns {
				if isSOA(ours) && isSOA(theirs) && ours.Header().Ttl != theirs.Header().Ttl {
					theirs.Header().Ttl, did = ours.Header().Ttl, true
				}
			}
		}
		return did
	},
}, {
	"file follows a CNAME to whoever asks for ANY, NSD does not",
	func(c *comparison) bool {
		if c.isAlias || c.q.Question[0].Qtype != dns.TypeANY || len(c.ours.Answer) < 2 || len(c.theirs.Answer) != 1 {
			return false
		}
		c.ours.Rcode, c.ours.Answer, c.ours.Ns = dns.RcodeSuccess, c.ours.Answer[:1], nil
		return true
	},
}, wildcards}
