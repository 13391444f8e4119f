package paramstore

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octoenergy/versionalias/internal/emulator"
	"github.com/octoenergy/versionalias/internal/program"
	"github.com/octoenergy/versionalias/plugin/ledger"
)

// Where a request goes and who signs it, by what the Corefile, the environment
// and the SDK's files say.
func TestConfig(t *testing.T) {
	const ambient = `
[default]
aws_access_key_id = DEFAULT
aws_secret_access_key = secret
[dns]
aws_access_key_id = DNS
aws_secret_access_key = secret
`
	const regions = `
[default]
region = eu-central-1
[profile dns]
region = eu-north-1
[profile local]
region = eu-south-1
endpoint_url = http://local.test
`
	for _, test := range []struct {
		name  string
		env   map[string]string
		files map[string]string // config, credentials, own
		c     Config            // with DIR/ for the files' directory
		url   string
		scope string
	}{
		{
			name:  "the environment",
			env:   map[string]string{"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "ENV", "AWS_SECRET_ACCESS_KEY": "secret"},
			url:   "https://ssm.eu-west-1.amazonaws.com/",
			scope: "ENV eu-west-1 ssm",
		},
		{
			name:  "aws_region before the environment",
			env:   map[string]string{"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "ENV", "AWS_SECRET_ACCESS_KEY": "secret"},
			c:     Config{Region: "us-gov-west-1"},
			url:   "https://ssm.us-gov-west-1.amazonaws.com/",
			scope: "ENV us-gov-west-1 ssm",
		},
		{
			name:  "the files",
			files: map[string]string{"config": regions, "credentials": ambient},
			url:   "https://ssm.eu-central-1.amazonaws.com/",
			scope: "DEFAULT eu-central-1 ssm",
		},
		{
			name:  "the environment before the files",
			env:   map[string]string{"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "ENV", "AWS_SECRET_ACCESS_KEY": "secret"},
			files: map[string]string{"config": regions, "credentials": ambient},
			url:   "https://ssm.eu-west-1.amazonaws.com/",
			scope: "ENV eu-west-1 ssm",
		},
		{
			name:  "the environment's profile",
			env:   map[string]string{"AWS_PROFILE": "dns"},
			files: map[string]string{"config": regions, "credentials": ambient},
			url:   "https://ssm.eu-north-1.amazonaws.com/",
			scope: "DNS eu-north-1 ssm",
		},
		{
			name:  "a profile before the environment's keys",
			env:   map[string]string{"AWS_ACCESS_KEY_ID": "ENV", "AWS_SECRET_ACCESS_KEY": "secret"},
			files: map[string]string{"config": regions, "credentials": ambient},
			c:     Config{Profile: "dns"},
			url:   "https://ssm.eu-north-1.amazonaws.com/",
			scope: "DNS eu-north-1 ssm",
		},
		{
			name:  "a file of our own",
			env:   map[string]string{"AWS_REGION": "eu-west-1"},
			files: map[string]string{"credentials": ambient, "own": "[dns]\naws_access_key_id = OWN\naws_secret_access_key = secret\n"},
			c:     Config{Profile: "dns", CredentialsFile: "DIR/own"},
			url:   "https://ssm.eu-west-1.amazonaws.com/",
			scope: "OWN eu-west-1 ssm",
		},
		{
			name:  "the environment's endpoint",
			env:   map[string]string{"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": "http://env.test", "AWS_ACCESS_KEY_ID": "ENV", "AWS_SECRET_ACCESS_KEY": "secret"},
			url:   "http://env.test/",
			scope: "ENV eu-west-1 ssm",
		},
		{
			name:  "the environment's endpoint of Parameter Store",
			env:   map[string]string{"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": "http://env.test", "AWS_ENDPOINT_URL_SSM": "http://ssm.test:8080/path", "AWS_ACCESS_KEY_ID": "ENV", "AWS_SECRET_ACCESS_KEY": "secret"},
			url:   "http://ssm.test:8080/path",
			scope: "ENV eu-west-1 ssm",
		},
		{
			name:  "a profile's endpoint",
			env:   map[string]string{"AWS_ACCESS_KEY_ID": "ENV", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_PROFILE": "local"},
			files: map[string]string{"config": regions},
			url:   "http://local.test/",
			scope: "ENV eu-south-1 ssm",
		},
		{
			name:  "aws_endpoint before the environment's",
			env:   map[string]string{"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL_SSM": "http://ssm.test", "AWS_ACCESS_KEY_ID": "ENV", "AWS_SECRET_ACCESS_KEY": "secret"},
			c:     Config{Endpoint: "https://vpce.test:8443"},
			url:   "https://vpce.test:8443/",
			scope: "ENV eu-west-1 ssm",
		},
		{
			name:  "aws_endpoint before the kinds of endpoints that the environment wants",
			env:   map[string]string{"AWS_REGION": "eu-west-1", "AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true", "AWS_ACCESS_KEY_ID": "ENV", "AWS_SECRET_ACCESS_KEY": "secret"},
			c:     Config{Endpoint: "https://vpce.test:8443"},
			url:   "https://vpce.test:8443/",
			scope: "ENV eu-west-1 ssm",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := configured(t, test.env, test.files)
			test.c.CredentialsFile = strings.Replace(test.c.CredentialsFile, "DIR", dir, 1)
			s, w := wired(t, test.c, []ledger.Line{byPath}, page(""))
			if _, err := s.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			r := w.requests[0]
			if r.URL.String() != test.url || r.scope() != test.scope {
				t.Errorf("the request went to %s, signed by %s, want %s and %s", r.URL, r.scope(), test.url, test.scope)
			}
		})
	}
}

// A snapshot, and what a server block knew before a reload, is taken over where the
// place is the same.
func TestPlace(t *testing.T) {
	for _, tt := range []struct {
		c    Config
		env  map[string]string
		want string
	}{
		{Config{Region: "eu-west-1"}, nil, "Parameter Store in eu-west-1"},
		{Config{}, map[string]string{"AWS_REGION": "eu-west-2"}, "Parameter Store in eu-west-2"},
		{Config{Region: "eu-west-1", Endpoint: "https://vpce.test"}, nil, "Parameter Store in eu-west-1, at https://vpce.test"},
		{Config{Region: "eu-west-1"}, map[string]string{"AWS_ENDPOINT_URL_SSM": "http://ssm.test"}, "Parameter Store in eu-west-1, at http://ssm.test"},
		{Config{Region: "eu-west-1", Profile: "dns"}, nil, "Parameter Store in eu-west-1, profile dns"},
		{Config{Region: "eu-west-1", Profile: "dns", CredentialsFile: "DIR/own"}, nil, "Parameter Store in eu-west-1, profile dns, credentials DIR/own"},
		{Config{Region: "eu-west-1", Role: role}, nil, "Parameter Store in eu-west-1, role " + role},
	} {
		dir := configured(t, tt.env, map[string]string{"credentials": "[dns]\naws_access_key_id = DNS\naws_secret_access_key = secret\n", "own": "[dns]\naws_access_key_id = OWN\naws_secret_access_key = secret\n"})
		tt.c.CredentialsFile = strings.Replace(tt.c.CredentialsFile, "DIR", dir, 1)
		s, err := New(t.Context(), tt.c, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := s.Place(), strings.Replace(tt.want, "DIR", dir, 1); got != want {
			t.Errorf("the place got %q, want %q", got, want)
		}
	}
}

func TestNewFails(t *testing.T) {
	for _, test := range []struct {
		name  string
		env   map[string]string
		files map[string]string
		c     Config
		want  string // with DIR/ for the files' directory
	}{
		{
			name: "no Region",
			env:  map[string]string{"AWS_ACCESS_KEY_ID": "ENV", "AWS_SECRET_ACCESS_KEY": "secret"},
			want: "load the AWS configuration: found no Region, want one in aws_region, AWS_REGION or the profile",
		},
		{
			name:  "no Region in the profile",
			files: map[string]string{"config": "[default]\nregion = eu-west-1\n", "credentials": "[dns]\naws_access_key_id = DNS\naws_secret_access_key = secret\n"},
			c:     Config{Profile: "dns"},
			want:  "load the AWS configuration: found no Region, want one in aws_region, AWS_REGION or the profile",
		},
		{
			name: "no such profile",
			c:    Config{Region: "eu-west-1", Profile: "none"},
			want: "load the AWS configuration: failed to get shared config profile, none",
		},
		{
			name:  "no file of our own",
			files: map[string]string{"credentials": "[dns]\naws_access_key_id = DNS\naws_secret_access_key = secret\n"},
			c:     Config{Region: "eu-west-1", Profile: "dns", CredentialsFile: "DIR/own"},
			want:  "load the AWS configuration: read credentials: open DIR/own: no such file or directory",
		},
		{
			name:  "no such profile in a file of our own",
			files: map[string]string{"credentials": "[dns]\naws_access_key_id = DNS\naws_secret_access_key = secret\n", "own": ""},
			c:     Config{Region: "eu-west-1", Profile: "dns", CredentialsFile: "DIR/own"},
			want:  "load the AWS configuration: failed to get shared config profile, dns",
		},
		{
			name: "a variable that makes no sense",
			env:  map[string]string{"AWS_REGION": "eu-west-1", "AWS_RETRY_MODE": "never"},
			want: "load the AWS configuration: invalid AWS_RETRY_MODE value, unknown RetryMode, never",
		},
		{
			name: "no such CA bundle",
			env:  map[string]string{"AWS_REGION": "eu-west-1", "AWS_CA_BUNDLE": "DIR/none"},
			want: "load the AWS configuration: open DIR/none: no such file or directory",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := configured(t, test.env, test.files)
			test.c.CredentialsFile = strings.Replace(test.c.CredentialsFile, "DIR", dir, 1)
			s, err := New(t.Context(), test.c, []ledger.Line{byPath})
			if want := strings.ReplaceAll(test.want, "DIR", dir); s != nil || text(err) != want {
				t.Errorf("New made %v and the error %q, want nothing and %q", s, text(err), want)
			}
		})
	}
}

// Without credentials nothing is sent.
func TestNoCredentials(t *testing.T) {
	emulator.Isolate(t)
	s, w := wired(t, Config{Region: "eu-west-1"}, []ledger.Line{byPath}, page(""))
	seen, err := s.Sweep(t.Context())
	want := "read the parameters below /dns: get identity: get credentials: failed to refresh cached credentials, " +
		"no EC2 IMDS role found, operation error ec2imds: GetMetadata, " +
		"access disabled to EC2 IMDS via client option, or \"AWS_EC2_METADATA_DISABLED\" environment variable"
	if seen != nil || text(err) != want || len(w.requests) != 0 {
		t.Errorf("sweep saw %+v and the error %q after %d requests, want nothing, %q and none", seen, text(err), len(w.requests), want)
	}
	if got, want := s.Calls(), (map[Call]uint64{{"GetParametersByPath", "error"}: 1}); !maps.Equal(got, want) {
		t.Errorf("calls were counted as %v, want %v", got, want)
	}
}

// What a process printed that gives credentials is not told, if it cannot be read: a notice may stand above
// a secret.
func TestCredentialProcess(t *testing.T) {
	for _, tt := range []struct{ process, want string }{
		{`echo 'Notice: a new version is there {"SecretAccessKey": "secret"}'`, "get credentials from credential_process: invalid character 'N' looking for beginning of value"},
		{`echo '{"Version": 1, "SecretAccessKey": "secret", "Expiration": "now"}'`, `get credentials from credential_process: parsing time "now" as "2006-01-02T15:04:05Z07:00": cannot parse "now" as "2006"`},
		{`echo '{"Version": 2, "SecretAccessKey": "secret"}'`, "get credentials from credential_process: wrong version in process output (not 1)"},
		{`exit 3`, "get identity: get credentials: failed to refresh cached credentials, process provider error: error in credential_process: exit status 3"},
	} {
		configured(t, map[string]string{"AWS_REGION": "eu-west-1"}, map[string]string{"config": "[default]\ncredential_process = " + tt.process + "\n"})
		s, _ := wired(t, Config{}, []ledger.Line{byPath}, page(""))
		_, err := s.Sweep(t.Context())
		if want := "read the parameters below /dns: " + tt.want; text(err) != want {
			t.Errorf("%s: got the error %q, want %q", tt.process, text(err), want)
		}
	}
}

// What stands in for an instance's metadata service may say neither keys nor why there are none.
func TestCredentialsOfNobody(t *testing.T) {
	giver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") }))
	t.Cleanup(giver.Close)
	configured(t, map[string]string{"AWS_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": giver.URL}, nil)
	s, _ := wired(t, Config{}, []ledger.Line{byPath}, page(""))
	_, err := s.Sweep(t.Context())
	want := "read the parameters below /dns: get identity: get credentials: failed to refresh cached credentials, failed to get {} EC2 IMDS role credentials, api error : "
	if text(err) != want {
		t.Errorf("got the error %q, want %q", text(err), want)
	}
}

// The SDK asks for credentials apart from the call that needs them. It must not
// wait for ever, since each later call waits for it, too.
func TestCredentialsThatHang(t *testing.T) {
	for _, test := range []struct {
		name   string
		env    map[string]string // URL is that of who gives credentials
		answer string
	}{
		{"STS", map[string]string{
			"AWS_ENDPOINT_URL_STS":        "URL",
			"AWS_ROLE_ARN":                role,
			"AWS_WEB_IDENTITY_TOKEN_FILE": "DIR/token",
		}, webIdentity},
		{"a container's agent", map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "URL"}, fromAgent},
	} {
		t.Run(test.name, func(t *testing.T) {
			hung := make(chan struct{}, 1)
			var requests atomic.Int32
			giver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if requests.Add(1) == 1 {
					_, _ = io.Copy(io.Discard, r.Body) // else the server does not see that the client goes
					<-r.Context().Done()
					hung <- struct{}{}
					return
				}
				_, _ = io.WriteString(w, test.answer)
			}))
			t.Cleanup(func() {
				giver.CloseClientConnections() // in case it hangs yet
				giver.Close()
			})
			env := map[string]string{"AWS_REGION": "eu-west-1"}
			for name, value := range test.env {
				env[name] = strings.Replace(value, "URL", giver.URL, 1)
			}
			configured(t, env, map[string]string{"token": "a.b.c"})
			s, w := wired(t, Config{}, []ledger.Line{byPath}, page(""))
			if seen, err := s.Sweep(t.Context()); err == nil {
				t.Fatalf("sweep saw %+v, want an error: there are no credentials yet", seen)
			}
			wait(t, hung)
			if _, err := s.Sweep(t.Context()); err != nil {
				t.Fatalf("sweep after credentials were given again: %v", err)
			}
			if got, want := w.requests[0].scope(), "OWN eu-west-1 ssm"; got != want {
				t.Errorf("the request was signed by %s, want %s", got, want)
			}
		})
	}
}

