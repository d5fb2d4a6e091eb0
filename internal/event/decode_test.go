package event

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
)

// arrival is the moment at which test events arrive.
var arrival = Meta{ArrivedAt: noon, Format: "faultline"}

// whole is a change that uses every field of the contract.
const whole = `{
 "id": "d-17", "source": "argo-cd", "kind": "deploy", "title": "checkout 4.2 ☕", "services": ["checkout", "basket"],
 "environment": "staging", "regions": ["eu-west-1"], "started_at": "2026-11-19T10:00:00.1239+01:00",
 "finished_at": "2026-11-19T09:07:00Z", "observed_at": "2026-11-19T09:08:00Z",
 "rollout": [{"at": "2026-11-19T09:01:00Z", "percent": 12.5, "region": "eu-west-1", "instances": ["c-1", "c-2"]}],
 "status": "succeeded", "version": "4.2", "previous_version": "4.1", "rollback_of": "d-16",
 "actor": {"id": "mira", "type": "human"},
 "commits": [{"sha": "ab12", "message": "Cache\n\nbaskets", "author": {"name": "Mira", "email": "m@x.example", "login": "mira"},
   "committer": {"name": "Bot"}, "authored_at": "1999-12-31T23:00:00Z", "additions": 3, "deletions": 0, "files": ["a.go", "b.go"], "url": "https://x.example/ab12"}],
 "pull_requests": [{"number": 7, "url": "u", "title": "t", "body": "b", "labels": ["l"], "head_branch": "h",
   "author": {"login": "mira", "type": "User"}, "reviews": [{"reviewer": "jo", "state": "approved", "level": "senior", "at": "2026-11-18T09:00:00Z"}]}],
 "approvals": [{"by": "jo", "level": "senior", "at": "2026-11-18T09:00:00Z"}],
 "ai": {"assistance": "assisted", "tools": [{"name": "helper", "model": "h-2"}], "lines_percent": 0, "session": "s-1"},
 "links": {"diff": "d", "run": "r", "rollback": "b"}, "labels": {"team": "shop", "": "odd"},
 "wave": {"n": [1, 2.50, null]}, "extra": {"kept": "before"}}`

func TestEveryFieldOfAChangeIsRead(t *testing.T) {
	start := time.Date(2026, 11, 19, 9, 0, 0, 123e6, time.UTC)
	at := func(text string) *time.Time {
		v, fe := ParseTime(text)
		if fe != nil {
			t.Fatal(fe)
		}
		return &v
	}
	review := at("2026-11-18T09:00:00Z")
	zero := 0.0
	want := correlate.Change{
		ID: "d-17", Source: "argo-cd", Kind: correlate.KindDeploy, Title: "checkout 4.2 ☕", Services: []string{"checkout", "basket"},
		Environment: "staging", Regions: []string{"eu-west-1"}, StartedAt: start,
		FinishedAt: at("2026-11-19T09:07:00Z"), ObservedAt: at("2026-11-19T09:08:00Z"),
		Rollout: []correlate.RolloutStep{{At: *at("2026-11-19T09:01:00Z"), Percent: 12.5, Region: "eu-west-1", Instances: []string{"c-1", "c-2"}}},
		Status:  correlate.StatusSucceeded, Version: "4.2", PreviousVersion: "4.1", RollbackOf: "d-16",
		Actor: &correlate.Actor{ID: "mira", Type: correlate.ActorHuman},
		Commits: []correlate.Commit{{
			SHA: "ab12", Message: "Cache\n\nbaskets", Author: &correlate.Person{Name: "Mira", Email: "m@x.example", Login: "mira"},
			Committer: &correlate.Person{Name: "Bot"}, AuthoredAt: at("1999-12-31T23:00:00Z"), Additions: 3, Files: []string{"a.go", "b.go"},
		}},
		PullRequests: []correlate.PullRequest{{
			Number: 7, URL: "u", Title: "t", Body: "b", Labels: []string{"l"}, HeadBranch: "h",
			Author:  &correlate.PullRequestAuthor{Login: "mira", Type: "User"},
			Reviews: []correlate.Review{{Reviewer: "jo", State: "approved", Level: "senior", At: review}},
		}},
		Approvals: []correlate.Approval{{By: "jo", Level: "senior", At: review}},
		AI: &correlate.AIDeclaration{
			Assistance: correlate.AssistanceAssisted, Tools: []correlate.AITool{{Name: "helper", Model: "h-2"}}, LinesPercent: &zero, Session: "s-1",
		},
		Links:  &correlate.ChangeLinks{Diff: "d", Run: "r", Rollback: "b"},
		Labels: map[string]string{"team": "shop", "": "odd"},
		Extra: map[string]jsonText{
			"wave": jsonText(`{"n": [1, 2.50, null]}`), "kept": jsonText(`"before"`), "commits[0].url": jsonText(`"https://x.example/ab12"`),
		},
	}
	got := mustChange(t, whole)
	if diff := cmp.Diff(want, got.Change); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if string(got.Raw) != whole || got.Format != "faultline" || !got.ArrivedAt.Equal(noon) || got.UID == 0 {
		t.Errorf("meta = %+v", got.Meta)
	}
}

