package clickhouse

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unsafe"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/cespare/xxhash/v2"
)

// maxPartitions lets one insert touch every month from 2000 to a year from
// now, which is what the decoder lets through; the server's default is 100.
const maxPartitions = 400

// insertRows writes rows to a table in one block. It returns when they are
// durable.
func insertRows[R any](ctx context.Context, s *Store, table, token string, fields []field[R], rows []R) error {
	if len(rows) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.WriteTimeout)
	defer cancel()
	op := "insert into " + table
	settings := insertSettings(token)
	if slices.Contains(agreed, table) {
		s.agreeOn(settings)
	}
	if s.direct != nil {
		return s.fail(op, sendBlock(ctx, s.direct, insertStatement(table, fields), settings, fields, rows))
	}
	return s.fail(op, sendBatch(ctx, s.write, insertStatement(table, fields), settings, fields, rows))
}

// agreed are the tables by which processes agree who does what. In a cluster their
// rows are acknowledged when a majority of the replicas has them, one insert after
// another, and are read only from a replica that has all of them: one that lags
// behind refuses, instead of showing a week as free that another has claimed.
var agreed = []string{"report_claims", "report_deliveries"}

// agreeOn are the settings of an insert into such a table.
func (s *Store) agreeOn(settings clickhouse.Settings) {
	if s.cfg.Cluster == "" {
		return
	}
	settings["insert_quorum"], settings["insert_quorum_parallel"] = "auto", 0
	settings["insert_quorum_timeout"] = s.cfg.WriteTimeout.Milliseconds()
}

// inAgreement is a context for reading such a table.
func (s *Store) inAgreement(ctx context.Context) context.Context {
	if s.cfg.Cluster == "" {
		return ctx
	}
	return clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"select_sequential_consistency": 1}))
}

// sendBatch goes through the driver's batch, which speaks to any server.
func sendBatch[R any](ctx context.Context, conn driver.Conn, statement string, settings clickhouse.Settings, fields []field[R], rows []R) (err error) {
	ctx, over := whileUnderWay(ctx)
	defer over()
	types := make([]clickhouse.ColumnNameAndType, len(fields))
	for i, f := range fields {
		types[i] = clickhouse.ColumnNameAndType{Name: f.name, Type: f.wire}
	}
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(settings), clickhouse.WithColumnNamesAndTypes(types))
	batch, err := conn.PrepareBatch(ctx, statement)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { err = errors.Join(err, batch.Close()) }()
	for i, f := range fields {
		if err := batch.Column(i).Append(f.values(rows)); err != nil {
			return fmt.Errorf("%w: column %s: %w", clickhouse.ErrBatchInvalid, f.name, err)
		}
	}
	return batch.Send()
}

// insertSettings go with every insert. Optimize_on_insert would collapse the
// rows of a block among themselves, for which readers do not wait.
func insertSettings(token string) clickhouse.Settings {
	settings := clickhouse.Settings{"async_insert": 0, "optimize_on_insert": 0, "max_partitions_per_insert_block": maxPartitions}
	if token != "" {
		settings["insert_deduplication_token"] = token
	}
	return settings
}

func insertStatement[R any](table string, fields []field[R]) string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	return "INSERT INTO " + table + " (" + strings.Join(names, ", ") + ")"
}

// tokenOf is the deduplication token of one piece of a batch. The server drops
// a block whose token it knows without looking at the rows, so the token holds
// what the rows are: a caller who uses a token again for other rows loses
// nothing.
func tokenOf[R any](token string, rows []R, uid func(*R) uint64) string {
	if token == "" {
		return ""
	}
	digest := xxhash.New()
	var word [8]byte
	for i := range rows {
		binary.LittleEndian.PutUint64(word[:], uid(&rows[i]))
		_, _ = digest.Write(word[:])
	}
	return token + "/" + hex.EncodeToString(digest.Sum(nil))
}

// inPieces cuts rows into runs that respect the limits of one insert. A row
// that is larger than the limit is a run of its own.
func inPieces[R any](cfg *Config, rows []R, size func(*R) int, each func([]R) error) error {
	from, bytes := 0, 0
	for i := range rows {
		row := size(&rows[i])
		if i > from && (i-from >= cfg.InsertRows || bytes+row > cfg.InsertBytes) {
			if err := each(rows[from:i]); err != nil {
				return err
			}
			from, bytes = i, 0
		}
		bytes += row
	}
	if from == len(rows) {
		return nil
	}
	return each(rows[from:])
}

// hashOf is the key of a name: xxHash64, as ClickHouse's xxHash64() computes it.
func hashOf(name string) uint64 { return xxhash.Sum64String(name) }

// textOf views bytes as a string without copying them. The driver copies them
// into its block at once; nobody may change them until then.
func textOf(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
