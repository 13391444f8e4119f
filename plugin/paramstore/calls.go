package paramstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Call is a kind of call, as it is counted.
type Call struct {
	Operation string // the API's name for it
	Outcome   string // ok, throttled, denied, timeout or error
}

// calls counts them. A mutex will do: there are few calls a second.
type calls struct {
	mu    sync.Mutex
	count map[Call]uint64
}

func (c *calls) add(operation string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.count == nil {
		c.count = map[Call]uint64{}
	}
	c.count[Call{operation, outcome(err)}]++
}

// Calls is how many calls there were. It may be called at any time, by anyone.
func (s *Store) Calls() map[Call]uint64 {
	s.calls.mu.Lock()
	defer s.calls.mu.Unlock()
	return maps.Clone(s.calls.count)
}

// method is one of the client's.
type method[I, O any] func(context.Context, *I, ...func(*ssm.Options)) (*O, error)

// call makes one call when it is its turn, within its deadline, and counts it.
func call[I, O any](ctx context.Context, s *Store, operation string, do method[I, O], input *I) (*O, error) {
	if s.pace.Wait(ctx) != nil {
		<-ctx.Done() // it does not wait if it would be for nothing
		return nil, brief(ctx.Err())
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	output, err := survive(func() (*O, error) { return do(ctx, input) })
	s.made(operation, err)
	return output, brief(err)
}

// survive is what do does, and an error where it panics. The SDK does so at an answer in which the time
// of a parameter is "NaN", and the whole server would end with it.
func survive[O any](do func() (*O, error)) (output *O, err error) {
	defer func() {
		if p := recover(); p != nil {
			output, err = nil, fmt.Errorf("found an answer that the SDK cannot read: %v", p)
		}
	}()
	return do()
}

// made is told what came of each call.
func (s *Store) made(operation string, err error) {
	s.calls.add(operation, err)
	drop(s.aws.Credentials, err)
}

// outcome is the kind of error that err is.
func outcome(err error) string {
	var api smithy.APIError
	switch {
	case err == nil:
		return "ok"
	case limited(err):
		return "throttled"
	case errors.As(err, &api) && slices.ContainsFunc(denials, func(code string) bool { return strings.Contains(api.ErrorCode(), code) }):
		return "denied"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	}
	return "error"
}

// denials is what an error's code contains if whoever asks may not do so, or has not signed
// as it should. Services have them with an "Exception" behind them or without, and a
// "KMS." before them where it is KMS that says so:
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/CommonErrors.html
// https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
var denials = []string{
	"AccessDenied", "NotAuthorized", "OptInRequired", expired, "RequestExpired", "UnrecognizedClient",
	"InvalidClientTokenId", "InvalidSignature", "SignatureDoesNotMatch", "IncompleteSignature",
}

// limited reports whether err says that the account's rate was exceeded: by its code, be it
// one of KMS's, which the SDK does not list, or by the HTTP status that a proxy answered with.
func limited(err error) bool {
	var api smithy.APIError
	if errors.As(err, &api) {
		_, listed := retry.DefaultThrottleErrorCodes[api.ErrorCode()]
		if listed || strings.Contains(api.ErrorCode(), "Throttl") {
			return true
		}
	}
	var response *smithyhttp.ResponseError
	return errors.As(err, &response) && response.HTTPStatusCode() == http.StatusTooManyRequests
}

// failure is an error of a call, and its kind. It was refused if the service answered that
// whoever asks may not, or asks for what does not exist: the same call would be refused again.
type failure struct {
	error
	outcome string
	refused bool
}

func (f failure) Unwrap() error   { return f.error }
func (f failure) Outcome() string { return f.outcome }
func (f failure) Throttled() bool { return f.outcome == "throttled" }
func (f failure) Refused() bool   { return f.refused }

func refuses(err error) bool {
	var response *smithyhttp.ResponseError
	return errors.As(err, &response) && response.HTTPStatusCode()/100 == 4
}

// unknown is the SDK's code for an answer without one, such as a proxy's.
const unknown = "UnknownError"

// brief is err without what is new in each call, such as its request's ID, so
// that equal errors read alike.
func brief(err error) error {
	if err == nil {
		return nil
	}
	return failure{shorten(err), outcome(err), refuses(err) && !limited(err)}
}

func shorten(err error) error {
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() != unknown && api.ErrorCode() != "" {
		return fmt.Errorf("%s%s: %s", giver(err), api.ErrorCode(), api.ErrorMessage())
	}
	if errors.Is(err, context.DeadlineExceeded) { // be it while it waited for its turn
		return fmt.Errorf("%sfound no answer in time", giver(err))
	}
	if response := (*smithyhttp.ResponseError)(nil); errors.As(err, &response) {
		if status := response.HTTPStatusCode(); status != 0 {
			return fmt.Errorf("%sHTTP status %d: %w", giver(err), status, response.Err)
		}
		return response.Err
	}
	if process := (*processcreds.ProviderError)(nil); errors.As(err, &process) {
		if exit := (*exec.ExitError)(nil); !errors.As(process, &exit) {
			return fmt.Errorf("get credentials from credential_process: %w", root(process))
		}
	}
	if operation := (*smithy.OperationError)(nil); errors.As(err, &operation) {
		return operation.Err
	}
	return err
}

// root is what err wraps. What is around it may repeat all that a process printed which gives
// credentials, its secrets among them, and would be logged.
func root(err error) error {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err
}

// giver is the service that err is of, if that was asked for credentials only: what it says, or a proxy
// in front of it, would read as if Parameter Store had said so.
func giver(err error) string {
	var call, inner *smithy.OperationError
	if errors.As(err, &call) && errors.As(call.Err, &inner) {
		return inner.Service() + ": "
	}
	return ""
}
