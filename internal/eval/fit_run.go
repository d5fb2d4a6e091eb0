package eval

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/faultline/faultline/correlate"
)

// FitOptions say what to learn from and where to write it.
type FitOptions struct {
	// Files are case files; StdinName reads Stdin. Each file counts the same,
	// however many cases it holds. Untimed are further ones, whose times are
	// withheld.
	Files   []string
	Untimed []string
	Stdin   io.Reader
	// Verdicts are files of people's verdicts, which overrule the cases' causes.
	Verdicts []string
	// Without names the evidence to withhold, see PartNames.
	Without []string
	Folds   int
	Rounds  int
	// Out is the weights file to write.
	Out string
	Now time.Time
	// Width is how many columns a table may take, 100 when zero.
	Width int
	// Progress, when set, is told after each case how many were read.
	Progress func(cases int)
}

// RunFit learns weights from labelled cases, scores the way of learning on folds
// that it has not seen, writes the weights file and prints both figures.
func RunFit(ctx context.Context, o FitOptions, out io.Writer) error {
	if o.Out == "" {
		return errors.New("say where to write the weights: --out FILE")
	}
	withheld, err := ParseParts(o.Without)
	if err != nil {
		return err
	}
	verdicts, err := readVerdicts(ctx, o.Verdicts, o.Stdin)
	if err != nil {
		return err
	}
	set := &trainingSet{
		file: &WeightsFile{Format: weightsFormat, FittedAt: o.Now.UTC(), Folds: o.Folds, Turned: []string{}}, verdicts: verdicts, progress: o.Progress,
	}
	for _, name := range o.Files {
		if err := set.load(ctx, name, withheld, o.Stdin); err != nil {
			return err
		}
	}
	withheld.Time = true
	for _, name := range o.Untimed {
		if err := set.load(ctx, name, withheld, o.Stdin); err != nil {
			return err
		}
	}
	set.balance()
	if missed := verdicts.missed(); missed != "" {
		return fmt.Errorf("a verdict is about case %q, which no case file holds; give its file with --cases", missed)
	}
	learner := &Learner{Base: correlate.DefaultWeights(), Rounds: o.Rounds}
	if o.Rounds > 0 {
		set.file.Turned = turned()
	}
	return learner.run(ctx, set, o.Out, cmp.Or(o.Width, anyPage), out)
}

// trainingSet is what weights are learnt from.
type trainingSet struct {
	cases []*Prepared
	// origin is, for each case, the file it came from, by its place.
	origin   []int
	file     *WeightsFile
	verdicts judgements
	// progress, when set, is told how many cases were read.
	progress func(cases int)
}

// load adds the cases of a file.
func (t *trainingSet) load(ctx context.Context, name string, withheld Parts, stdin io.Reader) error {
	t.file.Files = append(t.file.Files, filepath.Base(name))
	return EachCase(ctx, []string{name}, stdin, func(c Case) error {
		t.verdicts.apply(&c)
		t.cases = append(t.cases, Prepare(&c, withheld))
		t.origin = append(t.origin, len(t.file.Files)-1)
		t.file.Cases = append(t.file.Cases, hashCase(c.Name, c.At))
		if t.progress != nil {
			t.progress(len(t.cases))
		}
		return nil
	})
}

// balance lets every file count for the same number of cases.
func (t *trainingSet) balance() {
	held := make([]int, len(t.file.Files))
	for _, from := range t.origin {
		held[from]++
	}
	for i, p := range t.cases {
		p.counts = float64(len(t.cases)) / float64(len(held)) / float64(held[t.origin[i]])
	}
}

// folds deals the cases: at random, or, for 0 folds, each file into one of its
// own.
func (t *trainingSet) folds(folds int) ([]int, error) {
	if folds == 0 {
		if len(t.file.Files) < 2 {
			return nil, errors.New("0 folds leave one file out at a time, which needs at least two case files")
		}
		return t.origin, nil
	}
	if folds < 2 || folds > len(t.cases) {
		return nil, errors.New("cross-validation needs at least two folds and no more folds than cases")
	}
	return dealt(len(t.cases), folds), nil
}

// run fits on folds for the figures and on everything for the file.
func (l *Learner) run(ctx context.Context, set *trainingSet, path string, page int, out io.Writer) error {
	cases, file := set.cases, set.file
	fold, err := set.folds(file.Folds)
	if err != nil {
		return err
	}
	outcomes, err := l.CrossFit(ctx, cases, fold)
	if err != nil {
		return err
	}
	shipped := NewEngineRanker(NameEngine, l.Base)
	for _, p := range cases {
		outcomes = append(outcomes, p.Judge(shipped))
	}
	report := NewReport(outcomes)
	file.OutOfFold, file.Shipped = report.Rankers[0], report.Rankers[1]
	if file.Weights, err = l.Fit(ctx, cases); err != nil {
		return err
	}
	if err := file.Weights.Check(); err != nil {
		return fmt.Errorf("fitted weights: %w", err)
	}
	if err := file.Write(path); err != nil {
		return err
	}
	how := fmt.Sprintf("%d folds", file.Folds)
	if file.Folds == 0 {
		how = "one file left out at a time"
	}
	if _, err := fmt.Fprintf(out, "%s: each case of %q is scored with weights fitted to the others;\n%q are the weights that ship\n\n",
		how, NameFitted, NameEngine); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if err := writeTable(out, &report, outcomes, nil, page); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(out, "\nwrote %s\n", path); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// judgement is one line of a verdict file: what a person said of a case.
type judgement struct {
	Case     string `json:"case"`
	Decision string `json:"decision"`
	Change   string `json:"change"`
}

// judgements are the verdicts by the name of their case.
type judgements map[string]*applied

type applied struct {
	causes []string
	used   bool
}

// readVerdicts reads verdict files: JSON Lines of case, decision and change. Of
// several about one case, confirmations add up, and "no_change" clears them.
func readVerdicts(ctx context.Context, files []string, stdin io.Reader) (judgements, error) {
	all := judgements{}
	for _, name := range files {
		err := eachLine(ctx, name, stdin, func(data []byte) error {
			var v judgement
			bad := json.Unmarshal(data, &v)
			if bad == nil {
				bad = all.add(v)
			}
			if bad != nil {
				return &LineError{File: titleOf(name), Err: bad}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (j judgements) add(v judgement) error {
	if v.Case == "" {
		return errors.New(`case: missing; name the case, as its "name" says`)
	}
	a := j[v.Case]
	if a == nil {
		a = &applied{}
	}
	switch v.Decision {
	case "confirm":
		if v.Change == "" {
			return errors.New("change: missing; name the confirmed change by its id")
		}
		a.causes = append(a.causes, v.Change)
	case "no_change":
		a.causes = nil
	case "reject":
		// What did not do it is no label: something else may have, or nothing.
		return nil
	default:
		return fmt.Errorf("decision: %q is none; write confirm, reject or no_change", v.Decision)
	}
	j[v.Case] = a
	return nil
}

// apply overrules a case's causes.
func (j judgements) apply(c *Case) {
	if a := j[c.Name]; a != nil {
		c.Causes, a.used = a.causes, true
	}
}

// missed is the first case by name that a verdict is about and no file holds.
func (j judgements) missed() string {
	first := ""
	for name, a := range j {
		if !a.used && (first == "" || name < first) {
			first = name
		}
	}
	return first
}
