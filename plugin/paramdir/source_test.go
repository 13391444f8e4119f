package paramdir

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/octoenergy/versionalias/internal/sourcetest"
	"github.com/octoenergy/versionalias/plugin/ledger"
	"github.com/octoenergy/versionalias/plugin/watch"
)

func TestSource(t *testing.T) {
	sourcetest.Run(t, func(t testing.TB) sourcetest.Store { return files{t.TempDir()} })
}

// files is a directory of parameters.
type files struct{ root string }

func (f files) file(name string) string { return filepath.Join(f.root, filepath.FromSlash(name)) }

func (f files) Put(t testing.TB, name, value string) {
	t.Helper()
	write(t, f.file(name), value)
}

func (f files) Delete(t testing.TB, name string) {
	t.Helper()
	must(t, os.Remove(f.file(name)))
}

func (f files) Source(_ testing.TB, lines []ledger.Line) watch.Source { return New(f.root, lines) }

// write writes a file, and makes the directories on the way.
func write(t testing.TB, path, content string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(t, os.WriteFile(path, []byte(content), 0o644))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
