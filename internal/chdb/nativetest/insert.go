package nativetest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/ClickHouse/ch-go/proto"
)

// insertTarget finds the table and the columns of an INSERT.
var insertTarget = regexp.MustCompile("(?is)^\\s*INSERT\\s+INTO\\s+(?:TABLE\\s+)?((?:`[^`]*`|[^\\s(`])+)\\s*(?:\\(([^)]*)\\))?")

// column is a column of a table.
type column struct{ name, typeName string }

// insert answers a batch: it tells the client the columns, then feeds the blocks
// that come to the engine, until the empty one.
func (s *session) insert(q proto.Query) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	columns, err := s.describe(ctx, q.Body)
	if err != nil {
		return s.fail(err)
	}
	if err := s.sendColumns(columns, q); err != nil {
		return err
	}
	values := parameters(q)
	values.Set("query", q.Body)
	reader, writer := io.Pipe()
	var result error
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, result = s.ask(ctx, values, reader)
	}()
	blocks, err := s.feed(writer, q)
	if err != nil {
		cancel()
	}
	<-done
	if err != nil {
		return err
	}
	// A batch without blocks inserts nothing and succeeds, whatever the engine
	// says to an insert without data.
	if result != nil && blocks > 0 {
		return s.fail(result)
	}
	s.out.WriteByte(byte(proto.ServerCodeEndOfStream))
	return s.flush()
}

// feed copies the client's blocks to the engine. When that has given up, the
// rest is still read, to stay in step with the client. A client that goes away
// within a batch must not have the part that came inserted.
func (s *session) feed(engine *io.PipeWriter, q proto.Query) (blocks int, err error) {
	defer func() { _ = engine.CloseWithError(err) }()
	for {
		code, err := s.next()
		if err != nil {
			return blocks, err
		}
		if code != proto.ClientCodeData {
			return blocks, fmt.Errorf("packet %s among the blocks of an insert", code)
		}
		var data bytes.Buffer
		b, err := s.readBlock(&data, q.Compression == proto.CompressionEnabled)
		if err != nil || b.empty() {
			return blocks, err
		}
		blocks++
		_, _ = engine.Write(data.Bytes())
	}
}

// sendColumns sends a block without rows.
func (s *session) sendColumns(columns []column, q proto.Query) error {
	var data bytes.Buffer
	putHead(&data, s.revision, block{columns: uint64(len(columns))})
	for _, c := range columns {
		putColumn(&data, s.revision, c.name, c.typeName)
	}
	return s.putData(data.Bytes(), q.Compression == proto.CompressionEnabled)
}

// describe asks for the columns that an INSERT names, or all that can be
// inserted.
func (s *session) describe(ctx context.Context, insert string) ([]column, error) {
	match := insertTarget.FindStringSubmatch(insert)
	if match == nil {
		return nil, fmt.Errorf("no table in %q", insert)
	}
	values := parameters(proto.Query{})
	values.Set("default_format", "TabSeparatedRaw")
	values.Set("print_pretty_type_names", "0") // Else a Tuple takes several lines.
	text, err := s.ask(ctx, values, strings.NewReader("DESCRIBE TABLE "+match[1]))
	if err != nil {
		return nil, err
	}
	return choose(parseColumns(string(text)), match[2])
}

// parseColumns reads the lines of DESCRIBE: name, type, kind of default, ...
func parseColumns(text string) []column {
	var columns []column
	for line := range strings.Lines(text) {
		fields := strings.Split(line, "\t")
		if len(fields) < 3 || fields[2] == "MATERIALIZED" || fields[2] == "ALIAS" {
			continue
		}
		columns = append(columns, column{fields[0], fields[1]})
	}
	return columns
}

// choose picks the listed columns, all of them when there is no list.
func choose(columns []column, list string) ([]column, error) {
	if strings.TrimSpace(list) == "" {
		return columns, nil
	}
	var chosen []column
	for name := range strings.SplitSeq(list, ",") {
		name = strings.Trim(strings.TrimSpace(name), "`\"")
		i := slices.IndexFunc(columns, func(c column) bool { return c.name == name })
		if i < 0 {
			return nil, fmt.Errorf("no column %s in the table", name)
		}
		chosen = append(chosen, columns[i])
	}
	return chosen, nil
}
