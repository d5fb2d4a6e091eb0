package e2e

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/segmentio/kafka-go"
)

// TestContractOfTheService holds a running service against the contract's
// sections on events, Kafka and HTTP, which share one process to save time.
func TestContractOfTheService(t *testing.T) {
	needEngine(t)
	s := serve(t, t.TempDir(), "--kafka-topic-partitions", "1", "--kafka-topics-changes", "team.changes",
		"--kafka-topics-dead-letter", "team.dead", "--ingest-webhooks", "{github: s3cret}")
	t.Run("changes", func(t *testing.T) { s.within(t).contractChanges(t) })
	t.Run("alerts", func(t *testing.T) { s.within(t).contractAlerts(t) })
	t.Run("topology", func(t *testing.T) { s.within(t).contractTopology(t) })
	t.Run("kafka", func(t *testing.T) { s.within(t).contractKafka(t) })
	t.Run("http", func(t *testing.T) { s.within(t).contractHTTP(t) })
	s.stop()
}

// within is the server for the helpers of a subtest, which must fail it and not
// its parent.
func (s *server) within(t *testing.T) *server {
	inner := *s
	inner.t = t
	return &inner
}

// object is a JSON object as it came.
type object map[string]any

// change reads one stored change.
func (s *server) change(t *testing.T, id, source string) object {
	t.Helper()
	var got object
	path := "/v1/changes/" + url.PathEscape(id) + "?source=" + url.QueryEscape(source)
	if status := s.get(path, &got); status != http.StatusOK {
		t.Fatalf("GET %s: %d", path, status)
	}
	return got
}

func (s *server) contractChanges(t *testing.T) {
	s.post("/v1/changes", `{"id":"full","source":"argo-cd","kind":"deploy","started_at":"2026-11-02T12:00:00.1239+02:00","finished_at":"2026-11-02T10:05:00Z",
		"actor":{"id":"ana","type":"human","shift":2},"services":["pay"],"tickets":["T-1",{"n":1.50}],"links":{"diff":"https://d"},"labels":{"k":"v"}}`)
	want := object{
		"id": "full", "source": "argo-cd", "kind": "deploy", "environment": "production", "services": []any{"pay"},
		"started_at": "2026-11-02T10:00:00.123Z", "finished_at": "2026-11-02T10:05:00Z", "actor": map[string]any{"id": "ana", "type": "human"},
		"links": map[string]any{"diff": "https://d"}, "labels": map[string]any{"k": "v"},
		"extra": map[string]any{"actor.shift": 2.0, "tickets": []any{"T-1", map[string]any{"n": 1.5}}},
	}
	read := s.change(t, "full", "argo-cd")
	delete(read, "provenance")
	if diff := cmp.Diff(want, read); diff != "" {
		t.Errorf("a change as it is read back (-sent +read):\n%s", diff)
	}
	const head = `{"id":"u","source":"ci","kind":"deploy","started_at":"2026-11-02T10:00:00Z",`
	s.post("/v1/changes", head+`"observed_at":"2026-11-02T10:20:00Z","title":"late","status":"failed"}`)
	s.post("/v1/changes", head+`"observed_at":"2026-11-02T10:10:00Z","title":"early","status":"in_progress","version":"7"}`)
	s.post("/v1/changes", head+`"observed_at":"2026-11-02T10:30:00Z","status":"in_progress","labels":{"a":"b"}}`)
	got := s.change(t, "u", "ci")
	for field, want := range map[string]any{"title": "late", "version": "7", "status": "failed", "observed_at": "2026-11-02T10:30:00Z"} {
		if got[field] != want {
			t.Errorf("after updates out of order %s is %v, want %v", field, got[field], want)
		}
	}
	s.post("/v1/changes", strings.Replace(head, `"ci"`, `"flags"`, 1)+`"title":"another"}`)
	if status, answer := s.call(http.MethodGet, "/v1/changes/u", s.token(), ""); status != http.StatusConflict || !strings.Contains(answer, "flags") {
		t.Errorf("an id that two sources use: %d %s", status, answer)
	}
}

