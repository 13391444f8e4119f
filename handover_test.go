package versionalias

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/octoenergy/versionalias/plugin/alias"
	"github.com/octoenergy/versionalias/plugin/watch"
)

// Duty 10: of several blocks with one source each may be another one after a
// reload, and nothing of what they knew is lost: the last good beneath a bad
// document, absences and the brake on them, and what is newer than a stale read.
func TestReloadOfBlocks(t *testing.T) {
	for _, tt := range []struct {
		name        string
		before      string // the blocks, see play
		of          string // the number of the one with /two
		after, then string
		ready       string // after a reload in an outage
	}{
		{"as it was", "ssm /one | ssm /two", "2", "ssm /one | ssm /two", "2", "yes"},
		{"another TTL in one", "ssm /one | ssm /two", "2", "ssm /one ttl 9 | ssm /two", "2", "yes"},
		{"another TTL in the other", "ssm /one | ssm /two", "2", "ssm /one | ssm /two ttl 9", "2", "yes"},
		{"another TTL in both", "ssm /one | ssm /two", "2", "ssm /one ttl 9 | ssm /two ttl 9", "2", "yes"},
		{"a template in both", "ssm /one | ssm /two", "2", "ssm /one template {value} | ssm /two template {value}", "2", "yes"},
		{"a line more in one", "ssm /one | ssm /two", "2", "ssm /one | ssm /more ssm /two", "2", "no"},
		{"a line more in each", "ssm /one | ssm /two", "2", "alias more.corp.internal /more ssm /one | alias most.corp.internal /most ssm /two", "2", "no"},
		{"a line less in each", "ssm /more ssm /one | ssm /more ssm /two", "2", "ssm /one | ssm /two", "2", "yes"},
		{"in another order", "ssm /one | ssm /two", "2", "ssm /two | ssm /one", "1", "yes"},
		{"a line goes from one to the other", "ssm /one ssm /two | ssm /more", "1", "ssm /one | ssm /more ssm /two", "2", "yes"},
		{"two become one", "ssm /one | ssm /two", "2", "ssm /one ssm /two", "1", "yes"},
		{"one becomes two", "ssm /one ssm /two", "1", "ssm /one | ssm /two", "2", "yes"},
		{"one more that knows nothing", "ssm /one | ssm /two", "2", "ssm /more | ssm /one | ssm /two", "3", "no"},
	} {
		for _, outage := range []bool{true, false} {
			name, begin, ready := tt.name+", without an outage", "fault stale", "yes"
			if outage {
				name, begin, ready = tt.name+", in an outage", "fault refused", tt.ready
			}
			t.Run(name, func(t *testing.T) {
				const kept = `
					b b-v1
					s s-v2
					w w-v1
					z z-v1
					metric braked_aliases 4
					metric rejected_aliases{reason="syntax",zone="corp.internal."} 1
				`
				perform(t, `
					file
					blocks `+tt.before+`
					put /one/a a-v1.corp.internal
					put /two/b b-v1.corp.internal
					put /two/s s-v1.corp.internal
					put /two/w w-v1.corp.internal
					put /two/x x-v1.corp.internal
					put /two/y y-v1.corp.internal
					put /two/z z-v1.corp.internal
					wait 1s
					put /two/s s-v2.corp.internal
					block `+tt.of+`
					start
					put /two/b what?
					delete /two/w
					delete /two/x
					delete /two/y
					delete /two/z
					wait 30s
					`+kept+`
					blocks `+tt.after+`
					`+begin+`
					block `+tt.then+`
					reload
					ready `+ready+kept+`
					wait 9s
					`+kept+`
					fault refused
					wait 20m
					`+kept+`
					fault stale once
					wait 37m
					ready yes
					`+kept+`
					wait 4m
					b b-v1
					s s-v2
					w NXDOMAIN
					z NXDOMAIN
					metric braked_aliases 0
					metric rejected_aliases{reason="syntax",zone="corp.internal."} 1
				`)
			})
		}
	}
}

