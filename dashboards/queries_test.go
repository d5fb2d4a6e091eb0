package dashboards

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// slowest is how much of the processor's time a panel may take on the small
// company of the tests. The clock on the wall would measure who else is at work.
const slowest = 5 * time.Second

// processorTime is what this process, and the engine in it, have used so far.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// statement is one query of a dashboard with what draws it.
type statement struct {
	where string
	sql   string
	panel *panel
}

// statements are all queries of a dashboard: panels, variables, annotations.
func statements(t *testing.T, b board) []statement {
	t.Helper()
	read := func(name string) string {
		sql, err := readSQL(name)
		if err != nil {
			t.Fatal(err)
		}
		return sql
	}
	var all []statement
	for _, r := range b.rows {
		for _, p := range r.panels {
			if p.shape != shapeText {
				all = append(all, statement{where: "panel " + p.title, sql: read(p.sql), panel: &p})
			}
		}
	}
	for _, v := range b.variables {
		all = append(all, statement{where: "variable " + v.name, sql: read(v.sql)})
	}
	return all
}

// TestEveryQueryOfEveryPanelAnswers runs each statement as Grafana would, once
// for all services and once for one, and looks at what comes back.
func TestEveryQueryOfEveryPanelAnswers(t *testing.T) {
	w := open(t)
	choices := map[string]map[string][]string{
		"all": {"incident": {"inc-5"}},
		"one": {"incident": {"inc-5"}, "service": {"checkout"}, "severity": {"critical"}},
	}
	for _, b := range boards() {
		for _, s := range statements(t, b) {
			for name, values := range choices {
				t.Run(b.uid+"/"+s.where+"/"+name, func(t *testing.T) { w.check(t, s, values) })
			}
		}
	}
}

// check runs a statement and holds its answer against the panel's shape.
func (w *warehouse) check(t *testing.T, s statement, values map[string][]string) {
	t.Helper()
	sql, err := macros{from: w.now.AddDate(0, 0, -42), to: w.now.Add(time.Minute), interval: time.Hour, values: values}.expand(s.sql)
	if err != nil {
		t.Fatal(err)
	}
	began := processorTime(t)
	got, err := w.ask(t, sql)
	if err != nil {
		t.Fatalf("%v\n%s", err, sql)
	}
	if took := processorTime(t) - began; took > slowest {
		t.Errorf("took %s of the processor", took)
	}
	if len(got.Data) == 0 {
		t.Fatalf("no rows\n%s", sql)
	}
	if s.panel != nil {
		w.fits(t, *s.panel, got)
	}
}

// fits tells whether the columns are what the panel's shape draws.
func (w *warehouse) fits(t *testing.T, p panel, got answer) {
	t.Helper()
	switch p.shape {
	case shapeStat:
		if len(got.Meta) != 1 || len(got.Data) != 1 || !numeric(got.Meta[0].Type) {
			t.Errorf("a single number is wanted, got %v", got)
		}
		if got.Data[0][0] == nil {
			t.Error("the number is null although there is data")
		}
	case shapeLines, shapeBars:
		if !slices.ContainsFunc(got.Meta, func(c struct{ Name, Type string }) bool {
			return c.Name == "time" && strings.HasPrefix(c.Type, "DateTime")
		}) {
			t.Errorf("a series wants a column time, got %v", got.Meta)
		}
		fallthrough
	case shapeGroups:
		if !numeric(got.Meta[len(got.Meta)-1].Type) {
			t.Errorf("the last column is no number: %v", got.Meta)
		}
	}
	w.named(t, p, got)
}

// named tells whether every unit and link is on a column that exists.
func (w *warehouse) named(t *testing.T, p panel, got answer) {
	t.Helper()
	var columns []string
	for _, c := range got.Meta {
		columns = append(columns, c.Name)
		if strings.Contains(c.Type, "Enum") || strings.Contains(c.Type, "Array") || strings.Contains(c.Type, "Map") {
			t.Errorf("column %s is %s, which the plugin shows badly", c.Name, c.Type)
		}
	}
	for _, name := range append(sortedKeys(p.units), sortedKeys(p.links)...) {
		if !slices.Contains(columns, name) {
			t.Errorf("unit or link on a missing column %s of %v", name, columns)
		}
	}
	for _, l := range p.links {
		for _, name := range fieldsOf(l.url) {
			if !slices.Contains(columns, name) {
				t.Errorf("the link %s reads a missing column %s of %v", l.title, name, columns)
			}
		}
	}
}

// fieldsOf are the columns that an address reads.
func fieldsOf(address string) []string {
	var names []string
	for rest := address; ; {
		_, after, found := strings.Cut(rest, "${__data.fields.")
		if !found {
			return names
		}
		name, tail, _ := strings.Cut(after, "}")
		names, rest = append(names, name), tail
	}
}

func numeric(kind string) bool {
	kind = strings.TrimSuffix(strings.TrimPrefix(kind, "Nullable("), ")")
	return strings.HasPrefix(kind, "UInt") || strings.HasPrefix(kind, "Int") || strings.HasPrefix(kind, "Float")
}

func TestAnnotationsAreRegions(t *testing.T) {
	w := open(t)
	for _, name := range []string{"annotation_incidents", "annotation_ai_changes", "annotation_other_changes"} {
		sql, err := readSQL(name)
		if err != nil {
			t.Fatal(err)
		}
		expanded, err := macros{from: w.now.AddDate(0, 0, -42), to: w.now.Add(time.Minute)}.expand(sql)
		if err != nil {
			t.Fatal(err)
		}
		got, err := w.ask(t, expanded)
		if err != nil || len(got.Data) == 0 {
			t.Fatalf("%s: %v %v", name, got, err)
		}
		var columns []string
		for _, c := range got.Meta {
			columns = append(columns, c.Name)
		}
		if want := []string{"time", "timeEnd", "text", "tags"}; !slices.Equal(columns, want) {
			t.Errorf("%s gives %v, Grafana wants %v", name, columns, want)
		}
	}
}

