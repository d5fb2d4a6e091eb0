package app

import (
	"time"

	"github.com/faultline/faultline/internal/config"
	"github.com/faultline/faultline/internal/figures"
	"github.com/faultline/faultline/internal/stats"
)

// figuresAge is how old figures may be that the API answers with.
const figuresAge = time.Minute

// figures are what the API answers with.
func (s *service) figures() *figures.Cached {
	return figures.NewCached(figures.New(figuresConfig(&s.cfg), s.store, nowUTC), figuresAge)
}

// figuresConfig translates the settings of the figures.
func figuresConfig(cfg *config.Config) figures.Config {
	out := figures.DefaultConfig()
	f := &cfg.Figures
	out.ObservationWindow, out.SeniorLevels = f.ObservationWindow, f.SeniorLevels
	out.Labels = stats.LabelQuality{
		Sensitivity: f.Labels.Sensitivity, Specificity: f.Labels.Specificity,
		AuditExposed: float64(f.Labels.AuditedAI), AuditUnexposed: float64(f.Labels.AuditedHuman),
	}
	return out
}
