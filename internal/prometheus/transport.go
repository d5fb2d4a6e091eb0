package prometheus

import (
	"errors"
	"fmt"
	"io"
	"net/http"
)

// errTooLong is the error of an answer beyond Config.MaxResponseBytes.
var errTooLong = errors.New("the answer is too long; raise metrics.max_response_bytes or narrow the query")

// guard authenticates requests to the server and bounds its answers.
type guard struct {
	next http.RoundTripper
	cfg  *Config
}

// RoundTrip sends the request with the server's credentials.
func (g guard) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	switch {
	case g.cfg.BearerToken != "":
		r.Header.Set("Authorization", "Bearer "+g.cfg.BearerToken)
	case g.cfg.Username != "":
		r.SetBasicAuth(g.cfg.Username, g.cfg.Password)
	}
	answer, err := g.next.RoundTrip(r)
	if err != nil {
		return nil, fmt.Errorf("asking the metrics server: %w", err)
	}
	if answer.StatusCode >= 300 && answer.StatusCode < 400 {
		_ = answer.Body.Close()
		return nil, errors.New("the metrics server redirects; set its final address")
	}
	answer.Body = &bounded{body: answer.Body, left: g.cfg.MaxResponseBytes}
	return answer, nil
}

// bounded fails a body that is longer than it may be.
type bounded struct {
	body io.ReadCloser
	left int64
}

// Read reads on while the limit is not passed.
func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, errTooLong
	}
	return n, err //nolint:wrapcheck // A reader passes on io.EOF as it is.
}

// Close closes the body.
func (b *bounded) Close() error { return b.body.Close() } //nolint:wrapcheck // Nothing to add.

// newTransport makes the connections to the server.
func newTransport(cfg *Config) (*http.Transport, http.RoundTripper) {
	base := http.DefaultTransport.(*http.Transport).Clone() //nolint:errcheck // It is one.
	base.TLSClientConfig = cfg.TLS
	base.MaxConnsPerHost = cfg.Concurrency
	return base, guard{next: base, cfg: cfg}
}
