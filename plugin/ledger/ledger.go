package ledger

import (
	"cmp"
	"errors"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/octoenergy/versionalias/plugin/alias"
)

// Ledger is one record per parameter, and the table that they make. It is
// immutable once made, so anyone may read it at any time; Apply makes the next.
type Ledger struct {
	lines    []Line
	reserved map[alias.Name]bool // the names of alias lines
	trust    Trust
	known    []bool // by line: whether a complete sweep has seen it, in another process maybe
	records  records
	proofs   map[Probe]proof                  // of what is to be verified
	previous shared[alias.Name, []alias.Name] // the targets of each alias before their last change
	drains   shared[drainKey, Drain]
	orphans  map[alias.Name]alias.Name // see orphaned
	braked   map[key]int               // how many aliases of each parameter stay in force though it is gone; see giveUp
	table    *alias.Table
}

// Trust is how far a source is believed at its first word.
type Trust struct {
	Interval time.Duration // between two sweeps, more than 0
	// Verify says that a document is adopted only once its new targets are verified.
	Verify bool
	// Files says that what is there counts, whatever was there before: a file may
	// well be replaced by an older one.
	Files bool
}

// record is what is known of one parameter. It is immutable too.
type record struct {
	good    *document  // in force, or nil
	lost    *document  // was in force by other rules, and is not by these: it comes back if they do; nil while one is in force
	newer   *candidate // the newest one, if it is not in force
	absence absence
	doubt   *doubt // an older version that was read since, or nil
}

// settled reports whether r's newest version is in force, and nothing else is known of the parameter.
func (r record) settled() bool { return r.newer == nil && r.doubt == nil && !r.absence.missing() }

// hasNewer reports whether r has a candidate, and its parameter is still there.
func (r record) hasNewer() bool { return r.newer != nil && !r.absence.missing() }

// newest is what r has of the parameter's newest version, or nil.
func (r record) newest() *document {
	if r.newer != nil {
		return &r.newer.document
	}
	return r.good
}

// document is one version of a parameter.
type document struct {
	Parameter
	aliases []alias.Alias // sorted by name; nil if entries are of all
	entries []alias.Entry // of its own aliases, once it was adopted
	adopted time.Time     // when it came into force, or zero
}

func (d *document) source() *alias.Source {
	s := d.Parameter.source()
	s.Adopted = d.adopted
	return s
}

func (r record) stays() *alias.Source {
	if r.good == nil {
		return nil
	}
	return r.good.source()
}

// candidate is a document that was rejected, or waits to be verified, or is yet to be
// judged.
type candidate struct {
	document
	names  map[alias.Name]alias.Name // what it is about, with the zones, if it could not be read
	guess  bool                      // it may be a bundle, and names be none of its own
	reason Reason
	err    error
	wants  []Probe // what it waits for
	waits  error   // why, or nil before that is known
	said   []reported
}

// New makes an empty ledger for the parameters that lines name.
func New(lines []Line, trust Trust) *Ledger {
	edit := new(alias.Table).Edit()
	edit.Partial(true)
	l := &Ledger{lines: lines, trust: trust, known: make([]bool, len(lines)), reserved: map[alias.Name]bool{}, table: edit.Table()}
	for _, line := range lines {
		if line.Rule.Name != "" {
			l.reserved[line.Rule.Name] = true
		}
	}
	return l
}

// Paced is l with sweeps that are so far apart from now on, as they are while the source is
// asked too often.
func (l *Ledger) Paced(interval time.Duration) *Ledger {
	if interval == l.trust.Interval {
		return l
	}
	next := *l
	next.trust.Interval = interval
	return &next
}

// Table is the aliases in force.
func (l *Ledger) Table() *alias.Table { return l.table }

// Apply is the ledger after a sweep that was complete and saw these parameters,
// at the time now; and what changed, in a stable order. It is l itself if
// nothing did.
func (l *Ledger) Apply(seen []Parameter, now time.Time) (*Ledger, []Event) {
	return l.ApplyLines(func(int) bool { return true }, seen, now)
}

// ApplyLines is the same after a sweep of some lines, by number, that saw these parameters of them.
func (l *Ledger) ApplyLines(some func(line int) bool, seen []Parameter, now time.Time) (*Ledger, []Event) {
	c := l.change(now)
	c.sweeps = some
	c.see(seen)
	c.miss(seen)
	return c.finish()
}

// ApplyRead is the same after a read by name: asked is what was read, and seen is what of that exists.
func (l *Ledger) ApplyRead(asked []Ref, seen []Parameter, now time.Time) (*Ledger, []Event) {
	c := l.change(now)
	c.see(seen)
	c.notFound(asked, seen)
	return c.finish()
}

// Learnt reports whether l, which was made of before, has other versions of what line reads than that had,
// or has adopted them anew. line is one of l's.
func (l *Ledger) Learnt(before *Ledger, line Line) bool {
	i := slices.IndexFunc(l.lines, func(own Line) bool { return own.Reads() == line.Reads() })
	newest := func(l *Ledger) map[key]document {
		all := map[key]document{}
		for k, r := range l.records.all {
			if d := r.newest(); k.line == i && d != nil {
				all[k] = *d
			}
		}
		return all
	}
	return !maps.EqualFunc(newest(l), newest(before), func(a, b document) bool {
		return a.same(b.Parameter) && a.adopted.Equal(b.adopted)
	})
}

