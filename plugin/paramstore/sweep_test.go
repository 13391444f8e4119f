package paramstore

import (
	"cmp"
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octoenergy/versionalias/plugin/ledger"
	"github.com/octoenergy/versionalias/plugin/watch"
)

var (
	byPath = ledger.Line{Path: "/dns"}
	byName = ledger.Line{Parameter: "/dns/cache"}
)

func TestPages(t *testing.T) {
	signed(t)
	for _, test := range []struct {
		name    string
		lines   []ledger.Line
		answers []answer
		want    []string // the parameters' names
		err     string
		asked   []string
	}{
		{
			name:    "nothing",
			lines:   []ledger.Line{byPath},
			answers: []answer{page("")},
			asked:   []string{`{"MaxResults":10,"Path":"/dns","Recursive":true}`},
		},
		{
			name:    "two pages",
			lines:   []ledger.Line{byPath},
			answers: []answer{page("t1", "/dns/a", "/dns/b"), page("", "/dns/c")},
			want:    []string{"/dns/a", "/dns/b", "/dns/c"},
			asked: []string{
				`{"MaxResults":10,"Path":"/dns","Recursive":true}`,
				`{"MaxResults":10,"NextToken":"t1","Path":"/dns","Recursive":true}`,
			},
		},
		{
			name:    "empty pages with a token",
			lines:   []ledger.Line{byPath},
			answers: []answer{page("t1"), page("t2"), page("t3", "/dns/a"), page("")},
			want:    []string{"/dns/a"},
			asked: []string{
				`{"MaxResults":10,"Path":"/dns","Recursive":true}`,
				`{"MaxResults":10,"NextToken":"t1","Path":"/dns","Recursive":true}`,
				`{"MaxResults":10,"NextToken":"t2","Path":"/dns","Recursive":true}`,
				`{"MaxResults":10,"NextToken":"t3","Path":"/dns","Recursive":true}`,
			},
		},
		{
			name:    "a token and no list",
			lines:   []ledger.Line{byPath},
			answers: []answer{status(200, `{"NextToken":"t1"}`), page("", "/dns/a")},
			want:    []string{"/dns/a"},
			asked: []string{
				`{"MaxResults":10,"Path":"/dns","Recursive":true}`,
				`{"MaxResults":10,"NextToken":"t1","Path":"/dns","Recursive":true}`,
			},
		},
		{
			name:    "the same token twice",
			lines:   []ledger.Line{byPath},
			answers: []answer{page("t1", "/dns/a"), page("t1", "/dns/a")},
			err:     "read the parameters below /dns: found the same page token twice, want each page once",
			asked: []string{
				`{"MaxResults":10,"Path":"/dns","Recursive":true}`,
				`{"MaxResults":10,"NextToken":"t1","Path":"/dns","Recursive":true}`,
			},
		},
		{
			name:    "a second page that fails",
			lines:   []ledger.Line{byPath},
			answers: []answer{page("t1", "/dns/a"), throttled},
			err:     "read the parameters below /dns: ThrottlingException: Rate exceeded",
			asked: []string{
				`{"MaxResults":10,"Path":"/dns","Recursive":true}`,
				`{"MaxResults":10,"NextToken":"t1","Path":"/dns","Recursive":true}`,
			},
		},
		{
			name:    "a second line that fails",
			lines:   []ledger.Line{byPath, {Path: "/more"}},
			answers: []answer{page("", "/dns/a"), throttled},
			err:     "read the parameters below /more: ThrottlingException: Rate exceeded",
			asked: []string{
				`{"MaxResults":10,"Path":"/dns","Recursive":true}`,
				`{"MaxResults":10,"Path":"/more","Recursive":true}`,
			},
		},
		{
			name:    "paths and names",
			lines:   []ledger.Line{byName, byPath, {Parameter: "/dns/db", Label: "prod"}},
			answers: []answer{page("", "/dns/a"), page("", "/dns/db", "/dns/cache")},
			want:    []string{"/dns/a", "/dns/db:prod", "/dns/cache"},
			asked: []string{
				`{"MaxResults":10,"Path":"/dns","Recursive":true}`,
				`{"Names":["/dns/cache","/dns/db:prod"]}`,
			},
		},
		{
			name:    "names that fail",
			lines:   []ledger.Line{byPath, byName},
			answers: []answer{page("", "/dns/a"), throttled},
			err:     "read the parameters /dns/cache: ThrottlingException: Rate exceeded",
			asked: []string{
				`{"MaxResults":10,"Path":"/dns","Recursive":true}`,
				`{"Names":["/dns/cache"]}`,
			},
		},
		{
			name:    "a name that does not exist",
			lines:   []ledger.Line{byName},
			answers: []answer{status(200, `{"InvalidParameters":["/dns/cache"],"Parameters":[]}`)},
			asked:   []string{`{"Names":["/dns/cache"]}`},
		},
		{
			name:    "a name that does not exist, and no list of those that do",
			lines:   []ledger.Line{byName},
			answers: []answer{status(200, `{"InvalidParameters":["/dns/cache"]}`)},
			asked:   []string{`{"Names":["/dns/cache"]}`},
		},
		{
			name:    "a label that does not exist, by the name of its parameter",
			lines:   []ledger.Line{{Parameter: "/dns/db", Label: "prod"}},
			answers: []answer{status(200, `{"InvalidParameters":["/dns/db"],"Parameters":[]}`)},
			asked:   []string{`{"Names":["/dns/db:prod"]}`},
		},
		{
			name:    "a name of which nothing is said",
			lines:   []ledger.Line{byName, {Parameter: "/dns/db", Label: "prod"}, {Parameter: "/dns/web"}},
			answers: []answer{status(200, `{"InvalidParameters":["/dns/web"],"Parameters":[{"Name":"/dns/cache"}]}`)},
			err:     "read the parameters /dns/cache /dns/db:prod /dns/web: found nothing about /dns/db:prod in the answer, want it or that it does not exist",
			asked:   []string{`{"Names":["/dns/cache","/dns/db:prod","/dns/web"]}`},
		},
		{
			name:    "a name that was not asked for",
			lines:   []ledger.Line{byName},
			answers: []answer{page("", "/dns/cache", "/dns/other")},
			err:     "read the parameters /dns/cache: found /dns/other in the answer, want what was asked for",
			asked:   []string{`{"Names":["/dns/cache"]}`},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, w := wired(t, Config{}, test.lines, inTurn(test.answers...))
				seen, err := s.Sweep(t.Context())
				if got := names(seen); !slices.Equal(got, test.want) || text(err) != test.err {
					t.Errorf("sweep saw %q and the error %q, want %q and %q", got, text(err), test.want, test.err)
				}
				var asked []string
				for _, r := range w.requests {
					asked = append(asked, r.body)
				}
				if !slices.Equal(asked, test.asked) {
					t.Errorf("sweep asked %q, want %q", asked, test.asked)
				}
			})
		})
	}
}

