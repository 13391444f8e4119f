package alias

import (
	"encoding/json"
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/octoenergy/versionalias/internal/figure"
)

// The positions in testdata were made by another implementation of XXH64.
func TestPositions(t *testing.T) {
	text, err := os.ReadFile("testdata/positions.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		Salt     string
		Client   netip.Prefix
		Position string
		Whole    uint64        `json:"of_whole"`
		Half     time.Duration `json:"of_30m_in_ns"`
	}
	if err := json.Unmarshal(text, &vectors); err != nil || len(vectors) < 50 {
		t.Fatalf("found %d positions, %v, want at least 50", len(vectors), err)
	}
	for _, v := range vectors {
		got := Position(v.Salt, v.Client)
		if fmt.Sprintf("%016x", got) != v.Position {
			t.Errorf("the position of %s with salt %q is %016x, want %s", v.Client, v.Salt, got, v.Position)
		}
		for _, fraction := range []uint64{v.Whole, v.Whole + 1} {
			e := entryOf(&Move{Fraction: fraction, Salt: v.Salt})
			if moved := e.Choose(v.Client, time.Time{}).Target() == e.Target; moved != (fraction > v.Whole) {
				t.Errorf("%s of %q has moved at %d: %v, want it from %d on", v.Client, v.Salt, fraction, moved, v.Whole+1)
			}
		}
		m := Move{Start: epoch, Over: 30 * time.Minute}
		if turn := m.turn(got); turn != v.Half {
			t.Errorf("%s of %q moves after %v of 30m, want %v", v.Client, v.Salt, turn, v.Half)
		}
	}
}

// Salts of any length are hashed whole, whichever buffer they go through.
func TestPositionOfLongSalts(t *testing.T) {
	for n := range maxSalt + 1 {
		salt := strings.Repeat("a salt\xff", maxSalt)[:n]
		for client, octets := range map[netip.Prefix]string{
			netip.MustParsePrefix("192.0.2.1/32"):         "\x04\x20\xc0\x00\x02\x01",
			netip.MustParsePrefix("255.255.255.254/31"):   "\x04\x1f\xff\xff\xff\xfe",
			netip.MustParsePrefix("2001:db8:0:ff01::/64"): "\x06\x40\x20\x01\x0d\xb8\x00\x00\xff\x01",
			{}: "\x06\xff\x00\x00\x00\x00\x00\x00\x00\x00", // whoever has no address has a position
		} {
			if got, want := Position(salt, client), xxhash.Sum64String(salt+"\x00"+octets); got != want {
				t.Errorf("the position of %s with a salt of %d octets is %016x, want %016x", client, n, got, want)
			}
		}
	}
}

var epoch = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

func TestClient(t *testing.T) {
	for _, tt := range []struct {
		addr string
		bits int
		want string
	}{
		{"192.0.2.77", 32, "192.0.2.77/32"},
		{"192.0.2.77", 24, "192.0.2.0/24"},
		{"192.0.2.77", 0, "0.0.0.0/0"},
		{"::ffff:192.0.2.77", 128, "192.0.2.77/32"},
		{"::ffff:192.0.2.77", 120, "192.0.2.0/24"},
		{"::ffff:192.0.2.77", 64, "0.0.0.0/0"},
		{"2001:db8::1:2:3:4", 128, "2001:db8::/64"},
		{"2001:db8:0:ffff::1", 64, "2001:db8:0:ffff::/64"},
		{"2001:db8:0:ffff::1", 56, "2001:db8:0:ff00::/56"},
		{"fe80::1%eth0", 128, "fe80::/64"},
	} {
		if got := Client(netip.MustParseAddr(tt.addr), tt.bits); got.String() != tt.want {
			t.Errorf("Client(%s, %d) got %s, want %s", tt.addr, tt.bits, got, tt.want)
		}
	}
	if got := Client(netip.Addr{}, 0); got.IsValid() {
		t.Errorf("the client of no address got %s, want none", got)
	}
}

// entryOf is an entry that moves so, from v1 to v2 with a TTL of 5.
func entryOf(m *Move) *Entry {
	m.From = "v1.corp.internal."
	if m.Salt == "" {
		m.Salt = "cache.corp.internal."
	}
	a := Alias{Name: "cache.corp.internal.", Zone: "corp.internal.", Target: "v2.corp.internal.", TTL: 5, Move: m}
	return &Entry{Alias: a, Tallies: tallies(nil, a.Targets(), new(fresh))}
}

