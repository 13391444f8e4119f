package versionalias

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coredns/coredns/plugin"
	"github.com/miekg/dns"

	"github.com/octoenergy/versionalias/internal/process"
	"github.com/octoenergy/versionalias/internal/program"
	"github.com/octoenergy/versionalias/plugin/alias"

	_ "github.com/coredns/coredns/plugin/any"
	_ "github.com/coredns/coredns/plugin/auto"
	_ "github.com/coredns/coredns/plugin/autopath"
	_ "github.com/coredns/coredns/plugin/dns64"
	_ "github.com/coredns/coredns/plugin/header"
	_ "github.com/coredns/coredns/plugin/loadbalance"
	_ "github.com/coredns/coredns/plugin/local"
	_ "github.com/coredns/coredns/plugin/minimal"
	_ "github.com/coredns/coredns/plugin/multisocket"
	_ "github.com/coredns/coredns/plugin/rewrite"
	_ "github.com/coredns/coredns/plugin/secondary"
	_ "github.com/coredns/coredns/plugin/tls"
)

// The plugins that stand around this one, each by itself and then together. A
// row is what stands in the block beside versionalias, and the same questions in
// both modes.
func TestPluginsAround(t *testing.T) {
	primary := startServer(t, `
		corp.internal:0 backup.corp.internal:0 {
			bind 127.0.0.1
			root DIR
			transfer {
				to *
			}
			file corp.zone corp.internal
			file backup.zone backup.corp.internal
		}`, files{"corp.zone": corpZone, "backup.zone": bare("backup.corp.internal.")})
	key, private := signingKey(t, "corp.internal.")
	const (
		ns    = "\nauthority: corp.internal. 60 NS ns.corp.internal."
		v1    = "cache-v1.corp.internal. 60 A 192.0.2.1"
		soa   = "\nauthority: corp.internal. 5 SOA ns.corp.internal. hostmaster.corp.internal. 1 3600 600 86400 300"
		cname = "cache.corp.internal. 5 CNAME cache-v1.corp.internal.\n"
		plain = "NOERROR aa\n" + cname + v1 + ns
		flat  = "NOERROR aa\ncache.corp.internal. 5 A 192.0.2.1" + ns
	)
	type row struct{ q, cname, flatten string }
	asFile := []row{
		{"cache.corp.internal. A", plain, flat},
		{"cache.corp.internal. A tcp do", plain + "\nOPT do", flat + "\nOPT do"},
		{"missing.corp.internal. A", "NXDOMAIN aa\nmissing.corp.internal. 5 CNAME nowhere.corp.internal." + soa, "NXDOMAIN aa" + soa},
		{"cache.corp.internal. TXT", "NOERROR aa\n" + strings.TrimSpace(cname) + soa, "NOERROR aa" + soa},
	}
	for _, tt := range []struct {
		name    string
		plugins string
		rows    []row
	}{
		{"file", "file corp.zone", asFile},
		{"auto", "auto {\ndirectory DIR/zones\n}", asFile},
		{"secondary", "secondary {\ntransfer from PRIMARY\n}", asFile},
		{"forward", "forward . PRIMARY {\nforce_tcp\n}", asFile},
		{"cache", "cache\nfile corp.zone", asFile},
		{"acl that allows and drops", "acl {\nallow net 127.0.0.1\ndrop\n}\nfile corp.zone", asFile},
		{"loadbalance", "loadbalance round_robin\nfile corp.zone", asFile},
		{"local", "local\nfile corp.zone", asFile},
		{"hosts, which has no SOA", "hosts {\n192.0.2.1 cache-v1.corp.internal\n}", []row{
			{"cache.corp.internal. A", "NOERROR aa\n" + cname + "cache-v1.corp.internal. 3600 A 192.0.2.1", "NOERROR aa\ncache.corp.internal. 5 A 192.0.2.1"},
			{"cache.corp.internal. AAAA", "NOERROR aa\n" + strings.TrimSpace(cname), "NOERROR aa"},
			{"missing.corp.internal. A", "SERVFAIL", "SERVFAIL"}, // as hosts says by itself
		}},
		{"template", "template IN A {\nmatch ^cache-v1\nanswer \"{{ .Name }} 60 IN A 192.0.2.1\"\n}", []row{
			{"cache.corp.internal. A", "NOERROR aa\n" + cname + v1, "NOERROR aa\ncache.corp.internal. 5 A 192.0.2.1"},
		}},
		{"rewrite name", "rewrite name exact old.corp.internal cache.corp.internal answer auto\nfile corp.zone", []row{
			{"old.corp.internal. A", strings.ReplaceAll(plain, "cache.", "old."), strings.ReplaceAll(flat, "cache.", "old.")},
			{"cache.corp.internal. A", plain, flat},
		}},
		{"rewrite ttl, which is for the whole answer", "rewrite ttl exact cache.corp.internal 33\nfile corp.zone", []row{
			{"cache.corp.internal. A", strings.NewReplacer(" 5 ", " 33 ", " 60 ", " 33 ").Replace(plain), strings.NewReplacer(" 5 ", " 33 ", " 60 ", " 33 ").Replace(flat)},
		}},
		{"rewrite edns0, which adds an OPT to the request by itself", "rewrite edns0 local set 0xffee 0x61\nfile corp.zone", []row{
			{"cache.corp.internal. A", plain + "\nOPT", flat + "\nOPT"},
			{"cache.corp.internal. A do", plain + "\nOPT do", flat + "\nOPT do"},
		}},
		{"22, 26: dnssec", "dnssec {\nkey file DIR/Kcorp\n}\nfile corp.zone", []row{
			{"cache.corp.internal. A", plain, flat},
			{"cache.corp.internal. A do",
				"NOERROR aa\n" + cname + v1 + "\ncache-v1.corp.internal. 60 RRSIG A" + ns + "\nauthority: corp.internal. 60 RRSIG NS\nOPT do",
				flat + "\nauthority: corp.internal. 60 RRSIG NS\nOPT do"},
			{"via.corp.internal. CNAME do", "NOERROR aa\nvia.corp.internal. 5 CNAME moved.corp.internal.\nOPT do",
				"NOERROR aa\nauthority: corp.internal. 5 SOA ns.corp.internal. hostmaster.corp.internal. 1 3600 600 86400 300\nauthority: corp.internal. 5 RRSIG SOA\nOPT do"},
		}},
		{"dns64", "dns64 {\nallow_ipv4\n}\nfile corp.zone", []row{
			{"second.corp.internal. AAAA",
				"NOERROR\nsecond.corp.internal. 5 CNAME cache-v2.corp.internal.\ncache-v2.corp.internal. 5 AAAA 64:ff9b::c000:202" + ns,
				"NOERROR\nsecond.corp.internal. 5 AAAA 64:ff9b::c000:202" + ns},
		}},
		{"minimal", "minimal\nfile corp.zone", []row{
			{"cache.corp.internal. A", strings.TrimSuffix(plain, ns), strings.TrimSuffix(flat, ns)},
			{"missing.corp.internal. A", "NXDOMAIN aa\nmissing.corp.internal. 5 CNAME nowhere.corp.internal." + soa, "NXDOMAIN aa" + soa},
		}},
		{"any, which answers by itself", "any\nfile corp.zone", []row{
			{"cache.corp.internal. ANY", "NOERROR\ncache.corp.internal. 8482 HINFO \"ANY obsoleted\" \"See RFC 8482\"", "NOERROR\ncache.corp.internal. 8482 HINFO \"ANY obsoleted\" \"See RFC 8482\""},
			{"cache.corp.internal. A", plain, flat},
		}},
		{"header", "header {\nresponse set ra\n}\nfile corp.zone", []row{
			{"cache.corp.internal. A", strings.Replace(plain, " aa", " aa ra", 1), strings.Replace(flat, " aa", " aa ra", 1)},
		}},
		{"autopath", "autopath corp.internal DIR/resolv.conf\nfile corp.zone", []row{
			{"cache.client.corp.internal. A",
				"NOERROR aa\ncache.client.corp.internal. 5 CNAME cache.corp.internal.\n" + cname + v1 + ns,
				"NOERROR aa\ncache.client.corp.internal. 5 CNAME cache.corp.internal.\ncache.corp.internal. 5 A 192.0.2.1" + ns},
			{"cache.corp.internal. A", plain, flat},
		}},
		{"together", `
			local
			dns64 {
				allow_ipv4
			}
			any
			loadbalance
			rewrite name exact old.corp.internal cache.corp.internal answer auto
			acl {
				block type TXT net 127.0.0.2
				allow
			}
			cache {
				serve_stale
				prefetch 1
			}
			header {
				response set ra
			}
			minimal
			hosts {
				192.0.2.77 cache-v3.corp.internal
				fallthrough
			}
			file corp.zone`, []row{
			{"old.corp.internal. A", "NOERROR aa ra\nold.corp.internal. 5 CNAME cache-v1.corp.internal.\n" + v1, "NOERROR aa ra\nold.corp.internal. 5 A 192.0.2.1"},
			{"second.corp.internal. AAAA", "NOERROR\nsecond.corp.internal. 5 CNAME cache-v2.corp.internal.\ncache-v2.corp.internal. 5 AAAA 64:ff9b::c000:202", "NOERROR\nsecond.corp.internal. 5 AAAA 64:ff9b::c000:202"},
			{"third.corp.internal. A do", "NOERROR aa ra\nthird.corp.internal. 5 CNAME cache-v3.corp.internal.\ncache-v3.corp.internal. 3600 A 192.0.2.77\nOPT do", "NOERROR aa ra\nthird.corp.internal. 5 A 192.0.2.77\nOPT do"},
			{"missing.corp.internal. A", "NXDOMAIN aa ra\nmissing.corp.internal. 5 CNAME nowhere.corp.internal." + soa, "NXDOMAIN aa ra" + soa},
			{"second.corp.internal. TXT from=127.0.0.2 do", "REFUSED\nOPT do ede=15", "REFUSED\nOPT do ede=15"},
			{"second.corp.internal. TXT", "NOERROR aa ra\nsecond.corp.internal. 5 CNAME cache-v2.corp.internal.\ncache-v2.corp.internal. 60 TXT \"v2\"", "NOERROR aa ra\nsecond.corp.internal. 5 TXT \"v2\""},
		}},
		{"together, of many sources", `
			view most {
				expr client_ip() != '127.0.0.3'
			}
			local
			rewrite name exact old.corp.internal cache.corp.internal answer auto
			acl {
				filter type TXT net 127.0.0.2
				drop type AAAA net 127.0.0.2
				allow
			}
			cache
			dnssec {
				key file DIR/Kcorp
			}
			autopath corp.internal DIR/resolv.conf
			template IN A made.corp.internal {
				answer "{{ .Name }} 60 IN A 192.0.2.88"
			}
			hosts {
				192.0.2.77 cache-v3.corp.internal
				fallthrough
			}
			auto auto.corp.internal {
				directory DIR/auto
			}
			secondary backup.corp.internal {
				transfer from PRIMARY
			}
			forward . PRIMARY {
				force_tcp
			}`, []row{
			{"cache.corp.internal. A", plain, flat},
			{"old.corp.internal. A", strings.ReplaceAll(plain, "cache.", "old."), strings.ReplaceAll(flat, "cache.", "old.")},
			{"cache.client.corp.internal. A",
				"NOERROR aa\ncache.client.corp.internal. 5 CNAME cache.corp.internal.\n" + cname + v1 + ns,
				"NOERROR aa\ncache.client.corp.internal. 5 CNAME cache.corp.internal.\ncache.corp.internal. 5 A 192.0.2.1" + ns},
			{"cache.corp.internal. A do",
				"NOERROR aa\n" + cname + v1 + "\ncache-v1.corp.internal. 60 RRSIG A" + ns + "\nauthority: corp.internal. 60 RRSIG NS\nOPT do",
				flat + "\nauthority: corp.internal. 60 RRSIG NS\nOPT do"},
			{"missing.corp.internal. A", "NXDOMAIN aa\nmissing.corp.internal. 5 CNAME nowhere.corp.internal." + soa, "NXDOMAIN aa" + soa},
			{"third.corp.internal. A", "NOERROR aa\nthird.corp.internal. 5 CNAME cache-v3.corp.internal.\ncache-v3.corp.internal. 3600 A 192.0.2.77", "NOERROR aa\nthird.corp.internal. 5 A 192.0.2.77"},
			{"made2.corp.internal. A", "NOERROR aa\nmade2.corp.internal. 5 CNAME made.corp.internal.\nmade.corp.internal. 60 A 192.0.2.88", "NOERROR aa\nmade2.corp.internal. 5 A 192.0.2.88"},
			{"auto2.corp.internal. A edns",
				"NOERROR aa\nauto2.corp.internal. 5 CNAME ns.auto.corp.internal.\nns.auto.corp.internal. 60 A 192.0.2.53\nauthority: auto.corp.internal. 60 NS ns.auto.corp.internal.\nOPT",
				"NOERROR aa\nauto2.corp.internal. 5 A 192.0.2.53\nOPT"},
			{"backup2.corp.internal. A",
				"NOERROR aa\nbackup2.corp.internal. 5 CNAME ns.backup.corp.internal.\nns.backup.corp.internal. 60 A 192.0.2.53\nauthority: backup.corp.internal. 60 NS ns.backup.corp.internal.",
				"NOERROR aa\nbackup2.corp.internal. 5 A 192.0.2.53"},
			{"second.corp.internal. TXT from=127.0.0.2 do", "NOERROR\nOPT do ede=17", "NOERROR\nOPT do ede=17"},
			{"third.corp.internal. TXT from=127.0.0.2 do", "NOERROR\nOPT do ede=17", "NOERROR\nOPT do ede=17"},
			{"cache.corp.internal. AAAA from=127.0.0.2", "", ""}, // dropped
			{"cache.corp.internal. A from=127.0.0.3", "REFUSED", "REFUSED"},
		}},
	} {
		for _, mode := range []string{"cname over UDP", "flatten over UDP", "cname over TCP", "flatten over TCP"} {
			mode, over, _ := strings.Cut(mode, " over ")
			t.Run(tt.name+", "+mode+" over "+over, func(t *testing.T) {
				s := startServer(t, strings.NewReplacer("MODE", mode, "PRIMARY", primary.tcp).Replace(strings.Replace(`
					corp.internal:0 {
						bind 127.0.0.1
						root DIR
						versionalias {
							directory aliases
							answer MODE
						}
						PLUGINS
					}`, "PLUGINS", tt.plugins, 1)), files{
					"corp.zone":                  corpZone,
					"zones/db.corp.internal":     corpZone,
					"Kcorp.key":                  key.String(),
					"Kcorp.private":              key.PrivateKeyString(private),
					"resolv.conf":                "search client.corp.internal. corp.internal.\n", // autopath completes none
					"aliases/cache":              "cache-v1.corp.internal",
					"aliases/second":             "cache-v2.corp.internal",
					"aliases/third":              "cache-v3.corp.internal",
					"aliases/missing":            "nowhere.corp.internal",
					"aliases/via":                "moved.corp.internal",
					"aliases/made2":              "made.corp.internal",
					"aliases/auto2":              "ns.auto.corp.internal",
					"aliases/backup2":            "ns.backup.corp.internal",
					"auto/db.auto.corp.internal": bare("auto.corp.internal."),
				})
				// A secondary transfers its zone once it has started.
				switch {
				case tt.name == "secondary":
					s.eventually("cache-v1.corp.internal.", dns.TypeA, "NOERROR aa\n"+v1+ns)
				case strings.Contains(tt.plugins, "secondary"):
					s.eventually("backup.corp.internal.", dns.TypeNS, "NOERROR aa\nbackup.corp.internal. 60 NS ns.backup.corp.internal.\nadditional: ns.backup.corp.internal. 60 A 192.0.2.53")
				}
				for _, r := range tt.rows {
					want := r.cname
					if mode == "flatten" {
						want = r.flatten
					}
					if want == "" {
						q, c := exchange{q: r.q}.parse(t)
						if m := s.first(c.from, q, question("cache-v1.corp.internal.", dns.TypeTXT)); m.Id == q.Id {
							t.Errorf("%s got\n%s\nwant no answer", r.q, show(m))
						}
						continue
					}
					q := r.q
					if over == "TCP" {
						q += " tcp"
					}
					got := signature.ReplaceAllString(show(exchange{q: q}.ask(t, s)), "$1")
					if slices.Contains(strings.Fields(tt.plugins), "cache") {
						got = aged60.ReplaceAllString(aged3600.ReplaceAllString(got, "3600$1"), "60$1")
					}
					if got != want {
						t.Errorf("%s got\n%s\nwant\n%s", r.q, got, want)
					}
				}
			})
		}
	}
}

