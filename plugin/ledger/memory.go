package ledger

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/octoenergy/versionalias/plugin/alias"
)

// Memory is what outlives a ledger: a restart, or a reload of the Corefile.
type Memory struct {
	Lines      []string     `json:"lines"` // what a complete sweep has seen, see Line.Reads
	Parameters []Remembered `json:"parameters"`
	// Previous is the targets of aliases before their last change.
	Previous map[alias.Name][]alias.Name `json:"previous,omitempty"`
	Drains   []Drain                     `json:"drains,omitempty"`
}

// Remembered is what a Memory has of one parameter: at least one version.
type Remembered struct {
	Line    int       `json:"line"` // an index
	Name    string    `json:"name"`
	Octets  []byte    `json:"octets,omitempty"` // Name, if that is no UTF-8, as a file's may be
	Alias   string    `json:"alias,omitempty"`  // of an alias line: lines may share a parameter
	Good    *Version  `json:"good,omitempty"`   // in force
	Lost    *Version  `json:"lost,omitempty"`   // was in force by other rules, while none is
	Newest  *Version  `json:"newest,omitempty"` // if it is not in force
	Reason  Reason    `json:"reason,omitempty"` // that Newest is rejected for
	Error   string    `json:"error,omitempty"`  // what is wrong with it
	Missing time.Time `json:"missing,omitzero"` // since when

	other *Version // in force in another ledger, and newer than Good; see Join
}

// Version is a version of a parameter, see Parameter.
type Version struct {
	Value    string    `json:"value"`
	Octets   []byte    `json:"octets,omitempty"` // Value, if that is no UTF-8
	Version  int64     `json:"version"`
	Modified time.Time `json:"modified"`
	Problem  string    `json:"problem,omitempty"`
	Adopted  time.Time `json:"adopted,omitzero"` // when it came into force
}

// Reads is what a line reads, in a form that two lines share only if they read
// the same parameters.
func (l Line) Reads() string {
	switch {
	case l.Path == "":
		return l.Selector()
	case l.Flat:
		return l.Path + " flat"
	}
	return l.Path + " recursive"
}

// Memory is what l hands down, sorted.
func (l *Ledger) Memory() Memory {
	var m Memory
	index := make([]int, len(l.lines)) // of each line in m.Lines
	for i, line := range l.lines {
		if !l.known[i] {
			index[i] = -1
			continue
		}
		index[i] = slices.Index(m.Lines, line.Reads())
		if index[i] < 0 {
			index[i] = len(m.Lines)
			m.Lines = append(m.Lines, line.Reads())
		}
	}
	var known []key
	for k := range l.records.all {
		if index[k.line] >= 0 {
			known = append(known, k)
		}
	}
	slices.SortFunc(known, key.compare)
	for _, k := range known {
		r := l.of(k)
		p := Remembered{
			Line:    index[k.line],
			Name:    k.name,
			Octets:  octets(k.name),
			Alias:   string(l.lines[k.line].Rule.Name),
			Good:    version(r.good),
			Lost:    version(r.lost),
			Missing: r.absence.since,
		}
		if r.newer != nil {
			p.Newest, p.Reason, p.Error = version(&r.newer.document), r.newer.reason, text(r.newer.err)
		}
		m.Parameters = append(m.Parameters, p)
	}
	m.Previous = maps.Collect(l.previous.all)
	m.Drains = l.AllDrains()
	return m
}

// Check fails if m is none that a ledger made.
func (m Memory) Check() error {
	for _, p := range m.Parameters {
		switch {
		case p.Line < 0 || p.Line >= len(m.Lines):
			return fmt.Errorf("found parameter %s of line %d, want one of %d lines", p.Name, p.Line, len(m.Lines))
		case p.newest() == nil:
			return fmt.Errorf("found no version of parameter %s, want one", p.Name)
		}
	}
	return nil
}

func version(d *document) *Version {
	if d == nil {
		return nil
	}
	return &Version{d.Value, octets(d.Value), d.Version, d.Modified, text(d.Problem), d.adopted}
}

