package app

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/faultline/faultline/api"
	"github.com/faultline/faultline/internal/policy"
)

// assistedChange carries a marker of AI and, as %s, what else a test wants.
func assistedChange(more string) string {
	return `{"id": "d-1", "source": "ci", "kind": "deploy", "services": ["checkout"],
		"commits": [{"sha": "1", "message": "Retry\n\nCo-authored-by: Claude <noreply@anthropic.com>", "author": {"login": "ada"}}]` + more + `}`
}

const seniorApproval = `, "approvals": [{"by": "grace", "level": "senior"}]`

// fileWith puts text into a file of the test.
func fileWith(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func gate(t *testing.T, change string, opts GateOptions) (string, error) {
	t.Helper()
	opts.Change = "-"
	if opts.Output == "" {
		opts.Output = "table"
	}
	opts.Now = func() time.Time { return time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC) }
	var out strings.Builder
	err := Gate(t.Context(), opts, strings.NewReader(change), &out)
	return out.String(), err
}

func TestGateWithoutServiceDeniesAndAllows(t *testing.T) {
	text, err := gate(t, assistedChange(""), GateOptions{})
	if !errors.Is(err, ErrNo) || !strings.Contains(text, "DENY: ci/d-1 (ai_assisted, tier unknown") || !strings.Contains(text, "to mend it") {
		t.Errorf("%v\n%s", err, text)
	}
	text, err = gate(t, assistedChange(seniorApproval), GateOptions{})
	if err != nil || !strings.Contains(text, "ALLOW") || !strings.Contains(text, "counts, senior") {
		t.Errorf("%v\n%s", err, text)
	}
	text, err = gate(t, assistedChange(""), GateOptions{BreakGlass: "the shop is down", Output: "json"})
	var answer api.GateAnswer
	if err != nil || json.Unmarshal([]byte(text), &answer) != nil || answer.Decision.Decision != policy.Warn || answer.BreakGlass.Reason != "the shop is down" {
		t.Errorf("%v\n%s", err, text)
	}
}

func TestTheGlassBreaksOfAChangeWhoseLabelsAreNull(t *testing.T) {
	text, err := gate(t, assistedChange(`, "labels": null`), GateOptions{BreakGlass: "the shop is down", Output: "json"})
	var answer api.GateAnswer
	if err != nil || json.Unmarshal([]byte(text), &answer) != nil || answer.Decision.Decision != policy.Warn || answer.BreakGlass.Reason != "the shop is down" {
		t.Errorf("%v %s", err, text)
	}
}

func TestGateWithoutServiceTakesTiersFromATopology(t *testing.T) {
	topology := fileWith(t, "topology.json", `{"observed_at": "2026-05-04T09:00:00Z", "source": "x", "services": [{"name": "checkout", "tier": 4}]}`)
	text, err := gate(t, assistedChange(""), GateOptions{Topology: topology})
	if err != nil || !strings.Contains(text, "WARN") || !strings.Contains(text, "tier 4") {
		t.Errorf("%v\n%s", err, text)
	}
}

func TestGateWithoutServiceGoesByAFileOfRules(t *testing.T) {
	rules := fileWith(t, "rules.yaml", "version: mine\nlevels: {senior: [boss]}\nrules:\n  - {id: boss, when: 'true', require: 'approvals.exists(a, a.senior)', checks: approval, otherwise: deny, reason: ask the boss}\n")
	if text, err := gate(t, assistedChange(seniorApproval), GateOptions{Policy: rules}); !errors.Is(err, ErrNo) || !strings.Contains(text, "policy mine") {
		t.Errorf("%v\n%s", err, text)
	}
}

