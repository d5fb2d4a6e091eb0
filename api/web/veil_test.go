package web

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/faultline/faultline/correlate"
)

// TestListsHideWhatCouldSwayAnOpenVerdict: a judge who comes by a list must not
// learn from its last column what the incident's own page hides.
func TestListsHideWhatCouldSwayAnOpenVerdict(t *testing.T) {
	for _, path := range []string{"/changes", "/services/x"} {
		w := busy("shop")
		w.suspected = map[string][]string{"c-1": {"inc-2", "inc-1"}}
		plain := class(t, w, path)
		if plain == "" || plain == hiddenClass || slices.Contains(w.asked, "Suspected") {
			t.Errorf("%s of one who is not blinded: %q, asked %v", path, plain, w.asked)
		}
		w.blind = true
		if got := class(t, w, path); got != hiddenClass {
			t.Errorf("%s: inc-2 is decided, inc-1 is not: %q", path, got)
		}
		// A change that nobody suspects sways nothing.
		w.suspected = map[string][]string{"other": {"inc-1"}}
		if got := class(t, w, path); got != plain {
			t.Errorf("%s, no suspect: %q, want %q", path, got, plain)
		}
		w.suspected, w.standings["inc-1"] = map[string][]string{"c-1": {"inc-2", "inc-1"}}, correlate.Standing{State: correlate.JudgedNoChange, Judgements: 1}
		if got := class(t, w, path); got != plain {
			t.Errorf("%s, all decided: %q, want %q", path, got, plain)
		}
	}
}

// TestAListThatCannotTellWhatToHideIsNoPage: showing it all the same would tell.
func TestAListThatCannotTellWhatToHideIsNoPage(t *testing.T) {
	for _, path := range []string{"/changes", "/services/x"} {
		for _, port := range []string{"Suspected", "Standings"} {
			w := busy("shop")
			w.blind, w.broken, w.suspected = true, port, map[string][]string{"c-1": {"inc-1"}}
			if answer, err := w.serve(t, judge, httptest.NewRequest(http.MethodGet, path, http.NoBody)); err == nil || answer.Body.Len() > 0 {
				t.Errorf("%s without %s: %v, %d bytes", path, port, err, answer.Body.Len())
			}
		}
	}
}

// hiddenClass is what stands where a class would.
const hiddenClass = "Hidden: a verdict is open"

// class is the last column of the change c-1 in a list.
func class(t *testing.T, w *world, path string) string {
	t.Helper()
	w.asked = nil
	p := w.get(t, judge, path)
	if path != "/changes" {
		p = p.part("Last changes")
	}
	row := p.row("shop")
	return row[len(row)-1]
}
