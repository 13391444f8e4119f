package alias

import (
	"net/netip"
	"slices"
	"sync/atomic"
	"time"
)

// MaxClients is how many clients a Retired tells apart.
const MaxClients = 20

// Retired counts the queries for a name that aliases have led to, from the time
// on at which no cache has a reason to ask for it. Its methods may be called at
// any time, by anyone; none of them waits.
type Retired struct {
	// From and Until are when queries begin and cease to count.
	From, Until time.Time

	queries atomic.Uint64
	last    atomic.Int64 // when the last one was counted, in Unix nanoseconds
	clients atomic.Pointer[[]netip.Addr]
}

// Count counts a query of a client at now, if it is one to count. A cache that asks ahead of its
// clients is none itself, and has no address.
func (r *Retired) Count(client netip.Addr, now time.Time) {
	if now.Before(r.From) || !now.Before(r.Until) {
		return
	}
	r.queries.Add(1)
	r.last.Store(now.UnixNano())
	if !client.IsValid() {
		return
	}
	for {
		old := r.clients.Load()
		var known []netip.Addr
		if old != nil {
			known = *old
		}
		if len(known) == MaxClients || slices.Contains(known, client) {
			return
		}
		next := append(slices.Clip(known), client)
		if r.clients.CompareAndSwap(old, &next) {
			return
		}
	}
}

// Queries is how many were counted.
func (r *Retired) Queries() uint64 { return r.queries.Load() }

// Last is when the last query was counted, or zero.
func (r *Retired) Last() time.Time {
	if last := r.last.Load(); last != 0 {
		return time.Unix(0, last)
	}
	return time.Time{}
}

// Clients is the addresses that asked, MaxClients at most, in the order in which
// they came.
func (r *Retired) Clients() []netip.Addr {
	if known := r.clients.Load(); known != nil {
		return slices.Clone(*known)
	}
	return nil
}
