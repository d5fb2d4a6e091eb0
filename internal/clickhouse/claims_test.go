package clickhouse_test

import (
	"io"
	"log"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/internal/chdb/chdbtest"
	"github.com/faultline/faultline/internal/clickhouse"
	"github.com/faultline/faultline/internal/query"
)

func TestClaimsAreOrderedByTheStoresClockAndLapse(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		claim := func(who string, state query.ClaimState) {
			t.Helper()
			if err := s.SaveClaim(t.Context(), query.Claim{Week: "2026-W47", Claimant: who, State: state}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Millisecond)
		}
		for _, who := range []string{"zoe", "ann", "bob"} {
			claim(who, query.ClaimHeld)
		}
		claim("zoe", query.ClaimHeld)
		claim("ann", query.ClaimReleased)
		exec(t, s, "INSERT INTO report_claims (week, claimant, state, stored_at) VALUES ('2026-W47', 'old', 'held', now64(3) - INTERVAL 10 MINUTE), ('2026-W46', 'other', 'held', now64(3))")
		got, err := s.Claimants(t.Context(), "2026-W47", time.Minute)
		if diff := cmp.Diff([]string{"zoe", "bob"}, got); diff != "" || err != nil {
			t.Error(diff, err)
		}
		if got, err = s.Claimants(t.Context(), "2026-W47", time.Hour); err != nil || len(got) != 3 || got[0] != "old" {
			t.Errorf("%v %v", got, err)
		}
	})
}

// overheard is a store whose statements are listened to on their way, by the table
// that they name.
type overheard struct {
	mu   sync.Mutex
	said map[string]url.Values
}

// listen opens a store through a server that remembers the parameters of what it
// passes on.
func listen(t *testing.T, cfg clickhouse.Config) (*clickhouse.Store, *overheard) {
	t.Helper()
	o := &overheard{said: map[string]url.Values{}}
	transport := chdbtest.Open(t).Transport()
	server := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			body, err := io.ReadAll(r.In.Body)
			if err != nil {
				t.Error(err)
			}
			o.hear(r.In.URL.Query(), string(body))
			r.Out.Body, r.Out.ContentLength = io.NopCloser(strings.NewReader(string(body))), int64(len(body))
			r.Out.URL.Scheme, r.Out.URL.Host = "http", "embedded"
		},
		Transport: transport, ErrorLog: log.New(io.Discard, "", 0),
	})
	t.Cleanup(server.Close)
	cfg.DSN = clickhouse.DSN("http://tester:secret@" + server.Listener.Addr().String() + "/" + cfg.Database + "?compress=none")
	s, err := clickhouse.Open(t.Context(), cfg, nil, quiet())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, o
}

func (o *overheard) hear(settings url.Values, body string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	text := settings.Get("query") + body
	for _, table := range []string{"report_claims", "report_deliveries", "policy_decisions"} {
		for _, way := range []string{"INSERT INTO ", "FROM "} {
			if strings.Contains(text, way+table) {
				o.said[way+table] = settings
			}
		}
	}
}

// In a cluster a read may reach a replica that lags behind the one that was written
// to. Claims and deliveries must be acknowledged by a majority and read from a
// replica that has them all, or two processes send one report. What nobody agrees
// by must not wait for a majority.
func TestProcessesAgreeThroughAClusterThatLags(t *testing.T) {
	cfg := config(t)
	up(t, openEmbedded(t, cfg))
	for cluster, want := range map[string]bool{"": false, "production": true} {
		cfg.Cluster = cluster
		s, heard := listen(t, cfg)
		if err := s.SaveClaim(t.Context(), query.Claim{Week: "2026-W47", Claimant: "ann" + cluster, State: query.ClaimHeld}); err != nil {
			t.Fatal(err)
		}
		if all, err := s.Claimants(t.Context(), "2026-W47", time.Minute); err != nil || len(all) == 0 {
			t.Fatal(all, err)
		}
		if err := s.SaveDelivery(t.Context(), query.Delivery{Week: "2026-W47", Recipient: "mail:a@example.org", State: query.DeliverySent}); err != nil {
			t.Fatal(err)
		}
		if all, err := s.Deliveries(t.Context(), "2026-W47"); err != nil || len(all) != 1 {
			t.Fatal(all, err)
		}
		if _, err := s.GateCounts(t.Context(), november); err != nil {
			t.Fatal(err)
		}
		for _, table := range []string{"report_claims", "report_deliveries"} {
			in, out := heard.said["INSERT INTO "+table], heard.said["FROM "+table]
			if got := in.Get("insert_quorum") == "auto" && in.Get("insert_quorum_parallel") == "0" && in.Get("insert_quorum_timeout") == "30000"; got != want || in == nil {
				t.Errorf("cluster %q, %s is written with %v", cluster, table, in)
			}
			if got := out.Get("select_sequential_consistency") == "1"; got != want || out == nil {
				t.Errorf("cluster %q, %s is read with %v", cluster, table, out)
			}
		}
		if gate := heard.said["FROM policy_decisions"]; gate == nil || gate.Get("select_sequential_consistency") != "" {
			t.Errorf("cluster %q: figures are read with %v", cluster, gate)
		}
	}
}
