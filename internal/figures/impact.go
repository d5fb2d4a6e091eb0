package figures

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// Impact answers whether AI-assisted changes come with more incidents.
type Impact struct {
	AsOf time.Time `json:"as_of"`
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// ObservationHours is how long a change is given to fail before it counts.
	ObservationHours float64        `json:"observation_hours"`
	Level            float64        `json:"level"`
	Population       Population     `json:"population"`
	Incidents        IncidentCounts `json:"incidents"`
	// Groups are AI-assisted, human, automation and unknown changes, in this order.
	Groups []ChangeGroup `json:"groups"`
	// Headline compares AI-assisted with human changes by confirmed incidents;
	// Sensitivity holds the same with other assumptions.
	Headline    Comparison   `json:"headline"`
	Sensitivity []Comparison `json:"sensitivity"`
	// Chance tells for each group how often its changes stand shortly before an
	// incident, against how often they would by accident.
	Chance ChanceLine `json:"chance"`
	Weeks  []Week     `json:"weeks"`
}

// Population is which changes are compared and which stand apart.
type Population struct {
	Changes        int `json:"changes"`
	Rollbacks      int `json:"rollbacks"`
	DuringIncident int `json:"during_incident"`
	Immature       int `json:"immature"`
	// Unknown is the share of compared changes whose origin nobody told.
	Unknown *Share `json:"unknown,omitempty"`
}

// IncidentCounts is how the incidents of the period stand with people.
type IncidentCounts struct {
	Total     int `json:"total"`
	Confirmed int `json:"confirmed"`
	NoChange  int `json:"no_change"`
	Rejected  int `json:"rejected"`
	Unjudged  int `json:"unjudged"`
	// Unlinked is the share that is neither laid on a change nor declared to be
	// without one.
	Unlinked *Share `json:"unlinked,omitempty"`
	// Minutes is the length of all incidents together, open ones up to now.
	Minutes float64 `json:"minutes"`
}

// ChangeGroup is one group of changes.
type ChangeGroup struct {
	Group   string `json:"group"`
	Changes int    `json:"changes"`
	// Rate counts changes that a person confirmed to have caused an incident,
	// Suspected adds those that the engine suspects where nobody judged. Both are
	// absent without changes.
	Rate      *Share `json:"rate,omitempty"`
	Suspected *Share `json:"suspected,omitempty"`
	// Incidents are those laid on changes of the group, with their minutes and
	// the mean number of services that alerted.
	Incidents    int     `json:"incidents"`
	Minutes      float64 `json:"minutes"`
	MeanServices float64 `json:"mean_services"`
	// Classes is the group by class, absent where it is one class.
	Classes []ClassRate `json:"classes,omitempty"`
}

// ClassRate is one class of changes.
type ClassRate struct {
	Class   correlate.ProvenanceClass `json:"class"`
	Changes int                       `json:"changes"`
	Rate    *Share                    `json:"rate,omitempty"`
}

// The groups that classes fall into.
const (
	groupAI         = "AI-assisted changes"
	groupHuman      = "human changes"
	groupAutomation = "automated changes"
	groupUnknown    = "changes of unknown origin"
)

// groupNames lists the groups in the order of answers.
func groupNames() []string { return []string{groupAI, groupHuman, groupAutomation, groupUnknown} }

// groupOf puts a class in its group.
func groupOf(class correlate.ProvenanceClass) string {
	switch class {
	case correlate.ProvenanceAssisted, correlate.ProvenanceAuthored, correlate.ProvenanceOperated, correlate.ProvenanceAdvised:
		return groupAI
	case correlate.ProvenanceHuman:
		return groupHuman
	case correlate.ProvenanceAutomation:
		return groupAutomation
	default:
		return groupUnknown
	}
}

