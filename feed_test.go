package versionalias

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coredns/coredns/plugin"
	"github.com/miekg/dns"

	"github.com/octoenergy/versionalias/plugin/alias"
	"github.com/octoenergy/versionalias/plugin/ledger"
)

// No bad document changes an answer, whatever is wrong with it; each is said
// with its exact error, and the next good one is adopted.
func TestBadDocumentsKeepTheLastGood(t *testing.T) {
	paths, err := filepath.Glob("plugin/alias/testdata/bad/*")
	if err != nil || len(paths) < 50 {
		t.Fatalf("found %d bad documents, %v, want at least 50", len(paths), err)
	}
	var seen []ledger.Parameter
	v := fed(t, new(instance), &source{sweep: func(context.Context) ([]ledger.Parameter, error) { return seen, nil }})
	v.Next = plugin.HandlerFunc(func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
		return dns.RcodeSuccess, w.WriteMsg(reply(r, r.Question[0].Name+" 60 IN A 192.0.2.1"))
	})
	version := int64(0)
	sweep := func(value string) {
		version++
		seen = cache(value, version)
		v.feed.watcher.Sweep(t.Context())
	}
	const want = `
		NOERROR aa
		cache.corp.internal. 5 CNAME cache-v1.corp.internal.
		cache-v1.corp.internal. 60 A 192.0.2.1`
	answer := func() string {
		w := newWrites()
		if _, err := v.ServeDNS(context.Background(), w, question("cache.corp.internal.", dns.TypeA)); err != nil {
			t.Fatal(err)
		}
		return show(w.Msg)
	}
	sweep("cache-v1.corp.internal")
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		document, fault, ok := strings.Cut(string(text), "\n-- want --\n")
		if !ok {
			t.Fatalf("%s does not say what is wrong with it", path)
		}
		sweep(document)
		rejections := v.feed.ledger.Load().Rejections()
		if len(rejections) != 1 || rejections[0].Err.Error() != strings.TrimSuffix(fault, "\n") {
			t.Errorf("%s: rejected are %v, want it, for %s", path, rejections, fault)
		}
		if got := answer(); got != trim(want) {
			t.Errorf("%s: got\n%s\nwant\n%s", path, got, trim(want))
		}
	}
	sweep("cache-v2.corp.internal")
	if got := answer(); got != trim(strings.ReplaceAll(want, "v1", "v2")) {
		t.Errorf("a good document after all these: got\n%s", got)
	}
}

// What the old instance sees between the take-over and the start of the new one
// is taken over as well.
func TestTakeOverUntilTheStart(t *testing.T) {
	seen := cache("cache-v1.corp.internal", 1)
	sweep := func(context.Context) ([]ledger.Parameter, error) { return seen, nil }
	old, heir := fed(t, new(instance), &source{sweep: sweep}), fed(t, new(instance), &source{sweep: sweep})
	old.feed.watcher.Sweep(t.Context())
	takeOver(heir.feed, old.feed)
	target := func() string { return string(heir.table.Load().Get("cache.corp.internal.").Target) }
	if got := target(); got != "cache-v1.corp.internal." {
		t.Errorf("the heir got the target %s, want v1", got)
	}
	seen = cache("cache-v2.corp.internal", 2)
	old.feed.watcher.Sweep(t.Context())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	heir.feed.succeed()
	heir.feed.run(ctx)
	if got := target(); got != "cache-v2.corp.internal." {
		t.Errorf("at its start the heir got the target %s, want v2", got)
	}
	if n := heir.feed.stats.flips["corp.internal."].Load(); n != 1 {
		t.Errorf("the heir counts %d flips, want the one of the old instance", n)
	}
}

