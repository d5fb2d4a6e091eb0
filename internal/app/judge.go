package app

import (
	"bytes"
	"context"
	"io"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/eval"
	"github.com/faultline/faultline/internal/eval/outages"
	"github.com/faultline/faultline/internal/eval/simulate"
)

// EvalOptions say which rankers to score on which cases.
type EvalOptions struct {
	Files []string
	// Storms are files of storms, for judging how alerts are grouped.
	Storms  []string
	Rankers []string
	Without []string
	By      []string
	// At are further moments of judgement: durations after the first alert,
	// undo+DURATION, or end.
	At     []string
	Output string
	// Weights is a weights file; empty for the weights that ship. Seen allows
	// cases that it was fitted to.
	Weights string
	Seen    bool
	// Ablate scores the engine without each kind of evidence, in place of the
	// rankers.
	Ablate bool
	// Show is where progress is shown.
	Show Show
}

// Eval scores rankers on labelled cases and prints the report.
func Eval(ctx context.Context, opts EvalOptions, stdin io.Reader, out io.Writer) error {
	file, w, err := readWeights(opts.Weights)
	if err != nil {
		return err
	}
	available, chosen := eval.Rankers(w), opts.Rankers
	if opts.Ablate {
		available, chosen = eval.AblationRankers(w), nil
	}
	progress := opts.Show.progress("scoring cases", opts.Output)
	defer progress.Done()
	return eval.Run(ctx, eval.Options{
		Progress: func(cases int) { progress.Step(cases, 0) },
		Files:    opts.Files, Stdin: stdin, Rankers: chosen, Available: available,
		Without: opts.Without, By: opts.By, Output: eval.Output(opts.Output),
		Weights: file, Seen: opts.Seen, At: opts.At, Storms: opts.Storms, Width: Columns(out),
	}, out)
}

// readWeights reads a weights file, or returns those that ship for no path.
func readWeights(path string) (*eval.WeightsFile, correlate.Weights, error) {
	if path == "" {
		return nil, correlate.DefaultWeights(), nil
	}
	file, err := eval.ReadWeights(path)
	if err != nil {
		return nil, correlate.Weights{}, err
	}
	return file, file.Weights, nil
}

// FitOptions say what to learn weights from, and where to write them.
type FitOptions = eval.FitOptions

// Fit learns weights from labelled cases and people's verdicts.
func Fit(ctx context.Context, opts FitOptions, show Show, stdin io.Reader, out io.Writer) error {
	progress := show.progress("reading and learning from cases", "")
	defer progress.Done()
	progress.Tick()
	opts.Stdin, opts.Now = stdin, nowUTC()
	opts.Progress, opts.Width = func(cases int) { progress.Step(cases, 0) }, Columns(out)
	return eval.RunFit(ctx, opts, out)
}

// AttributeOptions say which case to rank. Without a name it is the only one of
// the file.
type AttributeOptions struct {
	File   string
	Name   string
	Output string
	// Weights is a weights file; empty for the weights that ship.
	Weights string
}

// Attribute ranks the changes of one case and prints the finding.
func Attribute(ctx context.Context, opts AttributeOptions, stdin io.Reader, out io.Writer) error {
	if err := checkOutput(opts.Output); err != nil {
		return err
	}
	_, w, err := readWeights(opts.Weights)
	if err != nil {
		return err
	}
	finding, err := eval.AttributeNamed(ctx, opts.File, opts.Name, stdin, w)
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

// Simulate writes labelled cases, or storms, one a line. Lines on a terminal are progress
// enough.
func Simulate(ctx context.Context, opts SimulateOptions, storms bool, show Show, out io.Writer) error {
	if isTerminal(out) {
		show = Show{}
	}
	progress := show.progress("simulating incidents", "")
	defer progress.Done()
	counted := &lineCounter{out: out, tell: func(lines int) { progress.Step(lines, opts.Incidents) }}
	if storms {
		return simulate.EachStorm(ctx, opts, func(s *eval.Storm) error { return eval.WriteStorm(counted, s) })
	}
	return simulate.Run(ctx, opts, counted)
}

// lineCounter counts the lines that pass through.
type lineCounter struct {
	out   io.Writer
	lines int
	tell  func(lines int)
}

// Write passes on and counts.
func (l *lineCounter) Write(p []byte) (int, error) {
	n, err := l.out.Write(p)
	l.lines += bytes.Count(p[:n], []byte{'\n'})
	l.tell(l.lines)
	return n, err
}

// DefaultSimulateOptions returns a company of middle size.
func DefaultSimulateOptions() SimulateOptions { return simulate.DefaultOptions() }

// OutageOptions place published outages in a synthetic company.
type OutageOptions = outages.Options

// DefaultOutageOptions returns a company of 300 services and 150 changes a day.
func DefaultOutageOptions() OutageOptions { return outages.DefaultOptions() }

// SimulateOutages writes a labelled case for each published outage, one a line.
func SimulateOutages(ctx context.Context, opts OutageOptions, out io.Writer) error {
	return outages.Run(ctx, opts, out)
}
