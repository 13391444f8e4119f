package versionalias

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/pkg/dnstest"
	"github.com/miekg/dns"
)

// The client sees the alias own the target's records: 3 to 5, 7, 8 and 21 to 29
// of DNS correctness, through the real chain.
func TestFlatten(t *testing.T) {
	const soa = "authority: corp.internal. 5 SOA ns.corp.internal. hostmaster.corp.internal. 1 3600 600 86400 300"
	const ns = "authority: corp.internal. 60 NS ns.corp.internal."
	s := startServer(t, `
		corp.internal:0 {
			bind 127.0.0.1
			root DIR
			versionalias {
				directory aliases
				answer flatten
			}
			file corp.zone
		}
		apex.internal:0 {
			bind 127.0.0.1
			root DIR
			versionalias {
				directory apex
			}
			file apex.zone
		}
		bare.internal:0 {
			bind 127.0.0.1
			root DIR
			versionalias {
				directory bare
			}
			file bare.zone
		}
		flat.internal:0 {
			bind 127.0.0.1
			root DIR
			versionalias {
				directory flat
				answer flatten
			}
			file flat.zone
		}
		example.org:0 {
			bind 127.0.0.1
			hosts {
				198.51.100.7 web.example.org
			}
		}
		example.net:0 {
			bind 127.0.0.1
			acl {
				block
			}
			whoami
		}`, files{
		"corp.zone": corpZone + `
svc         HTTPS 1 . alpn=h2
            HTTPS 0 .
mail        MX    10 cache-v1
short       3  IN A 192.0.2.3
longer      30 IN CNAME short
nodata      CNAME cache-v2
sub         NS    ns.sub
ns.sub      A     192.0.2.54
tosub       CNAME x.sub
out         CNAME web.example.org.
hidden      CNAME web.example.net.
lost        CNAME web.elsewhere.test.
`,
		"apex.zone": `$ORIGIN apex.internal.
$TTL 60
@           SOA   ns hostmaster 1 3600 600 86400 300
            NS    ns
            A     192.0.2.98
            MX    10 mail
ns          A     192.0.2.53
web-v1      A     192.0.2.11
`,
		"bare.zone":          bare("bare.internal."),
		"flat.zone":          bare("flat.internal."),
		"bare/bare.internal": "nowhere.bare.internal",
		"flat/flat.internal": "nowhere.flat.internal",
		"aliases/cache":      "cache-v1.corp.internal",
		"aliases/long":       `{"to": "longer.corp.internal", "ttl": 100}`,
		"aliases/slow":       `{"to": "longer.corp.internal", "ttl": 1}`,
		"aliases/via":        "moved.corp.internal",
		"aliases/missing":    "nowhere.corp.internal",
		"aliases/x.missing2": "cache-v1.corp.internal",
		"aliases/missing2":   "nowhere.corp.internal",
		"aliases/gone":       "away.corp.internal",
		"aliases/empty":      "nodata.corp.internal",
		"aliases/two":        "cache.corp.internal",
		"aliases/https":      "svc.corp.internal",
		"aliases/mx":         "mail.corp.internal",
		"aliases/referral":   "x.sub.corp.internal",
		"aliases/referred":   "tosub.corp.internal",
		"aliases/web":        "web.example.org",
		"aliases/webvia":     "out.corp.internal",
		"aliases/blocked":    "hidden.corp.internal",
		"aliases/unserved":   "web.elsewhere.test",
		"aliases/unvia":      "lost.corp.internal",
		"aliases/apexed":     "apex.internal",
		"apex/all":           `{"aliases": {"apex.internal": "www.apex.internal", "www": "web-v1.apex.internal"}}`,
	})
	for _, x := range []exchange{
		{"23, 24: the alias owns the target's record", "cache.corp.internal. A", `
			NOERROR aa
			cache.corp.internal. 5 A 192.0.2.1
			` + ns},
		{"2: in the case that was asked for", "CACHE.corp.internal. AAAA", `
			NOERROR aa
			CACHE.corp.internal. 5 AAAA 2001:db8::1
			` + ns},
		{"24: the least TTL of the chain", "long.corp.internal. A", `
			NOERROR aa
			long.corp.internal. 3 A 192.0.2.3
			` + ns},
		{"24: the alias's TTL, if it is the least", "slow.corp.internal. A", `
			NOERROR aa
			slow.corp.internal. 1 A 192.0.2.3
			` + ns},
		{"25: CNAMEs go", "via.corp.internal. A", `
			NOERROR aa
			via.corp.internal. 5 A 192.0.2.2
			` + ns},
		{"25: CNAME is NODATA, and not to be taken for a referral", "via.corp.internal. CNAME", `
			NOERROR aa
			` + soa},
		{"25: CNAME of a target without one", "cache.corp.internal. CNAME", `
			NOERROR aa
			` + soa},
		{"3: the target does not exist", "missing.corp.internal. A", `
			NXDOMAIN aa
			` + soa},
		{"3: the end of the chain does not exist", "gone.corp.internal. A", `
			NXDOMAIN aa
			` + soa},
		{"28: the target does not exist, and another alias lies below", "missing2.corp.internal. A", `
			NOERROR aa
			` + soa},
		{"28: the target of an apex does not exist, but the apex does", "bare.internal. A", `
			NOERROR aa
			authority: bare.internal. 5 SOA ns.bare.internal. hostmaster.bare.internal. 1 3600 600 86400 300`},
		{"28: the same of an apex in mode flatten", "flat.internal. AAAA", `
			NOERROR aa
			authority: flat.internal. 5 SOA ns.flat.internal. hostmaster.flat.internal. 1 3600 600 86400 300`},
		{"4: the target has no such type", "cache.corp.internal. TXT", `
			NOERROR aa
			` + soa},
		{"25: the end of the chain has no such type", "empty.corp.internal. AAAA", `
			NOERROR aa
			` + soa},
		{"25: an end that another block has", "webvia.corp.internal. A", `
			NOERROR aa
			webvia.corp.internal. 5 A 198.51.100.7
			` + ns},
		{"9, 25: an end that may not be asked for", "blocked.corp.internal. A edns", "REFUSED\nOPT ede=15"},
		{"25: an end that nobody serves", "unvia.corp.internal. A", "SERVFAIL"},
		{"9: a target that nobody serves", "unserved.corp.internal. A", "SERVFAIL"},
		{"an alias of an alias", "two.corp.internal. A", `
			NOERROR aa
			two.corp.internal. 5 A 192.0.2.1
			` + ns},
		{"27: the owner's name in HTTPS", "https.corp.internal. HTTPS", `
			NOERROR aa
			https.corp.internal. 5 HTTPS 1 svc.corp.internal. alpn="h2"
			https.corp.internal. 5 HTTPS 0 .
			` + ns},
		{"23: names in rdata stay, and so do their addresses", "mx.corp.internal. MX", `
			NOERROR aa
			mx.corp.internal. 5 MX 10 cache-v1.corp.internal.
			` + ns + `
			additional: cache-v1.corp.internal. 60 A 192.0.2.1
			additional: cache-v1.corp.internal. 60 AAAA 2001:db8::1`},
		{"25: a referral", "referral.corp.internal. A", "SERVFAIL"},
		{"25: a referral behind a CNAME", "referred.corp.internal. A", "SERVFAIL"},
		{"a target of another block", "web.corp.internal. A", `
			NOERROR aa
			web.corp.internal. 5 A 198.51.100.7`},
		{"28: an SOA that does not speak for the alias", "web.corp.internal. AAAA", `
			NOERROR aa
			` + soa},
		{"29: ANY, to which file has no answer", "via.corp.internal. ANY", `
			NOERROR aa
			` + soa},
		{"6: EDNS", "cache.corp.internal. A do", `
			NOERROR aa
			cache.corp.internal. 5 A 192.0.2.1
			` + ns + `
			OPT do`},
		{"21: the apex has the alias's addresses, in mode cname too", "apex.internal. A", `
			NOERROR aa
			apex.internal. 5 A 192.0.2.11
			authority: apex.internal. 60 NS ns.apex.internal.`},
		{"21: the apex has no address of the other family", "apex.internal. AAAA", `
			NOERROR aa
			authority: apex.internal. 5 SOA ns.apex.internal. hostmaster.apex.internal. 1 3600 600 86400 300`},
		{"21: the apex keeps its SOA", "apex.internal. SOA", `
			NOERROR aa
			apex.internal. 60 SOA ns.apex.internal. hostmaster.apex.internal. 1 3600 600 86400 300
			authority: apex.internal. 60 NS ns.apex.internal.`},
		{"21: the apex keeps its MX", "apex.internal. MX", `
			NOERROR aa
			apex.internal. 60 MX 10 mail.apex.internal.
			authority: apex.internal. 60 NS ns.apex.internal.`},
		{"21: below the apex it is mode cname", "www.apex.internal. A", `
			NOERROR aa
			www.apex.internal. 5 CNAME web-v1.apex.internal.
			web-v1.apex.internal. 60 A 192.0.2.11
			authority: apex.internal. 60 NS ns.apex.internal.`},
		{"21: an apex as the target of an alias", "apexed.corp.internal. A", `
			NOERROR aa
			apexed.corp.internal. 5 A 192.0.2.11`},
		{"25: that makes no apex of the alias", "apexed.corp.internal. NS", `
			NOERROR aa
			` + soa},
		{"25: nor has it the SOA", "apexed.corp.internal. SOA", "NOERROR aa"},
		{"25: but what else an apex has", "apexed.corp.internal. MX", `
			NOERROR aa
			apexed.corp.internal. 5 MX 10 mail.apex.internal.`},
	} {
		t.Run(x.name, func(t *testing.T) {
			if got := show(x.ask(t, s)); got != trim(x.want) {
				t.Errorf("%s got\n%s\nwant\n%s", x.q, got, trim(x.want))
			}
		})
	}
}

