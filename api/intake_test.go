package api

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/ingest"
	"github.com/faultline/faultline/ingest/format"
	"github.com/faultline/faultline/internal/event"
)

// rowStore keeps what the real intake stores.
type rowStore struct {
	mu      sync.Mutex
	uids    map[uint64]bool
	changes []event.Change
	alerts  []event.Alert
	fail    error
}

func (s *rowStore) insert(uid uint64) { s.uids[uid] = true }

func (s *rowStore) InsertChanges(_ context.Context, _ string, rows []event.Change) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return s.fail
	}
	for i := range rows {
		s.insert(rows[i].UID)
	}
	s.changes = append(s.changes, rows...)
	return nil
}

func (s *rowStore) InsertAlerts(_ context.Context, _ string, rows []event.Alert) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range rows {
		s.insert(rows[i].UID)
	}
	s.alerts = append(s.alerts, rows...)
	return s.fail
}

func (s *rowStore) InsertTopology(_ context.Context, _ string, rows []event.Topology) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range rows {
		s.insert(rows[i].UID)
	}
	return s.fail
}

func (s *rowStore) InsertDeadLetters(context.Context, []event.DeadLetter) error { return nil }

func (s *rowStore) Seen(_ context.Context, _ event.Kind, uids []uint64) (map[uint64]bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := map[uint64]bool{}
	for _, uid := range uids {
		if s.uids[uid] {
			seen[uid] = true
		}
	}
	return seen, nil
}

const webhookSecret = "it's a secret to everybody"

