package format

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/faultline/faultline/internal/event"
)

// place splits a path such as "builds.0.id" into the steps of with.
func place(path string) []any {
	var steps []any
	for step := range strings.SplitSeq(path, ".") {
		if n, err := strconv.Atoi(step); err == nil {
			steps = append(steps, n)
			continue
		}
		steps = append(steps, step)
	}
	return steps
}

// without is a payload of a format with other values in some places.
func without(t *testing.T, format, name, value string, paths ...string) []byte {
	t.Helper()
	var document any
	if err := json.Unmarshal(read(t, "testdata/"+format+"/"+name+".json"), &document); err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		document = with(document, place(path), json.RawMessage(value))
	}
	body, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// What is refused must name the very field that is missing: whoever reads the
// dead letter has nothing else to go by.
func TestAMissingFieldIsNamed(t *testing.T) {
	for _, c := range []struct{ format, payload, without, named string }{
		{"argocd", "succeeded", "uid", "uid"},
		{"argocd", "succeeded", "name", "name"},
		{"argo-rollouts", "completed", "uid", "uid"},
		{"argo-rollouts", "completed", "name", "name"},
		{"argo-rollouts", "completed", "revision podHash", "revision"},
		{"cloudevents", "structured", "specversion", "specversion"},
		{"cloudevents", "structured", "data.context", "context"},
		{"cloudevents", "structured", "data.context.type", "context.type"},
		{"cloudevents", "structured", "data.context.id", "context.id"},
		{"cloudevents", "structured", "data.context.source", "context.source"},
		{"cloudevents", "structured", "data.subject.id", "subject.id"},
		{"datadog", "deployment", "data.attributes", "data.attributes"},
		{"datadog", "deployment", "data.attributes.service", "data.attributes.service"},
		{"datadog", "change_of_flag", "data.attributes.category", "data.attributes.category"},
		{"datadog", "change_of_flag", "data.attributes.title", "data.attributes.title"},
		{"datadog", "change_of_flag", "data.attributes.attributes.changed_resource.name", "data.attributes.attributes.changed_resource.name"},
		{"flux", "succeeded", "involvedObject", "involvedObject"},
		{"flux", "succeeded", "involvedObject.name", "involvedObject.name"},
		{"flux", "succeeded", "reason", "reason"},
		{"github", "deployment", "deployment.id", "deployment.id"},
		{"github", "deployment", "deployment.created_at", "deployment.created_at"},
		{"github", "deployment", "repository.id", "repository.id"},
		{"github", "deployment", "repository.full_name", "repository.full_name"},
		{"github", "deployment_status_success", "deployment_status.state", "deployment_status.state"},
		{"github", "deployment_status_success", "deployment_status.created_at", "deployment_status.created_at"},
		{"github", "deployment_status_success", "deployment.id", "deployment.id"},
		{"github", "deployment_status_success", "repository.id", "repository.id"},
		{"github", "push", "after", "after"},
		{"github", "push", "repository.id", "repository.id"},
		{"github", "pull_request_merged", "pull_request.number", "pull_request.number"},
		{"github", "pull_request_merged", "pull_request.merged_at", "pull_request.merged_at"},
		{"github", "pull_request_merged", "repository.full_name", "repository.full_name"},
		{"github", "pull_request_review", "review.id", "review.id"},
		{"github", "pull_request_review", "review.submitted_at", "review.submitted_at"},
		{"github", "pull_request_review", "repository.id", "repository.id"},
		{"gitlab", "deployment_success", "status", "status"},
		{"gitlab", "deployment_success", "deployment_id", "deployment_id"},
		{"gitlab", "deployment_success", "project.id", "project.id"},
		{"gitlab", "deployment_success", "project.path_with_namespace", "project.path_with_namespace"},
		{"gitlab", "pipeline", "project.id", "project.id"},
		{"gitlab", "pipeline", "builds.1.id", "builds[1].id"},
		{"gitlab", "push", "after", "after"},
		{"gitlab", "push", "project.id", "project.id"},
		{"gitlab", "merge_request_merged", "object_attributes.iid", "object_attributes.iid"},
		{"gitlab", "merge_request_merged", "project.id", "project.id"},
		{"launchdarkly", "flag_on", "_id", "_id"},
		{"launchdarkly", "flag_on", "kind", "kind"},
		{"launchdarkly", "flag_on", "date", "date"},
		{"opsgenie", "created", "action", "action"},
		{"opsgenie", "created", "alert.alertId", "alert.alertId"},
		{"opsgenie", "created", "alert.createdAt", "alert.createdAt"},
		{"pagerduty", "triggered", "event", "event"},
		{"pagerduty", "triggered", "event.data.id", "event.data.id"},
		{"pagerduty", "triggered", "event.data.service", "event.data.service"},
		{"pagerduty-change", "deployed", "payload", "payload"},
		{"pagerduty-change", "deployed", "payload.summary", "payload.summary"},
	} {
		t.Run(c.format+" without "+c.without, func(t *testing.T) {
			whole, refused := decodeAs(t, c.format, headers(), read(t, "testdata/"+c.format+"/"+c.payload+".json"))
			if whole.Len() == 0 || refused != nil {
				t.Fatalf("the whole payload becomes %d events and %v", whole.Len(), refused)
			}
			rest, refused := decodeAs(t, c.format, headers(), without(t, c.format, c.payload, "null", strings.Fields(c.without)...))
			if len(refused) != 1 || refused[0].Err.Path != c.named || rest.Len() >= whole.Len() {
				t.Fatalf("%d events, refused %s", rest.Len(), errorsOf(refused))
			}
		})
	}
}

