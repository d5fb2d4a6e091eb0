package web

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/faultline/faultline/correlate"
)

// serviceBody is what the service page shows.
type serviceBody struct {
	Name, Tier, Team, Environment, Lifecycle string
	Callers, Callees                         []neighbour
	Picture                                  *radiusView
	Changes                                  []changeRow
	Incidents                                []incidentRow
	AllChanges, AllIncidents                 string
}

// neighbour is a service one call away.
type neighbour struct{ Name, Path, Kind, Calls string }

func (s *Site) servicePage(w http.ResponseWriter, r *http.Request) error {
	record, err := s.deps.Services.Service(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	incidents, err := s.incidentRows(r.Context(), record.OpenIncidents)
	if err != nil {
		return err
	}
	changes, err := s.changeRows(r.Context(), record.RecentChanges)
	if err != nil {
		return err
	}
	name := record.Service.Name
	body := serviceBody{
		Name: line(name), Tier: tierWord(record.Service.Tier), Team: line(record.Service.Team), Environment: line(record.Service.Environment),
		Lifecycle: line(record.Service.Lifecycle), Changes: changes, Incidents: incidents,
		AllChanges: "/changes?service=" + url.QueryEscape(name), AllIncidents: "/?service=" + url.QueryEscape(name),
		Picture: neighbourPicture(&record),
	}
	for _, e := range record.Callers {
		body.Callers = append(body.Callers, neighbourOf(e.Caller, e))
	}
	for _, e := range record.Callees {
		body.Callees = append(body.Callees, neighbourOf(e.Callee, e))
	}
	return s.show(w, r, &view{page: "service", title: body.Name, section: "Topology", body: &body})
}

func neighbourOf(name string, e correlate.Edge) neighbour {
	n := neighbour{Name: line(name), Path: servicePath(name), Kind: words(string(cmp.Or(e.Kind, correlate.EdgeSync))), Calls: "not stated"}
	if e.CallsPerSecond > 0 {
		n.Calls = strconv.FormatFloat(e.CallsPerSecond, 'g', 3, 64) + " calls/s"
	}
	return n
}

func tierWord(tier int) string {
	if tier == 0 {
		return "unknown"
	}
	return strconv.Itoa(tier)
}

// neighbourPicture draws what a service calls on the left and what calls it on
// the right.
func neighbourPicture(record *ServiceRecord) *radiusView {
	if len(record.Callers)+len(record.Callees) == 0 {
		return nil
	}
	nodes := []correlate.BlastNode{{Service: record.Service.Name, State: "changed", Distance: 1, Tier: record.Service.Tier}}
	var edges []correlate.Edge
	for _, e := range record.Callees {
		if e.Callee != record.Service.Name {
			nodes, edges = append(nodes, correlate.BlastNode{Service: e.Callee, State: "quiet"}), append(edges, e)
		}
	}
	for _, e := range record.Callers {
		known := slices.ContainsFunc(nodes, func(n correlate.BlastNode) bool { return n.Service == e.Caller })
		edges = append(edges, e)
		if !known {
			nodes = append(nodes, correlate.BlastNode{Service: e.Caller, State: "quiet", Distance: 2})
		}
	}
	v := layOut(nodes, edges, map[string]int{"changed": 1, "quiet": 14}, func(at int) string {
		return [...]string{"It calls", "This service", "Call it"}[min(at, 2)]
	})
	for i := range v.Nodes {
		n := &v.Nodes[i]
		n.Sign = map[string]string{"changed": "◆", "quiet": "○"}[n.State]
		n.Tip, _, _ = strings.Cut(n.Tip, ":")
	}
	return v
}

// topologyBody is what the topology page shows.
type topologyBody struct {
	Text, Team     string
	Tier           string
	Tiers          []option
	Services       int
	Edges          int
	Observed       moment
	Rows           []topologyRow
	Found          int
	Next, First    string
	ByTier, ByTeam []countRow
	MoreTeams      int
	Map            *mapView
}

type topologyRow struct {
	Name, Path, Tier, Team string
	Callers, Callees       int
}

// countRow counts the services of a tier or a team.
type countRow struct {
	Name, Path string
	Count      int
	Share      float64
}

// Bounds of the topology page.
const (
	topologyPage = 100
	shownTeams   = 12
)

func (s *Site) topologyPage(w http.ResponseWriter, r *http.Request) error {
	topology, err := s.deps.Services.Topology(r.Context())
	if err != nil {
		return err
	}
	values := r.URL.Query()
	body := topologyBody{
		Text: values.Get("q"), Team: values.Get("team"), Tier: values.Get("tier"), Services: len(topology.Services), Edges: len(topology.Edges),
		Observed: s.at(topology.ObservedAt), ByTier: countsOf(topology.Services, "tier", func(x *correlate.Service) string { return tierWord(x.Tier) }),
		ByTeam: countsOf(topology.Services, "team", func(x *correlate.Service) string { return x.Team }),
	}
	slices.SortFunc(body.ByTier, func(a, b countRow) int { return cmp.Compare(a.Name, b.Name) })
	body.MoreTeams = max(0, len(body.ByTeam)-shownTeams)
	body.ByTeam = body.ByTeam[:min(len(body.ByTeam), shownTeams)]
	for _, tier := range []string{"1", "2", "3", "4", "unknown"} {
		body.Tiers = append(body.Tiers, option{Value: tier, Name: "Tier " + tier, Chosen: tier == body.Tier})
	}
	body.list(&topology, values.Get("cursor"), r.URL)
	return s.show(w, r, &view{page: "topology", title: "Topology", section: "Topology", body: &body})
}

// list fills one page of the services that the filter leaves, by name.
func (b *topologyBody) list(t *correlate.Topology, after string, here *url.URL) {
	callers, callees := map[string]int{}, map[string]int{}
	for i := range t.Edges {
		callers[t.Edges[i].Callee]++
		callees[t.Edges[i].Caller]++
	}
	found := make([]*correlate.Service, 0, len(t.Services))
	for i := range t.Services {
		if x := &t.Services[i]; b.takes(x) {
			found = append(found, x)
		}
	}
	slices.SortFunc(found, func(x, y *correlate.Service) int { return cmp.Compare(x.Name, y.Name) })
	b.Found = len(found)
	b.Map = topologyMap(found, t.Edges)
	next := ""
	for _, x := range found {
		if after != "" && x.Name <= after {
			continue
		}
		if len(b.Rows) == topologyPage {
			next = b.Rows[len(b.Rows)-1].Name
			break
		}
		b.Rows = append(b.Rows, topologyRow{
			Name: x.Name, Path: servicePath(x.Name), Tier: tierWord(x.Tier), Team: line(x.Team),
			Callers: callers[x.Name], Callees: callees[x.Name],
		})
	}
	b.Next, b.First = around(here, next)
}

// takes applies the filter of the form.
func (b *topologyBody) takes(x *correlate.Service) bool {
	return (b.Text == "" || strings.Contains(strings.ToLower(x.Name), strings.ToLower(b.Text))) &&
		(b.Team == "" || x.Team == b.Team) && (b.Tier == "" || tierWord(x.Tier) == b.Tier)
}

// countsOf counts services by a property, the most frequent first.
func countsOf(services []correlate.Service, parameter string, of func(*correlate.Service) string) []countRow {
	counts := map[string]int{}
	for i := range services {
		counts[of(&services[i])]++
	}
	rows := make([]countRow, 0, len(counts))
	for name, n := range counts {
		row := countRow{Name: line(name), Count: n, Share: float64(n) / float64(len(services)), Path: "/topology?" + parameter + "=" + url.QueryEscape(name)}
		if name == "" {
			row.Name, row.Path = "not stated", ""
		}
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b countRow) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name)) })
	return rows
}
