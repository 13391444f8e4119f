package versionalias

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coredns/caddy"
	"github.com/miekg/dns"

	"github.com/octoenergy/versionalias/internal/process"
	"github.com/octoenergy/versionalias/internal/program"
	"github.com/octoenergy/versionalias/plugin/alias"
	"github.com/octoenergy/versionalias/plugin/ledger"
	"github.com/octoenergy/versionalias/plugin/watch"
)

// A flip acts on the very next query after it was adopted, though cache keeps
// targets for an hour.
func TestFlipAboveCache(t *testing.T) {
	s := startServer(t, `
		corp.internal:0 {
			bind 127.0.0.1
			root DIR
			versionalias {
				directory aliases
			}
			cache 3600
			file corp.zone
		}`, files{"corp.zone": corpZone, "aliases/cache": "cache-v1.corp.internal"})
	for flip := range 20 {
		version := flip%2 + 1
		s.write("aliases/cache", fmt.Sprintf("cache-v%d.corp.internal", version))
		s.eventually("cache.corp.internal.", dns.TypeCNAME, fmt.Sprintf("NOERROR aa\ncache.corp.internal. 5 CNAME cache-v%d.corp.internal.", version))
		for range 3 {
			m := s.ask("cache.corp.internal.", dns.TypeA)
			if want := fmt.Sprintf("192.0.2.%d", version); len(m.Answer) != 2 || m.Answer[1].(*dns.A).A.String() != want {
				t.Fatalf("flip %d: got\n%s\nwant %s", flip, show(m), want)
			}
		}
	}
}

// caddy tells of a reload as one that failed if a plugin of the old Corefile fails to stop, such as
// pprof while a profile is taken. Then it is the new one that answers, and has to run.
func TestReloadThatEndsBadly(t *testing.T) {
	const block = `
		corp.internal:0 {
			bind 127.0.0.1
			root DIR
			versionalias {
				directory aliases
				%s
			}
			file corp.zone
		}`
	bad := func() error { return errors.New("bad") }
	for name, test := range map[string]struct {
		place int    // of the plugin that fails, among those that are told to stop
		text  string // the new Corefile
		feeds int    // that run then
	}{
		"before versionalias":  {0, fmt.Sprintf(block, "ttl 7"), 1},
		"behind versionalias":  {1, fmt.Sprintf(block, "ttl 7"), 1},
		"without versionalias": {0, "corp.internal:0 {\n bind 127.0.0.1\n whoami\n}", 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := startServer(t, fmt.Sprintf(block, "ttl 5"), files{"corp.zone": corpZone, "aliases/cache": "cache-v1.corp.internal"})
			old := running.feeds()[0]
			s.OnShutdown = slices.Insert(s.OnShutdown, test.place, bad)
			if _, err := s.Restart(s.corefile(test.text)); err == nil || err.Error() != "bad" {
				t.Fatalf("the reload said %v, want what a plugin did", err)
			}
			s.Instance = caddy.Instances()[0]
			feeds := running.feeds()
			if len(feeds) != test.feeds || slices.Contains(feeds, old) {
				t.Fatalf("%d feeds run, the old one among them: %v, want %d new ones", len(feeds), slices.Contains(feeds, old), test.feeds)
			}
			if test.feeds > 0 {
				s.write("aliases/cache", "cache-v2.corp.internal")
				s.eventually("cache.corp.internal.", dns.TypeCNAME, "NOERROR aa\ncache.corp.internal. 7 CNAME cache-v2.corp.internal.")
			}
			if s.stop(); len(running.feeds()) > 0 {
				t.Error("a feed runs when all has stopped")
			}
		})
	}
}

// store is a Parameter Store with one parameter below any path.
func store(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		fmt.Fprint(w, `{"Parameters": [{"Name": "/dns/cache", "Type": "String", "DataType": "text",
			"Value": "cache-v1.corp.internal", "Version": 3, "LastModifiedDate": 1795388999.5}]}`)
	}))
	t.Cleanup(s.Close)
	t.Setenv("AWS_ACCESS_KEY_ID", "x")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "x")
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
	return s
}

