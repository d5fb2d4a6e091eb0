package chdb_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/faultline/faultline/internal/chdb"
)

// scenarios run in processes of their own. They print what they see and return
// what went wrong.
var scenarios = map[string]func(args []string) error{
	"panic": panicAndRecover, "hold": hold, "open": openOnly, "insert": insertForEver, "count": countRows,
	"reopen": reopen, "zone": zone, "close": closeWhileBusy,
}

func openAt(dir string) (*chdb.Engine, error) {
	config := chdb.DefaultConfig()
	config.Dir = dir
	return chdb.Open(context.Background(), config)
}

// with opens an engine and a client of it for the time of a function.
func with(dir string, f func(*chdb.Engine, driver.Conn) error) error {
	engine, err := openAt(dir)
	if err != nil {
		return err
	}
	db, err := clickhouse.Open(clientOptions(engine, engine.Database()))
	if err != nil {
		return err
	}
	return errors.Join(f(engine, db), db.Close(), engine.Close())
}

func panicAndRecover(args []string) error {
	return with(args[0], func(_ *chdb.Engine, db driver.Conn) error {
		if err := db.Ping(context.Background()); err != nil {
			return err
		}
		defer func() { fmt.Println("recovered:", recover()) }()
		var nothing *int
		*nothing = 1
		return nil
	})
}

func TestANilDereferenceIsStillAPanic(t *testing.T) {
	lines := runChild(t, nil, "panic", t.TempDir())
	if !slices.Contains(lines, "recovered: runtime error: invalid memory address or nil pointer dereference") {
		t.Errorf("the engine took over Go's signal handlers: %q", lines)
	}
}

func hold(args []string) error {
	return with(args[0], func(*chdb.Engine, driver.Conn) error {
		fmt.Println("ready")
		_, err := io.ReadAll(os.Stdin)
		return err
	})
}

func openOnly(args []string) error {
	return with(args[0], func(e *chdb.Engine, _ driver.Conn) error {
		fmt.Println("opened", e.Version())
		return nil
	})
}

func TestASecondProcessOnTheSameDirectoryIsToldWho(t *testing.T) {
	dir := t.TempDir()
	holder := startChild(t, nil, "hold", dir)
	if line := holder.line(); line != "ready" {
		t.Fatalf("holder: %s", line)
	}
	lines := runChild(t, nil, "open", dir)
	want := fmt.Sprintf("in use by process %d", holder.Process.Pid)
	if len(lines) == 0 || !strings.Contains(lines[0], want) {
		t.Errorf("second process: %q, want %q", lines, want)
	}
	if err := holder.in.Close(); err != nil {
		t.Fatal(err)
	}
	if err := holder.Wait(); err != nil {
		t.Fatal(err)
	}
	if lines := runChild(t, nil, "open", dir); !strings.HasPrefix(lines[0], "opened 26.") {
		t.Errorf("after the first has ended: %q", lines)
	}
}

func TestALibraryThatIsNoneIsOneClearLine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "libchdb.so")
	if err := os.WriteFile(file, []byte("no library"), 0o600); err != nil {
		t.Fatal(err)
	}
	lines := runChild(t, []string{"FAULTLINE_LIBCHDB=" + file}, "open", t.TempDir())
	if len(lines) != 2 || !strings.Contains(lines[0], file) {
		t.Errorf("got %q, want one line that names %s", lines, file)
	}
}

const batchRows = 500

func insertForEver(args []string) error {
	return with(args[0], func(_ *chdb.Engine, db driver.Conn) error {
		ctx := context.Background()
		if err := db.Exec(ctx, "CREATE TABLE events (id UInt64, text String) ENGINE = MergeTree ORDER BY id"); err != nil {
			return err
		}
		for first := 0; ; first += batchRows {
			batch, err := db.PrepareBatch(ctx, "INSERT INTO events")
			if err != nil {
				return err
			}
			for id := first; id < first+batchRows; id++ {
				if err := batch.Append(uint64(id), strings.Repeat("x", 1000)); err != nil {
					return err
				}
			}
			if err := batch.Send(); err != nil {
				return err
			}
			fmt.Println(first + batchRows)
		}
	})
}

func countRows(args []string) error {
	return with(args[0], func(_ *chdb.Engine, db driver.Conn) error {
		var count, distinct uint64
		err := db.QueryRow(context.Background(), "SELECT count(), uniqExact(id) FROM events").Scan(&count, &distinct)
		fmt.Println(count, distinct)
		return err
	})
}

func TestKillingTheProcessInMidInsertLosesNothingAcknowledged(t *testing.T) {
	dir := t.TempDir()
	writer := startChild(t, nil, "insert", dir)
	acknowledged := 0
	for deadline := time.Now().Add(time.Second); time.Now().Before(deadline); {
		line := writer.line()
		rows, err := strconv.Atoi(line)
		if err != nil {
			t.Fatalf("writer: %s", line)
		}
		acknowledged = rows
	}
	if err := writer.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for writer.out.Scan() {
		if rows, err := strconv.Atoi(writer.out.Text()); err == nil {
			acknowledged = rows
		}
	}
	_ = writer.Wait()
	lines := runChild(t, nil, "count", dir)
	var count, distinct int
	if _, err := fmt.Sscan(lines[0], &count, &distinct); err != nil {
		t.Fatalf("%q: %v", lines, err)
	}
	if count < acknowledged || count > acknowledged+batchRows || count%batchRows != 0 || distinct != count {
		t.Errorf("%d rows (%d distinct) after %d were acknowledged in batches of %d", count, distinct, acknowledged, batchRows)
	}
}

