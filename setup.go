package versionalias

import (
	"net"
	"slices"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/plugin"

	"github.com/octoenergy/versionalias/plugin/alias"
)

func init() { plugin.Register(pluginName, setup) }

// setup wires the plugin of one server block. It starts nothing and calls
// nobody.
func setup(c *caddy.Controller) error {
	cfg, err := parse(c)
	if err != nil {
		return plugin.Error(pluginName, err)
	}
	v := &VersionAlias{served: cfg.served, zones: cfg.zones, flatten: cfg.flatten, instance: instanceOf(c)}
	if cfg.verify {
		v.verifier = &verifier{plugin: v}
	}
	if v.feed, err = newFeed(cfg, v.table.Store, v.verifier); err != nil {
		return plugin.Error(pluginName, c.Err(err.Error()))
	}
	v.instance.plugins = append(v.instance.plugins, v)
	for _, other := range v.instance.plugins {
		if err := v.feed.conflict(other.feed); err != nil {
			return plugin.Error(pluginName, c.Err(err.Error()))
		}
	}
	server := dnsserver.GetConfig(c)
	server.AddPlugin(func(next plugin.Handler) plugin.Handler {
		v.Next = next
		return v
	})
	c.OnStartup(func() error {
		v.entry = v
		if acl := server.Handler("acl"); acl != nil {
			v.entry = acl
		}
		v.feed.reached = reached(c)
		v.byAA = restatesRA(server.Handler("header"))
		return nil
	})
	return nil
}

// reached is the zones of all server blocks, and where queries for them come in. It is to be called
// when all servers are made: dnsserver has no list of its configs, and makes one that it is
// asked for in vain.
func reached(c *caddy.Controller) (all []reach) {
	for block := 0; ; block++ {
		some := configs(*c, block)
		if len(some) == 0 {
			return all
		}
		for _, cfg := range some {
			for _, host := range cfg.ListenHosts {
				all = append(all, reach{where(cfg, host), alias.Name(cfg.Zone), block == c.ServerBlockIndex})
			}
		}
	}
}

// configs is those of a server block by its number, one for each of its keys.
func configs(c caddy.Controller, block int) (all []*dnsserver.Config) {
	c.ServerBlockIndex = block
	for c.ServerBlockKeyIndex = 0; ; c.ServerBlockKeyIndex++ {
		cfg := dnsserver.GetConfig(&c)
		if cfg.Port == "" { // it was made now
			return all
		}
		all = append(all, cfg)
	}
}

// where is how dnsserver tells listeners apart: an address is one however it is written.
func where(cfg *dnsserver.Config, host string) string {
	address := net.JoinHostPort(host, cfg.Port)
	if resolved, err := net.ResolveTCPAddr("tcp", address); err == nil {
		address = resolved.String()
	}
	return cfg.Transport + "://" + address
}

// instanceKey is where caddy's instance keeps ours.
type instanceKey struct{}

// instanceOf is the instance that c sets up a part of. The first part to ask
// makes it, and its callbacks.
func instanceOf(c *caddy.Controller) *instance {
	if i, ok := c.Get(instanceKey{}).(*instance); ok {
		return i
	}
	i := new(instance)
	c.Set(instanceKey{}, i)
	c.OnStartup(func() error {
		if place := misplaced(dnsserver.Directives); place != "" {
			log.Warningf("built %s", place)
		}
		return nil
	})
	c.OnStartup(i.load)
	c.OnShutdown(i.stop)
	onRestartFailed()
	// caddy forgets all hooks when a reload comes by SIGUSR1, so to register
	// this one once in a process would not do.
	if !slices.Contains(caddy.ListPlugins()["event_hooks"], pluginName) {
		caddy.RegisterEventHook(pluginName, started)
	}
	return i
}

// hooked is the key under which caddy's instance keeps that it has the callback already.
type hooked struct{}

// misplaced is what is wrong with where a build has the plugin, or "". A line at the end of plugin.cfg is
// enough: whatever is loaded then, queries end above.
func misplaced(directives []string) string {
	own, acl, cache := slices.Index(directives, pluginName), slices.Index(directives, "acl"), slices.Index(directives, "cache")
	switch {
	case cache >= 0 && own > cache:
		return "below cache, want it above: plugins above answer for aliases, or keep what these have led to"
	case own < acl:
		return "above acl, want it below: acl does not judge the names of aliases"
	}
	return ""
}

// onRestartFailed registers reloadFailed. caddy tells that to the instance that was to be
// replaced, which may have no versionalias.
func onRestartFailed() {
	for _, inst := range caddy.Instances() {
		inst.StorageMu.Lock()
		if inst.Storage[hooked{}] == nil {
			inst.Storage[hooked{}] = true
			inst.OnRestartFailed = append(inst.OnRestartFailed, reloadFailed)
		}
		inst.StorageMu.Unlock()
	}
}

// reloadFailed runs what answers after a reload that fails, and only that. It is the new
// Corefile if a plugin of the old one failed to stop: then started is not told of it.
func reloadFailed() error {
	var live []*instance
	for _, inst := range caddy.Instances() {
		if i, ok := stored(inst); ok && len(inst.Servers()) > 0 {
			live = append(live, i)
		}
	}
	running.turn(live)
	statuses.endStart()
	return nil
}

// stored is our instance that caddy's keeps, and whether it has one.
func stored(inst *caddy.Instance) (*instance, bool) {
	inst.StorageMu.RLock()
	defer inst.StorageMu.RUnlock()
	i, ok := inst.Storage[instanceKey{}].(*instance)
	return i, ok
}

// started runs an instance when all of it has started. OnStartup would be too
// early: the listeners may fail yet, and then nobody would stop it.
func started(event caddy.EventName, info any) error {
	inst, ok := info.(*caddy.Instance)
	if event != caddy.InstanceStartupEvent || !ok {
		return nil
	}
	i, ok := stored(inst)
	if !ok {
		statuses.endStart() // after a first start that failed, which caddy tells nobody
		return nil
	}
	i.run()
	return nil
}

// parse reads the plugin's block. Errors name the property, what was found and
// what was expected, and caddy adds file and line.
func parse(c *caddy.Controller) (config, error) {
	b := &block{root: dnsserver.GetConfig(c).Root, ttl: defaultTTL}
	b.refresh = defaultRefresh
	b.served = names(plugin.OriginsFromArgsOrServerBlock(nil, c.ServerBlockKeys))
	for i := 0; c.Next(); i++ {
		if i > 0 {
			return config{}, c.Err("found versionalias twice in a server block, want it once")
		}
		if err := b.origins(c.RemainingArgs()); err != nil {
			return config{}, c.Err(err.Error())
		}
		seen := map[string]bool{}
		for c.NextBlock() {
			name, args := c.Val(), c.RemainingArgs()
			if c.NextArg() {
				return config{}, c.Errf("%s: found a block, want none", name)
			}
			if err := b.property(name, args, seen); err != nil {
				return config{}, c.Err(err.Error())
			}
		}
		if c.NextArg() {
			return config{}, c.Errf("found %q behind the block, want nothing", c.Val())
		}
		if err := b.finish(); err != nil {
			return config{}, c.Err(err.Error())
		}
	}
	return b.config, nil
}
