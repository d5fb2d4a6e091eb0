-- The marks of events taken in lately: all from a while behind the cursor, and
-- some of those beyond it.
SELECT uid, key, started_at, ingested_at
FROM changes
WHERE ingested_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND ingested_at <= fromUnixTimestamp64Milli({cursor:Int64}, 'UTC')
UNION ALL
SELECT uid, key, started_at, ingested_at
FROM (
    SELECT uid, key, started_at, ingested_at FROM changes
    WHERE ingested_at > fromUnixTimestamp64Milli({cursor:Int64}, 'UTC')
    ORDER BY ingested_at
    LIMIT {limit:UInt32}
)
