package versionalias

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octoenergy/versionalias/internal/emulator"
)

// What happens when…: a row is what goes wrong, what is answered then and after
// it, and what is counted and logged. Sweeps come 9 to 11 seconds apart.
func TestFaults(t *testing.T) {
	// Each of these makes a sweep fail: all stays, and nobody is asked more often.
	for fault, text := range map[string]struct{ err, outcome string }{
		"denied":  {"AccessDeniedException: not authorized", "denied"},
		"broken":  {"InternalServerError: oops", "error"},
		"garbage": {"HTTP status 200: deserialization failed, unexpected token at offset 0", "error"},
		"refused": {`request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused`, "error"},
		"tls":     {`request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": x509: certificate signed by unknown authority`, "error"},
		"half":    {"HTTP status 200: deserialization failed, unexpected EOF", "error"},
		"hang":    {"found no answer in time", "timeout"},
	} {
		t.Run("duty 3: "+fault, func(t *testing.T) {
			run(t, `
				put /dns/cache cache-v1.corp.internal
				start
				wait 15s
				fault `+fault+`
				calls 2 10
				wait 10m
				calls 35 67
				cache cache-v1
				ready yes
				put /dns/cache cache-v2.corp.internal
				fault
				wait 16s
				cache cache-v2
				metric server_blocks{source="sweep"} 1
				failures `+text.outcome+` 35 67
			`, `
				[INFO] loaded 1 aliases from 1 parameters
				[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: `+text.err+`
				[INFO] sweep works again, after N that failed
				[INFO] alias cache.corp.internal. flipped: cache-v1.corp.internal. to cache-v2.corp.internal. (parameter /dns/cache, version 2 of 2000-01-01T00:10:15Z)
			`)
		})
	}
	const braked = `
			paths
			put /dns/a a-v1.corp.internal
			put /dns/b b-v1.corp.internal
			put /dns/c c-v1.corp.internal
			put /dns/d d-v1.corp.internal
			start
			delete /dns/a
			delete /dns/b
			delete /dns/c
			delete /dns/d
			wait 12s
			metric braked_aliases 4`
	for _, tt := range []struct{ name, script, log string }{{
		name: "duty 3: a throttled account",
		script: `
			put /dns/cache cache-v1.corp.internal
			start
			wait 15s
			fault throttled
			calls 2 10
			wait 10m
			calls 4 8
			cache cache-v1
			fault
			wait 30m
			calls 50 360
			wait 100s
			calls 18 24
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[WARNING] throttled, and what is in force stays: the next sweep is in 20s: read the parameters below /dns: ThrottlingException: Rate exceeded
			[INFO] no longer throttled: a sweep every 10s again
		`,
	}, {
		name: "duty 10: down at the start, without a snapshot",
		script: `
			put /dns/cache cache-v1.corp.internal
			fault hang
			start
			ready no
			cache SERVFAIL
			metric server_blocks{source="none"} 1
			wait 1m
			cache SERVFAIL
			fault
			wait 16s
			ready yes
			cache cache-v1
			other NXDOMAIN
		`,
		log: `
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: found no answer in time
			[INFO] sweep works again, after N that failed
			[INFO] loaded 1 aliases from 1 parameters
		`,
	}, {
		name: "duties 3, 10: down for the first minute, with an hour between sweeps",
		script: `
			refresh 1h
			put /dns/cache cache-v1.corp.internal
			fault refused
			start
			wait 1m
			calls 3 8
			ready no
			fault
			wait 2m
			ready yes
			cache cache-v1
		`,
		log: `
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused
			[INFO] sweep works again, after N that failed
			[INFO] loaded 1 aliases from 1 parameters
		`,
	}, {
		name: "duties 3, 10: down at the start for long: it is asked less and less often",
		script: `
			refresh 1h
			put /dns/cache cache-v1.corp.internal
			fault refused
			start
			wait 4h
			calls 8 20
			wait 10h
			calls 9 12
		`,
		log: `
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused
		`,
	}, {
		name: "duties 3, 10: throttled at the start, with a day between sweeps: it is said when the next one is",
		script: `
			refresh 24h
			paths
			put /dns/cache cache-v1.corp.internal
			fault throttled
			start
			fault
			wait 21s
			cache cache-v1
		`,
		log: `
			[WARNING] throttled, and what is in force stays: the next sweep is in 20s: read the parameters below /dns: ThrottlingException: Rate exceeded
			[INFO] no longer throttled: a sweep every 24h0m0s again
			[INFO] loaded 1 aliases from 1 parameters
		`,
	}, {
		name: "duty 10: a first sweep that the start does not wait for begins again at once",
		script: `
			refresh 1h
			put /dns/cache cache-v1.corp.internal
			fault slow
			start
			ready no
			wait 6s
			ready yes
			cache cache-v1
		`,
		log: `
			[WARNING] sweep failed, and what is in force stays: read the parameters /live:l: found no answer in time
			[INFO] sweep works again, after N that failed
			[INFO] loaded 1 aliases from 1 parameters
		`,
	}, {
		name: "duty 10: so does that of a reload that adds a line",
		script: `
			paths
			refresh 1h
			put /dns/cache cache-v1.corp.internal
			put /more/web web-v1.corp.internal
			start
			wait 1s
			blocks ssm /dns ssm /more
			fault slow
			reload
			ready no
			cache cache-v1
			wait 6s
			ready yes
			web web-v1
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[WARNING] sweep failed, and what is in force stays: read the parameters below /more: found no answer in time
			[INFO] sweep works again, after N that failed
			[INFO] loaded 2 aliases from 2 parameters
		`,
	}, {
		name: "duties 6, 9, 10: a restart while it is down, with a bad document in store",
		script: `
			put /dns/cache cache-v1.corp.internal
			put /dns/db db-v1.corp.internal
			start
			put /dns/db what?
			wait 12s
			fault refused
			restart
			ready yes
			cache cache-v1
			db db-v1
			other NXDOMAIN
			metric rejected_aliases{reason="syntax",zone="corp.internal."} 1
			metric server_blocks{source="snapshot"} 1
			wait 10m
			cache cache-v1
			db db-v1
			put /dns/cache cache-v2.corp.internal
			fault
			wait 12s
			cache cache-v2
			db db-v1
			metric server_blocks{source="sweep"} 1
			metric server_blocks{source="snapshot"} 0
		`,
		log: `
			[INFO] loaded 2 aliases from 2 parameters
			[WARNING] rejected parameter /dns/db, version 2 of 2000-01-01T00:00:00Z: parse target: found "what?" with '?' in it, want only letters, digits, '-', '_' and dots; version 1 stays in force
			[INFO] recalled 2 aliases, and 1 rejected documents, of TIME
			[WARNING] rejected parameter /dns/db, version 2 of 2000-01-01T00:00:00Z: parse target: found "what?" with '?' in it, want only letters, digits, '-', '_' and dots; version 1 stays in force
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused
			[INFO] sweep works again, after N that failed
			[INFO] alias cache.corp.internal. flipped: cache-v1.corp.internal. to cache-v2.corp.internal. (parameter /dns/cache, version 2 of 2000-01-01T00:10:12Z)
		`,
	}, {
		name: "duty 10: a restart with a snapshot sweeps at once",
		script: `
			put /dns/cache cache-v1.corp.internal
			start
			stop
			put /dns/cache cache-v2.corp.internal
			start
			cache cache-v2
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[INFO] recalled 1 aliases, and 0 rejected documents, of TIME
			[INFO] alias cache.corp.internal. flipped: cache-v1.corp.internal. to cache-v2.corp.internal. (parameter /dns/cache, version 2 of 2000-01-01T00:00:00Z)
		`,
	}, {
		name: "duty 10: and soon again if that one fails",
		script: `
			refresh 1h
			put /dns/cache cache-v1.corp.internal
			start
			stop
			put /dns/cache cache-v2.corp.internal
			fault refused
			start
			wait 1m
			ready yes
			cache cache-v1
			fault
			wait 2m
			cache cache-v2
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[INFO] recalled 1 aliases, and 0 rejected documents, of TIME
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused
			[INFO] sweep works again, after N that failed
			[INFO] alias cache.corp.internal. flipped: cache-v1.corp.internal. to cache-v2.corp.internal. (parameter /dns/cache, version 2 of 2000-01-01T00:00:00Z)
		`,
	}, {
		name: "duty 10: a reload in an outage",
		script: `
			put /dns/cache cache-v1.corp.internal
			put /dns/db db-v1.corp.internal
			start
			put /dns/db what?
			wait 12s
			fault denied
			wait 15s
			reload
			ready yes
			cache cache-v1
			db db-v1
			metric rejected_aliases{reason="syntax",zone="corp.internal."} 1
			metric server_blocks{source="sweep"} 1
			wait 1m
			fault
			put /dns/db db-v2.corp.internal
			wait 12s
			db db-v2
		`,
		log: `
			[INFO] loaded 2 aliases from 2 parameters
			[WARNING] rejected parameter /dns/db, version 2 of 2000-01-01T00:00:00Z: parse target: found "what?" with '?' in it, want only letters, digits, '-', '_' and dots; version 1 stays in force
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: AccessDeniedException: not authorized
			[INFO] sweep works again, after N that failed
			[INFO] alias db.corp.internal. flipped: db-v1.corp.internal. to db-v2.corp.internal. (parameter /dns/db, version 3 of 2000-01-01T00:01:27Z)
		`,
	}, {
		name: "duty 10: reloads in an outage since the start, and after one the error is another",
		script: `
			put /dns/cache cache-v1.corp.internal
			fault refused
			start
			reload
			wait 1m
			fault denied
			wait 1m
			reload
			reload
			wait 1m
			fault refused
			wait 1m
			fault
			wait 12s
			cache cache-v1
		`,
		log: `
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: AccessDeniedException: not authorized
			[INFO] sweep works again, after N that failed
			[INFO] loaded 1 aliases from 1 parameters
		`,
	}, {
		name: "duties 3, 10: an outage that becomes others, over a reload as well: each kind of error is said once",
		script: `
			paths
			put /dns/cache cache-v1.corp.internal
			start
			wait 1m
			fault refused
			wait 30s
			fault denied
			wait 1h
			fault tls
			wait 1m
			fault hang
			wait 1m
			fault denied
			wait 1m
			reload
			wait 1m
			fault hang
			wait 1m
			fault
			wait 30s
			fault denied
			wait 1m
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: AccessDeniedException: not authorized
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: found no answer in time
			[INFO] sweep works again, after N that failed
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: AccessDeniedException: not authorized
		`,
	}, {
		name: "duty 3: the same of reads by name",
		script: `
			paths
			put /dns/cache cache-v1.corp.internal
			start
			delete /dns/cache
			fault hang of GetParameters
			wait 30m
			fault denied of GetParameters
			wait 30m
			fault broken of GetParameters
			wait 30m
			fault denied of GetParameters
			wait 30m
			cache cache-v1
			fault
			wait 12m
			cache NXDOMAIN
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[WARNING] read by name failed, and what is in force stays: read the parameters /dns/cache: found no answer in time
			[WARNING] read by name failed, and what is in force stays: read the parameters /dns/cache: AccessDeniedException: not authorized
			[WARNING] read by name failed, and what is in force stays: read the parameters /dns/cache: InternalServerError: oops
			[INFO] read by name works again
			[INFO] alias cache.corp.internal. removed: was cache-v1.corp.internal. (parameter /dns/cache, version 1 of 2000-01-01T00:00:00Z)
		`,
	}, {
		name: "duties 3, 10: reloads while nothing can be read by name",
		script: `
			paths
			put /dns/cache cache-v1.corp.internal
			start
			wait 1s
			delete /dns/cache
			fault denied of GetParameters
			wait 1m
			reload
			wait 1m
			reload
			wait 1m
			cache cache-v1
			fault
			wait 2m
			cache NXDOMAIN
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[WARNING] read by name failed, and what is in force stays: read the parameters /dns/cache: AccessDeniedException: not authorized
			[INFO] read by name works again
			[INFO] alias cache.corp.internal. removed: was cache-v1.corp.internal. (parameter /dns/cache, version 1 of 2000-01-01T00:00:00Z)
		`,
	}, {
		name: "duties 9, 10: a reload in an outage, with a new file, and a restart",
		script: `
			put /dns/cache cache-v1.corp.internal
			start
			wait 15s
			fault throttled
			wait 1m
			file other
			reload
			cache cache-v1
			restart
			cache cache-v1
			ready yes
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[WARNING] throttled, and what is in force stays: the next sweep is in 20s: read the parameters below /dns: ThrottlingException: Rate exceeded
			[INFO] recalled 1 aliases, and 0 rejected documents, of TIME
			[WARNING] throttled, and what is in force stays: the next sweep is in 20s: read the parameters below /dns: ThrottlingException: Rate exceeded
		`,
	}, {
		name: "duty 3: throttled over reloads, with 5 minutes between sweeps in any case: that is one turn",
		script: `
			paths
			refresh 5m
			put /dns/cache cache-v1.corp.internal
			start
			fault throttled
			wait 11m
			reload
			wait 11m
			reload
			fault
			wait 20m`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[WARNING] throttled, and what is in force stays: the next sweep is in 5m0s: read the parameters below /dns: ThrottlingException: Rate exceeded
			[INFO] no longer throttled: a sweep every 5m0s again`,
	}, {
		name: "duty 10: a block of which all is of a snapshot is told to be so after a reload, too",
		script: `
			paths
			put /dns/cache cache-v1.corp.internal
			start
			stop
			fault refused
			blocks ssm /dns ssm /more
			start
			metric server_blocks{source="none"} 1
			blocks ssm /dns
			reload
			metric server_blocks{source="snapshot"} 1`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[INFO] recalled 1 aliases, and 0 rejected documents, of TIME
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused`,
	}, {
		name: "duty 5: a read by name fails, also after a reload that adds a line: that is one turn",
		script: `
			paths
			put /dns/cache cache-v1.corp.internal
			put /more/x cache-v1.corp.internal
			start
			wait 1s
			delete /dns/cache
			fault denied of GetParameters
			wait 1m
			blocks ssm /dns ssm /more
			reload
			wait 1m
			fault
			wait 2m`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[WARNING] read by name failed, and what is in force stays: read the parameters /dns/cache: AccessDeniedException: not authorized
			[INFO] loaded 2 aliases from 1 parameters
			[WARNING] loaded nothing below /dns: found no parameter there (Parameter Store in eu-west-1)
			[INFO] read by name works again
			[INFO] alias cache.corp.internal. removed: was cache-v1.corp.internal. (parameter /dns/cache, version 1 of 2000-01-01T00:00:00Z)`,
	}, {
		name: "duty 5: a read by name fails, and a reload makes two blocks of one: only that which reads the parameter says when it is over",
		script: `
			paths
			blocks ssm /dns ssm /more
			put /dns/cache cache-v1.corp.internal
			put /more/x cache-v1.corp.internal
			start
			delete /more/x
			fault denied of GetParameters
			wait 1m
			blocks ssm /dns|ssm /more
			reload
			wait 10m
			fault
			wait 1m`,
		log: `
			[INFO] loaded 2 aliases from 2 parameters
			[WARNING] read by name failed, and what is in force stays: read the parameters /more/x: AccessDeniedException: not authorized
			[INFO] read by name works again
			[INFO] alias x.corp.internal. removed: was cache-v1.corp.internal. (parameter /more/x, version 1 of 2000-01-01T00:00:00Z)`,
	}, {
		name: "duty 3: throttled again before it was as it had been: that is one turn",
		script: `
			put /dns/cache cache-v1.corp.internal
			start
			wait 15s
			fault throttled
			wait 30s
			fault
			wait 44s
			fault throttled
			wait 44s
			fault
			wait 30m
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[WARNING] throttled, and what is in force stays: the next sweep is in 20s: read the parameters below /dns: ThrottlingException: Rate exceeded
			[INFO] no longer throttled: a sweep every 10s again
		`,
	}, {
		name: "duty 5: a parameter is deleted",
		script: `
			put /dns/cache cache-v1.corp.internal
			put /dns/db db-v1.corp.internal
			start
			delete /dns/cache
			wait 9s
			cache cache-v1
			wait 13s
			cache NXDOMAIN
			db db-v1
			calls 6 10
			fault refused
			restart
			cache NXDOMAIN
			db db-v1
		`,
		log: `
			[INFO] loaded 2 aliases from 2 parameters
			[INFO] alias cache.corp.internal. removed: was cache-v1.corp.internal. (parameter /dns/cache, version 1 of 2000-01-01T00:00:00Z)
			[INFO] recalled 1 aliases, and 0 rejected documents, of TIME
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused
		`,
	}, {
		name: "duty 5: it may not be read by name: it stays until it may",
		script: `
			paths
			put /dns/cache cache-v1.corp.internal
			start
			delete /dns/cache
			fault denied of GetParameters
			calls 0 9
			wait 30m
			calls 180 200
			cache cache-v1
			fault
			wait 6m
			cache NXDOMAIN
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[WARNING] read by name failed, and what is in force stays: read the parameters /dns/cache: AccessDeniedException: not authorized
			[INFO] read by name works again
			[INFO] alias cache.corp.internal. removed: was cache-v1.corp.internal. (parameter /dns/cache, version 1 of 2000-01-01T00:00:00Z)
		`,
	}, {
		name: "duty 5: it may not be read by name, and is there again: the next failure is another one",
		script: `
			paths
			put /dns/cache cache-v1.corp.internal
			start
			delete /dns/cache
			fault denied of GetParameters
			wait 1m
			put /dns/cache cache-v1.corp.internal
			wait 1m
			delete /dns/cache
			fault refused of GetParameters
			wait 5m
			cache cache-v1
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[WARNING] read by name failed, and what is in force stays: read the parameters /dns/cache: AccessDeniedException: not authorized
			[INFO] nothing is left to be read by name
			[WARNING] read by name failed, and what is in force stays: read the parameters /dns/cache: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused
		`,
	}, {
		name: "duty 5: nor may an alias line's, so that no sweep is complete: all stays",
		script: `
			put /dns/cache cache-v1.corp.internal
			start
			delete /dns/cache
			fault denied of GetParameters
			wait 30m
			cache cache-v1
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[WARNING] sweep failed, and what is in force stays: read the parameters /live:l: AccessDeniedException: not authorized
		`,
	}, {
		name: "duty 5: a deletion in mid-sweep hides another",
		script: `
			put /dns/cache cache-v1.corp.internal
			start
			skip /dns/cache
			wait 10m
			cache cache-v1
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
		`,
	}, {
		name: "duty 5: all are deleted",
		script: `
			put /dns/a a-v1.corp.internal
			put /dns/b b-v1.corp.internal
			put /dns/c c-v1.corp.internal
			put /dns/d d-v1.corp.internal
			start
			delete /dns/a
			delete /dns/b
			delete /dns/c
			delete /dns/d
			wait 12s
			metric braked_aliases 4
			wait 58m
			a a-v1
			d d-v1
			restart
			metric braked_aliases 4
			a a-v1
			wait 3m
			a NXDOMAIN
			d NXDOMAIN
			metric braked_aliases 0
		`,
		log: `
			[INFO] loaded 4 aliases from 4 parameters
			[WARNING] brake on: the parameters of 4 of 4 aliases are gone; they stay in force until that has lasted for an hour
			[INFO] recalled 4 aliases, and 0 rejected documents, of TIME
			[WARNING] brake on: the parameters of 4 of 4 aliases are gone; they stay in force until that has lasted for an hour
			[WARNING] loaded nothing below /dns: found no parameter there (Parameter Store in eu-west-1)
			[INFO] brake off: no alias stays in force without its parameter for longer than it takes to make sure
			[INFO] alias a.corp.internal. removed: was a-v1.corp.internal. (parameter /dns/a, version 1 of 2000-01-01T00:00:00Z)
			[INFO] alias b.corp.internal. removed: was b-v1.corp.internal. (parameter /dns/b, version 1 of 2000-01-01T00:00:00Z)
			[INFO] alias c.corp.internal. removed: was c-v1.corp.internal. (parameter /dns/c, version 1 of 2000-01-01T00:00:00Z)
			[INFO] alias d.corp.internal. removed: was d-v1.corp.internal. (parameter /dns/d, version 1 of 2000-01-01T00:00:00Z)
		`,
	}, {
		name: "duty 5: a sweep misses the bundle of most aliases: the brake is off once that is read by name",
		script: `
			paths
			refresh 5m
			put /dns/web web-v1.corp.internal
			put /dns/all {"aliases": {"a": "a-v1.corp.internal", "b": "b-v1.corp.internal", "c": "c-v1.corp.internal", "d": "d-v1.corp.internal"}}
			start
			skip /dns/all
			restart
			skip
			metric braked_aliases 0
			a a-v1
		`,
		log: `
			[INFO] loaded 5 aliases from 2 parameters
			[INFO] recalled 5 aliases, and 0 rejected documents, of TIME
			[WARNING] brake on: the parameters of 4 of 5 aliases are gone; they stay in force until that has lasted for an hour
			[INFO] brake off: no alias stays in force without its parameter for longer than it takes to make sure
		`,
	}, {
		name: "duty 4: deleted and made anew at version 1",
		script: `
			put /dns/cache cache-v1.corp.internal
			put /dns/cache cache-v2.corp.internal
			start
			wait 1s
			delete /dns/cache
			put /dns/cache cache-v3.corp.internal
			wait 11s
			cache cache-v3
			metric parameter_version{alias="cache.corp.internal.",zone="corp.internal."} 1
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[INFO] alias cache.corp.internal. flipped: cache-v2.corp.internal. to cache-v3.corp.internal. (parameter /dns/cache, version 1 of 2000-01-01T00:00:01Z)
		`,
	}, {
		name: "duty 4: a stale read, and what was there before comes back",
		script: `
			put /dns/cache cache-v1.corp.internal
			wait 1s
			put /dns/cache cache-v2.corp.internal
			start
			fault stale once
			wait 1m
			cache cache-v2
			metric older_versions_believed_total 0
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[INFO] reading again parameter /dns/cache, version 1 of 2000-01-01T00:00:00Z: it is older than version 2 of 2000-01-01T00:00:01Z
		`,
	}, {
		name: "duty 4: an older version that stays",
		script: `
			put /dns/cache cache-v1.corp.internal
			wait 1s
			put /dns/cache cache-v2.corp.internal
			start
			fault stale
			wait 9s
			cache cache-v2
			wait 13s
			cache cache-v1
			metric older_versions_believed_total 1
			reload
			metric older_versions_believed_total 1
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[INFO] reading again parameter /dns/cache, version 1 of 2000-01-01T00:00:00Z: it is older than version 2 of 2000-01-01T00:00:01Z
			[WARNING] believed parameter /dns/cache, version 1 of 2000-01-01T00:00:00Z: it is what each read found since version 2 of 2000-01-01T00:00:01Z
			[INFO] alias cache.corp.internal. flipped: cache-v2.corp.internal. to cache-v1.corp.internal. (parameter /dns/cache, version 1 of 2000-01-01T00:00:00Z)
		`,
	}, {
		name: "duty 4: a label that is moved back",
		script: `
			put /live live-v1.corp.internal
			wait 1s
			put /live live-v2.corp.internal
			label /live:l 2
			start
			live live-v2
			label /live:l 1
			wait 13s
			live live-v1
			metric older_versions_believed_total 0
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[WARNING] loaded nothing below /dns: found no parameter there (Parameter Store in eu-west-1)
			[INFO] alias live.corp.internal. flipped: live-v2.corp.internal. to live-v1.corp.internal. (parameter /live:l, version 1 of 2000-01-01T00:00:00Z)
		`,
	}, {
		name: "duty 1: an empty page with a token",
		script: `
			put /dns/cache cache-v1.corp.internal
			fault empty page
			start
			cache cache-v1
			wait 1m
			cache cache-v1
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
		`,
	}, {
		name: "duty 6: a document of a wrong type, and its end",
		script: `
			put /dns/cache cache-v1.corp.internal
			start
			put /dns/cache secret cache-v2.corp.internal
			wait 12s
			cache cache-v1
			metric rejected_aliases{reason="type",zone="corp.internal."} 1
			put /dns/cache cache-v3.corp.internal
			wait 12s
			cache cache-v3
			metric rejected_aliases{reason="type",zone="corp.internal."} 0
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[WARNING] rejected parameter /dns/cache, version 2 of 2000-01-01T00:00:00Z: read type: found SecureString, want String; version 1 stays in force
			[INFO] alias cache.corp.internal. flipped: cache-v1.corp.internal. to cache-v3.corp.internal. (parameter /dns/cache, version 3 of 2000-01-01T00:00:12Z)
		`,
	}, {
		name: "duty 10: two reloads and a restart in an outage, the first of which adds lines",
		script: `
			blocks ssm /dns
			put /dns/cache cache-v1.corp.internal
			put /more/web web-v1.corp.internal
			put /sure sure-v1.corp.internal
			start
			wait 15s
			fault refused
			blocks ssm /dns ssm /more alias sure.corp.internal /sure
			reload
			ready no
			cache cache-v1
			web SERVFAIL
			sure SERVFAIL
			reload
			ready no
			cache cache-v1
			web SERVFAIL
			sure SERVFAIL
			metric server_blocks{source="none"} 1
			wait 10m
			restart
			ready no
			cache cache-v1
			web SERVFAIL
			sure SERVFAIL
			blocks ssm /dns
			reload
			ready yes
			web NXDOMAIN
			cache cache-v1
			blocks ssm /dns ssm /more alias sure.corp.internal /sure
			reload
			fault
			wait 11s
			ready yes
			cache cache-v1
			web web-v1
			sure sure-v1
			other NXDOMAIN
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused
			[INFO] recalled 1 aliases, and 0 rejected documents, of TIME
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused
			[INFO] sweep works again, after N that failed
			[INFO] loaded 3 aliases from 3 parameters
		`,
	}, {
		name: "duty 10: a reload in an outage that adds an alias line, where there are no paths",
		script: `
			blocks alias cache.corp.internal /dns/cache
			put /dns/cache cache-v1.corp.internal
			start
			fault throttled
			blocks alias sure.corp.internal /sure alias cache.corp.internal /dns/cache
			reload
			ready no
			cache cache-v1
			sure SERVFAIL
			web NXDOMAIN
			fault
			wait 21s
			ready yes
			sure NXDOMAIN
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[WARNING] throttled, and what is in force stays: the next sweep is in 20s: read the parameters /sure /dns/cache: ThrottlingException: Rate exceeded
			[INFO] loaded 1 aliases from 1 parameters
			[WARNING] loaded no document of alias sure.corp.internal.: found no parameter /sure (Parameter Store in eu-west-1)
		`,
	}, {
		name: "duties 9, 10: a snapshot of fewer lines",
		script: `
			blocks ssm /dns
			put /dns/cache cache-v1.corp.internal
			start
			stop
			fault hang
			blocks alias sure.corp.internal /sure ssm /dns
			start
			ready no
			cache cache-v1
			web SERVFAIL
			sure SERVFAIL
			metric server_blocks{source="none"} 1
			fault
			wait 16s
			ready yes
			cache cache-v1
			web NXDOMAIN
			sure NXDOMAIN
			metric server_blocks{source="sweep"} 1
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[INFO] recalled 1 aliases, and 0 rejected documents, of TIME
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: found no answer in time
			[INFO] sweep works again, after N that failed
			[INFO] loaded 1 aliases from 1 parameters
			[WARNING] loaded no document of alias sure.corp.internal.: found no parameter /sure (Parameter Store in eu-west-1)
		`,
	}, {
		name: "duties 6, 9, 10: two alias lines of one parameter, which is good for one of them",
		script: `
			blocks alias web.corp.internal /p alias api.corp.internal /p
			put /p x-v1.corp.internal
			start
			put /p api.corp.internal
			wait 12s
			web api
			api x-v1
			fault refused
			reload
			web api
			api x-v1
			metric rejected_aliases{reason="loop",zone="corp.internal."} 1
			restart
			ready yes
			web api
			api x-v1
			metric rejected_aliases{reason="loop",zone="corp.internal."} 1
			blocks alias api.corp.internal /p | alias web.corp.internal /p
			reload
			ready yes
			api x-v1
			block 2
			web api
		`,
		log: `
			[INFO] loaded 2 aliases from 2 parameters
			[WARNING] rejected parameter /p, version 2 of 2000-01-01T00:00:00Z: follow alias api.corp.internal.: found the loop api.corp.internal. api.corp.internal., want a target that does not lead back; version 1 stays in force
			[INFO] alias web.corp.internal. flipped: x-v1.corp.internal. to api.corp.internal. (parameter /p, version 2 of 2000-01-01T00:00:00Z)
			[INFO] recalled 2 aliases, and 1 rejected documents, of TIME
			[WARNING] rejected parameter /p, version 2 of 2000-01-01T00:00:00Z: follow alias api.corp.internal.: found the loop api.corp.internal. api.corp.internal., want a target that does not lead back; version 1 stays in force
			[WARNING] sweep failed, and what is in force stays: read the parameters /p: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused
		`,
	}, {
		name: "duty 5: a refresh that is long: reads alone take nothing away",
		script: `
			paths
			refresh 10m
			put /dns/cache cache-v1.corp.internal
			wait 1s
			put /dns/cache cache-v2.corp.internal
			start
			` + strings.Repeat(`
			fault stale once, then missing of GetParameters
			wait 33m
			cache cache-v2
			`, 10) + `
		`,
		log: "[INFO] loaded 1 aliases from 1 parameters" + strings.Repeat("\n[INFO] reading again parameter /dns/cache, version 1 of 2000-01-01T00:00:00Z: it is older than version 2 of 2000-01-01T00:00:01Z", 10),
	}, {
		name: "duty 5: a parameter goes by another name, and its aliases turn at once",
		script: `
			paths
			put /dns/p {"aliases": {"a": "a-v1.corp.internal", "b": "b-v1.corp.internal", "c": "c-v1.corp.internal", "d": "d-v1.corp.internal"}}
			start
			delete /dns/p
			put /dns/q {"aliases": {"a": "a-v2.corp.internal", "b": "b-v2.corp.internal", "c": "c-v2.corp.internal", "d": "d-v2.corp.internal"}}
			wait 9s
			a a-v1
			metric braked_aliases 0
			wait 13s
			a a-v2
			d d-v2
		`,
		log: `
			[INFO] loaded 4 aliases from 1 parameters
			[WARNING] rejected parameter /dns/q, version 1 of 2000-01-01T00:00:00Z: place alias a.corp.internal.: found it in parameter /dns/p, want it in one parameter only; no version of it is in force
			[INFO] alias a.corp.internal. flipped: a-v1.corp.internal. to a-v2.corp.internal. (parameter /dns/q, version 1 of 2000-01-01T00:00:00Z)
			[INFO] alias b.corp.internal. flipped: b-v1.corp.internal. to b-v2.corp.internal. (parameter /dns/q, version 1 of 2000-01-01T00:00:00Z)
			[INFO] alias c.corp.internal. flipped: c-v1.corp.internal. to c-v2.corp.internal. (parameter /dns/q, version 1 of 2000-01-01T00:00:00Z)
			[INFO] alias d.corp.internal. flipped: d-v1.corp.internal. to d-v2.corp.internal. (parameter /dns/q, version 1 of 2000-01-01T00:00:00Z)
		`,
	}, {
		name: "duty 5: the clock is set forward before a restart: the hour is over, and it takes two reads yet",
		script: braked + `
			stop
			clock 2h
			start
			a a-v1
			wait 5s
			a a-v1
			wait 6s
			a NXDOMAIN
			d NXDOMAIN
		`,
		log: `
			[INFO] loaded 4 aliases from 4 parameters
			[WARNING] brake on: the parameters of 4 of 4 aliases are gone; they stay in force until that has lasted for an hour
			[INFO] recalled 4 aliases, and 0 rejected documents, of TIME
			[WARNING] loaded nothing below /dns: found no parameter there (Parameter Store in eu-west-1)
			[INFO] alias a.corp.internal. removed: was a-v1.corp.internal. (parameter /dns/a, version 1 of 2000-01-01T00:00:00Z)
			[INFO] alias b.corp.internal. removed: was b-v1.corp.internal. (parameter /dns/b, version 1 of 2000-01-01T00:00:00Z)
			[INFO] alias c.corp.internal. removed: was c-v1.corp.internal. (parameter /dns/c, version 1 of 2000-01-01T00:00:00Z)
			[INFO] alias d.corp.internal. removed: was d-v1.corp.internal. (parameter /dns/d, version 1 of 2000-01-01T00:00:00Z)
		`,
	}, {
		name: "duty 5: the clock is set back before a restart: the hour begins anew",
		script: braked + `
			stop
			clock -48h
			start
			metric braked_aliases 4
			wait 59m
			a a-v1
			d d-v1
			wait 2m
			a NXDOMAIN
			d NXDOMAIN
		`,
		log: `
			[INFO] loaded 4 aliases from 4 parameters
			[WARNING] brake on: the parameters of 4 of 4 aliases are gone; they stay in force until that has lasted for an hour
			[INFO] recalled 4 aliases, and 0 rejected documents, of TIME
			[WARNING] brake on: the parameters of 4 of 4 aliases are gone; they stay in force until that has lasted for an hour
			[WARNING] loaded nothing below /dns: found no parameter there (Parameter Store in eu-west-1)
			[INFO] brake off: no alias stays in force without its parameter for longer than it takes to make sure
			[INFO] alias a.corp.internal. removed: was a-v1.corp.internal. (parameter /dns/a, version 1 of 2000-01-01T00:00:00Z)
			[INFO] alias b.corp.internal. removed: was b-v1.corp.internal. (parameter /dns/b, version 1 of 2000-01-01T00:00:00Z)
			[INFO] alias c.corp.internal. removed: was c-v1.corp.internal. (parameter /dns/c, version 1 of 2000-01-01T00:00:00Z)
			[INFO] alias d.corp.internal. removed: was d-v1.corp.internal. (parameter /dns/d, version 1 of 2000-01-01T00:00:00Z)
		`,
	}, {
		name: "duty 9: MAX_AGE and a clock that is set forward, and back",
		script: `
			age 1h
			put /dns/cache cache-v1.corp.internal
			start
			stop
			fault refused
			clock 59m
			start
			ready yes
			cache cache-v1
			stop
			clock 2m
			start
			ready no
			cache SERVFAIL
			stop
			clock -48h
			start
			ready yes
			cache cache-v1
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[INFO] recalled 1 aliases, and 0 rejected documents, of TIME
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused
			[WARNING] started without a snapshot: read snapshot FILE: found the last sweep 1h1m0s ago, want at most 1h0m0s
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused
			[INFO] recalled 1 aliases, and 0 rejected documents, of TIME
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused
		`,
	}, {
		name: "duty 9: MAX_AGE counts from the last complete sweep, also over a reload in an outage",
		script: `
			put /dns/cache cache-v1.corp.internal
			start
			fault refused
			reload
			wait 2m
			stop
			age 24h
			clock 25h
			start
			ready no
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused
			[WARNING] started without a snapshot: read snapshot FILE: found the last sweep 25h2m0s ago, want at most 24h0m0s
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused
		`,
	}, {
		name: "duty 3: a read by name is throttled",
		script: `
			paths
			put /dns/cache cache-v1.corp.internal
			start
			delete /dns/cache
			fault throttled of GetParameters
			wait 12s
			cache cache-v1
			fault
			wait 30m
			cache NXDOMAIN
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[WARNING] throttled, and what is in force stays: the next sweep is in 20s: read the parameters /dns/cache: ThrottlingException: Rate exceeded
			[INFO] alias cache.corp.internal. removed: was cache-v1.corp.internal. (parameter /dns/cache, version 1 of 2000-01-01T00:00:00Z)
			[INFO] no longer throttled: a sweep every 10s again
		`,
	}, {
		name: "duties 3, 10: a reload while it is throttled does not ask more often",
		script: `
			paths
			put /dns/cache cache-v1.corp.internal
			start
			wait 15s
			fault throttled
			wait 10m
			calls 2 11
			reload
			wait 150s
			calls 0 1
			reload
			wait 150s
			calls 0 1
			fault
			reload
			wait 1h
			calls 100 360
			wait 100s
			calls 9 12
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[WARNING] throttled, and what is in force stays: the next sweep is in 20s: read the parameters below /dns: ThrottlingException: Rate exceeded
			[INFO] no longer throttled: a sweep every 10s again
		`,
	}, {
		name: "duties 3, 10: the same since the start, and it is said once",
		script: `
			paths
			put /dns/cache cache-v1.corp.internal
			fault throttled
			start
			wait 20m
			calls 6 20
			reload
			wait 4m
			calls 1 2
			reload
			wait 4m
			calls 1 2
			fault
			wait 1h
			cache cache-v1
		`,
		log: `
			[WARNING] throttled, and what is in force stays: the next sweep is in 20s: read the parameters below /dns: ThrottlingException: Rate exceeded
			[INFO] loaded 1 aliases from 1 parameters
			[INFO] no longer throttled: a sweep every 10s again
		`,
	}, {
		name: "duties 3, 10: a reload with a shorter refresh sweeps by it at once, unless it is throttled",
		script: `
			paths
			refresh 24h
			put /dns/cache cache-v1.corp.internal
			start
			wait 1s
			refresh 10s
			calls 1 1
			reload
			put /dns/cache cache-v2.corp.internal
			wait 12s
			cache cache-v2
			wait 10m
			calls 54 70
			fault throttled
			wait 10m
			calls 2 11
			refresh 1s
			reload
			wait 150s
			calls 0 1
			fault
			wait 30m
			calls 100 1800
			wait 100s
			calls 90 112
		`,
		log: `
			[INFO] loaded 1 aliases from 1 parameters
			[INFO] alias cache.corp.internal. flipped: cache-v1.corp.internal. to cache-v2.corp.internal. (parameter /dns/cache, version 2 of 2000-01-01T00:00:01Z)
			[WARNING] throttled, and what is in force stays: the next sweep is in 20s: read the parameters below /dns: ThrottlingException: Rate exceeded
			[INFO] no longer throttled: a sweep every 1s again
		`,
	}, {
		name:   "duty 7: nothing at all",
		script: "start\ncache NXDOMAIN\nready yes",
		log:    firstLoad("/dns"),
	}} {
		t.Run(tt.name, func(t *testing.T) { run(t, tt.script, tt.log) })
	}
}

// Two servers sweep by their own clocks: for up to an interval they may differ,
// and then they agree.
func TestTwoServers(t *testing.T) {
	emulator.Isolate(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "x")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "x")
	synctest.Test(t, func(t *testing.T) {
		a := &api{versions: map[string][]version{}, labels: map[string]int64{}}
		a.put("/dns/cache", "cache-v1.corp.internal")
		servers := []*play{{t: t, api: a}, {t: t, api: a}}
		for _, p := range servers {
			p.start()
		}
		<-time.After(time.Minute)
		differed := false
		for flip := 2; flip < 30; flip++ {
			old, target := fmt.Sprintf("cache-v%d", flip-1), fmt.Sprintf("cache-v%d", flip)
			a.put("/dns/cache", target+".corp.internal")
			turned := [2]bool{}
			for began := time.Now(); time.Since(began) < 12*time.Second; <-time.After(100 * time.Millisecond) {
				for i, p := range servers {
					turned[i] = turned[i] || p.ask("cache", old) != nil
					if want := map[bool]string{false: old, true: target}[turned[i]]; p.ask("cache", want) != nil {
						t.Fatalf("server %d answers %v, want %s", i, p.ask("cache", want), want)
					}
				}
				differed = differed || turned[0] != turned[1]
			}
			if !turned[0] || !turned[1] {
				t.Errorf("flip %d: servers turned in 12s: %v, want both", flip, turned)
			}
		}
		if !differed {
			t.Error("the servers never differed, which is no test")
		}
		for _, p := range servers {
			p.end(p.instance)
		}
	})
}
