package chdb_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// benchRows is the size of the batches that the benchmarks insert.
const benchRows = 10_000

const benchTable = `CREATE TABLE t (service LowCardinality(String), at DateTime64(3, 'UTC'), id UInt64,
	title String, labels Map(LowCardinality(String), String), value Float64
) ENGINE = MergeTree ORDER BY (service, at) SETTINGS index_granularity = 1024`

// insertEvents inserts a batch of events of a thousand services, a second apart.
func insertEvents(b *testing.B, db driver.Conn, first int) {
	b.Helper()
	batch, err := db.PrepareBatch(b.Context(), "INSERT INTO t")
	if err != nil {
		b.Fatal(err)
	}
	labels := map[string]string{"region": "eu-west-1", "version": "1.2.3"}
	for i := first; i < first+benchRows; i++ {
		at := time.Unix(1_770_000_000+int64(i), 0)
		if err := batch.Append(fmt.Sprintf("service-%d", i%1000), at, uint64(i), "deploy of a new version", labels, 1.5); err != nil {
			b.Fatal(err)
		}
	}
	if err := batch.Send(); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkSelectOne(b *testing.B) {
	_, db := fresh(b)
	for b.Loop() {
		value[uint8](b, db, "SELECT 1")
	}
}

func BenchmarkInsert(b *testing.B) {
	_, db := fresh(b)
	run(b, db, benchTable)
	rows := 0
	for b.Loop() {
		insertEvents(b, db, rows)
		rows += benchRows
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkPointQuery(b *testing.B) {
	_, db := fresh(b)
	run(b, db, benchTable)
	const rows = 1_000_000
	for first := 0; first < rows; first += benchRows {
		insertEvents(b, db, first)
	}
	run(b, db, "OPTIMIZE TABLE t FINAL")
	i := 0
	for b.Loop() {
		i++
		value[uint64](b, db, "SELECT sum(id) FROM t WHERE service = {service:String} AND at < {at:DateTime64(3)}",
			clickhouse.Named("service", fmt.Sprintf("service-%d", i%1000)), clickhouse.Named("at", "2026-02-10 00:00:00.000"))
	}
}