// Reloads leave nothing behind, whether they work or fail, before the plugin's
// first sweep or after it.
func TestReloads(t *testing.T) {
	const reloads = 200
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	api := store(t)
	const block = `
		corp.internal:0 {
			bind 127.0.0.1
			root DIR
			versionalias {
				directory aliases
			}
			file corp.zone {
				reload 0
			}
		}
		corp.example:0 {
			bind 127.0.0.1
			versionalias {
				ssm /dns
				aws_region eu-west-1
				aws_endpoint %s
				%s
			}
			whoami
		}
		%s`
	good := fmt.Sprintf(block, api.URL, "ttl 7", "")
	faulty := []string{
		fmt.Sprintf(block, api.URL, "ttl soon", ""),
		fmt.Sprintf(block, api.URL, "ttl 7", fmt.Sprintf("other.internal:%d {\n bind 127.0.0.1\n whoami\n}", taken.Addr().(*net.TCPAddr).Port)),
	}
	start := func() *server {
		return startServer(t, good, files{"corp.zone": corpZone, "aliases/cache": "cache-v1.corp.internal"})
	}
	start().stop() // what is made once in a process is made
	before := settle(t, nil)
	s := start()
	for i := range reloads + 1 { // the last one works: caddy keeps what the last start that failed listened on
		text := good
		if i%5 == 4 {
			text = faulty[i/5%len(faulty)]
		}
		next, err := s.Restart(s.corefile(text))
		if (err != nil) != (i%5 == 4) {
			t.Fatalf("reload %d got error %v", i, err)
		}
		s.Instance = next
		// caddy does not close a listener that is not served yet, so do not
		// reload before both are.
		for _, c := range []client{{}, {tcp: true}} {
			if m := s.reply(c, question("cache.corp.internal.", dns.TypeCNAME)); !strings.Contains(show(m), "CNAME cache-v1") {
				t.Fatalf("after reload %d got\n%s", i, show(m))
			}
		}
	}
	if n := len(running.feeds()); n != 2 {
		t.Errorf("%d feeds are running, want 2", n)
	}
	s.stop()
	if after := settle(t, before); !after.within(before) {
		t.Errorf("after %d reloads there are %v, before %v", reloads, after, before)
	}
}

// leftovers is what a server could leave behind.
type leftovers struct {
	goroutines int
	files      []string // what is open
}

func (l *leftovers) within(o *leftovers) bool {
	return l != nil && o != nil && l.goroutines <= o.goroutines && len(l.files) <= len(o.files)
}

// settle is what there is once it is no more than wanted, or no less than a
// moment ago, or after some time.
func settle(t *testing.T, wanted *leftovers) *leftovers {
	t.Helper()
	var l, before *leftovers
	for deadline := time.Now().Add(program.Patience); time.Now().Before(deadline); <-time.After(20 * time.Millisecond) {
		runtime.GC() // caddy leaves it to finalizers to close the listeners of a start that failed
		open, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		before, l = l, &leftovers{goroutines: runtime.NumGoroutine()}
		for _, f := range open {
			file, _ := os.Readlink("/proc/self/fd/" + f.Name())
			l.files = append(l.files, file)
		}
		if l.within(wanted) || wanted == nil && before.within(l) && l.within(before) {
			break
		}
	}
	return l
}

