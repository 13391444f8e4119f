package versionalias

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/miekg/dns"

	"github.com/octoenergy/versionalias/internal/emulator"
	"github.com/octoenergy/versionalias/internal/figure"
	"github.com/octoenergy/versionalias/internal/program"
)

// admin is who flips aliases, in the emulator.
type admin struct {
	client *ssm.Client
	sqs    *sqs.Client
	queue  string // that events go to, or ""
}

func adminOf(t *testing.T) *admin {
	t.Helper()
	cfg, err := awsconfig.LoadDefaultConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return &admin{client: ssm.NewFromConfig(cfg), sqs: sqs.NewFromConfig(cfg)}
}

// makeQueue makes a queue that each change is told to.
func (a *admin) makeQueue(t *testing.T) {
	t.Helper()
	output, err := a.sqs.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("aliases")})
	if err != nil {
		t.Fatal(err)
	}
	a.queue = *output.QueueUrl
}

func (a *admin) put(name, value string) error {
	_, err := a.client.PutParameter(context.Background(), &ssm.PutParameterInput{
		Name: aws.String(name), Value: aws.String(value), Type: types.ParameterTypeString, Overwrite: aws.Bool(true),
	})
	if err != nil || a.queue == "" {
		return err
	}
	_, err = a.sqs.SendMessage(context.Background(), &sqs.SendMessageInput{QueueUrl: aws.String(a.queue), MessageBody: aws.String(event("Update", name))})
	return err
}

// Two hundred flips among queries over UDP that never pause: no answer is wrong, none
// fails, and none goes back.
func TestFlipsUnderLoad(t *testing.T) {
	e := emulator.Start(t)
	e.Setenv(t)
	flipsUnderLoad(t, adminOf(t), "refresh 1s")
}

// The same by push alone: the sweeps are too far apart to find any. The emulator
// emits no events, so that whoever flips puts them into the queue.
func TestFlipsByPush(t *testing.T) {
	e := emulator.Start(t)
	e.Setenv(t)
	admin := adminOf(t)
	admin.makeQueue(t)
	flipsUnderLoad(t, admin, "refresh 300s\npush "+admin.queue)
}

func flipsUnderLoad(t *testing.T, admin *admin, properties string) {
	t.Helper()
	const aliases, flips, clients = 20, 10, 4
	parameter := func(alias int) string { return fmt.Sprintf("/dns/aliases/a%d", alias) }
	for alias := range aliases {
		if err := admin.put(parameter(alias), fmt.Sprintf("a%d-v0.corp.internal", alias)); err != nil {
			t.Fatal(err)
		}
	}
	s := startServer(t, `
		corp.internal:0 {
			bind 127.0.0.1
			versionalias {
				ssm /dns/aliases
				`+properties+`
			}
			template IN A {
				match -v(?P<n>[0-9]+)\.corp\.internal\.$
				answer "{{ .Name }} 60 IN A 192.0.2.{{ .Group.n }}"
			}
		}`, nil)

	var put, seen [aliases]atomic.Int64 // the newest version of each
	var asked atomic.Int64
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for c := range clients {
		wg.Go(func() {
			conn, err := dns.Dial("udp", s.addr)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			client := dns.Client{Timeout: program.Timeout}
			for alias := c; ; alias = (alias + 1) % aliases {
				select {
				case <-stop:
					return
				default:
				}
				least := seen[alias].Load()
				name := fmt.Sprintf("a%d.corp.internal.", alias)
				m, _, err := client.ExchangeWithConn(question(name, dns.TypeA), conn)
				n := int64(-1)
				if err == nil {
					n, err = flipOf(m, name)
				}
				if most := put[alias].Load(); err == nil && (n < least || n > most) {
					err = fmt.Errorf("found version %d, want one from %d to %d", n, least, most)
				}
				if err != nil {
					t.Errorf("query %d, for %s: %v", asked.Load(), name, err)
					return
				}
				asked.Add(1)
				for old := seen[alias].Load(); n > old && !seen[alias].CompareAndSwap(old, n); old = seen[alias].Load() {
				}
			}
		})
	}
	began := time.Now()
	late := func() bool { return time.Since(began) > 5*time.Minute || t.Failed() }
	took := make(chan time.Duration, aliases*flips)
	var flippers sync.WaitGroup
	for alias := range aliases {
		flippers.Go(func() {
			for flip := range int64(flips) {
				<-time.After(rand.N(time.Second)) // at any moment between two sweeps
				began := time.Now()
				put[alias].Store(flip + 1)
				if err := admin.put(parameter(alias), fmt.Sprintf("a%d-v%d.corp.internal", alias, flip+1)); err != nil {
					t.Error(err)
				}
				for seen[alias].Load() <= flip {
					if late() {
						return
					}
					<-time.After(time.Millisecond)
				}
				took <- time.Since(began)
			}
		})
	}
	flippers.Wait()
	close(took)
	close(stop)
	wg.Wait()
	times := slices.Sorted(channel(took))
	if len(times) != aliases*flips {
		t.Fatalf("in %v %d flips were seen among %d queries, want %d", time.Since(began), len(times), asked.Load(), aliases*flips)
	}
	figure.Print(t, "%d flips among %d queries: from put-parameter to the first changed answer it took %v in the median, %v at worst",
		len(times), asked.Load(), times[len(times)/2].Round(time.Millisecond), times[len(times)-1].Round(time.Millisecond))
}