func errorsOf(refused []event.Rejection) string {
	var all []string
	for _, r := range refused {
		all = append(all, r.Err.Error())
	}
	return strings.Join(all, "; ")
}

// A time that cannot be read must not become another time, or none: where the
// change began decides what it is blamed for.
func TestATimeThatCannotBeReadIsNamed(t *testing.T) {
	for _, c := range []struct{ format, payload, at, named string }{
		{"argocd", "succeeded", "operation.startedAt", "operation.startedAt"},
		{"argocd", "succeeded", "operation.finishedAt", "operation.finishedAt"},
		{"argo-rollouts", "completed", "at", "at"},
		{"alertmanager", "mixed_group", "alerts.0.startsAt", "alerts[0].startsAt"},
		{"alertmanager", "mixed_group", "alerts.0.endsAt", "alerts[0].endsAt"},
		{"grafana", "firing_and_resolved", "alerts.1.endsAt", "alerts[1].endsAt"},
		{"cloudevents", "structured", "data.context.timestamp", "context.timestamp"},
		{"datadog", "change_of_flag", "data.attributes.timestamp", "data.attributes.timestamp"},
		{"flux", "succeeded", "timestamp", "timestamp"},
		{"gitlab", "deployment_success", "status_changed_at", "status_changed_at"},
		{"gitlab", "pipeline", "builds.1.started_at", "builds[1].started_at"},
		{"gitlab", "pipeline", "builds.1.finished_at", "builds[1].finished_at"},
		{"gitlab", "push", "commits.0.timestamp", "commits[0].timestamp"},
		{"pagerduty", "triggered", "event.occurred_at", "event.occurred_at"},
		{"pagerduty-change", "deployed", "payload.timestamp", "payload.timestamp"},
	} {
		t.Run(c.format+" "+c.payload+" "+c.at, func(t *testing.T) {
			_, refused := decodeAs(t, c.format, headers(), without(t, c.format, c.payload, `"the day before"`, c.at))
			if len(refused) != 1 || refused[0].Err.Path != c.named || !strings.Contains(refused[0].Err.Error(), "the day before") {
				t.Errorf("refused %q", errorsOf(refused))
			}
		})
	}
}

