package format

import (
	"strings"

	"github.com/faultline/faultline/correlate"
)

// ServiceMap says which service is meant by what a sender calls something
// else. Source is the name of the format; attribute is what the value is, such
// as "repository", "service.id" or the name of a label.
type ServiceMap interface {
	Service(source, attribute, value string) (service string, known bool)
}

// Rule maps one value to a service. An empty Source or Attribute fits any.
type Rule struct {
	Source    string
	Attribute string
	Value     string
	Service   string
}

// Rules is a ServiceMap of rules of which the first that fits counts.
type Rules []Rule

// Service finds the first rule that fits.
func (rules Rules) Service(source, attribute, value string) (string, bool) {
	for _, r := range rules {
		if r.Value == value && (r.Source == "" || r.Source == source) && (r.Attribute == "" || r.Attribute == attribute) {
			return r.Service, true
		}
	}
	return "", false
}

// naming gives things the names that the rest of Faultline knows them by.
type naming struct{ cfg Config }

// service names the service that a value stands for. What no rule knows keeps
// its own name.
func (n naming) service(source, attribute, value string) string {
	if name, known := n.mapped(source, attribute, value); known {
		return name
	}
	return value
}

// mapped names the service that a value stands for if a rule knows it.
func (n naming) mapped(source, attribute, value string) (string, bool) {
	if n.cfg.Services == nil || value == "" {
		return "", false
	}
	return n.cfg.Services.Service(source, attribute, value)
}

// repository names the service that a repository builds: by rule for its full
// name, else the last part of that name.
func (n naming) repository(source, fullName string) string {
	if name, known := n.mapped(source, "repository", fullName); known {
		return name
	}
	return fullName[strings.LastIndexByte(fullName, '/')+1:]
}

// environment names an environment. One that the sender does not name stays
// unnamed: another event of the same thing may name it.
func (n naming) environment(name string) string {
	if known, ok := n.cfg.Environments[strings.ToLower(name)]; ok {
		return known
	}
	return name
}

// shown is how a title calls an environment that may be unnamed.
func shown(environment string) string { return firstOf(environment, correlate.DefaultEnvironment) }