// Duties 10, 12: what blocks with one source have counted lives on, once, however
// many there are before and after a reload.
func TestCountsOverReloads(t *testing.T) {
	const counted = `
		metric requests_total{alias="a.corp.internal.",target="a-v1.corp.internal.",zone="corp.internal."} 3
		metric requests_total{alias="b.corp.internal.",target="b-v1.corp.internal.",zone="corp.internal."} 1
		metric flips_total{zone="corp.internal."} FLIPS
		metric older_versions_believed_total BELIEVED
	`
	for _, tt := range []struct {
		name, before    string // the blocks: the first has /one, the last has /two
		after, then     string // and the number of that which has /two
		flips, believed int    // a block that has /two counts for itself
	}{
		{"as it was", "ssm /one | ssm /two", "ssm /one | ssm /two", "2", 2, 1},
		{"another TTL in both", "ssm /one | ssm /two", "ssm /one ttl 9 | ssm /two ttl 9", "2", 2, 1},
		{"two become one", "ssm /one | ssm /two", "ssm /one ssm /two", "1", 2, 1},
		{"one becomes two", "ssm /one ssm /two", "ssm /one | ssm /two", "2", 2, 1},
		{"in another order", "ssm /one | ssm /two", "ssm /two | ssm /one", "1", 2, 1},
		{"two views of one", "ssm /one ssm /two | ssm /one ssm /two", "ssm /one ssm /two | ssm /one ssm /two", "2", 4, 2},
		{"two views of one, with another TTL", "ssm /one ssm /two | ssm /one ssm /two", "ssm /one ssm /two ttl 9 | ssm /one ssm /two ttl 9", "2", 4, 2},
		{"two views of one become one", "ssm /one ssm /two | ssm /one ssm /two", "ssm /one ssm /two", "1", 4, 2},
		{"one becomes two views of it", "ssm /one ssm /two", "ssm /one ssm /two | ssm /one ssm /two", "2", 2, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			last := strconv.Itoa(1 + strings.Count(tt.before, "|"))
			views := "1"
			if strings.Count(tt.before, "/one") > 1 {
				views = "2"
			}
			counted := strings.NewReplacer("FLIPS", strconv.Itoa(tt.flips), "BELIEVED", strconv.Itoa(tt.believed)).Replace(counted)
			perform(t, `
				file
				blocks `+tt.before+`
				put /one/a a-v1.corp.internal
				put /two/b b-v1.corp.internal
				wait 1s
				put /two/b b-v2.corp.internal
				start
				block 1
				a a-v1
				a a-v1
				block `+views+`
				a a-v1
				block `+last+`
				fault stale
				wait 30s
				b b-v1
				fault
				wait 11s
				`+counted+`
				blocks `+tt.after+`
				reload
				`+counted+`
				blocks `+tt.before+`
				reload
				`+counted+`
				blocks `+tt.after+`
				reload
				`+counted+`
				block `+tt.then+`
				b b-v2
				reload
				b b-v2
				reload
				`+counted+`
				metric requests_total{alias="b.corp.internal.",target="b-v2.corp.internal.",zone="corp.internal."} 2
				wait 30s
				put /two/b b-v3.corp.internal
				wait 30s
				`+strings.Split(counted, "metric flips")[0]+`
				metric requests_total{alias="b.corp.internal.",target="b-v2.corp.internal.",zone="corp.internal."} 2
			`)
		})
	}
}

// What flips by another Corefile is told as any flip, once that has started.
func TestFlipsByAReload(t *testing.T) {
	run(t, `
		file
		blocks ssm /dns template {name}-{value}.corp.internal
		put /dns/cache v1
		put /dns/db v1
		start
		wait 1s
		cache cache-v1
		blocks ssm /dns template all-{value}.corp.internal
		load
		drop
		cache cache-v1
		load
		put /dns/db v2
		wait 11s
		reload
		cache all-v1
		db all-v2
		reload
		wait 1m
		metric flips_total{zone="corp.internal."} 3
		flips cache db db
	`, `
		[INFO] loaded 2 aliases from 2 parameters
		[INFO] alias db.corp.internal. flipped: db-v1.corp.internal. to db-v2.corp.internal. (parameter /dns/db, version 2 of 2000-01-01T00:00:01Z)
		[INFO] alias cache.corp.internal. flipped: cache-v1.corp.internal. to all-v1.corp.internal. (parameter /dns/cache, version 1 of 2000-01-01T00:00:00Z)
		[INFO] alias db.corp.internal. flipped: db-v2.corp.internal. to all-v2.corp.internal. (parameter /dns/db, version 2 of 2000-01-01T00:00:01Z)
	`)
}

