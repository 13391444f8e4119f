package versionalias

import (
	"strings"
	"testing"
)

// 30 to 32: names below an alias with a subtree, in both modes.
func TestSubtree(t *testing.T) {
	const corefile = `
		corp.internal:0 {
			bind 127.0.0.1
			root DIR
			versionalias {
				directory aliases
				answer MODE
			}
			file corp.zone
		}
		apex.internal:0 {
			bind 127.0.0.1
			root DIR
			versionalias {
				directory apex
				answer MODE
			}
			file apex.zone
		}`
	all := files{
		"corp.zone": corpZone + `
web.cache-v1          A   192.0.2.11
hidden.cache          A   192.0.2.66
_acme-challenge.cache TXT "token"
My\032Printer.cache-v1 TXT "a space"
a\.b.cache-v1          TXT "a dot"
\097bc.cache-v1        TXT "abc"
\000.cache-v1          TXT "zero"
escaped               CNAME my\032printer.cache-v1
`,
		"apex.zone": `$ORIGIN apex.internal.
@  60 SOA ns hostmaster 1 3600 600 86400 300
   60 NS  ns
ns 60 A   192.0.2.53
`,
		"aliases/cache":       `{"to": "cache-v1.corp.internal", "subtree": "keep", "except": ["_acme-challenge", "direct"]}`,
		"aliases/exact.cache": "cache-v2.corp.internal",
		"aliases/escaped2":    "escaped.corp.internal",
		"aliases/svc":         `{"to": "cache-v2.corp.internal", "subtree": "collapse", "ttl": 7}`,
		"aliases/two":         `{"to": "svc.corp.internal", "subtree": "keep"}`,
		"aliases/gone":        `{"to": "nowhere.corp.internal", "subtree": "keep", "except": ["x.left"]}`,
		"apex/apex.internal":  `{"to": "cache-v1.corp.internal", "subtree": "keep", "except": ["ns"]}`,
	}
	const (
		ns  = "authority: corp.internal. 60 NS ns.corp.internal."
		soa = "authority: corp.internal. 5 SOA ns.corp.internal. hostmaster.corp.internal. 1 3600 600 86400 300"
	)
	whole := strings.ReplaceAll(soa, " 5 ", " 60 ")
	long := strings.Repeat(strings.Repeat("l", 57)+".", 4) // with cache.corp.internal. it is a name, with cache-v1 it is too long
	for _, tt := range []struct {
		mode      string
		exchanges []exchange
	}{{"cname", []exchange{
		{"30: labels move along", "web.cache.corp.internal. A", "NOERROR aa\nweb.cache.corp.internal. 5 CNAME web.cache-v1.corp.internal.\nweb.cache-v1.corp.internal. 60 A 192.0.2.11\n" + ns},
		{"2, 30: in any case", "Web.caChe.corp.internal. A", "NOERROR aa\nWeb.caChe.corp.internal. 5 CNAME web.cache-v1.corp.internal.\nweb.cache-v1.corp.internal. 60 A 192.0.2.11\n" + ns},
		{"30: the alias itself", "cache.corp.internal. A", "NOERROR aa\ncache.corp.internal. 5 CNAME cache-v1.corp.internal.\ncache-v1.corp.internal. 60 A 192.0.2.1\n" + ns},
		{"3, 30: a name that the target does not have below it", "nope.cache.corp.internal. A", "NXDOMAIN aa\nnope.cache.corp.internal. 5 CNAME nope.cache-v1.corp.internal.\n" + soa},
		{"30: what the zone has below is not reached", "hidden.cache.corp.internal. A", "NXDOMAIN aa\nhidden.cache.corp.internal. 5 CNAME hidden.cache-v1.corp.internal.\n" + soa},
		{"30: a label boundary", "notcache.corp.internal. A", "NXDOMAIN aa\n" + whole},
		{"18, 30: CNAME", "web.cache.corp.internal. CNAME", "NOERROR aa\nweb.cache.corp.internal. 5 CNAME web.cache-v1.corp.internal."},
		{"30: exact beats it", "exact.cache.corp.internal. A", "NOERROR aa\nexact.cache.corp.internal. 5 CNAME cache-v2.corp.internal.\ncache-v2.corp.internal. 60 A 192.0.2.2\n" + ns},
		{"30: but not for what lies below that", "x.exact.cache.corp.internal. A", "NXDOMAIN aa\nx.exact.cache.corp.internal. 5 CNAME x.exact.cache-v1.corp.internal.\n" + soa},
		{"30: all to the target", "b.a.svc.corp.internal. A", "NOERROR aa\nb.a.svc.corp.internal. 7 CNAME cache-v2.corp.internal.\ncache-v2.corp.internal. 60 A 192.0.2.2\n" + ns},
		{"10, 30: from subtree to subtree", "x.two.corp.internal. A", "NOERROR aa\nx.two.corp.internal. 5 CNAME x.svc.corp.internal.\nx.svc.corp.internal. 7 CNAME cache-v2.corp.internal.\ncache-v2.corp.internal. 60 A 192.0.2.2\n" + ns},
		{"32: an excepted name", "_Acme-challenge.cache.corp.internal. TXT", "NOERROR aa\n_acme-challenge.cache.corp.internal. 60 TXT \"token\"\n" + ns},
		{"32: below an excepted name", "x.direct.cache.corp.internal. A", "NXDOMAIN aa\n" + whole},
		{"31: a name that is too long then", long + "cache.corp.internal. A", "YXDOMAIN aa"},
		{"16, 31: ECS comes back", long + "cache.corp.internal. A ecs=192.0.2.0/24", "YXDOMAIN aa\nOPT ecs=192.0.2.0/24/0"},
		{"6, 31: the same with EDNS", long + "cache.corp.internal. A do", "YXDOMAIN aa\nOPT do"},
		{"31: all to the target: none is too long", long + "svc.corp.internal. CNAME", "NOERROR aa\n" + long + "svc.corp.internal. 7 CNAME cache-v2.corp.internal."},
		{"21, 30: below an apex", "web.apex.internal. A", "NOERROR aa\nweb.apex.internal. 5 CNAME web.cache-v1.corp.internal.\nweb.cache-v1.corp.internal. 60 A 192.0.2.11\n" + ns},
		{"21: the apex itself", "apex.internal. A", "NOERROR aa\napex.internal. 5 A 192.0.2.1"},
		{"21, 30: other types below an apex", "web.apex.internal. CNAME", "NOERROR aa\nweb.apex.internal. 5 CNAME web.cache-v1.corp.internal."},
		{"21: its other types", "apex.internal. NS", "NOERROR aa\napex.internal. 60 NS ns.apex.internal.\nadditional: ns.apex.internal. 60 A 192.0.2.53"},
	}}, {"flatten", []exchange{
		{"13, 30: a space, which the zone file escapes in another way", `my\032printer.cache.corp.internal. TXT`, `NOERROR aa
			my\ printer.cache.corp.internal. 5 TXT "a space"
			` + ns},
		{"13, 30: an escaped dot", `a\.b.cache.corp.internal. TXT`, `NOERROR aa
			a\.b.cache.corp.internal. 5 TXT "a dot"
			` + ns},
		{"13, 30: a letter that the zone file escapes", `Abc.cache.corp.internal. TXT`, `NOERROR aa
			Abc.cache.corp.internal. 5 TXT "abc"
			` + ns},
		{"13, 30: an octet 0", `\000.cache.corp.internal. TXT`, `NOERROR aa
			\000.cache.corp.internal. 5 TXT "zero"
			` + ns},
		{"13, 25: a static CNAME to such a name", `escaped2.corp.internal. TXT`, `NOERROR aa
			escaped2.corp.internal. 5 TXT "a space"
			` + ns},
		{"23, 30: labels move along", "Web.cache.corp.internal. A", "NOERROR aa\nWeb.cache.corp.internal. 5 A 192.0.2.11\n" + ns},
		{"3, 30: a name that the target does not have below it", "nope.cache.corp.internal. A", "NXDOMAIN aa\n" + soa},
		{"24, 30: from subtree to subtree", "x.two.corp.internal. A", "NOERROR aa\nx.two.corp.internal. 5 A 192.0.2.2\n" + ns},
		{"28, 32: a name that does not exist but for what it excepts", "gone.corp.internal. A", "NOERROR aa\n" + soa},
		{"28, 32: and one between", "left.gone.corp.internal. A", "NOERROR aa\n" + soa},
		{"17, 32: the excepted name", "x.left.gone.corp.internal. A", "NXDOMAIN aa\n" + whole},
		{"28: a name beside it", "other.gone.corp.internal. A", "NXDOMAIN aa\n" + soa},
		{"31: a name that is too long then", long + "cache.corp.internal. A", "YXDOMAIN aa"},
		{"16: ECS comes back", "web.cache.corp.internal. A ecs=192.0.2.0/24", "NOERROR aa\nweb.cache.corp.internal. 5 A 192.0.2.11\n" + ns + "\nOPT ecs=192.0.2.0/24/0"},
	}}} {
		t.Run(tt.mode, func(t *testing.T) {
			s := startServer(t, strings.ReplaceAll(corefile, "MODE", tt.mode), all)
			for _, x := range tt.exchanges {
				if got := show(x.ask(t, s)); got != trim(x.want) {
					t.Errorf("%s: %s got\n%s\nwant\n%s", x.name, x.q, got, trim(x.want))
				}
			}
		})
	}
}

