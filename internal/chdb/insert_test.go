package chdb_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/faultline/faultline/internal/chdb"
)

// send inserts rows of one String column as a batch.
func send(ctx context.Context, db driver.Conn, into string, texts ...string) error {
	batch, err := db.PrepareBatch(ctx, into)
	if err != nil {
		return err
	}
	for _, text := range texts {
		if err := batch.Append(text); err != nil {
			return err
		}
	}
	return batch.Send()
}

func TestBatchesWithNewlineAndNulBytesAreNotCut(t *testing.T) {
	_, db := fresh(t)
	run(t, db, "CREATE TABLE t (s String) ENGINE = MergeTree ORDER BY tuple()")
	nasty := []string{"\n", "a\nb", "\x00", "a\x00b\n", "", strings.Repeat("\n\x00", 1000), "'; FORMAT Native", "last"}
	if err := send(t.Context(), db, "INSERT INTO t", nasty...); err != nil {
		t.Fatal(err)
	}
	if got := value[[]string](t, db, "SELECT groupArray(s) FROM t"); strings.Join(got, "|") != strings.Join(nasty, "|") {
		t.Errorf("got %q, want %q", got, nasty)
	}
}

func TestATokenDropsOnlyTheSameBatch(t *testing.T) {
	_, db := fresh(t)
	run(t, db, "CREATE TABLE t (s String) ENGINE = MergeTree ORDER BY s SETTINGS non_replicated_deduplication_window = 100")
	token := func(value string) context.Context {
		return clickhouse.Context(t.Context(), clickhouse.WithSettings(clickhouse.Settings{"insert_deduplication_token": value}))
	}
	for _, insert := range []struct{ token, text string }{{"one", "a"}, {"one", "a"}, {"two", "a"}, {"it's\\three", "a"}, {"it's\\three", "a"}} {
		if err := send(token(insert.token), db, "INSERT INTO t", insert.text); err != nil {
			t.Fatal(err)
		}
	}
	if got := value[uint64](t, db, "SELECT count() FROM t"); got != 3 {
		t.Errorf("%d rows of three tokens", got)
	}
}

func TestABatchForAMissingTableKeepsItsCode(t *testing.T) {
	_, db := fresh(t)
	known := clickhouse.Context(t.Context(), clickhouse.WithColumnNamesAndTypes([]clickhouse.ColumnNameAndType{{Name: "s", Type: "String"}}))
	var exception *clickhouse.Exception
	if err := send(known, db, "INSERT INTO missing (s)", "x"); !errors.As(err, &exception) || exception.Code != 60 {
		t.Errorf("got %v, want code 60", err)
	}
}

func TestABatchThatFailsWhileItIsWrittenKeepsItsCode(t *testing.T) {
	_, db := fresh(t)
	run(t, db, "CREATE TABLE t (s String, c UInt8 MATERIALIZED throwIf(s = 'bad')) ENGINE = MergeTree ORDER BY s")
	var exception *clickhouse.Exception
	if err := send(t.Context(), db, "INSERT INTO t (s)", "good", "bad"); !errors.As(err, &exception) || exception.Code != 395 {
		t.Errorf("got %v, want code 395", err)
	}
	if got := value[uint64](t, db, "SELECT count() FROM t"); got != 0 {
		t.Errorf("%d rows of a failed batch are there", got)
	}
}

func TestMoreThanAHundredPartitionsKeepTheirCode(t *testing.T) {
	_, db := fresh(t)
	run(t, db, "CREATE TABLE t (s String) ENGINE = MergeTree ORDER BY s PARTITION BY s")
	texts := make([]string, 101)
	for i := range texts {
		texts[i] = fmt.Sprint(i)
	}
	var exception *clickhouse.Exception
	if err := send(t.Context(), db, "INSERT INTO t", texts...); !errors.As(err, &exception) || exception.Code != 252 {
		t.Errorf("got %v, want code 252", err)
	}
}

