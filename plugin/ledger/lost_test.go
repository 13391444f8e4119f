package ledger

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"github.com/octoenergy/versionalias/internal/figure"
	"github.com/octoenergy/versionalias/plugin/alias"
)

// What a Corefile takes out of force is in force again at once, unverified, when that is taken back.
func TestRulesTakenBack(t *testing.T) {
	const (
		made    = "ssm /a {value}.x.org"
		named   = "ssm /a {name}-{value}.x.org"
		written = "ssm /a"
		all     = `/a/all 1 {"aliases": {"x.internal.": "v1.x.org", "y.other.": "v1.x.org"}}`
	)
	for _, tt := range []struct {
		name         string
		zones, lines string
		before       []string // what one sweep after another sees
		zones2       string   // for a while, if they are others
		lines2       string   // the same
		during       []string
		table        string
		rejected     string
		waits        string
	}{{
		name: "the newest version", lines: made, before: []string{"/a/x 1 v1"}, lines2: written,
		table: "x.internal. v1.x.org. 5 /a/x@1",
	}, {
		name: "one below a fault", lines: made, before: []string{"/a/x 1 v1", "/a/x 2 what?"}, lines2: written,
		table: "x.internal. v1.x.org. 5 /a/x@1", rejected: "/a/x@2 syntax internal.=1",
	}, {
		name: "one below a fault that comes meanwhile", lines: made, before: []string{"/a/x 1 v1"}, lines2: written, during: []string{"/a/x 2 what?"},
		table: "x.internal. v1.x.org. 5 /a/x@1", rejected: "/a/x@2 syntax internal.=1",
	}, {
		name: "one below another that comes meanwhile, and has to be verified", lines: made, before: []string{"/a/x 1 v1"}, lines2: written, during: []string{"/a/x 2 v2"},
		table: "x.internal. v1.x.org. 5 /a/x@1", waits: "x.internal. /a/x@2: <nil>",
	}, {
		name: "a bundle of two zones", zones: "internal. other.", lines: written, before: []string{all}, zones2: "internal.",
		table: "x.internal. v1.x.org. 5 /a/all@1\ny.other. v1.x.org. 5 /a/all@1",
	}, {
		name: "one that collides", zones: "org.", lines: written, zones2: "internal.",
		before: []string{"/a/all 1 {\"aliases\": {\"x.internal\": \"v1.x.net\"}}\n/a/x 1 v1.x.net"},
		table:  "x.internal.org. v1.x.net. 5 /a/all@1\nx.org. v1.x.net. 5 /a/x@1",
	}, {
		name: "none that something else has replaced", lines: made, before: []string{"/a/x 1 v1"}, lines2: written,
		during: []string{`/a/x 2 {"to": "v2.y.org", "check": "none"}`},
		table:  "x.internal. v2.y.org.x.org. 5 /a/x@2",
	}, {
		name: "one that is missing", lines: made, before: []string{"/a/x 1 v1\n/a/y 1 v1"}, lines2: written, during: []string{"/a/y 1 v1"},
		table: "x.internal. v1.x.org. 5 /a/x@1\ny.internal. v1.x.org. 5 /a/y@1",
	}, {
		name: "none that is gone for sure", lines: made, before: []string{"/a/x 1 v1\n/a/y 1 v1"}, lines2: written, during: []string{"/a/y 1 v1", "/a/y 1 v1"},
		table: "y.internal. v1.x.org. 5 /a/y@1",
	}, {
		name: "a label that has gone back meanwhile", lines: "alias x.internal /p:l {value}.x.org", lines2: "alias x.internal /p:l",
		before: []string{"/p:l 1 v1", `/p:l 2 {"to": "v2", "check": "none"}`}, during: []string{"/p:l 1 v1", "/p:l 1 v1"},
		table: "x.internal. v1.x.org. 5 /p:l@1",
	}} {
		t.Run(tt.name, func(t *testing.T) {
			zones := cmp.Or(tt.zones, "internal.")
			right, wrong := linesOf(t, zones, tt.lines), linesOf(t, cmp.Or(tt.zones2, zones), cmp.Or(tt.lines2, tt.lines))
			for name, reload := range map[string]func(*Ledger, []Line, time.Time) *Ledger{
				"reload": func(l *Ledger, lines []Line, now time.Time) *Ledger {
					return New(lines, verifying).Recall(l.Memory(), now).Inherit(l).Succeed(l, every, now)
				},
				"restart": func(l *Ledger, lines []Line, now time.Time) *Ledger {
					return New(lines, verifying).Recall(toldAgain(t, l.Memory()), now)
				},
			} {
				l, now := New(right, verifying), epoch
				sweep := func(lines []Line, seen string) {
					now = now.Add(interval)
					l, _ = l.Apply(seenOf(t, lines, seen), now)
					asked, _ := l.Due(now)
					l, _ = l.ApplyRead(asked, nil, now)
				}
				for _, seen := range tt.before {
					sweep(right, seen)
				}
				now = now.Add(2 * time.Hour) // nothing is told any more of what was left
				l = reload(l, wrong, now)
				for _, seen := range tt.during {
					sweep(wrong, seen)
				}
				now = now.Add(interval)
				l = reload(reload(l, wrong, now), right, now)
				if got := tableText(l.Table()); got != spelled(tt.table) {
					t.Errorf("%s: in force is\n%swant\n%s", name, got, spelled(tt.table))
				}
				for e := range l.Table().All() {
					if at := epoch.Add(interval); tt.during == nil && !e.Source.Adopted.Equal(at) {
						t.Errorf("%s: %s was adopted at %v, want %v", name, e.Name, e.Source.Adopted, at)
					}
				}
				if got := rejectionText(l.Rejections()); got != spelled(tt.rejected) {
					t.Errorf("%s: rejected is\n%swant\n%s", name, got, spelled(tt.rejected))
				}
				if got := waitingText(l); got != spelled(tt.waits) {
					t.Errorf("%s: waiting is\n%swant\n%s", name, got, spelled(tt.waits))
				}
			}
		})
	}
}

