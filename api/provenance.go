package api

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/faultline/faultline/correlate"
)

// autoClass withdraws what people said of a change, so that the rules count
// again.
const autoClass = "auto"

// OverrideRequest is the body of a word on the provenance of a change.
type OverrideRequest struct {
	Class  string `json:"class"`
	Reason string `json:"reason"`
}

// ProvenanceRecord is all that is said about the provenance of a change.
type ProvenanceRecord struct {
	Change     correlate.Key                  `json:"change"`
	Provenance correlate.Provenance           `json:"provenance"`
	Overrides  []correlate.ProvenanceOverride `json:"overrides"`
}

type overrideInput struct {
	Delivery
	ID     string `path:"id" maxLength:"500" doc:"Id of the change in its source. A slash in it is sent as %2F." example:"checkout-1842"`
	Source string `query:"source" maxLength:"200" doc:"Sending system; needed only when several know the id." example:"argo-cd"`
}

type provenanceReply struct {
	Body ProvenanceRecord
}

func (s *Server) routeProvenance() {
	problems := []problemType{invalidParameter, changeNotFound, ambiguousChange}
	register(s, route{
		method: http.MethodPut, path: "/v1/changes/{id}/provenance", id: "overrideProvenance", tag: tagChanges, access: accessJudge,
		summary: "Say what part AI had in a change",
		about: "A person's word stands above the rules, with who said it and why; what the rules say stays beside it under `machine`. " +
			"Nothing is overwritten: the newest word counts, and `auto` withdraws those before.",
		example: exampleProvenanceRecord(), problems: append(bodyProblems(), problems...),
		body: s.objectBody(reflect.TypeFor[OverrideRequest](), "The class and the reason.", OverrideRequest{Class: string(correlate.ProvenanceHuman), Reason: "The editor stamped work done by hand."}),
	}, s.putProvenance)
	register(s, route{
		method: http.MethodGet, path: "/v1/changes/{id}/provenance", id: "getProvenance", tag: tagChanges, access: accessRead, cached: true,
		summary: "Get the provenance of a change", about: "What counts, what the rules say, and all that people ever said.",
		example: exampleProvenanceRecord(), problems: problems,
	}, s.getProvenance)
	register(s, route{
		method: http.MethodPost, path: "/v1/provenance/reapply", id: "reapplyProvenance", tag: tagChanges, access: accessAdmin,
		summary: "Apply the rules of today to changes of the past",
		about: "Labels the changes that started in a range again, tells how their classes differ from what counted, and keeps the new labels unless `dry_run` is set. " +
			"What people said stays. One answer covers a part of the range; ask again with `next_cursor` until there is none.",
		example: exampleReapplyResult(), problems: append(bodyProblems(), rulesMissing),
		body: s.objectBody(reflect.TypeFor[ReapplyRequest](), "The range.", ReapplyRequest{From: exampleTime(0, 0, 0), To: exampleTime(0, 0, 0).AddDate(0, 0, 7), DryRun: true}),
	}, s.reapply)
}

// check says what is wrong with an override by itself.
func (o *OverrideRequest) check() error {
	var wrong []FieldProblem
	if o.Class != autoClass && !slices.Contains(correlate.ProvenanceClasses(), correlate.ProvenanceClass(o.Class)) {
		wrong = append(wrong, FieldProblem{
			Location: "body", Path: "class", Message: fmt.Sprintf("%q is no class", o.Class),
			Mend: "use human, ai_assisted, ai_authored, ai_operated, ai_advised, automation, unknown, or auto to let the rules count again",
		})
	}
	if strings.TrimSpace(o.Reason) == "" {
		wrong = append(wrong, FieldProblem{Location: "body", Path: "reason", Message: "missing", Mend: "say in a sentence how it is known"})
	}
	return invalidInput.orNil(append(wrong, reasonProblems(o.Reason)...))
}

func (s *Server) putProvenance(ctx context.Context, in *overrideInput) (*provenanceReply, error) {
	var record ProvenanceRecord
	err := s.withBody(ctx, &in.Delivery, func(ctx context.Context, body []byte) error {
		var said OverrideRequest
		if err := decodeInto(body, &said); err != nil {
			return err
		}
		if err := said.check(); err != nil {
			return err
		}
		change, err := s.change(ctx, in.ID, in.Source)
		if err != nil {
			return err
		}
		if err := s.override(ctx, change.Key(), &said); err != nil {
			return err
		}
		record, err = s.provenanceRecord(ctx, change.Key())
		return err
	})
	if err != nil {
		return nil, err
	}
	return &provenanceReply{Body: record}, nil
}

// override keeps a person's word. It is later than every word before, whatever
// the clocks of replicas say.
func (s *Server) override(ctx context.Context, key correlate.Key, said *OverrideRequest) error {
	if err := s.judging.Acquire(ctx, 1); err != nil {
		return err
	}
	defer s.judging.Release(1)
	before, err := s.deps.Store.Overrides(ctx, key)
	if err != nil {
		return fmt.Errorf("read the overrides of %s: %w", key, err)
	}
	by := correlate.ProvenanceOverride{
		Reason: strings.TrimSpace(said.Reason), DecidedBy: requestOf(ctx).callerName(), DecidedAt: s.deps.Now().UTC().Truncate(time.Millisecond),
	}
	if said.Class != autoClass {
		by.Class = correlate.ProvenanceClass(said.Class)
	}
	if len(before) > 0 && !by.DecidedAt.After(before[0].DecidedAt) {
		by.DecidedAt = before[0].DecidedAt.Add(time.Millisecond)
	}
	if err := s.deps.Store.SaveOverride(ctx, uuid.NewString(), key, by); err != nil {
		return fmt.Errorf("save the override of %s: %w", key, err)
	}
	return nil
}

func (s *Server) provenanceRecord(ctx context.Context, key correlate.Key) (ProvenanceRecord, error) {
	record := ProvenanceRecord{Change: key}
	known, err := s.provenances(ctx, []correlate.Key{key})
	if err != nil {
		return record, err
	}
	said, err := s.deps.Store.Overrides(ctx, key)
	if err != nil {
		return record, fmt.Errorf("read the overrides of %s: %w", key, err)
	}
	record.Provenance, record.Overrides = *cmp.Or(known[key], unclassified()), list(said)
	return record, nil
}

func (s *Server) getProvenance(ctx context.Context, in *changeInput) (*reply[ProvenanceRecord], error) {
	change, err := s.change(ctx, in.ID, in.Source)
	if err != nil {
		return nil, err
	}
	record, err := s.provenanceRecord(ctx, change.Key())
	if err != nil {
		return nil, err
	}
	return hashed(&in.Conditional, &record)
}
