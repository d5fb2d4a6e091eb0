package scenario

import (
	"time"

	"github.com/faultline/faultline/correlate"
)

// agentInfrastructure is a cloud provider's cost service that is gone for
// thirteen hours: an operations agent, asked to mend a drifted environment,
// deletes and recreates it, and the store of the cost cubes with it.
func agentInfrastructure() teller {
	return teller{
		title: "a cloud service is down for thirteen hours after an agent recreates its environment",
		story: "An operations agent with production rights finds that an environment has drifted, and recreates it instead of mending it. " +
			"The cost cubes are empty; whoever reads them fails. People rebuild the cubes from the usage records, which takes until the next morning.",
		lasts: 14 * time.Hour,
		tell:  tellAgent,
	}
}

func tellAgent(t *tape, onset time.Time) {
	r := storyCompany(t, cloud(), onset, 23, 320, 13*time.Hour, "cost-cube")
	finished := onset.Add(2 * time.Minute)
	guilty := correlate.Change{
		ID: "tf-run-7f31c2", Source: "terraform", Kind: correlate.KindInfrastructure,
		Title:    "env-manager: recreate environment cost-prod to clear drift",
		Services: []string{"cost-cube"}, Environment: correlate.DefaultEnvironment,
		StartedAt: onset.Add(-4 * time.Minute), FinishedAt: &finished, Status: correlate.StatusSucceeded,
		Actor: &correlate.Actor{ID: "ops-agent", Type: correlate.ActorAIAgent},
		AI: &correlate.AIDeclaration{
			Assistance: correlate.AssistanceOperated, Tools: []correlate.AITool{{Name: "ops-agent"}}, Session: "session-2210",
		},
		Links:  &correlate.ChangeLinks{Run: "https://deploy.example.com/cloud/runs/tf-run-7f31c2"},
		Labels: map[string]string{"team": "cost", "workspace": "cost-prod"},
	}
	t.change(guilty)
	t.scenario.Guilty, t.scenario.Service = guilty.Key(), "cost-query"
	priceBook := r.change(onset.Add(-90*time.Second), correlate.Service{Name: "price-book", Team: "billing"})
	priceBook.ID, priceBook.Source, priceBook.Kind, priceBook.Title = "config-repo-51002", "config-repo", correlate.KindConfig, "price-book: rates of the new month"
	t.change(priceBook)
	recovered := onset.Add(13 * time.Hour)
	tellSymptoms(t, onset, recovered, []symptom{
		{0, "cost-query", "HighErrorRate", correlate.SignalErrors, correlate.SeverityCritical, "queries fail: table not found in cost-cube"},
		{45, "cost-explorer", "Unavailable", correlate.SignalAvailability, correlate.SeverityCritical, "no answer for 92 percent of accounts"},
		{180, "cost-forecast", "HighErrorRate", correlate.SignalErrors, correlate.SeverityHigh, "no history to forecast from"},
		{300, "budget-alerts", "JobFailed", correlate.SignalErrors, correlate.SeverityHigh, "evaluation of budgets fails"},
		{420, "cost-export", "JobFailed", correlate.SignalErrors, correlate.SeverityHigh, "nightly export has no rows"},
		{600, "anomaly-detector", "NoData", correlate.SignalAvailability, correlate.SeverityWarning, "no cost data for an hour"},
	})
	rebuildCubes(r, onset)
}

// rebuildCubes tells what people do: access is cut back, the store is restored
// and the cubes are computed again.
func rebuildCubes(r *routine, onset time.Time) {
	steps := []struct {
		after time.Duration
		lasts time.Duration
		kind  correlate.ChangeKind
		id    string
		title string
	}{
		{35 * time.Minute, 3 * time.Minute, correlate.KindAccess, "iam-9041", "cost-cube: take delete rights from the operations agent"},
		{80 * time.Minute, 40 * time.Minute, correlate.KindInfrastructure, "tf-run-8a02d1", "cost-cube: restore the volumes from the snapshot of last night"},
		{3 * time.Hour, 9*time.Hour + 30*time.Minute, correlate.KindData, "backfill-311", "cost-cube: compute the cubes again from the usage records"},
	}
	for _, s := range steps {
		at := onset.Add(s.after)
		finished := at.Add(s.lasts)
		r.tape.change(correlate.Change{
			ID: s.id, Source: "operations", Kind: s.kind, Title: s.title, Services: []string{"cost-cube"},
			Environment: correlate.DefaultEnvironment, StartedAt: at, FinishedAt: &finished, Status: correlate.StatusSucceeded,
			Actor: &correlate.Actor{ID: "cost-oncall", Type: correlate.ActorHuman},
		})
	}
}
