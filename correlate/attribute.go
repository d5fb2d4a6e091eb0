package correlate

import (
	"slices"
	"strings"
	"time"
)

// Input is all that one attribution may look at. Nothing observable after AsOf
// is used: Attribute cuts it away itself, so a caller need not.
type Input struct {
	Incident Incident
	// Alerts are the alerts of the incident, in any order.
	Alerts []Alert
	AsOf   time.Time
	// Graph may be nil: the topology is then unknown.
	Graph *Graph
	// Changes may be nil: there is then nothing to suspect.
	Changes *ChangeIndex
	// Lookup fetches whole changes that the index has released. It is asked
	// once, for at most Limits.Shortlist keys; nil means that there are none.
	Lookup func(keys []Key) []Change
	// Metrics are series around the incident, in any order; see [Series].
	Metrics []Series
	// History is what people judged of earlier incidents; see [History.Before].
	History []PastCause
	// Gaps are known holes in the feeds, as sentences for the reader.
	Gaps []string
}

// Engine compares the hypotheses "change c did it", for every candidate c, and
// "no recorded change did it". The same input gives the same finding, byte for
// byte, in whatever order alerts, changes and series come. It is safe for use
// from many goroutines.
type Engine struct {
	weights Weights
	delays  delayTables
	off     map[EvidenceKind]bool
	bench   bench
}

// NewEngine returns an engine with the weights. The kinds of evidence named in
// without are left out, for ablation and for data that lacks them. The words of
// signs and affinities are read as the alerts' are: plurals and case aside.
func NewEngine(w Weights, without ...EvidenceKind) *Engine {
	w.Outside, w.Text.Affinities = slices.Clone(w.Outside), slices.Clone(w.Text.Affinities)
	for i := range w.Outside {
		w.Outside[i].Words = words(strings.Join(w.Outside[i].Words, " "))
	}
	for i := range w.Text.Affinities {
		w.Text.Affinities[i].Words = words(strings.Join(w.Text.Affinities[i].Words, " "))
	}
	e := &Engine{weights: w, delays: newDelayTables(&w.Timing), off: map[EvidenceKind]bool{}}
	for _, kind := range without {
		e.off[kind] = true
	}
	return e
}

// Attribute ranks the recorded changes as causes of the incident's alerts
// against each other and against "no recorded change did it". The finding has
// version 1; whoever stores findings numbers them.
func (e *Engine) Attribute(in Input) Finding {
	s := e.newScene(&in)
	defer s.leave()
	r := e.rank(s)
	finding := Finding{
		Incident: in.Incident.ID, Version: 1, AsOf: in.AsOf.UTC(),
		NoChangeProbability: round(r.noChange, 6),
		Suspects:            e.suspects(s, r.shortlist),
	}
	finding.Missing = e.missing(s, finding.Suspects)
	finding.Verdict = e.verdict(&finding)
	var changed []string
	if len(finding.Suspects) > 0 {
		changed = finding.Suspects[0].Change.Services
	}
	blast := s.work.blast.radius(in.Graph, changed, s.alerts, e.weights.Limits.BlastNodes, e.weights.Limits.BlastVisits)
	finding.BlastRadius = &blast
	return finding
}

// verdict names the strength of the finding; see [VerdictWeights].
func (e *Engine) verdict(f *Finding) Verdict {
	if len(f.Suspects) == 0 || f.NoChangeProbability > f.Suspects[0].Probability {
		return VerdictNoChange
	}
	switch p := f.Suspects[0].Probability; {
	case p >= e.weights.Verdict.Probable:
		return VerdictProbable
	case p >= e.weights.Verdict.Possible:
		return VerdictPossible
	default:
		return VerdictWeak
	}
}

// scene is the prepared input: what is visible at the moment of judgement,
// symptoms instead of alerts, and how each service could explain them.
type scene struct {
	in       *Input
	asOf     int64
	alerts   []Alert
	symptoms []symptom
	// crowd counts alerting services beyond Limits.Symptoms.
	crowd   int
	origins origins
	usual   background
	skew    clockSkew
	outside outside
	signals signalMix
	metrics metricView
	reach   reachView
	// said and texts hold the words of the alerts; see wordsOf.
	said  [][]string
	texts map[string][]string
	// work is the memory that the attribution works in until it leaves.
	work *scratch
	from *bench
}

// leave gives back the memory that the attribution worked in. Nothing may look
// at the scene's origins or candidates from then on.
func (s *scene) leave() {
	s.work.origins = s.origins.list
	s.from.put(s.work)
}

func (e *Engine) newScene(in *Input) *scene {
	s := &scene{in: in, asOf: in.AsOf.UnixMilli(), work: e.bench.take(), from: &e.bench}
	s.alerts = visibleAlerts(in.Alerts, in.AsOf)
	e.setSymptoms(s)
	s.skew = e.skewOf(s.alerts)
	s.outside = e.outsideSigns(s)
	s.signals = e.signalsOf(s)
	s.usual = e.background(s)
	s.origins = e.explain(s)
	if !e.off[EvidenceMetrics] && len(in.Metrics) > 0 {
		s.metrics = e.viewMetrics(in)
		s.reach = e.viewReach(s)
	}
	return s
}
