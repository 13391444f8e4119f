// Package emulator runs an emulator of AWS for tests: moto's server, which the
// variable VERSIONALIAS_EMULATOR names, or which is on PATH as moto_server.
// https://docs.getmoto.org/en/latest/docs/server_mode.html
//
// It is no AWS: it neither throttles nor reads stale, and has no limits. Tests
// of what happens then put an http.RoundTripper in its place.
package emulator

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// Region is where the emulator's clients are.
const Region = "eu-west-1"

// patience is how long a busy machine may take to start the emulator.
const patience = time.Minute

// Emulator is a running emulator.
type Emulator struct {
	URL string // of all services
}

// Start starts an emulator that ends with the test. Without one to start it
// skips the test, or fails it where the variable CI is true. It closes the
// connection after each answer, and one answer in some thousands is lost with
// it: who reads has to try again, as a watcher does.
func Start(t testing.TB) *Emulator {
	t.Helper()
	path, err := find()
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no AWS emulator: %v", err)
		}
		t.Skipf("no AWS emulator: %v", err)
	}
	out := &output{running: make(chan string, 1)}
	// The server picks the port itself: nobody can take it in between.
	cmd := exec.Command(path, "-H", "127.0.0.1", "-p", "0")
	cmd.Stdout, cmd.Stderr = out, out
	exited := run(t, cmd)
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // an error says that it has ended
		<-exited
		if t.Failed() {
			t.Logf("the AWS emulator ended with:\n%s", out.tail())
		}
	})
	select {
	case url := <-out.running:
		return &Emulator{URL: url}
	case <-exited:
		t.Fatal("start the AWS emulator: it ended at once")
	case <-time.After(patience):
		t.Fatalf("start the AWS emulator: it is not up after %v", patience)
	}
	return nil
}

func find() (string, error) {
	if path := os.Getenv("VERSIONALIAS_EMULATOR"); path != "" {
		return exec.LookPath(path)
	}
	return exec.LookPath("moto_server")
}

// run starts cmd, and closes what it returns when cmd has ended.
func run(t testing.TB, cmd *exec.Cmd) <-chan struct{} {
	t.Helper()
	endWithThread(cmd)
	started := make(chan error)
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		// The thread must stay as long as cmd, which would end with it.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // it never ends but by being killed
		}
	}()
	if err := <-started; err != nil {
		t.Fatalf("start the AWS emulator: %v", err)
	}
	return exited
}

// output is what the server says, which includes where it is.
type output struct {
	running chan string
	mu      sync.Mutex
	text    bytes.Buffer
	found   bool
}

var running = regexp.MustCompile(`Running on (http://127\.0\.0\.1:\d+)\s`)

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Write(p)
	if o.found {
		return len(p), nil
	}
	if m := running.FindSubmatch(o.text.Bytes()); m != nil {
		o.found = true
		o.running <- string(m[1])
	}
	return len(p), nil
}

// tail is the end of the output, as much of it as one can read.
func (o *output) tail() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	text := o.text.Bytes()
	return string(text[max(0, len(text)-4<<10):])
}

// Reset wipes all services.
func (e *Emulator) Reset(t testing.TB) {
	t.Helper()
	resp, err := http.Post(e.URL+"/moto-api/reset", "", nil)
	if err != nil {
		t.Fatalf("reset the AWS emulator: %v", err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("reset the AWS emulator: found status %d, want %d", resp.StatusCode, http.StatusOK)
	}
}

// Env is the environment of a process that is to find the emulator, and nothing
// else of AWS.
func (e *Emulator) Env() []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "AWS_") {
			env = append(env, v)
		}
	}
	for name, value := range e.variables() {
		env = append(env, name+"="+value)
	}
	return env
}

// Setenv makes the test's own process find the emulator, and nothing else of
// AWS.
func (e *Emulator) Setenv(t testing.TB) {
	t.Helper()
	Isolate(t)
	for name, value := range e.variables() {
		t.Setenv(name, value)
	}
}

func (e *Emulator) variables() map[string]string {
	v := isolation()
	v["AWS_ENDPOINT_URL"] = e.URL
	v["AWS_REGION"] = Region
	v["AWS_ACCESS_KEY_ID"] = "x"
	v["AWS_SECRET_ACCESS_KEY"] = "x"
	return v
}

// Isolate hides from the test what the machine knows of AWS: its variables, its
// files and its metadata service.
func Isolate(t testing.TB) {
	t.Helper()
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "") // puts it back at the end
			if err := os.Unsetenv(name); err != nil {
				t.Fatalf("isolate the test: %v", err)
			}
		}
	}
	for name, value := range isolation() {
		t.Setenv(name, value)
	}
}

func isolation() map[string]string {
	return map[string]string{
		"AWS_CONFIG_FILE":             os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"AWS_EC2_METADATA_DISABLED":   "true",
	}
}
