// Command http-upgrade shows the upgrade of an HTTP service, from a 1% canary to
// the end, with a hold and a way back in the middle. Everything is real but small:
// two HTTP servers, a CoreDNS, and clients that look the service's name up for
// each request, each from an address of its own. It prints the share of the
// requests that each version got, second by second, and fails if a request failed
// or if a client went back and forth.
//
// It uses addresses of 127.0.0.0/8 that only Linux has without being told.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
	_ "github.com/coredns/coredns/plugin/bind"
	_ "github.com/coredns/coredns/plugin/file"

	_ "github.com/octoenergy/versionalias"
)

func init() {
	dnsserver.Directives = []string{"bind", "versionalias", "file"}
	dnsserver.Quiet = true
}

const zone = `$ORIGIN corp.internal.
@      60 SOA ns hostmaster 1 3600 600 86400 300
       60 NS  ns
ns     60 A   127.0.0.1
web-v1 60 A   127.0.0.11
web-v2 60 A   127.0.0.12
`

func main() {
	ramp := flag.Duration("ramp", 30*time.Second, "how long the ramp takes")
	clients := flag.Int("clients", 40, "how many clients there are, at most 250")
	flag.Parse()
	if err := run(os.Stdout, *ramp, *clients); err != nil {
		fmt.Fprintln(os.Stderr, "http-upgrade:", err)
		os.Exit(1)
	}
}

// run shows the upgrade with a ramp that takes so long.
func run(out io.Writer, ramp time.Duration, clients int) (err error) {
	if clients < 1 || clients > 250 { // each has an address in one network of 256
		return fmt.Errorf("found %d clients, want 1 to 250", clients)
	}
	dir, err := os.MkdirTemp("", "http-upgrade")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	port, stopServices, err := services()
	if err != nil {
		return err
	}
	defer stopServices()
	u := &upgrade{out: log.New(out, "", 0), document: filepath.Join(dir, "aliases", "web"), began: time.Now(), asked: make([]time.Time, clients)}
	if err := os.Mkdir(filepath.Dir(u.document), 0o700); err != nil {
		return err
	}
	if err := u.write("web-v1.corp.internal"); err != nil {
		return err
	}
	server, stopServer, err := coredns(dir)
	if err != nil {
		return err
	}
	defer stopServer()

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() { u.client(ctx, i, server, port) })
	}
	wg.Go(func() { u.chart(ctx) })
	err = u.steps(ramp)
	cancel()
	wg.Wait()
	return errors.Join(err, u.verdict(clients))
}

// services starts the two versions of the service, on one port.
func services() (port string, stop func(), err error) {
	var listeners []net.Listener
	port = "0"
	for version, address := range []string{"127.0.0.11", "127.0.0.12"} {
		l, err := net.Listen("tcp", net.JoinHostPort(address, port))
		if err != nil {
			return "", nil, err
		}
		listeners = append(listeners, l)
		_, port, _ = net.SplitHostPort(l.Addr().String())
		go func() {
			_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { // until it is closed
				_, _ = fmt.Fprint(w, version+1) // a client that is gone does not care
			}))
		}()
	}
	return port, func() {
		for _, l := range listeners {
			_ = l.Close()
		}
	}, nil
}

// coredns starts a CoreDNS that reads its aliases from files below dir.
func coredns(dir string) (addr string, stop func(), err error) {
	if err := os.WriteFile(filepath.Join(dir, "zone"), []byte(zone), 0o600); err != nil {
		return "", nil, err
	}
	caddy.Quiet = true
	inst, err := caddy.Start(caddy.CaddyfileInput{ServerTypeName: "dns", Contents: fmt.Appendf(nil, `
		corp.internal:0 {
			bind 127.0.0.1
			versionalias {
				directory %s/aliases
				refresh 1s
			}
			file %[1]s/zone
		}`, dir)})
	if err != nil {
		return "", nil, err
	}
	return inst.Servers()[0].LocalAddr().String(), func() {
		inst.ShutdownCallbacks()
		_ = inst.Stop()
	}, nil
}

// upgrade is what happens, and what was seen of it.
type upgrade struct {
	out      *log.Logger
	document string
	began    time.Time

	mu       sync.Mutex
	forward  bool   // which way clients may go now
	counts   [3]int // requests since the last line of the chart, by version
	changes  int    // of a client from one version to the other
	back     int    // those of them that were from v2 to v1
	requests int
	faults   []string
	asked    []time.Time // when the last request began that each client has an answer to
}

// say prints a line, and when it was.
func (u *upgrade) say(format string, args ...any) {
	u.out.Printf("%4.0fs  %s", time.Since(u.began).Seconds(), fmt.Sprintf(format, args...))
}

// write flips: the alias's document becomes this.
func (u *upgrade) write(document string) error {
	if err := os.WriteFile(u.document+".new", []byte(document), 0o600); err != nil {
		return err
	}
	return os.Rename(u.document+".new", u.document)
}

