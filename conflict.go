package versionalias

import (
	"fmt"
	"path/filepath"

	"github.com/octoenergy/versionalias/plugin/snapshot"
)

// conflict fails if f and o, which may be f itself, must not be in one Corefile.
func (f *feed) conflict(o *feed) error {
	if f != o && f.snapshot.Path != "" && o.snapshot.Path != "" {
		if file := snapshot.Resolve(f.snapshot.Path); file == snapshot.Resolve(o.snapshot.Path) {
			return fmt.Errorf("snapshot: found %s in two server blocks, want a file for each", file)
		}
	}
	if f != o && f.push != "" && f.push == o.push {
		return fmt.Errorf("push: found %s in two server blocks, want a queue for each", f.push)
	}
	if err := f.reads(o.snapshot.Path); err != nil {
		return err
	}
	return o.reads(f.snapshot.Path)
}

// reads fails if the snapshot at path would be read as credentials, or as a parameter: each
// write would be a change to be written.
func (f *feed) reads(path string) error {
	if path == "" {
		return nil
	}
	if file := f.config.store.CredentialsFile; file != "" && snapshot.Resolve(file) == snapshot.Resolve(path) {
		return fmt.Errorf("snapshot: found %s, which has credentials, want a file of its own", path)
	}
	if f.dir == nil {
		return nil
	}
	// It may be a link as well.
	beside := filepath.Join(snapshot.Resolve(filepath.Dir(path)), filepath.Base(path))
	for _, file := range []string{beside, snapshot.Resolve(path)} {
		// Of one elsewhere the name has "..", which no line reads.
		name, err := filepath.Rel(snapshot.Resolve(f.directory), file)
		if err == nil && f.dir.Reads("/"+filepath.ToSlash(name)) {
			return fmt.Errorf("snapshot: found %s, which is read as a parameter of directory %s, "+
				"want a file elsewhere, or a dot in front of its name", path, f.directory)
		}
	}
	return nil
}
