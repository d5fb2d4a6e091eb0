package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"

	"github.com/faultline/faultline/internal/chdb"
	"github.com/faultline/faultline/internal/clickhouse"
	"github.com/faultline/faultline/internal/config"
	"github.com/faultline/faultline/internal/kafka"
)

// engineMarkCacheShare is the part of the embedded engine's memory that its
// index caches may take.
const engineMarkCacheShare = 16

// openStore opens the store that the settings name, the embedded engine where
// they name none, and pushes its end on stop.
func openStore(ctx context.Context, cfg *config.Config, stop *cleanup, log *slog.Logger) (*clickhouse.Store, error) {
	var transport http.RoundTripper
	if cfg.EmbeddedClickHouse() {
		if err := makeDir(engineDir(cfg)); err != nil {
			return nil, err
		}
		engine, err := openEngine(ctx, cfg)
		if err != nil {
			return nil, down(err)
		}
		stop.push("embedded ClickHouse", func(context.Context) error { return engine.Close() })
		transport = engine.Transport()
		log.Info("embedded ClickHouse is up", slog.String("version", engine.Version()), slog.String("dir", cfg.DataDir))
	}
	store, err := clickhouse.Open(ctx, storeConfig(cfg), transport, log)
	if err != nil {
		return nil, down(err)
	}
	stop.push("store", func(context.Context) error { return store.Close() })
	return store, nil
}

func openEngine(ctx context.Context, cfg *config.Config) (*chdb.Engine, error) {
	engine := chdb.DefaultConfig()
	engine.Library = cfg.ClickHouse.Library
	engine.Dir = engineDir(cfg)
	engine.MaxMemoryBytes = int64(cfg.ClickHouse.EmbeddedMemoryMB) << 20
	engine.MarkCacheBytes = engine.MaxMemoryBytes / engineMarkCacheShare
	return chdb.Open(ctx, engine)
}

// engineDir is where the embedded engine keeps its data, brokerDir where the
// embedded broker does.
func engineDir(cfg *config.Config) string { return filepath.Join(cfg.DataDir, "clickhouse") }
func brokerDir(cfg *config.Config) string { return filepath.Join(cfg.DataDir, "kafka") }

// makeDir makes a directory below the data directory. That it cannot be made
// lies in the name that was given: nothing that Faultline depends on is down.
func makeDir(dir string) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("data_dir: %w; name a directory that can be written to (--data-dir, or --data of the demo)", err)
	}
	return nil
}

// storeConfig translates the settings of the store.
func storeConfig(cfg *config.Config) clickhouse.Config {
	out := clickhouse.DefaultConfig()
	out.DSN = clickhouse.DSN(cfg.ClickHouse.DSN)
	out.Cluster = cfg.ClickHouse.Cluster
	out.Fsync = cfg.EmbeddedClickHouse()
	out.ReadTimeout = cfg.ClickHouse.ReadTimeout
	days := cfg.ClickHouse.RetentionDays
	out.Retention.ChangesDays, out.Retention.AlertsDays = days, days
	out.Retention.IncidentsDays = days
	out.Retention.TopologyDays, out.Retention.DeadLettersDays = cfg.ClickHouse.TopologyRetentionDays, cfg.ClickHouse.DeadLetterRetentionDays
	out.Retention.AuditDays = cfg.ClickHouse.AuditRetentionDays
	out.Retention.EdgeLife = cfg.ClickHouse.EdgeRetention
	tls := cfg.ClickHouse.TLS
	out.TLS = clickhouse.TLS{
		Enabled: tls.Enabled, CAFile: tls.CAFile, CertFile: tls.CertFile, KeyFile: tls.KeyFile,
		ServerName: tls.ServerName, Insecure: tls.InsecureSkipVerify,
	}
	return out
}

// readySchema brings the schema up, or checks that somebody did, and tells the
// panels the settings that they count by.
func readySchema(ctx context.Context, cfg *config.Config, store *clickhouse.Store) error {
	check := store.CheckSchema
	if cfg.ClickHouse.AutoMigrate {
		check = store.MigrateUp
	}
	if err := check(ctx); err != nil {
		return schemaError(err)
	}
	return store.TellPanels(ctx, cfg.Figures.ObservationWindow)
}

// schemaError tells a schema that is wrong, which is an answer, from a store
// that does not answer.
func schemaError(err error) error {
	var wrong *clickhouse.SchemaError
	if err == nil || errors.As(err, &wrong) {
		return err
	}
	return down(err)
}

// openKafka connects to the brokers that the settings name, runs the embedded
// one where they name none, and makes the topics.
func openKafka(ctx context.Context, cfg *config.Config, stop *cleanup, log *slog.Logger) (*kafka.Client, error) {
	settings := kafkaConfig(cfg)
	if cfg.EmbeddedKafka() {
		if err := makeDir(brokerDir(cfg)); err != nil {
			return nil, err
		}
		broker := kafka.NewEmbedded(kafka.EmbeddedConfig{
			Listen: cfg.Kafka.EmbeddedListen, DataDir: brokerDir(cfg), SyncWrites: true,
		}, log)
		if err := broker.Start(ctx); err != nil {
			return nil, down(fmt.Errorf("embedded Kafka: %w; set kafka.embedded_listen to a free port or kafka.brokers to a real broker", err))
		}
		stop.push("embedded Kafka", func(context.Context) error { broker.Close(); return nil })
		settings.Brokers = broker.Brokers()
		log.Info("embedded Kafka is up", slog.Any("brokers", settings.Brokers))
	}
	client, err := kafka.New(settings)
	if err != nil {
		return nil, fmt.Errorf("settings of Kafka: %w", err)
	}
	stop.push("Kafka client", func(context.Context) error { client.Close(); return nil })
	if !cfg.Kafka.CreateTopics {
		return client, down(client.Ping(ctx))
	}
	plan := kafka.DefaultTopicPlan()
	plan.Partitions, plan.Replication = cfg.Kafka.TopicPartitions, cfg.Kafka.Replication
	made, err := client.EnsureTopics(ctx, plan)
	if err != nil {
		return nil, down(err)
	}
	if len(made) > 0 {
		log.Info("made Kafka topics", slog.Any("topics", made))
	}
	return client, nil
}

// kafkaConfig translates the settings of Kafka.
func kafkaConfig(cfg *config.Config) kafka.Config {
	out := kafka.DefaultConfig()
	k := &cfg.Kafka
	out.Brokers, out.ClientID = k.Brokers, k.ClientID
	out.Topics = kafka.Topics{
		Changes: k.Topics.Changes, Alerts: k.Topics.Alerts,
		Topology: k.Topics.Topology, DeadLetter: k.Topics.DeadLetter,
	}
	out.SASL = kafka.SASL{
		Mechanism: kafka.Mechanism(k.SASL.Mechanism), Username: k.SASL.Username, Password: kafka.Secret(k.SASL.Password),
	}
	out.TLS = kafka.TLS{
		Enabled: k.TLS.Enabled, CAFile: k.TLS.CAFile, CertFile: k.TLS.CertFile, KeyFile: k.TLS.KeyFile,
		ServerName: k.TLS.ServerName, Insecure: k.TLS.InsecureSkipVerify,
	}
	return out
}
