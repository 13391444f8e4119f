package versionalias

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/pkg/dnstest"
	"github.com/coredns/coredns/plugin/test"
	"github.com/miekg/dns"

	"github.com/octoenergy/versionalias/internal/program"
	"github.com/octoenergy/versionalias/plugin/alias"
	"github.com/octoenergy/versionalias/plugin/ledger"
	"github.com/octoenergy/versionalias/plugin/status"
)

// statusURL is where the status page is that was opened for an address.
func statusURL(t *testing.T, addr string) string {
	t.Helper()
	statuses.mu.Lock()
	defer statuses.mu.Unlock()
	page := statuses.open[addr]
	if page == nil {
		t.Fatalf("no status page is open for %s", addr)
	}
	return "http://" + page.addr.String()
}

// body is what a GET gets.
func body(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v, %v", url, err, response.Status)
	}
	return string(text)
}

const statusCorefile = `
	corp.internal:0 {
		bind 127.0.0.1
		root DIR
		versionalias {
			directory aliases
			status 127.0.0.1:0
		}
		file corp.zone
	}
	corp.example:0 {
		bind 127.0.0.1
		root DIR
		versionalias {
			directory more
			status 127.0.0.1:0
		}
	}`

// Server blocks share a page, a reload leaves it open, and the last one closes it.
func TestStatusPage(t *testing.T) {
	s := startServer(t, statusCorefile, files{"corp.zone": corpZone, "aliases/cache": "cache-v1.corp.internal", "more/web": "web-v1.corp.example"})
	url := statusURL(t, "127.0.0.1:0")
	if len(statuses.open) != 1 {
		t.Errorf("%d pages are open, want 1 for both blocks", len(statuses.open))
	}
	if got := body(t, url+"/healthz"); got != "ok\n" {
		t.Errorf("/healthz got %q", got)
	}
	var told struct {
		Servers []struct {
			Zones   []string
			Aliases []struct{ Name, To string }
		}
	}
	if err := json.Unmarshal([]byte(body(t, url+"/aliases")), &told); err != nil || len(told.Servers) != 2 || told.Servers[0].Aliases[0].Name != "cache.corp.internal." || told.Servers[1].Aliases[0].To != "web-v1.corp.example." {
		t.Errorf("/aliases got %v, %+v", err, told)
	}
	page := statuses.open["127.0.0.1:0"]
	s.write("aliases/cache", "cache-v2.corp.internal")
	reload := func(text string) {
		t.Helper()
		next, err := s.Restart(s.corefile(text))
		if err != nil {
			t.Fatal(err)
		}
		s.Instance = next
	}
	reload(statusCorefile)
	if statuses.open["127.0.0.1:0"] != page {
		t.Error("a reload has opened another page")
	}
	for deadline := time.Now().Add(program.Patience); !strings.Contains(body(t, url), "cache-v2.corp.internal."); <-time.After(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the flip is not shown:\n%s", body(t, url))
		}
	}
	reload(strings.ReplaceAll(statusCorefile, "status 127.0.0.1:0", ""))
	if _, err := http.Get(url); err == nil {
		t.Error("the page is still open when no block has one")
	}
}

// Where the page is, is logged: the port may be one that the system chose.
func TestStatusPageLogged(t *testing.T) {
	out := capture(t)
	s := startServer(t, statusCorefile, files{"corp.zone": corpZone, "aliases/cache": "cache-v1.corp.internal", "more/web": "web-v1.corp.example"})
	want := "[INFO] plugin/versionalias: status page at " + statusURL(t, "127.0.0.1:0") + "\n"
	s.stop()
	if got := out.lines(); strings.Count(got, want) != 1 {
		t.Errorf("the log has not once %q:\n%s", want, got)
	}
}

