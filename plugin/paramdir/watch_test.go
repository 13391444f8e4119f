package paramdir

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/octoenergy/versionalias/internal/program"
	"github.com/octoenergy/versionalias/plugin/ledger"
)

func TestWatch(t *testing.T) {
	for _, test := range []struct {
		name   string
		tree   map[string]string
		line   ledger.Line
		change func(t *testing.T, root string)
		want   []string // after the change
	}{
		{
			name: "a file made",
			line: flat,
			change: func(t *testing.T, root string) {
				write(t, filepath.Join(root, "cache"), "cache-2")
			},
			want: []string{`0 /cache "cache-2"`},
		},
		{
			name: "a file written",
			tree: map[string]string{"cache": "cache-1"},
			line: flat,
			change: func(t *testing.T, root string) {
				write(t, filepath.Join(root, "cache"), "cache-2")
			},
			want: []string{`0 /cache "cache-2"`},
		},
		{
			name: "a file replaced",
			tree: map[string]string{"cache": "cache-1", "dns/.new": "cache-2"},
			line: flat,
			change: func(t *testing.T, root string) {
				must(t, os.Rename(filepath.Join(root, "dns/.new"), filepath.Join(root, "cache")))
			},
			want: []string{`0 /cache "cache-2"`},
		},
		{
			name: "a file renamed",
			tree: map[string]string{"cache": "cache-1"},
			line: flat,
			change: func(t *testing.T, root string) {
				must(t, os.Rename(filepath.Join(root, "cache"), filepath.Join(root, "db")))
			},
			want: []string{`0 /db "cache-1"`},
		},
		{
			name: "a file removed",
			tree: map[string]string{"cache": "cache-1", "db": "db-1"},
			line: flat,
			change: func(t *testing.T, root string) {
				must(t, os.Remove(filepath.Join(root, "cache")))
			},
			want: []string{`0 /db "db-1"`},
		},
		{
			name: "further below",
			tree: map[string]string{"dns/aliases/cache": "cache-1"},
			line: all,
			change: func(t *testing.T, root string) {
				write(t, filepath.Join(root, "dns/aliases/cache"), "cache-2")
			},
			want: []string{`0 /dns/aliases/cache "cache-2"`},
		},
		{
			name: "a file that a line names",
			tree: map[string]string{"dns/aliases/cache": "cache-1"},
			line: one,
			change: func(t *testing.T, root string) {
				write(t, filepath.Join(root, "dns/aliases/cache"), "cache-2")
			},
			want: []string{`0 /dns/aliases/cache "cache-2"`},
		},
		{
			name: "a file that a line names, made",
			tree: map[string]string{"dns/aliases/": ""},
			line: one,
			change: func(t *testing.T, root string) {
				write(t, filepath.Join(root, "dns/aliases/cache"), "cache-2")
			},
			want: []string{`0 /dns/aliases/cache "cache-2"`},
		},
		{
			name: "a path made",
			tree: map[string]string{".new/aliases/cache": "cache-2"},
			line: all,
			change: func(t *testing.T, root string) {
				must(t, os.Rename(filepath.Join(root, ".new"), filepath.Join(root, "dns")))
			},
			want: []string{`0 /dns/aliases/cache "cache-2"`},
		},
		{
			// The kubelet makes the new version beside the old one, and
			// then replaces the link to it, which is all that is watched here.
			name: "a ConfigMap",
			tree: merge(configMap("1", "cache", "db"), map[string]string{
				"..2026_07_01_2/cache": "cache-2",
				"..2026_07_01_2/db":    "db-2",
				"..data_tmp":           " -> ..2026_07_01_2",
			}),
			line: flat,
			change: func(t *testing.T, root string) {
				must(t, os.Rename(filepath.Join(root, "..data_tmp"), filepath.Join(root, "..data")))
			},
			want: []string{`0 /cache "cache-2"`, `0 /db "db-2"`},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			root := tree(t, test.tree)
			d := New(root, []ledger.Line{test.line})
			sweep(t, d)
			hints := watching(t, d)
			test.change(t, root)
			// A hint may come in the middle of a slow change.
			for got := []string{"nothing yet"}; !slices.Equal(got, test.want); {
				hints.wait(t)
				got = sweep(t, d)
				t.Logf("after a hint the sweep saw %q, want %q", got, test.want)
			}
		})
	}
}

