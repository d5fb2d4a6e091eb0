package web

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// TestCodeWordsBecomePlainOnes holds every list of words against every code word
// that can stand there, and one that a later version may bring.
func TestCodeWordsBecomePlainOnes(t *testing.T) {
	said := map[string]bool{}
	say := func(code, text string) {
		t.Helper()
		if text == "" || strings.Contains(text, "_") {
			t.Errorf("%s is said as %q", code, text)
		}
		said[text] = true
	}
	for _, d := range []correlate.Decision{correlate.DecisionConfirm, correlate.DecisionReject, correlate.DecisionNoChange, "some_day"} {
		say(string(d), decisionWords(d))
		say(string(d), proposalWords(d))
	}
	for _, v := range []correlate.Verdict{correlate.VerdictProbable, correlate.VerdictPossible, correlate.VerdictWeak, correlate.VerdictNoChange, "some_day"} {
		say(string(v), verdictWords(v))
	}
	for _, c := range append(provenanceClasses(), "some_day") {
		say(string(c), classWords(c))
	}
	for _, s := range []correlate.Standing{{State: correlate.JudgedConfirmed}, {State: correlate.JudgedNoChange}, {State: correlate.JudgedNot}, {State: correlate.JudgedRejected, Rejected: make([]correlate.Key, 2)}, {State: "some_day"}} {
		say(string(s.State), standingWords(&s))
	}
	for _, want := range []string{"Cause confirmed", "2 suspects ruled out, cause open", "to confirm as the cause", "no recorded change did it", "AI-operated: an agent acted on production", "some day"} {
		if !said[want] {
			t.Errorf("nothing is said as %q", want)
		}
	}
}

