package clickhouse_test

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/assent"
	"github.com/faultline/faultline/internal/event"
	"github.com/faultline/faultline/internal/query"
)

// world is everything that the figures of a period can depend on. Its methods
// count by the plainest means: change by change, rule by rule, in memory.
type world struct {
	period    query.Period
	events    []event.Change
	incidents []correlate.Incident
	overrides []correlateOverride
	labels    []query.Label
	// voids are the changes whose label came after all of their events.
	voids  map[correlate.Key]bool
	wholes map[correlate.Key]wholeFact
	blame  query.Blame
}

type (
	correlateOverride struct {
		key   correlate.Key
		class correlate.ProvenanceClass
		at    time.Time
	}
	wholeFact struct {
		start                time.Time
		class                correlate.ProvenanceClass
		commits, lines, lead uint32
		approvals            []string
	}
	serviceFact struct {
		tier int
		team string
	}
)

// oracleServices are the services of every world; "nobody" is not among them,
// and "plain" has neither tier nor team.
var oracleServices = map[string]serviceFact{"cart": {1, "shop"}, "mail": {3, "post"}, "ledger": {2, "shop"}, "plain": {}}

const oracleServiceRows = `INSERT INTO topology_services (name, source, day, observed_at, tier, team) VALUES
('cart', 'x', '2026-11-01', '2026-11-01 00:00:00', 1, 'shop'), ('mail', 'x', '2026-11-01', '2026-11-01 00:00:00', 3, 'post'),
('ledger', 'x', '2026-11-01', '2026-11-01 00:00:00', 2, 'shop'), ('plain', 'x', '2026-11-01', '2026-11-01 00:00:00', 0, '')`

// drawWorld draws changes whose starts lie about the edges of a period and about
// its middle, where long periods are cut.
func drawWorld(t *rapid.T, source string, from time.Time, firstUID uint64) *world {
	length := rapid.SampledFrom([]time.Duration{time.Hour, 9 * 24 * time.Hour, 100*24*time.Hour + time.Millisecond}).Draw(t, "length")
	w := &world{period: query.Period{From: from, To: from.Add(length)}, voids: map[correlate.Key]bool{}, wholes: map[correlate.Key]wholeFact{}}
	w.period.Mature = rapid.SampledFrom([]time.Time{w.period.To, w.period.To, w.period.To, from.Add(length / 2)}).Draw(t, "mature")
	for i := range rapid.IntRange(10, 24).Draw(t, "changes") {
		key := correlate.Key{Source: source, ID: fmt.Sprintf("%s-%d", source, i)}
		w.drawChange(t, key, firstUID+uint64(10*i))
		w.drawWords(t, key)
	}
	for i := range rapid.IntRange(0, 4).Draw(t, "incidents") {
		w.drawIncident(t, fmt.Sprintf("%s-inc-%d", source, i))
	}
	return w
}

// drawStart is a moment at an edge of the period, or a moment beside one.
func (w *world) drawStart(t *rapid.T) time.Time {
	length := w.period.To.Sub(w.period.From)
	base := rapid.SampledFrom([]time.Duration{0, length / 2, length / 3, length}).Draw(t, "base")
	beside := rapid.SampledFrom([]time.Duration{-20 * time.Minute, -time.Millisecond, 0, time.Millisecond, 25 * time.Minute}).Draw(t, "beside")
	return w.period.From.Add(base + beside).Truncate(time.Millisecond)
}

