package terraform_test

import (
	"encoding/xml"
	"flag"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/octoenergy/versionalias/internal/emulator"
	"github.com/octoenergy/versionalias/internal/figure"
)

var lifecycles = flag.Int("lifecycles", 0, "how often TestLifecycle goes through an upgrade, from nothing to nothing")

// inZone is the stand-in with the record in Route 53, where the cache has it.
const inZone = `
locals { dns_name = "${var.name}-${var.release}.${var.zone}" }
resource "aws_route53_record" "this" {
  zone_id = var.zone_id
  name    = local.dns_name
  type    = "A"
  ttl     = 60
  records = ["192.0.2.1"]
}
output "dns_name" {
  value      = local.dns_name
  depends_on = [aws_route53_record.this]
}
`

// theZone is what the example expects to be there, and intoZone puts the records into it.
const theZone = `resource "aws_route53_zone" "this" { name = var.zone }`

const intoZone = `module "cache" { zone_id = aws_route53_zone.this.zone_id }`

// theBundle has two more aliases that move as the example's does.
const theBundle = `
module "bundle" {
  source  = "../../modules/alias-bundle"
  path    = var.path
  name    = "shop"
  aliases = { for name in ["carts", "sessions"] : name => {
    to      = module.cache[var.to].dns_name
    from    = one([for release in var.from[*] : module.cache[release].dns_name])
    percent = var.percent
    start   = var.start
    over    = var.over
    group   = "shop"
  } }
}
`

// The upgrade with all ways to flip, alone and in a bundle, several times from nothing to
// nothing, with the versioned names in Route 53. It is not for every change: a cycle takes
// minutes, since a zone alone takes the emulator a quarter of one to make, and each of its
// steps is in a test that CI runs.
func TestLifecycle(t *testing.T) {
	if *lifecycles == 0 {
		t.Skip("apart, since a cycle takes minutes: make terraform-lifecycle runs it")
	}
	e := emulator.Start(t)
	env := e.Env()
	s := newStackWith(t, "examples/side-by-side", withStandIn(t, inZone, map[string]string{
		"bundle.tf":        theBundle,
		"zone.tf":          theZone,
		"zone_override.tf": intoZone,
	}), env)
	server := startCoreDNS(t, corefile, append(env, "VERSIONS="+serve(t, route53(t, e))))
	for range *lifecycles {
		begin := time.Now()
		s.step(step{"v1 alone", []string{alone, "to=v1"}, []string{
			"create aws_route53_zone.this",
			"create module.alias.aws_ssm_parameter.this",
			"create module.bundle.aws_ssm_parameter.this",
			`create module.cache["v1"].aws_route53_record.this`,
		}, nil})
		clients := []*client{}
		for _, name := range []string{"cache", "carts", "sessions"} {
			server.Eventually(name+".corp.internal", dns.TypeA, v1[0]+" 192.0.2.1")
			clients = append(clients, ask(t, server.Addr, name+".corp.internal.", 100*time.Millisecond))
		}
		flipped := []string{"update module.alias.aws_ssm_parameter.this", "update module.bundle.aws_ssm_parameter.this"}
		flip := func(name string, reached []string, variables ...string) {
			t.Helper()
			s.step(step{name, append(variables, both), flipped, reached}, clients...)
		}
		at := func(wait time.Duration) string {
			return "start=" + time.Now().Add(wait).UTC().Format(time.RFC3339)
		}

		s.step(step{"v2 beside it", []string{both, "to=v1"}, []string{`create module.cache["v2"].aws_route53_record.this`}, v1}, clients...)
		flip("a canary", slices.Concat(v1, v2), "from=v1", "to=v2", "percent=50")
		flip("and back", v1, "to=v1")
		flip("a schedule", v1, "from=v1", "to=v2", at(time.Minute))
		for _, c := range clients {
			c.settles(v2...)
		}
		flip("a rollback", v1, "to=v1")
		flip("a ramp", v2, "from=v1", "to=v2", at(0), "over=20s")
		s.refused(append([]string{after, "from=v1", "to=v2", at(0)}, given...),
			`parse from: found "v1", want one of the releases v2: the alias leads to it until all clients have moved`)
		flip("its end", v2, "to=v2")
		s.step(step{"v1 removed", []string{after, "to=v2"}, []string{`delete module.cache["v1"].aws_route53_record.this`}, v2}, clients...)
		for _, c := range clients {
			c.stop()
		}
		s.run(append([]string{"destroy", "-auto-approve"}, vars(append([]string{after, "to=v2"}, given...))...)...)
		server.Eventually("cache.corp.internal", dns.TypeA, "NXDOMAIN")
		figure.Print(t, "up, through eight steps and down in %v", time.Since(begin).Round(time.Second))
	}
}

// route53 looks records up in the emulator.
func route53(t testing.TB, e *emulator.Emulator) func(name string) (address string) {
	request := func(path string) *http.Request {
		r, err := http.NewRequest(http.MethodGet, e.URL+"/2013-04-01/"+path, nil)
		if err != nil {
			panic(err) // the URL is the emulator's own
		}
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=x/20261123/"+emulator.Region+"/route53/aws4_request")
		return r
	}
	var mu sync.Mutex // the server asks for several at a time
	get := func(path string, into any) {
		var err error
		for range 5 { // the emulator loses an answer now and then
			var resp *http.Response
			if resp, err = http.DefaultClient.Do(request(path)); err != nil {
				continue
			}
			err = xml.NewDecoder(resp.Body).Decode(into)
			resp.Body.Close()
			if err == nil {
				return
			}
		}
		t.Logf("ask Route 53 for %s: %v", path, err)
	}
	return func(name string) string {
		mu.Lock()
		defer mu.Unlock()
		var zones struct {
			Ids []string `xml:"HostedZones>HostedZone>Id"`
		}
		get("hostedzone", &zones)
		for _, id := range zones.Ids {
			var records struct {
				Sets []struct {
					Name, Type string
					Values     []string `xml:"ResourceRecords>ResourceRecord>Value"`
				} `xml:"ResourceRecordSets>ResourceRecordSet"`
			}
			get(strings.TrimPrefix(id, "/")+"/rrset", &records)
			for _, set := range records.Sets {
				if set.Type == "A" && strings.EqualFold(strings.TrimSuffix(set.Name, "."), name) {
					return set.Values[0]
				}
			}
		}
		return ""
	}
}
