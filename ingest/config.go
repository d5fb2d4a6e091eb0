package ingest

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/faultline/faultline/internal/event"
)

// Config says how messages are gathered into inserts. The zero value is not
// usable; start from DefaultConfig.
type Config struct {
	Topics Topics
	// A batch is inserted when it has BatchRows rows or BatchBytes bytes of
	// messages, or when its first message has waited for the age of its topic.
	BatchRows, BatchBytes            int
	ChangeAge, AlertAge, TopologyAge time.Duration
	// BufferBytes bounds the messages of all topics that are held in memory,
	// counted as they stood in Kafka; decoded they take about three times as
	// much. A full buffer stops fetching.
	BufferBytes int
	// FetchBytes bounds what one fetch of one partition brings. A single larger
	// message still comes, since it could never be passed otherwise.
	FetchBytes int
	// Inserts is how many batches of a topic are on their way into the store at
	// a time. They are committed in order all the same. For the same memory, one
	// large insert costs less processor time than two of half its size: an insert
	// makes some forty files. A store that is far away may want more.
	Inserts int
	// Decoders is the number of messages' runs that are decoded in parallel.
	Decoders int
	// InsertTimeout bounds one attempt to insert, RetryMin and RetryMax the
	// pause between two attempts. Attempts go on until the store answers.
	InsertTimeout, RetryMin, RetryMax time.Duration
	// DrainTimeout bounds the inserts and commits that are still made when
	// partitions are taken away or the consumer stops. What is not done by then
	// is delivered again, to this process or another.
	DrainTimeout time.Duration
	// StopTimeout bounds the whole stop, leaving the group included.
	StopTimeout time.Duration
	// StallAfter is how long work may stand still before the partitions are
	// given back, so that a stuck process does not keep them for ever.
	StallAfter time.Duration
}

// Topics names the topics. All differ.
type Topics struct {
	Changes, Alerts, Topology string
	DeadLetter                string
}

// DefaultConfig returns the settings for a process of at most 400 MB.
func DefaultConfig() Config {
	return Config{
		Topics: Topics{
			Changes: "faultline.changes", Alerts: "faultline.alerts",
			Topology: "faultline.topology", DeadLetter: "faultline.dead-letter",
		},
		BatchRows: 10_000, BatchBytes: 12 << 20,
		ChangeAge: 250 * time.Millisecond, AlertAge: 50 * time.Millisecond, TopologyAge: time.Second,
		BufferBytes: 28 << 20, FetchBytes: 1 << 20,
		Inserts:       1,
		Decoders:      runtime.GOMAXPROCS(0),
		InsertTimeout: 30 * time.Second, RetryMin: 100 * time.Millisecond, RetryMax: 10 * time.Second,
		DrainTimeout: 8 * time.Second, StopTimeout: 15 * time.Second,
		StallAfter: 2 * time.Minute,
	}
}

// Validate names the first setting that cannot work.
func (c *Config) Validate() error {
	for _, n := range []struct {
		name  string
		value int
	}{
		{"batch rows", c.BatchRows},
		{"batch bytes", c.BatchBytes},
		{"buffer bytes", c.BufferBytes},
		{"fetch bytes", c.FetchBytes},
		{"inserts", c.Inserts},
		{"decoders", c.Decoders},
	} {
		if n.value <= 0 {
			return fmt.Errorf("%s: %d is not greater than zero", n.name, n.value)
		}
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"change age", c.ChangeAge},
		{"alert age", c.AlertAge},
		{"topology age", c.TopologyAge},
		{"insert timeout", c.InsertTimeout},
		{"least retry pause", c.RetryMin},
		{"drain timeout", c.DrainTimeout},
		{"stop timeout", c.StopTimeout},
		{"stall limit", c.StallAfter},
	} {
		if d.value <= 0 {
			return fmt.Errorf("%s: %s is not greater than zero", d.name, d.value)
		}
	}
	if c.RetryMax < c.RetryMin {
		return errors.New("greatest retry pause: is less than the least one")
	}
	return c.Topics.validate()
}

func (t Topics) validate() error {
	seen := map[string]bool{}
	for _, name := range []string{t.Changes, t.Alerts, t.Topology, t.DeadLetter} {
		if name == "" || seen[name] {
			return fmt.Errorf("topics: %q is empty or named twice; name four different topics", name)
		}
		seen[name] = true
	}
	return nil
}

// laneConfig is what differs between the input topics.
type laneConfig struct {
	topic  string
	kind   event.Kind
	age    time.Duration
	buffer int
}

// lanes splits the settings by topic. Changes, which come in floods, get most
// of the buffer; alerts and snapshots have a share that a flood cannot take.
func (c *Config) lanes() []laneConfig {
	small := c.BufferBytes / 6
	return []laneConfig{
		{c.Topics.Changes, event.KindChange, c.ChangeAge, c.BufferBytes - 2*small},
		{c.Topics.Alerts, event.KindAlert, c.AlertAge, small},
		{c.Topics.Topology, event.KindTopology, c.TopologyAge, small},
	}
}
