package versionalias

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/coredns/coredns/plugin/metadata"
	"github.com/coredns/coredns/request"
	"github.com/miekg/dns"
)

// metadataOf is the context of a query for an alias, with the metadata plugin or
// without.
func metadataOf(ctx context.Context) context.Context {
	v := above(nil, cacheAlias)
	return v.Metadata(ctx, request.Request{Req: question("cache.corp.internal.", dns.TypeA), W: newWrites()})
}

// However metadata are looked for, they are there.
func TestMetadataLookedFor(t *testing.T) {
	want := []string{"versionalias/alias", "versionalias/target", "versionalias/version"}
	for name, labels := range map[string]func(ctx context.Context) []string{
		"Labels": metadata.Labels,
		"ValueFuncs": func(ctx context.Context) []string {
			var list []string
			for label := range metadata.ValueFuncs(ctx) {
				list = append(list, label)
			}
			return list
		},
		"ValueFunc": func(ctx context.Context) []string {
			return slices.DeleteFunc(slices.Clone(want), func(label string) bool { return metadata.ValueFunc(ctx, label) == nil })
		},
	} {
		ctx := metadataOf(metadata.ContextWithMetadata(context.Background()))
		got := labels(context.WithValue(ctx, probing{}, true)) // as what is below may have it
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s has the labels %q, want %q", name, got, want)
		}
	}
}

// What another plugin says later holds.
func TestMetadataOverwritten(t *testing.T) {
	ctx := metadataOf(metadata.ContextWithMetadata(context.Background()))
	metadata.SetValueFunc(ctx, "versionalias/target", func() string { return "other" })
	if got := metadata.ValueFunc(ctx, "versionalias/target")(); got != "other" {
		t.Errorf("the target is %q, want the other plugin's", got)
	}
}

// A name may be written with more than 255 octets.
func TestMetadataOfLongName(t *testing.T) {
	v := moving(t, "cache", `{"to": "v2.corp.internal", "subtree": "keep"}`, false)
	front := strings.Repeat(strings.Repeat(`\001`, 60)+".", 3)
	state := request.Request{Req: question(front+"cache.corp.internal.", dns.TypeA), W: newWrites()}
	ctx := v.Metadata(metadata.ContextWithMetadata(context.Background()), state)
	if got, want := metadata.ValueFunc(ctx, "versionalias/target")(), front+"v2.corp.internal."; got != want {
		t.Errorf("the target is %q, want %q", got, want)
	}
}

func TestMetadataWithoutPlugin(t *testing.T) {
	if got := metadata.Labels(metadataOf(context.Background())); got != nil {
		t.Errorf("found the labels %q, want none", got)
	}
}

// A plugin below may look from goroutines of its own, as cache does.
func TestMetadataLookedForAtOnce(t *testing.T) {
	ctx := metadataOf(metadata.ContextWithMetadata(context.Background()))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if got := metadata.ValueFunc(ctx, "versionalias/target"); got == nil || got() != "cache-v1.corp.internal." {
				t.Error("the target is missing")
			}
		})
	}
	wg.Wait()
}

// Metadata that nobody looks for are not made.
func TestMetadataAllocations(t *testing.T) {
	v := above(nil, cacheAlias)
	ctx := metadata.ContextWithMetadata(context.Background())
	state := request.Request{Req: question("cache.corp.internal.", dns.TypeA), W: newWrites()}
	for want, ask := range map[float64]func(){
		1: func() { v.Metadata(ctx, state) },
		4: func() { metadata.ValueFunc(v.Metadata(ctx, state), "versionalias/target") }, // a function for each
	} {
		if got := testing.AllocsPerRun(100, ask); got != want {
			t.Errorf("a query for an alias allocates %v times, want %v", got, want)
		}
	}
}
