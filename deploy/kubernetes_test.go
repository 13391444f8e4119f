package deploy_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
	"go.yaml.in/yaml/v3"

	"github.com/octoenergy/versionalias/internal/process"
	"github.com/octoenergy/versionalias/internal/program"
)

// cluster is what kubectl would apply.
type cluster struct {
	namespace   namespace
	account     serviceAccount
	configs     map[string]map[string]string
	services    map[string]service
	budget      disruptionBudget
	statefulSet *statefulSet
	deployment  *deployment
}

// render is kubectl's rendering of a directory, in which no field is unknown.
func render(t *testing.T, dir string) *cluster {
	t.Helper()
	process.Need(t, "kubectl")
	depends(t, "kubernetes")
	command := exec.Command("kubectl", "kustomize", dir)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	text, err := command.Output()
	if err != nil || stderr.Len() > 0 {
		t.Fatalf("render %s: %v\n%s", dir, err, stderr.Bytes())
	}
	c := &cluster{configs: map[string]map[string]string{}, services: map[string]service{}}
	documents := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var document yaml.Node
		if err := documents.Decode(&document); errors.Is(err, io.EOF) {
			return c
		} else if err != nil {
			t.Fatal(err)
		}
		c.add(t, &document)
	}
}

func (c *cluster) add(t *testing.T, document *yaml.Node) {
	t.Helper()
	var k kind
	if err := document.Decode(&k); err != nil {
		t.Fatal(err)
	}
	if of := k.Metadata.Namespace; of != "versionalias" && k.Kind != "Namespace" {
		t.Errorf("%s %s is in namespace %q, want versionalias", k.Kind, k.Metadata.Name, of)
	}
	switch id := k.APIVersion + " " + k.Kind; id {
	case "v1 Namespace":
		strictly(t, document, &c.namespace)
	case "v1 ServiceAccount":
		strictly(t, document, &c.account)
	case "v1 ConfigMap":
		var m configMap
		strictly(t, document, &m)
		c.configs[m.Metadata.Name] = m.Data
	case "v1 Service":
		var s service
		strictly(t, document, &s)
		c.services[s.Metadata.Name] = s
	case "policy/v1 PodDisruptionBudget":
		strictly(t, document, &c.budget)
	case "apps/v1 StatefulSet":
		strictly(t, document, &c.statefulSet)
	case "apps/v1 Deployment":
		strictly(t, document, &c.deployment)
	default:
		t.Errorf("found %s, want none", id)
	}
}

// strictly decodes a document that has no field which the value has not.
func strictly(t *testing.T, document *yaml.Node, into any) {
	t.Helper()
	text, err := yaml.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(into); err != nil {
		t.Errorf("%v in\n%s", err, text)
	}
}

// template is that of the pods, and the claims beside it.
func (c *cluster) template(t *testing.T) (pods template, selector map[string]string, claims []string) {
	t.Helper()
	switch {
	case c.statefulSet != nil && c.deployment == nil:
		spec := c.statefulSet.Spec
		for _, claim := range spec.VolumeClaimTemplates {
			claims = append(claims, claim.Metadata.Name)
		}
		if headless := c.services[spec.ServiceName]; headless.Spec.ClusterIP != "None" {
			t.Errorf("the StatefulSet's service %q has the address %q, want None", spec.ServiceName, headless.Spec.ClusterIP)
		}
		return spec.Template, spec.Selector.MatchLabels, claims
	case c.deployment != nil && c.statefulSet == nil:
		return c.deployment.Spec.Template, c.deployment.Spec.Selector.MatchLabels, nil
	}
	t.Fatal("found a StatefulSet and a Deployment or none of them, want one")
	return
}

