package versionalias

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/pkg/dnstest"
	"github.com/coredns/coredns/plugin/test"
	"github.com/miekg/dns"

	"github.com/octoenergy/versionalias/internal/process"
	"github.com/octoenergy/versionalias/internal/program"
	"github.com/octoenergy/versionalias/plugin/alias"
)

// After a flip it is told when no cache holds the old target any more, and from then
// on for an hour who still asks for it.
func TestDrain(t *testing.T) {
	const (
		drain   = `drain_deadline_timestamp_seconds{alias="cache.corp.internal.",target="cache-v1.corp.internal.",zone="corp.internal."}`
		retired = `retired_queries_total{target="cache-v1.corp.internal.",zone="corp.internal."}`
	)
	synctest.Test(t, func(t *testing.T) {
		tr := startTrial(t, "cache-v1.corp.internal")
		defer tr.stop()
		shown := func(series, want string) {
			t.Helper()
			if err := metric(series, want); (err == nil) != (want != "") {
				t.Errorf("%s, want %q: %v", series, want, err)
			}
		}
		ask := func(name, from string) {
			t.Helper()
			w := dnstest.NewRecorder(&test.ResponseWriter{RemoteIP: from})
			if _, err := tr.ServeDNS(context.Background(), w, question(name+".corp.internal.", dns.TypeA)); err != nil || len(w.Msg.Answer) == 0 {
				t.Errorf("got %v\n%s", err, show(w.Msg))
			}
		}
		tr.set("cache-v2", addressed)
		shown(drain, "")
		shown(retired, "")
		tr.put("cache-v2.corp.internal")
		tr.turns("cache-v2", 12*time.Second)
		d := tr.feed.ledger.Load().Drains(time.Now())[0]
		if after := d.Deadline().Sub(d.Since); after != 15*time.Second {
			t.Errorf("the deadline is %v after the change, want the TTL and 10s", after)
		}
		shown(drain, strconv.FormatFloat(float64(d.Deadline().UnixNano())/1e9, 'f', -1, 64))
		ask("Cache-V1", "192.0.2.1") // a resolver may, for the CNAME that it holds
		shown(retired, "0")
		<-time.After(time.Until(d.Deadline()) - time.Nanosecond)
		ask("cache-v1", "192.0.2.1")
		shown(retired, "0")
		<-time.After(time.Nanosecond)
		for i := range 30 {
			ask("Cache-V1", fmt.Sprintf("192.0.2.%d", i))
			ask("cache-v1", "192.0.2.7")
			ask("cache", "192.0.2.8") // is none of its
			ask("cache-v1", "nobody") // is a cache that asks ahead of clients, from no address
			ask("cache-v2", "192.0.2.9")
		}
		shown(retired, "90")
		r := tr.table.Load().Retired("cache-v1.corp.internal.")
		if clients := r.Clients(); len(clients) != 20 || clients[0].String() != "192.0.2.0" || clients[1].String() != "192.0.2.7" {
			t.Errorf("found the clients %v, want 20, beginning with 192.0.2.0 and 192.0.2.7", clients)
		}
		if !r.Last().Equal(time.Now()) {
			t.Errorf("the last query was at %v, want now", r.Last())
		}
		<-time.After(time.Hour - time.Nanosecond)
		ask("cache-v1", "192.0.2.1")
		shown(retired, "91")
		<-time.After(time.Nanosecond)
		ask("cache-v1", "192.0.2.1")
		if n := r.Queries(); n != 91 {
			t.Errorf("%d queries were counted, want 91", n)
		}
		shown(drain, "")
		shown(retired, "")
		<-time.After(12 * time.Second)
		if tr.table.Load().Retired("cache-v1.corp.internal.") != nil {
			t.Error("the name is still looked after when all is over")
		}
	})
}

