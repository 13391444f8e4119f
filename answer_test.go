package versionalias

import (
	"fmt"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// exchange is a question and the answer to it.
type exchange struct {
	name string // what the row shows, after the numbers of its statements of DNS correctness
	q    string // NAME TYPE, and then any of: do, edns, cd, ad, norec, tcp, from=ADDRESS, ecs=PREFIX
	want string
}

// message is the question of an exchange.
func (x exchange) message(t *testing.T) *dns.Msg {
	t.Helper()
	q, _ := x.parse(t)
	return q
}

// ask sends the question of an exchange.
func (x exchange) ask(t *testing.T, s *server) *dns.Msg {
	t.Helper()
	q, c := x.parse(t)
	return s.reply(c, q)
}

func (x exchange) parse(t *testing.T) (*dns.Msg, client) {
	t.Helper()
	fields := strings.Fields(x.q)
	q := question(fields[0], dns.StringToType[fields[1]])
	c := client{}
	for _, option := range fields[2:] {
		switch {
		case option == "do" || option == "edns":
			withEDNS(q, option == "do")
		case option == "cd":
			q.CheckingDisabled = true
		case option == "ad":
			q.AuthenticatedData = true
		case option == "norec":
			q.RecursionDesired = false
		case option == "tcp":
			c.tcp = true
		case strings.HasPrefix(option, "ecs="):
			withSubnet(withEDNS(q, false), strings.TrimPrefix(option, "ecs="), 0)
		case strings.HasPrefix(option, "from="):
			c.from = strings.TrimPrefix(option, "from=")
		default:
			t.Fatalf("unknown option %q", option)
		}
	}
	return q, c
}

// The rows are Corefile, questions and answers, over UDP and TCP, through the
// real chain.
func TestAnswers(t *testing.T) {
	const plain = `
		corp.internal:0 {
			bind 127.0.0.1
			root DIR
			versionalias {
				directory aliases
			}
			file corp.zone
		}`
	const soa = "authority: corp.internal. 5 SOA ns.corp.internal. hostmaster.corp.internal. 1 3600 600 86400 300"
	for _, tt := range []struct {
		name      string
		corefile  string
		aliases   files
		exchanges []exchange
	}{{
		name:     "an alias above a zone file",
		corefile: plain,
		aliases: files{
			"cache":         "cache-v1.corp.internal",
			"slow":          `{"to": "cache-v2.corp.internal.", "ttl": 3600}`,
			"never":         `{"to": "cache-v2.corp.internal.", "ttl": 0}`,
			"missing":       "nowhere.corp.internal",
			"empty":         "cache-v2.corp.internal",
			"via":           "moved.corp.internal",
			"gone":          "away.corp.internal",
			"two":           `{"to": "cache.corp.internal", "ttl": 7}`,
			"deep.er.below": "cache-v1.corp.internal",
			"x.away":        "cache-v1.corp.internal",
			"x.moved":       "cache-v1.corp.internal",
		},
		exchanges: []exchange{
			{name: "3, 20: the CNAME has the alias's TTL and the target its own", q: "cache.corp.internal. A", want: `
				NOERROR aa
				cache.corp.internal. 5 CNAME cache-v1.corp.internal.
				cache-v1.corp.internal. 60 A 192.0.2.1
				authority: corp.internal. 60 NS ns.corp.internal.`},
			{name: "20: a TTL of the document", q: "slow.corp.internal. A", want: `
				NOERROR aa
				slow.corp.internal. 3600 CNAME cache-v2.corp.internal.
				cache-v2.corp.internal. 60 A 192.0.2.2
				authority: corp.internal. 60 NS ns.corp.internal.`},
			{name: "20: a TTL of 0", q: "never.corp.internal. A", want: `
				NOERROR aa
				never.corp.internal. 0 CNAME cache-v2.corp.internal.
				cache-v2.corp.internal. 60 A 192.0.2.2
				authority: corp.internal. 60 NS ns.corp.internal.`},
			{name: "2: the case of the question comes back", q: "CaChE.CoRp.InTeRnAl. AAAA", want: `
				NOERROR aa
				CaChE.CoRp.InTeRnAl. 5 CNAME cache-v1.corp.internal.
				cache-v1.corp.internal. 60 AAAA 2001:db8::1
				authority: corp.internal. 60 NS ns.corp.internal.`},
			{name: "3, 5: the target does not exist", q: "missing.corp.internal. A", want: `
				NXDOMAIN aa
				missing.corp.internal. 5 CNAME nowhere.corp.internal.
				` + soa},
			{name: "4, 5: the target has no such type", q: "empty.corp.internal. AAAA", want: `
				NOERROR aa
				empty.corp.internal. 5 CNAME cache-v2.corp.internal.
				` + soa},
			{name: "5: an alias's TTL above the SOA's leaves it alone", q: "slow.corp.internal. AAAA", want: `
				NOERROR aa
				slow.corp.internal. 3600 CNAME cache-v2.corp.internal.
				authority: corp.internal. 60 SOA ns.corp.internal. hostmaster.corp.internal. 1 3600 600 86400 300`},
			{name: "15: the zone's own SOA is as before", q: "nowhere.corp.internal. A", want: `
				NXDOMAIN aa
				authority: corp.internal. 60 SOA ns.corp.internal. hostmaster.corp.internal. 1 3600 600 86400 300`},
			{name: "a static CNAME behind the target", q: "via.corp.internal. A", want: `
				NOERROR aa
				via.corp.internal. 5 CNAME moved.corp.internal.
				moved.corp.internal. 60 CNAME cache-v2.corp.internal.
				cache-v2.corp.internal. 60 A 192.0.2.2
				authority: corp.internal. 60 NS ns.corp.internal.`},
			{name: "3: the last name of a chain decides", q: "gone.corp.internal. A", want: `
				NXDOMAIN aa
				gone.corp.internal. 5 CNAME away.corp.internal.
				away.corp.internal. 60 CNAME nowhere.corp.internal.
				` + soa},
			{name: "an alias as the target of an alias", q: "two.corp.internal. A", want: `
				NOERROR aa
				two.corp.internal. 7 CNAME cache.corp.internal.
				cache.corp.internal. 5 CNAME cache-v1.corp.internal.
				cache-v1.corp.internal. 60 A 192.0.2.1
				authority: corp.internal. 60 NS ns.corp.internal.`},
			{name: "18: CNAME", q: "cache.corp.internal. CNAME", want: `
				NOERROR aa
				cache.corp.internal. 5 CNAME cache-v1.corp.internal.`},
			{name: "18: CNAME of a target that does not exist", q: "missing.corp.internal. CNAME", want: `
				NOERROR aa
				missing.corp.internal. 5 CNAME nowhere.corp.internal.`},
			{name: "18: CNAME of an alias of an alias", q: "two.corp.internal. CNAME", want: `
				NOERROR aa
				two.corp.internal. 7 CNAME cache.corp.internal.`},
			{name: "19: ANY", q: "cache.corp.internal. ANY", want: `
				NOERROR aa
				cache.corp.internal. 5 CNAME cache-v1.corp.internal.`},
			{name: "6: an OPT for an OPT", q: "cache.corp.internal. A edns", want: `
				NOERROR aa
				cache.corp.internal. 5 CNAME cache-v1.corp.internal.
				cache-v1.corp.internal. 60 A 192.0.2.1
				authority: corp.internal. 60 NS ns.corp.internal.
				OPT`},
			{name: "6: DO comes back", q: "cache.corp.internal. CNAME do", want: `
				NOERROR aa
				cache.corp.internal. 5 CNAME cache-v1.corp.internal.
				OPT do`},
			{name: "7: AD is not set for who asks with it", q: "cache.corp.internal. CNAME ad", want: `
				NOERROR aa
				cache.corp.internal. 5 CNAME cache-v1.corp.internal.`},
			{name: "CD comes back", q: "cache.corp.internal. CNAME cd", want: `
				NOERROR aa cd
				cache.corp.internal. 5 CNAME cache-v1.corp.internal.`},
			{name: "12: a record of the zone under an alias's name is not seen", q: "cache.corp.internal. A tcp", want: `
				NOERROR aa
				cache.corp.internal. 5 CNAME cache-v1.corp.internal.
				cache-v1.corp.internal. 60 A 192.0.2.1
				authority: corp.internal. 60 NS ns.corp.internal.`},
			{name: "17: a name above an alias exists", q: "below.corp.internal. A", want: `
				NOERROR aa
				authority: corp.internal. 60 SOA ns.corp.internal. hostmaster.corp.internal. 1 3600 600 86400 300`},
			{name: "17: so does one between, whatever its case", q: "eR.Below.corp.internal. TXT edns", want: `
				NOERROR aa
				authority: corp.internal. 60 SOA ns.corp.internal. hostmaster.corp.internal. 1 3600 600 86400 300
				OPT`},
			{name: "17: but not one beside", q: "es.below.corp.internal. A", want: `
				NXDOMAIN aa
				authority: corp.internal. 60 SOA ns.corp.internal. hostmaster.corp.internal. 1 3600 600 86400 300`},
			{name: "3, 17: a static CNAME above an alias keeps its own answer", q: "away.corp.internal. A", want: `
				NXDOMAIN aa
				away.corp.internal. 60 CNAME nowhere.corp.internal.
				authority: corp.internal. 60 SOA ns.corp.internal. hostmaster.corp.internal. 1 3600 600 86400 300`},
			{name: "17: and one that leads to something", q: "moved.corp.internal. A", want: `
				NOERROR aa
				moved.corp.internal. 60 CNAME cache-v2.corp.internal.
				cache-v2.corp.internal. 60 A 192.0.2.2
				authority: corp.internal. 60 NS ns.corp.internal.`},
			{name: "13: a name that only ends alike", q: "notcache.corp.internal. A", want: `
				NXDOMAIN aa
				authority: corp.internal. 60 SOA ns.corp.internal. hostmaster.corp.internal. 1 3600 600 86400 300`},
			{name: "13: a name below", q: "x.cache.corp.internal. A", want: `
				NXDOMAIN aa
				authority: corp.internal. 60 SOA ns.corp.internal. hostmaster.corp.internal. 1 3600 600 86400 300`},
			{name: "13: an escaped dot is no label's end", q: `cache\.corp.internal. A`, want: `REFUSED`},
			{name: "a target itself", q: "cache-v1.corp.internal. A", want: `
				NOERROR aa
				cache-v1.corp.internal. 60 A 192.0.2.1
				authority: corp.internal. 60 NS ns.corp.internal.`},
			{name: "outside the zones", q: "cache.example.org. A", want: `REFUSED`},
		},
	}, {
		name:     "12: a zone that leads back to the alias",
		corefile: plain,
		aliases:  files{"cache": "back.corp.internal"},
		exchanges: []exchange{
			{name: "A", q: "cache.corp.internal. A", want: `SERVFAIL`},
			{name: "A edns", q: "cache.corp.internal. A edns", want: "SERVFAIL\nOPT"},
			{name: "CNAME", q: "cache.corp.internal. CNAME", want: `
				NOERROR aa
				cache.corp.internal. 5 CNAME back.corp.internal.`},
		},
	}, {
		name: "a template, a bundle and two zones",
		corefile: `
			corp.internal:0 corp.example:0 {
				bind 127.0.0.1
				root DIR
				versionalias {
					directory aliases
					ssm /dns {name}-{value}.corp.internal
					alias db.corp.internal /live/db
					ttl 30
				}
				file corp.zone corp.internal
			}`,
		aliases: files{
			"dns/all": `{"aliases": {"cache": "v1", "db": "v9"}}`,
			"live/db": "cache-v2.corp.internal",
		},
		exchanges: []exchange{
			{name: "in the first zone", q: "cache.corp.internal. A", want: `
				NOERROR aa
				cache.corp.internal. 30 CNAME cache-v1.corp.internal.
				cache-v1.corp.internal. 60 A 192.0.2.1
				authority: corp.internal. 60 NS ns.corp.internal.`},
			{name: "in the other", q: "cache.corp.example. A", want: `
				NOERROR aa
				cache.corp.example. 30 CNAME cache-v1.corp.internal.
				cache-v1.corp.internal. 60 A 192.0.2.1
				authority: corp.internal. 60 NS ns.corp.internal.`},
			{name: "an alias line shadows a path", q: "db.corp.internal. A", want: `
				NOERROR aa
				db.corp.internal. 30 CNAME cache-v2.corp.internal.
				cache-v2.corp.internal. 60 A 192.0.2.2
				authority: corp.internal. 60 NS ns.corp.internal.`},
		},
	}, {
		name: "a zone of aliases that the zone file has nothing of",
		corefile: `
			corp.internal:0 {
				bind 127.0.0.1
				root DIR
				versionalias svc.eu.corp.internal {
					directory aliases
				}
				file corp.zone
			}`,
		aliases: files{
			"svc.eu.corp.internal": "cache-v1.corp.internal",
			"cache":                "cache-v2.corp.internal",
			"broken":               "no name",
		},
		exchanges: []exchange{
			{name: "21: the apex has an address", q: "svc.eu.corp.internal. A", want: `
				NOERROR aa
				svc.eu.corp.internal. 5 A 192.0.2.1`},
			{name: "14, 21: so it exists for other types", q: "Svc.eu.corp.internal. HTTPS edns", want: `
				NOERROR aa
				authority: corp.internal. 60 SOA ns.corp.internal. hostmaster.corp.internal. 1 3600 600 86400 300
				OPT`},
			{name: "17: and so does what is above the zone", q: "eu.corp.internal. NS", want: `
				NOERROR aa
				authority: corp.internal. 60 SOA ns.corp.internal. hostmaster.corp.internal. 1 3600 600 86400 300`},
			{name: "21: the zone below has its own apex", q: "corp.internal. NS", want: `
				NOERROR aa
				corp.internal. 60 NS ns.corp.internal.
				additional: ns.corp.internal. 60 A 192.0.2.53`},
			{name: "14: a fault beside", q: "broken.svc.eu.corp.internal. A", want: `SERVFAIL`},
			{name: "17: but not a name beside", q: "us.corp.internal. A", want: `
				NXDOMAIN aa
				authority: corp.internal. 60 SOA ns.corp.internal. hostmaster.corp.internal. 1 3600 600 86400 300`},
		},
	}, {
		name: "targets in other server blocks",
		corefile: `
			corp.internal:0 {
				bind 127.0.0.1
				root DIR
				versionalias {
					directory aliases
				}
				file corp.zone
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
			}
			example.com:0 {
				bind 127.0.0.1
				acl {
					filter
				}
				whoami
			}
			loop.example:0 {
				bind 127.0.0.1
				root DIR
				versionalias {
					directory loop
				}
				whoami
			}`,
		aliases: files{
			"web":     "web.example.org",
			"none":    "none.example.org",
			"blocked": "web.example.net",
			"hidden":  "web.example.com",
			"nobody":  "web.elsewhere.test",
			"ring":    "ring.loop.example",
			"long":    "web.example.org",
		},
		exchanges: []exchange{
			{name: "a block that has it", q: "web.corp.internal. A", want: `
				NOERROR aa
				web.corp.internal. 5 CNAME web.example.org.
				web.example.org. 3600 A 198.51.100.7`},
			{name: "a block that has it, with EDNS", q: "web.corp.internal. A do", want: `
				NOERROR aa
				web.corp.internal. 5 CNAME web.example.org.
				web.example.org. 3600 A 198.51.100.7
				OPT do`},
			{name: "9: a block that fails for it", q: "none.corp.internal. A", want: `SERVFAIL`},
			{name: "9: an access rule that blocks it", q: "blocked.corp.internal. A", want: `REFUSED`},
			{name: "9: an access rule that blocks it, with EDNS", q: "blocked.corp.internal. CNAME edns", want: "REFUSED\nOPT ede=15"},
			{name: "9: an access rule that filters it", q: "hidden.corp.internal. A", want: `NOERROR`},
			{name: "9: an access rule that filters it, with EDNS", q: "hidden.corp.internal. ANY edns", want: "NOERROR\nOPT ede=17"},
			{name: "9: nobody here serves it", q: "nobody.corp.internal. A", want: `
				NOERROR aa
				nobody.corp.internal. 5 CNAME web.elsewhere.test.`},
			{name: "9: nobody here serves it, with EDNS", q: "nobody.corp.internal. A edns", want: `
				NOERROR aa
				nobody.corp.internal. 5 CNAME web.elsewhere.test.
				OPT`},
			{name: "10: two blocks that alias each other", q: "ring.corp.internal. A", want: `SERVFAIL`},
		},
	}} {
		t.Run(tt.name, func(t *testing.T) {
			all := files{
				"corp.zone": corpZone,
				"loop/ring": "ring.corp.internal",
			}
			for name, document := range tt.aliases {
				all["aliases/"+name] = document
			}
			s := startServer(t, tt.corefile, all)
			for _, x := range tt.exchanges {
				t.Run(x.name, func(t *testing.T) {
					m := x.ask(t, s)
					if got := show(m); got != trim(x.want) {
						t.Errorf("%s got\n%s\nwant\n%s", x.q, got, trim(x.want))
					}
					if q := strings.Fields(x.q)[0]; len(m.Question) != 1 || m.Question[0].Name != q {
						t.Errorf("the question came back as %v, want %s", m.Question, q)
					}
				})
			}
		})
	}
}

// 9: a target in the block's zones that none of its plugins serves. File says that by an RCODE
// and no message, at the end of a block of ".".
func TestTargetThatNoPluginServes(t *testing.T) {
	for mode, want := range map[string]string{
		"cname":   "NOERROR aa\nweb.corp.internal. 5 CNAME web.example.org.",
		"flatten": "SERVFAIL",
	} {
		s := startServer(t, strings.ReplaceAll(`
			.:0 {
				bind 127.0.0.1
				root DIR
				versionalias corp.internal {
					directory aliases
					answer MODE
				}
				file corp.zone corp.internal
			}`, "MODE", mode), files{
			"corp.zone":      corpZone + "static CNAME web.example.org.\n",
			"aliases/web":    "web.example.org",
			"aliases/second": "web.corp.internal",
		})
		for q, want := range map[string]string{
			"web.corp.internal. A":       want,
			"web.corp.internal. A norec": want,
			"second.corp.internal. A": strings.Replace(want, "web.corp.internal. 5 CNAME web.example.org.",
				"second.corp.internal. 5 CNAME web.corp.internal.\nweb.corp.internal. 5 CNAME web.example.org.", 1),
			"static.corp.internal. A": "NOERROR aa\nstatic.corp.internal. 60 CNAME web.example.org.\nauthority: corp.internal. 60 NS ns.corp.internal.",
			"web.example.org. A":      "REFUSED",
		} {
			if got := show(exchange{q: q}.ask(t, s)); got != want {
				t.Errorf("%s: %s got\n%s\nwant\n%s", mode, q, got, want)
			}
		}
	}
}

// 9, 11: an alias that moves may lead into its own block and out of it. Each
// target is asked where it is served.
func TestMovingAcrossBlocks(t *testing.T) {
	const salt = "cache.corp.internal."
	moved, unmoved := at(t, salt, 0.1, v4Subnet).String(), at(t, salt, 0.9, v4Subnet).String()
	for _, mode := range []string{"cname", "flatten"} {
		for from, to := range map[string]string{
			"cache-v1.corp.internal.": "web.example.org.",
			"web.example.org.":        "cache-v1.corp.internal.",
			"web.elsewhere.test.":     "cache-v1.corp.internal.",
		} {
			s := startServer(t, strings.ReplaceAll(`
				corp.internal:0 {
					bind 127.0.0.1
					root DIR
					versionalias {
						directory aliases
						answer MODE
					}
					file corp.zone
				}
				example.org:0 {
					bind 127.0.0.1
					hosts {
						198.51.100.7 web.example.org
					}
				}`, "MODE", mode), files{
				"corp.zone":     corpZone,
				"aliases/cache": fmt.Sprintf(`{"from": %q, "to": %q, "percent": 50}`, from, to),
			})
			for ecs, target := range map[string]string{unmoved: from, moved: to} {
				const ns = "\nauthority: corp.internal. 60 NS ns.corp.internal."
				want := map[string]string{
					"cname cache-v1.corp.internal.":   "NOERROR aa\ncache.corp.internal. 5 CNAME cache-v1.corp.internal.\ncache-v1.corp.internal. 60 A 192.0.2.1" + ns,
					"cname web.example.org.":          "NOERROR aa\ncache.corp.internal. 5 CNAME web.example.org.\nweb.example.org. 3600 A 198.51.100.7",
					"cname web.elsewhere.test.":       "NOERROR aa\ncache.corp.internal. 5 CNAME web.elsewhere.test.",
					"flatten cache-v1.corp.internal.": "NOERROR aa\ncache.corp.internal. 5 A 192.0.2.1" + ns,
					"flatten web.example.org.":        "NOERROR aa\ncache.corp.internal. 5 A 198.51.100.7",
					"flatten web.elsewhere.test.":     "SERVFAIL",
				}[mode+" "+target]
				scope := "/24"
				if want == "SERVFAIL" {
					scope = "/0"
				}
				want += "\nOPT ecs=" + ecs + scope
				if got := show(exchange{q: "cache.corp.internal. A ecs=" + ecs}.ask(t, s)); got != want {
					t.Errorf("from %s to %s, %s: got\n%s\nwant\n%s", from, to, mode, got, want)
				}
			}
		}
	}
}

// 8: an answer that the CNAME makes too large is cut, and says so.
func TestTruncation(t *testing.T) {
	zone := corpZone
	for n := range 40 {
		zone += fmt.Sprintf("big A 198.51.100.%d\n", n)
	}
	// 420 octets that fit into an answer of 512, but not beside a CNAME.
	zone += "fits TXT " + strings.Repeat(`"0123456789012345678901234567890123456789" `, 10) + `"012345678"` + "\n"
	for _, mode := range []string{"cname", "flatten"} {
		s := startServer(t, fmt.Sprintf(`
			corp.internal:0 {
				bind 127.0.0.1
				root DIR
				versionalias {
					directory aliases
					answer %s
				}
				file corp.zone
			}`, mode), files{"corp.zone": zone, "aliases/cache": "big.corp.internal", "aliases/text-of-a-long-name": "fits.corp.internal"})
		for _, tt := range []struct {
			name    string
			qtype   uint16
			edns    bool
			tcp     bool
			cut     bool
			answers int // with the CNAME
		}{
			{"cache.corp.internal.", dns.TypeA, false, false, true, 0},
			{"cache.corp.internal.", dns.TypeA, true, false, false, 41},
			{"cache.corp.internal.", dns.TypeA, false, true, false, 41},
			{"text-of-a-long-name.corp.internal.", dns.TypeTXT, false, false, mode == "cname", 0},
			{"text-of-a-long-name.corp.internal.", dns.TypeTXT, true, false, false, 2},
		} {
			q := question(tt.name, tt.qtype)
			size := dns.MinMsgSize
			if tt.edns {
				size = 4096
				withEDNS(q, false)
			}
			if tt.tcp {
				size = dns.MaxMsgSize
			}
			m := s.reply(client{tcp: tt.tcp}, q)
			m.Compress = true // as it came
			if m.Truncated != tt.cut || m.Len() > size {
				t.Errorf("%s: %s %+v got TC %v in %d octets, want TC %v in %d", mode, tt.name, tt, m.Truncated, m.Len(), tt.cut, size)
			}
			want := tt.answers
			if mode == "flatten" {
				want--
			}
			if !tt.cut && len(m.Answer) != want && tt.answers > 0 {
				t.Errorf("%s: %s got %d records, want %d", mode, tt.name, len(m.Answer), want)
			}
		}
	}
}
