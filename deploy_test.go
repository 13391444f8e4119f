package versionalias

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
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
	metricForm   = regexp.MustCompile(`coredns_\w+`)
	selectorForm = regexp.MustCompile(`(coredns_\w+){([^}]*)}`)
	matcherForm  = regexp.MustCompile(`(\w+)\s*(?:=~|!~|!=|=)\s*"`)
	listForm     = regexp.MustCompile(`\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)`)
	legendForm   = regexp.MustCompile(`{{\s*(\w+)\s*}}`)
	wordForm     = regexp.MustCompile(`\w+`)
	variableForm = regexp.MustCompile(`^label_values\((.+), (\w+)\)$`)
)

// scraped is the labels that Prometheus adds.
var scraped = []string{"instance", "job"}

// wrong is what is wrong with a query and the labels that are shown of its result.
func wrong(labels map[string][]string, expr string, shown ...string) []string {
	var faults []string
	all := slices.Clone(scraped)
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
	labels := map[string][]string{"coredns_a": {"zone"}, "coredns_b": {"zone", "alias"}}
	for _, tt := range []struct{ expr, shown, want string }{
		{`sum by (zone) (coredns_a{zone=~"$zone", instance="x"}) * on (zone, job) group_right () coredns_b`, "alias", ""},
		{`time()`, "zone", "it has no metric; nothing in it has a label zone"},
		{`coredns_a + coredns_c`, "zone", "nobody exports coredns_c"},
		{`coredns_a{alias=""} + coredns_b`, "alias", "coredns_a has no label alias"},
		{`sum by (zone, alias) (coredns_a)`, "zone", "nothing in it has a label alias"},
		{`coredns_a`, "target", "nothing in it has a label target"},
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
	for _, q := range dashboard(t) {
		for _, fault := range wrong(labels, q.expr, q.shown...) {
			t.Errorf("%s: %s: %s", q.panel, fault, q.expr)
		}
		if strings.HasPrefix(q.panel, "variable ") {
			continue
		}
		for _, metric := range metricForm.FindAllString(q.expr, -1) {
			delete(unused, metric)
		}
	}
	for metric := range unused {
		t.Errorf("no panel shows %s", metric)
	}
}
