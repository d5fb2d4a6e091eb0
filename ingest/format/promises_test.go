package format

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/faultline/faultline/internal/event"
)

// vendors are all formats but the contract's own.
func vendors(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, name := range testRegistry().Names() {
		if name != Native {
			names = append(names, name)
		}
	}
	return names
}

// identities lists what events are known by: source, id, start and UID. A start
// that is the arrival, for want of any other, is left out.
func identities(batch event.Batch, arrival time.Time) []string {
	var all []string
	add := func(source, id string, start time.Time, uid uint64) {
		if start.Equal(arrival) {
			start = time.Time{}
		}
		all = append(all, fmt.Sprint(source, " ", id, " ", start, " ", uid))
	}
	for i := range batch.Changes {
		add(batch.Changes[i].Source, batch.Changes[i].ID, batch.Changes[i].StartedAt, batch.Changes[i].UID)
	}
	for i := range batch.Alerts {
		add(batch.Alerts[i].Source, batch.Alerts[i].Fingerprint, batch.Alerts[i].StartedAt, batch.Alerts[i].UID)
	}
	return all
}

// A delivery is repeated after a timeout, by another replica, from Kafka: it
// must become the same events, or they count twice.
func TestEveryPayloadSentAgainLaterIsTheSameEvents(t *testing.T) {
	registry := testRegistry()
	for _, path := range payloads(t, "testdata") {
		name, body := filepath.Base(filepath.Dir(path)), read(t, path)
		var known []string
		for _, arrival := range []time.Time{arrived, arrived.Add(37 * time.Hour)} {
			meta := event.Meta{ArrivedAt: arrival, Origin: event.Origin{Topic: "t", Offset: arrival.Unix()}}
			batch, _, err := decodeWith(registry, "", name, headers("X-Delivery", arrival.String()), bytes.Clone(body), meta)
			if err != nil {
				t.Fatal(err)
			}
			if got := identities(batch, arrival); known == nil {
				known = got
			} else if strings.Join(got, "\n") != strings.Join(known, "\n") {
				t.Errorf("%s: %q, then %q", path, known, got)
			}
		}
	}
}

// Decoders are shared by partitions and requests.
func TestDecodersKeepNothingOfThePayloadBefore(t *testing.T) {
	registry := testRegistry()
	for _, name := range vendors(t) {
		paths, _ := filepath.Glob(filepath.Join("testdata", name, "*.json"))
		for _, path := range paths {
			fresh, _, _ := decodeWith(testRegistry(), "", name, headers(), read(t, path), event.Meta{ArrivedAt: arrived})
			used, _, _ := decodeWith(registry, "", name, headers(), read(t, path), event.Meta{ArrivedAt: arrived})
			if a, b := identities(fresh, arrived), identities(used, arrived); strings.Join(a, "\n") != strings.Join(b, "\n") {
				t.Errorf("%s: %q alone, %q after others", path, a, b)
			}
		}
	}
}

func TestWhatIsNoPayloadAtAllIsRefusedByEveryFormat(t *testing.T) {
	for _, name := range vendors(t) {
		for what, body := range map[string]string{
			"nothing": "", "blank": " \n", "a word": "hello", "half an object": `{"a":`, "an array": `[{}]`, "a number": `17`, "a text": `"x"`,
			"a page": "<html><body>502 Bad Gateway</body></html>", "a form": "payload=%7B%7D", "zero bytes": "\x00\x00", "not UTF-8": "{\"\xff\":", "two objects": `{} {}`,
		} {
			batch, rejected := decodeAs(t, name, headers(), []byte(body))
			if batch.Len() != 0 || len(rejected) != 1 || rejected[0].Err.Problem == "" || rejected[0].Err.Mend == "" {
				t.Errorf("%s, %s: %d events, rejected %v", name, what, batch.Len(), rejected)
			}
		}
	}
}

// A body beyond the limit is refused as large, so that the answer is 413 and no
// decoder takes memory for it.
func TestHugePayloadsAreRefusedAsLarge(t *testing.T) {
	huge := []byte(`{"x":"` + strings.Repeat("x", event.MaxEventBytes) + `"}`)
	for _, name := range vendors(t) {
		batch, rejected := decodeAs(t, name, headers(), huge)
		if batch.Len() != 0 || len(rejected) != 1 || !rejected[0].Err.Large {
			t.Errorf("%s: %d events, rejected %v", name, batch.Len(), rejected)
		}
	}
}

// skewed moves every time of a payload by years: RFC 3339, the ways of GitLab,
// and numbers since 1970.
func skewed(body []byte, year string, epoch string) []byte {
	text := strings.NewReplacer("2026-11-", year+"-11-", "17950", epoch, "17924", epoch).Replace(string(body))
	return []byte(text)
}

