package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/faultline/faultline/internal/event"
	"github.com/faultline/faultline/internal/query"
)

// storePause is how long a client should wait before it tries an unreachable
// store again.
const storePause = 2 * time.Second

// problemOf turns any error of a handler into the answer to it. What is inside
// an unexpected error is for the log, never for the client.
func problemOf(err error) *Problem {
	var known *Problem
	if errors.As(err, &known) {
		return known
	}
	if p := deliveryProblem(err); p != nil {
		return p
	}
	switch {
	case errors.Is(err, query.ErrBadCursor):
		return invalidParameter.with(query.ErrBadCursor.Error(), FieldProblem{
			Location: "query", Path: "cursor", Message: query.ErrBadCursor.Error(),
			Mend: "take the cursor from next_cursor or the Link header of the same query, unchanged",
		})
	case errors.Is(err, context.DeadlineExceeded):
		return timedOut.with("try again, with a narrower query if this repeats")
	case errors.Is(err, event.ErrBusy):
		return overloaded.with(event.ErrBusy.Error() + "; try again").retryAfter(storePause)
	case unavailable(err):
		return storeUnavailable.with("nothing is wrong with the request; try it again").retryAfter(storePause)
	default:
		return internalError.with("the log has the reason under this instance")
	}
}

// deliveryProblem answers the errors of the intake, nil for others.
func deliveryProblem(err error) *Problem {
	var format *event.UnknownFormatError
	var field *event.FieldError
	switch {
	case errors.Is(err, event.ErrBadSignature):
		return badSignature.with(event.ErrBadSignature.Error()).heading("WWW-Authenticate", challenge)
	case errors.As(err, &format):
		return unknownFormat.with(format.Error(), FieldProblem{
			Location: "path", Path: "format", Message: fmt.Sprintf("%q is not a known format", format.Format),
			Mend: "use one of " + strings.Join(format.Known, ", "),
		}).offering(format.Known)
	case errors.As(err, &field):
		return invalidBody.with(field.Error(), fieldProblem(1, field))
	default:
		return nil
	}
}

// fieldProblem renders one refused element of a body.
func fieldProblem(line int, err *event.FieldError) FieldProblem {
	return FieldProblem{Location: "body", Line: line, Path: err.Path, Message: err.Problem, Mend: err.Mend}
}

// unavailable reports whether the error means that the store cannot be reached:
// the store says so, or the network below it does.
func unavailable(err error) bool {
	if errors.Is(err, event.ErrUnavailable) {
		return true
	}
	var network *net.OpError
	return errors.As(err, &network)
}

// answer turns an error into the problem to send, and logs what a client must
// not see.
func (s *Server) answer(ctx context.Context, err error) *Problem {
	var known *Problem
	if errors.Is(ctx.Err(), context.Canceled) && !errors.As(err, &known) {
		return clientGone.with("the request was cancelled")
	}
	p := problemOf(err)
	if p.Status >= http.StatusInternalServerError {
		s.log.LogAttrs(ctx, slog.LevelError, "request failed",
			slog.String("request_id", requestOf(ctx).id), slog.String("problem", p.Type), slog.Any("error", err))
	}
	return p
}

// present is a huma transformer: it turns the framework's own validation errors
// into problems of ours and stamps each problem with the id of its request.
func present(ctx huma.Context, _ string, v any) (any, error) {
	switch body := v.(type) {
	case *huma.ErrorModel:
		return stamp(ctx.Context(), parameterProblem(body)), nil
	case *Problem:
		return stamp(ctx.Context(), body), nil
	default:
		return v, nil
	}
}

// stamp returns a copy of the problem that names the request.
func stamp(ctx context.Context, p *Problem) *Problem {
	stamped := *p
	stamped.Instance = requestOf(ctx).id
	return &stamped
}

// parameterProblem renders the framework's validation of parameters. It leaves
// out the offending values, which may be secrets.
func parameterProblem(model *huma.ErrorModel) *Problem {
	if model.Status != http.StatusUnprocessableEntity {
		return internalError.with("the log has the reason under this instance")
	}
	fields := make([]FieldProblem, 0, len(model.Errors))
	for _, e := range model.Errors {
		if e == nil {
			continue
		}
		location, path, _ := strings.Cut(e.Location, ".")
		fields = append(fields, FieldProblem{Location: location, Path: path, Message: e.Message, Mend: mendOf(e.Message)})
	}
	detail := "see errors"
	if len(fields) > 0 {
		detail = fields[0].Path + ": " + fields[0].Message
	}
	return invalidParameter.with(detail, fields...)
}

// mendOf says how to mend a parameter, from what the framework says about it.
func mendOf(message string) string {
	switch {
	case strings.HasPrefix(message, "invalid date/time"):
		return "give RFC 3339 with a zone, such as 2026-05-04T10:00:00Z; write a + in an offset as %2B"
	case strings.HasPrefix(message, "unknown query parameter"):
		return "leave it out or correct its name; /openapi.json lists the parameters of every route"
	case strings.HasPrefix(message, "invalid integer"), strings.HasPrefix(message, "expected number"):
		return "give a whole number within the bounds"
	default:
		return ""
	}
}
