package figures

import (
	"time"

	"github.com/faultline/faultline/internal/stats"
)

// Verdict is what may be said of a comparison.
type Verdict string

// The verdicts. None of them says that one thing causes another.
const (
	Insufficient Verdict = "insufficient_data"
	NoDifference Verdict = "no_detectable_difference"
	More         Verdict = "associated_with_more"
	Fewer        Verdict = "associated_with_fewer"
)

// Verdicts lists every verdict.
func Verdicts() []Verdict { return []Verdict{Insufficient, NoDifference, More, Fewer} }

// Comparison holds the risk of one group of changes against that of another.
type Comparison struct {
	// Name tells which line it is, Exposed and Unexposed the two groups, Events
	// what is counted: confirmed or suspected.
	Name      string `json:"name"`
	Exposed   string `json:"exposed"`
	Unexposed string `json:"unexposed"`
	Events    string `json:"events"`
	// ExposedRate and UnexposedRate are absent for a group without changes.
	ExposedRate   *Share `json:"exposed_rate,omitempty"`
	UnexposedRate *Share `json:"unexposed_rate,omitempty"`
	// Gate tells whether there is enough data, and how much is missing.
	Gate Sufficiency `json:"gate"`
	// Difference is the exposed rate less the unexposed one.
	Difference *Range `json:"difference,omitempty"`
	// Crude compares all with all. Adjusted compares within strata of tier, kind
	// and team; AdjustedForSize also of size, which may be the way by which the
	// one leads to the other. Odds is the adjusted odds ratio, a check. Exact
	// holds for few events. Corrected allows for wrong labels.
	Crude           *Ratio `json:"crude,omitempty"`
	Adjusted        *Ratio `json:"adjusted,omitempty"`
	AdjustedForSize *Ratio `json:"adjusted_for_size,omitempty"`
	Odds            *Ratio `json:"odds,omitempty"`
	Exact           *Ratio `json:"exact,omitempty"`
	Corrected       *Ratio `json:"corrected,omitempty"`
	// Bootstrap is the interval of Adjusted when incidents are drawn as wholes.
	Bootstrap *Ratio `json:"bootstrap,omitempty"`
	// Looks is the interval of Adjusted that may be looked at every week. The
	// verdict rests on it.
	Looks *Looks `json:"looks,omitempty"`
	// Homogeneity is absent while too few strata are dense enough to be tested.
	Homogeneity *Homogeneity `json:"homogeneity,omitempty"`
	// EValue is how strong a hidden cause would have to be, as a ratio of risks.
	EValue  *float64 `json:"e_value,omitempty"`
	Strata  Strata   `json:"strata"`
	Verdict Verdict  `json:"verdict"`
	Words   string   `json:"words"`
}

// Sufficiency is the least that a comparison is made from.
type Sufficiency struct {
	Enough            bool    `json:"enough"`
	Events            int     `json:"events"`
	ExpectedExposed   float64 `json:"expected_exposed"`
	ExpectedUnexposed float64 `json:"expected_unexposed"`
	// NeededPerGroup is how many changes each group needs to tell a doubling of
	// the risk with 80% power; MissingExposed and MissingUnexposed are still to
	// come.
	NeededPerGroup   int `json:"needed_per_group"`
	MissingExposed   int `json:"missing_exposed"`
	MissingUnexposed int `json:"missing_unexposed"`
}

// Looks is an interval that stays valid however often it is looked at.
type Looks struct {
	Since time.Time `json:"since"`
	Lo    float64   `json:"lo"`
	Hi    float64   `json:"hi"`
	P     float64   `json:"p"`
}

// Homogeneity tests whether one ratio fits all strata.
type Homogeneity struct {
	P       float64 `json:"p"`
	Degrees int     `json:"degrees"`
	Strata  int     `json:"strata"`
}

// Strata tells what was adjusted for.
type Strata struct {
	By []string `json:"by"`
	// Used counts the strata that compare something. ChangesOutside are in
	// strata that hold one of the groups only.
	Used           int `json:"used"`
	ChangesOutside int `json:"changes_outside"`
	// Lines are the strata that compare something, the weightiest first. Beyond
	// a number of them the rest is one line.
	Lines []StratumLine `json:"lines,omitempty"`
}

