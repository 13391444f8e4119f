package deploy_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// read is a file of the project.
func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// need is the only match of a pattern's group.
func need(t *testing.T, text, pattern string) string {
	t.Helper()
	found := regexp.MustCompile(`(?m)`+pattern).FindAllStringSubmatch(text, -1)
	if len(found) != 1 {
		t.Fatalf("found %q %d times, want it once in\n%s", pattern, len(found), text)
	}
	return found[0][1]
}

// The image is built from what is there, with the Go that the project needs, and is of
// what was built.
func TestDockerfile(t *testing.T) {
	file := read(t, "Dockerfile")
	image, wanted := need(t, file, `^FROM .*golang:(\S+) AS build$`), need(t, read(t, "go.mod"), `^go (\d+\.\d+)`)
	if image != wanted {
		t.Errorf("the image has Go %s, want %s", image, wanted)
	}
	built := need(t, file, `^RUN .* make build .*OUTPUT=(\S+)$`)
	licenses := need(t, file, `^RUN scripts/licenses >(\S+)$`)
	for _, path := range []string{built, licenses} {
		if copied := need(t, file, `^COPY --from=build `+path+` (\S+)$`); copied != path {
			t.Errorf("the image has %s as %s", path, copied)
		}
	}
	if entry := need(t, file, `^ENTRYPOINT \["(.+)"\]$`); entry != built {
		t.Errorf("the image starts %s, want %s", entry, built)
	}
	if user := need(t, file, `^USER (\d+):\d+$`); !strings.Contains(read(t, "deploy/kubernetes/base/statefulset.yaml"), "runAsUser: "+user+"\n") {
		t.Errorf("the image's user is %s, and that of the pods another", user)
	}

	dir := context(t)
	make := exec.Command("make", "build", "OUTPUT=coredns")
	make.Dir = dir
	if out, err := make.CombinedOutput(); err != nil {
		t.Fatalf("build from what the image gets: %v\n%s", err, out)
	}
	out, err := exec.Command(filepath.Join(dir, "coredns"), "-plugins").CombinedOutput()
	if err != nil || !slices.Contains(strings.Fields(string(out)), "versionalias") {
		t.Errorf("what was built says %s, error %v", out, err)
	}
	command := exec.Command("bash", "scripts/licenses")
	command.Dir = dir
	if out, err = command.Output(); err != nil {
		t.Errorf("scripts/licenses of what the image gets: %v", err)
	}
	tellsLicenses(t, out)
}

// tellsLicenses fails unless the text has our own licence, Go's, and that of CoreDNS.
func tellsLicenses(t *testing.T, text []byte) {
	t.Helper()
	for _, want := range []string{
		"\n===== github.com/octoenergy/versionalias: LICENSE =====\n", "\n===== Go: LICENSE =====\n", "\n===== github.com/coredns/coredns: LICENSE =====\n",
		"Copyright 2016-2020 The CoreDNS authors and contributors\n",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the licences are %d octets without %q", len(text), want)
		}
	}
}

