package app

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/faultline/faultline/api"
	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// commandService is a service with one incident that ada commands; said is what
// came with the last word.
type commandService struct {
	said    string
	refuses bool
}

func (s *commandService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("ETag", `"inc-1-commander-2"`)
	if r.Method == http.MethodPut {
		raw, _ := io.ReadAll(r.Body)
		s.said = r.Header.Get("If-Match") + " " + string(raw)
		if s.refuses {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusPreconditionFailed)
			_, _ = io.WriteString(w, `{"type":"/problems/precondition-failed","title":"It has changed since it was read","status":412,"detail":"bob commands the incident now"}`)
			return
		}
	}
	_, _ = io.WriteString(w, `{"incident":"inc-1","commander":"ada","history":[
		{"id":"2","incident":"inc-1","commander":"ada","set_by":"grace","set_at":"2026-11-20T11:05:00Z"},
		{"id":"1","incident":"inc-1","commander":"","set_by":"gr\u001b[2Jace","set_at":"2026-11-20T11:01:00Z"}]}`)
}

func TestWhoCommandsIsToldWithItsHistory(t *testing.T) {
	server := httptest.NewServer(&commandService{})
	defer server.Close()
	var out strings.Builder
	if err := Commander(t.Context(), CommanderOptions{Server: server.URL, Incident: "inc-1", Output: "table"}, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"inc-1: ada commands\n", "2026-11-20 11:05:00", "(nobody)", "SAID BY"} {
		if !strings.Contains(out.String(), want) || strings.Contains(out.String(), "\x1b") {
			t.Errorf("%q is missing, or the terminal is moved:\n%s", want, out.String())
		}
	}
	out.Reset()
	if err := Commander(t.Context(), CommanderOptions{Server: server.URL, Incident: "inc-1", Output: "json"}, &out); err != nil {
		t.Fatal(err)
	}
	var record api.CommanderRecord
	if err := json.Unmarshal([]byte(out.String()), &record); err != nil || record.Commander != "ada" || len(record.History) != 2 {
		t.Errorf("%+v, %v", record, err)
	}
}

func TestCommandIsTakenOnlyOnWhatWasRead(t *testing.T) {
	service := &commandService{}
	server := httptest.NewServer(service)
	defer server.Close()
	opts := CommanderOptions{Server: server.URL, Incident: "inc-1", Output: "table", Name: "ada"}
	if err := Commander(t.Context(), opts, io.Discard); err != nil || service.said != `"inc-1-commander-2" {"commander":"ada"}` {
		t.Errorf("%v, said %q", err, service.said)
	}
	opts.Nobody = true
	if err := Commander(t.Context(), opts, io.Discard); err == nil || !strings.Contains(err.Error(), "--nobody contradicts") {
		t.Errorf("both: %v", err)
	}
	opts.Name, service.refuses = "", true
	if err := Commander(t.Context(), opts, io.Discard); err == nil || !strings.Contains(err.Error(), "bob commands") || service.said != `"inc-1-commander-2" {"commander":""}` {
		t.Errorf("refused: %v, said %q", err, service.said)
	}
	opts.Output = "xml"
	if err := Commander(t.Context(), opts, io.Discard); err == nil || !strings.Contains(err.Error(), "yaml") {
		t.Errorf("%v", err)
	}
}

// pagingService has many incidents and proposals, and hands out pages of at most
// 200 like the real one.
type pagingService struct {
	all   int
	sizes []string
}

func (s *pagingService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	q := r.URL.Query()
	s.sizes = append(s.sizes, q.Get("limit"))
	var from, limit int
	_, _ = fmt.Sscan(q.Get("cursor"), &from)
	_, _ = fmt.Sscan(q.Get("limit"), &limit)
	var items []any
	for i := from; i < min(from+limit, s.all); i++ {
		if strings.HasSuffix(r.URL.Path, "/proposals") {
			items = append(items, query.Proposal{ID: fmt.Sprintf("%08d-x", i), Incident: fmt.Sprintf("inc-%016x", i), Decision: correlate.DecisionNoChange, Reason: "because", ProposedBy: "assistant", State: query.ProposalOpen})
			continue
		}
		items = append(items, incidentNumber(i))
	}
	page := api.Page[any]{Items: items}
	if from+limit < s.all {
		page.NextCursor = fmt.Sprint(from + limit)
	}
	_ = json.NewEncoder(w).Encode(page)
}