// newRealIntake puts the real intake behind the API; only the store is ours.
func newRealIntake(t *testing.T) (*harness, *rowStore) {
	t.Helper()
	store := &rowStore{uids: map[uint64]bool{}}
	formats := format.NewRegistry(format.DefaultConfig())
	cfg := ingest.DefaultIntakeConfig()
	cfg.InsertTimeout = 100 * time.Millisecond
	cfg.Secrets = map[string]ingest.Secret{"github": webhookSecret, "pagerduty-change": webhookSecret}
	intake, err := ingest.NewIntake(cfg, ingest.IntakeDeps{
		Decoder: formats, Verifier: formats, Store: store, Seen: store, Registerer: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return newHarness(t, func(_ *Config, d *Deps) { d.Intake, d.Signatures = intake, intake }), store
}

const githubDeployment = `{"deployment":{"id":42,"sha":"0123456789012345678901234567890123456789","ref":"main","environment":"production",
"created_at":"2026-05-04T09:52:00Z","updated_at":"2026-05-04T09:52:00Z","creator":{"login":"octocat","type":"User"}},
"repository":{"id":7,"name":"checkout","full_name":"shop/checkout"},"sender":{"login":"octocat","type":"User"}}`

// github builds a delivery as the forge sends it: without a token.
func github(secret, body string) ask {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return ask{method: http.MethodPost, path: "/v1/webhooks/github", body: body, header: map[string]string{
		"X-GitHub-Event": "deployment", "X-Hub-Signature-256": "sha256=" + hex.EncodeToString(mac.Sum(nil)),
	}}
}

func TestRealIntakeTakesAForgesSignatureForAToken(t *testing.T) {
	h, store := newRealIntake(t)
	resp := h.do(t, github(webhookSecret, githubDeployment))
	if text := readAll(t, resp); resp.StatusCode != http.StatusAccepted || parse[Receipt](t, resp).Accepted != 1 {
		t.Fatalf("a signed delivery: status %d: %s", resp.StatusCode, text)
	}
	if len(store.changes) != 1 || !slices.Contains(store.changes[0].Services, "checkout") {
		t.Errorf("stored %+v", store.changes)
	}
	if again := parse[Receipt](t, h.do(t, github(webhookSecret, githubDeployment))); again.Duplicates != 1 || again.Accepted != 0 {
		t.Errorf("the forge's redelivery: %+v", again)
	}
	wantProblem(t, h.do(t, github("guess", githubDeployment)), badSignature)
	// The signature is over the form as it came, not over the payload in it.
	form := github(webhookSecret, url.Values{"payload": {githubDeployment}}.Encode())
	form.header["Content-Type"] = "application/x-www-form-urlencoded"
	if as := parse[Receipt](t, h.do(t, form)); as.Duplicates != 1 || as.Accepted != 0 {
		t.Errorf("the same as a form: %+v", as)
	}
	tampered := github(webhookSecret, githubDeployment)
	tampered.body = strings.Replace(tampered.body, "production", "productioN", 1)
	wantProblem(t, h.do(t, tampered), badSignature)
	unsigned := github(webhookSecret, githubDeployment)
	delete(unsigned.header, "X-Hub-Signature-256")
	wantProblem(t, h.do(t, unsigned), badSignature)
	unsigned.token = RoleIngest
	wantProblem(t, h.do(t, unsigned), badSignature)
	unsigned.path = "/v1/webhooks/alertmanager"
	unsigned.token = ""
	wantProblem(t, h.do(t, unsigned), unauthorized)
	if len(store.changes) != 1 {
		t.Errorf("%d changes stored, want 1", len(store.changes))
	}
}

// A sender that can be given another host than PagerDuty's keeps its path and
// sends nothing to prove itself by but the routing key.
func TestChangeEventsArriveUnderThePathOfPagerDuty(t *testing.T) {
	h, store := newRealIntake(t)
	send := func(key string) *http.Response {
		return h.do(t, ask{method: http.MethodPost, path: "/v2/change/enqueue", body: `{"routing_key":"` + key + `","payload":{"summary":"Deployed checkout 4.2.0",
			"source":"ci.example","timestamp":"2026-05-04T09:00:00Z","custom_details":{"service":"checkout","version":"4.2.0"}}}`})
	}
	resp := send(webhookSecret)
	if text := readAll(t, resp); resp.StatusCode != http.StatusAccepted || parse[Receipt](t, resp).Accepted != 1 {
		t.Fatalf("status %d: %s", resp.StatusCode, text)
	}
	if c := store.changes[0]; c.Source != "pagerduty-change" || c.Kind != correlate.KindDeploy || c.Version != "4.2.0" || !slices.Equal(c.Services, []string{"checkout"}) {
		t.Errorf("stored %+v", c)
	}
	wantProblem(t, send("guess"), badSignature)
	alert := h.do(t, ask{method: http.MethodPost, path: "/v2/change/enqueue", body: `{"routing_key":"` + webhookSecret + `","event_action":"trigger"}`})
	if p := wantProblem(t, alert, invalidBody); p.Errors[0].Path != "event_action" {
		t.Errorf("an alert: %+v", p)
	}
}

// Where no secret proves the sender, a token must.
func TestChangeEventsWithoutASecretNeedAToken(t *testing.T) {
	h := newHarness(t)
	deliver := ask{method: http.MethodPost, path: "/v2/change/enqueue", body: minimalChange("")}
	wantProblem(t, h.do(t, deliver), unauthorized)
	deliver.token = RoleReader
	wantProblem(t, h.do(t, deliver), forbidden)
}

func TestRealIntakeListsItsFormats(t *testing.T) {
	h, _ := newRealIntake(t)
	p := wantProblem(t, h.send(t, "/v1/webhooks/nagios", "{}"), unknownFormat)
	for _, want := range []string{"alertmanager", "github", "pagerduty"} {
		if !slices.Contains(p.Choices, want) {
			t.Errorf("choices %v lack %s", p.Choices, want)
		}
	}
}

func TestRealIntakeCountsLinesAndDuplicates(t *testing.T) {
	h, store := newRealIntake(t)
	body := minimalAlert + "\n" + `{"source":"x"}` + "\n" + minimalAlert + "\n"
	got := parse[Receipt](t, h.send(t, "/v1/alerts", body))
	if got.Accepted != 1 || got.Duplicates != 1 || got.RejectedCount != 1 || got.Rejected[0].Line != 2 || len(store.alerts) != 1 {
		t.Errorf("receipt %+v, %d stored", got, len(store.alerts))
	}
	if p := wantProblem(t, h.send(t, "/v1/changes", `{"id":`), invalidBody); p.Errors[0].Line != 1 || p.Errors[0].Mend == "" {
		t.Errorf("problem %+v", p)
	}
}

func TestRealIntakeTellsWhenTheStoreIsDown(t *testing.T) {
	h, store := newRealIntake(t)
	store.fail = errors.New("connection refused")
	resp := h.send(t, "/v1/changes", minimalChange(""))
	if wantProblem(t, resp, storeUnavailable); resp.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	store.mu.Lock()
	store.fail = nil
	store.mu.Unlock()
	if got := parse[Receipt](t, h.send(t, "/v1/changes", minimalChange(""))); got.Accepted != 1 {
		t.Errorf("the same request again: %+v", got)
	}
}