// caddy forgets all event hooks when a reload comes by SIGUSR1: the loops of
// the instance after that must start all the same. Only a process of its own
// can be sent a signal.
func TestReloadsBySignal(t *testing.T) {
	if out, err := exec.Command("make", "build").CombinedOutput(); err != nil {
		t.Fatalf("make build: %v\n%s", err, out)
	}
	s := &server{t: t, dir: t.TempDir(), addr: process.FreeAddr(t)}
	s.write("corp.zone", corpZone)
	s.write("Corefile", string(s.corefile(fmt.Sprintf(`
		corp.internal:%s {
			bind 127.0.0.1
			root DIR
			versionalias {
				directory aliases
				refresh 1h
			}
			file corp.zone
		}`, port(s.addr))).Body()))
	s.write("aliases/cache", "cache-v1.corp.internal")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "build/coredns", "-conf", filepath.Join(s.dir, "Corefile"))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	log, said := bufio.NewScanner(out), ""
	until := func(want string) {
		t.Helper()
		for log.Scan() {
			said += log.Text() + "\n"
			if strings.Contains(log.Text(), want) {
				return
			}
		}
		t.Fatalf("the server ended without saying %q, but\n%s", want, said)
	}
	defer func() {
		cancel()
		for log.Scan() { // to its end, for Wait closes the pipe
		}
		_ = cmd.Wait()
	}()
	until("CoreDNS-")
	for range 2 {
		heard := make(chan struct{})
		go func() { // again and again: on a busy machine it may not listen yet
			for {
				_ = cmd.Process.Signal(syscall.SIGUSR1) // until says if it has ended
				select {
				case <-heard:
					return
				case <-time.After(2 * time.Second):
				}
			}
		}()
		until("SIGUSR1: Reloading")
		close(heard)
		until("Reloading complete")
	}
	for flip := range 3 {
		target := fmt.Sprintf("cache-v%d.corp.internal.", 2-flip%2)
		s.write("aliases/cache", target)
		s.eventually("cache.corp.internal.", dns.TypeCNAME, "NOERROR aa\ncache.corp.internal. 5 CNAME "+target)
	}
}

// A server without its source starts all the same, is not ready, and becomes so
// by itself.
func TestLateSource(t *testing.T) {
	s := startServer(t, `
		corp.internal:0 {
			bind 127.0.0.1
			root DIR
			versionalias {
				directory aliases
				ssm /
				alias moved.corp.internal /moved
				alias corp.internal /apex
				alias deep.er.below.corp.internal /deep
				refresh 1s
			}
			file corp.zone
		}
		corp.example:0 {
			bind 127.0.0.1
			root DIR
			versionalias {
				directory aliases
				alias db.corp.example /db
				alias deep.er.below.corp.example /deep
				refresh 1s
			}
			template ANY ANY {
				rcode NXDOMAIN
			}
		}
		.:0 {
			bind 127.0.0.1
			root DIR
			versionalias corp.test {
				directory aliases
				refresh 1s
			}
			template ANY ANY {
				rcode NXDOMAIN
			}
		}`, files{"corp.zone": corpZone})
	v := running.all[0].plugins[0]
	if v.Ready() {
		t.Error("ready without a sweep")
	}
	const soa = "authority: corp.internal. 60 SOA ns.corp.internal. hostmaster.corp.internal. 1 3600 600 86400 300"
	for _, x := range []exchange{
		{"a name of the zone", "cache-v1.corp.internal. A", "NOERROR aa\ncache-v1.corp.internal. 60 A 192.0.2.1\nauthority: corp.internal. 60 NS ns.corp.internal."},
		{"14: a name that may be an alias", "Web.Corp.internal. A edns", "SERVFAIL\nOPT ede=14"},
		{"14: the same, without EDNS", "web.corp.internal. CNAME", "SERVFAIL"},
		{"14: an apex that is sure to be an alias", "corp.internal. A", "SERVFAIL"},
		{"14, 21: and its other types", "corp.internal. NS", "NOERROR aa\ncorp.internal. 60 NS ns.corp.internal.\nadditional: ns.corp.internal. 60 A 192.0.2.53"},
		{"14: a name too deep for one", "web.corp.internal.corp.internal. A", "NXDOMAIN aa\n" + soa},
		{"14: a name that may be none, where there are no paths", "web.corp.example. A", "NXDOMAIN aa"},
		{"14, 17: names above that of an alias line", "er.Below.corp.example. A", "NOERROR aa"},
		{"14, 17: up to its zone", "below.corp.example. TXT edns", "NOERROR aa\nOPT"},
		{"14: one beside", "es.below.corp.example. A", "NXDOMAIN aa"},
		{"14: a name that only ends alike", "r.below.corp.example. A", "NXDOMAIN aa"},
		{"14: one below", "x.deep.er.below.corp.example. A", "NXDOMAIN aa"},
		{"14, 17: a name above, where there are paths", "er.below.corp.internal. A", "NOERROR aa\n" + soa},
		{"14: above, and perhaps an alias itself", "below.corp.internal. A edns", "SERVFAIL\nOPT ede=14"},
		{"14: a name that may be an alias, of a zone in the block of another", "web.corp.test. A edns", "SERVFAIL\nOPT ede=14"},
		{"13, 14: an escaped dot: no name of the zone", `a\.corp.test. A edns`, "NXDOMAIN aa\nOPT"},
		{"13, 14: an escaped dot: one label", `a\.b.corp.test. A edns`, "SERVFAIL\nOPT ede=14"},
		{"13, 14: a name that only ends alike", "a.notcorp.test. A", "NXDOMAIN aa"},
		{"13: the root", ". A", "NXDOMAIN aa"},
		{"14: a name that is sure to be an alias", "Moved.corp.internal. A edns", "SERVFAIL\nOPT ede=14"},
	} {
		if got := show(x.ask(t, s)); got != trim(x.want) {
			t.Errorf("%s: %s got\n%s\nwant\n%s", x.name, x.q, got, trim(x.want))
		}
	}
	s.write("aliases/cache", "cache-v2.corp.internal")
	s.eventually("cache.corp.internal.", dns.TypeCNAME, "NOERROR aa\ncache.corp.internal. 5 CNAME cache-v2.corp.internal.")
	// The other block sweeps by a clock of its own.
	for deadline := time.Now().Add(program.Patience); !v.Ready(); <-time.After(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not ready though every block could sweep")
		}
	}
	if got := show(s.ask("web.corp.internal.", dns.TypeA)); got != "NXDOMAIN aa\n"+soa {
		t.Errorf("a name that is no alias got\n%s\nwant NXDOMAIN", got)
	}
	if got := s.ask("moved.corp.internal.", dns.TypeA); got.Rcode != dns.RcodeSuccess {
		t.Errorf("a name whose alias line has no parameter got\n%s\nwant what the zone has", show(got))
	}
}

