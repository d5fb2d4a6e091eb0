package agents

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/faultline/faultline/api/client"
)

// door is the handler over HTTP as an assistant with the right token meets it.
func door(t *testing.T) *httptest.Server {
	t.Helper()
	at := service(t)
	server := httptest.NewServer(Handler(func(*http.Request) (*client.Faultline, error) { return faultline(t, at, "secret"), nil }, "1.2.3"))
	t.Cleanup(server.Close)
	return server
}

// knock sends one request over HTTP, with the headers that every client sends
// and those given, and returns the answer as JSON where it is that.
func knock(t *testing.T, server *httptest.Server, method, body string, header ...string) (*http.Response, map[string]any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, server.URL, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer map[string]any
	_ = json.Unmarshal(raw, &answer)
	return resp, answer
}

func initialize(version string) string {
	return `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"` + version + `","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}`
}

func TestVersionsAreAgreed(t *testing.T) {
	server := door(t)
	for asked, want := range map[string]string{
		"2025-11-25": "2025-11-25", "2025-06-18": "2025-06-18", "2025-03-26": "2025-03-26", "2024-11-05": "2024-11-05", "1999-01-01": "2025-11-25",
	} {
		resp, answer := knock(t, server, http.MethodPost, initialize(asked))
		result, ok := answer["result"].(map[string]any)
		if resp.StatusCode != http.StatusOK || !ok || result["protocolVersion"] != want {
			t.Errorf("asked for %s: %d %v, want %s", asked, resp.StatusCode, answer, want)
			continue
		}
		capabilities := result["capabilities"].(map[string]any)
		if _, tools := capabilities["tools"]; !tools || len(capabilities) != 1 {
			t.Errorf("it says that it can %v; it has tools and nothing else", capabilities)
		}
		if resp.Header.Get("Mcp-Session-Id") != "" {
			t.Error("a server without sessions hands one out")
		}
	}
}

func TestWhatIsNoCallIsAnErrorOfTheProtocol(t *testing.T) {
	server := door(t)
	for name, c := range map[string]struct {
		body string
		code float64
	}{
		"unknown method":  {`{"jsonrpc":"2.0","id":1,"method":"tools/destroy"}`, -32601},
		"unknown tool":    {`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"confirm_verdict","arguments":{}}}`, -32602},
		"no such request": {`{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"file:///etc/passwd"}}`, 0},
	} {
		resp, answer := knock(t, server, http.MethodPost, c.body)
		refused, isError := answer["error"].(map[string]any)
		if !isError && resp.StatusCode != http.StatusBadRequest || isError && c.code != 0 && refused["code"] != c.code {
			t.Errorf("%s: %d %v", name, resp.StatusCode, answer)
		}
	}
	for name, body := range map[string]string{"no JSON": "{", "no message": `"hello"`, "too large": initialize(strings.Repeat("x", maxRequestBytes))} {
		if resp, answer := knock(t, server, http.MethodPost, body); resp.StatusCode < 400 || resp.StatusCode >= 500 {
			t.Errorf("%s: %d %v", name, resp.StatusCode, answer)
		}
	}
}

func TestWrongArgumentsAreToldToTheAssistant(t *testing.T) {
	session := converse(t)
	for name, args := range map[string]any{
		"missing": map[string]any{}, "wrong type": map[string]any{"incident": 7}, "unknown": map[string]any{"incident": "inc-1", "evil": true},
	} {
		result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "get_incident", Arguments: args})
		if err == nil && !result.IsError {
			t.Errorf("%s: taken as %v", name, text(result))
		}
	}
}

