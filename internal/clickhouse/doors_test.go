package clickhouse_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/faultline/faultline/internal/chdb/chdbtest"
	"github.com/faultline/faultline/internal/chdb/nativetest"
	"github.com/faultline/faultline/internal/clickhouse"
)

// door is one way to a ClickHouse that this machine can open.
type door struct {
	name string
	open func(t testing.TB, cfg clickhouse.Config) *clickhouse.Store
}

// doors are all ways that the contract suite runs through. The native and HTTP
// doors lead to the embedded engine as well, over real sockets and through the
// driver's own batches, as to a server.
func doors() []door {
	all := []door{{doorEmbedded, openEmbedded}, {"native", openNative}, {"http", openHTTP}}
	if os.Getenv(serverVariable) != "" {
		all = append(all, door{doorServer, openServer})
	}
	return all
}

// The doors that tests tell apart.
const (
	doorEmbedded = "embedded"
	doorServer   = "server"
)

// serverVariable names a real server to run the suite against as well.
const serverVariable = "FAULTLINE_TEST_CLICKHOUSE_DSN"

// onEveryDoor runs a test through each door, on a migrated database of its own.
func onEveryDoor(t *testing.T, test func(t *testing.T, s *clickhouse.Store)) {
	t.Helper()
	for _, d := range doors() {
		t.Run(d.name, func(t *testing.T) {
			test(t, migrated(t, d))
		})
	}
}

var databases atomic.Int64

// config is the default with a database that no other test uses.
func config(t testing.TB) clickhouse.Config {
	t.Helper()
	cfg := clickhouse.DefaultConfig()
	cfg.Database = fmt.Sprintf("suite_%d_%d", os.Getpid(), databases.Add(1))
	// The days of these tests are fixed; they must not expire some day.
	r := &cfg.Retention
	r.ChangesDays, r.AlertsDays, r.TopologyDays, r.DeadLettersDays = 20_000, 20_000, 20_000, 20_000
	return cfg
}

func openEmbedded(t testing.TB, cfg clickhouse.Config) *clickhouse.Store {
	t.Helper()
	engine := chdbtest.Open(t)
	s, err := clickhouse.Open(t.Context(), cfg, engine.Transport(), quiet())
	if err != nil {
		t.Fatalf("open the store: %v", err)
	}
	dropAtEnd(t, s, cfg.Database, true)
	return s
}

func openNative(t testing.TB, cfg clickhouse.Config) *clickhouse.Store {
	t.Helper()
	address := nativetest.Listen(t, chdbtest.Open(t))
	cfg.DSN = clickhouse.DSN("clickhouse://tester:secret@" + address + "/" + cfg.Database)
	return openAt(t, cfg)
}

func openHTTP(t testing.TB, cfg clickhouse.Config) *clickhouse.Store {
	t.Helper()
	engine := chdbtest.Open(t)
	server := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = "http", "embedded" },
		Transport: engine.Transport(),
		ErrorLog:  log.New(io.Discard, "", 0),
	})
	t.Cleanup(server.Close)
	cfg.DSN = clickhouse.DSN("http://tester:secret@" + server.Listener.Addr().String() + "/" + cfg.Database + "?compress=none")
	return openAt(t, cfg)
}

func openServer(t testing.TB, cfg clickhouse.Config) *clickhouse.Store {
	t.Helper()
	cfg.DSN = clickhouse.DSN(os.Getenv(serverVariable))
	return openAt(t, cfg)
}

// openAt opens the store that the address names.
func openAt(t testing.TB, cfg clickhouse.Config) *clickhouse.Store {
	t.Helper()
	s, err := clickhouse.Open(t.Context(), cfg, nil, quiet())
	if err != nil {
		t.Fatalf("open the store: %v", err)
	}
	dropAtEnd(t, s, cfg.Database, os.Getenv(serverVariable) == "" || string(cfg.DSN) != os.Getenv(serverVariable))
	return s
}

// dropAtEnd empties the test's database for the next one or removes it, and closes
// the store, under a context of its own because the test's is over by then.
func dropAtEnd(t testing.TB, s *clickhouse.Store, name string, keep bool) {
	t.Helper()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
		defer cancel()
		if kept := keep && !t.Failed() && giveBack(ctx, s, name); !kept {
			if err := clickhouse.DropDatabase(ctx, s); err != nil {
				t.Errorf("drop the test's database: %v", err)
			}
		}
		if err := s.Close(); err != nil {
			t.Errorf("close the store: %v", err)
		}
	})
}

// shelf holds migrated databases that tests have given back empty, since making
// the schema costs more than most tests do with it. Those of a real server are
// not kept.
type shelf struct {
	mu     sync.Mutex
	free   []string
	schema string
}

var shelved shelf

// take is a database from the shelf, if there is one.
func (b *shelf) take() (name string, found bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.free) == 0 {
		return "", false
	}
	name, b.free = b.free[len(b.free)-1], b.free[:len(b.free)-1]
	return name, true
}

// keep puts an empty database on the shelf if its schema is the one that the
// first such had; a test that altered its schema keeps it to itself.
func (b *shelf) keep(name, schema string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.schema == "" {
		b.schema = schema
	}
	if schema == "" || b.schema != schema {
		return false
	}
	if !slices.Contains(b.free, name) { // Two stores of one test may share a database.
		b.free = append(b.free, name)
	}
	return true
}

// migrated is a store behind a door with an empty database that has the schema.
func migrated(t testing.TB, d door) *clickhouse.Store {
	t.Helper()
	cfg := config(t)
	name, found := "", false
	if d.name != doorServer {
		name, found = shelved.take()
	}
	if found {
		cfg.Database = name
	}
	s := d.open(t, cfg)
	if found {
		return s
	}
	if err := s.MigrateUp(t.Context()); err != nil {
		t.Fatalf("migrate: %v", err)
	}
	return s
}

// migratedStore is a migrated store of the embedded engine.
func migratedStore(t testing.TB) *clickhouse.Store {
	t.Helper()
	return migrated(t, door{doorEmbedded, openEmbedded})
}

// The statements that empty a database, and the picture of its schema: how its
// tables were made, and which migrations it says it has.
const (
	filledTables = "SELECT arrayStringConcat(groupArray(name), ' ') FROM system.tables WHERE database = currentDatabase() AND total_rows > 0 AND name != 'schema_migrations'"
	schemaHash   = `SELECT if((SELECT count() FROM system.tables WHERE database = currentDatabase() AND name = 'schema_migrations') = 0, '', toString(cityHash64(
		(SELECT arraySort(groupArray(replaceAll(create_table_query, currentDatabase(), ''))) FROM system.tables WHERE database = currentDatabase()))))`
	migrationsHash = "SELECT toString(cityHash64(arraySort(groupArray((version, checksum, state))))) FROM schema_migrations"
)

// giveBack empties the database of a store for the next test. It reports false
// for one that is not fit for it.
func giveBack(ctx context.Context, s *clickhouse.Store, name string) bool {
	schema, err := clickhouse.Text(ctx, s, schemaHash)
	if err != nil || schema == "" {
		return false
	}
	done, err := clickhouse.Text(ctx, s, migrationsHash)
	if err != nil {
		return false
	}
	tables, err := clickhouse.Text(ctx, s, filledTables)
	if err != nil {
		return false
	}
	for _, table := range strings.Fields(tables) {
		if clickhouse.Exec(ctx, s, "TRUNCATE TABLE "+table+" SYNC") != nil {
			return false
		}
	}
	return shelved.keep(name, schema+" "+done)
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
