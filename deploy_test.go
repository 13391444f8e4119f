package versionalias

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/octoenergy/versionalias/internal/process"
	"github.com/octoenergy/versionalias/internal/program"
)

// What deploy has is about metrics, and must follow when they change.

// exported is the labels of each metric that the plugin exports.
func exported(t *testing.T) map[string][]string {
	t.Helper()
	ch := make(chan *prometheus.Desc, 100)
	collector{}.Describe(ch)
	close(ch)
	form := regexp.MustCompile(`fqName: "([^"]+)".*variableLabels: {([^}]*)}`)
	labels := map[string][]string{}
	for d := range ch {
		m := form.FindStringSubmatch(d.String())
		if m == nil {
			t.Fatalf("%s does not read as a desc", d)
		}
		labels[m[1]] = strings.FieldsFunc(m[2], func(r rune) bool { return r == ',' })
	}
	return labels
}

var (
	changesForm  = regexp.MustCompile(`changes\(coredns_\w+_total\b`)
	metricForm   = regexp.MustCompile(`coredns_\w+`)
	selectorForm = regexp.MustCompile(`(coredns_\w+){([^}]*)}`)
	matcherForm  = regexp.MustCompile(`(\w+)\s*(?:=~|!~|!=|=)\s*"`)
	listForm     = regexp.MustCompile(`\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)`)
	legendForm   = regexp.MustCompile(`{{\s*(?:\$labels\.)?(\w+)\s*}}`)
	wordForm     = regexp.MustCompile(`\w+`)
	variableForm = regexp.MustCompile(`^label_values\((.+), (\w+)\)$`)
)

// scraped is the labels that Prometheus adds.
var scraped = []string{"instance", "job"}

// wrong is what is wrong with a query and the labels that are shown of its result.
func wrong(labels map[string][]string, expr string, shown ...string) []string {
	var faults []string
	all := slices.Clone(scraped)
	if changesForm.MatchString(expr) {
		faults = append(faults, "it takes a restart for a change")
	}
	metrics := metricForm.FindAllString(expr, -1)
	if len(metrics) == 0 {
		faults = append(faults, "it has no metric")
	}
	for _, metric := range metrics {
		if _, ok := labels[metric]; !ok {
			faults = append(faults, "nobody exports "+metric)
		}
		all = append(all, labels[metric]...)
	}
	for _, selector := range selectorForm.FindAllStringSubmatch(expr, -1) {
		for _, matcher := range matcherForm.FindAllStringSubmatch(selector[2], -1) {
			if !slices.Contains(slices.Concat(scraped, labels[selector[1]]), matcher[1]) {
				faults = append(faults, selector[1]+" has no label "+matcher[1])
			}
		}
	}
	for _, list := range listForm.FindAllStringSubmatch(expr, -1) {
		shown = append(shown, wordForm.FindAllString(list[1], -1)...)
	}
	for _, label := range shown {
		if !slices.Contains(all, label) {
			faults = append(faults, "nothing in it has a label "+label)
		}
	}
	return faults
}

func TestWrong(t *testing.T) {
	labels := map[string][]string{"coredns_a": {"zone"}, "coredns_a_total": {"zone"}, "coredns_b": {"zone", "alias"}}
	for _, tt := range []struct{ expr, shown, want string }{
		{`sum by (zone) (coredns_a{zone=~"$zone", instance="x"}) * on (zone, job) group_right () coredns_b`, "alias", ""},
		{`time()`, "zone", "it has no metric; nothing in it has a label zone"},
		{`coredns_a + coredns_c`, "zone", "nobody exports coredns_c"},
		{`coredns_a{alias=""} + coredns_b`, "alias", "coredns_a has no label alias"},
		{`sum by (zone, alias) (coredns_a)`, "zone", "nothing in it has a label alias"},
		{`coredns_a`, "target", "nothing in it has a label target"},
		{`changes(coredns_a_total[5m])`, "zone", "it takes a restart for a change"},
	} {
		if got := strings.Join(wrong(labels, tt.expr, tt.shown), "; "); got != tt.want {
			t.Errorf("%s of %s got %q, want %q", tt.shown, tt.expr, got, tt.want)
		}
	}
}

// query is one of the dashboard's, and the labels that are shown of its result.
type query struct {
	panel, expr string
	shown       []string
}