// clientAt is a client whose position is just below a fraction of the whole
// range, by less than a millionth of it.
func clientAt(t *testing.T, salt string, fraction float64) netip.Prefix {
	t.Helper()
	least := netip.Prefix{}
	distance := math.Inf(1)
	for i := range uint32(1 << 24) {
		c := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 32)
		if d := fraction - float64(Position(salt, c))/(1<<64); d > 0 && d < distance {
			if least, distance = c, d; d < 1e-6 {
				return c
			}
		}
	}
	t.Fatalf("found no client at %v, nearest is %s, by %v", fraction, least, distance)
	return least
}

// What an alias that moves is for a client, and for how long.
func TestChoose(t *testing.T) {
	const salt = "cache.corp.internal."
	half := clientAt(t, salt, 0.5)
	first := clientAt(t, salt, 0.000001)
	last := clientAt(t, salt, 0.999999)
	ms := time.Millisecond
	for _, tt := range []struct {
		name   string
		move   Move
		client netip.Prefix
		at     time.Duration // since the epoch
		want   string        // target, TTL, and whether others may be answered otherwise
	}{
		{"percent 0", Move{Fraction: 0}, first, 0, "v1 5 alike"},
		{"percent 100", Move{Fraction: Whole}, last, 0, "v2 5 alike"},
		{"percent 50", Move{Fraction: Whole / 2}, half, 0, "v2 5 differs"},
		{"percent 49.999", Move{Fraction: Whole/2 - 1}, half, 0, "v1 5 differs"},

		{"a flip long before", Move{Start: epoch}, half, -time.Hour, "v1 5 alike"},
		{"a flip that comes when the TTL ends", Move{Start: epoch}, half, -5000 * ms, "v1 5 alike"},
		{"a flip that comes before the TTL ends", Move{Start: epoch}, half, -4999 * ms, "v1 4 alike"},
		{"a flip in a second", Move{Start: epoch}, half, -1000 * ms, "v1 1 alike"},
		{"a flip in less than a second", Move{Start: epoch}, half, -400 * ms, "v1 0 alike"},
		{"a flip in a nanosecond", Move{Start: epoch}, half, -1, "v1 0 alike"},
		{"a flip now", Move{Start: epoch}, half, 0, "v2 5 alike"},
		{"a flip that was", Move{Start: epoch}, half, time.Hour, "v2 5 alike"},
		{"a flip in 300 years", Move{Start: epoch.AddDate(300, 0, 0)}, half, 0, "v1 5 alike"},
		{"a flip 300 years ago", Move{Start: epoch.AddDate(-300, 0, 0)}, half, 0, "v2 5 alike"},

		{"a ramp long before", Move{Start: epoch, Over: time.Minute}, first, -time.Hour, "v1 5 alike"},
		{"a ramp: the TTL of the first ends with it", Move{Start: epoch, Over: time.Minute}, first, -4500 * ms, "v1 4 differs"},
		{"and that of others does not", Move{Start: epoch, Over: time.Minute}, half, -4500 * ms, "v1 5 differs"},
		{"the beginning, for the first", Move{Start: epoch, Over: time.Minute}, first, ms, "v2 5 differs"},
		{"the beginning, for the half", Move{Start: epoch, Over: time.Minute}, half, 0, "v1 5 differs"},
		{"the half, soon", Move{Start: epoch, Over: time.Minute}, half, 26500 * ms, "v1 3 differs"},
		{"the half, very soon", Move{Start: epoch, Over: time.Minute}, half, 29600 * ms, "v1 0 differs"},
		{"the half", Move{Start: epoch, Over: time.Minute}, half, 30 * time.Second, "v2 5 differs"},
		{"the end, for the last", Move{Start: epoch, Over: time.Minute}, last, 59990 * ms, "v1 0 differs"},
		{"the end", Move{Start: epoch, Over: time.Minute}, last, time.Minute, "v2 5 alike"},
		{"a ramp of 292 years", Move{Start: epoch, Over: math.MaxInt64}, last, time.Hour, "v1 5 differs"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := entryOf(&tt.move)
			c := e.Choose(tt.client, epoch.Add(tt.at))
			differs := map[bool]string{true: "differs", false: "alike"}[c.Differs]
			if got := fmt.Sprintf("%s %d %s", c.Target()[:2], c.TTL, differs); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestMoved(t *testing.T) {
	for _, tt := range []struct {
		m    Move
		at   time.Duration
		want float64
	}{
		{Move{Fraction: 12500}, 0, 0.125},
		{Move{Start: epoch}, -1, 0},
		{Move{Start: epoch}, 0, 1},
		{Move{Start: epoch, Over: time.Minute}, -time.Hour, 0},
		{Move{Start: epoch, Over: time.Minute}, 15 * time.Second, 0.25},
		{Move{Start: epoch, Over: time.Minute}, time.Hour, 1},
	} {
		if got := tt.m.Moved(epoch.Add(tt.at)); got != tt.want {
			t.Errorf("%v at %v has moved %v, want %v", &tt.m, tt.at, got, tt.want)
		}
	}
}

// many is clients of all kinds, distinct.
func many(n int) []netip.Prefix {
	r := rand.New(rand.NewPCG(1, 2))
	clients := make([]netip.Prefix, 0, n)
	for i := range n {
		var c netip.Prefix
		switch i % 4 {
		case 0: // neighbours
			c = netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 32)
		case 1:
			c = Client(netip.AddrFrom4([4]byte{byte(1 + i%200), byte(i >> 16), byte(i >> 8), 0}), 24)
		case 2:
			c = Client(netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 0, byte(i >> 16), byte(i >> 8), byte(i)}), 64)
		default:
			var octets [16]byte
			for j := range octets {
				octets[j] = byte(r.Uint32())
			}
			octets[0] = 0x20 // none is IPv4-mapped
			c = Client(netip.AddrFrom16(octets), 64)
		}
		clients = append(clients, c)
	}
	return clients
}

