// Package config holds the settings of Faultline: one YAML file, environment
// variables over it, command-line flags over both. Every setting has one name,
// from which its three spellings follow: the key kafka.brokers is the variable
// FAULTLINE_KAFKA_BROKERS and the flag --kafka-brokers. Unknown keys and
// variables are refused, since a misspelt setting that is silently ignored is
// found at the worst moment.
package config

import (
	"time"
)

// Role is one part of the service that a process may play.
type Role string

// The roles. A process plays all of them unless told otherwise.
const (
	RoleIngest    Role = "ingest"
	RoleCorrelate Role = "correlate"
	RoleAPI       Role = "api"
	RoleReport    Role = "report"
)

// Roles lists every role.
func Roles() []Role { return []Role{RoleIngest, RoleCorrelate, RoleAPI, RoleReport} }

// Config is every setting of the service.
type Config struct {
	// Roles that this process plays.
	Roles []Role `yaml:"roles"`
	// DataDir keeps the embedded engine and broker; unused when both
	// kafka.brokers and clickhouse.dsn are set.
	DataDir string `yaml:"data_dir"`
	// ShutdownTimeout bounds the orderly stop.
	ShutdownTimeout time.Duration `yaml:"shutdown_timeout"`
	Log             Log           `yaml:"log"`
	Kafka           Kafka         `yaml:"kafka"`
	ClickHouse      ClickHouse    `yaml:"clickhouse"`
	Ingest          Ingest        `yaml:"ingest"`
	Formats         Formats       `yaml:"formats"`
	Correlate       Correlate     `yaml:"correlate"`
	Metrics         Metrics       `yaml:"metrics"`
	API             API           `yaml:"api"`
	Figures         Figures       `yaml:"figures"`
	Report          Report        `yaml:"report"`
	Notify          Notify        `yaml:"notify"`
	Policy          Policy        `yaml:"policy"`
}

// Log says how the process logs.
type Log struct {
	// Level is debug, info, warn or error.
	Level string `yaml:"level"`
	// Format is text or json.
	Format string `yaml:"format"`
}

// Kafka says where events come from. Without brokers the embedded broker runs.
type Kafka struct {
	Brokers []string `yaml:"brokers"`
	// Group is the consumer group that all ingest replicas share.
	Group    string `yaml:"group"`
	ClientID string `yaml:"client_id"`
	// EmbeddedListen is the address of the embedded broker.
	EmbeddedListen string `yaml:"embedded_listen"`
	// CreateTopics creates missing topics with TopicPartitions partitions.
	CreateTopics    bool   `yaml:"create_topics"`
	TopicPartitions int    `yaml:"topic_partitions"`
	Replication     int    `yaml:"replication"`
	Topics          Topics `yaml:"topics"`
	SASL            SASL   `yaml:"sasl"`
	TLS             TLS    `yaml:"tls"`
}

// Topics names the Kafka topics.
type Topics struct {
	Changes    string `yaml:"changes"`
	Alerts     string `yaml:"alerts"`
	Topology   string `yaml:"topology"`
	DeadLetter string `yaml:"dead_letter"`
}

// SASL says how to authenticate to Kafka. An empty mechanism means not at all.
type SASL struct {
	// Mechanism is plain, scram-sha-256 or scram-sha-512.
	Mechanism string `yaml:"mechanism"`
	Username  string `yaml:"username"`
	Password  Secret `yaml:"password"`
}

// TLS says how to speak TLS to a store.
type TLS struct {
	Enabled    bool   `yaml:"enabled"`
	CAFile     string `yaml:"ca_file"`
	CertFile   string `yaml:"cert_file"`
	KeyFile    string `yaml:"key_file"`
	ServerName string `yaml:"server_name"`
	// InsecureSkipVerify accepts any certificate. Never in production.
	InsecureSkipVerify bool `yaml:"insecure_skip_verify"`
}

