package app

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/ingest/format"
	"github.com/faultline/faultline/internal/config"
	"github.com/faultline/faultline/internal/event"
)

func TestTheDefaultsOfSettingsAndDecodersAgree(t *testing.T) {
	cfg := config.Default()
	if diff := cmp.Diff(format.DefaultConfig(), formatConfig(&cfg.Formats)); diff != "" {
		t.Errorf("(-decoders +settings):\n%s", diff)
	}
}

func TestConfiguredNamesReachTheEvents(t *testing.T) {
	cfg := config.Default()
	cfg.Formats.AlertServiceLabels = []string{"owner", "service"}
	cfg.Formats.Environments = map[string]string{"EU-Live": "production", "prod": "classic"}
	cfg.Formats.Services = []config.ServiceRule{{Source: "alertmanager", Attribute: "owner", Value: "squad-7", Service: "checkout"}}
	registry := format.NewRegistry(formatConfig(&cfg.Formats))
	const body = `{"version":"4","alerts":[
		{"status":"firing","labels":{"alertname":"A","owner":"squad-7","service":"other","environment":"eu-live"},"startsAt":"2026-11-19T09:04:00Z"},
		{"status":"firing","labels":{"alertname":"B","service":"cart","environment":"prod"},"startsAt":"2026-11-19T09:04:00Z"}]}`
	var batch event.Batch
	rejected, err := registry.Decode(&batch, "", "alertmanager", func(string) string { return "" }, []byte(body), event.Meta{})
	if err != nil || len(rejected) > 0 {
		t.Fatal(rejected, err)
	}
	var got []string
	for _, a := range batch.Alerts {
		got = append(got, a.Service+" in "+a.Environment)
	}
	if want := []string{"checkout in production", "cart in classic"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if format.DefaultConfig().Environments["prod"] != "production" {
		t.Error("a setting changed the built-in names")
	}
}
