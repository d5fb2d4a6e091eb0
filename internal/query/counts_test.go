package query

import (
	"reflect"
	"testing"

	"github.com/faultline/faultline/correlate"
)

func TestEachCountLeavesItsOwnPartOfTheFilterOut(t *testing.T) {
	counts := []IncidentCount{
		{correlate.IncidentOpen, correlate.SeverityCritical, 2},
		{correlate.IncidentOpen, correlate.SeverityInfo, 3},
		{correlate.IncidentResolved, correlate.SeverityCritical, 5},
		{correlate.IncidentMerged, "", 7},
	}
	all := TotalsOf(counts, nil, nil)
	if want := (IncidentTotals{
		Total: 17, ByStatus: map[correlate.IncidentStatus]int{"open": 5, "resolved": 5, "merged": 7}, BySeverity: map[correlate.Severity]int{"critical": 7, "info": 3, "": 7},
	}); !reflect.DeepEqual(all, want) {
		t.Errorf("%+v, want %+v", all, want)
	}
	some := TotalsOf(counts, []correlate.IncidentStatus{correlate.IncidentOpen}, []correlate.Severity{correlate.SeverityCritical})
	if some.Total != 2 || some.ByStatus[correlate.IncidentResolved] != 5 || some.BySeverity[correlate.SeverityInfo] != 3 || some.BySeverity[""] != 0 || some.ByStatus[correlate.IncidentMerged] != 0 {
		t.Errorf("with a choice: %+v", some)
	}
}
