package app

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/api"
	"github.com/faultline/faultline/correlate"
)

// relabellingService answers two parts and notes what it was asked.
func relabellingService(t *testing.T, asked *[]api.ReapplyRequest) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var request api.ReapplyRequest
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil || r.URL.Path != "/v1/provenance/reapply" {
			t.Errorf("%s %v", r.URL.Path, err)
		}
		*asked = append(*asked, request)
		part := api.ReapplyResult{
			Rules: "2", Examined: 50, Changed: 2, Overridden: 1,
			Classes: []api.ClassCount{{Class: correlate.ProvenanceAssisted, Changes: 10}, {Class: correlate.ProvenanceUnknown, Changes: 40}},
			Moves:   []api.ClassMove{{From: correlate.ProvenanceUnknown, To: correlate.ProvenanceAssisted, Changes: 2, Examples: []string{"cd/a", "cd/b"}}},
			Unknown: []api.UnknownReason{{Reason: "absent.marker", Words: "no commit carries a marker", Changes: 40}},
		}
		if request.Cursor == "" {
			part.NextCursor = "more"
		}
		_ = json.NewEncoder(w).Encode(part)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestReapplyGoesOnToTheEndAndAddsUp(t *testing.T) {
	var asked []api.ReapplyRequest
	url := relabellingService(t, &asked)
	var out strings.Builder
	opts := ReapplyOptions{Server: url, From: "2026-05-01", To: "2026-05-08T12:00:00+02:00", DryRun: true, Output: "json"}
	if err := Reapply(t.Context(), opts, &out); err != nil {
		t.Fatal(err)
	}
	var got api.ReapplyResult
	if err := json.Unmarshal([]byte(out.String()), &got); err != nil {
		t.Fatal(err)
	}
	if got.Examined != 100 || got.Changed != 4 || got.Overridden != 2 || got.Moves[0].Changes != 4 || got.Classes[0].Changes != 80 || got.Unknown[0].Changes != 80 {
		t.Errorf("%+v", got)
	}
	from, to := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 5, 8, 10, 0, 0, 0, time.UTC)
	want := []api.ReapplyRequest{{From: from, To: to, DryRun: true}, {From: from, To: to, DryRun: true, Cursor: "more"}}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Error(diff)
	}
}

func TestReapplyPrintsTheDifferenceAndWhyTheRestIsUnknown(t *testing.T) {
	for dry, want := range map[bool]string{true: "nothing was kept", false: "new labels were kept"} {
		var asked []api.ReapplyRequest
		url := relabellingService(t, &asked)
		var out strings.Builder
		now := func() time.Time { return time.Date(2026, 5, 31, 0, 0, 0, 0, time.UTC) }
		if err := Reapply(t.Context(), ReapplyOptions{Server: url, DryRun: dry, Output: "table", Now: now}, &out); err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{want, "unknown  ai_assisted        4", "cd/a, cd/b", "80.0%", "no commit carries a marker"} {
			if !strings.Contains(out.String(), text) {
				t.Errorf("%q is missing in\n%s", text, out.String())
			}
		}
		if asked[0].From != now().Add(-defaultReach) || asked[0].To != now() {
			t.Errorf("asked for %+v", asked[0])
		}
	}
}

func TestReapplyRefusesBadRanges(t *testing.T) {
	for _, opts := range []ReapplyOptions{
		{From: "yesterday"}, {To: "2026-13-01"}, {From: "2026-05-02", To: "2026-05-01"}, {Output: "xml"}, {Server: "::"},
	} {
		if opts.Output == "" {
			opts.Output = "table"
		}
		if err := Reapply(t.Context(), opts, io.Discard); err == nil || errors.Is(err, ErrDependency) {
			t.Errorf("%+v: %v", opts, err)
		}
	}
	if shareOf(1, 0) != "-" || firstOf(nil) != "" || firstOf([]string{"a"}) != "a" {
		t.Error("shares and examples of nothing")
	}
}
