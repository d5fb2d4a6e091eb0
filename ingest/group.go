package ingest

import (
	"context"
	"fmt"

	"github.com/segmentio/kafka-go"
)

// KafkaGroup is a Group of the brokers that the settings name.
func KafkaGroup(config kafka.ConsumerGroupConfig) Group { return kafkaGroup{config} }

type kafkaGroup struct{ config kafka.ConsumerGroupConfig }

// Join implements Group.
func (g kafkaGroup) Join() (Membership, error) {
	group, err := kafka.NewConsumerGroup(g.config)
	if err != nil {
		return nil, fmt.Errorf("joining the consumer group %s: %w", g.config.ID, err)
	}
	return membership{group}, nil
}

type membership struct{ *kafka.ConsumerGroup }

// Next implements Membership.
func (m membership) Next(ctx context.Context) (Generation, error) {
	g, err := m.ConsumerGroup.Next(ctx)
	if err != nil {
		return nil, err
	}
	return generation{g}, nil
}

type generation struct{ *kafka.Generation }

// Assigned implements Generation.
func (g generation) Assigned() map[string][]kafka.PartitionAssignment { return g.Assignments }
