package versionalias

import (
	"cmp"
	"reflect"
	"slices"

	"github.com/octoenergy/versionalias/plugin/alias"
	"github.com/octoenergy/versionalias/plugin/ledger"
)

// counts is the feeds whose counts another one goes on with, by the parts of these.
type counts map[part][]*feed

// part is a part of what a feed counts and tells: the flips of a zone, what the aliases of
// a zone have left that a line has, or if both are empty what is of no zone.
type part struct {
	zone alias.Name
	line string
}

// partOf is the part of a line.
func partOf(zone alias.Name, line ledger.Line) part {
	return part{zone, line.Reads() + " " + string(line.Rule.Name)}
}

// has reports whether f reads what line does.
func (f *feed) has(line ledger.Line) bool {
	return slices.ContainsFunc(f.lines, func(own ledger.Line) bool { return own.Reads() == line.Reads() })
}

// parts is all parts that f has.
func (f *feed) parts() map[part]bool {
	parts := map[part]bool{{}: true}
	for _, zone := range f.zones {
		parts[part{zone: zone}] = true
		for _, line := range f.lines {
			parts[partOf(zone, line)] = true
		}
	}
	return parts
}

// follows reports whether o reads anything that f reads.
func (f *feed) follows(o *feed) bool {
	return f.place == o.place && slices.ContainsFunc(o.lines, f.has)
}

// covers reports whether f reads all that o reads.
func (f *feed) covers(o *feed) bool {
	return !slices.ContainsFunc(o.lines, func(line ledger.Line) bool { return !f.has(line) })
}

// sharesQueue reports whether f and o take hints from one queue.
func (f *feed) sharesQueue(o *feed) bool {
	return f.pusher != nil && o.pusher != nil && f.push == o.push
}

// robs reports whether f deletes hints from o's queue that are o's: they are foreign to f.
func (f *feed) robs(o *feed) bool { return f.sharesQueue(o) && (f.place != o.place || !f.covers(o)) }

// shares is how much of what f reads is known to o. Of two that know as much, it
// is more for the one with the same zones, and the same lines.
func (f *feed) shares(o *feed) int {
	if f.place != o.place {
		return 0
	}
	known := o.ledger.Load()
	n := 0
	for _, line := range f.lines {
		if known.Knows(line) {
			n += 4
		}
	}
	if n > 0 && slices.Equal(f.zones, o.zones) {
		n += 2
	}
	if n > 0 && reflect.DeepEqual(f.lines, o.lines) {
		n++
	}
	return n
}

// divide notes in heirs who goes on with what o has counted and told. What an alias has led
// to is told by a feed with its line, or if there is none, by that with its zone; if that is
// gone, by all of them: the name may be in another zone of theirs.
func (i *instance) divide(o *feed, heirs map[*feed]counts) {
	var sharing sharers
	for _, v := range i.plugins {
		if n := v.feed.shares(o); n > 0 && !v.feed.restored {
			sharing = append(sharing, sharer{v.feed, n, v.feed.parts()})
		}
	}
	give := func(p part, f *feed) { heirs[f][p] = append(heirs[f][p], o) }
	if heir := sharing.heir(part{}, heirs); heir != nil {
		give(part{}, heir)
	}
	for _, zone := range o.zones {
		parts := []part{{zone: zone}}
		for _, line := range o.lines {
			parts = append(parts, partOf(zone, line))
		}
		whole := sharing.heir(parts[0], heirs)
		for _, p := range parts {
			if heir := cmp.Or(sharing.heir(p, heirs), whole); heir != nil {
				give(p, heir)
				continue
			}
			for _, s := range sharing {
				give(p, s.feed)
			}
		}
	}
}

// bequeath has others go on with what those before have counted of which none is the heir: else the sums of all
// blocks would fall, as if the process had begun anew.
func (i *instance) bequeath() {
	for _, o := range i.before {
		if f := i.stranger(o, part{}); f != nil {
			f.stats.believed.Add(o.stats.believed.Load())
			f.stats.push.inherit([]*feed{f, o})
		}
		for _, zone := range o.zones {
			if f := i.stranger(o, part{zone: zone}); f != nil {
				f.stats.flips[zone].Add(o.stats.flips[zone].Load())
			}
		}
	}
}

// stranger is a feed that shows a part of what o has counted, or nil if none does or one is the heir of that.
func (i *instance) stranger(o *feed, p part) *feed {
	var stranger *feed
	for _, v := range i.plugins {
		switch f := v.feed; {
		case !f.parts()[p]:
		case slices.Contains(i.heirs[f][p], o):
			return nil
		case stranger == nil || stranger.pusher == nil && p == part{}: // without one it shows nothing of push
			stranger = f
		}
	}
	return stranger
}

// sharers are the feeds that know some of what another one does.
type sharers []sharer

type sharer struct {
	*feed
	n   int // how much of it, see shares
	has map[part]bool
}

// heir is the feed that goes on with a part of what the other has counted and told, or nil: the one
// with that zone and line that knows the most of what that does, and of two such the one that has
// less to go on with by heirs, as for two views of a zone. So each is counted once.
func (s sharers) heir(p part, heirs map[*feed]counts) *feed {
	var heir *feed
	most := 0
	for _, f := range s {
		if !f.has[p] {
			continue
		}
		if f.n > most || f.n == most && len(heirs[f.feed][p]) < len(heirs[heir][p]) {
			most, heir = f.n, f.feed
		}
	}
	return heir
}
