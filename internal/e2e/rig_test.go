package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/faultline/faultline/internal/chdb"
	"github.com/faultline/faultline/internal/testenv"
)

// binary is the path of the program under test, built by TestMain.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "faultline-e2e-")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "faultline")
	if out, err := exec.Command("go", "build", "-o", binary, "../../cmd/faultline").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
		os.Exit(1)
	}
	// A request may take as long as a slow machine needs; that it is cut off in
	// the end is tested elsewhere.
	if err := os.Setenv("FAULTLINE_API_TIMEOUT", patience.String()); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// needEngine skips, or fails in CI, without the embedded engine.
func needEngine(t *testing.T) {
	t.Helper()
	_, err := chdb.Find()
	testenv.Need(t, err == nil, "the embedded ClickHouse engine", "run `make engine`")
	testenv.Slow(t, "starts the whole service")
}

// run executes one command to its end and returns its exit code and output.
func run(t *testing.T, environ []string, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Env = append(os.Environ(), environ...)
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%v: %v\n%s", args, err, errs.String())
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// server is a running `faultline serve`.
type server struct {
	t     *testing.T
	cmd   *exec.Cmd
	url   string
	dir   string
	logs  *logBuffer
	ended chan struct{}
}

// logBuffer gathers what a process writes, to be shown when a test fails.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// serve starts the service on a data directory and waits until it is ready.
func serve(t *testing.T, dir string, args ...string) *server {
	t.Helper()
	return serveAt(t, dir, testenv.Address(t), nil, args...)
}

// serveAt is serve on an address of the test's choice, with settings from the
// environment.
func serveAt(t *testing.T, dir, address string, environ []string, args ...string) *server {
	t.Helper()
	args = append([]string{"serve", "--data-dir", dir, "--api-listen", address, "--kafka-embedded-listen", "127.0.0.1:0"}, args...)
	s := &server{t: t, url: "http://" + address, dir: dir, logs: &logBuffer{}, ended: make(chan struct{})}
	s.cmd = exec.Command(binary, args...)
	s.cmd.Env = append(os.Environ(), environ...)
	s.cmd.Stderr = s.logs
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.cmd.Wait(); close(s.ended) }()
	t.Cleanup(func() {
		s.kill()
		if t.Failed() {
			t.Logf("log of the service:\n%s", s.logs)
		}
	})
	s.await("ready", func() bool { status, _ := s.call(http.MethodGet, "/readyz", "", ""); return status == http.StatusOK })
	return s
}

// kill ends the process at once, as a power cut would.
func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	<-s.ended
}

// stop asks the process to end and waits for it.
func (s *server) stop() {
	s.t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	select {
	case <-s.ended:
	case <-time.After(patience):
		s.t.Fatalf("the service did not stop within %s", patience)
	}
	if code := s.cmd.ProcessState.ExitCode(); code != 0 {
		s.t.Errorf("the service stopped with status %d", code)
	}
}

// patience bounds every wait: CI machines are slow and shared.
const patience = 5 * time.Minute

func (s *server) await(what string, done func() bool) {
	s.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		select {
		case <-s.ended:
			s.t.Fatalf("the service ended while waiting: %s", what)
		case <-time.After(50 * time.Millisecond):
		}
		if done() {
			return
		}
	}
	s.t.Fatalf("waited in vain: %s", what)
}

// token is the one that the service made for itself.
func (s *server) token() string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, "admin.token"))
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// call makes one request; a token of "" sends none.
func (s *server) call(method, path, token, body string) (status int, answer string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = resp.Body.Close() }()
	data, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(data)
}

// get reads a JSON answer.
func (s *server) get(path string, into any) (status int) {
	s.t.Helper()
	status, answer := s.call(http.MethodGet, path, s.token(), "")
	if status == http.StatusOK {
		if err := json.Unmarshal([]byte(answer), into); err != nil {
			s.t.Fatalf("%s: %v in %.300s", path, err, answer)
		}
	}
	return status
}

// post sends events and demands that all are accepted.
func (s *server) post(path, body string) {
	s.t.Helper()
	if status, answer := s.call(http.MethodPost, path, s.token(), body); status != http.StatusAccepted || strings.Contains(answer, `"problem"`) {
		s.t.Fatalf("POST %s: %d %s", path, status, answer)
	}
}
