// Package trust reads the files that say whom a client believes over TLS, and
// by what it proves itself: one way for every server that Faultline speaks to.
package trust

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
)

// Files are the settings of a client. Each may be empty.
type Files struct {
	// CA holds the authorities in PEM form that sign the server's certificate;
	// empty means those of the operating system.
	CA string
	// Cert and Key identify the client, in PEM form; both or neither.
	Cert, Key string
	// ServerName is expected in the server's certificate; empty means the host
	// that is dialled.
	ServerName string
	// Insecure accepts any certificate. It takes the point out of TLS.
	Insecure bool
}

// Load reads the files. TLS 1.2 is the least that is spoken. Errors name the
// setting, ca_file or cert_file and key_file, and the file.
func Load(f Files) (*tls.Config, error) {
	config := &tls.Config{
		MinVersion: tls.VersionTLS12, ServerName: f.ServerName,
		InsecureSkipVerify: f.Insecure, //nolint:gosec // The operator asks for it by name.
	}
	if f.CA != "" {
		pem, err := os.ReadFile(f.CA)
		if err != nil {
			return nil, fmt.Errorf("ca_file: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ca_file: holds no certificate in PEM form: %s", f.CA)
		}
	}
	if f.Cert != "" || f.Key != "" {
		own, err := tls.LoadX509KeyPair(f.Cert, f.Key)
		if err != nil {
			return nil, fmt.Errorf("cert_file and key_file: %w", err)
		}
		config.Certificates = []tls.Certificate{own}
	}
	return config, nil
}
