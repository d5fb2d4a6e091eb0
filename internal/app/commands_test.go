package app

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/faultline/faultline/api"
	"github.com/faultline/faultline/internal/config"
	"github.com/faultline/faultline/internal/notify"
)

// fullDisk is an output that takes nothing.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errRig }

// command is one that asks a service, whatever it asks.
type command func(ctx context.Context, server, output string, out io.Writer) error

// commands are all that ask a service and print what it says.
func commands() map[string]command {
	incident := func(do func(context.Context, IncidentOptions, io.Writer) error) command {
		return func(ctx context.Context, server, output string, out io.Writer) error {
			return do(ctx, IncidentOptions{Server: server, Token: "flt_a_b", Incident: "inc-1", Output: output}, out)
		}
	}
	letters := func(do func(context.Context, LettersOptions, io.Writer) error) command {
		return func(ctx context.Context, server, output string, out io.Writer) error {
			return do(ctx, LettersOptions{Server: server, Token: "flt_a_b", Limit: 50, ID: "c/0/1/7", Target: "slack C1", Incident: "inc-1", Output: output}, out)
		}
	}
	proposal := func(do func(context.Context, ProposalOptions, io.Writer) error) command {
		return func(ctx context.Context, server, output string, out io.Writer) error {
			return do(ctx, ProposalOptions{Server: server, Token: "flt_a_b", Incident: "inc-1", Output: output}, out)
		}
	}
	return map[string]command{
		"incidents list": func(ctx context.Context, server, output string, out io.Writer) error {
			return ListIncidents(ctx, IncidentsOptions{Server: server, Token: "flt_a_b", Output: output}, out)
		},
		"incidents show": incident(ShowIncident), "dead-letters list": letters(ListDeadLetters), "dead-letters replay": letters(ReplayDeadLetters),
		"notifications undelivered": letters(ListUndelivered), "notifications replay": letters(ReplayUndelivered), "notifications dismiss": letters(DismissUndelivered),
		"proposals list": proposal(ListProposals), "proposals accept": proposal(AcceptProposal), "proposals dismiss": proposal(DismissProposal),
		"verdict": func(ctx context.Context, server, output string, out io.Writer) error {
			return GiveVerdict(ctx, VerdictOptions{Server: server, Token: "flt_a_b", Incident: "inc-1", Decision: "confirm", Output: output}, out)
		},
		"provenance reapply": func(ctx context.Context, server, output string, out io.Writer) error {
			return Reapply(ctx, ReapplyOptions{Server: server, Token: "flt_a_b", Output: output}, out)
		},
		"gate": func(ctx context.Context, server, output string, out io.Writer) error {
			return Gate(ctx, GateOptions{Server: server, Token: "flt_a_b", Change: "-", Output: output}, strings.NewReader(assistedChange("")), out)
		},
	}
}

// everything is a service that answers all commands.
func everything(t *testing.T) string {
	t.Helper()
	incidents := &incidentService{version: 2, proposals: proposalJSON("0c8f-1", "open")}
	letters := &letterService{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/v1/dead-letters"), strings.HasPrefix(r.URL.Path, "/v1/notifications"):
			letters.ServeHTTP(w, r)
		case strings.HasSuffix(r.URL.Path, "/verdict"):
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, `{"verdict":{"id":"v","incident":"inc-1","decision":"confirm","change":{"source":"cd","id":"a"},"finding_version":2,"decided_by":"ada",
				"decided_at":"2026-11-20T11:05:00Z"},"judgement":{"state":"confirmed","judgements":1}}`)
		case strings.Contains(r.URL.Path, "provenance"):
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"rules":"2","examined":3,"changed":1,"overridden":0,"classes":[{"class":"unknown","changes":3}],
				"moves":[{"from":"human","to":"unknown","changes":1,"examples":["cd/a"]}],"unknown":[{"reason":"absent.commits","words":"no commits were sent","changes":3}]}`)
		case strings.Contains(r.URL.Path, "gate"):
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"decided_at":"2026-11-20T11:05:00Z","decision":"warn","change":{"source":"ci","id":"d-1"},"class":"ai_assisted","tier":0,"policy":"mine",
				"findings":[{"rule":"r","outcome":"warn","reason":"nobody senior approved it"}],"approvals":[]}`)
		default:
			incidents.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestEveryCommandSpeaksEveryForm(t *testing.T) {
	server := everything(t)
	for name, do := range commands() {
		said := map[string]string{}
		for _, output := range []string{"table", "json", "yaml"} {
			var out strings.Builder
			if err := do(t.Context(), server, output, &out); err != nil {
				t.Errorf("%s -o %s: %v", name, output, err)
			}
			said[output] = out.String()
		}
		var fromJSON, fromYAML map[string]any
		if err := json.Unmarshal([]byte(said["json"]), &fromJSON); err != nil || len(fromJSON) == 0 {
			t.Errorf("%s: no JSON document: %v\n%s", name, err, said["json"])
		}
		if err := yaml.Unmarshal([]byte(said["yaml"]), &fromYAML); err != nil || len(fromYAML) != len(fromJSON) {
			t.Errorf("%s: the YAML document is another: %v\n%s", name, err, said["yaml"])
		}
		if said["table"] == "" || strings.HasPrefix(said["table"], "{") || !strings.HasSuffix(said["table"], "\n") {
			t.Errorf("%s: for people it says %q", name, said["table"])
		}
	}
}

