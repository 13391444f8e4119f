package paramstore

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/octoenergy/versionalias/internal/emulator"
	"github.com/octoenergy/versionalias/internal/sourcetest"
	"github.com/octoenergy/versionalias/plugin/ledger"
	"github.com/octoenergy/versionalias/plugin/watch"
)

func TestSource(t *testing.T) {
	e := emulator.Start(t)
	e.Setenv(t)
	sourcetest.Run(t, func(t testing.TB) sourcetest.Store {
		e.Reset(t)
		return parameters{admin(t)}
	})
}

// parameters is a Parameter Store with parameters.
type parameters struct{ client *ssm.Client }

func (p parameters) Put(t testing.TB, name, value string) {
	t.Helper()
	p.put(t, &ssm.PutParameterInput{Name: aws.String(name), Value: aws.String(value)})
}

// put makes a parameter, or a new version of it: a String, unless input says
// otherwise. A put whose answer is lost (see emulator.Start) may have been done, and
// a second one would make one version more.
func (p parameters) put(t testing.TB, input *ssm.PutParameterInput) {
	t.Helper()
	input.Overwrite = aws.Bool(true)
	input.Type = cmp.Or(input.Type, types.ParameterTypeString)
	began := time.Now()
	for tries := 1; ; tries++ {
		_, err := p.client.PutParameter(t.Context(), input, func(o *ssm.Options) { o.RetryMaxAttempts = 1 })
		if err == nil || p.modifiedSince(t, *input.Name, began) {
			return
		}
		if tries == 3 {
			t.Fatalf("put %s: %v", *input.Name, err)
		}
	}
}

func (p parameters) modifiedSince(t testing.TB, name string, then time.Time) bool {
	t.Helper()
	output, err := p.client.GetParameter(t.Context(), &ssm.GetParameterInput{Name: &name})
	if isNotFound(err) {
		return false
	}
	if err != nil {
		t.Fatalf("look for %s: %v", name, err)
	}
	return !output.Parameter.LastModifiedDate.Before(inMilliseconds(then))
}

// inMilliseconds is a time as AWS tells times.
func inMilliseconds(at time.Time) time.Time { return at.Truncate(time.Millisecond) }

// label moves a label to a version of a parameter.
func (p parameters) label(t testing.TB, name, label string, version int64) {
	t.Helper()
	output, err := p.client.LabelParameterVersion(t.Context(), &ssm.LabelParameterVersionInput{
		Name:             aws.String(name),
		ParameterVersion: aws.Int64(version),
		Labels:           []string{label},
	})
	if err != nil || len(output.InvalidLabels) != 0 {
		t.Fatalf("label version %d of %s: %v, invalid: %q", version, name, err, output.InvalidLabels)
	}
}

// Delete deletes a parameter. The SDK asks again when the answer is lost (see
// emulator.Start), and finds nothing where it was deleted.
func (p parameters) Delete(t testing.TB, name string) {
	t.Helper()
	_, err := p.client.DeleteParameter(t.Context(), &ssm.DeleteParameterInput{Name: &name})
	if err != nil && !isNotFound(err) {
		t.Fatalf("delete %s: %v", name, err)
	}
}

func isNotFound(err error) bool {
	_, is := errors.AsType[*types.ParameterNotFound](err)
	return is
}

func (parameters) Source(t testing.TB, lines []ledger.Line) watch.Source {
	t.Helper()
	return newStore(t, lines)
}

// newStore makes a Store of the environment's Parameter Store.
func newStore(t testing.TB, lines []ledger.Line) *Store {
	t.Helper()
	s, err := New(t.Context(), Config{}, lines)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Release)
	return s
}

// admin is who puts parameters in the environment's Parameter Store.
func admin(t testing.TB) *ssm.Client {
	t.Helper()
	cfg, err := config.LoadDefaultConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return ssm.NewFromConfig(cfg)
}

