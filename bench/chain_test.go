package bench

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/plugin"
	"github.com/miekg/dns"

	"github.com/octoenergy/versionalias/internal/program"
)

// chain is the plugins of a running server, a subject's above memory.
type chain struct {
	plugin.Handler
	ctx  context.Context
	stop func() // before the test ends, so that the heap is as large as it is said to be
}

// alone is the property of memory by which the subject is what takes time.
const alone = "prepared"

func start(tb testing.TB, s subject, properties ...string) chain {
	tb.Helper()
	inst, err := caddy.Start(caddy.CaddyfileInput{
		Filepath:       "Corefile",
		Contents:       fmt.Appendf(nil, "%s:0 {\nbind 127.0.0.1\n%s\nmemory %s\n}\n", zone, s.lines(tb, s.names), strings.Join(properties, " ")),
		ServerTypeName: "dns",
	})
	if err != nil {
		tb.Fatalf("start %v: %v", s, err)
	}
	stop := sync.OnceFunc(func() {
		if err := errors.Join(append(inst.ShutdownCallbacks(), inst.Stop())...); err != nil {
			tb.Errorf("stop %v: %v", s, err)
		}
	})
	tb.Cleanup(stop)
	inst.StorageMu.RLock()
	m := inst.Storage[memoryKey{}].(*memory)
	inst.StorageMu.RUnlock()
	ctx := queryContext(tb, inst, m)
	m.records = records()
	return chain{m.server.Handler(s.plugin), ctx, stop}
}

// queryContext is the context that the server gives to a query. The server is
// in it, which template asks for its targets, and which caddy keeps to itself.
func queryContext(tb testing.TB, inst *caddy.Instance, m *memory) context.Context {
	tb.Helper()
	q := new(dns.Msg).SetQuestion("context."+zone, dns.TypeA)
	if _, err := program.Exchange(q, inst.Servers()[0].LocalAddr().String()); err != nil {
		tb.Fatalf("ask the server: %v", err)
	}
	select {
	case ctx := <-m.contexts:
		return ctx
	case <-time.After(program.Patience):
		tb.Fatal("ask the server: the query did not get to the last plugin")
		return nil
	}
}