// incidentNumber is an incident as a real service names it.
func incidentNumber(i int) api.IncidentRecord {
	at := time.Date(2026, 11, 20, 11, 0, 0, 0, time.UTC)
	return api.IncidentRecord{Incident: correlate.Incident{
		ID: fmt.Sprintf("inc-%016x", i), Title: "checkout and 3 more: errors", Status: correlate.IncidentResolved, Severity: correlate.SeverityCritical,
		StartedAt: at, UpdatedAt: at, Services: []string{"checkout", "storefront", "cart"}, Alerts: []correlate.AlertKey{},
	}, Judgement: correlate.StandingOf(nil)}
}

func TestMoreIncidentsThanAPageAreListedUpToTheLimit(t *testing.T) {
	service := &pagingService{all: 1234}
	server := httptest.NewServer(service)
	defer server.Close()
	for limit, want := range map[int]int{450: 450, 200: 200, 0: 50, MostIncidents: 1234} {
		service.sizes = nil
		var out strings.Builder
		if err := ListIncidents(t.Context(), IncidentsOptions{Server: server.URL, Output: "json", Limit: limit}, &out); err != nil {
			t.Fatal(err)
		}
		var page api.Page[api.IncidentRecord]
		if err := json.Unmarshal([]byte(out.String()), &page); err != nil || len(page.Items) != want || (page.NextCursor == "") != (want == 1234) {
			t.Errorf("limit %d: %d items, more %q, %v; pages of %v", limit, len(page.Items), page.NextCursor, err, service.sizes)
		}
		for i := range page.Items {
			if page.Items[i].ID != fmt.Sprintf("inc-%016x", i) {
				t.Fatalf("limit %d: item %d is %s", limit, i, page.Items[i].ID)
			}
		}
	}
	if err := ListIncidents(t.Context(), IncidentsOptions{Server: server.URL, Output: "json", Limit: MostIncidents + 1}, io.Discard); err == nil || !strings.Contains(err.Error(), "10000") {
		t.Errorf("beyond the bound: %v", err)
	}
}

// TestIncidentsFitEightyColumns holds for every mix of what people did: each row is
// one line, the id is whole, and there is room for the title.
func TestIncidentsFitEightyColumns(t *testing.T) {
	t.Setenv("COLUMNS", "80")
	for _, judged := range []bool{false, true} {
		for _, commanded := range []bool{false, true} {
			items := []api.IncidentRecord{incidentNumber(1), incidentNumber(2)}
			if judged {
				items[0].Judgement = correlate.Standing{State: correlate.JudgedConfirmed, Judgements: 1}
			}
			if commanded {
				items[1].Commander = "Grace Hopper of the night shift"
			}
			var out strings.Builder
			if err := printIncidents(&out, items); err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(strings.TrimSpace(out.String()), "\n")
			for _, line := range lines {
				if utf8.RuneCountInString(line) > 80 {
					t.Errorf("judged %v, commanded %v: %d columns: %q", judged, commanded, utf8.RuneCountInString(line), line)
				}
			}
			if len(lines) != 3 || !strings.Contains(lines[1], "inc-0000000000000001") || !strings.Contains(lines[1], "checkout") || !strings.Contains(lines[0], "TITLE") {
				t.Errorf("judged %v, commanded %v:\n%s", judged, commanded, out.String())
			}
		}
	}
	old := incidentNumber(3)
	old.StartedAt = old.StartedAt.AddDate(-1, 0, 0)
	var out strings.Builder
	if err := printIncidents(&out, []api.IncidentRecord{incidentNumber(1), old}); err != nil || !strings.Contains(out.String(), "2025-11-20 11:00") {
		t.Errorf("of two years, %v:\n%s", err, out.String())
	}
}

func TestProposalsOfAllIncidentsAreListedWithoutNamingOne(t *testing.T) {
	service := &pagingService{all: 3}
	server := httptest.NewServer(service)
	defer server.Close()
	t.Setenv("COLUMNS", "80")
	list := func(output string) string {
		var out strings.Builder
		if err := ListProposals(t.Context(), ProposalOptions{Server: server.URL, Output: output}, &out); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	text := list("table")
	for _, want := range []string{"inc-0000000000000002", "00000001", "assistant", "no_change", "because", "settle with"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	for line := range strings.Lines(text) {
		if utf8.RuneCountInString(line) > 81 {
			t.Errorf("%d columns: %q", utf8.RuneCountInString(line), line)
		}
	}
	service.all = 0
	if text := list("table"); text != "no proposal waits for a person\n" {
		t.Errorf("none: %q", text)
	}
	if text := list("json"); !strings.Contains(text, `"items": []`) {
		t.Errorf("none as JSON: %s", text)
	}
	service.all = 5000
	if text := list("table"); !strings.Contains(text, "there are more") || strings.Count(text, "\n") > MostProposals+5 {
		t.Errorf("too many: %d lines", strings.Count(text, "\n"))
	}
}
