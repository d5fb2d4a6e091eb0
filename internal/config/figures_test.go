package config

import (
	"strings"
	"testing"
)

func TestFiguresAndReportSettingsAreChecked(t *testing.T) {
	for text, part := range map[string]string{
		"figures: {observation_window: 0s}":                                                      "figures.observation_window",
		"figures: {labels: {sensitivity: 1.5, specificity: 0.9}}":                                "figures.labels.sensitivity: is 1.5",
		"figures: {labels: {sensitivity: 0.4, specificity: 0.5}}":                                "no better than chance",
		"figures: {labels: {audited_ai: -1}}":                                                    "figures.labels.audited_ai",
		"report: {schedule: ''}":                                                                 "report.schedule: empty",
		"report: {timezone: Mars/Olympus}":                                                       "report.timezone",
		"report: {base_url: faultline}":                                                          "report.base_url",
		"report: {attempts: 0}":                                                                  "report.attempts",
		"report: {slack_webhook: nonsense}":                                                      "report.slack_webhook",
		"report: {smtp: {address: mail, from: a@example.org, to: [b@example.org]}}":              "report.smtp.address",
		"report: {smtp: {address: 'mail:25', to: [b@example.org]}}":                              "report.smtp.from",
		"report: {smtp: {address: 'mail:25', from: a@example.org}}":                              "report.smtp.to",
		"report: {smtp: {security: maybe}}":                                                      "report.smtp.security",
		"report: {smtp: {address: 'm:25', from: a, to: [b], security: none, password: hunter2}}": "not sent in the clear",
	} {
		_, err := Load(writeFile(t, text), nil, nil)
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %v, want an error with %q", text, err, part)
		}
		if err != nil && (strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "nonsense")) {
			t.Errorf("a secret is repeated: %v", err)
		}
	}
}

func TestReportSettingsAreRead(t *testing.T) {
	cfg, err := Load(writeFile(t, `
figures: {labels: {sensitivity: 0.8, specificity: 0.95, audited_ai: 100, audited_human: 200}}
report:
  timezone: Europe/Berlin
  schedule: "30 7 * * 1"
  smtp: {address: "mail.example.org:587", username: u, password: hunter2, from: f@example.org, to: [a@example.org, b@example.org]}
`), []string{"FAULTLINE_REPORT_SLACK_WEBHOOK=https://hooks.example.org/x"}, map[string]string{"report.smtp.to": "c@example.org,d@example.org"})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Report.SMTP.To[1] != "d@example.org" || cfg.Report.Timezone != "Europe/Berlin" || cfg.Figures.Labels.AuditedHuman != 200 {
		t.Errorf("%+v", cfg.Report)
	}
	var out strings.Builder
	if err := cfg.Dump(&out); err != nil || strings.Contains(out.String(), "hunter2") || strings.Contains(out.String(), "hooks.example.org") {
		t.Errorf("a secret was printed: %s %v", out.String(), err)
	}
}
