package config

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const hash = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func writeFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "faultline.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDefaultsAreValid(t *testing.T) {
	cfg, err := Load("", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Default(), cfg); diff != "" {
		t.Error(diff)
	}
	if !cfg.EmbeddedKafka() || !cfg.EmbeddedClickHouse() {
		t.Error("told nothing, the stores must be embedded")
	}
}

func TestFlagsBeatEnvironmentBeatsFile(t *testing.T) {
	path := writeFile(t, `
log: {level: debug, format: json}
kafka:
  brokers: [file:9092]
  group: from-file
ingest: {change_age: 1s}
`)
	env := []string{"FAULTLINE_KAFKA_BROKERS=env1:9092, env2:9092", "FAULTLINE_LOG_LEVEL=warn", "HOME=/x", "FAULTLINE_CACHE=/c"}
	cfg, err := Load(path, env, map[string]string{"log.level": "error", "api.public_read": "true"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"env1:9092", "env2:9092"}, cfg.Kafka.Brokers); diff != "" {
		t.Error(diff)
	}
	got := fmt.Sprint(cfg.Log.Level, cfg.Log.Format, cfg.Kafka.Group, cfg.Ingest.ChangeAge, cfg.API.PublicRead)
	if want := "errorjsonfrom-file1s true"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWrongSettingsNameKeyAndMend(t *testing.T) {
	cases := map[string]struct {
		file  string
		env   []string
		flags map[string]string
		want  []string
	}{
		"unknown key":        {file: "kafka: {broker: [a:1]}\n", want: []string{"unknown field \"broker\""}},
		"unknown section":    {file: "kafak: {}\n", want: []string{"kafak"}},
		"unknown variable":   {env: []string{"FAULTLINE_KAFKA_BROKER=a:1"}, want: []string{"FAULTLINE_KAFKA_BROKER", "no such setting"}},
		"unknown role":       {env: []string{"FAULTLINE_ROLES=ingest,webs"}, want: []string{"roles", `"webs"`, "ingest, correlate, api, report"}},
		"no role":            {file: "roles: []\n", want: []string{"roles: empty"}},
		"number as word":     {env: []string{"FAULTLINE_INGEST_BATCH_ROWS=many"}, want: []string{"FAULTLINE_INGEST_BATCH_ROWS", "want a number"}},
		"bad duration":       {flags: map[string]string{"api.timeout": "soon"}, want: []string{"flag --api-timeout", "want a duration"}},
		"bad bool":           {env: []string{"FAULTLINE_API_PUBLIC_READ=perhaps"}, want: []string{"want true or false"}},
		"negative duration":  {flags: map[string]string{"api.timeout": "-3s"}, want: []string{"api.timeout", "more than zero"}},
		"no port":            {flags: map[string]string{"api.listen": "localhost"}, want: []string{"api.listen", "host:port"}},
		"bad dsn":            {flags: map[string]string{"clickhouse.dsn": "postgres://u:hunter2@h/db"}, want: []string{"clickhouse.dsn", "clickhouse://"}},
		"sasl half":          {file: "kafka: {sasl: {mechanism: plain, username: u}}\n", want: []string{"kafka.sasl", "username and password"}},
		"sasl unknown":       {file: "kafka: {sasl: {mechanism: gssapi}}\n", want: []string{"kafka.sasl.mechanism", "scram-sha-512"}},
		"tls half":           {file: "kafka: {tls: {cert_file: a.pem}}\n", want: []string{"kafka.tls", "go together"}},
		"api tls half":       {file: "api: {tls_key_file: a.pem}\n", want: []string{"tls_cert_file"}},
		"token in the clear": {file: "api: {tokens: [{id: a, name: n, role: reader, hash: hunter2}]}\n", want: []string{"api.tokens[0].hash", "faultline token create"}},
		"token role":         {file: "api: {tokens: [{id: a, name: n, role: king, hash: '" + hash + "'}]}\n", want: []string{"api.tokens[0].role"}},
		"empty topic":        {file: "kafka: {topics: {changes: ''}}\n", want: []string{"kafka.topics.changes: empty"}},
		"small memory":       {file: "clickhouse: {embedded_memory_mb: 3}\n", want: []string{"embedded_memory_mb", "at least 256"}},
		"not yaml":           {file: "roles: [ingest\n", want: []string{"faultline.yaml"}},
		"no data dir":        {file: "data_dir: ''\n", want: []string{"data_dir", "clickhouse.dsn"}},
		"words for a number": {file: "clickhouse: {dsn: 'http://u:hunter2@h/db'}\napi:\n  rate_burst: many\n", want: []string{"line 3, column 15: api.rate_burst: want a number; see docs/configuration.md"}},
		"beside a secret":    {file: "clickhouse: {dsn: 'http://u:hunter2@h/db', port: 1}\n", want: []string{"line 1, column 44: unknown field \"port\""}},
		"a list for a text":  {file: "data_dir: [a]\n", want: []string{"line 1, column 11: data_dir: want a text"}},
		"words for time":     {file: "log: {level: info}\ncorrelate:\n  poll_interval: 5 hunter2\n", want: []string{"line 3, column 18: correlate.poll_interval: want a duration such as 250ms"}},
		"sections for time":  {file: "shutdown_timeout: {a: 1}\n", want: []string{"line 1, column 19: shutdown_timeout: want a duration"}},
		"a list for secrets": {file: "clickhouse: {dsn: [hunter2]}\n", want: []string{"clickhouse.dsn: want a text"}},
		"a section in words": {file: "kafka: {brokers: [a, {b: hunter2}]}\n", want: []string{"kafka.brokers: want a list of words"}},
		"roles in sections":  {file: "roles: {a: 1}\n", want: []string{"roles: want a list of words"}},
		"a part of a list":   {file: "api:\n  tokens:\n    - {id: a, expires_at: [x]}\n", want: []string{"api.tokens: line 3, column 2"}},
		"a part unknown":     {file: "api: {timeout: 5s, tokens: [{idd: a}]}\n", want: []string{"unknown field \"idd\""}},
		"time by an alias":   {file: "ingest: {alert_age: &a 5 hunter2, change_age: *a}\n", want: []string{"ingest.alert_age: want a duration"}},
		"a text for all":     {file: "api: 5\n", want: []string{"line 1, column 6: "}},
		"no truth":           {file: "api: {public_read: perhaps}\n", want: []string{"api.public_read: want true or false"}},
		"rate":               {file: "api: {rate_per_second: 0}\n", want: []string{"api.rate_per_second"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			path := ""
			if tc.file != "" {
				path = writeFile(t, tc.file)
			}
			_, err := Load(path, tc.env, tc.flags)
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range tc.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "Go struct") || strings.Contains(err.Error(), "[]") {
				t.Errorf("the error speaks Go: %v", err)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error shows a secret: %v", err)
			}
		})
	}
}

