package versionalias

import (
	"time"

	"github.com/coredns/coredns/plugin"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/octoenergy/versionalias/plugin/alias"
	"github.com/octoenergy/versionalias/plugin/ledger"
)

func init() { prometheus.MustRegister(collector{}) }

var (
	requestsDesc = counterDesc("requests_total", "Counter of the queries for an alias, by the target they were led to.", "zone", "alias", "target")
	aliasesDesc  = gaugeDesc("aliases", "The number of aliases in force.", "zone")
	rejectedDesc = gaugeDesc("rejected_aliases", "The number of aliases whose newest document is rejected.", "zone", "reason")
	flipsDesc    = counterDesc("flips_total", "Counter of the changes of an alias's target.", "zone")
	versionDesc  = gaugeDesc("parameter_version", "The version of the parameter in force for an alias.", "zone", "alias")
	movedDesc    = gaugeDesc("moved_ratio", "The fraction of an alias's clients that are led to its target, and no longer to where it moves from.", "zone", "alias")
	sweptDesc    = gaugeDesc("last_sweep_timestamp_seconds", "The Unix time of the last complete sweep, 0 before the first.")
	tookDesc     = gaugeDesc("sweep_duration_seconds", "How long the last complete sweep took.")
	brakedDesc   = gaugeDesc("braked_aliases", "The number of aliases that stay in force only because too many would go at once.")
	believedDesc = counterDesc("older_versions_believed_total", "Counter of the older versions of parameters that came to be believed.")
	pendingDesc  = gaugeDesc("pending", "Whether an alias's newest document waits to be verified.", "zone", "alias")
	failingDesc  = gaugeDesc("unverified", "Whether a target that is in force does not verify.", "zone", "alias", "target")
	drainDesc    = gaugeDesc("drain_deadline_timestamp_seconds", "The Unix time at which the last cache has let go of a target that an alias has left.", "zone", "alias", "target")
	retiredDesc  = counterDesc("retired_queries_total", "Counter of the queries for a target that aliases have left, since the last cache has let go of it.", "zone", "target")
	upDesc       = gaugeDesc("push_up", "Whether the last poll of the queue of change events worked, and what it brought could be deleted.")
	hintsDesc    = counterDesc("push_hints_total", "Counter of the change events that came, by operation.", "operation")
	missedDesc   = counterDesc("push_missed_total", "Counter of the changes that a sweep found and push had not, for lack of an event or of a read that worked.")
	latencyDesc  = desc(prometheus.UntypedValue, "push_latency_seconds", "How long after the time of their event changes came into force.", nil)
	blocksDesc   = gaugeDesc("server_blocks", "The number of server blocks, by where what they have in force was read last, or none as long as not all was loaded.", "source")
	callsDesc    = counterDesc("api_calls_total", "Counter of the calls to Parameter Store and SQS.", "operation", "outcome")
)

// kinds is all metrics, and whether each is a counter or a gauge. Of a histogram that is not asked.
var kinds = map[*prometheus.Desc]prometheus.ValueType{}

func counterDesc(name, help string, labels ...string) *prometheus.Desc {
	return desc(prometheus.CounterValue, name, help, labels)
}

func gaugeDesc(name, help string, labels ...string) *prometheus.Desc {
	return desc(prometheus.GaugeValue, name, help, labels)
}

func desc(kind prometheus.ValueType, name, help string, labels []string) *prometheus.Desc {
	d := prometheus.NewDesc(prometheus.BuildFQName(plugin.Namespace, pluginName, name), help, labels, nil)
	kinds[d] = kind
	return d
}

// collector reports what the running plugins count. Server blocks that share a
// zone, by views or ports, share its series: their counters add up, and so do the aliases
// that brakes hold; of their other gauges the worst is shown.
type collector struct{}

