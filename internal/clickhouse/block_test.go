package clickhouse

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/ch-go/proto"
	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// sample is a row with a value of every type that blocks are made of.
type sample struct {
	text   string
	texts  []string
	labels map[string]string
	word   uint64
	number int64
	small  int32
	at     time.Time
	maybe  *time.Time
}

var sampleFields = []field[sample]{
	textField("text", func(r *sample) string { return r.text }),
	textsField("texts", func(r *sample) []string { return r.texts }),
	labelsField("labels", func(r *sample) map[string]string { return r.labels }),
	wordField("word", func(r *sample) uint64 { return r.word }),
	numberField("number", func(r *sample) int64 { return r.number }),
	smallField("small", func(r *sample) int32 { return r.small }),
	timeField("at", func(r *sample) time.Time { return r.at }),
	optionalTimeField("maybe", func(r *sample) *time.Time { return r.maybe }),
}

func samples() []sample {
	at := time.Date(2026, 11, 20, 12, 0, 0, 123e6, time.UTC)
	before := time.Date(1969, 12, 31, 23, 59, 59, 999e6, time.UTC)
	return []sample{
		{text: "", labels: map[string]string{}, at: at},
		{text: "NUL \x00 and\nnewline 'quotes' \\ ünï", texts: []string{"a", ""}, labels: map[string]string{"k": "v", "": "empty"}, word: 1<<64 - 1, number: -1, small: -7, at: before, maybe: &at},
		{text: strings.Repeat("x", 300), texts: []string{strings.Repeat("y", 20_000)}, labels: map[string]string{"only": ""}, at: at, maybe: new(time.Time)},
	}
}

// The independent reader is ch-go's: what it reads must be what the rows are.
func TestABlockIsWhatTheFormatSays(t *testing.T) {
	rows := samples()
	var b block
	for range 2 { // The second time in memory that was used before.
		b.begin(len(sampleFields), len(rows))
		for _, f := range sampleFields {
			b.putText(f.name)
			b.putText(f.wire)
			f.encode(&b, rows)
		}
	}
	text, word, number, small := new(proto.ColStr), new(proto.ColUInt64), new(proto.ColInt64), new(proto.ColInt32)
	list := proto.NewArray(proto.ColumnOf[string](new(proto.ColStr)))
	labels := proto.NewMap(proto.ColumnOf[string](new(proto.ColStr)), proto.ColumnOf[string](new(proto.ColStr)))
	at, maybe := new(proto.ColDateTime64).WithPrecision(3), proto.NewColNullable(proto.ColumnOf[time.Time](new(proto.ColDateTime64).WithPrecision(3)))
	var decoded proto.Block
	err := decoded.DecodeRawBlock(proto.NewReader(bytes.NewReader(b.buf)), 0, proto.Results{
		{Name: "text", Data: text},
		{Name: "texts", Data: list},
		{Name: "labels", Data: labels},
		{Name: "word", Data: word},
		{Name: "number", Data: number},
		{Name: "small", Data: small},
		{Name: "at", Data: at},
		{Name: "maybe", Data: maybe},
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range rows {
		got := sample{text: text.Row(i), texts: list.Row(i), labels: labels.Row(i), word: word.Row(i), number: number.Row(i), small: small.Row(i), at: at.Row(i).UTC()}
		if v := maybe.Row(i); v.Set {
			moment := v.Value.UTC()
			got.maybe = &moment
		}
		if want.maybe != nil && want.maybe.IsZero() {
			want.maybe = nil
		}
		if diff := cmp.Diff(fmt.Sprintf("%q %v", want.texts, want.maybe), fmt.Sprintf("%q %v", got.texts, got.maybe)); diff != "" {
			t.Errorf("row %d: %s", i, diff)
		}
		want.texts, got.texts, want.maybe, got.maybe = nil, nil, nil, nil
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(sample{})); diff != "" {
			t.Errorf("row %d: %s", i, diff)
		}
	}
}

// doorman is a transport that a test scripts.
type doorman func(*http.Request) (*http.Response, error)

func (d doorman) RoundTrip(req *http.Request) (*http.Response, error) { return d(req) }

func answering(status int, code, text string) *http.Response {
	header := http.Header{}
	header.Set("X-ClickHouse-Exception-Code", code)
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(text))}
}

