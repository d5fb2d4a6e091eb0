package kafka

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"time"
)

// Config says how to reach Kafka.
type Config struct {
	// Brokers are the bootstrap addresses, host:port.
	Brokers []string
	// ClientID is how this process names itself to the brokers.
	ClientID string
	Topics   Topics
	SASL     SASL
	TLS      TLS
	// DialTimeout bounds a new connection with its TLS and SASL handshakes.
	DialTimeout time.Duration
}

// Topics are the names of the topics that Faultline reads and writes.
type Topics struct {
	Changes, Alerts, Topology string
	DeadLetter                string
}

// Inputs lists the topics that are consumed.
func (t Topics) Inputs() []string { return []string{t.Changes, t.Alerts, t.Topology} }

// All lists every topic.
func (t Topics) All() []string { return append(t.Inputs(), t.DeadLetter) }

// Mechanism names a SASL mechanism; empty means no SASL.
type Mechanism string

// The SASL mechanisms that are supported.
const (
	MechanismNone        Mechanism = ""
	MechanismPlain       Mechanism = "plain"
	MechanismScramSHA256 Mechanism = "scram-sha-256"
	MechanismScramSHA512 Mechanism = "scram-sha-512"
)

// Mechanisms lists the mechanisms that authenticate.
func Mechanisms() []Mechanism {
	return []Mechanism{MechanismPlain, MechanismScramSHA256, MechanismScramSHA512}
}

// SASL says how to authenticate.
type SASL struct {
	Mechanism Mechanism
	Username  string
	Password  Secret
}

// TLS says how to encrypt. Files are PEM.
type TLS struct {
	Enabled bool
	// CAFile holds the authorities that sign the brokers' certificates; empty
	// means those of the operating system.
	CAFile string
	// CertFile and KeyFile identify this client; both or neither.
	CertFile, KeyFile string
	// ServerName is expected in the broker's certificate; empty means the host
	// that was dialled.
	ServerName string
	// Insecure accepts any certificate. It takes the point out of TLS.
	Insecure bool
}

// DefaultConfig returns settings without brokers, with the contract's topics.
func DefaultConfig() Config {
	return Config{
		ClientID: "faultline",
		Topics: Topics{
			Changes: "faultline.changes", Alerts: "faultline.alerts",
			Topology: "faultline.topology", DeadLetter: "faultline.dead-letter",
		},
		DialTimeout: 5 * time.Second,
	}
}

// Validate names the first setting that cannot work.
func (c *Config) Validate() error {
	if err := validateBrokers(c.Brokers); err != nil {
		return err
	}
	if err := c.Topics.validate(); err != nil {
		return err
	}
	if err := c.SASL.validate(); err != nil {
		return err
	}
	if c.DialTimeout <= 0 {
		return errors.New("dial timeout: must be greater than zero")
	}
	if (c.TLS.CertFile == "") != (c.TLS.KeyFile == "") {
		return errors.New("tls: certificate and key belong together; set both or neither")
	}
	return nil
}

func validateBrokers(brokers []string) error {
	if len(brokers) == 0 {
		return errors.New("brokers: none given; name at least one as host:port")
	}
	for _, b := range brokers {
		if _, _, err := net.SplitHostPort(b); err != nil {
			return fmt.Errorf("brokers: %q is not host:port: %w", b, err)
		}
	}
	return nil
}

func (t Topics) validate() error {
	seen := map[string]bool{}
	for _, name := range t.All() {
		if name == "" {
			return errors.New("topics: an empty name; name all four topics")
		}
		if seen[name] {
			return fmt.Errorf("topics: %q is named twice; each topic needs its own name", name)
		}
		seen[name] = true
	}
	return nil
}

func (s SASL) validate() error {
	if s.Mechanism == MechanismNone {
		return nil
	}
	if !slices.Contains(Mechanisms(), s.Mechanism) {
		return fmt.Errorf("sasl: mechanism %q is not known; use one of %v", s.Mechanism, Mechanisms())
	}
	if s.Username == "" || s.Password == "" {
		return fmt.Errorf("sasl: mechanism %s needs a user name and a password", s.Mechanism)
	}
	return nil
}
