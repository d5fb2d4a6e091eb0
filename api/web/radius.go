package web

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/faultline/faultline/correlate"
)

// The measures of the blast radius' picture in its own units.
const (
	columnWidth = 238.0
	nodeWidth   = 188.0
	nodeHeight  = 30.0
	nodeGap     = 9.0
	graphTop    = 30.0
	graphLeft   = 8.0
	nodeLetters = 20
	// tierLetters is the room that the tier takes from a label.
	tierLetters = 4
)

// deepest is the last column of its own; services further away share it.
const deepest = 4

// The states of a node, in the order in which a reader must see them.
var nodeStates = [...]string{"changed", "alerting", "quiet", "potential"}

// stateRoom is how many nodes of a state one column shows before the rest is
// drawn as one. What alerts is shown longest.
var stateRoom = map[string]int{"changed": 8, "alerting": 12, "quiet": 6, "potential": 4}

// stateSigns stand beside the colour of a state.
var stateSigns = map[string]string{
	"changed": "◆", "alerting": "▲", "quiet": "○", "potential": "·", stateService: "○", stateHub: "⬢", stateTeam: "▤",
}

// radiusView is the blast radius as a picture and as a table.
type radiusView struct {
	Width, Height float64
	Columns       []columnView
	Nodes         []nodeView
	Edges         []edgeView
	Rows          []radiusRow
	Hidden        int
	// The counts in words.
	Changed, Alerting, Quiet, Potential int
	Tiers                               []tierCount
	Teams                               []string
	Truncated                           bool
	Legend                              []legendEntry
}

type legendEntry struct{ State, Sign, Words string }

type tierCount struct {
	Tier  string
	Count int
}

type columnView struct {
	X    float64
	Text string
}

// nodeView is a service, or many of one state that share a box.
type nodeView struct {
	X, Y, W, H   float64
	TextX, TextY float64
	State, Sign  string
	Label, Tip   string
	Tier         string
	TierX        float64
	Group        bool
	// Calls says in words what the node calls, for the steps; empty where lines or
	// the table say it.
	Calls string
}

// graphStep is a column as a list, for screens on which columns have no room
// beside each other.
type graphStep struct {
	Text  string
	Nodes []nodeView
}

// Steps are the columns from left to right.
func (v *radiusView) Steps() []graphStep {
	steps := make([]graphStep, len(v.Columns))
	for i, column := range v.Columns {
		steps[i].Text = column.Text
		for _, n := range v.Nodes {
			if n.X == column.X {
				steps[i].Nodes = append(steps[i].Nodes, n)
			}
		}
	}
	return steps
}

type edgeView struct {
	Path  string
	Class string
}

// radiusRow is a service in the table.
type radiusRow struct {
	Service, Path, State, Sign string
	Distance                   string
	Tier, Team                 string
	Calls                      []string
}

// box is a node while it is placed.
type box struct {
	column   int
	state    string
	services []correlate.BlastNode
	// name is what a box of several says of itself, empty for the usual words.
	name string
	// hub boxes have too many calls to draw.
	hub bool
	// calls says in words what the box calls.
	calls string
	pull  float64
	y     float64
}

// radiusPicture lays the graph out: changed services on the left, those that
// call them to the right, what alerts without being reached at the end.
// Changed says by what the changed ones were changed.
func radiusPicture(b *correlate.BlastRadius, changed string) *radiusView {
	v := layOut(b.Nodes, b.Edges, stateRoom, columnName)
	v.Changed, v.Alerting, v.Quiet, v.Potential = len(b.Changed), len(b.Alerting), len(b.Quiet), b.Potential
	v.Teams, v.Truncated, v.Legend, v.Tiers = b.Teams, b.Truncated, legendOf(b.Nodes, changed), tierCounts(b.PotentialByTier)
	v.Rows, v.Hidden = radiusRows(b)
	return v
}

// layOut places nodes in columns by their distance and draws the calls between
// them. Rooms says how many nodes of a state a column shows one by one.
func layOut(nodes []correlate.BlastNode, edges []correlate.Edge, rooms map[string]int, name func(int) string) *radiusView {
	columns, names := columnsOf(nodes, rooms, name)
	return placed(columns, names, edges)
}

