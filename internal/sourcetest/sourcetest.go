// Package sourcetest is what every source of parameters has in common, as a
// table of what is put there and what a sweep then sees.
package sourcetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/octoenergy/versionalias/plugin/ledger"
	"github.com/octoenergy/versionalias/plugin/watch"
)

// Store is where a source's parameters are.
type Store interface {
	Put(t testing.TB, name, value string) // makes the parameter, or gives it a new value
	Delete(t testing.TB, name string)
	Source(t testing.TB, lines []ledger.Line) watch.Source
}

// step is a change of the store, and what a sweep sees then.
type step struct {
	put    map[string]string
	delete []string
	want   []ledger.Parameter
}

var cases = []struct {
	name  string
	lines []ledger.Line
	steps []step
}{
	{
		name:  "a path with nothing below it",
		lines: []ledger.Line{path("/dns/aliases")},
		steps: []step{{put: map[string]string{"/other/a": "x"}}},
	},
	{
		name:  "a path",
		lines: []ledger.Line{path("/dns/aliases")},
		steps: []step{{
			put:  map[string]string{"/dns/aliases/a": "x"},
			want: []ledger.Parameter{seen(0, "/dns/aliases/a", "x")},
		}},
	},
	{
		name:  "further below a path",
		lines: []ledger.Line{path("/dns")},
		steps: []step{{
			put: map[string]string{"/dns/a": "1", "/dns/b/a": "2", "/dns/b/c/d/e/f/g/h/i/j/k/l/m/n": "3"},
			want: []ledger.Parameter{
				seen(0, "/dns/a", "1"),
				seen(0, "/dns/b/a", "2"),
				seen(0, "/dns/b/c/d/e/f/g/h/i/j/k/l/m/n", "3"),
			},
		}},
	},
	{
		name:  "beside a path",
		lines: []ledger.Line{path("/dns/a")},
		steps: []step{{put: map[string]string{"/dns/aa": "x", "/dns/a-b/c": "x", "/dns/a.b": "x", "/a": "x"}}},
	},
	{
		name:  "every character of a name",
		lines: []ledger.Line{path("/dns")},
		steps: []step{{
			put:  map[string]string{"/dns/Cache-2_b.corp.internal": "x"},
			want: []ledger.Parameter{seen(0, "/dns/Cache-2_b.corp.internal", "x")},
		}},
	},
	{
		name:  "a value as it is",
		lines: []ledger.Line{path("/dns")},
		steps: []step{{
			put:  map[string]string{"/dns/a": " {\"to\": \"ü\"}\t\r\n\n", "/dns/b": "\n"},
			want: []ledger.Parameter{seen(0, "/dns/a", " {\"to\": \"ü\"}\t\r\n\n"), seen(0, "/dns/b", "\n")},
		}},
	},
	{
		name:  "everything",
		lines: []ledger.Line{path("/")},
		steps: []step{{
			put:  map[string]string{"/a": "1", "/dns/b": "2"},
			want: []ledger.Parameter{seen(0, "/a", "1"), seen(0, "/dns/b", "2")},
		}},
	},
	{
		name:  "exactly a page",
		lines: []ledger.Line{path("/dns")},
		steps: []step{{put: many("/dns", 10), want: manySeen("/dns", 10)}},
	},
	{
		name:  "several pages",
		lines: []ledger.Line{path("/dns")},
		steps: []step{{put: many("/dns", 25), want: manySeen("/dns", 25)}},
	},
	{
		name:  "two paths",
		lines: []ledger.Line{path("/one"), path("/two"), path("/three")},
		steps: []step{{
			put:  map[string]string{"/one/a": "1", "/three/a": "3"},
			want: []ledger.Parameter{seen(0, "/one/a", "1"), seen(2, "/three/a", "3")},
		}},
	},
	{
		name:  "parameters by name",
		lines: []ledger.Line{named("/dns/a"), named("/dns/b"), named("/none"), named("/dns/c/d")},
		steps: []step{{
			put:  map[string]string{"/dns/a": "1", "/dns/aa": "x", "/dns/b": "2", "/dns/c/d": "4"},
			want: []ledger.Parameter{seen(0, "/dns/a", "1"), seen(1, "/dns/b", "2"), seen(3, "/dns/c/d", "4")},
		}},
	},
	{
		name:  "a parameter by name below another",
		lines: []ledger.Line{named("/dns/a/b"), named("/dns/a")},
		steps: []step{{
			put:  map[string]string{"/dns/a": "1"},
			want: []ledger.Parameter{seen(1, "/dns/a", "1")},
		}},
	},
	{
		name:  "a parameter by name for two lines",
		lines: []ledger.Line{named("/dns/a"), named("/dns/a")},
		steps: []step{{
			put:  map[string]string{"/dns/a": "1"},
			want: []ledger.Parameter{seen(0, "/dns/a", "1"), seen(1, "/dns/a", "1")},
		}},
	},
	{
		name:  "a parameter by name and by path",
		lines: []ledger.Line{named("/dns/a"), path("/dns")},
		steps: []step{{
			put:  map[string]string{"/dns/a": "1"},
			want: []ledger.Parameter{seen(0, "/dns/a", "1"), seen(1, "/dns/a", "1")},
		}},
	},
	{
		name:  "more by name than a call reads",
		lines: manyNamed("/dns", 11),
		steps: []step{{put: many("/dns", 11), want: manyByName("/dns", 11)}},
	},
	{
		name:  "changes",
		lines: []ledger.Line{path("/dns"), named("/dns/a")},
		steps: []step{
			{},
			{
				put:  map[string]string{"/dns/a": "1", "/dns/b": "1"},
				want: []ledger.Parameter{seen(0, "/dns/a", "1"), seen(0, "/dns/b", "1"), seen(1, "/dns/a", "1")},
			},
			{
				put:  map[string]string{"/dns/a": "2"},
				want: []ledger.Parameter{seen(0, "/dns/a", "2"), seen(0, "/dns/b", "1"), seen(1, "/dns/a", "2")},
			},
			{
				delete: []string{"/dns/a"},
				want:   []ledger.Parameter{seen(0, "/dns/b", "1")},
			},
			{
				put:  map[string]string{"/dns/a": "1"},
				want: []ledger.Parameter{seen(0, "/dns/a", "1"), seen(0, "/dns/b", "1"), seen(1, "/dns/a", "1")},
			},
			{delete: []string{"/dns/a", "/dns/b"}},
		},
	},
}

