package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
	"github.com/faultline/faultline/internal/report"
)

// auditedStore is a week of changes in pages of two.
type auditedStore struct {
	changes []correlate.Change
	classes map[correlate.Key]correlate.Provenance
	asked   []query.Changes
	fail    error
}

func (s *auditedStore) Changes(_ context.Context, q query.Changes) (query.Page[correlate.Change], error) {
	s.asked = append(s.asked, q)
	from := 0
	if q.Cursor != "" {
		_, _ = fmt.Sscan(q.Cursor, &from)
	}
	page := query.Page[correlate.Change]{Items: s.changes[from:min(from+2, len(s.changes))]}
	if from+2 < len(s.changes) {
		page.Next = fmt.Sprint(from + 2)
	}
	return page, s.fail
}

func (s *auditedStore) Provenances(context.Context, []correlate.Key) (map[correlate.Key]correlate.Provenance, error) {
	return s.classes, s.fail
}

func (s *auditedStore) Topology(context.Context, time.Time) (correlate.Topology, error) {
	return correlate.Topology{Services: []correlate.Service{{Name: "checkout", Tier: 1}, {Name: "blog", Tier: 3}}}, s.fail
}

var auditStart = time.Date(2026, 11, 16, 0, 0, 0, 0, time.UTC)

// add stores a change of a class.
func (s *auditedStore) add(id, service string, class correlate.ProvenanceClass, form func(*correlate.Change)) {
	c := correlate.Change{
		ID: id, Source: "ci", Kind: correlate.KindDeploy, Title: "Deploy " + id, Services: []string{service}, Environment: correlate.DefaultEnvironment,
		StartedAt: auditStart.Add(time.Hour), Status: correlate.StatusSucceeded,
		Commits: []correlate.Commit{{SHA: "1", Author: &correlate.Person{Login: "ann"}}},
	}
	if form != nil {
		form(&c)
	}
	s.changes = append(s.changes, c)
	if s.classes == nil {
		s.classes = map[correlate.Key]correlate.Provenance{}
	}
	if class != "" {
		s.classes[c.Key()] = correlate.Provenance{Class: class}
	}
}

// approvedAt is an approval so many minutes from the start.
func approvedAt(minutes int, by string) func(*correlate.Change) {
	return func(c *correlate.Change) {
		at := c.StartedAt.Add(time.Duration(minutes) * time.Minute)
		c.Approvals = []correlate.Approval{{By: by, Level: "senior", At: &at}}
	}
}

// theWeek has a change of every kind.
func theWeek() *auditedStore {
	s := &auditedStore{}
	s.add("kept", "checkout", correlate.ProvenanceAssisted, approvedAt(-5, "bob"))
	s.add("human", "checkout", correlate.ProvenanceHuman, nil)
	s.add("late", "checkout", correlate.ProvenanceAssisted, approvedAt(5, "bob"))
	s.add("own", "checkout", correlate.ProvenanceAuthored, approvedAt(-5, "ann"))
	s.add("small", "blog", correlate.ProvenanceAssisted, nil)
	s.add("unlabelled", "checkout", "", nil)
	s.add("cancelled", "checkout", correlate.ProvenanceAssisted, func(c *correlate.Change) { c.Status = correlate.StatusCancelled })
	s.add("glass", "checkout", correlate.ProvenanceAssisted, func(c *correlate.Change) {
		c.Labels = map[string]string{"break-glass": "orders fail, nobody answers"}
	})
	return s
}

func auditOf(t *testing.T, s *auditedStore) (report.PolicyWeek, error) {
	t.Helper()
	rules, err := LoadPolicy("")
	if err != nil {
		t.Fatal(err)
	}
	return newAuditor(s, rules).Audit(t.Context(), auditStart, auditStart.AddDate(0, 0, 7))
}

func TestTheAuditCountsWhatWasKeptBrokenAndLetThrough(t *testing.T) {
	store := theWeek()
	got, err := auditOf(t, store)
	if err != nil {
		t.Fatal(err)
	}
	if got.Judged != 7 || got.Kept != 2 || got.Denied != 3 || got.Warned != 1 || got.Glass != 1 || got.Version == "" {
		t.Errorf("%+v", got)
	}
	want := []report.PolicyCase{
		{Change: "Deploy late (ci/late)", Tier: 1, Rule: "AI-assisted changes to critical services", Class: "ai_assisted", Reason: "the approval came after the start", URL: "/changes/late?source=ci"},
		{Change: "Deploy own (ci/own)", Tier: 1, Rule: "AI-assisted changes to critical services", Class: "ai_authored", Reason: "the approval is the author's own", URL: "/changes/own?source=ci"},
		{Change: "Deploy unlabelled (ci/unlabelled)", Tier: 1, Rule: "Changes of unknown origin to the most critical services", Class: "unknown", Reason: "nobody approved it", URL: "/changes/unlabelled?source=ci"},
	}
	if diff := cmp.Diff(want, got.Violations); diff != "" {
		t.Error(diff)
	}
	if len(got.GlassBroken) != 1 || got.GlassBroken[0].Reason != "orders fail, nobody answers" {
		t.Errorf("%+v", got.GlassBroken)
	}
	if len(got.Rules) < 4 {
		t.Errorf("%+v", got.Rules)
	}
	for _, q := range store.asked {
		if q.Environment != correlate.DefaultEnvironment || !q.From.Equal(auditStart) || !q.To.Equal(auditStart.AddDate(0, 0, 7)) {
			t.Errorf("asked for %+v", q)
		}
	}
}

func TestManyViolationsShowTheMostCriticalServicesFirst(t *testing.T) {
	s := &auditedStore{}
	for i := range 300 {
		service := "elsewhere"
		if i%50 == 49 {
			service = "checkout"
		}
		s.add(fmt.Sprintf("c%03d", i), service, correlate.ProvenanceAssisted, func(c *correlate.Change) { c.Kind = correlate.KindInfrastructure })
	}
	got, err := auditOf(t, s)
	if err != nil || got.Denied != 300 || len(got.Violations) != auditCases {
		t.Fatalf("%d denied, %d named, %v", got.Denied, len(got.Violations), err)
	}
	for i, v := range got.Violations[:6] {
		if v.Tier != 1 {
			t.Errorf("case %d is of tier %d", i, v.Tier)
		}
	}
	if len(got.Rules) != 1 || got.Rules[0].Changes != 300 {
		t.Errorf("%+v", got.Rules)
	}
}

// Whoever reads the report as JSON goes through the lists without asking whether
// they are there.
func TestAWeekWithoutViolationsHasEmptyLists(t *testing.T) {
	week, err := auditOf(t, &auditedStore{})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(&week)
	if err != nil || strings.Contains(string(text), "null") {
		t.Errorf("%s %v", text, err)
	}
}

func TestAnAuditThatCannotReadSaysSo(t *testing.T) {
	s := theWeek()
	s.fail = errors.New("the store is away")
	if _, err := auditOf(t, s); err == nil || !strings.Contains(err.Error(), "the store is away") {
		t.Error(err)
	}
}