// check fails the test of what does not fit together, or lets a pod do more than it must.
func (c *cluster) check(t *testing.T) {
	t.Helper()
	pods, selector, claims := c.template(t)
	if len(pods.Spec.Containers) != 1 {
		t.Fatalf("a pod has %d containers, want 1", len(pods.Spec.Containers))
	}
	of := pods.Spec.Containers[0]

	selectors := map[string]map[string]string{"the pods' own": selector, "the budget's": c.budget.Spec.Selector.MatchLabels}
	for name, s := range c.services {
		selectors[name] = s.Spec.Selector
	}
	for _, spread := range pods.Spec.TopologySpreadConstraints {
		selectors[spread.TopologyKey] = spread.LabelSelector.MatchLabels
	}
	for name, s := range selectors {
		if len(s) == 0 || !maps.Equal(s, pods.Metadata.Labels) {
			t.Errorf("%s: selector %v does not select the pods' %v", name, s, pods.Metadata.Labels)
		}
	}

	ports := map[string]string{}
	for _, p := range of.Ports {
		ports[p.Name] = p.Protocol
	}
	for name, s := range c.services {
		for _, p := range s.Spec.Ports {
			if ports[p.TargetPort] != p.Protocol {
				t.Errorf("service %s: port %d over %s leads to %q, which is %q", name, p.Port, p.Protocol, p.TargetPort, ports[p.TargetPort])
			}
		}
	}
	var dnsPorts []string
	for _, p := range c.services["versionalias"].Spec.Ports {
		if p.Port == 53 {
			dnsPorts = append(dnsPorts, p.Protocol)
		}
	}
	if want := []string{"UDP", "TCP"}; !slices.Equal(dnsPorts, want) {
		t.Errorf("port 53 is served over %v, want %v", dnsPorts, want)
	}

	volumes := slices.Clone(claims)
	for _, v := range pods.Spec.Volumes {
		volumes = append(volumes, v.Name)
		if name := v.ConfigMap.Name; name != "" && c.configs[name] == nil {
			t.Errorf("volume %s: there is no ConfigMap %s", v.Name, name)
		}
	}
	var mounted []string
	for _, m := range of.VolumeMounts {
		mounted = append(mounted, m.Name)
	}
	slices.Sort(volumes)
	if slices.Sort(mounted); !slices.Equal(volumes, mounted) {
		t.Errorf("the volumes %v are mounted as %v", volumes, mounted)
	}

	if account := pods.Spec.ServiceAccountName; account != c.account.Metadata.Name {
		t.Errorf("pods have the service account %q, want %q", account, c.account.Metadata.Name)
	}
	security, own := pods.Spec.SecurityContext, of.SecurityContext
	if !security.RunAsNonRoot || security.RunAsUser == 0 || security.RunAsGroup == 0 || security.SeccompProfile.Type != "RuntimeDefault" ||
		own.AllowPrivilegeEscalation == nil || *own.AllowPrivilegeEscalation || !own.ReadOnlyRootFilesystem ||
		!slices.Equal(own.Capabilities.Drop, []string{"ALL"}) || !slices.Equal(own.Capabilities.Add, []string{"NET_BIND_SERVICE"}) {
		t.Errorf("pods may do too much, or too little: %+v, %+v", security, own)
	}
	if c.budget.Spec.MaxUnavailable != 1 {
		t.Errorf("%d pods may be away, want 1", c.budget.Spec.MaxUnavailable)
	}
	if least, most := of.Resources.Requests, of.Resources.Limits; least["cpu"] == "" || least["memory"] == "" || most["memory"] == "" {
		t.Errorf("pods need %v and get %v at most, want some CPU and memory, and a limit of memory", least, most)
	}
	if pods.Spec.TerminationGracePeriodSeconds < 10 {
		t.Errorf("pods have %ds to end, want lameduck's and 5s", pods.Spec.TerminationGracePeriodSeconds)
	}
	if pods.Spec.DNSPolicy != "Default" {
		t.Errorf("pods' resolver is %q, want Default: ClusterFirst leads back here", pods.Spec.DNSPolicy)
	}
}

// mounts makes the pod's volumes, and returns where they are by where they are mounted.
func (c *cluster) mounts(t *testing.T) map[string]string {
	t.Helper()
	pods, _, _ := c.template(t)
	content := map[string]map[string]string{}
	for _, v := range pods.Spec.Volumes {
		content[v.Name] = c.configs[v.ConfigMap.Name]
	}
	dirs := map[string]string{}
	for _, m := range pods.Spec.Containers[0].VolumeMounts {
		dirs[m.MountPath] = t.TempDir()
		if files := content[m.Name]; files != nil {
			project(t, dirs[m.MountPath], files)
		}
	}
	return dirs
}

// project writes a ConfigMap's data as a kubelet does: files are links into a
// directory, and it is a link itself, which is replaced as a whole.
func project(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	behind, err := os.MkdirTemp(dir, "..")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(behind, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Join("..data", name), filepath.Join(dir, name)); err != nil && !errors.Is(err, os.ErrExist) {
			t.Fatal(err)
		}
	}
	link := filepath.Join(dir, "..data_tmp")
	if err := os.Symlink(filepath.Base(behind), link); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(link, filepath.Join(dir, "..data")); err != nil {
		t.Fatal(err)
	}
}

