package config

import (
	"errors"
	"fmt"
	"time"
)

// Figures says how the figures for leadership are made.
type Figures struct {
	// ObservationWindow is how long a change is given to fail before it counts.
	ObservationWindow time.Duration `yaml:"observation_window"`
	Labels            Labels        `yaml:"labels"`
}

// Labels says how well AI-assisted changes are told from others, as an audit
// found. Nothing is corrected while both shares are zero.
type Labels struct {
	// Sensitivity is the share of AI-assisted changes that are labelled so,
	// Specificity the share of human ones that are not.
	Sensitivity float64 `yaml:"sensitivity"`
	Specificity float64 `yaml:"specificity"`
	// AuditedAI and AuditedHuman are how many changes the audit looked at.
	AuditedAI    int `yaml:"audited_ai"`
	AuditedHuman int `yaml:"audited_human"`
}

// Report says when the weekly report is made and whom it goes to.
type Report struct {
	// Schedule is five cron fields in Timezone.
	Schedule string `yaml:"schedule"`
	Timezone string `yaml:"timezone"`
	// BaseURL is the address of the pages that the report links to.
	BaseURL string `yaml:"base_url"`
	// Dir gets the report as files, none when empty.
	Dir  string `yaml:"dir"`
	SMTP SMTP   `yaml:"smtp"`
	// SlackWebhook is the address of an incoming webhook.
	SlackWebhook Secret `yaml:"slack_webhook"`
	// Attempts is how often a delivery is tried.
	Attempts int `yaml:"attempts"`
}

// SMTP says how mail is sent. Without an address none is.
type SMTP struct {
	// Address is host:port.
	Address  string `yaml:"address"`
	Username string `yaml:"username"`
	Password Secret `yaml:"password"`
	// Security is starttls, tls or none.
	Security string   `yaml:"security"`
	From     string   `yaml:"from"`
	To       []string `yaml:"to"`
}

// defaultFigures fits most companies.
func defaultFigures() Figures {
	return Figures{ObservationWindow: 24 * time.Hour}
}

// defaultReport makes the report on Monday morning and sends it nowhere.
func defaultReport() Report {
	return Report{Schedule: "0 6 * * 1", Timezone: "UTC", SMTP: SMTP{Security: "starttls"}, Attempts: 6}
}

func (f *Figures) validate() []error {
	errs := []error{positive("figures.observation_window", f.ObservationWindow)}
	l := &f.Labels
	errs = append(errs, share("figures.labels.sensitivity", l.Sensitivity), share("figures.labels.specificity", l.Specificity))
	if (l.Sensitivity > 0 || l.Specificity > 0) && l.Sensitivity+l.Specificity <= 1 {
		errs = append(errs, errors.New("figures.labels: labels with these shares are no better than chance; sensitivity and specificity must add up to more than 1"))
	}
	return append(errs, atLeast("figures.labels.audited_ai", l.AuditedAI, 0), atLeast("figures.labels.audited_human", l.AuditedHuman, 0))
}

func share(key string, value float64) error {
	if !(value >= 0 && value <= 1) { // Which holds for what is no number, too.
		return fmt.Errorf("%s: is %v; want a share from 0 to 1", key, value)
	}
	return nil
}

func (r *Report) validate() []error {
	errs := []error{
		required("report.schedule", r.Schedule), atLeast("report.attempts", r.Attempts, 1),
		oneOf("report.smtp.security", r.SMTP.Security, []string{"starttls", "tls", "none"}),
	}
	if _, err := time.LoadLocation(r.Timezone); err != nil || r.Timezone == "" {
		errs = append(errs, fmt.Errorf("report.timezone: %q is unknown; want a name such as UTC or Europe/Berlin", r.Timezone))
	}
	if r.BaseURL != "" && !webAddress(r.BaseURL) {
		errs = append(errs, errors.New("report.base_url: want an address such as https://faultline.example"))
	}
	// The address of the webhook is a secret: no error may repeat it.
	if r.SlackWebhook != "" && !webAddress(string(r.SlackWebhook)) {
		errs = append(errs, errors.New("report.slack_webhook: want the address of an incoming webhook"))
	}
	if r.SMTP.Address == "" {
		return errs
	}
	errs = append(errs, hostPort("report.smtp.address", r.SMTP.Address), required("report.smtp.from", r.SMTP.From))
	if len(r.SMTP.To) == 0 {
		errs = append(errs, errors.New("report.smtp.to: empty; name at least one recipient"))
	}
	if r.SMTP.Security == "none" && r.SMTP.Password != "" {
		errs = append(errs, errors.New("report.smtp.security: a password is not sent in the clear; use starttls or tls"))
	}
	return errs
}
