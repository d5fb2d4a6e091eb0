package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/segmentio/kafka-go"
)

// topicPoll is the pause between two looks for a topic that is being created.
const topicPoll = 50 * time.Millisecond

// TopicPlan says how missing topics are created. Topics that exist are left
// as they are.
type TopicPlan struct {
	// Partitions of each input topic. The dead-letter topic has one.
	Partitions  int
	Replication int
	// MaxMessageBytes bounds a record batch on every topic; 0 keeps the
	// broker's default. Dead letters may be twice as large, for a dead letter
	// is a whole message with headers added.
	MaxMessageBytes int
	// Retention bounds the age of messages; 0 keeps the broker's default.
	Retention time.Duration
}

// DefaultTopicPlan returns the plan for a single broker. Its topics take larger
// messages than decoders do: one that is too large becomes a dead letter with a
// reason, where a broker's refusal would reach the producer at best.
func DefaultTopicPlan() TopicPlan {
	return TopicPlan{Partitions: 6, Replication: 1, MaxMessageBytes: 16 << 20}
}

// EnsureTopics creates the topics that are missing and waits until all of them
// have leaders. It returns the names that it created.
func (c *Client) EnsureTopics(ctx context.Context, plan TopicPlan) ([]string, error) {
	missing, err := c.missingTopics(ctx)
	if err != nil {
		return nil, err
	}
	if len(missing) == 0 {
		return nil, nil
	}
	if err := c.createTopics(ctx, missing, plan); err != nil {
		return nil, err
	}
	return missing, c.awaitTopics(ctx)
}

// missingTopics asks the brokers rather than the transport, whose cache may
// be some seconds old.
func (c *Client) missingTopics(ctx context.Context) ([]string, error) {
	conn, err := c.dial(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	known := map[string]bool{}
	partitions, err := conn.ReadPartitions()
	if err != nil {
		return nil, fmt.Errorf("listing the Kafka topics: %w", err)
	}
	for _, p := range partitions {
		known[p.Topic] = p.Leader.Host != ""
	}
	return slices.DeleteFunc(c.config.Topics.All(), func(t string) bool { return known[t] }), nil
}

func (c *Client) dial(ctx context.Context) (*kafka.Conn, error) {
	var failures []error
	for _, broker := range c.config.Brokers {
		conn, err := c.dialer().DialContext(ctx, "tcp", broker)
		if err == nil {
			return conn, nil
		}
		failures = append(failures, fmt.Errorf("dialling Kafka at %s: %w", broker, err))
	}
	return nil, errors.Join(failures...)
}

func (c *Client) createTopics(ctx context.Context, names []string, plan TopicPlan) error {
	topics := make([]kafka.TopicConfig, len(names))
	for i, name := range names {
		topics[i] = c.topicConfig(name, plan)
	}
	answer, err := c.API().CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: topics})
	if err != nil {
		return fmt.Errorf("creating the Kafka topics %v: %w", names, err)
	}
	var failures []error
	for name, err := range answer.Errors {
		if err != nil && !errors.Is(err, kafka.TopicAlreadyExists) {
			failures = append(failures, fmt.Errorf("creating the Kafka topic %s: %w", name, err))
		}
	}
	return errors.Join(failures...)
}

func (c *Client) topicConfig(name string, plan TopicPlan) kafka.TopicConfig {
	topic := kafka.TopicConfig{
		Topic: name, NumPartitions: plan.Partitions, ReplicationFactor: plan.Replication,
	}
	limit := plan.MaxMessageBytes
	if name == c.config.Topics.DeadLetter {
		topic.NumPartitions = 1
		limit *= 2
	}
	if limit > 0 {
		topic.ConfigEntries = append(topic.ConfigEntries,
			kafka.ConfigEntry{ConfigName: "max.message.bytes", ConfigValue: strconv.Itoa(limit)})
	}
	if plan.Retention > 0 {
		topic.ConfigEntries = append(topic.ConfigEntries, kafka.ConfigEntry{
			ConfigName: "retention.ms", ConfigValue: strconv.FormatInt(plan.Retention.Milliseconds(), 10),
		})
	}
	return topic
}

// awaitTopics waits until the brokers know every topic, and makes the
// transport forget that it did not, so that the first write does not meet an
// unknown topic.
func (c *Client) awaitTopics(ctx context.Context) error {
	for {
		missing, err := c.missingTopics(ctx)
		if err == nil && len(missing) == 0 {
			c.transport.CloseIdleConnections()
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for the Kafka topics %v: %w", missing, errors.Join(ctx.Err(), err))
		case <-time.After(topicPoll):
		}
	}
}