// contrast is what a comparison is made from.
type contrast struct {
	name, exposed, unexposed, events string
	by                               []string
	// strata are without size, sized with it; both hold the same changes.
	strata, sized []stats.Table
	// names are what the strata have in common, in the order of by.
	names [][]string
	// calm and clusters are for the bootstrap; no clusters, no bootstrap.
	calm     []stats.Table
	clusters []stats.Cluster
	since    time.Time
}

// compare makes every number of a comparison and its verdict.
func (s *Service) compare(c *contrast) Comparison {
	level := s.cfg.Level
	all := stats.Collapse(c.strata)
	out := Comparison{
		Name: c.name, Exposed: c.exposed, Unexposed: c.unexposed, Events: c.events,
		ExposedRate: share(int(all.A), int(all.N1), level), UnexposedRate: share(int(all.B), int(all.N0), level),
		Gate: gate(s.cfg.Gate.Check(all)),
	}
	if d, ok := stats.Newcombe(all, level); ok {
		out.Difference = &Range{Value: d.Value, Lo: d.Lo, Hi: d.Hi}
	}
	out.Crude = ratio(stats.RiskRatio(all, level))
	adjusted, ok := stats.MantelHaenszel(c.strata, level)
	out.Adjusted = ratio(adjusted, ok)
	out.AdjustedForSize = ratio(stats.MantelHaenszel(c.sized, level))
	out.Odds = ratio(stats.MantelHaenszelOdds(c.strata, level))
	out.Exact = ratio(stats.ExactRatio(c.strata, level))
	if s.cfg.Labels.Sensitivity > 0 || s.cfg.Labels.Specificity > 0 {
		out.Corrected = ratio(stats.CorrectLabels(all, s.cfg.Labels, level))
	}
	if ok {
		s.uncertainty(c, adjusted, &out)
	}
	used, outside := stats.Informative(c.strata)
	out.Strata = Strata{By: c.by, Used: used, ChangesOutside: int(outside), Lines: lines(c.strata, c.names, level)}
	out.Verdict = s.verdict(c, &out)
	out.Words = words(&out)
	return out
}

// uncertainty adds what rests on the adjusted ratio.
func (s *Service) uncertainty(c *contrast, adjusted stats.Estimate, out *Comparison) {
	if wide, p, ok := stats.Looks(adjusted, s.cfg.Level); ok {
		out.Looks = &Looks{Since: c.since, Lo: wide.Lo, Hi: wide.Hi, P: p}
	}
	if h, ok := stats.Homogeneity(c.strata); ok {
		out.Homogeneity = &Homogeneity{P: h.P, Degrees: h.Degrees, Strata: h.Strata}
	}
	out.EValue = finite(stats.EValue(adjusted.Value))
	if len(c.clusters) == 0 {
		return
	}
	if i, ok := stats.Bootstrap(c.calm, c.clusters, s.cfg.BootstrapDraws, uint64(c.since.Unix()), s.cfg.Level); ok {
		out.Bootstrap = &Ratio{Value: out.Adjusted.Value, Lo: i.Lo, Hi: finite(i.Hi)}
	}
}

// looksInAYear is how many weekly looks the exact interval is spread over where
// there is no interval for repeated looks, because one group has no event.
const looksInAYear = 52

// verdict is by the interval that allows for weekly looks.
func (s *Service) verdict(c *contrast, out *Comparison) Verdict {
	if !out.Gate.Enough {
		return Insufficient
	}
	lo, hi := 0.0, 0.0
	if out.Looks != nil {
		lo, hi = out.Looks.Lo, out.Looks.Hi
	} else if e, ok := stats.ExactRatio(c.strata, 1-(1-s.cfg.Level)/looksInAYear); ok {
		lo, hi = e.Lo, e.Hi
	} else {
		return Insufficient
	}
	switch {
	case lo > 1:
		return More
	case hi < 1:
		return Fewer
	default:
		return NoDifference
	}
}

func gate(g stats.Sufficiency) Sufficiency {
	return Sufficiency{
		Enough: g.Enough, Events: int(g.Events), ExpectedExposed: g.ExpectedExposed, ExpectedUnexposed: g.ExpectedUnexposed,
		NeededPerGroup: int(g.NeededPerArm), MissingExposed: int(g.MissingExposed), MissingUnexposed: int(g.MissingUnexposed),
	}
}