func TestTheDoorOverHTTPIsStrict(t *testing.T) {
	server := door(t)
	for name, c := range map[string]struct {
		method string
		header []string
		want   int
	}{
		"a page of another site":       {http.MethodPost, []string{"Origin", "https://evil.example"}, http.StatusForbidden},
		"a page says so":               {http.MethodPost, []string{"Sec-Fetch-Site", "cross-site"}, http.StatusForbidden},
		"another name for this server": {http.MethodPost, []string{"Origin", "null"}, http.StatusForbidden},
		"our own page":                 {http.MethodPost, []string{"Origin", server.URL}, http.StatusOK},
		"an unknown version":           {http.MethodPost, []string{"MCP-Protocol-Version", "1999-01-01"}, http.StatusBadRequest},
		"a known version":              {http.MethodPost, []string{"MCP-Protocol-Version", "2025-06-18"}, http.StatusOK},
		"a form":                       {http.MethodPost, []string{"Content-Type", "text/plain"}, http.StatusUnsupportedMediaType},
		"cannot read the answer":       {http.MethodPost, []string{"Accept", "text/html"}, http.StatusBadRequest},
		"a stream, which is not here":  {http.MethodGet, nil, http.StatusMethodNotAllowed},
		"the end of no session":        {http.MethodDelete, nil, http.StatusMethodNotAllowed},
	} {
		resp, answer := knock(t, server, c.method, `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}`, c.header...)
		if resp.StatusCode != c.want {
			t.Errorf("%s: %d %v, want %d", name, resp.StatusCode, answer, c.want)
		}
	}
}

// TestEverySchemaIsStrictAndTells walks the schemas of all tools: assistants
// fill in what is described, and what is unknown must be refused.
func TestEverySchemaIsStrictAndTells(t *testing.T) {
	_, answer := knock(t, door(t), http.MethodPost, `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}`)
	tools := answer["result"].(map[string]any)["tools"].([]any)
	if len(tools) != 8 {
		t.Fatalf("%d tools", len(tools))
	}
	for _, one := range tools {
		tool := one.(map[string]any)
		for _, which := range []string{"inputSchema", "outputSchema"} {
			schema, ok := tool[which].(map[string]any)
			if !ok || schema["type"] != "object" || schema["additionalProperties"] != false {
				t.Errorf("%s of %v is %v", which, tool["name"], schema)
			}
		}
		for name, property := range tool["inputSchema"].(map[string]any)["properties"].(map[string]any) {
			if described, _ := property.(map[string]any)["description"].(string); described == "" {
				t.Errorf("%v says nothing about %s", tool["name"], name)
			}
		}
	}
}

// slow is a service that answers nothing until its caller goes away, and tells
// when one came and left.
func slow(t *testing.T) (at string, came, left chan struct{}) {
	t.Helper()
	came, left = make(chan struct{}, 1), make(chan struct{}, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		came <- struct{}{}
		<-r.Context().Done()
		left <- struct{}{}
	}))
	t.Cleanup(server.Close)
	return server.URL, came, left
}

func await(t *testing.T, what string, ch <-chan struct{}) {
	t.Helper()
	select {
	case <-ch:
	case <-time.After(time.Minute):
		t.Fatalf("waited in vain: %s", what)
	}
}

// TestACancelledCallStopsItsWork cancels a call as the protocol does, by a
// notification, and looks whether the request behind it ends.
func TestACancelledCallStopsItsWork(t *testing.T) {
	at, came, left := slow(t)
	here, there := mcp.NewInMemoryTransports()
	serving, err := New(faultline(t, at, "secret"), "1.2.3").Connect(t.Context(), there, nil)
	if err != nil {
		t.Fatal(err)
	}
	session, err := mcp.NewClient(&mcp.Implementation{Name: "assistant"}, nil).Connect(t.Context(), here, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := session.CallTool(ctx, &mcp.CallToolParams{Name: "get_service", Arguments: map[string]any{"service": "cart"}})
		ended <- err
	}()
	await(t, "the request behind the call", came)
	cancel()
	if err := <-ended; err == nil {
		t.Error("the cancelled call has an answer")
	}
	await(t, "the end of the request behind the call", left)
	if err := session.Ping(t.Context(), nil); err != nil {
		t.Errorf("the line is broken after a cancelled call: %v", err)
	}
	_ = session.Close()
	_ = serving.Wait()
}

