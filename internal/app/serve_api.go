package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/faultline/faultline/api"
	"github.com/faultline/faultline/ingest"
	"github.com/faultline/faultline/internal/config"
	"github.com/faultline/faultline/internal/event"
)

// startAPI opens the door for HTTP.
func (s *service) startAPI(ctx context.Context) error {
	tokens, err := s.tokens()
	if err != nil {
		return err
	}
	labeller, err := newClassifier()
	if err != nil {
		return err
	}
	rules, err := s.policy()
	if err != nil {
		return err
	}
	made, err := s.figures()
	if err != nil {
		return err
	}
	intakeConfig := ingest.DefaultIntakeConfig()
	intakeConfig.Secrets = make(map[string]ingest.Secret, len(s.cfg.Ingest.Webhooks))
	for name, secret := range s.cfg.Ingest.Webhooks {
		intakeConfig.Secrets[name] = ingest.Secret(secret)
	}
	s.intake, err = ingest.NewIntake(intakeConfig, ingest.IntakeDeps{
		Decoder: s.formats, Verifier: s.formats, Labeller: labeller,
		Store: s.waking(), Seen: s.store, Registerer: s.registry, Log: s.log,
	})
	if err != nil {
		return err
	}
	desk, err := s.desk()
	if err != nil {
		return err
	}
	provider, err := signOn(&s.cfg.API.OIDC)
	if err != nil {
		return err
	}
	server, err := api.New(apiConfig(&s.cfg, tokens), api.Deps{ //nolint:contextcheck // Each request brings its own context.
		Store: s.store, Intake: s.intake, Signatures: s.intake, Labeller: labeller, Policy: rules, Figures: made, Reports: desk, Probes: s.probes.list(),
		Headlines: s.store, Suspicions: s.store, Sources: s.store, Letters: s.store, Audit: s.store, Lost: s.store, KindOfTopic: kindOfTopic(&s.cfg.Kafka.Topics),
		Agents:     agentsOver,
		Chat:       s.chat(),
		SignOn:     provider,
		Names:      names{formatConfig(&s.cfg.Formats)},
		Metrics:    promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{Registry: s.registry}),
		Registerer: s.registry, Log: s.log,
	})
	if err != nil {
		return err
	}
	listener, err := s.listen(ctx)
	if err != nil {
		return err
	}
	s.address = listener.Addr().String()
	s.run(ctx, "API", func(ctx context.Context) error { return server.Serve(ctx, listener) })
	return nil
}

// kindOfTopic tells what the configured topics carry.
func kindOfTopic(t *config.Topics) func(string) event.Kind {
	kinds := map[string]event.Kind{t.Changes: event.KindChange, t.Alerts: event.KindAlert, t.Topology: event.KindTopology}
	return func(topic string) event.Kind { return kinds[topic] }
}

// apiConfig translates the settings of the API.
func apiConfig(cfg *config.Config, tokens []api.Token) api.Config {
	out := api.DefaultConfig()
	a := &cfg.API
	out.Listen, out.Tokens, out.PublicRead = a.Listen, tokens, a.PublicRead
	out.Blind, out.GrafanaURL = api.Blinding(a.Blind), a.GrafanaURL
	out.SessionSecret, out.SessionLife = string(a.SessionSecret), a.SessionLife
	out.TLSCertFile, out.TLSKeyFile = a.TLSCertFile, a.TLSKeyFile
	out.RatePerSecond, out.RateBurst = a.RatePerSecond, a.RateBurst
	out.MaxBodyBytes, out.Timeout = a.MaxBodyBytes, a.Timeout
	out.MaxTopologyBytes = a.MaxTopologyBytes
	out.BodyBudgetBytes = max(out.BodyBudgetBytes, 2*a.MaxBodyBytes, a.MaxTopologyBytes)
	out.PrivateMetrics = a.PrivateMetrics
	out.ShutdownTimeout = min(out.ShutdownTimeout, cfg.ShutdownTimeout)
	return out
}

// tokenFile holds the token of a process that was given none.
const tokenFile = "admin.token"

// tokens are those of the settings. A process with embedded stores and no
// tokens makes one, in a file of its data directory that only its user can
// read: a newcomer needs one, and nothing may be written without.
func (s *service) tokens() ([]api.Token, error) {
	var out []api.Token
	for _, t := range s.cfg.API.Tokens {
		out = append(out, api.Token{ID: t.ID, Name: t.Name, Role: api.Role(t.Role), Hash: t.Hash, ExpiresAt: t.ExpiresAt})
	}
	if len(out) > 0 {
		return out, nil
	}
	if !s.cfg.EmbeddedClickHouse() {
		s.log.Warn("no API tokens are configured: nobody can write; make one with `faultline token create`")
		return nil, nil
	}
	path := filepath.Join(s.cfg.DataDir, tokenFile)
	token, err := ownToken(path)
	if err != nil {
		return nil, fmt.Errorf("the API token in %s: %w", path, err)
	}
	s.log.Info("no API tokens are configured; this process has its own", slog.String("token_file", path))
	return []api.Token{token}, nil
}

// ownToken reads the token in a file, and makes both when there is none.
func ownToken(path string) (api.Token, error) {
	token := api.Token{Name: "local admin", Role: api.RoleAdmin}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		var made string
		made, token, err = api.NewToken(rand.Reader, token.Name, token.Role)
		if err != nil {
			return token, err
		}
		return token, os.WriteFile(path, []byte(made+"\n"), 0o600)
	}
	if err != nil {
		return token, err
	}
	made := strings.TrimSpace(string(text))
	parts := strings.Split(made, "_")
	if len(parts) != 3 {
		return token, errors.New("is not of the form flt_<id>_<secret>; delete the file to get a new one")
	}
	token.ID, token.Hash = parts[1], api.HashToken(made)
	return token, nil
}

// probes gathers the conditions of readiness.
type probes struct{ all []api.Probe }

func (p *probes) add(name string, check func(context.Context) error) {
	p.all = append(p.all, api.Probe{Name: name, Check: check})
}

func (p *probes) list() []api.Probe { return p.all }

// nowUTC is the wall clock. Milliseconds are all that the store keeps.
func nowUTC() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }
