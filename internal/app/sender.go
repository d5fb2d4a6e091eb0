package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/faultline/faultline/api/client"
)

// Patience of the client with a server that says "later".
const (
	sendTimeout  = 60 * time.Second
	sendAttempts = 6
	sendPause    = time.Second
	maxSendPause = 30 * time.Second
)

// sender gathers values of one route into requests and counts the answers.
type sender struct {
	to     *remote
	result ImportResult

	file  string
	route string
	body  bytes.Buffer
	// queued is where each line of body came from.
	queued []place
}

func newSender(opts ImportOptions) (*sender, error) {
	to, err := askServiceFor(opts.Server, opts.Token, sendTimeout)
	if err != nil {
		return nil, err
	}
	return &sender{to: to, result: ImportResult{Rejected: []ImportRejection{}}}, nil
}

func (s *sender) begin(file string) {
	s.file = file
}

// add queues one value and sends what is queued when it is enough, or when the
// value belongs to another route. Vendor payloads go one by one, as they came.
func (s *sender) add(ctx context.Context, at place, value json.RawMessage, format string) error {
	to, problem := route(value, format)
	if problem != "" {
		s.result.Rejected = append(s.result.Rejected, ImportRejection{File: s.file, Line: at.line, Element: at.element, Problem: problem})
		return nil
	}
	vendor := strings.HasPrefix(to, "/v1/webhooks/")
	full := len(s.queued) >= importBatchValues || s.body.Len()+len(value) > importBatchBytes
	if to != s.route || full || vendor {
		if err := s.flush(ctx); err != nil {
			return err
		}
	}
	s.route = to
	if err := json.Compact(&s.body, value); err != nil {
		return fmt.Errorf("%s: %w", at, err)
	}
	s.body.WriteByte('\n')
	s.queued = append(s.queued, at)
	return nil
}

// flush sends what is queued and counts the answer. A service that is busy or
// away is tried again; what it refuses is noted and done with.
func (s *sender) flush(ctx context.Context) error {
	if len(s.queued) == 0 {
		return nil
	}
	for attempt := 1; ; attempt++ {
		answer, err := s.deliver(ctx)
		var refused *client.Problem
		known := errors.As(err, &refused)
		switch {
		case err == nil:
			err = s.count(answer)
		case known && refused.Status == http.StatusUnprocessableEntity && len(refused.Errors) > 0:
			s.reject(refused.Errors)
			err = nil
		case known && refused.Status != http.StatusServiceUnavailable && refused.Status != http.StatusTooManyRequests, attempt == sendAttempts:
			return s.to.explain(err)
		default:
			if err := wait(ctx, pause(refused, attempt)); err != nil {
				return err
			}
			continue
		}
		s.body.Reset()
		s.queued = s.queued[:0]
		return err
	}
}

func wait(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// pause is how long to wait before the next attempt: what the server asks for,
// at most half a minute, else twice as long each time.
func pause(refused *client.Problem, attempt int) time.Duration {
	if refused != nil && refused.RetryAfter > 0 && refused.RetryAfter <= maxSendPause {
		return refused.RetryAfter
	}
	return sendPause << (attempt - 1)
}

// maxReceiptBytes bounds what is read of a receipt.
const maxReceiptBytes = 8 << 20

// deliver makes one request of what is queued and returns the receipt.
func (s *sender) deliver(ctx context.Context) ([]byte, error) {
	response, err := s.post(ctx, bytes.NewReader(s.body.Bytes()))
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	return io.ReadAll(io.LimitReader(response.Body, maxReceiptBytes))
}

func (s *sender) post(ctx context.Context, queued io.Reader) (*http.Response, error) {
	const lines = "application/x-ndjson"
	switch s.route {
	case "/v1/changes":
		return s.to.SendChangesWithBody(ctx, lines, queued)
	case "/v1/alerts":
		return s.to.SendAlertsWithBody(ctx, lines, queued)
	case "/v1/topology":
		return s.to.SendTopologyWithBody(ctx, lines, queued)
	default:
		format, err := url.PathUnescape(strings.TrimPrefix(s.route, "/v1/webhooks/"))
		if err != nil {
			return nil, fmt.Errorf("--format: %w", err)
		}
		return s.to.SendWebhookWithBody(ctx, format, jsonType, queued)
	}
}

// answer is what the API says of a delivery.
type answer struct {
	Accepted   int       `json:"accepted"`
	Duplicates int       `json:"duplicates"`
	Rejected   []refusal `json:"rejected"`
}

// refusal is an element that a receipt says was not taken.
type refusal struct {
	Line    int    `json:"line"`
	Path    string `json:"path"`
	Problem string `json:"problem"`
	Mend    string `json:"mend"`
}

func (s *sender) count(receipt []byte) error {
	var a answer
	if err := s.to.readAnswer(receipt, &a); err != nil {
		return err
	}
	s.result.Accepted += a.Accepted
	s.result.Duplicates += a.Duplicates
	for _, r := range a.Rejected {
		s.reject([]client.ProblemField{{Line: r.Line, Path: r.Path, Message: r.Problem, Mend: r.Mend}})
	}
	return nil
}

// reject notes refused elements under their place in the file.
func (s *sender) reject(problems []client.ProblemField) {
	for _, p := range problems {
		at := s.queued[0]
		if p.Line >= 1 && p.Line <= len(s.queued) {
			at = s.queued[p.Line-1]
		}
		s.result.Rejected = append(s.result.Rejected, ImportRejection{File: s.file, Line: at.line, Element: at.element, Path: p.Path, Problem: p.Message, Mend: p.Mend})
	}
}
