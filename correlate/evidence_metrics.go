package correlate

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"
)

// measure is what a series tells: whether calls fail, are slow, come at all, or
// resources run out.
type measure uint8

const (
	measureOther measure = iota
	measureErrors
	measureLatency
	measureSaturation
	measureTraffic
)

// metricScale holds the statistics of one measure on its working scale: errors
// and saturation as shares, latency and traffic as natural logarithms.
type metricScale struct {
	// floor is the least standard deviation between instances that is
	// believed, effect the standard deviation of the effect of a fault.
	floor, effect float64
	logarithmic   bool
}

// metricScales are indexed by measure.
var metricScales = [...]metricScale{
	measureOther:      {},
	measureErrors:     {floor: 0.01, effect: 0.2},
	measureLatency:    {floor: 0.1, effect: 0.8, logarithmic: true},
	measureSaturation: {floor: 0.05, effect: 0.3},
	measureTraffic:    {floor: 0.15, effect: 1, logarithmic: true},
}

// metricView is the visible part of the metrics, by service.
type metricView struct {
	series   []viewed
	services map[string][]int
	// callers lists the outbound series by the service they call.
	callers map[string][]int
	// earliest and latest bound the samples.
	earliest, latest time.Time
	// pools are indexed by measure.
	pools [len(metricScales)][]spread
}

// viewed is one series that can be read.
type viewed struct {
	*Series
	points   []Point
	measure  measure
	inverted bool
	inbound  bool
	outbound bool
	// instance and version are those of the series without what notations add;
	// the label pod, where there is one, goes before the instance.
	instance instanceName
	version  string
	// peer is the other side's service, peerInstance its instance where the
	// series tell those apart.
	peer         string
	peerInstance instanceName
	unit         string
	// summed says that the series is the sum of latencies, not yet their mean.
	summed bool
	scale  float64
	// least is what a logarithm is taken of where the mean is smaller.
	least float64
}

// viewMetrics sorts the series by what they tell. The order does not depend on
// the order of the input.
func (e *Engine) viewMetrics(in *Input) metricView {
	v := metricView{services: map[string][]int{}, callers: map[string][]int{}}
	for i := range in.Metrics {
		s := &in.Metrics[i]
		if x := e.viewSeries(s, in.AsOf); x.measure != measureOther && len(x.points) > 0 && s.Service != "" {
			v.series = append(v.series, x)
		}
	}
	v.resolvePeers(in.Graph)
	v.meanLatencies()
	slices.SortStableFunc(v.series, compareSeries)
	for i := range v.series {
		x := &v.series[i]
		v.services[x.Service] = append(v.services[x.Service], i)
		if x.outbound && x.peer != "" {
			v.callers[x.peer] = append(v.callers[x.peer], i)
		}
		if first := x.points[0].At; v.earliest.IsZero() || first.Before(v.earliest) {
			v.earliest = first
		}
		if last := x.points[len(x.points)-1].At; last.After(v.latest) {
			v.latest = last
		}
	}
	v.setScales()
	v.pools = v.pool()
	return v
}

// viewSeries reads what one series is about.
func (e *Engine) viewSeries(s *Series, asOf time.Time) viewed {
	x := viewed{Series: s, points: numbers(visiblePoints(s.Points, asOf)), peer: s.Labels["peer"], unit: s.Unit, scale: 1}
	x.inbound, x.outbound = s.Labels["direction"] == "inbound", s.Labels["direction"] == "outbound"
	x.instance, x.version = readInstance(cmp.Or(s.Labels["pod"], s.Instance)), plainVersion(s.Version)
	x.measure, x.inverted = measureOf(s)
	if counts(s, x.points) {
		x.summed = x.measure == measureLatency
		x.points, x.unit = rates(x.points), "per_second"
	}
	return x
}

// greatest is the largest sample that is read, far above anything that is
// measured and far below where sums of squares overflow.
const greatest = 1e18

// numbers leaves out samples that are no number, as where nothing was divided by
// nothing, and those without sense. One of them would spoil every sum that it is
// part of, and a finding that is no number cannot be stored.
func numbers(points []Point) []Point {
	odd := func(p Point) bool { return !(math.Abs(p.Value) <= greatest) }
	if !slices.ContainsFunc(points, odd) {
		return points
	}
	return slices.DeleteFunc(slices.Clone(points), odd)
}

