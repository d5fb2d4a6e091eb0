package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
)

//go:generate go test -run ^TestDocumentIsCommitted$ -count=1 . -update

// The document's constants.
const (
	openAPIVersion = "3.1.0"
	bearerScheme   = "token"
	basicScheme    = "token_as_password"

	tagEvents    = "events"
	tagIncidents = "incidents"
	tagChanges   = "changes"
	tagServices  = "services"
	tagFigures   = "figures"
	tagPolicy    = "policy"
	tagOps       = "operations"
)

const aboutAPI = `Faultline links outages to the changes that most likely caused them.

Times are RFC 3339; in answers they are UTC with millisecond precision at most. Lists are paged by an opaque cursor. Reads answer with a strong
ETag and take If-None-Match. Every error is application/problem+json (RFC 9457) with a stable type, the field at fault
and how to mend it; its instance is the id of the request, which X-Request-Id holds as well.`

// newDocument starts the OpenAPI document; registering routes fills it.
func newDocument() *huma.OpenAPI {
	schemas := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	return &huma.OpenAPI{
		OpenAPI: openAPIVersion,
		Info: &huma.Info{
			Title: "Faultline", Version: "1.0.0", Description: aboutAPI,
			License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
		},
		Servers: []*huma.Server{{URL: "/", Description: "This server"}},
		Tags: []*huma.Tag{
			{Name: tagEvents, Description: "Sending changes, alerts and topology."},
			{Name: tagIncidents, Description: "Incidents, what most likely caused them, and their stream."},
			{Name: tagChanges, Description: "Changes to production."},
			{Name: tagServices, Description: "Services and who calls whom."},
			{Name: tagFigures, Description: "Figures for leadership, with the words that may be said about them."},
			{Name: tagPolicy, Description: "What the rules about approval say."},
			{Name: tagOps, Description: "For orchestrators and monitoring."},
		},
		Components: &huma.Components{
			Schemas:   schemas,
			Responses: problemResponses(schemas),
			SecuritySchemes: map[string]*huma.SecurityScheme{
				bearerScheme: {Type: "http", Scheme: "bearer", BearerFormat: "flt_<id>_<secret>", Description: "A token made by `faultline token create`."},
				basicScheme:  {Type: "http", Scheme: "basic", Description: "A token as the password, for senders that cannot set a bearer token. The user name is ignored."},
			},
		},
	}
}

// documentProblems adds an answer for each status that a route's problems have.
// They are described once for all routes.
func documentProblems(op *huma.Operation, problems []problemType) {
	for _, p := range problems {
		op.Responses[strconv.Itoa(p.status)] = &huma.Response{Ref: "#/components/responses/" + responseName(p.status)}
	}
}

// problemResponses describes the answer with each status that a problem has.
func problemResponses(schemas huma.Registry) map[string]*huma.Response {
	schema := schemas.Schema(reflect.TypeFor[Problem](), true, "")
	responses := map[string]*huma.Response{}
	for _, p := range problemTypes() {
		name := responseName(p.status)
		if responses[name] == nil {
			responses[name] = &huma.Response{
				Description: http.StatusText(p.status),
				Content:     map[string]*huma.MediaType{problemMediaType: {Schema: schema, Examples: map[string]*huma.Example{}}},
			}
		}
		example := p.with("What was wrong with this request.")
		example.Instance = "5f0c1a2b3c4d5e6f"
		responses[name].Content[problemMediaType].Examples[p.slug] = &huma.Example{Summary: p.title, Value: example}
	}
	// Nobody is there to read this one.
	delete(responses, responseName(statusClientGone))
	return responses
}

// responseName names the description of a status, such as NotFound.
func responseName(status int) string {
	return strings.NewReplacer(" ", "", "-", "").Replace(http.StatusText(status))
}

