package event

import (
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
	return r.fault(fmt.Sprintf("%s is not a known value", clip(s)), "use one of "+e.list())
}

// list writes the values for an error text.
func (e enum[T]) list() string {
	words := make([]string, len(e.values))
	for i, v := range e.values {
		words[i] = string(v)
	}
	return strings.Join(words, ", ")
}