func TestMissingFile(t *testing.T) {
	if _, err := Load(filepath.Join(t.TempDir(), "none.yaml"), nil, nil); err == nil || !strings.Contains(err.Error(), "none.yaml") {
		t.Errorf("got %v", err)
	}
}

func TestEmptyFileIsDefault(t *testing.T) {
	cfg, err := Load(writeFile(t, "\n"), nil, nil)
	if err != nil || cfg.API.Listen != Default().API.Listen {
		t.Errorf("%v %v", cfg.API.Listen, err)
	}
}

func TestTokensFromEnvironment(t *testing.T) {
	env := []string{
		`FAULTLINE_API_TOKENS=[{id: abc, name: ci, role: ingest, hash: "` + hash + `", expires_at: 2027-01-02T03:04:05Z}]`,
		`FAULTLINE_INGEST_WEBHOOKS={github: s3cret}`,
	}
	cfg, err := Load("", env, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []Token{{ID: "abc", Name: "ci", Role: "ingest", Hash: hash, ExpiresAt: time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC)}}
	if diff := cmp.Diff(want, cfg.API.Tokens); diff != "" {
		t.Error(diff)
	}
	if string(cfg.Ingest.Webhooks["github"]) != "s3cret" {
		t.Error("webhook secret was not read")
	}
}

func TestSecretsNeverPrint(t *testing.T) {
	cfg := Default()
	cfg.ClickHouse.DSN = "clickhouse://u:hunter2@h:9000/d"
	cfg.Kafka.SASL.Password = "hunter2"
	cfg.Ingest.Webhooks = map[string]Secret{"github": "hunter2"}
	var out strings.Builder
	if err := cfg.Dump(&out); err != nil {
		t.Fatal(err)
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("settings", slog.Any("password", cfg.Kafka.SASL.Password), slog.Any("all", cfg))
	_ = json.NewEncoder(&out).Encode(cfg)
	fmt.Fprintf(&out, "%v %+v %#v %s", cfg, cfg, cfg, cfg.Kafka.SASL.Password)
	if strings.Contains(out.String(), "hunter2") {
		t.Errorf("a secret was printed:\n%s", out.String())
	}
	if !strings.Contains(out.String(), redacted) {
		t.Error("a hidden secret should show that it is set")
	}
}

func TestDumpLoadsAgain(t *testing.T) {
	cfg := Default()
	cfg.Roles = []Role{RoleAPI}
	cfg.API.Tokens = []Token{{ID: "a", Name: "n", Role: "admin", Hash: hash}}
	var out strings.Builder
	if err := cfg.Dump(&out); err != nil {
		t.Fatal(err)
	}
	again, err := Load(writeFile(t, out.String()), nil, nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if diff := cmp.Diff(cfg.API.Tokens, again.API.Tokens); diff != "" {
		t.Error(diff)
	}
	if again.Plays(RoleIngest) || !again.Plays(RoleAPI) {
		t.Error("roles were lost")
	}
}

func TestNamesOfASetting(t *testing.T) {
	if got := EnvName("kafka.topics.dead_letter"); got != "FAULTLINE_KAFKA_TOPICS_DEAD_LETTER" {
		t.Error(got)
	}
	if got := FlagName("kafka.topics.dead_letter"); got != "kafka-topics-dead-letter" {
		t.Error(got)
	}
	seen := map[string]bool{}
	for _, leaf := range Leaves() {
		if leaf.Key == "" || strings.HasSuffix(leaf.Key, ".") {
			t.Errorf("a setting lacks its yaml name: %+v", leaf)
		}
		if seen[EnvName(leaf.Key)] {
			t.Errorf("two settings share %s", EnvName(leaf.Key))
		}
		seen[EnvName(leaf.Key)] = true
	}
	if len(seen) < 40 {
		t.Errorf("only %d settings were found", len(seen))
	}
}

func TestEverySettingIsDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, leaf := range Leaves() {
		row := fmt.Sprintf("| `%s` | `%s` |", leaf.Key, leaf.Default)
		if leaf.Default == "" {
			row = fmt.Sprintf("| `%s` | |", leaf.Key)
		}
		if !strings.Contains(string(doc), row) {
			t.Errorf("docs/configuration.md lacks the row %q", row)
		}
	}
}
