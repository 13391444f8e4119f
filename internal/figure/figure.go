// Package figure prints what tests measure. What a test logs is not shown when it
// passes, so that figures would be seen by nobody; scripts/test shows these.
package figure

import (
	"fmt"
	"strings"
	"testing"
)

// Print prints a text to standard output, each line of it with "figure: " and the
// name of the test in front.
func Print(t testing.TB, format string, args ...any) {
	t.Helper()
	var b strings.Builder
	for line := range strings.Lines(fmt.Sprintf(format, args...)) {
		fmt.Fprintf(&b, "figure: %s: %s\n", t.Name(), strings.TrimSuffix(line, "\n"))
	}
	fmt.Print(b.String()) // at once: other tests may print as well
}