// What comes from below but no zone file has. The question is for an alias of
// cache-v1, of type A, with DO.
func TestFlattenWhatComesFromBelow(t *testing.T) {
	const sig = " 8 3 60 20300101000000 20200101000000 1 corp.internal. AAAA"
	for _, tt := range []struct {
		name       string
		qtype      uint16 // A if it is 0
		header     dns.MsgHdr
		answer, ns []string
		extra      []string
		want       string
	}{{
		name:   "7, 26: signatures and AD go",
		header: dns.MsgHdr{AuthenticatedData: true, Authoritative: true},
		answer: []string{"cache-v1.corp.internal. 60 IN A 192.0.2.1", "cache-v1.corp.internal. 60 IN RRSIG A" + sig},
		ns:     []string{"corp.internal. 60 IN NS ns.corp.internal.", "corp.internal. 60 IN RRSIG NS" + sig},
		want: `
			NOERROR aa
			cache.corp.internal. 5 A 192.0.2.1
			authority: corp.internal. 60 NS ns.corp.internal.
			authority: corp.internal. 60 RRSIG NS` + sig,
	}, {
		name:   "5, 26: of a denial only the SOA and its signature stay",
		header: dns.MsgHdr{Authoritative: true},
		ns: []string{"corp.internal. 60 IN SOA a. b. 1 2 3 4 5", "corp.internal. 60 IN RRSIG SOA" + sig,
			"cache-v1.corp.internal. 60 IN NSEC x.corp.internal. TXT", "cache-v1.corp.internal. 60 IN RRSIG NSEC" + sig},
		want: `
			NOERROR aa
			authority: corp.internal. 5 SOA a. b. 1 2 3 4 5
			authority: corp.internal. 5 RRSIG SOA` + sig,
	}, {
		name:   "28: an SOA of another zone",
		header: dns.MsgHdr{Rcode: dns.RcodeNameError},
		ns:     []string{"cache-v1.corp.internal. 60 IN SOA a. b. 1 2 3 4 5", "cache-v1.corp.internal. 60 IN RRSIG SOA" + sig},
		want:   "NXDOMAIN aa",
	}, {
		name:   "24: one TTL for an RRset",
		answer: []string{"cache-v1.corp.internal. 4 IN A 192.0.2.1", "cache-v1.corp.internal. 60 IN A 192.0.2.2"},
		want: `
			NOERROR aa
			cache.corp.internal. 4 A 192.0.2.1
			cache.corp.internal. 4 A 192.0.2.2`,
	}, {
		name:   "2, 25: owners in other letters, and not in the order of the chain",
		answer: []string{"End.Corp.internal. 60 IN A 192.0.2.1", "mid.corp.internal. 2 IN CNAME END.corp.internal.", "CACHE-v1.corp.internal. 60 IN CNAME Mid.corp.internal."},
		want: `
			NOERROR aa
			cache.corp.internal. 2 A 192.0.2.1`,
	}, {
		name:   "25: records that the chain does not lead to",
		answer: []string{"cache-v1.corp.internal. 60 IN A 192.0.2.1", "other.corp.internal. 60 IN A 192.0.2.2"},
		want: `
			NOERROR aa
			cache.corp.internal. 5 A 192.0.2.1`,
	}, {
		name:   "8: what is cut off is not looked for",
		header: dns.MsgHdr{Truncated: true},
		answer: []string{"cache-v1.corp.internal. 60 IN CNAME end.corp.internal."},
		want:   "NOERROR aa tc",
	}, {
		name: "25: nothing, and no SOA",
		want: "NOERROR aa",
	}, {
		name: "25: a referral",
		ns:   []string{"corp.internal. 60 IN NS ns.corp.internal."},
		want: "SERVFAIL",
	}, {
		name:   "25: no referral: it is authoritative",
		header: dns.MsgHdr{Authoritative: true},
		ns:     []string{"corp.internal. 60 IN NS ns.corp.internal."},
		want:   "NOERROR aa",
	}, {
		name:   "8, 25: no referral: it is cut off",
		header: dns.MsgHdr{Truncated: true},
		ns:     []string{"corp.internal. 60 IN NS ns.corp.internal."},
		want:   "NOERROR aa tc",
	}, {
		name: "25: no referral: there is an SOA",
		ns:   []string{"corp.internal. 60 IN NS ns.corp.internal.", "corp.internal. 60 IN SOA a. b. 1 2 3 4 5"},
		want: `
			NOERROR aa
			authority: corp.internal. 5 SOA a. b. 1 2 3 4 5`,
	}, {
		name:   "25: no referral: it does not exist",
		header: dns.MsgHdr{Rcode: dns.RcodeNameError},
		ns:     []string{"corp.internal. 60 IN NS ns.corp.internal."},
		want:   "NXDOMAIN aa",
	}, {
		name:   "27: the owner's name in SVCB, and other names",
		answer: []string{"cache-v1.corp.internal. 60 IN SVCB 1 .", "cache-v1.corp.internal. 60 IN SVCB 2 other.internal.", "cache-v1.corp.internal. 60 IN HTTPS 1 other.internal."},
		want: `
			NOERROR aa
			cache.corp.internal. 5 SVCB 1 cache-v1.corp.internal.
			cache.corp.internal. 5 SVCB 2 other.internal.
			cache.corp.internal. 5 HTTPS 1 other.internal.`,
	}, {
		name:   "6: an OPT does not take the place of other records",
		qtype:  dns.TypeMX,
		answer: []string{"cache-v1.corp.internal. 60 IN MX 10 x.corp.internal."},
		extra:  []string{"a.corp.internal. 60 IN A 192.0.2.2", "opt", "b.corp.internal. 60 IN A 192.0.2.3"},
		want: `
			NOERROR aa
			cache.corp.internal. 5 MX 10 x.corp.internal.
			additional: a.corp.internal. 60 A 192.0.2.2
			OPT do
			additional: b.corp.internal. 60 A 192.0.2.3`,
	}, {
		name:   "23: what the target owns in the additional section",
		qtype:  dns.TypeMX,
		answer: []string{"cache-v1.corp.internal. 60 IN MX 10 x.corp.internal."},
		extra:  []string{"Cache-v1.corp.internal. 60 IN AAAA 2001:db8::1", "cache-v1.corp.internal. 60 IN RRSIG AAAA" + sig, "ns.corp.internal. 60 IN A 192.0.2.53"},
		want: `
			NOERROR aa
			cache.corp.internal. 5 MX 10 x.corp.internal.
			additional: cache.corp.internal. 5 AAAA 2001:db8::1
			additional: ns.corp.internal. 60 A 192.0.2.53`,
	}, {
		name:   "25: the servers of the target's zone, and of one above the alias",
		answer: []string{"cache-v1.corp.internal. 60 IN A 192.0.2.1"},
		ns:     []string{"other.internal. 60 IN NS ns.other.internal.", "other.internal. 60 IN RRSIG NS" + sig, "corp.internal. 60 IN NS ns.corp.internal."},
		want: `
			NOERROR aa
			cache.corp.internal. 5 A 192.0.2.1
			authority: corp.internal. 60 NS ns.corp.internal.`,
	}, {
		name:   "12, 25: a CNAME or DNAME of the target beside its records",
		qtype:  dns.TypeMX,
		answer: []string{"cache-v1.corp.internal. 60 IN MX 10 x.corp.internal."},
		ns:     []string{"cache-v1.corp.internal. 60 IN CNAME x.corp.internal.", "Cache-v1.corp.internal. 60 IN DNAME x.corp.internal.", "cache-v1.corp.internal. 60 IN RRSIG CNAME" + sig},
		extra:  []string{"cache-v1.corp.internal. 60 IN DNAME x.corp.internal.", "CACHE-v1.corp.internal. 60 IN CNAME x.corp.internal.", "cache-v1.corp.internal. 60 IN RRSIG DNAME" + sig, "other.corp.internal. 60 IN CNAME x.corp.internal."},
		want: `
			NOERROR aa
			cache.corp.internal. 5 MX 10 x.corp.internal.
			additional: other.corp.internal. 60 CNAME x.corp.internal.`,
	}, {
		name:   "28: an SOA of a zone above the plugin's, of which the server is sure",
		header: dns.MsgHdr{Authoritative: true},
		ns:     []string{"internal. 60 IN SOA a. b. 1 2 3 4 5"},
		want:   "NOERROR aa\nauthority: internal. 5 SOA a. b. 1 2 3 4 5",
	}, {
		name: "28: and of which it is not",
		ns:   []string{"internal. 60 IN SOA a. b. 1 2 3 4 5"},
		want: "NOERROR aa",
	}, {
		name:   "28: an SOA of another zone, of which the server is sure",
		header: dns.MsgHdr{Authoritative: true},
		ns:     []string{"other.internal. 60 IN SOA a. b. 1 2 3 4 5"},
		want:   "NOERROR aa",
	}, {
		name:   "and beside addresses",
		answer: []string{"cache-v1.corp.internal. 60 IN A 192.0.2.1"},
		extra:  []string{"ns.other.internal. 60 IN A 192.0.2.53"},
		want: `
			NOERROR aa
			cache.corp.internal. 5 A 192.0.2.1`,
	}, {
		name:   "12, 25: a CNAME of a name on the way beside the end's records",
		answer: []string{"cache-v1.corp.internal. 60 IN CNAME end.corp.internal.", "end.corp.internal. 60 IN A 192.0.2.1"},
		ns:     []string{"end.corp.internal. 60 IN CNAME x.corp.internal."},
		extra:  []string{"cache-v1.corp.internal. 60 IN CNAME end.corp.internal.", "end.corp.internal. 60 IN DNAME x.corp.internal."},
		want: `
			NOERROR aa
			cache.corp.internal. 5 A 192.0.2.1`,
	}, {
		name:   "26: what denies other names",
		header: dns.MsgHdr{Authoritative: true},
		ns: []string{"corp.internal. 60 IN SOA a. b. 1 2 3 4 5",
			"0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.corp.internal. 60 IN NSEC3 1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr A",
			"0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.corp.internal. 60 IN RRSIG NSEC3" + sig,
			"other.corp.internal. 60 IN NSEC x.corp.internal. TXT"},
		want: `
			NOERROR aa
			authority: corp.internal. 5 SOA a. b. 1 2 3 4 5`,
	}, {
		name:   "26: and beside an answer, in any section",
		answer: []string{"cache-v1.corp.internal. 60 IN A 192.0.2.1", "cache-v1.corp.internal. 60 IN NSEC x.corp.internal. A"},
		extra:  []string{"0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.corp.internal. 60 IN NSEC3 1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr A"},
		want: `
			NOERROR aa
			cache.corp.internal. 5 A 192.0.2.1`,
	}, {
		name:   "25: an end that is denied is not asked for anew",
		answer: []string{"cache-v1.corp.internal. 60 IN CNAME end.corp.internal."},
		ns:     []string{"corp.internal. 60 IN SOA a. b. 1 2 3 4 5"},
		want: `
			NOERROR aa
			authority: corp.internal. 5 SOA a. b. 1 2 3 4 5`,
	}, {
		name:   "a circle of CNAMEs, which no server can be asked to settle here",
		answer: []string{"cache-v1.corp.internal. 60 IN CNAME a.corp.internal.", "a.corp.internal. 60 IN CNAME cache-v1.corp.internal."},
		want:   "SERVFAIL",
	}} {
		t.Run(tt.name, func(t *testing.T) {
			sections := [][]dns.RR{records(tt.answer), records(tt.ns), records(tt.extra)}
			next := plugin.HandlerFunc(func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
				below := new(dns.Msg).SetReply(r)
				below.Authoritative, below.Truncated, below.AuthenticatedData = tt.header.Authoritative, tt.header.Truncated, tt.header.AuthenticatedData
				below.Rcode = tt.header.Rcode
				below.Answer, below.Ns, below.Extra = sections[0], sections[1], sections[2]
				return dns.RcodeSuccess, w.WriteMsg(below)
			})
			v := above(next, cacheAlias)
			v.flatten = true
			w := newWrites()
			if _, err := v.ServeDNS(context.Background(), w, withEDNS(question("cache.corp.internal.", cmp.Or(tt.qtype, dns.TypeA)), true)); err != nil {
				t.Fatal(err)
			}
			if got := show(w.Msg); got != trim(tt.want) {
				t.Errorf("got\n%s\nwant\n%s", got, trim(tt.want))
			}
			for n, section := range sections { // 15
				if got, want := fmt.Sprint(section), fmt.Sprint(records([][]string{tt.answer, tt.ns, tt.extra}[n])); got != want {
					t.Errorf("the records below became\n%s\nwant\n%s", got, want)
				}
			}
		})
	}
}

