package event

import (
	"cmp"
	"fmt"
	"time"

	"github.com/faultline/faultline/correlate"
)

// alertObject reads section 2 of the contract.
var alertObject = newObject(
	field[correlate.Alert]{"id", func(r *reader, a *correlate.Alert) *FieldError { return r.optionalIdentifier(&a.ID) }},
	field[correlate.Alert]{"source", func(r *reader, a *correlate.Alert) *FieldError { return r.identifier(&a.Source) }},
	field[correlate.Alert]{"fingerprint", func(r *reader, a *correlate.Alert) *FieldError { return r.optionalIdentifier(&a.Fingerprint) }},
	field[correlate.Alert]{"service", func(r *reader, a *correlate.Alert) *FieldError { return r.identifier(&a.Service) }},
	field[correlate.Alert]{"environment", func(r *reader, a *correlate.Alert) *FieldError { return r.optionalIdentifier(&a.Environment) }},
	field[correlate.Alert]{"region", func(r *reader, a *correlate.Alert) *FieldError { return r.optionalIdentifier(&a.Region) }},
	field[correlate.Alert]{"instance", func(r *reader, a *correlate.Alert) *FieldError { return r.optionalIdentifier(&a.Instance) }},
	field[correlate.Alert]{"version", func(r *reader, a *correlate.Alert) *FieldError { return r.optionalIdentifier(&a.Version) }},
	field[correlate.Alert]{"name", func(r *reader, a *correlate.Alert) *FieldError { return r.identifier(&a.Name) }},
	field[correlate.Alert]{"summary", func(r *reader, a *correlate.Alert) *FieldError { return r.line(&a.Summary) }},
	field[correlate.Alert]{"description", func(r *reader, a *correlate.Alert) *FieldError { return r.prose(&a.Description) }},
	field[correlate.Alert]{"severity", func(r *reader, a *correlate.Alert) *FieldError { return severities.read(r, &a.Severity) }},
	field[correlate.Alert]{"status", func(r *reader, a *correlate.Alert) *FieldError { return alertStatuses.read(r, &a.Status) }},
	field[correlate.Alert]{"signal", func(r *reader, a *correlate.Alert) *FieldError { return signals.read(r, &a.Signal) }},
	field[correlate.Alert]{"started_at", func(r *reader, a *correlate.Alert) *FieldError { return r.time(&a.StartedAt) }},
	field[correlate.Alert]{"resolved_at", func(r *reader, a *correlate.Alert) *FieldError { return r.optionalTime(&a.ResolvedAt) }},
	field[correlate.Alert]{"observed_at", func(r *reader, a *correlate.Alert) *FieldError { return r.optionalTime(&a.ObservedAt) }},
	field[correlate.Alert]{"labels", func(r *reader, a *correlate.Alert) *FieldError { return r.labels(&a.Labels) }},
	field[correlate.Alert]{"links", func(r *reader, a *correlate.Alert) *FieldError { return r.labels(&a.Links) }},
	field[correlate.Alert]{"extra", func(r *reader, _ *correlate.Alert) *FieldError { return r.keepExtra() }},
)

// readAlert reads one alert event.
func readAlert(r *reader, e *Alert, meta Meta) *FieldError {
	e.Meta = meta
	if fe := alertObject.read(r, &e.Alert); fe != nil {
		return fe
	}
	e.Extra = r.extra
	if fe := cmp.Or(CheckAlert(&e.Alert), checkAhead(&e.Alert, meta.ArrivedAt)); fe != nil {
		return fe
	}
	defaultAlert(&e.Alert)
	e.UID = alertUID(&r.digest, &e.Alert, meta.Raw)
	return nil
}

// alertsAhead is how far ahead of ours the clock of a sender of alerts may be. A
// change may be planned, but nothing has failed yet at a time to come: a later
// start is a wrong clock or a local time called UTC, and an incident begun at it
// would have the changes between now and then for suspects, or none. As much is
// allowed as Prometheus allows the samples that it takes.
const alertsAhead = 10 * time.Minute

// checkAhead refuses an alert that starts long after it arrived. One without an
// arrival, as in a case file, has nothing to be compared with.
func checkAhead(a *correlate.Alert, arrived time.Time) *FieldError {
	if arrived.IsZero() || a.StartedAt.Sub(arrived) <= alertsAhead {
		return nil
	}
	return &FieldError{
		Path:    "started_at",
		Problem: fmt.Sprintf("%s is %s after the alert arrived", a.StartedAt.Format(time.RFC3339), a.StartedAt.Sub(arrived).Round(time.Second)),
		Mend:    "check the clock and the zone of the sender; at most " + alertsAhead.String() + " are allowed",
	}
}

// defaultAlert fills what the contract defines for an absent fingerprint. An
// absent environment stays absent until all events are folded: only then is it
// known that none of them names one.
func defaultAlert(a *correlate.Alert) {
	if a.Fingerprint == "" {
		a.Fingerprint = a.DefaultFingerprint()
	}
}

// CheckAlert tells what an alert lacks that every alert must have: source,
// service, name, status and start, and a resolution that is not before the
// start. Decoders of other formats use it on what they made.
func CheckAlert(a *correlate.Alert) *FieldError {
	switch {
	case a.Source == "":
		return missing("source", "name the sending system, such as alertmanager")
	case a.Service == "":
		return missing("service", "name the service that the alert is about")
	case a.Name == "":
		return missing("name", "send the name of the alerting rule")
	case a.Status == "":
		return missing("status", "use one of "+alertStatuses.list())
	case a.StartedAt.IsZero():
		return missing("started_at", "send a time such as "+exampleTime)
	case a.ResolvedAt != nil && a.ResolvedAt.Before(a.StartedAt):
		return before("resolved_at", *a.ResolvedAt, "started_at", a.StartedAt)
	}
	return nil
}
