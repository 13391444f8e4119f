package alias

import (
	"fmt"
	"math"
	"math/bits"
	"net/netip"
	"strings"
	"time"
)

// Move is how an alias moves its clients from one target to another. Those have
// moved whose position is below the fraction that has; that fraction is fixed,
// or grows with time. It is immutable.
type Move struct {
	From Name
	// Salt is what positions are taken with: aliases with the same one move the
	// same clients at the same time. It has at most 255 octets.
	Salt string
	// Fraction is how much has moved if Start is zero, in parts of Whole.
	Fraction uint64
	// Start is when the first client moves, and Over how long after that the last
	// one does: 0 if all do so at once.
	Start time.Time
	Over  time.Duration
}

// Whole is the fraction that is all: percents have three decimals.
const Whole = 100_000

// maxSalt is the length of the longest salt, in octets: that of a name.
const maxSalt = maxName

// Scheduled reports whether m happens at a time.
func (m *Move) Scheduled() bool { return !m.Start.IsZero() }

// Moved is how much has moved at now, from 0 to 1.
func (m *Move) Moved(now time.Time) float64 {
	if !m.Scheduled() {
		return float64(m.Fraction) / Whole
	}
	elapsed := m.elapsed(now)
	switch {
	case elapsed < 0:
		return 0
	case elapsed >= m.Over:
		return 1
	}
	return float64(elapsed) / float64(m.Over)
}

// elapsed is how long ago m started, by the wall clock. To look for an overflow first
// takes a third of the time that Sub takes, which looks for one in what it has found.
func (m *Move) elapsed(now time.Time) time.Duration {
	const most = math.MaxInt64 / int64(time.Second)
	seconds := now.Unix() - m.Start.Unix()
	if seconds <= -most || most <= seconds {
		return now.Sub(m.Start)
	}
	return time.Duration(seconds)*time.Second + time.Duration(now.Nanosecond()-m.Start.Nanosecond())
}

// turn is how long after m's start the client at position moves, which is less
// than Over: all integers, so that servers agree to the nanosecond.
func (m *Move) turn(position uint64) time.Duration {
	turn, _ := bits.Mul64(uint64(m.Over), position)
	return time.Duration(turn)
}

// Equal reports whether m and o, either of which may be nil, move the same
// clients from the same target at the same time.
func (m *Move) Equal(o *Move) bool {
	if m == nil || o == nil {
		return m == o
	}
	return m.From == o.From && m.Salt == o.Salt && m.Fraction == o.Fraction && m.Start.Equal(o.Start) && m.Over == o.Over
}

// String is m as documents say it, in one line.
func (m *Move) String() string {
	s := fmt.Sprintf("from %s", m.From)
	switch {
	case !m.Scheduled():
		s += fmt.Sprintf(" percent %s", percent(m.Fraction))
	case m.Over == 0:
		s += fmt.Sprintf(" start %s", m.Start.UTC().Format(time.RFC3339Nano))
	default:
		s += fmt.Sprintf(" start %s over %v", m.Start.UTC().Format(time.RFC3339Nano), m.Over)
	}
	return s
}

// percent is a fraction as documents say it: 12500 is 12.5.
func percent(fraction uint64) string {
	s := fmt.Sprintf("%d.%03d", fraction/1000, fraction%1000)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// Choice is what an alias is for one client at one moment. It is small enough to be
// returned in registers: a larger one is written piece by piece and read as a whole, for
// which a processor waits.
type Choice struct {
	Tally *Tally // of the target
	TTL   uint32 // seconds; it does not reach past the moment at which the client moves
	// Differs says that another client may be answered otherwise.
	Differs bool
	// Until is that moment in Unix nanoseconds if it may come sooner than the TTL ends, since an
	// answer takes its time; else 0.
	Until int64
}

// Late is how much longer than its TTL an answer may be around: one that was asked
// for in time may be under way for as long as forward waits for its upstreams, 5
// seconds and a last read of 2, and caches count whole seconds.
const Late = 10 * time.Second

// Target is where the alias leads the client.
func (c Choice) Target() Name { return c.Tally.Target }

// Leads reports whether a leads anybody to target at now.
func (a *Alias) Leads(target Name, now time.Time) bool {
	leads, _ := a.LeadsUntil(target, now)
	if a.Move != nil && a.Move.Scheduled() && target == a.Target {
		return !now.Before(a.Move.Start)
	}
	return leads
}

// LeadsUntil reports whether a leads anybody to target at now or later, and when it
// ceases to: zero if it does not by itself.
func (a *Alias) LeadsUntil(target Name, now time.Time) (leads bool, until time.Time) {
	switch m := a.Move; {
	case m == nil || target != a.Target && target != m.From:
		return target == a.Target, until
	case m.Scheduled() && target == m.From:
		end := m.Start.Add(m.Over)
		return now.Before(end), end
	case m.Scheduled():
		return true, until
	case target == m.From:
		return m.Fraction < Whole, until
	default:
		return m.Fraction > 0, until
	}
}

// Still is what e is for every client if it does not move.
func (e *Entry) Still() Choice { return Choice{Tally: e.Tallies[0], TTL: e.TTL} }

// Choose is what e, which moves, is for a client, as [Client] makes one, at now, which
// counts only if the move is scheduled. Nothing is allocated.
func (e *Entry) Choose(client netip.Prefix, now time.Time) Choice {
	c, _ := e.ChooseAbout(client, now, 0)
	return c
}

// ChooseAbout is Choose for who knows the time only to within slack, from 0 to an hour. If sure, it is
// what Choose says at each of these times, but that it may say too early, or for too long, that others
// differ. If not, the client moves about then, or soon.
func (e *Entry) ChooseAbout(client netip.Prefix, now time.Time, slack time.Duration) (c Choice, sure bool) {
	c = e.Still()
	m, position := e.Move, Position(e.Move.Salt, client)
	if !m.Scheduled() {
		c.Differs = 0 < m.Fraction && m.Fraction < Whole
		if part, _ := bits.Mul64(position, Whole); part >= m.Fraction {
			c.Tally = e.Tallies[1]
		}
		return c, true
	}
	soon := time.Duration(e.TTL)*time.Second + Late
	elapsed, turn := m.elapsed(now), m.turn(position)
	// Others differ by their target, or by a TTL that ends when they move.
	c.Differs = m.Over > 0 && elapsed > -soon-slack && elapsed-slack < m.Over
	if elapsed >= turn {
		return c, elapsed-turn >= slack
	}
	c.Tally = e.Tallies[1]
	left := turn - elapsed
	if left < 0 { // it is too far off for a Duration
		return c, true
	}
	c.TTL = uint32(min(time.Duration(e.TTL), left/time.Second))
	if left < soon {
		c.Until = now.Add(left).UnixNano()
	}
	return c, left-slack >= soon
}
