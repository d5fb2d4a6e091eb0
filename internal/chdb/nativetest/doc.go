// Package nativetest lets tests reach the embedded ClickHouse engine through
// ClickHouse's native TCP protocol, so that code meant for a server can be
// tested with clickhouse-go's native connections where no server runs. It
// understands what that driver sends: greeting and ping, statements with
// settings and parameters, batches, cancellation, and LZ4 compression. It is
// imported by tests only.
//
// The engine reads and writes blocks of the revision that has no number; the
// driver wants them with block information and a serialization flag per
// column. Blocks are therefore copied column by column, which takes a walk over
// the types (types.go) but no interpretation of values.
package nativetest
