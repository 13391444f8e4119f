package versionalias

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"

	"github.com/octoenergy/versionalias/plugin/alias"
	"github.com/octoenergy/versionalias/plugin/ledger"
	"github.com/octoenergy/versionalias/plugin/paramstore"
	"github.com/octoenergy/versionalias/plugin/snapshot"
)

var update = flag.Bool("update", false, "write what was found to testdata, to be read before it is kept")

// controller is what caddy hands to setup for a block of corp.internal.
func controller(text string) *caddy.Controller {
	c := caddy.NewTestController("dns", text)
	c.ServerBlockKeys = []string{"dns://corp.internal.:53"}
	return c
}

// Each file of testdata/corefiles has a fault, and all their errors stand in
// testdata/corefiles.txt, a line each.
func TestBadCorefiles(t *testing.T) {
	const golden = "testdata/corefiles.txt"
	text, err := os.ReadFile(golden)
	if err != nil && !*update {
		t.Fatal(err)
	}
	want := map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, message, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		want[name] = message
	}
	paths, err := filepath.Glob("testdata/corefiles/*")
	if err != nil || len(paths) < 50 {
		t.Fatalf("found %d Corefiles, %v, want at least 50", len(paths), err)
	}
	got := map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		err = setup(controller(string(text)))
		if err == nil {
			t.Errorf("%s is taken, want an error", path)
			continue
		}
		got[filepath.Base(path)] = err.Error()
	}
	if *update {
		var b strings.Builder
		for _, name := range slices.Sorted(maps.Keys(got)) {
			b.WriteString(name + ": " + got[name] + "\n")
		}
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, message := range got {
		if message != want[name] && !*update {
			t.Errorf("%s got %q, want %q", name, message, want[name])
		}
		delete(want, name)
	}
	if len(want) > 0 && !*update {
		t.Errorf("%s has errors of no Corefile: %v", golden, want)
	}
}

func TestGoodCorefiles(t *testing.T) {
	corp := []alias.Name{"corp.internal."}
	rule := func(change func(r *alias.Rule)) alias.Rule {
		r := alias.Rule{Zones: corp, TTL: 5}
		if change != nil {
			change(&r)
		}
		return r
	}
	for _, tt := range []struct {
		corefile string
		want     config
	}{{
		corefile: "versionalias {\n directory aliases\n}",
		want: config{
			served: corp, zones: corp, directory: "/etc/coredns/aliases", refresh: 10 * time.Second,
			lines: []ledger.Line{{Path: "/", Flat: true, Rule: rule(nil)}},
		},
	}, {
		corefile: "versionalias {\n directory /srv/aliases\n ssm /\n refresh 1s\n ttl 0\n answer cname\n}",
		want: config{
			served: corp, zones: corp, directory: "/srv/aliases", refresh: time.Second,
			lines: []ledger.Line{{Path: "/", Rule: rule(func(r *alias.Rule) { r.TTL = 0 })}},
		},
	}, {
		corefile: "versionalias {\n directory /srv/aliases\n answer flatten\n}",
		want: config{
			served: corp, zones: corp, directory: "/srv/aliases", refresh: 10 * time.Second, flatten: true,
			lines: []ledger.Line{{Path: "/", Flat: true, Rule: rule(nil)}},
		},
	}, {
		corefile: `versionalias {
			ssm /dns/aliases
			ssm /dns/more {name}-{value}.corp.internal
			alias Cache.corp.internal /live/cache:active {name}-{value}.corp.internal
			alias db.corp.internal. /live/db
			alias corp.internal /live/apex {value}.corp.internal
			aws_region eu-west-1
			aws_endpoint http://127.0.0.1:4566
			assume_role arn:aws:iam::123456789012:role/reader
			refresh 1m30s
			snapshot /var/lib/coredns/../snapshot 24h
			ttl 604800
		}`,
		want: config{
			served: corp, zones: corp, refresh: 90 * time.Second,
			snapshot: snapshot.File{Path: "/var/lib/snapshot", MaxAge: 24 * time.Hour},
			store:    paramstore.Config{Region: "eu-west-1", Endpoint: "http://127.0.0.1:4566", Role: "arn:aws:iam::123456789012:role/reader"},
			lines: []ledger.Line{
				{Path: "/dns/aliases", Rule: rule(func(r *alias.Rule) { r.TTL = 604800 })},
				{Path: "/dns/more", Rule: rule(func(r *alias.Rule) { r.TTL, r.Template = 604800, "{name}-{value}.corp.internal" })},
				{Parameter: "/live/cache", Label: "active", Rule: rule(func(r *alias.Rule) {
					r.TTL, r.Template, r.Name = 604800, "{name}-{value}.corp.internal", "cache.corp.internal."
				})},
				{Parameter: "/live/db", Rule: rule(func(r *alias.Rule) { r.TTL, r.Name = 604800, "db.corp.internal." })},
				{Parameter: "/live/apex", Rule: rule(func(r *alias.Rule) {
					r.TTL, r.Template, r.Name = 604800, "{value}.corp.internal", "corp.internal."
				})},
			},
		},
	}, {
		corefile: "versionalias b.corp.internal A.corp.internal 10.0.0.0/24 a.corp.internal. {\n ssm /dns\n credentials ops aws/credentials\n snapshot snapshot\n}",
		want: config{
			served: corp, zones: []alias.Name{"0.0.10.in-addr.arpa.", "a.corp.internal.", "b.corp.internal."}, refresh: 10 * time.Second,
			snapshot: snapshot.File{Path: "/etc/coredns/snapshot"},
			store:    paramstore.Config{Profile: "ops", CredentialsFile: "/etc/coredns/aws/credentials"},
			lines:    []ledger.Line{{Path: "/dns", Rule: alias.Rule{TTL: 5, Zones: []alias.Name{"0.0.10.in-addr.arpa.", "a.corp.internal.", "b.corp.internal."}}}},
		},
	}, {
		corefile: "versionalias other.internal . {\n directory aliases\n}",
		want: config{
			served: corp, zones: []alias.Name{".", "other.internal."}, directory: "/etc/coredns/aliases", refresh: 10 * time.Second,
			lines: []ledger.Line{{Path: "/", Flat: true, Rule: alias.Rule{TTL: 5, Zones: []alias.Name{".", "other.internal."}}}},
		},
	}} {
		c := controller(tt.corefile)
		dnsserver.GetConfig(c).Root = "/etc/coredns"
		got, err := parse(c)
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("parse(%s) got\n%+v, %v\nwant\n%+v", tt.corefile, got, err, tt.want)
		}
	}
}

