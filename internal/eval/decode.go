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

// checkChange also refuses unknown kinds and states, which decide how a change
// is read. Unknown severities and signals of alerts are let through: they only
// weigh.
func checkChange(c *correlate.Change) *event.FieldError {
	if err := event.CheckChange(c); err != nil {
		return err
	}
	if !slices.Contains(correlate.ChangeKinds(), c.Kind) {
		return unknown("kind", string(c.Kind), "use a kind of the contract, or other")
	}
	if c.Status != "" && !slices.Contains(correlate.ChangeStatuses(), c.Status) {
		return unknown("status", string(c.Status), "use a status of the contract, or none")
	}
	return nil
}

func checkAlert(a *correlate.Alert) *event.FieldError {
	if err := event.CheckAlert(a); err != nil {
		return err
	}
	if a.Status != correlate.AlertFiring && a.Status != correlate.AlertResolved {
		return unknown("status", string(a.Status), "use firing or resolved")
	}
	return nil
}

func unknown(path, value, mend string) *event.FieldError {
	return &event.FieldError{Path: path, Problem: fmt.Sprintf("%q is not a known value", value), Mend: mend}
}