const fromAgent = `{"AccessKeyId": "OWN", "SecretAccessKey": "secret", "Token": "token", "Expiration": "2099-01-01T00:00:00Z"}`

const webIdentity = `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>OWN</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>
<SessionToken>token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult>
</AssumeRoleWithWebIdentityResponse>`

const role = "arn:aws:iam::123456789012:role/dns"

// STS gives keys for 15 minutes. They are used for most of that, whatever the clock says at
// AWS.
func TestAssumeRole(t *testing.T) {
	signed(t)
	for _, ahead := range []time.Duration{0, 5 * time.Second, time.Hour, -time.Hour} {
		t.Run(ahead.String(), func(t *testing.T) { testAssumeRole(t, ahead) })
	}
}

func testAssumeRole(t *testing.T, ahead time.Duration) {
	synctest.Test(t, func(t *testing.T) {
		issued := 0
		var until time.Time
		s, w := wired(t, Config{Role: role}, []ledger.Line{byPath}, func(r *http.Request) (*http.Response, error) {
			now := time.Now().Add(ahead)
			switch {
			case strings.HasPrefix(r.URL.Host, "sts."):
				issued++
				until = now.Add(15 * time.Minute)
				return assumed(fmt.Sprint("ROLE", issued), until)(r)
			case !now.Before(until):
				return expiredToken(r)
			}
			return page("")(r)
		})
		for _, wait := range []time.Duration{0, 13 * time.Minute, 119 * time.Second} {
			<-time.After(wait)
			if _, err := s.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		want := []string{
			"https://sts.eu-west-1.amazonaws.com/ AKID eu-west-1 sts",
			"https://ssm.eu-west-1.amazonaws.com/ ROLE1 eu-west-1 ssm token-of-ROLE1",
			"https://ssm.eu-west-1.amazonaws.com/ ROLE1 eu-west-1 ssm token-of-ROLE1",
			"https://sts.eu-west-1.amazonaws.com/ AKID eu-west-1 sts",
			"https://ssm.eu-west-1.amazonaws.com/ ROLE2 eu-west-1 ssm token-of-ROLE2",
		}
		var got []string
		for _, r := range w.requests {
			got = append(got, strings.TrimSpace(fmt.Sprint(r.URL, " ", r.scope(), " ", r.Header.Get("X-Amz-Security-Token"))))
		}
		if !slices.Equal(got, want) {
			t.Fatalf("the requests were\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		asked, err := url.ParseQuery(w.requests[0].body)
		if err != nil {
			t.Fatal(err)
		}
		for field, want := range map[string]string{"Action": "AssumeRole", "RoleArn": role, "RoleSessionName": "versionalias", "DurationSeconds": "900"} {
			if got := asked.Get(field); got != want {
				t.Errorf("STS was asked for %s %q, want %q", field, got, want)
			}
		}
	})
}

// Keys that AWS holds for expired are not used again, and no call is made for others until
// there is one that needs them.
func TestExpiredKeys(t *testing.T) {
	sweep := func(s *Store, _ *Queue) error { _, err := s.Sweep(context.Background()); return err }
	receive := func(_ *Store, q *Queue) error { _, err := q.Receive(context.Background()); return err }
	remove := func(_ *Store, q *Queue) error { return q.Delete(context.Background(), []ledger.Hint{{Receipt: "x"}}) }
	never := time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)
	denied := status(400, `{"__type":"AccessDeniedException","message":"no"}`)
	expiredAtSTS := status(403, `<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code><Message>The security token included in the request is expired</Message></Error><RequestId>0e5f4c1a</RequestId></ErrorResponse>`)
	for _, tt := range []struct {
		name    string
		c       Config
		do      func(*Store, *Queue) error // twice, and the first one fails
		answers []answer
		want    []string // who signs: an agent's keys, or a role's
	}{
		{"by Parameter Store", Config{}, sweep, []answer{expiredToken, page("")}, []string{"OWN1 ssm", "OWN2 ssm"}},
		{"by a poll", Config{}, receive, []answer{expiredToken, status(200, "{}")}, []string{"OWN1 sqs", "OWN2 sqs"}},
		{"by a deletion", Config{}, remove, []answer{expiredToken, status(200, "{}")}, []string{"OWN1 sqs", "OWN2 sqs"}},
		{"by its shorter name", Config{}, receive, []answer{query("ExpiredToken", expiredToken), status(200, "{}")}, []string{"OWN1 sqs", "OWN2 sqs"}},
		{"a role's", Config{Role: role}, sweep, []answer{assumed("ROLE1", never), expiredToken, assumed("ROLE2", never), page("")},
			[]string{"OWN1 sts", "ROLE1 ssm", "OWN1 sts", "ROLE2 ssm"}},
		{"by STS", Config{Role: role}, sweep, []answer{expiredAtSTS, assumed("ROLE1", never), page("")}, []string{"OWN1 sts", "OWN2 sts", "ROLE1 ssm"}},
		{"denied", Config{}, sweep, []answer{denied, page("")}, []string{"OWN1 ssm", "OWN1 ssm"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var given atomic.Int32
			agent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, strings.Replace(fromAgent, "OWN", fmt.Sprint("OWN", given.Add(1)), 1))
			}))
			t.Cleanup(agent.Close)
			configured(t, map[string]string{"AWS_REGION": "eu-west-1", "AWS_CONTAINER_CREDENTIALS_FULL_URI": agent.URL}, nil)
			s, w := wired(t, tt.c, []ledger.Line{byPath}, inTurn(tt.answers...))
			q, err := s.Queue("https://sqs.eu-west-1.amazonaws.com/123456789012/q")
			if err != nil {
				t.Fatal(err)
			}
			if tt.do(s, q) == nil {
				t.Error("the first call succeeded")
			}
			if err := tt.do(s, q); err != nil {
				t.Errorf("the second call: %v", err)
			}
			var got []string
			for _, r := range w.requests {
				got = append(got, strings.Replace(r.scope(), " eu-west-1", "", 1))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("requests were signed by %q, want %q", got, tt.want)
			}
		})
	}
}

