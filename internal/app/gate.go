package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/faultline/faultline/api"
	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
	"github.com/faultline/faultline/internal/policy"
	"github.com/faultline/faultline/internal/terminal"
)

// GateOptions say which change to judge and by what.
type GateOptions struct {
	// Change is a file with one change, "-" for standard input.
	Change string
	// Server, when set, judges with what it has stored and keeps the decision;
	// otherwise the change is judged here by the rules of Policy (those that ship
	// when empty), with the tiers of the topology in Topology, if given.
	Server, Token    string
	Policy, Topology string
	// BreakGlass is the reason to let the change through in spite of the rules.
	BreakGlass string
	Output     string
	// Now is the clock, the wall clock when nil.
	Now func() time.Time
}

// gateTimeout bounds one of the two times that a service is asked: a pipeline
// waits for the answer, and must hear within half a minute that there is none.
const gateTimeout = 10 * time.Second

// breakGlassLabel carries the reason of a broken glass.
const breakGlassLabel = "break-glass"

// Gate judges one change before it is deployed and prints the decision. It
// returns ErrNo for a change that is denied.
func Gate(ctx context.Context, opts GateOptions, stdin io.Reader, out io.Writer) error {
	if err := checkOutput(opts.Output); err != nil {
		return err
	}
	if opts.Server != "" && (opts.Policy != "" || opts.Topology != "") {
		return errors.New("--policy and --topology judge here, --server judges there; give one or the other")
	}
	if opts.Now == nil {
		opts.Now = nowUTC
	}
	fields, err := readChangeFields(&opts, stdin)
	if err != nil {
		return err
	}
	var answer api.GateAnswer
	if opts.Server != "" {
		answer, err = gateThere(ctx, &opts, fields)
	} else {
		answer, err = gateHere(&opts, fields)
	}
	if err != nil {
		return err
	}
	if err := printGate(out, opts.Output, &answer); err != nil {
		return err
	}
	if answer.Decision.Decision == policy.Deny {
		return ErrNo
	}
	return nil
}