// channel yields what is in a channel, to its end.
func channel[T any](c <-chan T) iter.Seq[T] {
	return func(yield func(T) bool) {
		for v := range c {
			if !yield(v) {
				return
			}
		}
	}
}

// flipOf is which target of name an answer leads to, if it is whole.
func flipOf(m *dns.Msg, name string) (int64, error) {
	if m.Rcode != dns.RcodeSuccess || !m.Authoritative || len(m.Answer) != 2 || len(m.Question) != 1 || m.Question[0].Name != name {
		return 0, fmt.Errorf("found\n%s", show(m))
	}
	cname, ok := m.Answer[0].(*dns.CNAME)
	address, ok2 := m.Answer[1].(*dns.A)
	if !ok || !ok2 {
		return 0, fmt.Errorf("found\n%s", show(m))
	}
	match := regexp.MustCompile(`^(a\d+)-v(\d+)\.corp\.internal\.$`).FindStringSubmatch(cname.Target)
	if match == nil || match[1]+".corp.internal." != name || address.Hdr.Name != cname.Target || address.A.String() != "192.0.2."+match[2] {
		return 0, fmt.Errorf("found\n%s", show(m))
	}
	return strconv.ParseInt(match[2], 10, 64)
}

// proxy stands before the emulator, and can be told to fail.
type proxy struct {
	*httptest.Server
	fault atomic.Value // a string
	asked atomic.Int64
}

func newProxy(t *testing.T, to string) *proxy {
	t.Helper()
	target, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	p := new(proxy)
	behind := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.asked.Add(1)
		switch fault, _ := p.fault.Load().(string); fault {
		case "":
			behind.ServeHTTP(w, r)
		case "throttled":
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"__type": "ThrottlingException", "message": "Rate exceeded"}`)
		case "cut":
			panic(http.ErrAbortHandler) // the connection is closed
		}
	}))
	p.Config.ErrorLog = nil
	t.Cleanup(p.Close)
	return p
}

// calls waits until n more calls came.
func (p *proxy) calls(t *testing.T, n int64) {
	t.Helper()
	for from, deadline := p.asked.Load(), time.Now().Add(program.Patience); p.asked.Load() < from+n; <-time.After(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d calls came in %v, want %d", p.asked.Load()-from, program.Patience, n)
		}
	}
}

// From one end to the other, with a proxy before the emulator: outages, a reload
// and a restart in the middle of one, and a deletion.
func TestOutage(t *testing.T) {
	e := emulator.Start(t)
	e.Setenv(t)
	admin := adminOf(t)
	p := newProxy(t, e.URL)
	t.Setenv("AWS_ENDPOINT_URL", p.URL)
	flip := func(value string) {
		t.Helper()
		if err := admin.put("/dns/aliases/api", value); err != nil {
			t.Fatal(err)
		}
	}
	const corefile = `
		corp.internal:0 {
			bind 127.0.0.1
			root DIR
			versionalias {
				ssm /dns/aliases
				refresh 1s
				snapshot snapshot
			}
			file corp.zone
		}`
	answer := func(target string) string {
		return "NOERROR aa\napi.corp.internal. 5 CNAME " + target + ".corp.internal."
	}
	flip("cache-v1.corp.internal")
	s := startServer(t, corefile, files{"corp.zone": corpZone})
	stays := func(when, want string) {
		t.Helper()
		if got := show(s.ask("api.corp.internal.", dns.TypeCNAME)); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", when, got, want)
		}
	}
	stays("at the start", answer("cache-v1"))
	for i, fault := range []string{"cut", "throttled"} {
		old, target := fmt.Sprintf("cache-v%d", 1+i%2), fmt.Sprintf("cache-v%d", 2-i%2)
		p.fault.Store(fault)
		p.calls(t, 1) // one that came before may be answered yet
		flip(target + ".corp.internal")
		p.calls(t, 1)
		stays(fault, answer(old))
		inst, err := s.Restart(s.corefile(strings.Replace(corefile, "refresh 1s", "refresh 1s\nttl 5", 1)))
		if err != nil {
			t.Fatal(err)
		}
		s.Instance = inst
		stays(fault+", reloaded", answer(old))
		p.calls(t, 1)
		stays(fault+", reloaded, and asked again", answer(old))
		s.stop()
		s = startIn(t, s.dir, corefile, nil)
		stays(fault+", started again", answer(old))
		if !running.feeds()[0].loaded() {
			t.Errorf("%s: not ready though there is a snapshot", fault)
		}
		p.fault.Store("")
		s.eventually("api.corp.internal.", dns.TypeCNAME, answer(target))
	}
	// The SDK asks again when the answer is lost: see emulator.Start.
	_, err := admin.client.DeleteParameter(t.Context(), &ssm.DeleteParameterInput{Name: aws.String("/dns/aliases/api")})
	if _, gone := errors.AsType[*types.ParameterNotFound](err); err != nil && !gone {
		t.Fatal(err)
	}
	s.eventually("api.corp.internal.", dns.TypeCNAME, "NXDOMAIN aa\nauthority: corp.internal. 60 SOA ns.corp.internal. hostmaster.corp.internal. 1 3600 600 86400 300")
}
