package dashboards

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
	"github.com/faultline/faultline/internal/figures"
)

// trouble adds to a warehouse everything that a simple count gets wrong: a
// deployment known by its commit alone, a rollback, another environment, a change
// made during an incident, another of its id, one made while staging was ill,
// one of two services, a merged incident with a verdict,
// a verdict that was taken back, a suspect that was rejected.
func (w *warehouse) trouble(t *testing.T) {
	t.Helper()
	at := func(hours int) string {
		return w.now.Add(-time.Duration(hours) * time.Hour).Truncate(time.Millisecond).Format(time.RFC3339Nano)
	}
	for text, class := range map[string]correlate.ProvenanceClass{
		`{"id":"carrier","source":"ci","kind":"deploy","services":["cart"],"started_at":"` + at(90) + `","commits":[{"sha":"abc"}]}`:                                                                                   "",
		`{"id":"push","source":"git","kind":"other","environment":"` + event.CodeEnvironment + `","services":["cart"],"started_at":"` + at(91) + `","commits":[{"sha":"abc","message":"m","author":{"login":"ann"}}]}`: correlate.ProvenanceAssisted,
		`{"id":"back","source":"ci","kind":"rollback","services":["cart"],"started_at":"` + at(80) + `"}`:                                                                                                              correlate.ProvenanceHuman,
		`{"id":"undo","source":"ci","kind":"deploy","rollback_of":"c-20","services":["cart"],"started_at":"` + at(81) + `"}`:                                                                                           correlate.ProvenanceAuthored,
		`{"id":"staging","source":"ci","kind":"deploy","environment":"staging","services":["cart"],"started_at":"` + at(82) + `"}`:                                                                                     correlate.ProvenanceAuthored,
		`{"id":"repair","source":"ci","kind":"deploy","services":["checkout"],"started_at":"` + w.started(9).Add(time.Minute).Format(time.RFC3339Nano) + `"}`:                                                          correlate.ProvenanceAuthored,
		`{"id":"repair","source":"another","kind":"deploy","services":["checkout"],"started_at":"` + at(84) + `"}`:                                                                                                     correlate.ProvenanceAuthored,
		`{"id":"meanwhile","source":"ci","kind":"deploy","services":["cart"],"started_at":"` + at(85) + `"}`:                                                                                                           correlate.ProvenanceAuthored,
		`{"id":"both","source":"ci","kind":"deploy","services":["cart","checkout"],"started_at":"` + at(83) + `","commits":[{"sha":"1","message":"m","author":{"login":"ann"},"additions":4}]}`:                        correlate.ProvenanceAuthored,
		`{"id":"both","source":"ci","kind":"deploy","services":["cart","checkout"],"started_at":"` + at(83) + `","status":"succeeded"}`:                                                                                correlate.ProvenanceUnknown,
	} {
		rows, rejected := event.DecodeChanges([]byte(text), event.Meta{ArrivedAt: w.now, Format: "faultline"})
		if len(rejected) > 0 {
			t.Fatal(rejected[0].Err)
		}
		if class != "" {
			rows[0].Provenance = &correlate.Provenance{Class: class}
		}
		if err := w.store.InsertChanges(t.Context(), "", rows); err != nil {
			t.Fatal(err)
		}
	}
	staging := correlate.Incident{
		ID: "of-staging", Revision: 1, Status: correlate.IncidentOpen, StartedAt: w.now.Add(-86 * time.Hour), UpdatedAt: w.now.Add(-86 * time.Hour),
		Environment: "staging", Services: []string{"cart"},
	}
	if err := w.store.SaveIncidents(t.Context(), append(w.mergers(), staging)); err != nil {
		t.Fatal(err)
	}
	for i, v := range []string{`'merged', 'confirm', 'c-25'`, `'inc-7', 'confirm', 'c-29'`, `'inc-7', 'no_change', ''`, `'inc-10', 'reject', 'c-40'`, `'inc-12', 'confirm', 'both'`} {
		parts := strings.Split(v, ", ")
		sql := fmt.Sprintf("INSERT INTO verdicts (incident, decided_at, id, finding_version, decision, change_source, change_id, reason, decided_by) VALUES (%s, fromUnixTimestamp64Milli(%d), generateUUIDv4(), 1, %s, 'ci', %s, '', 'someone')",
			parts[0], w.now.Add(time.Duration(i-60)*time.Minute).UnixMilli(), parts[1], parts[2])
		if _, err := w.ask(t, sql); err != nil {
			t.Fatal(err)
		}
	}
	worker := w.store.NewWholes(func() time.Time { return time.Now().Add(time.Minute) })
	for more := true; more; {
		var err error
		if _, more, err = worker.Next(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// mergers is a chain of five mergers that ends at an incident. Each incident was
// open before, on a service that changed while it was.
func (w *warehouse) mergers() []correlate.Incident {
	var all []correlate.Incident
	chain := []string{"merged", "second", "third", "fourth", "fifth", "inc-6"}
	for i, id := range chain[:len(chain)-1] {
		one := correlate.Incident{
			ID: id, Revision: 1, Status: correlate.IncidentOpen, StartedAt: w.started(6), UpdatedAt: w.started(6),
			Environment: correlate.DefaultEnvironment, Services: []string{"cart", "checkout"},
		}
		gone := one
		gone.Revision, gone.Status, gone.MergedInto = 2, correlate.IncidentMerged, chain[i+1]
		all = append(all, one, gone)
	}
	return all
}

// panel answers one statement of the dashboard as rows by their first column.
func (w *warehouse) answers(t *testing.T, name string, from, to time.Time) map[string][]any {
	t.Helper()
	sql, err := readSQL(name)
	if err != nil {
		t.Fatal(err)
	}
	if sql, err = (macros{from: from, to: to, interval: time.Hour}).expand(sql); err != nil {
		t.Fatal(err)
	}
	got, err := w.ask(t, sql)
	if err != nil {
		t.Fatalf("%v\n%s", err, sql)
	}
	rows := map[string][]any{}
	for _, row := range got.Data {
		rows[fmt.Sprint(row[0])] = row
	}
	if len(got.Data) == 1 && len(got.Meta) == 1 {
		rows[""] = got.Data[0]
	}
	return rows
}

// numberOf reads what ClickHouse writes as a number or as a text of one.
func numberOf(v any) float64 {
	var f float64
	if _, err := fmt.Sscan(fmt.Sprint(v), &f); err != nil {
		return math.NaN()
	}
	return f
}

// TestPanelsAgreeWithTheFigures holds the dashboard against GET
// /v1/stats/ai-impact on the same data, also where changes are given longer to
// fail than a day.
func TestPanelsAgreeWithTheFigures(t *testing.T) {
	w := open(t)
	w.trouble(t)
	w.agree(t, figures.DefaultConfig())
	cfg := figures.DefaultConfig()
	cfg.ObservationWindow = 20 * 24 * time.Hour
	if err := w.store.TellPanels(t.Context(), cfg.ObservationWindow); err != nil {
		t.Fatal(err)
	}
	w.agree(t, cfg)
}

func (w *warehouse) agree(t *testing.T, cfg figures.Config) {
	t.Helper()
	from, to := w.now.AddDate(0, 0, -42), w.now
	impact, err := figures.New(cfg, w.store, func() time.Time { return w.now }).AIImpact(t.Context(), from, to)
	if err != nil {
		t.Fatal(err)
	}
	same := func(what string, panel, figure float64) {
		t.Helper()
		if math.Abs(panel-figure) > 1e-9*math.Max(1, math.Abs(figure)) {
			t.Errorf("%s: the panel says %v, the figures say %v", what, panel, figure)
		}
	}
	if impact.Population.Rollbacks != 2 || impact.Population.DuringIncident == 0 || impact.Population.Immature == 0 || impact.Headline.Crude == nil {
		t.Fatalf("the data tell too little: %+v", impact.Population)
	}
	rates := w.answers(t, "impact_rates", from, to)
	confirmed := 0
	for name, group := range map[string]string{"AI-assisted": "AI-assisted changes", "human": "human changes", "automation": "automated changes", "unknown": "changes of unknown origin"} {
		for _, g := range impact.Groups {
			if g.Group != group {
				continue
			}
			row := rates[name]
			if row == nil {
				t.Fatalf("no row for %s", name)
			}
			same(name+" changes", numberOf(row[1]), float64(g.Changes))
			same(name+" confirmed", numberOf(row[2]), float64(g.Rate.Events))
			same(name+" lower end", numberOf(row[4]), g.Rate.Lo)
			same(name+" upper end", numberOf(row[5]), g.Rate.Hi)
			same(name+" with suspected", numberOf(row[6]), float64(g.Suspected.Events))
			confirmed += g.Rate.Events
		}
	}
	same("AI-assisted", numberOf(w.answers(t, "impact_n", from, to)[""][0]), float64(impact.Groups[0].Changes))
	same("confirmed", numberOf(w.answers(t, "impact_events", from, to)[""][0]), float64(confirmed))
	same("unknown", numberOf(w.answers(t, "impact_unknown", from, to)[""][0]), impact.Population.Unknown.Value)
	same("unlinked", numberOf(w.answers(t, "impact_unlinked", from, to)[""][0]), impact.Incidents.Unlinked.Value)
	ratios := w.answers(t, "impact_ratio", from, to)
	for name, want := range map[string]*figures.Ratio{"crude": impact.Headline.Crude, "same tier, kind and team": impact.Headline.Adjusted} {
		row := ratios[name]
		if row == nil || want == nil || want.Value == nil {
			t.Fatalf("%s: %v against %+v", name, row, want)
		}
		same(name, numberOf(row[1]), *want.Value)
		same(name+", lower end", numberOf(row[2]), want.Lo)
		same(name+", upper end", numberOf(row[3]), *want.Hi)
	}
}
