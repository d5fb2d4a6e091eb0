package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// maxTopologyBytes is the largest snapshot that the decoder takes.
const maxTopologyBytes = 64 << 20

// Formats says how decoders read what senders leave open.
type Formats struct {
	// Services are rules that name the service of what a sender calls
	// otherwise; the first that fits counts.
	Services []ServiceRule `yaml:"services"`
	// AlertServiceLabels are the labels that may name the service of an alert,
	// best first.
	AlertServiceLabels []string `yaml:"alert_service_labels"`
	// Environments gives what senders call an environment, in any case, the
	// name to use. The usual short names of production are known besides.
	Environments map[string]string `yaml:"environments"`
}

// ServiceRule says which service a value stands for. An empty Source, which is
// the name of a format, or Attribute fits any.
type ServiceRule struct {
	Source    string `yaml:"source"`
	Attribute string `yaml:"attribute"`
	Value     string `yaml:"value"`
	Service   string `yaml:"service"`
}

// defaultFormats reads the labels that Prometheus, Kubernetes and OpenTelemetry
// set.
func defaultFormats() Formats {
	return Formats{AlertServiceLabels: []string{
		"service", "service_name", "app", "app_kubernetes_io_name", "application", "deployment", "workload", "job",
	}}
}

func (f *Formats) validate() []error {
	var errs []error
	if len(f.AlertServiceLabels) == 0 {
		errs = append(errs, fmt.Errorf("formats.alert_service_labels: empty; name at least one label, such as service"))
	}
	for i, label := range f.AlertServiceLabels {
		errs = append(errs, required(fmt.Sprintf("formats.alert_service_labels[%d]", i), strings.TrimSpace(label)))
	}
	seen := map[ServiceRule]int{}
	for i, rule := range f.Services {
		key := fmt.Sprintf("formats.services[%d]", i)
		errs = append(errs, required(key+".value", rule.Value), required(key+".service", rule.Service))
		what := rule
		what.Service = ""
		if first, twice := seen[what]; twice {
			errs = append(errs, fmt.Errorf("%s: is for the same value as formats.services[%d]; remove one of them", key, first))
		} else {
			seen[what] = i
		}
	}
	lower := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(f.Environments)) {
		environment, key := f.Environments[name], fmt.Sprintf("formats.environments[%q]", name)
		errs = append(errs, required(key, environment))
		if other, twice := lower[strings.ToLower(name)]; twice {
			errs = append(errs, fmt.Errorf("%s: differs from %q in the case of letters only; remove one of them", key, other))
		}
		lower[strings.ToLower(name)] = name
	}
	return errs
}

func within(key string, value, least, most int) error {
	if value < least || value > most {
		return fmt.Errorf("%s: is %d; want %d to %d", key, value, least, most)
	}
	return nil
}
