package eval

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
)

// testRankers are the rankers that properties are checked on.
func testRankers() []Ranker { return Rankers(correlate.DefaultWeights()) }

func rankerNamed(t *testing.T, name string) Ranker {
	t.Helper()
	for _, r := range testRankers() {
		if r.Name() == name {
			return r
		}
	}
	t.Fatalf("no ranker %q", name)
	return nil
}

// shopRecord: web calls cart calls db; a disk warns on an unrelated host
// early, the outage shows at web. Changes are listed oldest last.
func shopRecord() Record {
	deploy := func(id, service string, start, end int) correlate.Change {
		return correlate.Change{
			ID: id, Source: "ci", Kind: correlate.KindDeploy, Services: []string{service},
			StartedAt: at(start), FinishedAt: atp(end), Status: correlate.StatusSucceeded,
		}
	}
	staging := deploy("staging", "web", -22, -21)
	staging.Environment = "staging"
	failed := deploy("failed", "elsewhere", -24, -23)
	failed.Status = correlate.StatusFailed
	return Record{
		At: judgedAt,
		Topology: correlate.Topology{Edges: []correlate.Edge{
			{Caller: "web", Callee: "cart"},
			{Caller: "cart", Callee: "db"},
			{Caller: "db", Callee: "cart"},
		}},
		Changes: []correlate.Change{
			deploy("response", "web", -5, -4),
			deploy("running", "elsewhere", -12, -1),
			staging, failed,
			deploy("elsewhere", "elsewhere", -30, -25),
			deploy("db", "db", -40, -31),
			deploy("cart", "cart", -60, -59),
			deploy("web", "web", -90, -89),
		},
		Alerts: []correlate.Alert{
			{Source: "m", Name: "DiskFull", Service: "disk-host", Severity: correlate.SeverityWarning, StartedAt: at(-70), Status: correlate.AlertFiring},
			{Source: "m", Name: "Errors", Service: "web", Severity: correlate.SeverityCritical, StartedAt: at(-10), Status: correlate.AlertFiring},
		},
	}
}

func TestBaselinesRankAsTheContractSays(t *testing.T) {
	want := map[string][]string{
		NameRecency:         {"running", "staging", "failed", "elsewhere", "db", "cart", "web"},
		NameLatestDeploy:    {"elsewhere", "db", "cart", "web"},
		NameSameService:     {"staging", "web", "running", "failed", "elsewhere", "db", "cart"},
		NameTopologyRecency: {"staging", "web", "cart", "db", "running", "failed", "elsewhere"},
	}
	record := shopRecord()
	for name, order := range want {
		answer := rankerNamed(t, name).Rank(record.View(Parts{}))
		var got []string
		for _, s := range answer.Suspects {
			got = append(got, s.Change.ID)
		}
		if diff := cmp.Diff(order, got); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
		if answer.NoChange != 0 || !answer.Uncalibrated {
			t.Errorf("%s claims to know probabilities", name)
		}
	}
}

func TestRandomPrefersNothing(t *testing.T) {
	record := shopRecord()
	c := Case{Record: record, Causes: []string{"cart"}}
	answer := rankerNamed(t, NameRandom).Rank(c.View(Parts{}))
	o := judge(&c, nil, answer)
	if n := float64(len(answer.Suspects)); math.Abs(o.Hit[1]-1/n) > 1e-12 || math.Abs(o.Hit[3]-3/n) > 1e-12 || o.Rank != (n+1)/2 {
		t.Errorf("outcome of %v suspects: %+v", n, o)
	}
}

func TestChangeOfWholeEnvironmentCountsAsNear(t *testing.T) {
	record := shopRecord()
	record.Changes = append(record.Changes, correlate.Change{ID: "everywhere", Source: "ci", StartedAt: at(-200)})
	for _, name := range []string{NameSameService, NameTopologyRecency} {
		answer := rankerNamed(t, name).Rank(record.View(Parts{}))
		if got := answer.Suspects[2].Change.ID; got != "everywhere" {
			t.Errorf("%s ranks %q third", name, got)
		}
	}
}

func TestTwoCriteriaNeverBlurInOneScore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string) (hops, age float64) {
			return float64(rapid.IntRange(0, farthest).Draw(t, label+" hops")),
				float64(rapid.Int64Range(0, 1e11).Draw(t, label+" age"))
		}
		h1, a1 := draw("first")
		h2, a2 := draw("second")
		better := h1 < h2 || h1 == h2 && a1 < a2
		if got := lexicographic(h1, a1) > lexicographic(h2, a2); got != better {
			t.Fatalf("(%v, %v) against (%v, %v): better is %v", h1, a1, h2, a2, got)
		}
	})
}

func TestNoAlertAndNoChangeGiveAnEmptyRanking(t *testing.T) {
	for _, r := range testRankers() {
		if answer := r.Rank((&Record{At: judgedAt}).View(Parts{})); len(answer.Suspects) != 0 {
			t.Errorf("%s suspects %v", r.Name(), answer.Suspects)
		}
	}
}
