package format

import (
	"slices"

	"github.com/faultline/faultline/internal/event"
)

// grafanaName is the name of the format in routes and settings.
const grafanaName = "grafana"

// The headers of a signed delivery. Grafana lets both be named; the signature
// has this name by default, the timestamp is only sent once it has a name.
const (
	grafanaSignature = "X-Grafana-Alerting-Signature"
	grafanaTimestamp = "X-Grafana-Alerting-Timestamp"
)

// grafana decodes the webhook of Grafana's alerting, which has the shape of
// Alertmanager's. Where no label names a service, the folder of the rule does.
type grafana struct{ groups groupDecoder }

func newGrafana(names naming) grafana {
	return grafana{groups: groupDecoder{
		names: names, source: grafanaName, version: "1",
		serviceLabels: append(slices.Clone(names.cfg.AlertServiceLabels), "grafana_folder"),
	}}
}

// Name is "grafana".
func (grafana) Name() string { return grafanaName }

// Verify checks the signature over the body or, if there is a timestamp, over
// the timestamp, a colon and the body.
func (grafana) Verify(secret string, header func(string) string, body []byte) error {
	text := body
	if at := header(grafanaTimestamp); at != "" {
		text = slices.Concat([]byte(at), []byte{':'}, body)
	}
	if !signed(secret, text, header(grafanaSignature)) {
		return event.ErrBadSignature
	}
	return nil
}

// Decode makes one alert event of each member of the group.
func (g grafana) Decode(m Message) (event.Batch, []event.Rejection) { return g.groups.decode(m) }