// What the first sweep of another Corefile flips comes after what that flips itself, and is
// told once that has started.
func TestFlipsByTheSweepOfAReload(t *testing.T) {
	run(t, `
		file
		blocks ssm /dns
		put /dns/cache cache-v1.corp.internal
		put /more/web web-v1.corp.internal
		start
		put /dns/cache cache-v2.corp.internal
		blocks ssm /dns ssm /more template other-{value}
		load
		drop
		cache cache-v1
		reload
		cache other-cache-v2
		wait 1m
		metric flips_total{zone="corp.internal."} 2
		flips cache cache
	`, `
		[INFO] loaded 1 aliases from 1 parameters
		[INFO] loaded 2 aliases from 2 parameters
		[INFO] loaded 2 aliases from 2 parameters
		[INFO] alias cache.corp.internal. flipped: cache-v1.corp.internal. to other-cache-v1.corp.internal. (parameter /dns/cache, version 1 of 2000-01-01T00:00:00Z)
		[INFO] alias cache.corp.internal. flipped: other-cache-v1.corp.internal. to other-cache-v2.corp.internal. (parameter /dns/cache, version 2 of 2000-01-01T00:00:00Z)
	`)
}

// Of that sweep only what those before have not seen is told, if they go on for a while.
func TestFlipsByTheSweepOfASlowReload(t *testing.T) {
	run(t, `
		file
		blocks ssm /dns
		put /dns/cache cache-v1.corp.internal
		put /dns/db db-v1.corp.internal
		put /more/web web-v1.corp.internal
		start
		wait 10s
		put /dns/cache cache-v2.corp.internal
		blocks ssm /dns ssm /more template other-{value}
		load
		put /dns/db db-v2.corp.internal
		wait 11s
		reload
		cache other-cache-v2
		db other-db-v2
		wait 1m
	`, `
		[INFO] loaded 2 aliases from 2 parameters
		[INFO] loaded 3 aliases from 3 parameters
		[INFO] alias cache.corp.internal. flipped: cache-v1.corp.internal. to cache-v2.corp.internal. (parameter /dns/cache, version 2 of 2000-01-01T00:00:10Z)
		[INFO] alias db.corp.internal. flipped: db-v1.corp.internal. to db-v2.corp.internal. (parameter /dns/db, version 2 of 2000-01-01T00:00:10Z)
		[INFO] alias cache.corp.internal. flipped: cache-v2.corp.internal. to other-cache-v2.corp.internal. (parameter /dns/cache, version 2 of 2000-01-01T00:00:10Z)
		[INFO] alias db.corp.internal. flipped: db-v2.corp.internal. to other-db-v2.corp.internal. (parameter /dns/db, version 2 of 2000-01-01T00:00:10Z)
	`)
}

// What another Corefile rejects is told as any rejection, once; what was rejected before is not.
func TestRejectedByAReload(t *testing.T) {
	run(t, `
		file
		blocks zones corp.internal. corp.example. ssm /dns template {value}.corp.internal
		put /dns/all {"aliases": {"x.corp.internal.": "x-v1", "y.corp.example.": "x-v1"}}
		put /dns/bad secret bad-v1
		put /dns/cache {"aliases": {"cache.corp.internal.": "cache-v1"}}
		start
		blocks zones corp.internal. ssm /dns template {value}.corp.internal
		reload
		x SERVFAIL
		cache cache-v1
		wait 1m
		blocks zones corp.internal. ssm /dns
		load
		drop
		reload
		cache SERVFAIL
		wait 1m
		reload
		wait 1m
	`, `
		[WARNING] rejected parameter /dns/bad, version 1 of 2000-01-01T00:00:00Z: read type: found SecureString, want String; no version of it is in force
		[INFO] loaded 3 aliases from 3 parameters
		[WARNING] rejected parameter /dns/all, version 1 of 2000-01-01T00:00:00Z: parse aliases: found y.corp.example., want a name in one of the zones corp.internal.; no version of it is in force
		[WARNING] rejected parameter /dns/all, version 1 of 2000-01-01T00:00:00Z: parse aliases["x.corp.internal."]: found "x-v1", want an absolute name of at least two labels; no version of it is in force
		[WARNING] rejected parameter /dns/cache, version 1 of 2000-01-01T00:00:00Z: parse aliases["cache.corp.internal."]: found "cache-v1", want an absolute name of at least two labels; no version of it is in force
	`)
}

