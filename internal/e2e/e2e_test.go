package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/faultline/faultline/internal/kafka/kafkatest"
	"github.com/faultline/faultline/internal/scenario"
	"github.com/faultline/faultline/internal/testenv"
)

func TestTheDemoFindsTheGuiltyChange(t *testing.T) {
	needEngine(t)
	for _, name := range scenario.Names() {
		t.Run(name, func(t *testing.T) {
			started := time.Now()
			code, out, errs := run(t, nil, "", "demo", "--scenario", name, "--exit", "--listen", testenv.Address(t))
			if code != 0 {
				t.Fatalf("exit %d\n%s\n%s", code, out, errs)
			}
			if took := time.Since(started); took > time.Minute {
				t.Errorf("it took %v, want at most a minute", took)
			}
			for _, want := range []string{"Probable cause", "timing", "topology", "ranked first"} {
				if !strings.Contains(out, want) {
					t.Errorf("the finding does not say %q:\n%s", want, out)
				}
			}
		})
	}
}

// outage are the events of a small outage that began a few minutes ago.
func outage(now time.Time) (topology, changes, alerts string) {
	at := func(ago time.Duration) string { return now.Add(-ago).UTC().Format(time.RFC3339) }
	topology = fmt.Sprintf(`{"source":"catalog","observed_at":%q,"services":[{"name":"shop","tier":1},{"name":"checkout","tier":1},{"name":"payments","tier":1},{"name":"search","tier":2}],
		"edges":[{"caller":"shop","callee":"checkout","kind":"sync"},{"caller":"checkout","callee":"payments","kind":"sync"},{"caller":"shop","callee":"search","kind":"sync"}]}`, at(time.Hour))
	changes = fmt.Sprintf(`[{"id":"pay-7","source":"ci","kind":"deploy","title":"payments: new card client","services":["payments"],"started_at":%q,"finished_at":%q,"status":"succeeded"},
		{"id":"search-3","source":"ci","kind":"deploy","title":"search: synonyms","services":["search"],"started_at":%q,"status":"succeeded"}]`, at(9*time.Minute), at(8*time.Minute), at(3*time.Hour))
	alerts = fmt.Sprintf(`{"source":"am","service":"payments","name":"HighErrorRate","severity":"critical","signal":"errors","status":"firing","started_at":%q}
{"source":"am","service":"checkout","name":"HighErrorRate","severity":"critical","signal":"errors","status":"firing","started_at":%q}
{"source":"am","service":"shop","name":"LatencyP99","severity":"high","signal":"latency","status":"firing","started_at":%q}`, at(6*time.Minute), at(5*time.Minute), at(4*time.Minute))
	return topology, changes, alerts
}

// incidentPage is the part of GET /v1/incidents that tests read.
type incidentPage struct {
	Items []struct {
		ID       string
		Services []string
		Status   string
	}
}

// findingAnswer is the part of a finding that tests read.
type findingAnswer struct {
	Verdict  string
	Version  int
	Suspects []struct {
		Change struct{ ID, Source string }
		Rank   int
	}
}

// awaitGuilty waits until the newest finding about an incident on a service
// ranks a change first, and returns the incident's id.
func (s *server) awaitGuilty(service, change string) (incident string) {
	s.t.Helper()
	s.await("finding that blames "+change, func() bool {
		var page incidentPage
		if s.get("/v1/incidents?service="+service, &page) != http.StatusOK {
			return false
		}
		for _, in := range page.Items {
			var f findingAnswer
			if in.Status != "merged" && s.get("/v1/incidents/"+in.ID+"/finding", &f) == http.StatusOK &&
				len(f.Suspects) > 0 && f.Suspects[0].Change.ID == change {
				incident = in.ID
				return true
			}
		}
		return false
	})
	return incident
}

