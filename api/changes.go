package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// ChangeRecord is a change with the provenance that it was given.
type ChangeRecord struct {
	correlate.Change
	// Provenance is absent until the change was classified.
	Provenance *correlate.Provenance `json:"provenance,omitempty"`
}

// ChangeRadius is how far a fault in a change could spread.
type ChangeRadius struct {
	Change correlate.Key `json:"change"`
	// AsOf is when the change began; the call graph is that of this time.
	AsOf time.Time `json:"as_of"`
	correlate.BlastRadius
}

type changesInput struct {
	Conditional
	Located
	PageInput
	RangeInput
	Services    []string                    `query:"service" maxItems:"50" doc:"Changes of any of these services, separated by commas." example:"checkout,payments"`
	Kinds       []correlate.ChangeKind      `query:"kind" enum:"deploy,rollback,config,feature_flag,infrastructure,schema_migration,scaling,model,prompt,guardrail,access,certificate,dependency,data,other" doc:"Any of these, separated by commas." example:"deploy,config"`
	Status      []correlate.ChangeStatus    `query:"status" enum:"in_progress,succeeded,failed,cancelled,rolled_back" doc:"Any of these, separated by commas."`
	Environment string                      `query:"environment" maxLength:"100" doc:"Environment." example:"production"`
	Source      string                      `query:"source" maxLength:"200" doc:"Sending system." example:"argo-cd"`
	Class       []correlate.ProvenanceClass `query:"class" enum:"human,ai_assisted,ai_authored,ai_operated,ai_advised,automation,unknown" doc:"Provenance: any of these, separated by commas."`
	Text        string                      `query:"q" maxLength:"200" doc:"Text in the title, the id, the version or a service."`
}

type changeInput struct {
	Conditional
	ID     string `path:"id" maxLength:"500" doc:"Id of the change in its source. A slash in it is sent as %2F." example:"checkout-1842"`
	Source string `query:"source" maxLength:"200" doc:"Sending system; needed only when several know the id." example:"argo-cd"`
}

func (s *Server) routeChanges() {
	problems := []problemType{invalidParameter, changeNotFound, ambiguousChange}
	register(s, route{
		method: http.MethodGet, path: "/v1/changes", id: "listChanges", tag: tagChanges, access: accessRead, cached: true,
		summary: "List changes", about: "Newest first, a page at a time.",
		example: Page[ChangeRecord]{Items: []ChangeRecord{exampleChangeRecord()}, NextCursor: exampleCursor}, problems: []problemType{invalidParameter},
	}, s.listChanges)
	register(s, route{
		method: http.MethodGet, path: "/v1/changes/{id}", id: "getChange", tag: tagChanges, access: accessRead, cached: true,
		summary: "Get a change",
		about:   "An id is unique within its source. When several sources know it, the answer is 409 and lists them under `choices`; ask again with `source`.",
		example: exampleChangeRecord(), problems: problems,
	}, s.getChange)
	register(s, route{
		method: http.MethodGet, path: "/v1/changes/{id}/blast-radius", id: "getChangeBlastRadius", tag: tagChanges, access: accessRead, cached: true,
		summary: "Get the blast radius of a change",
		about: "Every service that can reach a changed one by calls, in the call graph of the time when the change began. A change that names no service " +
			"affects all of its environment. Without an incident nothing is alerting or quiet.",
		example: exampleChangeRadius(), problems: problems,
	}, s.getChangeRadius)
}

func (s *Server) listChanges(ctx context.Context, in *changesInput) (*pageReply[ChangeRecord], error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	page, err := s.deps.Store.Changes(ctx, query.Changes{
		From: in.From.UTC(), To: in.To.UTC(), Services: in.Services, Kinds: in.Kinds, Status: in.Status, Environment: in.Environment,
		Source: in.Source, Class: in.Class, Text: in.Text, Limit: in.Limit, Cursor: in.Cursor,
	})
	if err != nil {
		return nil, fmt.Errorf("list changes: %w", err)
	}
	records, err := s.records(ctx, page.Items)
	if err != nil {
		return nil, err
	}
	return paged(&in.Conditional, &in.here, records, page.Next)
}

// records adds their provenance to changes.
func (s *Server) records(ctx context.Context, changes []correlate.Change) ([]ChangeRecord, error) {
	keys := make([]correlate.Key, len(changes))
	for i := range changes {
		keys[i] = changes[i].Key()
	}
	known, err := s.provenances(ctx, keys)
	if err != nil {
		return nil, err
	}
	records := make([]ChangeRecord, len(changes))
	for i := range changes {
		records[i] = ChangeRecord{Change: changes[i], Provenance: known[keys[i]]}
	}
	return records, nil
}

func (s *Server) getChange(ctx context.Context, in *changeInput) (*reply[ChangeRecord], error) {
	change, err := s.change(ctx, in.ID, in.Source)
	if err != nil {
		return nil, err
	}
	records, err := s.records(ctx, []correlate.Change{change})
	if err != nil {
		return nil, err
	}
	return hashed(&in.Conditional, &records[0])
}

// change reads the one change with this id, or says what stands in the way.
func (s *Server) change(ctx context.Context, id, source string) (correlate.Change, error) {
	found, err := s.deps.Store.ChangesByID(ctx, id, source)
	switch {
	case err != nil && !errors.Is(err, query.ErrNotFound):
		return correlate.Change{}, fmt.Errorf("read change %s: %w", id, err)
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		sources := make([]string, len(found))
		for i := range found {
			sources[i] = found[i].Source
		}
		slices.Sort(sources)
		return correlate.Change{}, ambiguousChange.with(fmt.Sprintf("%d sources know a change with the id %q", len(found), id), FieldProblem{
			Location: "query", Path: "source", Message: "the id alone does not tell which change", Mend: "add source= with one of " + strings.Join(sources, ", "),
		}).offering(sources)
	case source != "":
		return correlate.Change{}, changeNotFound.with(fmt.Sprintf("the source %q has no change with the id %q", source, id))
	default:
		return correlate.Change{}, changeNotFound.with(fmt.Sprintf("no change has the id %q", id))
	}
}

func (s *Server) getChangeRadius(ctx context.Context, in *changeInput) (*reply[ChangeRadius], error) {
	change, err := s.change(ctx, in.ID, in.Source)
	if err != nil {
		return nil, err
	}
	radius, err := s.changeRadius(ctx, &change)
	if err != nil {
		return nil, err
	}
	answer := ChangeRadius{Change: change.Key(), AsOf: change.StartedAt, BlastRadius: radius}
	return hashed(&in.Conditional, &answer)
}

// changeRadius is how far a fault in a change could spread in the call graph of
// the time when it began.
func (s *Server) changeRadius(ctx context.Context, change *correlate.Change) (correlate.BlastRadius, error) {
	g, err := s.graphAt(ctx, change.StartedAt)
	if err != nil {
		return correlate.BlastRadius{}, err
	}
	changed := change.Services
	if len(changed) == 0 {
		changed = g.environment(cmp.Or(change.Environment, correlate.DefaultEnvironment))
	}
	return g.radius(changed), nil
}
