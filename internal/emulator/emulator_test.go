package emulator

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func TestStart(t *testing.T) {
	var url string
	t.Run("running", func(t *testing.T) {
		e := Start(t)
		url = e.URL
		e.Reset(t)
		resp, err := http.Get(url + "/moto-api/data.json")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("the emulator answered with status %d, want %d", resp.StatusCode, http.StatusOK)
		}
	})
	if url == "" {
		t.Skip("no AWS emulator was started")
	}
	http.DefaultClient.CloseIdleConnections()
	if _, err := http.Get(url); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("ask the emulator after its test: %v, want %v", err, syscall.ECONNREFUSED)
	}
}

func TestNoEmulator(t *testing.T) {
	for _, test := range []struct{ ci, want string }{
		{"", `skip: no AWS emulator: exec: "moto_server": executable file not found in $PATH`},
		{"true", `fatal: no AWS emulator: exec: "moto_server": executable file not found in $PATH`},
	} {
		t.Run("CI="+test.ci, func(t *testing.T) {
			t.Setenv("CI", test.ci)
			t.Setenv("PATH", t.TempDir())
			t.Setenv("VERSIONALIAS_EMULATOR", "")
			if got := verdict(t, func(t testing.TB) { Start(t) }); got != test.want {
				t.Errorf("Start said %q, want %q", got, test.want)
			}
		})
	}
}

func TestStartFails(t *testing.T) {
	t.Setenv("VERSIONALIAS_EMULATOR", "false")
	const want = "fatal: no AWS emulator: start .*/false: it ended, and said:\n$"
	if got := verdict(t, func(t testing.TB) { Start(t) }); !regexp.MustCompile(want).MatchString(got) {
		t.Errorf("Start said %q, want %q", got, want)
	}
}

// A variable of the machine must not reach a test: with AWS_PROFILE alone it
// would talk to a real account.
func TestEnvironment(t *testing.T) {
	t.Setenv("AWS_PROFILE", "production")
	t.Setenv("AWS_ENDPOINT_URL_SSM", "http://192.0.2.1")
	want := []string{
		"AWS_ACCESS_KEY_ID=x",
		"AWS_CONFIG_FILE=" + os.DevNull,
		"AWS_EC2_METADATA_DISABLED=true",
		"AWS_ENDPOINT_URL=http://127.0.0.1:1",
		"AWS_REGION=eu-west-1",
		"AWS_SECRET_ACCESS_KEY=x",
		"AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull,
	}
	e := &Emulator{URL: "http://127.0.0.1:1"}
	if got := ofAWS(e.Env()); !slices.Equal(got, want) {
		t.Errorf("Env has %q, want %q", got, want)
	}
	t.Run("Setenv", func(t *testing.T) {
		e.Setenv(t)
		if got := ofAWS(os.Environ()); !slices.Equal(got, want) {
			t.Errorf("Setenv left %q, want %q", got, want)
		}
	})
	if got := os.Getenv("AWS_PROFILE"); got != "production" {
		t.Errorf("AWS_PROFILE is %q afterwards, want it back", got)
	}
}

func ofAWS(env []string) []string {
	env = slices.DeleteFunc(slices.Clone(env), func(v string) bool { return !strings.HasPrefix(v, "AWS_") })
	slices.Sort(env)
	return env
}

// verdict is how f ends a test that is not t, and why.
func verdict(t *testing.T, f func(testing.TB)) (said string) {
	r := &recorder{TB: t}
	defer func() {
		if p := recover(); p != nil && p != r {
			panic(p)
		}
		said = r.said
	}()
	f(r)
	return ""
}

// recorder is a test that notes how it ends.
type recorder struct {
	testing.TB
	said string
}

func (r *recorder) Fatal(args ...any) { r.end("fatal: " + fmt.Sprint(args...)) }
func (r *recorder) Fatalf(format string, args ...any) {
	r.end("fatal: " + fmt.Sprintf(format, args...))
}
func (r *recorder) Skipf(format string, args ...any) { r.end("skip: " + fmt.Sprintf(format, args...)) }

func (r *recorder) end(said string) {
	r.said = said
	panic(r)
}
