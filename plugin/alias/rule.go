package alias

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Alias is one alias as a document states it: queries for the canonical name
// Name are answered with what Target has.
type Alias struct {
	Name   Name
	Zone   Name // the deepest of the plugin's zones that Name lies in
	Target Name
	TTL    uint32 // seconds, 0 to MaxTTL
	Check  Check  // of all of its targets
	// Subtree makes aliases of the names below Name as well; nil is none.
	Subtree *Subtree
	// Move says which clients are led to Move.From instead; nil is none.
	Move *Move
}

// Targets is the names that a leads its own name to.
func (a *Alias) Targets() []Name {
	if a.Move == nil {
		return []Name{a.Target}
	}
	return []Name{a.Target, a.Move.From}
}

// IsApex reports whether a is the name of its zone itself. There a CNAME is
// illegal, beside SOA and NS (RFC 1034 section 3.6.2), so that only addresses
// can be the alias's.
func (a *Alias) IsApex() bool { return a.Name == a.Zone }

// Options is what a document may say of an alias beside its target, as the log
// shows it.
func (a *Alias) Options() string {
	s := fmt.Sprintf("ttl %d", a.TTL)
	if a.Move != nil {
		s = fmt.Sprintf("%s, %s", a.Move, s)
		if a.Move.Salt != string(a.Name) {
			s += fmt.Sprintf(", group %q", a.Move.Salt)
		}
	}
	if a.Subtree != nil {
		s += fmt.Sprintf(", subtree %s", a.Subtree)
	}
	if a.Check != CheckAddress {
		s += fmt.Sprintf(", check %s", a.Check)
	}
	return s
}

// Rule says how the documents of one line of the Corefile become aliases.
type Rule struct {
	Zones    []Name // where relative names exist, at least one
	Template Template
	TTL      uint32 // of aliases whose document does not say
	Name     Name   // if set, a document is this one alias, and no bundle
}

// ErrZone is wrapped by the errors that Read returns for a name that lies
// outside the rule's zones.
var ErrZone = errors.New("want a name in one of the zones")

// Read is the aliases that value states, sorted by name. Value is the document
// of a parameter whose leaf, the last element of its path, is leaf. A document
// is read whole or not at all: an error names the first bad field, what was
// found and what was expected.
func (r Rule) Read(leaf, value string) ([]Alias, error) {
	doc, err := parseDocument(value)
	if err != nil {
		return nil, err
	}
	if doc.bundle && r.Name != "" {
		return nil, fmt.Errorf("parse document: found a bundle, want the one alias %s", r.Name)
	}
	aliases := make([]Alias, 0, len(doc.specs))
	for i := range doc.specs {
		s := &doc.specs[i]
		key, what := leaf, "last element"
		if doc.bundle {
			key, what = s.key, "aliases"
		}
		first := len(aliases)
		if aliases, err = r.place(aliases, key); err != nil {
			return nil, fmt.Errorf("parse %s: %w", what, err)
		}
		for i := first; i < len(aliases); i++ {
			if err := r.fill(&aliases[i], s); err != nil {
				return nil, err
			}
		}
	}
	slices.SortFunc(aliases, func(a, b Alias) int { return cmp.Compare(a.Name, b.Name) })
	for i := 1; i < len(aliases); i++ {
		if aliases[i].Name == aliases[i-1].Name {
			return nil, fmt.Errorf("parse aliases: found %s twice, want each alias once", aliases[i].Name)
		}
	}
	pack(aliases)
	return aliases, nil
}

// fill gives a, which has its name and zone, what s says of it.
func (r *Rule) fill(a *Alias, s *spec) (err error) {
	a.TTL, a.Check = r.TTL, s.check
	if s.ttl >= 0 {
		a.TTL = uint32(s.ttl)
	}
	if a.Target, err = r.Template.target(a.Name.below(a.Zone), s.to); err != nil {
		return fmt.Errorf("parse %s: %w", s.target(), err)
	}
	if a.Move, err = s.move(a, r.Template); err != nil {
		return err
	}
	if a.Subtree, err = s.below(a.Name); err != nil {
		return err
	}
	for i, target := range a.Targets() {
		if a.Subtree != nil && target.IsAt(a.Name) {
			field := [...]place{s.target(), s.at("from")}[i]
			return fmt.Errorf("parse %s: found %s, want a target that is not at or below the subtree alias %s", field, target, a.Name)
		}
	}
	return nil
}

