package simulate

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/eval"
)

// observer is the ideal observer: it knows the company and everything about how
// cases are made, except which changes were blamed and which services failed. Its
// posterior is what can be had from a case; a ranker that knows less can only
// come near. What a simulator does and reality does not, it does not use: hours
// of the day, the exact spacing of steps, that nobody rolls back in vain where no
// change is to blame. Series are withheld from it.
type observer struct {
	w      *world
	byName map[string]int
	// after[k] is the density per second of an alert so long after the impact on a
	// service that is k calls away.
	after  [len4][]float64
	delays map[string]*idealDelay
	// passed is the sum of the shares that a service's callers let pass.
	passed  []float64
	front   map[int]bool
	stories map[string]*scatters
}

// len4 is the number of distances at which a service can fail.
const len4 = 4

// afterSeconds is how long after the impact alerts are looked for.
const afterSeconds = 2400

func newObserver(o Options) *observer {
	w := newWorld(o)
	ob := &observer{w: w, byName: map[string]int{}, front: map[int]bool{}, passed: make([]float64, len(w.services))}
	for i := range w.services {
		ob.byName[w.services[i].name] = i
		for _, c := range w.callers[i] {
			ob.passed[i] += passShare[c.kind]
		}
	}
	for _, i := range w.front {
		ob.front[i] = true
	}
	ob.after[0] = make([]float64, afterSeconds)
	for t := range ob.after[0] {
		ob.after[0][t] = math.Exp(-(float64(t)+0.5)/90) / 90
	}
	for k := 1; k < len4; k++ {
		ob.after[k] = make([]float64, afterSeconds)
		state, decay := 0.0, math.Exp(-1.0/40)
		for t := range ob.after[k] {
			state = state*decay + ob.after[k-1][t]*(1-decay)
			ob.after[k][t] = state
		}
	}
	ob.delays = idealDelays()
	return ob
}

// density of an alert so many seconds after the impact, k calls away.
func (ob *observer) density(k int, seconds float64) float64 {
	if seconds < 0 {
		return 0
	}
	return ob.after[k][min(int(seconds), afterSeconds-1)]
}

// idealDelay is a density per second of delays up to the first alert, drawn
// often and counted on a logarithmic scale.
type idealDelay struct {
	counts []float64
	total  float64
}

const (
	delayBins  = 10 // per factor of e
	delayDraws = 60_000
)

func delayBin(seconds float64) int { return int(math.Log(max(seconds, 1)) * delayBins) }

func drawDelay(draw func() time.Duration) *idealDelay {
	d := &idealDelay{counts: make([]float64, 20*delayBins)}
	for range delayDraws {
		d.counts[min(delayBin(draw().Seconds()), len(d.counts)-1)]++
		d.total++
	}
	return d
}

// at is the density per second.
func (d *idealDelay) at(seconds float64) float64 {
	if seconds < 0 {
		return 0
	}
	bin := min(delayBin(seconds), len(d.counts)-1)
	sum, n := 0.0, 0.0
	for i := max(bin-1, 0); i <= min(bin+1, len(d.counts)-1); i++ {
		sum += d.counts[i]
		n++
	}
	low, high := math.Exp(float64(max(bin-1, 0))/delayBins), math.Exp((float64(bin)+n-math.Min(n-1, 1))/delayBins)
	if bin == 0 {
		low = 0
	}
	return (sum + 1e-3) / d.total / (high - low)
}

// idealDelays are the delays from the start of a guilty change to the first
// alert, by how the patterns draw them.
func idealDelays() map[string]*idealDelay {
	d := newDraw(99, 99)
	soon := func() time.Duration { return impactDelay(d, pick(d, []cause{atOnce, spreading})) + alarmLag(d) }
	usual := func() time.Duration {
		why := weighted(d, delayMixture)
		if why == triggered {
			why = dormant
		}
		return impactDelay(d, why) + alarmLag(d)
	}
	return map[string]*idealDelay{
		"usual":   drawDelay(usual),
		"soon":    drawDelay(soon),
		"at once": drawDelay(func() time.Duration { return impactDelay(d, atOnce) + alarmLag(d) }),
		"commit":  drawDelay(func() time.Duration { return soon() + seconds(60*d.between(9, 30)) }),
		"noticed": drawDelay(func() time.Duration { return alarmLag(d) + seconds(d.logBetween(2*3600, 14*24*3600)) }),
		"beside":  drawDelay(func() time.Duration { return alarmLag(d) + seconds(d.between(30, 1800)) }),
	}
}

// The stories that decide what alerts measure.
const (
	storyChange = iota
	storyAvailability
	storyTraffic
	storySaturation
	storyLatency
	stories
)

// signalShare is the share of a story's alerts with the signal.
func signalShare(story int, how route, s correlate.Signal, safety bool) float64 {
	only := map[int]correlate.Signal{
		storyAvailability: correlate.SignalAvailability, storyTraffic: correlate.SignalTraffic,
		storySaturation: correlate.SignalSaturation, storyLatency: correlate.SignalLatency,
	}
	if story == storyChange && safety {
		only[storyChange] = correlate.SignalAISafety
	}
	if want, ok := only[story]; ok {
		if s == want {
			return 1
		}
		return 1e-6
	}
	if how == routeCallee {
		return map[correlate.Signal]float64{correlate.SignalSaturation: 0.5, correlate.SignalTraffic: 0.5}[s] + 1e-6
	}
	return map[correlate.Signal]float64{correlate.SignalErrors: 0.5, correlate.SignalLatency: 0.3, correlate.SignalAvailability: 0.2}[s] + 1e-6
}

