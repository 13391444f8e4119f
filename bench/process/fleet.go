package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/octoenergy/versionalias/internal/program"
)

// fleet is what servers of all subjects have in common.
type fleet struct {
	dir      string // of their files
	coredns  string // the program
	cores    cores
	others   int     // names in another zone of each server
	upstream *server // of all that have a cache
}

// result is a subject with its turns.
type result struct {
	subject
	turns []turn
}

// server is a running subject.
type server struct {
	subject
	ports
	input   string // dnsperf's input
	program *program.Program
}

// start starts the upstream of the subjects that have a cache.
func (f *fleet) start(chosen []subject) error {
	most := 0
	for _, s := range chosen {
		if s.above == "cache" {
			most = max(most, s.names)
		}
	}
	if most == 0 {
		return nil
	}
	var err error
	// All is cached before anything is timed, so that it has nothing to do then.
	f.upstream, err = f.serve(subject{"file", reference, most, ""}, filepath.Join(f.dir, "upstream"), f.cores.load)
	return err
}

// with starts a server of s, has it answer all names once, and calls do with it.
func (f *fleet) with(ctx context.Context, s subject, do func(*server) error) error {
	one, err := f.serve(s, filepath.Join(f.dir, strings.ReplaceAll(s.String(), "/", "-")), f.cores.server)
	if err != nil {
		return err
	}
	defer one.program.Stop()
	if err := one.check(); err != nil {
		return fmt.Errorf("check %v: %w", s, err)
	}
	if _, err := one.ask(ctx, f.cores.load, "-n", "1"); err != nil {
		return fmt.Errorf("ask %v for all names: %w", s, err)
	}
	return do(one)
}

// serve starts the server of s, whose files go into dir, on the core.
func (f *fleet) serve(s subject, dir, core string) (*server, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	one := &server{subject: s, input: filepath.Join(dir, "questions")}
	for _, addr := range []*string{&one.dns, &one.metrics, &one.status, &one.pprof} {
		var err error
		if *addr, err = program.FreeAddr(); err != nil {
			return nil, err
		}
	}
	upstream := ""
	if f.upstream != nil {
		upstream = f.upstream.dns
	}
	if err := s.write(dir, f.others); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "Corefile")
	if err := os.WriteFile(path, []byte(s.corefile(dir, one.ports, upstream)), 0o600); err != nil {
		return nil, err
	}
	command := exec.Command("taskset", "-c", core, f.coredns, "-conf", path)
	command.Env = append(os.Environ(), "GOMAXPROCS=1")
	p, err := program.Start(command, func(string) bool {
		_, err := one.exchange(zone, dns.TypeSOA)
		return err == nil
	})
	if err != nil {
		return nil, fmt.Errorf("start %v: %w", s, err)
	}
	one.program = p
	return one, nil
}

func (f *fleet) stop() {
	if f.upstream != nil {
		f.upstream.program.Stop()
	}
}

