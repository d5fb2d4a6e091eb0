package e2e

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// guilty is a case with one guilty change; none is one without.
const (
	guilty = `{"name":"guilty","at":"2026-11-02T12:00:00+02:00","later":{"a":1},"kind":"deploy","causes":["pay-7"],
		"topology":{"services":[{"name":"shop"},{"name":"pay"}],"edges":[{"caller":"shop","callee":"pay"}]},
		"changes":[{"id":"pay-7","source":"ci","kind":"deploy","services":["pay"],"started_at":"2026-11-02T09:50:00Z","rollout":[{"at":"2026-11-02T09:50:00Z","percent":50}]},
		{"id":"shop-1","source":"ci","kind":"config","services":["shop"],"started_at":"2026-11-02T02:00:00Z","finished_at":"2026-11-02T02:05:00Z","status":"succeeded"}],
		"alerts":[{"source":"am","service":"pay","name":"Errors","severity":"critical","status":"firing","started_at":"2026-11-02T09:55:00Z"}],
		"metrics":[{"service":"pay","instance":"pay-1","signal":"errors","unit":"percent","points":[["2026-11-02T09:45:00Z",0.1],["2026-11-02T09:56:00Z",20]]}]}`
	none = `{"name":"none","at":"2026-11-02T10:00:00Z","causes":[],"alerts":[{"source":"am","service":"pay","name":"Errors","status":"firing","started_at":"2026-11-02T09:55:00Z"}]}`
)

// line puts a case on one line.
func line(text string) string { return strings.Join(strings.Fields(text), " ") + "\n" }

func TestContractOfEval(t *testing.T) {
	code, out, errs := run(t, nil, line(guilty)+line(none), "eval", "--cases", "-", "--without", "text", "--without", "metrics,topology", "-o", "json")
	var report struct{ Rankers, Cases []map[string]any }
	if err := json.Unmarshal([]byte(out), &report); code != 0 || err != nil {
		t.Fatalf("exit %d %v %s", code, err, errs)
	}
	var names []string
	for _, r := range report.Rankers {
		names = append(names, r["name"].(string))
	}
	if diff := cmp.Diff([]string{"faultline", "recency", "latest-deploy", "same-service", "topology-recency", "random"}, names); diff != "" {
		t.Errorf("rankers (-want +got):\n%s", diff)
	}
	wantKeys(t, report.Rankers[0], "name cases with_cause hit_at_1 hit_at_3 hit_at_5 mrr mean_rank no_change_precision no_change_recall brier ece p50_us p99_us")
	wantKeys(t, report.Cases[0], "name ranker rank no_change_probability suspects")
	if first := report.Rankers[0]; first["cases"] != 2.0 || first["with_cause"] != 1.0 {
		t.Errorf("figures %v, want 2 cases, 1 with a cause", first)
	}
	if recency := report.Rankers[1]; recency["no_change_precision"] != nil || recency["no_change_recall"] != 0.0 {
		t.Errorf("a ranker that never says no change: precision %v, want null; recall %v, want 0", recency["no_change_precision"], recency["no_change_recall"])
	}
	for _, c := range report.Cases {
		sum := c["no_change_probability"].(float64)
		for _, suspect := range c["suspects"].([]any) {
			wantKeys(t, suspect.(map[string]any), "change probability")
			sum += suspect.(map[string]any)["probability"].(float64)
		}
		if sum > 1+1e-6 || (c["name"] == "none") != (c["rank"] == 0.0) {
			t.Errorf("%v: probabilities sum to %v, rank %v", c["name"], sum, c["rank"])
		}
	}
}

func wantKeys(t *testing.T, got map[string]any, want string) {
	t.Helper()
	if diff := cmp.Diff(slices.Sorted(slices.Values(strings.Fields(want))), slices.Sorted(maps.Keys(got))); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

func TestWhatComesAfterTheMomentOfJudgementChangesNothing(t *testing.T) {
	const start = `"rollout":[{"at":"2026-11-02T09:50:00Z","percent":50}`
	asOf := strings.Replace(guilty, start, `"status":"in_progress",`+start, 1)
	future := asOf
	for old, with := range map[string]string{
		start:                            start + `,{"at":"2026-11-02T10:10:00Z","percent":100}`,
		`"status":"in_progress"`:         `"status":"failed","finished_at":"2026-11-02T10:20:00Z","approvals":[{"by":"x","at":"2026-11-02T10:01:00Z"}]`,
		`"changes":[`:                    `"changes":[{"id":"late","source":"ci","kind":"deploy","services":["pay"],"started_at":"2026-11-02T10:00:01Z"},`,
		`"status":"firing"`:              `"status":"resolved","resolved_at":"2026-11-02T10:30:00Z"`,
		`"alerts":[`:                     `"alerts":[{"source":"am","service":"shop","name":"E","status":"firing","started_at":"2026-11-02T10:05:00Z"},`,
		`["2026-11-02T09:56:00Z",20]`:    `["2026-11-02T09:56:00Z",20],["2026-11-02T10:01:00Z",99]`,
		`"causes":["pay-7"]`:             `"causes":["late"]`,
		`"kind":"deploy","causes"`:       `"kind":"none","causes"`,
		`"2026-11-02T12:00:00+02:00","l`: `"2026-11-02T10:00:00Z","l`,
	} {
		if !strings.Contains(future, old) {
			t.Fatalf("the case has no %s", old)
		}
		future = strings.Replace(future, old, with, 1)
	}
	code, before, errs := run(t, nil, line(asOf), "attribute", "--case", "-", "-o", "json")
	if code != 0 {
		t.Fatalf("exit %d %s", code, errs)
	}
	code, after, errs := run(t, nil, line(future), "attribute", "--case", "-", "-o", "json")
	if code != 0 {
		t.Fatalf("exit %d %s", code, errs)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("what was not known yet changed the finding (-without +with):\n%s", diff)
	}
}

func TestABadCaseIsOneLineWithFileLineAndField(t *testing.T) {
	for name, tc := range map[string]struct{ old, with, want string }{
		"truncated":        {`"metrics":[`, "\x00", "stdin:2: is not valid JSON"},
		"missing id":       {`"id":"pay-7",`, ``, "stdin:2: changes[0].id: is missing"},
		"wrong type":       {`"services":["pay"]`, `"services":"pay"`, "stdin:2: changes[0].services: is a string"},
		"no zone":          {`"2026-11-02T02:00:00Z"`, `"2026-11-02T02:00:00"`, "stdin:2: changes[1].started_at: "},
		"end before start": {`"2026-11-02T02:05:00Z"`, `"2026-11-02T01:05:00Z"`, "stdin:2: changes[1].finished_at: "},
		"unknown kind":     {`"kind":"config"`, `"kind":"magic"`, `stdin:2: changes[1].kind: "magic"`},
	} {
		code, out, errs := run(t, nil, line(none)+line(strings.Replace(guilty, tc.old, tc.with, 1)), "eval", "--cases", "-", "-o", "json")
		if code != 2 || out != "" || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, tc.want) {
			t.Errorf("%s: exit %d, stdout %q, stderr %q, want %q", name, code, out, errs, tc.want)
		}
	}
}
