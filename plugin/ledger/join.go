package ledger

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/octoenergy/versionalias/plugin/alias"
)

// of is what m has of the parameters that line reads. Of several alias lines that
// have read one parameter, the one of the same alias comes first.
func (m Memory) of(line Line) []Remembered {
	var list []Remembered
	for _, p := range m.Parameters {
		if m.Lines[p.Line] == line.Reads() {
			if p.Octets != nil {
				p.Name = string(p.Octets)
			}
			list = append(list, p)
		}
	}
	if line.Path == "" && len(list) > 1 {
		own := max(0, slices.IndexFunc(list, func(p Remembered) bool { return p.Alias == string(line.Rule.Name) }))
		return list[own : own+1]
	}
	return list
}

// Join is m, with what o, which a ledger made, has of lines that m does not know, and of the
// others what o has for another alias line, in a newer version, or alone. What is in force by
// m stays so: o may have it by other rules.
func (m Memory) Join(o Memory) Memory {
	joined := Memory{
		Lines:      slices.Clone(m.Lines),
		Parameters: slices.Clone(m.Parameters),
		Previous:   maps.Clone(o.Previous),
		Drains:     slices.Concat(o.Drains, m.Drains),
	}
	if joined.Previous == nil {
		joined.Previous = map[alias.Name][]alias.Name{}
	}
	maps.Copy(joined.Previous, m.Previous)
	for i, line := range o.Lines {
		if n := slices.Index(m.Lines, line); n >= 0 {
			joined.merge(n, o, i)
			continue
		}
		for _, p := range o.Parameters {
			if p.Line == i {
				p.Line = len(joined.Lines)
				joined.Parameters = append(joined.Parameters, p)
			}
		}
		joined.Lines = append(joined.Lines, line)
	}
	return joined
}

// merge takes over what o has of its line i, which is m's line n.
func (m *Memory) merge(n int, o Memory, i int) {
	type id struct{ name, alias string }
	at := map[id]int{}
	for j, p := range m.Parameters {
		if p.Line == n {
			at[id{p.Name, p.Alias}] = j
		}
	}
	for _, p := range o.Parameters {
		if p.Line != i {
			continue
		}
		p.Line = n
		j, ok := at[id{p.Name, p.Alias}]
		switch {
		case !ok && p.Alias != "":
			m.Parameters = append(m.Parameters, p)
		case !ok && !p.Missing.IsZero(): // m may know by now that it is gone
		case !ok:
			p.Good, p.Lost, p.other = nil, nil, p.Good
			m.Parameters = append(m.Parameters, p)
		case strings.Contains(p.Name, ":"): // a label may go back
		default:
			m.Parameters[j] = m.Parameters[j].join(p)
		}
	}
}

// join is p, or o if that has a newer version, with what is in force by p; and by o, if that
// is newer.
func (p Remembered) join(o Remembered) Remembered {
	good, lost, other := p.Good, p.Lost, p.other
	if o.Good.after(good) && o.Good.after(other) {
		other = o.Good
	}
	if o.newest().after(p.newest()) {
		p = o
	}
	p.Good, p.Lost, p.other = good, lost, other
	return p
}

// newest is the newest version of p.
func (p Remembered) newest() *Version { return cmp.Or(p.Newest, p.other, p.Good) }

// after reports whether v is newer than o; either may be nil, which is the oldest.
func (v *Version) after(o *Version) bool {
	if v == nil || o == nil {
		return v != nil
	}
	return v.parameter(0, "").compare(o.parameter(0, "")) > 0
}

func (m Memory) knows(line Line) bool { return slices.Contains(m.Lines, line.Reads()) }