// 14, 17: a block whose Corefile has got a new line knows the old ones after a
// reload, and as little of the new one as at a start.
func TestNotReadyInPart(t *testing.T) {
	seen := []ledger.Parameter{{Name: "/dns/all", Version: 1, Value: `{"aliases": {"cache": "cache-v1.corp.internal", "deep.er.known": "cache-v1.corp.internal"}}`}}
	sweep := func(context.Context) ([]ledger.Parameter, error) { return seen, nil }
	old := fed(t, new(instance), &source{sweep: sweep})
	heir := fed(t, new(instance), &source{sweep: sweep}, func(_ *VersionAlias, c *config) {
		c.directory = old.feed.directory
		c.lines = append(c.lines, ledger.Line{Parameter: "/new", Rule: alias.Rule{Name: "deep.er.below.corp.internal.", Zones: c.zones, TTL: 5}})
	})
	old.feed.watcher.Sweep(t.Context())
	takeOver(heir.feed, old.feed)
	if table := heir.table.Load(); !table.Partial() || table.Len() != 2 {
		t.Fatalf("the table has %d aliases, partial is %v, want 2 of a part", table.Len(), table.Partial())
	}
	heir.Next = plugin.HandlerFunc(func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
		m := new(dns.Msg).SetRcode(r, dns.RcodeNameError)
		if r.Question[0].Name == "cache-v1.corp.internal." {
			m = reply(r, "cache-v1.corp.internal. 60 IN A 192.0.2.1")
		}
		return dns.RcodeSuccess, w.WriteMsg(m)
	})
	for _, x := range []exchange{
		{"an alias that is known", "cache.corp.internal. A", "NOERROR aa\ncache.corp.internal. 5 CNAME cache-v1.corp.internal.\ncache-v1.corp.internal. 60 A 192.0.2.1"},
		{"17: a name above one", "er.known.corp.internal. A", "NOERROR"},
		{"14: a name above one, and perhaps an alias itself", "known.corp.internal. A edns", "SERVFAIL\nOPT ede=14"},
		{"14: a name that is sure to be an alias", "deep.er.below.corp.internal. A edns", "SERVFAIL\nOPT ede=14"},
		{"14, 17: a name above that", "Er.below.corp.internal. A", "NOERROR"},
		{"14: a name that may be an alias", "web.corp.internal. TXT edns", "SERVFAIL\nOPT ede=14"},
		{"14: one that is too deep", "x.web.corp.internal. A", "NXDOMAIN"},
		{"13, 14: an escaped dot", `a\.corp.internal. A`, "NXDOMAIN"},
		{"1: a transfer", "web.corp.internal. AXFR", "NXDOMAIN"},
	} {
		w := newWrites()
		if _, err := heir.ServeDNS(context.Background(), w, x.message(t)); err != nil {
			t.Fatal(err)
		}
		if got := show(w.Msg); got != trim(x.want) {
			t.Errorf("%s: %s got\n%s\nwant\n%s", x.name, x.q, got, trim(x.want))
		}
	}
	seen = append(seen, ledger.Parameter{Line: 1, Name: "/new", Version: 1, Value: "cache-v1.corp.internal"})
	heir.feed.watcher.Sweep(t.Context())
	for q, want := range map[string]string{
		"web.corp.internal. A":   "NXDOMAIN",
		"known.corp.internal. A": "NOERROR",
		"below.corp.internal. A": "NOERROR",
	} {
		w := newWrites()
		if _, err := heir.ServeDNS(context.Background(), w, (exchange{q: q}).message(t)); err != nil {
			t.Fatal(err)
		}
		if got := show(w.Msg); got != want {
			t.Errorf("14: once all is read, %s got\n%s\nwant %s", q, got, want)
		}
	}
}

