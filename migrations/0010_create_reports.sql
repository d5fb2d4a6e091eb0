-- The weekly reports; the newest row of a week is the report.
CREATE TABLE IF NOT EXISTS reports {{.OnCluster}}
(
    week     String COMMENT 'ISO week, as 2026-W47',
    made_at  DateTime64(3, 'UTC'),
    body     String COMMENT 'the report as JSON' CODEC(ZSTD(1))
)
ENGINE = {{.Replacing "made_at"}}
ORDER BY week
{{.TTL "incidents" "made_at"}}
SETTINGS index_granularity = 64, {{.Settings}};

-- Who did what: every write that a person or a token made through the API.
CREATE TABLE IF NOT EXISTS audit {{.OnCluster}}
(
    at     DateTime64(3, 'UTC') CODEC(Delta, LZ4),
    id     UUID,
    actor  LowCardinality(String),
    action LowCardinality(String),
    target String,
    detail String
)
ENGINE = {{.Replacing ""}}
PARTITION BY toYYYYMM(at)
ORDER BY (at, id)
{{.TTL "audit" "at"}}
SETTINGS index_granularity = 1024, {{.Settings}};
