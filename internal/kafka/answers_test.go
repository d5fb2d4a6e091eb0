package kafka

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	fetchapi "github.com/segmentio/kafka-go/protocol/fetch"
	"github.com/segmentio/kafka-go/protocol/metadata"
	"github.com/twmb/franz-go/pkg/kfake"
)

// TestAnAnswerThatDoesNotFitIsNoEmptyOne: taken for empty, a broken answer would
// look like a quiet topic for ever.
func TestAnAnswerThatDoesNotFitIsNoEmptyOne(t *testing.T) {
	part := fetchapi.ResponsePartition{Partition: 3, HighWatermark: 7}
	topic := func(parts ...fetchapi.ResponsePartition) []fetchapi.ResponseTopic {
		return []fetchapi.ResponseTopic{{Topic: "t", Partitions: parts}}
	}
	failed := part
	failed.ErrorCode = int16(kafka.NotLeaderForPartition)
	for name, tc := range map[string]struct {
		answer kafka.Response
		want   error
		text   string
	}{
		"another request's":  {&metadata.Response{}, nil, "the broker answers with a"},
		"a failed session":   {&fetchapi.Response{ErrorCode: int16(kafka.FetchSessionIDNotFound)}, kafka.FetchSessionIDNotFound, ""},
		"of no topic":        {&fetchapi.Response{}, nil, "does not answer for the partition"},
		"of no partition":    {&fetchapi.Response{Topics: topic()}, nil, "does not answer for the partition"},
		"of two partitions":  {&fetchapi.Response{Topics: topic(part, part)}, nil, "does not answer for the partition"},
		"of a failed leader": {&fetchapi.Response{Topics: topic(failed)}, kafka.NotLeaderForPartition, ""},
	} {
		got, err := onlyPartition(tc.answer)
		if err == nil || tc.want != nil && !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.text) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if got, err := onlyPartition(&fetchapi.Response{Topics: topic(part)}); err != nil || got.HighWatermark != 7 {
		t.Errorf("a whole answer: %+v, %v", got, err)
	}
}

// complaints keeps the levels of what is logged.
type complaints struct{ levels []slog.Level }

func (c *complaints) Enabled(context.Context, slog.Level) bool { return true }
func (c *complaints) WithAttrs([]slog.Attr) slog.Handler       { return c }
func (c *complaints) WithGroup(string) slog.Handler            { return c }

func (c *complaints) Handle(_ context.Context, r slog.Record) error {
	c.levels = append(c.levels, r.Level)
	return nil
}

func TestTheEmbeddedBrokersChatterIsNotLogged(t *testing.T) {
	kept := &complaints{}
	log := brokerLog{slog.New(kept)}
	for _, level := range []kfake.LogLevel{kfake.LogLevelDebug, kfake.LogLevelInfo, kfake.LogLevelWarn, kfake.LogLevelError} {
		log.Logf(level, "request %d", 7)
	}
	if len(kept.levels) != 2 || kept.levels[0] != slog.LevelDebug || kept.levels[1] != slog.LevelError {
		t.Errorf("logged at %v", kept.levels)
	}
}

func TestADirectoryThatCannotBeUsedIsNamedAndAFailedStartLetsItGo(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := NewEmbedded(EmbeddedConfig{Listen: "127.0.0.1:0", DataDir: file}, quiet()).Start(t.Context()); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a file for a directory: %v", err)
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "lock"), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := NewEmbedded(EmbeddedConfig{Listen: "127.0.0.1:0", DataDir: dir}, quiet()).Start(t.Context()); err == nil || !strings.Contains(err.Error(), "lock") {
		t.Errorf("a lock that is a directory: %v", err)
	}
	first := startEmbedded(t, EmbeddedConfig{Listen: "127.0.0.1:0"})
	free := EmbeddedConfig{Listen: first.Brokers()[0], DataDir: t.TempDir()}
	if err := NewEmbedded(free, quiet()).Start(t.Context()); err == nil {
		t.Fatal("two brokers share an address")
	}
	free.Listen = "127.0.0.1:0"
	startEmbedded(t, free) // The failed start must not hold the directory.
	NewEmbedded(free, quiet()).Close()
}

func TestBoundsFollowWhatThePartitionHolds(t *testing.T) {
	onBothBrokers(t, func(t *testing.T, c *Client) {
		ensure(t, c, TopicPlan{Partitions: 1, Replication: 1})
		topic := c.Config().Topics.Changes
		for _, held := range []int64{0, 3} {
			if held > 0 {
				write(t, c, numbered(c, 0, int(held))...)
			}
			first, end, err := c.Fetcher().Bounds(t.Context(), topic, 0)
			// A partition that was made a moment ago may still choose its leader.
			for limit := time.Now().Add(2 * time.Minute); errors.Is(err, kafka.NotLeaderForPartition) && time.Now().Before(limit); time.Sleep(100 * time.Millisecond) {
				first, end, err = c.Fetcher().Bounds(t.Context(), topic, 0)
			}
			if err != nil || first != 0 || end != held {
				t.Errorf("%d to %d, %v; want 0 to %d", first, end, err, held)
			}
		}
		if _, _, err := c.Fetcher().Bounds(t.Context(), topic, 9); err == nil {
			t.Error("a partition that is not there has bounds")
		}
	})
}
