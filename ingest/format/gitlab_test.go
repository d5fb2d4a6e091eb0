package format

import (
	"encoding/base64"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
)

// decodedChanges decodes payloads of a format into the changes they become.
func decodedChanges(t *testing.T, format string, names ...string) []event.Change {
	t.Helper()
	var events []event.Change
	for _, name := range names {
		batch, rejected := decodeAs(t, format, headers(), read(t, "testdata/"+format+"/"+name+".json"))
		if rejected != nil {
			t.Fatalf("%s: %v", name, rejected[0].Err)
		}
		events = append(events, batch.Changes...)
	}
	return events
}

// The two hooks tell of one deployment; whichever comes first, or is missing,
// the end does not move the start.
func TestHooksOfOneDeploymentFoldIntoOneChangeInAnyOrder(t *testing.T) {
	events := decodedChanges(t, "gitlab", "deployment_running", "deployment_success", "pipeline")
	rapid.Check(t, func(rt *rapid.T) {
		folded := event.FoldChanges(rapid.Permutation(events).Draw(rt, "order"))
		for i := range folded {
			c := &folded[i]
			if c.ID != "4100:job:9301" {
				continue
			}
			if c.Status != correlate.StatusSucceeded || c.FinishedAt.Sub(c.StartedAt) < 6*time.Minute || c.StartedAt.Minute() != 0 || c.StartUnknown() {
				rt.Fatalf("change = %+v", c)
			}
		}
		if len(folded) != 3 {
			rt.Fatalf("%d changes: deployment, migration and commit were sent", len(folded))
		}
	})
	folded := event.FoldChanges(decodedChanges(t, "gitlab", "deployment_success"))
	if !folded[0].StartUnknown() || !folded[0].StartedAt.Equal(*folded[0].FinishedAt) {
		t.Errorf("an end alone = %+v", folded[0])
	}
}

// Only the pipeline knows that a job rolls back. The deployment event of its end
// often comes a moment after the job's, and must not make a deployment of it.
func TestADeploymentEventDoesNotMakeADeploymentOfARollback(t *testing.T) {
	send := func(body string) []event.Change {
		batch, rejected := decodeAs(t, "gitlab", headers(), []byte(body))
		if rejected != nil {
			t.Fatal(rejected[0].Err)
		}
		return batch.Changes
	}
	const project = `"project":{"id":4100,"path_with_namespace":"orchard/shop/checkout"}`
	hook := func(status, at string) []event.Change {
		return send(`{"object_kind":"deployment","status":"` + status + `","status_changed_at":"` + at + `","deployment_id":811,"deployable_id":9301,"environment":"production",` + project + `}`)
	}
	for name, want := range map[string]correlate.ChangeKind{"rollback": correlate.KindRollback, "migrate-db": correlate.KindSchemaMigration, "ship": correlate.KindDeploy} {
		job := send(`{"object_kind":"pipeline","object_attributes":{"id":551,"ref":"main","sha":"c0ffee"},` + project + `,"builds":[{"id":9301,"name":"` + name + `","status":"success",
			"started_at":"2026-11-19 09:00:00 UTC","finished_at":"2026-11-19 09:06:00 UTC","environment":{"name":"production","action":"start"}}]}`)
		all := slices.Concat(hook("running", "2026-11-19 09:00:01 UTC"), job, hook("success", "2026-11-19 09:06:01 UTC"))
		rapid.Check(t, func(rt *rapid.T) {
			folded := event.FoldChanges(rapid.Permutation(all).Draw(rt, "order"))
			if len(folded) != 1 || folded[0].Kind != want || folded[0].KindAssumed() {
				rt.Fatalf("%s became %+v", name, folded)
			}
		})
	}
	if alone := event.FoldChanges(hook("success", "2026-11-19 09:06:01 UTC")); alone[0].Kind != correlate.KindDeploy {
		t.Errorf("alone it is a %q", alone[0].Kind)
	}
}

func TestLaterPipelineEventRepeatsItsJobsWithoutNews(t *testing.T) {
	first := decodedChanges(t, "gitlab", "pipeline")
	again, _ := decodeAs(t, "gitlab", headers(), []byte(`{"object_kind":"pipeline","object_attributes":{"id":551,"ref":"main","sha":"c0ffee0000000000000000000000000000000a1b","status":"failed"},
		"project":{"id":4100,"path_with_namespace":"orchard/shop/checkout"},"builds":[`+string(first[0].Raw)+`]}`))
	if len(again.Changes) != 1 || again.Changes[0].UID != first[0].UID {
		t.Errorf("the job is another event: %+v", again.Changes)
	}
}

func TestApprovalThatIsTakenBackDoesNotStand(t *testing.T) {
	for _, names := range [][]string{{"merge_request_approved", "merge_request_unapproved"}, {"merge_request_unapproved", "merge_request_approved"}} {
		folded := event.FoldChanges(decodedChanges(t, "gitlab", names...))
		if len(folded) != 1 || len(folded[0].PullRequests) != 1 || folded[0].PullRequests[0].Reviews[0].State != "unapproved" || len(folded[0].Approvals) != 0 {
			t.Errorf("%v = %+v", names, folded)
		}
	}
}

