package versionalias

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/metadata"
	"github.com/coredns/coredns/plugin/pkg/dnstest"
	"github.com/coredns/coredns/plugin/test"
	"github.com/coredns/coredns/request"
	"github.com/miekg/dns"

	"github.com/octoenergy/versionalias/plugin/alias"
)

// at is the client at a fraction of an alias's clients: half of them have a
// smaller position than that at 0.5.
func at(t *testing.T, salt string, fraction float64, candidates func(i int) netip.Prefix) netip.Prefix {
	t.Helper()
	var nearest netip.Prefix
	distance := 2.0
	for i := range 20000 {
		c := candidates(i)
		d := float64(alias.Position(salt, c))/(1<<64) - fraction
		if d = max(d, -d); d < distance {
			nearest, distance = c, d
		}
	}
	if distance > 0.001 {
		t.Fatalf("found no client at %v", fraction)
	}
	return nearest
}

// The kinds of clients: addresses, and subnets.
func v4(i int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{127, 1, byte(i >> 8), byte(i)}), 32)
}

func v4Subnet(i int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{100, byte(i >> 8), byte(i), 0}), 24)
}

func v6Subnet(i int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, byte(i >> 8), byte(i)}), 56)
}

func v6(i int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, byte(i >> 8), byte(i)}), 64)
}

// moving is a plugin of corp.internal with one document, in a parameter whose name
// ends in leaf.
func moving(t *testing.T, leaf, document string, flatten bool) *VersionAlias {
	t.Helper()
	aliases, err := (alias.Rule{Zones: []alias.Name{"corp.internal."}, TTL: 5}).Read(leaf, document)
	if err != nil {
		t.Fatal(err)
	}
	v := above(func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
		m := new(dns.Msg).SetReply(r)
		name, qtype := r.Question[0].Name, r.Question[0].Qtype
		switch version, _, _ := strings.Cut(strings.TrimPrefix(name, "web."), "."); {
		case version == "v1" && qtype == dns.TypeA:
			m.Answer = records([]string{name + " 60 IN A 192.0.2.1"})
		case version == "v2" && qtype == dns.TypeA:
			m.Answer = records([]string{name + " 60 IN A 192.0.2.2"})
		case version == "v1" && qtype == dns.TypeAAAA:
			m.Answer = records([]string{name + " 60 IN AAAA 2001:db8::1"})
		case version == "v2" && qtype == dns.TypeAAAA:
			m.Answer = records([]string{name + " 60 IN AAAA 2001:db8::2"})
		default:
			if version == "v3" {
				m.Rcode = dns.RcodeNameError
			}
			m.Ns = records([]string{"corp.internal. 60 IN SOA ns.corp.internal. hostmaster.corp.internal. 1 3600 600 86400 300"})
		}
		return dns.RcodeSuccess, w.WriteMsg(m)
	})
	v.flatten = flatten
	edit := v.table.Load().Edit()
	for _, a := range aliases {
		edit.Put(&alias.Source{Parameter: "/dns/cache"}, a)
	}
	v.table.Store(edit.Table())
	return v
}

// asked is the answer of v to a client.
func (v *VersionAlias) asked(t *testing.T, client netip.Prefix, ecs, name string, qtype uint16) *dns.Msg {
	t.Helper()
	q := question(name, qtype)
	if ecs != "" {
		withSubnet(withEDNS(q, false), ecs, 0)
	}
	w := dnstest.NewRecorder(&test.ResponseWriter{RemoteIP: client.Addr().String()})
	if _, err := v.ServeDNS(context.Background(), w, q); err != nil {
		t.Fatal(err)
	}
	return w.Msg
}