// An API that knows no data types says nothing of them.
func TestNoDataType(t *testing.T) {
	signed(t)
	s, _ := wired(t, Config{}, []ledger.Line{byName}, status(200, `{"Parameters":[{"Name":"/dns/cache","Type":"String","Value":"x"}]}`))
	seen, err := s.Sweep(t.Context())
	if err != nil || len(seen) != 1 || seen[0].Problem != nil || seen[0].Value != "x" {
		t.Errorf("sweep saw %+v and the error %v, want the value and no problem", seen, err)
	}
}

// Each fault comes to both operations, and makes one request only: whoever
// retries is the next sweep.
func TestFaults(t *testing.T) {
	signed(t)
	// The SDK would take both for leave to retry.
	t.Setenv("AWS_MAX_ATTEMPTS", "5")
	t.Setenv("AWS_RETRY_MODE", "adaptive")
	for _, test := range []struct {
		name    string
		answer  answer
		want    string
		outcome string
		took    time.Duration
	}{
		{
			name:    "throttled",
			answer:  throttled,
			want:    "ThrottlingException: Rate exceeded",
			outcome: "throttled",
		},
		{
			name:    "throttled, by another name",
			answer:  status(400, `{"__type":"Throttling","message":"Rate exceeded"}`),
			want:    "Throttling: Rate exceeded",
			outcome: "throttled",
		},
		{
			name:    "throttled, as other services say it",
			answer:  status(400, `{"__type":"RequestLimitExceeded","message":"Request limit exceeded"}`),
			want:    "RequestLimitExceeded: Request limit exceeded",
			outcome: "throttled",
		},
		{
			name:    "throttled by a proxy",
			answer:  status(429, ""),
			want:    "HTTP status 429: api error UnknownError: UnknownError",
			outcome: "throttled",
		},
		{
			name:    "denied",
			answer:  status(400, `{"__type":"AccessDeniedException","Message":"User: arn:aws:iam::123456789012:user/dns is not authorized to perform: ssm:GetParameters"}`),
			want:    "AccessDeniedException: User: arn:aws:iam::123456789012:user/dns is not authorized to perform: ssm:GetParameters",
			outcome: "denied",
		},
		{
			name:    "credentials that expired",
			answer:  expiredToken,
			want:    "ExpiredTokenException: The security token included in the request is expired",
			outcome: "denied",
		},
		{
			name:    "credentials of nobody",
			answer:  status(400, `{"__type":"UnrecognizedClientException","message":"The security token included in the request is invalid."}`),
			want:    "UnrecognizedClientException: The security token included in the request is invalid.",
			outcome: "denied",
		},
		{
			name:    "a wrong secret",
			answer:  status(400, `{"__type":"InvalidSignatureException","message":"The request signature we calculated does not match"}`),
			want:    "InvalidSignatureException: The request signature we calculated does not match",
			outcome: "denied",
		},
		{
			name:    "a wrong secret, by another name",
			answer:  status(403, `{"__type":"SignatureDoesNotMatch","message":"The request signature we calculated does not match"}`),
			want:    "SignatureDoesNotMatch: The request signature we calculated does not match",
			outcome: "denied",
		},
		{
			name:    "half a signature",
			answer:  status(403, `{"__type":"IncompleteSignature","message":"The request signature does not conform to AWS standards"}`),
			want:    "IncompleteSignature: The request signature does not conform to AWS standards",
			outcome: "denied",
		},
		{
			name:    "a key of nobody",
			answer:  status(403, `{"__type":"InvalidClientTokenId","message":"The security token included in the request is invalid"}`),
			want:    "InvalidClientTokenId: The security token included in the request is invalid",
			outcome: "denied",
		},
		{
			name:    "a clock that is wrong",
			answer:  status(400, `{"__type":"RequestExpired","message":"Request has expired"}`),
			want:    "RequestExpired: Request has expired",
			outcome: "denied",
		},
		{
			name:    "a fault of theirs",
			answer:  status(500, `{"__type":"InternalServerError","message":"An error occurred on the server side."}`),
			want:    "InternalServerError: An error occurred on the server side.",
			outcome: "error",
		},
		{
			name:    "a load balancer",
			answer:  status(503, "<html><body><h1>503 Service Unavailable</h1></body></html>\n"),
			want:    "HTTP status 503: deserialization failed, failed to decode response body, invalid character '<' looking for beginning of value",
			outcome: "error",
		},
		{
			name:    "a status and nothing else",
			answer:  status(502, ""),
			want:    "HTTP status 502: api error UnknownError: UnknownError",
			outcome: "error",
		},
		{
			name:    "led elsewhere",
			answer:  elsewhere,
			want:    "HTTP status 302: api error UnknownError: UnknownError",
			outcome: "error",
		},
		{
			name:    "refused",
			answer:  refused,
			want:    `request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp 192.0.2.1:443: connect: connection refused`,
			outcome: "error",
		},
		{
			name:    "hangs",
			answer:  hangs,
			want:    "found no answer in time",
			outcome: "timeout",
			took:    5 * time.Second,
		},
		{
			name:    "hangs in the middle",
			answer:  broken(`{"Parameters":[`, hanging{}),
			want:    "found no answer in time",
			outcome: "timeout",
			took:    5 * time.Second,
		},
		{
			name:    "half an answer",
			answer:  broken(`{"Parameters":[{"Name":"/dns/cache","Type":"String","Value":"x"},`, closed{}),
			want:    "HTTP status 200: deserialization failed, unexpected EOF",
			outcome: "error",
		},
		{
			name:    "half a document",
			answer:  status(200, `{"Parameters":[{"Name":"/dns/cache","Type":"String","Value":"x"}`),
			want:    "HTTP status 200: deserialization failed, unexpected end of JSON input",
			outcome: "error",
		},
		{
			name:    "no list",
			answer:  status(200, `{"Parameters":{"Name":"/dns/cache","Type":"String","Value":"x"}}`),
			want:    "HTTP status 200: deserialization failed, expected '[', got {",
			outcome: "error",
		},
		{
			name:    "a time that is no number",
			answer:  status(200, `{"Parameters":[{"Name":"/dns/cache","Type":"String","Value":"x","LastModifiedDate":"NaN"}]}`),
			want:    "found an answer that the SDK cannot read: NewFloat(NaN)",
			outcome: "error",
		},
		{
			name:    "a page to log in",
			answer:  status(200, "<html><body>Welcome to the hotel</body></html>\n"),
			want:    "HTTP status 200: deserialization failed, unexpected token at offset 0",
			outcome: "error",
		},
		{
			name:    "nothing at all",
			answer:  status(200, ""),
			want:    "found an empty answer, want a list of parameters",
			outcome: "ok",
		},
		{
			name:    "nothing in it",
			answer:  status(200, "{}"),
			want:    "found an empty answer, want a list of parameters",
			outcome: "ok",
		},
	} {
		for _, line := range []struct {
			line      ledger.Line
			operation string
			prefix    string
		}{
			{byPath, "GetParametersByPath", "read the parameters below /dns: "},
			{byName, "GetParameters", "read the parameters /dns/cache: "},
		} {
			t.Run(test.name+"/"+line.operation, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s, w := wired(t, Config{}, []ledger.Line{line.line}, test.answer)
					began := time.Now()
					seen, err := s.Sweep(t.Context())
					if want := line.prefix + test.want; seen != nil || text(err) != want {
						t.Errorf("sweep saw %+v and the error %q, want nothing and %q", seen, text(err), want)
					}
					if took := time.Since(began); took != test.took {
						t.Errorf("sweep took %v, want %v", took, test.took)
					}
					if got, want := watch.Throttled(err), test.outcome == "throttled"; got != want {
						t.Errorf("sweep's error is of one that asks too often: %v, want %v", got, want)
					}
					if f := (failure{}); errors.As(err, &f) && f.Outcome() != test.outcome {
						t.Errorf("sweep's error is of a call that was %s, want %s", f.Outcome(), test.outcome)
					}
					if len(w.requests) != 1 {
						t.Errorf("sweep made %d requests, want 1", len(w.requests))
					}
					if got, want := s.Calls(), (map[Call]uint64{{line.operation, test.outcome}: 1}); !maps.Equal(got, want) {
						t.Errorf("calls were counted as %v, want %v", got, want)
					}
				})
			})
		}
	}
}

