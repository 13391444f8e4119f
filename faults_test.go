package versionalias

import (
	"cmp"
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coredns/coredns/plugin/pkg/dnstest"
	"github.com/coredns/coredns/plugin/test"
	"github.com/miekg/dns"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/octoenergy/versionalias/internal/emulator"
	"github.com/octoenergy/versionalias/plugin/alias"
	"github.com/octoenergy/versionalias/plugin/ledger"
	"github.com/octoenergy/versionalias/plugin/paramstore"
	"github.com/octoenergy/versionalias/plugin/snapshot"
	"github.com/octoenergy/versionalias/plugin/watch"
)

// version is a version of a parameter as Parameter Store tells it.
type version struct {
	Name, Type, Value, DataType string
	Version                     int64
	LastModifiedDate            float64
}

// api is a Parameter Store in memory, under the SDK's client, and what is wrong
// with it.
type api struct {
	mu       sync.Mutex
	versions map[string][]version
	labels   map[string]int64 // NAME:LABEL to version
	fault    string
	skip     string // the parameter that sweeps miss
	queue    *mailbox
	calls    int
}

func (a *api) put(name, value string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	v := version{Name: name, Type: "String", Value: value, DataType: "text", LastModifiedDate: float64(time.Now().UnixMilli()) / 1000}
	if secret, ok := strings.CutPrefix(value, "secret "); ok {
		v.Type, v.Value = "SecureString", secret
	}
	v.Version = int64(len(a.versions[name])) + 1
	a.versions[name] = append(a.versions[name], v)
}

// do does a line of a script.
func (a *api) do(word, rest string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch word {
	case "delete":
		delete(a.versions, rest)
	case "fault":
		a.fault = rest
	case "skip":
		a.skip = rest
	case "label":
		var selector string
		var version int64
		if _, err := fmt.Sscan(rest, &selector, &version); err != nil {
			return err
		}
		a.labels[selector] = version
	case "calls":
		var least, most int
		if _, err := fmt.Sscan(rest, &least, &most); err != nil {
			return err
		}
		calls := a.calls
		a.calls = 0
		if calls < least || calls > most {
			return fmt.Errorf("found %d calls", calls)
		}
	}
	return nil
}

// get is the version of a selector that a read finds.
func (a *api) get(selector string) (version, bool) {
	name, _, labelled := strings.Cut(selector, ":")
	list := a.versions[name]
	n := int64(len(list))
	if labelled {
		n = a.labels[selector]
	}
	if n == 0 || n > int64(len(list)) {
		return version{}, false
	}
	if strings.HasPrefix(a.fault, "stale") && n > 1 {
		n--
		if then, once := strings.CutPrefix(a.fault, "stale once"); once {
			a.fault = strings.TrimPrefix(then, ", then ")
		}
	}
	return list[n-1], true
}