// An outage is one, and counted as one, whatever reloads there are in it.
func TestLogOfAnOutageOverReloads(t *testing.T) {
	out := capture(t)
	synctest.Test(t, func(t *testing.T) {
		failure := errors.New("away")
		place := t.TempDir()
		another := func() *feed {
			v := fed(t, new(instance), &source{sweep: func(context.Context) ([]ledger.Parameter, error) { return cache("cache-v1.corp.internal", 1), failure }})
			v.feed.place = place
			return v.feed
		}
		f := another()
		for range 3 {
			f.watcher.Sweep(t.Context())
			next := another()
			next.before = []*feed{f}
			f.watcher.Sweep(t.Context())
			next.succeed()
			f = next
		}
		failure = nil
		f.watcher.Sweep(t.Context())
		const want = `[WARNING] plugin/versionalias: sweep failed, and what is in force stays: away
[INFO] plugin/versionalias: sweep works again, after 6 that failed
[INFO] plugin/versionalias: loaded 1 aliases from 1 parameters`
		if got := out.lines(); got != want {
			t.Errorf("logged\n%s\nwant\n%s", got, want)
		}
	})
}

// A block that works does not go on with the outage of another that reads more.
func TestLogOfAnotherBlocksOutage(t *testing.T) {
	out := capture(t)
	synctest.Test(t, func(t *testing.T) {
		blocks := func() *instance {
			i := new(instance)
			for _, paths := range [][]string{{"/dns", "/denied"}, {"/dns"}} {
				fed(t, i, &source{sweep: func(context.Context) ([]ledger.Parameter, error) {
					if len(paths) > 1 {
						return nil, errors.New("denied")
					}
					return cache("cache-v1.corp.internal", 1), nil
				}}, func(_ *VersionAlias, c *config) {
					c.directory = "/srv/aliases"
					for _, path := range paths[1:] {
						line := c.lines[0]
						line.Path = path
						c.lines = append(c.lines, line)
					}
				})
			}
			return i
		}
		i := blocks()
		if err := i.load(); err != nil {
			t.Fatal(err)
		}
		i.run()
		for range 3 {
			<-time.After(time.Minute)
			next := blocks()
			if err := errors.Join(next.load(), i.stop()); err != nil {
				t.Fatal(err)
			}
			next.run()
			i = next
		}
		<-time.After(time.Minute)
		if err := i.stop(); err != nil {
			t.Fatal(err)
		}
		if got := out.lines(); strings.Contains(got, "works again") || strings.Count(got, "sweep failed") != 1 {
			t.Errorf("logged\n%s\nwant that one block fails, once", got)
		}
	})
}

