// Package prometheus reads metric series around an incident from a server that
// speaks Prometheus's HTTP API: Prometheus itself, Thanos, Mimir, VictoriaMetrics
// and others. It asks range queries made from templates, one for each service and
// template, few at a time and within one time limit, and never fails: what could
// not be had is told in sentences for the reader of a finding.
package prometheus
