package dashboards

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// rendered are the files with default options.
func rendered(t *testing.T) []File {
	t.Helper()
	files, err := Files(DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestDashboardsDecodeStrictly(t *testing.T) {
	plugins.RegisterDefaultPlugins()
	cog.NewRuntime().RegisterDataqueryVariant(variant())
	for _, f := range rendered(t) {
		if !strings.HasSuffix(f.Path, ".json") {
			continue
		}
		var model dashboard.Dashboard
		if err := model.UnmarshalJSONStrict(f.Content); err != nil {
			t.Errorf("%s: %v", f.Path, err)
		}
		if model.SchemaVersion != 42 || model.Editable == nil || *model.Editable {
			t.Errorf("%s: schema version %d, editable %v", f.Path, model.SchemaVersion, model.Editable)
		}
	}
}

func TestCommittedFilesAreTheRenderedOnes(t *testing.T) {
	committed := 0
	for _, f := range rendered(t) {
		have, err := os.ReadFile(filepath.Join("grafana", f.Path))
		if err != nil || !bytes.Equal(have, f.Content) {
			t.Errorf("grafana/%s is out of date (%v); run `go generate ./dashboards`", f.Path, err)
		}
		committed++
	}
	found := 0
	err := filepath.WalkDir("grafana", func(_ string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			found++
		}
		return err
	})
	if err != nil || found != committed {
		t.Errorf("grafana/ holds %d files, %d are rendered (%v)", found, committed, err)
	}
}

func TestTheSameOptionsGiveTheSameBytes(t *testing.T) {
	first, second := rendered(t), rendered(t)
	for i := range first {
		if first[i].Path != second[i].Path || !bytes.Equal(first[i].Content, second[i].Content) {
			t.Errorf("%s differs between two renderings", first[i].Path)
		}
	}
}

// TestEveryPanelKeepsTheRules is our own lint of what a strict decoder does
// not see.
func TestEveryPanelKeepsTheRules(t *testing.T) {
	titles, uids := map[string]bool{}, map[string]bool{}
	for _, b := range boards() {
		if titles[b.title] || uids[b.uid] || len(b.uid) > 40 {
			t.Errorf("%s: title or uid is not unique or too long", b.uid)
		}
		titles[b.title], uids[b.uid] = true, true
		for _, r := range b.rows {
			width := uint32(0)
			for _, p := range r.panels {
				lint(t, b, p)
				width += p.width
			}
			if width%24 != 0 {
				t.Errorf("%s: row %q is %d wide, not a multiple of 24", b.uid, r.title, width)
			}
		}
	}
}

var (
	usedVariable = regexp.MustCompile(`\$\{?(\w+)`)
	validUnits   = []string{unitCount, unitShare, unitSeconds, unitMinutes, unitRate, unitPlain}
)

func lint(t *testing.T, b board, p panel) {
	t.Helper()
	at := b.uid + ", " + p.title
	if p.title == "" || !strings.HasSuffix(p.about, ".") {
		t.Errorf("%s: a panel has a title and a sentence about it", at)
	}
	if p.shape == shapeText {
		return
	}
	if !slices.Contains(validUnits, p.unit) {
		t.Errorf("%s: unit %q", at, p.unit)
	}
	sql, err := readSQL(p.sql)
	if err != nil {
		t.Fatal(err)
	}
	bounded := strings.Contains(sql, "$__timeFilter_ms") || strings.Contains(sql, "$__fromTime_ms") || strings.Contains(sql, "LIMIT")
	if !bounded || regexp.MustCompile(`SELECT \*\s+FROM \w+_current\b.*$`).MatchString(sql) || strings.Contains(sql, "faultline.") {
		t.Errorf("%s: a statement is bounded in time or rows and names no database", at)
	}
	known := []string{"datasource", "base_url"}
	for _, v := range b.variables {
		known = append(known, v.name)
	}
	for _, use := range usedVariable.FindAllStringSubmatch(sql, -1) {
		if !strings.HasPrefix(use[1], "__") && !slices.Contains(known, use[1]) {
			t.Errorf("%s: $%s is not a variable of the dashboard", at, use[1])
		}
	}
	if p.bad > 0 && p.shape != shapeStat {
		t.Errorf("%s: only a single number turns red", at)
	}
	if p.page != nil && !strings.HasPrefix(p.page.url, "${base_url}/") {
		t.Errorf("%s: the heading leads to %s", at, p.page.url)
	}
	for _, l := range p.links {
		if !strings.HasPrefix(l.url, "${base_url}/") && !strings.HasPrefix(l.url, "/d/faultline-") {
			t.Errorf("%s: the link %s leads away", at, l.url)
		}
	}
}

// drawn is what a reader sees of a panel, as Grafana reads it.
type drawn struct {
	Type, Title string
	Links       []struct{ URL string }
	Options     struct {
		ColorMode string
		Legend    struct {
			ShowLegend bool
			Calcs      []string
		}
		Tooltip struct{ Mode string }
	}
	FieldConfig struct {
		Defaults struct {
			Unit, NoValue string
			Min           *float64
			Thresholds    *struct {
				Steps []struct {
					Value *float64
					Color string
				}
			}
		}
	}
}

// TestPanelsAreReadable: lines begin at zero and name their series with numbers,
// a number that is none says so, colour tells good from bad or nothing, and what
// people act on leads to where they do.
func TestPanelsAreReadable(t *testing.T) {
	led := map[string]string{}
	for _, f := range rendered(t) {
		if !strings.HasSuffix(f.Path, ".json") {
			continue
		}
		var model struct {
			Links       []map[string]any
			Annotations struct{ List []map[string]any }
			Panels      []drawn
		}
		if err := json.Unmarshal(f.Content, &model); err != nil {
			t.Fatal(err)
		}
		for _, hidden := range append(model.Links, model.Annotations.List...) {
			if hidden["placement"] != nil {
				t.Errorf("%s: %v%v is hidden in a menu", f.Path, hidden["title"], hidden["name"])
			}
		}
		for _, p := range model.Panels {
			readable(t, f.Path+", "+p.Title, &p)
			for _, l := range p.Links {
				led[p.Title] = l.URL
			}
		}
	}
	if led["Undelivered notifications"] != "${base_url}/admin#h-lost" || led["Dead letters"] != "${base_url}/admin#h-letters" {
		t.Errorf("headings lead to %v", led)
	}
}

func readable(t *testing.T, at string, p *drawn) {
	t.Helper()
	d := p.FieldConfig.Defaults
	switch p.Type {
	case "timeseries":
		if d.Min == nil || *d.Min != 0 || !p.Options.Legend.ShowLegend || len(p.Options.Legend.Calcs) == 0 || p.Options.Tooltip.Mode != "multi" {
			t.Errorf("%s: %+v", at, p)
		}
	case "stat":
		coloured := p.Options.ColorMode != "none"
		if d.NoValue == "" || coloured != (d.Thresholds != nil) || coloured && (len(d.Thresholds.Steps) != 2 || d.Thresholds.Steps[0].Value != nil) {
			t.Errorf("%s: %+v", at, p)
		}
	}
}

func TestEveryStatementIsUsed(t *testing.T) {
	used := map[string]bool{"annotation_incidents": true, "annotation_ai_changes": true, "annotation_other_changes": true}
	for _, b := range boards() {
		for _, v := range b.variables {
			used[v.sql] = true
		}
		for _, r := range b.rows {
			for _, p := range r.panels {
				used[p.sql] = true
			}
		}
	}
	for _, a := range alarms() {
		used[a.sql] = true
	}
	files, err := sqlFiles.ReadDir("sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !used[strings.TrimSuffix(f.Name(), ".sql")] {
			t.Errorf("sql/%s is used by nothing", f.Name())
		}
	}
}

