package correlate

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// rows appends the rows of the region's incidents. With take they carry on
// from the revisions returned before, and every id ever returned has a row.
func (g *Grouper) rows(rows []Incident, r *region, take bool) []Incident {
	for _, c := range r.clusters {
		from := len(rows)
		if c.founder != nil {
			rows = append(rows, c.living(g.asOf, &g.cfg))
			for _, m := range c.merged {
				rows = append(rows, c.mergedRow(m))
			}
		}
		if take {
			rows = c.carryOn(rows, from)
		}
	}
	return rows
}

// carryOn keeps the revisions of the rows from a position on from going down,
// and adds the rows of ids that are no incident any more.
func (c *cluster) carryOn(rows []Incident, from int) []Incident {
	present := make(map[string]int, len(rows)-from)
	for i := from; i < len(rows); i++ {
		present[rows[i].ID] = i
	}
	for _, e := range c.members {
		i, ok := present[e.id]
		if !ok {
			if e.emitted == 0 {
				continue
			}
			i = len(rows)
			rows = append(rows, c.mergedRow(mergedID{founder: e, at: e.start, size: 1, hops: 1}))
		}
		e.settle(&rows[i])
	}
	return rows
}

// settle fixes the revision of a row: never below one that was returned
// before, and above it when a merged incident comes back to life or the other
// way round.
func (e *episode) settle(row *Incident) {
	now := shownLiving
	if row.Status == IncidentMerged {
		now = shownMerged
	}
	if row.Revision <= e.emitted && e.shown != shownUnknown && e.shown != now {
		row.Revision = e.emitted + 1
	}
	row.Revision = max(row.Revision, e.emitted)
	e.emitted, e.shown = row.Revision, now
}

// living is the row of the incident. Its revision counts facts: alerts, the
// ends of alerts, and how often the incident was resolved.
func (c *cluster) living(asOf int64, cfg *GroupConfig) Incident {
	s := c.state(asOf, cfg)
	row := Incident{
		ID:          c.founder.id,
		Revision:    int64(len(c.members)) + s.resolves + s.quietings,
		Title:       c.title(),
		Status:      s.status,
		Environment: c.founder.environment(),
		StartedAt:   timeOf(c.founder.start),
		UpdatedAt:   timeOf(s.updated),
	}
	if s.status != IncidentOpen {
		end := timeOf(s.end)
		row.ResolvedAt = &end
	}
	for _, e := range c.members {
		row.Alerts = append(row.Alerts, e.key.alertKey())
		row.Services = append(row.Services, e.alert.Service)
		row.Regions = appendNonEmpty(row.Regions, e.alert.Region)
		row.Declared = appendNonEmpty(row.Declared, e.alert.Labels[LabelDeclaredIncident])
		if e.severity.Rank() > row.Severity.Rank() || row.Severity == "" {
			row.Severity = e.severity
		}
	}
	row.Services, row.Regions = distinct(row.Services), distinct(row.Regions)
	row.Declared = distinct(row.Declared)
	row.Signals = c.signals()
	return row
}

// mergedRow is the row of an id that lives on under another one. Its revision
// is greater than any that the incident can have had before.
func (c *cluster) mergedRow(m mergedID) Incident {
	e := m.founder
	row := Incident{
		ID:          e.id,
		Revision:    3*m.size + m.hops,
		Title:       titleOf(e, 1),
		Status:      IncidentMerged,
		Severity:    e.severity,
		Environment: e.environment(),
		StartedAt:   timeOf(e.start),
		UpdatedAt:   timeOf(m.at),
		Services:    []string{e.alert.Service},
		Regions:     appendNonEmpty(nil, e.alert.Region),
		Alerts:      []AlertKey{e.key.alertKey()},
	}
	if e.alert.Signal != "" {
		row.Signals = []Signal{e.alert.Signal}
	}
	if c.founder != nil {
		row.MergedInto = c.founder.id
		return row
	}
	// The alert was found to be a mere note, and nothing else is left.
	row.Status, row.ResolvedAt = IncidentResolved, &row.StartedAt
	return row
}

// titleOf names an alert and how many services its incident touches.
func titleOf(e *episode, services int) string {
	title := cmp.Or(e.alert.Name, "Alert") + " on " + cmp.Or(e.alert.Service, "an unnamed service")
	switch {
	case services == 2:
		title += " and 1 more service"
	case services > 2:
		title += " and " + strconv.Itoa(services-1) + " more services"
	}
	return title
}

// title names the gravest alert, the earliest of them, and how far it spread.
func (c *cluster) title() string {
	worst := c.founder
	if source, blind := worst.site.blindTo(); blind {
		return "No data from " + cmp.Or(source, "the monitoring") + " of " + count(len(c.services()), "service")
	}
	services := c.services()
	for _, e := range c.members {
		if e.severity.Rank() > worst.severity.Rank() {
			worst = e
		}
	}
	return titleOf(worst, len(services))
}

// ids are those that the incident has, or that parts of it may have had before
// they were merged.
func (c *cluster) ids() []string {
	ids := make([]string, len(c.members))
	for i, e := range c.members {
		ids[i] = e.id
	}
	return ids
}

// services are those that the members are of.
func (c *cluster) services() map[string]struct{} {
	services := map[string]struct{}{}
	for _, e := range c.members {
		services[e.alert.Service] = struct{}{}
	}
	return services
}

// signals lists the signals of the members in the order of [Signals].
func (c *cluster) signals() []Signal {
	var found []Signal
	for _, s := range Signals() {
		if slices.ContainsFunc(c.members, func(e *episode) bool { return e.alert.Signal == s }) {
			found = append(found, s)
		}
	}
	return found
}

func appendNonEmpty(list []string, value string) []string {
	if value == "" {
		return list
	}
	return append(list, value)
}

func distinct(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

func timeOf(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
