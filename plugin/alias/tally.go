package alias

import (
	"slices"
	"strings"
)

// Tally counts the queries that an alias led to one target.
type Tally struct {
	Target Name
	n      counter
}

// Add counts one query. It may be called at any time, by anyone.
func (t *Tally) Add() { t.n.add() }

// Count is how many queries were counted.
func (t *Tally) Count() uint64 { return t.n.count() }

// counts is what tallies, two at most, have counted.
func counts(tallies []*Tally) (list [2]uint64) {
	for i, t := range tallies {
		list[i] = t.Count()
	}
	return list
}

// tallies is those of before, an entry or nil, with those of targets first. A single
// one comes from fresh.
func tallies(before *Entry, targets []Name, fresh *fresh) []*Tally {
	var old []*Tally
	if before != nil {
		old = before.Tallies
	}
	if slices.EqualFunc(old[:min(len(old), len(targets))], targets, func(t *Tally, n Name) bool { return t.Target == n }) {
		return old
	}
	if len(old) == 0 && len(targets) == 1 {
		p := fresh.pair()
		p.tally.Target = targets[0]
		p.list[0] = &p.tally
		return p.list[:]
	}
	next := make([]*Tally, 0, len(old)+len(targets))
	for _, target := range targets {
		i := slices.IndexFunc(old, func(t *Tally) bool { return t.Target == target })
		if i < 0 {
			own := strings.Clone(string(target)) // it outlives its document, and must not keep the text of others
			next = append(next, &Tally{Target: Name(own)})
		} else {
			next = append(next, old[i])
		}
	}
	for _, t := range old {
		if len(next) < mostTallies && !slices.Contains(next, t) {
			next = append(next, t)
		}
	}
	return next
}

// mostTallies is how many an alias has at most: those of the targets that it led to last.
// Targets may be named for builds, of which there is no end.
const mostTallies = 20

// fresh makes tallies, and lists of them, many at a time: a million small objects
// are dearer to make, and to keep, than some thousand large ones. One that is in use
// keeps all that were made with it, so they are not too many.
type fresh struct {
	left  int // how many aliases are yet to come, this one included
	pairs []pair
}

// mostPairs is how many pairs are made at a time.
const mostPairs = 64

// pair is the usual list, of one tally, and that: beside each other, since a query
// reads both.
type pair struct {
	list  [1]*Tally
	tally Tally
}

func (f *fresh) pair() *pair {
	if len(f.pairs) == 0 {
		f.pairs = make([]pair, max(1, min(f.left, mostPairs)))
	}
	p := &f.pairs[0]
	f.pairs = f.pairs[1:]
	return p
}
