package terraform_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/octoenergy/versionalias/internal/process"
	"github.com/octoenergy/versionalias/internal/program"
)

// scratch is a directory that is there as long as tests run.
var scratch string

func TestMain(m *testing.M) {
	var err error
	if scratch, err = os.MkdirTemp("", "terraform"); err != nil {
		panic(err)
	}
	m.Run()
	if common != nil {
		common.program.Stop()
	}
	_ = os.RemoveAll(scratch) // what is left of it is the system's to remove
}

var buildCoreDNS = sync.OnceValues(func() (path string, err error) {
	path = filepath.Join(scratch, "coredns")
	return path, program.BuildCoreDNS(path)
})

// startCoreDNS is [process.StartCoreDNS] of one build for all tests.
func startCoreDNS(t testing.TB, corefile string, env []string) *process.CoreDNS {
	t.Helper()
	path, err := buildCoreDNS()
	if err != nil {
		t.Fatal(err)
	}
	return process.RunCoreDNS(t, path, corefile, env)
}