// 21, 28: a zone that lies below an alias with a subtree has its own apex: only A and AAAA
// of that are the alias's, and it exists whatever becomes of the target.
func TestApexBelowSubtree(t *testing.T) {
	const soa = "eu.corp.internal. 60 SOA ns.eu.corp.internal. hostmaster.eu.corp.internal. 1 3600 600 86400 300"
	for _, mode := range []string{"cname", "flatten"} {
		s := startServer(t, strings.ReplaceAll(`
			us.corp.internal:0 eu.corp.internal:0 corp.internal:0 {
				bind 127.0.0.1
				root DIR
				versionalias {
					directory aliases
					answer MODE
				}
				file eu.zone eu.corp.internal
				file corp.zone corp.internal
			}
			example.org:0 {
				bind 127.0.0.1
				root DIR
				file org.zone
			}`, "MODE", mode), files{
			"corp.zone":             corpZone,
			"eu.zone":               bare("eu.corp.internal."),
			"org.zone":              bare("example.org.") + "eu 60 A 192.0.2.7\n",
			"aliases/corp.internal": `{"to": "example.org", "subtree": "keep"}`,
		})
		for _, x := range []exchange{
			{q: "eu.corp.internal. SOA", want: "NOERROR aa\n" + soa + "\nauthority: eu.corp.internal. 60 NS ns.eu.corp.internal."},
			{q: "Eu.corp.internal. NS", want: "NOERROR aa\neu.corp.internal. 60 NS ns.eu.corp.internal.\nadditional: ns.eu.corp.internal. 60 A 192.0.2.53"},
			{q: "eu.corp.internal. CNAME", want: "NOERROR aa\nauthority: " + soa},
			{q: "eu.corp.internal. A", want: "NOERROR aa\neu.corp.internal. 5 A 192.0.2.7"},
			{q: "us.corp.internal. A", want: "NOERROR aa"},
		} {
			if got := show(x.ask(t, s)); got != x.want {
				t.Errorf("%s: %s got\n%s\nwant\n%s", mode, x.q, got, x.want)
			}
		}
	}
}

