package nativetest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/ClickHouse/ch-go/proto"
)

// batchInsert recognizes an INSERT whose data follows in blocks.
var batchInsert = regexp.MustCompile(`(?is)^\s*INSERT\s+INTO\s+.*(?:\s+FORMAT\s+Native|\s+VALUES)\s*$`)

// query answers a statement.
func (s *session) query() error {
	var q proto.Query
	if err := q.DecodeAware(s.in, s.revision); err != nil {
		return fmt.Errorf("read a statement: %w", err)
	}
	if err := s.noExternalTables(q); err != nil {
		return err
	}
	if batchInsert.MatchString(q.Body) {
		return s.insert(q)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s.watch(cancel)
	body, err := s.open(ctx, parameters(q), strings.NewReader(q.Body))
	if err != nil {
		return s.fail(err)
	}
	defer body.Close() //nolint:errcheck // Only read.
	return s.results(body, q.Compression == proto.CompressionEnabled)
}

// noExternalTables reads the empty block that follows a statement; others would
// be tables that the client brings along.
func (s *session) noExternalTables(q proto.Query) error {
	code, err := s.next()
	if err != nil {
		return err
	}
	if code != proto.ClientCodeData {
		return fmt.Errorf("packet %s follows a statement", code)
	}
	var discarded bytes.Buffer
	b, err := s.readBlock(&discarded, q.Compression == proto.CompressionEnabled)
	if err == nil && !b.empty() {
		err = errors.New("external tables are not supported")
	}
	return err
}

// readBlock reads a data packet's block, as the engine wants it.
func (s *session) readBlock(to *bytes.Buffer, compressed bool) (block, error) {
	var data proto.ClientData
	if err := data.DecodeAware(s.in, s.revision); err != nil {
		return block{}, fmt.Errorf("read a data packet: %w", err)
	}
	if compressed {
		s.in.EnableCompression()
		defer s.in.DisableCompression()
	}
	return copyBlock(to, noRevision, s.in, s.revision)
}

// parameters are the URL of the engine's HTTP interface for a statement.
func parameters(q proto.Query) url.Values {
	values := url.Values{"default_format": {"Native"}}
	for _, setting := range q.Settings {
		values.Set(setting.Key, setting.Value)
	}
	for _, parameter := range q.Parameters {
		values.Set("param_"+parameter.Key, unquote(parameter.Value))
	}
	return values
}

// unquote undoes the quoting in which parameters travel.
func unquote(value string) string {
	value = strings.TrimSuffix(strings.TrimPrefix(value, "'"), "'")
	return strings.NewReplacer(`\\`, `\`, `\'`, `'`, `\n`, "\n", `\r`, "\r", `\t`, "\t", `\0`, "\x00").Replace(value)
}

// refusal is the text of the engine's exception.
type refusal struct{ text string }

func (r refusal) Error() string { return r.text }

// open runs a request on the engine and returns its result to read.
func (s *session) open(ctx context.Context, values url.Values, body io.Reader) (io.ReadCloser, error) {
	values.Set("database", s.database)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://embedded/?"+values.Encode(), body)
	if err != nil {
		return nil, fmt.Errorf("make a request: %w", err)
	}
	response, err := s.engine.Transport().RoundTrip(req)
	if err != nil {
		return nil, fmt.Errorf("ask the engine: %w", err)
	}
	if response.StatusCode == http.StatusOK {
		return response.Body, nil
	}
	defer response.Body.Close() //nolint:errcheck // Only read.
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("read the engine's exception: %w", err)
	}
	return nil, refusal{string(text)}
}

// ask runs a request on the engine and returns its whole result.
func (s *session) ask(ctx context.Context, values url.Values, body io.Reader) ([]byte, error) {
	result, err := s.open(ctx, values, body)
	if err != nil {
		return nil, err
	}
	defer result.Close() //nolint:errcheck // Only read.
	text, err := io.ReadAll(result)
	if err != nil {
		return nil, fmt.Errorf("read the engine's answer: %w", err)
	}
	return text, nil
}

// exceptionMarker begins an exception in the middle of a result.
const exceptionMarker = "\r\n__exception__\r\n"

// results sends the blocks of a result. The first one tells the driver the
// columns, so a result without rows gets a block without columns.
func (s *session) results(body io.Reader, compressed bool) error {
	// This reader is large enough for proto.NewReader to use as it is, so that
	// both see the same position.
	ahead := bufio.NewReaderSize(body, 1<<20)
	reader := proto.NewReader(ahead)
	for sent := false; ; sent = true {
		start, err := ahead.Peek(len(exceptionMarker))
		switch {
		case string(start) == exceptionMarker:
			return s.interrupted(ahead)
		case len(start) == 0 && errors.Is(err, io.EOF):
			return s.finish(sent, compressed)
		case len(start) == 0:
			return s.fail(err)
		}
		var data bytes.Buffer
		if _, err := copyBlock(&data, s.revision, reader, noRevision); err != nil {
			return s.fail(err)
		}
		if err := s.putData(data.Bytes(), compressed); err != nil {
			return err
		}
	}
}

// interrupted sends the exception that ends a result early.
func (s *session) interrupted(rest io.Reader) error {
	text, err := io.ReadAll(rest)
	if err != nil {
		return s.fail(err)
	}
	return s.fail(refusal{strings.TrimPrefix(string(text), exceptionMarker)})
}

// finish sends the end of a result.
func (s *session) finish(sent, compressed bool) error {
	if !sent {
		var none bytes.Buffer
		putHead(&none, s.revision, block{})
		if err := s.putData(none.Bytes(), compressed); err != nil {
			return err
		}
	}
	s.out.WriteByte(byte(proto.ServerCodeEndOfStream))
	return s.flush()
}

// putData sends a block as a data packet.
func (s *session) putData(data []byte, compressed bool) error {
	s.out.WriteByte(byte(proto.ServerCodeData))
	putText(&s.out, "")
	if compressed {
		if err := s.compressor.Compress(data); err != nil {
			return fmt.Errorf("compress a block: %w", err)
		}
		data = s.compressor.Data
	}
	s.out.Write(data)
	return s.flush()
}

// ClickHouse's numbers for a cancelled query, and for errors from elsewhere.
const cancelledCode, foreignCode = 394, 1000

// exceptionText finds the code, the class and the message of an exception, which
// a frame may surround.
var exceptionText = regexp.MustCompile(`(?s)Code: (\d+)\. (\S+?): (.*?)(?:\n\d+ \S+\r\n__exception__\r\n)?$`)

// fail sends an exception packet.
func (s *session) fail(cause error) error {
	e := proto.Exception{Code: foreignCode, Name: "DB::Exception", Message: cause.Error()}
	var refused refusal
	if errors.Is(cause, context.Canceled) {
		e.Code = cancelledCode
	} else if errors.As(cause, &refused) {
		if match := exceptionText.FindStringSubmatch(refused.text); match != nil {
			e.Name, e.Message = match[2], match[3]
			// A number too large for the field stays what it was.
			if code, err := strconv.ParseInt(match[1], 10, 32); err == nil {
				e.Code = proto.Error(code)
			}
		}
	}
	var packet proto.Buffer
	proto.ServerCodeException.Encode(&packet)
	e.EncodeAware(&packet, s.revision)
	s.out.Write(packet.Buf)
	return s.flush()
}