func (s *server) contractAlerts(t *testing.T) {
	const episode = `{"source":"am","service":"ledger","name":"Errors","severity":"critical","labels":{"team":"x"},"started_at":"2026-11-02T10:00:00Z",`
	s.post("/v1/alerts", episode+`"status":"firing"}`)
	s.post("/v1/alerts", episode+`"status":"resolved","resolved_at":"2026-11-02T10:09:00Z"}`)
	s.post("/v1/alerts", episode+`"status":"firing","summary":"came late"}`)
	s.await("incident that is over", func() bool {
		var page struct{ Items []object }
		if s.get("/v1/incidents?service=ledger", &page) != http.StatusOK || len(page.Items) == 0 {
			return false
		}
		if alerts := page.Items[0]["alerts"].([]any); len(page.Items) != 1 || len(alerts) != 1 {
			t.Fatalf("firing and resolved of one series are %d incidents, the first of %d alerts", len(page.Items), len(alerts))
		}
		return page.Items[0]["status"] == "resolved"
	})
}

func (s *server) contractTopology(t *testing.T) {
	now := time.Now().UTC()
	at := func(ago time.Duration) string { return now.Add(-ago).Format(time.RFC3339) }
	s.post("/v1/topology", fmt.Sprintf(`{"source":"mesh","observed_at":%q,"services":[{"name":"t-a","tier":2}],"edges":[{"caller":"t-a","callee":"t-b","kind":"sync","calls_per_second":1.5}]}`, at(time.Hour)))
	s.post("/v1/topology", fmt.Sprintf(`{"source":"catalog","observed_at":%q,"services":[{"name":"t-a","team":"shop"}],"edges":[{"caller":"t-a","callee":"t-db","kind":"data"}]}`, at(time.Minute)))
	s.post("/v1/topology", fmt.Sprintf(`{"source":"mesh","observed_at":%q,"edges":[{"caller":"t-old","callee":"t-b","kind":"sync"}]}`, at(30*24*time.Hour)))
	var got struct {
		Services []struct {
			Name, Team string
			Tier       int
		}
		Edges []struct{ Caller, Callee, Kind string }
	}
	if status := s.get("/v1/topology", &got); status != http.StatusOK {
		t.Fatalf("topology: %d", status)
	}
	calls := map[string]bool{}
	for _, e := range got.Edges {
		calls[e.Caller+" "+e.Callee+" "+e.Kind] = true
	}
	for call, want := range map[string]bool{"t-a t-b sync": true, "t-a t-db data": true, "t-old t-b sync": false} {
		if calls[call] != want {
			t.Errorf("call %q there: %v, want %v", call, calls[call], want)
		}
	}
	for _, service := range got.Services {
		if service.Name == "t-a" && (service.Tier != 2 || service.Team != "shop") {
			t.Errorf("what two sources say of a service does not merge: %+v", service)
		}
	}
}

// vendor reads a sample payload of a format.
func vendor(t *testing.T, format, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "ingest", "format", "testdata", format, name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// deployed is a CDEvent.
func deployed(id string) string {
	return fmt.Sprintf(`{"context":{"version":"0.4.1","id":%q,"source":"tekton","type":"dev.cdevents.service.deployed.0.2.0","timestamp":"2026-11-02T10:00:00Z"},
		"subject":{"id":"pay","source":"k8s","type":"service","content":{"environment":{"id":"production"},"artifactId":"pkg:oci/pay@sha256%%3Aaa?tag=v7"}}}`, id)
}

// enveloped is a CDEvent in a CloudEvent of structured mode.
func enveloped(id string) string {
	return fmt.Sprintf(`{"specversion":"1.0","id":"e-%s","source":"tekton","type":"dev.cdevents.service.deployed.0.2.0","datacontenttype":"application/json","data":%s}`, id, deployed(id))
}

// headers makes the headers of a message of names and values.
func headers(pairs ...string) (list []kafka.Header) {
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, kafka.Header{Key: pairs[i], Value: []byte(pairs[i+1])})
	}
	return list
}

// broker is the address of the service's own Kafka, as its log tells it.
func (s *server) broker(t *testing.T) string {
	t.Helper()
	found := regexp.MustCompile(`embedded Kafka is up" brokers=\[([^\]]+)\]`).FindStringSubmatch(s.logs.String())
	if found == nil {
		t.Fatal("the log does not tell where the embedded Kafka listens")
	}
	return found[1]
}

