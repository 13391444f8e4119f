package terraform_test

import (
	"path/filepath"
	"testing"
)

// Each directory that has a configuration is formatted, valid, and passes its own
// tests, which mock AWS.
func TestModules(t *testing.T) {
	files, err := filepath.Glob("*/*/main.tf")
	if err != nil || len(files) == 0 {
		t.Fatalf("found no modules, error %v", err)
	}
	for _, file := range files {
		dir := filepath.Dir(file)
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, dir, nil)
			s.run("fmt", "-check", "-diff", "-recursive")
			s.run("validate")
			s.run("test")
		})
	}
}
