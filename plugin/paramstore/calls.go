package paramstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"

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

// call makes one call, within its deadline, and counts it.
func call[I, O any](ctx context.Context, s *Store, operation string, do func(context.Context, *I, ...func(*ssm.Options)) (*O, error), input *I) (*O, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	output, err := do(ctx, input)
	s.calls.add(operation, err)
	return output, brief(err)
}

// outcome is the kind of error that err is.
func outcome(err error) string {
	var api smithy.APIError
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &api):
		// The codes are those of
		// https://docs.aws.amazon.com/systems-manager/latest/APIReference/CommonErrors.html
		code := api.ErrorCode()
		switch {
		case (&apiError{code: code}).Throttled():
			return "throttled"
		case strings.HasPrefix(code, "AccessDenied"), strings.HasPrefix(code, "ExpiredToken"),
			code == "UnrecognizedClientException", code == "InvalidClientTokenId",
			code == "InvalidSignatureException", code == "SignatureDoesNotMatch":
			return "denied"
		}
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	}
	return "error"
}

// apiError is what Parameter Store says instead of an answer.
type apiError struct{ code, message string }

func (e *apiError) Error() string { return e.code + ": " + e.message }

// Throttled reports whether the account's rate was exceeded.
func (e *apiError) Throttled() bool { return strings.HasPrefix(e.code, "Throttl") }

// unknown is the SDK's code for an answer without one, such as a proxy's.
const unknown = "UnknownError"

// brief is err without what is new in each call, such as its request's ID, so
// that equal errors read alike.
func brief(err error) error {
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() != unknown {
		return &apiError{api.ErrorCode(), api.ErrorMessage()}
	}
	if response := (*smithyhttp.ResponseError)(nil); errors.As(err, &response) {
		if status := response.HTTPStatusCode(); status != 0 {
			return fmt.Errorf("HTTP status %d: %w", status, response.Err)
		}
		return response.Err
	}
	if operation := (*smithy.OperationError)(nil); errors.As(err, &operation) {
		return operation.Err
	}
	return err
}
