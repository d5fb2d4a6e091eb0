package nativetest_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/faultline/faultline/internal/chdb/chdbtest"
	"github.com/faultline/faultline/internal/chdb/nativetest"
)

func TestGreetingAndPing(t *testing.T) {
	db := connect(t)
	for range 3 {
		if err := db.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	server, err := db.ServerVersion()
	if err != nil || server.Version.Major < 26 || server.Timezone.String() != "UTC" {
		t.Errorf("greeted by %s, %v", server, err)
	}
}

// columns of every type that the store has, and some that it may come to.
const table = `CREATE TABLE t (
	u UInt64, s String, l LowCardinality(String), ln LowCardinality(Nullable(String)), m Map(LowCardinality(String), String),
	a Array(LowCardinality(String)), n Nullable(Float64), d DateTime64(3, 'UTC'), f Float64,
	e Enum8('open' = 1, 'it\'s, (closed)' = 2), id UUID, an Array(Nullable(UInt32)), aa Array(Array(String)),
	tu Tuple(name String, at DateTime64(3, 'UTC')), fs FixedString(3), b Bool, dd DateTime('UTC'), i Int32
) ENGINE = MergeTree ORDER BY u`

func TestEveryTypeOfTheStoreSurvivesTheRoundTrip(t *testing.T) {
	for name, compression := range map[string]*clickhouse.Compression{
		"plain": nil, "LZ4": {Method: clickhouse.CompressionLZ4},
	} {
		t.Run(name, func(t *testing.T) {
			db := connect(t, func(o *clickhouse.Options) { o.Compression = compression })
			run(t, db, table)
			in := sampleRows()
			batch, err := db.PrepareBatch(t.Context(), "INSERT INTO t")
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range in {
				if err := batch.Append(row...); err != nil {
					t.Fatal(err)
				}
			}
			if err := batch.Send(); err != nil {
				t.Fatal(err)
			}
			compareRows(t, db, in)
		})
	}
}

func sampleRows() [][]any {
	at := time.Date(2026, 2, 28, 23, 59, 59, 123e6, time.UTC)
	text, number, three := "null\x00 and\nnewline", 1.5, uint32(3)
	id := uuid.MustParse("0195d1f4-7a2b-7c3d-8e4f-5a6b7c8d9e0f")
	return [][]any{
		{
			uint64(1), text, "low", &text,
			map[string]string{"k\n": "v\x00", "": "x"},
			[]string{"a", "b", "a"},
			&number, at, -0.25, "open", id,
			[]*uint32{&three, nil},
			[][]string{{"a"}, {}, {"b", "c"}},
			[]any{"x", at},
			"abc", true, at.Truncate(time.Second), int32(-5),
		},
		{
			uint64(1 << 63), "", "", (*string)(nil),
			map[string]string{},
			[]string{},
			(*float64)(nil), at.Add(-time.Hour), 0.0, "it's, (closed)",
			uuid.UUID{},
			[]*uint32{},
			[][]string{},
			[]any{"", at},
			"\x00\x00\x00", false, at.Truncate(time.Hour), int32(0),
		},
	}
}

func compareRows(t *testing.T, db clickhouse.Conn, want [][]any) {
	t.Helper()
	rows, err := db.Query(t.Context(), "SELECT * FROM t ORDER BY u")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	count := 0
	for ; rows.Next(); count++ {
		var (
			u           uint64
			s, l, e, fs string
			ln          *string
			m           map[string]string
			a           []string
			n           *float64
			d, dd       time.Time
			f           float64
			id          uuid.UUID
			an          []*uint32
			aa          [][]string
			tu          []any
			b           bool
			i           int32
		)
		if err := rows.Scan(&u, &s, &l, &ln, &m, &a, &n, &d, &f, &e, &id, &an, &aa, &tu, &fs, &b, &dd, &i); err != nil {
			t.Fatal(err)
		}
		got := []any{u, s, l, ln, m, a, n, d, f, e, id, an, aa, tu, fs, b, dd, i}
		if diff := cmp.Diff(want[count], got); diff != "" {
			t.Errorf("row %d: %s", count, diff)
		}
	}
	if rows.Err() != nil || count != len(want) {
		t.Errorf("%d rows of %d: %v", count, len(want), rows.Err())
	}
}

func TestParametersAndSettingsArrive(t *testing.T) {
	db := connect(t)
	for _, text := range []string{"", "plain", "o'clock", `back\slash`, "tab\tnewline\n", `\n is not a newline`, "ünïcode"} {
		if got := value[string](t, db, "SELECT {x:String}", clickhouse.Named("x", text)); got != text {
			t.Errorf("a parameter of %q came back as %q", text, got)
		}
	}
	ctx := clickhouse.Context(t.Context(), clickhouse.WithSettings(clickhouse.Settings{"max_block_size": 17}))
	var got uint64
	if err := db.QueryRow(ctx, "SELECT toUInt64(getSetting('max_block_size'))").Scan(&got); err != nil || got != 17 {
		t.Errorf("max_block_size is %d, %v", got, err)
	}
}

func TestBatchesNameColumnsFlushAndCarryTokens(t *testing.T) {
	db := connect(t)
	run(t, db, "CREATE TABLE t (a UInt64, b String DEFAULT 'unset', c UInt64 MATERIALIZED a + 1) ENGINE = MergeTree ORDER BY a SETTINGS non_replicated_deduplication_window = 10")
	for range 2 {
		ctx := clickhouse.Context(t.Context(), clickhouse.WithSettings(clickhouse.Settings{"insert_deduplication_token": "one"}))
		batch, err := db.PrepareBatch(ctx, "INSERT INTO t (b, a)")
		if err != nil {
			t.Fatal(err)
		}
		if err := batch.Append("x", uint64(1)); err != nil {
			t.Fatal(err)
		}
		if err := batch.Send(); err != nil {
			t.Fatal(err)
		}
	}
	batch, err := db.PrepareBatch(t.Context(), "INSERT INTO t (a)")
	if err != nil {
		t.Fatal(err)
	}
	for i := range uint64(1000) {
		if err := batch.Append(i + 2); err != nil {
			t.Fatal(err)
		}
		if i%300 == 0 {
			if err := batch.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := batch.Send(); err != nil {
		t.Fatal(err)
	}
	if got := value[uint64](t, db, "SELECT count() FROM t"); got != 1001 {
		t.Errorf("%d rows, want 1001", got)
	}
	if got := value[uint64](t, db, "SELECT countIf(b = 'unset') FROM t"); got != 1000 {
		t.Errorf("%d rows have the default, want 1000", got)
	}
}

func TestBatchesWithoutRowsInsertNothing(t *testing.T) {
	db := connect(t)
	run(t, db, "CREATE TABLE t (a UInt64) ENGINE = MergeTree ORDER BY a")
	sent, err := db.PrepareBatch(t.Context(), "INSERT INTO t")
	if err != nil {
		t.Fatal(err)
	}
	if err := sent.Send(); err != nil {
		t.Error(err)
	}
	given, err := db.PrepareBatch(t.Context(), "INSERT INTO t")
	if err != nil {
		t.Fatal(err)
	}
	if err := given.Append(uint64(1)); err != nil {
		t.Fatal(err)
	}
	if err := given.Close(); err != nil {
		t.Error(err)
	}
	if got := value[uint64](t, db, "SELECT count() FROM t"); got != 0 {
		t.Errorf("%d rows", got)
	}
}

func TestAnAbandonedBatchInsertsNothing(t *testing.T) {
	db := connect(t)
	run(t, db, "CREATE TABLE t (a UInt64) ENGINE = MergeTree ORDER BY a")
	batch, err := db.PrepareBatch(t.Context(), "INSERT INTO t")
	if err != nil {
		t.Fatal(err)
	}
	if err := batch.Append(uint64(1)); err != nil {
		t.Fatal(err)
	}
	if err := batch.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := batch.Abort(); err != nil {
		t.Fatal(err)
	}
	// What it began is over when the table can be dropped.
	run(t, db, "RENAME TABLE t TO gone")
	if got := value[uint64](t, db, "SELECT count() FROM gone"); got != 0 {
		t.Errorf("%d rows of an aborted batch", got)
	}
}

func TestExceptionsKeepTheirCode(t *testing.T) {
	db := connect(t)
	run(t, db, "CREATE TABLE t (s String, c UInt8 MATERIALIZED throwIf(s = 'bad')) ENGINE = MergeTree ORDER BY s")
	send := func(into, text string) error {
		batch, err := db.PrepareBatch(t.Context(), into)
		if err != nil {
			return err
		}
		if err := batch.Append(text); err != nil {
			return err
		}
		return batch.Send()
	}
	for _, failure := range []struct {
		err  error
		code int32
		text string
	}{
		{db.QueryRow(t.Context(), "SELECT nope FROM numbers(1)").Scan(new(string)), 47, "`nope`"},
		{db.Exec(t.Context(), "CREATE TABLE u (s String) ENGINE = Nope"), 56, "Nope"},
		{send("INSERT INTO missing (s)", "x"), 60, "missing"},
		{send("INSERT INTO t (s)", "bad"), 395, "throwIf"},
	} {
		var exception *clickhouse.Exception
		if !errors.As(failure.err, &exception) || exception.Code != failure.code || !strings.Contains(exception.Message, failure.text) {
			t.Errorf("got %v, want code %d about %q", failure.err, failure.code, failure.text)
		}
	}
	if err := send("INSERT INTO t (s)", "good"); err != nil {
		t.Errorf("after failures: %v", err)
	}
	if err := send("INSERT INTO t (nope)", "x"); err == nil || !strings.Contains(err.Error(), "nope") {
		t.Errorf("an unknown column: %v", err)
	}
}

func TestAFailureAfterTheFirstRowsIsAnException(t *testing.T) {
	db := connect(t)
	rows, err := db.Query(t.Context(), "SELECT number, throwIf(number = 1500000, 'seen too late') FROM numbers(2000000)")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for rows.Next() {
		count++
	}
	var exception *clickhouse.Exception
	if !errors.As(rows.Err(), &exception) || exception.Code != 395 || count == 0 {
		t.Fatalf("after %d rows: %v", count, rows.Err())
	}
	if !strings.HasPrefix(exception.Message, "seen too late") || strings.Contains(exception.Message, "__exception__") {
		t.Errorf("the message is %q", exception.Message)
	}
}

func TestEmptyResultsAndStatementsWithoutResult(t *testing.T) {
	db := connect(t)
	rows, err := db.Query(t.Context(), "SELECT 1 WHERE 0")
	if err != nil {
		t.Fatal(err)
	}
	if rows.Next() || rows.Err() != nil {
		t.Errorf("rows of an empty result: %v", rows.Err())
	}
	if err := rows.Close(); err != nil {
		t.Error(err)
	}
	run(t, db, "CREATE TABLE t (a UInt64) ENGINE = MergeTree ORDER BY a")
	run(t, db, "INSERT INTO t VALUES (1), (2)")
	run(t, db, "INSERT INTO t SELECT number FROM numbers(3)")
	if got := value[uint64](t, db, "SELECT count() FROM t"); got != 5 {
		t.Errorf("%d rows, want 5", got)
	}
}

func TestCancellingStopsTheQueryInTheEngine(t *testing.T) {
	db := connect(t)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(200*time.Millisecond, cancel)
	begin := time.Now()
	err := db.QueryRow(ctx, "SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(sipHash64(number))").Scan(new(uint64))
	if err == nil || time.Since(begin) > time.Minute {
		t.Errorf("%v after %s", err, time.Since(begin))
	}
	const ask = "SELECT count() FROM system.processes WHERE query NOT LIKE '%system.processes%'"
	for deadline := time.Now().Add(time.Minute); value[uint64](t, db, ask) > 0; {
		if time.Now().After(deadline) {
			t.Fatal("the query still runs")
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestManyConnectionsAtOnce(t *testing.T) {
	db := connect(t, func(o *clickhouse.Options) { o.MaxOpenConns = 16 })
	run(t, db, "CREATE TABLE t (worker UInt64) ENGINE = MergeTree ORDER BY worker")
	var workers sync.WaitGroup
	for worker := range uint64(16) {
		workers.Go(func() {
			batch, err := db.PrepareBatch(t.Context(), "INSERT INTO t")
			if err == nil {
				err = errors.Join(batch.Append(worker), batch.Send())
			}
			if err != nil {
				t.Errorf("worker %d: %v", worker, err)
			}
		})
	}
	workers.Wait()
	if got := value[uint64](t, db, "SELECT uniqExact(worker) FROM t"); got != 16 {
		t.Errorf("%d workers' rows, want 16", got)
	}
}

func TestWhatIsNoClickHouseClientIsHungUpOn(t *testing.T) {
	addr := nativetest.Listen(t, chdbtest.Open(t))
	for _, greeting := range []string{"GET / HTTP/1.1\r\n\r\n", "\x02", "\x00\x05short"} {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write([]byte(greeting)); err != nil {
			t.Fatal(err)
		}
		if tcp, ok := conn.(*net.TCPConn); ok {
			if err := tcp.CloseWrite(); err != nil {
				t.Fatal(err)
			}
		}
		if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		var timeout net.Error
		if n, err := conn.Read(make([]byte, 100)); n > 0 || errors.As(err, &timeout) && timeout.Timeout() {
			t.Errorf("%q is answered with %d bytes, %v", greeting, n, err)
		}
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
