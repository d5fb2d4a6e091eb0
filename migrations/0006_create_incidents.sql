-- One row for each revision of an incident until a merge keeps the newest.
CREATE TABLE IF NOT EXISTS incidents {{.OnCluster}}
(
    id          String,
    revision    UInt64,
    status      LowCardinality(String),
    severity    LowCardinality(String),
    title       String,
    environment LowCardinality(String),
    services    Array(LowCardinality(String)),
    regions     Array(LowCardinality(String)),
    alerts      UInt32,
    merged_into String,
    started_at  DateTime64(3, 'UTC'),
    resolved_at Nullable(DateTime64(3, 'UTC')),
    updated_at  DateTime64(3, 'UTC'),
    stored_at   DateTime64(3, 'UTC') DEFAULT now64(3),
    body        String COMMENT 'the incident as JSON' CODEC(ZSTD(1)),
    INDEX stored stored_at TYPE minmax GRANULARITY 8
)
ENGINE = {{.Replacing "revision"}}
ORDER BY id
{{.TTL "incidents" "stored_at"}}
SETTINGS index_granularity = 256, {{.Settings}};

-- The alert episodes of an incident. Rows of an older revision than the
-- incident's newest are episodes that have left it.
CREATE TABLE IF NOT EXISTS incident_alerts {{.OnCluster}}
(
    incident    String,
    fingerprint String,
    started_at  DateTime64(3, 'UTC'),
    revision    UInt64,
    stored_at   DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = {{.Replacing "revision"}}
ORDER BY (incident, started_at, fingerprint)
{{.TTL "incidents" "stored_at"}}
SETTINGS index_granularity = 1024, {{.Settings}};