// source is a source that a test plays.
type source struct {
	sweep    func(ctx context.Context) ([]ledger.Parameter, error)
	released int
}

func (s *source) Sweep(ctx context.Context) ([]ledger.Parameter, error) { return s.sweep(ctx) }
func (s *source) Release()                                              { s.released++ }

// Read sees what a sweep would.
func (s *source) Read(ctx context.Context, refs []ledger.Ref) ([]ledger.Parameter, error) {
	seen, err := s.sweep(ctx)
	return slices.DeleteFunc(slices.Clone(seen), func(p ledger.Parameter) bool { return !slices.Contains(refs, ledger.Ref{Line: p.Line, Name: p.Name}) }), err
}

// verify makes a plugin verify.
func verify(v *VersionAlias, c *config) {
	c.verify = true
	v.verifier = &verifier{plugin: v}
}

// fed is a plugin of corp.internal that is fed from s every ten seconds.
func fed(t *testing.T, i *instance, s *source, options ...func(*VersionAlias, *config)) *VersionAlias {
	t.Helper()
	v := above(nil)
	v.instance = i
	zones := []alias.Name{"corp.internal."}
	lines := []ledger.Line{{Path: "/dns", Rule: alias.Rule{Zones: zones, TTL: 5}}}
	c := config{served: zones, zones: zones, lines: lines, directory: t.TempDir(), refresh: 10 * time.Second}
	for _, option := range options {
		option(v, &c)
	}
	feed, err := newFeed(c, v.table.Store, v.verifier)
	if err != nil {
		t.Fatal(err)
	}
	feed.dir, feed.source = nil, s
	feed.watcher = watch.New(s, feed.refresh, feed)
	v.feed = feed
	i.plugins = append(i.plugins, v)
	return v
}

// takeOver makes f the heir of old in all.
func takeOver(f, old *feed) {
	all := counts{part{}: {old}, part{zone: "corp.internal."}: {old}}
	for _, line := range old.lines {
		all[partOf("corp.internal.", line)] = []*feed{old}
	}
	f.inherit([]*feed{old}, all)
}

// cache is what a sweep sees where /dns/cache has that value and version.
func cache(value string, version int64) []ledger.Parameter {
	return []ledger.Parameter{{Name: "/dns/cache", Value: value, Version: version, Modified: time.Unix(1795388999, 0)}}
}

// All server blocks together hold up a start for five seconds at most.
func TestStartTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := func(ctx context.Context) ([]ledger.Parameter, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		i := new(instance)
		slow := []*source{{sweep: hang}, {sweep: hang}, {sweep: hang}}
		for _, s := range slow {
			fed(t, i, s)
		}
		quick := &source{sweep: func(context.Context) ([]ledger.Parameter, error) { return cache("cache-v1.corp.internal", 1), nil }}
		v := fed(t, i, quick)
		began := time.Now()
		if err := i.load(); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("load took %v, want 5s", took)
		}
		if v.table.Load().Len() != 1 || v.Ready() {
			t.Errorf("the block whose source works has %d aliases, and all are ready: %v; want 1, false", v.table.Load().Len(), v.Ready())
		}
		if quick.released != 1 || slow[0].released != 1 {
			t.Error("a load keeps its connections")
		}
	})
}

// A stop returns when all that was started has ended.
func TestStopWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := false
		i := new(instance)
		s := &source{sweep: func(ctx context.Context) ([]ledger.Parameter, error) {
			<-ctx.Done()
			<-time.After(time.Second)
			ended = true
			return nil, ctx.Err()
		}}
		fed(t, i, s)
		i.run()
		<-time.After(time.Minute) // it sweeps by then
		if err := i.stop(); err != nil {
			t.Fatal(err)
		}
		if !ended || s.released != 1 {
			t.Errorf("after stop the sweep has ended: %v, and released %d times, want true, once", ended, s.released)
		}
	})
}