// 14: a name whose only document was rejected is neither denied nor answered with
// what the zone has.
func TestHeldNames(t *testing.T) {
	s := startServer(t, `
		corp.internal:0 {
			bind 127.0.0.1
			root DIR
			versionalias {
				directory aliases
			}
			file corp.zone
		}`, files{
		"corp.zone":             corpZone,
		"aliases/web":           "what?",
		"aliases/cache":         "what?",
		"aliases/a.deep":        "what?",
		"aliases/corp.internal": "what?",
		"aliases/good":          "cache-v1.corp.internal",
		"aliases/cache-v2":      "cache", // name and target mixed up
		"aliases/better":        "cache-v2.corp.internal",
		"aliases/worse":         "web.corp.internal",
	})
	for _, x := range []exchange{
		{"14: a name that the zone does not have", "Web.corp.internal. A edns", "SERVFAIL\nOPT ede=24"},
		{"14: without EDNS", "web.corp.internal. TXT", "SERVFAIL"},
		{"14: a name that the zone has", "cache.corp.internal. A", "SERVFAIL"},
		{"14, 21: an apex", "corp.internal. A", "SERVFAIL"},
		{"14, 21: its other types", "corp.internal. NS", "NOERROR aa\ncorp.internal. 60 NS ns.corp.internal.\nadditional: ns.corp.internal. 60 A 192.0.2.53"},
		{"14, 17: a name above", "deep.corp.internal. A", "NOERROR aa\nauthority: corp.internal. 60 SOA ns.corp.internal. hostmaster.corp.internal. 1 3600 600 86400 300"},
		{"an alias whose target is such a name", "better.corp.internal. A", "NOERROR aa\nbetter.corp.internal. 5 CNAME cache-v2.corp.internal.\ncache-v2.corp.internal. 60 A 192.0.2.2\nauthority: corp.internal. 60 NS ns.corp.internal."},
		{"14: one that the zone does not have", "worse.corp.internal. A edns", "SERVFAIL\nOPT ede=24"},
		{"14: another alias", "good.corp.internal. CNAME", "NOERROR aa\ngood.corp.internal. 5 CNAME cache-v1.corp.internal."},
	} {
		if got := show(x.ask(t, s)); got != trim(x.want) {
			t.Errorf("%s: %s got\n%s\nwant\n%s", x.name, x.q, got, trim(x.want))
		}
	}
	s.write("aliases/web", "cache-v2.corp.internal")
	s.eventually("web.corp.internal.", 1, "NOERROR aa\nweb.corp.internal. 5 CNAME cache-v2.corp.internal.\ncache-v2.corp.internal. 60 A 192.0.2.2\nauthority: corp.internal. 60 NS ns.corp.internal.")
	s.write("aliases/web", "what?")
	if got := show(s.ask("web.corp.internal.", 5)); got != "NOERROR aa\nweb.corp.internal. 5 CNAME cache-v2.corp.internal." {
		t.Errorf("a document with a fault changed the answer to\n%s", got)
	}
}
