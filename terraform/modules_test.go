package terraform_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// configurations is the directories that have a configuration.
func configurations() []string {
	files, err := filepath.Glob("*/*/main.tf")
	if err != nil || len(files) == 0 {
		panic(fmt.Sprintf("found no modules, error %v", err))
	}
	for i := range files {
		files[i] = filepath.Dir(files[i])
	}
	return files
}

// Each directory that has a configuration is formatted, valid, and passes its own
// tests, which mock AWS: those begin with what terraform validate does. What the
// modules of aliases write in them, the plugin reads.
func TestModules(t *testing.T) {
	for _, dir := range configurations() {
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, dir, nil)
			s.run("fmt", "-check", "-diff", "-recursive")
			if !strings.HasPrefix(dir, "modules/alias") {
				s.run("test")
			} else if documentsOf(t, s.run("test", "-json", "-verbose")) == 0 {
				t.Error("found no documents, want some")
			}
		})
	}
}

var declaration = regexp.MustCompile(`(?m)^(?:variable|output) "([^"]+)" \{$`)

// Each configuration has a README that names all that goes in and comes out.
func TestREADMEs(t *testing.T) {
	for _, dir := range configurations() {
		readme, err := os.ReadFile(filepath.Join(dir, "README.md"))
		if err != nil {
			t.Error(err)
			continue
		}
		files, err := filepath.Glob(filepath.Join(dir, "*.tf"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range declaration.FindAllStringSubmatch(string(text), -1) {
				if !strings.Contains(string(readme), "`"+m[1]+"`") {
					t.Errorf("%s/README.md has no `%s`, which is in %s", dir, m[1], filepath.Base(file))
				}
			}
		}
	}
}

// An alias that leads to a version in the apply that makes it does so once its name is
// there and answered for, and a rule turns to a topic once that passes on what it is sent.
// Whatever takes a cache along takes along what refuses to change one that runs.
func TestOrder(t *testing.T) {
	for module, edges := range map[string][][2]string{
		"versioned-cache": {
			{"output.dns_name", "aws_route53_record.this"},
			{"output.dns_name", "terraform_data.installed"},
			{"output.endpoint", "terraform_data.installed"},
		},
		"versioned-service": {
			{"output.dns_name", "aws_route53_record.this"},
			{"output.dns_name", "aws_lb_listener.this"},
			{"output.target_group_arn", "aws_lb_listener.this"},
		},
		"push": {
			{"aws_cloudwatch_event_target.this", "aws_sns_topic_policy.this"},
			{"aws_cloudwatch_event_target.this", "aws_sns_topic_subscription.server"},
		},
	} {
		t.Run(module, func(t *testing.T) {
			t.Parallel()
			graph := newStack(t, "modules/"+module, nil).run("graph", "-type=plan")
			for _, edge := range edges {
				if !strings.Contains(graph, edge[0]+` (expand)" -> "[root] `+edge[1]+` (expand)"`) {
					t.Errorf("%s does not wait for %s:\n%s", edge[0], edge[1], graph)
				}
			}
		})
	}
}
