package terraform_test

import (
	"context"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/octoenergy/versionalias/internal/program"
)

// client asks for one name again and again, each time for the next of its subnets.
type client struct {
	t      testing.TB
	rounds chan []string // the last answers for all subnets, while somebody listens
	stop   func()
}

// subnets is for how many subnets a client asks.
const subnets = 16

// ask starts a client, which asks every period until the test ends, or it is stopped. Whatever happens
// meanwhile, the test fails if one answer does.
func ask(t testing.TB, server, name string, period time.Duration) *client {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan int)
	c := &client{t, make(chan []string), sync.OnceFunc(func() {
		cancel()
		t.Logf("%d answers for %s", <-done, name)
	})}
	go func() {
		count := 0
		defer func() { done <- count }()
		tick := time.NewTicker(period)
		defer tick.Stop()
		for {
			var round []string
			for i := range subnets {
				select {
				case <-tick.C:
				case <-ctx.Done():
					return
				}
				answer, ok := exchange(server, name, byte(i))
				if !ok {
					t.Errorf("answer %d for %s is %s, want one with an address", count, name, answer)
				}
				count++
				round = append(round, answer)
			}
			select {
			case c.rounds <- round:
			default:
			}
		}
	}()
	t.Cleanup(c.stop)
	return c
}

// exchange is the name that leads to an address; not ok if there is none.
func exchange(server, name string, subnet byte) (answer string, ok bool) {
	m := new(dns.Msg).SetQuestion(name, dns.TypeA).SetEdns0(1232, false)
	m.IsEdns0().Option = []dns.EDNS0{&dns.EDNS0_SUBNET{
		Code: dns.EDNS0SUBNET, Family: 1, SourceNetmask: 24, Address: net.IPv4(10, 0, subnet, 0),
	}}
	r, err := program.Exchange(m, server)
	if err != nil {
		return err.Error(), false
	}
	if r.Rcode != dns.RcodeSuccess || len(r.Answer) == 0 {
		return dns.RcodeToString[r.Rcode], false
	}
	last := r.Answer[len(r.Answer)-1]
	_, ok = last.(*dns.A)
	return last.Header().Name, ok
}

// settles waits until all subnets are led to the versions that are wanted, and to each
// of them some. From then on they have to stay there.
func (c *client) settles(versions ...string) {
	c.t.Helper()
	var got []string
	timeout := time.After(program.Patience)
	for steady := 0; steady < 4; {
		select {
		case round := <-c.rounds:
			switch reached := distinct(round); {
			case !slices.Equal(reached, versions):
				if steady > 0 {
					c.t.Fatalf("clients are led to %s after they were led to %s", strings.Join(round, " "), strings.Join(got, " "))
				}
			case steady > 1 && !slices.Equal(round, got):
				c.t.Fatalf("clients moved from %s to %s, want them to stay", strings.Join(got, " "), strings.Join(round, " "))
			default:
				steady++
			}
			got = round
		case <-timeout:
			c.t.Fatalf("clients are led to %s, want to %s", strings.Join(distinct(got), " "), strings.Join(versions, " "))
		}
	}
}

func distinct(list []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(list)))
}
