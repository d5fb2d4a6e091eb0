package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/slack-go/slack"

	"github.com/faultline/faultline/correlate"
)

// The buttons' action ids.
const (
	actionConfirm  = "faultline_confirm"
	actionReject   = "faultline_reject"
	actionNoChange = "faultline_no_change"
)

// buttonValue is what a button carries: which finding was seen, and which
// change it is about.
type buttonValue struct {
	Incident string         `json:"i"`
	Version  int            `json:"v"`
	Change   *correlate.Key `json:"c,omitempty"`
}

// maxButtonValue is Slack's bound on the value of a button.
const maxButtonValue = 2000

// judging are the buttons about the first suspect. A key too long for a button
// leaves the page as the place to judge.
func judging(n *News) slack.Block {
	var elements []slack.BlockElement
	button := func(action, label string, change *correlate.Key, style slack.Style) {
		raw, err := json.Marshal(buttonValue{n.Incident.ID, n.Finding.Version, change})
		if err != nil || len(raw) > maxButtonValue {
			return
		}
		b := slack.NewButtonBlockElement(action, string(raw), slack.NewTextBlockObject(slack.PlainTextType, label, false, false))
		b.Style = style
		elements = append(elements, b)
	}
	if len(n.Finding.Suspects) > 0 {
		key := n.Finding.Suspects[0].Change.Key()
		button(actionConfirm, "Confirm the first suspect", &key, slack.StylePrimary)
		button(actionReject, "Rule it out", &key, slack.StyleDefault)
	}
	button(actionNoChange, "No change did it", nil, slack.StyleDefault)
	return slack.NewActionBlock("faultline_judge", elements...)
}

// Verdict is what someone said with a button about one version of a finding.
type Verdict struct {
	Incident       string
	FindingVersion int
	Decision       correlate.Decision
	Change         *correlate.Key
	// By is who said so, as "slack:U0123".
	By string
}

// Judge keeps a verdict. Its error is shown to whoever pressed the button.
type Judge func(ctx context.Context, v Verdict) error

// Interactions takes the buttons that people press in Slack. Slack signs each
// request; one that is not signed, or signed more than five minutes ago, is
// refused, and so is whoever is not among the judges.
type Interactions struct {
	secret string
	judges []string
	judge  Judge
	client *http.Client
	log    *slog.Logger
	// replyHost is where answers may be posted to.
	replyHost string
}

// slackReplies is the only host that Slack lets apps answer to.
const slackReplies = "hooks.slack.com"

// NewInteractions makes the handler. Judges are Slack user ids.
func NewInteractions(secret string, judges []string, judge Judge, client *http.Client, log *slog.Logger) *Interactions {
	return &Interactions{secret: secret, judges: judges, judge: judge, client: client, log: log, replyHost: slackReplies}
}

// maxInteraction bounds a request; Slack sends the whole message along.
const maxInteraction = 1 << 20

// ServeHTTP answers within Slack's three seconds: the verdict is kept first,
// then the person who pressed is told.
func (x *Interactions) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxInteraction))
	if err != nil {
		http.Error(w, "the request cannot be read", http.StatusBadRequest)
		return
	}
	if err := x.verify(r.Header, body); err != nil {
		x.log.WarnContext(r.Context(), "an interaction is not signed as configured", slog.Any("error", err))
		http.Error(w, "the request is not signed by Slack", http.StatusUnauthorized)
		return
	}
	call, err := readCall(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	reply := x.act(r.Context(), call)
	w.WriteHeader(http.StatusOK)
	if reply != "" {
		x.reply(r.Context(), call.ResponseURL, reply)
	}
}

// verify checks the signature and its age.
func (x *Interactions) verify(header http.Header, body []byte) error {
	verifier, err := slack.NewSecretsVerifier(header, x.secret)
	if err != nil {
		return err
	}
	if _, err := verifier.Write(body); err != nil {
		return err
	}
	return verifier.Ensure()
}

// readCall reads the form that Slack sends.
func readCall(body []byte) (*slack.InteractionCallback, error) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, errors.New("the form cannot be read")
	}
	var call slack.InteractionCallback
	if err := json.Unmarshal([]byte(form.Get("payload")), &call); err != nil {
		return nil, errors.New("payload: is no interaction of Slack")
	}
	return &call, nil
}

// act does what the button says and returns what its presser is told; nothing
// for what is not ours.
func (x *Interactions) act(ctx context.Context, call *slack.InteractionCallback) string {
	if call.Type != slack.InteractionTypeBlockActions || len(call.ActionCallback.BlockActions) == 0 {
		return ""
	}
	action := call.ActionCallback.BlockActions[0]
	decision, ours := map[string]correlate.Decision{
		actionConfirm: correlate.DecisionConfirm, actionReject: correlate.DecisionReject, actionNoChange: correlate.DecisionNoChange,
	}[action.ActionID]
	if !ours {
		return ""
	}
	if !slices.Contains(x.judges, call.User.ID) {
		return "You may not judge here. Ask whoever runs Faultline to add " + call.User.ID + " to notify.slack.judges."
	}
	var value buttonValue
	if err := json.Unmarshal([]byte(action.Value), &value); err != nil {
		return "This button is of another version of Faultline; open the incident's page."
	}
	verdict := Verdict{Incident: value.Incident, FindingVersion: value.Version, Decision: decision, Change: value.Change, By: "slack:" + call.User.ID}
	if err := x.judge(ctx, verdict); err != nil {
		return fmt.Sprintf("Not kept: %v", err)
	}
	return fmt.Sprintf("Kept: %s on %s, version %d. You can change your mind on the incident's page.", decision, value.Incident, value.Version)
}

// replyTimeout bounds the answer to whoever pressed.
const replyTimeout = 2 * time.Second

// reply tells the presser alone. The address comes with the signed request;
// even so nothing is sent anywhere but to Slack.
func (x *Interactions) reply(ctx context.Context, address, text string) {
	at, err := url.Parse(address)
	if err != nil || at.Host != x.replyHost {
		return
	}
	body, err := json.Marshal(map[string]any{"response_type": "ephemeral", "replace_original": false, "text": escape(text)})
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, replyTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return
	}
	req.Header.Set("Content-Type", "application/json")
	response, err := x.client.Do(req)
	if err != nil {
		x.log.WarnContext(ctx, "the answer to a button could not be sent", slog.Any("error", withoutAddress(err)))
		return
	}
	_ = response.Body.Close()
}
