package clickhouse

import (
	"context"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// findingRow is one row of findings, suspectRow one of suspects.
type (
	findingRow struct {
		*correlate.Finding
		body string
	}
	suspectRow struct {
		finding *correlate.Finding
		*correlate.Suspect
	}
)

// The columns of the two tables.
var (
	findingFields = []field[findingRow]{
		textField("incident", func(r *findingRow) string { return r.Incident }),
		countField("version", func(r *findingRow) uint32 { return uint32(r.Version) }),
		timeField("as_of", func(r *findingRow) time.Time { return r.AsOf }),
		textField("verdict", func(r *findingRow) string { return string(r.Verdict) }),
		realField("no_change_probability", func(r *findingRow) float64 { return r.NoChangeProbability }),
		countField("suspects", func(r *findingRow) uint32 { return uint32(len(r.Suspects)) }),
		textField("body", func(r *findingRow) string { return r.body }),
	}
	suspectFields = []field[suspectRow]{
		textField("incident", func(r *suspectRow) string { return r.finding.Incident }),
		countField("version", func(r *suspectRow) uint32 { return uint32(r.finding.Version) }),
		countField("rank", func(r *suspectRow) uint32 { return uint32(r.Rank) }),
		textField("change_source", func(r *suspectRow) string { return r.Change.Source }),
		textField("change_id", func(r *suspectRow) string { return r.Change.ID }),
		textField("kind", func(r *suspectRow) string { return string(r.Change.Kind) }),
		textsField("services", func(r *suspectRow) []string { return r.Change.Services }),
		realField("probability", func(r *suspectRow) float64 { return r.Probability }),
		realsField("log_odds", logOddsByKind),
	}
)

// logOddsByKind sums a suspect's evidence by its kind.
func logOddsByKind(r *suspectRow) map[string]float64 {
	sums := map[string]float64{}
	for i := range r.Evidence {
		sums[string(r.Evidence[i].Kind)] += r.Evidence[i].LogOdds
	}
	return sums
}

// SaveFindings stores versions of findings. Saving a version again, from here
// or from another correlator, changes nothing.
func (s *Store) SaveFindings(ctx context.Context, findings []correlate.Finding) error {
	rows := make([]findingRow, len(findings))
	var suspects []suspectRow
	for i := range findings {
		f := &findings[i]
		body, err := toJSON(f)
		if err != nil {
			return s.refuse("save findings", err)
		}
		rows[i] = findingRow{Finding: f, body: body}
		for j := range f.Suspects {
			suspects = append(suspects, suspectRow{finding: f, Suspect: &f.Suspects[j]})
		}
	}
	// The finding comes last: whoever sees it finds its suspects.
	if err := insertRows(ctx, s, "suspects", "", suspectFields, suspects); err != nil {
		return err
	}
	return insertRows(ctx, s, "findings", "", findingFields, rows)
}

// Finding answers one version of an incident's finding, the newest for version
// 0, or query.ErrNotFound.
func (s *Store) Finding(ctx context.Context, incident string, version int) (correlate.Finding, error) {
	if version < 0 {
		return correlate.Finding{}, query.ErrNotFound
	}
	return body[correlate.Finding](ctx, s, "read a finding", "finding_one", named("incident", incident), named("version", version))
}

// Findings answers the versions of an incident's finding, newest first.
func (s *Store) Findings(ctx context.Context, incident string, limit int) ([]correlate.Finding, error) {
	return bodies[correlate.Finding](ctx, s, "list findings", "finding_list", named("incident", incident), named("limit", limit))
}
