package versionalias

import (
	"bytes"
	"testing"

	clog "github.com/coredns/coredns/plugin/pkg/log"

	"github.com/octoenergy/versionalias/plugin/ledger"
)

func TestLine(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "",
		"alias cache.corp.internal. é 日": "alias cache.corp.internal. é 日",
		`found "a\n" in C:\n`:            `found "a\n" in C:\n`,
		"a\nb\r\tc":                      `a\nb\r\tc`,
		"\x1b[2J\a\x00":                  `\x1b[2J\a\x00`,
		"a\xffb\u202e\u2028":             `a\xffb\u202e\u2028`,
		"\ufffd":                         "\ufffd",
	} {
		if got := line("%s", []any{text}); got != want {
			t.Errorf("line(%q) got %s, want %s", text, got, want)
		}
	}
}

// A file cannot be named so that it says a line of its own.
func TestLogOfNames(t *testing.T) {
	var out bytes.Buffer
	clog.SetOutput(&out)
	defer clog.Discard()
	feedOnce(t, []ledger.Parameter{{Name: "/dns/y\n[INFO] bad", Value: "{", Version: 1}, {Name: "/dns/cache", Value: "cache-v1.corp.internal", Version: 1}})
	want := `[WARNING] plugin/versionalias: rejected parameter /dns/y\n[INFO] bad: parse document: found the document's end, want more of it; no version of it is in force
[INFO] plugin/versionalias: loaded 1 aliases from 2 parameters`
	if got := logged(&out); got != want {
		t.Errorf("logged\n%s\nwant\n%s", got, want)
	}
}
