package deliver

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	netmail "net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/faultline/faultline/internal/figures"
	"github.com/faultline/faultline/internal/report"
)

// sink is a mail server that keeps what it gets.
type sink struct {
	mu    sync.Mutex
	mails []string
	to    []string
	// refuse is the answer to each recipient, busy that to the next mails.
	refuse *smtp.SMTPError
	busy   int
	// cut breaks the connection after the mail came in.
	cut bool
}

// got are the mails so far.
func (s *sink) got() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails)
}

type sinkSession struct {
	s    *sink
	conn *smtp.Conn
}

// NewSession implements smtp.Backend.
func (s *sink) NewSession(c *smtp.Conn) (smtp.Session, error) {
	return &sinkSession{s: s, conn: c}, nil
}

func (x *sinkSession) Reset()        {}
func (x *sinkSession) Logout() error { return nil }

func (x *sinkSession) Mail(string, *smtp.MailOptions) error { return nil }

func (x *sinkSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	if x.s.refuse != nil {
		return x.s.refuse
	}
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	x.s.to = append(x.s.to, to)
	return nil
}

func (x *sinkSession) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	if x.s.busy > 0 {
		x.s.busy--
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "busy"}
	}
	x.s.mails = append(x.s.mails, string(text))
	if x.s.cut {
		_ = x.conn.Conn().Close()
	}
	return nil
}

// serve runs the mail server until the test ends and returns its address.
func (s *sink) serve(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := smtp.NewServer(s)
	server.Domain, server.AllowInsecureAuth = "localhost", true
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
	return listener.Addr().String()
}

