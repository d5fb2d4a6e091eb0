package web

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/faultline/faultline/correlate"
)

// ViolationQuery filters violations. Zero values do not filter.
type ViolationQuery struct {
	From, To      time.Time
	Service, Rule string
	Lapse         []string
	Limit         int
	Cursor        string
}

// Violation is one rule that a change did not keep when it went through.
type Violation struct {
	Rule, Title, Outcome, Lapse string
	Reason, Mend                string
	Change                      correlate.Key
	ChangeTitle                 string
	Kind                        correlate.ChangeKind
	Services                    []string
	StartedAt                   time.Time
	Tier                        int
	Class                       correlate.ProvenanceClass
	// Approvals are those that were given, in words.
	Approvals []string
}

// GateWord is an answer that the gate gave before a deploy.
type GateWord struct {
	At             time.Time
	Outcome, Asker string
	Reasons        []string
}

// changePolicy is how a change stands to the rules, as its page shows it.
type changePolicy struct {
	Version string
	Rows    []violationRow
	Gate    []gateRow
}

type gateRow struct {
	Outcome, Asker string
	Reasons        []string
	At             moment
}

// policyOf prepares how a change stands to the rules, nil without a policy.
func (s *Site) policyOf(ctx context.Context, c *correlate.Change) (*changePolicy, error) {
	if s.deps.Policy == nil {
		return nil, nil
	}
	against, gate, err := s.deps.Policy.Of(ctx, c)
	if err != nil {
		return nil, err
	}
	p := &changePolicy{Version: line(s.deps.Policy.Rules().Version)}
	for i := range against {
		p.Rows = append(p.Rows, s.violation(&against[i]))
	}
	for i := range gate {
		row := gateRow{Outcome: words(gate[i].Outcome), Asker: line(gate[i].Asker), At: s.at(gate[i].At)}
		for _, reason := range gate[i].Reasons {
			row.Reasons = append(row.Reasons, capital(plain(reason, blockLetters)))
		}
		p.Gate = append(p.Gate, row)
	}
	return p, nil
}

// Rules is what the policy in force asks for.
type Rules struct {
	Version string
	Names   []string
	// Lapses are the words for what can be wrong.
	Lapses []string
}

// violationsBody is what the page of violations shows.
type violationsBody struct {
	Rules              Rules
	RuleBoxes          []option
	Lapses             []option
	Service, From, To  string
	Said               string
	Rows               []violationRow
	Next, First        string
	Denied, Warned     int
	NothingInThisBatch bool
	Grafana            string
}

// violationRow is one violation in the list.
type violationRow struct {
	Change, Path      string
	Rule, Lapse       string
	Outcome           string
	Reason, Mend      string
	Started           moment
	Services          names
	Tier, Class, Kind string
	Approvals         string
}

func (s *Site) policyPage(w http.ResponseWriter, r *http.Request) error {
	if s.deps.Policy == nil {
		return s.Problem(w, r, &Problem{Status: http.StatusNotFound, Title: "There is no policy", Detail: "This process has no rules to judge changes by."})
	}
	values := r.URL.Query()
	body := &violationsBody{Rules: s.deps.Policy.Rules(), Service: values.Get("service"), From: values.Get("from"), To: values.Get("to")}
	q := ViolationQuery{Limit: listPage, Cursor: values.Get("cursor"), Service: body.Service, Rule: values.Get("rule")}
	var wrongLapse, wrongPeriod string
	q.Lapse, wrongLapse = chosen(values, "lapse", body.Rules.Lapses)
	q.From, q.To, wrongPeriod = period(values)
	if wrong := cmp.Or(wrongLapse, wrongPeriod); wrong != "" {
		return s.wrongAddress(w, r, wrong)
	}
	page, err := s.deps.Policy.Violations(r.Context(), q)
	if err != nil {
		return err
	}
	body.RuleBoxes, body.Lapses = options(body.Rules.Names, []string{q.Rule}), options(body.Rules.Lapses, q.Lapse)
	body.Said = filterWords(values)
	body.Next, body.First = around(r.URL, page.Next)
	body.Grafana = s.grafana("faultline-policy", grafanaSpan(q.From, q.To))
	body.NothingInThisBatch = len(page.Items) == 0 && page.Next != ""
	for i := range page.Items {
		row := s.violation(&page.Items[i])
		body.Rows = append(body.Rows, row)
		if row.Outcome == "deny" {
			body.Denied++
		} else {
			body.Warned++
		}
	}
	return s.show(w, r, &view{page: "policy", title: "Policy violations", section: "Policy", body: body})
}

func (s *Site) violation(v *Violation) violationRow {
	row := violationRow{
		Change: heading(v.ChangeTitle), Path: changePath(v.Change.Source, v.Change.ID), Rule: cmp.Or(line(v.Title), line(v.Rule)), Lapse: words(v.Lapse), Outcome: v.Outcome,
		Reason: capital(plain(v.Reason, blockLetters)), Mend: capital(plain(v.Mend, blockLetters)), Started: s.at(v.StartedAt), Services: few(v.Services),
		Tier: tierWord(v.Tier), Class: shortClass(&correlate.Provenance{Class: v.Class}), Kind: words(string(v.Kind)),
	}
	if row.Change == "" {
		row.Change = line(v.Change.String())
	}
	approvals := slices.Clone(v.Approvals)
	for i := range approvals {
		approvals[i] = line(approvals[i])
	}
	// An approval and the review that gave it are told apart by their senders alone.
	slices.Sort(approvals)
	row.Approvals = strings.Join(slices.Compact(approvals), "; ")
	return row
}