// What a new instance has swept by itself, since it reads more than the old one, is
// not replaced by what that one sees until the start.
func TestOwnSweepIsKept(t *testing.T) {
	more := func(_ *VersionAlias, c *config) {
		c.lines = append(c.lines, ledger.Line{Path: "/more", Rule: c.lines[0].Rule})
	}
	web := ledger.Parameter{Line: 1, Name: "/more/web", Value: "web-v1.corp.internal", Version: 1, Modified: time.Unix(1795388999, 0)}
	synctest.Test(t, func(t *testing.T) {
		before, after := new(instance), new(instance)
		old := fed(t, before, &source{sweep: func(context.Context) ([]ledger.Parameter, error) { return cache("cache-v1.corp.internal", 1), nil }})
		next := fed(t, after, &source{sweep: func(context.Context) ([]ledger.Parameter, error) {
			return append(cache("cache-v3.corp.internal", 3), web), nil
		}}, more)
		next.feed.place = old.feed.place
		for _, i := range []*instance{before, after} {
			if err := i.load(); err != nil {
				t.Fatal(err)
			}
			if i == after {
				old.feed.Swept(cache("cache-v2.corp.internal", 2), 0)
			}
			i.run()
			defer func() {
				if err := i.stop(); err != nil {
					t.Error(err)
				}
			}()
		}
		synctest.Wait()
		if got := next.table.Load().Get("cache.corp.internal.").Target; got != "cache-v3.corp.internal." {
			t.Errorf("at the start of the new instance the target is %s, want v3", got)
		}
		if next.table.Load().Get("web.corp.internal.") == nil || !next.feed.loaded() {
			t.Errorf("what only the new instance reads is lost: %v, and it is ready: %v", next.table.Load().Len(), next.feed.loaded())
		}
	})
}

// Duties 4, 10: when blocks become one by a reload, what either has seen later stays, and
// what either has for an alias line.
func TestBlocksBecomeOne(t *testing.T) {
	for name, script := range map[string]string{
		"a newer version, while the source is away": `
			file
			refresh 1h
			blocks ssm /dns | ssm /dns
			put /dns/cache cache-v1.corp.internal
			start
			wait 1s
			put /dns/cache cache-v2.corp.internal
			blocks ssm /dns | ssm /dns ssm /two
			reload
			block 1
			cache cache-v1
			block 2
			cache cache-v2
			fault refused
			blocks ssm /dns
			block 1
			reload
			cache cache-v2
			wait 3h
			cache cache-v2`,
		"two alias lines of one parameter": `
			file
			blocks alias web.corp.internal /p | alias api.corp.internal /p
			put /p x-v1.corp.internal
			start
			put /p api.corp.internal
			wait 12s
			block 1
			web api
			block 2
			api x-v1
			block 1
			blocks alias web.corp.internal /p alias api.corp.internal /p
			reload
			web api
			api x-v1
			wait 1m
			api x-v1`,
	} {
		t.Run(name, func(t *testing.T) { perform(t, script) })
	}
}

// Duties 6, 10: over a reload a block keeps its last good document, though another block that
// reads the same has a newer one in force, by other rules.
func TestLastGoodBesideAnotherBlock(t *testing.T) {
	for name, script := range map[string]string{
		"an alias is in a zone of the other's": `
			blocks zones corp.internal. ssm /dns | zones corp.internal. corp.example. ssm /dns
			put /dns/all {"aliases": {"cache": "cache-v1.corp.internal"}}
			start
			put /dns/all {"aliases": {"cache": "cache-v2.corp.internal", "x.corp.example.": "cache-v2.corp.internal"}}
			wait 12s
			cache cache-v1
			reload
			cache cache-v1
			wait 1m
			cache cache-v1
			block 2
			cache cache-v2`,
		"an alias stands in another parameter here": `
			blocks ssm /dns ssm /more | ssm /dns
			put /more/cache cache-v1.corp.internal
			put /dns/all {"aliases": {"db": "db-v1.corp.internal"}}
			start
			put /dns/all {"aliases": {"db": "db-v2.corp.internal", "cache": "cache-v9.corp.internal"}}
			wait 12s
			reload
			cache cache-v1
			db db-v1
			block 2
			cache cache-v9
			db db-v2`,
		"the other knows as much, and comes first": `
			blocks ssm /dns ssm /more | ssm /dns template {name}-{value}
			put /dns/cache a-v1.corp.internal
			start
			put /dns/cache ` + strings.Repeat("a", 60) + `-v2.corp.internal
			wait 12s
			block 2
			cache cache-a-v1
			blocks ssm /dns ssm /more ttl 9 | ssm /dns template {name}-{value} ttl 9
			reload
			cache cache-a-v1`,
	} {
		t.Run(name, func(t *testing.T) { perform(t, "file\n"+trim(script)) })
	}
}

