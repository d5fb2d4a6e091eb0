package ingest

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/ingest/format"
	"github.com/faultline/faultline/internal/event"
)

// fakeVerifier knows one signed format, whose signature is its secret.
type fakeVerifier struct{}

// Signs implements Verifier.
func (fakeVerifier) Signs(format string) bool { return strings.EqualFold(format, "signed") }

// Verify implements Verifier.
func (fakeVerifier) Verify(_, secret string, header func(string) string, _ []byte) error {
	if header("X-Signature") != secret {
		return event.ErrBadSignature
	}
	return nil
}

// door is an intake among fakes.
type door struct {
	*testing.T
	store    *fakeStore
	registry *prometheus.Registry
	intake   *Intake
}

func newDoor(t *testing.T, adjust func(*IntakeConfig)) *door {
	t.Helper()
	d := &door{T: t, store: newFakeStore(), registry: prometheus.NewRegistry()}
	config := DefaultIntakeConfig()
	config.Secrets = map[string]Secret{"Signed": "s3cret"}
	if adjust != nil {
		adjust(&config)
	}
	var err error
	d.intake, err = NewIntake(config, IntakeDeps{
		Decoder: fakeDecoder{}, Verifier: fakeVerifier{}, Store: d.store, Seen: d.store,
		Registerer: d.registry, Log: silence(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *door) post(ctx context.Context, body string) (event.Receipt, error) {
	return d.intake.Accept(ctx, event.KindChange, "faultline", http.Header{}, []byte(body))
}

func (d *door) wantReceipt(body string, want event.Receipt) {
	d.Helper()
	got, err := d.post(d.Context(), body)
	if err != nil {
		d.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		d.Fatalf("receipt of %q (-want +got):\n%s", body, diff)
	}
}

func rejection(line int, id string) event.Rejection {
	return event.Rejection{Line: line, Err: &event.FieldError{Path: "id", Problem: "is " + id}}
}

func TestReceiptCountsWhatIsNewKnownAndRejected(t *testing.T) {
	d := newDoor(t, nil)
	d.wantReceipt("one|two", event.Receipt{Accepted: 2})
	d.wantReceipt("one|three|bad-3|two|three", event.Receipt{
		Accepted: 1, Duplicates: 3, Rejected: []event.Rejection{rejection(3, "bad-3")},
	})
	d.wantReceipt("bad-1", event.Receipt{Rejected: []event.Rejection{rejection(1, "bad-1")}})
	if diff := cmp.Diff([]string{"one", "three", "two"}, d.store.ids()); diff != "" {
		t.Fatal(diff)
	}
	if d.store.times["one"] != 1 {
		t.Fatal("a known event was inserted again")
	}
}

func TestRefusedEventIsRejectedByItsLine(t *testing.T) {
	d := newDoor(t, nil)
	d.store.refuses = func(id string) bool { return id == "four" }
	got, err := d.post(t.Context(), "one|bad-2|three|four|five")
	if err != nil {
		t.Fatal(err)
	}
	if got.Accepted != 3 || len(got.Rejected) != 2 || got.Rejected[1].Line != 4 {
		t.Fatalf("receipt %+v, want the fourth element rejected", got)
	}
	if problem := got.Rejected[1].Err.Problem; !strings.Contains(problem, "code 252") {
		t.Fatalf("the rejection says %q, want what the store said", problem)
	}
}

func TestUnsignedDeliveryIsRefused(t *testing.T) {
	d := newDoor(t, nil)
	if !d.intake.Checked("SIGNED") || d.intake.Checked("faultline") {
		t.Fatal("Checked does not tell which formats must be signed")
	}
	for _, header := range []http.Header{{}, {"X-Signature": {"wrong"}}} {
		_, err := d.intake.Accept(t.Context(), "", "signed", header, []byte("one"))
		if !errors.Is(err, event.ErrBadSignature) {
			t.Fatalf("Accept with %v = %v, want ErrBadSignature", header, err)
		}
	}
	receipt, err := d.intake.Accept(t.Context(), "", "signed", http.Header{"X-Signature": {"s3cret"}}, []byte("one"))
	if err != nil || receipt.Accepted != 1 {
		t.Fatalf("the signed delivery gives %+v, %v", receipt, err)
	}
	if diff := cmp.Diff([]string{"one"}, d.store.ids()); diff != "" {
		t.Fatal(diff)
	}
}

func TestWhatIsSentInAgainNeedsNoSignature(t *testing.T) {
	d := newDoor(t, nil)
	receipt, err := d.intake.Readmit(t.Context(), "", "signed", http.Header{}, []byte("one"))
	if err != nil || receipt.Accepted != 1 {
		t.Fatalf("%+v, %v", receipt, err)
	}
	if diff := cmp.Diff([]string{"one"}, d.store.ids()); diff != "" {
		t.Fatal(diff)
	}
}

func TestSecretOfAFormatThatDoesNotSignIsRefused(t *testing.T) {
	for secret, want := range map[Secret]string{"x": "are not signed by their senders", "": "are not signed"} {
		_, err := NewIntake(IntakeConfig{Secrets: map[string]Secret{"plain": secret}}, IntakeDeps{Verifier: fakeVerifier{}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("NewIntake = %v", err)
		}
	}
	_, err := NewIntake(IntakeConfig{Secrets: map[string]Secret{"signed": ""}}, IntakeDeps{Verifier: fakeVerifier{}})
	if err == nil || !strings.Contains(err.Error(), "is empty") {
		t.Errorf("NewIntake with an empty secret = %v", err)
	}
}

func TestSigningSecretIsNeverPrinted(t *testing.T) {
	config := IntakeConfig{Secrets: map[string]Secret{"github": "hunter2"}}
	encoded, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	var logged strings.Builder
	slog.New(slog.NewTextHandler(&logged, nil)).Info("settings", slog.Any("config", config), slog.Any("secret", config.Secrets["github"]))
	for _, text := range []string{fmt.Sprint(config), fmt.Sprintf("%#v", config), string(encoded), logged.String()} {
		if strings.Contains(text, "hunter2") {
			t.Errorf("the secret is printed: %s", text)
		}
	}
}

func TestConcurrentPostsShareInserts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(t, nil)
		d.store.block = make(chan struct{})
		var posts sync.WaitGroup
		for i := range 100 {
			posts.Go(func() {
				receipt, err := d.post(t.Context(), fmt.Sprintf("event-%d|shared", i))
				if err != nil || receipt.Accepted+receipt.Duplicates != 2 {
					t.Errorf("receipt %+v, %v", receipt, err)
				}
			})
		}
		synctest.Wait()
		close(d.store.block)
		posts.Wait()
		if d.store.inserts > 2 {
			t.Fatalf("100 posts took %d inserts, want the first and one for all others", d.store.inserts)
		}
		if got := len(d.store.ids()); got != 101 {
			t.Fatalf("%d events are stored, want 101", got)
		}
		if d.store.times["shared"] != 1 {
			t.Fatalf("an event that came by all was inserted %d times", d.store.times["shared"])
		}
	})
}

func TestNothingIsAnsweredBeforeItIsDurable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(t, nil)
		d.store.block = make(chan struct{})
		answered := false
		go func() {
			_, _ = d.post(t.Context(), "one")
			answered = true
		}()
		time.Sleep(time.Second)
		synctest.Wait()
		if answered {
			t.Fatal("the post was answered while its insert was still running")
		}
		close(d.store.block)
		synctest.Wait()
		if !answered {
			t.Fatal("the post was not answered after its insert")
		}
	})
}

