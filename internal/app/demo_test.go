package app

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
	"github.com/faultline/faultline/internal/scenario"
)

var errRig = errors.New("it broke")

func TestADemoIsOneReadableProcessThatLeavesNothing(t *testing.T) {
	cfg, remove, err := demoConfig(DemoOptions{Listen: "127.0.0.1:0", Environ: []string{"FAULTLINE_CLICKHOUSE_DSN=clickhouse://real:9000/production", "FAULTLINE_KAFKA_BROKERS=real:9092"}})
	if err != nil {
		t.Fatal(err)
	}
	if !cfg.EmbeddedClickHouse() || !cfg.EmbeddedKafka() {
		t.Error("the demo writes into the stores that the environment names")
	}
	if !cfg.API.PublicRead || cfg.Log.Level != "warn" || cfg.Plays("report") || cfg.API.Listen != "127.0.0.1:0" {
		t.Errorf("%+v", cfg)
	}
	if info, err := os.Stat(cfg.DataDir); err != nil || !info.IsDir() {
		t.Fatalf("no directory: %v", err)
	}
	if err := remove(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(cfg.DataDir); !os.IsNotExist(err) {
		t.Errorf("the directory stays: %v", err)
	}
}

func TestADirectoryThatWasNamedIsKeptAndTheLogIsAsAsked(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "kept")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	cfg, remove, err := demoConfig(DemoOptions{Listen: "127.0.0.1:0", DataDir: dir, Environ: []string{"FAULTLINE_LOG_LEVEL=debug"}})
	if err != nil || cfg.DataDir != dir || cfg.Log.Level != "debug" {
		t.Fatalf("%+v %v", cfg, err)
	}
	if err := remove(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Errorf("what the reader wanted kept is gone: %v", err)
	}
}

func TestADemoThatCannotBeginSaysWhyAndCleansUp(t *testing.T) {
	// A directory of its own: demos of other processes come and go meanwhile.
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	for want, opts := range map[string]DemoOptions{
		"retail-outage":   {Scenario: "sharknado", Listen: "127.0.0.1:0"},
		"api.listen":      {Scenario: "retail-outage", Listen: "nowhere"},
		"no such setting": {Scenario: "retail-outage", Listen: "127.0.0.1:0", Environ: []string{"FAULTLINE_LISTEN=1"}},
	} {
		var out strings.Builder
		if err := Demo(t.Context(), opts, &out, &out); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("directories are left: %v %v", left, err)
	}
}

func TestTheDemoTellsWhatHappensInLinesThatFit(t *testing.T) {
	t.Setenv("COLUMNS", "80")
	var out strings.Builder
	say := narrator{out: &out, started: time.Now()}
	say.line("Faultline demo: %s", "an outage")
	say.paragraph(strings.Repeat("a story of many words ", 20))
	say.step("replaying %d events", 7)
	key := correlate.Key{Source: "ci", ID: "d-1"}
	say.verdict(true, key)
	say.verdict(false, key)
	say.serving("127.0.0.1:8080", "/data", "inc-1")
	for _, want := range []string{
		"replaying 7 events", "ci/d-1 did it: the guilty change ranked first.", "did NOT rank first", "http://127.0.0.1:8080/incidents/inc-1", "/data/" + tokenFile, "curl http://127.0.0.1:8080/v1/incidents/inc-1/finding",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, out.String())
		}
	}
	for line := range strings.Lines(out.String()) {
		if len(line) > 81 {
			t.Errorf("%d columns: %q", len(line)-1, line)
		}
	}
}

// TestARecordingIsReplayedThroughKafkaAndExplained is the demo without its own
// stores: the recorded outage goes through Kafka, the consumers and the
// correlator, and the guilty change is first.
func TestARecordingIsReplayedThroughKafkaAndExplained(t *testing.T) {
	recording, err := scenario.Load("assistant-guardrail", nowUTC())
	if err != nil {
		t.Fatal(err)
	}
	s, _ := startRig(t, rig(t, map[string]string{"roles": "ingest,correlate"}))
	var out strings.Builder
	found, err := s.replayAndFind(t.Context(), &recording, &narrator{out: &out, started: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	for kind, uids := range uidsOf(&recording) {
		if seen, err := s.store.Seen(t.Context(), kind, uids); err != nil || len(uids) == 0 || !seen[uids[0]] || !seen[uids[len(uids)-1]] {
			t.Errorf("%d of %d events of kind %s were stored when the finding was said, %v", len(seen), len(uids), kind, err)
		}
	}
	if found.title == "" || len(found.finding.Suspects) == 0 || found.finding.Suspects[0].Change.Key() != recording.Guilty {
		t.Errorf("%q %+v", found.title, found.finding.Suspects)
	}
	if !strings.Contains(out.String(), "recorded events through Kafka") || !strings.Contains(out.String(), "found") {
		t.Errorf("said %s", out.String())
	}
}

// TestNoFindingIsSaidBeforeTheWholeRecordingIsStored holds back what a slow
// reader of a topic would: the alerts alone would settle on "no change".
func TestNoFindingIsSaidBeforeTheWholeRecordingIsStored(t *testing.T) {
	s, _ := startRig(t, rig(t, map[string]string{"roles": "ingest,correlate"}))
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	err := s.awaitStored(ctx, map[event.Kind][]uint64{event.KindChange: {1, 2}}, newPatience(time.Hour, time.Millisecond))
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "2 of 2 events of kind change are not stored") {
		t.Errorf("%v", err)
	}
	err = s.awaitStored(t.Context(), map[event.Kind][]uint64{event.KindAlert: {3}}, newPatience(0, time.Millisecond))
	if !errors.Is(err, errStill) || !errors.Is(err, ErrDependency) || !strings.Contains(err.Error(), "1 of 1 events of kind alert are not stored: nothing has moved on") {
		t.Errorf("%v", err)
	}
}
