package correlate

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// regionView is what the alerts say about regions.
type regionView struct {
	// all are the regions that any alert or examined change names; symptoms are
	// the regions of the grave alerts, one per service and region.
	all      []string
	symptoms []regionSymptom
	silent   int
}

type regionSymptom struct {
	region string
	start  int64
}

// fewestRegions is how many regions a company is taken to have at least.
const fewestRegions = 3

// maxRegionVotes bounds how many alerting services are counted: they are not
// independent.
const maxRegionVotes = 3

// viewRegions collects the regions of alerts and examined changes.
func (e *Engine) viewRegions(s *scene, list []*candidate) regionView {
	var v regionView
	for i := range s.symptoms {
		y := &s.symptoms[i]
		found := false
		for _, at := range y.alerts {
			a := &s.alerts[at]
			if a.Region == "" {
				continue
			}
			found = true
			v.all = append(v.all, a.Region)
			same := func(r regionSymptom) bool { return r.region == a.Region && r.start == a.StartedAt.UnixMilli() }
			if y.grave && !slices.ContainsFunc(v.symptoms, same) {
				v.symptoms = append(v.symptoms, regionSymptom{a.Region, a.StartedAt.UnixMilli()})
			}
		}
		if !found {
			v.silent++
		}
	}
	for i := range list {
		v.all = append(v.all, list[i].detail.change.Regions...)
		for _, step := range list[i].detail.change.Rollout {
			if step.Region != "" {
				v.all = append(v.all, step.Region)
			}
		}
	}
	slices.Sort(v.all)
	v.all = slices.Compact(v.all)
	return v
}

// regionTerm compares where the alerts are with where the change was.
//
// A fault from outside hits one region or all alike. A fault of a change that
// is confined to some regions shows there, with probability Inside.
func (e *Engine) regionTerm(s *scene, v *regionView, c *candidate) (term, bool) {
	if len(v.symptoms) == 0 || len(v.all) == 0 {
		return term{}, false
	}
	confined := len(c.detail.change.Regions) > 0 || slices.ContainsFunc(c.detail.change.Rollout, func(r RolloutStep) bool { return r.Region != "" })
	if !confined {
		return e.everywhereTerm(v)
	}
	regions := math.Max(float64(len(v.all)), fewestRegions)
	votes := v.symptoms[:min(len(v.symptoms), maxRegionVotes)]
	inside, outside := 0, 0
	log := 0.0
	w := &e.weights.Confinement
	for _, vote := range votes {
		reached := float64(reachedRegions(&c.detail.change, vote.start+int64(s.skew.seconds*1000)))
		if e.covers(s, &c.detail.change, vote) {
			inside++
			log += math.Log(w.Inside / math.Max(reached, 1))
		} else {
			outside++
			log += math.Log((1 - w.Inside) / math.Max(regions-reached, 1))
		}
	}
	log -= math.Log(regionsByChance(votes, regions))
	log = min(max(log, -w.MaxLogOdds), w.MaxLogOdds)
	return term{kind: EvidenceRegion, logOdds: log, say: func() (string, []string) {
		return regionText(&c.detail.change, votes, inside, outside), nil
	}}, true
}

// everywhereTerm compares alerts in one region, or in several, with a change that
// went everywhere: a fault from outside stays in one region more often.
func (e *Engine) everywhereTerm(v *regionView) (term, bool) {
	votes := v.symptoms[:min(len(v.symptoms), maxRegionVotes)]
	if len(votes) < 2 || len(v.all) < 2 {
		return term{}, false
	}
	regions := math.Max(float64(len(v.all)), fewestRegions)
	one := 1 / regions
	for _, vote := range votes[1:] {
		if vote.region != votes[0].region {
			one = 0
		}
	}
	w := e.weights.Confinement.OneRegion
	log := math.Log((w*one + (1-w)*math.Pow(1/regions, float64(len(votes)))) / regionsByChance(votes, regions))
	return term{kind: EvidenceRegion, logOdds: log, say: func() (string, []string) {
		if one > 0 {
			return fmt.Sprintf("All alerts that name a region are in %s, though the change went everywhere.", votes[0].region), nil
		}
		return "The alerts are in several regions; the change went everywhere.", nil
	}}, true
}

// regionsByChance is the likelihood of the alerts' regions without a confined
// change: half the time one region is hit, else all alike.
func regionsByChance(votes []regionSymptom, regions float64) float64 {
	one := 1 / regions
	for _, vote := range votes[1:] {
		if vote.region != votes[0].region {
			one = 0
		}
	}
	return 0.5*one + 0.5*math.Pow(1/regions, float64(len(votes)))
}

// covers reports whether the change had reached the alert's region.
func (e *Engine) covers(s *scene, c *Change, vote regionSymptom) bool {
	steps := false
	for _, step := range c.Rollout {
		if step.Region == "" {
			continue
		}
		steps = true
		if step.Region == vote.region && step.At.UnixMilli() <= vote.start+int64(s.skew.seconds*1000) {
			return true
		}
	}
	return !steps && slices.Contains(c.Regions, vote.region)
}

// reachedRegions counts the regions that the change had reached by the moment.
func reachedRegions(c *Change, moment int64) int {
	var regions []string
	for _, step := range c.Rollout {
		if step.Region != "" && step.At.UnixMilli() <= moment && !slices.Contains(regions, step.Region) {
			regions = append(regions, step.Region)
		}
	}
	if len(regions) == 0 {
		return len(c.Regions)
	}
	return len(regions)
}

