package correlate

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// clock reads "10:05" as a time of the test's day; "+1 10:05" is a day later.
func clock(t testing.TB, text string) time.Time {
	t.Helper()
	day := dawn
	if rest, later := strings.CutPrefix(text, "+1 "); later {
		text, day = rest, dawn.AddDate(0, 0, 1)
	}
	at, err := time.Parse("15:04", text)
	if err != nil {
		t.Fatalf("a time reads like 10:05: %v", err)
	}
	return day.Add(at.Sub(time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)))
}

// alertOf reads "10:00 cart critical", optionally with an end as in
// "10:00-10:20", and words like #series, errors, env=staging, declared=P1.
func alertOf(t testing.TB, line string) Alert {
	t.Helper()
	parts := strings.Fields(line)
	start, end, resolved := strings.Cut(parts[0], "-")
	a := Alert{
		Source: "monitor", Service: parts[1], Severity: Severity(parts[2]), Status: AlertFiring,
		Signal: SignalErrors, Name: "Errors", StartedAt: clock(t, start), Fingerprint: parts[1],
	}
	if resolved {
		at := clock(t, end)
		a.Status, a.ResolvedAt = AlertResolved, &at
	}
	for _, word := range parts[3:] {
		key, value, _ := strings.Cut(word, "=")
		switch {
		case strings.HasPrefix(word, "#"):
			a.Fingerprint += word
		case key == "env":
			a.Environment, a.Fingerprint = value, a.Fingerprint+value
		case key == "declared":
			a.Labels = map[string]string{LabelDeclaredIncident: value}
		case key == "region":
			a.Region = value
		default:
			a.Signal = Signal(word)
		}
	}
	return a
}

func alertsOf(t testing.TB, lines []string) []Alert {
	t.Helper()
	alerts := make([]Alert, len(lines))
	for i, line := range lines {
		alerts[i] = alertOf(t, line)
	}
	return alerts
}

// callsOf reads "shop > cart > db" and "web > 300 x shard" (shard-0 to
// shard-299) as a topology.
func callsOf(t testing.TB, lines []string) *Graph {
	t.Helper()
	var topology Topology
	for _, line := range lines {
		chain := strings.Split(line, " > ")
		for i := 1; i < len(chain); i++ {
			for _, caller := range servicesOf(chain[i-1]) {
				for _, callee := range servicesOf(chain[i]) {
					topology.Edges = append(topology.Edges, Edge{Caller: caller, Callee: callee})
				}
			}
		}
	}
	return NewGraph(topology)
}

func servicesOf(text string) []string {
	var n int
	var name string
	if _, err := fmt.Sscanf(text, "%d x %s", &n, &name); err != nil {
		return []string{text}
	}
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("%s-%d", name, i)
	}
	return names
}

// picture writes an incident as one line: "10:00 open critical cart db (3)".
func picture(row Incident, rows []Incident) string {
	if row.Status == IncidentMerged {
		into := slices.IndexFunc(rows, func(r Incident) bool { return r.ID == row.MergedInto })
		return fmt.Sprintf("%s %s merged into %s", row.StartedAt.Format("15:04"), row.Services[0],
			rows[into].StartedAt.Format("15:04"))
	}
	return fmt.Sprintf("%s %s %s %s (%d)", row.StartedAt.Format("15:04"), row.Status, row.Severity,
		strings.Join(row.Services, " "), len(row.Alerts))
}

func pictures(rows []Incident) []string {
	lines := []string{}
	for _, row := range rows {
		lines = append(lines, picture(row, rows))
	}
	slices.Sort(lines)
	return lines
}