// chiSquare is how far counts are from even.
func chiSquare(counts []int) float64 {
	n := 0
	for _, c := range counts {
		n += c
	}
	expected := float64(n) / float64(len(counts))
	x := 0.0
	for _, c := range counts {
		x += (float64(c) - expected) * (float64(c) - expected) / expected
	}
	return x
}

// Shares are what they are said to be, within what chance allows: the clients of
// any salt spread evenly, and those of two salts independently.
func TestShares(t *testing.T) {
	clients := many(100_000)
	const classes = 100
	// With 99 degrees of freedom chi-square is above 181 once in a million times.
	const most = 181
	for _, salt := range []string{"cache.corp.internal.", "db.corp.internal.", "caches", "a."} {
		counts := make([]int, classes)
		for _, c := range clients {
			class, _ := bits.Mul64(Position(salt, c), classes)
			counts[class]++
		}
		if x := chiSquare(counts); x > most {
			t.Errorf("salt %q: chi-square of %d clients is %.1f, want at most %d", salt, len(clients), x, most)
		}
	}
	joint := make([]int, classes)
	for _, c := range clients {
		a, _ := bits.Mul64(Position("caches", c), 10)
		b, _ := bits.Mul64(Position("databases", c), 10)
		joint[10*a+b]++
	}
	if x := chiSquare(joint); x > most {
		t.Errorf("two groups: chi-square is %.1f, want at most %d: they move the same clients", x, most)
	}
	for _, fraction := range []uint64{1000, 10000, 50000, 99000} {
		e, moved := entryOf(&Move{Fraction: fraction}), 0
		for _, c := range clients {
			if e.Choose(c, epoch).Target() == e.Target {
				moved++
			}
		}
		p := float64(fraction) / Whole
		sigma := math.Sqrt(float64(len(clients)) * p * (1 - p))
		if off := math.Abs(float64(moved) - p*float64(len(clients))); off > 5*sigma {
			t.Errorf("at %s percent %d of %d have moved, which is %.1f sigma off", percent(fraction), moved, len(clients), off/sigma)
		}
	}
}

// Raising the fraction moves clients forward only, lowering it back only, and
// holding a ramp at the percent it has reached moves nobody.
func TestNobodyGoesBackAndForth(t *testing.T) {
	clients := many(100_000)
	r := rand.New(rand.NewPCG(3, 4))
	fractions := []uint64{0, Whole}
	for range 20 {
		fractions = append(fractions, r.Uint64N(Whole+1))
	}
	before := uint64(0)
	for _, fraction := range fractions {
		was, is := entryOf(&Move{Fraction: before}), entryOf(&Move{Fraction: fraction})
		for _, c := range clients {
			old, now := was.Choose(c, epoch).Target() == was.Target, is.Choose(c, epoch).Target() == is.Target
			if old && !now && fraction >= before || !old && now && fraction <= before {
				t.Fatalf("from %d to %d client %s moved %v to %v", before, fraction, c, old, now)
			}
		}
		before = fraction
	}
	const over = 30 * time.Minute
	for reached := uint64(0); reached <= Whole; reached += 12_345 {
		ramp, held := entryOf(&Move{Start: epoch, Over: over}), entryOf(&Move{Fraction: reached})
		at := epoch.Add(time.Duration(reached) * over / Whole)
		for _, c := range clients {
			if got, want := held.Choose(c, at).Target(), ramp.Choose(c, at).Target(); got != want {
				t.Fatalf("held at %s percent client %s got %s, want %s as before", percent(reached), c, got, want)
			}
		}
	}
}

