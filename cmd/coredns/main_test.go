package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
)

// CoreDNS runs plugins in the order of its list, so an alias that stands
// elsewhere in it leaks names past acl or outlives a flip in cache.
func TestPlaceInTheChain(t *testing.T) {
	for from, order := range map[string][]string{
		"the build":  dnsserver.Directives,
		"plugin.cfg": pluginCfg(t),
	} {
		place := func(name string) int { return slices.Index(order, name) }
		if acl, alias, cache := place("acl"), place("versionalias"), place("cache"); acl < 0 || alias != acl+1 || cache != alias+1 {
			t.Errorf("%s has acl, versionalias, cache at %d, %d, %d, want them in a row", from, acl, alias, cache)
		}
	}
}

// Every plugin that the package comment does not leave out is in the build.
func TestPluginsOfTheBuild(t *testing.T) {
	built := caddy.ListPlugins()["others"]
	for _, name := range strings.Fields(`root metadata cancel reload bind bufsize debug ready health pprof
		prometheus errors log dnstap local dns64 any chaos loadbalance tsig rewrite autopath acl versionalias
		cache header dnssec minimal template transfer hosts file auto secondary loop forward erratic whoami
		view nsid multisocket tls https`) {
		if !slices.Contains(built, "dns."+name) {
			t.Errorf("plugin %s is not in the build", name)
		}
		if !slices.Contains(dnsserver.Directives, name) {
			t.Errorf("plugin %s has no place in the chain", name)
		}
	}
}

// pluginCfg is the plugins' names of plugin.cfg, in its order.
func pluginCfg(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "plugin.cfg"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for line := range strings.Lines(string(text)) {
		if name, _, ok := strings.Cut(line, ":"); ok && !strings.HasPrefix(line, "#") {
			names = append(names, name)
		}
	}
	return names
}