// What a client is told by an alias that moves, at a time since the bubble's own
// beginning, 2000-01-01T00:00:00Z.
func TestMoving(t *testing.T) {
	const (
		from   = `{"from": "v1.corp.internal", "to": "v2.corp.internal", `
		half   = from + `"percent": 50}`
		flip   = from + `"start": "2000-01-01T01:00:00Z"}`
		ramp   = from + `"start": "2000-01-01T01:00:00Z", "over": "100s"}`
		under  = from + `"percent": 50, "subtree": "keep", "except": ["direct"]}`
		onto   = from + `"percent": 50, "subtree": "collapse"}`
		group  = from + `"percent": 50, "group": "g"}`
		gone   = `{"from": "v1.corp.internal", "to": "v3.corp.internal", "percent": 50}`
		salt   = "cache.corp.internal."
		apex   = "corp.internal."
		start  = time.Hour
		soa    = "authority: corp.internal. %d SOA ns.corp.internal. hostmaster.corp.internal. 1 3600 600 86400 300"
		answer = "NOERROR aa\ncache.corp.internal. %d CNAME v%d.corp.internal.\nv%[2]d.corp.internal. 60 A 192.0.2.%[2]d"
	)
	moved, unmoved := at(t, salt, 0.1, v4), at(t, salt, 0.9, v4)
	movedNet, unmovedNet := at(t, salt, 0.1, v4Subnet).String(), at(t, salt, 0.9, v4Subnet).String()
	apexNet := at(t, apex, 0.1, v4Subnet).String()
	moved6, unmoved6 := at(t, salt, 0.1, v6), at(t, salt, 0.9, v6)
	moved6Net := at(t, salt, 0.1, v6Subnet).String()
	// With these labels in front the alias's name and the old target's are names, and
	// the new target's is too long.
	labels := strings.TrimSuffix(strings.Repeat(strings.Repeat("l", 57)+".", 4), ".")
	long := `{"from": "v1.corp.internal", "to": "v2-is-longer.corp.internal", "percent": 50, "subtree": "keep"}`
	flat := func(ttl, version int) string {
		return fmt.Sprintf("NOERROR aa\ncache.corp.internal. %d A 192.0.2.%d", ttl, version)
	}
	cname := func(ttl, version int) string { return fmt.Sprintf(answer, ttl, version) }
	for _, tt := range []struct {
		name     string
		leaf     string // "cache" if it is not said
		document string
		flatten  bool
		at       time.Duration
		client   netip.Prefix
		ecs      string
		q        string // "A" of the alias if it is not said; may have labels in front
		want     string
	}{
		{name: "11: a client that has moved", document: half, client: moved, want: cname(5, 2)},
		{name: "11: and its AAAA", document: half, client: moved, q: "AAAA", want: "NOERROR aa\ncache.corp.internal. 5 CNAME v2.corp.internal.\nv2.corp.internal. 60 AAAA 2001:db8::2"},
		{name: "11: one that has not", document: half, client: unmoved, want: cname(5, 1)},
		{name: "11: and its AAAA", document: half, client: unmoved, q: "AAAA", want: "NOERROR aa\ncache.corp.internal. 5 CNAME v1.corp.internal.\nv1.corp.internal. 60 AAAA 2001:db8::1"},
		{name: "flattened", document: half, flatten: true, client: moved, want: flat(5, 2)},
		{name: "flattened, not moved", document: half, flatten: true, client: unmoved, want: flat(5, 1)},
		{name: "an IPv6 client", document: half, client: moved6, want: cname(5, 2)},
		{name: "an IPv6 client, not moved", document: half, client: unmoved6, want: cname(5, 1)},
		{name: "another group", document: group, client: at(t, "g", 0.1, v4), want: cname(5, 2)},
		{name: "another group, not moved", document: group, client: at(t, "g", 0.9, v4), want: cname(5, 1)},
		{name: "11: a name below", document: under, client: moved, q: "web A", want: "NOERROR aa\nweb.cache.corp.internal. 5 CNAME web.v2.corp.internal.\nweb.v2.corp.internal. 60 A 192.0.2.2"},
		{name: "11: a name below, not moved", document: under, client: unmoved, q: "web A", want: "NOERROR aa\nweb.cache.corp.internal. 5 CNAME web.v1.corp.internal.\nweb.v1.corp.internal. 60 A 192.0.2.1"},
		{name: "32: an excepted name is nobody's", document: under, client: moved, ecs: movedNet, q: "direct TXT", want: "NOERROR\n" + fmt.Sprintf(soa, 60)},
		{name: "11: all below to the target", document: onto, client: moved, q: "b.a A", want: "NOERROR aa\nb.a.cache.corp.internal. 5 CNAME v2.corp.internal.\nv2.corp.internal. 60 A 192.0.2.2"},
		{name: "11: all below to the target, not moved", document: onto, client: unmoved, q: "b.a A", want: "NOERROR aa\nb.a.cache.corp.internal. 5 CNAME v1.corp.internal.\nv1.corp.internal. 60 A 192.0.2.1"},
		{name: "16: all below to the target", document: onto, client: unmoved, ecs: movedNet, q: "b.a A", want: "NOERROR aa\nb.a.cache.corp.internal. 5 CNAME v2.corp.internal.\nv2.corp.internal. 60 A 192.0.2.2\nOPT ecs=" + movedNet + "/24"},
		{name: "31: a name that is too long below the new target", document: long, client: moved, q: labels + " A", want: "YXDOMAIN aa"},
		{name: "31: and is not below the old one", document: long, client: unmoved, q: labels + " CNAME", want: "NOERROR aa\n" + labels + ".cache.corp.internal. 5 CNAME " + labels + ".v1.corp.internal."},
		// It is no cache's to keep: a negative answer holds for everybody, but for no time
		// without an SOA (RFC 2308 section 5).
		{name: "16, 31: it is told to nobody else", document: long, client: unmoved, ecs: movedNet, q: labels + " A", want: "YXDOMAIN aa\nOPT ecs=" + movedNet + "/24"},
		{name: "16, 31: SOURCE 0: the address decides", document: long, client: moved, ecs: "0.0.0.0/0", q: labels + " A", want: "YXDOMAIN aa\nOPT ecs=0.0.0.0/0/0"},
		{name: "21: an apex", leaf: "corp.internal", document: half, client: at(t, apex, 0.1, v4), want: "NOERROR aa\ncorp.internal. 5 A 192.0.2.2"},
		{name: "21: an apex, not moved", leaf: "corp.internal", document: half, client: at(t, apex, 0.9, v4), q: "AAAA", want: "NOERROR aa\ncorp.internal. 5 AAAA 2001:db8::1"},
		{name: "16, 21: an apex", leaf: "corp.internal", document: half, client: at(t, apex, 0.9, v4), ecs: apexNet, want: "NOERROR aa\ncorp.internal. 5 A 192.0.2.2\nOPT ecs=" + apexNet + "/24"},
		{name: "21: the TTL of an apex ends with a flip", leaf: "corp.internal", document: flip, at: start - 2500*time.Millisecond, client: moved, want: "NOERROR aa\ncorp.internal. 2 A 192.0.2.1"},
		{name: "21: the other types of an apex are the zone's", leaf: "corp.internal", document: flip, at: start - 2500*time.Millisecond, client: moved, q: "TXT", want: "NOERROR\n" + fmt.Sprintf(soa, 60)},

		{name: "16: the subnet decides, and is the scope", document: half, client: unmoved, ecs: movedNet, want: cname(5, 2) + "\nOPT ecs=" + movedNet + "/24"},
		{name: "16: one that has not moved", document: half, client: moved, ecs: unmovedNet, want: cname(5, 1) + "\nOPT ecs=" + unmovedNet + "/24"},
		{name: "16: IPv6", document: half, client: unmoved, ecs: moved6Net, want: cname(5, 2) + "\nOPT ecs=" + moved6Net + "/56"},
		{name: "16: an IPv6 address: 64 bits are used", document: half, client: unmoved, ecs: moved6.Addr().String() + "/128", want: cname(5, 2) + "\nOPT ecs=" + moved6.Addr().String() + "/128/64"},
		{name: "16: SOURCE 0: the address decides, for all", document: half, client: moved, ecs: "0.0.0.0/0", want: cname(5, 2) + "\nOPT ecs=0.0.0.0/0/0"},
		{name: "16: flattened", document: half, flatten: true, client: unmoved, ecs: movedNet, want: flat(5, 2) + "\nOPT ecs=" + movedNet + "/24"},
		{name: "16: no data: the CNAME depends on the client", document: half, client: unmoved, ecs: movedNet, q: "TXT", want: "NOERROR aa\ncache.corp.internal. 5 CNAME v2.corp.internal.\n" + fmt.Sprintf(soa, 5) + "\nOPT ecs=" + movedNet + "/24"},
		{name: "16: no such name, the same", document: gone, client: unmoved, ecs: movedNet, want: "NXDOMAIN aa\ncache.corp.internal. 5 CNAME v3.corp.internal.\n" + fmt.Sprintf(soa, 5) + "\nOPT ecs=" + movedNet + "/24"},
		{name: "16: no data, flattened: for all", document: half, flatten: true, client: unmoved, ecs: movedNet, q: "TXT", want: "NOERROR aa\n" + fmt.Sprintf(soa, 5) + "\nOPT ecs=" + movedNet + "/0"},
		{name: "16: all have moved", document: from + `"percent": 100}`, client: unmoved, ecs: unmovedNet, want: cname(5, 2) + "\nOPT ecs=" + unmovedNet + "/0"},
		{name: "16: a flip is for all", document: flip, at: start - 3*time.Second, client: moved, ecs: movedNet, want: cname(3, 1) + "\nOPT ecs=" + movedNet + "/0"},
		{name: "16: long before a ramp, for all", document: ramp, client: moved, ecs: movedNet, want: cname(5, 1) + "\nOPT ecs=" + movedNet + "/0"},
		{name: "16: before a ramp", document: ramp, at: start - time.Second, client: moved, ecs: movedNet, want: cname(5, 1) + "\nOPT ecs=" + movedNet + "/24"},
		{name: "16: in a ramp", document: ramp, at: start + 50*time.Second, client: unmoved, ecs: movedNet, want: cname(5, 2) + "\nOPT ecs=" + movedNet + "/24"},
		{name: "16: after a ramp, for all", document: ramp, at: start + 100*time.Second, client: unmoved, ecs: movedNet, want: cname(5, 2) + "\nOPT ecs=" + movedNet + "/0"},

		{name: "a flip: long before", document: flip, client: moved, want: cname(5, 1)},
		{name: "a flip: the TTL ends with it", document: flip, at: start - 2500*time.Millisecond, client: moved, want: cname(2, 1)},
		{name: "a flip: in 0.4 s", document: flip, at: start - 400*time.Millisecond, client: moved, want: cname(0, 1)},
		{name: "a flip: now", document: flip, at: start, client: moved, want: cname(5, 2)},
		{name: "a flip: the TTL ends with it, flattened", document: flip, flatten: true, at: start - 2500*time.Millisecond, client: moved, want: flat(2, 1)},
		{name: "5: of a negative answer as well", document: flip, at: start - 2500*time.Millisecond, client: moved, q: "TXT", want: "NOERROR aa\ncache.corp.internal. 2 CNAME v1.corp.internal.\n" + fmt.Sprintf(soa, 2)},
		{name: "5: and flattened", document: flip, flatten: true, at: start - 2500*time.Millisecond, client: moved, q: "TXT", want: "NOERROR aa\n" + fmt.Sprintf(soa, 2)},
		{name: "18: of a CNAME alone", document: flip, at: start - 2500*time.Millisecond, client: moved, q: "CNAME", want: "NOERROR aa\ncache.corp.internal. 2 CNAME v1.corp.internal."},
		{name: "a ramp: each at its time", document: ramp, at: start + 50*time.Second, client: moved, want: cname(5, 2)},
		{name: "a ramp: each at its time, not yet", document: ramp, at: start + 50*time.Second, client: unmoved, want: cname(5, 1)},
		{name: "a ramp: it is over", document: ramp, at: start + 100*time.Second, client: unmoved, want: cname(5, 2)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				leaf, name := "cache", "cache.corp.internal."
				if tt.leaf != "" {
					leaf, name = tt.leaf, tt.leaf+"."
				}
				v := moving(t, leaf, tt.document, tt.flatten)
				<-time.After(tt.at)
				label, qtype, below := strings.Cut(tt.q, " ")
				switch {
				case tt.q == "":
					qtype = "A"
				case !below:
					qtype = label
				default:
					name = label + "." + name
				}
				if got := show(v.asked(t, tt.client, tt.ecs, name, dns.StringToType[qtype])); got != tt.want {
					t.Errorf("got\n%s\nwant\n%s", got, tt.want)
				}
			})
		})
	}
}

