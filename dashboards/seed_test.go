package dashboards

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/chdb/chdbtest"
	"github.com/faultline/faultline/internal/clickhouse"
	"github.com/faultline/faultline/internal/event"
	stored "github.com/faultline/faultline/internal/query"
)

// warehouse is a migrated database with a few weeks of a small company in it.
type warehouse struct {
	database  string
	transport http.RoundTripper
	store     *clickhouse.Store
	now       time.Time
}

// answer is what ClickHouse says to a statement in its JSON format.
type answer struct {
	Meta []struct{ Name, Type string }
	Data [][]any
}

// open migrates a database of its own and fills it.
func open(t *testing.T) *warehouse {
	t.Helper()
	engine := chdbtest.Open(t)
	cfg := clickhouse.DefaultConfig()
	cfg.Database = chdbtest.Database(t, engine)
	store, err := clickhouse.Open(t.Context(), cfg, engine.Transport(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	if err := store.MigrateUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	w := &warehouse{database: cfg.Database, transport: engine.Transport(), store: store, now: time.Now().UTC()}
	w.fill(t, store)
	return w
}

// ask runs one statement.
func (w *warehouse) ask(t *testing.T, sql string) (answer, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	target := "http://embedded/?database=" + url.QueryEscape(w.database) + "&default_format=JSONCompact"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader(sql))
	if err != nil {
		return answer{}, err
	}
	response, err := w.transport.RoundTrip(req)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return answer{}, fmt.Errorf("%s %w", text, err)
	}
	var a answer
	if len(text) > 0 {
		if err = json.Unmarshal(text, &a); err != nil {
			err = fmt.Errorf("%w: %.2000s", err, text)
		}
	}
	return a, err
}

// fill stores changes, alerts, incidents, findings, verdicts, policy decisions
// and dead letters, so that every panel has something to show.
func (w *warehouse) fill(t *testing.T, store *clickhouse.Store) {
	t.Helper()
	ctx := t.Context()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(store.InsertTopology(ctx, "", w.topology(t)))
	check(store.InsertChanges(ctx, "", w.changes(t)))
	check(store.InsertAlerts(ctx, "", w.alerts(t)))
	incidents, findings := w.incidents()
	check(store.SaveIncidents(ctx, incidents))
	check(store.SaveFindings(ctx, findings))
	check(store.InsertDeadLetters(ctx, []event.DeadLetter{{
		At: w.now.Add(-time.Hour), Format: "faultline", Reason: "kind: is missing", Value: []byte("{}"),
		Origin: event.Origin{Topic: "faultline.changes"},
	}}))
	for i, state := range []stored.NoticeState{stored.NoticeGivenUp, stored.NoticeGivenUp, stored.NoticeAsked, stored.NoticeGivenUp, stored.NoticeDismissed} {
		check(store.SaveNoticeWord(ctx, stored.NoticeWord{
			Target: "slack C1", Incident: []string{"inc-0", "inc-1", "inc-1", "inc-2", "inc-2"}[i], At: w.now.Add(-time.Hour), State: state, Attempts: 10, Reason: "the room is gone", By: "ada",
		}))
		// Words are ordered by the store's clock, which counts milliseconds.
		time.Sleep(5 * time.Millisecond)
	}
	for _, sql := range w.judgements() {
		_, err := w.ask(t, sql)
		check(err)
	}
}

func (w *warehouse) topology(t *testing.T) []event.Topology {
	t.Helper()
	rows, rejected := event.DecodeTopologies([]byte(fmt.Sprintf(`{"observed_at":%q,"source":"mesh","services":[{"name":"checkout","tier":1,"team":"shop"},{"name":"cart","tier":2}],
		"edges":[{"caller":"checkout","callee":"cart","kind":"sync"}]}`, w.now.Format(time.RFC3339))), event.Meta{ArrivedAt: w.now, Format: "faultline"})
	if len(rejected) > 0 {
		t.Fatal(rejected[0].Err)
	}
	return rows
}

// changes are four a day over six weeks, a quarter each of AI-assisted, human,
// automated and unknown.
func (w *warehouse) changes(t *testing.T) []event.Change {
	t.Helper()
	classes := []correlate.ProvenanceClass{correlate.ProvenanceAuthored, correlate.ProvenanceHuman, correlate.ProvenanceAutomation, correlate.ProvenanceUnknown}
	var all []event.Change
	for i := range 168 {
		at := w.now.Add(-time.Duration(i*6) * time.Hour).Add(-time.Minute)
		text := fmt.Sprintf(`{"id":"c-%d","source":"ci","kind":%q,"title":"change %d","services":[%q],"started_at":%q,"finished_at":%q,"status":%q}`, i,
			[]string{"deploy", "config"}[i/4%2], i, []string{"checkout", "cart"}[i/8%2], at.Format(time.RFC3339), at.Add(5*time.Minute).Format(time.RFC3339),
			[]string{"succeeded", "failed", "in_progress"}[i%3])
		rows, rejected := event.DecodeChanges([]byte(text), event.Meta{ArrivedAt: at, Format: "faultline"})
		if len(rejected) > 0 {
			t.Fatal(rejected[0].Err)
		}
		rows[0].Provenance = &correlate.Provenance{Class: classes[i%4]}
		all = append(all, rows...)
	}
	return all
}