// What goes wrong at STS is counted with the call that needed it.
func TestAssumeRoleFails(t *testing.T) {
	signed(t)
	t.Setenv("AWS_ENDPOINT_URL_STS", "http://sts.test")
	for _, test := range []struct {
		name    string
		answer  answer
		want    string
		outcome string
		took    time.Duration
	}{
		{
			name:    "denied",
			answer:  status(403, `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>AKID is not authorized to perform: sts:AssumeRole</Message></Error><RequestId>0e5f4c1a</RequestId></ErrorResponse>`),
			want:    "STS: AccessDenied: AKID is not authorized to perform: sts:AssumeRole",
			outcome: "denied",
		},
		{
			name:    "throttled",
			answer:  status(400, `<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>`),
			want:    "STS: Throttling: Rate exceeded",
			outcome: "throttled",
		},
		{
			name:    "a page to log in",
			answer:  status(200, "<html><body>Welcome to the hotel</body></html>\n"),
			want:    "STS: HTTP status 200: deserialization failed, failed to decode response body, AssumeRoleResult node not found",
			outcome: "error",
		},
		{
			name:    "refused",
			answer:  refused,
			want:    `request send failed, Post "http://sts.test/": dial tcp 192.0.2.1:443: connect: connection refused`,
			outcome: "error",
		},
		{
			name:    "hangs",
			answer:  hangs,
			want:    "STS: found no answer in time",
			outcome: "timeout",
			took:    4 * time.Second,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, w := wired(t, Config{Role: role}, []ledger.Line{byPath}, test.answer)
				began := time.Now()
				seen, err := s.Sweep(t.Context())
				// Which of two timers is first decides about the end of the text.
				got := strings.TrimSuffix(text(err), " (Client.Timeout exceeded while awaiting headers)")
				if want := "read the parameters below /dns: " + test.want; seen != nil || got != want {
					t.Errorf("sweep saw %+v and the error %q, want nothing and %q", seen, got, want)
				}
				if took := time.Since(began); took != test.took || len(w.requests) != 1 {
					t.Errorf("sweep took %v and made %d requests, want %v and 1", took, len(w.requests), test.took)
				}
				if got, want := s.Calls(), (map[Call]uint64{{"GetParametersByPath", test.outcome}: 1}); !maps.Equal(got, want) {
					t.Errorf("calls were counted as %v, want %v", got, want)
				}
			})
		})
	}
}

