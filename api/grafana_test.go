package api

import (
	"encoding/json"
	"html"
	"net/url"
	"os"
	"regexp"
	"slices"
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

// TestEveryPageWithADashboardLeadsThereAndBack holds the links of the other pages
// against the dashboards that ship, and the dashboards' own link against the page.
func TestEveryPageWithADashboardLeadsThereAndBack(t *testing.T) {
	h := newHarness(t, withLetters(t, &letterBox{}), func(c *Config, _ *Deps) { c.PublicRead, c.GrafanaURL = true, "https://grafana.example" })
	for path, want := range map[string]struct {
		board, back string
		query       []string
	}{
		"/incidents/inc-7f3a":                                {"faultline-incident", "${base_url}/incidents/${incident}", []string{"var-incident", "from", "to"}},
		"/changes/checkout-1842?source=argo-cd":              {"faultline-changes", "${base_url}/changes", []string{"var-service", "from", "to"}},
		"/figures?from=2026-01-05T00:00&to=2026-05-04T00:00": {"faultline-ai-impact", "${base_url}/figures", []string{"from", "to"}},
		"/policy":                       {"faultline-policy", "${base_url}/policy", nil},
		"/policy?from=2026-01-05T00:00": {"faultline-policy", "${base_url}/policy", []string{"from", "to"}},
	} {
		found := grafanaLink.FindStringSubmatch(readAll(t, h.visit(t, path, nil)))
		if found == nil {
			t.Errorf("%s does not lead to Grafana", path)
			continue
		}
		at, err := url.Parse(html.UnescapeString(found[1]))
		if err != nil || at.Path != "/d/"+want.board {
			t.Errorf("%s leads to %s, %v", path, found[1], err)
			continue
		}
		for _, name := range want.query {
			if at.Query().Get(name) == "" {
				t.Errorf("%s: %s lacks %q", path, at, name)
			}
		}
		var board struct {
			UID        string
			Links      []struct{ URL string }
			Templating struct{ List []struct{ Name string } }
		}
		raw, err := os.ReadFile("../dashboards/grafana/dashboards/" + want.board + ".json")
		if err != nil || json.Unmarshal(raw, &board) != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(board.Links, func(l struct{ URL string }) bool { return l.URL == want.back }) || board.UID != want.board {
			t.Errorf("%s leads back to none of %+v, want %s", board.UID, board.Links, want.back)
		}
		for name := range at.Query() {
			variable, is := strings.CutPrefix(name, "var-")
			if is && !slices.ContainsFunc(board.Templating.List, func(v struct{ Name string }) bool { return v.Name == variable }) {
				t.Errorf("%s has no variable %q", want.board, variable)
			}
		}
	}
	if page := readAll(t, newHarness(t, func(c *Config, _ *Deps) { c.PublicRead = true }).visit(t, "/figures", nil)); strings.Contains(page, "Grafana") {
		t.Error("a page leads to a Grafana that is not configured")
	}
}

// TestTheFormOfTheFiguresShowsTheirPeriod holds the fields against the period that
// the figures are of, chosen or not.
func TestTheFormOfTheFiguresShowsTheirPeriod(t *testing.T) {
	h := newHarness(t, func(c *Config, _ *Deps) { c.PublicRead = true })
	page := readAll(t, h.visit(t, "/figures", nil))
	for name, at := range map[string]time.Time{"from": exampleFrom(), "to": exampleTo()} {
		if field := `name="` + name + `" type="datetime-local" value="` + at.UTC().Format("2006-01-02T15:04") + `"`; !strings.Contains(page, field) {
			t.Errorf("the page lacks %s", field)
		}
	}
	if strings.Contains(page, "The default period") {
		t.Error("the default period leads to itself")
	}
	if page := readAll(t, h.visit(t, "/figures?from=2026-02-02T00:00", nil)); !strings.Contains(page, "The default period") {
		t.Error("a chosen period does not lead back to the default one")
	}
}
