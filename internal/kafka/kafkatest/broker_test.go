package kafkatest

import (
	"context"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// fakeJava puts a script in the place of Java: a broker that behaves as badly
// as the script says, without Kafka's jars.
func fakeJava(t *testing.T, script string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "java"), []byte("#!/bin/sh\n"+script), 0o700); err != nil { //nolint:gosec // It must be executable.
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
}

// startsOf counts how often a script that writes a line to a file was run.
func startsOf(t *testing.T, path string) int {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(text), "\n")
}

// TestAStartIsTriedAgainWhenAPortIsTaken: a broker that ends at once may have
// lost its port between the search for it and its use. After three times the
// error holds what the last one printed.
func TestAStartIsTriedAgainWhenAPortIsTaken(t *testing.T) {
	tries := filepath.Join(t.TempDir(), "tries")
	fakeJava(t, fmt.Sprintf(`case "$*" in *StorageTool*) exit 0;; esac
echo try >> %s; echo "Address already in use"; exit 1
`, tries))
	options := DefaultOptions(t.TempDir(), t.TempDir())
	options.ReadyWithin = 20 * time.Second
	broker, err := Start(t.Context(), options)
	if err == nil || broker != nil || !strings.Contains(err.Error(), "ended while starting") || !strings.Contains(err.Error(), "Address already in use") {
		t.Errorf("%v %v", broker, err)
	}
	if n := startsOf(t, tries); n != startTries {
		t.Errorf("started %d times, want %d", n, startTries)
	}
}

// TestABrokerThatNeverAnswersIsEnded: a start has its time, and what it began is
// gone afterwards.
func TestABrokerThatNeverAnswersIsEnded(t *testing.T) {
	tries := filepath.Join(t.TempDir(), "tries")
	fakeJava(t, fmt.Sprintf(`case "$*" in *StorageTool*) exit 0;; esac
echo $$ >> %s; echo "thinking"; exec sleep 60
`, tries))
	options := DefaultOptions(t.TempDir(), t.TempDir())
	options.ReadyWithin = 3 * time.Second
	began := time.Now()
	_, err := Start(t.Context(), options)
	if err == nil || !strings.Contains(err.Error(), "does not answer on 127.0.0.1:") || !strings.Contains(err.Error(), "thinking") {
		t.Errorf("%v", err)
	}
	if took := time.Since(began); took > 15*time.Second || startsOf(t, tries) != 1 {
		t.Errorf("given up after %v and %d starts", took, startsOf(t, tries))
	}
	pid, _ := os.ReadFile(tries)
	if _, err := os.Stat("/proc/" + strings.TrimSpace(string(pid))); err == nil {
		t.Errorf("process %s is left", pid)
	}
}

// TestTheToolThatFormatsIsNotWaitedForForEver, and its words are passed on.
func TestTheToolThatFormatsIsNotWaitedForForEver(t *testing.T) {
	fakeJava(t, "echo formatting; exec sleep 60\n")
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := Start(ctx, DefaultOptions(t.TempDir(), t.TempDir())); err == nil || !strings.Contains(err.Error(), context.DeadlineExceeded.Error()) {
		t.Errorf("%v", err)
	}
	fakeJava(t, "echo no such cluster; exit 3\n")
	_, err := Start(t.Context(), DefaultOptions(t.TempDir(), t.TempDir()))
	if err == nil || !strings.Contains(err.Error(), "no such cluster") || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("%v", err)
	}
}

func TestAStartWithoutJavaOrADirectoryNamesIt(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := Start(t.Context(), DefaultOptions(t.TempDir(), t.TempDir())); err == nil || !strings.Contains(err.Error(), "starting java") {
		t.Errorf("without Java: %v", err)
	}
	if _, err := Start(t.Context(), DefaultOptions(t.TempDir(), filepath.Join(t.TempDir(), "none"))); err == nil || !strings.Contains(err.Error(), "writing the broker's properties") {
		t.Errorf("without a directory: %v", err)
	}
	if _, err := startProcess(t.Context(), filepath.Join(t.TempDir(), "none", "log"), []string{"true"}); err == nil || !strings.Contains(err.Error(), "creating the log of true") {
		t.Errorf("without a place for the log: %v", err)
	}
}

