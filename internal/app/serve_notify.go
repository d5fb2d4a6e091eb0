package app

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/faultline/faultline/api"
	"github.com/faultline/faultline/internal/config"
	"github.com/faultline/faultline/internal/notify"
)

// messageTimeout bounds one request to whoever is told about incidents.
const messageTimeout = 10 * time.Second

// startNotifier tells people about incidents, where anyone is to be told.
func (s *service) startNotifier(ctx context.Context) error {
	targets, err := targetsOf(&s.cfg.Notify)
	if err != nil || len(targets) == 0 {
		return err
	}
	cfg := notify.DefaultConfig()
	cfg.Link = s.cfg.Report.BaseURL
	notifier, err := notify.New(cfg, notify.Deps{Store: s.store, Judgements: s.store, Commands: s.store, Ledger: s.store, Lost: s.store, Targets: targets, Registerer: s.registry, Log: s.log})
	if err != nil {
		return err
	}
	s.run(ctx, "notifier", notifier.Run)
	return nil
}

// targetsOf are those who are told.
func targetsOf(cfg *config.Notify) ([]notify.Target, error) {
	client := messenger()
	var targets []notify.Target
	if cfg.Slack.Token != "" {
		slack, err := notify.NewSlack(notify.SlackConfig{
			Token: string(cfg.Slack.Token), Channel: cfg.Slack.Channel, API: cfg.Slack.APIURL, Buttons: cfg.Slack.Buttons(), HTTP: client,
		})
		if err != nil {
			return nil, fmt.Errorf("notify.slack: %w", err)
		}
		targets = append(targets, slack)
	}
	for i, hook := range cfg.Webhooks {
		webhook, err := notify.NewWebhook(hook.URL, string(hook.Secret), client, time.Now)
		if err != nil {
			return nil, fmt.Errorf("notify.webhooks[%d].%w", i, err)
		}
		targets = append(targets, webhook)
	}
	return targets, nil
}

// messenger follows no redirect: what is signed for one address is not for
// another.
func messenger() *http.Client {
	return &http.Client{Timeout: messageTimeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// chat makes the door for buttons, nil where they are not switched on.
func (s *service) chat() func(api.Judge) http.Handler {
	slack := &s.cfg.Notify.Slack
	if !slack.Buttons() {
		return nil
	}
	return func(judge api.Judge) http.Handler {
		return notify.NewInteractions(string(slack.SigningSecret), slack.Judges, func(ctx context.Context, v notify.Verdict) error {
			request := api.VerdictRequest{Decision: v.Decision, FindingVersion: v.FindingVersion, Reason: "said in Slack"}
			if v.Change != nil {
				request.Change = &api.ChangeRef{Source: v.Change.Source, ID: v.Change.ID}
			}
			return judge(ctx, v.By, v.Incident, request)
		}, messenger(), s.log)
	}
}
