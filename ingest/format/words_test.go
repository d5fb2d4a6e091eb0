package format

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
)

// edited is a payload of testdata with other values in some places.
func edited(t *testing.T, payload string, edits map[string]string) []byte {
	t.Helper()
	var document any
	if err := json.Unmarshal(read(t, "testdata/"+payload+".json"), &document); err != nil {
		t.Fatal(err)
	}
	for _, path := range slices.Sorted(maps.Keys(edits)) {
		document = with(document, place(path), json.RawMessage(edits[path]))
	}
	body, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// fieldsOf decodes a payload with some values changed, and reads fields of what it
// becomes by their paths in the contract's words, in JSON; absent ones are empty.
func fieldsOf(t *testing.T, registry *Registry, payload string, edits map[string]string, paths ...string) []string {
	t.Helper()
	format, _, _ := strings.Cut(payload, "/")
	batch, refused, err := decodeWith(registry, "", format, headers(), edited(t, payload, edits), event.Meta{ArrivedAt: arrived})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(goldenOf(batch, refused))
	if err != nil {
		t.Fatal(err)
	}
	fields := make([]string, len(paths))
	for i, path := range paths {
		var at any
		if err := json.Unmarshal(text, &at); err != nil {
			t.Fatal(err)
		}
		for _, step := range place(path) {
			switch v := at.(type) {
			case map[string]any:
				at = v[step.(string)]
			case []any:
				if n := step.(int); n < len(v) {
					at = v[n]
				} else {
					at = nil
				}
			}
		}
		if at == nil {
			continue
		}
		field, err := json.Marshal(at)
		if err != nil {
			t.Fatal(err)
		}
		fields[i] = string(field)
	}
	return fields
}

// A word of a vendor that no decoder knows costs its event or its meaning. Each
// one that the tables list is sent once.
func TestEveryWordOfAVendorHasItsMeaning(t *testing.T) {
	const status, kind = "changes.0.status", "changes.0.kind"
	for _, c := range []struct {
		payload, field, read string
		words                map[string]string
	}{
		{"argocd/succeeded", "operation.phase", status, map[string]string{"Running": "in_progress", "Terminating": "in_progress", "Succeeded": "succeeded", "Failed": "failed", "Error": "failed", "succeeded": ""}},
		{"flux/succeeded", "reason", status, map[string]string{
			"Progressing": "in_progress", "ReconciliationSucceeded": "succeeded", "ReconciliationFailed": "failed", "HealthCheckFailed": "failed", "PruneFailed": "failed",
			"InstallSucceeded": "succeeded", "InstallFailed": "failed", "UpgradeSucceeded": "succeeded", "UpgradeFailed": "failed", "TestFailed": "failed",
			"RollbackSucceeded": "succeeded", "RollbackFailed": "failed", "UninstallSucceeded": "succeeded", "UninstallFailed": "failed", "ArtifactUpToDate": "",
		}},
		{"flux/succeeded", "reason", kind, map[string]string{
			"Progressing": "deploy", "PruneFailed": "deploy", "InstallFailed": "deploy", "TestFailed": "deploy", "RollbackSucceeded": "rollback",
			"RollbackFailed": "rollback", "UninstallSucceeded": "infrastructure", "UninstallFailed": "infrastructure",
		}},
		{"github/deployment_status_success", "deployment_status.state", status, map[string]string{
			"pending": "in_progress", "queued": "in_progress", "waiting": "in_progress", "in_progress": "in_progress", "success": "succeeded",
			"failure": "failed", "error": "failed", "inactive": "",
		}},
		{"gitlab/deployment_success", "status", status, map[string]string{
			"running": "in_progress", "success": "succeeded", "failed": "failed", "canceled": "cancelled", "canceling": "in_progress", "created": "", "skipped": "",
		}},
		{"gitlab/merge_request_approved", "object_attributes.action", "changes.0.pull_requests.0.reviews.0.state", map[string]string{
			"approved": "approved", "approval": "approved", "unapproved": "unapproved", "unapproval": "unapproved", "open": "",
		}},
		{"datadog/monitor_triggered", "transition", "alerts.0.status", map[string]string{
			"Triggered": "firing", "Warn": "firing", "No Data": "firing", "Recovered": "resolved", "No Data Recovered": "resolved", "Warn Recovered": "resolved", "Renotify": "", "Re-Triggered": "",
		}},
		{"datadog/change_of_flag", "data.attributes.attributes.changed_resource.type", kind, map[string]string{
			"feature_flag": "feature_flag", "configuration": "config", "metric_configuration": "config", "deployment": "deploy", "dashboard": "other",
		}},
		{"opsgenie/created", "action", "alerts.0.status", map[string]string{
			"Create": "firing", "Acknowledge": "firing", "UnAcknowledge": "firing", "UpdatePriority": "firing", "Escalate": "firing",
			"Close": "resolved", "Delete": "resolved", "AddNote": "",
		}},
		{"opsgenie/created", "alert.priority", "alerts.0.severity", map[string]string{"P1": "critical", "P2": "high", "P3": "warning", "P4": "info", "P5": "info", "1": "critical", "p3": "warning", "": ""}},
		{"launchdarkly/flag_on", "accesses.0.action", kind, map[string]string{
			"updateOn": "feature_flag", "updateRules": "feature_flag", "updateName": "", "updateDescription": "", "updateTags": "", "updateMaintainer": "", "updateTemporary": "",
			"updateIncludeInSnippet": "", "addReviewer": "", "createApprovalRequest": "", "reviewApprovalRequest": "", "updateFlagConfigMigrationSettings": "",
			"createFlagLink": "", "deleteFlagLink": "", "deleteFlag": "feature_flag",
		}},
		{"pagerduty-change/deployed", "payload.custom_details.build_state", status, map[string]string{
			"passed": "succeeded", "failed": "failed", "FAILURE": "failed", "error": "failed", "errored": "failed", "unstable": "failed",
			"canceled": "cancelled", "cancelled": "cancelled", "aborted": "cancelled",
		}},
	} {
		for word, want := range c.words {
			got := fieldsOf(t, testRegistry(), c.payload, map[string]string{c.field: fmt.Sprintf("%q", word)}, c.read)[0]
			if strings.Trim(got, `"`) != want {
				t.Errorf("%s with %s %q: %s is %s, want %s", c.payload, c.field, word, c.read, got, want)
			}
		}
	}
}

// A rule that an installation writes for a vendor's thing names its service. One
// that is asked for by another word than docs/formats.md says is never found.
func TestARuleForEachAttributeNamesTheService(t *testing.T) {
	for _, c := range []struct {
		payload, attribute, value, read string
		edits                           map[string]string
	}{
		{"argocd/succeeded", "application", "checkout-eu", "changes.0.services.0", nil},
		{"argo-rollouts/completed", "rollout", "shop/checkout", "changes.0.services.0", nil},
		{"flux/succeeded", "object", "shop/basket", "changes.0.services.0", nil},
		{"flux/succeeded", "object", "basket", "changes.0.services.0", nil},
		{"flux/succeeded", "service", "cart", "changes.0.services.0", map[string]string{"metadata.service": `"cart"`}},
		{"datadog/monitor_triggered", "service", "checkout", "alerts.0.service", nil},
		{"datadog/change_of_flag", "service", "payments", "changes.0.services.0", nil},
		{"datadog/change_of_flag", "service", "cart", "changes.0.services.0", map[string]string{
			"data.attributes.attributes.impacted_resources": `[]`, "data.attributes.tags": `["service:cart"]`,
		}},
		{"datadog/change_of_flag", "resource", "fallback-payments", "changes.0.services.0", map[string]string{"data.attributes.attributes.impacted_resources": `[]`}},
		{"datadog/deployment", "service", "checkout", "changes.0.services.0", nil},
		{"opsgenie/created", "service", "checkout", "alerts.0.service", nil},
		{"opsgenie/service_by_entity", "entity", "checkout-eu", "alerts.0.service", map[string]string{"alert.entity": `"checkout-eu"`}},
		{"launchdarkly/flag_on", "flag", "new-cart", "changes.0.services.0", nil},
		{"launchdarkly/flag_on", "project", "orchard", "changes.0.services.0", nil},
		{"pagerduty-change/deployed", "service", "checkout", "changes.0.services.0", nil},
		{"pagerduty-change/deployed", "service", "cart", "changes.0.services.0", map[string]string{"payload.custom_details": `{"service_name":"cart"}`}},
		{"pagerduty-change/deployed", "source", "ci.orchard.example", "changes.0.services.0", map[string]string{"payload.custom_details": `{}`}},
		{"pagerduty/triggered", "service.summary", "Checkout (prod)", "alerts.0.service", nil},
		{"pagerduty/triggered", "service.id", "PSVC001", "alerts.0.service", nil},
		{"alertmanager/mixed_group", "service", "checkout", "alerts.0.service", nil},
	} {
		format, _, _ := strings.Cut(c.payload, "/")
		cfg := DefaultConfig()
		cfg.Services = Rules{
			{Source: "another", Attribute: c.attribute, Value: c.value, Service: "of another source"},
			{Source: format, Attribute: "another", Value: c.value, Service: "of another attribute"},
			{Source: format, Attribute: c.attribute, Value: c.value, Service: "by-rule"},
		}
		if got := fieldsOf(t, NewRegistry(cfg), c.payload, c.edits, c.read)[0]; got != `"by-rule"` {
			t.Errorf("%s, %s %s: %s", c.payload, c.attribute, c.value, got)
		}
	}
}

// Senders call the same thing by several names; each is tried where the ones
// before it are absent.
func TestEveryNameThatAFieldGoesByIsRead(t *testing.T) {
	type edits = map[string]string
	labelled := func(name string) edits {
		return edits{"alerts": fmt.Sprintf(`[{"status":"firing","startsAt":"2026-11-19T09:04:00Z","fingerprint":"f","labels":{"alertname":"A","service":"s",%q:"x"}}]`, name)}
	}
	tagged := func(name string) edits { return edits{"tags": fmt.Sprintf(`"service:s,%s:x"`, name), "host": `""`} }
	posted := func(name string) edits { return edits{"data.attributes.tags": fmt.Sprintf(`["%s:x"]`, name)} }
	detail := func(name string) edits {
		return edits{"payload.custom_details": fmt.Sprintf(`{"service":"s",%q:"x"}`, name)}
	}
	for _, c := range []struct {
		payload, read string
		edit          func(name string) edits
		names         []string
	}{
		{"alertmanager/mixed_group", "alerts.0.environment", labelled, []string{"environment", "env", "deployment_environment", "deployment_environment_name"}},
		{"alertmanager/mixed_group", "alerts.0.region", labelled, []string{"region", "cloud_region", "aws_region"}},
		{"alertmanager/mixed_group", "alerts.0.instance", labelled, []string{"instance", "pod", "service_instance_id"}},
		{"alertmanager/mixed_group", "alerts.0.version", labelled, []string{"version", "service_version", "app_kubernetes_io_version"}},
		{"datadog/monitor_triggered", "alerts.0.environment", tagged, []string{"env", "environment"}},
		{"datadog/monitor_triggered", "alerts.0.region", func(name string) edits { return edits{"scope": `""`, "tags": fmt.Sprintf(`"service:s,%s:x"`, name)} }, []string{"region", "datacenter"}},
		{"datadog/monitor_triggered", "alerts.0.instance", tagged, []string{"pod_name", "host"}},
		{"datadog/monitor_triggered", "alerts.0.version", tagged, []string{"version"}},
		{"datadog/change_of_flag", "changes.0.environment", posted, []string{"env", "environment"}},
		{"datadog/change_of_flag", "changes.0.regions.0", posted, []string{"region", "datacenter"}},
		{"datadog/change_of_flag", "changes.0.version", posted, []string{"version"}},
		{"pagerduty-change/deployed", "changes.0.environment", detail, []string{"environment", "env"}},
		{"pagerduty-change/deployed", "changes.0.version", detail, []string{"version", "revision", "commit", "sha"}},
		{"pagerduty-change/deployed", "changes.0.actor.id", detail, []string{"user", "author", "username"}},
		{"pagerduty-change/deployed", "changes.0.labels.repository", detail, []string{"repo", "repository"}},
		{"argocd/succeeded", "changes.0.environment", func(name string) edits { return edits{"labels": fmt.Sprintf(`{%q:"x"}`, name)} }, []string{"environment", "env"}},
		{"argo-rollouts/completed", "changes.0.environment", func(name string) edits { return edits{"labels": fmt.Sprintf(`{%q:"x"}`, name)} }, []string{"environment", "env"}},
		{"argo-rollouts/completed", "changes.0.regions.0", func(name string) edits { return edits{"labels": fmt.Sprintf(`{%q:"x"}`, name)} }, []string{"region", "topology.kubernetes.io/region"}},
		{"argo-rollouts/completed", "changes.0.services.0", func(name string) edits { return edits{"labels": fmt.Sprintf(`{%q:"x"}`, name)} }, []string{"service", "app.kubernetes.io/name"}},
		{"flux/succeeded", "changes.0.environment", func(name string) edits { return edits{"metadata": fmt.Sprintf(`{%q:"x"}`, name)} }, []string{"environment", "env"}},
		{"opsgenie/created", "alerts.0.environment", func(name string) edits { return edits{"alert.tags": fmt.Sprintf(`["service:s","%s: x"]`, name)} }, []string{"environment", "env"}},
	} {
		for _, name := range c.names {
			if got := fieldsOf(t, testRegistry(), c.payload, c.edit(name), c.read)[0]; got != `"x"` {
				t.Errorf("%s by %s: %s is %s", c.payload, name, c.read, got)
			}
		}
	}
	const sha = "c0ffee0000000000000000000000000000000a1b"
	for _, name := range []string{"revision", "commit", "sha", "commit_sha"} {
		edit := edits{"payload.custom_details": fmt.Sprintf(`{"service":"s",%q:%q}`, name, sha)}
		got := fieldsOf(t, testRegistry(), "pagerduty-change/deployed", edit, "changes.0.commits.0.sha")[0]
		if got != `"`+sha+`"` {
			t.Errorf("a commit by %s: %s", name, got)
		}
	}
	for _, name := range []string{"version", "revision", "build_number", "commit", "sha", "release"} {
		if got := fieldsOf(t, testRegistry(), "pagerduty-change/deployed", detail(name), "changes.0.kind")[0]; got != `"deploy"` {
			t.Errorf("with a %s it is %s", name, got)
		}
	}
	for _, name := range []string{"kind", "change_type"} {
		edit := edits{"payload.custom_details": fmt.Sprintf(`{"service":"s",%q:"Config"}`, name)}
		if got := fieldsOf(t, testRegistry(), "pagerduty-change/deployed", edit, "changes.0.kind")[0]; got != `"config"` {
			t.Errorf("a kind by %s: %s", name, got)
		}
	}
}

// Every word by which senders tell how bad it is, and what is measured, at least
// once: a typing error in a table would go unseen until an alert has no severity.
func TestEverySeverityAndSignalWordIsKnown(t *testing.T) {
	for want, words := range map[correlate.Severity]string{
		correlate.SeverityCritical: "critical crit page emergency fatal disaster p1 sev1",
		correlate.SeverityHigh:     "high error major p2 sev2",
		correlate.SeverityWarning:  "warning warn medium minor ticket p3 sev3",
		correlate.SeverityInfo:     "info informational notice low p4 p5",
	} {
		for _, word := range strings.Fields(words) {
			if got := severity(word); got != want {
				t.Errorf("%s is %q, want %q", word, got, want)
			}
		}
	}
	for want, words := range map[correlate.Signal]string{
		correlate.SignalAISafety:     "Guardrail,Jailbreak,Prompt injection,Toxic,Hallucination,off-topic,offtopic,Unsafe output,Moderation",
		correlate.SignalSecurity:     "Security,Intrusion,Unauthorized,Bruteforce,brute force,WAF,DDoS",
		correlate.SignalErrors:       "Error,5xx,4xx,Exception,Failure,Failing,Failed,Panic",
		correlate.SignalLatency:      "Latency,Slow,Duration,response time,ResponseTime,p99,p95,Timeout",
		correlate.SignalAvailability: "Down,Unavailable,Availability,Unreachable,Absent,CrashLoop,NotReady,not ready,Outage,Probe,Missing",
		correlate.SignalSaturation:   "Saturation,CPU,Memory,OOM,Disk,Queue,Backlog,Lag,Throttling,Quota,Full,Exhausted,Connections,Capacity",
		correlate.SignalTraffic:      "Traffic,request rate,RequestRate,Throughput,RPS,QPS",
		correlate.SignalBusiness:     "Orders,Revenue,Conversion,Checkouts,Signups,Payments per minute",
	} {
		for word := range strings.SplitSeq(words, ",") {
			if got := guessSignal("x", word); got != want {
				t.Errorf("%s is %q, want %q", word, got, want)
			}
		}
	}
	// Two texts are not one: the end of one and the start of the next make no word.
	if got := guessSignal("app x", "5xx"); got != correlate.SignalErrors {
		t.Errorf("%q", got)
	}
	if got := guessSignal("Wind", "own goal"); got != "" {
		t.Errorf("%q between two texts", got)
	}
}

// What a sender leaves out stays out: no empty label, link, actor or commit may
// stand for it, which a page would show and a fold would take for news.
func TestWhatIsAbsentInAPayloadIsAbsentInItsEvent(t *testing.T) {
	for _, c := range []struct {
		payload string
		edits   map[string]string
		want    map[string]string
	}{
		{"argocd/succeeded", map[string]string{"images": "null"}, map[string]string{"changes.0.extra": ""}},
		{"argo-rollouts/aborted", map[string]string{"abortedAt": "null"}, map[string]string{"changes.0.finished_at": `"2026-11-19T09:09:00Z"`, "changes.0.started_at": `"2026-11-19T09:09:00Z"`}},
		{"argo-rollouts/aborted", map[string]string{"abortedAt": `"2026-11-19T09:10:00Z"`}, map[string]string{"changes.0.finished_at": `"2026-11-19T09:09:00Z"`, "changes.0.started_at": `"2026-11-19T09:09:00Z"`}},
		{"argo-rollouts/aborted", map[string]string{"abortedAt": `"soon"`}, map[string]string{"changes.0": "", "rejected.0": `"1: abortedAt: \"soon\" is not an RFC 3339 time; send a time such as 2026-11-19T09:00:00Z"`}},
		{"argo-rollouts/aborted", nil, map[string]string{"changes.0.rollout": "", "changes.0.finished_at": `"2026-11-19T09:08:58Z"`}},
		{"argo-rollouts/step_done", map[string]string{"weight": "null", "step": "2"}, map[string]string{"changes.0.rollout.0.percent": "10"}},
		{"argo-rollouts/step_done", map[string]string{"weight": "null", "step": "3"}, map[string]string{"changes.0.rollout.0.percent": "50"}},
		{"argo-rollouts/step_done", map[string]string{"weight": "null", "step": "null"}, map[string]string{"changes.0.rollout": ""}},
		{"argo-rollouts/step_done", map[string]string{"weight": "0.5"}, map[string]string{"changes.0.rollout.0.percent": "0.5"}},
		{"datadog/change_of_flag", map[string]string{"data.attributes.attributes.author": `{"type":"user"}`, "data.attributes.attributes.new_value": "null"}, map[string]string{
			"changes.0.actor": "", "changes.0.extra.new_value": "", "changes.0.extra.prev_value": `{"percent":10}`,
		}},
		{"datadog/change_of_flag", map[string]string{"data.attributes.attributes.impacted_resources": `[{"name":"x","type":"host"},{"name":"","type":"service"},{"name":"cart"}]`}, map[string]string{"changes.0.services": `["cart"]`}},
		{"datadog/deployment", map[string]string{"data.attributes.version": `""`}, map[string]string{"changes.0.version": `"c0ffee0000000000000000000000000000000a1b"`}},
		{"datadog/monitor_triggered", map[string]string{"title": `""`}, map[string]string{"alerts.0.name": `"monitor 55012"`}},
		{"opsgenie/created", map[string]string{"alert.message": `""`}, map[string]string{"alerts.0.name": `"alert 0f00ba40-0000-4000-8000-000000000001"`}},
		{"opsgenie/created", map[string]string{"alert.tags": `["service:","service:s","env:"]`}, map[string]string{"alerts.0.service": `"s"`, "alerts.0.environment": ""}},
		{"opsgenie/created", map[string]string{"alert.updatedAt": "0"}, map[string]string{"alerts.0.observed_at": ""}},
		{"launchdarkly/flag_on", map[string]string{"member": `{"firstName":"Ada"}`, "titleVerb": `""`}, map[string]string{"changes.0.actor": "", "changes.0.title": `"new-cart: updateOn in production"`}},
		{"launchdarkly/flag_on", map[string]string{"member": "null"}, map[string]string{"changes.0.actor": ""}},
		{"launchdarkly/flag_on", map[string]string{"member.email": `""`}, map[string]string{"changes.0.actor.id": `"m1"`}},
		{"launchdarkly/flag_on", map[string]string{"_links.site.href": `"https://flags.example/x"`}, map[string]string{"changes.0.links.run": `"https://flags.example/x"`}},
		{"launchdarkly/rules_in_two_environments", map[string]string{"titleVerb": `""`, "accesses.2.resource": `"proj/other:env/production:flag/new-cart"`}, map[string]string{
			"changes.0.title": `"new-cart: updateRules, updateFallthrough in production"`, "changes.1.labels.project": `"other"`, "changes.2": "",
		}},
		{"launchdarkly/rules_in_two_environments", map[string]string{"accesses.2.resource": `"proj/orchard:env/production:flag/old-cart"`}, map[string]string{
			"changes.0.labels.flag": `"new-cart"`, "changes.1.labels.flag": `"old-cart"`, "changes.1.id": `"66a0c0ffee00000000000002:production:old-cart"`,
		}},
		{"flux/succeeded", map[string]string{"involvedObject.uid": `""`}, map[string]string{
			"changes.0.id": `"Kustomization/shop/basket:main@sha1:c0ffee0000000000000000000000000000000a1b"`, "changes.0.labels.env": `"prod"`,
		}},
		{"flux/succeeded", map[string]string{"metadata": `{"empty":"","example.com/revision":"other@sha1:1","kustomize.toolkit.fluxcd.io/revision":"main@sha1:c0ffee0000000000000000000000000000000a1b"}`}, map[string]string{
			"changes.0.version": `"c0ffee0000000000000000000000000000000a1b"`, "changes.0.labels.empty": "",
		}},
		{"github/deployment_status_success", map[string]string{"deployment.sha": `""`, "repository.html_url": `""`, "deployment_status.log_url": `""`, "deployment_status.target_url": `""`}, map[string]string{
			"changes.0.commits": "", "changes.0.links.run": "", "changes.0.links.diff": "",
		}},
		{"gitlab/pipeline", map[string]string{"project.web_url": `""`}, map[string]string{"changes.0.links.run": "", "changes.0.links.diff": ""}},
		{"gitlab/pipeline", map[string]string{"builds.1.user": `{"id":15,"username":"tomas"}`}, map[string]string{"changes.0.actor.id": `"tomas"`}},
		{"gitlab/pipeline", map[string]string{"builds.1.user": "null"}, map[string]string{"changes.0.actor.id": `"mira"`}},
		{"gitlab/pipeline", map[string]string{"builds.1.name": `""`}, map[string]string{"changes.0.title": `"orchard/shop/checkout: deployment to production"`}},
		{"gitlab/pipeline", map[string]string{"builds.1.environment.action": `""`}, map[string]string{"changes.0.labels.job": `"deploy-eu"`}},
		{"gitlab/pipeline", map[string]string{"builds.1.environment.action": `"prepare"`}, map[string]string{"changes.0.labels.job": `"migrate-orders"`}},
		{"gitlab/pipeline", map[string]string{"builds.1.environment.name": `""`}, map[string]string{"changes.0.labels.job": `"migrate-orders"`}},
		{"gitlab/pipeline", map[string]string{"builds.1.status": `"canceled"`, "builds.1.started_at": "null"}, map[string]string{"changes.0.labels.job": `"migrate-orders"`}},
		{"gitlab/pipeline", map[string]string{"builds.1.status": `"running"`}, map[string]string{"changes.0.finished_at": "", "changes.0.observed_at": `"2026-11-19T09:00:02Z"`}},
		{"gitlab/pipeline", map[string]string{"builds.1.finished_at": "null"}, map[string]string{"changes.0.finished_at": "", "changes.0.status": `"succeeded"`}},
		{"gitlab/merge_request_approved", map[string]string{"object_attributes.last_commit": "null"}, map[string]string{"changes.0.commits": ""}},
		{"gitlab/merge_request_approved", map[string]string{"object_attributes.last_commit.id": `""`}, map[string]string{"changes.0.commits": ""}},
		{"gitlab/merge_request_approved", map[string]string{"object_attributes.author_id": "0", "assignees.0.id": "0"}, map[string]string{"changes.0.pull_requests.0.author": ""}},
		{"gitlab/merge_request_approved", map[string]string{"assignees.0.username": `"project_4100_bot_1a2b"`}, map[string]string{
			"changes.0.pull_requests.0.author": `{"login":"project_4100_bot_1a2b","type":"Bot"}`,
		}},
		{"gitlab/merge_request_merged", map[string]string{"object_attributes.last_commit": "null", "object_attributes.squash_commit_sha": `""`}, map[string]string{"changes.0.commits.1": ""}},
		{"gitlab/merge_request_merged", map[string]string{"object_attributes.last_commit.id": `""`, "object_attributes.squash_commit_sha": `""`}, map[string]string{"changes.0.commits.1": ""}},
		{"gitlab/merge_request_merged", map[string]string{"object_attributes.last_commit.id": `"ab"`, "object_attributes.merge_commit_sha": `"ab"`, "object_attributes.squash_commit_sha": `""`}, map[string]string{"changes.0.commits.1": ""}},
		{"gitlab/merge_request_merged", map[string]string{"object_attributes.last_commit.id": `"ab"`, "object_attributes.merge_commit_sha": `""`, "object_attributes.squash_commit_sha": `"ab"`}, map[string]string{"changes.0.commits.1": ""}},
		{"github/pull_request_merged", map[string]string{"pull_request.merge_commit_sha": `"cc00000000000000000000000000000000000003"`}, map[string]string{"changes.0.commits.1": ""}},
		{"github/pull_request_merged", map[string]string{"pull_request.head.sha": `""`}, map[string]string{"changes.0.commits.1": ""}},
		{"pagerduty-change/deployed", map[string]string{"payload.custom_details.services": `["a","b"]`}, map[string]string{"changes.0.services": `["a","b"]`}},
		{"pagerduty-change/deployed", map[string]string{"payload.custom_details.services": `[]`}, map[string]string{"changes.0.services": `["checkout"]`}},
		{"pagerduty-change/deployed", map[string]string{"links": `[{"href":"1","text":"Rollback"},{"href":"2","text":"Diff"},{"href":"3","text":"x"},{"href":"4","text":"y"}]`}, map[string]string{"changes.0.links": `{"diff":"2","rollback":"1","run":"3"}`}},
		{"pagerduty-change/deployed", map[string]string{"links": `[{"href":"1","text":"Revert it"},{"href":"2","text":"Pull request 7"}]`}, map[string]string{"changes.0.links": `{"diff":"2","rollback":"1"}`}},
		{"pagerduty-change/deployed", map[string]string{"links": `[{"href":"2","text":"Compare"}]`}, map[string]string{"changes.0.links": `{"diff":"2"}`}},
		{"pagerduty/triggered", map[string]string{"event.data.number": "0", "event.data.teams": `[{"summary":""},{"summary":"A"},{"summary":"B"}]`, "event.data.title": `""`}, map[string]string{
			"alerts.0.labels.number": "", "alerts.0.labels.teams": `"A,B"`, "alerts.0.name": `"incident QINC0001"`,
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

// Two controllers may each name a revision. Were it taken by the chance of a
// map's order, a replay would make a second change of the same event.
func TestARevisionOfFluxIsTheSameInEveryReplay(t *testing.T) {
	edits := map[string]string{"metadata": `{"source.toolkit.fluxcd.io/revision":"1","kustomize.toolkit.fluxcd.io/revision":"2","helm.toolkit.fluxcd.io/revision":"3"}`}
	for range 32 {
		if got := fieldsOf(t, testRegistry(), "flux/succeeded", edits, "changes.0.version")[0]; got != `"3"` {
			t.Fatalf("the version is %s, the first group by name says 3", got)
		}
	}
}