// A server block may have zones in which no alias has a name. They must not keep relative names from the others.
func TestBarrenZones(t *testing.T) {
	for _, tt := range []struct {
		keys       []string
		zones, err string
	}{
		{[]string{"corp.internal.", "bücher.example.", `a\.b.internal.`}, "corp.internal.", ""},
		{[]string{"bücher.example."}, "", "Testfile:3 - Error during parsing: zones: found none that aliases can be in, want at least one beside bücher.example."},
	} {
		c := controller("versionalias {\n directory aliases\n}")
		c.ServerBlockKeys = tt.keys
		cfg, err := parse(c)
		if got := joined(cfg.zones); got != tt.zones || err != nil && err.Error() != tt.err || err == nil && tt.err != "" {
			t.Errorf("of %q got the zones %q and the error %v, want %q and %q", tt.keys, got, err, tt.zones, tt.err)
		}
	}
}

// What is in force for AWS but stands in no Corefile: without a Region there is
// nobody to call, and that is told at the start.
func TestNoRegion(t *testing.T) {
	t.Setenv("AWS_REGION", "")
	t.Setenv("AWS_DEFAULT_REGION", "")
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
	err := setup(controller("versionalias {\n ssm /dns\n}"))
	const want = "plugin/versionalias: Testfile:3 - Error during parsing: load the AWS configuration: found no Region, want one in aws_region, AWS_REGION or the profile"
	if err == nil || err.Error() != want {
		t.Errorf("setup got %v, want %s", err, want)
	}
}

func TestMisplaced(t *testing.T) {
	const (
		above = "above acl, want it below: acl does not judge the names of aliases"
		below = "below cache, want it above: plugins above answer for aliases, or keep what these have led to"
	)
	for order, want := range map[string]string{
		"acl versionalias cache forward":    "",
		"acl any tsig versionalias cache":   "",
		"bind versionalias file":            "",
		"bind versionalias acl cache":       above,
		"acl cache versionalias forward":    below,
		"acl cache forward on versionalias": below,
	} {
		if got := misplaced(strings.Fields(order)); got != want {
			t.Errorf("of %s got %q, want %q", order, got, want)
		}
	}
	all := dnsserver.Directives
	defer func() { dnsserver.Directives = all }()
	dnsserver.Directives = append(slices.DeleteFunc(slices.Clone(all), func(name string) bool { return name == pluginName }), pluginName)
	out := capture(t)
	startServer(t, statusCorefile, files{"corp.zone": corpZone, "aliases/cache": "cache-v1.corp.internal", "more/web": "web-v1.corp.example"})
	if want := "[WARNING] plugin/versionalias: built " + below + "\n"; strings.Count(out.lines(), want) != 1 {
		t.Errorf("the log has not once %q:\n%s", want, out.lines())
	}
}
