package status

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

type aliases []Alias

func (a aliases) Len() int          { return len(a) }
func (a aliases) Alias(i int) Alias { return a[i] }

type drains []Drain

func (d drains) Len() int          { return len(d) }
func (d drains) Drain(i int) Drain { return d[i] }

var at = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

func share(f float64) *float64 { return &f }

func times(n uint64) *uint64 { return &n }

// hostile is a text that would do something on a page that does not escape it.
const hostile = `</td><script>alert(1)</script><img src=x onerror="alert(2)">'"&`

func example() []Server {
	return []Server{{
		Zones:  []string{"corp.internal.", "corp.example."},
		Source: Source{Kind: "ssm", InForce: "sweep", LastSweep: at, Age: 3.5},
		Aliases: aliases{
			{Name: "bad.corp.internal.", State: Rejected, Reason: "version 3: " + hostile, Parameter: "/dns/bad", Version: 3, Modified: at},
			{Name: "cache.corp.internal.", State: Active, To: "cache-v2.corp.internal.", Percent: 100, Observed: share(1), TTL: 5, Parameter: "/dns/cache", Version: 7, Modified: at, Adopted: at},
			{Name: "web.corp.internal.", State: Moving, From: "web-v1.corp.internal.", To: "web-v2.corp.internal.", Percent: 12.5, Start: at, End: at.Add(time.Hour), Observed: share(0.13), TTL: 10, Subtree: "keep", Parameter: "/dns/web", Version: 2, Modified: at, Adopted: at.Add(time.Minute)},
		},
		Draining: drains{{Alias: "cache.corp.internal.", Target: "cache-v1.corp.internal.", Deadline: at, Drained: true, Direct: Direct{Queries: times(3), LastSeen: at, Clients: []string{"192.0.2.1"}}}},
		Flips:    []Flip{{At: at, Alias: "cache.corp.internal.", From: "cache-v1.corp.internal.", To: "cache-v2.corp.internal.", Parameter: "/dns/cache", Version: 7}},
	}}
}

func get(t *testing.T, servers []Server, method, url string) (*http.Response, string) {
	t.Helper()
	w := httptest.NewRecorder()
	Handler(func() []Server { return servers }).ServeHTTP(w, httptest.NewRequest(method, url, nil))
	response := w.Result()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(text)
}

func TestHandler(t *testing.T) {
	for _, tt := range []struct {
		method, path string
		status       int
		kind         string
	}{
		{"GET", "/", 200, "text/html; charset=utf-8"},
		{"HEAD", "/", 200, "text/html; charset=utf-8"},
		{"GET", "/healthz", 200, "text/plain; charset=utf-8"},
		{"GET", "/aliases", 200, "application/json"},
		{"GET", "/style.css", 200, "text/css; charset=utf-8"},
		{"GET", "/script.js", 200, "text/javascript; charset=utf-8"},
		{"GET", "/page.html", 404, "text/plain; charset=utf-8"},
		{"GET", "/page/", 404, "text/plain; charset=utf-8"},
		{"GET", "/aliases/x", 404, "text/plain; charset=utf-8"},
		{"POST", "/", 405, "text/plain; charset=utf-8"},
		{"PUT", "/aliases", 405, "text/plain; charset=utf-8"},
		{"DELETE", "/nowhere", 405, "text/plain; charset=utf-8"},
		{"OPTIONS", "/aliases", 405, "text/plain; charset=utf-8"},
	} {
		response, _ := get(t, example(), tt.method, tt.path)
		h := response.Header
		if response.StatusCode != tt.status || h.Get("Content-Type") != tt.kind {
			t.Errorf("%s %s got %d %s, want %d %s", tt.method, tt.path, response.StatusCode, h.Get("Content-Type"), tt.status, tt.kind)
		}
		if !strings.HasPrefix(h.Get("Content-Security-Policy"), "default-src 'none';") || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s %s got the headers %v", tt.method, tt.path, h)
		}
		if tt.status == 405 && h.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s %s got Allow %q", tt.method, tt.path, h.Get("Allow"))
		}
	}
}

