package format

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
)

func TestEventsOfOneRevisionFoldIntoOneChange(t *testing.T) {
	for _, names := range [][]string{{"progressing", "succeeded"}, {"succeeded", "progressing"}, {"succeeded", "succeeded", "progressing"}} {
		folded := event.FoldChanges(decodedChanges(t, "flux", names...))
		if len(folded) != 1 {
			t.Fatalf("%v: %d changes", names, len(folded))
		}
		c := folded[0]
		if c.Status != correlate.StatusSucceeded || c.FinishedAt.Sub(c.StartedAt) != 40*time.Second || c.StartUnknown() {
			t.Errorf("%v: %+v", names, c)
		}
	}
}

func TestHealthCheckThatFailsAfterTheSuccessCounts(t *testing.T) {
	folded := event.FoldChanges(decodedChanges(t, "flux", "health_check_failed", "succeeded"))
	if len(folded) != 1 || folded[0].Status != correlate.StatusFailed {
		t.Errorf("changes = %+v", folded)
	}
}

func TestRollbackOfAReleaseIsAChangeOfItsOwn(t *testing.T) {
	folded := event.FoldChanges(decodedChanges(t, "flux", "helm_upgraded", "helm_rolled_back", "helm_uninstalled"))
	var kinds []correlate.ChangeKind
	for i := range folded {
		kinds = append(kinds, folded[i].Kind)
	}
	if diff := cmp.Diff([]correlate.ChangeKind{correlate.KindDeploy, correlate.KindRollback, correlate.KindInfrastructure}, kinds); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRevisionsOfFluxAreRead(t *testing.T) {
	const sha = "c0ffee0000000000000000000000000000000a1b"
	for text, want := range map[string]struct{ branch, commit, version string }{
		"main@sha1:" + sha:   {"main", sha, sha},
		"main/" + sha:        {"main", sha, sha},
		"feature/x/" + sha:   {"feature/x", sha, sha},
		"v4.2.0@sha1:" + sha: {"v4.2.0", sha, "v4.2.0"},
		"sha1:" + sha:        {"", sha, sha},
		"latest@sha256:ab":   {"latest", "", "latest@sha256:ab"},
		"sha256:ab":          {"", "", "sha256:ab"},
		"1.4.0":              {"", "", "1.4.0"},
		"1.4.0+1":            {"", "", "1.4.0+1"},
		"main/abc":           {"", "", "main/abc"},
		"/" + sha:            {"", "", "/" + sha},
		"@":                  {"", "", "@"},
		"":                   {},
	} {
		r := parseRevision(text)
		if r.branch != want.branch || r.commit != want.commit || r.version() != want.version {
			t.Errorf("%q = %+v, version %q", text, r, r.version())
		}
	}
}

func TestReasonsByWhichNothingChangedSayNothing(t *testing.T) {
	for _, reason := range []string{"ArtifactFailed", "BuildFailed", "DependencyNotReady", "ValidationFailed", "Suspended", "NewArtifact", "TestSucceeded", "SomethingNew"} {
		batch, rejected := decodeAs(t, "flux", headers(), []byte(`{"involvedObject":{"kind":"Kustomization","name":"a","uid":"u"},"reason":"`+reason+`","timestamp":"2026-11-19T09:00:00Z"}`))
		if batch.Len() != 0 || rejected != nil {
			t.Errorf("%s = %+v, %v", reason, batch.Changes, rejected)
		}
	}
}

func TestServiceOfAFluxObjectIsMapped(t *testing.T) {
	f := newFlux(naming{cfg: Config{Services: Rules{
		{Source: "flux", Attribute: "object", Value: "shop/basket", Service: "basket-eu"},
		{Source: "flux", Attribute: "object", Value: "search", Service: "finder"},
		{Source: "flux", Attribute: "service", Value: "bsk", Service: "basket"},
	}}})
	for _, c := range []struct{ namespace, name, service, want string }{
		{"shop", "basket", "", "basket-eu"},
		{"other", "basket", "", "basket"},
		{"shop", "search", "", "finder"},
		{"shop", "basket", "bsk", "basket"},
		{"shop", "basket", "own", "own"},
	} {
		e := &fluxEvent{Object: &fluxObject{Namespace: c.namespace, Name: c.name}, Metadata: map[string]string{"service": c.service}}
		if got := f.service(e); got != c.want {
			t.Errorf("%+v = %q", c, got)
		}
	}
}

func TestFluxNamesTheHashFunctionOfItsSignature(t *testing.T) {
	body := []byte(`{"reason":"x"}`)
	good := hexHMAC("s3cret", body)
	for _, c := range []struct {
		name, secret, value string
		good                bool
	}{
		{"sha256", "s3cret", "sha256=" + good, true},
		{"capitals", "s3cret", " SHA256=" + good, true},
		{"sha512", "s3cret", "sha512=" + sha512HMAC("s3cret", body), true},
		{"sha512 under the name of another", "s3cret", "sha256=" + sha512HMAC("s3cret", body), false},
		{"other secret", "s3cret", "sha256=" + hexHMAC("guess", body), false},
		{"weak function", "s3cret", "sha1=" + good[:40], false},
		{"no function", "s3cret", good, false},
		{"empty", "s3cret", "", false},
		{"no secret is no proof", "", "sha256=" + hexHMAC("", body), false},
	} {
		if err := testRegistry().Verify("flux", c.secret, headers("X-Signature", c.value), body); c.good != (err == nil) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