// Directories that a sweep finds while Watch goes on are watched from then on.
func TestWatchOfNewDirectories(t *testing.T) {
	t.Run("made", func(t *testing.T) {
		t.Parallel()
		root := tree(t, map[string]string{".new/cache": "cache-1"})
		d := New(root, []ledger.Line{all})
		sweep(t, d)
		hints := watching(t, d)
		must(t, os.Rename(filepath.Join(root, ".new"), filepath.Join(root, "dns")))
		hints.wait(t)
		sweep(t, d)
		write(t, filepath.Join(root, "dns/cache"), "cache-2")
		hints.wait(t)
	})
	t.Run("made anew", func(t *testing.T) {
		t.Parallel()
		root := tree(t, map[string]string{"dns/cache": "cache-1", ".new/cache": "cache-1"})
		d := New(root, []ledger.Line{all})
		sweep(t, d)
		hints := watching(t, d)
		must(t, os.Rename(filepath.Join(root, "dns"), filepath.Join(root, ".old")))
		must(t, os.Rename(filepath.Join(root, ".new"), filepath.Join(root, "dns")))
		hints.wait(t)
		sweep(t, d)
		write(t, filepath.Join(root, "dns/cache"), "cache-2")
		hints.wait(t)
	})
	t.Run("all of it", func(t *testing.T) {
		t.Parallel()
		root := filepath.Join(t.TempDir(), "aliases")
		d := New(root, []ledger.Line{flat})
		if _, err := d.Sweep(t.Context()); err == nil {
			t.Fatal("sweep of no directory succeeded")
		}
		hints := watching(t, d)
		must(t, os.Mkdir(root, 0o755))
		sweep(t, d)
		write(t, filepath.Join(root, "cache"), "cache-1")
		hints.wait(t)
	})
}

// A change may come between the first sweep and Watch, which cannot know of it.
func TestWatchHintsAtFirst(t *testing.T) {
	root := tree(t, nil)
	d := New(root, []ledger.Line{flat})
	sweep(t, d)
	write(t, filepath.Join(root, "cache"), "cache-1")
	watching(t, d) // waits for a hint
}

// However many changes there are, hints come at most once in a while, and one
// comes after the last.
func TestWatchCoalesces(t *testing.T) {
	root := tree(t, nil)
	d := New(root, []ledger.Line{flat})
	sweep(t, d)
	hints := watching(t, d)
	const changes = 500
	began := time.Now()
	for i := range changes {
		write(t, filepath.Join(root, strconv.Itoa(i)), "x")
	}
	seen, count := 0, 0
	for seen < changes {
		hints.wait(t)
		count++
		seen = len(sweep(t, d))
	}
	count += len(hints)
	if most := int(time.Since(began)/debounce) + 1; count > most {
		t.Errorf("%d changes made %d hints, want at most %d", changes, count, most)
	}
}

func TestWatchEnds(t *testing.T) {
	root := tree(t, map[string]string{"cache": "cache-1"})
	d := New(root, []ledger.Line{flat})
	sweep(t, d)
	inotify := openInotify(t)
	for range 2 { // it may start again
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		hinted := make(chan struct{}, 1)
		go func() {
			ended <- d.Watch(ctx, func() {
				select {
				case hinted <- struct{}{}:
				default:
				}
			})
		}()
		wait(t, hinted)
		cancel()
		if err := wait(t, ended); err != nil {
			t.Errorf("Watch ended with %v, want nil", err)
		}
		eventually(t, "no goroutine of fsnotify", func() bool { return !strings.Contains(stacks(), "fsnotify") })
		if got := openInotify(t); got != inotify {
			t.Errorf("Watch left %d inotify descriptors open, want %d", got, inotify)
		}
		sweep(t, d)
	}
}

// hints are those of a running Watch.
type hints chan struct{}

// watching runs Watch until the test ends, and returns when it watches: with its
// first hint, which tells nothing else.
func watching(t *testing.T, d *Dir) hints {
	t.Helper()
	h := make(hints, 1000) // more than any test waits for
	run(t, d, func() { h <- struct{}{} })
	h.wait(t)
	return h
}

// run runs Watch until the test ends.
func run(t *testing.T, d *Dir, hint func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.Watch(ctx, hint) }()
	t.Cleanup(func() {
		cancel()
		if err := wait(t, ended); err != nil {
			t.Errorf("Watch ended with %v, want nil", err)
		}
	})
}

func (h hints) wait(t *testing.T) {
	t.Helper()
	wait(t, h)
}

func wait[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(program.Patience):
		t.Fatalf("waited for %v, want it sooner", program.Patience)
		panic("unreachable")
	}
}

// eventually waits for what nobody tells.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	late := time.After(program.Patience)
	for !is() {
		select {
		case <-again.C:
		case <-late:
			t.Fatalf("waited for %v, want %s", program.Patience, what)
		}
	}
}

func stacks() string {
	buf := make([]byte, 1<<20)
	return string(buf[:runtime.Stack(buf, true)])
}

// openInotify is how many inotify descriptors the process has, where /proc
// says.
func openInotify(t *testing.T) int {
	t.Helper()
	links, err := filepath.Glob("/proc/self/fd/*")
	must(t, err)
	n := 0
	for _, link := range links {
		// One that Glob itself had open is closed by now.
		if target, err := os.Readlink(link); err == nil && strings.Contains(target, "inotify") {
			n++
		}
	}
	return n
}

func merge(a, b map[string]string) map[string]string {
	maps.Copy(a, b)
	return a
}
