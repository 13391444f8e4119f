package versionalias

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"

	"github.com/octoenergy/versionalias/internal/emulator"
	"github.com/octoenergy/versionalias/internal/process"
	"github.com/octoenergy/versionalias/internal/program"
)

// snippets is the README's blocks of one language.
func snippets(t *testing.T, language string) []string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for _, m := range regexp.MustCompile(`(?ms)^~~~ `+language+`\n(.*?)^~~~$`).FindAllStringSubmatch(string(text), -1) {
		blocks = append(blocks, m[1])
	}
	if len(blocks) == 0 {
		t.Fatalf("README.md has no block of %s", language)
	}
	return blocks
}

// startCorefile starts a Corefile as somebody would who has cloned the project,
// but for where it listens.
func startCorefile(t *testing.T, text string) *server {
	t.Helper()
	dnsserver.Port = "0"
	t.Cleanup(func() { dnsserver.Port = dnsserver.DefaultPort })
	text = strings.ReplaceAll(text, ":1053 {", " {")
	if !strings.Contains(text, "bind ") {
		text = regexp.MustCompile(`(?m)^[^#\s].* \{$`).ReplaceAllString(text, "$0\n    bind 127.0.0.1")
	}
	text = regexp.MustCompile(`(?m)^    (prometheus|ready)$`).ReplaceAllString(text, "    $1 127.0.0.1:0")
	return startServer(t, text, nil)
}

// withStore puts a Parameter Store into the environment.
func withStore(t *testing.T) {
	t.Helper()
	api := store(t)
	t.Setenv("AWS_ENDPOINT_URL_SSM", api.URL)
	t.Setenv("AWS_REGION", "eu-west-1")
	t.Setenv("ALIAS_QUEUE", api.URL+"/123456789012/aliases")
}

func TestCorefilesOfREADME(t *testing.T) {
	withStore(t)
	for _, text := range snippets(t, "corefile") {
		startCorefile(t, text).stop()
	}
}

func TestCorefilesOfExamples(t *testing.T) {
	withStore(t)
	paths, err := filepath.Glob("example/*/Corefile")
	if err != nil || len(paths) == 0 {
		t.Fatalf("found %d examples, %v", len(paths), err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if path == "example/quickstart/Corefile" {
			continue // TestQuickStart
		}
		startCorefile(t, string(text)).stop()
	}
}

// Every property that may stand in a Corefile is in the README, and none else.
func TestSyntaxOfREADME(t *testing.T) {
	var got []string
	for _, block := range snippets(t, "txt") {
		if !strings.HasPrefix(block, "versionalias ") {
			continue
		}
		for line := range strings.Lines(block) {
			if property, found := strings.CutPrefix(line, "    "); found {
				got = append(got, strings.TrimSpace(property))
			}
		}
	}
	if len(got) != len(properties) {
		t.Errorf("the README has %d properties, want %d", len(got), len(properties))
	}
	for _, line := range got {
		name, usage, _ := strings.Cut(line, " ")
		if p, ok := properties[name]; !ok || p.usage != usage {
			t.Errorf("the README has %q, want %q", line, name+" "+p.usage)
		}
	}
}

// The layout names each file of the root package, and nothing that is not there.
func TestLayoutOfREADME(t *testing.T) {
	blocks := snippets(t, "txt")
	i := slices.IndexFunc(blocks, func(b string) bool { return strings.HasPrefix(b, "setup.go ") })
	if i < 0 {
		t.Fatal("README.md has no layout")
	}
	var got []string
	for line := range strings.Lines(blocks[i]) {
		names, _, _ := strings.Cut(line, "  ")
		for _, name := range strings.Fields(names) {
			if _, err := os.Stat(name); err != nil {
				t.Error(err)
			}
			if strings.HasSuffix(name, ".go") {
				got = append(got, name)
			}
		}
	}
	want, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	want = slices.DeleteFunc(want, func(name string) bool { return strings.HasSuffix(name, "_test.go") })
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("the layout has %v, want %v", got, want)
	}
}

func TestPolicyOfREADME(t *testing.T) {
	var policy struct {
		Statement []struct {
			Effect string
			Action []string
		}
	}
	if err := json.Unmarshal([]byte(snippets(t, "json")[0]), &policy); err != nil {
		t.Fatal(err)
	}
	want := []string{"ssm:GetParametersByPath", "ssm:GetParameters"}
	if len(policy.Statement) != 1 || !reflect.DeepEqual(policy.Statement[0].Action, want) {
		t.Errorf("the policy is %v, want to allow %v and nothing else", policy, want)
	}
}

func TestMainOfREADME(t *testing.T) {
	dir, err := os.MkdirTemp(".", "main")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(snippets(t, "go")[0]), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "vet", "./"+dir).CombinedOutput(); err != nil {
		t.Errorf("go vet: %v\n%s", err, out)
	}
}

// command is one of a console block, with the output that the README shows.
type command struct{ line, want string }

func commands(block string) []command {
	var list []command
	for line := range strings.Lines(block) {
		if c, ok := strings.CutPrefix(line, "$ "); ok {
			list = append(list, command{line: strings.TrimSpace(c)})
			continue
		}
		last := &list[len(list)-1]
		if more, ok := strings.CutPrefix(line, "> "); ok {
			last.line += "\n" + strings.TrimSpace(more)
		} else {
			last.want += line
		}
	}
	return list
}

// run runs a command as it stands in the README. A dig is run again until its
// output is as shown: a flip takes as long as a sweep.
func (c command) run(t *testing.T) {
	t.Helper()
	var out []byte
	var err error
	for deadline := time.Now().Add(program.Patience); time.Now().Before(deadline); {
		out, err = exec.Command("sh", "-c", c.line).CombinedOutput()
		if !strings.HasPrefix(c.line, "dig ") {
			break
		}
		if err == nil && spaces(string(out)) == spaces(c.want) {
			return
		}
	}
	if err != nil || strings.HasPrefix(c.line, "dig ") {
		t.Fatalf("%s: %v, got\n%s\nwant\n%s", c.line, err, out, c.want)
	}
}

// spaces is s with one space where there are many: dig aligns its columns.
func spaces(s string) string { return strings.Join(strings.Fields(s), " ") }

// The README's other console blocks, with the real command line, the emulator,
// and a server of the example.
func TestParameterStoreOfREADME(t *testing.T) {
	process.Need(t, "dig")
	aws := emulator.Start(t)
	process.Need(t, "aws")
	aws.Setenv(t)
	t.Setenv("AWS_ENDPOINT_URL", aws.URL)
	t.Setenv("AWS_DEFAULT_REGION", emulator.Region) // the command line knows no AWS_REGION
	text, err := os.ReadFile("example/parameterstore/Corefile")
	if err != nil {
		t.Fatal(err)
	}
	s := startCorefile(t, strings.Replace(string(text), "versionalias {", "versionalias {\n        refresh 1s", 1))
	for _, block := range snippets(t, "console")[1:] {
		for _, c := range commands(block) {
			c.line = strings.Replace(c.line, "-p 1053", "-p "+port(s.addr), 1)
			c.run(t)
		}
	}
	if n := len(caddy.Instances()); n != 1 {
		t.Errorf("%d instances ran, want the one that was started: no restart", n)
	}
}