func path(p string) ledger.Line  { return ledger.Line{Path: p} }
func named(p string) ledger.Line { return ledger.Line{Parameter: p} }

func seen(line int, name, value string) ledger.Parameter {
	return ledger.Parameter{Line: line, Name: name, Value: value}
}

// many is n parameters below path.
func many(path string, n int) map[string]string {
	parameters := map[string]string{}
	for i := range n {
		parameters[numbered(path, i)] = fmt.Sprint(i)
	}
	return parameters
}

func manySeen(path string, n int) []ledger.Parameter {
	var parameters []ledger.Parameter
	for i := range n {
		parameters = append(parameters, seen(0, numbered(path, i), fmt.Sprint(i)))
	}
	return parameters
}

func manyNamed(path string, n int) []ledger.Line {
	var lines []ledger.Line
	for i := range n {
		lines = append(lines, named(numbered(path, i)))
	}
	return lines
}

func manyByName(path string, n int) []ledger.Parameter {
	parameters := manySeen(path, n)
	for i := range parameters {
		parameters[i].Line = i
	}
	return parameters
}

func numbered(path string, i int) string { return fmt.Sprintf("%s/p%02d", path, i) }

// Run tests a kind of source. Empty makes a store of it with nothing in it.
func Run(t *testing.T, empty func(t testing.TB) Store) {
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			store := empty(t)
			source := store.Source(t, test.lines)
			for i, s := range test.steps {
				for _, name := range slices.Sorted(maps.Keys(s.put)) {
					store.Put(t, name, s.put[name])
				}
				for _, name := range s.delete {
					store.Delete(t, name)
				}
				if got := sweep(t, source); !slices.Equal(got, s.want) {
					t.Errorf("step %d: sweep saw %+v, want %+v", i, got, s.want)
				}
				byName := func(ctx context.Context) ([]ledger.Parameter, error) {
					return source.Read(ctx, refs(test.lines, test.steps))
				}
				if got := look(t, byName); !slices.Equal(got, s.want) {
					t.Errorf("step %d: a read by name saw %+v, want %+v", i, got, s.want)
				}
			}
		})
	}
	t.Run("released", func(t *testing.T) { released(t, empty(t)) })
	t.Run("cancelled", func(t *testing.T) { cancelled(t, empty(t)) })
}

// refs is every parameter that a sweep of these steps sees, and one that is never
// there for each line.
func refs(lines []ledger.Line, steps []step) []ledger.Ref {
	var refs []ledger.Ref
	for i, line := range lines {
		if line.Parameter != "" {
			refs = append(refs, ledger.Ref{Line: i, Name: line.Parameter})
		} else {
			refs = append(refs, ledger.Ref{Line: i, Name: strings.TrimSuffix(line.Path, "/") + "/never"})
		}
	}
	for _, step := range steps {
		for _, p := range step.want {
			if ref := (ledger.Ref{Line: p.Line, Name: p.Name}); !slices.Contains(refs, ref) {
				refs = append(refs, ref)
			}
		}
	}
	return refs
}

// sweep is what a sweep of source sees, as by look.
func sweep(t *testing.T, source watch.Source) []ledger.Parameter {
	t.Helper()
	return look(t, source.Sweep)
}

// look is what do sees, in a certain order, and without what no two sources have
// in common: versions and times.
func look(t *testing.T, do func(context.Context) ([]ledger.Parameter, error)) []ledger.Parameter {
	t.Helper()
	got, err := do(t.Context())
	for tries := 1; err != nil && tries < 3; tries++ { // as a watcher does: see emulator.Start
		t.Logf("look: %v", err)
		got, err = do(t.Context())
	}
	if err != nil {
		t.Fatalf("look: %v", err)
	}
	for i, p := range got {
		if p.Version < 1 || p.Modified.IsZero() {
			t.Errorf("sweep saw version %d of %v for %s, want both set", p.Version, p.Modified, p.Name)
		}
		got[i].Version = 0
		got[i].Modified = time.Time{}
	}
	slices.SortFunc(got, func(a, b ledger.Parameter) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Name, b.Name))
	})
	return got
}

// A sweep may follow a release: load releases, and run sweeps on.
func released(t *testing.T, store Store) {
	store.Put(t, "/dns/a", "x")
	source := store.Source(t, []ledger.Line{path("/dns")})
	want := []ledger.Parameter{seen(0, "/dns/a", "x")}
	for range 2 {
		source.Release()
		if got := sweep(t, source); !slices.Equal(got, want) {
			t.Errorf("after a release the sweep saw %+v, want %+v", got, want)
		}
	}
	source.Release()
}

// A sweep that is cancelled is not complete, whatever there is.
func cancelled(t *testing.T, store Store) {
	store.Put(t, "/dns/a", "x")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got, err := store.Source(t, []ledger.Line{path("/dns")}).Sweep(ctx)
	if got != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled sweep saw %+v and the error %v, want nothing and %v", got, err, context.Canceled)
	}
}
