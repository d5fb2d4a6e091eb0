package format

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/internal/event"
)

const nativeChange = `{"id":"d-1","source":"ci","kind":"deploy","started_at":"2026-11-19T09:00:00Z"}`

func TestDecoderIsPickedByNameHeaderAndTopic(t *testing.T) {
	deployed := string(read(t, "testdata/cloudevents/service_deployed.json"))
	structuredBody := string(read(t, "testdata/cloudevents/structured.json"))
	push := string(read(t, "testdata/github/push.json"))
	ce := []string{"ce_specversion", "1.0", "ce_type", "dev.cdevents.service.deployed.0.3.0", "content-type", "application/json"}
	for _, c := range []struct {
		name   string
		kind   event.Kind
		format string
		header []string
		body   string
		want   string
	}{
		{"topic alone", event.KindChange, "", nil, nativeChange, "faultline d-1"},
		{"route of the contract", event.KindChange, "faultline", []string{"Content-Type", "application/json"}, nativeChange, "faultline d-1"},
		{"vendor by header", event.KindChange, "github", nil, push, "github 9001:push:refs/heads/main:aa00000000000000000000000000000000000001"},
		{"vendor in capitals", "", "GitHub", []string{"x-github-event", "push"}, push, "github 9001:push:refs/heads/main:aa00000000000000000000000000000000000001"},
		{"binary mode in Kafka", event.KindChange, "", ce, deployed, "cloudevents e-service-deployed"},
		{"binary mode in HTTP", event.KindChange, "faultline", []string{"Ce-Specversion", "1.0", "Ce-Type", "dev.cdevents.service.deployed.0.3.0"}, deployed, "cloudevents e-service-deployed"},
		{"structured mode", event.KindAlert, "", []string{"Content-Type", "Application/CloudEvents+JSON; charset=UTF-8"}, structuredBody, "cloudevents e-service-deployed"},
		{"bare CDEvent on its route", "", "cloudevents", nil, deployed, "cloudevents e-service-deployed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			batch, rejected, err := decodeWith(testRegistry(), c.kind, c.format, headers(c.header...), []byte(c.body), event.Meta{ArrivedAt: arrived})
			if err != nil || rejected != nil || len(batch.Changes) != 1 {
				t.Fatalf("%d changes, rejected %v, %v", len(batch.Changes), goldenOf(batch, rejected).Rejected, err)
			}
			if got := batch.Changes[0].Format + " " + batch.Changes[0].ID; got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestOneCDEventHasOneUIDInEveryMode(t *testing.T) {
	body := read(t, "testdata/cloudevents/service_deployed.json")
	bare, _ := decodeAs(t, "cloudevents", headers(), body)
	binary, _ := decodeAs(t, "cloudevents", headers("ce_specversion", "1.0", "ce_type", "dev.cdevents.service.deployed.0.3.0"), body)
	envelope := append(append([]byte(`{"specversion":"1.0","type":"dev.cdevents.service.deployed.0.3.0","data":`), strings.TrimSpace(string(body))...), '}')
	inside, rejected := decodeAs(t, "cloudevents", headers("content-type", "application/cloudevents+json"), envelope)
	if rejected != nil {
		t.Fatal(rejected[0].Err)
	}
	if bare.Changes[0].UID != binary.Changes[0].UID {
		t.Error("bare and binary differ")
	}
	again, _ := decodeAs(t, "cloudevents", headers(), []byte(strings.TrimSpace(string(body))))
	if again.Changes[0].UID != inside.Changes[0].UID {
		t.Error("bare and structured differ")
	}
}

func TestUnknownFormatIsNamedWithTheKnownOnes(t *testing.T) {
	_, _, err := decodeWith(testRegistry(), "", "jenkins", headers(), nil, event.Meta{})
	var unknown *event.UnknownFormatError
	if !errors.As(err, &unknown) || unknown.Format != "jenkins" {
		t.Fatalf("err = %v", err)
	}
	if diff := cmp.Diff([]string{
		"alertmanager", "argo-rollouts", "argocd", "cloudevents", "datadog", "faultline", "flux", "github", "gitlab", "grafana",
		"launchdarkly", "opsgenie", "pagerduty", "pagerduty-change",
	}, unknown.Known); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := testRegistry().Verify("jenkins", "s", headers(), nil); !errors.As(err, &unknown) {
		t.Errorf("verify: %v", err)
	}
}

func TestBadEnvelopesAreRefusedByFieldAndMend(t *testing.T) {
	for _, c := range []struct {
		name   string
		kind   event.Kind
		header []string
		body   string
		want   string
	}{
		{"no kind", "", nil, nativeChange, "1: nothing tells whether this is a change, an alert or a topology; send it to the topic or route of its kind"},
		{"empty binary event", "", []string{"ce_specversion", "1.0", "ce_type", "dev.cdevents.x"}, "", "1: data: is missing; send the CDEvent as the data of the CloudEvent"},
		{"binary of something else", "", []string{"ce_specversion", "1.0", "ce_type", "com.orchard.order"}, "{}", `1: ce_type: "com.orchard.order" is not the type of a CDEvent; send CDEvents, or the contract's own JSON without an envelope`},
		{"binary, version 0", "", []string{"ce_specversion", "0.3"}, "{}", `1: ce_specversion: "0.3" is not version 1 of CloudEvents; send CloudEvents 1.0`},
		{"batch", "", []string{"content-type", "application/cloudevents-batch+json"}, "[]", "1: content-type: announces a batch of CloudEvents; send each event on its own"},
		{"structured, truncated", "", []string{"content-type", "application/cloudevents+json"}, `{"specversion":`, "1: is not valid JSON at byte 15: unexpected end of JSON input; send the whole payload, unchanged"},
		{"structured, no version", "", []string{"content-type", "application/cloudevents+json"}, `{}`, "1: specversion: is missing; send the payload as the vendor defines it"},
		{"no context", "", []string{"ce_specversion", "1.0", "ce_type", "dev.cdevents.x"}, `{}`, "1: context: is missing; send the payload as the vendor defines it"},
		{"no type", "", []string{"ce_specversion", "1.0", "ce_type", "dev.cdevents.x"}, `{"context":{}}`, "1: context.type: is missing; send the payload as the vendor defines it"},
		{"too large", "", []string{"content-type", "application/cloudevents+json"}, strings.Repeat(" ", event.MaxEventBytes+1), "1: the event has 8388609 bytes, more than the limit of 8388608; send less at once"},
	} {
		t.Run(c.name, func(t *testing.T) {
			batch, rejected, err := decodeWith(testRegistry(), c.kind, "", headers(c.header...), []byte(c.body), event.Meta{ArrivedAt: arrived})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(decoded{Rejected: []string{c.want}}, goldenOf(batch, rejected)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestLayoutFollowsDoorAndContentType(t *testing.T) {
	two := nativeChange + "\n{\"id\":\n" + nativeChange
	header := headers("content-type", "application/x-ndjson; charset=utf-8")
	batch, rejected, _ := decodeWith(testRegistry(), event.KindChange, "", header, []byte(two), event.Meta{ArrivedAt: arrived})
	if len(batch.Changes) != 2 || len(rejected) != 1 || rejected[0].Line != 2 {
		t.Errorf("declared lines: %d changes, rejected %v", len(batch.Changes), rejected)
	}
	fromKafka := event.Meta{ArrivedAt: arrived, Origin: event.Origin{Topic: "faultline.changes"}}
	batch, rejected, _ = decodeWith(testRegistry(), event.KindChange, "", headers(), []byte(nativeChange+"\n"+nativeChange), fromKafka)
	if batch.Len() != 0 || len(rejected) != 1 {
		t.Errorf("two lines in a record: %d events, rejected %v", batch.Len(), rejected)
	}
}

func TestTopologyAndAlertsArriveByTheirKind(t *testing.T) {
	alert := `{"source":"s","service":"a","name":"n","status":"firing","started_at":"2026-11-19T09:00:00Z"}`
	topology := `{"source":"s","observed_at":"2026-11-19T09:00:00Z","services":[{"name":"a"}]}`
	alerts, _, _ := decodeWith(testRegistry(), event.KindAlert, "", headers(), []byte(alert), event.Meta{ArrivedAt: arrived})
	topologies, _, _ := decodeWith(testRegistry(), event.KindTopology, "", headers(), []byte(topology), event.Meta{ArrivedAt: arrived})
	if len(alerts.Alerts) != 1 || len(topologies.Topologies) != 1 {
		t.Errorf("alerts %+v, topologies %+v", alerts, topologies)
	}
}

func TestFormOfGitHubIsUnwrapped(t *testing.T) {
	payload := read(t, "testdata/github/deployment.json")
	form := url.Values{"payload": {string(payload)}}.Encode()
	header := headers("Content-Type", "application/x-www-form-urlencoded", "X-GitHub-Event", "deployment")
	batch, rejected := decodeAs(t, "github", header, []byte(form))
	if len(batch.Changes) != 1 || rejected != nil {
		t.Fatalf("%d changes, rejected %v", len(batch.Changes), goldenOf(batch, rejected).Rejected)
	}
	if string(batch.Changes[0].Raw) != string(payload) {
		t.Error("the raw form of the change is not the payload")
	}
	relayed, rejected := decodeAs(t, "github", headers("X-GitHub-Event", "deployment"), []byte(form))
	if len(relayed.Changes) != 1 || relayed.Changes[0].UID != batch.Changes[0].UID {
		t.Errorf("without its content type: %d changes, rejected %v", len(relayed.Changes), goldenOf(relayed, rejected).Rejected)
	}
	for _, form := range []string{"payload=", "payload=%zz", "load=%7B%7D", ""} {
		_, rejected = decodeAs(t, "github", header, []byte(form))
		if len(rejected) != 1 || rejected[0].Err.Path != "payload" || !strings.Contains(rejected[0].Err.Mend, "application/json") {
			t.Errorf("%q: %v", form, rejected)
		}
	}
}

func TestPayloadWithoutTellingFieldsNeedsItsHeader(t *testing.T) {
	_, rejected := decodeAs(t, "github", headers(), []byte(`{"action":"created"}`))
	want := []string{"1: x-github-event: is missing, and the payload is none that can be told by its fields; pass the header X-GitHub-Event on"}
	if diff := cmp.Diff(want, goldenOf(event.Batch{}, rejected).Rejected); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// hexHMAC signs as the vendors do.
func hexHMAC(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// sha512HMAC is hexHMAC with the longer hash function.
func sha512HMAC(secret string, body []byte) string {
	mac := hmac.New(sha512.New, []byte(secret))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// base64HMAC signs as Standard Webhooks does.
func base64HMAC(key []byte, text string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func TestOnlyTheSecretMakesAGoodSignature(t *testing.T) {
	body := []byte(`{"zen":"Keep it simple."}`)
	good, other := hexHMAC("s3cret", body), hexHMAC("guess", body)
	for _, c := range []struct {
		name, format, secret, header, value string
		good                                bool
	}{
		{"grafana", "grafana", "s3cret", "X-Grafana-Alerting-Signature", good, true},
		{"grafana, other secret", "grafana", "s3cret", "X-Grafana-Alerting-Signature", other, false},
		{"github", "github", "s3cret", "X-Hub-Signature-256", "sha256=" + good, true},
		{"github, other secret", "github", "s3cret", "X-Hub-Signature-256", "sha256=" + other, false},
		{"github, no prefix", "github", "s3cret", "X-Hub-Signature-256", good, false},
		{"github, old header", "github", "s3cret", "X-Hub-Signature", "sha1=" + good[:40], false},
		{"github, not hexadecimal", "github", "s3cret", "X-Hub-Signature-256", "sha256=zz", false},
		{"github, cut", "github", "s3cret", "X-Hub-Signature-256", "sha256=" + good[:32], false},
		{"github, absent", "github", "s3cret", "X-Other", "", false},
		{"no secret is no proof", "github", "", "X-Hub-Signature-256", "sha256=" + hexHMAC("", body), false},
		{"pagerduty", "pagerduty", "s3cret", "X-PagerDuty-Signature", "v1=" + good, true},
		{"pagerduty, new secret first", "pagerduty", "s3cret", "X-PagerDuty-Signature", "v1=" + other + ", v1=" + good, true},
		{"pagerduty, both wrong", "pagerduty", "s3cret", "X-PagerDuty-Signature", "v1=" + other + ",v1=" + other, false},
		{"pagerduty, other version", "pagerduty", "s3cret", "X-PagerDuty-Signature", "v2=" + good, false},
		{"launchdarkly", "launchdarkly", "s3cret", "X-LD-Signature", good, true},
		{"launchdarkly, other secret", "launchdarkly", "s3cret", "X-LD-Signature", other, false},
		{"launchdarkly, absent", "launchdarkly", "s3cret", "X-Other", good, false},
		{"alertmanager does not sign", "alertmanager", "s3cret", "X-Hub-Signature-256", "sha256=" + good, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := testRegistry().Verify(c.format, c.secret, headers(c.header, c.value), body)
			if c.good != (err == nil) || err != nil && !errors.Is(err, event.ErrBadSignature) {
				t.Errorf("err = %v, want good = %v", err, c.good)
			}
		})
	}
}

func TestTimestampOfGrafanaIsSignedToo(t *testing.T) {
	body := []byte(`{"version":"1"}`)
	for _, c := range []struct {
		name, at, signature string
		good                bool
	}{
		{"signed with it", "1795078800", hexHMAC("s3cret", append([]byte("1795078800:"), body...)), true},
		{"signed without it", "1795078800", hexHMAC("s3cret", body), false},
		{"another one", "1795078801", hexHMAC("s3cret", append([]byte("1795078800:"), body...)), false},
	} {
		header := headers("X-Grafana-Alerting-Timestamp", c.at, "X-Grafana-Alerting-Signature", c.signature)
		if err := testRegistry().Verify("grafana", "s3cret", header, body); c.good != (err == nil) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestSigningFormatsAreKnown(t *testing.T) {
	signing := []string{}
	registry := testRegistry()
	for _, name := range append(registry.Names(), "jenkins") {
		if registry.Signs(name) {
			signing = append(signing, name)
		}
	}
	if diff := cmp.Diff([]string{"datadog", "flux", "github", "gitlab", "grafana", "launchdarkly", "pagerduty", "pagerduty-change"}, signing); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Somebody who adds a format adds payloads and words for it too.
func TestEveryFormatHasPayloadsAndIsDocumented(t *testing.T) {
	text := string(read(t, "../../docs/formats.md"))
	for _, name := range testRegistry().Names() {
		if !strings.Contains(text, "`"+name+"`") {
			t.Errorf("docs/formats.md does not name %s", name)
		}
		if found, _ := filepath.Glob(filepath.Join("testdata", name, "*.golden")); len(found) == 0 && name != Native {
			t.Errorf("no payloads under testdata/%s", name)
		}
	}
	if _, err := os.Stat("testdata"); err != nil {
		t.Error(err)
	}
}

func TestFirstRuleThatFitsNamesTheService(t *testing.T) {
	rules := Rules{
		{Source: "github", Attribute: "repository", Value: "orchard/mono", Service: "monolith"},
		{Attribute: "job", Value: "x", Service: "by-attribute"},
		{Value: "x", Service: "by-value"},
	}
	names := naming{cfg: Config{Services: rules, Environments: map[string]string{"prod": "production"}}}
	for _, c := range []struct{ got, want string }{
		{names.repository("github", "orchard/mono"), "monolith"},
		{names.repository("gitlab", "orchard/mono"), "mono"},
		{names.repository("github", "mono"), "mono"},
		{names.service("alertmanager", "job", "x"), "by-attribute"},
		{names.service("alertmanager", "app", "x"), "by-value"},
		{names.service("alertmanager", "app", "y"), "y"},
		{names.environment("PROD"), "production"},
		{names.environment("Canary"), "Canary"},
		{names.environment(""), ""},
		{naming{}.service("s", "a", "v"), "v"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}
