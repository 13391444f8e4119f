// Package snapshot keeps on disk what is known of a source's parameters, for a
// start while the source is away.
package snapshot

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/octoenergy/versionalias/plugin/ledger"
)

// format is the version of what is written; others are refused.
const format = 1

// head is what a snapshot of any format begins with.
const head = `{"format":`

// Snapshot is what a file holds.
type Snapshot struct {
	Place  string        `json:"place"` // where the parameters were read
	Swept  time.Time     `json:"swept"` // when the last complete sweep ended
	Ledger ledger.Memory `json:"ledger"`
}

// file is the JSON around it. Body is hashed as it stands there.
type file struct {
	Format   int             `json:"format"`
	Checksum string          `json:"sha256"` // of Body, in hexadecimal digits
	Body     json.RawMessage `json:"body"`
}

// File is a snapshot's file. It may be written by one process only; anyone in it
// may call its methods at any time.
type File struct {
	Path string
	// MaxAge is how long ago the last complete sweep may have been for a snapshot
	// to be read; any time if it is 0.
	MaxAge time.Duration
}

// Read reads what was written last, and removes what writes left that did not
// end. It fails, saying what was found and what is wanted, if there is no
// snapshot (fs.ErrNotExist), if it is damaged, of another place, or too old at
// now.
func (f File) Read(place string, now time.Time) (Snapshot, error) {
	f.clean()
	if err := regular(f.Path); err != nil {
		return Snapshot{}, fmt.Errorf("read snapshot %s: %w", f.Path, err)
	}
	text, err := os.ReadFile(f.Path)
	if err != nil {
		return Snapshot{}, fmt.Errorf("read snapshot: %w", err)
	}
	s, err := decode(text)
	if err != nil {
		return Snapshot{}, fmt.Errorf("read snapshot %s: %w", f.Path, err)
	}
	if s.Place != place {
		return Snapshot{}, fmt.Errorf("read snapshot %s: found one of %s, want %s", f.Path, s.Place, place)
	}
	if age := now.Sub(s.Swept); f.MaxAge > 0 && age > f.MaxAge {
		return Snapshot{}, fmt.Errorf("read snapshot %s: found the last sweep %v ago, want at most %v", f.Path, age.Round(time.Millisecond), f.MaxAge)
	}
	return s, nil
}

func decode(text []byte) (Snapshot, error) {
	var f file
	var s Snapshot
	if err := json.Unmarshal(text, &f); err != nil {
		return s, fmt.Errorf("found a damaged one: %w", err)
	}
	if f.Format != format {
		return s, fmt.Errorf("found format %d, want %d", f.Format, format)
	}
	if sum := checksum(f.Body); f.Checksum != sum {
		return s, fmt.Errorf("found a damaged one: SHA-256 %s, want %s", sum, f.Checksum)
	}
	if err := json.Unmarshal(f.Body, &s); err != nil {
		return s, fmt.Errorf("found a damaged one: %w", err)
	}
	return s, s.Ledger.Check()
}

// Write replaces what was written before, all at once: whoever reads, and
// whenever this process or the machine stops, finds the one or the other.
func (f File) Write(s Snapshot) error {
	body, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("write snapshot: %w", err)
	}
	text, err := json.Marshal(file{format, checksum(body), body})
	if err != nil {
		return fmt.Errorf("write snapshot: %w", err)
	}
	if err := f.replace(text); err != nil {
		return fmt.Errorf("write snapshot: %w", err)
	}
	return nil
}

// regular fails if path is something else than a file or a directory: a device would be
// replaced by a file, and a pipe waited for. Of a directory the system says what it is.
func regular(path string) error {
	info, err := os.Stat(path)
	if err != nil || info.Mode().IsRegular() || info.IsDir() {
		return nil
	}
	return fmt.Errorf("found %s, want a regular file", info.Mode())
}

// ours fails if path has something that is no snapshot, be it a damaged one, such as a zone
// file that was named by mistake.
func ours(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	first := make([]byte, len(head))
	n, err := io.ReadFull(f, first)
	switch {
	case err != nil && err != io.EOF && err != io.ErrUnexpectedEOF:
		return err
	case !strings.HasPrefix(head, string(first[:n])): // it may have been cut off
		return fmt.Errorf("found %s, which begins with %q, want a snapshot, an empty file or none", path, first[:n])
	}
	return nil
}

func checksum(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// writing is held while a file is replaced, so that clean, on a reload of the
// Corefile, does not take away what is about to be renamed.
var writing sync.Mutex

// replace writes a file beside, which only its owner may read, and renames it
// once it is on the disk. A link stays, and what it leads to is replaced.
func (f File) replace(text []byte) error {
	writing.Lock()
	defer writing.Unlock()
	if err := regular(f.Path); err != nil {
		return err
	}
	if err := ours(f.Path); err != nil {
		return err
	}
	dir, name := filepath.Split(Resolve(f.Path))
	beside, err := os.CreateTemp(dir, before(name)+"*"+behind)
	if err != nil {
		return err
	}
	_, err = beside.Write(text)
	err = cmp.Or(err, beside.Sync(), beside.Close()) // one line of a log, and the first says why
	if err == nil {
		err = os.Rename(beside.Name(), filepath.Join(dir, name))
	}
	if err != nil {
		_ = os.Remove(beside.Name())
		return err
	}
	// The new name has to be on the disk as well. Not every system can be asked for
	// that, and those that cannot do it by themselves.
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
	return nil
}

// before and behind are what the name of a file that is being written has before and
// behind its digits.
func before(name string) string { return "." + name + "." }

const behind = ".new"

// clean removes what is left of writes that a crash ended, and nothing of another snapshot
// whose name begins like this one's. Whatever cannot be removed is in nobody's way.
func (f File) clean() {
	writing.Lock()
	defer writing.Unlock()
	dir, name := filepath.Split(Resolve(f.Path))
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, entry := range entries {
		digits, ours := strings.CutPrefix(entry.Name(), before(name))
		digits, written := strings.CutSuffix(digits, behind)
		if ours && written && digits != "" && strings.Trim(digits, "0123456789") == "" {
			_ = os.Remove(filepath.Join(dir, entry.Name()))
		}
	}
}
