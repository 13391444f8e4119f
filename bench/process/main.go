// Command process compares whole servers over UDP: the project's CoreDNS with
// versionalias, with a static CNAME, with rewrite and with template, each under
// dnsperf. It prints a table, and fails if an answer was lost or wrong. It needs
// Linux, two cores and dnsperf. See the README.md above.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/octoenergy/versionalias/internal/program"
)

type options struct {
	rounds   int
	duration time.Duration
	only     *regexp.Regexp
	profiles string
	cores    cores
	coredns  string
	others   int
}

// cores are the two that servers and load are pinned to.
type cores struct{ server, load string }

func main() {
	rounds := flag.Int("rounds", 3, "how often each server has its turn")
	// The garbage of 100,000 names is collected about once in 2 seconds, which takes a tenth of the
	// time: in a short turn it would be luck how often that is.
	duration := flag.Duration("time", 5*time.Second, "how long a turn is")
	only := flag.String("only", "", "the servers that are compared: a regular expression for names such as file/static/10")
	profiles := flag.String("profiles", "", "an existing directory for a CPU profile of each server, taken for 10 seconds at the end")
	server := flag.String("server-core", "0", "the core of the servers")
	load := flag.String("load-core", "1", "the core of the load")
	coredns := flag.String("coredns", "", "the project's CoreDNS, if it is built; else it is built first")
	// These take 64 MiB, and so give the garbage collector work as in a real server.
	others := flag.Int("others", 100_000, "how many names each server has in another zone, to fill its memory")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	pattern, err := regexp.Compile(*only)
	if err == nil {
		err = run(ctx, os.Stdout, options{*rounds, *duration, pattern, *profiles, cores{*server, *load}, *coredns, *others})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "process:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, o options) (err error) {
	if o.rounds < 1 {
		return fmt.Errorf("read -rounds: found %d, want at least 1", o.rounds)
	}
	chosen := slices.DeleteFunc(slices.Clone(subjects), func(s subject) bool { return !o.only.MatchString(s.String()) })
	if len(chosen) == 0 {
		return fmt.Errorf("read -only: found %q, which is no server's name", o.only)
	}
	if err := need("dnsperf", "taskset"); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "versionalias-process")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	f := fleet{dir: dir, coredns: o.coredns, cores: o.cores, others: o.others}
	if f.coredns == "" {
		f.coredns = filepath.Join(dir, "coredns")
		if err := program.BuildCoreDNS(f.coredns); err != nil {
			return err
		}
	}
	defer f.stop()
	if err := f.start(chosen); err != nil {
		return err
	}
	before := loads()
	results, err := f.rounds(ctx, chosen, o.rounds, o.duration)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(out, "%d turns of %v each; load average %s before and %s after\n\n%s",
		o.rounds, o.duration, before, loads(), markdown(compare(results))); err != nil {
		return err
	}
	if o.profiles != "" {
		return f.profile(ctx, chosen, o.profiles)
	}
	return nil
}

// need reports which of the programs are not installed.
func need(programs ...string) error {
	missing := slices.DeleteFunc(programs, func(p string) bool {
		_, err := exec.LookPath(p)
		return err == nil
	})
	if len(missing) > 0 {
		return fmt.Errorf("find %s: not installed (apt-get install dnsperf util-linux)", strings.Join(missing, ", "))
	}
	return nil
}

// loads is the machine's load averages, which tell whether others disturbed.
func loads() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	one, _, _ := strings.Cut(string(text), " ")
	return one
}
