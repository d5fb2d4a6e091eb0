package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Validate reports everything that is wrong with the settings, each with the
// key and the mend.
func (c *Config) Validate() error {
	return errors.Join(slices.Concat(
		c.validateProcess(), c.Kafka.validate(), c.ClickHouse.validate(),
		c.Ingest.validate(), c.Formats.validate(), c.Correlate.validate(), c.Metrics.validate(), c.API.validate(),
		c.Figures.validate(), c.Report.validate(), c.Notify.validate(),
	)...)
}

func (c *Config) validateProcess() []error {
	var errs []error
	if len(c.Roles) == 0 {
		errs = append(errs, fmt.Errorf("roles: empty; name at least one of %s", words(Roles())))
	}
	for _, role := range c.Roles {
		errs = append(errs, oneOf("roles", role, Roles()))
	}
	if c.DataDir == "" && (c.EmbeddedKafka() || c.EmbeddedClickHouse()) {
		errs = append(errs, errors.New("data_dir: empty; the embedded stores need a directory, or set kafka.brokers and clickhouse.dsn"))
	}
	return append(errs,
		positive("shutdown_timeout", c.ShutdownTimeout),
		oneOf("log.level", c.Log.Level, []string{"debug", "info", "warn", "error"}),
		oneOf("log.format", c.Log.Format, []string{"text", "json"}),
	)
}

func (k *Kafka) validate() []error {
	var errs []error
	for _, broker := range k.Brokers {
		errs = append(errs, hostPort("kafka.brokers", broker))
	}
	if len(k.Brokers) == 0 {
		errs = append(errs, onLoopback("kafka.embedded_listen", k.EmbeddedListen))
	}
	errs = append(errs,
		required("kafka.topics.changes", k.Topics.Changes),
		required("kafka.topics.alerts", k.Topics.Alerts),
		required("kafka.topics.topology", k.Topics.Topology),
		required("kafka.topics.dead_letter", k.Topics.DeadLetter),
		required("kafka.group", k.Group),
		atLeast("kafka.topic_partitions", k.TopicPartitions, 1),
		atLeast("kafka.replication", k.Replication, 1),
		oneOf("kafka.sasl.mechanism", k.SASL.Mechanism, []string{"", "plain", "scram-sha-256", "scram-sha-512"}),
	)
	if k.SASL.Mechanism != "" && (k.SASL.Username == "" || k.SASL.Password == "") {
		errs = append(errs, errors.New("kafka.sasl: a mechanism needs username and password"))
	}
	return append(errs, together("kafka.tls", "cert_file", "key_file", k.TLS.CertFile, k.TLS.KeyFile))
}

func (c *ClickHouse) validate() []error {
	errs := []error{
		atLeast("clickhouse.retention_days", c.RetentionDays, 1),
		atLeast("clickhouse.topology_retention_days", c.TopologyRetentionDays, 0),
		atLeast("clickhouse.dead_letter_retention_days", c.DeadLetterRetentionDays, 0),
		atLeast("clickhouse.audit_retention_days", c.AuditRetentionDays, 0),
		atLeast("clickhouse.merge.min_parts", c.Merge.MinParts, 2),
		atLeast("clickhouse.merge.max_mb", c.Merge.MaxMB, 1),
		positive("clickhouse.merge.quiet", c.Merge.Quiet),
		positive("clickhouse.merge.timeout", c.Merge.Timeout),
		atLeast("clickhouse.embedded_memory_mb", c.EmbeddedMemoryMB, 256),
		positive("clickhouse.edge_retention", c.EdgeRetention),
		positive("clickhouse.read_timeout", c.ReadTimeout),
	}
	if c.DSN != "" {
		// The error must not repeat the DSN: it may hold a password.
		u, err := url.Parse(string(c.DSN))
		if err != nil || u.Host == "" || !slices.Contains([]string{"clickhouse", "http", "https"}, u.Scheme) {
			errs = append(errs, errors.New("clickhouse.dsn: want clickhouse://user:password@host:9000/database, http:// or https://"))
		}
	}
	return append(errs, together("clickhouse.tls", "cert_file", "key_file", c.TLS.CertFile, c.TLS.KeyFile))
}

