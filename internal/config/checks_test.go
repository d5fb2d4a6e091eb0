package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// lines joins what is wrong, as Load does.
func lines(errs ...string) string { return strings.Join(errs, "\n") }

// refusals are files with all that is said of each. The texts are whole: a
// person mends settings by them, so a key with a slip in it is a fault.
func refusals() map[string]string {
	return map[string]string{
		"roles: []": "roles: empty; name at least one of ingest, correlate, api, report",
		"roles: [api, webs, '']": lines(
			`roles: "webs" is unknown; want one of ingest, correlate, api, report`,
			`roles: "" is unknown; want one of ingest, correlate, api, report`),
		"data_dir: ''": "data_dir: empty; the embedded stores need a directory, or set kafka.brokers and clickhouse.dsn",
		"{data_dir: '', kafka: {brokers: ['b:9092']}}":          "data_dir: empty; the embedded stores need a directory, or set kafka.brokers and clickhouse.dsn",
		"{data_dir: '', clickhouse: {dsn: 'http://h:8123/db'}}": "data_dir: empty; the embedded stores need a directory, or set kafka.brokers and clickhouse.dsn",
		"shutdown_timeout: 0s":                                  "shutdown_timeout: is 0s; want more than zero, such as 15s",
		"log: {level: loud, format: xml}": lines(
			`log.level: "loud" is unknown; want one of debug, info, warn, error`,
			`log.format: "xml" is unknown; want one of text, json`),

		"kafka: {brokers: ['a:1', b, 'c:']}": lines(`kafka.brokers: "b" is no host:port`, `kafka.brokers: "c:" is no host:port`),
		"kafka: {topics: {changes: '', alerts: '', topology: '', dead_letter: ''}, group: ''}": lines(
			"kafka.topics.changes: empty; give it a value", "kafka.topics.alerts: empty; give it a value",
			"kafka.topics.topology: empty; give it a value", "kafka.topics.dead_letter: empty; give it a value",
			"kafka.group: empty; give it a value"),
		"kafka: {topic_partitions: 0, replication: 0}":                       lines("kafka.topic_partitions: is 0; want at least 1", "kafka.replication: is 0; want at least 1"),
		"kafka: {sasl: {mechanism: gssapi, username: u, password: hunter2}}": `kafka.sasl.mechanism: "gssapi" is unknown; want one of plain, scram-sha-256, scram-sha-512`,
		"kafka: {sasl: {mechanism: plain, username: u}}":                     "kafka.sasl: a mechanism needs username and password",
		"kafka: {sasl: {mechanism: plain, password: hunter2}}":               "kafka.sasl: a mechanism needs username and password",
		"kafka: {tls: {cert_file: a.pem}}":                                   "kafka.tls: cert_file and key_file go together; set both or neither",
		"kafka: {tls: {key_file: a.pem}}":                                    "kafka.tls: cert_file and key_file go together; set both or neither",
		"kafka: {embedded_listen: '9092'}":                                   `kafka.embedded_listen: "9092" is no host:port`,
		"kafka: {embedded_listen: '0.0.0.0:9092'}":                           `kafka.embedded_listen: "0.0.0.0:9092" is not on loopback, and the embedded broker asks nobody who they are; use 127.0.0.1, or set kafka.brokers`,
		"kafka: {embedded_listen: ':9092'}":                                  `kafka.embedded_listen: ":9092" is not on loopback, and the embedded broker asks nobody who they are; use 127.0.0.1, or set kafka.brokers`,

		"clickhouse: {retention_days: 0, topology_retention_days: -1, dead_letter_retention_days: -1, audit_retention_days: -1}": lines(
			"clickhouse.retention_days: is 0; want at least 1", "clickhouse.topology_retention_days: is -1; want at least 0",
			"clickhouse.dead_letter_retention_days: is -1; want at least 0", "clickhouse.audit_retention_days: is -1; want at least 0"),
		"clickhouse: {merge: {min_parts: 1, max_mb: 0, quiet: 0s, timeout: 0s}}": lines(
			"clickhouse.merge.min_parts: is 1; want at least 2", "clickhouse.merge.max_mb: is 0; want at least 1",
			"clickhouse.merge.quiet: is 0s; want more than zero, such as 15s", "clickhouse.merge.timeout: is 0s; want more than zero, such as 15s"),
		"clickhouse: {embedded_memory_mb: 255, edge_retention: -1h, read_timeout: 0s}": lines(
			"clickhouse.embedded_memory_mb: is 255; want at least 256", "clickhouse.edge_retention: is -1h0m0s; want more than zero, such as 15s",
			"clickhouse.read_timeout: is 0s; want more than zero, such as 15s"),
		"clickhouse: {dsn: 'postgres://u:hunter2@h/db'}": "clickhouse.dsn: want clickhouse://user:password@host:9000/database, http:// or https://",
		"clickhouse: {dsn: 'u:hunter2@h:9000'}":          "clickhouse.dsn: want clickhouse://user:password@host:9000/database, http:// or https://",
		"clickhouse: {dsn: 'http:///hunter2'}":           "clickhouse.dsn: want clickhouse://user:password@host:9000/database, http:// or https://",
		"clickhouse: {dsn: 'http://u:hunter2@h:port'}":   "clickhouse.dsn: want clickhouse://user:password@host:9000/database, http:// or https://",
		"clickhouse: {tls: {key_file: a.pem}}":           "clickhouse.tls: cert_file and key_file go together; set both or neither",
		"ingest: {batch_rows: 0, batch_bytes: 65535, change_age: 0s, alert_age: 0s}": lines(
			"ingest.batch_rows: is 0; want at least 1", "ingest.batch_bytes: is 65535; want at least 65536",
			"ingest.change_age: is 0s; want more than zero, such as 15s", "ingest.alert_age: is 0s; want more than zero, such as 15s"),
		"correlate: {window: 0s, poll_interval: -1s}": lines(
			"correlate.window: is 0s; want more than zero, such as 15s", "correlate.poll_interval: is -1s; want more than zero, such as 15s"),

		"api: {listen: localhost, blind: nobody, timeout: 0s, session_life: 0s, max_body_bytes: 1023, max_topology_bytes: 1023, rate_burst: 0, rate_per_second: 0}": lines(
			`api.listen: "localhost" is no host:port`, `api.blind: "nobody" is unknown; want one of judges, all, off`,
			"api.timeout: is 0s; want more than zero, such as 15s", "api.session_life: is 0s; want more than zero, such as 15s",
			"api.max_body_bytes: is 1023; want at least 1024", "api.max_topology_bytes: is 1023; want 1024 to 67108864",
			"api.rate_burst: is 0; want at least 1", "api.rate_per_second: want more than 0"),
		"api: {rate_per_second: .nan}":                "api.rate_per_second: want more than 0",
		"api: {max_topology_bytes: 67108865}":         "api.max_topology_bytes: is 67108865; want 1024 to 67108864",
		"api: {tls_cert_file: a.pem}":                 "api: tls_cert_file and tls_key_file go together; set both or neither",
		"api: {tls_key_file: a.pem}":                  "api: tls_cert_file and tls_key_file go together; set both or neither",
		"api: {grafana_url: grafana.example}":         "api.grafana_url: want an address such as https://grafana.example",
		"api: {grafana_url: 'ftp://grafana.example'}": "api.grafana_url: want an address such as https://grafana.example",
		"api: {grafana_url: 'https:///d'}":            "api.grafana_url: want an address such as https://grafana.example",
		"api: {grafana_url: 'https://grafana:port/'}": "api.grafana_url: want an address such as https://grafana.example",
		"api: {tokens: [{}]}": lines(
			"api.tokens[0].id: empty; give it a value", "api.tokens[0].name: empty; give it a value",
			`api.tokens[0].role: "" is unknown; want one of reader, ingest, agent, judge, admin`,
			"api.tokens[0].hash: want sha256: and 64 hexadecimal digits, as `faultline token create` prints"),
		"api: {tokens: [{id: a, name: n, role: agent, hash: '" + hash + "'}, {id: b, name: n, role: king, hash: '" + hash + "0'}]}": lines(
			`api.tokens[1].role: "king" is unknown; want one of reader, ingest, agent, judge, admin`,
			"api.tokens[1].hash: want sha256: and 64 hexadecimal digits, as `faultline token create` prints"),
		"api: {tokens: [{id: a, name: n, role: judge, hash: '" + strings.ToUpper(hash) + "'}]}":               "api.tokens[0].hash: want sha256: and 64 hexadecimal digits, as `faultline token create` prints",
		"api: {tokens: [{id: a, name: n, role: judge, hash: '" + hash[:70] + "g'}]}":                          "api.tokens[0].hash: want sha256: and 64 hexadecimal digits, as `faultline token create` prints",
		"api: {tokens: [{id: a, name: n, role: judge, hash: '" + strings.TrimPrefix(hash, "sha256:") + "'}]}": "api.tokens[0].hash: want sha256: and 64 hexadecimal digits, as `faultline token create` prints",
		"api: {oidc: {client_id: c}}":        "api.oidc.issuer: empty although other keys of api.oidc are set; give the provider's address",
		"api: {oidc: {roles: {sre: judge}}}": "api.oidc.issuer: empty although other keys of api.oidc are set; give the provider's address",
		"api: {oidc: {issuer: id.example, name: '', groups_claim: ''}}": lines(
			"api.oidc.issuer: want an address beginning with https://", "api.oidc.redirect_url: want an address beginning with https://",
			"api.oidc.client_id: empty; give it a value", "api.oidc.name: empty; give it a value", "api.oidc.groups_claim: empty; give it a value",
			"api.oidc.redirect_url: want the address of the pages with the path /sign-in/callback",
			"api.oidc.roles: empty, so nobody could sign in; map groups to roles, as {sre: judge}"),
		"api: {oidc: {issuer: 'http://10.0.0.1', client_id: c, redirect_url: 'ftp://localhost/sign-in/callback', roles: {ci: ingest, bots: agent}}}": lines(
			"api.oidc.issuer: want https; plain http is taken on loopback only", "api.oidc.redirect_url: want https; plain http is taken on loopback only",
			`api.oidc.roles.bots: "agent" is unknown; want one of reader, judge, admin`, `api.oidc.roles.ci: "ingest" is unknown; want one of reader, judge, admin`),
		"api: {oidc: {issuer: 'https://id:port', client_id: c, redirect_url: 'https://f:port/sign-in/callback', roles: {a: admin}}}": lines(
			"api.oidc.issuer: want an address beginning with https://", "api.oidc.redirect_url: want an address beginning with https://"),

		"formats: {alert_service_labels: []}": "formats.alert_service_labels: empty; name at least one label, such as service",
		"formats: {alert_service_labels: [a, ' ', '']}": lines(
			"formats.alert_service_labels[1]: empty; give it a value", "formats.alert_service_labels[2]: empty; give it a value"),
		"formats: {services: [{source: s}]}": lines("formats.services[0].value: empty; give it a value", "formats.services[0].service: empty; give it a value"),
		"formats: {services: [{source: s, value: v, service: a}, {value: v, service: a}, {source: s, value: v, service: b}]}": "formats.services[2]: is for the same value as formats.services[0]; remove one of them",
		"formats: {environments: {qa: '', Prod: a, prod: b}}": lines(
			`formats.environments["prod"]: differs from "Prod" in the case of letters only; remove one of them`,
			`formats.environments["qa"]: empty; give it a value`),

		"metrics: {timeout: 0s, step: 0s, window: 0s, max_queries: 5, concurrency: 0, max_response_bytes: 1023, service_label: ''}": lines(
			"metrics.timeout: is 0s; want more than zero, such as 15s", "metrics.step: is 0s; want more than zero, such as 15s",
			"metrics.window: is 0s; want more than zero, such as 15s", "metrics.max_queries: is 5; want at least 6", "metrics.concurrency: is 0; want at least 1",
			"metrics.max_response_bytes: is 1023; want at least 1024", "metrics.service_label: empty; give it a value"),
		"metrics: {url: 'prom:9090'}":                                "metrics.url: want http://host:port or https://host:port, with the prefix of the server if it has one",
		"metrics: {url: 'http://'}":                                  "metrics.url: want http://host:port or https://host:port, with the prefix of the server if it has one",
		"metrics: {url: 'http://u:hunter2@p:x'}":                     "metrics.url: want http://host:port or https://host:port, with the prefix of the server if it has one",
		"metrics: {url: 'http://u:hunter2@p'}":                       "metrics.url: holds a user or password; set metrics.username and metrics.password instead",
		"metrics: {bearer_token: hunter2, username: u, password: p}": "metrics: bearer_token and username are both set; choose one",
		"metrics: {password: hunter2}":                               "metrics: username and password go together; set both or neither",
		"metrics: {tls: {key_file: a}}":                              "metrics.tls: cert_file and key_file go together; set both or neither",
		"metrics: {max_queries: 1, queries: [{}, {name: n, signal: s, expr: e, unit: ms, direction: in}]}": lines(
			"metrics.max_queries: is 1; want at least 2",
			"metrics.queries[0].name: empty; give it a value", "metrics.queries[0].signal: empty; give it a value", "metrics.queries[0].expr: empty; give it a value",
			`metrics.queries[0].unit: "" is unknown; want one of percent, ms, per_second, ratio`,
			`metrics.queries[1].direction: "in" is unknown; want one of inbound, outbound`),

		"figures: {observation_window: 0s, labels: {audited_ai: -1, audited_human: -1}}": lines(
			"figures.observation_window: is 0s; want more than zero, such as 15s",
			"figures.labels.audited_ai: is -1; want at least 0", "figures.labels.audited_human: is -1; want at least 0"),
		"figures: {labels: {sensitivity: 1.01, specificity: -0.01}}": lines(
			"figures.labels.sensitivity: is 1.01; want a share from 0 to 1", "figures.labels.specificity: is -0.01; want a share from 0 to 1",
			"figures.labels: labels with these shares are no better than chance; sensitivity and specificity must add up to more than 1"),
		"figures: {labels: {sensitivity: 0.5, specificity: 0.5}}": "figures.labels: labels with these shares are no better than chance; sensitivity and specificity must add up to more than 1",
		"figures: {labels: {sensitivity: 0.9}}":                   "figures.labels: labels with these shares are no better than chance; sensitivity and specificity must add up to more than 1",
		"figures: {labels: {specificity: 0.9}}":                   "figures.labels: labels with these shares are no better than chance; sensitivity and specificity must add up to more than 1",
		"report: {schedule: '', attempts: 0, timezone: '', smtp: {security: maybe}}": lines(
			"report.schedule: empty; give it a value", "report.attempts: is 0; want at least 1",
			`report.smtp.security: "maybe" is unknown; want one of starttls, tls, none`,
			`report.timezone: "" is unknown; want a name such as UTC or Europe/Berlin`),
		"report: {timezone: Mars/Olympus}":              `report.timezone: "Mars/Olympus" is unknown; want a name such as UTC or Europe/Berlin`,
		"report: {base_url: 'ftp://faultline.example'}": "report.base_url: want an address such as https://faultline.example",
		"report: {slack_webhook: 'hunter2'}":            "report.slack_webhook: want the address of an incoming webhook",
		"report: {slack_webhook: 'ftp://h/hunter2'}":    "report.slack_webhook: want the address of an incoming webhook",
		"report: {smtp: {address: mail, security: none, password: hunter2}}": lines(
			`report.smtp.address: "mail" is no host:port`, "report.smtp.from: empty; give it a value", "report.smtp.to: empty; name at least one recipient",
			"report.smtp.security: a password is not sent in the clear; use starttls or tls"),

		"notify: {slack: {channel: C1, judges: [U1]}}": lines("notify.slack: give both token and channel, or neither",
			"notify.slack: buttons need both signing_secret and judges, the ids of the users who may press them"),
		"notify: {webhooks: [{url: 'https://', secret: hunter2}, {url: 'ftp://a.example', secret: '" + strings.Repeat("h", 24) + "'}]}": lines(
			"notify.webhooks[0].url: give an address beginning with https:// or http://",
			"notify.webhooks[0].secret: give at least 24 characters, as `openssl rand -base64 32` makes",
			"notify.webhooks[1].url: give an address beginning with https:// or http://"),
	}
}

