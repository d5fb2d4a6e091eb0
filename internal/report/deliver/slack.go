package deliver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/faultline/faultline/internal/report"
)

// Slack posts the short form of the report to an incoming webhook.
type Slack struct {
	// webhook is a secret: who has it may post.
	webhook string
	client  *http.Client
}

// slackRecipient stands for the webhook, whose address is a secret.
const slackRecipient = "slack"

// NewSlack posts to a webhook. It follows no redirect: the page at its end would
// answer well to a post that it never got.
func NewSlack(webhook string, timeout time.Duration) *Slack {
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Slack{webhook: webhook, client: &http.Client{Timeout: timeout, CheckRedirect: stay}}
}

// Recipients is the one webhook.
func (s *Slack) Recipients() []string { return []string{slackRecipient} }

// post is the body of a request, which begins the delivery when its first byte is
// read: by then the connection stands. A transport may read it beside the caller,
// and go on when the server has answered without it.
type post struct {
	text  io.Reader
	begin func() error

	mu           sync.Mutex
	begun, ended bool
}

// Read implements io.Reader.
func (b *post) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.ended:
		return 0, io.ErrClosedPipe
	case !b.begun:
		if err := b.begin(); err != nil {
			return 0, err
		}
		b.begun = true
	}
	return b.text.Read(p)
}

// end keeps the delivery from beginning when its end is known.
func (b *post) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
}

// Send posts the report.
func (s *Slack) Send(ctx context.Context, r *report.Report, _ string, begin Begin) error {
	body, err := json.Marshal(r.Slack())
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFinal, err)
	}
	var wrote atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(info httptrace.WroteRequestInfo) { wrote.Store(info.Err == nil) }})
	sent := &post{text: bytes.NewReader(body), begin: func() error { return begin(ctx) }}
	defer sent.end()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.webhook, sent)
	if err != nil {
		return fmt.Errorf("%w: the address of the webhook cannot be used", ErrFinal)
	}
	// The body is given once, without GetBody: a transport that repeats it could
	// post twice.
	req.ContentLength = int64(len(body))
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.client.Do(req)
	if err != nil {
		err = withoutAddress(err)
		if wrote.Load() {
			return fmt.Errorf("%w: %w", ErrUnsure, err)
		}
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 200))
	return slackVerdict(resp.StatusCode, string(text))
}

func slackVerdict(status int, text string) error {
	switch {
	case status < 300:
		return nil
	case status == http.StatusTooManyRequests || status >= 500:
		return fmt.Errorf("slack answers %d %q", status, text)
	default:
		return fmt.Errorf("%w: slack answers %d %q", ErrFinal, status, text)
	}
}

// withoutAddress drops the address, which is a secret, from an error.
func withoutAddress(err error) error {
	var named *url.Error
	if errors.As(err, &named) {
		return fmt.Errorf("post to slack: %w", named.Err)
	}
	return err
}
