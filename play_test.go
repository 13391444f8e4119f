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
	case "throttled", "throttled once":
		if fault != "throttled" {
			a.fault = ""
		}
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
//	refused ERROR      a reload is
//	from ADDRESS       who asks
//	block N            of the server blocks it is the Nth that is asked
//	blocks LINES | LINES...  what the Corefile has, from the next start on: the
//	                   blocks, with "zones NAME..." first if they are others,
//	                   "ssm PATH", "alias NAME PARAMETER[:LABEL]", "template TEXT"
//	                   for the lines before it, "ttl SECONDS", and "verify", of
//	                   targets that never do
//	paths              blocks ssm /dns
//	push [NAME]        with a queue, from the next start on, and sweeps too far apart
//	                   for any to come, if refresh does not say otherwise
//	event OPERATION NAME | sns OPERATION NAME | message BODY  into the queue
//	queue FAULT | queued MESSAGES | polls FEWEST MOST
//	refresh DURATION   from the next start on
//	region NAME        from the next start on
//	file NAME          of the snapshot, from the next start on; without NAME none
//	age DURATION       its MAX_AGE, from the next start on
//	clock DURATION     it is set forward by so much since the snapshot was written
//	put NAME VALUE | delete NAME | label NAME:LABEL VERSION | skip NAME
//	NAME TARGET        the alias's target is this
//	NAME rcode         the answer is
//	flips NAMES        those of the aliases that are told of, sorted
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
	region   string
	from     string // who asks
	asked    int    // which plugin
	instance *instance
	loaded   *instance // that a reload has begun with
}

// whole is the blocks of a play that says nothing else.
const whole = "ssm /dns alias live.corp.internal /live:l"

// never is a refresh of which no sweep comes while a script is played: the first one is at any
// moment within it.
const never = 10_000 * mostRefresh

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
			store: paramstore.Config{Region: cmp.Or(p.region, "eu-west-1"), Transport: p.api},
		}
		if n > 0 && c.snapshot.Path != "" {
			c.snapshot.Path += strconv.Itoa(n)
		}
		if p.api.queue != nil {
			c.push, c.refresh = "https://sqs.eu-west-1.amazonaws.com/123456789012/"+p.queue, cmp.Or(p.refresh, never)
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

// exit ends the process.
func (p *play) exit() {
	p.end(p.instance)
	if p.api.queue != nil {
		p.api.queue.hangUp()
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
	case "refused":
		i, end := p.make(), make(chan error, 1)
		go func() { end <- i.load() }()
		synctest.Wait()
		if !i.plugins[0].Ready() {
			return fmt.Errorf("found it not ready, while what it is to replace answers")
		}
		if err := <-end; err == nil || err.Error() != "plugin/versionalias: "+rest {
			return fmt.Errorf("found %v", err)
		}
	case "region":
		p.region = rest
	case "start", "reload":
		p.start()
	case "stop", "restart":
		p.exit()
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
		p.exit()
		<-time.After(20 * time.Second) // a poll of a queue that nobody has any more may take as long
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