// An address that cannot be had is an error of the start, and what runs goes on.
func TestStatusBind(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := startServer(t, statusCorefile, files{"corp.zone": corpZone, "aliases/cache": "cache-v1.corp.internal", "more/web": "web-v1.corp.example"})
	taken := strings.Replace(statusCorefile, "status 127.0.0.1:0", "status "+l.Addr().String(), 1)
	_, err = s.Restart(s.corefile(taken))
	want := fmt.Sprintf(`plugin/versionalias: open the status page: listen tcp %s: bind: address already in use`, l.Addr())
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	if len(statuses.open) != 1 {
		t.Errorf("%d pages are open, want the one of what runs", len(statuses.open))
	}
	body(t, statusURL(t, "127.0.0.1:0")+"/healthz")
	if got := s.ask("cache.corp.internal.", dns.TypeCNAME); len(got.Answer) != 1 {
		t.Errorf("after a reload that failed got\n%s", show(got))
	}
}

// A start that fails after the page was opened leaves none behind, also where what
// runs has no versionalias; and what caddy tells nobody of goes with the next one.
func TestStatusFailedStart(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	const plain = "corp.internal:0 {\n bind 127.0.0.1\n whoami\n}"
	faulty := fmt.Sprintf("%s\nother.internal:%s {\n bind 127.0.0.1\n whoami\n}", statusCorefile, port(l.Addr().String()))
	f := files{"corp.zone": corpZone, "aliases/cache": "cache-v1.corp.internal", "more/web": "web-v1.corp.example"}
	if _, err := caddy.Start((&server{t: t, dir: t.TempDir()}).corefile(faulty)); err == nil {
		t.Fatal("a server started on a port that is taken")
	}
	s := startServer(t, plain, f)
	if len(statuses.open) != 0 {
		t.Errorf("a start that failed has left %d pages behind the next one", len(statuses.open))
	}
	for range 2 {
		if _, err := s.Restart(s.corefile(faulty)); err == nil {
			t.Fatal("a server was reloaded onto a port that is taken")
		}
		if len(statuses.open) != 0 {
			t.Errorf("a reload that failed has left %d pages", len(statuses.open))
		}
	}
	if n := len(s.OnRestartFailed); n != 1 {
		t.Errorf("what runs is told %d times of a reload that failed, want once", n)
	}
	next, err := s.Restart(s.corefile(statusCorefile))
	if err != nil {
		t.Fatal(err)
	}
	s.Instance = next
	body(t, statusURL(t, "127.0.0.1:0")+"/healthz")
}

func TestStatusAddress(t *testing.T) {
	for address, want := range map[string]string{
		"8053": "127.0.0.1:8053", ":8053": "127.0.0.1:8053", "localhost:8053": "127.0.0.1:8053", "127.0.0.1:0": "127.0.0.1:0",
		"[::1]:8053": "[::1]:8053", "0.0.0.0:8053": "0.0.0.0:8053", "08053": "127.0.0.1:8053", "LocalHost:8053": "127.0.0.1:8053",
		"[0:0::1]:8053": "[::1]:8053", "Dns.corp.internal:8053": "dns.corp.internal:8053",
		"[FE80::1%enP2p1s0]:8053": "[fe80::1%enP2p1s0]:8053", // names of interfaces have a case
	} {
		var b block
		if err := b.parseStatus([]string{address}); err != nil || b.statusAt != want {
			t.Errorf("%s got %q, %v, want %q", address, b.statusAt, err, want)
		}
	}
}

