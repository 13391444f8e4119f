package paramdir

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"

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

// What is not there yet, or any more, is seen when it comes, from the parent of all of it
// on.
func TestWatchOfWhatComes(t *testing.T) {
	for _, test := range []struct {
		name  string
		root  string // below the test's directory
		tree  map[string]string
		line  ledger.Line
		first func(t *testing.T, root string) // nil, or swept after its hint, before the rest
		then  func(t *testing.T, root string)
		want  string
	}{
		{
			name:  "a path, step by step",
			line:  below,
			first: func(t *testing.T, root string) { must(t, os.Mkdir(filepath.Join(root, "dns"), 0o755)) },
			then:  func(t *testing.T, root string) { write(t, filepath.Join(root, "dns/aliases/cache"), "cache-1") },
			want:  "cache-1",
		},
		{
			name:  "a deep path, step by step",
			tree:  map[string]string{"dns/": ""},
			line:  ledger.Line{Path: "/dns/prod/aliases"},
			first: func(t *testing.T, root string) { must(t, os.Mkdir(filepath.Join(root, "dns/prod"), 0o755)) },
			then:  func(t *testing.T, root string) { write(t, filepath.Join(root, "dns/prod/aliases/cache"), "cache-1") },
			want:  "cache-1",
		},
		{
			name:  "a path anew",
			tree:  map[string]string{"dns/aliases/cache": "cache-1", "dns/.new/cache": "cache-2"},
			line:  below,
			first: func(t *testing.T, root string) { must(t, os.RemoveAll(filepath.Join(root, "dns/aliases"))) },
			then: func(t *testing.T, root string) {
				must(t, os.Rename(filepath.Join(root, "dns/.new"), filepath.Join(root, "dns/aliases")))
			},
			want: "cache-2",
		},
		{
			name:  "the directory of a file that a line names",
			tree:  map[string]string{"dns/": ""},
			line:  one,
			first: func(t *testing.T, root string) { write(t, filepath.Join(root, "other"), "x") },
			then:  func(t *testing.T, root string) { write(t, filepath.Join(root, "dns/aliases/cache"), "cache-1") },
			want:  "cache-1",
		},
		{
			name: "all of it",
			root: "all",
			line: flat,
			then: func(t *testing.T, root string) { write(t, filepath.Join(root, "cache"), "cache-1") },
			want: "cache-1",
		},
		{
			name:  "all of it, anew",
			root:  "all",
			tree:  map[string]string{"all/dns/aliases/cache": "cache-1"},
			line:  below,
			first: func(t *testing.T, root string) { must(t, os.RemoveAll(root)) },
			then:  func(t *testing.T, root string) { write(t, filepath.Join(root, "dns/aliases/cache"), "cache-2") },
			want:  "cache-2",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			root := filepath.Join(tree(t, test.tree), test.root)
			d := New(root, []ledger.Line{test.line})
			saw := func() string {
				seen, err := d.Sweep(t.Context())
				if err != nil || len(seen) == 0 {
					return "" // it fails without a directory
				}
				return seen[0].Value
			}
			saw()
			hints := watching(t, d)
			if test.first != nil {
				test.first(t, root)
				hints.wait(t)
				saw()
			}
			test.then(t, root)
			for got := ""; got != test.want; got = saw() {
				hints.wait(t)
			}
		})
	}
}

// Whoever watches a directory does so before it is read: nothing is made in between.
func TestWatchComesFirst(t *testing.T) {
	root := tree(t, nil)
	d := New(root, []ledger.Line{flat})
	d.watch.mu.Lock()
	listed := make(chan []os.DirEntry, 1)
	go func() {
		entries, _ := d.list("/")
		listed <- entries
	}()
	eventually(t, "a directory that waits to be watched", func() bool { return strings.Contains(stacks(), "paramdir.(*watched).add") })
	write(t, filepath.Join(root, "cache"), "cache-1")
	d.watch.mu.Unlock()
	if got := wait(t, listed); len(got) != 1 {
		t.Errorf("found %v, want the file that was made before it could be told", got)
	}
}

// Above the directory only that counts which leads to it.
func TestWatchConcerns(t *testing.T) {
	dir := t.TempDir()
	d := New(filepath.Join(dir, "aliases"), []ledger.Line{flat})
	watching(t, d)
	_, _ = d.Sweep(t.Context()) // it fails without a directory
	for name, want := range map[string]bool{"aliases": true, "other": false, "aliases/cache": true, "aliases/sub/cache": false, "aliases-2/cache": false} {
		if got := d.watch.concerns(filepath.Join(dir, name)); got != want {
			t.Errorf("that %s changed concerns it is %v, want %v", name, got, want)
		}
	}
}

// A directory that is gone is forgotten once a sweep is complete.
func TestWatchForgets(t *testing.T) {
	root := tree(t, map[string]string{"cache": "cache-1", "dns/cache": "cache-1"})
	d := New(root, []ledger.Line{all})
	concerns := func(when, name string, want bool) {
		t.Helper()
		if got := d.watch.concerns(filepath.Join(root, name)); got != want {
			t.Errorf("%s that %s changed concerns it is %v, want %v", when, name, got, want)
		}
	}
	sweep(t, d)
	concerns("at first", "dns/cache", true)
	must(t, os.RemoveAll(filepath.Join(root, "dns")))
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.Sweep(cancelled); err == nil {
		t.Fatal("a sweep that was cancelled succeeded")
	}
	concerns("after a sweep that failed", "dns/cache", true)
	sweep(t, d)
	concerns("when it is gone", "dns/cache", false)
	concerns("when it is gone", "dns", true)
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
			}, nil)
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

// Where events were lost, or a directory is gone by now, watching goes on; what else fails is told.
func TestPassing(t *testing.T) {
	for err, want := range map[error]bool{
		fsnotify.ErrEventOverflow:                true,
		fmt.Errorf("remove: %w", syscall.EINVAL): true,
		syscall.EBADF:                            false,
	} {
		if got := passing(err); got != want {
			t.Errorf("%v passes: got %v, want %v", err, got, want)
		}
	}
}

// hints are those of a running Watch.
type hints chan struct{}

// watching runs Watch until the test ends, and returns when it watches: with its
// first hint, which tells nothing else.
func watching(t *testing.T, d *Dir) hints {
	t.Helper()
	h := make(hints, 1000) // more than any test waits for
	run(t, d, func() { h <- struct{}{} }, whole(t))
	h.wait(t)
	return h
}

// whole fails if a directory cannot be watched.
func whole(t *testing.T) func(error) {
	return func(err error) { t.Errorf("not all is watched: %v", err) }
}

// run runs Watch until the test ends.
func run(t *testing.T, d *Dir, hint func(), partly func(error)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.Watch(ctx, hint, partly) }()
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
