package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Webhook sends each piece of news to an address as a CloudEvent in structured
// mode, signed as Standard Webhooks asks: HMAC-SHA256 over id, timestamp and
// body in the header webhook-signature. The receiver tells repeats by
// webhook-id, which stays the same over all attempts for one state.
type Webhook struct {
	name, address string
	secret        []byte
	client        *http.Client
	now           func() time.Time
}

// NewWebhook makes a target of an address. The secret signs; without one nothing
// is sent, since a receiver could not tell who speaks.
func NewWebhook(address, secret string, client *http.Client, now func() time.Time) (*Webhook, error) {
	at, err := url.Parse(address)
	if err != nil || at.Host == "" || (at.Scheme != "http" && at.Scheme != "https") {
		return nil, errors.New("url: give an address beginning with https:// or http://")
	}
	key, err := webhookKey(secret)
	if err != nil {
		return nil, err
	}
	return &Webhook{name: webhookName(at, key), address: address, secret: key, client: client, now: now}, nil
}

// webhookName tells receivers apart without telling what in their addresses may be
// secret. Two that differ in that part only are two in the ledger, or what one
// was told would count as told to the other. The mark is made with the key: a
// plain hash of a short secret could be guessed.
func webhookName(at *url.URL, key []byte) string {
	name := "webhook " + at.Host + at.Path
	if at.RawQuery == "" && at.User == nil {
		return name
	}
	mac := hmac.New(sha256.New, key)
	_, _ = mac.Write([]byte(at.String()))
	return name + " #" + hex.EncodeToString(mac.Sum(nil)[:markBytes])
}

// markBytes is how much of the mark a name shows.
const markBytes = 4

// minSecretBytes is what Standard Webhooks asks of a secret.
const minSecretBytes = 24

// webhookKey reads a secret in the form whsec_<base64>, or any long text.
func webhookKey(secret string) ([]byte, error) {
	key := []byte(secret)
	if encoded, ok := strings.CutPrefix(secret, "whsec_"); ok {
		var err error
		if key, err = base64.StdEncoding.DecodeString(encoded); err != nil {
			return nil, errors.New("secret: what follows whsec_ must be base64")
		}
	}
	if len(key) < minSecretBytes {
		return nil, fmt.Errorf("secret: give at least %d bytes, as `openssl rand -base64 32` makes", minSecretBytes)
	}
	return key, nil
}

// Name names the target in logs and in the ledger, without the query of its
// address, which may hold a secret: a mark stands for it.
func (w *Webhook) Name() string { return w.name }

// cloudEvent is a CloudEvent 1.0 in structured mode.
type cloudEvent struct {
	SpecVersion     string    `json:"specversion"`
	ID              string    `json:"id"`
	Source          string    `json:"source"`
	Type            string    `json:"type"`
	Subject         string    `json:"subject"`
	Time            time.Time `json:"time"`
	DataContentType string    `json:"datacontenttype"`
	Data            *News     `json:"data"`
}

// Tell sends the news. Answers of 2xx are acceptance; 408, 425, 429 and 5xx are
// worth another attempt; any other refuses for good.
func (w *Webhook) Tell(ctx context.Context, n *News, thread string) (string, error) {
	id := idOf(n)
	kind := "io.faultline.incident.updated"
	if thread == "" {
		kind = "io.faultline.incident.created"
	}
	body, err := json.Marshal(cloudEvent{
		SpecVersion: "1.0", ID: id, Source: "/faultline", Type: kind, Subject: n.Incident.ID, Time: n.Incident.UpdatedAt.UTC(),
		DataContentType: "application/json", Data: n,
	})
	if err != nil {
		return "", finalError{fmt.Errorf("encode the event: %w", err)}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.address, bytes.NewReader(body))
	if err != nil {
		return "", finalError{fmt.Errorf("address of the webhook: %w", err)}
	}
	stamp := strconv.FormatInt(w.now().Unix(), 10)
	req.Header.Set("Content-Type", "application/cloudevents+json")
	req.Header.Set("webhook-id", id)
	req.Header.Set("webhook-timestamp", stamp)
	req.Header.Set("webhook-signature", "v1,"+sign(w.secret, id, stamp, body))
	if err := w.send(req); err != nil {
		return "", err
	}
	return n.Incident.ID, nil
}

// idOf is the same for the same state of an incident. What people say and the
// finding change without a new revision of it, and may come to the same words
// twice.
func idOf(n *News) string {
	version := 0
	if n.Finding != nil {
		version = n.Finding.Version
	}
	parts := fmt.Sprintf("%s\n%d\n%d\n%d\n%s", n.Incident.ID, n.Incident.Revision, version, n.Judgement.Judgements, strings.Join(n.Changes, "|"))
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte(parts)).String()
}

// sign is the signature of Standard Webhooks 1.0.
func sign(secret []byte, id, stamp string, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	_, _ = fmt.Fprintf(mac, "%s.%s.", id, stamp)
	_, _ = mac.Write(body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func (w *Webhook) send(req *http.Request) error {
	response, err := w.client.Do(req)
	if err != nil {
		return fmt.Errorf("send to %s: %w", w.name, withoutAddress(err))
	}
	defer response.Body.Close() //nolint:errcheck // Only read.
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10))
	switch code := response.StatusCode; {
	case code >= 200 && code < 300:
		return nil
	case code == http.StatusRequestTimeout, code == http.StatusTooEarly, code == http.StatusTooManyRequests, code >= 500:
		return fmt.Errorf("%s answered %s", w.name, response.Status)
	default:
		return finalError{fmt.Errorf("%s refused with %s", w.name, response.Status)}
	}
}

// withoutAddress takes the address, which may hold a secret, out of an error.
func withoutAddress(err error) error {
	var failed *url.Error
	if errors.As(err, &failed) {
		return failed.Err
	}
	return err
}
