package versionalias

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coredns/caddy"
	"github.com/miekg/dns"

	"github.com/octoenergy/versionalias/internal/program"
	"github.com/octoenergy/versionalias/plugin/alias"
	"github.com/octoenergy/versionalias/plugin/ledger"
	"github.com/octoenergy/versionalias/plugin/snapshot"
	"github.com/octoenergy/versionalias/plugin/watch"
)

// Duty 9: when snapshots are written: at changes, and once a minute.
func TestSnapshotWrites(t *testing.T) {
	file := snapshot.File{Path: filepath.Join(t.TempDir(), "snapshot")}
	synctest.Test(t, func(t *testing.T) {
		var seen atomic.Pointer[[]ledger.Parameter]
		flip := func(value string, version int64) { list := cache(value, version); seen.Store(&list) }
		flip("cache-v1.corp.internal", 1)
		i := new(instance)
		v := fed(t, i, &source{sweep: func(context.Context) ([]ledger.Parameter, error) { return *seen.Load(), nil }})
		v.feed.snapshot = file
		if err := i.load(); err != nil {
			t.Fatal(err)
		}
		i.run()
		defer func() {
			if err := i.stop(); err != nil {
				t.Error(err)
			}
		}()
		// written is when the snapshot's last sweep was, and the value in it.
		written := func() (time.Time, string) {
			synctest.Wait()
			s, err := file.Read(v.feed.place, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			return s.Swept, s.Ledger.Parameters[0].Good.Value
		}
		if at, _ := written(); !at.Equal(time.Now()) {
			t.Errorf("at the start the snapshot is of %v, want %v", at, time.Now())
		}
		var times []time.Time
		for range 600 {
			if at, _ := written(); len(times) == 0 || !at.Equal(times[len(times)-1]) {
				times = append(times, at)
			}
			<-time.After(time.Second)
		}
		if len(times) < 8 || len(times) > 12 {
			t.Errorf("in ten minutes without a change it was written %d times, want about ten: %v", len(times), times)
		}
		flip("cache-v2.corp.internal", 2)
		<-time.After(11 * time.Second)
		if at, got := written(); got != "cache-v2.corp.internal" || time.Since(at) > 11*time.Second {
			t.Errorf("after a flip the snapshot is of %v with %s, want cache-v2 at once", at, got)
		}
	})
}

// A snapshot never reaches half of the age at which it is refused while sweeps are
// complete, without being written more often than that takes. The last sweep before a
// stop is in it, though it changed nothing.
func TestSnapshotAge(t *testing.T) {
	for _, tt := range []struct {
		refresh, maxAge, oldest time.Duration
		writes                  int // in ten minutes, at most
	}{
		{time.Second, 30 * time.Second, 15 * time.Second, 50},
		{10 * time.Second, 5 * time.Minute, 71 * time.Second, 12},
		{10 * time.Second, 25 * time.Second, 11 * time.Second, 68}, // each sweep
		{10 * time.Second, 0, 71 * time.Second, 12},
	} {
		file := snapshot.File{Path: filepath.Join(t.TempDir(), "snapshot"), MaxAge: tt.maxAge}
		synctest.Test(t, func(t *testing.T) {
			i := new(instance)
			v := fed(t, i, &source{sweep: func(context.Context) ([]ledger.Parameter, error) {
				return cache("cache-v1.corp.internal", 1), nil
			}}, func(_ *VersionAlias, c *config) { c.refresh, c.snapshot = tt.refresh, file })
			if err := i.load(); err != nil {
				t.Fatal(err)
			}
			i.run()
			var last time.Time
			var oldest time.Duration
			writes := 0
			see := func() {
				synctest.Wait()
				s, err := file.Read(v.feed.place, time.Now())
				if err != nil {
					t.Error(err)
				}
				oldest = max(oldest, time.Since(s.Swept))
				if !s.Swept.Equal(last) {
					last = s.Swept
					writes++
				}
			}
			for range 10 * 60 {
				see()
				<-time.After(time.Second)
			}
			if oldest > tt.oldest || writes > tt.writes {
				t.Errorf("with refresh %v and the age %v it was written %d times, and %v old, want at most %d and %v", tt.refresh, tt.maxAge, writes, oldest, tt.writes, tt.oldest)
			}
			if err := i.stop(); err != nil {
				t.Fatal(err)
			}
			see()
			if swept := time.Unix(0, v.feed.stats.swept.Load()); !last.Equal(swept) {
				t.Errorf("at the end the snapshot is of %v, want %v", last, swept)
			}
		})
	}
}

// A write that leads to a sweep itself leads to no further write.
func TestSnapshotBesideWhatIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := fed(t, new(instance), new(source), func(_ *VersionAlias, c *config) {
			c.snapshot = snapshot.File{Path: filepath.Join(t.TempDir(), "snapshot"), MaxAge: 30 * time.Second}
		})
		writes := 0
		for range 100 {
			v.feed.keeper.swept(false, time.Now())
			for len(v.feed.keeper.changed) > 0 {
				<-v.feed.keeper.changed
				writes++
			}
			<-time.After(100 * time.Millisecond)
		}
		if want := int(10 * time.Second / keepApart); writes > want {
			t.Errorf("a hundred sweeps within ten seconds led to %d writes, want at most %d", writes, want)
		}
	})
}

