package snapshot

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestResolve(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	for _, name := range []string{"real", "real/sub"} {
		if err := os.Mkdir(name, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile("real/file", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for link, target := range map[string]string{
		"dir": "real", "file": "dir/file", "away": "dir/later", "far": dir + "/away", "above": "real/sub/../../dir/none/file",
		"loop": "loop", "real/sub/up": "../later",
	} {
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct{ path, want string }{
		{"DIR/real/file", "real/file"},
		{"real/file", "real/file"},
		{"real/../real/./file", "real/file"},
		{"DIR/dir/file", "real/file"},
		{"file", "real/file"},
		{"dir", "real"},
		{"dir/later", "real/later"},
		{"dir/later/still", "real/later/still"},
		{"away", "real/later"},
		{"far", "real/later"},
		{"above", "real/none/file"},
		{"dir/sub/up", "real/later"},
		{"loop", "loop"},
		{"none", "none"},
	} {
		if got, want := Resolve(strings.ReplaceAll(tt.path, "DIR", dir)), filepath.Join(dir, tt.want); got != want {
			t.Errorf("Resolve(%q) got %q, want %q", tt.path, got, want)
		}
	}
	if got := Resolve("/"); got != "/" {
		t.Errorf("Resolve(%q) got %q, want itself", "/", got)
	}
}
