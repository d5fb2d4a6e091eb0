package app

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/faultline/faultline/api"
	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/provenance"
	"github.com/faultline/faultline/internal/terminal"
)

// score classifies labelled changes and prints how the answers compare.
func score(opts *ClassifyOptions, classifier *provenance.Classifier, in io.Reader, out io.Writer) error {
	rows, err := provenance.ReadLabelled(in)
	if err != nil {
		return fmt.Errorf("%s: %w", opts.File, err)
	}
	unlabelled := func(row provenance.Labelled) bool { return len(row.Acceptable) == 0 }
	if i := slices.IndexFunc(rows, unlabelled); i >= 0 || len(rows) == 0 {
		return fmt.Errorf("%s: line %d has no label; want {\"change\": {...}, \"acceptable\": [\"ai_assisted\", ...], \"tools\": [...]}", opts.File, max(i, 0)+1)
	}
	scores := classifier.Score(rows)
	if opts.Output != "table" {
		return writeDocument(out, opts.Output, scores)
	}
	return printTable(out, []terminal.Column{{Title: "rules " + scores.Rules, Give: true}, {Title: "share", Right: true}, {Title: "right", Right: true}}, scores.Rows())
}

// summaryPrinter counts what is printed, as the service does when it applies its
// rules to history.
func summaryPrinter(output, rules string, out io.Writer) (print func(classified) error, flush func() error) {
	total := api.ReapplyResult{Rules: rules, Classes: []api.ClassCount{}, Moves: []api.ClassMove{}, Unknown: []api.UnknownReason{}}
	print = func(c classified) error {
		part := api.ReapplyResult{Rules: rules, Examined: 1, Classes: []api.ClassCount{{Class: c.Class, Changes: 1}}}
		if c.Class == correlate.ProvenanceUnknown {
			reason := unknownReason(c.Evidence)
			part.Unknown = []api.UnknownReason{{Reason: reason, Words: api.UnknownWords(reason), Changes: 1}}
		}
		addReapplied(&total, &part)
		return nil
	}
	flush = func() error {
		if output != "table" {
			return writeDocument(out, output, total)
		}
		if _, err := fmt.Fprintln(out, summaryWords(&total)); err != nil {
			return err
		}
		return printCounts(out, &total)
	}
	return print, flush
}

// summaryWords say in a sentence what share each origin has.
func summaryWords(r *api.ReapplyResult) string {
	var ai, people, machines, unknown int
	for _, c := range r.Classes {
		switch {
		case c.Class.AI():
			ai += c.Changes
		case c.Class == correlate.ProvenanceHuman:
			people += c.Changes
		case c.Class == correlate.ProvenanceAutomation:
			machines += c.Changes
		default:
			unknown += c.Changes
		}
	}
	return fmt.Sprintf("Of %d changes AI had a part in %s; %s are people's alone, %s automation's. Of %s nothing is known: they may be either.\n",
		r.Examined, shareOf(ai, r.Examined), shareOf(people, r.Examined), shareOf(machines, r.Examined), shareOf(unknown, r.Examined))
}

// unknownReason is the marker that says why nothing is known.
func unknownReason(marks []correlate.ProvenanceMark) string {
	for i := range marks {
		if strings.HasPrefix(marks[i].Marker, "absent.") {
			return marks[i].Marker
		}
	}
	return "absent.reason"
}
