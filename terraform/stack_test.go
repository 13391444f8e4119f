// Package terraform_test runs the modules with Terraform itself, most of them
// against an emulator of AWS, and asks the real plugin for what they wrote.
package terraform_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/octoenergy/versionalias/internal/process"
)

// stack is a configuration with a state of its own: a copy of a directory here,
// with all modules where they are from its point of view.
type stack struct {
	t   testing.TB
	dir string
	env []string
}

// newStack copies dir, such as "modules/alias", and initializes it. Commands run with
// the environment env, and a provider of their own; with nil, for what asks AWS for
// nothing, it is the test's own, and the provider the common one.
func newStack(t testing.TB, dir string, env []string) *stack {
	t.Helper()
	return newStackWith(t, dir, nil, env)
}

// newStackOf is newStack of a configuration that is not here, but of files by name. It
// has all modules in ./modules.
func newStackOf(t testing.TB, files map[string]string, env []string) *stack {
	t.Helper()
	return newStackWith(t, ".", files, env)
}

// newStackWith is newStack with more files by name, relative to dir.
func newStackWith(t testing.TB, dir string, files map[string]string, env []string) *stack {
	t.Helper()
	tree := copyTree(t)
	for name, text := range files {
		file := filepath.Join(tree, dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return initialize(t, tree, dir, env)
}

func copyTree(t testing.TB) string {
	t.Helper()
	process.Need(t, "terraform")
	tree := t.TempDir()
	if err := os.CopyFS(tree, os.DirFS(".")); err != nil {
		t.Fatal(err)
	}
	return tree
}

func initialize(t testing.TB, tree, dir string, env []string) *stack {
	t.Helper()
	var p *provider
	var err error
	if env == nil {
		env = os.Environ()
		err = startCommon()
		p = common
	} else if p, err = startProvider(env); err == nil {
		t.Cleanup(func() { p.stop(t) })
	}
	if err != nil {
		t.Fatal(err)
	}
	s := &stack{t, filepath.Join(tree, dir), settings(env, p.attach)}
	s.run("init", "-backend=false")
	return s
}

// settings is env for Terraform, with more, and with nothing else that would change what
// it does.
func settings(env []string, more ...string) []string {
	env = slices.DeleteFunc(slices.Clone(env), func(v string) bool { return strings.HasPrefix(v, "TF_") })
	return append(append(env, more...), "TF_IN_AUTOMATION=1", "TF_INPUT=0", "CHECKPOINT_DISABLE=1")
}

// terraform is what a command of Terraform's prints, and whether it failed.
func (s *stack) terraform(args ...string) (string, error) {
	command := exec.Command("terraform", args...)
	command.Dir, command.Env = s.dir, s.env
	if len(args) > 0 && args[0] != "fmt" {
		command.Args = append(command.Args, "-no-color")
	}
	out, err := command.CombinedOutput()
	return string(out), err
}

// run runs a command that has to succeed.
func (s *stack) run(args ...string) string {
	s.t.Helper()
	out, err := s.terraform(args...)
	if err != nil {
		s.t.Fatalf("terraform %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// apply applies the configuration with variables as in "percent=10".
func (s *stack) apply(variables ...string) {
	s.t.Helper()
	s.run(append([]string{"apply", "-auto-approve"}, vars(variables)...)...)
}

// plan is what applying the configuration would change, sorted, each as in
// "update module.alias.aws_ssm_parameter.this". See applyPlan.
func (s *stack) plan(variables ...string) []string {
	s.t.Helper()
	out := s.run(append([]string{"plan", "-json", "-out=" + planFile}, vars(variables)...)...)
	changes := []string{}
	for line := range strings.Lines(out) {
		var planned struct {
			Type   string
			Change struct {
				Action   string
				Resource struct{ Addr string }
			}
		}
		if json.Unmarshal([]byte(line), &planned) == nil && planned.Type == "planned_change" {
			changes = append(changes, planned.Change.Action+" "+planned.Change.Resource.Addr)
		}
	}
	slices.Sort(changes)
	return changes
}

const planFile = "plan.out"

// applyPlan applies what plan said last.
func (s *stack) applyPlan() {
	s.t.Helper()
	s.run("apply", planFile)
}

// output reads an output of what was applied.
func (s *stack) output(name string, into any) {
	s.t.Helper()
	command := exec.Command("terraform", "output", "-json", name)
	command.Dir, command.Env = s.dir, s.env
	out, err := command.Output()
	if err != nil {
		s.t.Fatalf("terraform output %s: %v", name, err)
	}
	if err := json.Unmarshal(out, into); err != nil {
		s.t.Fatalf("read output %s: %v", name, err)
	}
}

func vars(variables []string) []string {
	var args []string
	for _, v := range variables {
		args = append(args, "-var="+v)
	}
	return args
}
