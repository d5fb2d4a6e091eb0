package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/faultline/faultline/internal/event"
)

// Error is what every failed call of the store returns.
type Error struct {
	// Op names the call, as in "insert changes".
	Op string
	// Code is the server's error code, 0 when no server answered.
	Code int32
	// Retryable is true when the same call may succeed later: the server is
	// away, busy, or being repaired. It is false when the call itself is wrong.
	Retryable bool

	cause  error
	secret string
}

// Error names the call and the cause, without the password of the address and
// without the parameters of the statement, which may be megabytes.
func (e *Error) Error() string {
	text := "clickhouse: " + e.Op + ": " + e.cause.Error()
	if request, ok := errors.AsType[*url.Error](e.cause); ok {
		address, _, _ := strings.Cut(request.URL, "?")
		text = strings.ReplaceAll(text, request.URL, address)
	}
	if e.secret != "" {
		text = strings.ReplaceAll(text, e.secret, hidden)
	}
	return text
}

// Unwrap gives the driver's error and, as fits, event.ErrUnavailable or
// event.ErrRefused.
func (e *Error) Unwrap() []error {
	switch {
	case e.Code != 0 && slices.Contains(codesOfRows, e.Code):
		return []error{e.cause, event.ErrRefused}
	case e.Retryable:
		return []error{e.cause, event.ErrUnavailable}
	}
	return []error{e.cause}
}

// asError finds the store's own error in a chain.
func asError(err error) (*Error, bool) { return errors.AsType[*Error](err) }

// fail wraps an error of the driver. It returns nil for nil.
func (s *Store) fail(op string, err error) error {
	if err == nil {
		return nil
	}
	if known, ok := asError(err); ok {
		return known
	}
	e := &Error{Op: op, cause: err, secret: s.secret}
	if answer, ok := errors.AsType[*clickhouse.Exception](err); ok {
		e.Code = answer.Code
		e.Retryable = !slices.Contains(codesOfRows, e.Code) && !slices.Contains(codesOfStatement, e.Code)
		return e
	}
	e.Retryable = passing(err)
	return e
}

// refuse is the error of rows that cannot be written in any circumstances.
func (s *Store) refuse(op string, err error) error {
	return &Error{Op: op, cause: fmt.Errorf("%w: %w", event.ErrRefused, err), secret: s.secret}
}

// passing tells errors of the way to the server from errors of ours: a batch
// that cannot be encoded will not be encodable later either.
func passing(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	if answer, ok := errors.AsType[*clickhouse.HTTPError](err); ok {
		return answer.StatusCode >= 500 || answer.StatusCode == http.StatusTooManyRequests
	}
	return !errors.Is(err, clickhouse.ErrBatchInvalid) && !errors.Is(err, errUnreadable)
}

// errUnreadable is wrapped by errors of rows that were stored but cannot be
// turned back into values.
var errUnreadable = errors.New("a stored row cannot be read")

// The codes of ClickHouse's src/Common/ErrorCodes.cpp that no retry mends. All
// others are taken for passing: a server that is short of memory (241), has too
// many parts (252), is read-only (242) or lost its keeper (999) recovers, and a
// missing table (60) or a missing right (497) is put right by an operator while
// the events wait in Kafka.
var (
	// codesOfRows lie in the inserted values: 6 cannot parse text, 27 cannot
	// parse input, 53 type mismatch, 69 argument out of bound, 70 cannot
	// convert type, 72 cannot parse number, 117 incorrect data, 131 too large
	// string, 190 sizes of arrays do not match, 321 value out of range.
	codesOfRows = []int32{6, 27, 53, 69, 70, 72, 117, 131, 190, 321}
	// codesOfStatement lie in the statement: 36 bad arguments, 42 number of
	// arguments, 43 illegal type of argument, 46 unknown function, 47 unknown
	// identifier, 62 syntax error, 456 unknown parameter, 457 bad parameter.
	codesOfStatement = []int32{36, 42, 43, 46, 47, 62, 456, 457}
)