// TestTheFormatterIsToldOfEveryUser in both forms of SCRAM, and of the heap.
func TestTheFormatterIsToldOfEveryUser(t *testing.T) {
	said := filepath.Join(t.TempDir(), "said")
	fakeJava(t, fmt.Sprintf("for a in \"$@\"; do echo \"$a\"; done > %s; exit 1\n", said))
	options := DefaultOptions("/jars", t.TempDir())
	options.Users, options.HeapMB, options.JVM = map[string]string{"ada": "one", "grace": "two"}, 64, []string{"-Xquick"}
	if _, err := Start(t.Context(), options); err == nil {
		t.Fatal("a formatter that fails is taken for one that does not")
	}
	text, err := os.ReadFile(said)
	if err != nil {
		t.Fatal(err)
	}
	words := strings.Split(strings.TrimSpace(string(text)), "\n")
	if diff := cmp.Diff([]string{"-Xms64m", "-Xmx64m", "-Xquick"}, words[:3]); diff != "" {
		t.Error(diff)
	}
	at := slices.Index(words, "-cp")
	if at < 0 || words[at+1] != "/jars/*" || words[at+2] != "kafka.tools.StorageTool" || words[at+3] != "format" {
		t.Errorf("%q", words)
	}
	var users []string
	for i, word := range words {
		if word == "--add-scram" {
			users = append(users, words[i+1])
		}
	}
	slices.Sort(users)
	want := []string{
		"SCRAM-SHA-256=[name=ada,password=one]", "SCRAM-SHA-256=[name=grace,password=two]",
		"SCRAM-SHA-512=[name=ada,password=one]", "SCRAM-SHA-512=[name=grace,password=two]",
	}
	if diff := cmp.Diff(want, users); diff != "" {
		t.Error(diff)
	}
}

// TestAStubbornBrokerIsKilled: one that does not end when asked must not keep
// the tests of a package from ending.
func TestAStubbornBrokerIsKilled(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		grace  time.Duration
		least  time.Duration
	}{
		"obeys":            {"echo ready; exec sleep 60", 30 * time.Second, 0},
		"ignores the word": {"trap '' TERM; echo ready; while :; do sleep 0.05; done", 300 * time.Millisecond, 300 * time.Millisecond},
		"is not asked":     {"trap '' TERM; echo ready; while :; do sleep 0.05; done", 0, 0},
	} {
		log := filepath.Join(t.TempDir(), "log")
		p, err := startProcess(t.Context(), log, []string{"sh", "-c", c.script})
		if err != nil {
			t.Fatal(err)
		}
		for text := []byte(nil); len(text) == 0; text, _ = os.ReadFile(log) { // Until the trap is set.
			time.Sleep(10 * time.Millisecond)
		}
		began := time.Now()
		if err := p.stop(c.grace); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if took := time.Since(began); took < c.least || took > 20*time.Second {
			t.Errorf("%s: gone after %v", name, took)
		}
		if p.err == nil {
			t.Errorf("%s: ended in order", name)
		}
	}
}

// TestTheEndOfTheLogIsKept, however long the broker talked.
func TestTheEndOfTheLogIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	broker := &Broker{logPath: path}
	if text := broker.Log(); !strings.Contains(text, path) {
		t.Errorf("without a log: %q", text)
	}
	for _, size := range []int{10, 4 << 10, 4<<10 + 1, 100 << 10} {
		if err := os.WriteFile(path, []byte(strings.Repeat("x", size-3)+"end"), 0o600); err != nil {
			t.Fatal(err)
		}
		if text := broker.Log(); len(text) != min(size, 4<<10) || !strings.HasSuffix(text, "end") {
			t.Errorf("of %d bytes %d are kept", size, len(text))
		}
	}
}

