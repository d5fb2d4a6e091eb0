package api

import (
	"encoding/json"
	"html"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

var grafanaLink = regexp.MustCompile(`href="([^"]*/d/[^"]*)"`)

// TestThePageLeadsToItsDashboard holds the link against the dashboard that
// ships: its name and its variable must be those.
func TestThePageLeadsToItsDashboard(t *testing.T) {
	if page := readAll(t, newHarness(t, func(c *Config, _ *Deps) { c.PublicRead = true }).visit(t, "/incidents/inc-7f3a", nil)); strings.Contains(page, "Grafana") {
		t.Error("a page leads to a Grafana that is not configured")
	}
	h := newHarness(t, func(c *Config, _ *Deps) { c.PublicRead, c.GrafanaURL = true, "https://grafana.example/sub/" })
	found := grafanaLink.FindStringSubmatch(readAll(t, h.visit(t, "/incidents/inc-7f3a", nil)))
	if found == nil {
		t.Fatal("the page does not lead to Grafana")
	}
	at, err := url.Parse(html.UnescapeString(found[1]))
	if err != nil || at.Host != "grafana.example" || !strings.HasPrefix(at.Path, "/sub/d/") {
		t.Fatalf("%s: %v", found[1], err)
	}
	var board struct {
		UID        string
		Templating struct{ List []struct{ Name string } }
	}
	raw, err := os.ReadFile("../dashboards/grafana/dashboards/faultline-incident.json")
	if err != nil || json.Unmarshal(raw, &board) != nil {
		t.Fatal(err)
	}
	if uid := strings.TrimPrefix(at.Path, "/sub/d/"); uid != board.UID {
		t.Errorf("leads to %q, the dashboard is %q", uid, board.UID)
	}
	known := false
	for _, v := range board.Templating.List {
		known = known || v.Name == "incident"
	}
	if q := at.Query(); !known || q.Get("var-incident") != "inc-7f3a" || q.Get("from") == "" || q.Get("to") == "" {
		t.Errorf("%s; the dashboard knows the variable: %t", at, known)
	}
}

func TestTheDashboardOfAnEndedIncidentEndsWithIt(t *testing.T) {
	h := newHarness(t, func(c *Config, _ *Deps) { c.PublicRead, c.GrafanaURL = true, "https://grafana.example" })
	link := func() url.Values {
		found := grafanaLink.FindStringSubmatch(readAll(t, h.visit(t, "/incidents/inc-7f3a", nil)))
		at, err := url.Parse(html.UnescapeString(found[1]))
		if err != nil {
			t.Fatal(err)
		}
		return at.Query()
	}
	h.store.set(func(f *fakeStore) { f.incidents[0].ResolvedAt = nil })
	if to := link().Get("to"); to != "now" {
		t.Errorf("an open incident's dashboard ends at %q", to)
	}
	ended := exampleTime(11, 0, 0)
	h.store.set(func(f *fakeStore) { f.incidents[0].ResolvedAt = &ended })
	if to := link().Get("to"); to != "1777894200000" || time.UnixMilli(1777894200000).UTC() != ended.Add(30*time.Minute) {
		t.Errorf("an ended incident's dashboard ends at %q", to)
	}
}
