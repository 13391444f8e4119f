package bench

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/octoenergy/versionalias/internal/many"
	"github.com/octoenergy/versionalias/plugin/alias"
)

// zone is the server block's.
const zone = many.Zone

// subject is a plugin with so many names set up.
type subject struct {
	plugin string
	names  int
	lines  func(tb testing.TB, names int) string // of the Corefile
	target func(i int) string                    // what name i leads to
	answer func(i int) []string                  // what the client gets for name i
	more   string                                // of its name
}

var (
	baseline    = subject{"pass", 0, passes, nil, nil, ""}
	oneRule     = subject{"rewrite", 1, rules, second, flattened, ""}
	manyRules   = subject{"rewrite", 1000, rules, second, flattened, ""}
	oneTemplate = subject{"template", 1, templates, second, cname, ""}
	fewAliases  = subject{"versionalias", 10, bundles, second, cname, ""}
	someAliases = subject{"versionalias", 1000, bundles, second, cname, ""}
	manyAliases = subject{"versionalias", 100_000, bundles, second, cname, ""}
	mostAliases = subject{"versionalias", 1_000_000, bundles, second, cname, ""}
	fewCanaries = subject{"versionalias", 10, canaries, halfway, canary, "/percent=50"}
	fewRamps    = subject{"versionalias", 10, ramps, halfway, canary, "/ramp"}
	oneRulePair = subject{"rewrite", 1, pairRules, pair, flattenedPair, "/addresses=2"}
	fewFlat     = subject{"versionalias", 10, flatBundles, pair, cappedPair, "/flatten/addresses=2"}
)

func (s subject) String() string {
	return fmt.Sprintf("plugin=%s/names=%d%s", s.plugin, s.names, s.more)
}

func canonical(i int) string { return many.Canonical(i) }
func first(i int) string     { return many.Target(i, 1) }
func second(i int) string    { return many.Target(i, 2) }
func pair(i int) string      { return many.Target(i, 3) } // it has two addresses
func unrelated(i int) string { return fmt.Sprintf("www-%d.%s", i, zone) }

// halfway is the target of an alias of which half of the clients have moved, for the
// one client that asks.
func halfway(i int) string {
	client := netip.MustParsePrefix("10.240.0.1/32") // test.ResponseWriter's
	if alias.Position(canonical(i), client) < 1<<63 {
		return second(i)
	}
	return first(i)
}

func passes(testing.TB, int) string { return "pass" }

func rules(_ testing.TB, names int) string { return rewrites(names, second) }

func pairRules(_ testing.TB, names int) string { return rewrites(names, pair) }

func rewrites(names int, target func(int) string) string {
	var b strings.Builder
	for i := range names {
		fmt.Fprintf(&b, "rewrite name exact %s %s\n", canonical(i), target(i))
	}
	return b.String()
}

func templates(_ testing.TB, names int) string {
	var b strings.Builder
	for i := range names {
		fmt.Fprintf(&b, "template IN A {\nmatch ^%s$\nanswer \"{{ .Name }} 5 IN CNAME %s\"\nfallthrough\n}\n",
			strings.ReplaceAll(canonical(i), ".", `\.`), second(i))
	}
	return b.String()
}

func bundles(tb testing.TB, names int) string {
	return directory(tb, names, "", func(i int) any { return second(i) })
}

func flatBundles(tb testing.TB, names int) string {
	return directory(tb, names, "answer flatten", func(i int) any { return pair(i) })
}

// canaries move half of the clients.
func canaries(tb testing.TB, names int) string {
	return directory(tb, names, "", func(i int) any {
		return map[string]any{"from": first(i), "to": second(i), "percent": 50}
	})
}

// ramps do so as well, and go on for years.
func ramps(tb testing.TB, names int) string {
	const long = 20 * 365 * 24 * time.Hour
	start := time.Now().Add(-long / 2).UTC().Format(time.RFC3339)
	return directory(tb, names, "", func(i int) any {
		return map[string]any{"from": first(i), "to": second(i), "start": start, "over": long.String()}
	})
}

// directory spreads the names over documents of 10,000 at most: all in one would be
// too large. With a status page.
func directory(tb testing.TB, names int, property string, of func(i int) any) string {
	const most = 10_000
	dir := tb.TempDir()
	documents := max(10, names/most)
	for n := range documents {
		aliases := map[string]any{}
		for i := n; i < names; i += documents {
			aliases[canonical(i)] = of(i)
		}
		document, err := json.Marshal(map[string]any{"aliases": aliases})
		if err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("bundle-%d", n)), document, 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	// Sweeps are not on the way of a query, and would come by chance.
	return fmt.Sprintf("versionalias {\ndirectory %s\nrefresh 1h\nstatus 127.0.0.1:0\n%s\n}", dir, property)
}

// asked is which of so many names are asked for: all of few, and of many 1,000
// that are spread, so that the table does not stay in the processor's caches.
func asked(names int) []int {
	all := make([]int, min(names, 1000))
	for i := range all {
		all[i] = i * names / len(all)
	}
	return all
}

// question is a name, and the records that answer it.
type question struct {
	name   string
	answer []string
}

func hits(s subject) []question {
	return questions(asked(s.names), canonical, s.answer)
}

// targets is what the next plugin is asked in the course of hits.
func targets(s subject) []question {
	return questions(asked(s.names), s.target, func(i int) []string { return addresses(s.target(i), s.target(i)) })
}

func misses() []question {
	return questions(asked(1000), unrelated, func(i int) []string { return []string{address(unrelated(i))} })
}

func questions(numbers []int, name func(int) string, answer func(int) []string) []question {
	var all []question
	for _, i := range numbers {
		all = append(all, question{name(i), answer(i)})
	}
	return all
}

func address(name string) string { return name + "\t60\tIN\tA\t192.0.2.1" }

// addresses is what a target has, under the name of owner.
func addresses(owner, target string) []string {
	if strings.Contains(target, "-v3.") {
		return []string{address(owner), owner + "\t60\tIN\tA\t192.0.2.2"}
	}
	return []string{address(owner)}
}

func flattened(i int) []string { return []string{address(canonical(i))} }

func flattenedPair(i int) []string { return addresses(canonical(i), pair(i)) }

// cappedPair is the same with the least TTL on the way, that of the alias.
func cappedPair(i int) []string {
	var list []string
	for _, text := range flattenedPair(i) {
		list = append(list, strings.Replace(text, "\t60\t", "\t5\t", 1))
	}
	return list
}

func cname(i int) []string { return to(i, second(i)) }

func canary(i int) []string { return to(i, halfway(i)) }

func to(i int, target string) []string {
	return []string{canonical(i) + "\t5\tIN\tCNAME\t" + target, address(target)}
}

// records is what the next plugin has: addresses for all that may be asked. It is the same
// for all, in the same place in memory.
var records = sync.OnceValue(func() map[string][]dns.RR {
	all := map[string][]dns.RR{}
	for _, names := range []int{1000, manyAliases.names, mostAliases.names} {
		for _, i := range asked(names) {
			for _, name := range []string{first(i), second(i), pair(i), unrelated(i)} {
				all[name] = nil
				for _, text := range addresses(name, name) {
					rr, err := dns.NewRR(text)
					if err != nil {
						panic(err)
					}
					all[name] = append(all[name], rr)
				}
			}
		}
	}
	return all
})
