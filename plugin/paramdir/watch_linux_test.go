package paramdir

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/fsnotify/fsnotify"

	"github.com/octoenergy/versionalias/plugin/ledger"
)

// A directory that is replaced, and gone before its move was heard of, is watched in
// its new form: inotify fails to end the watch of the old one.
func TestWatchOfReplaced(t *testing.T) {
	root := tree(t, map[string]string{"aliases/cache": "cache-1", "new/cache": "cache-2"})
	d := New(filepath.Join(root, "aliases"), []ledger.Line{flat})
	sweep(t, d)
	hints, release := held(t, d)
	replace(t, root)
	release()
	hints.wait(t)
	sweep(t, d)
	write(t, filepath.Join(root, "aliases/cache"), "cache-3")
	hints.wait(t)
}

// fsnotify's errors are read whatever Watch waits for, or else a sweep and the end of
// Watch wait for each other: fsnotify holds its lock while it sends one.
func TestWatchReadsErrors(t *testing.T) {
	root := tree(t, map[string]string{"aliases/cache": "cache-1", "new/cache": "cache-2"})
	d := New(filepath.Join(root, "aliases"), []ledger.Line{flat})
	sweep(t, d)
	held(t, d)
	replace(t, root)
	// The test reads events in the place of Watch. The move is told behind the error.
	for !wait(t, d.watch.watcher.Events).Has(fsnotify.Rename) {
	}
}

// held runs Watch until the test ends, and holds it in its first hint until release is
// called, so that it hears of nothing.
func held(t *testing.T, d *Dir) (h hints, release func()) {
	t.Helper()
	h = make(hints, 1000)
	held, release := context.WithCancel(context.Background())
	run(t, d, func() {
		h <- struct{}{}
		<-held.Done()
	}, whole(t))
	t.Cleanup(release) // a test that fails has not
	h.wait(t)
	return h, release
}

// replace moves root's new directory to aliases and removes what was there, after a
// change in it.
func replace(t *testing.T, root string) {
	t.Helper()
	aliases, old := filepath.Join(root, "aliases"), filepath.Join(root, "old")
	write(t, filepath.Join(aliases, "cache"), "cache-2")
	must(t, os.Rename(aliases, old))
	must(t, os.Rename(filepath.Join(root, "new"), aliases))
	must(t, os.RemoveAll(old))
}
