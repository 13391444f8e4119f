package paramdir

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/octoenergy/versionalias/internal/program"
	"github.com/octoenergy/versionalias/plugin/ledger"
)

// Nobody writes to the pipe: to open it would be to wait for ever.
func TestSpecialFiles(t *testing.T) {
	root := tree(t, map[string]string{"cache": "cache-2", "link": " -> pipe", "zero": " -> /dev/zero"})
	must(t, syscall.Mkfifo(filepath.Join(root, "pipe"), 0o600))
	d := New(root, []ledger.Line{flat, {Parameter: "/pipe"}})
	want := []string{
		`0 /cache "cache-2"`,
		`0 /link read file: found p---------, want a regular file`,
		`0 /pipe read file: found p---------, want a regular file`,
		`0 /zero read file: found Dc---------, want a regular file`,
		`1 /pipe read file: found p---------, want a regular file`,
	}
	swept := make(chan []string, 1)
	go func() {
		seen, err := d.Sweep(t.Context())
		swept <- append(show(seen), lines(err)...)
	}()
	select {
	case got := <-swept:
		if !slices.Equal(got, want) {
			t.Errorf("sweep saw\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	case <-time.After(program.Patience):
		t.Fatalf("sweep took more than %v, want it not to wait", program.Patience)
	}
}

// A file may become a pipe when a sweep has seen that it is none. To open it would be to
// wait until somebody writes to it, and then to read it until he does.
func TestFileBecomesPipe(t *testing.T) {
	for _, written := range []bool{false, true} {
		pipe := filepath.Join(t.TempDir(), "pipe")
		must(t, syscall.Mkfifo(pipe, 0o600))
		if written {
			writer, err := os.OpenFile(pipe, os.O_RDWR, 0)
			must(t, err)
			defer writer.Close()
		}
		read := make(chan string, 1)
		go func() {
			value, info, err := content(pipe)
			if err != nil {
				value = err.Error()
			} else {
				value += info.Mode().Type().String()
			}
			read <- value
		}()
		if got, want := wait(t, read), "p---------"; got != want {
			t.Errorf("of a pipe, written to %v, is read %q, want %q", written, got, want)
		}
	}
}

// What a file holds is not known when its disk fails.
func TestSweepOfBadDisk(t *testing.T) {
	root := tree(t, map[string]string{"a": "1", "bad": " -> /proc/self/mem"})
	seen, err := New(root, []ledger.Line{flat}).Sweep(t.Context())
	want := "read file: read " + filepath.Join(root, "bad") + ": input/output error"
	if seen != nil || text(err) != want {
		t.Errorf("sweep saw %+v and the error %q, want nothing and %q", seen, text(err), want)
	}
}

func TestPermissions(t *testing.T) {
	for _, test := range []struct {
		name  string
		deny  string
		lines []ledger.Line
		want  []string // with ROOT for the directory
	}{
		{
			name:  "a file",
			deny:  "dns/cache",
			lines: []ledger.Line{all, {Parameter: "/dns/cache"}},
			want: []string{
				`0 /db "db-1"`,
				`0 /dns/cache read file: permission denied`,
				`1 /dns/cache read file: permission denied`,
			},
		},
		{
			name:  "a directory below",
			deny:  "dns",
			lines: []ledger.Line{all},
			want:  []string{"read directory: open ROOT/dns: permission denied"},
		},
		{
			name:  "the directory of a path",
			deny:  "dns",
			lines: []ledger.Line{{Path: "/dns"}},
			want:  []string{"read directory: open ROOT/dns: permission denied"},
		},
		{
			name:  "the directory of a file",
			deny:  "dns",
			lines: []ledger.Line{{Parameter: "/dns/cache"}},
			want:  []string{`0 /dns/cache read file: permission denied`},
		},
		{
			name:  "the directory",
			deny:  ".",
			lines: []ledger.Line{all},
			want:  []string{"read directory: open ROOT: permission denied"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := tree(t, map[string]string{"db": "db-1", "dns/cache": "cache-2"})
			denied := filepath.Join(root, test.deny)
			info, err := os.Stat(denied)
			must(t, err)
			must(t, os.Chmod(denied, 0))
			defer os.Chmod(denied, info.Mode().Perm()) // for it to be removed
			var got []string
			unprivileged(t, func() {
				seen, err := New(root, test.lines).Sweep(t.Context())
				got = append(show(seen), lines(err)...)
			})
			for i, line := range test.want {
				test.want[i] = strings.ReplaceAll(line, "ROOT", root)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("sweep saw\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

// A directory that is read but cannot be watched is told, and once.
func TestWatchOfDenied(t *testing.T) {
	root := tree(t, map[string]string{"dns/cache": "cache-2"})
	denied := filepath.Join(root, "dns")
	must(t, os.Chmod(denied, 0o100))
	defer os.Chmod(denied, 0o700) // for it to be removed
	d := New(root, []ledger.Line{{Parameter: "/dns/cache"}})
	h, told := make(hints, 1000), make(chan error, 1000)
	run(t, d, func() { h <- struct{}{} }, func(err error) { told <- err })
	h.wait(t)
	swept := func() {
		t.Helper()
		var err error
		unprivileged(t, func() { _, err = d.Sweep(t.Context()) })
		must(t, err)
	}
	swept()
	err := wait(t, told)
	if got, want := text(err), "watch directory "+denied+": permission denied"; got != want {
		t.Errorf("told is %q, want %q", got, want)
	}
	swept()
	write(t, filepath.Join(root, "db"), "x")
	h.wait(t)
	if len(told) > 0 {
		t.Errorf("told is %v as well, want one alone", <-told)
	}
}

// What is above the nearest directory that is there need not be watched.
func TestWatchBelowDenied(t *testing.T) {
	top := tree(t, map[string]string{"aliases/dns/": ""})
	must(t, os.Chmod(top, 0o100))
	defer os.Chmod(top, 0o700) // for it to be removed
	root := filepath.Join(top, "aliases")
	d := New(root, []ledger.Line{below})
	hints := watching(t, d)
	var err error
	unprivileged(t, func() { _, err = d.Sweep(t.Context()) })
	must(t, err)
	write(t, filepath.Join(root, "dns/aliases/cache"), "cache-1")
	hints.wait(t)
}

func lines(err error) []string {
	if err == nil {
		return nil
	}
	return []string{err.Error()}
}

// unprivileged calls f in a thread without capabilities, to which permissions
// apply even if it is root's.
func unprivileged(t *testing.T, f func()) {
	t.Helper()
	failed := make(chan error)
	go func() {
		// The thread ends with the goroutine, which does not unlock it.
		runtime.LockOSThread()
		if errno := dropCapabilities(); errno != 0 {
			failed <- errno
			return
		}
		f()
		failed <- nil
	}()
	if err := <-failed; err != nil {
		t.Fatalf("drop capabilities: %v", err)
	}
}

// See capset(2).
func dropCapabilities() syscall.Errno {
	const version3 = 0x20080522
	header := struct {
		version uint32
		pid     int32
	}{version: version3}
	var none [2]struct{ effective, permitted, inheritable uint32 }
	_, _, errno := syscall.RawSyscall(syscall.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&none)), 0)
	return errno
}
