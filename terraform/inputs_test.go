package terraform_test

import (
	"encoding/json"
	"strings"
)

// In names of inputs, ID stands for what makes each of them another.

// combinations is each set of options that may stand together, with values that differ
// from one to the next.
func combinations() []input {
	turn := 0
	next := func(values ...any) any {
		turn++
		return values[turn%len(values)]
	}
	sets := []input{
		{"name": "ID", "zone": "corp.internal", "to": "ID-v2.corp.internal"},
		{"name": "ID", "zone": "corp.internal", "to": "v2", "template": "{name}-{value}.corp.internal"},
	}
	multiply := func(options ...func(in input) input) {
		var all []input
		for _, in := range sets {
			for _, option := range options {
				all = append(all, in.with(option(in)))
			}
		}
		sets = all
	}
	none := func(input) input { return nil }
	from := func(in input) string { return strings.ReplaceAll(in.text("to"), "v2", "v1") }
	start := func() any {
		return next("2026-11-23T10:00:00Z", "2026-11-23T10:00:00.25+01:00", "1970-01-01T00:00:00-12:00")
	}
	multiply(none,
		func(in input) input { return input{"from": from(in), "percent": next(0, 0.001, 33.333, 99.9, 100)} },
		func(in input) input { return input{"from": from(in), "start": start()} },
		func(in input) input {
			return input{"from": from(in), "start": start(), "over": next("90s", "1h30m", "0.5ms", "+1ns", "1h2m3.5s", "5µs")}
		})
	multiply(none, func(input) input { return input{"ttl": next(0, 1, 604800)} })
	multiply(none,
		func(input) input { return input{"subtree": next("keep", "collapse")} },
		func(input) input {
			return input{"subtree": next("keep", "collapse"), "except": next([]string{}, []string{"_acme-challenge"}, []string{"a.b", "a.b", "C"})}
		})
	multiply(none, func(input) input { return input{"group": next("shop", "ü", `<"&\>`, strings.Repeat("é", 127))} })
	multiply(none, func(input) input { return input{"check": next("none", "name", "address", "tcp:1", "tcp:65535")} })
	for _, in := range sets {
		for field, value := range in {
			if s, ok := value.(string); ok && field != "name" {
				in[field] = strings.ReplaceAll(s, "ID", "app")
			}
		}
	}
	return sets
}

var (
	label63 = strings.Repeat("l", 63)
	// name253 has 255 octets as it goes on the wire.
	name253 = strings.Repeat(label63+".", 3) + strings.Repeat("n", 61)
)

// good is what else is accepted.
var good = []input{
	{"name": "ID", "to": "app-v2.corp.internal"},
	{"name": "ID", "to": "App-V2.Corp.Internal."},
	{"name": "ID", "to": name253},
	{"name": "ID", "to": name253 + "."},
	{"name": "ID", "to": label63 + ".b"},
	{"name": "ID", "to": "1.2.3.v4"},
	{"name": "ID", "to": "_v-2.-"},
	{"name": "ID.corp.internal", "zone": "corp.internal", "to": "a.b"},
	{"name": "ID.corp.internal.", "zone": "Corp.Internal.", "to": "a.b"},
	{"name": "ID.notcorp.internal", "zone": "corp.internal", "to": "a.b"},
	{"name": "Corp.internal", "zone": "corp.internal", "to": "a.b"},
	{"name": "corp.internal", "zone": "corp.internal", "to": "v2", "template": "www-{value}.corp.internal"},
	{"name": "ID.10", "zone": "corp.internal", "to": "a.b"},
	{"name": "ID.internal", "zone": ".", "to": "a.b"},
	{"name": "ID", "zone": "corp.internal", "to": "ID-v2.corp.internal", "subtree": "keep"},
	{"name": "ID", "zone": "corp.internal", "to": "corp.internal", "subtree": "keep"},
	{"name": "ID", "zone": "corp.internal", "to": "notID.corp.internal", "subtree": "keep"},
	{"name": "ID.Prod", "zone": "corp.internal", "to": "v2.x", "template": "{value}.{name}.{name}.Corp.internal."},
	{"name": "ID", "zone": "corp.internal", "to": "a.b", "subtree": "keep", "except": []string{name253[:253-len(".n100.corp.internal")]}},
	{"name": "cache", "zone": "corp.internal", "to": "a.b", "subtree": "keep", "except": []string{"cache", "notcache.corp.internal", "cache.corp"}},
	{"name": "ID", "to": "a.b", "from": "c.d", "start": "9998-12-31T23:29:59Z", "over": "30m"},
	{"name": "ID", "to": "a.b", "from": "c.d", "start": "0001-01-01T00:00:00.000000001Z"},
	{"name": "ID", "to": "a.b", "from": "c.d", "start": "2026-11-23T10:00:00Z", "over": "2562047h"},
	{"name": "ID", "to": "a.b", "from": "c.d", "percent": json.Number("10.5")},
	{"name": "ID", "to": "a.b", "group": strings.Repeat("g", 255)},
}

