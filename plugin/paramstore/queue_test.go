package paramstore

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octoenergy/versionalias/internal/emulator"
	"github.com/octoenergy/versionalias/plugin/ledger"
	"github.com/octoenergy/versionalias/plugin/watch"
)

// What messages hold, and the hint that each is.
func TestParseHint(t *testing.T) {
	const (
		body   = `{"version":"0","id":"1","detail-type":"Parameter Store Change","source":"aws.ssm","account":"123456789012","time":"2026-11-23T10:00:00Z","region":"eu-west-1","resources":[],"detail":{"operation":"Update","name":"/dns/cache","type":"String","description":"x"}}`
		least  = `{"source":"aws.ssm","detail":{"name":"/dns/cache"}}`
		badOp  = `{"source":"aws.ssm","detail":{"name":"/dns/cache","operation":"Explode"}}`
		policy = `{"source":"aws.ssm","detail-type":"Parameter Store Policy Action","detail":{"name":"/dns/cache"}}`
	)
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	sns := func(message string) string {
		text, err := json.Marshal(map[string]string{"Type": "Notification", "TopicArn": "x", "Message": message})
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	named := func(name string) string { return strings.Replace(least, "/dns/cache", name, 1) }
	update := ledger.Hint{Name: "/dns/cache", Operation: "Update", At: at}
	only := ledger.Hint{Name: "/dns/cache"}
	for _, tt := range []struct {
		name string
		body string
		want ledger.Hint
	}{
		{"an event", body, update},
		{"in an envelope of SNS", sns(body), update},
		{"with nothing that is not needed", least, only},
		{"a flat name", named("cache"), ledger.Hint{Name: "cache"}},
		{"15 levels", named(strings.Repeat("/a", 15)), ledger.Hint{Name: strings.Repeat("/a", 15)}},
		{"16 levels", named(strings.Repeat("/a", 16)), ledger.Hint{}},
		{"the longest name", named(strings.Repeat("a", 1011)), ledger.Hint{Name: strings.Repeat("a", 1011)}},
		{"a name that is too long", named(strings.Repeat("a", 1012)), ledger.Hint{}},
		{"no name", named(""), ledger.Hint{}},
		{"a bad name", named("/dns/ca che"), ledger.Hint{}},
		{"a name with a label", named("/dns/cache:live"), ledger.Hint{}},
		{"an element of dots", named("/dns/../cache"), ledger.Hint{}},
		{"an element of one dot at the end", named("/dns/."), ledger.Hint{}},
		{"a flat name of dots", named(".."), ledger.Hint{}},
		{"a path that begins with an element of dots", named("./cache"), ledger.Hint{}},
		{"of another service", strings.Replace(body, "aws.ssm", "aws.ec2", 1), ledger.Hint{}},
		{"of another Region", strings.Replace(body, "eu-west-1", "us-east-1", 1), ledger.Hint{}},
		{"of another Region, in an envelope of SNS", sns(strings.Replace(body, "eu-west-1", "us-east-1", 1)), ledger.Hint{}},
		{"of no Region", strings.Replace(body, "eu-west-1", "", 1), update},
		{"of a Region that is no name", strings.Replace(body, `"eu-west-1"`, "1", 1), update},
		{"another event", policy, ledger.Hint{}},
		{"another operation", badOp, ledger.Hint{}},
		{"an envelope of an envelope", sns(sns(body)), ledger.Hint{}},
		{"an envelope of nothing", sns(""), ledger.Hint{}},
		{"a confirmation of SNS", `{"Type":"SubscriptionConfirmation","Message":"x"}`, ledger.Hint{}},
		{"a bad time", strings.Replace(body, "2026-11-23T10:00:00Z", "now", 1), ledger.Hint{Name: "/dns/cache", Operation: "Update"}},
		{"a time that is no text", strings.Replace(body, `"2026-11-23T10:00:00Z"`, "1795428000", 1), ledger.Hint{Name: "/dns/cache", Operation: "Update"}},
		{"an array", "[]", ledger.Hint{}},
		{"text", "what?", ledger.Hint{}},
		{"nothing", "", ledger.Hint{}},
	} {
		if got := parseHint(tt.body, "eu-west-1"); got != tt.want {
			t.Errorf("%s: got %+v, want %+v", tt.name, got, tt.want)
		}
	}
	if got := parseHint(body, "fips-eu-west-1"); got != update {
		t.Errorf("for a name of the Region with FIPS in it: got %+v, want %+v", got, update)
	}
}

// A queue is asked at its own URL's host, for the Region that is in it.
func TestQueueEndpoint(t *testing.T) {
	emulator.Isolate(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "x")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "x")
	t.Setenv("AWS_USE_FIPS_ENDPOINT", "true") // of Parameter Store: the queue's is its URL's
	t.Setenv("AWS_USE_DUALSTACK_ENDPOINT", "true")
	for _, tt := range []struct{ url, host, scope string }{
		{"https://sqs.us-east-2.amazonaws.com/123456789012/q", "sqs.us-east-2.amazonaws.com", "x us-east-2 sqs"},
		{"https://eu-west-3.queue.amazonaws.com/123456789012/q", "eu-west-3.queue.amazonaws.com", "x eu-west-3 sqs"},
		{"https://sqs.cn-north-1.amazonaws.com.cn/123456789012/q", "sqs.cn-north-1.amazonaws.com.cn", "x cn-north-1 sqs"},
		{"http://127.0.0.1:4566/123456789012/q", "127.0.0.1:4566", "x eu-west-1 sqs"},
		{"https://vpce-1.sqs.us-east-1.vpce.amazonaws.com/123456789012/q", "vpce-1.sqs.us-east-1.vpce.amazonaws.com", "x us-east-1 sqs"},
		{"https://sqs.us-east-1.api.aws/123456789012/q", "sqs.us-east-1.api.aws", "x us-east-1 sqs"},
	} {
		w := &wire{answer: func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
		}}
		s, err := New(t.Context(), Config{Region: "eu-west-1", Endpoint: "http://localhost:1", Transport: w}, nil)
		if err != nil {
			t.Fatal(err)
		}
		q, err := s.Queue(tt.url)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = q.Receive(t.Context()) // what comes back is no answer
		r := w.requests[0]
		if r.URL.Host != tt.host || r.scope() != tt.scope || !strings.Contains(r.body, `"QueueUrl":"`+tt.url+`"`) {
			t.Errorf("%s was asked at %s as %s: %s", tt.url, r.URL.Host, r.scope(), r.body)
		}
	}
}