// signature matches an RRSIG, and as its first part that without the data.
var signature = regexp.MustCompile(`(RRSIG \S+) .*`)

// aged60 and aged3600 match a TTL of which a cache has kept a record for some seconds,
// and as their first part the type.
var (
	aged60   = regexp.MustCompile(`\b5\d( [A-Z]+)`)
	aged3600 = regexp.MustCompile(`\b359\d( [A-Z]+)`)
)

// A flip acts on the next query, whatever a cache holds, and what a cache holds is
// served on when the server behind it is gone and its time is over.
func TestCacheAboveForward(t *testing.T) {
	for _, mode := range []string{"cname", "flatten"} {
		t.Run(mode, func(t *testing.T) {
			primary := startServer(t, `
				corp.internal:0 {
					bind 127.0.0.1
					root DIR
					file corp.zone
				}`, files{"corp.zone": corpZone})
			s := startForward(t, mode, primary, "success 1000 1 0\nserve_stale 1h immediate")
			for range 3 {
				s.address(1)
			}
			s.flip(2)
			s.flip(1)
			s.flip(2) // so that it holds both
			primary.stop()
			<-time.After(1100 * time.Millisecond) // the cache's clock is a real one
			s.flip(1)
			s.flip(2)
			s.flip(1)
			m := s.ask("cache.corp.internal.", dns.TypeA)
			if n := len(m.Answer); n == 0 || m.Answer[n-1].Header().Ttl != 0 {
				t.Errorf("got\n%s\nwant a stale answer, with the TTL 0", show(m))
			}
		})
	}
}

