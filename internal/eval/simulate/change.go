package simulate

import (
	"fmt"
	"slices"
	"time"

	"github.com/faultline/faultline/correlate"
)

// routineKinds is the mix of what a company changes from day to day. Shares of
// deploys, flags and configuration follow what large companies report of their
// change feeds; the small ones are ours.
var routineKinds = []share[correlate.ChangeKind]{
	{correlate.KindDeploy, 0.45},
	{correlate.KindConfig, 0.20},
	{correlate.KindFeatureFlag, 0.12},
	{correlate.KindInfrastructure, 0.06},
	{correlate.KindScaling, 0.05},
	{correlate.KindSchemaMigration, 0.02},
	{correlate.KindRollback, 0.02},
	{correlate.KindDependency, 0.02},
	{correlate.KindData, 0.015},
	{correlate.KindAccess, 0.01},
	{correlate.KindCertificate, 0.01},
	{correlate.KindModel, 0.01},
	{correlate.KindPrompt, 0.01},
	{correlate.KindGuardrail, 0.005},
}

// guiltyKinds are the kinds of 84 public outages that a change caused.
var guiltyKinds = []share[correlate.ChangeKind]{
	{correlate.KindConfig, 29},
	{correlate.KindInfrastructure, 23},
	{correlate.KindDeploy, 17},
	{correlate.KindSchemaMigration, 4},
	{correlate.KindDependency, 3},
	{correlate.KindFeatureFlag, 2},
	{correlate.KindScaling, 2},
	{correlate.KindPrompt, 2},
	{correlate.KindModel, 2},
}

// typicalSeconds is the median time that a change of each kind takes.
var typicalSeconds = map[correlate.ChangeKind]float64{
	correlate.KindDeploy: 540, correlate.KindRollback: 300, correlate.KindConfig: 60,
	correlate.KindFeatureFlag: 3, correlate.KindInfrastructure: 700, correlate.KindScaling: 120,
	correlate.KindSchemaMigration: 400, correlate.KindModel: 900, correlate.KindPrompt: 20,
	correlate.KindGuardrail: 20, correlate.KindAccess: 5, correlate.KindCertificate: 30,
	correlate.KindDependency: 600, correlate.KindData: 900,
}

// madeChange is a change with what the simulator knows of it beyond the record.
type madeChange struct {
	correlate.Change
	service int
	part    string
}

// change makes one change to a service, starting at a moment. Routine and
// guilty changes alike come from here: whatever is drawn in here tells nothing.
func (w *world) change(d draw, kind correlate.ChangeKind, svc int, start time.Time) madeChange {
	s := &w.services[svc]
	part := pick(d, parts)
	m := madeChange{service: svc, part: part, Change: correlate.Change{
		ID:          fmt.Sprintf("chg-%012x", d.Uint64()>>16),
		Source:      pick(d, sources[kind]),
		Kind:        kind,
		Title:       title(d, kind, s, part),
		Services:    w.changedServices(d, kind, svc),
		Environment: correlate.DefaultEnvironment,
		StartedAt:   start.Truncate(time.Millisecond),
	}}
	if d.chance(0.05) {
		m.Environment = "staging"
	}
	if d.chance(0.25) {
		m.Regions = slices.Sorted(slices.Values(some(d, w.regions, 1+d.IntN(2))))
	}
	w.roll(d, &m)
	describe(d, &m, s)
	return m
}

// changedServices names the service, sometimes one or two that it calls too.
// Very few changes name none and touch all of production.
func (w *world) changedServices(d draw, kind correlate.ChangeKind, svc int) []string {
	if kind == correlate.KindInfrastructure && d.chance(0.004) {
		return nil
	}
	names := []string{w.services[svc].name}
	if calls := w.callees[svc]; len(calls) > 0 && d.chance(0.08) {
		for _, c := range some(d, calls, 1+d.IntN(2)) {
			names = append(names, w.services[c.to].name)
		}
	}
	d.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	return names
}

