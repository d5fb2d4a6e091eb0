package web

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/faultline/faultline/correlate"
)

// How much time around an incident its dashboard shows.
const (
	grafanaBefore = 2 * time.Hour
	grafanaAfter  = 30 * time.Minute
)

// grafanaIncident leads to the dashboard of one incident over its time, empty
// where no Grafana is configured. The names are those of the dashboards that
// ship.
func (s *Site) grafanaIncident(in *correlate.Incident) string {
	query := aroundTime(in.StartedAt, in.ResolvedAt)
	query.Set("var-incident", in.ID)
	return s.grafana("faultline-incident", query)
}

// grafanaChange leads to the flow of changes of a change's services around it.
func (s *Site) grafanaChange(c *correlate.Change) string {
	query := aroundTime(c.StartedAt, c.FinishedAt)
	query["var-service"] = c.Services[:min(len(c.Services), maxRowServices)]
	return s.grafana("faultline-changes", query)
}

// aroundTime is the time range of what began and, unless it goes on, ended.
func aroundTime(began time.Time, ended *time.Time) url.Values {
	var to time.Time
	if ended != nil {
		to = ended.Add(grafanaAfter)
	}
	return grafanaSpan(began.Add(-grafanaBefore), to)
}

// grafanaSpan is a time range as Grafana reads it. A zero end leaves that end to
// the dashboard, or to now where there is a beginning.
func grafanaSpan(from, to time.Time) url.Values {
	query := url.Values{}
	if from.IsZero() {
		return query
	}
	query.Set("from", strconv.FormatInt(from.UnixMilli(), 10))
	query.Set("to", "now")
	if !to.IsZero() {
		query.Set("to", strconv.FormatInt(to.UnixMilli(), 10))
	}
	return query
}

// grafana leads to a dashboard, empty where no Grafana is configured.
func (s *Site) grafana(dashboard string, query url.Values) string {
	if s.deps.Grafana == "" {
		return ""
	}
	address := strings.TrimRight(s.deps.Grafana, "/") + "/d/" + dashboard
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	return address
}
