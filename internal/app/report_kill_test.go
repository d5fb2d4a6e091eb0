package app

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/faultline/faultline/internal/chdb"
	"github.com/faultline/faultline/internal/clickhouse"
	"github.com/faultline/faultline/internal/figures"
	"github.com/faultline/faultline/internal/query"
	"github.com/faultline/faultline/internal/report"
	"github.com/faultline/faultline/internal/report/deliver"
	"github.com/faultline/faultline/internal/testenv"
)

// reporterEnv makes this test binary a process that reports: its value is the
// directory of the store, the mail server and the webhook.
const reporterEnv = "FAULTLINE_TEST_REPORTER"

// TestReporterProcess is the process that the tests below kill. It runs the desk
// of the service on the store that ships, as the role report does, but with a
// short lease, until it is killed or told to end on standard input.
func TestReporterProcess(t *testing.T) {
	settings := strings.Split(os.Getenv(reporterEnv), "|")
	if len(settings) != 3 {
		return // Nobody started this process in order to kill it.
	}
	log := slog.New(slog.NewTextHandler(os.Stdout, nil))
	engine := chdb.DefaultConfig()
	// What a killed process has written outlives it without a sync to the disk.
	engine.Dir, engine.Durable = filepath.Join(settings[0], "store"), false
	embedded, err := chdb.Open(t.Context(), engine)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = embedded.Close() }()
	store, err := clickhouse.Open(t.Context(), clickhouse.DefaultConfig(), embedded.Transport(), log)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	if err := store.MigrateUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	desk, err := hurriedDesk(store, settings, log)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	go func() { _, _ = io.Copy(io.Discard, os.Stdin); stop() }()
	if err := desk.Run(ctx); err != nil {
		t.Fatal(err)
	}
	states, err := store.Deliveries(t.Context(), lastWeek())
	fmt.Printf("ledger %v %v\n", states, err)
}

// lastWeek is the week whose report is due.
func lastWeek() string { return report.WeekOf(nowUTC(), time.UTC).Before(1).String() }

// hurriedDesk is the desk as the service builds it. Its schedule has passed at any
// time of the week.
func hurriedDesk(store *clickhouse.Store, settings []string, log *slog.Logger) (*deliver.Desk, error) {
	mail, err := deliver.NewMail(deliver.MailConfig{
		Address: settings[1], Security: "none", From: "Faultline <f@example.org>", To: []string{"a@example.org", "b@example.org"}, Timeout: 5 * time.Second,
	})
	if err != nil {
		return nil, err
	}
	rules, err := LoadPolicy("")
	if err != nil {
		return nil, err
	}
	cfg := deliver.DefaultConfig()
	cfg.Schedule = "0 0 * * 1"
	cfg.Settle, cfg.Timeout, cfg.Lease, cfg.Pause = 200*time.Millisecond, 2*time.Second, 4*time.Second, 100*time.Millisecond
	maker := report.NewBuilder(figures.New(figures.DefaultConfig(), store, nowUTC), store, store, newAuditor(store, rules), "", nowUTC)
	channels := []deliver.Channel{deliver.NewFiles(filepath.Join(settings[0], "files")), mail, deliver.NewSlack(settings[2], 5*time.Second)}
	return deliver.New(cfg, maker, store, store, channels, log, nowUTC), nil
}

// town is the world outside: a mail server and a webhook, which kill the reporter
// at a moment of a test's choosing.
type town struct {
	mu sync.Mutex
	// moment is when to kill; kill does, and returns when the process is gone.
	moment string
	kill   func()
	// got are the deliveries that were accepted whole, ids the ids of the mails.
	got []string
	ids map[string]bool
}

// reached kills the reporter if this is the moment, once.
func (w *town) reached(moment string) (killed bool) {
	w.mu.Lock()
	kill := w.kill
	if w.moment != moment || kill == nil {
		w.mu.Unlock()
		return false
	}
	w.kill = nil
	w.mu.Unlock()
	kill()
	return true
}

func (w *town) accept(what, id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.got = append(w.got, what)
	w.ids[id] = true
}

// NewSession implements smtp.Backend.
func (w *town) NewSession(*smtp.Conn) (smtp.Session, error) { return &townSession{w: w}, nil }

type townSession struct {
	w  *town
	to string
}

func (s *townSession) Reset()                               {}
func (s *townSession) Logout() error                        { return nil }
func (s *townSession) Mail(string, *smtp.MailOptions) error { return nil }

func (s *townSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	if s.w.reached("before the mail to " + to) {
		return io.ErrUnexpectedEOF
	}
	return nil
}

// Data takes a mail that came whole, whether or not its sender lives to hear it.
func (s *townSession) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	id := ""
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(strings.ToLower(line), "message-id:") {
			id = strings.TrimSpace(line)
			break
		}
	}
	s.w.accept("mail to "+s.to, id)
	s.w.reached("the mail to " + s.to + " is taken and not yet answered")
	return nil
}

// ServeHTTP is the webhook.
func (w *town) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	var message report.SlackMessage
	if err := json.NewDecoder(r.Body).Decode(&message); err == nil && len(message.Blocks) > 3 {
		w.accept("slack", "slack")
	}
	w.reached("the post to slack is taken and not yet answered")
}

// open runs the town until the test ends.
func (w *town) open(t *testing.T) (mail, webhook string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := smtp.NewServer(w)
	server.Domain, server.AllowInsecureAuth = "localhost", true
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(listener) }()
	slack := httptest.NewServer(w)
	t.Cleanup(func() { _ = server.Close(); <-done; slack.Close() })
	return listener.Addr().String(), slack.URL + "/hooks/x"
}