// The way back is to what this block has led to: where another one does not verify, it may
// have led anywhere.
func TestWayBackBesideAnotherBlock(t *testing.T) {
	block := func(options ...func(*VersionAlias, *config)) *feed {
		return fed(t, new(instance), &source{}, options...).feed
	}
	own, other, heir := block(verify), block(), block(verify)
	own.Swept(cache("cache-v1.corp.internal", 3), 0)
	for i, target := range []string{"cache-v1", "cache-v2", "cache-v1"} {
		other.Swept(cache(target+".corp.internal", int64(i+1)), 0)
	}
	heir.inherit([]*feed{own, other}, nil)
	heir.Swept(cache("cache-v2.corp.internal", 4), 0)
	if got := heir.ledger.Load().Table().Get("cache.corp.internal.").Target; got != "cache-v1.corp.internal." {
		t.Errorf("the target is %s, want v1 until v2 verifies", got)
	}
}

// A reload that takes its time, such as with a lameduck of health, does not take back when
// the last sweep was.
func TestLastSweepOverASlowReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before, after := new(instance), new(instance)
		nothing := func(context.Context) ([]ledger.Parameter, error) { return nil, nil }
		old := fed(t, before, &source{sweep: nothing})
		if err := before.load(); err != nil {
			t.Fatal(err)
		}
		before.run()
		next := fed(t, after, &source{sweep: nothing})
		next.feed.place = old.feed.place
		if err := after.load(); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Minute)
		if err := before.stop(); err != nil {
			t.Fatal(err)
		}
		after.run()
		synctest.Wait()
		if was, is := old.feed.stats.swept.Load(), next.feed.stats.swept.Load(); is < was {
			t.Errorf("the last sweep went back by %v", time.Duration(was-is))
		}
		if err := after.stop(); err != nil {
			t.Fatal(err)
		}
	})
}

// Of several blocks that one takes over from, the last sweep is the oldest one, and took as long
// as that of the block that knows the most.
func TestLastSweepOfSeveral(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		block := func() *feed { return fed(t, new(instance), &source{}).feed }
		first, second, heir := block(), block(), block()
		first.Swept(cache("cache-v1.corp.internal", 1), 3*time.Second)
		oldest := time.Now().UnixNano()
		<-time.After(time.Minute)
		second.Swept(cache("cache-v1.corp.internal", 1), time.Second)
		heir.inherit([]*feed{first, second}, nil)
		if got := heir.stats.swept.Load(); got != oldest {
			t.Errorf("the last sweep was %v after the oldest one, want that", time.Duration(got-oldest))
		}
		if got := time.Duration(heir.stats.took.Load()); got != 3*time.Second {
			t.Errorf("it took %v, want 3s", got)
		}
	})
}

// What a reload with a new line has swept itself may be older than what those before have seen
// since, if it takes its time: it sweeps once more at its start.
func TestSweepAfterASlowReload(t *testing.T) {
	perform(t, `
		refresh 5m
		blocks ssm /dns
		put /dns/cache cache-v1.corp.internal
		start
		blocks ssm /dns ssm /more
		load
		put /dns/cache cache-v2.corp.internal
		wait 6m
		cache cache-v2
		put /dns/cache cache-v3.corp.internal
		reload
		wait 100ms
		cache cache-v3`)
}

