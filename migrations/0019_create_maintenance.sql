-- Announced times in which alerts of some services open no incident. A window is
-- ended early by a row of the same id with a later changed_at.
CREATE TABLE IF NOT EXISTS maintenance_windows {{.OnCluster}}
(
    id          UUID,
    environment LowCardinality(String),
    services    Array(String),
    starts_at   DateTime64(3, 'UTC'),
    ends_at     DateTime64(3, 'UTC'),
    reason      String,
    created_by  String,
    created_at  DateTime64(3, 'UTC'),
    changed_by  String,
    changed_at  DateTime64(3, 'UTC')
)
ENGINE = {{.Replacing "changed_at"}}
ORDER BY id
{{.TTL "audit" "ends_at"}}
SETTINGS index_granularity = 1024, {{.Settings}};
