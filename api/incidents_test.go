package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
)

func TestIncidentIsAnsweredAsTheContractShapesIt(t *testing.T) {
	h := newHarness(t)
	resp := h.get(t, "/v1/incidents/inc-7f3a", http.StatusOK)
	if diff := cmp.Diff(exampleIncident(), parse[correlate.Incident](t, resp)); diff != "" {
		t.Error(diff)
	}
	if got := resp.Header.Get("ETag"); got != `"inc-7f3a-12-0-0"` {
		t.Errorf("ETag %s does not follow from id, revision and verdicts", got)
	}
}

func TestEmptyListsAreNeverNull(t *testing.T) {
	h := newHarness(t)
	h.store.incidents = []correlate.Incident{{ID: "bare", Title: "bare", Status: correlate.IncidentOpen, StartedAt: exampleTime(1, 0, 0), UpdatedAt: exampleTime(1, 0, 0)}}
	h.store.findings["bare"] = []correlate.Finding{{Incident: "bare", Version: 1, AsOf: exampleTime(1, 0, 0), Verdict: correlate.VerdictNoChange, NoChangeProbability: 1}}
	for _, path := range []string{"", "/finding", "/findings", "/timeline", "/blast-radius"} {
		if text := readAll(t, h.get(t, "/v1/incidents/bare"+path, http.StatusOK)); strings.Contains(text, "null") {
			t.Errorf("%s answers with null: %s", path, text)
		}
	}
	h.store.incidents = nil
	if text := readAll(t, h.get(t, "/v1/incidents", http.StatusOK)); strings.TrimSpace(text) != `{"items":[]}` {
		t.Errorf("an empty list answers %s", text)
	}
}

func TestUnknownIncidentIsNamed(t *testing.T) {
	h := newHarness(t)
	for _, path := range []string{"", "/finding", "/findings", "/timeline", "/blast-radius"} {
		p := wantProblem(t, h.get(t, "/v1/incidents/nope"+path, http.StatusNotFound), incidentNotFound)
		if !strings.Contains(p.Detail, `"nope"`) {
			t.Errorf("%s: detail %q does not name the id", path, p.Detail)
		}
	}
}

func TestIncidentsAreFilteredByEveryParameter(t *testing.T) {
	h := newHarness(t)
	other := exampleIncident()
	other.ID, other.Status, other.Severity, other.Title = "inc-other", correlate.IncidentResolved, correlate.SeverityInfo, "disk full"
	other.Services, other.StartedAt = []string{"search"}, exampleTime(3, 0, 0)
	h.store.incidents = append(h.store.incidents, other)
	for name, want := range map[string]string{
		"status=open": "inc-7f3a", "status=resolved,merged": "inc-other", "severity=critical": "inc-7f3a", "severity=info": "inc-other",
		"service=search": "inc-other", "q=disk": "inc-other", "from=2026-05-04T09:00:00Z": "inc-7f3a", "to=2026-05-04T09:00:00Z": "inc-other",
		"from=2026-05-04T11:00:00%2B02:00": "inc-7f3a",
	} {
		page := parse[Page[correlate.Incident]](t, h.get(t, "/v1/incidents?"+name, http.StatusOK))
		if len(page.Items) != 1 || page.Items[0].ID != want {
			t.Errorf("%s: got %d incidents, want only %s", name, len(page.Items), want)
		}
	}
}

