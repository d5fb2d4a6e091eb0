-- What targets of notifications were told of incidents, so that a restart tells
-- nothing twice.
CREATE TABLE IF NOT EXISTS notices {{.OnCluster}}
(
    incident String,
    target   LowCardinality(String),
    told_at  DateTime64(3, 'UTC'),
    thread   String COMMENT 'where the target keeps the message',
    status   LowCardinality(String),
    severity LowCardinality(String),
    verdict  LowCardinality(String),
    suspect  String,
    state    LowCardinality(String)
)
ENGINE = {{.Replacing ""}}
ORDER BY (told_at, target, incident)
{{.TTL "audit" "told_at"}}
SETTINGS index_granularity = 1024, {{.Settings}};
