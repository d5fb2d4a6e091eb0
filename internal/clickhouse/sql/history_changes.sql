-- The next places in the order of the table, each once.
SELECT DISTINCT started_at, key
FROM changes
WHERE started_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')
    AND (NOT {begun:Bool} OR (started_at, key) > (fromUnixTimestamp64Milli({after_at:Int64}, 'UTC'), {after_key:UInt64}))
ORDER BY started_at, key
LIMIT {limit:UInt32}
