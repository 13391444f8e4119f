package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/octoenergy/versionalias/internal/process"
	"github.com/octoenergy/versionalias/internal/program"
)

// installed is the root of a host on which the README's commands were run, but for
// those that talk to systemd.
func installed(t *testing.T, program string) string {
	t.Helper()
	depends(t, "systemd")
	root := t.TempDir()
	var script []string
	for line := range strings.Lines(blocks(t, "sh")[0]) {
		if strings.HasPrefix(line, "systemctl ") {
			continue
		}
		line = strings.NewReplacer(" /", " "+root+"/", "build/coredns", program).Replace(line)
		script = append(script, line)
	}
	command := exec.Command("sh", "-e", "-c", strings.Join(script, ""))
	command.Dir = ".."
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%q: %v\n%s", script, err, out)
	}
	return root
}

// setting is the value of a unit's only setting of a name.
func setting(t *testing.T, unit, name string) string {
	t.Helper()
	var values []string
	for line := range strings.Lines(unit) {
		if value, ok := strings.CutPrefix(line, name+"="); ok {
			values = append(values, strings.TrimSpace(value))
		}
	}
	if len(values) != 1 {
		t.Fatalf("the unit has %d settings %s, want 1", len(values), name)
	}
	return values[0]
}

// The unit is what systemd takes, and exposes as little as the README says.
func TestUnit(t *testing.T) {
	process.Need(t, "systemd-analyze")
	root := installed(t, coredns(t))
	path := filepath.Join(root, "etc/systemd/system/versionalias.service")
	unit, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	manual := need(t, string(unit), `^Documentation=man:(\S+)\(7\) `) + ".7"
	if _, err := os.Stat(filepath.Join(root, "usr/local/share/man/man7", manual)); err != nil {
		t.Errorf("the unit names a manual page that is not installed: %v", err)
	}
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(unit), "=/usr/", "="+root+"/usr/")), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range []string{
		"verify --man=no --recursive-errors=no",
		"security --offline=true --no-pager --threshold=15",
	} {
		out, err := exec.Command("systemd-analyze", append(strings.Fields(args), path)...).CombinedOutput()
		if err != nil || strings.HasPrefix(args, "verify ") && len(out) > 0 {
			t.Errorf("systemd-analyze %s: %v\n%s", args, err, out)
		}
	}
}

// What the unit starts answers, keeps its snapshot where it may write, and takes over
// another Corefile when it is told to.
func TestService(t *testing.T) {
	a := newAccount(t)
	a.put("/dns/aliases/cache", "cache-v1.corp.internal")
	root, resolver, state, addr := installed(t, coredns(t)), targets(t), t.TempDir(), process.FreeAddr(t)
	text, err := os.ReadFile(filepath.Join(root, "etc/systemd/system/versionalias.service"))
	if err != nil {
		t.Fatal(err)
	}
	unit := string(text)
	if got := setting(t, unit, "StateDirectory"); got != "versionalias" {
		t.Errorf("the state's directory is %s, want versionalias", got)
	}
	environment, err := os.ReadFile(filepath.Join(root, strings.TrimPrefix(setting(t, unit, "EnvironmentFile"), "-")))
	if err != nil || string(environment) != "AWS_REGION=eu-west-1\n" {
		t.Errorf("the environment is %q, error %v", environment, err)
	}

	args := strings.Fields(setting(t, unit, "ExecStart"))
	conf := filepath.Join(root, args[2])
	corefile, err := os.ReadFile(conf)
	if err != nil {
		t.Fatal(err)
	}
	ready, health, metrics := process.FreeAddr(t), process.FreeAddr(t), process.FreeAddr(t)
	_, port, _ := strings.Cut(addr, ":")
	edited := edit(t, string(corefile), "\ncorp.internal {", "\ncorp.internal:"+port+" {", "169.254.169.253", resolver,
		"localhost:8080", health, "localhost:8181", ready, "localhost:9153", metrics, "status 9154", "status "+process.FreeAddr(t))
	write := func(corefile string) {
		t.Helper()
		if err := os.WriteFile(conf, []byte(corefile), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(edited)
	command := exec.Command(filepath.Join(root, args[0]), args[1], conf)
	command.Env = append(a.Env(), "STATE_DIRECTORY="+state)
	ask := func(name, want string) func() bool {
		return func() bool {
			m, _, err := new(dns.Client).Exchange(new(dns.Msg).SetQuestion(name, dns.TypeA), addr)
			return err == nil && len(m.Answer) == 2 && strings.HasSuffix(m.Answer[1].String(), want)
		}
	}
	process.Start(t, command, ask("cache.corp.internal.", "192.0.2.1"))
	for _, url := range []string{health + "/health", ready + "/ready", metrics + "/metrics"} {
		says(t, "http://"+url)
	}
	eventually := func(what string, happens func() bool) {
		t.Helper()
		for deadline := time.Now().Add(program.Patience); !happens(); <-time.After(50 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: it never happens", what)
			}
		}
	}
	eventually("a snapshot", func() bool {
		_, err := os.Stat(filepath.Join(state, "corp.internal"))
		return err == nil
	})

	write(edit(t, edited, "ssm /dns/aliases\n", "ssm /dns/aliases\n        alias other.corp.internal /dns/aliases/cache\n"))
	reload := exec.Command("sh", "-c", setting(t, unit, "ExecReload"))
	reload.Env = append(os.Environ(), "MAINPID="+strconv.Itoa(command.Process.Pid))
	if out, err := reload.CombinedOutput(); err != nil {
		t.Fatalf("reload: %v\n%s", err, out)
	}
	eventually("a reload", ask("other.corp.internal.", "192.0.2.1"))
}
