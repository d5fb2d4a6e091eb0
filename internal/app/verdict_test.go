package app

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/api"
	"github.com/faultline/faultline/correlate"
)

// judgedService answers a finding with two suspects and keeps the verdict that
// it is sent.
type judgedService struct {
	header http.Header
	path   string
	body   map[string]any
	// refuse, when set, is the answer to the verdict.
	refuse int
}

func (s *judgedService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		w.Header().Set("ETag", `"inc-1-4-hidden-0"`)
		_, _ = io.WriteString(w, `{"incident": "inc-1", "version": 4, "suspects": [{"change": {"source": "cd", "id": "a"}}, {"change": {"source": "cd", "id": "b"}}]}`)
		return
	}
	s.header, s.path = r.Header, r.URL.EscapedPath()
	_ = json.NewDecoder(r.Body).Decode(&s.body)
	if s.refuse != 0 {
		w.WriteHeader(s.refuse)
		_, _ = io.WriteString(w, `{"title": "It has changed since it was read", "detail": "version 5 now", "errors": [{"path": "If-Match", "mend": "read the finding again"}]}`)
		return
	}
	w.WriteHeader(http.StatusCreated)
	key := correlate.Key{Source: "cd", ID: "a"}
	verdict := correlate.Judgement{Incident: "inc-1", FindingVersion: 4, Decision: correlate.DecisionConfirm, Change: &key, DecidedBy: "ada"}
	_ = json.NewEncoder(w).Encode(api.VerdictReceipt{Verdict: verdict, Judgement: correlate.StandingOf([]correlate.Judgement{verdict})})
}

// verdictAt gives a verdict to a service and returns what was printed.
func verdictAt(t *testing.T, s http.Handler, opts VerdictOptions) (string, error) {
	t.Helper()
	server := httptest.NewServer(s)
	defer server.Close()
	opts.Server, opts.Token, opts.Incident = server.URL, "flt_x_y", "inc/1"
	if opts.Output == "" {
		opts.Output = "table"
	}
	var out strings.Builder
	err := GiveVerdict(t.Context(), opts, &out)
	return out.String(), err
}

func TestVerdictCommandJudgesWhatItHasRead(t *testing.T) {
	service := &judgedService{}
	text, err := verdictAt(t, service, VerdictOptions{Decision: "confirm", Reason: "rolled back"})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text, "cd/a") || !strings.Contains(text, "confirmed") || !strings.Contains(text, "version 4") {
		t.Errorf("printed %q", text)
	}
	if service.header.Get("If-Match") != `"inc-1-4-hidden-0"` || service.header.Get("Authorization") != "Bearer flt_x_y" || service.path != "/v1/incidents/inc%2F1/verdict" {
		t.Errorf("%s %v", service.path, service.header)
	}
	want := map[string]any{
		"decision": "confirm", "reason": "rolled back", "finding_version": 4.0, "change": map[string]any{"source": "cd", "id": "a"},
	}
	if diff := cmp.Diff(want, service.body); diff != "" {
		t.Error(diff)
	}
}

func TestVerdictCommandNamesTheChangeItIsGiven(t *testing.T) {
	service := &judgedService{}
	if _, err := verdictAt(t, service, VerdictOptions{Decision: "reject", Change: "z", Source: "flags", Output: "json"}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{"source": "flags", "id": "z"}, service.body["change"]); diff != "" {
		t.Error(diff)
	}
	service = &judgedService{}
	if _, err := verdictAt(t, service, VerdictOptions{Decision: "no-change"}); err != nil {
		t.Fatal(err)
	}
	if service.body["change"] != nil || service.body["decision"] != "no_change" {
		t.Errorf("sent %v", service.body)
	}
}

func TestVerdictCommandRefusesNonsenseBeforeItAsks(t *testing.T) {
	for name, opts := range map[string]VerdictOptions{
		"decision": {Decision: "perhaps"}, "output": {Decision: "confirm", Output: "xml"}, "change and none": {Decision: "no_change", Change: "a"},
	} {
		service := &judgedService{}
		if _, err := verdictAt(t, service, opts); err == nil || errors.Is(err, ErrDependency) || service.body != nil {
			t.Errorf("%s: %v, sent %v", name, err, service.body)
		}
	}
	if err := GiveVerdict(t.Context(), VerdictOptions{Server: "nowhere", Decision: "confirm", Output: "json"}, io.Discard); err == nil || !strings.Contains(err.Error(), "--server") {
		t.Errorf("got %v", err)
	}
}

func TestRefusedVerdictTellsTheMend(t *testing.T) {
	_, err := verdictAt(t, &judgedService{refuse: http.StatusPreconditionFailed}, VerdictOptions{Decision: "confirm"})
	if err == nil || errors.Is(err, ErrDependency) || !strings.Contains(err.Error(), "read the finding again") {
		t.Errorf("got %v", err)
	}
	_, err = verdictAt(t, &judgedService{refuse: http.StatusServiceUnavailable}, VerdictOptions{Decision: "confirm"})
	if !errors.Is(err, ErrDependency) {
		t.Errorf("got %v, want a dependency that is down", err)
	}
	err = GiveVerdict(t.Context(), VerdictOptions{Server: "http://127.0.0.1:1", Decision: "confirm", Incident: "inc-1", Output: "table"}, io.Discard)
	if !errors.Is(err, ErrDependency) {
		t.Errorf("got %v, want a dependency that is down", err)
	}
}
