// Package kafkatest starts Apache Kafka itself for integration tests and for
// the benchmark: one broker in combined KRaft mode, on free loopback ports,
// in a directory of its own, ended by whoever started it.
//
// The jars are fetched by scripts/fetch-kafka.sh.
package kafkatest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
)

// Version is the version of Apache Kafka that pom.xml pins.
const Version = "4.3.1"

// Mend is the command that fetches what [Find] misses.
const Mend = "run scripts/fetch-kafka.sh (it needs Java 17 and Maven once)"

// readyPoll is the pause between two attempts to reach a starting broker.
const readyPoll = 100 * time.Millisecond

// Options say how the broker is to run.
type Options struct {
	// Libs is the directory with the jars.
	Libs string
	// Dir is where the broker keeps its files. It is not removed.
	Dir string
	// HeapMB is the size of the Java heap.
	HeapMB int
	// JVM holds further arguments of the virtual machine.
	JVM []string
	// Users are created for SASL on the secured listener, with all
	// mechanisms, name to password.
	Users map[string]string
	// CertPEM and KeyPEM identify the broker on the secured listener, CAPEM
	// signs the clients that it trusts.
	CertPEM, KeyPEM, CAPEM []byte
	// ReadyWithin bounds the start.
	ReadyWithin time.Duration
	// Properties override server properties.
	Properties map[string]string
}

// DefaultOptions returns options for a small broker: a 256 MB heap and a
// quick start rather than the last drop of speed.
func DefaultOptions(libs, dir string) Options {
	return Options{
		Libs: libs, Dir: dir, HeapMB: 256,
		JVM:         []string{"-XX:TieredStopAtLevel=1", "-Xshare:auto"},
		ReadyWithin: 2 * time.Minute,
	}
}

// Broker is a running Apache Kafka.
type Broker struct {
	// Addr is the plain listener, SecureAddr the one with TLS and SASL; it is
	// empty unless a certificate was given.
	Addr, SecureAddr string
	process          *process
	logPath          string
}

// Find returns the directory with the jars and whether they are there:
// FAULTLINE_KAFKA_LIBS, or the place in the cache directory.
func Find(cacheDir string) (libs string, present bool) {
	libs = os.Getenv("FAULTLINE_KAFKA_LIBS")
	if libs == "" {
		libs = filepath.Join(cacheDir, "kafka", Version, "libs")
	}
	_, err := os.Stat(filepath.Join(libs, "kafka_2.13-"+Version+".jar"))
	return libs, err == nil
}

// startTries is how often a start is tried: between the search for free ports
// and the broker's use of them, somebody else may take one.
const startTries = 3

// errEnded is wrapped by the error of a broker that ended while starting.
var errEnded = errors.New("the broker ended while starting")

// Start formats a log directory, starts the broker and waits until it answers.
// The broker lives until Stop, not until ctx ends.
func Start(ctx context.Context, o Options) (*Broker, error) {
	ctx, cancel := context.WithTimeout(ctx, o.ReadyWithin)
	defer cancel()
	for try := 1; ; try++ {
		b, err := start(ctx, o)
		if err == nil || try == startTries || !errors.Is(err, errEnded) {
			return b, err
		}
	}
}

func start(ctx context.Context, o Options) (*Broker, error) {
	ports, err := freePorts(3)
	if err != nil {
		return nil, err
	}
	b := &Broker{Addr: loopback(ports[0]), logPath: filepath.Join(o.Dir, "kafka.log")}
	if len(o.CertPEM) > 0 {
		b.SecureAddr = loopback(ports[2])
	}
	config := filepath.Join(o.Dir, "server.properties")
	if err := os.WriteFile(config, []byte(render(properties(o, ports))), 0o600); err != nil {
		return nil, fmt.Errorf("writing the broker's properties: %w", err)
	}
	if err := format(ctx, o, config); err != nil {
		return nil, err
	}
	b.process, err = startProcess(context.WithoutCancel(ctx), b.logPath, o.java("kafka.Kafka", config))
	if err != nil {
		return nil, err
	}
	if err := b.awaitReady(ctx); err != nil {
		return nil, errors.Join(err, b.Stop())
	}
	return b, nil
}