// octets is s if JSON would make it another one (RFC 8259 section 8.1), else nil.
func octets(s string) []byte {
	if utf8.ValidString(s) {
		return nil
	}
	return []byte(s)
}

func (v *Version) parameter(line int, name string) Parameter {
	p := Parameter{Line: line, Name: name, Value: v.Value, Version: v.Version, Modified: v.Modified}
	if v.Octets != nil {
		p.Value = string(v.Octets)
	}
	if v.Problem != "" {
		p.Problem = errors.New(v.Problem)
	}
	return p
}

// Recall is the ledger l, which has seen nothing yet, with all that m has of the
// parameters that l reads: what is in force, what was rejected, and what is
// missing since when. Documents are read anew, by l's own rules, so that one may state other
// aliases now, or be rejected. One that was in force and is rejected is kept: by the rules of
// the next Recall it may be legal again. What another ledger has in force is judged like what
// a sweep sees: it takes nothing out of force unless it may come into force itself.
func (l *Ledger) Recall(m Memory, now time.Time) *Ledger {
	var good, lost, others, newest []told
	missing := map[key]time.Time{}
	for i, line := range l.lines {
		for _, p := range m.of(line) {
			if p.Good != nil {
				good = append(good, told{Parameter: p.Good.parameter(i, p.Name), adopted: p.Good.Adopted})
			} else if p.Lost != nil {
				lost = append(lost, told{Parameter: p.Lost.parameter(i, p.Name), adopted: p.Lost.Adopted})
			}
			if p.other != nil {
				others = append(others, told{Parameter: p.other.parameter(i, p.Name)})
			}
			if p.Newest != nil {
				newest = append(newest, told{Parameter: p.Newest.parameter(i, p.Name), reason: p.Reason, err: p.Error})
			}
			if !p.Missing.IsZero() {
				missing[key{p.Name, i}] = p.Missing
			}
		}
	}
	c := l.change(now)
	c.sweeps = func(line int) bool { return m.knows(l.lines[line]) }
	for name, targets := range m.Previous {
		if l.tells(name) {
			c.previous.set(name, targets)
		}
	}
	for _, d := range m.Drains {
		k := drainKey{d.Alias, d.Target}
		if l.tells(d.Alias) && now.Before(d.over()) {
			if known, _ := c.drains.get(k); !known.over().After(d.over()) {
				c.drain(k, d)
			}
		}
	}
	next, _ := c.finish()
	next = next.recall(good, nil, true, now).recall(lost, nil, true, now)
	others = slices.DeleteFunc(others, func(p told) bool { good := next.of(p.key()).good; return good != nil && p.compare(good.Parameter) <= 0 })
	next = next.recall(others, nil, false, now).recall(newest, missing, false, now)
	next.forget()
	return next
}

// forget forgets the targets that aliases had which are gone, but for those of which
// something is to be told yet, or that may come back. It is for a ledger that nobody else has yet.
func (l *Ledger) forget() {
	for _, r := range l.records.unsettled {
		if r.lost != nil { // its rules tell of which aliases
			return
		}
	}
	told := map[alias.Name]bool{}
	for k := range l.drains.all {
		told[k.alias] = true
	}
	next := draft[alias.Name, []alias.Name]{shared: l.previous}
	for name := range l.previous.all {
		if l.table.Get(name) == nil && !told[name] {
			next.remove(name)
		}
	}
	l.previous = next.shared
}

// tells reports whether an alias of that name could be l's.
func (l *Ledger) tells(name alias.Name) bool {
	return slices.ContainsFunc(l.lines, func(line Line) bool { return alias.Zone(name, line.Rule.Zones) != "" })
}

// told is a parameter as a Memory has it, and why it was rejected.
type told struct {
	Parameter
	reason  Reason
	err     string
	adopted time.Time
}

