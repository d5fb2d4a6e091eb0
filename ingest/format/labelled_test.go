//go:build labelled

package format

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/internal/event"
	"github.com/faultline/faultline/internal/testenv"
)

// sample reads a payload of a real system. They belong to their projects.
func sample(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(testenv.Labelled(t, filepath.Join("payloads", name)))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestPayloadsOfRealSystemsAreRead(t *testing.T) {
	for path, want := range map[string][]string{
		"github/deployment.json":                       {"186853002:deployment:145988746 deploy in_progress [Hello-World] in production 2019-05-15T15:20:53Z f95f852bd8fca8fcc58a9a2d6c842781e32a215e commits=1 pulls=0"},
		"github/deployment_status.json":                {"186853002:deployment:145988746 deploy succeeded [Hello-World] in production 2019-05-15T15:20:53Z f95f852bd8fca8fcc58a9a2d6c842781e32a215e commits=1 pulls=0"},
		"github/pull_request.closed.json":              nil,
		"github/pull_request.opened.json":              nil,
		"github/push.json":                             nil,
		"github/push.with-commits.go-playground.json":  {"63933911:push:refs/heads/master:fd489864e7642b48eaad6e3f155c10e46810ec72 other succeeded [sample_app] in repository 2018-06-29T14:04:35Z fd489864e7642b48eaad6e3f155c10e46810ec72 commits=1 pulls=0"},
		"github/push.with-new-branch.json":             {"186853002:push:refs/heads/master:6113728f27ae82c7b1a177c8d03f9e96e0adf246 other succeeded [Hello-World] in repository 2019-05-15T15:20:57Z 6113728f27ae82c7b1a177c8d03f9e96e0adf246 commits=1 pulls=0"},
		"alertmanager/captured-v0.34.2.firing.json":    {"ab44a601aae46efb firing HighErrorRate of checkout in production 2026-11-23T04:00:00Z critical errors", "eeb013b1ddb1acb4 firing HighErrorRate of checkout in production 2026-11-23T04:00:30Z critical errors"},
		"alertmanager/captured-v0.34.2.mixed.json":     {"ab44a601aae46efb resolved HighErrorRate of checkout in production 2026-11-23T04:00:00Z critical errors", "eeb013b1ddb1acb4 firing HighErrorRate of checkout in production 2026-11-23T04:00:30Z critical errors"},
		"pagerduty/v3.incident.triggered.json":         {"pagerduty:PFQZPSY firing Test Incident 3 of pig208 in production 2021-06-04T13:35:29.781Z high "},
		"pagerduty/v3.incident.resolved.json":          {"pagerduty:PCPZE64 resolved Test Incident of pig208 in production 2021-06-04T13:16:53.816Z high "},
		"pagerduty/v2-legacy.incident.trigger.json":    {"refused: messages: is the payload of a V2 webhook; create a V3 webhook subscription"},
		"cdevents/service_deployed.json":               {"271069a8-fc18-44f1-b38f-9d70a1695819 deploy succeeded [mySubject123] in test123 2023-03-20T14:27:05.315Z sha256:0b31b1c02ff458ad9b7b81cbdf8f028bd54699fa151f221d1e8de6817db93427 commits=0 pulls=0"},
		"cdevents/service_rolledback.json":             {"271069a8-fc18-44f1-b38f-9d70a1695819 rollback succeeded [mySubject123] in test123 2023-03-20T14:27:05.315Z sha256:0b31b1c02ff458ad9b7b81cbdf8f028bd54699fa151f221d1e8de6817db93427 commits=0 pulls=0"},
		"cdevents/service_published.json":              {"271069a8-fc18-44f1-b38f-9d70a1695819 infrastructure succeeded [mySubject123] in test123 2023-03-20T14:27:05.315Z  commits=0 pulls=0"},
		"cdevents/environment_modified.json":           {"271069a8-fc18-44f1-b38f-9d70a1695819 infrastructure succeeded [] in mySubject123 2023-03-20T14:27:05.315Z  commits=0 pulls=0"},
		"cdevents/change_merged.json":                  {"271069a8-fc18-44f1-b38f-9d70a1695819 other succeeded [TestOrg] in repository 2023-03-20T14:27:05.315Z  commits=0 pulls=0"},
		"cdevents/incident_detected.json":              {"/monitoring/prod1#incident-123 firing incident incident-123 of myApp in prod1 2022-11-11T13:52:20.079Z  latency"},
		"grafana/webhook.firing.v11.json":              {"1:e6349a25f5ef0e9e firing Memory (copy) of device in production 2024-03-01T02:09:00Z  saturation"},
		"argocd/rendered.correlator-template.json":     {"94978696-4fd4-40b3-a1de-38d9df9e9316:2024-03-05T07:33:03Z deploy succeeded [velero-test] in production 2024-03-05T07:33:03Z ea8759964626a583667a2bfd08f334ec2070040a commits=1 pulls=0"},
		"gitlab/deployment.json":                       {"30:job:796 deploy succeeded [test-deployment-webhooks] in staging 2021-04-28T19:50:00Z 1.0.0 commits=1 pulls=0"},
		"gitlab/merge_request.json":                    nil,
		"gitlab/pipeline.json":                         nil,
		"gitlab/push.json":                             {"15:push:refs/heads/master:da1560886d4f094c3e6c9ef40349f7d38b5d27d7 other succeeded [diaspora] in repository 2012-01-03T21:36:29Z da1560886d4f094c3e6c9ef40349f7d38b5d27d7 commits=2 pulls=0"},
		"gitlab/feature_flag.json":                     nil,
		"gitlab/release.json":                          nil,
		"flux/event.generic-webhook.json":              nil,
		"datadog/api.v1.events.json":                   {`refused: schema: "" is not "datadog/v1", and there is no data of an event; use the payload of docs/formats.md in the webhook, or post the body that the Events API takes`},
		"datadog/api.v2.events.change.json":            {"fd5bd3feda3b14ff feature_flag succeeded [payments_api] in api_client_test 2026-11-21T12:00:00Z  commits=0 pulls=0"},
		"pagerduty/events-v2.change.go-pagerduty.json": {"8001275a1e46dd1d other succeeded [Test runner] in production 2020-10-19T03:06:16.318Z  commits=0 pulls=0"},
		"cdevents/artifact_published.json":             nil,
		"cdevents/pipelinerun_finished.json":           nil,
	} {
		t.Run(path, func(t *testing.T) {
			name := strings.Replace(filepath.Dir(path), "cdevents", "cloudevents", 1)
			if strings.Contains(path, "/events-v2.change") {
				name = pagerDutyChangeName
			}
			batch, rejected := decodeAs(t, name, headers(), sample(t, path))
			if diff := cmp.Diff(want, keyFields(batch, rejected)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestKafkaRecordsOfBothModesAreRead(t *testing.T) {
	want := []string{"271069a8-fc18-44f1-b38f-9d70a1695819 deploy succeeded [mySubject123] in test123 2023-03-20T14:27:05.315Z sha256:0b31b1c02ff458ad9b7b81cbdf8f028bd54699fa151f221d1e8de6817db93427 commits=0 pulls=0"}
	for _, mode := range []string{"binary", "structured"} {
		var record struct {
			Headers map[string]string `json:"headers"`
			Value   json.RawMessage   `json:"value"`
		}
		if err := json.Unmarshal(sample(t, "kafka/cloudevents."+mode+".cdevents-service-deployed.json"), &record); err != nil {
			t.Fatal(err)
		}
		header := func(name string) string { return record.Headers[strings.ToLower(name)] }
		batch, rejected, err := decodeWith(testRegistry(), event.KindChange, "", header, record.Value, event.Meta{ArrivedAt: arrived})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, keyFields(batch, rejected)); diff != "" {
			t.Errorf("%s mode (-want +got):\n%s", mode, diff)
		}
	}
}
