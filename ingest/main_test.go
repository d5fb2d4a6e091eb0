package ingest_test

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/faultline/faultline/internal/kafka/kafkatest"
)

// apache is Apache Kafka itself, shared by the tests of this package.
var apache kafkatest.Lazy

func TestMain(m *testing.M) {
	code := m.Run()
	if err := apache.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}
