package ledger

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// dueText is what is to be read by name at now: "now NAME..." or "at 12s".
func dueText(l *Ledger, now time.Time) string {
	refs, next := l.Due(now)
	var list []string
	for _, ref := range refs {
		list = append(list, ref.Name)
	}
	if len(list) > 0 {
		list = append([]string{"now"}, list...)
	}
	if !next.IsZero() {
		list = append(list, "at", next.Sub(epoch).String())
	}
	return strings.Join(list, " ")
}

// numbered is n plain documents, in lines as seenOf reads them.
func numbered(from, to int) string {
	var b strings.Builder
	for i := from; i < to; i++ {
		fmt.Fprintf(&b, "/a/a%02d 1 v1.x.org\n", i)
	}
	return b.String()
}

func names(from, to int) string {
	var b strings.Builder
	for i := from; i < to; i++ {
		fmt.Fprintf(&b, "/a/a%02d ", i)
	}
	return b.String()
}

// What is not believed at the first word, and what it takes. Intervals are 10 s.
func TestTrust(t *testing.T) {
	const s = time.Second
	const hour = time.Hour
	type look struct {
		at     time.Duration // since the epoch
		asked  string        // the names that are read, of a read
		seen   string        // lines "NAME VERSION VALUE", see seenOf
		want   string        // "TARGET@VERSION" of cache.internal., or how many aliases there are
		events string
		due    string // see dueText
	}
	const (
		v3     = "v3.x.org.@3"
		read3  = "/a/cache 3 v3.x.org"
		read2  = "/a/cache 2 v2.x.org"
		heir   = `{"aliases": {"a00": "a00.internal"}}` // which is a loop
		load   = "alias cache.internal. added: v3.x.org., ttl 5 ({/a/cache 3})"
		doubts = "reading again {/a/cache 2}: it is older than version 3 of 2026-11-03T00:00:00Z"
	)
	for _, tt := range []struct {
		name  string
		lines string // "ssm /a" if it is not said
		files bool
		looks []look
	}{{
		name: "duty 4: a stale read is held, and gone with the next read",
		looks: []look{
			{seen: read3, want: v3, events: load},
			{at: 10 * s, seen: read2, want: v3, events: doubts, due: "at 12s"},
			{at: 12 * s, asked: "/a/cache", seen: read3, want: v3},
			{at: 20 * s, seen: read2, want: v3, events: doubts, due: "at 22s"},
		},
	}, {
		name: "duty 4: an older version is believed when it is still there after 2 s and 10 s",
		looks: []look{
			{seen: read3, want: v3, events: load},
			{at: 10 * s, seen: read2, want: v3, events: doubts, due: "at 12s"},
			{at: 12*s - 1, asked: "/a/cache", seen: read2, want: v3, due: "at 12s"},
			{at: 12 * s, asked: "/a/cache", seen: read2, want: v3, due: "at 20s"},
			{at: 20*s - 1, asked: "/a/cache", seen: read2, want: v3, due: "at 20s"},
			{at: 20 * s, asked: "/a/cache", seen: read2, want: "v2.x.org.@2", events: `
				believed {/a/cache 2}: it is what each read found since version 3 of 2026-11-03T00:00:00Z
				alias cache.internal. flipped: v3.x.org. to v2.x.org. ({/a/cache 2})`},
			{at: 30 * s, seen: read3, want: v3, events: "alias cache.internal. flipped: v2.x.org. to v3.x.org. ({/a/cache 3})"},
		},
	}, {
		name: "duty 4: a sweep says as much as a read does",
		looks: []look{
			{seen: read3, want: v3, events: load},
			{at: 10 * s, seen: read2, want: v3, events: doubts, due: "at 12s"},
			{at: 25 * s, seen: read2, want: v3, due: "now /a/cache"},
			{at: 35 * s, seen: read2, want: "v2.x.org.@2", events: `
				believed {/a/cache 2}: it is what each read found since version 3 of 2026-11-03T00:00:00Z
				alias cache.internal. flipped: v3.x.org. to v2.x.org. ({/a/cache 2})`},
		},
	}, {
		name: "duty 4: another older version begins anew",
		looks: []look{
			{seen: read3, want: v3, events: load},
			{at: 10 * s, seen: read2, want: v3, events: doubts, due: "at 12s"},
			{at: 12 * s, asked: "/a/cache", seen: "/a/cache 1 v1.x.org", want: v3, due: "at 14s",
				events: "reading again {/a/cache 1}: it is older than version 3 of 2026-11-03T00:00:00Z"},
		},
	}, {
		name: "duty 4: a newer one ends the doubt",
		looks: []look{
			{seen: read3, want: v3, events: load},
			{at: 10 * s, seen: read2, want: v3, events: doubts, due: "at 12s"},
			{at: 12 * s, asked: "/a/cache", seen: "/a/cache 4 v4.x.org", want: "v4.x.org.@4",
				events: "alias cache.internal. flipped: v3.x.org. to v4.x.org. ({/a/cache 4})"},
		},
	}, {
		name: "duty 4: of equal dates the higher version is newer",
		looks: []look{
			{seen: read3, want: v3, events: load},
			{at: 10 * s, seen: "/a/cache 2 THIRD v2.x.org", want: v3, due: "at 12s",
				events: "reading again parameter /a/cache, version 2 of 2026-11-03T00:00:00Z: it is older than version 3 of 2026-11-03T00:00:00Z"},
			{at: 12 * s, seen: "/a/cache 4 THIRD v4.x.org", want: "v4.x.org.@4",
				events: "alias cache.internal. flipped: v3.x.org. to v4.x.org. (parameter /a/cache, version 4 of 2026-11-03T00:00:00Z)"},
		},
	}, {
		name: "duty 4: an older version that is believed may be rejected",
		looks: []look{
			{seen: read3, want: v3, events: load},
			{at: 10 * s, seen: "/a/cache 2 what?", want: v3, events: doubts, due: "at 12s"},
			{at: 12 * s, asked: "/a/cache", seen: "/a/cache 2 what?", want: v3, due: "at 20s"},
			{at: 20 * s, asked: "/a/cache", seen: "/a/cache 2 what?", want: v3, events: `
				believed {/a/cache 2}: it is what each read found since version 3 of 2026-11-03T00:00:00Z
				rejected {/a/cache 2}: parse target: found "what?" with '?' in it, want only letters, digits, '-', '_' and dots; version 3 stays in force`},
		},
	}, {
		name: "duty 4: older than one that was rejected is older",
		looks: []look{
			{seen: read2, want: "v2.x.org.@2", events: "alias cache.internal. added: v2.x.org., ttl 5 ({/a/cache 2})"},
			{at: 10 * s, seen: "/a/cache 3 what?", want: "v2.x.org.@2",
				events: `rejected {/a/cache 3}: parse target: found "what?" with '?' in it, want only letters, digits, '-', '_' and dots; version 2 stays in force`},
			{at: 20 * s, seen: read2, want: "v2.x.org.@2", events: doubts, due: "at 22s"},
		},
	}, {
		name:  "duty 4: a label may go back: a second read will do",
		lines: "alias cache.internal /a/cache:live",
		looks: []look{
			{seen: "/a/cache:live 3 v3.x.org", want: v3, events: "alias cache.internal. added: v3.x.org., ttl 5 ({/a/cache:live 3})"},
			{at: 10 * s, seen: "/a/cache:live 2 v2.x.org", want: v3, due: "at 12s"},
			{at: 12 * s, asked: "/a/cache:live", seen: "/a/cache:live 2 v2.x.org", want: "v2.x.org.@2",
				events: "alias cache.internal. flipped: v3.x.org. to v2.x.org. ({/a/cache:live 2})"},
		},
	}, {
		name:  "duty 4: of files, what is there counts",
		files: true,
		looks: []look{
			{seen: read3, want: v3, events: load},
			{at: 10 * s, seen: read2, want: "v2.x.org.@2", events: "alias cache.internal. flipped: v3.x.org. to v2.x.org. ({/a/cache 2})"},
		},
	}, {
		name:  "duty 4: of files, the very version that is in force may come back after a bad one",
		files: true,
		looks: []look{
			{seen: read2, want: "v2.x.org.@2", events: "alias cache.internal. added: v2.x.org., ttl 5 ({/a/cache 2})"},
			{at: 10 * s, seen: "/a/cache 3 what?", want: "v2.x.org.@2",
				events: `rejected {/a/cache 3}: parse target: found "what?" with '?' in it, want only letters, digits, '-', '_' and dots; version 2 stays in force`},
			{at: 20 * s, seen: read2, want: "v2.x.org.@2"},
		},
	}, {
		name: "duty 5: one that a sweep misses stays, and is back with the next",
		looks: []look{
			{seen: read3, want: v3, events: load},
			{at: 10 * s, want: v3, due: "now /a/cache"},
			{at: 10 * s, asked: "/a/cache", seen: read3, want: v3},
			{at: 20 * s, want: v3, due: "now /a/cache"},
			{at: 30 * s, seen: read3, want: v3},
		},
	}, {
		name: "duty 5: however many sweeps miss it, it takes two reads, a sweep apart",
		looks: []look{
			{seen: read3, want: v3, events: load},
			{at: 10 * s, want: v3, due: "now /a/cache"},
			{at: 20 * s, want: v3, due: "now /a/cache"},
			{at: hour, want: v3, due: "now /a/cache"},
			{at: hour + 1*s, asked: "/a/cache", want: v3, due: "at 1h0m11s"},
			{at: hour + 2*s, asked: "/a/cache", want: v3, due: "at 1h0m11s"},
			{at: hour + 3*s, want: v3, due: "at 1h0m11s"},
			{at: hour + 11*s, asked: "/a/cache", want: "none",
				events: "alias cache.internal. removed: was v3.x.org. ({/a/cache 3})"},
			{at: hour + 20*s, want: "none"},
		},
	}, {
		name: "duty 5: a read that finds it begins anew",
		looks: []look{
			{seen: read3, want: v3, events: load},
			{at: 10 * s, want: v3, due: "now /a/cache"},
			{at: 10 * s, asked: "/a/cache", want: v3, due: "at 20s"},
			{at: 15 * s, seen: read3, want: v3},
			{at: 20 * s, want: v3, due: "now /a/cache"},
			{at: 20 * s, asked: "/a/cache", want: v3, due: "at 30s"},
			{at: 30 * s, asked: "/a/cache", want: "none",
				events: "alias cache.internal. removed: was v3.x.org. ({/a/cache 3})"},
		},
	}, {
		name: "duty 5: reads that do not find what no sweep has missed",
		looks: []look{
			{seen: read3, want: v3, events: load},
			{at: 10 * s, asked: "/a/cache", want: v3},
			{at: 20 * s, asked: "/a/cache", want: v3},
			{at: 30 * s, seen: read3, want: v3},
			{at: 40 * s, asked: "/a/cache", want: v3},
			{at: 50 * s, want: v3, due: "now /a/cache"},
			{at: 50 * s, asked: "/a/cache", want: v3, due: "at 1m0s"},
			{at: 60 * s, asked: "/a/cache", want: "none",
				events: "alias cache.internal. removed: was v3.x.org. ({/a/cache 3})"},
		},
	}, {
		name:  "duty 5: files as well",
		files: true,
		looks: []look{
			{seen: read3, want: v3, events: load},
			{at: 10 * s, want: v3, due: "now /a/cache"},
			{at: 10 * s, asked: "/a/cache", want: v3, due: "at 20s"},
			{at: 20 * s, asked: "/a/cache", want: "none",
				events: "alias cache.internal. removed: was v3.x.org. ({/a/cache 3})"},
		},
	}, {
		name: "duty 4: deleted and made anew at version 1",
		looks: []look{
			{seen: "/a/cache 2 v2.x.org", want: "v2.x.org.@2", events: "alias cache.internal. added: v2.x.org., ttl 5 ({/a/cache 2})"},
			{at: 10 * s, want: "v2.x.org.@2", due: "now /a/cache"},
			{at: 20 * s, seen: "/a/cache 1 NEWER v3.x.org", want: "v3.x.org.@1",
				events: "alias cache.internal. flipped: v2.x.org. to v3.x.org. (parameter /a/cache, version 1 of 2026-12-01T00:00:00Z)"},
		},
	}, {
		name: "duty 5: an alias that leaves a bundle goes at once",
		looks: []look{
			{seen: `/a/all 1 {"aliases": {"cache": "v3.x.org"}}`, want: "v3.x.org.@1", events: "alias cache.internal. added: v3.x.org., ttl 5 ({/a/all 1})"},
			{at: 10 * s, seen: `/a/all 2 {"aliases": {}}`, want: "none", events: "alias cache.internal. removed: was v3.x.org. ({/a/all 2})"},
		},
	}, {
		name: "duty 5: all are gone: the brake holds them for an hour",
		looks: []look{
			{seen: numbered(0, 4), want: "4 aliases", events: "4 events"},
			{at: 10 * s, want: "4 aliases", due: "now /a/a00 /a/a01 /a/a02 /a/a03",
				events: "brake on: the parameters of 4 of 4 aliases are gone; they stay in force until that has lasted for an hour"},
			{at: 10 * s, asked: names(0, 4), want: "4 aliases", due: "at 1h0m10s"},
			{at: 20 * s, asked: names(0, 4), want: "4 aliases"},
			{at: hour + 9*s, want: "4 aliases"},
			{at: hour + 10*s, want: "none", events: "5 events"},
		},
	}, {
		name: "duty 5: after the hour it takes two reads as well",
		looks: []look{
			{seen: numbered(0, 4), want: "4 aliases", events: "4 events"},
			{at: 10 * s, want: "4 aliases", due: "now /a/a00 /a/a01 /a/a02 /a/a03",
				events: "brake on: the parameters of 4 of 4 aliases are gone; they stay in force until that has lasted for an hour"},
			{at: hour + 11*s, want: "4 aliases", due: "now " + strings.TrimSpace(names(0, 4)),
				events: "brake off: no alias stays in force without its parameter for longer than it takes to make sure"},
			{at: hour + 11*s, asked: names(0, 4), want: "4 aliases", due: "at 1h0m21s"},
			{at: hour + 21*s, asked: names(0, 4), want: "none", events: "4 events"},
		},
	}, {
		name: "duty 5: those that are sure to be gone once the brake holds them go after the hour as well",
		looks: []look{
			{seen: numbered(0, 4), want: "4 aliases", events: "4 events"},
			{at: 10 * s, seen: "/a/heir 1 " + heir, want: "4 aliases", due: "now /a/a00 /a/a01 /a/a02 /a/a03", events: "1 events"},
			{at: 10 * s, asked: names(0, 4), want: "4 aliases", due: "at 20s"},
			{at: 20 * s, asked: names(0, 4) + "/a/heir", seen: "/a/heir 2 what?", want: "4 aliases", events: `
				brake on: the parameters of 4 of 4 aliases are gone; they stay in force until that has lasted for an hour
				rejected {/a/heir 2}: parse target: found "what?" with '?' in it, want only letters, digits, '-', '_' and dots; no version of it is in force`},
			{at: hour + 9*s, seen: "/a/heir 2 what?", want: "4 aliases"},
			{at: hour + 10*s, seen: "/a/heir 2 what?", want: "none", events: "5 events"},
		},
	}, {
		name: "duty 5: those whose hour is over go, while the brake holds others",
		looks: []look{
			{seen: numbered(0, 8), want: "8 aliases", events: "8 events"},
			{at: 10 * s, seen: numbered(4, 8), want: "8 aliases", due: "now /a/a00 /a/a01 /a/a02 /a/a03",
				events: "brake on: the parameters of 4 of 8 aliases are gone; they stay in force until that has lasted for an hour"},
			{at: 10 * s, asked: names(0, 4), want: "8 aliases", due: "at 1h0m10s"},
			{at: 20 * s, asked: names(0, 4), want: "8 aliases"},
			{at: hour / 2, want: "8 aliases", due: "now /a/a04 /a/a05 /a/a06 /a/a07"},
			{at: hour / 2, asked: names(4, 8), want: "8 aliases", due: "at 1h30m0s"},
			{at: hour + 10*s, want: "4 aliases", due: "at 1h30m0s", events: "4 events"},
		},
	}, {
		name: "duty 5: they come back, and the brake is off",
		looks: []look{
			{seen: numbered(0, 4), want: "4 aliases", events: "4 events"},
			{at: 10 * s, want: "4 aliases", due: "now /a/a00 /a/a01 /a/a02 /a/a03",
				events: "brake on: the parameters of 4 of 4 aliases are gone; they stay in force until that has lasted for an hour"},
			{at: 20 * s, seen: numbered(0, 3), want: "4 aliases", due: "now /a/a03",
				events: "brake off: no alias stays in force without its parameter for longer than it takes to make sure"},
		},
	}, {
		name: "duty 5: a sweep has missed them, and the first read lets the brake go",
		looks: []look{
			{seen: numbered(0, 4), want: "4 aliases", events: "4 events"},
			{at: 10 * s, want: "4 aliases", due: "now /a/a00 /a/a01 /a/a02 /a/a03",
				events: "brake on: the parameters of 4 of 4 aliases are gone; they stay in force until that has lasted for an hour"},
			{at: 10 * s, asked: names(0, 4), seen: numbered(0, 4), want: "4 aliases",
				events: "brake off: no alias stays in force without its parameter for longer than it takes to make sure"},
		},
	}, {
		name: "duty 5: three may go at once",
		looks: []look{
			{seen: numbered(0, 3), want: "3 aliases", events: "3 events"},
			{at: 10 * s, want: "3 aliases", due: "now /a/a00 /a/a01 /a/a02"},
			{at: 10 * s, asked: names(0, 3), want: "3 aliases", due: "at 20s"},
			{at: 20 * s, asked: names(0, 3), want: "none", events: "3 events"},
		},
	}, {
		name: "duty 5: a tenth may go at once",
		looks: []look{
			{seen: numbered(0, 50), want: "50 aliases", events: "50 events"},
			{at: 10 * s, seen: numbered(5, 50), want: "50 aliases", due: "now /a/a00 /a/a01 /a/a02 /a/a03 /a/a04"},
			{at: 10 * s, asked: names(0, 5), want: "50 aliases", due: "at 20s"},
			{at: 20 * s, asked: names(0, 5), want: "45 aliases", events: "5 events"},
		},
	}, {
		name: "duty 5: what another parameter states by now does not count for the brake",
		looks: []look{
			{seen: `/a/old 1 {"aliases": {"a": "v1.x.org", "b": "v1.x.org", "c": "v1.x.org", "d": "v1.x.org"}}`, want: "4 aliases", events: "4 events"},
			{at: 10 * s, seen: `/a/new 1 {"aliases": {"a": "v2.x.org", "b": "v2.x.org", "c": "v2.x.org", "d": "v2.x.org"}}`, want: "4 aliases", due: "now /a/old",
				events: "rejected {/a/new 1}: place alias a.internal.: found it in parameter /a/old, want it in one parameter only; no version of it is in force"},
			{at: 10 * s, asked: "/a/old", want: "4 aliases", due: "at 20s"},
			{at: 20 * s, asked: "/a/old", want: "4 aliases", events: "4 events"},
		},
	}, {
		name: "duty 5: what another parameter states by now does not wait for the brake either, but for what it does not state",
		looks: []look{
			{seen: numbered(0, 4) + `/a/old 1 {"aliases": {"p": "v1.x.org", "q": "v1.x.org"}}` + "\n" + `/a/part 1 {"aliases": {"r": "v1.x.org", "s": "v1.x.org"}}`, want: "8 aliases", events: "8 events"},
			{at: 10 * s, seen: `/a/new 1 {"aliases": {"p": "v2.x.org", "q": "v2.x.org"}}` + "\n" + `/a/some 1 {"aliases": {"r": "v2.x.org"}}`, want: "8 aliases",
				due: "now /a/a00 /a/a01 /a/a02 /a/a03 /a/old /a/part", events: `
					brake on: the parameters of 5 of 8 aliases are gone; they stay in force until that has lasted for an hour
					rejected {/a/new 1}: place alias p.internal.: found it in parameter /a/old, want it in one parameter only; no version of it is in force
					rejected {/a/some 1}: place alias r.internal.: found it in parameter /a/part, want it in one parameter only; no version of it is in force`},
			{at: 10 * s, asked: names(0, 4) + "/a/old /a/part", want: "8 aliases", due: "at 20s"},
			{at: 20 * s, asked: "/a/old", want: "8 aliases", due: "at 1h0m10s", events: `
				alias p.internal. flipped: v1.x.org. to v2.x.org. ({/a/new 1})
				alias q.internal. flipped: v1.x.org. to v2.x.org. ({/a/new 1})`},
		},
	}, {
		name: "duty 5: more than a tenth may not, also if each is read by itself",
		looks: []look{
			{seen: numbered(0, 49), want: "49 aliases", events: "49 events"},
			{at: 10 * s, seen: numbered(5, 49), want: "49 aliases", due: "now /a/a00 /a/a01 /a/a02 /a/a03 /a/a04",
				events: "brake on: the parameters of 5 of 49 aliases are gone; they stay in force until that has lasted for an hour"},
			{at: 10 * s, asked: "/a/a00", want: "49 aliases", due: "now /a/a01 /a/a02 /a/a03 /a/a04 at 1h0m10s"},
			{at: 20 * s, asked: "/a/a00", want: "49 aliases", due: "now /a/a01 /a/a02 /a/a03 /a/a04"},
			{at: 20 * s, asked: names(1, 5), want: "49 aliases", due: "at 1h0m10s"},
		},
	}, {
		name: "a clock that is set back: nothing goes sooner",
		looks: []look{
			{at: hour, seen: read3, want: v3, events: load},
			{at: hour, want: v3, due: "now /a/cache"},
			{at: hour, asked: "/a/cache", want: v3, due: "at 1h0m10s"},
			{at: 0, asked: "/a/cache", want: v3, due: "at 1h0m10s"},
			{at: hour + 10*s, asked: "/a/cache", want: "none",
				events: "alias cache.internal. removed: was v3.x.org. ({/a/cache 3})"},
		},
	}} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.lines == "" {
				tt.lines = "ssm /a"
			}
			lines := linesOf(t, "internal.", tt.lines)
			l := New(lines, Trust{Interval: interval, Files: tt.files})
			for i, s := range tt.looks {
				seen := seenOf(t, lines, s.seen)
				for i := range seen {
					if value, newer := strings.CutPrefix(seen[i].Value, "NEWER "); newer {
						seen[i].Value, seen[i].Modified = value, seen[i].Modified.AddDate(0, 1, 0)
					}
					if value, third := strings.CutPrefix(seen[i].Value, "THIRD "); third {
						seen[i].Value, seen[i].Modified = value, time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC)
					}
				}
				now := epoch.Add(s.at)
				next, events := apply(t, l, refsOf(t, lines, s.asked), seen, now)
				got := "none"
				if e := next.Table().Get("cache.internal."); e != nil {
					got = fmt.Sprintf("%s@%d", e.Target, e.Source.Version)
				} else if n := next.Table().Len(); n > 0 {
					got = fmt.Sprintf("%d aliases", n)
				}
				if got != s.want {
					t.Errorf("look %d: in force is %s, want %s", i, got, s.want)
				}
				said := eventText(events)
				if strings.HasSuffix(s.events, " events") {
					said = fmt.Sprintf("%d events\n", len(events))
				}
				if want := spelled(s.events); said != want {
					t.Errorf("look %d: events got\n%swant\n%s", i, said, want)
				}
				if got := dueText(next, now); got != s.due {
					t.Errorf("look %d: due is %q, want %q", i, got, s.due)
				}
				l = next
			}
		})
	}
}