func TestEveryCommandRefusesAFormBeforeItAsks(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer server.Close()
	for name, do := range commands() {
		if err := do(t.Context(), server.URL, "xml", io.Discard); err == nil || !strings.Contains(err.Error(), "want table, json or yaml") {
			t.Errorf("%s: %v", name, err)
		}
		if err := do(t.Context(), "nowhere", "table", io.Discard); err == nil || !strings.Contains(err.Error(), "--server") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if asked > 0 {
		t.Errorf("the service was asked %d times", asked)
	}
}

// TestEveryCommandSaysWhenItsOutputIsFull: a script that reads half a table must
// not see success.
func TestEveryCommandSaysWhenItsOutputIsFull(t *testing.T) {
	server := everything(t)
	for name, do := range commands() {
		for _, output := range []string{"table", "json", "yaml"} {
			if err := do(t.Context(), server, output, fullDisk{}); !errors.Is(err, errRig) {
				t.Errorf("%s -o %s: %v", name, output, err)
			}
		}
	}
}

// TestEveryCommandTellsTheFaultApart: exit 2 for what the caller must mend, exit
// 3 for what is down, and never the token.
func TestEveryCommandTellsTheFaultApart(t *testing.T) {
	for status, tc := range map[int]struct {
		body string
		down bool
		want string
	}{
		http.StatusUnauthorized:        {`{"title":"Who is this","status":401}`, false, "FAULTLINE_TOKEN"},
		http.StatusForbidden:           {`{"title":"Not allowed","status":403}`, false, "faultline token create"},
		http.StatusInternalServerError: {`{"title":"A fault","status":500}`, true, "cannot answer now"},
		http.StatusOK:                  {`<html>a portal</html>`, false, "is it Faultline"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", map[bool]string{true: "text/html", false: "application/problem+json"}[status == http.StatusOK])
			w.WriteHeader(status)
			_, _ = io.WriteString(w, tc.body)
		}))
		for name, do := range commands() {
			var out strings.Builder
			err := do(t.Context(), server.URL, "table", &out)
			if err == nil || errors.Is(err, ErrDependency) != tc.down || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "flt_a_b") || out.Len() > 0 {
				t.Errorf("%s, status %d: down %t, %v, printed %q", name, status, errors.Is(err, ErrDependency), err, out.String())
			}
		}
		server.Close()
	}
}

func TestANewTokenIsShownOnceWithTheEntryThatKnowsIt(t *testing.T) {
	var out strings.Builder
	if err := CreateToken(TokenOptions{Role: "judge", Name: "ada: \"the\" judge", Output: "table"}, &out); err != nil {
		t.Fatal(err)
	}
	_, entry, found := strings.Cut(out.String(), "configuration:\n\n")
	cfg, err := config.Load(fileWith(t, "faultline.yaml", entry), nil, nil)
	if !found || err != nil || len(cfg.API.Tokens) != 1 || cfg.API.Tokens[0].Name != "ada: \"the\" judge" || cfg.API.Tokens[0].Role != "judge" {
		t.Fatalf("the entry does not load: %v\n%s", err, out.String())
	}
	text, _, _ := strings.Cut(strings.TrimPrefix(out.String(), "token (shown once, keep it): "), "\n")
	if api.HashToken(text) != cfg.API.Tokens[0].Hash || strings.Contains(entry, text) {
		t.Errorf("the entry is of another token, or holds it:\n%s", out.String())
	}
	for _, opts := range []TokenOptions{{Role: "king", Name: "n", Output: "table"}, {Role: "judge", Output: "table"}, {Role: "judge", Name: "n", Output: "xml"}} {
		if err := CreateToken(opts, io.Discard); err == nil {
			t.Errorf("%+v is taken", opts)
		}
	}
	if err := CreateToken(TokenOptions{Role: "judge", Name: "n", Output: "table"}, fullDisk{}); !errors.Is(err, errRig) {
		t.Errorf("a token that nobody has seen: %v", err)
	}
}

func TestAssistantsAreNotServedWithoutAnAddress(t *testing.T) {
	for _, server := range []string{"nowhere", "htp://u:hunter2@h", "http://u:hunter2@h:port", "u:hunter2@h"} {
		err := ServeAgents(t.Context(), AgentsOptions{Server: server})
		if err == nil || !strings.Contains(err.Error(), "--server") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", server, err)
		}
	}
	if version() == "" {
		t.Error("assistants are told no version")
	}
}

// TestAButtonIsAVerdictOfWhoPressedIt: the finding that was seen, the change and
// the name must all arrive.
func TestAButtonIsAVerdictOfWhoPressedIt(t *testing.T) {
	s := &service{cfg: config.Default(), log: quiet()}
	s.cfg.Notify.Slack = config.SlackNotify{SigningSecret: "s", Judges: []string{"U1"}}
	door := s.chat()(func(context.Context, string, string, api.VerdictRequest) error { return nil })
	if _, is := door.(*notify.Interactions); !is {
		t.Fatalf("a %T", door)
	}
	w := httptest.NewRecorder()
	door.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/slack/interactions", strings.NewReader("payload={}")))
	if w.Code != http.StatusUnauthorized {
		t.Errorf("a press that is not signed: status %d", w.Code)
	}
}