func TestAnInsertNamesItsStatementSettingsAndDatabase(t *testing.T) {
	var query map[string][]string
	d := newDirect(doorman(func(req *http.Request) (*http.Response, error) {
		query = req.URL.Query()
		return answering(http.StatusOK, "", ""), req.Body.Close()
	}), "events", 1)
	if err := sendBlock(t.Context(), d, insertStatement("t", sampleFields), insertSettings("tok"), sampleFields, samples()); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"query":    "INSERT INTO t (text, texts, labels, word, number, small, at, maybe) FORMAT Native",
		"database": "events", "insert_deduplication_token": "tok", "async_insert": "0",
		"max_partitions_per_insert_block": "400",
	} {
		if got := query[name]; len(got) != 1 || got[0] != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestARefusedInsertKeepsItsCode(t *testing.T) {
	answer := answering(http.StatusInternalServerError, "241", "Code: 241. DB::Exception: memory")
	d := newDirect(doorman(func(req *http.Request) (*http.Response, error) { return answer, req.Body.Close() }), "events", 1)
	err := sendBlock(t.Context(), d, "INSERT INTO t (text)", nil, sampleFields, samples())
	var exception *clickhouse.Exception
	if !errors.As(err, &exception) || exception.Code != 241 || !strings.Contains(exception.Message, "memory") {
		t.Errorf("got %v", err)
	}
	answer = answering(http.StatusBadGateway, "", "away")
	err = sendBlock(t.Context(), d, "INSERT INTO t (text)", nil, sampleFields, samples())
	var status *clickhouse.HTTPError
	if !errors.As(err, &status) || status.StatusCode != http.StatusBadGateway {
		t.Errorf("got %v", err)
	}
}

// A transport may go on reading after it has answered, when the rows are the
// caller's again and the block is another insert's.
func TestABlockThatIsReadTooLateGivesNothing(t *testing.T) {
	var kept io.Reader
	d := newDirect(doorman(func(req *http.Request) (*http.Response, error) {
		if kept == nil {
			kept = req.Body
			if _, err := io.ReadFull(kept, make([]byte, 10)); err != nil {
				t.Error(err)
			}
		}
		return nil, context.DeadlineExceeded
	}), "events", 1)
	for range 2 {
		if err := sendBlock(t.Context(), d, "INSERT INTO t (text)", nil, sampleFields, samples()); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		if n, err := kept.Read(make([]byte, 10)); n != 0 || !errors.Is(err, errGivenUp) {
			t.Fatalf("a late reader gets %d bytes, %v", n, err)
		}
	}
}

// What is written in pieces must be what is written at once, whatever the sizes
// of the rows and of the reads.
func TestABlockInPiecesIsTheWholeBlock(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var rows []sample
		for range rapid.IntRange(1, 60).Draw(t, "rows") {
			text := strings.Repeat("t", rapid.SampledFrom([]int{0, 1, 127, 128, 5_000, 70_000}).Draw(t, "bytes"))
			rows = append(rows, sample{text: text, texts: []string{"a", text[:len(text)/2]}, word: uint64(len(rows)), at: time.UnixMilli(1)})
		}
		var whole block
		whole.begin(len(sampleFields), len(rows))
		for _, f := range sampleFields {
			whole.putText(f.name)
			whole.putText(f.wire)
			f.encode(&whole, rows)
		}
		size := rapid.SampledFrom([]int{1000, 4096, 300_000}).Draw(t, "read")
		body := bufio.NewReaderSize(newBlockBody(new(block), sampleFields, rows), size)
		got, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, whole.buf) {
			t.Fatalf("%d bytes in pieces differ from %d at once", len(got), len(whole.buf))
		}
	})
}

func TestWaitingForABlockEndsWithTheContext(t *testing.T) {
	d := newDirect(nil, "events", 1)
	<-d.blocks
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := sendBlock(ctx, d, "INSERT INTO t (text)", nil, sampleFields, samples()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestLargeInsertsAreCutAndNothingIsLost(t *testing.T) {
	cfg := Config{InsertRows: 3, InsertBytes: 100}
	for _, sizes := range [][]int{{}, {1}, {1, 1, 1}, {1, 1, 1, 1}, {500}, {99, 1, 1}, {1, 500, 1}, {60, 60, 60}} {
		var pieces [][]int
		if err := inPieces(&cfg, sizes, func(n *int) int { return *n }, func(piece []int) error {
			pieces = append(pieces, piece)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		var all []int
		for _, piece := range pieces {
			total := 0
			for _, n := range piece {
				total += n
			}
			if len(piece) == 0 || len(piece) > cfg.InsertRows || (total > cfg.InsertBytes && len(piece) > 1) {
				t.Errorf("%v: piece %v", sizes, piece)
			}
			all = append(all, piece...)
		}
		if fmt.Sprint(all) != fmt.Sprint(sizes) {
			t.Errorf("%v became %v", sizes, all)
		}
	}
	failed := errors.New("full")
	if err := inPieces(&cfg, []int{1, 500}, func(n *int) int { return *n }, func([]int) error { return failed }); !errors.Is(err, failed) {
		t.Errorf("got %v", err)
	}
}

func TestATokenStandsForItsRows(t *testing.T) {
	identity := func(n *uint64) uint64 { return *n }
	one, other := tokenOf("a:0:1-2", []uint64{1, 2}, identity), tokenOf("a:0:1-2", []uint64{1, 3}, identity)
	if one == other || one != tokenOf("a:0:1-2", []uint64{1, 2}, identity) || !strings.HasPrefix(one, "a:0:1-2/") {
		t.Errorf("got %q and %q", one, other)
	}
	if got := tokenOf("", []uint64{1}, identity); got != "" {
		t.Errorf("made up %q", got)
	}
}
