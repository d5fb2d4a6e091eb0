package format

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

// documentedTemplate takes the template in a ConfigMap out of the documentation.
func documentedTemplate(t *testing.T, configMap string) string {
	t.Helper()
	_, rest, found := strings.Cut(string(read(t, "../../docs/formats.md")), "```yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: "+configMap+"}\n")
	text, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		t.Fatal("docs/formats.md has no ConfigMap")
	}
	var config struct {
		Data map[string]string `yaml:"data"`
	}
	if err := yaml.Unmarshal([]byte(text), &config); err != nil {
		t.Fatal(err)
	}
	var notification struct {
		Webhook map[string]struct {
			Body string `yaml:"body"`
		} `yaml:"webhook"`
	}
	if err := yaml.Unmarshal([]byte(config.Data["template.faultline"]), &notification); err != nil {
		t.Fatal(err)
	}
	return notification.Webhook["faultline"].Body
}

// renderDocumented renders a documented template as Argo's notifications do, by
// text/template with the functions of Sprig, of which it has those in use.
func renderDocumented(t *testing.T, configMap, name, object string) []byte {
	t.Helper()
	body, err := template.New("faultline").Funcs(template.FuncMap{
		"toJson": func(v any) (string, error) {
			text, err := json.Marshal(v)
			return string(text), err
		},
		"now": func() time.Time { return arrived },
		"dateInZone": func(layout string, at time.Time, zone string) (string, error) {
			in, err := time.LoadLocation(zone)
			if err != nil {
				return "", err
			}
			return at.In(in).Format(layout), nil
		},
	}).Parse(documentedTemplate(t, configMap))
	if err != nil {
		t.Fatal(err)
	}
	var value map[string]any
	if err := json.Unmarshal([]byte(object), &value); err != nil {
		t.Fatal(err)
	}
	var rendered bytes.Buffer
	if err := body.Execute(&rendered, map[string]any{name: value}); err != nil {
		t.Fatal(err)
	}
	return rendered.Bytes()
}

func TestDocumentedTemplateOfArgoCDIsRead(t *testing.T) {
	for _, c := range []struct {
		name, app string
		want      []string
	}{
		{
			"synchronised", `{"metadata":{"name":"checkout","namespace":"argocd","uid":"u-1","labels":{"env":"prod"}},"spec":{"project":"shop","destination":{"name":"eu","namespace":"shop"}},
			"status":{"sync":{"revision":"main"},"summary":{"images":["x:1"]},"operationState":{"phase":"Succeeded","startedAt":"2026-11-19T09:00:00Z","finishedAt":"2026-11-19T09:01:00Z",
			"message":"say \"done\"","operation":{"initiatedBy":{"username":"mira"}},"syncResult":{"revision":"v4.2.0"}}}}`,
			[]string{"u-1:2026-11-19T09:00:00Z deploy succeeded [checkout] in production 2026-11-19T09:00:00Z v4.2.0 commits=0 pulls=0"},
		},
		{"new, without status", `{"metadata":{"name":"checkout","namespace":"argocd","uid":"u-1"},"spec":{"project":"shop"},"status":{}}`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			rendered := renderDocumented(t, "argocd-notifications-cm", "app", c.app)
			batch, rejected := decodeAs(t, "argocd", headers(), rendered)
			if diff := cmp.Diff(c.want, keyFields(batch, rejected)); diff != "" {
				t.Errorf("(-want +got):\n%s\nrendered: %s", diff, rendered)
			}
		})
	}
}
