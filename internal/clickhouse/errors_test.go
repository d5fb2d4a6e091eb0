package clickhouse

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
)

func TestErrorsLeaveOutTheParametersOfAStatement(t *testing.T) {
	request := &url.Error{Op: "Post", URL: "http://db:8123?param_confirmed=" + strings.Repeat("7,", 50_000), Err: errors.New("connection refused")}
	s := &Store{secret: "hunter2"}
	text := s.fail("count changes", fmt.Errorf("sendQuery: %w", request)).Error()
	if len(text) > 200 || !strings.Contains(text, "http://db:8123") || !strings.Contains(text, "connection refused") {
		t.Errorf("%.300s", text)
	}
}
