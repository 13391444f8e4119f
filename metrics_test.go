package versionalias

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coredns/coredns/plugin/metadata"
	"github.com/coredns/coredns/request"
	"github.com/miekg/dns"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	_ "github.com/coredns/coredns/plugin/metrics"

	"github.com/octoenergy/versionalias/internal/process"
	"github.com/octoenergy/versionalias/internal/program"
	"github.com/octoenergy/versionalias/plugin/ledger"
	"github.com/octoenergy/versionalias/plugin/watch"
)

// feedOnce makes the running instances be one, fed once with what each of seen
// has.
func feedOnce(t *testing.T, seen ...[]ledger.Parameter) *instance {
	t.Helper()
	i := new(instance)
	for _, parameters := range seen {
		v := fed(t, i, &source{sweep: func(context.Context) ([]ledger.Parameter, error) { return parameters, nil }})
		v.feed.watcher.Sweep(t.Context())
	}
	running.add(i)
	t.Cleanup(func() { running.remove(i) })
	return i
}

// Duty 12: two server blocks share a zone: counters add up, and of gauges the worst is
// shown.
func TestMetrics(t *testing.T) { synctest.Test(t, metricsOfTwo) }

func metricsOfTwo(t *testing.T) {
	i := feedOnce(t, cache("cache-v1.corp.internal", 7), append(cache("cache-v1.corp.internal", 6),
		ledger.Parameter{Name: "/dns/db", Value: "db-v1.corp.internal", Version: 2},
		ledger.Parameter{Name: "/dns/bad", Value: "bad", Version: 1},
		ledger.Parameter{Name: "/dns/worse", Problem: fmt.Errorf("read type: found StringList, want String"), Version: 1},
	))
	for n, v := range i.plugins {
		v.table.Load().Get("cache.corp.internal.").Tallies[0].Add()
		v.feed.Swept(cache("cache-v2.corp.internal", int64(8+n)), 0)
		v.table.Load().Get("cache.corp.internal.").Tallies[0].Add()
		v.feed.stats.swept.Store(int64(100-n) * int64(time.Second))
		v.feed.stats.took.Store(int64(n+1) * int64(time.Second) / 2)
	}
	const want = `
		# HELP coredns_versionalias_aliases The number of aliases in force.
		# TYPE coredns_versionalias_aliases gauge
		coredns_versionalias_aliases{zone="corp.internal."} 1
		# HELP coredns_versionalias_braked_aliases The number of aliases that stay in force only because too many would go at once.
		# TYPE coredns_versionalias_braked_aliases gauge
		coredns_versionalias_braked_aliases 0
		# HELP coredns_versionalias_drain_deadline_timestamp_seconds The Unix time at which the last cache has let go of a target that an alias has left.
		# TYPE coredns_versionalias_drain_deadline_timestamp_seconds gauge
		coredns_versionalias_drain_deadline_timestamp_seconds{alias="cache.corp.internal.",target="cache-v1.corp.internal.",zone="corp.internal."} 9.46684815e+08
		# HELP coredns_versionalias_flips_total Counter of the changes of an alias's target.
		# TYPE coredns_versionalias_flips_total counter
		coredns_versionalias_flips_total{zone="corp.internal."} 2
		# HELP coredns_versionalias_last_sweep_timestamp_seconds The Unix time of the last complete sweep, 0 before the first.
		# TYPE coredns_versionalias_last_sweep_timestamp_seconds gauge
		coredns_versionalias_last_sweep_timestamp_seconds 99
		# HELP coredns_versionalias_older_versions_believed_total Counter of the older versions of parameters that came to be believed.
		# TYPE coredns_versionalias_older_versions_believed_total counter
		coredns_versionalias_older_versions_believed_total 0
		# HELP coredns_versionalias_parameter_version The version of the parameter in force for an alias.
		# TYPE coredns_versionalias_parameter_version gauge
		coredns_versionalias_parameter_version{alias="cache.corp.internal.",zone="corp.internal."} 8
		coredns_versionalias_parameter_version{alias="db.corp.internal.",zone="corp.internal."} 2
		# HELP coredns_versionalias_rejected_aliases The number of aliases whose newest document is rejected.
		# TYPE coredns_versionalias_rejected_aliases gauge
		coredns_versionalias_rejected_aliases{reason="collision",zone="corp.internal."} 0
		coredns_versionalias_rejected_aliases{reason="loop",zone="corp.internal."} 0
		coredns_versionalias_rejected_aliases{reason="syntax",zone="corp.internal."} 1
		coredns_versionalias_rejected_aliases{reason="type",zone="corp.internal."} 1
		coredns_versionalias_rejected_aliases{reason="zone",zone="corp.internal."} 0
		# HELP coredns_versionalias_requests_total Counter of the queries for an alias, by the target they were led to.
		# TYPE coredns_versionalias_requests_total counter
		coredns_versionalias_requests_total{alias="cache.corp.internal.",target="cache-v1.corp.internal.",zone="corp.internal."} 2
		coredns_versionalias_requests_total{alias="cache.corp.internal.",target="cache-v2.corp.internal.",zone="corp.internal."} 2
		# HELP coredns_versionalias_retired_queries_total Counter of the queries for a target that aliases have left, since the last cache has let go of it.
		# TYPE coredns_versionalias_retired_queries_total counter
		coredns_versionalias_retired_queries_total{target="cache-v1.corp.internal.",zone="corp.internal."} 0
		# HELP coredns_versionalias_server_blocks The number of server blocks, by where what they have in force was read last, or none as long as not all was loaded.
		# TYPE coredns_versionalias_server_blocks gauge
		coredns_versionalias_server_blocks{source="none"} 0
		coredns_versionalias_server_blocks{source="push"} 0
		coredns_versionalias_server_blocks{source="snapshot"} 0
		coredns_versionalias_server_blocks{source="sweep"} 2
		# HELP coredns_versionalias_sweep_duration_seconds How long the last complete sweep took.
		# TYPE coredns_versionalias_sweep_duration_seconds gauge
		coredns_versionalias_sweep_duration_seconds 1
		`
	if err := testutil.CollectAndCompare(collector{}, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
}

// Duty 12: of an alias that moves in both blocks the smaller fraction is shown, and of two queues the
// one that cannot be read.
func TestMetricsOfTheWorst(t *testing.T) {
	canary := func(percent int) []ledger.Parameter {
		return cache(fmt.Sprintf(`{"from": "cache-v1.corp.internal", "to": "cache-v2.corp.internal", "percent": %d}`, percent), 1)
	}
	for _, percents := range [][2]int{{25, 50}, {50, 25}} {
		i := feedOnce(t, canary(percents[0]), canary(percents[1]))
		for n, up := range []int32{pushUp, pushDown} {
			f := i.plugins[n].feed
			f.pusher = watch.NewPusher(nil, nil, f)
			f.stats.push.up.Store(up)
		}
		for series, want := range map[string]string{`moved_ratio{alias="cache.corp.internal.",zone="corp.internal."}`: "0.25", "push_up": "0"} {
			if err := metric(series, want); err != nil {
				t.Errorf("%s: %v, want %s", series, err, want)
			}
		}
		running.remove(i)
	}
}

// Duty 12: the aliases that the brakes of several blocks hold add up.
func TestMetricsOfBrakes(t *testing.T) {
	const four = `{"aliases": {"N0": "v1.x.org", "N1": "v1.x.org", "N2": "v1.x.org", "N3": "v1.x.org"}}`
	perform(t, `
		blocks ssm /dns | ssm /more
		put /dns/all `+strings.ReplaceAll(four, "N", "a")+`
		put /more/all `+strings.ReplaceAll(four, "N", "b")+`
		start
		delete /dns/all
		delete /more/all
		wait 1m
		metric braked_aliases 8`)
}

func TestMetricsLint(t *testing.T) {
	feedOnce(t, cache("cache-v1.corp.internal", 7))
	problems, err := testutil.GatherAndLint(prometheus.DefaultGatherer)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "coredns_versionalias") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}

