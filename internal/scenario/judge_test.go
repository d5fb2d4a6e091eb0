package scenario

import (
	"testing"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
)

// judge groups the scenario's alerts and asks the engine about the incident of
// the story, as the runner does.
func judge(t *testing.T, s *Scenario, asOf time.Time) correlate.Finding {
	t.Helper()
	var changes []event.Change
	var alerts []event.Alert
	var graph *correlate.Graph
	for _, e := range s.Events {
		meta := event.Meta{ArrivedAt: e.SentAt}
		switch e.Kind {
		case event.KindChange:
			got, _ := event.DecodeChanges(e.Value, meta)
			changes = append(changes, got...)
		case event.KindAlert:
			got, _ := event.DecodeAlerts(e.Value, meta)
			alerts = append(alerts, got...)
		case event.KindTopology:
			got, _ := event.DecodeTopologies(e.Value, meta)
			graph = correlate.NewGraph(got[0].Topology)
		}
	}
	folded := event.FoldAlerts(alerts)
	for _, incident := range correlate.GroupAlerts(correlate.DefaultGroupConfig(), graph, folded, asOf) {
		if incident.StartedAt.Equal(s.StartedAt) {
			return correlate.NewEngine(correlate.DefaultWeights()).Attribute(correlate.Input{
				Incident: incident, Alerts: members(folded, &incident), AsOf: asOf, Graph: graph,
				Changes: correlate.NewChangeIndex(event.FoldChanges(changes)...),
			})
		}
	}
	t.Fatalf("no incident starts at %v", s.StartedAt)
	return correlate.Finding{}
}

func members(alerts []correlate.Alert, incident *correlate.Incident) []correlate.Alert {
	keys := map[correlate.AlertKey]bool{}
	for _, k := range incident.Alerts {
		keys[k] = true
	}
	var out []correlate.Alert
	for _, a := range alerts {
		if keys[a.Key()] {
			out = append(out, a)
		}
	}
	return out
}
