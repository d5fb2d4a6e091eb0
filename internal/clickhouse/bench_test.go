package clickhouse_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
)

// BenchmarkInsertChanges inserts varied events of 1.6 KB with seven labels and
// their raw payload, and reports the processor time of the whole process, the
// engine's merges included, for each row.
func BenchmarkInsertChanges(b *testing.B) {
	for _, size := range []int{5_000, 10_000, 20_000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) { benchmarkInsert(b, size) })
	}
}

func benchmarkInsert(b *testing.B, size int) {
	s := openEmbedded(b, config(b))
	if err := s.MigrateUp(b.Context()); err != nil {
		b.Fatal(err)
	}
	batches := make([][]event.Change, 10)
	for i := range batches {
		batches[i] = heavyChanges(b, i*size, size)
	}
	before, round := processorTime(b), 0
	for b.Loop() {
		batch := batches[round%len(batches)]
		for i := range batch {
			batch[i].UID += uint64(round)
			batch[i].StartedAt = batch[i].StartedAt.Add(time.Second)
		}
		if err := s.InsertChanges(b.Context(), fmt.Sprint("bench:", round), batch); err != nil {
			b.Fatal(err)
		}
		round++
	}
	b.ReportMetric(float64((processorTime(b)-before).Nanoseconds())/1e3/float64(b.N*size), "cpu_us/row")
	b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "rows/s")
}

// processorTime is what the process has used so far, on all cores.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// heavyChanges decodes n different events of about 1.6 KB.
func heavyChanges(t testing.TB, first, n int) []event.Change {
	t.Helper()
	random := rand.New(rand.NewPCG(uint64(first), 7))
	words := strings.Fields("raise the connection pool limit of checkout and retry on timeout because the ledger drops idle sockets under load before cache warmup finishes")
	all := make([]event.Change, 0, n)
	for i := first; i < first+n; i++ {
		at := time.Date(2026, 11, 1, 0, 0, i/100, 0, time.UTC)
		var message strings.Builder
		for message.Len() < 600 {
			message.WriteString(words[random.IntN(len(words))] + " ")
		}
		raw := fmt.Sprintf(`{"id":"deploy-%08d","source":"argo-cd","kind":"deploy","title":"Deploy service-%d %x","services":["service-%d"],"environment":"production","regions":["eu-west-1"],"started_at":%q,"finished_at":%q,"status":"succeeded","version":"v%d.%d.%d","previous_version":"v%d.0.0","actor":{"id":"user-%d","type":"human"},"commits":[{"sha":"%016x%016x","message":%q,"author":{"name":"Dev %d","email":"dev%d@example.org"},"additions":%d,"deletions":%d,"files":["cmd/main.go","internal/pool/pool_%d.go","deploy/values.yaml"]}],"links":{"diff":"https://git.example.org/org/repo/compare/%x...%x","run":"https://ci.example.org/runs/%d"},"labels":{"team":"team-%d","cluster":"prod-%d","tier":"%d","language":"go","pipeline":"p-%d","shard":"s%d","change_ticket":"CHG%07d"}}`,
			i, random.IntN(3000), random.Uint32(), random.IntN(3000), at.Format(time.RFC3339), at.Add(3*time.Minute).Format(time.RFC3339), random.IntN(9), random.IntN(99), random.IntN(999), random.IntN(9), random.IntN(500),
			random.Uint64(), random.Uint64(), message.String(), random.IntN(500), random.IntN(500), random.IntN(900), random.IntN(300), random.IntN(100), random.Uint64(), random.Uint64(), random.IntN(1e6), random.IntN(60), random.IntN(12), random.IntN(4), random.IntN(900), random.IntN(64), random.IntN(1e7))
		changes, rejected := event.DecodeChanges([]byte(raw), event.Meta{Format: "faultline", ArrivedAt: at, Origin: event.Origin{Topic: "faultline.changes", Partition: i % 4, Offset: int64(i)}})
		if len(rejected) > 0 {
			t.Fatal(rejected[0].Err)
		}
		all = append(all, changes...)
	}
	return all
}

// BenchmarkTail is the look of a correlator every 100 ms while 1,000 events a
// second come in, on a table of 100,000. A second of every ten updates changes
// that began earlier.
func BenchmarkTail(b *testing.B) {
	s := openEmbedded(b, config(b))
	if err := s.MigrateUp(b.Context()); err != nil {
		b.Fatal(err)
	}
	if err := s.InsertChanges(b.Context(), "", heavyChanges(b, 0, 100_000)); err != nil {
		b.Fatal(err)
	}
	time.Sleep(6 * time.Second) // A look goes 5 s back: what was just loaded is not part of the flow.
	tail := s.NewTail(time.Now())
	lookAtAll(b, tail)
	arriving := heavyChanges(b, 100_000, 100*100)
	var looking, processor time.Duration
	for look := 0; b.Loop(); look++ {
		from := look % 100 * 100
		batch := arriving[from : from+100]
		for i := range batch {
			batch[i].UID++
		}
		if err := s.InsertChanges(b.Context(), "", batch); err != nil {
			b.Fatal(err)
		}
		began, before := time.Now(), processorTime(b)
		if lookAtAll(b, tail) == 0 {
			b.Fatal("nothing was seen")
		}
		looking += time.Since(began)
		processor += processorTime(b) - before
		time.Sleep(max(0, 100*time.Millisecond-time.Since(began)))
	}
	b.ReportMetric(float64(looking.Microseconds())/1e3/float64(b.N), "ms/look")
	b.ReportMetric(float64(processor.Microseconds())/1e3/float64(b.N), "cpu_ms/look")
}

// lookAtAll looks until nothing is new, and counts the changes that came.
func lookAtAll(b *testing.B, tail correlate.Feed) int {
	b.Helper()
	for seen := 0; ; {
		delta, err := tail.Next(b.Context(), 1000)
		if err != nil {
			b.Fatal(err)
		}
		if seen += len(delta.Changes); !delta.More {
			return seen
		}
	}
}
