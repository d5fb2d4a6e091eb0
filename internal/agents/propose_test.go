package agents

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// takeProposal is the fake service's answer to whoever writes: a proposal is
// taken, whatever else is written is a failure of the tools.
func takeProposal(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Decision, Reason string
		Change           struct{ ID, Source string }
		FindingVersion   int `json:"finding_version"`
	}
	raw, _ := io.ReadAll(r.Body)
	refuse := func(status int, title string) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, `{"title":"`+title+`"}`)
	}
	switch {
	case r.Header.Get("Authorization") == "Bearer reader":
		refuse(http.StatusForbidden, "The token may not do this")
	case r.Header.Get("Authorization") != "Bearer secret":
		refuse(http.StatusUnauthorized, "A valid token is needed")
	case r.URL.Path != "/v1/incidents/inc-1/proposals" || json.Unmarshal(raw, &in) != nil:
		refuse(http.StatusTeapot, "This is no proposal")
	case in.FindingVersion == 3:
		refuse(http.StatusPreconditionFailed, "It has changed since it was read")
	case in.Reason == "" || in.Decision != "confirm" || in.Change.ID != "a" || in.Change.Source != "cd":
		refuse(http.StatusUnprocessableEntity, "The body cannot be used")
	default:
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, proposalJSON)
	}
}

func TestAProposalSaysThatItCountsForNothing(t *testing.T) {
	session := converse(t)
	got := call(t, session, "propose_verdict", argumentsOf("propose_verdict"))
	proposal := got["proposal"].(map[string]any)
	if proposal["state"] != "open" || proposal["change"] != "a" || proposal["source"] != "cd" || proposal["proposed_by"] != "assistant" {
		t.Errorf("%v", proposal)
	}
	if note, _ := got["note"].(string); !strings.Contains(note, "counts for nothing") {
		t.Errorf("the assistant is not told what it is worth: %v", got)
	}
}

func TestAnAssistantSeesWhatPeopleDidWithProposals(t *testing.T) {
	got := call(t, converse(t), "get_incident", map[string]any{"incident": "inc-1"})
	all := got["proposals"].([]any)
	if len(all) != 1 || all[0].(map[string]any)["state"] != "dismissed" || all[0].(map[string]any)["settled_by"] != "ada" {
		t.Errorf("%v", all)
	}
	none := call(t, converse(t), "get_incident", map[string]any{"incident": "inc-2"})
	if list, ok := none["proposals"].([]any); !ok || len(list) != 0 {
		t.Errorf("no proposals are %v, want an empty list", none["proposals"])
	}
}

func TestARefusedProposalIsAnErrorThatSaysHowToGoOn(t *testing.T) {
	with := func(field string, value any) map[string]any {
		args := argumentsOf("propose_verdict")
		args[field] = value
		return args
	}
	for name, c := range map[string]struct {
		token string
		args  map[string]any
		want  string
	}{
		"reader":      {"reader", argumentsOf("propose_verdict"), "--role agent"},
		"stranger":    {"", argumentsOf("propose_verdict"), "--role agent"},
		"old finding": {"secret", with("finding_version", 3), "changed since"},
		"no reason":   {"secret", with("reason", ""), "cannot be used"},
		"no schema":   {"secret", map[string]any{"incident": "inc-1"}, "decision"},
	} {
		session := converseAs(t, c.token)
		result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "propose_verdict", Arguments: c.args})
		said := ""
		switch {
		case err != nil:
			said = err.Error()
		case result.IsError:
			said = text(result)
		}
		if !strings.Contains(said, c.want) {
			t.Errorf("%s: %q does not say %q", name, said, c.want)
		}
	}
}