// What is asked for often a cache asks for anew before its time is over. It keeps
// the alias's question for that, for long after the client's answer.
func TestPrefetchAboveForward(t *testing.T) {
	for _, mode := range []string{"cname", "flatten"} {
		t.Run(mode, func(t *testing.T) {
			var asked [3]atomic.Int32 // for each version
			stub.serve.Store(plugin.HandlerFunc(func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
				version := r.Question[0].Name[len("cache-v")] - '0'
				asked[version].Add(1)
				return dns.RcodeSuccess, w.WriteMsg(reply(r, fmt.Sprintf("%s 9 IN A 192.0.2.%d", r.Question[0].Name, version)))
			}))
			primary := startServer(t, "corp.internal:0 {\nbind 127.0.0.1\nstub\n}", nil)
			s := startForward(t, mode, primary, "prefetch 2 1m 90%") // which is all of 9 seconds, rounded up
			for version := 1; version <= 2; version++ {
				if version > 1 {
					s.flip(version)
				}
				for deadline := time.Now().Add(8 * time.Second); asked[version].Load() < 2; {
					s.address(version) // the cache has it for 9 seconds, so that nothing else asks again
					if time.Now().After(deadline) {
						t.Fatalf("version %d was asked for %d times, want a prefetch", version, asked[version].Load())
					}
				}
			}
		})
	}
}

