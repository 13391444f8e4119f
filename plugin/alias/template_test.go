package alias

import (
	"strings"
	"testing"
)

func TestParseTemplate(t *testing.T) {
	long := strings.Repeat("a", 63) + "." + strings.Repeat("b", 63) + "." + strings.Repeat("c", 63) + "." + strings.Repeat("d", 61)
	for _, tt := range []struct{ in, err string }{
		{in: "{value}"},
		{in: "{value}."},
		{in: "{name}-{value}.corp.internal"},
		{in: "{name}-{value}.corp.internal."},
		{in: "{value}.{name}.corp.internal"},
		{in: "{value}.{value}.corp.internal"},
		{in: "{name}{name}.{value}"},
		{in: "Cache-{value}.Corp.Internal"},
		{in: "_{value}.corp.internal"},

		{in: "", err: `found "", want a template with {value} in it`},
		{in: "cache.corp.internal", err: `found "cache.corp.internal", want a template with {value} in it`},
		{in: "{name}.corp.internal", err: `found "{name}.corp.internal", want a template with {value} in it`},
		{in: "{VALUE}.corp.internal", err: `found "{VALUE}.corp.internal", want a template with {value} in it`},
		{in: "{value}.{zone}", err: `found "{value}.{zone}", want no other placeholder than {name} and {value}`},
		{in: "{Name}-{value}.corp.internal", err: `found "{Name}-{value}.corp.internal", want no other placeholder than {name} and {value}`},
		{in: "{{value}}.corp.internal", err: `found "{{value}}.corp.internal", want no other placeholder than {name} and {value}`},
		{in: "{value}}.corp.internal", err: `found "{value}}.corp.internal", want no other placeholder than {name} and {value}`},
		{in: "{value}.{name.corp.internal", err: `found "{value}.{name.corp.internal", want no other placeholder than {name} and {value}`},
		{in: "{value}.{}", err: `found "{value}.{}", want no other placeholder than {name} and {value}`},
		{in: "{na{value}me}.corp.internal", err: `found "{na{value}me}.corp.internal", want no other placeholder than {name} and {value}`},
		{in: "{value}..internal", err: `found "{value}..internal", want a template that makes a name: found "v1.v1..internal" with an empty label, want labels of 1 to 63 octets`},
		{in: ".{value}", err: `found ".{value}", want a template that makes a name: found ".v1.v1" with an empty label, want labels of 1 to 63 octets`},
		{in: "{value} .internal", err: `found "{value} .internal", want a template that makes a name: found "v1.v1 .internal" with ' ' in it, want only letters, digits, '-', '_' and dots`},
		{in: "*.{value}", err: `found "*.{value}", want a template that makes a name: found "*.v1.v1" with '*' in it, want only letters, digits, '-', '_' and dots`},
		{in: `{value}\.internal`, err: `found "{value}\\.internal", want a template that makes a name: found "v1.v1\\.internal" with '\\' in it, want only letters, digits, '-', '_' and dots`},
		{in: "{value}." + strings.Repeat("a", 64), err: `found "{value}.` + strings.Repeat("a", 64) + `", want a template that makes a name: found "v1.v1.` + strings.Repeat("a", 64) + `" with a label of 64 octets, want at most 63`},
		{in: "{value}." + long, err: `found "{value}.` + long[:72] + `" and 181 octets more, want a template that makes a name: found "v1.v1.` + long[:74] + `" and 179 octets more, a name of 261 octets, want at most 255`},
	} {
		got, err := ParseTemplate(tt.in)
		want := Template(tt.in)
		if tt.err != "" {
			want = ""
		}
		if got != want || message(err) != tt.err {
			t.Errorf("ParseTemplate(%q) got %q, %v, want %q, %s", tt.in, got, err, want, tt.err)
		}
	}
}