// Each state as the JSON tells it.
func TestStatusOfAliases(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := startTrial(t, "cache-v1.corp.internal")
		defer tr.stop()
		tr.set("cache-v2", addressed)
		tr.mu.Lock()
		tr.more = []ledger.Parameter{
			{Name: "/dns/canary", Version: 1, Value: `{"from": "cache-v1.corp.internal", "to": "cache-v2.corp.internal", "percent": 12.5, "ttl": 7}`},
			{Name: "/dns/bad", Version: 3, Value: "what?"},
			{Name: "/dns/later", Version: 4, Value: "cache-v1.corp.internal"},
			{Name: "/dns/next", Version: 1, Value: `{"from": "cache-v1.corp.internal", "to": "cache-v2.corp.internal", "start": "2100-01-01T00:00:00Z"}`},
			{Name: "/dns/ramp", Version: 1, Value: `{"from": "cache-v1.corp.internal", "to": "cache-v2.corp.internal", "start": "2000-01-01T00:00:10Z", "over": "40s", "subtree": "keep"}`},
		}
		tr.mu.Unlock()
		<-time.After(12 * time.Second)
		for range 3 {
			tr.target()
		}
		tr.mu.Lock()
		tr.more[2].Version, tr.more[2].Value = 5, "cache-v9.corp.internal"
		tr.mu.Unlock()
		tr.put("cache-v2.corp.internal")
		<-time.After(18 * time.Second)
		tr.target()
		s := tr.feed.status(time.Now())
		var got []string
		for i := range s.Aliases.Len() {
			text, err := json.Marshal(s.Aliases.Alias(i))
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, regexp.MustCompile(`"adopted":"2000-01-01T00:00:[0-9.]+Z"`).ReplaceAllString(string(text), `"adopted":"SINCE"`))
		}
		want := []string{
			`{"name":"bad.corp.internal.","state":"rejected","reason":"version 3: parse target: found \"what?\" with '?' in it, want only letters, digits, '-', '_' and dots","percent":0,"observed":null,"ttl":0,"parameter":"/dns/bad","version":3}`,
			`{"name":"cache.corp.internal.","state":"active","to":"cache-v2.corp.internal.","percent":100,"observed":1,"ttl":5,"parameter":"/dns/cache","version":2,"modified":"2026-11-22T23:10:01Z","adopted":"SINCE"}`,
			`{"name":"canary.corp.internal.","state":"moving","from":"cache-v1.corp.internal.","to":"cache-v2.corp.internal.","percent":12.5,"observed":null,"ttl":7,"parameter":"/dns/canary","version":1,"adopted":"SINCE"}`,
			`{"name":"later.corp.internal.","state":"pending","reason":"version 5: verify target cache-v9.corp.internal.: found NXDOMAIN, want an address","to":"cache-v1.corp.internal.","percent":100,"observed":null,"ttl":5,"parameter":"/dns/later","version":4,"adopted":"SINCE"}`,
			`{"name":"next.corp.internal.","state":"moving","from":"cache-v1.corp.internal.","to":"cache-v2.corp.internal.","percent":0,"start":"2100-01-01T00:00:00Z","end":"2100-01-01T00:00:00Z","observed":null,"ttl":5,"parameter":"/dns/next","version":1,"adopted":"SINCE"}`,
			`{"name":"ramp.corp.internal.","state":"moving","from":"cache-v1.corp.internal.","to":"cache-v2.corp.internal.","percent":50,"start":"2000-01-01T00:00:10Z","end":"2000-01-01T00:00:50Z","observed":null,"ttl":5,"subtree":"keep","parameter":"/dns/ramp","version":1,"adopted":"SINCE"}`,
		}
		if a, b := strings.Join(got, "\n"), strings.Join(want, "\n"); a != b {
			t.Errorf("got\n%s\nwant\n%s", a, b)
		}
		if len(s.Flips) != 1 || s.Flips[0].Alias != "cache.corp.internal." || s.Flips[0].From != "cache-v1.corp.internal." || s.Flips[0].To != "cache-v2.corp.internal." || s.Flips[0].Version != 2 {
			t.Errorf("found the flips %+v, want one of cache", s.Flips)
		}
		if s.Draining.Len() != 1 || s.Draining.Drain(0).Target != "cache-v1.corp.internal." || s.Draining.Drain(0).Alias != "cache.corp.internal." {
			t.Errorf("found draining %+v, want cache-v1", s.Draining)
		}
		if s.Source.Kind != "directory" || s.Source.InForce != "sweep" || s.Source.Age < 0 || s.Source.Age > 11 {
			t.Errorf("found the source %+v, want a directory, swept a while ago", s.Source)
		}
	})
}

