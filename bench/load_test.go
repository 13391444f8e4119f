package bench

import (
	"fmt"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coredns/coredns/plugin/test"
	"github.com/miekg/dns"
)

// load is a client of a chain that asks its questions in turn, again and again.
type load struct {
	chain
	names    []string // of the questions
	next     int
	request  *dns.Msg
	question [1]dns.Question // of request
	writer   *recorder

	turns []float64 // nanoseconds per question
	_     apart
}

// loads is how many there were, and mostLoads how many there may be. Their queries
// have the load's number as ID.
var loads uint16

const mostLoads = 10_000

// load asks each question once: nobody shall measure a failure.
func (c chain) load(tb testing.TB, questions []question) *load {
	tb.Helper()
	if loads++; loads == mostLoads {
		tb.Fatalf("found %d loads, want fewer", loads)
	}
	l := &load{chain: c, names: inARow(questions), request: new(dns.Msg).SetQuestion(zone, dns.TypeA), writer: newRecorder()}
	l.question = [1]dns.Question(l.request.Question)
	l.request.Id, l.request.Question = loads, l.question[:]
	for _, q := range questions {
		rcode, err := l.ask()
		if rcode != dns.RcodeSuccess || err != nil {
			tb.Fatalf("%s: %s got rcode %d and error %v, want 0 and none", c.Name(), q.name, rcode, err)
		}
		if err := l.writer.check(q); err != nil {
			tb.Fatalf("%s: %v", c.Name(), err)
		}
	}
	return l
}

// inARow is the names of questions, one behind the other in memory: as that of a query
// which was just read, the next one is in the processor's cache, however many there are.
func inARow(questions []question) []string {
	var all strings.Builder
	for _, q := range questions {
		all.WriteString(q.name)
	}
	rest, names := all.String(), make([]string, len(questions))
	for i, q := range questions {
		names[i], rest = rest[:len(q.name)], rest[len(q.name):]
	}
	return names
}

// ask asks the next question. The request is the same for all: of the plugins only
// rewrite edits it, and only the name.
func (l *load) ask() (int, error) {
	l.request.Question[0].Name = l.names[l.next]
	if l.next++; l.next == len(l.names) {
		l.next = 0
	}
	return l.ServeDNS(l.ctx, l.writer, l.request)
}

// short is how long one load asks before the next one does: most turns are to end before
// somebody else gets the processor.
const short = time.Millisecond

// turn asks for a while.
func (l *load) turn(while time.Duration) {
	const between = 50 // questions between looks at the clock
	asked := 0
	took := time.Duration(0)
	for begin := time.Now(); took < while; took = time.Since(begin) {
		for range between {
			l.ask()
		}
		asked += between
	}
	l.turns = append(l.turns, float64(took)/float64(asked))
}

// last is how many nanoseconds a question took in the last turn.
func (l *load) last() float64 { return l.turns[len(l.turns)-1] }

// cost is how many nanoseconds a question takes. It is the lowest tenth of the turns,
// since others may have had the processor in most.
func (l *load) cost() float64 {
	slices.Sort(l.turns)
	return l.turns[len(l.turns)/10]
}

// allocs is how often one question allocates.
func (l *load) allocs() float64 {
	return testing.AllocsPerRun(1000, func() { l.ask() })
}

// bytes is how much one question allocates.
func (l *load) bytes() float64 {
	const runs = 1000
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		l.ask()
	}
	runtime.ReadMemStats(&after)
	return float64((after.TotalAlloc - before.TotalAlloc) / runs)
}

// recorder keeps the last answer. Its addresses are made once, as those of a
// connection are.
type recorder struct {
	test.ResponseWriter
	local, remote net.Addr
	last          *dns.Msg
	_             apart
}

func newRecorder() *recorder {
	var w test.ResponseWriter
	return &recorder{local: w.LocalAddr(), remote: w.RemoteAddr()}
}

func (w *recorder) LocalAddr() net.Addr  { return w.local }
func (w *recorder) RemoteAddr() net.Addr { return w.remote }

func (w *recorder) WriteMsg(m *dns.Msg) error {
	w.last = m
	return nil
}

// check reports how the last answer differs from that to q.
func (w *recorder) check(q question) error {
	m := w.last
	w.last = nil
	if m == nil {
		return fmt.Errorf("%s got no answer", q.name)
	}
	if m.Rcode != dns.RcodeSuccess || len(m.Question) != 1 || m.Question[0].Name != q.name {
		return fmt.Errorf("%s got an answer to something else:\n%v", q.name, m)
	}
	var got []string
	for _, rr := range m.Answer {
		got = append(got, rr.String())
	}
	if !slices.Equal(got, q.answer) {
		return fmt.Errorf("%s got %q, want %q", q.name, got, q.answer)
	}
	return nil
}
