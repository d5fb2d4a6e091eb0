package ingest

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/segmentio/kafka-go"

	"github.com/faultline/faultline/internal/event"
)

func containsText(text, part string) bool { return strings.Contains(text, part) }

func headersOf(m kafka.Message) map[string]string {
	all := map[string]string{}
	for _, h := range m.Headers {
		all[h.Key] = string(h.Value)
	}
	return all
}

func TestPoisonMessageGoesToTheDeadLettersAndThePartitionGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.log.produce("changes", 0, "before", "poison", "after")
		r.start(zero)
		time.Sleep(time.Second)
		synctest.Wait()
		r.wantStored("before", "after")
		r.wantCommitted(zero, 3)
		written := r.writer.all()
		if len(written) != 1 {
			t.Fatalf("%d messages in the dead-letter topic, want 1", len(written))
		}
		if m := written[0]; m.Topic != "dead" || string(m.Value) != "poison" || string(m.Key) != "key of poison" {
			t.Fatalf("the dead letter is %+v, want the message byte for byte", m)
		}
		want := map[string]string{
			"error": "the document is not JSON; send JSON", "original-topic": "changes",
			"original-partition": "0", "original-offset": "1", "trace": "t-poi",
		}
		if diff := cmp.Diff(want, headersOf(written[0])); diff != "" {
			t.Fatalf("headers (-want +got):\n%s", diff)
		}
		if l := r.store.letters; len(l) != 1 || string(l[0].Value) != "poison" ||
			l[0].Origin != (event.Origin{Topic: "changes", Partition: 0, Offset: 1}) {
			t.Fatalf("the table of dead letters holds %+v", l)
		}
		if got := r.figure("dead_letters_total", "changes"); got != 1 {
			t.Fatalf("%v dead letters are counted", got)
		}
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestBadElementOfAnArrayDoesNotTakeItsNeighboursAlong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.log.produce("changes", 0, "one|bad-2|three|bad-4")
		r.start(zero)
		time.Sleep(time.Second)
		synctest.Wait()
		r.wantStored("one", "three")
		written := r.writer.all()
		if len(written) != 1 || string(written[0].Value) != "one|bad-2|three|bad-4" {
			t.Fatalf("dead letters: %v, want the whole message", written)
		}
		if got, want := headersOf(written[0])["error"], "element 2: id: is bad-2; element 4: id: is bad-4"; got != want {
			t.Fatalf("the reason is %q, want %q", got, want)
		}
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestRefusedRowIsFoundAndTheRestIsStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		ids := series("c", 100)
		r.store.refuses = func(id string) bool { return id == ids[37] || id == ids[38] || id == ids[99] }
		r.log.produce("changes", 0, ids...)
		r.start(zero)
		time.Sleep(time.Second)
		synctest.Wait()
		var good []string
		for i, id := range ids {
			if i != 37 && i != 38 && i != 99 {
				good = append(good, id)
			}
		}
		r.wantStored(good...)
		r.wantCommitted(zero, 100)
		written := r.writer.all()
		if len(written) != 3 || string(written[0].Value) != ids[37] || string(written[2].Value) != ids[99] {
			t.Fatalf("dead letters: %v", written)
		}
		if got := headersOf(written[0])["error"]; !strings.Contains(got, "code 252") {
			t.Fatalf("the reason is %q, want what the store said", got)
		}
		if r.store.inserts > 40 {
			t.Fatalf("%d inserts to find 3 rows of 100", r.store.inserts)
		}
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestRefusedElementIsNamedInItsMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.store.refuses = func(id string) bool { return id == "two" }
		r.log.produce("alerts", 3, "one|two|three")
		r.start(place{"alerts", 3})
		time.Sleep(time.Second)
		synctest.Wait()
		r.wantStored("one", "three")
		written := r.writer.all()
		if len(written) != 1 || string(written[0].Value) != "one|two|three" {
			t.Fatalf("dead letters: %v, want the whole message", written)
		}
		if got := headersOf(written[0])["error"]; !strings.Contains(got, `the element begins "two"`) {
			t.Fatalf("the reason is %q, want that it names the element", got)
		}
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestOffsetDoesNotPassADeadLetterThatIsNotAcknowledged(t *testing.T) {
	for name, breakIt := range map[string]func(*rig){
		"topic": func(r *rig) { r.writer.errs = make([]error, 5); fill(r.writer.errs, kafka.LeaderNotAvailable) },
		"table": func(r *rig) { r.store.down = errStoreDown },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, nil)
				breakIt(r)
				r.log.produce("changes", 0, "poison")
				r.start(zero)
				time.Sleep(400 * time.Millisecond)
				synctest.Wait()
				if r.group.commits > 0 {
					t.Fatal("the offset was committed before the dead letter was safe")
				}
				r.store.set(func(s *fakeStore) { s.down = nil })
				time.Sleep(time.Minute)
				synctest.Wait()
				r.wantCommitted(zero, 1)
				if len(r.writer.all()) != 1 || len(r.store.letters) != 1 {
					t.Fatalf("%d in the topic, %d in the table; want one each", len(r.writer.all()), len(r.store.letters))
				}
				if err := r.stop(); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}

