package kafka

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"go.uber.org/goleak"

	"github.com/faultline/faultline/internal/kafka/kafkatest"
)

// authority signs the certificates of the secured listener and of clients.
var authority = newAuthority()

// apache is Apache Kafka itself, shared by the tests of this package.
var apache = kafkatest.Lazy{Adjust: func(o *kafkatest.Options) {
	o.Users = map[string]string{"faultline": "correct-horse"}
	o.CAPEM = authority.pem
	o.CertPEM, o.KeyPEM = authority.issue("broker")
}}

func TestMain(m *testing.M) {
	code := m.Run()
	if err := apache.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// brokers runs a test against the embedded broker and against Apache Kafka.
func onBothBrokers(t *testing.T, test func(t *testing.T, c *Client)) {
	t.Run("embedded", func(t *testing.T) {
		test(t, clientOf(t, startEmbedded(t, EmbeddedConfig{Listen: "127.0.0.1:0"}).Brokers()...))
	})
	t.Run("apache", func(t *testing.T) {
		test(t, clientOf(t, apache.Broker(t).Addr))
	})
}

func startEmbedded(t *testing.T, config EmbeddedConfig) *Embedded {
	t.Helper()
	e := NewEmbedded(config, quiet())
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// clientOf is a client with topic names of its own, so that tests which share
// a broker do not meet.
func clientOf(t *testing.T, brokers ...string) *Client {
	t.Helper()
	config := DefaultConfig()
	config.Brokers = brokers
	config.Topics = ownTopics(t)
	return newClient(t, config)
}

func newClient(t *testing.T, config Config) *Client {
	t.Helper()
	c, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func ownTopics(t *testing.T) Topics {
	prefix := filepath.Base(t.TempDir()) + fmt.Sprint(time.Now().UnixNano())
	return Topics{
		Changes: prefix + ".changes", Alerts: prefix + ".alerts",
		Topology: prefix + ".topology", DeadLetter: prefix + ".dead",
	}
}

func ensure(t *testing.T, c *Client, plan TopicPlan) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if _, err := c.EnsureTopics(ctx, plan); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, c *Client, messages ...kafka.Message) {
	t.Helper()
	w := c.Writer()
	if err := w.WriteMessages(t.Context(), messages...); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// ca is a certificate authority for tests.
type ca struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newAuthority() *ca {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := certificate("authority")
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	return &ca{cert: template, key: key, pem: block("CERTIFICATE", der)}
}

// issue returns a certificate for 127.0.0.1 and its key.
func (a *ca) issue(name string) (certPEM, keyPEM []byte) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, certificate(name), a.cert, &key.PublicKey, a.key)
	if err != nil {
		panic(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	return block("CERTIFICATE", der), block("PRIVATE KEY", private)
}

func certificate(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
}

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// file writes a PEM file for one test.
func file(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