// steps is the upgrade: each step is a document, and how long it is left alone.
func (u *upgrade) steps(ramp time.Duration) error {
	var start time.Time
	// A ramp that goes on from a percent began so long ago: from 0 on, those who
	// have moved already would go back first.
	from := func(percent float64) string {
		start = time.Now().Add(-time.Duration(percent / 100 * float64(ramp)))
		return fmt.Sprintf(`{"from": "web-v1.corp.internal", "to": "web-v2.corp.internal", "start": %q, "over": "%v"}`, start.Format(time.RFC3339Nano), ramp)
	}
	canary := func(percent float64) string {
		return fmt.Sprintf(`{"from": "web-v1.corp.internal", "to": "web-v2.corp.internal", "percent": %.3f}`, percent)
	}
	for _, step := range []struct {
		what     string
		document func() string
		forward  bool // clients go forward, if they go at all
		settled  bool // not before each client has seen what comes before
		lasts    time.Duration
	}{
		{"v1 alone", func() string { return "web-v1.corp.internal" }, true, false, 2 * time.Second},
		{"a canary of 1%", func() string { return canary(1) }, true, false, 2 * time.Second},
		{fmt.Sprintf("a ramp over %v", ramp), func() string { return from(1) }, true, false, ramp / 2},
		// More than has been reached: until servers read of the hold, the ramp goes
		// on, and nobody is to go back.
		{"hold", func() string { return canary(min(100, 100*float64(time.Since(start)+2*time.Second)/float64(ramp))) }, true, false, 3 * time.Second},
		{"roll back", func() string { return "web-v1.corp.internal" }, false, true, 3 * time.Second},
		{"a ramp again", func() string { return from(0) }, true, true, ramp + time.Second},
		{"v2 alone: v1 can go", func() string { return "web-v2.corp.internal" }, true, true, 2 * time.Second},
	} {
		if step.settled {
			u.settle()
		}
		u.mu.Lock()
		u.forward = step.forward
		u.mu.Unlock()
		document := step.document()
		u.say("%s: %s", step.what, document)
		if err := u.write(document); err != nil {
			return err
		}
		<-time.After(step.lasts)
	}
	return nil
}

// settle waits until each client has an answer to a request that begins from now on.
func (u *upgrade) settle() {
	now := time.Now()
	earlier := func(asked time.Time) bool { return asked.Before(now) }
	for {
		u.mu.Lock()
		settled := !slices.ContainsFunc(u.asked, earlier)
		u.mu.Unlock()
		if settled {
			return
		}
		<-time.After(10 * time.Millisecond)
	}
}

// client asks for the service all the time, from an address of its own.
func (u *upgrade) client(ctx context.Context, i int, server, port string) {
	from := net.IPv4(127, 0, 1, byte(i+1))
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		d := net.Dialer{LocalAddr: &net.UDPAddr{IP: from}}
		return d.DialContext(ctx, "udp", server)
	}}
	dialer := &net.Dialer{Resolver: resolver}
	service := &http.Client{
		Timeout:   30 * time.Second,
		Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}, // so that each request looks the name up
	}
	before := 0
	for ctx.Err() == nil {
		began := time.Now()
		version, err := get(service, "http://web.corp.internal:"+port)
		before = u.note(from, before, version, err)
		u.mu.Lock()
		u.asked[i] = began
		u.mu.Unlock()
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// get is the version that answers.
func get(service *http.Client, url string) (version int, err error) {
	response, err := service.Get(url)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if _, err := fmt.Fscan(response.Body, &version); err != nil || version != 1 && version != 2 {
		return 0, fmt.Errorf("found version %d, %v", version, err)
	}
	return version, nil
}

// note notes a request, and is the version that the client saw last.
func (u *upgrade) note(client net.IP, before, version int, err error) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.requests++
	if err != nil {
		u.faults = append(u.faults, fmt.Sprintf("%s: %v", client, err))
		return before
	}
	u.counts[version]++
	if before != 0 && version != before {
		u.changes++
		if version < before {
			u.back++
		}
		if (version > before) != u.forward {
			u.faults = append(u.faults, fmt.Sprintf("%s went from v%d to v%d after %v", client, before, version, time.Since(u.began)))
		}
	}
	return version
}

// chart prints the share of the last second, each second.
func (u *upgrade) chart(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		u.mu.Lock()
		counts := u.counts
		u.counts = [3]int{}
		u.mu.Unlock()
		if all := counts[1] + counts[2]; all > 0 {
			const width = 50
			v2 := (counts[2]*width + all/2) / all
			u.say("v1 %s%s v2 %3d%%", strings.Repeat("░", width-v2), strings.Repeat("█", v2), 100*counts[2]/all)
		}
	}
}

// verdict fails if anything went wrong, or if nothing happened at all.
func (u *upgrade) verdict(clients int) error {
	u.out.Printf("%d requests of %d clients, %d changes of version", u.requests, clients, u.changes)
	if len(u.faults) > 0 {
		return fmt.Errorf("%d faults, such as:\n%s", len(u.faults), strings.Join(slices.Compact(u.faults[:min(5, len(u.faults))]), "\n"))
	}
	if u.back == 0 || u.changes != clients+2*u.back {
		return fmt.Errorf("found %d changes of version, %d of them back, want some back, and each client at v2 in the end", u.changes, u.back)
	}
	return nil
}