func (s *server) contractKafka(t *testing.T) {
	binary := headers("ce_specversion", "1.0", "ce_id", "e-1", "ce_source", "tekton", "ce_type", "dev.cdevents.service.deployed.0.2.0", "content-type", "application/json")
	one := func(id string) string {
		return fmt.Sprintf(`{"id":%q,"source":"kafka","kind":"config","started_at":"2026-11-02T10:00:00Z"}`, id)
	}
	bad := map[int64]struct{ value, reason string }{
		1:  {`{"id":"broken"`, ""},
		2:  {"\x00\xff not JSON", ""},
		4:  {strings.Replace(one("k-3"), "config", "party", 1), "kind"},
		6:  {"[" + one("k-6") + "," + strings.Replace(one("k-7"), `:00Z"`, `:00"`, 1) + "]", "started_at"},
		7:  {"whatever", "nonsense"},
		11: {strings.Replace(one("k-9"), `"source"`, `"title":"`+strings.Repeat("x", 10<<20)+`","source"`, 1), "bytes"},
		8:  {strings.Replace(one("k-8"), `"source"`, `"deep":`+strings.Repeat("[", 5000)+strings.Repeat("]", 5000)+`,"source"`, 1), "deep"},
	}
	values := []kafka.Message{
		0: {Value: []byte(one("k-0"))}, 1: {}, 2: {}, 3: {Value: []byte("[" + one("k-1") + "," + one("k-2") + "]")}, 4: {},
		5: {Value: []byte(deployed("cd-binary")), Headers: binary}, 6: {},
		7: {Headers: headers("faultline-format", "nonsense", "mine", "kept")}, 8: {},
		9:  {Value: []byte(enveloped("cd-structured")), Headers: headers("content-type", "application/cloudevents+json; charset=UTF-8")},
		10: {Value: vendor(t, "github", "deployment_status_success"), Headers: headers("faultline-format", "github")},
		11: {}, 12: {Value: []byte(one("k-last"))},
	}
	for i := range values {
		values[i].Topic, values[i].Key = "team.changes", []byte("pay")
		if letter, isBad := bad[int64(i)]; isBad {
			values[i].Value = []byte(letter.value)
		}
	}
	values = append(values,
		kafka.Message{Topic: "faultline.alerts", Value: vendor(t, "alertmanager", "mixed_group"), Headers: headers("faultline-format", "alertmanager")},
		kafka.Message{Topic: "faultline.alerts", Value: vendor(t, "pagerduty", "triggered"), Headers: headers("faultline-format", "pagerduty")},
	)
	writer := &kafka.Writer{Addr: kafka.TCP(s.broker(t)), BatchTimeout: 10 * time.Millisecond, BatchBytes: 12 << 20, RequiredAcks: kafka.RequireAll}
	defer func() { _ = writer.Close() }()
	if err := writer.WriteMessages(t.Context(), values...); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"k-0", "k-1", "k-2", "cd-binary", "cd-structured", "k-6", "k-last"} {
		s.await("change "+id, func() bool { var c object; return s.get("/v1/changes/"+id, &c) == http.StatusOK })
	}
	if got := s.change(t, "cd-binary", "tekton"); got["kind"] != "deploy" || !cmp.Equal(got["services"], any([]any{"pay"})) || got["started_at"] != "2026-11-02T10:00:00Z" {
		t.Errorf("the change of a CDEvent is %v", got)
	}
	var page struct{ Items []object }
	s.await("change of GitHub", func() bool { return s.get("/v1/changes?source=github", &page) == http.StatusOK && len(page.Items) == 1 })
	s.await("incident of PagerDuty", func() bool {
		return s.get("/v1/incidents", &page) == http.StatusOK && strings.Contains(fmt.Sprint(page.Items), "Checkout")
	})
	s.wantLetters(t, bad)
}

