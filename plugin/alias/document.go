package alias

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxDocument is the size of the largest document, in octets. Parameter Store
// holds 8 KiB at most; a file could be anything.
const MaxDocument = 1 << 20

// MaxTTL is the largest TTL an alias may have, in seconds: a week.
const MaxTTL = 604800

// document is what a parameter's value says, before the names in it are put
// into zones. A bundle has many, any other document one with an empty key.
type document struct {
	bundle bool
	specs  []spec
}

// spec is what a document says about one alias.
type spec struct {
	key     string // in a bundle: the name as it was written
	bundled bool
	bare    bool // there is only a target
	to      string
	ttl     int64  // seconds, or -1 where the document does not say
	subtree string // "" where the document does not say
	except  []string
	check   Check
	motion  *motion // nil where the document does not say
}

// target is what the target of s is called in errors.
func (s *spec) target() place {
	switch {
	case !s.bare:
		return s.at("to")
	case s.bundled:
		return s.at("")
	}
	return s.at("target")
}

// at is where s has that option.
func (s *spec) at(option string) place { return place{s.bundled, s.key, option} }

// place is a place in a document. It is only spelt out in errors: a bundle has many.
type place struct {
	bundled bool
	key     string // in a bundle
	field   string // "" for all that the key has
}

// String is p as errors call it.
func (p place) String() string {
	switch {
	case !p.bundled:
		return p.field
	case p.field == "":
		return "aliases[" + quote(p.key) + "]"
	}
	return "aliases[" + quote(p.key) + "]." + p.field
}

// options is the fields that an alias's object may have.
var options = []string{"to", "from", "percent", "start", "over", "group", "ttl", "subtree", "except", "check"}

// parseDocument reads a value: a JSON object if it begins with a brace, else
// plain text. The error names the field, what was found and what was expected;
// beside it the document has what was read until then.
func parseDocument(value string) (document, error) {
	if len(value) > MaxDocument {
		return document{}, fmt.Errorf("parse document: found more than %d octets, want at most %[1]d", MaxDocument)
	}
	text := strings.TrimSpace(value)
	if !strings.HasPrefix(text, "{") {
		one := spec{bare: true, to: text, ttl: -1}
		return document{specs: []spec{one}}, one.complete()
	}
	p := parser{read(text), text}
	doc, err := p.document()
	if err != nil {
		return doc, err
	}
	if rest := strings.TrimSpace(text[p.InputOffset():]); rest != "" {
		return doc, fmt.Errorf("parse document: found %s after its end, want nothing", quote(rest))
	}
	return doc, nil
}

// parser reads a document token by token. encoding/json's decoding into structs
// would take "TO" for "to" and the last of two equal keys.
type parser struct {
	tokenSource
	text string // the document
}

func (p parser) document() (document, error) {
	doc := document{}
	var fields []string
	one := spec{ttl: -1}
	err := p.object(place{field: "document"}, 0, func(field string) (err error) {
		fields = append(fields, field)
		switch {
		case field == "aliases":
			doc.bundle = true
			doc.specs, err = p.bundle()
			return err
		case slices.Contains(options, field):
			return p.option(&one, field)
		}
		return fmt.Errorf("parse document: found the unknown field %s, want %s or aliases", quote(field), strings.Join(options, ", "))
	})
	if err != nil {
		return doc, err
	}
	if doc.bundle {
		if i := slices.IndexFunc(fields, func(f string) bool { return f != "aliases" }); i >= 0 {
			return doc, fmt.Errorf("parse document: found %q beside aliases, want no other field in a bundle", fields[i])
		}
		return doc, nil
	}
	doc.specs = []spec{one}
	return doc, one.complete()
}

func (p parser) bundle() ([]spec, error) {
	const each = 48 // octets of a short alias: to grow costs more than room that is left
	specs := make([]spec, 0, len(p.text)/each)
	err := p.object(place{field: "aliases"}, cap(specs), func(key string) error {
		s, err := p.entry(key)
		specs = append(specs, s)
		return err
	})
	return specs, err
}

// entry reads one alias of a bundle: a target, or an object with options.
func (p parser) entry(key string) (spec, error) {
	s := spec{key: key, bundled: true, ttl: -1}
	path := s.at("")
	tok, err := p.next(path)
	if err != nil {
		return s, err
	}
	switch tok := tok.(type) {
	case string:
		if tok == "" {
			break
		}
		s.bare, s.to = true, tok
		return s, nil
	case json.Delim:
		if tok != '{' {
			break
		}
		err := p.fields(path, 0, func(field string) error {
			if !slices.Contains(options, field) {
				return fmt.Errorf("parse %s: found the unknown field %s, want one of %s", path, quote(field), strings.Join(options, ", "))
			}
			return p.option(&s, field)
		})
		if err != nil {
			return s, err
		}
		return s, s.complete()
	}
	return s, fmt.Errorf("parse %s: found %s, want a target or an object", path, show(tok))
}

// complete fails if s has no target, or options that need another. ParseName
// would not find out: a template makes a name of nothing too.
func (s *spec) complete() error {
	if s.to == "" {
		return fmt.Errorf("parse %s: found nothing, want a target", s.target())
	}
	if s.except != nil && s.subtree == "" {
		return fmt.Errorf("parse %s: found it without subtree, want both or none", s.at("except"))
	}
	return s.checkMotion()
}

