package app

import (
	"maps"
	"strings"

	"github.com/faultline/faultline/ingest/format"
	"github.com/faultline/faultline/internal/config"
)

// formatConfig translates the settings of the decoders. Configured environments
// come beside the built-in ones.
func formatConfig(cfg *config.Formats) format.Config {
	out := format.DefaultConfig()
	out.AlertServiceLabels = cfg.AlertServiceLabels
	out.Environments = maps.Clone(out.Environments)
	for name, environment := range cfg.Environments {
		out.Environments[strings.ToLower(name)] = environment
	}
	var rules format.Rules
	for _, r := range cfg.Services {
		rules = append(rules, format.Rule(r))
	}
	if len(rules) > 0 {
		out.Services = rules
	}
	return out
}
