package format

import (
	"maps"
	"slices"
	"strings"

	"github.com/faultline/faultline/internal/event"
)

// Message is one Kafka record or HTTP request.
type Message struct {
	// Kind is what the topic or route is for, empty when the format decides.
	Kind event.Kind
	// Header looks a header up, whatever its case; empty when it is absent.
	Header func(name string) string
	// Body is the value as it came. Events hold parts of it.
	Body []byte
	// Meta goes into every event, which gets its own Raw and UID.
	Meta event.Meta
}

// Decoder decodes one format. It is used from several goroutines.
type Decoder interface {
	// Name is the name in routes, headers and settings.
	Name() string
	// Decode returns the good events of a message and a rejection for each bad
	// element. Nothing of both means that the message says nothing of changes,
	// alerts or topology.
	Decode(m Message) (event.Batch, []event.Rejection)
}

// Verifier is a Decoder whose sender signs what it sends.
type Verifier interface {
	// Verify returns event.ErrBadSignature unless a header proves that the
	// sender of the body, which is as it came, knows the secret. It takes the
	// same time for every wrong signature.
	Verify(secret string, header func(name string) string, body []byte) error
}

// Config says how decoders read what senders leave open.
type Config struct {
	// Services names the services of what senders call otherwise; nil keeps
	// the senders' names.
	Services ServiceMap
	// AlertServiceLabels are the labels that may name the service of an alert,
	// best first.
	AlertServiceLabels []string
	// Environments gives names of environments, in lower case, the name under
	// which the contract knows them.
	Environments map[string]string
}

// DefaultConfig reads the labels that Prometheus, Kubernetes and OpenTelemetry
// set, and the usual short names of production.
func DefaultConfig() Config {
	return Config{
		AlertServiceLabels: []string{
			"service", "service_name", "app", "app_kubernetes_io_name", "application", "deployment", "workload", "job",
		},
		Environments: map[string]string{"prod": "production", "prd": "production", "live": "production"},
	}
}

// Native is the name of the contract's own JSON.
const Native = "faultline"

// Registry holds the decoders and picks the one for a message.
type Registry struct {
	decoders map[string]Decoder
}

// NewRegistry makes a registry of every format.
func NewRegistry(cfg Config) *Registry {
	names := naming{cfg: cfg}
	r := &Registry{decoders: map[string]Decoder{}}
	for _, d := range []Decoder{
		native{},
		newCloudEvents(names),
		newGitHub(names),
		newAlertmanager(names),
		newPagerDuty(names),
		newGrafana(names),
		newArgoCD(names),
		newLaunchDarkly(names),
		newOpsgenie(names),
		newGitLab(names),
		newFlux(names),
		newArgoRollouts(names),
		newDatadog(names),
		newPagerDutyChange(names),
	} {
		r.decoders[d.Name()] = d
	}
	return r
}

// Names lists the formats, sorted.
func (r *Registry) Names() []string { return slices.Sorted(maps.Keys(r.decoders)) }

// appender is a Decoder that adds events to a batch itself.
type appender interface {
	append(into *event.Batch, m *Message) []event.Rejection
}

// Decode decodes a message and adds its good events to a batch. Format names the decoder; when it is empty or that
// of the contract, a CloudEvent is told by its headers and everything else is
// the contract's JSON. Kind is what the topic or route is for, empty when the
// format decides. The only error is *event.UnknownFormatError.
func (r *Registry) Decode(into *event.Batch, kind event.Kind, format string, header func(name string) string, body []byte, meta event.Meta) ([]event.Rejection, error) {
	if isCloudEvent(header) && (format == "" || strings.EqualFold(format, Native)) {
		format = cloudEventsName
	}
	d, err := r.decoder(format)
	if err != nil {
		return nil, err
	}
	meta.Format = d.Name()
	m := Message{Kind: kind, Header: header, Body: body, Meta: meta}
	if a, adds := d.(appender); adds {
		return a.append(into, &m), nil
	}
	batch, rejected := d.Decode(m)
	into.Add(&batch)
	return rejected, nil
}

// Signs reports whether senders of the format can prove themselves by a
// signature. Unknown formats cannot.
func (r *Registry) Signs(format string) bool {
	d, err := r.decoder(format)
	_, signs := d.(Verifier)
	return err == nil && signs
}

// Verify checks the signature of a body by the rules of the format. It returns
// event.ErrBadSignature when the proof fails, and also for a format whose
// senders do not sign.
func (r *Registry) Verify(format, secret string, header func(name string) string, body []byte) error {
	d, err := r.decoder(format)
	if err != nil {
		return err
	}
	v, signs := d.(Verifier)
	if !signs {
		return event.ErrBadSignature
	}
	return v.Verify(secret, header, body)
}

// decoder finds a decoder by name in any case; no name is the contract's JSON.
func (r *Registry) decoder(format string) (Decoder, error) {
	if format == "" {
		format = Native
	}
	if d, known := r.decoders[strings.ToLower(format)]; known {
		return d, nil
	}
	return nil, &event.UnknownFormatError{Format: format, Known: r.Names()}
}
