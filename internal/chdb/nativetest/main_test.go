package nativetest_test

import (
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"go.uber.org/goleak"

	"github.com/faultline/faultline/internal/chdb/chdbtest"
	"github.com/faultline/faultline/internal/chdb/nativetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// connect is a native client of the shared engine, in a database of its own.
func connect(t *testing.T, change ...func(*clickhouse.Options)) driver.Conn {
	t.Helper()
	engine := chdbtest.Open(t)
	options := &clickhouse.Options{
		Addr: []string{nativetest.Listen(t, engine)},
		Auth: clickhouse.Auth{Database: chdbtest.Database(t, engine), Username: "anyone", Password: "anything"},
	}
	for _, f := range change {
		f(options)
	}
	db, err := clickhouse.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close the client: %v", err)
		}
	})
	return db
}

func run(t *testing.T, db driver.Conn, sql string, args ...any) {
	t.Helper()
	if err := db.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// value is the only value of a query's only row.
func value[T any](t *testing.T, db driver.Conn, sql string, args ...any) T {
	t.Helper()
	var result T
	if err := db.QueryRow(t.Context(), sql, args...).Scan(&result); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return result
}