func TestJSON(t *testing.T) {
	_, got := get(t, append(example(), Server{Zones: []string{"."}, Source: Source{Kind: "directory", InForce: "none", Age: -1}, Aliases: aliases{}, Draining: drains{}}), "GET", "/aliases")
	reason, err := json.Marshal("version 3: " + hostile)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"servers":[{"zones":["corp.internal.","corp.example."],"source":{"kind":"ssm","in_force":"sweep","last_sweep":"2026-11-23T10:00:00Z","age_seconds":3.5},"aliases":[` +
		`{"name":"bad.corp.internal.","state":"rejected","reason":` + string(reason) + `,"percent":0,"observed":null,"ttl":0,"parameter":"/dns/bad","version":3,"modified":"2026-11-23T10:00:00Z"},
{"name":"cache.corp.internal.","state":"active","to":"cache-v2.corp.internal.","percent":100,"observed":1,"ttl":5,"parameter":"/dns/cache","version":7,"modified":"2026-11-23T10:00:00Z","adopted":"2026-11-23T10:00:00Z"},
{"name":"web.corp.internal.","state":"moving","from":"web-v1.corp.internal.","to":"web-v2.corp.internal.","percent":12.5,"start":"2026-11-23T10:00:00Z","end":"2026-11-23T11:00:00Z","observed":0.13,"ttl":10,"subtree":"keep","parameter":"/dns/web","version":2,"modified":"2026-11-23T10:00:00Z","adopted":"2026-11-23T10:01:00Z"}],` +
		`"draining":[{"alias":"cache.corp.internal.","target":"cache-v1.corp.internal.","deadline":"2026-11-23T10:00:00Z","drained":true,"direct":{"queries":3,"last_seen":"2026-11-23T10:00:00Z","clients":["192.0.2.1"]}}],` +
		`"flips":[{"at":"2026-11-23T10:00:00Z","alias":"cache.corp.internal.","from":"cache-v1.corp.internal.","to":"cache-v2.corp.internal.","parameter":"/dns/cache","version":7}]},` +
		`{"zones":["."],"source":{"kind":"directory","in_force":"none","age_seconds":-1},"aliases":[],"draining":[],"flips":[]}]}
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if !json.Valid([]byte(got)) {
		t.Error("it is no JSON")
	}
}

// names is the aliases that a page shows, in its order.
func names(page string) string {
	var list []string
	for _, m := range regexp.MustCompile(`<th role="rowheader" scope="row"><span class="name"><b>([^<]+)</b>`).FindAllStringSubmatch(page, -1) {
		list = append(list, m[1])
	}
	return strings.Join(list, " ")
}

func TestPage(t *testing.T) {
	_, got := get(t, example(), "GET", "/")
	for _, want := range []string{
		"corp.internal., corp.example.", "From Parameter Store", "3 s ago", "3 aliases.", "<b>1</b> rejected", "<b>0</b> pending",
		`<progress max="100" value="12.5"`, "observed 13%", "and all below: keep", "nothing is in force",
		"3 queries, the last", "from 192.0.2.1", "drained",
		"&lt;script&gt;alert(1)",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the page does not have %q", want)
		}
	}
	for _, bad := range []string{"<script>alert", "<img", "onerror=\"alert"} {
		if strings.Contains(got, bad) {
			t.Errorf("the page has %q, want it escaped", bad)
		}
	}
	if strings.Count(got, "<script") != 1 || strings.Contains(got, "style=\"") {
		t.Error("the page has script or style of its own, which its policy forbids")
	}
	if _, got = get(t, nil, "GET", "/"); !strings.Contains(got, "No server block") {
		t.Errorf("of no server the page says\n%s", got)
	}
	none := []Server{{Zones: []string{"a."}, Source: Source{Kind: "ssm", InForce: "none", Age: -1}, Aliases: aliases{}, Draining: drains{}}}
	if _, got = get(t, none, "GET", "/"); !strings.Contains(got, "not all was read yet") {
		t.Errorf("before the first sweep the page says\n%s", got)
	}
}

