package eval

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/faultline/faultline/correlate"
)

// NameEngine is how reports call the engine.
const NameEngine = "faultline"

// Rankers returns the engine with the given weights and all baselines, in the
// order of the contract. Like the baselines, which list every change, the engine
// lists more suspects than a finding shows.
func Rankers(w correlate.Weights) []Ranker {
	w.Limits.Suspects = w.Limits.Shortlist
	return append([]Ranker{NewEngineRanker(NameEngine, w)}, baselines()...)
}

// EngineRanker asks the attribution engine.
type EngineRanker struct {
	name    string
	engine  *correlate.Engine
	untimed *correlate.Engine
}

// NewEngineRanker returns a ranker with the engine's weights; name tells
// several sets of weights apart. Evidence named in without is left out of the
// engine, which is another thing than withholding it from the data.
func NewEngineRanker(name string, w correlate.Weights, without ...correlate.EvidenceKind) *EngineRanker {
	return &EngineRanker{
		name:    name,
		engine:  correlate.NewEngine(w, without...),
		untimed: correlate.NewEngine(w, append(slices.Clone(without), correlate.EvidenceTiming)...),
	}
}

// Name implements Ranker.
func (r *EngineRanker) Name() string { return r.name }

// Rank implements Ranker.
func (r *EngineRanker) Rank(v View) Answer { return r.Index(v)() }

// Index builds the call graph and the index of changes.
func (r *EngineRanker) Index(v View) func() Answer {
	engine, input := r.engineFor(v.Withheld), inputOf(&v)
	return func() Answer {
		f := engine.Attribute(input)
		return Answer{Suspects: asSuspects(f.Suspects), NoChange: f.NoChangeProbability}
	}
}

// Finding is the engine's whole answer about the view of a case.
func (r *EngineRanker) Finding(v View) correlate.Finding {
	return r.engineFor(v.Withheld).Attribute(inputOf(&v))
}

// engineFor picks the engine that knows whether times mean anything.
func (r *EngineRanker) engineFor(withheld Parts) *correlate.Engine {
	if withheld.Time {
		return r.untimed
	}
	return r.engine
}

// AttributeNamed ranks the changes of the case of that name of a file, or of stdin
// for StdinName; an empty name takes the only case. Where several would do, none
// is taken. The finding's incident carries the name of the case.
func AttributeNamed(ctx context.Context, file, name string, stdin io.Reader, w correlate.Weights) (correlate.Finding, error) {
	var found *Case
	err := EachCase(ctx, []string{file}, stdin, func(c Case) error {
		switch {
		case name != "" && c.Name != name:
			return nil
		case found == nil:
			found = &c
			return nil
		case name != "":
			return fmt.Errorf("%s holds several cases called %q; give each a name of its own", titleOf(file), name)
		default:
			return fmt.Errorf("%s holds several cases, the first are %q and %q; choose one with --name", titleOf(file), found.Name, c.Name)
		}
	})
	switch {
	case err != nil:
		return correlate.Finding{}, err
	case found != nil:
		return AttributeCase(found, w), nil
	case name != "":
		return correlate.Finding{}, fmt.Errorf("%s holds no case called %q; look at the names in the file", titleOf(file), name)
	default:
		return correlate.Finding{}, fmt.Errorf("%s holds no case; write one case as one line of JSON", titleOf(file))
	}
}

// AttributeCase ranks the changes of one case at its moment of judgement.
func AttributeCase(c *Case, w correlate.Weights) correlate.Finding {
	finding := NewEngineRanker(NameEngine, w).Finding(c.View(Parts{}))
	finding.Incident = c.Name
	return finding
}

// inputOf is the view in the engine's terms. All alerts of a case are one
// incident.
func inputOf(v *View) correlate.Input {
	return correlate.Input{
		Incident: incidentOf(v),
		Alerts:   v.Alerts,
		AsOf:     v.At,
		Graph:    correlate.NewGraph(v.Topology),
		Changes:  correlate.NewChangeIndex(v.Changes...),
		Metrics:  v.Metrics,
	}
}

func incidentOf(v *View) correlate.Incident {
	in := correlate.Incident{ID: "case", Status: correlate.IncidentOpen, UpdatedAt: v.At}
	alerts := slices.Clone(v.Alerts)
	slices.SortStableFunc(alerts, func(a, b correlate.Alert) int { return a.StartedAt.Compare(b.StartedAt) })
	for i := range alerts {
		a := &alerts[i]
		if i == 0 {
			in.StartedAt, in.Environment = a.StartedAt, a.Environment
		}
		in.Alerts = append(in.Alerts, a.Key())
		if a.Severity.Rank() > in.Severity.Rank() || in.Severity == "" {
			in.Severity = a.Severity
		}
		in.Services = append(in.Services, a.Service)
	}
	slices.Sort(in.Services)
	in.Services = slices.Compact(in.Services)
	return in
}