// TestAPlainBrokerHasNoSecureListener and one with a certificate has it beside
// the plain one, for both mechanisms and every user.
func TestAPlainBrokerHasNoSecureListener(t *testing.T) {
	o := DefaultOptions("/jars", "/data")
	plain := properties(o, []int{1, 2, 3})
	for key, want := range map[string]string{
		"listeners": "PLAIN://127.0.0.1:1,CONTROLLER://127.0.0.1:2", "advertised.listeners": "PLAIN://127.0.0.1:1",
		"controller.quorum.voters": "1@127.0.0.1:2", "log.dirs": "/data/log", "auto.create.topics.enable": "false",
	} {
		if plain[key] != want {
			t.Errorf("%s is %q, want %q", key, plain[key], want)
		}
	}
	for key := range plain {
		if strings.HasPrefix(key, "listener.name.secure") {
			t.Errorf("a plain broker has %s", key)
		}
	}
	o.CertPEM, o.KeyPEM, o.CAPEM = []byte("cert"), []byte("key"), []byte("ca")
	o.Users = map[string]string{"b": "two", "a": `o"ne`}
	o.Properties = map[string]string{"num.io.threads": "9", "own": "x"}
	secured := properties(o, []int{1, 2, 3})
	for key, want := range map[string]string{
		"listeners":            "PLAIN://127.0.0.1:1,CONTROLLER://127.0.0.1:2,SECURE://127.0.0.1:3",
		"advertised.listeners": "PLAIN://127.0.0.1:1,SECURE://127.0.0.1:3", "num.io.threads": "9", "own": "x",
		"listener.name.secure.ssl.keystore.certificate.chain": "cert", "listener.name.secure.ssl.keystore.key": "key", "listener.name.secure.ssl.truststore.certificates": "ca",
		"listener.name.secure.plain.sasl.jaas.config":         `org.apache.kafka.common.security.plain.PlainLoginModule required user_a="o\"ne" user_b="two";`,
		"listener.name.secure.scram-sha-256.sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required;",
		"listener.name.secure.scram-sha-512.sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required;",
	} {
		if secured[key] != want {
			t.Errorf("%s is %q, want %q", key, secured[key], want)
		}
	}
	changed := maps.Clone(plain)
	maps.DeleteFunc(changed, func(key, value string) bool { return secured[key] == value })
	if keys := slices.Sorted(maps.Keys(changed)); !slices.Equal(keys, []string{"advertised.listeners", "listeners", "num.io.threads"}) {
		t.Errorf("a certificate changes %q", keys)
	}
}

// TestFreePortsAreFreeAndDiffer: two listeners on one port would be a broker
// that never starts.
func TestFreePortsAreFreeAndDiffer(t *testing.T) {
	ports, err := freePorts(8)
	if err != nil || len(ports) != 8 {
		t.Fatal(ports, err)
	}
	for i, port := range ports {
		if slices.Contains(ports[:i], port) {
			t.Errorf("%d twice in %v", port, ports)
		}
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", loopback(port))
		if err != nil {
			t.Errorf("port %d: %v", port, err)
			continue
		}
		_ = l.Close()
	}
}

// TestALazyBrokerThatFailsKeepsItsFiles, so that somebody can look, and says so;
// one that nobody asked for has nothing to close.
func TestALazyBrokerThatFailsKeepsItsFiles(t *testing.T) {
	fakeJava(t, "exit 1\n")
	adjusted := false
	lazy := Lazy{Adjust: func(o *Options) { adjusted = o.Libs == "/jars" }}
	if err := lazy.Close(); err != nil {
		t.Errorf("closing what never started: %v", err)
	}
	lazy.start("/jars")
	defer func() { _ = os.RemoveAll(lazy.dir) }()
	if !adjusted || lazy.broker != nil || lazy.err == nil || !strings.Contains(lazy.err.Error(), "files are kept in "+lazy.dir) {
		t.Errorf("adjusted %t, %v", adjusted, lazy.err)
	}
	if _, err := os.Stat(filepath.Join(lazy.dir, "server.properties")); err != nil {
		t.Error(err)
	}
}
