package terraform_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/octoenergy/versionalias/internal/figure"
	"github.com/octoenergy/versionalias/plugin/alias"
)

// input is what a module is told of one alias.
type input map[string]any

// with is in with more of it stated.
func (in input) with(more input) input {
	all := maps.Clone(in)
	maps.Copy(all, more)
	return all
}

func (in input) text(field string) string {
	s, _ := in[field].(string)
	return s
}

// notStated are the inputs that a document does not have.
var notStated = []string{"name", "zone", "template"}

// document is what Go writes of it.
func (in input) document(t testing.TB) string {
	t.Helper()
	stated := maps.Clone(in)
	for _, field := range notStated {
		delete(stated, field)
	}
	return stated.json(t)
}

func (in input) json(t testing.TB) string {
	t.Helper()
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// parse is what the plugin makes of a document in the place that in states.
func (in input) parse(document string) ([]alias.Alias, error) {
	rule := alias.Rule{Zones: []alias.Name{"corp.internal."}, TTL: 5}
	if zone, ok := in["zone"].(string); ok {
		rule.Zones = []alias.Name{alias.Name(strings.ToLower(strings.TrimSuffix(zone, ".")) + ".")}
	}
	if template, ok := in["template"].(string); ok {
		var err error
		if rule.Template, err = alias.ParseTemplate(template); err != nil {
			return nil, fmt.Errorf("parse template: %w", err)
		}
	}
	return rule.Read(in.text("name"), document)
}

var fieldOfError = regexp.MustCompile(`^parse (last element|[a-z]+)`)

// fault is the field that the plugin finds fault with, "" if with none.
func (in input) fault(t testing.TB) string {
	t.Helper()
	_, err := in.parse(in.document(t))
	if err == nil {
		return ""
	}
	m := fieldOfError.FindStringSubmatch(err.Error())
	if m == nil {
		t.Fatalf("found the error %q, want one that begins with the field", err)
	}
	if field, ok := map[string]string{"last element": "name", "target": "to"}[m[1]]; ok {
		return field
	}
	return m[1]
}

// documents is the configuration that makes a document of each of cases.json.
const documents = `
variable "cases" { type = string }
locals { cases = jsondecode(file(var.cases)) }
module "document" {
  source   = "./modules/document"
  for_each = local.cases
  name     = each.value.name
  zone     = try(each.value.zone, null)
  template = try(each.value.template, null)
  to       = each.value.to
  from     = try(each.value.from, null)
  percent  = try(each.value.percent, null)
  start    = try(each.value.start, null)
  over     = try(each.value.over, null)
  group    = try(each.value.group, null)
  ttl      = try(each.value.ttl, null)
  subtree  = try(each.value.subtree, null)
  except   = try(each.value.except, null)
  check    = try(each.value.check, null)
}
output "documents" { value = { for name, document in module.document : name => document.json } }
`

// newDocuments is a stack with that configuration.
func newDocuments(t testing.TB) *stack {
	return newStackOf(t, map[string]string{"main.tf": documents}, nil)
}

// write keeps cases, by their names, for a run, and is the variable that says where.
func write(t testing.TB, cases map[string]input) string {
	t.Helper()
	text, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "cases.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return "cases=" + file
}

// Every combination of options is written, and the plugin reads it as it reads what
// Go wrote of the same options.
func TestDocuments(t *testing.T) {
	t.Parallel()
	cases := map[string]input{}
	for _, in := range slices.Concat(combinations(), good) {
		in = in.with(input{"name": strings.ReplaceAll(in.text("name"), "ID", fmt.Sprintf("n%d", len(cases)))})
		cases[in.text("name")] = in
	}
	s := newDocuments(t)
	s.apply(write(t, cases))
	var written map[string]string
	s.output("documents", &written)
	if len(written) != len(cases) {
		t.Fatalf("found %d documents, want %d", len(written), len(cases))
	}
	for name, in := range cases {
		want, err := in.parse(in.document(t))
		if err != nil {
			t.Fatalf("parse what Go wrote, %s: %v", in.document(t), err)
		}
		document := written[name]
		var text string
		if json.Unmarshal([]byte(document), &text) == nil {
			document = text
			if len(in) > 2+len(notStated) {
				t.Errorf("%v became the text %q, want an object", in, text)
			}
		}
		got, err := in.parse(document)
		if err != nil || show(got) != show(want) {
			t.Errorf("%v became %s\nwhich is read as %s, error %v\nwant            %s", in, document, show(got), err, show(want))
		}
	}
	figure.Print(t, "%d documents that Terraform wrote are read as meant", len(cases))
}

func show(aliases []alias.Alias) string {
	var b strings.Builder
	for _, a := range aliases {
		fmt.Fprintf(&b, "%s in %s to %s %s; ", a.Name, a.Zone, a.Target, a.Options())
	}
	return b.String()
}

// What the plugin refuses is refused by the plan, for the same field. Between them the
// inputs break every rule of the module.
func TestBadDocuments(t *testing.T) {
	t.Parallel()
	cases := map[string]input{}
	want := map[string]string{} // the field, of each
	add := func(in input, field string) {
		text := strings.ReplaceAll(in.json(t), "ID", fmt.Sprintf("n%d", len(cases)))
		in = input{}
		if err := json.Unmarshal([]byte(text), &in); err != nil {
			t.Fatal(err)
		}
		if field == "" {
			field = in.fault(t)
		}
		cases[in.text("name")], want[in.text("name")] = in, field
	}
	for _, in := range slices.Concat(badFiles(t), bad) {
		add(in, "")
	}
	for field, in := range untold {
		add(in, field)
	}
	count := len(cases)
	s := newDocuments(t)
	broken := map[string]bool{}
	// A rule is not tried before all inputs keep those that it depends on.
	for len(cases) > 0 {
		out, err := s.terraform("plan", "-json", "-var="+write(t, cases))
		if err == nil {
			t.Fatalf("the plan succeeded with %v", cases)
		}
		left := len(cases)
		for _, detail := range details(out) {
			m := nameOfError.FindStringSubmatch(detail)
			if m == nil {
				t.Fatalf("found the error %s, want one that names the field and the alias", detail)
			}
			var name string
			if err := json.Unmarshal([]byte(`"`+m[1]+m[2]+`"`), &name); err != nil {
				t.Fatal(err)
			}
			if fieldOfError.FindStringSubmatch(detail)[1] == want[name] {
				delete(cases, name)
			}
			if m := ruleOfError.FindStringSubmatch(detail); m != nil {
				broken[m[1]] = true
			}
		}
		if len(cases) == left {
			for name, in := range cases {
				t.Errorf("%v was not refused for %s", in, want[name])
			}
			t.Fatalf("instead: %s", details(out))
		}
	}
	text, err := os.ReadFile("modules/document/variables.tf")
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range validations.FindAllIndex(text, -1) {
		line := fmt.Sprint(1 + strings.Count(string(text[:at[0]]), "\n"))
		if !broken[line] {
			t.Errorf("no input broke the rule at modules/document/variables.tf:%s", line)
		}
	}
	figure.Print(t, "%d inputs that the plugin refuses are refused by the plan, by %d rules", count, len(broken))
}

var (
	ruleOfError = regexp.MustCompile(`document/variables\.tf:(\d+),`)
	nameOfError = regexp.MustCompile(`^parse (?:[a-z]+ of ([^ :]+): |name: found "(.*?)", )`)
	validations = regexp.MustCompile(`(?m)^ *validation \{`)
)

// details is what Terraform says of each error, with -json.
func details(out string) []string {
	var list []string
	for line := range strings.Lines(out) {
		var d struct {
			Type       string
			Diagnostic struct{ Detail string }
		}
		if json.Unmarshal([]byte(line), &d) == nil && d.Type == "diagnostic" {
			list = append(list, d.Diagnostic.Detail)
		}
	}
	return list
}

var cacheName = regexp.MustCompile(`(?i)\bcache\.corp`)

// badFiles is what of the plugin's own bad documents a module can be told. Terraform
// has neither documents with bad JSON nor, since it converts values, with bad types, and
// it normalizes text: what looks like a K becomes one.
func badFiles(t testing.TB) []input {
	t.Helper()
	files, err := filepath.Glob("../plugin/alias/testdata/bad/*")
	if err != nil || len(files) == 0 {
		t.Fatalf("found %d bad documents, error %v", len(files), err)
	}
	var list []input
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		document, _, _ := strings.Cut(string(text), "\n-- want --\n")
		if strings.Contains(document, "\u212a") {
			continue
		}
		document = cacheName.ReplaceAllString(document, "ID.corp")
		base := input{"name": "ID", "zone": "corp.internal"}
		if !strings.HasPrefix(strings.TrimSpace(document), "{") {
			list = append(list, base.with(input{"to": document}))
			continue
		}
		var in input
		d := json.NewDecoder(strings.NewReader(document))
		d.UseNumber()
		if d.Decode(&in) != nil {
			continue
		}
		if _, err := d.Token(); err != io.EOF {
			continue
		}
		keys := len(in)
		if bundle, ok := in["aliases"].(map[string]any); ok && len(bundle) == 1 {
			for _, entry := range bundle {
				fields, _ := entry.(map[string]any)
				in, keys = fields, keys+1+len(fields)
			}
		}
		// One that comes twice is lost by now.
		if strings.Count(document, `":`) == keys && comparable(in) {
			list = append(list, base.with(in))
		}
	}
	return list
}

