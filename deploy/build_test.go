package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// The README's steps make a CoreDNS that answers for an alias. The clone is a copy of
// the version that we depend on, with few plugins: all of them take minutes to build.
func TestBuildOfREADME(t *testing.T) {
	steps := regexp.MustCompile(`(?ms)^~~~ sh\n(.*?)^~~~$`).FindStringSubmatch(read(t, "README.md"))
	if steps == nil {
		t.Fatal("README.md has no block of sh")
	}
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Version}} {{.Dir}}", "github.com/coredns/coredns").Output()
	if err != nil {
		t.Fatal(err)
	}
	version, source, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	dir := t.TempDir()
	clone := filepath.Join(dir, "coredns")
	copied := exec.Command("cp", "-r", "--no-preserve=mode", source, clone)
	if out, err := copied.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	checkout, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(checkout, filepath.Join(dir, "versionalias")); err != nil {
		t.Fatal(err)
	}
	stock, err := os.ReadFile(filepath.Join(clone, "plugin.cfg"))
	if err != nil {
		t.Fatal(err)
	}
	few := regexp.MustCompile(`(?m)^(?:bind|errors|acl|cache|file|forward):.*\n`).FindAllString(string(stock), -1)
	for name, text := range map[string]string{
		"plugin.cfg":             strings.Join(few, ""),
		"core/plugin/zplugin.go": "package plugin\n", // what go generate would load
	} {
		if err := os.WriteFile(filepath.Join(clone, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	script := exec.Command("sh", "-e", "-c", edit(t, steps[1], "git clone --depth 1 --branch "+version+" https://github.com/coredns/coredns\n", ""))
	script.Dir = dir
	if out, err := script.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", steps[1], err, out)
	}
	place := "acl:acl\nversionalias:github.com/octoenergy/versionalias\ncache:cache\n"
	if list, err := os.ReadFile(filepath.Join(clone, "plugin.cfg")); err != nil || !strings.Contains(string(list), place) {
		t.Errorf("the plugins are\n%s\nwant among them\n%s", list, place)
	}

	aliases := t.TempDir()
	write := func(target string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(aliases, "cache"), []byte(target), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("cache-v1.corp.internal")
	s := run(t, filepath.Join(clone, "coredns"), `corp.internal:{$PORT} {
		bind 127.0.0.1
		cache
		versionalias {
			directory `+aliases+`
		}
		forward . `+targets(t)+`
	}`, nil)
	s.Eventually("cache.corp.internal", dns.TypeA, first)
	write("cache-v2.corp.internal")
	s.Eventually("cache.corp.internal", dns.TypeA, second)
}
