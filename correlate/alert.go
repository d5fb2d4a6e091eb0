package correlate

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"hash/fnv"
	"slices"
	"time"
)

// Severity is the urgency that the sender gives an alert.
type Severity string

// The severities of the contract, worst first.
const (
	SeverityCritical Severity = "critical"
	SeverityHigh     Severity = "high"
	SeverityWarning  Severity = "warning"
	SeverityInfo     Severity = "info"
)

// Severities lists every valid severity, worst first.
func Severities() []Severity {
	return []Severity{SeverityCritical, SeverityHigh, SeverityWarning, SeverityInfo}
}

// Rank orders severities: 3 for critical down to 0 for info and unknown.
func (s Severity) Rank() int {
	i := slices.Index(Severities(), s)
	if i < 0 {
		return 0
	}
	return len(Severities()) - 1 - i
}

// AlertStatus is whether an alert is firing or has resolved.
type AlertStatus string

// The states of an alert.
const (
	AlertFiring   AlertStatus = "firing"
	AlertResolved AlertStatus = "resolved"
)

// Signal is what an alert measures.
type Signal string

// The signals that the contract knows.
const (
	SignalAvailability Signal = "availability"
	SignalErrors       Signal = "errors"
	SignalLatency      Signal = "latency"
	SignalSaturation   Signal = "saturation"
	SignalTraffic      Signal = "traffic"
	SignalAISafety     Signal = "ai_safety"
	SignalSecurity     Signal = "security"
	SignalBusiness     Signal = "business"
)

// Signals lists every valid signal.
func Signals() []Signal {
	return []Signal{
		SignalAvailability, SignalErrors, SignalLatency, SignalSaturation, SignalTraffic,
		SignalAISafety, SignalSecurity, SignalBusiness,
	}
}

// Alert is one episode of an alerting series: from firing to resolved of one
// Fingerprint and one StartedAt. ResolvedAt is nil while it fires.
type Alert struct {
	ID          string                     `json:"id,omitempty"`
	Source      string                     `json:"source"`
	Fingerprint string                     `json:"fingerprint"`
	Service     string                     `json:"service"`
	Environment string                     `json:"environment,omitempty"`
	Region      string                     `json:"region,omitempty"`
	Instance    string                     `json:"instance,omitempty"`
	Version     string                     `json:"version,omitempty"`
	Name        string                     `json:"name"`
	Summary     string                     `json:"summary,omitempty"`
	Description string                     `json:"description,omitempty"`
	Severity    Severity                   `json:"severity,omitempty"`
	Status      AlertStatus                `json:"status"`
	Signal      Signal                     `json:"signal,omitempty"`
	StartedAt   time.Time                  `json:"started_at"`
	ResolvedAt  *time.Time                 `json:"resolved_at,omitempty"`
	ObservedAt  *time.Time                 `json:"observed_at,omitempty"`
	Labels      map[string]string          `json:"labels,omitempty"`
	Links       map[string]string          `json:"links,omitempty"`
	Extra       map[string]json.RawMessage `json:"extra,omitempty"`
}

// ExtraStartUnknown marks, with the value true, a resolved alert whose sender
// did not tell when it began. Its StartedAt is the moment of the resolution. It
// is no episode of its own: it ends the episodes of its fingerprint that began
// before it.
const ExtraStartUnknown = "start_unknown"

// StartUnknown reports whether the alert tells only of an end.
func (a *Alert) StartUnknown() bool {
	return string(a.Extra[ExtraStartUnknown]) == "true" && a.Status == AlertResolved
}

// endedBy returns the alert as resolved at a moment, unless it is resolved by
// what its own sender said.
func (a Alert) endedBy(at time.Time) Alert {
	if a.Status == AlertResolved || a.ResolvedAt != nil {
		return a
	}
	a.Status, a.ResolvedAt = AlertResolved, &at
	return a
}

// EndEpisodes applies the alerts that tell only of an end to the episodes of
// the same fingerprint that began before, whatever their order, and leaves them
// out of the result. The first end after an episode's start counts.
func EndEpisodes(alerts []Alert) []Alert {
	ends := map[string][]time.Time{}
	for i := range alerts {
		if alerts[i].StartUnknown() {
			fingerprint := keyOfAlert(&alerts[i]).fingerprint
			ends[fingerprint] = append(ends[fingerprint], alerts[i].StartedAt)
		}
	}
	ended := make([]Alert, 0, len(alerts))
	for i := range alerts {
		if alerts[i].StartUnknown() {
			continue
		}
		a := alerts[i]
		if at, ok := firstEnd(ends[keyOfAlert(&a).fingerprint], a.StartedAt); ok {
			a = a.endedBy(at)
		}
		ended = append(ended, a)
	}
	return ended
}

// firstEnd is the earliest of the ends that is not before a start.
func firstEnd(ends []time.Time, start time.Time) (first time.Time, ok bool) {
	for _, at := range ends {
		if !at.Before(start) && (!ok || at.Before(first)) {
			first, ok = at, true
		}
	}
	return first, ok
}

// AlertKey is the identity of one alert episode.
type AlertKey struct {
	Fingerprint string    `json:"fingerprint"`
	StartedAt   time.Time `json:"started_at"`
}

// Key returns the identity of the episode.
func (a *Alert) Key() AlertKey {
	return AlertKey{Fingerprint: a.Fingerprint, StartedAt: a.StartedAt}
}

// DefaultFingerprint is the fingerprint of an alert whose sender gives none:
// 16 hexadecimal digits of an FNV-1a hash over source, name, service,
// environment, region and the labels in key order. Each part is preceded by
// its length, so that no two different alerts share an input.
func (a *Alert) DefaultFingerprint() string {
	h := fnv.New64a()
	var size [4]byte
	write := func(part string) {
		binary.BigEndian.PutUint32(size[:], uint32(len(part)))
		_, _ = h.Write(size[:])
		_, _ = h.Write([]byte(part))
	}
	for _, part := range []string{a.Source, a.Name, a.Service, cmp.Or(a.Environment, DefaultEnvironment), a.Region} {
		write(part)
	}
	keys := make([]string, 0, len(a.Labels))
	for k := range a.Labels {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		write(k)
		write(a.Labels[k])
	}
	return hex.EncodeToString(h.Sum(nil))
}
