package figures

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
	"github.com/faultline/faultline/internal/stats"
)

// ChanceLine tells how often changes stand near incidents by accident alone.
type ChanceLine struct {
	From          time.Time `json:"from"`
	To            time.Time `json:"to"`
	LookbackHours float64   `json:"lookback_hours"`
	Incidents     int       `json:"incidents"`
	Groups        []Chance  `json:"groups"`
	// Insufficient says why there are no groups, empty if there are.
	Insufficient string `json:"insufficient,omitempty"`
}

// Chance is one group: of how many incidents a change of the group to one of
// the services stood shortly before the start, against the mean over random
// shifts of all incidents. It needs no verdict, so no judge can have been
// biased; it says nothing of cause.
type Chance struct {
	Group    string  `json:"group"`
	Observed int     `json:"observed"`
	Expected float64 `json:"expected"`
	// High is what chance alone stays below in 97.5 of 100 cases.
	High float64 `json:"high"`
	P    float64 `json:"p"`
}

// maxChanceIncidents bounds the work; the newest count.
const maxChanceIncidents = 2000

// minChanceSpan is the shortest record that incidents are shifted round: changes
// keep the rhythm of the week, and less than one compares a working day with a
// night or a Sunday.
const minChanceSpan = 7 * 24 * time.Hour

// nearness is the incidents and changes of the part of a period that chance is
// counted over: that in which changes were recorded at all. An incident shifted
// to before the first record would find no change there, whatever chance does.
type nearness struct {
	period   query.Period
	lookback time.Duration
	entries  []entry
	// moments are sorted milliseconds by group and service.
	moments map[string]map[string][]int64
}

func (s *Service) chance(ctx context.Context, p query.Period, l *ledger) (ChanceLine, error) {
	if from := p.To.Add(-s.cfg.ChanceReach); p.From.Before(from) {
		p.From = from
	}
	near := nearness{period: p, lookback: s.cfg.ChanceLookback, entries: l.since(p.From)}
	out := ChanceLine{From: p.From, To: p.To, LookbackHours: s.cfg.ChanceLookback.Hours(), Groups: []Chance{}}
	if len(near.entries) == 0 {
		out.Insufficient = "No incidents in the period."
		return out, nil
	}
	moments, err := s.store.ServiceMoments(ctx, p, near.services())
	if err != nil {
		return out, fmt.Errorf("list the moments of changes: %w", err)
	}
	near.take(moments)
	near.narrow()
	out.From, out.Incidents = near.period.From, len(near.entries)
	if out.Incidents == 0 || out.To.Sub(out.From) < minChanceSpan {
		out.Insufficient = "Insufficient data: chance is judged over a week of recorded changes to the services of incidents, or more."
		return out, nil
	}
	for _, name := range groupNames() {
		excess := stats.OverChance(func(step float64) float64 { return near.count(name, step) }, s.cfg.ChanceShifts, uint64(out.From.Unix()))
		out.Groups = append(out.Groups, Chance{
			Group: name, Observed: int(excess.Observed), Expected: excess.Expected, High: excess.High, P: excess.P,
		})
	}
	return out, nil
}

// since is the newest incidents that began at a moment or later.
func (l *ledger) since(from time.Time) []entry {
	var out []entry
	for i := range l.entries {
		if !l.entries[i].StartedAt.Before(from) {
			out = append(out, l.entries[i])
		}
	}
	return out[max(0, len(out)-maxChanceIncidents):]
}

