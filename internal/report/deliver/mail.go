package deliver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/faultline/faultline/internal/report"
)

// MailConfig says how mail is sent.
type MailConfig struct {
	// Address is host:port. Security is starttls, tls or none.
	Address, Security  string
	Username, Password string
	From               string
	To                 []string
	// Timeout bounds the connection.
	Timeout time.Duration
	// Options are added to those of the client, such as trusted certificates.
	Options []mail.Option
}

// Mail sends the report as HTML with its charts inside, plain text and PDF.
type Mail struct {
	cfg  MailConfig
	host string
	port int
}

const mailScheme = "mail:"

// NewMail checks the settings; it connects when it sends.
func NewMail(cfg MailConfig) (*Mail, error) {
	host, port, err := net.SplitHostPort(cfg.Address)
	if err != nil {
		return nil, fmt.Errorf("mail server %q: want host:port", cfg.Address)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil, fmt.Errorf("mail server %q: the port is no number", cfg.Address)
	}
	m := &Mail{cfg: cfg, host: host, port: number}
	for _, to := range cfg.To {
		if err := m.envelope(mail.NewMsg(), to); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// envelope sets sender and recipient.
func (m *Mail) envelope(msg *mail.Msg, to string) error {
	if err := msg.From(m.cfg.From); err != nil {
		return fmt.Errorf("sender %q: %w", m.cfg.From, err)
	}
	if err := msg.To(to); err != nil {
		return fmt.Errorf("recipient %q: %w", to, err)
	}
	return nil
}

// Recipients are the addresses.
func (m *Mail) Recipients() []string {
	out := make([]string, len(m.cfg.To))
	for i, to := range m.cfg.To {
		out[i] = mailScheme + to
	}
	return out
}

// Send mails the report to one recipient.
func (m *Mail) Send(ctx context.Context, r *report.Report, recipient string) error {
	msg, err := m.message(r, strings.TrimPrefix(recipient, mailScheme))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFinal, err)
	}
	client, err := m.client()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFinal, err)
	}
	if err := client.DialWithContext(ctx); err != nil {
		return fmt.Errorf("connect to the mail server: %w", err)
	}
	err = client.Send(msg)
	// How the connection ends changes nothing about the mail.
	_ = client.Close()
	if msg.IsDelivered() {
		return nil
	}
	return verdictOf(err)
}

// verdictOf tells apart what is refused for good and what may have arrived.
func verdictOf(err error) error {
	var failed *mail.SendError
	if err == nil || !errors.As(err, &failed) {
		return err
	}
	switch {
	case failed.Reason == mail.ErrSMTPDataClose && failed.ErrorCode() == 0:
		return fmt.Errorf("%w: %w", ErrUnsure, err)
	case failed.ErrorCode() >= 500:
		return fmt.Errorf("%w: %w", ErrFinal, err)
	}
	return err
}

func (m *Mail) client() (*mail.Client, error) {
	options := []mail.Option{mail.WithPort(m.port), mail.WithTimeout(m.cfg.Timeout)}
	switch m.cfg.Security {
	case "tls":
		options = append(options, mail.WithSSL())
	case "none":
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	default:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if m.cfg.Username != "" {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(m.cfg.Username), mail.WithPassword(m.cfg.Password))
	}
	client, err := mail.NewClient(m.host, append(options, m.cfg.Options...)...)
	if err != nil {
		return nil, fmt.Errorf("settings of mail: %w", err)
	}
	return client, nil
}

// message builds the mail.
func (m *Mail) message(r *report.Report, to string) (*mail.Msg, error) {
	page, charts, err := r.Mail()
	if err != nil {
		return nil, err
	}
	pdf, err := r.Render(report.PDF)
	if err != nil {
		return nil, err
	}
	msg := mail.NewMsg()
	if err := m.envelope(msg, to); err != nil {
		return nil, err
	}
	msg.Subject("Changes and outages, week " + r.Week)
	msg.SetDateWithValue(r.MadeAt)
	msg.SetBulk()
	msg.SetMessageID()
	msg.SetBodyString(mail.TypeTextPlain, r.Markdown())
	msg.AddAlternativeString(mail.TypeTextHTML, string(page))
	for _, c := range charts {
		if err := msg.EmbedReader(c.Name+".png", bytes.NewReader(c.PNG), mail.WithFileContentID("<"+c.Name+">"), mail.WithFileContentType("image/png")); err != nil {
			return nil, err
		}
	}
	name := "faultline-" + r.Week + ".pdf"
	return msg, msg.AttachReader(name, bytes.NewReader(pdf), mail.WithFileContentType("application/pdf"))
}