// wantLetters reads the dead letters and holds each against the bad message of
// its original offset.
func (s *server) wantLetters(t *testing.T, bad map[int64]struct{ value, reason string }) {
	t.Helper()
	reader := kafka.NewReader(kafka.ReaderConfig{Brokers: []string{s.broker(t)}, Topic: "team.dead", MaxWait: 200 * time.Millisecond, MaxBytes: 32 << 20})
	defer func() { _ = reader.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for left := maps.Clone(bad); len(left) > 0; {
		letter, err := reader.ReadMessage(ctx)
		if err != nil {
			t.Fatalf("%d dead letters are missing: %v", len(left), err)
		}
		header := map[string]string{}
		for _, h := range letter.Headers {
			header[h.Key] = string(h.Value)
		}
		var offset int64
		if _, err := fmt.Sscan(header["original-offset"], &offset); err != nil {
			t.Fatalf("original-offset %q: %v", header["original-offset"], err)
		}
		want, expected := left[offset]
		delete(left, offset)
		if !expected || string(letter.Value) != want.value {
			t.Errorf("dead letter of offset %d holds %.90q, want %.90q", offset, letter.Value, want.value)
		}
		if header["original-topic"] != "team.changes" || header["original-partition"] != "0" || header["error"] == "" || !strings.Contains(header["error"], want.reason) {
			t.Errorf("headers of the dead letter of offset %d are %v, want the reason to name %q", offset, header, want.reason)
		}
	}
}

// send makes one request with headers and returns the answer's status, headers
// and JSON.
func (s *server) send(t *testing.T, method, path, body string, header map[string]string) (int, http.Header, object) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var answer object
	_ = json.NewDecoder(resp.Body).Decode(&answer)
	return resp.StatusCode, resp.Header, answer
}

func (s *server) contractHTTP(t *testing.T) {
	bearer := map[string]string{"Authorization": "Bearer " + s.token()}
	binary := map[string]string{
		"Authorization": "Bearer " + s.token(), "Ce-Specversion": "1.0", "Ce-Id": "e", "Ce-Source": "tekton",
		"Ce-Type": "dev.cdevents.service.deployed.0.2.0", "Content-Type": "application/json",
	}
	mac := hmac.New(sha256.New, []byte("s3cret"))
	push := string(vendor(t, "github", "deployment"))
	mac.Write([]byte(push))
	signed := map[string]string{"X-GitHub-Event": "deployment", "X-Hub-Signature-256": "sha256=" + hex.EncodeToString(mac.Sum(nil))}
	forged := map[string]string{"X-GitHub-Event": "deployment", "X-Hub-Signature-256": "sha256=" + strings.Repeat("0", 64)}
	labels := `{"id":"x","source":"ci","kind":"deploy","started_at":"2026-11-02T10:00:00Z","labels":{` + manyLabels(1_000_000) + `}}`
	for _, tc := range []struct {
		name, method, path, body string
		header                   map[string]string
		status                   int
		field                    string
	}{
		{"CloudEvent, structured", http.MethodPost, "/v1/webhooks/cloudevents", enveloped("h-structured"), bearer, 202, ""},
		{"CloudEvent, binary", http.MethodPost, "/v1/webhooks/cloudevents", deployed("h-binary"), binary, 202, ""},
		{"signed by the vendor", http.MethodPost, "/v1/webhooks/github", push, signed, 202, ""},
		{"forged", http.MethodPost, "/v1/webhooks/github", push, forged, 401, ""},
		{"unknown vendor", http.MethodPost, "/v1/webhooks/nobody", "{}", bearer, 404, ""},
		{"no token", http.MethodPost, "/v1/changes", "{}", nil, 401, ""},
		{"NUL in a title", http.MethodPost, "/v1/changes", `{"id":"x","source":"ci","kind":"deploy","started_at":"2026-11-02T10:00:00Z","title":"a\u0000"}`, bearer, 422, "title"},
		{"unknown edge kind", http.MethodPost, "/v1/topology", `{"source":"m","observed_at":"2026-11-02T10:00:00Z","edges":[{"caller":"a","callee":"b","kind":"rope"}]}`, bearer, 422, "edges[0].kind"},
		{"end before start", http.MethodPost, "/v1/alerts", `{"source":"m","service":"a","name":"n","status":"resolved","started_at":"2026-11-02T10:00:00Z","resolved_at":"2026-11-02T09:00:00Z"}`, bearer, 422, "resolved_at"},
		{"a million labels", http.MethodPost, "/v1/changes", labels, bearer, 413, ""},
		{"unknown route", http.MethodGet, "/v1/nowhere", "", bearer, 404, ""},
		{"wrong method", http.MethodPut, "/v1/changes", "{}", bearer, 405, ""},
		{"bad limit", http.MethodGet, "/v1/incidents?limit=0", "", bearer, 422, "limit"},
		{"no such incident", http.MethodGet, "/v1/incidents/none/finding", "", bearer, 404, ""},
		{"alive", http.MethodGet, "/healthz", "", nil, 200, ""},
		{"ready", http.MethodGet, "/readyz", "", nil, 200, ""},
		{"figures", http.MethodGet, "/metrics", "", nil, 200, ""},
		{"description", http.MethodGet, "/openapi.json", "", nil, 200, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			status, header, answer := s.send(t, tc.method, tc.path, tc.body, tc.header)
			if status != tc.status {
				t.Fatalf("status %d, want %d: %v", status, tc.status, answer)
			}
			if status >= 400 && (header.Get("Content-Type") != "application/problem+json" || answer["title"] == nil || answer["status"] != float64(status)) {
				t.Errorf("%s is no problem: %v", header.Get("Content-Type"), answer)
			}
			if tc.field != "" && !strings.Contains(fmt.Sprint(answer["errors"]), "path:"+tc.field) {
				t.Errorf("the problem does not name %s: %v", tc.field, answer["errors"])
			}
		})
	}
	s.wantReceipt(t, bearer)
	s.wantPages(t, bearer)
}

