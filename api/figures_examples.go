package api

import (
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/figures"
)

// exampleFrom and exampleTo are the period of the examples.
func exampleFrom() time.Time { return time.Date(2026, time.January, 5, 0, 0, 0, 0, time.UTC) }
func exampleTo() time.Time   { return time.Date(2026, time.May, 4, 0, 0, 0, 0, time.UTC) }

func exampleShare(events, n int, value, lo, hi float64) *figures.Share {
	return &figures.Share{Events: events, N: n, Value: value, Lo: lo, Hi: hi}
}

func exampleRatio(value, lo, hi float64) *figures.Ratio {
	return &figures.Ratio{Value: &value, Lo: lo, Hi: &hi}
}

func exampleComparison() figures.Comparison {
	hidden := 2.1
	return figures.Comparison{
		Name: "headline", Exposed: "AI-assisted changes", Unexposed: "human changes", Events: "confirmed",
		ExposedRate: exampleShare(24, 3000, 0.008, 0.0054, 0.0119), UnexposedRate: exampleShare(30, 5200, 0.0058, 0.004, 0.0082),
		Gate:       figures.Sufficiency{Enough: true, Events: 54, ExpectedExposed: 19.8, ExpectedUnexposed: 34.2, NeededPerGroup: 4043, MissingExposed: 1043},
		Difference: &figures.Range{Value: 0.0022, Lo: -0.0015, Hi: 0.0064},
		Crude:      exampleRatio(1.39, 0.81, 2.37), Adjusted: exampleRatio(1.36, 0.79, 2.34), AdjustedForSize: exampleRatio(1.08, 0.62, 1.89),
		Odds: exampleRatio(1.37, 0.79, 2.36), Exact: exampleRatio(1.36, 0.78, 2.35), Bootstrap: exampleRatio(1.36, 0.8, 2.31),
		Looks:       &figures.Looks{Since: exampleFrom(), Lo: 0.61, Hi: 3.03, P: 1},
		Homogeneity: &figures.Homogeneity{P: 0.41, Degrees: 6, Strata: 7}, EValue: &hidden,
		Strata: figures.Strata{By: []string{"tier", "kind", "team"}, Used: 31, ChangesOutside: 412, Lines: exampleStrata()}, Verdict: figures.NoDifference,
		Words: "No detectable difference: the risk of AI-assisted changes was 1.36 times that of human changes (95% interval 0.79 to 2.34, adjusted for tier, kind and team). " +
			"This does not show that there is none; anything from 0.61 to 3.03 times remains possible when one looks every week.",
	}
}

func exampleImpact() figures.Impact {
	suspected := exampleComparison()
	suspected.Name, suspected.Events = "machine_suspected", "suspected"
	return figures.Impact{
		AsOf: exampleTime(10, 5, 0), From: exampleFrom(), To: exampleTo(), ObservationHours: 24, Level: 0.95,
		Population: figures.Population{Changes: 11000, Rollbacks: 160, DuringIncident: 95, Immature: 70, Unknown: exampleShare(2400, 11000, 0.2182, 0.2106, 0.226)},
		Incidents:  figures.IncidentCounts{Total: 96, Confirmed: 62, NoChange: 14, Rejected: 2, Unjudged: 18, Unlinked: exampleShare(20, 96, 0.2083, 0.1393, 0.2999), Minutes: 4310},
		Groups: []figures.ChangeGroup{{
			Group: "AI-assisted changes", Changes: 3000, Rate: exampleShare(24, 3000, 0.008, 0.0054, 0.0119), Suspected: exampleShare(29, 3000, 0.0097, 0.0067, 0.0139),
			Incidents: 23, Minutes: 1210, MeanServices: 2.4,
			Classes: []figures.ClassRate{{Class: correlate.ProvenanceAssisted, Changes: 3000, Rate: exampleShare(24, 3000, 0.008, 0.0054, 0.0119)}},
		}},
		Headline: exampleComparison(), Sensitivity: []figures.Comparison{suspected},
		Chance: figures.ChanceLine{From: exampleFrom(), To: exampleTo(), LookbackHours: 4, Incidents: 96, Groups: []figures.Chance{{Group: "AI-assisted changes", Observed: 31, Expected: 18.4, High: 26, P: 0.005}}},
		Weeks: []figures.Week{{
			Starts: exampleFrom(), Groups: []figures.WeekOf{{Group: "AI-assisted changes", Changes: 170, Events: 1}}, All: exampleShare(3, 640, 0.0047, 0.0016, 0.0137), High: 0.0153,
		}},
	}
}

