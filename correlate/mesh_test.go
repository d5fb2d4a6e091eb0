package correlate

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"testing"
)

// meshTally counts cases, and first suspects that are right: by the engine with
// and without metrics, by the ideal observer and by time and coverage alone, both
// without.
type meshTally struct{ n, with, without, ideal, plain int }

func (y *meshTally) add(o meshTally) {
	y.n, y.with, y.without, y.ideal, y.plain = y.n+o.n, y.with+o.with, y.without+o.without, y.ideal+o.ideal, y.plain+o.plain
}

func (y *meshTally) share(hits int) float64 { return float64(hits) / float64(y.n) }

// meshJudge counts one case. The ideal observer draws so many shops a suspect;
// with none it is left out.
func meshJudge(e *Engine, c *meshCase, drawings int) meshTally {
	right := func(in Input) int {
		f := e.Attribute(in)
		return hit(len(f.Suspects) > 0 && f.Suspects[0].Change.ID == c.guilty)
	}
	bare := c.in
	bare.Metrics = nil
	y := meshTally{n: 1, with: right(c.in), without: right(bare), plain: hit(c.world.plain() == c.guilty)}
	if drawings > 0 {
		y.ideal = hit(c.world.ideal(drawings)[0] == c.guilty)
	}
	return y
}

func hit(is bool) int {
	if is {
		return 1
	}
	return 0
}

// meshScore counts first suspects that are right, in all and by how the cases
// differ.
func meshScore(from, to uint64, h meshHabits, drawings int) map[string]*meshTally {
	e := NewEngine(DefaultWeights())
	by := map[string]*meshTally{}
	for seed := from; seed < to; seed++ {
		c := drawMesh(seed, h)
		y := meshJudge(e, &c, drawings)
		keys := []string{
			"all", "fault: " + meshFaultNames[c.fault], "alerts: " + meshAlertingNames[c.alerting], "series: " + meshViewNames[c.view],
			fmt.Sprint("errors uncounted: ", c.silent), fmt.Sprint("all begin at once: ", c.together),
		}
		if c.alerting == alertModule && !c.together {
			keys = append(keys, "alerts: one, localised, begun apart")
		}
		for _, key := range keys {
			if by[key] == nil {
				by[key] = &meshTally{}
			}
			by[key].add(y)
		}
	}
	return by
}

var (
	meshAlertingNames = []string{"whoever is hurt", "entry only", "callers only", "one, localised"}
	meshViewNames     = []string{"inbound and by peer", "inbound", "by peer", "inbound and calls in one", "by version"}
)

// meshSetting is a number from the environment, for the documentation.
func meshSetting(name string, usual uint64) uint64 {
	if n, err := strconv.ParseUint(os.Getenv(name), 10, 16); err == nil {
		return n
	}
	return usual
}

// meshSet is a set of habits, the seeds that it is drawn with, and the least share
// of guilty rollouts that must come first.
type meshSet struct {
	name          string
	from          uint64
	habits        meshHabits
	with, without float64
}

func meshSets() []meshSet {
	return []meshSet{
		{"habits that the model was made with", 1, meshHabitsTuning(), 0.85, 0.5},
		{"wider habits of development", 30_000, meshHabitsWide(), 0.8, 0.5},
		{"habits that it was not", 50_000, meshHabitsJudging(), 0.75, 0.45},
		{"habits written last", 90_000, meshHabitsLast(), 0.65, 0.4},
		{"habits of a fourth kind", 120_000, meshHabitsFourth(), 0.6, 0.35},
	}
}

// MESH_CASES draws more cases a set than the usual 30, MESH_DRAWINGS sets beside
// them an ideal observer who draws so many shops a suspect.
func TestGuiltyRolloutsOfVariedShopsAreFound(t *testing.T) {
	cases, drawings := meshSetting("MESH_CASES", 30), int(meshSetting("MESH_DRAWINGS", 0))
	for _, tc := range meshSets() {
		t.Run(tc.name, func(t *testing.T) {
			by := meshScore(tc.from, tc.from+cases, tc.habits, drawings)
			keys := slices.Sorted(maps.Keys(by))
			for _, key := range keys {
				y := by[key]
				t.Logf("%-36s %4d cases  %.2f with metrics  %.2f without  %.2f ideal  %.2f plain", key, y.n,
					y.share(y.with), y.share(y.without), y.share(y.ideal), y.share(y.plain))
			}
			all := by["all"]
			if with, without := all.share(all.with), all.share(all.without); with < tc.with || without < tc.without {
				t.Errorf("%.2f with metrics and %.2f without; want %.2f and %.2f", with, without, tc.with, tc.without)
			}
			if drawings > 0 && all.ideal < all.without {
				t.Errorf("the observer found %d of %d, the engine %d: it knows more", all.ideal, all.n, all.without)
			}
		})
	}
}
