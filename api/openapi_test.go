package api

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
)

var update = flag.Bool("update", false, "write openapi.json anew")

const committedDocument = "openapi.json"

// TestDocumentIsCommitted fails when the routes, types or words moved and the
// committed document did not.
func TestDocumentIsCommitted(t *testing.T) {
	spec, err := specForTests()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(committedDocument, spec, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	committed, err := os.ReadFile(committedDocument)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(committed), string(spec)); diff != "" {
		t.Errorf("%s is not what the API serves; run go generate ./api\n%s", committedDocument, diff)
	}
}

func TestDocumentIsValidOpenAPI(t *testing.T) {
	v, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	ok, problems := v.ValidateDocument()
	for _, p := range problems {
		t.Errorf("%s: %s %v", p.Message, p.Reason, p.SchemaValidationErrors)
	}
	if !ok {
		t.Fail()
	}
}

func TestDocumentIsTheSameEveryTime(t *testing.T) {
	first, err := specForTests()
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if again, err := specForTests(); err != nil || string(again) != string(first) {
			t.Fatalf("the document depends on map order, or %v", err)
		}
	}
}

// document parses what is served.
func document(t *testing.T) map[string]any {
	t.Helper()
	spec, err := specForTests()
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(spec, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

func object(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

func TestEverySchemaAndFieldHasAMeaning(t *testing.T) {
	for name, schema := range object(object(document(t)["components"])["schemas"]) {
		s := object(schema)
		if s["description"] == nil {
			t.Errorf("schema %s has no description", name)
		}
		for field, property := range object(s["properties"]) {
			p := object(property)
			if p["description"] == nil {
				t.Errorf("field %s.%s has no description", name, field)
			}
			if strings.Contains(fmt.Sprint(p["type"]), "null") {
				t.Errorf("field %s.%s may be null, which no answer is", name, field)
			}
		}
	}
}

func TestNoWordsAboutTypesThatDoNotExist(t *testing.T) {
	schemas := object(object(document(t)["components"])["schemas"])
	for name, doc := range typeDocs() {
		if name == "Alert" || name == "BlastRadius" || name == "Incident" || name == "Finding" {
			continue // Described for the types that are like them.
		}
		properties := object(object(schemas[name])["properties"])
		if schemas[name] == nil {
			t.Errorf("words about %s, which the document lacks", name)
		}
		for field := range doc.fields {
			if properties[field] == nil {
				t.Errorf("words about %s.%s, which the document lacks", name, field)
			}
		}
	}
}

// resolve follows a reference within the document.
func resolve(doc map[string]any, ref string) any {
	var at any = doc
	for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		at = object(at)[part]
	}
	return at
}

func TestEveryRouteIsDocumentedInFull(t *testing.T) {
	h := newHarness(t)
	doc := document(t)
	paths := object(doc["paths"])
	ids := map[string]bool{}
	for _, r := range h.routes {
		op := object(object(paths[r.path])[strings.ToLower(r.method)])
		id, _ := op["operationId"].(string)
		if id == "" || ids[id] || op["summary"] == nil || op["description"] == nil || len(op["tags"].([]any)) != 1 {
			t.Errorf("%s %s: operation %q lacks words or repeats an id", r.method, r.path, id)
		}
		ids[id] = true
		for status, response := range object(op["responses"]) {
			if ref, _ := object(response)["$ref"].(string); ref != "" {
				response = resolve(doc, ref)
			}
			if status != "304" && len(object(object(response)["content"])) == 0 {
				t.Errorf("%s %s: %s says nothing", r.method, r.path, status)
			}
			for media, content := range object(object(response)["content"]) {
				c := object(content)
				if c["schema"] == nil && media == "application/json" || c["example"] == nil && c["examples"] == nil {
					t.Errorf("%s %s: %s %s has no schema or no example", r.method, r.path, status, media)
				}
			}
		}
		parameters, _ := op["parameters"].([]any)
		for _, parameter := range parameters {
			if p := object(parameter); p["description"] == nil {
				t.Errorf("%s %s: parameter %v has no description", r.method, r.path, p["name"])
			}
		}
		if op["x-faultline-role"] != string(r.access.role()) {
			t.Errorf("%s %s: role %v, want %s", r.method, r.path, op["x-faultline-role"], r.access.role())
		}
		if strings.HasPrefix(r.method, "P") && op["requestBody"] == nil {
			t.Errorf("%s %s takes an undocumented body", r.method, r.path)
		}
	}
	if len(ids) != len(h.routes) || len(h.routes) < 20 {
		t.Errorf("%d operations for %d routes", len(ids), len(h.routes))
	}
}

func TestParameterEnumsAreThoseOfTheDomain(t *testing.T) {
	paths := object(document(t)["paths"])
	enum := func(path, name string) []string {
		for _, parameter := range object(object(paths[path])["get"])["parameters"].([]any) {
			if p := object(parameter); p["name"] == name {
				var values []string
				for _, v := range object(object(p["schema"])["items"])["enum"].([]any) {
					values = append(values, fmt.Sprint(v))
				}
				return values
			}
		}
		return nil
	}
	for _, tc := range []struct {
		path, name string
		want       []any
	}{
		{"/v1/incidents", "status", words(correlate.IncidentStatuses())},
		{"/v1/incidents", "severity", words(correlate.Severities())},
		{"/v1/changes", "kind", words(correlate.ChangeKinds())},
		{"/v1/changes", "status", words(correlate.ChangeStatuses())},
		{"/v1/changes", "class", fieldEnums()["Provenance.class"]},
	} {
		var want []string
		for _, v := range tc.want {
			want = append(want, fmt.Sprint(v))
		}
		if got := enum(tc.path, tc.name); !slices.Equal(got, want) {
			t.Errorf("%s %s: %v, want %v", tc.path, tc.name, got, want)
		}
	}
}

func TestInputsAskForNoMoreThanTheContract(t *testing.T) {
	schemas := object(object(document(t)["components"])["schemas"])
	for name, want := range map[string][]string{
		"ChangeInput": {"id", "source", "kind", "started_at"}, "AlertInput": {"source", "service", "name", "status", "started_at"},
		"TopologyInput": {"observed_at", "source"},
	} {
		s := object(schemas[name])
		var required []string
		for _, v := range s["required"].([]any) {
			required = append(required, fmt.Sprint(v))
		}
		if !slices.Equal(required, want) || s["additionalProperties"] != true || object(s["properties"])["extra"] != nil {
			t.Errorf("%s: required %v, additionalProperties %v", name, required, s["additionalProperties"])
		}
	}
}

func TestProblemsHaveOneSlugEach(t *testing.T) {
	slugs := map[string]bool{}
	for _, p := range problemTypes() {
		if p.slug == "" || p.title == "" || p.status < 400 || slugs[p.slug] {
			t.Errorf("problem %+v", p)
		}
		slugs[p.slug] = true
	}
	guide, err := os.ReadFile("../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, slug := range slices.Sorted(maps.Keys(slugs)) {
		if !strings.Contains(string(guide), "`"+slug+"`") {
			t.Errorf("docs/api.md does not tell about %s", slug)
		}
	}
}

func TestExamplesOfTheDocumentAreRealAnswers(t *testing.T) {
	h := newHarness(t)
	for path, want := range map[string]any{
		"/v1/incidents/inc-7f3a":              exampleIncidentRecord(),
		"/v1/incidents/inc-7f3a/finding":      exampleFindingRecord(),
		"/v1/incidents/inc-7f3a/timeline":     exampleTimeline(),
		"/v1/incidents/inc-7f3a/blast-radius": exampleIncidentRadius(),
		"/v1/changes/checkout-1842":           exampleChangeRecord(),
		"/v1/services/checkout":               exampleServiceRecord(),
		"/v1/topology":                        exampleTopology(),
	} {
		raw, err := encode(want)
		if err != nil {
			t.Fatal(err)
		}
		var example any
		if err := json.Unmarshal(raw, &example); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(example, parse[any](t, h.get(t, path, 200))); diff != "" {
			t.Errorf("%s is not answered as documented: %s", path, diff)
		}
	}
}
