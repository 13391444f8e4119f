package versionalias

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coredns/caddy"
	"github.com/octoenergy/versionalias/plugin/alias"
	"github.com/octoenergy/versionalias/plugin/ledger"
)

// mailbox is an SQS queue in memory, under the SDK's client, and what is wrong with
// it.
type mailbox struct {
	mu       sync.Mutex
	messages []message
	fault    string
	arrived  chan struct{} // closed when a message comes
	gone     chan struct{} // closed when those who poll now are
	serial   int
	polls    int
	ghosts   []time.Time // when polls end that were cut off, while it is deaf
}

type message struct {
	ID   int
	Body string
	Seen time.Time // when it can be received again
}

func newMailbox() *mailbox {
	return &mailbox{arrived: make(chan struct{}), gone: make(chan struct{})}
}

// hangUp cuts off whoever polls.
func (b *mailbox) hangUp() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.gone)
	b.gone = make(chan struct{})
}

// send puts a message into the queue.
func (b *mailbox) send(body string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.serial++
	m := message{ID: b.serial, Body: body}
	b.ghosts = slices.DeleteFunc(b.ghosts, func(end time.Time) bool { return !end.After(time.Now()) })
	if len(b.ghosts) > 0 { // which has it, and nobody else for now
		b.ghosts = b.ghosts[1:]
		m.Seen = time.Now().Add(30 * time.Second)
	}
	b.messages = append(b.messages, m)
	close(b.arrived)
	b.arrived = make(chan struct{})
}

// event is what EventBridge says of a parameter now.
func event(operation, name string) string {
	text, err := json.Marshal(map[string]any{
		"version": "0", "detail-type": "Parameter Store Change", "source": "aws.ssm", "time": time.Now().UTC().Format(time.RFC3339Nano),
		"detail": map[string]string{"operation": operation, "name": name, "type": "String"},
	})
	if err != nil {
		panic(err)
	}
	return string(text)
}

// wrapped is a message as SNS passes it on.
func wrapped(body string) string {
	text, err := json.Marshal(map[string]string{"Type": "Notification", "MessageId": "1", "Message": body})
	if err != nil {
		panic(err)
	}
	return string(text)
}

// do does a line of a script.
func (b *mailbox) do(word, rest string) error {
	first, second, _ := strings.Cut(rest, " ")
	switch word {
	case "event":
		b.send(event(first, second))
	case "sns":
		b.send(wrapped(event(first, second)))
	case "message":
		b.send(rest)
	case "queue":
		b.mu.Lock()
		defer b.mu.Unlock()
		b.fault = rest
		if rest == "expired" { // or moved to another queue
			b.messages = nil
		}
		close(b.arrived) // the poll that waits fails as well
		b.arrived = make(chan struct{})
	case "queued":
		b.mu.Lock()
		defer b.mu.Unlock()
		if got := fmt.Sprint(len(b.messages)); got != rest {
			return fmt.Errorf("found %s", got)
		}
	case "polls":
		var least, most int
		if _, err := fmt.Sscan(rest, &least, &most); err != nil {
			return err
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		polls := b.polls
		b.polls = 0
		if polls < least || polls > most {
			return fmt.Errorf("found %d polls", polls)
		}
	}
	return nil
}

// take is up to ten messages that nobody has, and for how long there is none.
func (b *mailbox) take(n, visibility int) []map[string]string {
	now := time.Now()
	list := []map[string]string{}
	for i := range b.messages {
		if m := &b.messages[i]; len(list) < n && !m.Seen.After(now) {
			m.Seen = now.Add(time.Duration(visibility) * time.Second)
			list = append(list, map[string]string{"MessageId": fmt.Sprint(m.ID), "ReceiptHandle": fmt.Sprint("receipt ", m.ID), "Body": m.Body})
		}
	}
	return list
}

func (b *mailbox) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var input struct {
		MaxNumberOfMessages, WaitTimeSeconds, VisibilityTimeout int
		Entries                                                 []struct {
			ID            string `json:"Id"`
			ReceiptHandle string
		}
	}
	if err := json.Unmarshal(body, &input); err != nil {
		return nil, err
	}
	respond := func(status int, v any) (*http.Response, error) {
		text, err := json.Marshal(v)
		return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}}, Body: io.NopCloser(strings.NewReader(string(text))), Request: r}, err
	}
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	b.mu.Lock()
	defer b.mu.Unlock()
	if operation == "ReceiveMessage" {
		b.polls++
	}
	for end := time.Now().Add(time.Duration(input.WaitTimeSeconds) * time.Second); ; {
		switch {
		case b.fault == "refused":
			return nil, fmt.Errorf("dial tcp: %w", syscall.ECONNREFUSED)
		case b.fault == "hasty" && operation == "ReceiveMessage":
			return respond(200, map[string]any{})
		case strings.HasPrefix(b.fault, "hasty after ") && operation == "ReceiveMessage":
			d, err := time.ParseDuration(strings.TrimPrefix(b.fault, "hasty after "))
			b.mu.Unlock()
			<-time.After(d)
			b.mu.Lock()
			if err != nil {
				return nil, err
			}
			return respond(200, map[string]any{})
		case b.fault == "denied":
			return respond(400, map[string]string{"__type": "com.amazonaws.sqs#AccessDeniedException", "message": "not authorized"})
		case b.fault == "undeletable by policy" && operation == "DeleteMessageBatch":
			return respond(400, map[string]string{"__type": "com.amazonaws.sqs#AccessDeniedException", "message": "not authorized"})
		case b.fault == "undeletable in part" && operation == "DeleteMessageBatch":
			return respond(200, map[string]any{"Successful": []any{}, "Failed": []map[string]any{
				{"Id": input.Entries[0].ID, "Code": "ReceiptHandleIsInvalid", "Message": "no such receipt", "SenderFault": true},
			}})
		case b.fault == "undeletable" && operation == "DeleteMessageBatch":
			return respond(500, map[string]string{"__type": "InternalError", "message": "oops"})
		case operation == "DeleteMessageBatch":
			successful := []map[string]string{}
			for _, e := range input.Entries {
				b.messages = slices.DeleteFunc(b.messages, func(m message) bool { return fmt.Sprint("receipt ", m.ID) == e.ReceiptHandle })
				successful = append(successful, map[string]string{"Id": e.ID})
			}
			if b.fault == "unheard" {
				return nil, fmt.Errorf("read tcp: %w", syscall.ECONNRESET)
			}
			return respond(200, map[string]any{"Successful": successful, "Failed": []any{}})
		}
		if list := b.take(input.MaxNumberOfMessages, input.VisibilityTimeout); len(list) > 0 {
			return respond(200, map[string]any{"Messages": list})
		}
		now := time.Now()
		if !now.Before(end) {
			return respond(200, map[string]any{})
		}
		next := end
		for _, m := range b.messages {
			if m.Seen.Before(next) {
				next = m.Seen
			}
		}
		arrived, gone := b.arrived, b.gone
		b.mu.Unlock()
		select {
		case <-arrived:
		case <-time.After(next.Sub(now)):
		case <-r.Context().Done():
			b.mu.Lock()
			if b.fault == "deaf" { // as SQS is
				b.ghosts = append(b.ghosts, end)
			}
			return nil, r.Context().Err()
		case <-gone:
			b.mu.Lock()
			return nil, fmt.Errorf("read tcp: %w", syscall.ECONNRESET)
		}
		b.mu.Lock()
	}
}