// ClickHouse says where rows live. Without a DSN the embedded engine runs.
type ClickHouse struct {
	// DSN is clickhouse://user:password@host:9000/db, http:// or https://.
	DSN Secret `yaml:"dsn"`
	// Cluster, when set, makes the migrations use ON CLUSTER and replicated
	// engines.
	Cluster string `yaml:"cluster"`
	// RetentionDays bounds the life of events and findings.
	RetentionDays int `yaml:"retention_days"`
	// The life of topology snapshots, dead letters and the audit, which what is
	// written of notifications and maintenance goes with; 0 keeps them for good.
	TopologyRetentionDays   int `yaml:"topology_retention_days"`
	DeadLetterRetentionDays int `yaml:"dead_letter_retention_days"`
	AuditRetentionDays      int `yaml:"audit_retention_days"`
	// EdgeRetention drops a call edge that its source has not shown for so long.
	EdgeRetention time.Duration `yaml:"edge_retention"`
	// ReadTimeout is the longest that one query may take.
	ReadTimeout time.Duration `yaml:"read_timeout"`
	// AutoMigrate brings the schema up at start. Off, a server with an older
	// schema is refused with the command that mends it.
	AutoMigrate bool  `yaml:"auto_migrate"`
	Merge       Merge `yaml:"merge"`
	TLS         TLS   `yaml:"tls"`
	// Library is the path of the embedded engine, found in the cache if empty.
	Library string `yaml:"library"`
	// EmbeddedMemoryMB caps the memory of the embedded engine.
	EmbeddedMemoryMB int `yaml:"embedded_memory_mb"`
}

// Merge says when the parts of closed months are merged, which keeps figures over
// long periods fast after a bulk load.
type Merge struct {
	Enabled bool `yaml:"enabled"`
	// MinParts is from how many parts on, Quiet how long after the last insert.
	MinParts int           `yaml:"min_parts"`
	Quiet    time.Duration `yaml:"quiet"`
	// MaxMB leaves larger months to the server, Timeout bounds one merge.
	MaxMB   int           `yaml:"max_mb"`
	Timeout time.Duration `yaml:"timeout"`
}

// Ingest says how events are gathered into inserts.
type Ingest struct {
	BatchRows  int           `yaml:"batch_rows"`
	BatchBytes int           `yaml:"batch_bytes"`
	ChangeAge  time.Duration `yaml:"change_age"`
	AlertAge   time.Duration `yaml:"alert_age"`
	// Webhooks holds the signing secret of each webhook format.
	Webhooks map[string]Secret `yaml:"webhooks"`
}

// Correlate says how the correlator looks at the store.
type Correlate struct {
	// Window is how far back changes are candidates.
	Window time.Duration `yaml:"window"`
	// PollInterval is the pause between two looks at the store.
	PollInterval time.Duration `yaml:"poll_interval"`
	// WeightsFile holds fitted weights of the engine; empty for those that ship.
	WeightsFile string `yaml:"weights_file"`
}

// API says how the API is served.
type API struct {
	Listen string `yaml:"listen"`
	// PublicRead lets anyone read without a token. Writes always need one.
	PublicRead bool `yaml:"public_read"`
	// Blind says from whom findings hide the part that AI had in suspects until
	// the cause is decided: judges, all or off.
	Blind string `yaml:"blind"`
	// Tokens that may call the API; see `faultline token create`.
	Tokens []Token `yaml:"tokens"`
	// RatePerSecond and RateBurst bound each token's requests.
	RatePerSecond float64 `yaml:"rate_per_second"`
	RateBurst     int     `yaml:"rate_burst"`
	MaxBodyBytes  int64   `yaml:"max_body_bytes"`
	// MaxTopologyBytes bounds the body of POST /v1/topology.
	MaxTopologyBytes int64 `yaml:"max_topology_bytes"`
	// GrafanaURL is where the dashboards that ship are shown; pages lead there.
	GrafanaURL string `yaml:"grafana_url"`
	// PrivateMetrics makes /metrics ask for a token that may read.
	PrivateMetrics bool          `yaml:"private_metrics"`
	Timeout        time.Duration `yaml:"timeout"`
	TLSCertFile    string        `yaml:"tls_cert_file"`
	TLSKeyFile     string        `yaml:"tls_key_file"`
	// SessionSecret seals the sessions of the pages; replicas must share it.
	// Without one sessions end with the process.
	SessionSecret Secret `yaml:"session_secret"`
	// SessionLife is how long a visitor of the pages stays signed in.
	SessionLife time.Duration `yaml:"session_life"`
	OIDC        OIDC          `yaml:"oidc"`
}

