package eval

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// twoStorms are a storm of two outages and one of noise alone. Callers that call
// the same service are near, the others are not.
const twoStorms = `{"name":"s1","at":"2026-05-04T11:00:00Z","kind":"outages","topology":{"edges":[{"caller":"web","callee":"cart"}]},"alerts":[` +
	`{"source":"m","fingerprint":"a","service":"cart","name":"Errors","severity":"critical","status":"firing","started_at":"2026-05-04T10:00:00Z"},` +
	`{"source":"m","fingerprint":"b","service":"web","name":"Errors","severity":"critical","status":"firing","started_at":"2026-05-04T10:02:00Z"},` +
	`{"source":"m","fingerprint":"c","service":"mail","name":"Errors","severity":"critical","status":"firing","started_at":"2026-05-04T10:02:00Z"}],` +
	`"outages":{"one":[{"fingerprint":"a","started_at":"2026-05-04T12:00:00+02:00"}],"two":[{"fingerprint":"b","started_at":"2026-05-04T10:02:00Z"},{"fingerprint":"c","started_at":"2026-05-04T10:02:00Z"}]}}
{"name":"s2","at":"2026-05-04T11:00:00Z","kind":"noise","topology":{},"alerts":[` +
	`{"source":"m","fingerprint":"a","service":"cart","name":"Errors","severity":"critical","status":"firing","started_at":"2026-05-04T10:00:00Z"}],"outages":{}}
`

func runStorms(t *testing.T, output Output, storms string, files ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := Run(t.Context(), Options{
		Files: files, Storms: []string{StdinName}, Stdin: strings.NewReader(storms),
		Rankers: []string{"recency"}, Available: baselines(), Output: output,
	}, &out)
	return out.String(), err
}

func TestGroupingIsPrintedByKindOfStorm(t *testing.T) {
	got, err := runStorms(t, OutputTable, twoStorms)
	if err != nil {
		t.Fatal(err)
	}
	want := `grouping   storms  alerts  outages  incidents  purity  complete
all             2       4        2          3    .750      .667
  noise         1       1        0          1    1.00         -
  outages       1       3        2          2    .667      .667
`
	if !strings.HasPrefix(got, want) || strings.Contains(got, "no cases") || strings.Contains(got, "ranker") {
		t.Errorf("table:\n%s", got)
	}
}

func TestGroupingIsAddedToTheContractsReport(t *testing.T) {
	got, err := runStorms(t, OutputJSON, twoStorms)
	if err != nil {
		t.Fatal(err)
	}
	var report struct {
		Rankers, Cases []any
		Grouping       struct {
			Storms, Alerts, Outages, Incidents int
			Purity, Completeness               float64
			Kinds                              []struct {
				Kind         string
				Completeness *float64
			}
		}
	}
	if err := json.Unmarshal([]byte(got), &report); err != nil {
		t.Fatal(err)
	}
	g := report.Grouping
	if report.Rankers == nil || report.Cases == nil || len(report.Rankers) != 0 || g.Storms != 2 || g.Purity != 0.75 ||
		len(g.Kinds) != 2 || g.Kinds[0].Kind != "noise" || g.Kinds[0].Completeness != nil {
		t.Errorf("report %s", got)
	}
}

func TestABadStormIsNamedWithLineAndField(t *testing.T) {
	for name, tc := range map[string]struct{ from, to, want string }{
		"a label of no alert":       {`"fingerprint":"c","started_at":"2026-05-04T10:02:00Z"}]}`, `"fingerprint":"z","started_at":"2026-05-04T10:02:00Z"}]}`, "stdin:1: outages.two[1]"},
		"a label at another time":   {`+02:00`, `+01:00`, "stdin:1: outages.one[0]"},
		"an alert of two outages":   {`"two":[{"fingerprint":"b","started_at":"2026-05-04T10:02:00Z"}`, `"two":[{"fingerprint":"a","started_at":"2026-05-04T10:00:00Z"}`, "belongs to one already"},
		"no labels":                 {`,"outages":{}`, ``, "stdin:2: outages: is missing"},
		"no moment":                 {`"name":"s2","at":"2026-05-04T11:00:00Z"`, `"name":"s2"`, "stdin:2: at"},
		"a time that is none":       {`"started_at":"2026-05-04T10:00:00Z"},`, `"started_at":"noon"},`, "stdin:1: "},
		"a line that is not a JSON": {`{"name":"s2"`, `nonsense`, "stdin:2: "},
	} {
		bad := strings.Replace(twoStorms, tc.from, tc.to, 1)
		if bad == twoStorms {
			t.Fatalf("%s: nothing replaced", name)
		}
		if _, err := runStorms(t, OutputTable, bad); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: error %v, want %s", name, err, tc.want)
		}
	}
}

func TestCasesAndStormsDoNotShareStandardInput(t *testing.T) {
	if _, err := runStorms(t, OutputTable, twoStorms, StdinName); err == nil || !strings.Contains(err.Error(), "standard input") {
		t.Errorf("error %v", err)
	}
}

func TestNoStormsAreSaidToBeNone(t *testing.T) {
	if got, err := runStorms(t, OutputTable, ""); err != nil || got != "no storms\n" {
		t.Errorf("%q, error %v", got, err)
	}
}