// What a Corefile takes out of force is in force again once that is taken back, also what has a fault above
// it, or has a target that does not verify by now.
func TestRejectedByAReloadThatIsTakenBack(t *testing.T) {
	for _, tt := range []struct{ name, blocks, mistaken, puts, newest, wrong, right string }{
		{"a template is forgotten", "ssm /dns template {name}-{value}.corp.internal", "ssm /dns", `
			put /dns/a v1
			put /dns/b v1`, `
			put /dns/b what?`, `
			a SERVFAIL
			b SERVFAIL`, `
			a a-v1
			b b-v1`},
		{"a template is forgotten, with verify", "verify ssm /dns template {name}-{value}.corp.internal", "verify ssm /dns", `
			put /dns/a v1
			put /dns/b v1`, `
			put /dns/b v2`, `
			a SERVFAIL
			b SERVFAIL`, `
			a a-v1
			b b-v1`},
		{"a zone is left out", "zones corp.internal. corp.example. verify ssm /dns", "zones corp.internal. verify ssm /dns", `
			put /dns/x {"aliases": {"a": "a-v1.corp.internal", "b.corp.example.": "b-v1.corp.internal"}}`, "", `
			a SERVFAIL`, `
			a a-v1`},
		{"two blocks become one", "ssm /two | ssm /one", "ssm /one ssm /two", `
			put /one/a a-v1.corp.internal
			put /two/a a-v2.corp.internal`, `
			put /two/a what?`, `
			a a-v1`, `
			a a-v2`},
	} {
		for _, again := range []string{"reload", "restart"} {
			if again == "restart" && strings.Contains(tt.blocks, "|") {
				continue // each block has a snapshot of its own
			}
			t.Run(tt.name+", "+again, func(t *testing.T) {
				perform(t, `
					blocks `+tt.blocks+tt.puts+`
					start
					wait 1s`+tt.newest+`
					wait 1m`+tt.right+`
					blocks `+tt.mistaken+`
					`+again+tt.wrong+`
					wait 1m`+tt.wrong+`
					`+again+tt.wrong+`
					fault refused
					blocks `+tt.blocks+`
					`+again+tt.right+`
					drains
					ready yes
					fault
					wait 1m`+tt.right+`
					wait 2h`+tt.right)
			})
		}
	}
}

// What a snapshot holds back, by another Corefile maybe, is told by each process, once.
func TestRejectedByARestart(t *testing.T) {
	run(t, `
		blocks zones corp.internal. corp.example. ssm /dns
		put /dns/all {"aliases": {"a.corp.internal.": "a-v1.corp.internal", "b.corp.example.": "b-v1.corp.internal"}}
		put /dns/c {"aliases": {"c.corp.internal.": "c-v1.corp.internal", "d.corp.internal.": "d-v1.corp.internal", "e.corp.internal.": "e-v1.corp.internal", "f.corp.internal.": "f-v1.corp.internal"}}
		start
		delete /dns/c
		wait 12s
		metric braked_aliases 4
		stop
		blocks zones corp.internal. ssm /dns
		start
		metric braked_aliases 4
		wait 1m
		reload
		wait 1m
	`, `
		[INFO] loaded 6 aliases from 2 parameters
		[WARNING] brake on: the parameters of 4 of 6 aliases are gone; they stay in force until that has lasted for an hour
		[INFO] recalled 4 aliases, and 1 rejected documents, of TIME
		[WARNING] rejected parameter /dns/all, version 1 of 2000-01-01T00:00:00Z: parse aliases: found b.corp.example., want a name in one of the zones corp.internal.; no version of it is in force
		[WARNING] brake on: the parameters of 4 of 4 aliases are gone; they stay in force until that has lasted for an hour
	`)
}

// A document that what a start reads itself has replaced is not told of.
func TestRejectedByAReloadAndMended(t *testing.T) {
	run(t, `
		file
		blocks ssm /dns template {value}.corp.internal
		put /dns/cache cache-v1
		put /more/web web-v1.corp.internal
		start
		blocks ssm /dns ssm /more
		put /dns/cache cache-v2.corp.internal
		reload
		cache cache-v2
		wait 1m
	`, `
		[INFO] loaded 1 aliases from 1 parameters
		[INFO] loaded 2 aliases from 2 parameters
	`)
}

