-- When the events with this hash started, and so where they stand in changes.
-- The hash is the key of a change (all its events, also those whose started_at
-- was corrected) or the uid of one event. Written before the event itself.
CREATE TABLE IF NOT EXISTS change_lookup {{.OnCluster}}
(
    hash        UInt64 CODEC(NONE),
    started_at  DateTime64(3, 'UTC') CODEC(LZ4),
    ingested_at DateTime DEFAULT now() CODEC(Delta, LZ4)
)
ENGINE = {{.Replacing ""}}
PARTITION BY toYYYYMM(started_at)
ORDER BY (hash, started_at)
{{.TTL "changes" "ingested_at"}}
SETTINGS index_granularity = 1024, {{.Settings}};