// What was not seen whole is not written, and what cannot be written is said
// once.
func TestSnapshotIsNotWritten(t *testing.T) {
	out := capture(t)
	v := fed(t, new(instance), &source{sweep: func(context.Context) ([]ledger.Parameter, error) {
		return cache("cache-v1.corp.internal", 1), nil
	}})
	dir := filepath.Join(t.TempDir(), "later")
	v.feed.snapshot.Path = filepath.Join(dir, "snapshot")
	v.feed.keeper.write()
	v.feed.watcher.Sweep(t.Context())
	v.feed.keeper.write()
	v.feed.keeper.write()
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	v.feed.keeper.write()
	v.feed.keeper.write()
	got := strings.ReplaceAll(out.lines(), dir, "DIR")
	for line := range strings.Lines(got) { // the file has a name of its own each time
		if i := strings.Index(line, "DIR/.snapshot."); i > 0 {
			rest := line[i+len("DIR/.snapshot."):]
			got = strings.Replace(got, rest[:strings.IndexByte(rest, '.')], "X", 1)
		}
	}
	const want = `
		[INFO] plugin/versionalias: loaded 1 aliases from 1 parameters
		[WARNING] plugin/versionalias: snapshot is out of date: write snapshot: open DIR/.snapshot.X.new: no such file or directory
		[INFO] plugin/versionalias: snapshot is up to date again`
	if got != trim(want) {
		t.Errorf("logged\n%s\nwant\n%s", got, trim(want))
	}
}

// A file that cannot be written is one failure, over reloads as well.
func TestSnapshotIsNotWrittenOverReloads(t *testing.T) {
	out := capture(t)
	read, dir := t.TempDir(), filepath.Join(t.TempDir(), "later")
	synctest.Test(t, func(t *testing.T) {
		var running *instance
		stop := func() {
			if running == nil {
				return
			}
			if err := running.stop(); err != nil {
				t.Error(err)
			}
		}
		for range 3 {
			i := new(instance)
			fed(t, i, &source{sweep: func(context.Context) ([]ledger.Parameter, error) {
				return cache("cache-v1.corp.internal", 1), nil
			}}, func(_ *VersionAlias, c *config) { c.directory, c.snapshot.Path = read, filepath.Join(dir, "snapshot") })
			if err := i.load(); err != nil {
				t.Fatal(err)
			}
			stop()
			i.run()
			running = i
			<-time.After(time.Minute)
		}
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		stop()
	})
	got := out.lines()
	for _, text := range []string{"out of date", "up to date again"} {
		if n := strings.Count(got, text); n != 1 {
			t.Errorf("%q was logged %d times, want once:\n%s", text, n, got)
		}
	}
}