// finishDocument makes the generated schemas say what is known beyond the Go
// types: meanings, enums, and that lists are never null. It drops the
// framework's own error model, which no answer has.
func finishDocument(doc *huma.OpenAPI) {
	schemas := doc.Components.Schemas
	for _, t := range []reflect.Type{reflect.TypeFor[IncidentUpdated](), reflect.TypeFor[FindingCreated](), reflect.TypeFor[VerdictCreated](), reflect.TypeFor[ProposalChanged](), reflect.TypeFor[CommanderChanged](), reflect.TypeFor[correlate.Alert]()} {
		schemas.Schema(t, true, "")
	}
	all := schemas.Map()
	delete(all, "ErrorModel")
	delete(all, "ErrorDetail")
	words := dictionary{types: typeDocs(), enums: fieldEnums()}
	for name, schema := range all {
		words.describe(name, schema)
	}
	for name, input := range inputSchemas() {
		all[name] = input.derive(all[input.from])
	}
	// Alerts are sent and never answered whole.
	delete(all, "Alert")
}

// inputSchema describes what may be sent where it differs from what is answered:
// fewer fields are required, and unknown ones are kept under extra.
type inputSchema struct {
	from     string
	about    string
	required []string
}

func inputSchemas() map[string]inputSchema {
	return map[string]inputSchema{
		"ChangeInput":   {"Change", "A change to production as it is sent. Unknown fields are kept under extra.", []string{"id", "source", "kind", "started_at"}},
		"AlertInput":    {"Alert", "An alert as it is sent. Unknown fields are kept under extra.", []string{"source", "service", "name", "status", "started_at"}},
		"TopologyInput": {"Topology", "A snapshot of the call graph as it is sent. Unknown fields are kept under extra.", []string{"observed_at", "source"}},
	}
}

func (in inputSchema) derive(answer *huma.Schema) *huma.Schema {
	derived := *answer
	derived.Description = in.about
	derived.Required = in.required
	derived.Properties = maps.Clone(answer.Properties)
	delete(derived.Properties, "extra")
	derived.AdditionalProperties = true
	return &derived
}

// eventBody documents the body of a route that takes events of one kind.
func eventBody(kind event.Kind) *huma.RequestBody {
	name, example := "ChangeInput", any(exampleChange())
	switch kind {
	case event.KindAlert:
		name, example = "AlertInput", exampleAlert()
	case event.KindTopology:
		name, example = "TopologyInput", exampleTopology()
	case event.KindChange:
	}
	limit := "10 MiB"
	if kind == event.KindTopology {
		limit = "64 MiB"
	}
	one := &huma.Schema{Ref: "#/components/schemas/" + name}
	return &huma.RequestBody{
		Required: true, Description: "One object, an array of them, or one object a line (NDJSON). At most " + limit + " unless configured otherwise.",
		Content: map[string]*huma.MediaType{
			"application/json":     {Schema: &huma.Schema{OneOf: []*huma.Schema{one, {Type: huma.TypeArray, Items: one}}}, Example: example},
			"application/x-ndjson": {Schema: &huma.Schema{Type: huma.TypeString, Description: "One " + name + " a line."}},
		},
	}
}

// gateBody documents a change that is about to be deployed.
func gateBody() *huma.RequestBody {
	return &huma.RequestBody{
		Required: true, Description: "One change, as it is sent to /v1/changes; started_at may be left out.",
		Content: map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{Ref: "#/components/schemas/ChangeInput"}, Example: exampleChange()}},
	}
}

// webhookBody documents a body whose shape is the vendor's.
func webhookBody() *huma.RequestBody {
	return &huma.RequestBody{
		Required: true, Description: "The payload as the vendor sends it, byte for byte: a signature is over these bytes.",
		Content: map[string]*huma.MediaType{"*/*": {Schema: &huma.Schema{Description: "Defined by the vendor."}}},
	}
}

// encodeDocument writes the document with stable order and indentation, so that
// the committed copy differs only where the API does.
func encodeDocument(doc *huma.OpenAPI) ([]byte, error) {
	raw, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("encode the OpenAPI document: %w", err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", "  "); err != nil {
		return nil, fmt.Errorf("indent the OpenAPI document: %w", err)
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}
