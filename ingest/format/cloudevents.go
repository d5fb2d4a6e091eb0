package format

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/faultline/faultline/internal/event"
)

// cloudEventsName is the name of the format in routes and settings.
const cloudEventsName = "cloudevents"

// cloudEvents decodes CloudEvents 1.0 that hold a CDEvent: in structured mode,
// where the whole event is the body; in binary mode, where its attributes are
// headers (ce_ in Kafka, ce- in HTTP) and the body is the data; and the CDEvent
// without any envelope. The CDEvent names itself, so that all three give the
// same change.
type cloudEvents struct{ names naming }

func newCloudEvents(names naming) cloudEvents { return cloudEvents{names: names} }

// Name is "cloudevents".
func (cloudEvents) Name() string { return cloudEventsName }

// isCloudEvent tells a CloudEvent by its headers.
func isCloudEvent(header func(string) string) bool {
	return structured(header) || binaryVersion(header) != ""
}

// structured follows section 3 of the Kafka binding and 3.2 of the HTTP one: a
// content type that starts with application/cloudevents.
func structured(header func(string) string) bool {
	return strings.HasPrefix(strings.ToLower(strings.TrimSpace(header("Content-Type"))), "application/cloudevents")
}

// binaryVersion is the version attribute of an event in binary mode.
func binaryVersion(header func(string) string) string {
	return firstOf(header("ce_specversion"), header("ce-specversion"))
}

// Decode reads the envelope, if any, and maps the CDEvent in it.
func (c cloudEvents) Decode(m Message) (event.Batch, []event.Rejection) {
	data, fe := openEnvelope(m)
	if fe != nil {
		return event.Batch{}, refuse(fe)
	}
	m.Body = data
	return c.decodeCDEvent(m)
}

// envelope is a CloudEvent in structured mode, as far as it matters here.
type envelope struct {
	SpecVersion string          `json:"specversion"`
	Type        string          `json:"type"`
	Data        json.RawMessage `json:"data"`
	DataBase64  string          `json:"data_base64"`
	// Context is that of a CDEvent without envelope.
	Context json.RawMessage `json:"context"`
}

// openEnvelope returns the CDEvent that a message holds.
func openEnvelope(m Message) ([]byte, *event.FieldError) {
	if version := binaryVersion(m.Header); version != "" && !structured(m.Header) {
		e := envelope{SpecVersion: version, Type: firstOf(m.Header("ce_type"), m.Header("ce-type"))}
		return m.Body, e.check("ce_", m.Body)
	}
	if strings.Contains(strings.ToLower(m.Header("Content-Type")), "cloudevents-batch") {
		return nil, &event.FieldError{Path: "content-type", Problem: "announces a batch of CloudEvents", Mend: "send each event on its own"}
	}
	var e envelope
	if fe := parse(m.Body, &e); fe != nil {
		return nil, fe
	}
	if e.Context != nil {
		return m.Body, nil
	}
	if e.DataBase64 == "" {
		return e.Data, e.check("", e.Data)
	}
	data, err := base64.StdEncoding.DecodeString(e.DataBase64)
	if err != nil {
		return nil, &event.FieldError{Path: "data_base64", Problem: "is no base64: " + err.Error(), Mend: "encode the CDEvent in base64, or send it as data"}
	}
	return data, e.check("", data)
}

// check checks the version, that the event is a CDEvent, and that it is there.
// Prefix is that of the attributes' names.
func (e *envelope) check(prefix string, data []byte) *event.FieldError {
	switch {
	case e.SpecVersion == "":
		return lacks(prefix + "specversion")
	case !strings.HasPrefix(e.SpecVersion, "1."):
		return &event.FieldError{Path: prefix + "specversion", Problem: fmt.Sprintf("%q is not version 1 of CloudEvents", e.SpecVersion), Mend: "send CloudEvents 1.0"}
	case !strings.HasPrefix(e.Type, "dev.cdevents"):
		return &event.FieldError{Path: prefix + "type", Problem: fmt.Sprintf("%q is not the type of a CDEvent", e.Type), Mend: "send CDEvents, or the contract's own JSON without an envelope"}
	case len(data) == 0:
		return &event.FieldError{Path: "data", Problem: "is missing", Mend: "send the CDEvent as the data of the CloudEvent"}
	}
	return nil
}
