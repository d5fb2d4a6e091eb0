package app

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/faultline/faultline/internal/config"
)

// alone is a process of one role on the store of another's settings.
func alone(t *testing.T, cfg config.Config, role config.Role) *service {
	t.Helper()
	cfg.Roles, cfg.DataDir = []config.Role{role}, t.TempDir()
	s, _ := startRig(t, cfg)
	return s
}

// TestRolesOfSeveralProcessesWorkTogether: nothing may rest on two parts sharing
// memory. Events come through Kafka into one process, findings are made in the
// next, told by a third and read in a fourth.
func TestRolesOfSeveralProcessesWorkTogether(t *testing.T) {
	news := &receiverOfNews{}
	hook := httptest.NewServer(news)
	defer hook.Close()
	cfg := rig(t, map[string]string{"notify.webhooks": fmt.Sprintf("[{url: %q, secret: %q}]", hook.URL, strings.Repeat("s", 32))})
	api, gate := alone(t, cfg, config.RoleAPI), alone(t, cfg, config.RoleIngest)
	alone(t, cfg, config.RoleCorrelate)
	alone(t, cfg, config.RoleReport)
	now := time.Now().UTC()
	writer := gate.kafka.Writer()
	defer func() { _ = writer.Close() }()
	topics := gate.kafka.Config().Topics
	change := fmt.Sprintf(`{"id":"d-1","source":"ci","kind":"deploy","services":["checkout"],"started_at":%q}`, now.Add(-3*time.Minute).Format(time.RFC3339))
	alert := fmt.Sprintf(`{"source":"am","service":"checkout","name":"Errors","status":"firing","severity":"critical","started_at":%q}`, now.Add(-time.Minute).Format(time.RFC3339))
	if err := writer.WriteMessages(t.Context(), kafkago.Message{Topic: topics.Changes, Value: []byte(change)}, kafkago.Message{Topic: topics.Alerts, Value: []byte(alert)},
		kafkago.Message{Topic: topics.Alerts, Value: []byte(`{"source":"am"}`)}); err != nil {
		t.Fatal(err)
	}
	incident := api.awaitIncident(t)
	soon(t, "news of another process", func() bool { return strings.Contains(news.all(), incident) })
	// What one process could not read is listed by the other.
	var letters struct {
		Items []struct{ Topic, Reason string }
	}
	soon(t, "dead letter", func() bool {
		_, text := api.ask(t, http.MethodGet, "/v1/dead-letters", "")
		return json.Unmarshal([]byte(text), &letters) == nil && len(letters.Items) == 1
	})
	if letters.Items[0].Topic != topics.Alerts || letters.Items[0].Reason == "" {
		t.Errorf("%+v", letters.Items)
	}
}

// TestARestartFindsTheSameIncidentAndTellsNobodyTwice ends a process in the
// middle of an outage and starts it again.
func TestARestartFindsTheSameIncidentAndTellsNobodyTwice(t *testing.T) {
	news := &receiverOfNews{}
	hook := httptest.NewServer(news)
	defer hook.Close()
	cfg := rig(t, map[string]string{"roles": "api,correlate,report", "notify.webhooks": fmt.Sprintf("[{url: %q, secret: %q}]", hook.URL, strings.Repeat("s", 32))})
	first, _ := startRig(t, cfg)
	first.sendOutage(t)
	before := first.awaitIncident(t)
	soon(t, "news", func() bool { return strings.Contains(news.all(), before) })
	if err := first.stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	told := strings.Count(news.all(), "io.faultline.incident.created")
	second, _ := startRig(t, cfg)
	if after := second.awaitIncident(t); after != before {
		t.Errorf("incident %s is %s after a restart", before, after)
	}
	// A second alert makes the new process look at the incident once more.
	alert := fmt.Sprintf(`{"source":"am","service":"checkout","name":"Latency","status":"firing","severity":"critical","started_at":%q}`, time.Now().UTC().Format(time.RFC3339))
	if status, text := second.ask(t, http.MethodPost, "/v1/alerts", alert); status != http.StatusAccepted {
		t.Fatalf("%d %s", status, text)
	}
	soon(t, "second alert in the incident", func() bool {
		_, text := second.ask(t, http.MethodGet, "/v1/incidents/"+before, "")
		var in struct{ Alerts []any }
		return json.Unmarshal([]byte(text), &in) == nil && len(in.Alerts) == 2
	})
	time.Sleep(3 * time.Second) // The notifier looks every two seconds.
	if again := strings.Count(news.all(), "io.faultline.incident.created"); again != told || told != 1 {
		t.Errorf("the incident was told as new %d times, then %d", told, again)
	}
}

// TestAStoreThatGoesAwayIsSaidAndComesBack: meanwhile the process is not ready,
// refuses what it cannot keep with "try again", and ends nothing.
func TestAStoreThatGoesAwayIsSaidAndComesBack(t *testing.T) {
	cfg, away := rigWithSwitch(t, map[string]string{"roles": "api,correlate"})
	s, _ := startRig(t, cfg)
	ready := func() int { status, _ := s.ask(t, http.MethodGet, "/readyz", ""); return status }
	soon(t, "readiness", func() bool { return ready() == http.StatusOK })
	away.Store(true)
	soon(t, "sign that the store is away", func() bool { return ready() == http.StatusServiceUnavailable })
	if _, text := s.ask(t, http.MethodGet, "/readyz", ""); !strings.Contains(text, "clickhouse") || strings.Contains(text, "secret") {
		t.Errorf("it says %s", text)
	}
	change := fmt.Sprintf(`{"id":"d-0","source":"ci","kind":"deploy","services":["cart"],"started_at":%q}`, time.Now().UTC().Format(time.RFC3339))
	if status, text := s.ask(t, http.MethodPost, "/v1/changes", change); status != http.StatusServiceUnavailable {
		t.Errorf("a change that cannot be kept: %d %s", status, text)
	}
	if status, _ := s.ask(t, http.MethodGet, "/v1/incidents", ""); status != http.StatusServiceUnavailable {
		t.Errorf("incidents that cannot be read: %d", status)
	}
	select {
	case err := <-s.failed:
		t.Fatalf("the process ends: %v", err)
	default:
	}
	away.Store(false)
	soon(t, "readiness again", func() bool { return ready() == http.StatusOK })
	s.sendOutage(t)
	s.awaitIncident(t)
}

// TestAStopIsBoundedEvenWhenTheStoreHangs: an orchestrator kills what does not
// end in time, and with it what could have been saved.
func TestAStopIsBoundedEvenWhenTheStoreHangs(t *testing.T) {
	cfg := rig(t, map[string]string{"roles": "api,correlate", "shutdown_timeout": "2s"})
	s, _ := startRig(t, cfg)
	hang := make(chan struct{})
	s.cleanup.push("what hangs", func(ctx context.Context) error {
		select {
		case <-hang:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	began := time.Now()
	err := s.stop(t.Context())
	close(hang)
	if took := time.Since(began); took > 18*time.Second || err == nil || !strings.Contains(err.Error(), "what hangs") {
		t.Errorf("after %s: %v", took, err)
	}
	if conn, err := http.Get("http://" + s.address + "/readyz"); err == nil {
		_ = conn.Body.Close()
		t.Error("the API was left running behind what hangs")
	}
}
