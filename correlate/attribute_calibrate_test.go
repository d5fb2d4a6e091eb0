package correlate

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// drawRanking draws a ranking whose probabilities add up to one with a rest that
// is not on the shortlist.
func drawRanking(t *rapid.T) *ranking {
	n := rapid.IntRange(1, 8).Draw(t, "suspects")
	weights := make([]float64, n)
	for i := range weights {
		weights[i] = float64(rapid.IntRange(1, 40).Draw(t, "weight"))
		if i > 0 {
			weights[i] = min(weights[i], weights[i-1])
		}
	}
	noChange := rapid.Float64Range(0.001, 200).Draw(t, "no_change")
	rest := rapid.Float64Range(0, 50).Draw(t, "rest")
	sum := noChange + rest
	for _, w := range weights {
		sum += w
	}
	r := &ranking{noChange: noChange / sum}
	for _, w := range weights {
		r.shortlist = append(r.shortlist, &candidate{score: math.Log(w), share: w / sum})
	}
	return r
}

func drawLogitMap(t *rapid.T, label string) LogitMap {
	return LogitMap{
		Bias:  rapid.Float64Range(-4, 4).Draw(t, label+"_bias"),
		Slope: rapid.Float64Range(0.1, 3).Draw(t, label+"_slope"),
	}
}

func TestCalibrationKeepsTheOrderAndTies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawRanking(t)
		before := make([]float64, len(r.shortlist))
		for i, c := range r.shortlist {
			before[i] = c.share
		}
		c := Calibration{NoChange: drawLogitMap(t, "none"), First: drawLogitMap(t, "first")}
		r.calibrate(&c)
		sum := r.noChange
		for i, s := range r.shortlist {
			sum += s.share
			if math.IsNaN(s.share) || s.share < 0 {
				t.Fatalf("suspect %d has probability %v", i, s.share)
			}
			if i == 0 {
				continue
			}
			switch was, is := before[i-1]-before[i], r.shortlist[i-1].share-s.share; {
			case was == 0 && math.Abs(is) > 1e-12:
				t.Fatalf("suspects %d and %d tied and now differ by %v", i-1, i, is)
			case is < -1e-12:
				t.Fatalf("suspect %d passed the one before it by %v", i, -is)
			}
		}
		if sum > 1+1e-9 {
			t.Fatalf("the probabilities add up to %v", sum)
		}
	})
}

func TestNoCalibrationChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawRanking(t)
		noChange, first := r.noChange, r.shortlist[0].share
		r.calibrate(&Calibration{})
		if math.Abs(r.noChange-noChange) > 1e-12 || math.Abs(r.shortlist[0].share-first) > 1e-12 {
			t.Fatalf("%v and %v became %v and %v", noChange, first, r.noChange, r.shortlist[0].share)
		}
	})
}

func TestALogitMapIsMonotoneAndMeetsItsDefinition(t *testing.T) {
	m := LogitMap{Bias: -0.5, Slope: 0.8}
	previous := -1.0
	for p := 0.0; p <= 1; p += 0.01 {
		if q := m.Of(p); q < previous || q < 0 || q > 1 {
			t.Fatalf("%v maps to %v after %v", p, q, previous)
		}
		previous = m.Of(p)
	}
	if got, want := m.Of(0.5), 1/(1+math.Exp(0.5)); math.Abs(got-want) > 1e-12 {
		t.Errorf("even odds map to %v, want %v", got, want)
	}
}

func TestCalibrationIsAPieceOfEvidence(t *testing.T) {
	story := shopStory{
		edges: []string{"front>api", "api>db"}, alerts: []Alert{critical("api", 0)},
		changes: []Change{changed("c1", 10*time.Minute, "api"), changed("c2", 3*time.Hour, "db")},
	}
	for bias, want := range map[float64]string{
		-2: "guilty more often than it says", 2: "guilty less often than it says",
	} {
		w := DefaultWeights()
		w.Calibration = Calibration{NoChange: LogitMap{Bias: bias, Slope: 1}}
		f := NewEngine(w).Attribute(story.input())
		list := about(t, &f, "c1", EvidencePrior)
		if last := list[len(list)-1]; !strings.Contains(last.Text, want) || math.Signbit(last.LogOdds) != (bias > 0) {
			t.Errorf("bias %v: evidence %+v", bias, list)
		}
	}
}
