// Package chdbtest shares one embedded ClickHouse engine between all tests of a
// process, which can hold only one, and gives each test a database of its own.
package chdbtest

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/faultline/faultline/internal/chdb"
	"github.com/faultline/faultline/internal/testenv"
)

// The engine is one per process by its nature, so the helper that shares it has
// to be as well.
var (
	open    sync.Once
	shared  *chdb.Engine
	openErr error
	number  atomic.Int64
)

// Open is the engine of this test process, on a temporary directory. Tests must
// not close it. It skips the test where the library is missing.
func Open(t testing.TB) *chdb.Engine {
	t.Helper()
	_, err := chdb.Find()
	testenv.Need(t, err == nil, "the embedded ClickHouse engine", "run `make engine`")
	open.Do(func() {
		config := chdb.DefaultConfig()
		config.Durable = false
		if config.Dir, openErr = os.MkdirTemp("", "faultline-chdb-"); openErr == nil {
			shared, openErr = chdb.Open(context.Background(), config)
		}
	})
	if openErr != nil {
		t.Fatalf("start the embedded ClickHouse engine: %v", openErr)
	}
	return shared
}

// Database makes an empty Atomic database, returns its name and drops it when
// the test ends.
func Database(t testing.TB, engine *chdb.Engine) string {
	t.Helper()
	name := fmt.Sprintf("test_%d", number.Add(1))
	execute(t, engine, "CREATE DATABASE "+name+" ENGINE = Atomic")
	t.Cleanup(func() { execute(t, engine, "DROP DATABASE "+name+" SYNC") })
	return name
}

func execute(t testing.TB, engine *chdb.Engine, sql string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	db, err := clickhouse.Open(&clickhouse.Options{
		Protocol: clickhouse.HTTP, Addr: []string{"embedded:0"}, TransportFunc: engine.TransportFunc,
	})
	if err != nil {
		t.Fatalf("open a client: %v", err)
	}
	if err := db.Exec(ctx, sql); err != nil {
		t.Errorf("%s: %v", sql, err)
	}
	if err := db.Close(); err != nil {
		t.Errorf("close the client: %v", err)
	}
}
