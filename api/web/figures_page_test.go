package web

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/faultline/faultline/internal/figures"
)

// share is a rate with an interval around it.
func share(events, n int) *figures.Share {
	value := float64(events) / float64(n)
	return &figures.Share{Events: events, N: n, Value: value, Lo: value / 2, Hi: min(1, value*2)}
}

// measured is a world with every figure.
func measured() *world {
	hi := 3.0
	ratio := func(value float64) *figures.Ratio { return &figures.Ratio{Value: &value, Lo: value / 2, Hi: &hi} }
	w := &world{}
	w.impact = figures.Impact{
		From: onset.AddDate(0, 0, -70), To: onset, ObservationHours: 24, Population: figures.Population{Changes: 1234, Rollbacks: 1, DuringIncident: 12, Immature: 40, Unknown: share(1, 5)},
		Incidents: figures.IncidentCounts{Total: 24, Confirmed: 9, Unlinked: share(6, 30)},
		Groups: []figures.ChangeGroup{
			{Group: "AI-assisted changes", Rate: share(4, 400), Suspected: share(8, 400), Classes: []figures.ClassRate{{Class: "ai_operated", Changes: 30, Rate: share(2, 30)}, {Class: "ai_advised"}}},
			{Group: "human changes", Rate: share(2, 400), Suspected: share(2, 400)},
		},
		Headline:    figures.Comparison{Exposed: "AI-assisted changes", Unexposed: "human changes", Words: "More than human ones.", Crude: ratio(2), Adjusted: ratio(1.8), Corrected: ratio(2.2), Looks: &figures.Looks{Lo: 0.9, Hi: 4}},
		Sensitivity: []figures.Comparison{{Name: "unknown_counted_as_ai", Crude: ratio(1.5)}},
		Chance:      figures.ChanceLine{Incidents: 24, LookbackHours: 4, Groups: []figures.Chance{{Group: "AI-assisted changes", Observed: 9, Expected: 4.25, High: 8}, {Group: "human changes", Observed: 8, Expected: 7, High: 8}}},
		Weeks:       []figures.Week{{Starts: onset.AddDate(0, 0, -7), All: share(1, 100), High: 0.02}, {Starts: onset, All: share(9, 100), High: 0.02, Out: true}},
	}
	w.accuracy = figures.Accuracy{Incidents: 24, Judged: 9, PrecisionAt1: share(6, 8), PrecisionAt3: share(7, 8), Words: "Held against people.", Calibration: &figures.Calibration{N: 9, Brier: 0.1234, ECE: 0.05, Bins: []figures.CalibrationBin{{From: 0.8, To: 0.9, Stated: 0.85, Right: *share(6, 8)}}}}
	w.effect = figures.PolicyEffect{Coverage: share(300, 400), Words: "Approval is not given at random.", Effect: figures.Comparison{Words: "No difference."}, Groups: []figures.ApprovalGroup{{Approval: "senior", Changes: 300, Rate: share(3, 300), LeadHours: &figures.Spread{Median: 14, P80: 20}}, {Approval: "none"}}}
	return w
}

