package correlate

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
)

// meshTally counts cases, and first suspects that are right with and without
// metrics.
type meshTally struct{ n, with, without int }

func (y *meshTally) shares() (with, without float64) {
	return float64(y.with) / float64(y.n), float64(y.without) / float64(y.n)
}

// meshScore counts first suspects that are right, in all and by how the cases
// differ.
func meshScore(from, to uint64, h meshHabits) map[string]*meshTally {
	e := NewEngine(DefaultWeights())
	by := map[string]*meshTally{}
	for seed := from; seed < to; seed++ {
		c := drawMesh(seed, h)
		right := func(in Input) int {
			if f := e.Attribute(in); len(f.Suspects) > 0 && f.Suspects[0].Change.ID == c.guilty {
				return 1
			}
			return 0
		}
		bare := c.in
		bare.Metrics = nil
		with, without := right(c.in), right(bare)
		for _, key := range []string{
			"all", "fault: " + meshFaultNames[c.fault], "alerts: " + meshAlertingNames[c.alerting], "series: " + meshViewNames[c.view],
			fmt.Sprint("errors uncounted: ", c.silent), fmt.Sprint("all begin at once: ", c.together),
		} {
			if by[key] == nil {
				by[key] = &meshTally{}
			}
			by[key].n++
			by[key].with += with
			by[key].without += without
		}
	}
	return by
}

var (
	meshAlertingNames = []string{"whoever is hurt", "entry only", "callers only", "one, localised"}
	meshViewNames     = []string{"inbound and by peer", "inbound", "by peer", "inbound and calls in one", "by version"}
)

// The number of drawn cases a set; MESH_CASES draws more, for the documentation.
func meshCases(t *testing.T) uint64 {
	n, err := strconv.ParseUint(os.Getenv("MESH_CASES"), 10, 16)
	if err != nil {
		return 30
	}
	t.Logf("%d cases", n)
	return n
}

func TestGuiltyRolloutsOfVariedShopsAreFound(t *testing.T) {
	for _, tc := range []struct {
		name          string
		from          uint64
		habits        meshHabits
		with, without float64
	}{
		{"habits that the model was made with", 1, meshHabitsTuning(), 0.85, 0.5},
		{"habits that it was not", 50_000, meshHabitsJudging(), 0.75, 0.45},
	} {
		t.Run(tc.name, func(t *testing.T) {
			by := meshScore(tc.from, tc.from+meshCases(t), tc.habits)
			keys := make([]string, 0, len(by))
			for key := range by {
				keys = append(keys, key)
			}
			slices.Sort(keys)
			for _, key := range keys {
				with, without := by[key].shares()
				t.Logf("%-36s %4d cases  %.2f with metrics  %.2f without", key, by[key].n, with, without)
			}
			if with, without := by["all"].shares(); with < tc.with || without < tc.without {
				t.Errorf("%.2f with metrics and %.2f without; want %.2f and %.2f", with, without, tc.with, tc.without)
			}
		})
	}
}