func regionText(c *Change, votes []regionSymptom, inside, outside int) string {
	var where []string
	for _, vote := range votes {
		if !slices.Contains(where, vote.region) {
			where = append(where, vote.region)
		}
	}
	slices.Sort(where)
	reached := strings.Join(c.Regions, ", ")
	if reached == "" {
		reached = "the regions of its rollout"
	}
	switch {
	case outside == 0:
		return fmt.Sprintf("The alerts are confined to %s, where the change had arrived (%s).", strings.Join(where, ", "), reached)
	case inside == 0:
		return fmt.Sprintf("The alerts are in %s, where the change had not arrived by then (it is in %s).", strings.Join(where, ", "), reached)
	default:
		return fmt.Sprintf("The alerts are in %s; the change had reached some of these regions only (%s).", strings.Join(where, ", "), reached)
	}
}

// versionTerm looks at alerts on the changed service that name a version or an
// instance: do they name what the change brought?
func (e *Engine) versionTerm(s *scene, c *candidate) (term, bool) {
	fresh, stale, alert, log := 0, 0, -1, 0.0
	w := &e.weights.Confinement
	for i := range s.alerts {
		of := e.freshness(s, &c.detail.change, &s.alerts[i])
		if of == versionUnknown {
			continue
		}
		alert = i
		// Of a guilty change's alerts, VersionFresh name what is new; without guilt
		// as many as the rollout had reached.
		chance := e.reachedShare(s, &c.detail.change, s.alerts[i].StartedAt.UnixMilli())
		switch of {
		case versionFresh:
			if fresh++; fresh <= maxRegionVotes {
				log += math.Log(w.VersionFresh / chance)
			}
		case versionStale:
			if stale++; stale <= maxRegionVotes {
				log += math.Log((1 - w.VersionFresh) / (1 - chance))
			}
		}
	}
	if fresh+stale == 0 {
		return term{}, false
	}
	log = min(max(log, -w.MaxLogOdds), w.MaxLogOdds)
	return term{kind: EvidenceVersion, logOdds: log, say: func() (string, []string) {
		return versionText(&s.alerts[alert], fresh, stale), []string{"alert:" + s.alerts[alert].Fingerprint}
	}}, true
}

// Bounds of the share of a service that is taken to be new: steps are recorded
// late, and of an ended rollout nobody knows what still runs of the old.
const (
	leastReached = 0.05
	mostReached  = 0.5
)

// reachedShare is the share of the service that the rollout's steps had reached by
// the moment; half where they do not say.
func (e *Engine) reachedShare(s *scene, c *Change, moment int64) float64 {
	percent := 0.0
	for _, step := range c.Rollout {
		if step.Region != "" {
			return mostReached
		}
		if step.At.UnixMilli() <= moment+int64(s.skew.seconds*1000) {
			percent = max(percent, step.Percent)
		}
	}
	if percent == 0 {
		return mostReached
	}
	return min(max(percent/100, leastReached), mostReached)
}

// versionMatch says whether an alert is about what a change brought.
type versionMatch uint8

const (
	versionUnknown versionMatch = iota
	versionFresh
	versionStale
)

func (e *Engine) freshness(s *scene, c *Change, a *Alert) versionMatch {
	if !slices.Contains(c.Services, a.Service) {
		return versionUnknown
	}
	switch {
	case a.Version != "" && plainVersion(a.Version) == plainVersion(c.Version):
		return versionFresh
	case a.Version != "" && plainVersion(a.Version) == plainVersion(c.PreviousVersion):
		return versionStale
	case a.Instance == "":
		return versionUnknown
	}
	return e.touched(s, c, a)
}

// touched reports whether the change had reached the instance that an alert names.
// Where only the ports differ nobody can say.
func (e *Engine) touched(s *scene, c *Change, a *Alert) versionMatch {
	named, late, doubtful, own := false, false, false, readInstance(a.Instance)
	for _, step := range c.Rollout {
		reached := step.At.UnixMilli() <= a.StartedAt.UnixMilli()+int64(s.skew.seconds*1000)
		for _, text := range step.Instances {
			named = true
			switch name := readInstance(text); {
			case reached && name.is(own):
				return versionFresh
			case name.is(own):
				late = true
			case name.onHost(own):
				doubtful = true
			}
		}
	}
	if named && (late || !doubtful) {
		return versionStale
	}
	return versionUnknown
}

func versionText(a *Alert, fresh, stale int) string {
	what := "version " + a.Version
	if a.Version == "" {
		what = "instance " + a.Instance
	}
	switch {
	case stale == 0:
		return fmt.Sprintf("%s alerts name %s of %s, which this change brought.", count(fresh, "alert"), what, a.Service)
	case fresh == 0:
		return fmt.Sprintf("%s name %s of %s, which this change had not touched.", count(stale, "alert"), what, a.Service)
	default:
		return fmt.Sprintf("%d alerts of %s are on what this change brought, %d on what it had not touched.", fresh, a.Service, stale)
	}
}

// environmentTerm speaks against changes in another environment.
func (e *Engine) environmentTerm(s *scene, c *candidate) (term, bool) {
	own := c.detail.change.Environment
	if own == "" {
		own = DefaultEnvironment
	}
	for i := range s.alerts {
		env := s.alerts[i].Environment
		if env == "" {
			env = DefaultEnvironment
		}
		if env == own {
			return term{}, false
		}
	}
	return term{kind: EvidenceRegion, logOdds: math.Log(e.weights.Confinement.OtherEnvironment), say: func() (string, []string) {
		return fmt.Sprintf("The change is in %s; no alert is.", own), nil
	}}, true
}

// count writes a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
