package api

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// FuzzRequest sends addresses and headers as they come from the open internet.
// Nothing may break the server, and every error is a problem.
func FuzzRequest(f *testing.F) {
	for _, seed := range [][3]string{
		{"GET", "/v1/incidents?status=open&limit=3", `"x"`},
		{"GET", "/v1/incidents/inc-7f3a/finding?version=3", `W/"a", "b"`},
		{"GET", "/v1/changes/a%2Fb%20c?source=%zz", "*"},
		{"GET", "/v1/changes?from=2026-05-04T10:00:00+02:00", ""},
		{"POST", "/v1/webhooks/..%2F..%2Fetc", ""},
		{"PUT", "/v1/changes", ""},
		{"GET", "/v1/services/%00", ""},
		{"GET", "/v1/topology?as_of=0001-01-01T00:00:00Z", ""},
		{"GET", "//v1//incidents", ""},
		{"OPTIONS", "*", ""},
		{"GET", "/v1/incidents?limit=99999999999999999999", ""},
		{"HEAD", "/readyz", ""},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	h := newHarness(f)
	f.Fuzz(func(t *testing.T, method, target, held string) {
		address, err := url.ParseRequestURI(target)
		if err != nil || address.Path == streamPath {
			return
		}
		r, err := http.NewRequestWithContext(t.Context(), method, "http://faultline.example/", http.NoBody)
		if err != nil {
			return
		}
		r.URL, r.RequestURI = address, target
		r.Header.Set("Authorization", "Bearer "+h.tokens[RoleAdmin])
		r.Header.Set("If-None-Match", held)
		rec := httptest.NewRecorder()
		h.Handler().ServeHTTP(rec, r)
		if rec.Code >= http.StatusInternalServerError {
			t.Fatalf("%s %q: status %d: %s", method, target, rec.Code, rec.Body)
		}
		if rec.Code >= http.StatusBadRequest {
			var p Problem
			if err := json.Unmarshal(rec.Body.Bytes(), &p); err != nil || p.Status != rec.Code || p.Instance == "" || rec.Header().Get("Content-Type") != problemMediaType {
				t.Fatalf("%s %q: status %d is no problem: %v %s", method, target, rec.Code, err, rec.Body)
			}
		}
	})
}

// FuzzDelivery sends bodies. Each is answered with a receipt or with a problem
// that names a mend, and the counts cover every element.
func FuzzDelivery(f *testing.F) {
	for _, seed := range []string{
		minimalChange(""), "[" + minimalChange("") + "]", minimalChange("") + "\n" + minimalAlert, "[]", "{}", "null", "[null]", "{\"id\":\x00}", "\xff\xfe{}", `{"id":1e999}`,
		minimalChange(`,"extra":{"a":[[[]]]}`), minimalTopology, `[{"id":`, "\u2028", strings.Repeat("[", 1000),
	} {
		f.Add(seed)
	}
	h := newHarness(f)
	f.Fuzz(func(t *testing.T, body string) {
		h.intake.accepted = nil
		for _, path := range []string{"/v1/changes", "/v1/alerts", "/v1/topology", "/v1/webhooks/plain"} {
			rec := httptest.NewRecorder()
			h.Handler().ServeHTTP(rec, h.request(ask{method: http.MethodPost, path: path, token: RoleIngest, body: body}))
			switch rec.Code {
			case http.StatusAccepted:
				var receipt Receipt
				if err := json.Unmarshal(rec.Body.Bytes(), &receipt); err != nil || receipt.RejectedCount > 0 && len(receipt.Rejected) == 0 {
					t.Fatalf("%s: receipt %s: %v", path, rec.Body, err)
				}
			case http.StatusUnprocessableEntity:
				var p Problem
				if err := json.Unmarshal(rec.Body.Bytes(), &p); err != nil || len(p.Errors) == 0 || p.Errors[0].Message == "" {
					t.Fatalf("%s: problem %s: %v", path, rec.Body, err)
				}
			default:
				t.Fatalf("%s: status %d: %s", path, rec.Code, rec.Body)
			}
		}
	})
}

// FuzzCredentials tries to get past the keyring.
func FuzzCredentials(f *testing.F) {
	var random counting
	text, token, err := NewToken(&random, "ci", RoleAdmin)
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"", "Bearer " + token.ID, "Bearer " + text + " ", "bearer\t" + text, "Basic Og==", "Basic Zm9vOmZsdF9hX2I=", "Bearer flt_" + token.ID + "_x", "Negotiate"} {
		f.Add(seed)
	}
	cfg := DefaultConfig()
	cfg.Tokens = []Token{token}
	ring, err := newKeyring(&cfg, time.Now)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, header string) {
		who, problem := ring.identify(http.Header{"Authorization": {header}})
		if (who == nil) == (problem == nil) {
			t.Fatalf("%q: neither somebody nor a problem", header)
		}
		given, _ := credentials(header)
		if who != nil && who.ID != "" && given != text {
			t.Fatalf("%q passes", header)
		}
		if header != "" && who == ring.nobody {
			t.Fatalf("%q counts as no credentials", header)
		}
	})
}
