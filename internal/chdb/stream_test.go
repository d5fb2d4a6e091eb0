package chdb_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/faultline/faultline/internal/chdb"
	"github.com/faultline/faultline/internal/chdb/chdbtest"
	"github.com/faultline/faultline/internal/testenv"
)

// ask starts a query through the transport itself and returns its response.
func ask(ctx context.Context, engine *chdb.Engine, sql string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://embedded/?default_format=RowBinary", strings.NewReader(sql))
	if err != nil {
		return nil, err
	}
	return engine.Transport().RoundTrip(req)
}

// endless is a query whose result no test reads to its end.
const endless = "SELECT number, repeat('x', 100) FROM numbers(1000000000000)"

// residentBytes is the memory that the process has resident.
func residentBytes(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/statm")
	testenv.Need(t, err == nil, "/proc/self/statm", "run on Linux")
	var total, resident int
	if _, err := fmt.Sscan(string(text), &total, &resident); err != nil {
		t.Fatal(err)
	}
	return resident * os.Getpagesize()
}

func TestALargeResultDoesNotFillTheMemory(t *testing.T) {
	engine := chdbtest.Open(t)
	const rows, rowBytes = 5_000_000, 8 + 1 + 100
	response, err := ask(t.Context(), engine, fmt.Sprintf("SELECT number, repeat('x', 100) FROM numbers(%d)", rows))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	before, highest, total := residentBytes(t), 0, 0
	buffer := make([]byte, 1<<20)
	for {
		n, err := response.Body.Read(buffer)
		total += n
		highest = max(highest, residentBytes(t))
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d MB read with %d MB more resident", total>>20, (highest-before)>>20)
	if total != rows*rowBytes || highest-before > 200<<20 {
		t.Errorf("%d bytes read, want %d; %d more resident", total, rows*rowBytes, highest-before)
	}
}

// allFree fails unless every connection of the engine is free: it occupies them
// all for a moment.
func allFree(t *testing.T, engine *chdb.Engine) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for range chdb.DefaultConfig().Connections {
		response, err := ask(ctx, engine, endless)
		if err != nil {
			t.Fatalf("a connection is not free: %v", err)
		}
		defer response.Body.Close()
	}
}

// running counts the statements at work, except the one that asks.
func running(t *testing.T, db driver.Conn) uint64 {
	t.Helper()
	return value[uint64](t, db, "SELECT count() FROM system.processes WHERE query NOT LIKE '%system.processes%'")
}

func TestResultsClosedEarlyFreeTheirConnection(t *testing.T) {
	engine, db := fresh(t)
	for range 3 * chdb.DefaultConfig().Connections {
		response, err := ask(t.Context(), engine, endless)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(response.Body, make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
		if err := response.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if n, err := response.Body.Read(make([]byte, 1)); err == nil {
			t.Fatalf("read %d bytes after Close", n)
		}
		if err := response.Body.Close(); err != nil {
			t.Fatalf("second Close: %v", err)
		}
	}
	allFree(t, engine)
	if n := running(t, db); n != 0 {
		t.Errorf("%d queries still run", n)
	}
}

func TestResultsNeverReadAreFreedWithTheirContext(t *testing.T) {
	engine := chdbtest.Open(t)
	ctx, cancel := context.WithCancel(t.Context())
	var bodies []io.ReadCloser
	for range chdb.DefaultConfig().Connections {
		response, err := ask(ctx, engine, endless)
		if err != nil {
			t.Fatal(err)
		}
		bodies = append(bodies, response.Body)
	}
	cancel()
	allFree(t, engine)
	for _, body := range bodies {
		if _, err := io.Copy(io.Discard, body); !errors.Is(err, context.Canceled) {
			t.Errorf("reading on after the end of the context: %v", err)
		}
		if err := body.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestSmallResultsFreeTheirConnectionBeforeTheyAreRead(t *testing.T) {
	engine := chdbtest.Open(t)
	var bodies []io.ReadCloser
	for range 4 * chdb.DefaultConfig().Connections {
		response, err := ask(t.Context(), engine, "SELECT toUInt8(7)")
		if err != nil {
			t.Fatal(err)
		}
		if response.ContentLength != 1 {
			t.Errorf("length %d, want 1", response.ContentLength)
		}
		bodies = append(bodies, response.Body)
	}
	for _, body := range bodies {
		if text, err := io.ReadAll(body); err != nil || string(text) != "\x07" {
			t.Errorf("read %q, %v", text, err)
		}
		if err := body.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestAnEmptyResultHasLengthZero(t *testing.T) {
	engine := chdbtest.Open(t)
	response, err := ask(t.Context(), engine, "SELECT 1 WHERE 0")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.ContentLength != 0 || response.StatusCode != http.StatusOK {
		t.Errorf("status %d, length %d", response.StatusCode, response.ContentLength)
	}
	_, db := fresh(t)
	rows, err := db.Query(t.Context(), "SELECT 1 WHERE 0")
	if err != nil || rows.Next() || rows.Err() != nil {
		t.Errorf("rows of an empty result: %v", err)
	}
}

func TestBlocksWithoutRowsDoNotEndAResult(t *testing.T) {
	engine := chdbtest.Open(t)
	response, err := ask(t.Context(), engine, "SELECT number FROM numbers(5000000) WHERE number % 1000000 = 999999 SETTINGS max_block_size = 1000, max_threads = 1")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if data, err := io.ReadAll(response.Body); err != nil || len(data) != 5*8 {
		t.Errorf("%d bytes of 5 numbers, %v", len(data), err)
	}
}

func TestClosingCutsOffAReadThatWaits(t *testing.T) {
	engine, db := fresh(t)
	// The first block comes at once, the second one never.
	response, err := ask(t.Context(), engine, "SELECT repeat('x', 70000) UNION ALL SELECT toString(count()) FROM numbers(1000000000000) WHERE NOT ignore(sipHash64(number))")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, response.Body)
		done <- err
	}()
	time.Sleep(100 * time.Millisecond)
	begin := time.Now()
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err == nil || time.Since(begin) > time.Minute {
		t.Errorf("the read ended after %s with %v", time.Since(begin), err)
	}
	if n := running(t, db); n != 0 {
		t.Errorf("%d queries still run", n)
	}
}

func TestResultsNotClosedDoNotLeakGoroutines(t *testing.T) {
	engine := chdbtest.Open(t)
	before := runtime.NumGoroutine()
	for range 50 {
		response, err := ask(t.Context(), engine, "SELECT 1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(response.Body); err != nil {
			t.Fatal(err)
		}
	}
	if after := runtime.NumGoroutine(); after > before+5 {
		t.Errorf("%d goroutines before, %d after", before, after)
	}
}