// forwarding is a server with an alias above a cache above a forward.
type forwarding struct{ *server }

func startForward(t *testing.T, mode string, primary *server, cache string) forwarding {
	t.Helper()
	return forwarding{startServer(t, strings.NewReplacer("MODE", mode, "PRIMARY", primary.tcp, "CACHE", cache).Replace(`
		corp.internal:0 {
			bind 127.0.0.1
			root DIR
			versionalias {
				directory aliases
				answer MODE
			}
			cache {
				CACHE
			}
			forward . PRIMARY {
				force_tcp
				max_fails 0
			}
		}`), files{"aliases/cache": "cache-v1.corp.internal"})}
}

// address asks for the alias, which must have the address of that version.
func (s forwarding) address(version int) {
	s.t.Helper()
	m := s.ask("cache.corp.internal.", dns.TypeA)
	want := fmt.Sprintf("192.0.2.%d", version)
	if len(m.Answer) > 0 {
		if a, ok := m.Answer[len(m.Answer)-1].(*dns.A); ok && a.A.String() == want {
			return
		}
	}
	s.t.Fatalf("got\n%s\nwant %s", show(m), want)
}

// flip flips the alias and asks for it once that is adopted.
func (s forwarding) flip(version int) {
	s.t.Helper()
	s.write("aliases/cache", fmt.Sprintf("cache-v%d.corp.internal", version))
	want := alias.Name(fmt.Sprintf("cache-v%d.corp.internal.", version))
	table := &running.all[0].plugins[0].table
	for deadline := time.Now().Add(program.Patience); table.Load().Get("cache.corp.internal.").Target != want; <-time.After(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("the flip to version %d was not adopted", version)
		}
	}
	s.address(version)
}