// drawChange draws what is said of a change in up to four events, no two of one
// moment. A start may be corrected: a little anywhere, by weeks in the middle.
func (w *world) drawChange(t *rapid.T, key correlate.Key, uid uint64) {
	start := w.drawStart(t)
	minutes := rapid.Permutation([]int{1, 2, 3, 4}).Draw(t, "order")
	for i := range rapid.IntRange(1, 4).Draw(t, "events") {
		c := correlate.Change{
			ID: key.ID, Source: key.Source, StartedAt: start, Status: correlate.StatusSucceeded,
			Kind:        rapid.SampledFrom([]correlate.ChangeKind{correlate.KindDeploy, correlate.KindDeploy, correlate.KindDeploy, correlate.KindConfig, correlate.KindConfig, correlate.KindOther, correlate.KindOther, correlate.KindRollback}).Draw(t, "kind"),
			Services:    rapid.SampledFrom([][]string{nil, {"cart"}, {"mail", "cart"}, {"ledger", "plain"}, {"nobody"}, {"plain"}}).Draw(t, "services"),
			Environment: rapid.SampledFrom([]string{"production", "production", "production", "production", "production", "production", "", "", "staging"}).Draw(t, "environment"),
		}
		if rapid.IntRange(0, 8).Draw(t, "undoes") == 0 {
			c.RollbackOf = "another"
		}
		drawParts(t, &c)
		e := event.Change{Change: c, Meta: event.Meta{UID: uid + uint64(i), Format: "vendor", ArrivedAt: start.Add(time.Duration(minutes[i]) * time.Minute)}}
		if rapid.Bool().Draw(t, "observed") {
			// Arrived much later, and still no newer than what it says.
			e.ObservedAt, e.ArrivedAt = pointer(e.ArrivedAt), start.Add(time.Hour)
		}
		if class := rapid.SampledFrom(append(correlate.ProvenanceClasses(), "")).Draw(t, "class"); class != "" {
			e.Provenance = &correlate.Provenance{Class: class}
		}
		w.events = append(w.events, e)
		if rapid.IntRange(0, 5).Draw(t, "corrected") == 0 {
			start = start.Add(rapid.SampledFrom(w.corrections(start)).Draw(t, "by"))
		}
	}
}

// corrections are by how much a start may be corrected. What moves far over an edge
// of what is asked for is unknown there, so only starts in the middle move far, and
// not as far as where checkParts cuts.
func (w *world) corrections(start time.Time) []time.Duration {
	by := []time.Duration{-15 * time.Minute, 10 * time.Minute}
	length := w.period.To.Sub(w.period.From)
	if far := (length / 7).Truncate(time.Millisecond); start.Sub(w.period.From.Add(length/2)).Abs() < far/2 {
		by = append(by, -far, far)
	}
	return by
}

// drawParts draws the commits and approvals that an event tells.
func drawParts(t *rapid.T, c *correlate.Change) {
	if size := rapid.SampledFrom([]int{0, 0, 7, 50, 51, 250, 251, 1000, 1001, 90_000}).Draw(t, "lines"); size > 0 {
		authored := c.StartedAt.Add(-time.Duration(rapid.IntRange(0, 9000).Draw(t, "lead")) * time.Second)
		c.Commits = []correlate.Commit{{SHA: "1", Message: "m", Author: &correlate.Person{Login: "ann"}, AuthoredAt: &authored, Additions: size - size/3, Deletions: size / 3}}
	}
	for range rapid.IntRange(0, 2).Draw(t, "approvals") {
		at := c.StartedAt.Add(-time.Duration(rapid.IntRange(-1, 2).Draw(t, "approved")) * time.Second)
		c.Approvals = append(c.Approvals, correlate.Approval{
			By: rapid.SampledFrom([]string{"bob", "ann", "copilot", "cem"}).Draw(t, "by"), Level: rapid.SampledFrom([]string{"senior", "", "mid", "staff"}).Draw(t, "level"), At: &at,
		})
	}
}

