package app

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/faultline/faultline/api"
	"github.com/faultline/faultline/api/client"
	"github.com/faultline/faultline/correlate"
)

// VerdictOptions say what is decided about an incident.
type VerdictOptions struct {
	Server, Token string
	Incident      string
	Decision      string
	// Change and Source name the change for confirm and reject; without Change
	// the first suspect is meant. Source is needed only when several know the id.
	Change, Source string
	Reason         string
	Output         string
}

// GiveVerdict judges the newest finding of an incident and prints what all
// verdicts on it come to.
func GiveVerdict(ctx context.Context, opts VerdictOptions, out io.Writer) error {
	if err := checkOutput(opts.Output); err != nil {
		return err
	}
	decision := correlate.Decision(strings.ReplaceAll(opts.Decision, "-", "_"))
	if !slices.Contains(correlate.Decisions(), decision) {
		return notAmong("decision", opts.Decision, []string{"confirm", "reject", "no_change"})
	}
	service, err := askService(opts.Server, opts.Token)
	if err != nil {
		return err
	}
	finding, tag, err := service.findingOf(ctx, opts.Incident)
	if err != nil {
		return err
	}
	request := api.VerdictRequest{Decision: decision, Reason: opts.Reason, FindingVersion: finding.Version}
	if decision != correlate.DecisionNoChange {
		if request.Change, err = verdictChange(&opts, &finding); err != nil {
			return err
		}
	} else if opts.Change != "" {
		return fmt.Errorf("--change %s contradicts no_change, which blames none; leave it out, or say confirm or reject", opts.Change)
	}
	receipt, err := service.judge(ctx, opts.Incident, tag, request)
	if err != nil {
		return err
	}
	if opts.Output != "table" {
		return writeDocument(out, opts.Output, receipt)
	}
	return printLine(out, verdictSentence(receipt))
}

// findingOf is the newest finding of an incident, and the tag that names it to
// whoever judges.
func (r *remote) findingOf(ctx context.Context, incident string) (finding api.FindingRecord, tag string, err error) {
	answer, err := r.GetFindingWithResponse(ctx, incident, nil)
	if err == nil {
		tag = answer.HTTPResponse.Header.Get("ETag")
	}
	err = r.into(&finding)(answer, err)
	return finding, tag, err
}

// judge sends a verdict on what the tag names.
func (r *remote) judge(ctx context.Context, incident, tag string, request api.VerdictRequest) (*api.VerdictReceipt, error) {
	sent, err := body(request)
	if err != nil {
		return nil, err
	}
	receipt := &api.VerdictReceipt{}
	return receipt, r.into(receipt)(r.JudgeIncidentWithBodyWithResponse(ctx, incident, &client.JudgeIncidentParams{IfMatch: &tag}, jsonType, sent))
}

// verdictChange is the change that a verdict names, the first suspect unless
// told otherwise.
func verdictChange(opts *VerdictOptions, finding *api.FindingRecord) (*api.ChangeRef, error) {
	if opts.Change != "" {
		return &api.ChangeRef{Source: opts.Source, ID: opts.Change}, nil
	}
	if len(finding.Suspects) == 0 {
		return nil, fmt.Errorf("the finding of %s has no suspects; name the change with --change", opts.Incident)
	}
	key := finding.Suspects[0].Change.Key()
	return &api.ChangeRef{Source: key.Source, ID: key.ID}, nil
}

// verdictSentence tells a person what was kept.
func verdictSentence(r *api.VerdictReceipt) string {
	about := ""
	if r.Verdict.Change != nil {
		about = " " + r.Verdict.Change.String()
	}
	return fmt.Sprintf("kept: %s%s on %s (finding version %d, by %s); the incident is %s now, after %d verdict(s)",
		r.Verdict.Decision, about, r.Verdict.Incident, r.Verdict.FindingVersion, r.Verdict.DecidedBy, r.Judgement.State, r.Judgement.Judgements)
}
