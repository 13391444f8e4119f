package versionalias

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"time"

	"github.com/octoenergy/versionalias/plugin/snapshot"
)

// keepEvery is how often a snapshot is written at least if nothing changes, so that it
// tells how old it is.
const keepEvery = time.Minute

// keepApart is how far apart writes are at least if nothing changes: less than two sweeps
// are, unless the write itself has led to one, since the file is beside what is read. Else
// there would be no end.
const keepApart = 500 * time.Millisecond

// keepAgain is how long after the first write that failed the next one is tried. It
// doubles with each, up to keepEvery.
const keepAgain = time.Second

// keeper writes a feed's snapshots, in a goroutine of its own: a disk that hangs
// must not hold up a sweep. It does nothing without a file.
type keeper struct {
	feed    *feed
	changed chan struct{} // there is something to write
	kicked  time.Time     // when there was last
	written int64         // the sweep that was written last, as in the feed's stats
	pause   time.Duration // until the next try, after a write that failed; else 0
}

// restore takes over what a snapshot has.
func (k *keeper) restore() {
	f := k.feed
	if f.snapshot.Path == "" {
		return
	}
	now := time.Now()
	s, err := f.snapshot.Read(f.place, now)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		log.Warningf("started without a snapshot: %v", err)
		return
	}
	next := f.empty().Recall(s.Ledger, now)
	if !slices.ContainsFunc(f.lines, next.Knows) { // it is left for who reads what it is of
		log.Warningf("started without a snapshot: read snapshot %s: found nothing of the parameters that are read here", f.snapshot.Path)
		return
	}
	f.publish(next.Table())
	f.ledger.Store(next)
	log.Infof("recalled %d aliases, and %d rejected documents, of %s", next.Table().Len(), len(next.Rejections()), s.Swept.UTC().Format(time.RFC3339))
	logEvents(f.faulted(next)) // this process's log has nothing of it yet
	f.stats.swept.Store(s.Swept.UnixNano())
	k.written = s.Swept.UnixNano()
	f.stats.recalled.Store(true)
	if f.loaded() {
		f.stats.origin.Store(int32(fromSnapshot))
	}
}

// swept is told a sweep, and whether it changed anything.
func (k *keeper) swept(changed bool, now time.Time) {
	if age := now.Sub(k.kicked); changed || age >= keepEvery || k.ages(age) {
		k.kicked = now
		k.kick()
	}
}

// ages reports whether what was written that long ago may be of half the age at which it
// is refused before the next sweep ends, usually in less than twice the interval.
func (k *keeper) ages(age time.Duration) bool {
	most := k.feed.snapshot.MaxAge / 2
	return most > 0 && age > keepApart && age+2*k.feed.watcher.Interval() > most
}

// kick has a snapshot written soon.
func (k *keeper) kick() {
	select {
	case k.changed <- struct{}{}:
	default: // it will be
	}
}

// run writes until ctx is done, and what is left then: of a write that failed, or a sweep
// that changed nothing.
func (k *keeper) run(ctx context.Context) {
	if k.feed.snapshot.Path == "" {
		return
	}
	for {
		var again <-chan time.Time
		if k.pause > 0 {
			again = time.After(k.pause)
		}
		select {
		case <-k.changed:
		case <-again:
		case <-ctx.Done():
			if k.pause > 0 || len(k.changed) > 0 || k.written != k.feed.stats.swept.Load() {
				k.write()
			}
			return
		}
		k.write()
	}
}

// keeps reports whether the file has lines that no sweep has seen here, of which a new one would
// have nothing.
func (k *keeper) keeps() bool {
	f := k.feed
	if f.loaded() {
		return false
	}
	s, err := f.snapshot.Read(f.place, time.Now())
	known := f.ledger.Load().Memory().Lines
	return err == nil && slices.ContainsFunc(s.Ledger.Lines, func(line string) bool { return !slices.Contains(known, line) })
}

// write writes a snapshot, if any complete sweep has seen what would be in it.
func (k *keeper) write() {
	swept := k.feed.stats.swept.Load() // before the ledger, which may be newer
	if swept == 0 || k.keeps() {
		return
	}
	err := k.feed.snapshot.Write(snapshot.Snapshot{
		Place:  k.feed.place,
		Swept:  time.Unix(0, swept).UTC(),
		Ledger: k.feed.ledger.Load().Memory(),
	})
	switch {
	case err != nil && k.pause == 0:
		log.Warningf("snapshot is out of date: %v", err)
	case err == nil && k.pause > 0:
		log.Infof("snapshot is up to date again")
	}
	if err != nil {
		k.pause = min(max(keepAgain, 2*k.pause), keepEvery)
	} else {
		k.pause, k.written = 0, swept
	}
}
