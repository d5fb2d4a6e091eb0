package notify

import (
	"context"
	"fmt"
	"log/slog"
	"maps"

	"github.com/faultline/faultline/internal/query"
)

// maxLost bounds how much undelivered news is looked at.
const maxLost = 1000

// maxReasonRunes bounds what is kept of the reason.
const maxReasonRunes = 500

// lose keeps that the target could not be told of an incident. It is remembered
// only once it is written: a reading that does not list it began before that.
func (q *queue) lose(ctx context.Context, incident string, attempts int, cause error) {
	q.keep(ctx, query.NoticeWord{
		Target: q.target.Name(), Incident: incident, At: q.owner.deps.Now().UTC(), State: query.NoticeGivenUp, Attempts: attempts, Reason: clip(cause.Error(), maxReasonRunes),
	})
	q.mu.Lock()
	defer q.mu.Unlock()
	q.lost[incident] = q.readings
}

// found keeps that nothing is left to tell of an incident that was lost before.
func (q *queue) found(ctx context.Context, incident string) {
	q.mu.Lock()
	_, lost := q.lost[incident]
	delete(q.lost, incident)
	q.mu.Unlock()
	if lost {
		q.keep(ctx, query.NoticeWord{Target: q.target.Name(), Incident: incident, At: q.owner.deps.Now().UTC(), State: query.NoticeDelivered})
	}
}

// keep writes a word down. The end of ctx, which may be why nothing could be
// told, does not stop it.
func (q *queue) keep(ctx context.Context, w query.NoticeWord) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), q.owner.cfg.Timeout)
	defer cancel()
	if err := q.owner.deps.Lost.SaveNoticeWord(ctx, w); err != nil {
		q.owner.deps.Log.ErrorContext(ctx, "what became of a notification could not be kept", slog.String("target", w.Target), slog.String("incident", w.Incident),
			slog.String("state", string(w.State)), slog.Any("error", err))
	}
}

// resume counts what could not be told, makes what people asked for wait for
// another attempt, and forgets what is no longer undelivered.
func (n *Notifier) resume(ctx context.Context) error {
	for _, q := range n.queues {
		q.reading()
	}
	lost, err := n.deps.Lost.Undelivered(ctx, maxLost)
	if err != nil {
		return fmt.Errorf("read what could not be told: %w", err)
	}
	counts := map[string]int{}
	for _, q := range n.queues {
		counts[q.target.Name()] = 0
	}
	for i := range lost {
		counts[lost[i].Target]++
	}
	for _, q := range n.queues {
		for i := range lost {
			if lost[i].Target == q.target.Name() {
				q.knows(ctx, &lost[i])
			}
		}
		q.settle()
	}
	for target, count := range counts {
		n.lost.WithLabelValues(target).Set(float64(count))
	}
	return nil
}

// reading tells that the store is about to be asked what was lost.
func (q *queue) reading() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.readings++
}

// knows takes over what the store has of news that was lost, before a restart
// perhaps, and makes it wait when a person asked for it. An incident waits once,
// so asking about one that is being tried changes nothing.
func (q *queue) knows(ctx context.Context, u *query.Undelivered) {
	q.mu.Lock()
	q.lost[u.Incident] = q.readings
	q.mu.Unlock()
	if u.State == query.NoticeAsked {
		q.wait(ctx, u.Incident, pending{asked: true})
	}
}

// settle forgets the incidents that were known as lost before the reading and
// are not in it: a person dismissed them, or more than maxLost are newer.
func (q *queue) settle() {
	q.mu.Lock()
	defer q.mu.Unlock()
	maps.DeleteFunc(q.lost, func(_ string, known int) bool { return known < q.readings })
}
