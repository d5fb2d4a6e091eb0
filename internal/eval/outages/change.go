package outages

import (
	"fmt"
	"strings"
	"time"

	"github.com/faultline/faultline/correlate"
)

// routineKinds is the mix of routine changes, measured on another set of outages
// in a synthetic company. The last five do not occur there; here they do, so
// that no kind is guilty by itself.
var routineKinds = []share[correlate.ChangeKind]{
	{correlate.KindDeploy, 0.525},
	{correlate.KindConfig, 0.195},
	{correlate.KindFeatureFlag, 0.115},
	{correlate.KindInfrastructure, 0.055},
	{correlate.KindScaling, 0.03},
	{correlate.KindSchemaMigration, 0.02},
	{correlate.KindModel, 0.01},
	{correlate.KindPrompt, 0.01},
	{correlate.KindDependency, 0.01},
	{correlate.KindAccess, 0.01},
	{correlate.KindData, 0.01},
	{correlate.KindRollback, 0.005},
	{correlate.KindOther, 0.005},
}

// Duration of a change, measured likewise: median and spread of its logarithm.
const (
	usualTook  = 440 * time.Second
	tookSpread = 1.0
)

// Shares of routine changes that name a region, list steps, or were made by an
// agent: about those of the guilty ones, so that having them tells nothing.
const (
	regionShare = 0.1
	stepsShare  = 0.03
	agentShare  = 0.04
	peopleShare = 0.5
)

var regions = []string{
	"us-east", "us-west", "us-central", "us-south", "europe", "europe-south", "asia-east", "china-north",
}

// workshop makes changes of one company: routine and guilty ones alike.
type workshop struct {
	draw
	// parts are what changes touch: those of all published outages.
	parts []string
}

// verbs begin titles, by kind.
var verbs = map[correlate.ChangeKind]string{
	correlate.KindDeploy: "Release", correlate.KindRollback: "Roll back", correlate.KindConfig: "Set",
	correlate.KindFeatureFlag: "Switch", correlate.KindInfrastructure: "Maintain", correlate.KindScaling: "Scale",
	correlate.KindSchemaMigration: "Migrate", correlate.KindModel: "Update model:", correlate.KindPrompt: "Edit prompt:",
	correlate.KindDependency: "Upgrade", correlate.KindAccess: "Grant", correlate.KindData: "Load",
	correlate.KindOther: "Work on",
}

// make makes a change; whatever is drawn in here tells nothing.
func (w *workshop) make(service string, kind correlate.ChangeKind, part string, start time.Time) correlate.Change {
	start = start.Truncate(time.Millisecond)
	end := start.Add(w.around(usualTook, tookSpread)).Truncate(time.Millisecond)
	c := correlate.Change{
		ID:          fmt.Sprintf("chg-%010x", w.Uint64()>>24),
		Source:      "delivery",
		Kind:        kind,
		Title:       fmt.Sprintf("%s %s of %s", verbs[kind], part, service),
		Services:    []string{service},
		Environment: correlate.DefaultEnvironment,
		StartedAt:   start,
		FinishedAt:  &end,
		Status:      correlate.StatusSucceeded,
		Actor:       &correlate.Actor{ID: fmt.Sprintf("crew-%d", w.IntN(40)), Type: w.actor()},
	}
	return c
}

func (w *workshop) actor() correlate.ActorType {
	switch {
	case w.chance(agentShare):
		return correlate.ActorAIAgent
	case w.chance(peopleShare):
		return correlate.ActorHuman
	default:
		return correlate.ActorAutomation
	}
}

// routine makes a change that is not guilty.
func (w *workshop) routine(service string, start time.Time) correlate.Change {
	c := w.make(service, weighted(w.draw, routineKinds), pick(w.draw, w.parts), start)
	if w.chance(regionShare) {
		c.Regions = []string{pick(w.draw, regions)}
	}
	if w.chance(stepsShare) {
		w.roll(&c)
	}
	return c
}

// roll spreads a change over three steps.
func (w *workshop) roll(c *correlate.Change) {
	at := c.StartedAt
	for _, percent := range []float64{5, 25, 100} {
		c.Rollout = append(c.Rollout, correlate.RolloutStep{At: at, Percent: percent})
		at = at.Add(w.around(time.Hour, 1)).Truncate(time.Millisecond)
	}
	end := c.Rollout[2].At
	c.FinishedAt = &end
}

// guilty makes the change of an outage that began at the moment: onset is the
// published minute of its first alert.
func (w *workshop) guilty(of *Change, onset, start time.Time) correlate.Change {
	c := w.make(of.Service, of.Kind, of.Part, start)
	if of.Region != "" {
		c.Regions = []string{of.Region}
	}
	if of.Actor != "" {
		c.Actor.Type = of.Actor
	}
	for i, step := range of.Steps {
		at := onset.Add(-minutes(step.BeforeMinutes))
		if i == 0 || at.Before(c.StartedAt) {
			at = c.StartedAt
		}
		end := at
		c.Rollout = append(c.Rollout, correlate.RolloutStep{At: at, Percent: step.Percent})
		c.FinishedAt = &end
	}
	return c
}

// partsOf are what the changes of the outages touched, each once, and as much
// that no outage names.
func partsOf(list []Outage) []string {
	parts := strings.Split("retry limit,time limit,connection pool,page size,log level,cache size,health check,message "+
		"format,default locale,button colour,mail template,search ranking,image size,sampling rate,thread count,batch size", ",")
	seen := map[string]bool{}
	for i := range list {
		for j := range list[i].Changes {
			if part := list[i].Changes[j].Part; !seen[part] {
				seen[part] = true
				parts = append(parts, part)
			}
		}
	}
	return parts
}
