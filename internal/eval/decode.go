package eval

import (
	"cmp"
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

// normalise brings times to UTC and fills the contract's defaults.
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
	nameEnvironments(c.Changes, (*correlate.Change).Key, func(ch *correlate.Change) *string { return &ch.Environment })
	nameEnvironments(c.Alerts, (*correlate.Alert).Key, func(a *correlate.Alert) *string { return &a.Environment })
}

// nameEnvironments fills the default in statements on a thing of which no
// statement names an environment. Silence beside a name says nothing.
func nameEnvironments[T any, K comparable](statements []T, key func(*T) K, environment func(*T) *string) {
	named := map[K]bool{}
	for i := range statements {
		if *environment(&statements[i]) != "" {
			named[key(&statements[i])] = true
		}
	}
	for i := range statements {
		if !named[key(&statements[i])] {
			*environment(&statements[i]) = correlate.DefaultEnvironment
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
	if err := locateTopology(parts["topology"]); err != nil {
		return err
	}
	for _, name := range []string{"name", "at", "causes", "kind"} {
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
		locateElement[correlate.Change]("changes", parts["changes"], strictly(event.DecodeChanges)),
		locateElement[correlate.Alert]("alerts", parts["alerts"], strictly(event.DecodeAlerts)),
		locateElement[correlate.Series]("metrics", parts["metrics"], badSample),
	} {
		if err != nil {
			return err
		}
	}
	return asFieldError("", cause)
}

// strictly makes of a decoder of events one that tells the first thing wrong
// with one element: it knows the whole path of a field, which encoding/json
// does not. Nil when it finds nothing wrong.
func strictly[T any](decode func([]byte, event.Meta) ([]T, []event.Rejection)) func([]byte) *event.FieldError {
	return func(element []byte) *event.FieldError {
		if _, rejected := decode(element, event.Meta{}); len(rejected) > 0 {
			return rejected[0].Err
		}
		return nil
	}
}

// locateTopology finds the element at fault of a snapshot that does not decode.
func locateTopology(data json.RawMessage) *event.FieldError {
	var scratch correlate.Topology
	if len(data) == 0 {
		return nil
	}
	err := json.Unmarshal(data, &scratch)
	if err == nil {
		return nil
	}
	return within("topology", explained(data, err, strictly(event.DecodeTopologies)))
}

// explained says what is wrong with an element: in the words of explain, which
// may be nil or find nothing, else in those of the JSON decoder.
func explained(element []byte, err error, explain func([]byte) *event.FieldError) *event.FieldError {
	if explain != nil {
		if better := explain(element); better != nil {
			return better
		}
	}
	return asFieldError("", err)
}

// within puts the path of an error under that of the element it was found in.
func within(element string, err *event.FieldError) *event.FieldError {
	placed := *err
	placed.Path = joinPath(element, err.Path)
	return &placed
}

// locateElement decodes the elements of one list on their own and returns the
// first error with the element's index.
func locateElement[T any](list string, data json.RawMessage, explain func([]byte) *event.FieldError) *event.FieldError {
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
			return within(fmt.Sprintf("%s[%d]", list, i), explained(element, err, explain))
		}
	}
	return nil
}

// badSample finds the sample of a series that is no pair of a time and a number.
func badSample(element []byte) *event.FieldError {
	var series struct {
		Points []json.RawMessage `json:"points"`
	}
	isSample := func(sample json.RawMessage) bool {
		var scratch correlate.Point
		return json.Unmarshal(sample, &scratch) == nil
	}
	if json.Unmarshal(element, &series) == nil {
		for i, sample := range series.Points {
			if !isSample(sample) {
				return &event.FieldError{
					Path: fmt.Sprintf("points[%d]", i), Problem: fmt.Sprintf("%.60s is no sample", sample),
					Mend: `write [time, number], such as ["2026-11-19T09:00:00Z", 0.5], and leave out samples that are no number`,
				}
			}
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
		if _, wrong := event.ParseTime(badTime.Value); wrong != nil {
			return within(path, wrong)
		}
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
	if err := checkTopology(&c.Topology); err != nil {
		return err
	}
	for i := range c.Metrics {
		if c.Metrics[i].Service == "" {
			return missing(fmt.Sprintf("metrics[%d].service", i), "name the service that the series belongs to")
		}
	}
	return nil
}

// checkTopology demands the names without which a node or an edge says nothing.
// A case holds one snapshot, already merged: it needs no source and no time.
func checkTopology(t *correlate.Topology) *event.FieldError {
	for i := range t.Services {
		if t.Services[i].Name == "" {
			return missing(fmt.Sprintf("topology.services[%d].name", i), "send the name of the service")
		}
	}
	for i := range t.Edges {
		switch e := &t.Edges[i]; {
		case e.Caller == "":
			return missing(fmt.Sprintf("topology.edges[%d].caller", i), "send the name of the calling service")
		case e.Callee == "":
			return missing(fmt.Sprintf("topology.edges[%d].callee", i), "send the name of the called service")
		default:
			if err := event.CheckEdgeWords(e); err != nil {
				return within(fmt.Sprintf("topology.edges[%d]", i), err)
			}
		}
	}
	return nil
}

func missing(path, mend string) *event.FieldError {
	return &event.FieldError{Path: path, Problem: "is missing", Mend: mend}
}

// checkChange also refuses words that no enumeration has: a misspelt one would
// be judged as something else, without a sound.
func checkChange(c *correlate.Change) *event.FieldError {
	if err := cmp.Or(event.CheckChange(c), event.CheckChangeWords(c)); err != nil {
		return err
	}
	for i := range c.Rollout {
		if c.Rollout[i].At.IsZero() {
			return missing(fmt.Sprintf("rollout[%d].at", i), "say when the step was taken")
		}
	}
	return nil
}

func checkAlert(a *correlate.Alert) *event.FieldError {
	return cmp.Or(event.CheckAlert(a), event.CheckAlertWords(a))
}
