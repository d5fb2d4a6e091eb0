-- Where the changes of a service are: the hot read "changes of these services
-- in this window". One row for each service of an event; the empty name stands
-- for a change that names no service and so affects its whole environment.
-- A row may exist without its event (it is written first), never the reverse.
CREATE TABLE IF NOT EXISTS change_services {{.OnCluster}}
(
    service     LowCardinality(String),
    started_at  DateTime64(3, 'UTC') CODEC(Delta, LZ4),
    key         UInt64 CODEC(LZ4),
    ingested_at DateTime DEFAULT now() CODEC(Delta, LZ4)
)
ENGINE = {{.Replacing ""}}
PARTITION BY toYYYYMM(started_at)
ORDER BY (service, started_at, key)
{{.TTL "changes" "ingested_at"}}
SETTINGS index_granularity = 1024, {{.Settings}};
