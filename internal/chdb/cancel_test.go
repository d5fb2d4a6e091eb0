package chdb_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/faultline/faultline/internal/chdb"
	"github.com/faultline/faultline/internal/chdb/chdbtest"
)

// slow is a query without end that gives no rows.
const slow = "SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(sipHash64(number))"

func TestStatementsEndWithTheirContext(t *testing.T) {
	_, db := fresh(t)
	run(t, db, "CREATE TABLE t (n UInt64) ENGINE = MergeTree ORDER BY n")
	statements := map[string]func(context.Context) error{
		"query":         func(ctx context.Context) error { return db.QueryRow(ctx, slow).Scan(new(uint64)) },
		"insert select": func(ctx context.Context) error { return db.Exec(ctx, "INSERT INTO t "+slow) },
		"batch": func(ctx context.Context) error {
			lines := io.MultiReader(strings.NewReader(strings.Repeat("1\n", 1_000_000)), stalled{ctx})
			return db.InsertFormat(ctx, "TSV", "INSERT INTO t", lines)
		},
	}
	for name, statement := range statements {
		for _, end := range []struct {
			want error
			make func(context.Context) (context.Context, context.CancelFunc)
		}{
			{context.DeadlineExceeded, func(ctx context.Context) (context.Context, context.CancelFunc) {
				return context.WithTimeout(ctx, 200*time.Millisecond)
			}},
			{context.Canceled, func(ctx context.Context) (context.Context, context.CancelFunc) {
				ctx, cancel := context.WithCancel(ctx)
				time.AfterFunc(200*time.Millisecond, cancel)
				return ctx, cancel
			}},
		} {
			ctx, cancel := end.make(t.Context())
			begin := time.Now()
			err := statement(ctx)
			if took := time.Since(begin); !errors.Is(err, end.want) || took > time.Minute {
				t.Errorf("%s: %v after %s, want %v after 200 ms", name, err, took, end.want)
			}
			cancel()
		}
	}
	// The engine's threads notice the end at their next block, which a busy
	// machine delays.
	for deadline := time.Now().Add(time.Minute); running(t, db) != 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("statements still run long after their context ended")
		}
	}
	if got := value[uint64](t, db, "SELECT count() FROM t"); got != 0 {
		t.Errorf("%d rows of statements that were stopped", got)
	}
}

// stalled is a reader that waits for the end of a context. Like a pipe it does
// not know when its reader has given up, unless it is closed.
type stalled struct{ ctx context.Context }

func (s stalled) Read([]byte) (int, error) {
	<-s.ctx.Done()
	return 0, io.ErrUnexpectedEOF
}

func TestAContextThatHasEndedStartsNothing(t *testing.T) {
	engine := chdbtest.Open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ask(ctx, engine, "SELECT 1"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestABodyThatStallsDoesNotOutlastItsContext(t *testing.T) {
	engine, db := fresh(t)
	run(t, db, "CREATE TABLE t (n UInt64) ENGINE = MergeTree ORDER BY n")
	database := value[string](t, db, "SELECT currentDatabase()")
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	reader, writer := io.Pipe()
	defer writer.Close()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://embedded/?query=INSERT+INTO+"+database+".t+FORMAT+TSV", reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := engine.Transport().RoundTrip(req); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestWaitingForAConnectionHonoursTheContext(t *testing.T) {
	engine := chdbtest.Open(t)
	for range chdb.DefaultConfig().Connections {
		response, err := ask(t.Context(), engine, endless)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	begin := time.Now()
	_, err := ask(ctx, engine, "SELECT 1")
	if took := time.Since(begin); !errors.Is(err, context.DeadlineExceeded) || took > 20*time.Second {
		t.Errorf("waiting ended after %s with %v", took, err)
	}
	if !strings.Contains(err.Error(), "free connection") {
		t.Errorf("%v does not say what was waited for", err)
	}
}

func TestTheDeadlineReachesTheEngine(t *testing.T) {
	_, db := fresh(t)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var limit float64
	if err := db.QueryRow(ctx, "SELECT toFloat64(getSetting('max_execution_time'))").Scan(&limit); err != nil || limit < 1 || limit > 30 {
		t.Errorf("max_execution_time is %v: %v", limit, err)
	}
}