// A reload that reads something else is refused if that cannot be read, since all aliases would be gone.
func TestReloadOfAnotherSource(t *testing.T) {
	run(t, `
		file
		paths
		put /dns/cache cache-v1.corp.internal
		put /more/cache cache-v2.corp.internal
		start
		fault denied
		region eu-west-2
		refused replace 1 aliases of Parameter Store in eu-west-1: read the parameters below /dns: AccessDeniedException: not authorized (Parameter Store in eu-west-2)
		cache cache-v1
		region eu-west-1
		blocks ssm /more
		refused replace 1 aliases of Parameter Store in eu-west-1: read the parameters below /more: AccessDeniedException: not authorized (Parameter Store in eu-west-1)
		fault hang
		refused replace 1 aliases of Parameter Store in eu-west-1: read the parameters below /more: found no answer in time (Parameter Store in eu-west-1)
		cache cache-v1
		fault denied
		blocks zones corp.example. ssm /more
		reload
		cache NXDOMAIN
		wait 1s
		fault
		blocks ssm /more
		reload
		cache cache-v2
		blocks ssm /dns ssm /dns2
		region eu-west-2
		fault slow
		reload
		cache cache-v1
		blocks ssm /dnz
		fault
		refused replace 1 aliases of Parameter Store in eu-west-2: found no alias (Parameter Store in eu-west-2)
		cache cache-v1
	`, `
		[INFO] loaded 1 aliases from 1 parameters
		[WARNING] sweep failed, and what is in force stays: read the parameters below /more: AccessDeniedException: not authorized
		[INFO] loaded 1 aliases from 1 parameters
		[INFO] sweep works again, after N that failed
		[INFO] loaded 1 aliases from 1 parameters
		[WARNING] loaded nothing below /dns2: found no parameter there (Parameter Store in eu-west-2)
		[WARNING] loaded nothing below /dnz: found no parameter there (Parameter Store in eu-west-2)
	`)
}

// A block of another zone that goes on with the same lines does not answer for those of this one.
func TestReloadOfAnotherSourceBesideABlock(t *testing.T) {
	run(t, `
		file
		blocks zones corp.internal. ssm /dns | zones corp.example. ssm /dns
		put /dns/cache cache-v1.corp.internal
		start
		fault denied
		blocks zones corp.internal. ssm /more | zones corp.example. ssm /dns
		refused replace 1 aliases of Parameter Store in eu-west-1: read the parameters below /more: AccessDeniedException: not authorized (Parameter Store in eu-west-1)
		cache cache-v1
		blocks zones corp.internal. ssm /dns | zones corp.test. ssm /more
		reload
		cache cache-v1
	`, `
		[INFO] loaded 1 aliases from 1 parameters
		[INFO] loaded 1 aliases from 1 parameters
		[WARNING] sweep failed, and what is in force stays: read the parameters below /more: AccessDeniedException: not authorized
	`)
}

// That the account is throttled at that moment says nothing of the Corefile, and nobody may try it again.
func TestReloadOfAnotherSourceThrottled(t *testing.T) {
	run(t, `
		file
		paths
		put /dns/cache cache-v1.corp.internal
		put /more/cache cache-v2.corp.internal
		start
		fault throttled once
		blocks ssm /more
		reload
		cache cache-v2
		ready yes
	`, `
		[INFO] loaded 1 aliases from 1 parameters
		[INFO] loaded 1 aliases from 1 parameters
	`)
}

// A reload is refused as well if it reads something else in the place of one line of several.
func TestReloadOfAnotherLine(t *testing.T) {
	run(t, `
		file
		put /dns/cache cache-v1.corp.internal
		put /live live-v1.corp.internal
		label /live:l 1
		start
		fault denied
		blocks ssm /more alias live.corp.internal /live:l
		refused replace 1 aliases of Parameter Store in eu-west-1: read the parameters below /more: AccessDeniedException: not authorized (Parameter Store in eu-west-1)
		cache cache-v1
		blocks alias live.corp.internal /live:l
		reload
		live live-v1
		blocks alias live.corp.internal /live:l ssm /more
		reload
		live live-v1
	`, `
		[INFO] loaded 2 aliases from 2 parameters
		[WARNING] sweep failed, and what is in force stays: read the parameters below /more: AccessDeniedException: not authorized
	`)
}

// What waits to take over from a parameter that is gone collides with that after a reload, and
// is not rejected for it.
func TestWaitingOverAReload(t *testing.T) {
	run(t, `
		file
		blocks verify ssm /dns
		put /dns/d {"aliases": {"e": "e-v1.corp.internal"}}
		start
		wait 1m
		delete /dns/d
		put /dns/e e-v3.corp.internal
		wait 2m
		e e-v1
		reload
		e e-v1
	`, `
		[INFO] loaded 1 aliases from 1 parameters
		[WARNING] target e-v1.corp.internal. is in force, and does not verify: no
		[WARNING] rejected parameter /dns/e, version 1 of 2000-01-01T00:01:00Z: place alias e.corp.internal.: found it in parameter /dns/d, want it in one parameter only; no version of it is in force
		[WARNING] pending parameter /dns/e, version 1 of 2000-01-01T00:01:00Z: verify target e-v3.corp.internal.: no; no version of it is in force
	`)
}

