package terraform_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/octoenergy/versionalias/internal/emulator"
)

// planned is what a run of one of Terraform's own tests plans.
type planned struct {
	Changes []struct {
		Address string
		Change  struct{ After map[string]any }
	} `json:"resource_changes"`
}

// planOfTest runs a file of tests, and is the first plan of one of its runs.
func (s *stack) planOfTest(file string) planned {
	s.t.Helper()
	lines := json.NewDecoder(strings.NewReader(s.run("test", "-json", "-verbose", "-filter="+file)))
	for {
		var line struct {
			Plan *planned `json:"test_plan"`
		}
		switch err := lines.Decode(&line); {
		case errors.Is(err, io.EOF):
			s.t.Fatalf("%s has no run that plans", file)
		case err != nil:
			s.t.Fatalf("read what %s said: %v", file, err)
		case line.Plan != nil:
			return *line.Plan
		}
	}
}

// naming is the attributes that name something, and shared those of what both versions
// are told the same of.
var (
	naming = regexp.MustCompile(`^(name|id)$|_(name|id|identifier)$`)
	shared = []string{"subnet_group_name", "vpc_id", "zone_id"}
)

// Of two versions side by side everything that has a name has one with its version.
func TestTwice(t *testing.T) {
	t.Parallel()
	for module, names := range map[string][]string{
		"versioned-cache": {
			"aws_elasticache_replication_group.this replication_group_id cache-VERSION",
			"aws_route53_record.this name cache-VERSION.corp.internal",
		},
		"versioned-service": {
			"aws_lb.this name web-VERSION",
			"aws_lb_target_group.this name web-VERSION",
			"aws_route53_record.this name web-VERSION.corp.internal",
		},
	} {
		t.Run(module, func(t *testing.T) {
			t.Parallel()
			var got, want []string
			for _, c := range newStack(t, "modules/"+module, nil).planOfTest("tests/twice.tftest.hcl").Changes {
				for attribute, value := range c.Change.After {
					if name, ok := value.(string); ok && naming.MatchString(attribute) && !slices.Contains(shared, attribute) {
						got = append(got, fmt.Sprintf("%s %s %s", c.Address, attribute, name))
					}
				}
			}
			_, kind, _ := strings.Cut(module, "-")
			for _, version := range []string{"v1", "v2"} {
				for _, name := range names {
					want = append(want, fmt.Sprintf("module.%s[%q].%s", kind, version, strings.ReplaceAll(name, "VERSION", version)))
				}
			}
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("found the names\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

// What a version is installed with may be mended as long as it was never made.
func TestRefusedCache(t *testing.T) {
	t.Parallel()
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "<ErrorResponse><Error><Code>InvalidParameterCombination</Code></Error></ErrorResponse>", http.StatusBadRequest)
	}))
	defer refusing.Close()
	s := newStack(t, "modules/versioned-cache", append(emulator.Start(t).Env(), "AWS_ENDPOINT_URL_ELASTICACHE="+refusing.URL))
	with := func(version, subnets string) []string {
		return []string{
			"name=cache", "release=v1", "engine_version=" + version, "node_type=cache.t4g.micro", "subnet_group_name=" + subnets,
			`security_group_ids=["sg-0123456789abcdef0"]`, "zone_id=Z0123456789ABCDEFGHIJ", "zone=corp.internal",
		}
	}
	s.fails(append([]string{"apply", "-auto-approve"}, vars(with("7.0", "other"))...), "InvalidParameterCombination")
	want := []string{"create aws_elasticache_replication_group.this", "create aws_route53_record.this", "create terraform_data.installed"}
	if got := s.plan(with("7.1", "caches")...); !slices.Equal(got, want) {
		t.Errorf("after a cache that was refused the plan would %v, want %v", got, want)
	}
}

// upgraded is the state of a cache that was installed with 7.0.
const upgraded = `{"version": 4, "resources": [{
	"mode": "managed", "type": "aws_elasticache_replication_group", "name": "this",
	"provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
	"instances": [{"schema_version": 2, "attributes": {
		"id": "cache-v1", "replication_group_id": "cache-v1", "engine": "redis", "engine_version": "7.1",
		"subnet_group_name": "caches", "security_group_names": [], "primary_endpoint_address": "x",
		"at_rest_encryption_enabled": "true", "transit_encryption_enabled": true
	}}]
}, {
	"mode": "managed", "type": "terraform_data", "name": "installed",
	"provider": "provider[\"terraform.io/builtin/terraform\"]",
	"instances": [{"attributes": {"id": "x", "output": {
		"type": ["object", {"software": "string", "transit_encryption": "bool", "subnet_group_name": "string"}],
		"value": {"software": "redis 7.0", "transit_encryption": true, "subnet_group_name": "caches"}
	}}}]
}]}`

// A cache that AWS has upgraded by itself is not made anew to be what it was.
func TestUpgradedCache(t *testing.T) {
	t.Parallel()
	s := newStackWith(t, "modules/versioned-cache", map[string]string{"terraform.tfstate": upgraded}, emulator.Start(t).Env())
	s.env = append(s.env, "TF_CLI_ARGS_plan=-refresh=false") // the emulator has no such cache
	want := []string{"create aws_route53_record.this", "update aws_elasticache_replication_group.this"}
	got := s.plan("name=cache", "release=v1", "engine_version=7.0", "node_type=cache.t4g.micro", "subnet_group_name=caches",
		`security_group_ids=["sg-0123456789abcdef0"]`, "zone_id=Z0123456789ABCDEFGHIJ", "zone=corp.internal")
	if !slices.Equal(got, want) {
		t.Errorf("the plan of a cache that AWS upgraded would %v, want %v", got, want)
	}
}

// around is what the examples of the modules' READMEs take from elsewhere.
const around = `
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
resource "aws_vpc" "corp" { cidr_block = "10.0.0.0/16" }
resource "aws_subnet" "private" {
  count  = 2
  vpc_id = aws_vpc.corp.id
}
resource "aws_security_group" "caches" {}
resource "aws_security_group" "web" {}
resource "aws_elasticache_subnet_group" "caches" {
  name       = "caches"
  subnet_ids = aws_subnet.private[*].id
}
resource "aws_route53_zone" "corp" { name = "corp.internal" }
resource "aws_acm_certificate" "web" { domain_name = "*.corp.internal" }
resource "aws_iam_role" "dns" { assume_role_policy = "{}" }
`

// The examples of the READMEs are formatted and valid, those of push and reader together.
func TestExamples(t *testing.T) {
	t.Parallel()
	s := newStack(t, "modules/versioned-cache/tests/twice", nil) // of which all modules are three levels up
	for _, modules := range [][]string{{"versioned-cache", "versioned-service", "push", "reader"}, {"alias", "alias-bundle"}} {
		text := around
		for _, module := range modules {
			readme, err := os.ReadFile(filepath.Join("modules", module, "README.md"))
			if err != nil {
				t.Fatal(err)
			}
			_, after, _ := strings.Cut(string(readme), "\n~~~ hcl\n")
			block, _, found := strings.Cut(after, "\n~~~\n")
			if !found {
				t.Fatalf("%s/README.md has no example", module)
			}
			text += strings.ReplaceAll(block, "git::https://github.com/octoenergy/versionalias.git//terraform/modules/", "../../../") + "\n"
		}
		if err := os.WriteFile(filepath.Join(s.dir, "main.tf"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s.run("fmt", "-check", "-diff")
		s.run("get")
		s.run("validate")
	}
}