// tenPuts puts a version into each of ten parameters, tenEvents tells of it, and
// tenFlips is what is said then.
func tenPuts(version int) []string {
	return ten("put /dns/a%d cache-v" + fmt.Sprint(version) + ".corp.internal")
}

func tenEvents() []string { return ten("event Update /dns/a%d") }

func tenFlips() []string {
	return ten("[INFO] alias a%d.corp.internal. flipped: cache-v1.corp.internal. to cache-v2.corp.internal. (parameter /dns/a%[1]d, version 2 of 2000-01-01T00:00:01Z)")
}

func ten(format string) []string {
	var list []string
	for i := range 10 {
		list = append(list, fmt.Sprintf(format, i))
	}
	return list
}

// What push does: a flip acts as soon as its event comes, and whatever becomes of
// events, sweeps find it. None comes where a script does not say how far apart they are.
func TestPush(t *testing.T) {
	const (
		first = "put /dns/cache cache-v1.corp.internal\nstart\nwait 1s\ncache cache-v1\n"
		begun = "[INFO] loaded 1 aliases from 1 parameters\n"
		flips = "[INFO] alias cache.corp.internal. flipped: cache-v1.corp.internal. to cache-v2.corp.internal. (parameter /dns/cache, version 2 of 2000-01-01T00:00:01Z)"
		v2    = "put /dns/cache cache-v2.corp.internal\n"

		noMore = "[WARNING] loaded nothing below /more: found no parameter there (Parameter Store in eu-west-1)\n"

		puts    = "put /dns/a cache-v1.corp.internal\nput /dns/b cache-v1.corp.internal\nput /dns/c cache-v1.corp.internal\nput /dns/d cache-v1.corp.internal\n"
		deletes = "delete /dns/a\ndelete /dns/b\ndelete /dns/c\ndelete /dns/d\n"

		// a sweep at once that takes three seconds, and reads at its beginning or at its end
		swept    = "blocks alias live.corp.internal /live:l\nput /live live-v1.corp.internal\nput /live live-v2.corp.internal\nlabel /live:l 2\nstart\nstop\n"
		sweepLog = "[INFO] loaded 1 aliases from 1 parameters\n[INFO] recalled 1 aliases, and 0 rejected documents, of TIME\n"
		early    = swept + "fault late\nstart\nfault\n"
		late     = swept + "fault slow\nstart\nfault\n"
		back     = "[INFO] alias live.corp.internal. flipped: live-v2.corp.internal. to live-v1.corp.internal. (parameter /live:l, version 1 of 2000-01-01T00:00:00Z)"
	)
	for _, tt := range []struct{ name, script, log string }{{
		"an event", first + v2 + `
			event Update /dns/cache
			wait 201ms
			cache cache-v2
			queued 0
			metric server_blocks{source="push"} 1
			metric push_hints_total{operation="update"} 1
			metric push_up 1
			metric push_missed_total 0
			calls 0 9`, begun + flips,
	}, {
		"an event that SNS passes on", first + v2 + `
			sns Update /dns/cache
			wait 201ms
			cache cache-v2
			queued 0`, begun + flips,
	}, {
		"an event of the alias line's label", `
			put /live cache-v1.corp.internal
			put /live cache-v2.corp.internal
			label /live:l 1
			start
			wait 1s
			live cache-v1
			label /live:l 2
			event LabelParameterVersion /live
			wait 201ms
			live cache-v2
			metric push_hints_total{operation="label"} 1`,
		begun + "[WARNING] loaded nothing below /dns: found no parameter there (Parameter Store in eu-west-1)\n[INFO] alias live.corp.internal. flipped: cache-v1.corp.internal. to cache-v2.corp.internal. (parameter /live:l, version 2 of 2000-01-01T00:00:00Z)",
	}, {
		"a label that is moved without an event: when that was nobody says", `
			refresh 5m
			put /live cache-v1.corp.internal
			put /live cache-v2.corp.internal
			label /live:l 1
			put /dns/cache cache-v1.corp.internal
			start
			wait 10m
			label /live:l 2
			wait 6m
			live cache-v2
			metric push_missed_total 0`,
		"[INFO] loaded 2 aliases from 2 parameters\n[INFO] alias live.corp.internal. flipped: cache-v1.corp.internal. to cache-v2.corp.internal. (parameter /live:l, version 2 of 2000-01-01T00:00:00Z)",
	}, {
		"a label that is moved back while a sweep is under way that has read it before", early + `
			label /live:l 1
			event LabelParameterVersion /live
			wait 2201ms
			live live-v1
			wait 1s
			live live-v1`, sweepLog + back,
	}, {
		"the same, shortly before the sweep is over: it still takes two reads two seconds apart", early + `
			wait 2s
			label /live:l 1
			event LabelParameterVersion /live
			wait 2100ms
			live live-v2
			wait 101ms
			live live-v1`, sweepLog + back,
	}, {
		"a parameter with a label is deleted while a sweep is under way that has read it before", "refresh 5m\n" + early + `
			delete /live
			event Delete /live
			wait 5m
			live live-v2
			wait 201ms
			live NXDOMAIN`,
		sweepLog + "[INFO] alias live.corp.internal. removed: was live-v2.corp.internal. (parameter /live:l, version 2 of 2000-01-01T00:00:00Z)",
	}, {
		"a label that is moved while a sweep is under way, and again without an event before that reads it", late + `
			put /live live-v3.corp.internal
			label /live:l 3
			event LabelParameterVersion /live
			wait 1s
			live live-v3
			put /live live-v4.corp.internal
			label /live:l 4
			calls 0 9
			wait 2001ms
			calls 1 1
			live live-v4
			wait 1s
			calls 0 0`, sweepLog + `
			[INFO] alias live.corp.internal. flipped: live-v2.corp.internal. to live-v3.corp.internal. (parameter /live:l, version 3 of 2000-01-01T00:00:00Z)
			[INFO] alias live.corp.internal. flipped: live-v3.corp.internal. to live-v4.corp.internal. (parameter /live:l, version 4 of 2000-01-01T00:00:01Z)`,
	}, {
		"a label that is taken away, as a sweep has seen, and then given to an older version", "refresh 5m\n" + swept + `
			label /live:l 0
			start
			wait 1s
			live live-v2
			label /live:l 1
			event LabelParameterVersion /live
			wait 2201ms
			live live-v1
			queued 0`, sweepLog + back,
	}, {
		"the same, and only the read for its event has not found it", "refresh 5m\n" + swept + `
			start
			wait 1s
			label /live:l 0
			event LabelParameterVersion /live
			wait 201ms
			label /live:l 1
			wait 10001ms
			live live-v1
			queued 0`, sweepLog + back,
	}, {
		"a label that is taken away, of which there is no event, though each sweep overlaps events of its parameter", `
			refresh 5s
			blocks ssm /dns alias live.corp.internal /live:l
			put /dns/x x-v1.corp.internal
			put /live live-v1.corp.internal
			label /live:l 1
			start
			fault late of GetParametersByPath
			label /live:l 0
			` + strings.Repeat("put /live live-v2.corp.internal\nevent Update /live\nwait 1s\n", 30) + `
			live NXDOMAIN`, `
			[INFO] loaded 2 aliases from 2 parameters
			[INFO] alias live.corp.internal. removed: was live-v1.corp.internal. (parameter /live:l, version 1 of 2000-01-01T00:00:00Z)`,
	}, {
		"the same, and a reload comes before it is read again", "refresh 5m\n" + late + `
			put /live live-v3.corp.internal
			label /live:l 3
			event LabelParameterVersion /live
			wait 1s
			live live-v3
			put /live live-v4.corp.internal
			label /live:l 4
			fault slow
			wait 2100ms
			reload
			fault
			wait 15s
			live live-v4`, sweepLog + `
			[INFO] alias live.corp.internal. flipped: live-v2.corp.internal. to live-v3.corp.internal. (parameter /live:l, version 3 of 2000-01-01T00:00:00Z)
			[INFO] alias live.corp.internal. flipped: live-v3.corp.internal. to live-v4.corp.internal. (parameter /live:l, version 4 of 2000-01-01T00:00:01Z)`,
	}, {
		"the same, and it cannot be read again: the next sweep tells", "refresh 5m\n" + late + `
			put /live live-v3.corp.internal
			label /live:l 3
			event LabelParameterVersion /live
			wait 1s
			put /live live-v4.corp.internal
			label /live:l 4
			fault denied
			wait 2001ms
			live live-v3
			fault
			wait 6m
			live live-v4`, sweepLog + `
			[INFO] alias live.corp.internal. flipped: live-v2.corp.internal. to live-v3.corp.internal. (parameter /live:l, version 3 of 2000-01-01T00:00:00Z)
			[WARNING] read by name failed, and what is in force stays: read the parameters /live:l: AccessDeniedException: not authorized
			[INFO] nothing is left to be read by name
			[INFO] alias live.corp.internal. flipped: live-v3.corp.internal. to live-v4.corp.internal. (parameter /live:l, version 4 of 2000-01-01T00:00:01Z)`,
	}, {
		"a new parameter", `
			start
			wait 1s
			put /dns/cache cache-v1.corp.internal
			event Create /dns/cache
			wait 201ms
			cache cache-v1
			metric push_hints_total{operation="create"} 1`,
		firstLoad("/dns") + "[INFO] alias cache.corp.internal. added: cache-v1.corp.internal., ttl 5 (parameter /dns/cache, version 1 of 2000-01-01T00:00:01Z)",
	}, {
		"a parameter that is deleted: two reads, a sweep's interval apart", "refresh 5m\n" + first + `
			delete /dns/cache
			event Delete /dns/cache
			wait 201ms
			cache cache-v1
			queued 0
			wait 4m
			cache cache-v1
			wait 2m
			cache NXDOMAIN`,
		begun + "[INFO] alias cache.corp.internal. removed: was cache-v1.corp.internal. (parameter /dns/cache, version 1 of 2000-01-01T00:00:00Z)",
	}, {
		"a parameter that is deleted, and a sweep is first to miss it: what the event says is known", "refresh 5m\n" + first + `
			delete /dns/cache
			wait 290s
			event Delete /dns/cache
			wait 201ms
			cache cache-v1
			queued 0`, strings.TrimSpace(begun),
	}, {
		"much is deleted at once: the brake holds it, and lets go once it is there again", "paths\nrefresh 5m\n" + puts + `
			start
			` + deletes + `
			event Delete /dns/a
			event Delete /dns/b
			event Delete /dns/c
			event Delete /dns/d
			wait 1s
			a cache-v1
			metric braked_aliases 4
			` + puts + `
			event Create /dns/a
			wait 1s
			metric braked_aliases 0
			a cache-v1`,
		`[INFO] loaded 4 aliases from 4 parameters
			[WARNING] brake on: the parameters of 4 of 4 aliases are gone; they stay in force until that has lasted for an hour
			[INFO] brake off: no alias stays in force without its parameter for longer than it takes to make sure`,
	}, {
		"an event says that it is gone, and it is not", "refresh 5m\n" + first + `
			event Delete /dns/cache
			wait 20m
			cache cache-v1`, strings.TrimSpace(begun),
	}, {
		"deleted and made anew, and the read does not see it yet: it is read again", first + `
			delete /dns/cache
			event Delete /dns/cache
			event Create /dns/cache
			wait 1s
			queued 2
			put /dns/cache cache-v2.corp.internal
			wait 1500ms
			cache cache-v2
			queued 0`,
		begun + "[INFO] alias cache.corp.internal. flipped: cache-v1.corp.internal. to cache-v2.corp.internal. (parameter /dns/cache, version 1 of 2000-01-01T00:00:02Z)",
	}, {
		"a lost event: the sweep finds the change, and counts it", "refresh 5m\n" + first + v2 + `
			fault stale
			wait 21s
			fault
			wait 11m
			cache cache-v2
			metric push_missed_total 1
			metric server_blocks{source="sweep"} 1`, begun + flips,
	}, {
		"a lost event of a document that flips an alias and takes another away, which is one change", `
			refresh 5m
			put /dns/all {"aliases":{"x":"cache-v1.corp.internal","y":"cache-v1.corp.internal"}}
			start
			wait 1s
			put /dns/all {"aliases":{"x":"cache-v2.corp.internal"}}
			fault stale
			wait 21s
			fault
			wait 11m
			y NXDOMAIN
			metric push_missed_total 1
			put /dns/all not a name!!
			event Update /dns/all
			wait 11m
			delete /dns/all
			wait 30m
			x NXDOMAIN
			metric push_missed_total 1`,
		`[INFO] loaded 2 aliases from 1 parameters
			[INFO] alias x.corp.internal. flipped: cache-v1.corp.internal. to cache-v2.corp.internal. (parameter /dns/all, version 2 of 2000-01-01T00:00:01Z)
			[INFO] alias y.corp.internal. removed: was cache-v1.corp.internal. (parameter /dns/all, version 2 of 2000-01-01T00:00:01Z)
			[WARNING] rejected parameter /dns/all, version 3 of 2000-01-01T00:11:22Z: parse target: found "not a name!!" with ' ' in it, want only letters, digits, '-', '_' and dots; version 2 stays in force
			[INFO] alias x.corp.internal. removed: was cache-v2.corp.internal. (parameter /dns/all, version 2 of 2000-01-01T00:00:01Z)`,
	}, {
		"an event told of what comes into force only later, as a sweep finds: nothing is lost", `
			refresh 10s
			put /dns/a {"aliases":{"x":"cache-v1.corp.internal"}}
			start
			wait 1s
			put /dns/x cache-v2.corp.internal
			event Create /dns/x
			wait 10m
			x cache-v1
			put /dns/a {"aliases":{}}
			wait 12s
			x cache-v2
			event Update /dns/a
			wait 1m
			metric push_missed_total 0`,
		`[INFO] loaded 1 aliases from 1 parameters
			[WARNING] rejected parameter /dns/x, version 1 of 2000-01-01T00:00:01Z: place alias x.corp.internal.: found it in parameter /dns/a, want it in one parameter only; no version of it is in force
			[INFO] alias x.corp.internal. flipped: cache-v1.corp.internal. to cache-v2.corp.internal. (parameter /dns/x, version 1 of 2000-01-01T00:00:01Z)`,
	}, {
		"events that come twice, out of order and late: each is only a reason to read", first + v2 + `
			event Update /dns/cache
			event Update /dns/cache
			event Delete /dns/cache
			event Create /dns/cache
			wait 201ms
			cache cache-v2
			queued 0
			wait 1m
			event Update /dns/cache
			event Create /dns/cache
			wait 1m
			cache cache-v2
			queued 0`, begun + flips,
	}, {
		"a flood is one read for ten parameters", first + v2 + `
			calls 0 9` + strings.Repeat("\nevent Update /dns/cache", 40) + `
			wait 500ms
			cache cache-v2
			queued 0
			calls 1 4`, begun + flips,
	}, {
		"foreign events and junk are deleted, and counted", first + `
			event Update /other/cache
			event Update /dns
			event Update /dns/../../x
			event Update /dns/` + "\x00" + `
			message what?
			message {"source": "aws.ec2", "detail": {"name": "/dns/cache"}}
			message {"Type": "Notification", "Message": "what?"}
			message []
			wait 1s
			queued 0
			metric push_hints_total{operation="junk"} 8
			cache cache-v1`, strings.TrimSpace(begun),
	}, {
		"an event of another Region, where a parameter has the same name", first + `
			calls 0 9
			message {"source": "aws.ssm", "region": "us-east-1", "detail": {"operation": "Update", "name": "/dns/cache"}}
			wait 1s
			queued 0
			calls 0 0
			metric push_hints_total{operation="junk"} 1
			message {"source": "aws.ssm", "region": "eu-west-1", "detail": {"operation": "Update", "name": "/dns/cache"}}
			wait 1s
			calls 1 1
			metric push_hints_total{operation="update"} 1`, strings.TrimSpace(begun),
	}, {
		"not all is loaded, whatever is read by an event", first + `
			fault denied of GetParametersByPath
			blocks ssm /dns ssm /more
			reload
			ready no
			metric server_blocks{source="none"} 1
			wait 1m
			put /dns/cache cache-v2.corp.internal
			event Update /dns/cache
			wait 1s
			cache cache-v2
			ready no
			web SERVFAIL
			metric server_blocks{source="none"} 1
			fault
			wait 5m
			ready yes
			metric server_blocks{source="sweep"} 1`, begun + `
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: AccessDeniedException: not authorized
			` + strings.Replace(flips, "00:00:01Z", "00:01:01Z", 1) + `
			[INFO] sweep works again, after N that failed
			` + begun + strings.TrimSpace(noMore),
	}, {
		"a reload while an event's read is under way", first + v2 + `
			fault hang of GetParameters
			event Update /dns/cache
			wait 1s
			file
			blocks ssm /dns
			reload
			wait 1s
			cache cache-v2
			fault
			wait 1m
			queued 0`, begun + flips,
	}, {
		"a reload while a stale read is to be read again", first + v2 + `
			fault stale
			event Update /dns/cache
			wait 1s
			fault
			file
			blocks ssm /dns
			reload
			wait 1s
			cache cache-v2
			wait 1m
			queued 0`, begun + flips,
	}, {
		"a stale read: it is read again after 2 and 10 seconds", first + v2 + `
			fault stale
			event Update /dns/cache
			wait 1s
			cache cache-v1
			queued 1
			wait 1s
			fault
			wait 500ms
			cache cache-v2
			queued 0`, begun + flips,
	}, {
		"a read that stays stale for longer", first + v2 + `
			fault stale
			event Update /dns/cache
			wait 3s
			cache cache-v1
			fault
			wait 8s
			cache cache-v2`, begun + flips,
	}, {
		"a second change shortly before the last read for the first one: it has rereads of its own", first + `
			event Update /dns/cache
			wait 9900ms
			` + v2 + `
			fault stale
			event Update /dns/cache
			wait 1s
			cache cache-v1
			queued 1
			fault
			wait 1500ms
			cache cache-v2
			queued 0`, begun + strings.ReplaceAll(flips, "00:00:01Z", "00:00:10Z"),
	}, {
		"changes of one parameter, one after the other: another one's rereads do not wait for them", `
			put /dns/a cache-v1.corp.internal
			` + first + `
			put /dns/a cache-v2.corp.internal
			` + v2 + `
			fault stale
			event Update /dns/a
			event Update /dns/cache
			wait 1500ms
			event Update /dns/cache
			wait 300ms
			queued 2
			fault
			wait 500ms
			a cache-v2
			cache cache-v1
			queued 1
			wait 1500ms
			cache cache-v2
			queued 0`,
		"[INFO] loaded 2 aliases from 2 parameters\n" + strings.NewReplacer("alias cache", "alias a", "/dns/cache", "/dns/a").Replace(flips) + "\n" + flips,
	}, {
		"made anew, and said so before it is said to be deleted: it is read again for both", first + `
			event Create /dns/cache
			wait 9s
			delete /dns/cache
			event Delete /dns/cache
			wait 1900ms
			queued 2
			` + v2 + `
			wait 500ms
			cache cache-v2
			queued 0`,
		begun + "[INFO] alias cache.corp.internal. flipped: cache-v1.corp.internal. to cache-v2.corp.internal. (parameter /dns/cache, version 1 of 2000-01-01T00:00:11Z)",
	}, {
		"the same, beside another parameter that goes on to wait", `
			put /dns/a cache-v1.corp.internal
			` + first + `
			event Update /dns/a
			event Create /dns/cache
			wait 9s
			delete /dns/cache
			event Delete /dns/cache
			wait 1900ms
			queued 2
			` + v2 + `
			wait 500ms
			cache cache-v2
			queued 0`,
		"[INFO] loaded 2 aliases from 2 parameters\n[INFO] alias cache.corp.internal. flipped: cache-v1.corp.internal. to cache-v2.corp.internal. (parameter /dns/cache, version 1 of 2000-01-01T00:00:11Z)",
	}, {
		"events without a change, each before the rereads for the one before it are over: one is kept", first + strings.Repeat(`
			event LabelParameterVersion /dns/cache
			wait 9s
			queued 1`, 7) + `
			wait 2s
			queued 0
			metric push_hints_total{operation="label"} 7`, strings.TrimSpace(begun),
	}, {
		"no change at all: read again twice, and no more", first + `
			calls 0 9
			event Update /dns/cache
			wait 1m
			calls 3 5`, strings.TrimSpace(begun), // three reads, and a sweep may come
	}, {
		"the queue is away: sweeps go on, polls become few, and it recovers", "refresh 5m\n" + first + `
			queue refused
			polls 0 9
			wait 10m
			polls 10 24
			metric push_up 0
			` + v2 + `
			event Update /dns/cache
			fault stale
			wait 21s
			fault
			wait 11m
			cache cache-v2
			metric push_missed_total 1
			queue none
			wait 2m
			queued 0
			metric push_up 1`,
		begun + `[WARNING] push failed, and sweeps go on: receive from the queue: request send failed, Post "https://sqs.eu-west-1.amazonaws.com/": dial tcp: connection refused
			[INFO] alias cache.corp.internal. flipped: cache-v1.corp.internal. to cache-v2.corp.internal. (parameter /dns/cache, version 2 of 2000-01-01T00:10:01Z)
			[INFO] push works again`,
	}, {
		"a restart, while an event waits in the queue: nothing was missed", first + `
			stop
			` + v2 + `
			event Update /dns/cache
			wait 30s
			start
			wait 1s
			cache cache-v2
			metric push_missed_total 0
			wait 12s
			queued 0`,
		begun + "[INFO] recalled 1 aliases, and 0 rejected documents, of TIME\n" + flips,
	}, {
		"a reload is no sweep", first + v2 + `
			event Update /dns/cache
			wait 1s
			reload
			metric server_blocks{source="push"} 1`, begun + flips,
	}, {
		"nor is an event's read, after a restart in an outage: what it did not read is asked for soon, also after a reload", "paths\nput /dns/a a-v1.corp.internal\n" + first + `
			stop
			put /dns/a a-v2.corp.internal
			` + v2 + `
			event Update /dns/cache
			fault denied of GetParametersByPath
			start
			wait 1s
			cache cache-v2
			metric server_blocks{source="push"} 1
			reload
			metric server_blocks{source="push"} 1
			wait 1m
			a a-v1
			fault
			wait 3m
			a a-v2
			metric server_blocks{source="sweep"} 1`,
		`[INFO] loaded 2 aliases from 2 parameters
			[INFO] recalled 2 aliases, and 0 rejected documents, of TIME
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: AccessDeniedException: not authorized
			` + flips + `
			[INFO] sweep works again, after N that failed
			[INFO] alias a.corp.internal. flipped: a-v1.corp.internal. to a-v2.corp.internal. (parameter /dns/a, version 2 of 2000-01-01T00:00:01Z)`,
	}, {
		"a reload does not make good what was missed before it", "refresh 5m\n" + first + v2 + `
			fault stale
			wait 21s
			reload
			fault
			wait 6m
			cache cache-v2
			metric push_missed_total 1`, begun + flips,
	}, {
		"it may not be read, over reloads as well", first + `
			queue denied
			wait 10m
			reload
			wait 10m
			reload
			wait 10m
			metric push_up 0`,
		begun + `[WARNING] push failed, and sweeps go on: receive from the queue: AccessDeniedException: not authorized`,
	}, {
		"it cannot be reached, and then it may not be read: each kind of error is said once", first + `
			queue refused
			wait 30s
			queue denied
			wait 10m
			queue refused
			wait 10m
			reload
			wait 10m
			queue none
			wait 5m
			metric push_up 1`, begun + `
			[WARNING] push failed, and sweeps go on: receive from the queue: request send failed, Post "https://sqs.eu-west-1.amazonaws.com/": dial tcp: connection refused
			[WARNING] push failed, and sweeps go on: receive from the queue: AccessDeniedException: not authorized
			[INFO] push works again`,
	}, {
		"a read that fails: the message comes again", first + v2 + `
			fault refused
			event Update /dns/cache
			wait 1s
			cache cache-v1
			queued 1
			fault
			wait 45s
			cache cache-v2
			queued 0`,
		begun + `[WARNING] push read nothing, and sweeps go on: read the parameters /dns/cache: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused
			` + flips + `
			[INFO] push works again: parameters are read as it says`,
	}, {
		"messages that cannot be deleted are one failure, whatever else comes", "put /dns/b cache-v1.corp.internal\n" + first + `
			queue undeletable
			event Update /dns/cache
			wait 5s
			event Update /dns/b
			wait 20m
			metric push_up 0
			queue none
			wait 5m
			queued 0
			metric push_up 1`,
		`[INFO] loaded 2 aliases from 2 parameters
			[WARNING] push failed, and sweeps go on: delete from the queue: InternalError: oops
			[INFO] push works again`,
	}, {
		"a message that cannot be deleted comes again, and not often", first + v2 + `
			queue undeletable
			event Update /dns/cache
			wait 1s
			cache cache-v2
			calls 0 20
			wait 10m
			calls 10 50
			queued 1
			metric push_up 0
			queue none
			wait 5m
			queued 0
			metric push_up 1
			cache cache-v2`, begun + flips + `
			[WARNING] push failed, and sweeps go on: delete from the queue: InternalError: oops
			[INFO] push works again`,
	}, {
		"the same, where the answer says so", first + `
			queue undeletable in part
			message junk
			wait 10m
			polls 10 30
			queued 1
			metric push_up 0
			queue none
			wait 5m
			queued 0
			metric push_up 1`, begun + `
			[WARNING] push failed, and sweeps go on: delete from the queue: 1 of 1 messages stay, the first for ReceiptHandleIsInvalid: no such receipt
			[INFO] push works again`,
	}, {
		"messages that are deleted, and the answer is lost: nothing is left that could fail", first + v2 + `
			queue unheard
			event Update /dns/cache
			wait 1s
			cache cache-v2
			queued 0
			metric push_up 0
			queue none
			wait 2m
			metric push_up 1
			polls 0 99
			wait 10m
			polls 30 31`, begun + flips + `
			[WARNING] push failed, and sweeps go on: delete from the queue: request send failed, Post "https://sqs.eu-west-1.amazonaws.com/": read tcp: connection reset by peer
			[INFO] push works again`,
	}, {
		"the same, of several in a row", first + v2 + `
			queue unheard
			event Update /dns/cache
			wait 3s
			put /dns/cache cache-v3.corp.internal
			event Update /dns/cache
			wait 5s
			cache cache-v3
			queued 0
			metric push_up 0
			queue none
			wait 3m
			metric push_up 1
			put /dns/cache cache-v4.corp.internal
			event Update /dns/cache
			wait 201ms
			cache cache-v4`, begun + flips + `
			[WARNING] push failed, and sweeps go on: delete from the queue: request send failed, Post "https://sqs.eu-west-1.amazonaws.com/": read tcp: connection reset by peer
			[INFO] alias cache.corp.internal. flipped: cache-v2.corp.internal. to cache-v3.corp.internal. (parameter /dns/cache, version 3 of 2000-01-01T00:00:04Z)
			[INFO] push works again
			[INFO] alias cache.corp.internal. flipped: cache-v3.corp.internal. to cache-v4.corp.internal. (parameter /dns/cache, version 4 of 2000-01-01T00:03:09Z)`,
	}, {
		"messages that cannot be deleted for a while, and do not come again", first + `
			queue undeletable
			event Update /dns/cache
			wait 3m
			queued 1
			metric push_up 0
			queue expired
			wait 3m
			metric push_up 1
			polls 0 99
			wait 10m
			polls 30 31`, begun + `
			[WARNING] push failed, and sweeps go on: delete from the queue: InternalError: oops
			[INFO] push works again`,
	}, {
		"a read that fails, and the message does not come again: nothing is left to read", first + `
			fault refused of GetParameters
			event Update /dns/cache
			wait 1s
			queued 1
			queue expired
			fault
			wait 5m
			polls 0 99
			wait 10m
			polls 30 31`, begun + `
			[WARNING] push read nothing, and sweeps go on: read the parameters /dns/cache: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused
			[INFO] push works again: what it could not read is left to sweeps`,
	}, {
		"the same, and then many foreign events come at once: the next of ours does not wait behind them for long", "paths\n" + first + `
			fault refused of GetParameters
			event Update /dns/cache
			wait 6m
			queue expired
			wait 1s
			fault` + strings.Repeat("\nevent Update /other/cache", 300) + `
			wait 5m
			queued 0
			` + v2 + `
			event Update /dns/cache
			wait 201ms
			cache cache-v2`, begun + `
			[WARNING] push read nothing, and sweeps go on: read the parameters /dns/cache: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused
			[INFO] push works again: what it could not read is left to sweeps
			` + strings.ReplaceAll(flips, "00:00:01Z", "00:11:02Z"),
	}, {
		"reads that fail become few, whatever foreign events come in between", "paths\n" + first + `
			fault throttled of GetParameters
			event Update /dns/cache` + strings.Repeat("\nwait 1s\nevent Update /other/cache", 10) + `
			event Update /dns/cache` + strings.Repeat("\nwait 1s\nevent Update /other/cache", 300) + `
			calls 0 99` + strings.Repeat("\nwait 1s\nevent Update /other/cache", 1200) + `
			calls 10 30`,
		begun + "[WARNING] push read nothing, and sweeps go on: read the parameters /dns/cache: ThrottlingException: Rate exceeded",
	}, {
		"deletions that are refused fail until one is not, whatever becomes of the messages; of the next hint is heard at once", first + `
			queue undeletable by policy
			event Update /dns/cache
			wait 5m
			queue expired
			queue undeletable by policy
			wait 5m
			polls 0 99
			wait 10m
			polls 30 31
			metric push_up 0
			file
			blocks ssm /dns
			reload
			wait 1m
			metric push_up 0
			` + v2 + `
			event Update /dns/cache
			wait 201ms
			cache cache-v2
			wait 5m
			metric push_up 0
			queue none
			wait 5m
			queued 0
			metric push_up 1`, begun + `
			[WARNING] push failed, and sweeps go on: delete from the queue: AccessDeniedException: not authorized
			` + strings.ReplaceAll(flips, "00:00:01Z", "00:21:01Z") + `
			[INFO] push works again`,
	}, {
		"hints that were left in the queue, and do not come again", `
			refresh 1h
			put /dns/cache cache-v1.corp.internal
			fault refused of GetParametersByPath
			start
			event Update /dns/cache
			wait 1m
			queued 1
			queue expired
			wait 5m
			polls 0 99
			wait 10m
			polls 30 31`,
		`[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused`,
	}, {
		"reads that are throttled become few", "paths\n" + first + `
			event Update /dns/cache
			fault throttled of GetParameters
			wait 30s
			calls 0 20
			wait 30m
			calls 10 60
			cache cache-v1`,
		begun + "[WARNING] push read nothing, and sweeps go on: read the parameters /dns/cache: ThrottlingException: Rate exceeded",
	}, {
		"a queue that says at once that it is empty", first + `
			queue hasty
			polls 0 9
			wait 10m
			polls 10 30
			metric push_up 0`,
		begun + "[WARNING] push failed, and sweeps go on: found no message at once, want a queue that waits for some",
	}, {
		"before the first sweep hints are left in the queue", `
			refresh 5m
			put /dns/cache cache-v1.corp.internal
			fault refused of GetParametersByPath
			start
			event Update /dns/cache
			wait 1m
			queued 1
			metric push_hints_total{operation="update"} 0
			fault
			wait 7m
			queued 0
			cache cache-v1`,
		`[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused
			[INFO] sweep works again, after N that failed
			[INFO] loaded 1 aliases from 1 parameters`,
	}, {
		"the same, with many hints: the queue is asked for them less and less often", `
			refresh 1h
			put /dns/cache cache-v1.corp.internal
			fault refused of GetParametersByPath
			start
			wait 1s` + strings.Repeat("\nevent Update /dns/cache", 200) + `
			wait 1s
			polls 0 999
			wait 10m
			polls 10 24
			metric push_up 1`,
		`[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused`,
	}, {
		"an event of what does not exist leaves nothing that a snapshot could not have", first + `
			event Update /dns/nowhere
			wait 1m
			fault denied
			restart
			ready yes
			cache cache-v1`,
		begun + `[INFO] recalled 1 aliases, and 0 rejected documents, of TIME
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: AccessDeniedException: not authorized`,
	}, {
		"an event that is late by less than 20 seconds is not counted as lost", "refresh 10s\n" + first + v2 + `
			fault stale
			wait 8s
			fault
			wait 11s
			cache cache-v2
			metric push_missed_total 0`, begun + flips,
	}, {
		"more than ten parameters are read a tenth of a second apart", `
			put /dns/b cache-v1.corp.internal
			` + strings.Join(tenPuts(1), "\n") + `
			start
			wait 1s
			` + strings.Join(tenPuts(2), "\n") + `
			put /dns/b cache-v2.corp.internal
			calls 0 9
			` + strings.Join(tenEvents(), "\n") + `
			event Update /dns/b
			wait 201ms
			calls 1 1
			wait 98ms
			calls 0 0
			wait 2ms
			calls 1 1
			b cache-v2`,
		"[INFO] loaded 11 aliases from 11 parameters\n" + strings.Join(tenFlips(), "\n") + "\n" + strings.NewReplacer("alias cache", "alias b", "/dns/cache", "/dns/b").Replace(flips),
	}, {
		"a queue that says after a second that it is empty", first + `
			queue hasty after 1100ms
			wait 10m
			polls 500 600
			metric push_up 1
			queue hasty after 900ms
			wait 3s
			metric push_up 0`,
		begun + "[WARNING] push failed, and sweeps go on: found no message at once, want a queue that waits for some",
	}, {
		"a queue that fails is tried again after a second, give or take a half", first + `
			polls 0 9
			queue refused
			wait 499ms
			polls 0 0
			wait 1001ms
			polls 1 2`,
		begun + `[WARNING] push failed, and sweeps go on: receive from the queue: request send failed, Post "https://sqs.eu-west-1.amazonaws.com/": dial tcp: connection refused`,
	}, {
		"a reload while something is to be read again: the message comes again", first + v2 + `
			fault stale
			event Update /dns/cache
			wait 1s
			queued 1
			reload
			fault
			wait 45s
			cache cache-v2
			wait 1m
			queued 0`, begun + flips,
	}, {
		"counts live on over a reload", first + v2 + `
			event Update /dns/cache
			wait 1s
			metric push_latency_seconds 1
			reload
			wait 1s
			metric push_hints_total{operation="update"} 1
			metric push_latency_seconds 1`, begun + flips,
	}, {
		"what is counted between a reload's load and its end lives on as well", first + `
			message junk
			wait 1s
			load
			message junk
			wait 1s
			metric push_hints_total{operation="junk"} 2
			reload
			wait 1s
			metric push_hints_total{operation="junk"} 2`, strings.TrimSpace(begun),
	}, {
		"latency is of each change once, however many aliases it is of, from its first event on, whichever comes first", `
			put /dns/all {"aliases": {"cache": "cache-v1.corp.internal", "db": "cache-v1.corp.internal"}}
			start
			wait 5s
			put /dns/all {"aliases": {"cache": "cache-v2.corp.internal", "db": "cache-v2.corp.internal"}}
			event Update /dns/all
			message {"source": "aws.ssm", "time": "2000-01-01T00:00:01Z", "detail": {"name": "/dns/all"}}
			event Update /dns/all
			wait 1m
			metric push_latency_seconds 1
			metric push_latency_seconds_sum 4.2
			event Update /dns/all
			put /dns/all what?
			event Update /dns/all
			wait 1m
			metric push_latency_seconds 1`, `
			[INFO] loaded 2 aliases from 1 parameters
			[INFO] alias cache.corp.internal. flipped: cache-v1.corp.internal. to cache-v2.corp.internal. (parameter /dns/all, version 2 of 2000-01-01T00:00:05Z)
			[INFO] alias db.corp.internal. flipped: cache-v1.corp.internal. to cache-v2.corp.internal. (parameter /dns/all, version 2 of 2000-01-01T00:00:05Z)
			[WARNING] rejected parameter /dns/all, version 3 of 2000-01-01T00:01:05Z: parse target: found "what?" with '?' in it, want only letters, digits, '-', '_' and dots; version 2 stays in force`,
	}, {
		"an event has no latency if its time is none that a queue can have kept it since", first + v2 + `
			message {"source": "aws.ssm", "time": "0001-02-03T04:05:06Z", "detail": {"name": "/dns/cache"}}
			wait 1s
			cache cache-v2
			metric push_latency_seconds 0
			put /dns/cache cache-v1.corp.internal
			message {"source": "aws.ssm", "time": "1999-12-18T00:01:00Z", "detail": {"name": "/dns/cache"}}
			message {"source": "aws.ssm", "time": "1999-12-18T00:00:00Z", "detail": {"name": "/dns/cache"}}
			wait 1s
			cache cache-v1
			metric push_latency_seconds 1`,
		begun + flips + `
			[INFO] alias cache.corp.internal. flipped: cache-v2.corp.internal. to cache-v1.corp.internal. (parameter /dns/cache, version 3 of 2000-01-01T00:00:02Z)`,
	}, {
		"ten parameters are one call", `
			` + strings.Join(tenPuts(1), "\n") + `
			start
			wait 1s
			` + strings.Join(tenPuts(2), "\n") + `
			calls 0 9
			` + strings.Join(tenEvents(), "\n") + `
			wait 250ms
			calls 1 1
			a9 cache-v2
			metric push_latency_seconds 10`,
		"[INFO] loaded 10 aliases from 10 parameters\n" + strings.Join(tenFlips(), "\n"),
	}, {
		"a reload in the middle of a poll: no hint is lost, and nobody polls twice", first + `
			wait 5s
			reload
			` + v2 + `
			event Update /dns/cache
			wait 201ms
			cache cache-v2
			polls 0 9
			wait 1m
			polls 3 4`,
		begun + strings.ReplaceAll(flips, "00:00:01Z", "00:00:06Z"),
	}, {
		"a reload in the middle of a poll, of which the queue knows nothing", first + `
			queue deaf
			wait 5s
			reload
			` + v2 + `
			event Update /dns/cache
			wait 201ms
			cache cache-v2`,
		begun + strings.ReplaceAll(flips, "00:00:01Z", "00:00:06Z"),
	}, {
		"a reload between an event and its read: a sweep sees the change, and the message comes again", first + v2 + `
			event Update /dns/cache
			wait 100ms
			reload
			wait 1s
			cache cache-v2
			queued 1
			wait 45s
			queued 0
			metric push_missed_total 0`, begun + flips,
	}, {
		"the same, where the next block has another queue", first + v2 + `
			event Update /dns/cache
			wait 100ms
			push other
			reload
			wait 1s
			cache cache-v2
			metric push_missed_total 0`, begun + flips,
	}, {
		"the same, and another reload before that sweep is over", "paths\n" + first + v2 + `
			event Update /dns/cache
			wait 100ms
			fault hang
			reload
			wait 1s
			fault
			reload
			wait 1s
			cache cache-v2`, begun + flips,
	}, {
		"a reload while a stale read is read again", first + v2 + `
			fault stale
			event Update /dns/cache
			wait 1s
			fault hang of GetParameters
			wait 2s
			file
			blocks ssm /dns
			reload
			wait 1s
			cache cache-v2
			fault
			wait 1m
			queued 0`, begun + flips,
	}, {
		"an event of a line that a reload adds, while that has begun: the one before throws it away", `
			paths
			put /more/x cache-v1.corp.internal
			` + first + `
			blocks ssm /dns ssm /more
			load
			put /more/x cache-v2.corp.internal
			event Update /more/x
			wait 201ms
			queued 0
			reload
			wait 1s
			x cache-v2`,
		begun + "[INFO] loaded 2 aliases from 2 parameters\n" + strings.NewReplacer("alias cache", "alias x", "/dns/cache", "/more/x").Replace(flips),
	}, {
		"the same, of a line that takes the place of another one", `
			paths
			put /more/x cache-v1.corp.internal
			` + first + `
			blocks ssm /more
			load
			put /more/x cache-v2.corp.internal
			event Update /more/x
			wait 201ms
			queued 0
			reload
			wait 1s
			x cache-v2`,
		begun + "[WARNING] started without a snapshot: read snapshot FILE: found nothing of the parameters that are read here\n" +
			"[INFO] loaded 1 aliases from 1 parameters\n" + strings.NewReplacer("alias cache", "alias x", "/dns/cache", "/more/x").Replace(flips),
	}, {
		"a hint that could not be read, and a reload with another queue: a sweep sees the change", "paths\n" + first + v2 + `
			fault refused of GetParameters
			event Update /dns/cache
			wait 1s
			fault
			push other
			reload
			wait 1s
			cache cache-v2`, begun + `
			[WARNING] push read nothing, and sweeps go on: read the parameters /dns/cache: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused
			` + flips,
	}, {
		"the same, and others could be read before the reload", "paths\nput /dns/x cache-v1.corp.internal\n" + first + v2 + `
			fault refused of GetParameters
			event Update /dns/cache
			wait 1s
			fault
			put /dns/x cache-v2.corp.internal
			event Update /dns/x
			wait 5s
			push other
			reload
			wait 1s
			x cache-v2
			cache cache-v2`, `
			[INFO] loaded 2 aliases from 2 parameters
			[WARNING] push read nothing, and sweeps go on: read the parameters /dns/cache: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused
			[INFO] alias x.corp.internal. flipped: cache-v1.corp.internal. to cache-v2.corp.internal. (parameter /dns/x, version 2 of 2000-01-01T00:00:02Z)
			[INFO] push works again: parameters are read as it says
			` + flips,
	}, {
		"the same in an outage: the sweep is tried again soon, over another reload as well, until one is complete", "paths\n" + first + v2 + `
			fault refused
			event Update /dns/cache
			wait 1s
			push other
			reload
			calls 0 99
			wait 16s
			calls 1 2
			reload
			fault
			wait 16s
			cache cache-v2`, begun + `
			[WARNING] push read nothing, and sweeps go on: read the parameters /dns/cache: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused
			[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused
			[INFO] sweep works again, after N that failed
			` + flips,
	}, {
		"a reload after an event in a process that knows but a snapshot: there is one sweep", "paths\n" + first + `
			stop
			fault hang
			start
			wait 1s
			fault hang of GetParameters
			event Update /dns/cache
			wait 1s
			fault
			calls 0 99
			reload
			wait 5s
			calls 1 1`, begun + "[INFO] recalled 1 aliases, and 0 rejected documents, of TIME",
	}, {
		"a read that fails, a reload, and the message does not come again: the next failure is another one", "paths\n" + first + `
			fault refused of GetParameters
			event Update /dns/cache
			wait 1s
			queue expired
			reload
			fault
			wait 5m
			fault denied of GetParameters
			event Update /dns/cache
			wait 1s`, begun + `
			[WARNING] push read nothing, and sweeps go on: read the parameters /dns/cache: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused
			[INFO] push works again: what it could not read is left to sweeps
			[WARNING] push read nothing, and sweeps go on: read the parameters /dns/cache: AccessDeniedException: not authorized`,
	}, {
		"messages that cannot be deleted are one failure over reloads as well", first + `
			queue undeletable
			event Update /dns/cache
			wait 5m
			reload
			wait 21s
			metric push_up 0
			reload
			wait 5m
			metric push_up 0
			queue none
			wait 5m
			metric push_up 1`, begun + `
			[WARNING] push failed, and sweeps go on: delete from the queue: InternalError: oops
			[INFO] push works again`,
	}, {
		"a queue that fails is one failure over a reload with another path as well", "file\npaths\n" + first + `
			queue denied
			wait 1m
			put /more/web cache-v1.corp.internal
			blocks ssm /more
			reload
			metric push_up 0
			wait 1m
			queue none
			wait 5m
			metric push_up 1`, begun + `
			[WARNING] push failed, and sweeps go on: receive from the queue: AccessDeniedException: not authorized
			` + begun + `
			[INFO] push works again`,
	}, {
		"so are messages that cannot be deleted", "file\npaths\n" + first + `
			queue undeletable by policy
			event Update /dns/cache
			wait 5m
			queue expired
			queue undeletable by policy
			put /more/web cache-v1.corp.internal
			blocks ssm /more
			reload
			wait 2m
			metric push_up 0
			queue none
			event Update /dns/cache
			wait 5m
			metric push_up 1`, begun + `
			[WARNING] push failed, and sweeps go on: delete from the queue: AccessDeniedException: not authorized
			` + begun + `
			[INFO] push works again`,
	}, {
		"a read that fails is over after such a reload", "file\npaths\n" + first + `
			fault refused of GetParameters
			event Update /dns/cache
			wait 1s
			put /more/web cache-v1.corp.internal
			blocks ssm /more
			reload
			wait 5m
			queued 0
			metric push_missed_total 0`, begun + `
			[WARNING] push read nothing, and sweeps go on: read the parameters /dns/cache: request send failed, Post "https://ssm.eu-west-1.amazonaws.com/": dial tcp: connection refused
			` + begun + `
			[INFO] push works again: what it could not read is left to sweeps`,
	}, {
		"an event while a reload has read a line more: it is not undone, also in an outage", "paths\n" + first + `
			blocks ssm /dns ssm /more
			load
			` + v2 + `
			event Update /dns/cache
			wait 201ms
			cache cache-v2
			queued 0
			fault denied
			reload
			ready yes
			cache cache-v2
			metric flips_total{zone="corp.internal."} 1
			wait 1m
			fault
			cache cache-v2`,
		begun + begun + noMore + flips + "\n[WARNING] sweep failed, and what is in force stays: read the parameters below /dns: AccessDeniedException: not authorized",
	}, {
		"the same, where the sweep that follows is out of date", "paths\n" + first + `
			blocks ssm /dns ssm /more
			load
			` + v2 + `
			event Update /dns/cache
			wait 201ms
			fault stale once
			reload
			cache cache-v2
			wait 1m
			cache cache-v2`, begun + begun + noMore + flips,
	}, {
		"the same, for a label that is moved back, and a parameter that is deleted", `
			refresh 24h
			put /dns/cache cache-v1.corp.internal
			put /live live-v1.corp.internal
			put /live live-v2.corp.internal
			label /live:l 2
			start
			wait 1s
			blocks ssm /dns ssm /more alias live.corp.internal /live:l
			load
			delete /dns/cache
			label /live:l 1
			event Delete /dns/cache
			event LabelParameterVersion /live
			wait 30s
			live live-v1
			queued 0
			reload
			wait 3s
			live live-v1
			wait 24h
			cache NXDOMAIN`, `
			[INFO] loaded 2 aliases from 2 parameters
			[INFO] loaded 2 aliases from 2 parameters
			[WARNING] loaded nothing below /more: found no parameter there (Parameter Store in eu-west-1)
			[INFO] alias live.corp.internal. flipped: live-v2.corp.internal. to live-v1.corp.internal. (parameter /live:l, version 1 of 2000-01-01T00:00:00Z)
			[INFO] alias cache.corp.internal. removed: was cache-v1.corp.internal. (parameter /dns/cache, version 1 of 2000-01-01T00:00:00Z)`,
	}} {
		t.Run(tt.name, func(t *testing.T) { run(t, "push\n"+tt.script, tt.log) })
	}
}

