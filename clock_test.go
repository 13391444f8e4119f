package versionalias

import (
	"context"
	"math/bits"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"

	"github.com/octoenergy/versionalias/plugin/alias"
)

// A clock that is off by as much as it may be makes no client move sooner or later, nor a TTL
// reach past that; and it is what is looked at for clients that do not move soon.
func TestClock(t *testing.T) {
	const (
		ramp = `{"from": "v1.corp.internal", "to": "v2.corp.internal", "start": "2000-01-01T01:00:00Z", "over": "1h"}`
		soon = 5*time.Second + alias.Late // the TTL, and how much longer an answer may be around
	)
	client := at(t, "cache.corp.internal.", 0.5, v4)
	part, _ := bits.Mul64(uint64(time.Hour), alias.Position("cache.corp.internal.", client))
	turn := time.Hour + time.Duration(part)
	for _, tt := range []struct {
		name string
		at   time.Duration // since the bubble's beginning
		off  time.Duration // the clock, from that
		want string
		ttl  uint32
	}{
		{"it is slow, and the client moves", turn, -lag, "v2.corp.internal.", 5},
		{"it is slow, and the client moves soon", turn - 2500*time.Millisecond, -lag, "v1.corp.internal.", 2},
		{"it is slow, and the client's TTL ends just before", turn - 4500*time.Millisecond, -lag, "v1.corp.internal.", 4},
		{"it is fast, and the client moves soon", turn - 2500*time.Millisecond, lag, "v1.corp.internal.", 2},
		{"it is fast, and the client has not moved", turn - 1, lag, "v1.corp.internal.", 0},
		{"it is all that is looked at before", turn, -soon - lag, "v1.corp.internal.", 5},
		{"and behind", turn - soon, soon + lag, "v2.corp.internal.", 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := moving(t, "cache", ramp, false)
				<-time.After(tt.at)
				clock := time.Now().Add(tt.off)
				v.instance.clock.now.Store(&clock)
				m := v.asked(t, client, "", "cache.corp.internal.", dns.TypeA)
				cname := m.Answer[0].(*dns.CNAME)
				if cname.Target != tt.want || cname.Hdr.Ttl != tt.ttl {
					t.Errorf("got %s %d, want %s %d", cname.Target, cname.Hdr.Ttl, tt.want, tt.ttl)
				}
			})
		})
	}
}

// A clock is never further off than a tick as long as somebody keeps it, and says nothing else.
func TestClockIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c clock
		ctx, cancel := context.WithCancel(t.Context())
		kept := make(chan struct{})
		go func() {
			c.keep(ctx)
			close(kept)
		}()
		for range 10 {
			<-time.After(700 * time.Millisecond)
			synctest.Wait()
			if now := c.now.Load(); now == nil || time.Since(*now) >= tick {
				t.Fatalf("at %v it is %v, want it at most %v ago", time.Now(), now, tick)
			}
		}
		cancel()
		<-kept
		if now := c.now.Load(); now != nil {
			t.Errorf("once nobody keeps it, it is %v, want nothing", now)
		}
	})
}
