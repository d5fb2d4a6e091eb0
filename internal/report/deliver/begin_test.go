package deliver

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/faultline/faultline/internal/query"
	"github.com/faultline/faultline/internal/report"
)

var errAway = errors.New("the ledger is away")

// TestAMailThatMayNotBeginIsNotTakenByHalf breaks a mail off in its middle. A
// farewell on the open connection would end it, and the server would take the half.
func TestAMailThatMayNotBeginIsNotTakenByHalf(t *testing.T) {
	s := &sink{}
	m := mailer(t, s.serve(t))
	r := sample()
	err := m.Send(t.Context(), &r, m.Recipients()[0], func(context.Context) error { return errAway })
	if !errors.Is(err, errAway) || errors.Is(err, ErrUnsure) || errors.Is(err, ErrFinal) {
		t.Errorf("%v", err)
	}
	// The server has seen the connection end before the next mail comes.
	if err := m.Send(t.Context(), &r, m.Recipients()[0], ready); err != nil {
		t.Fatal(err)
	}
	if len(s.got()) != 1 || !strings.Contains(s.got()[0], "application/pdf") {
		t.Errorf("%d mails were taken", len(s.got()))
	}
}

// TestADeliveryBeginsOnlyWhenItMayArrive asks that what cannot have arrived leaves
// no trace of a beginning: after a crash it must be sent.
func TestADeliveryBeginsOnlyWhenItMayArrive(t *testing.T) {
	refusing := &sink{refuse: &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "come back later"}}
	mute := httptest.NewUnstartedServer(http.NotFoundHandler())
	address := mute.Listener.Addr().String()
	mute.Close()
	slack := NewSlack("http://"+address+"/x", time.Second)
	defer slack.client.CloseIdleConnections()
	for name, channel := range map[string]Channel{
		"a greylisting mail server": mailer(t, refusing.serve(t)), "a mail server that is away": mailer(t, "127.0.0.1:1"),
		"a webhook that is away": slack, "files": NewFiles(t.TempDir()),
	} {
		begun := false
		r := sample()
		err := channel.Send(t.Context(), &r, channel.Recipients()[0], func(context.Context) error { begun = true; return nil })
		if begun || (err == nil) != (name == "files") {
			t.Errorf("%s: begun %v, %v", name, begun, err)
		}
	}
}

func TestAPostThatMayNotBeginSendsNothing(t *testing.T) {
	bodies := make(chan string, 4)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err == nil {
			bodies <- string(text)
		}
	}))
	s := NewSlack(server.URL, 5*time.Second)
	r := sample()
	err := s.Send(t.Context(), &r, "", func(context.Context) error { return errAway })
	server.Close()
	s.client.CloseIdleConnections()
	if !errors.Is(err, errAway) || errors.Is(err, ErrUnsure) || len(bodies) != 0 {
		t.Errorf("%v, %d bodies", err, len(bodies))
	}
}

// TestAServerThatAnswersWithoutReadingEndsTheDelivery keeps a transport that goes
// on in the background from beginning a delivery whose end is noted.
func TestAServerThatAnswersWithoutReadingEndsTheDelivery(t *testing.T) {
	begun := 0
	b := &post{text: strings.NewReader("text"), begin: func() error { begun++; return nil }}
	if _, err := b.Read(make([]byte, 2)); err != nil || begun != 1 {
		t.Fatal(err, begun)
	}
	b.end()
	if _, err := b.Read(make([]byte, 2)); !errors.Is(err, io.ErrClosedPipe) || begun != 1 {
		t.Errorf("%v, begun %d times", err, begun)
	}
}

// TestTheMailServersLogTellsWhetherAReportCame wants one id for a report and a
// recipient, whichever process sends it.
func TestTheMailServersLogTellsWhetherAReportCame(t *testing.T) {
	s := &sink{}
	address := s.serve(t)
	r, other := sample(), sample()
	other.MadeAt = other.MadeAt.Add(time.Hour)
	ids := map[string]int{}
	for _, x := range []*report.Report{&r, &r, &other} {
		if err := mailer(t, address).Send(t.Context(), x, "mail:vp@example.org", ready); err != nil {
			t.Fatal(err)
		}
	}
	if err := mailer(t, address).Send(t.Context(), &r, "mail:cto@example.org", ready); err != nil {
		t.Fatal(err)
	}
	for _, text := range s.got() {
		msg, err := netmail.ReadMessage(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		id := msg.Header.Get("Message-Id")
		if !strings.HasPrefix(id, "<report.2026-W47.") || !strings.HasSuffix(id, "@example.org>") {
			t.Errorf("the id is %s", id)
		}
		ids[id]++
	}
	if len(ids) != 3 {
		t.Errorf("ids %v, want three", ids)
	}
}

// TestNothingBeginsUnderALostClaim lets the claim run out while a slow server is
// still being asked.
func TestNothingBeginsUnderALostClaim(t *testing.T) {
	o := newOffice()
	d := o.desk(clock)
	c := &claim{desk: d, week: "2026-W47", id: "late", renewed: time.Now().Add(-d.cfg.Lease)}
	r := report.Report{Week: "2026-W47"}
	if err := d.attempt(t.Context(), &r, o, "a", c); !errors.Is(err, errLost) {
		t.Errorf("%v", err)
	}
	o.wantSent(t)
	if len(o.notes) != 0 {
		t.Errorf("notes %v", o.notes)
	}
}

// TestACrashBeforeTheBeginningIsMadeUpFor leaves the ledger as a process leaves it
// that died while it connected, and as one that died while the server took it.
func TestACrashBeforeTheBeginningIsMadeUpFor(t *testing.T) {
	o := newOffice()
	o.notes = []query.Delivery{{Week: "2026-W47", Recipient: "b", State: query.DeliveryBegun}}
	if err := o.desk(clock).Deliver(t.Context(), week47()); err != nil {
		t.Fatal(err)
	}
	o.wantSent(t, "2026-W47 to a")
}