// readChangeFields reads the one change as its fields, and adds what the command
// line says.
func readChangeFields(opts *GateOptions, stdin io.Reader) (map[string]json.RawMessage, error) {
	if opts.Change == "" {
		return nil, errors.New("--change is missing; name a file with one change, or - for standard input")
	}
	in := stdin
	if opts.Change != "-" {
		file, err := os.Open(opts.Change)
		if err != nil {
			return nil, fmt.Errorf("--change: %w", err)
		}
		defer func() { _ = file.Close() }()
		in = file
	}
	raw, err := io.ReadAll(io.LimitReader(in, maxChangeBytes))
	if err != nil {
		return nil, fmt.Errorf("--change %s: %w", opts.Change, err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil || fields == nil {
		return nil, fmt.Errorf("--change %s is not one JSON object; want a change as docs/formats.md shows it", opts.Change)
	}
	if _, stated := fields["started_at"]; !stated {
		fields["started_at"], _ = json.Marshal(opts.Now())
	}
	if reason := strings.TrimSpace(opts.BreakGlass); reason != "" {
		var labels map[string]string
		if err := json.Unmarshal(fields["labels"], &labels); err != nil && fields["labels"] != nil {
			return nil, fmt.Errorf("--change %s: labels: want an object of texts", opts.Change)
		}
		if labels == nil {
			labels = map[string]string{}
		}
		labels[breakGlassLabel] = reason
		fields["labels"], _ = json.Marshal(labels)
	}
	return fields, nil
}

// gateThere asks a service.
func gateThere(ctx context.Context, opts *GateOptions, fields map[string]json.RawMessage) (api.GateAnswer, error) {
	var answer api.GateAnswer
	service, err := askServiceFor(opts.Server, opts.Token, gateTimeout)
	if err != nil {
		return answer, err
	}
	sent, err := body(fields)
	if err != nil {
		return answer, err
	}
	err = service.into(&answer)(service.AskGateWithBodyWithResponse(ctx, jsonType, sent))
	return answer, err
}

// gateHere judges without a service: by a file of rules, and by what the change
// itself says.
func gateHere(opts *GateOptions, fields map[string]json.RawMessage) (api.GateAnswer, error) {
	now := opts.Now().UTC()
	rules, err := LoadPolicy(opts.Policy)
	if err != nil {
		return api.GateAnswer{}, err
	}
	tiers, err := readTiers(opts.Topology)
	if err != nil {
		return api.GateAnswer{}, err
	}
	raw, err := json.Marshal(fields)
	if err != nil {
		return api.GateAnswer{}, err
	}
	changes, rejected := event.DecodeChanges(raw, event.Meta{ArrivedAt: now, Format: "faultline"})
	if len(rejected) > 0 {
		return api.GateAnswer{}, fmt.Errorf("--change %s: %w", opts.Change, rejected[0].Err)
	}
	classifier, err := newClassifier()
	if err != nil {
		return api.GateAnswer{}, err
	}
	change := &changes[0].Change
	label := classifier.Label(change)
	return api.GateAnswer{DecidedAt: now, Decision: rules.Judge(&policy.Input{
		Change: change, Provenance: &label, Tier: policy.TierOf(change.Services, tiers), Now: now,
	})}, nil
}

// readTiers reads the tiers of services from a file with a topology.
func readTiers(path string) (map[string]int, error) {
	if path == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("--topology: %w", err)
	}
	var topology correlate.Topology
	if err := json.Unmarshal(raw, &topology); err != nil {
		return nil, fmt.Errorf("--topology %s: %w; want a topology as docs/formats.md shows it", path, err)
	}
	tiers := make(map[string]int, len(topology.Services))
	for i := range topology.Services {
		tiers[topology.Services[i].Name] = topology.Services[i].Tier
	}
	return tiers, nil
}

func printGate(out io.Writer, output string, a *api.GateAnswer) error {
	if output != "table" {
		return writeDocument(out, output, a)
	}
	head := fmt.Sprintf("%s: %s (%s, tier %s, policy %s)", strings.ToUpper(string(a.Decision.Decision)), a.Change, a.Class, tierWord(a.Tier), a.Policy)
	if err := printLine(out, head); err != nil {
		return err
	}
	var rows [][]string
	for _, f := range a.Findings {
		rows = append(rows, []string{string(f.Outcome), f.Rule, f.Reason})
		if f.Mend != "" {
			rows = append(rows, []string{"", "", "to mend it: " + f.Mend})
		}
	}
	if err := printSection(out, []terminal.Column{{Title: "outcome"}, {Title: "rule"}, {Title: "reason", Wrap: true}}, rows); err != nil {
		return err
	}
	rows = nil
	for i := range a.Approvals {
		rows = append(rows, []string{a.Approvals[i].By, approvalWords(&a.Approvals[i])})
	}
	return printSection(out, []terminal.Column{{Title: "approved by"}, {Title: "which", Wrap: true}}, rows)
}

func tierWord(tier int) string {
	if tier == 0 {
		return "unknown"
	}
	return fmt.Sprint(tier)
}

// approvalWords say what is known of an approval.
func approvalWords(a *policy.ApprovalFacts) string {
	words := []string{}
	for _, w := range []struct {
		is   bool
		yes  string
		none string
	}{
		{a.Counts, "counts", "does not count"},
		{a.Senior, "senior", "not senior"},
		{a.Human, "", "a machine's"},
		{a.ByAuthor, "the author's own", ""},
		{a.BeforeStart, "", "after the start"},
		{a.Latest, "", "of an older commit"},
	} {
		if word := map[bool]string{true: w.yes, false: w.none}[w.is]; word != "" {
			words = append(words, word)
		}
	}
	return strings.Join(words, ", ")
}
