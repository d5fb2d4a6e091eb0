package kafka

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"

	"github.com/faultline/faultline/internal/trust"
)

// maxRecordBytes is the largest record that a writer sends. It is far above
// what brokers take by default, so that the broker's limit decides.
const maxRecordBytes = 64 << 20

// Client holds what is needed to speak to the configured brokers. It opens no
// connection by itself; Close drops those that its users left idle.
type Client struct {
	config    Config
	tls       *tls.Config
	mechanism sasl.Mechanism
	transport *kafka.Transport
}

// New checks the settings and reads the TLS files.
func New(config Config) (*Client, error) {
	if err := config.Validate(); err != nil {
		return nil, fmt.Errorf("kafka settings: %w", err)
	}
	tlsConfig, err := loadTLS(config.TLS)
	if err != nil {
		return nil, fmt.Errorf("kafka settings: tls: %w", err)
	}
	mechanism, err := newMechanism(config.SASL)
	if err != nil {
		return nil, fmt.Errorf("kafka settings: sasl: %w", err)
	}
	c := &Client{config: config, tls: tlsConfig, mechanism: mechanism}
	c.transport = c.newTransport()
	return c, nil
}

// Config returns the settings that the client was made of.
func (c *Client) Config() Config { return c.config }

// Close drops idle connections.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// API returns a client for requests to the cluster, fetches among them. All
// clients share one pool of connections.
func (c *Client) API() *kafka.Client {
	return &kafka.Client{Addr: kafka.TCP(c.config.Brokers...), Transport: c.transport}
}

// Group returns settings for a member of the consumer group id on the input
// topics. A partition without a committed offset starts at its first message,
// since nothing may be lost; new partitions are noticed within seconds.
func (c *Client) Group(id string) kafka.ConsumerGroupConfig {
	return kafka.ConsumerGroupConfig{
		ID:                     id,
		Brokers:                c.config.Brokers,
		Dialer:                 c.dialer(),
		Topics:                 c.config.Topics.Inputs(),
		GroupBalancers:         []kafka.GroupBalancer{kafka.RangeGroupBalancer{}},
		StartOffset:            kafka.FirstOffset,
		WatchPartitionChanges:  true,
		PartitionWatchInterval: 5 * time.Second,
		HeartbeatInterval:      2 * time.Second,
		SessionTimeout:         20 * time.Second,
		RebalanceTimeout:       30 * time.Second,
		JoinGroupBackoff:       time.Second,
		Timeout:                5 * time.Second,
	}
}

// Writer returns a writer whose topic stands in each message. A write returns
// when all in-sync replicas have the messages; equal keys share a partition.
func (c *Client) Writer() *kafka.Writer {
	return &kafka.Writer{
		Addr:         kafka.TCP(c.config.Brokers...),
		Transport:    c.transport,
		Balancer:     &kafka.Hash{},
		RequiredAcks: kafka.RequireAll,
		BatchBytes:   maxRecordBytes,
		BatchTimeout: 5 * time.Millisecond,
		MaxAttempts:  10,
		WriteTimeout: 20 * time.Second,
		ReadTimeout:  20 * time.Second,
	}
}

// Ping asks a broker for the members of its cluster, on a connection of its
// own: the shared ones answer from memory for a while after the brokers died.
func (c *Client) Ping(ctx context.Context) error {
	conn, err := c.dial(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	if _, err := conn.Brokers(); err != nil {
		return fmt.Errorf("asking Kafka at %s for its brokers: %w", conn.RemoteAddr(), err)
	}
	return nil
}

func (c *Client) dialer() *kafka.Dialer {
	return &kafka.Dialer{
		ClientID:      c.config.ClientID,
		Timeout:       c.config.DialTimeout,
		DualStack:     true,
		TLS:           c.tls,
		SASLMechanism: c.mechanism,
	}
}

func (c *Client) newTransport() *kafka.Transport {
	dialer := &net.Dialer{Timeout: c.config.DialTimeout}
	return &kafka.Transport{
		Dial:           dialer.DialContext,
		DialTimeout:    c.config.DialTimeout,
		IdleTimeout:    time.Minute,
		MetadataTopics: c.config.Topics.All(),
		ClientID:       c.config.ClientID,
		TLS:            c.tls,
		SASL:           c.mechanism,
	}
}

func newMechanism(s SASL) (sasl.Mechanism, error) {
	switch s.Mechanism {
	case MechanismPlain:
		return plain.Mechanism{Username: s.Username, Password: s.Password.reveal()}, nil
	case MechanismScramSHA256:
		return scram.Mechanism(scram.SHA256, s.Username, s.Password.reveal())
	case MechanismScramSHA512:
		return scram.Mechanism(scram.SHA512, s.Username, s.Password.reveal())
	default:
		return nil, nil
	}
}

func loadTLS(t TLS) (*tls.Config, error) {
	if !t.Enabled {
		return nil, nil
	}
	config, err := trust.Load(trust.Files{CA: t.CAFile, Cert: t.CertFile, Key: t.KeyFile, ServerName: t.ServerName, Insecure: t.Insecure})
	if err != nil {
		return nil, fmt.Errorf("reading the certificates: %w", err)
	}
	return config, nil
}
