package config

import (
	"strings"
	"testing"
)

func TestWrongMetricsSettingsNameKeyAndMend(t *testing.T) {
	for text, want := range map[string]string{
		"metrics: {url: 'prom:9090'}":                                         "metrics.url: want http://host:port",
		"metrics: {url: 'http://u:hunter2@prom'}":                             "metrics.username and metrics.password",
		"metrics: {bearer_token: hunter2, username: u, password: p}":          "choose one",
		"metrics: {username: u}":                                              "username and password go together",
		"metrics: {password: hunter2}":                                        "username and password go together",
		"metrics: {timeout: 0s}":                                              "metrics.timeout",
		"metrics: {step: -1s}":                                                "metrics.step",
		"metrics: {window: 0s}":                                               "metrics.window",
		"metrics: {max_queries: 1}":                                           "metrics.max_queries: is 1; want at least 6",
		"metrics: {concurrency: 0}":                                           "metrics.concurrency",
		"metrics: {max_response_bytes: 10}":                                   "metrics.max_response_bytes",
		"metrics: {service_label: ''}":                                        "metrics.service_label: empty",
		"metrics: {tls: {cert_file: a}}":                                      "metrics.tls: cert_file and key_file go together",
		"metrics: {tls: {enabled: true}}":                                     "unknown field",
		"metrics: {queries: [{name: x, signal: s, unit: inch, expr: up}]}":    "metrics.queries[0].unit",
		"metrics: {queries: [{name: x, signal: s, unit: ms}]}":                "metrics.queries[0].expr: empty",
		"metrics: {queries: [{name: x, unit: ms, expr: up}]}":                 "metrics.queries[0].signal: empty",
		"metrics: {queries: [{signal: s, unit: ms, expr: up}]}":               "metrics.queries[0].name: empty",
		"metrics: {queries: [{name: x, signal: s, unit: ms, direction: in}]}": "metrics.queries[0].direction",
	} {
		_, err := Load(writeFile(t, text+"\n"), nil, nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error tells a secret: %v", err)
		}
	}
}

func TestMetricsAreSetByFileAndEnvironment(t *testing.T) {
	path := writeFile(t, `
metrics:
  url: https://prom.example.com/prefix
  tls: {ca_file: ca.pem, server_name: prom}
  queries:
    - {name: errors, signal: error_ratio, unit: ratio, direction: outbound, expr: 'up{job="{{.service}}"}'}
`)
	cfg, err := Load(path, []string{"FAULTLINE_METRICS_BEARER_TOKEN=hunter2", "FAULTLINE_METRICS_STEP=15s"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	m := &cfg.Metrics
	if m.URL != "https://prom.example.com/prefix" || m.BearerToken != "hunter2" || m.Step.Seconds() != 15 || m.TLS.ServerName != "prom" {
		t.Errorf("got %+v", m)
	}
	if len(m.Queries) != 1 || m.Queries[0].Direction != "outbound" || m.Queries[0].Expr != `up{job="{{.service}}"}` {
		t.Errorf("queries %+v", m.Queries)
	}
	var out strings.Builder
	if err := cfg.Dump(&out); err != nil || strings.Contains(out.String(), "hunter2") {
		t.Errorf("the dump tells the token, or fails: %v", err)
	}
}
