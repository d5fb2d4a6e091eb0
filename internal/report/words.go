package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/figures"
)

// tiles are the week's numbers with what they were before.
func tiles(p *past, r *Report) []Tile {
	week, last := p.weeks[0], p.weeks[1]
	return []Tile{
		{
			Name: "Incidents", Value: strconv.Itoa(len(week)), Basis: fmt.Sprintf("%d critical, %d high", severe(week, correlate.SeverityCritical), severe(week, correlate.SeverityHigh)),
			Before: fmt.Sprintf("week before %d, mean of 8 weeks %.1f", len(last), p.mean(func(w []fact) float64 { return float64(len(w)) })),
		},
		{
			Name: "Incident minutes", Value: thousands(int(minutes(week))), Basis: "sum over " + counted(len(week), "incident", "incidents"),
			Before: fmt.Sprintf("week before %s, mean of 8 weeks %s", thousands(int(minutes(last))), thousands(int(p.mean(minutes)))),
		},
		recoveryTile(week, last),
		rateTile(r),
		judgedTile(week),
	}
}

func recoveryTile(week, last []fact) Tile {
	median, p80, n := recovery(week)
	t := Tile{Name: "Time to recover", Value: "–", Basis: "no incident has ended", Before: "week before –"}
	if n > 0 {
		t.Value, t.Basis = fmt.Sprintf("%.0f min", median), fmt.Sprintf("median of %s that ended; four in five within %.0f min", counted(n, "incident", "incidents"), p80)
	}
	if before, _, n := recovery(last); n > 0 {
		t.Before = fmt.Sprintf("week before %.0f min (of %d)", before, n)
	}
	return t
}

// rateTile is the share of the week's changes that caused an incident. The
// figures count weeks in UTC.
func rateTile(r *Report) Tile {
	t := Tile{Name: "Changes with an incident", Value: "–", Basis: "no matured change", Before: "control limits –"}
	for i := range r.Impact.Weeks {
		w := &r.Impact.Weeks[i]
		year, number := w.Starts.ISOWeek()
		if fmt.Sprintf("%04d-W%02d", year, number) != r.Week || w.All == nil {
			continue
		}
		t.Value = fmt.Sprintf("%.2f%%", 100*w.All.Value)
		t.Basis = fmt.Sprintf("%d of %s matured changes, confirmed", w.All.Events, thousands(w.All.N))
		t.Before = fmt.Sprintf("usual range %.2f%% to %.2f%%", 100*w.Low, 100*w.High)
		if w.Out {
			t.Before = "outside its " + t.Before
		}
	}
	return t
}

func judgedTile(week []fact) Tile {
	confirmed, open := 0, 0
	for i := range week {
		switch week[i].standing.State {
		case correlate.JudgedConfirmed:
			confirmed++
		case correlate.JudgedNot, correlate.JudgedRejected:
			open++
		}
	}
	return Tile{
		Name: "Traced to a change", Value: fmt.Sprintf("%d of %d", confirmed, len(week)), Basis: "incidents, confirmed by a person",
		Before: fmt.Sprintf("%d without a cause or a verdict", open),
	}
}

func severe(week []fact, s correlate.Severity) int {
	n := 0
	for i := range week {
		if week[i].Severity == s {
			n++
		}
	}
	return n
}

func minutes(week []fact) float64 {
	sum := 0.0
	for i := range week {
		sum += week[i].minutes
	}
	return sum
}

// mean is over the weeks before.
func (p *past) mean(f func([]fact) float64) float64 {
	sum := 0.0
	for _, w := range p.weeks[1:] {
		sum += f(w)
	}
	return sum / pastWeeks
}

// recovery is the median and the 80th percentile of the lengths of incidents
// that have ended.
func recovery(week []fact) (median, p80 float64, n int) {
	var ended []float64
	for i := range week {
		if week[i].ResolvedAt != nil {
			ended = append(ended, week[i].minutes)
		}
	}
	if len(ended) == 0 {
		return 0, 0, 0
	}
	slices.Sort(ended)
	return ended[(len(ended)-1)/2], ended[(len(ended)*4+4)/5-1], len(ended)
}

// movers are the services with the most incidents above their own mean.
func movers(p *past) []Mover {
	byService := map[string]*Mover{}
	at := func(service string) *Mover {
		if byService[service] == nil {
			byService[service] = &Mover{Service: shorten(service)}
		}
		return byService[service]
	}
	for back, week := range p.weeks {
		for i := range week {
			for _, service := range week[i].Services {
				m := at(service)
				if back > 0 {
					m.Mean += 1.0 / pastWeeks
					continue
				}
				m.Incidents++
				m.Minutes += week[i].minutes
			}
		}
	}
	out := []Mover{}
	for _, m := range byService {
		if d := float64(m.Incidents) - m.Mean; d >= 1 || d <= -1 {
			out = append(out, *m)
		}
	}
	slices.SortFunc(out, func(x, y Mover) int {
		return cmp.Or(cmp.Compare(size(y), size(x)), cmp.Compare(x.Service, y.Service))
	})
	return out[:min(topMovers, len(out))]
}

