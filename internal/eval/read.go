package eval

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// maxLineBytes bounds one case. The largest simulated ones, 100,000 changes a
// day with a wide call graph around the incident, take about 60 MB.
const maxLineBytes = 512 << 20

// StdinName is the file name that stands for standard input.
const StdinName = "-"

// gzipMagic starts every gzip stream; files are recognised by it and not by
// their names, so that a compressed stream on standard input works too.
var gzipMagic = []byte{0x1f, 0x8b}

// LineError is an error in one line of a case file.
type LineError struct {
	File string
	Line int
	Err  error
}

// Error names file, line and field.
func (e *LineError) Error() string { return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err) }

// Unwrap returns the error of the field.
func (e *LineError) Unwrap() error { return e.Err }

// EachCase calls visit with every case of the named files in order, holding one
// case in memory at a time. The name StdinName reads stdin. Gzip is recognised
// by content. It stops at the first error: a *LineError for a malformed case,
// the error of visit unchanged.
func EachCase(ctx context.Context, files []string, stdin io.Reader, visit func(Case) error) error {
	for _, name := range files {
		if err := eachInFile(ctx, name, stdin, visit); err != nil {
			return err
		}
	}
	return nil
}

// ReadCases reads all cases of the named files into memory.
func ReadCases(ctx context.Context, files []string, stdin io.Reader) ([]Case, error) {
	var cases []Case
	err := EachCase(ctx, files, stdin, func(c Case) error {
		cases = append(cases, c)
		return nil
	})
	return cases, err
}

func eachInFile(ctx context.Context, name string, stdin io.Reader, visit func(Case) error) error {
	return eachLine(ctx, name, stdin, func(line []byte) error {
		c, bad := decodeCase(line)
		if bad != nil {
			return &LineError{File: titleOf(name), Err: bad}
		}
		return visit(c)
	})
}

// titleOf is how errors call a file.
func titleOf(name string) string {
	if name == StdinName {
		return "stdin"
	}
	return name
}

// eachLine calls visit with every line of the file that is not empty; a line is
// valid until visit returns. A *LineError of visit gets the line's number.
func eachLine(ctx context.Context, name string, stdin io.Reader, visit func(line []byte) error) error {
	if name == StdinName {
		if stdin == nil {
			return errors.New("standard input is not available; name a file")
		}
		return eachInStream(ctx, titleOf(name), stdin, visit)
	}
	file, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("case file: %w", err)
	}
	return errors.Join(eachInStream(ctx, name, file, visit), file.Close())
}

func eachInStream(ctx context.Context, name string, in io.Reader, visit func(line []byte) error) error {
	plain, err := uncompressed(in)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	lines := lineReader{in: plain}
	for number := 1; ; number++ {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		line, err := lines.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return &LineError{File: name, Line: number, Err: err}
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		err = visit(line)
		if bad := (*LineError)(nil); errors.As(err, &bad) && bad.Line == 0 {
			bad.Line = number
		}
		if err != nil {
			return err
		}
	}
}

// byteOrderMark begins texts that some editors write. It says nothing.
const byteOrderMark = "\ufeff"

// skipMark skips a byte order mark at the start of a stream.
func skipMark(in *bufio.Reader) *bufio.Reader {
	if head, _ := in.Peek(len(byteOrderMark)); string(head) == byteOrderMark {
		_, _ = in.Discard(len(byteOrderMark))
	}
	return in
}

// uncompressed returns the stream behind gzip, or the stream itself, without a
// byte order mark.
func uncompressed(in io.Reader) (*bufio.Reader, error) {
	buffered := bufio.NewReaderSize(in, 1<<20)
	head, err := buffered.Peek(len(gzipMagic))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read: %w", err)
	}
	if !bytes.Equal(head, gzipMagic) {
		return skipMark(buffered), nil
	}
	zipped, err := gzip.NewReader(buffered)
	if err != nil {
		return nil, fmt.Errorf("gzip: %w", err)
	}
	return skipMark(bufio.NewReaderSize(zipped, 1<<20)), nil
}

// lineReader cuts a stream into lines, reusing one buffer for lines that do not
// fit the stream's own.
type lineReader struct {
	in  *bufio.Reader
	buf []byte
}

// next returns the next line without its end, valid until the following call.
func (r *lineReader) next() ([]byte, error) {
	r.buf = r.buf[:0]
	for {
		chunk, err := r.in.ReadSlice('\n')
		if len(r.buf)+len(chunk) > maxLineBytes {
			return nil, fmt.Errorf("the line is longer than %d MiB; write one case a line", maxLineBytes>>20)
		}
		switch {
		case err == nil && len(r.buf) == 0:
			return chunk, nil
		case err == nil:
			r.buf = append(r.buf, chunk...)
			return r.buf, nil
		case errors.Is(err, bufio.ErrBufferFull):
			r.buf = append(r.buf, chunk...)
		case errors.Is(err, io.EOF) && len(r.buf)+len(chunk) > 0:
			r.buf = append(r.buf, chunk...)
			return r.buf, nil
		case errors.Is(err, io.EOF):
			return nil, io.EOF
		default:
			return nil, fmt.Errorf("read: %w", err)
		}
	}
}
