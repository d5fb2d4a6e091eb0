package app

import (
	"time"

	"github.com/faultline/faultline/internal/config"
	"github.com/faultline/faultline/internal/figures"
	"github.com/faultline/faultline/internal/policy"
	"github.com/faultline/faultline/internal/stats"
)

// figuresAge is how old figures may be that the API answers with.
const figuresAge = time.Minute

// figures are what the API answers with.
func (s *service) figures() (*figures.Cached, error) {
	rules, err := s.policy()
	if err != nil {
		return nil, err
	}
	return figures.NewCached(figures.New(figuresConfig(&s.cfg, rules.Levels()), s.store, nowUTC), figuresAge), nil
}

// figuresConfig translates the settings of the figures. Which approvals are a
// senior's is for the policy to say.
func figuresConfig(cfg *config.Config, levels *policy.Levels) figures.Config {
	out := figures.DefaultConfig()
	f := &cfg.Figures
	out.ObservationWindow, out.Levels = f.ObservationWindow, *levels
	out.Labels = stats.LabelQuality{
		Sensitivity: f.Labels.Sensitivity, Specificity: f.Labels.Specificity,
		AuditExposed: float64(f.Labels.AuditedAI), AuditUnexposed: float64(f.Labels.AuditedHuman),
	}
	return out
}