// What fails before a reload, by the first sweep of another Corefile, or between that and its start is
// told as one, and over once; a reload that fails later has told nothing.
func TestOutagesOverAReload(t *testing.T) {
	const (
		loaded  = "[INFO] loaded 2 aliases from 2 parameters\n"
		void    = "[WARNING] loaded nothing below /third: found no parameter there (Parameter Store in eu-west-1)\n"
		failed  = "[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: AccessDeniedException: not authorized\n"
		works   = "[INFO] sweep works again, after N that failed\n"
		unread  = "[WARNING] read by name failed, and what is in force stays: read the parameters /more/b: AccessDeniedException: not authorized\n"
		nothing = "[INFO] nothing is left to be read by name\n"
		slow    = "[WARNING] throttled, and what is in force stays: the next sweep is in 20s: read the parameters below /dns: ThrottlingException: Rate exceeded\n"
		fast    = "[INFO] no longer throttled: a sweep every 10s again\n"
	)
	for _, tt := range []struct{ name, script, log string }{
		{"a load fails, and so does the reload", `
			fault denied of GetParameters
			blocks ssm /dns ssm /more alias live.corp.internal /live:l
			load
			drop
			fault`, ""},
		{"it is throttled, and the reload fails", `
			fault throttled of GetParameters
			blocks ssm /dns ssm /more alias live.corp.internal /live:l
			load
			drop
			fault`, ""},
		{"a load fails, of a block that nothing is known of", `
			fault denied of GetParameters
			blocks ssm /dns ssm /more | alias live.corp.internal /live:l
			load
			drop
			fault`, ""},
		{"a load works again, and the reload fails", `
			fault denied
			wait 1m
			fault
			blocks ssm /dns ssm /more ssm /third
			load
			drop`, failed + loaded + void + works},
		{"a load works again, and a day is between sweeps", `
			fault denied
			wait 1m
			fault
			blocks ssm /dns ssm /more ssm /third
			refresh 24h
			reload
			wait 1s
			refresh 10s
			reload`, failed + loaded + void + works},
		{"a load works, and then it fails", `
			blocks ssm /dns ssm /more ssm /third
			load
			fault denied
			wait 12s
			reload
			wait 1m
			fault`, loaded + void + failed + works},
		{"a load fails, and then what runs", `
			blocks ssm /dns ssm /more ssm /third
			fault denied
			load
			wait 12s
			reload
			wait 1m
			fault`, failed + works + loaded + void},
		{"what runs fails, and works before the reload", `
			load
			fault denied
			wait 12s
			fault
			wait 12s
			reload`, failed + works},
		{"it is throttled once the reload has begun", `
			load
			fault throttled
			wait 10m
			reload
			calls 0 100
			wait 1m
			calls 0 1
			fault`, slow + fast},
		{"a load is throttled, and then what runs", `
			fault throttled
			blocks ssm /dns ssm /more ssm /third
			load
			wait 10m
			reload
			calls 0 100
			wait 1m
			calls 0 1
			fault`, slow + loaded + void + fast},
		{"it is throttled until a reload begins", `
			fault throttled
			wait 12s
			load
			fault
			wait 10m
			reload`, slow + fast},
		{"reads fail once another line is loaded", `
			blocks ssm /dns ssm /more ssm /third
			load
			fault denied of GetParameters
			delete /more/b
			wait 12s
			reload
			wait 1m
			put /more/b b-v1.corp.internal
			wait 12s
			fault`, loaded + void + unread + nothing},
		{"reads fail, and a reload takes their line away", `
			fault denied of GetParameters
			delete /more/b
			wait 12s
			blocks ssm /dns
			reload
			wait 1m
			fault`, unread + nothing},
		{"reads fail, and one of two blocks goes on with that", `
			fault denied of GetParameters
			delete /more/b
			wait 12s
			blocks ssm /dns | ssm /more
			reload
			wait 1m
			put /more/b b-v1.corp.internal`, unread + nothing},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, `
				file
				blocks ssm /dns ssm /more
				put /dns/a a-v1.corp.internal
				put /more/b b-v1.corp.internal
				start
				wait 1m
				`+tt.script+`
				wait 3h
			`, loaded+tt.log)
		})
	}
}