// AA speaks of the first name of a chain, whoever knows the last.
func TestJoinedAA(t *testing.T) {
	for _, aa := range []bool{true, false} {
		m, next := new(dns.Msg), new(dns.Msg)
		m.Authoritative, next.Authoritative = aa, !aa
		next.Rcode = dns.RcodeNameError
		if got := join(m, next); got.Authoritative != aa || got.Rcode != dns.RcodeNameError {
			t.Errorf("an answer with AA %v, joined with NXDOMAIN, got AA %v and %s", aa, got.Authoritative, dns.RcodeToString[got.Rcode])
		}
	}
}

func records(text []string) []dns.RR {
	var rrs []dns.RR
	for _, line := range text {
		rr, err := dns.NewRR(line)
		if err != nil {
			panic(line + ": " + strings.TrimSpace(err.Error()))
		}
		rrs = append(rrs, rr)
	}
	return rrs
}

// 10: whatever is below, one query asks the chain anew a few times only. Here
// each question for a target leads back to the alias, and says no more.
func TestLookupsPerQuery(t *testing.T) {
	var asked atomic.Int32
	stub.serve.Store(plugin.HandlerFunc(func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
		asked.Add(1)
		return dns.RcodeSuccess, w.WriteMsg(reply(r, r.Question[0].Name+" 60 CNAME cache.corp.internal."))
	}))
	s := startServer(t, `
		corp.internal:0 {
			bind 127.0.0.1
			root DIR
			versionalias {
				directory aliases
				answer flatten
			}
			stub
		}`, files{"aliases/cache": "cache-v1.corp.internal"})
	if got := show(s.ask("cache.corp.internal.", dns.TypeA)); got != "SERVFAIL" {
		t.Errorf("got\n%s\nwant SERVFAIL", got)
	}
	if n := asked.Load(); n > maxHops {
		t.Errorf("the chain was asked %d times, want at most %d", n, maxHops)
	}
	asked.Store(0)
	stub.serve.Store(plugin.HandlerFunc(func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
		return dns.RcodeSuccess, w.WriteMsg(reply(r, fmt.Sprintf("%s 60 CNAME n%d.corp.internal.", r.Question[0].Name, asked.Add(1))))
	}))
	if got := show(s.ask("cache.corp.internal.", dns.TypeA)); got != "SERVFAIL" {
		t.Errorf("a chain without an end: got\n%s\nwant SERVFAIL", got)
	}
	if n := asked.Load(); n > maxHops {
		t.Errorf("a chain without an end was asked for %d times, want at most %d", n, maxHops)
	}
}

