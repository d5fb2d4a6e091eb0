package app

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/faultline/faultline/api"
	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/clickhouse"
	"github.com/faultline/faultline/internal/config"
	"github.com/faultline/faultline/internal/kafka"
	"github.com/faultline/faultline/internal/policy"
)

// elsewhere are settings, or beginnings of them, that a start reads where it
// decides, and not through one of the translations below. Tests of the service,
// of the meter, of signing on and of notifications go through them.
var elsewhere = []string{
	"roles", "data_dir", "shutdown_timeout", "log.", "kafka.group", "kafka.embedded_listen", "kafka.create_topics", "kafka.topic_partitions", "kafka.replication",
	"clickhouse.library", "clickhouse.embedded_memory_mb", "clickhouse.auto_migrate", "clickhouse.merge.enabled", "ingest.webhooks", "correlate.", "metrics.", "report.", "notify.", "policy.",
	"api.tokens", "api.oidc.",
}

// translated is what the parts of the service are given.
func translated(cfg *config.Config, levels *policy.Levels) []any {
	return []any{
		kafkaConfig(cfg), storeConfig(cfg), ingestConfig(&cfg.Ingest, kafka.DefaultConfig().Topics), apiConfig(cfg, nil), figuresConfig(cfg, levels), formatConfig(&cfg.Formats), mergerConfig(&cfg.ClickHouse.Merge),
	}
}

// otherwise sets a setting to something else than its default, whatever its
// type; that another setting would have to follow does not matter here.
func otherwise(t *testing.T, key string) config.Config {
	t.Helper()
	plain := config.Default()
	for _, value := range []string{"1h3m", "7", "0.4", "true", "false", "other", "[other]", "{other: another}", "[{source: other, attribute: a, value: b, service: c}]"} {
		cfg, _ := config.Load("", nil, map[string]string{key: value})
		if !reflect.DeepEqual(cfg, plain) {
			return cfg
		}
	}
	t.Fatalf("%s takes no value of the test; add one", key)
	return plain
}

// TestNoSettingIsForgotten sets one after the other and looks whether any part
// hears of it: a setting that is read, checked, documented and then dropped is
// found by nobody else.
func TestNoSettingIsForgotten(t *testing.T) {
	rules, err := LoadPolicy("")
	if err != nil {
		t.Fatal(err)
	}
	plain := config.Default()
	before, heard := translated(&plain, rules.Levels()), 0
	for _, leaf := range config.Leaves() {
		if slices.ContainsFunc(elsewhere, func(prefix string) bool { return strings.HasPrefix(leaf.Key, prefix) }) {
			continue
		}
		cfg := otherwise(t, leaf.Key)
		if reflect.DeepEqual(before, translated(&cfg, rules.Levels())) {
			t.Errorf("%s reaches no part", leaf.Key)
		}
		heard++
	}
	if heard < 40 {
		t.Errorf("only %d settings were tried", heard)
	}
}

func TestABufferHoldsABatchAndTheNext(t *testing.T) {
	cfg := config.Default()
	for _, batch := range []int{1 << 16, 12 << 20, 200 << 20} {
		cfg.Ingest.BatchBytes = batch
		if out := ingestConfig(&cfg.Ingest, kafka.DefaultConfig().Topics); out.BufferBytes < 2*batch || out.BufferBytes < leastBuffer {
			t.Errorf("a buffer of %d bytes for batches of %d", out.BufferBytes, batch)
		}
	}
	cfg.API.MaxBodyBytes = 900 << 20
	if out := apiConfig(&cfg, nil); out.BodyBudgetBytes < 2*cfg.API.MaxBodyBytes {
		t.Errorf("all bodies together may have %d bytes, one %d", out.BodyBudgetBytes, cfg.API.MaxBodyBytes)
	}
	if cfg.ShutdownTimeout = time.Second; apiConfig(&cfg, nil).ShutdownTimeout > time.Second {
		t.Error("the API may take longer to stop than the process")
	}
}

func TestEmbeddedStoresSyncAndServersDecideThemselves(t *testing.T) {
	cfg := config.Default()
	if !storeConfig(&cfg).Fsync {
		t.Error("what the embedded engine acknowledges may be lost with the power")
	}
	if cfg.ClickHouse.DSN = "clickhouse://db:9000/faultline"; storeConfig(&cfg).Fsync {
		t.Error("a server is told to sync every insert")
	}
	if out := storeConfig(&cfg); string(out.DSN) != "clickhouse://db:9000/faultline" || out.Retention.ChangesDays != 400 || out.Retention.IncidentsDays != 400 {
		t.Errorf("%+v", out.Retention)
	}
}

