package api

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/faultline/faultline/correlate"
)

type verdictInput struct {
	Delivery
	ID      string `path:"id" maxLength:"200" doc:"Id of the incident." example:"inc-7f3a"`
	IfMatch string `header:"If-Match" doc:"ETag of the incident, or of its finding, as the person who judges saw it." example:"\"inc-7f3a-3-hidden-0\""`
}

type verdictReply struct {
	Body VerdictReceipt
}

func (s *Server) routeVerdicts() {
	register(s, route{
		method: http.MethodPost, path: "/v1/incidents/{id}/verdict", id: "judgeIncident", tag: tagIncidents, access: accessJudge, status: http.StatusCreated,
		summary: "Judge the finding about an incident",
		about: "Confirms or rejects a change, or says that no recorded change is to blame. Nothing is overwritten: the newest verdict about a change counts, " +
			"several changes can be confirmed, and `no_change` undoes earlier confirmations. The verdict keeps the version of the finding that was judged. " +
			"`If-Match` makes sure that the finding is still the one that was read: without it the answer is 428, after a newer version or verdict 412.",
		example:  exampleVerdictReceipt(),
		problems: append(bodyProblems(), invalidParameter, incidentNotFound, findingNotFound, changeNotFound, ambiguousChange, incidentMerged, preconditionRequired, preconditionFailed),
		body: s.objectBody(reflect.TypeFor[VerdictRequest](), "The verdict.", map[string]any{
			"decision": correlate.DecisionConfirm, "change": "checkout-1842", "reason": "Rolling back 4.12.0 ended it.",
		}),
	}, s.postVerdict)
	register(s, route{
		method: http.MethodGet, path: "/v1/incidents/{id}/verdicts", id: "listVerdicts", tag: tagIncidents, access: accessRead, cached: true,
		summary: "List the verdicts on an incident", about: "All that were ever given, newest first.",
		example: Page[correlate.Judgement]{Items: []correlate.Judgement{exampleJudgement()}}, problems: []problemType{invalidParameter, incidentNotFound},
	}, s.listVerdicts)
}

// bodyProblems are those of routes that take one object.
func bodyProblems() []problemType {
	return []problemType{invalidInput, bodyTimeout, bodyTooLarge, unsupportedEncoding, overloaded}
}

// objectBody documents a body that is one object.
func (s *Server) objectBody(of reflect.Type, about string, example any) *huma.RequestBody {
	schema := s.document.Components.Schemas.Schema(of, true, "")
	return &huma.RequestBody{
		Required: true, Description: about,
		Content: map[string]*huma.MediaType{"application/json": {Schema: schema, Example: example}},
	}
}

func (s *Server) postVerdict(ctx context.Context, in *verdictInput) (*verdictReply, error) {
	var receipt *VerdictReceipt
	err := s.withBody(ctx, &in.Delivery, func(ctx context.Context, body []byte) (err error) {
		var verdict VerdictRequest
		if err := decodeInto(body, &verdict); err != nil {
			return err
		}
		receipt, err = s.judge(ctx, in.ID, in.IfMatch, &verdict)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &verdictReply{Body: *receipt}, nil
}

func (s *Server) listVerdicts(ctx context.Context, in *IncidentInput) (*reply[Page[correlate.Judgement]], error) {
	all, err := s.deps.Store.Judgements(ctx, []string{in.ID})
	if err != nil {
		return nil, fmt.Errorf("list the verdicts on %s: %w", in.ID, err)
	}
	if len(all) == 0 {
		if _, err := s.incident(ctx, in.ID); err != nil {
			return nil, err
		}
	}
	slices.Reverse(all)
	return hashed(&in.Conditional, &Page[correlate.Judgement]{Items: list(all)})
}