// reopen restarts the engine within a process, which works on the same
// directory only.
func reopen(args []string) error {
	ctx := context.Background()
	err := with(args[0], func(_ *chdb.Engine, db driver.Conn) error {
		_, err := openAt(args[0])
		fmt.Println("while open:", errors.Is(err, chdb.ErrInUse), err)
		return errors.Join(
			db.Exec(ctx, "CREATE TABLE notes (text String) ENGINE = MergeTree ORDER BY text"),
			db.Exec(ctx, "INSERT INTO notes VALUES ('kept')"),
		)
	})
	if err != nil {
		return err
	}
	_, err = openAt(args[1])
	fmt.Println("other directory:", errors.Is(err, chdb.ErrInUse), err)
	config := chdb.DefaultConfig()
	config.Dir, config.MaxMemoryBytes = args[0], 1<<30
	_, err = chdb.Open(ctx, config)
	fmt.Println("other limits:", errors.Is(err, chdb.ErrInUse), err)
	return with(args[0], func(_ *chdb.Engine, db driver.Conn) error {
		var text string
		err := db.QueryRow(ctx, "SELECT text FROM notes").Scan(&text)
		fmt.Println("same directory:", text)
		return err
	})
}

func TestRestartingOnTheSameDirectoryFindsTheData(t *testing.T) {
	dir := t.TempDir()
	lines := runChild(t, nil, "reopen", dir, t.TempDir())
	for i, want := range []string{"while open: true", "other directory: true", "other limits: true", "same directory: kept"} {
		if i >= len(lines) || !strings.HasPrefix(lines[i], want) {
			t.Errorf("line %d of %q does not begin with %q", i, lines, want)
		}
	}
	if lines := runChild(t, nil, "open", dir); !strings.HasPrefix(lines[0], "opened") {
		t.Errorf("a later process: %q", lines)
	}
}

func zone(args []string) error {
	return with(args[0], func(_ *chdb.Engine, db driver.Conn) error {
		var zone, text string
		var day time.Time
		err := db.QueryRow(context.Background(),
			"SELECT timezone(), toString(toDateTime(0)), toStartOfDay(toDateTime(86399))").Scan(&zone, &text, &day)
		fmt.Println(zone, text, day)
		var synced string
		err2 := db.QueryRow(context.Background(), "SELECT value FROM system.merge_tree_settings WHERE name = 'fsync_after_insert'").Scan(&synced)
		fmt.Println("synced:", synced)
		return errors.Join(err, err2)
	})
}

func TestTheMachinesTimeZoneDoesNotMatterAndInsertsAreSynced(t *testing.T) {
	lines := runChild(t, []string{"TZ=America/New_York"}, "zone", t.TempDir())
	want := []string{"UTC 1970-01-01 00:00:00 1970-01-01 00:00:00 +0000 UTC", "synced: 1"}
	if !slices.Equal(lines, want) {
		t.Errorf("got %q, want %q", lines, want)
	}
}

// closeWhileBusy closes an engine under a running query and an unread result.
func closeWhileBusy(args []string) error {
	engine, err := openAt(args[0])
	if err != nil {
		return err
	}
	db, err := clickhouse.Open(clientOptions(engine, engine.Database()))
	if err != nil {
		return err
	}
	ctx := context.Background()
	rows, err := db.Query(ctx, "SELECT number, repeat('x', 1000) FROM numbers(10000000)")
	if err != nil {
		return err
	}
	result := make(chan error, 1)
	go func() {
		result <- db.Exec(ctx, "INSERT INTO FUNCTION null('x UInt64') SELECT sipHash64(number) FROM numbers(1000000000000)")
	}()
	time.Sleep(200 * time.Millisecond)
	begin := time.Now()
	err = engine.Close()
	fmt.Println("closed in time:", time.Since(begin) < time.Minute, err)
	fmt.Println("running:", errors.Is(<-result, chdb.ErrClosed))
	for rows.Next() {
	}
	fmt.Println("unread:", rows.Err() != nil)
	fmt.Println("later:", errors.Is(db.Exec(ctx, "SELECT 1"), chdb.ErrClosed))
	fmt.Println("again:", engine.Close())
	return nil
}

func TestClosingStopsWhatRuns(t *testing.T) {
	lines := runChild(t, nil, "close", t.TempDir())
	want := []string{"closed in time: true <nil>", "running: true", "unread: true", "later: true", "again: <nil>"}
	if !slices.Equal(lines, want) {
		t.Errorf("got %q, want %q", lines, want)
	}
}
