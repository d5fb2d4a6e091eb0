package clickhouse_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/faultline/faultline/internal/clickhouse"
	"github.com/faultline/faultline/internal/event"
	"github.com/faultline/faultline/internal/query"
)

func TestDeadLettersAreListedOnceAndFoundByTheirPlace(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		letters := []event.DeadLetter{
			{Origin: event.Origin{Topic: "alerts", Partition: 1, Offset: 5}, Value: []byte("it's \"broken\"\n"), Format: "grafana", Reason: "no labels", At: noon, Headers: map[string]string{"a": "b"}},
			{Origin: event.Origin{Topic: "alerts", Partition: 1, Offset: 6}, Value: []byte("{"), Reason: "not JSON", At: noon.Add(time.Minute)},
		}
		for range 2 {
			if err := s.InsertDeadLetters(t.Context(), letters); err != nil {
				t.Fatal(err)
			}
		}
		all, err := s.DeadLetters(t.Context(), 10)
		if err != nil || len(all) != 2 || all[0].Offset != 6 || all[1].Value != "it's \"broken\"\n" || all[1].Headers["a"] != "b" || all[1].Format != "grafana" {
			t.Fatalf("%+v, %v", all, err)
		}
		if few, err := s.DeadLetters(t.Context(), 1); err != nil || len(few) != 1 {
			t.Errorf("%+v, %v", few, err)
		}
		one, err := s.DeadLetter(t.Context(), all[1].LetterPlace)
		if err != nil || one.Reason != "no labels" || !one.At.Equal(noon) {
			t.Errorf("%+v, %v", one, err)
		}
		if _, err := s.DeadLetter(t.Context(), query.LetterPlace{Topic: "alerts", Partition: 1, Offset: 5, Digest: 1}); !errors.Is(err, query.ErrNotFound) {
			t.Errorf("another message at the place: %v", err)
		}
	})
}

// TestAListOfDeadLettersHoldsTheirBeginningsOnly stores messages whose bodies,
// which an answer would otherwise hold all at once, are large.
func TestAListOfDeadLettersHoldsTheirBeginningsOnly(t *testing.T) {
	s := migratedStore(t)
	const size = 3 << 20
	body := append(bytes.Repeat([]byte("x"), size-1), '!')
	letters := make([]event.DeadLetter, 20)
	for i := range letters {
		letters[i] = event.DeadLetter{Origin: event.Origin{Topic: "changes", Offset: int64(i)}, Value: body, Reason: "too much", At: noon.Add(time.Duration(i) * time.Second)}
	}
	if err := s.InsertDeadLetters(t.Context(), letters); err != nil {
		t.Fatal(err)
	}
	all, err := s.DeadLetters(t.Context(), 10)
	if err != nil || len(all) != 10 || all[0].Offset != 19 {
		t.Fatalf("%d letters, %v", len(all), err)
	}
	for i := range all {
		if len(all[i].Value) > 64<<10 || all[i].Bytes != size {
			t.Fatalf("the list holds %d bytes of a letter and says that it has %d", len(all[i].Value), all[i].Bytes)
		}
	}
	one, err := s.DeadLetter(t.Context(), all[0].LetterPlace)
	if err != nil || one.Value != string(body) || one.Bytes != size {
		t.Errorf("by its place: %d bytes, %v", len(one.Value), err)
	}
}
