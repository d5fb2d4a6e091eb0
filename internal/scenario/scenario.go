// Package scenario holds the recorded outages that the demo replays: fictional
// companies with their call graphs, a day of routine changes, alert noise, one
// outage, and the responders' own changes around it. They are told by code, the
// same on every run, with times counted back from the moment of the replay.
package scenario

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
)

// Event is one message of a recording: when its sender sent it, what it is,
// the key of its Kafka message and its contract JSON.
type Event struct {
	SentAt time.Time
	Kind   event.Kind
	Key    string
	Value  []byte
}

// Scenario is one recorded outage.
type Scenario struct {
	Name string
	// Title is one line, Story what happened, in a few sentences.
	Title, Story string
	// Events are in the order in which they were sent.
	Events []Event
	// Guilty is the change that did it. Only who scores the finding may look.
	Guilty correlate.Key
	// Service is the first to alert; its incident is the one to look at.
	Service string
	// StartedAt is the first symptom, EndedAt the last recovery.
	StartedAt, EndedAt time.Time
}

// teller tells one scenario with an outage whose first symptom is at onset.
type teller struct {
	title, story string
	// lasts is how long before the end of the recording the outage begins.
	lasts time.Duration
	tell  func(t *tape, onset time.Time)
}

func tellers() map[string]teller {
	return map[string]teller{
		"retail-outage":        retailOutage(),
		"agent-infrastructure": agentInfrastructure(),
		"assistant-guardrail":  assistantGuardrail(),
	}
}

// Names lists the scenarios.
func Names() []string {
	return []string{"retail-outage", "agent-infrastructure", "assistant-guardrail"}
}

// Load tells a scenario so that its recording ends at the given moment. An
// unknown name is an error that lists the known ones.
func Load(name string, end time.Time) (Scenario, error) {
	teller, ok := tellers()[name]
	if !ok {
		return Scenario{}, fmt.Errorf("no scenario is called %q; choose one of %s", name, strings.Join(Names(), ", "))
	}
	onset := end.UTC().Truncate(time.Second).Add(-teller.lasts)
	t := &tape{scenario: Scenario{Name: name, Title: teller.title, Story: teller.story, StartedAt: onset}}
	teller.tell(t, onset)
	if t.err != nil {
		return Scenario{}, fmt.Errorf("scenario %s: %w", name, t.err)
	}
	slices.SortStableFunc(t.scenario.Events, func(a, b Event) int { return a.SentAt.Compare(b.SentAt) })
	return t.scenario, nil
}

// tape records what the systems of a company send.
type tape struct {
	scenario Scenario
	err      error
}

// record appends one event, sent at a moment.
func (t *tape) record(at time.Time, kind event.Kind, key string, value any) {
	data, err := json.Marshal(value)
	if err != nil {
		t.err = cmp.Or(t.err, err)
		return
	}
	t.scenario.Events = append(t.scenario.Events, Event{SentAt: at, Kind: kind, Key: key, Value: data})
}

func (t *tape) topology(at time.Time, topology correlate.Topology) {
	topology.ObservedAt = at
	t.record(at, event.KindTopology, topology.Source, topology)
}

// change records a change as its sender tells it: once when it starts and,
// unless it is over at once, once when it ends.
func (t *tape) change(c correlate.Change) {
	key := strings.Join(c.Services, ",")
	if c.FinishedAt == nil || !c.FinishedAt.After(c.StartedAt) {
		t.record(c.StartedAt, event.KindChange, key, c)
		return
	}
	running := c
	running.FinishedAt, running.Rollout = nil, nil
	running.Status = correlate.StatusInProgress
	t.record(c.StartedAt, event.KindChange, key, running)
	t.record(*c.FinishedAt, event.KindChange, key, c)
}

// undone records that a finished change was rolled back.
func (t *tape) undone(c correlate.Change, at time.Time) {
	c.Status = correlate.StatusRolledBack
	c.ObservedAt = &at
	t.record(at, event.KindChange, strings.Join(c.Services, ","), c)
}

// alert records an alert that fires and, unless resolved is zero, resolves.
func (t *tape) alert(a correlate.Alert, resolved time.Time) {
	a.Status = correlate.AlertFiring
	t.record(a.StartedAt, event.KindAlert, a.Service, a)
	if resolved.IsZero() {
		return
	}
	a.Status, a.ResolvedAt = correlate.AlertResolved, &resolved
	t.record(resolved, event.KindAlert, a.Service, a)
	if resolved.After(t.scenario.EndedAt) && !a.StartedAt.Before(t.scenario.StartedAt) {
		t.scenario.EndedAt = resolved
	}
}