// below is the subtree that s says the alias of that name has, or nil.
func (s *spec) below(name Name) (*Subtree, error) {
	if s.subtree == "" {
		return nil, nil
	}
	below := &Subtree{Collapse: s.subtree == subtreeCollapse}
	for i, relative := range s.except {
		// An absolute one would be legal as well: it then has all of name twice, which nobody means.
		if endsIn(strings.TrimSuffix(relative, "."), name) {
			return nil, fmt.Errorf("parse %s[%d]: found %s, want it relative to %s", s.at("except"), i, quote(relative), name)
		}
		x, err := ParseName(relative + "." + string(name))
		if err != nil {
			return nil, fmt.Errorf("parse %s[%d]: found %s, want a name below %s: %w", s.at("except"), i, quote(relative), name, err)
		}
		below.Except = append(below.Except, x)
	}
	slices.Sort(below.Except)
	below.Except = slices.Compact(below.Except)
	return below, nil
}

// option reads the value of one option of an alias into s.
func (p parser) option(s *spec, field string) error {
	path := s.at(field)
	if field == "except" {
		return p.except(s, path)
	}
	tok, err := p.next(path)
	if err != nil {
		return err
	}
	switch field {
	case "to", "from":
		target, ok := tok.(string)
		if !ok || target == "" {
			return fmt.Errorf("parse %s: found %s, want a target", path, show(tok))
		}
		if field == "to" {
			s.to = target
		} else {
			s.ownMotion().from = target
		}
	case "percent", "start", "over", "group":
		return s.readMotion(field, path, tok)
	case "ttl":
		number, ok := tok.(json.Number)
		ttl, err := strconv.ParseInt(number.String(), 10, 64)
		if !ok || err != nil || ttl < 0 || ttl > MaxTTL {
			return fmt.Errorf("parse %s: found %s, want a whole number of seconds from 0 to %d", path, show(tok), MaxTTL)
		}
		s.ttl = ttl
	case "subtree":
		if tok != subtreeKeep && tok != subtreeCollapse {
			return fmt.Errorf("parse %s: found %s, want %s or %s", path, show(tok), subtreeKeep, subtreeCollapse)
		}
		s.subtree = tok.(string)
	case "check":
		text, _ := tok.(string)
		check, ok := parseCheck(text)
		if !ok {
			return fmt.Errorf("parse %s: found %s, want none, name, address or tcp:PORT", path, show(tok))
		}
		s.check = check
	}
	return nil
}

// except reads an array of names.
func (p parser) except(s *spec, path place) error {
	tok, err := p.next(path)
	if err != nil {
		return err
	}
	if tok != json.Delim('[') {
		return fmt.Errorf("parse %s: found %s, want an array of names", path, show(tok))
	}
	s.except = []string{}
	for {
		tok, err := p.next(path)
		if err != nil {
			return err
		}
		if tok == json.Delim(']') {
			return nil
		}
		name, ok := tok.(string)
		if !ok {
			return fmt.Errorf("parse %s[%d]: found %s, want a name", path, len(s.except), show(tok))
		}
		s.except = append(s.except, name)
	}
}

// object reads an object that has yet to be opened; see fields.
func (p parser) object(path place, about int, field func(key string) error) error {
	tok, err := p.next(path)
	if err != nil {
		return err
	}
	if tok != json.Delim('{') {
		return fmt.Errorf("parse %s: found %s, want an object", path, show(tok))
	}
	return p.fields(path, about, field)
}

// fields calls field for each key of the object that was just opened, to read
// the key's value, and refuses a key that comes twice. about is a guess of how many keys
// there are, to make room for them at once.
func (p parser) fields(path place, about int, field func(key string) error) error {
	seen := make(map[string]bool, about)
	for {
		tok, err := p.next(path)
		if err != nil {
			return err
		}
		if tok == json.Delim('}') {
			return nil
		}
		key := tok.(string) // the decoder lets nothing else stand here
		if seen[key] {
			return fmt.Errorf("parse %s: found %s twice, want each key once", path, quote(key))
		}
		seen[key] = true
		if err := field(key); err != nil {
			return err
		}
	}
}

func (p parser) next(path place) (json.Token, error) {
	tok, err := p.Token()
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("parse %s: found the document's end, want more of it", path)
	}
	if err != nil {
		// The library tells of the first octet of a character as if it were one. Quotes and spaces that
		// somebody has pasted have several, and stand between tokens, where none of them is legal.
		rest := strings.TrimLeft(p.text[p.InputOffset():], " \t\r\n,:")
		if r, _ := utf8.DecodeRuneInString(rest); r >= utf8.RuneSelf {
			err = fmt.Errorf("invalid character %q", r)
		}
		return nil, fmt.Errorf("parse %s: found bad JSON behind octet %d: %w", path, p.InputOffset(), err)
	}
	return tok, nil
}

// show is a token as an error shows it.
func show(tok json.Token) string {
	switch tok := tok.(type) {
	case nil:
		return "null"
	case string:
		return quote(tok)
	case json.Delim:
		if tok == '[' {
			return "an array"
		}
		return "an object"
	case json.Number:
		if len(tok) > maxQuote {
			return quote(tok.String())
		}
	}
	return fmt.Sprint(tok)
}
