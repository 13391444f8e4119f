package ledger

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/octoenergy/versionalias/plugin/alias"
)

var verifying = Trust{Interval: interval, Verify: true}

// probeOf is what "TARGET" or "TARGET CHECK" names.
func probeOf(t *testing.T, text string) Probe {
	t.Helper()
	target, check, _ := strings.Cut(text, " ")
	document := fmt.Sprintf(`{"to": %q, "check": %q}`, target, cmp.Or(check, "address"))
	aliases, err := alias.Rule{Zones: []alias.Name{"internal."}}.Read("x", document)
	if err != nil {
		t.Fatal(err)
	}
	return Probe{aliases[0].Target, aliases[0].Check}
}

// probesText is the probes that are due at now, and when the next ones are.
func probesText(l *Ledger, now time.Time) string {
	due, next := l.Probes(now, 100)
	var list []string
	for _, p := range due {
		list = append(list, strings.TrimSuffix(fmt.Sprintf("%s %s", p.Target, p.Check), " address"))
	}
	slices.Sort(list)
	text := strings.Join(list, ", ")
	if !next.IsZero() {
		text = strings.TrimPrefix(fmt.Sprintf("%s; next at %v", text, next.Sub(epoch)), "; ")
	}
	return text
}

// waitingText is the aliases that wait, in lines "NAME PARAMETER@VERSION: REASON".
func waitingText(l *Ledger) string {
	var b strings.Builder
	for _, w := range l.Waiting() {
		fmt.Fprintf(&b, "%s %s@%d: %v\n", w.Name, w.Source.Parameter, w.Source.Version, w.Err)
	}
	return b.String()
}

// A turn is a sweep, or an answer to a probe: "PROBE = ERROR", with ok for none, "over NAME ..."
// for none of a target that leads over these, and "unasked" in front of one if there was no way
// to ask.
type turn struct {
	at      time.Duration
	seen    string
	answer  string
	late    bool // it was asked for before the turn before
	table   string
	events  string
	probes  string
	waiting string
}

func (tt turn) apply(t *testing.T, l *Ledger, lines []Line, asked *alias.Table) (*Ledger, []Event) {
	t.Helper()
	now := epoch.Add(tt.at)
	if tt.answer == "" {
		return l.Apply(seenOf(t, lines, tt.seen), now)
	}
	var answers []Answer
	for line := range strings.Lines(tt.answer) {
		probe, err, ok := strings.Cut(strings.TrimSpace(line), " = ")
		if !ok {
			continue
		}
		a := Answer{Probe: probeOf(t, probe), Table: asked}
		over, passes := strings.CutPrefix(err, "over ")
		if passes {
			for _, name := range strings.Fields(over) {
				a.Over = append(a.Over, alias.Name(name))
			}
		} else if err, a.Unasked = strings.CutPrefix(err, "unasked "); err != "ok" {
			a.Err = errors.New(err)
		}
		answers = append(answers, a)
	}
	return l.ApplyAnswers(answers, now)
}

