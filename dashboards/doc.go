// Package dashboards holds Faultline's Grafana dashboards, alert rules and
// provisioning as code: each panel's SQL is a file under sql/, the layout is Go,
// and Files renders what Grafana reads. The rendered files are committed under
// grafana/ for people who provision from a checkout; `faultline dashboards
// export` writes the same files with another base address.
package dashboards

//go:generate go run ../cmd/faultline dashboards export --out grafana
