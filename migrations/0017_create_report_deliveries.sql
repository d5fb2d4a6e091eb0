-- What became of each delivery of a weekly report: one row when it is begun, one
-- when it has ended. One that was begun and has no end may have arrived, and is
-- not sent again.
CREATE TABLE IF NOT EXISTS report_deliveries {{.OnCluster}}
(
    week      String,
    recipient String,
    at        DateTime64(3, 'UTC'),
    state     LowCardinality(String) COMMENT 'begun, sent or failed',
    problem   String
)
ENGINE = {{.Replacing ""}}
ORDER BY (week, recipient, at, state)
{{.TTL "incidents" "at"}}
SETTINGS index_granularity = 1024, {{.Settings}};