func TestAlarmsGiveOneNumber(t *testing.T) {
	w := open(t)
	for _, a := range alarms() {
		sql, err := readSQL(a.sql)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(sql, "$__conditionalAll") || strings.Contains(sql, "${") {
			t.Errorf("%s uses what alert rules do not expand", a.uid)
		}
		expanded, err := macros{from: w.now.Add(-15 * time.Minute), to: w.now.Add(time.Minute)}.expand(sql)
		if err != nil {
			t.Fatal(err)
		}
		got, err := w.ask(t, expanded)
		if err != nil || len(got.Data) != 1 || len(got.Meta) != 1 || !numeric(got.Meta[0].Type) {
			t.Errorf("%s: %v %v", a.uid, got, err)
		}
	}
}

// TestOnlyWhatWaitsForAPersonCountsAsUndelivered: of three that were given up one
// was asked for again and still waits, one was dismissed.
func TestOnlyWhatWaitsForAPersonCountsAsUndelivered(t *testing.T) {
	w := open(t)
	for _, name := range []string{"health_undelivered", "alarm_undelivered"} {
		if got := w.panelRows(t, name); fmt.Sprint(got.Data) != "[[2]]" {
			t.Errorf("%s: %v, want 2", name, got.Data)
		}
	}
	states := map[string]string{}
	for _, row := range w.panelRows(t, "health_undelivered_table").Data {
		states[fmt.Sprint(row[2])] = fmt.Sprint(row[3], " ", row[4], ": ", row[5])
	}
	want := map[string]string{"inc-0": "10 waits for a person: the room is gone", "inc-1": "10 asked for again: the room is gone"}
	if diff := cmp.Diff(want, states); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestSilenceIsDrawnAsZero: a gap in a line looks like a missing panel, and the
// alert about silence leads here.
func TestSilenceIsDrawnAsZero(t *testing.T) {
	w := open(t)
	rows := w.panelRows(t, "health_rate").Data
	zero, events := 0, 0
	for _, row := range rows {
		if fmt.Sprint(row[1:]) == "[0 0 0]" {
			zero++
		} else {
			events++
		}
	}
	// The seed was stored in one hour, or in two around their border.
	if hours := 42 * 24; events == 0 || events > 2 || zero < hours-1 {
		t.Errorf("%d intervals with events, %d without, in six weeks", events, zero)
	}
}

// TestTheRatesAreRight compares the panel's numbers with a hand count: 168
// changes, the quarter of each class matured after a day, eleven confirmed.
func TestTheRatesAreRight(t *testing.T) {
	w := open(t)
	got := w.panelRows(t, "impact_rates")
	counts := map[string]string{}
	for _, row := range got.Data {
		counts[fmt.Sprint(row[0])] = fmt.Sprint(row[1], "/", row[2])
	}
	// c-7 is unknown by its markers and AI-assisted by a person's word.
	want := map[string]string{"AI-assisted": "42/6", "human": "41/5", "automation": "41/0", "unknown": "40/0"}
	for class, n := range want {
		if counts[class] != n {
			t.Errorf("%s: %s, want %s (all: %v)", class, counts[class], n, counts)
		}
	}
	for _, row := range got.Data {
		rate, low, high := row[3].(float64), row[4].(float64), row[5].(float64)
		if low > rate || high < rate || low < 0 || high > 1 {
			t.Errorf("%v: %g is outside %g to %g", row[0], rate, low, high)
		}
	}
}

// panelRows is the answer to a statement over six weeks, for all services.
func (w *warehouse) panelRows(t *testing.T, name string) answer {
	t.Helper()
	sql, err := readSQL(name)
	if err != nil {
		t.Fatal(err)
	}
	expanded, err := macros{from: w.now.AddDate(0, 0, -42).Add(-time.Hour), to: w.now.Add(time.Minute), interval: time.Hour}.expand(sql)
	if err != nil {
		t.Fatal(err)
	}
	got, err := w.ask(t, expanded)
	if err != nil {
		t.Fatalf("%v\n%s", err, expanded)
	}
	return got
}

// TestTheRatioIsRight holds the panel's ratios against the same figures worked
// out from the rows of the strata by hand.
func TestTheRatioIsRight(t *testing.T) {
	w := open(t)
	got := w.panelRows(t, "impact_ratio")
	if len(got.Data) != 2 || got.Data[0][0] != "crude" {
		t.Fatalf("%v", got.Data)
	}
	crude := got.Data[0]
	if want := (6.0 / 42) / (5.0 / 41); math.Abs(crude[1].(float64)-want) > 1e-9 {
		t.Errorf("crude %v, want %g", crude[1], want)
	}
	spread := 1.959963984540054 * math.Sqrt(1.0/6-1.0/42+1.0/5-1.0/41)
	if want := math.Exp(math.Log(crude[1].(float64)) - spread); math.Abs(crude[2].(float64)-want) > 1e-9 {
		t.Errorf("low %v, want %g", crude[2], want)
	}
	for _, row := range got.Data {
		if ratio, low, high := row[1].(float64), row[2].(float64), row[3].(float64); low > ratio || high < ratio {
			t.Errorf("%v", row)
		}
	}
}
