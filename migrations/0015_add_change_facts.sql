-- What the figures count changes by, taken out of the event when it is stored.
-- Rows that were stored before have it worked out of their body when read.
ALTER TABLE changes {{.OnCluster}} ADD COLUMN IF NOT EXISTS commits UInt32
    DEFAULT length(JSONExtractArrayRaw(if(canonical = '', raw, canonical), 'commits'));
ALTER TABLE changes {{.OnCluster}} ADD COLUMN IF NOT EXISTS lines UInt32
    DEFAULT arraySum(c -> JSONExtractUInt(c, 'additions') + JSONExtractUInt(c, 'deletions'),
        JSONExtractArrayRaw(if(canonical = '', raw, canonical), 'commits'));
ALTER TABLE changes {{.OnCluster}} ADD COLUMN IF NOT EXISTS undoes UInt8
    DEFAULT JSONExtractString(if(canonical = '', raw, canonical), 'rollback_of') != '';
ALTER TABLE changes {{.OnCluster}} ADD COLUMN IF NOT EXISTS approval_levels Array(LowCardinality(String))
    DEFAULT arrayMap(a -> JSONExtractString(a, 'level'), JSONExtractArrayRaw(if(canonical = '', raw, canonical), 'approvals'));
ALTER TABLE changes {{.OnCluster}} ADD COLUMN IF NOT EXISTS lead_seconds UInt32 DEFAULT 0
    COMMENT 'from the first commit to the start, 0 when unknown';
