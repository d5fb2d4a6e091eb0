package kafkatest

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/faultline/faultline/internal/testenv"
)

// Lazy is a broker that the tests of one package share. It starts with the
// first test that asks for it; TestMain closes it.
type Lazy struct {
	// Adjust changes the options before the start; nil leaves them.
	Adjust func(*Options)

	once   sync.Once
	dir    string
	broker *Broker
	err    error
}

// Broker returns the running broker, or skips the test when the jars or Java
// are missing.
func (l *Lazy) Broker(t testing.TB) *Broker {
	t.Helper()
	libs, present := Find(testenv.CacheDir(t))
	testenv.Need(t, present, "Apache Kafka "+Version, Mend)
	l.once.Do(func() { l.start(libs) })
	if l.err != nil {
		t.Fatalf("starting Apache Kafka: %v", l.err)
	}
	return l.broker
}

// Close ends the broker and removes its files.
func (l *Lazy) Close() error {
	if l.broker == nil {
		return nil
	}
	if err := l.broker.Stop(); err != nil {
		return err
	}
	return os.RemoveAll(l.dir)
}

func (l *Lazy) start(libs string) {
	l.dir, l.err = os.MkdirTemp("", "faultline-kafka-")
	if l.err != nil {
		return
	}
	options := DefaultOptions(libs, l.dir)
	if l.Adjust != nil {
		l.Adjust(&options)
	}
	l.broker, l.err = Start(context.Background(), options)
	if l.err != nil {
		l.err = fmt.Errorf("%w (files are kept in %s)", l.err, l.dir)
	}
}