// 6: OPT has the root's name, but is not what a chain that ends there owns.
func TestChainToRoot(t *testing.T) {
	stub.serve.Store(plugin.HandlerFunc(func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
		m := withEDNS(reply(r, "cache-v1.corp.internal. 86400 CNAME ."), true)
		m.Ns = records([]string{". 86400 IN SOA a. b. 1 2 3 4 5"})
		return dns.RcodeSuccess, w.WriteMsg(m)
	}))
	s := startServer(t, `
		corp.internal:0 {
			bind 127.0.0.1
			root DIR
			versionalias {
				directory aliases
				answer flatten
				ttl 3600
			}
			stub
		}`, files{"aliases/cache": "cache-v1.corp.internal"})
	m := s.reply(client{}, withEDNS(question("cache.corp.internal.", dns.TypeA), true))
	if got, want := show(m), "NOERROR aa\nOPT do"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	const do = 0x8000
	if ttl := m.IsEdns0().Hdr.Ttl; ttl != do {
		t.Errorf("the OPT has flags %#x, want %#x", ttl, do)
	}
}

// bare is a zone of nothing but what it has to have.
func bare(origin string) string {
	return "$ORIGIN " + origin + `
@  60 SOA ns hostmaster 1 3600 600 86400 300
   60 NS  ns
ns 60 A   192.0.2.53
`
}

