package api

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/faultline/faultline/internal/event"
	"github.com/faultline/faultline/internal/query"
)

const commanderPath = "/v1/incidents/inc-7f3a/commander"

// takeCommand says who commands, as a judge who saw what the ETag names.
func (h *harness) takeCommand(t testing.TB, body, etag string) *http.Response {
	t.Helper()
	return h.doIfMatch(t, http.MethodPut, commanderPath, body, etag)
}

func TestWhoCommandsIsKeptWithItsHistoryAndShownEverywhere(t *testing.T) {
	h := newHarness(t)
	before := parse[CommanderRecord](t, h.get(t, commanderPath, http.StatusOK))
	if before.Commander != "" || before.History == nil || len(before.History) != 0 {
		t.Errorf("before anyone: %+v", before)
	}
	etag := h.etagOf(t, commanderPath, RoleJudge)
	for i, name := range []string{"ada", "Grace Hopper", ""} {
		h.clock.advance(time.Minute)
		resp := h.takeCommand(t, `{"commander": "  `+name+` "}`, etag)
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("status %d: %s", resp.StatusCode, readAll(t, resp))
		}
		etag = resp.Header.Get("ETag")
		if got := parse[CommanderRecord](t, resp); got.Commander != name || len(got.History) != i+1 || got.History[0].Commander != name || got.History[0].SetBy != "test-judge" || !got.History[0].SetAt.Equal(h.clock.Now()) {
			t.Errorf("after %q: %+v", name, got)
		}
		if record := parse[IncidentRecord](t, h.get(t, "/v1/incidents/inc-7f3a", http.StatusOK)); record.Commander != name {
			t.Errorf("the incident says %q, want %q", record.Commander, name)
		}
		if page := parse[Page[IncidentRecord]](t, h.get(t, "/v1/incidents", http.StatusOK)); page.Items[0].Commander != name {
			t.Errorf("the list says %q, want %q", page.Items[0].Commander, name)
		}
	}
	lane := responders(t, h)
	if len(lane) != 3 || lane[0].Title != "ada takes command, said test-judge" || lane[2].Title != "Nobody commands any more, said test-judge" || lane[1].Kind != "commander" || !strings.HasPrefix(lane[1].Ref, "command:inc-7f3a/") {
		t.Errorf("the timeline has %+v", lane)
	}
}

// responders is what people did, as the timeline tells it.
func responders(t *testing.T, h *harness) []Moment {
	t.Helper()
	for _, lane := range parse[Timeline](t, h.get(t, "/v1/incidents/inc-7f3a/timeline", http.StatusOK)).Lanes {
		if lane.Name == laneResponders {
			return lane.Moments
		}
	}
	t.Fatal("the timeline has no lane of responders")
	return nil
}

func TestSayingWhatHoldsAlreadyKeepsNothing(t *testing.T) {
	h := newHarness(t)
	etag := h.etagOf(t, commanderPath, RoleJudge)
	if resp := h.takeCommand(t, `{"commander": ""}`, etag); resp.StatusCode != http.StatusOK || len(h.store.commands) != 0 {
		t.Errorf("status %d, kept %+v", resp.StatusCode, h.store.commands)
	}
	resp := h.takeCommand(t, `{"commander": "ada"}`, etag)
	if resp = h.takeCommand(t, `{"commander": "ada"}`, resp.Header.Get("ETag")); resp.StatusCode != http.StatusOK || len(h.store.commands) != 1 {
		t.Errorf("status %d, kept %+v", resp.StatusCode, h.store.commands)
	}
}

func TestACommanderIsSetOnlyByWhoSawTheLastOne(t *testing.T) {
	h := newHarness(t)
	wantProblem(t, h.takeCommand(t, `{"commander": "ada"}`, ""), preconditionRequired)
	own, incident := h.etagOf(t, commanderPath, RoleJudge), h.etagOf(t, "/v1/incidents/inc-7f3a", RoleJudge)
	if resp := h.takeCommand(t, `{"commander": "ada"}`, incident); resp.StatusCode != http.StatusOK {
		t.Fatalf("with the ETag of the incident: status %d: %s", resp.StatusCode, readAll(t, resp))
	}
	for name, etag := range map[string]string{"own": own, "incident": incident, "finding": h.etagOf(t, findingPath, RoleJudge)} {
		if p := wantProblem(t, h.takeCommand(t, `{"commander": "bob"}`, etag), preconditionFailed); !strings.Contains(p.Detail, "ada commands") {
			t.Errorf("%s: the problem does not say who commands: %s", name, p.Detail)
		}
	}
	if got := query.CommanderOf(h.store.commands); got != "ada" {
		t.Errorf("%q commands", got)
	}
}