// Over HTTP, as Prometheus sees it: calls to Parameter Store are counted, and a
// reload does not count anything twice.
func TestMetricsEndpoint(t *testing.T) {
	api := store(t)
	addr := process.FreeAddr(t) // at port 0 the plugin listens once in a process
	s := startServer(t, fmt.Sprintf(`
		corp.internal:0 corp.example:0 {
			bind 127.0.0.1
			prometheus %s
			versionalias corp.internal {
				ssm /dns
				aws_region eu-west-1
				aws_endpoint %s
				refresh 24h
			}
			whoami
		}`, addr, api.URL), nil)
	for _, name := range []string{"cache.corp.internal.", "CACHE.corp.internal.", "cache.corp.example.", "other.corp.internal."} {
		s.ask(name, dns.TypeA)
	}
	text := get(t, "http://"+addr+"/metrics")
	for _, want := range []string{
		`coredns_versionalias_requests_total{alias="cache.corp.internal.",target="cache-v1.corp.internal.",zone="corp.internal."} 2`,
		`coredns_versionalias_parameter_version{alias="cache.corp.internal.",zone="corp.internal."} 3`,
		`coredns_versionalias_aliases{zone="corp.internal."} 1`,
		`coredns_versionalias_api_calls_total{operation="GetParametersByPath",outcome="ok"} 1`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("the metrics do not have %s:\n%s", want, text)
		}
	}
	if series := regexp.MustCompile(`(?m)^coredns_versionalias_requests_total`).FindAllString(text, -1); len(series) != 1 {
		t.Errorf("there are %d series of requests, want 1: only of an alias's name, as it is configured", len(series))
	}
}

