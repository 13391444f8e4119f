package versionalias

import (
	"bytes"
	"regexp"
	"strings"
	"sync"
	"testing"

	clog "github.com/coredns/coredns/plugin/pkg/log"

	"github.com/octoenergy/versionalias/plugin/ledger"
)

// journal is what was logged. Goroutines that outlive their test may log too: the
// one of *file* that reads its zone again each minute does, where a reload ended
// badly.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// capture records what is logged until the test ends.
func capture(t *testing.T) *journal {
	t.Helper()
	j := new(journal)
	clog.SetOutput(j)
	t.Cleanup(clog.Discard)
	return j
}

// Write is called once for each line.
func (j *journal) Write(line []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if bytes.Contains(line, []byte(" plugin/file: ")) {
		return len(line), nil
	}
	return j.text.Write(line)
}

// lines are those since the last reset, without the times.
func (j *journal) lines() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	lines := regexp.MustCompile(`(?m)^.*? (\[[A-Z]+\])`).ReplaceAllString(j.text.String(), "$1")
	return strings.TrimSpace(lines)
}

func (j *journal) reset() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.text.Reset()
}

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
	out := capture(t)
	feedOnce(t, []ledger.Parameter{{Name: "/dns/y\n[INFO] bad", Value: "{", Version: 1}, {Name: "/dns/cache", Value: "cache-v1.corp.internal", Version: 1}})
	want := `[WARNING] plugin/versionalias: rejected parameter /dns/y\n[INFO] bad: parse document: found the document's end, want more of it; no version of it is in force
[INFO] plugin/versionalias: loaded 1 aliases from 2 parameters`
	if got := out.lines(); got != want {
		t.Errorf("logged\n%s\nwant\n%s", got, want)
	}
}
