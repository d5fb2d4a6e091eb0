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
	to := "now"
	if in.ResolvedAt != nil {
		to = strconv.FormatInt(in.ResolvedAt.Add(grafanaAfter).UnixMilli(), 10)
	}
	return s.grafana("faultline-incident", url.Values{
		"var-incident": {in.ID}, "from": {strconv.FormatInt(in.StartedAt.Add(-grafanaBefore).UnixMilli(), 10)}, "to": {to},
	})
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