// Sweeps share a connection until it is released. It is so with AWS_CA_BUNDLE,
// for which the SDK makes a client of its own, and without. It all takes no time: net/http
// opens another connection where it takes long to see that a request was written whole.
func TestRelease(t *testing.T) {
	for _, test := range []struct {
		name string
		tls  bool
	}{
		{"http", false},
		{"https with a CA bundle", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			signed(t)
			endpoint, certified := "http://ssm.test", new(tls.Config)
			if test.tls {
				of := httptest.NewTLSServer(nil)
				t.Cleanup(of.Close)
				t.Setenv("AWS_CA_BUNDLE", bundle(t, of))
				endpoint, certified.Certificates = "https://example.com", of.TLS.Certificates
			}
			synctest.Test(t, func(t *testing.T) {
				const sweeps = 20
				opened, closed := make(chan struct{}, 2*sweeps), make(chan struct{}, 2*sweeps)
				accepted := make(pipes, 2*sweeps)
				var protocols http.Protocols
				protocols.SetHTTP1(true)
				server := &http.Server{Protocols: &protocols, TLSConfig: certified, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					_, _ = io.WriteString(w, `{"Parameters":[]}`)
				})}
				server.ConnState = func(_ net.Conn, state http.ConnState) {
					switch state {
					case http.StateNew:
						opened <- struct{}{}
					case http.StateClosed:
						closed <- struct{}{}
					}
				}
				if test.tls {
					go func() { _ = server.ServeTLS(accepted, "", "") }()
				} else {
					go func() { _ = server.Serve(accepted) }()
				}
				defer server.Close()
				s, err := New(t.Context(), Config{Endpoint: endpoint}, []ledger.Line{byPath})
				if err != nil {
					t.Fatal(err)
				}
				s.transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
					ours, theirs := net.Pipe()
					accepted <- theirs
					return ours, nil
				}
				for range 2 {
					for range sweeps {
						if _, err := s.Sweep(t.Context()); err != nil {
							t.Fatal(err)
						}
					}
					s.Release()
					synctest.Wait()
					if n := len(opened); n != 1 {
						t.Fatalf("%d sweeps opened %d connections, want them to share one", sweeps, n)
					}
					if n := len(closed); n != 1 {
						t.Fatalf("a release closed %d connections, want that one", n)
					}
					<-opened
					<-closed
				}
			})
		})
	}
}

