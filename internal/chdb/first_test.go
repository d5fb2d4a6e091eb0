package chdb

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

func TestFirst(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Dir = t.TempDir()
	s := time.Now()
	e, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	fmt.Println("open", time.Since(s))
	db, err := clickhouse.Open(&clickhouse.Options{Protocol: clickhouse.HTTP, Addr: []string{"embedded:0"}, TransportFunc: e.TransportFunc, Auth: clickhouse.Auth{Database: "faultline"}})
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
	if err := db.QueryRow(ctx, "SELECT count() FROM t WHERE s = {p:String} AND a < ?", clickhouse.Named("p", "a\nb")).Scan(&n); err == nil {
		fmt.Println(n)
	} else {
		fmt.Println(err)
	}
	if err := db.QueryRow(ctx, "SELECT countIf(length(s)=5) FROM t").Scan(&n); err != nil || n != 10000 {
		t.Fatal(err, n)
	}
	err = db.QueryRow(ctx, "SELECT nope FROM t").Scan(&n)
	fmt.Printf("%T %v\n", err, err)
}
