package api

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// maxOpenProposals bounds what waits for people on one incident, so that a loop
// of an agent cannot bury it.
const maxOpenProposals = 20

// ProposalRequest is the body of a proposal: a verdict with a reason.
type ProposalRequest struct {
	Decision correlate.Decision `json:"decision"`
	Change   *ChangeRef         `json:"change,omitempty"`
	Reason   string             `json:"reason"`
	// FindingVersion, if given, must be the newest version.
	FindingVersion int `json:"finding_version,omitempty"`
}

// SettleRequest is the body of an acceptance or a dismissal.
type SettleRequest struct {
	Reason string `json:"reason,omitempty"`
}

// Acceptance is the answer to accepting a proposal: the verdict that the person
// gave with it.
type Acceptance struct {
	Proposal  query.Proposal      `json:"proposal"`
	Verdict   correlate.Judgement `json:"verdict"`
	Judgement correlate.Standing  `json:"judgement"`
}

type proposalInput struct {
	Delivery
	ID string `path:"id" maxLength:"200" doc:"Id of the incident." example:"inc-7f3a"`
}

type settleInput struct {
	Delivery
	ID       string `path:"id" maxLength:"200" doc:"Id of the incident." example:"inc-7f3a"`
	Proposal string `path:"proposal" maxLength:"36" doc:"Id of the proposal." example:"0c8f5c8e-2a64-4f0e-8f39-6d4a53a2f6a1"`
}

type acceptInput struct {
	Delivery
	ID       string `path:"id" maxLength:"200" doc:"Id of the incident." example:"inc-7f3a"`
	Proposal string `path:"proposal" maxLength:"36" doc:"Id of the proposal." example:"0c8f5c8e-2a64-4f0e-8f39-6d4a53a2f6a1"`
	IfMatch  string `header:"If-Match" doc:"ETag of the incident, or of its finding, as the person who judges saw it." example:"\"inc-7f3a-3-hidden-0\""`
}

type proposalReply struct{ Body query.Proposal }

type acceptanceReply struct{ Body Acceptance }

func (s *Server) routeProposals() {
	example := map[string]any{"decision": correlate.DecisionConfirm, "change": "checkout-1842", "reason": "It began two minutes before, and only its region alerts."}
	register(s, route{
		method: http.MethodPost, path: "/v1/incidents/{id}/proposals", id: "proposeVerdict", tag: tagIncidents, access: accessPropose, status: http.StatusCreated,
		summary: "Propose a verdict",
		about: "For agents. A proposal counts for nothing: it is shown to people as unconfirmed, and a person accepts it, which gives a verdict of that person, or dismisses it. " +
			fmt.Sprintf("The same proposal on the same finding by the same token is kept once; an incident holds at most %d open ones.", maxOpenProposals),
		example:  exampleProposal(),
		problems: append(bodyProblems(), invalidParameter, incidentNotFound, findingNotFound, changeNotFound, ambiguousChange, incidentMerged, preconditionFailed, tooManyProposals),
		body:     s.objectBody(reflect.TypeFor[ProposalRequest](), "The proposal.", example),
	}, s.postProposal)
	register(s, route{
		method: http.MethodGet, path: "/v1/incidents/{id}/proposals", id: "listProposals", tag: tagIncidents, access: accessRead, cached: true,
		summary: "List what agents propose", about: "All proposals on an incident, newest first, with what people did with each.",
		example: Page[query.Proposal]{Items: []query.Proposal{exampleProposal()}}, problems: []problemType{invalidParameter, incidentNotFound},
	}, s.listProposals)
	register(s, route{
		method: http.MethodGet, path: "/v1/proposals", id: "listAllProposals", tag: tagIncidents, access: accessRead, cached: true,
		summary: "List what agents propose on all incidents", about: "Newest first, a page at a time; `state=open` leaves those that wait for a person.",
		example: Page[query.Proposal]{Items: []query.Proposal{exampleProposal()}, NextCursor: exampleCursor}, problems: []problemType{invalidParameter},
	}, s.listAllProposals)
	register(s, route{
		method: http.MethodPost, path: "/v1/incidents/{id}/proposals/{proposal}/accept", id: "acceptProposal", tag: tagIncidents, access: accessJudge, status: http.StatusCreated,
		summary: "Accept a proposal",
		about: "Keeps a verdict of the caller's own with the decision and the change of the proposal, under the same conditions as any verdict: `If-Match` names what the person saw. " +
			"The reason is the person's own.",
		example: exampleAcceptance(),
		problems: append(bodyProblems(), invalidParameter, incidentNotFound, findingNotFound, changeNotFound, ambiguousChange, incidentMerged,
			proposalNotFound, proposalSettled, preconditionRequired, preconditionFailed),
		body: s.objectBody(reflect.TypeFor[SettleRequest](), "Why, in the person's own words.", map[string]any{"reason": "Rolling back 4.12.0 ended it."}),
	}, s.acceptProposal)
	register(s, route{
		method: http.MethodPost, path: "/v1/incidents/{id}/proposals/{proposal}/dismiss", id: "dismissProposal", tag: tagIncidents, access: accessJudge,
		summary: "Dismiss a proposal", about: "Says that a proposal is not followed. It is no verdict: the change is not ruled out by it.",
		example: exampleProposal(), problems: append(bodyProblems(), invalidParameter, proposalNotFound, proposalSettled),
		body: s.objectBody(reflect.TypeFor[SettleRequest](), "Why, in the person's own words.", map[string]any{"reason": "The service alerted before the deploy."}),
	}, s.dismissProposal)
}

