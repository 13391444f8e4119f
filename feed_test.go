package versionalias

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coredns/coredns/plugin"
	"github.com/miekg/dns"

	"github.com/octoenergy/versionalias/plugin/ledger"
)

// No bad document changes an answer, whatever is wrong with it; each is said
// with its exact error, and the next good one is adopted.
func TestBadDocumentsKeepTheLastGood(t *testing.T) {
	paths, err := filepath.Glob("plugin/alias/testdata/bad/*")
	if err != nil || len(paths) < 50 {
		t.Fatalf("found %d bad documents, %v, want at least 50", len(paths), err)
	}
	var seen []ledger.Parameter
	v := fed(t, new(instance), &source{sweep: func(context.Context) ([]ledger.Parameter, error) { return seen, nil }})
	v.Next = plugin.HandlerFunc(func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
		return dns.RcodeSuccess, w.WriteMsg(reply(r, r.Question[0].Name+" 60 IN A 192.0.2.1"))
	})
	version := int64(0)
	sweep := func(value string) {
		version++
		seen = cache(value, version)
		v.feed.watcher.Sweep(t.Context())
	}
	const want = `
		NOERROR aa
		cache.corp.internal. 5 CNAME cache-v1.corp.internal.
		cache-v1.corp.internal. 60 A 192.0.2.1`
	answer := func() string {
		w := newWrites()
		if _, err := v.ServeDNS(context.Background(), w, question("cache.corp.internal.", dns.TypeA)); err != nil {
			t.Fatal(err)
		}
		return show(w.Msg)
	}
	sweep("cache-v1.corp.internal")
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		document, fault, ok := strings.Cut(string(text), "\n-- want --\n")
		if !ok {
			t.Fatalf("%s does not say what is wrong with it", path)
		}
		sweep(document)
		rejections := v.feed.ledger.Load().Rejections()
		if len(rejections) != 1 || rejections[0].Err.Error() != strings.TrimSuffix(fault, "\n") {
			t.Errorf("%s: rejected are %v, want it, for %s", path, rejections, fault)
		}
		if got := answer(); got != trim(want) {
			t.Errorf("%s: got\n%s\nwant\n%s", path, got, trim(want))
		}
	}
	sweep("cache-v2.corp.internal")
	if got := answer(); got != trim(strings.ReplaceAll(want, "v1", "v2")) {
		t.Errorf("a good document after all these: got\n%s", got)
	}
}

// What the old instance sees between the take-over and the start of the new one
// is taken over as well.
func TestTakeOverUntilTheStart(t *testing.T) {
	seen := cache("cache-v1.corp.internal", 1)
	sweep := func(context.Context) ([]ledger.Parameter, error) { return seen, nil }
	old, heir := fed(t, new(instance), &source{sweep: sweep}), fed(t, new(instance), &source{sweep: sweep})
	old.feed.watcher.Sweep(t.Context())
	heir.feed.inherit([]*feed{old.feed}, []*feed{old.feed})
	target := func() string { return string(heir.table.Load().Get("cache.corp.internal.").Target) }
	if got := target(); got != "cache-v1.corp.internal." {
		t.Errorf("the heir got the target %s, want v1", got)
	}
	seen = cache("cache-v2.corp.internal", 2)
	old.feed.watcher.Sweep(t.Context())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	heir.feed.run(ctx)
	if got := target(); got != "cache-v2.corp.internal." {
		t.Errorf("at its start the heir got the target %s, want v2", got)
	}
}
