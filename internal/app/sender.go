package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Patience of the client with a server that says "later".
const (
	sendTimeout  = 60 * time.Second
	sendAttempts = 6
	sendPause    = time.Second
)

// sender gathers values of one route into requests and counts the answers.
type sender struct {
	base   string
	token  string
	client *http.Client
	result ImportResult

	file     string
	elements int
	route    string
	body     bytes.Buffer
	lines    []int
}

func newSender(opts ImportOptions) (*sender, error) {
	u, err := url.Parse(opts.Server)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("--server %q is no address; want one such as http://127.0.0.1:8080", opts.Server)
	}
	return &sender{
		base: strings.TrimRight(opts.Server, "/"), token: opts.Token,
		client: &http.Client{Timeout: sendTimeout}, result: ImportResult{Rejected: []ImportRejection{}},
	}, nil
}

func (s *sender) begin(file string) {
	s.file, s.elements = file, 0
}

// add queues one value and sends what is queued when it is enough, or when the
// value belongs to another route. Vendor payloads go one by one, as they came.
func (s *sender) add(ctx context.Context, value json.RawMessage, format string) error {
	s.elements++
	to, problem := route(value, format)
	if problem != "" {
		s.result.Rejected = append(s.result.Rejected, ImportRejection{File: s.file, Element: s.elements, Problem: problem})
		return nil
	}
	vendor := strings.HasPrefix(to, "/v1/webhooks/")
	full := len(s.lines) >= importBatchValues || s.body.Len()+len(value) > importBatchBytes
	if to != s.route || full || vendor {
		if err := s.flush(ctx); err != nil {
			return err
		}
	}
	s.route = to
	if err := json.Compact(&s.body, value); err != nil {
		return fmt.Errorf("element %d: %w", s.elements, err)
	}
	s.body.WriteByte('\n')
	s.lines = append(s.lines, s.elements)
	return nil
}

// flush sends what is queued and counts the answer.
func (s *sender) flush(ctx context.Context) error {
	if len(s.lines) == 0 {
		return nil
	}
	for attempt := 1; ; attempt++ {
		status, header, body, err := s.post(ctx)
		if err == nil && status != http.StatusServiceUnavailable && status != http.StatusTooManyRequests {
			err = s.count(status, body)
			s.body.Reset()
			s.lines = s.lines[:0]
			return err
		}
		if err == nil {
			err = fmt.Errorf("the service at %s answers %d", s.base, status)
		}
		if attempt == sendAttempts {
			return down(err)
		}
		select {
		case <-time.After(pause(header, attempt)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// pause is how long to wait before the next attempt: what the server asks for,
// at most half a minute, else twice as long each time.
func pause(header http.Header, attempt int) time.Duration {
	if seconds, err := strconv.Atoi(header.Get("Retry-After")); err == nil && seconds > 0 && seconds <= 30 {
		return time.Duration(seconds) * time.Second
	}
	return sendPause << (attempt - 1)
}

func (s *sender) post(ctx context.Context) (status int, header http.Header, body []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base+s.route, bytes.NewReader(s.body.Bytes()))
	if err != nil {
		return 0, nil, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	req.Header.Set("Content-Type", "application/x-ndjson")
	if strings.HasPrefix(s.route, "/v1/webhooks/") {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return 0, nil, nil, fmt.Errorf("send to %s: %w", s.base, err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err = io.ReadAll(io.LimitReader(resp.Body, 8<<20))
	return resp.StatusCode, resp.Header, body, err
}

// answer is what the API says of a delivery: a receipt, or a problem.
type answer struct {
	Accepted   int             `json:"accepted"`
	Duplicates int             `json:"duplicates"`
	Rejected   []answerProblem `json:"rejected"`
	Errors     []answerProblem `json:"errors"`
	Title      string          `json:"title"`
	Detail     string          `json:"detail"`
}

type answerProblem struct {
	Line    int    `json:"line"`
	Path    string `json:"path"`
	Problem string `json:"problem"`
	Message string `json:"message"`
	Mend    string `json:"mend"`
}

func (s *sender) count(status int, body []byte) error {
	var a answer
	if err := json.Unmarshal(body, &a); err != nil {
		return fmt.Errorf("the service at %s answers %d without JSON; is it Faultline?", s.base, status)
	}
	switch {
	case status == http.StatusAccepted:
		s.result.Accepted += a.Accepted
		s.result.Duplicates += a.Duplicates
		s.reject(a.Rejected)
	case status == http.StatusUnprocessableEntity && len(a.Rejected)+len(a.Errors) > 0:
		s.reject(a.Rejected)
		if len(a.Rejected) == 0 {
			s.reject(a.Errors)
		}
	default:
		return fmt.Errorf("the service at %s answers %d: %s %s", s.base, status, a.Title, a.Detail)
	}
	return nil
}

// reject notes refused elements under their number in the file.
func (s *sender) reject(problems []answerProblem) {
	for _, p := range problems {
		element := s.lines[0]
		if p.Line >= 1 && p.Line <= len(s.lines) {
			element = s.lines[p.Line-1]
		}
		problem := p.Problem
		if problem == "" {
			problem = p.Message
		}
		s.result.Rejected = append(s.result.Rejected, ImportRejection{File: s.file, Element: element, Path: p.Path, Problem: problem, Mend: p.Mend})
	}
}
