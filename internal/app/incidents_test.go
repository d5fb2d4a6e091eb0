package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
)

const incidentJSON = `{"id":"inc-1","revision":3,"title":"checkout errors","status":"open","severity":"critical","started_at":"2026-11-20T11:00:00Z",
"updated_at":"2026-11-20T11:00:00Z","services":["checkout","cart"],"alerts":[],"judgement":{"state":"open"}}`

// incidentService answers like a service with one incident, whose finding is in
// the given version; its stream tells of it and breaks.
type incidentService struct {
	query   atomic.Value
	version int
	// incident is what is told of the incident, where it is not incidentJSON.
	incident string
	// proposals are the elements of the list of proposals; said is what came with
	// the last word on one.
	proposals string
	said      string
}

func (s *incidentService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	switch r.URL.Path {
	case "/v1/incidents":
		if r.URL.Query().Get("cursor") != "" {
			_, _ = io.WriteString(w, `{"items":[]}`)
			return
		}
		s.query.Store(r.URL.RawQuery)
		_, _ = io.WriteString(w, `{"items":[`+incidentJSON+`],"next_cursor":"more"}`)
	case "/v1/incidents/inc-1":
		_, _ = io.WriteString(w, cmp.Or(s.incident, incidentJSON))
	case "/v1/incidents/inc-1/finding":
		if s.version == 0 {
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"title":"There is no such finding","status":404}`)
			return
		}
		w.Header().Set("ETag", `"inc-1-2-hidden-0"`)
		_, _ = fmt.Fprintf(w, `{"incident":"inc-1","version":%d,"as_of":"2026-11-20T11:01:00Z","verdict":"probable","no_change_probability":0.1,"missing":[],
			"suspects":[{"rank":1,"probability":0.8,"change":{"source":"cd","id":"a","kind":"deploy","title":"new cart"},"evidence":[]}]}`, s.version)
	case "/v1/incidents/inc-1/proposals":
		_, _ = io.WriteString(w, `{"items":[`+s.proposals+`]}`)
	case "/v1/incidents/inc-1/proposals/0c8f-1/accept":
		body, _ := io.ReadAll(r.Body)
		s.said = r.Header.Get("If-Match") + " " + string(body)
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"proposal":`+proposalJSON("0c8f-1", "accepted")+`,"verdict":{"id":"v","incident":"inc-1","decision":"confirm","change":{"source":"cd","id":"a"},
			"finding_version":2,"decided_by":"ada","decided_at":"2026-11-20T11:05:00Z"},"judgement":{"state":"confirmed","judgements":1}}`)
	case "/v1/incidents/inc-1/proposals/0c8f-1/dismiss":
		body, _ := io.ReadAll(r.Body)
		s.said = string(body)
		_, _ = io.WriteString(w, proposalJSON("0c8f-1", "dismissed"))
	case "/v1/stream":
		w.Header().Set("Content-Type", "text/event-stream")
		for _, e := range []string{`{"incident":"inc-1","version":%d}`, `{"incident":"other","version":%d}`, `{"incident":"inc-1","version":%d}`} {
			_, _ = fmt.Fprintf(w, "id: 1\nevent: finding.created\ndata: "+e+"\n\n", s.version)
		}
		_, _ = io.WriteString(w, "event: incident.updated\ndata: {}\n\n")
	default:
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"title":"There is no such incident","detail":"`+r.URL.Path+`"}`)
	}
}

func serveIncidents(t *testing.T, version int) (*incidentService, string) {
	t.Helper()
	s := &incidentService{version: version}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, server.URL
}

func TestIncidentsAreListedAsATableThatSaysThereIsMore(t *testing.T) {
	service, at := serveIncidents(t, 1)
	var out strings.Builder
	opts := IncidentsOptions{Server: at, Output: "table", Status: []string{"open", "quiet"}, Service: "cart", Since: time.Hour, Limit: 1, Text: "a&b"}
	if err := ListIncidents(t.Context(), opts, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"INCIDENT", "inc-1", "critical", "checkout, cart", "there are more"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, out.String())
		}
	}
	query, _ := service.query.Load().(string)
	for _, want := range []string{"status=open,quiet", "service=cart", "limit=1", "q=a%26b", "from="} {
		if !strings.Contains(query, want) {
			t.Errorf("asked with %q, without %s", query, want)
		}
	}
}

func TestIncidentsAsYAMLKeepTheNamesOfTheAPI(t *testing.T) {
	_, at := serveIncidents(t, 1)
	var out strings.Builder
	if err := ListIncidents(t.Context(), IncidentsOptions{Server: at, Output: "yaml"}, &out); err != nil {
		t.Fatal(err)
	}
	var page struct {
		Items []struct {
			ID        string `yaml:"id"`
			StartedAt string `yaml:"started_at"`
		} `yaml:"items"`
	}
	if err := yaml.Unmarshal([]byte(out.String()), &page); err != nil || len(page.Items) != 1 || page.Items[0].ID != "inc-1" || page.Items[0].StartedAt != "2026-11-20T11:00:00Z" {
		t.Errorf("%+v %v\n%s", page, err, out.String())
	}
	if err := ListIncidents(t.Context(), IncidentsOptions{Server: at, Output: "xml"}, &out); err == nil || !strings.Contains(err.Error(), "yaml") {
		t.Errorf("%v", err)
	}
}

func TestAnIncidentIsShownWithItsFinding(t *testing.T) {
	_, at := serveIncidents(t, 2)
	var out strings.Builder
	if err := ShowIncident(t.Context(), IncidentOptions{Server: at, Incident: "inc-1", Output: "table"}, &out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "checkout errors") || !strings.Contains(out.String(), "Probable cause") || !strings.Contains(out.String(), "version 2") {
		t.Errorf("%s", out.String())
	}
}

func TestAMergedIncidentSaysWhereItWent(t *testing.T) {
	service, at := serveIncidents(t, 2)
	service.incident = strings.Replace(incidentJSON, "{", `{"merged_into":"inc-7",`, 1)
	var out strings.Builder
	if err := ShowIncident(t.Context(), IncidentOptions{Server: at, Incident: "inc-1", Output: "table"}, &out); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out.String(), "inc-1 was merged into inc-7;") || !strings.Contains(out.String(), "faultline incidents show inc-7") {
		t.Errorf("%s", out.String())
	}
}

func TestAnIncidentWithoutFindingOrServiceIsToldApart(t *testing.T) {
	_, at := serveIncidents(t, 0)
	var out strings.Builder
	if err := ShowIncident(t.Context(), IncidentOptions{Server: at, Incident: "inc-1", Output: "table"}, &out); err != nil || !strings.Contains(out.String(), "no finding yet") {
		t.Errorf("%v %s", err, out.String())
	}
	if err := ShowIncident(t.Context(), IncidentOptions{Server: at, Incident: "inc-9", Output: "table"}, &out); err == nil || !strings.Contains(err.Error(), "no such incident") {
		t.Errorf("%v", err)
	}
	err := ShowIncident(t.Context(), IncidentOptions{Server: "http://127.0.0.1:1", Incident: "inc-1", Output: "table"}, &out)
	if !errors.Is(err, ErrDependency) {
		t.Errorf("a service that is away is not a dependency that is down: %v", err)
	}
}

func TestWatchingPrintsEachVersionOnce(t *testing.T) {
	_, at := serveIncidents(t, 7)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out := &stopAfter{text: "as of", count: 2, stop: cancel}
	if err := WatchIncidents(ctx, IncidentOptions{Server: at, Incident: "inc-1", Output: "table"}, out); err != nil {
		t.Fatal(err)
	}
	// Once at the start and once for the version that the stream told of twice.
	if got := strings.Count(out.printed.String(), "version 7"); got != 2 {
		t.Errorf("printed %d times:\n%s", got, out.printed.String())
	}
}

// stopAfter ends a watch when a text has been printed so often.
type stopAfter struct {
	printed strings.Builder
	text    string
	count   int
	stop    context.CancelFunc
}

func (s *stopAfter) Write(p []byte) (int, error) {
	n, err := s.printed.Write(p)
	if strings.Count(s.printed.String(), s.text) >= s.count {
		s.stop()
	}
	return n, err
}

func TestFiltersOfferTheirChoices(t *testing.T) {
	statuses, severities := IncidentChoices()
	if len(statuses) != 4 || len(severities) != 4 {
		t.Errorf("%v %v", statuses, severities)
	}
}
