package eval

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
)

func TestChangesThatNothingTellsApartAreOneAnswer(t *testing.T) {
	deploy := func(id, service string, minute int) correlate.Change {
		return correlate.Change{
			ID: id, Source: "ci", Kind: correlate.KindDeploy, Services: []string{service}, StartedAt: at(minute),
			Commits: []correlate.Commit{{SHA: id}}, PullRequests: []correlate.PullRequest{{Number: int64(-minute)}},
		}
	}
	config := deploy("config", "web", -7)
	config.Kind = correlate.KindConfig
	record := Record{At: judgedAt, Changes: []correlate.Change{
		deploy("old", "web", -90), deploy("guilty", "web", -9), deploy("cart", "cart", -8), config,
	}}
	timeless, timed := record.View(Parts{Time: true}), record.View(Parts{})
	if diff := cmp.Diff([]string{"guilty", "old"}, twinsIn(&timeless).causes([]string{"guilty"})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"guilty"}, twinsIn(&timed).causes([]string{"guilty"})); diff != "" {
		t.Errorf("with times, which tell them apart:\n%s", diff)
	}
	if got := twinsIn(&timeless).causes([]string{}); len(got) != 0 {
		t.Errorf("a case without a cause got %v", got)
	}
}

func TestTwinsCountForEveryRankerAlike(t *testing.T) {
	c := Case{Record: shopRecord(), Causes: []string{"web"}}
	c.Changes = append(c.Changes, c.Changes[len(c.Changes)-1])
	twin := &c.Changes[len(c.Changes)-1]
	twin.ID, twin.StartedAt, twin.FinishedAt = "web-before", at(-900), atp(-899)
	for _, o := range Score(&c, baselines(), Parts{Time: true}) {
		if o.Ranker == NameRandom && o.Hit[1] != 3.0/9 {
			t.Errorf("random hits %v; the three deploys of web are one answer of nine changes", o.Hit[1])
		}
	}
}

func TestProbabilityOfTwinsIsOne(t *testing.T) {
	suspects := []Suspect{suspect("a", 0.4), suspect("b", 0.3), suspect("c", 0.2)}
	alike := twins{"a": "web", "b": "cart", "c": "web"}
	if p := alike.topProbability(suspects); math.Abs(p-0.6) > 1e-12 {
		t.Errorf("probability %v of two twins with 0.4 and 0.2", p)
	}
	if p := twins(nil).topProbability(suspects); p != 0.4 {
		t.Errorf("probability %v although nothing is withheld", p)
	}
}
