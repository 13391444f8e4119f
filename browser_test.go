package versionalias

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/octoenergy/versionalias/internal/process"
	"github.com/octoenergy/versionalias/internal/program"
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
	process.Need(t, "chromium", "chromedriver")
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
	case <-time.After(program.Patience):
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
	var text []byte // none if there is no body
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return nil, err
		}
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
	for deadline := time.Now().Add(program.Patience); b.text("Boolean("+expression+")") != "true"; <-time.After(10 * time.Millisecond) {
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

// A flip shows on an open page within 2 seconds, that is with the first look at the server
// after it, and is announced.
func TestBrowserFlip(t *testing.T) {
	b := startBrowser(t)
	s := startServer(t, browserCorefile, files{"corp.zone": corpZone, "aliases/cache": "cache-v0.corp.internal", "aliases/web": "cache-v1.corp.internal"})
	b.open(statusURL(t, "127.0.0.1:0"))
	if role := b.text("document.getElementById('news').getAttribute('role')"); role != "status" {
		t.Errorf("what announces has the role %q, want status", role)
	}
	p := running.all[0].plugins[0]
	const list = "performance.getEntriesByType('resource').filter(entry => entry.initiatorType === 'fetch')"
	for version := range 3 {
		target := fmt.Sprintf("cache-v%d.corp.internal.", version+1)
		b.eval(`window.shown = 0;
			new MutationObserver((_, observer) => {
				if (!document.querySelector('tbody tr').textContent.includes('`+target+`')) return;
				window.shown = performance.now();
				observer.disconnect();
			}).observe(document.body, {subtree: true, childList: true, characterData: true});`, nil)
		s.write("aliases/cache", target)
		for deadline := time.Now().Add(program.Patience); p.table.Load().Get("cache.corp.internal.").Target != alias.Name(target); <-time.After(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s does not come into force", target)
			}
		}
		b.eval("window.flipped = performance.now()", nil)
		b.wait("window.shown")
		var looks int
		b.eval("return "+list+".filter(look => look.startTime > window.flipped && look.responseEnd <= window.shown).length", &looks)
		if looks > 1 {
			t.Errorf("%s is shown by look %d after the flip, want the first", target, looks)
		}
		b.wait("document.getElementById('news').textContent.includes('" + target + "')")
		b.wait("document.querySelector('.flips li').textContent.includes('" + target + "')")
	}
	// On a machine that does much else a browser may be late.
	var pause float64
	b.eval("const looks = "+list+"; return Math.min(...looks.slice(1).map((look, i) => look.startTime - looks[i].responseEnd))", &pause)
	if pause > 1900 {
		t.Errorf("between two looks the page waits %v ms at least, want 1900 at most", pause)
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

// shelf is a Parameter Store that a test writes to.
type shelf struct {
	mu         sync.Mutex
	parameters map[string]shelved
}

// shelved is a parameter as Parameter Store tells it.
type shelved struct {
	Name, Type, DataType, Value string
	Version                     int64
	LastModifiedDate            float64
}

// put writes a version of a parameter below /dns/aliases.
func (s *shelf) put(name string, version int64, value string, modified time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name = "/dns/aliases/" + name
	s.parameters[name] = shelved{name, "String", "text", value, version, float64(modified.Unix())}
}

// ServeHTTP answers GetParametersByPath, and GetParameters.
func (s *shelf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var asked struct{ Names []string }
	_ = json.NewDecoder(r.Body).Decode(&asked)
	s.mu.Lock()
	defer s.mu.Unlock()
	if asked.Names == nil {
		asked.Names = slices.Sorted(maps.Keys(s.parameters))
	}
	found := []shelved{}
	for _, name := range asked.Names {
		if p, ok := s.parameters[name]; ok {
			found = append(found, p)
		}
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_ = json.NewEncoder(w).Encode(map[string]any{"Parameters": found})
}

// gallery is the address of a status page that shows every state that there is.
func gallery(t *testing.T) string {
	t.Helper()
	zone := corpZone
	for i, name := range strings.Fields("api-v3 auth-v5 auth-v6 db-v7 db-v8 jobs-v2 jobs-v3 sessions-v1 sessions-v2 shop-v8 shop-v9 web-v41 web-v42") {
		zone += fmt.Sprintf("%s A 192.0.2.%d\n", name, 100+i)
	}
	api := &shelf{parameters: map[string]shelved{}}
	store := httptest.NewServer(api)
	t.Cleanup(store.Close)
	t.Setenv("AWS_ACCESS_KEY_ID", "x")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "x")
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
	now := time.Now().Truncate(time.Second)
	const corp = ".corp.internal"
	for name, target := range map[string]string{
		"api": "api-v3", "auth": "auth-v5", "db": "db-v7", "jobs": "jobs-v2", "shop": "shop-v8", "web": "web-v41",
	} {
		api.put(name, int64(len(target)), target+corp, now.Add(-time.Duration(len(target))*31*time.Hour))
	}
	api.put("cache", 6, `{"to": "cache-v1.corp.internal", "ttl": 3600}`, now.Add(-240*time.Hour))
	api.put("sessions", 1, `{"to": "sessions-v1.corp.internal", "ttl": 0}`, now.Add(-50*time.Hour))
	api.put("search", 1, "search v2", now.Add(-30*time.Minute))
	s := startServer(t, strings.ReplaceAll(`
		corp.internal:0 {
			bind 127.0.0.1
			root DIR
			versionalias {
				ssm /dns/aliases
				aws_region eu-west-1
				aws_endpoint URL
				refresh 1s
				verify
				status 127.0.0.1:0
			}
			file corp.zone
		}`, "URL", store.URL), files{"corp.zone": zone})
	url := statusURL(t, "127.0.0.1:0")
	s.eventually("cache.corp.internal.", dns.TypeCNAME, "NOERROR aa\ncache.corp.internal. 3600 CNAME cache-v1.corp.internal.")
	s.ask("sessions.corp.internal.", dns.TypeA)
	ramp := fmt.Sprintf(`{"from": "web-v41.corp.internal", "to": "web-v42.corp.internal", "start": %q, "over": "1h"}`, now.Add(-22*time.Minute).UTC().Format(time.RFC3339))
	api.put("cache", 7, "cache-v2.corp.internal", now)
	api.put("sessions", 2, "sessions-v2.corp.internal", now)
	api.put("db", 6, "db_v8!", now)
	api.put("api", 7, "api-v4.corp.internal", now)
	api.put("web", 8, ramp, now.Add(-23*time.Minute))
	api.put("shop", 8, `{"from": "shop-v8.corp.internal", "to": "shop-v9.corp.internal", "percent": 12.5}`, now.Add(-40*time.Minute))
	api.put("auth", 8, fmt.Sprintf(`{"from": "auth-v5.corp.internal", "to": "auth-v6.corp.internal", "start": %q}`, now.Add(14*time.Hour).UTC().Format(time.RFC3339)), now)
	api.put("jobs", 8, `{"to": "jobs-v3.corp.internal", "subtree": "keep"}`, now)
	has := func(parts ...string) {
		t.Helper()
		var told string
		for deadline := time.Now().Add(program.Patience); ; <-time.After(20 * time.Millisecond) {
			told = body(t, url+"/aliases")
			if !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(told, part) }) {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("found\n%s\nwant it to have %q", told, parts)
			}
		}
	}
	has(`"to":"web-v42`, `"to":"shop-v9`, `"to":"jobs-v3`, `"from":"auth-v5`, `"to":"sessions-v2`, "found NXDOMAIN", "db_v8!", `"drained":true`)
	for i := range 60 {
		for _, name := range []string{"web", "shop", "cache"} {
			s.reply(client{from: fmt.Sprintf("127.0.%d.%d", i%7, 1+i)}, question(name+corp+".", dns.TypeA))
		}
	}
	for i := range 3 {
		s.reply(client{from: fmt.Sprintf("127.0.0.%d", 10+i)}, question("sessions-v1.corp.internal.", dns.TypeA))
	}
	has(`"queries":3`, `"drained":false`)
	return url
}

