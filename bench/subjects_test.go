package bench

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/octoenergy/versionalias/plugin/alias"
)

// zone is the server block's.
const zone = "corp.internal."

// subject is a plugin with so many names set up.
type subject struct {
	plugin string
	names  int
	lines  func(tb testing.TB, names int) string // of the Corefile
	answer func(i int) []string                  // what the client gets for name i
	more   string                                // of its name
}

var (
	baseline    = subject{"pass", 0, passes, nil, ""}
	oneRule     = subject{"rewrite", 1, rules, flattened, ""}
	manyRules   = subject{"rewrite", 1000, rules, flattened, ""}
	oneTemplate = subject{"template", 1, templates, cname, ""}
	fewAliases  = subject{"versionalias", 10, bundles, cname, ""}
	someAliases = subject{"versionalias", 1000, bundles, cname, ""}
	manyAliases = subject{"versionalias", 100_000, bundles, cname, ""}
	fewCanaries = subject{"versionalias", 10, canaries, canary, "/percent=50"}
)

func (s subject) String() string {
	return fmt.Sprintf("plugin=%s/names=%d%s", s.plugin, s.names, s.more)
}

func canonical(i int) string { return fmt.Sprintf("app-%d.%s", i, zone) }
func target(i int) string    { return fmt.Sprintf("app-%d-v2.%s", i, zone) }
func old(i int) string       { return fmt.Sprintf("app-%d-v1.%s", i, zone) }
func unrelated(i int) string { return fmt.Sprintf("www-%d.%s", i, zone) }

func passes(testing.TB, int) string { return "pass" }

func rules(_ testing.TB, names int) string {
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
			strings.ReplaceAll(canonical(i), ".", `\.`), target(i))
	}
	return b.String()
}

func bundles(tb testing.TB, names int) string {
	return documents(tb, names, func(i int) any { return target(i) })
}

// canaries move half of the clients.
func canaries(tb testing.TB, names int) string {
	return documents(tb, names, func(i int) any {
		return map[string]any{"from": old(i), "to": target(i), "percent": 50}
	})
}

// documents spreads the names over ten documents: one would be too large for the
// most names.
func documents(tb testing.TB, names int, of func(i int) any) string {
	dir := tb.TempDir()
	for n := range 10 {
		aliases := map[string]any{}
		for i := n; i < names; i += 10 {
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
	return fmt.Sprintf("versionalias {\ndirectory %s\nrefresh 1h\n}", dir)
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
	return questions(asked(s.names), target, func(i int) []string { return []string{address(target(i))} })
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

func flattened(i int) []string { return []string{address(canonical(i))} }

func cname(i int) []string { return to(i, target(i)) }

// canary is what the one client that asks gets: of some names the old target.
func canary(i int) []string {
	client := netip.MustParsePrefix("10.240.0.1/32") // test.ResponseWriter's
	if alias.Position(canonical(i), client) < 1<<63 {
		return cname(i)
	}
	return to(i, old(i))
}

func to(i int, target string) []string {
	return []string{canonical(i) + "\t5\tIN\tCNAME\t" + target, address(target)}
}

// records is what the next plugin has: an address for all that may be asked.
func records(tb testing.TB) map[string][]dns.RR {
	all := map[string][]dns.RR{}
	for _, names := range []int{1000, manyAliases.names} {
		for _, i := range asked(names) {
			for _, name := range []string{target(i), old(i), unrelated(i)} {
				rr, err := dns.NewRR(address(name))
				if err != nil {
					tb.Fatal(err)
				}
				all[name] = []dns.RR{rr}
			}
		}
	}
	return all
}