// idealSeverity is how often an alert of an outage has the severity, and how many
// unrelated ones come with a case.
func idealSeverity(s correlate.Severity) (outage, noise float64) {
	switch s {
	case correlate.SeverityCritical:
		return 0.6, usualNoise * 0.02
	case correlate.SeverityHigh:
		return 0.3, usualNoise * 0.08
	case correlate.SeverityWarning:
		return 0.1, usualNoise*0.7 + 0.25*5.5
	default:
		return 0, 1
	}
}

// clue is an alerting service by the gravest of its alerts.
type clue struct {
	service int
	start   float64 // seconds before judgement, negative
	alert   *correlate.Alert
	// gain[story][route] is how much likelier the alert is in an outage than by
	// chance, without its time, in seconds.
	gain [stories][3]float64
	// typical is the gain with a usual time, for proposals.
	typical float64
}

// sight is one case as the observer sees it.
type sight struct {
	*observer
	draw
	view   *eval.View
	clues  []clue
	clueOf map[int]int
	safety bool
	onsets []idealOnset
	links  map[int][]idealLink
	quiets map[quietKey]float64
	hinted map[int]bool
}

// idealOnset is one choice of the outage's first alert.
type idealOnset struct {
	clue  int
	start float64
	prior float64 // density per second of judgement so long after
}

const mostOnsets = 10

func (ob *observer) look(v *eval.View) *sight {
	s := &sight{
		observer: ob, draw: newDraw(7, uint64(v.At.UnixNano())), view: v, clueOf: map[int]int{},
		links: map[int][]idealLink{}, quiets: map[quietKey]float64{}, hinted: map[int]bool{},
	}
	for i := range v.Alerts {
		s.notice(&v.Alerts[i])
	}
	span := 3600.0 + 420 + 900
	near := float64(min(len(ob.w.services), 800))
	for i := range s.clues {
		c := &s.clues[i]
		s.safety = s.safety || c.alert.Signal == correlate.SignalAISafety
		outage, noise := idealSeverity(c.alert.Severity)
		noise *= 0.5/near + 0.5/float64(len(ob.w.services))
		noise *= map[correlate.Signal]float64{
			correlate.SignalErrors: 4.0 / 11, correlate.SignalLatency: 3.0 / 11, correlate.SignalSaturation: 3.0 / 11, correlate.SignalAvailability: 1.0 / 11,
		}[c.alert.Signal] + 1e-3
		for story := range stories {
			for how := range 3 {
				c.gain[story][how] = outage * signalShare(story, route(how), c.alert.Signal, c.alert.Signal == correlate.SignalAISafety) / noise * span
			}
		}
		c.typical = max(c.gain[storyChange][routeCaller], c.gain[storyChange][routeCallee]) / 200
	}
	s.chooseOnsets()
	return s
}

// notice keeps the gravest and then earliest alert of a service.
func (s *sight) notice(a *correlate.Alert) {
	svc, known := s.byName[a.Service]
	if !known || a.Severity.Rank() < correlate.SeverityWarning.Rank() {
		return
	}
	one := clue{service: svc, alert: a, start: a.StartedAt.Sub(s.view.At).Seconds()}
	at, known := s.clueOf[svc]
	if !known {
		s.clueOf[svc] = len(s.clues)
		s.clues = append(s.clues, one)
		return
	}
	old := s.clues[at].alert
	if a.Severity.Rank() > old.Severity.Rank() || a.Severity == old.Severity && a.StartedAt.Before(old.StartedAt) {
		s.clues[at] = one
	}
}

// chooseOnsets lists what may have been the first alert of the outage: the
// earliest, but warnings long before the first grave alert last, which are most
// likely chance. Of a storm's many alerts only few can be it.
func (s *sight) chooseOnsets() {
	order, grave := make([]int, len(s.clues)), math.Inf(1)
	for i := range s.clues {
		order[i] = i
		if s.clues[i].alert.Severity.Rank() >= correlate.SeverityHigh.Rank() {
			grave = min(grave, s.clues[i].start)
		}
	}
	stray := func(i int) int { return boolean(s.clues[i].start < grave-600 && !math.IsInf(grave, 1)) }
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(stray(a), stray(b)), cmp.Compare(s.clues[a].start, s.clues[b].start))
	})
	for _, i := range order {
		waited := -s.clues[i].start
		if waited < 59 || waited > 1801 || len(s.onsets) >= mostOnsets {
			continue
		}
		z := math.Log(waited/60/7) / 0.7
		s.onsets = append(s.onsets, idealOnset{clue: i, start: s.clues[i].start, prior: math.Exp(-z*z/2) / (waited * 0.7 * math.Sqrt(2*math.Pi))})
	}
}
