package dashboards

import (
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/barchart"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/text"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// shape is how a panel draws its rows.
type shape int

const (
	shapeStat shape = iota
	shapeTable
	shapeLines
	shapeBars   // Bars over time, stacked.
	shapeGroups // Bars over names.
	shapeText
)

// Units as Grafana spells them.
const (
	unitCount   = "short"
	unitShare   = "percentunit"
	unitSeconds = "s"
	unitMinutes = "m"
	unitRate    = "eps"
	unitPlain   = "none"
)

// panel is one panel before Grafana's model is made of it. SQL names a file
// under sql/ without its ending; text panels have words instead.
type panel struct {
	shape         shape
	title, about  string
	sql, words    string
	width, height uint32
	unit          string
	// units are units of single columns, links addresses behind them.
	units map[string]string
	links map[string]link
	// bad is the number of a stat from which on it is red; 0 leaves it without
	// colour, as numbers that are neither good nor bad are.
	bad float64
	// page is where the panel's heading leads, for those on which people act.
	page *link
}

// link is an address behind the cells of a column or the heading of a panel.
type link struct{ title, url string }

// Build makes Grafana's panel, which the kit places after the one before.
func (p panel) Build() (dashboard.Panel, error) {
	made, err := p.bare()
	if err != nil {
		return dashboard.Panel{}, fmt.Errorf("panel %q: %w", p.title, err)
	}
	ref := source()
	made.Title, made.Description, made.Datasource = &p.title, &p.about, &ref
	made.GridPos = &dashboard.GridPos{W: p.width, H: p.height}
	if p.page != nil {
		made.Links = []dashboard.DashboardLink{{Title: p.page.title, Type: dashboard.DashboardLinkTypeLink, Url: &p.page.url, Tags: []string{}, TargetBlank: true}}
	}
	if p.shape == shapeText {
		made.Datasource = nil
		return made, nil
	}
	sql, err := readSQL(p.sql)
	if err != nil {
		return dashboard.Panel{}, fmt.Errorf("panel %q: %w", p.title, err)
	}
	made.Targets = append(made.Targets, newQuery(sql, p.format()))
	p.dress(&made)
	return made, nil
}

// format is the result format that the shape draws.
func (p panel) format() int {
	if p.shape == shapeLines || p.shape == shapeBars {
		return formatSeries
	}
	return formatTable
}

// bare is the panel with the options of its shape only.
func (p panel) bare() (dashboard.Panel, error) {
	switch p.shape {
	case shapeStat:
		reduce := common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"}).Values(false)
		made := stat.NewPanelBuilder().ReduceOptions(reduce).GraphMode(common.BigValueGraphModeNone).
			ColorMode(common.BigValueColorModeNone).Orientation(common.VizOrientationAuto).NoValue(nothing)
		if p.bad > 0 {
			steps := []dashboard.Threshold{{Color: "green"}, {Color: "red", Value: &p.bad}}
			made.ColorMode(common.BigValueColorModeValue).Thresholds(dashboard.NewThresholdsConfigBuilder().Mode(dashboard.ThresholdsModeAbsolute).Steps(steps))
		}
		return made.Build()
	case shapeTable:
		footer := common.NewTableFooterOptionsBuilder().Show(false).Reducer([]string{})
		return table.NewPanelBuilder().ShowHeader(true).Filterable(true).Footer(footer).Build()
	case shapeLines:
		return timeseries.NewPanelBuilder().LineWidth(1).FillOpacity(5).ShowPoints(common.VisibilityModeAuto).
			Min(0).Legend(legend("lastNotNull", "max")).Tooltip(tooltip()).Build()
	case shapeBars:
		stack := common.NewStackingConfigBuilder().Mode(common.StackingModeNormal).Group("A")
		return timeseries.NewPanelBuilder().DrawStyle(common.GraphDrawStyleBars).LineWidth(0).FillOpacity(80).Stacking(stack).
			Min(0).Legend(legend("sum")).Tooltip(tooltip()).Build()
	case shapeGroups:
		return barchart.NewPanelBuilder().Orientation(common.VizOrientationHorizontal).Stacking(common.StackingModeNormal).Build()
	default:
		return text.NewPanelBuilder().Mode(text.TextModeMarkdown).Content(p.words).Build()
	}
}

// nothing is what a single number shows when there is none, a share of no
// incidents for example.
const nothing = "none"

// legend is below the panel, each series with its numbers.
func legend(numbers ...string) *common.VizLegendOptionsBuilder {
	return common.NewVizLegendOptionsBuilder().ShowLegend(true).DisplayMode(common.LegendDisplayModeTable).Placement(common.LegendPlacementBottom).Calcs(numbers)
}

// tooltip tells all series of a moment, the greatest first.
func tooltip() *common.VizTooltipOptionsBuilder {
	return common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeMulti).Sort(common.SortOrderDescending)
}

// dress gives the panel its units and links.
func (p panel) dress(made *dashboard.Panel) {
	if made.FieldConfig == nil {
		made.FieldConfig = dashboard.NewFieldConfigSource()
	}
	unit := p.unit
	made.FieldConfig.Defaults.Unit = &unit
	for _, column := range sortedKeys(p.units) {
		p.override(made, column, "unit", p.units[column])
	}
	for _, column := range sortedKeys(p.links) {
		l := p.links[column]
		p.override(made, column, "links", []map[string]any{{"title": l.title, "url": l.url, "targetBlank": true}})
	}
}

// override sets one property of one column.
func (p panel) override(made *dashboard.Panel, column, property string, value any) {
	made.FieldConfig.Overrides = append(made.FieldConfig.Overrides, dashboard.DashboardFieldConfigSourceOverrides{
		Matcher:    dashboard.MatcherConfig{Id: "byName", Options: column},
		Properties: []dashboard.DynamicConfigValue{{Id: property, Value: value}},
	})
}
