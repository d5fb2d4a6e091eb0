package notify

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
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/faultline/faultline/correlate"
)

const signingSecret = "8f742231b10e8888abcd99yyyzzz85a5"

// press sends a button press signed at a moment.
func press(t *testing.T, x *Interactions, payload string, at time.Time, key string) *httptest.ResponseRecorder {
	t.Helper()
	body := url.Values{"payload": {payload}}.Encode()
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(key))
	_, _ = fmt.Fprintf(mac, "v0:%s:%s", stamp, body)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/slack/interactions", strings.NewReader(body))
	r.Header.Set("X-Slack-Request-Timestamp", stamp)
	r.Header.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
	w := httptest.NewRecorder()
	x.ServeHTTP(w, r)
	return w
}

// pressed is the payload of a button.
func pressed(user, action, value, reply string) string {
	raw, _ := json.Marshal(map[string]any{
		"type": "block_actions", "user": map[string]string{"id": user}, "response_url": reply,
		"actions": []map[string]string{{"action_id": action, "value": value, "type": "button", "block_id": "faultline_judge"}},
	})
	return string(raw)
}

func TestAButtonJudgesForThoseWhoMay(t *testing.T) {
	var kept []Verdict
	var refusal error
	replies := &receiver{}
	address := receive(t, replies)
	host := strings.TrimPrefix(address, "http://")
	x := NewInteractions(signingSecret, []string{"U1"}, func(_ context.Context, v Verdict) error {
		kept = append(kept, v)
		return refusal
	}, http.DefaultClient, slog.New(slog.DiscardHandler))
	x.replyHost = host
	value := `{"i":"inc-1","v":4,"c":{"source":"cd","id":"a"}}`
	if w := press(t, x, pressed("U1", actionConfirm, value, address), time.Now(), signingSecret); w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if len(kept) != 1 || kept[0].Decision != correlate.DecisionConfirm || *kept[0].Change != (correlate.Key{Source: "cd", ID: "a"}) || kept[0].FindingVersion != 4 || kept[0].By != "slack:U1" {
		t.Fatalf("%+v", kept)
	}
	press(t, x, pressed("U2", actionConfirm, value, address), time.Now(), signingSecret)
	if len(kept) != 1 || !strings.Contains(string(replies.bodies[1]), "notify.slack.judges") {
		t.Errorf("someone who may not judge did: %d, %s", len(kept), replies.bodies)
	}
	refusal = errors.New("the finding is at version 5 now")
	press(t, x, pressed("U1", actionNoChange, `{"i":"inc-1","v":4}`, address), time.Now(), signingSecret)
	if !strings.Contains(string(replies.bodies[2]), "version 5 now") {
		t.Errorf("a refusal is not told: %s", replies.bodies[2])
	}
	press(t, x, pressed("U1", "someone_elses", value, address), time.Now(), signingSecret)
	if len(kept) != 2 || len(replies.bodies) != 3 {
		t.Error("another app's button was taken")
	}
}

func TestUnsignedStaleAndBrokenPressesAreRefused(t *testing.T) {
	x := NewInteractions(signingSecret, []string{"U1"}, func(context.Context, Verdict) error {
		t.Error("an unauthenticated write")
		return nil
	}, http.DefaultClient, slog.New(slog.DiscardHandler))
	payload := pressed("U1", actionConfirm, `{"i":"inc-1","v":4}`, "")
	if w := press(t, x, payload, time.Now(), "another secret"); w.Code != http.StatusUnauthorized {
		t.Errorf("wrongly signed: %d", w.Code)
	}
	if w := press(t, x, payload, time.Now().Add(-10*time.Minute), signingSecret); w.Code != http.StatusUnauthorized {
		t.Errorf("replayed after ten minutes: %d", w.Code)
	}
	if w := press(t, x, "no json", time.Now(), signingSecret); w.Code != http.StatusBadRequest {
		t.Errorf("broken: %d", w.Code)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader("payload={}"))
	w := httptest.NewRecorder()
	x.ServeHTTP(w, r)
	if w.Code != http.StatusUnauthorized {
		t.Errorf("unsigned: %d", w.Code)
	}
}

// TestAnEditedPressIsRefused signs one press and sends another: not a byte of a
// signed request may be changed, and neither may its time.
func TestAnEditedPressIsRefused(t *testing.T) {
	x := NewInteractions(signingSecret, []string{"U1", "U2"}, func(context.Context, Verdict) error {
		t.Error("an edited press was taken")
		return nil
	}, http.DefaultClient, slog.New(slog.DiscardHandler))
	body := url.Values{"payload": {pressed("U1", actionConfirm, `{"i":"inc-1","v":4}`, "")}}.Encode()
	now := time.Now()
	stamp := strconv.FormatInt(now.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(signingSecret))
	_, _ = fmt.Fprintf(mac, "v0:%s:%s", stamp, body)
	signature := "v0=" + hex.EncodeToString(mac.Sum(nil))
	for name, c := range map[string]struct{ body, stamp, signature string }{
		"another person":  {strings.Replace(body, "U1", "U2", 1), stamp, signature},
		"another version": {strings.Replace(body, "4", "5", 1), stamp, signature},
		"one more byte":   {body + "&", stamp, signature},
		"another time":    {body, strconv.FormatInt(now.Add(time.Second).Unix(), 10), signature},
		"no signature":    {body, stamp, ""},
		"no scheme":       {body, stamp, strings.TrimPrefix(signature, "v0=")},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/slack/interactions", strings.NewReader(c.body))
		r.Header.Set("X-Slack-Request-Timestamp", c.stamp)
		r.Header.Set("X-Slack-Signature", c.signature)
		w := httptest.NewRecorder()
		x.ServeHTTP(w, r)
		if w.Code != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
}

func TestRepliesGoToSlackOnly(t *testing.T) {
	replies := &receiver{}
	address := receive(t, replies)
	x := NewInteractions(signingSecret, []string{"U1"}, func(context.Context, Verdict) error { return nil }, http.DefaultClient, slog.New(slog.DiscardHandler))
	press(t, x, pressed("U1", actionNoChange, `{"i":"inc-1","v":4}`, address), time.Now(), signingSecret)
	if len(replies.bodies) != 0 {
		t.Error("an answer was sent to a host that is not Slack")
	}
}
