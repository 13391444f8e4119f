package terraform_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/octoenergy/versionalias/internal/emulator"
)

// snippet is the one block of a language in the project's README, with the modules
// that are here.
func snippet(t *testing.T, language string) string {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile(`(?ms)^~~~ `+language+`\n(.*?)^~~~$`).FindAllStringSubmatch(string(text), -1)
	if len(blocks) != 1 {
		t.Fatalf("found %d blocks of %s in README.md, want one", len(blocks), language)
	}
	return strings.ReplaceAll(blocks[0][1], "git::https://github.com/octoenergy/versionalias.git//terraform/", "./")
}

// The README's modules install, and the line that it flips is one change.
func TestREADME(t *testing.T) {
	t.Parallel()
	modules := snippet(t, "hcl")
	newStackOf(t, map[string]string{
		"main.tf":           modules,
		"versions.tf":       "terraform {\n  required_providers {\n    aws = { source = \"hashicorp/aws\" }\n  }\n}\n",
		"readme.tftest.hcl": "mock_provider \"aws\" {}\nrun \"apply\" {}\n",
	}, nil).run("test")

	old, flipped := "", ""
	for line := range strings.Lines(snippet(t, "diff")) {
		if removed, ok := strings.CutPrefix(line, "-"); ok {
			old += removed
		}
		if added, ok := strings.CutPrefix(line, "+"); ok {
			flipped += added
		}
	}
	if strings.Count(modules, old) != 1 {
		t.Fatalf("found %q %d times in the README's modules, want it once", old, strings.Count(modules, old))
	}
	s := newStackOf(t, withStandIn(t, standIn, map[string]string{"main.tf": modules}), append(emulator.Start(t).Env(), "RECORDS="+t.TempDir()))
	s.apply()
	if err := os.WriteFile(filepath.Join(s.dir, "main.tf"), []byte(strings.Replace(modules, old, flipped, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	want := []string{"update module.alias.aws_ssm_parameter.this"}
	if got := s.plan(); !slices.Equal(got, want) {
		t.Errorf("the flip would %v, want %v", got, want)
	}
}
