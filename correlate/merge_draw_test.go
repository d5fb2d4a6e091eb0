package correlate

import (
	"encoding/json"
	"time"

	"pgregory.net/rapid"
)

func drawChange(t *rapid.T) Change {
	return Change{
		ID:              drawWord(t, "id"),
		Source:          drawWord(t, "source"),
		Kind:            rapid.SampledFrom(append(ChangeKinds(), "")).Draw(t, "kind"),
		Title:           drawWord(t, "title"),
		Services:        drawWords(t, "services"),
		Environment:     rapid.SampledFrom([]string{"", DefaultEnvironment, "staging", "canary"}).Draw(t, "environment"),
		Regions:         drawWords(t, "regions"),
		StartedAt:       drawTime(t, "started_at"),
		FinishedAt:      drawTimePointer(t, "finished_at"),
		ObservedAt:      drawTimePointer(t, "observed_at"),
		Rollout:         drawRollout(t),
		Status:          rapid.SampledFrom(append(ChangeStatuses(), "")).Draw(t, "status"),
		Version:         drawWord(t, "version"),
		PreviousVersion: drawWord(t, "previous_version"),
		RollbackOf:      drawWord(t, "rollback_of"),
		Actor:           drawPointer(t, "actor", Actor{ID: "a", Type: ActorHuman}, Actor{ID: "b"}),
		Commits:         drawList(t, "commits", Commit{SHA: "aa"}, Commit{SHA: "bb"}),
		PullRequests:    drawList(t, "pull_requests", PullRequest{Number: 1}, PullRequest{Number: 2}),
		Approvals:       drawList(t, "approvals", Approval{By: "a"}, Approval{By: "b"}),
		AI:              drawPointer(t, "ai", AIDeclaration{Session: "s"}, AIDeclaration{Assistance: AssistanceNone}),
		Links:           drawPointer(t, "links", ChangeLinks{Diff: "d"}, ChangeLinks{Run: "r", Rollback: "b"}, ChangeLinks{Run: "q"}),
		Labels:          drawLabels(t, "labels"),
		Extra:           drawExtra(t),
	}
}

func drawAlert(t *rapid.T) Alert {
	return Alert{
		ID:          drawWord(t, "id"),
		Source:      drawWord(t, "source"),
		Fingerprint: drawWord(t, "fingerprint"),
		Service:     drawWord(t, "service"),
		Environment: rapid.SampledFrom([]string{"", DefaultEnvironment, "staging"}).Draw(t, "environment"),
		Region:      drawWord(t, "region"),
		Instance:    drawWord(t, "instance"),
		Version:     drawWord(t, "version"),
		Name:        drawWord(t, "name"),
		Summary:     drawWord(t, "summary"),
		Description: drawWord(t, "description"),
		Severity:    rapid.SampledFrom(append(Severities(), "")).Draw(t, "severity"),
		Status:      rapid.SampledFrom([]AlertStatus{"", AlertFiring, AlertResolved}).Draw(t, "status"),
		Signal:      rapid.SampledFrom(append(Signals(), "")).Draw(t, "signal"),
		StartedAt:   drawTime(t, "started_at"),
		ResolvedAt:  drawTimePointer(t, "resolved_at"),
		ObservedAt:  drawTimePointer(t, "observed_at"),
		Labels:      drawLabels(t, "labels"),
		Links:       drawLabels(t, "links"),
		Extra:       drawExtra(t),
	}
}

func drawWord(t *rapid.T, label string) string {
	return rapid.SampledFrom([]string{"", "x", "y", "z"}).Draw(t, label)
}

func drawWords(t *rapid.T, label string) []string {
	return rapid.SliceOfN(rapid.SampledFrom([]string{"x", "y", "z"}), 0, 2).Draw(t, label)
}

func drawList[T any](t *rapid.T, label string, values ...T) []T {
	return rapid.SliceOfN(rapid.SampledFrom(values), 0, 2).Draw(t, label)
}

func drawPointer[T any](t *rapid.T, label string, values ...T) *T {
	if !rapid.Bool().Draw(t, label+" set") {
		return nil
	}
	v := rapid.SampledFrom(values).Draw(t, label)
	return &v
}

func drawTime(t *rapid.T, label string) time.Time {
	if !rapid.Bool().Draw(t, label+" set") {
		return time.Time{}
	}
	return time.UnixMilli(rapid.Int64Range(1_700_000_000_000, 1_700_000_900_000).Draw(t, label)).UTC()
}

func drawTimePointer(t *rapid.T, label string) *time.Time {
	at := drawTime(t, label)
	if at.IsZero() {
		return nil
	}
	return &at
}

func drawRollout(t *rapid.T) []RolloutStep {
	return drawList(t, "rollout", RolloutStep{Percent: 10}, RolloutStep{Percent: 100, Region: "eu"})
}

func drawLabels(t *rapid.T, label string) map[string]string {
	word := rapid.SampledFrom([]string{"x", "y", "z"})
	return rapid.MapOfN(word, word, 0, 3).Draw(t, label)
}

func drawExtra(t *rapid.T) map[string]json.RawMessage {
	values := rapid.SampledFrom([]json.RawMessage{json.RawMessage(`1`), json.RawMessage(`{"a":[]}`)})
	extra := rapid.MapOfN(rapid.SampledFrom([]string{"x", "y"}), values, 0, 2).Draw(t, "extra")
	for _, mark := range []string{ExtraStartUnknown, ExtraRolloutAdds, ExtraKindAssumed} {
		if rapid.Bool().Draw(t, mark) {
			extra[mark] = json.RawMessage("true")
		}
	}
	return extra
}