func TestOtherFormatsThanNative(t *testing.T) {
	_, db := fresh(t)
	run(t, db, "CREATE TABLE t (s String, n UInt64) ENGINE = MergeTree ORDER BY n")
	lines := `{"s":"a\nb","n":1}` + "\n" + `{"s":"c","n":"2"}` + "\n"
	if err := db.InsertFormat(t.Context(), "JSONEachRow", "INSERT INTO t", strings.NewReader(lines)); err != nil {
		t.Fatal(err)
	}
	stream, err := db.QueryFormat(t.Context(), "JSONEachRow", "SELECT * FROM t ORDER BY n")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	got, err := io.ReadAll(stream)
	if want := `{"s":"a\nb","n":1}` + "\n" + `{"s":"c","n":2}` + "\n"; err != nil || string(got) != want {
		t.Errorf("got %s, %v", got, err)
	}
	// What is wrong with the data arrives with its code as well.
	var exception *clickhouse.Exception
	if err := db.InsertFormat(t.Context(), "CSV", "INSERT INTO t", strings.NewReader("a,notanumber\n")); !errors.As(err, &exception) {
		t.Errorf("got %v, want an exception", err)
	}
}

// body is a request body that notes how it is read and whether it is closed.
type body struct {
	io.Reader
	largest int
	closed  bool
}

func (b *body) Read(p []byte) (int, error) {
	b.largest = max(b.largest, len(p))
	return b.Reader.Read(p)
}

func (b *body) Close() error {
	b.closed = true
	return nil
}

// post inserts a body through the transport itself.
func post(t *testing.T, engine *chdb.Engine, sql string, data *body) (status int, text string, err error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://embedded/?query="+url.QueryEscape(sql), data)
	if err != nil {
		t.Fatal(err)
	}
	response, err := engine.Transport().RoundTrip(req)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	return response.StatusCode, string(answer), err
}

func TestABodyIsReadInPiecesAndClosed(t *testing.T) {
	engine, db := fresh(t)
	run(t, db, "CREATE TABLE t (s String) ENGINE = MergeTree ORDER BY s")
	database := value[string](t, db, "SELECT currentDatabase()")
	line := strings.Repeat("x", 1000)
	for name, reader := range map[string]io.Reader{
		"whole":  strings.NewReader(strings.Repeat(line+"\n", 50_000)),
		"halves": iotest.HalfReader(strings.NewReader(strings.Repeat(line+"\n", 50_000))),
		"bytes":  iotest.OneByteReader(strings.NewReader(strings.Repeat("x\n", 50_000))),
	} {
		run(t, db, "TRUNCATE TABLE t")
		data := &body{Reader: reader}
		status, text, err := post(t, engine, "INSERT INTO "+database+".t FORMAT TSV", data)
		if err != nil || status != http.StatusOK {
			t.Fatalf("%s: %d %s %v", name, status, text, err)
		}
		if !data.closed || data.largest > 1<<20 {
			t.Errorf("%s: closed %v, read up to %d bytes at once", name, data.closed, data.largest)
		}
		if got := value[uint64](t, db, "SELECT count() FROM t"); got != 50_000 {
			t.Errorf("%s: %d rows", name, got)
		}
	}
}

func TestABodyThatBreaksOffInsertsNothing(t *testing.T) {
	engine, db := fresh(t)
	run(t, db, "CREATE TABLE t (s String) ENGINE = MergeTree ORDER BY s")
	database := value[string](t, db, "SELECT currentDatabase()")
	broken := errors.New("the line is down")
	data := &body{Reader: io.MultiReader(strings.NewReader("a\nb\n"), iotest.ErrReader(broken))}
	if _, _, err := post(t, engine, "INSERT INTO "+database+".t FORMAT TSV", data); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
	if got := value[uint64](t, db, "SELECT count() FROM t"); got != 0 || !data.closed {
		t.Errorf("%d rows, closed %v", got, data.closed)
	}
}

func TestABatchThatTheDriverFailedToEncodeIsNotASuccess(t *testing.T) {
	engine, db := fresh(t)
	run(t, db, "CREATE TABLE t (s String) ENGINE = MergeTree ORDER BY s")
	database := value[string](t, db, "SELECT currentDatabase()")
	_, _, err := post(t, engine, "INSERT INTO "+database+".t FORMAT Native", &body{Reader: bytes.NewReader(nil)})
	if err == nil || !strings.Contains(err.Error(), "no data at all") {
		t.Errorf("an insert without any data: %v", err)
	}
}
