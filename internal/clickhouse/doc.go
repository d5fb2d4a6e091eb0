// Package clickhouse is the store: it keeps events, incidents and findings in
// ClickHouse and answers what the runner, the API and the reports ask. It is
// the only package that knows clickhouse-go.
//
// # Shape
//
// Events are facts: one immutable row for each, identified by its UID. What is
// known of a change or of an alert episode is the fold of all its events, made
// when they are read, by the same functions that the engine uses
// (event.FoldChanges, event.FoldAlerts). So a replay doubles nothing, events may
// arrive in any order, and no write ever has to read first. The reasons and the
// rejected shapes are in docs/adr/0003-events-are-facts-folded-on-read.md.
//
// A change event is three inserts: its rows in change_services and
// change_lookup, which say where to look, then the fact in changes. The order
// matters: a crash leaves index rows that lead nowhere, never a fact that no
// reader can find.
//
// # Doors
//
// The same SQL runs over the native protocol, over HTTP, and in the embedded
// engine, which is an http.RoundTripper that Open is given. Statements live in
// sql/*.sql and take server-side parameters only.
//
// # Errors
//
// Every call has a deadline. Every error is an *Error: Retryable tells whether
// the same call may succeed later; one that lies in the rows wraps
// event.ErrRefused, one that means "the server cannot be reached" wraps
// event.ErrUnavailable.
package clickhouse
