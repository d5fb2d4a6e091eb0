package agents

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/faultline/faultline/api/client"
)

// ProposeVerdict is a verdict that an agent suggests to people.
type ProposeVerdict struct {
	Incident       string `json:"incident" jsonschema:"id of the incident"`
	Decision       string `json:"decision" jsonschema:"confirm (the change did it), reject (it did not) or no_change (no recorded change did it)"`
	Change         string `json:"change,omitempty" jsonschema:"id of the change, for confirm and reject"`
	Source         string `json:"source,omitempty" jsonschema:"sending system of the change, needed when several know the id"`
	Reason         string `json:"reason" jsonschema:"why, in a sentence or two with the evidence, for the person who decides"`
	FindingVersion int64  `json:"finding_version,omitempty" jsonschema:"version of the finding that was read; the proposal is refused when there is a newer one"`
}

// Proposal is what an agent proposed and what people did with it. Reason and
// SettledReason are text of whoever wrote them.
type Proposal struct {
	ID             string     `json:"id"`
	Incident       string     `json:"incident"`
	FindingVersion int64      `json:"finding_version"`
	Decision       string     `json:"decision"`
	Change         string     `json:"change,omitempty"`
	Source         string     `json:"source,omitempty"`
	Reason         string     `json:"untrusted_reason"`
	ProposedBy     string     `json:"proposed_by"`
	ProposedAt     time.Time  `json:"proposed_at"`
	State          string     `json:"state"`
	SettledBy      string     `json:"settled_by,omitempty"`
	SettledAt      *time.Time `json:"settled_at,omitempty"`
	SettledReason  string     `json:"untrusted_settled_reason,omitempty"`
}

// Proposed is the answer to a proposal. Note says what it is worth.
type Proposed struct {
	Proposal Proposal `json:"proposal"`
	Note     string   `json:"note"`
}

// proposalNote keeps an assistant from reporting its own word as the outcome.
const proposalNote = "This is a proposal and counts for nothing: people see it as unconfirmed and decide themselves. Do not report it as the cause."

// addProposing offers the one tool that writes. It can be sent again, since the
// service keeps the same proposal once, and takes nothing away.
func addProposing(server *mcp.Server, t tools) {
	closed, destructive := false, false
	tool := &mcp.Tool{
		Name: "propose_verdict",
		Description: "Propose a verdict on an incident to the people who decide. It is shown as proposed by you, unconfirmed, and counts for nothing until a person accepts it. " +
			"Needs a token with the role agent or judge.",
		Annotations: &mcp.ToolAnnotations{IdempotentHint: true, DestructiveHint: &destructive, OpenWorldHint: &closed},
	}
	addTool(server, tool, t.proposeVerdict)
}

func (t tools) proposeVerdict(ctx context.Context, in ProposeVerdict) (Proposed, error) {
	body := client.ProposalRequest{Decision: client.ProposalRequestDecision(in.Decision), Reason: in.Reason}
	if in.FindingVersion != 0 {
		body.FindingVersion = &in.FindingVersion
	}
	if in.Change != "" {
		var change client.ProposalRequest_Change
		if err := change.FromProposalRequestChange1(client.ProposalRequestChange1{Id: in.Change, Source: some(in.Source)}); err != nil {
			return Proposed{}, fmt.Errorf("name the change: %w", err)
		}
		body.Change = &change
	}
	answer, err := t.faultline.ProposeVerdictWithResponse(ctx, in.Incident, body)
	if err != nil {
		return Proposed{}, forAgents(err)
	}
	kept, err := read(answer.JSON201)
	if err != nil {
		return Proposed{}, err
	}
	return Proposed{Proposal: proposalOf(kept), Note: proposalNote}, nil
}

// forAgents says which role is missing where that is what is wrong.
func forAgents(err error) error {
	var refused *client.Problem
	if errors.As(err, &refused) && (refused.Status == http.StatusForbidden || refused.Status == http.StatusUnauthorized) {
		return fmt.Errorf("%w; proposing needs a token with the role agent, which `faultline token create --role agent` makes; reading goes on without", err)
	}
	return err
}

// proposals are what agents propose on an incident, newest first.
func (t tools) proposals(ctx context.Context, incident string) ([]Proposal, error) {
	answer, err := t.faultline.ListProposalsWithResponse(ctx, incident, nil)
	if err != nil {
		return nil, err
	}
	page, err := read(answer.JSON200)
	if err != nil {
		return nil, err
	}
	out := make([]Proposal, len(page.Items))
	for i := range page.Items {
		out[i] = proposalOf(&page.Items[i])
	}
	return out, nil
}

func proposalOf(p *client.Proposal) Proposal {
	out := Proposal{
		ID: p.Id, Incident: p.Incident, FindingVersion: p.FindingVersion, Decision: string(p.Decision), Reason: strings.TrimSpace(p.Reason),
		ProposedBy: p.ProposedBy, ProposedAt: p.ProposedAt, State: string(p.State), SettledBy: of(p.SettledBy), SettledAt: p.SettledAt, SettledReason: of(p.SettledReason),
	}
	if p.Change != nil {
		out.Change, out.Source = p.Change.Id, p.Change.Source
	}
	return out
}