func TestPanelsDoNotOverlap(t *testing.T) {
	for _, b := range boards() {
		model, err := b.model("http://localhost:8080")
		if err != nil {
			t.Fatal(err)
		}
		taken := map[[2]uint32]string{}
		ids := map[uint32]bool{}
		for _, p := range model.Panels {
			if p.RowPanel != nil {
				ids[p.RowPanel.Id] = true
				continue
			}
			if ids[*p.Panel.Id] {
				t.Errorf("%s: panel id %d twice", b.uid, *p.Panel.Id)
			}
			ids[*p.Panel.Id] = true
			cover(t, b.uid, taken, *p.Panel.Title, *p.Panel.GridPos)
		}
	}
}

// cover marks the cells of the grid that a panel takes.
func cover(t *testing.T, uid string, taken map[[2]uint32]string, title string, g dashboard.GridPos) {
	t.Helper()
	if g.X+g.W > 24 {
		t.Errorf("%s: %s sticks out to the right", uid, title)
	}
	for x := g.X; x < g.X+g.W; x++ {
		for y := g.Y; y < g.Y+g.H; y++ {
			if other := taken[[2]uint32{x, y}]; other != "" {
				t.Fatalf("%s: %s lies on %s", uid, title, other)
			}
			taken[[2]uint32{x, y}] = title
		}
	}
}