// A zone file that is named by mistake is left as it is, which is said once.
func TestSnapshotOfNoSnapshot(t *testing.T) {
	out := capture(t)
	v := fed(t, new(instance), &source{sweep: func(context.Context) ([]ledger.Parameter, error) {
		return cache("cache-v1.corp.internal", 1), nil
	}})
	path := filepath.Join(t.TempDir(), "corp.zone")
	v.feed.snapshot.Path = path
	if err := os.WriteFile(path, []byte(corpZone), 0o600); err != nil {
		t.Fatal(err)
	}
	v.feed.watcher.Sweep(t.Context())
	v.feed.keeper.write()
	v.feed.keeper.write()
	const want = `
		[INFO] plugin/versionalias: loaded 1 aliases from 1 parameters
		[WARNING] plugin/versionalias: snapshot is out of date: write snapshot: found FILE, which begins with "$ORIGIN co", want a snapshot, an empty file or none`
	if got := strings.ReplaceAll(out.lines(), path, "FILE"); got != trim(want) {
		t.Errorf("logged\n%s\nwant\n%s", got, trim(want))
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != corpZone {
		t.Errorf("the zone file has become\n%s, %v", text, err)
	}
}

// A write that failed is tried again though nothing changes and no sweep comes, less and
// less often, and once more at the end.
func TestSnapshotIsWrittenAgain(t *testing.T) {
	for _, tt := range []struct {
		name        string
		full, after time.Duration // until writes succeed, and until it is written then
		end         bool
	}{
		{"for a moment", 500 * time.Millisecond, time.Second, false},
		{"for minutes", 10 * time.Minute, time.Minute, false},
		{"until the end", 10*time.Minute + time.Second, 0, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "later")
			synctest.Test(t, func(t *testing.T) {
				i := new(instance)
				v := fed(t, i, &source{sweep: func(context.Context) ([]ledger.Parameter, error) {
					return cache("cache-v1.corp.internal", 1), nil
				}}, func(_ *VersionAlias, c *config) { c.refresh = mostRefresh })
				v.feed.snapshot.Path = filepath.Join(dir, "snapshot")
				if err := i.load(); err != nil {
					t.Fatal(err)
				}
				i.run()
				<-time.After(tt.full)
				synctest.Wait() // a try at this very time is over
				if err := os.Mkdir(dir, 0o700); err != nil {
					t.Fatal(err)
				}
				<-time.After(tt.after)
				stop := func() {
					if err := i.stop(); err != nil {
						t.Error(err)
					}
				}
				if tt.end {
					stop()
				} else {
					defer stop()
				}
				synctest.Wait()
				if _, err := v.feed.snapshot.Read(v.feed.place, time.Now()); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// What is left to write at the end is written.
func TestSnapshotAtTheEnd(t *testing.T) {
	v := fed(t, new(instance), &source{sweep: func(context.Context) ([]ledger.Parameter, error) {
		return cache("cache-v1.corp.internal", 1), nil
	}})
	v.feed.snapshot.Path = filepath.Join(t.TempDir(), "snapshot")
	v.feed.watcher.Sweep(t.Context())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	v.feed.keeper.run(ctx)
	if _, err := v.feed.snapshot.Read(v.feed.place, time.Now()); err != nil {
		t.Error(err)
	}
}

// A reload that names a new file has it written at once, be the source there or not.
func TestSnapshotOfANewFile(t *testing.T) {
	file := snapshot.File{Path: filepath.Join(t.TempDir(), "snapshot")}
	synctest.Test(t, func(t *testing.T) {
		before, after := new(instance), new(instance)
		old := fed(t, before, &source{sweep: func(context.Context) ([]ledger.Parameter, error) { return cache("cache-v1.corp.internal", 1), nil }})
		next := fed(t, after, &source{sweep: func(context.Context) ([]ledger.Parameter, error) { return nil, context.DeadlineExceeded }})
		next.feed.place, next.feed.snapshot = old.feed.place, file
		for _, i := range []*instance{before, after} {
			if err := i.load(); err != nil {
				t.Fatal(err)
			}
			i.run()
			defer func() {
				if err := i.stop(); err != nil {
					t.Error(err)
				}
			}()
		}
		synctest.Wait()
		if _, err := file.Read(next.feed.place, time.Now()); err != nil {
			t.Error(err)
		}
	})
}

// A sweep that goes on while the server is stopped is kept as well.
func TestSnapshotOfTheLastSweep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := new(instance)
		v := fed(t, i, &source{sweep: func(context.Context) ([]ledger.Parameter, error) {
			<-time.After(time.Second) // it does not mind being cancelled
			return cache("cache-v1.corp.internal", 1), nil
		}})
		v.feed.snapshot.Path = filepath.Join(t.TempDir(), "snapshot")
		i.run()
		v.feed.watcher.Hint()
		synctest.Wait()
		if err := i.stop(); err != nil {
			t.Fatal(err)
		}
		if _, err := v.feed.snapshot.Read(v.feed.place, time.Now()); err != nil {
			t.Error(err)
		}
	})
}

// So is what comes into force then, since its target works.
func TestSnapshotOfTheLastAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := new(instance)
		seen := cache("cache-v1.corp.internal", 1)
		v := fed(t, i, &source{sweep: func(context.Context) ([]ledger.Parameter, error) { return seen, nil }},
			func(_ *VersionAlias, c *config) { c.verify = true })
		v.feed.prober = watch.NewProber(verifies(func(_ context.Context, p ledger.Probe) ledger.Answer { return ledger.Answer{Probe: p} }), v.feed)
		v.feed.snapshot.Path = filepath.Join(t.TempDir(), "snapshot")
		if err := i.load(); err != nil {
			t.Fatal(err)
		}
		adopting, stopping := make(chan struct{}), make(chan struct{})
		v.feed.publish = func(table *alias.Table) {
			if v.table.Store(table); table.Get("cache.corp.internal.").Target == "cache-v2.corp.internal." {
				close(adopting)
				<-stopping
			}
		}
		i.run()
		seen = cache("cache-v2.corp.internal", 2)
		v.feed.watcher.Hint()
		<-adopting
		stopped := make(chan error)
		go func() { stopped <- i.stop() }()
		synctest.Wait()
		close(stopping)
		if err := <-stopped; err != nil {
			t.Fatal(err)
		}
		s, err := v.feed.snapshot.Read(v.feed.place, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Ledger.Parameters[0].Good.Value; got != "cache-v2.corp.internal" {
			t.Errorf("the snapshot has %s in force, want v2", got)
		}
	})
}

