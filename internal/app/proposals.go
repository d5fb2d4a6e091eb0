package app

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/faultline/faultline/api"
	"github.com/faultline/faultline/api/client"
	"github.com/faultline/faultline/internal/query"
	"github.com/faultline/faultline/internal/terminal"
)

// ProposalOptions say which proposals are meant, and what a person says of one.
type ProposalOptions struct {
	Server, Token string
	Incident      string
	// Proposal is an id or the beginning of one; empty means the only open one.
	Proposal string
	// All lists settled proposals too.
	All    bool
	Reason string
	Output string
}

// shortID is how much of a proposal's id is printed; any beginning names it.
const shortID = 8

// service checks the options and reaches the service.
func (o *ProposalOptions) service() (*remote, error) {
	if err := checkOutput(o.Output); err != nil {
		return nil, err
	}
	return askService(o.Server, o.Token)
}

// open is the service and the open proposal that the options name.
func (o *ProposalOptions) open(ctx context.Context) (*remote, *query.Proposal, error) {
	service, err := o.service()
	if err != nil {
		return nil, nil, err
	}
	proposal, err := service.openProposal(ctx, o)
	return service, proposal, err
}

// proposals asks for the proposals on an incident, the open ones or all, newest
// first.
func (r *remote) proposals(ctx context.Context, incident string, all bool) ([]query.Proposal, error) {
	var page api.Page[query.Proposal]
	if err := r.into(&page)(r.ListProposalsWithResponse(ctx, incident, &client.ListProposalsParams{})); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(page.Items, func(p query.Proposal) bool { return !all && p.State != query.ProposalOpen }), nil
}

// MostProposals is how many proposals over all incidents one command lists at most.
const MostProposals = 1000

// allProposals asks for the proposals over all incidents, the open ones or all,
// newest first. NextCursor is empty only when that was all.
func (r *remote) allProposals(ctx context.Context, all bool) (api.Page[query.Proposal], error) {
	found := api.Page[query.Proposal]{Items: []query.Proposal{}}
	size := int64(query.MaxLimit)
	params := &client.ListAllProposalsParams{Limit: &size}
	if !all {
		params.State = &[]client.ListAllProposalsParamsState{client.ListAllProposalsParamsState(query.ProposalOpen)}
	}
	for {
		var page api.Page[query.Proposal]
		if err := r.into(&page)(r.ListAllProposalsWithResponse(ctx, params)); err != nil {
			return found, err
		}
		found.Items, found.NextCursor = append(found.Items, page.Items...), page.NextCursor
		if page.NextCursor == "" || len(page.Items) == 0 || len(found.Items) >= MostProposals {
			return found, nil
		}
		params.Cursor = &page.NextCursor
	}
}

// listAllProposals prints what agents propose on all incidents.
func listAllProposals(ctx context.Context, service *remote, opts *ProposalOptions, out io.Writer) error {
	found, err := service.allProposals(ctx, opts.All)
	if err != nil {
		return err
	}
	if opts.Output != "table" {
		return writeDocument(out, opts.Output, found)
	}
	if len(found.Items) == 0 {
		return printLine(out, "no proposal"+map[bool]string{false: " waits for a person", true: " was ever made"}[opts.All])
	}
	columns := append([]terminal.Column{{Title: "incident"}}, proposalColumns()...)
	rows := proposalRows(found.Items)
	for i := range rows {
		rows[i] = append([]string{found.Items[i].Incident}, rows[i]...)
	}
	if err := printTable(out, columns, rows); err != nil {
		return err
	}
	if found.NextCursor != "" {
		return printLine(out, "there are more; settle some, or list those of one incident")
	}
	return printLine(out, "settle with `faultline proposals accept|dismiss INCIDENT PROPOSAL`")
}

// ListProposals prints what agents propose on an incident, on all of them when none
// is named.
func ListProposals(ctx context.Context, opts ProposalOptions, out io.Writer) error {
	service, err := opts.service()
	if err != nil {
		return err
	}
	if opts.Incident == "" {
		return listAllProposals(ctx, service, &opts, out)
	}
	found, err := service.proposals(ctx, opts.Incident, opts.All)
	if err != nil {
		return err
	}
	if opts.Output != "table" {
		return writeDocument(out, opts.Output, api.Page[query.Proposal]{Items: found})
	}
	if len(found) == 0 {
		return printLine(out, "no proposal on "+opts.Incident+map[bool]string{false: " waits for a person", true: ""}[opts.All])
	}
	return printProposals(out, found)
}

