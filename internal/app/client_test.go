package app

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// answering is a service that answers everything alike.
func answering(t *testing.T, status int, body string) *apiClient {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	client, err := newAPIClient(server.URL+"/", "flt_a_b")
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestClientTellsRefusalsFromDependenciesThatAreDown(t *testing.T) {
	for name, tc := range map[string]struct {
		status int
		body   string
		down   bool
		want   string
	}{
		"a refusal with its mend":   {422, `{"title": "No", "detail": "kind: missing", "errors": [{"path": "kind", "mend": "give a kind"}]}`, false, "give a kind"},
		"a refusal without a mend":  {404, `{"title": "There is no such incident", "detail": "x"}`, false, "no such incident"},
		"no JSON at all":            {400, "<html>", false, "answers 400"},
		"success that is no answer": {200, "<html>", false, "is it Faultline"},
		"a store that is away":      {503, `{"title": "The store cannot be reached", "detail": "x"}`, true, "cannot be reached"},
		"a fault inside":            {500, "", true, "answers 500"},
		"too many requests":         {429, `{"title": "Too many requests", "detail": "x"}`, true, "Too many"},
		"a proxy in between":        {502, "bad gateway", true, "answers 502"},
	} {
		t.Run(name, func(t *testing.T) {
			var into map[string]any
			_, err := answering(t, tc.status, tc.body).call(t.Context(), http.MethodPost, "/v1/gate", nil, map[string]int{}, &into)
			if err == nil || errors.Is(err, ErrDependency) != tc.down || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%v, want %q, down %v", err, tc.want, tc.down)
			}
		})
	}
}

func TestClientNeverTellsItsToken(t *testing.T) {
	var into any
	for _, status := range []int{401, 403, 500} {
		_, err := answering(t, status, `{"title": "No", "detail": "no"}`).call(t.Context(), http.MethodGet, "/", nil, nil, &into)
		if err == nil || strings.Contains(err.Error(), "flt_a_b") {
			t.Errorf("%v", err)
		}
	}
}

func TestClientRefusesAddressesItCannotAsk(t *testing.T) {
	for _, server := range []string{"", "faultline.example", "ftp://faultline.example", "http://", "::"} {
		if _, err := newAPIClient(server, ""); err == nil || !strings.Contains(err.Error(), "--server") {
			t.Errorf("%q: %v", server, err)
		}
	}
}
