package app

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/faultline/faultline/api"
	"github.com/faultline/faultline/internal/terminal"
)

// defaultReach is how far back rules are applied unless told otherwise.
const defaultReach = 30 * 24 * time.Hour

// ReapplyOptions say which changes of the past are labelled again.
type ReapplyOptions struct {
	Server, Token string
	// From and To are RFC 3339 or dates; empty means the last thirty days.
	From, To string
	DryRun   bool
	Output   string
	// Show is where progress is shown.
	Show Show
	// Now is the clock, the wall clock when nil.
	Now func() time.Time
}

// Reapply lets a service apply its rules of provenance to changes of the past,
// and prints how their classes differ from what counted, what the rules say
// now, and why the rest is unknown.
func Reapply(ctx context.Context, opts ReapplyOptions, out io.Writer) error {
	if err := checkOutput(opts.Output); err != nil {
		return err
	}
	from, to, err := timeRange(opts.From, opts.To, opts.Now)
	if err != nil {
		return err
	}
	service, err := askService(opts.Server, opts.Token)
	if err != nil {
		return err
	}
	total := api.ReapplyResult{Classes: []api.ClassCount{}, Moves: []api.ClassMove{}, Unknown: []api.UnknownReason{}}
	request := api.ReapplyRequest{From: from, To: to, DryRun: opts.DryRun}
	progress := opts.Show.progress("labelling changes", opts.Output)
	defer progress.Done()
	for {
		part, err := service.reapply(ctx, &request)
		if err != nil {
			return err
		}
		addReapplied(&total, part)
		progress.Step(total.Examined, 0)
		if part.NextCursor == "" {
			break
		}
		request.Cursor = part.NextCursor
	}
	progress.Done()
	if opts.Output != "table" {
		return writeDocument(out, opts.Output, total)
	}
	return printReapplied(out, &total, opts.DryRun)
}

// reapply asks for one part of the work.
func (r *remote) reapply(ctx context.Context, request *api.ReapplyRequest) (*api.ReapplyResult, error) {
	sent, err := body(request)
	if err != nil {
		return nil, err
	}
	part := &api.ReapplyResult{}
	return part, r.into(part)(r.ReapplyProvenanceWithBodyWithResponse(ctx, jsonType, sent))
}

// timeRange reads two moments; the end defaults to now and the start to thirty
// days before the end.
func timeRange(from, to string, now func() time.Time) (start, end time.Time, err error) {
	if now == nil {
		now = nowUTC
	}
	end = now().UTC()
	if to != "" {
		if end, err = moment("--to", to); err != nil {
			return start, end, err
		}
	}
	start = end.Add(-defaultReach)
	if from != "" {
		if start, err = moment("--from", from); err != nil {
			return start, end, err
		}
	}
	if !start.Before(end) {
		return start, end, fmt.Errorf("--from %s is not before --to %s", start.Format(time.RFC3339), end.Format(time.RFC3339))
	}
	return start, end, nil
}

// moment reads a date or a time with zone.
func moment(flag, text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%s %q is no time; want 2026-11-02 or 2026-11-02T15:04:05Z", flag, text)
}

// addReapplied adds the answer about one part to the total.
func addReapplied(total, part *api.ReapplyResult) {
	total.Rules = part.Rules
	total.Examined += part.Examined
	total.Changed += part.Changed
	total.Overridden += part.Overridden
	for _, c := range part.Classes {
		i := slices.IndexFunc(total.Classes, func(have api.ClassCount) bool { return have.Class == c.Class })
		if i < 0 {
			total.Classes = append(total.Classes, c)
			continue
		}
		total.Classes[i].Changes += c.Changes
	}
	for _, m := range part.Moves {
		i := slices.IndexFunc(total.Moves, func(have api.ClassMove) bool { return have.From == m.From && have.To == m.To })
		if i < 0 {
			total.Moves = append(total.Moves, m)
			continue
		}
		total.Moves[i].Changes += m.Changes
	}
	for _, u := range part.Unknown {
		i := slices.IndexFunc(total.Unknown, func(have api.UnknownReason) bool { return have.Reason == u.Reason })
		if i < 0 {
			total.Unknown = append(total.Unknown, u)
			continue
		}
		total.Unknown[i].Changes += u.Changes
	}
	slices.SortFunc(total.Classes, func(a, b api.ClassCount) int { return cmp.Compare(b.Changes, a.Changes) })
	slices.SortFunc(total.Moves, func(a, b api.ClassMove) int { return cmp.Compare(b.Changes, a.Changes) })
	slices.SortFunc(total.Unknown, func(a, b api.UnknownReason) int { return cmp.Compare(b.Changes, a.Changes) })
}

func printReapplied(out io.Writer, r *api.ReapplyResult, dry bool) error {
	kept := "new labels were kept"
	if dry {
		kept = "nothing was kept (dry run)"
	}
	head := fmt.Sprintf("rules %s on %d changes: %d labels differ, %d overridden by people; %s", r.Rules, r.Examined, r.Changed, r.Overridden, kept)
	if err := printLine(out, head); err != nil {
		return err
	}
	var rows [][]string
	for _, m := range r.Moves {
		rows = append(rows, []string{string(m.From), string(m.To), strconv.Itoa(m.Changes), firstOf(m.Examples)})
	}
	columns := []terminal.Column{{Title: "from"}, {Title: "to"}, {Title: "changes", Right: true}, {Title: "examples", Give: true}}
	if err := printSection(out, columns, rows); err != nil {
		return err
	}
	if len(rows) > 0 {
		_, _ = fmt.Fprintln(out)
	}
	return printCounts(out, r)
}

// printSection prints a table behind an empty line, nothing without rows.
func printSection(out io.Writer, columns []terminal.Column, rows [][]string) error {
	if len(rows) == 0 {
		return nil
	}
	if _, err := fmt.Fprintln(out); err != nil {
		return err
	}
	return printTable(out, columns, rows)
}

// printCounts prints the share of each class, and why the rest is unknown.
func printCounts(out io.Writer, r *api.ReapplyResult) error {
	var rows [][]string
	for _, c := range r.Classes {
		rows = append(rows, []string{string(c.Class), strconv.Itoa(c.Changes), shareOf(c.Changes, r.Examined)})
	}
	counted := []terminal.Column{{Title: "changes", Right: true}, {Title: "share", Right: true}}
	if err := printTable(out, append([]terminal.Column{{Title: "class"}}, counted...), rows); err != nil {
		return err
	}
	rows = nil
	for _, u := range r.Unknown {
		rows = append(rows, []string{u.Words, strconv.Itoa(u.Changes), shareOf(u.Changes, r.Examined)})
	}
	return printSection(out, append([]terminal.Column{{Title: "why unknown", Wrap: true}}, counted...), rows)
}

// shareOf is a share in percent.
func shareOf(n, of int) string {
	if of == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f%%", 100*float64(n)/float64(of))
}

// firstOf is the first of some examples, and how many more there are.
func firstOf(examples []string) string {
	switch len(examples) {
	case 0:
		return ""
	case 1:
		return examples[0]
	default:
		return fmt.Sprintf("%s, %s", examples[0], examples[1])
	}
}
