package chdb_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"go.uber.org/goleak"

	"github.com/faultline/faultline/internal/chdb"
	"github.com/faultline/faultline/internal/chdb/chdbtest"
	"github.com/faultline/faultline/internal/testenv"
)

// childVariable names the scenario that a child process runs instead of tests.
// A process can hold one engine, and some failures end it: those run in children.
const childVariable = "FAULTLINE_CHDB_CHILD"

func TestMain(m *testing.M) {
	if name := os.Getenv(childVariable); name != "" {
		if err := scenarios[name](os.Args[1:]); err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// child is a process that runs a scenario of this test binary.
type child struct {
	*exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

// startChild runs a scenario with arguments and leaves the talking to the test.
func startChild(t *testing.T, env []string, scenario string, args ...string) *child {
	t.Helper()
	_, err := chdb.Find()
	testenv.Need(t, err == nil, "the embedded ClickHouse engine", "run `make engine`")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(append(os.Environ(), childVariable+"="+scenario), env...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return &child{Cmd: cmd, in: in, out: bufio.NewScanner(out)}
}

// line is the child's next line of output, "" at its end.
func (c *child) line() string {
	c.out.Scan()
	return c.out.Text()
}

// runChild runs a scenario to its end and returns its lines.
func runChild(t *testing.T, env []string, scenario string, args ...string) []string {
	t.Helper()
	c := startChild(t, env, scenario, args...)
	var lines []string
	for c.out.Scan() {
		lines = append(lines, c.out.Text())
	}
	if err := c.Wait(); err != nil {
		lines = append(lines, "exit: "+err.Error())
	}
	t.Logf("%s: %s", scenario, strings.Join(lines, " | "))
	return lines
}

// connect is a clickhouse-go client of an engine, closed when the test ends.
func connect(t testing.TB, engine *chdb.Engine, database string, change ...func(*clickhouse.Options)) driver.Conn {
	t.Helper()
	options := clientOptions(engine, database)
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

func clientOptions(engine *chdb.Engine, database string) *clickhouse.Options {
	return &clickhouse.Options{
		Protocol: clickhouse.HTTP, Addr: []string{"embedded:0"}, TransportFunc: engine.TransportFunc,
		Auth: clickhouse.Auth{Database: database}, MaxOpenConns: 32, MaxIdleConns: 32,
	}
}

// fresh is the shared engine, a client, and a database of the test's own.
func fresh(t testing.TB) (*chdb.Engine, driver.Conn) {
	t.Helper()
	engine := chdbtest.Open(t)
	return engine, connect(t, engine, chdbtest.Database(t, engine))
}

func run(t testing.TB, db driver.Conn, sql string, args ...any) {
	t.Helper()
	if err := db.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// value is the only value of a query's only row.
func value[T any](t testing.TB, db driver.Conn, sql string, args ...any) T {
	t.Helper()
	var result T
	if err := db.QueryRow(t.Context(), sql, args...).Scan(&result); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return result
}
