package paramdir

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/octoenergy/versionalias/plugin/alias"
	"github.com/octoenergy/versionalias/plugin/ledger"
)

var (
	flat      = ledger.Line{Path: "/", Flat: true}
	all       = ledger.Line{Path: "/"}
	below     = ledger.Line{Path: "/dns/aliases"}
	flatBelow = ledger.Line{Path: "/dns/aliases", Flat: true}
	one       = ledger.Line{Parameter: "/dns/aliases/cache"}
)

func TestSweep(t *testing.T) {
	for _, test := range []struct {
		name  string
		tree  map[string]string // content by path; " -> target" is a link, a path with "/" behind it a directory
		lines []ledger.Line
		want  []string
	}{
		{
			name:  "flat",
			tree:  map[string]string{"cache": "cache-2", "b.corp.internal": "b-1"},
			lines: []ledger.Line{flat},
			want:  []string{`0 /b.corp.internal "b-1"`, `0 /cache "cache-2"`},
		},
		{
			name:  "flat leaves directories alone",
			tree:  map[string]string{"cache": "cache-2", "sub/cache": "x", "empty/": ""},
			lines: []ledger.Line{flat},
			want:  []string{`0 /cache "cache-2"`},
		},
		{
			name:  "flat below a path",
			tree:  map[string]string{"dns/aliases/cache": "cache-2", "dns/aliases/sub/cache": "x"},
			lines: []ledger.Line{flatBelow},
			want:  []string{`0 /dns/aliases/cache "cache-2"`},
		},
		{
			name:  "nothing there",
			lines: []ledger.Line{flat, all, below, one},
		},
		{
			name:  "recursive",
			tree:  map[string]string{"a": "1", "dns/b": "2", "dns/aliases/c": "3"},
			lines: []ledger.Line{all},
			want:  []string{`0 /a "1"`, `0 /dns/aliases/c "3"`, `0 /dns/b "2"`},
		},
		{
			name:  "one that a line names",
			tree:  map[string]string{"dns/aliases/cache": "cache-2", "dns/aliases/other": "x"},
			lines: []ledger.Line{one},
			want:  []string{`0 /dns/aliases/cache "cache-2"`},
		},
		{
			name:  "a directory where a line names a file",
			tree:  map[string]string{"dns/aliases/cache/a": "x"},
			lines: []ledger.Line{one},
			want:  []string{`0 /dns/aliases/cache read file: found d---------, want a regular file`},
		},
		{
			name:  "a file where a line names a directory",
			tree:  map[string]string{"dns": "x"},
			lines: []ledger.Line{below, one},
		},
		{
			name:  "a dot first",
			tree:  map[string]string{".hidden": "x", "..data/cache": "x", ".git/config": "x", "dns/.cache.swp": "x", "dns/a.b": "1"},
			lines: []ledger.Line{all},
			want:  []string{`0 /dns/a.b "1"`},
		},
		{
			name:  "empty is being written",
			tree:  map[string]string{"cache": ""},
			lines: []ledger.Line{flat, {Parameter: "/cache"}},
			want:  []string{`0 /cache writing`, `1 /cache writing`},
		},
		{
			name:  "links",
			tree:  map[string]string{"cache": " -> v/2", "v/2": "cache-2", "dns": " -> v", "gone": " -> nowhere"},
			lines: []ledger.Line{flat, {Path: "/dns"}},
			want:  []string{`0 /cache "cache-2"`, `1 /dns/2 "cache-2"`},
		},
		{
			name:  "a link that leads to itself",
			tree:  map[string]string{"cache": "cache-2", "loop": " -> loop", "a/b": " -> ../a/c", "a/c": " -> b"},
			lines: []ledger.Line{all},
			want: []string{
				`0 /a/b read file: found links that lead in a circle, want a regular file`,
				`0 /a/c read file: found links that lead in a circle, want a regular file`,
				`0 /cache "cache-2"`,
				`0 /loop read file: found links that lead in a circle, want a regular file`,
			},
		},
		{
			name:  "a link to a name that is too long",
			tree:  map[string]string{"cache": "cache-2", "long": " -> " + strings.Repeat("x", 300)},
			lines: []ledger.Line{flat, {Parameter: "/long"}},
			want: []string{
				`0 /cache "cache-2"`,
				`0 /long read file: found a path that is too long, want a regular file`,
				`1 /long read file: found a path that is too long, want a regular file`,
			},
		},
		{
			name:  "a ConfigMap",
			tree:  configMap("1", "cache", "db"),
			lines: []ledger.Line{flat},
			want:  []string{`0 /cache "cache-1"`, `0 /db "db-1"`},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := New(tree(t, test.tree), test.lines)
			if got := sweep(t, d); !slices.Equal(got, test.want) {
				t.Errorf("sweep saw\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

// Links that lead back to a directory above are not followed, however many.
func TestSweepEnds(t *testing.T) {
	root := tree(t, map[string]string{"a/b/cache": "cache-2", "a/one": " -> .", "a/b/two": " -> ..", "a/b/three": " -> .", "a/b/four": " -> ../.."})
	d := New(root, []ledger.Line{all})
	if got, want := sweep(t, d), []string{`0 /a/b/cache "cache-2"`}; !slices.Equal(got, want) {
		t.Errorf("sweep saw %v, want %v", got, want)
	}
}

// What is said to be read is what a sweep reads.
func TestReads(t *testing.T) {
	names := []string{"cache", ".cache", "..cache", "dns/aliases/cache", "dns/aliases/.cache", "dns/aliases/sub/cache", "dns/aliases/.sub/cache", "dns/aliasescache", "dns/other"}
	files := map[string]string{}
	for _, name := range names {
		files[name] = "x"
	}
	root := tree(t, files)
	for _, line := range []ledger.Line{flat, all, below, flatBelow, one, {Path: "/dns/aliases/.sub"}, {Parameter: "/.cache"}} {
		d := New(root, []ledger.Line{{Parameter: "/none"}, line})
		var got []string
		for _, name := range names {
			if d.Reads("/" + name) {
				got = append(got, fmt.Sprintf("1 /%s \"x\"", name))
			}
		}
		slices.Sort(got)
		if want := slices.Sorted(slices.Values(sweep(t, d))); !slices.Equal(got, want) {
			t.Errorf("of %+v is said to be read %v, want %v", line, got, want)
		}
	}
}

// What is too long for a document is told, and not kept.
func TestSizes(t *testing.T) {
	modified := time.UnixMilli(1782907200123).UTC()
	for _, test := range []struct {
		size, kept int
		problem    string
	}{
		{1, 1, ""},
		{alias.MaxDocument, alias.MaxDocument, ""},
		{alias.MaxDocument + 1, 0, "parse document: found more than 1048576 octets, want at most 1048576"},
		{2 * alias.MaxDocument, 0, "parse document: found more than 1048576 octets, want at most 1048576"},
	} {
		root := tree(t, map[string]string{"cache": strings.Repeat("x", test.size)})
		must(t, os.Chtimes(filepath.Join(root, "cache"), time.Time{}, modified))
		seen, err := New(root, []ledger.Line{flat}).Sweep(t.Context())
		if err != nil || len(seen) != 1 {
			t.Fatalf("sweep of a file of %d octets saw %d parameters and the error %v, want one", test.size, len(seen), err)
		}
		p := seen[0]
		if len(p.Value) != test.kept || text(p.Problem) != test.problem || p.Writing || p.Version != modified.UnixMilli() || !p.Modified.Equal(modified) {
			t.Errorf("of a file of %d octets is kept version %d of %v, of %d octets, with the problem %v, want version %d of %v, of %d, and %q", test.size, p.Version, p.Modified, len(p.Value), p.Problem, modified.UnixMilli(), modified, test.kept, test.problem)
		}
	}
}

// An alias whose file becomes too long stays as it was, which is told once.
func TestFileBecomesTooLong(t *testing.T) {
	root := tree(t, map[string]string{"cache": "v1.x.org"})
	line := ledger.Line{Path: "/", Flat: true, Rule: alias.Rule{Zones: []alias.Name{"internal."}}}
	d := New(root, []ledger.Line{line})
	l := ledger.New(d.lines, ledger.Trust{Files: true})
	var told []string
	see := func() string {
		seen, err := d.Sweep(t.Context())
		must(t, err)
		next, events := l.Apply(seen, time.Now())
		for _, e := range events {
			if e.Kind == ledger.Rejected {
				told = append(told, text(e.Err))
			}
		}
		l = next
		return target(l)
	}
	see()
	write(t, filepath.Join(root, "cache"), strings.Repeat("x", alias.MaxDocument+1))
	for range 2 {
		if got, want := see(), "v1.x.org."; got != want {
			t.Errorf("of a file that is too long the target is %s, want %s", got, want)
		}
	}
	if want := []string{"parse document: found more than 1048576 octets, want at most 1048576"}; !slices.Equal(told, want) {
		t.Errorf("of a file that is too long is told %q, want %q", told, want)
	}
}

func TestVersion(t *testing.T) {
	root := tree(t, map[string]string{"cache": "cache-2", "db/": "", "link": " -> cache"})
	modified := time.Date(2026, 7, 1, 12, 0, 0, 123_456_789, time.UTC)
	for _, name := range []string{"cache", "db"} {
		must(t, os.Chtimes(filepath.Join(root, name), time.Time{}, modified))
	}
	lines := []ledger.Line{{Parameter: "/cache"}, {Parameter: "/db"}, {Parameter: "/link"}}
	seen, err := New(root, lines).Sweep(t.Context())
	if err != nil || len(seen) != len(lines) {
		t.Fatalf("sweep saw %+v and the error %v, want %d parameters", seen, err, len(lines))
	}
	for _, p := range seen {
		if want := int64(1782907200123); p.Version != want || !p.Modified.Equal(modified) {
			t.Errorf("%s has version %d of %v, want %d of %v", p.Name, p.Version, p.Modified, want, modified)
		}
	}
}

// A file may be of a time that JSON does not have.
func TestStamp(t *testing.T) {
	east := time.FixedZone("", 2*60*60)
	for _, test := range []struct {
		modified time.Time
		want     string
		version  int64
	}{
		{time.Date(2026, 7, 1, 14, 0, 0, 0, east), `"2026-07-01T12:00:00Z"`, 1782907200000},
		{time.Date(10000, 1, 1, 1, 59, 59, 0, east), `"9999-12-31T23:59:59Z"`, 253402300799000},
		{time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), `"9999-12-31T23:59:59.999999999Z"`, 253402300799999},
		{time.Unix(1<<62, 0), `"9999-12-31T23:59:59.999999999Z"`, 253402300799999},
		{time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC), `"0000-01-01T00:00:00Z"`, -62167219200000},
		{time.Date(-1, 12, 31, 0, 0, 0, 0, time.UTC), `"0000-01-01T00:00:00Z"`, -62167219200000},
		{time.Unix(-1<<62, 0), `"0000-01-01T00:00:00Z"`, -62167219200000},
	} {
		info, err := fstest.MapFS{"cache": {ModTime: test.modified}}.Stat("cache")
		must(t, err)
		var p ledger.Parameter
		stamp(&p, info)
		got, err := json.Marshal(p.Modified)
		if err != nil || string(got) != test.want || p.Version != test.version {
			t.Errorf("a file of %v has version %d of %s and the error %v, want %d of %s", test.modified, p.Version, got, err, test.version, test.want)
		}
	}
}

func TestSweepFails(t *testing.T) {
	for _, test := range []struct {
		name string
		root string // below the test's directory
		tree map[string]string
		line ledger.Line
		want string // with ROOT for root
	}{
		{
			name: "no directory",
			root: "none",
			line: flat,
			want: "read directory: found nothing at ROOT, want a directory",
		},
		{
			name: "no directory for a file",
			root: "none",
			line: one,
			want: "read directory: found nothing at ROOT, want a directory",
		},
		{
			name: "a link to nowhere",
			root: "link",
			tree: map[string]string{"link": " -> none"},
			line: flat,
			want: "read directory: found nothing at ROOT, want a directory",
		},
		{
			name: "a file",
			root: "file",
			tree: map[string]string{"file": "x"},
			line: flat,
			want: "read directory: open ROOT: not a directory",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := filepath.Join(tree(t, test.tree), test.root)
			seen, err := New(root, []ledger.Line{test.line}).Sweep(t.Context())
			if want := strings.ReplaceAll(test.want, "ROOT", root); seen != nil || text(err) != want {
				t.Errorf("sweep saw %+v and the error %q, want nothing and %q", seen, text(err), want)
			}
		})
	}
}

// A sweep that ends in the middle of a directory did not see all of it.
func TestSweepCancelled(t *testing.T) {
	root := tree(t, map[string]string{"a/b/c": "x"})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	seen, err := New(root, []ledger.Line{all}).Sweep(ctx)
	if want := "read directory: context canceled"; seen != nil || text(err) != want {
		t.Errorf("sweep saw %+v and the error %q, want nothing and %q", seen, text(err), want)
	}
}

// A ConfigMap is updated all at once, and seen as it was before that or after it.
func TestSweepOfUpdates(t *testing.T) {
	for _, test := range []struct {
		name  string
		root  string // below the ConfigMap
		lines []ledger.Line
		at    []int // an update comes before the entries of these numbers, of all that are looked at
		want  []string
	}{
		{"none", "", []ledger.Line{flat}, nil, []string{`0 /a "a-1"`, `0 /b "b-1"`}},
		{"one", "", []ledger.Line{flat}, []int{4}, []string{`0 /a "a-2"`, `0 /b "b-2"`}},
		{"two", "", []ledger.Line{flat}, []int{4, 9}, []string{`0 /a "a-3"`, `0 /b "b-3"`}},
		{"more", "", []ledger.Line{flat}, []int{4, 9, 14}, []string{"read directory: found ..data changed in each of 3 sweeps, want it to stay"}},
		{"one between two lines", "", []ledger.Line{flat, {Parameter: "/a"}}, []int{5}, []string{`0 /a "a-2"`, `0 /b "b-2"`, `1 /a "a-2"`}},
		{"one of a key's directory", "", []ledger.Line{{Path: "/sub"}}, []int{2}, []string{`0 /sub/a "a-2"`, `0 /sub/b "b-2"`}},
		{"one above the directory", "sub", []ledger.Line{flat}, []int{2}, []string{`0 /a "a-2"`, `0 /b "b-2"`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := tree(t, map[string]string{"a": " -> ..data/a", "b": " -> ..data/b", "sub": " -> ..data/sub"})
			updates, entries := 0, 0
			update := func() {
				updates++
				dir, link := fmt.Sprintf("..2026_07_01_%d", updates), filepath.Join(root, "..data")
				for _, key := range []string{"a", "b"} {
					write(t, filepath.Join(root, dir, key), fmt.Sprintf("%s-%d", key, updates))
					write(t, filepath.Join(root, dir, "sub", key), fmt.Sprintf("%s-%d", key, updates))
				}
				old, _ := os.Readlink(link)
				must(t, os.Symlink(dir, link+"_tmp"))
				must(t, os.Rename(link+"_tmp", link))
				if old != "" {
					must(t, os.RemoveAll(filepath.Join(root, old)))
				}
			}
			update()
			ctx := asked{t.Context(), func() {
				if entries++; slices.Contains(test.at, entries) {
					update()
				}
			}}
			seen, err := New(filepath.Join(root, test.root), test.lines).Sweep(ctx)
			got := show(seen)
			if err != nil {
				got = append(got, err.Error())
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("sweep saw\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

// asked is a context that calls then whenever it is asked whether it is done.
type asked struct {
	context.Context
	then func()
}

func (a asked) Err() error {
	a.then()
	return a.Context.Err()
}

// sweep is what d sees, a line for each parameter.
func sweep(t *testing.T, d *Dir) []string {
	t.Helper()
	seen, err := d.Sweep(t.Context())
	if err != nil {
		t.Fatalf("sweep: %v", err)
	}
	return show(seen)
}

func show(seen []ledger.Parameter) []string {
	var lines []string
	for _, p := range seen {
		what := fmt.Sprintf("%q", p.Value)
		switch {
		case p.Problem != nil:
			what = p.Problem.Error()
		case p.Writing:
			what = "writing"
		}
		lines = append(lines, fmt.Sprintf("%d %s %s", p.Line, p.Name, what))
	}
	return lines
}

// tree is a directory with these files in it: content by path, where
// " -> target" makes a link, and a path with a slash behind it a directory.
func tree(t testing.TB, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		target, isLink := strings.CutPrefix(content, " -> ")
		switch {
		case strings.HasSuffix(name, "/"):
			must(t, os.MkdirAll(path, 0o755))
		case isLink:
			must(t, os.MkdirAll(filepath.Dir(path), 0o755))
			must(t, os.Symlink(target, path))
		default:
			write(t, path, content)
		}
	}
	return root
}

// configMap is what the kubelet makes of a ConfigMap with these keys.
func configMap(version string, keys ...string) map[string]string {
	files := map[string]string{"..data": " -> ..2026_07_01_" + version}
	for _, key := range keys {
		files["..2026_07_01_"+version+"/"+key] = key + "-" + version
		files[key] = " -> ..data/" + key
	}
	return files
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// Duty 5: a file that is replaced by a directory goes like one that was deleted:
// after a sweep that does not see it, and two reads that do not find it. Where a
// line names the file it stays, since it is still there, and cannot be read.
func TestFileBecomesDirectory(t *testing.T) {
	const interval = 10 * time.Second
	zones := []alias.Name{"internal."}
	for _, tt := range []struct {
		name string
		line ledger.Line
		want []string // after a sweep, a read, and another one
	}{
		{"flat", ledger.Line{Path: "/", Flat: true, Rule: alias.Rule{Zones: zones}}, []string{"v1.x.org.", "v1.x.org.", "none"}},
		{"recursive", ledger.Line{Path: "/", Rule: alias.Rule{Zones: zones}}, []string{"v1.x.org.", "v1.x.org.", "none"}},
		{"named", ledger.Line{Parameter: "/cache", Rule: alias.Rule{Zones: zones, Name: "cache.internal."}}, []string{"v1.x.org.", "v1.x.org.", "v1.x.org."}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := tree(t, map[string]string{"cache": "v1.x.org"})
			d := New(root, []ledger.Line{tt.line})
			now := time.Now()
			l := ledger.New([]ledger.Line{tt.line}, ledger.Trust{Interval: interval, Files: true})
			see := func() string {
				seen, err := d.Sweep(t.Context())
				must(t, err)
				l, _ = l.Apply(seen, now)
				return target(l)
			}
			if got := see(); got != "v1.x.org." {
				t.Fatalf("of a file the target is %s, want v1", got)
			}
			must(t, os.Remove(filepath.Join(root, "cache")))
			must(t, os.Mkdir(filepath.Join(root, "cache"), 0o755))
			got := []string{see()}
			for range 2 {
				asked, _ := l.Due(now)
				seen, err := d.Read(t.Context(), asked)
				must(t, err)
				l, _ = l.ApplyRead(asked, seen, now)
				got = append(got, target(l))
				now = now.Add(interval)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("of a directory the target is %v, want %v", got, tt.want)
			}
		})
	}
}

// target is that of cache.internal.
func target(l *ledger.Ledger) string {
	if e := l.Table().Get("cache.internal."); e != nil {
		return string(e.Target)
	}
	return "none"
}
