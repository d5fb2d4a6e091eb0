package eval

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
)

// manyCases are outages of one shop, told apart by name only.
func manyCases(n int) []Case {
	var cases []Case
	for i := range n {
		c := Case{Name: "case-" + string(rune('a'+i)), Record: shopRecord(), Causes: []string{"running"}}
		cases = append(cases, c)
	}
	return cases
}

// learnable are cases in which the newest change of the alerting service is to
// blame, and every third time nothing.
func learnable(n int) []*Prepared {
	var list []*Prepared
	for i, c := range manyCases(n) {
		c.Causes = []string{"web"}
		if i%3 == 0 {
			c.Causes = []string{}
		}
		list = append(list, Prepare(&c, Parts{}))
	}
	return list
}

func TestCalibrationFindsTheMapThatMadeTheLabels(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	truth := correlate.LogitMap{Bias: -0.7, Slope: 0.5}
	var list []tried
	for range 6000 {
		p := r.Float64()
		list = append(list, tried{p: p, right: truthOf(r.Float64() < truth.Of(p)), counts: 1})
	}
	got := fitLogit(list)
	if math.Abs(got.Bias-truth.Bias) > 0.1 || math.Abs(got.Slope-truth.Slope) > 0.1 {
		t.Errorf("fitted %+v, the labels were made by %+v", got, truth)
	}
}

func TestFewCasesHardlyMoveTheCalibration(t *testing.T) {
	if got := fitLogit(nil); got != (correlate.LogitMap{Slope: 1}) {
		t.Errorf("no case moved it to %+v", got)
	}
	got := fitLogit([]tried{{0.6, 0, 1}})
	if got.Slope < 0.5 || got.Slope > 1.1 || math.Abs(got.Bias) > 1 {
		t.Errorf("one case moved it to %+v", got)
	}
	if got := fitLogit([]tried{{0.999, 0, 1}, {0.999, 0, 1}, {0.001, 1, 1}, {0.001, 1, 1}, {0.999, 0, 1}, {0.001, 1, 1}}); got.Slope < leastSlope {
		t.Errorf("labels that contradict every belief turned the map round: %+v", got)
	}
}

func TestFittingMakesTheLabelsMoreProbable(t *testing.T) {
	cases := learnable(12)
	l := Learner{Base: correlate.DefaultWeights(), Rounds: 1}
	before, err := l.loss(t.Context(), cases, &l.Base)
	if err != nil {
		t.Fatal(err)
	}
	w, err := l.Fit(t.Context(), cases)
	if err != nil {
		t.Fatal(err)
	}
	after, err := l.loss(t.Context(), cases, &w)
	if err != nil || after >= before {
		t.Errorf("loss %v before and %v after, %v", before, after, err)
	}
	if err := w.Check(); err != nil {
		t.Errorf("fitted weights are unsound: %v", err)
	}
}

func TestTooFewCasesAreRefused(t *testing.T) {
	l := Learner{Base: correlate.DefaultWeights()}
	if _, err := l.Fit(t.Context(), learnable(3)); err == nil || !strings.Contains(err.Error(), "at least 10") {
		t.Errorf("error %v", err)
	}
	set := &trainingSet{cases: learnable(12), origin: make([]int, 12), file: &WeightsFile{Files: []string{"one"}}}
	for _, folds := range []int{-1, 0, 1, 13} {
		if _, err := set.folds(folds); err == nil || !strings.Contains(err.Error(), "folds") {
			t.Errorf("%d folds: error %v", folds, err)
		}
	}
}

func TestFoldsAreEvenAndAlikeEveryTime(t *testing.T) {
	fold := dealt(23, 5)
	counts := make([]int, 5)
	for _, f := range fold {
		counts[f]++
	}
	for f, n := range counts {
		if n < 4 || n > 5 {
			t.Errorf("fold %d has %d of 23 cases", f, n)
		}
	}
	if diff := cmp.Diff(fold, dealt(23, 5)); diff != "" {
		t.Error(diff)
	}
}

func TestEveryFileCountsTheSame(t *testing.T) {
	set := &trainingSet{cases: learnable(12), origin: []int{0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1}, file: &WeightsFile{Files: []string{"many", "few"}}}
	set.balance()
	sums := make([]float64, 2)
	for i, p := range set.cases {
		sums[set.origin[i]] += p.counts
	}
	if math.Abs(sums[0]-6) > 1e-9 || math.Abs(sums[1]-6) > 1e-9 {
		t.Errorf("the files count for %v cases, want six each", sums)
	}
	fold, err := set.folds(0)
	if diff := cmp.Diff(set.origin, fold); diff != "" || err != nil {
		t.Errorf("one file left out at a time: %v, %s", err, diff)
	}
}

