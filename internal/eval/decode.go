package eval

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
)

// decodeCase reads one line of a case file. Unknown fields are ignored; a
// missing or wrong one gives an error that names it.
func decodeCase(line []byte) (Case, *event.FieldError) {
	var c Case
	if err := json.Unmarshal(line, &c); err != nil {
		return Case{}, locate(line, err)
	}
	if err := checkCase(&c); err != nil {
		return Case{}, err
	}
	if c.Causes == nil {
		c.Causes = []string{}
	}
	normalise(&c)
	return c, nil
}

// normalise brings times to UTC and gives alerts their default fingerprint.
func normalise(c *Case) {
	c.At = c.At.UTC()
	for i := range c.Changes {
		ch := &c.Changes[i]
		ch.StartedAt = ch.StartedAt.UTC()
		for _, t := range []*time.Time{ch.FinishedAt, ch.ObservedAt} {
			if t != nil {
				*t = t.UTC()
			}
		}
		for j := range ch.Rollout {
			ch.Rollout[j].At = ch.Rollout[j].At.UTC()
		}
	}
	for i := range c.Alerts {
		a := &c.Alerts[i]
		a.StartedAt = a.StartedAt.UTC()
		if a.Fingerprint == "" {
			a.Fingerprint = a.DefaultFingerprint()
		}
	}
}

// locate finds the element at fault once a whole line has failed to decode. It
// decodes piece by piece, which the good path does not pay for.
func locate(line []byte, cause error) *event.FieldError {
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(line, &parts); err != nil {
		return asFieldError("", err)
	}
	for _, name := range []string{"name", "at", "topology", "causes", "kind"} {
		var scratch Case
		piece, ok := parts[name]
		if !ok {
			continue
		}
		doc := slices.Concat([]byte(`{"`+name+`":`), piece, []byte("}"))
		if err := json.Unmarshal(doc, &scratch); err != nil {
			return asFieldError(name, err)
		}
	}
	for _, err := range []*event.FieldError{
		locateElement[correlate.Change]("changes", parts["changes"]),
		locateElement[correlate.Alert]("alerts", parts["alerts"]),
		locateElement[correlate.Series]("metrics", parts["metrics"]),
	} {
		if err != nil {
			return err
		}
	}
	return asFieldError("", cause)
}

// locateElement decodes the elements of one list on their own and returns the
// first error with the element's index.
func locateElement[T any](list string, data json.RawMessage) *event.FieldError {
	if len(data) == 0 {
		return nil
	}
	var elements []json.RawMessage
	if err := json.Unmarshal(data, &elements); err != nil {
		return asFieldError(list, err)
	}
	for i, element := range elements {
		var scratch T
		if err := json.Unmarshal(element, &scratch); err != nil {
			return asFieldError(fmt.Sprintf("%s[%d]", list, i), err)
		}
	}
	return nil
}

// asFieldError says in the words of the contract what the JSON decoder found.
func asFieldError(path string, err error) *event.FieldError {
	var wrongType *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	var badTime *time.ParseError
	switch {
	case errors.As(err, &wrongType):
		return &event.FieldError{
			Path: joinPath(path, wrongType.Field), Problem: "is a JSON " + wrongType.Value,
			Mend: "give a value of the type that the contract names",
		}
	case errors.As(err, &syntax):
		return &event.FieldError{
			Path: path, Problem: fmt.Sprintf("is not valid JSON: %v at byte %d", syntax, syntax.Offset),
			Mend: "write one whole JSON object on each line",
		}
	case errors.As(err, &badTime):
		return &event.FieldError{
			Path: path, Problem: fmt.Sprintf("%q is not a time", badTime.Value),
			Mend: "write RFC 3339 with a zone, as in 2026-11-02T15:04:05Z",
		}
	default:
		return &event.FieldError{Path: path, Problem: err.Error(), Mend: "see the case file format"}
	}
}

// joinPath appends the decoder's field path, which names the embedded Go struct
// and repeats the first element when the piece was wrapped in an object.
func joinPath(path, field string) string {
	field = strings.TrimPrefix(field, "Record.")
	switch {
	case field == "" || field == path:
		return path
	case path == "":
		return field
	case strings.HasPrefix(field, path+"."):
		return field
	default:
		return path + "." + field
	}
}

// checkCase verifies what the contract requires of a decoded case.
func checkCase(c *Case) *event.FieldError {
	if c.Name == "" {
		return missing("name", "give every case a name of its own")
	}
	if c.At.IsZero() {
		return missing("at", "give the moment of judgement as an RFC 3339 time")
	}
	for i := range c.Changes {
		if err := checkChange(&c.Changes[i]); err != nil {
			err.Path = fmt.Sprintf("changes[%d].%s", i, err.Path)
			return err
		}
	}
	for i := range c.Alerts {
		if err := checkAlert(&c.Alerts[i]); err != nil {
			err.Path = fmt.Sprintf("alerts[%d].%s", i, err.Path)
			return err
		}
	}
	for i := range c.Metrics {
		if c.Metrics[i].Service == "" {
			return missing(fmt.Sprintf("metrics[%d].service", i), "name the service that the series belongs to")
		}
	}
	return nil
}

func missing(path, mend string) *event.FieldError {
	return &event.FieldError{Path: path, Problem: "is missing", Mend: mend}
}

func checkChange(c *correlate.Change) *event.FieldError {
	switch {
	case c.ID == "":
		return missing("id", "give the id that the change has in its source")
	case c.Source == "":
		return missing("source", "name the sending system")
	case c.Kind == "":
		return missing("kind", "give the kind of change, or other")
	case !slices.Contains(correlate.ChangeKinds(), c.Kind):
		return &event.FieldError{
			Path: "kind", Problem: fmt.Sprintf("%q is not a kind of change", c.Kind),
			Mend: "use a kind of the contract, or other",
		}
	case c.StartedAt.IsZero():
		return missing("started_at", "give the start as an RFC 3339 time")
	case c.FinishedAt != nil && c.FinishedAt.Before(c.StartedAt):
		return &event.FieldError{
			Path: "finished_at", Problem: "is before started_at",
			Mend: "give an end that is not before the start, or none",
		}
	case c.Status != "" && !slices.Contains(correlate.ChangeStatuses(), c.Status):
		return &event.FieldError{
			Path: "status", Problem: fmt.Sprintf("%q is not a status", c.Status),
			Mend: "use a status of the contract, or none",
		}
	}
	return nil
}

func checkAlert(a *correlate.Alert) *event.FieldError {
	switch {
	case a.Source == "":
		return missing("source", "name the alerting system")
	case a.Service == "":
		return missing("service", "name the alerting service")
	case a.Name == "":
		return missing("name", "give the alert's name")
	case a.StartedAt.IsZero():
		return missing("started_at", "give the start as an RFC 3339 time")
	case a.Status != correlate.AlertFiring && a.Status != correlate.AlertResolved:
		return &event.FieldError{
			Path: "status", Problem: fmt.Sprintf("%q is not a status", a.Status),
			Mend: "use firing or resolved",
		}
	}
	return nil
}
