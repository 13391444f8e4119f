package snapshot

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/octoenergy/versionalias/plugin/alias"
	"github.com/octoenergy/versionalias/plugin/ledger"
)

var epoch = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

const place = "Parameter Store in eu-west-1"

// filled is a snapshot with a bit of everything.
func filled() Snapshot {
	return Snapshot{
		Place: place,
		Swept: epoch,
		Ledger: ledger.Memory{
			Lines: []string{"/a recursive", "/p/db:live"},
			Parameters: []ledger.Remembered{
				{Line: 0, Name: "/a/cache", Good: &ledger.Version{Value: "v1.x.org\n", Version: 1, Modified: epoch}},
				{
					Line: 0, Name: "/a/web", Lost: &ledger.Version{Value: "v1", Version: 1, Modified: epoch, Adopted: epoch},
					Newest: &ledger.Version{Value: "?", Version: 2, Modified: epoch}, Reason: ledger.ReasonSyntax, Error: "found ?",
				},
				{
					Line: 1, Name: "/p/db:live", Alias: "db.internal.", Missing: epoch.Add(time.Nanosecond),
					Good:   &ledger.Version{Value: "ü\x00<>&", Version: 1 << 60, Modified: epoch.Add(1)},
					Newest: &ledger.Version{Version: 4, Modified: epoch, Problem: "read type: found StringList, want String"},
					Reason: ledger.ReasonType, Error: "read type: found StringList, want String",
				},
			},
		},
	}
}

func TestRoundTrip(t *testing.T) {
	f := File{Path: filepath.Join(t.TempDir(), "snapshot")}
	if _, err := f.Read(place, epoch); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("reading none got %v, want it not to exist", err)
	}
	for range 2 { // the second one replaces the first
		if err := f.Write(filled()); err != nil {
			t.Fatal(err)
		}
	}
	got, err := f.Read(place, epoch)
	if err != nil || !reflect.DeepEqual(got, filled()) {
		t.Errorf("read %+v, %v, want %+v", got, err, filled())
	}
	info, err := os.Stat(f.Path)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("the file has mode %v, %v, want 0600", info.Mode(), err)
	}
	if names := names(t, f); len(names) != 1 {
		t.Errorf("the directory has %v, want the snapshot alone", names)
	}
}

func names(t *testing.T, f File) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(f.Path))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// sealed is a file with a right checksum, whatever is in it.
func sealed(format int, body string) string {
	return fmt.Sprintf(`{"format":%d,"sha256":"%x","body":%s}`, format, sha256.Sum256([]byte(body)), body)
}

// Duty 9: what is refused, and why.
func TestRefused(t *testing.T) {
	good, err := json.Marshal(filled())
	if err != nil {
		t.Fatal(err)
	}
	whole := sealed(1, string(good))
	for _, tt := range []struct {
		name   string
		text   string
		place  string        // another one than its own
		age    time.Duration // since the last sweep
		maxAge time.Duration
		want   string // of the error, behind "read snapshot FILE: "; "" if there is none
	}{
		{name: "whole", text: whole},
		{name: "an hour old, and any age will do", text: whole, age: time.Hour},
		{name: "as old as it may be", text: whole, age: time.Hour, maxAge: time.Hour},
		{name: "too old", text: whole, age: time.Hour + time.Second, maxAge: time.Hour, want: "found the last sweep 1h0m1s ago, want at most 1h0m0s"},
		{name: "of the future: the clock was set back", text: whole, age: -24 * time.Hour, maxAge: time.Hour},
		{name: "of another place", text: whole, place: "directory /srv", want: "found one of Parameter Store in eu-west-1, want directory /srv"},
		{name: "empty", text: "", want: "found a damaged one: unexpected end of JSON input"},
		{name: "cut off", text: whole[:len(whole)/2], want: "found a damaged one: unexpected end of JSON input"},
		{name: "zeros", text: "\x00\x00", want: `found a damaged one: invalid character '\x00' looking for beginning of value`},
		{name: "more behind it", text: whole + "x", want: "found a damaged one: invalid character 'x' after top-level value"},
		{name: "another format", text: sealed(2, string(good)), want: "found format 2, want 1"},
		{name: "no format", text: `{}`, want: "found format 0, want 1"},
		{name: "no body", text: sealed(1, "null"), place: "", want: "found one of , want Parameter Store in eu-west-1"},
		{name: "not a snapshot", text: sealed(1, "[]"), want: "found a damaged one: json: cannot unmarshal array into Go value of type snapshot.Snapshot"},
		{name: "a line too many", text: sealed(1, `{"place":"`+place+`","ledger":{"lines":["/a"],"parameters":[{"line":1,"name":"/a/b","good":{}}]}}`),
			want: "found parameter /a/b of line 1, want one of 1 lines"},
		{name: "a line too few", text: sealed(1, `{"place":"`+place+`","ledger":{"lines":["/a"],"parameters":[{"line":-1,"name":"/a/b","good":{}}]}}`),
			want: "found parameter /a/b of line -1, want one of 1 lines"},
		{name: "no version", text: sealed(1, `{"place":"`+place+`","ledger":{"lines":["/a"],"parameters":[{"line":0,"name":"/a/b"}]}}`),
			want: "found no version of parameter /a/b, want one"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := File{Path: filepath.Join(t.TempDir(), "snapshot"), MaxAge: tt.maxAge}
			if err := os.WriteFile(f.Path, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if tt.place == "" {
				tt.place = place
			}
			_, err := f.Read(tt.place, epoch.Add(tt.age))
			got := ""
			if err != nil {
				got = strings.TrimPrefix(err.Error(), "read snapshot "+f.Path+": ")
			}
			if got != tt.want {
				t.Errorf("got the error %q, want %q", got, tt.want)
			}
		})
	}
	t.Run("a byte that is another", func(t *testing.T) {
		f := File{Path: filepath.Join(t.TempDir(), "snapshot")}
		for i := range whole {
			text := []byte(whole)
			text[i] ^= 1
			if err := os.WriteFile(f.Path, text, 0o600); err != nil {
				t.Fatal(err)
			}
			if s, err := f.Read(place, epoch); err == nil && !reflect.DeepEqual(s, filled()) {
				t.Errorf("with byte %d, %q, as %q it read %+v, want an error", i, whole[i], text[i], s)
			}
		}
	})
}

