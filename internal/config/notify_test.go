package config

import (
	"strings"
	"testing"
)

func TestNotificationsGivenByHalfAreRefusedByName(t *testing.T) {
	long := Secret(strings.Repeat("x", 24))
	for want, n := range map[string]Notify{
		"notify.slack: give both":        {Slack: SlackNotify{Token: "xoxb"}},
		"both signing_secret and judges": {Slack: SlackNotify{Token: "xoxb", Channel: "C1", SigningSecret: "s"}},
		"notify.webhooks[1].url":         {Webhooks: []WebhookNotify{{URL: "https://a.example", Secret: long}, {URL: "a.example", Secret: long}}},
		"notify.webhooks[0].secret":      {Webhooks: []WebhookNotify{{URL: "https://a.example", Secret: "short"}}},
	} {
		cfg := Default()
		cfg.Notify = n
		err := cfg.Validate()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
		if err != nil && strings.Contains(err.Error(), "xoxb") {
			t.Errorf("an error tells a secret: %v", err)
		}
	}
	cfg := Default()
	cfg.Notify = Notify{Slack: SlackNotify{Token: "xoxb", Channel: "C1", SigningSecret: "s", Judges: []string{"U1"}}, Webhooks: []WebhookNotify{{URL: "https://a.example/h", Secret: long}}}
	if err := cfg.Validate(); err != nil || !cfg.Notify.Slack.Buttons() {
		t.Errorf("%v", err)
	}
}
