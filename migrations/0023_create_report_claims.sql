-- Which process is at work on the report of a week: it claims the week, renews
-- the claim while it works, and lets go at the end. The store's clock stamps the
-- claims, so that all processes order them alike.
CREATE TABLE IF NOT EXISTS report_claims {{.OnCluster}}
(
    week      String,
    claimant  String,
    state     LowCardinality(String) COMMENT 'held or released',
    stored_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = {{.Merge}}
ORDER BY (week, stored_at, claimant)
{{.TTL "incidents" "stored_at"}}
SETTINGS index_granularity = 1024, {{.Settings}};
