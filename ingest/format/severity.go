package format

import (
	"strings"

	"github.com/faultline/faultline/correlate"
)

// severities are the words that monitoring systems use for the contract's
// severities, in lower case. What is not listed stays unset; the word itself
// is kept among the labels.
var severities = map[string]correlate.Severity{
	"critical": correlate.SeverityCritical, "crit": correlate.SeverityCritical, "page": correlate.SeverityCritical,
	"emergency": correlate.SeverityCritical, "fatal": correlate.SeverityCritical, "disaster": correlate.SeverityCritical,
	"p1": correlate.SeverityCritical, "sev1": correlate.SeverityCritical,
	"high": correlate.SeverityHigh, "error": correlate.SeverityHigh, "major": correlate.SeverityHigh,
	"p2": correlate.SeverityHigh, "sev2": correlate.SeverityHigh,
	"warning": correlate.SeverityWarning, "warn": correlate.SeverityWarning, "medium": correlate.SeverityWarning,
	"minor": correlate.SeverityWarning, "ticket": correlate.SeverityWarning, "p3": correlate.SeverityWarning, "sev3": correlate.SeverityWarning,
	"info": correlate.SeverityInfo, "informational": correlate.SeverityInfo, "notice": correlate.SeverityInfo,
	"low": correlate.SeverityInfo, "p4": correlate.SeverityInfo, "p5": correlate.SeverityInfo,
}

// severity translates a sender's word, empty when it is not known.
func severity(word string) correlate.Severity {
	return severities[strings.ToLower(strings.TrimSpace(word))]
}

// signalWords tell by their presence what an alert measures. Order decides:
// the narrow meanings stand before the wide ones, so that a "payment error
// rate" is about errors and "guardrail errors" about safety.
var signalWords = []struct {
	signal correlate.Signal
	words  []string
}{
	{correlate.SignalAISafety, []string{"guardrail", "jailbreak", "prompt injection", "toxic", "hallucinat", "off-topic", "offtopic", "unsafe output", "moderation"}},
	{correlate.SignalSecurity, []string{"security", "intrusion", "unauthorized", "bruteforce", "brute force", "waf", "ddos"}},
	{correlate.SignalErrors, []string{"error", "5xx", "4xx", "exception", "failure", "failing", "failed", "panic"}},
	{correlate.SignalLatency, []string{"latency", "slow", "duration", "response time", "responsetime", "p99", "p95", "timeout"}},
	{correlate.SignalAvailability, []string{"down", "unavailable", "availability", "unreachable", "absent", "crashloop", "notready", "not ready", "outage", "probe", "missing"}},
	{correlate.SignalSaturation, []string{"saturation", "cpu", "memory", "oom", "disk", "queue", "backlog", "lag", "throttl", "quota", "full", "exhaust", "connections", "capacity"}},
	{correlate.SignalTraffic, []string{"traffic", "request rate", "requestrate", "throughput", "rps", "qps"}},
	{correlate.SignalBusiness, []string{"orders", "revenue", "conversion", "checkouts", "signups", "payments per"}},
}

// guessSignal tells from the name or text of an alert what it measures, unset
// when nothing tells.
func guessSignal(texts ...string) correlate.Signal {
	text := strings.ToLower(strings.Join(texts, " "))
	for _, s := range signalWords {
		for _, w := range s.words {
			if strings.Contains(text, w) {
				return s.signal
			}
		}
	}
	return ""
}
