package simulate

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/eval"
)

// idealFor names the companies to look at, as seed:services:changes a day:cases,
// separated by commas.
const idealFor = "IDEAL_COMPANIES"

// What no ranker can know, none is blamed for: the engine stands beside one that
// knows how the cases are made.
func TestTheEngineBesideTheIdealObserver(t *testing.T) {
	companies := os.Getenv(idealFor)
	if companies == "" {
		companies = "211:80:80:12"
	}
	var all []eval.Outcome
	for _, spec := range strings.Split(companies, ",") {
		o := DefaultOptions()
		if _, err := fmt.Sscanf(spec, "%d:%d:%d:%d", &o.Seed, &o.Services, &o.ChangesPerDay, &o.Incidents); err != nil {
			t.Fatalf("%s: %q: %v", idealFor, spec, err)
		}
		o.Days = 20
		outcomes := besideIdeal(o)
		t.Log(spec + "\n" + idealTable(outcomes))
		all = append(all, outcomes...)
	}
	t.Log("all\n" + idealTable(all))
	for _, f := range eval.NewReport(all).Rankers {
		if f.Name == "ideal" && (float64(f.NoChangeRecall) < 0.5 || float64(f.Brier) > 0.25) {
			t.Errorf("who knows how cases are made does worse than a coin: %+v", f)
		}
	}
}

func besideIdeal(o Options) []eval.Outcome {
	w := correlate.DefaultWeights()
	w.Limits.Suspects = w.Limits.Shortlist
	rankers := []eval.Ranker{eval.NewEngineRanker(eval.NameEngine, w), newObserver(o)}
	world := newWorld(o)
	var out []eval.Outcome
	for n := range o.Incidents {
		c := world.incident(n).Case
		one := eval.Score(&c, rankers, eval.Parts{Metrics: true})
		out = append(out, one...)
	}
	return out
}

// idealTable prints the figures by ranker, of all cases and of short delays.
func idealTable(outcomes []eval.Outcome) string {
	var b strings.Builder
	row := func(name string, of []eval.Outcome) {
		for _, f := range eval.NewReport(of).Rankers {
			fmt.Fprintf(&b, "%-10s %-10s n %3d/%3d hit %s %s %s  no change %s %s  brier %s ece %s\n",
				f.Name, name, f.WithCause, f.Cases, f.HitAt1, f.HitAt3, f.HitAt5, f.NoChangePrecision, f.NoChangeRecall, f.Brier, f.ECE)
		}
	}
	row("all", outcomes)
	for _, bucket := range [][]eval.DelayBucket{{"<= 1m", "<= 5m", "<= 15m"}, {"<= 1h"}, {"<= 6h", "<= 24h"}, {"<= 7d", "> 7d"}} {
		var of []eval.Outcome
		for i := range outcomes {
			for _, d := range bucket {
				if outcomes[i].Delay == d {
					of = append(of, outcomes[i])
				}
			}
		}
		if len(of) > 0 {
			row(string(bucket[len(bucket)-1]), of)
		}
	}
	return b.String()
}