// Each client crosses a ramp once, at the time that the TTLs had announced: a
// cache that holds each answer for its whole TTL never has an old one when the
// client's time has come, and never asks more often than it must.
func TestRampIsAnnounced(t *testing.T) {
	const over = 10 * time.Minute
	e := entryOf(&Move{Start: epoch, Over: over})
	r := rand.New(rand.NewPCG(5, 6))
	for _, c := range many(100_000) {
		turn := epoch.Add(e.Move.turn(Position(e.Move.Salt, c)))
		now := turn.Add(-time.Duration(r.Int64N(int64(20 * time.Second))))
		crossed := false
		for range 40 {
			choice := e.Choose(c, now)
			moved := choice.Target() == e.Target
			if moved != !now.Before(turn) {
				t.Fatalf("client %s has moved %v at %v, want it to move at %v", c, moved, now, turn)
			}
			if crossed = crossed || moved; crossed {
				break
			}
			ends := now.Add(time.Duration(choice.TTL) * time.Second)
			if ends.After(turn) {
				t.Fatalf("client %s got a TTL of %d at %v, want it to end by %v", c, choice.TTL, now, turn)
			}
			if choice.TTL < e.TTL && turn.Sub(ends) >= time.Second {
				t.Fatalf("client %s got a TTL of %d at %v, want a second more", c, choice.TTL, now)
			}
			now = ends.Add(time.Duration(r.Int64N(int64(500 * time.Millisecond))))
			if choice.TTL == 0 {
				now = now.Add(100 * time.Millisecond)
			}
		}
		if !crossed {
			t.Fatalf("client %s never crossed", c)
		}
		for range 5 {
			now = now.Add(time.Duration(r.Int64N(int64(over))))
			if e.Choose(c, now).Target() != e.Target {
				t.Fatalf("client %s went back at %v", c, now)
			}
		}
	}
}

// Who knows the time only to within some seconds is told what is so at each of them, or that it
// is not sure. Of most clients of a long ramp it is.
func TestChooseAbout(t *testing.T) {
	const slack = 3 * time.Second
	r := rand.New(rand.NewPCG(9, 10))
	clients := many(1000)
	for _, m := range []Move{
		{Fraction: Whole / 2},
		{Start: epoch},
		{Start: epoch, Over: time.Second},
		{Start: epoch, Over: time.Minute},
		{Start: epoch, Over: time.Hour},
		{Start: epoch, Over: math.MaxInt64},
		{Start: epoch.AddDate(300, 0, 0)},
		{Start: epoch.AddDate(-2000, 0, 0), Over: time.Hour},
	} {
		e := entryOf(&m)
		surely := 0
		for i := range 100_000 {
			c := clients[i%len(clients)]
			now := epoch.Add(time.Duration(r.Int64N(int64(min(m.Over, time.Hour) + time.Minute)))).Add(-30 * time.Second)
			off := time.Duration(r.Int64N(int64(2*slack)+1)) - slack
			switch i % 8 {
			case 0: // just before it moves, and when an answer may be around at that moment
				now, off = epoch.Add(m.turn(Position(m.Salt, c))-1), slack
			case 1:
				now, off = epoch.Add(m.turn(Position(m.Salt, c))-time.Duration(e.TTL)*time.Second-Late+1), -slack
			}
			got, sure := e.ChooseAbout(c, now.Add(off), slack)
			want := e.Choose(c, now)
			if got.Differs && !want.Differs {
				got.Differs = m.Over == 0 // else it may say so before it is so
			}
			if sure && got != want {
				t.Fatalf("%v: at %v, %v later than it is, client %s is surely told\n%+v, want\n%+v", &m, now.Add(off), off, c, got, want)
			}
			if sure {
				surely++
			}
		}
		if (m.Over >= time.Hour || !m.Scheduled()) && surely < 50_000 {
			t.Errorf("%v: it was sure %d times of 100000, want more than half", &m, surely)
		}
	}
}