func TestADialKeepsTheBaseAsItWas(t *testing.T) {
	base := correlate.DefaultWeights()
	l := Learner{Base: base, Rounds: 1}
	if _, err := l.Fit(t.Context(), learnable(12)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(correlate.DefaultWeights(), base); diff != "" {
		t.Error(diff)
	}
}

func TestCasesWithoutTimesTeachTheCalibrationNothing(t *testing.T) {
	sure := []answered{{guilty: true, listed: true, first: 0.9, noChange: 0.1, counts: 1, untimed: true}}
	if got := fitCalibration(sure); got.First != (correlate.LogitMap{Slope: 1}) || got.NoChange != (correlate.LogitMap{Slope: 1}) {
		t.Errorf("learnt %+v", got)
	}
}

// fitted runs the whole of fit on the cases and returns its file and output.
func fitted(t *testing.T, cases []Case, o FitOptions) (string, string, error) {
	t.Helper()
	var in, out bytes.Buffer
	for _, c := range cases {
		data, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		in.Write(append(data, '\n'))
	}
	o.Files, o.Stdin, o.Folds = []string{StdinName}, &in, 3
	o.Out = filepath.Join(t.TempDir(), "weights.json")
	o.Now = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	err := RunFit(t.Context(), o, &out)
	return o.Out, out.String(), err
}

func TestFitWritesAFileThatEvalUsesOnOtherCasesOnly(t *testing.T) {
	path, said, err := fitted(t, manyCases(15), FitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"3 folds", "fitted", "faultline", "wrote " + path} {
		if !strings.Contains(said, want) {
			t.Errorf("output lacks %q:\n%s", want, said)
		}
	}
	file, err := ReadWeights(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) != 15 || file.OutOfFold.Cases != 15 || file.Weights.Calibration.First.Slope == 0 {
		t.Errorf("file %+v", file)
	}
	o := Options{
		Files: []string{StdinName}, Stdin: caseLines(t, 6), Output: OutputTable,
		Available: Rankers(file.Weights), Weights: file,
	}
	err = Run(t.Context(), o, &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), `fitted to case "case-a"`) || !strings.Contains(err.Error(), "--seen") {
		t.Errorf("a case that was learnt from is scored: %v", err)
	}
	var out bytes.Buffer
	o.Stdin, o.Seen = caseLines(t, 6), true
	if err := Run(t.Context(), o, &out); err != nil || !strings.Contains(out.String(), "may have been fitted to these very cases") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func TestVerdictsOverruleTheCauses(t *testing.T) {
	verdicts := filepath.Join(t.TempDir(), "verdicts.jsonl")
	write := func(text string) {
		if err := os.WriteFile(verdicts, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"case":"case-a","decision":"confirm","change":"web"}
{"case":"case-b","decision":"no_change"}
{"case":"case-c","decision":"reject","change":"web"}
`)
	list, err := readVerdicts(t.Context(), []string{verdicts}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got [][]string
	for _, c := range manyCases(3) {
		list.apply(&c)
		got = append(got, c.Causes)
	}
	if diff := cmp.Diff([][]string{{"web"}, nil, {"running"}}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for text, want := range map[string]string{
		`{"decision":"confirm","change":"web"}`:          ":1: case: missing",
		`{"case":"a","decision":"confirm"}`:              ":1: change: missing",
		`{"case":"a","decision":"maybe"}`:                `:1: decision: "maybe" is none; write confirm, reject or no_change`,
		`{"case":`:                                       ":1: ",
		`{"case":"ghost","decision":"no_change"}` + "\n": `a verdict is about case "ghost"`,
	} {
		write(text)
		if _, _, err := fitted(t, manyCases(12), FitOptions{Verdicts: []string{verdicts}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", text, err, want)
		}
	}
}

func TestABadWeightsFileIsRefusedByKey(t *testing.T) {
	path, _, err := fitted(t, manyCases(15), FitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ old, with, want string }{
		"not JSON":     {"{", "", "write one with faultline fit"},
		"other format": {weightsFormat, "faultline-weights/9", `format is "faultline-weights/9"`},
		"unknown key":  {`"no_change_odds"`, `"no_chance_odds"`, `"no_chance_odds"`},
		"out of range": {`"busy_power": `, `"busy_power": 7`, "busy_power is 7"},
		"trailing":     {"\n}\n", "\n}{}", "something follows"},
	} {
		bad := strings.Replace(string(good), tc.old, tc.with, 1)
		if name == "trailing" {
			bad = strings.TrimSuffix(string(good), "\n") + "{}"
		}
		at := filepath.Join(t.TempDir(), "bad.json")
		if err := os.WriteFile(at, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadWeights(at); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: error %v, want %q", name, err, tc.want)
		}
	}
	if _, err := ReadWeights(path + ".none"); err == nil {
		t.Error("a file that does not exist is read")
	}
}

func TestFitNeedsAPlaceToWriteAndAKnownPart(t *testing.T) {
	if err := RunFit(t.Context(), FitOptions{}, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "--out") {
		t.Errorf("error %v", err)
	}
	if _, _, err := fitted(t, nil, FitOptions{Without: []string{"luck"}}); err == nil || !strings.Contains(err.Error(), "luck") {
		t.Errorf("error %v", err)
	}
}
