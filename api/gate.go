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
		method: http.MethodGet, path: "/v1/policy/decisions", id: "listDecisions", tag: tagPolicy, access: accessRead, cached: true,
		summary: "List what the gate decided", about: "Newest first, as it was answered, with who asked.",
		example: Page[KeptDecision]{Items: []KeptDecision{{GateAnswer: exampleGateAnswer(), AskedBy: "ci"}}}, problems: []problemType{invalidParameter},
	}, s.listDecisions)
	register(s, route{
		method: http.MethodGet, path: "/v1/policy/violations", id: "listViolations", tag: tagPolicy, access: accessRead,
		summary: "List changes that went through against the policy",
		about: "Judges what really happened: deployed before an approval or without one, approved by the author, by nobody senior, or before the last commit, and where the glass was broken. " +
			"Newest change first. A page may be short or empty while `next_cursor` leads on: it ends where the time of a request does. Tiers and rules are those of today.",
		example: Page[Violation]{Items: []Violation{exampleViolation()}}, problems: []problemType{invalidParameter, rulesMissing},
	}, s.listViolations)
}

// KeptDecision is a decision of the gate as it was given.
type KeptDecision struct {
	GateAnswer
	// AskedBy is the name of the token.
	AskedBy string `json:"asked_by"`
}

type decisionsInput struct {
	Conditional
	Located
	PageInput
	RangeInput
	Change   string           `query:"change" maxLength:"500" doc:"Id of a change." example:"checkout-1842"`
	Source   string           `query:"source" maxLength:"200" doc:"Sending system." example:"argo-cd"`
	Decision []policy.Outcome `query:"decision" enum:"allow,warn,deny" doc:"Any of these, separated by commas." example:"deny"`
}

// listDecisions answers what the gate said.
func (s *Server) listDecisions(ctx context.Context, in *decisionsInput) (*pageReply[KeptDecision], error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	q := query.GateDecisions{
		From: in.From.UTC(), To: in.To.UTC(), Change: correlate.Key{Source: in.Source, ID: in.Change}, Limit: in.Limit, Cursor: in.Cursor,
	}
	for _, d := range in.Decision {
		q.Decision = append(q.Decision, string(d))
	}
	page, err := s.deps.Store.Decisions(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("list decisions: %w", err)
	}
	items := make([]KeptDecision, len(page.Items))
	for i := range page.Items {
		if err := json.Unmarshal([]byte(page.Items[i].Body), &items[i].GateAnswer); err != nil {
			return nil, fmt.Errorf("a kept decision cannot be read: %w", err)
		}
		items[i].AskedBy = page.Items[i].AskedBy
	}
	return paged(&in.Conditional, &in.here, items, page.Next)
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
	// A body of null leaves no error and no fields.
	if err := json.Unmarshal(body, &fields); err != nil || fields == nil {
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