// start starts the first pod's server, but for where it listens, whom it asks and
// where its volumes are, and asks its probes.
func (c *cluster) start(t *testing.T, program, resolver string, dirs map[string]string, env []string, edits ...string) *process.CoreDNS {
	t.Helper()
	pods, _, _ := c.template(t)
	of := pods.Spec.Containers[0]
	if len(of.Args) != 2 || of.Args[0] != "-conf" || len(of.Env) != 1 || of.Env[0].Name != "POD_NAME" || of.Env[0].ValueFrom.FieldRef.FieldPath != "metadata.name" {
		t.Fatalf("found the arguments %q and the environment %v", of.Args, of.Env)
	}
	path := of.Args[1]
	for mount, dir := range dirs {
		path = strings.Replace(path, mount+"/", dir+"/", 1)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	corefile := edit(t, string(text), append(edits, "/etc/resolv.conf", resolver, ":1053 {", ":{$PORT} {\n    bind 127.0.0.1",
		"status 9154", "status "+process.FreeAddr(t), "lameduck 5s", "lameduck 1ms")...)
	for mount, dir := range dirs {
		corefile = strings.ReplaceAll(corefile, mount+"/", dir+"/")
		corefile = strings.ReplaceAll(corefile, mount+"\n", dir+"\n")
	}

	// Where each listens by default, or as the Corefile says.
	ports := map[string]int{}
	for _, p := range of.Ports {
		ports[p.Name] = p.ContainerPort
	}
	if want := map[string]int{"dns": 1053, "dns-tcp": 1053, "health": 8080, "ready": 8181, "metrics": 9153}; !maps.Equal(ports, want) {
		t.Errorf("the container's ports are %v, want %v", ports, want)
	}
	addrs := map[string]string{"health": process.FreeAddr(t), "ready": process.FreeAddr(t), "metrics": process.FreeAddr(t)}
	corefile = edit(t, corefile, " health {", " health "+addrs["health"]+" {", " ready\n", " ready "+addrs["ready"]+"\n",
		" prometheus :9153\n", " prometheus "+addrs["metrics"]+"\n")

	s := run(t, program, corefile, append(env, "POD_NAME=versionalias-0"))
	for name, p := range map[string]probe{"startup": of.StartupProbe, "liveness": of.LivenessProbe, "readiness": of.ReadinessProbe} {
		want := map[string]string{"startup": "health", "liveness": "health", "readiness": "ready"}[name]
		if p.HTTPGet.Port != want {
			t.Errorf("the %s probe asks port %q, want %s", name, p.HTTPGet.Port, want)
		}
		says(t, "http://"+addrs[p.HTTPGet.Port]+p.HTTPGet.Path)
	}
	says(t, "http://"+addrs["metrics"]+"/metrics")
	return s
}

// askFrom is what a server answers a client at an address about cache.corp.internal.
func askFrom(t *testing.T, client, server string) string {
	t.Helper()
	c := &dns.Client{Timeout: program.Timeout, Dialer: &net.Dialer{LocalAddr: &net.UDPAddr{IP: net.ParseIP(client)}}}
	m, _, err := c.Exchange(new(dns.Msg).SetQuestion("cache.corp.internal.", dns.TypeA), server)
	if err != nil || len(m.Answer) != 2 {
		t.Fatalf("ask from %s: got %v, error %v", client, m, err)
	}
	if opt := m.IsEdns0(); opt != nil && len(opt.Option) > 0 {
		t.Errorf("ask from %s: got the options %v, want none to who sent none", client, opt.Option)
	}
	return m.Answer[0].(*dns.CNAME).Target
}

// Each directory is rendered, its parts fit together, and what is in it answers, and
// follows a flip: by push, by a sweep, by a change of the ConfigMap.
func TestKubernetes(t *testing.T) {
	process.Need(t, "kubectl")
	a := newAccount(t)
	a.put("/dns/aliases/cache", "cache-v1.corp.internal")
	a.makeQueue("versionalias-0")
	program, resolver := coredns(t), targets(t)
	tests := map[string]func(*testing.T, *cluster){
		"base": func(t *testing.T, c *cluster) {
			if c.statefulSet == nil || len(c.account.Metadata.Annotations) > 0 {
				t.Errorf("found no StatefulSet, or the annotations %v", c.account.Metadata.Annotations)
			}
			s := c.start(t, program, resolver, c.mounts(t), a.Env(), "https://sqs.eu-west-1.amazonaws.com", a.URL)
			s.Eventually("cache.corp.internal", dns.TypeA, first)
			a.put("/dns/aliases/cache", "cache-v2.corp.internal")
			a.tell("versionalias-0", "/dns/aliases/cache") // the next sweep is in minutes
			s.Eventually("cache.corp.internal", dns.TypeA, second)
		},
		"irsa": func(t *testing.T, c *cluster) {
			want := render(t, "kubernetes/base")
			if got := c.account.Metadata.Annotations["eks.amazonaws.com/role-arn"]; got != "arn:aws:iam::123456789012:role/versionalias" {
				t.Errorf("the service account's role is %q", got)
			}
			if c.account = want.account; !reflect.DeepEqual(c, want) {
				t.Error("more differs from the base than the service account")
			}
		},
		"deployment": func(t *testing.T, c *cluster) {
			if c.deployment == nil {
				t.Fatal("found no Deployment")
			}
			a.put("/dns/aliases/cache", "cache-v1.corp.internal")
			s := c.start(t, program, resolver, c.mounts(t), a.Env(), "refresh 10s", "refresh 1s")
			s.Eventually("cache.corp.internal", dns.TypeA, first)
			a.put("/dns/aliases/cache", "cache-v2.corp.internal")
			s.Eventually("cache.corp.internal", dns.TypeA, second)
		},
		"directory": func(t *testing.T, c *cluster) {
			if c.configs["aliases"] == nil {
				t.Fatal("there is no ConfigMap aliases: one of another name would be a rollout")
			}
			dirs := c.mounts(t)
			s := c.start(t, program, resolver, dirs, nil)
			s.Eventually("cache.corp.internal", dns.TypeA, first)
			c.configs["aliases"]["cache"] = "cache-v2.corp.internal\n"
			project(t, dirs["/etc/versionalias"], c.configs["aliases"])
			s.Eventually("cache.corp.internal", dns.TypeA, second)
		},
	}
	dirs, err := filepath.Glob("kubernetes/*/kustomization.yaml")
	if err != nil || len(dirs) != len(tests) {
		t.Fatalf("found %q, want one for each of the %d tests, error %v", dirs, len(tests), err)
	}
	// A canary needs to be told who asks, and a cache that keeps answers for all.
	t.Run("stub domains", func(t *testing.T) {
		c := render(t, "kubernetes/directory")
		dirs := c.mounts(t)
		c.configs["aliases"]["cache"] = `{"from": "cache-v1.corp.internal", "to": "cache-v2.corp.internal", "percent": 50}`
		project(t, dirs["/etc/versionalias"], c.configs["aliases"])
		s := c.start(t, program, resolver, dirs, nil)
		stubs := blocks(t, "corefile")
		if len(stubs) != 2 {
			t.Fatalf("README.md has %d stub domains, want 2", len(stubs))
		}
		for i, want := range []int{1, 2} {
			stub := run(t, program, edit(t, stubs[i], "corp.internal:53 {", "corp.internal:{$PORT} {\n    bind 127.0.0.1", "10.100.45.67", s.Addr), nil)
			answers := map[string]bool{}
			for client := range 64 {
				answers[askFrom(t, fmt.Sprintf("127.0.0.%d", client+1), stub.Addr)] = true
			}
			if len(answers) != want {
				t.Errorf("64 clients got the answers %v, want %d different ones through\n%s", answers, want, stubs[i])
			}
		}
	})
	// An overlay of one's own, with what is there in place of what will be released.
	t.Run("README", func(t *testing.T) {
		base, err := filepath.Abs("kubernetes/base")
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if base, err = filepath.Rel(dir, base); err != nil {
			t.Fatal(err)
		}
		corefile, err := os.ReadFile("kubernetes/deployment/Corefile")
		if err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{
			"kustomization.yaml": edit(t, blocks(t, "yaml")[0], "https://github.com/octoenergy/versionalias//deploy/kubernetes/base?ref=main", base),
			"Corefile":           string(corefile),
		} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		c := render(t, dir)
		c.check(t)
		pods, _, _ := c.template(t)
		if image := pods.Spec.Containers[0].Image; image != "registry.example/versionalias:1" || len(c.account.Metadata.Annotations) != 1 {
			t.Errorf("found the image %s and the annotations %v", image, c.account.Metadata.Annotations)
		}
		for _, config := range c.configs {
			if config["Corefile"] != string(corefile) {
				t.Errorf("found the Corefile\n%s\nwant\n%s", config["Corefile"], corefile)
			}
		}
	})
	for _, dir := range dirs {
		dir = filepath.Dir(dir)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			c := render(t, dir)
			c.check(t)
			tests[filepath.Base(dir)](t, c)
		})
	}
}