// RoundTrip implements http.RoundTripper.
func (a *api) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasPrefix(r.Header.Get("X-Amz-Target"), "AmazonSQS.") {
		return a.queue.RoundTrip(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls++
	respond := func(status int, body string) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	}
	fault := a.fault
	if name, of, ok := strings.Cut(fault, " of "); ok {
		if fault = ""; of == operation {
			fault = name
		}
	}
	switch fault {
	case "denied":
		return respond(400, `{"__type": "AccessDeniedException", "message": "not authorized"}`)
	case "throttled":
		return respond(400, `{"__type": "ThrottlingException", "message": "Rate exceeded"}`)
	case "broken":
		return respond(500, `{"__type": "InternalServerError", "message": "oops"}`)
	case "garbage":
		return respond(200, `<html>`)
	case "refused":
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	case "tls":
		return nil, x509.UnknownAuthorityError{}
	case "half":
		response, err := respond(200, "")
		response.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"Parameters": [{"Name"`), half{}))
		return response, err
	case "hang":
		a.mu.Unlock()
		<-r.Context().Done()
		a.mu.Lock()
		return nil, r.Context().Err()
	case "slow":
		if err := a.pause(r.Context()); err != nil {
			return nil, err
		}
	}
	var input struct {
		Names     []string
		Path      string
		NextToken string
	}
	if err := json.Unmarshal(body, &input); err != nil {
		return nil, err
	}
	var output struct {
		Parameters        []version
		InvalidParameters []string
		NextToken         string `json:",omitempty"`
	}
	output.Parameters = []version{}
	switch operation {
	case "GetParameters":
		output.InvalidParameters = []string{}
		for _, name := range input.Names {
			if v, ok := a.get(name); ok && fault != "missing" {
				output.Parameters = append(output.Parameters, v)
			} else {
				output.InvalidParameters = append(output.InvalidParameters, name)
			}
		}
	case "GetParametersByPath":
		if a.fault == "empty page" && input.NextToken == "" {
			output.NextToken = "0"
			break
		}
		names := slices.Sorted(maps.Keys(a.versions))
		names = slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, input.Path+"/") || name == a.skip })
		first, _ := strconv.Atoi(input.NextToken)
		for i, name := range names[first:] {
			if i == 10 {
				output.NextToken = strconv.Itoa(first + i)
				break
			}
			v, _ := a.get(name)
			output.Parameters = append(output.Parameters, v)
		}
	}
	text, err := json.Marshal(output)
	if err != nil {
		return nil, err
	}
	if fault == "late" { // the answer is of before
		if err := a.pause(r.Context()); err != nil {
			return nil, err
		}
	}
	return respond(200, string(text))
}

// pause lets go of a.mu for three seconds.
func (a *api) pause(ctx context.Context) error {
	a.mu.Unlock()
	defer a.mu.Lock()
	select {
	case <-ctx.Done():
	case <-time.After(3 * time.Second):
	}
	return ctx.Err()
}

// half is the end of a body that never comes.
type half struct{}

func (half) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// play is a server of corp.internal that reads from an api, every ten seconds,
// as a script says:
//
//	start | stop | restart | reload | wait DURATION | fault KIND | fault
//	load               a reload begins, and goes on with the next "reload"
//	drop               or else it has failed
//	from ADDRESS       who asks
//	block N            of the server blocks it is the Nth that is asked
//	blocks LINES | LINES...  what the Corefile has, from the next start on: the
//	                   blocks, with "ssm PATH", "alias NAME PARAMETER[:LABEL]",
//	                   "template TEXT" for the lines before it, "ttl SECONDS"
//	paths              blocks ssm /dns
//	push [NAME]        with a queue, from the next start on, and sweeps a day apart
//	event OPERATION NAME | sns OPERATION NAME | message BODY  into the queue
//	queue FAULT | queued MESSAGES | polls FEWEST MOST
//	refresh DURATION   from the next start on
//	file NAME          of the snapshot, from the next start on; without NAME none
//	age DURATION       its MAX_AGE, from the next start on
//	clock DURATION     it is set forward by so much since the snapshot was written
//	put NAME VALUE | delete NAME | label NAME:LABEL VERSION | skip NAME
//	NAME TARGET        the alias's target is this
//	NAME rcode         the answer is
//	drains TARGETS     those that are told of
//	ready yes|no
//	metric NAME VALUE
//	calls FEWEST MOST  of the API, since the last such line
//	failures OUTCOME FEWEST MOST  as the calls are counted
type play struct {
	t        *testing.T
	api      *api
	snapshot snapshot.File // of the first block; those of others have a number behind it
	blocks   string
	refresh  time.Duration
	queue    string // its name
	from     string // who asks
	asked    int    // which plugin
	instance *instance
	loaded   *instance // that a reload has begun with
}

// whole is the blocks of a play that says nothing else.
const whole = "ssm /dns alias live.corp.internal /live:l"

// refusing is where no target verifies.
type refusing struct{}

func (refusing) Verify(_ context.Context, p ledger.Probe) ledger.Answer {
	return ledger.Answer{Probe: p, Err: fmt.Errorf("no")}
}

// make is the plugins of a new instance.
func (p *play) make() *instance {
	i := new(instance)
	for n, block := range strings.Split(cmp.Or(p.blocks, whole), "|") {
		words := strings.Fields(block)
		zones := []alias.Name{"corp.internal."}
		if words[0] == "zones" {
			zones, words = nil, words[1:]
			for ; strings.HasSuffix(words[0], "."); words = words[1:] {
				zones = append(zones, alias.Name(words[0]))
			}
		}
		v := &VersionAlias{served: zones, instance: i}
		v.entry = v
		v.Next = next(func(r *dns.Msg) *dns.Msg {
			if name := r.Question[0].Name; strings.Contains(name, "-v") {
				return reply(r, name+" 60 IN A 192.0.2.1")
			}
			return new(dns.Msg).SetRcode(r, dns.RcodeNameError)
		})
		c := config{
			served: v.served, zones: v.served, refresh: cmp.Or(p.refresh, 10*time.Second), snapshot: p.snapshot,
			store: paramstore.Config{Region: "eu-west-1", Transport: p.api},
		}
		if n > 0 && c.snapshot.Path != "" {
			c.snapshot.Path += strconv.Itoa(n)
		}
		if p.api.queue != nil {
			c.push, c.refresh = "https://sqs.eu-west-1.amazonaws.com/123456789012/"+p.queue, cmp.Or(p.refresh, mostRefresh)
		}
		if err := readBlock(&c, words); err != nil {
			p.t.Fatal(err)
		}
		var verifier watch.Verifier
		if c.verify {
			verifier = refusing{}
		}
		feed, err := newFeed(c, v.table.Store, verifier)
		if err != nil {
			p.t.Fatal(err)
		}
		v.feed = feed
		i.plugins = append(i.plugins, v)
	}
	return i
}

// readBlock makes c have what the words of a block say.
func readBlock(c *config, words []string) error {
	ttl := 5
	for len(words) > 1 {
		rule := alias.Rule{Zones: c.zones}
		used := 2
		switch {
		case words[0] == "ssm":
			c.lines = append(c.lines, ledger.Line{Path: words[1], Rule: rule})
		case words[0] == "alias" && len(words) > 2:
			used = 3
			rule.Name = alias.Name(words[1] + ".")
			parameter, label, _ := strings.Cut(words[2], ":")
			c.lines = append(c.lines, ledger.Line{Parameter: parameter, Label: label, Rule: rule})
		case words[0] == "template":
			for i := range c.lines {
				c.lines[i].Rule.Template = alias.Template(words[1])
			}
		case words[0] == "verify":
			used, c.verify = 1, true
		case words[0] == "ttl":
			var err error
			if ttl, err = strconv.Atoi(words[1]); err != nil {
				return err
			}
		default:
			return fmt.Errorf("found the words %q", words)
		}
		words = words[used:]
	}
	for i := range c.lines {
		c.lines[i].Rule.TTL = uint32(ttl)
	}
	return nil
}

// plugin is the one that is asked.
func (p *play) plugin() *VersionAlias { return p.instance.plugins[p.asked] }

func (p *play) load() {
	p.loaded = p.make()
	if err := p.loaded.load(); err != nil {
		p.t.Fatal(err)
	}
}

func (p *play) start() {
	if p.loaded == nil {
		p.load()
	}
	if old := p.instance; old != nil { // a reload, in the order that caddy has
		p.end(old)
	}
	p.loaded.run()
	p.instance, p.loaded = p.loaded, nil
}

func (p *play) end(i *instance) {
	if err := i.stop(); err != nil {
		p.t.Fatal(err)
	}
}

// do does a line of the script, or says what is not as it says.
func (p *play) do(line string) error {
	word, rest, _ := strings.Cut(line, " ")
	first, second, _ := strings.Cut(rest, " ")
	switch word {
	case "load":
		p.load()
	case "drop":
		p.loaded = nil
	case "start", "reload":
		p.start()
	case "stop", "restart":
		p.end(p.instance)
		p.instance = nil
		if word == "restart" {
			p.start()
		}
	case "wait":
		d, err := time.ParseDuration(rest)
		if err != nil {
			return err
		}
		<-time.After(d)
	case "put":
		p.api.put(first, second)
	case "from":
		p.from = rest
	case "block":
		n, err := strconv.Atoi(rest)
		if err != nil {
			return err
		}
		p.asked = n - 1
	case "flips":
		var flips []string
		for _, flip := range p.plugin().feed.flipped() {
			flips = append(flips, strings.TrimSuffix(flip.Alias, ".corp.internal."))
		}
		slices.Sort(flips)
		if got := strings.Join(flips, " "); got != rest {
			return fmt.Errorf("found %s", got)
		}
	case "drains":
		var targets []string
		for _, d := range p.plugin().feed.ledger.Load().Drains(time.Now()) {
			targets = append(targets, strings.TrimSuffix(string(d.Target), ".corp.internal."))
		}
		if got := strings.Join(targets, " "); got != rest {
			return fmt.Errorf("found %s", got)
		}
	case "blocks":
		p.blocks = rest
	case "paths":
		p.blocks = "ssm /dns"
	case "push":
		p.api.queue, p.queue = newMailbox(), cmp.Or(rest, "aliases")
	case "event", "sns", "message", "queue", "queued", "polls":
		return p.api.queue.do(word, rest)
	case "refresh":
		d, err := time.ParseDuration(rest)
		if err != nil {
			return err
		}
		p.refresh = d
	case "age":
		d, err := time.ParseDuration(rest)
		if err != nil {
			return err
		}
		p.snapshot.MaxAge = d
	case "clock":
		d, err := time.ParseDuration(rest)
		if err != nil {
			return err
		}
		return p.clock(d)
	case "file":
		if p.snapshot.Path = filepath.Join(filepath.Dir(p.snapshot.Path), rest); rest == "" {
			p.snapshot.Path = ""
		}
	case "delete", "fault", "skip", "label", "calls":
		return p.api.do(word, rest)
	case "ready":
		if got := p.plugin().Ready(); got != (rest == "yes") {
			return fmt.Errorf("found ready %v", got)
		}
	case "failures":
		var outcome string
		var least, most uint64
		if _, err := fmt.Sscan(rest, &outcome, &least, &most); err != nil {
			return err
		}
		if n := p.plugin().feed.store.Calls()[paramstore.Call{Operation: "GetParametersByPath", Outcome: outcome}]; n < least || n > most {
			return fmt.Errorf("found %d", n)
		}
	case "metric":
		i := strings.LastIndexByte(rest, ' ')
		return metric(rest[:i], rest[i+1:])
	default:
		return p.ask(word, rest)
	}
	return nil
}

// clock makes the snapshot be from so much longer ago.
func (p *play) clock(d time.Duration) error {
	file := snapshot.File{Path: p.snapshot.Path}
	s, err := file.Read("Parameter Store in eu-west-1", time.Now())
	if err != nil {
		return err
	}
	s.Swept = s.Swept.Add(-d)
	for i := range s.Ledger.Parameters {
		if missing := &s.Ledger.Parameters[i].Missing; !missing.IsZero() {
			*missing = missing.Add(-d)
		}
	}
	return file.Write(s)
}

func (p *play) ask(name, want string) error {
	w := dnstest.NewRecorder(&test.ResponseWriter{RemoteIP: p.from})
	rcode, err := p.plugin().ServeDNS(context.Background(), w, question(name+".corp.internal.", dns.TypeA))
	if err != nil && rcode != dns.RcodeServerFailure {
		return err
	}
	got := dns.RcodeToString[rcode]
	if w.Msg != nil {
		got = dns.RcodeToString[w.Msg.Rcode]
		if len(w.Msg.Answer) > 0 {
			got = strings.TrimSuffix(w.Msg.Answer[0].(*dns.CNAME).Target, ".corp.internal.")
		}
	}
	if got != want {
		return fmt.Errorf("found %s", got)
	}
	return nil
}

// metric fails unless a series, NAME or NAME{LABEL="VALUE"}, has this value. A histogram is its
// count, and NAME_sum its sum.
func metric(series, want string) error {
	families, err := prometheus.DefaultGatherer.Gather()
	if err != nil {
		return err
	}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
			}
			name := strings.TrimPrefix(family.GetName(), "coredns_versionalias_")
			if len(labels) > 0 {
				name += "{" + strings.Join(labels, ",") + "}"
			}
			value := m.GetGauge().GetValue() + m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
			if name+"_sum" == series {
				name, value = series, m.GetHistogram().GetSampleSum()
			}
			if name == series {
				if got := strconv.FormatFloat(value, 'f', -1, 64); got != want {
					return fmt.Errorf("found %s", got)
				}
				return nil
			}
		}
	}
	return fmt.Errorf("found no such series")
}

// next is a plugin below that answers so.
func next(answer func(*dns.Msg) *dns.Msg) nextPlugin { return answer }

type nextPlugin func(*dns.Msg) *dns.Msg

func (nextPlugin) Name() string { return "next" }

func (n nextPlugin) ServeDNS(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
	m := n(r)
	return m.Rcode, w.WriteMsg(m)
}

// run plays a script in virtual time, and holds what it logged to be so.
func run(t *testing.T, script, log string) {
	t.Helper()
	if got, want := perform(t, script), trim(log); got != want {
		t.Errorf("logged\n%s\nwant\n%s", got, want)
	}
}

// perform plays a script in virtual time, and returns what it logged.
func perform(t *testing.T, script string) string {
	t.Helper()
	out := capture(t)
	emulator.Isolate(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "x")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "x")
	file := filepath.Join(t.TempDir(), "snapshot")
	synctest.Test(t, func(t *testing.T) {
		p := &play{t: t, api: &api{versions: map[string][]version{}, labels: map[string]int64{}}, snapshot: snapshot.File{Path: file}}
		began := time.Now()
		for line := range strings.Lines(trim(script)) {
			line := strings.TrimSpace(line)
			if err := p.do(line); err != nil {
				t.Errorf("at %v, %q: %v", time.Since(began), line, err)
			}
			synctest.Wait()
		}
		p.end(p.instance)
	})
	got := strings.NewReplacer("plugin/versionalias: ", "", file, "FILE").Replace(out.lines())
	got = strings.TrimSpace(noLive.ReplaceAllString(got, ""))
	// Sweeps come at random.
	got = regexp.MustCompile(`after \d+ that failed`).ReplaceAllString(got, "after N that failed")
	return regexp.MustCompile(`documents, of \S+`).ReplaceAllString(got, "documents, of TIME")
}

// noLive is said where whole is all there is: few scripts have a version of /live.
var noLive = regexp.MustCompile(`(?m)^.* loaded no document of alias live\.corp\.internal\.: found no parameter /live:l .*\n?`)

// firstLoad is what is said of the first sweep of a path that has nothing.
func firstLoad(path string) string {
	return "[WARNING] loaded no alias from 0 parameters: canonical names are left to the plugins below\n" +
		"[WARNING] loaded nothing below " + path + ": found no parameter there (Parameter Store in eu-west-1)\n"
}

// What happens when…: a row is what goes wrong, what is answered then and after
// it, and what is counted and logged. Sweeps come 9 to 11 seconds apart.
func TestFaults(t *testing.T) {
	// Each of these makes a sweep fail: all stays, and nobody is asked more often.
	for fault, text := range map[string]struct{ err, outcome string }{
		"denied":  {"AccessDeniedException: not authorized", "denied"},
		"broken":  {"InternalServerError: oops", "error"},
		"garbage": {"HTTP status 200: deserialization failed, unexpected token at offset 0", "error"},
		"refused": {`request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused`, "error"},
		"tls":     {`request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": x509: certificate signed by unknown authority`, "error"},
		"half":    {"HTTP status 200: deserialization failed, unexpected EOF", "error"},
		"hang":    {"canceled, context deadline exceeded", "timeout"},
	} {
		t.Run("duty 3: "+fault, func(t *testing.T) {
			run(t, `
				put /dns/cache cache-v1.corp.internal
				start
				wait 15s
				fault `+fault+`
				calls 2 10
				wait 10m
				calls 35 67
				cache cache-v1
				ready yes
				put /dns/cache cache-v2.corp.internal
				fault
				wait 16s
				cache cache-v2
				metric server_blocks{source="sweep"} 1
				failures `+text.outcome+` 35 67
			`, `
				[INFO] loaded 1 aliases from 1 parameters
				[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: `+text.err+`
				[INFO] sweep works again, after N that failed
				[INFO] alias cache.corp.internal. flipped: cache-v1.corp.internal. to cache-v2.corp.internal. (parameter /dns/cache, version 2 of 2000-01-01T00:10:15Z)
			`)
		})
	}
	const braked = `
			paths
			put /dns/a a-v1.corp.internal
			put /dns/b b-v1.corp.internal
			put /dns/c c-v1.corp.internal
			put /dns/d d-v1.corp.internal
			start
			delete /dns/a
			delete /dns/b
			delete /dns/c
			delete /dns/d
			wait 12s
			metric braked_aliases 4`
	for _, tt := range []struct{ name, script, log string }{{
		name: "duty 3: a throttled account",
		script: `
			put /dns/cache cache-v1.corp.internal
			start
			wait 15s
			fault throttled
			calls 2 10
			wait 10m
			calls 4 8
			cache cache-v1
			fault
			wait 30m
			calls 50 360
			wait 100s
			calls 18 24
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[WARNING] throttled, and what is in force stays: the next sweep is in 20s: read the parameters below /dns: ThrottlingException: Rate exceeded
			[INFO] no longer throttled: a sweep every 10s again
		`,
	}, {
		name: "duty 10: down at the start, without a snapshot",
		script: `
			put /dns/cache cache-v1.corp.internal
			fault hang
			start
			ready no
			cache SERVFAIL
			metric server_blocks{source="none"} 1
			wait 1m
			cache SERVFAIL
			fault
			wait 16s
			ready yes
			cache cache-v1
			other NXDOMAIN
		`,
		log: `
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: canceled, context deadline exceeded
			[INFO] sweep works again, after N that failed
			[INFO] loaded 1 aliases from 1 parameters
		`,
	}, {
		name: "duties 3, 10: down for the first minute, with an hour between sweeps",
		script: `
			refresh 1h
			put /dns/cache cache-v1.corp.internal
			fault refused
			start
			wait 1m
			calls 3 8
			ready no
			fault
			wait 2m
			ready yes
			cache cache-v1
		`,
		log: `
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused
			[INFO] sweep works again, after N that failed
			[INFO] loaded 1 aliases from 1 parameters
		`,
	}, {
		name: "duties 3, 10: down at the start for long: it is asked less and less often",
		script: `
			refresh 1h
			put /dns/cache cache-v1.corp.internal
			fault refused
			start
			wait 4h
			calls 8 20
			wait 10h
			calls 9 12
		`,
		log: `
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused
		`,
	}, {
		name: "duties 3, 10: throttled at the start, with a day between sweeps: it is said when the next one is",
		script: `
			refresh 24h
			paths
			put /dns/cache cache-v1.corp.internal
			fault throttled
			start
			fault
			wait 21s
			cache cache-v1
		`,
		log: `
			[WARNING] throttled, and what is in force stays: the next sweep is in 20s: read the parameters below /dns: ThrottlingException: Rate exceeded
			[INFO] no longer throttled: a sweep every 24h0m0s again
			[INFO] loaded 1 aliases from 1 parameters
		`,
	}, {
		name: "duty 10: a first sweep that the start does not wait for begins again at once",
		script: `
			refresh 1h
			put /dns/cache cache-v1.corp.internal
			fault slow
			start
			ready no
			wait 6s
			ready yes
			cache cache-v1
		`,
		log: `
			[WARNING] sweep failed, and what is in force stays: read the parameters /live:l: canceled, context deadline exceeded
			[INFO] sweep works again, after N that failed
			[INFO] loaded 1 aliases from 1 parameters
		`,
	}, {
		name: "duty 10: so does that of a reload that adds a line",
		script: `
			paths
			refresh 1h
			put /dns/cache cache-v1.corp.internal
			put /more/web web-v1.corp.internal
			start
			wait 1s
			blocks ssm /dns ssm /more
			fault slow
			reload
			ready no
			cache cache-v1
			wait 6s
			ready yes
			web web-v1
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[WARNING] sweep failed, and what is in force stays: read the parameters below /more: canceled, context deadline exceeded
			[INFO] sweep works again, after N that failed
			[INFO] loaded 2 aliases from 2 parameters
		`,
	}, {
		name: "duties 6, 9, 10: a restart while it is down, with a bad document in store",
		script: `
			put /dns/cache cache-v1.corp.internal
			put /dns/db db-v1.corp.internal
			start
			put /dns/db what?
			wait 12s
			fault refused
			restart
			ready yes
			cache cache-v1
			db db-v1
			other NXDOMAIN
			metric rejected_aliases{reason="syntax",zone="corp.internal."} 1
			metric server_blocks{source="snapshot"} 1
			wait 10m
			cache cache-v1
			db db-v1
			put /dns/cache cache-v2.corp.internal
			fault
			wait 12s
			cache cache-v2
			db db-v1
			metric server_blocks{source="sweep"} 1
			metric server_blocks{source="snapshot"} 0
		`,
		log: `
			[INFO] loaded 2 aliases from 2 parameters
			[WARNING] rejected parameter /dns/db, version 2 of 2000-01-01T00:00:00Z: parse target: found "what?" with '?' in it, want only letters, digits, '-', '_' and dots; version 1 stays in force
			[INFO] recalled 2 aliases, and 1 rejected documents, of TIME
			[WARNING] rejected parameter /dns/db, version 2 of 2000-01-01T00:00:00Z: parse target: found "what?" with '?' in it, want only letters, digits, '-', '_' and dots; version 1 stays in force
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused
			[INFO] sweep works again, after N that failed
			[INFO] alias cache.corp.internal. flipped: cache-v1.corp.internal. to cache-v2.corp.internal. (parameter /dns/cache, version 2 of 2000-01-01T00:10:12Z)
		`,
	}, {
		name: "duty 10: a restart with a snapshot sweeps at once",
		script: `
			put /dns/cache cache-v1.corp.internal
			start
			stop
			put /dns/cache cache-v2.corp.internal
			start
			cache cache-v2
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[INFO] recalled 1 aliases, and 0 rejected documents, of TIME
			[INFO] alias cache.corp.internal. flipped: cache-v1.corp.internal. to cache-v2.corp.internal. (parameter /dns/cache, version 2 of 2000-01-01T00:00:00Z)
		`,
	}, {
		name: "duty 10: and soon again if that one fails",
		script: `
			refresh 1h
			put /dns/cache cache-v1.corp.internal
			start
			stop
			put /dns/cache cache-v2.corp.internal
			fault refused
			start
			wait 1m
			ready yes
			cache cache-v1
			fault
			wait 2m
			cache cache-v2
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[INFO] recalled 1 aliases, and 0 rejected documents, of TIME
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused
			[INFO] sweep works again, after N that failed
			[INFO] alias cache.corp.internal. flipped: cache-v1.corp.internal. to cache-v2.corp.internal. (parameter /dns/cache, version 2 of 2000-01-01T00:00:00Z)
		`,
	}, {
		name: "duty 10: a reload in an outage",
		script: `
			put /dns/cache cache-v1.corp.internal
			put /dns/db db-v1.corp.internal
			start
			put /dns/db what?
			wait 12s
			fault denied
			wait 15s
			reload
			ready yes
			cache cache-v1
			db db-v1
			metric rejected_aliases{reason="syntax",zone="corp.internal."} 1
			metric server_blocks{source="sweep"} 1
			wait 1m
			fault
			put /dns/db db-v2.corp.internal
			wait 12s
			db db-v2
		`,
		log: `
			[INFO] loaded 2 aliases from 2 parameters
			[WARNING] rejected parameter /dns/db, version 2 of 2000-01-01T00:00:00Z: parse target: found "what?" with '?' in it, want only letters, digits, '-', '_' and dots; version 1 stays in force
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: AccessDeniedException: not authorized
			[INFO] sweep works again, after N that failed
			[INFO] alias db.corp.internal. flipped: db-v1.corp.internal. to db-v2.corp.internal. (parameter /dns/db, version 3 of 2000-01-01T00:01:27Z)
		`,
	}, {
		name: "duty 10: reloads in an outage since the start, and after one the error is another",
		script: `
			put /dns/cache cache-v1.corp.internal
			fault refused
			start
			reload
			wait 1m
			fault denied
			wait 1m
			reload
			reload
			wait 1m
			fault refused
			wait 1m
			fault
			wait 12s
			cache cache-v1
		`,
		log: `
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: AccessDeniedException: not authorized
			[INFO] sweep works again, after N that failed
			[INFO] loaded 1 aliases from 1 parameters
		`,
	}, {
		name: "duties 3, 10: an outage that becomes others, over a reload as well: each kind of error is said once",
		script: `
			paths
			put /dns/cache cache-v1.corp.internal
			start
			wait 1m
			fault refused
			wait 30s
			fault denied
			wait 1h
			fault tls
			wait 1m
			fault hang
			wait 1m
			fault denied
			wait 1m
			reload
			wait 1m
			fault hang
			wait 1m
			fault
			wait 30s
			fault denied
			wait 1m
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: AccessDeniedException: not authorized
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: canceled, context deadline exceeded
			[INFO] sweep works again, after N that failed
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: AccessDeniedException: not authorized
		`,
	}, {
		name: "duty 3: the same of reads by name",
		script: `
			paths
			put /dns/cache cache-v1.corp.internal
			start
			delete /dns/cache
			fault hang of GetParameters
			wait 30m
			fault denied of GetParameters
			wait 30m
			fault broken of GetParameters
			wait 30m
			fault denied of GetParameters
			wait 30m
			cache cache-v1
			fault
			wait 12m
			cache NXDOMAIN
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[WARNING] read by name failed, and what is in force stays: read the parameters /dns/cache: canceled, context deadline exceeded
			[WARNING] read by name failed, and what is in force stays: read the parameters /dns/cache: AccessDeniedException: not authorized
			[WARNING] read by name failed, and what is in force stays: read the parameters /dns/cache: InternalServerError: oops
			[INFO] read by name works again
			[INFO] alias cache.corp.internal. removed: was cache-v1.corp.internal. (parameter /dns/cache, version 1 of 2000-01-01T00:00:00Z)
		`,
	}, {
		name: "duties 3, 10: reloads while nothing can be read by name",
		script: `
			paths
			put /dns/cache cache-v1.corp.internal
			start
			wait 1s
			delete /dns/cache
			fault denied of GetParameters
			wait 1m
			reload
			wait 1m
			reload
			wait 1m
			cache cache-v1
			fault
			wait 2m
			cache NXDOMAIN
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[WARNING] read by name failed, and what is in force stays: read the parameters /dns/cache: AccessDeniedException: not authorized
			[INFO] read by name works again
			[INFO] alias cache.corp.internal. removed: was cache-v1.corp.internal. (parameter /dns/cache, version 1 of 2000-01-01T00:00:00Z)
		`,
	}, {
		name: "duties 9, 10: a reload in an outage, with a new file, and a restart",
		script: `
			put /dns/cache cache-v1.corp.internal
			start
			wait 15s
			fault throttled
			wait 1m
			file other
			reload
			cache cache-v1
			restart
			cache cache-v1
			ready yes
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[WARNING] throttled, and what is in force stays: the next sweep is in 20s: read the parameters below /dns: ThrottlingException: Rate exceeded
			[INFO] recalled 1 aliases, and 0 rejected documents, of TIME
			[WARNING] throttled, and what is in force stays: the next sweep is in 20s: read the parameters below /dns: ThrottlingException: Rate exceeded
		`,
	}, {
		name: "duty 3: throttled over reloads, with 5 minutes between sweeps in any case: that is one turn",
		script: `
			paths
			refresh 5m
			put /dns/cache cache-v1.corp.internal
			start
			fault throttled
			wait 11m
			reload
			wait 11m
			reload
			fault
			wait 20m`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[WARNING] throttled, and what is in force stays: the next sweep is in 5m0s: read the parameters below /dns: ThrottlingException: Rate exceeded
			[INFO] no longer throttled: a sweep every 5m0s again`,
	}, {
		name: "duty 10: a block of which all is of a snapshot is told to be so after a reload, too",
		script: `
			paths
			put /dns/cache cache-v1.corp.internal
			start
			stop
			fault refused
			blocks ssm /dns ssm /more
			start
			metric server_blocks{source="none"} 1
			blocks ssm /dns
			reload
			metric server_blocks{source="snapshot"} 1`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[INFO] recalled 1 aliases, and 0 rejected documents, of TIME
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused`,
	}, {
		name: "duty 5: a read by name fails, also after a reload that adds a line: that is one turn",
		script: `
			paths
			put /dns/cache cache-v1.corp.internal
			put /more/x cache-v1.corp.internal
			start
			wait 1s
			delete /dns/cache
			fault denied of GetParameters
			wait 1m
			blocks ssm /dns ssm /more
			reload
			wait 1m
			fault
			wait 2m`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[WARNING] read by name failed, and what is in force stays: read the parameters /dns/cache: AccessDeniedException: not authorized
			[INFO] loaded 2 aliases from 1 parameters
			[WARNING] loaded nothing below /dns: found no parameter there (Parameter Store in eu-west-1)
			[INFO] read by name works again
			[INFO] alias cache.corp.internal. removed: was cache-v1.corp.internal. (parameter /dns/cache, version 1 of 2000-01-01T00:00:00Z)`,
	}, {
		name: "duty 5: a read by name fails, and a reload makes two blocks of one: only that which reads the parameter says when it is over",
		script: `
			paths
			blocks ssm /dns ssm /more
			put /dns/cache cache-v1.corp.internal
			put /more/x cache-v1.corp.internal
			start
			delete /more/x
			fault denied of GetParameters
			wait 1m
			blocks ssm /dns|ssm /more
			reload
			wait 10m
			fault
			wait 1m`,
		log: `
			[INFO] loaded 2 aliases from 2 parameters
			[WARNING] read by name failed, and what is in force stays: read the parameters /more/x: AccessDeniedException: not authorized
			[INFO] read by name works again
			[INFO] alias x.corp.internal. removed: was cache-v1.corp.internal. (parameter /more/x, version 1 of 2000-01-01T00:00:00Z)`,
	}, {
		name: "duty 3: throttled again before it was as it had been: that is one turn",
		script: `
			put /dns/cache cache-v1.corp.internal
			start
			wait 15s
			fault throttled
			wait 30s
			fault
			wait 44s
			fault throttled
			wait 44s
			fault
			wait 30m
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[WARNING] throttled, and what is in force stays: the next sweep is in 20s: read the parameters below /dns: ThrottlingException: Rate exceeded
			[INFO] no longer throttled: a sweep every 10s again
		`,
	}, {
		name: "duty 5: a parameter is deleted",
		script: `
			put /dns/cache cache-v1.corp.internal
			put /dns/db db-v1.corp.internal
			start
			delete /dns/cache
			wait 9s
			cache cache-v1
			wait 13s
			cache NXDOMAIN
			db db-v1
			calls 6 10
			fault refused
			restart
			cache NXDOMAIN
			db db-v1
		`,
		log: `
			[INFO] loaded 2 aliases from 2 parameters
			[INFO] alias cache.corp.internal. removed: was cache-v1.corp.internal. (parameter /dns/cache, version 1 of 2000-01-01T00:00:00Z)
			[INFO] recalled 1 aliases, and 0 rejected documents, of TIME
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused
		`,
	}, {
		name: "duty 5: it may not be read by name: it stays until it may",
		script: `
			paths
			put /dns/cache cache-v1.corp.internal
			start
			delete /dns/cache
			fault denied of GetParameters
			calls 0 9
			wait 30m
			calls 180 200
			cache cache-v1
			fault
			wait 6m
			cache NXDOMAIN
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[WARNING] read by name failed, and what is in force stays: read the parameters /dns/cache: AccessDeniedException: not authorized
			[INFO] read by name works again
			[INFO] alias cache.corp.internal. removed: was cache-v1.corp.internal. (parameter /dns/cache, version 1 of 2000-01-01T00:00:00Z)
		`,
	}, {
		name: "duty 5: it may not be read by name, and is there again: the next failure is another one",
		script: `
			paths
			put /dns/cache cache-v1.corp.internal
			start
			delete /dns/cache
			fault denied of GetParameters
			wait 1m
			put /dns/cache cache-v1.corp.internal
			wait 1m
			delete /dns/cache
			fault refused of GetParameters
			wait 5m
			cache cache-v1
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[WARNING] read by name failed, and what is in force stays: read the parameters /dns/cache: AccessDeniedException: not authorized
			[INFO] nothing is left to be read by name
			[WARNING] read by name failed, and what is in force stays: read the parameters /dns/cache: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused
		`,
	}, {
		name: "duty 5: nor may an alias line's, so that no sweep is complete: all stays",
		script: `
			put /dns/cache cache-v1.corp.internal
			start
			delete /dns/cache
			fault denied of GetParameters
			wait 30m
			cache cache-v1
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[WARNING] sweep failed, and what is in force stays: read the parameters /live:l: AccessDeniedException: not authorized
		`,
	}, {
		name: "duty 5: a deletion in mid-sweep hides another",
		script: `
			put /dns/cache cache-v1.corp.internal
			start
			skip /dns/cache
			wait 10m
			cache cache-v1
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
		`,
	}, {
		name: "duty 5: all are deleted",
		script: `
			put /dns/a a-v1.corp.internal
			put /dns/b b-v1.corp.internal
			put /dns/c c-v1.corp.internal
			put /dns/d d-v1.corp.internal
			start
			delete /dns/a
			delete /dns/b
			delete /dns/c
			delete /dns/d
			wait 12s
			metric braked_aliases 4
			wait 58m
			a a-v1
			d d-v1
			restart
			metric braked_aliases 4
			a a-v1
			wait 3m
			a NXDOMAIN
			d NXDOMAIN
			metric braked_aliases 0
		`,
		log: `
			[INFO] loaded 4 aliases from 4 parameters
			[WARNING] brake on: the parameters of 4 of 4 aliases are gone; they stay in force until that has lasted for an hour
			[INFO] recalled 4 aliases, and 0 rejected documents, of TIME
			[WARNING] brake on: the parameters of 4 of 4 aliases are gone; they stay in force until that has lasted for an hour
			[WARNING] loaded nothing below /dns: found no parameter there (Parameter Store in eu-west-1)
			[INFO] brake off: no alias stays in force without its parameter for longer than it takes to make sure
			[INFO] alias a.corp.internal. removed: was a-v1.corp.internal. (parameter /dns/a, version 1 of 2000-01-01T00:00:00Z)
			[INFO] alias b.corp.internal. removed: was b-v1.corp.internal. (parameter /dns/b, version 1 of 2000-01-01T00:00:00Z)
			[INFO] alias c.corp.internal. removed: was c-v1.corp.internal. (parameter /dns/c, version 1 of 2000-01-01T00:00:00Z)
			[INFO] alias d.corp.internal. removed: was d-v1.corp.internal. (parameter /dns/d, version 1 of 2000-01-01T00:00:00Z)
		`,
	}, {
		name: "duty 5: a sweep misses the bundle of most aliases: the brake is off once that is read by name",
		script: `
			paths
			refresh 5m
			put /dns/web web-v1.corp.internal
			put /dns/all {"aliases": {"a": "a-v1.corp.internal", "b": "b-v1.corp.internal", "c": "c-v1.corp.internal", "d": "d-v1.corp.internal"}}
			start
			skip /dns/all
			restart
			skip
			metric braked_aliases 0
			a a-v1
		`,
		log: `
			[INFO] loaded 5 aliases from 2 parameters
			[INFO] recalled 5 aliases, and 0 rejected documents, of TIME
			[WARNING] brake on: the parameters of 4 of 5 aliases are gone; they stay in force until that has lasted for an hour
			[INFO] brake off: no alias stays in force without its parameter for longer than it takes to make sure
		`,
	}, {
		name: "duty 4: deleted and made anew at version 1",
		script: `
			put /dns/cache cache-v1.corp.internal
			put /dns/cache cache-v2.corp.internal
			start
			wait 1s
			delete /dns/cache
			put /dns/cache cache-v3.corp.internal
			wait 11s
			cache cache-v3
			metric parameter_version{alias="cache.corp.internal.",zone="corp.internal."} 1
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[INFO] alias cache.corp.internal. flipped: cache-v2.corp.internal. to cache-v3.corp.internal. (parameter /dns/cache, version 1 of 2000-01-01T00:00:01Z)
		`,
	}, {
		name: "duty 4: a stale read, and what was there before comes back",
		script: `
			put /dns/cache cache-v1.corp.internal
			wait 1s
			put /dns/cache cache-v2.corp.internal
			start
			fault stale once
			wait 1m
			cache cache-v2
			metric older_versions_believed_total 0
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[INFO] reading again parameter /dns/cache, version 1 of 2000-01-01T00:00:00Z: it is older than version 2 of 2000-01-01T00:00:01Z
		`,
	}, {
		name: "duty 4: an older version that stays",
		script: `
			put /dns/cache cache-v1.corp.internal
			wait 1s
			put /dns/cache cache-v2.corp.internal
			start
			fault stale
			wait 9s
			cache cache-v2
			wait 13s
			cache cache-v1
			metric older_versions_believed_total 1
			reload
			metric older_versions_believed_total 1
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[INFO] reading again parameter /dns/cache, version 1 of 2000-01-01T00:00:00Z: it is older than version 2 of 2000-01-01T00:00:01Z
			[WARNING] believed parameter /dns/cache, version 1 of 2000-01-01T00:00:00Z: it is what each read found since version 2 of 2000-01-01T00:00:01Z
			[INFO] alias cache.corp.internal. flipped: cache-v2.corp.internal. to cache-v1.corp.internal. (parameter /dns/cache, version 1 of 2000-01-01T00:00:00Z)
		`,
	}, {
		name: "duty 4: a label that is moved back",
		script: `
			put /live live-v1.corp.internal
			wait 1s
			put /live live-v2.corp.internal
			label /live:l 2
			start
			live live-v2
			label /live:l 1
			wait 13s
			live live-v1
			metric older_versions_believed_total 0
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[WARNING] loaded nothing below /dns: found no parameter there (Parameter Store in eu-west-1)
			[INFO] alias live.corp.internal. flipped: live-v2.corp.internal. to live-v1.corp.internal. (parameter /live:l, version 1 of 2000-01-01T00:00:00Z)
		`,
	}, {
		name: "duty 1: an empty page with a token",
		script: `
			put /dns/cache cache-v1.corp.internal
			fault empty page
			start
			cache cache-v1
			wait 1m
			cache cache-v1
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
		`,
	}, {
		name: "duty 6: a document of a wrong type, and its end",
		script: `
			put /dns/cache cache-v1.corp.internal
			start
			put /dns/cache secret cache-v2.corp.internal
			wait 12s
			cache cache-v1
			metric rejected_aliases{reason="type",zone="corp.internal."} 1
			put /dns/cache cache-v3.corp.internal
			wait 12s
			cache cache-v3
			metric rejected_aliases{reason="type",zone="corp.internal."} 0
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[WARNING] rejected parameter /dns/cache, version 2 of 2000-01-01T00:00:00Z: read type: found SecureString, want String; version 1 stays in force
			[INFO] alias cache.corp.internal. flipped: cache-v1.corp.internal. to cache-v3.corp.internal. (parameter /dns/cache, version 3 of 2000-01-01T00:00:12Z)
		`,
	}, {
		name: "duty 10: two reloads and a restart in an outage, the first of which adds lines",
		script: `
			blocks ssm /dns
			put /dns/cache cache-v1.corp.internal
			put /more/web web-v1.corp.internal
			put /sure sure-v1.corp.internal
			start
			wait 15s
			fault refused
			blocks ssm /dns ssm /more alias sure.corp.internal /sure
			reload
			ready no
			cache cache-v1
			web SERVFAIL
			sure SERVFAIL
			reload
			ready no
			cache cache-v1
			web SERVFAIL
			sure SERVFAIL
			metric server_blocks{source="none"} 1
			wait 10m
			restart
			ready no
			cache cache-v1
			web SERVFAIL
			sure SERVFAIL
			blocks ssm /dns
			reload
			ready yes
			web NXDOMAIN
			cache cache-v1
			blocks ssm /dns ssm /more alias sure.corp.internal /sure
			reload
			fault
			wait 11s
			ready yes
			cache cache-v1
			web web-v1
			sure sure-v1
			other NXDOMAIN
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused
			[INFO] recalled 1 aliases, and 0 rejected documents, of TIME
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused
			[INFO] sweep works again, after N that failed
			[INFO] loaded 3 aliases from 3 parameters
		`,
	}, {
		name: "duty 10: a reload in an outage that adds an alias line, where there are no paths",
		script: `
			blocks alias cache.corp.internal /dns/cache
			put /dns/cache cache-v1.corp.internal
			start
			fault throttled
			blocks alias sure.corp.internal /sure alias cache.corp.internal /dns/cache
			reload
			ready no
			cache cache-v1
			sure SERVFAIL
			web NXDOMAIN
			fault
			wait 21s
			ready yes
			sure NXDOMAIN
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[WARNING] throttled, and what is in force stays: the next sweep is in 20s: read the parameters /sure /dns/cache: ThrottlingException: Rate exceeded
			[INFO] loaded 1 aliases from 1 parameters
			[WARNING] loaded no document of alias sure.corp.internal.: found no parameter /sure (Parameter Store in eu-west-1)
		`,
	}, {
		name: "duties 9, 10: a snapshot of fewer lines",
		script: `
			blocks ssm /dns
			put /dns/cache cache-v1.corp.internal
			start
			stop
			fault hang
			blocks alias sure.corp.internal /sure ssm /dns
			start
			ready no
			cache cache-v1
			web SERVFAIL
			sure SERVFAIL
			metric server_blocks{source="none"} 1
			fault
			wait 16s
			ready yes
			cache cache-v1
			web NXDOMAIN
			sure NXDOMAIN
			metric server_blocks{source="sweep"} 1
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[INFO] recalled 1 aliases, and 0 rejected documents, of TIME
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: canceled, context deadline exceeded
			[INFO] sweep works again, after N that failed
			[INFO] loaded 1 aliases from 1 parameters
			[WARNING] loaded no document of alias sure.corp.internal.: found no parameter /sure (Parameter Store in eu-west-1)
		`,
	}, {
		name: "duties 6, 9, 10: two alias lines of one parameter, which is good for one of them",
		script: `
			blocks alias web.corp.internal /p alias api.corp.internal /p
			put /p x-v1.corp.internal
			start
			put /p api.corp.internal
			wait 12s
			web api
			api x-v1
			fault refused
			reload
			web api
			api x-v1
			metric rejected_aliases{reason="loop",zone="corp.internal."} 1
			restart
			ready yes
			web api
			api x-v1
			metric rejected_aliases{reason="loop",zone="corp.internal."} 1
			blocks alias api.corp.internal /p | alias web.corp.internal /p
			reload
			ready yes
			api x-v1
			block 2
			web api
		`,
		log: `
			[INFO] loaded 2 aliases from 2 parameters
			[WARNING] rejected parameter /p, version 2 of 2000-01-01T00:00:00Z: follow alias api.corp.internal.: found the loop api.corp.internal. api.corp.internal., want a target that does not lead back; version 1 stays in force
			[INFO] alias web.corp.internal. flipped: x-v1.corp.internal. to api.corp.internal. (parameter /p, version 2 of 2000-01-01T00:00:00Z)
			[INFO] recalled 2 aliases, and 1 rejected documents, of TIME
			[WARNING] rejected parameter /p, version 2 of 2000-01-01T00:00:00Z: follow alias api.corp.internal.: found the loop api.corp.internal. api.corp.internal., want a target that does not lead back; version 1 stays in force
			[WARNING] sweep failed, and what is in force stays: read the parameters /p: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused
		`,
	}, {
		name: "duty 5: a refresh that is long: reads alone take nothing away",
		script: `
			paths
			refresh 10m
			put /dns/cache cache-v1.corp.internal
			wait 1s
			put /dns/cache cache-v2.corp.internal
			start
			` + strings.Repeat(`
			fault stale once, then missing of GetParameters
			wait 33m
			cache cache-v2
			`, 10) + `
		`,
		log: "[INFO] loaded 1 aliases from 1 parameters" + strings.Repeat("\n[INFO] reading again parameter /dns/cache, version 1 of 2000-01-01T00:00:00Z: it is older than version 2 of 2000-01-01T00:00:01Z", 10),
	}, {
		name: "duty 5: a parameter goes by another name, and its aliases turn at once",
		script: `
			paths
			put /dns/p {"aliases": {"a": "a-v1.corp.internal", "b": "b-v1.corp.internal", "c": "c-v1.corp.internal", "d": "d-v1.corp.internal"}}
			start
			delete /dns/p
			put /dns/q {"aliases": {"a": "a-v2.corp.internal", "b": "b-v2.corp.internal", "c": "c-v2.corp.internal", "d": "d-v2.corp.internal"}}
			wait 9s
			a a-v1
			metric braked_aliases 0
			wait 13s
			a a-v2
			d d-v2
		`,
		log: `
			[INFO] loaded 4 aliases from 1 parameters
			[WARNING] rejected parameter /dns/q, version 1 of 2000-01-01T00:00:00Z: place alias a.corp.internal.: found it in parameter /dns/p, want it in one parameter only; no version of it is in force
			[INFO] alias a.corp.internal. flipped: a-v1.corp.internal. to a-v2.corp.internal. (parameter /dns/q, version 1 of 2000-01-01T00:00:00Z)
			[INFO] alias b.corp.internal. flipped: b-v1.corp.internal. to b-v2.corp.internal. (parameter /dns/q, version 1 of 2000-01-01T00:00:00Z)
			[INFO] alias c.corp.internal. flipped: c-v1.corp.internal. to c-v2.corp.internal. (parameter /dns/q, version 1 of 2000-01-01T00:00:00Z)
			[INFO] alias d.corp.internal. flipped: d-v1.corp.internal. to d-v2.corp.internal. (parameter /dns/q, version 1 of 2000-01-01T00:00:00Z)
		`,
	}, {
		name: "duty 5: the clock is set forward before a restart: the hour is over, and it takes two reads yet",
		script: braked + `
			stop
			clock 2h
			start
			a a-v1
			wait 5s
			a a-v1
			wait 6s
			a NXDOMAIN
			d NXDOMAIN
		`,
		log: `
			[INFO] loaded 4 aliases from 4 parameters
			[WARNING] brake on: the parameters of 4 of 4 aliases are gone; they stay in force until that has lasted for an hour
			[INFO] recalled 4 aliases, and 0 rejected documents, of TIME
			[WARNING] loaded nothing below /dns: found no parameter there (Parameter Store in eu-west-1)
			[INFO] alias a.corp.internal. removed: was a-v1.corp.internal. (parameter /dns/a, version 1 of 2000-01-01T00:00:00Z)
			[INFO] alias b.corp.internal. removed: was b-v1.corp.internal. (parameter /dns/b, version 1 of 2000-01-01T00:00:00Z)
			[INFO] alias c.corp.internal. removed: was c-v1.corp.internal. (parameter /dns/c, version 1 of 2000-01-01T00:00:00Z)
			[INFO] alias d.corp.internal. removed: was d-v1.corp.internal. (parameter /dns/d, version 1 of 2000-01-01T00:00:00Z)
		`,
	}, {
		name: "duty 5: the clock is set back before a restart: the hour begins anew",
		script: braked + `
			stop
			clock -48h
			start
			metric braked_aliases 4
			wait 59m
			a a-v1
			d d-v1
			wait 2m
			a NXDOMAIN
			d NXDOMAIN
		`,
		log: `
			[INFO] loaded 4 aliases from 4 parameters
			[WARNING] brake on: the parameters of 4 of 4 aliases are gone; they stay in force until that has lasted for an hour
			[INFO] recalled 4 aliases, and 0 rejected documents, of TIME
			[WARNING] brake on: the parameters of 4 of 4 aliases are gone; they stay in force until that has lasted for an hour
			[WARNING] loaded nothing below /dns: found no parameter there (Parameter Store in eu-west-1)
			[INFO] brake off: no alias stays in force without its parameter for longer than it takes to make sure
			[INFO] alias a.corp.internal. removed: was a-v1.corp.internal. (parameter /dns/a, version 1 of 2000-01-01T00:00:00Z)
			[INFO] alias b.corp.internal. removed: was b-v1.corp.internal. (parameter /dns/b, version 1 of 2000-01-01T00:00:00Z)
			[INFO] alias c.corp.internal. removed: was c-v1.corp.internal. (parameter /dns/c, version 1 of 2000-01-01T00:00:00Z)
			[INFO] alias d.corp.internal. removed: was d-v1.corp.internal. (parameter /dns/d, version 1 of 2000-01-01T00:00:00Z)
		`,
	}, {
		name: "duty 9: MAX_AGE and a clock that is set forward, and back",
		script: `
			age 1h
			put /dns/cache cache-v1.corp.internal
			start
			stop
			fault refused
			clock 59m
			start
			ready yes
			cache cache-v1
			stop
			clock 2m
			start
			ready no
			cache SERVFAIL
			stop
			clock -48h
			start
			ready yes
			cache cache-v1
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[INFO] recalled 1 aliases, and 0 rejected documents, of TIME
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused
			[WARNING] started without a snapshot: read snapshot FILE: found the last sweep 1h1m0s ago, want at most 1h0m0s
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused
			[INFO] recalled 1 aliases, and 0 rejected documents, of TIME
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused
		`,
	}, {
		name: "duty 9: MAX_AGE counts from the last complete sweep, also over a reload in an outage",
		script: `
			put /dns/cache cache-v1.corp.internal
			start
			fault refused
			reload
			wait 2m
			stop
			age 24h
			clock 25h
			start
			ready no
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused
			[WARNING] started without a snapshot: read snapshot FILE: found the last sweep 25h2m0s ago, want at most 24h0m0s
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused
		`,
	}, {
		name: "duty 3: a read by name is throttled",
		script: `
			paths
			put /dns/cache cache-v1.corp.internal
			start
			delete /dns/cache
			fault throttled of GetParameters
			wait 12s
			cache cache-v1
			fault
			wait 30m
			cache NXDOMAIN
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[WARNING] throttled, and what is in force stays: the next sweep is in 20s: read the parameters /dns/cache: ThrottlingException: Rate exceeded
			[INFO] alias cache.corp.internal. removed: was cache-v1.corp.internal. (parameter /dns/cache, version 1 of 2000-01-01T00:00:00Z)
			[INFO] no longer throttled: a sweep every 10s again
		`,
	}, {
		name: "duties 3, 10: a reload while it is throttled does not ask more often",
		script: `
			paths
			put /dns/cache cache-v1.corp.internal
			start
			wait 15s
			fault throttled
			wait 10m
			calls 2 11
			reload
			wait 150s
			calls 0 1
			reload
			wait 150s
			calls 0 1
			fault
			reload
			wait 1h
			calls 100 360
			wait 100s
			calls 9 12
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[WARNING] throttled, and what is in force stays: the next sweep is in 20s: read the parameters below /dns: ThrottlingException: Rate exceeded
			[INFO] no longer throttled: a sweep every 10s again
		`,
	}, {
		name: "duties 3, 10: the same since the start, and it is said once",
		script: `
			paths
			put /dns/cache cache-v1.corp.internal
			fault throttled
			start
			wait 20m
			calls 6 20
			reload
			wait 4m
			calls 1 2
			reload
			wait 4m
			calls 1 2
			fault
			wait 1h
			cache cache-v1
		`,
		log: `
			[WARNING] throttled, and what is in force stays: the next sweep is in 20s: read the parameters below /dns: ThrottlingException: Rate exceeded
			[INFO] loaded 1 aliases from 1 parameters
			[INFO] no longer throttled: a sweep every 10s again
		`,
	}, {
		name: "duties 3, 10: a reload with a shorter refresh sweeps by it at once, unless it is throttled",
		script: `
			paths
			refresh 24h
			put /dns/cache cache-v1.corp.internal
			start
			wait 1s
			refresh 10s
			calls 1 1
			reload
			put /dns/cache cache-v2.corp.internal
			wait 12s
			cache cache-v2
			wait 10m
			calls 54 70
			fault throttled
			wait 10m
			calls 2 11
			refresh 1s
			reload
			wait 150s
			calls 0 1
			fault
			wait 30m
			calls 100 1800
			wait 100s
			calls 90 112
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[INFO] alias cache.corp.internal. flipped: cache-v1.corp.internal. to cache-v2.corp.internal. (parameter /dns/cache, version 2 of 2000-01-01T00:00:01Z)
			[WARNING] throttled, and what is in force stays: the next sweep is in 20s: read the parameters below /dns: ThrottlingException: Rate exceeded
			[INFO] no longer throttled: a sweep every 1s again
		`,
	}, {
		name:   "duty 7: nothing at all",
		script: "start\ncache NXDOMAIN\nready yes",
		log:    firstLoad("/dns"),
	}} {
		t.Run(tt.name, func(t *testing.T) { run(t, tt.script, tt.log) })
	}
}

// Two servers sweep by their own clocks: for up to an interval they may differ,
// and then they agree.
func TestTwoServers(t *testing.T) {
	emulator.Isolate(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "x")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "x")
	synctest.Test(t, func(t *testing.T) {
		a := &api{versions: map[string][]version{}, labels: map[string]int64{}}
		a.put("/dns/cache", "cache-v1.corp.internal")
		servers := []*play{{t: t, api: a}, {t: t, api: a}}
		for _, p := range servers {
			p.start()
		}
		<-time.After(time.Minute)
		differed := false
		for flip := 2; flip < 30; flip++ {
			old, target := fmt.Sprintf("cache-v%d", flip-1), fmt.Sprintf("cache-v%d", flip)
			a.put("/dns/cache", target+".corp.internal")
			turned := [2]bool{}
			for began := time.Now(); time.Since(began) < 12*time.Second; <-time.After(100 * time.Millisecond) {
				for i, p := range servers {
					turned[i] = turned[i] || p.ask("cache", old) != nil
					if want := map[bool]string{false: old, true: target}[turned[i]]; p.ask("cache", want) != nil {
						t.Fatalf("server %d answers %v, want %s", i, p.ask("cache", want), want)
					}
				}
				differed = differed || turned[0] != turned[1]
			}
			if !turned[0] || !turned[1] {
				t.Errorf("flip %d: servers turned in 12s: %v, want both", flip, turned)
			}
		}
		if !differed {
			t.Error("the servers never differed, which is no test")
		}
		for _, p := range servers {
			p.end(p.instance)
		}
	})
}

// Duty 10: of several blocks with one source each may be another one after a
// reload, and nothing of what they knew is lost: the last good beneath a bad
// document, absences and the brake on them, and what is newer than a stale read.
func TestReloadOfBlocks(t *testing.T) {
	for _, tt := range []struct {
		name        string
		before      string // the blocks, see play
		of          string // the number of the one with /two
		after, then string
		ready       string // after a reload in an outage
	}{
		{"as it was", "ssm /one | ssm /two", "2", "ssm /one | ssm /two", "2", "yes"},
		{"another TTL in one", "ssm /one | ssm /two", "2", "ssm /one ttl 9 | ssm /two", "2", "yes"},
		{"another TTL in the other", "ssm /one | ssm /two", "2", "ssm /one | ssm /two ttl 9", "2", "yes"},
		{"another TTL in both", "ssm /one | ssm /two", "2", "ssm /one ttl 9 | ssm /two ttl 9", "2", "yes"},
		{"a template in both", "ssm /one | ssm /two", "2", "ssm /one template {value} | ssm /two template {value}", "2", "yes"},
		{"a line more in one", "ssm /one | ssm /two", "2", "ssm /one | ssm /more ssm /two", "2", "no"},
		{"a line more in each", "ssm /one | ssm /two", "2", "alias more.corp.internal /more ssm /one | alias most.corp.internal /most ssm /two", "2", "no"},
		{"a line less in each", "ssm /more ssm /one | ssm /more ssm /two", "2", "ssm /one | ssm /two", "2", "yes"},
		{"in another order", "ssm /one | ssm /two", "2", "ssm /two | ssm /one", "1", "yes"},
		{"a line goes from one to the other", "ssm /one ssm /two | ssm /more", "1", "ssm /one | ssm /more ssm /two", "2", "yes"},
		{"two become one", "ssm /one | ssm /two", "2", "ssm /one ssm /two", "1", "yes"},
		{"one becomes two", "ssm /one ssm /two", "1", "ssm /one | ssm /two", "2", "yes"},
		{"one more that knows nothing", "ssm /one | ssm /two", "2", "ssm /more | ssm /one | ssm /two", "3", "no"},
	} {
		for _, outage := range []bool{true, false} {
			name, begin, ready := tt.name+", without an outage", "fault stale", "yes"
			if outage {
				name, begin, ready = tt.name+", in an outage", "fault refused", tt.ready
			}
			t.Run(name, func(t *testing.T) {
				const kept = `
					b b-v1
					s s-v2
					w w-v1
					z z-v1
					metric braked_aliases 4
					metric rejected_aliases{reason="syntax",zone="corp.internal."} 1
				`
				perform(t, `
					file
					blocks `+tt.before+`
					put /one/a a-v1.corp.internal
					put /two/b b-v1.corp.internal
					put /two/s s-v1.corp.internal
					put /two/w w-v1.corp.internal
					put /two/x x-v1.corp.internal
					put /two/y y-v1.corp.internal
					put /two/z z-v1.corp.internal
					wait 1s
					put /two/s s-v2.corp.internal
					block `+tt.of+`
					start
					put /two/b what?
					delete /two/w
					delete /two/x
					delete /two/y
					delete /two/z
					wait 30s
					`+kept+`
					blocks `+tt.after+`
					`+begin+`
					block `+tt.then+`
					reload
					ready `+ready+kept+`
					wait 9s
					`+kept+`
					fault refused
					wait 20m
					`+kept+`
					fault stale once
					wait 37m
					ready yes
					`+kept+`
					wait 4m
					b b-v1
					s s-v2
					w NXDOMAIN
					z NXDOMAIN
					metric braked_aliases 0
					metric rejected_aliases{reason="syntax",zone="corp.internal."} 1
				`)
			})
		}
	}
}

// Duties 10, 12: what blocks with one source have counted lives on, once, however
// many there are before and after a reload.
func TestCountsOverReloads(t *testing.T) {
	const counted = `
		metric requests_total{alias="a.corp.internal.",target="a-v1.corp.internal.",zone="corp.internal."} 3
		metric requests_total{alias="b.corp.internal.",target="b-v1.corp.internal.",zone="corp.internal."} 1
		metric flips_total{zone="corp.internal."} FLIPS
		metric older_versions_believed_total BELIEVED
	`
	for _, tt := range []struct {
		name, before    string // the blocks: the first has /one, the last has /two
		after, then     string // and the number of that which has /two
		flips, believed int    // a block that has /two counts for itself
	}{
		{"as it was", "ssm /one | ssm /two", "ssm /one | ssm /two", "2", 2, 1},
		{"another TTL in both", "ssm /one | ssm /two", "ssm /one ttl 9 | ssm /two ttl 9", "2", 2, 1},
		{"two become one", "ssm /one | ssm /two", "ssm /one ssm /two", "1", 2, 1},
		{"one becomes two", "ssm /one ssm /two", "ssm /one | ssm /two", "2", 2, 1},
		{"in another order", "ssm /one | ssm /two", "ssm /two | ssm /one", "1", 2, 1},
		{"two views of one", "ssm /one ssm /two | ssm /one ssm /two", "ssm /one ssm /two | ssm /one ssm /two", "2", 4, 2},
		{"two views of one, with another TTL", "ssm /one ssm /two | ssm /one ssm /two", "ssm /one ssm /two ttl 9 | ssm /one ssm /two ttl 9", "2", 4, 2},
		{"two views of one become one", "ssm /one ssm /two | ssm /one ssm /two", "ssm /one ssm /two", "1", 4, 2},
		{"one becomes two views of it", "ssm /one ssm /two", "ssm /one ssm /two | ssm /one ssm /two", "2", 2, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			last := strconv.Itoa(1 + strings.Count(tt.before, "|"))
			views := "1"
			if strings.Count(tt.before, "/one") > 1 {
				views = "2"
			}
			counted := strings.NewReplacer("FLIPS", strconv.Itoa(tt.flips), "BELIEVED", strconv.Itoa(tt.believed)).Replace(counted)
			perform(t, `
				file
				blocks `+tt.before+`
				put /one/a a-v1.corp.internal
				put /two/b b-v1.corp.internal
				wait 1s
				put /two/b b-v2.corp.internal
				start
				block 1
				a a-v1
				a a-v1
				block `+views+`
				a a-v1
				block `+last+`
				fault stale
				wait 30s
				b b-v1
				fault
				wait 11s
				`+counted+`
				blocks `+tt.after+`
				reload
				`+counted+`
				blocks `+tt.before+`
				reload
				`+counted+`
				blocks `+tt.after+`
				reload
				`+counted+`
				block `+tt.then+`
				b b-v2
				reload
				b b-v2
				reload
				`+counted+`
				metric requests_total{alias="b.corp.internal.",target="b-v2.corp.internal.",zone="corp.internal."} 2
				wait 30s
				put /two/b b-v3.corp.internal
				wait 30s
				`+strings.Split(counted, "metric flips")[0]+`
				metric requests_total{alias="b.corp.internal.",target="b-v2.corp.internal.",zone="corp.internal."} 2
			`)
		})
	}
}

// Lines that read nothing are told, once: their names may be misspelt.
func TestVoidLines(t *testing.T) {
	run(t, `
		file
		blocks ssm /dns ssm /dsn alias a.corp.internal /one:live alias b.corp.internal /tow
		put /dns/cache cache-v1.corp.internal
		put /one a-v1.corp.internal
		start
		wait 1m
		put /dsn/db db-v1.corp.internal
		wait 1m
	`, `
		[INFO] loaded 1 aliases from 1 parameters
		[WARNING] loaded nothing below /dsn: found no parameter there (Parameter Store in eu-west-1)
		[WARNING] loaded no document of alias a.corp.internal.: found no parameter /one:live (Parameter Store in eu-west-1)
		[WARNING] loaded no document of alias b.corp.internal.: found no parameter /tow (Parameter Store in eu-west-1)
		[INFO] alias db.corp.internal. added: db-v1.corp.internal., ttl 5 (parameter /dsn/db, version 1 of 2000-01-01T00:01:00Z)
	`)
}

// So they are by each process, also by one that knew them from a snapshot, at its first complete sweep.
func TestVoidLinesOfASnapshot(t *testing.T) {
	const (
		begin  = "blocks ssm /dns ssm /dsn\nput /dns/cache cache-v1.corp.internal\nstart\nwait 1s\n"
		loaded = "[INFO] loaded 1 aliases from 1 parameters\n"
		void   = "[WARNING] loaded nothing below /dsn: found no parameter there (Parameter Store in eu-west-1)\n"
		more   = "[WARNING] loaded nothing below /more: found no parameter there (Parameter Store in eu-west-1)\n"
		again  = "[INFO] recalled 1 aliases, and 0 rejected documents, of TIME\n"
		failed = "[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: AccessDeniedException: not authorized\n"
		works  = "[INFO] sweep works again, after N that failed\n"
	)
	for _, tt := range []struct{ name, script, log string }{
		{"a restart, and reloads", `
			restart
			wait 1m
			reload
			wait 1m
			reload
			wait 1m`, again + void},
		{"a restart in an outage", `
			fault denied
			restart
			wait 1m
			fault
			wait 1m`, again + failed + works + void},
		{"a restart in an outage, and a reload in it", `
			fault denied
			restart
			wait 1m
			reload
			wait 1m
			fault
			wait 1m
			reload
			wait 1m`, again + failed + works + void},
		{"a restart in an outage, and a reload with another line after it", `
			fault denied
			restart
			wait 5s
			fault
			blocks ssm /dns ssm /dsn ssm /more
			reload
			wait 1m`, again + failed + loaded + void + more + works},
		{"a restart with another line", `
			blocks ssm /dns ssm /dsn ssm /more
			restart
			wait 1m
			reload
			wait 1m`, again + loaded + void + more},
	} {
		t.Run(tt.name, func(t *testing.T) { run(t, begin+tt.script, loaded+void+tt.log) })
	}
}

// That names are left to the plugins below is said only where all are: those of rejected documents
// are not, and those of pending ones only for now.
func TestNoAliasLoaded(t *testing.T) {
	const below = ": canonical names are left to the plugins below"
	for _, tt := range []struct{ name, script, log string }{
		{"nothing", `
			blocks alias cache.corp.internal /cache
			start
			wait 15s`, `
			[WARNING] loaded no alias from 0 parameters` + below + `
			[WARNING] loaded no document of alias cache.corp.internal.: found no parameter /cache (Parameter Store in eu-west-1)`},
		{"a bundle without aliases", `
			paths
			put /dns/cache {"aliases": {}}
			start
			cache NXDOMAIN`, `
			[WARNING] loaded no alias from 1 parameters` + below},
		{"rejected", `
			paths
			put /dns/cache what?
			start
			cache SERVFAIL`, `
			[WARNING] rejected parameter /dns/cache, version 1 of 2000-01-01T00:00:00Z: parse target: found "what?" with '?' in it, want only letters, digits, '-', '_' and dots; no version of it is in force
			[WARNING] loaded no alias from 1 parameters`},
		{"pending, as a reload brings another line", `
			blocks verify ssm /dns
			start
			put /dns/cache cache-v1.corp.internal
			wait 12s
			blocks verify ssm /dns ssm /more
			reload
			wait 12s`, `
			[WARNING] loaded no alias from 0 parameters` + below + `
			[WARNING] loaded nothing below /dns: found no parameter there (Parameter Store in eu-west-1)
			[WARNING] pending parameter /dns/cache, version 1 of 2000-01-01T00:00:00Z: verify target cache-v1.corp.internal.: no; no version of it is in force
			[WARNING] loaded no alias from 1 parameters
			[WARNING] loaded nothing below /more: found no parameter there (Parameter Store in eu-west-1)`},
	} {
		t.Run(tt.name, func(t *testing.T) { run(t, tt.script, tt.log) })
	}
}

// What flips by another Corefile is told as any flip, once that has started.
func TestFlipsByAReload(t *testing.T) {
	run(t, `
		file
		blocks ssm /dns template {name}-{value}.corp.internal
		put /dns/cache v1
		put /dns/db v1
		start
		wait 1s
		cache cache-v1
		blocks ssm /dns template all-{value}.corp.internal
		load
		drop
		cache cache-v1
		load
		put /dns/db v2
		wait 11s
		reload
		cache all-v1
		db all-v2
		reload
		wait 1m
		metric flips_total{zone="corp.internal."} 3
		flips cache db db
	`, `
		[INFO] loaded 2 aliases from 2 parameters
		[INFO] alias db.corp.internal. flipped: db-v1.corp.internal. to db-v2.corp.internal. (parameter /dns/db, version 2 of 2000-01-01T00:00:01Z)
		[INFO] alias cache.corp.internal. flipped: cache-v1.corp.internal. to all-v1.corp.internal. (parameter /dns/cache, version 1 of 2000-01-01T00:00:00Z)
		[INFO] alias db.corp.internal. flipped: db-v2.corp.internal. to all-v2.corp.internal. (parameter /dns/db, version 2 of 2000-01-01T00:00:01Z)
	`)
}

// What the first sweep of another Corefile flips comes after what that flips itself, and is
// told once that has started.
func TestFlipsByTheSweepOfAReload(t *testing.T) {
	run(t, `
		file
		blocks ssm /dns
		put /dns/cache cache-v1.corp.internal
		put /more/web web-v1.corp.internal
		start
		put /dns/cache cache-v2.corp.internal
		blocks ssm /dns ssm /more template other-{value}
		load
		drop
		cache cache-v1
		reload
		cache other-cache-v2
		wait 1m
		metric flips_total{zone="corp.internal."} 2
		flips cache cache
	`, `
		[INFO] loaded 1 aliases from 1 parameters
		[INFO] loaded 2 aliases from 2 parameters
		[INFO] loaded 2 aliases from 2 parameters
		[INFO] alias cache.corp.internal. flipped: cache-v1.corp.internal. to other-cache-v1.corp.internal. (parameter /dns/cache, version 1 of 2000-01-01T00:00:00Z)
		[INFO] alias cache.corp.internal. flipped: other-cache-v1.corp.internal. to other-cache-v2.corp.internal. (parameter /dns/cache, version 2 of 2000-01-01T00:00:00Z)
	`)
}

// Of that sweep only what those before have not seen is told, if they go on for a while.
func TestFlipsByTheSweepOfASlowReload(t *testing.T) {
	run(t, `
		file
		blocks ssm /dns
		put /dns/cache cache-v1.corp.internal
		put /dns/db db-v1.corp.internal
		put /more/web web-v1.corp.internal
		start
		wait 10s
		put /dns/cache cache-v2.corp.internal
		blocks ssm /dns ssm /more template other-{value}
		load
		put /dns/db db-v2.corp.internal
		wait 11s
		reload
		cache other-cache-v2
		db other-db-v2
		wait 1m
	`, `
		[INFO] loaded 2 aliases from 2 parameters
		[INFO] loaded 3 aliases from 3 parameters
		[INFO] alias cache.corp.internal. flipped: cache-v1.corp.internal. to cache-v2.corp.internal. (parameter /dns/cache, version 2 of 2000-01-01T00:00:10Z)
		[INFO] alias db.corp.internal. flipped: db-v1.corp.internal. to db-v2.corp.internal. (parameter /dns/db, version 2 of 2000-01-01T00:00:10Z)
		[INFO] alias cache.corp.internal. flipped: cache-v2.corp.internal. to other-cache-v2.corp.internal. (parameter /dns/cache, version 2 of 2000-01-01T00:00:10Z)
		[INFO] alias db.corp.internal. flipped: db-v2.corp.internal. to other-db-v2.corp.internal. (parameter /dns/db, version 2 of 2000-01-01T00:00:10Z)
	`)
}

// What another Corefile rejects is told as any rejection, once; what was rejected before is not.
func TestRejectedByAReload(t *testing.T) {
	run(t, `
		file
		blocks zones corp.internal. corp.example. ssm /dns template {value}.corp.internal
		put /dns/all {"aliases": {"x.corp.internal.": "x-v1", "y.corp.example.": "x-v1"}}
		put /dns/bad secret bad-v1
		put /dns/cache {"aliases": {"cache.corp.internal.": "cache-v1"}}
		start
		blocks zones corp.internal. ssm /dns template {value}.corp.internal
		reload
		x SERVFAIL
		cache cache-v1
		wait 1m
		blocks zones corp.internal. ssm /dns
		load
		drop
		reload
		cache SERVFAIL
		wait 1m
		reload
		wait 1m
	`, `
		[WARNING] rejected parameter /dns/bad, version 1 of 2000-01-01T00:00:00Z: read type: found SecureString, want String; no version of it is in force
		[INFO] loaded 3 aliases from 3 parameters
		[WARNING] rejected parameter /dns/all, version 1 of 2000-01-01T00:00:00Z: parse aliases: found y.corp.example., want a name in one of the zones corp.internal.; no version of it is in force
		[WARNING] rejected parameter /dns/all, version 1 of 2000-01-01T00:00:00Z: parse aliases["x.corp.internal."]: found "x-v1", want an absolute name of at least two labels; no version of it is in force
		[WARNING] rejected parameter /dns/cache, version 1 of 2000-01-01T00:00:00Z: parse aliases["cache.corp.internal."]: found "cache-v1", want an absolute name of at least two labels; no version of it is in force
	`)
}

// What a Corefile takes out of force is in force again once that is taken back, also what has a fault above
// it, or has a target that does not verify by now.
func TestRejectedByAReloadThatIsTakenBack(t *testing.T) {
	for _, tt := range []struct{ name, blocks, mistaken, puts, newest, wrong, right string }{
		{"a template is forgotten", "ssm /dns template {name}-{value}.corp.internal", "ssm /dns", `
			put /dns/a v1
			put /dns/b v1`, `
			put /dns/b what?`, `
			a SERVFAIL
			b SERVFAIL`, `
			a a-v1
			b b-v1`},
		{"a template is forgotten, with verify", "verify ssm /dns template {name}-{value}.corp.internal", "verify ssm /dns", `
			put /dns/a v1
			put /dns/b v1`, `
			put /dns/b v2`, `
			a SERVFAIL
			b SERVFAIL`, `
			a a-v1
			b b-v1`},
		{"a zone is left out", "zones corp.internal. corp.example. verify ssm /dns", "zones corp.internal. verify ssm /dns", `
			put /dns/x {"aliases": {"a": "a-v1.corp.internal", "b.corp.example.": "b-v1.corp.internal"}}`, "", `
			a SERVFAIL`, `
			a a-v1`},
		{"two blocks become one", "ssm /two | ssm /one", "ssm /one ssm /two", `
			put /one/a a-v1.corp.internal
			put /two/a a-v2.corp.internal`, `
			put /two/a what?`, `
			a a-v1`, `
			a a-v2`},
	} {
		for _, again := range []string{"reload", "restart"} {
			if again == "restart" && strings.Contains(tt.blocks, "|") {
				continue // each block has a snapshot of its own
			}
			t.Run(tt.name+", "+again, func(t *testing.T) {
				perform(t, `
					blocks `+tt.blocks+tt.puts+`
					start
					wait 1s`+tt.newest+`
					wait 1m`+tt.right+`
					blocks `+tt.mistaken+`
					`+again+tt.wrong+`
					wait 1m`+tt.wrong+`
					`+again+tt.wrong+`
					fault refused
					blocks `+tt.blocks+`
					`+again+tt.right+`
					drains
					ready yes
					fault
					wait 1m`+tt.right+`
					wait 2h`+tt.right)
			})
		}
	}
}

// What a snapshot holds back, by another Corefile maybe, is told by each process, once.
func TestRejectedByARestart(t *testing.T) {
	run(t, `
		blocks zones corp.internal. corp.example. ssm /dns
		put /dns/all {"aliases": {"a.corp.internal.": "a-v1.corp.internal", "b.corp.example.": "b-v1.corp.internal"}}
		put /dns/c {"aliases": {"c.corp.internal.": "c-v1.corp.internal", "d.corp.internal.": "d-v1.corp.internal", "e.corp.internal.": "e-v1.corp.internal", "f.corp.internal.": "f-v1.corp.internal"}}
		start
		delete /dns/c
		wait 12s
		metric braked_aliases 4
		stop
		blocks zones corp.internal. ssm /dns
		start
		metric braked_aliases 4
		wait 1m
		reload
		wait 1m
	`, `
		[INFO] loaded 6 aliases from 2 parameters
		[WARNING] brake on: the parameters of 4 of 6 aliases are gone; they stay in force until that has lasted for an hour
		[INFO] recalled 4 aliases, and 1 rejected documents, of TIME
		[WARNING] rejected parameter /dns/all, version 1 of 2000-01-01T00:00:00Z: parse aliases: found b.corp.example., want a name in one of the zones corp.internal.; no version of it is in force
		[WARNING] brake on: the parameters of 4 of 4 aliases are gone; they stay in force until that has lasted for an hour
	`)
}

// A document that what a start reads itself has replaced is not told of.
func TestRejectedByAReloadAndMended(t *testing.T) {
	run(t, `
		file
		blocks ssm /dns template {value}.corp.internal
		put /dns/cache cache-v1
		put /more/web web-v1.corp.internal
		start
		blocks ssm /dns ssm /more
		put /dns/cache cache-v2.corp.internal
		reload
		cache cache-v2
		wait 1m
	`, `
		[INFO] loaded 1 aliases from 1 parameters
		[INFO] loaded 2 aliases from 2 parameters
	`)
}

// What waits to take over from a parameter that is gone collides with that after a reload, and
// is not rejected for it.
func TestWaitingOverAReload(t *testing.T) {
	run(t, `
		file
		blocks verify ssm /dns
		put /dns/d {"aliases": {"e": "e-v1.corp.internal"}}
		start
		wait 1m
		delete /dns/d
		put /dns/e e-v3.corp.internal
		wait 2m
		e e-v1
		reload
		e e-v1
	`, `
		[INFO] loaded 1 aliases from 1 parameters
		[WARNING] target e-v1.corp.internal. is in force, and does not verify: no
		[WARNING] rejected parameter /dns/e, version 1 of 2000-01-01T00:01:00Z: place alias e.corp.internal.: found it in parameter /dns/d, want it in one parameter only; no version of it is in force
		[WARNING] pending parameter /dns/e, version 1 of 2000-01-01T00:01:00Z: verify target e-v3.corp.internal.: no; no version of it is in force
	`)
}

// What fails before a reload, by the first sweep of another Corefile, or between that and its start is
// told as one, and over once; a reload that fails later has told nothing.
func TestOutagesOverAReload(t *testing.T) {
	const (
		loaded  = "[INFO] loaded 2 aliases from 2 parameters\n"
		void    = "[WARNING] loaded nothing below /third: found no parameter there (Parameter Store in eu-west-1)\n"
		failed  = "[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: AccessDeniedException: not authorized\n"
		works   = "[INFO] sweep works again, after N that failed\n"
		unread  = "[WARNING] read by name failed, and what is in force stays: read the parameters /more/b: AccessDeniedException: not authorized\n"
		nothing = "[INFO] nothing is left to be read by name\n"
		slow    = "[WARNING] throttled, and what is in force stays: the next sweep is in 20s: read the parameters below /dns: ThrottlingException: Rate exceeded\n"
		fast    = "[INFO] no longer throttled: a sweep every 10s again\n"
	)
	for _, tt := range []struct{ name, script, log string }{
		{"a load fails, and so does the reload", `
			fault denied of GetParameters
			blocks ssm /dns ssm /more alias live.corp.internal /live:l
			load
			drop
			fault`, ""},
		{"it is throttled, and the reload fails", `
			fault throttled of GetParameters
			blocks ssm /dns ssm /more alias live.corp.internal /live:l
			load
			drop
			fault`, ""},
		{"a load fails, of a block that nothing is known of", `
			fault denied of GetParameters
			blocks ssm /dns ssm /more | alias live.corp.internal /live:l
			load
			drop
			fault`, ""},
		{"a load works again, and the reload fails", `
			fault denied
			wait 1m
			fault
			blocks ssm /dns ssm /more ssm /third
			load
			drop`, failed + loaded + void + works},
		{"a load works again, and a day is between sweeps", `
			fault denied
			wait 1m
			fault
			blocks ssm /dns ssm /more ssm /third
			refresh 24h
			reload
			wait 1s
			refresh 10s
			reload`, failed + loaded + void + works},
		{"a load works, and then it fails", `
			blocks ssm /dns ssm /more ssm /third
			load
			fault denied
			wait 12s
			reload
			wait 1m
			fault`, loaded + void + failed + works},
		{"a load fails, and then what runs", `
			blocks ssm /dns ssm /more ssm /third
			fault denied
			load
			wait 12s
			reload
			wait 1m
			fault`, failed + works + loaded + void},
		{"what runs fails, and works before the reload", `
			load
			fault denied
			wait 12s
			fault
			wait 12s
			reload`, failed + works},
		{"it is throttled once the reload has begun", `
			load
			fault throttled
			wait 10m
			reload
			calls 0 100
			wait 1m
			calls 0 1
			fault`, slow + fast},
		{"a load is throttled, and then what runs", `
			fault throttled
			blocks ssm /dns ssm /more ssm /third
			load
			wait 10m
			reload
			calls 0 100
			wait 1m
			calls 0 1
			fault`, slow + loaded + void + fast},
		{"it is throttled until a reload begins", `
			fault throttled
			wait 12s
			load
			fault
			wait 10m
			reload`, slow + fast},
		{"reads fail once another line is loaded", `
			blocks ssm /dns ssm /more ssm /third
			load
			fault denied of GetParameters
			delete /more/b
			wait 12s
			reload
			wait 1m
			put /more/b b-v1.corp.internal
			wait 12s
			fault`, loaded + void + unread + nothing},
		{"reads fail, and a reload takes their line away", `
			fault denied of GetParameters
			delete /more/b
			wait 12s
			blocks ssm /dns
			reload
			wait 1m
			fault`, unread + nothing},
		{"reads fail, and one of two blocks goes on with that", `
			fault denied of GetParameters
			delete /more/b
			wait 12s
			blocks ssm /dns | ssm /more
			reload
			wait 1m
			put /more/b b-v1.corp.internal`, unread + nothing},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, `
				file
				blocks ssm /dns ssm /more
				put /dns/a a-v1.corp.internal
				put /more/b b-v1.corp.internal
				start
				wait 1m
				`+tt.script+`
				wait 3h
			`, loaded+tt.log)
		})
	}
}

// A brake that a reload brings is told, and one that goes on is not.
func TestBrakeByAReload(t *testing.T) {
	var many []string
	for i := range 40 {
		many = append(many, fmt.Sprintf(`"m%d": "m-v1.corp.internal"`, i))
	}
	run(t, `
		file
		blocks ssm /dns ssm /more
		put /more/all {"aliases": {`+strings.Join(many, ", ")+`}}
		put /dns/all {"aliases": {"a": "a-v1.corp.internal", "b": "b-v1.corp.internal", "c": "c-v1.corp.internal", "d": "d-v1.corp.internal"}}
		start
		delete /dns/all
		wait 10s
		metric braked_aliases 0
		blocks ssm /dns
		reload
		metric braked_aliases 4
		reload
		wait 10m
		a a-v1
	`, `
		[INFO] loaded 44 aliases from 2 parameters
		[WARNING] brake on: the parameters of 4 of 4 aliases are gone; they stay in force until that has lasted for an hour
	`)
}

// A brake that a reload brings, and its own first sweep lets go, is not told: it held nothing.
func TestBrakeByAReloadAndLetGo(t *testing.T) {
	var many []string
	for i := range 40 {
		many = append(many, fmt.Sprintf(`"m%d": "m-v1.corp.internal"`, i))
	}
	const all = `put /dns/all {"aliases": {"a": "a-v1.corp.internal", "b": "b-v1.corp.internal", "c": "c-v1.corp.internal", "d": "d-v1.corp.internal"}}`
	run(t, `
		file
		blocks ssm /dns ssm /more
		put /more/all {"aliases": {`+strings.Join(many, ", ")+`}}
		put /other/web web-v1.corp.internal
		`+all+`
		start
		wait 20s
		fault denied of GetParameters
		delete /dns/all
		wait 12s
		`+all+`
		fault
		blocks ssm /dns ssm /other
		reload
		metric braked_aliases 0
		wait 1m
		metric braked_aliases 0
	`, `
		[INFO] loaded 44 aliases from 2 parameters
		[WARNING] read by name failed, and what is in force stays: read the parameters /dns/all: AccessDeniedException: not authorized
		[INFO] loaded 5 aliases from 2 parameters
		[INFO] nothing is left to be read by name
	`)
}

// One that was told before is told to be off.
func TestBrakeOffByTheSweepOfAReload(t *testing.T) {
	const all = `put /dns/all {"aliases": {"a": "a-v1.corp.internal", "b": "b-v1.corp.internal", "c": "c-v1.corp.internal", "d": "d-v1.corp.internal"}}`
	run(t, `
		file
		blocks ssm /dns
		put /more/web web-v1.corp.internal
		`+all+`
		start
		delete /dns/all
		wait 12s
		metric braked_aliases 4
		`+all+`
		blocks ssm /dns ssm /more
		reload
		metric braked_aliases 0
		wait 1m
	`, `
		[INFO] loaded 4 aliases from 1 parameters
		[WARNING] brake on: the parameters of 4 of 4 aliases are gone; they stay in force until that has lasted for an hour
		[INFO] loaded 5 aliases from 2 parameters
		[INFO] brake off: no alias stays in force without its parameter for longer than it takes to make sure
	`)
}

// Where a reload takes away what it held, it is told to be off, once.
func TestBrakeOffByAReload(t *testing.T) {
	const gone = `
		delete /more/c
		delete /more/d
		delete /most/e
		delete /most/f
		wait 12s
		metric braked_aliases 4
	`
	const back = `
		put /more/c c-v1.corp.internal
		put /more/d d-v1.corp.internal
		put /most/e e-v1.corp.internal
		put /most/f f-v1.corp.internal
	`
	for _, tt := range []struct{ name, script, loaded string }{
		{"lines go", gone + `
			blocks ssm /dns
			reload
			metric braked_aliases 0
			c NXDOMAIN`, ""},
		{"all lines go", gone + `
			blocks ssm /other
			reload
			metric braked_aliases 0`, firstLoad("/other")},
		{"two blocks, and one goes on with it", gone + `
			blocks ssm /dns | ssm /more ssm /most
			reload
			wait 10m
			block 2
			c c-v1` + back, ""},
		{"two blocks, and one goes on with what has begun since the load", `
			blocks ssm /dns | ssm /more ssm /most
			load` + gone + `
			reload
			wait 10m
			block 2
			c c-v1` + back, ""},
		{"two blocks, and none goes on with it", gone + back + `
			blocks ssm /dns ssm /more | ssm /most
			reload`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, `
				file
				blocks ssm /dns ssm /more ssm /most
				put /dns/a a-v1.corp.internal
				put /dns/b b-v1.corp.internal
				`+back+`
				start
				`+tt.script+`
				wait 3h
				metric braked_aliases 0
			`, `
				[INFO] loaded 6 aliases from 6 parameters
				[WARNING] brake on: the parameters of 4 of 6 aliases are gone; they stay in force until that has lasted for an hour
				`+tt.loaded+`
				[INFO] brake off: no alias stays in force without its parameter for longer than it takes to make sure
			`)
		})
	}
}

// What a block has counted that a reload takes away goes on in another one, once, also if it comes back.
func TestCountsOfABlockThatGoes(t *testing.T) {
	const counted = `
		metric flips_total{zone="corp.internal."} 6
		metric older_versions_believed_total 2
		metric push_missed_total 4
		metric push_hints_total{operation="junk"} 1
	`
	for _, tt := range []struct{ one, two string }{
		{"ssm /one", "ssm /two"},
		{"zones corp.example. corp.internal. ssm /one", "ssm /two"},
	} {
		perform(t, `
			push
			refresh 10s
			blocks `+tt.one+` | `+tt.two+`
			put /one/a a-v1.corp.internal
			put /two/b b-v1.corp.internal
			start
			wait 1s
			fault refused of GetParametersByPath
			put /one/a a-v2.corp.internal
			put /two/b b-v2.corp.internal
			event Update /three
			wait 30s
			fault
			wait 11s
			fault stale
			wait 40s
			fault
			wait 11s`+counted+`
			blocks `+tt.one+`
			load
			wait 1m
			reload`+counted+`
			wait 1m
			blocks `+tt.one+` | `+tt.two+`
			reload
			wait 1m`+counted+`
			blocks `+tt.two+`
			reload
			wait 1m`+counted)
	}
}

// Of two views of a zone each goes on with what one of them has counted.
func TestFlipsOfViews(t *testing.T) {
	perform(t, `
		file
		blocks ssm /dns | ssm /dns
		put /dns/cache cache-v1.corp.internal
		start
		put /dns/cache cache-v2.corp.internal
		wait 11s
		blocks ssm /dns ttl 9 | ssm /dns ttl 9
		reload
		flips cache
		block 2
		flips cache
		metric flips_total{zone="corp.internal."} 2
		blocks ssm /dns
		reload
		block 1
		flips cache cache
		metric flips_total{zone="corp.internal."} 2
	`)
}

// What a view takes over from another one with another template is no flip.
func TestNoFlipsOfAnotherView(t *testing.T) {
	perform(t, `
		file
		refresh 1h
		blocks ssm /dns template a-{value} | ssm /dns template b-{value}
		start
		put /dns/cache cache-v1.corp.internal
		blocks ssm /dns template a-{value} | ssm /dns ssm /two template b-{value}
		reload
		cache NXDOMAIN
		block 2
		cache b-cache-v1
		reload
		flips
		block 1
		cache a-cache-v1
		flips
	`)
}

// Where zones of one block get a block each, or the other way round, their flips go with
// them.
func TestFlipsGoWithTheirZones(t *testing.T) {
	const counted = `
		metric flips_total{zone="one.corp.internal."} 2
		metric flips_total{zone="two.corp.internal."} 1
	`
	perform(t, `
		file
		blocks zones one.corp.internal. two.corp.internal. ssm /dns ssm /more
		put /dns/a a-v1.corp.internal
		put /more/b.one.corp.internal b-v1.corp.internal
		start
		put /dns/a a-v2.corp.internal
		put /more/b.one.corp.internal b-v2.corp.internal
		wait 11s
		flips a.one a.two b.one
		`+counted+`
		blocks zones two.corp.internal. ssm /dns | zones one.corp.internal. ssm /dns ssm /more
		reload
		`+counted+`
		block 1
		flips a.two
		block 2
		flips a.one b.one
		blocks zones one.corp.internal. two.corp.internal. ssm /dns ssm /more
		reload
		block 1
		flips a.one a.two b.one
		`+counted+`
	`)
}