// element finds an element by a CSS selector. It is one of the browser's own names for
// it.
func (b *browser) element(selector string) string {
	b.t.Helper()
	var found map[string]string
	b.do("/element", map[string]any{"using": "css selector", "value": selector}, &found)
	for _, id := range found {
		return id
	}
	return ""
}

// told is what assistive technology is told of an element: its role and its name.
func (b *browser) told(selector string) string {
	b.t.Helper()
	id := b.element(selector)
	var parts [2]string
	for i, what := range []string{"computedrole", "computedlabel"} {
		value, err := b.command("GET", "/element/"+id+"/"+what, nil)
		if err == nil {
			err = json.Unmarshal(value, &parts[i])
		}
		if err != nil {
			b.t.Fatal(err)
		}
	}
	return parts[0] + ": " + parts[1]
}

// faint is a script that lists the texts of a page that are hard to read on their
// background. https://www.w3.org/TR/WCAG22/#contrast-minimum
const faint = `
	const channels = (color) => {
		const parts = color.match(/^rgba?\(([^)]*)\)$/);
		if (!parts) throw new Error("found color " + color);
		return parts[1].split(",").map(Number);
	};
	const luminance = ([r, g, b]) => {
		const linear = [r, g, b].map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
		return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
	};
	const behind = (element) => {
		for (; element; element = element.parentElement) {
			const color = channels(getComputedStyle(element).backgroundColor);
			if (color.length === 3 || color[3] === 1) return color;
			if (color[3] !== 0) throw new Error("found a background that shines through");
		}
		throw new Error("found no background");
	};
	const list = [];
	let texts = 0;
	const check = (element, pseudo, text) => {
		const style = getComputedStyle(element, pseudo);
		const [a, b] = [luminance(channels(style.color)), luminance(behind(element))].sort((x, y) => y - x);
		const contrast = (a + 0.05) / (b + 0.05);
		texts++;
		if (contrast < 4.5 || style.opacity !== "1") list.push(contrast.toFixed(2) + ": " + text);
	};
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walker.nextNode()) {
		const text = walker.currentNode.data.trim();
		if (text && walker.currentNode.parentElement.checkVisibility()) check(walker.currentNode.parentElement, null, text);
	}
	for (const element of document.body.querySelectorAll("*")) {
		for (const pseudo of ["::before", "::after"]) {
			const content = getComputedStyle(element, pseudo).content;
			if (content !== "none" && content !== "normal") check(element, pseudo, content);
		}
	}
	check(document.getElementById("q"), "::placeholder", "the search's placeholder");
	return [String(texts), ...list];`

