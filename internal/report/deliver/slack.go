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

// NewSlack posts to a webhook.
func NewSlack(webhook string, timeout time.Duration) *Slack {
	return &Slack{webhook: webhook, client: &http.Client{Timeout: timeout}}
}

// Recipients is the one webhook.
func (s *Slack) Recipients() []string { return []string{slackRecipient} }

// Send posts the report.
func (s *Slack) Send(ctx context.Context, r *report.Report, _ string) error {
	body, err := json.Marshal(r.Slack())
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFinal, err)
	}
	var wrote atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(info httptrace.WroteRequestInfo) { wrote.Store(info.Err == nil) }})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.webhook, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%w: the address of the webhook cannot be used", ErrFinal)
	}
	// The body is given once: a transport that repeats it could post twice.
	req.GetBody = nil
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
