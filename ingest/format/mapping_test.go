package format

import (
	"encoding/json"
	"testing"

	"github.com/google/go-github/v90/github"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
)

func TestDeploymentAndItsStatusesFoldIntoOneChange(t *testing.T) {
	var events []event.Change
	for _, name := range []string{"deployment_status_success", "deployment", "deployment_status_in_progress", "deployment_status_inactive"} {
		batch, _ := decodeAs(t, "github", headers(), read(t, "testdata/github/"+name+".json"))
		events = append(events, batch.Changes...)
	}
	folded := event.FoldChanges(events)
	if len(folded) != 1 || len(events) != 3 {
		t.Fatalf("%d changes of %d events", len(folded), len(events))
	}
	c := folded[0]
	if c.Status != correlate.StatusSucceeded || c.FinishedAt == nil || c.FinishedAt.Sub(c.StartedAt).Seconds() != 400 {
		t.Errorf("change = %+v", c)
	}
}

func TestIncidentOfPagerDutyFoldsIntoOneAlert(t *testing.T) {
	var events []event.Alert
	for _, name := range []string{"resolved", "triggered", "acknowledged"} {
		batch, _ := decodeAs(t, "pagerduty", headers(), read(t, "testdata/pagerduty/"+name+".json"))
		events = append(events, batch.Alerts...)
	}
	folded := event.FoldAlerts(events)
	if len(folded) != 1 || folded[0].Status != correlate.AlertResolved || folded[0].ResolvedAt == nil {
		t.Errorf("alerts = %+v", folded)
	}
}

func TestRepeatedGroupBringsNothingNew(t *testing.T) {
	body := read(t, "testdata/alertmanager/mixed_group.json")
	first, _ := decodeAs(t, "alertmanager", headers(), body)
	var group map[string]any
	if err := json.Unmarshal(body, &group); err != nil {
		t.Fatal(err)
	}
	// A repetition differs around the alerts, which are the same.
	repeated := []byte(`{"version":"4","notification_reason":"repeat interval elapsed","groupKey":"g","alerts":[`)
	for i := range first.Alerts {
		if i > 0 {
			repeated = append(repeated, ',')
		}
		repeated = append(repeated, first.Alerts[i].Raw...)
	}
	again, rejected := decodeAs(t, "alertmanager", headers(), append(repeated, "]}"...))
	if rejected != nil {
		t.Fatal(rejected[0].Err)
	}
	for i := range first.Alerts {
		if first.Alerts[i].UID != again.Alerts[i].UID {
			t.Errorf("alert %d has another UID when the group is repeated", i)
		}
	}
}

func TestSignalIsGuessedFromWords(t *testing.T) {
	for text, want := range map[string]correlate.Signal{
		"CheckoutHighErrorRate":         correlate.SignalErrors,
		"Payment 5xx":                   correlate.SignalErrors,
		"GuardrailErrors":               correlate.SignalAISafety,
		"Assistant answers are toxic":   correlate.SignalAISafety,
		"KubePodCrashLooping":           correlate.SignalAvailability,
		"TargetDown":                    correlate.SignalAvailability,
		"RequestLatencyP99":             correlate.SignalLatency,
		"NodeDiskFull":                  correlate.SignalSaturation,
		"KafkaConsumerLag":              correlate.SignalSaturation,
		"LowTraffic":                    correlate.SignalTraffic,
		"Unauthorized access":           correlate.SignalSecurity,
		"Orders per minute below plan":  correlate.SignalBusiness,
		"SomethingOdd":                  "",
		"":                              "",
		"Response time above threshold": correlate.SignalLatency,
	} {
		if got := guessSignal(text); got != want {
			t.Errorf("%q = %q, want %q", text, got, want)
		}
	}
}

func TestSeverityWordsAreTranslated(t *testing.T) {
	for word, want := range map[string]correlate.Severity{
		"critical": correlate.SeverityCritical, "PAGE": correlate.SeverityCritical, " P1 ": correlate.SeverityCritical,
		"error": correlate.SeverityHigh, "major": correlate.SeverityHigh, "Warning": correlate.SeverityWarning,
		"notice": correlate.SeverityInfo, "none": "", "": "", "purple": "",
	} {
		if got := severity(word); got != want {
			t.Errorf("%q = %q, want %q", word, got, want)
		}
	}
}

func TestVersionIsTheTagOrTheCommit(t *testing.T) {
	for ref, want := range map[string]string{
		"v4.2.0": "v4.2.0", "4.2": "4.2", "refs/tags/v1.0": "v1.0", "0.9": "0.9", "v9.1": "v9.1", "/.1": "sha", ":.1": "sha", "main": "sha", "release-4": "sha", "v": "sha", "2026": "sha", "": "sha",
	} {
		if got := versionOf(ref, "sha"); got != want {
			t.Errorf("%q = %q, want %q", ref, got, want)
		}
	}
}

func TestTaskTellsTheKind(t *testing.T) {
	for task, want := range map[string]correlate.ChangeKind{
		"deploy": correlate.KindDeploy, "": correlate.KindDeploy, "rollback": correlate.KindRollback,
		"deploy:migrations": correlate.KindSchemaMigration,
	} {
		if got := taskKind(task); got != want {
			t.Errorf("%q = %q, want %q", task, got, want)
		}
	}
}

func TestDeploymentPayloadMayBeAnything(t *testing.T) {
	for raw, want := range map[string]int{
		`{}`: 0, `""`: 0, `null`: 0, `[1]`: 0, `"text"`: 0, `{"services":5}`: 0,
		`{"service":"a"}`: 1, `{"service":"a","services":["b"]}`: 2, `"{\"services\":[\"a\",\"b\"]}"`: 2,
	} {
		if got := readDeploymentPayload(json.RawMessage(raw)).services(); len(got) != want {
			t.Errorf("%s = %v, want %d", raw, got, want)
		}
	}
	if got := readDeploymentPayload(nil).services(); got != nil {
		t.Errorf("nothing = %v", got)
	}
}

func TestActorTypeFollowsTheAccount(t *testing.T) {
	user := func(login, kind string) *github.User { return &github.User{Login: &login, Type: &kind} }
	for _, c := range []struct {
		user *github.User
		want *correlate.Actor
	}{
		{nil, nil},
		{user("", "User"), nil},
		{user("mira", "User"), &correlate.Actor{ID: "mira", Type: correlate.ActorHuman}},
		{user("ship-it[bot]", "Bot"), &correlate.Actor{ID: "ship-it[bot]", Type: correlate.ActorAutomation}},
		{user("orchard", "Organization"), &correlate.Actor{ID: "orchard"}},
	} {
		got := actorOf(c.user)
		if (got == nil) != (c.want == nil) || got != nil && *got != *c.want {
			t.Errorf("got %+v, want %+v", got, c.want)
		}
	}
}