// Each answer counts for the target that it led to, and the metadata tell it.
func TestMovingCounts(t *testing.T) {
	const salt = "cache.corp.internal."
	v := moving(t, "cache", `{"from": "v1.corp.internal", "to": "v2.corp.internal", "percent": 50}`, false)
	for client, want := range map[netip.Prefix]string{at(t, salt, 0.1, v4): "v2.corp.internal.", at(t, salt, 0.9, v4): "v1.corp.internal."} {
		for range 3 {
			v.asked(t, client, "", salt, dns.TypeA)
		}
		w := &test.ResponseWriter{RemoteIP: client.Addr().String()}
		ctx := v.Metadata(metadata.ContextWithMetadata(context.Background()), request.Request{Req: question(salt, dns.TypeA), W: w})
		if got := metadata.ValueFunc(ctx, "versionalias/target")(); got != want {
			t.Errorf("%s has the metadata target %s, want %s", client, got, want)
		}
	}
	for i, target := range []alias.Name{"v2.corp.internal.", "v1.corp.internal."} {
		if tally := v.table.Load().Get(salt).Tallies[i]; tally.Target != target || tally.Count() != 3 {
			t.Errorf("tally %d is %s %d, want %s 3", i, tally.Target, tally.Count(), target)
		}
	}
}

