package chdb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// transport answers the requests of clickhouse-go's HTTP protocol.
type transport struct{ engine *Engine }

// RoundTrip runs one request on a connection of its own. A statement that fails
// is an answer with status 500 and the exception's code in a header, as from a
// server; a request that this engine cannot serve has status 400; an ended
// context and a closed engine are errors.
func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body == nil {
		req = req.WithContext(req.Context())
		req.Body = http.NoBody
	}
	defer req.Body.Close() //nolint:errcheck // What could be read has been.
	ctx, cancel := t.engine.bound(req.Context())
	response, err := t.serve(ctx, cancel, req)
	var failure exception
	var bad badRequest
	switch {
	case errors.As(err, &failure):
		return answerException(req, failure), nil
	case errors.As(err, &bad):
		return answer(req, http.StatusBadRequest, []byte(bad.Error())), nil
	case err != nil:
		return nil, err
	}
	return response, nil
}

// badRequest is the error of a request that this engine cannot serve.
type badRequest struct{ error }

// bound derives the context of a statement, which also ends with the engine.
// The cancel function must be called once the statement is over.
func (e *Engine) bound(ctx context.Context) (context.Context, context.CancelCauseFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	unhook := context.AfterFunc(e.ended, func() { cancel(ErrClosed) })
	return ctx, func(cause error) {
		unhook()
		cancel(cause)
	}
}

// serve runs the request. The stream of a query takes the connection and the
// cancel function with it; otherwise both are done with on return.
func (t transport) serve(ctx context.Context, cancel context.CancelCauseFunc, req *http.Request) (*http.Response, error) {
	r, err := parseRequest(req, t.engine.config.Database)
	if err != nil {
		cancel(nil)
		return nil, badRequest{err}
	}
	if isHello(r.sql) {
		cancel(nil)
		return t.engine.hello(req, r.revision)
	}
	limitTime(ctx, r.settings)
	c, err := t.engine.acquire(ctx)
	if err != nil {
		cancel(nil)
		return nil, err
	}
	err = c.configure(ctx, r.database, r.settings)
	if err == nil && r.streams() && !r.insert {
		return t.stream(ctx, cancel, c, req, r)
	}
	defer cancel(nil)
	defer c.release(t.engine.free)
	if err != nil {
		return nil, err
	}
	return execute(ctx, c, req, r)
}

// stream answers with a result that is fetched while it is read.
func (t transport) stream(ctx context.Context, cancel context.CancelCauseFunc, c *connection, req *http.Request, r *request) (*http.Response, error) {
	rows, err := c.stream(ctx, cancel, r.statement)
	if err != nil {
		return nil, err
	}
	response := answer(req, http.StatusOK, nil)
	response.Body, response.ContentLength = rows, rows.length
	return response, nil
}

// execute answers an insert, or a statement whose result is small.
func execute(ctx context.Context, c *connection, req *http.Request, r *request) (*http.Response, error) {
	if r.insert {
		defer closeAtEnd(ctx, req.Body)()
		if err := c.insert(ctx, r.statement, req.Body); err != nil {
			return nil, err
		}
		return answer(req, http.StatusOK, nil), nil
	}
	result, err := c.run(ctx, r.statement)
	if err != nil {
		return nil, err
	}
	c.spoiled = r.altersSession()
	return answer(req, http.StatusOK, result), nil
}

// closeAtEnd closes a body when the context ends, because whoever waits for its
// next byte could not notice otherwise. The returned function ends that, and
// returns when no closing is under way.
func closeAtEnd(ctx context.Context, body io.Closer) (stop func()) {
	done := make(chan struct{})
	unhook := context.AfterFunc(ctx, func() {
		defer close(done)
		_ = body.Close()
	})
	return func() {
		if !unhook() {
			<-done
		}
	}
}

// limitTime gives the engine the context's deadline, in whole seconds so that
// equal timeouts mean equal settings. It is the second line of defence: the
// statement is stopped when the context ends.
func limitTime(ctx context.Context, settings map[string]string) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return
	}
	limit := max(1, math.Ceil(time.Until(deadline).Seconds()))
	if set, err := strconv.ParseFloat(settings["max_execution_time"], 64); err == nil && set > 0 && set <= limit {
		return
	}
	settings["max_execution_time"] = strconv.FormatFloat(limit, 'f', -1, 64)
}

func answer(req *http.Request, status int, body []byte) *http.Response {
	return &http.Response{
		Status: fmt.Sprintf("%d %s", status, http.StatusText(status)), StatusCode: status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{},
		Request: req, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
	}
}

func answerException(req *http.Request, failure exception) *http.Response {
	response := answer(req, http.StatusInternalServerError, []byte(failure.Error()))
	if code := failure.code(); code != 0 {
		response.Header.Set("X-ClickHouse-Exception-Code", strconv.Itoa(code))
	}
	return response
}

// isHello recognizes the query with which the driver opens a connection.
func isHello(sql string) bool {
	return strings.HasPrefix(sql, "SELECT displayName(), version(), revision(), timezone()")
}