// That nobody asks for a target is said only where it would have been counted.
func TestPageDirect(t *testing.T) {
	for _, tt := range []struct {
		direct     Direct
		page, json string
	}{
		{Direct{Queries: times(0)}, "nobody", `{"queries":0,"clients":null}`},
		{Direct{Queries: times(1), LastSeen: at, Clients: []string{"192.0.2.1"}}, "1 query, the last", `{"queries":1,"last_seen":"2026-11-23T10:00:00Z","clients":["192.0.2.1"]}`},
		{Direct{Uncounted: Early}, "<em>counted once it is drained</em>", `{"queries":null,"uncounted":"early","clients":null}`},
		{Direct{Uncounted: OfAlias}, "<em>it is an alias, or below one: see there</em>", `{"queries":null,"uncounted":"alias","clients":null}`},
		{Direct{Uncounted: Elsewhere}, "<em>not seen here: another server or block has it</em>", `{"queries":null,"uncounted":"elsewhere","clients":null}`},
	} {
		servers := example()
		servers[0].Draining = drains{{Alias: "cache.corp.internal.", Target: "cache-v1.corp.internal.", Deadline: at, Drained: tt.direct.Uncounted != Early, Direct: tt.direct}}
		if _, got := get(t, servers, "GET", "/"); !strings.Contains(got, "<div>"+tt.page) || strings.Contains(got, "nobody") != (tt.page == "nobody") {
			t.Errorf("of %+v the page does not say %q", tt.direct, tt.page)
		}
		if _, got := get(t, servers, "GET", "/aliases"); !strings.Contains(got, `"direct":`+tt.json) {
			t.Errorf("of %+v /aliases does not say %s", tt.direct, tt.json)
		}
	}
}

// Searching and sorting are done by the server, so that a page is small whatever
// there is.
func TestPageQuery(t *testing.T) {
	servers := example()
	servers[0].Draining = drains{}
	for url, want := range map[string]string{
		"/":                         "bad cache web",
		"/?q=CACHE-v2":              "cache",
		"/?q=/dns/w":                "web",
		"/?q=web-v1":                "web",
		"/?q=rejected":              "bad",
		"/?q=nowhere":               "",
		"/?sort=state":              "bad web cache",
		"/?sort=to":                 "bad cache web",
		"/?sort=adopted":            "web cache bad",
		"/?sort=adopted&q=internal": "web cache bad",
		"/?sort=nonsense":           "bad cache web",
	} {
		if _, got := get(t, servers, "GET", url); names(got) != want {
			t.Errorf("%s shows %q, want %q", url, names(got), want)
		}
	}
	_, got := get(t, servers, "GET", "/?q="+strings.ReplaceAll(`"><script>alert(1)</script>`, " ", "+"))
	if strings.Contains(got, "<script>alert") {
		t.Error("what is searched for is not escaped")
	}
}

// A rejected document of which no alias can be told is counted, shown and found.
func TestPageNameless(t *testing.T) {
	servers := example()
	servers[0].Aliases = append(aliases{{State: Rejected, Reason: "version 1: what?", Parameter: "/dns/out", Version: 1}}, servers[0].Aliases.(aliases)...)
	const row = `<th role="rowheader" scope="row"><em>no name can be told</em></th>`
	for url, want := range map[string]bool{
		"/": true, "/?q=rejected": true, "/?q=dns/out": true, "/?sort=state": true, "/?sort=to": true, "/?sort=adopted": true, "/?q=cache": false,
	} {
		_, got := get(t, servers, "GET", url)
		if n := strings.Count(got, row); n == 1 != want {
			t.Errorf("%s shows it %d times, want it %v", url, n, want)
		}
		if !strings.Contains(got, "<b>2</b> rejected") {
			t.Errorf("%s does not count 2 rejected", url)
		}
	}
	if _, got := get(t, servers, "GET", "/aliases"); !strings.Contains(got, `"aliases":[{"state":"rejected","reason":"version 1: what?",`) {
		t.Errorf("/aliases has no row without a name:\n%s", got)
	}
}

