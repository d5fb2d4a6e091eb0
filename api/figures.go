package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/faultline/faultline/internal/figures"
)

// figuresInput is the period of figures.
type figuresInput struct {
	Conditional
	From time.Time `query:"from" doc:"Changes and incidents that began here or later. RFC 3339 with zone. Unless given, the Monday of the first or the 27th ISO week, the last one that is 13 weeks back or more: repeated looks are valid while the start stays." example:"2026-06-29T00:00:00Z"`
	To   time.Time `query:"to" doc:"And before this moment; now unless given. RFC 3339 with zone." example:"2026-11-23T00:00:00Z"`
}

func (s *Server) routeFigures() {
	register(s, route{
		method: http.MethodGet, path: "/v1/stats/ai-impact", id: "getAIImpact", tag: tagFigures, access: accessRead, cached: true,
		summary: "Do AI-assisted changes come with more incidents",
		about: "Compares AI-assisted with human changes by incidents that a person confirmed: rates with intervals, crude and adjusted ratios, what changes when " +
			"assumptions do, how much chance alone would show, and the words that may be said. Below a stated amount of data the verdict is `insufficient_data` " +
			"with what is missing. Nothing here is about a person. Answers are up to a minute old.",
		example: exampleImpact(), problems: []problemType{invalidParameter},
	}, func(ctx context.Context, in *figuresInput) (*reply[figures.Impact], error) {
		return figure(ctx, in, s.deps.Figures.AIImpact)
	})
	register(s, route{
		method: http.MethodGet, path: "/v1/stats/accuracy", id: "getAccuracy", tag: tagFigures, access: accessRead, cached: true,
		summary: "How right were our own findings",
		about:   "Holds past findings against what people decided: how often the confirmed change stood first or among the first three, and how far probabilities can be taken at their word.",
		example: exampleAccuracy(), problems: []problemType{invalidParameter},
	}, func(ctx context.Context, in *figuresInput) (*reply[figures.Accuracy], error) {
		return figure(ctx, in, s.deps.Figures.Accuracy)
	})
	register(s, route{
		method: http.MethodGet, path: "/v1/stats/policy", id: "getPolicyEffect", tag: tagFigures, access: accessRead, cached: true,
		summary: "Are AI-assisted changes approved, and how do approved ones fare",
		about:   "The share of AI-assisted changes that a senior engineer other than the author approved before they started, and how those compare with the others: incidents, lead time, size of batches.",
		example: examplePolicyEffect(), problems: []problemType{invalidParameter},
	}, func(ctx context.Context, in *figuresInput) (*reply[figures.PolicyEffect], error) {
		return figure(ctx, in, s.deps.Figures.Policy)
	})
}

// figure answers with a figure of the period that was asked for.
func figure[T any](ctx context.Context, in *figuresInput, compute func(ctx context.Context, from, to time.Time) (T, error)) (*reply[T], error) {
	answer, err := compute(ctx, in.From, in.To)
	var wrong *figures.PeriodError
	if errors.As(err, &wrong) {
		return nil, invalidParameter.with(wrong.Error(), FieldProblem{Location: "query", Path: wrong.Field, Message: wrong.Problem, Mend: wrong.Mend})
	}
	if err != nil {
		return nil, fmt.Errorf("make figures: %w", err)
	}
	return hashed(&in.Conditional, &answer)
}