// AIImpact answers for a period; zero times mean the default period, which ends
// now and starts at Anchor.
func (s *Service) AIImpact(ctx context.Context, from, to time.Time) (Impact, error) {
	p, err := s.period(from, to)
	if err != nil {
		return Impact{}, err
	}
	ledger, err := s.ledger(ctx, p)
	if err != nil {
		return Impact{}, err
	}
	var cells, weeks []query.ChangeCell
	var chance ChanceLine
	// Two statements that read most of what there is; neither needs the other.
	both, ctx := errgroup.WithContext(ctx)
	both.Go(func() (err error) {
		if cells, weeks, err = s.store.ChangeCells(ctx, p, ledger.blame); err != nil {
			return fmt.Errorf("count the changes: %w", err)
		}
		return nil
	})
	both.Go(func() (err error) {
		chance, err = s.chance(ctx, p, ledger)
		return err
	})
	if err := both.Wait(); err != nil {
		return Impact{}, err
	}
	out := Impact{
		AsOf: s.now().UTC(), From: p.From, To: p.To, ObservationHours: s.cfg.ObservationWindow.Hours(), Level: s.cfg.Level,
		Population: s.population(cells), Incidents: ledger.incidents(s.now(), s.cfg.Level), Groups: s.groups(cells, ledger),
		Chance: chance, Weeks: s.weeks(weeks),
	}
	out.Headline, out.Sensitivity = s.comparisons(cells, ledger, p)
	return out, nil
}

func (s *Service) population(cells []query.ChangeCell) Population {
	var out Population
	unknown := 0
	for i := range cells {
		c := &cells[i]
		switch c.Apart {
		case query.ApartRollback:
			out.Rollbacks += c.N
		case query.ApartDuring:
			out.DuringIncident += c.N
		case query.ApartImmature:
			out.Immature += c.N
		default:
			out.Changes += c.N
			if c.Class == correlate.ProvenanceUnknown {
				unknown += c.N
			}
		}
	}
	out.Unknown = share(unknown, out.Changes, s.cfg.Level)
	return out
}

// tally counts changes and events.
type tally struct{ n, confirmed, suspected int }

func (t *tally) add(c *query.ChangeCell) {
	t.n += c.N
	t.confirmed += len(c.Confirmed)
	t.suspected += len(union(c.Confirmed, c.Suspected))
}

// groups counts each group and its classes.
func (s *Service) groups(cells []query.ChangeCell, l *ledger) []ChangeGroup {
	classes := map[correlate.ProvenanceClass]*tally{}
	groupOfChange := map[correlate.Key]string{}
	for i := range cells {
		c := &cells[i]
		if c.Apart != query.NotApart {
			continue
		}
		if classes[c.Class] == nil {
			classes[c.Class] = &tally{}
		}
		classes[c.Class].add(c)
		for _, key := range c.Confirmed {
			groupOfChange[key] = groupOf(c.Class)
		}
	}
	burdens := l.burdens(groupOfChange, s.now())
	out := make([]ChangeGroup, 0, len(groupNames()))
	for _, name := range groupNames() {
		out = append(out, s.group(name, classes, burdens[name]))
	}
	return out
}

// classOrder is the order of classes in answers.
var classOrder = []correlate.ProvenanceClass{
	correlate.ProvenanceAssisted, correlate.ProvenanceAuthored, correlate.ProvenanceOperated, correlate.ProvenanceAdvised,
	correlate.ProvenanceHuman, correlate.ProvenanceAutomation, correlate.ProvenanceUnknown,
}

func (s *Service) group(name string, classes map[correlate.ProvenanceClass]*tally, b burden) ChangeGroup {
	var sum tally
	out := ChangeGroup{Group: name, Incidents: b.incidents, Minutes: b.minutes}
	if b.incidents > 0 {
		out.MeanServices = float64(b.services) / float64(b.incidents)
	}
	for _, class := range classOrder {
		t := classes[class]
		if t == nil || groupOf(class) != name {
			continue
		}
		sum.n, sum.confirmed, sum.suspected = sum.n+t.n, sum.confirmed+t.confirmed, sum.suspected+t.suspected
		if name == groupAI {
			out.Classes = append(out.Classes, ClassRate{Class: class, Changes: t.n, Rate: share(t.confirmed, t.n, s.cfg.Level)})
		}
	}
	out.Changes = sum.n
	out.Rate, out.Suspected = share(sum.confirmed, sum.n, s.cfg.Level), share(sum.suspected, sum.n, s.cfg.Level)
	return out
}

// union joins two lists of keys without doubles.
func union(a, b []correlate.Key) []correlate.Key {
	seen := make(map[correlate.Key]bool, len(a)+len(b))
	var out []correlate.Key
	for _, list := range [][]correlate.Key{a, b} {
		for _, key := range list {
			if !seen[key] {
				seen[key] = true
				out = append(out, key)
			}
		}
	}
	return out
}
