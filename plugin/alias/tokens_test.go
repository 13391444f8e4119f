package alias

import (
	"encoding/json"
	"strings"
	"testing"
)

// FuzzTokens compares tokens with what the library's Decoder makes of a text.
func FuzzTokens(f *testing.F) {
	for _, text := range []string{
		`{"to": "cache-v2.corp.internal", "ttl": 10}`,
		` { "aliases" : { "a" : "v1.x.org" , "b":{"except":["a","b"],"percent":1.5e3}}}` + "\n",
		`{"a\"b\\": "\u00e9\ud800 é", "c": [true,false,null,-0.5,[],{}]}`,
		"{\"a\": \"\xff\"}", "{\r\n\"a\": \"\xe9\",\r\n\"ttl\": 5\r\n}\r\n",
		`"x"`, `7`, `null`, `[1,2 ]`, `{"a":1}x`, ``, `{`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !json.Valid([]byte(text)) {
			if _, ok := read(text).(*json.Decoder); !ok {
				t.Fatalf("read(%q) has tokens of what is not valid", text)
			}
			return
		}
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		got := read(text)
		for {
			want, end := d.Token()
			tok, err := got.Token()
			if tok != want || (err == nil) != (end == nil) {
				t.Fatalf("%q got token %#v and error %v, want %#v and %v", text, tok, err, want, end)
			}
			if end != nil {
				return
			}
			if got.InputOffset() != d.InputOffset() {
				t.Fatalf("%q got offset %d after %#v, want %d", text, got.InputOffset(), tok, d.InputOffset())
			}
		}
	})
}
