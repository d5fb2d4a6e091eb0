package clickhouse

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/faultline/faultline/internal/trust"
)

// hidden stands for a secret wherever one could be printed.
const hidden = "xxxxx"

// DSN is the address of a server with its credentials. It prints without its
// password, in every format.
type DSN string

// String is the address without the password.
func (d DSN) String() string {
	if d == "" {
		return ""
	}
	u, err := url.Parse(string(d))
	if err != nil || u.Host == "" {
		return "(unreadable address)"
	}
	query := u.Query()
	for name := range query {
		if strings.Contains(name, "pass") || strings.Contains(name, "proxy") {
			query.Set(name, hidden)
		}
	}
	u.RawQuery = query.Encode()
	return u.Redacted()
}

// GoString is String, for %#v.
func (d DSN) GoString() string { return d.String() }

// MarshalText is String, for JSON and YAML.
func (d DSN) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText takes the address as it is.
func (d *DSN) UnmarshalText(text []byte) error {
	*d = DSN(text)
	return nil
}

// options turns the settings into those of the driver.
func options(cfg *Config, transport http.RoundTripper) (*clickhouse.Options, error) {
	if transport != nil {
		return &clickhouse.Options{
			Protocol: clickhouse.HTTP,
			Addr:     []string{"embedded:0"},
			Auth:     clickhouse.Auth{Database: cfg.Database},
			TransportFunc: func(*http.Transport) (http.RoundTripper, error) {
				return transport, nil
			},
		}, nil
	}
	opt, err := parseDSN(cfg.DSN)
	if err != nil {
		return nil, err
	}
	if opt.Auth.Database == "" || cfg.Database != DefaultConfig().Database {
		opt.Auth.Database = cfg.Database
	}
	if cfg.TLS.Enabled {
		if opt.TLS, err = loadTLS(cfg.TLS); err != nil {
			return nil, err
		}
	}
	if opt.Compression == nil {
		opt.Compression = &clickhouse.Compression{Method: clickhouse.CompressionLZ4}
	}
	opt.DialTimeout = cfg.DialTimeout
	return opt, nil
}

// parseDSN never repeats the address in an error: it may hold a password.
func parseDSN(dsn DSN) (*clickhouse.Options, error) {
	scheme, _, found := strings.Cut(string(dsn), "://")
	switch {
	case dsn == "":
		return nil, errors.New("no address of a ClickHouse server; set one as clickhouse://user:password@host:9000/faultline")
	case !found:
		return nil, errors.New("the address of the ClickHouse server has no scheme; begin it with clickhouse:// or http:// or https://")
	case scheme != "clickhouse" && scheme != "tcp" && scheme != "http" && scheme != "https":
		return nil, errors.New("the address of the ClickHouse server has an unknown scheme; use clickhouse:// or http:// or https://")
	}
	if scheme == "https" && !strings.Contains(string(dsn), "secure=") {
		dsn = withParameter(dsn, "secure=true")
	}
	opt, err := clickhouse.ParseDSN(string(dsn))
	if err != nil {
		return nil, errors.New("the address of the ClickHouse server cannot be read; percent-encode special characters of the password")
	}
	return opt, nil
}

// withParameter appends a parameter to an address.
func withParameter(dsn DSN, parameter string) DSN {
	if strings.Contains(string(dsn), "?") {
		return dsn + DSN("&"+parameter)
	}
	return dsn + DSN("?"+parameter)
}

// loadTLS reads the files that the settings name.
func loadTLS(t TLS) (*tls.Config, error) {
	config, err := trust.Load(trust.Files{CA: t.CAFile, Cert: t.CertFile, Key: t.KeyFile, ServerName: t.ServerName, Insecure: t.Insecure})
	if err != nil {
		return nil, fmt.Errorf("read the certificates for the ClickHouse server: %w", err)
	}
	return config, nil
}