// bad is what is refused, beside the plugin's own bad documents.
var bad = []input{
	{"name": "ca che", "to": "a.b"},
	{"name": "", "to": "a.b"},
	{"name": "é", "to": "a.b"},
	{"name": "ID..x", "to": "a.b"},
	{"name": ".ID", "to": "a.b"},
	{"name": "ID..", "to": "a.b"},
	{"name": "*.ID", "to": "a.b"},
	{"name": "ID" + label63, "to": "a.b"},
	{"name": "ID." + name253, "to": "a.b"},
	{"name": name253, "zone": "corp.internal", "to": "a.b"},
	{"name": "ID.other.org.", "zone": "corp.internal", "to": "a.b"},
	{"name": "ID.notcorp.internal.", "zone": "corp.internal", "to": "a.b"},
	{"name": "ID", "zone": ".", "to": "a.b"},
	{"name": "internal", "zone": "internal", "to": "a.b"},
	{"name": "ID.", "zone": "corp.internal", "to": "a.b"},
	{"name": "internal.", "zone": "internal", "to": "a.b"},
	{"name": "10.0.0.1.", "zone": ".", "to": "a.b"},
	{"name": "ID", "to": "a.b", "template": "v2.corp.internal"},
	{"name": "ID", "to": "v2", "template": "{value}"},
	{"name": "ID", "to": "v2", "template": "{value}.{zone}.internal"},
	{"name": "ID", "to": "v2", "template": "{value}}.internal"},
	{"name": "ID", "to": "v2", "template": "{value} internal"},
	{"name": "ID", "to": "v2", "template": "{value}.1"},
	{"name": "ID", "zone": "corp.internal", "to": "v 2", "template": "{name}-{value}.corp.internal"},
	{"name": "ID", "zone": "corp.internal", "to": "v2.", "template": "{name}-{value}.corp.internal"},
	{"name": "ID", "zone": "corp.internal", "to": "", "template": "{name}-{value}.corp.internal"},
	{"name": "ID", "zone": "corp.internal", "to": "{name}", "template": "{name}-{value}.corp.internal"},
	{"name": "ID", "zone": "corp.internal", "to": label63, "template": "{name}-{value}.corp.internal"},
	{"name": "ID", "zone": "corp.internal", "to": "v2", "from": "V2", "percent": 1, "template": "{name}-{value}.corp.internal"},
	{"name": "ID", "zone": "corp.internal", "to": "v2", "from": "", "percent": 1, "template": "{name}-{value}.corp.internal"},
	{"name": "ID", "zone": "corp.internal", "to": "v2", "subtree": "keep", "template": "{value}.{name}.corp.internal"},
	{"name": "corp.internal", "zone": "corp.internal", "to": "v2", "template": "{name}-{value}.corp.internal"},
	{"name": "ID", "to": "a.b", "from": "A.B.", "percent": 1},
	{"name": "ID", "to": "a.b", "from": "c.d", "percent": 100.001},
	{"name": "ID", "to": "a.b", "from": "c.d", "percent": 101},
	{"name": "ID", "to": "a.b", "from": "c.d", "percent": -1},
	{"name": "ID", "to": "a.b", "from": "c.d", "percent": json.Number("0.0001")},
	{"name": "ID", "to": "a.b", "from": "c.d", "start": "2026-11-23T10:00:00Z", "over": ""},
	{"name": "ID", "to": "a.b", "from": "c.d", "start": "2026-11-23T10:00:00Z", "over": "0.1ns"},
	{"name": "ID", "to": "a.b", "from": "c.d", "start": "2026-11-23T10:00:00Z", "over": "0"},
	{"name": "ID", "to": "a.b", "from": "c.d", "start": "2026-11-23T10:00:00Z", "over": "-1ns"},
	{"name": "ID", "to": "a.b", "from": "c.d", "start": "2026-11-23T10:00:00Z", "over": "++1s"},
	{"name": "ID", "to": "a.b", "from": "c.d", "start": "9998-12-31T23:30:00Z", "over": "30m"},
	{"name": "ID", "to": "a.b", "from": "c.d", "start": "2026-02-29T10:00:00Z"},
	{"name": "ID", "to": "a.b", "ttl": json.Number("-1")},
	{"name": "ID", "to": "a.b", "group": strings.Repeat("é", 128)},
	{"name": "ID", "zone": "corp.internal", "to": "x.ID.corp.internal", "subtree": "collapse"},
	{"name": "ID", "zone": "corp.internal", "to": "a.b", "subtree": "keep", "except": []string{"a", ""}},
	{"name": "ID", "zone": "corp.internal", "to": "a.b", "subtree": "keep", "except": []string{name253[:240]}},
}

// untold is what is refused by field, not by the plugin's parser: since a module has to
// be told its zone, or since the alias would lead to itself, which the plugin's ledger sees.
var untold = map[string]input{
	"subtree":  {"name": "ID", "to": "a.b", "subtree": "keep"},
	"template": {"name": "ID", "to": "v2", "template": "{name}-{value}.corp.internal"},
	"zone":     {"name": "ID", "zone": "corp internal", "to": "a.b"},
	"to":       {"name": "ID", "zone": "corp.internal", "to": "ID.corp.internal"},
	"from":     {"name": "ID.corp.internal.", "to": "a.b", "from": "ID.Corp.internal.", "percent": 1},
}