// Two blocks must not take one another's hints.
func TestSharedQueue(t *testing.T) {
	_, err := caddy.Start(caddy.CaddyfileInput{ServerTypeName: "dns", Contents: []byte(strings.ReplaceAll(`
		a.internal:0 {
			bind 127.0.0.1
			BLOCK
		}
		b.internal:0 {
			bind 127.0.0.1
			BLOCK
		}`, "BLOCK", `versionalias {
				ssm /dns
				aws_region eu-west-1
				push https://sqs.eu-west-1.amazonaws.com/123456789012/q
			}`))})
	const want = "push: found https://sqs.eu-west-1.amazonaws.com/123456789012/q in two server blocks, want a queue for each"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

// A sweep that push has overtaken does not tell that nothing is left to be read by name: a label is.
func TestLabelLeftToRead(t *testing.T) {
	out := capture(t)
	v := fed(t, new(instance), &source{}, func(_ *VersionAlias, c *config) {
		c.lines = []ledger.Line{{Parameter: "/live", Label: "l", Rule: alias.Rule{Name: "live.corp.internal.", Zones: c.zones}}}
	})
	f := v.feed
	refs := []ledger.Ref{{Name: "/live:l"}}
	seen := []ledger.Parameter{{Name: "/live:l", Value: "live-v1.corp.internal", Version: 1, Modified: time.Unix(1795388999, 0)}}
	f.Swept(seen, 0)
	f.ReadFailed(errors.New("away"))
	f.Pushed([]ledger.Hint{{Name: "/live", Operation: ledger.Label}}, refs, seen)
	f.Swept(seen, time.Second)
	f.Read(refs, seen)
	const want = `[INFO] plugin/versionalias: loaded 1 aliases from 1 parameters
[WARNING] plugin/versionalias: read by name failed, and what is in force stays: away
[INFO] plugin/versionalias: read by name works again`
	if got := out.lines(); got != want {
		t.Errorf("logged\n%s\nwant\n%s", got, want)
	}
}