func TestEventsByHTTPBecomeAFindingThatSurvivesStopAndKill(t *testing.T) {
	needEngine(t)
	dir := t.TempDir()
	s := serve(t, dir)
	topology, changes, alerts := outage(time.Now())
	s.post("/v1/topology", topology)
	s.post("/v1/changes", changes)
	s.post("/v1/alerts", alerts)
	incident := s.awaitGuilty("payments", "pay-7")
	if status, answer := s.call(http.MethodPost, "/v1/changes", s.token(), changes); status != http.StatusAccepted || !strings.Contains(answer, `"duplicates":2`) {
		t.Errorf("the same events again: %d %s", status, answer)
	}
	s.stop()

	s = serve(t, dir)
	var f findingAnswer
	if status := s.get("/v1/incidents/"+incident+"/finding", &f); status != http.StatusOK || f.Suspects[0].Change.ID != "pay-7" {
		t.Errorf("after a restart: %d %+v", status, f)
	}
	s.post("/v1/changes", `{"id":"late-1","source":"ci","kind":"config","services":["search"],"started_at":"2026-01-02T03:04:05Z"}`)
	s.kill()

	s = serve(t, dir)
	var c json.RawMessage
	if status := s.get("/v1/changes/late-1", &c); status != http.StatusOK {
		t.Errorf("an acknowledged change is gone after kill -9: %d", status)
	}
	s.stop()
}

func TestNobodyWritesWithoutAToken(t *testing.T) {
	needEngine(t)
	s := serve(t, t.TempDir())
	for _, token := range []string{"", "flt_abc_def", s.token() + "x"} {
		for _, path := range []string{"/v1/changes", "/v1/alerts", "/v1/topology", "/v1/webhooks/alertmanager"} {
			if status, answer := s.call(http.MethodPost, path, token, `{}`); status != http.StatusUnauthorized {
				t.Errorf("POST %s with token %q: %d %s", path, token, status, answer)
			}
		}
	}
	if status, _ := s.call(http.MethodGet, "/v1/incidents", "", ""); status != http.StatusUnauthorized {
		t.Errorf("reading without a token: %d", status)
	}
	if strings.Contains(s.logs.String(), s.token()) {
		t.Error("the log shows the token")
	}
	info, err := os.Stat(filepath.Join(s.dir, "admin.token"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the token's file: %v %v", info, err)
	}
	s.stop()
}

func TestBadInputIsNamedAndNothingElseIsLost(t *testing.T) {
	needEngine(t)
	s := serve(t, t.TempDir())
	bad := map[string][2]string{
		"truncated":        {`{"id":"x","source":`, ""},
		"wrong type":       {`{"id":7,"source":"ci","kind":"deploy","started_at":"2026-01-02T03:04:05Z"}`, "id"},
		"no id":            {`{"source":"ci","kind":"deploy","started_at":"2026-01-02T03:04:05Z"}`, "id"},
		"end before start": {`{"id":"x","source":"ci","kind":"deploy","started_at":"2026-01-02T03:04:05Z","finished_at":"2026-01-02T03:04:04Z"}`, "finished_at"},
		"no zone":          {`{"id":"x","source":"ci","kind":"deploy","started_at":"2026-01-02T03:04:05"}`, "started_at"},
		"unknown enum":     {`{"id":"x","source":"ci","kind":"party","started_at":"2026-01-02T03:04:05Z"}`, "kind"},
		"deep nesting":     {`{"id":"x","source":"ci","kind":"deploy","started_at":"2026-01-02T03:04:05Z","deep":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`, ""},
	}
	for name, tc := range bad {
		status, answer := s.call(http.MethodPost, "/v1/changes", s.token(), tc[0])
		if status != http.StatusUnprocessableEntity && status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", name, status, answer)
		}
		if !strings.Contains(answer, tc[1]) {
			t.Errorf("%s: the answer does not name %q: %s", name, tc[1], answer)
		}
	}
	if status, _ := s.call(http.MethodPost, "/v1/changes", s.token(), strings.Repeat(" ", 11<<20)); status != http.StatusRequestEntityTooLarge {
		t.Errorf("11 MB: %d", status)
	}
	mixed := `{"id":"good-1","source":"ci","kind":"deploy","started_at":"2026-01-02T03:04:05Z"}` + "\n" + bad["no zone"][0] + "\n" + `{"id":"good-2","source":"ci","kind":"deploy","started_at":"2026-01-02T03:04:05Z"}`
	if status, answer := s.call(http.MethodPost, "/v1/changes", s.token(), mixed); status != http.StatusAccepted || !strings.Contains(answer, `"accepted":2`) || !strings.Contains(answer, `"line":2`) {
		t.Errorf("good beside bad: %d %s", status, answer)
	}
	s.stop()
}