// What is left by one alias, and led to by another by now or later, is asked for by right.
func TestDrainOfSharedTarget(t *testing.T) {
	i := feedOnce(t, cache(`{"aliases": {"a": "cache-v1.corp.internal", "b": "cache-v1.corp.internal"}}`, 1))
	const retired = `retired_queries_total{target="cache-v1.corp.internal.",zone="corp.internal."}`
	i.plugins[0].feed.Swept(cache(`{"aliases": {"a": "cache-v2.corp.internal", "b": "cache-v1.corp.internal"}}`, 2), 0)
	if metric(retired, "0") == nil {
		t.Error("the queries for a target in use are shown as those for one that is retired")
	}
	i.plugins[0].feed.Swept(cache(`{"aliases": {"a": "cache-v2.corp.internal", "b": "cache-v2.corp.internal"}}`, 3), 0)
	if err := metric(retired, "0"); err != nil {
		t.Error(err)
	}
	later := fmt.Sprintf(`{"from": "cache-v2.corp.internal", "to": "cache-v1.corp.internal", "start": %q}`, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	i.plugins[0].feed.Swept(cache(`{"aliases": {"a": "cache-v2.corp.internal", "b": `+later+`}}`, 4), 0)
	if metric(retired, "0") == nil {
		t.Error("the queries for a target that will be in use are shown as those for one that is retired")
	}
}

// Queries for a target that is below an alias are the alias's: to show 0 would be to say that
// nobody asks.
func TestDrainOfTargetBelowAlias(t *testing.T) {
	i := feedOnce(t, cache(`{"aliases": {"a": "v1.b.corp.internal", "b": {"to": "b-v1.corp.internal", "subtree": "keep"}}}`, 1))
	const retired = `retired_queries_total{target="v1.b.corp.internal.",zone="corp.internal."}`
	i.plugins[0].feed.Swept(cache(`{"aliases": {"a": "cache-v2.corp.internal", "b": {"to": "b-v1.corp.internal", "subtree": "keep"}}}`, 2), 0)
	if metric(retired, "0") == nil {
		t.Error("queries that an alias answers are shown as those for a target that is retired")
	}
	i.plugins[0].feed.Swept(cache(`{"aliases": {"a": "cache-v2.corp.internal", "b": "b-v1.corp.internal"}}`, 3), 0)
	if err := metric(retired, "0"); err != nil {
		t.Error(err)
	}
}

// At a reload each block tells what its own aliases have left by it and before, and nothing
// that merely another block leads to.
func TestDrainOverReloadsOfBlocks(t *testing.T) {
	const flip = "put /two/db db-v2.corp.internal\nwait 12s"
	for _, tt := range []struct {
		name, before, after string // the blocks
		between, then       string // what comes before and after the reload
		left                string // targets, by block
	}{
		{"one reads more than the other", "ssm /one | ssm /one ssm /two", "ssm /one | ssm /one ssm /two", "", "", "|"},
		{"the same, with another TTL", "ssm /one ssm /two | ssm /one", "ssm /one ssm /two ttl 9 | ssm /one ttl 9", "", "", "|"},
		{"one becomes two", "ssm /one ssm /two", "ssm /one | ssm /two", "", "", "|"},
		{"one becomes two, one of them with a template", "ssm /one ssm /two", "ssm /one | ssm /two template {name}-{value}", "", "", "|db-v1"},
		{"one becomes two views", "ssm /one", "ssm /one | ssm /one template {name}-{value}", "", "", "|"},
		{"two become one", "ssm /one | ssm /two", "ssm /one ssm /two", "", "", ""},
		{"blocks with alias lines of one parameter change places", "alias a.corp.internal /one/web | alias b.corp.internal /one/web",
			"alias b.corp.internal /one/web ttl 9 | alias a.corp.internal /one/web ttl 9", "", "", "|"},
		{"a line is gone", "ssm /one ssm /two", "ssm /one", "", "", "db-v1"},
		{"a line is gone from one of two", "ssm /one | ssm /one ssm /two", "ssm /one | ssm /one", "", "", "|db-v1"},
		{"views", "ssm /one template a-{value} | ssm /one template b-{value}", "ssm /one template a-{value} | ssm /one template b-{value}", "", "", "|"},
		{"a view gets another template", "ssm /one template a-{value} | ssm /one template b-{value}", "ssm /one template a-{value} | ssm /one template c-{value}", "", "", "|b-web-v1"},
		{"it was left before", "ssm /one | ssm /one ssm /two", "ssm /one | ssm /one ssm /two", flip, "", "|db-v1"},
		{"it is led to again", "ssm /one | ssm /one ssm /two", "ssm /one | ssm /one ssm /two", flip, "put /two/db db-v1.corp.internal", "|db-v2"},
		{"it is led to again, by another block", "ssm /one ssm /two", "ssm /one | ssm /two", flip, "put /two/db db-v1.corp.internal", "|db-v2"},
		{"it was left in a zone that is another one now", "zones corp.internal. alias a.one.corp.internal /two/db", "zones one.corp.internal. alias a.one.corp.internal /two/db", flip, "", "db-v1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			told := ""
			for i, left := range strings.Split(tt.left, "|") {
				told += fmt.Sprintf("block %d\ndrains %s\n", i+1, left)
			}
			perform(t, `
				file
				blocks `+tt.before+`
				put /one/web web-v1.corp.internal
				put /two/db db-v1.corp.internal
				start
				wait 1m
				`+tt.between+`
				blocks `+tt.after+`
				reload
				`+tt.then+`
				wait 30s
				`+told)
		})
	}
}