func TestTheCourseOfAChangeIsSaidAsFarAsItIsKnown(t *testing.T) {
	finished, early := onset.Add(90*time.Second), onset.Add(-time.Minute)
	steps := make([]correlate.RolloutStep, 3)
	for want, c := range map[string]correlate.Change{
		"": {StartedAt: onset},
		"took 1 min 30 s, 3 rollout steps, succeeded": {StartedAt: onset, FinishedAt: &finished, Rollout: steps, Status: correlate.StatusSucceeded},
		"running for 2 min":                           {StartedAt: onset, Status: correlate.StatusInProgress},
		"rolled back":                                 {StartedAt: onset, FinishedAt: &early, Status: correlate.StatusRolledBack},
	} {
		if got := course(&c, onset.Add(2*time.Minute)); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestHowLongAnIncidentLasted(t *testing.T) {
	ended := onset.Add(40 * time.Minute)
	for want, in := range map[string]correlate.Incident{
		"40 min": {StartedAt: onset, ResolvedAt: &ended}, "3 h": {StartedAt: onset, Status: correlate.IncidentOpen}, "": {StartedAt: onset, Status: correlate.IncidentMerged}, "0 s": {StartedAt: onset.Add(9 * time.Hour)},
	} {
		if got := lasted(&in, onset.Add(3*time.Hour)); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestAListLeadsOnWithItsFilterAndBackToItsBeginning(t *testing.T) {
	here, err := url.Parse("/changes?kind=deploy&cursor=abc")
	if err != nil {
		t.Fatal(err)
	}
	next, first := around(here, "d&e")
	if next != "/changes?cursor=d%26e&kind=deploy" || first != "/changes?kind=deploy" {
		t.Errorf("next %q, first %q", next, first)
	}
	if next, first := around(&url.URL{Path: "/"}, ""); next+first != "" {
		t.Errorf("a whole list leads to %q, %q", next, first)
	}
}

func TestFiltersSayWhatTheyDoNotKnow(t *testing.T) {
	values := url.Values{"status": {"open,quiet", "", "resolved"}, "severity": {"grave\u202e"}, "from": {"2026-05-04"}, "to": {"soon"}}
	if got, wrong := chosen(values, "status", correlate.IncidentStatuses()); len(got) != 3 || wrong != "" {
		t.Errorf("%v, %q", got, wrong)
	}
	if _, wrong := chosen(values, "severity", correlate.Severities()); !strings.Contains(wrong, `knows no "grave"`) || !strings.Contains(wrong, "critical, high") {
		t.Errorf("%q", wrong)
	}
	if at, wrong := clockValue(values, "from"); !at.Equal(time.Date(2026, 5, 4, 0, 0, 0, 0, time.UTC)) || wrong != "" {
		t.Errorf("%v, %q", at, wrong)
	}
	if _, wrong := clockValue(values, "to"); !strings.Contains(wrong, "write it like 2026-05-04T10:00") {
		t.Errorf("%q", wrong)
	}
}

func TestLongChangesAreCutAndCounted(t *testing.T) {
	c := correlate.Change{Labels: map[string]string{"b": "2", "a": "1"}}
	for i := range maxCommits + 7 {
		c.Commits = append(c.Commits, correlate.Commit{SHA: strings.Repeat("9", 40), Message: fmt.Sprintf("  subject %d\n\nbody", i), Files: make([]string, maxFiles+2), Additions: 1234, Author: &correlate.Person{Name: "Ada"}})
	}
	rows, more := commits(&c)
	if len(rows) != maxCommits || more != 7 || rows[3].Subject != "subject 3" || rows[0].MoreFiles != 2 || rows[0].Lines != "+1,234 −0" || rows[0].Author != "Ada" || len([]rune(rows[0].SHA)) != 12 {
		t.Errorf("%d rows and %d more, the first %+v", len(rows), more, rows[0])
	}
	if labels := labelRows(c.Labels); labels[0].Name != "a" || labels[1].Value != "2" {
		t.Errorf("%+v", labels)
	}
}

// sayings is an audit with one entry of each kind.
type sayings struct{ fail error }

func (s sayings) AuditEntries(context.Context, int) ([]query.AuditEntry, error) {
	return []query.AuditEntry{
		{Actor: "ada", Action: "verdict", Target: "inc-1", Detail: `{"decision":"no_change","reason":"A provider was down."}`},
		{Actor: "ada", Action: "provenance override", Target: "argo-cd/api-7", Detail: `{"class":"ai_authored","reason":"I saw it."}`},
		{Actor: nasty, Action: "token_drawn", Target: nasty, Detail: nasty},
		{Actor: "ada", Action: "replay", Target: "t/0/1/2", Detail: "{broken"},
		{Actor: "ada", Action: "told", Detail: `{"other":1}`},
	}, s.fail
}

func TestTheAuditIsToldInWords(t *testing.T) {
	site := siteAt(onset)
	body := &adminBody{}
	r := httptest.NewRequest(http.MethodGet, "/admin", http.NoBody)
	if err := site.audit(r, body); err != nil || body.Audited {
		t.Errorf("without an audit: %v", err)
	}
	site.deps.Audit = sayings{}
	if err := site.audit(r, body); err != nil || len(body.Audit) != 5 || !body.Audited {
		t.Fatalf("%+v, %v", body.Audit, err)
	}
	for i, want := range []auditRow{
		{Path: "/incidents/inc-1", Detail: "no change: A provider was down."},
		{Path: "/changes/api-7?source=argo-cd", Detail: "ai authored: I saw it."},
		{Detail: line(nasty)},
		{Detail: "{broken"},
		{},
	} {
		if got := body.Audit[i]; got.Path != want.Path || got.Detail != want.Detail {
			t.Errorf("%d: %+v, want %+v", i, got, want)
		}
	}
	if html := rendered(t, "admin", "main", &frame{Body: body}); strings.Contains(html, "<script") || strings.Contains(html, "\u202e") {
		t.Error("what a sender wrote is not harmless")
	}
	site.deps.Audit = sayings{fail: fmt.Errorf("the store is away")}
	if err := site.audit(r, &adminBody{}); err == nil {
		t.Error("a failure is nothing to tell")
	}
}
