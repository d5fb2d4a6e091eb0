package eval

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
)

func TestUpdatesInACaseFoldIntoOneChange(t *testing.T) {
	begun, early, late, after := judgedAt.Add(-time.Hour), judgedAt.Add(-40*time.Minute), judgedAt.Add(-20*time.Minute), judgedAt.Add(time.Minute)
	said := func(title string, status correlate.ChangeStatus, observed *time.Time) correlate.Change {
		return correlate.Change{ID: "c", Source: "ci", Kind: correlate.KindDeploy, Title: title, Status: status, StartedAt: begun, ObservedAt: observed}
	}
	other := correlate.Change{ID: "c", Source: "flags", Kind: correlate.KindFeatureFlag, StartedAt: begun}
	for name, tt := range map[string]struct {
		statements []correlate.Change
		title      string
		status     correlate.ChangeStatus
	}{
		"in order":                     {[]correlate.Change{said("one", correlate.StatusInProgress, &early), said("two", correlate.StatusSucceeded, &late)}, "two", correlate.StatusSucceeded},
		"out of order":                 {[]correlate.Change{said("two", correlate.StatusSucceeded, &late), said("one", correlate.StatusInProgress, &early)}, "two", correlate.StatusSucceeded},
		"no times: as they arrived":    {[]correlate.Change{said("one", "", nil), said("two", "", nil)}, "two", ""},
		"the end is not taken back":    {[]correlate.Change{said("one", correlate.StatusSucceeded, &early), said("", correlate.StatusInProgress, &late)}, "one", correlate.StatusSucceeded},
		"said twice":                   {[]correlate.Change{said("one", "", &early), said("one", "", &early)}, "one", ""},
		"hindsight is not used":        {[]correlate.Change{said("one", "", &early), said("guilty", correlate.StatusFailed, &after)}, "one", ""},
		"hindsight first in the file":  {[]correlate.Change{said("guilty", correlate.StatusFailed, &after), said("one", "", &early)}, "one", ""},
		"after hindsight, without one": {[]correlate.Change{said("one", "", &early), said("guilty", "", &after), said("later", "", nil)}, "one", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := Record{At: judgedAt, Changes: append(tt.statements, other)}
			v := r.View(Parts{})
			if len(v.Changes) != 2 || v.Changes[1].Source != "flags" {
				t.Fatalf("changes %+v, want one of each source", v.Changes)
			}
			got := v.Changes[0]
			if diff := cmp.Diff([]string{tt.title, string(tt.status)}, []string{got.Title, string(got.Status)}); diff != "" {
				t.Errorf("title and status (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAChangeThatWasOnlyReportedLateIsKept(t *testing.T) {
	after := judgedAt.Add(time.Minute)
	r := Record{At: judgedAt, Changes: []correlate.Change{{ID: "c", Source: "ci", Kind: correlate.KindDeploy, StartedAt: judgedAt.Add(-time.Hour), ObservedAt: &after}}}
	if v := r.View(Parts{}); len(v.Changes) != 1 || v.Changes[0].ObservedAt != nil {
		t.Errorf("changes %+v, want the one without the moment of its report", v.Changes)
	}
}
