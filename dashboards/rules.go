package dashboards

import (
	"embed"
	"fmt"
)

//go:embed reader.sql
var readerSQL embed.FS

// The members of Grafana's alerting provisioning file that we set.
type (
	ruleFile struct {
		APIVersion int         `yaml:"apiVersion"`
		Groups     []ruleGroup `yaml:"groups"`
	}
	ruleGroup struct {
		OrgID    int    `yaml:"orgId"`
		Name     string `yaml:"name"`
		Folder   string `yaml:"folder"`
		Interval string `yaml:"interval"`
		Rules    []rule `yaml:"rules"`
	}
	rule struct {
		UID          string            `yaml:"uid"`
		Title        string            `yaml:"title"`
		Condition    string            `yaml:"condition"`
		Data         []ruleData        `yaml:"data"`
		DashboardUID string            `yaml:"dashboardUid"`
		PanelID      int               `yaml:"panelId"`
		NoData       string            `yaml:"noDataState"`
		ExecErr      string            `yaml:"execErrState"`
		For          string            `yaml:"for"`
		Annotations  map[string]string `yaml:"annotations"`
		Labels       map[string]string `yaml:"labels"`
	}
	ruleData struct {
		RefID      string         `yaml:"refId"`
		Range      *ruleRange     `yaml:"relativeTimeRange,omitempty"`
		Datasource string         `yaml:"datasourceUid"`
		Model      map[string]any `yaml:"model"`
	}
	ruleRange struct {
		From int `yaml:"from"`
		To   int `yaml:"to"`
	}
)

// expressions is the name of Grafana's built-in source for reduce and threshold.
const expressions = "__expr__"

// alarm is one alert rule before Grafana's form of it: the statement gives one
// row with one number, which must stay at or below the limit.
type alarm struct {
	uid, title, summary, sql string
	limit                    float64
	wait                     string
	noData                   string
	// board and panel name where a reader of the alert should look.
	board, panel string
	severity     string
}

// alarms look at windows well above their interval, because events reach the
// store with some delay. They avoid the plugin's front-end macros, which alert
// rules do not expand.
func alarms() []alarm {
	return []alarm{
		{
			uid: "faultline-probable-cause", title: "A serious incident has a probable cause", board: "faultline-incidents", panel: "Incidents and their first suspect", severity: "info", noData: "OK", wait: "0s",
			summary: "A recorded change is the probable cause of an open critical or high incident; open Faultline to confirm it or rule it out.", sql: "alarm_probable",
		},
		{
			uid: "faultline-ingest-silent", title: "No event has been stored for 15 minutes", board: "faultline-health", panel: "Events stored", severity: "critical", noData: "Alerting", wait: "5m",
			summary: "Nothing has reached the store: while this lasts no finding can name a recent change.", sql: "alarm_silence", limit: 900,
		},
		{
			uid: "faultline-dead-letters", title: "Messages cannot be read", board: "faultline-health", panel: "Latest dead letters", severity: "warning", noData: "OK", wait: "0s",
			summary: "Messages went to dead letters in the last 15 minutes; their reason names the field and the mend.", sql: "alarm_dead_letters",
		},
		{
			uid: "faultline-finding-late", title: "Findings are late", board: "faultline-health", panel: "Incidents without a finding", severity: "warning", noData: "OK", wait: "0s",
			summary: "An incident of the last 15 minutes has waited for its first finding for more than a minute.", sql: "alarm_backlog",
		},
		{
			uid: "faultline-undelivered", title: "Notifications cannot be delivered", board: "faultline-health", panel: "What could not be told", severity: "warning", noData: "OK", wait: "0s",
			summary: "A room or an address could not be told of an incident after all attempts; the panel has the reason. Mend it, then ask for another attempt on Faultline's administration page.", sql: "alarm_undelivered",
		},
	}
}

// rulesFile is the alert rules in Grafana's provisioning form.
func rulesFile(o Options) (ruleFile, error) {
	group := ruleGroup{OrgID: 1, Name: "faultline", Folder: "Faultline", Interval: "1m"}
	for _, a := range alarms() {
		sql, err := readSQL(a.sql)
		if err != nil {
			return ruleFile{}, fmt.Errorf("alert rule %s: %w", a.uid, err)
		}
		panel, err := panelID(a.board, a.panel)
		if err != nil {
			return ruleFile{}, fmt.Errorf("alert rule %s: %w", a.uid, err)
		}
		group.Rules = append(group.Rules, a.rule(sql, o.Datasource, panel))
	}
	return ruleFile{APIVersion: 1, Groups: []ruleGroup{group}}, nil
}

// rule is the alarm in Grafana's form: query, last value, threshold.
func (a alarm) rule(sql, datasource string, panel int) rule {
	return rule{
		UID: a.uid, Title: a.title, Condition: "C", DashboardUID: a.board, PanelID: panel, NoData: a.noData, ExecErr: "Error", For: a.wait,
		Annotations: map[string]string{"summary": a.summary}, Labels: map[string]string{"severity": a.severity, "service": "faultline"},
		Data: []ruleData{
			{RefID: "A", Range: &ruleRange{From: 900}, Datasource: datasource, Model: map[string]any{
				"refId": "A", "editorType": "sql", "queryType": "table", "format": formatTable, "rawSql": sql,
			}},
			{RefID: "B", Datasource: expressions, Model: map[string]any{"refId": "B", "type": "reduce", "expression": "A", "reducer": "last"}},
			{RefID: "C", Datasource: expressions, Model: map[string]any{
				"refId": "C", "type": "threshold", "expression": "B",
				"conditions": []map[string]any{{"evaluator": map[string]any{"type": "gt", "params": []float64{a.limit}}}},
			}},
		},
	}
}

// panelID is the number that a panel gets on its dashboard: rows count too.
func panelID(uid, title string) (int, error) {
	for _, b := range boards() {
		if b.uid != uid {
			continue
		}
		id := 0
		for _, r := range b.rows {
			id++
			for _, p := range r.panels {
				if id++; p.title == title {
					return id, nil
				}
			}
		}
	}
	return 0, fmt.Errorf("dashboard %s has no panel %q", uid, title)
}
