package app

import (
	"context"
	"io"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/eval"
	"github.com/faultline/faultline/internal/eval/simulate"
)

// EvalOptions say which rankers to score on which cases.
type EvalOptions struct {
	Files   []string
	Rankers []string
	Without []string
	By      []string
	Output  string
}

// Eval scores rankers on labelled cases and prints the report.
func Eval(ctx context.Context, opts EvalOptions, stdin io.Reader, out io.Writer) error {
	return eval.Run(ctx, eval.Options{
		Files: opts.Files, Stdin: stdin,
		Rankers: opts.Rankers, Available: eval.Rankers(correlate.DefaultWeights()),
		Without: opts.Without, By: opts.By, Output: eval.Output(opts.Output),
	}, out)
}

// AttributeOptions say which case to rank. Without a name it is the first one
// of the file.
type AttributeOptions struct {
	File   string
	Name   string
	Output string
}

// Attribute ranks the changes of one case and prints the finding.
func Attribute(ctx context.Context, opts AttributeOptions, stdin io.Reader, out io.Writer) error {
	if err := checkOutput(opts.Output); err != nil {
		return err
	}
	finding, err := eval.AttributeNamed(ctx, opts.File, opts.Name, stdin, correlate.DefaultWeights())
	if err != nil {
		return err
	}
	if err := complete(&finding); err != nil {
		return err
	}
	return printFinding(out, opts.Output, &finding, "")
}

// complete fills what the engine never looks at and the API adds to what is
// stored: the part that AI had in each suspect, and where to look at it.
func complete(finding *correlate.Finding) error {
	classifier, err := newClassifier()
	if err != nil {
		return err
	}
	for i := range finding.Suspects {
		suspect := &finding.Suspects[i]
		given := classifier.Label(&suspect.Change)
		suspect.Provenance, suspect.Links = &given, suspect.Change.Links
		if suspect.Links == nil {
			suspect.Links = &correlate.ChangeLinks{}
		}
	}
	return nil
}

// SimulateOptions size a simulated company and its troubles.
type SimulateOptions = simulate.Options

// Simulate writes labelled cases, one a line.
func Simulate(ctx context.Context, opts SimulateOptions, out io.Writer) error {
	return simulate.Run(ctx, opts, out)
}

// DefaultSimulateOptions returns a company of middle size.
func DefaultSimulateOptions() SimulateOptions { return simulate.DefaultOptions() }