func TestStoreDownIsToldAsUnavailable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(t, nil)
		d.store.down = errStoreDown
		began := time.Now()
		_, err := d.post(t.Context(), "one")
		if !errors.Is(err, event.ErrUnavailable) || !errors.Is(err, errStoreDown) {
			t.Fatalf("Accept = %v, want ErrUnavailable with the cause", err)
		}
		if took := time.Since(began); took > DefaultIntakeConfig().InsertTimeout {
			t.Fatalf("the answer took %s", took)
		}
		d.store.down = nil
		d.wantReceipt("one", event.Receipt{Accepted: 1})
	})
}

func TestShortOutageOfTheStoreIsBridged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(t, nil)
		d.store.block = make(chan struct{})
		go func() {
			time.Sleep(50 * time.Millisecond)
			d.store.set(func(s *fakeStore) { s.down = errStoreDown })
			close(d.store.block)
			time.Sleep(time.Second)
			d.store.set(func(s *fakeStore) { s.down = nil })
		}()
		d.wantReceipt("one", event.Receipt{Accepted: 1})
	})
}

func TestCancelledPostDoesNotTakeItsGroupAlong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(t, nil)
		d.store.block = make(chan struct{})
		go func() { _, _ = d.post(t.Context(), "first") }()
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		results := make(chan error, 2)
		go func() { // The leader of the second group.
			_, err := d.post(t.Context(), "second")
			results <- err
		}()
		synctest.Wait()
		follower := make(chan error, 1)
		go func() {
			body := []byte("third")
			_, err := d.intake.Accept(ctx, event.KindChange, "faultline", http.Header{}, body)
			copy(body, "XXXXX")
			follower <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-follower; !errors.Is(err, context.Canceled) {
			t.Fatalf("the cancelled post got %v", err)
		}
		close(d.store.block)
		if err := <-results; err != nil {
			t.Fatalf("its neighbour got %v", err)
		}
		synctest.Wait()
		if diff := cmp.Diff([]string{"first", "second", "third"}, d.store.ids()); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestTooMuchWaitingIsToldAsBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(t, func(c *IntakeConfig) { c.PendingBytes = 100 })
		d.store.block = make(chan struct{})
		var posts sync.WaitGroup
		for i := range 2 {
			posts.Go(func() {
				if _, err := d.post(t.Context(), fmt.Sprintf("%040d", i)); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		_, err := d.post(t.Context(), strings.Repeat("x", 40))
		if !errors.Is(err, event.ErrBusy) || errors.Is(err, event.ErrUnavailable) {
			t.Fatalf("Accept over the limit = %v", err)
		}
		close(d.store.block)
		posts.Wait()
		d.wantReceipt(strings.Repeat("y", 1000), event.Receipt{Accepted: 1})
	})
}

func TestPanicInTheStoreDoesNotHangTheNextPost(t *testing.T) {
	d := newDoor(t, nil)
	d.store.refuses = func(string) bool { panic("store") }
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic did not come through")
			}
		}()
		_, _ = d.post(t.Context(), "one")
	}()
	d.store.refuses = nil
	d.wantReceipt("two", event.Receipt{Accepted: 1})
}

