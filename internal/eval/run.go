package eval

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Output is the form in which a report is written.
type Output string

// The forms of a report.
const (
	OutputTable Output = "table"
	OutputJSON  Output = "json"
)

// Options say what to score and how to print it.
type Options struct {
	// Files are case files; StdinName reads Stdin.
	Files []string
	Stdin io.Reader
	// Rankers are names, see SelectRankers; Available are the rankers to choose
	// from, as Rankers gives them.
	Rankers   []string
	Available []Ranker
	// Without names the evidence to withhold, see PartNames.
	Without []string
	// By names the breakdowns, see BreakdownNames.
	By     []string
	Output Output
	// Weights, when set, are those of the engine among Available: cases that they
	// were fitted to are refused unless Seen allows them.
	Weights *WeightsFile
	Seen    bool
	// At are further moments of judgement, see parseMoments.
	At []string
	// Storms are files of storms, for judging how alerts are grouped.
	Storms []string
	// Width is how many columns a table may take, 100 when zero.
	Width int
	// Progress, when set, is told after each case how many were scored.
	Progress func(cases int)
}

// Run scores the chosen rankers on the cases and writes the report to out. A
// wrong option or a malformed case is an error that says how to mend it.
func Run(ctx context.Context, o Options, out io.Writer) error {
	rankers, withheld, moments, err := o.parse()
	if err != nil {
		return err
	}
	var outcomes []Outcome
	scored := 0
	early := make([][]Outcome, len(moments))
	err = EachCase(ctx, o.Files, o.Stdin, func(c Case) error {
		if o.Weights.Knows(c.Name, c.At) && !o.Seen {
			return fmt.Errorf("the weights were fitted to case %q, so that its figures would praise themselves; score other cases, or allow it with --seen", c.Name)
		}
		outcomes = append(outcomes, Score(&c, rankers, withheld)...)
		for i, m := range moments {
			if then, ok := m.of(&c); ok {
				early[i] = append(early[i], Score(&then, rankers, withheld)...)
			}
		}
		scored++
		if o.Progress != nil {
			o.Progress(scored)
		}
		return nil
	})
	if err != nil {
		return err
	}
	report := NewReport(outcomes)
	report.Groups = append(breakdowns(outcomes, o.By), momentGroups(moments, early)...)
	if len(o.Storms) > 0 {
		if report.Grouping, err = ScoreGrouping(ctx, o.Storms, o.Stdin); err != nil {
			return err
		}
	}
	return write(out, &report, outcomes, rankers, &o)
}

// parse checks the options and reads those that are words.
func (o *Options) parse() (rankers []Ranker, withheld Parts, moments []moment, err error) {
	if rankers, err = SelectRankers(o.Available, o.Rankers); err != nil {
		return nil, Parts{}, nil, err
	}
	if withheld, err = ParseParts(o.Without); err != nil {
		return nil, Parts{}, nil, err
	}
	if err = checkBreakdowns(o.By); err != nil {
		return nil, Parts{}, nil, err
	}
	if moments, err = parseMoments(o.At); err != nil {
		return nil, Parts{}, nil, err
	}
	switch {
	case o.Output != OutputTable && o.Output != OutputJSON:
		err = fmt.Errorf("no output is called %q; choose table or json", o.Output)
	case withheld.Time && len(moments) > 0:
		err = errors.New("--at and --without time exclude each other; leave one out")
	case slices.Contains(o.Files, StdinName) && slices.Contains(o.Storms, StdinName):
		err = errors.New("cases and storms cannot both come from standard input; put one of them into a file")
	}
	return rankers, withheld, moments, err
}

// write prints the report in the chosen form. Without a case every ranker still
// has its row in JSON, of figures that nothing can be said of.
func write(out io.Writer, report *Report, outcomes []Outcome, rankers []Ranker, o *Options) error {
	report.Seen = o.Seen && o.Weights != nil
	if o.Output == OutputJSON {
		if len(outcomes) == 0 && report.Grouping == nil {
			for _, r := range rankers {
				report.Rankers = append(report.Rankers, rankerFigures(r.Name(), nil))
			}
		}
		if err := json.NewEncoder(out).Encode(report); err != nil {
			return fmt.Errorf("write report: %w", err)
		}
		return nil
	}
	return writeTable(out, report, outcomes, o.Without, cmp.Or(o.Width, anyPage))
}

// Score asks every ranker about one case and judges the answers. Each ranker
// gets a View of its own, so that none can disturb the next.
func Score(c *Case, rankers []Ranker, withheld Parts) []Outcome {
	outcomes := make([]Outcome, 0, len(rankers))
	for _, r := range rankers {
		view := c.View(withheld)
		alike := twinsIn(&view)
		answer, took := timed(r, view)
		o := judge(c, alike, answer)
		o.Ranker, o.Took = r.Name(), took
		outcomes = append(outcomes, o)
	}
	return outcomes
}

// timed measures the answering, without the indexing.
func timed(r Ranker, v View) (Answer, time.Duration) {
	ask := func() Answer { return r.Rank(v) }
	if ix, ok := r.(indexer); ok {
		ask = ix.Index(v)
	}
	begin := time.Now()
	answer := ask()
	return answer, time.Since(begin)
}

// The breakdowns of a report.
const (
	byKind  = "kind"
	byDelay = "delay"
)

// BreakdownNames lists what Options.By accepts: the kind of case, and the delay
// from the guilty change to the first symptom.
func BreakdownNames() []string { return []string{byKind, byDelay} }

func checkBreakdowns(names []string) error {
	for _, name := range names {
		if !slices.Contains(BreakdownNames(), name) {
			return fmt.Errorf("cannot break down by %q; choose from %s", name, strings.Join(BreakdownNames(), ", "))
		}
	}
	return nil
}

// breakdowns computes the figures of every group of the asked breakdowns. The
// best constants of uncalibrated rankers stay those of all cases.
func breakdowns(outcomes []Outcome, by []string) []Group {
	var groups []Group
	outcomes = calibrated(outcomes)
	for _, name := range by {
		for _, value := range groupValues(outcomes, name) {
			members := slices.DeleteFunc(slices.Clone(outcomes), func(o Outcome) bool {
				return groupOf(&o, name) != value
			})
			groups = append(groups, Group{By: name, Value: value, Rankers: figures(members)})
		}
	}
	return groups
}

func groupOf(o *Outcome, by string) string {
	if by == byDelay {
		return string(o.Delay)
	}
	return o.Kind
}

// groupValues lists the values that occur: delays from short to long, kinds by
// name.
func groupValues(outcomes []Outcome, by string) []string {
	seen := make(map[string]bool)
	for i := range outcomes {
		seen[groupOf(&outcomes[i], by)] = true
	}
	var values []string
	if by == byDelay {
		for _, b := range delayBuckets {
			values = append(values, string(b.name))
		}
		values = append(values, string(noDelay))
		return slices.DeleteFunc(values, func(v string) bool { return !seen[v] })
	}
	for v := range seen {
		values = append(values, v)
	}
	slices.Sort(values)
	return values
}