// 8, 9, 25: an end that the target's answer leads to and says nothing of is asked
// for anew, once, and what is said of it is what the client gets.
func TestWithEnd(t *testing.T) {
	const soa = "corp.internal. 60 IN SOA a. b. 1 2 3 4 5"
	negative := func(rcode int) func(m *dns.Msg) {
		return func(m *dns.Msg) { m.Rcode, m.Ns = rcode, records([]string{soa}) }
	}
	has := func(answer ...string) func(m *dns.Msg) {
		return func(m *dns.Msg) { m.Answer = records(answer) }
	}
	const failed = "SERVFAIL\nOPT ede=22"
	for _, tt := range []struct {
		name  string
		qtype uint16
		end   func(m *dns.Msg) // makes the answer for the end
		want  string
	}{
		{"25: it has the type", dns.TypeA, has("end.corp.internal. 60 IN A 192.0.2.1"), "NOERROR aa\ncache.corp.internal. 5 A 192.0.2.1"},
		{"25: it has no such type", dns.TypeA, negative(dns.RcodeSuccess), "NOERROR aa\nauthority: corp.internal. 5 SOA a. b. 1 2 3 4 5"},
		{"3, 25: it does not exist", dns.TypeA, negative(dns.RcodeNameError), "NXDOMAIN aa\nauthority: corp.internal. 5 SOA a. b. 1 2 3 4 5"},
		{"25: neither data nor an SOA", dns.TypeA, has(), "NOERROR aa"},
		{"25: NSEC, which is not the alias's", dns.TypeNSEC, has("end.corp.internal. 60 IN NSEC z.corp.internal. A"), "NOERROR aa"},
		{"25: DNAME", dns.TypeDNAME, has("end.corp.internal. 60 IN DNAME z.corp.internal."), "NOERROR aa"},
		{"25: RRSIG", dns.TypeRRSIG, has("end.corp.internal. 60 IN RRSIG A 8 3 60 20300101000000 20200101000000 1 corp.internal. AAAA"), "NOERROR aa"},
		{"8: it is cut off", dns.TypeA, func(m *dns.Msg) { m.Truncated = true }, "NOERROR aa tc"},
		{"8: it is cut off behind some of it", dns.TypeA, func(m *dns.Msg) {
			m.Truncated, m.Answer = true, records([]string{"end.corp.internal. 60 IN A 192.0.2.1"})
		}, "NOERROR aa tc\ncache.corp.internal. 5 A 192.0.2.1"},
		{"9: it fails", dns.TypeA, func(m *dns.Msg) { withEDE(m, 22).Rcode = dns.RcodeServerFailure }, failed},
		{"9: it fails with records", dns.TypeA, func(m *dns.Msg) {
			withEDE(m, 22).Rcode, m.Answer, m.Ns = dns.RcodeServerFailure, records([]string{"end.corp.internal. 60 IN A 192.0.2.1"}), records([]string{soa})
		}, failed},
		{"9: nobody serves it", dns.TypeA, func(m *dns.Msg) { m.Rcode = dns.RcodeRefused }, "SERVFAIL"},
		{"9: an access rule", dns.TypeA, func(m *dns.Msg) { withEDE(m, 18).Rcode = dns.RcodeRefused }, "REFUSED\nOPT ede=18"},
		{"9: an access rule that filters", dns.TypeA, func(m *dns.Msg) { withEDE(m, 17) }, "NOERROR\nOPT ede=17"},
		{"25: a referral", dns.TypeA, func(m *dns.Msg) { m.Ns = records([]string{"corp.internal. 60 IN NS ns.corp.internal."}) }, "SERVFAIL"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var asked atomic.Int32
			stub.serve.Store(plugin.HandlerFunc(func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
				if r.Question[0].Qtype == dns.TypeSOA {
					if strings.HasPrefix(tt.name, "8:") {
						t.Error("the zone was asked for its SOA, though the answer is cut off")
					}
					return dns.RcodeSuccess, w.WriteMsg(reply(r)) // it has none
				}
				asked.Add(1)
				if r.Question[0].Name == "cache-v1.corp.internal." {
					return dns.RcodeSuccess, w.WriteMsg(reply(r, "cache-v1.corp.internal. 60 IN CNAME end.corp.internal."))
				}
				m := reply(r)
				tt.end(m)
				return dns.RcodeSuccess, w.WriteMsg(m)
			}))
			s := startServer(t, `
				corp.internal:0 {
					bind 127.0.0.1
					root DIR
					versionalias {
						directory aliases
						answer flatten
					}
					stub
				}`, files{"aliases/cache": "cache-v1.corp.internal"})
			q := withEDNS(question("cache.corp.internal.", tt.qtype), false)
			got := strings.TrimSuffix(show(s.reply(client{}, q)), "\nOPT")
			if got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
			if n := asked.Load(); n != 2 {
				t.Errorf("the chain was asked %d times, want for the target and for the end", n)
			}
		})
	}
}

// 9, 25: a chain that an access rule has cut is not gone on with.
func TestWithEndRuled(t *testing.T) {
	stub.serve.Store(plugin.HandlerFunc(func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
		if r.Question[0].Name == "cache-v1.corp.internal." {
			return dns.RcodeSuccess, w.WriteMsg(withEDE(reply(r, "cache-v1.corp.internal. 60 IN CNAME end.corp.internal."), 17))
		}
		return dns.RcodeSuccess, w.WriteMsg(reply(r, "end.corp.internal. 60 IN A 192.0.2.1"))
	}))
	s := startServer(t, `
		corp.internal:0 {
			bind 127.0.0.1
			root DIR
			versionalias {
				directory aliases
				answer flatten
			}
			stub
		}`, files{"aliases/cache": "cache-v1.corp.internal"})
	for _, x := range []exchange{
		{q: "cache.corp.internal. A", want: "NOERROR"},
		{q: "cache.corp.internal. A edns", want: "NOERROR\nOPT ede=17"},
	} {
		if got := show(x.ask(t, s)); got != x.want {
			t.Errorf("%s got\n%s\nwant\n%s", x.q, got, x.want)
		}
	}
}