// A group moves together, whatever its targets and its names; and if no other
// client may be answered otherwise, none is.
func TestGroups(t *testing.T) {
	moves := []Move{{Fraction: 33_333, Salt: "g"}, {Start: epoch, Over: time.Hour, Salt: "g"}, {Start: epoch, Salt: "g"}}
	r := rand.New(rand.NewPCG(7, 8))
	clients := many(100_000)
	for _, m := range moves {
		a := entryOf(&m)
		other := Alias{Name: "db.corp.example.", Zone: "corp.example.", Target: "db-v7.corp.example.", TTL: 60, Move: &Move{}}
		*other.Move = m
		other.Move.From = "db-v6.corp.example."
		b := &Entry{Alias: other, Tallies: tallies(nil, other.Targets(), new(fresh))}
		for range 5 {
			at := epoch.Add(time.Duration(r.Int64N(int64(2*time.Hour))) - 30*time.Minute)
			for _, c := range clients {
				if (a.Choose(c, at).Target() == a.Target) != (b.Choose(c, at).Target() == b.Target) {
					t.Fatalf("%v: client %s of group g goes apart at %v", &m, c, at)
				}
			}
		}
		for at := epoch.Add(-10 * time.Second); at.Before(epoch.Add(10 * time.Second)); at = at.Add(500 * time.Millisecond) {
			first := a.Choose(clients[0], at)
			if !first.Differs && slices.ContainsFunc(clients[:1000], func(c netip.Prefix) bool { return a.Choose(c, at) != first }) {
				t.Errorf("%v: clients are answered otherwise at %v, though it said they are not", &m, at)
			}
		}
	}
}

// history is the documents of one alias, one after the other, and the clients that
// ask for it all the time.
type history struct {
	r       *rand.Rand
	now     time.Time
	clients []netip.Prefix
	moved   []bool // by client, when it asked last
	changes int    // of a client from one target to the other

	options  string // of all documents
	document string // in force
	entry    *Entry
	reached  uint64 // how much has moved, in parts of Whole
	// Of a ramp, else 0. Its period is whole seconds, so that a part is whole
	// nanoseconds.
	start time.Time
	part  time.Duration // in which one part of Whole moves
}

// read makes a document be in force that moves clients so.
func (h *history) read(t *testing.T, move string) {
	t.Helper()
	h.document = fmt.Sprintf(`{"from": "v1.corp.internal", "to": "v2.corp.internal", %s%s}`, move, h.options)
	aliases, err := Rule{Zones: []Name{"corp.internal."}, TTL: uint32(h.r.IntN(10))}.Read("cache", h.document)
	if err != nil {
		t.Fatal(err)
	}
	h.entry = &Entry{Alias: aliases[0], Tallies: tallies(nil, aliases[0].Targets(), new(fresh))}
}

// ask lets every client ask. They may go forward if direction is above 0, back if it
// is below, and else nowhere. What one is told has to hold for as long as it says.
func (h *history) ask(t *testing.T, direction int) {
	t.Helper()
	for i, c := range h.clients {
		choice := h.entry.Choose(c, h.now)
		moved := choice.Target() == h.entry.Target
		if moved != h.moved[i] {
			if direction == 0 || moved != (direction > 0) {
				t.Fatalf("%s: at %v client %s has moved: %v, want %v as before", h.document, h.now, c, moved, !moved)
			}
			h.moved[i] = moved
			h.changes++
		}
		if choice.TTL == 0 {
			continue
		}
		end := h.now.Add(time.Duration(choice.TTL)*time.Second - 1)
		if later := h.entry.Choose(c, end).Target(); later != choice.Target() {
			t.Fatalf("%s: at %v client %s got %s for %d s, and by then %s", h.document, h.now, c, choice.Target(), choice.TTL, later)
		}
	}
}

// hold is a step to a percentage.
func (h *history) hold(t *testing.T, fraction uint64, direction int) {
	t.Helper()
	h.reached, h.part = fraction, 0
	h.read(t, `"percent": `+percent(fraction))
	h.ask(t, direction)
}

// less is less than what is reached, at times nothing.
func (h *history) less() uint64 {
	if h.r.IntN(3) == 0 {
		return 0
	}
	return h.r.Uint64N(h.reached)
}

