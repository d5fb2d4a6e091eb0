package app

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"

	"github.com/faultline/faultline/api/client"
	"github.com/faultline/faultline/internal/agents"
)

// AgentsOptions say which service assistants ask.
type AgentsOptions struct{ Server, Token string }

// ServeAgents lets an assistant ask a running service over the Model Context
// Protocol on standard input and output, until it leaves or ctx ends.
func ServeAgents(ctx context.Context, opts AgentsOptions) error {
	cfg := client.DefaultConfig()
	cfg.Server, cfg.Token = opts.Server, opts.Token
	faultline, err := client.Connect(cfg)
	if err != nil {
		return fmt.Errorf("--server: %w", err)
	}
	return agents.Serve(ctx, faultline, version())
}

// version is the module's version as it was built.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

// agentsOver is the door for assistants over the API of this process. Each
// request asks with the token that came with it, so that an assistant may
// exactly what its token may.
func agentsOver(api http.Handler) http.Handler {
	return agents.Handler(func(r *http.Request) (*client.Faultline, error) {
		cfg := client.DefaultConfig()
		cfg.Server, cfg.Transport = "http://in-process", inProcess{api, r.Header.Get("Authorization")}
		return client.Connect(cfg)
	}, version())
}

// inProcess sends requests to a handler of this process without a socket, with
// the credentials as they came.
type inProcess struct {
	handler       http.Handler
	authorization string
}

// RoundTrip runs the handler and returns what it wrote.
func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	asked := r.Clone(r.Context())
	asked.RequestURI, asked.RemoteAddr, asked.Host = r.URL.RequestURI(), "127.0.0.1:0", r.URL.Host
	if p.authorization != "" {
		asked.Header.Set("Authorization", p.authorization)
	}
	if asked.Body == nil {
		asked.Body = http.NoBody
	}
	w := &written{header: http.Header{}, status: http.StatusOK}
	p.handler.ServeHTTP(w, asked)
	return &http.Response{
		StatusCode: w.status, Status: http.StatusText(w.status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.header, Body: io.NopCloser(&w.body), ContentLength: int64(w.body.Len()), Request: r,
	}, nil
}

// written keeps what a handler writes.
type written struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header is the header of the answer.
func (w *written) Header() http.Header { return w.header }

// WriteHeader sets the status.
func (w *written) WriteHeader(status int) { w.status = status }

// Write adds to the body.
func (w *written) Write(p []byte) (int, error) { return w.body.Write(p) }
