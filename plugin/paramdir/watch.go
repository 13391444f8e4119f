package paramdir

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"
)

// debounce is how long changes are gathered before they are told. A write is a
// truncation and then some content, a ConfigMap's update a dozen events.
const debounce = 100 * time.Millisecond

// watched is the directories that sweeps have read or wanted to, since the last one that was
// complete or in it, and their watcher while there is one.
type watched struct {
	top     string     // nothing above it is watched
	mu      sync.Mutex // held while the watcher is asked, which may wait for its events to be taken
	watcher *fsnotify.Watcher
	failed  chan<- error // what cannot be watched, though it is there

	names   sync.Mutex // of what follows
	dirs    map[string]bool
	latest  map[string]bool // those of them that the latest sweep has read, or wanted to
	awaited map[string]bool // what was not there, and what is above it
}

func newWatched(root string) watched {
	return watched{top: filepath.Dir(root), dirs: map[string]bool{}, latest: map[string]bool{}, awaited: map[string]bool{}}
}

// begin is told that a sweep begins, and end that it was complete: other directories are gone.
func (w *watched) begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.latest = map[string]bool{}
}

func (w *watched) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.names.Lock()
	defer w.names.Unlock()
	w.dirs = w.latest
}

// add notes dir, which is about to be read: what comes later is then seen by the reader
// or told by the watcher. It is added to that each time, for it may have been removed and
// made anew since.
func (w *watched) add(dir string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.note(w.dirs, dir)
	w.note(w.latest, dir)
	if w.watcher != nil {
		w.watch(dir)
	}
}

func (w *watched) note(names map[string]bool, name string) {
	w.names.Lock()
	defer w.names.Unlock()
	names[name] = true
}

func (w *watched) start(watcher *fsnotify.Watcher, failed chan<- error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.watcher, w.failed = watcher, failed
	for dir := range w.dirs {
		w.watch(dir)
	}
}

// watch has dir watched, or if it is not there, what is above it.
func (w *watched) watch(dir string) {
	err := w.try(dir)
	if absent(err) {
		err = w.await(dir)
	}
	if err != nil {
		tell(w.failed, err)
	}
}

// await watches what is above dir: each before the next one is looked for, so that none
// comes unseen. It fails if the nearest that is there cannot be watched.
func (w *watched) await(dir string) error {
	var nearest error
	for _, above := range w.way(dir) {
		w.note(w.awaited, above)
		err := w.try(above)
		if absent(err) {
			break
		}
		nearest = err
	}
	return nearest
}

func (w *watched) try(dir string) error {
	if err := w.watcher.Add(dir); err != nil {
		return fmt.Errorf("watch directory %s: %w", dir, err)
	}
	return nil
}

// way is the directories from top to dir.
func (w *watched) way(dir string) []string {
	way := []string{dir}
	for dir != w.top && dir != filepath.Dir(dir) {
		dir = filepath.Dir(dir)
		way = append(way, dir)
	}
	slices.Reverse(way)
	return way
}

// concerns reports whether a change of that name is of what sweeps read. Above that, there
// may be much that is not.
func (w *watched) concerns(name string) bool {
	w.names.Lock()
	defer w.names.Unlock()
	name = filepath.Clean(name)
	return w.dirs[filepath.Dir(name)] || w.dirs[name] || w.awaited[name]
}

func (w *watched) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.watcher = nil
}

// Watch calls hint soon after something changed in a directory that a sweep has
// read, until ctx is done, and partly once if one of them cannot be watched: flips there
// wait for the next sweep. It returns early only with an error: then nothing is watched,
// and all flips do.
func (d *Dir) Watch(ctx context.Context, hint func(), partly func(error)) error {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch directory: %w", err)
	}
	lost, failed := make(chan struct{}, 1), make(chan error, 1)
	var reading sync.WaitGroup
	reading.Go(func() {
		// Until Close ends this: fsnotify holds a lock while it sends an error, which
		// whoever adds a directory waits for, and Close as well.
		for err := range watcher.Errors {
			if passing(err) {
				tell(lost, struct{}{})
			} else {
				tell(failed, err)
			}
		}
	})
	defer reading.Wait()
	defer watcher.Close()
	unwatched := make(chan error, 1)
	d.watch.start(watcher, unwatched)
	defer d.watch.stop()
	// Something may have changed since the sweep that found the directories.
	pending := time.NewTimer(debounce)
	defer pending.Stop()
	waiting, told := true, false
	for {
		select {
		case <-ctx.Done():
			return nil
		case e := <-watcher.Events:
			if !d.watch.concerns(e.Name) {
				continue
			}
		case <-lost:
		case err := <-failed:
			return fmt.Errorf("watch directory: %w", err)
		case err := <-unwatched:
			if !told {
				told = true
				partly(err)
			}
			continue
		case <-pending.C:
			waiting = false
			hint()
			continue
		}
		if !waiting {
			waiting = true
			pending.Reset(debounce)
		}
	}
}

// passing reports whether watching goes on after err, which is a hint as well: events
// were lost, or a directory was moved and is gone by now (EINVAL), so that there is no
// watch of it to be ended.
func passing(err error) bool {
	return errors.Is(err, fsnotify.ErrEventOverflow) || errors.Is(err, syscall.EINVAL)
}

// tell sends v, unless something waits to be read already.
func tell[T any](c chan<- T, v T) {
	select {
	case c <- v:
	default:
	}
}
