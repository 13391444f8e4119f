// Package emulator runs an emulator of AWS for tests: moto's server, which the
// variable VERSIONALIAS_EMULATOR names, or which is on PATH as moto_server.
// https://docs.getmoto.org/en/latest/docs/server_mode.html
//
// It is no AWS: it neither throttles nor reads stale, and has no limits. Tests
// of what happens then put an http.RoundTripper in its place.
package emulator

import (
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/octoenergy/versionalias/internal/program"
)

// Region is where the emulator's clients are.
const Region = "eu-west-1"

// Emulator is a running emulator.
type Emulator struct {
	URL string // of all services
}

// Start starts an emulator that ends with the test. Without one to start it
// skips the test, or fails it where the variable CI is true. It closes the
// connection after each answer, and one answer in some thousands is lost with
// it: who reads has to try again, as a watcher does, and who writes may have to
// look whether that was done.
func Start(t testing.TB) *Emulator {
	t.Helper()
	path, err := find()
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no AWS emulator: %v", err)
		}
		t.Skipf("no AWS emulator: %v", err)
	}
	var url string
	// The server picks the port itself: nobody can take it in between.
	p, err := program.Start(exec.Command(path, "-H", "127.0.0.1", "-p", "0"), func(said string) bool {
		m := running.FindStringSubmatch(said)
		if m != nil {
			url = m[1]
		}
		return m != nil
	})
	if err != nil {
		t.Fatalf("no AWS emulator: %v", err)
	}
	t.Cleanup(func() {
		if said := p.Stop(); t.Failed() {
			t.Logf("the AWS emulator ended with:\n%s", said[max(0, len(said)-4<<10):])
		}
	})
	return &Emulator{URL: url}
}

var running = regexp.MustCompile(`Running on (http://127\.0\.0\.1:\d+)\s`)

func find() (string, error) {
	if path := os.Getenv("VERSIONALIAS_EMULATOR"); path != "" {
		return exec.LookPath(path)
	}
	return exec.LookPath("moto_server")
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
