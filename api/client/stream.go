package client

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Event is one event of the stream. Kind is incident.updated, finding.created
// or another that the API's description names; Data is its JSON.
type Event struct {
	ID, Kind string
	Data     []byte
}

// eventBytes bounds one line of the stream.
const eventBytes = 1 << 20

// Follow reads the event stream and hands on every event until ctx ends or
// handle fails, whose error it returns. It comes back after a break and resumes
// behind the last event; an event may come twice. Refusals such as a missing
// token end it with a *Problem.
func (f *Faultline) Follow(ctx context.Context, handle func(Event) error) error {
	last := ""
	for {
		err := f.followOnce(ctx, &last, handle)
		if err != nil {
			return err
		}
		if err := sleep(ctx, time.Second); err != nil {
			return err
		}
	}
}

// handled is an error of the reader's own, which ends the stream.
type handled struct{ error }

// followOnce reads one connection; nil means that it broke and may be tried
// again.
func (f *Faultline) followOnce(ctx context.Context, last *string, handle func(Event) error) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(f.sender.cfg.Server, "/")+"/v1/stream", nil)
	if err != nil {
		return fmt.Errorf("ask for the stream: %w", err)
	}
	if *last != "" {
		req.Header.Set("Last-Event-ID", *last)
	}
	f.sender.sign(req)
	response, err := f.sender.http.Do(req)
	if err != nil {
		return ctx.Err() // A server that is away may come back.
	}
	if response.StatusCode != http.StatusOK {
		problem := readProblem(response)
		if problem.Status >= 500 || problem.Status == http.StatusTooManyRequests {
			return nil
		}
		return problem
	}
	defer response.Body.Close() //nolint:errcheck // Only read.
	if err := readEvents(bufio.NewScanner(response.Body), last, handle); err != nil {
		return err
	}
	return ctx.Err()
}

// readEvents reads events as the HTML standard's event stream defines them.
func readEvents(lines *bufio.Scanner, last *string, handle func(Event) error) error {
	lines.Buffer(nil, eventBytes)
	var e Event
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch name {
		case "id":
			e.ID = value
		case "event":
			e.Kind = value
		case "data":
			if e.Data != nil {
				e.Data = append(e.Data, '\n')
			}
			e.Data = append(e.Data, value...)
		case "":
			if lines.Text() != "" || len(e.Data) == 0 {
				continue // A comment, or a pause without an event.
			}
			*last = e.ID
			if err := handle(e); err != nil {
				return handled{err}
			}
			e = Event{}
		}
	}
	return nil
}

// Unwrap is the reader's own error.
func (h handled) Unwrap() error { return h.error }
