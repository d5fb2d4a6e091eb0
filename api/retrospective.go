package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/faultline/faultline/api/web"
	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// maxRetrospectiveVersions is how many versions of the finding a retrospective has.
const maxRetrospectiveVersions = 50

// Retrospective is all that is known of an incident, for the meeting after it.
type Retrospective struct {
	MadeAt   time.Time      `json:"made_at"`
	Incident IncidentRecord `json:"incident"`
	// Commanders has every word about who commanded, oldest first.
	Commanders []query.Command `json:"commanders"`
	// Finding is the newest one, nil while there is none; Versions are all of them,
	// newest first, in short.
	Finding  *FindingRecord   `json:"finding,omitempty"`
	Versions []FindingInShort `json:"versions"`
	Timeline *Timeline        `json:"timeline"`
	// Verdicts and Proposals are those that were ever given, oldest first.
	Verdicts  []correlate.Judgement `json:"verdicts"`
	Proposals []query.Proposal      `json:"proposals"`
	// Policy is how each suspect stands to the policy. It tells the part that AI had,
	// so it is empty while that is hidden from the caller.
	Policy []ChangePolicy `json:"policy"`
}

// FindingInShort is a version of a finding without its evidence.
type FindingInShort struct {
	Version             int               `json:"version"`
	AsOf                time.Time         `json:"as_of"`
	Verdict             correlate.Verdict `json:"verdict"`
	NoChangeProbability float64           `json:"no_change_probability"`
	// Suspect and Probability are those of the first suspect, absent without one.
	Suspect     *correlate.Key `json:"suspect,omitempty"`
	Probability float64        `json:"probability,omitempty"`
}

// ChangePolicy is how a change stands to the policy: its approvals, the rules that
// it did not keep, and what the gate said of it.
type ChangePolicy struct {
	Change     correlate.Key        `json:"change"`
	Approvals  []correlate.Approval `json:"approvals"`
	Violations []Violation          `json:"violations"`
	Gate       []KeptDecision       `json:"gate"`
}

type exportInput struct {
	IncidentInput
	Format string `query:"format" enum:"markdown,json" doc:"The rendering; unless given, Markdown where Accept asks for it, else JSON."`
	Accept string `header:"Accept" doc:"text/markdown or application/json."`
}

const markdownType = "text/markdown"

func (s *Server) routeRetrospective() {
	register(s, route{
		method: http.MethodGet, path: "/v1/incidents/{id}/export", id: "exportIncident", tag: tagIncidents, access: accessRead,
		summary: "Export an incident for the meeting after it",
		about: "Timeline, suspects with the evidence for and against, what could not be looked at, verdicts, who commanded, blast radius, approvals and policy, as Markdown or JSON, by `format` or `Accept`. " +
			aboutBlinding + " So is how the suspects stand to the policy.",
		example: exampleRetrospective(), problems: []problemType{invalidParameter, incidentNotFound},
	}, s.exportIncident)
	responses := s.document.Paths["/v1/incidents/{id}/export"].Get.Responses["200"]
	responses.Content["application/json"].Schema = s.document.Components.Schemas.Schema(reflect.TypeFor[Retrospective](), true, "")
	responses.Content[markdownType] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}, Example: "# checkout and 1 more: errors"}
}

// exportIncident answers with an attachment: the texts are foreign, and no browser
// is to show them as a page of ours.
func (s *Server) exportIncident(ctx context.Context, in *exportInput) (*rawReply, error) {
	media, ending := "application/json", "json"
	var raw []byte
	if in.Format == "markdown" || in.Format == "" && strings.Contains(in.Accept, markdownType) {
		media, ending = markdownType+"; charset=utf-8", "md"
		text, err := s.retrospectiveText(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		raw = []byte(text)
	} else {
		doc, err := s.retrospective(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		if raw, err = encode(doc); err != nil {
			return nil, err
		}
	}
	return &rawReply{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", media)
		hc.SetHeader("Content-Disposition", `attachment; filename="incident-`+fileName(in.ID)+"."+ending+`"`)
		hc.SetHeader("Cache-Control", "no-store")
		hc.SetHeader("Vary", "Accept")
		hc.SetStatus(http.StatusOK)
		_, _ = hc.BodyWriter().Write(raw)
	}}, nil
}

// fileName is an id as part of a file's name.
func fileName(id string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '_'
	}, id)
}

// retrospective assembles the document.
func (s *Server) retrospective(ctx context.Context, id string) (*Retrospective, error) {
	incident, standing, said, err := s.incidentState(ctx, id)
	if err != nil {
		return nil, err
	}
	sheet, err := pageReader{s}.Sheet(ctx, id, maxRetrospectiveVersions)
	if err != nil {
		return nil, err
	}
	doc := &Retrospective{
		MadeAt: s.moment(), Incident: IncidentRecord{Incident: incident, Judgement: standing, Commander: query.CommanderOf(said)}, Commanders: list(said),
		Versions: inShort(sheet.Findings), Verdicts: list(sheet.Judgements), Proposals: list(sheet.Proposals), Policy: []ChangePolicy{},
	}
	if doc.Timeline, err = s.timeline(ctx, id, time.Time{}); err != nil {
		return nil, err
	}
	if len(sheet.Findings) == 0 {
		return doc, nil
	}
	doc.Finding = &FindingRecord{Finding: sheet.Findings[0], Judgement: standing, ProvenanceHidden: sheet.Hidden}
	if !sheet.Hidden {
		doc.Policy, err = s.policyOf(ctx, &sheet.Findings[0])
	}
	return doc, err
}

