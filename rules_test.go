package versionalias

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// rule is a number of docs/rules.md.
type rule struct {
	duty   bool
	number int
}

func (r rule) String() string {
	if r.duty {
		return fmt.Sprintf("duty %d", r.number)
	}
	return fmt.Sprintf("rule %d", r.number)
}

// listedRules is those of a text like docs/rules.md, where each list counts from 1.
func listedRules(text string) (listed []rule, err error) {
	item := regexp.MustCompile(`^(\d+)\. `)
	var last rule
	for line := range strings.Lines(text) {
		if line == "## Duties\n" {
			last = rule{duty: true}
		}
		if m := item.FindStringSubmatch(line); m != nil {
			last.number++
			if m[1] != strconv.Itoa(last.number) {
				return nil, fmt.Errorf("found item %s, want %v", m[1], last)
			}
			listed = append(listed, last)
		}
	}
	return listed, nil
}

// namedRules is what a comment, a name or a failure of a test says that it shows.
func namedRules(text string) []rule {
	// Duties are told of in prose as well, there without a colon.
	mention := regexp.MustCompile(`(?i)\b(dut(?:y|ies)) (\d+(?:(?:, | and | to )\d+)*)|^(\d+(?:(?:, | to )\d+)*): `)
	number := regexp.MustCompile(`(to )?(\d+)`)
	var named []rule
	for _, m := range mention.FindAllStringSubmatch(text, -1) {
		for _, n := range number.FindAllStringSubmatch(m[2]+m[3], -1) {
			r := rule{duty: m[1] != ""}
			r.number, _ = strconv.Atoi(n[2])
			for first := r.number; n[1] != "" && first > named[len(named)-1].number+1; {
				named = append(named, rule{r.duty, named[len(named)-1].number + 1})
			}
			named = append(named, r)
		}
	}
	return named
}

func TestNamedRules(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"17: a name above an alias exists", "[rule 17]"},
		{"5, 24: that there is nothing", "[rule 5 rule 24]"},
		{"6 to 9: what plugins below do", "[rule 6 rule 7 rule 8 rule 9]"},
		{"duty 4: a stale read", "[duty 4]"},
		{"Duties 9, 10: a real server", "[duty 9 duty 10]"},
		{"the duties 1 to 3, and duty 12", "[duty 1 duty 2 duty 3 duty 12]"},
		{"at 10: it begins", "[]"},
		{"10 aliases", "[]"},
	} {
		if got := fmt.Sprint(namedRules(tt.text)); got != tt.want {
			t.Errorf("%q names %s, want %s", tt.text, got, tt.want)
		}
	}
}

// eachText calls do with every comment and every string of the project's tests.
func eachText(t *testing.T, do func(at token.Position, text string)) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (path != "." && strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return fs.SkipDir
		case !strings.HasSuffix(path, "_test.go") || path == "rules_test.go":
			return nil
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		for _, group := range file.Comments {
			do(files.Position(group.Pos()), group.Text())
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				text, _ := strconv.Unquote(literal.Value) // it was parsed
				do(files.Position(literal.Pos()), text)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Whatever rule a test names is in docs/rules.md, and each of those is named by a test.
func TestListOfRules(t *testing.T) {
	text, err := os.ReadFile("docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	listed, err := listedRules(string(text))
	if err != nil {
		t.Fatalf("docs/rules.md: %v", err)
	}
	named := map[rule]bool{}
	eachText(t, func(at token.Position, text string) {
		for _, r := range namedRules(text) {
			named[r] = true
			if !slices.Contains(listed, r) {
				t.Errorf("%s: found %v, want one of docs/rules.md", at, r)
			}
		}
	})
	for _, r := range listed {
		if !named[r] {
			t.Errorf("found no test that names %v of docs/rules.md, want one", r)
		}
	}
}
