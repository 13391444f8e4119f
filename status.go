package versionalias

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/octoenergy/versionalias/plugin/alias"
	"github.com/octoenergy/versionalias/plugin/ledger"
	"github.com/octoenergy/versionalias/plugin/status"
)

// mostFlips is how many flips are remembered.
const mostFlips = 100

// status is what the page shows of all server blocks.
func (r *instances) status() []status.Server {
	var servers []status.Server
	for _, f := range r.feeds() {
		servers = append(servers, f.status(time.Now()))
	}
	return servers
}

func (f *feed) status(now time.Time) status.Server {
	l := f.listing(f.ledger.Load())
	s := status.Server{
		Source:   status.Source{Kind: "ssm", InForce: origin(f.stats.origin.Load()).String(), Age: -1},
		Aliases:  list{l, now},
		Draining: l.draining(f, now),
		Flips:    f.flipped(),
	}
	for _, zone := range f.zones {
		s.Zones = append(s.Zones, string(zone))
	}
	if f.directory != "" {
		s.Source.Kind = "directory"
	}
	if swept := f.stats.swept.Load(); swept != 0 {
		s.Source.LastSweep = time.Unix(0, swept).UTC()
		s.Source.Age = max(0, now.Sub(s.Source.LastSweep).Seconds())
	}
	return s
}

// draining is the drains of l that are to be told at now, as f knows of them.
func (l *listing) draining(f *feed, now time.Time) drains {
	d := drains{listing: l, feed: f, now: now}
	for i := range l.drains {
		if l.drains[i].Told(now) {
			d.told = append(d.told, i)
		}
	}
	return d
}

// drains is the drains of a listing at a moment.
type drains struct {
	*listing
	told []int // by number
	feed *feed
	now  time.Time
}

// Len implements status.Drains.
func (d drains) Len() int { return len(d.told) }

// Drain implements status.Drains.
func (d drains) Drain(i int) status.Drain {
	drain := d.drains[d.told[i]]
	s := status.Drain{
		Alias:    string(drain.Alias),
		Target:   string(drain.Target),
		Deadline: drain.Deadline().UTC(),
		Direct:   status.Direct{Clients: []string{}},
	}
	r := retiredIn(d.ledger.Table(), drain.Target)
	if r != nil {
		s.Deadline = r.From.UTC() // that of the last alias to leave it
	}
	s.Drained = !d.now.Before(s.Deadline)
	switch direct := &s.Direct; {
	case !d.feed.isAsked(drain.Target) && (r == nil || r.Queries() == 0): // a plugin may bring some by
		direct.Uncounted = status.Elsewhere
	case r == nil:
		direct.Uncounted = status.OfAlias
	case !s.Drained:
		direct.Uncounted = status.Early
	default:
		queries := r.Queries()
		direct.Queries, direct.LastSeen = &queries, r.Last().UTC()
		for _, c := range r.Clients() {
			direct.Clients = append(direct.Clients, c.String())
		}
	}
	return s
}

// reach is a zone of a server block, and a listener at which queries for it come in.
type reach struct {
	listener string
	zone     alias.Name
	own      bool // the server block is the feed's
}

// isAsked reports whether queries for name come to f's server block, at each listener that it has for
// it: no other block there has a zone nearer to name.
func (f *feed) isAsked(name alias.Name) bool {
	own, others := map[string]int{}, map[string]int{} // how long the nearest zone is, by listener
	for _, r := range f.reached {
		nearest := others
		if r.own {
			nearest = own
		}
		if name.IsAt(r.zone) {
			nearest[r.listener] = max(nearest[r.listener], len(r.zone))
		}
	}
	for listener, length := range own {
		if length < others[listener] {
			return false
		}
	}
	return len(own) > 0
}

// retiredIn is what counts the queries for a target that aliases have left. It is nil if the target is
// an alias, or below one: then they are that alias's.
func retiredIn(t *alias.Table, target alias.Name) *alias.Retired {
	found := t.Lookup(string(target))
	if found.Entry != nil {
		return nil
	}
	return found.Mark.Retired()
}

// note remembers a flip.
func (f *feed) note(e ledger.Event) {
	flip := status.Flip{
		At: time.Now().UTC(), Alias: string(e.After.Name), From: string(e.Before.Target), To: string(e.After.Target),
		Parameter: e.Source.Parameter, Version: e.Source.Version,
	}
	f.remember(append([]status.Flip{flip}, f.flipped()...))
}

// remember remembers the newest of these flips.
func (f *feed) remember(flips []status.Flip) {
	slices.SortStableFunc(flips, func(a, b status.Flip) int { return b.At.Compare(a.At) })
	flips = flips[:min(len(flips), mostFlips)]
	f.flips.Store(&flips)
}