// packed is how many aliases share a piece of memory for their names and targets. A million pieces
// are dear to make, and one that is in use, if only for what an alias led to once, is kept whole.
const packed = 8

// pack has the target of each of aliases stand behind its name in memory: a query reads both, and
// of a million none is in a processor's cache.
func pack(aliases []Alias) {
	for some := range slices.Chunk(aliases, packed) {
		size := 0
		for i := range some {
			size += len(some[i].Name) + len(some[i].Target)
		}
		var text strings.Builder
		text.Grow(size)
		for i := range some {
			text.WriteString(string(some[i].Name))
			text.WriteString(string(some[i].Target))
		}
		rest := Name(text.String())
		for i := range some {
			a := &some[i]
			name, end := len(a.Name), len(a.Name)+len(a.Target)
			a.Name, a.Target, rest = rest[:name], rest[name:end], rest[end:]
		}
	}
}

// Names is the names, with their zones, that a document which Read refuses is
// about, as far as can be told: its leaf's, or a bundle's keys, of which only those
// in front of the fault are known if it is no JSON. The leaf's are a guess: it may as well
// be a bundle.
func (r Rule) Names(leaf, value string) (names map[Name]Name, guess bool) {
	keys, bundle := bundleKeys(value)
	if !bundle || r.Name != "" {
		keys, guess = []string{leaf}, r.Name == ""
	}
	names = map[Name]Name{}
	for _, key := range keys {
		aliases, _ := r.place(nil, key)
		for _, a := range aliases {
			names[a.Name] = a.Zone
		}
	}
	return names, guess
}

// bundleKeys is the keys that can be told of the bundle that value is, whatever its fault,
// and whether it is one.
func bundleKeys(value string) (keys []string, bundle bool) {
	var document, aliases map[string]json.RawMessage // it may be no JSON, or no bundle
	_ = json.Unmarshal([]byte(value), &document)
	_ = json.Unmarshal(document["aliases"], &aliases)
	keys = slices.Collect(maps.Keys(aliases))
	doc, _ := parseDocument(value)
	if doc.bundle {
		for _, s := range doc.specs {
			keys = append(keys, s.key)
		}
	}
	return keys, doc.bundle || aliases != nil
}

// place adds the aliases, yet without a target, that a leaf or a bundle's key stands
// for to list: one if it is absolute, since it ends in one of the zones or in a dot,
// else one in each zone.
func (r *Rule) place(list []Alias, key string) ([]Alias, error) {
	if r.Name != "" {
		return r.absolute(list, r.Name)
	}
	if strings.HasSuffix(key, ".") || slices.ContainsFunc(r.Zones, func(zone Name) bool { return endsIn(key, zone) }) {
		name, err := ParseName(key)
		if err != nil {
			return nil, err
		}
		return r.absolute(list, name)
	}
	for _, zone := range r.Zones {
		name, err := parseName(key + "." + string(zone))
		if err != nil {
			return nil, err
		}
		// The name may lie in another zone than this one, a deeper one.
		if list, err = r.absolute(list, name); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (r *Rule) absolute(list []Alias, name Name) ([]Alias, error) {
	zone := Zone(name, r.Zones)
	if zone == "" {
		return nil, fmt.Errorf("found %s, %w %s", name, ErrZone, join(r.Zones))
	}
	return append(list, Alias{Name: name, Zone: zone}), nil
}

// Zone is the deepest of zones that name is in, or "" if it is in none.
func Zone(name Name, zones []Name) Name {
	var deepest Name
	for _, zone := range zones {
		if name.IsAt(zone) && len(zone) > len(deepest) {
			deepest = zone
		}
	}
	return deepest
}

func join(zones []Name) string {
	s := make([]string, len(zones))
	for i, zone := range zones {
		s[i] = string(zone)
	}
	return strings.Join(s, " ")
}