// manyLabels writes n labels without the braces around them.
func manyLabels(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"l%d":"v",`, i)
	}
	return strings.TrimSuffix(b.String(), ",")
}

// wantReceipt checks that good events beside bad ones are taken and counted.
func (s *server) wantReceipt(t *testing.T, bearer map[string]string) {
	t.Helper()
	line := func(id, kind string) string {
		return fmt.Sprintf(`{"id":%q,"source":"nd","kind":%q,"started_at":"2026-11-02T10:00:00Z"}`, id, kind)
	}
	body := line("n-1", "data") + "\n\n" + line("n-2", "party") + "\n" + line("n-1", "data") + "\n"
	status, _, answer := s.send(t, http.MethodPost, "/v1/changes", body, bearer)
	rejected, _ := answer["rejected"].([]any)
	if status != http.StatusAccepted || answer["accepted"] != 1.0 || answer["duplicates"] != 1.0 || len(rejected) != 1 {
		t.Fatalf("%d %v", status, answer)
	}
	if first := rejected[0].(map[string]any); first["line"] != 3.0 || first["path"] != "kind" || !strings.Contains(fmt.Sprint(first["reason"]), "party") {
		t.Errorf("rejected %v, want line 3, the field and the reason", first)
	}
}

// wantPages walks through a list page by page, and asks again for what has not
// changed.
func (s *server) wantPages(t *testing.T, bearer map[string]string) {
	t.Helper()
	for i := range 5 {
		s.post("/v1/changes", fmt.Sprintf(`{"id":"p-%d","source":"pages","kind":"data","started_at":"2026-11-02T10:00:00Z"}`, i))
	}
	seen := map[any]int{}
	path := "/v1/changes?source=pages&limit=2"
	for next := path; next != ""; {
		status, header, answer := s.send(t, http.MethodGet, next, "", bearer)
		if status != http.StatusOK {
			t.Fatalf("%s: %d %v", next, status, answer)
		}
		for _, item := range answer["items"].([]any) {
			seen[item.(map[string]any)["id"]]++
		}
		again := maps.Clone(bearer)
		again["If-None-Match"] = header.Get("ETag")
		if status, _, _ := s.send(t, http.MethodGet, next, "", again); header.Get("ETag") == "" || status != http.StatusNotModified {
			t.Errorf("%s again with its ETag %q: %d", next, header.Get("ETag"), status)
		}
		cursor, more := answer["next_cursor"].(string)
		if next = ""; more {
			next = path + "&cursor=" + url.QueryEscape(cursor)
		}
	}
	if len(seen) != 5 {
		t.Errorf("the pages hold %v, want every change once", seen)
	}
}
