package notify

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// queue tells one target. An incident waits in it once, however much happens to
// it meanwhile: what is told is its state when its turn comes.
type queue struct {
	target Target
	owner  *Notifier
	wake   chan struct{}

	mu      sync.Mutex
	pending map[string]*pending
	order   []string
	told    map[string]*Told
	// lost are the incidents of which the target could not be told, each with the
	// reading of the store at which that was last known; readings counts those.
	lost     map[string]int
	readings int
}

// pending is an incident that may have news for the target. Asked tells that a
// person wants it told, however long ago it was.
type pending struct {
	attempts int
	next     time.Time
	asked    bool
}

func newQueue(target Target, owner *Notifier) *queue {
	return &queue{target: target, owner: owner, wake: make(chan struct{}, 1), pending: map[string]*pending{}, told: map[string]*Told{}, lost: map[string]int{}}
}

// remember takes over what the ledger has of the target, the newest of each
// incident.
func (q *queue) remember(told []Told) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := range told {
		t := told[i]
		if before := q.told[t.Incident]; t.Target == q.target.Name() && (before == nil || t.At.After(before.At)) {
			q.told[t.Incident] = &t
		}
	}
}

// forget drops what the target was told before a moment.
func (q *queue) forget(before time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for incident, told := range q.told {
		if told.At.Before(before) {
			delete(q.told, incident)
		}
	}
}

// add makes an incident wait that may have news. The oldest is left out when too
// many wait, and kept where people see it.
func (q *queue) add(ctx context.Context, incident string) { q.wait(ctx, incident, pending{}) }

// wait makes an incident wait.
func (q *queue) wait(ctx context.Context, incident string, p pending) {
	if dropped := q.put(incident, p); dropped != "" {
		q.owner.sent.WithLabelValues(q.target.Name(), "dropped").Inc()
		q.owner.deps.Log.ErrorContext(ctx, "too many incidents wait to be told; the oldest is left out", slog.String("target", q.target.Name()), slog.String("incident", dropped))
		q.lose(ctx, dropped, 0, errors.New("too many incidents waited to be told"))
	}
}

// put makes an incident wait, once, and returns the one that had to go for it.
func (q *queue) put(incident string, p pending) (dropped string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if waits, known := q.pending[incident]; known {
		waits.asked = waits.asked || p.asked
		return ""
	}
	if len(q.order) >= q.owner.cfg.MaxPending {
		dropped = q.order[0]
		delete(q.pending, dropped)
		q.order = q.order[1:]
	}
	q.pending[incident] = &p
	q.order = append(q.order, incident)
	select {
	case q.wake <- struct{}{}:
	default:
	}
	return dropped
}

// work tells what is due until ctx ends.
func (q *queue) work(ctx context.Context) error {
	for {
		incident, wait := q.due(q.owner.deps.Now())
		if incident != "" {
			q.tell(ctx, incident)
			continue
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-q.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// due is the first incident whose turn has come, or how long until one's.
func (q *queue) due(now time.Time) (incident string, wait time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	wait = time.Minute
	for _, id := range q.order {
		next := q.pending[id].next
		if told := q.told[id]; told != nil && told.At.Add(q.owner.cfg.Quiet).After(next) {
			next = told.At.Add(q.owner.cfg.Quiet)
		}
		if !next.After(now) {
			return id, 0
		}
		wait = min(wait, next.Sub(now))
	}
	return "", wait
}

// tell tells the target what is new about an incident, if anything is.
func (q *queue) tell(ctx context.Context, incident string) {
	attempt, asked, before := q.begin(incident)
	current, err := q.attempt(ctx, incident, asked, before)
	switch {
	case err == nil && current:
		q.found(ctx, incident)
	case err == nil:
	case ctx.Err() != nil:
		q.wait(ctx, incident, pending{next: q.owner.deps.Now(), asked: asked})
	case attempt >= q.owner.cfg.Attempts || isFinal(err):
		q.owner.sent.WithLabelValues(q.target.Name(), "failed").Inc()
		q.owner.deps.Log.ErrorContext(ctx, "a notification is given up", slog.String("target", q.target.Name()), slog.String("incident", incident),
			slog.Int("attempts", attempt), slog.Any("error", err))
		q.lose(ctx, incident, attempt, err)
	default:
		pause := min(q.owner.cfg.FirstPause<<(attempt-1), q.owner.cfg.MaxPause)
		q.owner.deps.Log.WarnContext(ctx, "a notification failed and will be tried again", slog.String("target", q.target.Name()), slog.String("incident", incident),
			slog.Duration("in", pause), slog.Any("error", err))
		q.wait(ctx, incident, pending{attempts: attempt, next: q.owner.deps.Now().Add(pause), asked: asked})
	}
}

// begin takes an incident out of the queue.
func (q *queue) begin(incident string) (attempt int, asked bool, before *Told) {
	q.mu.Lock()
	defer q.mu.Unlock()
	attempt, asked = q.pending[incident].attempts+1, q.pending[incident].asked
	delete(q.pending, incident)
	for i, id := range q.order {
		if id == incident {
			q.order = append(q.order[:i:i], q.order[i+1:]...)
			break
		}
	}
	return attempt, asked, q.told[incident]
}

// attempt reads the news, tells it and keeps that it was told. Current tells
// that the target knows the state of the incident now.
func (q *queue) attempt(ctx context.Context, incident string, asked bool, before *Told) (current bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, q.owner.cfg.Timeout)
	defer cancel()
	news, err := q.owner.news(ctx, incident, asked)
	if err != nil {
		return false, err
	}
	if news == nil && asked {
		return false, finalError{errors.New("the incident is no longer stored")}
	}
	if news == nil {
		return false, nil
	}
	if news.Changes = changes(before, news); len(news.Changes) == 0 {
		return true, nil
	}
	thread := ""
	if before != nil {
		thread = before.Thread
	}
	if thread, err = q.target.Tell(ctx, news, thread); err != nil {
		return false, err
	}
	q.owner.sent.WithLabelValues(q.target.Name(), "sent").Inc()
	told := toldOf(news, q.target.Name(), thread, q.owner.deps.Now())
	q.mu.Lock()
	q.told[incident] = &told
	q.mu.Unlock()
	// What was sent stays sent: a ledger that cannot be written is only told.
	if err := q.owner.deps.Ledger.SaveTold(context.WithoutCancel(ctx), told); err != nil {
		q.owner.deps.Log.ErrorContext(ctx, "that a notification was sent could not be kept; after a restart it may be sent again",
			slog.String("target", q.target.Name()), slog.String("incident", incident), slog.Any("error", err))
	}
	return true, nil
}

// finalError is a refusal that another attempt would not change.
type finalError struct{ error }

// Unwrap is the refusal.
func (f finalError) Unwrap() error { return f.error }

func isFinal(err error) bool {
	var f finalError
	return errors.As(err, &f)
}