// The ways a question may come, and the views that choose among blocks, in both
// modes.
func TestTransports(t *testing.T) {
	t.Run("cname", func(t *testing.T) { testTransports(t, "cname") })
	t.Run("flatten", func(t *testing.T) { testTransports(t, "flatten") })
}

func testTransports(t *testing.T, mode string) {
	// 8: what is below says of one name that its answer was cut off.
	stub.serve.Store(plugin.HandlerFunc(func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
		m := reply(r, r.Question[0].Name+" 60 IN A 192.0.2.3")
		m.Truncated = true
		return dns.RcodeSuccess, w.WriteMsg(m)
	}))
	certificate, key, pool := selfSigned(t)
	all := files{
		"corp.zone": corpZone,
		"cert.pem":  certificate,
		"key.pem":   key,
		"v1/cache":  "cache-v1.corp.internal",
		"v2/cache":  "cache-v2.corp.internal",
		"v1/none":   "nowhere.corp.internal",
		"v1/cut":    "large.corp.internal",
	}
	// Listeners come in no order, so they are told apart by port.
	plain, dot, doh, views := process.FreeAddr(t), process.FreeAddr(t), process.FreeAddr(t), process.FreeAddr(t)
	const block = `{
			bind 127.0.0.1
			root DIR
			tls cert.pem key.pem
			versionalias {
				directory v1
				answer MODE
			}
			file corp.zone {
				fallthrough large.corp.internal
			}
			stub
		}
		`
	startServer(t, strings.NewReplacer("MODE", mode, "PLAIN", port(plain), "DOT", port(dot), "DOH", port(doh), "VIEWS", port(views)).Replace(
		"corp.internal:PLAIN "+strings.Replace(block, "tls cert.pem key.pem", "", 1)+"tls://corp.internal:DOT "+block+"https://corp.internal:DOH "+block+`
		corp.internal:VIEWS {
			bind 127.0.0.1
			root DIR
			multisocket 2
			view two {
				expr client_ip() == '127.0.0.2'
			}
			versionalias {
				directory v2
			}
			file corp.zone
		}
		corp.internal:VIEWS {
			bind 127.0.0.1
			root DIR
			multisocket 2
			versionalias {
				directory v1
			}
			file corp.zone
		}`), all)
	const soa = "\nauthority: corp.internal. 5 SOA ns.corp.internal. hostmaster.corp.internal. 1 3600 600 86400 300"
	const v1 = "NOERROR aa\ncache.corp.internal. 5 CNAME cache-v1.corp.internal.\ncache-v1.corp.internal. 60 A 192.0.2.1\nauthority: corp.internal. 60 NS ns.corp.internal."
	v2 := strings.NewReplacer("cache-v1", "cache-v2", "192.0.2.1", "192.0.2.2").Replace(v1)
	secure := &tls.Config{RootCAs: pool, ServerName: "localhost"}
	over := func(addr string, c dns.Client) func(q *dns.Msg) (*dns.Msg, error) {
		c.Timeout = program.Timeout
		return func(q *dns.Msg) (*dns.Msg, error) {
			m, _, err := c.Exchange(q, addr)
			return m, err
		}
	}
	for name, ask := range map[string]func(q *dns.Msg) (*dns.Msg, error){
		"UDP": over(plain, dns.Client{}),
		"TCP": over(plain, dns.Client{Net: "tcp"}),
		"DoT": over(dot, dns.Client{Net: "tcp-tls", TLSConfig: secure}),
		"DoH": overHTTPS(t, doh, secure),
	} {
		for _, x := range []struct{ q, cname, flatten string }{
			{"cache.corp.internal. A", v1, "NOERROR aa\ncache.corp.internal. 5 A 192.0.2.1\nauthority: corp.internal. 60 NS ns.corp.internal."},
			{"CACHE.corp.internal. CNAME", "NOERROR aa\nCACHE.corp.internal. 5 CNAME cache-v1.corp.internal.", "NOERROR aa" + soa},
			{"3, 5: none.corp.internal. A", "NXDOMAIN aa\nnone.corp.internal. 5 CNAME nowhere.corp.internal." + soa, "NXDOMAIN aa" + soa},
			{"4, 5: cache.corp.internal. TXT", "NOERROR aa\ncache.corp.internal. 5 CNAME cache-v1.corp.internal." + soa, "NOERROR aa" + soa},
			{"6: cache.corp.internal. CNAME do", "NOERROR aa\ncache.corp.internal. 5 CNAME cache-v1.corp.internal.\nOPT do", "NOERROR aa" + soa + "\nOPT do"},
			{"6: none.corp.internal. A edns", "NXDOMAIN aa\nnone.corp.internal. 5 CNAME nowhere.corp.internal." + soa + "\nOPT", "NXDOMAIN aa" + soa + "\nOPT"},
			{"16: cache.corp.internal. CNAME ecs=198.51.100.0/24", "NOERROR aa\ncache.corp.internal. 5 CNAME cache-v1.corp.internal.\nOPT ecs=198.51.100.0/24/0", "NOERROR aa" + soa + "\nOPT ecs=198.51.100.0/24/0"},
			{"8: cut.corp.internal. A", "NOERROR aa tc\ncut.corp.internal. 5 CNAME large.corp.internal.\nlarge.corp.internal. 60 A 192.0.2.3", "NOERROR aa tc\ncut.corp.internal. 5 A 192.0.2.3"},
			{"8: cut.corp.internal. A edns", "NOERROR aa tc\ncut.corp.internal. 5 CNAME large.corp.internal.\nlarge.corp.internal. 60 A 192.0.2.3\nOPT", "NOERROR aa tc\ncut.corp.internal. 5 A 192.0.2.3\nOPT"},
		} {
			want := x.cname
			if mode == "flatten" {
				want = x.flatten
			}
			q := x.q[strings.LastIndex(x.q, ": ")+1:]
			m, err := ask(exchange{q: q}.message(t))
			if got := show(m); err != nil || got != want {
				t.Errorf("%s: %s got %v\n%s\nwant\n%s", name, x.q, err, got, want)
			}
		}
	}
	for _, tt := range []struct {
		name string
		ask  func(q *dns.Msg) (*dns.Msg, error)
		want string
	}{
		{"a view, and two sockets", over(views, dns.Client{Dialer: &net.Dialer{LocalAddr: &net.UDPAddr{IP: net.IPv4(127, 0, 0, 2)}}}), v2},
		{"the other view", over(views, dns.Client{}), v1},
	} {
		for range 4 { // for each of the sockets to have some
			m, err := tt.ask(question("cache.corp.internal.", dns.TypeA))
			if got := show(m); err != nil || got != tt.want {
				t.Errorf("%s got %v\n%s\nwant\n%s", tt.name, err, got, tt.want)
			}
		}
	}
}