// A target is drained once the last alias has left it that does so by the clock, since
// queries for it are counted from then on; and of what is not counted no number is told.
func TestStatusOfDrains(t *testing.T) {
	const early = `{"queries":null,"uncounted":"early","clients":[]}`
	ramp := func(over string) string {
		return `{"from": "v1.corp.internal", "to": "v2.corp.internal", "start": "2000-01-01T00:02:00Z", "over": "` + over + `"}`
	}
	tomorrow := `"b": {"from": "v1.corp.internal", "to": "v2.corp.internal", "start": "2000-01-02T00:00:00Z"}`
	slow := `"b": {"to": "v1.corp.internal", "ttl": 3600}`
	for _, tt := range []struct {
		name      string
		documents string // one a minute; after each v1 and others are asked for
		asked     string
		wait      time.Duration
		want      string
	}{
		{"one alias", `"a": "v1.corp.internal" | "a": "v2.corp.internal"`, "v1", 0,
			`a left v1.corp.internal. until 2000-01-01 00:01:15, drained true ` + `{"queries":1,"last_seen":"2000-01-01T00:02:00Z","clients":["192.0.2.1"]}`},
		{"nobody asks", `"a": "v1.corp.internal" | "a": "v2.corp.internal"`, "v2", 0,
			`a left v1.corp.internal. until 2000-01-01 00:01:15, drained true {"queries":0,"clients":[]}`},
		{"another alias stays", `"a": "v1.corp.internal", "b": "v1.corp.internal" | "a": "v2.corp.internal", "b": "v1.corp.internal"`, "v2", 0,
			`a left v1.corp.internal. until 2000-01-01 00:01:15, drained true {"queries":0,"clients":[]}`},
		{"another alias leaves it tomorrow", `"a": "v1.corp.internal", ` + tomorrow + ` | "a": "v2.corp.internal", ` + tomorrow, "v1 b", 0,
			`a left v1.corp.internal. until 2000-01-02 00:00:10, drained false ` + early},
		{"another alias has left it since", `"a": "v1.corp.internal", ` + slow + ` | "a": "v2.corp.internal", ` + slow + ` | "a": "v2.corp.internal", "b": "v2.corp.internal"`, "v1", 0,
			`a left v1.corp.internal. until 2000-01-01 01:02:10, drained false ` + early + `, b left v1.corp.internal. until 2000-01-01 01:02:10, drained false ` + early},
		{"ramps that end at different times", `"a": "v1.corp.internal", "b": "v1.corp.internal" | "a": ` + ramp("10m") + `, "b": ` + ramp("1h"), "v1 b", 20 * time.Minute,
			`a left v1.corp.internal. until 2000-01-01 01:02:10, drained false ` + early},
		{"both have ended", `"a": "v1.corp.internal", "b": "v1.corp.internal" | "a": ` + ramp("10m") + `, "b": ` + ramp("1h"), "v1 b", 65 * time.Minute,
			`a left v1.corp.internal. until 2000-01-01 01:02:10, drained true {"queries":1,"last_seen":"2000-01-01T01:07:00Z","clients":["192.0.2.1"]}, ` +
				`b left v1.corp.internal. until 2000-01-01 01:02:10, drained true {"queries":1,"last_seen":"2000-01-01T01:07:00Z","clients":["192.0.2.1"]}`},
		{"it is an alias", `"a": "v1.corp.internal", "v1": "v0.corp.internal" | "a": "v2.corp.internal", "v1": "v0.corp.internal"`, "v1", 0,
			`a left v1.corp.internal. until 2000-01-01 00:01:15, drained true {"queries":null,"uncounted":"alias","clients":[]}`},
		{"it is below an alias", `"a": "v1.b.corp.internal", "b": {"to": "v0.corp.internal", "subtree": "keep"} | "a": "v2.corp.internal", "b": {"to": "v0.corp.internal", "subtree": "keep"}`, "v1.b", 0,
			`a left v1.b.corp.internal. until 2000-01-01 00:01:15, drained true {"queries":null,"uncounted":"alias","clients":[]}`},
		{"it lies outside", `"a": "v1.example.com." | "a": "v2.corp.internal"`, "v1", 0,
			`a left v1.example.com. until 2000-01-01 00:01:15, drained true {"queries":null,"uncounted":"elsewhere","clients":[]}`},
		{"another server block has it", `"a": "v1.blue.corp.internal" | "a": "v2.corp.internal"`, "v1", 0,
			`a left v1.blue.corp.internal. until 2000-01-01 00:01:15, drained true {"queries":null,"uncounted":"elsewhere","clients":[]}`},
		{"it lies outside, and a plugin brings some by", `"a": "v1.example.com." | "a": "v2.corp.internal"`, "v1.example.com.", 0,
			`a left v1.example.com. until 2000-01-01 00:01:15, drained true {"queries":1,"last_seen":"2000-01-01T00:02:00Z","clients":["192.0.2.1"]}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var v *VersionAlias
				for i, document := range strings.Split(tt.documents, " | ") {
					seen := cache(`{"aliases": {`+document+`}}`, int64(i+1))
					if v == nil {
						v = feedOnce(t, seen).plugins[0]
						v.Next = plugin.HandlerFunc(addressed)
						v.feed.reached = []reach{{"a", ".", false}, {"a", "corp.internal.", true}, {"a", "blue.corp.internal.", false}}
					}
					v.feed.Swept(seen, 0)
					<-time.After(time.Minute + tt.wait*time.Duration(i))
					for _, name := range strings.Fields(tt.asked) {
						if !strings.HasSuffix(name, ".") {
							name += ".corp.internal."
						}
						w := dnstest.NewRecorder(&test.ResponseWriter{RemoteIP: "192.0.2.1"})
						if _, err := v.ServeDNS(t.Context(), w, question(name, dns.TypeA)); err != nil {
							t.Fatal(err)
						}
					}
				}
				var got []string
				draining := v.feed.status(time.Now()).Draining
				for i := range draining.Len() {
					d := draining.Drain(i)
					direct, err := json.Marshal(d.Direct)
					if err != nil {
						t.Fatal(err)
					}
					got = append(got, fmt.Sprintf("%s left %s until %s, drained %v %s", strings.TrimSuffix(d.Alias, ".corp.internal."), d.Target, d.Deadline.Format(time.DateTime), d.Drained, direct))
				}
				if got := strings.Join(got, ", "); got != tt.want {
					t.Errorf("got\n%s\nwant\n%s", got, tt.want)
				}
			})
		})
	}
}

// A server block sees the queries for a name if no other one has a nearer zone at the same listener,
// and at none of its own.
func TestIsAsked(t *testing.T) {
	const own, other = "versionalias {\n directory DIR\n}", "whoami"
	for _, tt := range []struct {
		name   string
		blocks [][3]string // keys, addresses and what else
		want   bool
	}{
		{"no other block", [][3]string{{"corp.internal:0", "127.0.0.1", own}}, true},
		{"not in the zones", [][3]string{{"corp.example:0", "127.0.0.1", own}}, false},
		{"one above", [][3]string{{"corp.internal:0", "127.0.0.1", own}, {".:0 internal:0", "127.0.0.1", other}}, true},
		{"one beside", [][3]string{{"corp.internal:0", "127.0.0.1", own}, {"green.corp.internal:0", "127.0.0.1", other}}, true},
		{"a nearer one", [][3]string{{"corp.internal:0", "127.0.0.1", own}, {"Blue.corp.internal:0", "127.0.0.1", other}}, false},
		{"a nearer one in front", [][3]string{{"green.corp.internal:0 blue.corp.internal:0", "127.0.0.1", other}, {"corp.example:0 corp.internal:0", "127.0.0.1", own}}, false},
		{"a nearer one elsewhere", [][3]string{{"corp.internal:0", "127.0.0.1", own}, {"blue.corp.internal:0", "127.0.0.2", other}}, true},
		{"a nearer one with the address written otherwise", [][3]string{{"corp.internal:0", "127.0.0.1", own}, {"blue.corp.internal:0", "::ffff:127.0.0.1", other}}, false},
		{"a nearer one at one of two addresses", [][3]string{{"corp.internal:0", "127.0.0.1 127.0.0.2", own}, {"blue.corp.internal:0", "127.0.0.2", other}}, false},
		{"a nearer one of another transport", [][3]string{{"corp.internal:0", "127.0.0.1", own}, {"tls://blue.corp.internal:0", "127.0.0.1", other}}, true},
		{"one as near, its own", [][3]string{{"corp.internal:0 blue.corp.internal:0", "127.0.0.1", own}, {".:0", "127.0.0.1", other}}, true},
		{"its own as near, but of another transport", [][3]string{{"corp.internal:0 tls://blue.corp.internal:0", "127.0.0.1", own}, {"blue.corp.internal:0", "127.0.0.1", other}}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var corefile strings.Builder
			for _, b := range tt.blocks {
				fmt.Fprintf(&corefile, "%s {\n bind %s\n %s\n}\n", b[0], b[1], b[2])
			}
			startServer(t, corefile.String(), nil)
			if got := running.feeds()[0].isAsked("v1.blue.corp.internal."); got != tt.want {
				t.Errorf("isAsked got %v, want %v", got, tt.want)
			}
		})
	}
}

// A percent reads as its document says it.
func TestStatusPercent(t *testing.T) {
	f := feedOnce(t, nil).plugins[0].feed
	for i, want := range []string{"0", "0.07", "7", "12.345", "29", "55", "57", "99.999", "100"} {
		f.Swept(cache(`{"from": "cache-v1.corp.internal", "to": "cache-v2.corp.internal", "percent": `+want+`}`, int64(i+1)), 0)
		got, err := json.Marshal(f.status(time.Now()).Aliases.Alias(0).Percent)
		if err != nil || string(got) != want {
			t.Errorf("%s percent reads %s, %v", want, got, err)
		}
	}
}

// Observed is what was answered since the document was adopted, over reloads as well.
func TestStatusObserved(t *testing.T) {
	i := feedOnce(t, cache("cache-v1.corp.internal", 1))
	f := i.plugins[0].feed
	observed := func(f *feed) string {
		a := f.status(time.Now()).Aliases.Alias(0)
		if a.Observed == nil {
			return "none"
		}
		return fmt.Sprintf("%.2f", *a.Observed)
	}
	add := func(f *feed, to, from int) {
		tallies := f.ledger.Load().Table().Get("cache.corp.internal.").Tallies
		for range to {
			tallies[0].Add()
		}
		for range from {
			tallies[1].Add()
		}
	}
	if got := observed(f); got != "none" {
		t.Errorf("before any answer observed is %s", got)
	}
	add(f, 7, 0)
	f.Swept(cache(`{"from": "cache-v1.corp.internal", "to": "cache-v2.corp.internal", "percent": 25}`, 2), 0)
	if got := observed(f); got != "none" {
		t.Errorf("after a new document observed is %s, want none", got)
	}
	add(f, 1, 3)
	if got := observed(f); got != "0.25" {
		t.Errorf("observed is %s, want 0.25", got)
	}
	heir := fed(t, new(instance), new(source)).feed
	heir.place = f.place
	takeOver(heir, f)
	add(heir, 1, 3)
	if got := observed(heir); got != "0.25" {
		t.Errorf("after a reload observed is %s, want 0.25", got)
	}
	if flips := heir.flipped(); len(flips) != 1 {
		t.Errorf("after a reload found the flips %v, want one", flips)
	}
	if e := heir.ledger.Load().Table().Get("cache.corp.internal."); e.Source.Adopted.IsZero() || !e.Source.Adopted.Equal(f.ledger.Load().Table().Get("cache.corp.internal.").Source.Adopted) {
		t.Error("after a reload a document was adopted anew")
	}
}

// What a page was made of is kept for the next one only as long as it is so.
func TestStatusKept(t *testing.T) {
	f := feedOnce(t, cache("cache-v1.corp.internal", 1)).plugins[0].feed
	first := f.ledger.Load()
	kept := func(when string, want bool) {
		t.Helper()
		if got := f.listed.Load() != nil; got != want {
			t.Errorf("%s kept is %v, want %v", when, got, want)
		}
	}
	f.status(time.Now())
	kept("after a page", true)
	f.Swept(cache("cache-v1.corp.internal", 1), 0)
	kept("after a sweep that saw nothing new", true)
	f.Swept(cache("cache-v2.corp.internal", 2), 0)
	kept("after a flip", false)
	f.listing(first)
	kept("after a page in the middle of which a flip came", false)
}

// Of flips the last hundred are remembered.
func TestStatusFlips(t *testing.T) {
	f := feedOnce(t, cache("cache-v0.corp.internal", 1)).plugins[0].feed
	for n := range 150 {
		f.Swept(cache(fmt.Sprintf("cache-v%d.corp.internal", n+1), int64(n+2)), 0)
	}
	flips := f.flipped()
	if len(flips) != 100 || flips[0].To != "cache-v150.corp.internal." || flips[99].To != "cache-v51.corp.internal." {
		t.Errorf("found %d flips, want 100, the newest first", len(flips))
	}
}

// Of several documents that are about one alias, one and the same is told each time:
// that of its own parameter, then one with a fault. One that another parameter keeps
// out is told beside it.
func TestStatusOfSeveral(t *testing.T) {
	for range 20 {
		f := feedOnce(t, []ledger.Parameter{
			{Name: "/dns/cache", Value: "cache-v1.corp.internal", Version: 1},
			{Name: "/dns/more", Value: `{"aliases": {"cache": "cache-v2.corp.internal"}}`, Version: 1},
			{Name: "/dns/web", Value: "what?", Version: 1},
			{Name: "/dns/all", Value: `{"aliases": {"web": "web-v1.corp.internal", "cache": "cache-v3.corp.internal"}}`, Version: 1},
		}).plugins[0].feed
		s := f.status(time.Now())
		for i, want := range []string{
			"cache.corp.internal. active parameter /dns/cache, version 1: place alias cache.corp.internal.: found it in parameter /dns/all, want it in one parameter only",
			`web.corp.internal. active parameter /dns/web, version 1: parse target: found "what?" with '?' in it, want only letters, digits, '-', '_' and dots`,
		} {
			if a := s.Aliases.Alias(i); a.Name+" "+a.State+" "+a.Reason != want {
				t.Fatalf("got %s %s %s, want %s", a.Name, a.State, a.Reason, want)
			}
		}
		running.remove(running.all[0])
	}
}

// What holds a document back, also before there was any answer, and of which parameter it
// is if that is not the alias's own.
func TestWhy(t *testing.T) {
	for _, tt := range []struct {
		beside bool
		err    error
		want   string
	}{
		{false, errors.New("no"), "version 2: no"},
		{false, nil, "version 2 is not asked for yet"},
		{true, errors.New("no"), "parameter /dns/all, version 2: no"},
		{true, nil, "parameter /dns/all, version 2 is not asked for yet"},
	} {
		s := ledger.State{Pending: true, Beside: tt.beside, Source: alias.Source{Parameter: "/dns/all", Version: 2}, Err: tt.err}
		if got := why(&s); got != tt.want {
			t.Errorf("beside %v, with error %v: got %q, want %q", tt.beside, tt.err, got, tt.want)
		}
	}
}

// A rejected document is told also if no alias can be told of it: else the page would say
// that none is rejected while a metric does. That holds until a parameter is gone for sure.
func TestStatusOfNameless(t *testing.T) {
	for range 20 { // the ledger has its parameters in no order
		seen := []ledger.Parameter{
			{Name: "/dns/cache", Value: "cache-v1.corp.internal", Version: 1},
			{Name: "/dns/out", Value: `{"aliases": {"cache.other.internal.": "cache-v1.corp.internal"}}`, Version: 2},
			{Name: "/dns/no name", Value: "cache-v1.corp.internal", Version: 3},
			{Name: "/dns/half", Value: `{"aliases": {"half": "half-v1.corp.internal", "no name": "half-v1.corp.internal"}}`, Version: 4},
		}
		f := feedOnce(t, seen).plugins[0].feed
		f.Swept(seen[:1], 0)
		var got []string
		s := f.status(time.Now())
		for i := range s.Aliases.Len() {
			text, err := json.Marshal(s.Aliases.Alias(i))
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, regexp.MustCompile(`"adopted":"[^"]*"`).ReplaceAllString(string(text), `"adopted":"SINCE"`))
		}
		want := []string{
			`{"state":"rejected","reason":"version 3: parse last element: found \"no name.corp.internal.\" with ' ' in it, want only letters, digits, '-', '_' and dots","percent":0,"observed":null,"ttl":0,"parameter":"/dns/no name","version":3}`,
			`{"state":"rejected","reason":"version 2: parse aliases: found cache.other.internal., want a name in one of the zones corp.internal.","percent":0,"observed":null,"ttl":0,"parameter":"/dns/out","version":2}`,
			`{"name":"cache.corp.internal.","state":"active","to":"cache-v1.corp.internal.","percent":100,"observed":null,"ttl":5,"parameter":"/dns/cache","version":1,"adopted":"SINCE"}`,
			`{"name":"half.corp.internal.","state":"rejected","reason":"version 4: parse aliases: found \"no name.corp.internal.\" with ' ' in it, want only letters, digits, '-', '_' and dots","percent":0,"observed":null,"ttl":0,"parameter":"/dns/half","version":4}`,
		}
		if a, b := strings.Join(got, "\n"), strings.Join(want, "\n"); a != b {
			t.Fatalf("got\n%s\nwant\n%s", a, b)
		}
		running.remove(running.all[0])
	}
}