// A brake that a reload brings is told, and one that goes on is not.
func TestBrakeByAReload(t *testing.T) {
	var many []string
	for i := range 40 {
		many = append(many, fmt.Sprintf(`"m%d": "m-v1.corp.internal"`, i))
	}
	run(t, `
		file
		blocks ssm /dns ssm /more
		put /more/all {"aliases": {`+strings.Join(many, ", ")+`}}
		put /dns/all {"aliases": {"a": "a-v1.corp.internal", "b": "b-v1.corp.internal", "c": "c-v1.corp.internal", "d": "d-v1.corp.internal"}}
		start
		delete /dns/all
		wait 10s
		metric braked_aliases 0
		blocks ssm /dns
		reload
		metric braked_aliases 4
		reload
		wait 10m
		a a-v1
	`, `
		[INFO] loaded 44 aliases from 2 parameters
		[WARNING] brake on: the parameters of 4 of 4 aliases are gone; they stay in force until that has lasted for an hour
	`)
}

// A brake that a reload brings, and its own first sweep lets go, is not told: it held nothing.
func TestBrakeByAReloadAndLetGo(t *testing.T) {
	var many []string
	for i := range 40 {
		many = append(many, fmt.Sprintf(`"m%d": "m-v1.corp.internal"`, i))
	}
	const all = `put /dns/all {"aliases": {"a": "a-v1.corp.internal", "b": "b-v1.corp.internal", "c": "c-v1.corp.internal", "d": "d-v1.corp.internal"}}`
	run(t, `
		file
		blocks ssm /dns ssm /more
		put /more/all {"aliases": {`+strings.Join(many, ", ")+`}}
		put /other/web web-v1.corp.internal
		`+all+`
		start
		wait 20s
		fault denied of GetParameters
		delete /dns/all
		wait 12s
		`+all+`
		fault
		blocks ssm /dns ssm /other
		reload
		metric braked_aliases 0
		wait 1m
		metric braked_aliases 0
	`, `
		[INFO] loaded 44 aliases from 2 parameters
		[WARNING] read by name failed, and what is in force stays: read the parameters /dns/all: AccessDeniedException: not authorized
		[INFO] loaded 5 aliases from 2 parameters
		[INFO] nothing is left to be read by name
	`)
}

// One that was told before is told to be off.
func TestBrakeOffByTheSweepOfAReload(t *testing.T) {
	const all = `put /dns/all {"aliases": {"a": "a-v1.corp.internal", "b": "b-v1.corp.internal", "c": "c-v1.corp.internal", "d": "d-v1.corp.internal"}}`
	run(t, `
		file
		blocks ssm /dns
		put /more/web web-v1.corp.internal
		`+all+`
		start
		delete /dns/all
		wait 12s
		metric braked_aliases 4
		`+all+`
		blocks ssm /dns ssm /more
		reload
		metric braked_aliases 0
		wait 1m
	`, `
		[INFO] loaded 4 aliases from 1 parameters
		[WARNING] brake on: the parameters of 4 of 4 aliases are gone; they stay in force until that has lasted for an hour
		[INFO] loaded 5 aliases from 2 parameters
		[INFO] brake off: no alias stays in force without its parameter for longer than it takes to make sure
	`)
}

// Where a reload takes away what it held, it is told to be off, once.
func TestBrakeOffByAReload(t *testing.T) {
	const gone = `
		delete /more/c
		delete /more/d
		delete /most/e
		delete /most/f
		wait 12s
		metric braked_aliases 4
	`
	const back = `
		put /more/c c-v1.corp.internal
		put /more/d d-v1.corp.internal
		put /most/e e-v1.corp.internal
		put /most/f f-v1.corp.internal
	`
	for _, tt := range []struct{ name, script, loaded string }{
		{"lines go", gone + `
			blocks ssm /dns
			reload
			metric braked_aliases 0
			c NXDOMAIN`, ""},
		{"all lines go", gone + `
			put /other/o o-v1.corp.internal
			blocks ssm /other
			reload
			metric braked_aliases 0`, "[INFO] loaded 1 aliases from 1 parameters\n"},
		{"two blocks, and one goes on with it", gone + `
			blocks ssm /dns | ssm /more ssm /most
			reload
			wait 10m
			block 2
			c c-v1` + back, ""},
		{"two blocks, and one goes on with what has begun since the load", `
			blocks ssm /dns | ssm /more ssm /most
			load` + gone + `
			reload
			wait 10m
			block 2
			c c-v1` + back, ""},
		{"two blocks, and none goes on with it", gone + back + `
			blocks ssm /dns ssm /more | ssm /most
			reload`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, `
				file
				blocks ssm /dns ssm /more ssm /most
				put /dns/a a-v1.corp.internal
				put /dns/b b-v1.corp.internal
				`+back+`
				start
				`+tt.script+`
				wait 3h
				metric braked_aliases 0
			`, `
				[INFO] loaded 6 aliases from 6 parameters
				[WARNING] brake on: the parameters of 4 of 6 aliases are gone; they stay in force until that has lasted for an hour
				`+tt.loaded+`
				[INFO] brake off: no alias stays in force without its parameter for longer than it takes to make sure
			`)
		})
	}
}