func TestGateRefusesBadInputBeforeItJudges(t *testing.T) {
	bad := fileWith(t, "rules.yaml", "version: mine\nlevels: {senior: [boss]}\nrules:\n  - {id: a, when: nope, require: 'true', otherwise: deny, reason: x}\n")
	for name, tc := range map[string]struct {
		change string
		opts   GateOptions
		want   string
	}{
		"no object":      {"[]", GateOptions{}, "not one JSON object"},
		"null":           {"null", GateOptions{}, "not one JSON object"},
		"no id":          {`{"source": "x", "kind": "deploy"}`, GateOptions{}, "id"},
		"bad kind":       {`{"id": "a", "source": "x", "kind": "y"}`, GateOptions{}, "kind"},
		"bad labels":     {`{"id": "a", "source": "x", "kind": "deploy", "labels": 7}`, GateOptions{BreakGlass: "x"}, "labels"},
		"bad rules":      {assistedChange(""), GateOptions{Policy: bad}, "line 4, column"},
		"no rules":       {assistedChange(""), GateOptions{Policy: bad + "x"}, "no such file"},
		"no topology":    {assistedChange(""), GateOptions{Topology: bad + "x"}, "--topology"},
		"bad topology":   {assistedChange(""), GateOptions{Topology: bad}, "--topology"},
		"here and there": {assistedChange(""), GateOptions{Policy: bad, Server: "http://x"}, "one or the other"},
		"a bad address":  {assistedChange(""), GateOptions{Server: "x"}, "--server"},
		"a bad -o":       {assistedChange(""), GateOptions{Output: "xml"}, "xml"},
	} {
		_, err := gate(t, tc.change, tc.opts)
		if err == nil || errors.Is(err, ErrNo) || errors.Is(err, ErrDependency) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
	for _, path := range []string{"", "/nowhere/change.json"} {
		if err := Gate(t.Context(), GateOptions{Change: path, Output: "table"}, nil, io.Discard); err == nil || !strings.Contains(err.Error(), "--change") {
			t.Errorf("%q: %v", path, err)
		}
	}
}

func TestGateAsksAService(t *testing.T) {
	status := http.StatusOK
	var asked map[string]any
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewDecoder(r.Body).Decode(&asked)
		if r.URL.Path != "/v1/gate" || r.Header.Get("Authorization") != "Bearer flt_a_b" {
			t.Errorf("%s %v", r.URL, r.Header)
		}
		w.WriteHeader(status)
		if status == http.StatusOK {
			_, _ = io.WriteString(w, `{"decision": "deny", "change": {"source": "ci", "id": "d-1"}, "class": "ai_assisted", "tier": 1, "findings": [], "approvals": [], "policy": "1"}`)
			return
		}
		_, _ = io.WriteString(w, `{"title": "No", "detail": "bad", "errors": [{"path": "kind", "mend": "use a kind"}]}`)
	}))
	defer server.Close()
	opts := GateOptions{Server: server.URL, Token: "flt_a_b", BreakGlass: "why"}
	if text, err := gate(t, assistedChange(""), opts); !errors.Is(err, ErrNo) || !strings.Contains(text, "DENY") {
		t.Errorf("%v\n%s", err, text)
	}
	if labels, _ := asked["labels"].(map[string]any); labels["break-glass"] != "why" || asked["started_at"] != "2026-05-04T10:00:00Z" {
		t.Errorf("asked %v", asked)
	}
	status = http.StatusUnprocessableEntity
	if _, err := gate(t, assistedChange(""), opts); err == nil || errors.Is(err, ErrNo) || errors.Is(err, ErrDependency) || !strings.Contains(err.Error(), "use a kind") {
		t.Errorf("%v", err)
	}
	status = http.StatusServiceUnavailable
	if _, err := gate(t, assistedChange(""), opts); !errors.Is(err, ErrDependency) {
		t.Errorf("a service that cannot answer: %v", err)
	}
	server.Close()
	if _, err := gate(t, assistedChange(""), opts); !errors.Is(err, ErrDependency) {
		t.Errorf("a service that is gone: %v", err)
	}
}

func TestPolicyCommandsCheckAndShow(t *testing.T) {
	var out strings.Builder
	if err := ShowPolicy(&out); err != nil {
		t.Fatal(err)
	}
	path := fileWith(t, "rules.yaml", out.String())
	out.Reset()
	if err := CheckPolicy(path, "yaml", &out); err != nil || !strings.Contains(out.String(), "- ai-senior-approval\n") {
		t.Errorf("%v %s", err, out.String())
	}
	out.Reset()
	if err := CheckPolicy(path, "table", &out); err != nil || !strings.Contains(out.String(), "ai-senior-approval") {
		t.Errorf("%v %s", err, out.String())
	}
	if err := CheckPolicy(fileWith(t, "bad.yaml", "rules: ["), "json", io.Discard); err == nil {
		t.Error("a broken file is taken")
	}
}
