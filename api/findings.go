package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

type findingInput struct {
	IncidentInput
	Version int `query:"version" minimum:"0" maximum:"1000000" default:"0" doc:"Version of the finding; 0 is the latest." example:"3"`
}

type findingsInput struct {
	IncidentInput
	Limit int `query:"limit" minimum:"1" maximum:"200" default:"20" doc:"How many versions."`
}

// IncidentRadius is the blast radius of an incident, as one version of its
// finding saw it.
type IncidentRadius struct {
	Incident string    `json:"incident"`
	Version  int       `json:"version"`
	AsOf     time.Time `json:"as_of"`
	correlate.BlastRadius
}

// FindingRecord is a finding with what people said about it.
type FindingRecord struct {
	correlate.Finding
	Judgement correlate.Standing `json:"judgement"`
	// ProvenanceHidden says that the part AI had in the suspects is not shown
	// yet to this caller.
	ProvenanceHidden bool `json:"provenance_hidden,omitempty"`

	etag string
}

// aboutBlinding is what the routes that answer suspects have in common.
const aboutBlinding = "Until people have confirmed a cause or said that none was recorded, `provenance` and whatever else tells the part that AI had " +
	"is left out for callers who may judge (`api.blind`), and `provenance_hidden` says so."

func (s *Server) routeFindings() {
	register(s, route{
		method: http.MethodGet, path: "/v1/incidents/{id}/finding", id: "getFinding", tag: tagIncidents, access: accessRead, cached: true,
		summary: "Get the finding about an incident",
		about: "The suspects with the evidence for and against each, the probability that no recorded change is to blame, and what could not " +
			"be looked at. The probabilities of all candidates and of \"no change\" sum to one; the list holds the most probable ones. `judgement` is what people say. " + aboutBlinding,
		example: exampleFindingRecord(), problems: []problemType{invalidParameter, incidentNotFound, findingNotFound},
	}, s.getFinding)
	register(s, route{
		method: http.MethodGet, path: "/v1/incidents/{id}/findings", id: "listFindings", tag: tagIncidents, access: accessRead, cached: true,
		summary: "List the versions of a finding", about: "Newest first. A finding gets a new version as alerts, changes and recoveries arrive.",
		example: Page[FindingRecord]{Items: []FindingRecord{exampleFindingRecord()}}, problems: []problemType{invalidParameter, incidentNotFound},
	}, s.listFindings)
	register(s, route{
		method: http.MethodGet, path: "/v1/incidents/{id}/blast-radius", id: "getIncidentBlastRadius", tag: tagIncidents, access: accessRead, cached: true,
		summary: "Get the blast radius of an incident",
		about:   "How far the fault has spread and may still spread, seen from the first suspect: a graph whose nodes are changed, alerting, quiet or potential.",
		example: exampleIncidentRadius(), problems: []problemType{invalidParameter, incidentNotFound, findingNotFound},
	}, s.getIncidentRadius)
}