func TestUnknownFormatIsNamed(t *testing.T) {
	registry := format.NewRegistry(format.DefaultConfig())
	i, err := NewIntake(DefaultIntakeConfig(), IntakeDeps{
		Decoder: registry, Verifier: registry, Store: newFakeStore(), Seen: newFakeStore(),
		Registerer: prometheus.NewRegistry(), Log: silence(),
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = i.Accept(t.Context(), "", "telex", http.Header{}, []byte("{}"))
	var unknown *event.UnknownFormatError
	if !errors.As(err, &unknown) || unknown.Format != "telex" {
		t.Fatalf("Accept = %v, want the unknown format", err)
	}
}

func TestSignedGitHubDeliveryIsDecodedAndLabelled(t *testing.T) {
	registry := format.NewRegistry(format.DefaultConfig())
	config := DefaultIntakeConfig()
	config.Secrets = map[string]Secret{"github": "s3cret"}
	store := &keepingStore{fakeStore: newFakeStore()}
	i, err := NewIntake(config, IntakeDeps{
		Decoder: registry, Verifier: registry, Labeller: labelEverything{}, Store: store, Seen: store,
		Registerer: prometheus.NewRegistry(), Log: silence(),
	})
	if err != nil {
		t.Fatal(err)
	}
	body := []byte(`{"deployment":{"id":7,"sha":"3f786850e387550fdab836ed7e6dc881de23001b","ref":"main","environment":"production",` +
		`"created_at":"2026-11-20T10:00:00Z","updated_at":"2026-11-20T10:00:00Z","creator":{"login":"ada","type":"User"}},` +
		`"action":"created","repository":{"id":1,"name":"checkout","full_name":"shop/checkout"}}`)
	mac := hmac.New(sha256.New, []byte("s3cret"))
	mac.Write(body)
	header := http.Header{"X-Github-Event": {"deployment"}, "X-Hub-Signature-256": {"sha256=" + hex.EncodeToString(mac.Sum(nil))}}
	receipt, err := i.Accept(t.Context(), "", "github", header, body)
	if err != nil || receipt.Accepted != 1 {
		t.Fatalf("Accept = %+v, %v; want one change", receipt, err)
	}
	got := store.changes[0]
	if got.Provenance == nil || got.Provenance.Class != correlate.ProvenanceAutomation || got.Format != "github" {
		t.Fatalf("stored %+v, want it labelled and its format named", got)
	}
}

// keepingStore keeps whole changes.
type keepingStore struct {
	*fakeStore
	changes []event.Change
}

// InsertChanges implements ChangeStore.
func (s *keepingStore) InsertChanges(ctx context.Context, token string, rows []event.Change) error {
	s.changes = append(s.changes, rows...)
	return s.fakeStore.InsertChanges(ctx, token, rows)
}

// labelEverything calls every change automation.
type labelEverything struct{}

// Label implements Labeller.
func (labelEverything) Label(*correlate.Change) correlate.Provenance {
	return correlate.Provenance{Class: correlate.ProvenanceAutomation}
}
