package e2e

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// publicName is the service's address in the documentation.
const publicName = "faultline.example"

// frontDoor makes https://faultline.example reach a service on loopback, so that
// commands can be run with the address that the documentation gives: it is the
// proxy that a command is told to use, and ends TLS as an ingress does.
type frontDoor struct {
	address, authority string
	mu                 sync.Mutex
	backend            string
}

// openDoor runs a front door until the test ends.
func openDoor(t *testing.T, backend string) *frontDoor {
	t.Helper()
	certificate, authority := selfSigned(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &frontDoor{address: "http://" + listener.Addr().String(), authority: authority, backend: backend}
	var visits sync.WaitGroup
	visits.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			visits.Go(func() {
				d.visit(conn, &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12})
			})
		}
	})
	t.Cleanup(func() { _ = listener.Close(); visits.Wait() })
	return d
}

// lead sends the visitors to come to another backend.
func (d *frontDoor) lead(backend string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.backend = backend
}

// environ is what makes a command use the door.
func (d *frontDoor) environ() []string {
	return []string{"HTTPS_PROXY=" + d.address, "SSL_CERT_FILE=" + d.authority}
}

// visit serves one connection. One that cannot be led on is cut.
func (d *frontDoor) visit(conn net.Conn, cfg *tls.Config) {
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(2 * time.Minute))
	req, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil || req.Method != http.MethodConnect || req.Host != publicName+":443" {
		return
	}
	d.mu.Lock()
	backend := d.backend
	d.mu.Unlock()
	inner, err := (&net.Dialer{Timeout: 5 * time.Second}).Dial("tcp", backend)
	if err != nil {
		return
	}
	defer func() { _ = inner.Close() }()
	if _, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n"); err != nil {
		return
	}
	outer := tls.Server(conn, cfg)
	go func() { _, _ = io.Copy(inner, outer); _ = inner.Close() }()
	_, _ = io.Copy(outer, inner)
}

// selfSigned makes a certificate of the public name, and a file that trusts it.
func selfSigned(t *testing.T) (certificate tls.Certificate, authority string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: publicName}, DNSNames: []string{publicName},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	raw, err := x509.CreateCertificate(rand.Reader, about, about, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	authority = filepath.Join(t.TempDir(), "authority.pem")
	if err := os.WriteFile(authority, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}, authority
}

// blackHole accepts connections and never answers, until the test ends.
func blackHole(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return listener.Addr().String()
}

// documented are the code blocks of a language in a page of the documentation,
// whose text holds a word.
func documented(t *testing.T, page, language, holding string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", page))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, part := range strings.Split(string(text), "\n```"+language+"\n")[1:] {
		if block, _, _ := strings.Cut(part, "\n```"); strings.Contains(block, holding) {
			found = append(found, block+"\n")
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d blocks of %s in %s hold %q", len(found), language, page, holding)
	}
	return found[0]
}
