package clickhouse

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// block is one block of ClickHouse's Native format, the layout of which is: the
// numbers of columns and rows, then for each column its name, its type and its
// values.
//
// The driver can write it too, but builds every batch in new memory that it
// grows by doubling. Three copies of 20 MB a batch, in pages that the kernel
// has to hand out first, were 9 us of processor time for each event. Here the
// block is written while it is sent, in pieces that fit the processor's cache.
type block struct {
	buf []byte
	// aside collects what belongs behind something that is still being written.
	aside []byte
}

// begin starts a block over, in the memory that it has.
func (b *block) begin(columns, rows int) {
	b.buf = binary.AppendUvarint(b.buf[:0], uint64(columns))
	b.buf = binary.AppendUvarint(b.buf, uint64(rows))
}

func (b *block) putText(text string) { b.buf = appendText(b.buf, text) }
func (b *block) putUint64(v uint64)  { b.buf = binary.LittleEndian.AppendUint64(b.buf, v) }
func (b *block) putUint32(v uint32)  { b.buf = binary.LittleEndian.AppendUint32(b.buf, v) }
func (b *block) putTime(t time.Time) { b.putUint64(uint64(t.UnixMilli())) }

func (b *block) putBool(v bool) {
	if v {
		b.buf = append(b.buf, 1)
		return
	}
	b.buf = append(b.buf, 0)
}

// putOptionalTime writes any value for nil: the map of NULLs before it counts.
func (b *block) putOptionalTime(t *time.Time) {
	if t == nil {
		b.putUint64(0)
		return
	}
	b.putTime(*t)
}

func appendText(to []byte, text string) []byte {
	return append(binary.AppendUvarint(to, uint64(len(text))), text...)
}

// direct sends blocks to a transport that answers as a server's HTTP interface
// does. Its blocks are as many as may be under way at a time.
type direct struct {
	transport http.RoundTripper
	database  string
	blocks    chan *block
}

func newDirect(transport http.RoundTripper, database string, size int) *direct {
	d := &direct{transport: transport, database: database, blocks: make(chan *block, size)}
	for range size {
		d.blocks <- new(block)
	}
	return d
}

// sendBlock inserts rows as one block.
func sendBlock[R any](ctx context.Context, d *direct, statement string, settings clickhouse.Settings, fields []field[R], rows []R) error {
	var b *block
	select {
	case b = <-d.blocks:
	case <-ctx.Done():
		return ctx.Err()
	}
	body := newBlockBody(b, fields, rows)
	// A transport may read the body after it has answered. From here on the
	// rows are the caller's again and the block is somebody else's.
	defer func() { d.blocks <- body.giveUp() }()
	return d.send(ctx, statement, settings, body)
}

// pieceBytes is about how much of a block is written at a time, except for
// columns that cannot be cut.
const pieceBytes = 64 << 10

// errGivenUp is what a transport reads that reads too late.
var errGivenUp = errors.New("the insert of this block is over")

// blockBody is a block that is written while it is read.
type blockBody[R any] struct {
	mu     sync.Mutex
	block  *block
	fields []field[R]
	rows   []R
	// column and row are what is written next, sent is how much of the
	// block's current piece has been read.
	column, row, sent int
}

func newBlockBody[R any](b *block, fields []field[R], rows []R) *blockBody[R] {
	b.begin(len(fields), len(rows))
	return &blockBody[R]{block: b, fields: fields, rows: rows}
}

// Read implements io.Reader.
func (s *blockBody[R]) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.block == nil {
		return 0, errGivenUp
	}
	for s.sent == len(s.block.buf) {
		if s.column == len(s.fields) {
			return 0, io.EOF
		}
		s.block.buf, s.sent = s.block.buf[:0], 0
		s.write()
	}
	n := copy(p, s.block.buf[s.sent:])
	s.sent += n
	return n, nil
}

// write adds the next piece, which ends with its column at the latest.
func (s *blockBody[R]) write() {
	const step = 16
	f, b := &s.fields[s.column], s.block
	if s.row == 0 {
		b.putText(f.name)
		b.putText(f.wire)
	}
	for s.row < len(s.rows) && len(b.buf) < pieceBytes {
		end := min(s.row+step, len(s.rows))
		if f.whole {
			end = len(s.rows)
		}
		f.encode(b, s.rows[s.row:end])
		s.row = end
	}
	if s.row == len(s.rows) {
		s.column, s.row = s.column+1, 0
	}
}

// Close implements io.Closer. The body ends when its insert does.
func (s *blockBody[R]) Close() error { return nil }

// giveUp takes the block away from whoever still reads.
func (s *blockBody[R]) giveUp() *block {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.block
	s.block, s.rows = nil, nil
	return b
}

// send is one insert.
func (d *direct) send(ctx context.Context, statement string, settings clickhouse.Settings, body io.ReadCloser) (err error) {
	query := url.Values{"query": {statement + " FORMAT Native"}, "database": {d.database}}
	for name, value := range settings {
		query.Set(name, fmt.Sprint(value))
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://embedded/?"+query.Encode(), body)
	if err != nil {
		return fmt.Errorf("insert request: %w", err)
	}
	res, err := d.transport.RoundTrip(req)
	if err != nil {
		return fmt.Errorf("insert request: %w", err)
	}
	defer func() { err = errors.Join(err, res.Body.Close()) }()
	return answerOf(res)
}

// maxAnswer bounds what is read of an error's text.
const maxAnswer = 64 << 10

// answerOf turns the answer to an insert into an error of the driver's type.
func answerOf(res *http.Response) error {
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	code, err := strconv.ParseInt(res.Header.Get("X-ClickHouse-Exception-Code"), 10, 32)
	switch {
	case res.StatusCode == http.StatusOK:
		return nil
	case err != nil:
		return &clickhouse.HTTPError{StatusCode: res.StatusCode, Err: errors.New(string(text))}
	}
	return &clickhouse.Exception{Code: int32(code), Message: string(text)}
}