func TestTheFiguresAreThoseThatWereMeasured(t *testing.T) {
	p := measured().get(t, reader, "/figures")
	lawful(t, p)
	p.says("23 Feb 10:00:00 UTC to 4 May 10:00:00 UTC", "1,234 matured changes", "24 incidents, 9 with a confirmed cause")
	impact := p.part("Do AI-assisted changes come with more incidents?")
	impact.says("More than human ones.", "it had 24 h to fail; 40 are younger", "1 rollback, 12 made during an incident", "20% (1 of 5; 10% to 40%)", "20% (6 of 30; 10% to 40%)")
	for first, want := range map[string][]string{
		"AI-assisted changes": {"AI-assisted changes", "1.0%", "0.50% to 2.0%", "4 of 400"}, "… with machine-suspected ones": {"… with machine-suspected ones", "2.0%", "1.0% to 4.0%", "8 of 400"},
		"Human changes": {"Human changes", "0.50%", "0.25% to 1.0%", "2 of 400"}, "All against all": {"All against all", "2.00", "1.00 to 3.00", ""}, "Corrected for wrong labels": {"Corrected for wrong labels", "2.20", "1.10 to 3.00", ""},
		"Widened for weekly looks": {"Widened for weekly looks", "1.80", "0.90 to 4.00", ""}, "Unknown counted as AI": {"Unknown counted as AI", "1.50", "0.75 to 3.00", ""},
	} {
		if row := impact.row(first); !slices.Equal(row, want) {
			t.Errorf("%q, want %q", row, want)
		}
	}
	if row := impact.row("AI-operated"); !strings.HasPrefix(row[2], "6.7% (2 of 30") || row[1] != "30" {
		t.Errorf("%q", row)
	}
	if row := impact.row("AI-advised"); row[2] != "no data" {
		t.Errorf("%q", row)
	}
	strong := map[string]bool{}
	for _, n := range impact.all("text") {
		if strings.HasPrefix(attr(n, "class"), "rowlabel strong") {
			strong[spoken(n)] = true
		}
	}
	if len(strong) != 2 || !strong["Widened for weekly looks"] || strong["All against all"] {
		t.Errorf("what is to be read first is %v", strong)
	}
	suspected := 0
	for _, row := range impact.rows() {
		if strings.HasPrefix(row[0], "…") && strings.Contains(row[0], "suspected") {
			suspected++
		}
	}
	if suspected != 1 {
		t.Errorf("%d rows of suspected ones: one that says the same is said twice", suspected)
	}
	weeks := p.part("Week by week")
	weeks.says("1 week lies outside the limits, marked by a ring: it differs by more than noise.")
	if row := weeks.row("2026-W19"); row[5] != "outside" || row[3] != "9.0%" {
		t.Errorf("%q", row)
	}
	chance := p.part("How much is coincidence?")
	chance.says("Of 24 incidents, how many began within 4 h of a change")
	if rows := chance.rows(); len(rows) != 2 || !slices.Equal(rows[0], []string{"AI-assisted changes", "9", "4.2", "8", "more than chance makes"}) || rows[1][4] != "no more than chance makes" {
		t.Errorf("%q", rows)
	}
	approved := p.part("Are AI-assisted changes approved, and how do approved ones fare?")
	approved.says("No difference.", "Approval is not given at random.")
	if row := approved.row("Senior"); row[3] != "14 h (80% below 20 h)" || row[4] != "not stated" {
		t.Errorf("%q", row)
	}
	right := p.part("How right were our own findings?")
	right.says("9 of 24 incidents judged by people. Held against people.", "9 findings, Brier score 0.123, mean distance 0.050")
	if row := right.row("Confirmed change stood first"); row[1] != "75%" || row[3] != "6 of 8" {
		t.Errorf("%q", row)
	}
}

// TestFiguresOfNothingSaySo: an empty plot reads as a rate of nought.
func TestFiguresOfNothingSaySo(t *testing.T) {
	w := &world{}
	w.impact.Chance.Insufficient = "Insufficient data: a week is needed."
	p := w.get(t, reader, "/figures")
	p.says("Rates: not enough data in this period.", "Ratio of risks: not enough data in this period.", "Approval: not enough data", "Accuracy: not enough data", "Insufficient data: a week is needed.")
	p.denies("Week by week", "Can a stated probability", "The same under other assumptions", "Stratum by stratum", "marked by a ring", "The default period")
	if n := len(p.at("main").all("svg")); n != 0 {
		t.Errorf("%d pictures of nothing", n)
	}
	calm := measured()
	calm.impact.Weeks[1].Out = false
	calm.get(t, reader, "/figures").says("Every week lies within the limits")
}

func TestAChosenPeriodStaysInTheFormAndLeadsBack(t *testing.T) {
	w := measured()
	w.grafana = "https://grafana.example"
	p := w.get(t, reader, "/figures?from=2026-02-23T10:00")
	p.leads("The default period", "/figures")
	if fields := p.fields(); fields["from"] != "2026-02-23T10:00" || fields["to"] != "2026-05-04T10:00" {
		t.Errorf("%v", fields)
	}
	if got := p.links()["In Grafana, in a new tab ↗"]; !strings.Contains(got, "/d/faultline-ai-impact?from=1771840800000&to=1777888800000") {
		t.Errorf("to Grafana: %s", got)
	}
}

func TestAPeriodThatCannotBeIsSaid(t *testing.T) {
	w := &world{}
	deps := w.deps()
	deps.Figures = wrongPeriod{w}
	answer := httptest.NewRecorder()
	if err := bareSite(t, deps).figuresPage(answer, request("/figures")); err != nil || answer.Code != http.StatusUnprocessableEntity {
		t.Errorf("status %d, %v", answer.Code, err)
	}
	read(t, answer.Body.String()).says("lies ahead; give an earlier one")
}

// wrongPeriod refuses every period.
type wrongPeriod struct{ Figures }

func (wrongPeriod) AIImpact(context.Context, time.Time, time.Time) (figures.Impact, error) {
	return figures.Impact{}, &figures.PeriodError{Field: "from", Problem: "lies ahead", Mend: "give an earlier one"}
}

func TestCapitalsAreWholeLetters(t *testing.T) {
	for text, want := range map[string]string{"": "", "a": "A", "état": "État", "“to”": "“to”", "7 x": "7 x", "ß": "ß", "жар": "Жар"} {
		if got := capital(text); got != want {
			t.Errorf("%q becomes %q", text, got)
		}
	}
}

// TestTimesOfFigures keeps the seconds out of an hour.
func TestTimesOfFigures(t *testing.T) {
	w := measured()
	w.impact.ObservationHours = 1.5
	w.get(t, reader, "/figures").says("it had " + span(90*time.Minute) + " to fail")
}
