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
func answering(t *testing.T, status int, body string) *remote {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	client, err := askService(server.URL+"/", "flt_a_b")
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// asked asks for a verdict of the gate and returns what a command would say.
func asked(t *testing.T, service *remote) error {
	t.Helper()
	sent, err := body(map[string]int{})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := service.AskGateWithBodyWithResponse(t.Context(), jsonType, sent)
	if err != nil {
		return service.explain(err)
	}
	var into map[string]any
	return service.readAnswer(answer.Body, &into)
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
		"no JSON at all":            {400, "<html>", false, "400"},
		"success that is no answer": {200, "<html>", false, "is it Faultline"},
		"a store that is away":      {503, `{"title": "The store cannot be reached", "detail": "x"}`, true, "cannot be reached"},
		"a fault inside":            {500, "", true, "500"},
		"too many requests":         {429, `{"title": "Too many requests", "detail": "x"}`, true, "Too many"},
		"a proxy in between":        {502, "bad gateway", true, "502"},
	} {
		t.Run(name, func(t *testing.T) {
			err := asked(t, answering(t, tc.status, tc.body))
			if err == nil || errors.Is(err, ErrDependency) != tc.down || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%v, want %q, down %v", err, tc.want, tc.down)
			}
		})
	}
}

func TestClientNeverTellsItsToken(t *testing.T) {
	for _, status := range []int{401, 403, 500} {
		err := asked(t, answering(t, status, `{"title": "No", "detail": "no"}`))
		if err == nil || strings.Contains(err.Error(), "flt_a_b") {
			t.Errorf("%v", err)
		}
	}
}

func TestClientRefusesAddressesItCannotAsk(t *testing.T) {
	for _, server := range []string{"", "faultline.example", "ftp://faultline.example", "http://", "::"} {
		if _, err := askService(server, ""); err == nil || !strings.Contains(err.Error(), "--server") {
			t.Errorf("%q: %v", server, err)
		}
	}
}

func TestARefusedTokenSaysWhereToGetOne(t *testing.T) {
	for status, want := range map[int]string{401: "FAULTLINE_TOKEN", 403: "faultline token create"} {
		if err := asked(t, answering(t, status, `{"title": "No", "detail": "no"}`)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d: %v, want %q", status, err, want)
		}
	}
	if err := asked(t, answering(t, 404, `{"type": "/problems/incident-not-found", "title": "There is no such incident", "detail": "x"}`)); !strings.Contains(err.Error(), "incidents list") {
		t.Errorf("%v", err)
	}
	away, err := askService("http://127.0.0.1:1", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := asked(t, away); !errors.Is(err, ErrDependency) || !strings.Contains(err.Error(), "faultline serve") {
		t.Errorf("%v", err)
	}
}

// TestAPasswordInTheAddressIsNotPrinted: what a command says of an address ends up
// in the logs of pipelines.
func TestAPasswordInTheAddressIsNotPrinted(t *testing.T) {
	for _, server := range []string{"http://u:hunter2@127.0.0.1:1", "ftp://u:hunter2@h", "http://u:hunter2@h:port", "u:hunter2@h"} {
		errs := map[string]error{
			"health": Health(t.Context(), server, io.Discard),
			"list":   ListIncidents(t.Context(), IncidentsOptions{Server: server, Output: "table"}, io.Discard),
			"import": Import(t.Context(), ImportOptions{Files: []string{"/nonexistent"}, Server: server, Token: "t"}, strings.NewReader(""), io.Discard),
		}
		for command, err := range errs {
			if err == nil || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), `Get "`) {
				t.Errorf("%s %s: %v", command, server, err)
			}
		}
	}
}