// Policy says by which rules changes are judged.
type Policy struct {
	// File holds the rules; those that ship count when it is empty.
	File string `yaml:"file"`
}

// Token is one API token by its hash; the token itself is never stored.
type Token struct {
	// ID is the public part of the token, between its first two underscores.
	ID   string `yaml:"id"`
	Name string `yaml:"name"`
	// Role is reader, ingest, judge or admin.
	Role string `yaml:"role"`
	// Hash is "sha256:" and 64 hexadecimal digits, as `faultline token create`
	// prints it.
	Hash string `yaml:"hash"`
	// ExpiresAt ends the token's life; zero means never.
	ExpiresAt time.Time `yaml:"expires_at"`
}

// Default returns the settings of a process that is told nothing.
func Default() Config {
	return Config{
		Roles:           Roles(),
		DataDir:         "faultline-data",
		ShutdownTimeout: 20 * time.Second,
		Log:             Log{Level: "info", Format: "text"},
		Kafka: Kafka{
			Group: "faultline", ClientID: "faultline", EmbeddedListen: "127.0.0.1:9092",
			CreateTopics: true, TopicPartitions: 6, Replication: 1,
			Topics: Topics{
				Changes: "faultline.changes", Alerts: "faultline.alerts",
				Topology: "faultline.topology", DeadLetter: "faultline.dead-letter",
			},
		},
		ClickHouse: ClickHouse{
			RetentionDays: 400, TopologyRetentionDays: 90, DeadLetterRetentionDays: 30,
			EdgeRetention: 7 * 24 * time.Hour, ReadTimeout: 10 * time.Second, AutoMigrate: true, EmbeddedMemoryMB: 2048,
			Merge: Merge{Enabled: true, MinParts: 8, Quiet: 5 * time.Second, MaxMB: 4096, Timeout: 10 * time.Minute},
		},
		Ingest: Ingest{
			BatchRows: 10_000, BatchBytes: 12 << 20,
			ChangeAge: 250 * time.Millisecond, AlertAge: 50 * time.Millisecond,
		},
		Formats: defaultFormats(),
		Metrics: Metrics{
			Timeout: 5 * time.Second, MaxQueries: 96, Concurrency: 4, MaxResponseBytes: 4 << 20,
			Step: 30 * time.Second, Window: 2 * time.Minute, ServiceLabel: "job",
		},
		Correlate: Correlate{Window: 30 * 24 * time.Hour, PollInterval: 100 * time.Millisecond},
		Figures:   defaultFigures(),
		Report:    defaultReport(),
		API: API{
			Listen: "127.0.0.1:8080", Blind: "judges", RatePerSecond: 200, RateBurst: 400,
			MaxBodyBytes: 10 << 20, MaxTopologyBytes: maxTopologyBytes, Timeout: 15 * time.Second, SessionLife: 12 * time.Hour,
			OIDC: defaultOIDC(),
		},
	}
}

// EmbeddedKafka reports whether this process runs its own broker.
func (c *Config) EmbeddedKafka() bool { return len(c.Kafka.Brokers) == 0 }

// EmbeddedClickHouse reports whether this process runs its own engine.
func (c *Config) EmbeddedClickHouse() bool { return c.ClickHouse.DSN == "" }

// Plays reports whether this process plays the role.
func (c *Config) Plays(role Role) bool {
	for _, r := range c.Roles {
		if r == role {
			return true
		}
	}
	return false
}
