package api

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/faultline/faultline/internal/event"
)

// Config says how the API is served.
type Config struct {
	// Listen is the TCP address, as host:port. Port 0 picks a free one.
	Listen string
	// TLSCertFile and TLSKeyFile are PEM files; both empty means plain HTTP.
	TLSCertFile, TLSKeyFile string

	// Tokens may call the API. Without any, nobody can write.
	Tokens []Token
	// PublicRead lets anyone read without a token. Writes always need one.
	PublicRead bool
	// Blind says who must not see the part that AI had in the suspects of an
	// incident before its cause is decided.
	Blind Blinding
	// GrafanaURL is where the dashboards that ship are shown; pages lead there. It
	// is empty for none.
	GrafanaURL string
	// PrivateMetrics makes /metrics ask for a token that may read.
	PrivateMetrics bool
	// RatePerSecond and RateBurst bound the requests of each token. All
	// requests without a token share one such allowance.
	RatePerSecond float64
	RateBurst     int

	// MaxBodyBytes is the largest request body, MaxTopologyBytes that of
	// topology snapshots; BodyBudgetBytes bounds the sum of all bodies that are
	// being handled at one time, which bounds memory.
	MaxBodyBytes, MaxTopologyBytes, BodyBudgetBytes int64
	// Timeout bounds the handling of one request, BodyTimeout the reading of
	// its body, HeaderTimeout that of its header. Streams are exempt from the
	// first.
	Timeout, BodyTimeout, HeaderTimeout time.Duration
	// ShutdownTimeout is how long requests in flight may take to end.
	ShutdownTimeout time.Duration

	Stream StreamConfig
	// SessionSecret seals the sessions of the pages. Replicas must share it;
	// without one sessions end with the process. SessionLife is how long a
	// session lasts.
	SessionSecret string
	SessionLife   time.Duration
	// TopologyAge is how old the call graph behind service, blast-radius and gate
	// answers may be; a graph that is read quickly is younger.
	TopologyAge time.Duration
	// TimelineBefore is how far a timeline reaches back from the incident.
	TimelineBefore time.Duration
}

// StreamConfig bounds the event stream.
type StreamConfig struct {
	// PollInterval is the pause between two looks at the store, by one
	// goroutine for all clients, and only while there are clients.
	PollInterval time.Duration
	// Heartbeat is the pause after which a silent stream gets a comment line.
	Heartbeat time.Duration
	// WriteTimeout bounds one write to a client.
	WriteTimeout time.Duration
	// MaxClients is the number of streams open at one time.
	MaxClients int
	// Queue is how many events a client may lag behind before it is
	// disconnected. It resumes with Last-Event-ID.
	Queue int
	// MaxReplay and ReplayWindow bound how many events and how far back a
	// resumed stream replays. Beyond either it gets a reset event.
	MaxReplay    int
	ReplayWindow time.Duration
	// Overlap is how far behind the newest row each look starts again, so that
	// rows that become visible out of order are not missed.
	Overlap time.Duration
}

// DefaultConfig returns the settings of an API that is told nothing. It lets
// nobody write, since it has no tokens.
func DefaultConfig() Config {
	return Config{
		Listen: "127.0.0.1:8080", Blind: BlindJudges,
		RatePerSecond: 200, RateBurst: 400,
		MaxBodyBytes: 10 << 20, MaxTopologyBytes: event.MaxTopologyBytes, BodyBudgetBytes: 64 << 20,
		Timeout: 15 * time.Second, BodyTimeout: 30 * time.Second, HeaderTimeout: 10 * time.Second,
		ShutdownTimeout: 10 * time.Second,
		Stream: StreamConfig{
			PollInterval: 250 * time.Millisecond, Heartbeat: 15 * time.Second, WriteTimeout: 5 * time.Second,
			MaxClients: 256, Queue: 64, MaxReplay: 1000, ReplayWindow: 24 * time.Hour,
			Overlap: 2 * time.Second,
		},
		SessionLife:    12 * time.Hour,
		TopologyAge:    30 * time.Second,
		TimelineBefore: 24 * time.Hour,
	}
}

// Validate reports every setting that cannot be served with.
func (c *Config) Validate() error {
	var errs []error
	positive := func(name string, ok bool) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s must be positive", name))
		}
	}
	positive("rate per second", c.RatePerSecond > 0)
	positive("rate burst", c.RateBurst > 0)
	positive("max body bytes", c.MaxBodyBytes > 0)
	positive("max topology bytes", c.MaxTopologyBytes > 0)
	positive("timeouts", min(c.Timeout, c.BodyTimeout, c.HeaderTimeout, c.ShutdownTimeout) > 0)
	positive("stream intervals", min(c.Stream.PollInterval, c.Stream.Heartbeat, c.Stream.WriteTimeout) > 0)
	positive("stream limits", min(c.Stream.MaxClients, c.Stream.Queue, c.Stream.MaxReplay) > 0)
	positive("stream replay window", c.Stream.ReplayWindow > 0)
	positive("session life", c.SessionLife > 0)
	positive("topology age", c.TopologyAge > 0)
	positive("timeline reach", c.TimelineBefore > 0)
	if !slices.Contains(Blindings(), c.Blind) {
		errs = append(errs, fmt.Errorf("blinding %q is unknown; use one of %v", c.Blind, Blindings()))
	}
	if largest := max(c.MaxBodyBytes, c.MaxTopologyBytes); c.BodyBudgetBytes < largest {
		errs = append(errs, fmt.Errorf("the body budget of %d bytes is below the largest body of %d", c.BodyBudgetBytes, largest))
	}
	if (c.TLSCertFile == "") != (c.TLSKeyFile == "") {
		errs = append(errs, errors.New("TLS needs both a certificate file and a key file"))
	}
	return errors.Join(errs...)
}
