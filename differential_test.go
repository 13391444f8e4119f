package versionalias

import (
	"cmp"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// Where a zone file has a static CNAME, and everybody has agreed for decades on
// what that means, an alias with that target must be answered alike. These tests
// make zones, give one server the CNAMEs and the other aliases in their place,
// and compare what they say.

var differentialSeed = flag.Uint64("differential.seed", 1, "the seed of the generated zones")

const (
	differentialZones     = 260
	differentialQuestions = 20 // to each zone
)

// madeZone is a generated zone.
type madeZone struct {
	origin  string
	records []string          // all but the aliases
	aliases map[string]string // names and targets
	names   []string          // to ask for
}

// cnameTTL is the TTL of every CNAME and alias.
const cnameTTL = 7

// static is the zone file in which the aliases are CNAMEs.
func (z madeZone) static() string {
	var b strings.Builder
	b.WriteString(z.file())
	for name, target := range z.aliases {
		fmt.Fprintf(&b, "%s %d CNAME %s\n", name, cnameTTL, target)
	}
	return b.String()
}

// file is the zone file without the aliases.
func (z madeZone) file() string { return strings.Join(z.records, "\n") + "\n" }

func pick[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

// madeZones are so many zones, which lead into one another.
func madeZones(r *rand.Rand, n int) []madeZone {
	zones := make([]madeZone, n)
	for i := range zones {
		zones[i] = makeZone(r, fmt.Sprintf("z%d.internal.", i), fmt.Sprintf("z%d.internal.", r.IntN(n)))
	}
	return zones
}

// makeZone is a zone of hosts, of CNAMEs and aliases that lead to one another
// and never back, of a zone cut and of names that exist for what is below them
// alone. Some lead to the zone other, to nowhere, and to where nobody serves.
func makeZone(r *rand.Rand, origin, other string) madeZone {
	z := madeZone{origin: origin, aliases: map[string]string{}}
	add := func(format string, args ...any) { z.records = append(z.records, fmt.Sprintf(format, args...)) }
	add("%s 60 SOA ns.%s hostmaster.%s 1 3600 600 86400 %d", origin, origin, origin, pick(r, 5, 30, 300))
	add("%s 60 NS ns.%s", origin, origin)
	add("ns.%s 60 A 192.0.2.53", origin)
	var ends []string
	for i := range 3 + r.IntN(4) {
		name := fmt.Sprintf("host%d.%s%s", i, pick(r, "", "", "deep.", "a.b."), origin)
		ends = append(ends, name)
		for _, data := range []string{
			"A 192.0.2.1", "A 192.0.2.2", "AAAA 2001:db8::1", `TXT "text"`, "MX 10 ns." + origin, "SRV 0 0 80 ns." + origin, "CAA 0 issue \";\"",
		} {
			if r.IntN(2) == 0 {
				add("%s %d %s", name, 20+i, data)
			}
		}
		add(`%s %d TXT "always"`, name, 20+i)
	}
	if r.IntN(3) == 0 {
		add("*.wild.%s 30 A 192.0.2.9", origin)
		ends = append(ends, "any.wild."+origin)
	}
	if r.IntN(2) == 0 {
		add(`*.empty.%s 30 TXT "anything"`, origin)
	}
	if r.IntN(3) == 0 {
		add("cut.%s 60 NS ns.cut.%s", origin, origin)
		add("ns.cut.%s 60 A 192.0.2.54", origin)
		ends = append(ends, "cut."+origin, "x.cut."+origin)
	}
	ends = append(ends, "missing."+origin, "missing.deep.er."+origin, "ns."+other, "host0."+other, "missing."+other, "web.elsewhere.test.", origin)
	// Each leads to an end or to one that came before it.
	links := 3 + r.IntN(6)
	for i := range links {
		name := fmt.Sprintf("link%d.%s%s", i, pick(r, "", "", "", "deep.", "empty.", "very.empty."), origin)
		target := pick(r, ends...)
		if r.IntN(2) == 0 {
			z.aliases[name] = target
			z.names = append(z.names, "x."+name)
		} else {
			add("%s %d CNAME %s", name, cnameTTL, target)
		}
		ends = append(ends, name)
		z.names = append(z.names, name, name, name)
	}
	z.names = append(z.names, ends...)
	z.names = append(z.names, "deep."+origin, "empty."+origin, "very.empty."+origin, "b."+origin, "x.link0."+origin, "x.link1."+origin)
	return z
}

// question is a question that the zone may be asked, in any case.
func (z madeZone) question(r *rand.Rand) *dns.Msg {
	name := []byte(pick(r, z.names...))
	for i, b := range name {
		if 'a' <= b && b <= 'z' && r.IntN(4) == 0 {
			name[i] = b - 'a' + 'A'
		}
	}
	q := question(string(name), pick(r, dns.TypeA, dns.TypeA, dns.TypeAAAA, dns.TypeTXT, dns.TypeMX, dns.TypeSRV, dns.TypeCNAME,
		dns.TypeANY, dns.TypeSOA, dns.TypeNS, dns.TypeCAA, dns.TypePTR, dns.TypeHTTPS))
	q.RecursionDesired = r.IntN(2) == 0
	q.CheckingDisabled = r.IntN(8) == 0
	switch r.IntN(4) {
	case 0:
		withEDNS(q, false)
	case 1:
		withEDNS(q, true)
	}
	return q
}

// comparison is what two servers said to one question.
type comparison struct {
	zone    madeZone
	q       *dns.Msg
	ours    *dns.Msg
	theirs  *dns.Msg
	isAlias bool                      // the question is for an alias
	ask     func(q *dns.Msg) *dns.Msg // our server
}

// nearAlias reports whether the question is for a name above or below an alias.
func (c *comparison) nearAlias() bool {
	for name := range c.zone.aliases {
		if asked := c.q.Question[0].Name; dns.IsSubDomain(name, asked) || dns.IsSubDomain(asked, name) {
			return true
		}
	}
	return false
}

// wild reports whether the zone has a wildcard for the name in question.
func (c *comparison) wild() bool {
	return slices.ContainsFunc(c.zone.records, func(record string) bool {
		owner, _, _ := strings.Cut(record, " ")
		_, parent, wild := strings.Cut(owner, "*.")
		return wild && dns.IsSubDomain(parent, c.q.Question[0].Name)
	})
}

// nodata reports whether the question is for a name above an alias, which exists
// for that: 17.
func (c *comparison) nodata() bool {
	for name := range c.zone.aliases {
		if asked := strings.ToLower(c.q.Question[0].Name); asked != name && dns.IsSubDomain(asked, name) && len(c.ours.Answer) == 0 {
			return true
		}
	}
	return false
}

// alone reports whether a CNAME is all that is asked for.
func (c *comparison) alone() bool {
	qtype := c.q.Question[0].Qtype
	return qtype == dns.TypeCNAME || qtype == dns.TypeANY
}

// difference is a way in which an alias is not like a CNAME on some server, and
// that is as it should be. level makes it go from the messages, if it is there.
type difference struct {
	name  string
	level func(c *comparison) bool
}

// canonical orders and folds what may be in any order and case.
func canonical(m *dns.Msg) {
	for _, section := range [][]dns.RR{m.Answer, m.Ns, m.Extra} {
		for i, rr := range section {
			// Compression may change the case of any name, as RFC 1035 section
			// 2.3.3 has it. Nothing here but names has capitals.
			if !isOPT(rr) {
				section[i] = record(strings.ToLower(rr.String()))
			}
		}
	}
	slices.SortFunc(m.Ns, func(a, b dns.RR) int { return cmp.Compare(a.String(), b.String()) })
	slices.SortFunc(m.Extra, func(a, b dns.RR) int { return cmp.Compare(a.String(), b.String()) })
	slices.SortStableFunc(m.Answer, func(a, b dns.RR) int {
		if cname := dns.TypeCNAME; a.Header().Rrtype == cname || b.Header().Rrtype == cname {
			return 0 // the order of a chain counts
		}
		return cmp.Compare(a.String(), b.String())
	})
}

// compare levels the differences and reports what is left, if anything.
func (c *comparison) compare(differences []difference, seen map[string]int) error {
	before := fmt.Sprintf("ours\n%s\ntheirs\n%s", show(c.ours), show(c.theirs))
	canonical(c.ours)
	canonical(c.theirs)
	for _, d := range differences {
		if show(c.ours) == show(c.theirs) {
			break
		}
		if d.level(c) {
			seen[d.name]++
		}
	}
	if show(c.ours) != show(c.theirs) {
		return fmt.Errorf("%s %s got\n%s\nleft are\n%s\nand\n%s\nin the zone\n%s\nwith %v",
			c.q.Question[0].Name, dns.TypeToString[c.q.Question[0].Qtype], before, show(c.ours), show(c.theirs), c.zone.file(), c.zone.aliases)
	}
	return nil
}

func record(text string) dns.RR {
	rr, err := dns.NewRR(text)
	if err != nil {
		panic(err)
	}
	return rr
}

func TestLikeFile(t *testing.T) {
	r := rand.New(rand.NewPCG(*differentialSeed, 0))
	zones := madeZones(r, differentialZones)
	ours, theirs := differentialServers(t, zones)
	differ(t, r, zones, ours, fileDifferences, func(q *dns.Msg) *dns.Msg { return theirs.reply(client{}, q) })
}

// differ asks our server and another the same questions.
func differ(t *testing.T, r *rand.Rand, zones []madeZone, ours *server, differences []difference, ask func(q *dns.Msg) *dns.Msg) {
	t.Helper()
	seen := map[string]int{}
	failures := 0
	for _, zone := range zones {
		for range differentialQuestions {
			q := zone.question(r)
			name := strings.ToLower(q.Question[0].Name)
			c := &comparison{zone: zone, q: q, theirs: ask(q.Copy())}
			c.ask = func(q *dns.Msg) *dns.Msg { return ours.reply(client{}, q.Copy()) }
			c.ours = c.ask(q)
			_, c.isAlias = zone.aliases[name]
			if err := c.compare(differences, seen); err != nil {
				if failures++; failures <= 5 {
					t.Errorf("seed %d: %v", *differentialSeed, err)
				}
			}
		}
	}
	if failures > 0 {
		t.Errorf("seed %d: %d of %d answers differ", *differentialSeed, failures, len(zones)*differentialQuestions)
	}
	for _, d := range differences {
		t.Logf("%d times: %s", seen[d.name], d.name)
		if seen[d.name] == 0 {
			t.Errorf("never seen: %s", d.name)
		}
	}
}

// differentialServers are a server with aliases and one with CNAMEs in their
// place.
func differentialServers(t *testing.T, zones []madeZone) (ours, theirs *server) {
	t.Helper()
	var keys, lines []string
	withAliases, withCNAMEs := files{}, files{}
	for _, z := range zones {
		keys = append(keys, z.origin+":0")
		lines = append(lines, fmt.Sprintf("file %szone %s", z.origin, z.origin))
		withAliases[z.origin+"zone"], withCNAMEs[z.origin+"zone"] = z.file(), z.static()
		for name, target := range z.aliases {
			withAliases["aliases/"+strings.TrimSuffix(name, ".")] = fmt.Sprintf(`{"to": %q, "ttl": %d}`, target, cnameTTL)
		}
	}
	corefile := func(plugin string) string {
		return fmt.Sprintf("%s {\nbind 127.0.0.1\nroot DIR\n%s\n%s\n}", strings.Join(keys, " "), plugin, strings.Join(lines, "\n"))
	}
	return startServer(t, corefile("versionalias {\ndirectory aliases\n}"), withAliases), startServer(t, corefile(""), withCNAMEs)
}

// drop takes the records that are like that away.
func drop(rrs []dns.RR, like func(rr dns.RR) bool) ([]dns.RR, bool) {
	left := slices.DeleteFunc(slices.Clone(rrs), like)
	return left, len(left) < len(rrs)
}

// ending is what follows the CNAMEs of an answer.
func ending(m *dns.Msg) []dns.RR {
	left, _ := drop(m.Answer, func(rr dns.RR) bool { return rr.Header().Rrtype == dns.TypeCNAME })
	return left
}

var fileDifferences = []difference{{
	// Beside a CNAME file shows the zone of the question, even where the target
	// lies in another, or nothing at all. For an alias what is said is said of the
	// target.
	"3, 4, 20: behind the CNAME stands what the target's own answer has",
	func(c *comparison) bool {
		if !c.isAlias || len(c.ours.Answer) == 0 || c.alone() {
			return false
		}
		q := c.q.Copy()
		q.Question[0].Name = c.ours.Answer[0].(*dns.CNAME).Target
		target := c.ask(q)
		canonical(target)
		target.Ns = capSOA(target.Ns, cnameTTL)
		if show(&dns.Msg{Ns: target.Ns, Extra: target.Extra}) != show(&dns.Msg{Ns: c.ours.Ns, Extra: c.ours.Extra}) {
			return false
		}
		c.theirs.Ns, c.theirs.Extra = c.ours.Ns, c.ours.Extra
		return true
	},
}, {
	"18, 19: to CNAME and ANY an alias is the CNAME alone, wherever it leads",
	func(c *comparison) bool {
		if !c.isAlias || !c.alone() || c.ours.Rcode != dns.RcodeSuccess || len(c.ours.Ns) > 0 || len(c.theirs.Answer) == 0 {
			return false
		}
		c.theirs.Rcode = c.ours.Rcode
		c.theirs.Answer, c.theirs.Ns, c.theirs.Extra = c.theirs.Answer[:1], nil, onlyOPT(c.theirs.Extra)
		return true
	},
}, {
	// File asks for ANY at each name on its way.
	"19: so ANY of a CNAME that leads to an alias ends with the alias's",
	func(c *comparison) bool {
		n := len(c.ours.Answer)
		if c.isAlias || c.q.Question[0].Qtype != dns.TypeANY || n < 2 || n > len(c.theirs.Answer) || c.zone.aliases[c.ours.Answer[n-1].Header().Name] == "" {
			return false
		}
		c.theirs.Rcode = c.ours.Rcode
		c.theirs.Answer, c.theirs.Ns, c.theirs.Extra = c.theirs.Answer[:n], c.ours.Ns, c.ours.Extra
		return true
	},
}, {
	// It takes what it asks the server for as records of another zone, and an
	// alias is no record of its own.
	"4: where a static CNAME leads to an alias that ends in nothing, file shows its own zone",
	func(c *comparison) bool {
		ours := func(rr dns.RR) bool { return c.zone.aliases[rr.Header().Name] != "" }
		if c.isAlias || !slices.ContainsFunc(c.ours.Answer, ours) || len(ending(c.ours)) > 0 || slices.ContainsFunc(c.ours.Ns, isSOA) {
			return false
		}
		c.theirs.Ns, c.theirs.Extra = c.ours.Ns, c.ours.Extra
		return true
	},
}, wildcards}

// RFC 4592 section 4.3: a wildcard is for names that do not exist. An alias is
// not in the zone, so for file neither it nor what is between exists.
var wildcards = difference{
	"a wildcard of the zone is for what lies above and below an alias as well",
	func(c *comparison) bool {
		if c.isAlias || !c.nearAlias() || !c.wild() {
			return false
		}
		// What the zone has or denies, and nothing of the alias.
		told := func(rr dns.RR) bool {
			_, alias := c.zone.aliases[rr.Header().Name]
			return alias
		}
		if failed(c.ours.Rcode) || slices.ContainsFunc(c.ours.Answer, told) || c.nodata() && c.ours.Rcode != dns.RcodeSuccess {
			return false
		}
		*c.theirs = *c.ours
		return true
	},
}
