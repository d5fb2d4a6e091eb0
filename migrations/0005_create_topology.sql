-- Snapshots as they came. The merged graph is read from the two tables below.
CREATE TABLE IF NOT EXISTS topologies {{.OnCluster}}
(
    uid         UInt64 CODEC(NONE),
    source      LowCardinality(String),
    observed_at DateTime64(3, 'UTC') CODEC(Delta, LZ4),
    services    UInt32,
    edges       UInt32,
    format      LowCardinality(String),
    topic       LowCardinality(String),
    partition   Int32,
    offset      Int64 CODEC(Delta, LZ4),
    arrived_at  DateTime64(3, 'UTC') CODEC(Delta, LZ4),
    ingested_at DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, LZ4),
    raw         String CODEC(ZSTD(1)),
    replaces    UInt64 MATERIALIZED 18446744073709551615 - toUnixTimestamp64Milli(arrived_at),
    INDEX ingested ingested_at TYPE minmax GRANULARITY 8
)
ENGINE = {{.Replacing "replaces"}}
PARTITION BY toYYYYMM(observed_at)
ORDER BY (observed_at, uid)
{{.TTL "topology" "ingested_at"}}
SETTINGS index_granularity = 64, {{.Settings}};

-- One row for each service, source and day: the last that the source said of
-- the service on that day. A graph of the past has the resolution of a day.
CREATE TABLE IF NOT EXISTS topology_services {{.OnCluster}}
(
    name        String,
    source      LowCardinality(String),
    day         Date,
    observed_at DateTime64(3, 'UTC') CODEC(Delta, LZ4),
    tier        UInt8,
    team        LowCardinality(String),
    environment LowCardinality(String),
    lifecycle   LowCardinality(String)
)
ENGINE = {{.Replacing "observed_at"}}
PARTITION BY toYYYYMM(day)
ORDER BY (name, source, day)
{{.TTL "topology" "day"}}
SETTINGS index_granularity = 1024, {{.Settings}};

-- One row for each call, source and day, likewise.
CREATE TABLE IF NOT EXISTS topology_edges {{.OnCluster}}
(
    caller           LowCardinality(String),
    callee           LowCardinality(String),
    kind             LowCardinality(String),
    source           LowCardinality(String),
    day              Date,
    observed_at      DateTime64(3, 'UTC') CODEC(Delta, LZ4),
    calls_per_second Float64
)
ENGINE = {{.Replacing "observed_at"}}
PARTITION BY toYYYYMM(day)
ORDER BY (caller, callee, kind, source, day)
{{.TTL "topology" "day"}}
SETTINGS index_granularity = 1024, {{.Settings}};