// Whoever asks for what was left is counted, an alias included, but none that is about
// to leave a target for that.
func TestDrainAskedByAliases(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const (
			ramp   = `"to": "cache-v2.corp.internal", "start": "2000-01-01T00:00:00Z", "over": "1000000h"`
			others = `"b": "cache-v1.corp.internal",
				"c": {"from": "corp.internal", ` + ramp + `, "subtree": "keep"},
				"d": {"from": "d-v1.corp.internal", ` + ramp + `},
				"e": {"from": "e-v1.corp.internal", ` + ramp + `},
				"f": {"from": "f-v1.corp.internal", "to": "cache-v1.corp.internal", "start": "1999-01-01T00:00:00Z", "over": "1h"}`
		)
		v := feedOnce(t, cache(`{"aliases": {"a": "cache-v1.corp.internal", `+others+`}}`, 1)).plugins[0]
		v.feed.Swept(cache(`{"aliases": {"a": "cache-v2.corp.internal", `+others+`}}`, 2), 0)
		v.Next = plugin.HandlerFunc(addressed)
		v.entry = plugin.HandlerFunc(func(ctx context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
			if q := &r.Question[0]; q.Name == "d-v1.corp.internal." { // as rewrite does
				q.Name = "cache-v1.corp.internal."
			}
			return v.ServeDNS(ctx, w, r)
		})
		<-time.After(time.Minute)
		for _, of := range []struct {
			name    string
			counted string // which name is, if any
		}{
			{"cache-v1", "cache-v1"},
			{"a", ""},
			{"b", "cache-v1"},
			{"cache-v1.c", "cache-v1"},
			{"d", "cache-v1"},
			{"e", ""},
			{"e-v1", ""}, // yet
			{"f", "cache-v1"},
		} {
			queries := func(name string) uint64 {
				return v.table.Load().Retired(alias.Name(name + ".corp.internal.")).Queries()
			}
			left := []string{"cache-v1", "d-v1", "e-v1"}
			before := map[string]uint64{}
			for _, name := range left {
				before[name] = queries(name)
			}
			w := dnstest.NewRecorder(new(test.ResponseWriter))
			if _, err := v.ServeDNS(context.Background(), w, question(of.name+".corp.internal.", dns.TypeA)); err != nil || len(w.Msg.Answer) == 0 {
				t.Errorf("%s got %v\n%s", of.name, err, show(w.Msg))
			}
			for _, name := range left {
				if counted := queries(name) > before[name]; counted != (name == of.counted) {
					t.Errorf("%s: a query for %s is counted: %v", of.name, name, counted)
				}
			}
		}
	})
}

// A real cache that held the old answer lets go of it by the deadline.
func TestDrainBehindUnbound(t *testing.T) {
	process.Need(t, "unbound")
	key, _ := signingKey(t, "signed.internal.")
	s := startServer(t, `
		corp.internal:0 {
			bind 127.0.0.1
			root DIR
			versionalias {
				directory aliases
				ttl 3
			}
			file corp.zone
		}`, files{"corp.zone": corpZone, "aliases/cache": "cache-v1.corp.internal"})
	unbound := startUnbound(t, key, "forward-zone:\n\tname: corp.internal.\n\tforward-addr: 127.0.0.1@"+port(s.addr))
	f := running.all[0].plugins[0].feed
	q := question("cache.corp.internal.", dns.TypeA)
	worst := time.Duration(-1 << 62)
	for round := range 3 {
		old, next := round%2+1, (round+1)%2+1
		target := func() string { return unbound(q).Answer[0].(*dns.CNAME).Target }
		versioned := func(n int) string { return fmt.Sprintf("cache-v%d.corp.internal.", n) }
		var fresh atomic.Uint32
		for fresh.Load() != 3 { // it has just been asked for: it is held for as long as can be
			fresh.Store(unbound(q).Answer[0].Header().Ttl)
			<-time.After(time.Duration(round) * 300 * time.Millisecond)
		}
		s.write("aliases/cache", fmt.Sprintf("cache-v%d.corp.internal", next))
		var last time.Time
		for end := time.Now().Add(program.Patience); ; <-time.After(2 * time.Millisecond) {
			asked := time.Now()
			if target() != versioned(old) {
				break
			}
			last = asked
			if asked.After(end) {
				t.Fatalf("%s is not let go of", versioned(old))
			}
		}
		for _, d := range f.ledger.Load().Drains(time.Now()) {
			if string(d.Target) == versioned(old) {
				late := last.Sub(d.Deadline())
				worst = max(worst, late)
				if late > 0 {
					t.Errorf("round %d: %s was answered %v after its deadline", round, versioned(old), late)
				}
				t.Logf("round %d: the last old answer %v after the change, %v before the deadline", round, last.Sub(d.Since), -late)
			}
		}
	}
	if worst < -20*time.Second {
		t.Error("found no drain")
	}
}
