// Package client speaks to a Faultline service over its REST API. The methods
// and values are generated from the service's own OpenAPI description; by hand
// is what surrounds them: the token, time limits, patience with a busy
// service, problems as errors, and the event stream.
package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

//go:generate sh -c "\"$(../../scripts/tool.sh oapi-codegen)\" -config oapi.yaml ../openapi.json"

// Config says where the service is and how patient the client is.
type Config struct {
	// Server is the address of the service, as http://127.0.0.1:8080.
	Server string
	// Token is the bearer token; it is sent to Server only.
	Token string
	// Timeout bounds one attempt of one request, streams apart.
	Timeout time.Duration
	// Attempts bounds how often a request that changes nothing is sent when the
	// service says that it is busy; MaxPause how long is waited in between.
	Attempts int
	MaxPause time.Duration
	// Transport sends requests; nil means the default of net/http.
	Transport http.RoundTripper
}

// DefaultConfig fits a service in the same network.
func DefaultConfig() Config {
	return Config{Timeout: 30 * time.Second, Attempts: 4, MaxPause: 10 * time.Second}
}

// Faultline is a client of one service. The embedded methods end in
// WithResponse; their errors are a *Problem where the service answered with
// one. It may be used from many goroutines.
type Faultline struct {
	*ClientWithResponses
	sender *sender
}

// Connect makes a client; nothing is sent yet.
func Connect(cfg Config) (*Faultline, error) {
	at, err := url.Parse(cfg.Server)
	if err != nil || at.Host == "" || (at.Scheme != "http" && at.Scheme != "https") {
		return nil, fmt.Errorf("server %q is no address; want one such as http://127.0.0.1:8080", masked(cfg.Server))
	}
	// A redirect to another host must not carry the token along: none is followed.
	s := &sender{cfg: cfg, http: &http.Client{Transport: cfg.Transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}}
	generated, err := NewClientWithResponses(strings.TrimRight(cfg.Server, "/"), WithHTTPClient(s))
	if err != nil {
		return nil, fmt.Errorf("make a client of %s: %w", at.Redacted(), err)
	}
	return &Faultline{ClientWithResponses: generated, sender: s}, nil
}

// masked is what was given for an address, for an error: before an @ may stand
// a password.
func masked(server string) string {
	if at := strings.LastIndex(server, "@"); at >= 0 {
		return "***" + server[at:]
	}
	return server
}

// Problem is an answer that refuses a request, as RFC 9457 describes it.
type Problem struct {
	Type     string         `json:"type"`
	Title    string         `json:"title"`
	Status   int            `json:"status"`
	Detail   string         `json:"detail"`
	Instance string         `json:"instance"`
	Errors   []ProblemField `json:"errors"`
	// RetryAfter is how long the service asks to be left alone, 0 when it does
	// not say.
	RetryAfter time.Duration `json:"-"`
}

// ProblemField is what is wrong with one field, and the mend. Line counts the
// lines of a body of several events from 1; 0 means the whole.
type ProblemField struct {
	Line     int    `json:"line"`
	Location string `json:"location"`
	Path     string `json:"path"`
	Message  string `json:"message"`
	Mend     string `json:"mend"`
}

// Error is the problem on one line.
func (p *Problem) Error() string {
	text := p.Title
	if p.Detail != "" {
		text += ": " + p.Detail
	}
	for _, f := range p.Errors {
		fault := f.Path + ": " + f.Message
		told := strings.Contains(p.Detail, fault)
		if told && strings.Contains(p.Detail, f.Mend) {
			continue
		}
		if !told || len(p.Errors) > 1 {
			text += "; " + fault
		}
		if f.Mend != "" {
			text += " (" + f.Mend + ")"
		}
	}
	return fmt.Sprintf("%s (status %d)", text, p.Status)
}

// NotFound tells whether the service said that the thing asked for is not there.
func NotFound(err error) bool {
	var p *Problem
	return errors.As(err, &p) && p.Status == http.StatusNotFound
}

// sender sends requests for the generated client.
type sender struct {
	cfg  Config
	http *http.Client
}

// Do sends a request and turns a refusal into an error. A request that changes
// nothing is sent again while the service says that it is busy.
func (s *sender) Do(req *http.Request) (*http.Response, error) {
	for attempt := 1; ; attempt++ {
		response, err := s.once(req)
		if err != nil || response.StatusCode < 300 {
			return response, err
		}
		pause := s.pause(response)
		problem := readProblem(response)
		busy := problem.Status == http.StatusTooManyRequests || problem.Status == http.StatusServiceUnavailable
		if !busy || req.Method != http.MethodGet || attempt >= s.cfg.Attempts {
			return nil, problem
		}
		if err := sleep(req.Context(), pause); err != nil {
			return nil, errors.Join(err, problem)
		}
	}
}

// once is one attempt within its time limit. The body ends the limit, so that
// reading it is bounded as well.
func (s *sender) once(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(req.Context(), s.cfg.Timeout)
	attempt := req.Clone(ctx)
	s.sign(attempt)
	response, err := s.http.Do(attempt)
	if err != nil {
		cancel()
		return nil, err
	}
	response.Body = &limitedBody{ReadCloser: response.Body, cancel: cancel}
	return response, nil
}

// sign adds the token.
func (s *sender) sign(req *http.Request) {
	if s.cfg.Token != "" {
		req.Header.Set("Authorization", "Bearer "+s.cfg.Token)
	}
}

// pause is how long a busy service asks to be left alone, within bounds.
func (s *sender) pause(response *http.Response) time.Duration {
	seconds, err := strconv.Atoi(response.Header.Get("Retry-After"))
	if err != nil || seconds < 1 {
		seconds = 1
	}
	return min(time.Duration(seconds)*time.Second, s.cfg.MaxPause)
}

func sleep(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// limitedBody ends the time limit of its request when it is closed.
type limitedBody struct {
	io.ReadCloser
	cancel context.CancelFunc
}

// Close closes the body and releases the time limit.
func (b *limitedBody) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}

// problemBytes bounds what is read of a refusal.
const problemBytes = 1 << 20

// readProblem reads a refusal. What is no problem document, as from a proxy in
// between, is told by its status alone.
func readProblem(response *http.Response) *Problem {
	defer response.Body.Close() //nolint:errcheck // Only read.
	var p Problem
	raw, err := io.ReadAll(io.LimitReader(response.Body, problemBytes))
	if err != nil || json.Unmarshal(raw, &p) != nil || p.Title == "" {
		p = Problem{Title: "the server answered " + response.Status}
	}
	p.Status = response.StatusCode
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds > 0 {
		p.RetryAfter = time.Duration(seconds) * time.Second
	}
	return &p
}