// rounds gives each subject its turn so often, in one order and then in the other. Each
// turn is a new server's: how fast one is depends by up to a tenth on how it started.
func (f *fleet) rounds(ctx context.Context, chosen []subject, rounds int, duration time.Duration) ([]result, error) {
	results := make([]result, len(chosen))
	for round := range rounds {
		for n := range chosen {
			if round%2 == 1 {
				n = len(chosen) - 1 - n
			}
			r := &results[n]
			r.subject = chosen[n]
			err := f.with(ctx, r.subject, func(s *server) error {
				t, err := s.turn(ctx, f.cores.load, duration)
				if err != nil {
					return fmt.Errorf("ask %v: %w", s, err)
				}
				r.turns = append(r.turns, t)
				return nil
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return results, nil
}

// turn is what a server did in its turn, and what that took.
type turn struct {
	load
	cpu       time.Duration
	allocated float64 // octets, which say the same however busy the machine is
}

func (s *server) turn(ctx context.Context, core string, duration time.Duration) (turn, error) {
	allocated, err := s.allocated(ctx)
	if err != nil {
		return turn{}, err
	}
	// What looking at the memory takes is not the turn's.
	cpu, err := cpuTime(s.program.PID())
	if err != nil {
		return turn{}, err
	}
	t := turn{}
	if t.load, err = s.ask(ctx, core, "-l", strconv.FormatFloat(duration.Seconds(), 'f', -1, 64)); err != nil {
		return turn{}, err
	}
	if t.cpu, err = cpuTime(s.program.PID()); err != nil {
		return turn{}, err
	}
	t.cpu -= cpu
	t.allocated, err = s.allocated(ctx)
	t.allocated -= allocated
	return t, err
}

// allocated is how many octets a server has allocated since it was started. Its heap
// profile says so at less cost than its metrics, of which each alias has some.
func (s *server) allocated(ctx context.Context) (float64, error) {
	text, err := get(ctx, "http://"+s.pprof+"/debug/pprof/heap?debug=1")
	if err != nil {
		return 0, err
	}
	return totalAlloc(text)
}

// totalAlloc is that of a heap profile in the form of text.
func totalAlloc(profile []byte) (float64, error) {
	const name = "# TotalAlloc = "
	for line := range strings.Lines(string(profile)) {
		if value, found := strings.CutPrefix(line, name); found {
			return strconv.ParseFloat(strings.TrimSpace(value), 64)
		}
	}
	return 0, fmt.Errorf("read the heap profile: found no %q", name)
}

// cpuTime is how long the threads of a process have run.
func cpuTime(pid int) (time.Duration, error) {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil {
		return 0, err
	}
	if len(threads) == 0 {
		return 0, fmt.Errorf("read the CPU time of process %d: found no thread's schedstat", pid)
	}
	total := time.Duration(0)
	for _, path := range threads {
		text, err := os.ReadFile(path)
		if err != nil {
			return 0, err
		}
		first, _, _ := strings.Cut(string(text), " ")
		ran, err := strconv.ParseInt(first, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read %s: %w", path, err)
		}
		total += time.Duration(ran)
	}
	return total, nil
}

// check asks for all of few names, and of many for 1,000 that are spread, and
// compares the answers record by record.
func (s *server) check() error {
	asked := min(s.names, 1000)
	for n := range asked {
		i := n * s.names / asked
		m, err := s.exchange(canonical(i), dns.TypeA)
		if err != nil {
			return err
		}
		want, err := s.answer(i)
		if err != nil {
			return err
		}
		if m.Rcode != dns.RcodeSuccess || m.Truncated || !slices.EqualFunc(m.Answer, want, same) {
			return fmt.Errorf("ask for %s: found\n%v\nwant the answer %v", canonical(i), m, want)
		}
	}
	return nil
}

// same reports whether a record is what is wanted. In a cache it is some seconds
// old.
func same(got, want dns.RR) bool {
	age := int64(want.Header().Ttl) - int64(got.Header().Ttl)
	return dns.IsDuplicate(got, want) && age >= 0 && age < 60
}

func (s *server) exchange(name string, qtype uint16) (*dns.Msg, error) {
	return program.Exchange(new(dns.Msg).SetQuestion(name, qtype), s.dns)
}

// profile writes a CPU profile of a server of each subject under load into dir.
func (f *fleet) profile(ctx context.Context, chosen []subject, dir string) error {
	for _, one := range chosen {
		err := f.with(ctx, one, func(s *server) error {
			asked := make(chan error, 1)
			go func() {
				_, err := s.ask(ctx, f.cores.load, "-l", "11")
				asked <- err
			}()
			err := s.saveProfile(ctx, filepath.Join(dir, strings.ReplaceAll(s.String(), "/", "-")+".pprof"))
			if err := errors.Join(err, <-asked); err != nil {
				return fmt.Errorf("profile %v: %w", s, err)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *server) saveProfile(ctx context.Context, path string) error {
	profile, err := get(ctx, "http://"+s.pprof+"/debug/pprof/profile?seconds=10")
	if err != nil {
		return err
	}
	return os.WriteFile(path, profile, 0o600)
}

// get is what a server has at url.
func get(ctx context.Context, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("read %s: found status %s, want 200", url, response.Status)
	}
	return io.ReadAll(response.Body)
}