// dashboard is the queries of the dashboard, and of its variables.
func dashboard(t *testing.T) []query {
	t.Helper()
	type datasource struct{ Type, UID string }
	var d struct {
		SchemaVersion int
		Annotations   struct {
			List []struct {
				Name, Expr, TitleFormat string
				Datasource              datasource
			}
		}
		Templating struct {
			List []struct {
				Name, Type string
				Datasource datasource
				Query      json.RawMessage // text, or an object that has it
			}
		}
		Panels []struct {
			ID         int
			Type       string
			Title      string
			Datasource datasource
			GridPos    struct{ H, W, X, Y int }
			Targets    []struct {
				RefID, Expr, LegendFormat string
				Datasource                datasource
			}
		}
	}
	read(t, "deploy/grafana/versionalias.json", &d)
	ours := datasource{"prometheus", "${datasource}"}
	var list []query
	add := func(panel, expr, legend string, from datasource) {
		if from != ours {
			t.Errorf("%s asks %v, want %v", panel, from, ours)
		}
		q := query{panel: panel, expr: expr}
		for _, label := range legendForm.FindAllStringSubmatch(legend, -1) {
			q.shown = append(q.shown, label[1])
		}
		list = append(list, q)
	}
	for _, a := range d.Annotations.List {
		if a.Expr != "" {
			add("annotation "+a.Name, a.Expr, a.TitleFormat, a.Datasource)
		}
	}
	variables := map[string]bool{}
	for _, v := range d.Templating.List {
		variables[v.Name] = true
		if v.Type == "datasource" {
			continue
		}
		var values struct{ Query string }
		if err := json.Unmarshal(v.Query, &values); err != nil {
			t.Fatalf("variable %s: %v", v.Name, err)
		}
		m := variableForm.FindStringSubmatch(values.Query)
		if m == nil {
			t.Fatalf("the values of %s are %q, want label_values", v.Name, values.Query)
		}
		add("variable "+v.Name, m[1], "{{"+m[2]+"}}", v.Datasource)
	}
	ids := map[int]bool{}
	cells := map[[2]int]string{}
	for _, p := range d.Panels {
		if ids[p.ID] || len(p.Targets) == 0 || p.Datasource != ours {
			t.Errorf("panel %d, %s, has another's number, no query, or the data source %v", p.ID, p.Title, p.Datasource)
		}
		ids[p.ID] = true
		for x := range p.GridPos.W {
			for y := range p.GridPos.H {
				cell := [2]int{p.GridPos.X + x, p.GridPos.Y + y}
				if other := cells[cell]; other != "" || cell[0] >= 24 {
					t.Fatalf("%s is where %s is, or beside the dashboard", p.Title, other)
				}
				cells[cell] = p.Title
			}
		}
		for _, target := range p.Targets {
			add(p.Title, target.Expr, target.LegendFormat, target.Datasource)
		}
	}
	for _, q := range list {
		for _, v := range regexp.MustCompile(`\$(\w+)`).FindAllStringSubmatch(q.expr, -1) {
			if !variables[v[1]] && v[1] != "__rate_interval" {
				t.Errorf("%s: there is no variable %s: %s", q.panel, v[1], q.expr)
			}
		}
	}
	return list
}

