package app

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/pem"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/config"
)

// meterOf opens the meter that the settings name and closes it with the test.
func meterOf(t *testing.T, change func(*config.Metrics)) (correlate.Meter, error) {
	t.Helper()
	cfg := config.Default().Metrics
	change(&cfg)
	stop := &cleanup{log: slog.New(slog.DiscardHandler)}
	t.Cleanup(func() {
		if err := stop.run(context.Background(), time.Second); err != nil {
			t.Error(err)
		}
	})
	return openMeter(&cfg, stop)
}

func lastHour() correlate.Measuring {
	return correlate.Measuring{Services: []string{"cart"}, Environment: "production", From: time.Unix(0, 0), To: time.Unix(3600, 0)}
}

func TestWithoutAServerTheFindingSaysThatNoneIsConfigured(t *testing.T) {
	meter, err := meterOf(t, func(*config.Metrics) {})
	if err != nil {
		t.Fatal(err)
	}
	series, missing := meter.Measure(t.Context(), lastHour())
	if series != nil || len(missing) != 1 || !strings.Contains(missing[0], "set metrics.url") {
		t.Errorf("series %v, missing %q", series, missing)
	}
}

func TestTheMeterAsksAsTheSettingsSay(t *testing.T) {
	var queries, authorized []string
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		queries, authorized = append(queries, r.FormValue("query")), append(authorized, r.Header.Get("Authorization"))
		_, _ = io.WriteString(w, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"pod":"cart-1"},"values":[[60,"0.5"]]}]}}`)
	}))
	defer server.Close()
	authority := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(authority, block, 0o600); err != nil {
		t.Fatal(err)
	}
	meter, err := meterOf(t, func(m *config.Metrics) {
		m.URL, m.BearerToken, m.TLS.CAFile = server.URL, "s3cret", authority
		m.Queries = []config.MetricQuery{{Name: "errors", Signal: "error_ratio", Unit: "ratio", Expr: `bad{app="{{.service}}"}[{{.window}}]`}}
	})
	if err != nil {
		t.Fatal(err)
	}
	series, missing := meter.Measure(t.Context(), lastHour())
	if len(missing) != 0 || len(series) != 1 || series[0].Instance != "cart-1" || series[0].Points[0].Value != 0.5 {
		t.Errorf("series %+v, missing %q", series, missing)
	}
	if len(queries) != 1 || queries[0] != `bad{app="cart"}[120s]` || authorized[0] != "Bearer s3cret" {
		t.Errorf("asked %q with %q", queries, authorized)
	}
}

// A certificate that nobody vouches for must not get the token.
func TestAnUnknownCertificateIsRefusedUnlessTheSettingsAcceptIt(t *testing.T) {
	asked := 0
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		_, _ = io.WriteString(w, `{"status":"success","data":{"resultType":"matrix","result":[]}}`)
	}))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	defer server.Close()
	for _, accept := range []bool{false, true} {
		asked = 0
		meter, err := meterOf(t, func(m *config.Metrics) { m.URL, m.TLS.InsecureSkipVerify = server.URL, accept })
		if err != nil {
			t.Fatal(err)
		}
		if meter.Measure(t.Context(), lastHour()); accept != (asked > 0) {
			t.Errorf("accept %v: asked %d times", accept, asked)
		}
	}
}

func TestWrongMetricsSettingsNameTheSetting(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, bytes.Repeat([]byte("x"), 10), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*config.Metrics){
		"metrics.tls: ca_file: open":                 func(m *config.Metrics) { m.TLS.CAFile = "/nowhere/ca.pem" },
		"metrics.tls: ca_file: holds no certificate": func(m *config.Metrics) { m.TLS.CAFile = empty },
		"metrics.tls: cert_file and key_file":        func(m *config.Metrics) { m.TLS.CertFile, m.TLS.KeyFile = empty, empty },
		"metrics.queries[0] (x): expr:": func(m *config.Metrics) {
			m.Queries = []config.MetricQuery{{Name: "x", Signal: "s", Unit: "ms", Expr: "{{"}}
		},
		"metrics.url: want http://host:port":                func(m *config.Metrics) { m.URL = "localhost" },
		"metrics.bearer_token and username are both set":    func(m *config.Metrics) { m.BearerToken, m.Username, m.Password = "a", "b", "c" },
		"metrics.url: holds a user or password; set userna": func(m *config.Metrics) { m.URL = "http://u:hunter2@prom" },
	} {
		_, err := meterOf(t, func(m *config.Metrics) { m.URL = "http://prom:9090"; change(m) })
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("tells a secret: %v", err)
		}
	}
}

func TestTheMetersTLSIsNotOlderThanItShouldBe(t *testing.T) {
	out, err := clientTLS(&config.ClientTLS{ServerName: "prom.internal"})
	if err != nil || out.MinVersion < tls.VersionTLS12 || out.ServerName != "prom.internal" || out.RootCAs != nil {
		t.Errorf("%+v, %v", out, err)
	}
}
