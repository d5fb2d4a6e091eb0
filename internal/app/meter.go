package app

import (
	"context"
	"crypto/tls"
	"fmt"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/config"
	"github.com/faultline/faultline/internal/prometheus"
	"github.com/faultline/faultline/internal/trust"
)

// openMeter makes the source of metrics that the settings name, or one that
// says that they name none, and pushes its end on stop.
func openMeter(cfg *config.Metrics, stop *cleanup) (correlate.Meter, error) {
	if cfg.URL == "" {
		return noMeter{}, nil
	}
	settings := prometheus.DefaultConfig(cfg.URL)
	settings.BearerToken, settings.Username, settings.Password = string(cfg.BearerToken), cfg.Username, string(cfg.Password)
	settings.Timeout, settings.Step, settings.Window = cfg.Timeout, cfg.Step, cfg.Window
	settings.MaxQueries, settings.Concurrency = cfg.MaxQueries, cfg.Concurrency
	settings.MaxResponseBytes, settings.ServiceLabel = cfg.MaxResponseBytes, cfg.ServiceLabel
	if len(cfg.Queries) > 0 {
		settings.Queries = nil
	}
	for _, q := range cfg.Queries {
		settings.Queries = append(settings.Queries, prometheus.Query(q))
	}
	var err error
	if settings.TLS, err = clientTLS(&cfg.TLS); err != nil {
		return nil, fmt.Errorf("metrics.tls: %w", err)
	}
	source, err := prometheus.New(settings)
	if err != nil {
		return nil, fmt.Errorf("metrics.%w", err)
	}
	stop.push("metrics source", func(context.Context) error { source.Close(); return nil })
	return source, nil
}

// noMeter stands where no source of metrics is configured.
type noMeter struct{}

// Measure says that there is nothing to ask.
func (noMeter) Measure(context.Context, correlate.Measuring) (series []correlate.Series, missing []string) {
	return nil, []string{"No metrics, since no source is configured: set metrics.url to a Prometheus-compatible server."}
}

// clientTLS reads the files that the settings name.
func clientTLS(cfg *config.ClientTLS) (*tls.Config, error) {
	return trust.Load(trust.Files{CA: cfg.CAFile, Cert: cfg.CertFile, Key: cfg.KeyFile, ServerName: cfg.ServerName, Insecure: cfg.InsecureSkipVerify})
}
