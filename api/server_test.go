package api

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

func TestDefaultsAreServable(t *testing.T) {
	cfg := DefaultConfig()
	if err := cfg.Validate(); err != nil {
		t.Error(err)
	}
	if cfg.MaxBodyBytes != 10<<20 || cfg.PublicRead || len(cfg.Tokens) != 0 {
		t.Errorf("defaults %+v", cfg)
	}
}

func TestSettingsThatCannotBeServedAreRefused(t *testing.T) {
	for want, tune := range map[string]func(*Config){
		"rate per second":        func(c *Config) { c.RatePerSecond = 0 },
		"rate burst":             func(c *Config) { c.RateBurst = 0 },
		"max body bytes":         func(c *Config) { c.MaxBodyBytes = 0 },
		"timeouts":               func(c *Config) { c.Timeout = 0 },
		"stream intervals":       func(c *Config) { c.Stream.PollInterval = 0 },
		"stream limits":          func(c *Config) { c.Stream.Queue = 0 },
		"stream replay window":   func(c *Config) { c.Stream.ReplayWindow = 0 },
		"topology age":           func(c *Config) { c.TopologyAge = -1 },
		"timeline reach":         func(c *Config) { c.TimelineBefore = 0 },
		"body budget":            func(c *Config) { c.BodyBudgetBytes = 1 },
		"certificate file and a": func(c *Config) { c.TLSCertFile = "cert.pem" },
		"API tokens":             func(c *Config) { c.Tokens = []Token{{}} },
	} {
		cfg := DefaultConfig()
		tune(&cfg)
		_, err := New(cfg, Deps{
			Store: newFakeStore(), Intake: newFakeIntake(), Figures: &fakeFigures{}, Reports: &fakeReports{}, Metrics: http.NotFoundHandler(),
			Registerer: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler),
		})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want a refusal that names %q, got %v", want, err)
		}
	}
}

func TestMissingPartsAreRefused(t *testing.T) {
	if _, err := New(DefaultConfig(), Deps{}); err == nil {
		t.Error("a server without a store")
	}
	registry := prometheus.NewRegistry()
	deps := Deps{Store: newFakeStore(), Intake: newFakeIntake(), Figures: &fakeFigures{}, Reports: &fakeReports{}, Metrics: http.NotFoundHandler(), Registerer: registry, Log: slog.New(slog.DiscardHandler)}
	if _, err := New(DefaultConfig(), deps); err != nil {
		t.Fatal(err)
	}
	if _, err := New(DefaultConfig(), deps); err == nil || !strings.Contains(err.Error(), "metrics") {
		t.Errorf("two servers on one registry: %v", err)
	}
}

func TestRunListensAndStops(t *testing.T) {
	h := newHarness(t, func(c *Config, _ *Deps) { c.Listen = "127.0.0.1:0" })
	address := h.serve(t)
	resp, err := client(t).Get(address + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("status %d", resp.StatusCode)
	}
	taken := newHarness(t, func(c *Config, _ *Deps) { c.Listen = strings.TrimPrefix(address, "http://") })
	if err := taken.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "listen for the API") {
		t.Errorf("an address that is taken: %v", err)
	}
}

func TestRequestsInFlightAreFinishedAtStop(t *testing.T) {
	h := newHarness(t, func(c *Config, d *Deps) { c.Timeout, d.Now = 300*time.Millisecond, nil })
	h.store.hang = true
	address, stop := h.serveUntil(t)
	status := make(chan int, 1)
	go func() {
		r, _ := http.NewRequest(http.MethodGet, address+"/v1/incidents", http.NoBody)
		r.Header.Set("Authorization", "Bearer "+h.tokens[RoleReader])
		resp, err := client(t).Do(r)
		if err != nil {
			status <- 0
			return
		}
		defer resp.Body.Close()
		status <- resp.StatusCode
	}()
	for h.store.count("Incidents") == 0 {
		time.Sleep(time.Millisecond)
	}
	stop()
	if got := <-status; got != http.StatusGatewayTimeout {
		t.Errorf("the request in flight got %d", got)
	}
}

func TestRequestsThatTakeTooLongAreCutAtStop(t *testing.T) {
	h := newHarness(t, func(c *Config, d *Deps) { c.Timeout, c.ShutdownTimeout, d.Now = time.Minute, 50*time.Millisecond, nil })
	h.store.hang = true
	address, stop := h.serveUntil(t)
	failed := make(chan error, 1)
	go func() {
		r, _ := http.NewRequest(http.MethodGet, address+"/v1/incidents", http.NoBody)
		r.Header.Set("Authorization", "Bearer "+h.tokens[RoleReader])
		resp, err := client(t).Do(r)
		if err == nil {
			resp.Body.Close()
		}
		failed <- err
	}()
	for h.store.count("Incidents") == 0 {
		time.Sleep(time.Millisecond)
	}
	began := time.Now()
	stop()
	if err := <-failed; err == nil {
		t.Error("the request was not cut")
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("stopping took %s", took)
	}
	if !strings.Contains(h.logs.String(), "requests were cut at shutdown") {
		t.Error("the log does not tell")
	}
}

func TestBrokenListenerIsAnError(t *testing.T) {
	h := newHarness(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := h.Serve(t.Context(), l); !errors.Is(err, net.ErrClosed) {
		t.Errorf("error %v", err)
	}
}

func TestTLSIsServed(t *testing.T) {
	certFile, keyFile, pool := selfSigned(t)
	h := newHarness(t, func(c *Config, _ *Deps) { c.TLSCertFile, c.TLSKeyFile = certFile, keyFile })
	address := strings.Replace(h.serve(t), "http://", "https://", 1)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Get(address + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("status %d, headers %v", resp.StatusCode, resp.Header)
	}
}

// selfSigned writes a certificate for loopback.
func selfSigned(t *testing.T) (certFile, keyFile string, pool *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
	if err := errors.Join(os.WriteFile(certFile, certPEM, 0o600), os.WriteFile(keyFile, keyPEM, 0o600)); err != nil {
		t.Fatal(err)
	}
	pool = x509.NewCertPool()
	pool.AppendCertsFromPEM(certPEM)
	return certFile, keyFile, pool
}

func TestSlowHeadersAreGivenUp(t *testing.T) {
	h := newHarness(t, func(c *Config, _ *Deps) { c.HeaderTimeout = 50 * time.Millisecond })
	address := strings.TrimPrefix(h.serve(t), "http://")
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ")); err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 1024)
	n, err := conn.Read(buf)
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		t.Errorf("the connection is still open after the header timeout; read %q", buf[:n])
	}
}