// roll gives the change its course: duration, steps, end and status.
func (w *world) roll(d draw, m *madeChange) {
	took := seconds(d.logNormal(typicalSeconds[m.Kind], 0.7))
	staged := m.Kind == correlate.KindDeploy || m.Kind == correlate.KindConfig || m.Kind == correlate.KindInfrastructure
	if staged && d.chance(0.35) {
		took = seconds(d.logNormal(2400, 0.8))
		m.Rollout = w.steps(d, m, took)
	}
	end := m.StartedAt.Add(took).Truncate(time.Millisecond)
	m.Status = weighted(d, endStates)
	if !d.chance(0.03) {
		m.FinishedAt = &end
	}
}

// endStates are how routine changes end.
var endStates = []share[correlate.ChangeStatus]{
	{correlate.StatusSucceeded, 0.94},
	{correlate.StatusFailed, 0.03},
	{correlate.StatusCancelled, 0.01},
	{correlate.StatusRolledBack, 0.02},
}

// steps spreads a rollout over regions, over named instances or by percent.
func (w *world) steps(d draw, m *madeChange, took time.Duration) []correlate.RolloutStep {
	at := func(part float64) time.Time {
		return m.StartedAt.Add(time.Duration(part * float64(took))).Truncate(time.Millisecond)
	}
	var steps []correlate.RolloutStep
	switch d.IntN(3) {
	case 0:
		regions := m.Regions
		if len(regions) == 0 {
			regions = some(d, w.regions, len(w.regions))
		}
		for i, region := range regions {
			steps = append(steps, correlate.RolloutStep{At: at(float64(i) / float64(len(regions))), Percent: 100, Region: region})
		}
	case 1:
		names := w.instances(m.service)
		for i, name := range names {
			steps = append(steps, correlate.RolloutStep{
				At: at(float64(i) / float64(len(names))), Percent: 100 * float64(i+1) / float64(len(names)),
				Instances: []string{name},
			})
		}
	default:
		for i, percent := range []float64{1, 10, 50, 100} {
			steps = append(steps, correlate.RolloutStep{At: at(float64(i) / 4), Percent: percent})
		}
	}
	return steps
}

// instances names the instances of a service, at most eight of them.
func (w *world) instances(svc int) []string {
	names := make([]string, min(8, w.services[svc].instances))
	for i := range names {
		names[i] = fmt.Sprintf("%s-%d", w.services[svc].name, i)
	}
	return names
}

// describe adds who made the change, what it carries and what the sender says
// of AI. None of it depends on anything but chance and the kind.
func describe(d draw, m *madeChange, s *service) {
	m.Actor = &correlate.Actor{
		ID: fmt.Sprintf("%s-%d", s.team, d.IntN(9)),
		Type: weighted(d, []share[correlate.ActorType]{
			{correlate.ActorHuman, 0.5}, {correlate.ActorAutomation, 0.44}, {correlate.ActorAIAgent, 0.06},
		}),
	}
	if d.chance(0.25) {
		m.AI = &correlate.AIDeclaration{Assistance: weighted(d, []share[correlate.AIAssistance]{
			{correlate.AssistanceNone, 0.5}, {correlate.AssistanceAssisted, 0.35}, {correlate.AssistanceAuthored, 0.15},
		})}
	}
	if m.Kind == correlate.KindDeploy || m.Kind == correlate.KindRollback {
		m.Version = version(d)
		m.PreviousVersion = version(d)
	}
	if m.Kind != correlate.KindDeploy || !d.chance(0.3) {
		return
	}
	name := dashed(m.part)
	m.Commits = []correlate.Commit{{
		SHA:       fmt.Sprintf("%016x%016x", d.Uint64(), d.Uint64()),
		Message:   fmt.Sprintf("%s: %s", s.subject, m.part),
		Additions: int(d.logNormal(30, 1.4)), Deletions: int(d.logNormal(10, 1.4)),
		Files: []string{fmt.Sprintf("%s/%s.go", s.subject, name), fmt.Sprintf("%s/%s_test.go", s.subject, name)},
	}}
}

func version(d draw) string { return fmt.Sprintf("v%d.%d.%d", 1+d.IntN(9), d.IntN(60), d.IntN(20)) }
