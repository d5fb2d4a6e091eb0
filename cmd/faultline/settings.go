package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/faultline/faultline/internal/config"
)

// settings adds --config and one flag for each setting to a command, and
// returns a function that loads the settings once the flags are parsed. Help lists
// the flags of the sections that the command is about.
func settings(cmd *cobra.Command, environ []string, sections ...string) func() (config.Config, error) {
	var path string
	cmd.Flags().StringVar(&path, "config", environment(environ, "FAULTLINE_CONFIG", ""), "YAML file with settings")
	values := make(map[string]*string)
	words := settingWords()
	for _, leaf := range config.Leaves() {
		name := config.FlagName(leaf.Key)
		usage := fmt.Sprintf("setting %s, see docs/configuration.md", leaf.Key)
		section, _, _ := strings.Cut(leaf.Key, ".")
		listed := words[leaf.Key] != "" && slices.Contains(sections, section)
		if listed {
			usage = words[leaf.Key]
		}
		values[leaf.Key] = cmd.Flags().String(name, "", usage)
		if !listed {
			_ = cmd.Flags().SetAnnotation(name, settingMark, nil)
		}
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

// settingWords are the settings that a first start needs, in words; help lists
// them and names the rest as a whole.
func settingWords() map[string]string {
	return map[string]string{
		"api.listen":     "`ADDRESS` of the API and the pages (default 127.0.0.1:8080)",
		"clickhouse.dsn": "`URL` of ClickHouse, clickhouse://host:9000/faultline; embedded without it",
		"kafka.brokers":  "`ADDRESSES` of Kafka, with commas; embedded without it",
		"data_dir":       "`DIR` of the embedded stores (default faultline-data)",
		"log.level":      "`LEVEL`: debug, info, warn or error (default info)",
		"log.format":     "`FORMAT`: text or json (default text)",
		"roles":          "`ROLES` of this process (default ingest,correlate,api,report)",
	}
}
