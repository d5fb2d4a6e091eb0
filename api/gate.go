package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
	"github.com/faultline/faultline/internal/policy"
	"github.com/faultline/faultline/internal/query"
)

// GateAnswer is the decision about a change before it is deployed.
type GateAnswer struct {
	policy.Decision
	DecidedAt time.Time `json:"decided_at"`
}

type gateReply struct {
	Body GateAnswer
}

func (s *Server) routePolicy() {
	register(s, route{
		method: http.MethodPost, path: "/v1/gate", id: "askGate", tag: tagPolicy, access: accessSend,
		summary: "Ask whether a change may be deployed",
		about: "Judges one change by the policy before it begins: `allow`, `warn` or `deny`, with the rules that it does not keep, why, and what would mend it. " +
			"What is stored of the change (approvals, commits, a person's word on its provenance) is added to what is sent. " +
			"Without `started_at` the change begins now. The answer is 200 whatever the decision, and every decision is kept with who asked.",
		example: exampleGateAnswer(), problems: append(bodyProblems(), invalidBody, rulesMissing), body: gateBody(),
	}, s.postGate)
	register(s, route{
		method: http.MethodGet, path: "/v1/policy/violations", id: "listViolations", tag: tagPolicy, access: accessRead,
		summary: "List changes that went through against the policy",
		about: "Judges what really happened: deployed before an approval or without one, approved by the author, by nobody senior, or before the last commit, and where the glass was broken. " +
			"Newest change first. A page may be short or empty while `next_cursor` leads on: it ends where the time of a request does. Tiers and rules are those of today.",
		example: Page[Violation]{Items: []Violation{exampleViolation()}}, problems: []problemType{invalidParameter, rulesMissing},
	}, s.listViolations)
}

func (s *Server) postGate(ctx context.Context, in *Delivery) (*gateReply, error) {
	if s.deps.Policy == nil || s.deps.Labeller == nil {
		return nil, rulesMissing.with("this process has no policy")
	}
	var answer GateAnswer
	err := s.withBody(ctx, in, func(ctx context.Context, body []byte) error {
		now := s.deps.Now().UTC().Truncate(time.Millisecond)
		change, err := gateChange(body, now)
		if err != nil {
			return err
		}
		answer, err = s.decide(ctx, &change, now)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &gateReply{Body: answer}, nil
}

// gateChange reads the one change of a body. A change that has not begun may
// leave out when it does.
func gateChange(body []byte, now time.Time) (correlate.Change, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		return correlate.Change{}, invalidInput.with("the body is not one JSON object", FieldProblem{
			Location: "body", Message: "not one JSON object", Mend: "send one change, as to /v1/changes",
		})
	}
	if _, stated := fields["started_at"]; !stated {
		fields["started_at"], _ = json.Marshal(now)
		body, _ = json.Marshal(fields)
	}
	changes, rejected := event.DecodeChanges(body, event.Meta{ArrivedAt: now, Format: contractFormat})
	if len(rejected) > 0 {
		return correlate.Change{}, invalidInput.with(rejected[0].Err.Error(), fieldProblem(rejected[0].Line, rejected[0].Err))
	}
	return changes[0].Change, nil
}

// decide judges a change before it begins, and keeps the decision.
func (s *Server) decide(ctx context.Context, sent *correlate.Change, now time.Time) (GateAnswer, error) {
	change, provenance, err := s.known(ctx, sent)
	if err != nil {
		return GateAnswer{}, err
	}
	tiers, err := s.tiers(ctx)
	if err != nil {
		return GateAnswer{}, err
	}
	answer := GateAnswer{DecidedAt: now, Decision: s.deps.Policy.Judge(&policy.Input{
		Change: &change, Provenance: &provenance, Tier: tiers(&change), Now: now,
	})}
	kept := query.GateDecision{At: now, Change: change.Key(), Decision: string(answer.Decision.Decision), AskedBy: requestOf(ctx).callerName()}
	for _, f := range answer.Findings {
		kept.Rules = append(kept.Rules, f.Rule)
		kept.Reasons = append(kept.Reasons, f.Reason)
	}
	body, err := encode(&answer)
	if err != nil {
		return answer, err
	}
	kept.Body = string(body)
	if err := s.deps.Store.SaveDecision(ctx, kept); err != nil {
		return answer, fmt.Errorf("keep the decision about %s: %w", change.Key(), err)
	}
	return answer, nil
}

// known adds to a change that was sent what is stored of it, and tells its
// provenance: by the rules of today, unless a person has spoken.
func (s *Server) known(ctx context.Context, sent *correlate.Change) (correlate.Change, correlate.Provenance, error) {
	change := *sent
	stored, err := s.deps.Store.ChangesByID(ctx, sent.ID, sent.Source)
	if err != nil && !errors.Is(err, query.ErrNotFound) {
		return change, correlate.Provenance{}, fmt.Errorf("read change %s: %w", sent.Key(), err)
	}
	if len(stored) == 1 {
		change = correlate.MergeChange(stored[0], *sent)
	}
	label := s.deps.Labeller.Label(&change)
	given, err := s.provenances(ctx, []correlate.Key{change.Key()})
	if err != nil {
		return change, label, err
	}
	if p := given[change.Key()]; p != nil && p.Override != nil {
		label = label.Overridden(*p.Override)
	}
	return change, label, nil
}

// tiers returns a function that tells the tier of a change: that of its most
// critical service, or of its whole environment when it names none.
func (s *Server) tiers(ctx context.Context) (func(*correlate.Change) int, error) {
	graph, err := s.graphs.get(ctx)
	if err != nil {
		return nil, err
	}
	byName := make(map[string]int, len(graph.topology.Services))
	for i := range graph.topology.Services {
		byName[graph.topology.Services[i].Name] = graph.topology.Services[i].Tier
	}
	return func(c *correlate.Change) int {
		services := c.Services
		if len(services) == 0 {
			services = graph.environment(c.Environment)
		}
		return policy.TierOf(services, byName)
	}, nil
}