type verifies func(context.Context, ledger.Probe) ledger.Answer

func (v verifies) Verify(ctx context.Context, p ledger.Probe) ledger.Answer { return v(ctx, p) }

// A snapshot that has not all that is read is used, but waited on by nobody.
func TestSnapshotOfOtherLines(t *testing.T) {
	lost := func(ctx context.Context) ([]ledger.Parameter, error) { return nil, context.DeadlineExceeded }
	file := filepath.Join(t.TempDir(), "snapshot")
	dir := t.TempDir()
	old := fed(t, new(instance), &source{sweep: func(context.Context) ([]ledger.Parameter, error) {
		return cache("cache-v1.corp.internal", 1), nil
	}})
	old.feed.place, old.feed.snapshot.Path = dir, file
	old.feed.watcher.Sweep(t.Context())
	old.feed.keeper.write()
	for _, more := range []bool{false, true} {
		v := fed(t, new(instance), &source{sweep: lost})
		v.feed.place, v.feed.snapshot.Path = dir, file
		if more {
			v.feed.lines = append(v.feed.lines, ledger.Line{Path: "/more", Rule: alias.Rule{Zones: v.feed.zones, TTL: 5}})
			v.feed.ledger.Store(v.feed.empty())
		}
		v.feed.load(t.Context())
		if v.table.Load().Len() != 1 {
			t.Errorf("with another line %v: %d aliases were recalled, want 1", more, v.table.Load().Len())
		}
		if v.feed.loaded() != !more {
			t.Errorf("with another line %v: ready is %v, want %v", more, v.feed.loaded(), !more)
		}
	}
}