// 25: a resolver's CNAME that nothing stands behind, not even an SOA, is that there is nothing
// (RFC 2308 section 2.2, type 3), unless somebody here knows better. Of who does no recursion
// it is not: nobody has been to the end. RA tells them apart, or where header states that, AA.
func TestNothingBehindTheCNAMEOfAResolver(t *testing.T) {
	var ra, aa atomic.Bool
	upstream := dnstest.NewServer(func(w dns.ResponseWriter, r *dns.Msg) {
		m := new(dns.Msg).SetReply(r)
		m.RecursionAvailable, m.Authoritative = ra.Load(), aa.Load()
		switch q := r.Question[0]; {
		case q.Qtype == dns.TypeSOA:
		case q.Name == "here.corp.internal.":
			m.Answer = records([]string{q.Name + " 60 IN CNAME web.example.org."})
		case q.Name == "hidden.corp.internal.":
			m.Answer = records([]string{q.Name + " 60 IN CNAME web.example.net."})
		case q.Name == "far.corp.internal.":
			m.Answer = records([]string{q.Name + " 60 IN CNAME web.example.com."})
		case q.Name == "busy.corp.internal.":
			m.Answer = records([]string{q.Name + " 60 IN CNAME busy.example.com."})
		case q.Name == "busy.example.com.":
			m.Rcode = dns.RcodeRefused
		default:
			if q.Name == "web.example.com." {
				m.RecursionAvailable, m.Authoritative = true, false
			}
			m.Answer = records([]string{q.Name + " 60 IN CNAME lb.elsewhere.test."})
			if q.Qtype == dns.TypeA {
				m.Answer = append(m.Answer, records([]string{"lb.elsewhere.test. 60 IN A 192.0.2.7"})...)
			}
		}
		_ = w.WriteMsg(m)
	})
	defer upstream.Close()
	for _, tt := range []struct {
		rules string // of header
		ra    string // what they make of RA, if anything
		byAA  bool
	}{
		{"", "", false},
		{"response set ra", "set", true},
		{"response clear ra", "clear", true},
		{"response set ra aa", "set", false}, // nothing tells
		{"query set ra\nresponse clear aa", "", false},
	} {
		t.Run(cmp.Or(tt.rules, "no header"), func(t *testing.T) {
			header := ""
			if tt.rules != "" {
				header = "header {\n" + tt.rules + "\n}"
			}
			s := startServer(t, strings.NewReplacer("UPSTREAM", upstream.Addr, "HEADER", header).Replace(`
				corp.internal:0 {
					bind 127.0.0.1
					root DIR
					versionalias {
						directory aliases
						answer flatten
					}
					HEADER
					forward . UPSTREAM
				}
				example.com:0 {
					bind 127.0.0.1
					forward . UPSTREAM
				}
				example.org:0 {
					bind 127.0.0.1
					hosts {
						2001:db8::7 web.example.org
					}
				}
				example.net:0 {
					bind 127.0.0.1
					acl {
						block
					}
					whoami
				}`), files{
				"aliases/web":    "lb.corp.internal",
				"aliases/via":    "web.corp.internal",
				"aliases/known":  "here.corp.internal",
				"aliases/secret": "hidden.corp.internal",
				"aliases/joined": "far.corp.internal",
				"aliases/denied": "busy.corp.internal",
			})
			for flags := range 4 {
				ra.Store(flags&1 != 0)
				aa.Store(flags&2 != 0)
				told := tt.ra == "set" || ra.Load() && tt.ra == ""
				resolver := told
				if tt.byAA {
					resolver = !aa.Load()
				}
				nothing, has := "SERVFAIL", "NOERROR aa"
				if told {
					has += " ra"
				}
				if resolver {
					nothing = has
				}
				for _, x := range []exchange{
					{q: "web.corp.internal. A", want: has + "\nweb.corp.internal. 5 A 192.0.2.7"},
					{q: "web.corp.internal. AAAA", want: nothing},
					{q: "via.corp.internal. AAAA", want: nothing},
					{q: "denied.corp.internal. AAAA", want: nothing},
					{q: "joined.corp.internal. AAAA", want: "NOERROR aa ra"},
					{q: "known.corp.internal. AAAA", want: "NOERROR aa\nknown.corp.internal. 5 AAAA 2001:db8::7"},
					{q: "secret.corp.internal. AAAA", want: "REFUSED"},
				} {
					if got := show(x.ask(t, s)); got != x.want {
						t.Errorf("of who says RA %v, AA %v: %s got\n%s\nwant\n%s", ra.Load(), aa.Load(), x.q, got, x.want)
					}
				}
			}
		})
	}
}