// A Pusher takes it that what was not deleted has come again by then.
func TestVisibility(t *testing.T) {
	if got := visibility * time.Second; got > watch.Hidden {
		t.Errorf("a message is hidden for %v, want at most %v", got, watch.Hidden)
	}
}

// Messages are deleted ten at a time, by their receipts. One that stays keeps no other.
func TestQueueDelete(t *testing.T) {
	emulator.Isolate(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "x")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "x")
	w := &wire{answer: inTurn(
		status(200, `{"Failed":[{"Id":"3","Code":"ReceiptHandleIsInvalid","Message":"no such receipt","SenderFault":true}]}`),
		status(200, `{}`), status(200, `{}`),
		status(200, `{"Failed":[{"Id":"0","Code":"InternalError","Message":"try later","SenderFault":false}]}`),
	)}
	s, err := New(t.Context(), Config{Region: "eu-west-1", Transport: w}, nil)
	if err != nil {
		t.Fatal(err)
	}
	q, err := s.Queue("https://sqs.eu-west-1.amazonaws.com/123456789012/q")
	if err != nil {
		t.Fatal(err)
	}
	var hints []ledger.Hint
	for i := range 23 {
		hints = append(hints, ledger.Hint{Receipt: strings.Repeat("r", i+1)})
	}
	const left = "delete from the queue: 1 of 23 messages stay, the first for ReceiptHandleIsInvalid: no such receipt"
	if err := q.Delete(t.Context(), hints); err == nil || err.Error() != left || !watch.Refused(err) {
		t.Errorf("got the error %v, want %s, which is refused", err, left)
	}
	var got []int
	for _, r := range w.requests {
		var input struct {
			Entries []struct{ ReceiptHandle string }
		}
		if err := json.Unmarshal([]byte(r.body), &input); err != nil {
			t.Fatal(err)
		}
		for _, e := range input.Entries {
			got = append(got, len(e.ReceiptHandle))
		}
		got = append(got, 0)
	}
	var want []int
	for i := range 23 {
		if want = append(want, i+1); i == 9 || i == 19 || i == 22 {
			want = append(want, 0)
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("deleted were %v, want %v", got, want)
	}
	const later = "delete from the queue: 1 of 1 messages stay, the first for InternalError: try later"
	if err := q.Delete(t.Context(), hints[:1]); err == nil || err.Error() != later || watch.Refused(err) {
		t.Errorf("got the error %v, want %s, which is not refused", err, later)
	}
}