// What is logged, and how often: one line for an event, none for a query, none
// for what is as it was.
func TestLog(t *testing.T) {
	out := capture(t)
	synctest.Test(t, func(t *testing.T) {
		var seen []ledger.Parameter
		var failure error
		i := new(instance)
		v := fed(t, i, &source{sweep: func(context.Context) ([]ledger.Parameter, error) { return seen, failure }})
		for _, step := range []struct {
			seen    []ledger.Parameter
			failure error
			want    string
		}{
			{failure: errors.New("no way"), want: "[WARNING] plugin/versionalias: sweep failed, and what is in force stays: no way"},
			{failure: errors.New("no way"), want: ""},
			{seen: nil, want: "[INFO] plugin/versionalias: sweep works again, after 2 that failed\n" +
				"[WARNING] plugin/versionalias: loaded no alias from 0 parameters: canonical names are left to the plugins below\n" +
				"[WARNING] plugin/versionalias: loaded nothing below /dns: found no parameter there (" + v.feed.place + ")"},
			{seen: cache("cache-v1.corp.internal", 1), want: "[INFO] plugin/versionalias: alias cache.corp.internal. added: cache-v1.corp.internal., ttl 5 (parameter /dns/cache, version 1 of 2026-11-22T23:09:59Z)"},
			{seen: cache("cache-v1.corp.internal", 1), want: ""},
			{seen: cache("cache-v1.corp.internal", 2), want: ""},
			{seen: cache("cache-v2.corp.internal", 3), want: "[INFO] plugin/versionalias: alias cache.corp.internal. flipped: cache-v1.corp.internal. to cache-v2.corp.internal. (parameter /dns/cache, version 3 of 2026-11-22T23:09:59Z)"},
			{seen: cache("cache v3", 4), want: `[WARNING] plugin/versionalias: rejected parameter /dns/cache, version 4 of 2026-11-22T23:09:59Z: parse target: found "cache v3" with ' ' in it, want only letters, digits, '-', '_' and dots; version 3 stays in force`},
			{seen: cache("cache v3", 4), want: ""},
			{failure: errors.New("away"), want: "[WARNING] plugin/versionalias: sweep failed, and what is in force stays: away"},
			{seen: cache("cache-v2.corp.internal", 5), want: "[INFO] plugin/versionalias: sweep works again, after 1 that failed"},
		} {
			seen, failure = step.seen, step.failure
			out.reset()
			v.feed.watcher.Sweep(t.Context())
			if got := out.lines(); got != step.want {
				t.Errorf("sweep of %v, %v logged\n%s\nwant\n%s", step.seen, step.failure, got, step.want)
			}
		}
		if flips := v.feed.stats.flips["corp.internal."].Load(); flips != 1 {
			t.Errorf("counted %d flips, want 1", flips)
		}
	})
}

// The first sweep is one line, however many aliases there are.
func TestLogOfTheFirstSweep(t *testing.T) {
	out := capture(t)
	i := new(instance)
	v := fed(t, i, &source{sweep: func(context.Context) ([]ledger.Parameter, error) {
		return []ledger.Parameter{
			{Name: "/dns/bundle", Value: `{"aliases": {"a": "a-v1.corp.internal", "b": "b-v1.corp.internal"}}`, Version: 1},
			{Name: "/dns/c", Value: `cache`, Version: 1, Modified: time.Unix(1795388999, 0)},
		}, nil
	}})
	v.feed.watcher.Sweep(t.Context())
	const want = `[WARNING] plugin/versionalias: rejected parameter /dns/c, version 1 of 2026-11-22T23:09:59Z: parse target: found "cache", want an absolute name of at least two labels; no version of it is in force
[INFO] plugin/versionalias: loaded 2 aliases from 2 parameters
`
	if got := out.lines(); got != strings.TrimSpace(want) {
		t.Errorf("logged\n%s\nwant\n%s", got, want)
	}
}