// mustChange decodes one change that must be good.
func mustChange(t *testing.T, text string) Change {
	t.Helper()
	changes, rejected := DecodeChanges([]byte(text), arrival)
	if len(changes) != 1 || rejected != nil {
		t.Fatalf("%.80s: got %d changes, rejected %v", text, len(changes), rejections(rejected))
	}
	return changes[0]
}

// rejections prints rejections as "line: error".
func rejections(rejected []Rejection) []string {
	var lines []string
	for _, r := range rejected {
		lines = append(lines, fmt.Sprintf("%d: %v", r.Line, r.Err))
	}
	return lines
}

func TestEveryFieldOfAnAlertIsRead(t *testing.T) {
	const text = `{"id": "a-1", "source": "prometheus", "fingerprint": "ab01", "service": "checkout", "environment": "staging", "region": "eu",
		"instance": "c-1", "version": "4.2", "name": "HighErrorRate", "summary": "5xx", "description": "5xx above 5%\nfor 2 minutes",
		"severity": "critical", "status": "resolved", "signal": "errors", "started_at": "2026-11-19T09:00:00Z", "resolved_at": "2026-11-19T09:30:00Z",
		"observed_at": "2026-11-19T09:30:01Z", "labels": {"pod": "c-1"}, "links": {"runbook": "https://r.example"}, "silenced": false}`
	alerts, rejected := DecodeAlerts([]byte(text), arrival)
	if rejected != nil {
		t.Fatal(rejections(rejected))
	}
	start := time.Date(2026, 11, 19, 9, 0, 0, 0, time.UTC)
	end, seen := start.Add(30*time.Minute), start.Add(30*time.Minute+time.Second)
	want := correlate.Alert{
		ID: "a-1", Source: "prometheus", Fingerprint: "ab01", Service: "checkout", Environment: "staging", Region: "eu", Instance: "c-1",
		Version: "4.2", Name: "HighErrorRate", Summary: "5xx", Description: "5xx above 5%\nfor 2 minutes", Severity: correlate.SeverityCritical,
		Status: correlate.AlertResolved, Signal: correlate.SignalErrors, StartedAt: start, ResolvedAt: &end, ObservedAt: &seen,
		Labels: map[string]string{"pod": "c-1"}, Links: map[string]string{"runbook": "https://r.example"},
		Extra: map[string]jsonText{"silenced": jsonText("false")},
	}
	if diff := cmp.Diff(want, alerts[0].Alert); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEveryFieldOfATopologyIsRead(t *testing.T) {
	const text = `{"observed_at": "2026-11-19T09:00:00Z", "source": "tracing", "window": "1h",
		"services": [{"name": "checkout", "tier": 1, "team": "shop", "environment": "production", "lifecycle": "production", "lang": "go"}, {"name": "basket"}],
		"edges": [{"caller": "checkout", "callee": "basket", "kind": "sync", "calls_per_second": 41.5}, {"caller": "a", "callee": "b"}]}`
	topologies, rejected := DecodeTopologies([]byte(text), arrival)
	if rejected != nil {
		t.Fatal(rejections(rejected))
	}
	want := correlate.Topology{
		ObservedAt: time.Date(2026, 11, 19, 9, 0, 0, 0, time.UTC), Source: "tracing",
		Services: []correlate.Service{{Name: "checkout", Tier: 1, Team: "shop", Environment: "production", Lifecycle: "production"}, {Name: "basket"}},
		Edges:    []correlate.Edge{{Caller: "checkout", Callee: "basket", Kind: correlate.EdgeSync, CallsPerSecond: 41.5}, {Caller: "a", Callee: "b"}},
		Extra:    map[string]jsonText{"window": jsonText(`"1h"`), "services[0].lang": jsonText(`"go"`)},
	}
	if diff := cmp.Diff(want, topologies[0].Topology); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAbsentFieldsGetTheDefaultsOfTheContract(t *testing.T) {
	change := mustChange(t, `{"id":"1","source":"s","kind":"config","started_at":"2026-11-19T09:00:00Z","finished_at":null,"environment":""}`)
	if change.Environment != "" || change.FinishedAt != nil {
		t.Errorf("change = %+v", change.Change)
	}
	if folded := FoldChanges([]Change{change}); folded[0].Environment != correlate.DefaultEnvironment {
		t.Errorf("folded = %+v", folded[0])
	}
	alerts, rejected := DecodeAlerts([]byte(`{"source":"s","service":"a","name":"n","status":"firing","started_at":"2026-11-19T09:00:00Z","labels":{"k":"v"}}`), arrival)
	if rejected != nil {
		t.Fatal(rejections(rejected))
	}
	a := alerts[0].Alert
	if a.Environment != "" || a.Fingerprint != a.DefaultFingerprint() || len(a.Fingerprint) != 16 {
		t.Errorf("alert = %+v", a)
	}
	if folded := FoldAlerts(alerts); folded[0].Environment != correlate.DefaultEnvironment || folded[0].Fingerprint != a.Fingerprint {
		t.Errorf("folded = %+v", folded[0])
	}
}

// The fingerprint of a series must not depend on whether its sender writes the
// default or leaves it out.
func TestFingerprintOfSilenceIsThatOfProduction(t *testing.T) {
	const rest = `"source":"s","service":"a","name":"n","status":"firing","started_at":"2026-11-19T09:00:00Z"}`
	silent, _ := DecodeAlerts([]byte(`{`+rest), arrival)
	told, _ := DecodeAlerts([]byte(`{"environment":"production",`+rest), arrival)
	other, _ := DecodeAlerts([]byte(`{"environment":"staging",`+rest), arrival)
	if silent[0].Fingerprint != told[0].Fingerprint || told[0].Fingerprint == other[0].Fingerprint {
		t.Errorf("fingerprints %s, %s and %s", silent[0].Fingerprint, told[0].Fingerprint, other[0].Fingerprint)
	}
}

// An environment that a mapping guessed is mended by an event that says
// production; an event that says nothing leaves it.
func TestExplicitProductionMendsAGuessedEnvironment(t *testing.T) {
	say := func(second int, environment string) Change {
		text := fmt.Sprintf(`{"id":"1","source":"s","kind":"deploy","started_at":"2026-11-19T09:00:00Z","observed_at":"2026-11-19T09:00:%02dZ"%s}`, second, environment)
		return mustChange(t, text)
	}
	guessed, told, silent := say(1, `,"environment":"prod-eu"`), say(2, `,"environment":"production"`), say(3, "")
	for _, order := range [][]Change{{guessed, told, silent}, {silent, told, guessed}, {told, silent, guessed}} {
		if folded := FoldChanges(order); len(folded) != 1 || folded[0].Environment != correlate.DefaultEnvironment {
			t.Errorf("folded = %+v", folded)
		}
	}
	if folded := FoldChanges([]Change{silent, guessed}); folded[0].Environment != "prod-eu" {
		t.Errorf("silence moved the change: %+v", folded[0])
	}
}

func TestSameBytesHaveOneUIDAndAnUpdateAnother(t *testing.T) {
	first := mustChange(t, small("d-1", ""))
	again := mustChange(t, small("d-1", ""))
	update := mustChange(t, small("d-1", `,"status":"succeeded"`))
	inArray, _ := DecodeChanges([]byte("["+small("d-1", "")+"]"), Meta{ArrivedAt: noon.Add(time.Hour)})
	if first.UID != again.UID || first.UID != inArray[0].UID {
		t.Error("the same event has two UIDs")
	}
	if first.UID == update.UID {
		t.Error("an update has the UID of what it updates")
	}
	alerts, _ := DecodeAlerts([]byte(plainAlert("firing")+"\n"+plainAlert("resolved")), arrival)
	if alerts[0].UID == alerts[1].UID {
		t.Error("firing and resolved have one UID")
	}
}

// small is a small good change with further fields.
func small(id, further string) string {
	return fmt.Sprintf(`{"id":%q,"source":"s","kind":"deploy","started_at":"2026-11-19T09:00:00Z"%s}`, id, further)
}

func plainAlert(status string) string {
	return fmt.Sprintf(`{"source":"s","service":"a","name":"n","status":%q,"started_at":"2026-11-19T09:00:00Z"}`, status)
}

func TestLayoutsAreToldApart(t *testing.T) {
	a, b := small("a", ""), small("b", "")
	pretty := strings.ReplaceAll(a, ",", ",\n\t")
	for _, c := range []struct {
		name, text string
		layout     Layout
		want       []string
		rejected   []string
	}{
		{"one object", a, LayoutAuto, []string{"a"}, nil},
		{"one object on many lines", pretty, LayoutAuto, []string{"a"}, nil},
		{"one object, first line closed", "{\"actor\":{}\n," + a[1:], LayoutAuto, []string{"a"}, nil},
		{"array", " [" + a + " , " + b + "]\n", LayoutAuto, []string{"a", "b"}, nil},
		{"array on many lines", "[\n" + pretty + ",\n" + pretty + "\n]", LayoutAuto, []string{"a", "a"}, nil},
		{"empty array", "[]", LayoutAuto, nil, nil},
		{"lines", a + "\n" + b, LayoutAuto, []string{"a", "b"}, nil},
		{"lines with blank ones and carriage returns", "\r\n" + a + "\r\n\r\n" + b + "\r\n", LayoutAuto, []string{"a", "b"}, nil},
		{"lines behind a byte order mark", "\ufeff" + a + "\r\n" + b, LayoutAuto, []string{"a", "b"}, nil},
		{"array behind a byte order mark", "\ufeff[" + a + "," + b + "]", LayoutAuto, []string{"a", "b"}, nil},
		{"byte order mark on a later line", a + "\n\ufeff" + b, LayoutAuto, []string{"a"}, []string{"2: is not valid JSON: byte 0 is 'ï' where a value should be; send valid JSON"}},
		{"byte order mark alone", "\ufeff", LayoutAuto, nil, []string{"1: the message is empty; send a JSON object"}},
		{"lines, the first broken", "{\"id\":\n" + b, LayoutLines, []string{"b"}, []string{"1: id: the JSON ends too early; send the whole document"}},
		{"lines, the second broken", a + "\n{\"id\":tru}\n" + b, LayoutAuto, []string{"a", "b"}, []string{"2: id: is a boolean, not a string; put it in quotes"}},
		{"lines where a document was declared", a + "\n" + b, LayoutDocument, nil, []string{"1: more text follows the JSON object; send one object, an array of objects, or one object a line"}},
		{"text behind an object", a + " x", LayoutAuto, nil, []string{"1: more text follows the JSON object; send one object, an array of objects, or one object a line"}},
		{"text behind an array", "[" + a + "] x", LayoutAuto, []string{"a"}, []string{"2: more text follows the JSON array; send one array"}},
		{"bad element among good ones", "[" + a + `,{"id":5},` + b + "]", LayoutAuto, []string{"a", "b"}, []string{"2: id: is a number, not a string; put it in quotes"}},
		{"array breaks off", "[" + a + `,{"id":"b`, LayoutAuto, []string{"a"}, []string{"2: from element 2 on, the array cannot be read: the JSON ends too early; send the whole document"}},
		{"array without comma", "[" + a + " " + b + "]", LayoutAuto, []string{"a"}, []string{`2: from element 2 on, the array cannot be read: is not valid JSON: byte 77 is '{' where ',' or ']' should be; send valid JSON`}},
		{"array with comma at its end", "[" + a + ",]", LayoutAuto, []string{"a"}, []string{`2: from element 2 on, the array cannot be read: is not valid JSON: byte 77 is ']' where a value should be; send valid JSON`}},
		{"nothing", " \n", LayoutAuto, nil, []string{"1: the message is empty; send a JSON object"}},
		{"no object", `"text"`, LayoutAuto, nil, []string{"1: is a string, not an object; send a JSON object"}},
		{"null", `null`, LayoutAuto, nil, []string{"1: is null, not an object; send a JSON object"}},
		{"no JSON", `id=5`, LayoutAuto, nil, []string{"1: is not valid JSON: byte 0 is 'i' where a value should be; send valid JSON"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var batch Batch
			rejected := batch.AddChanges(c.layout, []byte(c.text), arrival)
			var ids []string
			for _, e := range batch.Changes {
				ids = append(ids, e.ID)
			}
			if diff := cmp.Diff(c.want, ids); diff != "" {
				t.Errorf("accepted (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.rejected, rejections(rejected)); diff != "" {
				t.Errorf("rejected (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRawOfAnElementIsTheElement(t *testing.T) {
	a, b := small("a", ""), small("b", ` , "x": 1 `)
	changes, _ := DecodeChanges([]byte("[ "+a+" ,\n"+b+" ]"), arrival)
	if string(changes[0].Raw) != a || string(changes[1].Raw) != b {
		t.Errorf("raw = %s and %s", changes[0].Raw, changes[1].Raw)
	}
	if string(changes[1].Extra["x"]) != "1" {
		t.Errorf("extra = %s", changes[1].Extra)
	}
}

func TestOversizedMessageIsRefusedWithItsLimit(t *testing.T) {
	big := append([]byte(small("a", `,"blob":"`)[:70]), bytes.Repeat([]byte("x"), 10<<20)...)
	_, rejected := DecodeChanges(big, arrival)
	want := []string{"1: the event has 10485830 bytes, more than the limit of 8388608; send less at once"}
	if diff := cmp.Diff(want, rejections(rejected)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestManySmallEventsMayBeMoreThanOneLargeOne sends an array and lines of ten
// megabytes, which no single event may have.
func TestManySmallEventsMayBeMoreThanOneLargeOne(t *testing.T) {
	one := small("a", `,"title":"`+strings.Repeat("t", 100<<10)+`"`)
	n := MaxEventBytes/len(one) + 10
	for name, text := range map[string]string{
		"array": "[" + strings.Repeat(one+",", n-1) + one + "]",
		"lines": strings.Repeat(one+"\n", n),
	} {
		if changes, rejected := DecodeChanges([]byte(text), arrival); len(changes) != n || len(rejected) > 0 {
			t.Errorf("%s: %d of %d, rejected %v", name, len(changes), n, rejections(rejected))
		}
	}
	huge := small("b", `,"blob":"`+strings.Repeat("x", MaxEventBytes)+`"`)
	changes, rejected := DecodeChanges([]byte("["+one+","+huge+","+one+"]"), arrival)
	if len(changes) != 2 || len(rejected) != 1 || rejected[0].Line != 2 || !rejected[0].Err.Large {
		t.Errorf("%d taken, rejected %v", len(changes), rejections(rejected))
	}
}

// TestEventsThatShareABatchDoNotShareFields decodes events whose lists and
// times stand side by side in memory: growing one must not reach the other.
func TestEventsThatShareABatchDoNotShareFields(t *testing.T) {
	const text = `{"id":"%s","source":"s","kind":"deploy","services":["%s"],"started_at":"2026-11-19T09:00:00Z","finished_at":"2026-11-19T09:0%d:00Z","extra":{"n":%d}}`
	var batch Batch
	for i := range 9 {
		id := fmt.Sprintf("c%d", i)
		if rejected := batch.AddChanges(LayoutDocument, fmt.Appendf(nil, text, id, id, i, i), arrival); rejected != nil {
			t.Fatal(rejections(rejected))
		}
		last := &batch.Changes[i]
		last.Services = append(last.Services, "other")
	}
	// A refused event between good ones leaves nothing behind.
	if rejected := batch.AddChanges(LayoutDocument, []byte(`{"id":"bad","services":["bad"],"extra":{"bad":1}}`), arrival); len(rejected) != 1 {
		t.Fatal(rejections(rejected))
	}
	for i := range batch.Changes {
		c := &batch.Changes[i]
		alone, _ := DecodeChanges(c.Raw, arrival)
		if diff := cmp.Diff([]string{c.ID, "other"}, c.Services); diff != "" {
			t.Errorf("services of event %d (-want +got):\n%s", i, diff)
		}
		if c.FinishedAt.Minute() != i || string(c.Extra["n"]) != strconv.Itoa(i) || len(c.Extra) != 1 || c.UID != alone[0].UID {
			t.Errorf("event %d is %+v", i, c)
		}
	}
}
