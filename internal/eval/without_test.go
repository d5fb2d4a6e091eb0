package eval

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
)

func TestUnknownPartIsRefusedByName(t *testing.T) {
	_, err := ParseParts([]string{"time", "colour"})
	if err == nil || !strings.Contains(err.Error(), `"colour"`) || !strings.Contains(err.Error(), "topology") {
		t.Errorf("error does not name the part and the choices: %v", err)
	}
	all, err := ParseParts(PartNames())
	if err != nil || all != (Parts{Time: true, Topology: true, Metrics: true, Text: true}) {
		t.Errorf("ParseParts(all) = %+v, %v", all, err)
	}
}

func TestWithoutTimeNoOrderIsLeft(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		record := drawRecord(t)
		view := record.View(Parts{Time: true})
		for i := range view.Changes {
			c := &view.Changes[i]
			if !c.StartedAt.Equal(view.Changes[0].StartedAt) || c.FinishedAt != nil || c.ObservedAt != nil || c.Status != "" {
				t.Fatalf("change %d still tells a time: %+v", i, c)
			}
		}
		for i := range view.Alerts {
			if !view.Alerts[i].StartedAt.Equal(view.Alerts[0].StartedAt) || view.Alerts[i].ResolvedAt != nil {
				t.Fatalf("alert %d still tells a time: %+v", i, view.Alerts[i])
			}
		}
		answer := baselines()[0].Rank(view)
		for _, s := range answer.Suspects {
			if s.Score != answer.Suspects[0].Score {
				t.Fatal("recency still prefers one change")
			}
		}
	})
}

func TestWithoutTimeTheFutureStaysHidden(t *testing.T) {
	record := Record{At: judgedAt, Changes: []correlate.Change{{ID: "now", StartedAt: at(-1)}, {ID: "later", StartedAt: at(1)}}}
	view := record.View(Parts{Time: true})
	if len(view.Changes) != 1 || view.Changes[0].ID != "now" {
		t.Errorf("visible changes: %+v", view.Changes)
	}
}

func TestWithoutTextIdentitiesStay(t *testing.T) {
	record := Record{
		At: judgedAt,
		Changes: []correlate.Change{{
			ID: "c", Source: "s", Kind: correlate.KindDeploy, Title: "raise pool", Services: []string{"pay"},
			Version: "v2", Regions: []string{"eu"}, StartedAt: at(-3), Labels: map[string]string{"k": "v"},
			Commits:      []correlate.Commit{{SHA: "1", Message: "pool", Files: []string{"pool.go"}, Additions: 3}},
			PullRequests: []correlate.PullRequest{{Number: 1, Title: "pool", Body: "b", HeadBranch: "x", Labels: []string{"l"}}},
		}},
		Alerts: []correlate.Alert{{
			Service: "pay", Name: "PoolExhausted", Summary: "pool", Region: "eu", Version: "v2", StartedAt: at(-1),
			Status: correlate.AlertFiring,
		}},
	}
	want := Record{
		At: judgedAt,
		Changes: []correlate.Change{{
			ID: "c", Source: "s", Kind: correlate.KindDeploy, Services: []string{"pay"},
			Version: "v2", Regions: []string{"eu"}, StartedAt: at(-3),
			Commits:      []correlate.Commit{{SHA: "1", Additions: 3}},
			PullRequests: []correlate.PullRequest{{Number: 1}},
		}},
		Alerts: []correlate.Alert{{Service: "pay", Region: "eu", Version: "v2", StartedAt: at(-1), Status: correlate.AlertFiring}},
	}
	if diff := cmp.Diff(want, record.View(Parts{Text: true}).Record); diff != "" {
		t.Error(diff)
	}
}

func TestWithoutTopologyAndMetricsNothingOfThemIsLeft(t *testing.T) {
	record := Record{
		At:       judgedAt,
		Topology: correlate.Topology{Services: []correlate.Service{{Name: "a", Tier: 1}}, Edges: []correlate.Edge{{Caller: "a", Callee: "b"}}},
		Metrics:  []correlate.Series{{Service: "a", Points: []correlate.Point{{At: at(-1)}}}},
	}
	view := record.View(Parts{Topology: true, Metrics: true})
	if len(view.Topology.Services)+len(view.Topology.Edges)+len(view.Metrics) != 0 {
		t.Errorf("left over: %+v", view)
	}
}
