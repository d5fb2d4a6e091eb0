-- One row for each version of the finding of an incident; all are kept.
CREATE TABLE IF NOT EXISTS findings {{.OnCluster}}
(
    incident              String,
    version               UInt32,
    as_of                 DateTime64(3, 'UTC'),
    verdict               LowCardinality(String),
    no_change_probability Float64,
    suspects              UInt32,
    stored_at             DateTime64(3, 'UTC') DEFAULT now64(3),
    body                  String COMMENT 'the finding as JSON' CODEC(ZSTD(1)),
    INDEX stored stored_at TYPE minmax GRANULARITY 8
)
ENGINE = {{.Replacing "stored_at"}}
ORDER BY (incident, version)
{{.TTL "incidents" "stored_at"}}
SETTINGS index_granularity = 256, {{.Settings}};

-- The suspects of a finding, for figures; the finding's body has them in full.
CREATE TABLE IF NOT EXISTS suspects {{.OnCluster}}
(
    incident      String,
    version       UInt32,
    rank          UInt32,
    change_source LowCardinality(String),
    change_id     String,
    kind          LowCardinality(String),
    services      Array(LowCardinality(String)),
    probability   Float64,
    log_odds      Map(LowCardinality(String), Float64) COMMENT 'sum for each kind of evidence',
    stored_at     DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = {{.Replacing "stored_at"}}
ORDER BY (incident, version, rank)
{{.TTL "incidents" "stored_at"}}
SETTINGS index_granularity = 1024, {{.Settings}};