// context is a copy of what .dockerignore lets into a build.
func context(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	var in, out []string
	for line := range strings.Lines(read(t, ".dockerignore")) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "!"); ok {
			in = append(in, name)
		} else if name, ok := strings.CutPrefix(line, "**/"); ok {
			out = append(out, name)
		} else if line != "*" {
			t.Fatalf("found %q in .dockerignore, want *, !NAME or **/NAME", line)
		}
	}
	for _, pattern := range in {
		paths, err := filepath.Glob(filepath.Join("..", pattern))
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s matches nothing, error %v", pattern, err)
		}
		for _, path := range paths {
			if err := filepath.WalkDir(path, func(path string, entry fs.DirEntry, err error) error {
				if err != nil || slices.ContainsFunc(out, func(pattern string) bool {
					match, _ := filepath.Match(pattern, entry.Name())
					return match
				}) {
					return err
				}
				to := filepath.Join(dir, strings.TrimPrefix(path, ".."))
				if entry.IsDir() {
					return os.MkdirAll(to, 0o755)
				}
				text, err := os.ReadFile(path)
				if err != nil {
					return err
				}
				return os.WriteFile(to, text, 0o644)
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

// workflow is the keys of GitHub's workflows that we use.
type workflow struct {
	Name string
	On   struct {
		Push         struct{ Branches, Tags []string }
		PullRequest  *struct{} `yaml:"pull_request"`
		WorkflowCall *struct{} `yaml:"workflow_call"`
	}
	Permissions map[string]string
	Concurrency struct {
		Group            string
		CancelInProgress string `yaml:"cancel-in-progress"`
	}
	Jobs map[string]struct {
		Needs, Uses string
		RunsOn      string `yaml:"runs-on"`
		Container   struct{ Image, Options string }
		Permissions map[string]string
		Env         map[string]string
		Strategy    struct {
			FailFast bool `yaml:"fail-fast"`
			Matrix   map[string][]string
		}
		Steps []struct {
			Uses, Run string
			With, Env map[string]string
		}
	}
}

// Workflows have no unknown key, may read and where they must write, and run what is
// there.
func TestWorkflows(t *testing.T) {
	targets := regexp.MustCompile(`(?m)^([a-z-]+):`).FindAllStringSubmatch(read(t, "Makefile"), -1)
	made := regexp.MustCompile(`make (\S+)`)
	script := regexp.MustCompile(`^scripts/\S+$`)
	action := regexp.MustCompile(`^[a-z-]+/[a-z-]+@v\d+$`)
	ran := map[string]int{}
	var writes []string
	paths, err := filepath.Glob("../.github/workflows/*.yml")
	if err != nil || len(paths) != 2 {
		t.Fatalf("found %q, want two workflows, error %v", paths, err)
	}
	for _, path := range paths {
		var w workflow
		decoder := yaml.NewDecoder(bytes.NewReader([]byte(read(t, strings.TrimPrefix(path, "../")))))
		decoder.KnownFields(true)
		if err := decoder.Decode(&w); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if len(w.Permissions) != 1 || w.Permissions["contents"] != "read" {
			t.Errorf("%s has the permissions %v, want to read the contents alone", path, w.Permissions)
		}
		for name, job := range w.Jobs {
			for what, may := range job.Permissions {
				if may != "read" {
					writes = append(writes, name+" "+what)
				}
			}
			if job.Needs != "" && len(w.Jobs[job.Needs].Steps) == 0 && w.Jobs[job.Needs].Uses == "" {
				t.Errorf("%s: %s needs %s, which is not there", path, name, job.Needs)
			}
			if job.Uses != "" {
				read(t, job.Uses)
				continue
			}
			if job.RunsOn == "" || len(job.Steps) == 0 {
				t.Errorf("%s: %s runs nowhere, or nothing", path, name)
			}
			for _, step := range job.Steps {
				if (step.Uses == "") == (step.Run == "") || step.Uses != "" && !action.MatchString(step.Uses) {
					t.Errorf("%s: %s has a step of action %q and command %q, want one of them, and a major version", path, name, step.Uses, step.Run)
				}
				if script.MatchString(step.Run) {
					read(t, step.Run)
				}
				if strings.Contains(step.Run, "apt-get") {
					continue
				}
				if m := made.FindStringSubmatch(step.Run); m != nil {
					if ran[m[1]]++; !slices.ContainsFunc(targets, func(target []string) bool { return target[1] == m[1] }) {
						t.Errorf("%s: there is no target %s", path, m[1])
					}
				}
			}
			if versions, want := job.Strategy.Matrix["go"], []string{"oldstable", "stable"}; name == "test" && !slices.Equal(versions, want) {
				t.Errorf("%s: %s tests with Go %v, want %v", path, name, versions, want)
			}
		}
	}
	slices.Sort(writes)
	if want := []string{"binaries contents", "image packages"}; !slices.Equal(writes, want) {
		t.Errorf("the jobs that may write are %q, want %q", writes, want)
	}
	for _, target := range []string{"check", "test", "terraform-test", "release"} {
		if ran[target] != 1 {
			t.Errorf("%s is run %d times, want once", target, ran[target])
		}
	}
}

// What a release has is made, for this machine's kind alone: the binary runs, the SBOM
// tells what is in it, and the checksums are right.
func TestRelease(t *testing.T) {
	out := t.TempDir()
	command := exec.Command("../scripts/release", "v0.0.0")
	command.Env = append(os.Environ(), "ARCHS="+runtime.GOARCH, "OUT="+out)
	if text, err := command.CombinedOutput(); err != nil {
		t.Fatalf("scripts/release: %v\n%s", err, text)
	}
	sums := exec.Command("sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS")
	sums.Dir = out
	if text, err := sums.CombinedOutput(); err != nil {
		t.Errorf("the checksums are not right: %v\n%s", err, text)
	}
	name := "coredns-versionalias_v0.0.0_linux_" + runtime.GOARCH
	plugins, err := exec.Command(filepath.Join(out, name), "-plugins").Output()
	if err != nil || !slices.Contains(strings.Fields(string(plugins)), "versionalias") {
		t.Errorf("the binary has the plugins %s and error %v, want versionalias among them", plugins, err)
	}
	var sbom struct{ Components []struct{ Name string } }
	text, err := os.ReadFile(filepath.Join(out, name+".cdx.json"))
	if err == nil {
		err = json.Unmarshal(text, &sbom)
	}
	has := func(name string) bool {
		return slices.ContainsFunc(sbom.Components, func(c struct{ Name string }) bool { return c.Name == name })
	}
	if err != nil || !has("github.com/coredns/coredns") || !has("github.com/miekg/dns") {
		t.Errorf("the SBOM has %v and error %v, want CoreDNS and the DNS library among them", sbom.Components, err)
	}
	licenses, err := os.ReadFile(filepath.Join(out, "LICENSES"))
	if err != nil {
		t.Error(err)
	}
	tellsLicenses(t, licenses)
	listed, err := os.ReadFile(filepath.Join(out, "SHA256SUMS"))
	for _, file := range []string{name, name + ".cdx.json", "coredns-versionalias.7", "LICENSES"} {
		if err != nil || !strings.Contains(string(listed), "  "+file+"\n") {
			t.Errorf("the checksums are of\n%s\nwant %s among them", listed, file)
		}
	}
}