// TestOfManyWhoTakeCommandAtOnceOneDoes fails when two who saw nobody command
// both think that they do.
func TestOfManyWhoTakeCommandAtOnceOneDoes(t *testing.T) {
	h := newHarness(t)
	etag := h.etagOf(t, commanderPath, RoleJudge)
	var wg sync.WaitGroup
	statuses := make([]int, 8)
	for i := range statuses {
		wg.Go(func() { statuses[i] = h.takeCommand(t, `{"commander": "p`+string(rune('a'+i))+`"}`, etag).StatusCode })
	}
	wg.Wait()
	taken := 0
	for _, status := range statuses {
		if status == http.StatusOK {
			taken++
		}
	}
	if taken != 1 || len(h.store.commands) != 1 {
		t.Errorf("%d took command, %d words are kept: %v", taken, len(h.store.commands), statuses)
	}
}

func TestACommandersNameIsCheckedAndOnlyRespondersSetIt(t *testing.T) {
	h := newHarness(t)
	etag := h.etagOf(t, commanderPath, RoleJudge)
	for name, body := range map[string]string{
		"missing": `{}`, "null": `{"commander": null}`, "long": `{"commander": "` + strings.Repeat("ä", 101) + `"}`, "lines": `{"commander": "a\nb"}`, "turned": `{"commander": "ada\u202e(era"}`, "unseen": `{"commander": "\u200b\u2060"}`, "unknown": `{"commander": "a", "rank": 1}`,
	} {
		if p := wantProblem(t, h.takeCommand(t, body, etag), invalidInput); len(p.Errors) == 0 || p.Errors[0].Mend == "" {
			t.Errorf("%s: no mend: %+v", name, p)
		}
	}
	for _, role := range []Role{RoleReader, RoleAgent, RoleIngest} {
		wantProblem(t, h.do(t, ask{method: http.MethodPut, path: commanderPath, token: role, body: `{"commander": "a"}`, header: map[string]string{"If-Match": etag}}), forbidden)
	}
	if len(h.store.commands) != 0 {
		t.Errorf("kept all the same: %+v", h.store.commands)
	}
}

func TestAMergedIncidentIsCommandedWhereItWent(t *testing.T) {
	h := newHarness(t)
	h.store.incidents[0].MergedInto = "inc-other"
	if p := wantProblem(t, h.takeCommand(t, `{"commander": "ada"}`, "*"), incidentMerged); len(p.Choices) != 1 || p.Choices[0] != "inc-other" {
		t.Errorf("%+v", p)
	}
	wantProblem(t, h.do(t, ask{path: "/v1/incidents/none/commander", token: RoleReader}), incidentNotFound)
}

func TestAClockThatRunsBackDoesNotUndoACommander(t *testing.T) {
	h := newHarness(t)
	resp := h.takeCommand(t, `{"commander": "ada"}`, "*")
	h.clock.advance(-time.Hour)
	h.takeCommand(t, `{"commander": "grace"}`, resp.Header.Get("ETag"))
	if said := h.store.commands; len(said) != 2 || !said[1].SetAt.After(said[0].SetAt) {
		t.Errorf("%+v", said)
	}
}

func TestAFailingStoreTakesNoCommand(t *testing.T) {
	h := newHarness(t)
	for _, method := range []string{"Commands", "SaveCommand"} {
		h.store.failOn = map[string]error{method: event.ErrUnavailable}
		wantProblem(t, h.takeCommand(t, `{"commander": "ada"}`, "*"), storeUnavailable)
	}
	h.store.failOn = map[string]error{"Commands": event.ErrUnavailable}
	for _, path := range []string{commanderPath, "/v1/incidents", "/v1/incidents/inc-7f3a", "/v1/incidents/inc-7f3a/timeline"} {
		wantProblem(t, h.get(t, path, http.StatusServiceUnavailable), storeUnavailable)
	}
}

func TestACommanderIsToldOnTheStreamOnce(t *testing.T) {
	row := query.Update{Incident: "inc-7f3a", Revision: 12, Commands: 2, At: exampleTime(10, 6, 0)}
	known := state{revision: 12, commands: 1}
	events := eventsOf(&row, known)
	if len(events) != 1 || events[0].kind != eventCommand || !strings.HasSuffix(events[0].id, "-inc-7f3a-c2") || !strings.Contains(string(events[0].data), `"commands":2`) {
		t.Errorf("%+v", events)
	}
	known.commands = 2
	if again := eventsOf(&row, known); len(again) != 0 {
		t.Errorf("told twice: %+v", again)
	}
}