func TestPages(t *testing.T) {
	var many aliases
	for i := range 250 {
		many = append(many, Alias{Name: fmt.Sprintf("a%03d.corp.internal.", i), State: Active, To: "v2.corp.internal."})
	}
	servers := []Server{{Zones: []string{"corp.internal."}, Aliases: many, Draining: drains{}}}
	for _, tt := range []struct{ url, first, last, links string }{
		{"/", "a000", "a099", "?page=2"},
		{"/?page=1", "a000", "a099", "?page=2"},
		{"/?page=2", "a100", "a199", "? ?page=3"},
		{"/?page=3", "a200", "a249", "?page=2"},
		{"/?page=99", "a200", "a249", "?page=2"},
		{"/?page=-1", "a000", "a099", "?page=2"},
		{"/?page=2&q=corp", "a100", "a199", "?q=corp ?page=3&amp;q=corp"},
		{"/?page=x&q=a24", "a240", "a249", ""},
		{"/?q=a1", "a100", "a199", ""}, // a full page, and nothing more
	} {
		_, got := get(t, servers, "GET", tt.url)
		shown := strings.Fields(names(got))
		var links []string
		for _, m := range regexp.MustCompile(`href="([^"]*)" rel=`).FindAllStringSubmatch(got, -1) {
			links = append(links, m[1])
		}
		if shown[0] != tt.first || shown[len(shown)-1] != tt.last || strings.Join(links, " ") != tt.links {
			t.Errorf("%s shows %s to %s and links %q, want %s to %s and %q", tt.url, shown[0], shown[len(shown)-1], links, tt.first, tt.last, tt.links)
		}
	}
}

// What is to come by the clock of another machine is now, not a negative time ago.
func TestAgo(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-100 * time.Hour: "0 s", -time.Second: "0 s", 0: "0 s", 119 * time.Second: "119 s", 120 * time.Second: "2 min", 119 * time.Minute: "119 min",
		2 * time.Hour: "2 h", 47 * time.Hour: "47 h", 48 * time.Hour: "2 days",
	} {
		if got := ago(d); got != want {
			t.Errorf("ago(%v) got %q, want %q", d, got, want)
		}
	}
}

// A hundred thousand aliases are written one by one.
func TestManyAliases(t *testing.T) {
	servers := []Server{{Zones: []string{"corp.internal."}, Aliases: endless(100000), Draining: endless(100000)}}
	_, got := get(t, servers, "GET", "/aliases")
	var told struct {
		Servers []struct {
			Aliases  []struct{ Name string }
			Draining []struct{ Alias string }
		}
	}
	if err := json.Unmarshal([]byte(got), &told); err != nil || len(told.Servers[0].Aliases) != 100000 || len(told.Servers[0].Draining) != 100000 {
		t.Errorf("got %v, want 100000 aliases and as many that drain", err)
	}
	if _, page := get(t, servers, "GET", "/"); len(page) > 200000 {
		t.Errorf("the page of 100000 aliases has %d octets, want no more than 100 of them have", len(page))
	}
}

type endless int

func (n endless) Len() int { return int(n) }
func (n endless) Alias(i int) Alias {
	return Alias{Name: fmt.Sprintf("a%d.corp.internal.", i), State: Active, To: "v1.corp.internal."}
}

func (n endless) Drain(i int) Drain {
	return Drain{Alias: n.Alias(i).Name, Target: "v1.corp.internal."}
}

// Of each kind four answers are made at once. Who waits for its turn may go, and has it once
// another one is made.
func TestInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var begun, over atomic.Int64
		goOn := make(chan struct{})
		h := inTurn(func(http.ResponseWriter, *http.Request) {
			begun.Add(1)
			<-goOn
		})
		var asking sync.WaitGroup
		ask := func(ctx context.Context) {
			asking.Go(func() {
				h(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/", nil))
				over.Add(1)
			})
		}
		patient, end := context.WithTimeout(t.Context(), time.Minute)
		defer end()
		impatient, leave := context.WithCancel(t.Context())
		for range atOnce {
			ask(patient)
		}
		synctest.Wait()
		ask(patient)
		ask(impatient)
		leave()
		synctest.Wait()
		if begun.Load() != atOnce || over.Load() != 1 {
			t.Errorf("%d answers were begun, and %d requests are over, want %d and the one that left", begun.Load(), over.Load(), atOnce)
		}
		close(goOn)
		asking.Wait()
		if begun.Load() != atOnce+1 {
			t.Errorf("in the end %d answers were begun, want %d", begun.Load(), atOnce+1)
		}
	})
}

// An answer that cannot be made whole is broken off.
func TestBrokenOff(t *testing.T) {
	defer func() {
		if recover() != http.ErrAbortHandler {
			t.Error("an answer in part looks like one")
		}
	}()
	servers := []Server{{Aliases: aliases{{Modified: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}}, Draining: drains{}}}
	get(t, servers, "GET", "/aliases")
}
