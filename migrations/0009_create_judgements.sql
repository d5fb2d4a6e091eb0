-- What people decided about a finding. History is kept: a later row of the same
-- incident supersedes, nothing is overwritten.
CREATE TABLE IF NOT EXISTS verdicts {{.OnCluster}}
(
    incident        String,
    decided_at      DateTime64(3, 'UTC'),
    id              UUID,
    finding_version UInt32,
    decision        LowCardinality(String),
    change_source   LowCardinality(String),
    change_id       String,
    reason          String,
    decided_by      String
)
ENGINE = {{.Replacing ""}}
ORDER BY (incident, decided_at, id)
{{.TTL "incidents" "decided_at"}}
SETTINGS index_granularity = 1024, {{.Settings}};

-- A person's word on the provenance of a change. The newest row counts.
CREATE TABLE IF NOT EXISTS provenance_overrides {{.OnCluster}}
(
    source     LowCardinality(String),
    id         String,
    decided_at DateTime64(3, 'UTC'),
    class      LowCardinality(String),
    reason     String,
    decided_by String
)
ENGINE = {{.Replacing ""}}
ORDER BY (source, id, decided_at)
{{.TTL "changes" "decided_at"}}
SETTINGS index_granularity = 1024, {{.Settings}};

-- Every answer of the policy gate with the rules that led to it.
CREATE TABLE IF NOT EXISTS policy_decisions {{.OnCluster}}
(
    decided_at DateTime64(3, 'UTC'),
    source     LowCardinality(String),
    id         String,
    decision   LowCardinality(String),
    rules      Array(LowCardinality(String)),
    reasons    Array(String),
    asked_by   String,
    body       String COMMENT 'what was judged, as JSON' CODEC(ZSTD(1))
)
ENGINE = {{.Replacing ""}}
PARTITION BY toYYYYMM(decided_at)
ORDER BY (source, id, decided_at)
{{.TTL "changes" "decided_at"}}
SETTINGS index_granularity = 1024, {{.Settings}};
