package nativetest_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/faultline/faultline/internal/chdb/chdbtest"
	"github.com/faultline/faultline/internal/chdb/nativetest"
)

func TestFirst(t *testing.T) {
	e := chdbtest.Open(t)
	db, err := clickhouse.Open(&clickhouse.Options{Addr: []string{nativetest.Listen(t, e)}, Auth: clickhouse.Auth{Database: chdbtest.Database(t, e)}, Compression: &clickhouse.Compression{Method: clickhouse.CompressionLZ4}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx := context.Background()
	if err := db.Ping(ctx); err != nil {
		t.Fatal(err)
	}
	if err := db.Exec(ctx, "CREATE TABLE t (a UInt64, s String, l LowCardinality(String), m Map(LowCardinality(String), String), d DateTime64(3,'UTC')) ENGINE=MergeTree ORDER BY a"); err != nil {
		t.Fatal(err)
	}
	b, err := db.PrepareBatch(ctx, "INSERT INTO t")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10000 {
		if err := b.Append(uint64(i), "a\nb\x00c", "x", map[string]string{"k": "v"}, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Send(); err != nil {
		t.Fatal(err)
	}
	var n uint64
	if err := db.QueryRow(ctx, "SELECT countIf(length(s)=5) FROM t").Scan(&n); err != nil || n != 10000 {
		t.Fatal(err, n)
	}
	err = db.QueryRow(ctx, "SELECT nope FROM t").Scan(&n)
	fmt.Printf("%T %v\n", err, err)
	s := time.Now()
	for range 500 {
		db.QueryRow(ctx, "SELECT 1").Scan(&n)
	}
	fmt.Println(time.Since(s) / 500)
	s = time.Now()
	rows, err := db.Query(ctx, "SELECT number, throwIf(number=1000000) from numbers(2000000)")
	if err != nil {
		t.Fatal(err)
	}
	k := 0
	for rows.Next() {
		k++
	}
	fmt.Println(k, rows.Err(), time.Since(s))
	c, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancel()
	s = time.Now()
	err = db.QueryRow(c, "SELECT count() FROM numbers(100000000000) WHERE NOT ignore(sipHash64(number))").Scan(&n)
	fmt.Println(err, time.Since(s))
	r, err := db.Query(ctx, "SELECT a, m FROM t WHERE a < {n:UInt64}", clickhouse.Named("n", 3))
	fmt.Println(err)
	for r.Next() {
		var a uint64
		var m map[string]string
		fmt.Println(r.Scan(&a, &m), a, m)
	}
}
