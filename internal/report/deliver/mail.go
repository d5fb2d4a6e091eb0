package deliver

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	netmail "net/mail"
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

// Send mails the report to one recipient. The server takes a mail only when it
// has come whole, so the delivery begins with the last part.
func (m *Mail) Send(ctx context.Context, r *report.Report, recipient string, begin Begin) error {
	// The client tells no more of an error in the middle of a mail than its text.
	var refused error
	msg, err := m.message(r, strings.TrimPrefix(recipient, mailScheme), func() error {
		refused = begin(ctx)
		return refused
	})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFinal, err)
	}
	client, err := m.client()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFinal, err)
	}
	conn, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return fmt.Errorf("connect to the mail server: %w", err)
	}
	err = client.SendWithSMTPClient(conn, msg)
	if !msg.IsDelivered() {
		// A farewell would end a mail that broke off, and the server would take the
		// half of it for the whole.
		_ = conn.Close()
		if refused != nil {
			return refused
		}
		return verdictOf(err)
	}
	// How the connection ends changes nothing about the mail.
	_ = client.CloseWithSMTPClient(conn)
	return nil
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

// message builds the mail. Its last part, the PDF, is written after last.
func (m *Mail) message(r *report.Report, to string, last func() error) (*mail.Msg, error) {
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
	msg.SetMessageIDWithValue(m.messageID(r, to))
	msg.SetBodyString(mail.TypeTextPlain, r.Markdown())
	msg.AddAlternativeString(mail.TypeTextHTML, string(page))
	for _, c := range charts {
		if err := msg.EmbedReader(c.Name+".png", bytes.NewReader(c.PNG), mail.WithFileContentID("<"+c.Name+">"), mail.WithFileContentType("image/png")); err != nil {
			return nil, err
		}
	}
	err = msg.AttachReader("faultline-"+r.Week+".pdf", bytes.NewReader(pdf), mail.WithFileContentType("application/pdf"))
	for _, file := range msg.GetAttachments() {
		write := file.Writer
		file.Writer = func(w io.Writer) (int64, error) {
			if err := last(); err != nil {
				return 0, err
			}
			return write(w)
		}
	}
	return msg, err
}

// messageID is the same for a report and a recipient whoever sends it, so that the
// log of a mail server tells whether it came, and a mailbox that gets it twice
// from its own servers can see that.
func (m *Mail) messageID(r *report.Report, to string) string {
	host := "faultline"
	if from, err := netmail.ParseAddress(m.cfg.From); err == nil {
		host = from.Address[strings.LastIndex(from.Address, "@")+1:]
	}
	hash := sha256.Sum256([]byte(strings.ToLower(to) + "\n" + r.MadeAt.UTC().Format(time.RFC3339Nano)))
	return fmt.Sprintf("report.%s.%x@%s", r.Week, hash[:8], host)
}