// A whole sweep may take longer than a call may.
func TestDeadlineOfEachCall(t *testing.T) {
	signed(t)
	synctest.Test(t, func(t *testing.T) {
		answers := inTurn(page("t1", "/dns/a"), page("t2", "/dns/b"), page("", "/dns/c"))
		s, _ := wired(t, Config{}, []ledger.Line{byPath}, func(r *http.Request) (*http.Response, error) {
			<-time.After(4 * time.Second)
			return answers(r)
		})
		began := time.Now()
		seen, err := s.Sweep(t.Context())
		if got, want := names(seen), []string{"/dns/a", "/dns/b", "/dns/c"}; !slices.Equal(got, want) || err != nil {
			t.Errorf("sweep saw %q and the error %v, want %q", got, err, want)
		}
		if took := time.Since(began); took != 12*time.Second {
			t.Errorf("sweep took %v, want 12s", took)
		}
	})
}

// A sweep leaves half of the account's rate to others: twenty calls at once, then twenty a
// second. To wait for that is no call that takes too long.
func TestPace(t *testing.T) {
	signed(t)
	for _, tt := range []struct {
		calls int
		most  time.Duration // or 0
		took  time.Duration
		err   string
		made  int
	}{
		{20, 0, 0, "", 20},
		{21, 0, 50 * time.Millisecond, "", 21},
		{100, 0, 4 * time.Second, "", 100},
		{1000, 0, 49 * time.Second, "", 1000},
		{1000, 5 * time.Second, 5 * time.Second, "read the parameters below /dns: found no answer in time", 120},
		{1000, 4980 * time.Millisecond, 4980 * time.Millisecond, "read the parameters below /dns: found no answer in time", 119},
	} {
		synctest.Test(t, func(t *testing.T) {
			var answers []answer
			for i := range tt.calls - 1 {
				answers = append(answers, page(strconv.Itoa(i+1), "/dns/cache"))
			}
			s, w := wired(t, Config{}, []ledger.Line{byPath}, inTurn(append(answers, page(""))...))
			ctx, cancel := context.WithTimeout(t.Context(), cmp.Or(tt.most, time.Hour))
			defer cancel()
			began := time.Now()
			_, err := s.Sweep(ctx)
			if took := time.Since(began).Round(time.Millisecond); took != tt.took || text(err) != tt.err {
				t.Errorf("a sweep of %d calls took %v with the error %q, want %v and %q", tt.calls, took, text(err), tt.took, tt.err)
			}
			if made := len(w.requests); made < tt.made-1 || made > tt.made {
				t.Errorf("a sweep of %d calls made %d, want %d", tt.calls, made, tt.made)
			}
		})
	}
}

