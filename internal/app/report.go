package app

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/faultline/faultline/api/client"
	"github.com/faultline/faultline/internal/config"
	"github.com/faultline/faultline/internal/figures"
	"github.com/faultline/faultline/internal/report"
	"github.com/faultline/faultline/internal/report/deliver"
)

// deliveryTimeout bounds one attempt to deliver a report.
const deliveryTimeout = time.Minute

// desk makes, keeps and delivers reports: for the role that does so on schedule,
// and for the API, which gives them to whoever asks.
func (s *service) desk() (*deliver.Desk, error) {
	if s.reports != nil {
		return s.reports, nil
	}
	channels, err := reportChannels(&s.cfg.Report)
	if err != nil {
		return nil, err
	}
	cfg := deliver.DefaultConfig()
	cfg.Schedule, cfg.Attempts, cfg.Timeout = s.cfg.Report.Schedule, s.cfg.Report.Attempts, deliveryTimeout
	if cfg.Zone, err = time.LoadLocation(s.cfg.Report.Timezone); err != nil {
		return nil, fmt.Errorf("report.timezone: %w", err)
	}
	rules, err := s.policy()
	if err != nil {
		return nil, err
	}
	maker := report.NewBuilder(figures.New(figuresConfig(&s.cfg, rules.Levels()), s.store, nowUTC), s.store, s.store, newAuditor(s.store, rules), s.cfg.Report.BaseURL, nowUTC)
	s.reports = deliver.New(cfg, maker, s.store, s.store, channels, s.log, nowUTC)
	return s.reports, nil
}

// startReport makes and delivers the weekly report on schedule.
func (s *service) startReport(ctx context.Context) error {
	desk, err := s.desk()
	if err != nil {
		return err
	}
	s.run(ctx, "weekly report", desk.Run)
	return nil
}

// reportChannels are the ways that the settings name.
func reportChannels(cfg *config.Report) ([]deliver.Channel, error) {
	var channels []deliver.Channel
	if cfg.Dir != "" {
		channels = append(channels, deliver.NewFiles(cfg.Dir))
	}
	if cfg.SMTP.Address != "" {
		mail, err := deliver.NewMail(deliver.MailConfig{
			Address: cfg.SMTP.Address, Security: cfg.SMTP.Security, Username: cfg.SMTP.Username, Password: string(cfg.SMTP.Password),
			From: cfg.SMTP.From, To: cfg.SMTP.To, Timeout: deliveryTimeout,
		})
		if err != nil {
			return nil, fmt.Errorf("report.smtp: %w", err)
		}
		channels = append(channels, mail)
	}
	if cfg.SlackWebhook != "" {
		channels = append(channels, deliver.NewSlack(string(cfg.SlackWebhook), deliveryTimeout))
	}
	return channels, nil
}

// ReportOptions say which report to fetch and where to put it.
type ReportOptions struct {
	Week   string
	Format string
	// Out is a file; empty means standard output.
	Out    string
	Server string
	Token  string
	// Show is where progress is shown.
	Show Show
}

// Report fetches the report of a week from a running service and writes it.
func Report(ctx context.Context, opts ReportOptions, out io.Writer) error {
	if !slices.Contains(report.Formats(), report.Format(opts.Format)) {
		return notAmong("--format", opts.Format, []string{"html", "markdown", "json", "pdf"})
	}
	week, err := reportWeek(opts.Week)
	if err != nil {
		return err
	}
	service, err := askService(opts.Server, opts.Token)
	if err != nil {
		return err
	}
	progress := opts.Show.progress("waiting for the report of "+week, "")
	progress.Tick()
	format := client.GetReportParamsFormat(opts.Format)
	answer, err := service.GetReportWithResponse(ctx, week, &client.GetReportParams{Format: &format})
	progress.Done()
	if err != nil {
		return service.explain(err)
	}
	return handOver(out, opts.Out, "report of "+week, answer.Body)
}

// reportWeek checks a week before anything is asked; none means the last whole
// week, as it is in UTC.
func reportWeek(text string) (string, error) {
	if text == "" {
		return report.WeekOf(nowUTC(), time.UTC).Before(1).String(), nil
	}
	w, err := report.ParseWeek(text, time.UTC)
	if err != nil {
		return "", fmt.Errorf("--week: %w", err)
	}
	return w.String(), nil
}
