package app

import (
	"github.com/faultline/faultline/api/web"
	"github.com/faultline/faultline/ingest/format"
)

// names tells the administration page how senders' names become services, by the
// values that the decoders use.
type names struct{ cfg format.Config }

// Rules lists the rules in the order in which they are tried.
func (n names) Rules() []web.NameRule {
	rules, _ := n.cfg.Services.(format.Rules)
	all := make([]web.NameRule, len(rules))
	for i, r := range rules {
		all[i] = web.NameRule(r)
	}
	return all
}

// AlertLabels are the labels that may name the service of an alert.
func (n names) AlertLabels() []string { return n.cfg.AlertServiceLabels }

// Environments gives senders' environments the names in use.
func (n names) Environments() map[string]string { return n.cfg.Environments }

// Name answers what a value becomes.
func (n names) Name(source, attribute, value string) (service string, byRule bool) {
	if n.cfg.Services == nil {
		return value, false
	}
	if name, known := n.cfg.Services.Service(source, attribute, value); known {
		return name, true
	}
	return value, false
}
