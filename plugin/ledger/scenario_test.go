package ledger

import (
	"cmp"
	"slices"
	"testing"
	"time"
)

// A sweep is one Apply, or an ApplyRead: what was seen, and what must come of it.
type sweep struct {
	at       time.Duration // since the epoch
	asked    string        // the names that are read, of a read
	seen     string        // lines "NAME VERSION VALUE", see seenOf
	table    string        // lines "NAME TARGET TTL PARAMETER@VERSION"
	events   string        // each in a line, with {PARAMETER VERSION} for a document
	rejected string        // lines "PARAMETER@VERSION REASON ZONE=COUNT..."
	same     bool          // the ledger is the one before, not merely an equal one
}

// The names in the scenarios are short, in the zone internal. if nothing else
// is said: chains of eight have to fit in a row.
func TestScenarios(t *testing.T) {
	const s = time.Second
	for _, tt := range []struct {
		name   string
		zones  string // "internal." if it is not said
		lines  string
		sweeps []sweep
	}{{
		name:  "the first load",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/db 7 {"to": "db-v7.x.org", "ttl": 60}
				/a/cache 1 cache-v1.x.org
				/a/more 2 {"aliases": {"web": "web-v3.x.org", "api": "api-v2.x.org"}}`,
			table: `
				api.internal. api-v2.x.org. 5 /a/more@2
				cache.internal. cache-v1.x.org. 5 /a/cache@1
				db.internal. db-v7.x.org. 60 /a/db@7
				web.internal. web-v3.x.org. 5 /a/more@2`,
			events: `
				alias api.internal. added: api-v2.x.org., ttl 5 ({/a/more 2})
				alias cache.internal. added: cache-v1.x.org., ttl 5 ({/a/cache 1})
				alias db.internal. added: db-v7.x.org., ttl 60 ({/a/db 7})
				alias web.internal. added: web-v3.x.org., ttl 5 ({/a/more 2})`,
		}},
	}, {
		name:  "a first load of nothing",
		lines: "ssm /a",
		sweeps: []sweep{
			{seen: ""},
			{at: 100 * s, seen: "", same: true},
		},
	}, {
		name:  "a sweep that sees nothing new",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen:   "/a/cache 1 v1.x.org",
			table:  "cache.internal. v1.x.org. 5 /a/cache@1",
			events: "alias cache.internal. added: v1.x.org., ttl 5 ({/a/cache 1})",
		}, {
			at:    10 * s,
			seen:  "/a/cache 1 v1.x.org",
			table: "cache.internal. v1.x.org. 5 /a/cache@1",
			same:  true,
		}},
	}, {
		name:  "a flip, and back",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen:   "/a/cache 1 v1.x.org",
			table:  "cache.internal. v1.x.org. 5 /a/cache@1",
			events: "alias cache.internal. added: v1.x.org., ttl 5 ({/a/cache 1})",
		}, {
			seen:   "/a/cache 2 v2.x.org",
			table:  "cache.internal. v2.x.org. 5 /a/cache@2",
			events: "alias cache.internal. flipped: v1.x.org. to v2.x.org. ({/a/cache 2})",
		}, {
			seen:   "/a/cache 3 v1.x.org",
			table:  "cache.internal. v1.x.org. 5 /a/cache@3",
			events: "alias cache.internal. flipped: v2.x.org. to v1.x.org. ({/a/cache 3})",
		}},
	}, {
		name:  "an equal value as a new version: nothing to say, but that version is in force",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen:   "/a/cache 1 v1.x.org",
			table:  "cache.internal. v1.x.org. 5 /a/cache@1",
			events: "alias cache.internal. added: v1.x.org., ttl 5 ({/a/cache 1})",
		}, {
			seen:  "/a/cache 2 v1.x.org",
			table: "cache.internal. v1.x.org. 5 /a/cache@2",
		}, {
			seen:  "/a/cache 2 v1.x.org",
			table: "cache.internal. v1.x.org. 5 /a/cache@2",
			same:  true,
		}, {
			seen:   "/a/cache 3 what?",
			table:  "cache.internal. v1.x.org. 5 /a/cache@2",
			events: `rejected {/a/cache 3}: parse target: found "what?" with '?' in it, want only letters, digits, '-', '_' and dots; version 2 stays in force`,

			rejected: "/a/cache@3 syntax internal.=1",
		}},
	}, {
		name:  "a canary, a ramp, and its end",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen:   `/a/cache 1 v1.x.org`,
			table:  "cache.internal. v1.x.org. 5 /a/cache@1",
			events: "alias cache.internal. added: v1.x.org., ttl 5 ({/a/cache 1})",
		}, {
			seen:   `/a/cache 2 {"from": "v1.x.org", "to": "v2.x.org", "percent": 1}`,
			table:  "cache.internal. v2.x.org. 5 /a/cache@2",
			events: "alias cache.internal. flipped: v1.x.org. to v2.x.org., from v1.x.org. percent 1 ({/a/cache 2})",
		}, {
			seen:   `/a/cache 3 {"from": "v1.x.org", "to": "v2.x.org", "percent": 2}`,
			table:  "cache.internal. v2.x.org. 5 /a/cache@3",
			events: "alias cache.internal. changed: v2.x.org., from v1.x.org. percent 2, ttl 5 ({/a/cache 3}); was from v1.x.org. percent 1, ttl 5 in parameter /a/cache",
		}, {
			seen:   `/a/cache 4 {"from": "v1.x.org", "to": "v2.x.org", "start": "2026-11-23T10:00:00Z", "over": "30m", "group": "g"}`,
			table:  "cache.internal. v2.x.org. 5 /a/cache@4",
			events: `alias cache.internal. changed: v2.x.org., from v1.x.org. start 2026-11-23T10:00:00Z over 30m0s, ttl 5, group "g" ({/a/cache 4}); was from v1.x.org. percent 2, ttl 5 in parameter /a/cache`,
		}, {
			seen:  `/a/cache 5 {"from": "v1.x.org", "to": "v2.x.org", "start": "2026-11-23T11:00:00+01:00", "over": "1800s", "group": "g"}`,
			table: "cache.internal. v2.x.org. 5 /a/cache@5",
		}, {
			seen:   `/a/cache 6 v2.x.org`,
			table:  "cache.internal. v2.x.org. 5 /a/cache@6",
			events: `alias cache.internal. changed: v2.x.org., ttl 5 ({/a/cache 6}); was from v1.x.org. start 2026-11-23T10:00:00Z over 30m0s, ttl 5, group "g" in parameter /a/cache`,
		}},
	}, {
		name:  "10: a loop by the way that clients have not left yet",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/a 1 b.internal
				/a/b 1 v1.x.org`,
			table: `
				a.internal. b.internal. 5 /a/a@1
				b.internal. v1.x.org. 5 /a/b@1`,
			events: `
				alias a.internal. added: b.internal., ttl 5 ({/a/a 1})
				alias b.internal. added: v1.x.org., ttl 5 ({/a/b 1})`,
		}, {
			seen: `
				/a/a 1 b.internal
				/a/b 2 {"from": "a.internal", "to": "v2.x.org", "percent": 100}`,
			table: `
				a.internal. b.internal. 5 /a/a@1
				b.internal. v1.x.org. 5 /a/b@1`,
			events:   "rejected {/a/b 2}: follow alias a.internal.: found the loop a.internal. b.internal. a.internal., want a target that does not lead back; version 1 stays in force",
			rejected: "/a/b@2 loop internal.=1",
		}},
	}, {
		name:  "another way to write the same",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen:   "/a/cache 1 v1.x.org",
			table:  "cache.internal. v1.x.org. 5 /a/cache@1",
			events: "alias cache.internal. added: v1.x.org., ttl 5 ({/a/cache 1})",
		}, {
			seen:  `/a/cache 2 {"ttl": 5, "to": "V1.x.org."}`,
			table: "cache.internal. v1.x.org. 5 /a/cache@2",
		}},
	}, {
		name:  "another TTL",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen:   "/a/cache 1 v1.x.org",
			table:  "cache.internal. v1.x.org. 5 /a/cache@1",
			events: "alias cache.internal. added: v1.x.org., ttl 5 ({/a/cache 1})",
		}, {
			seen:   `/a/cache 2 {"to": "v1.x.org", "ttl": 0}`,
			table:  "cache.internal. v1.x.org. 0 /a/cache@2",
			events: "alias cache.internal. changed: v1.x.org., ttl 0 ({/a/cache 2}); was ttl 5 in parameter /a/cache",
		}, {
			seen:   `/a/cache 3 {"to": "v2.x.org", "ttl": 60}`,
			table:  "cache.internal. v2.x.org. 60 /a/cache@3",
			events: "alias cache.internal. flipped: v1.x.org. to v2.x.org. ({/a/cache 3})",
		}},
	}, {
		name:  "a bad document keeps the last good and says so once; the next bad one is said again; then a good one",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen:   "/a/cache 1 v1.x.org",
			table:  "cache.internal. v1.x.org. 5 /a/cache@1",
			events: "alias cache.internal. added: v1.x.org., ttl 5 ({/a/cache 1})",
		}, {
			seen:     "/a/cache 2 v2",
			table:    "cache.internal. v1.x.org. 5 /a/cache@1",
			events:   `rejected {/a/cache 2}: parse target: found "v2", want an absolute name of at least two labels; version 1 stays in force`,
			rejected: "/a/cache@2 syntax internal.=1",
		}, {
			seen:     "/a/cache 2 v2",
			table:    "cache.internal. v1.x.org. 5 /a/cache@1",
			rejected: "/a/cache@2 syntax internal.=1",
			same:     true,
		}, {
			seen:     `/a/cache 3 {"to": null}`,
			table:    "cache.internal. v1.x.org. 5 /a/cache@1",
			events:   "rejected {/a/cache 3}: parse to: found null, want a target; version 1 stays in force",
			rejected: "/a/cache@3 syntax internal.=1",
		}, {
			seen:   "/a/cache 4 v2.x.org",
			table:  "cache.internal. v2.x.org. 5 /a/cache@4",
			events: "alias cache.internal. flipped: v1.x.org. to v2.x.org. ({/a/cache 4})",
		}},
	}, {
		name:  "bad, and then the same good again",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen:   "/a/cache 1 v1.x.org",
			table:  "cache.internal. v1.x.org. 5 /a/cache@1",
			events: "alias cache.internal. added: v1.x.org., ttl 5 ({/a/cache 1})",
		}, {
			seen:     "/a/cache 2 v2",
			table:    "cache.internal. v1.x.org. 5 /a/cache@1",
			events:   `rejected {/a/cache 2}: parse target: found "v2", want an absolute name of at least two labels; version 1 stays in force`,
			rejected: "/a/cache@2 syntax internal.=1",
		}, {
			seen:  "/a/cache 3 v1.x.org",
			table: "cache.internal. v1.x.org. 5 /a/cache@3",
		}},
	}, {
		name:  "bad from the first",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen:     "/a/cache 1 v1",
			events:   `rejected {/a/cache 1}: parse target: found "v1", want an absolute name of at least two labels; no version of it is in force`,
			rejected: "/a/cache@1 syntax internal.=1",
		}, {
			seen:   "/a/cache 2 v1.x.org",
			table:  "cache.internal. v1.x.org. 5 /a/cache@2",
			events: "alias cache.internal. added: v1.x.org., ttl 5 ({/a/cache 2})",
		}},
	}, {
		name:  "a bundle is adopted whole or not at all: one bad entry",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `/a/all 1 {"aliases": {"api": "v1.x.org", "web": "v1.x.org"}}`,
			table: `
				api.internal. v1.x.org. 5 /a/all@1
				web.internal. v1.x.org. 5 /a/all@1`,
			events: `
				alias api.internal. added: v1.x.org., ttl 5 ({/a/all 1})
				alias web.internal. added: v1.x.org., ttl 5 ({/a/all 1})`,
		}, {
			seen: `/a/all 2 {"aliases": {"api": "v2.x.org", "web": "v2"}}`,
			table: `
				api.internal. v1.x.org. 5 /a/all@1
				web.internal. v1.x.org. 5 /a/all@1`,
			events:   `rejected {/a/all 2}: parse aliases["web"]: found "v2", want an absolute name of at least two labels; version 1 stays in force`,
			rejected: "/a/all@2 syntax internal.=2",
		}, {
			seen: `/a/all 3 {"aliases": {"api": "v2.x.org", "web": "v2.x.org"}}`,
			table: `
				api.internal. v2.x.org. 5 /a/all@3
				web.internal. v2.x.org. 5 /a/all@3`,
			events: `
				alias api.internal. flipped: v1.x.org. to v2.x.org. ({/a/all 3})
				alias web.internal. flipped: v1.x.org. to v2.x.org. ({/a/all 3})`,
		}},
	}, {
		name:  "a bundle is adopted whole or not at all: one colliding entry",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/all 1 {"aliases": {"api": "v1.x.org"}}
				/a/cache 1 v1.x.org`,
			table: `
				api.internal. v1.x.org. 5 /a/all@1
				cache.internal. v1.x.org. 5 /a/cache@1`,
			events: `
				alias api.internal. added: v1.x.org., ttl 5 ({/a/all 1})
				alias cache.internal. added: v1.x.org., ttl 5 ({/a/cache 1})`,
		}, {
			seen: `
				/a/all 2 {"aliases": {"api": "v2.x.org", "cache": "v2.x.org", "web": "v2.x.org"}}
				/a/cache 1 v1.x.org`,
			table: `
				api.internal. v1.x.org. 5 /a/all@1
				cache.internal. v1.x.org. 5 /a/cache@1`,
			events:   "rejected {/a/all 2}: place alias cache.internal.: found it in parameter /a/cache, want it in one parameter only; version 1 stays in force",
			rejected: "/a/all@2 collision internal.=1",
		}},
	}, {
		name:  "10: a bundle is adopted whole or not at all: one entry that loops",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen:     `/a/all 1 {"aliases": {"api": "v1.x.org", "web": "web.internal"}}`,
			events:   "rejected {/a/all 1}: follow alias web.internal.: found the loop web.internal. web.internal., want a target that does not lead back; no version of it is in force",
			rejected: "/a/all@1 loop internal.=2",
		}},
	}, {
		name:  "two collisions of one bundle: the first is said",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/api 1 v1.x.org
				/a/web 1 v1.x.org`,
			table: `
				api.internal. v1.x.org. 5 /a/api@1
				web.internal. v1.x.org. 5 /a/web@1`,
			events: `
				alias api.internal. added: v1.x.org., ttl 5 ({/a/api 1})
				alias web.internal. added: v1.x.org., ttl 5 ({/a/web 1})`,
		}, {
			seen: `
				/a/api 1 v1.x.org
				/a/all 1 {"aliases": {"web": "v2.x.org", "api": "v2.x.org"}}
				/a/web 1 v1.x.org`,
			table: `
				api.internal. v1.x.org. 5 /a/api@1
				web.internal. v1.x.org. 5 /a/web@1`,
			events:   "rejected {/a/all 1}: place alias api.internal.: found it in parameter /a/api, want it in one parameter only; no version of it is in force",
			rejected: "/a/all@1 collision internal.=2",
		}},
	}, {
		name:  "an alias that leaves its bundle goes at once",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `/a/all 1 {"aliases": {"api": "v1.x.org", "web": "v1.x.org"}}`,
			table: `
				api.internal. v1.x.org. 5 /a/all@1
				web.internal. v1.x.org. 5 /a/all@1`,
			events: `
				alias api.internal. added: v1.x.org., ttl 5 ({/a/all 1})
				alias web.internal. added: v1.x.org., ttl 5 ({/a/all 1})`,
		}, {
			seen:   `/a/all 2 {"aliases": {"web": "v1.x.org"}}`,
			table:  "web.internal. v1.x.org. 5 /a/all@2",
			events: "alias api.internal. removed: was v1.x.org. ({/a/all 2})",
		}, {
			seen:   `/a/all 3 {"aliases": {}}`,
			events: "alias web.internal. removed: was v1.x.org. ({/a/all 3})",
		}, {
			seen:   `/a/all 4 {"aliases": {"api": "v1.x.org"}}`,
			table:  "api.internal. v1.x.org. 5 /a/all@4",
			events: "alias api.internal. added: v1.x.org., ttl 5 ({/a/all 4})",
		}},
	}, {
		name:  "an empty bundle in force, and then a collision: what the document states is held back",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/all 1 {"aliases": {}}
				/a/web 1 v1.x.org`,
			table:  "web.internal. v1.x.org. 5 /a/web@1",
			events: "alias web.internal. added: v1.x.org., ttl 5 ({/a/web 1})",
		}, {
			seen: `
				/a/all 2 {"aliases": {"api": "v1.x.org", "tea": "v1.x.org", "web": "v1.x.org"}}
				/a/web 1 v1.x.org`,
			table:    "web.internal. v1.x.org. 5 /a/web@1",
			events:   "rejected {/a/all 2}: place alias web.internal.: found it in parameter /a/web, want it in one parameter only; version 1 stays in force",
			rejected: "/a/all@2 collision internal.=3",
		}},
	}, {
		name:  "a bundle becomes a plain document, and one again",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen:   `/a/all 1 {"aliases": {"api": "v1.x.org"}}`,
			table:  "api.internal. v1.x.org. 5 /a/all@1",
			events: "alias api.internal. added: v1.x.org., ttl 5 ({/a/all 1})",
		}, {
			seen:  "/a/all 2 v1.x.org",
			table: "all.internal. v1.x.org. 5 /a/all@2",
			events: `
				alias all.internal. added: v1.x.org., ttl 5 ({/a/all 2})
				alias api.internal. removed: was v1.x.org. ({/a/all 2})`,
		}, {
			seen:  `/a/all 3 {"aliases": {"api": "v1.x.org"}}`,
			table: "api.internal. v1.x.org. 5 /a/all@3",
			events: `
				alias all.internal. removed: was v1.x.org. ({/a/all 3})
				alias api.internal. added: v1.x.org., ttl 5 ({/a/all 3})`,
		}},
	}, {
		name:  "two parameters swap their names in one sweep",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/p 1 {"aliases": {"api": "v1.x.org"}}
				/a/q 1 {"aliases": {"web": "v2.x.org"}}`,
			table: `
				api.internal. v1.x.org. 5 /a/p@1
				web.internal. v2.x.org. 5 /a/q@1`,
			events: `
				alias api.internal. added: v1.x.org., ttl 5 ({/a/p 1})
				alias web.internal. added: v2.x.org., ttl 5 ({/a/q 1})`,
		}, {
			seen: `
				/a/p 2 {"aliases": {"web": "v2.x.org"}}
				/a/q 2 {"aliases": {"api": "v3.x.org"}}`,
			table: `
				api.internal. v3.x.org. 5 /a/q@2
				web.internal. v2.x.org. 5 /a/p@2`,
			events: `
				alias api.internal. flipped: v1.x.org. to v3.x.org. ({/a/q 2})
				alias web.internal. changed: v2.x.org., ttl 5 ({/a/p 2}); was ttl 5 in parameter /a/q`,
		}},
	}, {
		name:  "three parameters hand their names round in one sweep",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/p 1 {"aliases": {"a": "v1.x.org"}}
				/a/q 1 {"aliases": {"b": "v1.x.org"}}
				/a/r 1 {"aliases": {"c": "v1.x.org"}}`,
			table: `
				a.internal. v1.x.org. 5 /a/p@1
				b.internal. v1.x.org. 5 /a/q@1
				c.internal. v1.x.org. 5 /a/r@1`,
			events: `
				alias a.internal. added: v1.x.org., ttl 5 ({/a/p 1})
				alias b.internal. added: v1.x.org., ttl 5 ({/a/q 1})
				alias c.internal. added: v1.x.org., ttl 5 ({/a/r 1})`,
		}, {
			seen: `
				/a/p 2 {"aliases": {"b": "v1.x.org"}}
				/a/q 2 {"aliases": {"c": "v1.x.org"}}
				/a/r 2 {"aliases": {"a": "v1.x.org"}}`,
			table: `
				a.internal. v1.x.org. 5 /a/r@2
				b.internal. v1.x.org. 5 /a/p@2
				c.internal. v1.x.org. 5 /a/q@2`,
			events: `
				alias a.internal. changed: v1.x.org., ttl 5 ({/a/r 2}); was ttl 5 in parameter /a/p
				alias b.internal. changed: v1.x.org., ttl 5 ({/a/p 2}); was ttl 5 in parameter /a/q
				alias c.internal. changed: v1.x.org., ttl 5 ({/a/q 2}); was ttl 5 in parameter /a/r`,
		}},
	}, {
		name:  "names go round, but one of the parameters has a bad entry: none moves",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/p 1 {"aliases": {"a": "v1.x.org"}}
				/a/q 1 {"aliases": {"b": "v1.x.org"}}
				/a/r 1 {"aliases": {"c": "v1.x.org"}}`,
			table: `
				a.internal. v1.x.org. 5 /a/p@1
				b.internal. v1.x.org. 5 /a/q@1
				c.internal. v1.x.org. 5 /a/r@1`,
			events: `
				alias a.internal. added: v1.x.org., ttl 5 ({/a/p 1})
				alias b.internal. added: v1.x.org., ttl 5 ({/a/q 1})
				alias c.internal. added: v1.x.org., ttl 5 ({/a/r 1})`,
		}, {
			seen: `
				/a/p 2 {"aliases": {"b": "v1.x.org"}}
				/a/q 2 {"aliases": {"c": "v1.x.org"}}
				/a/r 2 {"aliases": {"a": "v1"}}`,
			table: `
				a.internal. v1.x.org. 5 /a/p@1
				b.internal. v1.x.org. 5 /a/q@1
				c.internal. v1.x.org. 5 /a/r@1`,
			events: `
				rejected {/a/p 2}: place alias b.internal.: found it in parameter /a/q, want it in one parameter only; version 1 stays in force
				rejected {/a/q 2}: place alias c.internal.: found it in parameter /a/r, want it in one parameter only; version 1 stays in force
				rejected {/a/r 2}: parse aliases["a"]: found "v1", want an absolute name of at least two labels; version 1 stays in force`,
			rejected: `
				/a/p@2 collision internal.=1
				/a/q@2 collision internal.=1
				/a/r@2 syntax internal.=1`,
		}, {
			seen: `
				/a/p 2 {"aliases": {"b": "v1.x.org"}}
				/a/q 2 {"aliases": {"c": "v1.x.org"}}
				/a/r 3 {"aliases": {"a": "v1.x.org"}}`,
			table: `
				a.internal. v1.x.org. 5 /a/r@3
				b.internal. v1.x.org. 5 /a/p@2
				c.internal. v1.x.org. 5 /a/q@2`,
			events: `
				alias a.internal. changed: v1.x.org., ttl 5 ({/a/r 3}); was ttl 5 in parameter /a/p
				alias b.internal. changed: v1.x.org., ttl 5 ({/a/p 2}); was ttl 5 in parameter /a/q
				alias c.internal. changed: v1.x.org., ttl 5 ({/a/q 2}); was ttl 5 in parameter /a/r`,
		}},
	}, {
		name:  "a name moves from one bundle to another in one sweep",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/p 1 {"aliases": {"api": "v1.x.org", "web": "v1.x.org"}}
				/a/q 1 {"aliases": {"tea": "v1.x.org"}}`,
			table: `
				api.internal. v1.x.org. 5 /a/p@1
				tea.internal. v1.x.org. 5 /a/q@1
				web.internal. v1.x.org. 5 /a/p@1`,
			events: `
				alias api.internal. added: v1.x.org., ttl 5 ({/a/p 1})
				alias tea.internal. added: v1.x.org., ttl 5 ({/a/q 1})
				alias web.internal. added: v1.x.org., ttl 5 ({/a/p 1})`,
		}, {
			seen: `
				/a/p 2 {"aliases": {"api": "v1.x.org"}}
				/a/q 2 {"aliases": {"tea": "v1.x.org", "web": {"to": "v1.x.org", "ttl": 9}}}`,
			table: `
				api.internal. v1.x.org. 5 /a/p@2
				tea.internal. v1.x.org. 5 /a/q@2
				web.internal. v1.x.org. 9 /a/q@2`,
			events: "alias web.internal. changed: v1.x.org., ttl 9 ({/a/q 2}); was ttl 5 in parameter /a/p",
		}},
	}, {
		name:  "a name moves in two sweeps: first it is in both, then in the new one alone",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/p 1 {"aliases": {"web": "v1.x.org"}}
				/a/q 1 {"aliases": {"tea": "v1.x.org"}}`,
			table: `
				tea.internal. v1.x.org. 5 /a/q@1
				web.internal. v1.x.org. 5 /a/p@1`,
			events: `
				alias tea.internal. added: v1.x.org., ttl 5 ({/a/q 1})
				alias web.internal. added: v1.x.org., ttl 5 ({/a/p 1})`,
		}, {
			seen: `
				/a/p 1 {"aliases": {"web": "v1.x.org"}}
				/a/q 2 {"aliases": {"tea": "v2.x.org", "web": "v2.x.org"}}`,
			table: `
				tea.internal. v1.x.org. 5 /a/q@1
				web.internal. v1.x.org. 5 /a/p@1`,
			events:   "rejected {/a/q 2}: place alias web.internal.: found it in parameter /a/p, want it in one parameter only; version 1 stays in force",
			rejected: "/a/q@2 collision internal.=1",
		}, {
			seen: `
				/a/p 1 {"aliases": {"web": "v1.x.org"}}
				/a/q 2 {"aliases": {"tea": "v2.x.org", "web": "v2.x.org"}}`,
			table: `
				tea.internal. v1.x.org. 5 /a/q@1
				web.internal. v1.x.org. 5 /a/p@1`,
			rejected: "/a/q@2 collision internal.=1",
			same:     true,
		}, {
			seen: `
				/a/p 2 {"aliases": {}}
				/a/q 2 {"aliases": {"tea": "v2.x.org", "web": "v2.x.org"}}`,
			table: `
				tea.internal. v2.x.org. 5 /a/q@2
				web.internal. v2.x.org. 5 /a/q@2`,
			events: `
				alias tea.internal. flipped: v1.x.org. to v2.x.org. ({/a/q 2})
				alias web.internal. flipped: v1.x.org. to v2.x.org. ({/a/q 2})`,
		}},
	}, {
		name:  "a name moves in two sweeps: first it is in neither, then in the new one",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/p 1 {"aliases": {"web": "v1.x.org"}}
				/a/q 1 {"aliases": {"tea": "v1.x.org"}}`,
			table: `
				tea.internal. v1.x.org. 5 /a/q@1
				web.internal. v1.x.org. 5 /a/p@1`,
			events: `
				alias tea.internal. added: v1.x.org., ttl 5 ({/a/q 1})
				alias web.internal. added: v1.x.org., ttl 5 ({/a/p 1})`,
		}, {
			seen: `
				/a/p 2 {"aliases": {}}
				/a/q 1 {"aliases": {"tea": "v1.x.org"}}`,
			table:  "tea.internal. v1.x.org. 5 /a/q@1",
			events: "alias web.internal. removed: was v1.x.org. ({/a/p 2})",
		}, {
			seen: `
				/a/p 2 {"aliases": {}}
				/a/q 2 {"aliases": {"tea": "v1.x.org", "web": "v1.x.org"}}`,
			table: `
				tea.internal. v1.x.org. 5 /a/q@2
				web.internal. v1.x.org. 5 /a/q@2`,
			events: "alias web.internal. added: v1.x.org., ttl 5 ({/a/q 2})",
		}},
	}, {
		name:  "a name would move, but the bundle it leaves is rejected for something else and keeps it",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/p 1 {"aliases": {"web": "v1.x.org"}}
				/a/q 1 {"aliases": {"tea": "v1.x.org"}}`,
			table: `
				tea.internal. v1.x.org. 5 /a/q@1
				web.internal. v1.x.org. 5 /a/p@1`,
			events: `
				alias tea.internal. added: v1.x.org., ttl 5 ({/a/q 1})
				alias web.internal. added: v1.x.org., ttl 5 ({/a/p 1})`,
		}, {
			seen: `
				/a/p 2 {"aliases": {"loop": "loop.internal"}}
				/a/q 2 {"aliases": {"tea": "v1.x.org", "web": "v1.x.org"}}`,
			table: `
				tea.internal. v1.x.org. 5 /a/q@1
				web.internal. v1.x.org. 5 /a/p@1`,
			events: `
				rejected {/a/p 2}: follow alias loop.internal.: found the loop loop.internal. loop.internal., want a target that does not lead back; version 1 stays in force
				rejected {/a/q 2}: place alias web.internal.: found it in parameter /a/p, want it in one parameter only; version 1 stays in force`,
			rejected: `
				/a/p@2 loop internal.=1
				/a/q@2 collision internal.=1`,
		}},
	}, {
		name:  "collisions at the first load: what collides itself takes no name from others",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/p 1 {"aliases": {"b": "v1.x.org"}}
				/a/q 1 {"aliases": {"a": "v2.x.org", "b": "v2.x.org"}}
				/a/r 1 {"aliases": {"a": "v3.x.org"}}
				/a/s 1 {"aliases": {"a": "v4.x.org"}}
				/a/t 1 {"aliases": {"b": "v5.x.org"}}`,
			table: `
				a.internal. v3.x.org. 5 /a/r@1
				b.internal. v1.x.org. 5 /a/p@1`,
			events: `
				rejected {/a/q 1}: place alias b.internal.: found it in parameter /a/p, want it in one parameter only; no version of it is in force
				rejected {/a/s 1}: place alias a.internal.: found it in parameter /a/r, want it in one parameter only; no version of it is in force
				rejected {/a/t 1}: place alias b.internal.: found it in parameter /a/p, want it in one parameter only; no version of it is in force
				alias a.internal. added: v3.x.org., ttl 5 ({/a/r 1})
				alias b.internal. added: v1.x.org., ttl 5 ({/a/p 1})`,
			rejected: `
				/a/q@1 collision internal.=2
				/a/s@1 collision internal.=1
				/a/t@1 collision internal.=1`,
		}},
	}, {
		name:  "a collision at the first load: the first that sorts wins",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/web 1 v1.x.org
				/a/q 1 {"aliases": {"tea": "v1.x.org", "web": "v2.x.org"}}
				/a/z 1 {"aliases": {"web": "v3.x.org"}}`,
			table: `
				tea.internal. v1.x.org. 5 /a/q@1
				web.internal. v2.x.org. 5 /a/q@1`,
			events: `
				rejected {/a/web 1}: place alias web.internal.: found it in parameter /a/q, want it in one parameter only; no version of it is in force
				rejected {/a/z 1}: place alias web.internal.: found it in parameter /a/q, want it in one parameter only; no version of it is in force
				alias tea.internal. added: v1.x.org., ttl 5 ({/a/q 1})
				alias web.internal. added: v2.x.org., ttl 5 ({/a/q 1})`,
			rejected: `
				/a/web@1 collision internal.=1
				/a/z@1 collision internal.=1`,
		}},
	}, {
		name:  "what a rejected document states besides collides with nobody",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/p 1 {"aliases": {"a": "v1.x.org"}}
				/a/q 1 {"aliases": {"a": "v2.x.org", "b": "v2.x.org"}}
				/a/r 1 {"aliases": {"b": "v3.x.org"}}`,
			table: `
				a.internal. v1.x.org. 5 /a/p@1
				b.internal. v3.x.org. 5 /a/r@1`,
			events: `
				rejected {/a/q 1}: place alias a.internal.: found it in parameter /a/p, want it in one parameter only; no version of it is in force
				alias a.internal. added: v1.x.org., ttl 5 ({/a/p 1})
				alias b.internal. added: v3.x.org., ttl 5 ({/a/r 1})`,
			rejected: "/a/q@1 collision internal.=2",
		}},
	}, {
		name:  "a collision with one in force: that one stays, whichever sorts first and however new its own version",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen:   "/a/web 1 v1.x.org",
			table:  "web.internal. v1.x.org. 5 /a/web@1",
			events: "alias web.internal. added: v1.x.org., ttl 5 ({/a/web 1})",
		}, {
			seen: `
				/a/all 1 {"aliases": {"web": "v2.x.org"}}
				/a/web 2 v3.x.org`,
			table: "web.internal. v3.x.org. 5 /a/web@2",
			events: `
				rejected {/a/all 1}: place alias web.internal.: found it in parameter /a/web, want it in one parameter only; no version of it is in force
				alias web.internal. flipped: v1.x.org. to v3.x.org. ({/a/web 2})`,
			rejected: "/a/all@1 collision internal.=1",
		}, {
			seen: `
				/a/all 1 {"aliases": {"web": "v2.x.org"}}
				/a/web 3 v4`,
			table:  "web.internal. v3.x.org. 5 /a/web@2",
			events: `rejected {/a/web 3}: parse target: found "v4", want an absolute name of at least two labels; version 2 stays in force`,
			rejected: `
				/a/all@1 collision internal.=1
				/a/web@3 syntax internal.=1`,
		}},
	}, {
		name:  "a collision with one that is written anew with the same alias, in a sweep that adopts others",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen:   "/a/web 1 v1.x.org",
			table:  "web.internal. v1.x.org. 5 /a/web@1",
			events: "alias web.internal. added: v1.x.org., ttl 5 ({/a/web 1})",
		}, {
			seen: `
				/a/all 1 {"aliases": {"web": "v2.x.org"}}
				/a/new 1 v1.x.org
				/a/web 2 v3.x.org`,
			table: `
				new.internal. v1.x.org. 5 /a/new@1
				web.internal. v3.x.org. 5 /a/web@2`,
			events: `
				rejected {/a/all 1}: place alias web.internal.: found it in parameter /a/web, want it in one parameter only; no version of it is in force
				alias new.internal. added: v1.x.org., ttl 5 ({/a/new 1})
				alias web.internal. flipped: v1.x.org. to v3.x.org. ({/a/web 2})`,
			rejected: "/a/all@1 collision internal.=1",
		}},
	}, {
		name:  "a collision that clears when the other is gone",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/all 1 {"aliases": {"web": "v2.x.org"}}
				/a/web 1 v1.x.org`,
			table: "web.internal. v2.x.org. 5 /a/all@1",
			events: `
				rejected {/a/web 1}: place alias web.internal.: found it in parameter /a/all, want it in one parameter only; no version of it is in force
				alias web.internal. added: v2.x.org., ttl 5 ({/a/all 1})`,
			rejected: "/a/web@1 collision internal.=1",
		}, {
			at:       10 * s,
			seen:     "/a/web 1 v1.x.org",
			table:    "web.internal. v2.x.org. 5 /a/all@1",
			rejected: "/a/web@1 collision internal.=1",
		}, {
			at:       10 * s,
			asked:    "/a/all",
			table:    "web.internal. v2.x.org. 5 /a/all@1",
			rejected: "/a/web@1 collision internal.=1",
		}, {
			at:     20 * s,
			asked:  "/a/all",
			table:  "web.internal. v1.x.org. 5 /a/web@1",
			events: "alias web.internal. flipped: v2.x.org. to v1.x.org. ({/a/web 1})",
		}},
	}, {
		name:  "a collision moves on to another parameter and is said again",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/p 1 {"aliases": {"web": "v1.x.org"}}
				/a/web 1 v1.x.org`,
			table: "web.internal. v1.x.org. 5 /a/p@1",
			events: `
				rejected {/a/web 1}: place alias web.internal.: found it in parameter /a/p, want it in one parameter only; no version of it is in force
				alias web.internal. added: v1.x.org., ttl 5 ({/a/p 1})`,
			rejected: "/a/web@1 collision internal.=1",
		}, {
			seen: `
				/a/p 2 {"aliases": {}}
				/a/q 1 {"aliases": {"web": "v1.x.org"}}
				/a/web 1 v1.x.org`,
			table: "web.internal. v1.x.org. 5 /a/q@1",
			events: `
				rejected {/a/web 1}: place alias web.internal.: found it in parameter /a/q, want it in one parameter only; no version of it is in force
				alias web.internal. changed: v1.x.org., ttl 5 ({/a/q 1}); was ttl 5 in parameter /a/p`,
			rejected: "/a/web@1 collision internal.=1",
		}},
	}, {
		name:  "a collision of two parameters that differ in case",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/cache 1 v1.x.org
				/a/Cache 1 v2.x.org`,
			table: "cache.internal. v2.x.org. 5 /a/Cache@1",
			events: `
				rejected {/a/cache 1}: place alias cache.internal.: found it in parameter /a/Cache, want it in one parameter only; no version of it is in force
				alias cache.internal. added: v2.x.org., ttl 5 ({/a/Cache 1})`,
			rejected: "/a/cache@1 collision internal.=1",
		}},
	}, {
		name:  "a parameter whose case changes hands its name over once the old one is gone",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen:   "/a/Cache 1 v1.x.org",
			table:  "cache.internal. v1.x.org. 5 /a/Cache@1",
			events: "alias cache.internal. added: v1.x.org., ttl 5 ({/a/Cache 1})",
		}, {
			at:       10 * s,
			seen:     "/a/cache 1 v2.x.org",
			table:    "cache.internal. v1.x.org. 5 /a/Cache@1",
			events:   "rejected {/a/cache 1}: place alias cache.internal.: found it in parameter /a/Cache, want it in one parameter only; no version of it is in force",
			rejected: "/a/cache@1 collision internal.=1",
		}, {
			at:       10 * s,
			asked:    "/a/Cache",
			table:    "cache.internal. v1.x.org. 5 /a/Cache@1",
			rejected: "/a/cache@1 collision internal.=1",
		}, {
			at:     20 * s,
			asked:  "/a/Cache",
			table:  "cache.internal. v2.x.org. 5 /a/cache@1",
			events: "alias cache.internal. flipped: v1.x.org. to v2.x.org. ({/a/cache 1})",
		}},
	}, {
		name:  "a collision of an absolute and a relative leaf",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/cache 1 v1.x.org
				/a/cache.internal 1 v2.x.org`,
			table: "cache.internal. v1.x.org. 5 /a/cache@1",
			events: `
				rejected {/a/cache.internal 1}: place alias cache.internal.: found it in parameter /a/cache, want it in one parameter only; no version of it is in force
				alias cache.internal. added: v1.x.org., ttl 5 ({/a/cache 1})`,
			rejected: "/a/cache.internal@1 collision internal.=1",
		}},
	}, {
		name:  "two paths with one name",
		lines: "ssm /a\nssm /b",
		sweeps: []sweep{{
			seen: `
				/b/cache 1 v2.x.org
				/a/sub/cache 1 v1.x.org`,
			table: "cache.internal. v1.x.org. 5 /a/sub/cache@1",
			events: `
				rejected {/b/cache 1}: place alias cache.internal.: found it in parameter /a/sub/cache, want it in one parameter only; no version of it is in force
				alias cache.internal. added: v1.x.org., ttl 5 ({/a/sub/cache 1})`,
			rejected: "/b/cache@1 collision internal.=1",
		}},
	}, {
		name: "an alias line shadows a path's parameter: said once, nothing is rejected",
		lines: `
			ssm /a
			alias cache.internal /p/current`,
		sweeps: []sweep{{
			seen: `
				/a/cache 1 v1.x.org
				/p/current 4 v4.x.org`,
			table: "cache.internal. v4.x.org. 5 /p/current@4",
			events: `
				alias cache.internal. of {/a/cache 1} is shadowed by an alias line
				alias cache.internal. added: v4.x.org., ttl 5 ({/p/current 4})`,
		}, {
			seen: `
				/a/cache 1 v1.x.org
				/p/current 4 v4.x.org`,
			table: "cache.internal. v4.x.org. 5 /p/current@4",
			same:  true,
		}, {
			seen: `
				/a/cache 2 v2.x.org
				/p/current 5 v5.x.org`,
			table:  "cache.internal. v5.x.org. 5 /p/current@5",
			events: "alias cache.internal. flipped: v4.x.org. to v5.x.org. ({/p/current 5})",
		}},
	}, {
		name: "an alias line shadows even before its own parameter is there",
		lines: `
			alias cache.internal /p/current
			ssm /a`,
		sweeps: []sweep{{
			seen:   "/a/cache 1 v1.x.org",
			events: "alias cache.internal. of {/a/cache 1} is shadowed by an alias line",
		}, {
			seen: `
				/a/cache 1 v1.x.org
				/p/current 1 v4.x.org`,
			table:  "cache.internal. v4.x.org. 5 /p/current@1",
			events: "alias cache.internal. added: v4.x.org., ttl 5 ({/p/current 1})",
		}, {
			at:    10 * s,
			seen:  "/a/cache 1 v1.x.org",
			table: "cache.internal. v4.x.org. 5 /p/current@1",
		}, {
			at:    10 * s,
			asked: "/p/current",
			table: "cache.internal. v4.x.org. 5 /p/current@1",
		}, {
			at:     20 * s,
			asked:  "/p/current",
			events: "alias cache.internal. removed: was v4.x.org. ({/p/current 1})",
		}},
	}, {
		name: "an alias line shadows one alias of a bundle; one that comes back is said again",
		lines: `
			ssm /a
			alias cache.internal /p/current`,
		sweeps: []sweep{{
			seen: `
				/a/all 1 {"aliases": {"api": "v1.x.org", "cache": "v1.x.org"}}
				/p/current 1 v4.x.org`,
			table: `
				api.internal. v1.x.org. 5 /a/all@1
				cache.internal. v4.x.org. 5 /p/current@1`,
			events: `
				alias cache.internal. of {/a/all 1} is shadowed by an alias line
				alias api.internal. added: v1.x.org., ttl 5 ({/a/all 1})
				alias cache.internal. added: v4.x.org., ttl 5 ({/p/current 1})`,
		}, {
			seen: `
				/a/all 2 {"aliases": {"api": "v2.x.org"}}
				/p/current 1 v4.x.org`,
			table: `
				api.internal. v2.x.org. 5 /a/all@2
				cache.internal. v4.x.org. 5 /p/current@1`,
			events: "alias api.internal. flipped: v1.x.org. to v2.x.org. ({/a/all 2})",
		}, {
			seen: `
				/a/all 3 {"aliases": {"api": "v2.x.org", "cache": "v1.x.org"}}
				/p/current 1 v4.x.org`,
			table: `
				api.internal. v2.x.org. 5 /a/all@3
				cache.internal. v4.x.org. 5 /p/current@1`,
			events: "alias cache.internal. of {/a/all 3} is shadowed by an alias line",
		}, {
			seen: `
				/a/all 4 {"aliases": {"api": "v2", "cache": "v1.x.org"}}
				/p/current 1 v4.x.org`,
			table: `
				api.internal. v2.x.org. 5 /a/all@3
				cache.internal. v4.x.org. 5 /p/current@1`,
			events:   `rejected {/a/all 4}: parse aliases["api"]: found "v2", want an absolute name of at least two labels; version 3 stays in force`,
			rejected: "/a/all@4 syntax internal.=1",
		}},
	}, {
		name: "10: a shadowed alias makes no chain",
		lines: `
			ssm /a
			alias b.internal /p/b`,
		sweeps: []sweep{{
			seen: `
				/a/a 1 b.internal
				/a/b 1 a.internal
				/p/b 1 v1.x.org`,
			table: `
				a.internal. b.internal. 5 /a/a@1
				b.internal. v1.x.org. 5 /p/b@1`,
			events: `
				alias b.internal. of {/a/b 1} is shadowed by an alias line
				alias a.internal. added: b.internal., ttl 5 ({/a/a 1})
				alias b.internal. added: v1.x.org., ttl 5 ({/p/b 1})`,
		}},
	}, {
		name: "two alias lines read one parameter, each with its template",
		lines: `
			alias cache.internal /p/current {name}-{value}.x.org
			alias queue.internal /p/current {value}.{name}.x.org`,
		sweeps: []sweep{{
			seen: "/p/current 1 v1",
			table: `
				cache.internal. cache-v1.x.org. 5 /p/current@1
				queue.internal. v1.queue.x.org. 5 /p/current@1`,
			events: `
				alias cache.internal. added: cache-v1.x.org., ttl 5 ({/p/current 1})
				alias queue.internal. added: v1.queue.x.org., ttl 5 ({/p/current 1})`,
		}, {
			seen: "/p/current 2 v2",
			table: `
				cache.internal. cache-v2.x.org. 5 /p/current@2
				queue.internal. v2.queue.x.org. 5 /p/current@2`,
			events: `
				alias cache.internal. flipped: cache-v1.x.org. to cache-v2.x.org. ({/p/current 2})
				alias queue.internal. flipped: v1.queue.x.org. to v2.queue.x.org. ({/p/current 2})`,
		}},
	}, {
		name: "two labels of one parameter",
		lines: `
			alias blue.internal /p/current:blue
			alias green.internal /p/current:green`,
		sweeps: []sweep{{
			seen: `
				/p/current:blue 1 v1.x.org
				/p/current:green 2 v2.x.org`,
			table: `
				blue.internal. v1.x.org. 5 /p/current:blue@1
				green.internal. v2.x.org. 5 /p/current:green@2`,
			events: `
				alias blue.internal. added: v1.x.org., ttl 5 ({/p/current:blue 1})
				alias green.internal. added: v2.x.org., ttl 5 ({/p/current:green 2})`,
		}},
	}, {
		name: "an alias line reads a parameter that a path has too",
		lines: `
			ssm /a
			alias cache.internal /a/current`,
		sweeps: []sweep{{
			seen: "/a/current 1 v1.x.org",
			table: `
				cache.internal. v1.x.org. 5 /a/current@1
				current.internal. v1.x.org. 5 /a/current@1`,
			events: `
				alias cache.internal. added: v1.x.org., ttl 5 ({/a/current 1})
				alias current.internal. added: v1.x.org., ttl 5 ({/a/current 1})`,
		}, {
			seen:  `/a/current 2 {"aliases": {"cache": "v2.x.org"}}`,
			table: "cache.internal. v1.x.org. 5 /a/current@1",
			events: `
				rejected {/a/current 2}: parse document: found a bundle, want the one alias cache.internal.; version 1 stays in force
				alias cache.internal. of {/a/current 2} is shadowed by an alias line
				alias current.internal. removed: was v1.x.org. ({/a/current 2})`,
			rejected: "/a/current@2 syntax internal.=1",
		}},
	}, {
		name:  "the parameter of an alias line that is a bundle",
		lines: "alias cache.internal /p/current",
		sweeps: []sweep{{
			seen:     `/p/current 1 {"aliases": {"cache": "v1.x.org"}}`,
			events:   "rejected {/p/current 1}: parse document: found a bundle, want the one alias cache.internal.; no version of it is in force",
			rejected: "/p/current@1 syntax internal.=1",
		}},
	}, {
		name:  "10: a loop of one",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen:     "/a/a 1 a.internal",
			events:   "rejected {/a/a 1}: follow alias a.internal.: found the loop a.internal. a.internal., want a target that does not lead back; no version of it is in force",
			rejected: "/a/a@1 loop internal.=1",
		}, {
			seen:     "/a/a 1 a.internal",
			rejected: "/a/a@1 loop internal.=1",
			same:     true,
		}},
	}, {
		name:  "10: a loop of two at the first load: the one that sorts last is at fault",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/a 1 b.internal
				/a/b 1 a.internal`,
			table: "a.internal. b.internal. 5 /a/a@1",
			events: `
				rejected {/a/b 1}: follow alias a.internal.: found the loop a.internal. b.internal. a.internal., want a target that does not lead back; no version of it is in force
				alias a.internal. added: b.internal., ttl 5 ({/a/a 1})`,
			rejected: "/a/b@1 loop internal.=1",
		}},
	}, {
		name:  "10: a loop of two with one in force: the one that closes it is at fault; it clears when the other flips away",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/a 1 v1.x.org
				/a/b 1 a.internal`,
			table: `
				a.internal. v1.x.org. 5 /a/a@1
				b.internal. a.internal. 5 /a/b@1`,
			events: `
				alias a.internal. added: v1.x.org., ttl 5 ({/a/a 1})
				alias b.internal. added: a.internal., ttl 5 ({/a/b 1})`,
		}, {
			seen: `
				/a/a 2 b.internal
				/a/b 1 a.internal`,
			table: `
				a.internal. v1.x.org. 5 /a/a@1
				b.internal. a.internal. 5 /a/b@1`,
			events:   "rejected {/a/a 2}: follow alias a.internal.: found the loop a.internal. b.internal. a.internal., want a target that does not lead back; version 1 stays in force",
			rejected: "/a/a@2 loop internal.=1",
		}, {
			seen: `
				/a/a 2 b.internal
				/a/b 2 v2.x.org`,
			table: `
				a.internal. b.internal. 5 /a/a@2
				b.internal. v2.x.org. 5 /a/b@2`,
			events: `
				alias a.internal. flipped: v1.x.org. to b.internal. ({/a/a 2})
				alias b.internal. flipped: a.internal. to v2.x.org. ({/a/b 2})`,
		}},
	}, {
		name:  "two aliases of each other's targets turn round in one sweep",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/a 1 b.internal
				/a/b 1 v1.x.org`,
			table: `
				a.internal. b.internal. 5 /a/a@1
				b.internal. v1.x.org. 5 /a/b@1`,
			events: `
				alias a.internal. added: b.internal., ttl 5 ({/a/a 1})
				alias b.internal. added: v1.x.org., ttl 5 ({/a/b 1})`,
		}, {
			seen: `
				/a/a 2 v1.x.org
				/a/b 2 a.internal`,
			table: `
				a.internal. v1.x.org. 5 /a/a@2
				b.internal. a.internal. 5 /a/b@2`,
			events: `
				alias a.internal. flipped: b.internal. to v1.x.org. ({/a/a 2})
				alias b.internal. flipped: v1.x.org. to a.internal. ({/a/b 2})`,
		}},
	}, {
		name:  "10: a loop in one bundle",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/p 1 {"aliases": {"a": "c.internal", "b": "c.internal", "c": "b.internal"}}
				/a/q 1 {"aliases": {"d": "v1.x.org"}}`,
			table: "d.internal. v1.x.org. 5 /a/q@1",
			events: `
				rejected {/a/p 1}: follow alias b.internal.: found the loop b.internal. c.internal. b.internal., want a target that does not lead back; no version of it is in force
				alias d.internal. added: v1.x.org., ttl 5 ({/a/q 1})`,
			rejected: "/a/p@1 loop internal.=3",
		}},
	}, {
		name:  "10: subtrees that lead to one another, ever further down",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/a 1 {"to": "x.b.internal", "subtree": "keep"}
				/a/b 1 {"to": "a.internal", "subtree": "keep"}`,
			table: "a.internal. x.b.internal. 5 /a/a@1",
			events: `
				rejected {/a/b 1}: follow alias a.internal.: found the chain a.internal. x.b.internal. x.a.internal. x.x.b.internal. x.x.a.internal. x.x.x.b.internal. x.x.x.a.internal. x.x.x.x.b.internal., want at most 7 aliases in a row; no version of it is in force
				alias a.internal. added: x.b.internal., ttl 5, subtree keep ({/a/a 1})`,
			rejected: "/a/b@1 loop internal.=1",
		}},
	}, {
		name:  "10: a loop through a subtree, until it excepts the name",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/a 1 x.b.internal
				/a/b 1 {"to": "a.internal", "subtree": "collapse"}`,
			table: "a.internal. x.b.internal. 5 /a/a@1",
			events: `
				rejected {/a/b 1}: follow alias a.internal.: found the loop a.internal. x.b.internal. a.internal., want a target that does not lead back; no version of it is in force
				alias a.internal. added: x.b.internal., ttl 5 ({/a/a 1})`,
			rejected: "/a/b@1 loop internal.=1",
		}, {
			seen: `
				/a/a 1 x.b.internal
				/a/b 2 {"to": "a.internal", "subtree": "collapse", "except": ["x"]}`,
			table: `
				a.internal. x.b.internal. 5 /a/a@1
				b.internal. a.internal. 5 /a/b@2`,
			events: `alias b.internal. added: a.internal., ttl 5, subtree collapse except x.b.internal. ({/a/b 2})`,
		}, {
			seen: `
				/a/a 1 x.b.internal
				/a/b 3 {"to": "a.internal", "subtree": "collapse"}`,
			table: `
				a.internal. x.b.internal. 5 /a/a@1
				b.internal. a.internal. 5 /a/b@2`,
			events:   "rejected {/a/b 3}: follow alias a.internal.: found the loop a.internal. x.b.internal. a.internal., want a target that does not lead back; version 2 stays in force",
			rejected: "/a/b@3 loop internal.=1",
		}},
	}, {
		name:  "10: a loop through a subtree that is in force: who closes it is at fault",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen:   `/a/b 1 {"to": "a.internal", "subtree": "keep", "ttl": 7}`,
			table:  "b.internal. a.internal. 7 /a/b@1",
			events: "alias b.internal. added: a.internal., ttl 7, subtree keep ({/a/b 1})",
		}, {
			seen: `
				/a/a 1 {"to": "x.b.internal", "subtree": "collapse"}
				/a/b 1 {"to": "a.internal", "subtree": "keep", "ttl": 7}`,
			table:    "b.internal. a.internal. 7 /a/b@1",
			events:   "rejected {/a/a 1}: follow alias x.a.internal.: found the loop x.a.internal. x.b.internal. x.a.internal., want a target that does not lead back; no version of it is in force",
			rejected: "/a/a@1 loop internal.=1",
		}, {
			seen: `
				/a/a 1 {"to": "x.b.internal", "subtree": "collapse"}
				/a/b 2 {"to": "a.internal", "ttl": 7}`,
			table: `
				a.internal. x.b.internal. 5 /a/a@1
				b.internal. a.internal. 7 /a/b@2`,
			events: `
				alias a.internal. added: x.b.internal., ttl 5, subtree collapse ({/a/a 1})
				alias b.internal. changed: a.internal., ttl 7 ({/a/b 2}); was ttl 7, subtree keep in parameter /a/b`,
		}},
	}, {
		name:  "10: a loop of plain aliases through a subtree that is in force",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen:   `/a/b 1 {"to": "a.internal", "subtree": "collapse"}`,
			table:  "b.internal. a.internal. 5 /a/b@1",
			events: "alias b.internal. added: a.internal., ttl 5, subtree collapse ({/a/b 1})",
		}, {
			seen: `
				/a/a 1 x.b.internal
				/a/b 1 {"to": "a.internal", "subtree": "collapse"}`,
			table:    "b.internal. a.internal. 5 /a/b@1",
			events:   "rejected {/a/a 1}: follow alias a.internal.: found the loop a.internal. x.b.internal. a.internal., want a target that does not lead back; no version of it is in force",
			rejected: "/a/a@1 loop internal.=1",
		}},
	}, {
		name:  "10: a chain of seven over labels that move along, from one in force: an eighth is refused",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/all 1 {"aliases": {"a": "b.internal", "b": "c.internal", "c": "d.internal", "d": "e.internal", "e": "v1.x.org"}}
				/a/u 1 {"to": "w.internal", "subtree": "keep"}
				/a/y 1 x.u.internal`,
			table: `
				a.internal. b.internal. 5 /a/all@1
				b.internal. c.internal. 5 /a/all@1
				c.internal. d.internal. 5 /a/all@1
				d.internal. e.internal. 5 /a/all@1
				e.internal. v1.x.org. 5 /a/all@1
				u.internal. w.internal. 5 /a/u@1
				y.internal. x.u.internal. 5 /a/y@1`,
			events: `
				alias a.internal. added: b.internal., ttl 5 ({/a/all 1})
				alias b.internal. added: c.internal., ttl 5 ({/a/all 1})
				alias c.internal. added: d.internal., ttl 5 ({/a/all 1})
				alias d.internal. added: e.internal., ttl 5 ({/a/all 1})
				alias e.internal. added: v1.x.org., ttl 5 ({/a/all 1})
				alias u.internal. added: w.internal., ttl 5, subtree keep ({/a/u 1})
				alias y.internal. added: x.u.internal., ttl 5 ({/a/y 1})`,
		}, {
			seen: `
				/a/all 1 {"aliases": {"a": "b.internal", "b": "c.internal", "c": "d.internal", "d": "e.internal", "e": "v1.x.org"}}
				/a/u 1 {"to": "w.internal", "subtree": "keep"}
				/a/x.w 1 a.internal
				/a/y 1 x.u.internal`,
			table: `
				a.internal. b.internal. 5 /a/all@1
				b.internal. c.internal. 5 /a/all@1
				c.internal. d.internal. 5 /a/all@1
				d.internal. e.internal. 5 /a/all@1
				e.internal. v1.x.org. 5 /a/all@1
				u.internal. w.internal. 5 /a/u@1
				y.internal. x.u.internal. 5 /a/y@1`,
			events:   "rejected {/a/x.w 1}: follow alias y.internal.: found the chain y.internal. x.u.internal. x.w.internal. a.internal. b.internal. c.internal. d.internal. e.internal., want at most 7 aliases in a row; no version of it is in force",
			rejected: "/a/x.w@1 loop internal.=1",
		}, {
			seen: `
				/a/all 1 {"aliases": {"a": "b.internal", "b": "c.internal", "c": "d.internal", "d": "e.internal", "e": "v1.x.org"}}
				/a/u 1 {"to": "w.internal", "subtree": "keep"}
				/a/x.w 2 b.internal
				/a/y 1 x.u.internal`,
			table: `
				a.internal. b.internal. 5 /a/all@1
				b.internal. c.internal. 5 /a/all@1
				c.internal. d.internal. 5 /a/all@1
				d.internal. e.internal. 5 /a/all@1
				e.internal. v1.x.org. 5 /a/all@1
				u.internal. w.internal. 5 /a/u@1
				x.w.internal. b.internal. 5 /a/x.w@2
				y.internal. x.u.internal. 5 /a/y@1`,
			events: "alias x.w.internal. added: b.internal., ttl 5 ({/a/x.w 2})",
		}},
	}, {
		name:  "10: a loop by itself, below a subtree that flips in the same sweep",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen:  `/a/p 1 {"to": "q1.x.org", "subtree": "keep"}`,
			table: "p.internal. q1.x.org. 5 /a/p@1",
			events: `
				alias p.internal. added: q1.x.org., ttl 5, subtree keep ({/a/p 1})`,
		}, {
			seen: `
				/a/all 1 {"aliases": {"x.p": "x.p.internal"}}
				/a/p 2 {"to": "q2.x.org", "subtree": "keep"}
				/a/z 1 v1.x.org`,
			table: `
				p.internal. q2.x.org. 5 /a/p@2
				z.internal. v1.x.org. 5 /a/z@1`,
			events: `
				rejected {/a/all 1}: follow alias x.p.internal.: found the loop x.p.internal. x.p.internal., want a target that does not lead back; no version of it is in force
				alias p.internal. flipped: q1.x.org. to q2.x.org. ({/a/p 2})
				alias z.internal. added: v1.x.org., ttl 5 ({/a/z 1})`,
			rejected: "/a/all@1 loop internal.=1",
		}},
	}, {
		name:  "10: a subtree that left a name alone goes, so that the one above has it, and makes a loop",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/a 1 x.y.b.internal
				/a/b 1 {"to": "a.internal", "subtree": "collapse"}
				/a/y.b 1 {"to": "v1.x.org", "subtree": "keep", "except": ["x"]}`,
			table: `
				a.internal. x.y.b.internal. 5 /a/a@1
				b.internal. a.internal. 5 /a/b@1
				y.b.internal. v1.x.org. 5 /a/y.b@1`,
			events: `
				alias a.internal. added: x.y.b.internal., ttl 5 ({/a/a 1})
				alias b.internal. added: a.internal., ttl 5, subtree collapse ({/a/b 1})
				alias y.b.internal. added: v1.x.org., ttl 5, subtree keep except x.y.b.internal. ({/a/y.b 1})`,
		}, {
			seen: `
				/a/a 1 x.y.b.internal
				/a/b 1 {"to": "a.internal", "subtree": "collapse"}
				/a/y.b 2 v1.x.org`,
			table: `
				a.internal. x.y.b.internal. 5 /a/a@1
				b.internal. a.internal. 5 /a/b@1
				y.b.internal. v1.x.org. 5 /a/y.b@1`,
			events:   "rejected {/a/y.b 2}: follow alias a.internal.: found the loop a.internal. x.y.b.internal. a.internal., want a target that does not lead back; version 1 stays in force",
			rejected: "/a/y.b@2 loop internal.=1",
		}},
	}, {
		name:  "10: a loop over labels that move along, from one in force",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/a 1 {"to": "c.internal", "subtree": "keep"}
				/a/p 1 x.y.a.internal
				/a/y.a 1 v1.x.org`,
			table: `
				a.internal. c.internal. 5 /a/a@1
				p.internal. x.y.a.internal. 5 /a/p@1
				y.a.internal. v1.x.org. 5 /a/y.a@1`,
			events: `
				alias a.internal. added: c.internal., ttl 5, subtree keep ({/a/a 1})
				alias p.internal. added: x.y.a.internal., ttl 5 ({/a/p 1})
				alias y.a.internal. added: v1.x.org., ttl 5 ({/a/y.a 1})`,
		}, {
			seen: `
				/a/a 1 {"to": "c.internal", "subtree": "keep"}
				/a/p 1 x.y.a.internal
				/a/y.a 1 v1.x.org
				/a/y.c 1 {"to": "y.a.internal", "subtree": "keep"}`,
			table: `
				a.internal. c.internal. 5 /a/a@1
				p.internal. x.y.a.internal. 5 /a/p@1
				y.a.internal. v1.x.org. 5 /a/y.a@1`,
			events:   "rejected {/a/y.c 1}: follow alias x.y.a.internal.: found the loop x.y.a.internal. x.y.c.internal. x.y.a.internal., want a target that does not lead back; no version of it is in force",
			rejected: "/a/y.c@1 loop internal.=1",
		}},
	}, {
		name:  "10: a bundle gives up an alias within a subtree, which then has the name, and makes a loop",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/p 1 {"to": "q.internal", "subtree": "keep"}
				/a/u.q 1 y.internal
				/a/y 1 u.p.internal
				/a/z 1 {"aliases": {"u.p": "v1.x.org"}}`,
			table: `
				p.internal. q.internal. 5 /a/p@1
				u.p.internal. v1.x.org. 5 /a/z@1
				u.q.internal. y.internal. 5 /a/u.q@1
				y.internal. u.p.internal. 5 /a/y@1`,
			events: `
				alias p.internal. added: q.internal., ttl 5, subtree keep ({/a/p 1})
				alias u.p.internal. added: v1.x.org., ttl 5 ({/a/z 1})
				alias u.q.internal. added: y.internal., ttl 5 ({/a/u.q 1})
				alias y.internal. added: u.p.internal., ttl 5 ({/a/y 1})`,
		}, {
			seen: `
				/a/p 1 {"to": "q.internal", "subtree": "keep"}
				/a/u.q 1 y.internal
				/a/y 1 u.p.internal
				/a/z 2 {"aliases": {}}`,
			table: `
				p.internal. q.internal. 5 /a/p@1
				u.p.internal. v1.x.org. 5 /a/z@1
				u.q.internal. y.internal. 5 /a/u.q@1
				y.internal. u.p.internal. 5 /a/y@1`,
			events:   "rejected {/a/z 2}: follow alias u.p.internal.: found the loop u.p.internal. u.q.internal. y.internal. u.p.internal., want a target that does not lead back; version 1 stays in force",
			rejected: "/a/z@2 loop internal.=1",
		}},
	}, {
		name:  "10: a subtree within another one goes, which then has its names, and makes a loop",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/p 1 {"to": "q.internal", "subtree": "keep"}
				/a/u.p 1 {"to": "v1.x.org", "subtree": "keep"}
				/a/x.u.q 1 y.internal
				/a/y 1 x.u.p.internal`,
			table: `
				p.internal. q.internal. 5 /a/p@1
				u.p.internal. v1.x.org. 5 /a/u.p@1
				x.u.q.internal. y.internal. 5 /a/x.u.q@1
				y.internal. x.u.p.internal. 5 /a/y@1`,
			events: `
				alias p.internal. added: q.internal., ttl 5, subtree keep ({/a/p 1})
				alias u.p.internal. added: v1.x.org., ttl 5, subtree keep ({/a/u.p 1})
				alias x.u.q.internal. added: y.internal., ttl 5 ({/a/x.u.q 1})
				alias y.internal. added: x.u.p.internal., ttl 5 ({/a/y 1})`,
		}, {
			seen: `
				/a/p 1 {"to": "q.internal", "subtree": "keep"}
				/a/u.p 2 v1.x.org
				/a/x.u.q 1 y.internal
				/a/y 1 x.u.p.internal`,
			table: `
				p.internal. q.internal. 5 /a/p@1
				u.p.internal. v1.x.org. 5 /a/u.p@1
				x.u.q.internal. y.internal. 5 /a/x.u.q@1
				y.internal. x.u.p.internal. 5 /a/y@1`,
			events:   "rejected {/a/u.p 2}: follow alias x.u.p.internal.: found the loop x.u.p.internal. x.u.q.internal. y.internal. x.u.p.internal., want a target that does not lead back; version 1 stays in force",
			rejected: "/a/u.p@2 loop internal.=1",
		}},
	}, {
		name:  "10: an alias within a subtree goes its own way, and ends what would be a loop",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/a 1 x.b.internal
				/a/b 1 {"to": "a.internal", "subtree": "collapse"}
				/a/x.b 1 v1.x.org`,
			table: `
				a.internal. x.b.internal. 5 /a/a@1
				b.internal. a.internal. 5 /a/b@1
				x.b.internal. v1.x.org. 5 /a/x.b@1`,
			events: `
				alias a.internal. added: x.b.internal., ttl 5 ({/a/a 1})
				alias b.internal. added: a.internal., ttl 5, subtree collapse ({/a/b 1})
				alias x.b.internal. added: v1.x.org., ttl 5 ({/a/x.b 1})`,
		}},
	}, {
		name:  "10: an alias that leads to a loop is not at fault for it",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/b 1 c.internal
				/a/c 1 b.internal
				/a/a 1 b.internal
				/a/z 1 c.internal`,
			table: `
				a.internal. b.internal. 5 /a/a@1
				b.internal. c.internal. 5 /a/b@1
				z.internal. c.internal. 5 /a/z@1`,
			events: `
				rejected {/a/c 1}: follow alias b.internal.: found the loop b.internal. c.internal. b.internal., want a target that does not lead back; no version of it is in force
				alias a.internal. added: b.internal., ttl 5 ({/a/a 1})
				alias b.internal. added: c.internal., ttl 5 ({/a/b 1})
				alias z.internal. added: c.internal., ttl 5 ({/a/z 1})`,
			rejected: "/a/c@1 loop internal.=1",
		}, {
			seen: `
				/a/b 1 c.internal
				/a/c 1 b.internal
				/a/a 1 b.internal
				/a/z 2 b.internal`,
			table: `
				a.internal. b.internal. 5 /a/a@1
				b.internal. c.internal. 5 /a/b@1
				z.internal. b.internal. 5 /a/z@2`,
			events:   "alias z.internal. flipped: c.internal. to b.internal. ({/a/z 2})",
			rejected: "/a/c@1 loop internal.=1",
		}},
	}, {
		name:  "an alias that leads to one that is at fault by itself comes into force in every sweep",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen:     "/a/a 1 a.internal",
			events:   "rejected {/a/a 1}: follow alias a.internal.: found the loop a.internal. a.internal., want a target that does not lead back; no version of it is in force",
			rejected: "/a/a@1 loop internal.=1",
		}, {
			seen: `
				/a/a 1 a.internal
				/a/b 1 a.internal`,
			table:    "b.internal. a.internal. 5 /a/b@1",
			events:   "alias b.internal. added: a.internal., ttl 5 ({/a/b 1})",
			rejected: "/a/a@1 loop internal.=1",
		}},
	}, {
		name:  "a candidate at fault by itself takes along none that leads to it, even in a sweep that adopts others",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/b 1 b.internal
				/a/new 1 v1.x.org
				/a/z 1 {"aliases": {"a": "b.internal"}}`,
			table: `
				a.internal. b.internal. 5 /a/z@1
				new.internal. v1.x.org. 5 /a/new@1`,
			events: `
				rejected {/a/b 1}: follow alias b.internal.: found the loop b.internal. b.internal., want a target that does not lead back; no version of it is in force
				alias a.internal. added: b.internal., ttl 5 ({/a/z 1})
				alias new.internal. added: v1.x.org., ttl 5 ({/a/new 1})`,
			rejected: "/a/b@1 loop internal.=1",
		}},
	}, {
		name:  "10: a good document is not kept out by a bad one that it would loop with",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/c 1 d.internal
				/a/d 1 e.internal
				/a/e 1 v1.x.org
				/a/i 1 d.internal`,
			table: `
				c.internal. d.internal. 5 /a/c@1
				d.internal. e.internal. 5 /a/d@1
				e.internal. v1.x.org. 5 /a/e@1
				i.internal. d.internal. 5 /a/i@1`,
			events: `
				alias c.internal. added: d.internal., ttl 5 ({/a/c 1})
				alias d.internal. added: e.internal., ttl 5 ({/a/d 1})
				alias e.internal. added: v1.x.org., ttl 5 ({/a/e 1})
				alias i.internal. added: d.internal., ttl 5 ({/a/i 1})`,
		}, {
			seen: `
				/a/c 1 d.internal
				/a/d 1 e.internal
				/a/e 2 i.internal
				/a/i 2 c.internal`,
			table: `
				c.internal. d.internal. 5 /a/c@1
				d.internal. e.internal. 5 /a/d@1
				e.internal. v1.x.org. 5 /a/e@1
				i.internal. c.internal. 5 /a/i@2`,
			events: `
				rejected {/a/e 2}: follow alias d.internal.: found the loop d.internal. e.internal. i.internal. d.internal., want a target that does not lead back; version 1 stays in force
				alias i.internal. flipped: d.internal. to c.internal. ({/a/i 2})`,
			rejected: "/a/e@2 loop internal.=1",
		}, {
			seen: `
				/a/c 1 d.internal
				/a/d 1 e.internal
				/a/e 2 i.internal
				/a/i 2 c.internal`,
			table: `
				c.internal. d.internal. 5 /a/c@1
				d.internal. e.internal. 5 /a/d@1
				e.internal. v1.x.org. 5 /a/e@1
				i.internal. c.internal. 5 /a/i@2`,
			events:   "rejected {/a/e 2}: follow alias c.internal.: found the loop c.internal. d.internal. e.internal. i.internal. c.internal., want a target that does not lead back; version 1 stays in force",
			rejected: "/a/e@2 loop internal.=1",
		}},
	}, {
		name:  "a good document is not kept out by a bad one that states its alias too and sorts first",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/p 1 {"aliases": {"web": "web.internal"}}
				/a/web 1 v1.x.org`,
			table: "web.internal. v1.x.org. 5 /a/web@1",
			events: `
				rejected {/a/p 1}: follow alias web.internal.: found the loop web.internal. web.internal., want a target that does not lead back; no version of it is in force
				alias web.internal. added: v1.x.org., ttl 5 ({/a/web 1})`,
			rejected: "/a/p@1 loop internal.=1",
		}, {
			seen: `
				/a/p 1 {"aliases": {"web": "web.internal"}}
				/a/web 1 v1.x.org`,
			table:    "web.internal. v1.x.org. 5 /a/web@1",
			events:   "rejected {/a/p 1}: place alias web.internal.: found it in parameter /a/web, want it in one parameter only; no version of it is in force",
			rejected: "/a/p@1 collision internal.=1",
		}, {
			seen: `
				/a/p 1 {"aliases": {"web": "web.internal"}}
				/a/web 1 v1.x.org`,
			table:    "web.internal. v1.x.org. 5 /a/web@1",
			rejected: "/a/p@1 collision internal.=1",
			same:     true,
		}},
	}, {
		name:  "good documents are not kept out by a bad one that states their aliases and sorts first, even in a sweep that adopts others",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/all 1 {"aliases": {"b": "b.internal", "web": "v2.x.org"}}
				/a/new 1 v1.x.org
				/a/p 1 {"aliases": {"b": "v1.x.org", "d": "v1.x.org"}}
				/a/web 1 v1.x.org`,
			table: `
				b.internal. v1.x.org. 5 /a/p@1
				d.internal. v1.x.org. 5 /a/p@1
				new.internal. v1.x.org. 5 /a/new@1
				web.internal. v1.x.org. 5 /a/web@1`,
			events: `
				rejected {/a/all 1}: follow alias b.internal.: found the loop b.internal. b.internal., want a target that does not lead back; no version of it is in force
				alias b.internal. added: v1.x.org., ttl 5 ({/a/p 1})
				alias d.internal. added: v1.x.org., ttl 5 ({/a/p 1})
				alias new.internal. added: v1.x.org., ttl 5 ({/a/new 1})
				alias web.internal. added: v1.x.org., ttl 5 ({/a/web 1})`,
			rejected: "/a/all@1 loop internal.=2",
		}},
	}, {
		name:  "10: one bundle lets go of a chain's head and adds its end, while another takes the head",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/p 1 {"aliases": {"a1": "a2.internal"}}
				/a/q 1 {"aliases": {"a2": "a3.internal", "a3": "a4.internal", "a4": "a5.internal", "a5": "a6.internal", "a6": "a7.internal", "a7": "a8.internal"}}`,
			table: `
				a1.internal. a2.internal. 5 /a/p@1
				a2.internal. a3.internal. 5 /a/q@1
				a3.internal. a4.internal. 5 /a/q@1
				a4.internal. a5.internal. 5 /a/q@1
				a5.internal. a6.internal. 5 /a/q@1
				a6.internal. a7.internal. 5 /a/q@1
				a7.internal. a8.internal. 5 /a/q@1`,
			events: `
				alias a1.internal. added: a2.internal., ttl 5 ({/a/p 1})
				alias a2.internal. added: a3.internal., ttl 5 ({/a/q 1})
				alias a3.internal. added: a4.internal., ttl 5 ({/a/q 1})
				alias a4.internal. added: a5.internal., ttl 5 ({/a/q 1})
				alias a5.internal. added: a6.internal., ttl 5 ({/a/q 1})
				alias a6.internal. added: a7.internal., ttl 5 ({/a/q 1})
				alias a7.internal. added: a8.internal., ttl 5 ({/a/q 1})`,
		}, {
			seen: `
				/a/a1 1 a2.internal
				/a/p 2 {"aliases": {"a8": "v1.x.org"}}
				/a/q 1 {"aliases": {"a2": "a3.internal", "a3": "a4.internal", "a4": "a5.internal", "a5": "a6.internal", "a6": "a7.internal", "a7": "a8.internal"}}`,
			table: `
				a2.internal. a3.internal. 5 /a/q@1
				a3.internal. a4.internal. 5 /a/q@1
				a4.internal. a5.internal. 5 /a/q@1
				a5.internal. a6.internal. 5 /a/q@1
				a6.internal. a7.internal. 5 /a/q@1
				a7.internal. a8.internal. 5 /a/q@1
				a8.internal. v1.x.org. 5 /a/p@2`,
			events: `
				rejected {/a/a1 1}: place alias a1.internal.: found it in parameter /a/p, want it in one parameter only; no version of it is in force
				alias a1.internal. removed: was a2.internal. ({/a/p 2})
				alias a8.internal. added: v1.x.org., ttl 5 ({/a/p 2})`,
			rejected: "/a/a1@1 collision internal.=1",
		}, {
			seen: `
				/a/a1 1 a2.internal
				/a/p 2 {"aliases": {"a8": "v1.x.org"}}
				/a/q 1 {"aliases": {"a2": "a3.internal", "a3": "a4.internal", "a4": "a5.internal", "a5": "a6.internal", "a6": "a7.internal", "a7": "a8.internal"}}`,
			table: `
				a2.internal. a3.internal. 5 /a/q@1
				a3.internal. a4.internal. 5 /a/q@1
				a4.internal. a5.internal. 5 /a/q@1
				a5.internal. a6.internal. 5 /a/q@1
				a6.internal. a7.internal. 5 /a/q@1
				a7.internal. a8.internal. 5 /a/q@1
				a8.internal. v1.x.org. 5 /a/p@2`,
			events:   "rejected {/a/a1 1}: follow alias a1.internal.: found the chain a1.internal. a2.internal. a3.internal. a4.internal. a5.internal. a6.internal. a7.internal. a8.internal., want at most 7 aliases in a row; no version of it is in force",
			rejected: "/a/a1@1 loop internal.=1",
		}},
	}, {
		name:  "10: a chain of seven; an eighth in front is refused",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/a 1 {"aliases": {"a1": "a2.internal", "a2": "a3.internal", "a3": "a4.internal", "a4": "a5.internal", "a5": "a6.internal", "a6": "a7.internal"}}
				/a/b 1 {"aliases": {"a7": "v1.x.org"}}`,
			table: `
				a1.internal. a2.internal. 5 /a/a@1
				a2.internal. a3.internal. 5 /a/a@1
				a3.internal. a4.internal. 5 /a/a@1
				a4.internal. a5.internal. 5 /a/a@1
				a5.internal. a6.internal. 5 /a/a@1
				a6.internal. a7.internal. 5 /a/a@1
				a7.internal. v1.x.org. 5 /a/b@1`,
			events: `
				alias a1.internal. added: a2.internal., ttl 5 ({/a/a 1})
				alias a2.internal. added: a3.internal., ttl 5 ({/a/a 1})
				alias a3.internal. added: a4.internal., ttl 5 ({/a/a 1})
				alias a4.internal. added: a5.internal., ttl 5 ({/a/a 1})
				alias a5.internal. added: a6.internal., ttl 5 ({/a/a 1})
				alias a6.internal. added: a7.internal., ttl 5 ({/a/a 1})
				alias a7.internal. added: v1.x.org., ttl 5 ({/a/b 1})`,
		}, {
			seen: `
				/a/a 1 {"aliases": {"a1": "a2.internal", "a2": "a3.internal", "a3": "a4.internal", "a4": "a5.internal", "a5": "a6.internal", "a6": "a7.internal"}}
				/a/a0 1 a1.internal
				/a/b 1 {"aliases": {"a7": "v1.x.org"}}`,
			table: `
				a1.internal. a2.internal. 5 /a/a@1
				a2.internal. a3.internal. 5 /a/a@1
				a3.internal. a4.internal. 5 /a/a@1
				a4.internal. a5.internal. 5 /a/a@1
				a5.internal. a6.internal. 5 /a/a@1
				a6.internal. a7.internal. 5 /a/a@1
				a7.internal. v1.x.org. 5 /a/b@1`,
			events:   "rejected {/a/a0 1}: follow alias a0.internal.: found the chain a0.internal. a1.internal. a2.internal. a3.internal. a4.internal. a5.internal. a6.internal. a7.internal., want at most 7 aliases in a row; no version of it is in force",
			rejected: "/a/a0@1 loop internal.=1",
		}},
	}, {
		name:  "10: a chain of seven, and one in force that leads below its head: a subtree there is refused",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/a 1 {"aliases": {"a2": "a3.internal", "a3": "a4.internal", "a4": "a5.internal", "a5": "a6.internal", "a6": "a7.internal", "a7": "v1.x.org"}}
				/a/a0 1 x.a1.internal`,
			table: `
				a0.internal. x.a1.internal. 5 /a/a0@1
				a2.internal. a3.internal. 5 /a/a@1
				a3.internal. a4.internal. 5 /a/a@1
				a4.internal. a5.internal. 5 /a/a@1
				a5.internal. a6.internal. 5 /a/a@1
				a6.internal. a7.internal. 5 /a/a@1
				a7.internal. v1.x.org. 5 /a/a@1`,
			events: `
				alias a0.internal. added: x.a1.internal., ttl 5 ({/a/a0 1})
				alias a2.internal. added: a3.internal., ttl 5 ({/a/a 1})
				alias a3.internal. added: a4.internal., ttl 5 ({/a/a 1})
				alias a4.internal. added: a5.internal., ttl 5 ({/a/a 1})
				alias a5.internal. added: a6.internal., ttl 5 ({/a/a 1})
				alias a6.internal. added: a7.internal., ttl 5 ({/a/a 1})
				alias a7.internal. added: v1.x.org., ttl 5 ({/a/a 1})`,
		}, {
			seen: `
				/a/a 1 {"aliases": {"a2": "a3.internal", "a3": "a4.internal", "a4": "a5.internal", "a5": "a6.internal", "a6": "a7.internal", "a7": "v1.x.org"}}
				/a/a0 1 x.a1.internal
				/a/a1 1 {"to": "a2.internal", "subtree": "collapse"}`,
			table: `
				a0.internal. x.a1.internal. 5 /a/a0@1
				a2.internal. a3.internal. 5 /a/a@1
				a3.internal. a4.internal. 5 /a/a@1
				a4.internal. a5.internal. 5 /a/a@1
				a5.internal. a6.internal. 5 /a/a@1
				a6.internal. a7.internal. 5 /a/a@1
				a7.internal. v1.x.org. 5 /a/a@1`,
			events:   "rejected {/a/a1 1}: follow alias a0.internal.: found the chain a0.internal. x.a1.internal. a2.internal. a3.internal. a4.internal. a5.internal. a6.internal. a7.internal., want at most 7 aliases in a row; no version of it is in force",
			rejected: "/a/a1@1 loop internal.=1",
		}},
	}, {
		name:  "10: a chain of seven; an eighth behind is refused, by a flip or a new alias",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/a 1 {"aliases": {"a1": "a2.internal", "a2": "a3.internal", "a3": "a4.internal", "a4": "a5.internal", "a5": "a6.internal", "a6": "a7.internal"}}
				/a/b 1 {"aliases": {"a7": "a8.internal"}}`,
			table: `
				a1.internal. a2.internal. 5 /a/a@1
				a2.internal. a3.internal. 5 /a/a@1
				a3.internal. a4.internal. 5 /a/a@1
				a4.internal. a5.internal. 5 /a/a@1
				a5.internal. a6.internal. 5 /a/a@1
				a6.internal. a7.internal. 5 /a/a@1
				a7.internal. a8.internal. 5 /a/b@1`,
			events: `
				alias a1.internal. added: a2.internal., ttl 5 ({/a/a 1})
				alias a2.internal. added: a3.internal., ttl 5 ({/a/a 1})
				alias a3.internal. added: a4.internal., ttl 5 ({/a/a 1})
				alias a4.internal. added: a5.internal., ttl 5 ({/a/a 1})
				alias a5.internal. added: a6.internal., ttl 5 ({/a/a 1})
				alias a6.internal. added: a7.internal., ttl 5 ({/a/a 1})
				alias a7.internal. added: a8.internal., ttl 5 ({/a/b 1})`,
		}, {
			seen: `
				/a/a 1 {"aliases": {"a1": "a2.internal", "a2": "a3.internal", "a3": "a4.internal", "a4": "a5.internal", "a5": "a6.internal", "a6": "a7.internal"}}
				/a/a8 1 v1.x.org
				/a/b 1 {"aliases": {"a7": "a8.internal"}}`,
			table: `
				a1.internal. a2.internal. 5 /a/a@1
				a2.internal. a3.internal. 5 /a/a@1
				a3.internal. a4.internal. 5 /a/a@1
				a4.internal. a5.internal. 5 /a/a@1
				a5.internal. a6.internal. 5 /a/a@1
				a6.internal. a7.internal. 5 /a/a@1
				a7.internal. a8.internal. 5 /a/b@1`,
			events:   "rejected {/a/a8 1}: follow alias a1.internal.: found the chain a1.internal. a2.internal. a3.internal. a4.internal. a5.internal. a6.internal. a7.internal. a8.internal., want at most 7 aliases in a row; no version of it is in force",
			rejected: "/a/a8@1 loop internal.=1",
		}, {
			seen: `
				/a/a 1 {"aliases": {"a1": "a2.internal", "a2": "a3.internal", "a3": "a4.internal", "a4": "a5.internal", "a5": "a6.internal", "a6": "a7.internal"}}
				/a/a8 1 v1.x.org
				/a/b 2 {"aliases": {"a7": "v2.x.org"}}`,
			table: `
				a1.internal. a2.internal. 5 /a/a@1
				a2.internal. a3.internal. 5 /a/a@1
				a3.internal. a4.internal. 5 /a/a@1
				a4.internal. a5.internal. 5 /a/a@1
				a5.internal. a6.internal. 5 /a/a@1
				a6.internal. a7.internal. 5 /a/a@1
				a7.internal. v2.x.org. 5 /a/b@2
				a8.internal. v1.x.org. 5 /a/a8@1`,
			events: `
				alias a7.internal. flipped: a8.internal. to v2.x.org. ({/a/b 2})
				alias a8.internal. added: v1.x.org., ttl 5 ({/a/a8 1})`,
		}, {
			seen: `
				/a/a 1 {"aliases": {"a1": "a2.internal", "a2": "a3.internal", "a3": "a4.internal", "a4": "a5.internal", "a5": "a6.internal", "a6": "a7.internal"}}
				/a/a8 1 v1.x.org
				/a/b 3 {"aliases": {"a7": "a8.internal"}}`,
			table: `
				a1.internal. a2.internal. 5 /a/a@1
				a2.internal. a3.internal. 5 /a/a@1
				a3.internal. a4.internal. 5 /a/a@1
				a4.internal. a5.internal. 5 /a/a@1
				a5.internal. a6.internal. 5 /a/a@1
				a6.internal. a7.internal. 5 /a/a@1
				a7.internal. v2.x.org. 5 /a/b@2
				a8.internal. v1.x.org. 5 /a/a8@1`,
			events:   "rejected {/a/b 3}: follow alias a1.internal.: found the chain a1.internal. a2.internal. a3.internal. a4.internal. a5.internal. a6.internal. a7.internal. a8.internal., want at most 7 aliases in a row; version 2 stays in force",
			rejected: "/a/b@3 loop internal.=1",
		}},
	}, {
		name:  "10: two chains of four that are joined",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/p 1 {"aliases": {"a1": "a2.internal", "a2": "a3.internal", "a3": "a4.internal"}}
				/a/q 1 {"aliases": {"b1": "b2.internal", "b2": "b3.internal", "b3": "b4.internal", "b4": "v1.x.org"}}
				/a/a4 1 v1.x.org`,
			table: `
				a1.internal. a2.internal. 5 /a/p@1
				a2.internal. a3.internal. 5 /a/p@1
				a3.internal. a4.internal. 5 /a/p@1
				a4.internal. v1.x.org. 5 /a/a4@1
				b1.internal. b2.internal. 5 /a/q@1
				b2.internal. b3.internal. 5 /a/q@1
				b3.internal. b4.internal. 5 /a/q@1
				b4.internal. v1.x.org. 5 /a/q@1`,
			events: `
				alias a1.internal. added: a2.internal., ttl 5 ({/a/p 1})
				alias a2.internal. added: a3.internal., ttl 5 ({/a/p 1})
				alias a3.internal. added: a4.internal., ttl 5 ({/a/p 1})
				alias a4.internal. added: v1.x.org., ttl 5 ({/a/a4 1})
				alias b1.internal. added: b2.internal., ttl 5 ({/a/q 1})
				alias b2.internal. added: b3.internal., ttl 5 ({/a/q 1})
				alias b3.internal. added: b4.internal., ttl 5 ({/a/q 1})
				alias b4.internal. added: v1.x.org., ttl 5 ({/a/q 1})`,
		}, {
			seen: `
				/a/p 1 {"aliases": {"a1": "a2.internal", "a2": "a3.internal", "a3": "a4.internal"}}
				/a/q 1 {"aliases": {"b1": "b2.internal", "b2": "b3.internal", "b3": "b4.internal", "b4": "v1.x.org"}}
				/a/a4 2 b1.internal`,
			table: `
				a1.internal. a2.internal. 5 /a/p@1
				a2.internal. a3.internal. 5 /a/p@1
				a3.internal. a4.internal. 5 /a/p@1
				a4.internal. v1.x.org. 5 /a/a4@1
				b1.internal. b2.internal. 5 /a/q@1
				b2.internal. b3.internal. 5 /a/q@1
				b3.internal. b4.internal. 5 /a/q@1
				b4.internal. v1.x.org. 5 /a/q@1`,
			events:   "rejected {/a/a4 2}: follow alias a1.internal.: found the chain a1.internal. a2.internal. a3.internal. a4.internal. b1.internal. b2.internal. b3.internal. b4.internal., want at most 7 aliases in a row; version 1 stays in force",
			rejected: "/a/a4@2 loop internal.=1",
		}, {
			seen: `
				/a/p 1 {"aliases": {"a1": "a2.internal", "a2": "a3.internal", "a3": "a4.internal"}}
				/a/q 1 {"aliases": {"b1": "b2.internal", "b2": "b3.internal", "b3": "b4.internal", "b4": "v1.x.org"}}
				/a/a4 3 b2.internal`,
			table: `
				a1.internal. a2.internal. 5 /a/p@1
				a2.internal. a3.internal. 5 /a/p@1
				a3.internal. a4.internal. 5 /a/p@1
				a4.internal. b2.internal. 5 /a/a4@3
				b1.internal. b2.internal. 5 /a/q@1
				b2.internal. b3.internal. 5 /a/q@1
				b3.internal. b4.internal. 5 /a/q@1
				b4.internal. v1.x.org. 5 /a/q@1`,
			events: "alias a4.internal. flipped: v1.x.org. to b2.internal. ({/a/a4 3})",
		}},
	}, {
		name:  "10: a chain of eight is refused too if its head is written anew, unchanged, in the sweep that adds its end",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/a 1 {"aliases": {"a2": "a3.internal", "a3": "a4.internal", "a4": "a5.internal", "a5": "a6.internal", "a6": "a7.internal", "a7": "a8.internal"}}
				/a/a1 1 a2.internal`,
			table: `
				a1.internal. a2.internal. 5 /a/a1@1
				a2.internal. a3.internal. 5 /a/a@1
				a3.internal. a4.internal. 5 /a/a@1
				a4.internal. a5.internal. 5 /a/a@1
				a5.internal. a6.internal. 5 /a/a@1
				a6.internal. a7.internal. 5 /a/a@1
				a7.internal. a8.internal. 5 /a/a@1`,
			events: `
				alias a1.internal. added: a2.internal., ttl 5 ({/a/a1 1})
				alias a2.internal. added: a3.internal., ttl 5 ({/a/a 1})
				alias a3.internal. added: a4.internal., ttl 5 ({/a/a 1})
				alias a4.internal. added: a5.internal., ttl 5 ({/a/a 1})
				alias a5.internal. added: a6.internal., ttl 5 ({/a/a 1})
				alias a6.internal. added: a7.internal., ttl 5 ({/a/a 1})
				alias a7.internal. added: a8.internal., ttl 5 ({/a/a 1})`,
		}, {
			seen: `
				/a/a 1 {"aliases": {"a2": "a3.internal", "a3": "a4.internal", "a4": "a5.internal", "a5": "a6.internal", "a6": "a7.internal", "a7": "a8.internal"}}
				/a/a1 2 {"to": "a2.internal", "ttl": 9}
				/a/a8 1 v1.x.org`,
			table: `
				a1.internal. a2.internal. 9 /a/a1@2
				a2.internal. a3.internal. 5 /a/a@1
				a3.internal. a4.internal. 5 /a/a@1
				a4.internal. a5.internal. 5 /a/a@1
				a5.internal. a6.internal. 5 /a/a@1
				a6.internal. a7.internal. 5 /a/a@1
				a7.internal. a8.internal. 5 /a/a@1`,
			events: `
				rejected {/a/a8 1}: follow alias a1.internal.: found the chain a1.internal. a2.internal. a3.internal. a4.internal. a5.internal. a6.internal. a7.internal. a8.internal., want at most 7 aliases in a row; no version of it is in force
				alias a1.internal. changed: a2.internal., ttl 9 ({/a/a1 2}); was ttl 5 in parameter /a/a1`,
			rejected: "/a/a8@1 loop internal.=1",
		}},
	}, {
		name:  "10: a chain of eight at the first load: the one that sorts last is at fault",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/a 1 {"aliases": {"a1": "a2.internal", "a2": "a3.internal", "a3": "a4.internal", "a4": "a5.internal", "a5": "a6.internal"}}
				/a/a7 1 a8.internal
				/a/a6 1 a7.internal
				/a/a8 1 v1.x.org`,
			table: `
				a1.internal. a2.internal. 5 /a/a@1
				a2.internal. a3.internal. 5 /a/a@1
				a3.internal. a4.internal. 5 /a/a@1
				a4.internal. a5.internal. 5 /a/a@1
				a5.internal. a6.internal. 5 /a/a@1
				a6.internal. a7.internal. 5 /a/a6@1
				a7.internal. a8.internal. 5 /a/a7@1`,
			events: `
				rejected {/a/a8 1}: follow alias a1.internal.: found the chain a1.internal. a2.internal. a3.internal. a4.internal. a5.internal. a6.internal. a7.internal. a8.internal., want at most 7 aliases in a row; no version of it is in force
				alias a1.internal. added: a2.internal., ttl 5 ({/a/a 1})
				alias a2.internal. added: a3.internal., ttl 5 ({/a/a 1})
				alias a3.internal. added: a4.internal., ttl 5 ({/a/a 1})
				alias a4.internal. added: a5.internal., ttl 5 ({/a/a 1})
				alias a5.internal. added: a6.internal., ttl 5 ({/a/a 1})
				alias a6.internal. added: a7.internal., ttl 5 ({/a/a6 1})
				alias a7.internal. added: a8.internal., ttl 5 ({/a/a7 1})`,
			rejected: "/a/a8@1 loop internal.=1",
		}},
	}, {
		name:  "10: a chain grows at one end and shrinks at the other in one sweep",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/a 1 {"aliases": {"a1": "a2.internal", "a2": "a3.internal", "a3": "a4.internal", "a4": "a5.internal", "a5": "a6.internal", "a6": "a7.internal", "a7": "v1.x.org"}}`,
			table: `
				a1.internal. a2.internal. 5 /a/a@1
				a2.internal. a3.internal. 5 /a/a@1
				a3.internal. a4.internal. 5 /a/a@1
				a4.internal. a5.internal. 5 /a/a@1
				a5.internal. a6.internal. 5 /a/a@1
				a6.internal. a7.internal. 5 /a/a@1
				a7.internal. v1.x.org. 5 /a/a@1`,
			events: `
				alias a1.internal. added: a2.internal., ttl 5 ({/a/a 1})
				alias a2.internal. added: a3.internal., ttl 5 ({/a/a 1})
				alias a3.internal. added: a4.internal., ttl 5 ({/a/a 1})
				alias a4.internal. added: a5.internal., ttl 5 ({/a/a 1})
				alias a5.internal. added: a6.internal., ttl 5 ({/a/a 1})
				alias a6.internal. added: a7.internal., ttl 5 ({/a/a 1})
				alias a7.internal. added: v1.x.org., ttl 5 ({/a/a 1})`,
		}, {
			seen: `
				/a/a 2 {"aliases": {"a1": "a2.internal", "a2": "a3.internal", "a3": "a4.internal", "a4": "a5.internal", "a5": "a6.internal", "a6": "v1.x.org"}}
				/a/a0 1 a1.internal`,
			table: `
				a0.internal. a1.internal. 5 /a/a0@1
				a1.internal. a2.internal. 5 /a/a@2
				a2.internal. a3.internal. 5 /a/a@2
				a3.internal. a4.internal. 5 /a/a@2
				a4.internal. a5.internal. 5 /a/a@2
				a5.internal. a6.internal. 5 /a/a@2
				a6.internal. v1.x.org. 5 /a/a@2`,
			events: `
				alias a0.internal. added: a1.internal., ttl 5 ({/a/a0 1})
				alias a6.internal. flipped: a7.internal. to v1.x.org. ({/a/a 2})
				alias a7.internal. removed: was v1.x.org. ({/a/a 2})`,
		}},
	}, {
		name:  "a fault of another kind is said again",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/p 1 {"aliases": {"a": "v1.x.org"}}
				/a/q 1 {"aliases": {"a": "b.internal", "b": "a.internal"}}`,
			table: "a.internal. v1.x.org. 5 /a/p@1",
			events: `
				rejected {/a/q 1}: place alias a.internal.: found it in parameter /a/p, want it in one parameter only; no version of it is in force
				alias a.internal. added: v1.x.org., ttl 5 ({/a/p 1})`,
			rejected: "/a/q@1 collision internal.=2",
		}, {
			seen: `
				/a/p 2 {"aliases": {}}
				/a/q 1 {"aliases": {"a": "b.internal", "b": "a.internal"}}`,
			events: `
				rejected {/a/q 1}: follow alias a.internal.: found the loop a.internal. b.internal. a.internal., want a target that does not lead back; no version of it is in force
				alias a.internal. removed: was v1.x.org. ({/a/p 2})`,
			rejected: "/a/q@1 loop internal.=2",
		}},
	}, {
		name:  "a parameter that comes back as another version",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen:   "/a/cache 1 v1.x.org",
			table:  "cache.internal. v1.x.org. 5 /a/cache@1",
			events: "alias cache.internal. added: v1.x.org., ttl 5 ({/a/cache 1})",
		}, {
			at:    10 * s,
			table: "cache.internal. v1.x.org. 5 /a/cache@1",
		}, {
			at:     50 * s,
			seen:   "/a/cache 2 v2.x.org",
			table:  "cache.internal. v2.x.org. 5 /a/cache@2",
			events: "alias cache.internal. flipped: v1.x.org. to v2.x.org. ({/a/cache 2})",
		}, {
			at:    60 * s,
			table: "cache.internal. v2.x.org. 5 /a/cache@2",
		}, {
			at:       70 * s,
			seen:     "/a/cache 3 v3",
			table:    "cache.internal. v2.x.org. 5 /a/cache@2",
			events:   `rejected {/a/cache 3}: parse target: found "v3", want an absolute name of at least two labels; version 2 stays in force`,
			rejected: "/a/cache@3 syntax internal.=1",
		}},
	}, {
		name:  "a parameter whose document is rejected goes as well",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen:     "/a/cache 1 v1",
			events:   `rejected {/a/cache 1}: parse target: found "v1", want an absolute name of at least two labels; no version of it is in force`,
			rejected: "/a/cache@1 syntax internal.=1",
		}, {
			at:       10 * s,
			rejected: "/a/cache@1 syntax internal.=1",
		}, {
			at:       20 * s,
			asked:    "/a/cache",
			rejected: "/a/cache@1 syntax internal.=1",
		}, {
			at:    30 * s,
			asked: "/a/cache",
		}, {
			at:   50 * s,
			same: true,
		}, {
			at:       60 * s,
			seen:     "/a/cache 1 v1",
			events:   `rejected {/a/cache 1}: parse target: found "v1", want an absolute name of at least two labels; no version of it is in force`,
			rejected: "/a/cache@1 syntax internal.=1",
		}},
	}, {
		name:  "a parameter is gone, and the bundle that takes over loops: it stays until that is mended",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen:   "/a/x 1 v1.x.org",
			table:  "x.internal. v1.x.org. 5 /a/x@1",
			events: "alias x.internal. added: v1.x.org., ttl 5 ({/a/x 1})",
		}, {
			at:       10 * s,
			seen:     `/a/all 1 {"aliases": {"n": "n.internal", "x": "v1.x.org"}}`,
			table:    "x.internal. v1.x.org. 5 /a/x@1",
			events:   "rejected {/a/all 1}: place alias x.internal.: found it in parameter /a/x, want it in one parameter only; no version of it is in force",
			rejected: "/a/all@1 collision internal.=2",
		}, {
			at:       10 * s,
			asked:    "/a/x",
			table:    "x.internal. v1.x.org. 5 /a/x@1",
			rejected: "/a/all@1 collision internal.=2",
		}, {
			at:       20 * s,
			asked:    "/a/x",
			table:    "x.internal. v1.x.org. 5 /a/x@1",
			events:   "rejected {/a/all 1}: follow alias n.internal.: found the loop n.internal. n.internal., want a target that does not lead back; no version of it is in force",
			rejected: "/a/all@1 loop internal.=2",
		}, {
			at:       30 * s,
			seen:     `/a/all 1 {"aliases": {"n": "n.internal", "x": "v1.x.org"}}`,
			table:    "x.internal. v1.x.org. 5 /a/x@1",
			rejected: "/a/all@1 loop internal.=2",
			same:     true,
		}, {
			at:       40 * s,
			seen:     `/a/all 2 {"aliases": {"n": "?", "x": "v1.x.org"}}`,
			table:    "x.internal. v1.x.org. 5 /a/x@1",
			events:   `rejected {/a/all 2}: parse aliases["n"]: found "?" with '?' in it, want only letters, digits, '-', '_' and dots; no version of it is in force`,
			rejected: "/a/all@2 syntax internal.=1",
		}, {
			at:   50 * s,
			seen: `/a/all 3 {"aliases": {"n": "v1.x.org", "x": "v1.x.org"}}`,
			table: `
				n.internal. v1.x.org. 5 /a/all@3
				x.internal. v1.x.org. 5 /a/all@3`,
			events: `
				alias n.internal. added: v1.x.org., ttl 5 ({/a/all 3})
				alias x.internal. changed: v1.x.org., ttl 5 ({/a/all 3}); was ttl 5 in parameter /a/x`,
		}},
	}, {
		name:  "a parameter is gone, and the bundle that takes over states what a new one does: it stays",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/a 1 v1.x.org
				/a/x 1 v1.x.org`,
			table: `
				a.internal. v1.x.org. 5 /a/a@1
				x.internal. v1.x.org. 5 /a/x@1`,
			events: `
				alias a.internal. added: v1.x.org., ttl 5 ({/a/a 1})
				alias x.internal. added: v1.x.org., ttl 5 ({/a/x 1})`,
		}, {
			at:   10 * s,
			seen: "/a/a 1 v1.x.org",
			table: `
				a.internal. v1.x.org. 5 /a/a@1
				x.internal. v1.x.org. 5 /a/x@1`,
		}, {
			at:    10 * s,
			asked: "/a/x",
			table: `
				a.internal. v1.x.org. 5 /a/a@1
				x.internal. v1.x.org. 5 /a/x@1`,
		}, {
			at:    20 * s,
			asked: "/a/x",
			seen: `
				/a/b 1 v1.x.org
				/a/p 1 {"aliases": {"b": "v2.x.org", "x": "v2.x.org"}}`,
			table: `
				a.internal. v1.x.org. 5 /a/a@1
				b.internal. v1.x.org. 5 /a/b@1
				x.internal. v1.x.org. 5 /a/x@1`,
			events: `
				rejected {/a/p 1}: place alias b.internal.: found it in parameter /a/b, want it in one parameter only; no version of it is in force
				alias b.internal. added: v1.x.org., ttl 5 ({/a/b 1})`,
			rejected: "/a/p@1 collision internal.=2",
		}},
	}, {
		name:  "a document that waits for a name does not come into force while it is missing",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/p 1 {"aliases": {"web": "v1.x.org"}}
				/a/q 1 {"aliases": {"web": "v2.x.org"}}`,
			table: "web.internal. v1.x.org. 5 /a/p@1",
			events: `
				rejected {/a/q 1}: place alias web.internal.: found it in parameter /a/p, want it in one parameter only; no version of it is in force
				alias web.internal. added: v1.x.org., ttl 5 ({/a/p 1})`,
			rejected: "/a/q@1 collision internal.=1",
		}, {
			at:       10 * s,
			seen:     `/a/p 2 {"aliases": {}}`,
			events:   "alias web.internal. removed: was v1.x.org. ({/a/p 2})",
			rejected: "/a/q@1 collision internal.=1",
		}, {
			at: 20 * s,
			seen: `
				/a/p 2 {"aliases": {}}
				/a/q 1 {"aliases": {"web": "v2.x.org"}}`,
			table:  "web.internal. v2.x.org. 5 /a/q@1",
			events: "alias web.internal. added: v2.x.org., ttl 5 ({/a/q 1})",
		}},
	}, {
		name:  "a file that is being written keeps the last good in silence",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: "/a/cache 1 WRITING",
		}, {
			seen: "/a/cache 1 WRITING",
			same: true,
		}, {
			seen:   "/a/cache 2 v1.x.org",
			table:  "cache.internal. v1.x.org. 5 /a/cache@2",
			events: "alias cache.internal. added: v1.x.org., ttl 5 ({/a/cache 2})",
		}, {
			seen:  "/a/cache 3 WRITING",
			table: "cache.internal. v1.x.org. 5 /a/cache@2",
			same:  true,
		}, {
			at:    100 * s,
			seen:  "/a/cache 3 WRITING",
			table: "cache.internal. v1.x.org. 5 /a/cache@2",
			same:  true,
		}, {
			at:     101 * s,
			seen:   "/a/cache 4 v2.x.org",
			table:  "cache.internal. v2.x.org. 5 /a/cache@4",
			events: "alias cache.internal. flipped: v1.x.org. to v2.x.org. ({/a/cache 4})",
		}},
	}, {
		name:  "a file that is being written is not missing, and stays rejected if it was",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen:     "/a/cache 1 v1",
			events:   `rejected {/a/cache 1}: parse target: found "v1", want an absolute name of at least two labels; no version of it is in force`,
			rejected: "/a/cache@1 syntax internal.=1",
		}, {
			at:       10 * s,
			rejected: "/a/cache@1 syntax internal.=1",
		}, {
			at:       10 * s,
			asked:    "/a/cache",
			rejected: "/a/cache@1 syntax internal.=1",
		}, {
			at:       20 * s,
			asked:    "/a/cache",
			seen:     "/a/cache 2 WRITING",
			rejected: "/a/cache@1 syntax internal.=1",
		}, {
			at:       30 * s,
			rejected: "/a/cache@1 syntax internal.=1",
		}, {
			at:       30 * s,
			asked:    "/a/cache",
			rejected: "/a/cache@1 syntax internal.=1",
		}, {
			at:    40 * s,
			asked: "/a/cache",
		}},
	}, {
		name:  "a parameter of a wrong type: said once, again if it is another; the last good stays",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen:     "/a/cache 1 PROBLEM found type SecureString, want String",
			events:   "rejected {/a/cache 1}: found type SecureString, want String; no version of it is in force",
			rejected: "/a/cache@1 type internal.=1",
		}, {
			seen:     "/a/cache 1 PROBLEM found type SecureString, want String",
			rejected: "/a/cache@1 type internal.=1",
			same:     true,
		}, {
			seen:   "/a/cache 2 v1.x.org",
			table:  "cache.internal. v1.x.org. 5 /a/cache@2",
			events: "alias cache.internal. added: v1.x.org., ttl 5 ({/a/cache 2})",
		}, {
			seen:     "/a/cache 3 PROBLEM found type StringList, want String",
			table:    "cache.internal. v1.x.org. 5 /a/cache@2",
			events:   "rejected {/a/cache 3}: found type StringList, want String; version 2 stays in force",
			rejected: "/a/cache@3 type internal.=1",
		}, {
			seen:     "/a/cache 3 PROBLEM found a directory, want a file",
			table:    "cache.internal. v1.x.org. 5 /a/cache@2",
			events:   "rejected {/a/cache 3}: found a directory, want a file; version 2 stays in force",
			rejected: "/a/cache@3 type internal.=1",
		}, {
			seen:  "/a/cache 4 v1.x.org",
			table: "cache.internal. v1.x.org. 5 /a/cache@4",
		}},
	}, {
		name:  "an alias outside the zones",
		zones: "corp.internal. example.org.",
		lines: "ssm /a",
		sweeps: []sweep{{
			seen: `
				/a/cache.internal. 1 v1.x.org`,
			events: `
				rejected {/a/cache.internal. 1}: parse last element: found cache.internal., want a name in one of the zones corp.internal. example.org.; no version of it is in force`,
			rejected: `
				/a/cache.internal.@1 zone corp.internal.=1 example.org.=1`,
		}},
	}, {
		name:  "what is held back, by zone: what is in force, or what is stated, or one in each",
		zones: "corp.internal. example.org.",
		lines: "ssm /a\nalias mail.example.org /p/mail",
		sweeps: []sweep{{
			seen: `
				/a/all 1 {"aliases": {"a": "v1.x.org", "b.corp.internal": "v1.x.org"}}
				/a/dup 1 {"aliases": {"b.corp.internal": "v1.x.org", "c.example.org": "v1.x.org", "mail.example.org": "v1.x.org"}}
				/a/what 1 ?
				/p/mail 1 ?`,
			table: `
				a.corp.internal. v1.x.org. 5 /a/all@1
				a.example.org. v1.x.org. 5 /a/all@1
				b.corp.internal. v1.x.org. 5 /a/all@1`,
			events: `
				rejected {/a/dup 1}: place alias b.corp.internal.: found it in parameter /a/all, want it in one parameter only; no version of it is in force
				rejected {/a/what 1}: parse target: found "?" with '?' in it, want only letters, digits, '-', '_' and dots; no version of it is in force
				rejected {/p/mail 1}: parse target: found "?" with '?' in it, want only letters, digits, '-', '_' and dots; no version of it is in force
				alias a.corp.internal. added: v1.x.org., ttl 5 ({/a/all 1})
				alias a.example.org. added: v1.x.org., ttl 5 ({/a/all 1})
				alias b.corp.internal. added: v1.x.org., ttl 5 ({/a/all 1})`,
			rejected: `
				/a/dup@1 collision corp.internal.=1 example.org.=1
				/a/what@1 syntax corp.internal.=1 example.org.=1
				/p/mail@1 syntax example.org.=1`,
		}, {
			seen: `
				/a/all 2 {"aliases": {"c.example.org": 1}}
				/a/dup 1 {"aliases": {"b.corp.internal": "v1.x.org", "c.example.org": "v1.x.org", "mail.example.org": "v1.x.org"}}
				/a/what 1 ?
				/p/mail 1 ?`,
			table: `
				a.corp.internal. v1.x.org. 5 /a/all@1
				a.example.org. v1.x.org. 5 /a/all@1
				b.corp.internal. v1.x.org. 5 /a/all@1`,
			events: `rejected {/a/all 2}: parse aliases["c.example.org"]: found 1, want a target or an object; version 1 stays in force`,
			rejected: `
				/a/all@2 syntax corp.internal.=2 example.org.=1
				/a/dup@1 collision corp.internal.=1 example.org.=1
				/a/what@1 syntax corp.internal.=1 example.org.=1
				/p/mail@1 syntax example.org.=1`,
		}},
	}} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.zones == "" {
				tt.zones = "internal."
			}
			lines := linesOf(t, tt.zones, tt.lines)
			l := New(lines, trust)
			for i, s := range tt.sweeps {
				next, events := apply(t, l, refsOf(t, lines, s.asked), seenOf(t, lines, s.seen), epoch.Add(s.at))
				if got, want := tableText(next.Table()), spelled(s.table); got != want {
					t.Errorf("sweep %d: table got\n%swant\n%s", i, got, want)
				}
				if first := slices.IndexFunc(events, func(e Event) bool { return e.Kind == Added }); l.Table().Len() == 0 && first >= 0 {
					// At first they are in the order of their documents.
					slices.SortFunc(events[first:], func(a, b Event) int { return cmp.Compare(a.After.Name, b.After.Name) })
				}
				if got, want := eventText(events), spelled(s.events); got != want {
					t.Errorf("sweep %d: events got\n%swant\n%s", i, got, want)
				}
				if got, want := rejectionText(next.Rejections()), spelled(s.rejected); got != want {
					t.Errorf("sweep %d: rejections got\n%swant\n%s", i, got, want)
				}
				if same := next == l; same != s.same {
					t.Errorf("sweep %d: the same ledger got %v, want %v", i, same, s.same)
				}
				l = next
			}
		})
	}
}
