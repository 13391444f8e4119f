// Package many makes as many aliases as tests of size and speed need.
package many

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/octoenergy/versionalias/plugin/alias"
	"github.com/octoenergy/versionalias/plugin/ledger"
)

// Zone is where all names are.
const Zone = "corp.internal."

// Path is where the parameters are.
const Path = "/dns/aliases"

// Line is the line of a Corefile that reads them.
var Line = ledger.Line{Path: Path, Rule: alias.Rule{Zones: []alias.Name{Zone}, TTL: 5}}

// Canonical is the name of alias i.
func Canonical(i int) string { return fmt.Sprintf("app-%d.%s", i, Zone) }

// Target is a name that alias i leads to: that of its version v.
func Target(i, v int) string { return fmt.Sprintf("app-%d-v%d.%s", i, v, Zone) }

// largest is the size of the largest value of a parameter in the standard tier, in
// octets.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
const largest = 4 << 10

// Bundles is n aliases that lead to version 2, in parameters as large as they may be.
func Bundles(n int) []ledger.Parameter {
	var list []ledger.Parameter
	modified := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	for first := 0; first < n; {
		p := ledger.Parameter{Name: fmt.Sprintf("%s/bundle-%d", Path, len(list)), Version: 1, Modified: modified}
		count := 1
		for first+count < n && size(first, count+1) <= largest {
			count++
		}
		p.Value = bundle(first, count)
		list = append(list, p)
		first += count
	}
	return list
}

// bundle is a document of count aliases. Names are written as people do, without the
// final dot.
func bundle(first, count int) string {
	text := []byte(`{"aliases": {`)
	for i := first; i < first+count; i++ {
		if i > first {
			text = append(text, ',')
		}
		text = fmt.Appendf(text, `%q:%q`, undotted(Canonical(i)), undotted(Target(i, 2)))
	}
	return string(text) + "}}"
}

// Flip is p after its first alias was led to version v.
func Flip(p ledger.Parameter, v int) ledger.Parameter {
	p.Value = strings.Replace(p.Value, "-v2.", fmt.Sprintf("-v%d.", v), 1)
	p.Version += int64(v)
	p.Modified = p.Modified.Add(time.Duration(v) * time.Second)
	return p
}

func undotted(name string) string { return name[:len(name)-1] }

// size is about that of a bundle, and not less.
func size(first, count int) int {
	last := first + count - 1
	return len(`{"aliases": {}}`) + count*(len(Canonical(last))+len(Target(last, 2))+len(`"":"",`))
}

// Decode decodes documents into maps, the plainest thing that can be done with them, and
// hands each to keep.
func Decode(list []ledger.Parameter, keep func(document map[string]map[string]any)) error {
	for _, p := range list {
		var document map[string]map[string]any
		if err := json.Unmarshal([]byte(p.Value), &document); err != nil {
			return fmt.Errorf("decode %s: %w", p.Name, err)
		}
		keep(document)
	}
	return nil
}