// change is an Apply in the making: the ledger before, and what is new.
type change struct {
	*Ledger
	now      time.Time
	updates  map[key]record
	gone     map[key]bool        // the parameters that are given up
	kept     map[key]record      // what was given up, taken back or not, as it would be if it had not been
	brake    map[key]int         // as braked, from now on
	sweeps   func(line int) bool // whether all of a line was seen, which makes it known; nil if of none
	trusted  bool                // what is seen was in force elsewhere, and is not verified again
	proofs   map[Probe]proof     // as the ledger's, from now on, and so are the next two
	drains   draft[drainKey, Drain]
	previous draft[alias.Name, []alias.Name]
	answered bool                        // probes were
	left     map[Probe]bool              // those of targets that an alias has left
	drained  map[alias.Name]bool         // the targets of drains that changed
	moves    map[alias.Name][]alias.Name // the aliases whose labels move along, by target; nil until it is asked for
	traced   int                         // how many names were followed back over these
	events   []Event
}

func (l *Ledger) change(now time.Time) *change {
	return &change{
		Ledger:   l,
		now:      now,
		updates:  map[key]record{},
		gone:     map[key]bool{},
		kept:     map[key]record{},
		proofs:   l.proofs,
		drains:   draft[drainKey, Drain]{shared: l.drains},
		previous: draft[alias.Name, []alias.Name]{shared: l.previous},
		drained:  map[alias.Name]bool{},
		left:     map[Probe]bool{},
	}
}

func (c *change) finish() (*Ledger, []Event) {
	c.giveUp()
	c.expire()
	v := c.judge()
	known := c.known
	if c.sweeps != nil && slices.Contains(known, false) {
		known = slices.Clone(known)
		for i := range known {
			known[i] = known[i] || c.sweeps(i)
		}
	}
	if len(v.in) == 0 && len(c.updates) == 0 && maps.Equal(c.brake, c.braked) && slices.Equal(known, c.known) && !c.answered && len(c.drained) == 0 {
		return c.Ledger, nil
	}
	return v.commit(known)
}

func (c *change) record(k key) record {
	if r, ok := c.updates[k]; ok {
		return r
	}
	return c.of(k)
}

// of is what l knows of k.
func (l *Ledger) of(k key) record {
	r, _ := l.records.get(k)
	return r
}

// where is the records as they are by now, in no order, for which so holds. Settled ones are not looked at:
// so must not hold for any.
func (c *change) where(so func(record) bool) iter.Seq2[key, record] {
	return func(yield func(key, record) bool) {
		for k, r := range c.records.unsettled {
			if !so(r) {
				continue
			}
			if _, changed := c.updates[k]; !changed && !yield(k, r) {
				return
			}
		}
		for k, r := range c.updates {
			if so(r) && !yield(k, r) {
				return
			}
		}
	}
}

// see notes the parameters whose newest version was not known yet.
func (c *change) see(seen []Parameter) {
	for _, p := range seen {
		r := c.record(p.key())
		before := r
		r.absence = absence{}
		if !p.Writing {
			r = c.weigh(r, p)
		}
		if r != before {
			c.updates[p.key()] = r
		}
	}
	slices.SortFunc(c.events, func(a, b Event) int {
		return key{a.Source.Parameter, a.Source.Line}.compare(key{b.Source.Parameter, b.Source.Line})
	})
}

// read makes a candidate of p, one that is rejected at once if it states no
// aliases at all.
func (c *change) read(p Parameter) *candidate {
	doc := document{Parameter: p}
	rule := c.lines[p.Line].Rule
	if p.Problem != nil {
		names, guess := rule.Names(p.leaf(), "")
		return &candidate{document: doc, names: names, guess: guess, reason: ReasonType, err: p.Problem}
	}
	aliases, err := rule.Read(p.leaf(), p.Value)
	if err != nil {
		reason := ReasonSyntax
		if errors.Is(err, alias.ErrZone) {
			reason = ReasonZone
		}
		names, guess := rule.Names(p.leaf(), p.Value)
		return &candidate{document: doc, names: names, guess: guess, reason: reason, err: err}
	}
	doc.aliases = aliases
	return &candidate{document: doc}
}

// claims is the aliases of d that are its own to state: all that no alias line
// names, or that of its own line.
func (l *Ledger) claims(d *document) iter.Seq[*alias.Alias] {
	return func(yield func(*alias.Alias) bool) {
		if d.entries != nil {
			for i := range d.entries {
				if !yield(&d.entries[i].Alias) {
					return
				}
			}
			return
		}
		own := l.own(d)
		for i := range own {
			if !yield(&own[i]) {
				return
			}
		}
	}
}

// own is the claims of d, which was not adopted yet.
func (l *Ledger) own(d *document) []alias.Alias {
	if l.lines[d.Line].Rule.Name != "" || len(l.reserved) == 0 {
		return d.aliases
	}
	shadowed := func(a alias.Alias) bool { return l.reserved[a.Name] }
	if !slices.ContainsFunc(d.aliases, shadowed) {
		return d.aliases
	}
	return slices.DeleteFunc(slices.Clone(d.aliases), shadowed)
}

func (d *document) states(name alias.Name) bool {
	if d.aliases == nil {
		_, ok := slices.BinarySearchFunc(d.entries, name, func(e alias.Entry, n alias.Name) int { return cmp.Compare(e.Name, n) })
		return ok
	}
	_, ok := slices.BinarySearchFunc(d.aliases, name, func(a alias.Alias, n alias.Name) int { return cmp.Compare(a.Name, n) })
	return ok
}

// adopt is d in force from now on, or since it was.
func (d document) adopt(now time.Time) *document {
	if d.adopted.IsZero() {
		d.adopted = now
	}
	return &d
}

func (k key) compare(o key) int {
	return cmp.Or(cmp.Compare(k.name, o.name), cmp.Compare(k.line, o.line))
}

// keyOf is the record that e comes from.
func keyOf(e *alias.Entry) key { return key{e.Source.Parameter, e.Source.Line} }
