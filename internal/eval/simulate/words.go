package simulate

import (
	"fmt"

	"github.com/faultline/faultline/correlate"
)

// subjects and roles make service names, such as cart-api.
var (
	subjects = []string{
		"cart", "checkout", "catalog", "price", "stock", "search", "order", "invoice", "payment", "refund",
		"ledger", "tax", "coupon", "loyalty", "profile", "session", "login", "consent", "address", "parcel",
		"carrier", "route", "depot", "return", "review", "rating", "media", "image", "video", "banner",
		"campaign", "mail", "push", "chat", "ticket", "fraud", "risk", "audit", "report", "metric",
		"event", "feed", "graph", "geo", "locale", "currency", "quota", "token", "vault", "cert",
		"queue", "cache", "index", "blob", "archive", "backup", "billing", "partner", "supply", "forecast",
	}
	roles = []string{
		"api", "worker", "gateway", "store", "sync", "router", "engine", "proxy", "writer", "reader",
		"planner", "broker", "agent", "db", "loader", "view", "edge", "core", "relay", "guard",
	}
	teamWords = []string{"harbor", "meadow", "summit", "canyon", "delta", "forest", "prairie", "glacier"}
	parts     = []string{
		"timeout", "retry budget", "connection pool", "cache size", "rate limit", "thread count", "batch size",
		"memory limit", "replica count", "circuit breaker", "health check", "log level", "key rotation",
		"payload format", "schema version", "index rebuild", "page size", "queue depth", "failover order",
		"lease time", "default locale", "rounding rule", "token lifetime", "sampling rate", "allow list",
		"certificate chain", "route table", "shard map", "read preference", "compression level",
	}
	verbs = []string{"Raise", "Lower", "Change", "Replace", "Tune", "Rework", "Clean up", "Move", "Drop", "Add"}
)

// named is a service name with the subject that it is about.
type named struct{ name, subject string }

// serviceNames draws n different names. Numbers tell apart what words do not.
func serviceNames(d draw, n int) []named {
	names := make([]named, 0, n)
	for round := 0; len(names) < n; round++ {
		for _, subject := range subjects {
			for _, role := range roles {
				name := subject + "-" + role
				if round > 0 {
					name = fmt.Sprintf("%s-%d", name, round+1)
				}
				names = append(names, named{name, subject})
			}
		}
	}
	d.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	return names[:n]
}

// sources are the systems that send each kind of change.
var sources = map[correlate.ChangeKind][]string{
	correlate.KindDeploy:          {"argo-cd", "build-pipeline"},
	correlate.KindRollback:        {"argo-cd", "build-pipeline"},
	correlate.KindConfig:          {"config-service", "build-pipeline"},
	correlate.KindFeatureFlag:     {"flag-service"},
	correlate.KindInfrastructure:  {"terraform", "cloud-audit"},
	correlate.KindScaling:         {"autoscaler", "cloud-audit"},
	correlate.KindSchemaMigration: {"migration-runner"},
	correlate.KindModel:           {"model-registry"},
	correlate.KindPrompt:          {"model-registry"},
	correlate.KindGuardrail:       {"model-registry"},
	correlate.KindAccess:          {"cloud-audit"},
	correlate.KindCertificate:     {"cert-manager"},
	correlate.KindDependency:      {"build-pipeline"},
	correlate.KindData:            {"data-platform"},
	correlate.KindOther:           {"change-calendar"},
}

// title says what a change does, by kind, in the words of the part it touches.
func title(d draw, kind correlate.ChangeKind, s *service, part string) string {
	what := fmt.Sprintf("%s %s of %s", pick(d, verbs), part, s.name)
	switch kind {
	case correlate.KindFeatureFlag:
		return fmt.Sprintf("Flag %s-%s set to %d%%", s.subject, dashed(part), 5*d.IntN(21))
	case correlate.KindScaling:
		return fmt.Sprintf("Scale %s to %d instances", s.name, 2+d.IntN(30))
	case correlate.KindRollback:
		return fmt.Sprintf("Roll %s back: %s", s.name, part)
	case correlate.KindSchemaMigration:
		return fmt.Sprintf("Migrate %s schema: %s", s.subject, part)
	case correlate.KindCertificate:
		return fmt.Sprintf("Renew certificate of %s", s.name)
	case correlate.KindDependency:
		return fmt.Sprintf("Update libraries of %s (%s)", s.name, part)
	case correlate.KindPrompt, correlate.KindModel, correlate.KindGuardrail:
		return fmt.Sprintf("%s %s: %s", pick(d, verbs), kind, part)
	default:
		return what
	}
}

// dashed writes words as one name.
func dashed(words string) string {
	out := []byte(words)
	for i, b := range out {
		if b == ' ' {
			out[i] = '-'
		}
	}
	return string(out)
}

// alertNames are what monitoring calls trouble of each signal.
var alertNames = map[correlate.Signal][]string{
	correlate.SignalErrors:       {"HighErrorRate", "ErrorBudgetBurn"},
	correlate.SignalLatency:      {"LatencyP99", "SlowRequests"},
	correlate.SignalAvailability: {"Unavailable", "ProbeFailed"},
	correlate.SignalSaturation:   {"QueueDepth", "CPUSaturated", "PoolExhausted"},
	correlate.SignalTraffic:      {"TrafficDrop", "TrafficAnomaly"},
	correlate.SignalAISafety:     {"AnswerOffPolicy", "GuardrailBypass"},
	correlate.SignalBusiness:     {"ConversionDrop", "UserComplaints"},
}