func (i *Ingest) validate() []error {
	return []error{
		atLeast("ingest.batch_rows", i.BatchRows, 1),
		atLeast("ingest.batch_bytes", i.BatchBytes, 1<<16),
		positive("ingest.change_age", i.ChangeAge),
		positive("ingest.alert_age", i.AlertAge),
	}
}

func (c *Correlate) validate() []error {
	return []error{
		positive("correlate.window", c.Window),
		positive("correlate.poll_interval", c.PollInterval),
	}
}

func (a *API) validate() []error {
	errs := []error{
		hostPort("api.listen", a.Listen),
		oneOf("api.blind", a.Blind, []string{"judges", "all", "off"}),
		positive("api.timeout", a.Timeout),
		positive("api.session_life", a.SessionLife),
		atLeast("api.max_body_bytes", int(a.MaxBodyBytes), 1024),
		within("api.max_topology_bytes", int(a.MaxTopologyBytes), 1024, maxTopologyBytes),
		atLeast("api.rate_burst", a.RateBurst, 1),
	}
	if !(a.RatePerSecond > 0) {
		errs = append(errs, errors.New("api.rate_per_second: want more than 0"))
	}
	errs = append(errs, together("api", "tls_cert_file", "tls_key_file", a.TLSCertFile, a.TLSKeyFile))
	if a.GrafanaURL != "" && !webAddress(a.GrafanaURL) {
		errs = append(errs, errors.New("api.grafana_url: want an address such as https://grafana.example"))
	}
	errs = append(errs, a.OIDC.validate()...)
	for i, token := range a.Tokens {
		errs = append(errs, token.validate(fmt.Sprintf("api.tokens[%d]", i))...)
	}
	return errs
}

func (t *Token) validate(key string) []error {
	digest, prefixed := strings.CutPrefix(t.Hash, "sha256:")
	errs := []error{
		required(key+".id", t.ID),
		required(key+".name", t.Name),
		oneOf(key+".role", t.Role, []string{"reader", "ingest", "agent", "judge", "admin"}),
	}
	if !prefixed || len(digest) != 64 || strings.Trim(digest, "0123456789abcdef") != "" {
		errs = append(errs, fmt.Errorf("%s.hash: want sha256: and 64 hexadecimal digits, as `faultline token create` prints", key))
	}
	return errs
}

func required(key, value string) error {
	if value == "" {
		return fmt.Errorf("%s: empty; give it a value", key)
	}
	return nil
}

func atLeast(key string, value, least int) error {
	if value < least {
		return fmt.Errorf("%s: is %d; want at least %d", key, value, least)
	}
	return nil
}

func positive(key string, value time.Duration) error {
	if value <= 0 {
		return fmt.Errorf("%s: is %v; want more than zero, such as 15s", key, value)
	}
	return nil
}

func oneOf[T ~string](key string, value T, allowed []T) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return fmt.Errorf("%s: %q is unknown; want one of %s", key, string(value), words(allowed))
}

func words[T ~string](values []T) string {
	var out []string
	for _, v := range values {
		if v != "" {
			out = append(out, string(v))
		}
	}
	return strings.Join(out, ", ")
}

// together demands both of two settings or neither.
func together(key, first, second, value, other string) error {
	if (value == "") != (other == "") {
		return fmt.Errorf("%s: %s and %s go together; set both or neither", key, first, second)
	}
	return nil
}

// webAddress reports whether a text is the http:// or https:// address of a host.
func webAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}

// onLoopback demands an address of this machine that no other can reach.
func onLoopback(key, address string) error {
	if err := hostPort(key, address); err != nil {
		return err
	}
	if host, _, _ := net.SplitHostPort(address); !loopback(host) {
		return fmt.Errorf("%s: %q is not on loopback, and the embedded broker asks nobody who they are; use 127.0.0.1, or set kafka.brokers", key, address)
	}
	return nil
}

// loopback reports whether a host is this machine by its loopback interface.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func hostPort(key, address string) error {
	if _, port, err := net.SplitHostPort(address); err != nil || port == "" {
		return fmt.Errorf("%s: %q is no host:port", key, address)
	}
	return nil
}