// Every state on a desktop and on a phone, light and dark: all of it can be read, fits,
// and is told to who does not see it.
func TestBrowserLook(t *testing.T) {
	b := startBrowser(t)
	url := gallery(t)
	for _, scheme := range []string{"light", "dark"} {
		for _, window := range []struct{ width, height int }{{1280, 900}, {390, 844}} {
			look := fmt.Sprintf("%s-%d", scheme, window.width)
			b.scheme(scheme)
			b.size(window.width, window.height)
			b.open(url)
			if err := os.WriteFile(filepath.Join(t.ArtifactDir(), look+".png"), b.screenshot(), 0o644); err != nil {
				t.Fatal(err)
			}
			for _, state := range []string{"active", "moving", "pending", "rejected", "draining", "drained"} {
				if n := b.text("[...document.querySelectorAll('tr." + state + " .state')].filter(e => e.checkVisibility() && e.textContent === '" + state + "').length"); n == "0" {
					t.Errorf("%s: found nothing that is %s", look, state)
				}
			}
			if widths := b.text("document.documentElement.scrollWidth <= innerWidth ? '' : document.documentElement.scrollWidth + ' of ' + innerWidth"); widths != "" {
				t.Errorf("%s: the page is wider than the window: %s", look, widths)
			}
			var texts []string
			b.eval(faint, &texts)
			if n, err := strconv.Atoi(texts[0]); err != nil || n < 130 {
				t.Errorf("%s: found %s texts, want at least 150", look, texts[0])
			}
			for _, text := range texts[1:] {
				t.Errorf("%s: found contrast %s, want 4.5", look, text)
			}
			for _, tt := range []struct{ selector, want string }{
				{"main", "main: "},
				{"form", "search: "},
				{"#q", "searchbox: Search aliases"},
				{"main section", "region: corp.internal."},
				{".states", "navigation: States"},
				{".states a", "link: 2 rejected"},
				{".aliases", "region: Aliases"},
				{".aliases table", "table: 9 aliases. Times are UTC."},
				{".aliases thead tr", "row: "},
				{".aliases thead th", "columnheader: Alias"},
				{".aliases thead th:last-child", "columnheader: Parameter"},
				{".aliases tbody th", "rowheader: api.corp.internal."},
				{".aliases tbody td", "cell: pending version 7: verify target api-v4.corp.internal.: found NXDOMAIN, want an address"},
				{".aliases tr.moving progress", "progressbar: Clients of auth.corp.internal. that have moved"},
				{".draining", "region: Draining"},
				{".draining table", "table: Draining"},
				{".draining tbody th", "rowheader: cache-v1.corp.internal."},
				{".flips", "region: Flips"},
				{".flips ol", "list: "},
				{"#news", "status: "},
			} {
				if got := b.told(tt.selector); got != tt.want {
					t.Errorf("%s: %s is told as %q, want %q", look, tt.selector, got, tt.want)
				}
			}
			if levels := b.text("[...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].map(h => h.nodeName)"); levels != "H1,H2,H3,H3" {
				t.Errorf("%s: found the headings %s", look, levels)
			}
		}
	}
	const picture = "docs/status.png"
	if *update {
		b.scheme("light")
		b.size(1280, 900)
		b.open(url)
		var height int
		b.eval("return document.documentElement.scrollHeight", &height)
		b.size(1280, height)
		if err := os.WriteFile(picture, smaller(t, b.screenshot()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b.quiet()
}

// smaller is a PNG of about the same, with the 256 colors that are the most frequent.
func smaller(t *testing.T, picture []byte) []byte {
	t.Helper()
	from, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	count := map[color.Color]int{}
	size := from.Bounds()
	for y := range size.Dy() {
		for x := range size.Dx() {
			count[from.At(x, y)]++
		}
	}
	palette := slices.SortedFunc(maps.Keys(count), func(a, b color.Color) int { return count[b] - count[a] })
	to := image.NewPaletted(size, palette[:min(256, len(palette))])
	index := map[color.Color]uint8{}
	for c := range count {
		index[c] = uint8(to.Palette.Index(c))
	}
	for y := range size.Dy() {
		for x := range size.Dx() {
			to.SetColorIndex(x, y, index[from.At(x, y)])
		}
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, to); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// The README shows the page as it is written by the test above with -update.
func TestPictureOfREADME(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`!\[([^\]]{20,})\]\((docs/status\.png)\)`).FindStringSubmatch(string(text))
	if m == nil {
		t.Fatal("the README does not show docs/status.png with a text in its place")
	}
	picture, err := os.ReadFile(m[2])
	if err != nil {
		t.Fatal(err)
	}
	shown, err := png.DecodeConfig(bytes.NewReader(picture))
	if err != nil || shown.Width != 1280 || len(picture) >= 200<<10 {
		t.Errorf("%s has %d octets and is %d wide, %v, want less than 200 KiB and 1280", m[2], len(picture), shown.Width, err)
	}
}

// rows is the aliases that the page shows, in its order.
const rows = "[...document.querySelectorAll('.aliases tbody th .name')].map(n => n.textContent.replace('.corp.internal.', '')).join(' ')"

// Who has but a keyboard can search and sort, and is not disturbed by what changes
// meanwhile.
func TestBrowserKeyboard(t *testing.T) {
	b := startBrowser(t)
	s := startServer(t, browserCorefile, files{
		"corp.zone":     corpZone,
		"aliases/a":     "cache-v2.corp.internal",
		"aliases/cache": "cache-v1.corp.internal",
		"aliases/cart":  "cache-v1.corp.internal",
		"aliases/web":   "what?",
	})
	version := 0
	flip := func() { // and wait for the page to show it
		t.Helper()
		version++
		target := fmt.Sprintf("shown-v%d.corp.internal.", version)
		s.write("aliases/cart", target)
		b.wait("document.querySelector('.flips') && document.querySelector('.flips').textContent.includes('" + target + "')")
	}
	focused := func(want string) {
		t.Helper()
		if got := b.text("document.activeElement.id"); got != want {
			t.Errorf("the focus is at %q, want %q", got, want)
		}
	}
	b.open(statusURL(t, "127.0.0.1:0"))
	b.keys(tab)
	focused("q")
	b.keys("ca")
	b.wait(rows + " === 'a cache cart'") // a leads to cache-v2
	b.keys("r")
	b.wait(rows + " === 'cart'")
	b.wait("document.getElementById('found').textContent.startsWith('1 alias that matches “car”')")
	flip()
	focused("q")
	b.keys("t")
	b.wait("location.search === '?q=cart'")
	flip()
	focused("q")
	if got := b.text("document.getElementById('q').value + ' ' + document.getElementById('q').selectionStart"); got != "cart 4" {
		t.Errorf("after a flip the search is %q, want %q", got, "cart 4")
	}
	b.keys(strings.Repeat("\uE003", 4)) // backspace
	b.wait(rows + " === 'a cache cart web'")
	for range 20 {
		if b.text("document.activeElement.id") == "state-0" {
			break
		}
		b.keys(tab)
	}
	focused("state-0")
	sorted := "[...document.querySelectorAll('th[aria-sort]')].map(h => h.textContent + ' ' + h.getAttribute('aria-sort')).join()"
	if got := b.text(sorted); got != "Alias ascending" {
		t.Errorf("before sorting, sorted is %q", got)
	}
	b.keys(enter)
	b.wait(rows + " === 'web a cache cart'")
	if got := b.text(sorted); got != "State ascending" {
		t.Errorf("after sorting, sorted is %q", got)
	}
	focused("state-0")
	flip()
	focused("state-0")
	if b.text("document.activeElement.matches(':focus-visible')") != "true" {
		t.Error("the focus is not to be seen after a flip")
	}
	b.keys(tab + tab + enter)
	b.wait(rows + " === 'cart a cache web' || " + rows + ".startsWith('cart ')")
	if got := b.text(sorted); got != "Since descending" {
		t.Errorf("sorted by time, sorted is %q", got)
	}
	b.do("/back", map[string]any{}, nil)
	b.wait(rows + " === 'web a cache cart'")
	b.do("/refresh", map[string]any{}, nil)
	b.wait(rows + " === 'web a cache cart'")
	b.quiet()
}

// What was found is told even if the answer takes longer than the page waits before it
// asks again.
func TestBrowserSlowAnswer(t *testing.T) {
	b := startBrowser(t)
	startServer(t, browserCorefile, files{"corp.zone": corpZone, "aliases/cache": "cache-v1.corp.internal", "aliases/cart": "cache-v1.corp.internal"})
	b.open(statusURL(t, "127.0.0.1:0"))
	b.text(`(() => {
		const quick = window.fetch;
		let slow = true;
		window.fetch = async (url, options) => {
			const answer = await quick(url, options);
			if (slow && url.includes("q=")) {
				slow = false;
				await new Promise((resume) => setTimeout(resume, 10000));
			}
			return answer;
		};
	})()`)
	b.keys(tab)
	b.keys("car")
	b.wait("document.getElementById('found').textContent.startsWith('1 alias that matches “car”')")
}

// Ten thousand aliases are no more on the page than a hundred, and are searched in the
// server.
func TestBrowserManyAliases(t *testing.T) {
	b := startBrowser(t)
	var bundle strings.Builder
	for i := range 10000 {
		fmt.Fprintf(&bundle, `, "a%05d": "cache-v1.corp.internal"`, i)
	}
	startServer(t, browserCorefile, files{"corp.zone": corpZone, "aliases/bundle": `{"aliases": {` + bundle.String()[1:] + "}}"})
	after := func(what string, do func()) {
		t.Helper()
		since := time.Now()
		do()
		t.Logf("%s took %v", what, time.Since(since))
		if n := b.text("document.querySelectorAll('.aliases tbody tr').length <= 100"); n != "true" {
			t.Errorf("after %s the page has more than 100 rows", what)
		}
	}
	after("loading", func() {
		b.open(statusURL(t, "127.0.0.1:0"))
		b.wait("document.querySelector('caption').textContent.startsWith('10000 aliases, page 1 of 100.')")
	})
	after("searching", func() {
		b.keys(tab + "a0123")
		b.wait(rows + " === 'a01230 a01231 a01232 a01233 a01234 a01235 a01236 a01237 a01238 a01239'")
	})
	after("searching for nearly all", func() {
		b.keys(strings.Repeat("\uE003", 4)) // backspace
		b.wait("document.querySelector('caption').textContent.startsWith('10000 aliases')")
	})
	after("turning the page", func() {
		b.eval("document.querySelector('a[rel=next]').click()", nil)
		b.wait(rows + ".startsWith('a00100 ')")
	})
	b.quiet()
}

// When the server has gone the page says so, once, and when it is back it goes on.
func TestBrowserLostContact(t *testing.T) {
	b := startBrowser(t)
	addr := process.FreeAddr(t)
	corefile := strings.ReplaceAll(browserCorefile, "127.0.0.1:0", addr)
	s := startServer(t, corefile, files{"corp.zone": corpZone, "aliases/cache": "cache-v1.corp.internal"})
	b.open("http://" + addr)
	const lost = "[...document.querySelectorAll('[role=alert]')].filter(e => e.checkVisibility()).map(e => e.textContent).join()"
	if got := b.text(lost); got != "" {
		t.Errorf("at first the page says %q", got)
	}
	b.quiet()
	s.stop()
	b.wait(lost + ".startsWith('No contact to the server since ')")
	if got := b.text(rows); got != "cache" {
		t.Errorf("without contact the page shows %q, want what it had", got)
	}
	startIn(t, s.dir, corefile, files{"aliases/cache": "cache-v2.corp.internal"})
	b.wait(lost + " === '' && document.body.textContent.includes('cache-v2')")
}
