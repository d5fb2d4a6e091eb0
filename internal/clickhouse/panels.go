package clickhouse

import (
	"context"
	"time"
)

// panelSetting is one row of panel_settings.
type panelSetting struct {
	name   string
	number int64
}

// panelFields are the columns of panel_settings that are told.
var panelFields = []field[panelSetting]{
	textField("name", func(p *panelSetting) string { return p.name }),
	numberField("number", func(p *panelSetting) int64 { return p.number }),
}

// TellPanels keeps the settings that the views of people's panels count by: how
// long a change is given to fail. The newest word counts, whichever process of
// the service says it.
func (s *Store) TellPanels(ctx context.Context, observation time.Duration) error {
	return insertRows(ctx, s, "panel_settings", "", panelFields, []panelSetting{{"observation_ms", observation.Milliseconds()}})
}