// placed orders the boxes of each column and draws the calls between them.
func placed(columns [][]*box, names []string, edges []correlate.Edge) *radiusView {
	v := &radiusView{}
	links := linksOf(edges, homes(columns))
	for i, column := range columns {
		arrange(column, links)
		v.Columns = append(v.Columns, columnView{X: graphLeft + float64(i)*columnWidth, Text: names[i]})
		for _, x := range column {
			v.Nodes = append(v.Nodes, nodeOf(x, i))
		}
		v.Height = max(v.Height, graphTop+float64(len(column))*(nodeHeight+nodeGap))
	}
	v.Width = 2*graphLeft + float64(max(len(columns)-1, 0))*columnWidth + nodeWidth
	v.Edges = drawn(links)
	return v
}

// legendOf explains the states that the picture has.
func legendOf(nodes []correlate.BlastNode, changed string) []legendEntry {
	said := map[string]string{
		"changed": changed, "alerting": "alerting", "quiet": "quiet: should feel it and does not alert", "potential": "potential: calls lead there",
	}
	var legend []legendEntry
	for _, state := range nodeStates {
		if slices.ContainsFunc(nodes, func(n correlate.BlastNode) bool { return n.State == state }) {
			legend = append(legend, legendEntry{state, stateSigns[state], said[state]})
		}
	}
	return legend
}

func tierCounts(byTier map[string]int) []tierCount {
	var all []tierCount
	for tier, n := range byTier {
		all = append(all, tierCount{Tier: tier, Count: n})
	}
	slices.SortFunc(all, func(a, b tierCount) int { return cmp.Compare(a.Tier, b.Tier) })
	return all
}

// columnsOf groups the nodes by distance, gathers what is too many into one box
// per state, and names the columns that hold anything.
func columnsOf(nodes []correlate.BlastNode, rooms map[string]int, name func(int) string) (columns [][]*box, names []string) {
	byColumn := map[int]map[string][]correlate.BlastNode{}
	for _, n := range nodes {
		at := min(n.Distance, deepest)
		if n.Distance < 0 {
			at = deepest + 1
		}
		if byColumn[at] == nil {
			byColumn[at] = map[string][]correlate.BlastNode{}
		}
		byColumn[at][n.State] = append(byColumn[at][n.State], n)
	}
	for at := range deepest + 2 {
		if byColumn[at] == nil {
			continue
		}
		var column []*box
		for _, state := range nodeStates {
			column = append(column, boxes(byColumn[at][state], state, rooms[state], len(columns))...)
		}
		columns, names = append(columns, column), append(names, name(at))
	}
	return columns, names
}

func columnName(at int) string {
	switch at {
	case 0:
		return "Changed"
	case 1:
		return "Call it directly"
	case deepest:
		return strconv.Itoa(deepest) + " calls away or more"
	case deepest + 1:
		return "No calls lead here"
	default:
		return strconv.Itoa(at) + " calls away"
	}
}

// boxes makes one box per service, and one for all that are too many. A rest of
// one is no rest.
func boxes(nodes []correlate.BlastNode, state string, room, column int) []*box {
	if len(nodes) == room+1 {
		room++
	}
	var all []*box
	for i := range nodes[:min(len(nodes), room)] {
		all = append(all, &box{column: column, state: state, services: nodes[i : i+1]})
	}
	if len(nodes) > room {
		all = append(all, &box{column: column, state: state, services: nodes[room:]})
	}
	return all
}

// link is a call between two boxes.
type link struct{ caller, callee *box }

// linksOf joins the edges between the same two boxes.
func linksOf(edges []correlate.Edge, home map[string]*box) []link {
	var links []link
	seen := map[link]bool{}
	for i := range edges {
		l := link{home[edges[i].Caller], home[edges[i].Callee]}
		if l.caller == nil || l.callee == nil || l.caller == l.callee || seen[l] {
			continue
		}
		seen[l] = true
		links = append(links, l)
	}
	return links
}

// arrange orders a column so that few lines cross: within a state by the middle
// of what a box calls in the columns before it.
func arrange(column []*box, links []link) {
	for _, x := range column {
		sum, n := 0.0, 0
		for _, l := range links {
			other := l.callee
			if l.callee == x {
				other = l.caller
			}
			if (l.caller == x || l.callee == x) && other.column < x.column {
				sum += other.y
				n++
			}
		}
		if n > 0 {
			x.pull = sum / float64(n)
		}
	}
	slices.SortStableFunc(column, func(a, b *box) int {
		return cmp.Or(cmp.Compare(len(a.services)/2, len(b.services)/2), cmp.Compare(slices.Index(nodeStates[:], a.state), slices.Index(nodeStates[:], b.state)), cmp.Compare(a.pull, b.pull))
	})
	for i, x := range column {
		x.y = graphTop + float64(i)*(nodeHeight+nodeGap)
	}
}