// A sender whose clock is years off would put changes where nobody looks, and
// rows into partitions of their own.
func TestClocksThatAreYearsOffAreRefusedByField(t *testing.T) {
	for _, path := range payloads(t, "testdata") {
		name, body := filepath.Base(filepath.Dir(path)), read(t, path)
		for _, c := range []struct{ year, epoch string }{{"1969", "00000"}, {"2099", "40750"}} {
			batch, rejected := decodeAs(t, name, headers(), skewed(body, c.year, c.epoch))
			for _, line := range identities(batch, arrived) {
				if strings.Contains(line, " "+c.year+"-") {
					t.Errorf("%s in %s was taken: %s", path, c.year, line)
				}
			}
			for _, r := range rejected {
				if r.Err.Mend == "" {
					t.Errorf("%s in %s: %v has no mend", path, c.year, r.Err)
				}
			}
		}
	}
}

// Small skews are normal and nothing is refused for them: a minute ahead of us,
// or a delivery that waited for a day.
func TestSmallSkewsAreTaken(t *testing.T) {
	for _, path := range payloads(t, "testdata") {
		name := filepath.Base(filepath.Dir(path))
		now, _, _ := decodeWith(testRegistry(), "", name, headers(), read(t, path), event.Meta{ArrivedAt: arrived})
		early := time.Date(2026, 11, 19, 8, 0, 0, 0, time.UTC)
		for i := range now.Alerts {
			// Nothing fails at a time to come, so that alerts are held to a skew of minutes.
			if ahead := now.Alerts[i].StartedAt.Add(-time.Minute); ahead.After(early) {
				early = ahead
			}
		}
		for _, arrival := range []time.Time{early, arrived.AddDate(0, 0, 30)} {
			got, _, _ := decodeWith(testRegistry(), "", name, headers(), read(t, path), event.Meta{ArrivedAt: arrival})
			if got.Len() != now.Len() {
				t.Errorf("%s: %d events when it arrives at %s, %d otherwise", path, got.Len(), arrival, now.Len())
			}
		}
	}
}

// hostileText is what titles and messages are filled with by those who hope that
// a page, a terminal or a query will run it.
const hostileText = "<script>alert(1)</script> '; DROP TABLE changes; -- \u202e${jndi:ldap://x} {{7*7}} \x1b[2J \r\n"

// Hostile text comes through as it is, as text: it is for those who show it to
// quote it. What is lost on the way cannot be found again in an inquiry.
func TestHostileTextStaysTextAndWhole(t *testing.T) {
	for path, field := range map[string]string{
		"gitlab/push": "message", "gitlab/deployment_running": "commit_title", "gitlab/merge_request_merged": "title", "flux/progressing": "message",
		"argo-rollouts/step_done": "message", "datadog/change_of_flag": "message", "datadog/monitor_triggered": "message",
		"pagerduty-change/deployed": "summary", "github/push": "message", "alertmanager/mixed_group": "summary", "opsgenie/created": "message",
	} {
		quoted, err := json.Marshal(hostileText)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Dir(path)
		body := replaceField(t, read(t, "testdata/"+path+".json"), field, quoted)
		batch, rejected := decodeAs(t, name, headers(), body)
		if rejected != nil || batch.Len() == 0 {
			t.Errorf("%s: %d events, rejected %v", path, batch.Len(), rejected)
			continue
		}
		text, err := json.Marshal(goldenOf(batch, nil))
		if err != nil {
			t.Fatal(err)
		}
		// Titles are one line: what stands behind the break is in the raw form only.
		line, _, _ := strings.Cut(string(bytes.Trim(quoted, `"`)), `\r\n`)
		if !bytes.Contains(text, []byte(strings.TrimSpace(line))) {
			t.Errorf("%s: the text of %s is not in %s", path, field, text)
		}
	}
}

// replaceField replaces a field wherever it stands.
func replaceField(t *testing.T, body []byte, field string, value json.RawMessage) []byte {
	t.Helper()
	var document any
	if err := json.Unmarshal(body, &document); err != nil {
		t.Fatal(err)
	}
	found := false
	for _, place := range places(document, nil) {
		if len(place) > 0 && place[len(place)-1] == field {
			document, found = with(document, place, value), true
		}
	}
	if !found {
		t.Fatalf("no field %s", field)
	}
	changed, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

// GitHub tells of a dismissed review as of the same review in another state. An
// approval kept beside it would outlive the dismissal and open the gate.
func TestADismissedReviewOfGitHubApprovesNothing(t *testing.T) {
	body := read(t, filepath.Join("testdata", "github", "pull_request_review.json"))
	var events []event.Change
	for _, state := range []string{"dismissed", "approved"} {
		batch, rejected := decodeAs(t, "github", headers("X-GitHub-Event", "pull_request_review"), bytes.Replace(bytes.Replace(body, []byte(`"state": "approved"`), []byte(`"state": "`+state+`"`), 1),
			[]byte(`"number": 77,`), []byte(`"number": 77, "updated_at": "2026-11-18T16:00:00Z",`), 1))
		if len(batch.Changes) != 1 || len(rejected) != 0 {
			t.Fatalf("%s: %d changes, rejected %v", state, len(batch.Changes), rejected)
		}
		events = append(events, batch.Changes...)
	}
	folded := event.FoldChanges(events)
	if len(folded) != 1 || len(folded[0].Approvals) != 0 || folded[0].PullRequests[0].Reviews[0].State != "dismissed" {
		t.Errorf("changes = %+v", folded)
	}
}
