package versionalias

import (
	"testing"
)

// Lines that read nothing are told, once: their names may be misspelt.
func TestVoidLines(t *testing.T) {
	run(t, `
		file
		blocks ssm /dns ssm /dsn alias a.corp.internal /one:live alias b.corp.internal /tow
		put /dns/cache cache-v1.corp.internal
		put /one a-v1.corp.internal
		start
		wait 1m
		put /dsn/db db-v1.corp.internal
		wait 1m
	`, `
		[INFO] loaded 1 aliases from 1 parameters
		[WARNING] loaded nothing below /dsn: found no parameter there (Parameter Store in eu-west-1)
		[WARNING] loaded no document of alias a.corp.internal.: found no parameter /one:live (Parameter Store in eu-west-1)
		[WARNING] loaded no document of alias b.corp.internal.: found no parameter /tow (Parameter Store in eu-west-1)
		[INFO] alias db.corp.internal. added: db-v1.corp.internal., ttl 5 (parameter /dsn/db, version 1 of 2000-01-01T00:01:00Z)
	`)
}

// So they are by each process, also by one that knew them from a snapshot, at its first complete sweep.
func TestVoidLinesOfASnapshot(t *testing.T) {
	const (
		begin  = "blocks ssm /dns ssm /dsn\nput /dns/cache cache-v1.corp.internal\nstart\nwait 1s\n"
		loaded = "[INFO] loaded 1 aliases from 1 parameters\n"
		void   = "[WARNING] loaded nothing below /dsn: found no parameter there (Parameter Store in eu-west-1)\n"
		more   = "[WARNING] loaded nothing below /more: found no parameter there (Parameter Store in eu-west-1)\n"
		again  = "[INFO] recalled 1 aliases, and 0 rejected documents, of TIME\n"
		failed = "[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: AccessDeniedException: not authorized\n"
		works  = "[INFO] sweep works again, after N that failed\n"
	)
	for _, tt := range []struct{ name, script, log string }{
		{"a restart, and reloads", `
			restart
			wait 1m
			reload
			wait 1m
			reload
			wait 1m`, again + void},
		{"a restart in an outage", `
			fault denied
			restart
			wait 1m
			fault
			wait 1m`, again + failed + works + void},
		{"a restart in an outage, and a reload in it", `
			fault denied
			restart
			wait 1m
			reload
			wait 1m
			fault
			wait 1m
			reload
			wait 1m`, again + failed + works + void},
		{"a restart in an outage, and a reload with another line after it", `
			fault denied
			restart
			wait 5s
			fault
			blocks ssm /dns ssm /dsn ssm /more
			reload
			wait 1m`, again + failed + loaded + void + more + works},
		{"a restart with another line", `
			blocks ssm /dns ssm /dsn ssm /more
			restart
			wait 1m
			reload
			wait 1m`, again + loaded + void + more},
	} {
		t.Run(tt.name, func(t *testing.T) { run(t, begin+tt.script, loaded+void+tt.log) })
	}
}

// That names are left to the plugins below is said only where all are: those of rejected documents
// are not, and those of pending ones only for now.
func TestNoAliasLoaded(t *testing.T) {
	const below = ": canonical names are left to the plugins below"
	for _, tt := range []struct{ name, script, log string }{
		{"nothing", `
			blocks alias cache.corp.internal /cache
			start
			wait 15s`, `
			[WARNING] loaded no alias from 0 parameters` + below + `
			[WARNING] loaded no document of alias cache.corp.internal.: found no parameter /cache (Parameter Store in eu-west-1)`},
		{"a bundle without aliases", `
			paths
			put /dns/cache {"aliases": {}}
			start
			cache NXDOMAIN`, `
			[WARNING] loaded no alias from 1 parameters` + below},
		{"rejected", `
			paths
			put /dns/cache what?
			start
			cache SERVFAIL`, `
			[WARNING] rejected parameter /dns/cache, version 1 of 2000-01-01T00:00:00Z: parse target: found "what?" with '?' in it, want only letters, digits, '-', '_' and dots; no version of it is in force
			[WARNING] loaded no alias from 1 parameters`},
		{"pending, as a reload brings another line", `
			blocks verify ssm /dns
			start
			put /dns/cache cache-v1.corp.internal
			wait 12s
			blocks verify ssm /dns ssm /more
			reload
			wait 12s`, `
			[WARNING] loaded no alias from 0 parameters` + below + `
			[WARNING] loaded nothing below /dns: found no parameter there (Parameter Store in eu-west-1)
			[WARNING] pending parameter /dns/cache, version 1 of 2000-01-01T00:00:00Z: verify target cache-v1.corp.internal.: no; no version of it is in force
			[WARNING] loaded no alias from 1 parameters
			[WARNING] loaded nothing below /more: found no parameter there (Parameter Store in eu-west-1)`},
	} {
		t.Run(tt.name, func(t *testing.T) { run(t, tt.script, tt.log) })
	}
}
