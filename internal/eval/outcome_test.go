package eval

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
)

func suspect(id string, score float64) Suspect {
	return Suspect{Change: correlate.Key{Source: "s", ID: id}, Score: score, Probability: score}
}

func labelled(causes ...string) *Case {
	return &Case{Name: "case", Record: Record{At: judgedAt}, Causes: causes}
}

// everyOrder calls visit with each order of the items.
func everyOrder(items []bool, visit func([]bool)) {
	var swap func(n int)
	swap = func(n int) {
		if n <= 1 {
			visit(items)
			return
		}
		for i := range n {
			items[i], items[n-1] = items[n-1], items[i]
			swap(n - 1)
			items[i], items[n-1] = items[n-1], items[i]
		}
	}
	swap(len(items))
}

func TestTiesCountAsIfEveryOrderWereTried(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := rapid.IntRange(0, 4).Draw(t, "before")
		tied := rapid.SliceOfN(rapid.Bool(), 1, 6).Draw(t, "tied")
		tied[0] = true
		guilty := 0
		for _, g := range tied {
			guilty += int(indicator(g))
		}
		var got, want Outcome
		fillExpectations(&got, before, len(tied), guilty)
		orders := 0.0
		everyOrder(tied, func(order []bool) {
			orders++
			place := before + 1
			for !order[place-before-1] {
				place++
			}
			want.Rank += float64(place)
			want.Inverse += 1 / float64(place)
			for k := place; k <= topK; k++ {
				want.Hit[k]++
			}
		})
		near := func(what string, got, sum float64) {
			if math.Abs(got-sum/orders) > 1e-9 {
				t.Fatalf("%s is %v, over all orders %v", what, got, sum/orders)
			}
		}
		near("rank", got.Rank, want.Rank)
		near("1/rank", got.Inverse, want.Inverse)
		for k := range got.Hit {
			near("hit", got.Hit[k], want.Hit[k])
		}
	})
}

func TestHugeTieStaysExact(t *testing.T) {
	var o Outcome
	fillExpectations(&o, 0, 100_000, 1)
	if math.Abs(o.Hit[5]-5e-5) > 1e-12 || math.Abs(o.Rank-50_000.5) > 1e-6 {
		t.Errorf("outcome %+v", o)
	}
	if harmonic := math.Log(100_000) + 0.5772156649; math.Abs(o.Inverse-harmonic/100_000) > 1e-8 {
		t.Errorf("1/rank is %v", o.Inverse)
	}
}

func TestCauseThatIsNotListedHasRankZero(t *testing.T) {
	o := judge(labelled("gone"), nil, Answer{Suspects: []Suspect{suspect("a", 0.9)}})
	if o.Rank != 0 || o.Inverse != 0 || o.Hit != [topK + 1]float64{} || !o.Guilty {
		t.Errorf("outcome %+v", o)
	}
}

func TestFirstOfSeveralCausesCounts(t *testing.T) {
	o := judge(labelled("b", "d"), nil, Answer{Suspects: []Suspect{suspect("a", 4), suspect("b", 3), suspect("c", 2), suspect("d", 1)}})
	if o.Rank != 2 || o.Hit[1] != 0 || o.Hit[2] != 1 || o.Inverse != 0.5 {
		t.Errorf("outcome %+v", o)
	}
}

func TestNoChangeVerdictStillRanksTheSuspects(t *testing.T) {
	o := judge(labelled("a"), nil, Answer{Suspects: []Suspect{suspect("a", 0.2)}, NoChange: 0.8})
	if !o.SaysNoChange || o.Hit[1] != 1 {
		t.Errorf("outcome %+v", o)
	}
}

func TestNoChangeMustExceedEverySuspect(t *testing.T) {
	tests := map[string]struct {
		answer Answer
		want   bool
	}{
		"exceeds":      {Answer{Suspects: []Suspect{suspect("a", 0.4), suspect("b", 0.1)}, NoChange: 0.5}, true},
		"equal":        {Answer{Suspects: []Suspect{suspect("a", 0.5)}, NoChange: 0.5}, false},
		"below":        {Answer{Suspects: []Suspect{suspect("a", 0.6)}, NoChange: 0.4}, false},
		"no suspects":  {Answer{NoChange: 1}, true},
		"uncalibrated": {Answer{Uncalibrated: true}, false},
	}
	for name, tt := range tests {
		if got := saysNoChange(&tt.answer); got != tt.want {
			t.Errorf("%s: verdict is %v", name, got)
		}
	}
}

func TestTopOfATieIsRightInExpectation(t *testing.T) {
	o := judge(labelled("a"), nil, Answer{Suspects: []Suspect{suspect("a", 0.3), suspect("b", 0.3), suspect("c", 0.1)}})
	if o.TopRight != 0.5 || o.TopProbability != 0.3 {
		t.Errorf("outcome %+v", o)
	}
}

func TestDelayIsCountedFromTheLatestCause(t *testing.T) {
	c := &Case{Record: Record{
		At:      judgedAt,
		Changes: []correlate.Change{{ID: "latent", StartedAt: at(-3000)}, {ID: "trigger", StartedAt: at(-14)}},
		Alerts: []correlate.Alert{
			{Severity: correlate.SeverityWarning, StartedAt: at(-14)},
			{Severity: correlate.SeverityCritical, StartedAt: at(-40)},
			{Severity: correlate.SeverityCritical, StartedAt: at(-10)},
		},
	}, Causes: []string{"latent", "trigger"}}
	if got := delayBucket(c); got != "<= 5m" {
		t.Errorf("bucket is %q", got)
	}
	c.Causes = []string{"latent"}
	if got := delayBucket(c); got != "<= 7d" {
		t.Errorf("bucket is %q", got)
	}
	c.Causes = nil
	if got := delayBucket(c); got != noDelay {
		t.Errorf("bucket is %q", got)
	}
}

func TestLimitsOfDelayBucketsBelongToThem(t *testing.T) {
	for i, b := range delayBuckets[:len(delayBuckets)-1] {
		c := &Case{Record: Record{
			At:      judgedAt,
			Changes: []correlate.Change{{ID: "c", StartedAt: judgedAt.Add(-b.limit)}},
			Alerts:  []correlate.Alert{{StartedAt: judgedAt}},
		}, Causes: []string{"c"}}
		if got := delayBucket(c); got != b.name {
			t.Errorf("delay of %v is in %q, want %q", b.limit, got, b.name)
		}
		c.Changes[0].StartedAt = judgedAt.Add(-b.limit - time.Millisecond)
		if got := delayBucket(c); got != delayBuckets[i+1].name {
			t.Errorf("delay just over %v is in %q", b.limit, got)
		}
	}
}