// TestParameterStore has what only Parameter Store has: versions, labels, types
// and pages.
func TestParameterStore(t *testing.T) {
	e := emulator.Start(t)
	e.Setenv(t)
	client := admin(t)
	// The emulator loads a service at the first call, which on a busy machine
	// takes longer than a sweep may.
	parameters{client}.Put(t, "/first", "x")
	var (
		path  = ledger.Line{Path: "/dns"}
		plain = ledger.Line{Parameter: "/dns/cache"}
		blue  = ledger.Line{Parameter: "/dns/cache", Label: "blue"}
		green = ledger.Line{Parameter: "/dns/cache", Label: "green"}
		none  = ledger.Line{Parameter: "/none", Label: "blue"}
	)
	for _, test := range []struct {
		name  string
		make  func(t *testing.T, p parameters)
		lines []ledger.Line
		want  []string
		calls map[Call]uint64
	}{
		{
			name:  "no parameter",
			make:  func(*testing.T, parameters) {},
			lines: []ledger.Line{path},
			calls: ok(1, 0),
		},
		{
			name:  "one parameter",
			make:  numbered(1),
			lines: []ledger.Line{path},
			want:  versions("/dns/p%02d", 1),
			calls: ok(1, 0),
		},
		{
			// The emulator adds an empty page.
			name:  "ten parameters",
			make:  numbered(10),
			lines: []ledger.Line{path},
			want:  versions("/dns/p%02d", 10),
			calls: ok(2, 0),
		},
		{
			name:  "eleven parameters",
			make:  numbered(11),
			lines: []ledger.Line{path},
			want:  versions("/dns/p%02d", 11),
			calls: ok(2, 0),
		},
		{
			name:  "25 parameters",
			make:  numbered(25),
			lines: []ledger.Line{path},
			want:  versions("/dns/p%02d", 25),
			calls: ok(3, 0),
		},
		{
			name:  "25 parameters by two paths",
			make:  numbered(25),
			lines: []ledger.Line{{Path: "/other"}, path},
			want:  onLine(1, versions("/dns/p%02d", 25)),
			calls: ok(4, 0),
		},
		{
			name: "later versions",
			make: func(t *testing.T, p parameters) {
				for _, value := range []string{"a", "b", "b"} {
					p.Put(t, "/dns/cache", value)
				}
			},
			lines: []ledger.Line{path, plain},
			want:  []string{`0 /dns/cache 3 "b"`, `1 /dns/cache 3 "b"`},
			calls: ok(1, 1),
		},
		{
			name: "made anew",
			make: func(t *testing.T, p parameters) {
				p.Put(t, "/dns/cache", "a")
				p.Put(t, "/dns/cache", "b")
				p.Delete(t, "/dns/cache")
				p.Put(t, "/dns/cache", "c")
			},
			lines: []ledger.Line{path},
			want:  []string{`0 /dns/cache 1 "c"`},
			calls: ok(1, 0),
		},
		{
			name: "labels of one parameter",
			make: func(t *testing.T, p parameters) {
				for _, value := range []string{"a", "b", "c"} {
					p.Put(t, "/dns/cache", value)
				}
				p.label(t, "/dns/cache", "green", 1)
				p.label(t, "/dns/cache", "blue", 2)
			},
			lines: []ledger.Line{blue, plain, green, path},
			want: []string{
				`0 /dns/cache:blue 2 "b"`,
				`1 /dns/cache 3 "c"`,
				`2 /dns/cache:green 1 "a"`,
				`3 /dns/cache 3 "c"`,
			},
			calls: ok(1, 3),
		},
		{
			name: "a label that moves back",
			make: func(t *testing.T, p parameters) {
				p.Put(t, "/dns/cache", "a")
				p.Put(t, "/dns/cache", "b")
				p.label(t, "/dns/cache", "blue", 2)
				p.label(t, "/dns/cache", "blue", 1)
			},
			lines: []ledger.Line{blue},
			want:  []string{`0 /dns/cache:blue 1 "a"`},
			calls: ok(0, 1),
		},
		{
			name: "a label of another parameter",
			make: func(t *testing.T, p parameters) {
				p.Put(t, "/dns/cache", "a")
				p.Put(t, "/dns/db", "b")
				p.label(t, "/dns/db", "blue", 1)
			},
			lines: []ledger.Line{blue, green, none, {Parameter: "/dns/db", Label: "blue"}},
			want:  []string{`3 /dns/db:blue 1 "b"`},
			calls: ok(0, 2),
		},
		{
			name: "types and data types",
			make: func(t *testing.T, p parameters) {
				p.put(t, &ssm.PutParameterInput{Name: aws.String("/dns/image"), Value: aws.String("ami-12345678901234567"), DataType: aws.String("aws:ec2:image")})
				p.put(t, &ssm.PutParameterInput{Name: aws.String("/dns/list"), Value: aws.String("a,b"), Type: types.ParameterTypeStringList})
				p.put(t, &ssm.PutParameterInput{Name: aws.String("/dns/secret"), Value: aws.String("hush"), Type: types.ParameterTypeSecureString})
				p.put(t, &ssm.PutParameterInput{Name: aws.String("/dns/text"), Value: aws.String("a"), DataType: aws.String("text")})
			},
			lines: []ledger.Line{path, {Parameter: "/dns/secret"}, {Parameter: "/dns/list"}, {Parameter: "/dns/image"}},
			want: []string{
				`0 /dns/image 1 read data type: found aws:ec2:image, want text`,
				`0 /dns/list 1 read type: found StringList, want String`,
				`0 /dns/secret 1 read type: found SecureString, want String`,
				`0 /dns/text 1 "a"`,
				`1 /dns/secret 1 read type: found SecureString, want String`,
				`2 /dns/list 1 read type: found StringList, want String`,
				`3 /dns/image 1 read data type: found aws:ec2:image, want text`,
			},
			calls: ok(1, 1),
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			e.Reset(t)
			began := time.Now()
			test.make(t, parameters{client})
			s := newStore(t, test.lines)
			seen, err := s.Sweep(t.Context())
			for tries := 1; err != nil && tries < 3; tries++ { // see emulator.Start
				t.Logf("sweep: %v", err)
				s = newStore(t, test.lines)
				seen, err = s.Sweep(t.Context())
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := show(seen); !slices.Equal(got, test.want) {
				t.Errorf("sweep saw\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
			if got := s.Calls(); !maps.Equal(got, test.calls) {
				t.Errorf("calls were counted as %v, want %v", got, test.calls)
			}
			for _, p := range seen {
				if p.Modified.Before(inMilliseconds(began)) || p.Modified.After(time.Now()) {
					t.Errorf("%s was modified at %v, want it after %v", p.Name, p.Modified, began)
				}
				if strings.Contains(p.Value, "hush") && !strings.HasPrefix(p.Value, "kms:") {
					t.Errorf("%s was decrypted", p.Name)
				}
			}
		})
	}
}

// numbered makes n parameters.
func numbered(n int) func(*testing.T, parameters) {
	return func(t *testing.T, p parameters) {
		for i := range n {
			p.Put(t, fmt.Sprintf("/dns/p%02d", i), fmt.Sprint(i))
		}
	}
}

// versions is what a sweep sees of them.
func versions(name string, n int) []string {
	var lines []string
	for i := range n {
		lines = append(lines, fmt.Sprintf("0 "+name+` 1 "%d"`, i, i))
	}
	return lines
}

func onLine(line int, lines []string) []string {
	for i, l := range lines {
		lines[i] = fmt.Sprint(line) + strings.TrimPrefix(l, "0")
	}
	return lines
}

// ok is that many calls by path and by name, all good.
func ok(byPath, byName uint64) map[Call]uint64 {
	calls := map[Call]uint64{}
	if byPath > 0 {
		calls[Call{"GetParametersByPath", "ok"}] = byPath
	}
	if byName > 0 {
		calls[Call{"GetParameters", "ok"}] = byName
	}
	return calls
}

// show is a line for each parameter, in a certain order.
func show(seen []ledger.Parameter) []string {
	var lines []string
	for _, p := range seen {
		what := fmt.Sprintf("%q", p.Value)
		if p.Problem != nil {
			what = p.Problem.Error()
		}
		lines = append(lines, fmt.Sprintf("%d %s %d %s", p.Line, p.Name, p.Version, what))
	}
	slices.Sort(lines)
	return lines
}