// What comes back takes nothing from what is in force by then.
func TestRulesTakenBackInPart(t *testing.T) {
	const seen = `/a/all 1 {"aliases": {"x.internal": "v1.x.net", "y.other.": "v1.x.net"}}` + "\n/a/x 1 v2.x.net"
	lines := linesOf(t, "org. other.", "ssm /a")
	l, _ := New(lines, trust).Apply(seenOf(t, lines, seen), epoch)
	first := tableText(l.Table())
	for _, tt := range []struct{ zones, table string }{
		{"internal.", "x.internal. v2.x.net. 5 /a/x@1\n"},
		{"internal. other.", "x.internal. v2.x.net. 5 /a/x@1\nx.other. v2.x.net. 5 /a/x@1\n"},
		{"org. other.", first},
	} {
		l = New(linesOf(t, tt.zones, "ssm /a"), trust).Recall(l.Memory(), epoch)
		if got := tableText(l.Table()); got != tt.table {
			t.Errorf("with the zones %s in force is\n%swant\n%s", tt.zones, got, tt.table)
		}
	}
}

// Of two ledgers the first has lost what was in force, by a template that it had not: that comes back, unless the
// other one has something newer in force.
func TestJoinRulesTakenBack(t *testing.T) {
	right, wrong := linesOf(t, "internal.", "ssm /a {value}.x.org"), linesOf(t, "internal.", "ssm /a")
	after := func(lines []Line, versions ...string) *Ledger {
		l := New(lines, trust)
		for _, seen := range versions {
			l, _ = l.Apply(seenOf(t, lines, seen), epoch)
		}
		return l
	}
	const v1, v2, bad, whole = "/a/x 1 v1", "/a/x 2 v2", "/a/x 3 ?", "/a/x 1 v1.x.org"
	lost := func(versions ...string) *Ledger {
		return New(wrong, trust).Recall(after(right, versions...).Memory(), epoch)
	}
	for _, tt := range []struct {
		name       string
		one, other *Ledger
		lines      []Line
		trust      Trust
		want       string
	}{
		{"the same", lost(v1), after(right, v1), right, verifying, "x.internal. v1.x.org. 5 /a/x@1\n"},
		{"the same, below a fault", lost(v1, bad), after(right, v1, bad), right, verifying, "x.internal. v1.x.org. 5 /a/x@1\n"},
		{"an older one, below a fault", lost(v2, bad), after(right, v1), right, trust, "x.internal. v2.x.org. 5 /a/x@2\n"},
		{"an older one", lost(v2), after(right, v1), right, trust, "x.internal. v2.x.org. 5 /a/x@2\n"},
		{"a newer one", lost(v1), after(right, v2), right, trust, "x.internal. v2.x.org. 5 /a/x@2\n"},
		{"a newer one, which has to be verified", lost(v1), after(right, v2), right, verifying, "x.internal. v1.x.org. 5 /a/x@1\n"},
		{"an older one, which is good here", lost(v2), after(wrong, whole), wrong, trust, "x.internal. v1.x.org. 5 /a/x@1\n"},
		{"what the other has lost", after(wrong, v2), lost(v1), right, verifying, ""},
		{"what is not there by the first", after(wrong, "/a/y 1 v1.x.org"), lost(v1, bad), right, trust, "y.internal. v1.x.org.x.org. 5 /a/y@1\n"},
	} {
		m := tt.one.Memory().Join(tt.other.Memory())
		l := New(tt.lines, tt.trust).Recall(m, epoch)
		if got := tableText(l.Table()); got != tt.want || m.Check() != nil {
			t.Errorf("%s: %v, in force is\n%swant\n%s", tt.name, m.Check(), got, tt.want)
		}
	}
}

