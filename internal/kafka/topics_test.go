package kafka

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
)

func TestMissingTopicsAreCreatedOnce(t *testing.T) {
	onBothBrokers(t, func(t *testing.T, c *Client) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		created, err := c.EnsureTopics(ctx, TopicPlan{Partitions: 3, Replication: 1})
		if err != nil || !slices.Equal(created, c.Config().Topics.All()) {
			t.Fatalf("EnsureTopics = %v, %v; want all four", created, err)
		}
		again, err := c.EnsureTopics(ctx, TopicPlan{Partitions: 5, Replication: 1})
		if err != nil || len(again) != 0 {
			t.Fatalf("EnsureTopics again = %v, %v; want nothing to do", again, err)
		}
		if got := partitions(ctx, t, c, c.Config().Topics.Changes); got != 3 {
			t.Fatalf("the topic has %d partitions, want the 3 that it was made with", got)
		}
	})
}

func TestOnlyTheMissingTopicIsCreated(t *testing.T) {
	onBothBrokers(t, func(t *testing.T, c *Client) {
		ensure(t, c, TopicPlan{Partitions: 2, Replication: 1})
		config := c.Config()
		config.Topics.DeadLetter += ".renamed"
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		created, err := newClient(t, config).EnsureTopics(ctx, TopicPlan{Partitions: 2, Replication: 1})
		if err != nil || !slices.Equal(created, []string{config.Topics.DeadLetter}) {
			t.Fatalf("EnsureTopics = %v, %v; want the renamed topic alone", created, err)
		}
	})
}

func TestTooManyReplicasAreRefused(t *testing.T) {
	c := clientOf(t, apache.Broker(t).Addr)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	_, err := c.EnsureTopics(ctx, TopicPlan{Partitions: 1, Replication: 3})
	if err == nil || !strings.Contains(err.Error(), c.Config().Topics.Changes) {
		t.Fatalf("EnsureTopics with 3 replicas on one broker = %v", err)
	}
}

func TestAbsentBrokerIsNamed(t *testing.T) {
	c := clientOf(t, "127.0.0.1:1")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := c.EnsureTopics(ctx, DefaultTopicPlan()); err == nil || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("EnsureTopics without a broker = %v", err)
	}
	if err := c.Ping(ctx); err == nil || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("Ping without a broker = %v", err)
	}
}

func TestPingNoticesThatTheBrokerIsGone(t *testing.T) {
	broker := startEmbedded(t, EmbeddedConfig{Listen: "127.0.0.1:0"})
	c := clientOf(t, broker.Brokers()...)
	ensure(t, c, DefaultTopicPlan())
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := c.Ping(ctx); err != nil {
		t.Fatal(err)
	}
	broker.Close()
	if err := c.Ping(ctx); err == nil {
		t.Fatal("Ping succeeds although the broker is gone")
	}
}

func TestMessageAsLargeAsPlannedIsTaken(t *testing.T) {
	onBothBrokers(t, func(t *testing.T, c *Client) {
		ensure(t, c, TopicPlan{Partitions: 1, Replication: 1, MaxMessageBytes: 11 << 20})
		if err := c.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
		large := bytes.Repeat([]byte("x"), 10<<20)
		write(t, c, kafka.Message{Topic: c.Config().Topics.Changes, Value: large})
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		got, next, err := c.Fetcher().Fetch(ctx, c.Config().Topics.Changes, 0, 0, 64<<10)
		if err != nil || len(got) != 1 || next != 1 || !bytes.Equal(got[0].Value, large) {
			t.Fatalf("Fetch = %d messages, next %d, %v; want the large one", len(got), next, err)
		}
	})
}

func partitions(ctx context.Context, t *testing.T, c *Client, topic string) int {
	t.Helper()
	conn, err := c.dial(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	found, err := conn.ReadPartitions(topic)
	if err != nil {
		t.Fatal(err)
	}
	return len(found)
}