// drawWords draws what people, later rules and the look at the whole say.
func (w *world) drawWords(t *rapid.T, key correlate.Key) {
	classes := correlate.ProvenanceClasses()
	roll := rapid.IntRange(0, 9)
	for i := range roll.Draw(t, "overrides") - 7 {
		class := rapid.SampledFrom(append(slices.Clone(classes), "")).Draw(t, "override")
		w.overrides = append(w.overrides, correlateOverride{key, class, noon.Add(time.Duration(i) * time.Hour)})
	}
	if roll.Draw(t, "label") == 0 {
		w.labels = append(w.labels, query.Label{Change: key, Provenance: correlate.Provenance{Class: rapid.SampledFrom(classes).Draw(t, "label class")}})
		w.voids[key] = rapid.Bool().Draw(t, "void")
	}
	if roll.Draw(t, "whole") == 0 {
		last := w.of(key)
		w.wholes[key] = wholeFact{
			start: last[len(last)-1].StartedAt, class: rapid.SampledFrom(classes).Draw(t, "whole class"), commits: rapid.Uint32Range(0, 2).Draw(t, "whole commits"),
			lines: rapid.Uint32Range(1, 2000).Draw(t, "whole lines"), lead: 60 * rapid.Uint32Range(0, 99).Draw(t, "whole lead"),
			approvals: rapid.SampledFrom([][]string{nil, {"senior\nbob"}, {"mid\nbob"}, {"senior\ncopilot"}, {"\ncem", "senior\nbob"}}).Draw(t, "whole approvals"),
		}
	}
	switch roll.Draw(t, "blame") {
	case 0:
		w.blame.Confirmed = append(w.blame.Confirmed, key)
	case 1:
		w.blame.Suspected = append(w.blame.Suspected, key)
	case 2:
		w.blame.Confirmed, w.blame.Suspected = append(w.blame.Confirmed, key), append(w.blame.Suspected, key)
	}
}

// drawIncident draws an incident that goes on when some changes begin. It may be
// merged away, or of a revision that a newer one replaces.
func (w *world) drawIncident(t *rapid.T, id string) {
	one := rapid.SampledFrom(w.events).Draw(t, "hit")
	began := one.StartedAt.Add(-time.Duration(rapid.SampledFrom([]int{0, 1, 10, 24*60 + 1}).Draw(t, "before")) * time.Minute)
	resolved := began.Add(time.Duration(rapid.SampledFrom([]int{1, 30, 3000}).Draw(t, "lasts")) * time.Minute)
	i := correlate.Incident{
		ID: id, Revision: 1, Status: correlate.IncidentResolved, StartedAt: began,
		Environment: rapid.SampledFrom([]string{"production", "production", "production", "staging"}).Draw(t, "broken"), ResolvedAt: &resolved, UpdatedAt: resolved,
		Services: rapid.SampledFrom([][]string{{"cart"}, {"mail", "ledger"}, append([]string{"nobody"}, one.Services...)}).Draw(t, "alerting"),
	}
	w.incidents = append(w.incidents, i)
	switch rapid.IntRange(0, 3).Draw(t, "newer") {
	case 0:
		i.Revision, i.Status, i.MergedInto = 2, correlate.IncidentMerged, "another"
		w.incidents = append(w.incidents, i)
	case 1:
		i.Revision, i.ResolvedAt = 2, pointer(began.Add(time.Minute))
		w.incidents = append(w.incidents, i)
	}
}

// of lists what is said of a change, the oldest statement first.
func (w *world) of(key correlate.Key) []event.Change {
	own := slices.DeleteFunc(slices.Clone(w.events), func(e event.Change) bool { return e.Key() != key })
	slices.SortFunc(own, func(a, b event.Change) int { return said(&a).Compare(said(&b)) })
	return own
}

func said(e *event.Change) time.Time {
	if e.ObservedAt != nil {
		return *e.ObservedAt
	}
	return e.ArrivedAt
}

// facts is a change as figures see it.
type facts struct {
	key                  correlate.Key
	kind                 correlate.ChangeKind
	start                time.Time
	services             []string
	lines, commits, lead uint32
	sized                uint32
	approvals            []string
	class                correlate.ProvenanceClass
	undone, elsewhere    bool
}

