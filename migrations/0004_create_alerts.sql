-- One row for each event about an alert. An episode is the fold of the events
-- with one fingerprint and one started_at, which the order key keeps together.
CREATE TABLE IF NOT EXISTS alerts {{.OnCluster}}
(
    uid         UInt64 CODEC(NONE),
    key         UInt64 COMMENT 'xxHash64 of fingerprint' CODEC(LZ4),
    fingerprint String,
    source      LowCardinality(String),
    id          String,
    service     LowCardinality(String),
    environment LowCardinality(String),
    region      LowCardinality(String),
    instance    String,
    version     String,
    name        LowCardinality(String),
    summary     String,
    severity    LowCardinality(String),
    status      LowCardinality(String),
    signal      LowCardinality(String),
    started_at  DateTime64(3, 'UTC') CODEC(Delta, LZ4),
    resolved_at Nullable(DateTime64(3, 'UTC')),
    labels      Map(LowCardinality(String), String),
    format      LowCardinality(String),
    topic       LowCardinality(String),
    partition   Int32,
    offset      Int64 CODEC(Delta, LZ4),
    observed_at Nullable(DateTime64(3, 'UTC')),
    arrived_at  DateTime64(3, 'UTC') CODEC(Delta, LZ4),
    ingested_at DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, LZ4),
    raw         String COMMENT 'the event as it came',
    canonical   String COMMENT 'the contract JSON of an event that came in another format',
    replaces    UInt64 MATERIALIZED 18446744073709551615 - toUnixTimestamp64Milli(arrived_at) CODEC(Delta, LZ4),
    body        String ALIAS if(canonical = '', raw, canonical),
    INDEX ingested ingested_at TYPE minmax GRANULARITY 8,
    INDEX uids uid TYPE bloom_filter(0.001) GRANULARITY 4
)
ENGINE = {{.Replacing "replaces"}}
PARTITION BY toYYYYMM(started_at)
PRIMARY KEY (started_at, key)
ORDER BY (started_at, key, uid)
{{.TTL "alerts" "ingested_at"}}
SETTINGS index_granularity = 512, min_bytes_for_wide_part = 67108864, {{.Settings}};
