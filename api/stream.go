package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
)

const (
	streamPath  = "/v1/stream"
	streamMedia = "text/event-stream"
	// streamRetry is how long a client waits before it comes back, in
	// milliseconds.
	streamRetry = 3000
)

type streamInput struct {
	LastEventID string `header:"Last-Event-ID" maxLength:"300" doc:"Id of the last event that the client has seen; what came after it is sent first." example:"1777888800000-inc-7f3a-r12"`
}

// streamReply writes itself.
type streamReply struct {
	Body func(huma.Context)
}

func (s *Server) routeStream() {
	register(s, route{
		method: http.MethodGet, path: streamPath, id: "stream", tag: tagIncidents, access: accessRead, endless: true, media: streamMedia,
		summary: "Follow incidents and findings",
		about: "Server-sent events. `incident.updated` carries an IncidentUpdated, `finding.created` a FindingCreated, `verdict.created` a VerdictCreated, `proposal.changed` a ProposalChanged, `commander.changed` a CommanderChanged; none carries the thing itself. " +
			"After a disconnect send `Last-Event-ID`: what was missed comes first. An event may come twice, so compare revisions and versions. " +
			"`reset` means that too much was missed to be replayed: load the lists anew. A client that reads too slowly is disconnected. " +
			"Silence is broken by a comment line every 15 seconds.",
		example:  exampleStream,
		problems: []problemType{invalidParameter, tooManyStreams},
	}, s.stream)
}

func (s *Server) stream(ctx context.Context, in *streamInput) (*streamReply, error) {
	sub, err := s.hub.join(ctx, in.LastEventID)
	switch {
	case errors.Is(err, errStreamsFull):
		return nil, tooManyStreams.with(fmt.Sprintf("%d streams are open", s.cfg.Stream.MaxClients)).retryAfter(s.cfg.Stream.Heartbeat)
	case errors.Is(err, errStreamsOver):
		return nil, tooManyStreams.with("the server is stopping").retryAfter(time.Second)
	case err != nil:
		// The hub has logged the reason.
		return nil, storeUnavailable.with("updates cannot be read now; try again").retryAfter(storePause)
	}
	return &streamReply{Body: func(hc huma.Context) {
		defer s.hub.leave(sub)
		c := humagin.Unwrap(hc)
		w := &streamWriter{w: c.Writer, control: http.NewResponseController(c.Writer), timeout: s.cfg.Stream.WriteTimeout}
		s.follow(ctx, w, sub)
	}}, nil
}

// follow writes a client's events until either side ends.
func (s *Server) follow(ctx context.Context, w *streamWriter, sub *subscriber) {
	ctx, cancel := untilExpiry(ctx)
	defer cancel()
	if err := w.begin(sub.backlog); err != nil {
		return
	}
	heartbeat := time.NewTicker(s.cfg.Stream.Heartbeat)
	defer heartbeat.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case e, open := <-sub.events:
			if !open {
				return
			}
			err = w.event(e)
		case <-heartbeat.C:
			err = w.write(": still here\n\n")
		}
		if err != nil {
			return
		}
	}
}

// untilExpiry ends a stream together with the token that opened it.
func untilExpiry(ctx context.Context) (context.Context, context.CancelFunc) {
	if who := requestOf(ctx).caller; who != nil && !who.ExpiresAt.IsZero() {
		return context.WithDeadline(ctx, who.ExpiresAt)
	}
	return context.WithCancel(ctx)
}

// streamWriter writes server-sent events, each within a time limit.
type streamWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
	timeout time.Duration
}

// begin sends the headers and what the client missed. It lifts the server's
// read timeout, which would cancel the request of a silent client.
func (w *streamWriter) begin(backlog []streamEvent) error {
	h := w.w.Header()
	h.Set("Content-Type", streamMedia)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	_ = w.control.SetReadDeadline(time.Time{})
	if err := w.write(fmt.Sprintf("retry: %d\n\n", streamRetry)); err != nil {
		return err
	}
	for _, e := range backlog {
		if err := w.event(e); err != nil {
			return err
		}
	}
	return nil
}

func (w *streamWriter) event(e streamEvent) error {
	return w.write("id: " + e.id + "\nevent: " + e.kind + "\ndata: " + string(e.data) + "\n\n")
}

// write sends text and flushes it. Deadlines are in the machine's time.
func (w *streamWriter) write(text string) error {
	if err := w.control.SetWriteDeadline(time.Now().Add(w.timeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return fmt.Errorf("limit a write to the stream: %w", err)
	}
	if _, err := w.w.Write([]byte(text)); err != nil {
		return fmt.Errorf("write to the stream: %w", err)
	}
	if err := w.control.Flush(); err != nil {
		return fmt.Errorf("flush the stream: %w", err)
	}
	return nil
}
