package format

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/internal/event"
)

// A payload may differ from the usual one by a single value that turns its
// meaning. Each row is such a value, and what becomes of the event.
func TestOneValueTurnsTheMeaning(t *testing.T) {
	const first, refusal = "changes.0.id", "rejected.0"
	none := map[string]string{first: "", "alerts.0.id": "", refusal: ""}
	for _, c := range []struct {
		payload string
		edits   map[string]string
		want    map[string]string
	}{
		// GitHub: what changed nothing says nothing, what is absent stays absent.
		{"github/push", map[string]string{"deleted": "true"}, none},
		{"github/push", map[string]string{"commits": "[]"}, none},
		{"github/push", map[string]string{"repository.pushed_at": "null", "head_commit": "null"}, map[string]string{
			first: "", refusal: `"1: repository.pushed_at: is missing; send the payload as the vendor defines it"`,
		}},
		{"github/push", map[string]string{"commits.0.author": "null"}, map[string]string{"changes.0.commits.0.author": "", "changes.0.commits.0.committer.login": `"web-flow"`}},
		{"github/pull_request_merged", map[string]string{"pull_request.updated_at": `"2026-11-18T16:00:00Z"`}, map[string]string{"changes.0.observed_at": `"2026-11-18T16:21:28Z"`}},
		{"github/pull_request_merged", nil, map[string]string{"changes.0.observed_at": `"2026-11-18T16:21:30Z"`}},
		{"github/pull_request_merged", map[string]string{"pull_request.merge_commit_sha": `""`}, map[string]string{
			"changes.0.commits.0.sha": `"cc00000000000000000000000000000000000003"`, "changes.0.commits.1": "",
		}},
		{"github/pull_request_merged", map[string]string{"pull_request.user": "null"}, map[string]string{"changes.0.pull_requests.0.author": "", "changes.0.actor.id": `"jonas"`}},
		{"github/pull_request_review", map[string]string{"review.commit_id": `""`}, map[string]string{"changes.0.commits": "", refusal: ""}},
		{"github/pull_request_review", map[string]string{"review.state": `"dismissed"`, "pull_request.updated_at": `"2026-11-18T15:30:00Z"`}, map[string]string{"changes.0.observed_at": `"2026-11-18T15:30:00Z"`}},
		{"github/pull_request_review", map[string]string{"review.state": `"dismissed"`, "pull_request.updated_at": `"2026-11-18T14:30:00Z"`}, map[string]string{"changes.0.observed_at": `"2026-11-18T15:00:00Z"`}},
		{"github/pull_request_review", map[string]string{"pull_request.updated_at": `"2026-11-18T15:30:00Z"`}, map[string]string{"changes.0.observed_at": `"2026-11-18T15:00:00Z"`}},

		// GitLab: the latest commit is the push, wherever it stands; a job that
		// was cancelled while it ran has changed something.
		{"gitlab/push", map[string]string{"commits.0.timestamp": `"2026-11-19T09:20:00+01:00"`}, map[string]string{"changes.0.started_at": `"2026-11-19T08:20:00Z"`}},
		{"gitlab/push", map[string]string{"project.web_url": `""`}, map[string]string{"changes.0.links.diff": "", refusal: ""}},
		{"gitlab/push", map[string]string{"commits.1.author": "null"}, map[string]string{"changes.0.commits.0.author.name": `"Mira Holt"`, "changes.0.commits.1.author": ""}},
		{"gitlab/deployment_success", map[string]string{"commit_url": `"https://git.orchard.example/orchard/shop/checkout/-/commit/main"`}, map[string]string{"changes.0.commits": "", refusal: ""}},
		{"gitlab/deployment_success", map[string]string{"project.web_url": `""`}, map[string]string{"changes.0.links.rollback": "", refusal: ""}},
		{"gitlab/pipeline", map[string]string{"builds.1.status": `"canceled"`}, map[string]string{"changes.0.labels.job": `"deploy-eu"`, "changes.0.status": `"cancelled"`}},
		{"gitlab/merge_request_merged", map[string]string{"object_attributes.last_commit.id": `""`, "object_attributes.merge_commit_sha": `"ab"`, "object_attributes.squash_commit_sha": `"cd"`}, map[string]string{
			"changes.0.commits.0.sha": `"ab"`, "changes.0.commits.1.sha": `"cd"`, "changes.0.commits.2": "",
		}},

		// PagerDuty: the priority counts where its word is known, else the urgency.
		{"pagerduty/triggered", map[string]string{"messages": "[]"}, map[string]string{"alerts.0.id": `"QINC0001"`, refusal: ""}},
		{"pagerduty/triggered", map[string]string{"event.event_type": `"service.updated"`}, none},
		{"pagerduty/triggered", map[string]string{"event.data.type": `"incident_note"`}, none},
		{"pagerduty/triggered", map[string]string{"event.data.service": `{"id":"","summary":""}`}, map[string]string{
			"alerts.0.id": "", refusal: `"1: event.data.service: is missing; send the payload as the vendor defines it"`,
		}},
		{"pagerduty/triggered", map[string]string{"event.data.created_at": `"soon"`}, map[string]string{
			"alerts.0.id": "", refusal: `"1: event.data.created_at: \"soon\" is not an RFC 3339 time; send a time such as 2026-11-19T09:00:00Z"`,
		}},
		{"pagerduty/triggered", map[string]string{"event.data.priority.summary": `"whenever"`}, map[string]string{"alerts.0.severity": `"high"`, "alerts.0.labels.priority": `"whenever"`}},
		{"pagerduty/triggered", map[string]string{"event.data.priority.summary": `"whenever"`, "event.data.urgency": `"low"`}, map[string]string{"alerts.0.severity": `"warning"`}},
		{"pagerduty/triggered", map[string]string{"event.data.priority": "null", "event.data.urgency": `"maybe"`}, map[string]string{"alerts.0.severity": ""}},
		{"pagerduty/triggered", map[string]string{"event.data.escalation_policy.summary": `""`}, map[string]string{"alerts.0.labels.escalation_policy": "", "alerts.0.labels.priority": `"P1"`}},

		// Argo Rollouts: the hash of the pods does where no revision is told, and
		// the other way round; what was not aborted ended when it was told.
		{"argo-rollouts/degraded", map[string]string{"podHash": `""`}, map[string]string{"changes.0.status": `"failed"`, refusal: ""}},
		{"argo-rollouts/degraded", map[string]string{"revision": `""`}, map[string]string{"changes.0.status": `"failed"`, refusal: ""}},
		{"argo-rollouts/degraded", map[string]string{"abortedAt": `"2026-11-19T09:20:00Z"`}, map[string]string{"changes.0.finished_at": `"2026-11-19T09:30:00Z"`}},
		{"argo-rollouts/degraded", map[string]string{"aborted": "true", "abortedAt": `"2026-11-19T09:20:00Z"`}, map[string]string{"changes.0.finished_at": `"2026-11-19T09:20:00Z"`}},
		{"argo-rollouts/degraded", map[string]string{"weight": "50"}, map[string]string{"changes.0.rollout": ""}},

		// CDEvents: a version is that of a package URL and of nothing else; data
		// of one's own is kept when there is any.
		{"cloudevents/service_deployed", map[string]string{"subject.content.artifactId": `"checkout@1.2"`}, map[string]string{"changes.0.version": "", "changes.0.labels.artifact_id": `"checkout@1.2"`}},
		{"cloudevents/service_deployed", map[string]string{"subject.content.artifactId": `"pkg:oci/checkout@1.2"`}, map[string]string{"changes.0.version": `"1.2"`}},
		{"cloudevents/service_deployed", map[string]string{"customData": "null"}, map[string]string{"changes.0.extra": "", refusal: ""}},
		{"cloudevents/service_deployed", map[string]string{"customData": `"free text"`, "customDataContentType": `"text/plain"`}, map[string]string{first: `"e-service-deployed"`, refusal: ""}},
		{"cloudevents/service_deployed", map[string]string{"context.links.0": "null"}, map[string]string{
			first: "", refusal: `"1: context.links: is no CDEvent that can be read: a link is null; send a CDEvent of the 0.4 or 0.5 specification"`,
		}},
		{"cloudevents/service_deployed", map[string]string{"context.links.0.linkType": `"SIDEWAYS"`}, map[string]string{
			first: "", refusal: `"1: context.links: is no CDEvent that can be read: unsupported link type SIDEWAYS found; send a CDEvent of the 0.4 or 0.5 specification"`,
		}},
		{"cloudevents/service_deployed", map[string]string{"context.links.0.target.contextId": "7"}, map[string]string{
			refusal: `"1: context.links.target.contextId: is of the JSON type number, not string; send the payload as the vendor defines it"`,
		}},
		{"cloudevents/structured_base64", map[string]string{"data_base64": `"not base64!"`}, map[string]string{
			first: "", refusal: `"1: data_base64: is no base64: illegal base64 data at input byte 3; encode the CDEvent in base64, or send it as data"`,
		}},

		// The others.
		{"alertmanager/mixed_group", map[string]string{"alerts.0.fingerprint": `""`}, map[string]string{"alerts.0.service": `"checkout"`, "alerts.1.fingerprint": `"00c0ffee00c0ffef"`, refusal: ""}},
		{"flux/succeeded", map[string]string{"involvedObject.kind": `"HelmChart"`}, none},
		{"launchdarkly/flag_on", map[string]string{"kind": `"project"`}, none},
		{"launchdarkly/flag_on", map[string]string{"date": "0"}, map[string]string{first: "", refusal: `"1: date: is missing; send the payload as the vendor defines it"`}},
		{"datadog/monitor_triggered", map[string]string{"date": `"0"`}, map[string]string{
			"alerts.0.id": "", refusal: `"1: date: \"0\" is no number of milliseconds since 1970; fill it with $DATE"`,
		}},
		{"datadog/change_of_flag", map[string]string{"data.attributes.attributes": "null"}, map[string]string{
			first: "", refusal: `"1: data.attributes.attributes.changed_resource.name: is missing; send the payload as the vendor defines it"`,
		}},
	} {
		paths := slices.Sorted(maps.Keys(c.want))
		want := make([]string, len(paths))
		for i, path := range paths {
			want[i] = c.want[path]
		}
		if diff := cmp.Diff(want, fieldsOf(t, testRegistry(), c.payload, c.edits, paths...)); diff != "" {
			t.Errorf("%s with %v, %v (-want +got):\n%s", c.payload, c.edits, paths, diff)
		}
	}
}

// TestHeadersOfACloudEventDoNotOverruleAFormat: a relay may wrap whatever it
// carries, and the route or record that names a format knows better.
func TestHeadersOfACloudEventDoNotOverruleAFormat(t *testing.T) {
	header := headers("ce-specversion", "1.0", "ce-type", "dev.cdevents.service.deployed.0.3.0", "X-GitHub-Event", "deployment")
	for format, want := range map[string]string{"github": "github", "GitHub": "github", "": "cloudevents", "faultline": "cloudevents", "Faultline": "cloudevents"} {
		payload := map[string]string{"github": "testdata/github/deployment.json", "cloudevents": "testdata/cloudevents/service_deployed.json"}[want]
		batch, refused, err := decodeWith(testRegistry(), "", format, header, read(t, payload), event.Meta{ArrivedAt: arrived})
		if err != nil || refused != nil || len(batch.Changes) != 1 || batch.Changes[0].Format != want {
			t.Errorf("%q: %d changes, refused %s, %v", format, len(batch.Changes), errorsOf(refused), err)
		}
	}
	if testRegistry().Signs("nagios") {
		t.Error("a format that nobody knows signs")
	}
}
