package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/faultline/faultline/api"
	"github.com/faultline/faultline/internal/query"
)

// proposalJSON is a proposal on the finding of version 2 of an agent whose words
// move the cursor.
func proposalJSON(id, state string) string {
	return fmt.Sprintf(`{"id":%q,"incident":"inc-1","finding_version":2,"decision":"confirm","change":{"source":"cd","id":"a"},
		"reason":"it began before\u001b[2J","proposed_by":"assistant","proposed_at":"2026-11-20T11:02:00Z","state":%q,"settled_by":"ada"}`, id, state)
}

func serveProposals(t *testing.T, version int, items ...string) (*incidentService, ProposalOptions) {
	t.Helper()
	service, at := serveIncidents(t, version)
	service.proposals = strings.Join(items, ",")
	return service, ProposalOptions{Server: at, Incident: "inc-1", Output: "table"}
}

func TestOnlyProposalsThatWaitAreListedUnlessAllAreAskedFor(t *testing.T) {
	_, opts := serveProposals(t, 2, proposalJSON("0c8f-1", "open"), proposalJSON("77-2", "dismissed"))
	list := func() string {
		var out strings.Builder
		if err := ListProposals(t.Context(), opts, &out); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	for _, want := range []string{"0c8f-1", "assistant", "unconfirmed", "confirm cd/a", "it began before"} {
		if text := list(); !strings.Contains(text, want) || strings.Contains(text, "77-2") || strings.Contains(text, "\x1b") {
			t.Errorf("%q is missing, or more is there:\n%s", want, text)
		}
	}
	if opts.All = true; !strings.Contains(list(), "dismissed by ada") {
		t.Errorf("with all:\n%s", list())
	}
	opts.Output = "json"
	var page api.Page[query.Proposal]
	if err := json.Unmarshal([]byte(list()), &page); err != nil || len(page.Items) != 2 || page.Items[0].Change.ID != "a" {
		t.Errorf("%+v %v", page, err)
	}
	_, opts = serveProposals(t, 2)
	if text := list(); text != "no proposal on inc-1 waits for a person\n" {
		t.Errorf("none: %q", text)
	}
}

func TestAnIncidentIsShownWithWhatAgentsProposeOnIt(t *testing.T) {
	_, opts := serveProposals(t, 2, proposalJSON("0c8f-1", "open"), proposalJSON("77-2", "accepted"))
	show := func(output string) string {
		var out strings.Builder
		if err := ShowIncident(t.Context(), IncidentOptions{Server: opts.Server, Incident: "inc-1", Output: output}, &out); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	text := show("table")
	for _, want := range []string{"Probable cause", "Proposed by agents, unconfirmed", "confirm cd/a", "proposals accept|dismiss inc-1"} {
		if !strings.Contains(text, want) || strings.Contains(text, "77-2") {
			t.Errorf("%q is missing, or a settled one is there:\n%s", want, text)
		}
	}
	var shown struct {
		Version   int
		Proposals []query.Proposal
	}
	if err := json.Unmarshal([]byte(show("json")), &shown); err != nil || shown.Version != 2 || len(shown.Proposals) != 1 {
		t.Errorf("%+v %v", shown, err)
	}
}

func TestAcceptingGivesAVerdictOnWhatThePersonSaw(t *testing.T) {
	service, opts := serveProposals(t, 2, proposalJSON("0c8f-1", "open"))
	opts.Reason = "I rolled it back"
	for _, named := range []string{"", "0c8", "0C8F-1"} {
		opts.Proposal = named
		var out strings.Builder
		if err := AcceptProposal(t.Context(), opts, &out); err != nil || !strings.Contains(out.String(), "kept: confirm cd/a on inc-1") || !strings.Contains(out.String(), "by ada") {
			t.Errorf("%q: %v %s", named, err, out.String())
		}
		if service.said != `"inc-1-2-hidden-0" {"reason":"I rolled it back"}` {
			t.Errorf("said %s", service.said)
		}
	}
	opts.Output = "yaml"
	var out strings.Builder
	if err := AcceptProposal(t.Context(), opts, &out); err != nil || !strings.Contains(out.String(), "state: confirmed") {
		t.Errorf("%v %s", err, out.String())
	}
}

func TestDismissingSaysThatNothingIsRuledOut(t *testing.T) {
	service, opts := serveProposals(t, 2, proposalJSON("0c8f-1", "open"))
	opts.Reason = "it alerted before"
	var out strings.Builder
	if err := DismissProposal(t.Context(), opts, &out); err != nil || !strings.Contains(out.String(), "dismissed: confirm cd/a on inc-1") || service.said != `{"reason":"it alerted before"}` {
		t.Errorf("%v %s, said %s", err, out.String(), service.said)
	}
}

func TestAProposalThatIsNotMeantIsNotSettled(t *testing.T) {
	one, two := proposalJSON("0c8f-1", "open"), proposalJSON("0c8f-2", "open")
	for want, tc := range map[string]struct {
		version int
		items   []string
		named   string
	}{
		"no proposal on inc-1 waits":      {2, []string{proposalJSON("0c8f-1", "accepted")}, ""},
		`no open proposal on inc-1 begin`: {2, []string{one}, "ff"},
		"2 open proposals on inc-1":       {2, []string{one, two}, "0c"},
		"about finding 2, and finding 3":  {3, []string{one}, ""},
	} {
		service, opts := serveProposals(t, tc.version, tc.items...)
		opts.Proposal = tc.named
		if err := AcceptProposal(t.Context(), opts, io.Discard); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "faultline ") || service.said != "" {
			t.Errorf("%s: %v, said %q", want, err, service.said)
		}
	}
	_, opts := serveProposals(t, 2, one)
	opts.Incident = "inc-none"
	for name, do := range map[string]func(context.Context, ProposalOptions, io.Writer) error{"list": ListProposals, "accept": AcceptProposal, "dismiss": DismissProposal} {
		if err := do(t.Context(), opts, io.Discard); err == nil || !strings.Contains(err.Error(), "no such incident") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