// resolvePeers turns peers that are named by instance, as in "pay-7f9c-x2", or by
// address, as in "pay.shop.svc:8080", into their services.
func (v *metricView) resolvePeers(g *Graph) {
	owner, known := map[string]string{}, map[string]bool{}
	for i := range v.series {
		x := &v.series[i]
		known[x.Service] = true
		if other, ok := owner[x.instance.host]; ok && other != x.Service {
			owner[x.instance.host] = "" // Several services share the host.
		} else if !x.instance.none() {
			owner[x.instance.host] = x.Service
		}
	}
	is := func(name string) bool { return name != "" && (known[name] || g.Has(name)) }
	for i := range v.series {
		x := &v.series[i]
		if x.peer == "" || is(x.peer) {
			continue
		}
		host, _ := cutInstance(x.peer)
		pod := readInstance(x.peer)
		switch service := owner[pod.host]; {
		case is(host):
			x.peer = host
		case service != "":
			x.peer, x.peerInstance = service, pod
		case is(serviceLabel(host)):
			x.peer = serviceLabel(host)
		default:
			x.resolvePod(host, pod, is)
		}
	}
}

// resolvePod finds the service of a peer whose name begins with that of a known
// one, as names of pods do.
func (x *viewed) resolvePod(host string, pod instanceName, is func(service string) bool) {
	for cut := strings.LastIndexByte(host, '-'); cut > 0; cut = strings.LastIndexByte(host[:cut], '-') {
		if is(host[:cut]) {
			x.peer, x.peerInstance = host[:cut], pod
			return
		}
	}
}

func compareSeries(a, b viewed) int {
	return cmp.Or(
		cmp.Compare(a.Service, b.Service), cmp.Compare(a.Instance, b.Instance), cmp.Compare(a.Version, b.Version),
		cmp.Compare(a.Signal, b.Signal), cmp.Compare(a.Unit, b.Unit), cmp.Compare(a.peer, b.peer),
		cmp.Compare(a.Labels["direction"], b.Labels["direction"]), a.points[0].At.Compare(b.points[0].At),
		cmp.Compare(a.points[0].Value, b.points[0].Value),
	)
}

// measureOf reads a series' signal and unit. Availability is errors inverted.
func measureOf(s *Series) (m measure, inverted bool) {
	signal := strings.ToLower(s.Signal)
	has := func(parts ...string) bool {
		return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(signal, part) })
	}
	switch {
	case strings.HasSuffix(signal, "_bucket"):
		return measureOther, false // Means nothing without the other buckets.
	case has("duration", "latency") && strings.HasSuffix(signal, "_count"):
		return measureTraffic, false
	case has("error", "fail", "5xx", "exception"):
		return measureErrors, false
	case has("availab", "success"):
		return measureErrors, true
	case has("latency", "duration", "response_time", "rt") || s.Unit == "ms":
		return measureLatency, false
	case has("cpu", "mem", "satur", "util", "disk", "queue"):
		return measureSaturation, false
	case has("traffic", "request", "rps", "qps", "rate", "throughput", "call", "workload"):
		return measureTraffic, false
	default:
		return measureOther, false
	}
}

// usualLeast is the least mean, in ms or per second, that a logarithm is taken of;
// series that are smaller by themselves, such as latencies in seconds, have a tenth
// of their own mean.
const usualLeast = 0.05

// setScales brings units to the working scale: percent to shares, and errors
// per second to shares of the traffic on the same edge.
func (v *metricView) setScales() {
	for i := range v.series {
		x := &v.series[i]
		x.least = math.Max(math.Min(usualLeast, meanOf(x.points)/10), 1e-9)
		if x.unit == "percent" {
			x.scale = 0.01
		}
		if x.unit != "per_second" || x.measure != measureErrors {
			continue
		}
		x.scale = 1 / math.Max(v.trafficOf(x), 1e-3)
	}
}

// trafficOf is the mean traffic of the edge and instance that a series of
// errors per second belongs to, or its own peak where there is none.
func (v *metricView) trafficOf(x *viewed) float64 {
	peak := 0.0
	for _, p := range x.points {
		peak = math.Max(peak, p.Value)
	}
	for _, j := range v.services[x.Service] {
		y := &v.series[j]
		if y.measure == measureTraffic && y.instance == x.instance && y.version == x.version && y.peer == x.peer && y.inbound == x.inbound {
			return math.Max(meanOf(y.points), peak)
		}
	}
	return peak
}

