package app

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// TestAssistantsAskWithTheirOwnToken sends a tool call over HTTP: the API behind
// it sees the token of that call and nothing else.
func TestAssistantsAskWithTheirOwnToken(t *testing.T) {
	var seen []string
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Method+" "+r.RequestURI+" "+r.Header.Get("Authorization")+" "+r.Header.Get("Cookie"))
		if r.Header.Get("Authorization") == "" {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"title":"A valid token is needed"}`)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"service":{"name":"cart"},"callees":[],"callers":[],"open_incidents":[],"recent_changes":[]}`)
	})
	door := agentsOver(api)
	for token, want := range map[string]string{"Bearer flt_a_b": `"name":"cart"`, "basic eDpmbHRfYV9i": `"name":"cart"`, "": "A valid token is needed"} {
		answer := askTool(t, door, token, `{"name":"get_service","arguments":{"service":"cart"}}`)
		if !strings.Contains(strings.ReplaceAll(answer, `\"`, `"`), want) {
			t.Errorf("with %q: %s", token, answer)
		}
	}
	for _, s := range seen {
		credentials, ours := strings.CutPrefix(s, "GET /v1/services/cart ")
		if !ours || !slices.Contains([]string{"Bearer flt_a_b ", "basic eDpmbHRfYV9i ", " "}, credentials) {
			t.Errorf("asked %q", s)
		}
	}
}

// askTool makes one call over HTTP, as a client without a session does.
func askTool(t *testing.T, door http.Handler, token, params string) string {
	t.Helper()
	body := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":` + params + `}`
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1/mcp", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	r.Header.Set("Cookie", "session=x")
	if token != "" {
		r.Header.Set("Authorization", token)
	}
	w := httptest.NewRecorder()
	door.ServeHTTP(w, r)
	if !json.Valid(w.Body.Bytes()) {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func TestAHandlerInProcessIsAskedAsOverASocket(t *testing.T) {
	transport := inProcess{handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Seen", r.RequestURI)
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write(append(body, '!'))
	})}
	for _, body := range []io.Reader{nil, strings.NewReader("hello")} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://in-process/a%2Fb?c=d", body)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusTeapot || answer.Header.Get("X-Seen") != "/a%2Fb?c=d" || !strings.HasSuffix(string(text), "!") {
			t.Errorf("%+v %q", answer, text)
		}
	}
}