// comparable reports whether Terraform takes the fields for what they are.
func comparable(in input) bool {
	if in["to"] == nil {
		return false
	}
	for field, value := range in {
		switch v := value.(type) {
		case string:
			if slices.Contains([]string{"percent", "ttl", "except"}, field) || field == "aliases" {
				return false
			}
		case json.Number:
			n, _, err := big.ParseFloat(v.String(), 10, 512, big.ToNearestEven)
			if field != "percent" && field != "ttl" || err != nil || n.Text('f', -1) != v.String() {
				return false
			}
		case []any:
			for _, name := range v {
				if _, ok := name.(string); field != "except" || !ok {
					return false
				}
			}
		default:
			return false
		}
		if !slices.Contains([]string{"to", "from", "percent", "start", "over", "group", "ttl", "subtree", "except", "check"}, field) {
			return false
		}
	}
	return true
}

// documentsOf reads the documents that a module wrote in its own tests, of which out is
// what terraform test says, and counts them. A run that is named so has the template
// that all of these use.
func documentsOf(t testing.TB, out string) int {
	t.Helper()
	count := 0
	for line := range strings.Lines(out) {
		var run struct {
			Name  string `json:"@testrun"`
			State *struct {
				Outputs map[string]struct{ Value any }
			} `json:"test_state"`
		}
		if json.Unmarshal([]byte(line), &run) != nil || run.State == nil {
			continue
		}
		document, ok := run.State.Outputs["document"].Value.(string)
		if !ok {
			continue
		}
		parameter, _ := run.State.Outputs["parameter"].Value.(string)
		in := input{"name": filepath.Base(parameter)}
		if strings.HasSuffix(run.Name, "by_a_template") {
			in["template"] = "{name}-{value}.corp.internal"
		}
		if _, err := in.parse(document); err != nil {
			t.Errorf("%s wrote %s: %v", run.Name, document, err)
		}
		count++
	}
	return count
}