// recall is l after it was told these, which were in force if good.
func (l *Ledger) recall(list []told, missing map[key]time.Time, good bool, now time.Time) *Ledger {
	c := l.change(now)
	c.trusted = good
	for _, p := range list {
		r := c.record(p.key())
		switch {
		case good:
			r.lost = &document{Parameter: p.Parameter, adopted: p.adopted} // unless it is adopted now
		case r.good != nil && r.good.same(p.Parameter):
			continue // it was lost
		}
		r.newer = c.read(p.Parameter)
		r.newer.adopted = p.adopted
		if r.newer.reason == "" && (p.reason == ReasonCollision || p.reason == ReasonLoop) {
			r.newer.reason, r.newer.err = p.reason, errors.New(p.err) // to be judged again, unless it is missing
		}
		c.updates[p.key()] = r
	}
	for k, since := range missing {
		if since.After(now) { // the clock was set back
			since = now
		}
		r := c.record(k)
		r.absence.since = now.Add(since.Sub(now)) // by a clock that is not set
		r.absence.swept = true
		c.updates[k] = r
	}
	next, _ := c.finish()
	return next
}

// Succeed is l, which has recalled old's memory, with what those of old's aliases leave
// behind that are its own: by other lines or another TTL they may have become others. It is
// for a ledger that nobody else has yet.
func (l *Ledger) Succeed(old *Ledger, own func(*alias.Entry) bool, now time.Time) *Ledger {
	next := *l
	c := next.change(now)
	for e := range old.table.All() {
		if l.tells(e.Name) && own(e) {
			c.leave(e, l.table.Get(e.Name))
		}
	}
	next.drains = c.drains.shared
	for k := range next.drains.all {
		c.drained[k.target] = true
	}
	edit := next.table.Edit()
	c.retireNames(edit, old.table)
	next.table = edit.Table()
	return &next
}

// Inherit is l, which has recalled the memories of old ledgers, with their counts of
// queries, and what was verified there; what several have is that of the first. It
// is for a ledger that nobody else has yet.
func (l *Ledger) Inherit(old ...*Ledger) *Ledger {
	inherited := *l
	tables := make([]*alias.Table, len(old))
	led := map[alias.Name]bool{} // by those that verify
	for i, o := range old {
		tables[i] = o.table
		for e := range o.table.All() {
			for _, target := range e.Targets() {
				led[target] = led[target] || o.trust.Verify
			}
		}
	}
	inherited.table = inherited.table.Inherit(tables...)
	inherited.records = l.withSaid(old)
	inherited.proofs = maps.Clone(l.proofs)
	for probe, p := range l.proofs {
		knows := func(o *Ledger) bool { _, asked := o.proofs[probe]; return asked }
		verified := led[probe.Target]
		if i := slices.IndexFunc(old, knows); i >= 0 {
			before := old[i].proofs[probe]
			verified = verified && !before.first
			before.first, before.wanted = p.first, p.wanted // what waits may do so only by now
			if p = before; probe.outdated(p.over, old[i].table, l.table) {
				p.at = time.Time{}
			}
		}
		p.first = p.first && !verified
		inherited.proofs[probe] = p
		if !p.first && !p.wanted {
			delete(inherited.proofs, probe)
		}
	}
	return &inherited
}

// withSaid is l's records with what old ledgers have said of documents that wait still: it
// is not said again.
func (l *Ledger) withSaid(old []*Ledger) records {
	updates := map[key]record{}
	for k, r := range l.records.unsettled {
		if r.newer == nil || r.newer.err != nil {
			continue
		}
		for _, o := range old {
			own := l.lines[k.line]
			i := slices.IndexFunc(o.lines, func(line Line) bool { return line.Reads() == own.Reads() && line.Rule.Name == own.Rule.Name })
			before := o.of(key{k.name, i}).newer // nothing has a line of -1
			if before != nil && before.same(r.newer.Parameter) {
				newer := *r.newer
				newer.said = before.said
				r.newer = &newer
				updates[k] = r
				break
			}
		}
	}
	return l.records.with(updates, nil)
}

// Knows reports whether a complete sweep has seen what line reads.
func (l *Ledger) Knows(line Line) bool {
	for i, o := range l.lines {
		if l.known[i] && o.Reads() == line.Reads() {
			return true
		}
	}
	return false
}
