package paramstore

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/octoenergy/versionalias/plugin/ledger"
)

// perMessages is how many messages one call receives or deletes at most:
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
const perMessages = 10

// waitSeconds is the longest poll that SQS offers, and pollTimeout the deadline of
// the call that makes one.
const (
	waitSeconds = 20
	pollTimeout = waitSeconds*time.Second + callTimeout
)

// visibility is for how long a message is nobody else's, in seconds: watch.Hidden at most.
// One that was not deleted by then is received again.
const visibility = 30

// Queue is an SQS queue of Parameter Store's change events. It may be read by one
// process only: what one receives no other does.
type Queue struct {
	store  *Store
	client *sqs.Client
	url    string
}

// region is the Region in the host name of a queue's URL:
// https://docs.aws.amazon.com/general/latest/gr/sqs-service.html
var region = regexp.MustCompile(`(?:^|\.)sqs(?:-fips)?\.([a-z0-9-]+)\.(?:vpce\.)?(?:amazonaws\.com(?:\.cn)?|api\.aws)$|^([a-z0-9-]+)\.queue\.amazonaws\.com(?:\.cn)?$`)

// Queue is the queue at a URL, asked by whoever asks s. Its endpoint is that of the
// URL, and so is its Region if the URL names one.
func (s *Store) Queue(queue string) (*Queue, error) {
	u, err := url.Parse(queue)
	if err != nil {
		return nil, fmt.Errorf("read the queue's URL: %w", err)
	}
	service := sqs.NewFromConfig(s.aws, func(o *sqs.Options) {
		o.BaseEndpoint = aws.String(u.Scheme + "://" + u.Host)
		o.EndpointOptions.UseFIPSEndpoint = aws.FIPSEndpointStateDisabled
		o.EndpointOptions.UseDualStackEndpoint = aws.DualStackEndpointStateDisabled
		if m := region.FindStringSubmatch(u.Hostname()); m != nil {
			o.Region = m[1] + m[2]
		}
		if s.config.Transport != nil {
			o.HTTPClient = client(s.config.Transport)
		}
	})
	return &Queue{s, service, queue}, nil
}

// Receive waits until there is something, 20 seconds at most, and is the hints of up
// to ten messages. One that is no event of Parameter Store's in the Store's Region has no
// name.
func (q *Queue) Receive(ctx context.Context) ([]ledger.Hint, error) {
	ctx, cancel := context.WithTimeout(ctx, pollTimeout)
	defer cancel()
	output, err := q.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl:            aws.String(q.url),
		MaxNumberOfMessages: perMessages,
		WaitTimeSeconds:     waitSeconds,
		VisibilityTimeout:   visibility,
	})
	if !errors.Is(ctx.Err(), context.Canceled) {
		q.store.made("ReceiveMessage", err)
	}
	if err != nil {
		return nil, fmt.Errorf("receive from the queue: %w", brief(err))
	}
	var hints []ledger.Hint
	for _, m := range output.Messages {
		h := parseHint(aws.ToString(m.Body), q.store.aws.Region)
		h.Receipt = aws.ToString(m.ReceiptHandle)
		hints = append(hints, h)
	}
	return hints, nil
}

// Delete deletes the messages of hints. What is left after an error will be received
// again.
func (q *Queue) Delete(ctx context.Context, hints []ledger.Hint) error {
	var left []types.BatchResultErrorEntry
	for batch := range slices.Chunk(hints, perMessages) {
		input := &sqs.DeleteMessageBatchInput{QueueUrl: aws.String(q.url)}
		for i, h := range batch {
			input.Entries = append(input.Entries, types.DeleteMessageBatchRequestEntry{
				Id:            aws.String(fmt.Sprint(i)),
				ReceiptHandle: aws.String(h.Receipt),
			})
		}
		output, err := q.delete(ctx, input)
		if err != nil {
			return fmt.Errorf("delete from the queue: %w", brief(err))
		}
		left = append(left, output.Failed...)
	}
	if len(left) == 0 {
		return nil
	}
	err := fmt.Errorf("delete from the queue: %d of %d messages stay, the first for %s: %s",
		len(left), len(hints), aws.ToString(left[0].Code), aws.ToString(left[0].Message))
	return failure{err, "error", slices.ContainsFunc(left, func(e types.BatchResultErrorEntry) bool { return e.SenderFault })}
}

func (q *Queue) delete(ctx context.Context, input *sqs.DeleteMessageBatchInput) (*sqs.DeleteMessageBatchOutput, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	output, err := q.client.DeleteMessageBatch(ctx, input)
	q.store.made("DeleteMessageBatch", err)
	return output, err
}
