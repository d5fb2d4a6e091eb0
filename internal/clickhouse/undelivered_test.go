package clickhouse_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/internal/clickhouse"
	"github.com/faultline/faultline/internal/query"
)

func TestUndeliveredNewsWaitsUntilItIsDeliveredOrDismissed(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		step := 0
		say := func(target, incident string, state query.NoticeState, attempts int, reason, by string) {
			t.Helper()
			step++
			w := query.NoticeWord{Target: target, Incident: incident, At: noon.Add(time.Duration(step) * time.Second), State: state, Attempts: attempts, Reason: reason, By: by}
			if err := s.SaveNoticeWord(t.Context(), w); err != nil {
				t.Fatal(err)
			}
			time.Sleep(5 * time.Millisecond) // The words are ordered by the store's clock.
		}
		waiting := func(want ...query.Undelivered) {
			t.Helper()
			got, err := s.Undelivered(t.Context(), 10)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		}
		say("slack C1", "inc-d", query.NoticeGivenUp, 10, "it's \"gone\"", "")
		first := query.Undelivered{Target: "slack C1", Incident: "inc-d", State: query.NoticeGivenUp, GivenUpAt: noon.Add(time.Second), Attempts: 10, Reason: "it's \"gone\""}
		waiting(first)
		say("webhook x/y", "inc-d", query.NoticeGivenUp, 1, "refused", "")
		second := query.Undelivered{Target: "webhook x/y", Incident: "inc-d", State: query.NoticeGivenUp, GivenUpAt: noon.Add(2 * time.Second), Attempts: 1, Reason: "refused"}
		waiting(second, first)
		say("slack C1", "inc-d", query.NoticeAsked, 0, "", "ada")
		asked := first
		asked.State, asked.AskedBy = query.NoticeAsked, "ada"
		waiting(second, asked)
		say("slack C1", "inc-d", query.NoticeGivenUp, 20, "again", "")
		again := first
		again.GivenUpAt, again.Attempts, again.Reason = noon.Add(4*time.Second), 20, "again"
		waiting(again, second)
		say("slack C1", "inc-d", query.NoticeDelivered, 0, "", "")
		say("webhook x/y", "inc-d", query.NoticeDismissed, 0, "", "ada")
		waiting()
	})
}