// Duties 9, 10: a real server that starts while its source is away, with a
// snapshot and with one that is refused.
func TestSnapshotStart(t *testing.T) {
	corefile := func(directory, age string) string {
		return `
		corp.internal:0 {
			bind 127.0.0.1
			root DIR
			versionalias {
				directory ` + directory + `
				snapshot snapshot ` + age + `
			}
			file corp.zone
		}`
	}
	s := startServer(t, corefile("aliases", ""), files{"corp.zone": corpZone, "aliases/api": "cache-v1.corp.internal", "aliases/web": "cache-v2.corp.internal"})
	s.write("aliases/api", "cache-v2.corp.internal")
	s.write("aliases/web", "what?")
	s.eventually("api.corp.internal.", dns.TypeCNAME, "NOERROR aa\napi.corp.internal. 5 CNAME cache-v2.corp.internal.")
	for deadline := time.Now().Add(program.Patience); len(running.feeds()[0].ledger.Load().Rejections()) == 0; <-time.After(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the document with a fault was not seen")
		}
	}
	files := files{"corp.zone": corpZone}
	s.stop()
	text, err := os.ReadFile(filepath.Join(s.dir, "snapshot"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(s.dir, "aliases"), filepath.Join(s.dir, "away")); err != nil {
		t.Fatal(err)
	}
	out := capture(t)
	for _, x := range []struct {
		name, directory, age, text string
		ready                      bool
		warning                    string
	}{
		{"whole", "aliases", "", string(text), true, ""},
		{"new enough", "aliases", "1h", string(text), true, ""},
		{"too old", "aliases", "1ms", string(text), false, "started without a snapshot: read snapshot DIR/snapshot: found the last sweep "},
		{"damaged", "aliases", "", string(text[:len(text)-9]), false, "started without a snapshot: read snapshot DIR/snapshot: found a damaged one: unexpected end of JSON input"},
		{"of another directory", "others", "", string(text), false, "started without a snapshot: read snapshot DIR/snapshot: found one of directory DIR/aliases, want directory DIR/others"},
	} {
		files["snapshot"] = x.text
		out.reset()
		again := startIn(t, s.dir, corefile(x.directory, x.age), files)
		want := "SERVFAIL"
		if x.ready {
			want = "NOERROR aa\napi.corp.internal. 5 CNAME cache-v2.corp.internal."
		}
		if got := show(again.ask("api.corp.internal.", dns.TypeCNAME)); got != want {
			t.Errorf("%s: api.corp.internal. got\n%s\nwant\n%s", x.name, got, want)
		}
		if got := show(again.ask("web.corp.internal.", dns.TypeCNAME)); x.ready && got != "NOERROR aa\nweb.corp.internal. 5 CNAME cache-v2.corp.internal." {
			t.Errorf("%s: web.corp.internal., whose newest document has a fault, got\n%s\nwant the last good one", x.name, got)
		}
		if got := running.feeds()[0].loaded(); got != x.ready {
			t.Errorf("%s: ready got %v, want %v", x.name, got, x.ready)
		}
		again.stop()
		if got := strings.ReplaceAll(out.lines(), s.dir, "DIR"); strings.Contains(got, "without a snapshot") != (x.warning != "") || !strings.Contains(got, x.warning) {
			t.Errorf("%s: logged\n%s\nwant %q in it", x.name, got, x.warning)
		}
	}
}

