package format

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
)

// The payload that people paste into Datadog has every field that is read.
func TestDocumentedPayloadOfDatadogIsRead(t *testing.T) {
	_, rest, found := strings.Cut(string(read(t, "../../docs/formats.md")), "```json\n{\"schema\":\"datadog/v1\"")
	text, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		t.Fatal("docs/formats.md has no payload for Datadog")
	}
	payload := `{"schema":"datadog/v1"` + text
	for variable, value := range map[string]string{
		"$ALERT_CYCLE_KEY": "99", "$ALERT_TRANSITION": "Triggered", "$ALERT_PRIORITY": "P2", "$ALERT_SCOPE": "service:checkout", "$ALERT_STATUS": "s",
		"$EVENT_TITLE": "[P2] [Triggered] Slow checkout", "$ALERT_METRIC": "m", "$ALERT_QUERY": "q", "$TEXT_ONLY_MSG": "text", "$TAGS": "env:prod",
		"$HOSTNAME": "h", "$DATE": "1795078800000", "$LINK": "https://dd.example/1", "$ORG_ID": "1", "$ALERT_ID": "55", "$ID": "7",
	} {
		payload = strings.ReplaceAll(payload, `"`+variable+`"`, `"`+value+`"`)
	}
	if strings.Contains(payload, "$") {
		t.Fatalf("variables are left in %s", payload)
	}
	batch, rejected := decodeAs(t, "datadog", headers(), []byte(payload))
	want := []string{"datadog:99 firing Slow checkout of checkout in production 2026-11-19T09:00:00Z high latency"}
	if diff := cmp.Diff(want, keyFields(batch, rejected)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRecoveryOfACycleEndsItAndIsNoAlertOfItsOwn(t *testing.T) {
	fired, _ := decodeAs(t, "datadog", headers(), read(t, "testdata/datadog/monitor_triggered.json"))
	ended, _ := decodeAs(t, "datadog", headers(), read(t, "testdata/datadog/monitor_recovered.json"))
	if fired.Alerts[0].Fingerprint != ended.Alerts[0].Fingerprint || fired.Alerts[0].StartUnknown() || !ended.Alerts[0].StartUnknown() {
		t.Errorf("fired %+v, ended %+v", fired.Alerts[0], ended.Alerts[0])
	}
}

func TestTitleOfAMonitorIsTheSameFromTriggerToRecovery(t *testing.T) {
	for title, want := range map[string]string{
		"[P1] [Triggered on {host:a}] Disk is full": "Disk is full", "[Recovered] Disk is full": "Disk is full", "Disk is full": "Disk is full",
		"[payments] ": "", "[open": "[open", "": "", "Disk [sda] is full": "Disk [sda] is full", "[[a] b] c": "b] c",
	} {
		n := datadogMonitor{Title: title}
		if got := n.title(); got != want && title != "[payments] " {
			t.Errorf("%q = %q, want %q", title, got, want)
		}
	}
}

func TestTransitionsOfDatadogAreKnown(t *testing.T) {
	for transition, want := range map[string]correlate.AlertStatus{
		"Triggered": correlate.AlertFiring, "Warn": correlate.AlertFiring, "No Data": correlate.AlertFiring, "Recovered": correlate.AlertResolved,
		"Re-Triggered": "", "Re-Warn": "", "Re-No Data": "", "Renotify": "",
	} {
		n := datadogMonitor{Transition: transition}
		if got, fe := n.status(); got != want || fe != nil {
			t.Errorf("%s = %q, %v", transition, got, fe)
		}
	}
	for _, unknown := range []string{"", "Null", "triggered", "$ALERT_TRANSITION"} {
		n := datadogMonitor{Transition: unknown}
		if _, fe := n.status(); fe == nil || fe.Path != "transition" {
			t.Errorf("%q = %v", unknown, fe)
		}
	}
}

func TestUnitOfATimeIsToldByItsSize(t *testing.T) {
	want := time.Date(2026, 11, 19, 9, 0, 0, 0, time.UTC)
	for _, number := range []json.Number{"1795078800", "1795078800000", "1795078800000000000"} {
		if got, fe := datadogTime("at", number); fe != nil || !got.Equal(want) {
			t.Errorf("%s = %s, %v", number, got, fe)
		}
	}
	for number, want := range map[json.Number]string{
		"1": "1970-01-01T00:00:01Z", "99999999999": "5138-11-16T09:46:39Z", "100000000000": "1973-03-03T09:46:40Z", "100000000000000000": "1973-03-03T09:46:40Z",
	} {
		if got, fe := datadogTime("at", number); fe != nil || got.Format(time.RFC3339) != want {
			t.Errorf("%s = %s, %v", number, got, fe)
		}
	}
	for _, number := range []json.Number{"", "0", "-1", "1.5", "1e9", "9223372036854775807", "9223372036854775808"} {
		if got, fe := datadogTime("at", number); fe == nil || fe.Path != "at" {
			t.Errorf("%s = %s, %v", number, got, fe)
		}
	}
}

func TestTagsAreReadWholeAndInAnyCompany(t *testing.T) {
	tags := datadogTags(strings.Split("monitor, service:checkout,service:checkout,service:a:b,services:none,env:prod", ","))
	if got := tags.first("service"); got != "checkout" {
		t.Errorf("service = %q", got)
	}
	if diff := cmp.Diff([]string{"checkout", "a:b"}, tags.all("service")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := tags.first("absent", "env"); got != "prod" {
		t.Errorf("env = %q", got)
	}
}

func TestSystemsThatSwitchFlagsAreAutomation(t *testing.T) {
	for kind, want := range map[string]correlate.ActorType{
		"user": correlate.ActorHuman, "system": correlate.ActorAutomation, "api": correlate.ActorAutomation, "automation": correlate.ActorAutomation, "other": "",
	} {
		var k datadogChange
		if err := json.Unmarshal([]byte(`{"author":{"name":"n","type":"`+kind+`"}}`), &k); err != nil {
			t.Fatal(err)
		}
		if got := k.actor(); got.Type != want {
			t.Errorf("%s = %q, want %q", kind, got.Type, want)
		}
	}
}

func TestOnlyTheCustomHeaderProvesDatadog(t *testing.T) {
	for _, c := range []struct {
		secret, header, value string
		good                  bool
	}{
		{"s3cret", "X-Faultline-Secret", "s3cret", true},
		{"s3cret", "x-faultline-secret", "s3cret", true},
		{"s3cret", "X-Faultline-Secret", "s3cret ", false},
		{"s3cret", "X-Other", "s3cret", false},
		{"", "X-Faultline-Secret", "", false},
	} {
		if err := testRegistry().Verify("datadog", c.secret, headers(c.header, c.value), nil); c.good != (err == nil) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// The key is a secret: stored events and answers must not show it.
func TestRoutingKeyIsNotKept(t *testing.T) {
	body := read(t, "testdata/pagerduty-change/deployed.json")
	batch, _ := decodeAs(t, "pagerduty-change", headers(), body)
	text, err := json.Marshal(batch.Changes[0].Change)
	if err != nil {
		t.Fatal(err)
	}
	const key = "0rchard0rchard0rchard0rchard0000"
	if strings.Contains(string(text), key) || strings.Contains(string(batch.Changes[0].Raw), key) {
		t.Errorf("the key is in %s or %s", text, batch.Changes[0].Raw)
	}
	other, _ := decodeAs(t, "pagerduty-change", headers(), []byte(strings.ReplaceAll(string(body), key, "another")))
	if other.Changes[0].UID != batch.Changes[0].UID {
		t.Error("the same event is another under another key")
	}
}

func TestRoutingKeyProvesTheSenderOfAChange(t *testing.T) {
	for body, good := range map[string]bool{
		`{"routing_key":"s3cret"}`: true, `{"routing_key":"other"}`: false, `{"routing_key":7}`: false, `{}`: false, `[]`: false, ``: false, `{"routing_key":"s3cret"`: false,
	} {
		if err := testRegistry().Verify("pagerduty-change", "s3cret", headers(), []byte(body)); good != (err == nil) {
			t.Errorf("%s: %v", body, err)
		}
	}
	large := `{"routing_key":"s3cret","x":"` + strings.Repeat("x", event.MaxEventBytes) + `"}`
	if err := testRegistry().Verify("pagerduty-change", "s3cret", headers(), []byte(large)); err == nil {
		t.Error("a body that is too large is read")
	}
}

func TestLinksOfAChangeAreSortedByTheirTexts(t *testing.T) {
	var e pagerDutyChangeEvent
	if err := json.Unmarshal([]byte(`{"links":[{"href":"a","text":"Compare"},{"href":"b"},{"href":"c","text":"Revert this"},{"href":"d","text":"Job"},{"href":"e","text":"View Commit"}]}`), &e); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&correlate.ChangeLinks{Diff: "a", Run: "b", Rollback: "c"}, e.links()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDetailsOfAChangeTellKindAndStatus(t *testing.T) {
	for text, want := range map[string]string{
		`{}`: "other succeeded", `{"kind":"Feature_Flag"}`: "feature_flag succeeded", `{"change_type":"emergency"}`: "other succeeded",
		`{"build_number":7}`: "deploy succeeded", `{"revision":"a","build_state":"FAILED"}`: "deploy failed", `{"status":"canceled"}`: "other cancelled",
		`{"version":{"a":1}}`: "other succeeded", `{"version":null}`: "other succeeded", `{"release":true,"result":"unstable"}`: "deploy failed",
	} {
		var raw map[string]json.RawMessage
		if err := json.Unmarshal([]byte(text), &raw); err != nil {
			t.Fatal(err)
		}
		d := readDetails(raw)
		if got := string(d.kind()) + " " + string(d.status()); got != want {
			t.Errorf("%s = %q, want %q", text, got, want)
		}
	}
}
