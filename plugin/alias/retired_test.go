package alias

import (
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"
)

// A name that is retired is found as such, unless it is an alias's, and is none
// itself.
func TestRetire(t *testing.T) {
	r := new(Retired)
	var none *Table
	edit := none.Edit()
	edit.Put(&Source{}, Alias{Name: "cache.internal.", Zone: "internal.", Target: "v2.x.org.", Subtree: &Subtree{Except: []Name{"a.cache.internal."}}})
	edit.Put(&Source{}, Alias{Name: "plain.internal.", Zone: "internal.", Target: "v2.x.org."})
	for _, name := range []Name{"v1.x.org.", "a.cache.internal.", "b.cache.internal.", "plain.internal.", "gone.x.org."} {
		edit.Retire(name, r)
	}
	edit.Retire("gone.x.org.", nil)
	table := edit.Table()
	for _, tt := range []struct {
		qname   string
		alias   Name // that it is for
		retired bool
	}{
		{"V1.x.org.", "", true},
		{"w.v1.x.org.", "", false},
		{"gone.x.org.", "", false},
		{"a.cache.internal.", "", true},                 // left alone by the subtree
		{"b.cache.internal.", "cache.internal.", false}, // the subtree's
		{"plain.internal.", "plain.internal.", false},
	} {
		found := table.Lookup(tt.qname)
		var name Name
		if found.Entry != nil {
			name = found.Entry.Name
		}
		if retired := found.Entry == nil && found.Mark.Retired() == r; name != tt.alias || retired != tt.retired {
			t.Errorf("Lookup(%q) got the alias %q, retired %v, want %q, %v", tt.qname, name, retired, tt.alias, tt.retired)
		}
	}
	n := 0
	for e := range table.All() {
		if e.Source == nil {
			t.Errorf("All yields %s, which is no alias", e.Name)
		}
		n++
	}
	if n != 2 || table.Len() != 2 || table.Get("v1.x.org.") != nil {
		t.Errorf("found %d aliases, Len %d, and %v at v1.x.org., want 2, 2 and none", n, table.Len(), table.Get("v1.x.org."))
	}
	if table.Retired("v1.x.org.") != r || table.Retired("plain.internal.") != nil || none.Retired("v1.x.org.") != nil {
		t.Error("Retired tells another name")
	}
	edit = table.Edit()
	edit.Put(&Source{}, Alias{Name: "v1.x.org.", Zone: "x.org.", Target: "v2.x.org."})
	edit.Retire("a.cache.internal.", nil)
	edit.Delete("b.cache.internal.")
	edit.Delete("cache.internal.")
	edit.Delete("plain.internal.")
	table = edit.Table()
	if found := table.Lookup("v1.x.org."); table.Len() != 1 || found.Entry == nil || found.Mark.Retired() != nil {
		t.Errorf("as an alias Lookup got %v of %d, want it", found, table.Len())
	}
	edit = table.Edit()
	edit.Delete("v1.x.org.")
	if table = edit.Table(); table.Len() != 0 || table.get("v1.x.org.") != nil || table.get("a.cache.internal.") != nil {
		t.Errorf("of an empty table found %d aliases, and %v", table.Len(), table.get("v1.x.org."))
	}
}

// Anybody may count, as many at once as there are.
func TestRetiredCount(t *testing.T) {
	from := time.Unix(1000, 0)
	r := &Retired{From: from, Until: from.Add(time.Minute)}
	if !r.Last().IsZero() || r.Clients() != nil {
		t.Errorf("before any query found %v and %v", r.Last(), r.Clients())
	}
	r.Count(netip.MustParseAddr("192.0.2.200"), from.Add(-1))
	r.Count(netip.MustParseAddr("192.0.2.200"), from.Add(time.Minute))
	r.Count(netip.Addr{}, from) // of a cache that asks ahead of its clients
	if r.Queries() != 1 || r.Clients() != nil {
		t.Errorf("counted %d queries of the clients %v, want one of none", r.Queries(), r.Clients())
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 100 {
				r.Count(netip.MustParseAddr(fmt.Sprintf("192.0.2.%d", i)), from.Add(time.Second))
			}
		})
	}
	wg.Wait()
	seen := map[netip.Addr]bool{}
	for _, c := range r.Clients() {
		seen[c] = true
	}
	if r.Queries() != 801 || len(seen) != MaxClients || len(r.Clients()) != MaxClients || !r.Last().Equal(from.Add(time.Second)) {
		t.Errorf("counted %d queries of %d clients, %d of them different, the last at %v", r.Queries(), len(r.Clients()), len(seen), r.Last())
	}
}

func TestLeads(t *testing.T) {
	const s = time.Second
	start := time.Unix(1000, 0)
	canary := func(fraction uint64) *Move { return &Move{From: "v1.", Fraction: fraction} }
	ramp := &Move{From: "v1.", Start: start, Over: 10 * s}
	for _, tt := range []struct {
		name   string
		move   *Move
		target Name
		at     time.Duration // since the start
		now    bool
		later  bool
		until  time.Duration // since the start, 0 if it is not said
	}{
		{name: "plain", target: "v2.", now: true, later: true},
		{name: "plain, another name", target: "v1."},
		{name: "0%: from", move: canary(0), target: "v1.", now: true, later: true},
		{name: "0%: to", move: canary(0), target: "v2."},
		{name: "1%: from", move: canary(1000), target: "v1.", now: true, later: true},
		{name: "1%: to", move: canary(1000), target: "v2.", now: true, later: true},
		{name: "100%: from", move: canary(Whole), target: "v1."},
		{name: "100%: to", move: canary(Whole), target: "v2.", now: true, later: true},
		{name: "any: another name", move: canary(1), target: "v3."},
		{name: "before a ramp: from", move: ramp, target: "v1.", at: -1, now: true, later: true, until: 10 * s},
		{name: "before a ramp: to", move: ramp, target: "v2.", at: -1, later: true},
		{name: "in a ramp: from", move: ramp, target: "v1.", now: true, later: true, until: 10 * s},
		{name: "in a ramp: to", move: ramp, target: "v2.", now: true, later: true},
		{name: "after a ramp: from", move: ramp, target: "v1.", at: 10 * s},
		{name: "after a ramp: to", move: ramp, target: "v2.", at: 10 * s, now: true, later: true},
	} {
		a := Alias{Target: "v2.", Move: tt.move}
		now := start.Add(tt.at)
		later, until := a.LeadsUntil(tt.target, now)
		want := time.Time{}
		if tt.until > 0 {
			want = start.Add(tt.until)
		}
		if got := a.Leads(tt.target, now); got != tt.now || later != tt.later || later && !until.Equal(want) {
			t.Errorf("%s: leads now %v, later %v until %v, want %v, %v, %v", tt.name, got, later, until, tt.now, tt.later, want)
		}
	}
}
