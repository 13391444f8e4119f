package paramstore

import (
	"fmt"
	"regexp"
	"strings"
)

// MaxName is the length of the longest name of a parameter, in characters. Calls take 2048 characters, of which
// 1037 are Parameter Store's own:
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
const MaxName = 1011

var hierarchical = regexp.MustCompile(`^(/[A-Za-z0-9_.-]+){1,15}$`)

// CheckPath is what Parameter Store has against a parameter of that name in a hierarchy, but
// for its length; or nil.
func CheckPath(name string) error {
	if cut, found := strings.CutSuffix(name, "/"); found && hierarchical.MatchString(cut) {
		return fmt.Errorf("found %q, want it without the final slash", name)
	}
	if !hierarchical.MatchString(name) {
		return fmt.Errorf("found %q, want an absolute path of 1 to 15 elements of letters, digits, '.', '-' and '_'", name)
	}
	for element := range strings.SplitSeq(name, "/") {
		if element == "." || element == ".." {
			return fmt.Errorf("found %q, want no element %q", name, element)
		}
	}
	return nil
}
