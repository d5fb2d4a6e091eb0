package app

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// healthTimeout bounds the question to a running service.
const healthTimeout = 5 * time.Second

// Health asks the service at server whether it is ready and prints its answer.
// A service that cannot be reached or is not ready is an ErrDependency.
func Health(ctx context.Context, server string, out io.Writer) error {
	service, err := askService(server, "")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(server, "/")+"/readyz", http.NoBody)
	if err != nil {
		return fmt.Errorf("--server %q is no address: %w", service.at, reason(err))
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return down(fmt.Errorf("the service at %s does not answer; is `faultline serve` running there, and is --server or FAULTLINE_SERVER right? %w", service.at, reason(err)))
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		return down(fmt.Errorf("read the answer of %s: %w", service.at, err))
	}
	if _, err := fmt.Fprintln(out, strings.TrimSpace(string(body))); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return down(fmt.Errorf("the service at %s is not ready (status %d)", service.at, resp.StatusCode))
	}
	return nil
}