// What comes of calls to a queue is counted, but for a poll that somebody ends. Each
// has its deadline, and a poll waits for as long as SQS may.
func TestQueueCalls(t *testing.T) {
	signed(t)
	for _, tt := range []struct {
		name   string
		answer answer
		ended  time.Duration // by whom polls, or 0
		took   time.Duration // each call
		want   string        // the outcome of the poll, and of the deletion after it
	}{
		{"all is well", status(200, "{}"), 0, 0, "ok ok"},
		{"denied", status(403, `{"__type":"com.amazonaws.sqs#AccessDeniedException","message":"no"}`), 0, 0, "denied denied"},
		{"denied by KMS", query("KMS.AccessDeniedException", status(400, `{"__type":"com.amazonaws.sqs#KmsAccessDenied","message":"no"}`)), 0, 0, "denied denied"},
		{"throttled", status(400, `{"__type":"com.amazonaws.sqs#RequestThrottled","message":"no"}`), 0, 0, "throttled throttled"},
		{"throttled by KMS", query("KMS.ThrottlingException", status(400, `{"__type":"com.amazonaws.sqs#KmsThrottled","message":"no"}`)), 0, 0, "throttled throttled"},
		{"out of order", status(500, `{"__type":"com.amazonaws.sqs#InternalError","message":"no"}`), 0, 0, "error error"},
		{"hanging", hangs, 0, 25 * time.Second, "timeout timeout"},
		{"ended", hangs, time.Second, time.Second, " timeout"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, err := New(t.Context(), Config{Transport: &wire{answer: tt.answer}}, nil)
				if err != nil {
					t.Fatal(err)
				}
				q, err := s.Queue("https://sqs.eu-west-1.amazonaws.com/123456789012/q")
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if tt.ended > 0 {
					time.AfterFunc(tt.ended, cancel)
				}
				began := time.Now()
				_, received := q.Receive(ctx)
				if took := time.Since(began); took != tt.took {
					t.Errorf("a poll took %v, want %v", took, tt.took)
				}
				began = time.Now()
				deleted := q.Delete(t.Context(), []ledger.Hint{{Receipt: "x"}})
				if took, most := time.Since(began), min(tt.took, callTimeout); tt.ended == 0 && took != most {
					t.Errorf("a deletion took %v, want %v", took, most)
				}
				poll, deletion, _ := strings.Cut(tt.want, " ")
				want := map[Call]uint64{{"DeleteMessageBatch", deletion}: 1}
				if poll != "" {
					want[Call{"ReceiveMessage", poll}] = 1
				}
				if got := s.Calls(); !maps.Equal(got, want) {
					t.Errorf("calls were counted as %v, want %v", got, want)
				}
				if got, want := watch.Refused(deleted), deletion == "denied"; got != want {
					t.Errorf("a deletion got %v, refused %v, want %v", deleted, got, want)
				}
				if ok := poll == "ok"; (received == nil) != ok || (deleted == nil) != ok {
					t.Errorf("a poll got %v and a deletion %v, want errors: %v", received, deleted, !ok)
				}
			})
		})
	}
}

// query is an answer that has its error's code as SQS's older protocol did.
func query(code string, a answer) answer {
	return func(r *http.Request) (*http.Response, error) {
		response, err := a(r)
		response.Header.Set("X-Amzn-Query-Error", code+";Sender")
		return response, err
	}
}
