package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"image/png"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/figures"
	"github.com/faultline/faultline/internal/query"
)

func render(t *testing.T, r *Report, f Format) string {
	t.Helper()
	out, err := r.Render(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestEveryRenderingShowsTheSame(t *testing.T) {
	r := simulateQuarter(7).build(t)
	page, words := render(t, &r, HTML), render(t, &r, Markdown)
	for _, s := range r.sections() {
		for _, text := range append([]string{s.Title}, s.Words...) {
			if !strings.Contains(html.UnescapeString(page), text) {
				t.Errorf("HTML lacks %q", text)
			}
			if !strings.Contains(words, markdownText(text)) {
				t.Errorf("Markdown lacks %q", text)
			}
		}
		for _, table := range s.Tables {
			for _, row := range table.Rows {
				for _, cell := range row {
					if !strings.Contains(html.UnescapeString(page), cell) || !strings.Contains(words, markdownText(cell)) {
						t.Errorf("a rendering lacks the cell %q", cell)
					}
				}
			}
		}
	}
	if pdf := render(t, &r, PDF); !strings.HasPrefix(pdf, "%PDF-") || strings.Count(pdf, "/Subtype /Image") < 3 {
		t.Error("the PDF lacks its charts")
	}
	var back Report
	if err := json.Unmarshal([]byte(render(t, &r, JSON)), &back); err != nil || back.Sentence != r.Sentence || back.Impact.Headline.Words != r.Impact.Headline.Words {
		t.Errorf("%v %+v", err, back.Sentence)
	}
	if _, err := r.Render("docx"); err == nil || !strings.Contains(err.Error(), "want html") {
		t.Error(err)
	}
}

func TestTheSameReportIsTheSameBytes(t *testing.T) {
	// The PDF library writes the parts of a font in an order of its own.
	for _, f := range []Format{HTML, Markdown, JSON} {
		a, b := simulateQuarter(7).build(t), simulateQuarter(7).build(t)
		if render(t, &a, f) != render(t, &b, f) {
			t.Errorf("%s differs between two renderings of one report", f)
		}
	}
}

// hostile is text that tries to be more than text in one of the renderings.
const hostile = "<script>alert(1)</script><img src=x onerror=alert(2)> [x](javascript:alert(3)) <!channel> *b* |cell| `c` &lt; \u202e\x00\x1b[31m \"quoted\" {{.}}"

func TestForeignTextIsOnlyText(t *testing.T) {
	q := simulateQuarter(7)
	q.title = hostile
	for i := range q.facts {
		q.facts[i].Title = hostile
		q.facts[i].Services = []string{hostile}
	}
	q.fresh[1].Source = hostile
	r := q.build(t)
	checkHTML(t, render(t, &r, HTML))
	words := render(t, &r, Markdown)
	for _, bad := range []string{"<script", "<img", "x](javascript:", "|cell|", "\x1b", "\u202e"} {
		if strings.Contains(words, bad) {
			t.Errorf("Markdown lets %q through", bad)
		}
	}
	text, err := json.Marshal(r.Slack())
	if err != nil {
		t.Fatal(err)
	}
	var message SlackMessage
	if err := json.Unmarshal(text, &message); err != nil {
		t.Fatal(err)
	}
	for _, block := range message.Blocks {
		if block.Text != nil && (strings.Contains(block.Text.Text, "<!") || strings.Contains(block.Text.Text, "<script") || strings.Contains(block.Text.Text, "*b*")) {
			t.Errorf("Slack lets through: %s", block.Text.Text)
		}
	}
	if pdf := render(t, &r, PDF); !strings.HasPrefix(pdf, "%PDF-") || strings.Contains(pdf, "/JavaScript") {
		t.Error("the PDF fails or runs something")
	}
}

// fitsATelephone tells whether a table leaves a narrow screen its width: what lays
// the page out is as wide as the screen, and what is wider moves inside a frame.
func fitsATelephone(table *html.Node) bool {
	style, frame := "", ""
	for _, a := range table.Attr {
		if a.Key == "style" {
			style = a.Val
		}
	}
	for _, a := range table.Parent.Attr {
		if a.Key == "style" {
			frame = a.Val
		}
	}
	return strings.Contains(style, "table-layout:fixed") || strings.Contains(frame, "overflow-x:auto")
}

// checkHTML demands a page without anything that runs or loads.
func checkHTML(t *testing.T, page string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	images := 0
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if n.Data == "table" && !fitsATelephone(n) {
			t.Errorf("a table is as wide as its words: %v", n.Attr)
		}
		if slices.Contains([]string{"script", "iframe", "object", "embed", "link", "form", "style"}, n.Data) {
			t.Errorf("the page has a %s", n.Data)
		}
		for _, a := range n.Attr {
			value := strings.ToLower(a.Val)
			if strings.HasPrefix(a.Key, "on") || strings.HasPrefix(value, "javascript:") {
				t.Errorf("%s has %s=%q", n.Data, a.Key, a.Val)
			}
			if n.Data == "img" && a.Key == "src" {
				images++
				if !strings.HasPrefix(value, "data:image/png;base64,") && !strings.HasPrefix(value, "cid:") {
					t.Errorf("a picture from %.40s", value)
				}
			}
			if n.Data == "img" && a.Key == "alt" && len(a.Val) < 20 {
				t.Errorf("a picture says only %q to those who cannot see it", a.Val)
			}
		}
	}
	if images != 3 {
		t.Errorf("%d pictures", images)
	}
}

func TestTheMailPageIsSmallAndPointsAtItsParts(t *testing.T) {
	r := simulateQuarter(7).build(t)
	page, charts, err := r.Mail()
	if err != nil || len(charts) != 3 {
		t.Fatal(len(charts), err)
	}
	checkHTML(t, string(page))
	// Gmail cuts mails off above 102 kB.
	if len(page) > 100_000 {
		t.Errorf("%d bytes", len(page))
	}
	for _, c := range charts {
		if !strings.Contains(string(page), `src="cid:`+c.Name+`"`) {
			t.Errorf("no reference to %s", c.Name)
		}
		picture, err := png.Decode(bytes.NewReader(c.PNG))
		if err != nil || picture.Bounds().Dx() < 1000 {
			t.Errorf("%s: %v", c.Name, err)
		}
	}
}

func TestNobodyIsNamed(t *testing.T) {
	r := simulateQuarter(7).build(t)
	slack, _ := json.Marshal(r.Slack())
	for name, text := range map[string]string{"html": render(t, &r, HTML), "markdown": render(t, &r, Markdown), "json": render(t, &r, JSON), "slack": string(slack)} {
		if strings.Contains(text, "secret-person") {
			t.Errorf("%s names who judged", name)
		}
	}
}

func TestSlackKeepsToItsLimits(t *testing.T) {
	q := simulateQuarter(7)
	r := q.build(t)
	for range 60 {
		r.Decisions = append(r.Decisions, strings.Repeat("decide ", 20))
		r.Incidents = append(r.Incidents, r.Incidents[0])
	}
	m := r.Slack()
	if len(m.Blocks) > 50 {
		t.Errorf("%d blocks", len(m.Blocks))
	}
	for _, b := range m.Blocks {
		if b.Text != nil && len([]rune(b.Text.Text)) > 3000 {
			t.Errorf("%d characters in one text", len(b.Text.Text))
		}
		if len(b.Fields) > 10 {
			t.Errorf("%d fields", len(b.Fields))
		}
	}
}

func TestAQuietWeekHasAReport(t *testing.T) {
	q := &quarter{}
	r := q.build(t)
	if !strings.HasPrefix(r.Sentence, "No incident began in this week.") || !strings.Contains(r.Sentence, "not enough data") || len(r.Tiles) != 5 {
		t.Errorf("%q %+v", r.Sentence, r.Tiles)
	}
	for _, f := range Formats() {
		render(t, &r, f)
	}
	if charts, err := r.Charts(); err != nil || len(charts) != 0 {
		t.Errorf("charts of nothing: %v %v", charts, err)
	}
}

func TestTheWeekIsHeldAgainstThoseBefore(t *testing.T) {
	q := &quarter{}
	add := func(id string, at time.Time, minutes int, severity correlate.Severity, services ...string) {
		f := query.IncidentFact{ID: id, Title: id, Severity: severity, Status: correlate.IncidentResolved, StartedAt: at, Services: services}
		if minutes > 0 {
			end := at.Add(time.Duration(minutes) * time.Minute)
			f.ResolvedAt, f.Status = &end, correlate.IncidentResolved
		} else {
			f.Status = correlate.IncidentOpen
		}
		q.facts = append(q.facts, f)
	}
	week := monday.AddDate(0, 0, -7).Truncate(24 * time.Hour)
	add("sunday-before", week.Add(-time.Second), 10, correlate.SeverityHigh, "cart")
	add("first", week, 30, correlate.SeverityHigh, "cart", "mail")
	add("worst", week.Add(time.Hour), 20, correlate.SeverityCritical, "cart")
	add("long", week.Add(2*time.Hour), 300, correlate.SeverityHigh, "mail")
	add("open", monday.Add(-7*time.Hour), 0, correlate.SeverityWarning, "cart")
	add("after", week.AddDate(0, 0, 7), 5, correlate.SeverityHigh, "cart")
	q.facts = append(q.facts, query.IncidentFact{ID: "merged", Status: correlate.IncidentMerged, MergedInto: "first", StartedAt: week})
	r := q.build(t)
	if r.Tiles[0].Value != "4" || !strings.Contains(r.Tiles[0].Basis, "1 critical, 2 high") || !strings.Contains(r.Tiles[0].Before, "week before 1") {
		t.Errorf("%+v", r.Tiles[0])
	}
	// The open one has lasted seven hours at six on Monday.
	if r.Tiles[1].Value != "770" || r.Tiles[2].Value != "30 min" || !strings.Contains(r.Tiles[2].Basis, "within 300 min") {
		t.Errorf("%+v %+v", r.Tiles[1], r.Tiles[2])
	}
	var ids []string
	for _, in := range r.Incidents {
		ids = append(ids, in.ID)
	}
	if strings.Join(ids, " ") != "worst long first open" || !r.Incidents[3].Open || r.Incidents[0].URL != "https://faultline.example/incidents/worst" {
		t.Errorf("%v %+v", ids, r.Incidents)
	}
	if m := r.Movers; len(m) != 2 || m[0].Service != "cart" || m[0].Incidents != 3 || m[0].Mean != 0.125 {
		t.Errorf("%+v", m)
	}
	if len(r.Decisions) != 1 || !strings.HasPrefix(r.Decisions[0], "5 incidents of the last nine weeks wait for a verdict") {
		t.Errorf("%q", r.Decisions)
	}
}

func TestWhatNeedsADecisionIsSaid(t *testing.T) {
	r := Report{Week: "2026-W47"}
	r.Impact.Population.Unknown = &figures.Share{Events: 40, N: 100, Value: 0.4}
	r.Approval.Coverage = &figures.Share{Events: 700, N: 1000, Value: 0.7}
	r.Impact.Headline.Homogeneity = &figures.Homogeneity{P: 0.01}
	r.Impact.Weeks = []figures.Week{{Starts: time.Date(2026, 11, 16, 0, 0, 0, 0, time.UTC), Out: true}}
	got := strings.Join(decisions(&past{}, &r), "\n")
	for _, part := range []string{"40% of changes is unknown", "300 of 1,000 AI-assisted changes had no senior approval", "differs between tiers", "outside its usual range"} {
		if !strings.Contains(got, part) {
			t.Errorf("%q lacks %q", got, part)
		}
	}
	if none := decisions(&past{}, &Report{}); len(none) != 0 {
		t.Errorf("decisions about nothing: %q", none)
	}
}

func TestAStoreThatIsAwayMakesNoReport(t *testing.T) {
	q := simulateQuarter(7)
	q.fail = errors.New("away")
	makers := figures.New(figures.DefaultConfig(), q, clock)
	if _, err := NewBuilder(makers, q, q, q, "", clock).Build(t.Context(), WeekOf(monday, time.UTC)); err == nil || !strings.Contains(err.Error(), "away") {
		t.Error(err)
	}
}

func TestWeeksAreISOWeeksInTheirZone(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	w, err := ParseWeek("2026-W13", berlin)
	if err != nil {
		t.Fatal(err)
	}
	// The clocks are put forward on its Sunday.
	if got := w.End().Sub(w.Start()); got != 7*24*time.Hour-time.Hour {
		t.Errorf("%v long", got)
	}
	for text, want := range map[string]string{"2020-W53": "2020-12-28", "2026-W01": "2025-12-29", "2027-W01": "2027-01-04"} {
		w, err := ParseWeek(text, time.UTC)
		if err != nil || w.Start().Format(time.DateOnly) != want || w.String() != text {
			t.Errorf("%s: %v %v", text, w.Start(), err)
		}
	}
	for _, bad := range []string{"2026-W54", "2026-W00", "2021-W53", "2026-47", "26-W47", "2026-W7", "", "2026-W47 "} {
		if _, err := ParseWeek(bad, time.UTC); !errors.Is(err, ErrNoWeek) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if got := WeekOf(time.Date(2026, 11, 15, 23, 30, 0, 0, time.UTC), berlin).String(); got != "2026-W47" {
		t.Errorf("half past midnight on Monday in Berlin is in %s", got)
	}
	if got := WeekOf(monday, time.UTC).Before(48).String(); got != "2025-W52" {
		t.Error(got)
	}
}

// TestAVerdictOnAMergedIncidentCountsForTheOther holds the report to what the
// figures in it say: people judged an incident that another took in afterwards.
func TestAVerdictOnAMergedIncidentCountsForTheOther(t *testing.T) {
	week := monday.AddDate(0, 0, -7).Truncate(24 * time.Hour)
	cause := correlate.Key{Source: "argo-cd", ID: "checkout-1842"}
	q := &quarter{judgements: []correlate.Judgement{
		{ID: "v", Incident: "early", FindingVersion: 1, Decision: correlate.DecisionConfirm, Change: &cause, DecidedBy: "ada", DecidedAt: week.Add(time.Hour)},
	}}
	for id, into := range map[string]string{"early": "middle", "middle": "last", "last": ""} {
		f := query.IncidentFact{ID: id, Title: id, Severity: correlate.SeverityHigh, Status: correlate.IncidentMerged, MergedInto: into, StartedAt: week, Services: []string{"cart"}, FindingVersion: 1}
		if into == "" {
			end := week.Add(2 * time.Hour)
			f.Status, f.ResolvedAt = correlate.IncidentResolved, &end
		}
		q.facts = append(q.facts, f)
	}
	r := q.build(t)
	if len(r.Incidents) != 1 || r.Incidents[0].ID != "last" || r.Incidents[0].Standing != standingWords(correlate.JudgedConfirmed) || r.Incidents[0].Cause == "" {
		t.Errorf("%+v", r.Incidents)
	}
	if len(r.Decisions) != 0 || r.Impact.Incidents.Confirmed != 1 {
		t.Errorf("%q, %+v", r.Decisions, r.Impact.Incidents)
	}
}