// 28: a negative answer is cached by the SOA of the alias's own zone, as the plugins below
// have it: not of another one that the target is in, nor of one above.
func TestFlattenHasTheSOAOfTheZone(t *testing.T) {
	s := startServer(t, `
		corp.internal:0 {
			bind 127.0.0.1
			root DIR
			versionalias part.corp.internal {
				directory part
				answer flatten
			}
			file corp.zone
		}
		.:0 {
			bind 127.0.0.1
			root DIR
			versionalias {
				directory any
				answer flatten
			}
			file deep.zone deep.example.net
			file net.zone example.net
		}
		eu.corp.internal:0 us.corp.internal:0 {
			bind 127.0.0.1
			root DIR
			versionalias {
				directory eu
				answer flatten
			}
			file eu.zone eu.corp.internal
		}
		wild.corp.internal:0 {
			bind 127.0.0.1
			root DIR
			versionalias {
				directory wild
				answer flatten
			}
			file wild.zone
		}
		none.corp.internal:0 {
			bind 127.0.0.1
			root DIR
			versionalias {
				directory none
				answer flatten
			}
			hosts {
				192.0.2.9 static.none.corp.internal
			}
		}
		wide.test:0 {
			bind 127.0.0.1
			root DIR
			versionalias {
				directory wide
				answer flatten
			}
			file deep.wide.zone deep.wide.test
			file wide.zone wide.test
		}
		example.org:0 {
			bind 127.0.0.1
			whoami
		}`, files{
		"corp.zone":           corpZone,
		"eu.zone":             bare("eu.corp.internal.") + "static CNAME cache-v1.corp.internal.\nold A 192.0.2.8\nnear CNAME old\nlost CNAME web.elsewhere.test.\n",
		"eu/app":              "cache-v1.corp.internal",
		"eu/gone":             "nowhere.corp.internal",
		"eu/far":              "web.example.org",
		"eu/old":              "cache-v1.corp.internal",
		"eu/static":           "cache-v1.corp.internal",
		"eu/near":             "cache-v1.corp.internal",
		"eu/lost":             "cache-v1.corp.internal",
		"wide/static.deep":    "ns.deep.wide.test",
		"wide/far.deep":       "web.example.org",
		"wide/app.w.deep":     "cache-v1.corp.internal",
		"wide/up.deep":        "ns.wide.test",
		"wide/gone.deep":      "nowhere.wide.test",
		"wide.zone":           bare("wide.test.") + "ns A 192.0.2.5\n",
		"deep.wide.zone":      bare("deep.wide.test.") + "ns A 192.0.2.6\nstatic CNAME web.elsewhere.test.\nfar CNAME web.elsewhere.test.\n*.w CNAME web.elsewhere.test.\n",
		"eu/eu.corp.internal": "cache-v1.corp.internal",
		"wild.zone":           bare("wild.corp.internal.") + "* CNAME corp.internal.\n",
		"wild/app":            "cache-v1.corp.internal",
		"none/app":            "cache-v1.corp.internal",
		"part/app":            "cache-v1.corp.internal",
		"deep.zone":           bare("deep.example.net."),
		"net.zone":            bare("example.net.") + "t A 192.0.2.4\n",

		"any/app.deep.example.net": "t.example.net",
	})
	const soa = "\nauthority: eu.corp.internal. 5 SOA ns.eu.corp.internal. hostmaster.eu.corp.internal. 1 3600 600 86400 300"
	const deep = "\nauthority: deep.wide.test. 5 SOA ns.deep.wide.test. hostmaster.deep.wide.test. 1 3600 600 86400 300"
	for _, x := range []exchange{
		{"a target of a zone above", "app.eu.corp.internal. TXT", "NOERROR aa" + soa},
		{"that does not exist", "gone.eu.corp.internal. A", "NXDOMAIN aa" + soa},
		{"a target whose zone has none", "far.eu.corp.internal. TXT", "NOERROR aa" + soa},
		{"the zone has records of that name", "old.eu.corp.internal. TXT", "NOERROR aa" + soa},
		{"and a CNAME", "static.eu.corp.internal. TXT", "NOERROR aa" + soa},
		{"and one to a name there", "near.eu.corp.internal. TXT", "NOERROR aa" + soa},
		{"and one to a name that nobody serves", "lost.eu.corp.internal. TXT", "NOERROR aa" + soa},
		{"the apex", "eu.corp.internal. AAAA", "NOERROR aa\neu.corp.internal. 5 AAAA 2001:db8::1"},
		{"with EDNS", "app.eu.corp.internal. TXT do", "NOERROR aa" + soa + "\nOPT do"},
		{"a wildcard that leads to another zone", "app.wild.corp.internal. TXT", "NOERROR aa\nauthority: wild.corp.internal. 5 SOA ns.wild.corp.internal. hostmaster.wild.corp.internal. 1 3600 600 86400 300"},
		{"plugins that have none", "app.none.corp.internal. TXT", "NOERROR aa"},
		{"zones of the plugin that are narrower than the zone", "app.part.corp.internal. TXT", "NOERROR aa\nauthority: corp.internal. 5 SOA ns.corp.internal. hostmaster.corp.internal. 1 3600 600 86400 300"},
		{"a zone of the plugin that is wider, and a target of one above", "app.deep.example.net. TXT", "NOERROR aa\nauthority: deep.example.net. 5 SOA ns.deep.example.net. hostmaster.deep.example.net. 1 3600 600 86400 300"},
		{"a CNAME in a zone of a wider plugin", "static.deep.wide.test. AAAA", "NOERROR aa" + deep},
		{"and a target that brings no SOA", "far.deep.wide.test. TXT", "NOERROR aa" + deep},
		{"and by a wildcard", "app.w.deep.wide.test. TXT", "NOERROR aa" + deep},
		{"a target of the plugin's zone above", "up.deep.wide.test. AAAA", "NOERROR aa" + deep},
		{"and one that does not exist", "gone.deep.wide.test. AAAA", "NXDOMAIN aa" + deep},
		{"and where there is something", "app.deep.example.net. A", "NOERROR aa\napp.deep.example.net. 5 A 192.0.2.4"},
	} {
		if got := show(x.ask(t, s)); got != x.want {
			t.Errorf("%s: %s got\n%s\nwant\n%s", x.name, x.q, got, x.want)
		}
	}
}

// Who has no SOA record at hand keeps queries waiting once, and nobody looks for one for
// who looks for it.
func TestFlattenDoesNotWaitForTheSOA(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		v := above(func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
			if r.Question[0].Qtype == dns.TypeSOA && r.Question[0].Name == "cache.corp.internal." {
				asked++
				<-time.After(2 * time.Second)
				return dns.RcodeServerFailure, errors.New("no upstream")
			}
			return dns.RcodeSuccess, w.WriteMsg(reply(r))
		}, cacheAlias)
		v.flatten = true
		for _, tt := range []struct {
			qtype uint16
			after time.Duration
			back  time.Duration // the clock is set back by so much then
			want  time.Duration
		}{
			{dns.TypeSOA, 0, 0, 0},
			{dns.TypeAAAA, 0, 0, 2 * time.Second},
			{dns.TypeAAAA, 0, 0, 0},
			{dns.TypeTXT, 29 * time.Second, 0, 0},
			{dns.TypeAAAA, 2 * time.Second, 0, 2 * time.Second},
			{dns.TypeAAAA, 0, time.Hour, 2 * time.Second},
		} {
			<-time.After(tt.after)
			v.soaless.Add(int64(tt.back))
			began := time.Now()
			w := newWrites()
			if _, err := v.ServeDNS(context.Background(), w, question("cache.corp.internal.", tt.qtype)); err != nil {
				t.Fatal(err)
			}
			if got := show(w.Msg); got != "NOERROR aa" {
				t.Errorf("got\n%s\nwant no data", got)
			}
			if took := time.Since(began); took != tt.want {
				t.Errorf("%s after %v took %v, want %v", dns.TypeToString[tt.qtype], tt.after, took, tt.want)
			}
		}
		if asked != 3 {
			t.Errorf("the SOA was asked for %d times, want 3", asked)
		}
	})
}

// Only what begins before the first of them has taken a second waits for who is slow.
func TestFlattenWaitsForOneSlowSOA(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const took = 5 * time.Second
		v := above(func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
			if r.Question[0].Qtype == dns.TypeSOA {
				<-time.After(took)
				return dns.RcodeServerFailure, errors.New("no upstream")
			}
			return dns.RcodeSuccess, w.WriteMsg(reply(r))
		}, cacheAlias)
		v.flatten = true
		start := time.Now()
		var asked sync.WaitGroup
		for range 200 { // within soaPause
			asked.Go(func() {
				began, want := time.Now(), time.Duration(0)
				if began.Sub(start) < soaTime {
					want = took
				}
				if _, err := v.ServeDNS(context.Background(), newWrites(), question("cache.corp.internal.", dns.TypeAAAA)); err != nil {
					t.Error(err)
				}
				if got := time.Since(began); got != want {
					t.Errorf("after %v a question took %v, want %v", began.Sub(start), got, want)
				}
			})
			<-time.After(150 * time.Millisecond)
		}
		asked.Wait()
	})
}