// ramp is a step to a ramp that begins at what is reached, that is so long ago; if
// that is nothing, in a while.
func (h *history) ramp(t *testing.T) {
	t.Helper()
	over := time.Duration(1+h.r.IntN(7200)) * time.Second
	h.part = over / Whole
	h.start = h.now.Add(-h.part * time.Duration(h.reached))
	if h.reached == 0 {
		h.start = h.start.Add(time.Duration(h.r.Int64N(int64(20 * time.Second))))
	}
	zone := time.FixedZone("", 3600*h.r.IntN(12))
	h.read(t, fmt.Sprintf(`"start": %q, "over": "%v"`, h.start.In(zone).Format(time.RFC3339Nano), over))
	h.ask(t, 1)
}

// goOn lets the ramp reach so much. It stops at the last nanosecond at which no more
// has moved.
func (h *history) goOn(t *testing.T, fraction uint64) {
	t.Helper()
	end := h.start.Add(h.part*time.Duration(fraction) - 1)
	for h.now.Before(end) {
		h.now = h.now.Add(1 + time.Duration(h.r.Int64N(int64(h.part*Whole/4))))
		if h.now.After(end) {
			h.now = end
		}
		h.ask(t, 1)
	}
	h.reached = min(fraction, Whole)
}

// Whatever the documents of an alias are, one after the other: a step that moves
// clients forward takes none back, a way back moves none forward, and a hold moves
// nobody.
func TestMoveHistories(t *testing.T) {
	const histories, size, steps = 250, 400, 12
	clients := many(histories * size)
	r := rand.New(rand.NewPCG(9, 10))
	counts := map[string]int{} // of steps
	changes := 0
	for n := range histories {
		h := &history{r: r, now: epoch, clients: clients[n*size : (n+1)*size], moved: make([]bool, size)}
		if r.IntN(2) == 0 {
			h.options = fmt.Sprintf(`, "group": "g%d"`, n)
		}
		h.hold(t, 0, 0)
		for range steps {
			var step string
			switch n := r.IntN(4); {
			case h.part == 0 && h.reached > 0 && n == 0:
				step = "back"
				h.hold(t, h.less(), -1)
			case h.part == 0:
				step = "ramp"
				if h.reached > 0 {
					step = "ramp from a hold"
				}
				h.ramp(t)
			case n == 0:
				step = "hold"
				h.hold(t, h.reached, 0)
			case n == 1:
				step = "hold just above"
				h.hold(t, min(Whole, h.reached+1+r.Uint64N(Whole/50)), 1)
			case n == 2 && h.reached > 0:
				step = "back from a ramp"
				h.hold(t, h.less(), -1)
			default:
				step = "go on"
			}
			if h.part > 0 {
				h.goOn(t, h.reached+1+r.Uint64N(Whole/2))
			}
			counts[step]++
		}
		changes += h.changes
	}
	// A history in which nothing happens would hold anything.
	for _, step := range []string{"ramp", "ramp from a hold", "go on", "hold", "hold just above", "back", "back from a ramp"} {
		if counts[step] < histories/2 {
			t.Errorf("%d histories had %d steps of the kind %q, want more", histories, counts[step], step)
		}
	}
	if changes < len(clients) {
		t.Errorf("%d clients went from one target to the other %d times, want more", len(clients), changes)
	}
	figure.Print(t, "%d clients went from one target to the other %d times, steps by kind %v", len(clients), changes, counts)
}

func TestChooseAllocatesNothing(t *testing.T) {
	c := netip.MustParsePrefix("192.0.2.1/32")
	for _, e := range []*Entry{
		entryOf(&Move{Fraction: 1}),
		entryOf(&Move{Start: epoch, Over: time.Hour}),
	} {
		if n := testing.AllocsPerRun(100, func() { e.Choose(c, epoch) }); n != 0 {
			t.Errorf("Choose of %s allocates %v times, want never", e.Options(), n)
		}
	}
}

func TestMoveEqual(t *testing.T) {
	m := Move{"a.b.", "s", 5, epoch, time.Hour}
	same := m
	same.Start = epoch.In(time.FixedZone("", 3600))
	if !m.Equal(&same) || m.Equal(nil) || (*Move)(nil).Equal(&m) || !(*Move)(nil).Equal(nil) {
		t.Error("equal moves are not equal, or others are")
	}
	for _, o := range []Move{
		{"a.c.", "s", 5, epoch, time.Hour},
		{"a.b.", "t", 5, epoch, time.Hour},
		{"a.b.", "s", 6, epoch, time.Hour},
		{"a.b.", "s", 5, epoch.Add(1), time.Hour},
		{"a.b.", "s", 5, epoch, time.Minute},
	} {
		if m.Equal(&o) {
			t.Errorf("%+v equals %+v, want it not to", m, o)
		}
	}
}