// read reads a file of JSON.
func read(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// The dashboard shows every metric, and none that is not there.
func TestDashboard(t *testing.T) {
	labels := exported(t)
	unused := maps.Clone(labels)
	labels["coredns_versionalias_push_latency_seconds_bucket"] = []string{"le"} // what is in a histogram
	for _, q := range dashboard(t) {
		for _, fault := range wrong(labels, q.expr, q.shown...) {
			t.Errorf("%s: %s: %s", q.panel, fault, q.expr)
		}
		if strings.HasPrefix(q.panel, "variable ") {
			continue
		}
		for _, metric := range metricForm.FindAllString(q.expr, -1) {
			delete(unused, strings.TrimSuffix(metric, "_bucket"))
		}
	}
	for metric := range unused {
		t.Errorf("no panel shows %s", metric)
	}
}

// Alerts ask for metrics that are there, say how bad it is and where, and each is
// tested, and in the README beside it.
func TestAlerts(t *testing.T) {
	labels := exported(t)
	var texts [3]string
	for i, path := range []string{"deploy/prometheus/alerts.yml", "deploy/prometheus/alerts_test.yml", "deploy/README.md"} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts[i] = string(text)
	}
	comment := regexp.MustCompile(`(?m)^\s*#.*\n`)
	alerts := strings.Split(comment.ReplaceAllString(texts[0], ""), "- alert: ")[1:]
	if len(alerts) == 0 {
		t.Fatal("there are no alerts")
	}
	form := regexp.MustCompile(`(?s)^(\w+)\n\s+expr: (.+?)\n(?:\s+for: \w+\n)?\s+labels:\n\s+severity: (?:info|warning|critical)\n\s+annotations:\n\s+(summary: .+description: .+)$`)
	for _, alert := range alerts {
		m := form.FindStringSubmatch(alert)
		if m == nil {
			t.Errorf("%s\ndoes not read as name, expr, for, severity, summary, description", alert)
			continue
		}
		name, expr := m[1], m[2]
		var shown []string
		for _, label := range legendForm.FindAllStringSubmatch(m[3], -1) {
			shown = append(shown, label[1])
		}
		for _, fault := range wrong(labels, expr, shown...) {
			t.Errorf("%s: %s", name, fault)
		}
		there := []string{"instance"}
		for _, metric := range metricForm.FindAllString(expr, -1) {
			there = append(there, labels[metric]...)
		}
		for _, label := range []string{"alias", "zone", "instance"} {
			if slices.Contains(there, label) && !slices.Contains(shown, label) {
				t.Errorf("%s does not tell the %s", name, label)
			}
		}
		if n := strings.Count(texts[1], "alertname: "+name+"\n"); n < 2 {
			t.Errorf("%s is tested %d times, want once with and once without an alert", name, n)
		}
		if !strings.Contains(texts[2], "`"+name+"`") {
			t.Errorf("deploy/README.md does not have %s", name)
		}
	}
}

func TestRules(t *testing.T) {
	process.Need(t, "promtool")
	for _, args := range []string{
		"check rules --lint=all --lint-fatal deploy/prometheus/alerts.yml",
		"test rules deploy/prometheus/alerts_test.yml",
	} {
		if out, err := exec.Command("promtool", strings.Fields(args)...).CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", args, err, out)
		}
	}
}

// What the README asks of a Prometheus is tested with the rules.
func TestQueriesOfREADME(t *testing.T) {
	tests, err := os.ReadFile("deploy/prometheus/alerts_test.yml")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, block := range snippets(t, "txt") {
		for line := range strings.Lines(block) {
			if !metricForm.MatchString(line) {
				continue
			}
			found++
			if !strings.Contains(string(tests), "expr: "+line) {
				t.Errorf("nothing tests %s", line)
			}
		}
	}
	if found != 3 {
		t.Errorf("found %d queries, want 3", found)
	}
}

// prom is a running Prometheus.
type prom struct {
	t   *testing.T
	url string
}

