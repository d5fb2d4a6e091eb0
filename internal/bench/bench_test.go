package main

import (
	"bufio"
	"bytes"
	"strings"
	"testing"

	"github.com/faultline/faultline/internal/event"
)

func TestEventsAreValidVariedAndOfTheStatedSize(t *testing.T) {
	g := newGenerator(1)
	ids, services, titles := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for range 2000 {
		key, value := g.next()
		if len(value) < eventBytes-100 || len(value) > eventBytes+100 {
			t.Fatalf("an event has %d bytes, want about %d: %s", len(value), eventBytes, value)
		}
		changes, rejected := event.DecodeChanges(value, event.Meta{})
		if len(rejected) > 0 {
			t.Fatalf("%v: %s", rejected[0].Err, value)
		}
		c := changes[0]
		if string(key) != c.Services[0] || len(c.Labels) != 7 || len(c.Commits) != 1 {
			t.Fatalf("key %s, event %+v", key, c.Change)
		}
		ids[c.ID], services[c.Services[0]], titles[c.Title] = true, true, true
	}
	if len(ids) != 2000 || len(services) < 1000 || len(titles) < 1900 {
		t.Fatalf("%d ids, %d services, %d titles of 2000 events", len(ids), len(services), len(titles))
	}
}

func TestTheSameSeedMakesTheSameEvents(t *testing.T) {
	a, b := newGenerator(3), newGenerator(3)
	for range 100 {
		_, first := a.next()
		_, second := b.next()
		if !bytes.Equal(first, second) {
			t.Fatalf("%s\ndiffers from\n%s", first, second)
		}
	}
}

func TestReportSaysHowFarATargetIsMissed(t *testing.T) {
	var out bytes.Buffer
	err := printReport(&out, "title", []figure{
		{name: "rate", measured: 40_000, unit: "/s", target: 50_000, least: true},
		{name: "cost", measured: 30, unit: "us", target: 25},
		{name: "good rate", measured: 60_000, unit: "/s", target: 50_000, least: true},
		{name: "good cost", measured: 25, unit: "us", target: 25},
		{name: "note", measured: 0.125, unit: "s"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"at least 50000 /s  missed by 20 %", "at most 25 us      missed by 20 %",
		"60000 /s  at least 50000 /s  met", "25 us     at most 25 us      met", "0.125 s",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, out.String())
		}
	}
}

func TestResidentMemoryIsReadFromTheKernel(t *testing.T) {
	const status = "Name:\tbench\nVmHWM:\t  976563 kB\nVmRSS:\t  488281 kB\n"
	mb, err := parseStatus(bufio.NewScanner(strings.NewReader(status)), "VmHWM")
	if err != nil || mb < 999.9 || mb > 1000.1 {
		t.Fatalf("parseStatus = %v, %v; want 1000", mb, err)
	}
	if _, err := parseStatus(bufio.NewScanner(strings.NewReader(status)), "VmSwap"); err == nil {
		t.Fatal("a size that the kernel does not tell is no error")
	}
	if mb, err := statusMB("VmRSS"); err != nil || mb < 1 {
		t.Fatalf("this process has %v MB, %v", mb, err)
	}
}

func TestSamplerSeesThePeak(t *testing.T) {
	s := startSampler(t.Context())
	s.end()
	if s.peak < 1 || s.mean < 1 || s.mean > s.peak {
		t.Fatalf("peak %v, mean %v", s.peak, s.mean)
	}
}

func TestProcessorTimeGrows(t *testing.T) {
	before, err := processorTime()
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for i := range 50_000_000 {
		sum += i
	}
	after, err := processorTime()
	if err != nil || after <= before || sum == 0 {
		t.Fatalf("%s, then %s, %v", before, after, err)
	}
}

func TestUnknownMeasurementIsRefused(t *testing.T) {
	if err := run(t.Context(), []string{"speed"}); err == nil || !strings.Contains(err.Error(), "usage") {
		t.Fatalf("run = %v", err)
	}
}
