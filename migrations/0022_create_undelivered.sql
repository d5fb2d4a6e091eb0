-- News about incidents that a target could not be told: one row for every word
-- about it. Given up by the notifier, asked for again or dismissed by a person,
-- delivered in the end. The words are ordered by the store's clock, since
-- several processes say them.
CREATE TABLE IF NOT EXISTS undelivered {{.OnCluster}}
(
    target    LowCardinality(String),
    incident  String,
    said_at   DateTime64(3, 'UTC'),
    word      LowCardinality(String) COMMENT 'given_up, asked, dismissed or delivered',
    attempts  UInt32,
    reason    String,
    said_by   String,
    stored_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = {{.Replacing ""}}
ORDER BY (target, incident, said_at, word)
{{.TTL "audit" "said_at"}}
SETTINGS index_granularity = 1024, {{.Settings}};
