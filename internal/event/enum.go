package event

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/faultline/faultline/correlate"
)

// The values of the contract's enumerations.
var (
	changeKinds    = newEnum(correlate.ChangeKinds())
	changeStatuses = newEnum(correlate.ChangeStatuses())
	actorTypes     = newEnum([]correlate.ActorType{correlate.ActorHuman, correlate.ActorAutomation, correlate.ActorAIAgent})
	assistances    = newEnum([]correlate.AIAssistance{
		correlate.AssistanceNone, correlate.AssistanceAssisted, correlate.AssistanceAuthored,
		correlate.AssistanceOperated, correlate.AssistanceAdvised,
	})
	severities    = newEnum(correlate.Severities())
	alertStatuses = newEnum([]correlate.AlertStatus{correlate.AlertFiring, correlate.AlertResolved})
	signals       = newEnum(correlate.Signals())
	edgeKinds     = newEnum(correlate.EdgeKinds())
)

// enum is the immutable set of values that a field may have.
type enum[T ~string] struct{ values []T }

func newEnum[T ~string](values []T) enum[T] { return enum[T]{values: values} }

// read reads one of the values.
func (e enum[T]) read(r *reader, to *T) *FieldError {
	var s string
	if fe := r.line(&s); fe != nil {
		return fe
	}
	if place := slices.Index(e.values, T(s)); place >= 0 {
		*to = e.values[place]
		return nil
	}
	fe := e.unknown(s)
	return r.here(fe)
}

// unknown is the error of a value that is none of these, without a path.
func (e enum[T]) unknown(value string) *FieldError {
	return &FieldError{Problem: fmt.Sprintf("%s is not a known value", clip(value)), Mend: "use one of " + e.list()}
}

// check demands one of the values, or none at all.
func (e enum[T]) check(path string, value T) *FieldError {
	if value == "" || slices.Contains(e.values, value) {
		return nil
	}
	fe := e.unknown(string(value))
	fe.Path = path
	return fe
}

// CheckChangeWords demands that every word of a change out of an enumeration of
// the contract is one of it, or empty. It is for changes that another decoder
// than this package's has read.
func CheckChangeWords(c *correlate.Change) *FieldError {
	faults := []*FieldError{changeKinds.check("kind", c.Kind), changeStatuses.check("status", c.Status)}
	if c.Actor != nil {
		faults = append(faults, actorTypes.check("actor.type", c.Actor.Type))
	}
	if c.AI != nil {
		faults = append(faults, assistances.check("ai.assistance", c.AI.Assistance))
	}
	return cmp.Or(faults...)
}

// CheckAlertWords is CheckChangeWords for alerts.
func CheckAlertWords(a *correlate.Alert) *FieldError {
	return cmp.Or(severities.check("severity", a.Severity), alertStatuses.check("status", a.Status), signals.check("signal", a.Signal))
}

// CheckEdgeWords is CheckChangeWords for calls between services.
func CheckEdgeWords(e *correlate.Edge) *FieldError { return edgeKinds.check("kind", e.Kind) }

// list writes the values for an error text.
func (e enum[T]) list() string {
	words := make([]string, len(e.values))
	for i, v := range e.values {
		words[i] = string(v)
	}
	return strings.Join(words, ", ")
}
