package ledger

import (
	"maps"
	"slices"
)

// judge decides which of the newest documents come into force, all of them at
// once: two documents that swap a name, or hand it over in one sweep, must not
// collide for the order in which they are looked at. At first all are let in.
// Those at fault with what then would be in force are taken out, until none is.
// A document taken out leaves its last good in force, which may put others at
// fault; since documents are only taken out, this ends. At last those are let in again
// that were taken out for others which are out by then: of those that have to wait none,
// so that this ends as well. If then something must not be gone yet, that is kept, and all
// this is done once more.
//
// Documents that were found at fault before are judged again each time: what
// they collided with may have gone.
func (c *change) judge() *view {
	v := &view{change: c, in: map[key]*candidate{}}
	for k := range c.where(record.hasNewer) {
		v.let(k)
	}
	verdicts := map[key]verdict{}
	for more := true; more; more = v.spare() {
		v.sift(verdicts)
		for v.readmit(verdicts); v.unverified(); v.readmit(verdicts) {
			v.sift(verdicts)
		}
		if v.waiting {
			v.again(verdicts)
		}
	}
	c.reject(verdicts)
	return v
}

// spare takes back that parameters are gone which have an alias in force that a document
// states which is out, or missing, and none that is in: they go together, or the alias would be
// gone in between. Who states another alias of such a parameter is out as well. It reports
// whether there were any.
func (v *view) spare() bool {
	if len(v.gone) == 0 {
		return false
	}
	if v.next == nil {
		v.build(v.order()) // none is at fault by now
	}
	out := map[key]bool{}
	var more []key // of those that are out, to be looked at
	leave := func(k key) {
		if !out[k] {
			out[k] = true
			more = append(more, k)
		}
	}
	for k := range v.where(func(r record) bool { return r.newer != nil }) {
		if _, gone := v.kept[k]; v.in[k] == nil && !gone { // or it will never come into force
			leave(k)
		}
	}
	spared := map[key]bool{}
	for len(more) > 0 {
		k := more[len(more)-1]
		more = more[:len(more)-1]
		for name := range v.about(v.record(k).newer) {
			holder := v.table.Get(name)
			if holder == nil || !v.gone[keyOf(holder)] || spared[keyOf(holder)] {
				continue
			}
			if heir := v.next.Get(name); heir != nil && !out[keyOf(heir)] {
				continue
			}
			spared[keyOf(holder)] = true
			for a := range v.claims(v.kept[keyOf(holder)].good) {
				if heir := v.next.Get(a.Name); heir != nil && v.in[keyOf(heir)] != nil {
					leave(keyOf(heir))
				}
			}
		}
	}
	for k := range spared {
		v.keep(k)
		v.next = nil
	}
	return len(spared) > 0
}

// sift takes out the candidates at fault, until none is.
func (v *view) sift(verdicts map[key]verdict) {
	for len(v.in) > 0 {
		faults := v.faults()
		if len(faults) == 0 {
			return
		}
		for k := range faults {
			v.leaveOut(k)
		}
		maps.Copy(verdicts, faults)
	}
}

// readmit lets in candidates that were taken out for others which are out as well now.
func (v *view) readmit(verdicts map[key]verdict) {
	if len(v.in) == 0 {
		v.reprieve(verdicts)
	}
	v.heirs(verdicts)
	if len(v.in) == 0 || v.waiting {
		return
	}
	var free []key // of the names of others which are out
	for k, f := range verdicts {
		if f.shared && f.reason == ReasonCollision && !v.collides(k) {
			free = append(free, k)
		}
	}
	if len(free) > 0 && v.admit(free...) { // all at once, see heirs; else the next Apply looks at them
		maps.DeleteFunc(verdicts, func(k key, _ verdict) bool { return v.in[k] != nil })
		v.heirs(verdicts) // of what those give up
	}
}