// A connection of HTTP/2 that says nothing any more, as behind a firewall that has forgotten
// it, is replaced.
func TestSilentConnection(t *testing.T) {
	signed(t)
	synctest.Test(t, func(t *testing.T) {
		s, err := New(t.Context(), Config{Endpoint: "http://ssm.test"}, []ledger.Line{byPath})
		if err != nil {
			t.Fatal(err)
		}
		var protocols http.Protocols
		protocols.SetUnencryptedHTTP2(true)
		accepted := make(pipes, 1)
		var opened []*pipe
		s.transport.Protocols = &protocols
		s.transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			opened = append(opened, &pipe{Conn: theirs})
			accepted <- opened[len(opened)-1]
			return ours, nil
		}
		server := &http.Server{Protocols: &protocols, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"Parameters":[]}`)
		})}
		go func() { _ = server.Serve(accepted) }()
		defer server.Close()
		defer s.Release()
		var got []string
		sweep := func() {
			_, err := s.Sweep(t.Context())
			got = append(got, fmt.Sprintf("%d %v", len(opened), err == nil))
			<-time.After(10 * time.Second)
		}
		sweep()
		sweep()
		opened[0].silent.Store(true)
		sweep()
		sweep()
		if want := []string{"1 true", "1 true", "1 false", "2 true"}; !slices.Equal(got, want) {
			t.Errorf("connections, and whether a sweep by the last was complete, were %q, want %q", got, want)
		}
	})
}

// pipes are the connections that a server accepts.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	if c, ok := <-p; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}
func (p pipes) Close() error   { close(p); return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

// pipe is a connection that loses what is written to it once it is silent.
type pipe struct {
	net.Conn
	silent atomic.Bool
}

func (p *pipe) Write(b []byte) (int, error) {
	if p.silent.Load() {
		return len(b), nil
	}
	return p.Conn.Write(b)
}

func TestUnknownAuthority(t *testing.T) {
	signed(t)
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it would complain
	server.StartTLS()
	t.Cleanup(server.Close)
	s, err := New(t.Context(), Config{Endpoint: server.URL}, []ledger.Line{byPath})
	if err != nil {
		t.Fatal(err)
	}
	seen, err := s.Sweep(t.Context())
	want := fmt.Sprintf("read the parameters below /dns: request send failed, Post %q: "+
		"tls: failed to verify certificate: x509: certificate signed by unknown authority", server.URL+"/")
	if seen != nil || text(err) != want {
		t.Errorf("sweep saw %+v and the error %q, want nothing and %q", seen, text(err), want)
	}
}

// configured is an environment with these variables and these files, of which
// config and credentials are the SDK's own, and the files' directory.
func configured(t *testing.T, env, files map[string]string) string {
	t.Helper()
	emulator.Isolate(t)
	dir := t.TempDir()
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(dir, "config"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(dir, "credentials"))
	for name, value := range env {
		t.Setenv(name, strings.Replace(value, "DIR", dir, 1))
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

var expiredToken = status(400, `{"__type":"ExpiredTokenException","message":"The security token included in the request is expired"}`)

// assumed is STS's answer with a role's key.
func assumed(key string, until time.Time) answer {
	return status(200, fmt.Sprintf(`<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleResult><Credentials><AccessKeyId>%s</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>
<SessionToken>token-of-%[1]s</SessionToken><Expiration>%s</Expiration></Credentials></AssumeRoleResult>
</AssumeRoleResponse>`, key, until.UTC().Format(time.RFC3339)))
}

// bundle is a file with the authority of a server's certificate.
func bundle(t *testing.T, server *httptest.Server) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.pem")
	block := &pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}
	if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func wait[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(program.Patience):
		t.Fatalf("waited for %v, want it sooner", program.Patience)
		panic("unreachable")
	}
}