func TestPagingSeesEveryIncidentOnce(t *testing.T) {
	h := newHarness(t)
	h.store.incidents = nil
	for i := range 7 {
		incident := exampleIncident()
		incident.ID, incident.StartedAt = fmt.Sprintf("inc-%d", i), exampleTime(0, i, 0)
		h.store.incidents = append(h.store.incidents, incident)
	}
	var seen []string
	next := "/v1/incidents?limit=3&status=open"
	for next != "" {
		resp := h.get(t, next, http.StatusOK)
		page := parse[Page[correlate.Incident]](t, resp)
		for _, i := range page.Items {
			seen = append(seen, i.ID)
		}
		link := resp.Header.Get("Link")
		if (link == "") != (page.NextCursor == "") {
			t.Fatalf("Link %q and next_cursor %q disagree", link, page.NextCursor)
		}
		next = ""
		if link != "" {
			address, rel, _ := strings.Cut(link, ">; ")
			if rel != `rel="next"` || !strings.Contains(address, "status=open") || !strings.Contains(address, "limit=3") {
				t.Fatalf("Link %q does not keep the query", link)
			}
			next = strings.TrimPrefix(address, "<")
		}
	}
	if want := []string{"inc-6", "inc-5", "inc-4", "inc-3", "inc-2", "inc-1", "inc-0"}; !cmp.Equal(seen, want) {
		t.Errorf("saw %v, want %v", seen, want)
	}
}

func TestCursorOfAnotherQueryIsRefused(t *testing.T) {
	h := newHarness(t)
	second := exampleIncident()
	second.ID = "inc-2"
	h.store.incidents = append(h.store.incidents, second)
	page := parse[Page[correlate.Incident]](t, h.get(t, "/v1/incidents?limit=1", http.StatusOK))
	p := wantProblem(t, h.get(t, "/v1/incidents?limit=1&status=open&cursor="+page.NextCursor, http.StatusUnprocessableEntity), invalidParameter)
	if len(p.Errors) != 1 || p.Errors[0].Path != "cursor" || p.Errors[0].Location != "query" || p.Errors[0].Mend == "" {
		t.Errorf("errors %+v do not name the cursor", p.Errors)
	}
}

func TestBadParametersAreNamedWithTheirMend(t *testing.T) {
	h := newHarness(t)
	long := strings.Repeat("a", 201)
	for _, tc := range []struct{ path, field, message, mend string }{
		{"/v1/incidents?limit=0", "limit", "expected number >= 1", "whole number"},
		{"/v1/incidents?limit=201", "limit", "expected number <= 200", "whole number"},
		{"/v1/incidents?limit=many", "limit", "invalid integer", "whole number"},
		{"/v1/incidents?status=broken", "status[0]", "one of", ""},
		{"/v1/incidents?severity=critical,awful", "severity[1]", "one of", ""},
		{"/v1/incidents?from=2026-05-04T10:00:00", "from", "invalid date/time", "zone"},
		{"/v1/incidents?from=yesterday", "from", "invalid date/time", "zone"},
		{"/v1/incidents?from=2026-05-04T10:00:00Z&to=2026-05-04T09:00:00Z", "to", "not after from", "interval"},
		{"/v1/incidents?q=" + long, "q", "length <= 200", ""},
		{"/v1/incidents?sevrity=critical", "sevrity", "unknown query parameter", "/openapi.json"},
		{"/v1/incidents/inc-7f3a/finding?version=-1", "version", "expected number >= 0", "whole number"},
		{"/v1/incidents/inc-7f3a/finding?version=one", "version", "invalid integer", "whole number"},
		{"/v1/incidents/inc-7f3a/findings?limit=1000", "limit", "expected number <= 200", "whole number"},
		{"/v1/incidents/inc-7f3a/timeline?from=2026-05-04T11:00:00Z", "from", "not before", "2026-05-04T10:00:00Z"},
		{"/v1/changes?kind=deployment", "kind[0]", "one of", ""},
		{"/v1/changes?class=robot", "class[0]", "one of", ""},
		{"/v1/topology?as_of=now", "as_of", "invalid date/time", "zone"},
		{"/v1/incidents/" + long, "id", "length <= 200", ""},
	} {
		p := wantProblem(t, h.get(t, tc.path, http.StatusUnprocessableEntity), invalidParameter)
		if len(p.Errors) != 1 || p.Errors[0].Path != tc.field || !strings.Contains(p.Errors[0].Message, tc.message) || !strings.Contains(p.Errors[0].Mend, tc.mend) {
			t.Errorf("%s: errors %+v, want field %s, message %q, mend %q", tc.path, p.Errors, tc.field, tc.message, tc.mend)
		}
	}
}

