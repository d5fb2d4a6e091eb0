package notify

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/faultline/faultline/internal/query"
)

// maxLost bounds how much undelivered news is looked at.
const maxLost = 1000

// maxReasonRunes bounds what is kept of the reason.
const maxReasonRunes = 500

// lose keeps that the target could not be told of an incident.
func (q *queue) lose(ctx context.Context, incident string, attempts int, cause error) {
	q.mu.Lock()
	q.lost[incident] = true
	q.mu.Unlock()
	q.keep(ctx, query.NoticeWord{
		Target: q.target.Name(), Incident: incident, At: q.owner.deps.Now().UTC(), State: query.NoticeGivenUp, Attempts: attempts, Reason: clip(cause.Error(), maxReasonRunes),
	})
}

// found keeps that nothing is left to tell of an incident that was lost before.
func (q *queue) found(ctx context.Context, incident string) {
	q.mu.Lock()
	lost := q.lost[incident]
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

// resume counts what could not be told, and makes what people asked for wait
// for another attempt.
func (n *Notifier) resume(ctx context.Context) error {
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
		for _, q := range n.queues {
			if q.target.Name() == lost[i].Target {
				q.knows(ctx, &lost[i])
			}
		}
	}
	for target, count := range counts {
		n.lost.WithLabelValues(target).Set(float64(count))
	}
	return nil
}

// knows takes over what the store has of news that was lost, before a restart
// perhaps, and makes it wait when a person asked for it. An incident waits once,
// so asking about one that is being tried changes nothing.
func (q *queue) knows(ctx context.Context, u *query.Undelivered) {
	q.mu.Lock()
	q.lost[u.Incident] = true
	q.mu.Unlock()
	if u.State == query.NoticeAsked {
		q.wait(ctx, u.Incident, pending{asked: true})
	}
}