// TestWrongSettingsAreNamedInFull holds every check to all that it says. A
// secret may be in none of it.
func TestWrongSettingsAreNamedInFull(t *testing.T) {
	files := refusals()
	for _, text := range slices.Sorted(maps.Keys(files)) {
		_, err := Load(writeFile(t, text+"\n"), nil, nil)
		if got := fmt.Sprint(err); got != files[text] {
			t.Errorf("%s\n got %s\nwant %s", text, got, files[text])
		}
		if strings.Contains(fmt.Sprint(err), "hunter2") {
			t.Errorf("%s: a secret is told: %v", text, err)
		}
	}
}

// TestSettingsAtTheEdgeAreTaken holds every bound to the value that it just
// lets through, and every list of words to each of its words.
func TestSettingsAtTheEdgeAreTaken(t *testing.T) {
	sound := []string{
		"{data_dir: '', kafka: {brokers: ['b:9092']}, clickhouse: {dsn: 'http://h:8123/db'}}",
		"{shutdown_timeout: 1ns, log: {level: debug, format: json}}", "log: {level: warn}", "log: {level: error}",
		"kafka: {topic_partitions: 1, replication: 1, sasl: {mechanism: plain, username: u, password: p}, tls: {cert_file: c, key_file: k}}",
		"kafka: {sasl: {mechanism: scram-sha-256, username: u, password: p}}", "kafka: {sasl: {mechanism: scram-sha-512, username: u, password: p}}",
		"kafka: {sasl: {username: u}}", "kafka: {embedded_listen: 'localhost:0'}", "kafka: {embedded_listen: '[::1]:9092'}",
		"kafka: {brokers: ['b:9092'], embedded_listen: ''}",
		"clickhouse: {retention_days: 1, topology_retention_days: 0, dead_letter_retention_days: 0, audit_retention_days: 0, embedded_memory_mb: 256, edge_retention: 1s}",
		"clickhouse: {merge: {min_parts: 2, max_mb: 1, quiet: 1ms, timeout: 1ms}}", "clickhouse: {dsn: 'clickhouse://u:p@h:9000/db'}", "clickhouse: {dsn: 'https://h/db'}",
		"ingest: {batch_rows: 1, batch_bytes: 65536, change_age: 1ms, alert_age: 1ms}", "correlate: {window: 1s, poll_interval: 1ms}",
		"api: {blind: all, timeout: 1ms, session_life: 1s, max_body_bytes: 1024, max_topology_bytes: 1024, rate_burst: 1, rate_per_second: 0.001}",
		"api: {blind: 'off', max_topology_bytes: 67108864, tls_cert_file: c, tls_key_file: k, grafana_url: 'http://g'}",
		"api: {oidc: {issuer: 'http://localhost:5556', client_id: c, redirect_url: 'http://[::1]:8080/sign-in/callback', roles: {a: reader, b: judge, c: admin}}}",
		"metrics: {max_queries: 6, concurrency: 1, max_response_bytes: 1024, url: 'https://p/x', username: u, password: p}",
		"metrics: {bearer_token: t, max_queries: 1, queries: [{name: n, signal: s, expr: e, unit: percent, direction: inbound}]}",
		"metrics: {queries: [{name: n, signal: s, expr: e, unit: per_second, direction: outbound}, {name: n, signal: s, expr: e, unit: ms}, {name: n, signal: s, expr: e, unit: ratio}]}",
		"figures: {labels: {sensitivity: 1, specificity: 1}}", "figures: {labels: {sensitivity: 0, specificity: 0}}", "figures: {labels: {sensitivity: 0.5, specificity: 0.501}}",
		"report: {attempts: 1, base_url: 'http://f', slack_webhook: 'https://hooks.example/x', smtp: {security: none}}",
		"report: {smtp: {security: tls, address: 'm:465', from: f, to: [t], password: p}}", "report: {smtp: {security: none, address: 'm:25', from: f, to: [t]}}",
		"notify: {webhooks: [{url: 'http://a', secret: '" + strings.Repeat("h", 24) + "'}]}",
	}
	for _, role := range []string{"reader", "ingest", "agent", "judge", "admin"} {
		sound = append(sound, "api: {tokens: [{id: a, name: n, role: "+role+", hash: '"+hash+"'}]}")
	}
	for _, text := range sound {
		if _, err := Load(writeFile(t, text+"\n"), nil, nil); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestWhatAProcessRunsItself: each embedded store stands in for what is not
// named, by itself.
func TestWhatAProcessRunsItself(t *testing.T) {
	for text, want := range map[string][2]bool{
		"log: {level: info}":                   {true, true},
		"kafka: {brokers: ['b:9092']}":         {false, true},
		"clickhouse: {dsn: 'http://h:8123/d'}": {true, false},
	} {
		cfg, err := Load(writeFile(t, text+"\n"), nil, nil)
		if got := [2]bool{cfg.EmbeddedKafka(), cfg.EmbeddedClickHouse()}; err != nil || got != want {
			t.Errorf("%s: broker and engine %v, want %v (%v)", text, got, want, err)
		}
	}
}

func TestButtonsNeedASecretAndJudges(t *testing.T) {
	for _, c := range []struct {
		slack SlackNotify
		want  bool
	}{
		{SlackNotify{}, false},
		{SlackNotify{SigningSecret: "s"}, false},
		{SlackNotify{Judges: []string{"U1"}}, false},
		{SlackNotify{SigningSecret: "s", Judges: []string{"U1"}}, true},
	} {
		if got := c.slack.Buttons(); got != c.want {
			t.Errorf("%d judges: %t", len(c.slack.Judges), got)
		}
	}
}

// TestAValueOfTheWrongTypeSaysWhatIsWanted does so for each type of setting, by
// flag and variable alike; all that is wrong comes in the order of the keys.
func TestAValueOfTheWrongTypeSaysWhatIsWanted(t *testing.T) {
	_, err := Load("", []string{"FAULTLINE_KAFKA_TOPIC_PARTITIONS=some", "FAULTLINE_NO_SUCH=1", "FAULTLINE_API_TIMEOUT=soon"}, map[string]string{
		"api.public_read": "perhaps", "api.tokens": "{a: b}", "no.such": "x", "figures.labels.sensitivity": "high",
	})
	want := lines(
		"environment variable FAULTLINE_KAFKA_TOPIC_PARTITIONS: want a number",
		"environment variable FAULTLINE_NO_SUCH: no such setting; see docs/configuration.md for the names",
		"environment variable FAULTLINE_API_TIMEOUT: want a duration such as 250ms, 15s or 720h",
		"flag --api-public-read: want true or false",
		"flag --api-tokens: want YAML of the shape shown in docs/configuration.md",
		"flag --figures-labels-sensitivity: want a number",
		`flag --no-such: no such setting "no.such"`)
	if got := fmt.Sprint(err); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// TestVariablesThatAreNoSettingsAreLeftAlone names each: one that is forgotten
// keeps every process from starting where it is set.
func TestVariablesThatAreNoSettingsAreLeftAlone(t *testing.T) {
	for _, name := range []string{"CACHE", "LIBCHDB", "KAFKA_LIBS", "TOKEN", "SERVER", "CONFIG", "CHROMIUM", "ARTIFACTS", "IMAGES", "LABELLED", "TEST_ANY"} {
		if _, err := Load("", []string{"FAULTLINE_" + name + "=x"}, nil); err != nil {
			t.Error(err)
		}
	}
}

// TestListsOfWordsAreReadLeniently: blanks and commas too many are no words.
func TestListsOfWordsAreReadLeniently(t *testing.T) {
	cfg, err := Load("", []string{"FAULTLINE_KAFKA_BROKERS= a:1,, b:2 ,"}, map[string]string{"roles": "api,ingest"})
	if err != nil || !slices.Equal(cfg.Kafka.Brokers, []string{"a:1", "b:2"}) || !slices.Equal(cfg.Roles, []Role{RoleAPI, RoleIngest}) {
		t.Errorf("%q %q %v", cfg.Kafka.Brokers, cfg.Roles, err)
	}
}
