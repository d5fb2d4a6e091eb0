package correlate

import (
	"slices"
	"testing"
	"time"
)

// meshHits counts first suspects that are right over drawn cases, which change may
// alter before they are judged.
func meshHits(e *Engine, cases uint64, change func(in *Input)) float64 {
	hits := 0
	for seed := range cases {
		c := drawMesh(30_000+seed, meshHabitsWide())
		change(&c.in)
		f := e.Attribute(c.in)
		hits += hit(len(f.Suspects) > 0 && f.Suspects[0].Change.ID == c.guilty)
	}
	return float64(hits) / float64(cases)
}

func bare(in *Input) { in.Metrics = nil }

func whole(*Input) {}

// Each kind of evidence that the drawn shops hold must be worth something there.
// MESH_CASES draws more than 30 cases and leaves out the other kinds too, for the
// documentation.
func TestEachTermHelpsToTellConcurrentRolloutsApart(t *testing.T) {
	cases := meshSetting("MESH_CASES", 30)
	all := NewEngine(DefaultWeights())
	with, without := meshHits(all, cases, whole), meshHits(all, cases, bare)
	t.Logf("%-10s %.3f with metrics  %.3f without", "nothing", with, without)
	needed := []EvidenceKind{EvidenceTiming, EvidenceTopology, EvidenceMetrics}
	kinds := slices.Clone(needed)
	if cases > 30 {
		kinds = append(kinds, EvidencePrior, EvidenceRollout, EvidenceRegion, EvidenceVersion, EvidenceText, EvidenceRollback, EvidenceHistory)
	}
	for _, kind := range kinds {
		e := NewEngine(DefaultWeights(), kind)
		lessWith, lessWithout := meshHits(e, cases, whole), meshHits(e, cases, bare)
		t.Logf("%-10s %.3f with metrics  %.3f without", kind, lessWith, lessWithout)
		if slices.Contains(needed, kind) && min(lessWith-with, lessWithout-without) >= 0 {
			t.Errorf("without %s the engine finds as many: %.2f of %.2f, and %.2f of %.2f without metrics", kind, lessWith, with, lessWithout, without)
		}
	}
}

func TestMoreSamplesAndAlertsFindMoreGuiltyRollouts(t *testing.T) {
	cases := meshSetting("MESH_CASES", 30)
	e := NewEngine(DefaultWeights())
	at := func(elapsed time.Duration, change func(in *Input)) float64 {
		return meshHits(e, cases, func(in *Input) {
			in.AsOf = in.AsOf.Add(elapsed - 5*time.Minute)
			change(in)
		})
	}
	first := 0.0
	for _, elapsed := range []time.Duration{0, time.Minute, 2 * time.Minute, 3 * time.Minute, 5 * time.Minute} {
		with := at(elapsed, whole)
		t.Logf("%4v %.3f with metrics  %.3f without", elapsed, with, at(elapsed, bare))
		if elapsed == 0 {
			first = with
		} else if elapsed == 5*time.Minute && with < first {
			t.Errorf("%.2f are found at the first alert and %.2f five minutes later", first, with)
		}
	}
}
