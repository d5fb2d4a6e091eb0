package kafka

import (
	"context"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
)

// secured are settings for the listener with TLS and SASL.
func secured(t *testing.T, mechanism Mechanism, password Secret) Config {
	t.Helper()
	config := DefaultConfig()
	config.Brokers = []string{apache.Broker(t).SecureAddr}
	config.Topics = ownTopics(t)
	config.SASL = SASL{Mechanism: mechanism, Username: "faultline", Password: password}
	config.TLS = TLS{Enabled: true, CAFile: file(t, "ca.pem", authority.pem)}
	return config
}

func TestEveryMechanismWritesAndReadsOverTLS(t *testing.T) {
	for _, mechanism := range Mechanisms() {
		t.Run(string(mechanism), func(t *testing.T) {
			c := newClient(t, secured(t, mechanism, "correct-horse"))
			roundTrip(t, c)
		})
	}
}

func TestClientCertificateIsAccepted(t *testing.T) {
	config := secured(t, MechanismScramSHA256, "correct-horse")
	cert, key := authority.issue("client")
	config.TLS.CertFile, config.TLS.KeyFile = file(t, "c.pem", cert), file(t, "k.pem", key)
	roundTrip(t, newClient(t, config))
}

func TestClientCertificateOfAStrangerIsRefused(t *testing.T) {
	config := secured(t, MechanismScramSHA256, "correct-horse")
	cert, key := newAuthority().issue("client")
	config.TLS.CertFile, config.TLS.KeyFile = file(t, "c.pem", cert), file(t, "k.pem", key)
	refused(t, config)
}

func TestWrongPasswordIsRefused(t *testing.T) {
	for _, mechanism := range Mechanisms() {
		t.Run(string(mechanism), func(t *testing.T) { refused(t, secured(t, mechanism, "wrong")) })
	}
}

func TestBrokerOfAStrangeAuthorityIsRefused(t *testing.T) {
	config := secured(t, MechanismPlain, "correct-horse")
	config.TLS.CAFile = file(t, "other.pem", newAuthority().pem)
	refused(t, config)
}

func TestBrokerOfAnotherNameIsRefused(t *testing.T) {
	config := secured(t, MechanismPlain, "correct-horse")
	config.TLS.ServerName = "kafka.example.com"
	refused(t, config)
}

func TestInsecureTakesAnyCertificate(t *testing.T) {
	config := secured(t, MechanismPlain, "correct-horse")
	config.TLS.CAFile, config.TLS.Insecure = "", true
	roundTrip(t, newClient(t, config))
}

// roundTrip uses every kind of connection: dialer, transport, writer, group.
func roundTrip(t *testing.T, c *Client) {
	t.Helper()
	ensure(t, c, TopicPlan{Partitions: 1, Replication: 1})
	topic := c.Config().Topics.Alerts
	write(t, c, kafka.Message{Topic: topic, Value: []byte("hello")})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	messages, _, err := c.Fetcher().Fetch(ctx, topic, 0, 0, 1<<20)
	if err != nil || len(messages) != 1 || string(messages[0].Value) != "hello" {
		t.Fatalf("Fetch = %v, %v; want the message", messages, err)
	}
	commit(t, c, topic, 1)
}

func refused(t *testing.T, config Config) {
	t.Helper()
	c := newClient(t, config)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := c.Ping(ctx); err == nil {
		t.Error("the dialer got an answer")
	}
	if _, _, err := c.Fetcher().Bounds(ctx, config.Topics.Alerts, 0); err == nil {
		t.Error("the transport got an answer")
	}
}