// size is how far a service moved, either way.
func size(m Mover) float64 { return max(float64(m.Incidents)-m.Mean, m.Mean-float64(m.Incidents)) }

// sentence is the report in one breath.
func sentence(p *past, r *Report) string {
	week := p.weeks[0]
	if len(week) == 0 {
		return "No incident began in this week. " + verdictSentence(&r.Impact)
	}
	mean := p.mean(func(w []fact) float64 { return float64(len(w)) })
	direction := "about as many as"
	switch {
	case float64(len(week)) > 1.25*mean:
		direction = "more than"
	case float64(len(week)) < 0.75*mean:
		direction = "fewer than"
	}
	return fmt.Sprintf("%s began in this week, %s usual (%.1f a week), and took %s minutes. %s",
		counted(len(week), "incident", "incidents"), direction, mean, thousands(int(minutes(week))), verdictSentence(&r.Impact))
}

// verdictSentence is the headline of the figures, short.
func verdictSentence(i *figures.Impact) string {
	switch i.Headline.Verdict {
	case figures.More:
		return "AI-assisted changes are associated with more incidents than human ones; this is no proof of cause."
	case figures.Fewer:
		return "AI-assisted changes are associated with fewer incidents than human ones; this is no proof of cause."
	case figures.NoDifference:
		return "No difference between AI-assisted and human changes can be detected."
	default:
		return "There is not enough data yet to compare AI-assisted with human changes."
	}
}

// decisions are what somebody must decide.
func decisions(p *past, r *Report) []string {
	out := []string{}
	open := 0
	for _, week := range p.weeks {
		for i := range week {
			if s := week[i].standing.State; s == correlate.JudgedNot || s == correlate.JudgedRejected {
				open++
			}
		}
	}
	if open > 0 {
		out = append(out, fmt.Sprintf("%s of the last nine weeks wait for a verdict. Every figure here rests on verdicts.", counted(open, "incident", "incidents")))
	}
	if u := r.Impact.Population.Unknown; u != nil && u.Value > 0.2 {
		out = append(out, fmt.Sprintf("The origin of %.0f%% of changes is unknown. Should teams be asked to declare it?", 100*u.Value))
	}
	if c := r.Approval.Coverage; c != nil && c.Value < 0.9 {
		out = append(out, fmt.Sprintf("%s of %s AI-assisted changes had no senior approval before they started. Is that intended?", thousands(c.N-c.Events), thousands(c.N)))
	}
	out = append(out, r.Policy.decisions()...)
	if h := r.Impact.Headline.Homogeneity; h != nil && h.P < 0.05 {
		out = append(out, "The ratio differs between tiers, kinds or teams, so that one number for all says little. Look at the strata.")
	}
	for i := range r.Impact.Weeks {
		w := &r.Impact.Weeks[i]
		if year, number := w.Starts.ISOWeek(); w.Out && fmt.Sprintf("%04d-W%02d", year, number) == r.Week {
			out = append(out, "The share of changes with an incident lies outside its usual range this week. What was different?")
		}
	}
	return out
}

func percentOf(s *figures.Share) string {
	if s == nil {
		return "– (nothing counted)"
	}
	return fmt.Sprintf("%.1f%% (%s of %s)", 100*s.Value, thousands(s.Events), thousands(s.N))
}

// rateWords write a rate with its interval.
func rateWords(s *figures.Share) string {
	if s == nil {
		return "–"
	}
	return fmt.Sprintf("%.2f%% (%.2f to %.2f)", 100*s.Value, 100*s.Lo, 100*s.Hi)
}

// ratioWords write a ratio with its interval.
func ratioWords(r *figures.Ratio) string {
	switch {
	case r == nil:
		return "–"
	case r.Value == nil:
		return fmt.Sprintf("at least %.2f", r.Lo)
	default:
		return fmt.Sprintf("%.2f (%s)", *r.Value, figures.RangeWords(r))
	}
}

func spreadWords(s *figures.Spread, unit string) string {
	if s == nil {
		return "–"
	}
	return fmt.Sprintf("%.0f%s, four in five up to %.0f%s", s.Median, unit, s.P80, unit)
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(n) + " " + many
}

// thousands writes 12345 as 12,345.
func thousands(n int) string {
	text := strconv.Itoa(n)
	var parts []string
	for len(text) > 3 {
		parts = append([]string{text[len(text)-3:]}, parts...)
		text = text[:len(text)-3]
	}
	return strings.Join(append([]string{text}, parts...), ",")
}

// capital writes the first letter large.
func capital(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
