package clickhouse

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/faultline/faultline/internal/event"
)

const secret = "s3cr3t-word"

func TestAPasswordIsNeverPrinted(t *testing.T) {
	for _, dsn := range []DSN{
		"clickhouse://faultline:" + secret + "@host:9000/faultline?dial_timeout=1s",
		"http://host:8123/faultline?username=faultline&password=" + secret,
		"clickhouse://faultline:" + secret + "%zz@host:9000/faultline",
		"faultline:" + secret + "@host",
		"postgres://faultline:" + secret + "@host/db",
		"https://faultline:" + secret + "@host:8443/faultline?http_proxy=http://u:" + secret + "@proxy:1",
	} {
		config := DefaultConfig()
		config.DSN = dsn
		asJSON, err := json.Marshal(config)
		if err != nil {
			t.Fatal(err)
		}
		var logged strings.Builder
		slog.New(slog.NewJSONHandler(&logged, nil)).Info("start", slog.Any("config", config), slog.Any("dsn", dsn))
		_, optionsErr := options(&config, nil)
		for _, text := range []string{
			dsn.String(), fmt.Sprintf("%v %+v %#v %s", dsn, config, config, dsn), string(asJSON), logged.String(), fmt.Sprint(optionsErr),
		} {
			if strings.Contains(text, secret) {
				t.Errorf("the password is in %s", text)
			}
		}
	}
}

func TestAnAddressThatCannotWorkIsRefusedWithItsMend(t *testing.T) {
	for dsn, want := range map[DSN]string{
		"":                                   "set one as clickhouse://",
		"host:9000":                          "has no scheme; begin it with",
		"mysql://host:9000/db":               "unknown scheme; use clickhouse://",
		"clickhouse://user:%zz@host:9000/db": "percent-encode",
		"clickhouse:///db":                   "cannot be read",
		"http://host:8123/db?secure=true":    "cannot be read",
	} {
		config := DefaultConfig()
		config.DSN = dsn
		if _, err := options(&config, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want it to say %q", dsn, err, want)
		}
	}
}

func TestTheAddressDecidesOnProtocolDatabaseAndCompression(t *testing.T) {
	config := DefaultConfig()
	config.DSN = "clickhouse://me:pw@a:9000,b:9000/events?max_threads=2"
	native, err := options(&config, nil)
	if err != nil {
		t.Fatal(err)
	}
	if native.Protocol != clickhouse.Native || len(native.Addr) != 2 || native.Auth.Database != "events" {
		t.Errorf("got %v %v %q", native.Protocol, native.Addr, native.Auth.Database)
	}
	if native.Compression.Method != clickhouse.CompressionLZ4 || native.Settings["max_threads"] != 2 {
		t.Errorf("got %v %v", native.Compression, native.Settings)
	}
	config.DSN, config.Database = "https://me:pw@a:8443/events", "other"
	secure, err := options(&config, nil)
	if err != nil {
		t.Fatal(err)
	}
	if secure.Protocol != clickhouse.HTTP || secure.TLS == nil || secure.Auth.Database != "other" {
		t.Errorf("got %v, TLS %v, %q", secure.Protocol, secure.TLS, secure.Auth.Database)
	}
}

func TestTLSFilesAreReadAndBrokenOnesNamed(t *testing.T) {
	cert, key := certificate(t)
	config, err := loadTLS(TLS{Enabled: true, CAFile: cert, CertFile: cert, KeyFile: key, ServerName: "ch"})
	if err != nil {
		t.Fatal(err)
	}
	if len(config.Certificates) != 1 || config.RootCAs == nil || config.ServerName != "ch" || config.InsecureSkipVerify {
		t.Errorf("got %+v", config)
	}
	for _, broken := range []TLS{{CAFile: key}, {CAFile: cert + "?"}, {CertFile: cert}} {
		if _, err := loadTLS(broken); err == nil {
			t.Errorf("%+v was taken", broken)
		}
	}
}

// certificate makes a certificate with its key, in two files.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	public, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return writePEM(t, "CERTIFICATE", public), writePEM(t, "PRIVATE KEY", secret)
}

func writePEM(t *testing.T, kind string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), strings.ReplaceAll(kind, " ", "_")+".pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSettingsThatCannotWorkAreAllNamed(t *testing.T) {
	config := DefaultConfig()
	if err := config.Validate(); err != nil {
		t.Fatalf("the defaults: %v", err)
	}
	config.Database, config.Cluster = "a; DROP", "b'"
	config.ReadTimeout, config.InsertRows, config.Retention.AuditDays = 0, -1, -1
	err := config.Validate()
	if err == nil {
		t.Fatal("taken")
	}
	for _, want := range []string{"database", "cluster", "read timeout", "insert rows", "retention of audit"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %q", err, want)
		}
	}
}

func TestErrorsTellPassingFromPermanent(t *testing.T) {
	s := &Store{secret: secret}
	for name, c := range map[string]struct {
		cause                error
		unavailable, refused bool
	}{
		"server out of memory":     {&clickhouse.Exception{Code: 241}, true, false},
		"too many parts":           {&clickhouse.Exception{Code: 252}, true, false},
		"no such table":            {&clickhouse.Exception{Code: 60}, true, false},
		"no right":                 {&clickhouse.Exception{Code: 497}, true, false},
		"wrong value":              {&clickhouse.Exception{Code: 53}, false, true},
		"wrong statement":          {&clickhouse.Exception{Code: 62}, false, false},
		"deadline":                 {context.DeadlineExceeded, true, false},
		"no connection":            {&net.OpError{Op: "dial", Err: errors.New("refused")}, true, false},
		"gateway is away":          {&clickhouse.HTTPError{StatusCode: 502, Err: errors.New("x")}, true, false},
		"wrong path":               {&clickhouse.HTTPError{StatusCode: 404, Err: errors.New("x")}, false, false},
		"batch cannot be encoded":  {fmt.Errorf("%w: x", clickhouse.ErrBatchInvalid), false, false},
		"stored row is unreadable": {fmt.Errorf("%w: x", errUnreadable), false, false},
	} {
		err := fmt.Errorf("flush: %w", s.fail("insert", fmt.Errorf("driver: %w", c.cause)))
		if got := errors.Is(err, event.ErrUnavailable); got != c.unavailable {
			t.Errorf("%s: unavailable is %v", name, got)
		}
		if got := errors.Is(err, event.ErrRefused); got != c.refused {
			t.Errorf("%s: refused is %v", name, got)
		}
		if !errors.Is(err, c.cause) {
			t.Errorf("%s: the cause is lost", name)
		}
	}
	if s.fail("ping", nil) != nil {
		t.Error("an error was made out of none")
	}
	if err := s.fail("connect", errors.New("bad password "+secret)); strings.Contains(err.Error(), secret) {
		t.Error(err)
	}
}