func (w *warehouse) alerts(t *testing.T) []event.Alert {
	t.Helper()
	var all []event.Alert
	for i := range 40 {
		text := fmt.Sprintf(`{"source":"am","fingerprint":"f-%d","service":%q,"name":"errors","status":"resolved","severity":%q,"signal":"errors","started_at":%q,"resolved_at":%q}`, i,
			[]string{"checkout", "cart"}[i%2], []string{"critical", "warning"}[i%2], w.started(i).Format(time.RFC3339Nano), w.started(i).Add(time.Hour).Format(time.RFC3339))
		rows, rejected := event.DecodeAlerts([]byte(text), event.Meta{ArrivedAt: w.started(i), Format: "faultline"})
		if len(rejected) > 0 {
			t.Fatal(rejected[0].Err)
		}
		all = append(all, rows...)
	}
	return all
}

// started is the moment of the i-th incident: one a day, the newest an hour old.
func (w *warehouse) started(i int) time.Time {
	return w.now.Add(-time.Duration(i*24) * time.Hour).Add(-time.Hour).Truncate(time.Millisecond)
}

// incidents are one a day, each laid on the change before it; the newest is
// open.
func (w *warehouse) incidents() ([]correlate.Incident, []correlate.Finding) {
	var incidents []correlate.Incident
	var findings []correlate.Finding
	for i := range 40 {
		began := w.started(i)
		in := correlate.Incident{
			ID: fmt.Sprintf("inc-%d", i), Revision: 1, Title: "checkout errors", Status: correlate.IncidentResolved, Severity: correlate.SeverityCritical,
			StartedAt: began, UpdatedAt: began, Services: []string{"checkout"}, Alerts: []correlate.AlertKey{{Fingerprint: fmt.Sprintf("f-%d", i), StartedAt: began}},
		}
		end := began.Add(30 * time.Minute)
		in.ResolvedAt = &end
		if i == 0 {
			in.Status, in.ResolvedAt = correlate.IncidentOpen, nil
		}
		incidents = append(incidents, in)
		if i == 3 {
			continue // One incident waits for its finding.
		}
		findings = append(findings, correlate.Finding{
			Incident: in.ID, Version: 1, AsOf: began.Add(time.Second), Verdict: correlate.VerdictProbable, NoChangeProbability: 0.1,
			Suspects: []correlate.Suspect{{
				Rank: 1, Probability: 0.8, Change: correlate.Change{Source: "ci", ID: fmt.Sprintf("c-%d", i*4), Kind: correlate.KindDeploy, Services: []string{"checkout"}},
				Evidence: []correlate.Evidence{{Kind: correlate.EvidenceTiming, LogOdds: 2.5}, {Kind: correlate.EvidenceTopology, LogOdds: -0.5}},
			}},
		})
	}
	return incidents, findings
}

// judgements are the rows that people's decisions make.
func (w *warehouse) judgements() []string {
	at := func(ago time.Duration) string {
		return fmt.Sprintf("fromUnixTimestamp64Milli(%d)", w.now.Add(-ago).UnixMilli())
	}
	var all []string
	for i := 5; i < 38; i += 3 {
		// Every third cause is human work, so that the ratio has both sides.
		change := i * 4
		if i%2 == 0 {
			change++
		}
		all = append(all, fmt.Sprintf(`INSERT INTO verdicts (incident, decided_at, id, finding_version, decision, change_source, change_id, reason, decided_by)
			VALUES ('inc-%d', %s, generateUUIDv4(), 1, 'confirm', 'ci', 'c-%d', 'seen in the logs', 'someone')`, i, at(time.Duration(i*24)*time.Hour-time.Hour), change))
	}
	return append(all,
		fmt.Sprintf(`INSERT INTO provenance_overrides (source, id, decided_at, class, reason, decided_by) VALUES ('ci', 'c-7', %s, 'ai_assisted', 'said so', 'someone')`, at(time.Hour)),
		fmt.Sprintf(`INSERT INTO policy_decisions (decided_at, source, id, decision, rules, reasons, asked_by, body)
			VALUES (%s, 'ci', 'c-1', 'deny', ['senior-approval'], ['no senior approval'], 'pipeline', '{}')`, at(time.Hour)))
}
