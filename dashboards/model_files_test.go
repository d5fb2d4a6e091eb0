package dashboards

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
)

func TestAlertRulesPointAtPanels(t *testing.T) {
	var file ruleFile
	for _, f := range rendered(t) {
		if f.Path != "alerting/faultline.yaml" {
			continue
		}
		if err := yaml.UnmarshalWithOptions(f.Content, &file, yaml.Strict()); err != nil {
			t.Fatal(err)
		}
	}
	if len(file.Groups) != 1 || len(file.Groups[0].Rules) != len(alarms()) {
		t.Fatalf("%+v", file)
	}
	for _, r := range file.Groups[0].Rules {
		if r.Condition != r.Data[len(r.Data)-1].RefID || r.PanelID < 2 || r.Data[0].Datasource != DefaultOptions().Datasource {
			t.Errorf("%+v", r)
		}
	}
	if _, err := panelID("faultline-health", "no such panel"); err == nil {
		t.Error("a missing panel was found")
	}
}

func TestTheBaseAddressReachesEveryDashboard(t *testing.T) {
	files, err := Files(Options{BaseURL: "https://faultline.example.com/", Datasource: "other"})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		switch {
		case strings.HasSuffix(f.Path, ".json"):
			var model struct {
				Templating struct {
					List []struct{ Name, Query any }
				}
			}
			if err := json.Unmarshal(f.Content, &model); err != nil {
				t.Fatal(err)
			}
			if got := model.Templating.List[1]; got.Name != "base_url" || got.Query != "https://faultline.example.com" {
				t.Errorf("%s: %v", f.Path, got)
			}
		case strings.HasSuffix(f.Path, ".yaml"):
			if !bytes.Contains(f.Content, []byte("datasourceUid: other")) {
				t.Errorf("%s keeps the default data source", f.Path)
			}
		}
	}
}

func TestBadOptionsNameThemselves(t *testing.T) {
	for want, o := range map[string]Options{
		"base-url":   {BaseURL: "faultline.example.com", Datasource: "x"},
		"datasource": {BaseURL: "https://faultline.example.com"},
	} {
		if _, err := Export(t.TempDir(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

func TestExportWritesWhatFilesRender(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "place")
	written, err := Export(dir, DefaultOptions())
	if err != nil || len(written) != len(rendered(t)) {
		t.Fatalf("%v %v", written, err)
	}
	for _, f := range rendered(t) {
		have, err := os.ReadFile(filepath.Join(dir, f.Path))
		if err != nil || !bytes.Equal(have, f.Content) {
			t.Errorf("%s: %v", f.Path, err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Export(filepath.Join(dir, "file"), DefaultOptions()); err == nil {
		t.Error("a directory was made below a file")
	}
}

func TestTheKitReadsOurQueriesBack(t *testing.T) {
	q := newQuery("SELECT 1", formatSeries)
	raw, err := json.Marshal(q)
	if err != nil {
		t.Fatal(err)
	}
	back, err := decodeQuery(raw)
	if err != nil || !q.Equals(back) || q.QueryType != "timeseries" {
		t.Errorf("%+v %v", back, err)
	}
	if _, err := decodeQuery([]byte(`{"rawSql":"SELECT 1","builderOptions":{}}`)); err == nil {
		t.Error("a query of the plugin's builder was taken")
	}
	if err := (query{RefID: "A"}).Validate(); err == nil {
		t.Error("an empty query is valid")
	}
	if q.Equals(newQuery("SELECT 2", formatSeries)) {
		t.Error("different statements are equal")
	}
}

func TestReaderStatementsParse(t *testing.T) {
	w := open(t)
	text, err := readerSQL.ReadFile("reader.sql")
	if err != nil {
		t.Fatal(err)
	}
	statements := 0
	for sql := range strings.SplitSeq(string(text), ";\n") {
		if strings.TrimSpace(sql) == "" {
			continue
		}
		statements++
		sql = strings.ReplaceAll(sql, "'", `\'`)
		if _, err := w.ask(t, "SELECT formatQuery('"+sql+"')"); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if statements != 5 {
		t.Errorf("%d statements", statements)
	}
	if !bytes.Contains(text, []byte("CHANGEABLE_IN_READONLY")) {
		t.Error("the plugin sets max_execution_time on each query, which must stay changeable")
	}
}

// decodeQuery reads a target and refuses members that it does not know.
func decodeQuery(raw []byte) (variants.Dataquery, error) {
	var q query
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&q); err != nil {
		return nil, fmt.Errorf("read a ClickHouse query: %w", err)
	}
	return q, nil
}

// variant tells the kit how to read our targets back.
func variant() variants.DataqueryConfig {
	return variants.DataqueryConfig{Identifier: pluginID, DataqueryUnmarshaler: decodeQuery, StrictDataqueryUnmarshaler: decodeQuery}
}
