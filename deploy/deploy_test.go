package deploy_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/miekg/dns"

	"github.com/octoenergy/versionalias/internal/emulator"
	"github.com/octoenergy/versionalias/internal/process"
	"github.com/octoenergy/versionalias/internal/program"
)

// coredns builds the project's CoreDNS, as the image and a release have it but for
// paths in it.
func coredns(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "coredns")
	if out, err := exec.Command("go", "build", "-o", program, "../cmd/coredns").CombinedOutput(); err != nil {
		t.Fatalf("build coredns: %v\n%s", err, out)
	}
	return program
}

// depends reads what other programs read, so that go test takes no result from before
// a change of it.
func depends(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			_, err = os.ReadFile(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// blocks is those of one language in the README, or in a section of it.
func blocks(t *testing.T, language string) []string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, m := range regexp.MustCompile(`(?ms)^~~~ `+language+`\n(.*?)^~~~$`).FindAllStringSubmatch(string(text), -1) {
		list = append(list, m[1])
	}
	return list
}

// edit replaces what must be there exactly once.
func edit(t *testing.T, text string, replacements ...string) string {
	t.Helper()
	for i := 0; i < len(replacements); i += 2 {
		if n := strings.Count(text, replacements[i]); n != 1 {
			t.Fatalf("found %q %d times, want it once in\n%s", replacements[i], n, text)
		}
		text = strings.Replace(text, replacements[i], replacements[i+1], 1)
	}
	return text
}

// targets is a server that knows some of corp.internal's targets: the resolver that
// is behind ours.
func targets(t *testing.T) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addresses := map[string]string{
		"cache-v1.corp.internal.": "192.0.2.1",
		"cache-v2.corp.internal.": "192.0.2.2",
	}
	server := &dns.Server{PacketConn: conn, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg).SetRcode(q, dns.RcodeNameError)
		if address, ok := addresses[q.Question[0].Name]; ok && q.Question[0].Qtype == dns.TypeA {
			rr, err := dns.NewRR(q.Question[0].Name + " 60 A " + address)
			if err != nil {
				t.Error(err)
			}
			m.Rcode, m.Answer = dns.RcodeSuccess, []dns.RR{rr}
		}
		_ = w.WriteMsg(m) // who asked may be gone
	})}
	up := make(chan struct{})
	server.NotifyStartedFunc = func() { close(up) }
	ended := make(chan error)
	go func() { ended <- server.ActivateAndServe() }()
	<-up
	t.Cleanup(func() {
		if err := server.Shutdown(); err != nil {
			t.Error(err)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return conn.LocalAddr().String()
}

// account is what is in AWS: the emulator's.
type account struct {
	*emulator.Emulator
	t   *testing.T
	ssm *ssm.Client
	sqs *sqs.Client
}

func newAccount(t *testing.T) *account {
	t.Helper()
	e := emulator.Start(t)
	e.Setenv(t)
	cfg, err := awsconfig.LoadDefaultConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return &account{e, t, ssm.NewFromConfig(cfg), sqs.NewFromConfig(cfg)}
}

func (a *account) put(name, value string) {
	a.t.Helper()
	_, err := a.ssm.PutParameter(a.t.Context(), &ssm.PutParameterInput{
		Name: aws.String(name), Value: aws.String(value), Type: types.ParameterTypeString, Overwrite: aws.Bool(true),
	})
	if err != nil {
		a.t.Fatal(err)
	}
}

func (a *account) makeQueue(name string) {
	a.t.Helper()
	if _, err := a.sqs.CreateQueue(a.t.Context(), &sqs.CreateQueueInput{QueueName: &name}); err != nil {
		a.t.Fatal(err)
	}
}

// tell puts a change event on a queue.
func (a *account) tell(queue, parameter string) {
	a.t.Helper()
	_, err := a.sqs.SendMessage(a.t.Context(), &sqs.SendMessageInput{
		QueueUrl: aws.String(a.URL + "/123456789012/" + queue),
		MessageBody: aws.String(fmt.Sprintf(`{"source": "aws.ssm", "detail-type": "Parameter Store Change", "time": %q,
			"detail": {"operation": "Update", "name": %q}}`, time.Now().UTC().Format(time.RFC3339), parameter)),
	})
	if err != nil {
		a.t.Fatal(err)
	}
}

// says fails unless a page is there in time, and 200.
func says(t *testing.T, url string) {
	t.Helper()
	var got string
	for deadline := time.Now().Add(program.Patience); time.Now().Before(deadline); <-time.After(50 * time.Millisecond) {
		resp, err := http.Get(url)
		if err != nil {
			got = err.Error()
			continue
		}
		resp.Body.Close()
		if got = resp.Status; resp.StatusCode == http.StatusOK {
			return
		}
	}
	t.Errorf("%s got %s, want 200 OK", url, got)
}

const (
	first  = "cache-v1.corp.internal. 192.0.2.1"
	second = "cache-v2.corp.internal. 192.0.2.2"
)

// run starts a Corefile that has {$PORT}.
func run(t *testing.T, program, corefile string, env []string) *process.CoreDNS {
	t.Helper()
	return process.RunCoreDNS(t, program, corefile, env)
}
