package terraform_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/octoenergy/versionalias/internal/program"
)

// provider is the provider of AWS as a process to which Terraform attaches. Terraform by
// itself starts one for each command, and for each run of its own tests, and that takes
// seconds; nor has init a provider to install and to check.
// https://developer.hashicorp.com/terraform/plugin/debugging
type provider struct {
	program *program.Program
	attach  string // the variable that says where it is
}

var attaching = regexp.MustCompile(`(?m)^\s*TF_REATTACH_PROVIDERS='(.*)'$`)

// startProvider starts a provider with the environment env.
func startProvider(env []string) (*provider, error) {
	path, err := installed()
	if err != nil {
		return nil, err
	}
	p := &provider{}
	listens := func(said string) bool {
		m := attaching.FindStringSubmatch(said)
		if m != nil {
			p.attach = "TF_REATTACH_PROVIDERS=" + m[1]
		}
		return m != nil
	}
	for range 5 { // it gives up by itself if it is not up within two seconds
		command := exec.Command(path, "-debug")
		command.Env = settings(env)
		if p.program, err = program.Start(command, listens); err == nil {
			return p, nil
		}
		if !strings.Contains(err.Error(), "timeout waiting on reattach configuration") {
			break
		}
	}
	return nil, err
}

// stop ends the provider, and shows what it said last if the test failed.
func (p *provider) stop(t testing.TB) {
	if said := p.program.Stop(); t.Failed() {
		t.Logf("the provider of AWS said:\n%s", said[max(0, len(said)-4<<10):])
	}
}

// common is the provider of all stacks that ask AWS for nothing, once one has started it.
var (
	common      *provider
	startCommon = sync.OnceValue(func() (err error) {
		common, err = startProvider(os.Environ())
		return err
	})
)

// installed is the provider as Terraform installs it, once, for all modules together: one
// has to suit them all. VERSIONALIAS_PROVIDERS names a mirror to take it from; without
// one it comes from where Terraform is configured to take it from.
var installed = sync.OnceValues(func() (path string, err error) {
	if err := os.CopyFS(scratch, os.DirFS(".")); err != nil {
		return "", err
	}
	var all strings.Builder
	for _, m := range configurations() {
		fmt.Fprintf(&all, "module %q {\n  source = \"./%s\"\n}\n", filepath.Base(m), m)
	}
	if err := os.WriteFile(filepath.Join(scratch, "main.tf"), []byte(all.String()), 0o600); err != nil {
		return "", err
	}
	s := &stack{dir: scratch, env: settings(os.Environ(), "TF_CLI_CONFIG_FILE="+os.Getenv("TF_CLI_CONFIG_FILE"))}
	init := []string{"init", "-backend=false"}
	if mirror := os.Getenv("VERSIONALIAS_PROVIDERS"); mirror != "" {
		init = append(init, "-plugin-dir="+mirror)
	}
	if out, err := s.terraform(init...); err != nil {
		return "", fmt.Errorf("install the provider of AWS: %w\n%s", err, out)
	}
	found, err := filepath.Glob(filepath.Join(scratch, ".terraform/providers/*/hashicorp/aws/*/*/terraform-provider-aws*"))
	if err == nil && len(found) != 1 {
		err = fmt.Errorf("found %d providers of AWS, want one", len(found))
	}
	if err != nil {
		return "", err
	}
	return found[0], nil
})