func TestCancel(t *testing.T) {
	signed(t)
	synctest.Test(t, func(t *testing.T) {
		s, w := wired(t, Config{}, []ledger.Line{byPath, byName}, hangs)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		began := time.Now()
		seen, err := s.Sweep(ctx)
		want := "read the parameters below /dns: canceled, context canceled"
		if seen != nil || text(err) != want || !errors.Is(err, context.Canceled) {
			t.Errorf("sweep saw %+v and the error %q, want nothing and %q", seen, text(err), want)
		}
		if took := time.Since(began); took != time.Second || len(w.requests) != 1 {
			t.Errorf("sweep took %v and made %d requests, want 1s and 1", took, len(w.requests))
		}
	})
}

// What is counted stays so, and may be read while a sweep goes on.
func TestCalls(t *testing.T) {
	signed(t)
	synctest.Test(t, func(t *testing.T) {
		s, _ := wired(t, Config{}, []ledger.Line{byPath, byName},
			inTurn(page("t1"), page(""), page("", "/dns/cache"), page("t1"), throttled, hangs))
		if got := s.Calls(); len(got) != 0 {
			t.Errorf("calls were counted as %v before there were any", got)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range 3 {
				_, _ = s.Sweep(t.Context())
			}
		}()
		<-time.After(time.Second) // in the middle of the third sweep
		before := s.Calls()
		<-done
		want := map[Call]uint64{
			{"GetParametersByPath", "ok"}:        3,
			{"GetParametersByPath", "throttled"}: 1,
			{"GetParameters", "ok"}:              1,
		}
		if !maps.Equal(before, want) {
			t.Errorf("calls were counted as %v, want %v", before, want)
		}
		want[Call{"GetParametersByPath", "timeout"}] = 1
		if got := s.Calls(); !maps.Equal(got, want) {
			t.Errorf("calls were counted as %v, want %v", got, want)
		}
	})
}

