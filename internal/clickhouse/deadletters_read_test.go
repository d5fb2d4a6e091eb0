package clickhouse_test

import (
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