// selfSigned is a certificate for localhost with its key, in PEM, and the pool
// of those who trust it.
func selfSigned(t *testing.T) (certificate, key string, pool *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	certificate = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	pool = x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(certificate))
	return certificate, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})), pool
}

// overHTTPS asks as RFC 8484 has it.
func overHTTPS(t *testing.T, addr string, secure *tls.Config) func(q *dns.Msg) (*dns.Msg, error) {
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: secure, ForceAttemptHTTP2: true}, Timeout: program.Timeout}
	t.Cleanup(client.CloseIdleConnections)
	return func(q *dns.Msg) (*dns.Msg, error) {
		response, err := client.Post("https://"+addr+"/dns-query", "application/dns-message", bytes.NewReader(pack(t, q)))
		if err != nil {
			return nil, err
		}
		defer response.Body.Close()
		wire, err := io.ReadAll(response.Body)
		if err != nil {
			return nil, err
		}
		m := new(dns.Msg)
		return m, m.Unpack(wire)
	}
}

// Autopath asks for one name after the other with one message, and answers with what came first if
// none exists. A client drops an answer whose question is another one's.
func TestAutopathOfMissing(t *testing.T) {
	for _, mode := range []string{"cname", "flatten"} {
		t.Run(mode, func(t *testing.T) {
			s := startServer(t, `
				corp.internal:0 {
					bind 127.0.0.1
					root DIR
					autopath corp.internal DIR/resolv.conf
					versionalias {
						directory aliases
						answer `+mode+`
					}
					file corp.zone
				}`, files{
				"corp.zone":       corpZone,
				"resolv.conf":     "search corp.internal. other.corp.internal.\n",
				"aliases/missing": "nowhere.corp.internal",
			})
			q := question("missing.corp.internal.", dns.TypeA)
			m := s.reply(client{}, q)
			if m.Rcode != dns.RcodeNameError || len(m.Question) != 1 || m.Question[0] != q.Question[0] {
				t.Errorf("got\n%v\nwant NXDOMAIN to the question that was asked", m)
			}
		})
	}
}