func TestVerify(t *testing.T) {
	const (
		s         = time.Second
		first     = "/a/cache 1 v1.x.org"
		added     = "alias cache.internal. added: v1.x.org., ttl 5 ({/a/cache 1})"
		v1        = "cache.internal. v1.x.org. 5 /a/cache@1"
		v2        = "cache.internal. v2.x.org. 5 /a/cache@2"
		toV2      = "/a/cache 2 v2.x.org"
		flip      = "alias cache.internal. flipped: v1.x.org. to v2.x.org. ({/a/cache 2})"
		back      = "/a/cache 3 v1.x.org"
		passes    = "v1.x.org = ok"
		leadsBack = "verify target v2.x.org.: found that it leads back to alias cache.internal., want a target that does not"
		ofB       = "verify target v2.x.org.: found that it leads back to alias b.internal., want a target that does not"
		ofD       = "verify target v3.x.org.: found that it leads back to alias d.internal., want a target that does not"
		overD     = "verify target d.internal.: found that it leads back to alias b.internal., want a target that does not"
		overHeld  = "verify target x.b.internal.: found that it leads back to alias d.internal., want a target that does not"
		keep      = `{"to": "v1.x.org", "subtree": "keep"}`
		heldBelow = "/a/b 1 " + keep + "\n/a/x.b 1 what?\n"
		below     = "b.internal. v1.x.org. 5 /a/b@1\n"
		bad       = `parse target: found "what?" with '?' in it, want only letters, digits, '-', '_' and dots`
		two       = "b.internal. v1.x.org. 5 /a/b@1\nd.internal. v1.x.org. 5 /a/d@1"
		moving    = `/a/d 1 {"from": "v1.x.org", "to": "b.internal", "start": "2027-01-01T00:00:00Z"}`
		bd        = "b.internal. v1.x.org. 5 /a/p@1\nd.internal. v1.x.org. 5 /a/p@1"
		bundle    = `/a/p 2 {"aliases": {"b": "x.d.internal", "d": {"to": "v2.x.org", "subtree": "keep"}}}`
		ofP2      = "b.internal. /a/p@2: <nil>\nd.internal. /a/p@2: <nil>"
		kept      = first + "\n" + `/a/a 1 {"aliases": {"x": "y.internal", "y": "x.internal"}}` + "\n/a/x 1 w1.x.org\n/a/y 1 w2.x.org\n/a/z 1 w3.x.org"
	)
	loaded := turn{seen: first, table: v1, events: added, probes: "v1.x.org."}
	verified := turn{answer: passes, table: v1}
	loadedTwo := turn{seen: "/a/b 1 v1.x.org\n/a/d 1 v1.x.org", table: two, probes: "v1.x.org.",
		events: "alias b.internal. added: v1.x.org., ttl 5 ({/a/b 1})\nalias d.internal. added: v1.x.org., ttl 5 ({/a/d 1})"}
	verifiedTwo := turn{answer: passes, table: two}
	for _, tt := range []struct {
		name  string
		lines string
		turns []turn
	}{{
		name: "the first load is adopted at once, and verified afterwards",
		turns: []turn{loaded,
			{at: 1 * s, answer: "v1.x.org = found NXDOMAIN, want an address", table: v1, probes: "next at 2s",
				events: "target v1.x.org. is in force, and does not verify: found NXDOMAIN, want an address"},
			{at: 2 * s, answer: "v1.x.org = found NXDOMAIN, want an address", table: v1, probes: "next at 4s"},
			{at: 4 * s, answer: "v1.x.org = found SERVFAIL, want an address", table: v1, probes: "next at 8s"},
			{at: 8 * s, answer: passes, table: v1, events: "target v1.x.org. verifies by now"},
			{at: 9 * s, seen: first, table: v1},
		},
	}, {
		name: "what cannot be asked yet is nothing to tell of what is in force",
		turns: []turn{loaded,
			{answer: "v1.x.org = unasked found no query, want one", table: v1, probes: "next at 1s"},
			{at: 1 * s, answer: passes, table: v1},
		},
	}, {
		name: "a flip waits until it verifies, with longer and longer pauses",
		turns: []turn{loaded, verified,
			{at: 10 * s, seen: toV2, table: v1, probes: "v2.x.org.", waiting: "cache.internal. /a/cache@2: <nil>"},
			{at: 10 * s, answer: "v2.x.org = found NXDOMAIN, want an address", table: v1, probes: "next at 11s",
				events:  "pending {/a/cache 2}: verify target v2.x.org.: found NXDOMAIN, want an address; version 1 stays in force",
				waiting: "cache.internal. /a/cache@2: verify target v2.x.org.: found NXDOMAIN, want an address"},
			{at: 11 * s, answer: "v2.x.org = found NXDOMAIN, want an address", table: v1, probes: "next at 13s",
				waiting: "cache.internal. /a/cache@2: verify target v2.x.org.: found NXDOMAIN, want an address"},
			{at: 13 * s, answer: "v2.x.org = found no record, want an address", table: v1, probes: "next at 17s",
				waiting: "cache.internal. /a/cache@2: verify target v2.x.org.: found no record, want an address"},
			{at: 17 * s, seen: toV2, table: v1, probes: "v2.x.org.", waiting: "cache.internal. /a/cache@2: verify target v2.x.org.: found no record, want an address"},
			{at: 17 * s, answer: "v2.x.org = ok", table: v2, events: flip},
			{at: 20 * s, seen: toV2, table: v2},
		},
	}, {
		name: "what cannot be asked any more, after a reload, is neither better nor worse than before",
		turns: []turn{loaded,
			{answer: "v1.x.org = no", table: v1, probes: "next at 1s", events: "target v1.x.org. is in force, and does not verify: no"},
			{at: 1 * s, answer: "v1.x.org = unasked found no query, want one", table: v1, probes: "next at 3s"},
			{at: 3 * s, answer: "v1.x.org = no", table: v1, probes: "next at 7s"},
			{at: 7 * s, answer: passes, table: v1, events: "target v1.x.org. verifies by now"},
		},
	}, {
		name: "what a document waits for is said of each target once, however it reads, and again of another document",
		turns: []turn{loaded, verified,
			{seen: `/a/cache 2 {"from": "v2.x.org", "to": "v3.x.org", "percent": 1}`, table: v1, probes: "v2.x.org., v3.x.org.", waiting: "cache.internal. /a/cache@2: <nil>"},
			{answer: "v3.x.org = unasked found no query, want one", table: v1, probes: "v2.x.org.; next at 1s", waiting: "cache.internal. /a/cache@2: verify target v3.x.org.: found no query, want one",
				events: "pending {/a/cache 2}: verify target v3.x.org.: found no query, want one; version 1 stays in force"},
			{answer: "v3.x.org = read 192.0.2.1:53: i/o timeout", table: v1, probes: "v2.x.org.; next at 2s", waiting: "cache.internal. /a/cache@2: verify target v3.x.org.: read 192.0.2.1:53: i/o timeout",
				events: "pending {/a/cache 2}: verify target v3.x.org.: read 192.0.2.1:53: i/o timeout; version 1 stays in force"},
			{answer: "v3.x.org = read 192.0.2.2:53: i/o timeout", table: v1, probes: "v2.x.org.; next at 4s", waiting: "cache.internal. /a/cache@2: verify target v3.x.org.: read 192.0.2.2:53: i/o timeout"},
			{answer: "v3.x.org = ok\nv2.x.org = no", table: v1, probes: "next at 1s", waiting: "cache.internal. /a/cache@2: verify target v2.x.org.: no",
				events: "pending {/a/cache 2}: verify target v2.x.org.: no; version 1 stays in force"},
			{answer: "v3.x.org = no", table: v1, probes: "next at 1s", waiting: "cache.internal. /a/cache@2: verify target v3.x.org.: no"},
			{seen: "/a/cache 3 v3.x.org", table: v1, probes: "next at 1s", waiting: "cache.internal. /a/cache@3: verify target v3.x.org.: no",
				events: "pending {/a/cache 3}: verify target v3.x.org.: no; version 1 stays in force"},
		},
	}, {
		name: "the longest pause",
		turns: []turn{loaded, verified,
			{seen: toV2, table: v1, probes: "v2.x.org.", waiting: "cache.internal. /a/cache@2: <nil>"},
			{answer: strings.Repeat("v2.x.org = no\n", 5), table: v1, probes: "next at 16s", events: "pending {/a/cache 2}: verify target v2.x.org.: no; version 1 stays in force", waiting: "cache.internal. /a/cache@2: verify target v2.x.org.: no"},
			{answer: "v2.x.org = no", table: v1, probes: "next at 30s", waiting: "cache.internal. /a/cache@2: verify target v2.x.org.: no"},
			{answer: strings.Repeat("v2.x.org = no\n", 80), table: v1, probes: "next at 30s", waiting: "cache.internal. /a/cache@2: verify target v2.x.org.: no"},
		},
	}, {
		name: "a rollback is adopted at once, whatever was found of its target",
		turns: []turn{loaded, verified,
			{seen: toV2, table: v1, probes: "v2.x.org.", waiting: "cache.internal. /a/cache@2: <nil>"},
			{answer: "v2.x.org = ok", table: v2, events: flip},
			{at: 1 * s, seen: back, table: "cache.internal. v1.x.org. 5 /a/cache@3", events: "alias cache.internal. flipped: v2.x.org. to v1.x.org. ({/a/cache 3})"},
			{at: 2 * s, seen: "/a/cache 4 v2.x.org", table: "cache.internal. v2.x.org. 5 /a/cache@4", events: "alias cache.internal. flipped: v1.x.org. to v2.x.org. ({/a/cache 4})"},
			{at: 3 * s, seen: "/a/cache 5 v3.x.org", table: "cache.internal. v2.x.org. 5 /a/cache@4", probes: "v3.x.org.", waiting: "cache.internal. /a/cache@5: <nil>"},
			{at: 4 * s, seen: "/a/cache 6 v1.x.org", table: "cache.internal. v1.x.org. 5 /a/cache@6", events: "alias cache.internal. flipped: v2.x.org. to v1.x.org. ({/a/cache 6})"},
		},
	}, {
		name: "what was in force before that is to be verified again",
		turns: []turn{loaded, verified,
			{seen: "/a/cache 2 v2.x.org", table: v1, probes: "v2.x.org.", waiting: "cache.internal. /a/cache@2: <nil>"},
			{answer: "v2.x.org = ok", table: v2, events: flip},
			{seen: "/a/cache 3 v3.x.org", table: v2, probes: "v3.x.org.", waiting: "cache.internal. /a/cache@3: <nil>"},
			{answer: "v3.x.org = ok", table: "cache.internal. v3.x.org. 5 /a/cache@3", events: "alias cache.internal. flipped: v2.x.org. to v3.x.org. ({/a/cache 3})"},
			{seen: "/a/cache 4 v1.x.org", table: "cache.internal. v3.x.org. 5 /a/cache@3", probes: "v1.x.org.", waiting: "cache.internal. /a/cache@4: <nil>"},
		},
	}, {
		name: "both targets of a move, but for those in force: long before it starts",
		turns: []turn{loaded, verified,
			{seen: `/a/cache 2 {"from": "v1.x.org", "to": "v2.x.org", "percent": 1}`, table: v1, probes: "v2.x.org.", waiting: "cache.internal. /a/cache@2: <nil>"},
			{seen: `/a/cache 3 {"from": "v3.x.org", "to": "v2.x.org", "start": "2027-01-01T00:00:00Z"}`, table: v1, probes: "v2.x.org., v3.x.org.", waiting: "cache.internal. /a/cache@3: <nil>"},
			{answer: "v3.x.org = ok", table: v1, probes: "v2.x.org.; next at 30s", waiting: "cache.internal. /a/cache@3: <nil>"},
			{answer: "v2.x.org = ok", table: "cache.internal. v2.x.org. 5 /a/cache@3",
				events: "alias cache.internal. flipped: v1.x.org. to v2.x.org., from v3.x.org. start 2027-01-01T00:00:00Z ({/a/cache 3})"},
			{seen: "/a/cache 4 v3.x.org", table: "cache.internal. v3.x.org. 5 /a/cache@4", events: "alias cache.internal. flipped: v2.x.org. to v3.x.org. ({/a/cache 4})"},
		},
	}, {
		name: "what verified is asked again while others do not",
		turns: []turn{loaded, verified,
			{seen: `/a/cache 3 {"from": "v3.x.org", "to": "v2.x.org", "percent": 1}`, table: v1, probes: "v2.x.org., v3.x.org.", waiting: "cache.internal. /a/cache@3: <nil>"},
			{answer: "v3.x.org = ok", table: v1, probes: "v2.x.org.; next at 30s", waiting: "cache.internal. /a/cache@3: <nil>"},
			{at: 30 * s, answer: "v3.x.org = no", table: v1, probes: "v2.x.org.; next at 31s", waiting: "cache.internal. /a/cache@3: verify target v3.x.org.: no",
				events: "pending {/a/cache 3}: verify target v3.x.org.: no; version 1 stays in force"},
			{at: 31 * s, answer: "v2.x.org = ok", table: v1, probes: "v3.x.org.; next at 1m1s", waiting: "cache.internal. /a/cache@3: verify target v3.x.org.: no"},
		},
	}, {
		name: "a target that leads back to its alias waits until it does not",
		turns: []turn{loaded, verified,
			{seen: toV2, table: v1, probes: "v2.x.org.", waiting: "cache.internal. /a/cache@2: <nil>"},
			{answer: "v2.x.org = over cache.internal.", table: v1, probes: "next at 30s", events: "pending {/a/cache 2}: " + leadsBack + "; version 1 stays in force",
				waiting: "cache.internal. /a/cache@2: " + leadsBack},
			{at: 30 * s, answer: "v2.x.org = over cache.internal.", table: v1, probes: "next at 1m0s", waiting: "cache.internal. /a/cache@2: " + leadsBack},
			{at: 60 * s, answer: "v2.x.org = over other.internal.", table: v2, events: flip},
		},
	}, {
		name: "another alias may lead over that one",
		turns: []turn{loaded, verified,
			{seen: toV2 + "\n/a/web 1 v2.x.org", table: v1, probes: "v2.x.org.", waiting: "cache.internal. /a/cache@2: <nil>\nweb.internal. /a/web@1: <nil>"},
			{answer: "v2.x.org = over cache.internal.", table: v1 + "\nweb.internal. v2.x.org. 5 /a/web@1", probes: "next at 30s",
				events:  "pending {/a/cache 2}: " + leadsBack + "; version 1 stays in force\nalias web.internal. added: v2.x.org., ttl 5 ({/a/web 1})",
				waiting: "cache.internal. /a/cache@2: " + leadsBack},
		},
	}, {
		name: "another alias has its own reason",
		turns: []turn{loaded, verified,
			{seen: toV2 + "\n" + `/a/p 1 {"aliases": {"w": "v2.x.org", "z": "v3.x.org"}}`, table: v1, probes: "v2.x.org., v3.x.org.",
				waiting: "cache.internal. /a/cache@2: <nil>\nw.internal. /a/p@1: <nil>\nz.internal. /a/p@1: <nil>"},
			{answer: "v2.x.org = over cache.internal.\nv3.x.org = no", table: v1, probes: "next at 1s",
				events:  "pending {/a/p 1}: verify target v3.x.org.: no; no version of it is in force\npending {/a/cache 2}: " + leadsBack + "; version 1 stays in force",
				waiting: "cache.internal. /a/cache@2: " + leadsBack + "\nw.internal. /a/p@1: verify target v3.x.org.: no\nz.internal. /a/p@1: verify target v3.x.org.: no"},
		},
	}, {
		name: "aliases of a bundle lead to each other",
		turns: []turn{
			{seen: `/a/p 1 {"aliases": {"b": "v1.x.org", "d": "v1.x.org"}}`, table: bd, probes: "v1.x.org.",
				events: "alias b.internal. added: v1.x.org., ttl 5 ({/a/p 1})\nalias d.internal. added: v1.x.org., ttl 5 ({/a/p 1})"},
			{answer: passes, table: bd},
			{seen: `/a/p 2 {"aliases": {"b": "v2.x.org", "d": "v3.x.org"}}`, table: bd, probes: "v2.x.org., v3.x.org.",
				waiting: "b.internal. /a/p@2: <nil>\nd.internal. /a/p@2: <nil>"},
			{answer: "v2.x.org = over d.internal.\nv3.x.org = over b.internal.", table: bd, probes: "next at 30s",
				events:  "pending {/a/p 2}: " + ofB + "; version 1 stays in force",
				waiting: "b.internal. /a/p@2: " + ofB + "\nd.internal. /a/p@2: " + ofB},
		},
	}, {
		name: "an alias that another one leads over, until both change",
		turns: []turn{
			{seen: `/a/p 1 {"aliases": {"b": "v1.x.org", "d": "b.internal"}}`, table: "b.internal. v1.x.org. 5 /a/p@1\nd.internal. b.internal. 5 /a/p@1", probes: "b.internal., v1.x.org.",
				events: "alias b.internal. added: v1.x.org., ttl 5 ({/a/p 1})\nalias d.internal. added: b.internal., ttl 5 ({/a/p 1})"},
			{answer: passes + "\nb.internal = ok", table: "b.internal. v1.x.org. 5 /a/p@1\nd.internal. b.internal. 5 /a/p@1"},
			{seen: `/a/p 2 {"aliases": {"b": "v2.x.org", "d": "v1.x.org"}}`, table: "b.internal. v1.x.org. 5 /a/p@1\nd.internal. b.internal. 5 /a/p@1", probes: "v1.x.org., v2.x.org.",
				waiting: "b.internal. /a/p@2: <nil>\nd.internal. /a/p@2: <nil>"},
			{answer: passes + "\nv2.x.org = over d.internal. b.internal.", table: "b.internal. v2.x.org. 5 /a/p@2\nd.internal. v1.x.org. 5 /a/p@2",
				events: "alias b.internal. flipped: v1.x.org. to v2.x.org. ({/a/p 2})\nalias d.internal. flipped: b.internal. to v1.x.org. ({/a/p 2})"},
		},
	}, {
		name: "it leads back over one that stays as it is, for which nothing is asked",
		turns: []turn{
			{seen: `/a/p 1 {"aliases": {"b": "v1.x.org", "d": "v1.x.org"}}`, table: bd, probes: "v1.x.org.",
				events: "alias b.internal. added: v1.x.org., ttl 5 ({/a/p 1})\nalias d.internal. added: v1.x.org., ttl 5 ({/a/p 1})"},
			{answer: passes, table: bd},
			{seen: `/a/p 2 {"aliases": {"b": "v2.x.org", "d": "v1.x.org"}}`, table: bd, probes: "v2.x.org.",
				waiting: "b.internal. /a/p@2: <nil>\nd.internal. /a/p@2: <nil>"},
			{answer: "v2.x.org = over d.internal. v1.x.org. b.internal.", table: bd, probes: "next at 30s",
				events:  "pending {/a/p 2}: " + ofB + "; version 1 stays in force",
				waiting: "b.internal. /a/p@2: " + ofB + "\nd.internal. /a/p@2: " + ofB},
		},
	}, {
		name: "what is given up to one that leads back waits with it",
		turns: []turn{
			{seen: `/a/p 1 {"aliases": {"b": "v1.x.org", "d": "v1.x.org"}}`, table: "b.internal. v1.x.org. 5 /a/p@1\nd.internal. v1.x.org. 5 /a/p@1", probes: "v1.x.org.",
				events: "alias b.internal. added: v1.x.org., ttl 5 ({/a/p 1})\nalias d.internal. added: v1.x.org., ttl 5 ({/a/p 1})"},
			{answer: passes, table: "b.internal. v1.x.org. 5 /a/p@1\nd.internal. v1.x.org. 5 /a/p@1"},
			{seen: `/a/p 2 {"aliases": {"d": "v1.x.org"}}` + "\n/a/b 1 v2.x.org", table: "b.internal. v1.x.org. 5 /a/p@1\nd.internal. v1.x.org. 5 /a/p@1", probes: "v2.x.org.",
				waiting: "b.internal. /a/b@1: <nil>\nd.internal. /a/p@2: <nil>"},
			{answer: "v2.x.org = over b.internal.", table: "b.internal. v1.x.org. 5 /a/p@1\nd.internal. v1.x.org. 5 /a/p@1", probes: "next at 30s",
				events:  "pending {/a/b 1}: " + ofB + "; no version of it is in force\npending {/a/p 2}: " + ofB + "; version 1 stays in force",
				waiting: "b.internal. /a/b@1: " + ofB + "\nd.internal. /a/p@2: " + ofB},
		},
	}, {
		name: "of two that lead back to each other the last waits, until the first leads elsewhere",
		turns: []turn{loadedTwo, verifiedTwo,
			{seen: "/a/b 2 v2.x.org\n/a/d 2 v3.x.org", table: two, probes: "v2.x.org., v3.x.org.", waiting: "b.internal. /a/b@2: <nil>\nd.internal. /a/d@2: <nil>"},
			{answer: "v2.x.org = over d.internal. v1.x.org.\nv3.x.org = over b.internal. v1.x.org.", table: "b.internal. v2.x.org. 5 /a/b@2\nd.internal. v1.x.org. 5 /a/d@1", probes: "v3.x.org.",
				events:  "pending {/a/d 2}: " + ofD + "; version 1 stays in force\nalias b.internal. flipped: v1.x.org. to v2.x.org. ({/a/b 2})",
				waiting: "d.internal. /a/d@2: " + ofD},
			{answer: "v3.x.org = over b.internal. v2.x.org. d.internal. v1.x.org.", table: "b.internal. v2.x.org. 5 /a/b@2\nd.internal. v1.x.org. 5 /a/d@1", probes: "next at 30s", waiting: "d.internal. /a/d@2: " + ofD},
			{at: 10 * s, seen: "/a/b 3 v1.x.org\n/a/d 2 v3.x.org", table: "b.internal. v1.x.org. 5 /a/b@3\nd.internal. v3.x.org. 5 /a/d@2",
				events: "alias b.internal. flipped: v2.x.org. to v1.x.org. ({/a/b 3})\nalias d.internal. flipped: v1.x.org. to v3.x.org. ({/a/d 2})"},
		},
	}, {
		name: "an answer that comes once what it leads over leads elsewhere is none",
		turns: []turn{loadedTwo, verifiedTwo,
			{seen: "/a/b 2 v2.x.org\n/a/d 2 v3.x.org", table: two, probes: "v2.x.org., v3.x.org.", waiting: "b.internal. /a/b@2: <nil>\nd.internal. /a/d@2: <nil>"},
			{answer: "v2.x.org = over d.internal. v1.x.org.", table: "b.internal. v2.x.org. 5 /a/b@2\nd.internal. v1.x.org. 5 /a/d@1", probes: "v3.x.org.",
				events: "alias b.internal. flipped: v1.x.org. to v2.x.org. ({/a/b 2})", waiting: "d.internal. /a/d@2: <nil>"},
			{answer: "v3.x.org = over b.internal. v1.x.org.", late: true, table: "b.internal. v2.x.org. 5 /a/b@2\nd.internal. v1.x.org. 5 /a/d@1", probes: "v3.x.org.", waiting: "d.internal. /a/d@2: <nil>"},
			{answer: "v3.x.org = over b.internal. v4.x.org.", table: "b.internal. v2.x.org. 5 /a/b@2\nd.internal. v3.x.org. 5 /a/d@2", events: "alias d.internal. flipped: v1.x.org. to v3.x.org. ({/a/d 2})"},
		},
	}, {
		name: "one that leads back by itself waits, not another one that it leads over",
		turns: []turn{
			{seen: "/a/b 1 v1.x.org\n/a/d 1 v4.x.org", table: "b.internal. v1.x.org. 5 /a/b@1\nd.internal. v4.x.org. 5 /a/d@1", probes: "v1.x.org., v4.x.org.",
				events: "alias b.internal. added: v1.x.org., ttl 5 ({/a/b 1})\nalias d.internal. added: v4.x.org., ttl 5 ({/a/d 1})"},
			{answer: passes + "\nv4.x.org = over b.internal. v1.x.org.", table: "b.internal. v1.x.org. 5 /a/b@1\nd.internal. v4.x.org. 5 /a/d@1"},
			{seen: "/a/b 2 v2.x.org\n/a/d 2 v3.x.org", table: "b.internal. v1.x.org. 5 /a/b@1\nd.internal. v4.x.org. 5 /a/d@1", probes: "v2.x.org., v3.x.org.",
				waiting: "b.internal. /a/b@2: <nil>\nd.internal. /a/d@2: <nil>"},
			{answer: "v2.x.org = over d.internal. v4.x.org. b.internal. v1.x.org.\nv3.x.org = over b.internal. v1.x.org.", table: "b.internal. v1.x.org. 5 /a/b@1\nd.internal. v3.x.org. 5 /a/d@2", probes: "v2.x.org.",
				events:  "pending {/a/b 2}: " + ofB + "; version 1 stays in force\nalias d.internal. flipped: v4.x.org. to v3.x.org. ({/a/d 2})",
				waiting: "b.internal. /a/b@2: " + ofB},
		},
	}, {
		name: "one that leads back by itself, but not with another that waits for it",
		turns: []turn{
			{seen: `/a/p 1 {"aliases": {"b": "v1.x.org", "d": "b.internal"}}`, table: "b.internal. v1.x.org. 5 /a/p@1\nd.internal. b.internal. 5 /a/p@1", probes: "b.internal., v1.x.org.",
				events: "alias b.internal. added: v1.x.org., ttl 5 ({/a/p 1})\nalias d.internal. added: b.internal., ttl 5 ({/a/p 1})"},
			{answer: passes + "\nb.internal = ok", table: "b.internal. v1.x.org. 5 /a/p@1\nd.internal. b.internal. 5 /a/p@1"},
			{seen: `/a/p 2 {"aliases": {"d": "v1.x.org"}}` + "\n/a/b 1 v2.x.org", table: "b.internal. v1.x.org. 5 /a/p@1\nd.internal. b.internal. 5 /a/p@1", probes: "v1.x.org., v2.x.org.",
				waiting: "b.internal. /a/b@1: <nil>\nd.internal. /a/p@2: <nil>"},
			{answer: passes + "\nv2.x.org = over d.internal. b.internal. v1.x.org.", table: "b.internal. v2.x.org. 5 /a/b@1\nd.internal. v1.x.org. 5 /a/p@2",
				events: "alias b.internal. flipped: v1.x.org. to v2.x.org. ({/a/b 1})\nalias d.internal. flipped: b.internal. to v1.x.org. ({/a/p 2})"},
		},
	}, {
		name: "one that leads back over one of its own bundle that stays as it is",
		turns: []turn{
			{seen: `/a/p 1 {"aliases": {"b": "v1.x.org", "d": "v3.x.org"}}`, table: "b.internal. v1.x.org. 5 /a/p@1\nd.internal. v3.x.org. 5 /a/p@1", probes: "v1.x.org., v3.x.org.",
				events: "alias b.internal. added: v1.x.org., ttl 5 ({/a/p 1})\nalias d.internal. added: v3.x.org., ttl 5 ({/a/p 1})"},
			{answer: passes + "\nv3.x.org = over b.internal. v1.x.org.", table: "b.internal. v1.x.org. 5 /a/p@1\nd.internal. v3.x.org. 5 /a/p@1"},
			{seen: `/a/p 2 {"aliases": {"b": "d.internal", "d": "v3.x.org"}}`, table: "b.internal. v1.x.org. 5 /a/p@1\nd.internal. v3.x.org. 5 /a/p@1", probes: "d.internal.",
				waiting: "b.internal. /a/p@2: <nil>\nd.internal. /a/p@2: <nil>"},
			{answer: "d.internal = over d.internal. v3.x.org. b.internal. v1.x.org.", table: "b.internal. v1.x.org. 5 /a/p@1\nd.internal. v3.x.org. 5 /a/p@1", probes: "next at 30s",
				events:  "pending {/a/p 2}: " + overD + "; version 1 stays in force",
				waiting: "b.internal. /a/p@2: " + overD + "\nd.internal. /a/p@2: " + overD},
		},
	}, {
		name: "one that leads back once another alias has moved",
		turns: []turn{
			{seen: "/a/b 1 v1.x.org\n" + moving, table: "b.internal. v1.x.org. 5 /a/b@1\nd.internal. b.internal. 5 /a/d@1", probes: "b.internal., v1.x.org.",
				events: "alias b.internal. added: v1.x.org., ttl 5 ({/a/b 1})\nalias d.internal. added: b.internal., from v1.x.org. start 2027-01-01T00:00:00Z, ttl 5 ({/a/d 1})"},
			{answer: passes + "\nb.internal = over b.internal. v1.x.org.", table: "b.internal. v1.x.org. 5 /a/b@1\nd.internal. b.internal. 5 /a/d@1"},
			{seen: "/a/b 2 v2.x.org\n" + moving, table: "b.internal. v1.x.org. 5 /a/b@1\nd.internal. b.internal. 5 /a/d@1", probes: "v2.x.org.", waiting: "b.internal. /a/b@2: <nil>"},
			{answer: "v2.x.org = over d.internal. v1.x.org.", table: "b.internal. v1.x.org. 5 /a/b@1\nd.internal. b.internal. 5 /a/d@1", probes: "next at 30s",
				events:  "pending {/a/b 2}: " + ofB + "; version 1 stays in force",
				waiting: "b.internal. /a/b@2: " + ofB},
		},
	}, {
		name: "one that leads back over a name below an alias, which is an orphan",
		turns: []turn{
			{seen: heldBelow + "/a/d 1 v1.x.org", table: below + "d.internal. v1.x.org. 5 /a/d@1", probes: "v1.x.org.",
				events: "rejected {/a/x.b 1}: " + bad + "; no version of it is in force\nalias b.internal. added: v1.x.org., ttl 5, subtree keep ({/a/b 1})\nalias d.internal. added: v1.x.org., ttl 5 ({/a/d 1})"},
			{answer: passes, table: below + "d.internal. v1.x.org. 5 /a/d@1"},
			{seen: heldBelow + "/a/d 2 x.b.internal", table: below + "d.internal. v1.x.org. 5 /a/d@1", probes: "x.b.internal.", waiting: "d.internal. /a/d@2: <nil>"},
			{answer: "x.b.internal = over d.internal. v1.x.org.", table: below + "d.internal. v1.x.org. 5 /a/d@1", probes: "next at 30s",
				events:  "pending {/a/d 2}: " + overHeld + "; version 1 stays in force",
				waiting: "d.internal. /a/d@2: " + overHeld},
			{at: 5 * s, seen: `/a/b 2 {"to": "v1.x.org", "subtree": "collapse"}` + "\n/a/x.b 1 what?\n/a/d 2 x.b.internal", table: "b.internal. v1.x.org. 5 /a/b@2\nd.internal. v1.x.org. 5 /a/d@1", probes: "next at 30s",
				events:  "alias b.internal. changed: v1.x.org., ttl 5, subtree collapse ({/a/b 2}); was ttl 5, subtree keep in parameter /a/b",
				waiting: "d.internal. /a/d@2: " + overHeld},
			{at: 6 * s, seen: "/a/b 3 v1.x.org\n/a/x.b 1 what?\n/a/d 2 x.b.internal", table: "b.internal. v1.x.org. 5 /a/b@3\nd.internal. v1.x.org. 5 /a/d@1", probes: "next at 30s",
				events:  "alias b.internal. changed: v1.x.org., ttl 5 ({/a/b 3}); was ttl 5, subtree collapse in parameter /a/b",
				waiting: "d.internal. /a/d@2: " + overHeld},
			{at: 10 * s, seen: "/a/b 3 v1.x.org\n/a/d 2 x.b.internal\n" + `/a/x.b 2 {"to": "v2.x.org", "check": "none"}`,
				table:  "b.internal. v1.x.org. 5 /a/b@3\nd.internal. x.b.internal. 5 /a/d@2\nx.b.internal. v2.x.org. 5 /a/x.b@2",
				events: "alias d.internal. flipped: v1.x.org. to x.b.internal. ({/a/d 2})\nalias x.b.internal. added: v2.x.org., ttl 5, check none ({/a/x.b 2})"},
		},
	}, {
		name: "a check of none is adopted at once",
		turns: []turn{loaded, verified,
			{seen: `/a/cache 2 {"to": "v2.x.org", "check": "none"}`, table: v2, events: flip},
			{seen: `/a/cache 3 {"to": "v2.x.org", "check": "tcp:80"}`, table: "cache.internal. v2.x.org. 5 /a/cache@3",
				events: "alias cache.internal. changed: v2.x.org., ttl 5, check tcp:80 ({/a/cache 3}); was ttl 5, check none in parameter /a/cache"},
		},
	}, {
		name: "each check by itself",
		turns: []turn{loaded, verified,
			{seen: first + "\n" + `/a/more 1 {"aliases": {"a": {"to": "v2.x.org", "check": "name"}, "b": {"to": "v2.x.org", "check": "tcp:80"}, "c": "v2.x.org", "d": "v2.x.org"}}`,
				table: v1, probes: "v2.x.org., v2.x.org. name, v2.x.org. tcp:80",
				waiting: "a.internal. /a/more@1: <nil>\nb.internal. /a/more@1: <nil>\nc.internal. /a/more@1: <nil>\nd.internal. /a/more@1: <nil>"},
		},
	}, {
		name: "a bundle is adopted whole or not at all",
		turns: []turn{loaded, verified,
			{seen: first + "\n" + `/a/more 1 {"aliases": {"a": "v2.x.org", "b": "v3.x.org"}}`, table: v1, probes: "v2.x.org., v3.x.org.", waiting: "a.internal. /a/more@1: <nil>\nb.internal. /a/more@1: <nil>"},
			{answer: "v2.x.org = ok\nv3.x.org = no", table: v1, probes: "next at 1s",
				events:  "pending {/a/more 1}: verify target v3.x.org.: no; no version of it is in force",
				waiting: "a.internal. /a/more@1: verify target v3.x.org.: no\nb.internal. /a/more@1: verify target v3.x.org.: no"},
			{at: 1 * s, answer: "v3.x.org = ok", table: "a.internal. v2.x.org. 5 /a/more@1\nb.internal. v3.x.org. 5 /a/more@1\n" + v1,
				events: "alias a.internal. added: v2.x.org., ttl 5 ({/a/more 1})\nalias b.internal. added: v3.x.org., ttl 5 ({/a/more 1})"},
		},
	}, {
		name: "another document in the meantime: what the old one waited for is of no interest",
		turns: []turn{loaded, verified,
			{seen: toV2, table: v1, probes: "v2.x.org.", waiting: "cache.internal. /a/cache@2: <nil>"},
			{seen: "/a/cache 3 v3.x.org", table: v1, probes: "v3.x.org.", waiting: "cache.internal. /a/cache@3: <nil>"},
			{answer: "v2.x.org = ok", table: v1, probes: "v3.x.org.", waiting: "cache.internal. /a/cache@3: <nil>"},
			{seen: "/a/cache 4 what?", table: v1, events: `rejected {/a/cache 4}: parse target: found "what?" with '?' in it, want only letters, digits, '-', '_' and dots; version 1 stays in force`},
		},
	}, {
		name: "the parameter is gone in the meantime",
		turns: []turn{loaded, verified,
			{seen: toV2, table: v1, probes: "v2.x.org.", waiting: "cache.internal. /a/cache@2: <nil>"},
			{at: 10 * s, seen: "", table: v1},
			{at: 20 * s, seen: toV2, table: v1, probes: "v2.x.org.", waiting: "cache.internal. /a/cache@2: <nil>"},
		},
	}, {
		name: "a fault comes first: nothing is asked",
		turns: []turn{loaded, verified,
			{seen: "/a/cache 2 cache.internal", table: v1, events: "rejected {/a/cache 2}: follow alias cache.internal.: found the loop cache.internal. cache.internal., want a target that does not lead back; version 1 stays in force"},
			{seen: "/a/cache 3 v1.x.org\n/a/b 1 v2.x.org\n" + `/a/c 1 {"aliases": {"b": "v3.x.org"}}`, table: "cache.internal. v1.x.org. 5 /a/cache@3", probes: "v2.x.org.", waiting: "b.internal. /a/b@1: <nil>",
				events: "rejected {/a/c 1}: place alias b.internal.: found it in parameter /a/b, want it in one parameter only; no version of it is in force"},
		},
	}, {
		name: "two that swap their names wait together",
		turns: []turn{
			{seen: "/a/b 1 v1.x.org\n/a/c 1 {\"aliases\": {\"d\": \"v2.x.org\"}}", table: "b.internal. v1.x.org. 5 /a/b@1\nd.internal. v2.x.org. 5 /a/c@1", probes: "v1.x.org., v2.x.org.",
				events: "alias b.internal. added: v1.x.org., ttl 5 ({/a/b 1})\nalias d.internal. added: v2.x.org., ttl 5 ({/a/c 1})"},
			{answer: "v1.x.org = ok\nv2.x.org = ok", table: "b.internal. v1.x.org. 5 /a/b@1\nd.internal. v2.x.org. 5 /a/c@1"},
			{seen: "/a/b 2 {\"aliases\": {\"d\": \"v2.x.org\"}}\n/a/c 2 {\"aliases\": {\"b\": \"v3.x.org\"}}", table: "b.internal. v1.x.org. 5 /a/b@1\nd.internal. v2.x.org. 5 /a/c@1", probes: "v3.x.org.",
				waiting: "b.internal. /a/c@2: <nil>\nd.internal. /a/b@2: <nil>"},
			{answer: "v3.x.org = ok", table: "b.internal. v3.x.org. 5 /a/c@2\nd.internal. v2.x.org. 5 /a/b@2",
				events: "alias b.internal. flipped: v1.x.org. to v3.x.org. ({/a/c 2})\nalias d.internal. changed: v2.x.org., ttl 5 ({/a/b 2}); was ttl 5 in parameter /a/c"},
		},
	}, {
		name: "an alias that is handed over stays where it is, and so does the way back",
		turns: []turn{
			{seen: `/a/p 1 {"aliases": {"b": "v1.x.org", "d": "v1.x.org"}}` + "\n" + `/a/q 1 {"aliases": {"e": "v1.x.org"}}`, table: "b.internal. v1.x.org. 5 /a/p@1\nd.internal. v1.x.org. 5 /a/p@1\ne.internal. v1.x.org. 5 /a/q@1", probes: "v1.x.org.",
				events: "alias b.internal. added: v1.x.org., ttl 5 ({/a/p 1})\nalias d.internal. added: v1.x.org., ttl 5 ({/a/p 1})\nalias e.internal. added: v1.x.org., ttl 5 ({/a/q 1})"},
			{answer: passes, table: "b.internal. v1.x.org. 5 /a/p@1\nd.internal. v1.x.org. 5 /a/p@1\ne.internal. v1.x.org. 5 /a/q@1"},
			{at: 10 * s, seen: `/a/p 2 {"aliases": {"d": "v1.x.org"}}` + "\n" + `/a/q 2 {"aliases": {"e": "v1.x.org", "b": "v2.x.org"}}`, table: "b.internal. v1.x.org. 5 /a/p@1\nd.internal. v1.x.org. 5 /a/p@1\ne.internal. v1.x.org. 5 /a/q@1",
				probes: "v2.x.org.", waiting: "b.internal. /a/q@2: <nil>\nd.internal. /a/p@2: <nil>\ne.internal. /a/q@2: <nil>"},
			{at: 20 * s, seen: `/a/p 2 {"aliases": {"d": "v1.x.org"}}` + "\n" + `/a/q 3 {"aliases": {"e": "v1.x.org", "b": "v1.x.org"}}`, table: "b.internal. v1.x.org. 5 /a/q@3\nd.internal. v1.x.org. 5 /a/p@2\ne.internal. v1.x.org. 5 /a/q@3",
				events: "alias b.internal. changed: v1.x.org., ttl 5 ({/a/q 3}); was ttl 5 in parameter /a/p"},
		},
	}, {
		name: "two that swap their names, whose targets verify one after the other",
		turns: []turn{
			{seen: "/a/b 1 v1.x.org\n/a/c 1 {\"aliases\": {\"d\": \"v1.x.org\"}}", table: "b.internal. v1.x.org. 5 /a/b@1\nd.internal. v1.x.org. 5 /a/c@1", probes: "v1.x.org.",
				events: "alias b.internal. added: v1.x.org., ttl 5 ({/a/b 1})\nalias d.internal. added: v1.x.org., ttl 5 ({/a/c 1})"},
			{answer: passes, table: "b.internal. v1.x.org. 5 /a/b@1\nd.internal. v1.x.org. 5 /a/c@1"},
			{at: 10 * s, seen: "/a/b 2 {\"aliases\": {\"d\": \"v4.x.org\"}}\n/a/c 2 {\"aliases\": {\"b\": \"v3.x.org\"}}", table: "b.internal. v1.x.org. 5 /a/b@1\nd.internal. v1.x.org. 5 /a/c@1",
				probes: "v3.x.org., v4.x.org.", waiting: "b.internal. /a/c@2: <nil>\nd.internal. /a/b@2: <nil>"},
			{at: 10 * s, answer: "v3.x.org = ok\nv4.x.org = no", table: "b.internal. v1.x.org. 5 /a/b@1\nd.internal. v1.x.org. 5 /a/c@1", probes: "next at 11s",
				events:  "pending {/a/b 2}: verify target v4.x.org.: no; version 1 stays in force\npending {/a/c 2}: verify target v4.x.org.: no; version 1 stays in force",
				waiting: "b.internal. /a/c@2: verify target v4.x.org.: no\nd.internal. /a/b@2: verify target v4.x.org.: no"},
			{at: 11 * s, answer: "v4.x.org = ok", table: "b.internal. v3.x.org. 5 /a/c@2\nd.internal. v4.x.org. 5 /a/b@2",
				events: "alias b.internal. flipped: v1.x.org. to v3.x.org. ({/a/c 2})\nalias d.internal. flipped: v1.x.org. to v4.x.org. ({/a/b 2})"},
		},
	}, {
		name: "a bundle does not wait for itself, but for what its aliases lead to",
		turns: []turn{loaded, verified,
			{seen: first + "\n" + `/a/all 1 {"aliases": {"b": "c.internal", "c": "v2.x.org"}}`, table: v1, probes: "v2.x.org.", waiting: "b.internal. /a/all@1: <nil>\nc.internal. /a/all@1: <nil>"},
			{answer: "v2.x.org = ok", table: "b.internal. c.internal. 5 /a/all@1\nc.internal. v2.x.org. 5 /a/all@1\n" + v1,
				events: "alias b.internal. added: c.internal., ttl 5 ({/a/all 1})\nalias c.internal. added: v2.x.org., ttl 5 ({/a/all 1})"},
		},
	}, {
		name: "what an alias of the same bundle will lead to, by the checks of both",
		turns: []turn{
			{seen: `/a/p 1 {"aliases": {"b": "v1.x.org", "d": "v1.x.org"}}`, table: bd, probes: "v1.x.org.",
				events: "alias b.internal. added: v1.x.org., ttl 5 ({/a/p 1})\nalias d.internal. added: v1.x.org., ttl 5 ({/a/p 1})"},
			{answer: passes, table: bd},
			{seen: `/a/p 2 {"aliases": {"b": {"to": "d.internal", "check": "tcp:6379"}, "d": "v2.x.org"}}`, table: bd, probes: "v2.x.org., v2.x.org. tcp:6379", waiting: ofP2},
			{answer: "v2.x.org = ok", table: bd, probes: "v2.x.org. tcp:6379; next at 30s", waiting: ofP2},
			{answer: "v2.x.org tcp:6379 = ok", table: "b.internal. d.internal. 5 /a/p@2\nd.internal. v2.x.org. 5 /a/p@2",
				events: "alias b.internal. flipped: v1.x.org. to d.internal. ({/a/p 2})\nalias d.internal. flipped: v1.x.org. to v2.x.org. ({/a/p 2})"},
		},
	}, {
		name: "what it will lead to, though it is not to be checked itself",
		turns: []turn{
			{seen: `/a/p 1 {"aliases": {"b": "v1.x.org", "d": "v1.x.org"}}`, table: bd, probes: "v1.x.org.",
				events: "alias b.internal. added: v1.x.org., ttl 5 ({/a/p 1})\nalias d.internal. added: v1.x.org., ttl 5 ({/a/p 1})"},
			{answer: passes, table: bd},
			{seen: `/a/p 2 {"aliases": {"b": "d.internal", "d": {"to": "v2.x.org", "check": "none"}}}`, table: bd, probes: "v2.x.org.", waiting: ofP2},
		},
	}, {
		name: "what it will lead a name below it to, over another one that moves",
		turns: []turn{
			{seen: `/a/p 1 {"aliases": {"b": "v1.x.org", "d": "v1.x.org"}}`, table: bd, probes: "v1.x.org.",
				events: "alias b.internal. added: v1.x.org., ttl 5 ({/a/p 1})\nalias d.internal. added: v1.x.org., ttl 5 ({/a/p 1})"},
			{answer: passes, table: bd},
			{seen: `/a/p 2 {"aliases": {"b": "web.d.internal", "d": {"to": "e.internal", "subtree": "keep"}, "e": {"from": "v1.x.org", "to": "v2.x.org", "percent": 1, "subtree": "keep"}}}`,
				table: bd, probes: "v1.x.org., v2.x.org., web.v1.x.org., web.v2.x.org.", waiting: ofP2 + "\ne.internal. /a/p@2: <nil>"},
		},
	}, {
		name: "what a name below it leads to as it is, as long as that is an orphan",
		turns: []turn{
			{seen: "/a/x.d 1 what?\n/a/cache 1 v1.x.org", table: v1, probes: "v1.x.org.",
				events: "rejected {/a/x.d 1}: " + bad + "; no version of it is in force\n" + added},
			{answer: passes, table: v1},
			{seen: "/a/x.d 1 what?\n" + first + "\n" + bundle, table: v1, probes: "v2.x.org., x.d.internal.", waiting: ofP2},
			{answer: "v2.x.org = ok\nx.d.internal = no", table: v1, probes: "next at 1s", events: "pending {/a/p 2}: verify target x.d.internal.: no; no version of it is in force",
				waiting: "b.internal. /a/p@2: verify target x.d.internal.: no\nd.internal. /a/p@2: verify target x.d.internal.: no"},
		},
	}, {
		name: "a way back that makes a loop with what waits",
		turns: []turn{
			{seen: "/a/y 1 v1.x.org\n/a/z 1 y.internal", table: "y.internal. v1.x.org. 5 /a/y@1\nz.internal. y.internal. 5 /a/z@1", probes: "v1.x.org., y.internal.",
				events: "alias y.internal. added: v1.x.org., ttl 5 ({/a/y 1})\nalias z.internal. added: y.internal., ttl 5 ({/a/z 1})"},
			{answer: "v1.x.org = ok\ny.internal = ok", table: "y.internal. v1.x.org. 5 /a/y@1\nz.internal. y.internal. 5 /a/z@1"},
			{at: 10 * s, seen: `/a/y 1 v1.x.org` + "\n" + `/a/z 2 {"to": "v2.x.org", "check": "none"}`, table: "y.internal. v1.x.org. 5 /a/y@1\nz.internal. v2.x.org. 5 /a/z@2",
				events: "alias z.internal. flipped: y.internal. to v2.x.org. ({/a/z 2})"},
			{at: 20 * s, seen: `/a/y 2 z.internal` + "\n" + `/a/z 2 {"to": "v2.x.org", "check": "none"}`, table: "y.internal. v1.x.org. 5 /a/y@1\nz.internal. v2.x.org. 5 /a/z@2", probes: "z.internal.", waiting: "y.internal. /a/y@2: <nil>"},
			{at: 30 * s, seen: "/a/y 2 z.internal\n/a/z 3 y.internal", table: "y.internal. v1.x.org. 5 /a/y@1\nz.internal. y.internal. 5 /a/z@3", probes: "z.internal.", waiting: "y.internal. /a/y@2: <nil>",
				events: "alias z.internal. flipped: v2.x.org. to y.internal. ({/a/z 3})"},
		},
	}, {
		name: "those that another kept out which is bad itself, beside one that never verifies",
		turns: []turn{loaded, verified,
			{at: 10 * s, seen: kept, table: v1, probes: "w1.x.org., w2.x.org., w3.x.org.", waiting: "x.internal. /a/x@1: <nil>\ny.internal. /a/y@1: <nil>\nz.internal. /a/z@1: <nil>",
				events: "rejected parameter /a/a, version 1 of 2026-11-01T00:00:00Z: follow alias x.internal.: found the loop x.internal. y.internal. x.internal., want a target that does not lead back; no version of it is in force"},
			{at: 11 * s, answer: "w3.x.org = no", table: v1, probes: "w1.x.org., w2.x.org.; next at 12s", events: "pending {/a/z 1}: verify target w3.x.org.: no; no version of it is in force",
				waiting: "x.internal. /a/x@1: <nil>\ny.internal. /a/y@1: <nil>\nz.internal. /a/z@1: verify target w3.x.org.: no"},
			{at: 11 * s, answer: "w2.x.org = ok", table: v1 + "\ny.internal. w2.x.org. 5 /a/y@1", probes: "w1.x.org.; next at 12s", events: "alias y.internal. added: w2.x.org., ttl 5 ({/a/y 1})",
				waiting: "x.internal. /a/x@1: <nil>\nz.internal. /a/z@1: verify target w3.x.org.: no"},
			{at: 11 * s, answer: "w1.x.org = ok", table: v1 + "\nx.internal. w1.x.org. 5 /a/x@1\ny.internal. w2.x.org. 5 /a/y@1", probes: "next at 12s", events: "rejected parameter /a/a, version 1 of 2026-11-01T00:00:00Z: place alias y.internal.: found it in parameter /a/y, want it in one parameter only; no version of it is in force\nalias x.internal. added: w1.x.org., ttl 5 ({/a/x 1})",
				waiting: "z.internal. /a/z@1: verify target w3.x.org.: no"},
		},
	}, {
		name:  "what is taken back while it waits does not come into force",
		lines: "alias cache.internal /p:active",
		turns: []turn{
			{seen: "/p:active 1 v1.x.org", table: "cache.internal. v1.x.org. 5 /p:active@1", probes: "v1.x.org.", events: "alias cache.internal. added: v1.x.org., ttl 5 ({/p:active 1})"},
			{answer: passes, table: "cache.internal. v1.x.org. 5 /p:active@1"},
			{at: 10 * s, seen: "/p:active 2 v2.x.org", table: "cache.internal. v1.x.org. 5 /p:active@1", probes: "v2.x.org.", waiting: "cache.internal. /p:active@2: <nil>"},
			{at: 20 * s, seen: "/p:active 1 v1.x.org", table: "cache.internal. v1.x.org. 5 /p:active@1", probes: "v2.x.org.", waiting: "cache.internal. /p:active@2: <nil>"},
			{at: 21 * s, answer: "v2.x.org = ok", table: "cache.internal. v1.x.org. 5 /p:active@1", probes: "next at 51s", waiting: "cache.internal. /p:active@2: <nil>"},
			{at: 22 * s, seen: "/p:active 1 v1.x.org", table: "cache.internal. v1.x.org. 5 /p:active@1"},
		},
	}, {
		name: "of two that share a target in force which does not verify, one leaves it: it is asked for still",
		turns: []turn{
			{seen: "/a/b 1 v1.x.org\n/a/c 1 v1.x.org", table: "b.internal. v1.x.org. 5 /a/b@1\nc.internal. v1.x.org. 5 /a/c@1", probes: "v1.x.org.",
				events: "alias b.internal. added: v1.x.org., ttl 5 ({/a/b 1})\nalias c.internal. added: v1.x.org., ttl 5 ({/a/c 1})"},
			{answer: "v1.x.org = no", table: "b.internal. v1.x.org. 5 /a/b@1\nc.internal. v1.x.org. 5 /a/c@1", probes: "next at 1s", events: "target v1.x.org. is in force, and does not verify: no"},
			{seen: `/a/b 2 {"to": "v2.x.org", "check": "none"}` + "\n/a/c 1 v1.x.org", table: "b.internal. v2.x.org. 5 /a/b@2\nc.internal. v1.x.org. 5 /a/c@1", probes: "next at 1s", events: "alias b.internal. flipped: v1.x.org. to v2.x.org. ({/a/b 2})"},
			{seen: `/a/b 2 {"to": "v2.x.org", "check": "none"}` + "\n" + `/a/c 2 {"to": "v1.x.org", "check": "none"}`, table: "b.internal. v2.x.org. 5 /a/b@2\nc.internal. v1.x.org. 5 /a/c@2",
				events: "alias c.internal. changed: v1.x.org., ttl 5, check none ({/a/c 2}); was ttl 5 in parameter /a/c"},
		},
	}} {
		t.Run(tt.name, func(t *testing.T) {
			lines := linesOf(t, "internal.", cmp.Or(tt.lines, "ssm /a"))
			l := New(lines, verifying)
			asked := l.Table()
			for i, turn := range tt.turns {
				before := everything(l)
				if !turn.late {
					asked = l.Table()
				}
				next, events := turn.apply(t, l, lines, asked)
				asked = l.Table()
				if got := everything(l); got != before {
					t.Errorf("turn %d changed the ledger before", i)
				}
				l = next
				for _, x := range []struct{ what, got, want string }{
					{"table", tableText(l.Table()), spelled(turn.table)},
					{"events", eventText(events), spelled(turn.events)},
					{"probes", probesText(l, epoch.Add(turn.at)) + "\n", spelled(cmp.Or(turn.probes, "\n"))},
					{"waiting", waitingText(l), spelled(turn.waiting)},
				} {
					if strings.TrimSpace(x.got) != strings.TrimSpace(x.want) {
						t.Errorf("turn %d: %s got\n%s\nwant\n%s", i, x.what, x.got, x.want)
					}
				}
			}
		})
	}
}

// A target of the first load fails until it once verifies, whoever waits for it after that.
func TestFailing(t *testing.T) {
	lines := linesOf(t, "internal.", "ssm /a")
	l, probe := New(lines, verifying), probeOf(t, "v1.x.org")
	const first = "/a/cache 1 v1.x.org"
	for i, tt := range []struct {
		turn turn
		want string
	}{
		{turn{seen: first}, ""},
		{turn{answer: "v1.x.org = unasked no query"}, ""},
		{turn{answer: "v1.x.org = no"}, "no"},
		{turn{seen: first + "\n/a/db 1 v1.x.org"}, "no"},
		{turn{answer: "v1.x.org = no"}, "no"},
		{turn{seen: first}, "no"},
		{turn{answer: "v1.x.org = ok"}, ""},
		{turn{seen: first + "\n/a/web 1 v1.x.org"}, ""},
		{turn{answer: "v1.x.org = no"}, ""},
	} {
		tt.turn.at = time.Duration(i) * time.Second
		l, _ = tt.turn.apply(t, l, lines, l.Table())
		if got := text(l.Failing(probe.Target, probe.Check)); got != tt.want {
			t.Errorf("after turn %d it fails with %q, want %q", i, got, tt.want)
		}
	}
}