// startPrometheus starts one that scrapes metrics often, with the project's alerts.
func startPrometheus(t *testing.T, metrics string) prom {
	t.Helper()
	dir := t.TempDir()
	rules, err := filepath.Abs("deploy/prometheus/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(config, fmt.Appendf(nil, `
global:
  scrape_interval: 500ms
  scrape_timeout: 500ms
  evaluation_interval: 200ms
rule_files:
  - %s
scrape_configs:
  - job_name: dns
    static_configs:
      - targets: ["%s"]
`, rules, metrics), 0o644); err != nil {
		t.Fatal(err)
	}
	addr := process.FreeAddr(t)
	p := prom{t: t, url: "http://" + addr}
	process.Start(t, exec.Command("prometheus", "--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "data"),
		"--web.listen-address="+addr, "--log.level=warn"), func() bool {
		resp, err := http.Get(p.url + "/-/ready")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return p
}

// get asks Prometheus's API.
func (p prom) get(path string, data any) {
	p.t.Helper()
	resp, err := http.Get(p.url + path)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer := struct {
		Status, Error string
		Data          any
	}{Data: data}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.Status != "success" {
		p.t.Fatalf("%s got %s, %s, %v", path, answer.Status, answer.Error, err)
	}
}

// labels is the labels of each series of a query's result.
func (p prom) labels(expr string) []map[string]string {
	p.t.Helper()
	var data struct {
		Result []struct{ Metric map[string]string }
	}
	p.get("/api/v1/query?query="+url.QueryEscape(expr), &data)
	var list []map[string]string
	for _, series := range data.Result {
		list = append(list, series.Metric)
	}
	return list
}

// alerts is those that are pending or firing, by their name.
func (p prom) alerts() map[string]string {
	p.t.Helper()
	var data struct {
		Alerts []struct {
			Labels, Annotations map[string]string
		}
	}
	p.get("/api/v1/alerts", &data)
	list := map[string]string{}
	for _, a := range data.Alerts {
		list[a.Labels["alertname"]] = a.Annotations["summary"]
	}
	return list
}

// eventually waits for something.
func eventually(t *testing.T, what string, happens func() bool) {
	t.Helper()
	for deadline := time.Now().Add(program.Patience); !happens(); <-time.After(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: it never happens", what)
		}
	}
}

// A real Prometheus alerts of a document with a fault until it is mended.
func TestPrometheusAlerts(t *testing.T) {
	process.Need(t, "prometheus")
	addr := process.FreeAddr(t)
	s := startServer(t, fmt.Sprintf(`
		corp.internal:0 {
			bind 127.0.0.1
			root DIR
			prometheus %s
			versionalias {
				directory aliases
			}
			file corp.zone
		}`, addr), files{"corp.zone": corpZone, "aliases/cache": "cache-v1.corp.internal"})
	p := startPrometheus(t, addr)
	eventually(t, "a scrape", func() bool { return len(p.labels(`coredns_versionalias_rejected_aliases`)) > 0 })
	if got := p.alerts(); len(got) > 0 {
		t.Errorf("found the alerts %q before there is a fault", got)
	}
	s.write("aliases/cache", "cache")
	want := "Aliases of corp.internal. whose document " + addr + " rejects (syntax): 1."
	eventually(t, want, func() bool { return p.alerts()["VersionAliasRejected"] == want })
	s.write("aliases/cache", "cache-v2.corp.internal")
	eventually(t, "no alert", func() bool { return len(p.alerts()) == 0 })
}

// Every query of the dashboard finds something in a real Prometheus, that has the
// labels which are shown, once each thing has happened that there is a metric of.
func TestPrometheusDashboard(t *testing.T) {
	process.Need(t, "prometheus")
	api := store(t)
	addr := process.FreeAddr(t)
	s := startServer(t, fmt.Sprintf(`
		corp.internal:0 {
			bind 127.0.0.1
			root DIR
			prometheus %s
			versionalias {
				directory aliases
				verify
			}
			file corp.zone
		}
		corp.example:0 {
			bind 127.0.0.1
			versionalias {
				ssm /dns
				aws_region eu-west-1
				aws_endpoint %s
				push %[2]s/123456789012/aliases
			}
		}`, addr, api.URL), files{
		"corp.zone":       corpZone,
		"aliases/cache":   `{"to": "cache-v1.corp.internal", "ttl": 0}`,
		"aliases/waits":   "cache-v2.corp.internal",
		"aliases/moves":   `{"from": "moved.corp.internal", "to": "cache-v2.corp.internal", "percent": 10}`,
		"aliases/missing": "nowhere.corp.internal",
	})
	p := startPrometheus(t, addr)
	eventually(t, "a scrape", func() bool { return len(p.labels(`coredns_versionalias_flips_total`)) > 0 })
	s.write("aliases/cache", "cache-v2.corp.internal")
	s.write("aliases/waits", "nowhere.corp.internal")
	fill := strings.NewReplacer("$__rate_interval", "5m", "$instance", ".*", "$zone", ".*", "$alias", ".*")
	for _, q := range dashboard(t) {
		eventually(t, q.panel+": "+q.expr, func() bool {
			s.ask("cache.corp.internal.", dns.TypeA)
			s.ask("cache-v1.corp.internal.", dns.TypeA)
			result := p.labels(fill.Replace(q.expr))
			for _, series := range result {
				if q.panel == "Servers behind" && series["zone"] == "corp.internal." {
					t.Fatalf("%s has an alias of a directory: %v", q.panel, series)
				}
				for _, label := range q.shown {
					if series[label] == "" {
						t.Fatalf("%s: a series has no label %s: %v", q.expr, label, series)
					}
				}
			}
			return len(result) > 0
		})
	}
}
