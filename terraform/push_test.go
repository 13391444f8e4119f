package terraform_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/miekg/dns"

	"github.com/octoenergy/versionalias/internal/emulator"
	"github.com/octoenergy/versionalias/internal/program"
)

// detail is what an event says of a change.
func detail(name string) string {
	return fmt.Sprintf(`{"operation": "Update", "name": %q, "type": "String"}`, name)
}

// tell puts an event of each name onto the bus, as Parameter Store does and the emulator
// does not.
func (a account) tell(names ...string) {
	a.t.Helper()
	var events []map[string]string
	for _, name := range names {
		events = append(events, map[string]string{"Source": "aws.ssm", "DetailType": "Parameter Store Change", "Detail": detail(name)})
	}
	entries, err := json.Marshal(events)
	if err != nil {
		a.t.Fatal(err)
	}
	var out struct{ FailedEntryCount int }
	a.run(&out, "events", "put-events", "--entries", string(entries))
	if out.FailedEntryCount != 0 {
		a.t.Fatalf("the bus refused %d events of %q", out.FailedEntryCount, names)
	}
}

// waiting waits until as many messages as wanted are in a queue, and none is in flight. A
// message comes back, after half a minute, if the answer that had it was lost.
func (a account) waiting(queue, want string) {
	a.t.Helper()
	const visible, inFlight = types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible
	client := sqs.New(sqs.Options{BaseEndpoint: &a.aws.URL, Region: emulator.Region, Credentials: a})
	var got map[string]string
	for deadline := time.Now().Add(program.Patience); time.Now().Before(deadline); <-time.After(50 * time.Millisecond) {
		out, err := client.GetQueueAttributes(a.t.Context(), &sqs.GetQueueAttributesInput{
			QueueUrl: &queue, AttributeNames: []types.QueueAttributeName{visible, inFlight},
		})
		if err != nil {
			a.t.Fatal(err)
		}
		got = out.Attributes
		if got[string(visible)] == want && got[string(inFlight)] == "0" {
			return
		}
	}
	a.t.Fatalf("the queue has %v, want %s messages", got, want)
}

// byPush is a block whose sweeps are too far apart to see a flip.
func byPush(zone, queue string) string {
	return zone + `:{$PORT} {
		bind 127.0.0.1
		versionalias {
			ssm /dns/aliases
			refresh 24h
			push ` + queue + `
		}
		template ANY ANY {
			rcode NOERROR
		}
	}
	`
}

// One server: the event of a flip comes from the bus into its queue, and the server
// acts on it and deletes it. Of five others only that of /dns/db comes.
func TestPushToOne(t *testing.T) {
	t.Parallel()
	e := emulator.Start(t)
	admin := accountIn(t, e)
	s := newStack(t, "modules/push", e.Env())
	s.apply("name=aliases", `servers=["dns-0"]`, `paths=["/dns/aliases"]`, `parameters=["/dns/db"]`)
	var queues map[string]string
	s.output("queue_urls", &queues)
	queue := queues["dns-0"]

	admin.tell("/dns/aliases", "/dns/aliases2/cache", "/dns/db/other", "/other", "/dns/db")
	admin.waiting(queue, "1")

	admin.put("/dns/aliases/cache", "cache-v1.corp.internal")
	c := startCoreDNS(t, byPush("corp.internal", queue), e.Env())
	c.Eventually("cache.corp.internal", dns.TypeA, "cache-v1.corp.internal.")
	admin.put("/dns/aliases/cache", "cache-v2.corp.internal")
	admin.tell("/dns/aliases/cache")
	c.Eventually("cache.corp.internal", dns.TypeA, "cache-v2.corp.internal.")
	admin.waiting(queue, "0")
}

// A fleet: an event that is published to the topic comes to each server. A further
// server is a queue and a subscription more, and changes nothing else. The emulator
// cannot pass an event from the bus to a topic.
func TestPushToFleet(t *testing.T) {
	t.Parallel()
	e := emulator.Start(t)
	admin := accountIn(t, e)
	s := newStack(t, "modules/push", e.Env())
	fleet := []string{"name=aliases", `paths=["/dns/aliases"]`}
	s.apply(append(fleet, `servers=["dns-0", "dns-1"]`)...)
	var queues map[string]string
	s.output("queue_urls", &queues)

	admin.put("/dns/aliases/cache", "cache-v1.corp.internal")
	c := startCoreDNS(t, byPush("corp.internal", queues["dns-0"])+byPush("corp.example", queues["dns-1"]), e.Env())
	c.Eventually("cache.corp.internal", dns.TypeA, "cache-v1.corp.internal.")
	c.Eventually("cache.corp.example", dns.TypeA, "cache-v1.corp.internal.")
	admin.put("/dns/aliases/cache", "cache-v2.corp.internal")
	event := fmt.Sprintf(`{"source": "aws.ssm", "detail-type": "Parameter Store Change", "detail": %s}`, detail("/dns/aliases/cache"))
	admin.run(nil, "sns", "publish", "--topic-arn", "arn:aws:sns:"+emulator.Region+":123456789012:aliases", "--message", event)
	c.Eventually("cache.corp.internal", dns.TypeA, "cache-v2.corp.internal.")
	c.Eventually("cache.corp.example", dns.TypeA, "cache-v2.corp.internal.")

	for _, test := range []struct {
		servers string
		want    []string
	}{
		{`["dns-0", "dns-1"]`, []string{}},
		{`["dns-0", "dns-1", "dns-2"]`, []string{`create aws_sns_topic_subscription.server["dns-2"]`, `create aws_sqs_queue.server["dns-2"]`}},
		{`["dns-1"]`, []string{`delete aws_sns_topic_subscription.server["dns-0"]`, `delete aws_sqs_queue.server["dns-0"]`}},
	} {
		if got := s.plan(append(fleet, "fleet=true", "servers="+test.servers)...); !slices.Equal(got, test.want) {
			t.Errorf("a plan for %s has %q, want %q", test.servers, got, test.want)
		}
	}
}