// What a block has counted that is of no zone goes on in one with push, if there is any: others show nothing of push.
func TestCountsOfPushOfABlockThatGoes(t *testing.T) {
	zones := config{zones: []alias.Name{"corp.internal."}}
	quiet, pushed := &feed{config: zones}, &feed{config: zones, pusher: watch.NewPusher(nil, nil, nil)}
	for _, feeds := range [][]*feed{{quiet, pushed}, {pushed, quiet}} {
		i := &instance{plugins: []*VersionAlias{{feed: feeds[0]}, {feed: feeds[1]}}}
		if i.stranger(new(feed), part{}) != pushed || i.stranger(new(feed), part{zone: "corp.internal."}) != feeds[0] {
			t.Errorf("got another one than the one with push, or of a zone than the first")
		}
	}
}

// What a block has counted that a reload takes away goes on in another one, once, also if it comes back.
func TestCountsOfABlockThatGoes(t *testing.T) {
	const counted = `
		metric flips_total{zone="corp.internal."} 6
		metric older_versions_believed_total 2
		metric push_missed_total 4
		metric push_hints_total{operation="junk"} 1
	`
	for _, tt := range []struct{ one, two string }{
		{"ssm /one", "ssm /two"},
		{"zones corp.example. corp.internal. ssm /one", "ssm /two"},
	} {
		perform(t, `
			push
			refresh 10s
			blocks `+tt.one+` | `+tt.two+`
			put /one/a a-v1.corp.internal
			put /two/b b-v1.corp.internal
			start
			wait 1s
			fault refused of GetParametersByPath
			put /one/a a-v2.corp.internal
			put /two/b b-v2.corp.internal
			event Update /three
			wait 30s
			fault
			wait 11s
			fault stale
			wait 40s
			fault
			wait 11s`+counted+`
			blocks `+tt.one+`
			load
			wait 1m
			reload`+counted+`
			wait 1m
			blocks `+tt.one+` | `+tt.two+`
			reload
			wait 1m`+counted+`
			blocks `+tt.two+`
			reload
			wait 1m`+counted)
	}
}

// Of two views of a zone each goes on with what one of them has counted.
func TestFlipsOfViews(t *testing.T) {
	perform(t, `
		file
		blocks ssm /dns | ssm /dns
		put /dns/cache cache-v1.corp.internal
		start
		put /dns/cache cache-v2.corp.internal
		wait 11s
		blocks ssm /dns ttl 9 | ssm /dns ttl 9
		reload
		flips cache
		block 2
		flips cache
		metric flips_total{zone="corp.internal."} 2
		blocks ssm /dns
		reload
		block 1
		flips cache cache
		metric flips_total{zone="corp.internal."} 2
	`)
}

// What a view takes over from another one with another template is no flip.
func TestNoFlipsOfAnotherView(t *testing.T) {
	perform(t, `
		file
		refresh 1h
		blocks ssm /dns template a-{value} | ssm /dns template b-{value}
		start
		put /dns/cache cache-v1.corp.internal
		blocks ssm /dns template a-{value} | ssm /dns ssm /two template b-{value}
		reload
		cache NXDOMAIN
		block 2
		cache b-cache-v1
		reload
		flips
		block 1
		cache a-cache-v1
		flips
	`)
}

// Where zones of one block get a block each, or the other way round, their flips go with
// them.
func TestFlipsGoWithTheirZones(t *testing.T) {
	const counted = `
		metric flips_total{zone="one.corp.internal."} 2
		metric flips_total{zone="two.corp.internal."} 1
	`
	perform(t, `
		file
		blocks zones one.corp.internal. two.corp.internal. ssm /dns ssm /more
		put /dns/a a-v1.corp.internal
		put /more/b.one.corp.internal b-v1.corp.internal
		start
		put /dns/a a-v2.corp.internal
		put /more/b.one.corp.internal b-v2.corp.internal
		wait 11s
		flips a.one a.two b.one
		`+counted+`
		blocks zones two.corp.internal. ssm /dns | zones one.corp.internal. ssm /dns ssm /more
		reload
		`+counted+`
		block 1
		flips a.two
		block 2
		flips a.one b.one
		blocks zones one.corp.internal. two.corp.internal. ssm /dns ssm /more
		reload
		block 1
		flips a.one a.two b.one
		`+counted+`
	`)
}
