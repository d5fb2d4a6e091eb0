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
	all := []door{{"embedded", openEmbedded}, {"native", openNative}, {"http", openHTTP}}
	if os.Getenv(serverVariable) != "" {
		all = append(all, door{"server", openServer})
	}
	return all
}

// serverVariable names a real server to run the suite against as well.
const serverVariable = "FAULTLINE_TEST_CLICKHOUSE_DSN"

// onEveryDoor runs a test through each door, on a migrated database of its own.
func onEveryDoor(t *testing.T, test func(t *testing.T, s *clickhouse.Store)) {
	t.Helper()
	for _, d := range doors() {
		t.Run(d.name, func(t *testing.T) {
			s := d.open(t, config(t))
			if err := s.MigrateUp(t.Context()); err != nil {
				t.Fatalf("migrate: %v", err)
			}
			test(t, s)
		})
	}
}

var databases atomic.Int64

// config is the default with a database that no other test uses.
func config(t testing.TB) clickhouse.Config {
	t.Helper()
	cfg := clickhouse.DefaultConfig()
	cfg.Database = fmt.Sprintf("suite_%d_%d", os.Getpid(), databases.Add(1))
	return cfg
}

func openEmbedded(t testing.TB, cfg clickhouse.Config) *clickhouse.Store {
	t.Helper()
	engine := chdbtest.Open(t)
	s, err := clickhouse.Open(t.Context(), cfg, engine.Transport(), quiet())
	if err != nil {
		t.Fatalf("open the store: %v", err)
	}
	dropAtEnd(t, s)
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
	dropAtEnd(t, s)
	return s
}

// dropAtEnd removes the test's database and closes the store, under a context
// of its own because the test's is over by then.
func dropAtEnd(t testing.TB, s *clickhouse.Store) {
	t.Helper()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := clickhouse.DropDatabase(ctx, s); err != nil {
			t.Errorf("drop the test's database: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("close the store: %v", err)
		}
	})
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
