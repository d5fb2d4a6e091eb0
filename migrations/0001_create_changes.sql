-- One row for each event about a change: a fact, never updated. What is known
-- of a change is the fold of all its events, made when they are read.
--
-- Events of one change carry one started_at, save for rare corrections, so the
-- order key keeps them side by side and serves "newest first". Services are in
-- change_services; the way from an id to its place is change_lookup.
-- The same event delivered twice has the same uid; every reader counts a uid
-- once, at its first arrival. A ReplacingMergeTree would drop the second row in
-- a merge, at 5 us of processor time for each row of the table (measured).
-- Granules are small because rows are large: 512 rows of 2 KB weigh 1 MB, and a
-- reader of 100 scattered changes unpacks 100 MB instead of 1.6 GB at 8192.
CREATE TABLE IF NOT EXISTS changes {{.OnCluster}}
(
    uid              UInt64 CODEC(NONE),
    key              UInt64 COMMENT 'xxHash64 of id' CODEC(LZ4),
    source           LowCardinality(String),
    id               String,
    kind             LowCardinality(String),
    title            String,
    services         Array(LowCardinality(String)),
    environment      LowCardinality(String),
    regions          Array(LowCardinality(String)),
    started_at       DateTime64(3, 'UTC') CODEC(Delta, LZ4),
    finished_at      Nullable(DateTime64(3, 'UTC')),
    status           LowCardinality(String),
    version          String,
    actor_type       LowCardinality(String),
    labels           Map(LowCardinality(String), String),
    provenance_class LowCardinality(String),
    provenance       String COMMENT 'JSON, empty before labelling',
    format           LowCardinality(String),
    topic            LowCardinality(String),
    partition        Int32,
    offset           Int64 CODEC(Delta, LZ4),
    observed_at      Nullable(DateTime64(3, 'UTC')),
    arrived_at       DateTime64(3, 'UTC') CODEC(Delta, LZ4),
    ingested_at      DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, LZ4),
    raw              String COMMENT 'the event as it came',
    canonical        String COMMENT 'the contract JSON of an event that came in another format',
    body             String ALIAS if(canonical = '', raw, canonical),
    INDEX ingested ingested_at TYPE minmax GRANULARITY 8
)
ENGINE = {{.Merge}}
PARTITION BY toYYYYMM(started_at)
PRIMARY KEY (started_at, key)
ORDER BY (started_at, key, uid)
{{.TTL "changes" "ingested_at"}}
SETTINGS index_granularity = 512, min_bytes_for_wide_part = 67108864, {{.Settings}};
