package versionalias

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/octoenergy/versionalias/plugin/alias"
)

// browser is a Chromium without a window, and one page in it.
// https://www.w3.org/TR/webdriver2/
type browser struct {
	t   *testing.T
	url string // of the WebDriver session
}

// startBrowser starts a browser that knows nothing and asks nobody but who it is sent
// to, and ends it at the test's end.
func startBrowser(t *testing.T) *browser {
	t.Helper()
	need(t, "chromium", "chromedriver")
	home, err := os.MkdirTemp("", "browser")
	if err != nil {
		t.Fatal(err)
	}
	driver := exec.Command("chromedriver", "--port=0")
	driver.Env = append(os.Environ(), "HOME="+home)
	driver.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the browsers that it starts
	said := &lines{found: make(chan string, 1), pattern: regexp.MustCompile(`started successfully on port (\d+)`)}
	driver.Stdout, driver.Stderr = said, said
	if err := driver.Start(); err != nil {
		t.Fatal(err)
	}
	b := &browser{t: t}
	t.Cleanup(func() {
		if b.url != "" {
			_, _ = b.command("DELETE", "", nil) // what it leaves is killed
		}
		_ = syscall.Kill(-driver.Process.Pid, syscall.SIGKILL)
		_ = driver.Wait()
		for range 50 { // until the last of them has ended
			if os.RemoveAll(home) == nil {
				break
			}
			<-time.After(100 * time.Millisecond)
		}
	})
	var port string
	select {
	case port = <-said.found:
	case <-time.After(30 * time.Second):
		t.Fatal("chromedriver does not say on which port it is")
	}
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal(err)
	}
	b.url = "http://127.0.0.1:" + port + "/session"
	var session struct {
		ID string `json:"sessionId"`
	}
	b.do("", map[string]any{"capabilities": map[string]any{"alwaysMatch": map[string]any{
		"goog:chromeOptions": map[string]any{"binary": path, "args": []string{
			"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
			"--disable-component-update", "--disable-sync", "--user-data-dir=" + filepath.Join(home, "profile"),
		}},
		"goog:loggingPrefs": map[string]any{"browser": "ALL"},
	}}}, &session)
	b.url += "/" + session.ID
	b.size(1280, 900)
	return b
}

// lines looks for a pattern in what a program says.
type lines struct {
	text    strings.Builder
	pattern *regexp.Regexp
	found   chan string // what is in its group
}

func (l *lines) Write(p []byte) (int, error) {
	l.text.Write(p)
	if m := l.pattern.FindStringSubmatch(l.text.String()); m != nil {
		select {
		case l.found <- m[1]:
		default:
		}
	}
	return len(p), nil
}

// command sends a command, and is the value in its answer.
func (b *browser) command(method, path string, body any) (json.RawMessage, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequest(method, b.url+path, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	response, err := (&http.Client{Timeout: time.Minute}).Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s %s: %s: %s", method, path, response.Status, answer)
	}
	var told struct{ Value json.RawMessage }
	return told.Value, json.Unmarshal(answer, &told)
}

// do sends a command and reads its value into v, unless it is nil.
func (b *browser) do(path string, body, v any) {
	b.t.Helper()
	value, err := b.command("POST", path, body)
	if err == nil && v != nil {
		err = json.Unmarshal(value, v)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// open opens a page.
func (b *browser) open(url string) {
	b.t.Helper()
	b.do("/url", map[string]any{"url": url}, nil)
}

// eval runs the body of a function in the page, and reads what it returns into v.
func (b *browser) eval(script string, v any) {
	b.t.Helper()
	b.do("/execute/sync", map[string]any{"script": script, "args": []any{}}, v)
}

// text is what an expression of the page's is, as text.
func (b *browser) text(expression string) string {
	b.t.Helper()
	var s string
	b.eval("return String("+expression+")", &s)
	return s
}

// wait waits for an expression of the page's to be true.
func (b *browser) wait(expression string) {
	b.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); b.text("Boolean("+expression+")") != "true"; <-time.After(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.t.Fatalf("%s does not become true; the page says\n%s", expression, b.text("document.body.innerText"))
		}
	}
}

// keys presses keys, one after the other.
func (b *browser) keys(keys string) {
	b.t.Helper()
	var list []any
	for _, key := range keys {
		list = append(list, map[string]any{"type": "keyDown", "value": string(key)}, map[string]any{"type": "keyUp", "value": string(key)})
	}
	b.do("/actions", map[string]any{"actions": []any{map[string]any{"type": "key", "id": "keyboard", "actions": list}}}, nil)
}

// Keys as WebDriver names them.
const (
	tab   = "\uE004"
	enter = "\uE007"
)

// devtools runs a command of the DevTools protocol.
func (b *browser) devtools(command string, params map[string]any) {
	b.t.Helper()
	b.do("/goog/cdp/execute", map[string]any{"cmd": command, "params": params}, nil)
}

// size makes the window one of that many CSS pixels, and a phone's if it is narrow.
func (b *browser) size(width, height int) {
	b.t.Helper()
	b.devtools("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500})
}

// scheme makes the system of the browser light or dark.
func (b *browser) scheme(scheme string) {
	b.t.Helper()
	b.devtools("Emulation.setEmulatedMedia", map[string]any{"features": []any{map[string]any{"name": "prefers-color-scheme", "value": scheme}}})
}

// screenshot is a PNG of what the window shows.
func (b *browser) screenshot() []byte {
	b.t.Helper()
	value, err := b.command("GET", "/screenshot", nil)
	var text string
	if err == nil {
		err = json.Unmarshal(value, &text)
	}
	if err != nil {
		b.t.Fatal(err)
	}
	picture, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		b.t.Fatal(err)
	}
	return picture
}

