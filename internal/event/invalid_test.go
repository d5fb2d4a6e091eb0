package event

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
)

type jsonText = json.RawMessage

func TestBadChangesAreRefusedByFieldAndMend(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"truncated", `{"id":"a","source`, "the JSON ends too early; send the whole document"},
		{"truncated in a nested field", `{"commits":[{"sha":"a"},{"author":{"email":"x`, "commits[1].author.email: the JSON ends too early; send the whole document"},
		{"wrong type", `{"commits":[{},{},{"author":{"email":5}}]}`, "commits[2].author.email: is a number, not a string; put it in quotes"},
		{"object for a list", `{"services":{}}`, "services: is an object, not an array; send a JSON array"},
		{"string for a list", `{"services":"checkout"}`, "services: is a string, not an array; send a JSON array"},
		{"list for an object", `{"actor":[]}`, "actor: is an array, not an object; send a JSON object"},
		{"null in a list", `{"services":["a",null]}`, "services[1]: is null, not a string; put it in quotes"},
		{"empty name in a list", `{"services":[""]}`, "services[0]: is empty; send a name"},
		{"missing id", `{"source":"s","kind":"deploy","started_at":"2026-11-19T09:00:00Z"}`, "id: is missing; send the id that the change has in its source"},
		{"null id", `{"id":null,"source":"s","kind":"deploy","started_at":"2026-11-19T09:00:00Z"}`, "id: is missing; send the id that the change has in its source"},
		{"empty id", `{"id":""}`, "id: is empty; send a name"},
		{"missing source", `{"id":"a"}`, "source: is missing; name the sending system, such as argo-cd"},
		{"missing kind", `{"id":"a","source":"s"}`, "kind: is missing; use one of deploy, rollback, config, feature_flag, infrastructure, schema_migration, scaling, model, prompt, guardrail, access, certificate, dependency, data, other"},
		{"missing start", `{"id":"a","source":"s","kind":"deploy"}`, "started_at: is missing; send a time such as 2026-11-19T09:00:00Z"},
		{"unknown kind", `{"kind":"deployment"}`, `kind: "deployment" is not a known value; use one of deploy, rollback, config, feature_flag, infrastructure, schema_migration, scaling, model, prompt, guardrail, access, certificate, dependency, data, other`},
		{"unknown status", `{"status":"Succeeded"}`, `status: "Succeeded" is not a known value; use one of in_progress, succeeded, failed, cancelled, rolled_back`},
		{"unknown actor", `{"actor":{"type":"bot"}}`, `actor.type: "bot" is not a known value; use one of human, automation, ai_agent`},
		{"unknown assistance", `{"ai":{"assistance":"yes"}}`, `ai.assistance: "yes" is not a known value; use one of none, assisted, authored, operated, advised`},
		{"end before start", `{"id":"a","source":"s","kind":"deploy","started_at":"2026-11-19T09:00:00.5Z","finished_at":"2026-11-19T09:00:00.25Z"}`, "finished_at: 2026-11-19T09:00:00.25Z is before started_at 2026-11-19T09:00:00.5Z; swap them or check the clocks"},
		{"time without zone", `{"started_at":"2026-11-19T09:00:00"}`, `started_at: "2026-11-19T09:00:00" has no zone; append Z for UTC or an offset such as +02:00`},
		{"time with space and without zone", `{"started_at":"2026-11-19 09:00:00.25"}`, `started_at: "2026-11-19 09:00:00.25" has no zone; append Z for UTC or an offset such as +02:00`},
		{"time as a number", `{"started_at":1763542800}`, "started_at: is a number, not a string; send a time such as 2026-11-19T09:00:00Z"},
		{"time as a date", `{"started_at":"2026-11-19"}`, `started_at: "2026-11-19" is not an RFC 3339 time; send a time such as 2026-11-19T09:00:00Z`},
		{"empty time", `{"finished_at":""}`, "finished_at: is empty; leave the field out or send a time such as 2026-11-19T09:00:00Z"},
		{"day that does not exist", `{"started_at":"2026-02-30T09:00:00Z"}`, `started_at: "2026-02-30T09:00:00Z" is not an RFC 3339 time; send a time such as 2026-11-19T09:00:00Z`},
		{"time before 2000", `{"started_at":"1970-01-01T00:00:00Z"}`, "started_at: 1970-01-01T00:00:00Z is outside of 2000-01-01 to 2027-11-20; check the clock and the unit of the sender"},
		{"time far in the future", `{"observed_at":"2056-01-01T00:00:00Z"}`, "observed_at: 2056-01-01T00:00:00Z is outside of 2000-01-01 to 2027-11-20; check the clock and the unit of the sender"},
		{"author date out of the store's range", `{"commits":[{"authored_at":"2300-01-01T00:00:00Z"}]}`, "commits[0].authored_at: 2300-01-01T00:00:00Z is outside of 1970-01-01 to 2200-01-01; check the clock and the unit of the sender"},
		{"rollout step without time", `{"rollout":[{"percent":5}]}`, "rollout[0].at: is missing; send a time such as 2026-11-19T09:00:00Z"},
		{"more than all", `{"rollout":[{"at":"2026-11-19T09:00:00Z","percent":100.5}]}`, `rollout[0].percent: "100.5" is outside of 0 to 100; check the unit`},
		{"percent as text", `{"rollout":[{"percent":"50%"}]}`, "rollout[0].percent: is a string, not a number; send a number without quotes"},
		{"number beyond any range", `{"ai":{"lines_percent":1e999}}`, `ai.lines_percent: "1e999" is outside of 0 to 100; check the unit`},
		{"negative count", `{"commits":[{"additions":-1}]}`, `commits[0].additions: "-1" is outside of 0 to 2147483647; check the unit`},
		{"count beyond any range", `{"commits":[{"deletions":99999999999999999999}]}`, `commits[0].deletions: "99999999999999999999" is outside of 0 to 2147483647; check the unit`},
		{"count with a fraction", `{"commits":[{"additions":1.5}]}`, `commits[0].additions: "1.5" is not a whole number; send it without fraction and exponent`},
		{"field twice", `{"id":"a","id":"b"}`, "id: is given twice; send it once"},
		{"nested field twice", `{"actor":{"type":"human","type":"human"}}`, "actor.type: is given twice; send it once"},
		{"unknown field twice", `{"x":1,"x":1}`, "x: is given twice; send it once"},
		{"unknown field also in extra", `{"x":1,"extra":{"x":1}}`, "extra.x: is given twice; send it once"},
		{"label twice", `{"labels":{"a":"1","a":"2"}}`, "labels.a: is given twice; send it once"},
		{"label that is no string", `{"labels":{"a":1}}`, "labels.a: is a number, not a string; put it in quotes"},
		{"NUL in an id", `{"id":"a\u0000b"}`, "id: holds a NUL byte; remove it"},
		{"NUL in a service", `{"services":["a","b\u0000"]}`, "services[1]: holds a NUL byte; remove it"},
		{"NUL in a title", `{"title":"a\u0000b"}`, "title: holds a NUL byte; remove it"},
		{"NUL in a message", `{"commits":[{"message":"fix\u0000"}]}`, "commits[0].message: holds a NUL byte; remove it"},
		{"NUL in a label", `{"labels":{"a":"\u0000"}}`, "labels.a: holds a NUL byte; remove it"},
		{"NUL in a label name", `{"labels":{"a\u0000":"1"}}`, "labels: holds a field name with a NUL byte; remove it"},
		{"raw NUL", "{\"title\":\"a\x00\"}", `title: is not valid JSON: byte 11 is the control character '\x00'; escape it as \u0000`},
		{"raw line break", "{\"title\":\"a\nb\"}", `title: is not valid JSON: byte 11 is the control character '\n'; escape it as \u000a`},
		{"not UTF-8", "{\"title\":\"caf\xe9\"}", "title: holds bytes that are not UTF-8; send UTF-8"},
		{"not UTF-8 in an unknown field", "{\"x\":[\"caf\xe9\"]}", "x: holds bytes that are not UTF-8; send UTF-8"},
		{"not UTF-8 behind an escape", "{\"title\":\"\\n\xff\"}", "title: holds bytes that are not UTF-8; send UTF-8"},
		{"bad escape", `{"title":"\x41"}`, `title: is not valid JSON: byte 11 is 'x' where an escape should be; send valid JSON`},
		{"bad hexadecimal digit", `{"title":"\u00g0"}`, `title: is not valid JSON: byte 14 is 'g' where a hexadecimal digit should be; send valid JSON`},
		{"single quotes", `{'id':'a'}`, `is not valid JSON: byte 1 is '\'' where a field name should be; send valid JSON`},
		{"comma at the end", `{"id":"a",}`, `is not valid JSON: byte 10 is '}' where a field name should be; send valid JSON`},
		{"no colon", `{"id" "a"}`, `is not valid JSON: byte 6 is '"' where ':' should be; send valid JSON`},
		{"no comma", `{"id":"a" "source":"s"}`, `is not valid JSON: byte 10 is '"' where ',' or '}' should be; send valid JSON`},
		{"leading zero", `{"x":01}`, `is not valid JSON: byte 6 is '1' where ',' or '}' should be; send valid JSON`},
		{"no number", `{"x":-}`, `x: is not valid JSON: byte 6 is '}' where a digit should be; send valid JSON`},
		{"misspelt word", `{"x":nul}`, `x: is not valid JSON: byte 8 is '}' where null should be; send valid JSON`},
		{"capital word", `{"x":True}`, `x: is not valid JSON: byte 5 is 'T' where a value should be; send valid JSON`},
		{"empty field name in an error", `{"labels":{"":1}}`, `labels[""]: is a number, not a string; put it in quotes`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var batch Batch
			rejected := batch.AddChanges(LayoutDocument, []byte(c.text), arrival)
			if batch.Len() != 0 {
				t.Fatalf("accepted %+v", batch.Changes[0].Change)
			}
			if diff := cmp.Diff([]string{"1: " + c.want}, rejections(rejected)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestBadAlertsAreRefusedByFieldAndMend(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"nothing", `{}`, "source: is missing; name the sending system, such as alertmanager"},
		{"no service", `{"source":"s"}`, "service: is missing; name the service that the alert is about"},
		{"no name", `{"source":"s","service":"a"}`, "name: is missing; send the name of the alerting rule"},
		{"no status", `{"source":"s","service":"a","name":"n"}`, "status: is missing; use one of firing, resolved"},
		{"no start", `{"source":"s","service":"a","name":"n","status":"firing"}`, "started_at: is missing; send a time such as 2026-11-19T09:00:00Z"},
		{"unknown severity", `{"severity":"page"}`, `severity: "page" is not a known value; use one of critical, high, warning, info`},
		{"unknown status", `{"status":"ok"}`, `status: "ok" is not a known value; use one of firing, resolved`},
		{"unknown signal", `{"signal":"cpu"}`, `signal: "cpu" is not a known value; use one of availability, errors, latency, saturation, traffic, ai_safety, security, business`},
		{"resolved before start", `{"source":"s","service":"a","name":"n","status":"resolved","started_at":"2026-11-19T09:00:00Z","resolved_at":"0001-01-01T00:00:00Z"}`, "resolved_at: 0001-01-01T00:00:00Z is outside of 2000-01-01 to 2027-11-20; check the clock and the unit of the sender"},
		{"resolved just before start", `{"source":"s","service":"a","name":"n","status":"resolved","started_at":"2026-11-19T09:00:00Z","resolved_at":"2026-11-19T08:59:59Z"}`, "resolved_at: 2026-11-19T08:59:59Z is before started_at 2026-11-19T09:00:00Z; swap them or check the clocks"},
		{"link that is no string", `{"links":{"runbook":["x"]}}`, "links.runbook: is an array, not a string; put it in quotes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, rejected := DecodeAlerts([]byte(c.text), arrival)
			if diff := cmp.Diff([]string{"1: " + c.want}, rejections(rejected)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestBadTopologiesAreRefusedByFieldAndMend(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"no source", `{"observed_at":"2026-11-19T09:00:00Z"}`, "source: is missing; name the system that saw the topology, such as tracing"},
		{"no time", `{"source":"s"}`, "observed_at: is missing; send a time such as 2026-11-19T09:00:00Z"},
		{"tier 0", `{"services":[{"name":"a","tier":0}]}`, `services[0].tier: "0" is outside of 1 to 4; check the unit`},
		{"tier 5", `{"services":[{"name":"a"},{"name":"b","tier":5}]}`, `services[1].tier: "5" is outside of 1 to 4; check the unit`},
		{"service without name", `{"services":[{"tier":1}]}`, "services[0].name: is missing; send the name of the service"},
		{"edge without caller", `{"edges":[{"callee":"b"}]}`, "edges[0].caller: is missing; send the name of the calling service"},
		{"edge without callee", `{"edges":[{"caller":"a"}]}`, "edges[0].callee: is missing; send the name of the called service"},
		{"unknown kind", `{"edges":[{"caller":"a","callee":"b","kind":"grpc"}]}`, `edges[0].kind: "grpc" is not a known value; use one of sync, async, data, shared_infra`},
		{"negative rate", `{"edges":[{"calls_per_second":-1}]}`, `edges[0].calls_per_second: "-1" is outside of 0 and more; check the unit`},
		{"null element", `{"edges":[null]}`, "edges[0]: is null, not an object; send a JSON object"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, rejected := DecodeTopologies([]byte(c.text), arrival)
			if diff := cmp.Diff([]string{"1: " + c.want}, rejections(rejected)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestLimitsAreNamed(t *testing.T) {
	labels := func(n int) string {
		pairs := make([]string, n)
		for i := range pairs {
			pairs[i] = fmt.Sprintf(`"k%d":"v"`, i)
		}
		return `,"labels":{` + strings.Join(pairs, ",") + `}`
	}
	unknown := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,"u%d":0`, i)
		}
		return b.String()
	}
	nested := func(n int) string { return `,"x":` + strings.Repeat("[", n) + strings.Repeat("]", n) }
	for _, c := range []struct{ name, further, want string }{
		{"labels at the limit", labels(MaxLabels), ""},
		{"a million labels", labels(500_000), "labels: holds more than the limit of 1000 labels; send those that tell services apart"},
		{"unknown fields at the limit", unknown(MaxExtra), ""},
		{"too many unknown fields", unknown(MaxExtra + 1), "the event holds more than the limit of 10000 fields that the contract does not know; send fewer"},
		{"nesting at the limit", nested(MaxDepth - 1), ""},
		{"deep nesting", nested(MaxDepth), "x: is nested deeper than the limit of 64; flatten it"},
		{"absurd nesting", nested(1_000_000), "x: is nested deeper than the limit of 64; flatten it"},
		{"absurd nesting of a known field", `,"labels":` + strings.Repeat("[", 1_000_000), "labels: is an array, not an object; send an object of strings"},
		{"100 KB title", `,"title":"` + strings.Repeat("t", 100<<10) + `"`, ""},
		{"long title", `,"title":"` + strings.Repeat("t", MaxLineBytes+1) + `"`, "title: has 131073 bytes, more than the limit of 131072; shorten it"},
		{"long message", `,"commits":[{"message":"` + strings.Repeat("m", MaxTextBytes+1) + `"}]`, "commits[0].message: has 1048577 bytes, more than the limit of 1048576; shorten it"},
		{"long version", `,"version":"` + strings.Repeat("v", MaxIdentifierBytes+1) + `"`, "version: has 1025 bytes, more than the limit of 1024; shorten it"},
		{"long label name", `,"labels":{"` + strings.Repeat("l", MaxIdentifierBytes+1) + `":""}`, "labels: holds a field name of 1025 bytes, more than the limit of 1024; shorten it"},
		{"long unknown field name", `,"` + strings.Repeat("l", MaxIdentifierBytes+1) + `":""`, "holds a field name of 1025 bytes, more than the limit of 1024; shorten it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, rejected := DecodeChanges([]byte(small("a", c.further)), arrival)
			want := []string{"1: " + c.want}
			if c.want == "" {
				want = nil
			}
			if diff := cmp.Diff(want, rejections(rejected)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestOddButValidTextsAreKept(t *testing.T) {
	for _, c := range []struct{ name, title, want string }{
		{"every escape", `\"\\\/\b\f\n\r\t\u0041`, "\"\\/\b\f\n\r\tA"},
		{"surrogate pair", `\ud83d\ude00!`, "😀!"},
		{"upper-case digits", `\u00E9\uD83D\uDE00`, "é😀"},
		{"lone high surrogate", `\ud83dx`, "\ufffdx"},
		{"two high surrogates", `\ud83d\ud83d\ude00`, "\ufffd😀"},
		{"lone low surrogate", `\ude00\n`, "\ufffd\n"},
		{"markup and right-to-left marks", "<script>alert(1)</script>\u202e", "<script>alert(1)</script>\u202e"},
		{"long text that is not ASCII", strings.Repeat("größe ", 50), strings.Repeat("größe ", 50)},
		{"escape at the end of a word of eight", `1234567\n`, "1234567\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := mustChange(t, small("a", `,"title":"`+c.title+`"`)).Title; got != c.want {
				t.Errorf("title = %q, want %q", got, c.want)
			}
		})
	}
}

func TestExtraThatIsNoObjectIsKept(t *testing.T) {
	got := mustChange(t, small("a", `,"extra": "text"`)).Extra
	if diff := cmp.Diff(map[string]jsonText{"extra": jsonText(`"text"`)}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCaseFileTimesAreBoundedWithoutArrival(t *testing.T) {
	text := []byte(small("a", `,"finished_at":"2199-01-01T00:00:00Z"`))
	if _, rejected := DecodeChanges(text, Meta{}); rejected != nil {
		t.Error(rejections(rejected))
	}
}

// TestAnAlertFromTheFutureOpensNoIncident holds the alerts of every door to the
// time of their arrival, give or take a clock; changes may be planned.
func TestAnAlertFromTheFutureOpensNoIncident(t *testing.T) {
	alert := func(start time.Time) string {
		return fmt.Sprintf(`{"source":"s","service":"a","name":"n","status":"firing","started_at":%q}`, start.Format(time.RFC3339))
	}
	for ahead, taken := range map[time.Duration]bool{0: true, alertsAhead: true, alertsAhead + time.Second: false, 2 * time.Hour: false, 300 * 24 * time.Hour: false} {
		start := noon.Add(ahead)
		alerts, rejected := DecodeAlerts([]byte(alert(start)), arrival)
		foreign, fe := NewAlert(correlate.Alert{Source: "s", Service: "a", Name: "n", Status: correlate.AlertFiring, StartedAt: start}, arrival)
		if taken != (len(alerts) == 1 && len(rejected) == 0) || taken != (fe == nil && foreign.UID != 0) {
			t.Errorf("%s ahead: %d taken, %v, %v", ahead, len(alerts), rejected, fe)
		}
		if !taken && (!strings.HasPrefix(fe.Error(), "started_at: "+start.Format(time.RFC3339)) || !strings.Contains(fe.Error(), "the zone of the sender")) {
			t.Errorf("%s ahead: %v", ahead, fe)
		}
	}
	if _, rejected := DecodeAlerts([]byte(alert(noon.Add(300*24*time.Hour))), Meta{}); len(rejected) > 0 {
		t.Errorf("a case file: %v", rejected)
	}
	planned := fmt.Sprintf(`{"id":"1","source":"s","kind":"deploy","started_at":%q}`, noon.Add(2*time.Hour).Format(time.RFC3339))
	if changes, rejected := DecodeChanges([]byte(planned), arrival); len(changes) != 1 {
		t.Errorf("a planned change: %v", rejected)
	}
}
