package clickhouse

import (
	"errors"
	"fmt"
	"regexp"
	"time"
)

// Config says where the store is, how long a call may take and how long rows
// are kept.
type Config struct {
	// DSN is the address with its credentials: clickhouse://user:pass@host:9000/db
	// for the native protocol, http(s)://user:pass@host:8123/db for HTTP. Several
	// hosts are separated by commas; unknown parameters become settings of every
	// statement. It is ignored when Open is given a transport.
	DSN DSN
	// Database replaces the one that the DSN names.
	Database string
	// Cluster makes tables Replicated and runs schema statements ON CLUSTER.
	// Empty means a single server.
	Cluster string
	TLS     TLS
	// DialTimeout bounds a new connection, ReadTimeout a query, WriteTimeout an
	// insert, MigrateTimeout one schema statement.
	DialTimeout    time.Duration
	ReadTimeout    time.Duration
	WriteTimeout   time.Duration
	MigrateTimeout time.Duration
	// MaxReadConns and MaxWriteConns are the sizes of the two pools. They are
	// apart because a connection that has written keeps a buffer of the size of
	// its largest batch.
	MaxReadConns, MaxWriteConns int
	// InsertRows and InsertBytes cut a larger insert into several. They bound
	// the memory of one insert, about three times InsertBytes. Fewer, larger
	// inserts cost less: the server merges the parts that each one makes.
	InsertRows, InsertBytes int
	// Fsync makes every insert reach the disk before it is acknowledged. A
	// killed process loses nothing without it; a power cut may.
	Fsync     bool
	Retention Retention
}

// Retention says for how many days rows are kept, counted from when they were
// stored; 0 keeps them for ever.
type Retention struct {
	ChangesDays, AlertsDays, TopologyDays int
	// IncidentsDays covers incidents, findings, verdicts and reports.
	IncidentsDays   int
	DeadLettersDays int
	AuditDays       int
	// EdgeLife is not about disk: a service or call that its source has not
	// reported for so long is no longer part of the topology.
	EdgeLife time.Duration
}

// TLS secures the connection to a server. The files are PEM.
type TLS struct {
	Enabled           bool
	CAFile            string
	CertFile, KeyFile string
	ServerName        string
	// Insecure accepts any certificate.
	Insecure bool
}

// DefaultConfig fits a single server and thirteen months of history.
func DefaultConfig() Config {
	return Config{
		Database:       "faultline",
		DialTimeout:    5 * time.Second,
		ReadTimeout:    10 * time.Second,
		WriteTimeout:   30 * time.Second,
		MigrateTimeout: time.Minute,
		MaxReadConns:   6,
		MaxWriteConns:  2,
		InsertRows:     20_000,
		InsertBytes:    32 << 20,
		Retention: Retention{
			ChangesDays: 400, AlertsDays: 400, TopologyDays: 90, DeadLettersDays: 30,
			EdgeLife: 7 * 24 * time.Hour,
		},
	}
}

// identifier is what a database or cluster may be called, so that its name can
// stand in a schema statement unquoted.
var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,62}$`)

// Validate names every setting that cannot work.
func (c *Config) Validate() error {
	var faults []error
	if !identifier.MatchString(c.Database) {
		faults = append(faults, fmt.Errorf("database %q: use letters, digits and _, a letter first", c.Database))
	}
	if c.Cluster != "" && !identifier.MatchString(c.Cluster) {
		faults = append(faults, fmt.Errorf("cluster %q: use letters, digits and _, a letter first", c.Cluster))
	}
	for name, d := range map[string]time.Duration{
		"dial timeout": c.DialTimeout, "read timeout": c.ReadTimeout, "write timeout": c.WriteTimeout,
		"migrate timeout": c.MigrateTimeout, "edge life": c.Retention.EdgeLife,
	} {
		if d <= 0 {
			faults = append(faults, fmt.Errorf("%s %s: must be above zero", name, d))
		}
	}
	for name, n := range map[string]int{
		"read connections": c.MaxReadConns, "write connections": c.MaxWriteConns,
		"insert rows": c.InsertRows, "insert bytes": c.InsertBytes,
	} {
		if n <= 0 {
			faults = append(faults, fmt.Errorf("%s %d: must be above zero", name, n))
		}
	}
	for group, days := range c.Retention.days() {
		if days < 0 {
			faults = append(faults, fmt.Errorf("retention of %s, %d days: must not be negative; 0 keeps rows for ever", group, days))
		}
	}
	return errors.Join(faults...)
}

// days is the retention by the name that the migrations use.
func (r *Retention) days() map[string]int {
	return map[string]int{
		"changes": r.ChangesDays, "alerts": r.AlertsDays, "topology": r.TopologyDays,
		"incidents": r.IncidentsDays, "dead_letters": r.DeadLettersDays, "audit": r.AuditDays,
	}
}
