package paramdir

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"
)

// debounce is how long changes are gathered before they are told. A write is a
// truncation and then some content, a ConfigMap's update a dozen events.
const debounce = 100 * time.Millisecond

// watched is the directories that sweeps have read, and their watcher while
// there is one.
type watched struct {
	mu      sync.Mutex
	dirs    map[string]bool
	watcher *fsnotify.Watcher
}

// add notes dir. It is added to the watcher each time, for it may have been
// removed and made anew since.
func (w *watched) add(dir string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dirs == nil {
		w.dirs = map[string]bool{}
	}
	w.dirs[dir] = true
	if w.watcher != nil {
		// What cannot be watched is still swept.
		_ = w.watcher.Add(dir)
	}
}

func (w *watched) start(watcher *fsnotify.Watcher) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.watcher = watcher
	for dir := range w.dirs {
		_ = watcher.Add(dir) // as above
	}
}

func (w *watched) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.watcher = nil
}

// Watch calls hint soon after something changed in a directory that a sweep has
// read, until ctx is done. It returns early only with an error: then nothing is
// watched, and flips wait for the next sweep.
func (d *Dir) Watch(ctx context.Context, hint func()) error {
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
	d.watch.start(watcher)
	defer d.watch.stop()
	// Something may have changed since the sweep that found the directories.
	pending := time.NewTimer(debounce)
	defer pending.Stop()
	waiting := true
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-watcher.Events:
		case <-lost:
		case err := <-failed:
			return fmt.Errorf("watch directory: %w", err)
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