// Describe implements prometheus.Collector.
func (collector) Describe(ch chan<- *prometheus.Desc) {
	for d := range kinds {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (collector) Collect(ch chan<- prometheus.Metric) {
	s, counted := scrape{}, map[any]bool{}
	for _, f := range running.feeds() {
		s.feed(f, counted)
	}
	collectLatency(ch)
	for k, value := range s {
		labels := []string{k.first, k.second, k.third}
		ch <- prometheus.MustNewConstMetric(k.desc, kinds[k.desc], value, labels[:k.labels]...)
	}
}

// collectLatency reports the latency of push, if anybody has it.
func collectLatency(ch chan<- prometheus.Metric) {
	buckets := map[float64]uint64{}
	var count uint64
	var sum time.Duration
	pushed := false
	for _, f := range running.feeds() {
		if f.pusher == nil {
			continue
		}
		pushed = true
		h := &f.stats.push.latency
		n := uint64(0)
		for i := range h.counts {
			n += h.counts[i].Load()
			if i < len(latencies) {
				buckets[latencies[i]] += n
			}
		}
		count += n
		sum += time.Duration(h.sum.Load())
	}
	if pushed {
		ch <- prometheus.MustNewConstHistogram(latencyDesc, count, sum.Seconds(), buckets)
	}
}

// scrape is the series of one scrape.
type scrape map[series]float64

// counter is what a series is counted by, of several zones maybe.
type counter struct {
	series  series
	retired *alias.Retired
}

type series struct {
	desc                 *prometheus.Desc
	labels               int
	first, second, third string
}

// feed adds what f has. Blocks that took over from one share what counts their
// queries: counted is what was added already.
func (s scrape) feed(f *feed, counted map[any]bool) {
	now, l := time.Now(), f.ledger.Load()
	drains := l.Drains(now)
	left := s.aliases(f, l, drains, now, counted)
	s.drains(l, drains, left, counted)
	s.held(f, l)
	for _, zone := range f.zones {
		s.sum(flipsDesc, float64(f.stats.flips[zone].Load()), string(zone))
	}
	s.least(sweptDesc, float64(f.stats.swept.Load())/float64(time.Second))
	s.most(tookDesc, time.Duration(f.stats.took.Load()).Seconds())
	s.sum(brakedDesc, float64(l.Braked()))
	s.sum(believedDesc, float64(f.stats.believed.Load()))
	for o := range origins {
		n := 0.0
		if o == origin(f.stats.origin.Load()) {
			n = 1
		}
		s.sum(blocksDesc, n, o.String())
	}
	if f.pusher != nil {
		s.push(&f.stats.push)
	}
	if f.store != nil {
		for call, n := range f.store.Calls() {
			s.sum(callsDesc, float64(n), call.Operation, call.Outcome)
		}
	}
}

// aliases adds what is in force. It returns which targets of drains all aliases have left,
// and none leads to later on.
func (s scrape) aliases(f *feed, l *ledger.Ledger, drains []ledger.Drain, now time.Time, counted map[any]bool) (left map[alias.Name]bool) {
	left = map[alias.Name]bool{}
	for _, d := range drains {
		left[d.Target] = true
	}
	aliases := map[alias.Name]int{}
	for e := range l.Table().All() {
		zone := string(e.Zone)
		aliases[e.Zone]++
		s.least(versionDesc, float64(e.Source.Version), zone, string(e.Name))
		if e.Move != nil {
			s.least(movedDesc, e.Move.Moved(now), zone, string(e.Name))
		}
		for _, target := range e.Targets() {
			if leads, _ := e.LeadsUntil(target, now); leads {
				delete(left, target)
			}
			if l.Failing(target, e.Check) != nil {
				s.most(failingDesc, 1, zone, string(e.Name), string(target))
			}
		}
		for _, t := range e.Tallies {
			if n := t.Count(); n > 0 && !counted[t] {
				counted[t] = true
				s.sum(requestsDesc, float64(n), zone, string(e.Name), string(t.Target))
			}
		}
	}
	for _, zone := range f.zones {
		s.least(aliasesDesc, float64(aliases[zone]), string(zone))
	}
	return left
}

// drains adds the targets that clients may know still, and who asks for those in left.
func (s scrape) drains(l *ledger.Ledger, drains []ledger.Drain, left map[alias.Name]bool, counted map[any]bool) {
	retired := scrape{} // once, however many aliases have left it
	for _, d := range drains {
		zone, target := string(d.Zone), string(d.Target)
		s.most(drainDesc, float64(d.Deadline().UnixNano())/float64(time.Second), zone, string(d.Alias), target)
		if r := retiredIn(l.Table(), d.Target); r != nil && left[d.Target] {
			k := key(retiredDesc, []string{zone, target})
			if by := (counter{k, r}); !counted[by] {
				counted[by] = true
				retired[k] = float64(r.Queries())
			}
		}
	}
	for k, n := range retired {
		s[k] += n
	}
}

// held adds the documents that are not in force.
func (s scrape) held(f *feed, l *ledger.Ledger) {
	for _, w := range l.Waiting() {
		s.most(pendingDesc, 1, string(w.Zone), string(w.Name))
	}
	type fault struct {
		zone   alias.Name
		reason ledger.Reason
	}
	rejected := map[fault]int{}
	for _, r := range l.Rejections() {
		for zone, n := range r.Zones {
			rejected[fault{zone, r.Reason}] += n
		}
	}
	for _, zone := range f.zones {
		for _, reason := range ledger.Reasons {
			s.most(rejectedDesc, float64(rejected[fault{zone, reason}]), string(zone), string(reason))
		}
	}
}

func (s scrape) push(p *pushStats) {
	if up := p.up.Load(); up != pushUnknown {
		s.least(upDesc, float64(up-pushDown))
	}
	s.sum(missedDesc, float64(p.missed.Load()))
	for kind, name := range hintNames {
		s.sum(hintsDesc, float64(p.hints[kind].Load()), name)
	}
}

func (s scrape) sum(d *prometheus.Desc, value float64, labels ...string) {
	s[key(d, labels)] += value
}

func (s scrape) least(d *prometheus.Desc, value float64, labels ...string) {
	k := key(d, labels)
	if old, ok := s[k]; !ok || value < old {
		s[k] = value
	}
}

func (s scrape) most(d *prometheus.Desc, value float64, labels ...string) {
	k := key(d, labels)
	s[k] = max(s[k], value)
}

func key(d *prometheus.Desc, labels []string) series {
	k := series{desc: d, labels: len(labels)}
	for i, field := range []*string{&k.first, &k.second, &k.third}[:len(labels)] {
		*field = labels[i]
	}
	return k
}
