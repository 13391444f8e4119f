package versionalias

import (
	"context"
	"testing"
	"unsafe"

	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/test"
	"github.com/miekg/dns"

	"github.com/octoenergy/versionalias/plugin/alias"
)

// However much of its stack a query has used before, the plugins below have room on it.
func TestGrowStack(t *testing.T) {
	grown := false
	next := plugin.HandlerFunc(func(context.Context, dns.ResponseWriter, *dns.Msg) (int, error) {
		grown = grown || moves(func() { takeStack(false) })
		return dns.RcodeSuccess, nil
	})
	v := &VersionAlias{Next: next}
	v.table.Store(&alias.Table{})
	r := new(dns.Msg).SetQuestion("cache.corp.internal.", dns.TypeA)
	for calls := range 200 {
		done := make(chan struct{})
		go func() {
			defer close(done)
			nest(calls, func() { _, _ = v.ServeDNS(context.Background(), new(test.ResponseWriter), r) })
		}()
		<-done
	}
	if grown {
		t.Error("the stack grew below the plugin, want it grown before")
	}
}

// moves reports whether the stack is another one after f than before.
//
//go:noinline
func moves(f func()) bool {
	var here byte
	before := uintptr(unsafe.Pointer(&here))
	f()
	return uintptr(unsafe.Pointer(&here)) != before
}

// nest calls f with that many calls on the stack.
//
//go:noinline
func nest(calls int, f func()) {
	if calls == 0 {
		f()
		return
	}
	nest(calls-1, f)
}

// takeStack needs half of what growStack makes: the calls in between have some of it.
//
//go:noinline
func takeStack(never bool) {
	if never {
		var room [stackRoom / 2]byte
		keepHalf(&room)
	}
}

//go:noinline
func keepHalf(room *[stackRoom / 2]byte) { room[0] = 1 }