// What the feeds before have learnt since the load is taken over at the start, also if they had nothing then, and
// goes before what was read at the load where no version tells which is newer.
func TestReloadTakesWhatCameMeanwhile(t *testing.T) {
	many := strings.Builder{}
	for n := range 25 {
		fmt.Fprintf(&many, "put /dns/p%d p-v1.corp.internal\n", n)
	}
	for _, tt := range []struct{ name, script string }{
		{"a source that is slow: a sweep takes 9 s", `
			refresh 1m
			blocks ssm /dns
			put /dns/cache cache-v1.corp.internal
			` + many.String() + `
			fault slow
			start
			wait 7s
			cache SERVFAIL
			load
			cache cache-v1
			reload
			ready yes
			cache cache-v1
			wait 1h
			cache cache-v1`},
		{"one of several blocks that become one", `
			blocks ssm /dns
			put /dns/cache cache-v1.corp.internal
			put /more/live live-v1.corp.internal
			start
			wait 1m
			blocks ssm /dns | ssm /more
			fault hang
			reload
			block 2
			live SERVFAIL
			blocks ssm /dns ssm /more
			load
			fault
			wait 30s
			live live-v1
			block 1
			fault denied
			reload
			live live-v1
			cache cache-v1
			wait 10m
			live live-v1`},
		{"a label that went back", `
			refresh 1s
			blocks alias live.corp.internal /live:l
			put /live live-v1.corp.internal
			put /live live-v2.corp.internal
			label /live:l 2
			start
			wait 1m
			blocks alias live.corp.internal /live:l ssm /more
			load
			label /live:l 1
			wait 4s
			live live-v1
			fault denied
			reload
			live live-v1
			wait 1h
			live live-v1
			fault
			wait 1m
			live live-v1`},
		{"a label that was moved before the load, and is throttled since", `
			blocks alias live.corp.internal /live:l
			put /live live-v1.corp.internal
			put /live live-v2.corp.internal
			label /live:l 1
			start
			wait 1m
			live live-v1
			label /live:l 2
			blocks alias live.corp.internal /live:l ssm /more
			load
			fault throttled
			wait 30s
			reload
			live live-v2
			wait 10m
			live live-v2`},
		{"a first label, set before the load", `
			blocks alias live.corp.internal /live:l
			put /live live-v1.corp.internal
			start
			wait 1m
			live NXDOMAIN
			label /live:l 1
			blocks alias live.corp.internal /live:l ssm /more
			load
			fault throttled
			wait 30s
			reload
			live live-v1
			wait 10m
			live live-v1`},
		{"another block loads meanwhile", `
			refresh 1m
			blocks alias live.corp.internal /live:l | ssm /dns
			put /live live-v1.corp.internal
			put /live live-v2.corp.internal
			put /dns/cache cache-v1.corp.internal
			label /live:l 1
			fault denied of GetParametersByPath
			start
			wait 4s
			live live-v1
			fault
			label /live:l 2
			blocks alias live.corp.internal /live:l alias next.corp.internal /next | ssm /dns
			load
			wait 30s
			fault denied
			reload
			live live-v2
			block 2
			cache cache-v1
			block 1
			wait 1h
			live live-v2`},
		{"a snapshot has all, and what ran before loads a part of it", `
			file snapshot
			blocks ssm /dns ssm /more
			put /dns/cache cache-v1.corp.internal
			put /more/live live-v1.corp.internal
			start
			wait 1m
			stop
			file other
			blocks ssm /dns
			fault denied
			start
			wait 3s
			cache SERVFAIL
			file snapshot
			blocks ssm /dns ssm /more
			load
			fault
			wait 30s
			cache cache-v1
			fault denied
			reload
			ready yes
			cache cache-v1
			live live-v1
			wait 1h
			live live-v1`},
		{"a label that went forth and back", `
			blocks alias live.corp.internal /live:l
			put /live live-v1.corp.internal
			put /live live-v2.corp.internal
			label /live:l 1
			start
			wait 61s
			live live-v1
			label /live:l 2
			blocks alias live.corp.internal /live:l ssm /more
			load
			wait 30s
			live live-v2
			label /live:l 1
			wait 30s
			live live-v1
			fault throttled
			reload
			live live-v1
			wait 10m
			live live-v1`},
		{"two had the line, of which one has followed it", `
			blocks alias live.corp.internal /live:l ssm /dns | alias live.corp.internal /live:l
			put /live live-v1.corp.internal
			put /live live-v2.corp.internal
			put /dns/cache cache-v1.corp.internal
			label /live:l 1
			start
			wait 61s
			live live-v1
			label /live:l 2
			blocks alias live.corp.internal /live:l ssm /dns ssm /more
			load
			fault denied of GetParametersByPath
			wait 30s
			block 2
			live live-v2
			block 1
			fault denied
			reload
			live live-v2
			wait 10m
			live live-v2`},
		{"what ran before loads once the load has, and flips", `
			refresh 1m
			blocks ssm /dns
			put /dns/cache cache-v1.corp.internal
			fault denied
			start
			wait 3s
			cache SERVFAIL
			fault
			blocks ssm /dns ssm /more
			load
			put /dns/cache cache-v2.corp.internal
			wait 2m
			cache cache-v2
			fault denied
			reload
			cache cache-v2
			wait 10m
			cache cache-v2`},
		{"the same by push", `
			push
			blocks ssm /dns
			put /dns/cache cache-v1.corp.internal
			fault denied
			start
			wait 3s
			cache SERVFAIL
			fault
			load
			wait 60s
			cache cache-v1
			put /dns/cache cache-v2.corp.internal
			event Update /dns/cache
			wait 10s
			cache cache-v2
			wait 1m
			reload
			wait 1m
			cache cache-v2`},
		{"a snapshot has the last good version of what ran before loads", `
			file snapshot
			blocks ssm /dns
			put /dns/cache cache-v1.corp.internal
			put /dns/live live-v1.corp.internal
			start
			wait 1m
			put /dns/cache bad value
			wait 1m
			cache cache-v1
			stop
			file other
			fault denied
			start
			wait 3s
			live SERVFAIL
			fault
			file snapshot
			load
			wait 30s
			live live-v1
			cache SERVFAIL
			reload
			live live-v1
			cache cache-v1
			wait 10m
			cache cache-v1
			restart
			cache cache-v1`},
		{"a snapshot of a part, and what ran before loads another", `
			file snapshot
			blocks ssm /dns
			put /dns/cache cache-v1.corp.internal
			put /more/live live-v1.corp.internal
			start
			wait 1m
			stop
			file other
			blocks ssm /more
			fault denied
			start
			wait 3s
			file snapshot
			blocks ssm /dns ssm /more ssm /third
			load
			fault
			wait 30s
			fault denied
			reload
			cache cache-v1
			wait 10m
			cache cache-v1`},
		{"a snapshot tells what drains", `
			file snapshot
			blocks ssm /dns
			put /dns/cache cache-v1.corp.internal
			start
			wait 1m
			put /dns/cache cache-v2.corp.internal
			wait 15s
			drains cache-v1
			stop
			file other
			fault denied
			start
			wait 3s
			fault
			file snapshot
			load
			wait 30s
			reload
			drains cache-v1`},
		{"a snapshot, and another block that takes over late", `
			file snapshot
			blocks ssm /b ssm /c
			put /b/b b-v1.corp.internal
			put /c/c c-v1.corp.internal
			put /d/d d-v1.corp.internal
			start
			wait 1m
			stop
			file other
			blocks ssm /b | ssm /d
			fault denied
			start
			wait 3s
			file snapshot
			blocks ssm /b ssm /c | ssm /d
			load
			fault
			wait 40s
			b b-v1
			fault denied
			reload
			c c-v1
			block 2
			d d-v1`},
		{"a snapshot, and the flips of what ran before", `
			file snapshot
			blocks ssm /b ssm /c
			put /a/a a-v1.corp.internal
			put /b/b b-v1.corp.internal
			put /c/c c-v1.corp.internal
			put /d/d d-v1.corp.internal
			start
			wait 1m
			stop
			file other
			blocks ssm /a
			start
			wait 1m
			put /a/a a-v2.corp.internal
			wait 1m
			a a-v2
			flips a
			fault denied
			blocks ssm /a ssm /b | ssm /d
			reload
			flips a
			wait 3s
			file snapshot
			blocks ssm /b ssm /c | ssm /a | ssm /d
			load
			fault
			wait 40s
			b b-v1
			fault denied
			reload
			block 2
			a a-v2
			flips a`},
	} {
		t.Run(tt.name, func(t *testing.T) { perform(t, tt.script) })
	}
}

