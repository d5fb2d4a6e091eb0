package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/faultline/faultline/internal/config"
)

// settings adds --config and one flag for each setting to a command, and
// returns a function that loads the settings once the flags are parsed.
func settings(cmd *cobra.Command, environ []string) func() (config.Config, error) {
	var path string
	cmd.Flags().StringVar(&path, "config", environment(environ, "FAULTLINE_CONFIG", ""), "YAML file with settings")
	values := make(map[string]*string)
	for _, leaf := range config.Leaves() {
		name := config.FlagName(leaf.Key)
		usage := fmt.Sprintf("setting %s, see docs/configuration.md", leaf.Key)
		if leaf.Default != "" {
			usage += fmt.Sprintf(" (default %s)", leaf.Default)
		}
		values[leaf.Key] = cmd.Flags().String(name, "", usage)
	}
	return func() (config.Config, error) {
		overrides := make(map[string]string)
		for key, value := range values {
			if cmd.Flags().Changed(config.FlagName(key)) {
				overrides[key] = *value
			}
		}
		return config.Load(path, environ, overrides)
	}
}
