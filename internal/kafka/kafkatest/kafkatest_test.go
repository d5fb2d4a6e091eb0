package kafkatest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMissingJarsAreReportedAsMissing(t *testing.T) {
	t.Setenv("FAULTLINE_KAFKA_LIBS", "")
	if libs, present := Find(t.TempDir()); present {
		t.Fatalf("jars found in an empty cache: %s", libs)
	}
}

func TestJarsAreFoundWhereTheVariableSays(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("FAULTLINE_KAFKA_LIBS", dir)
	jar := filepath.Join(dir, "kafka_2.13-"+Version+".jar")
	if err := os.WriteFile(jar, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if libs, present := Find("/nowhere"); !present || libs != dir {
		t.Fatalf("Find = %q, %v; want %q, true", libs, present, dir)
	}
}

func TestVersionIsTheOneThatThePomPins(t *testing.T) {
	pom, err := os.ReadFile("pom.xml")
	if err != nil {
		t.Fatal(err)
	}
	if want := "<kafka.version>" + Version + "</kafka.version>"; !strings.Contains(string(pom), want) {
		t.Fatalf("pom.xml does not hold %s", want)
	}
}

func TestPropertiesKeepLineBreaksOfCertificates(t *testing.T) {
	got := render(map[string]string{"b": "two\nlines", "a": `back\slash`})
	if want := "a=back\\\\slash\nb=two\\nlines\n"; got != want {
		t.Fatalf("render = %q, want %q", got, want)
	}
}

func TestBrokerThatCannotStartTellsWhy(t *testing.T) {
	dir := t.TempDir()
	options := DefaultOptions(t.TempDir(), dir)
	options.ReadyWithin = 20 * time.Second
	_, err := Start(context.Background(), options)
	if err == nil || !strings.Contains(err.Error(), "formatting the broker's log directory") {
		t.Fatalf("Start without jars = %v", err)
	}
}

func TestKilledBrokerIsGone(t *testing.T) {
	var lazy Lazy
	broker := lazy.Broker(t)
	conn, err := kafka.Dial("tcp", broker.Addr)
	if err != nil {
		t.Fatalf("the started broker does not accept a connection: %v", err)
	}
	_ = conn.Close()
	if err := broker.Kill(); err != nil {
		t.Fatal(err)
	}
	if conn, err := kafka.Dial("tcp", broker.Addr); err == nil {
		_ = conn.Close()
		t.Fatal("the killed broker still accepts connections")
	}
	if err := lazy.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(lazy.dir); !os.IsNotExist(err) {
		t.Fatalf("the broker's files are left in %s", lazy.dir)
	}
}