// The formats of log and whoever else reads metadata.
func TestMetadata(t *testing.T) {
	v := above(nil, cacheAlias)
	for name, want := range map[string]string{
		"Cache.corp.internal.": "cache.corp.internal. cache-v1.corp.internal. 0",
		"db.corp.internal.":    "- - -",
	} {
		ctx := metadata.ContextWithMetadata(context.Background())
		ctx = v.Metadata(ctx, request.Request{Req: question(name, dns.TypeA), W: newWrites()})
		var got []string
		for _, label := range []string{"alias", "target", "version"} {
			value := "-"
			if f := metadata.ValueFunc(ctx, "versionalias/"+label); f != nil {
				value = f()
			}
			got = append(got, value)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s has the metadata %q, want %q", name, got, want)
		}
	}
}

func TestMetadataInLog(t *testing.T) {
	out := capture(t)
	s := startServer(t, `
		corp.internal:0 {
			bind 127.0.0.1
			root DIR
			metadata
			log . "{name} is {/versionalias/alias} at {/versionalias/target} of {/versionalias/version}"
			versionalias {
				directory aliases
			}
			file corp.zone
		}`, files{"corp.zone": corpZone, "aliases/cache": "cache-v1.corp.internal"})
	version := running.feeds()[0].ledger.Load().Table().Get("cache.corp.internal.").Source.Version
	s.ask("cache.corp.internal.", dns.TypeA)
	s.ask("cache-v1.corp.internal.", dns.TypeA)
	s.stop()
	for _, want := range []string{
		fmt.Sprintf("[INFO] cache.corp.internal. is cache.corp.internal. at cache-v1.corp.internal. of %d", version),
		"[INFO] cache-v1.corp.internal. is - at - of -",
	} {
		if got := out.lines(); !strings.Contains(got, want+"\n") && !strings.HasSuffix(got, want) {
			t.Errorf("the log has no %q:\n%s", want, got)
		}
	}
}

// Duty 11: CoreDNS's ready endpoint follows, though it asks the last block alone.
func TestReadyEndpoint(t *testing.T) {
	addr := process.FreeAddr(t)
	s := startServer(t, fmt.Sprintf(`
		corp.example:0 {
			bind 127.0.0.1
			root DIR
			ready %s
			versionalias {
				directory late
				refresh 1s
			}
			whoami
		}
		corp.internal:0 {
			bind 127.0.0.1
			root DIR
			ready %s
			versionalias {
				directory early
			}
			whoami
		}`, addr, addr), files{"early/cache": "cache-v1.corp.internal"})
	if got := get(t, "http://"+addr+"/ready"); got != "503 versionalias" {
		t.Errorf("one block without its source got %q, want 503 versionalias", got)
	}
	s.write("late/cache", "cache-v1.corp.internal")
	for deadline := time.Now().Add(program.Patience); ; {
		got := get(t, "http://"+addr+"/ready")
		if got == "200 OK" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("both with their sources got %q, want 200 OK", got)
		}
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d %s", resp.StatusCode, body)
}
