package prometheus

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"time"
)

// Config says which server to ask, how, and for what.
type Config struct {
	// URL is the address of the server, with the prefix under which it serves
	// /api/v1. A password in it is refused: it would show in errors.
	URL string
	// BearerToken, or Username and Password, authenticate; both empty means not
	// at all. They are sent to the host of URL only.
	BearerToken        string
	Username, Password string
	// TLS may be nil: the system's authorities are then trusted.
	TLS *tls.Config
	// Timeout bounds one query. The caller's context bounds all of an incident.
	Timeout time.Duration
	// MaxQueries bounds the queries of one incident, Concurrency those under
	// way at a time over all incidents.
	MaxQueries  int
	Concurrency int
	// MaxResponseBytes bounds one answer; a longer one counts as an error.
	MaxResponseBytes int64
	// MaxSeries bounds the series that one answer adds.
	MaxSeries int
	// Step is the distance of samples, Window the range that rates are taken
	// over.
	Step, Window time.Duration
	// ServiceLabel is the label of the default templates that names a service.
	ServiceLabel string
	// Queries replace the default templates; empty means [DefaultQueries].
	Queries []Query
}

// Query is one template and what its series mean.
type Query struct {
	// Name tells templates apart in errors.
	Name string
	// Signal is what is measured: error_ratio, latency, request_rate,
	// cpu_utilisation or any other name that the engine reads; see the package
	// correlate. Unit is percent, ms, per_second or ratio.
	Signal, Unit string
	// Direction is inbound or outbound for series of call edges, whose peer is
	// in one of PeerLabels; empty for series of the service itself.
	Direction string
	// Expr is PromQL as a text/template over service, pattern, environment,
	// window and label; see [Config.ServiceLabel].
	Expr string
}

// DefaultConfig returns settings for a server at the address.
func DefaultConfig(address string) Config {
	return Config{
		URL: address, Timeout: 5 * time.Second, MaxQueries: 96, Concurrency: 4,
		MaxResponseBytes: 4 << 20, MaxSeries: 256, Step: 30 * time.Second, Window: 2 * time.Minute,
		ServiceLabel: "job", Queries: DefaultQueries(),
	}
}

// validate tells what is wrong with the settings.
func (c *Config) validate() error {
	u, err := url.Parse(c.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return errors.New("url: want http://host:port or https://host:port, with the prefix of the server if it has one")
	case u.User != nil:
		return errors.New("url: holds a user or password; set username and password instead")
	case c.BearerToken != "" && c.Username != "":
		return errors.New("bearer_token and username are both set; choose one")
	case (c.Username == "") != (c.Password == ""):
		return errors.New("username and password go together")
	}
	for name, number := range map[string]int64{
		"timeout": int64(c.Timeout), "max_queries": int64(c.MaxQueries), "concurrency": int64(c.Concurrency),
		"max_response_bytes": c.MaxResponseBytes, "max_series": int64(c.MaxSeries), "step": int64(c.Step), "window": int64(c.Window),
	} {
		if number <= 0 {
			return fmt.Errorf("%s: want more than zero", name)
		}
	}
	return nil
}
