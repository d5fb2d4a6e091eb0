package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/faultline/faultline/correlate"
)

// maxReason is the longest reason of a verdict or an override, in characters.
const maxReason = 2000

// ChangeRef names a change: as an object with source and id, or as a text that
// is the id, or source/id, of a suspect.
type ChangeRef struct {
	Source string `json:"source"`
	ID     string `json:"id"`
}

// Schema describes both forms.
func (ChangeRef) Schema(huma.Registry) *huma.Schema {
	text := &huma.Schema{Type: huma.TypeString}
	return &huma.Schema{OneOf: []*huma.Schema{text, {
		Type: huma.TypeObject, Properties: map[string]*huma.Schema{"source": text, "id": text}, Required: []string{"id"},
	}}}
}

// UnmarshalJSON reads both forms.
func (r *ChangeRef) UnmarshalJSON(raw []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(raw), []byte(`"`)) {
		return json.Unmarshal(raw, &r.ID)
	}
	type plain ChangeRef
	return json.Unmarshal(raw, (*plain)(r))
}

// VerdictRequest is the body of a verdict.
type VerdictRequest struct {
	Decision correlate.Decision `json:"decision"`
	Change   *ChangeRef         `json:"change,omitempty"`
	Reason   string             `json:"reason,omitempty"`
	// FindingVersion, if given, must be the newest version.
	FindingVersion int `json:"finding_version,omitempty"`
}

// VerdictReceipt is the answer to a verdict: what was kept, and what all
// verdicts on the incident come to.
type VerdictReceipt struct {
	Verdict   correlate.Judgement `json:"verdict"`
	Judgement correlate.Standing  `json:"judgement"`
}

// check says what is wrong with a verdict by itself.
func (v *VerdictRequest) check() error {
	var wrong []FieldProblem
	field := func(path, message, mend string) {
		wrong = append(wrong, FieldProblem{Location: "body", Path: path, Message: message, Mend: mend})
	}
	needsChange := v.Decision == correlate.DecisionConfirm || v.Decision == correlate.DecisionReject
	switch {
	case !slices.Contains(correlate.Decisions(), v.Decision):
		field("decision", fmt.Sprintf("%q is no decision", v.Decision), "use one of confirm, reject, no_change")
	case needsChange && (v.Change == nil || v.Change.ID == ""):
		field("change", "missing", fmt.Sprintf("to %s, name the change by its id, or as {\"source\": ..., \"id\": ...}", v.Decision))
	case !needsChange && v.Change != nil:
		field("change", "given, although no change is to blame", "leave it out, or use confirm or reject")
	}
	wrong = append(wrong, reasonProblems(v.Reason)...)
	return invalidInput.orNil(wrong)
}

// reasonProblems says what is wrong with a reason.
func reasonProblems(reason string) []FieldProblem {
	if utf8.RuneCountInString(reason) <= maxReason {
		return nil
	}
	return []FieldProblem{{
		Location: "body", Path: "reason", Message: fmt.Sprintf("longer than %d characters", maxReason), Mend: "say it in fewer words and link to the rest",
	}}
}

// orNil is the problem with these fields, nil when there are none.
func (t problemType) orNil(wrong []FieldProblem) error {
	if len(wrong) == 0 {
		return nil
	}
	return t.with(wrong[0].Path+": "+wrong[0].Message, wrong...)
}

