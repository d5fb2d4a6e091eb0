package dashboards

import (
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/common"
)

// pluginID is the data source plugin that the dashboards are written for;
// pluginVersion is the oldest version whose macros they keep to.
const (
	pluginID      = "grafana-clickhouse-datasource"
	pluginVersion = "4.12.0"
)

// Result formats of the plugin's queries.
const (
	formatSeries = 0
	formatTable  = 1
)

// query is a target of the ClickHouse plugin: SQL as text, never the plugin's
// builder, so that it can be reviewed here and run by a test.
type query struct {
	Datasource    common.DataSourceRef `json:"datasource"`
	RefID         string               `json:"refId"`
	EditorType    string               `json:"editorType"`
	PluginVersion string               `json:"pluginVersion"`
	QueryType     string               `json:"queryType"`
	Format        int                  `json:"format"`
	RawSQL        string               `json:"rawSql"`
}

// newQuery is the target A of a panel.
func newQuery(sql string, format int) query {
	kind := "table"
	if format == formatSeries {
		kind = "timeseries"
	}
	return query{
		Datasource: source(), RefID: "A", EditorType: "sql", PluginVersion: pluginVersion,
		QueryType: kind, Format: format, RawSQL: sql,
	}
}

// source refers to the data source that the reader picked on the dashboard.
func source() common.DataSourceRef {
	kind, uid := pluginID, "${datasource}"
	return common.DataSourceRef{Type: &kind, Uid: &uid}
}

// Build makes the query its own builder, as the kit wants targets.
func (q query) Build() (variants.Dataquery, error) { return q, nil }

// ImplementsDataqueryVariant marks the query as a target for the kit.
func (q query) ImplementsDataqueryVariant() {}

// DataqueryType names the plugin.
func (q query) DataqueryType() string { return pluginID }

// Equals tells whether both ask the same.
func (q query) Equals(other variants.Dataquery) bool {
	o, ok := other.(query)
	return ok && o.RawSQL == q.RawSQL && o.Format == q.Format && o.RefID == q.RefID
}

// Validate refuses a query without text.
func (q query) Validate() error {
	if q.RawSQL == "" {
		return fmt.Errorf("query %s has no SQL", q.RefID)
	}
	return nil
}