// heirs lets in those that were taken out and state an alias which another gives up that is
// in, or is gone, if they are not at fault any more: or else the alias would be gone until
// the next Apply, or for as long as they have to wait.
func (v *view) heirs(verdicts map[key]verdict) {
	for more := true; more; {
		var next []key
		for _, k := range slices.SortedFunc(maps.Keys(verdicts), key.compare) {
			if v.in[k] == nil && v.inherits(k) && !v.collides(k) {
				next = append(next, k)
			}
		}
		// All at once, if they are many: for each one by one, all that are in are looked at.
		looped := func(k key) bool { return verdicts[k].reason == ReasonLoop && !verdicts[k].shared }
		if all := slices.DeleteFunc(slices.Clone(next), looped); len(all) > 1 && v.admit(all...) {
			maps.DeleteFunc(verdicts, func(k key, _ verdict) bool { return v.in[k] != nil })
			continue
		}
		more = false
		for _, k := range next {
			if !v.collides(k) && v.admit(k) {
				delete(verdicts, k)
				more = true
			}
		}
	}
}

// admit lets in the candidates of keys, which are out, if then there is no fault: all of
// them, or none.
func (v *view) admit(keys ...key) bool {
	before := *v
	for _, k := range keys {
		v.let(k)
	}
	if !slices.ContainsFunc(keys, func(k key) bool { return v.in[k] == nil }) && len(v.faults()) == 0 {
		return true
	}
	for _, k := range keys {
		delete(v.in, k)
	}
	*v = before // with the table that was made, which is needed for the next ones
	return false
}

// inherits reports whether k's candidate states an alias that another parameter has in
// force, which is gone or has its own candidate in.
func (v *view) inherits(k key) bool {
	for a := range v.claims(&v.record(k).newer.document) {
		if e := v.table.Get(a.Name); e != nil && keyOf(e) != k && (v.in[keyOf(e)] != nil || v.gone[keyOf(e)]) {
			return true
		}
	}
	return false
}

// collides reports whether k's candidate, which is out, states an alias that another one
// states which is in, or that another parameter keeps. So would faults, after a look at all
// that are in.
func (v *view) collides(k key) bool {
	for a := range v.claims(&v.record(k).newer.document) {
		if holder, e := v.holder(a.Name); e != nil && holder != k || v.next != nil && v.next.New(a.Name) != nil {
			return true
		}
	}
	return false
}

// reprieve lets in one candidate that was taken out for another which is out as well now,
// if by itself it is not at fault: or else it would never come into force while the other
// stands there. The next Apply looks at the rest again. New ones that have to wait do so,
// and it is the turn of the next.
func (v *view) reprieve(verdicts map[key]verdict) {
	for _, k := range slices.SortedFunc(maps.Keys(verdicts), key.compare) {
		if !verdicts[k].shared || !v.admit(k) {
			continue
		}
		delete(verdicts, k)
		if v.record(k).good != nil || !v.unverified() {
			return
		}
	}
}

// again lets in those that were taken out for another which waits to be verified, if
// without it they are not at fault and need not wait themselves: such as a way back. If
// one waits that takes over what they give up, they wait with it.
func (v *view) again(verdicts map[key]verdict) {
	for _, k := range slices.SortedFunc(maps.Keys(verdicts), key.compare) {
		if !verdicts[k].shared || !v.admit(k) {
			continue
		}
		if v.unproven(k, v.wants(k)) || v.back(k) != nil {
			v.leaveOut(k)
			continue
		}
		delete(verdicts, k)
		v.heirs(verdicts)
		for v.unverified() {
			v.sift(verdicts)
		}
	}
}

// verdict is why a document is taken out.
type verdict struct {
	reason Reason
	err    error
	shared bool // it takes another candidate to be at fault
}

// reject notes the documents that were found at fault, and says those that are
// new or whose fault is another than before.
func (c *change) reject(verdicts map[key]verdict) {
	for k, f := range verdicts {
		r := c.record(k)
		if r.newer.reason == f.reason && text(r.newer.err) == text(f.err) {
			continue
		}
		newer := *r.newer
		newer.reason, newer.err, newer.waits = f.reason, f.err, nil
		r.newer = &newer
		c.updates[k] = r
	}
	for _, k := range slices.SortedFunc(maps.Keys(c.updates), key.compare) {
		r, before := c.updates[k], c.of(k)
		if r.newer == nil || r.newer.err == nil || r.newer == before.newer {
			continue
		}
		c.events = append(c.events, Event{Kind: Rejected, Source: r.newer.source(), Detail: &Detail{Reason: r.newer.reason, Err: r.newer.err, Stays: r.stays()}})
	}
}
