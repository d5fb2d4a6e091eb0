package format

import (
	"path/filepath"
	"testing"

	"github.com/faultline/faultline/internal/event"
)

// fuzzFormat checks what holds for every decoder and every input: it does not
// panic, what it makes keeps the contract, and what it refuses it explains.
func fuzzFormat(f *testing.F, name string, header func(string) string) {
	f.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", name, "*.json"))
	if err != nil || len(paths) == 0 {
		f.Fatalf("no seeds for %s: %v", name, err)
	}
	for _, path := range paths {
		f.Add(read(f, path))
	}
	registry := testRegistry()
	f.Fuzz(func(t *testing.T, body []byte) {
		batch, rejected, err := decodeWith(registry, "", name, header, body, event.Meta{ArrivedAt: arrived})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rejected {
			if r.Line < 1 || r.Err == nil || r.Err.Problem == "" || r.Err.Mend == "" {
				t.Fatalf("rejection %+v explains nothing", r)
			}
		}
		for i := range batch.Changes {
			if fe := event.CheckChange(&batch.Changes[i].Change); fe != nil || batch.Changes[i].UID == 0 {
				t.Fatalf("change %+v: %v", batch.Changes[i], fe)
			}
		}
		for i := range batch.Alerts {
			if fe := event.CheckAlert(&batch.Alerts[i].Alert); fe != nil || batch.Alerts[i].Fingerprint == "" {
				t.Fatalf("alert %+v: %v", batch.Alerts[i], fe)
			}
		}
	})
}

func FuzzGitHub(f *testing.F)       { fuzzFormat(f, "github", headers()) }
func FuzzAlertmanager(f *testing.F) { fuzzFormat(f, "alertmanager", headers()) }
func FuzzPagerDuty(f *testing.F)    { fuzzFormat(f, "pagerduty", headers()) }
func FuzzCloudEvents(f *testing.F)  { fuzzFormat(f, "cloudevents", headers()) }
func FuzzGrafana(f *testing.F)      { fuzzFormat(f, "grafana", headers()) }
func FuzzLaunchDarkly(f *testing.F) { fuzzFormat(f, "launchdarkly", headers()) }
func FuzzOpsgenie(f *testing.F)     { fuzzFormat(f, "opsgenie", headers()) }
func FuzzArgoCD(f *testing.F)       { fuzzFormat(f, "argocd", headers()) }
func FuzzGitLab(f *testing.F)       { fuzzFormat(f, "gitlab", headers()) }
func FuzzFlux(f *testing.F)         { fuzzFormat(f, "flux", headers()) }
func FuzzArgoRollouts(f *testing.F) { fuzzFormat(f, "argo-rollouts", headers()) }
func FuzzDatadog(f *testing.F)      { fuzzFormat(f, "datadog", headers()) }

func FuzzPagerDutyChange(f *testing.F) { fuzzFormat(f, "pagerduty-change", headers()) }

func FuzzCloudEventsBinary(f *testing.F) {
	fuzzFormat(f, "cloudevents", headers("ce_specversion", "1.0", "ce_type", "dev.cdevents.service.deployed.0.3.0"))
}
