package app

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
)

func TestTheServiceEndsWithItsContextOrWithAPartThatFails(t *testing.T) {
	cfg := rig(t, map[string]string{"roles": "correlate", "log.format": "json"})
	ctx, cancel := context.WithCancel(t.Context())
	var logs lockedText
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, cfg, &logs) }()
	defer cancel()
	soon(t, "start", func() bool { return strings.Contains(logs.String(), `"msg":"the service is up","roles":["correlate"]`) })
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("told to stop: %v", err)
	}
	if !strings.Contains(logs.String(), `"msg":"stopping"`) {
		t.Errorf("logs %s", logs.String())
	}
	s, j := startRig(t, cfg)
	s.run(t.Context(), "ingest", func(context.Context) error { return errors.New("the group is gone") })
	if err := s.wait(t.Context()); !errors.Is(err, ErrDependency) || err.Error() != "ingest: the group is gone" {
		t.Errorf("a part failed: %v", err)
	}
	if err := s.stop(t.Context()); err == nil || !strings.Contains(err.Error(), "the group is gone") || j.stopped[len(j.stopped)-1] != "store" {
		t.Errorf("%v, stopped %v", err, j.stopped)
	}
}

// lockedText is written by a service and read by its test.
type lockedText struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lockedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Who ends the service while it starts, as a supervisor does that changes its mind,
// has asked for just that: no failure, and no exit code that wakes anybody.
func TestEndingTheServiceBeforeItIsUpIsNoFailure(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var logs lockedText
	if err := Serve(ctx, rig(t, map[string]string{"roles": "correlate", "log.format": "json"}), &logs); err != nil {
		t.Errorf("ended with %v, want no error", err)
	}
	if text := logs.String(); !strings.Contains(text, `"msg":"stopped before the service was up"`) || strings.Contains(text, `"the service is up"`) {
		t.Errorf("logs %s", text)
	}
	late, stop := context.WithCancel(t.Context())
	stop()
	if err := Serve(late, rig(t, map[string]string{"correlate.weights_file": "/missing/weights.json", "clickhouse.dsn": "http://127.0.0.1:1/faultline"}), &logs); err != nil {
		t.Errorf("a server that does not answer is no matter once ended: %v", err)
	}
}
