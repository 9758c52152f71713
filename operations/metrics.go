package operations

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are what a station counts of acts, and what it asks the node when somebody asks it.
type metrics struct {
	registry             *prometheus.Registry
	acts, refusals       *prometheus.CounterVec
	group                prometheus.Histogram
	decide, append_, act prometheus.Histogram
}

// seconds are bounds for what takes from a tenth of a millisecond to half a minute.
var seconds = prometheus.ExponentialBucketsRange(0.0001, 30, 20)

func newMetrics(s *Station, program string) *metrics {
	counters := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	histogram := func(name, help string, buckets []float64) prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets})
	}
	m := &metrics{
		registry: prometheus.NewRegistry(),
		acts:     counters("kurultai_acts_total", "Acts answered, by kind and outcome: taken, again (taken before), refused, failed.", "act", "outcome"),
		refusals: counters("kurultai_refusals_total", "Acts refused, by code.", "code"),
		group:    histogram("kurultai_group_acts", "Acts that were decided and appended together.", prometheus.ExponentialBuckets(1, 2, 10)),
		decide:   histogram("kurultai_decide_seconds", "Time a group took to be decided.", seconds),
		append_:  histogram("kurultai_append_seconds", "Time a group took to be durable.", seconds),
		act:      histogram("kurultai_act_seconds", "Time from an act's arrival at the writer to its answer.", seconds),
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{Name: "kurultai_info", Help: "Always 1; which program this is.", ConstLabels: prometheus.Labels{"program": program}})
	info.Set(1)
	m.registry.MustRegister(info, m.acts, m.refusals, m.group, m.decide, m.append_, m.act, asked{s}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) heard(r Round) {
	if n := len(r.Acts); n > 0 {
		m.group.Observe(float64(n))
	}
	m.decide.Observe(r.Decided.Sub(r.Began).Seconds())
	if r.Entries > 0 {
		m.append_.Observe(r.Appended.Sub(r.Decided).Seconds())
	}
	for _, a := range r.Acts {
		m.acts.WithLabelValues(a.Name, a.Outcome).Inc()
		if a.Code != "" {
			m.refusals.WithLabelValues(a.Code).Inc()
		}
		m.act.Observe(r.Settled.Sub(a.Came).Seconds())
	}
}

// asked are the metrics that are asked for when somebody reads them.
type asked struct{ s *Station }

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

var (
	entries     = desc("kurultai_entries", "Entries that readers see.")
	headEntries = desc("kurultai_head_entries", "Entries that the engine holds, or that the source of a copy has.")
	foldAge     = desc("kurultai_fold_age_seconds", "For how long readers have not seen the newest entry; 0: they see it.")
	lastEntry   = desc("kurultai_last_entry_timestamp_seconds", "Recorded time of the last entry.")
	readers     = desc("kurultai_readers", "Readers of live pages.")
	classes     = desc("kurultai_reader_classes", "Classes of readers that get the same bytes.")
	renderings  = desc("kurultai_renderings_total", "Times a class of pages was rendered.")
	frames      = desc("kurultai_frames_total", "Frames sent to readers.")
	frameBytes  = desc("kurultai_frame_bytes_total", "Bytes sent to readers.")
	evicted     = desc("kurultai_evicted_readers_total", "Readers let go because they took nothing.")
	sessions    = desc("kurultai_sessions", "Browsers in which somebody is signed in.")
	diskFree    = desc("kurultai_disk_free_bytes", "Room left on the record's disk.")
	diskSize    = desc("kurultai_disk_size_bytes", "Room on the record's disk.")
	diskAlarm   = desc("kurultai_disk_alarm", "1 while the disk is 90 % full or fuller.")
	unwitnessed = desc("kurultai_unwitnessed_entries", "Entries that wait for the cosignatures the record asks for.")
	waiting     = desc("kurultai_witness_wait_seconds", "For how long the first of them has waited.")
	notReady    = desc("kurultai_not_ready", "1 while the node takes no acts, or a copy is to have no readers, by cause.", "cause")
	up          = desc("kurultai_live", "1 while the node can go on without a restart.")

	silence      = desc("kurultai_writer_silence_seconds", "Of a copy: for how long nothing has been heard of the record's writer.")
	verified     = desc("kurultai_verified_entries", "Of a copy: entries proven here and, where the node follows, decided again.")
	cosigned     = desc("kurultai_cosigned_entries", "Of a node that follows: entries it has cosigned.")
	lots         = desc("kurultai_lots_total", "Of a copy: lots of entries or checkpoints that came and were kept.")
	refused      = desc("kurultai_source_refusals_total", "Of a copy: what came and was refused.")
	disagreement = desc("kurultai_disagreement", "Of a copy: 1 once it and the record part.")
)

// Describe implements prometheus.Collector.
func (a asked) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{entries, headEntries, foldAge, lastEntry, readers, classes, renderings, frames, frameBytes, evicted, sessions, diskFree, diskSize, diskAlarm, unwitnessed, waiting, notReady, up, silence, verified, cosigned, lots, refused, disagreement} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (a asked) Collect(to chan<- prometheus.Metric) {
	a.s.mu.Lock()
	n, is := a.s.node, a.s.noticed
	a.s.mu.Unlock()
	now := time.Now()
	put := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	count := func(d *prometheus.Desc, v int64) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v))
	}
	age := func(since time.Time) float64 {
		if since.IsZero() {
			return 0
		}
		return now.Sub(since).Seconds()
	}
	flag := func(b bool) float64 {
		if b {
			return 1
		}
		return 0
	}
	var have int64
	var last time.Time
	if n.Shown != nil {
		have, last = n.Shown()
	}
	put(entries, float64(have))
	put(headEntries, float64(max(have, is.head)))
	put(foldAge, age(is.behind))
	if !last.IsZero() {
		put(lastEntry, float64(last.UnixMilli())/1000)
	}
	var l Live
	if n.Live != nil {
		l = n.Live()
	}
	put(readers, float64(l.Readers))
	put(classes, float64(l.Classes))
	count(renderings, l.Renderings)
	count(frames, l.Frames)
	count(frameBytes, l.Bytes)
	count(evicted, l.Evicted)
	in := 0
	if n.Sessions != nil {
		in = n.Sessions()
	}
	put(sessions, float64(in))
	put(diskFree, float64(is.free))
	put(diskSize, float64(is.size))
	put(diskAlarm, flag(is.alarm))
	var wait int64
	if n.Witnessed != nil {
		if got, asked := n.Witnessed(); asked {
			wait = max(0, have-got)
		}
	}
	put(unwitnessed, float64(wait))
	put(waiting, age(is.unwitnessed))
	why := a.s.NotReady()
	for cause := range causes {
		so := false
		for _, c := range why {
			so = so || c == cause
		}
		put(notReady, flag(so), cause)
	}
	put(up, flag(is.stopped == nil))
	if n.Source == nil {
		return
	}
	of := n.Source()
	put(silence, of.Silence.Seconds())
	put(verified, float64(of.Verified))
	if of.Cosigned >= 0 {
		put(cosigned, float64(of.Cosigned))
	}
	count(lots, of.Lots)
	count(refused, of.Refusals)
	put(disagreement, flag(of.Parted))
}

// Metrics answers GET /metrics, and /healthz and /readyz beside it.
func (s *Station) Metrics() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4}))
	return s.With(mux)
}
