package config

import (
	"fmt"
)

// Notify says who is told about incidents, by the process that plays the role
// report. Without a channel and webhooks nobody is.
type Notify struct {
	Slack SlackNotify `yaml:"slack"`
	// Webhooks get every piece of news as a signed CloudEvent.
	Webhooks []WebhookNotify `yaml:"webhooks"`
}

// SlackNotify is a channel that gets a message for each incident.
type SlackNotify struct {
	// Token is the bot's, with the scope chat:write; Channel the channel's id.
	Token   Secret `yaml:"token"`
	Channel string `yaml:"channel"`
	// SigningSecret and Judges switch the buttons on: the app's signing secret,
	// and the ids of the users whose presses count.
	SigningSecret Secret   `yaml:"signing_secret"`
	Judges        []string `yaml:"judges"`
	// APIURL replaces the address of Slack's API, as for a proxy.
	APIURL string `yaml:"api_url"`
}

// WebhookNotify is one receiver of signed webhooks.
type WebhookNotify struct {
	URL    string `yaml:"url"`
	Secret Secret `yaml:"secret"`
}

// Buttons reports whether people may judge from Slack.
func (s *SlackNotify) Buttons() bool { return s.SigningSecret != "" && len(s.Judges) > 0 }

// validate names what is given by half.
func (n *Notify) validate() []error {
	var errs []error
	if (n.Slack.Token == "") != (n.Slack.Channel == "") {
		errs = append(errs, fmt.Errorf("notify.slack: give both token and channel, or neither"))
	}
	if (n.Slack.SigningSecret == "") != (len(n.Slack.Judges) == 0) {
		errs = append(errs, fmt.Errorf("notify.slack: buttons need both signing_secret and judges, the ids of the users who may press them"))
	}
	for i, hook := range n.Webhooks {
		if !webAddress(hook.URL) {
			errs = append(errs, fmt.Errorf("notify.webhooks[%d].url: give an address beginning with https:// or http://", i))
		}
		if len(hook.Secret) < 24 {
			errs = append(errs, fmt.Errorf("notify.webhooks[%d].secret: give at least 24 characters, as `openssl rand -base64 32` makes", i))
		}
	}
	return errs
}