// A snapshot that cannot be written leaves what there was, and nothing else.
func TestWriteFails(t *testing.T) {
	f := File{Path: filepath.Join(t.TempDir(), "none", "snapshot")}
	if err := f.Write(filled()); !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), "write snapshot: ") {
		t.Errorf("writing into no directory got %v, want that it does not exist", err)
	}
	f = File{Path: filepath.Join(t.TempDir(), "snapshot")}
	if err := os.Mkdir(f.Path, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := f.Write(filled()); err == nil {
		t.Error("writing over a directory got no error")
	}
	if names := names(t, f); len(names) != 1 {
		t.Errorf("a write that failed left %v", names)
	}
}

// What else a file holds that was named by mistake stays, also behind a link; a damaged
// snapshot does not.
func TestNoSnapshot(t *testing.T) {
	for _, tt := range []struct{ name, text, found string }{
		{"none of it", "", ""},
		{"cut off", sealed(1, "{}")[:20], ""},
		{"nearly all of it cut off", `{"form`, ""},
		{"another format", sealed(2, "{}"), ""},
		{"a zone file", "$ORIGIN corp.internal.\n", "$ORIGIN co"},
		{"a short one", "v1\n", "v1\n"},
		{"a bundle", `{"aliases": {}}`, `{"aliases"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			f := File{Path: filepath.Join(dir, "link")}
			if err := os.WriteFile(filepath.Join(dir, "file"), []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink("file", f.Path); err != nil {
				t.Fatal(err)
			}
			got, want := "", ""
			if err := f.Write(filled()); err != nil {
				got = err.Error()
			}
			if tt.found != "" {
				want = fmt.Sprintf("write snapshot: found %s, which begins with %q, want a snapshot, an empty file or none", f.Path, tt.found)
			}
			if got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			text, err := os.ReadFile(f.Path)
			if err != nil || (string(text) == tt.text) != (want != "") {
				t.Errorf("the file has %q, %v", text, err)
			}
		})
	}
}

// What is no file is neither waited for nor replaced.
func TestNoFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	const found = "found prw-------, want a regular file"
	if _, err := (File{Path: path}).Read(place, epoch); err == nil || err.Error() != "read snapshot "+path+": "+found {
		t.Errorf("Read got %v, want %s", err, found)
	}
	if err := (File{Path: path}).Write(filled()); err == nil || err.Error() != "write snapshot: "+found {
		t.Errorf("Write got %v, want %s", err, found)
	}
	if info, err := os.Lstat(path); err != nil || info.Mode().IsRegular() {
		t.Errorf("the pipe is %v, %v, want it as it was", info, err)
	}
}

// A link to a snapshot stays one, be there something yet or not, and what it leads to is
// written and cleaned.
func TestLink(t *testing.T) {
	dir := t.TempDir()
	there := File{Path: filepath.Join(dir, "real", "snapshot")}
	if err := os.Mkdir(filepath.Dir(there.Path), 0o700); err != nil {
		t.Fatal(err)
	}
	link := File{Path: filepath.Join(dir, "link")}
	if err := os.Symlink("real/snapshot", link.Path); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := link.Write(filled()); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "real", ".snapshot.123.new"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, f := range []File{link, there} {
			if got, err := f.Read(place, epoch); err != nil || !reflect.DeepEqual(got, filled()) {
				t.Errorf("read of %s got %+v, %v, want what was written", f.Path, got, err)
			}
		}
		if target, err := os.Readlink(link.Path); target != "real/snapshot" {
			t.Errorf("the link leads to %q, %v, want what it led to", target, err)
		}
		if got, want := append(names(t, link), names(t, there)...), []string{"link", "real", "snapshot"}; !reflect.DeepEqual(got, want) {
			t.Errorf("found %v, want %v", got, want)
		}
	}
}

// What crashes left is removed, and nothing else, whatever the name would match.
func TestClean(t *testing.T) {
	for _, tt := range []struct {
		name       string
		left, want []string
	}{
		{"snapshot", []string{".other.123.new", ".snapshot.123.new", ".snapshot.new.1", "snapshot.123.new"},
			[]string{".other.123.new", ".snapshot.new.1", "snapshot.123.new"}},
		{"corp", []string{".corp..new", ".corp.123.new", ".corp.internal.123.new", ".corp.x.new"},
			[]string{".corp..new", ".corp.internal.123.new", ".corp.x.new"}},
		{"corp[1]", []string{".corp1.123.new", ".corp[1].123.new"}, []string{".corp1.123.new"}},
	} {
		f := File{Path: filepath.Join(t.TempDir(), tt.name)}
		for _, name := range tt.left {
			if err := os.WriteFile(filepath.Join(filepath.Dir(f.Path), name), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := f.Read(place, epoch); !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		if got := names(t, f); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("beside %s the directory has %v, want %v", tt.name, got, tt.want)
		}
	}
}

// numbered is the nth of a row of snapshots, some larger than a page.
func numbered(n int) Snapshot {
	s := filled()
	s.Ledger.Parameters[0].Good.Version = int64(n)
	s.Ledger.Parameters[0].Good.Value = strings.Repeat("x", n%7*3000)
	return s
}

// kill is set for a process that is to be killed: it writes one snapshot after
// the other to the file of this name, and says which is written.
const kill = "VERSIONALIAS_TEST_SNAPSHOT"

func TestMain(m *testing.M) {
	path := os.Getenv(kill)
	if path == "" {
		os.Exit(m.Run())
	}
	f := File{Path: path}
	n := 0
	if s, err := f.Read(place, epoch); err == nil {
		n = int(s.Ledger.Parameters[0].Good.Version)
	}
	for {
		n++
		if err := f.Write(numbered(n)); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(n)
	}
}

// Duty 9: whenever the process is killed, the next one finds a whole snapshot:
// that which was written last, or the one it was about to write.
func TestKill(t *testing.T) {
	f := File{Path: filepath.Join(t.TempDir(), "snapshot")}
	between := 0
	for kills := range 200 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), kill+"="+f.Path)
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		said, begun := make(chan int, 1), make(chan bool)
		begin := sync.OnceFunc(func() { close(begun) })
		go func() { // reads to the end, so that nobody waits for it
			last := 0
			for lines := bufio.NewScanner(stdout); lines.Scan(); {
				n, err := strconv.Atoi(lines.Text())
				if err != nil {
					t.Error(lines.Text())
					break
				}
				last = n
				begin()
			}
			begin() // it failed
			said <- last
		}()
		<-begun
		<-time.After(rand.N(5 * time.Millisecond))
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		last := <-said
		_ = cmd.Wait() // it was killed
		if left := names(t, f); len(left) > 1 {
			between++
		}
		s, err := f.Read(place, epoch)
		if err != nil {
			t.Fatalf("kill %d: %v", kills, err)
		}
		n := int(s.Ledger.Parameters[0].Good.Version)
		if n != last && n != last+1 {
			t.Errorf("kill %d: found snapshot %d, want %d or the next", kills, n, last)
		}
		if !reflect.DeepEqual(s, numbered(n)) {
			t.Errorf("kill %d: found %+v, want snapshot %d", kills, s, n)
		}
	}
	if between == 0 {
		t.Error("no kill came in the middle of a write, which is no test")
	}
	t.Logf("%d of 200 kills came in the middle of a write", between)
}

// A snapshot of before alias lines remembered each their own, without the field
// "alias" and others that came later, is read and recalled.
func TestOlderSnapshot(t *testing.T) {
	const older = `{"place":"` + place + `","swept":"2026-11-23T10:00:00Z","ledger":{"lines":["/p/x"],"parameters":[` +
		`{"line":0,"name":"/p/x","good":{"value":"v1.x.org","version":1,"modified":"2026-11-22T10:00:00Z"},` +
		`"newest":{"value":"what?","version":2,"modified":"2026-11-23T10:00:00Z"},"reason":"syntax","error":"x"}]}}`
	f := File{Path: filepath.Join(t.TempDir(), "snapshot")}
	if err := os.WriteFile(f.Path, []byte(sealed(1, older)), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := f.Read(place, epoch)
	if err != nil {
		t.Fatal(err)
	}
	var lines []ledger.Line
	for _, name := range []alias.Name{"api.internal.", "web.internal."} {
		lines = append(lines, ledger.Line{Parameter: "/p/x", Rule: alias.Rule{Name: name, Zones: []alias.Name{"internal."}}})
	}
	l := ledger.New(lines, ledger.Trust{Interval: time.Second}).Recall(s.Ledger, epoch)
	for _, line := range lines {
		e := l.Table().Get(line.Rule.Name)
		if e == nil || e.Target != "v1.x.org." {
			t.Errorf("%s was recalled as %+v, want v1", line.Rule.Name, e)
		}
	}
	if n := len(l.Rejections()); n != 2 || l.Table().Partial() {
		t.Errorf("%d rejections were recalled, and not all is known: %v, want one for each line, and all", n, l.Table().Partial())
	}
}