// Stop ends the broker, in order if it obeys in time.
func (b *Broker) Stop() error { return b.process.stop(10 * time.Second) }

// Kill ends the broker at once, as a power failure would.
func (b *Broker) Kill() error { return b.process.stop(0) }

// Log returns the end of what the broker printed.
func (b *Broker) Log() string {
	const tail = 4 << 10
	text, err := os.ReadFile(b.logPath)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-tail):])
}

func (b *Broker) awaitReady(ctx context.Context) error {
	for {
		err := b.probe(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-b.process.done:
			return fmt.Errorf("%w:\n%s", errEnded, b.Log())
		case <-ctx.Done():
			return fmt.Errorf("the broker does not answer on %s (%w):\n%s", b.Addr, err, b.Log())
		case <-time.After(readyPoll):
		}
	}
}

// probe succeeds once the broker is registered with its controller.
func (b *Broker) probe(ctx context.Context) error {
	dialer := &kafka.Dialer{Timeout: time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", b.Addr)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	brokers, err := conn.Brokers()
	if err == nil && len(brokers) == 0 {
		return errors.New("no broker is registered")
	}
	return err
}

// format prepares the log directory with Kafka's own tool, which also stores
// the SCRAM credentials.
func format(ctx context.Context, o Options, config string) error {
	args := []string{"format", "--ignore-formatted", "--cluster-id", "faultlinetestcluster00", "--config", config}
	for user, password := range o.Users {
		for _, mechanism := range []string{"SCRAM-SHA-256", "SCRAM-SHA-512"} {
			args = append(args, "--add-scram",
				fmt.Sprintf("%s=[name=%s,password=%s]", mechanism, user, password))
		}
	}
	log := filepath.Join(o.Dir, "format.log")
	tool, err := startProcess(context.WithoutCancel(ctx), log, o.java("kafka.tools.StorageTool", args...))
	if err != nil {
		return err
	}
	select {
	case <-tool.done:
	case <-ctx.Done():
		return errors.Join(ctx.Err(), tool.stop(0))
	}
	if tool.err != nil {
		text, _ := os.ReadFile(log)
		return fmt.Errorf("formatting the broker's log directory: %w:\n%s", tool.err, text)
	}
	return nil
}

// java builds the command line of one of Kafka's main classes.
func (o Options) java(class string, args ...string) []string {
	heap := strconv.Itoa(o.HeapMB) + "m"
	line := []string{"java", "-Xms" + heap, "-Xmx" + heap}
	line = append(line, o.JVM...)
	line = append(line, "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
		"-cp", filepath.Join(o.Libs, "*"), class)
	return append(line, args...)
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// freePorts asks the kernel for ports that nobody uses now. All are held
// until the last is known, so that they differ.
func freePorts(n int) ([]int, error) {
	ports := make([]int, n)
	for i := range ports {
		l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			return nil, fmt.Errorf("finding a free port: %w", err)
		}
		defer func() { _ = l.Close() }()
		address, err := netip.ParseAddrPort(l.Addr().String())
		if err != nil {
			return nil, fmt.Errorf("finding a free port: %w", err)
		}
		ports[i] = int(address.Port())
	}
	return ports, nil
}

// render writes properties in Java's form: line breaks and backslashes within
// values are escaped.
func render(properties map[string]string) string {
	var b strings.Builder
	escape := strings.NewReplacer(`\`, `\\`, "\n", `\n`)
	for _, key := range sortedKeys(properties) {
		b.WriteString(key + "=" + escape.Replace(properties[key]) + "\n")
	}
	return b.String()
}
