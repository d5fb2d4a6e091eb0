-- Which parts of a change an event tells: 1 commits, 2 pull requests, 4
-- approvals, 8 commits by their hash alone, which other changes know more of.
-- 255 marks what was stored before this column.
ALTER TABLE changes {{.OnCluster}} ADD COLUMN IF NOT EXISTS parts UInt8 DEFAULT 255;
-- The approvals that count as far as the event itself tells, each its level and
-- its account with a line break between. They replace the levels alone, which
-- were counted by a rule of their own.
ALTER TABLE changes {{.OnCluster}} ADD COLUMN IF NOT EXISTS approvals Array(LowCardinality(String));
ALTER TABLE changes {{.OnCluster}} DROP COLUMN IF EXISTS approval_levels;

-- What figures count by of the changes for which no single event tells it: they
-- carry commits that other changes describe, or were approved in another event
-- than they began. The newest row of a change counts, before its events.
CREATE TABLE IF NOT EXISTS change_wholes {{.OnCluster}}
(
    source       LowCardinality(String),
    id           String,
    key          UInt64 COMMENT 'xxHash64 of id',
    started_at   DateTime64(3, 'UTC') CODEC(Delta, LZ4),
    services     Array(LowCardinality(String)),
    class        LowCardinality(String),
    commits      UInt32,
    lines        UInt32,
    lead_seconds UInt32,
    approvals    Array(LowCardinality(String)),
    worked_at    DateTime64(3, 'UTC')
)
ENGINE = {{.Replacing "worked_at"}}
PARTITION BY toYYYYMM(started_at)
ORDER BY (started_at, key, source)
{{.TTL "changes" "worked_at"}}
SETTINGS index_granularity = 1024, {{.Settings}};

-- How far a reader of a growing table has come, for its next start.
CREATE TABLE IF NOT EXISTS bookmarks {{.OnCluster}}
(
    name      String,
    at        DateTime64(3, 'UTC'),
    stored_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = {{.Replacing "stored_at"}}
ORDER BY name
SETTINGS index_granularity = 64, {{.Settings}};