func exampleAccuracy() figures.Accuracy {
	return figures.Accuracy{
		AsOf: exampleTime(10, 5, 0), From: exampleFrom(), To: exampleTo(), Incidents: 96, Judged: 78,
		PrecisionAt1: exampleShare(49, 62, 0.7903, 0.6736, 0.8733), PrecisionAt3: exampleShare(58, 62, 0.9355, 0.8455, 0.9746),
		NoChangePrecision: exampleShare(10, 12, 0.8333, 0.552, 0.953), NoChangeRecall: exampleShare(10, 14, 0.7143, 0.4535, 0.8828),
		Calibration: &figures.Calibration{N: 74, Brier: 0.14, ECE: 0.06, Bins: []figures.CalibrationBin{{From: 0.8, To: 0.9, Stated: 0.86, Right: *exampleShare(20, 24, 0.8333, 0.6415, 0.9332)}}},
		Words:       "Held against verdicts of people who saw the finding, so agreement may be kinder than the truth; incidents that nobody judged are left out.",
	}
}

func examplePolicyEffect() figures.PolicyEffect {
	effect := exampleComparison()
	effect.Name, effect.Exposed, effect.Unexposed = "senior_approval", "AI-assisted changes with a senior approval", "AI-assisted changes without one"
	effect.Strata.By = []string{"tier", "kind"}
	return figures.PolicyEffect{
		AsOf: exampleTime(10, 5, 0), From: exampleFrom(), To: exampleTo(), SeniorLevels: []string{"senior", "staff"}, Coverage: exampleShare(2510, 3000, 0.8367, 0.823, 0.8494),
		Groups: []figures.ApprovalGroup{{
			Approval: "senior", Changes: 2510, Rate: exampleShare(17, 2510, 0.0068, 0.0042, 0.0108),
			LeadHours: &figures.Spread{Median: 21.5, P80: 60, N: 600}, BatchCommits: &figures.Spread{Median: 3, P80: 8, N: 600}, BatchLines: &figures.Spread{Median: 120, P80: 480, N: 600},
		}},
		Effect: effect,
		Words:  "Counted here are also changes that were made during an incident of their service, which the comparison with human changes leaves out as repairs; rollbacks are left out. Approval is not given at random: riskier changes may be the ones that are looked at, so a higher rate among approved changes does not show that approval harms, nor a lower one that it helps.",
	}
}

// exampleStrata are three strata with a ratio and one that has too few events
// for one.
func exampleStrata() []figures.StratumLine {
	line := func(tier, kind, team string, a, n1, b, n0 int, weight, value, lo, hi float64) figures.StratumLine {
		return figures.StratumLine{
			Values: []string{tier, kind, team}, Strata: 1, Exposed: figures.Tally{Events: a, Changes: n1}, Unexposed: figures.Tally{Events: b, Changes: n0},
			Ratio: &figures.Ratio{Value: &value, Lo: lo, Hi: &hi}, Weight: weight,
		}
	}
	few := line("tier 3", "feature_flag", "search", 0, 90, 1, 260, 0.06, 0, 0, 0)
	few.Ratio = nil
	rest := line("", "", "", 5, 900, 9, 2100, 0.3, 1.3, 0.44, 3.86)
	rest.Values, rest.Strata = []string{"all others"}, 27
	return []figures.StratumLine{
		line("tier 1", "deploy", "payments", 9, 640, 8, 1100, 0.28, 1.93, 0.75, 4.98), line("tier 2", "deploy", "web", 6, 700, 7, 980, 0.21, 1.2, 0.4, 3.55),
		line("tier 2", "config", "web", 4, 400, 6, 720, 0.15, 1.2, 0.34, 4.23), few, rest,
	}
}