func TestEditAfterTheMergeMovesNeitherItsTimeNorItsActor(t *testing.T) {
	folded := event.FoldChanges(decodedChanges(t, "gitlab", "merge_request_edited_later", "merge_request_merged"))
	want := time.Date(2026, 11, 19, 8, 45, 0, 0, time.UTC)
	if len(folded) != 1 || !folded[0].StartedAt.Equal(want) || !folded[0].FinishedAt.Equal(want) || folded[0].Actor.ID != "tomas" {
		t.Errorf("changes = %+v", folded)
	}
}

// What part AI had is told by these; a mapping that drops one would make AI
// work look like people's.
func TestMergeRequestKeepsWhatTellsOfAI(t *testing.T) {
	c := decodedChanges(t, "gitlab", "merge_request_merged")[0]
	p := c.PullRequests[0]
	if p.HeadBranch != "copilot/retry-payments" || !cmp.Equal(p.Labels, []string{"payments", "ai-assisted"}) || p.Author.Login != "mira" || p.Body == "" {
		t.Errorf("pull request = %+v", p)
	}
	if len(c.Commits) != 2 || c.Commits[1].Message == "" || c.Commits[1].Author.Email == "" {
		t.Errorf("commits = %+v", c.Commits)
	}
}

func TestTimesOfGitLabAreReadInAllItsWays(t *testing.T) {
	want := time.Date(2026, 11, 19, 9, 0, 0, 0, time.UTC)
	for _, text := range []string{"2026-11-19 10:00:00 +0100", "2026-11-19 09:00:00 UTC", "2026-11-19T09:00:00Z", "2026-11-19T10:00:00.000+01:00"} {
		got, fe := gitLabTime("at", text)
		if fe != nil || !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("%q = %s, %v", text, got, fe)
		}
	}
	for _, text := range []string{"", "2026-11-19 09:00:00", "2026-11-19 09:00:00 CET", "1795078800", "null"} {
		if got, fe := gitLabTime("at", text); fe == nil || fe.Path != "at" || fe.Mend == "" {
			t.Errorf("%q = %s, %v", text, got, fe)
		}
	}
}

func TestMachineAccountsOfGitLabAreAutomation(t *testing.T) {
	for name, want := range map[string]correlate.ActorType{
		"project_1_bot": correlate.ActorAutomation, "project_12_bot_0a1b": correlate.ActorAutomation, "group_3_bot_x": correlate.ActorAutomation,
		"service_account_group_9_ab": correlate.ActorAutomation, "mira": "", "robot": "", "project_bot": "", "my_project_1_bot": "",
	} {
		if got := (&gitLabUser{Username: name}).actor(); got.Type != want || got.ID != name {
			t.Errorf("%s = %+v", name, got)
		}
	}
	if got := (&gitLabUser{}).actor(); got != nil {
		t.Errorf("nobody = %+v", got)
	}
}

func TestGitLabProvesItselfByTokenOrSignature(t *testing.T) {
	body := []byte(`{"object_kind":"push"}`)
	key := []byte("0123456789abcdef0123456789abcdef")
	signing := "whsec_" + base64.StdEncoding.EncodeToString(key)
	signature := "v1," + base64HMAC(key, "msg_1.1795078800."+string(body))
	for _, c := range []struct {
		name, secret string
		header       []string
		good         bool
	}{
		{"token", "s3cret", []string{"X-Gitlab-Token", "s3cret"}, true},
		{"other token", "s3cret", []string{"X-Gitlab-Token", "s3cre"}, false},
		{"no token", "s3cret", nil, false},
		{"no secret is no proof", "", []string{"X-Gitlab-Token", ""}, false},
		{"signature", signing, []string{"webhook-id", "msg_1", "webhook-timestamp", "1795078800", "webhook-signature", signature}, true},
		{"one of two signatures", signing, []string{"webhook-id", "msg_1", "webhook-timestamp", "1795078800", "webhook-signature", "v1,AAAA " + signature}, true},
		{"other id", signing, []string{"webhook-id", "msg_2", "webhook-timestamp", "1795078800", "webhook-signature", signature}, false},
		{"other time", signing, []string{"webhook-id", "msg_1", "webhook-timestamp", "1795078801", "webhook-signature", signature}, false},
		{"other version", signing, []string{"webhook-id", "msg_1", "webhook-timestamp", "1795078800", "webhook-signature", "v2" + signature[2:]}, false},
		{"unsigned", signing, []string{"webhook-id", "msg_1", "webhook-timestamp", "1795078800"}, false},
		{"secret that is no base64", "whsec_?", []string{"webhook-id", "msg_1", "webhook-timestamp", "1", "webhook-signature", signature}, false},
		{"empty signing key", "whsec_", []string{"webhook-id", "msg_1", "webhook-timestamp", "1795078800", "webhook-signature", "v1," + base64HMAC(nil, "msg_1.1795078800."+string(body))}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := testRegistry().Verify("gitlab", c.secret, headers(c.header...), body); c.good != (err == nil) {
				t.Errorf("err = %v, want good = %v", err, c.good)
			}
		})
	}
}
