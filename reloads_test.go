package versionalias

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octoenergy/versionalias/internal/emulator"
	"github.com/octoenergy/versionalias/internal/figure"
)

// The blocks that a history has, see play.
var blocksOfHistories = []string{
	"ssm /dns ssm /more",
	"ssm /dns | ssm /dns ssm /more",
	"ssm /dns | ssm /dns ttl 60",
	"zones corp.internal. corp.example. ssm /dns | zones corp.internal. ssm /dns",
	"ssm /dns template {name}-{value} | ssm /dns template other-{value}",
	"ssm /dns alias live.corp.internal /live:l | ssm /more alias live.corp.internal /live:l",
	"alias a.corp.internal /dns/a alias b.corp.internal /dns/a | ssm /dns",
}

// held is what a feed has in force, has rejected and tells of, by what that is about.
func held(f *feed) map[string]string {
	l := f.ledger.Load()
	held := map[string]string{"braked": fmt.Sprint(l.Braked()), "loaded": fmt.Sprint(f.loaded())}
	missing := false
	for e := range l.Table().All() {
		missing = missing || l.Missing(e.Source, time.Now()) != nil
		held["alias "+string(e.Name)] = fmt.Sprintf("%v by %s", e.Targets(), e.Source.Parameter)
		held["document "+e.Source.Parameter] = fmt.Sprintf("version %d of %v", e.Source.Version, e.Source.Modified)
	}
	for _, r := range l.Rejections() {
		if missing {
			r.Err = nil // what was known to be gone for sure is not any more, and in the way of others
		}
		held["rejected "+r.Source.Parameter] += fmt.Sprintf("version %d for %v\n", r.Source.Version, r.Err)
	}
	for _, d := range l.AllDrains() {
		held[fmt.Sprintf("drain of %s by %s", d.Target, d.Alias)] = d.Deadline().String()
	}
	return held
}

// history is a play at random.
type history struct {
	*rand.Rand
	play
	edits  *rand.Rand
	script string
}

func (h *history) do(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	h.script += line + "\n"
	if err := h.play.do(line); err != nil {
		h.t.Fatalf("%v after\n%s", err, h.script)
	}
	synctest.Wait()
}

func (h *history) write(parameter string) {
	name := func() string { return string("abcde"[h.IntN(5)]) }
	target := func() string { return fmt.Sprintf("%s-v%d.corp.internal", name(), h.IntN(3)+1) }
	value := target()
	switch h.IntN(6) {
	case 0:
		value = "what?"
	case 1, 2:
		value = fmt.Sprintf(`{"aliases": {"%s": %q, "%s1": %q}}`, name(), target(), name(), target())
	case 3:
		value = fmt.Sprintf(`{"aliases": {"%s": %q, "x.corp.example.": %q}}`, name(), target(), target())
	}
	h.do("put %s %s", parameter, value)
}

// reload reloads all blocks in an outage, and returns how each of them was and is; where that is an edit which
// is taken back, but for drains, and not if something else has come into force by it.
func (h *history) reload(edit bool) (before, after []map[string]string) {
	h.do("fault")
	h.do("wait 90s")
	h.do("fault refused")
	turned := false
	for _, v := range h.instance.plugins {
		before = append(before, held(v.feed))
	}
	if edit {
		blocks := h.blocks
		h.do("blocks %s", h.mistaken())
		h.do("reload")
		h.do("blocks %s", blocks)
		for i, v := range h.instance.plugins {
			for key, document := range held(v.feed) {
				turned = turned || strings.HasPrefix(key, "document") && before[i][key] != document
			}
		}
	}
	h.do("reload")
	for _, v := range h.instance.plugins {
		after = append(after, held(v.feed))
	}
	if turned {
		return nil, nil
	}
	for _, held := range slices.Concat(before, after) {
		maps.DeleteFunc(held, func(key, _ string) bool { return edit && strings.HasPrefix(key, "drain") })
	}
	return before, after
}

