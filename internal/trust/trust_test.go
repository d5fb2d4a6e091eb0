package trust

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// pair writes a certificate that signs itself, and its key.
func pair(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, DNSNames: []string{"store.example"}}
	public, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, "cert.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: public})),
		write(t, "key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}))
}

func write(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestNoFilesTrustTheOperatingSystem(t *testing.T) {
	config, err := Load(Files{})
	if err != nil || config.RootCAs != nil || config.Certificates != nil || config.InsecureSkipVerify || config.MinVersion != tls.VersionTLS12 {
		t.Errorf("config = %+v, %v", config, err)
	}
}

// The files must decide whom the client believes, not only be read.
func TestOnlyTheNamedAuthorityIsBelieved(t *testing.T) {
	cert, key := pair(t)
	other, _ := pair(t)
	served, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{served}, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	defer server.Close()
	for _, c := range []struct {
		name  string
		files Files
		good  bool
	}{
		{"its authority and name", Files{CA: cert, ServerName: "store.example"}, true},
		{"another authority", Files{CA: other, ServerName: "store.example"}, false},
		{"another name", Files{CA: cert, ServerName: "other.example"}, false},
		{"those of the system", Files{ServerName: "store.example"}, false},
		{"any, as the operator asked", Files{Insecure: true}, true},
		{"with a certificate of its own", Files{CA: cert, ServerName: "store.example", Cert: cert, Key: key}, true},
	} {
		config, err := Load(c.files)
		if err != nil {
			t.Fatal(err)
		}
		transport := &http.Transport{TLSClientConfig: config}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := transport.RoundTrip(request)
		if c.good != (err == nil) {
			t.Errorf("%s: %v", c.name, err)
		}
		if err == nil {
			_ = answer.Body.Close()
		}
		transport.CloseIdleConnections()
	}
}

func TestWhatCannotBeReadIsNamedBySettingAndFile(t *testing.T) {
	cert, key := pair(t)
	empty := write(t, "empty.pem", nil)
	for name, c := range map[string]struct {
		files Files
		words []string
	}{
		"missing authorities":         {Files{CA: "/nowhere/ca.pem"}, []string{"ca_file", "/nowhere/ca.pem"}},
		"empty authorities":           {Files{CA: empty}, []string{"ca_file", "no certificate", empty}},
		"a key for authorities":       {Files{CA: key}, []string{"ca_file", "no certificate"}},
		"certificate without key":     {Files{Cert: cert}, []string{"cert_file and key_file"}},
		"key without certificate":     {Files{Key: key}, []string{"cert_file and key_file"}},
		"certificate instead of key":  {Files{Cert: cert, Key: cert}, []string{"cert_file and key_file"}},
		"key of somebody else's file": {Files{Cert: cert, Key: empty}, []string{"cert_file and key_file"}},
	} {
		_, err := Load(c.files)
		for _, word := range c.words {
			if err == nil || !strings.Contains(err.Error(), word) {
				t.Errorf("%s: %v does not say %q", name, err, word)
			}
		}
	}
}