// 5, 24: that there is nothing holds for no longer than the chain that led there, of which
// another alias may be a part, or a static CNAME.
func TestFlattenNothingForTheLeastTTL(t *testing.T) {
	s := startServer(t, `
		corp.internal:0 {
			bind 127.0.0.1
			root DIR
			versionalias {
				directory aliases
			}
			file corp.zone
		}
		svc.corp.internal:0 {
			bind 127.0.0.1
			root DIR
			versionalias {
				directory flat
				answer flatten
			}
			file svc.zone
		}
		short.example.net:0 {
			bind 127.0.0.1
			root DIR
			file short.zone
		}
		least.example.net:0 {
			bind 127.0.0.1
			root DIR
			file least.zone
		}
		flat.example.net:0 {
			bind 127.0.0.1
			root DIR
			versionalias {
				directory inner
				answer flatten
			}
			file svc.zone
		}`, files{
		"svc.zone":              "@ 60 IN SOA ns hostmaster 1 3600 600 86400 300\n",
		"short.zone":            "@ 7 IN SOA ns hostmaster 1 3600 600 86400 300\n",
		"least.zone":            "@ 60 IN SOA ns hostmaster 1 3600 600 86400 8\nt A 192.0.2.1\n",
		"inner/db":              `{"to": "moved.corp.internal", "ttl": 6}`,
		"flat/ends":             `{"to": "gone.short.example.net", "ttl": 3600}`,
		"flat/least":            `{"to": "t.least.example.net", "ttl": 3600}`,
		"flat/inner":            `{"to": "db.flat.example.net", "ttl": 3600}`,
		"corp.zone":             corpZone + "short 1 IN CNAME none\nnone A 192.0.2.9\n",
		"aliases/corp.internal": `{"to": "cache.corp.internal", "ttl": 3600}`,
		"aliases/cache":         `{"to": "moved.corp.internal", "ttl": 3}`,
		"aliases/still":         `{"to": "moved.corp.internal", "ttl": 2}`,
		"flat/web":              `{"to": "still.corp.internal", "ttl": 3600}`,
		"flat/low":              `{"to": "short.corp.internal", "ttl": 3600}`,
	})
	for _, x := range []exchange{
		{q: "corp.internal. AAAA", want: "NOERROR corp.internal. 3 SOA ns.corp.internal. hostmaster.corp.internal."},
		{q: "web.svc.corp.internal. AAAA", want: "NOERROR svc.corp.internal. 2 SOA ns.svc.corp.internal. hostmaster.svc.corp.internal."},
		{q: "low.svc.corp.internal. AAAA", want: "NOERROR svc.corp.internal. 1 SOA ns.svc.corp.internal. hostmaster.svc.corp.internal."},
		{q: "least.svc.corp.internal. AAAA", want: "NOERROR svc.corp.internal. 8 SOA ns.svc.corp.internal. hostmaster.svc.corp.internal."},
		{q: "inner.svc.corp.internal. AAAA", want: "NOERROR svc.corp.internal. 6 SOA ns.svc.corp.internal. hostmaster.svc.corp.internal."},
		{q: "ends.svc.corp.internal. A", want: "NXDOMAIN svc.corp.internal. 7 SOA ns.svc.corp.internal. hostmaster.svc.corp.internal."},
	} {
		rcode, soa, _ := strings.Cut(x.want, " ")
		want := rcode + " aa\nauthority: " + soa + " 1 3600 600 86400 300"
		if got := show(x.ask(t, s)); got != want {
			t.Errorf("%s got\n%s\nwant\n%s", x.q, got, want)
		}
	}
}

// 25: where an access rule drops the question for the end, there is neither data nor
// a denial. With debug a panic is not taken for a SERVFAIL.
func TestWithEndDropped(t *testing.T) {
	s := startServer(t, `
		corp.internal:0 {
			bind 127.0.0.1
			root DIR
			debug
			versionalias {
				directory aliases
				answer flatten
			}
			file corp.zone
		}
		example.net:0 {
			bind 127.0.0.1
			acl {
				drop
			}
			whoami
		}`, files{"corp.zone": corpZone + "hidden CNAME web.example.net.\n", "aliases/cache": "hidden.corp.internal"})
	if got := show(s.ask("cache.corp.internal.", dns.TypeA)); got != "SERVFAIL" {
		t.Errorf("got\n%s\nwant SERVFAIL", got)
	}
}

// 24, 25, 29: ANY is flattened like any other type: each RRset has one TTL, and no
// signature is left.
func TestFlattenANY(t *testing.T) {
	const sig = " 8 3 60 20300101000000 20200101000000 1 corp.internal. AAAA"
	v := above(func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
		return dns.RcodeSuccess, w.WriteMsg(reply(r,
			"cache-v1.corp.internal. 60 IN CNAME end.corp.internal.", "cache-v1.corp.internal. 60 IN RRSIG CNAME"+sig,
			"end.corp.internal. 4 IN A 192.0.2.1", "end.corp.internal. 3 IN A 192.0.2.2", "end.corp.internal. 60 IN RRSIG A"+sig,
			`end.corp.internal. 2 IN TXT "text"`, "end.corp.internal. 60 IN RRSIG TXT"+sig,
			"end.corp.internal. 60 IN MX 10 end.corp.internal.", "end.corp.internal. 60 IN NSEC x.corp.internal. A TXT MX",
			// What makes a zone of its owner, or is about it.
			"end.corp.internal. 60 IN NS ns.corp.internal.", "end.corp.internal. 60 IN SOA a. b. 1 2 3 4 5",
			"end.corp.internal. 60 IN DS 1 8 2 AAAA", "end.corp.internal. 60 IN DNSKEY 256 3 8 AAAA",
			"end.corp.internal. 60 IN CDS 1 8 2 AAAA", "end.corp.internal. 60 IN CDNSKEY 256 3 8 AAAA",
			"end.corp.internal. 60 IN NSEC3PARAM 1 0 0 -"))
	}, cacheAlias)
	v.flatten = true
	w := newWrites()
	if _, err := v.ServeDNS(context.Background(), w, withEDNS(question("cache.corp.internal.", dns.TypeANY), true)); err != nil {
		t.Fatal(err)
	}
	const want = `
		NOERROR aa
		cache.corp.internal. 3 A 192.0.2.1
		cache.corp.internal. 3 A 192.0.2.2
		cache.corp.internal. 2 TXT "text"
		cache.corp.internal. 5 MX 10 end.corp.internal.`
	if got := show(w.Msg); got != trim(want) {
		t.Errorf("got\n%s\nwant\n%s", got, trim(want))
	}
}
