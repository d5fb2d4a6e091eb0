package dashboards

import (
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

//go:embed sql
var sqlFiles embed.FS

// readSQL reads the statement in sql/NAME.sql.
func readSQL(name string) (string, error) {
	text, err := fs.ReadFile(sqlFiles, "sql/"+name+".sql")
	if err != nil {
		return "", fmt.Errorf("read the statement: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// board is one dashboard before Grafana's model is made of it.
type board struct {
	uid, title, about string
	// page is the built-in page of the same subject, empty for the first one.
	page string
	// from is the default time range, "now-7d" for a week.
	from      string
	refresh   string
	variables []variable
	rows      []row
}

// row is a titled group of panels.
type row struct {
	title  string
	panels []panel
}

// variable is a choice at the top of a dashboard whose values a statement
// lists. Several and "all" may be chosen unless single is set.
type variable struct {
	name, label, sql string
	single           bool
}

// tag marks our dashboards, so that each links to the others.
const tag = "faultline"

// model makes Grafana's dashboard.
func (b board) model(baseURL string) (dashboard.Dashboard, error) {
	made := dashboard.NewDashboardBuilder(b.title).
		Uid(b.uid).Description(b.about).Tags([]string{tag}).Timezone("utc").Readonly().
		Time(b.from, "now").Refresh(b.refresh).Tooltip(dashboard.DashboardCursorSyncCrosshair).
		WithVariable(dashboard.NewDatasourceVariableBuilder("datasource").Label("Data source").Type(pluginID)).
		WithVariable(dashboard.NewConstantVariableBuilder("base_url").Label("Faultline's address").
			Value(dashboard.StringOrMap{String: &baseURL})).
		Link(dashboard.NewDashboardLinkBuilder("Faultline dashboards").Type(dashboard.DashboardLinkTypeDashboards).
			Tags([]string{tag}).AsDropdown(true).KeepTime(true)).
		Link(dashboard.NewDashboardLinkBuilder("Open Faultline").Type(dashboard.DashboardLinkTypeLink).
			Url("${base_url}" + b.page).TargetBlank(true))
	for _, v := range b.variables {
		if err := addVariable(made, v); err != nil {
			return dashboard.Dashboard{}, err
		}
	}
	if err := addAnnotations(made); err != nil {
		return dashboard.Dashboard{}, err
	}
	for _, r := range b.rows {
		made.WithRow(dashboard.NewRowBuilder(r.title))
		for _, p := range r.panels {
			made.WithPanel(p)
		}
	}
	board, err := made.Build()
	number(board.Panels)
	show(&board)
	return board, err
}

// show takes the links and the switches of annotations out of the menu that the
// kit puts them in, where nobody finds them.
func show(b *dashboard.Dashboard) {
	for i := range b.Links {
		b.Links[i].Placement = nil
	}
	for i := range b.Annotations.List {
		b.Annotations.List[i].Placement = nil
	}
}

// number gives every panel and row its id; the kit leaves them empty.
func number(panels []dashboard.PanelOrRowPanel) {
	for i, p := range panels {
		id := uint32(i + 1)
		if p.RowPanel != nil {
			p.RowPanel.Id = id
			continue
		}
		p.Panel.Id = &id
	}
}

// addVariable adds a variable that a statement fills.
func addVariable(to *dashboard.DashboardBuilder, v variable) error {
	sql, err := readSQL(v.sql)
	if err != nil {
		return fmt.Errorf("variable %q: %w", v.name, err)
	}
	made := dashboard.NewQueryVariableBuilder(v.name).Label(v.label).Datasource(source()).
		Query(dashboard.StringOrMap{Map: map[string]any{"editorType": "sql", "rawSql": sql, "refId": v.name}}).
		Refresh(dashboard.VariableRefreshOnTimeRangeChanged)
	if !v.single {
		made.Multi(true).IncludeAll(true).Current(chosen("All", "$__all"))
	}
	to.WithVariable(made)
	return nil
}

// chosen is the value that a variable has before anyone picks another.
func chosen(text, value string) dashboard.VariableOption {
	return dashboard.VariableOption{
		Text:  dashboard.StringOrArrayOfString{String: &text},
		Value: dashboard.StringOrArrayOfString{String: &value},
	}
}

// addAnnotations draws incidents and changes as regions over every panel. They
// differ in text as well as in colour.
func addAnnotations(to *dashboard.DashboardBuilder) error {
	for _, a := range []struct{ name, colour, sql string }{
		{"Incidents", "red", "annotation_incidents"},
		{"AI-assisted changes", "purple", "annotation_ai_changes"},
		{"Other changes", "blue", "annotation_other_changes"},
	} {
		sql, err := readSQL(a.sql)
		if err != nil {
			return fmt.Errorf("annotation %q: %w", a.name, err)
		}
		to.Annotation(dashboard.NewAnnotationQueryBuilder().Name(a.name).Datasource(source()).
			Enable(a.name == "Incidents").IconColor(a.colour).Target(newQuery(sql, formatTable)))
	}
	return nil
}
