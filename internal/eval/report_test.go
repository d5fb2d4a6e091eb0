package eval

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
)

func TestEmptyDenominatorsPrintNull(t *testing.T) {
	o := Outcome{Case: "c", Ranker: "r"}
	data, err := json.Marshal(NewReport([]Outcome{o}))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"rankers":[{"name":"r","cases":1,"with_cause":0,"hit_at_1":null,"hit_at_3":null,"hit_at_5":null,` +
		`"mrr":null,"mean_rank":null,"no_change_precision":null,"no_change_recall":0,"brier":null,"ece":null,` +
		`"p50_us":0,"p99_us":0}],"cases":[{"name":"c","ranker":"r","rank":0,"no_change_probability":0,"suspects":[]}]}`
	if diff := cmp.Diff(want, string(data)); diff != "" {
		t.Error(diff)
	}
}

func TestReportWithoutCasesIsStillAnObject(t *testing.T) {
	data, err := json.Marshal(NewReport(nil))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(data); got != `{"rankers":[],"cases":[]}` {
		t.Errorf("report is %s", got)
	}
}

// TestTimesOfNoCaseAreNotZero: a ranker that was never asked is not a fast one.
func TestTimesOfNoCaseAreNotZero(t *testing.T) {
	data, err := json.Marshal(rankerFigures("r", nil))
	if err != nil || !strings.Contains(string(data), `"p50_us":null,"p99_us":null`) {
		t.Errorf("%s %v", data, err)
	}
	if text := figuresGrid([]RankerFigures{rankerFigures("r", nil)}, nil).String(); strings.Contains(text, "0us") || !strings.HasSuffix(text, "-    -\n") {
		t.Errorf("%q", text)
	}
	var out strings.Builder
	opts := Options{Files: []string{StdinName}, Stdin: strings.NewReader(""), Available: Rankers(correlate.DefaultWeights()), Output: OutputJSON}
	if err := Run(t.Context(), opts, &out); err != nil || strings.Contains(out.String(), `_us":0`) || !strings.Contains(out.String(), `"p99_us":null`) {
		t.Errorf("%v %s", err, out.String())
	}
}

func TestFiguresOfAHandfulOfCases(t *testing.T) {
	outcomes := []Outcome{
		judgedAs("hit", "a", Answer{Suspects: []Suspect{suspect("a", 0.8), suspect("b", 0.1)}, NoChange: 0.1}),
		judgedAs("second", "b", Answer{Suspects: []Suspect{suspect("a", 0.5), suspect("b", 0.3)}, NoChange: 0.2}),
		judgedAs("missed", "z", Answer{Suspects: []Suspect{suspect("a", 0.2)}, NoChange: 0.8}),
		judgedAs("quiet", "", Answer{Suspects: []Suspect{suspect("a", 0.1)}, NoChange: 0.9}),
		judgedAs("alarmed", "", Answer{Suspects: []Suspect{suspect("a", 0.6)}, NoChange: 0.4}),
	}
	for i := range outcomes {
		outcomes[i].Took = time.Duration(i+1) * time.Millisecond
	}
	got := NewReport(outcomes).Rankers[0]
	third := Ratio(1.0 / 3)
	want := RankerFigures{
		Name: "r", Cases: 5, WithCause: 3, HitAt1: third, HitAt3: 2 * third, HitAt5: 2 * third,
		MRR: Ratio(1.5 / 3), MeanRank: 1.5, NoChangePrecision: 0.5, NoChangeRecall: 0.5,
		Brier: Ratio((0.04 + 0.25 + 0.04 + 0.01 + 0.36) / 5),
		// Bins: 0.8 right, 0.5 wrong, 0.2 wrong, 0.1 wrong, 0.6 wrong.
		ECE:   Ratio((0.2 + 0.5 + 0.2 + 0.1 + 0.6) / 5),
		P50us: new(int64(3000)), P99us: new(int64(5000)),
	}
	near := cmp.Comparer(func(a, b Ratio) bool { return math.Abs(float64(a-b)) < 1e-12 })
	if diff := cmp.Diff(want, got, near); diff != "" {
		t.Error(diff)
	}
}

// judgedAs judges an answer of ranker "r" on a case with at most one cause.
func judgedAs(name, cause string, answer Answer) Outcome {
	c := labelled()
	if cause != "" {
		c = labelled(cause)
	}
	o := judge(c, nil, answer)
	o.Case, o.Ranker = name, "r"
	return o
}

func TestNoConstantBeatsTheOneGivenToBaselines(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var outcomes []Outcome
	for range 40 {
		outcomes = append(outcomes, Outcome{Ranker: "r", Listed: true, Uncalibrated: true, TopRight: float64(rng.IntN(3)) / 2})
	}
	given := NewReport(outcomes).Rankers[0]
	if given.ECE > 1e-12 {
		t.Errorf("the best constant is off by %v", given.ECE)
	}
	for p := 0.0; p <= 1; p += 0.01 {
		var other mean
		for i := range outcomes {
			o := outcomes[i]
			o.TopProbability = p
			other.add(brierOf(&o))
		}
		if other.value() < given.Brier-1e-12 {
			t.Fatalf("constant %v has Brier score %v, the given one %v", p, other.value(), given.Brier)
		}
	}
}

func TestCertaintyFallsIntoTheLastBin(t *testing.T) {
	outcomes := []Outcome{{Listed: true, TopProbability: 1, TopRight: 1}, {Listed: true, TopProbability: 0.95, TopRight: 0}}
	if got, want := float64(calibrationError(outcomes)), (1.95-1)/2; math.Abs(got-want) > 1e-12 {
		t.Errorf("error is %v, want %v: both belong to one bin", got, want)
	}
}

func TestCasesOfTheReportKeepTheFirstSuspectsOnly(t *testing.T) {
	answer := Answer{Uncalibrated: true}
	for i := range 25 {
		answer.Suspects = append(answer.Suspects, suspect(strings.Repeat("x", i+1), float64(-i)))
	}
	c := labelled("xxxx")
	o := judge(c, nil, answer)
	o.Ranker = "r"
	got := NewReport([]Outcome{o}).Cases[0]
	if len(got.Suspects) != firstKept || got.Rank != 4 || got.Suspects[0].Change != "x" {
		t.Errorf("case %+v", got)
	}
}
