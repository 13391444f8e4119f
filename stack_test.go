package versionalias

import (
	"context"
	"testing"
	"unsafe"

	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/test"
	"github.com/coredns/coredns/request"
	"github.com/miekg/dns"

	"github.com/octoenergy/versionalias/plugin/alias"
)

// However much of its stack a query has used before, what comes after the plugin's first
// call has room on it.
func TestGrowStack(t *testing.T) {
	grown := false
	take := func() { grown = grown || moves(func() { takeStack(false) }) }
	v := &VersionAlias{Next: plugin.HandlerFunc(func(context.Context, dns.ResponseWriter, *dns.Msg) (int, error) {
		take()
		return dns.RcodeSuccess, nil
	})}
	v.table.Store(&alias.Table{})
	ctx, w := context.Background(), new(test.ResponseWriter)
	r := new(dns.Msg).SetQuestion("cache.corp.internal.", dns.TypeA)
	for name, call := range map[string]func(){
		"ServeDNS": func() { _, _ = v.ServeDNS(ctx, w, r) },
		"Metadata": func() {
			v.Metadata(ctx, request.Request{W: w, Req: r})
			take()
		},
	} {
		grown = false
		for calls := range 200 {
			done := make(chan struct{})
			go func() {
				defer close(done)
				nest(calls, call)
			}()
			<-done
		}
		if grown {
			t.Errorf("%s: the stack grew after it was called, want it grown then", name)
		}
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
