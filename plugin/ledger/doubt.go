package ledger

import "time"

// doubt is that an older version of a parameter was read after a newer one.
// Parameter Store promises no read after write, so that it may be out of date;
// or it was restored.
type doubt struct {
	Parameter
	since time.Time
	reads int // that said the same later on
}

// Rereads is how long after the first one a read is repeated that may be out of date: an older version is
// believed if all say the same. Nobody may change it.
var Rereads = []time.Duration{2 * time.Second, 10 * time.Second}

// rereads is what it takes to believe d. A label can be moved back to an older
// version, so that a second read will do.
func (l *Ledger) rereads(d *doubt) []time.Duration {
	if l.lines[d.Line].Label != "" {
		return Rereads[:1]
	}
	return Rereads
}

// say tells that p is older than what is known. That a label was moved is nothing
// to tell.
func (c *change) say(kind Kind, p Parameter, known *document) {
	if c.lines[p.Line].Label == "" {
		c.events = append(c.events, Event{Kind: kind, Source: p.source(), Detail: &Detail{Known: known.source()}})
	}
}

// weigh is r after p was read.
func (c *change) weigh(r record, p Parameter) record {
	known := r.newest()
	switch {
	case known == nil || !c.older(p, known.Parameter):
		r.doubt = nil
		if known == nil || !known.same(p) {
			r.newer = c.read(p)
		}
	case r.doubt == nil || !r.doubt.same(p):
		r.doubt = &doubt{Parameter: p, since: c.now}
		c.say(Doubted, p, known)
	default:
		d := *r.doubt
		rereads := c.rereads(&d)
		if c.now.Before(d.since.Add(rereads[d.reads])) {
			return r
		}
		d.reads++
		r.doubt = &d
		if d.reads == len(rereads) {
			r.doubt = nil
			r.newer = c.read(p)
			c.say(Believed, p, known)
		}
	}
	return r
}

// older reports whether p may be out of date, since another version is known.
func (c *change) older(p, known Parameter) bool { return !c.trust.Files && p.compare(known) < 0 }