func fill(errs []error, with error) {
	for i := range errs {
		errs[i] = with
	}
}

func TestOnlyUnwrittenDeadLettersAreWrittenAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.writer.errs = []error{kafka.WriteErrors{nil, kafka.RequestTimedOut}}
		r.log.produce("changes", 0, "bad-1", "bad-2")
		r.start(zero)
		time.Sleep(time.Minute)
		synctest.Wait()
		written := r.writer.all()
		if len(written) != 1 || string(written[0].Value) != "bad-2" {
			t.Fatalf("written again: %v, want the second alone", written)
		}
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestDeadLetterTooLargeForTheTopicIsInTheTable(t *testing.T) {
	for name, refusal := range map[string]error{
		"client":        kafka.MessageTooLargeError{},
		"broker":        kafka.WriteErrors{kafka.MessageSizeTooLarge},
		"authorization": kafka.TopicAuthorizationFailed,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, nil)
				r.writer.errs = []error{refusal}
				r.log.produce("changes", 0, "poison", "after")
				r.start(zero)
				time.Sleep(time.Minute)
				synctest.Wait()
				r.wantStored("after")
				r.wantCommitted(zero, 2)
				if len(r.store.letters) != 1 || string(r.store.letters[0].Value) != "poison" {
					t.Fatalf("the table holds %v, want the message", r.store.letters)
				}
				if r.figure("errors_total", "dead_letter") != 1 {
					t.Fatal("the refusal of the topic is not counted")
				}
				if err := r.stop(); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}

func TestHeaderOfTheSenderDoesNotHideOurs(t *testing.T) {
	d := deadLetters{topic: "dead"}
	m := d.message(&event.DeadLetter{
		Reason: "ours", Origin: event.Origin{Topic: "changes"},
		Headers: map[string]string{"error": "theirs", "original-topic": "theirs", "kept": "yes"},
	})
	got := headersOf(m)
	if got["error"] != "ours" || got["original-topic"] != "changes" || got["kept"] != "yes" || len(m.Headers) != 5 {
		t.Fatalf("headers: %v", got)
	}
}

func TestReasonIsBounded(t *testing.T) {
	var many []event.Rejection
	for i := range 10_000 {
		many = append(many, event.Rejection{Line: i, Err: &event.FieldError{Problem: "is wrong"}})
	}
	l := newDeadLetter(&kafka.Message{}, "", rejectionReason(many, false), time.Now())
	if len(l.Reason) > maxReason+3 {
		t.Fatalf("the reason has %d bytes", len(l.Reason))
	}
}

func TestErrorOfManyMessagesIsBrief(t *testing.T) {
	many := make(kafka.WriteErrors, 10_000)
	fill(many[1:], kafka.NotLeaderForPartition)
	got := brief(many)
	if !errors.Is(got, kafka.NotLeaderForPartition) || len(got.Error()) > 400 || !strings.HasPrefix(got.Error(), "9999 of 10000") {
		t.Fatalf("brief = %v", got)
	}
	if got := brief(errStoreDown); !errors.Is(got, errStoreDown) {
		t.Fatalf("brief = %v, want the error as it was", got)
	}
}

func TestPermanentErrorsAreToldFromPassingOnes(t *testing.T) {
	for _, err := range []error{kafka.LeaderNotAvailable, kafka.RequestTimedOut, errors.New("connection reset"), kafka.UnknownTopicOrPartition} {
		if permanent(err) {
			t.Errorf("%v is taken for permanent", err)
		}
	}
	for _, err := range []error{kafka.MessageSizeTooLarge, kafka.TopicAuthorizationFailed, kafka.InvalidTopic} {
		if !permanent(err) {
			t.Errorf("%v is taken for passing", err)
		}
	}
}
