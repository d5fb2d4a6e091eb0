package config

import (
	"errors"
	"fmt"
	"net/url"
	"time"
)

// Metrics says which Prometheus-compatible server is asked for series around an
// incident. Without a URL none is.
type Metrics struct {
	// URL is http:// or https://, with the prefix under which the server serves
	// /api/v1.
	URL string `yaml:"url"`
	// BearerToken, or Username and Password, authenticate.
	BearerToken Secret `yaml:"bearer_token"`
	Username    string `yaml:"username"`
	Password    Secret `yaml:"password"`
	// Timeout bounds one query.
	Timeout time.Duration `yaml:"timeout"`
	// MaxQueries bounds the queries of one incident, Concurrency those under
	// way at a time.
	MaxQueries       int   `yaml:"max_queries"`
	Concurrency      int   `yaml:"concurrency"`
	MaxResponseBytes int64 `yaml:"max_response_bytes"`
	// Step is the distance of samples, Window the range that rates are taken
	// over.
	Step   time.Duration `yaml:"step"`
	Window time.Duration `yaml:"window"`
	// ServiceLabel is the label that names a service in the templates that ship.
	ServiceLabel string `yaml:"service_label"`
	// Queries replace the templates that ship.
	Queries []MetricQuery `yaml:"queries"`
	TLS     ClientTLS     `yaml:"tls"`
}

// MetricQuery is one template of PromQL and what its series mean.
type MetricQuery struct {
	Name   string `yaml:"name"`
	Signal string `yaml:"signal"`
	// Unit is percent, ms, per_second or ratio.
	Unit string `yaml:"unit"`
	// Direction is inbound, outbound or empty.
	Direction string `yaml:"direction,omitempty"`
	Expr      string `yaml:"expr"`
}

// ClientTLS says how to speak TLS to an https:// address.
type ClientTLS struct {
	CAFile     string `yaml:"ca_file"`
	CertFile   string `yaml:"cert_file"`
	KeyFile    string `yaml:"key_file"`
	ServerName string `yaml:"server_name"`
	// InsecureSkipVerify accepts any certificate. Never in production.
	InsecureSkipVerify bool `yaml:"insecure_skip_verify"`
}

// shippedQueries is how many templates ship: one service takes as many queries.
const shippedQueries = 6

// leastQueries is how many queries one service takes.
func leastQueries(own []MetricQuery) int {
	if len(own) > 0 {
		return len(own)
	}
	return shippedQueries
}

func (m *Metrics) validate() []error {
	errs := []error{
		positive("metrics.timeout", m.Timeout), positive("metrics.step", m.Step), positive("metrics.window", m.Window),
		atLeast("metrics.max_queries", m.MaxQueries, leastQueries(m.Queries)), atLeast("metrics.concurrency", m.Concurrency, 1),
		atLeast("metrics.max_response_bytes", int(m.MaxResponseBytes), 1024), required("metrics.service_label", m.ServiceLabel),
	}
	if u, err := url.Parse(m.URL); m.URL != "" && !webAddress(m.URL) {
		errs = append(errs, errors.New("metrics.url: want http://host:port or https://host:port, with the prefix of the server if it has one"))
	} else if err == nil && u.User != nil {
		errs = append(errs, errors.New("metrics.url: holds a user or password; set metrics.username and metrics.password instead"))
	}
	if m.BearerToken != "" && m.Username != "" {
		errs = append(errs, errors.New("metrics: bearer_token and username are both set; choose one"))
	}
	errs = append(errs, together("metrics", "username", "password", m.Username, string(m.Password)), together("metrics.tls", "cert_file", "key_file", m.TLS.CertFile, m.TLS.KeyFile))
	for i := range m.Queries {
		q, key := &m.Queries[i], fmt.Sprintf("metrics.queries[%d]", i)
		errs = append(errs,
			required(key+".name", q.Name), required(key+".signal", q.Signal), required(key+".expr", q.Expr),
			oneOf(key+".unit", q.Unit, []string{"percent", "ms", "per_second", "ratio"}),
			oneOf(key+".direction", q.Direction, []string{"", "inbound", "outbound"}),
		)
	}
	return errs
}