func TestBatches(t *testing.T) {
	name := func(name, label string) ledger.Line { return ledger.Line{Parameter: name, Label: label} }
	for _, test := range []struct {
		name  string
		lines []ledger.Line
		want  [][]int
	}{
		{
			name: "none",
		},
		{
			name:  "paths",
			lines: []ledger.Line{byPath, {Path: "/more"}},
		},
		{
			name:  "one",
			lines: []ledger.Line{byPath, name("/a", "")},
			want:  [][]int{{1}},
		},
		{
			name:  "ten",
			lines: manyNames(10),
			want:  [][]int{{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}},
		},
		{
			name:  "eleven",
			lines: manyNames(11),
			want:  [][]int{{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {10}},
		},
		{
			name:  "two labels of one parameter",
			lines: []ledger.Line{name("/a", "blue"), name("/a", "green"), name("/b", "")},
			want:  [][]int{{0, 2}, {1}},
		},
		{
			name:  "two labels of each parameter",
			lines: []ledger.Line{name("/a", "blue"), name("/a", "green"), name("/b", "blue"), name("/b", "green")},
			want:  [][]int{{0, 2}, {1, 3}},
		},
		{
			name:  "one parameter in two lines",
			lines: []ledger.Line{name("/a", ""), name("/a", "")},
			want:  [][]int{{0}, {1}},
		},
		{
			name:  "one parameter with a label and without",
			lines: []ledger.Line{name("/a", ""), name("/a", "blue"), name("/a", "green")},
			want:  [][]int{{0}, {1}, {2}},
		},
		{
			name:  "names that differ in case",
			lines: []ledger.Line{name("/a", ""), name("/A", "")},
			want:  [][]int{{0, 1}},
		},
		{
			name:  "a second label when a call is full",
			lines: append(manyNames(10), name("/p0", "blue"), name("/q", "")),
			want:  [][]int{{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {10, 11}},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := &Store{lines: test.lines}
			var got [][]int
			for _, batch := range s.batches(s.refs()) {
				var lines []int
				for _, ref := range batch {
					lines = append(lines, ref.Line)
				}
				got = append(got, lines)
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("batches are %v, want %v", got, test.want)
			}
		})
	}
}

func manyNames(n int) []ledger.Line {
	var lines []ledger.Line
	for i := range n {
		lines = append(lines, ledger.Line{Parameter: "/p" + string(rune('0'+i))})
	}
	return lines
}

var throttled = status(400, `{"__type":"ThrottlingException","message":"Rate exceeded"}`)

func elsewhere(r *http.Request) (*http.Response, error) {
	resp, err := status(302, "")(r)
	resp.Header.Set("Location", "https://192.0.2.2/")
	return resp, err
}

func refused(*http.Request) (*http.Response, error) {
	return nil, &net.OpError{
		Op:   "dial",
		Net:  "tcp",
		Addr: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 443},
		Err:  os.NewSyscallError("connect", syscall.ECONNREFUSED),
	}
}

func hangs(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// broken answers with a body that begins like this, and then does as rest does.
func broken(begin string, rest interface{ then(context.Context) error }) answer {
	return func(r *http.Request) (*http.Response, error) {
		resp, err := status(200, "")(r)
		resp.ContentLength = 1 << 10
		resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(begin), end{r.Context(), rest.then}))
		return resp, err
	}
}

type hanging struct{}

func (hanging) then(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

type closed struct{}

func (closed) then(context.Context) error { return io.ErrUnexpectedEOF }

type end struct {
	ctx  context.Context
	then func(context.Context) error
}

func (e end) Read([]byte) (int, error) { return 0, e.then(e.ctx) }