// reporter is a process that reports.
type reporter struct {
	cmd   *exec.Cmd
	ended chan struct{}
	stop  io.Closer
	mu    sync.Mutex
	log   bytes.Buffer
}

// Write gathers what the process says.
func (r *reporter) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.Write(p)
}

// startReporter starts a reporter; seen is called with each line that it logs.
func startReporter(t *testing.T, settings string, seen func(line string)) *reporter {
	t.Helper()
	r := &reporter{cmd: exec.Command(os.Args[0], "-test.run=^TestReporterProcess$", "-test.v"), ended: make(chan struct{})}
	r.cmd.Env = append(os.Environ(), reporterEnv+"="+settings)
	stdin, err := r.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	r.cmd.Stderr, r.stop = r, stdin
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			_, _ = io.WriteString(r, lines.Text()+"\n")
			if seen != nil {
				seen(lines.Text())
			}
		}
		_ = r.cmd.Wait()
		close(r.ended)
	}()
	t.Cleanup(func() {
		_ = r.cmd.Process.Kill()
		<-r.ended
		if t.Failed() {
			t.Logf("a reporter said:\n%s", r.said())
		}
	})
	return r
}

func (r *reporter) said() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.String()
}

// await waits until the reporter has said something, or has ended.
func (r *reporter) await(t *testing.T, words ...string) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		said, missing := r.said(), false
		for _, w := range words {
			missing = missing || !strings.Contains(said, w)
		}
		if !missing {
			return
		}
		select {
		case <-r.ended:
			t.Fatalf("the reporter ended before it said %q", words)
		default:
		}
	}
	t.Fatalf("the reporter never said %q", words)
}

// TestAReportCutOffByAKillReachesEverybodyOnce kills the process that delivers the
// weekly report, as a power cut would, at every step of a delivery, and starts it
// again on the same store: the missed run is made up for, everybody has the report
// once, and it is the same report.
func TestAReportCutOffByAKillReachesEverybodyOnce(t *testing.T) {
	_, err := chdb.Find()
	testenv.Need(t, err == nil, "the embedded ClickHouse engine", "run `make engine`")
	testenv.Slow(t, "starts processes")
	for _, moment := range []string{
		"the report is stored", "the files are written",
		"before the mail to a@example.org", "the mail to a@example.org is taken and not yet answered",
		"before the mail to b@example.org", "the post to slack is taken and not yet answered",
	} {
		t.Run(moment, func(t *testing.T) {
			t.Parallel()
			killedAt(t, moment)
		})
	}
}

// saidAt are the words of the log that mark a moment inside the process.
var saidAt = map[string]string{"the report is stored": "weekly report made", "the files are written": `weekly report delivered" recipient=files:`}

func killedAt(t *testing.T, moment string) {
	w := &town{moment: moment, ids: map[string]bool{}}
	mail, webhook := w.open(t)
	dir := t.TempDir()
	settings := strings.Join([]string{dir, mail, webhook}, "|")
	killed := make(chan struct{})
	// The kill waits for the end only where nothing in the town needs it to return.
	first := startReporter(t, settings, func(line string) {
		if mark := saidAt[moment]; mark != "" && strings.Contains(line, mark) && w.reached(moment) {
			return
		}
	})
	w.mu.Lock()
	w.kill = func() { _ = first.cmd.Process.Kill(); close(killed) }
	w.mu.Unlock()
	select {
	case <-killed:
	case <-time.After(2 * time.Minute):
		t.Fatalf("the moment never came:\n%s", first.said())
	}
	<-first.ended
	stored, _ := os.ReadFile(filepath.Join(dir, "files", "faultline-"+lastWeek()+".json"))

	second := startReporter(t, settings, nil)
	unsure := strings.Contains(moment, "not yet answered")
	switch {
	case unsure && strings.Contains(moment, "slack"):
		second.await(t, "a delivery that was cut off is not repeated", "recipient=slack")
	case unsure:
		second.await(t, "a delivery that was cut off is not repeated", `delivered" recipient=slack`)
	default:
		second.await(t, `delivered" recipient=slack`)
	}
	_ = second.stop.Close()
	<-second.ended
	w.check(t, second.said(), dir, stored)
}

// check looks at what arrived, and at what the ledger says of it.
func (w *town) check(t *testing.T, said, dir string, before []byte) {
	t.Helper()
	times := map[string]int{}
	for _, what := range w.got {
		times[what]++
	}
	for _, what := range []string{"mail to a@example.org", "mail to b@example.org", "slack"} {
		if times[what] != 1 {
			t.Errorf("%s came %d times", what, times[what])
		}
	}
	if len(w.got) != 3 || len(w.ids) != 3 {
		t.Errorf("got %v with the ids %v", w.got, w.ids)
	}
	after, err := os.ReadFile(filepath.Join(dir, "files", "faultline-"+lastWeek()+".json"))
	if err != nil || before != nil && !bytes.Equal(before, after) {
		t.Errorf("the report was made anew: %v", err)
	}
	leftovers, _ := filepath.Glob(filepath.Join(dir, "files", ".report-*"))
	if len(leftovers) > 0 {
		t.Errorf("half-written files are left: %v", leftovers)
	}
	for _, recipient := range []string{"mail:a@example.org", "mail:b@example.org", "slack"} {
		if !strings.Contains(said, recipient+":"+string(query.DeliverySent)) && !strings.Contains(said, recipient+":"+string(query.DeliveryBegun)) {
			t.Errorf("the ledger does not know that %s was served:\n%s", recipient, said)
		}
	}
}
