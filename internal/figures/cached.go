package figures

import (
	"context"
	"sync"
	"time"
)

// Cached gives figures that are at most an age old, makes one at a time, and so
// bounds what they cost however often they are asked for. It is safe for
// concurrent use.
type Cached struct {
	service *Service
	age     time.Duration
	// turn holds one token: who has it may compute.
	turn chan struct{}

	mu   sync.Mutex
	kept map[question]kept
}

// question is what was asked.
type question struct {
	figure   string
	from, to time.Time
}

type kept struct {
	answer any
	made   time.Time
}

// maxKept bounds the answers in memory.
const maxKept = 32

// NewCached keeps the answers of a service for an age.
func NewCached(service *Service, age time.Duration) *Cached {
	c := &Cached{service: service, age: age, turn: make(chan struct{}, 1), kept: map[question]kept{}}
	c.turn <- struct{}{}
	return c
}

// AIImpact is that of the service.
func (c *Cached) AIImpact(ctx context.Context, from, to time.Time) (Impact, error) {
	return answer(ctx, c, question{"ai-impact", from, to}, c.service.AIImpact)
}

// Accuracy is that of the service.
func (c *Cached) Accuracy(ctx context.Context, from, to time.Time) (Accuracy, error) {
	return answer(ctx, c, question{"accuracy", from, to}, c.service.Accuracy)
}

// Policy is that of the service.
func (c *Cached) Policy(ctx context.Context, from, to time.Time) (PolicyEffect, error) {
	return answer(ctx, c, question{"policy", from, to}, c.service.Policy)
}

// answer gives a kept answer, or waits for its turn and makes one.
func answer[T any](ctx context.Context, c *Cached, q question, compute func(context.Context, time.Time, time.Time) (T, error)) (T, error) {
	if v, ok := lookup[T](c, q); ok {
		return v, nil
	}
	var none T
	select {
	case <-c.turn:
		defer func() { c.turn <- struct{}{} }()
	case <-ctx.Done():
		return none, ctx.Err()
	}
	// Whoever had the turn may have made the same answer.
	if v, ok := lookup[T](c, q); ok {
		return v, nil
	}
	v, err := compute(ctx, q.from, q.to)
	if err != nil {
		return none, err
	}
	c.keep(q, v)
	return v, nil
}

func lookup[T any](c *Cached, q question) (T, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k, found := c.kept[q]
	v, typed := k.answer.(T)
	return v, found && typed && c.service.now().Sub(k.made) < c.age
}

// keep stores an answer and drops old ones, all of them when too many are young.
func (c *Cached) keep(q question, v any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.service.now()
	for old, k := range c.kept {
		if now.Sub(k.made) >= c.age || len(c.kept) >= maxKept {
			delete(c.kept, old)
		}
	}
	c.kept[q] = kept{answer: v, made: now}
}
