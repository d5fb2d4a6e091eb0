package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/provenance"
	"github.com/faultline/faultline/internal/terminal"
)

// classified is the provenance of one change as the contract prints it.
type classified struct {
	ID string `json:"id"`
	correlate.Provenance
}

// ClassifyOptions say which changes to classify and what to print.
type ClassifyOptions struct {
	// File holds changes as JSON Lines, also packed by gzip; "-" is standard
	// input. A line is a change, or a labelled change, whose object is under
	// "change".
	File string
	// Score compares with the labels, Summary counts classes and the reasons why
	// the rest is unknown; with neither, each change is printed.
	Score, Summary bool
	Output         string
}

// Classify tells the AI provenance of each change of a file: one line each, in
// the order of the file, or all of them together as a summary or a score.
func Classify(ctx context.Context, opts ClassifyOptions, stdin io.Reader, out io.Writer) error {
	if err := checkOutput(opts.Output); err != nil {
		return err
	}
	if opts.Score && opts.Summary {
		return errors.New("--score and --summary are two answers; ask for one")
	}
	classifier, err := newClassifier()
	if err != nil {
		return err
	}
	in := stdin
	if opts.File != "-" {
		file, err := os.Open(opts.File)
		if err != nil {
			return err
		}
		defer func() { _ = file.Close() }()
		in = file
	}
	if in, err = gunzip(in); err != nil {
		return fmt.Errorf("%s: %w", opts.File, err)
	}
	if opts.Score {
		return score(&opts, classifier, in, out)
	}
	print, flush := classifiedPrinter(opts.Output, out)
	if opts.Summary {
		print, flush = summaryPrinter(opts.Output, classifier.Version(), out)
	}
	if err := classifyEach(ctx, classifier, in, print); err != nil {
		return fmt.Errorf("%s: %w", opts.File, err)
	}
	return flush()
}

// classifyEach classifies the changes of a stream one by one.
func classifyEach(ctx context.Context, classifier *provenance.Classifier, in io.Reader, print func(classified) error) error {
	return eachValue(in, func(at place, value json.RawMessage) error {
		change, err := changeOf(value)
		if err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		return print(classified{ID: change.ID, Provenance: classifier.Label(&change)})
	})
}

// newClassifier makes a classifier with the rules that ship.
func newClassifier() (*provenance.Classifier, error) {
	return provenance.New(provenance.Builtin())
}

// changeOf reads a change as far as a classifier needs it: nothing in it is
// required.
func changeOf(value json.RawMessage) (correlate.Change, error) {
	var line struct {
		Change json.RawMessage `json:"change"`
	}
	if err := json.Unmarshal(value, &line); err != nil {
		return correlate.Change{}, fmt.Errorf("change: %w", plainly(err))
	}
	if len(line.Change) > 0 && bytes.HasPrefix(bytes.TrimSpace(line.Change), []byte("{")) {
		value = line.Change
	}
	var change correlate.Change
	if err := json.Unmarshal(value, &change); err != nil {
		return change, fmt.Errorf("change: %w", plainly(err))
	}
	return change, nil
}

// classifiedPrinter prints lines of JSON, documents of YAML or a table.
func classifiedPrinter(output string, out io.Writer) (print func(classified) error, flush func() error) {
	switch output {
	case "json":
		enc := json.NewEncoder(out)
		enc.SetEscapeHTML(false)
		return func(c classified) error { return enc.Encode(c) }, func() error { return nil }
	case "yaml":
		return func(c classified) error {
			if _, err := io.WriteString(out, "---\n"); err != nil {
				return err
			}
			return writeDocument(out, output, c)
		}, func() error { return nil }
	}
	var rows [][]string
	print = func(c classified) error {
		var tools, marks []string
		for _, tool := range c.Tools {
			tools = append(tools, strings.TrimSpace(tool.Name+" "+tool.Model))
		}
		for _, mark := range c.Evidence {
			marks = append(marks, mark.Marker)
		}
		rows = append(rows, []string{c.ID, string(c.Class), fmt.Sprintf("%.2f", c.Confidence), strings.Join(tools, ", "), strings.Join(marks, ", ")})
		return nil
	}
	columns := []terminal.Column{{Title: "change"}, {Title: "class"}, {Title: "confidence", Right: true}, {Title: "tools", Give: true, Drop: 1}, {Title: "markers", Give: true, Drop: 2}}
	return print, func() error { return printTable(out, columns, rows) }
}
