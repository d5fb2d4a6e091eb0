package correlate

import (
	"cmp"
	"slices"
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
	Graph   *Graph
	Changes *ChangeIndex
	// Lookup fetches full changes that the index no longer holds. It is asked
	// once, for at most Limits.Shortlist keys; nil means that there are none.
	Lookup  func(keys []Key) []Change
	Metrics []Series
	// Gaps are known holes in the feeds, as sentences for the reader.
	Gaps []string
}

// Engine compares the hypotheses. It has no state: the same input gives the
// same finding, byte for byte, in whatever order alerts, changes and series
// come. It is safe for use from many goroutines.
type Engine struct {
	weights Weights
	delays  delayTables
	off     termSet
}

// termSet marks kinds of evidence that an engine leaves out.
type termSet map[EvidenceKind]bool

// NewEngine returns an engine with the weights. The kinds of evidence named in
// without are left out, for ablation and for data that lacks them.
func NewEngine(w Weights, without ...EvidenceKind) *Engine {
	off := termSet{}
	for _, kind := range without {
		off[kind] = true
	}
	return &Engine{weights: w, delays: newDelayTables(&w.Timing), off: off}
}

// Attribute ranks the recorded changes as causes of the incident's alerts
// against each other and against "no recorded change did it".
func (e *Engine) Attribute(in Input) Finding {
	s := e.newScene(&in)
	hypotheses := e.rank(s)
	finding := Finding{
		Incident: in.Incident.ID, Version: 1, AsOf: in.AsOf.UTC(),
		NoChangeProbability: hypotheses.noChange,
		Suspects:            e.suspects(s, hypotheses.candidates),
		Missing:             e.missing(s),
	}
	finding.Verdict = e.verdict(&finding)
	var changed []string
	if len(finding.Suspects) > 0 {
		changed = finding.Suspects[0].Change.Services
	}
	blast := blastRadius(in.Graph, changed, s.alerts, e.weights.Limits.BlastNodes)
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
	origins  origins
	rate     float64
	kinds    [kindCodes]float64
	skew     float64
}

func (e *Engine) newScene(in *Input) *scene {
	s := &scene{in: in, asOf: in.AsOf.UnixMilli()}
	s.alerts = visibleAlerts(in.Alerts, in.AsOf)
	s.symptoms = e.symptoms(s)
	s.skew = e.skewOf(s.alerts)
	s.rate, s.kinds = e.background(s)
	s.origins = e.explain(s)
	return s
}

// visibleAlerts returns the alerts as they stood at the moment: those that
// start later are gone, and later resolutions have not happened. Doubles of one
// episode are one. The order is by start and then by identity.
func visibleAlerts(alerts []Alert, at time.Time) []Alert {
	visible := make([]Alert, 0, len(alerts))
	for _, a := range alerts {
		if a.StartedAt.After(at) || a.Service == "" {
			continue
		}
		if a.ResolvedAt != nil && a.ResolvedAt.After(at) {
			a.ResolvedAt = nil
			a.Status = AlertFiring
		}
		if a.Fingerprint == "" {
			a.Fingerprint = a.DefaultFingerprint()
		}
		visible = append(visible, a)
	}
	slices.SortStableFunc(visible, compareAlerts)
	return slices.CompactFunc(visible, func(a, b Alert) bool { return a.Key() == b.Key() })
}

func compareAlerts(a, b Alert) int {
	return cmp.Or(
		a.StartedAt.Compare(b.StartedAt), cmp.Compare(a.Fingerprint, b.Fingerprint),
		cmp.Compare(a.Service, b.Service), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID),
	)
}

// visibleChange returns the change as it stood at the moment: later rollout
// steps and a later end have not happened, and what follows from them is
// unknown.
func visibleChange(c Change, at time.Time) Change {
	if c.FinishedAt != nil && c.FinishedAt.After(at) {
		c.FinishedAt = nil
		if c.Status.Terminal() {
			c.Status = StatusInProgress
		}
	}
	if slices.ContainsFunc(c.Rollout, func(r RolloutStep) bool { return r.At.After(at) }) {
		kept := make([]RolloutStep, 0, len(c.Rollout))
		for _, step := range c.Rollout {
			if !step.At.After(at) {
				kept = append(kept, step)
			}
		}
		c.Rollout = kept
	}
	return c
}