// Two blocks must not write to one file, however it is spelled.
func TestSnapshotOfTwoBlocks(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	for link, target := range map[string]string{"link": "s", "here": "."} {
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
	}
	const block = " {\n versionalias {\n directory /srv/NAME\n snapshot FILE\n }\n}\n"
	const twice = "snapshot: found DIR/s in two server blocks, want a file for each"
	for _, tt := range []struct{ root, file, want string }{
		{"", "DIR/t", ""},
		{"", "DIR/s", twice},
		{"root DIR\n", "s", twice},
		{"", "DIR/./s", twice},
		{"", "s", twice},
		{"root here\n", "s", twice},
		{"", "DIR/link", twice},
		{"", "here/link", twice},
		{"", "here/t", ""},
	} {
		corefile := "a.internal:0" + strings.NewReplacer("NAME", "a", "FILE", "DIR/s").Replace(block) +
			"b.internal:0" + strings.NewReplacer("NAME", "b", "FILE", tt.file).Replace(strings.Replace(block, "{\n", "{\n"+tt.root, 1))
		got := ""
		if err := setUp(strings.ReplaceAll(corefile, "DIR", dir)); err != nil {
			got = strings.ReplaceAll(err.Error(), dir, "DIR")
		}
		if got == "" != (tt.want == "") || !strings.HasSuffix(got, tt.want) {
			t.Errorf("%s with %q beside DIR/s got the error %q, want %q", tt.file, tt.root, got, tt.want)
		}
	}
}

// A snapshot must not be read as a parameter, of whichever block: each write would be a
// change to be written.
func TestSnapshotInDirectory(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for link, target := range map[string]string{"link": "aliases", "file": "aliases/s", "aliases/out": "../elsewhere"} {
		path := filepath.Join(dir, link)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, path); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		lines, file string
		read        bool
	}{
		{"", "s", false},
		{"", "aliases-2/s", false},
		{"", "aliases", false},
		{"", "aliases/s", true},
		{"", "aliases/.s", false},
		{"", "aliases/sub/s", false},
		{"ssm /", "aliases/sub/s", true},
		{"ssm /", "aliases/.sub/s", false},
		{"ssm /sub", "aliases/s", false},
		{"ssm /sub", "aliases/sub/s", true},
		{"alias a.internal /s", "aliases/s", true},
		{"alias a.internal /s", "aliases/t", false},
		{"", "link/s", true},
		{"", "file", true},
		{"", "aliases/out", true},
	} {
		snapshot := "snapshot " + filepath.Join(dir, tt.file) + "\n"
		reader := "directory " + filepath.Join(dir, "aliases") + "\n" + tt.lines + "\n"
		other := "b.internal:0 {\n versionalias {\n directory " + dir + "/others\n"
		for where, corefile := range map[string]string{
			"one block":   "a.internal:0 {\n versionalias {\n" + reader + snapshot + "}\n}\n",
			"the earlier": other + snapshot + "}\n}\na.internal:0 {\n versionalias {\n" + reader + "}\n}\n",
			"the later":   "a.internal:0 {\n versionalias {\n" + reader + "}\n}\n" + other + snapshot + "}\n}\n",
		} {
			err := setUp(corefile)
			want := "snapshot: found DIR/" + tt.file + ", which is read as a parameter of directory DIR/aliases, want a file elsewhere, or a dot in front of its name"
			if tt.read != (err != nil) || err != nil && !strings.HasSuffix(strings.ReplaceAll(err.Error(), dir, "DIR"), want) {
				t.Errorf("%s beside lines %q, in %s, got the error %v, want one: %v", tt.file, tt.lines, where, err, tt.read)
			}
		}
	}
}

