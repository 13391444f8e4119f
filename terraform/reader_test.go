package terraform_test

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/miekg/dns"

	"github.com/octoenergy/versionalias/internal/emulator"
	"github.com/octoenergy/versionalias/internal/process"
)

// account is somebody in the emulator, with the AWS command line.
type account struct {
	t           testing.TB
	aws         *emulator.Emulator
	key, secret string
}

func accountIn(t testing.TB, e *emulator.Emulator) account { return account{t, e, "x", "x"} }

// Retrieve has the credentials that the account's own clients sign with.
func (a account) Retrieve(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: a.key, SecretAccessKey: a.secret}, nil
}

// env is the environment of what runs for the account.
func (a account) env() []string {
	return append(a.aws.Env(), "AWS_ACCESS_KEY_ID="+a.key, "AWS_SECRET_ACCESS_KEY="+a.secret)
}

// try is what a command prints.
func (a account) try(args ...string) (string, error) {
	process.Need(a.t, "aws")
	// The command line knows no AWS_REGION, and for SQS no AWS_ENDPOINT_URL.
	command := exec.Command("aws", append([]string{"--endpoint-url", a.aws.URL, "--region", emulator.Region, "--output", "json"}, args...)...)
	command.Env = a.env()
	out, err := command.CombinedOutput()
	return string(out), err
}

// run runs a command that has to succeed, and reads into into what it prints, unless
// that is nil.
func (a account) run(into any, args ...string) {
	a.t.Helper()
	out, err := a.try(args...)
	if err != nil {
		a.t.Fatalf("aws %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal([]byte(out), into); err != nil {
		a.t.Fatalf("read what aws %s printed: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// put writes a parameter.
func (a account) put(name, value string) {
	a.t.Helper()
	client := ssm.New(ssm.Options{BaseEndpoint: &a.aws.URL, Region: emulator.Region, Credentials: a})
	_, err := client.PutParameter(a.t.Context(), &ssm.PutParameterInput{
		Name: &name, Value: &value, Type: types.ParameterTypeString, Overwrite: aws.Bool(true),
	})
	if err != nil {
		a.t.Fatal(err)
	}
}

// user is a new user who may do what the statements of a policy allow.
func (a account) user(name string, statements any) account {
	a.t.Helper()
	policy, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
	if err != nil {
		a.t.Fatal(err)
	}
	a.run(nil, "iam", "create-user", "--user-name", name)
	a.run(nil, "iam", "put-user-policy", "--user-name", name, "--policy-name", name, "--policy-document", string(policy))
	var made struct {
		AccessKey struct{ AccessKeyID, SecretAccessKey string }
	}
	a.run(&made, "iam", "create-access-key", "--user-name", name)
	a.key, a.secret = made.AccessKey.AccessKeyID, made.AccessKey.SecretAccessKey
	return a
}

// enforce makes the emulator refuse what nobody has allowed.
func (a account) enforce() {
	a.t.Helper()
	resp, err := http.Post(a.aws.URL+"/moto-api/reset-auth", "", strings.NewReader("0"))
	if err != nil {
		a.t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		a.t.Fatalf("make the emulator ask for permissions: found status %d, want %d", resp.StatusCode, http.StatusOK)
	}
}

// policyOfREADME is the policy that the README prints.
func policyOfREADME(t testing.TB) map[string]any {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "\n~~~ json\n")
	block, _, _ := strings.Cut(after, "\n~~~\n")
	var policy map[string]any
	if err := json.Unmarshal([]byte(block), &policy); err != nil {
		t.Fatalf("read the README's policy: %v", err)
	}
	return policy
}

// allow is a statement of a policy.
func allow(resources []any, actions ...any) map[string]any {
	return map[string]any{"Effect": "Allow", "Action": actions, "Resource": resources}
}

// The module writes the README's policy, with the queue beside it and nothing else;
// and a server that may do no more than that answers, and sees a flip.
func TestReader(t *testing.T) {
	t.Parallel()
	e := emulator.Start(t)
	root := accountIn(t, e)
	const queue = "arn:aws:sqs:eu-west-1:123456789012:aliases-dns-0"
	s := newStack(t, "modules/reader", e.Env())
	s.apply("name=versionalias", `paths=["/dns/aliases"]`, `parameters=["/dns/db"]`, `queue_arns=["`+queue+`"]`)
	var arn string
	s.output("arn", &arn)

	var got struct {
		PolicyVersion struct{ Document map[string]any }
	}
	root.run(&got, "iam", "get-policy-version", "--version-id", "v1", "--policy-arn", arn)
	want := policyOfREADME(t)
	want["Statement"] = append(want["Statement"].([]any), allow([]any{queue}, "sqs:ReceiveMessage", "sqs:DeleteMessage"))
	if !reflect.DeepEqual(got.PolicyVersion.Document, want) {
		t.Fatalf("the policy is %v, want %v", got.PolicyVersion.Document, want)
	}

	// The emulator knows actions, and of resources that they are all or none.
	everything := []any{"*"}
	actions := want["Statement"].([]any)[0].(map[string]any)["Action"].([]any)
	admin := root.user("admin", []any{allow(everything, "*")})
	server := root.user("server", []any{allow(everything, actions...)})
	admin.enforce()
	flip := func(version string) {
		admin.put("/dns/aliases/cache", "cache-"+version+".corp.internal")
		admin.put("/dns/db", "db-"+version+".corp.internal")
	}
	flip("v1")
	c := startCoreDNS(t, `corp.internal:{$PORT} {
		bind 127.0.0.1
		versionalias {
			ssm /dns/aliases
			alias db.corp.internal /dns/db
			refresh 1s
		}
		template ANY ANY {
			rcode NOERROR
		}
	}`, server.env())
	sees := func(version string) {
		c.Eventually("cache.corp.internal", dns.TypeA, "cache-"+version+".corp.internal.")
		c.Eventually("db.corp.internal", dns.TypeA, "db-"+version+".corp.internal.")
	}
	sees("v1")
	flip("v2")
	sees("v2")

	if out, err := server.try("ssm", "put-parameter", "--overwrite", "--name", "/dns/db", "--value", "db-v1.corp.internal"); err == nil || !strings.Contains(out, "AccessDenied") {
		t.Errorf("a flip by the server itself: error %v, want it denied\n%s", err, out)
	}
}
