package chdb

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// insertPieceBytes is how much of a body is handed to the engine at a time.
const insertPieceBytes = 256 << 10

// insert feeds a body to an INSERT statement piece by piece. The engine copies
// each piece into a queue of bounded length and makes the caller wait when it is
// full. Data given inline, after the statement, would end at its first newline
// byte (seen). A body that cannot be read to its end inserts nothing of its
// last block.
func (c *connection) insert(ctx context.Context, s statement, body io.Reader) (err error) {
	defer c.guard(ctx)()
	defer func() { c.spoiled = err != nil }()
	lib := c.engine.lib
	stream := lib.start(lib.insert, c.slot, s)
	defer lib.insertDestroy(stream)
	if text := textAt(lib.insertError(stream)); text != "" {
		return failed(ctx, text)
	}
	size, err := c.feed(ctx, stream, body)
	if err == nil && size == 0 && s.format == "Native" {
		// The client sends no empty batches: it failed to encode one.
		err = errors.New("the insert has no data at all, not even an empty block")
	}
	if err != nil {
		lib.insertCancel(stream)
		return err
	}
	result := lib.insertDone(stream)
	defer lib.resultDestroy(result)
	if text := lib.failure(result); text != "" {
		return failed(ctx, text)
	}
	return nil
}

// feed appends the body to the stream. A stream that fails stops taking pieces;
// what failed is then told when it is finished.
func (c *connection) feed(ctx context.Context, stream uintptr, body io.Reader) (size int64, err error) {
	if c.piece == nil {
		c.piece = make([]byte, insertPieceBytes)
	}
	piece := c.piece
	for {
		n, err := body.Read(piece)
		size += int64(n)
		if n > 0 && c.engine.lib.insertAppend(stream, &piece[0], uintptr(n)) != 0 {
			return size, nil
		}
		switch {
		case ctx.Err() != nil:
			return size, failed(ctx, "")
		case errors.Is(err, io.EOF):
			return size, nil
		case err != nil:
			return size, fmt.Errorf("read the data to insert: %w", err)
		}
	}
}
