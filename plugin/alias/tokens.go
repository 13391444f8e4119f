package alias

import (
	"encoding/json"
	"io"
	"strings"
)

// tokenSource is where a document's tokens come from: a json.Decoder, or tokens.
type tokenSource interface {
	Token() (json.Token, error)
	InputOffset() int64 // of the end of the last token
}

// read is the tokens of text. The library's Decoder reads them five times slower than
// the library decodes them, which is most of what it takes to load many documents;
// so it is asked only where it has a fault to tell.
func read(text string) tokenSource {
	if json.Valid([]byte(text)) {
		return &tokens{text: text}
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	return d
}

// tokens is a tokenSource of valid JSON (RFC 8259), with numbers as they are written.
type tokens struct {
	text string
	end  int // of the last token
}

// InputOffset is the end of the last token.
func (t *tokens) InputOffset() int64 { return int64(t.end) }

// between reports whether b stands between tokens of valid JSON.
func between(b byte) bool {
	switch b {
	case ' ', '\t', '\r', '\n', ',', ':':
		return true
	}
	return false
}

// Token is the next token, as a json.Decoder has it.
func (t *tokens) Token() (json.Token, error) {
	begin := t.end
	for begin < len(t.text) && between(t.text[begin]) {
		begin++
	}
	rest := t.text[begin:]
	if rest == "" {
		return nil, io.EOF
	}
	switch c := rest[0]; c {
	case '{', '}', '[', ']':
		t.end = begin + 1
		return json.Delim(c), nil
	case '"':
		end, plain := 1, true
		for ; rest[end] != '"'; end++ {
			if rest[end] == '\\' {
				end++
				plain = false
			} else if rest[end] >= 0x80 {
				plain = false // it may be no UTF-8
			}
		}
		t.end = begin + end + 1
		if plain {
			return rest[1:end], nil
		}
		var s string
		err := json.Unmarshal([]byte(rest[:end+1]), &s)
		return s, err
	}
	word := rest
	if end := strings.IndexAny(rest, " \t\r\n,]}"); end >= 0 {
		word = rest[:end]
	}
	t.end = begin + len(word)
	switch word {
	case "true":
		return true, nil
	case "false":
		return false, nil
	case "null":
		return nil, nil
	}
	return json.Number(word), nil
}
