package format

import "github.com/faultline/faultline/internal/event"

// alertmanagerName is the name of the format in routes and settings.
const alertmanagerName = "alertmanager"

// alertmanager decodes version 4 of the webhook of Prometheus Alertmanager. It
// does not sign.
type alertmanager struct{ groups groupDecoder }

func newAlertmanager(names naming) alertmanager {
	return alertmanager{groups: groupDecoder{
		names: names, source: alertmanagerName, version: "4", serviceLabels: names.cfg.AlertServiceLabels,
	}}
}

// Name is "alertmanager".
func (alertmanager) Name() string { return alertmanagerName }

// Decode makes one alert event of each member of the group.
func (a alertmanager) Decode(m Message) (event.Batch, []event.Rejection) { return a.groups.decode(m) }
