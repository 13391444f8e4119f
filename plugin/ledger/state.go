package ledger

import "github.com/octoenergy/versionalias/plugin/alias"

// State is why an alias is not what its newest document says.
type State struct {
	Pending bool         // the document waits to be verified, else it is rejected
	Source  alias.Source // the document
	Err     error        // what is wrong with it, or nil if it waits for the first answer
	Zone    alias.Name   // the alias's
}

// States is those of all aliases that are held back, in force with an older document
// or not at all.
func (l *Ledger) States() map[alias.Name]State {
	states := map[alias.Name]State{}
	for _, r := range l.records {
		if r.newer == nil || r.absence.missing() {
			continue
		}
		s := State{Pending: r.newer.wants != nil, Source: r.newer.source(), Err: r.newer.err}
		if s.Pending {
			s.Err = r.newer.waits
		}
		for name, zone := range r.newer.about() {
			if holder := l.table.Get(name); holder == nil || keyOf(holder) == r.newer.key() {
				s.Zone = zone
				states[name] = s
			}
		}
		if r.good == nil {
			continue
		}
		for _, a := range l.claims(r.good) {
			s.Zone = a.Zone
			states[a.Name] = s
		}
	}
	return states
}