// Duty 10: a reload takes over what is known, also while the source is away, and
// reads it by the new Corefile's rules. Counters live on.
func TestReloadInheritance(t *testing.T) {
	corefile := func(lines string) string {
		return `
		corp.internal:0 {
			bind 127.0.0.1
			root DIR
			versionalias {
				directory aliases
				` + lines + `
			}
			file corp.zone
		}`
	}
	s := startServer(t, corefile("ssm /a"), files{
		"corp.zone":       corpZone,
		"aliases/a/cache": "cache-v1.corp.internal",
		"aliases/a/web":   "cache-v1.corp.internal",
		"aliases/b/more":  "cache-v1.corp.internal",
	})
	const v2 = "NOERROR aa\ncache.corp.internal. 5 CNAME cache-v2.corp.internal."
	s.write("aliases/a/cache", "cache-v2.corp.internal")
	s.eventually("cache.corp.internal.", dns.TypeCNAME, v2)
	swept := running.feeds()[0].stats.swept.Load()
	asked := func() (n uint64) {
		for _, tally := range running.feeds()[0].ledger.Load().Table().Get("cache.corp.internal.").Tallies {
			n += tally.Count()
		}
		return n
	}
	before := asked()
	// The newest document has a fault, and then the source is away.
	s.write("aliases/a/web", "what?")
	s.eventually("web.corp.internal.", dns.TypeCNAME, "NOERROR aa\nweb.corp.internal. 5 CNAME cache-v1.corp.internal.")
	for deadline := time.Now().Add(program.Patience); len(running.feeds()[0].ledger.Load().Rejections()) == 0; <-time.After(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the document with a fault was not seen")
		}
	}
	if err := os.Rename(filepath.Join(s.dir, "aliases"), filepath.Join(s.dir, "away")); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct{ lines, q, want string }{
		{"ssm /a", "cache.corp.internal. CNAME", v2},
		{"ssm /a", "web.corp.internal. CNAME", "NOERROR aa\nweb.corp.internal. 5 CNAME cache-v1.corp.internal."},
		{"ssm /a\nttl 9", "cache.corp.internal. CNAME", strings.Replace(v2, " 5 ", " 9 ", 1)},
		{"ssm /b", "cache.corp.internal. CNAME", strings.Replace(v2, " 5 ", " 9 ", 1)}, // refused: nothing is known of it
	} {
		inst, err := s.Restart(s.corefile(corefile(x.lines)))
		if refused := err != nil; refused != (x.lines == "ssm /b") {
			t.Fatalf("the reload with %q said %v", x.lines, err)
		}
		s.Instance = inst
		if got := show(exchange{q: x.q}.ask(t, s)); got != x.want {
			t.Errorf("after a reload with %q %s got\n%s\nwant\n%s", x.lines, x.q, got, x.want)
		}
		f := running.feeds()[0]
		if !f.loaded() {
			t.Errorf("after a reload with %q it is not ready", x.lines)
		}
		if x.lines == "ssm /a" {
			if got := f.stats.swept.Load(); got < swept {
				t.Errorf("the last sweep became %d, want %d or later", got, swept)
			}
			if n := len(f.ledger.Load().Rejections()); n != 1 {
				t.Errorf("%d rejections were inherited, want 1", n)
			}
			if got := asked(); got <= before {
				t.Errorf("%d queries are counted, want more than the %d before", got, before)
			}
			if got := f.stats.flips["corp.internal."].Load(); got != 1 {
				t.Errorf("%d flips are counted, want 1", got)
			}
		}
	}
}