// inShort are versions without their evidence.
func inShort(findings []correlate.Finding) []FindingInShort {
	all := make([]FindingInShort, len(findings))
	for i := range findings {
		f := &findings[i]
		all[i] = FindingInShort{Version: f.Version, AsOf: f.AsOf, Verdict: f.Verdict, NoChangeProbability: f.NoChangeProbability}
		if len(f.Suspects) > 0 {
			key := f.Suspects[0].Change.Key()
			all[i].Suspect, all[i].Probability = &key, f.Suspects[0].Probability
		}
	}
	return all
}

// policyOf tells how the suspects that a page shows stand to the policy.
func (s *Server) policyOf(ctx context.Context, f *correlate.Finding) ([]ChangePolicy, error) {
	all := []ChangePolicy{}
	if s.deps.Policy == nil {
		return all, nil
	}
	tiers, err := s.tiers(ctx)
	if err != nil {
		return nil, err
	}
	for i := range f.Suspects[:min(len(f.Suspects), web.MaxSuspects)] {
		c := &f.Suspects[i].Change
		stand := ChangePolicy{Change: c.Key(), Approvals: list(c.Approvals), Gate: []KeptDecision{}}
		found, err := s.violationsOf(ctx, &violationsInput{}, []correlate.Change{*c}, tiers)
		if err != nil {
			return nil, err
		}
		stand.Violations = list(found)
		kept, err := s.deps.Store.Decisions(ctx, query.GateDecisions{Change: c.Key(), Limit: maxGateWords})
		if err != nil {
			return nil, fmt.Errorf("read what the gate said of %s: %w", c.Key(), err)
		}
		for j := range kept.Items {
			word := KeptDecision{AskedBy: kept.Items[j].AskedBy}
			if err := json.Unmarshal([]byte(kept.Items[j].Body), &word.GateAnswer); err != nil {
				return nil, fmt.Errorf("a kept decision cannot be read: %w", err)
			}
			stand.Gate = append(stand.Gate, word)
		}
		all = append(all, stand)
	}
	return all, nil
}

// retrospectiveText is the document as Markdown, in the words of the page.
func (s *Server) retrospectiveText(ctx context.Context, id string) (string, error) {
	incident, err := s.incident(ctx, id)
	if err != nil {
		return "", err
	}
	reader := pageReader{s}
	doc := web.Retrospective{Incident: incident, MadeAt: s.moment()}
	if doc.Sheet, err = reader.Sheet(ctx, id, maxRetrospectiveVersions); err != nil {
		return "", err
	}
	if doc.Timeline, err = reader.Timeline(ctx, id, time.Time{}); err != nil {
		return "", err
	}
	if len(doc.Sheet.Findings) > 0 && !doc.Sheet.Hidden && s.deps.Policy != nil {
		doc.Policy = map[correlate.Key]web.PolicyStand{}
		for i := range doc.Sheet.Findings[0].Suspects[:min(len(doc.Sheet.Findings[0].Suspects), web.MaxSuspects)] {
			c := &doc.Sheet.Findings[0].Suspects[i].Change
			var stand web.PolicyStand
			if stand.Violations, stand.Gate, err = (pagePolicy{s}).Of(ctx, c); err != nil {
				return "", err
			}
			doc.Policy[c.Key()] = stand
		}
	}
	return doc.Markdown(), nil
}

func exampleRetrospective() Retrospective {
	record, finding, timeline := exampleIncidentRecord(), exampleFindingRecord(), exampleTimeline()
	change := exampleChange()
	return Retrospective{
		MadeAt: exampleTime(10, 5, 0), Incident: record, Commanders: []query.Command{exampleCommand()}, Finding: &finding, Versions: inShort([]correlate.Finding{finding.Finding}),
		Timeline: &timeline, Verdicts: []correlate.Judgement{exampleJudgement()}, Proposals: []query.Proposal{exampleProposal()},
		Policy: []ChangePolicy{{Change: change.Key(), Approvals: []correlate.Approval{}, Violations: []Violation{exampleViolation()}, Gate: []KeptDecision{{GateAnswer: exampleGateAnswer(), AskedBy: "ci"}}}},
	}
}

// retrospectiveDocs holds the words of the OpenAPI document about the export.
func retrospectiveDocs() map[string]typeDoc {
	return map[string]typeDoc{
		"Retrospective": {about: "All that is known of an incident, for the meeting after it.", fields: map[string]string{
			"made_at": "When it was exported.", "incident": "The incident.", "commanders": "Every word about who commanded, oldest first.", "finding": "The newest finding; absent while there is none.",
			"versions": "All versions of the finding, newest first.", "timeline": "What happened around it.", "verdicts": "What people decided, oldest first.",
			"proposals": "What agents proposed, oldest first; none of it counts.", "policy": "How the suspects stand to the policy; empty while the part that AI had is hidden.",
		}},
		"FindingInShort": {about: "A version of a finding without its evidence.", fields: map[string]string{
			"version": "Its number.", "as_of": "The moment of judgement.", "verdict": "What it says.", "no_change_probability": "That no recorded change did it.", "suspect": "The first suspect.", "probability": "Of the first suspect.",
		}},
		"ChangePolicy": {about: "How a change stands to the policy.", fields: map[string]string{
			"change": "The change.", "approvals": "Its approvals.", "violations": "Rules that it did not keep.", "gate": "What the gate said of it, newest first.",
		}},
	}
}