func nodeOf(x *box, column int) nodeView {
	v := nodeView{
		X: graphLeft + float64(column)*columnWidth, Y: x.y, W: nodeWidth, H: nodeHeight, State: x.state, Sign: stateSigns[x.state], Group: len(x.services) > 1, Calls: x.calls,
	}
	v.TextX, v.TextY, v.TierX = v.X+10, v.Y+nodeHeight/2+4, v.X+nodeWidth-8
	if v.Group {
		v.Label = cmp.Or(label(x.name, nodeLetters), fmt.Sprintf("%d more, %s", len(x.services), x.state))
		v.Tip = v.Label + "; the table names them"
		return v
	}
	n := &x.services[0]
	letters := nodeLetters
	if n.Tier > 0 {
		letters -= tierLetters
	}
	v.Label = label(n.Service, letters)
	v.Tip = line(n.Service)
	if x.state != stateService {
		v.Tip += ": " + x.state
	}
	if n.Tier > 0 {
		v.Tier = "T" + strconv.Itoa(n.Tier)
		v.Tip += fmt.Sprintf(", tier %d", n.Tier)
	}
	return v
}

// drawn draws each call as a curve from the caller to what it calls.
func drawn(links []link) []edgeView {
	edges := make([]edgeView, 0, len(links))
	for _, l := range links {
		fromX := graphLeft + float64(l.caller.column)*columnWidth
		toX := graphLeft + float64(l.callee.column)*columnWidth + nodeWidth
		fromY, toY := l.caller.y+nodeHeight/2, l.callee.y+nodeHeight/2
		bend := (fromX - toX) / 2
		switch {
		case l.caller.column == l.callee.column:
			// Calls within a column bow out on its right side.
			fromX = toX
			bend = -26
		case l.caller.column < l.callee.column:
			fromX, toX = fromX+nodeWidth, toX-nodeWidth
			bend = (fromX - toX) / 2
		}
		class := "call"
		if hot(l.caller.state) && hot(l.callee.state) {
			class = "call hot"
		}
		edges = append(edges, edgeView{
			Path:  fmt.Sprintf("M%.1f %.1f C%.1f %.1f %.1f %.1f %.1f %.1f", fromX, fromY, fromX-bend, fromY, toX+bend, toY, toX, toY),
			Class: class,
		})
	}
	// What carries the fault is drawn last, on top.
	slices.SortStableFunc(edges, func(a, b edgeView) int { return cmp.Compare(len(a.Class), len(b.Class)) })
	return edges
}

// hot tells the states along which a fault shows.
func hot(state string) bool { return state == "changed" || state == "alerting" }

// radiusRows lists every node with what it calls inside the graph.
func radiusRows(b *correlate.BlastRadius) (rows []radiusRow, hidden int) {
	calls := map[string][]string{}
	for i := range b.Edges {
		calls[b.Edges[i].Caller] = append(calls[b.Edges[i].Caller], b.Edges[i].Callee)
	}
	nodes := slices.Clone(b.Nodes)
	slices.SortStableFunc(nodes, func(x, y correlate.BlastNode) int {
		return cmp.Compare(slices.Index(nodeStates[:], x.State), slices.Index(nodeStates[:], y.State))
	})
	for i := range nodes[:min(len(nodes), maxTableRows)] {
		n := &nodes[i]
		row := radiusRow{
			Service: n.Service, Path: servicePath(n.Service), State: n.State, Sign: stateSigns[n.State], Distance: strconv.Itoa(n.Distance),
			Tier: "unknown", Team: line(n.Team), Calls: calls[n.Service],
		}
		if n.Distance < 0 {
			row.Distance = "not reached by calls"
		}
		if n.Tier > 0 {
			row.Tier = strconv.Itoa(n.Tier)
		}
		rows = append(rows, row)
	}
	return rows, max(0, len(nodes)-maxTableRows)
}