func mailer(t *testing.T, address string) *Mail {
	t.Helper()
	m, err := NewMail(MailConfig{Address: address, Security: "none", From: "Faultline <f@example.org>", To: []string{"vp@example.org"}, Timeout: 30 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// ready lets every delivery begin.
func ready(context.Context) error { return nil }

// sample is a report with charts.
func sample() report.Report {
	r := report.Report{Week: "2026-W47", MadeAt: monday, From: monday, To: monday, Sentence: "3 incidents & <b>more</b>."}
	for i := range 3 {
		at := monday.AddDate(0, 0, 7*i)
		r.Impact.Weeks = append(r.Impact.Weeks, figures.Week{Starts: at, All: &figures.Share{Events: 1 + i, N: 100, Value: float64(1+i) / 100}, High: 0.05})
	}
	return r
}

func TestTheMailArrivesWithItsParts(t *testing.T) {
	s := &sink{}
	m := mailer(t, s.serve(t))
	r := sample()
	if err := m.Send(t.Context(), &r, m.Recipients()[0], ready); err != nil {
		t.Fatal(err)
	}
	if len(s.got()) != 1 || s.to[0] != "vp@example.org" {
		t.Fatalf("%d mails to %v", len(s.got()), s.to)
	}
	msg, err := netmail.ReadMessage(strings.NewReader(s.got()[0]))
	if err != nil {
		t.Fatal(err)
	}
	if msg.Header.Get("Subject") != "Changes and outages, week 2026-W47" || msg.Header.Get("Message-Id") == "" || msg.Header.Get("Precedence") != "bulk" {
		t.Errorf("%v", msg.Header)
	}
	types := map[string]string{}
	walk(t, msg.Header.Get("Content-Type"), msg.Body, types)
	for _, want := range []string{"text/plain", "text/html", "image/png", "application/pdf"} {
		if _, found := types[want]; !found {
			t.Errorf("the mail lacks %s: has %v", want, types)
		}
	}
	if id := types["image/png"]; id != "<weeks>" {
		t.Errorf("the picture is %s, the page refers to cid:weeks", id)
	}
}

// walk lists the parts of a mail by type, with their content ids.
func walk(t *testing.T, contentType string, body io.Reader, types map[string]string) {
	t.Helper()
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(kind, "multipart/") {
		return
	}
	parts := multipart.NewReader(body, params["boundary"])
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		inner, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type"))
		types[inner] = part.Header.Get("Content-Id")
		walk(t, part.Header.Get("Content-Type"), part, types)
	}
}

func TestAMailServerThatIsBusyIsTriedAgainAndOneThatRefusesIsNot(t *testing.T) {
	s := &sink{busy: 1}
	m := mailer(t, s.serve(t))
	r := sample()
	err := m.Send(t.Context(), &r, m.Recipients()[0], ready)
	if err == nil || errors.Is(err, ErrFinal) || errors.Is(err, ErrUnsure) {
		t.Errorf("busy: %v", err)
	}
	if err := m.Send(t.Context(), &r, m.Recipients()[0], ready); err != nil || len(s.got()) != 1 {
		t.Error(err, len(s.got()))
	}
	s.refuse = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox"}
	if err := m.Send(t.Context(), &r, m.Recipients()[0], ready); !errors.Is(err, ErrFinal) {
		t.Errorf("refused: %v", err)
	}
	away := mailer(t, "127.0.0.1:1")
	if err := away.Send(t.Context(), &r, away.Recipients()[0], ready); err == nil || errors.Is(err, ErrFinal) || errors.Is(err, ErrUnsure) {
		t.Errorf("away: %v", err)
	}
}

func TestAMailWhoseReceiptIsLostIsNotSentAgain(t *testing.T) {
	s := &sink{cut: true}
	m := mailer(t, s.serve(t))
	r := sample()
	if err := m.Send(t.Context(), &r, m.Recipients()[0], ready); !errors.Is(err, ErrUnsure) {
		t.Errorf("%v", err)
	}
	o := newOffice()
	d := o.desk(clock)
	d.channels = []Channel{m}
	for range 2 {
		_ = d.Deliver(t.Context(), week47())
	}
	if len(s.got()) != 2 {
		t.Errorf("%d mails of two reports", len(s.got()))
	}
}

func TestMailSettingsThatCannotWorkAreNamed(t *testing.T) {
	for part, cfg := range map[string]MailConfig{
		"host:port": {Address: "mail"}, "no number": {Address: "mail:smtp"},
		"sender":    {Address: "mail:25", From: "nobody at all", To: []string{"a@example.org"}},
		"recipient": {Address: "mail:25", From: "f@example.org", To: []string{"a@@example.org\r\nBcc: x@example.org"}},
	} {
		if _, err := NewMail(cfg); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%+v: %v, want %q", cfg, err, part)
		}
	}
}

func TestEncryptionIsDemandedWhenItIsSet(t *testing.T) {
	s := &sink{}
	m := mailer(t, s.serve(t))
	m.cfg.Security = "starttls"
	r := sample()
	if err := m.Send(t.Context(), &r, m.Recipients()[0], ready); err == nil || len(s.got()) != 0 {
		t.Errorf("the mail went out in the clear: %v", err)
	}
}

func TestSlackGetsTheShortForm(t *testing.T) {
	var got report.SlackMessage
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = report.SlackMessage{}
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil || r.Header.Get("Content-Type") != "application/json" {
			t.Error(err)
		}
		w.WriteHeader(status)
	}))
	defer server.Close()
	s := NewSlack(server.URL+"/hooks/secret", 5*time.Second)
	defer s.client.CloseIdleConnections()
	r := sample()
	if err := s.Send(t.Context(), &r, s.Recipients()[0], ready); err != nil || !strings.Contains(got.Text, "3 incidents &amp; &lt;b&gt;more") || len(got.Blocks) < 3 {
		t.Errorf("%v %+v", err, got)
	}
	for code, final := range map[int]bool{http.StatusTooManyRequests: false, http.StatusBadGateway: false, http.StatusNotFound: true, http.StatusBadRequest: true} {
		status = code
		if err := s.Send(t.Context(), &r, "", ready); err == nil || errors.Is(err, ErrFinal) != final {
			t.Errorf("%d: %v", code, err)
		}
	}
}

func TestASlackPostWhoseAnswerIsLostIsUnsureAndItsAddressIsNotTold(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_ = conn.Close()
		}
	}))
	r := sample()
	s := NewSlack(server.URL+"/hooks/secret", 5*time.Second)
	err := s.Send(t.Context(), &r, "", ready)
	if !errors.Is(err, ErrUnsure) || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
	server.Close()
	err = s.Send(t.Context(), &r, "", ready)
	if err == nil || errors.Is(err, ErrUnsure) || errors.Is(err, ErrFinal) || strings.Contains(err.Error(), "secret") {
		t.Errorf("away: %v", err)
	}
}

// TestASlackPostThatIsSentElsewhereIsNotDelivered has an address that redirects,
// as that of a workspace that is gone does, to a page that answers with 200.
func TestASlackPostThatIsSentElsewhereIsNotDelivered(t *testing.T) {
	for _, code := range []int{http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		seen := 0
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			seen++
			if r.URL.Path == "/hooks/secret" {
				http.Redirect(w, r, "/elsewhere", code)
			}
		}))
		s := NewSlack(server.URL+"/hooks/secret", 5*time.Second)
		r := sample()
		if err := s.Send(t.Context(), &r, "", ready); !errors.Is(err, ErrFinal) || seen != 1 {
			t.Errorf("%d: %v after %d requests", code, err, seen)
		}
		s.client.CloseIdleConnections()
		server.Close()
	}
}