// Whatever is in force, rejected, missing or waiting: other rules, for a while, take nothing of
// it, unless something else has come into force by them.
func TestHistoriesOfRulesTakenBack(t *testing.T) {
	const histories, looks = 2000, 15
	compared, lost, below := 0, 0, 0
	for seed := range uint64(histories) {
		w := worldOf(t, seed)
		reload := func(l *Ledger, lines []Line) *Ledger {
			if w.IntN(2) == 0 {
				return New(lines, w.trust).Recall(toldAgain(t, l.Memory()), w.now)
			}
			return New(lines, w.trust).Recall(l.Memory(), w.now).Inherit(l).Succeed(l, every, w.now)
		}
		before := New(w.lines, w.trust)
		for range looks {
			for range w.IntN(4) {
				w.write()
			}
			w.now = w.now.Add(time.Duration(w.IntN(20)) * time.Second)
			before, _, _ = w.look(t, before, func(l *Ledger, asked []Ref, seen []Parameter, now time.Time) (*Ledger, []Event) {
				if asked != nil {
					return l.ApplyRead(asked, seen, now)
				}
				return l.Apply(seen, now)
			})
		}
		before = reload(before, w.lines)
		l, other, seen := before, reload(before, w.mistaken()), w.sweep(0)
		for range w.IntN(3) {
			w.now = w.now.Add(interval)
			if w.IntN(2) == 0 {
				l, _ = l.Apply(seen, w.now)
				other, _ = other.Apply(seen, w.now)
			}
			if w.IntN(2) == 0 {
				other = reload(other, w.mistaken())
			}
		}
		turned, asked := before.Table().Partial(), w.trust.Verify // or it is to be read again
		for k, r := range other.records.all {
			good, was := cmp.Or(r.good, r.lost), l.of(k).good
			turned = turned || good != nil && !equal(good, was)
			asked = asked || r.absence.missing() || r.doubt != nil
			if r.lost != nil && was != nil {
				lost++
				if !r.newer.same(r.lost.Parameter) {
					below++
				}
			}
		}
		if turned {
			continue
		}
		compared++
		l, back := w.judged(l), w.judged(reload(other, w.lines))
		for e := range before.Table().All() {
			never, after := l.Table().Get(e.Name), back.Table().Get(e.Name)
			switch {
			case never == nil || never.Source != e.Source:
			case after == nil || statedBy(after) != statedBy(e) || !after.Source.Same(*e.Source) || !after.Source.Adopted.Equal(e.Source.Adopted):
				t.Errorf("history %d: %s is %+v, want %+v", seed, e.Name, after, e)
			}
		}
		if got, want := tableText(back.Table()), tableText(l.Table()); got != want && !asked { // else what has come since waits
			t.Errorf("history %d: in force is\n%swant\n%s", seed, got, want)
		}
		if got, want := rejectionText(back.Rejections()), rejectionText(l.Rejections()); got != want && !asked {
			t.Errorf("history %d: rejected is\n%swant\n%s", seed, got, want)
		}
		for k, r := range back.records.all {
			if r.lost != nil && (r.good != nil || r.newer == nil) {
				t.Errorf("history %d: of %s there is %+v beside %+v, %+v", seed, k.name, r.lost, r.good, r.newer)
			}
		}
	}
	if min(compared, lost) < histories/2 || below < histories/20 {
		t.Errorf("%d histories were compared, and had %d documents lost, %d of them below a newer one, want more", compared, lost, below)
	}
	figure.Print(t, "%d histories compared, %d documents lost, %d of them below a newer one", compared, lost, below)
}

// mistaken is the lines with other rules, which most documents break.
func (w *world) mistaken() []Line {
	lines := slices.Clone(w.lines)
	for i := range lines {
		switch rule := &lines[i].Rule; w.IntN(4) {
		case 0:
			rule.Zones = []alias.Name{"elsewhere."}
		case 1:
			rule.Template = "?{value}"
		case 2:
			rule.Template = "x-{value}"
		}
	}
	return lines
}
