package paramstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/octoenergy/versionalias/internal/emulator"
	"github.com/octoenergy/versionalias/plugin/ledger"
)

// wire is what stands in for the network: it answers each request, and notes
// it. Nothing in it takes real time, so it works in virtual time.
type wire struct {
	answer   answer
	requests []request
}

type answer func(*http.Request) (*http.Response, error)

// request is what was asked.
type request struct {
	*http.Request
	body string
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		// As net/http does, perhaps after the SDK has closed it: it looks for the end.
		if err := r.Body.Close(); err != nil {
			return nil, err
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return nil, fmt.Errorf("read the end of the request: %w", err)
		}
	}
	w.requests = append(w.requests, request{r, string(body)})
	return w.answer(r)
}

// scope is who signed the request, and for where: the key, the Region and the
// service.
func (r request) scope() string {
	_, credential, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	credential, _, _ = strings.Cut(credential, ",")
	parts := strings.Split(credential, "/")
	if len(parts) != 5 {
		return "unsigned"
	}
	return parts[0] + " " + parts[2] + " " + parts[3]
}

// wired makes a Store whose requests, to whatever host, go to a wire.
func wired(t *testing.T, c Config, lines []ledger.Line, a answer) (*Store, *wire) {
	t.Helper()
	s, err := New(context.Background(), c, lines)
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{answer: a}
	s.transport.ForceAttemptHTTP2 = false // it would want https for itself
	s.transport.RegisterProtocol("http", w)
	s.transport.RegisterProtocol("https", w)
	return s, w
}

// signed is an environment in which requests can be signed.
func signed(t *testing.T) {
	t.Helper()
	emulator.Isolate(t)
	t.Setenv("AWS_REGION", "eu-west-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "AKID")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
}

// inTurn gives one answer after the other.
func inTurn(answers ...answer) answer {
	return func(r *http.Request) (*http.Response, error) {
		if len(answers) == 0 {
			return nil, errors.New("there is no answer left")
		}
		a := answers[0]
		answers = answers[1:]
		return a(r)
	}
}

// status answers with a status and a body.
func status(code int, body string) answer {
	return func(r *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode:    code,
			Header:        http.Header{"X-Amzn-Requestid": {"0e5f4c1a"}},
			Body:          io.NopCloser(strings.NewReader(body)),
			ContentLength: int64(len(body)),
			Request:       r,
		}, nil
	}
}

// page answers with these parameters and this token.
func page(token string, names ...string) answer {
	type parameter struct {
		Name, Type, Value, DataType string
		Version                     int
		LastModifiedDate            float64
	}
	output := struct {
		Parameters []parameter
		NextToken  string `json:",omitempty"`
	}{[]parameter{}, token}
	for _, name := range names {
		output.Parameters = append(output.Parameters, parameter{name, "String", "x", "text", 1, 1782907200.123})
	}
	body, err := json.Marshal(output)
	if err != nil {
		panic(err)
	}
	return status(http.StatusOK, string(body))
}

func names(seen []ledger.Parameter) []string {
	var names []string
	for _, p := range seen {
		names = append(names, p.Name)
	}
	return names
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