func TestEachRetentionIsThatOfItsOwnSetting(t *testing.T) {
	cfg := config.Default()
	was := clickhouse.DefaultConfig().Retention
	if got := storeConfig(&cfg).Retention; got.TopologyDays != was.TopologyDays || got.DeadLettersDays != was.DeadLettersDays || got.AuditDays != 0 {
		t.Errorf("told nothing, the retention is %+v", got)
	}
	c := &cfg.ClickHouse
	c.RetentionDays, c.TopologyRetentionDays, c.DeadLetterRetentionDays, c.AuditRetentionDays, c.EdgeRetention = 1, 2, 3, 4, 5*time.Hour
	want := clickhouse.Retention{ChangesDays: 1, AlertsDays: 1, IncidentsDays: 1, TopologyDays: 2, DeadLettersDays: 3, AuditDays: 4, EdgeLife: 5 * time.Hour}
	if got := storeConfig(&cfg).Retention; got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestTheReadTimeoutIsThatOfItsSetting(t *testing.T) {
	cfg := config.Default()
	if got, want := storeConfig(&cfg).ReadTimeout, clickhouse.DefaultConfig().ReadTimeout; got != want {
		t.Errorf("told nothing, a query may take %s, want %s", got, want)
	}
	if cfg.ClickHouse.ReadTimeout = 7 * time.Second; storeConfig(&cfg).ReadTimeout != 7*time.Second {
		t.Errorf("told 7s, a query may take %s", storeConfig(&cfg).ReadTimeout)
	}
}

func TestTopicsAreToldApart(t *testing.T) {
	kind := kindOfTopic(&config.Topics{Changes: "c", Alerts: "a", Topology: "t", DeadLetter: "d"})
	if kind("c") != "change" || kind("a") != "alert" || kind("t") != "topology" || kind("d") != "" || kind("x") != "" {
		t.Errorf("%q %q %q %q", kind("c"), kind("a"), kind("t"), kind("d"))
	}
}

func TestTheLoggerFollowsTheSettings(t *testing.T) {
	for format, want := range map[string]string{"json": `"msg":"loud"`, "text": "msg=loud"} {
		var out strings.Builder
		log := newLogger(config.Log{Level: "warn", Format: format}, &out)
		log.Info("silent")
		log.Warn("loud")
		if !strings.Contains(out.String(), want) || strings.Contains(out.String(), "silent") {
			t.Errorf("%s: %s", format, out.String())
		}
	}
}

func TestTheCorrelatorsFiguresCountWhatItDid(t *testing.T) {
	registry := prometheus.NewRegistry()
	m, err := newRunnerMetrics(registry, quiet())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		m.Looked(correlate.Look{
			Changes: 3, Alerts: 2, Topologies: 1, Judged: 4, SavedIncidents: 5, SavedFindings: 6, HeldChanges: 7, HeldAlerts: 8, HeldIncidents: 9, Waiting: 10,
			Took: time.Second, Oldest: 2 * time.Second,
		})
	}
	m.Looked(correlate.Look{HeldChanges: 7, HeldAlerts: 8, HeldIncidents: 9, Waiting: 1})
	m.Failed("sink", errRig, time.Second)
	want := `# HELP faultline_correlator_events_total Values read from the store, by kind.
# TYPE faultline_correlator_events_total counter
faultline_correlator_events_total{kind="alert"} 4
faultline_correlator_events_total{kind="change"} 6
faultline_correlator_events_total{kind="topology"} 2
# HELP faultline_correlator_failures_total Failed calls, by port.
# TYPE faultline_correlator_failures_total counter
faultline_correlator_failures_total{port="sink"} 1
# HELP faultline_correlator_held Values in memory, by kind.
# TYPE faultline_correlator_held gauge
faultline_correlator_held{kind="alert"} 8
faultline_correlator_held{kind="change"} 7
faultline_correlator_held{kind="incident"} 9
# HELP faultline_correlator_saved_total Rows saved, by kind.
# TYPE faultline_correlator_saved_total counter
faultline_correlator_saved_total{kind="finding"} 12
faultline_correlator_saved_total{kind="incident"} 10
# HELP faultline_correlator_waiting_incidents Incidents due but not judged yet.
# TYPE faultline_correlator_waiting_incidents gauge
faultline_correlator_waiting_incidents 1
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "faultline_correlator_events_total", "faultline_correlator_failures_total",
		"faultline_correlator_held", "faultline_correlator_saved_total", "faultline_correlator_waiting_incidents"); err != nil {
		t.Error(err)
	}
	// A look that saved nothing tells nothing about delay.
	if n := testutil.CollectAndCount(m.delay); n != 1 {
		t.Errorf("%d series", n)
	}
	if _, err := newRunnerMetrics(registry, quiet()); err == nil {
		t.Error("two correlators share their figures")
	}
}

func TestOneDeskServesTheScheduleAndTheAPI(t *testing.T) {
	s := &service{cfg: config.Default(), log: quiet()}
	first, err := s.desk()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := s.desk(); err != nil || again != first {
		t.Errorf("a second desk, %v", err)
	}
	bad := &service{cfg: config.Default(), log: quiet()}
	bad.cfg.Report.Timezone = "Mars/Base"
	if _, err := bad.desk(); err == nil || !strings.Contains(err.Error(), "report.timezone") {
		t.Errorf("%v", err)
	}
}

func TestAnAPIOfPublicReadingKeepsItsTokens(t *testing.T) {
	cfg := config.Default()
	cfg.API.PublicRead, cfg.API.Blind = true, "all"
	out := apiConfig(&cfg, []api.Token{{ID: "a"}})
	if !out.PublicRead || len(out.Tokens) != 1 || out.Blind != "all" {
		t.Errorf("%+v", out)
	}
}
