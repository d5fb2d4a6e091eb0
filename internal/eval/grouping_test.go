package eval

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/faultline/faultline/correlate"
)

func keyOf(id string) correlate.AlertKey {
	return correlate.AlertKey{Fingerprint: id, StartedAt: judgedAt.Add(-time.Hour)}
}

// scoreOf scores incidents, each a list of alerts "outage.number"; an alert
// whose outage is "-" is noise.
func scoreOf(incidents ...[]string) GroupingFigures {
	truth := map[correlate.AlertKey]string{}
	var rows []correlate.Incident
	var alerts []correlate.Alert
	for _, members := range incidents {
		row := correlate.Incident{Status: correlate.IncidentOpen}
		for i, outage := range members {
			key := keyOf(fmt.Sprintf("%s/%d/%d", outage, len(rows), i))
			row.Alerts = append(row.Alerts, key)
			alerts = append(alerts, correlate.Alert{Fingerprint: key.Fingerprint, StartedAt: key.StartedAt})
			if outage != "-" {
				truth[key] = outage
			}
		}
		rows = append(rows, row)
	}
	var s GroupingScore
	s.count(rows, truth, alerts)
	return s.Figures()
}

func TestPurityAndCompletenessOfKnownGroupings(t *testing.T) {
	for name, tt := range map[string]struct {
		got              GroupingFigures
		purity, complete float64
	}{
		"as it was":           {scoreOf([]string{"a", "a", "a"}, []string{"b", "b"}), 1, 1},
		"all in one":          {scoreOf([]string{"a", "a", "a", "b"}), 0.75, 1},
		"each alone":          {scoreOf([]string{"a"}, []string{"a"}, []string{"a"}, []string{"b"}), 1, 0.5},
		"noise caught":        {scoreOf([]string{"a", "a", "-"}), 2.0 / 3, 1},
		"noise alone":         {scoreOf([]string{"a", "a"}, []string{"-"}), 1, 1},
		"noise with noise":    {scoreOf([]string{"a"}, []string{"-", "-"}), 2.0 / 3, 1},
		"one outage in two":   {scoreOf([]string{"a", "a", "a"}, []string{"a"}), 1, 0.75},
		"two outages crossed": {scoreOf([]string{"a", "a", "b"}, []string{"b", "b", "a"}), 4.0 / 6, 4.0 / 6},
	} {
		if math.Abs(float64(tt.got.Purity)-tt.purity) > 1e-12 || math.Abs(float64(tt.got.Completeness)-tt.complete) > 1e-12 {
			t.Errorf("%s: purity %v, completeness %v; want %v, %v", name, tt.got.Purity, tt.got.Completeness, tt.purity, tt.complete)
		}
	}
}

func TestAlertsThatNoIncidentHoldsCountAgainstCompleteness(t *testing.T) {
	truth := map[correlate.AlertKey]string{keyOf("1"): "a", keyOf("2"): "a"}
	alerts := []correlate.Alert{
		{Fingerprint: "1", StartedAt: keyOf("1").StartedAt}, {Fingerprint: "2", StartedAt: keyOf("2").StartedAt},
	}
	var s GroupingScore
	s.count([]correlate.Incident{{Alerts: []correlate.AlertKey{keyOf("1")}}}, truth, alerts)
	if f := s.Figures(); f.Completeness != 0.5 {
		t.Errorf("figures %+v", f)
	}
}

func TestMergedIncidentsAreNotCountedTwice(t *testing.T) {
	truth := map[correlate.AlertKey]string{keyOf("1"): "a"}
	row := correlate.Incident{Status: correlate.IncidentOpen, Alerts: []correlate.AlertKey{keyOf("1")}}
	merged := row
	merged.Status = correlate.IncidentMerged
	var s GroupingScore
	s.count([]correlate.Incident{row, merged}, truth, []correlate.Alert{{Fingerprint: "1", StartedAt: keyOf("1").StartedAt}})
	if f := s.Figures(); f.Incidents != 1 || f.Purity != 1 || f.Completeness != 1 {
		t.Errorf("figures %+v", f)
	}
}

// An unrelated series that fires five times is one thing, not five.
func TestNoiseThatFlapsIsOneThing(t *testing.T) {
	row := correlate.Incident{Status: correlate.IncidentOpen}
	var alerts []correlate.Alert
	for i := range 5 {
		key := correlate.AlertKey{Fingerprint: "disk", StartedAt: judgedAt.Add(-time.Duration(i+1) * time.Minute)}
		row.Alerts = append(row.Alerts, key)
		alerts = append(alerts, correlate.Alert{Fingerprint: key.Fingerprint, StartedAt: key.StartedAt})
	}
	var s GroupingScore
	s.count([]correlate.Incident{row}, nil, alerts)
	if f := s.Figures(); f.Purity != 1 {
		t.Errorf("purity %v", f.Purity)
	}
}

func TestNothingGroupedIsUnknownAndNotPerfect(t *testing.T) {
	var s GroupingScore
	if f := s.Figures(); !math.IsNaN(float64(f.Purity)) || !math.IsNaN(float64(f.Completeness)) {
		t.Errorf("figures %+v", f)
	}
}
