package ingest

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/faultline/faultline/correlate"
)

func TestDecoderThatPanicsMakesADeadLetter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.log.produce("changes", 0, "before", "panic", "after")
		r.start(zero)
		time.Sleep(time.Second)
		synctest.Wait()
		r.wantStored("after", "before")
		r.wantCommitted(zero, 3)
		written := r.writer.all()
		if len(written) != 1 || !strings.Contains(headersOf(written[0])["error"], "the decoder broke off: index out of range") {
			t.Fatalf("dead letters: %v", written)
		}
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
	})
}

// panicOn labels every change but one, on which it panics.
type panicOn string

// Label implements Labeller.
func (id panicOn) Label(c *correlate.Change) correlate.Provenance {
	if c.ID == string(id) {
		panic("no such rule")
	}
	return correlate.Provenance{Class: correlate.ProvenanceHuman}
}

func TestLabellerThatPanicsLosesNoChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.labeller = panicOn("two")
		r.log.produce("changes", 0, "one", "two", "three")
		r.start(zero)
		time.Sleep(time.Second)
		synctest.Wait()
		r.wantStored("one", "two", "three")
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestAbsurdClockOfAProducerIsNotBelieved(t *testing.T) {
	now := time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)
	good := time.Date(2026, 11, 20, 7, 0, 0, 123_000_000, time.FixedZone("", 3600))
	for _, c := range []struct{ recorded, want time.Time }{
		{good, good.UTC()},
		{time.UnixMilli(-1), now},
		{time.Unix(0, 0), now},
		{now.Add(5 * time.Minute), now.Add(5 * time.Minute)},
		{now.Add(time.Hour), now},
		{now.Add(48 * time.Hour), now},
		{time.UnixMilli(1 << 50), now},
	} {
		if got := arrival(c.recorded, now); !got.Equal(c.want) || got.Location() != time.UTC {
			t.Errorf("arrival(%s) = %s, want %s", c.recorded, got, c.want)
		}
	}
}

func TestHeadersAreFoundInAnyCase(t *testing.T) {
	header := kafkaHeader(&kafka.Message{Headers: []kafka.Header{
		{Key: "Faultline-Format", Value: []byte("github")}, {Key: "faultline-format", Value: []byte("second")},
	}})
	if got := header(HeaderFormat); got != "github" {
		t.Fatalf("header = %q, want the first", got)
	}
	if got := header("absent"); got != "" {
		t.Fatalf("an absent header is %q", got)
	}
}
