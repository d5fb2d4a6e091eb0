package app

import (
	"strings"
	"testing"

	"github.com/faultline/faultline/internal/config"
)

func TestTargetsFollowTheSettings(t *testing.T) {
	cfg := config.Notify{
		Slack:    config.SlackNotify{Token: "xoxb-secret", Channel: "C1"},
		Webhooks: []config.WebhookNotify{{URL: "https://tools.example.com/hook?key=hidden", Secret: config.Secret(strings.Repeat("x", 32))}},
	}
	targets, err := targetsOf(&cfg)
	if err != nil || len(targets) != 2 {
		t.Fatalf("%v %v", targets, err)
	}
	if targets[0].Name() != "slack C1" || !strings.HasPrefix(targets[1].Name(), "webhook tools.example.com/hook #") {
		t.Errorf("%q %q", targets[0].Name(), targets[1].Name())
	}
	if none, err := targetsOf(&config.Notify{}); err != nil || len(none) != 0 {
		t.Errorf("%v %v", none, err)
	}
	cfg.Webhooks[0].Secret = "short-secret"
	if _, err := targetsOf(&cfg); err == nil || !strings.Contains(err.Error(), "notify.webhooks[0].secret") || strings.Contains(err.Error(), "short-secret") {
		t.Errorf("%v", err)
	}
}

func TestButtonsHaveADoorOnlyWhenSomeoneMayPressThem(t *testing.T) {
	s := &service{}
	if s.chat() != nil {
		t.Error("a door without a secret")
	}
	s.cfg.Notify.Slack = config.SlackNotify{SigningSecret: "s", Judges: []string{"U1"}}
	if s.chat() == nil {
		t.Error("no door")
	}
}
