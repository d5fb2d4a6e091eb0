// Package chdb runs ClickHouse inside this process and offers it as an
// http.RoundTripper, so that clickhouse-go talks to it exactly as it talks to a
// server.
package chdb
