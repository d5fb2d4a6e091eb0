-- Verdicts that agents propose, and what people did with each: one row for every
-- word about a proposal. Nothing here counts as a verdict.
CREATE TABLE IF NOT EXISTS proposals {{.OnCluster}}
(
    incident        String,
    said_at         DateTime64(3, 'UTC'),
    id              UUID,
    word            LowCardinality(String) COMMENT 'open, accepted or dismissed',
    said_by         String,
    finding_version UInt32,
    decision        LowCardinality(String),
    change_source   LowCardinality(String),
    change_id       String,
    reason          String,
    verdict         String COMMENT 'id of the verdict that an acceptance gave',
    stored_at       DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = {{.Replacing ""}}
ORDER BY (incident, said_at, id, word)
{{.TTL "incidents" "said_at"}}
SETTINGS index_granularity = 1024, {{.Settings}};
