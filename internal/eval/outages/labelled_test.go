//go:build labelled

package outages

import (
	"strings"
	"testing"

	"github.com/faultline/faultline/internal/eval"
	"github.com/faultline/faultline/internal/testenv"
)

// The list must hold nothing that the model was tuned on.
func TestNoOutageIsAmongThoseThatTheModelWasTunedOn(t *testing.T) {
	tuned, err := eval.ReadCases(t.Context(), []string{testenv.Labelled(t, "outages.jsonl.gz")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	all := list(t)
	for i := range tuned {
		for j := range all {
			sameDay := strings.HasSuffix(tuned[i].Name, all[j].At.Format("2006-01-02"))
			firm, _, _ := strings.Cut(tuned[i].Name, "-")
			if tuned[i].Name == all[j].ID || sameDay && strings.HasPrefix(all[j].ID, firm) {
				t.Errorf("%s is %s, on which the model was tuned", all[j].ID, tuned[i].Name)
			}
		}
	}
}