func TestEventsThroughApacheKafkaBecomeAFinding(t *testing.T) {
	needEngine(t)
	libs, present := kafkatest.Find(testenv.CacheDir(t))
	testenv.Need(t, present, "Apache Kafka", kafkatest.Mend)
	broker, err := kafkatest.Start(t.Context(), kafkatest.DefaultOptions(libs, t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = broker.Stop() })
	s := serve(t, t.TempDir(), "--kafka-brokers", broker.Addr, "--kafka-topic-partitions", "3")
	writer := &kafka.Writer{Addr: kafka.TCP(broker.Addr), BatchTimeout: 10 * time.Millisecond, Balancer: &kafka.Hash{}}
	t.Cleanup(func() { _ = writer.Close() })
	topology, changes, alerts := outage(time.Now())
	messages := []kafka.Message{
		{Topic: "faultline.topology", Key: []byte("catalog"), Value: []byte(topology)},
		{Topic: "faultline.changes", Key: []byte("payments"), Value: []byte(changes)},
		{Topic: "faultline.changes", Key: []byte("payments"), Value: []byte(`{"id":"broken"`)},
	}
	for _, line := range strings.Split(alerts, "\n") {
		messages = append(messages, kafka.Message{Topic: "faultline.alerts", Key: []byte("am"), Value: []byte(line)})
	}
	if err := writer.WriteMessages(t.Context(), messages...); err != nil {
		t.Fatal(err)
	}
	s.awaitGuilty("payments", "pay-7")
	letters := kafka.NewReader(kafka.ReaderConfig{Brokers: []string{broker.Addr}, Topic: "faultline.dead-letter", MaxWait: 200 * time.Millisecond})
	t.Cleanup(func() { _ = letters.Close() })
	letter, err := letters.ReadMessage(t.Context())
	if err != nil || string(letter.Value) != `{"id":"broken"` {
		t.Errorf("dead letter %q %v", letter.Value, err)
	}
	s.stop()
}

func TestImportSendsFilesToARunningService(t *testing.T) {
	needEngine(t)
	s := serve(t, t.TempDir())
	topology, changes, alerts := outage(time.Now())
	environ := []string{"FAULTLINE_TOKEN=" + s.token(), "FAULTLINE_SERVER=" + s.url}
	code, out, errs := run(t, environ, topology+changes+alerts, "import", "-")
	if code != 0 || !strings.Contains(out, "accepted 6") {
		t.Fatalf("exit %d %s %s", code, out, errs)
	}
	s.awaitGuilty("payments", "pay-7")
	if code, _, errs := run(t, environ, `{"id":"x","kind":"deploy","source":"ci"}`, "import", "-"); code != 2 || !strings.Contains(errs, "started_at") {
		t.Errorf("exit %d %s", code, errs)
	}
	if code, out, _ := run(t, environ, "", "health"); code != 0 || !strings.Contains(out, "clickhouse") {
		t.Errorf("health: exit %d %s", code, out)
	}
	s.stop()
}

func TestMigrateSaysWhatIsMissing(t *testing.T) {
	needEngine(t)
	dir := t.TempDir()
	if code, out, errs := run(t, nil, "", "migrate", "status", "--data-dir", dir); code != 1 || !strings.Contains(out, "pending") {
		t.Errorf("status before: exit %d %s %s", code, out, errs)
	}
	if code, _, errs := run(t, nil, "", "serve", "--data-dir", dir, "--clickhouse-auto-migrate", "false"); code == 0 || !strings.Contains(errs, "faultline migrate up") {
		t.Errorf("serve on an empty schema: exit %d %s", code, errs)
	}
	if code, out, errs := run(t, nil, "", "migrate", "up", "--data-dir", dir, "-o", "json"); code != 0 || !strings.Contains(out, `"applied"`) {
		t.Errorf("up: exit %d %s %s", code, out, errs)
	}
	if code, _, _ := run(t, nil, "", "migrate", "status", "--data-dir", dir); code != 0 {
		t.Errorf("status after: exit %d", code)
	}
}

func TestAMissingStoreIsADependency(t *testing.T) {
	code, _, errs := run(t, nil, "", "serve", "--clickhouse-dsn", "clickhouse://u:hunter2@127.0.0.1:1/db", "--kafka-brokers", "127.0.0.1:1")
	if code != 3 || strings.Contains(errs, "hunter2") || strings.Count(strings.TrimSpace(errs), "\n") > 2 {
		t.Errorf("exit %d: %s", code, errs)
	}
	code, _, errs = run(t, []string{"FAULTLINE_LIBCHDB=/nonexistent"}, "", "demo", "--exit", "--listen", testenv.Address(t))
	if code != 3 || !strings.Contains(errs, "make engine") || !strings.Contains(errs, "clickhouse") {
		t.Errorf("exit %d: %s", code, errs)
	}
}
