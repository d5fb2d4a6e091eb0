package kafka

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
)

func TestEmbeddedBrokerRefusesOtherThanLoopback(t *testing.T) {
	for _, listen := range []string{"0.0.0.0:9092", "192.0.2.1:9092", ":9092", "kafka.example.com:9092", "nonsense"} {
		e := NewEmbedded(EmbeddedConfig{Listen: listen}, quiet())
		if err := e.Start(t.Context()); err == nil {
			e.Close()
			t.Errorf("the embedded broker listens on %s", listen)
		}
	}
}

func TestTakenPortIsNamed(t *testing.T) {
	first := startEmbedded(t, EmbeddedConfig{Listen: "127.0.0.1:0"})
	second := NewEmbedded(EmbeddedConfig{Listen: first.Brokers()[0]}, quiet())
	err := second.Start(t.Context())
	if err == nil || !strings.Contains(err.Error(), first.Brokers()[0]) {
		t.Fatalf("Start on a taken port = %v", err)
	}
}

func TestSecondBrokerOnOneDirectoryIsRefused(t *testing.T) {
	config := EmbeddedConfig{Listen: "127.0.0.1:0", DataDir: t.TempDir()}
	first := startEmbedded(t, config)
	second := NewEmbedded(config, quiet())
	if err := second.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "another process uses") {
		t.Fatalf("Start on a directory in use = %v", err)
	}
	first.Close()
	if err := second.Start(t.Context()); err != nil {
		t.Fatalf("Start after the first broker has closed: %v", err)
	}
	second.Close()
}

func TestRestartForgetsNothing(t *testing.T) {
	config := EmbeddedConfig{Listen: "127.0.0.1:0", DataDir: t.TempDir()}
	topics := ownTopics(t)
	open := func() (*Embedded, *Client) {
		e := startEmbedded(t, config)
		c := DefaultConfig()
		c.Brokers, c.Topics = e.Brokers(), topics
		return e, newClient(t, c)
	}
	broker, client := open()
	ensure(t, client, TopicPlan{Partitions: 1, Replication: 1})
	write(t, client, kafka.Message{Topic: topics.Changes, Value: []byte("first")},
		kafka.Message{Topic: topics.Changes, Value: []byte("second")})
	commit(t, client, topics.Changes, 1)
	client.Close()
	broker.Close()

	_, client = open()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	offset := committed(ctx, t, client, topics.Changes)
	messages, _, err := client.Fetcher().Fetch(ctx, topics.Changes, 0, offset, 1<<20)
	if err != nil || len(messages) != 1 || string(messages[0].Value) != "second" {
		t.Fatalf("after the restart, offset %d gives %v, %v; want the second message alone", offset, messages, err)
	}
}

// commit joins the group, commits and leaves.
func commit(t *testing.T, c *Client, topic string, offset int64) {
	t.Helper()
	inGeneration(t.Context(), t, c, func(g *kafka.Generation) {
		if err := g.CommitOffsets(map[string]map[int]int64{topic: {0: offset}}); err != nil {
			t.Error(err)
		}
	})
}

func committed(ctx context.Context, t *testing.T, c *Client, topic string) (offset int64) {
	t.Helper()
	inGeneration(ctx, t, c, func(g *kafka.Generation) { offset = g.Assignments[topic][0].Offset })
	return offset
}

func inGeneration(ctx context.Context, t *testing.T, c *Client, use func(*kafka.Generation)) {
	t.Helper()
	group, err := kafka.NewConsumerGroup(c.Group("restart"))
	if err != nil {
		t.Fatal(err)
	}
	generation, err := group.Next(ctx)
	for errors.Is(err, kafka.GroupCoordinatorNotAvailable) {
		generation, err = group.Next(ctx)
	}
	if err != nil {
		t.Fatal(err)
	}
	use(generation)
	if err := group.Close(); err != nil {
		t.Fatal(err)
	}
}