// An alias may lead to another one: more than two versions at once. Each CNAME
// has its own TTL.
func TestMovingInSteps(t *testing.T) {
	for _, tt := range []struct{ name, document string }{
		{"to another alias", `{"from": "cache-v1.corp.internal", "to": "newer.corp.internal", "percent": 50, "ttl": 7}`},
		{"from another alias", `{"from": "newer.corp.internal", "to": "cache-v1.corp.internal", "percent": 50, "ttl": 7}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := startServer(t, `
				corp.internal:0 {
					bind 127.0.0.1
					root DIR
					versionalias {
						directory aliases
					}
					file corp.zone
				}`, files{
				"corp.zone":     corpZone + "cache-v3 A 192.0.2.3\n",
				"aliases/cache": tt.document,
				"aliases/newer": `{"from": "cache-v2.corp.internal", "to": "cache-v3.corp.internal", "percent": 50, "ttl": 9}`,
			})
			seen := map[string]int{}
			for i := range 200 {
				m := exchange{q: "cache.corp.internal. A from=" + v4(i).Addr().String()}.ask(t, s)
				var names []string
				for _, rr := range m.Answer {
					if c, ok := rr.(*dns.CNAME); ok {
						names = append(names, fmt.Sprint(c.Target, c.Hdr.Ttl))
					}
				}
				seen[strings.Join(names, " ")]++
			}
			for _, want := range []string{"cache-v1.corp.internal.7", "newer.corp.internal.7 cache-v2.corp.internal.9", "newer.corp.internal.7 cache-v3.corp.internal.9"} {
				if seen[want] < 20 {
					t.Errorf("%d clients were led over %s, want some", seen[want], want)
				}
				delete(seen, want)
			}
			if len(seen) > 0 {
				t.Errorf("clients were led over %v", seen)
			}
		})
	}
}

// 16: whichever alias of a chain moves, the answer is for that client alone; in one
// server block, and from one to another. So it is at an apex.
func TestMovingChains(t *testing.T) {
	all := files{
		"corp.zone": corpZone,
		"example.zone": `$ORIGIN example.internal.
@  60 SOA ns hostmaster 1 3600 600 86400 300
   60 NS  ns
ns 60 A   192.0.2.54
`,
		"corp/cache":  `{"from": "cache-v1.corp.internal", "to": "cache-v2.corp.internal", "percent": 50, "subtree": "keep"}`,
		"corp/plain":  "cache.corp.internal",
		"corp/static": "cache-v2.corp.internal",
		"corp/outer":  `{"from": "cache-v1.corp.internal", "to": "static.corp.internal", "percent": 50, "group": "g"}`,
		"corp/whole":  `{"from": "cache.corp.internal", "to": "static.corp.internal", "percent": 100}`,
		"corp/later":  `{"from": "static.corp.internal", "to": "cache-v1.corp.internal", "start": "2100-01-01T00:00:00Z"}`,
		"corp/long":   `{"from": "cache-v1.corp.internal", "to": "cache-v2-is-longer.corp.internal", "percent": 50, "subtree": "keep", "group": "g"}`,

		"example/far":              "cache.corp.internal",
		"example/mine":             `{"from": "cache-v1.corp.internal", "to": "static.corp.internal", "percent": 50, "group": "g"}`,
		"example/example.internal": `{"from": "cache-v1.corp.internal", "to": "cache-v2.corp.internal", "percent": 50, "group": "g", "subtree": "collapse", "except": ["ns"]}`,
	}
	const (
		salt = "cache.corp.internal."
		ns   = "\nauthority: corp.internal. 60 NS ns.corp.internal."
		soa  = "\nauthority: corp.internal. 5 SOA ns.corp.internal. hostmaster.corp.internal. 1 3600 600 86400 300"
		v1   = "cache-v1.corp.internal. 60 A 192.0.2.1" + ns
		v2   = "cache-v2.corp.internal. 60 A 192.0.2.2" + ns
		to1  = "cache.corp.internal. 5 CNAME cache-v1.corp.internal.\n"
		to2  = "cache.corp.internal. 5 CNAME cache-v2.corp.internal.\n"
	)
	// Clients that one or the other has moved, as a query says it, and the option that
	// comes back.
	ecs := func(p netip.Prefix) (q, opt string) {
		return " ecs=" + p.String(), fmt.Sprintf("\nOPT ecs=%s/%d", p, p.Bits())
	}
	moved, movedOPT := ecs(at(t, salt, 0.1, v4Subnet))
	unmoved, unmovedOPT := ecs(at(t, salt, 0.9, v4Subnet))
	moved6, moved6OPT := ecs(at(t, salt, 0.1, v6Subnet))
	g, gOPT := ecs(at(t, "g", 0.1, v4Subnet))
	notG, notGOPT := ecs(at(t, "g", 0.9, v4Subnet))
	everybody := func(opt string) string { return opt[:strings.LastIndexByte(opt, '/')] + "/0" }
	labels := strings.Repeat(strings.Repeat("l", 56)+".", 4)
	for _, tt := range []struct {
		mode      string
		exchanges []exchange
	}{{"cname", []exchange{
		{"the second alias moves", "plain.corp.internal. A" + moved, "NOERROR aa\nplain.corp.internal. 5 CNAME cache.corp.internal.\n" + to2 + v2 + movedOPT},
		{"the second alias moves, not yet", "plain.corp.internal. A" + unmoved, "NOERROR aa\nplain.corp.internal. 5 CNAME cache.corp.internal.\n" + to1 + v1 + unmovedOPT},
		{"no data", "plain.corp.internal. TXT" + unmoved, "NOERROR aa\nplain.corp.internal. 5 CNAME cache.corp.internal.\n" + strings.TrimSpace(to1) + soa + unmovedOPT},
		{"of IPv6", "plain.corp.internal. A" + moved6, "NOERROR aa\nplain.corp.internal. 5 CNAME cache.corp.internal.\n" + to2 + v2 + moved6OPT},
		{"the first alias moves", "outer.corp.internal. A" + g, "NOERROR aa\nouter.corp.internal. 5 CNAME static.corp.internal.\nstatic.corp.internal. 5 CNAME cache-v2.corp.internal.\n" + v2 + gOPT},
		{"the first alias moves, not yet", "outer.corp.internal. A" + notG, "NOERROR aa\nouter.corp.internal. 5 CNAME cache-v1.corp.internal.\n" + v1 + notGOPT},
		{"all have moved away from one that moves", "whole.corp.internal. A" + moved, "NOERROR aa\nwhole.corp.internal. 5 CNAME static.corp.internal.\nstatic.corp.internal. 5 CNAME cache-v2.corp.internal.\n" + v2 + everybody(movedOPT)},
		{"an alias is not left yet", "later.corp.internal. A", "NOERROR aa\nlater.corp.internal. 5 CNAME static.corp.internal.\nstatic.corp.internal. 5 CNAME cache-v2.corp.internal.\n" + v2},
		{"another block's alias moves", "far.example.internal. A" + moved, "NOERROR aa\nfar.example.internal. 5 CNAME cache.corp.internal.\n" + to2 + v2 + movedOPT},
		{"another block's alias moves, not yet", "far.example.internal. A" + unmoved, "NOERROR aa\nfar.example.internal. 5 CNAME cache.corp.internal.\n" + to1 + v1 + unmovedOPT},
		{"another block's alias moves, IPv6", "far.example.internal. A" + moved6, "NOERROR aa\nfar.example.internal. 5 CNAME cache.corp.internal.\n" + to2 + v2 + moved6OPT},
		{"to another block's alias", "mine.example.internal. A" + g, "NOERROR aa\nmine.example.internal. 5 CNAME static.corp.internal.\nstatic.corp.internal. 5 CNAME cache-v2.corp.internal.\n" + v2 + gOPT},
		{"to another block's alias, not yet", "mine.example.internal. A" + notG, "NOERROR aa\nmine.example.internal. 5 CNAME cache-v1.corp.internal.\n" + v1 + notGOPT},
		{"another block's alias, by address", "far.example.internal. A from=" + at(t, salt, 0.1, v4).Addr().String(), "NOERROR aa\nfar.example.internal. 5 CNAME cache.corp.internal.\n" + to2 + v2},
		{"another block's alias, by address, not yet", "far.example.internal. A from=" + at(t, salt, 0.9, v4).Addr().String(), "NOERROR aa\nfar.example.internal. 5 CNAME cache.corp.internal.\n" + to1 + v1},
		{"an apex", "example.internal. A" + g, "NOERROR aa\nexample.internal. 5 A 192.0.2.2" + gOPT},
		{"an apex, not yet", "example.internal. A" + notG, "NOERROR aa\nexample.internal. 5 A 192.0.2.1" + notGOPT},
		{"30: below an apex", "x.example.internal. A" + g, "NOERROR aa\nx.example.internal. 5 CNAME cache-v2.corp.internal.\n" + v2 + gOPT},
		{"32: an excepted name below an apex", "ns.example.internal. A", "NOERROR aa\nns.example.internal. 60 A 192.0.2.54\nauthority: example.internal. 60 NS ns.example.internal."},
		{"31: too long for the new target", labels + "long.corp.internal. A" + g, "YXDOMAIN aa" + gOPT},
		{"31: and not for the old one", labels + "long.corp.internal. CNAME" + notG, "NOERROR aa\n" + labels + "long.corp.internal. 5 CNAME " + labels + "cache-v1.corp.internal." + notGOPT},
	}}, {"flatten", []exchange{
		{"the second alias moves", "plain.corp.internal. A" + moved, "NOERROR aa\nplain.corp.internal. 5 A 192.0.2.2" + ns + movedOPT},
		{"no data: for all", "plain.corp.internal. TXT" + unmoved, "NOERROR aa" + soa + everybody(unmovedOPT)},
		{"the first alias moves", "outer.corp.internal. A" + notG, "NOERROR aa\nouter.corp.internal. 5 A 192.0.2.1" + ns + notGOPT},
		{"another block's alias moves", "far.example.internal. A" + moved6, "NOERROR aa\nfar.example.internal. 5 A 192.0.2.2" + moved6OPT},
		{"another block's alias moves, not yet", "far.example.internal. A" + unmoved, "NOERROR aa\nfar.example.internal. 5 A 192.0.2.1" + unmovedOPT},
		{"to another block's alias", "mine.example.internal. A" + g, "NOERROR aa\nmine.example.internal. 5 A 192.0.2.2" + gOPT},
	}}} {
		t.Run(tt.mode, func(t *testing.T) {
			s := startServer(t, strings.ReplaceAll(`
				corp.internal:0 {
					bind 127.0.0.1
					root DIR
					versionalias {
						directory corp
						answer MODE
					}
					file corp.zone
				}
				example.internal:0 {
					bind 127.0.0.1
					root DIR
					versionalias {
						directory example
						answer MODE
					}
					file example.zone
				}`, "MODE", tt.mode), all)
			for _, x := range tt.exchanges {
				if got := show(x.ask(t, s)); got != x.want {
					t.Errorf("%s: %s got\n%s\nwant\n%s", x.name, x.q, got, x.want)
				}
			}
		})
	}
}

// What is read of a query after its client has moved is what the client was told.
func TestMovingMetadata(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := moving(t, "cache", `{"from": "v1.corp.internal", "to": "v2.corp.internal", "start": "2000-01-01T00:00:10Z", "subtree": "keep"}`, false)
		target := func() func() string {
			state := request.Request{Req: question("web.cache.corp.internal.", dns.TypeA), W: &test.ResponseWriter{}}
			return metadata.ValueFunc(v.Metadata(metadata.ContextWithMetadata(context.Background()), state), "versionalias/target")
		}
		before := target()
		<-time.After(10 * time.Second)
		for _, tt := range []struct {
			name   string
			target func() string
			want   string
		}{
			{"of a query before the flip", before, "web.v1.corp.internal."},
			{"and read again", before, "web.v1.corp.internal."},
			{"of a query after it", target(), "web.v2.corp.internal."},
		} {
			if got := tt.target(); got != tt.want {
				t.Errorf("the metadata target %s is %s, want %s", tt.name, got, tt.want)
			}
		}
	})
}

// The aliases of one group in a bundle lead each client to the same version,
// whatever the documents do.
func TestMovingGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const clients = 400
		clientsAt := map[string]int{} // the versions of sessions, carts and other, in the end
		for _, move := range []string{
			`"percent": 0`,
			`"percent": 30`,
			`"start": "2000-01-01T00:00:00Z", "over": "100s"`, // for 40 s
			`"percent": 40.5`,
			`"percent": 10`,
			`"percent": 100`,
			`"percent": 50`,
		} {
			v := moving(t, "bundle", strings.ReplaceAll(`{"aliases": {
				"sessions": {"from": "v1.corp.internal", "to": "v2.corp.internal", MOVE, "group": "caches"},
				"carts": {"from": "v1.sub.corp.internal", "to": "v2.sub.corp.internal", MOVE, "group": "caches", "ttl": 60},
				"other": {"from": "v1.corp.internal", "to": "v2.corp.internal", MOVE}
			}}`, "MOVE", move), false)
			if strings.Contains(move, "start") {
				<-time.After(40 * time.Second)
			}
			clear(clientsAt)
			for i := range clients {
				versions := ""
				for _, name := range []string{"sessions.corp.internal.", "carts.corp.internal.", "other.corp.internal."} {
					m := v.asked(t, v4(i), "", name, dns.TypeA)
					versions += m.Answer[0].(*dns.CNAME).Target[:len("v1")]
				}
				if versions[:2] != versions[2:4] {
					t.Fatalf("at %s client %s is led to %s, want the same version of both caches", move, v4(i), versions)
				}
				clientsAt[versions]++
			}
		}
		for _, versions := range []string{"v1v1v1", "v1v1v2", "v2v2v1", "v2v2v2"} {
			if n := clientsAt[versions]; n < clients/8 {
				t.Errorf("at 50 percent %d of %d clients are led to %s, want about a fourth", n, clients, versions)
			}
		}
	})
}

// The TTL does not reach past the move, however long the target's answer takes.
func TestMovingWhileTheTargetIsSlow(t *testing.T) {
	test := func(flat bool, took time.Duration, qtype uint16, want uint32) {
		synctest.Test(t, func(t *testing.T) {
			v := moving(t, "cache", `{"from": "v1.corp.internal", "to": "v2.corp.internal", "start": "2000-01-01T00:00:10Z"}`, flat)
			below := v.Next
			v.Next = plugin.HandlerFunc(func(ctx context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
				<-time.After(took)
				return below.ServeDNS(ctx, w, r)
			})
			<-time.After(7 * time.Second)
			m := v.asked(t, v4(1), "", "cache.corp.internal.", qtype)
			for _, rr := range slices.Concat(m.Answer, m.Ns) {
				if hdr := rr.Header(); hdr.Name != "v1.corp.internal." && hdr.Ttl != want {
					t.Errorf("flatten %v: asked for 3s before the move, and told after %v, the TTL is %d, want %d: %v", flat, took, hdr.Ttl, want, rr)
				}
			}
		})
	}
	for took, want := range map[time.Duration]uint32{0: 3, time.Second: 2, 1900 * time.Millisecond: 1, 4 * time.Second: 0, 8 * time.Second: 0} {
		for _, qtype := range []uint16{dns.TypeA, dns.TypeTXT} {
			test(false, took, qtype, want)
			test(true, took, qtype, want)
		}
	}
}

// Nor does it reach past the move if what takes long is asked for behind the target's answer: the
// zone's SOA record, or the end of a chain, of which another alias is a part.
func TestMovingWhileTheRestIsSlow(t *testing.T) {
	test := func(flat bool, took time.Duration, name string, qtype uint16, want uint32) {
		synctest.Test(t, func(t *testing.T) {
			v := moving(t, "bundle", `{"aliases": {
				"cache": {"from": "v1.corp.internal", "to": "v2.corp.internal", "start": "2000-01-01T00:00:10Z"},
				"corp.internal": "cache.corp.internal"
			}}`, flat)
			v.Next = plugin.HandlerFunc(func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
				m := reply(r)
				switch q := r.Question[0]; {
				case q.Qtype == dns.TypeSOA:
					<-time.After(took)
					m.Answer = records([]string{"corp.internal. 60 IN SOA a. b. 1 2 3 4 5"})
				case q.Qtype == dns.TypeA && q.Name == "end.corp.internal.":
					<-time.After(took)
					m.Answer = records([]string{"end.corp.internal. 60 IN A 192.0.2.1"})
				case q.Qtype == dns.TypeA:
					m.Answer = records([]string{"v1.corp.internal. 60 IN CNAME end.corp.internal."})
				}
				return dns.RcodeSuccess, w.WriteMsg(m)
			})
			server := serving(t, "corp.internal.", v)
			<-time.After(7 * time.Second)
			w := newWrites()
			server.ServeDNS(context.WithValue(context.Background(), dnsserver.Key{}, server), w, question(name, qtype))
			rrs := slices.Concat(w.Msg.Answer, w.Msg.Ns)
			if len(rrs) != 1 || rrs[0].Header().Ttl != want {
				t.Errorf("%s %s, flatten %v: asked for 3s before the move, and told after %v, the answer is\n%s\nwant the TTL %d",
					name, dns.TypeToString[qtype], flat, took, show(w.Msg), want)
			}
		})
	}
	for took, want := range map[time.Duration]uint32{0: 3, 200 * time.Millisecond: 3, time.Second: 2, 1900 * time.Millisecond: 1, 2900 * time.Millisecond: 0, 8 * time.Second: 0} {
		test(true, took, "cache.corp.internal.", dns.TypeAAAA, want)
		test(false, took, "corp.internal.", dns.TypeAAAA, want)
		test(false, took, "corp.internal.", dns.TypeA, want)
	}
}

// What a move has not left yet exists if an alias lies below it, though queries for it are counted by
// who waits for the move to leave it.
func TestTargetAboveAnAlias(t *testing.T) {
	const ramp = `{"from": "v3.corp.internal", "to": "v2.corp.internal", "start": "2000-01-01T01:00:00Z", "over": "100s"}`
	synctest.Test(t, func(t *testing.T) {
		v := moving(t, "cache", ramp, false)
		for _, want := range []int{dns.RcodeNameError, dns.RcodeSuccess} {
			edit := v.table.Load().Edit()
			if want == dns.RcodeSuccess {
				edit.Put(&alias.Source{Parameter: "/dns/x"}, alias.Alias{Name: "x.v3.corp.internal.", Zone: "corp.internal.", Target: "v1.corp.internal.", TTL: 5})
			}
			edit.Retire("v3.corp.internal.", new(alias.Retired))
			v.table.Store(edit.Table())
			m := v.asked(t, netip.MustParsePrefix("192.0.2.1/32"), "", "cache.corp.internal.", dns.TypeA)
			if m.Rcode != want {
				t.Errorf("got %s, want %s", dns.RcodeToString[m.Rcode], dns.RcodeToString[want])
			}
		}
	})
}

// A ramp goes on through an outage, a reload and a restart.
func TestMovingGoesOn(t *testing.T) {
	const ramp = `{"from": "cache-v1.corp.internal", "to": "cache-v2.corp.internal", "start": "2000-01-01T01:00:00Z", "over": "100s"}`
	client := at(t, "cache.corp.internal.", 0.5, func(i int) netip.Prefix {
		return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 240, byte(i >> 8), byte(i)}), 32)
	}).Addr()
	script := `
		put /dns/cache ` + ramp + `
		start
		metric moved_ratio{alias="cache.corp.internal.",zone="corp.internal."} 0
		fault refused
		wait 50m
		reload
		cache cache-v1
		restart
		wait 10m
		wait 25s
		metric moved_ratio{alias="cache.corp.internal.",zone="corp.internal."} 0.25
		cache cache-v1
		reload
		wait 24s
		cache cache-v1
		restart
		wait 2s
		cache cache-v2
		wait 1h
		metric moved_ratio{alias="cache.corp.internal.",zone="corp.internal."} 1
		cache cache-v2`
	const refused = `[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused`
	const recalled = "[INFO] recalled 1 aliases, and 0 rejected documents, of TIME"
	run(t, "from "+client.String()+script, strings.Join([]string{
		"[INFO] loaded 1 aliases from 1 parameters", refused, recalled, refused, recalled, refused,
	}, "\n"))
}

func TestRemote(t *testing.T) {
	for _, tt := range []struct {
		addr net.Addr
		want string
	}{
		{&net.UDPAddr{IP: net.ParseIP("192.0.2.1")}, "192.0.2.1"},
		{&net.TCPAddr{IP: net.ParseIP("192.0.2.1").To4()}, "192.0.2.1"},
		{&net.TCPAddr{IP: net.ParseIP("2001:db8::1"), Zone: "eth0"}, "2001:db8::1"},
		{&net.IPAddr{IP: net.ParseIP("192.0.2.1")}, "invalid IP"},
		{named("[2001:db8::1]:53"), "2001:db8::1"},
		{named("[::ffff:192.0.2.1]:53"), "192.0.2.1"},
		{named("pipe"), "invalid IP"},
	} {
		if got := remote(tt.addr); got.String() != tt.want {
			t.Errorf("remote(%v) got %s, want %s", tt.addr, got, tt.want)
		}
	}
}

// named is an address of a kind that is no IP's.
type named string

func (named) Network() string  { return "any" }
func (n named) String() string { return string(n) }