// TestAClientThatLeavesStopsItsWork is the same over HTTP, where since the
// version of 2026-07-28 the connection that ends is the cancellation. Calls of
// older versions, which have no cancellation without a session, end with their
// time limit.
func TestAClientThatLeavesStopsItsWork(t *testing.T) {
	at, came, left := slow(t)
	server := httptest.NewServer(Handler(func(*http.Request) (*client.Faultline, error) { return faultline(t, at, "secret"), nil }, "1.2.3"))
	defer server.Close()
	transport := &mcp.StreamableClientTransport{Endpoint: server.URL, DisableStandaloneSSE: true}
	session, err := mcp.NewClient(&mcp.Implementation{Name: "assistant"}, nil).Connect(t.Context(), transport, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = session.CallTool(ctx, &mcp.CallToolParams{Name: "get_service", Arguments: map[string]any{"service": "cart"}})
	}()
	await(t, "the request behind the call", came)
	cancel()
	await(t, "the end of the request behind the call", left)
	<-ended
}

// TestOneLineOnStandardOutputIsOneMessage speaks over pipes, as a local
// assistant does: whatever is asked, nothing but messages comes back.
func TestOneLineOnStandardOutputIsOneMessage(t *testing.T) {
	in, out := io.Pipe()
	var said strings.Builder
	transport := answered{&mcp.IOTransport{Reader: in, Writer: nopCloser{&said}}}
	done := make(chan error, 1)
	go func() { done <- New(faultline(t, service(t), "secret"), "1.2.3").Run(t.Context(), transport) }()
	for _, line := range []string{
		initialize("2025-06-18"), `{"jsonrpc":"2.0","method":"notifications/initialized"}`, `{"jsonrpc":"2.0","id":"two","method":"ping"}`,
		`{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"get_change","arguments":{"change":"a"}}}`,
	} {
		if _, err := io.WriteString(out, line+"\n"); err != nil {
			t.Fatal(err)
		}
	}
	// Who pipes a script closes at once, and still wants every answer.
	_ = out.Close()
	<-done
	var ids []any
	for line := range strings.Lines(said.String()) {
		var message map[string]any
		if err := json.Unmarshal([]byte(line), &message); err != nil || message["jsonrpc"] != "2.0" {
			t.Fatalf("%q is no message: %v", line, err)
		}
		ids = append(ids, message["id"])
	}
	for _, id := range []any{1.0, "two", 3.0} {
		if !slices.Contains(ids, id) {
			t.Errorf("no answer to %v among %v", id, ids)
		}
	}
}

// TestAnEndWithoutAnswersIsTold: a call that nobody will answer does not keep the
// process when it is to stop.
func TestAnEndWithoutAnswersIsTold(t *testing.T) {
	for name, end := range map[string]func(mcp.Connection, context.CancelFunc){
		"closed":    func(c mcp.Connection, _ context.CancelFunc) { _ = c.Close() },
		"cancelled": func(_ mcp.Connection, cancel context.CancelFunc) { cancel() },
	} {
		ctx, cancel := context.WithCancel(t.Context())
		in := io.NopCloser(strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"ping"}` + "\n"))
		connection, err := answered{&mcp.IOTransport{Reader: in, Writer: nopCloser{io.Discard}}}.Connect(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := connection.Read(ctx); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		ended := make(chan error, 1)
		go func() {
			_, err := connection.Read(ctx)
			ended <- err
		}()
		select {
		case err := <-ended:
			t.Fatalf("%s: the end is told while a call is open: %v", name, err)
		case <-time.After(50 * time.Millisecond):
		}
		end(connection, cancel)
		if err := <-ended; err == nil {
			t.Errorf("%s: no end", name)
		}
		cancel()
		_ = connection.Close()
	}
}

// nopCloser is a writer that is not closed by who writes.
type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }
