-- Who commands an incident: one row for every word about it, of which the newest
-- counts. An empty commander says that nobody commands any more.
CREATE TABLE IF NOT EXISTS incident_commands {{.OnCluster}}
(
    incident  String,
    said_at   DateTime64(3, 'UTC'),
    id        UUID,
    commander String,
    said_by   String,
    stored_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = {{.Replacing ""}}
ORDER BY (incident, said_at, id)
{{.TTL "incidents" "said_at"}}
SETTINGS index_granularity = 1024, {{.Settings}};

-- Whom a target was told to command the incident, so that another is news.
ALTER TABLE notices {{.OnCluster}} ADD COLUMN IF NOT EXISTS commander String;
