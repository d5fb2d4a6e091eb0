package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFormatsAreReadFromFileAndEnvironment(t *testing.T) {
	path := writeFile(t, `
formats:
  services:
    - {source: github, attribute: repository, value: orchard/monolith, service: shop}
  alert_service_labels: [workload]
`)
	cfg, err := Load(path, []string{"FAULTLINE_FORMATS_ENVIRONMENTS={Production-EU: production, qa: staging}"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := Formats{
		Services:           []ServiceRule{{Source: "github", Attribute: "repository", Value: "orchard/monolith", Service: "shop"}},
		AlertServiceLabels: []string{"workload"},
		Environments:       map[string]string{"Production-EU": "production", "qa": "staging"},
	}
	if diff := cmp.Diff(want, cfg.Formats); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWrongFormatsNameTheirKeys(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"no labels", func(c *Config) { c.Formats.AlertServiceLabels = nil }, "formats.alert_service_labels: empty"},
		{"empty label", func(c *Config) { c.Formats.AlertServiceLabels = []string{"service", " "} }, "formats.alert_service_labels[1]: empty"},
		{"rule without value", func(c *Config) { c.Formats.Services = []ServiceRule{{Service: "shop"}} }, "formats.services[0].value: empty"},
		{"rule without service", func(c *Config) { c.Formats.Services = []ServiceRule{{Value: "x"}} }, "formats.services[0].service: empty"},
		{"two rules for one value", func(c *Config) {
			c.Formats.Services = []ServiceRule{{Value: "x", Service: "a"}, {Value: "y", Service: "a"}, {Value: "x", Service: "b"}}
		}, "formats.services[2]: is for the same value as formats.services[0]"},
		{"environment without name", func(c *Config) { c.Formats.Environments = map[string]string{"qa": ""} }, `formats.environments["qa"]: empty`},
		{"environments by case", func(c *Config) { c.Formats.Environments = map[string]string{"qa": "a", "QA": "b"} }, "case of letters only"},
		{"snapshots beyond the decoder", func(c *Config) { c.API.MaxTopologyBytes = 65 << 20 }, "api.max_topology_bytes: is 68157440; want 1024 to 67108864"},
		{"no room for snapshots", func(c *Config) { c.API.MaxTopologyBytes = 0 }, "api.max_topology_bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := Default()
			c.change(&cfg)
			if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