// mistaken is the blocks with a fault in some of them.
func (h *history) mistaken() string {
	blocks := strings.Split(h.blocks, " | ")
	for i := range blocks {
		switch h.edits.IntN(3) {
		case 0:
			blocks[i] += " template ?{value}"
		case 1:
			blocks[i] = "zones corp.example. " + strings.TrimPrefix(strings.TrimPrefix(blocks[i], "zones corp.internal. "), "corp.example. ")
		}
	}
	return strings.Join(blocks, " | ")
}

// took reports whether a block has taken a document from another one, of whose version it
// had none or an older one in force.
func took(before []map[string]string, i int, after map[string]string) bool {
	for key, document := range after {
		has := func(o map[string]string) bool { return o[key] == document }
		if strings.HasPrefix(key, "document") && !has(before[i]) && slices.ContainsFunc(before, has) {
			return true
		}
	}
	return false
}

// unlike is what two of a block differ in.
func unlike(before, after map[string]string) (list []string) {
	for key := range before {
		if _, ok := after[key]; !ok {
			list = append(list, fmt.Sprintf("%s: lost is %s", key, before[key]))
		}
	}
	for key := range after {
		if before[key] != after[key] {
			list = append(list, fmt.Sprintf("%s: got %s, want %s", key, after[key], before[key]))
		}
	}
	slices.Sort(list)
	return list
}

// Whatever was written in whatever order, and whatever failed: a reload of blocks that share
// what they read leaves each as it is, unless another one has a newer version in force. So does an
// edit that is taken back.
func TestReloadHistories(t *testing.T) {
	const histories, steps = 120, 20
	emulator.Isolate(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "x")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "x")
	parameters := []string{"/dns/a", "/dns/b", "/dns/c", "/dns/d", "/dns/e", "/more/a", "/more/f", "/live"}
	reloads, edits, taken, rejected, drains := 0, 0, 0, 0, 0
	for seed := range uint64(histories) {
		synctest.Test(t, func(t *testing.T) {
			h := &history{Rand: rand.New(rand.NewPCG(seed, 0)), edits: rand.New(rand.NewPCG(seed, 1)), play: play{t: t, api: &api{versions: map[string][]version{}, labels: map[string]int64{}}}}
			h.do("blocks %s", blocksOfHistories[h.IntN(len(blocksOfHistories))])
			for _, parameter := range parameters {
				h.write(parameter)
			}
			h.do("label /live:l 1")
			h.do("start")
			for range steps {
				parameter := parameters[h.IntN(len(parameters))]
				switch h.IntN(8) {
				case 0, 1, 2:
					h.write(parameter)
				case 3:
					h.do("delete %s", parameter)
				case 4:
					h.do("fault %s", []string{"refused", "", "", "stale", "denied of GetParameters"}[h.IntN(5)])
				case 5, 6:
					h.do("wait %v", time.Duration(h.IntN(40)+1)*time.Second)
				case 7:
					edit := h.edits.IntN(3) == 0
					before, after := h.reload(edit)
					if edit && after != nil {
						edits++
					}
					for i := range after {
						if took(before, i, after[i]) {
							taken++
						} else if list := unlike(before[i], after[i]); len(list) > 0 {
							t.Errorf("history %d: of block %d\n%s\nby\n%s", seed, i+1, strings.Join(list, "\n"), h.script)
						}
						for key := range after[i] {
							if strings.HasPrefix(key, "rejected") {
								rejected++
							} else if strings.HasPrefix(key, "drain") {
								drains++
							}
						}
					}
					reloads++
				}
			}
			h.end(h.instance)
		})
		if t.Failed() {
			return
		}
	}
	if taken > reloads/10 || min(rejected, drains) < reloads || edits < reloads/5 {
		t.Errorf("%d reloads, %d of an edit that is taken back, had %d blocks that took a document, %d rejections and %d drains, want fewer, more and more", reloads, edits, taken, rejected, drains)
	}
	figure.Print(t, "%d reloads, %d of an edit that is taken back, %d blocks that took a document, %d rejections, %d drains", reloads, edits, taken, rejected, drains)
}
