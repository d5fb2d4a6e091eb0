package correlate

import (
	"fmt"
	"math/rand"
	"syscall"
	"testing"
	"time"
)

// ringCompany is a call graph of many services that needs no memory: service i
// calls the next ten, and everybody calls one of ten hubs.
type ringCompany struct {
	names []string
	ids   map[string]int
}

func newRingCompany(services int) *ringCompany {
	c := &ringCompany{ids: map[string]int{}}
	for i := range services {
		name := fmt.Sprintf("service-%d", i)
		c.names = append(c.names, name)
		c.ids[name] = i
	}
	return c
}

func (c *ringCompany) hub(i int) bool { return i < 10 }

func (c *ringCompany) Adjacent(service string, visit func(string)) {
	i, n := c.ids[service], len(c.names)
	for d := 1; d <= 10; d++ {
		visit(c.names[(i+d)%n])
		visit(c.names[(i-d+n)%n])
	}
	if c.hub(i) {
		for other := 10 + i; other < n; other += 10 {
			visit(c.names[other])
		}
		return
	}
	visit(c.names[i%10])
}

func (c *ringCompany) Degree(service string) (callers, callees int) {
	if i := c.ids[service]; c.hub(i) {
		return len(c.names)/10 + 10, 10
	}
	return 10, 11
}

// storms draws alerts around some epicentres: each service near one alerts
// within a quarter of an hour of its incident's start.
func storms(c *ringCompany, random *rand.Rand, incidents, alertsEach int, span time.Duration) []Alert {
	var alerts []Alert
	for range incidents {
		centre := random.Intn(len(c.names))
		start := dawn.Add(time.Duration(random.Int63n(int64(span))))
		for i := range alertsEach {
			service := c.names[(centre+random.Intn(40))%len(c.names)]
			alerts = append(alerts, Alert{
				Fingerprint: fmt.Sprintf("%s/%d/%d", service, centre, i), Service: service, Name: "Errors",
				Severity: SeverityCritical, Status: AlertFiring, Signal: SignalErrors,
				StartedAt: start.Add(time.Duration(random.Intn(900)) * time.Second),
			})
		}
	}
	return alerts
}

func TestAStormOfFiveThousandAlertsTakesBoundedTime(t *testing.T) {
	c := newRingCompany(100_000)
	alerts := storms(c, rand.New(rand.NewSource(1)), 1, 5000, time.Hour)
	g := NewGrouper(DefaultGroupConfig(), c)
	g.Advance(dawn.Add(2 * time.Hour))
	const batch = 500
	before := processorTime(t)
	for i := 0; i < len(alerts); i += batch {
		g.Upsert(alerts[i : i+batch]...)
		g.Take()
	}
	for i := range alerts {
		end := alerts[i].StartedAt.Add(time.Hour)
		alerts[i].Status, alerts[i].ResolvedAt = AlertResolved, &end
	}
	for i := 0; i < len(alerts); i += batch {
		g.Upsert(alerts[i : i+batch]...)
		g.Take()
	}
	took := processorTime(t) - before
	living := 0
	for _, row := range g.Incidents() {
		if row.Status != IncidentMerged {
			living++
		}
	}
	if living != 1 {
		t.Errorf("one storm makes one incident, got %d", living)
	}
	if limit := 20 * time.Second; took > limit {
		t.Errorf("10,000 events in 20 looks took %v of processor time, more than %v", took, limit)
	}
}

// processorTime is what this process has used so far: unlike the clock on the
// wall it does not depend on who else is on the machine.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkGrouperAlert measures one alert and one look while ten thousand
// others are active in a company of a hundred thousand services.
func BenchmarkGrouperAlert(b *testing.B) {
	c := newRingCompany(100_000)
	random := rand.New(rand.NewSource(1))
	g := NewGrouper(DefaultGroupConfig(), c)
	g.Advance(dawn.Add(24 * time.Hour))
	g.Upsert(storms(c, random, 500, 20, 24*time.Hour)...)
	g.Take()
	more := storms(c, random, (b.N+19)/20, 20, 24*time.Hour)
	b.ResetTimer()
	for i := range b.N {
		g.Upsert(more[i])
		g.Take()
	}
}

// BenchmarkGrouperTopology measures a new call graph under ten thousand active
// alerts.
func BenchmarkGrouperTopology(b *testing.B) {
	c := newRingCompany(100_000)
	g := NewGrouper(DefaultGroupConfig(), c)
	g.Advance(dawn.Add(24 * time.Hour))
	g.Upsert(storms(c, rand.New(rand.NewSource(1)), 500, 20, 24*time.Hour)...)
	for b.Loop() {
		g.SetTopology(c)
		g.Take()
	}
}