// printProposals prints a table.
func printProposals(out io.Writer, found []query.Proposal) error {
	return printTable(out, proposalColumns(), proposalRows(found))
}

func proposalColumns() []terminal.Column {
	return []terminal.Column{
		{Title: "proposal"}, {Title: "by", Give: true}, {Title: "state", Give: true, Drop: 1}, {Title: "proposes", Wrap: true}, {Title: "finding", Right: true, Drop: 2}, {Title: "reason", Wrap: true},
	}
}

// proposalRows are the rows of a table. Reasons are an agent's words, so each row
// says what became of it: an open one is unconfirmed.
func proposalRows(found []query.Proposal) [][]string {
	var rows [][]string
	for i := range found {
		p := &found[i]
		state := "unconfirmed"
		if p.State != query.ProposalOpen {
			state = fmt.Sprintf("%s by %s", p.State, p.SettledBy)
		}
		rows = append(rows, []string{p.ID[:min(shortID, len(p.ID))], p.ProposedBy, state, proposes(p), fmt.Sprint(p.FindingVersion), p.Reason})
	}
	return rows
}

// proposes says the verdict that a proposal asks for.
func proposes(p *query.Proposal) string {
	if p.Change == nil {
		return string(p.Decision)
	}
	return fmt.Sprintf("%s %s", p.Decision, p.Change)
}

// openProposal is the one that the options name among the open ones.
func (r *remote) openProposal(ctx context.Context, opts *ProposalOptions) (*query.Proposal, error) {
	open, err := r.proposals(ctx, opts.Incident, false)
	if err != nil {
		return nil, err
	}
	named := slices.DeleteFunc(open, func(p query.Proposal) bool { return !strings.HasPrefix(p.ID, strings.ToLower(opts.Proposal)) })
	look := fmt.Sprintf("; `faultline proposals list %s` shows them", opts.Incident)
	switch {
	case len(named) == 1:
		return &named[0], nil
	case len(named) == 0 && opts.Proposal == "":
		return nil, fmt.Errorf("no proposal on %s waits for a person%s with --all", opts.Incident, look)
	case len(named) == 0:
		return nil, fmt.Errorf("no open proposal on %s begins with %q%s", opts.Incident, opts.Proposal, look)
	default:
		return nil, fmt.Errorf("%d open proposals on %s begin with %q; name one by more of its id%s", len(named), opts.Incident, opts.Proposal, look)
	}
}

// AcceptProposal gives a verdict of the caller's own, as a proposal has it, on the
// newest finding. A finding that is newer than the one which the agent saw is
// refused: nobody has read the evidence that came since.
func AcceptProposal(ctx context.Context, opts ProposalOptions, out io.Writer) error {
	service, proposal, err := opts.open(ctx)
	if err != nil {
		return err
	}
	newest, tag, err := service.findingOf(ctx, opts.Incident)
	if err != nil {
		return err
	}
	if newest.Version != proposal.FindingVersion {
		return fmt.Errorf("the proposal is about finding %d, and finding %d is there now; read it with `faultline incidents show %s`, then judge with `faultline verdict`, or dismiss the proposal",
			proposal.FindingVersion, newest.Version, opts.Incident)
	}
	sent, err := body(api.SettleRequest{Reason: opts.Reason})
	if err != nil {
		return err
	}
	var accepted api.Acceptance
	if err := service.into(&accepted)(service.AcceptProposalWithBodyWithResponse(ctx, opts.Incident, proposal.ID, &client.AcceptProposalParams{IfMatch: &tag}, jsonType, sent)); err != nil {
		return err
	}
	if opts.Output != "table" {
		return writeDocument(out, opts.Output, accepted)
	}
	return printLine(out, verdictSentence(&api.VerdictReceipt{Verdict: accepted.Verdict, Judgement: accepted.Judgement}))
}

// DismissProposal keeps that a proposal is not followed, which is no verdict.
func DismissProposal(ctx context.Context, opts ProposalOptions, out io.Writer) error {
	service, proposal, err := opts.open(ctx)
	if err != nil {
		return err
	}
	sent, err := body(api.SettleRequest{Reason: opts.Reason})
	if err != nil {
		return err
	}
	var settled query.Proposal
	if err := service.into(&settled)(service.DismissProposalWithBodyWithResponse(ctx, opts.Incident, proposal.ID, jsonType, sent)); err != nil {
		return err
	}
	if opts.Output != "table" {
		return writeDocument(out, opts.Output, settled)
	}
	return printLine(out, fmt.Sprintf("dismissed: %s on %s, proposed by %s; it rules nothing out", proposes(&settled), settled.Incident, settled.ProposedBy))
}