// check says what is wrong with a proposal by itself.
func (p *ProposalRequest) check() error {
	if strings.TrimSpace(p.Reason) == "" {
		return invalidInput.orNil([]FieldProblem{{
			Location: "body", Path: "reason", Message: "missing", Mend: "say in a sentence why, with the evidence; a person decides by it",
		}})
	}
	verdict := VerdictRequest{Decision: p.Decision, Change: p.Change, Reason: p.Reason}
	return verdict.check()
}

func (s *Server) postProposal(ctx context.Context, in *proposalInput) (*proposalReply, error) {
	var kept query.Proposal
	err := s.withBody(ctx, &in.Delivery, func(ctx context.Context, body []byte) (err error) {
		var proposal ProposalRequest
		if err := decodeInto(body, &proposal); err != nil {
			return err
		}
		kept, err = s.propose(ctx, in.ID, &proposal)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &proposalReply{Body: kept}, nil
}

// propose keeps a proposal on the newest finding of an incident.
func (s *Server) propose(ctx context.Context, incident string, in *ProposalRequest) (query.Proposal, error) {
	var none query.Proposal
	if err := in.check(); err != nil {
		return none, err
	}
	// One at a time, so that the bound holds and the same one is kept once.
	if err := s.judging.Acquire(ctx, 1); err != nil {
		return none, err
	}
	defer s.judging.Release(1)
	finding, _, err := s.judged(ctx, incident, "*", in.FindingVersion)
	if err != nil {
		return none, err
	}
	proposal := query.Proposal{
		ID: uuid.NewString(), Incident: incident, FindingVersion: finding.Version, Decision: in.Decision, Reason: strings.TrimSpace(in.Reason),
		ProposedBy: requestOf(ctx).callerName(), ProposedAt: s.deps.Now().UTC().Truncate(time.Millisecond), State: query.ProposalOpen,
	}
	if in.Change != nil {
		key, err := s.blamed(ctx, &finding, *in.Change)
		if err != nil {
			return none, err
		}
		proposal.Change = &key
	}
	known, err := s.proposals(ctx, incident)
	if err != nil {
		return none, err
	}
	open := 0
	for i := range known {
		if known[i].State != query.ProposalOpen {
			continue
		}
		if known[i].Same(&proposal) {
			return known[i], nil
		}
		open++
	}
	if open >= maxOpenProposals {
		return none, tooManyProposals.with(fmt.Sprintf("%d proposals on %s wait for a person; more are taken once some are accepted or dismissed", open, incident))
	}
	if err := s.deps.Store.SaveProposal(ctx, proposal); err != nil {
		return none, fmt.Errorf("save a proposal on %s: %w", incident, err)
	}
	return proposal, nil
}

// proposals reads the proposals on an incident, the oldest first.
func (s *Server) proposals(ctx context.Context, incident string) ([]query.Proposal, error) {
	all, err := s.deps.Store.Proposals(ctx, incident)
	if err != nil {
		return nil, fmt.Errorf("read the proposals on %s: %w", incident, err)
	}
	return all, nil
}

func (s *Server) listProposals(ctx context.Context, in *IncidentInput) (*reply[Page[query.Proposal]], error) {
	all, err := s.proposals(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		if _, err := s.incident(ctx, in.ID); err != nil {
			return nil, err
		}
	}
	slices.Reverse(all)
	return hashed(&in.Conditional, &Page[query.Proposal]{Items: list(all)})
}

type proposalsInput struct {
	Conditional
	Located
	PageInput
	State []query.ProposalState `query:"state" enum:"open,accepted,dismissed" doc:"Any of these, separated by commas." example:"open"`
}

// listAllProposals answers what agents propose over all incidents.
func (s *Server) listAllProposals(ctx context.Context, in *proposalsInput) (*pageReply[query.Proposal], error) {
	page, err := s.deps.Store.ProposalPage(ctx, query.Proposals{State: in.State, Limit: in.Limit, Cursor: in.Cursor})
	if err != nil {
		return nil, fmt.Errorf("list all proposals: %w", err)
	}
	return paged(&in.Conditional, &in.here, page.Items, page.Next)
}

// openProposal reads a proposal that nobody has settled.
func (s *Server) openProposal(ctx context.Context, incident, id string) (query.Proposal, error) {
	all, err := s.proposals(ctx, incident)
	if err != nil {
		return query.Proposal{}, err
	}
	at := slices.IndexFunc(all, func(p query.Proposal) bool { return p.ID == id })
	switch {
	case at < 0:
		return query.Proposal{}, proposalNotFound.with(fmt.Sprintf("%s has no proposal %q", incident, id))
	case all[at].State != query.ProposalOpen:
		return query.Proposal{}, proposalSettled.with(fmt.Sprintf("%s has %s it already", all[at].SettledBy, all[at].State))
	}
	return all[at], nil
}

func (s *Server) acceptProposal(ctx context.Context, in *acceptInput) (*acceptanceReply, error) {
	var out *Acceptance
	err := s.withReason(ctx, &in.Delivery, func(ctx context.Context, reason string) (err error) {
		out, err = s.acceptAs(ctx, in.ID, in.Proposal, in.IfMatch, reason)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &acceptanceReply{Body: *out}, nil
}

func (s *Server) dismissProposal(ctx context.Context, in *settleInput) (*proposalReply, error) {
	var out query.Proposal
	err := s.withReason(ctx, &in.Delivery, func(ctx context.Context, reason string) (err error) {
		out, err = s.dismiss(ctx, in.ID, in.Proposal, reason)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &proposalReply{Body: out}, nil
}

// withReason reads the reason that a person gives, which may be left out of the
// object that the body is.
func (s *Server) withReason(ctx context.Context, in *Delivery, do func(ctx context.Context, reason string) error) error {
	return s.withBody(ctx, in, func(ctx context.Context, body []byte) error {
		var given SettleRequest
		if err := decodeInto(body, &given); err != nil {
			return err
		}
		if err := invalidInput.orNil(reasonProblems(given.Reason)); err != nil {
			return err
		}
		return do(ctx, strings.TrimSpace(given.Reason))
	})
}

// acceptAs keeps a person's own verdict as the proposal has it, and then that the
// proposal is settled.
func (s *Server) acceptAs(ctx context.Context, incident, id, ifMatch, reason string) (*Acceptance, error) {
	p, err := s.openProposal(ctx, incident, id)
	if err != nil {
		return nil, err
	}
	verdict := &VerdictRequest{Decision: p.Decision, Reason: reason}
	if p.Change != nil {
		verdict.Change = &ChangeRef{Source: p.Change.Source, ID: p.Change.ID}
	}
	receipt, err := s.judge(ctx, incident, ifMatch, verdict)
	if err != nil {
		return nil, err
	}
	p.Verdict = receipt.Verdict.ID
	if p, err = s.settle(ctx, p, query.ProposalAccepted, reason); err != nil {
		return nil, err
	}
	return &Acceptance{Proposal: p, Verdict: receipt.Verdict, Judgement: receipt.Judgement}, nil
}

// dismiss keeps that a person does not follow a proposal.
func (s *Server) dismiss(ctx context.Context, incident, id, reason string) (query.Proposal, error) {
	p, err := s.openProposal(ctx, incident, id)
	if err != nil {
		return p, err
	}
	return s.settle(ctx, p, query.ProposalDismissed, reason)
}

// settle keeps what the caller did with a proposal.
func (s *Server) settle(ctx context.Context, p query.Proposal, state query.ProposalState, reason string) (query.Proposal, error) {
	at := s.deps.Now().UTC().Truncate(time.Millisecond)
	// The word must come after the proposal, whatever the clocks of replicas say.
	if !at.After(p.ProposedAt) {
		at = p.ProposedAt.Add(time.Millisecond)
	}
	p.State, p.SettledBy, p.SettledAt, p.SettledReason = state, requestOf(ctx).callerName(), &at, reason
	if err := s.deps.Store.SettleProposal(ctx, p); err != nil {
		return p, fmt.Errorf("keep that the proposal %s is %s: %w", p.ID, state, err)
	}
	return p, nil
}
