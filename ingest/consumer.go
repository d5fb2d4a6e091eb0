package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/segmentio/kafka-go"
)

// Deps are what a Consumer works with.
type Deps struct {
	Group   Group
	Fetcher Fetcher
	Decoder Decoder
	// Labeller may be nil.
	Labeller Labeller
	Store    Store
	// DeadLetters writes to the dead-letter topic.
	DeadLetters MessageWriter
	Registerer  prometheus.Registerer
	Log         *slog.Logger
	// Now is the clock for the age of messages, time.Now when nil.
	Now func() time.Time
}

// Consumer reads the input topics as a member of a consumer group and makes
// every event durable before it commits the message that brought it.
type Consumer struct {
	config  Config
	deps    Deps
	metrics *metrics

	// pause spaces sessions that fail one after the other. One session runs at
	// a time, and only it touches this.
	pause backoff

	mu     sync.Mutex
	joined bool
	// left is when the last generation ended, zero before the first.
	left time.Time
	// failure is why Run must end although it was not told to.
	failure error
}

// errNotJoined is the answer to Check of a consumer without partitions.
var errNotJoined = errors.New("the consumer is not a member of its group")

// rejoinGrace is how long a consumer may be between two generations, as it is
// at every rebalance, before Check complains.
const rejoinGrace = 30 * time.Second

// NewConsumer returns a consumer that does nothing until Run.
func NewConsumer(config Config, deps Deps) (*Consumer, error) {
	if err := config.Validate(); err != nil {
		return nil, fmt.Errorf("ingest settings: %w", err)
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	m, err := newMetrics(deps.Registerer)
	if err != nil {
		return nil, fmt.Errorf("registering the ingest figures: %w", err)
	}
	return &Consumer{
		config: config, deps: deps, metrics: m,
		pause: backoff{least: config.RetryMin, most: config.RetryMax},
	}, nil
}

// Check returns nil while the consumer is a member of its group.
func (c *Consumer) Check(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.joined || (!c.left.IsZero() && time.Since(c.left) < rejoinGrace) {
		return nil
	}
	return errNotJoined
}

func (c *Consumer) setJoined(joined bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.joined = joined
	if !joined {
		c.left = time.Now()
	}
}

func (c *Consumer) setFailure(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failure = err
}

// Run consumes until ctx ends. Then it stops fetching, makes durable what was
// read, commits it and leaves the group, all within StopTimeout. It returns nil
// after an orderly stop; any other return means that the process should end,
// since its work cannot be stopped or its settings cannot work.
func (c *Consumer) Run(ctx context.Context) error {
	member, err := c.deps.Group.Join()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c.generations(ctx, member, cancel)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
	}
	if err := c.leave(member); err != nil {
		return err
	}
	<-ended
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failure
}

// leave gives the partitions back. The group waits for the session to drain.
func (c *Consumer) leave(member Membership) error {
	left := make(chan error, 1)
	go func() { left <- member.Close() }()
	select {
	case err := <-left:
		return err
	case <-time.After(c.config.StopTimeout):
		return fmt.Errorf("the consumer did not stop within %s; what was not committed will be delivered again",
			c.config.StopTimeout)
	}
}

// generations serves one assignment after the other.
func (c *Consumer) generations(ctx context.Context, member Membership, stop func()) {
	for {
		gen, err := member.Next(ctx)
		switch {
		case ctx.Err() != nil || errors.Is(err, kafka.ErrGroupClosed):
			return
		case err != nil:
			c.metrics.fail(reasonGroup)
			c.deps.Log.WarnContext(ctx, "joining the consumer group failed, trying again", slog.Any("error", err))
		default:
			c.serve(gen, stop)
		}
	}
}

// serve starts a session on the generation. The group does not hand out the
// next generation before it has ended.
func (c *Consumer) serve(gen Generation, stop func()) {
	c.metrics.generations.Inc()
	c.setJoined(true)
	c.deps.Log.Info("partitions were assigned", slog.Any("partitions", partitionsOf(gen)))
	gen.Start(func(ctx context.Context) {
		defer c.setJoined(false)
		err := c.newSession(gen).run(ctx)
		if err == nil {
			c.pause.reset()
			return
		}
		if errors.Is(err, errStalled) {
			c.metrics.fail(reasonStalled)
		}
		c.deps.Log.WarnContext(ctx, "the partitions are given back", slog.Any("error", err))
		if errors.Is(err, errStuck) {
			c.setFailure(err)
			stop()
			return
		}
		c.pause.sleep(ctx)
	})
}

// partitionsOf counts the assigned partitions of each topic.
func partitionsOf(gen Generation) map[string]int {
	count := map[string]int{}
	for topic, assignments := range gen.Assigned() {
		count[topic] = len(assignments)
	}
	return count
}
