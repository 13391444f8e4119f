// Package bench measures the plugin beside what CoreDNS has for the same
// purpose. See README.md.
package bench

import (
	"os"
	"runtime"
	"slices"
	"testing"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
	clog "github.com/coredns/coredns/plugin/pkg/log"

	_ "github.com/coredns/coredns/plugin/bind"
	_ "github.com/coredns/coredns/plugin/rewrite"
	_ "github.com/coredns/coredns/plugin/template"

	_ "github.com/octoenergy/versionalias"
)

func TestMain(m *testing.M) {
	caddy.Quiet, dnsserver.Quiet = true, true
	clog.Discard()
	dnsserver.Directives = directives(dnsserver.Directives)

	heap := liveHeap(64 << 20)
	code := m.Run()
	runtime.KeepAlive(heap)
	os.Exit(code)
}

// directives is the order of plugins that the project's own build has, with the
// harness's below.
func directives(stock []string) []string {
	ours := slices.Insert(slices.Clone(stock), slices.Index(stock, "acl")+1, "versionalias")
	return append(ours, "pass", "memory")
}

// object is 64 bytes that the garbage collector has to look into.
type object struct {
	other *object
	_     [56]byte
}

// liveHeap is that many bytes that stand for a server's caches and zones.
// Without them a benchmark's heap is next to empty: the collector then runs all
// the time and has nothing to mark.
func liveHeap(bytes int) []*object {
	objects := make([]*object, bytes/64)
	for i := range objects {
		objects[i] = &object{other: objects[i/2]}
	}
	return objects
}
