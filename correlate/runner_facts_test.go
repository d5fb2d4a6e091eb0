package correlate

import (
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// bearing is a change beside an incident that starts at a moment, when it
// becomes known, and the versions of the finding that follow.
type bearing struct {
	name   string
	change func(start time.Time) (arrives time.Time, c *Change)
	want   []string
}

var bearings = []bearing{
	{
		"a candidate that was reported late",
		func(start time.Time) (time.Time, *Change) {
			return start.Add(30 * time.Second), deployOf("guilty", "cart", start.Add(-5*time.Minute))
		},
		[]string{"v01 at 0s", "v02 at 0s"},
	},
	{
		"a candidate on the service that the alerting one calls",
		func(start time.Time) (time.Time, *Change) {
			return start.Add(30 * time.Second), deployOf("guilty", "stock", start.Add(-5*time.Minute))
		},
		[]string{"v01 at 0s", "v02 at 0s"},
	},
	{
		"a change to everything in the environment",
		func(start time.Time) (time.Time, *Change) {
			c := deployOf("guilty", "", start.Add(-5*time.Minute))
			c.Services = nil
			return start.Add(30 * time.Second), c
		},
		[]string{"v01 at 0s", "v02 at 0s"},
	},
	{
		"a rollback, which moves the moment of judgement",
		func(start time.Time) (time.Time, *Change) {
			c := deployOf("undo", "cart", start.Add(20*time.Second))
			c.Kind, c.RollbackOf = KindRollback, "guilty"
			return start.Add(30 * time.Second), c
		},
		[]string{"v01 at 0s", "v02 at 20s"},
	},
	{
		"an old change that the sender saw only after the incident began",
		func(start time.Time) (time.Time, *Change) {
			c := deployOf("guilty", "cart", start.Add(-8*time.Hour))
			seen := start.Add(20 * time.Second)
			c.ObservedAt = &seen
			return start.Add(30 * time.Second), c
		},
		[]string{"v01 at 0s", "v02 at 0s"},
	},
	{
		"a change far away",
		func(start time.Time) (time.Time, *Change) {
			return start.Add(30 * time.Second), deployOf("routine", "ledger", start.Add(-5*time.Minute))
		},
		[]string{"v01 at 0s"},
	},
	{
		"a change to staging",
		func(start time.Time) (time.Time, *Change) {
			c := deployOf("trial", "cart", start.Add(-5*time.Minute))
			c.Environment = "staging"
			return start.Add(30 * time.Second), c
		},
		[]string{"v01 at 0s"},
	},
}

func TestChangesMakeVersionsWhenTheyBearOnTheIncident(t *testing.T) {
	for _, test := range bearings {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(nil)
				defer r.end()
				r.add(event{at: time.Now(), topology: topologyOf("cart", "stock", "invoice", "ledger")})
				time.Sleep(time.Second)
				start := time.Now()
				arrives, change := test.change(start)
				r.add(event{at: start, alert: firing("cart", start)}, event{at: arrives, change: change})
				time.Sleep(50 * time.Second)
				if diff := gocmp.Diff(test.want, r.versions(t, start)); diff != "" {
					t.Errorf("versions (-want +got):\n%s", diff)
				}
			})
		})
	}
}