// The same of a file, which may go back as well.
func TestReloadOfAFileThatChangesMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		var mu sync.Mutex
		seen, away := cache("cache-v1.corp.internal", 1), error(nil)
		set := func(s []ledger.Parameter, err error) {
			mu.Lock()
			defer mu.Unlock()
			seen, away = s, err
		}
		s := &source{sweep: func(context.Context) ([]ledger.Parameter, error) {
			mu.Lock()
			defer mu.Unlock()
			return seen, away
		}}
		start := func(more ...ledger.Line) (*instance, *VersionAlias) {
			i := new(instance)
			v := fed(t, i, s, func(_ *VersionAlias, c *config) { c.directory, c.lines = dir, append(c.lines, more...) })
			if err := i.load(); err != nil {
				t.Fatal(err)
			}
			return i, v
		}
		stop := func(i *instance) {
			if err := i.stop(); err != nil {
				t.Error(err)
			}
		}
		old, _ := start()
		old.run()
		next, v := start(ledger.Line{Path: "/more", Rule: old.plugins[0].feed.lines[0].Rule})
		set(cache("cache-v2.corp.internal", 2), nil)
		<-time.After(time.Minute)
		set(nil, errors.New("input/output error"))
		stop(old)
		next.run()
		defer stop(next)
		<-time.After(time.Hour)
		if got := v.table.Load().Get("cache.corp.internal.").Target; got != "cache-v2.corp.internal." {
			t.Errorf("an hour later cache leads to %s, want cache-v2", got)
		}
		if got := v.feed.stats.flips["corp.internal."].Load(); got != 1 {
			t.Errorf("%d flips are counted, want one", got)
		}
	})
}