// judge keeps a person's verdict on the newest finding of an incident. IfMatch
// is the ETag that the person's client holds of the incident or its finding.
func (s *Server) judge(ctx context.Context, incident, ifMatch string, in *VerdictRequest) (*VerdictReceipt, error) {
	if ifMatch == "" {
		return nil, preconditionRequired.with("a verdict needs If-Match", FieldProblem{
			Location: "header", Path: "If-Match", Message: "missing", Mend: "send the ETag of the incident or of the finding that was judged",
		})
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	// One verdict at a time, so that of two people who saw the same finding the
	// second learns about the first.
	if err := s.judging.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer s.judging.Release(1)
	finding, history, err := s.judged(ctx, incident, ifMatch, in.FindingVersion)
	if err != nil {
		return nil, err
	}
	verdict := correlate.Judgement{
		ID: uuid.NewString(), Incident: incident, FindingVersion: finding.Version, Decision: in.Decision,
		Reason: strings.TrimSpace(in.Reason), DecidedBy: requestOf(ctx).callerName(), DecidedAt: s.deps.Now().UTC().Truncate(time.Millisecond),
	}
	// Clocks of replicas differ; the newest word must stay the newest.
	for i := range history {
		if !verdict.DecidedAt.After(history[i].DecidedAt) {
			verdict.DecidedAt = history[i].DecidedAt.Add(time.Millisecond)
		}
	}
	if in.Change != nil {
		key, err := s.blamed(ctx, &finding, *in.Change)
		if err != nil {
			return nil, err
		}
		verdict.Change = &key
	}
	if err := s.deps.Store.SaveJudgement(ctx, verdict); err != nil {
		return nil, fmt.Errorf("save the verdict on %s: %w", incident, err)
	}
	return &VerdictReceipt{Verdict: verdict, Judgement: correlate.StandingOf(append(history, verdict))}, nil
}

// judged reads what a verdict is about, and refuses one on something that has
// moved on. Version 0 takes the newest finding.
func (s *Server) judged(ctx context.Context, id, ifMatch string, version int) (correlate.Finding, []correlate.Judgement, error) {
	incident, err := s.incident(ctx, id)
	if err != nil {
		return correlate.Finding{}, nil, err
	}
	if incident.MergedInto != "" {
		return correlate.Finding{}, nil, incidentMerged.with("the incident is part of " + incident.MergedInto + "; judge that one").
			offering([]string{incident.MergedInto})
	}
	finding, err := s.finding(ctx, id, 0)
	if err != nil {
		return finding, nil, err
	}
	history, err := s.deps.Store.Judgements(ctx, []string{id})
	if err != nil {
		return finding, nil, fmt.Errorf("read the verdicts on %s: %w", id, err)
	}
	said, err := s.commands(ctx, id)
	if err != nil {
		return finding, nil, err
	}
	standing := correlate.StandingOf(history)
	valid := []string{incidentTag(&incident, &standing, said)}
	for _, hidden := range []bool{true, false} {
		record, err := s.findingRecord(ctx, finding, standing, hidden)
		if err != nil {
			return finding, nil, err
		}
		valid = append(valid, record.etag)
	}
	if !matches(ifMatch, valid) || (version != 0 && version != finding.Version) {
		return finding, nil, preconditionFailed.with(
			fmt.Sprintf("the finding is at version %d now, with %d verdicts", finding.Version, len(history)), FieldProblem{
				Location: "header", Path: "If-Match", Message: "what was judged has changed since", Mend: "read the finding again, and judge that with its ETag",
			})
	}
	return finding, history, nil
}

// matches compares by the strong comparison that RFC 9110 section 13.1.1 asks
// for.
func matches(ifMatch string, valid []string) bool {
	if strings.TrimSpace(ifMatch) == "*" {
		return true
	}
	for given := range strings.SplitSeq(ifMatch, ",") {
		if slices.Contains(valid, strings.TrimSpace(given)) {
			return true
		}
	}
	return false
}

// blamed finds the change that a verdict names: first among the suspects, then
// anywhere, since the guilty one may be one that the engine missed.
func (s *Server) blamed(ctx context.Context, finding *correlate.Finding, ref ChangeRef) (correlate.Key, error) {
	var found []correlate.Key
	for i := range finding.Suspects {
		key := finding.Suspects[i].Change.Key()
		named := key.ID == ref.ID && (ref.Source == "" || ref.Source == key.Source)
		if named || (ref.Source == "" && key.String() == ref.ID) {
			found = append(found, key)
		}
	}
	if len(found) == 1 {
		return found[0], nil
	}
	change, err := s.change(ctx, ref.ID, ref.Source)
	return change.Key(), err
}

// standings reads what the verdicts on some incidents come to. Every incident
// has an entry.
func (s *Server) standings(ctx context.Context, incidents []string) (map[string]correlate.Standing, error) {
	standings := make(map[string]correlate.Standing, len(incidents))
	if len(incidents) == 0 {
		return standings, nil
	}
	all, err := s.deps.Store.Judgements(ctx, incidents)
	if err != nil {
		return nil, fmt.Errorf("read verdicts: %w", err)
	}
	by := map[string][]correlate.Judgement{}
	for i := range all {
		by[all[i].Incident] = append(by[all[i].Incident], all[i])
	}
	for _, id := range incidents {
		standings[id] = correlate.StandingOf(by[id])
	}
	return standings, nil
}

// standing is standings for one incident.
func (s *Server) standing(ctx context.Context, incident string) (correlate.Standing, error) {
	all, err := s.standings(ctx, []string{incident})
	return all[incident], err
}

// Blinding says from whom the provenance of suspects is hidden until people
// have decided what caused the incident.
type Blinding string

// The kinds of blinding. BlindJudges hides it from the roles that may judge
// or propose, BlindAll from everyone, BlindOff from nobody.
const (
	BlindJudges Blinding = "judges"
	BlindAll    Blinding = "all"
	BlindOff    Blinding = "off"
)

// Blindings lists every kind of blinding.
func Blindings() []Blinding { return []Blinding{BlindJudges, BlindAll, BlindOff} }

// blinds reports whether the caller must not see yet what part AI had in the
// suspects. A rejection alone decides nothing, so it reveals nothing.
func (s *Server) blinds(ctx context.Context, standing *correlate.Standing) bool {
	if standing.State == correlate.JudgedConfirmed || standing.State == correlate.JudgedNoChange {
		return false
	}
	who := requestOf(ctx).caller
	// Who proposes is blinded like who judges: a person reads the reason given.
	judges := who != nil && who.Role.Covers(RoleAgent)
	return s.cfg.Blind == BlindAll || (s.cfg.Blind == BlindJudges && judges)
}

// blindSuspect takes away what tells the part that AI had: the label, what the
// sender declares, labels, among which is an agent's own name, and who made, wrote
// and reviewed it in which words. Titles and first lines stay, since a responder
// needs them.
func blindSuspect(suspect *correlate.Suspect) {
	suspect.Provenance = nil
	c := &suspect.Change
	c.AI, c.Actor, c.Extra, c.Labels, c.Approvals = nil, nil, nil, nil, nil
	c.Commits, c.PullRequests = slices.Clone(c.Commits), slices.Clone(c.PullRequests)
	for i := range c.Commits {
		commit := &c.Commits[i]
		commit.Message, _, _ = strings.Cut(commit.Message, "\n")
		commit.Author, commit.Committer = nil, nil
	}
	for i := range c.PullRequests {
		pull := &c.PullRequests[i]
		*pull = correlate.PullRequest{Number: pull.Number, URL: pull.URL, Title: pull.Title}
	}
}

// standingTag is the part of an ETag that changes with every verdict.
func standingTag(standing *correlate.Standing) string {
	return strconv.Itoa(standing.Judgements)
}