// The commit of a pipeline only describes. One that cannot be read is no reason
// to lose what was deployed.
func TestAPipelineWithoutAReadableCommitStillDeploys(t *testing.T) {
	whole := decodedChanges(t, "gitlab", "pipeline")
	for name, place := range map[string][2]string{
		"no commit": {"commit", "null"}, "no id": {"commit.id", "null"}, "no time": {"commit.timestamp", `"soon"`}, "another type": {"commit", "7"},
	} {
		batch, refused := decodeAs(t, "gitlab", headers(), without(t, "gitlab", "pipeline", place[1], place[0]))
		if refused != nil || len(batch.Changes) != len(whole)-1 {
			t.Errorf("%s: %d changes of %d, refused %s", name, len(batch.Changes), len(whole), errorsOf(refused))
		}
	}
}

// Rules name a rollout with its namespace or without; the narrower one wins.
func TestARolloutIsNamedByRuleThenByLabel(t *testing.T) {
	body := read(t, "testdata/argo-rollouts/completed.json")
	for _, c := range []struct {
		name  string
		rules Rules
		body  []byte
		want  string
	}{
		{"with its namespace", Rules{{Attribute: "rollout", Value: "checkout", Service: "wide"}, {Attribute: "rollout", Value: "shop/checkout", Service: "narrow"}}, body, "narrow"},
		{"without", Rules{{Attribute: "rollout", Value: "checkout", Service: "wide"}, {Attribute: "rollout", Value: "other/checkout", Service: "narrow"}}, body, "wide"},
		{"by its label", nil, body, "checkout-api"},
		{"by its own name", nil, without(t, "argo-rollouts", "completed", "null", "labels"), "checkout"},
	} {
		cfg := DefaultConfig()
		cfg.Services = c.rules
		batch, refused, err := decodeWith(NewRegistry(cfg), "", "argo-rollouts", headers(), c.body, event.Meta{ArrivedAt: arrived})
		if err != nil || refused != nil || len(batch.Changes) != 1 {
			t.Fatalf("%s: %v %v", c.name, err, errorsOf(refused))
		}
		if got := batch.Changes[0].Services; len(got) != 1 || got[0] != c.want {
			t.Errorf("%s: %v, want %s", c.name, got, c.want)
		}
	}
}

// A sender that declares lines means lines, however badly it writes the rest of
// the header: taken for one document, one bad line would cost all of them.
func TestDeclaredLinesAreLinesWhateverTheParameters(t *testing.T) {
	two := nativeChange + "\n{\"id\":\n" + nativeChange
	for _, content := range []string{"application/x-ndjson", "Application/NDJSON", "application/jsonl;charset", "application/x-jsonlines ; =;;", " application/ndjson"} {
		batch, refused, err := decodeWith(testRegistry(), event.KindChange, "", headers("content-type", content), []byte(two), event.Meta{ArrivedAt: arrived})
		if err != nil || len(batch.Changes) != 2 || len(refused) != 1 || refused[0].Line != 2 {
			t.Errorf("%q: %d changes, refused %s, %v", content, len(batch.Changes), errorsOf(refused), err)
		}
	}
}

// One member of a list that is refused holds back none of its neighbours, and is
// named by its place.
func TestABadMemberOfAListIsAlone(t *testing.T) {
	for _, c := range []struct{ format, payload, at, named string }{
		{"alertmanager", "mixed_group", "alerts.0", "alerts[0]"},
		{"grafana", "firing_and_resolved", "alerts.1", "alerts[1]"},
		{"gitlab", "pipeline", "builds.1", "builds[1]"},
	} {
		whole, _ := decodeAs(t, c.format, headers(), read(t, "testdata/"+c.format+"/"+c.payload+".json"))
		rest, refused := decodeAs(t, c.format, headers(), without(t, c.format, c.payload, `"text"`, c.at))
		index, _ := strconv.Atoi(c.at[strings.LastIndex(c.at, ".")+1:])
		if len(refused) != 1 || refused[0].Line != index+1 || !strings.HasPrefix(refused[0].Err.Path, c.named) || rest.Len() != whole.Len()-1 {
			t.Errorf("%s: %d of %d events, refused %s", c.format, rest.Len(), whole.Len(), errorsOf(refused))
		}
	}
}