// Nor must a snapshot be where credentials are, of whichever block.
func TestSnapshotInCredentials(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "credentials"), []byte("[ops]\naws_access_key_id = x\naws_secret_access_key = y\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("credentials", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	block := func(name, more string) string {
		return name + ":0 {\n root " + dir + "\n versionalias {\n ssm /dns\n aws_region eu-west-1\n" + more + "}\n}\n"
	}
	const credentials = "credentials ops credentials\n"
	for file, refused := range map[string]bool{"credentials": true, "link": true, "snapshot": false} {
		keep := "snapshot " + file + "\n"
		for where, corefile := range map[string]string{
			"one block":   block("a.internal", credentials+keep),
			"the earlier": block("a.internal", keep) + block("b.internal", credentials),
			"the later":   block("a.internal", credentials) + block("b.internal", keep),
		} {
			err := setUp(corefile)
			want := "snapshot: found " + filepath.Join(dir, file) + ", which has credentials, want a file of its own"
			if refused != (err != nil) || err != nil && !strings.HasSuffix(err.Error(), want) {
				t.Errorf("%s, in %s, got the error %v, want one: %v", file, where, err, refused)
			}
		}
	}
}

// setUp is what caddy makes of a Corefile, short of starting it.
func setUp(corefile string) error {
	return caddy.ValidateAndExecuteDirectives(caddy.CaddyfileInput{Contents: []byte(corefile), ServerTypeName: "dns"}, &caddy.Instance{Storage: map[any]any{}}, true)
}

// Duty 9: a snapshot of other parameters is left alone until a sweep has seen these.
func TestSnapshotOfOtherPath(t *testing.T) {
	perform(t, `
		blocks ssm /dns
		put /dns/cache cache-v1.corp.internal
		start
		stop
		fault refused
		blocks ssm /dnz
		start
		ready no
		stop
		blocks ssm /dns
		start
		ready yes
		cache cache-v1`)
}

// The same for one of several lines: what the snapshot has of the others is not lost by then.
func TestSnapshotOfOneOtherPath(t *testing.T) {
	for name, meanwhile := range map[string]string{
		"a restart with one misspelt": `
			stop
			fault refused
			blocks ssm /dnz ssm /app
			start`,
		"a restart with one left out": `
			stop
			fault refused
			blocks ssm /app
			start`,
		"a reload with one misspelt": `
			fault refused
			blocks ssm /dnz ssm /app
			refused replace 1 aliases of Parameter Store in eu-west-1: read the parameters below /dnz: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused (Parameter Store in eu-west-1)`,
	} {
		t.Run(name, func(t *testing.T) {
			perform(t, `
				blocks ssm /dns ssm /app
				put /dns/cache cache-v1.corp.internal
				put /app/web web-v1.corp.internal
				start`+meanwhile+`
				web web-v1
				wait 10m
				stop
				blocks ssm /dns ssm /app
				start
				ready yes
				web web-v1
				cache cache-v1`)
		})
	}
}

// But where the file has nothing more, it is written while a line that a reload brought cannot
// be read: what came by push is not taken back by a restart, nor is a new file left empty.
func TestSnapshotBesideAnUnreadLine(t *testing.T) {
	for name, script := range map[string]string{
		"what came by push": `
			push
			blocks ssm /dns
			put /dns/cache cache-v1.corp.internal
			start
			wait 1m
			fault denied of GetParametersByPath
			blocks ssm /dns ssm /new
			reload
			put /dns/cache cache-v2.corp.internal
			event Update /dns/cache
			wait 1m
			cache cache-v2
			fault refused
			stop
			start
			cache cache-v2`,
		"a new file": `
			blocks ssm /dns
			put /dns/cache cache-v1.corp.internal
			start
			fault refused
			blocks ssm /dns ssm /new
			file other
			reload
			wait 10m
			cache cache-v1
			stop
			start
			cache cache-v1`,
	} {
		t.Run(name, func(t *testing.T) { perform(t, script) })
	}
}
