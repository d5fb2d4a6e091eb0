package prometheus

import (
	"context"
	"errors"
	"net"
	"strings"

	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
)

// reason says in a few words why a query failed. The words are the same on every
// replica: addresses, times and the query itself are left out.
func reason(err error) string {
	var refused *promv1.Error
	var op *net.OpError
	switch {
	case errors.Is(err, context.DeadlineExceeded) || isTimeout(err):
		return "no answer within the time limit"
	case errors.Is(err, context.Canceled):
		return "not asked, since the process was stopping"
	case errors.Is(err, errTooLong):
		return errTooLong.Error()
	case errors.As(err, &refused):
		return refusal(refused)
	case errors.As(err, &op):
		return "the server cannot be reached"
	default:
		return firstLine(err.Error())
	}
}

func isTimeout(err error) bool {
	var slow net.Error
	return errors.As(err, &slow) && slow.Timeout()
}

// refusal words an error that the server itself gave.
func refusal(e *promv1.Error) string {
	switch {
	case e.Type == promv1.ErrTimeout || strings.Contains(e.Detail, `"errorType":"timeout"`):
		return "no answer within the time limit"
	case strings.Contains(e.Msg, "401") || strings.Contains(e.Msg, "403"):
		return "the server refuses the credentials"
	case e.Type == promv1.ErrBadData || e.Type == promv1.ErrExec:
		return "the server refuses the query: " + firstLine(e.Msg)
	default:
		return "the server answered with an error: " + firstLine(e.Msg)
	}
}

// maxReason bounds what is told of an error.
const maxReason = 200

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return strings.TrimSuffix(line[:min(len(line), maxReason)], ".")
}
