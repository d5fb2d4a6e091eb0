// Package chdb runs ClickHouse inside this process and offers it as an
// http.RoundTripper, so that clickhouse-go talks to it as it talks to a server
// and one store serves both.
//
// The engine is libchdb.so, fetched by `make engine` and bound without cgo. It
// is ClickHouse without its network: it keeps one data directory per process,
// runs one statement at a time on each of its connections, and knows neither
// HTTP nor users. This package adds what makes it behave like a server:
//
//   - A request gets a pooled connection of its own (connection.go), which is
//     brought to the request's database and settings and is replaced when a
//     statement fails or leaves something behind in the session.
//   - Results are fetched while they are read (stream.go) and inserts are fed
//     in pieces (insert.go), so neither is held whole.
//   - A statement ends with its context: the engine learns the deadline, and a
//     second connection kills what still runs when the context ends.
//   - Exceptions arrive with their code, also in the middle of a result
//     (exception.go).
//
// What the library does that a Go program must know about is said where it is
// dealt with, marked "seen", and each has a test.
package chdb