// meanOf is the mean of some points.
func meanOf(points []Point) float64 {
	sum := 0.0
	for _, p := range points {
		sum += p.Value
	}
	return sum / math.Max(float64(len(points)), 1)
}

// sample is the mean of a series over a window on the working scale. n is the
// number of points; variance is that of the mean.
type sample struct {
	n              int
	mean, variance float64
}

// over averages the points from the first moment up to before the second.
// Samples of neighbouring moments are alike; half of them count.
func (x *viewed) over(from, until time.Time) sample {
	scale := metricScales[x.measure]
	var values []float64
	for _, p := range within(x.points, from, until) {
		value := p.Value * x.scale
		if x.inverted {
			value = 1 - value
		}
		values = append(values, value)
	}
	if len(values) == 0 {
		return sample{}
	}
	mean, square := 0.0, 0.0
	for _, value := range values {
		mean += value / float64(len(values))
	}
	for _, value := range values {
		square += (value - mean) * (value - mean)
	}
	s := sample{n: len(values), mean: mean}
	s.variance = square / math.Max(float64(len(values)-1), 1) / math.Max(float64(len(values))/2, 1)
	if scale.logarithmic {
		floor := x.least
		s.variance /= math.Max(mean*mean, floor*floor)
		s.mean = math.Log(math.Max(mean, floor))
	}
	return s
}

// contrast is an estimated effect with its variance and degrees of freedom.
type contrast struct {
	effect, variance, df float64
	measure              measure
}

// logBayes is the log Bayes factor for an effect of the measure's usual size
// against none, after Wakefield (2009), with Student's t in place of the normal
// distribution so that few instances prove little.
func (c contrast) logBayes() float64 {
	prior := metricScales[c.measure].effect
	w := prior * prior
	shrink := w / (c.variance + w)
	z2 := math.Max(c.effect, 0)
	z2 = z2 * z2 / c.variance
	df := math.Max(c.df, 2)
	t := (df + 1) / 2 * (math.Log1p(z2/df) - math.Log1p(z2*(1-shrink)/df))
	return 0.5*math.Log(1-shrink) + t
}

// windows are the times before the change took effect and after the trouble
// began.
type windows struct {
	before, change, after, end time.Time
}

// settle is how long before the first alert its cause is taken to act already.
const settle = 3 * time.Minute

// lookBack is how far before a change the metrics are read.
const lookBack = time.Hour

func (e *Engine) windowsOf(s *scene, c *candidate) windows {
	effect := c.detail.change.StartedAt
	if len(c.detail.change.Rollout) > 0 && c.detail.change.Rollout[0].At.After(effect) {
		effect = c.detail.change.Rollout[0].At
	}
	onset := time.UnixMilli(s.symptoms[c.onset].start)
	after := onset.Add(-settle)
	if after.Before(effect) {
		after = effect
	}
	return windows{before: effect.Add(-lookBack), change: effect, after: after, end: s.in.AsOf.Add(time.Millisecond)}
}

// metricsTerm compares changed with unchanged instances, calls to the changed
// service with calls to others, and who falls silent.
func (e *Engine) metricsTerm(s *scene, c *candidate) (term, bool) {
	v := &s.metrics
	if len(v.series) == 0 {
		return term{}, false
	}
	w := e.windowsOf(s, c)
	instances := e.instanceFinding(v, c, w)
	parts := []finding{instances, e.callerFinding(s, c, w), e.silenceFinding(s, c, w, instances.logOdds > 0), e.reachFinding(s, c)}
	if parts[0].text == "" && parts[1].text == "" {
		parts = append(parts, e.serviceFinding(s, c, w))
	}
	log := 0.0
	var texts []string
	for _, p := range parts {
		if p.text != "" {
			log += p.logOdds
			texts = append(texts, p.text)
		}
	}
	if len(texts) == 0 {
		return term{}, false
	}
	log = min(max(log, -e.weights.Metrics.MaxLogOdds), e.weights.Metrics.MaxLogOdds)
	return term{kind: EvidenceMetrics, logOdds: log, say: func() (string, []string) {
		return strings.Join(texts, " "), []string{"service:" + strings.Join(c.detail.change.Services, ",")}
	}}, true
}

// finding is one reading of the metrics.
type finding struct {
	logOdds float64
	text    string
}