// While a reload starts, which takes a second with very many aliases, the status page and the metrics are of
// what ran before: not of nothing, nor of what the new one has taken over at its load.
func TestStatusWhileAReloadStarts(t *testing.T) {
	start := func() (*instance, *feed) {
		i := new(instance)
		f := fed(t, i, &source{sweep: func(context.Context) ([]ledger.Parameter, error) { return nil, nil }}).feed
		if err := i.load(); err != nil {
			t.Fatal(err)
		}
		return i, f
	}
	stop := func(i *instance) {
		if err := i.stop(); err != nil {
			t.Error(err)
		}
	}
	old, before := start()
	old.run()
	next, after := start()
	after.mu.Lock()
	stop(old)
	begun := make(chan struct{})
	go func() {
		next.run()
		close(begun)
	}()
	eventually(t, "what ran before is shown", func() bool { return slices.Contains(running.feeds(), before) })
	if slices.Contains(running.feeds(), after) {
		t.Error("what begins is shown before it has taken over")
	}
	after.mu.Unlock()
	<-begun
	if feeds := running.feeds(); slices.Contains(feeds, before) || !slices.Contains(feeds, after) {
		t.Error("what ran before is shown once the next one runs")
	}
	stop(next)
}

// What a throttled read by name made of the interval, a reload goes on with.
func TestIntervalAfterAThrottledRead(t *testing.T) {
	old, heir := fed(t, new(instance), &source{}).feed, fed(t, new(instance), &source{}).feed
	old.Swept(cache("cache-v1.corp.internal", 1), 0)
	old.watcher.Slow(time.Minute) // as the read does
	old.ReadFailed(context.DeadlineExceeded)
	heir.before = []*feed{old}
	heir.slow()
	if got := heir.watcher.Interval(); got != time.Minute {
		t.Errorf("the interval after a reload is %v, want 1m", got)
	}
}

// Duty 5: two reads by name that say it is gone are an interval apart, also while that is
// longer than the refresh, and over a reload.
func TestAbsenceWhileThrottled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fed(t, new(instance), &source{sweep: func(context.Context) ([]ledger.Parameter, error) { return nil, nil }}).feed
		f.watcher.Slow(time.Minute)
		f.Failed(context.DeadlineExceeded)
		f.Swept(cache("cache-v1.corp.internal", 1), 0)
		f.Swept(nil, 0)
		heir := fed(t, new(instance), &source{sweep: func(context.Context) ([]ledger.Parameter, error) { return nil, nil }}).feed
		heir.before = []*feed{f}
		heir.slow()
		heir.inherit([]*feed{f}, nil)
		for _, f := range []*feed{f, heir} {
			refs, _ := f.Due(time.Now())
			if len(refs) != 1 {
				t.Fatalf("to be read is %v, want the parameter that is missing", refs)
			}
			f.Read(refs, nil)
			if _, next := f.Due(time.Now()); time.Until(next) != time.Minute {
				t.Errorf("the second read is in %v, want it in a minute", time.Until(next))
			}
		}
	})
}
