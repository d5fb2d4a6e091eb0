package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// clientTimeout bounds one request of a command to the service.
const clientTimeout = 30 * time.Second

// maxAnswerBytes bounds what a command reads of an answer.
const maxAnswerBytes = 32 << 20

// apiClient speaks to a running service for the commands that ask it.
type apiClient struct {
	base, token string
	client      *http.Client
}

// apiAnswer is one answer of the service.
type apiAnswer struct {
	status int
	header http.Header
	body   []byte
}

// newAPIClient makes a client of the service at an address such as
// http://127.0.0.1:8080. The token may be empty where reading is public.
func newAPIClient(server, token string) (*apiClient, error) {
	u, err := url.Parse(server)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("--server %q is no address; want one such as http://127.0.0.1:8080", server)
	}
	return &apiClient{base: strings.TrimRight(server, "/"), token: token, client: &http.Client{Timeout: clientTimeout}}, nil
}

// do makes one request. Body is sent as JSON unless it is nil. A service that
// cannot be reached, or not do its work now, is a dependency that is down.
func (c *apiClient) do(ctx context.Context, method, path string, header map[string]string, body any) (*apiAnswer, error) {
	var sent io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("encode the request: %w", err)
		}
		sent = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, sent)
	if err != nil {
		return nil, fmt.Errorf("request to %s: %w", c.base, err)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return nil, down(fmt.Errorf("the service at %s does not answer: %w", c.base, err))
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswerBytes))
	if err != nil {
		return nil, down(fmt.Errorf("the answer of %s broke off: %w", c.base, err))
	}
	answer := &apiAnswer{status: resp.StatusCode, header: resp.Header, body: raw}
	if resp.StatusCode >= http.StatusInternalServerError || resp.StatusCode == http.StatusTooManyRequests {
		return nil, down(answer.problem(c.base))
	}
	return answer, nil
}

// call is do for a request that must succeed; it reads the answer into a value.
func (c *apiClient) call(ctx context.Context, method, path string, header map[string]string, body, into any) (*apiAnswer, error) {
	answer, err := c.do(ctx, method, path, header, body)
	if err != nil {
		return nil, err
	}
	if answer.status >= http.StatusBadRequest {
		return answer, answer.problem(c.base)
	}
	if err := json.Unmarshal(answer.body, into); err != nil {
		return answer, fmt.Errorf("the service at %s answers %d without the JSON that was expected; is it Faultline?", c.base, answer.status)
	}
	return answer, nil
}

// problem is the error that an answer tells, with the mend where it has one.
func (a *apiAnswer) problem(base string) error {
	var p struct {
		Title, Detail string
		Choices       []string
		Errors        []struct{ Path, Message, Mend string }
	}
	if err := json.Unmarshal(a.body, &p); err != nil || p.Title == "" {
		return fmt.Errorf("the service at %s answers %d", base, a.status)
	}
	text := fmt.Sprintf("the service at %s answers %d: %s: %s", base, a.status, p.Title, p.Detail)
	for _, e := range p.Errors {
		if e.Mend != "" {
			text += "; " + e.Mend
		}
	}
	return fmt.Errorf("%s", text)
}