func (f *feed) flipped() []status.Flip {
	if flips := f.flips.Load(); flips != nil {
		return *flips
	}
	return nil
}

// listing is the aliases of a ledger, in force or held back, sorted by name.
type listing struct {
	ledger *ledger.Ledger
	rows   []row
	drains []ledger.Drain
}

type row struct {
	name  alias.Name    // "" of a rejected document of which no alias can be told
	entry *alias.Entry  // nil if nothing is in force
	state *ledger.State // nil if nothing holds it back
}

// listing is that of l. The last one is kept as long as l is the feed's: to sort very many
// is more than a page should cost.
func (f *feed) listing(l *ledger.Ledger) *listing {
	if kept := f.listed.Load(); kept != nil && kept.ledger == l {
		return kept
	}
	next := &listing{ledger: l, drains: l.AllDrains()}
	states, nameless := l.States()
	for _, s := range nameless {
		next.rows = append(next.rows, row{state: &s})
	}
	for e := range l.Table().All() {
		r := row{name: e.Name, entry: e}
		if s, ok := states[e.Name]; ok {
			r.state = &s
			delete(states, e.Name)
		}
		next.rows = append(next.rows, r)
	}
	for name, s := range states {
		next.rows = append(next.rows, row{name: name, state: &s})
	}
	slices.SortFunc(next.rows[len(nameless):], func(a, b row) int { return strings.Compare(string(a.name), string(b.name)) })
	f.listed.Store(next)
	if f.ledger.Load() != l { // adopt may have come before
		f.listed.CompareAndSwap(next, nil)
	}
	return next
}

// list is a listing at a moment.
type list struct {
	*listing
	now time.Time
}

// Len implements status.List.
func (l list) Len() int { return len(l.rows) }

// Alias implements status.List.
func (l list) Alias(i int) status.Alias {
	r := l.rows[i]
	a := status.Alias{Name: string(r.name), State: status.Active}
	var source alias.Source
	var reasons []string
	if r.state != nil {
		source = r.state.Source
		reasons = append(reasons, why(r.state))
	}
	if r.entry != nil {
		source = *r.entry.Source
		l.inForce(&a, r.entry)
		reasons = append(reasons, l.odd(r.entry)...)
	}
	a.Parameter, a.Version, a.Modified, a.Adopted = source.Parameter, source.Version, source.Modified.UTC(), source.Adopted.UTC()
	a.Reason = strings.Join(reasons, "; ")
	switch s := r.state; {
	case s == nil || s.Beside:
	case s.Pending:
		a.State = status.Pending
	default:
		a.State = status.Rejected
	}
	return a
}

// inForce fills in a what is in force of it, e.
func (l list) inForce(a *status.Alias, e *alias.Entry) {
	a.To, a.TTL, a.Percent = string(e.Target), e.TTL, 100
	if e.Subtree != nil {
		a.Subtree = e.Subtree.String()
	}
	if to, all := e.Answered(); all > 0 {
		share := float64(to) / float64(all)
		a.Observed = &share
	}
	if m := e.Move; m != nil {
		a.From, a.Percent = string(m.From), percent(m.Moved(l.now))
		if m.Scheduled() {
			a.Start, a.End = m.Start.UTC(), m.Start.Add(m.Over).UTC()
		}
		if e.Leads(m.From, l.now) && (e.Leads(e.Target, l.now) || m.Scheduled()) {
			a.State = status.Moving
		}
	}
}

// odd is what is odd about e though it is in force, for people.
func (l list) odd(e *alias.Entry) (reasons []string) {
	if err := l.ledger.Missing(e.Source, l.now); err != nil {
		reasons = append(reasons, err.Error())
	}
	for _, target := range e.Targets() {
		if err := l.ledger.Failing(target, e.Check); err != nil {
			reasons = append(reasons, fmt.Sprintf("target %s does not verify: %v", target, err))
		}
	}
	return reasons
}

// why is what s is about, for people.
func why(s *ledger.State) string {
	version := fmt.Sprintf("version %d", s.Source.Version)
	if s.Beside {
		version = fmt.Sprintf("parameter %s, %s", s.Source.Parameter, version)
	}
	if s.Err == nil {
		return version + " is not asked for yet"
	}
	return fmt.Sprintf("%s: %v", version, s.Err)
}

// percent is a fraction in percent, rounded to the three decimals that documents may have:
// most fractions are no exact binary numbers, and 100 times one may read otherwise.
func percent(fraction float64) float64 { return math.Round(fraction*alias.Whole) / (alias.Whole / 100) }