func TestAnswerThatStillHoldsIs304(t *testing.T) {
	h := newHarness(t)
	for _, r := range h.routes {
		if !r.cached {
			continue
		}
		path := examplePath(r.path)
		resp := h.get(t, path, http.StatusOK)
		etag := resp.Header.Get("ETag")
		if etag == "" || strings.HasPrefix(etag, "W/") || resp.Header.Get("Cache-Control") != revalidate {
			t.Errorf("%s: ETag %q, Cache-Control %q; want a strong validator", path, etag, resp.Header.Get("Cache-Control"))
		}
		for _, held := range []string{etag, "W/" + etag, `"stale", ` + etag, "*"} {
			again := h.do(t, ask{path: path, token: RoleReader, header: map[string]string{"If-None-Match": held}})
			if again.StatusCode != http.StatusNotModified || readAll(t, again) != "" || again.Header.Get("ETag") != etag {
				t.Errorf("%s with If-None-Match %s: status %d, ETag %s", path, held, again.StatusCode, again.Header.Get("ETag"))
			}
		}
		stale := h.do(t, ask{path: path, token: RoleReader, header: map[string]string{"If-None-Match": `"stale"`}})
		if stale.StatusCode != http.StatusOK {
			t.Errorf("%s with a stale ETag: status %d", path, stale.StatusCode)
		}
	}
}

// examplePath fills a template with the ids of the examples.
func examplePath(template string) string {
	id := "inc-7f3a"
	if strings.HasPrefix(template, "/v1/changes") {
		id = "checkout-1842"
	}
	return strings.NewReplacer("{id}", id, "{proposal}", "0c8f5c8e-2a64-4f0e-8f39-6d4a53a2f6a1", "{name}", "checkout", "{format}", "plain", "{week}", "2026-W18").Replace(template)
}

func TestNewRevisionChangesTheETag(t *testing.T) {
	h := newHarness(t)
	before := h.get(t, "/v1/incidents/inc-7f3a", http.StatusOK).Header.Get("ETag")
	h.store.set(func(f *fakeStore) { f.incidents[0].Revision++ })
	resp := h.do(t, ask{path: "/v1/incidents/inc-7f3a", token: RoleReader, header: map[string]string{"If-None-Match": before}})
	if resp.StatusCode != http.StatusOK || resp.Header.Get("ETag") == before {
		t.Errorf("status %d and ETag %s after a new revision", resp.StatusCode, resp.Header.Get("ETag"))
	}
}

func TestTimesAreUTCWithMilliseconds(t *testing.T) {
	h := newHarness(t)
	h.store.incidents[0].UpdatedAt = exampleTime(10, 1, 45).Add(123 * time.Millisecond)
	text := readAll(t, h.get(t, "/v1/incidents/inc-7f3a", http.StatusOK))
	for _, want := range []string{`"started_at":"2026-05-04T10:00:00Z"`, `"updated_at":"2026-05-04T10:01:45.123Z"`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
}

func TestIdsWithSlashesAndSpacesReachTheStore(t *testing.T) {
	h := newHarness(t)
	change := exampleChange()
	change.ID = "shop/checkout #7"
	h.store.changes = []correlate.Change{change}
	got := parse[ChangeRecord](t, h.get(t, "/v1/changes/shop%2Fcheckout%20%237", http.StatusOK))
	if got.ID != change.ID {
		t.Errorf("id %q, want %q", got.ID, change.ID)
	}
	h.get(t, "/v1/changes/shop%2Fcheckout%20%237/blast-radius", http.StatusOK)
	h.store.topology.Services[0].Name = "shop/checkout"
	h.get(t, "/v1/services/shop%2Fcheckout", http.StatusOK)
}