// Of much that was deleted is told that it is gone, and until when it stays in force; of
// what has another fault as well, both.
func TestStatusOfMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fed(t, new(instance), new(source), verify).feed
		var seen []ledger.Parameter
		for n := range 10 {
			seen = append(seen, ledger.Parameter{Name: fmt.Sprintf("/dns/a%d", n), Value: fmt.Sprintf("v%d.corp.internal", n), Version: 1})
		}
		f.Swept(seen, 0)
		f.Answered([]ledger.Answer{{Probe: ledger.Probe{Target: "v3.corp.internal.", Check: alias.CheckAddress}, Err: errors.New("no address")}})
		seen[2].Version, seen[2].Value = 2, "what?"
		f.Swept(seen, 0)
		f.Swept(seen[8:], 0)
		s := f.status(time.Now())
		for i := range 10 {
			state, want := status.Active, ""
			if i < 8 {
				want = fmt.Sprintf("parameter /dns/a%d has not been found since 2000-01-01T00:00:00Z: what it states stays in force by the brake until 2000-01-01T01:00:00Z at least", i)
			}
			switch i {
			case 2:
				state, want = status.Rejected, `version 2: parse target: found "what?" with '?' in it, want only letters, digits, '-', '_' and dots; `+want
			case 3:
				want += "; target v3.corp.internal. does not verify: no address"
			}
			if a := s.Aliases.Alias(i); a.State != state || a.Reason != want {
				t.Errorf("%s is %s: %q, want %s: %q", a.Name, a.State, a.Reason, state, want)
			}
		}
	})
}

// A client that never ends its request is cut off.
func TestStatusSlowClient(t *testing.T) {
	startServer(t, statusCorefile, files{"corp.zone": corpZone, "aliases/cache": "cache-v1.corp.internal", "more/web": "web-v1.corp.example"})
	conn, err := net.Dial("tcp", strings.TrimPrefix(statusURL(t, "127.0.0.1:0"), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(conn); err != nil {
		t.Errorf("after 30 seconds: %v, want the connection closed", err)
	}
}