func (s *Server) getFinding(ctx context.Context, in *findingInput) (*reply[FindingRecord], error) {
	finding, err := s.finding(ctx, in.ID, in.Version)
	if err != nil {
		return nil, err
	}
	standing, err := s.standing(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	record, err := s.findingRecord(ctx, finding, standing, s.blinds(ctx, &standing))
	if err != nil {
		return nil, err
	}
	return tagged(&in.Conditional, record.etag, record)
}

func (s *Server) listFindings(ctx context.Context, in *findingsInput) (*reply[Page[FindingRecord]], error) {
	findings, err := s.findings(ctx, in.ID, in.Limit)
	if err != nil {
		return nil, err
	}
	if len(findings) == 0 {
		// An incident without a finding is young; an unknown one is a mistake.
		if _, err := s.incident(ctx, in.ID); err != nil {
			return nil, err
		}
	}
	standing, err := s.standing(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	hidden := s.blinds(ctx, &standing)
	if _, err := s.enrich(ctx, findings, hidden); err != nil {
		return nil, err
	}
	records := make([]FindingRecord, len(findings))
	for i := range findings {
		records[i] = FindingRecord{Finding: findings[i], Judgement: standing, ProvenanceHidden: hidden}
	}
	return hashed(&in.Conditional, &Page[FindingRecord]{Items: records})
}

// findings lists the versions of a finding, newest first; there may be none.
func (s *Server) findings(ctx context.Context, incident string, limit int) ([]correlate.Finding, error) {
	findings, err := s.deps.Store.Findings(ctx, incident, limit)
	if err != nil && !errors.Is(err, query.ErrNotFound) {
		return nil, fmt.Errorf("list findings of %s: %w", incident, err)
	}
	return findings, nil
}

func (s *Server) getIncidentRadius(ctx context.Context, in *findingInput) (*reply[IncidentRadius], error) {
	finding, err := s.finding(ctx, in.ID, in.Version)
	if err != nil {
		return nil, err
	}
	answer := IncidentRadius{Incident: finding.Incident, Version: finding.Version, AsOf: finding.AsOf}
	if finding.BlastRadius != nil {
		answer.BlastRadius = *finding.BlastRadius
	}
	wholeRadius(&answer.BlastRadius)
	return tagged(&in.Conditional, tag(finding.Incident, finding.Version, "radius"), &answer)
}

// finding reads one version of a finding, or says what is missing.
func (s *Server) finding(ctx context.Context, incident string, version int) (correlate.Finding, error) {
	finding, err := s.deps.Store.Finding(ctx, incident, version)
	if !errors.Is(err, query.ErrNotFound) {
		if err != nil {
			err = fmt.Errorf("read the finding of %s: %w", incident, err)
		}
		return finding, err
	}
	if _, err := s.incident(ctx, incident); err != nil {
		return finding, err
	}
	if version == 0 {
		return finding, findingNotFound.with("the incident is known and has no finding yet; ask again in a moment")
	}
	return finding, findingNotFound.with(fmt.Sprintf("the incident has no finding of version %d; findings lists those that exist", version))
}

// findingRecord adds to a finding what others know and say about it. Hidden
// leaves out what part AI had in the suspects. The finding belongs to the
// caller again and is not changed.
func (s *Server) findingRecord(ctx context.Context, finding correlate.Finding, standing correlate.Standing, hidden bool) (*FindingRecord, error) {
	finding.Suspects = slices.Clone(finding.Suspects)
	found := []correlate.Finding{finding}
	digest, err := s.enrich(ctx, found, hidden)
	if err != nil {
		return nil, err
	}
	return &FindingRecord{
		Finding: found[0], Judgement: standing, ProvenanceHidden: hidden,
		etag: tag(finding.Incident, finding.Version, digest, standingTag(&standing)),
	}, nil
}

// enrich fills what the engine never knows: how much AI had a part in each
// suspect, and where to look at it. The digest changes with the provenance,
// which may be given anew after the finding was made. Hidden leaves the part of
// AI out.
func (s *Server) enrich(ctx context.Context, findings []correlate.Finding, hidden bool) (digest string, err error) {
	var keys []correlate.Key
	for i := range findings {
		wholeFinding(&findings[i])
		for j := range findings[i].Suspects {
			suspect := &findings[i].Suspects[j]
			suspect.Links = cmp.Or(suspect.Change.Links, &correlate.ChangeLinks{})
			if hidden {
				blindSuspect(suspect)
				continue
			}
			keys = append(keys, findings[i].Suspects[j].Change.Key())
		}
	}
	if hidden {
		return "hidden", nil
	}
	known, err := s.provenances(ctx, keys)
	if err != nil {
		return "", err
	}
	hash := xxhash.New()
	for i := range findings {
		for j := range findings[i].Suspects {
			suspect := &findings[i].Suspects[j]
			suspect.Provenance = cmp.Or(known[suspect.Change.Key()], unclassified())
			writeProvenance(hash, suspect.Provenance)
		}
	}
	return strconv.FormatUint(hash.Sum64(), 16), nil
}

// unclassified is what can be said of a change that nothing has looked at.
func unclassified() *correlate.Provenance {
	return &correlate.Provenance{Class: correlate.ProvenanceUnknown, Tools: []correlate.AITool{}, Evidence: []correlate.ProvenanceMark{}}
}

// provenances reads the provenance of changes; a change may have none.
func (s *Server) provenances(ctx context.Context, keys []correlate.Key) (map[correlate.Key]*correlate.Provenance, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	stored, err := s.deps.Store.Provenances(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("read provenance: %w", err)
	}
	known := make(map[correlate.Key]*correlate.Provenance, len(stored))
	for key, p := range stored {
		wholeProvenance(&p)
		known[key] = &p
	}
	return known, nil
}

// writeProvenance hashes everything of a provenance that an answer shows. A NUL
// byte ends each part, so that parts cannot run into each other.
func writeProvenance(hash *xxhash.Digest, p *correlate.Provenance) {
	write := func(parts ...string) {
		for _, part := range parts {
			// Writing to a Digest never fails.
			_, _ = hash.WriteString(part)
			_, _ = hash.WriteString("\x00")
		}
	}
	number := func(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }
	write(string(p.Class), number(p.Confidence), string(p.Source), p.Rules, number(p.CommitShare), strconv.Itoa(len(p.Tools)))
	for _, tool := range p.Tools {
		write(tool.Name, tool.Model)
	}
	for i := range p.Evidence {
		write(p.Evidence[i].Marker, p.Evidence[i].Where, p.Evidence[i].Excerpt, number(p.Evidence[i].Weight))
	}
}

// wholeProvenance turns missing lists into empty ones, as the schema says.
func wholeProvenance(p *correlate.Provenance) {
	p.Tools, p.Evidence = list(p.Tools), list(p.Evidence)
	if p.Machine != nil {
		wholeProvenance(p.Machine)
	}
}

// wholeFinding turns missing lists into empty ones, as the schema says.
func wholeFinding(f *correlate.Finding) {
	f.Suspects = list(f.Suspects)
	f.Missing = list(f.Missing)
	for i := range f.Suspects {
		f.Suspects[i].Evidence = list(f.Suspects[i].Evidence)
	}
	if f.BlastRadius != nil {
		wholeRadius(f.BlastRadius)
	}
}

func wholeRadius(b *correlate.BlastRadius) {
	b.Changed = list(b.Changed)
	b.Alerting = list(b.Alerting)
	b.Quiet = list(b.Quiet)
}
