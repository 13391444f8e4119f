package paramstore

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"
	"golang.org/x/time/rate"

	"github.com/octoenergy/versionalias/plugin/ledger"
)

// callTimeout is the deadline of one call. There are no retries: the next sweep
// is the retry, so that an error never raises the rate of calls.
const callTimeout = 5 * time.Second

// credentialTimeout is the deadline of a call for credentials. The SDK makes it
// apart from the call that needs them, whose deadline does not reach it: without
// its own it could hang for ever, and each later call would wait for it. Nor does
// the SDK hand the client on that asks a container's agent. It is the shorter one,
// so that it is seen what was too slow.
const credentialTimeout = 4 * time.Second

// pace is how many calls there are a second: half of what an account has by default, for
// all that read its parameters. So many may follow one another at once.
// https://docs.aws.amazon.com/general/latest/gr/ssm.html
const pace = 20

// Config says where Parameter Store is and who asks. What is empty is left to
// the standard environment variables and files of the AWS SDKs:
// https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html
type Config struct {
	Region          string
	Endpoint        string // URL of Parameter Store
	Profile         string
	CredentialsFile string // that Profile stands in
	Role            string // ARN of the role to assume
	// Transport carries the calls to Parameter Store instead of the network, if it
	// is not nil.
	Transport http.RoundTripper
}

// Store reads the parameters that a Corefile's lines name. Anyone may call its
// methods at any time.
type Store struct {
	config    Config
	aws       aws.Config
	client    *ssm.Client
	transport *http.Transport
	lines     []ledger.Line
	pace      *rate.Limiter
	calls     calls
}

// load is the SDK's configuration for c, from the environment and the SDK's files.
func load(ctx context.Context, c Config) (aws.Config, error) {
	hasty := awshttp.NewBuildableClient().WithTimeout(credentialTimeout)
	options := []func(*config.LoadOptions) error{
		config.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} }),
		config.WithLogger(logging.Nop{}), // what it says comes back as an error, but for each call
		config.WithHTTPClient(hasty),
		config.WithEndpointCredentialOptions(func(o *endpointcreds.Options) { o.HTTPClient = hasty }),
	}
	if c.Region != "" {
		options = append(options, config.WithRegion(c.Region))
	}
	if c.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(c.Profile))
	}
	if c.CredentialsFile != "" {
		// The SDK takes a file that it cannot read for an empty one.
		if _, err := os.ReadFile(c.CredentialsFile); err != nil {
			return aws.Config{}, fmt.Errorf("load the AWS configuration: read credentials: %w", err)
		}
		options = append(options, config.WithSharedCredentialsFiles([]string{c.CredentialsFile}))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return aws.Config{}, fmt.Errorf("load the AWS configuration: %w", err)
	}
	if cfg.Region == "" {
		return aws.Config{}, errors.New("load the AWS configuration: found no Region, want one in aws_region, AWS_REGION or the profile")
	}
	return cfg, nil
}

// assume has cfg ask as the role, whose keys it asks STS for by t.
func assume(cfg *aws.Config, role string, t http.RoundTripper) {
	asked := client(t)
	asked.Timeout = credentialTimeout
	service := sts.NewFromConfig(*cfg, func(o *sts.Options) { o.HTTPClient = asked })
	provider := stscreds.NewAssumeRoleProvider(service, role, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = "versionalias"
		o.Duration = roleDuration
	})
	cfg.Credentials = aws.NewCredentialsCache(roleKeys{provider, cfg.Credentials})
}

// New makes a Store. It reads the environment and the SDK's files, and calls
// nobody; the error says what is missing there.
func New(ctx context.Context, c Config, lines []ledger.Line) (*Store, error) {
	cfg, err := load(ctx, c)
	if err != nil {
		return nil, err
	}
	s := &Store{
		config: c,
		lines:  lines,
		pace:   rate.NewLimiter(pace, pace),
		// One of our own can be told to close its connections. The SDK's client is
		// where AWS_CA_BUNDLE went.
		transport: cfg.HTTPClient.(*awshttp.BuildableClient).GetTransport(),
	}
	// A connection of HTTP/2 outlives calls that time out. One that has become silent would
	// be used for as long as there are any, if nobody asked whether it is alive.
	s.transport.HTTP2 = &http.HTTP2Config{SendPingTimeout: callTimeout, PingTimeout: callTimeout}
	cfg.HTTPClient = client(s.transport)
	if c.Role != "" {
		assume(&cfg, c.Role, s.transport)
	}
	s.aws = cfg
	s.client = ssm.NewFromConfig(cfg, func(o *ssm.Options) {
		if c.Endpoint != "" {
			o.BaseEndpoint = aws.String(c.Endpoint)
			o.EndpointOptions.UseFIPSEndpoint = aws.FIPSEndpointStateDisabled // the SDK would not ask at all
			o.EndpointOptions.UseDualStackEndpoint = aws.DualStackEndpointStateDisabled
		}
		if c.Transport != nil {
			o.HTTPClient = client(c.Transport)
		}
	})
	return s, nil
}

// Place is where s reads, for a person and to be compared: two that read from
// one place say the same.
func (s *Store) Place() string {
	o := s.client.Options()
	place := []string{"Parameter Store in " + o.Region}
	for _, p := range []struct{ name, value string }{
		{"at", aws.ToString(o.BaseEndpoint)},
		{"profile", s.config.Profile},
		{"credentials", s.config.CredentialsFile},
		{"role", s.config.Role},
	} {
		if p.value != "" {
			place = append(place, p.name+" "+p.value)
		}
	}
	return strings.Join(place, ", ")
}

// Release closes the connections that are idle. Sweep opens new ones.
func (s *Store) Release() { s.transport.CloseIdleConnections() }