func (n *nearness) services() []string {
	var names []string
	for i := range n.entries {
		names = append(names, n.entries[i].Services...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// take sorts the moments by group and service.
func (n *nearness) take(all []query.ServiceMoments) {
	n.moments = map[string]map[string][]int64{}
	for i := range all {
		name := groupOf(all[i].Class)
		if n.moments[name] == nil {
			n.moments[name] = map[string][]int64{}
		}
		list := n.moments[name][all[i].Service]
		for _, at := range all[i].At {
			list = append(list, at.UnixMilli())
		}
		slices.Sort(list)
		n.moments[name][all[i].Service] = list
	}
}

// narrow leaves out what lies before the first recorded change. Without any
// nothing is left.
func (n *nearness) narrow() {
	first := n.period.To
	for _, services := range n.moments {
		for _, list := range services {
			if at := time.UnixMilli(list[0]).UTC(); at.Before(first) {
				first = at
			}
		}
	}
	if first.After(n.period.From) {
		n.period.From = first
	}
	n.entries = slices.DeleteFunc(slices.Clone(n.entries), func(e entry) bool { return e.StartedAt.Before(n.period.From) })
}

// count is the number of incidents with a change of the group before them, when
// all incidents are moved by a share of the period.
func (n *nearness) count(group string, step float64) float64 {
	first, length := n.period.From.UnixMilli(), n.period.To.Sub(n.period.From).Milliseconds()
	shift := int64(math.Round(step * float64(length)))
	near := 0.0
	for i := range n.entries {
		at := first + (n.entries[i].StartedAt.UnixMilli()-first+shift)%length
		if n.before(group, n.entries[i].Services, at) {
			near++
		}
	}
	return near
}

// before tells whether one of the services was changed shortly before.
func (n *nearness) before(group string, services []string, at int64) bool {
	for _, service := range services {
		list := n.moments[group][service]
		i, _ := slices.BinarySearch(list, at-n.lookback.Milliseconds())
		if i < len(list) && list[i] <= at {
			return true
		}
	}
	return false
}

// Week is one week of changes.
type Week struct {
	// Starts is the Monday, in UTC.
	Starts time.Time `json:"starts"`
	Groups []WeekOf  `json:"groups"`
	// All is the share of all matured changes with a confirmed incident, absent
	// without changes. Low and High are control limits: a week outside them
	// differs from the others by more than noise.
	All  *Share  `json:"all,omitempty"`
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	Out  bool    `json:"out"`
}

// WeekOf is one group in one week.
type WeekOf struct {
	Group   string `json:"group"`
	Changes int    `json:"changes"`
	Events  int    `json:"events"`
}

// weeks sorts the weekly counts and sets control limits.
func (s *Service) weeks(cells []query.ChangeCell) []Week {
	counts := map[time.Time]map[string]tally{}
	for i := range cells {
		c := &cells[i]
		if c.Apart != query.NotApart {
			continue
		}
		if counts[c.Week] == nil {
			counts[c.Week] = map[string]tally{}
		}
		t := counts[c.Week][groupOf(c.Class)]
		t.add(c)
		counts[c.Week][groupOf(c.Class)] = t
	}
	starts := make([]time.Time, 0, len(counts))
	for at := range counts {
		starts = append(starts, at)
	}
	slices.SortFunc(starts, time.Time.Compare)
	return s.chart(starts, counts)
}

func (s *Service) chart(starts []time.Time, counts map[time.Time]map[string]tally) []Week {
	out := make([]Week, len(starts))
	events, sizes := make([]float64, len(starts)), make([]float64, len(starts))
	for i, at := range starts {
		var all tally
		out[i] = Week{Starts: at}
		for _, name := range groupNames() {
			t := counts[at][name]
			all.n, all.confirmed = all.n+t.n, all.confirmed+t.confirmed
			out[i].Groups = append(out[i].Groups, WeekOf{Group: name, Changes: t.n, Events: t.confirmed})
		}
		out[i].All = share(all.confirmed, all.n, s.cfg.Level)
		events[i], sizes[i] = float64(all.confirmed), float64(all.n)
	}
	_, points := stats.PChart(events, sizes)
	for i := range out {
		out[i].Low, out[i].High, out[i].Out = points[i].Limits.Lo, points[i].Limits.Hi, points[i].Out
	}
	return out
}

// confirmedOne tells whether a change is among those that people confirmed.
func (e *entry) confirmedOne(key correlate.Key) bool {
	return slices.Contains(e.standing.Confirmed, key)
}
