package ledger

import (
	"slices"

	"github.com/octoenergy/versionalias/plugin/alias"
)

// State is why an alias is not what its newest document says.
type State struct {
	Pending bool         // the document waits to be verified, else it is rejected
	Beside  bool         // the alias is in force as another parameter has it
	Source  alias.Source // the document
	Err     error        // what is wrong with it, or nil if it waits for the first answer
}

// before reports whether s is to be told rather than o, of one alias: what its own
// parameter has, then what is rejected, then by parameter.
func (s State) before(o State) bool {
	switch {
	case s.Beside != o.Beside:
		return o.Beside
	case s.Pending != o.Pending:
		return o.Pending
	case s.Source.Parameter != o.Source.Parameter:
		return s.Source.Parameter < o.Source.Parameter
	}
	return s.Source.Line < o.Source.Line
}

// States is those of all aliases of which a document is held back, in force with an
// older one, or as another parameter has them, or not at all. Nameless is those of rejected
// documents of which no alias can be told, sorted by parameter.
func (l *Ledger) States() (named map[alias.Name]State, nameless []State) {
	named = map[alias.Name]State{}
	for _, r := range l.records.unsettled {
		if r.newer == nil || r.newer.err == nil && r.absence.missing() {
			continue // it waits for nothing any more; what is rejected is so until it is gone
		}
		s := State{Pending: r.newer.wants != nil && r.newer.err == nil, Source: *r.newer.source(), Err: r.newer.err}
		if s.Pending {
			s.Err = r.newer.waits
		}
		told := false
		put := func(name alias.Name, s State) {
			told = true
			if old, ok := named[name]; !ok || s.before(old) {
				named[name] = s
			}
		}
		for name := range l.about(r.newer) {
			holder := l.table.Get(name)
			s.Beside = holder != nil && keyOf(holder) != r.newer.key()
			put(name, s)
		}
		s.Beside = false
		if r.good != nil {
			for a := range l.claims(r.good) {
				put(a.Name, s)
			}
		}
		if !told && r.newer.err != nil {
			nameless = append(nameless, s)
		}
	}
	slices.SortFunc(nameless, func(a, b State) int {
		return key{a.Source.Parameter, a.Source.Line}.compare(key{b.Source.Parameter, b.Source.Line})
	})
	return named, nameless
}

// Rejection is a document that is not in force though it is its parameter's
// newest.
type Rejection struct {
	Source alias.Source
	Reason Reason
	Err    error
	Stays  *alias.Source // the document that stays in force, if any
	// Zones counts the aliases that are held back, by zone: those in force that
	// stay as they are, or else those that the document states, or else one.
	Zones map[alias.Name]int
}

// Rejections is the rejected documents, sorted by parameter.
func (l *Ledger) Rejections() []Rejection {
	var rejected []key
	for k, r := range l.records.unsettled {
		if r.newer != nil && r.newer.err != nil {
			rejected = append(rejected, k)
		}
	}
	slices.SortFunc(rejected, key.compare)
	var list []Rejection
	for _, k := range rejected {
		r := l.records.unsettled[k]
		list = append(list, Rejection{Source: *r.newer.source(), Reason: r.newer.reason, Err: r.newer.err, Stays: r.stays(), Zones: l.held(r)})
	}
	return list
}

func (l *Ledger) held(r record) map[alias.Name]int {
	zones := map[alias.Name]int{}
	for _, d := range []*document{r.good, &r.newer.document} {
		if d == nil {
			continue
		}
		for a := range l.claims(d) {
			zones[a.Zone]++
		}
		if len(zones) > 0 {
			return zones
		}
	}
	rule := l.lines[r.newer.Line].Rule
	if rule.Name != "" {
		return map[alias.Name]int{alias.Zone(rule.Name, rule.Zones): 1}
	}
	for _, zone := range rule.Zones {
		zones[zone] = 1
	}
	return zones
}