// A server that takes much of what an account has says so, once.
func TestWeigh(t *testing.T) {
	for _, tt := range []struct {
		lines      string
		parameters int // of the first line
		refresh    time.Duration
		want       string
	}{
		{"ssm /a", 1000, 10 * time.Second, ""},
		{"ssm /a", 1001, 10 * time.Second, "[WARNING] plugin/versionalias: reading 1001 parameters every 10s takes 10.1 calls a second, want at most 10: put aliases in bundles, or raise refresh"},
		{"ssm /a", 350, time.Second, "[WARNING] plugin/versionalias: reading 350 parameters every 1s takes 35.0 calls a second, want at most 10: put aliases in bundles, or raise refresh"},
		{"ssm /a", 100000, time.Hour, ""},
		{"ssm /a\nssm /b\nssm /c", 71, time.Second, ""},
		{"ssm /a\nssm /b\nssm /c", 81, time.Second, "[WARNING] plugin/versionalias: reading 81 parameters every 1s takes 11.0 calls a second, want at most 10: put aliases in bundles, or raise refresh"},
		{"ssm /a\nalias a.corp.internal /x/a\nalias b.corp.internal /x/b", 91, time.Second, "[WARNING] plugin/versionalias: reading 91 parameters every 1s takes 11.0 calls a second, want at most 10: put aliases in bundles, or raise refresh"},
	} {
		out := capture(t)
		v := fed(t, new(instance), &source{})
		c, err := parse(controller("versionalias {\n" + tt.lines + "\n}"))
		if err != nil {
			t.Fatal(err)
		}
		v.feed.lines = c.lines
		v.feed.directory, v.feed.refresh = "", tt.refresh
		v.feed.stats.swept.Store(1) // so that nothing else is said
		for range 2 {
			v.feed.report(nil, false, make([]ledger.Parameter, tt.parameters))
		}
		if got := out.lines(); got != tt.want {
			t.Errorf("%s with %d parameters every %v logged\n%s\nwant\n%s", tt.lines, tt.parameters, tt.refresh, got, tt.want)
		}
	}
}

// Of two that know as much of what a block reads, it takes over from the one with its
// zones first, then from the one with its lines.
func TestShares(t *testing.T) {
	block := func(text string) *feed {
		return fed(t, new(instance), &source{}, func(_ *VersionAlias, c *config) {
			c.lines, c.directory = nil, "/same"
			if err := readBlock(c, strings.Fields(text)); err != nil {
				t.Fatal(err)
			}
		}).feed
	}
	other := func(f *feed) *feed {
		f.zones = []alias.Name{"corp.internal.", "other.internal."}
		return f
	}
	heir := block("ssm /dns ssm /more")
	order := []*feed{ // the most first
		block("ssm /dns ssm /more"),
		block("ssm /more ssm /dns"),
		other(block("ssm /dns ssm /more")),
		other(block("ssm /more ssm /dns")),
		block("ssm /dns"),
		other(block("ssm /dns")),
	}
	for i, o := range order {
		next, _ := o.ledger.Load().Apply(nil, time.Now())
		o.ledger.Store(next)
		if i > 0 && heir.shares(o) >= heir.shares(order[i-1]) {
			t.Errorf("of number %d it shares %d, want less than the %d of the one before", i, heir.shares(o), heir.shares(order[i-1]))
		}
	}
	if n := heir.shares(block("ssm /dns ssm /more")); n != 0 {
		t.Errorf("of one that has seen nothing it shares %d, want 0", n)
	}
}

// Whose outage a feed goes on with after a reload: that of a feed which reads some of the
// same at the same place, and rather of one that reads nothing else.
func TestFollows(t *testing.T) {
	reading := func(place string, paths ...string) *feed {
		f := &feed{place: place}
		for _, path := range paths {
			f.lines = append(f.lines, ledger.Line{Path: path})
		}
		return f
	}
	f := reading("here", "/a", "/b")
	for _, tt := range []struct {
		old             *feed
		follows, covers bool
	}{
		{reading("here", "/a"), true, true},
		{reading("here", "/b", "/a"), true, true},
		{reading("here", "/a", "/c"), true, false},
		{reading("here", "/c"), false, false},
		{reading("elsewhere", "/a"), false, true},
	} {
		if follows, covers := f.follows(tt.old), f.covers(tt.old); follows != tt.follows || covers != tt.covers {
			t.Errorf("of %v at %s got %v and %v, want %v and %v", tt.old.lines, tt.old.place, follows, covers, tt.follows, tt.covers)
		}
	}
}