// known folds a change by the rules as they are written down.
func (w *world) known(key correlate.Key) facts {
	f := facts{key: key, class: correlate.ProvenanceUnknown}
	for _, e := range w.of(key) {
		f.kind, f.start = e.Kind, e.StartedAt
		f.undone = f.undone || e.RollbackOf != "" || e.Kind == correlate.KindRollback
		f.elsewhere = f.elsewhere || (e.Environment != "" && e.Environment != "production")
		if len(e.Services) > 0 {
			f.services = e.Services
		}
		if len(e.Commits) > 0 {
			c := &e.Commits[0]
			f.commits, f.lines, f.lead = 1, uint32(c.Additions+c.Deletions), uint32(e.StartedAt.Sub(*c.AuthoredAt)/time.Second)
			f.sized = f.lines
		}
		if len(e.Approvals) > 0 {
			f.approvals = assent.Counting(&e.Change)
		}
		if e.Provenance != nil && e.Provenance.Class != correlate.ProvenanceUnknown && !w.voids[key] {
			f.class = e.Provenance.Class
		}
	}
	w.whole(&f)
	w.decide(&f)
	return f
}

// whole adds what was worked out of the change, which comes after all events.
func (w *world) whole(f *facts) {
	whole, worked := w.wholes[f.key]
	if !worked {
		return
	}
	if f.approvals = whole.approvals; whole.commits > 0 {
		f.commits, f.lines, f.lead, f.sized = whole.commits, whole.lines, whole.lead, whole.lines
	}
	if whole.class != correlate.ProvenanceUnknown {
		f.class = whole.class
	}
}

// decide adds what later rules and people say of the class.
func (w *world) decide(f *facts) {
	for _, l := range w.labels {
		if l.Change == f.key && f.class == correlate.ProvenanceUnknown {
			f.class = l.Provenance.Class
		}
	}
	var last *correlateOverride
	for i := range w.overrides {
		if w.overrides[i].key == f.key {
			last = &w.overrides[i]
		}
	}
	if last != nil && last.class != "" {
		f.class = last.class
	}
}

// all are the production changes that began in the period.
func (w *world) all() []facts {
	var out []facts
	seen := map[correlate.Key]bool{}
	for i := range w.events {
		key := w.events[i].Key()
		if seen[key] {
			continue
		}
		seen[key] = true
		f := w.known(key)
		if !f.elsewhere && !f.start.Before(w.period.From) && f.start.Before(w.period.To) {
			out = append(out, f)
		}
	}
	return out
}

// repaired tells whether any statement on the change has it begin while an
// incident of one of its services went on, within a day.
func (w *world) repaired(key correlate.Key) bool {
	newest := map[string]correlate.Incident{}
	for _, i := range w.incidents {
		newest[i.ID] = i
	}
	for _, e := range w.of(key) {
		for _, i := range newest {
			end := *i.ResolvedAt
			if day := i.StartedAt.Add(24 * time.Hour); day.Before(end) {
				end = day
			}
			shared := slices.ContainsFunc(e.Services, func(s string) bool { return slices.Contains(i.Services, s) })
			if shared && i.Environment == "production" && i.Status != correlate.IncidentMerged && e.StartedAt.After(i.StartedAt) && e.StartedAt.Before(end) {
				return true
			}
		}
	}
	return false
}

func (w *world) apart(f *facts) query.Apart {
	blamed := slices.Contains(w.blame.Confirmed, f.key) || slices.Contains(w.blame.Suspected, f.key)
	switch {
	case !blamed && f.undone:
		return query.ApartRollback
	case !blamed && w.repaired(f.key):
		return query.ApartDuring
	case f.start.After(w.period.Mature):
		return query.ApartImmature
	default:
		return query.NotApart
	}
}

func tierOf(f *facts) int {
	tier := 0
	for _, s := range f.services {
		if known := oracleServices[s].tier; known > 0 && (tier == 0 || known < tier) {
			tier = known
		}
	}
	return tier
}

func teamOf(f *facts) string {
	if len(f.services) == 0 {
		return ""
	}
	return oracleServices[f.services[0]].team
}

func sizeOf(lines uint32) query.Size {
	for i, most := range []uint32{0, 50, 250, 1000} {
		if lines <= most {
			return query.Sizes()[i]
		}
	}
	return query.SizeHuge
}

func mondayOf(at time.Time) time.Time {
	day := at.Truncate(24 * time.Hour)
	return day.AddDate(0, 0, -(int(day.Weekday())+6)%7)
}
