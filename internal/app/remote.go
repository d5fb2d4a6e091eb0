package app

import (
	"bytes"
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

// maxChangeBytes bounds what a command reads of a file with one change.
const maxChangeBytes = 32 << 20

// remote is a running service as commands ask it: the client that the API's
// description generates, with errors in the words of the command line.
type remote struct {
	*client.Faultline
	at string
}

// askService makes a client of the service at an address such as
// http://127.0.0.1:8080. The token may be empty where reading is public.
func askService(server, token string) (*remote, error) {
	return askServiceFor(server, token, client.DefaultConfig().Timeout)
}

// reason is why a request got no answer, without the address, which may hold a
// password.
func reason(err error) error {
	if network, is := errors.AsType[*url.Error](err); is {
		return network.Err
	}
	return err
}

// askServiceFor is askService with a time limit for each request.
func askServiceFor(server, token string, timeout time.Duration) (*remote, error) {
	cfg := client.DefaultConfig()
	cfg.Timeout, cfg.Server, cfg.Token, cfg.Attempts, cfg.MaxPause = timeout, server, token, 2, 5*time.Second
	faultline, err := client.Connect(cfg)
	if err != nil {
		return nil, fmt.Errorf("--server: %w", err)
	}
	at, err := url.Parse(server)
	if err != nil {
		return nil, fmt.Errorf("--server: %w", reason(err))
	}
	return &remote{Faultline: faultline, at: strings.TrimRight(at.Redacted(), "/")}, nil
}

// explain turns an error of the client into one that says what to do. A service
// that cannot be reached, or cannot do its work now, is a dependency that is
// down.
func (r *remote) explain(err error) error {
	var refused *client.Problem
	_, network := errors.AsType[*url.Error](err)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused) && (refused.Status >= http.StatusInternalServerError || refused.Status == http.StatusTooManyRequests):
		return down(fmt.Errorf("the service at %s cannot answer now: %w; try again", r.at, err))
	case errors.As(err, &refused):
		return fmt.Errorf("the service at %s refuses: %w%s", r.at, err, wayOn(refused))
	case network:
		return down(fmt.Errorf("the service at %s does not answer; is `faultline serve` running there, and is --server or FAULTLINE_SERVER right? %w", r.at, reason(err)))
	default:
		return fmt.Errorf("the service at %s answers with something else than its description says; is it Faultline, of this version? %w", r.at, err)
	}
}

// wayOn says what to do about a refusal that is about the token, or what may
// have been meant.
func wayOn(p *client.Problem) string {
	switch {
	case p.Status == http.StatusUnauthorized:
		return "; set FAULTLINE_TOKEN (a service on embedded stores keeps its own in admin.token of its data directory)"
	case p.Status == http.StatusForbidden:
		return "; `faultline token create` makes a token of another role"
	case strings.HasSuffix(p.Type, "/incident-not-found"):
		return "; `faultline incidents list` shows those that are known"
	default:
		return ""
	}
}

// answered is an answer as the generated client has it.
type answered interface{ GetBody() []byte }

// into reads what the client got into a value of the API's own, or says why there
// is nothing: r.into(&page)(r.ListIncidentsWithResponse(ctx, nil)).
func (r *remote) into(value any) func(answered, error) error {
	return func(answer answered, err error) error {
		if err != nil {
			return r.explain(err)
		}
		return r.readAnswer(answer.GetBody(), value)
	}
}

// body is a request as the generated client sends it.
func body(value any) (io.Reader, error) {
	raw, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("encode the request: %w", err)
	}
	return bytes.NewReader(raw), nil
}

// jsonType is the media type of requests.
const jsonType = "application/json"

// readAnswer reads what the client got into a value of the API's own.
func (r *remote) readAnswer(body []byte, into any) error {
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("the service at %s answers without the JSON that was expected; is it Faultline?", r.at)
	}
	return nil
}
