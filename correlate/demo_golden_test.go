package correlate_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/eval"
	"github.com/faultline/faultline/internal/scenario"
)

// recorded turns a recording into a case: what had been sent by the moment, and
// of the alerts those that group with the first one of the outage.
func recorded(t *testing.T, s *scenario.Scenario, at time.Time) eval.Case {
	t.Helper()
	c := eval.Case{Name: s.Name, Record: eval.Record{At: at}}
	changes, alerts := map[correlate.Key]correlate.Change{}, map[correlate.AlertKey]correlate.Alert{}
	for _, e := range s.Events {
		var err error
		switch e.Kind {
		case "change":
			var change correlate.Change
			if err = json.Unmarshal(e.Value, &change); !change.StartedAt.After(at) {
				changes[change.Key()] = change
			}
		case "alert":
			var alert correlate.Alert
			err = json.Unmarshal(e.Value, &alert)
			alert.Fingerprint = alert.DefaultFingerprint()
			if later := alert.ResolvedAt != nil && alert.ResolvedAt.After(at); !later && !alert.StartedAt.After(at) {
				alerts[alert.Key()] = alert
			}
		default:
			err = json.Unmarshal(e.Value, &c.Topology)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	c.Changes = slices.Collect(maps.Values(changes))
	c.Alerts = together(t, s, &c.Topology, alerts, at)
	return c
}

// together are the alerts of the incident that the outage began with.
func together(t *testing.T, s *scenario.Scenario, topology *correlate.Topology, alerts map[correlate.AlertKey]correlate.Alert, at time.Time) []correlate.Alert {
	t.Helper()
	all := slices.Collect(maps.Values(alerts))
	for _, incident := range correlate.GroupAlerts(correlate.DefaultGroupConfig(), correlate.NewGraph(*topology), all, at) {
		var own []correlate.Alert
		for _, key := range incident.Alerts {
			own = append(own, alerts[key])
		}
		first := func(a correlate.Alert) bool { return a.Service == s.Service && a.StartedAt.Equal(s.StartedAt) }
		if slices.ContainsFunc(own, first) {
			return own
		}
	}
	t.Fatal("the outage is in no incident")
	return nil
}

// signs write a suspect's evidence as "kind+" or "kind-"; evidence that weighs
// less than a tenth is left out.
func signs(s *correlate.Suspect) string {
	var out []string
	for _, e := range s.Evidence {
		switch {
		case e.LogOdds > 0.1:
			out = append(out, string(e.Kind)+"+")
		case e.LogOdds < -0.1:
			out = append(out, string(e.Kind)+"-")
		}
	}
	return strings.Join(out, " ")
}

// outline is a finding in a few lines.
func outline(f correlate.Finding) string {
	lines := []string{fmt.Sprintf("no change %.3f", f.NoChangeProbability)}
	for i := range f.Suspects {
		s := &f.Suspects[i]
		lines = append(lines, fmt.Sprintf("%d. %s %.3f: %s", s.Rank, s.Change.ID, s.Probability, signs(s)))
		for _, e := range s.Evidence {
			lines = append(lines, fmt.Sprintf("   %+.2f %s: %s", e.LogOdds, e.Kind, e.Text))
		}
	}
	return strings.Join(lines, "\n")
}

// golden is what must stand in a demo's finding whatever the weights: who is
// first, what must speak for and against, and what must be said.
type golden struct {
	scenario string
	after    time.Duration
	first    string
	signs    string
	says     []string
}

func TestTheDemosFindingsNameTheGuiltyChangeForTheRightReasons(t *testing.T) {
	end := time.Date(2026, 11, 20, 18, 0, 0, 0, time.UTC)
	for _, want := range goldens {
		t.Run(fmt.Sprintf("%s after %s", want.scenario, want.after), func(t *testing.T) {
			s, err := scenario.Load(want.scenario, end)
			if err != nil {
				t.Fatal(err)
			}
			c := recorded(t, &s, s.StartedAt.Add(want.after))
			f := judge(&c)
			if len(f.Suspects) == 0 || f.Suspects[0].Change.ID != want.first || f.Verdict == correlate.VerdictNoChange {
				t.Fatalf("verdict %s:\n%s", f.Verdict, outline(f))
			}
			if s.Guilty.ID != want.first {
				t.Errorf("the recording says that %s is guilty", s.Guilty.ID)
			}
			for sign := range strings.FieldsSeq(want.signs) {
				if !slices.Contains(strings.Fields(signs(&f.Suspects[0])), sign) {
					t.Errorf("the evidence lacks %s:\n%s", sign, outline(f))
				}
			}
			text := ""
			for _, e := range f.Suspects[0].Evidence {
				text += e.Text + "\n"
			}
			for _, phrase := range want.says {
				if !strings.Contains(text, phrase) {
					t.Errorf("%q is not said in:\n%s", phrase, text)
				}
			}
			for i := range f.Suspects[1:] {
				if f.Suspects[i+1].Probability > f.Suspects[0].Probability/2 {
					t.Errorf("%s is nearly as suspect: %.2f beside %.2f", f.Suspects[i+1].Change.ID, f.Suspects[i+1].Probability, f.Suspects[0].Probability)
				}
			}
		})
	}
}

// goldens are judged as responders begin to look, and at the end, when the
// recovery is known.
var goldens = []golden{
	{
		"retail-outage", 5 * time.Minute, "argo-cd-48731", "timing+ topology+ text+ prior-",
		[]string{
			"pricing: deploy started 11 min before the first alert it explains (pricing HighErrorRate)",
			"Rollout step 2 of 3 (100% of eu-central) came 3 min before", "explains 6 of 6 alerting services: pricing alerts itself",
		},
	},
	{
		"retail-outage", 7 * time.Hour, "argo-cd-48731", "timing+ topology+ text+ rollback+ prior-",
		[]string{"It was undone by argo-cd-48731-rollback at 16:50:00 UTC on 20 Nov; 14 min later half of the 7 alerts had resolved"},
	},
	{
		"agent-infrastructure", 5 * time.Minute, "tf-run-7f31c2", "timing+ topology+ text+",
		[]string{"cost-cube: infrastructure change started 4 min before", "cost-query, cost-explorer, cost-forecast and budget-alerts depend on it"},
	},
	{
		"assistant-guardrail", 16 * time.Minute, "prompt-guard-118", "topology+ text+ prior+",
		[]string{"guardrail change started 1 h 30 min before", "assistant-guard alerts itself", "Changes of kind guardrail are often behind ai_safety alerts"},
	},
	{
		"assistant-guardrail", 4 * time.Hour, "prompt-guard-118", "topology+ text+ rollback+ prior+",
		[]string{"It was undone by prompt-guard-118-rollback at 16:58:00 UTC on 20 Nov; 7 min later half of the 2 alerts had resolved"},
	},
}