// console is what the browser has said on its console since it was asked last: errors
// of scripts, what a policy has blocked, what could not be loaded.
func (b *browser) console() []string {
	b.t.Helper()
	var entries []struct{ Level, Message string }
	b.do("/se/log", map[string]any{"type": "browser"}, &entries)
	var list []string
	for _, e := range entries {
		list = append(list, e.Level+": "+e.Message)
	}
	return list
}

// quiet fails if there is anything on the console.
func (b *browser) quiet() {
	b.t.Helper()
	for _, line := range b.console() {
		b.t.Errorf("the console says %s", line)
	}
}

const browserCorefile = `
	corp.internal:0 {
		bind 127.0.0.1
		root DIR
		versionalias {
			directory aliases
			status 127.0.0.1:0
		}
		file corp.zone
	}`

// A flip shows on an open page within 2 seconds, and is announced.
func TestBrowserFlip(t *testing.T) {
	b := startBrowser(t)
	s := startServer(t, browserCorefile, files{"corp.zone": corpZone, "aliases/cache": "cache-v0.corp.internal", "aliases/web": "cache-v1.corp.internal"})
	b.open(statusURL(t, "127.0.0.1:0"))
	if role := b.text("document.getElementById('news').getAttribute('role')"); role != "status" {
		t.Errorf("what announces has the role %q, want status", role)
	}
	p := running.all[0].plugins[0]
	version := 0
	flip := func() time.Duration {
		version++
		target := fmt.Sprintf("cache-v%d.corp.internal.", version)
		s.write("aliases/cache", target)
		for deadline := time.Now().Add(20 * time.Second); p.table.Load().Get("cache.corp.internal.").Target != alias.Name(target); <-time.After(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s does not come into force", target)
			}
		}
		since := time.Now()
		b.wait("document.querySelector('tbody tr').textContent.includes('" + target + "')")
		took := time.Since(since)
		b.wait("document.getElementById('news').textContent.includes('" + target + "')")
		b.wait("document.querySelector('.flips li').textContent.includes('" + target + "')")
		return took
	}
	// On a machine that does much else a browser may be late, once.
	for round := range 3 {
		worst := max(flip(), flip(), flip())
		t.Logf("shown after %v at most", worst)
		if worst < 2*time.Second {
			break
		}
		if round == 2 {
			t.Errorf("a flip is shown after %v, want 2s at most", worst)
		}
	}
	b.quiet()
}

// What others write is text on the page, and nothing else, when it is loaded, when it
// is brought up to date, and when it is searched for.
func TestBrowserInjection(t *testing.T) {
	const script = `</td></table><script>document.title="pwned"</script>`
	const image = `<img src=x onerror="document.title='pwned'">`
	b := startBrowser(t)
	s := startServer(t, browserCorefile, files{
		"corp.zone":     corpZone,
		"aliases/cache": "cache-v1.corp.internal",
		"aliases/text":  script,
		"aliases/field": `{"to": "cache-v1.corp.internal", ` + quoted(script) + `: 1}`,
		"aliases/" + strings.ReplaceAll(image, "/", "") + ".corp.internal": "cache-v1.corp.internal",
	})
	url := statusURL(t, "127.0.0.1:0")
	harmless := func(when string) {
		t.Helper()
		if title := b.text("document.title"); title != "versionalias" {
			t.Errorf("%s: the title is %q", when, title)
		}
		if scripts := b.text("[...document.scripts].map(s => s.getAttribute('src') + s.text)"); scripts != "script.js" {
			t.Errorf("%s: the page has the scripts %s", when, scripts)
		}
		if odd := b.text(`[...document.querySelectorAll('*')].filter(e => /^(IMG|IFRAME|OBJECT|EMBED|STYLE|BASE)$/i.test(e.nodeName) || [...e.attributes].some(a => /^on|^style$/i.test(a.name))).map(e => e.outerHTML)`); odd != "" {
			t.Errorf("%s: the page has %s", when, odd)
		}
		b.quiet()
	}
	b.open(url)
	for _, part := range []string{"pwned", "<script>"} {
		if !strings.Contains(b.text("document.body.innerText"), part) {
			t.Errorf("the page does not show %s; it says\n%s", part, b.text("document.body.innerText"))
		}
	}
	harmless("loaded")
	s.write("aliases/later", image)
	s.write("aliases/object", `{"aliases": {`+quoted(image)+`: "cache-v1.corp.internal"}}`)
	b.wait("document.body.innerText.includes('later.corp.internal.')")
	b.wait(`document.body.innerText.includes('<img')`)
	harmless("brought up to date")
	b.open(url + "/?q=" + strings.NewReplacer("<", "%3C", ">", "%3E", `"`, "%22", " ", "+").Replace(`">`+script+image))
	if shown := b.text("document.getElementById('q').value"); !strings.Contains(shown, script) {
		t.Errorf("what is searched for is shown as %s", shown)
	}
	harmless("searched for")
}

// quoted is s as JSON.
func quoted(s string) string {
	text, _ := json.Marshal(s) // of a string there is no error
	return string(text)
}
